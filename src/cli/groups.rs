//! `groups`: consumer groups, where they stand and how far behind they are.
//!
//! Promises: only partitions with a commit are listed; a lag is negative when a commit lies beyond
//! the end.
//! Does not know: how lag is computed.

use serde::Serialize;

use super::args::GroupsArgs;
use super::context::{Context, names};
use super::output::{Align, Table};
use super::topics::unknown_or;
use super::{CommandError, Outcome};
use crate::model::Isolation;
use crate::workspace::{GroupMember, GroupOffset, GroupSummary, time_text};

/// A group.
#[derive(Debug, Serialize)]
struct GroupLine<'a> {
    /// Its name.
    group: &'a str,
    /// Its state in Kafka's word.
    state: &'a str,
    /// `Classic`, `Consumer`, `Share` or `Streams`.
    #[serde(rename = "type")]
    group_type: Option<&'a str>,
    /// Why the type is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    type_unknown: Option<&'static str>,
    /// Which records its readers are taken to be given, in what is told of time and of open
    /// transactions.
    isolation: &'static str,
    /// Its members.
    members: Vec<MemberLine<'a>>,
    /// Where it stands.
    offsets: Vec<OffsetLine<'a>>,
    /// Why something of it cannot be seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

/// A member of a group.
#[derive(Debug, Serialize)]
struct MemberLine<'a> {
    /// Its id.
    member_id: &'a str,
    /// The id it named itself.
    client_id: &'a str,
    /// Where it runs.
    host: &'a str,
    /// What it is assigned.
    assignment: Vec<AssignedLine<'a>>,
}

/// A partition that a member is assigned.
#[derive(Debug, Serialize)]
struct AssignedLine<'a> {
    /// The topic.
    topic: &'a str,
    /// The partition.
    partition: i32,
}

/// Where a group stands in a partition.
#[derive(Debug, Serialize)]
struct OffsetLine<'a> {
    /// The topic.
    topic: &'a str,
    /// The partition.
    partition: i32,
    /// The next offset the group reads.
    committed: i64,
    /// The end of the log, at both isolation levels.
    end: Option<i64>,
    /// How many offsets lie between.
    lag: Option<i64>,
    /// How long the first record between has been in the log, in milliseconds.
    lag_ms: Option<i64>,
    /// The undecided transaction that readers of committed records stand before.
    #[serde(skip_serializing_if = "Option::is_none")]
    open_transaction: Option<OpenTransactionLine>,
    /// Why the end is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

/// An undecided transaction.
#[derive(Debug, Serialize)]
struct OpenTransactionLine {
    /// The offset of its first record.
    offset: i64,
    /// When that record came.
    since: Option<String>,
}

/// Lists groups.
pub(super) fn run(args: &GroupsArgs, context: &mut Context) -> Result<Outcome, CommandError> {
    let session = context.session()?;
    let topics = names(&args.topics);
    for topic in &topics {
        // A topic that does not exist is a wrong question, not one without groups.
        session.topic(topic)?;
    }
    let mut groups = match &args.group {
        Some(group) => vec![session.group(group)?],
        None => session.groups()?,
    };
    if !topics.is_empty() {
        for group in &mut groups {
            let offsets = group.offsets.iter().filter(|offset| topics.contains(&offset.topic));
            group.offsets = offsets.cloned().collect();
        }
        groups.retain(|group| args.group.is_some() || !group.offsets.is_empty());
    }
    let isolation = session.isolation();
    let output = &mut context.output;
    if output.is_json() {
        groups.iter().try_for_each(|group| output.json(&line(group, isolation)))?;
        return Ok(Outcome::Answered);
    }
    output.table(&overview(&groups))?;
    if let (Some(_), [group]) = (&args.group, groups.as_slice()) {
        output.text("")?;
        output.table(&offsets(&group.offsets))?;
        output
            .text(format!("BEHIND is what readers of {} records wait for", isolation.as_str()))?;
        if !group.members.is_empty() {
            output.text("")?;
            output.table(&members(&group.members))?;
        }
    }
    Ok(Outcome::Answered)
}

