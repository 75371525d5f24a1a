//! Batches read from disk, kept while there is room for them.
//!
//! Promises: holds no more than its budget, those used last; a batch that somebody holds stays
//! readable when it is dropped from here.
//! Does not know: how batches are read.

use std::sync::{Arc, Mutex, PoisonError};

use lru::LruCache;

use crate::model::RecordBatch;

/// What names a batch: the number of the view of its segment, and its number in it.
type BatchKey = (u64, usize);

/// Batches read from disk.
#[derive(Debug)]
pub struct BatchCache {
    /// The batches, and what they take in bytes.
    kept: Mutex<(LruCache<BatchKey, Arc<RecordBatch>>, usize)>,
    /// What they may take, in bytes.
    budget_bytes: usize,
}

impl BatchCache {
    /// An empty cache that may hold this many bytes.
    pub fn new(budget_bytes: usize) -> Self {
        Self { kept: Mutex::new((LruCache::unbounded(), 0)), budget_bytes }
    }

    /// The batch, as it is kept or else as `read` finds it.
    pub(in crate::partition_log) fn get<E>(
        &self,
        key: BatchKey,
        read: impl FnOnce() -> Result<RecordBatch, E>,
    ) -> Result<Arc<RecordBatch>, E> {
        if let Some(batch) = self.lock().0.get(&key) {
            return Ok(Arc::clone(batch));
        }
        // Read without the lock: two threads may read the same batch, and neither waits.
        let batch = Arc::new(read()?);
        let mut kept = self.lock();
        kept.1 += batch.memory_bytes();
        if let Some(before) = kept.0.put(key, Arc::clone(&batch)) {
            kept.1 -= before.memory_bytes();
        }
        while kept.1 > self.budget_bytes
            && let Some((_, oldest)) = kept.0.pop_lru()
        {
            kept.1 -= oldest.memory_bytes();
        }
        assert!(kept.1 <= self.budget_bytes, "what is kept never exceeds its budget");
        drop(kept);
        Ok(batch)
    }

    /// The batches. A thread that panicked left them whole: nothing is changed in two steps that
    /// could.
    fn lock(&self) -> std::sync::MutexGuard<'_, (LruCache<BatchKey, Arc<RecordBatch>>, usize)> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
