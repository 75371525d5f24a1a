//! How much of the history an answer rests on.
//!
//! Promises: every verdict but `complete` carries its reasons with the offsets they concern.
//! Does not know: how the verdict is reached (`partition_log::completeness`).

use serde::Serialize;

use super::{OffsetRange, Position};

/// The verdict, from best to worst; the worst of several wins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every record the isolation level delivers was read, from offset 0 to the end at the time of
    /// asking.
    #[default]
    Complete,
    /// The same, but the log no longer starts at 0.
    CompleteSince,
    /// Something is missing, or may be.
    Partial,
    /// What is needed to judge cannot be seen.
    Unknown,
}

impl Verdict {
    /// The word the command line prints.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::CompleteSince => "complete_since",
            Self::Partial => "partial",
            Self::Unknown => "unknown",
        }
    }
}

/// Why a history is not simply complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasonKind {
    /// The log start is above 0: older records were deleted.
    Retention,
    /// Compaction removed records, or it cannot be told whether it did.
    Compaction,
    /// Records of aborted transactions were left out. Not a loss.
    Aborted,
    /// An undecided transaction withholds records.
    OpenTransaction,
    /// An event could not be decoded.
    Decode,
    /// A range was not read.
    NotScanned,
    /// Something may not be seen.
    Permission,
    /// A partition exists and has no leader, so that nothing of it can be read.
    Offline,
    /// The log was cut back and written anew.
    Truncation,
}

/// One reason with the offsets it concerns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// The kind.
    pub kind: ReasonKind,
    /// One sentence for a person.
    pub detail: String,
    /// The offsets concerned.
    pub ranges: Vec<OffsetRange>,
}

/// From where a history is complete, when its beginning is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Since {
    /// The first offset that is left, in the partition that lost most recently.
    #[serde(flatten)]
    pub position: Position,
    /// The time of the first record that is left, in milliseconds since the epoch; none when
    /// nothing is left.
    pub timestamp_ms: Option<i64>,
}

/// How much of the history an answer rests on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Completeness {
    /// The worst that was found.
    pub verdict: Verdict,
    /// From where, for `complete_since`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Since>,
    /// Why.
    pub reasons: Vec<Reason>,
}

impl Completeness {
    /// Adds a reason, which makes the verdict at least this bad.
    pub fn add(&mut self, verdict: Verdict, reason: Reason) {
        self.verdict = self.verdict.max(verdict);
        self.reasons.push(reason);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_verdict_wins_whatever_comes_after_it() {
        let mut completeness = Completeness::default();
        let reason = |kind| Reason { kind, detail: String::new(), ranges: Vec::new() };
        completeness.add(Verdict::Partial, reason(ReasonKind::Compaction));
        completeness.add(Verdict::CompleteSince, reason(ReasonKind::Retention));
        assert_eq!(completeness.verdict, Verdict::Partial);
        assert_eq!(completeness.reasons.len(), 2);
    }
}
