//! A segment on disk as one reader sees it: at an isolation level, from a log start, at a moment.
//!
//! Promises: the same rows and log times that a plain read of the log would give; batches are read
//! when they are needed and kept while there is room; what cannot be read is `None` or missing, and
//! the file remembers why.
//! Does not know: how files are laid out.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use super::cache::{
    BatchCache, CacheError, DistinctKeys, SegmentEntry, SegmentFile, StoredBatch, Wanted,
};
use super::time_buckets::{TimeBuckets, TimeCounts};
use crate::model::{
    Isolation, Judging, KeyFilter, LogClock, LogTime, RecordBatch, RecordBatchBuilder, RecordFacts,
    TopicPartition, Transaction,
};

/// What one reader sees of the segments of a partition.
#[derive(Clone, Debug)]
pub(crate) struct ReadView {
    /// The partition.
    pub(crate) partition: TopicPartition,
    /// Which records are delivered.
    pub(crate) isolation: Isolation,
    /// Records before this offset are gone from the log, or not wanted.
    pub(crate) from_offset: i64,
    /// Records at or after this offset are not wanted.
    pub(crate) to_offset: i64,
    /// Which timestamps are implausible.
    pub(crate) judging: Judging,
    /// The log time of implausible records before all plausible ones, in milliseconds.
    pub(crate) pending_ms: i64,
    /// Where batches are kept.
    pub(crate) batches: Arc<BatchCache>,
}

impl ReadView {
    /// Whether a record is delivered.
    fn delivers(&self, offset: i64, transaction: Transaction) -> bool {
        (self.from_offset..self.to_offset).contains(&offset)
            && (self.isolation == Isolation::Uncommitted || transaction != Transaction::Aborted)
    }

    /// Of two latest timestamps, of all records and of those not aborted, the one of records that
    /// may be delivered.
    fn latest_ms(&self, all_ms: i64, committed_ms: i64) -> Option<i64> {
        let latest_ms = match self.isolation {
            Isolation::Committed => committed_ms,
            Isolation::Uncommitted => all_ms,
        };
        Some(latest_ms).filter(|latest_ms| *latest_ms > i64::MIN)
    }

    /// How many of these rows are delivered when this many of them are aborted.
    fn delivered(&self, rows: u32, aborted: u32) -> u32 {
        match self.isolation {
            Isolation::Committed => {
                assert!(aborted <= rows, "aborted records are records");
                rows - aborted
            }
            Isolation::Uncommitted => rows,
        }
    }

    /// Whether the latest timestamp of these offsets, from (inclusive) to (exclusive), in
    /// milliseconds, is plausible whichever of them has it.
    fn believes(&self, offsets: (i64, i64), latest_ms: Option<i64>) -> bool {
        latest_ms.is_none_or(|latest_ms| self.judging.believes_all(offsets, latest_ms))
    }
}

/// Where the rows of a segment lie.
#[derive(Debug)]
struct Layout {
    /// How many rows are delivered before each batch, and in all.
    starts: Vec<u32>,
    /// The log time before each batch, in milliseconds, and after the last one.
    latest_ms: Vec<Option<i64>>,
}

/// A segment on disk as one reader sees it.
#[derive(Debug)]
pub(crate) struct StoredSegment {
    /// The segment.
    file: Arc<SegmentFile>,
    /// What is seen of it.
    view: Arc<ReadView>,
    /// Names this view in the cache of batches.
    id: u64,
    /// The log time before the first record, in milliseconds.
    latest_before_ms: Option<i64>,
    /// The log time after the last record, in milliseconds.
    latest_after_ms: Option<i64>,
    /// How many rows are delivered.
    rows: u32,
    /// Whether everything the files say of log times holds for this reader.
    as_written: bool,
    /// Where the rows lie, once it was needed.
    layout: OnceLock<Layout>,
    /// Time buckets that had to be computed.
    times: OnceLock<TimeBuckets>,
}

/// The number of the next view.
static NEXT_ID: AtomicU64 = AtomicU64::new(0);

