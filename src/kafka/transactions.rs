//! What became of the transaction of each record.
//!
//! Promises: below the last stable offset the answer is exact; at or above it every record is
//! `Open`, because nobody outside the brokers can tell.
//!
//! Does not know: control records, which the client library never shows.
//!
//! librdkafka drops aborted records but does not say which they were. So the log is read twice:
//! what readers of committed records are not given, and readers of uncommitted records are, was
//! aborted. The first pass finds the offsets that committed readers are not given; without any, the
//! second pass is not needed.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use super::connection::Connection;
use super::error::KafkaError;
use super::outcomes::{Outcomes, PartitionOutcomes};
use super::reader::{partitions, read_with};
use crate::model::{
    Cancel, Isolation, KeyFilter, OffsetRange, ReadEvent, ReadPlan, TopicPartition, Transaction,
};

/// Where brokers keep the state of transactions. It comes into being with the first transactional
/// producer.
const TRANSACTIONS_TOPIC: &str = "__transaction_state";

/// How long to wait for answers about offsets.
const LOOK_UP: Duration = Duration::from_secs(30);

/// What became of the transactions in the plan's ranges, as far as its isolation asks for that.
pub(super) fn outcomes(
    connection: &Connection,
    plan: &ReadPlan,
    cancel: &Cancel,
) -> Result<Outcomes, KafkaError> {
    match plan.isolation {
        Isolation::Committed => Ok(Outcomes::default()),
        Isolation::Uncommitted => Outcomes::find(connection, &plan.ranges, cancel),
    }
}

impl Outcomes {
    /// Reads these ranges as a committed reader does, to learn what such a reader is not given.
    ///
    /// # Errors
    /// When the ranges cannot be read, or it is called off.
    pub(super) fn find(
        connection: &Connection,
        ranges: &[OffsetRange],
        cancel: &Cancel,
    ) -> Result<Self, KafkaError> {
        if !connection.may_exist(TRANSACTIONS_TOPIC, LOOK_UP)? {
            return Ok(Self::default());
        }
        let stable = stable_parts(connection, ranges)?;
        let mut withheld = withheld(connection, &stable, cancel)?;
        let partitions = stable.into_iter().map(|(partition, part)| {
            let gaps = withheld.remove(&partition).unwrap_or_default();
            let outcomes = PartitionOutcomes {
                withheld: gaps.iter().map(|gap| (gap.from, gap.to)).collect(),
                next: 0,
                last_stable: Some(part.last_stable),
            };
            (partition, outcomes)
        });
        Ok(Self { partitions: partitions.collect() })
    }
}

/// The part of a range about which everything is decided.
struct StablePart {
    /// The range, cut at the last stable offset.
    range: OffsetRange,
    /// The last stable offset.
    last_stable: i64,
}

/// Cuts ranges at the last stable offsets of their partitions.
fn stable_parts(
    connection: &Connection,
    ranges: &[OffsetRange],
) -> Result<BTreeMap<TopicPartition, StablePart>, KafkaError> {
    let partitions = partitions(ranges);
    let marks = connection.watermarks(&partitions, LOOK_UP)?;
    let parts = ranges.iter().zip(partitions).map(|(range, partition)| {
        // Without a leader nothing is known: nothing is stable.
        let last_stable = marks.get(&partition).map_or(range.from, |marks| marks.last_stable);
        let cut = OffsetRange { to: range.to.min(last_stable), ..range.clone() };
        (partition, StablePart { range: cut, last_stable })
    });
    Ok(parts.collect())
}

/// The offsets in these ranges that committed readers are not given.
fn withheld(
    connection: &Connection,
    parts: &BTreeMap<TopicPartition, StablePart>,
    cancel: &Cancel,
) -> Result<BTreeMap<TopicPartition, Vec<OffsetRange>>, KafkaError> {
    let ranges = parts.values().map(|part| part.range.clone()).collect();
    // Only the gaps matter: hardly a record has an empty key, so hardly one is copied.
    let keys = KeyFilter::Equals(Arc::from(&[][..]));
    let plan = offsets_plan(ranges, Isolation::Committed, keys);
    let mut ignore = |_event| ControlFlow::Continue(());
    let outcome = read_with(connection, &plan, &Outcomes::default(), cancel, &mut ignore)?;
    if outcome.stopped {
        return Err(cancelled());
    }
    Ok(outcome.partitions.into_iter().map(|read| (read.partition, read.gaps)).collect())
}

/// A read for the offsets alone.
fn offsets_plan(ranges: Vec<OffsetRange>, isolation: Isolation, keys: KeyFilter) -> ReadPlan {
    ReadPlan {
        isolation,
        keys,
        values: false,
        headers: false,
        ..ReadPlan::new(ranges.into_iter().filter(|range| !range.is_empty()).collect(), i64::MAX)
    }
}

/// The error for a read that was called off.
fn cancelled() -> KafkaError {
    KafkaError::Cancelled { asked: "find the aborted transactions".to_owned() }
}

