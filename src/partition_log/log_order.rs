//! The records of several partitions merged in log order, as a stream.
//!
//! Promises: the order is (log time, topic, partition, offset), from both ends; memory grows with the partitions, not
//! with the records.
//! Does not know: which bounds the rows come from.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::sync::Arc;

use super::partition::{Location, PartitionLog, RowRange};
use crate::model::{RecordBatch, SharedRecord};

/// The place of a record in log order among the partitions of one stream: log time, then the partition's index. Rows of
/// one partition need no comparing, because only one of them is in a heap.
type Rank = (i64, usize);

/// A place in one partition that moves record by record and looks up a batch only at its edges.
#[derive(Clone, Debug)]
struct Cursor {
    /// The row it stands at.
    row: u64,
    /// The batch that holds the row.
    batch: Arc<RecordBatch>,
    /// The row's number in the batch.
    index: usize,
}

impl Cursor {
    /// A cursor at this row.
    fn at(log: &PartitionLog, row: u64) -> Option<Self> {
        log.batch_at(row).map(|(batch, index)| Self { row, batch, index })
    }

    /// The log time of its record, in milliseconds.
    fn log_time_ms(&self) -> i64 {
        self.batch.log_times_ms()[self.index]
    }

    /// Its record and where that stands.
    fn record(&self, log: &PartitionLog) -> Option<(Location, SharedRecord)> {
        let location = Location { partition_id: log.id, row: self.row };
        let record = SharedRecord::new(Arc::clone(&self.batch), self.index);
        record.map(|record| (location, record))
    }

    /// Moves one record on. Says whether there is one.
    fn move_on(&mut self, log: &PartitionLog) -> bool {
        if self.index + 1 < self.batch.len() {
            self.row += 1;
            self.index += 1;
            return true;
        }
        self.move_to(log, self.row + 1)
    }

    /// Moves one record back. Says whether there is one.
    fn move_back(&mut self, log: &PartitionLog) -> bool {
        if self.index > 0 {
            self.row -= 1;
            self.index -= 1;
            return true;
        }
        self.row.checked_sub(1).is_some_and(|row| self.move_to(log, row))
    }

    /// Moves to a row in another batch. Says whether it could.
    fn move_to(&mut self, log: &PartitionLog, row: u64) -> bool {
        let found = Self::at(log, row);
        let moved = found.is_some();
        if let Some(cursor) = found {
            *self = cursor;
        }
        moved
    }
}

/// One partition in the stream, with a cursor at both ends of what is left of it.
#[derive(Debug)]
struct Lane<'a> {
    /// The partition.
    log: &'a PartitionLog,
    /// At the first record that is left.
    front: Cursor,
    /// At the last record that is left.
    back: Cursor,
}

/// Records in log order; from the end with `rev`.
///
/// The cursors need not know where the rows asked for end: rows differ from all of a partition only by a span of time
/// that is the same for all, so that what lies outside comes after everything within, and `left` ends the stream first.
/// For the same reason the two ends need not know of each other.
#[derive(Debug)]
pub struct LogOrder<'a> {
    /// The partitions, sorted by topic and number.
    lanes: Vec<Lane<'a>>,
    /// The lanes by the rank of their first record; filled by the first call of `next`.
    fronts: Option<BinaryHeap<Reverse<Rank>>>,
    /// The lanes by the rank of their last record; filled by the first call of `next_back`.
    backs: Option<BinaryHeap<Rank>>,
    /// How many records are left.
    left: u64,
}

impl<'a> LogOrder<'a> {
    /// The records of these rows, whose partitions are sorted and which are all those of a span of time.
    pub(super) fn new(rows: impl Iterator<Item = RowRange<'a>>) -> Self {
        let mut left = 0;
        let mut lanes = Vec::new();
        for RowRange { log, from, to } in rows {
            if let Some((front, back)) = Cursor::at(log, from).zip(Cursor::at(log, to - 1)) {
                lanes.push(Lane { log, front, back });
                left += to - from;
            }
        }
        Self { lanes, fronts: None, backs: None, left }
    }
}

impl Iterator for LogOrder<'_> {
    type Item = (Location, SharedRecord);

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let fronts = self.fronts.get_or_insert_with(|| {
            let times = self.lanes.iter().map(|lane| lane.front.log_time_ms());
            times.zip(0..).map(Reverse).collect()
        });
        let mut first = fronts.peek_mut()?;
        let Reverse((time_ms, index)) = &mut *first;
        let lane = &mut self.lanes[*index];
        let here = lane.front.record(lane.log);
        if lane.front.move_on(lane.log) {
            *time_ms = lane.front.log_time_ms();
        } else {
            if lane.front.row + 1 < lane.log.rows() {
                // A batch cannot be read: going on without it would change the order.
                self.left = 0;
            }
            PeekMut::pop(first);
        }
        here
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = usize::try_from(self.left).ok();
        (left.unwrap_or(usize::MAX), left)
    }
}

impl DoubleEndedIterator for LogOrder<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let backs = self.backs.get_or_insert_with(|| {
            self.lanes.iter().map(|lane| lane.back.log_time_ms()).zip(0..).collect()
        });
        let mut last = backs.peek_mut()?;
        let (time_ms, index) = &mut *last;
        let lane = &mut self.lanes[*index];
        let here = lane.back.record(lane.log);
        if lane.back.move_back(lane.log) {
            *time_ms = lane.back.log_time_ms();
        } else {
            if lane.back.row > 0 {
                self.left = 0;
            }
            PeekMut::pop(last);
        }
        here
    }
}
