//! Consumer groups: which there are, who belongs to them, what they have committed.
//!
//! Promises: looking at groups leaves no trace. A broker creates its `__consumer_offsets` topic when it is asked for
//! a group's coordinator for the first time, so that question is asked only where the topic exists already.
//!
//! Does not know: lag, which needs the ends of logs (`offsets`).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::TopicPartitionList;
use rdkafka::types::RDKafkaErrorCode as Code;

use super::connection::Connection;
use super::error::{KafkaError, check_name, is_denial};
use super::ffi::{Asked, GroupAnswer};
use crate::model::TopicPartition;

/// Where brokers keep what groups have committed.
const OFFSETS_TOPIC: &str = "__consumer_offsets";

/// What is said where a cluster does not say it.
const UNKNOWN: &str = "Unknown";

/// One group of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupListing {
    /// Its name.
    pub group: Arc<str>,
    /// Its state in Kafka's word: `Stable`, `Empty`, `PreparingRebalance`, …
    pub state: Arc<str>,
    /// `Classic` or `Consumer` (KIP-848), or `Unknown`.
    pub group_type: Arc<str>,
}

/// One group with its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupFacts {
    /// Its name.
    pub group: Arc<str>,
    /// Its state in Kafka's word.
    pub state: Arc<str>,
    /// `Classic` or `Consumer` (KIP-848), or `Unknown`.
    pub group_type: Arc<str>,
    /// How its members share the partitions.
    pub assignor: Option<Arc<str>>,
    /// Who belongs to it now.
    pub members: Vec<GroupMember>,
    /// Why nothing is known of it.
    pub error: Option<KafkaError>,
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
    /// Lists the groups that this user may see, by name. Without the right to see groups, a cluster says that there
    /// are none.
    ///
    /// # Errors
    /// When the cluster cannot be reached, or no broker could say its groups.
    pub fn groups(&self, timeout: Duration) -> Result<Vec<GroupListing>, KafkaError> {
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
        let question = Asked::groups(self.client(), timeout);
        let answer = self.answer(question, "list the groups")?;
        let (groups, errors) = answer.groups();
        if let (true, Some(error)) = (groups.is_empty(), errors.first()) {
            return Err(group_error("list the groups", *error));
        }
        let mut groups: Vec<_> = groups
            .into_iter()
            .map(|listing| GroupListing {
                group: listing.group,
                state: listing.state,
                group_type: listing.group_type,
            })
            .collect();
        groups.sort_by(|a, b| a.group.cmp(&b.group));
        Ok(groups)
    }

    /// Describes groups. One that cannot be described carries its error; one that does not exist is `Dead`, as Kafka
    /// has it.
    ///
    /// # Errors
    /// When the cluster cannot be reached.
    pub fn describe_groups(
        &self,
        groups: &[&str],
        timeout: Duration,
    ) -> Result<Vec<GroupFacts>, KafkaError> {
        if groups.is_empty() {
            return Ok(Vec::new());
        }
        groups.iter().try_for_each(|group| check_name("group", group))?;
        if self.is_embedded(timeout)? || !self.may_exist(OFFSETS_TOPIC, timeout)? {
            return Ok(groups.iter().map(|group| undescribed(group)).collect());
        }
        let question = Asked::group_descriptions(self.client(), groups, timeout);
        let answer = self.answer(question, "describe groups")?;
        let mut facts: Vec<_> = answer.group_descriptions().into_iter().map(facts).collect();
        facts.sort_by(|a, b| a.group.cmp(&b.group));
        Ok(facts)
    }

    /// The offsets that a group has committed: for each partition the offset of the record it would read next.
    ///
    /// # Errors
    /// `UnknownGroup` when the cluster lists its groups and this one is not among them, `NotPermitted`, and everything
    /// that keeps a cluster from answering.
    pub fn committed(
        &self,
        group: &str,
        timeout: Duration,
    ) -> Result<BTreeMap<TopicPartition, i64>, KafkaError> {
        let asked = format!("committed offsets of group `{group}`");
        let unknown = || KafkaError::UnknownGroup { group: group.to_owned() };
        check_name("group", group)?;
        let embedded = self.is_embedded(timeout)?;
        if !embedded && !self.may_exist(OFFSETS_TOPIC, timeout)? {
            return Err(unknown());
        }
        // The embedded cluster answers for named partitions only.
        let partitions = if embedded { Some(self.all_partitions(timeout)?) } else { None };
        let question = Asked::group_offsets(self.client(), group, partitions.as_ref(), timeout);
        let answer = self.answer(question, &asked)?;
        let (offsets, error) = answer.group_offsets();
        if let Some(code) = error {
            return Err(group_error(&asked, code));
        }
        let known = offsets.into_iter().filter(|found| found.error.is_none() && found.offset >= 0);
        let committed: BTreeMap<_, _> =
            known.map(|found| (found.partition, found.offset)).collect();
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

/// What is known of a group of a cluster that cannot list its groups.
fn embedded_listing(group: &str) -> GroupListing {
    GroupListing { group: group.into(), state: UNKNOWN.into(), group_type: "Classic".into() }
}

/// What is known of a group of a cluster that cannot describe groups.
fn undescribed(group: &str) -> GroupFacts {
    GroupFacts {
        group: group.into(),
        state: UNKNOWN.into(),
        group_type: UNKNOWN.into(),
        assignor: None,
        members: Vec::new(),
        error: None,
    }
}

/// The error that a code means for a group.
fn group_error(asked: &str, code: Code) -> KafkaError {
    if is_denial(code) {
        KafkaError::NotPermitted { asked: asked.to_owned() }
    } else {
        KafkaError::Other { asked: asked.to_owned(), reason: code.to_string() }
    }
}

/// The facts in a group's description.
fn facts(group: GroupAnswer) -> GroupFacts {
    let asked = format!("group `{}`", group.group);
    let members = group.members.into_iter().map(|member| {
        let mut assignment = member.assignment;
        assignment.sort();
        GroupMember {
            member_id: member.member_id,
            client_id: member.client_id,
            instance_id: member.instance_id,
            host: member.host,
            assignment,
        }
    });
    GroupFacts {
        members: members.collect(),
        group: group.group,
        state: group.state,
        group_type: group.group_type,
        assignor: group.assignor,
        error: group.error.map(|code| group_error(&asked, code)),
    }
}
