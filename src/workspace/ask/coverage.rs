//! How much of the history an answer rests on: what was read, measured against what there was.
//!
//! Promises: gaps cost a second look only where there are some; what may not be seen makes the
//! answer unknown, never complete.
//! Does not know: how a verdict is reached (`partition_log::assess`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::session::REQUEST_TIMEOUT;
use crate::kafka::{self, Connection, KafkaError, Watermarks};
use crate::model::{
    Cancel, Completeness, Event, Isolation, OffsetRange, PartitionRead, Reason, ReasonKind,
    TopicPartition, Verdict,
};
use crate::partition_log::{ALL_OFFSETS, CachedLog, PartitionHistory, assess};
use crate::workspace::{Failure, Session};

/// Offsets of single records, ascending, by partition.
pub(crate) type Offsets = BTreeMap<TopicPartition, Vec<i64>>;

/// The offsets of those events for which this holds, by partition.
pub(crate) fn offsets(events: &[Event], holds: impl Fn(&Event) -> bool) -> Offsets {
    let mut offsets = Offsets::new();
    for event in events.iter().filter(|event| holds(event)) {
        offsets.entry(event.position.topic_partition()).or_default().push(event.position.offset);
    }
    for offsets in offsets.values_mut() {
        offsets.sort_unstable();
    }
    offsets
}

/// Says that these events were left out of an answer that asks for their own times, because they
/// have none.
pub(crate) fn without_event_time(completeness: &mut Completeness, offsets: &Offsets) {
    let mut ranges: Vec<OffsetRange> = Vec::new();
    for (partition, offsets) in offsets {
        for offset in offsets {
            match ranges.last_mut() {
                Some(last) if last.topic_partition() == *partition && last.to == *offset => {
                    last.to += 1;
                }
                _ => ranges.push(OffsetRange::new(partition, *offset, *offset + 1)),
            }
        }
    }
    let events: u64 = ranges.iter().map(OffsetRange::span).sum();
    if events == 0 {
        return;
    }
    let partitions: Vec<String> = offsets.keys().map(ToString::to_string).collect();
    let s = if events == 1 { "" } else { "s" };
    let detail = format!(
        "left out for want of an event time: {events} event{s} of {}",
        partitions.join(", ")
    );
    completeness.add(Verdict::Partial, Reason { kind: ReasonKind::Decode, detail, ranges });
}

/// What was read for an answer.
#[derive(Debug)]
pub(in crate::workspace) struct Coverage<'a> {
    /// The partitions asked about.
    pub(in crate::workspace) partitions: &'a [TopicPartition],
    /// Where they began and ended; those that may not be seen are missing.
    pub(in crate::workspace) bounds: &'a BTreeMap<TopicPartition, Watermarks>,
    /// What was read of them.
    pub(in crate::workspace) reads: &'a [PartitionRead],
    /// Events of the answer that could not be decoded.
    pub(in crate::workspace) undecodable: &'a Offsets,
    /// The offsets asked about, from (inclusive) to (exclusive), of partitions of which the user
    /// asks for a part.
    pub(in crate::workspace) asked: &'a AskedParts,
}

/// The offsets that a question is about, from (inclusive) to (exclusive), by partition; all where
/// it says nothing else.
pub(in crate::workspace) type AskedParts = BTreeMap<TopicPartition, (i64, i64)>;

/// Why offsets of a read are missing, as far as a second look tells; nothing at first.
#[derive(Clone, Debug, Default)]
pub(in crate::workspace) struct GapFacts {
    /// For each topic with gaps whether its policy compacts; `None` where that may not be seen.
    compacted: BTreeMap<Arc<str>, Option<bool>>,
    /// The offsets of aborted records in the gaps; `None` where they could not be looked for.
    aborted: Option<Offsets>,
    /// Whether transaction markers may stand in the gaps.
    may_have_markers: bool,
    /// What the index knows that leaders lost, by partition.
    truncated: BTreeMap<TopicPartition, Vec<OffsetRange>>,
}

