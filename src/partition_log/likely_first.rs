//! Reads the history of one key from the partitions first in which its producer would have put it.
//!
//! Promises: nothing is guessed: a partition is likely only when samples prove the partitioner; the
//! records are the same as without it, and until the other partitions are read, every account says
//! that they are not.
//! Does not know: entities, who shows the records.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use super::cached_log::{CachedLog, LogNews};
use super::partitioner::PartitionerEvidence;
use super::sample::{Sampling, records};
use super::source::SourceError;
use crate::kafka::Watermarks;
use crate::model::{
    Cancel, KeyFilter, OffsetRange, PartitionRead, ReadEvent, ReadOutcome, ReadPlan, TopicPartition,
};

/// Reading so many offsets takes no longer than sampling: then all partitions are read at once.
const FEW_OFFSETS: u64 = 20_000;

/// Who is told.
type NewsSink<'a> = dyn FnMut(LogNews) -> ControlFlow<()> + 'a;

/// The accounts of partitions that were read first.
pub(crate) type Known = BTreeMap<TopicPartition, PartitionRead>;

/// The partitions of a plan, one of each topic, in which a producer would have put the key that it
/// asks for. Empty where nothing is proven, or where it takes no time anyway.
///
/// # Errors
/// When the log cannot be read.
pub(crate) fn likely_partitions(
    log: &CachedLog,
    plan: &ReadPlan,
    bounds: &BTreeMap<TopicPartition, Watermarks>,
    cancel: &Cancel,
) -> Result<BTreeSet<TopicPartition>, SourceError> {
    let KeyFilter::Equals(key) = &plan.keys else { return Ok(BTreeSet::new()) };
    if key.is_empty() || log.offsets_to_read(plan)? <= FEW_OFFSETS {
        return Ok(BTreeSet::new());
    }
    let topics: BTreeSet<&Arc<str>> = bounds.keys().map(|partition| &partition.topic).collect();
    let mut likely = BTreeSet::new();
    for topic in topics {
        let of_topic = bounds.iter().filter(|(partition, _)| partition.topic == *topic);
        let bounds: BTreeMap<TopicPartition, Watermarks> =
            of_topic.map(|(partition, marks)| (partition.clone(), *marks)).collect();
        let isolation = plan.isolation;
        let sampling =
            Sampling { bounds: &bounds, isolation, payloads: false, started_ms: plan.started_ms };
        let sample = sampling.newest(log, cancel)?;
        let keys = records(&sample)
            .filter_map(|record| Some((record.key()?, record.partition().partition)));
        let count = i32::try_from(bounds.len()).unwrap_or(i32::MAX);
        if let Some(partitioner) = PartitionerEvidence::of_samples(keys, count).proven() {
            let number = partitioner.partition_of(key, count);
            likely.insert(TopicPartition::new(Arc::clone(topic), number));
        }
    }
    Ok(likely)
}

/// Opens a log as a plan asks for it, these partitions before all others.
///
/// # Errors
/// When the log cannot be read.
pub(crate) fn open_likely_first(
    log: &CachedLog,
    plan: &ReadPlan,
    likely: &BTreeSet<TopicPartition>,
    cancel: &Cancel,
    sink: &mut NewsSink<'_>,
) -> Result<ReadOutcome, SourceError> {
    let (first, others): (Vec<OffsetRange>, Vec<OffsetRange>) =
        plan.ranges.iter().cloned().partition(|range| likely.contains(&range.topic_partition()));
    if first.is_empty() || others.is_empty() {
        return log.open(plan, cancel, sink);
    }
    let not_begun: Known = others
        .iter()
        .map(|range| (range.topic_partition(), PartitionRead::starting(range)))
        .collect();
    let early = ReadPlan { ranges: first, follow: false, ..plan.clone() };
    let mut outcome = log.open(&early, cancel, &mut |news| sink(with(news, &not_begun)))?;
    let known: Known =
        outcome.partitions.iter().map(|read| (read.partition.clone(), read.clone())).collect();
    outcome.partitions = joined(&not_begun, outcome.partitions);
    let told = LogNews::Read(ReadEvent::Progress(outcome.partitions.clone()));
    if outcome.stopped || sink(told).is_break() {
        outcome.stopped = true;
        return Ok(outcome);
    }
    let from_cache = outcome.from_cache;
    let rest = behind(plan, &known);
    let mut outcome = log.open(&rest, cancel, &mut |news| sink(with(news, &known)))?;
    outcome.partitions = joined(&known, outcome.partitions);
    outcome.from_cache += from_cache;
    Ok(outcome)
}

