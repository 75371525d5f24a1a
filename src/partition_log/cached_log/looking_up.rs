//! Looks keys up in what is kept without values: the index names the offsets, and only those are
//! fetched from the log.
//!
//! Promises: a value is handed on only where the log still has the record that the index names;
//! what the log no longer has is accounted for as it would be by a read of the log; where fetching
//! would cost more than reading on from there, nothing is looked up and the log is read.
//! Does not know: what is kept with values (`serving`), how the rest is read.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::CachedLog;
use super::serving::{Served, account, numbers_of, serve_segment};
use crate::model::{
    Cancel, KeyFilter, OffsetRange, PartitionRead, ReadEvent, ReadPlan, RecordBatch,
    RecordBatchBuilder, RecordRef, TopicPartition,
};
use crate::partition_log::cache::{CacheError, GoneFrom, SegmentEntry, Wanted};
use crate::partition_log::source::SourceError;
use crate::partition_log::stored_segment::StoredSegment;

/// What a fetch costs beside what it is for, in bytes: a broker sends whole batches, and its answer
/// takes a while in which it could have sent so much.
pub(super) const FETCH_BYTES: u64 = 1 << 20;

/// Records that are no further apart than this, in bytes about, are fetched together.
const NEAR_BYTES: u64 = 256 * 1024;

/// What is fetched for one question may take this much in memory, in bytes about.
const MOST_BYTES: u64 = 256 << 20;

/// A segment with the records in it that a look-up is about, without their values where they are
/// not kept.
struct Named {
    /// The segment.
    segment: StoredSegment,
    /// The records, where values are not kept.
    records: Option<Vec<RecordBatch>>,
}

/// The ranges that are looked up in, with what was named in them.
type NamedRanges<'p> = BTreeMap<TopicPartition, (&'p OffsetRange, Vec<Named>)>;

/// What is kept of a range with the records that a look-up found in it.
pub(super) struct LookedUp {
    /// The segments, in offset order.
    segments: Vec<Found>,
    /// How many values were fetched.
    pub(super) fetched: u64,
}

/// A segment with the records that were found in it.
struct Found {
    /// The segment.
    segment: StoredSegment,
    /// The records with their values; none where the segment itself has them.
    records: Option<Vec<RecordBatch>>,
    /// The offsets of records that are in the segment, and in the log no more.
    gone: Vec<i64>,
    /// Which of the offsets retention has taken.
    lost: Vec<OffsetRange>,
}

/// What was looked up, by partition. Of partitions that are not in it, nothing is kept without
/// values, or the log is to be read.
pub(super) type LookUps = BTreeMap<TopicPartition, LookedUp>;

/// What was fetched of a partition.
#[derive(Default)]
struct Fetched {
    /// The records asked for, in offset order.
    batches: Vec<RecordBatch>,
    /// The accounts of the parts.
    reads: Vec<PartitionRead>,
}

impl Fetched {
    /// The record with this offset.
    fn record(&self, offset: i64) -> Option<RecordRef<'_>> {
        let ends_before =
            |batch: &RecordBatch| batch.offsets().last().is_some_and(|last| *last < offset);
        let batch = self.batches.get(self.batches.partition_point(ends_before))?;
        batch.get(batch.offsets().binary_search(&offset).ok()?)
    }

    /// Whether retention took this offset before it could be fetched.
    fn is_lost(&self, offset: i64) -> bool {
        let mut lost = self.reads.iter().flat_map(|read| &read.lost);
        lost.any(|lost| (lost.from..lost.to).contains(&offset))
    }
}

/// Who is told.
type EventSink<'a> = dyn FnMut(ReadEvent) -> ControlFlow<()> + 'a;

impl CachedLog {
    /// Looks up the keys that a plan asks for in what is kept without values, and fetches their
    /// values. Says whether the sink had enough or it was called off.
    pub(super) fn look_up(
        &self,
        plan: &ReadPlan,
        cancel: &Cancel,
        sink: &mut EventSink<'_>,
    ) -> Result<(LookUps, ControlFlow<()>), SourceError> {
        let mut found = LookUps::new();
        if !is_look_up(plan) {
            return Ok((found, ControlFlow::Continue(())));
        }
        let mut named = NamedRanges::new();
        let mut parts = Vec::new();
        let mut bytes = 0;
        for range in &plan.ranges {
            let Some(segments) = self.name(range, plan)? else { continue };
            let wanted = worth_fetching(range, &segments, self.fetch_bytes);
            let Some((more, more_bytes)) = wanted else { continue };
            bytes += more_bytes;
            if bytes <= MOST_BYTES {
                parts.extend(more);
                named.insert(range.topic_partition(), (range, segments));
            }
        }
        let (mut fetched, flow) = self.fetch(plan, &named, &parts, cancel, sink)?;
        if flow.is_break() {
            return Ok((found, flow));
        }
        for (partition, (range, segments)) in named {
            let fetched = fetched.remove(&partition).unwrap_or_default();
            if !fetched.reads.iter().all(PartitionRead::is_done) {
                continue;
            }
            match join(segments, &fetched) {
                Ok(looked_up) => drop(found.insert(partition, looked_up)),
                Err(offset) => self.forget_from(range, offset)?,
            }
        }
        Ok((found, ControlFlow::Continue(())))
    }

