//! Keeps what a follower is given, without reading it again.
//!
//! Promises: only what a reader of committed records was given is kept, so nothing at or above the
//! last stable offset; memory is bounded however long somebody follows; whoever writes meanwhile is
//! not waited for.
//! Does not know: what the follower does with the records.
//!
//! What arrives is the tail of the log. It is written as segments when it is large enough and when
//! following ends; a crash costs what was not written yet, which then is read again. A tail with
//! gaps is read again at once: behind a gap may stand aborted records, and only the log itself can
//! say which. At the end of following, when nobody waits any more, that is left to whoever asks
//! next, and so are tails that are too short to be worth a segment.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Instant;

use super::CachedLog;
use super::filling::Filling;
use crate::model::{
    Cancel, Isolation, KeyFilter, LeaderEpoch, OffsetRange, PLAUSIBLE_FUTURE_MS, PartitionRead,
    ReadEvent, ReadOutcome, ReadPlan, RecordBatch, RecordBatchBuilder, RecordRef, TopicPartition,
};
use crate::partition_log::cache::{Filler, Joining};
use crate::partition_log::source::SourceError;

/// How large tails become.
#[derive(Clone, Copy, Debug)]
pub(super) struct TailSizes {
    /// The tail of a partition is written when it has this many records.
    pub(super) records: usize,
    /// The largest tail is written when all of them together take this much memory, in bytes.
    pub(super) bytes: usize,
    /// At the end, tails with fewer records than this are not worth a segment.
    pub(super) least_records: usize,
}

impl Default for TailSizes {
    fn default() -> Self {
        Self { records: 256 * 1024, bytes: 128 << 20, least_records: 1000 }
    }
}

/// Records that come one by one are put together to so many.
const BATCH_RECORDS: usize = 4096;

/// What arrived of a partition and is not kept yet.
#[derive(Debug)]
struct PartitionTail {
    /// The first offset it accounts for.
    from: i64,
    /// The offset after its last record.
    to: i64,
    /// Whether every offset in between has a record.
    without_gaps: bool,
    /// The records.
    batches: Vec<RecordBatch>,
    /// Records that wait until there is a batch of them.
    waiting: RecordBatchBuilder,
    /// How many records there are, those that wait aside.
    records: usize,
    /// The memory they take, in bytes.
    bytes: usize,
    /// Under which leaders the partition was written since following began.
    leader_epochs: Vec<LeaderEpoch>,
    /// The earliest timestamp that the follower was told is implausible, in milliseconds.
    doubted_from_ms: Option<i64>,
}

impl PartitionTail {
    /// A tail that begins at this offset.
    fn from(partition: &TopicPartition, from: i64) -> Self {
        Self {
            from,
            to: from,
            without_gaps: true,
            batches: Vec::new(),
            waiting: RecordBatchBuilder::new(partition.clone()),
            records: 0,
            bytes: 0,
            leader_epochs: Vec::new(),
            doubted_from_ms: None,
        }
    }

    /// Takes records that come next. What was kept before it began is left out.
    fn take(&mut self, batch: RecordBatch) {
        let batch = batch.from_offset(self.to);
        let (Some(first), Some(last)) = (batch.offsets().first(), batch.offsets().last()) else {
            return;
        };
        assert!(*first >= self.to, "what was kept before is left out");
        let spanned = usize::try_from(last + 1 - self.to).unwrap_or(usize::MAX);
        self.without_gaps &= *first == self.to && spanned == batch.len();
        self.to = last + 1;
        let doubted = batch.iter().filter(|record| record.has_implausible_time());
        let doubted = doubted.map(|record| record.timestamp_ms());
        self.doubted_from_ms = self.doubted_from_ms.into_iter().chain(doubted).min();
        self.records += batch.len();
        self.bytes += batch.memory_bytes();
        self.batches.push(batch);
    }

    /// Takes the records that waited.
    fn take_waiting(&mut self) {
        if !self.waiting.is_empty() {
            let batch = self.waiting.finish();
            self.take(batch);
        }
    }

    /// What there is, after which the next tail begins.
    fn cut(&mut self, partition: &TopicPartition) -> Self {
        assert!(self.from <= self.to, "a tail ends behind its beginning");
        let mut next = Self::from(partition, self.to);
        next.leader_epochs.clone_from(&self.leader_epochs);
        std::mem::replace(self, next)
    }
}

/// What arrived while somebody follows, and is not kept yet.
pub(super) struct Tail<'l> {
    /// Where it is kept.
    log: &'l CachedLog,
    /// When following began: the moment, and in milliseconds since the epoch.
    began: (Instant, i64),
    /// By partition; none where nothing can be kept.
    partitions: BTreeMap<TopicPartition, PartitionTail>,
    /// Calls off what takes long.
    cancel: Cancel,
}

impl<'l> Tail<'l> {
    /// The tail of a plan that follows. Nothing is kept for a plan that does not want everything.
    pub(super) fn new(
        log: &'l CachedLog,
        plan: &ReadPlan,
        cancel: &Cancel,
    ) -> Result<Self, SourceError> {
        let mut partitions = BTreeMap::new();
        let everything = plan.keys == KeyFilter::All && plan.values && plan.headers;
        if plan.follow && everything && plan.isolation == Isolation::Committed {
            for range in &plan.ranges {
                let Some(topic) = log.topic(&range.topic)? else { continue };
                // What cannot be read cannot be added to.
                let Ok(kept) = topic.partition(range.partition) else { continue };
                let end = kept.files().last().map_or(i64::MIN, |file| file.entry().to);
                let partition = range.topic_partition();
                let tail = PartitionTail::from(&partition, range.from.max(end));
                partitions.insert(partition, tail);
            }
        }
        Ok(Self {
            log,
            began: (Instant::now(), plan.started_ms),
            partitions,
            cancel: cancel.clone(),
        })
    }