/// The JSON line of a group.
fn line(group: &GroupSummary, isolation: Isolation) -> GroupLine<'_> {
    GroupLine {
        group: &group.group,
        state: &group.state,
        group_type: group.group_type.as_deref(),
        type_unknown: group.why_no_type(),
        isolation: isolation.as_str(),
        members: group.members.iter().map(member).collect(),
        offsets: group.offsets.iter().map(offset).collect(),
        error: group.problem.as_deref(),
    }
}

/// The JSON form of a member.
fn member(member: &GroupMember) -> MemberLine<'_> {
    let assigned = member.assignment.iter();
    MemberLine {
        member_id: &member.member_id,
        client_id: &member.client_id,
        host: &member.host,
        assignment: assigned
            .map(|assigned| AssignedLine { topic: &assigned.topic, partition: assigned.partition })
            .collect(),
    }
}

/// The JSON form of a place.
fn offset(offset: &GroupOffset) -> OffsetLine<'_> {
    OffsetLine {
        topic: &offset.topic,
        partition: offset.partition,
        committed: offset.committed,
        end: offset.end,
        lag: offset.lag,
        lag_ms: offset.lag_ms,
        open_transaction: offset.open_transaction.map(|open| OpenTransactionLine {
            offset: open.offset,
            since: open.since_ms.map(time_text::utc),
        }),
        error: offset.problem.as_deref(),
    }
}

/// A line for each group.
fn overview(groups: &[GroupSummary]) -> Table {
    let mut table = Table::new(&[
        ("GROUP", Align::Left),
        ("STATE", Align::Left),
        ("TYPE", Align::Left),
        ("MEMBERS", Align::Right),
        ("PARTITIONS", Align::Right),
        ("LAG", Align::Right),
        ("", Align::Left),
    ]);
    for group in groups {
        table.push([
            group.group.to_string(),
            group.state.to_string(),
            unknown_or(group.group_type.as_deref()),
            group.members.len().to_string(),
            group.offsets.len().to_string(),
            match group.unknown_lags() {
                0 => group.total_lag().to_string(),
                _ => format!("{} + ?", group.total_lag()),
            },
            group.problem.as_deref().unwrap_or_default().to_owned(),
        ]);
    }
    table
}

/// A line for each partition.
fn offsets(offsets: &[GroupOffset]) -> Table {
    let mut table = Table::new(&[
        ("TOPIC", Align::Left),
        ("PARTITION", Align::Right),
        ("COMMITTED", Align::Right),
        ("END", Align::Right),
        ("LAG", Align::Right),
        ("BEHIND", Align::Right),
        ("", Align::Left),
    ]);
    for offset in offsets {
        let behind = match offset.lag {
            Some(lag) if lag <= 0 => String::new(),
            _ => unknown_or(offset.lag_ms.map(time_text::length)),
        };
        table.push([
            offset.topic.to_string(),
            offset.partition.to_string(),
            offset.committed.to_string(),
            unknown_or(offset.end),
            unknown_or(offset.lag),
            behind,
            offset.note().unwrap_or_default(),
        ]);
    }
    table
}

/// A line for each member.
fn members(members: &[GroupMember]) -> Table {
    let mut table = Table::new(&[
        ("MEMBER", Align::Left),
        ("CLIENT", Align::Left),
        ("HOST", Align::Left),
        ("ASSIGNED", Align::Left),
    ]);
    for member in members {
        let assigned = member.assignment.iter();
        table.push([
            member.member_id.to_string(),
            member.client_id.to_string(),
            member.host.to_string(),
            assigned.map(ToString::to_string).collect::<Vec<_>>().join(", "),
        ]);
    }
    table
}
