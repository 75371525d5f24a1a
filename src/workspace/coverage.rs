//! How much of the history an answer rests on: what was read, measured against what there was.
//!
//! Promises: gaps cost a second look only where there are some; what may not be seen makes the answer unknown, never
//! complete.
//! Does not know: how a verdict is reached (`partition_log::assess`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::session::REQUEST_TIMEOUT;
use super::{Failure, Session};
use crate::kafka::{self, Connection, KafkaError, Watermarks};
use crate::model::{
    Cancel, Completeness, Event, Isolation, OffsetRange, PartitionRead, Reason, ReasonKind,
    TopicPartition, Verdict,
};
use crate::partition_log::{CachedLog, PartitionHistory, assess};

/// Offsets of single records, ascending, by partition.
pub(crate) type Offsets = BTreeMap<TopicPartition, Vec<i64>>;

/// What was read for an answer.
#[derive(Debug)]
pub(super) struct Coverage<'a> {
    /// The partitions asked about.
    pub(super) partitions: &'a [TopicPartition],
    /// Where they began and ended; those that may not be seen are missing.
    pub(super) bounds: &'a BTreeMap<TopicPartition, Watermarks>,
    /// What was read of them.
    pub(super) reads: &'a [PartitionRead],
    /// Events of the answer that could not be decoded.
    pub(super) undecodable: &'a Offsets,
}

impl Session {
    /// The verdict on what was read.
    ///
    /// # Errors
    /// When the second look at gaps fails.
    pub(super) fn completeness(&self, coverage: &Coverage<'_>) -> Result<Completeness, Failure> {
        let has_gaps = coverage.reads.iter().any(|read| !read.gaps.is_empty());
        let compacted =
            if has_gaps { self.compacted(coverage.partitions)? } else { BTreeMap::new() };
        let aborted = if has_gaps && self.isolation == Isolation::Committed {
            let gaps: Vec<OffsetRange> =
                coverage.reads.iter().flat_map(|read| read.gaps.iter().cloned()).collect();
            aborted_in_gaps(&self.connection, &self.log, &gaps, &self.cancel)?
        } else {
            Offsets::new()
        };
        let history = |partition: &TopicPartition| PartitionHistory {
            partition: partition.clone(),
            bounds: coverage.bounds.get(partition).copied(),
            reads: coverage
                .reads
                .iter()
                .filter(|read| read.partition == *partition)
                .cloned()
                .collect(),
            compacted: if has_gaps {
                compacted.get(&partition.topic).copied().flatten()
            } else {
                Some(false)
            },
            aborted: Some(aborted.get(partition).cloned().unwrap_or_default()),
            undecodable: coverage.undecodable.get(partition).cloned().unwrap_or_default(),
        };
        let histories: Vec<PartitionHistory> = coverage.partitions.iter().map(history).collect();
        Ok(assess(&histories, self.isolation))
    }

    /// For each topic whether its policy compacts; `None` where that may not be seen.
    fn compacted(
        &self,
        partitions: &[TopicPartition],
    ) -> Result<BTreeMap<Arc<str>, Option<bool>>, Failure> {
        let topics: BTreeSet<&str> = partitions.iter().map(|partition| &*partition.topic).collect();
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

/// Says that these events were left out of an answer that asks for their own times, because they have none.
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

/// The offsets of aborted records in these gaps. What is kept of the log tells them without another look at it.
///
/// # Errors
/// When the log cannot be read, or it is called off.
pub(crate) fn aborted_in_gaps(
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
