//! Consumer groups: which there are, who belongs to them, what they have committed.
//!
//! Promises: looking at groups leaves no trace. A broker creates its `__consumer_offsets` topic
//! when it is asked for a group's coordinator for the first time, so that question is asked only
//! where the topic exists already. A group of any type is described as what it is, or as one of
//! which the type is not known.
//!
//! Does not know: lag, which needs the ends of logs (`group_lag`).

mod library;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::TopicPartitionList;
use rdkafka::types::RDKafkaErrorCode as Code;

use super::connection::Connection;
use super::error::{KafkaError, check_name, is_denial};
use super::wire::{self, DescribedGroup, ListedGroup, Patience, WireCluster, WireError};
use crate::model::{Cancel, TopicPartition};

/// Where brokers keep what groups have committed.
const OFFSETS_TOPIC: &str = "__consumer_offsets";

/// What is said where a cluster does not say it.
const UNKNOWN: &str = "Unknown";

/// What groups have committed: the offset of the record that each would read next, by partition.
pub type Commits = BTreeMap<TopicPartition, i64>;

/// How the members of a group share what they read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum GroupType {
    /// The first protocol, in which the members share the partitions among themselves.
    Classic,
    /// Consumers whose coordinator shares the partitions among them (KIP-848).
    Consumer,
    /// Consumers that share single records (KIP-932).
    Share,
    /// An application of Kafka Streams (KIP-1071).
    Streams,
    /// Something else, or nobody said.
    Unknown,
}

impl GroupType {
    /// Kafka's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Classic => "Classic",
            Self::Consumer => "Consumer",
            Self::Share => "Share",
            Self::Streams => "Streams",
            Self::Unknown => UNKNOWN,
        }
    }

    /// The type of this word, however it is written.
    fn from_word(word: &str) -> Self {
        let known = [Self::Classic, Self::Consumer, Self::Share, Self::Streams];
        let named = |kind: &Self| kind.as_str().eq_ignore_ascii_case(word);
        known.into_iter().find(named).unwrap_or(Self::Unknown)
    }
}

/// One group of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupListing {
    /// Its name.
    pub group: Arc<str>,
    /// Its state in Kafka's word: `Stable`, `Empty`, `PreparingRebalance`, …
    pub state: Arc<str>,
    /// Its type.
    pub group_type: GroupType,
}

impl GroupListing {
    /// A group of which nothing is known but its name.
    fn unknown(group: &str) -> Self {
        Self { group: group.into(), state: UNKNOWN.into(), group_type: GroupType::Unknown }
    }
}

/// One group with its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupFacts {
    /// Its name.
    pub group: Arc<str>,
    /// Its state in Kafka's word.
    pub state: Arc<str>,
    /// Its type.
    pub group_type: GroupType,
    /// How its members share the partitions.
    pub assignor: Option<Arc<str>>,
    /// Who belongs to it now.
    pub members: Vec<GroupMember>,
    /// Why nothing is known of it.
    pub error: Option<KafkaError>,
}

impl GroupFacts {
    /// A group of which nothing is known but its name.
    fn unknown(group: &str) -> Self {
        Self {
            group: group.into(),
            state: UNKNOWN.into(),
            group_type: GroupType::Unknown,
            assignor: None,
            members: Vec::new(),
            error: None,
        }
    }

    /// What a coordinator says of a group of this type.
    fn described(group: DescribedGroup, group_type: GroupType) -> Self {
        let members = group.members.into_iter().map(|member| {
            let assigned = member.assignment.into_iter();
            let mut assignment: Vec<TopicPartition> =
                assigned.map(|(topic, partition)| TopicPartition::new(topic, partition)).collect();
            assignment.sort();
            GroupMember {
                member_id: member.member_id.into(),
                client_id: member.client_id.into(),
                instance_id: member.instance_id.map(Into::into),
                host: member.host.into(),
                assignment,
            }
        });
        Self {
            members: members.collect(),
            group: group.group.into(),
            state: group.state.into(),
            group_type,
            assignor: group.assignor.map(Into::into),
            error: None,
        }
    }

    /// What is known of a listed group that a coordinator refuses to describe.
    fn refused(listing: &GroupListing, code: i16) -> Self {
        let asked = format!("describe group `{}`", listing.group);
        Self {
            state: Arc::clone(&listing.state),
            group_type: listing.group_type,
            error: Some(wire::refusal(code, &asked)),
            ..Self::unknown(&listing.group)
        }
    }
}

/// One member of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupMember {
    /// The id the coordinator gave it.
    pub member_id: Arc<str>,
    /// The id it named itself.
    pub client_id: Arc<str>,
    /// Its fixed id, if it has one.
    pub instance_id: Option<Arc<str>>,
    /// Where it runs.
    pub host: Arc<str>,
    /// What it is assigned, sorted.
    pub assignment: Vec<TopicPartition>,
}

