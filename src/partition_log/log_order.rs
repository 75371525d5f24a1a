//! The records of several partitions merged in log order, as a stream.
//!
//! Promises: the order is (log time, topic, partition, offset), from both ends; memory grows with the partitions, not
//! with the records.
//! Does not know: which bounds the rows come from.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

use super::partition::PartitionLog;
use super::snapshot::{Location, RowRange};
use crate::model::{RecordBatch, RecordRef};

/// The place of a record in log order among the partitions of one stream: log time, then the partition's index. Rows of
/// one partition need no comparing, because only one of them is in a heap.
type Rank = (i64, usize);

/// A place in one partition that moves record by record and looks up a batch only at its edges.
#[derive(Clone, Copy, Debug)]
struct Cursor<'a> {
    /// The row it stands at.
    row: u64,
    /// The batch that holds the row.
    batch: &'a RecordBatch,
    /// The row's number in the batch.
    index: usize,
}

impl<'a> Cursor<'a> {
    /// A cursor at this row.
    fn at(log: &'a PartitionLog, row: u64) -> Option<Self> {
        log.batch_at(row).map(|(batch, index)| Self { row, batch, index })
    }

    /// The log time of its record, in milliseconds.
    fn log_time_ms(&self) -> i64 {
        self.batch.log_times_ms()[self.index]
    }

    /// Its record and where that stands.
    fn record(&self, log: &PartitionLog) -> Option<(Location, RecordRef<'a>)> {
        let location = Location { partition_id: log.id, row: self.row };
        self.batch.get(self.index).map(|record| (location, record))
    }

    /// The same cursor one record on.
    fn next(self, log: &'a PartitionLog) -> Option<Self> {
        if self.index + 1 < self.batch.len() {
            return Some(Self { row: self.row + 1, index: self.index + 1, ..self });
        }
        Self::at(log, self.row + 1)
    }

    /// The same cursor one record back.
    fn previous(self, log: &'a PartitionLog) -> Option<Self> {
        if self.index > 0 {
            return Some(Self { row: self.row - 1, index: self.index - 1, ..self });
        }
        self.row.checked_sub(1).and_then(|row| Self::at(log, row))
    }
}

/// One partition in the stream, with a cursor at both ends of what is left of it.
#[derive(Debug)]
struct Lane<'a> {
    /// The partition.
    log: &'a PartitionLog,
    /// At the first record that is left.
    front: Cursor<'a>,
    /// At the last record that is left.
    back: Cursor<'a>,
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

impl<'a> Iterator for LogOrder<'a> {
    type Item = (Location, RecordRef<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let fronts = self.fronts.get_or_insert_with(|| {
            let times = self.lanes.iter().map(|lane| lane.front.log_time_ms());
            times.zip(0..).map(Reverse).collect()
        });
        let mut first = fronts.peek_mut()?;
        let Reverse((time_ms, index)) = &mut *first;
        let lane = &mut self.lanes[*index];
        let here = lane.front;
        if let Some(next) = here.next(lane.log) {
            lane.front = next;
            *time_ms = next.log_time_ms();
        } else {
            PeekMut::pop(first);
        }
        here.record(lane.log)
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
        let here = lane.back;
        if let Some(previous) = here.previous(lane.log) {
            lane.back = previous;
            *time_ms = previous.log_time_ms();
        } else {
            PeekMut::pop(last);
        }
        here.record(lane.log)
    }
}
