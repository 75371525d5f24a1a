//! The records of several partitions merged in log order, as a stream.
//!
//! Promises: the order is (log time, topic, partition, offset), from both ends; memory grows with the partitions, not
//! with the records.
//! Does not know: which bounds the rows come from.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

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
    /// A cursor at this row of these rows.
    fn at(rows: &RowRange<'a>, row: u64) -> Option<Self> {
        rows.log.batch_at(row).map(|(batch, index)| Self { row, batch, index })
    }

    /// The log time of its record, in milliseconds.
    fn log_time_ms(&self) -> i64 {
        self.batch.log_times_ms()[self.index]
    }

    /// The same cursor one record on.
    fn next(self, rows: &RowRange<'a>) -> Option<Self> {
        if self.index + 1 < self.batch.len() {
            return Some(Self { row: self.row + 1, index: self.index + 1, ..self });
        }
        Self::at(rows, self.row + 1)
    }

    /// The same cursor one record back.
    fn previous(self, rows: &RowRange<'a>) -> Option<Self> {
        if self.index > 0 {
            return Some(Self { row: self.row - 1, index: self.index - 1, ..self });
        }
        self.row.checked_sub(1).and_then(|row| Self::at(rows, row))
    }
}

/// One partition in the stream: what is left of its rows, with a cursor at both ends.
#[derive(Debug)]
struct Lane<'a> {
    /// The rows that neither end has handed out.
    rest: RowRange<'a>,
    /// At the first of them.
    front: Cursor<'a>,
    /// At the last of them.
    back: Cursor<'a>,
}

/// Records in log order; from the end with `rev`.
#[derive(Debug)]
pub struct LogOrder<'a> {
    /// The partitions, sorted by topic and number.
    lanes: Vec<Lane<'a>>,
    /// The lanes that have something left, by the rank of their first record; filled by the first call of `next`.
    fronts: Option<BinaryHeap<Reverse<Rank>>>,
    /// The lanes that have something left, by the rank of their last record; filled by the first call of `next_back`.
    backs: Option<BinaryHeap<Rank>>,
    /// How many records are left.
    left: u64,
}

impl<'a> LogOrder<'a> {
    /// The records of these rows, whose partitions are sorted.
    pub(super) fn new(rows: impl Iterator<Item = RowRange<'a>>) -> Self {
        let lanes: Vec<Lane<'a>> = rows
            .filter_map(|rest| {
                let (front, back) =
                    (Cursor::at(&rest, rest.from)?, Cursor::at(&rest, rest.to - 1)?);
                Some(Lane { rest, front, back })
            })
            .collect();
        let left = lanes.iter().map(|lane| lane.rest.to - lane.rest.from).sum();
        Self { lanes, fronts: None, backs: None, left }
    }
}

/// What a cursor of a lane stands at.
fn located<'a>(lane: &Lane<'a>, cursor: Cursor<'a>) -> Option<(Location, RecordRef<'a>)> {
    let location = Location { partition_id: lane.rest.log.id, row: cursor.row };
    cursor.batch.get(cursor.index).map(|record| (location, record))
}

impl<'a> Iterator for LogOrder<'a> {
    type Item = (Location, RecordRef<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let fronts = self.fronts.get_or_insert_with(|| {
            let ranks = self.lanes.iter().map(|lane| lane.front.log_time_ms()).zip(0..);
            ranks.map(Reverse).collect()
        });
        self.left = self.left.checked_sub(1)?;
        loop {
            let mut first = fronts.peek_mut()?;
            let index = first.0.1;
            let lane = &mut self.lanes[index];
            if lane.rest.from == lane.rest.to {
                std::collections::binary_heap::PeekMut::pop(first);
                continue;
            }
            let here = lane.front;
            lane.rest.from += 1;
            match here.next(&lane.rest) {
                Some(next) if lane.rest.from < lane.rest.to => {
                    lane.front = next;
                    first.0.0 = next.log_time_ms();
                }
                _ => drop(std::collections::binary_heap::PeekMut::pop(first)),
            }
            return located(&self.lanes[index], here);
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = usize::try_from(self.left).ok();
        (left.unwrap_or(usize::MAX), left)
    }
}

impl DoubleEndedIterator for LogOrder<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let backs = self.backs.get_or_insert_with(|| {
            self.lanes.iter().map(|lane| lane.back.log_time_ms()).zip(0..).collect()
        });
        self.left = self.left.checked_sub(1)?;
        loop {
            let mut last = backs.peek_mut()?;
            let index = last.1;
            let lane = &mut self.lanes[index];
            if lane.rest.from == lane.rest.to {
                std::collections::binary_heap::PeekMut::pop(last);
                continue;
            }
            let here = lane.back;
            lane.rest.to -= 1;
            match here.previous(&lane.rest) {
                Some(previous) if lane.rest.from < lane.rest.to => {
                    lane.back = previous;
                    last.0 = previous.log_time_ms();
                }
                _ => drop(std::collections::binary_heap::PeekMut::pop(last)),
            }
            return located(&self.lanes[index], here);
        }
    }
}