/// What a plan asks for behind what was read.
pub(crate) fn behind(plan: &ReadPlan, known: &Known) -> ReadPlan {
    let rest = |range: &OffsetRange| {
        let from = known.get(&range.topic_partition()).map_or(range.from, |read| read.position);
        OffsetRange { from, to: range.to.max(from), ..range.clone() }
    };
    let reached = |(partition, read): (&TopicPartition, &PartitionRead)| {
        Some((partition.clone(), read.last_log_time_ms?))
    };
    let mut log_times = plan.log_times.as_deref().cloned().unwrap_or_default();
    log_times.extend(known.iter().filter_map(reached));
    ReadPlan {
        ranges: plan.ranges.iter().map(rest).collect(),
        log_times: Some(Arc::new(log_times)),
        ..plan.clone()
    }
}

/// News of some partitions, with what is known of others, or of the same before.
pub(crate) fn with(news: LogNews, known: &Known) -> LogNews {
    match news {
        LogNews::Read(ReadEvent::Progress(reads)) => {
            LogNews::Read(ReadEvent::Progress(joined(known, reads)))
        }
        other => other,
    }
}

/// These accounts, with what is known of other partitions, or of the same before; sorted.
pub(crate) fn joined(known: &Known, reads: Vec<PartitionRead>) -> Vec<PartitionRead> {
    let mut all = known.clone();
    for read in reads {
        let whole = match all.remove(&read.partition) {
            Some(before) => before.followed_by(read),
            None => read,
        };
        all.insert(whole.partition.clone(), whole);
    }
    all.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::partition_log::{GeneratedLog, GeneratedTopic, Keeping, LogCache, LogSource as _};

    /// A generated log of six partitions.
    fn generated(events: u64) -> GeneratedLog {
        GeneratedLog::new(GeneratedTopic {
            topic: "orders".into(),
            partitions: 6,
            entities: 900,
            events,
            start_ms: 1_700_000_000_000,
            span_ms: 1_000_000_000,
            seed: 7,
        })
    }

    /// A read of all of it that hands on what has this key.
    fn plan(log: &GeneratedLog, key: &str) -> ReadPlan {
        ReadPlan {
            keys: KeyFilter::Equals(key.as_bytes().into()),
            whole: true,
            follow: true,
            ..ReadPlan::new(log.ranges(), 1_800_000_000_000)
        }
    }

    /// What is told: the offsets of records, and of how many partitions something was read by then.
    fn told(
        log: &CachedLog,
        plan: &ReadPlan,
        likely: &BTreeSet<TopicPartition>,
    ) -> (Vec<(i64, i64)>, Vec<usize>, ReadOutcome) {
        let (mut seen, mut begun) = (Vec::new(), Vec::new());
        let outcome = open_likely_first(log, plan, likely, &Cancel::new(), &mut |news| {
            match news {
                LogNews::Read(ReadEvent::Batch(batch)) => {
                    let times = batch.log_times_ms().iter().copied();
                    seen.extend(batch.offsets().iter().copied().zip(times));
                }
                LogNews::Read(ReadEvent::Progress(reads)) => {
                    assert_eq!(reads.len(), 6, "every partition is accounted for");
                    begun.push(reads.iter().filter(|read| read.position > read.from).count());
                }
                _ => {}
            }
            ControlFlow::Continue(())
        });
        (seen, begun, outcome.unwrap())
    }

    #[test]
    fn the_partition_that_samples_prove_is_read_first_and_the_others_complete_it() {
        let events = 30_000;
        let folder = tempfile::tempdir().unwrap();
        let plain = generated(events);
        let plan = plan(&plain, "order-77");
        let bounds = plain.bounds(&plain.partitions()).unwrap();
        let uncached = CachedLog::new(Box::new(generated(events)), Keeping::nothing());
        let cache = Some(Arc::new(LogCache::new(folder.path().to_owned(), u64::MAX)));
        let keeping = Keeping { cache, ..Keeping::nothing() };
        let cached = CachedLog::new(Box::new(generated(events)), keeping);
        let (expected, _, whole) = told(&uncached, &plan, &BTreeSet::new());
        for log in [&uncached, &cached] {
            let likely = likely_partitions(log, &plan, &bounds, &Cancel::new()).unwrap();
            assert_eq!(likely.len(), 1, "the generator puts keys where Kafka's client does");
            let (seen, begun, outcome) = told(log, &plan, &likely);
            assert_eq!(seen, expected);
            assert_eq!(outcome.partitions, whole.partitions);
            assert!(begun.contains(&1), "alone at first: {begun:?}");
            assert_eq!(begun.last(), Some(&6), "then all: {begun:?}");
        }
        let likely = likely_partitions(&cached, &plan, &bounds, &Cancel::new()).unwrap();
        assert!(likely.is_empty(), "what is kept needs no guess");
    }

    #[test]
    fn a_short_log_is_read_at_once() {
        let log = generated(2_000);
        let plan = plan(&log, "order-77");
        let bounds = log.bounds(&log.partitions()).unwrap();
        let log = CachedLog::new(Box::new(log), Keeping::nothing());
        assert!(likely_partitions(&log, &plan, &bounds, &Cancel::new()).unwrap().is_empty());
    }
}