    /// Hears what a read says.
    pub(super) fn hear(&mut self, event: &ReadEvent) -> Result<(), SourceError> {
        match event {
            ReadEvent::Batch(batch) => {
                if let Some(tail) = self.partitions.get_mut(batch.partition()) {
                    tail.take(batch.clone());
                    return self.keep_what_is_large(batch.partition());
                }
            }
            ReadEvent::Progress(reads) => self.know_leaders(reads),
            _ => {}
        }
        Ok(())
    }

    /// Takes the next record of its partition.
    pub(super) fn take(&mut self, record: RecordRef<'_>) -> Result<(), SourceError> {
        let Some(tail) = self.partitions.get_mut(record.partition()) else { return Ok(()) };
        if record.offset() < tail.to {
            return Ok(());
        }
        tail.waiting.push(record.facts(), record.key(), record.value(), record.headers());
        if tail.waiting.len() < BATCH_RECORDS {
            return Ok(());
        }
        tail.take_waiting();
        self.keep_what_is_large(record.partition())
    }

    /// Keeps what is worth it, because following has ended.
    pub(super) fn end(mut self, outcome: &ReadOutcome) -> Result<(), SourceError> {
        self.know_leaders(&outcome.partitions);
        let least_records = self.log.tail_sizes.least_records;
        for (partition, mut tail) in std::mem::take(&mut self.partitions) {
            tail.take_waiting();
            if tail.without_gaps && tail.records >= least_records {
                self.keep(&partition, tail)?;
            }
        }
        Ok(())
    }

    /// Notes under which leaders the partitions were written.
    fn know_leaders(&mut self, reads: &[PartitionRead]) {
        for read in reads {
            if let Some(tail) = self.partitions.get_mut(&read.partition) {
                tail.leader_epochs.clone_from(&read.leader_epochs);
            }
        }
    }

    /// Keeps the tail of this partition, which has grown, if it is large, or the largest if all are
    /// together.
    fn keep_what_is_large(&mut self, grown: &TopicPartition) -> Result<(), SourceError> {
        let TailSizes { records, bytes, .. } = self.log.tail_sizes;
        let is_large = self.partitions.get(grown).is_some_and(|tail| tail.records >= records);
        let all_bytes: usize = self.partitions.values().map(|tail| tail.bytes).sum();
        let large = if is_large {
            Some(grown.clone())
        } else {
            let largest = self.partitions.iter().max_by_key(|(_, tail)| tail.bytes);
            largest.filter(|_| all_bytes >= bytes).map(|(partition, _)| partition.clone())
        };
        let Some(partition) = large else { return Ok(()) };
        let Some(tail) = self.partitions.get_mut(&partition) else { return Ok(()) };
        let full = tail.cut(&partition);
        self.keep(&partition, full)
    }

    /// Keeps a tail, unless somebody else writes.
    fn keep(&self, partition: &TopicPartition, tail: PartitionTail) -> Result<(), SourceError> {
        self.try_to_keep(partition, tail)
            .or_else(|problem| self.log.give_up(&partition.topic, problem))
    }

    /// The same, with the problem where it cannot be written.
    fn try_to_keep(
        &self,
        partition: &TopicPartition,
        tail: PartitionTail,
    ) -> Result<(), SourceError> {
        let Some(cache) = &self.log.cache else { return Ok(()) };
        let Some(topic) = self.log.topic(&partition.topic)? else { return Ok(()) };
        let (began, began_ms) = self.began;
        let elapsed_ms = i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX);
        // What the follower was told is implausible is no less so because it is written later.
        let now_ms = began_ms.saturating_add(elapsed_ms);
        let judged_before = |doubted_ms: i64| doubted_ms.saturating_sub(PLAUSIBLE_FUTURE_MS + 1);
        let started_ms = tail.doubted_from_ms.map_or(now_ms, |ms| now_ms.min(judged_before(ms)));
        let (number, payloads) = (partition.partition, self.log.payloads);
        if !tail.without_gaps {
            let range = OffsetRange::new(partition, tail.from, tail.to);
            let filling =
                Filling { started_ms, payloads, joining: Joining::Nothing, ..Filling::default() };
            let mut ignore = |_event| ControlFlow::Continue(());
            self.log.fill(cache, &topic, &[range], filling, &self.cancel, &mut ignore)?;
            return Ok(());
        }
        let Some(right) = topic.write_lock()? else {
            tracing::debug!(target: "cache", %partition, "somebody else writes: the tail is not kept");
            return Ok(());
        };
        // Somebody may have kept a part of it meanwhile.
        let holes = topic.partition(number)?.holes(tail.from, tail.to, payloads);
        let Some((from, to)) = holes.last().copied().filter(|(_, to)| *to == tail.to) else {
            return Ok(());
        };
        let missing = [(number, (from, to))];
        let joining = Joining::Nothing;
        let filler =
            Filler::start(cache, &topic, right, &missing, (started_ms, payloads, joining))?;
        let mut batches = tail.batches.into_iter().map(|batch| batch.from_offset(from));
        if batches.all(|batch| batch.is_empty() || filler.append(batch)) {
            filler.end(partition, to, tail.leader_epochs);
        }
        Ok(filler.finish()?)
    }
}
