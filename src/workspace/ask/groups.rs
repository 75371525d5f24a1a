//! The consumer groups of a cluster: state, members, committed offsets, lag in records and in time.
//!
//! Promises: nothing joins a group or commits; what may not be seen of one group does not hide the others.
//! Does not know: what the records that a group has not read mean.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use super::session::REQUEST_TIMEOUT;
use crate::kafka::{self, Connection, GroupFacts, KafkaError, Watermarks};
use crate::model::{Cancel, Isolation, OffsetRange, ReadEvent, ReadPlan, TopicPartition};
use crate::workspace::{Failure, GroupMember, GroupOffset, GroupSummary, Problem, Session, clock};

/// What a group has committed: the offset of the next record it reads, by partition.
type Commits = BTreeMap<TopicPartition, i64>;

impl Session {
    /// All consumer groups that this user may see, by name.
    ///
    /// # Errors
    /// When the cluster cannot be asked.
    pub fn groups(&self) -> Result<Vec<GroupSummary>, Failure> {
        all(&self.connection, self.isolation, &self.cancel)
    }

    /// One consumer group.
    ///
    /// # Errors
    /// `Usage` when there is no such group; else when the cluster cannot be asked.
    pub fn group(&self, group: &str) -> Result<GroupSummary, Failure> {
        one(&self.connection, group, self.isolation, &self.cancel)
    }
}

/// All groups that this user may see, by name.
///
/// # Errors
/// When the cluster cannot be asked.
pub fn summaries(
    connection: &Connection,
    isolation: Isolation,
) -> Result<Vec<GroupSummary>, Problem> {
    all(connection, isolation, &Cancel::new()).map_err(|failure| failure.problem)
}

/// The same, which can be cancelled.
///
/// # Errors
/// When the cluster cannot be asked, or it was cancelled.
pub(in crate::workspace) fn all(
    connection: &Connection,
    isolation: Isolation,
    cancel: &Cancel,
) -> Result<Vec<GroupSummary>, Failure> {
    let listed = connection.groups(REQUEST_TIMEOUT)?;
    let names: Vec<&str> = listed.iter().map(|listing| &*listing.group).collect();
    let described = described(connection, &names)?;
    let mut commits: BTreeMap<Arc<str>, Result<Commits, KafkaError>> = BTreeMap::new();
    for listing in &listed {
        if cancel.is_cancelled() {
            return Err(Failure::cancelled());
        }
        let committed = connection.committed(&listing.group, REQUEST_TIMEOUT);
        commits.insert(Arc::clone(&listing.group), committed);
    }
    let ends = Ends::of(connection, commits.values().flatten(), isolation)?;
    let mut summaries = Vec::new();
    for listing in listed {
        let facts = described.get(&listing.group);
        let committed = commits.remove(&listing.group).unwrap_or_else(|| Ok(Commits::new()));
        let mut summary = ends.summary(&listing.group, facts, committed, cancel);
        if &*summary.state == "Unknown" {
            summary.state = listing.state;
        }
        summary.group_type = summary.group_type.or_else(|| known_text(&listing.group_type));
        summaries.push(summary);
    }
    Ok(summaries)
}

/// One group.
///
/// # Errors
/// `Usage` when there is no such group; else when the cluster cannot be asked.
pub(in crate::workspace) fn one(
    connection: &Connection,
    group: &str,
    isolation: Isolation,
    cancel: &Cancel,
) -> Result<GroupSummary, Failure> {
    let committed = connection.committed(group, REQUEST_TIMEOUT)?;
    let described = described(connection, &[group])?;
    let facts = described.values().next();
    let ends = Ends::of(connection, [&committed], isolation)?;
    Ok(ends.summary(&group.into(), facts, Ok(committed.clone()), cancel))
}

/// Those groups with these names that can be seen now.
pub(in crate::workspace) fn named(
    connection: &Connection,
    names: &[&str],
    isolation: Isolation,
) -> Vec<GroupSummary> {
    let summary = |name: &&str| one(connection, name, isolation, &Cancel::new()).ok();
    names.iter().filter_map(summary).collect()
}

/// The names of the groups that are there beside these; none where they cannot be listed.
pub(in crate::workspace) fn beside(
    connection: &Connection,
    known: &[GroupSummary],
) -> Vec<Arc<str>> {
    let listed = connection.groups(REQUEST_TIMEOUT).unwrap_or_default();
    let names = listed.into_iter().map(|listing| listing.group);
    names.filter(|name| known.iter().all(|group| group.group != *name)).collect()
}

/// What the coordinators say of these groups, by name.
fn described(
    connection: &Connection,
    groups: &[&str],
) -> Result<BTreeMap<Arc<str>, GroupFacts>, Failure> {
    let described = connection.describe_groups(groups, REQUEST_TIMEOUT)?;
    Ok(described.into_iter().map(|facts| (Arc::clone(&facts.group), facts)).collect())
}

/// A text that says something.
fn known_text(text: &Arc<str>) -> Option<Arc<str>> {
    (!text.is_empty() && !text.eq_ignore_ascii_case("unknown")).then(|| Arc::clone(text))
}

