//! What has been read of one partition: sealed segments and the open tail behind them.
//!
//! Promises: appending never changes what a snapshot shows; a record keeps its row for good; there
//! are never more than a few dozen open segments, however small the batches that arrive.
//! Does not know: other partitions, the memory budget.
//!
//! The tail is a few small segments. A batch becomes a segment of its own; as soon as there are
//! eight of about the same size they are joined, and when the tail is large enough it is joined
//! into one segment and sealed.

use std::sync::Arc;

use super::held_segment::HeldSegment;
use super::segment::Segment;
use super::stored_segment::StoredSegment;
use crate::model::{RecordBatch, RecordRef, SharedRecord, TopicPartition};

/// A segment is sealed when it has this many rows.
const SEALED_ROWS: u64 = 256 * 1024;

/// A segment is sealed when it takes this much memory.
const SEALED_BYTES: u64 = 64 * 1024 * 1024;

/// This many neighbours of about the same size are joined, and a size is this many times the one
/// below.
const JOINED_AT_ONCE: u32 = 8;

/// Where a record stands in the store that keeps it: it names the same record in every later
/// snapshot of that store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Location {
    /// The store's number for the partition.
    pub(super) partition_id: u32,
    /// The record's number in the partition, from 0: how many were read before it.
    pub(super) row: u64,
}

/// A segment and where it begins.
#[derive(Clone, Debug)]
pub(super) struct PlacedSegment {
    /// The row of its first record.
    pub(super) first_row: u64,
    /// The segment.
    pub(super) segment: Segment,
}

impl PlacedSegment {
    /// The row after its last record.
    pub(super) fn end_row(&self) -> u64 {
        self.first_row + u64::from(self.segment.rows())
    }
}

/// The part of one partition that lies within bounds.
#[derive(Clone, Copy, Debug)]
pub(super) struct RowRange<'a> {
    /// The partition.
    pub(super) log: &'a PartitionLog,
    /// The first row.
    pub(super) from: u64,
    /// The row after the last.
    pub(super) to: u64,
}

/// What has been read of one partition. Cloning shares the records.
#[derive(Clone, Debug)]
pub(super) struct PartitionLog {
    /// The number by which locations name this partition.
    pub(super) id: u32,
    /// The partition.
    pub(super) partition: TopicPartition,
    /// All segments; rows follow one another.
    segments: Vec<PlacedSegment>,
    /// How many of them are sealed.
    sealed: usize,
}

impl PartitionLog {
    /// Nothing of this partition.
    pub(super) fn new(id: u32, partition: TopicPartition) -> Self {
        Self { id, partition, segments: Vec::new(), sealed: 0 }
    }

    /// Appends records that come after all there are.
    pub(super) fn append(&mut self, segment: HeldSegment) {
        self.push(Segment::Held(Arc::new(segment)));
        while let Some(from) = self.first_to_join() {
            self.join_from(from);
        }
        let open = &self.segments[self.sealed..];
        let open_rows: u64 = open.iter().map(|placed| u64::from(placed.segment.rows())).sum();
        let open_bytes: u64 = open.iter().map(|placed| placed.segment.memory_bytes()).sum();
        if open_rows >= SEALED_ROWS || open_bytes >= SEALED_BYTES {
            self.join_from(self.sealed);
            self.sealed = self.segments.len();
        }
    }

    /// Takes in a segment on disk that comes after all there are.
    pub(super) fn adopt(&mut self, segment: StoredSegment) {
        self.push(Segment::Stored(Arc::new(segment)));
        self.sealed = self.segments.len();
    }

    /// Puts a segment after all others.
    fn push(&mut self, segment: Segment) {
        let first_row = self.rows();
        assert!(segment.rows() > 0, "a segment without records has no place");
        assert!(
            self.last().is_none_or(|(last, _)| last < segment.last_offset()),
            "segments follow one another"
        );
        self.segments.push(PlacedSegment { first_row, segment });
    }

    /// The first of the last open segments that are due to be joined.
    fn first_to_join(&self) -> Option<usize> {
        let size = |placed: &PlacedSegment| placed.segment.rows().ilog(JOINED_AT_ONCE);
        let open = &self.segments[self.sealed..];
        let largest = size(open.last()?);
        let alike = open.iter().rev().take_while(|placed| size(placed) <= largest).count();
        (alike >= JOINED_AT_ONCE as usize).then(|| self.segments.len() - alike)
    }

