//! Serves records from what is kept, as if they were read from the log.
//!
//! Promises: batches in offset order, accounted for like a read; a key is looked up, not searched
//! for; at the first damage the rest is left to the log, and what is damaged is forgotten.
//! Does not know: how the rest is read.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::CachedLog;
use crate::model::{Cancel, Isolation, KeyFilter, OffsetRange, PartitionRead, ReadEvent, ReadPlan};
use crate::partition_log::cache::{CacheError, GoneFrom, PartitionCache, SegmentEntry, Wanted};
use crate::partition_log::source::SourceError;
use crate::partition_log::store::LogStore;
use crate::partition_log::stored_segment::{ReadView, StoredSegment};

/// A part of what was kept could not be read, and is kept no longer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Forgotten;

/// What was served of a range.
#[derive(Clone, Debug)]
pub(super) struct Served {
    /// The account of it, up to where it was served.
    pub(super) read: PartitionRead,
    /// The log time after it, in milliseconds.
    pub(super) latest_ms: Option<i64>,
    /// Records before this offset were handed on, also those that the account lacks because what
    /// was behind them is damaged.
    pub(super) handed_on_to: i64,
}

impl Served {
    /// Nothing of a range.
    pub(super) fn nothing(range: &OffsetRange, plan: &ReadPlan) -> Self {
        let latest_ms = plan.log_time_before(&range.topic_partition());
        Self { read: PartitionRead::starting(range), latest_ms, handed_on_to: i64::MIN }
    }
}

impl CachedLog {
    /// What is kept of a range, from its beginning to the first hole.
    pub(super) fn see(
        &self,
        range: &OffsetRange,
        plan: &ReadPlan,
    ) -> Result<Vec<StoredSegment>, SourceError> {
        self.see_after(range, plan, &Served::nothing(range, plan))
    }

    /// What is kept of a range behind what was served of it, up to the first hole.
    fn see_after(
        &self,
        range: &OffsetRange,
        plan: &ReadPlan,
        served: &Served,
    ) -> Result<Vec<StoredSegment>, SourceError> {
        if served.read.position >= range.to {
            return Ok(Vec::new());
        }
        let Some(topic) = self.topic(&range.topic)? else { return Ok(Vec::new()) };
        let payloads = plan.values || plan.headers;
        let after = (served.read.position, served.latest_ms);
        let kept = match topic.partition(range.partition) {
            Ok(kept) => kept,
            Err(problem) => {
                self.note(&problem);
                return Ok(Vec::new());
            }
        };
        // A segment may begin before: it was put together with what was served of it.
        let rest = OffsetRange { from: served.read.position, ..range.clone() };
        let seen = kept.see(self.read_view(&rest, plan, &kept), after, payloads);
        if let Some(unreadable) = seen.unreadable {
            let (entry, problem) = *unreadable;
            self.forget_segment(range, &entry, &problem)?;
        }
        Ok(seen.segments)
    }

    /// How the range of a plan is seen, of which this is kept.
    fn read_view(&self, range: &OffsetRange, plan: &ReadPlan, kept: &PartitionCache) -> ReadView {
        ReadView {
            partition: range.topic_partition(),
            isolation: plan.isolation,
            from_offset: range.from,
            to_offset: range.to,
            judging: kept.judging(plan.started_ms),
            pending_ms: i64::MIN,
            batches: Arc::clone(&self.batches),
        }
    }

    /// The first segments of a range that are kept from this offset on, without a hole between
    /// them, for whoever counts records. `None` when there are no more.
    pub(super) fn see_next(
        &self,
        range: &OffsetRange,
        plan: &ReadPlan,
        position: i64,
    ) -> Result<Option<Result<Vec<StoredSegment>, Forgotten>>, SourceError> {
        let Some(topic) = self.topic(&range.topic)? else { return Ok(None) };
        let kept = topic.partition(range.partition)?;
        let payloads = plan.values || plan.headers;
        let Some(from) = kept.next_from(position, payloads).filter(|from| *from < range.to) else {
            return Ok(None);
        };
        // Log times are of no interest: any known one spares looking for the first.
        let seen = kept.see(self.read_view(range, plan, &kept), (from, Some(i64::MIN)), payloads);
        if let Some(unreadable) = seen.unreadable {
            let (entry, problem) = *unreadable;
            self.forget_segment(range, &entry, &problem)?;
            return Ok(Some(Err(Forgotten)));
        }
        assert!(!seen.segments.is_empty(), "there is a segment from {from} on");
        Ok(Some(Ok(seen.segments)))
    }

