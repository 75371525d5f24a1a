//! A sealed segment on disk: reads its batches, its index and its keys.
//!
//! Promises: what is returned is what was written, or an error says that it is not; no file stays
//! open; once something was found damaged, everyone who holds the segment can see it.
//! Does not know: which records a reader is given.

use std::path::PathBuf;
use std::sync::OnceLock;

use arrow_buffer::Buffer;
use arrow_ipc::reader::FileDecoder;
use arrow_ipc::{Block, MetadataVersion};

use super::columns::{StoredColumns, Wanted, schema};
use super::distinct_keys::DistinctKeys;
use super::error::CacheError;
use super::manifest::SegmentEntry;
use super::segment_index::{SegmentIndex, StoredBatch};
use super::words::read_at;
use crate::model::{Transaction, may_take_long};

/// What stands before the metadata of a message in an Arrow file: a mark and the size of the
/// metadata.
const MESSAGE_PREFIX_BYTES: usize = 8;

/// A sealed segment.
#[derive(Debug)]
pub(crate) struct SegmentFile {
    /// Where the files of the partition are.
    folder: PathBuf,
    /// What the manifest says of it.
    entry: SegmentEntry,
    /// Its index, once it was needed.
    index: OnceLock<SegmentIndex>,
    /// What was found to be wrong with it first.
    damage: OnceLock<String>,
}

impl SegmentFile {
    /// The segment that a manifest of this folder names. Nothing is read before it is needed.
    pub(super) fn new(folder: PathBuf, entry: SegmentEntry) -> Self {
        Self { folder, entry, index: OnceLock::new(), damage: OnceLock::new() }
    }

    /// What the manifest says of it.
    pub(crate) fn entry(&self) -> &SegmentEntry {
        &self.entry
    }

    /// What was found to be wrong with it.
    pub(crate) fn damage(&self) -> Option<&str> {
        self.damage.get().map(String::as_str)
    }

    /// The same as an error.
    pub(crate) fn damage_error(&self) -> CacheError {
        let path = self.entry.data_path(&self.folder);
        CacheError::damaged(&path, self.damage().unwrap_or("it cannot be read"))
    }

    /// Says that its parts contradict one another, although each is what was written.
    pub(crate) fn disagreement(&self) -> CacheError {
        CacheError::damaged(&self.entry.data_path(&self.folder), "its parts contradict one another")
    }

    /// Remembers what is wrong with it.
    pub(crate) fn note<T>(&self, result: Result<T, CacheError>) -> Option<T> {
        result
            .map_err(|error| {
                tracing::warn!(target: "cache", %error, "a segment cannot be read");
                self.damage.get_or_init(|| error.to_string());
            })
            .ok()
    }

    /// Remembers a problem with it, for whoever asks what is damaged, and hands it on.
    pub(crate) fn tell(&self, problem: CacheError) -> CacheError {
        self.damage.get_or_init(|| problem.to_string());
        problem
    }

    /// Its index.
    pub(crate) fn index(&self) -> Result<&SegmentIndex, CacheError> {
        if let Some(index) = self.index.get() {
            return Ok(index);
        }
        let path = self.entry.index_path(&self.folder);
        let index = SegmentIndex::open(&path, self.entry.index_checksum)?;
        Ok(self.index.get_or_init(|| index))
    }

    /// What is held of its index, in bytes.
    pub(crate) fn index_memory_bytes(&self) -> usize {
        self.index.get().map_or(0, SegmentIndex::memory_bytes)
    }

    /// What is known of the batches, in offset order.
    pub(crate) fn batches(&self) -> Result<&[StoredBatch], CacheError> {
        self.index()?.batches()
    }

    /// The columns of a batch.
    pub(crate) fn columns(
        &self,
        batch: &StoredBatch,
        wanted: Wanted,
    ) -> Result<StoredColumns, CacheError> {
        let path = self.entry.data_path(&self.folder);
        let damaged = || CacheError::damaged(&path, "a batch is not what was written");
        let size = usize::try_from(batch.bytes).map_err(|_too_many| damaged())?;
        let mut bytes = vec![0; size];
        read_at(&path, &mut bytes, batch.at)?;
        if crc32fast::hash(&bytes) != batch.checksum {
            return Err(damaged());
        }
        let metadata = bytes
            .get(4..MESSAGE_PREFIX_BYTES)
            .and_then(|size| <[u8; 4]>::try_from(size).ok())
            .map(i32::from_le_bytes)
            .and_then(|size| size.checked_add(MESSAGE_PREFIX_BYTES.try_into().ok()?))
            .ok_or_else(damaged)?;
        let body = i64::try_from(size).map_err(|_too_many| damaged())? - i64::from(metadata);
        let block = Block::new(0, metadata, body);
        let mut decoder = FileDecoder::new(schema(self.entry.payloads), MetadataVersion::V5);
        if let Some(projection) = wanted.projection().filter(|_| self.entry.payloads) {
            decoder = decoder.with_projection(projection);
        }
        let columns = decoder.read_record_batch(&block, &Buffer::from_vec(bytes));
        let columns = columns.map_err(CacheError::arrow(&path))?.ok_or_else(damaged)?;
        StoredColumns::new(&columns).map_err(CacheError::arrow(&path))
    }

    /// The offsets of records of aborted transactions in it, ascending.
    pub(crate) fn aborted_offsets(&self) -> Result<Vec<i64>, CacheError> {
        let mut aborted = Vec::new();
        if self.entry.aborted == 0 {
            return Ok(aborted);
        }
        for batch in self.batches()?.iter().filter(|batch| batch.aborted > 0) {
            let columns = self.columns(batch, Wanted::Keys)?;
            let rows = 0..columns.len();
            let rows = rows.filter(|row| columns.transaction(*row) == Transaction::Aborted);
            aborted.extend(rows.map(|row| columns.offsets.value(row)));
        }
        Ok(aborted)
    }

    /// Its distinct keys.
    pub(crate) fn keys(&self) -> Result<DistinctKeys, CacheError> {
        DistinctKeys::read(&self.entry.keys_path(&self.folder), self.entry.keys_checksum)
    }

    /// Reads everything, to see that it is what was written.
    pub(crate) fn verify(&self) -> Result<(), CacheError> {
        may_take_long("reading the index");
        self.index()?.verify()?;
        self.keys()?;
        let path = self.entry.data_path(&self.folder);
        let bytes = fs_err::read(&path).map_err(CacheError::io(&path))?;
        if crc32fast::hash(&bytes) == self.entry.data_checksum {
            Ok(())
        } else {
            Err(CacheError::damaged(&path, "its content is not what was written"))
        }
    }
}