impl StoredSegment {
    /// A segment that comes after this log time, in milliseconds.
    ///
    /// # Errors
    /// When it cannot be read. It need not be, unless the log start lies in it or timestamps are in
    /// the future.
    pub(crate) fn new(
        file: Arc<SegmentFile>,
        view: Arc<ReadView>,
        latest_before_ms: Option<i64>,
    ) -> Result<Self, CacheError> {
        let entry = file.entry();
        assert!(
            entry.from < view.to_offset && view.from_offset < entry.to,
            "a segment is seen by whoever asks for a part of it"
        );
        let whole = view.from_offset <= entry.from && entry.to <= view.to_offset;
        let latest_ms = view.latest_ms(entry.latest_ms, entry.latest_committed_ms);
        let simple = whole && view.believes((entry.from, entry.to), latest_ms);
        let mut segment = Self {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            latest_before_ms,
            latest_after_ms: latest_before_ms.max(latest_ms),
            rows: view.delivered(entry.rows, entry.aborted),
            as_written: simple && entry.plain && log_times_hold(entry, latest_before_ms),
            layout: OnceLock::new(),
            times: OnceLock::new(),
            file,
            view,
        };
        if !simple {
            let layout = segment.lay_out()?;
            segment.rows = layout.starts.last().copied().unwrap_or(0);
            segment.latest_after_ms = layout.latest_ms.last().copied().flatten();
            segment.layout = OnceLock::from(layout);
        }
        Ok(segment)
    }

    /// Finds out where the rows lie. Batches that are delivered in part, or hold timestamps from
    /// the future, are read.
    fn lay_out(&self) -> Result<Layout, CacheError> {
        let view = &self.view;
        let batches = self.file.batches()?;
        let mut starts = Vec::with_capacity(batches.len() + 1);
        let mut latest = Vec::with_capacity(batches.len() + 1);
        let (mut rows, mut latest_ms) = (0, self.latest_before_ms);
        for batch in batches {
            starts.push(rows);
            latest.push(latest_ms);
            if batch.last_offset < view.from_offset || view.to_offset <= batch.first_offset {
                continue;
            }
            let whole =
                view.from_offset <= batch.first_offset && batch.last_offset < view.to_offset;
            let batch_ms = view.latest_ms(batch.latest_ms, batch.latest_committed_ms);
            let offsets = (batch.first_offset, batch.last_offset + 1);
            if whole && view.believes(offsets, batch_ms) {
                rows += view.delivered(batch.rows, batch.aborted);
                latest_ms = latest_ms.max(batch_ms);
                continue;
            }
            let columns = self.file.columns(batch, Wanted::Keys)?;
            let mut clock = LogClock::going_on_from(view.judging.clone(), latest_ms);
            for row in 0..columns.len() {
                let offset = columns.offsets.value(row);
                if view.delivers(offset, columns.transaction(row)) {
                    clock.advance(offset, columns.timestamp_ms(row));
                    rows += 1;
                }
            }
            latest_ms = clock.latest_ms();
        }
        starts.push(rows);
        latest.push(latest_ms);
        Ok(Layout { starts, latest_ms: latest })
    }

    /// Where the rows lie.
    fn layout(&self) -> Result<&Layout, CacheError> {
        if let Some(layout) = self.layout.get() {
            return Ok(layout);
        }
        let layout = self.lay_out()?;
        if layout.starts.last() != Some(&self.rows) {
            return Err(self.file.disagreement());
        }
        Ok(self.layout.get_or_init(|| layout))
    }

    /// What the manifest says of it.
    pub(super) fn entry(&self) -> &SegmentEntry {
        self.file.entry()
    }

