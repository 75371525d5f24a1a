//! What the verdict about a history rests on: which offsets were read, what is not among them and
//! why, when, by which settings.
//!
//! Promises: every offset of every partition that was asked for is read, missing with a reason, or
//! not reached; what is too much to show is counted.
//! Does not know: how the verdict is reached (`partition_log::completeness`).

use std::sync::Arc;

use crate::config::{EntityKey, SandboxKey, StartPosition};
use crate::kafka::Watermarks;
use crate::model::{Completeness, PartitionRead, ReasonKind, TopicPartition};

/// How many spans of a partition are shown at most.
const SPANS_MAX: usize = 40;

/// What was read for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CoverageOf {
    /// An open topic.
    Topic(Arc<str>),
    /// An open entity.
    Entity(EntityKey),
    /// An open sandbox.
    Sandbox(SandboxKey),
}

/// Offsets that are not part of a history, or not all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingSpan {
    /// The first.
    pub from: i64,
    /// The one after the last.
    pub to: i64,
    /// Why.
    pub why: &'static str,
    /// Whether that lowers the verdict.
    pub is_loss: bool,
}

/// What was read of a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionCoverage {
    /// The partition.
    pub partition: TopicPartition,
    /// Where it starts and ends; unknown while there is no leader.
    pub bounds: Option<Watermarks>,
    /// The first offset that was asked for and the one after the last that was reached; none where
    /// nothing was read.
    pub read: Option<(i64, i64)>,
    /// Records that were delivered.
    pub records: u64,
    /// What is not among them.
    pub missing: Vec<MissingSpan>,
    /// How many more spans there are.
    pub missing_more: usize,
}

/// What a verdict rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoverageView {
    /// Of what.
    pub of: CoverageOf,
    /// The verdict; none while nothing is judged yet.
    pub completeness: Option<Arc<Completeness>>,
    /// The partitions, sorted.
    pub partitions: Arc<[PartitionCoverage]>,
    /// When reading began, in milliseconds since the epoch.
    pub begun_ms: Option<i64>,
    /// When this was put together, in milliseconds since the epoch.
    pub seen_ms: i64,
    /// Where reading started.
    pub start: Option<StartPosition>,
    /// By which settings it was read: names and values.
    pub settings: Arc<[(Arc<str>, Arc<str>)]>,
}

/// Why offsets are missing, in a few words, and whether that lowers the verdict.
fn why(kind: ReasonKind) -> (&'static str, bool) {
    match kind {
        ReasonKind::Retention => ("deleted by retention", true),
        ReasonKind::Compaction => ("removed by compaction, or it cannot be told", true),
        ReasonKind::Aborted => ("aborted transactions", false),
        ReasonKind::OpenTransaction => ("withheld by an open transaction", true),
        ReasonKind::Decode => ("could not be decoded", true),
        ReasonKind::NotScanned => ("not read", true),
        ReasonKind::Permission => ("may not be seen", true),
        ReasonKind::Offline => ("no leader", true),
        ReasonKind::Truncation => ("cut back and written anew", true),
    }
}

impl PartitionCoverage {
    /// What was read of a partition with these bounds.
    pub(crate) fn new(
        partition: TopicPartition,
        bounds: Option<Watermarks>,
        read: Option<&PartitionRead>,
        completeness: Option<&Completeness>,
    ) -> Self {
        let reasons = completeness.into_iter().flat_map(|completeness| &completeness.reasons);
        let mut missing: Vec<MissingSpan> = reasons
            .flat_map(|reason| {
                let (why, is_loss) = why(reason.kind);
                let here = reason.ranges.iter().filter(|range| {
                    range.topic == partition.topic && range.partition == partition.partition
                });
                here.map(move |range| MissingSpan { from: range.from, to: range.to, why, is_loss })
            })
            .collect();
        missing.sort_by_key(|span| (span.from, span.to));
        let missing_more = missing.len().saturating_sub(SPANS_MAX);
        missing.truncate(SPANS_MAX);
        Self {
            partition,
            bounds,
            read: read.map(|read| (read.from, read.position)),
            records: read.map_or(0, |read| read.records),
            missing,
            missing_more,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{OffsetRange, Reason, Verdict};

    #[test]
    fn what_is_missing_stands_with_its_reason_in_the_order_of_offsets_and_the_rest_is_counted() {
        let partition = TopicPartition::new("orders", 1);
        let range =
            |partition, from| OffsetRange { topic: "orders".into(), partition, from, to: from + 1 };
        let mut completeness = Completeness::default();
        let mut reason = |verdict, kind, ranges| {
            completeness.add(verdict, Reason { kind, detail: String::new(), ranges });
        };
        reason(Verdict::Complete, ReasonKind::Aborted, vec![range(1, 7), range(0, 3)]);
        reason(
            Verdict::Partial,
            ReasonKind::Compaction,
            (0..i64::try_from(SPANS_MAX).expect("a few"))
                .map(|gap| range(1, 100 + 2 * gap))
                .collect(),
        );
        reason(Verdict::CompleteSince, ReasonKind::Retention, vec![range(1, 0)]);
        let seen = PartitionCoverage::new(partition, None, None, Some(&completeness));
        let first: Vec<_> =
            seen.missing.iter().take(3).map(|span| (span.from, span.why, span.is_loss)).collect();
        let expected = [
            (0, "deleted by retention", true),
            (7, "aborted transactions", false),
            (100, "removed by compaction, or it cannot be told", true),
        ];
        assert_eq!(first, expected);
        assert_eq!((seen.missing.len(), seen.missing_more), (SPANS_MAX, 2));
    }
}