    /// The records that a plan is about in what is kept of a range; `None` when all of it has its
    /// values, or it cannot be read.
    fn name(
        &self,
        range: &OffsetRange,
        plan: &ReadPlan,
    ) -> Result<Option<Vec<Named>>, SourceError> {
        let mut segments = Vec::new();
        let bare = ReadPlan { values: false, headers: false, ..plan.clone() };
        for segment in self.see(range, &bare)? {
            let records = if segment.entry().payloads {
                None
            } else {
                match records_with(&segment, &plan.keys) {
                    Ok(records) => Some(records),
                    Err(problem) => {
                        self.forget_segment(range, segment.entry(), &problem)?;
                        return Ok(None);
                    }
                }
            };
            segments.push(Named { segment, records });
        }
        let has_bare = segments.iter().any(|named| named.records.is_some());
        Ok(has_bare.then_some(segments))
    }

    /// Fetches parts of the log, and keeps of them what was named.
    fn fetch(
        &self,
        plan: &ReadPlan,
        named: &NamedRanges<'_>,
        parts: &[OffsetRange],
        cancel: &Cancel,
        sink: &mut EventSink<'_>,
    ) -> Result<(BTreeMap<TopicPartition, Fetched>, ControlFlow<()>), SourceError> {
        let mut fetched: BTreeMap<TopicPartition, Fetched> = BTreeMap::new();
        if parts.is_empty() {
            return Ok((fetched, ControlFlow::Continue(())));
        }
        let offsets: BTreeMap<&TopicPartition, Vec<i64>> =
            named.iter().map(|(partition, (_, named))| (partition, offsets(named))).collect();
        let mut flow = ControlFlow::Continue(());
        let outcome = self.source.read_parts(parts, plan.started_ms, cancel, &mut |event| {
            match event {
                ReadEvent::Batch(batch) => {
                    let wanted =
                        offsets.get(batch.partition()).map(|offsets| only(&batch, offsets));
                    if let Some(wanted) = wanted.filter(|wanted| !wanted.is_empty()) {
                        fetched.entry(batch.partition().clone()).or_default().batches.push(wanted);
                    }
                }
                // A part is no progress of the whole.
                ReadEvent::Progress(_) | ReadEvent::CaughtUp => {}
                other => flow = sink(other),
            }
            flow
        })?;
        for read in outcome.partitions {
            fetched.entry(read.partition.clone()).or_default().reads.push(read);
        }
        if cancel.is_cancelled() {
            flow = ControlFlow::Break(());
        }
        Ok((fetched, flow))
    }

    /// Forgets what is kept of a partition from an offset on, where the log has another record than
    /// the one kept.
    fn forget_from(&self, range: &OffsetRange, offset: i64) -> Result<(), SourceError> {
        let Some(topic) = self.topic(&range.topic)? else { return Ok(()) };
        let gone = |entry: &SegmentEntry| entry.to > offset;
        Ok(self.forget(&topic, range.partition, &gone, GoneFrom::Log)?)
    }

    /// Hands on what was looked up of a range.
    pub(super) fn serve_looked_up(
        &self,
        range: &OffsetRange,
        plan: &ReadPlan,
        looked_up: LookedUp,
        cancel: &Cancel,
        sink: &mut EventSink<'_>,
    ) -> Result<(Served, ControlFlow<()>), SourceError> {
        let mut served = Served::nothing(range, plan);
        for Found { segment, records, gone, lost } in looked_up.segments {
            let flow = match records {
                None => serve_segment(&segment, plan, cancel, sink),
                Some(records) => Ok(records.into_iter().try_for_each(|batch| {
                    if batch.is_empty() {
                        return ControlFlow::Continue(());
                    }
                    sink(ReadEvent::Batch(batch))
                })),
            };
            match flow {
                Ok(ControlFlow::Continue(())) => {}
                Ok(ControlFlow::Break(())) => return Ok((served, ControlFlow::Break(()))),
                Err((last_offset, problem)) => {
                    self.forget_segment(range, segment.entry(), &problem)?;
                    served.handed_on_to = last_offset.map_or(i64::MIN, |last| last + 1);
                    return Ok((served, ControlFlow::Continue(())));
                }
            }
            if let Err(problem) = account(&mut served, &segment, range, plan.isolation, &gone) {
                self.forget_segment(range, segment.entry(), &problem)?;
                served.handed_on_to = segment.last_offset() + 1;
                return Ok((served, ControlFlow::Continue(())));
            }
            let missing = (gone.len() + lost.len()) as u64;
            assert!(missing <= served.read.records, "only records that were counted can be gone");
            served.read.records -= missing;
            served.read.lost.extend(lost);
            if !gone.is_empty() {
                // Compaction has been there: what it left is kept anew the next time.
                self.forget_entry(range, segment.entry())?;
            }
        }
        Ok((served, ControlFlow::Continue(())))
    }
}