    /// The offsets in it without a record, as ranges from (inclusive) and to (exclusive),
    /// ascending.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub(super) fn gaps(&self) -> Result<Vec<(i64, i64)>, CacheError> {
        if self.file.entry().gaps == 0 {
            return Ok(Vec::new());
        }
        self.file.index()?.gaps()
    }

    /// The timestamp of the first record delivered, in milliseconds.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn first_timestamp_ms(&self) -> Result<Option<i64>, CacheError> {
        let starts = &self.layout()?.starts;
        let Some(first) = starts.iter().rposition(|start| *start == 0) else { return Ok(None) };
        if first + 1 >= starts.len() {
            return Ok(None);
        }
        Ok(self.read_batch(first, Wanted::Keys)?.timestamps_ms().first().copied())
    }

    /// The partition it is of.
    pub(super) fn partition(&self) -> &TopicPartition {
        &self.view.partition
    }

    /// The file of the segment.
    pub(super) fn file(&self) -> &SegmentFile {
        &self.file
    }

    /// How many rows there are.
    pub(super) fn rows(&self) -> u32 {
        self.rows
    }

    /// The memory of what is held of it all the time, in bytes.
    pub(super) fn memory_bytes(&self) -> u64 {
        let index = self.file.index_memory_bytes();
        let layout = self.layout.get().map_or(0, |layout| {
            layout.starts.len() * (size_of::<u32>() + size_of::<Option<i64>>())
        });
        let times = self.times.get().map_or(0, TimeBuckets::memory_bytes);
        (size_of::<Self>() + index + layout + times) as u64
    }

    /// The last offset it accounts for.
    pub(super) fn last_offset(&self) -> i64 {
        self.file.entry().to.min(self.view.to_offset) - 1
    }

    /// The log time of the last record, in milliseconds.
    pub(super) fn last_log_time_ms(&self) -> i64 {
        self.latest_after_ms.unwrap_or(self.view.pending_ms)
    }

    /// The log time after the last record, in milliseconds; none before the first plausible one.
    pub(super) fn latest_after_ms(&self) -> Option<i64> {
        self.latest_after_ms
    }

    /// What the segment says of its distinct keys, where that holds for this reader.
    pub(super) fn keys_as_written(&self) -> Option<DistinctKeys> {
        self.as_written.then(|| self.file.note(self.file.keys())).flatten()
    }

    /// The numbers of the batches with offsets that are in view.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub(super) fn batches_in_view(&self) -> Result<Range<usize>, CacheError> {
        let batches = self.file.batches()?;
        let from = batches.partition_point(|batch| batch.last_offset < self.view.from_offset);
        let to = batches.partition_point(|batch| batch.first_offset < self.view.to_offset);
        assert!(from <= to, "batches ascend, and so do the offsets of what is seen");
        Ok(from..to)
    }

    /// The delivered records of the batch with this number, read anew: for whoever reads all of
    /// them once.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn read_batch(
        &self,
        number: usize,
        wanted: Wanted,
    ) -> Result<RecordBatch, CacheError> {
        self.read_records(number, wanted, &KeyFilter::All)
    }

    /// Those of the delivered records of a batch whose keys pass, read anew.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn read_records(
        &self,
        number: usize,
        wanted: Wanted,
        keys: &KeyFilter,
    ) -> Result<RecordBatch, CacheError> {
        let latest_ms = self.layout()?.latest_ms[number];
        let view = &self.view;
        let batch = &self.file.batches()?[number];
        let columns = self.file.columns(batch, wanted)?;
        if !columns.is_of(batch) {
            return Err(self.file.disagreement());
        }
        let mut clock = LogClock::going_on_from(view.judging.clone(), latest_ms);
        let mut builder = RecordBatchBuilder::new(view.partition.clone());
        for row in 0..columns.len() {
            let (offset, transaction) = (columns.offsets.value(row), columns.transaction(row));
            if !view.delivers(offset, transaction) {
                continue;
            }
            let timestamp_ms = columns.timestamp_ms(row);
            let log_time = clock.advance(offset, timestamp_ms);
            let key = columns.key(row);
            if !keys.takes(key) {
                continue;
            }
            let facts = RecordFacts {
                offset,
                timestamp_ms,
                log_time_ms: match log_time {
                    LogTime::Known(ms) | LogTime::Implausible(ms) => ms,
                    LogTime::Pending => view.pending_ms,
                },
                timestamp_type: columns.timestamp_type(row),
                transaction,
                implausible_time: !matches!(log_time, LogTime::Known(_)),
            };
            builder.push(facts, key, columns.value(row), columns.headers(row));
        }
        Ok(builder.finish())
    }

    /// The delivered records of the batch with this number.
    fn batch(&self, number: usize) -> Result<Arc<RecordBatch>, CacheError> {
        let read = || self.read_batch(number, Wanted::Everything);
        self.view.batches.get((self.id, number), read)
    }

    /// The batch that holds this row, and the row's number in it.
    pub(super) fn batch_at(&self, row: u32) -> Option<(Arc<RecordBatch>, usize)> {
        let find = || -> Result<Option<(Arc<RecordBatch>, usize)>, CacheError> {
            let starts = &self.layout()?.starts;
            // Batches without rows start where the next one does, so the last one found is not
            // empty.
            let after = starts.partition_point(|start| *start <= row);
            if after == 0 || after == starts.len() {
                return Ok(None);
            }
            let batch = self.batch(after - 1)?;
            if batch.len() != (starts[after] - starts[after - 1]) as usize {
                return Err(self.file.disagreement());
            }
            Ok(Some((batch, (row - starts[after - 1]) as usize)))
        };
        self.file.note(find()).flatten()
    }

    /// How many rows stand before the first batch that is not `skipped`, and in it before the first
    /// row that is not `before` in a column that ascends.
    fn rows_while(
        &self,
        skipped: impl Fn(&StoredBatch, Option<i64>) -> bool,
        column: impl Fn(&RecordBatch) -> &[i64],
        before: impl Fn(i64) -> bool,
    ) -> u32 {
        let count = || -> Result<u32, CacheError> {
            let (layout, batches) = (self.layout()?, self.file.batches()?);
            let ends: Vec<(&StoredBatch, Option<i64>)> =
                batches.iter().zip(layout.latest_ms.iter().copied().skip(1)).collect();
            let whole = ends.partition_point(|(batch, latest_ms)| skipped(batch, *latest_ms));
            let start = layout.starts[whole];
            if whole == batches.len() || start == layout.starts[whole + 1] {
                return Ok(start);
            }
            let within = column(&*self.batch(whole)?).partition_point(|value| before(*value));
            Ok(start + u32::try_from(within).expect("a batch holds fewer than 2^32 records"))
        };
        self.file.note(count()).unwrap_or(0)
    }

    /// How many rows have an offset below this one.
    pub(super) fn rows_below_offset(&self, offset: i64) -> u32 {
        self.rows_while(
            |batch, _| batch.last_offset < offset,
            RecordBatch::offsets,
            |other| other < offset,
        )
    }

    /// How many rows have a log time before this one.
    pub(super) fn rows_before_time(&self, time_ms: i64) -> u32 {
        self.rows_while(
            |_, latest_ms| latest_ms.unwrap_or(self.view.pending_ms) < time_ms,
            RecordBatch::log_times_ms,
            |other| other < time_ms,
        )
    }

    /// The numbers of the batches that may hold a record with this key, ascending.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub(super) fn batches_with(&self, key: &[u8]) -> Result<Vec<usize>, CacheError> {
        self.file.index()?.batches_with(key)
    }

    /// The rows with this key, ascending.
    pub(super) fn rows_of_key(&self, key: &[u8]) -> Vec<u32> {
        let find = || -> Result<Vec<u32>, CacheError> {
            let mut rows = Vec::new();
            for number in self.batches_with(key)? {
                let start = self.layout()?.starts[number];
                let batch = self.batch(number)?;
                let found = (start..).zip(batch.iter());
                let found = found.filter(|(_, record)| record.key() == Some(key));
                rows.extend(found.map(|(row, _)| row));
            }
            Ok(rows)
        };
        self.file.note(find()).unwrap_or_default()
    }

    /// How many records have which log time.
    fn times(&self) -> Result<&TimeBuckets, CacheError> {
        if self.as_written {
            return self.file.index()?.times();
        }
        if let Some(times) = self.times.get() {
            return Ok(times);
        }
        let mut times = TimeBuckets::default();
        for number in self.batches_in_view()? {
            times.extend(self.read_batch(number, Wanted::Keys)?.log_times_ms());
        }
        Ok(self.times.get_or_init(|| times))
    }

    /// Adds how many records have which log time. Exact at any zoom.
    pub(super) fn add_to_histogram(&self, counts: &mut TimeCounts) {
        let Some(times) = self.file.note(self.times()) else { return };
        if times.finest_ms() <= counts.bucket_ms {
            times.add_to(counts);
        } else {
            counts.add_by_rows(self.rows, |time_ms| self.rows_before_time(time_ms));
        }
    }
}