    /// Hands on what is kept of a range.
    pub(super) fn serve(
        &self,
        range: &OffsetRange,
        plan: &ReadPlan,
        cancel: &Cancel,
        sink: &mut dyn FnMut(ReadEvent) -> ControlFlow<()>,
    ) -> Result<(Served, ControlFlow<()>), SourceError> {
        let mut served = Served::nothing(range, plan);
        let segments = self.see(range, plan)?;
        for segment in &segments {
            match serve_segment(segment, plan, cancel, sink) {
                Ok(ControlFlow::Continue(())) => {}
                Ok(ControlFlow::Break(())) => return Ok((served, ControlFlow::Break(()))),
                Err((last_offset, problem)) => {
                    self.forget_segment(range, segment.entry(), &problem)?;
                    served.handed_on_to = last_offset.map_or(i64::MIN, |last| last + 1);
                    return Ok((served, ControlFlow::Continue(())));
                }
            }
            if let Err(problem) = account(&mut served, segment, range, plan.isolation, &[]) {
                self.forget_segment(range, segment.entry(), &problem)?;
                served.handed_on_to = segment.last_offset() + 1;
                return Ok((served, ControlFlow::Continue(())));
            }
        }
        Ok((served, ControlFlow::Continue(())))
    }

    /// Puts what is kept of a range into a store.
    pub(super) fn adopt(
        &self,
        range: &OffsetRange,
        plan: &ReadPlan,
        store: &mut LogStore,
    ) -> Result<Served, SourceError> {
        let mut served = Served::nothing(range, plan);
        let segments = self.adopt_after(range, plan, &mut served)?;
        store.adopt(&range.topic_partition(), segments);
        Ok(served)
    }

    /// What is kept of a range behind what was served of it, which is accounted for as served.
    pub(super) fn adopt_after(
        &self,
        range: &OffsetRange,
        plan: &ReadPlan,
        served: &mut Served,
    ) -> Result<Vec<StoredSegment>, SourceError> {
        let mut whole = Vec::new();
        for segment in self.see_after(range, plan, served)? {
            if let Err(problem) = account(served, &segment, range, plan.isolation, &[]) {
                self.forget_segment(range, segment.entry(), &problem)?;
                break;
            }
            whole.push(segment);
        }
        Ok(whole)
    }

    /// Forgets a segment that cannot be read. When another process has put it together with others
    /// or removed it meanwhile, that is no problem: what is kept instead is looked at.
    pub(super) fn forget_segment(
        &self,
        range: &OffsetRange,
        damaged: &SegmentEntry,
        problem: &CacheError,
    ) -> Result<(), SourceError> {
        let Some(topic) = self.topic(&range.topic)? else { return Ok(()) };
        let is_kept = topic.look_again(range.partition).map(|kept| kept.keeps(damaged));
        if matches!(is_kept, Ok(false)) {
            tracing::debug!(target: "cache", %problem, "another process has replaced a segment");
            topic.refresh();
            return Ok(());
        }
        self.note(problem);
        self.forget_entry(range, damaged)
    }

    /// Forgets a segment. Where not even that can be done, whoever meets it again is told again.
    pub(super) fn forget_entry(
        &self,
        range: &OffsetRange,
        forgotten: &SegmentEntry,
    ) -> Result<(), SourceError> {
        let Some(topic) = self.topic(&range.topic)? else { return Ok(()) };
        let gone = |entry: &SegmentEntry| entry == forgotten;
        let forgotten = self.forget(&topic, range.partition, &gone, GoneFrom::Index);
        if let Err(problem) = forgotten {
            self.note(&problem);
        }
        Ok(())
    }

    /// Forgets all segments of these ranges that turned out to be damaged.
    pub(super) fn forget_damaged(&self, plan: &ReadPlan) -> Result<(), SourceError> {
        for range in &plan.ranges {
            let Some(topic) = self.topic(&range.topic)? else { continue };
            let Ok(kept) = topic.partition(range.partition) else { continue };
            for file in kept.files().iter().filter(|file| file.damage().is_some()) {
                let problem = file.damage_error();
                self.forget_segment(range, file.entry(), &problem)?;
            }
        }
        Ok(())
    }
}

