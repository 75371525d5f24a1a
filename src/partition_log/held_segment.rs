//! A segment in memory: consecutive records of one partition with what is needed to find some of
//! them again.
//!
//! Promises: immutable; rows are numbered from 0 in offset order; every query but joining is a
//! search, not a scan.
//! Does not know: its neighbours, whether it is sealed, what the records mean.

use std::sync::Arc;

use super::key_index::KeyIndex;
use super::time_buckets::{TimeBuckets, TimeCounts};
use crate::model::{RecordBatch, RecordBatchBuilder, RecordRef};

/// Batches with fewer rows than this are put together when segments are joined: a batch has a cost
/// of its own.
const SMALL_BATCH_ROWS: usize = 1024;

/// Batches that take more memory than this are left as they are, because copying costs more than it
/// saves.
const SMALL_BATCH_BYTES: usize = 1024 * 1024;

/// What a batch takes apart from its records: the batch itself and the allocator's share in its six
/// columns, in bytes.
const BYTES_PER_BATCH: usize = size_of::<RecordBatch>() + 6 * 16;

/// Some consecutive records of one partition.
///
/// Invariant: no batch is empty; offsets ascend strictly and log times never go back from batch to
/// batch.
#[derive(Debug)]
pub(super) struct HeldSegment {
    /// The records.
    batches: Vec<Arc<RecordBatch>>,
    /// The first row of each batch.
    starts: Vec<u32>,
    /// How many rows there are.
    rows: u32,
    /// The rows by key.
    keys: KeyIndex,
    /// How many records have which log time.
    times: TimeBuckets,
    /// The memory of all this, in bytes.
    memory_bytes: u64,
}

impl HeldSegment {
    /// A segment of one batch, which is not empty.
    pub(super) fn from_batch(batch: RecordBatch) -> Self {
        let keys = KeyIndex::new(batch.iter().map(|record| record.key()));
        Self::new(vec![Arc::new(batch)], keys)
    }

    /// One segment of several that follow one another. Small batches are put together.
    pub(super) fn joined(parts: &[Arc<Self>]) -> Self {
        let mut first_row = 0;
        let indexes = parts.iter().map(|part| {
            let at = first_row;
            first_row += part.rows;
            (at, &part.keys)
        });
        let keys = KeyIndex::joined(indexes);
        let joined =
            Self::new(without_small_batches(parts.iter().flat_map(|part| &part.batches)), keys);
        assert!(joined.rows == first_row, "a joined segment has the records of all its parts");
        joined
    }

    /// A segment of these batches with this index.
    fn new(batches: Vec<Arc<RecordBatch>>, keys: KeyIndex) -> Self {
        assert!(!batches.is_empty(), "a segment has a batch");
        let first = |batch: &Arc<RecordBatch>| batch.offsets().first().copied();
        let last = |batch: &Arc<RecordBatch>| batch.offsets().last().copied();
        assert!(
            batches.is_sorted_by(|one, other| last(one) < first(other)),
            "batches follow one another and are not empty"
        );
        let mut rows = 0;
        let mut starts = Vec::with_capacity(batches.len());
        let mut times = TimeBuckets::default();
        for batch in &batches {
            starts.push(rows);
            rows += u32::try_from(batch.len()).expect("a batch holds fewer than 2^32 records");
            times.extend(batch.log_times_ms());
        }
        let batch_bytes: usize =
            batches.iter().map(|batch| batch.memory_bytes() + BYTES_PER_BATCH).sum();
        let bytes = size_of::<Self>() + batch_bytes + keys.memory_bytes() + times.memory_bytes();
        let memory_bytes = u64::try_from(bytes).expect("memory sizes have 64 bits");
        Self { batches, starts, rows, keys, times, memory_bytes }
    }

    /// How many rows there are.
    pub(super) fn rows(&self) -> u32 {
        self.rows
    }

    /// The memory of records and indexes, in bytes.
    pub(super) fn memory_bytes(&self) -> u64 {
        self.memory_bytes
    }

