//! The log on disk: what was read of topics, kept from one start of the program to the next.
//!
//! A topic has a folder, named by the ids of cluster and topic; a partition has a folder in it,
//! with a manifest that names the segments that count. A segment is three files: the records as an
//! Arrow IPC file that other tools can open, an index of key hashes, batches and times, and the
//! distinct keys, again in Arrow. Everything below the last stable offset is kept, with the outcome
//! of its transaction, so that one copy serves both isolation levels.
//!
//! Promises: whatever moment a writer is stopped at, the cache opens and holds no wrong record:
//! files are written aside and synced, then the manifest that names them is replaced as a whole.
//! What is damaged is noticed by its checksum.
//! Does not know: brokers, what keys and values mean.

mod batch_cache;
mod checked_file;
mod columns;
mod distinct_keys;
mod error;
mod filler;
mod log_cache;
mod manifest;
mod partition_cache;
mod segment_file;
mod segment_index;
mod segment_writer;
mod topic_cache;
mod topic_identity;
mod truncation;
mod words;

pub use batch_cache::BatchCache;
pub(super) use columns::Wanted;
pub(super) use distinct_keys::DistinctKeys;
pub use distinct_keys::{KeyPlace, KeyTally};
pub use error::CacheError;
pub(super) use filler::{Filler, Joining};
pub use log_cache::{DISK_BUDGET_BYTES, KeptTopic, LogCache};
pub(super) use manifest::SegmentEntry;
pub(super) use partition_cache::{GoneFrom, PartitionCache};
pub(super) use segment_file::SegmentFile;
pub(super) use segment_index::StoredBatch;
pub(super) use topic_cache::TopicCache;
pub use topic_identity::TopicIdentity;
