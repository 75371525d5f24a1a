//! How much of the history an answer rests on: the verdict and its reasons, from the facts of every
//! partition.
//!
//! Promises: a pure function; another problem never improves the verdict; each reason names the
//! offsets it concerns.
//! Does not know: how the facts were found.

use std::collections::BTreeMap;

use crate::kafka::Watermarks;
use crate::model::{
    Completeness, Isolation, OffsetRange, PartitionRead, Reason, ReasonKind, Since, TopicPartition,
    Verdict,
};

/// What is known of the history of one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionHistory {
    /// The partition.
    pub partition: TopicPartition,
    /// Where its log started and ended at the time of asking; `None` when it had no leader to say
    /// so.
    pub bounds: Option<Watermarks>,
    /// The offsets that the question is about, from (inclusive) to (exclusive): what lies outside
    /// is not missing.
    pub asked: (i64, i64),
    /// What was read of it.
    pub reads: Vec<PartitionRead>,
    /// Whether the topic's cleanup policy compacts; `None` when that may not be seen.
    pub compacted: Option<bool>,
    /// The offsets of aborted records, ascending; `None` when nobody looked for them.
    pub aborted: Option<Vec<i64>>,
    /// Whether transaction markers may stand in the log.
    pub may_have_markers: bool,
    /// The offsets of the events asked about that could not be decoded, ascending.
    pub undecodable: Vec<i64>,
    /// What the index knows that a leader lost.
    pub truncated: Vec<OffsetRange>,
}

/// The question is about all offsets of a partition.
pub const ALL_OFFSETS: (i64, i64) = (0, i64::MAX);

/// Something found about a partition, from the harmless to the bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Finding {
    /// Aborted records are left out.
    Aborted,
    /// The log does not begin at offset 0.
    LogStart,
    /// Retention deleted records in front of the reader.
    Overtaken,
    /// Offsets were not read.
    NotScanned,
    /// The policy compacts and offsets are missing.
    Compacted,
    /// Offsets are missing that no transaction marker explains.
    Hole,
    /// A leader lost records that were there before.
    Truncated,
    /// A transaction is undecided.
    OpenTransaction,
    /// Events could not be decoded.
    Undecodable,
    /// Offsets are missing and the policy cannot be seen.
    PolicyUnseen,
    /// It has no leader, so that start, end and records cannot be seen.
    Offline,
}

impl Finding {
    /// The verdict it leads to, if nothing is worse.
    fn verdict(self) -> Verdict {
        match self {
            Self::Aborted => Verdict::Complete,
            Self::LogStart => Verdict::CompleteSince,
            Self::Overtaken
            | Self::NotScanned
            | Self::Compacted
            | Self::Hole
            | Self::Truncated
            | Self::OpenTransaction
            | Self::Undecodable => Verdict::Partial,
            Self::PolicyUnseen | Self::Offline => Verdict::Unknown,
        }
    }

    /// The kind of reason it is told as.
    fn kind(self) -> ReasonKind {
        match self {
            Self::Aborted => ReasonKind::Aborted,
            Self::LogStart | Self::Overtaken => ReasonKind::Retention,
            Self::NotScanned => ReasonKind::NotScanned,
            Self::Compacted | Self::Hole => ReasonKind::Compaction,
            Self::Truncated => ReasonKind::Truncation,
            Self::OpenTransaction => ReasonKind::OpenTransaction,
            Self::Undecodable => ReasonKind::Decode,
            Self::PolicyUnseen => ReasonKind::Permission,
            Self::Offline => ReasonKind::Offline,
        }
    }

    /// What was found about these ranges, in words.
    fn sentence(self, ranges: &[OffsetRange]) -> String {
        let (what, thing) = match self {
            Self::Aborted => ("left out because their transactions were aborted", "record"),
            Self::LogStart => {
                ("before the start of the log, where older records were deleted", "offset")
            }
            Self::Overtaken => ("deleted by retention before they could be read", "offset"),
            Self::NotScanned => ("not read", "offset"),
            Self::Compacted => (
                "without a record, because compaction removed it or a transaction ended there",
                "offset",
            ),
            Self::Hole => (
                "without a record, which no end of a transaction explains: compaction has been there",
                "offset",
            ),
            Self::Truncated => (
                "read earlier and lost by a leader since, which wrote other records there",
                "offset",
            ),
            Self::OpenTransaction => {
                ("withheld by a transaction that is not decided yet", "offset")
            }
            Self::Undecodable => ("not decodable", "event"),
            Self::PolicyUnseen => (
                "without a record, and compaction cannot be ruled out because the topic's configuration may not be seen",
                "offset",
            ),
            Self::Offline => {
                return format!(
                    "left out because there is no leader to read from: {}",
                    place(ranges)
                );
            }
        };
        let count: u64 = ranges.iter().map(OffsetRange::span).sum();
        let plural = if count == 1 { "" } else { "s" };
        format!("{what}: {count} {thing}{plural} of {}", place(ranges))
    }
}