    /// The last batch.
    pub(super) fn last_batch(&self) -> &RecordBatch {
        self.batches.last().expect("a segment has a batch")
    }

    /// The batch that holds this row, and the row's number in it.
    pub(super) fn batch_at(&self, row: u32) -> Option<(&Arc<RecordBatch>, usize)> {
        let index = self.starts.partition_point(|start| *start <= row).checked_sub(1)?;
        let batch = &self.batches[index];
        let in_batch = (row - self.starts[index]) as usize;
        (in_batch < batch.len()).then_some((batch, in_batch))
    }

    /// The record with this row.
    fn record(&self, row: u32) -> Option<RecordRef<'_>> {
        self.batch_at(row).and_then(|(batch, index)| batch.get(index))
    }

    /// How many rows stand before the first for which `before` does not hold, in a column that
    /// ascends.
    fn rows_while(
        &self,
        column: impl Fn(&RecordBatch) -> &[i64],
        before: impl Fn(i64) -> bool,
    ) -> u32 {
        let whole = self
            .batches
            .partition_point(|batch| column(batch).last().is_some_and(|last| before(*last)));
        let Some(batch) = self.batches.get(whole) else { return self.rows };
        let in_batch = column(batch).partition_point(|value| before(*value));
        self.starts[whole] + u32::try_from(in_batch).expect("a batch holds fewer than 2^32 records")
    }

    /// How many rows have an offset below this one.
    pub(super) fn rows_below_offset(&self, offset: i64) -> u32 {
        self.rows_while(RecordBatch::offsets, |other| other < offset)
    }

    /// How many rows have a log time before this one.
    pub(super) fn rows_before_time(&self, time_ms: i64) -> u32 {
        self.rows_while(RecordBatch::log_times_ms, |other| other < time_ms)
    }

    /// The rows with this key, ascending.
    pub(super) fn rows_of_key(&self, key: &[u8]) -> impl Iterator<Item = u32> {
        let has_key =
            move |row: &u32| self.record(*row).is_some_and(|record| record.key() == Some(key));
        self.keys.candidates(key).filter(has_key)
    }

    /// Adds how many records have which log time. Exact at any zoom.
    pub(super) fn add_to_histogram(&self, counts: &mut TimeCounts) {
        if self.times.finest_ms() <= counts.bucket_ms {
            self.times.add_to(counts);
            return;
        }
        counts.add_by_rows(self.rows, |time_ms| self.rows_before_time(time_ms));
    }
}

/// Whether a batch is better put together with its neighbours.
fn is_small(batch: &RecordBatch) -> bool {
    batch.len() < SMALL_BATCH_ROWS && batch.memory_bytes() < SMALL_BATCH_BYTES
}

/// The same records with neighbouring small batches put together as soon as there are enough of
/// them, so that a record is copied once at most.
fn without_small_batches<'b>(
    batches: impl Iterator<Item = &'b Arc<RecordBatch>>,
) -> Vec<Arc<RecordBatch>> {
    let mut result: Vec<Arc<RecordBatch>> = Vec::new();
    let mut small_rows = 0;
    let mut small_from = 0;
    for batch in batches {
        result.push(Arc::clone(batch));
        if is_small(batch) {
            small_rows += batch.len();
        } else {
            (small_rows, small_from) = (0, result.len());
        }
        if small_rows >= SMALL_BATCH_ROWS {
            let joined = put_together(&result[small_from..]);
            result.truncate(small_from);
            result.push(Arc::new(joined));
            (small_rows, small_from) = (0, result.len());
        }
    }
    result
}

/// The records of several batches as one batch.
fn put_together(batches: &[Arc<RecordBatch>]) -> RecordBatch {
    let mut builder = RecordBatchBuilder::new(batches[0].partition().clone());
    for batch in batches {
        builder.append(batch);
    }
    let mut joined = builder.finish();
    joined.shrink_to_fit();
    joined
}