    /// Makes one segment of this one and all after it, which are open.
    fn join_from(&mut self, from: usize) {
        let rows = self.rows();
        let parts: Vec<Arc<HeldSegment>> =
            self.segments[from..].iter().filter_map(|placed| placed.segment.held()).collect();
        assert!(parts.len() == self.segments.len() - from, "segments on disk are sealed");
        if parts.len() > 1 {
            let first_row = self.segments[from].first_row;
            self.segments.truncate(from);
            let segment = Segment::Held(Arc::new(HeldSegment::joined(&parts)));
            self.segments.push(PlacedSegment { first_row, segment });
        }
        assert!(self.rows() == rows, "joining segments keeps every record in its row");
    }

    /// The memory of the segments in memory, in bytes.
    pub(super) fn held_bytes(&self) -> u64 {
        let held = self.segments.iter().filter_map(|placed| placed.segment.held());
        held.map(|segment| segment.memory_bytes()).sum()
    }

    /// The memory of records and indexes, in bytes.
    pub(super) fn memory_bytes(&self) -> u64 {
        self.segments.iter().map(|placed| placed.segment.memory_bytes()).sum()
    }

    /// How many rows there are.
    pub(super) fn rows(&self) -> u64 {
        self.segments.last().map_or(0, PlacedSegment::end_row)
    }

    /// Offset and log time, in milliseconds, of the last record.
    pub(super) fn last(&self) -> Option<(i64, i64)> {
        let segment = &self.segments.last()?.segment;
        Some((segment.last_offset(), segment.last_log_time_ms()))
    }

    /// The segments; rows follow one another.
    pub(super) fn segments(&self) -> &[PlacedSegment] {
        &self.segments
    }

    /// The batch that holds this row, and the row's number in it.
    pub(super) fn batch_at(&self, row: u64) -> Option<(Arc<RecordBatch>, usize)> {
        let index = self.segments.partition_point(|placed| placed.end_row() <= row);
        let placed = self.segments.get(index)?;
        assert!(placed.first_row <= row, "rows have no holes between segments");
        let in_segment = u32::try_from(row - placed.first_row).ok()?;
        placed.segment.batch_at(in_segment)
    }

    /// The record with this row.
    pub(super) fn record(&self, row: u64) -> Option<SharedRecord> {
        self.batch_at(row).and_then(|(batch, index)| SharedRecord::new(batch, index))
    }

    /// Hands on the records from one row (inclusive) to another (exclusive).
    pub(super) fn for_each(&self, from: u64, to: u64, mut sink: impl FnMut(RecordRef<'_>)) {
        let mut row = from;
        while row < to {
            let Some((batch, first)) = self.batch_at(row) else { return };
            assert!(first < batch.len(), "the batch found has the row, so that this goes on");
            for record in batch.iter().skip(first) {
                if row == to {
                    return;
                }
                sink(record);
                row += 1;
            }
        }
    }

    /// How many rows stand before the first segment that `within` can tell has a row to stop at,
    /// and there.
    fn rows_while(
        &self,
        ends_before: impl Fn(&Segment) -> bool,
        within: impl Fn(&Segment) -> u32,
    ) -> u64 {
        let index = self.segments.partition_point(|placed| ends_before(&placed.segment));
        self.segments
            .get(index)
            .map_or(self.rows(), |placed| placed.first_row + u64::from(within(&placed.segment)))
    }

    /// How many rows have an offset below this one.
    pub(super) fn rows_below_offset(&self, offset: i64) -> u64 {
        self.rows_while(
            |segment| segment.last_offset() < offset,
            |segment| segment.rows_below_offset(offset),
        )
    }

    /// How many rows have a log time before this one: the prefix that a cut just before it takes
    /// in.
    pub(super) fn rows_before_time(&self, time_ms: i64) -> u64 {
        self.rows_while(
            |segment| segment.last_log_time_ms() < time_ms,
            |segment| segment.rows_before_time(time_ms),
        )
    }

    /// The rows with this key, ascending.
    pub(super) fn rows_of_key(&self, key: &[u8]) -> impl Iterator<Item = u64> {
        self.segments.iter().flat_map(move |placed| {
            let rows = placed.segment.rows_of_key(key);
            rows.into_iter().map(|row| placed.first_row + u64::from(row))
        })
    }
}
