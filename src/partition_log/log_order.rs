//! The records of several partitions merged in log order, as a stream.
//!
//! Promises: the order is (log time, topic, partition, offset), from both ends; memory grows with
//! the partitions, not with the records; what it yields is a true beginning (or end) of that order:
//! where a batch cannot be read, it breaks off before anything that may come after a record of that
//! batch.
//! Does not know: which bounds the rows come from, why a batch cannot be read (the file remembers).

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::sync::Arc;

use super::partition::{Location, PartitionLog, RowRange};
use crate::model::{RecordBatch, SharedRecord};

/// The place of a record in log order among the partitions of one stream: log time, then the
/// partition's index. Rows of one partition need no comparing, because only one of them is in a
/// heap.
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

/// One partition in the stream, with a cursor at each end of what is left of it.
#[derive(Debug)]
struct Lane<'a> {
    /// The rows.
    rows: RowRange<'a>,
    /// At the first record that is left; none before the first call of `next`.
    front: Option<Cursor>,
    /// At the last record that is left; none before the first call of `next_back`.
    back: Option<Cursor>,
}

/// Records in log order; from the end with `rev`.
///
/// The cursors need not know where the rows asked for end: rows differ from all of a partition only
/// by a span of time that is the same for all, so that what lies outside comes after everything
/// within, and `left` ends the stream first. For the same reason the two ends need not know of each
/// other.
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
    /// Whether a batch could not be read.
    broken: bool,
}

impl<'a> LogOrder<'a> {
    /// The records of these rows, whose partitions are sorted and which are all those of a span of
    /// time.
    pub(super) fn new(rows: impl Iterator<Item = RowRange<'a>>) -> Self {
        let lane = |rows| Lane { rows, front: None, back: None };
        let lanes: Vec<Lane<'a>> = rows.map(lane).collect();
        let ascends = |pair: &[Lane<'a>]| pair[0].rows.log.partition < pair[1].rows.log.partition;
        assert!(lanes.windows(2).all(ascends), "the rank of a lane decides between equal times");
        let left = lanes.iter().map(|lane| lane.rows.to - lane.rows.from).sum();
        Self { lanes, fronts: None, backs: None, left, broken: false }
    }

    /// Whether it ended early because a batch could not be read. What it yielded until then is all
    /// there is before the records of that batch.
    pub fn is_broken(&self) -> bool {
        self.broken
    }

    /// Breaks off: what comes next cannot be told.
    fn break_off(&mut self) {
        self.left = 0;
        self.broken = true;
    }

    /// The lanes by the rank of their first record. `None` when one of these records cannot be
    /// read.
    fn begin_fronts(&mut self) -> Option<BinaryHeap<Reverse<Rank>>> {
        let ranks = self.lanes.iter_mut().zip(0..).map(|(lane, number)| {
            lane.front = Cursor::at(lane.rows.log, lane.rows.from);
            lane.front.as_ref().map(|front| Reverse((front.log_time_ms(), number)))
        });
        ranks.collect()
    }

    /// The lanes by the rank of their last record. `None` when one of these records cannot be read.
    fn begin_backs(&mut self) -> Option<BinaryHeap<Rank>> {
        let ranks = self.lanes.iter_mut().zip(0..).map(|(lane, number)| {
            lane.back = Cursor::at(lane.rows.log, lane.rows.to - 1);
            lane.back.as_ref().map(|back| (back.log_time_ms(), number))
        });
        ranks.collect()
    }
}

impl Iterator for LogOrder<'_> {
    type Item = (Location, SharedRecord);

    fn next(&mut self) -> Option<Self::Item> {
        if self.left > 0 && self.fronts.is_none() {
            self.fronts = self.begin_fronts();
            if self.fronts.is_none() {
                self.break_off();
            }
        }
        self.left = self.left.checked_sub(1)?;
        let fronts = self.fronts.as_mut()?;
        let mut first = fronts.peek_mut().expect("records that are left stand in a lane");
        let Reverse((time_ms, number)) = &mut *first;
        let Lane { rows, front, .. } = &mut self.lanes[*number];
        let front = front.as_mut().expect("a lane in the heap has a cursor");
        let here = front.record(rows.log);
        if front.move_on(rows.log) {
            assert!(*time_ms <= front.log_time_ms(), "log time never falls within a partition");
            *time_ms = front.log_time_ms();
        } else {
            let is_last = front.row + 1 == rows.log.rows();
            PeekMut::pop(first);
            if !is_last {
                self.break_off();
            }
        }
        here
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = usize::try_from(self.left).ok();
        // A batch that cannot be read ends it early.
        (0, left)
    }
}

impl DoubleEndedIterator for LogOrder<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        if self.left > 0 && self.backs.is_none() {
            self.backs = self.begin_backs();
            if self.backs.is_none() {
                self.break_off();
            }
        }
        self.left = self.left.checked_sub(1)?;
        let backs = self.backs.as_mut()?;
        let mut last = backs.peek_mut().expect("records that are left stand in a lane");
        let (time_ms, number) = &mut *last;
        let Lane { rows, back, .. } = &mut self.lanes[*number];
        let back = back.as_mut().expect("a lane in the heap has a cursor");
        let here = back.record(rows.log);
        if back.move_back(rows.log) {
            assert!(back.log_time_ms() <= *time_ms, "log time never falls within a partition");
            *time_ms = back.log_time_ms();
        } else {
            let is_first = back.row == 0;
            PeekMut::pop(last);
            if !is_first {
                self.break_off();
            }
        }
        here
    }
}