/// Whether a plan asks for single keys with their values.
pub(super) fn is_look_up(plan: &ReadPlan) -> bool {
    plan.keys != KeyFilter::All && (plan.values || plan.headers)
}

/// The records of a segment whose keys pass, without their values.
fn records_with(segment: &StoredSegment, keys: &KeyFilter) -> Result<Vec<RecordBatch>, CacheError> {
    let mut records = Vec::new();
    for number in numbers_of(segment, keys)? {
        let batch = segment.read_records(number, Wanted::Keys, keys)?;
        if !batch.is_empty() {
            records.push(batch);
        }
    }
    Ok(records)
}

/// The parts to fetch for the records that were named in a range, and what they take in bytes
/// about; `None` when reading on from there costs less.
fn worth_fetching(
    range: &OffsetRange,
    segments: &[Named],
    fetch_bytes: u64,
) -> Option<(Vec<OffsetRange>, u64)> {
    let partition = range.topic_partition();
    let mut parts: Vec<OffsetRange> = Vec::new();
    let (mut part_bytes, mut all_bytes) = (0, 0);
    for Named { segment, records } in segments {
        let Some(records) = records else { continue };
        let entry = segment.entry();
        all_bytes += entry.payload_bytes;
        let record_bytes = (entry.payload_bytes / u64::from(entry.rows).max(1)).max(1);
        for offset in records.iter().flat_map(RecordBatch::offsets).copied() {
            let apart = parts.last().map_or(u64::MAX, |part| offset.abs_diff(part.to));
            let is_near = apart.saturating_mul(record_bytes) <= NEAR_BYTES;
            if let Some(part) = parts.last_mut().filter(|_| is_near) {
                part.to = offset + 1;
                part_bytes += (apart + 1) * record_bytes;
            } else {
                parts.push(OffsetRange::new(&partition, offset, offset + 1));
                part_bytes += record_bytes;
            }
        }
    }
    assert!(
        parts.is_sorted_by(|one, other| one.to <= other.from),
        "parts are fetched in ascending order"
    );
    let cost = (parts.len() as u64).saturating_mul(fetch_bytes).saturating_add(part_bytes);
    (parts.is_empty() || cost <= all_bytes.max(part_bytes)).then_some((parts, part_bytes))
}

/// The offsets of the records that were named in segments without values, ascending.
fn offsets(named: &[Named]) -> Vec<i64> {
    let batches = named.iter().filter_map(|named| named.records.as_ref()).flatten();
    batches.flat_map(RecordBatch::offsets).copied().collect()
}

/// The records of a batch with these offsets, which ascend.
fn only(batch: &RecordBatch, offsets: &[i64]) -> RecordBatch {
    let mut builder = RecordBatchBuilder::new(batch.partition().clone());
    for record in batch.iter().filter(|record| offsets.binary_search(&record.offset()).is_ok()) {
        builder.push(record.facts(), record.key(), record.value(), record.headers());
    }
    builder.finish()
}

/// Puts together what the index says of records with the values that were fetched. Where the log
/// has another record than the index, its offset is the error.
fn join(segments: Vec<Named>, fetched: &Fetched) -> Result<LookedUp, i64> {
    let mut looked_up = LookedUp { segments: Vec::with_capacity(segments.len()), fetched: 0 };
    for Named { segment, records } in segments {
        let mut gone = Vec::new();
        let mut lost = Vec::new();
        let mut joined = Vec::new();
        for batch in records.iter().flatten() {
            let mut builder = RecordBatchBuilder::new(batch.partition().clone());
            for known in batch.iter() {
                let offset = known.offset();
                match fetched.record(offset) {
                    Some(found) if is_same(known, found) => {
                        builder.push(known.facts(), known.key(), found.value(), found.headers());
                        looked_up.fetched += 1;
                    }
                    Some(_) => return Err(offset),
                    None if fetched.is_lost(offset) => {
                        lost.push(OffsetRange::new(batch.partition(), offset, offset + 1));
                    }
                    None => gone.push(offset),
                }
            }
            joined.push(builder.finish());
        }
        let records = records.is_some().then_some(joined);
        looked_up.segments.push(Found { segment, records, gone, lost });
    }
    Ok(looked_up)
}

/// Whether the index and the log tell of the same record.
fn is_same(known: RecordRef<'_>, found: RecordRef<'_>) -> bool {
    known.key() == found.key()
        && known.timestamp_ms() == found.timestamp_ms()
        && known.timestamp_type() == found.timestamp_type()
        && known.value().is_none() == found.value().is_none()
}
