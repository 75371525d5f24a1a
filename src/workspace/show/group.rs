//! A consumer group: its members, where it stands, and how far it was behind when.
//!
//! Promises: lag is told in records and in time, and what may not be seen is missing, never zero.
//! Does not know: how a cluster is asked.

use std::sync::Arc;

use crate::decode::time_text::utc;
use crate::kafka::{GroupMember, GroupOffset};

impl GroupOffset {
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
