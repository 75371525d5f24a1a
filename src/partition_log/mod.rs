//! What has been read of the log, kept so that it is read once.
//!
//! A [`LogSource`] delivers batches of records; a [`LogStore`] keeps them in segments with an index
//! of their keys and times, under a memory budget; a [`LogSnapshot`] answers questions about what
//! was there at one moment. [`assess`] says how much of the history an answer rests on.
//!
//! Promises: records are kept exactly as they were read; a record found at a [`Location`] stays
//! there; nothing is global, so nothing is rebuilt when a topic grows.
//!
//! Does not know: what keys and values mean.
//!
//! Invariant: values are never decoded here.

mod cache;
mod cached_log;
mod completeness;
mod generated;
mod held_segment;
mod kafka_source;
mod kept_segments;
mod key_directory;
mod key_index;
pub(crate) mod likely_first;
mod log_order;
mod partition;
pub(crate) mod partition_watch;
mod partitioner;
pub mod private_files;
pub(crate) mod sample;
mod segment;
mod snapshot;
mod source;
mod store;
mod stored_segment;
mod time_buckets;
mod time_counts;

pub use cache::{
    BatchCache, CacheError, DISK_BUDGET_BYTES, KeptTopic, KeyPlace, KeyTally, LogCache,
    TopicIdentity,
};
pub use cached_log::{CachedLog, FillOrder, Filled, Keeping, Kept, LogNews, TellProblem};
pub use completeness::{ALL_OFFSETS, PartitionHistory, assess};
pub use generated::{GeneratedLog, GeneratedTopic};
pub use kafka_source::KafkaLog;
pub use kept_segments::KeptSegments;
pub use key_directory::{KeyCount, KeyCounts, KeyDirectory, KeyedRecord};
pub use log_order::LogOrder;
pub use partition::Location;
pub use partitioner::{Partitioner, PartitionerEvidence};
pub use snapshot::{LogBounds, LogSnapshot};
pub use source::{LogSource, SourceError};
pub use store::{AppendError, BudgetExceeded, LogStore};
pub use time_buckets::{TimeBuckets, TimeCounts};

#[cfg(test)]
mod tests;