/// The partitions of these ranges in words.
fn place(ranges: &[OffsetRange]) -> String {
    let mut partitions: Vec<(&str, i32)> =
        ranges.iter().map(|range| (&*range.topic, range.partition)).collect();
    partitions.sort_unstable();
    partitions.dedup();
    match partitions[..] {
        [(topic, partition)] => format!("{topic}-{partition}"),
        _ => format!("{} partitions", partitions.len()),
    }
}

/// The verdict over all partitions of the topics asked about, read at this isolation level, with
/// its reasons.
pub fn assess(histories: &[PartitionHistory], isolation: Isolation) -> Completeness {
    let mut findings: BTreeMap<Finding, Vec<OffsetRange>> = BTreeMap::new();
    let mut since: Vec<Since> = Vec::new();
    for history in histories {
        let start = history.find(isolation, &mut |finding, from, to| {
            let range = OffsetRange::new(&history.partition, from, to);
            findings.entry(finding).or_default().push(range);
        });
        since.extend(start);
    }
    let mut completeness = Completeness::default();
    for (finding, ranges) in findings {
        let detail = finding.sentence(&ranges);
        completeness.add(finding.verdict(), Reason { kind: finding.kind(), detail, ranges });
    }
    assert!(
        completeness.verdict == Verdict::Complete || !completeness.reasons.is_empty(),
        "a verdict that is not `complete` has a reason"
    );
    if completeness.verdict == Verdict::CompleteSince {
        // The latest first record left; a partition with nothing left lost everything up to now.
        completeness.since = since
            .into_iter()
            .max_by_key(|since| (since.timestamp_ms.is_none(), since.timestamp_ms));
    }
    completeness
}

impl PartitionHistory {
    /// Reports everything found as (what, first offset, offset after the last). Returns what the
    /// log starts with when it does not start at 0.
    fn find(
        &self,
        isolation: Isolation,
        report: &mut dyn FnMut(Finding, i64, i64),
    ) -> Option<Since> {
        for (from, to) in runs(&self.undecodable) {
            report(Finding::Undecodable, from, to);
        }
        let asked = spans_of(std::iter::once(self.asked));
        for (from, to) in common(&spans(self.truncated.iter()), &asked) {
            report(Finding::Truncated, from, to);
        }
        let Some(bounds) = self.bounds else {
            let to = self.reads.iter().map(|read| read.position).max().unwrap_or(0);
            report(Finding::Offline, 0, to);
            return None;
        };
        let end = bounds.end(isolation);
        for (from, to) in common(&spans_of(std::iter::once((end, bounds.high))), &asked) {
            report(Finding::OpenTransaction, from, to);
        }
        let lost = spans(self.reads.iter().flat_map(|read| &read.lost));
        let read = spans_of(self.reads.iter().map(|read| (read.from, read.position)));
        let read = without(&read, &lost);
        let start = self.start(&read, bounds.low);
        let deleted = common(&spans_of(std::iter::once((0, start))), &asked);
        for (from, to) in &deleted {
            report(Finding::LogStart, *from, *to);
        }
        let there = common(&spans_of(std::iter::once((start, end))), &asked);
        let missing = without(&there, &read);
        for (from, to) in without(&missing, &lost) {
            report(Finding::NotScanned, from, to);
        }
        for (from, to) in common(&missing, &lost) {
            report(Finding::Overtaken, from, to);
        }
        self.find_gaps(isolation, start, report);
        (!deleted.is_empty()).then(|| Since {
            position: self.partition.at(start),
            timestamp_ms: self.first_timestamp_ms(start),
        })
    }

    /// The first offset that was read or could be. What was read before it was deleted still
    /// counts.
    fn start(&self, read: &[(i64, i64)], low: i64) -> i64 {
        let first = read.first().map_or(low, |(from, _)| low.min(*from));
        let gaps = spans(self.reads.iter().flat_map(|read| &read.gaps));
        let leading = gaps.iter().find(|(from, to)| *from <= first && first < *to);
        leading.map_or(first, |(_, to)| first.max(low.min(*to)))
    }