impl Connection {
    /// Lists the groups that this user may see, by name. Without the right to see groups, a cluster
    /// says that there are none.
    ///
    /// # Errors
    /// When the cluster cannot be reached, or a broker could not say its groups.
    pub fn groups(&self, timeout: Duration) -> Result<Vec<GroupListing>, KafkaError> {
        self.groups_unless(timeout, &Cancel::new())
    }

    /// The same, which can be called off.
    ///
    /// # Errors
    /// As of `groups`, or that it was called off.
    pub fn groups_unless(
        &self,
        timeout: Duration,
        cancel: &Cancel,
    ) -> Result<Vec<GroupListing>, KafkaError> {
        if self.is_embedded(timeout)? {
            let known = self.settings().known_groups.iter();
            if !self.settings().embedded && known.len() == 0 {
                return Err(KafkaError::Other {
                    asked: "list the groups".to_owned(),
                    reason: "an embedded cluster keeps no list; name the group".to_owned(),
                });
            }
            return Ok(known.map(|group| embedded_listing(group)).collect());
        }
        let listed =
            self.on_the_wire("list the groups", timeout, cancel, |cluster| cluster.groups())?;
        let mut groups = match listed {
            Some(groups) => groups.into_iter().map(listing).collect(),
            None => self.library_groups(timeout)?,
        };
        groups.sort_by(|a, b| a.group.cmp(&b.group));
        Ok(groups)
    }

    /// Describes groups of which only the names are known. One that cannot be described carries its
    /// error; one that does not exist is `Dead`, as Kafka has it.
    ///
    /// # Errors
    /// When the cluster cannot be reached.
    pub fn describe_groups(
        &self,
        groups: &[&str],
        timeout: Duration,
    ) -> Result<Vec<GroupFacts>, KafkaError> {
        let listed = if self.is_embedded(timeout)? { Vec::new() } else { self.groups(timeout)? };
        let listing = |group: &&str| {
            let known = listed.iter().find(|listing| &*listing.group == *group);
            known.cloned().unwrap_or_else(|| GroupListing::unknown(group))
        };
        let groups: Vec<GroupListing> = groups.iter().map(listing).collect();
        self.describe_listed(&groups, timeout, &Cancel::new())
    }

    /// Describes groups of a list, by name. One that cannot be described carries its error.
    ///
    /// # Errors
    /// When the cluster cannot be reached, or it was called off.
    pub fn describe_listed(
        &self,
        groups: &[GroupListing],
        timeout: Duration,
        cancel: &Cancel,
    ) -> Result<Vec<GroupFacts>, KafkaError> {
        if groups.is_empty() {
            return Ok(Vec::new());
        }
        groups.iter().try_for_each(|listing| check_name("group", &listing.group))?;
        if self.is_embedded(timeout)? || !self.may_exist(OFFSETS_TOPIC, timeout)? {
            return Ok(groups.iter().map(|listing| GroupFacts::unknown(&listing.group)).collect());
        }
        let described = self.on_the_wire("describe groups", timeout, cancel, |cluster| {
            described(cluster, groups)
        })?;
        let mut facts = match described {
            Some(facts) => facts,
            None => self.library_descriptions(groups, timeout)?,
        };
        facts.sort_by(|a, b| a.group.cmp(&b.group));
        Ok(facts)
    }

    /// The offsets that a group has committed: for each partition the offset of the record it would
    /// read next.
    ///
    /// # Errors
    /// `UnknownGroup` when the cluster lists its groups and this one is not among them,
    /// `NotPermitted`, and everything that keeps a cluster from answering.
    pub fn committed(&self, group: &str, timeout: Duration) -> Result<Commits, KafkaError> {
        let unknown = || KafkaError::UnknownGroup { group: group.to_owned() };
        check_name("group", group)?;
        let embedded = self.is_embedded(timeout)?;
        if !embedded && !self.may_exist(OFFSETS_TOPIC, timeout)? {
            return Err(unknown());
        }
        let mut committed = self.committed_by(&[group], timeout, &Cancel::new())?;
        let committed = committed.remove(group).unwrap_or_else(|| Ok(Commits::new()))?;
        // A group that does not exist has no offsets and no error either: only the list tells.
        let listed = || -> Result<bool, KafkaError> {
            if embedded {
                return Ok(self.settings().known_groups.iter().any(|known| known == group));
            }
            Ok(self.groups(timeout)?.iter().any(|known| &*known.group == group))
        };
        if committed.is_empty() && !listed()? {
            return Err(unknown());
        }
        Ok(committed)
    }

