//! Groups of every type: listed, described and asked for their commits, many at once.
//!
//! Promises: as many requests as there are brokers and batches, whatever the number of groups; what
//! may not be seen of one group hides no other; a coordinator that moves meanwhile is looked for
//! again.
//! Does not know: what a group's commits mean.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::cluster::{Address, WireCluster};
pub(in crate::kafka) use super::describe::DescribedGroup;
use super::describe::{DescribeClassic, DescribeConsumers, DescribeShares, DescribeStreams};
use super::error::{GROUP_ID_NOT_FOUND, WireError, is_passing};
pub(in crate::kafka) use super::request::ListedGroup;
use super::request::{FetchOffsets, FindCoordinators, ListGroups, ListGroupsWithoutTypes};
use crate::kafka::groups::GroupType;
use crate::model::TopicPartition;

/// How many groups are asked about in one request, so that no answer grows out of bounds.
const GROUPS_PER_REQUEST: usize = 500;

/// How often a group is asked about whose coordinator is not there yet or has moved.
const TRIES: usize = 20;

/// How long to wait before such a group is asked about again.
const BETWEEN_TRIES: Duration = Duration::from_millis(100);

/// What is known of each group, or the code of the broker that says why nothing is.
pub(in crate::kafka) type ByGroup<T> = BTreeMap<String, Result<T, i16>>;

/// The same of those of one coordinator.
type Answers<T> = Result<Vec<(String, Result<T, i16>)>, WireError>;

/// The type that a group turned out to be of, with its description, or the code that says why there
/// is none.
pub(in crate::kafka) type Found = (GroupType, Result<DescribedGroup, i16>);

/// What groups have committed, by partition.
pub(in crate::kafka) type Commits = BTreeMap<TopicPartition, i64>;

impl WireCluster<'_> {
    /// All groups that this user may see, by name.
    ///
    /// # Errors
    /// When a broker cannot say its groups: the list would not be all of them.
    pub(in crate::kafka) fn groups(&mut self) -> Result<Vec<ListedGroup>, WireError> {
        let mut groups: BTreeMap<String, ListedGroup> = BTreeMap::new();
        for address in self.brokers.clone() {
            let mut tries = 1;
            let listed = loop {
                let knows_types = self.broker(&address)?.speaks::<ListGroups>();
                let (error, listed) = if knows_types {
                    self.ask(&address, &ListGroups)?
                } else {
                    self.ask(&address, &ListGroupsWithoutTypes)?
                };
                match error {
                    0 => break listed,
                    passing if is_passing(passing) && tries < TRIES => self.wait(),
                    error => return Err(WireError::Refused(error)),
                }
                tries += 1;
            };
            groups.extend(listed.into_iter().map(|group| (group.group.clone(), group)));
        }
        Ok(groups.into_values().collect())
    }

    /// Describes these groups of this type.
    ///
    /// # Errors
    /// `Unspoken` when a coordinator does not speak of this type; else when one cannot be asked.
    pub(in crate::kafka) fn describe(
        &mut self,
        groups: &[&str],
        kind: GroupType,
    ) -> Result<ByGroup<DescribedGroup>, WireError> {
        self.of_coordinators(groups, |cluster, address, names| {
            let described = match kind {
                GroupType::Classic => cluster.ask(address, &DescribeClassic(names)),
                GroupType::Consumer => cluster.ask(address, &DescribeConsumers(names)),
                GroupType::Share => cluster.ask(address, &DescribeShares(names)),
                GroupType::Streams => cluster.ask(address, &DescribeStreams(names)),
                GroupType::Unknown => return Ok(Vec::new()),
            };
            let known = |group: DescribedGroup| match group.error {
                0 => (group.group.clone(), Ok(group)),
                error => (group.group, Err(error)),
            };
            Ok(described?.into_iter().map(known).collect())
        })
    }

    /// Describes a group of a type that nobody said, by asking for one type after another.
    ///
    /// # Errors
    /// When its coordinator cannot be asked.
    pub(in crate::kafka) fn describe_any(
        &mut self,
        group: &str,
    ) -> Result<Option<Found>, WireError> {
        // A classic group is the last one: coordinators call everything else a dead one of that
        // type.
        let types = [GroupType::Consumer, GroupType::Share, GroupType::Streams, GroupType::Classic];
        for kind in types {
            match self.describe(&[group], kind) {
                Ok(mut described) => match described.remove(group) {
                    Some(Err(GROUP_ID_NOT_FOUND)) | None => {}
                    Some(found) => return Ok(Some((kind, found))),
                },
                Err(WireError::Unspoken { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// What these groups have committed.
    ///
    /// # Errors
    /// When a coordinator cannot be asked.
    pub(in crate::kafka) fn commits(
        &mut self,
        groups: &[&str],
    ) -> Result<ByGroup<Commits>, WireError> {
        self.of_coordinators(groups, |cluster, address, names| {
            let answers = cluster.ask(address, &FetchOffsets(names))?;
            let known = answers.into_iter().map(|answer| {
                match answer.error {
                    // A group that does not exist, or of a type that commits nothing, has committed
                    // nothing.
                    0 | GROUP_ID_NOT_FOUND => {}
                    error => return (answer.group, Err(error)),
                }
                let committed = answer.partitions.into_iter();
                let committed = committed.filter(|(.., offset, error)| *error == 0 && *offset >= 0);
                let committed = committed.map(|(topic, partition, offset, _)| {
                    (TopicPartition::new(topic, partition), offset)
                });
                (answer.group, Ok(committed.collect()))
            });
            Ok(known.collect())
        })
    }

    /// Asks the coordinators of these groups, each about those of its own; those that have moved
    /// meanwhile again.
    fn of_coordinators<T>(
        &mut self,
        groups: &[&str],
        ask: impl Fn(&mut Self, &Address, &[&str]) -> Answers<T>,
    ) -> Result<ByGroup<T>, WireError> {
        let mut known: ByGroup<T> = BTreeMap::new();
        let mut open: BTreeSet<&str> = groups.iter().copied().collect();
        for attempt in 1..=TRIES {
            let mut by_address: BTreeMap<Address, Vec<&str>> = BTreeMap::new();
            let names: Vec<&str> = open.iter().copied().collect();
            for chunk in names.chunks(GROUPS_PER_REQUEST) {
                for found in self.ask_any(&FindCoordinators(chunk))? {
                    let Some(group) = open.get(found.group.as_str()).copied() else { continue };
                    if found.error == 0 {
                        by_address.entry(found.address).or_default().push(group);
                    } else {
                        known.insert(found.group, Err(found.error));
                    }
                }
            }
            for (address, names) in by_address {
                for chunk in names.chunks(GROUPS_PER_REQUEST) {
                    let answers = ask(self, &address, chunk)?;
                    let asked = answers.into_iter();
                    known.extend(asked.filter(|(group, _)| open.contains(group.as_str())));
                }
            }
            let moved = |group: &&str| {
                known
                    .get(*group)
                    .is_some_and(|known| matches!(known, Err(code) if is_passing(*code)))
            };
            open.retain(moved);
            if open.is_empty() || attempt == TRIES {
                break;
            }
            self.wait();
        }
        Ok(known)
    }

    /// Waits until asking again is worth it. Whoever asks after that notices when it was called
    /// off.
    fn wait(&self) {
        let nobody = crossbeam_channel::never::<()>();
        let left = self.patience.deadline.saturating_duration_since(std::time::Instant::now());
        let waited = nobody.recv_timeout(left.min(BETWEEN_TRIES));
        debug_assert!(waited.is_err(), "nothing comes");
    }
}