/// The numbers of the batches of a segment that may hold records with these keys, ascending.
pub(super) fn numbers_of(
    segment: &StoredSegment,
    keys: &KeyFilter,
) -> Result<Vec<usize>, CacheError> {
    match keys {
        KeyFilter::Equals(key) => segment.batches_with(key),
        KeyFilter::All | KeyFilter::Contains(_) => segment.batches_in_view().map(Iterator::collect),
    }
}

/// Hands on the records of a segment that a plan wants. At damage it says the last offset that was
/// handed on.
pub(super) fn serve_segment(
    segment: &StoredSegment,
    plan: &ReadPlan,
    cancel: &Cancel,
    sink: &mut dyn FnMut(ReadEvent) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, (Option<i64>, CacheError)> {
    let numbers = numbers_of(segment, &plan.keys);
    let wanted = if plan.values || plan.headers { Wanted::Everything } else { Wanted::Keys };
    let mut last_offset = None;
    for number in numbers.map_err(|problem| (last_offset, problem))? {
        if cancel.is_cancelled() {
            return Ok(ControlFlow::Break(()));
        }
        let batch = segment.read_records(number, wanted, &plan.keys);
        let batch = batch.map_err(|problem| (last_offset, problem))?;
        let Some(last) = batch.offsets().last().copied() else { continue };
        if sink(ReadEvent::Batch(batch)).is_break() {
            return Ok(ControlFlow::Break(()));
        }
        last_offset = Some(last);
    }
    Ok(ControlFlow::Continue(()))
}

/// Accounts for a segment that was served whole, but for records at these offsets, which are gone
/// from the log.
pub(super) fn account(
    served: &mut Served,
    segment: &StoredSegment,
    range: &OffsetRange,
    isolation: Isolation,
    gone: &[i64],
) -> Result<(), CacheError> {
    let entry = segment.entry();
    let (from, to) = (served.read.position, entry.to.min(range.to));
    assert!(entry.from <= from, "segments are served one after another, without a hole");
    assert!(from < to, "a segment that is served has a part in the range");
    let mut gaps = segment.gaps()?;
    let mut bytes = match isolation {
        Isolation::Committed => entry.payload_bytes - entry.aborted_bytes,
        Isolation::Uncommitted => entry.payload_bytes,
    };
    let whole = (from, to) == (entry.from, entry.to);
    let lists_aborted = isolation == Isolation::Committed && entry.aborted > 0;
    if lists_aborted {
        gaps.extend(
            segment.file().aborted_offsets()?.into_iter().map(|offset| (offset, offset + 1)),
        );
    }
    gaps.extend(gone.iter().map(|offset| (*offset, offset + 1)));
    gaps.sort_unstable();
    if !whole && !entry.payloads {
        // How large each value is, is not kept.
        let all = u128::from(entry.payload_bytes) * u128::from(segment.rows());
        bytes = u64::try_from(all / u128::from(entry.rows).max(1)).unwrap_or(u64::MAX);
    } else if !whole {
        bytes = 0;
        for number in segment.batches_in_view()? {
            let batch = segment.read_batch(number, Wanted::Everything)?;
            bytes += batch.iter().map(|record| record.payload_bytes() as u64).sum::<u64>();
        }
    }
    let read = &mut served.read;
    if read.first_timestamp_ms.is_none() && segment.rows() > 0 {
        read.first_timestamp_ms = segment.first_timestamp_ms()?;
    }
    for (gap_from, gap_to) in gaps {
        let gap = OffsetRange::new(&read.partition, gap_from.max(from), gap_to.min(to));
        if gap.is_empty() {
            continue;
        }
        match read.gaps.last_mut() {
            Some(last) if last.to >= gap.from => last.to = last.to.max(gap.to),
            _ => read.gaps.push(gap),
        }
    }
    read.position = to;
    assert!(
        u64::from(segment.rows()) <= from.abs_diff(to),
        "there are no more records than offsets"
    );
    read.records += u64::from(segment.rows());
    read.bytes += bytes;
    served.latest_ms = segment.latest_after_ms();
    read.last_log_time_ms = served.latest_ms;
    Ok(())
}
