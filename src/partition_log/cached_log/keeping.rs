//! Keeps what is read whole: compares what is kept with the log, and fills what is missing.
//!
//! Promises: what disagrees with the log is forgotten before anything is answered from it; records
//! at or above the last stable offset are not kept, because nobody can tell yet what becomes of
//! them.
//! Does not know: how what is kept is read back.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_128;

use super::filling::{EventSink, FillOrder, Filled, Filling};
use super::{CachedLog, lock};
use crate::kafka::Watermarks;
use crate::model::{Cancel, KeyFilter, OffsetRange, ReadPlan, TopicPartition};
use crate::partition_log::cache::{CacheError, Joining, TopicCache, Wanted};
use crate::partition_log::source::SourceError;
use crate::partition_log::stored_segment::StoredSegment;

/// What is kept of some ranges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// How many records.
    pub records: u64,
    /// How many distinct keys they have.
    pub distinct_keys: u64,
    /// What they take, in bytes on disk.
    pub disk_bytes: u64,
}

/// Offsets of single records, ascending, by partition.
type OffsetsOf = BTreeMap<TopicPartition, Vec<i64>>;

/// The aborted records of a part of a partition that is kept.
struct KnownAborted {
    /// Where it begins.
    from: i64,
    /// Where it ends, exclusive.
    to: i64,
    /// The offsets of its aborted records, ascending.
    offsets: Vec<i64>,
}

impl CachedLog {
    /// Reads and keeps what is missing of the ranges of a plan. `None` when the sink had enough or
    /// it was called off.
    ///
    /// # Errors
    /// When records cannot be read or kept.
    pub fn fill_up(
        &self,
        plan: &ReadPlan,
        order: FillOrder,
        cancel: &Cancel,
        sink: &mut EventSink<'_>,
    ) -> Result<Option<Filled>, SourceError> {
        let Some(cache) = &self.cache else { return Ok(Some(Filled::default())) };
        let mut filled = Filled::default();
        for (name, ranges) in by_topic(plan) {
            let Some(topic) = self.topic_now(&name)? else { continue };
            let marks = self.marks(&ranges)?;
            topic.touch();
            self.compare(&topic, &name, &marks, plan.started_ms, cancel)?;
            let stable = stable_parts(ranges, &marks);
            let filling = Filling {
                started_ms: plan.started_ms,
                payloads: self.payloads,
                order,
                joining: Joining::default(),
            };
            let fill = self.fill(cache, &topic, &stable, filling, cancel, sink)?;
            let Some(more) = fill else { return Ok(None) };
            filled.records += more.records;
            filled.bytes += more.bytes;
        }
        Ok(Some(filled))
    }

    /// What is kept of the ranges of a plan, for a reader of its isolation. Nobody else's keys are
    /// counted twice: two keys are taken for one when their 128-bit hashes are the same. `None`
    /// when a part of it could not be read back: it is forgotten now, and what is missing is to be
    /// filled again.
    ///
    /// # Errors
    /// When nobody can tell what is kept.
    pub fn kept(&self, plan: &ReadPlan) -> Result<Option<Kept>, SourceError> {
        let mut kept = Kept::default();
        let mut hashes = Vec::new();
        let mut whole = true;
        for range in &plan.ranges {
            let mut position = range.from;
            while let Some(segments) = self.see_next(range, plan, position)? {
                let Ok(segments) = segments else { return Ok(None) };
                for segment in segments {
                    kept.records += u64::from(segment.rows());
                    kept.disk_bytes += segment.entry().disk_bytes;
                    if let Err(problem) = add_keys(&segment, &mut hashes) {
                        self.forget_segment(range, segment.entry(), &problem)?;
                        whole = false;
                    }
                    assert!(segment.last_offset() >= position, "each segment lies behind the last");
                    position = segment.last_offset() + 1;
                }
            }
            hashes.sort_unstable();
            hashes.dedup();
        }
        kept.distinct_keys = hashes.len() as u64;
        Ok(whole.then_some(kept))
    }

