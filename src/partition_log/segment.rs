//! A segment, in memory or on disk: consecutive records of one partition with what is needed to
//! find some of them again.
//!
//! Promises: immutable; rows are numbered from 0 in offset order; wherever it lies, it answers
//! alike.
//! Does not know: its neighbours, what the records mean.

use std::sync::Arc;

use super::held_segment::HeldSegment;
use super::stored_segment::StoredSegment;
use super::time_buckets::TimeCounts;
use crate::model::RecordBatch;

/// A segment.
#[derive(Clone, Debug)]
pub(super) enum Segment {
    /// In memory.
    Held(Arc<HeldSegment>),
    /// On disk.
    Stored(Arc<StoredSegment>),
}

impl Segment {
    /// The segment, if it is in memory.
    pub(super) fn held(&self) -> Option<Arc<HeldSegment>> {
        match self {
            Self::Held(segment) => Some(Arc::clone(segment)),
            Self::Stored(_) => None,
        }
    }

    /// The segment, if it is on disk.
    pub(super) fn stored(&self) -> Option<&StoredSegment> {
        match self {
            Self::Held(_) => None,
            Self::Stored(segment) => Some(segment),
        }
    }

    /// How many rows there are.
    pub(super) fn rows(&self) -> u32 {
        match self {
            Self::Held(segment) => segment.rows(),
            Self::Stored(segment) => segment.rows(),
        }
    }

    /// The memory of records and indexes, in bytes.
    pub(super) fn memory_bytes(&self) -> u64 {
        match self {
            Self::Held(segment) => segment.memory_bytes(),
            Self::Stored(segment) => segment.memory_bytes(),
        }
    }

    /// The offset of the last record, or a later one before the next segment.
    pub(super) fn last_offset(&self) -> i64 {
        match self {
            Self::Held(segment) => segment.last_batch().offsets().last().copied().unwrap_or(-1),
            Self::Stored(segment) => segment.last_offset(),
        }
    }

    /// The log time of the last record, in milliseconds.
    pub(super) fn last_log_time_ms(&self) -> i64 {
        match self {
            Self::Held(segment) => {
                segment.last_batch().log_times_ms().last().copied().unwrap_or(i64::MIN)
            }
            Self::Stored(segment) => segment.last_log_time_ms(),
        }
    }

    /// The batch that holds this row, and the row's number in it; `None` also when it cannot be
    /// read.
    pub(super) fn batch_at(&self, row: u32) -> Option<(Arc<RecordBatch>, usize)> {
        match self {
            Self::Held(segment) => {
                segment.batch_at(row).map(|(batch, index)| (Arc::clone(batch), index))
            }
            Self::Stored(segment) => segment.batch_at(row),
        }
    }

    /// How many rows have an offset below this one.
    pub(super) fn rows_below_offset(&self, offset: i64) -> u32 {
        match self {
            Self::Held(segment) => segment.rows_below_offset(offset),
            Self::Stored(segment) => segment.rows_below_offset(offset),
        }
    }

    /// How many rows have a log time before this one.
    pub(super) fn rows_before_time(&self, time_ms: i64) -> u32 {
        match self {
            Self::Held(segment) => segment.rows_before_time(time_ms),
            Self::Stored(segment) => segment.rows_before_time(time_ms),
        }
    }

    /// The rows with this key, ascending.
    pub(super) fn rows_of_key(&self, key: &[u8]) -> Vec<u32> {
        match self {
            Self::Held(segment) => segment.rows_of_key(key).collect(),
            Self::Stored(segment) => segment.rows_of_key(key),
        }
    }

    /// Adds how many records have which log time. Exact at any zoom.
    pub(super) fn add_to_histogram(&self, counts: &mut TimeCounts) {
        match self {
            Self::Held(segment) => segment.add_to_histogram(counts),
            Self::Stored(segment) => segment.add_to_histogram(counts),
        }
    }
}