/// The offsets of aborted records in these ranges, ascending. Partitions without any are missing.
/// Records at or above the last stable offset are undecided and so not among them.
///
/// # Errors
/// When the ranges cannot be read, or it is called off.
pub fn aborted_offsets(
    connection: &Connection,
    ranges: &[OffsetRange],
    cancel: &Cancel,
) -> Result<BTreeMap<TopicPartition, Vec<i64>>, KafkaError> {
    if !connection.may_exist(TRANSACTIONS_TOPIC, LOOK_UP)? {
        return Ok(BTreeMap::new());
    }
    let stable = stable_parts(connection, ranges)?;
    let gaps: Vec<_> = withheld(connection, &stable, cancel)?.into_values().flatten().collect();
    read_gaps(connection, &gaps, cancel)
}

/// The same for a reader that has already read as a committed reader does, and has these gaps.
/// Reads only the parts of the log with gaps.
///
/// # Errors
/// When the log cannot be read, or it is called off.
pub fn aborted_in_gaps(
    connection: &Connection,
    gaps: &[OffsetRange],
    cancel: &Cancel,
) -> Result<BTreeMap<TopicPartition, Vec<i64>>, KafkaError> {
    if gaps.is_empty() || !connection.may_exist(TRANSACTIONS_TOPIC, LOOK_UP)? {
        return Ok(BTreeMap::new());
    }
    let stable = stable_parts(connection, &spans(gaps))?;
    let decided = gaps.iter().filter_map(|gap| {
        let partition = TopicPartition::new(Arc::clone(&gap.topic), gap.partition);
        let to = gap.to.min(stable.get(&partition)?.last_stable);
        Some(OffsetRange { to, ..gap.clone() }).filter(|gap| !gap.is_empty())
    });
    read_gaps(connection, &decided.collect::<Vec<_>>(), cancel)
}

/// Whether logs of this cluster may have transaction markers: not when nobody ever began a
/// transaction there.
///
/// # Errors
/// When it cannot be asked.
pub fn may_have_transactions(connection: &Connection) -> Result<bool, KafkaError> {
    // The embedded cluster has none, and would make the topic when asked for it.
    Ok(!connection.settings().embedded && connection.may_exist(TRANSACTIONS_TOPIC, LOOK_UP)?)
}

/// For each partition the range from its first gap to its last.
fn spans(gaps: &[OffsetRange]) -> Vec<OffsetRange> {
    let mut spans: BTreeMap<(&Arc<str>, i32), OffsetRange> = BTreeMap::new();
    for gap in gaps {
        let span = spans.entry((&gap.topic, gap.partition)).or_insert_with(|| gap.clone());
        span.from = span.from.min(gap.from);
        span.to = span.to.max(gap.to);
    }
    spans.into_values().collect()
}

/// Reads these gaps as a reader of uncommitted records does: what it finds was withheld because it
/// was aborted.
fn read_gaps(
    connection: &Connection,
    gaps: &[OffsetRange],
    cancel: &Cancel,
) -> Result<BTreeMap<TopicPartition, Vec<i64>>, KafkaError> {
    let mut known: BTreeMap<TopicPartition, Vec<(i64, i64)>> = BTreeMap::new();
    for gap in gaps {
        let partition = TopicPartition::new(Arc::clone(&gap.topic), gap.partition);
        known.entry(partition).or_default().push((gap.from, gap.to));
    }
    let mut outcomes: BTreeMap<_, _> = known
        .into_iter()
        .map(|(partition, mut withheld)| {
            withheld.sort_unstable();
            let withheld = withheld.into();
            (partition, PartitionOutcomes { withheld, next: 0, last_stable: None })
        })
        .collect();
    let plan = offsets_plan(spans(gaps), Isolation::Uncommitted, KeyFilter::All);
    let mut aborted: BTreeMap<TopicPartition, Vec<i64>> = BTreeMap::new();
    let mut collect = |event| {
        if let ReadEvent::Batch(batch) = event
            && let Some(outcomes) = outcomes.get_mut(batch.partition())
        {
            let found = batch.offsets().iter().copied();
            let found: Vec<_> =
                found.filter(|offset| outcomes.of(*offset) == Transaction::Aborted).collect();
            if !found.is_empty() {
                aborted.entry(batch.partition().clone()).or_default().extend(found);
            }
        }
        ControlFlow::Continue(())
    };
    let outcome = read_with(connection, &plan, &Outcomes::default(), cancel, &mut collect)?;
    if outcome.stopped { Err(cancelled()) } else { Ok(aborted) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_of_one_partition_span_one_range() {
        let partition = TopicPartition::new("t", 3);
        let gaps = [OffsetRange::new(&partition, 7, 9), OffsetRange::new(&partition, 1, 2)];
        assert_eq!(spans(&gaps), [OffsetRange::new(&partition, 1, 9)]);
    }
}
