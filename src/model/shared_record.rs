//! A record that keeps its batch alive, for whoever looks it up in a log that does not hold all
//! batches in memory.
//!
//! Promises: cloning costs one count; the record stays readable whatever becomes of the log.
//! Does not know: where the batch came from.

use std::sync::Arc;

use super::{RecordBatch, RecordRef};

/// A record together with the batch it lies in.
#[derive(Clone, Debug)]
pub struct SharedRecord {
    /// The batch.
    batch: Arc<RecordBatch>,
    /// The record's number in it. Invariant: below the batch's length.
    index: usize,
}

impl SharedRecord {
    /// The record with this number in the batch, from 0; `None` beyond the last.
    pub fn new(batch: Arc<RecordBatch>, index: usize) -> Option<Self> {
        (index < batch.len()).then_some(Self { batch, index })
    }

    /// The record.
    pub fn get(&self) -> RecordRef<'_> {
        self.batch.get(self.index).expect("the index was checked when this was made")
    }
}