/// A segment that cannot be read, and why.
pub(crate) type Unreadable = (SegmentEntry, CacheError);

/// Whether the log times of a segment without implausible records are as they were written when it
/// comes after this log time, in milliseconds.
fn log_times_hold(entry: &SegmentEntry, latest_before_ms: Option<i64>) -> bool {
    let first = entry.first_log_time_ms;
    entry.clock_in_ms == latest_before_ms || entry.clock_in_ms < first && latest_before_ms <= first
}

/// The log time of implausible records that stand before all plausible ones of these segments, in
/// milliseconds: that of the first plausible one. `None` when there are only implausible ones: only
/// the log behind the segments can tell.
///
/// # Errors
/// When a segment with timestamps from the future cannot be read, and which; the others are not.
pub(super) fn pending_ms(
    files: &[Arc<SegmentFile>],
    view: &ReadView,
) -> Result<Option<i64>, Box<Unreadable>> {
    let is_believed = |file: &Arc<SegmentFile>| {
        let entry = file.entry();
        view.believes((entry.from, entry.to), Some(entry.latest_ms))
    };
    if files.iter().all(is_believed) {
        return Ok(Some(i64::MIN));
    }
    let mut found = false;
    for file in files {
        let unreadable = |problem| Box::new((file.entry().clone(), problem));
        for batch in file.batches().map_err(unreadable)? {
            let columns = file.columns(batch, Wanted::Keys).map_err(unreadable)?;
            for row in 0..columns.len() {
                let (offset, timestamp_ms) =
                    (columns.offsets.value(row), columns.timestamp_ms(row));
                if !view.delivers(offset, columns.transaction(row)) {
                    continue;
                }
                if view.judging.believes(offset, timestamp_ms) {
                    return Ok(Some(timestamp_ms));
                }
                found = true;
            }
        }
    }
    Ok((!found).then_some(i64::MIN))
}