    /// The offsets that each of these groups has committed, or why they cannot be seen. Share
    /// groups commit none.
    ///
    /// # Errors
    /// When the cluster cannot be reached, or it was called off.
    pub fn committed_by(
        &self,
        groups: &[&str],
        timeout: Duration,
        cancel: &Cancel,
    ) -> Result<BTreeMap<Arc<str>, Result<Commits, KafkaError>>, KafkaError> {
        let embedded = self.is_embedded(timeout)?;
        if groups.is_empty() || (!embedded && !self.may_exist(OFFSETS_TOPIC, timeout)?) {
            return Ok(BTreeMap::new());
        }
        let asked = match groups {
            [group] => format!("committed offsets of group `{group}`"),
            _ => "committed offsets of groups".to_owned(),
        };
        let found = self.on_the_wire(&asked, timeout, cancel, |cluster| cluster.commits(groups))?;
        if let Some(found) = found {
            let known = found.into_iter().map(|(group, commits)| {
                let asked = format!("committed offsets of group `{group}`");
                (group.into(), commits.map_err(|code| wire::refusal(code, &asked)))
            });
            return Ok(known.collect());
        }
        // The embedded cluster answers for named partitions only.
        let partitions = if embedded { Some(self.all_partitions(timeout)?) } else { None };
        let mut found = BTreeMap::new();
        for group in groups {
            if cancel.is_cancelled() {
                return Err(KafkaError::Cancelled { asked });
            }
            let commits = match self.library_commits(group, partitions.as_ref(), timeout) {
                Err(error @ (KafkaError::Unreachable { .. } | KafkaError::TimedOut { .. })) => {
                    return Err(error);
                }
                commits => commits,
            };
            found.insert((*group).into(), commits);
        }
        Ok(found)
    }

    /// Asks on the wire, if that is ours to speak. `None` where librdkafka has to be asked.
    fn on_the_wire<T>(
        &self,
        asked: &str,
        timeout: Duration,
        cancel: &Cancel,
        ask: impl FnOnce(&mut WireCluster<'_>) -> Result<T, WireError>,
    ) -> Result<Option<T>, KafkaError> {
        if !wire::speaks_to(self.settings()) || self.is_embedded(timeout)? {
            return Ok(None);
        }
        let deadline = Instant::now() + timeout;
        let brokers = self.cluster(timeout)?.brokers.into_iter();
        let brokers = brokers.map(|broker| (broker.host.to_string(), broker.port)).collect();
        let give_up = || cancel.is_cancelled();
        let mut cluster = WireCluster::new(brokers, Patience { deadline, give_up: &give_up });
        match ask(&mut cluster) {
            Ok(answer) => Ok(Some(answer)),
            Err(error) if error.leaves_librdkafka() => {
                tracing::debug!(target: "kafka", %error, asked, "asked of librdkafka instead");
                Ok(None)
            }
            Err(error) => Err(error.into_kafka(asked)),
        }
    }

    /// All partitions of all topics.
    fn all_partitions(&self, timeout: Duration) -> Result<TopicPartitionList, KafkaError> {
        let metadata = self.metadata(None, timeout)?;
        let mut list = TopicPartitionList::new();
        for topic in metadata.topics() {
            for partition in topic.partitions() {
                list.add_partition(topic.name(), partition.id());
            }
        }
        Ok(list)
    }
}

/// A group of a list. Brokers that do not know types have classic groups alone.
fn listing(group: ListedGroup) -> GroupListing {
    let group_type = group.kind.map_or(GroupType::Classic, |kind| GroupType::from_word(&kind));
    GroupListing { group: group.group.into(), state: group.state.into(), group_type }
}

/// What the coordinators say of these groups, in no order.
fn described(
    cluster: &mut WireCluster<'_>,
    groups: &[GroupListing],
) -> Result<Vec<GroupFacts>, WireError> {
    let mut by_type: BTreeMap<GroupType, Vec<&GroupListing>> = BTreeMap::new();
    for listing in groups {
        by_type.entry(listing.group_type).or_default().push(listing);
    }
    let mut facts = Vec::new();
    for (group_type, listed) in by_type {
        if group_type == GroupType::Unknown {
            for listing in listed {
                facts.push(match cluster.describe_any(&listing.group)? {
                    Some((group_type, Ok(group))) => GroupFacts::described(group, group_type),
                    Some((_, Err(code))) => GroupFacts::refused(listing, code),
                    None => GroupFacts::unknown(&listing.group),
                });
            }
            continue;
        }
        let names: Vec<&str> = listed.iter().map(|listing| &*listing.group).collect();
        let mut found = cluster.describe(&names, group_type)?;
        facts.extend(listed.into_iter().map(|listing| match found.remove(&*listing.group) {
            Some(Ok(group)) => GroupFacts::described(group, group_type),
            Some(Err(code)) => GroupFacts::refused(listing, code),
            None => GroupFacts::unknown(&listing.group),
        }));
    }
    Ok(facts)
}

/// What is known of a group of a cluster that cannot list its groups.
fn embedded_listing(group: &str) -> GroupListing {
    GroupListing { group_type: GroupType::Classic, ..GroupListing::unknown(group) }
}

/// The error that a code means for a group.
fn group_error(asked: &str, code: Code) -> KafkaError {
    if is_denial(code) {
        KafkaError::NotPermitted { asked: asked.to_owned() }
    } else {
        KafkaError::Other { asked: asked.to_owned(), reason: code.to_string() }
    }
}
