//! A consumer group: its members, where it stands, and how far it was behind when.
//!
//! Promises: lag is told in records and in time, and what may not be seen is missing, never zero.
//! Does not know: how a cluster is asked.

use std::sync::Arc;

use super::time_text::utc;
use crate::model::Position;

/// A member of a consumer group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupMember {
    /// The member's id.
    pub id: Arc<str>,
    /// The client's id.
    pub client_id: Arc<str>,
    /// Where it runs.
    pub host: Arc<str>,
    /// What it is assigned: topic and partition.
    pub assignment: Arc<[(Arc<str>, i32)]>,
}

/// Where a consumer group stands in one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupOffset {
    /// The topic.
    pub topic: Arc<str>,
    /// The partition.
    pub partition: i32,
    /// The committed offset: the next record to read.
    pub committed: i64,
    /// The end of the log, at both isolation levels; unknown while there is no leader.
    pub end: Option<i64>,
    /// `end - committed`; negative when committed is beyond the end.
    pub lag: Option<i64>,
    /// How long the first record has been in the log that the group has not committed and is given
    /// at the isolation level in force, in milliseconds; none where there is no such record or its
    /// time is unknown.
    pub lag_ms: Option<i64>,
    /// The undecided transaction that it stands before, if it reads committed records.
    pub open_transaction: Option<OpenTransaction>,
    /// Why the end is not known.
    pub problem: Option<Arc<str>>,
}

/// An undecided transaction, behind which readers of committed records do not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenTransaction {
    /// The offset of its first record: the last stable offset.
    pub offset: i64,
    /// The log time of that record, in milliseconds since the epoch, if it is known.
    pub since_ms: Option<i64>,
}

impl GroupOffset {
    /// The next record the group reads; the last one it committed where none waits.
    pub fn next_record(&self) -> Position {
        let offset =
            if self.lag.is_none_or(|lag| lag > 0) { self.committed } else { self.committed - 1 };
        let partition = self.partition;
        Position { topic: Arc::clone(&self.topic), partition, offset: offset.max(0) }
    }

    /// What has to be said beside the lag: why it is not known, or what it waits for.
    pub fn note(&self) -> Option<String> {
        if let Some(problem) = &self.problem {
            return Some(problem.to_string());
        }
        let open = self.open_transaction?;
        let since = open.since_ms.map_or_else(String::new, |ms| format!(" since {}", utc(ms)));
        Some(format!("behind an open transaction{since}, at offset {}", open.offset))
    }
}

/// A consumer group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupSummary {
    /// The name.
    pub group: Arc<str>,
    /// The state the coordinator tells, such as `Stable` or `Empty`; `Unknown` where it tells none.
    pub state: Arc<str>,
    /// `Classic`, `Consumer`, `Share` or `Streams`, when it is told.
    pub group_type: Option<Arc<str>>,
    /// The members.
    pub members: Arc<[GroupMember]>,
    /// Where it stands, by topic and partition; only partitions with a commit.
    pub offsets: Arc<[GroupOffset]>,
    /// Why something about it cannot be seen.
    pub problem: Option<Arc<str>>,
}

impl GroupSummary {
    /// Why its type is not known, where it is not.
    pub fn why_no_type(&self) -> Option<&'static str> {
        self.group_type.is_none().then_some(
            "unknown: the type of a group is asked for only over connections without TLS and SASL, \
             and of brokers that tell it",
        )
    }

    /// The lag over all partitions of which it is known, not counting those where committed is
    /// beyond the end.
    pub fn total_lag(&self) -> i64 {
        self.offsets.iter().filter_map(|offset| offset.lag).map(|lag| lag.max(0)).sum()
    }

    /// In how many partitions the lag is not known.
    pub fn unknown_lags(&self) -> usize {
        self.offsets.iter().filter(|offset| offset.lag.is_none()).count()
    }

    /// How old the oldest record is that it has not committed, in milliseconds; 0 without lag, none
    /// if unknown.
    pub fn oldest_lag_ms(&self) -> Option<i64> {
        let known = self.offsets.iter().filter_map(|offset| offset.lag_ms).max();
        let done = || self.offsets.iter().all(|offset| offset.lag.is_some_and(|lag| lag <= 0));
        known.or_else(|| done().then_some(0))
    }
}

/// How far a consumer group was behind at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LagSample {
    /// The moment, in milliseconds since the epoch.
    pub time_ms: i64,
    /// The lag over all partitions, in records.
    pub lag: i64,
    /// How old the oldest record was that it had not committed, in milliseconds; none if unknown.
    pub lag_ms: Option<i64>,
}