    /// How many offsets of the ranges of a plan would have to be read, as far as is known without
    /// asking the log. What cannot be read back would have to be.
    ///
    /// # Errors
    /// When the log does not say which topic it is.
    pub fn offsets_to_read(&self, plan: &ReadPlan) -> Result<u64, SourceError> {
        let mut offsets = 0;
        for range in &plan.ranges {
            let topic = self.topic(&range.topic)?;
            let kept = topic.and_then(|topic| topic.partition(range.partition).ok());
            let holes = kept.map_or_else(
                || vec![(range.from, range.to)],
                |kept| kept.holes(range.from, range.to, !is_partial(plan)),
            );
            offsets += holes.iter().map(|(from, to)| from.abs_diff(*to)).sum::<u64>();
        }
        Ok(offsets)
    }

    /// The offsets of aborted records in these gaps, by partition, as far as it is kept, and the
    /// gaps of which it is not, or cannot be read back.
    ///
    /// # Errors
    /// When the log does not say which topic it is.
    pub fn aborted_in_gaps(
        &self,
        gaps: &[OffsetRange],
    ) -> Result<(OffsetsOf, Vec<OffsetRange>), SourceError> {
        let mut aborted: BTreeMap<TopicPartition, Vec<i64>> = BTreeMap::new();
        let mut rest = Vec::new();
        let mut known: BTreeMap<TopicPartition, Vec<KnownAborted>> = BTreeMap::new();
        for gap in gaps {
            let partition = gap.topic_partition();
            if !known.contains_key(&partition) {
                known.insert(partition.clone(), self.known_aborted(&partition)?);
            }
            let segments = &known[&partition];
            // Neighbouring gaps are one, so a gap may reach over segments that follow one another.
            let from = segments.partition_point(|segment| segment.to <= gap.from);
            let mut position = gap.from;
            for segment in segments[from..].iter().take_while(|segment| segment.from < gap.to) {
                if segment.from > position {
                    break;
                }
                let within = segment.offsets.iter().copied();
                let within = within.filter(|offset| (position..gap.to).contains(offset));
                aborted.entry(partition.clone()).or_default().extend(within);
                position = segment.to;
            }
            if position < gap.to {
                rest.push(OffsetRange { from: position, ..gap.clone() });
            }
        }
        aborted.retain(|_, offsets| !offsets.is_empty());
        Ok((aborted, rest))
    }

    /// What is kept of a partition, with its aborted records, without what cannot be read back.
    fn known_aborted(&self, partition: &TopicPartition) -> Result<Vec<KnownAborted>, SourceError> {
        let Some(topic) = self.topic(&partition.topic)? else { return Ok(Vec::new()) };
        let kept = match topic.partition(partition.partition) {
            Ok(kept) => kept,
            Err(problem) => {
                self.note(&problem);
                return Ok(Vec::new());
            }
        };
        let known = kept.files().iter().filter_map(|file| match file.aborted_offsets() {
            Ok(offsets) => {
                Some(KnownAborted { from: file.entry().from, to: file.entry().to, offsets })
            }
            Err(problem) => {
                self.note(&problem);
                None
            }
        });
        Ok(known.collect())
    }

    /// Where the partitions of these ranges start and end.
    fn marks(
        &self,
        ranges: &[OffsetRange],
    ) -> Result<BTreeMap<TopicPartition, Watermarks>, SourceError> {
        let partitions: Vec<TopicPartition> =
            ranges.iter().map(OffsetRange::topic_partition).collect();
        self.source.bounds(&partitions)
    }