    /// Reports offsets without a record that no aborted transaction explains, and the aborted
    /// records.
    fn find_gaps(
        &self,
        isolation: Isolation,
        start: i64,
        report: &mut dyn FnMut(Finding, i64, i64),
    ) {
        let mut aborted = runs(self.aborted.as_deref().unwrap_or_default());
        if isolation == Isolation::Uncommitted {
            aborted.clear();
        }
        for (from, to) in &aborted {
            report(Finding::Aborted, *from, *to);
        }
        let gaps = spans(self.reads.iter().flat_map(|read| &read.gaps));
        let gaps = common(&gaps, &[(start, i64::MAX)]);
        let unexplained = without(&gaps, &aborted);
        // As long as nobody has looked for aborted records, any gap may be made of them.
        let is_known = isolation == Isolation::Uncommitted || self.aborted.is_some();
        if is_known && self.has_hole(&unexplained, start) {
            for (from, to) in &unexplained {
                report(Finding::Hole, *from, *to);
            }
            if self.compacted.is_some() {
                return;
            }
        }
        let finding = match self.compacted {
            Some(false) => return,
            Some(true) => Finding::Compacted,
            None => Finding::PolicyUnseen,
        };
        for (from, to) in unexplained {
            report(finding, from, to);
        }
    }

    /// Whether transaction markers cannot explain these offsets without a record, so that
    /// compaction has been there, whatever the policy says now. A marker stands behind a record of
    /// its transaction, and each takes one offset; so there are never more markers than records
    /// before them.
    fn has_hole(&self, unexplained: &[(i64, i64)], start: i64) -> bool {
        let mut markers = 0;
        unexplained.iter().any(|(from, to)| {
            let records = from - markers;
            assert!(records >= 0, "offsets without a record lie apart");
            markers += to - from;
            !self.may_have_markers || *from <= start || markers > records
        })
    }

    /// The timestamp of the first record of the read that begins at or before this offset and
    /// reaches it.
    fn first_timestamp_ms(&self, start: i64) -> Option<i64> {
        let covers = |read: &&PartitionRead| read.from <= start && start < read.position;
        self.reads.iter().find(covers).and_then(|read| read.first_timestamp_ms)
    }
}

/// Ranges as pairs (first, after the last), sorted, overlapping and touching ones joined, empty
/// ones left out.
fn spans_of(ranges: impl Iterator<Item = (i64, i64)>) -> Vec<(i64, i64)> {
    let mut sorted: Vec<(i64, i64)> = ranges.filter(|(from, to)| from < to).collect();
    sorted.sort_unstable();
    let mut joined: Vec<(i64, i64)> = Vec::new();
    for (from, to) in sorted {
        match joined.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => joined.push((from, to)),
        }
    }
    joined
}

/// The same for ranges of one partition.
fn spans<'r>(ranges: impl Iterator<Item = &'r OffsetRange>) -> Vec<(i64, i64)> {
    spans_of(ranges.map(|range| (range.from, range.to)))
}

/// Single offsets as ranges.
fn runs(offsets: &[i64]) -> Vec<(i64, i64)> {
    spans_of(offsets.iter().map(|offset| (*offset, offset.saturating_add(1))))
}

/// What lies in both; both are joined ranges.
fn common(one: &[(i64, i64)], other: &[(i64, i64)]) -> Vec<(i64, i64)> {
    for ranges in [one, other] {
        assert!(ranges.is_sorted_by(|one, other| one.1 <= other.0), "ranges are joined, in order");
    }
    let (mut one, mut other) = (one.iter().peekable(), other.iter().peekable());
    let mut both = Vec::new();
    while let (Some(a), Some(b)) = (one.peek(), other.peek()) {
        both.push((a.0.max(b.0), a.1.min(b.1)));
        if a.1 < b.1 {
            one.next();
        } else {
            other.next();
        }
    }
    spans_of(both.into_iter())
}

/// What lies in the first and not in the second; both are joined ranges.
fn without(one: &[(i64, i64)], other: &[(i64, i64)]) -> Vec<(i64, i64)> {
    let starts = std::iter::once(i64::MIN).chain(other.iter().map(|(_, to)| *to));
    let ends = other.iter().map(|(from, _)| *from).chain(std::iter::once(i64::MAX));
    let between: Vec<(i64, i64)> = starts.zip(ends).collect();
    common(one, &between)
}

#[cfg(test)]
mod tests;
