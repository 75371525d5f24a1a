//! The groups of a cluster: type, state, members, committed offsets, and how far behind they are.
//!
//! Promises: nothing joins a group or commits; what may not be seen of one group does not hide the
//! others; many groups cost a few requests.
//! Does not know: how lag is computed (`kafka::Lags`).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::session::REQUEST_TIMEOUT;
use crate::kafka::{Commits, Connection, GroupFacts, GroupListing, GroupType, KafkaError, Lags};
use crate::model::{Cancel, Isolation};
use crate::workspace::clock::now_ms;
use crate::workspace::{Failure, GroupSummary, Problem, Session};

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
    let listed = connection.groups_unless(REQUEST_TIMEOUT, cancel)?;
    of_listed(connection, &listed, isolation, cancel)
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
    // What has committed exists, whether or not it is listed.
    let committed = connection.committed(group, REQUEST_TIMEOUT)?;
    let described = connection.describe_groups(&[group], REQUEST_TIMEOUT)?;
    let lags = Lags::of(connection, [&committed], isolation, now_ms(), cancel)?;
    let facts = described.into_iter().find(|facts| &*facts.group == group);
    Ok(summary(group, facts.as_ref(), &Ok(committed), &lags))
}

/// Those groups with these names that can be seen now.
pub(in crate::workspace) fn named(
    connection: &Connection,
    names: &[&str],
    isolation: Isolation,
) -> Vec<GroupSummary> {
    let mut listed = connection.groups(REQUEST_TIMEOUT).unwrap_or_default();
    listed.retain(|listing| names.contains(&&*listing.group));
    of_listed(connection, &listed, isolation, &Cancel::new()).unwrap_or_default()
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

/// What is known of groups of a list.
fn of_listed(
    connection: &Connection,
    listed: &[GroupListing],
    isolation: Isolation,
    cancel: &Cancel,
) -> Result<Vec<GroupSummary>, Failure> {
    let described = connection.describe_listed(listed, REQUEST_TIMEOUT, cancel)?;
    let described: BTreeMap<&str, &GroupFacts> =
        described.iter().map(|facts| (&*facts.group, facts)).collect();
    let commits = listed.iter().filter(|listing| listing.group_type != GroupType::Share);
    let names: Vec<&str> = commits.map(|listing| &*listing.group).collect();
    let mut committed = connection.committed_by(&names, REQUEST_TIMEOUT, cancel)?;
    let lags = Lags::of(connection, committed.values().flatten(), isolation, now_ms(), cancel)?;
    let summaries = listed.iter().map(|listing| {
        let committed = committed.remove(&listing.group).unwrap_or_else(|| Ok(Commits::new()));
        let facts = described.get(&*listing.group).copied();
        let mut summary = summary(&listing.group, facts, &committed, &lags);
        if &*summary.state == UNKNOWN {
            summary.state = Arc::clone(&listing.state);
        }
        summary.group_type = summary.group_type.or_else(|| known_type(listing.group_type));
        summary
    });
    Ok(summaries.collect())
}

/// What is said of a state that nobody tells.
const UNKNOWN: &str = "Unknown";

/// The word for a type, when it is known.
fn known_type(group_type: GroupType) -> Option<Arc<str>> {
    (group_type != GroupType::Unknown).then(|| group_type.as_str().into())
}

/// What is known of a group.
fn summary(
    group: &str,
    facts: Option<&GroupFacts>,
    committed: &Result<Commits, KafkaError>,
    lags: &Lags,
) -> GroupSummary {
    let described_problem = facts.and_then(|facts| facts.error.as_ref());
    let problem = described_problem.or(committed.as_ref().err());
    let members = facts.map(|facts| facts.members.as_slice().into());
    let offsets = committed.as_ref().map(|commits| lags.offsets(commits));
    GroupSummary {
        group: group.into(),
        state: facts.map_or_else(|| UNKNOWN.into(), |facts| Arc::clone(&facts.state)),
        group_type: facts.and_then(|facts| known_type(facts.group_type)),
        members: members.unwrap_or_default(),
        offsets: offsets.unwrap_or_default(),
        problem: problem.map(|error| error.to_string().into()),
    }
}