    /// Brings what is kept up to date with the ranges of a plan, as far as it asks for that. Says
    /// how many records were read for it; `None` when the sink had enough or it was called off.
    pub(super) fn keep(
        &self,
        plan: &ReadPlan,
        cancel: &Cancel,
        sink: &mut EventSink<'_>,
    ) -> Result<Option<u64>, SourceError> {
        let Some(cache) = &self.cache else { return Ok(Some(0)) };
        let mut filled = 0;
        for (name, ranges) in by_topic(plan) {
            let Some(topic) = self.topic_now(&name)? else { continue };
            let marks = self.marks(&ranges)?;
            // Before what is kept is compared and mended: whoever touches it may see it anew.
            topic.touch();
            if let Err(problem) = self.compare(&topic, &name, &marks, plan.started_ms, cancel) {
                self.give_up(&name, problem)?;
                continue;
            }
            if !plan.whole {
                continue;
            }
            let stable = stable_parts(ranges, &marks);
            let payloads = self.payloads && (!is_partial(plan) || !Self::has_bare(&topic, &stable));
            let started_ms = plan.started_ms;
            let filling = Filling { started_ms, payloads, ..Filling::default() };
            match self.fill(cache, &topic, &stable, filling, cancel, sink) {
                Ok(Some(more)) => filled += more.records,
                Ok(None) => return Ok(None),
                Err(problem) => self.give_up(&name, problem)?,
            }
        }
        Ok(Some(filled))
    }

    /// Whether something is kept of these ranges without its values. Somebody chose that: questions
    /// that can do without them, or fetch a few, leave it so. What cannot be read is told when it
    /// is filled.
    fn has_bare(topic: &TopicCache, ranges: &[OffsetRange]) -> bool {
        ranges
            .iter()
            .filter_map(|range| topic.partition(range.partition).ok())
            .any(|kept| kept.files().iter().any(|file| !file.entry().payloads))
    }

    /// Compares what is kept of the ranges of a plan with the log, without filling what is missing.
    pub(super) fn look(&self, plan: &ReadPlan, cancel: &Cancel) -> Result<(), SourceError> {
        let plan = ReadPlan { whole: false, ..plan.clone() };
        self.keep(&plan, cancel, &mut |_event| ControlFlow::Continue(())).map(drop)
    }

    /// Goes on without the cache where it is at fault.
    pub(super) fn give_up(
        &self,
        topic: &Arc<str>,
        problem: SourceError,
    ) -> Result<(), SourceError> {
        let SourceError::Cache(problem) = problem else { return Err(problem) };
        let unusable = !matches!(problem, CacheError::OverBudget { .. } | CacheError::Io { .. });
        self.note(&problem);
        if unusable {
            lock(&self.topics).insert(Arc::clone(topic), None);
        }
        Ok(())
    }
}

/// Adds the hashes of the distinct keys of a segment, or of all its keys.
fn add_keys(segment: &StoredSegment, hashes: &mut Vec<u128>) -> Result<(), CacheError> {
    if let Some(keys) = segment.keys_as_written() {
        hashes.extend(keys.iter(segment.partition().partition).map(|(key, _)| xxh3_128(key)));
        return Ok(());
    }
    for number in segment.batches_in_view()? {
        let batch = segment.read_batch(number, Wanted::Keys)?;
        hashes.extend(batch.iter().filter_map(|record| record.key()).map(xxh3_128));
    }
    Ok(())
}

/// Whether a plan wants less than all records with their values.
fn is_partial(plan: &ReadPlan) -> bool {
    plan.keys != KeyFilter::All || !(plan.values || plan.headers)
}

/// The ranges of a plan by topic.
fn by_topic(plan: &ReadPlan) -> BTreeMap<Arc<str>, Vec<OffsetRange>> {
    let mut topics: BTreeMap<Arc<str>, Vec<OffsetRange>> = BTreeMap::new();
    for range in &plan.ranges {
        topics.entry(Arc::clone(&range.topic)).or_default().push(range.clone());
    }
    topics
}

/// The parts of ranges about which everything is decided.
fn stable_parts(
    ranges: Vec<OffsetRange>,
    marks: &BTreeMap<TopicPartition, Watermarks>,
) -> Vec<OffsetRange> {
    let stable = |range: OffsetRange| {
        let to = range.to.min(marks.get(&range.topic_partition())?.last_stable);
        Some(OffsetRange { to, ..range })
    };
    ranges.into_iter().filter_map(stable).collect()
}
