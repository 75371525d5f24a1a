//! What has been read, kept in memory under a budget.
//!
//! Promises: holds no more than its budget and says so when it is reached; what it refuses changes
//! nothing; a snapshot costs a few pointers per partition and never changes.
//! Does not know: where records come from, what they mean.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::held_segment::HeldSegment;
use super::kept_segments::KeptSegments;
use super::partition::PartitionLog;
use super::snapshot::LogSnapshot;
use super::stored_segment::StoredSegment;
use crate::model::{RecordBatch, TopicPartition};

/// Why records were not taken in.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum AppendError {
    /// They do not fit.
    #[error(transparent)]
    Budget(#[from] BudgetExceeded),
    /// They do not come after what is there: the topic was created anew, or its log was cut back.
    #[error("{partition} went back from offset {last} to offset {found} while it was read")]
    OffsetsWentBack {
        /// The partition.
        partition: TopicPartition,
        /// The last offset that is there.
        last: i64,
        /// The first offset of the records refused.
        found: i64,
    },
}

impl AppendError {
    /// What the user can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Budget(exceeded) => exceeded.hint(),
            Self::OffsetsWentBack { .. } => {
                "the topic was created anew or its log was cut back: read it again"
            }
        }
    }
}

/// The memory budget is used up.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "the records read take {} of the {} allowed, and the next {} do not fit",
    in_mebibytes(*held_bytes), in_mebibytes(*budget_bytes), in_mebibytes(*needed_bytes)
)]
pub struct BudgetExceeded {
    /// What may be held, in bytes.
    pub budget_bytes: u64,
    /// What is held, in bytes.
    pub held_bytes: u64,
    /// What the records refused would take, in bytes.
    pub needed_bytes: u64,
}

impl BudgetExceeded {
    /// What the user can do about it.
    pub fn hint(&self) -> &'static str {
        "read a shorter span of time, fewer partitions or one key, close a topic, or allow more memory"
    }
}

/// A size in MiB with one decimal.
fn in_mebibytes(bytes: u64) -> String {
    const MEBIBYTE: u64 = 1024 * 1024;
    let tenths = u128::from(bytes) * 10 / u128::from(MEBIBYTE);
    format!("{}.{} MiB", tenths / 10, tenths % 10)
}

/// The records that have been read, by partition.
#[derive(Debug)]
pub struct LogStore {
    /// What may be held, in bytes.
    budget_bytes: u64,
    /// What records in memory take, in bytes.
    held_bytes: u64,
    /// Tells the snapshots of this store from those of others.
    identity: Arc<()>,
    /// The partitions. Shared with snapshots, and copied when written to while one is alive.
    partitions: BTreeMap<TopicPartition, Arc<PartitionLog>>,
}

impl LogStore {
    /// An empty store that may hold this many bytes.
    pub fn new(budget_bytes: u64) -> Self {
        Self { budget_bytes, held_bytes: 0, identity: Arc::default(), partitions: BTreeMap::new() }
    }

    /// Takes in records that come after those there are of their partition. Where a read goes on
    /// after another one, log times are raised to the latest known.
    ///
    /// # Errors
    /// When they would exceed the budget or do not come after what is there. Nothing was taken in
    /// then.
    pub fn append(&mut self, mut batch: RecordBatch) -> Result<(), AppendError> {
        let Some(first_offset) = batch.offsets().first().copied() else { return Ok(()) };
        let last = self.partitions.get(batch.partition()).and_then(|log| log.last());
        if let Some((last_offset, last_ms)) = last {
            if first_offset <= last_offset {
                return Err(AppendError::OffsetsWentBack {
                    partition: batch.partition().clone(),
                    last: last_offset,
                    found: first_offset,
                });
            }
            batch = batch.with_log_times_from(last_ms);
        }
        batch.shrink_to_fit();
        let partition = batch.partition().clone();
        let segment = HeldSegment::from_batch(batch);
        self.check_room_for(segment.memory_bytes())?;
        let log = self.partition_mut(partition);
        let before = log.held_bytes();
        log.append(segment);
        let after = log.held_bytes();
        assert!(before <= self.held_bytes, "a store holds what its partitions hold");
        self.held_bytes = self.held_bytes - before + after;
        Ok(())
    }

    /// Takes in what an opened log hands over.
    pub fn take_kept(&mut self, kept: KeptSegments) {
        self.adopt(&kept.partition, kept.segments);
    }

    /// Takes in segments on disk that come after what is there of their partition. They take hardly
    /// any memory, so no budget is asked.
    pub(super) fn adopt(&mut self, partition: &TopicPartition, segments: Vec<StoredSegment>) {
        let log = self.partition_mut(partition.clone());
        for segment in segments.into_iter().filter(|segment| segment.rows() > 0) {
            assert!(segment.partition() == partition, "a segment goes to its own partition");
            log.adopt(segment);
        }
    }

    /// Checks that this many more bytes fit into the budget.
    fn check_room_for(&self, needed_bytes: u64) -> Result<(), BudgetExceeded> {
        let Self { budget_bytes, held_bytes, .. } = *self;
        if held_bytes + needed_bytes > budget_bytes {
            return Err(BudgetExceeded { budget_bytes, held_bytes, needed_bytes });
        }
        Ok(())
    }

    /// What there is of this partition, to be written to.
    fn partition_mut(&mut self, partition: TopicPartition) -> &mut PartitionLog {
        let next_id = u32::try_from(self.partitions.len()).expect("a store has fewer partitions");
        let log = self.partitions.entry(partition).or_insert_with_key(|partition| {
            Arc::new(PartitionLog::new(next_id, partition.clone()))
        });
        Arc::make_mut(log)
    }

    /// What is there now, for good.
    pub fn snapshot(&self) -> LogSnapshot {
        LogSnapshot::new(Arc::clone(&self.identity), self.partitions.values().cloned().collect())
    }

    /// What is held, in bytes: the records in memory, and what is known all the time of those on
    /// disk.
    pub fn memory_bytes(&self) -> u64 {
        self.partitions.values().map(|log| log.memory_bytes()).sum()
    }

    /// What may be held, in bytes.
    pub fn budget_bytes(&self) -> u64 {
        self.budget_bytes
    }
}