/// Where the partitions end in which groups have committed.
struct Ends<'c> {
    /// The connection.
    connection: &'c Connection,
    /// Which records count.
    isolation: Isolation,
    /// The ends, by partition.
    watermarks: BTreeMap<TopicPartition, Watermarks>,
}

impl<'c> Ends<'c> {
    /// Asks where the partitions of these commits end. Partitions that are gone, such as those of deleted topics, are
    /// left out.
    fn of<'a>(
        connection: &'c Connection,
        commits: impl IntoIterator<Item = &'a Commits>,
        isolation: Isolation,
    ) -> Result<Self, Failure> {
        let mut by_topic: BTreeMap<Arc<str>, BTreeSet<TopicPartition>> = BTreeMap::new();
        for partition in commits.into_iter().flat_map(BTreeMap::keys) {
            let partitions = by_topic.entry(Arc::clone(&partition.topic)).or_default();
            partitions.insert(partition.clone());
        }
        let all: Vec<TopicPartition> = by_topic.values().flatten().cloned().collect();
        let watermarks = match connection.watermarks(&all, REQUEST_TIMEOUT) {
            Ok(watermarks) => watermarks,
            Err(
                KafkaError::UnknownTopic { .. }
                | KafkaError::UnknownPartition { .. }
                | KafkaError::NotPermitted { .. },
            ) => {
                let mut known = BTreeMap::new();
                for partitions in by_topic.values() {
                    let partitions: Vec<TopicPartition> = partitions.iter().cloned().collect();
                    known.extend(
                        connection.watermarks(&partitions, REQUEST_TIMEOUT).unwrap_or_default(),
                    );
                }
                known
            }
            Err(error) => return Err(error.into()),
        };
        Ok(Self { connection, isolation, watermarks })
    }

    /// What is known of a group.
    fn summary(
        &self,
        group: &Arc<str>,
        facts: Option<&GroupFacts>,
        committed: Result<Commits, KafkaError>,
        cancel: &Cancel,
    ) -> GroupSummary {
        let described_problem = facts.and_then(|facts| facts.error.as_ref());
        let problem =
            described_problem.or(committed.as_ref().err()).map(|error| error.to_string().into());
        let members = facts.map(|facts| facts.members.iter().map(member).collect());
        GroupSummary {
            group: Arc::clone(group),
            state: facts
                .and_then(|facts| known_text(&facts.state))
                .unwrap_or_else(|| "Unknown".into()),
            group_type: facts.and_then(|facts| known_text(&facts.group_type)),
            members: members.unwrap_or_default(),
            offsets: self.offsets(&committed.unwrap_or_default(), cancel).into(),
            problem,
        }
    }

    /// Where a group stands.
    fn offsets(&self, committed: &Commits, cancel: &Cancel) -> Vec<GroupOffset> {
        let known: Vec<(&TopicPartition, i64, Watermarks)> = committed
            .iter()
            .filter_map(|(partition, at)| Some((partition, *at, *self.watermarks.get(partition)?)))
            .collect();
        let waiting = known.iter().filter(|(_, at, ends)| *at < ends.end(self.isolation)).map(
            |(partition, at, ends)| {
                OffsetRange::new(partition, (*at).max(ends.low), ends.end(self.isolation))
            },
        );
        let ages = self.first_times(waiting.collect(), cancel);
        let now_ms = clock::now_ms();
        known
            .into_iter()
            .map(|(partition, at, ends)| {
                let end = ends.end(self.isolation);
                let age_ms =
                    ages.get(partition).map(|time_ms| now_ms.saturating_sub(*time_ms).max(0));
                GroupOffset {
                    topic: Arc::clone(&partition.topic),
                    partition: partition.partition,
                    committed: at,
                    end,
                    lag: end - at,
                    lag_ms: if at >= end { Some(0) } else { age_ms },
                }
            })
            .collect()
    }

    /// The timestamp of the first record of each range that has one, in milliseconds. What cannot be read is left out.
    fn first_times(
        &self,
        ranges: Vec<OffsetRange>,
        cancel: &Cancel,
    ) -> BTreeMap<TopicPartition, i64> {
        let mut times = BTreeMap::new();
        let wanted = ranges.len();
        if wanted == 0 {
            return times;
        }
        let plan = ReadPlan {
            isolation: self.isolation,
            values: false,
            headers: false,
            ..ReadPlan::new(ranges, clock::now_ms())
        };
        let outcome = kafka::read(self.connection, &plan, cancel, &mut |event| {
            if let ReadEvent::Batch(batch) = event
                && let Some(first) = batch.timestamps_ms().first()
            {
                times.entry(batch.partition().clone()).or_insert(*first);
            }
            if times.len() == wanted { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        if let Err(error) = outcome {
            tracing::debug!(%error, "the first records after committed offsets cannot be read");
        }
        times
    }
}

/// A member as it is shown.
fn member(member: &kafka::GroupMember) -> GroupMember {
    let assigned = |partition: &TopicPartition| (Arc::clone(&partition.topic), partition.partition);
    GroupMember {
        id: Arc::clone(&member.member_id),
        client_id: Arc::clone(&member.client_id),
        host: Arc::clone(&member.host),
        assignment: member.assignment.iter().map(assigned).collect(),
    }
}
