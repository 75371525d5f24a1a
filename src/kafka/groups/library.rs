//! Groups through librdkafka: where the wire is not ours to speak, because it is encrypted or asks
//! for a login, or where a broker is too old for what we ask.
//!
//! Promises: a group of a type that the library does not know is never told as dead; it says that
//! its type is not known.
//! Does not know: share and Streams groups.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::TopicPartitionList;

use super::{GroupFacts, GroupListing, GroupMember, GroupType, group_error};
use crate::kafka::connection::Connection;
use crate::kafka::error::KafkaError;
use crate::kafka::ffi::{Asked, GroupAnswer, GroupListingAnswer};
use crate::model::TopicPartition;

/// What the library calls a group that it cannot describe, and a coordinator one that does not
/// exist.
const DEAD: &str = "Dead";

impl Connection {
    /// Lists the groups that this user may see, in no order.
    pub(super) fn library_groups(
        &self,
        timeout: Duration,
    ) -> Result<Vec<GroupListing>, KafkaError> {
        let question = Asked::groups(self.client(), timeout);
        let answer = self.answer(question, "list the groups")?;
        let (groups, errors) = answer.groups();
        if let Some(error) = errors.first() {
            return Err(group_error("list the groups", *error));
        }
        let listing = |group: GroupListingAnswer| GroupListing {
            group: group.group,
            state: group.state,
            group_type: GroupType::from_word(&group.group_type),
        };
        Ok(groups.into_iter().map(listing).collect())
    }

    /// Describes groups, in no order.
    pub(super) fn library_descriptions(
        &self,
        groups: &[GroupListing],
        timeout: Duration,
    ) -> Result<Vec<GroupFacts>, KafkaError> {
        let names: Vec<&str> = groups.iter().map(|listing| &*listing.group).collect();
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let question = Asked::group_descriptions(self.client(), &names, timeout);
        let answer = self.answer(question, "describe groups")?;
        let listed: BTreeMap<&str, &GroupListing> =
            groups.iter().map(|listing| (&*listing.group, listing)).collect();
        let described = answer.group_descriptions().into_iter().map(|group| {
            let listing = listed.get(&*group.group).copied();
            facts(group, listing)
        });
        Ok(described.collect())
    }

    /// What one group has committed: in these partitions, or in all without any.
    pub(super) fn library_commits(
        &self,
        group: &str,
        partitions: Option<&TopicPartitionList>,
        timeout: Duration,
    ) -> Result<BTreeMap<TopicPartition, i64>, KafkaError> {
        let asked = format!("committed offsets of group `{group}`");
        let question = Asked::group_offsets(self.client(), group, partitions, timeout);
        let answer = self.answer(question, &asked)?;
        let (offsets, error) = answer.group_offsets();
        if let Some(code) = error {
            return Err(group_error(&asked, code));
        }
        let known = offsets.into_iter().filter(|found| found.error.is_none() && found.offset >= 0);
        Ok(known.map(|found| (found.partition, found.offset)).collect())
    }
}

/// The facts in a group's description.
fn facts(group: GroupAnswer, listing: Option<&GroupListing>) -> GroupFacts {
    let asked = format!("group `{}`", group.group);
    let is_other = |listing: &&GroupListing| {
        listing.group_type == GroupType::Unknown && &*group.state == DEAD && &*listing.state != DEAD
    };
    if let Some(listing) = listing.filter(is_other) {
        return GroupFacts {
            error: Some(KafkaError::Other {
                asked: format!("describe {asked}"),
                reason:
                    "its type is not known here, because share and Streams groups are described \
                         only over connections without TLS and SASL"
                        .to_owned(),
            }),
            state: Arc::clone(&listing.state),
            ..GroupFacts::unknown(&group.group)
        };
    }
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
        group_type: GroupType::from_word(&group.group_type),
        assignor: group.assignor,
        error: group.error.map(|code| group_error(&asked, code)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the library says of a group that it calls dead.
    fn dead(name: &str) -> GroupAnswer {
        GroupAnswer {
            group: name.into(),
            state: DEAD.into(),
            group_type: "Classic".into(),
            assignor: None,
            members: Vec::new(),
            error: None,
        }
    }

    #[test]
    fn a_group_of_a_type_that_the_library_does_not_know_is_not_told_as_dead() {
        let listing = GroupListing {
            group: "senders".into(),
            state: "Stable".into(),
            group_type: GroupType::Unknown,
        };
        let facts = facts(dead("senders"), Some(&listing));
        assert_eq!((&*facts.state, facts.group_type), ("Stable", GroupType::Unknown));
        assert!(facts.error.unwrap().to_string().contains("type is not known"));
    }

    #[test]
    fn a_group_that_nobody_lists_is_dead() {
        let facts = facts(dead("nobody"), None);
        assert_eq!((&*facts.state, facts.error), (DEAD, None));
    }
}