impl Coverage<'_> {
    /// The verdict on what was read, with what is known of its gaps.
    pub(in crate::workspace) fn completeness(
        &self,
        gaps: &GapFacts,
        isolation: Isolation,
    ) -> Completeness {
        let history = |partition: &TopicPartition| {
            let reads = self.reads.iter().filter(|read| read.partition == *partition);
            let reads: Vec<PartitionRead> = reads.cloned().collect();
            let has_gaps = reads.iter().any(|read| !read.gaps.is_empty());
            let compacted = || gaps.compacted.get(&partition.topic).copied().flatten();
            let of_partition = |offsets: &Offsets| offsets.get(partition).cloned();
            PartitionHistory {
                partition: partition.clone(),
                bounds: self.bounds.get(partition).copied(),
                asked: self.asked.get(partition).copied().unwrap_or(ALL_OFFSETS),
                compacted: if has_gaps { compacted() } else { Some(false) },
                aborted: gaps
                    .aborted
                    .as_ref()
                    .map(|offsets| of_partition(offsets).unwrap_or_default()),
                undecodable: of_partition(self.undecodable).unwrap_or_default(),
                may_have_markers: gaps.may_have_markers,
                truncated: gaps.truncated.get(partition).cloned().unwrap_or_default(),
                reads,
            }
        };
        let histories: Vec<PartitionHistory> = self.partitions.iter().map(history).collect();
        assess(&histories, isolation)
    }
}

impl Session {
    /// The verdict on what was read.
    ///
    /// # Errors
    /// When the second look at gaps fails.
    pub(super) fn completeness(&self, coverage: &Coverage<'_>) -> Result<Completeness, Failure> {
        let gaps = coverage.reads.iter().flat_map(|read| read.gaps.iter().cloned());
        let gaps = self.look_into_gaps(coverage.partitions, &gaps.collect::<Vec<_>>())?;
        Ok(coverage.completeness(&gaps, self.isolation))
    }

    /// A second look at gaps: why offsets are missing there, and what leaders of these partitions
    /// lost.
    ///
    /// # Errors
    /// When the cluster cannot be asked.
    pub(in crate::workspace) fn look_into_gaps(
        &self,
        partitions: &[TopicPartition],
        gaps: &[OffsetRange],
    ) -> Result<GapFacts, Failure> {
        let truncated = self.log.truncations(partitions)?;
        if gaps.is_empty() {
            let aborted = Some(Offsets::new());
            return Ok(GapFacts { aborted, truncated, ..GapFacts::default() });
        }
        let aborted = if self.isolation == Isolation::Committed {
            aborted_in_gaps(&self.connection, &self.log, gaps, &self.cancel)?
        } else {
            Offsets::new()
        };
        Ok(GapFacts {
            compacted: self.compacted(gaps)?,
            aborted: Some(aborted),
            may_have_markers: kafka::may_have_transactions(&self.connection)?,
            truncated,
        })
    }

    /// For each topic with gaps whether its policy compacts; `None` where that may not be seen.
    fn compacted(&self, gaps: &[OffsetRange]) -> Result<BTreeMap<Arc<str>, Option<bool>>, Failure> {
        let topics: BTreeSet<&str> = gaps.iter().map(|gap| &*gap.topic).collect();
        let topics: Vec<&str> = topics.into_iter().collect();
        let configs = match self.connection.topic_configs(&topics, REQUEST_TIMEOUT) {
            Ok(configs) => configs,
            Err(KafkaError::NotPermitted { .. } | KafkaError::Other { .. }) => {
                return Ok(BTreeMap::new());
            }
            Err(error) => return Err(error.into()),
        };
        let compacts = |config: Option<kafka::TopicConfig>| config.map(|config| config.compacts());
        Ok(configs.into_iter().map(|(topic, config)| (topic, compacts(config))).collect())
    }
}

/// The offsets of aborted records in these gaps. What is kept of the log tells them without another
/// look at it.
///
/// # Errors
/// When the log cannot be read, or it is called off.
fn aborted_in_gaps(
    connection: &Connection,
    log: &CachedLog,
    gaps: &[OffsetRange],
    cancel: &Cancel,
) -> Result<Offsets, Failure> {
    let (mut aborted, rest) = log.aborted_in_gaps(gaps)?;
    for (partition, offsets) in kafka::aborted_in_gaps(connection, &rest, cancel)? {
        aborted.entry(partition).or_default().extend(offsets);
    }
    for offsets in aborted.values_mut() {
        offsets.sort_unstable();
    }
    Ok(aborted)
}
