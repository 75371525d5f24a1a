//! What a read of the log is asked for, and what it reports.
//!
//! Promises: every offset asked for is accounted for in the outcome: read, missing from the log, lost, or not reached.
//! Does not know: who reads (`kafka`, a capture, a generator).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{Isolation, OffsetRange, RecordBatch, TopicPartition};

/// Lets one thread stop what another does. Clones share the same switch.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// A switch that is not thrown.
    pub fn new() -> Self {
        Self::default()
    }

    /// The switch itself, for whoever may only set a flag, such as a signal handler.
    pub fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0)
    }

    /// Throws the switch, for good.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it was thrown.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Which records are handed on, decided on raw key bytes before anything is copied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum KeyFilter {
    /// All.
    #[default]
    All,
    /// Those with exactly this key. A null key equals nothing.
    Equals(Arc<[u8]>),
    /// Those whose key contains these bytes.
    Contains(Arc<[u8]>),
}

/// What a read is asked for.
#[derive(Clone, Debug)]
pub struct ReadPlan {
    /// From where (inclusive) to where (exclusive), at most one range a partition. The ends are those of a snapshot
    /// taken when the read was asked for; a follower reads on beyond them.
    pub ranges: Vec<OffsetRange>,
    /// Which records are delivered.
    pub isolation: Isolation,
    /// Which of them are handed on. Log time looks at all of them.
    pub keys: KeyFilter,
    /// Whether values are wanted; without them every value reads as empty (tombstones stay tombstones).
    pub values: bool,
    /// Whether headers are wanted; without them there are none.
    pub headers: bool,
    /// Whether to go on with what arrives after the ends.
    pub follow: bool,
    /// When the read began, in milliseconds since the epoch: what lies an hour later is implausible.
    pub started_ms: i64,
}

/// What a read says while it runs.
#[derive(Clone, Debug)]
pub enum ReadEvent {
    /// Records of one partition, in offset order after all before them.
    Batch(RecordBatch),
    /// How far every partition is; sent a few times a second.
    Progress(Vec<PartitionRead>),
    /// Reading stands still for this reason and resumes by itself.
    Trouble(String),
    /// Reading goes on after a trouble.
    Recovered,
    /// These offsets were gone before they could be read: retention overtook the reader.
    Lost(OffsetRange),
    /// A follower has delivered everything up to the ends and now waits for what arrives.
    CaughtUp,
}

/// What a read found in one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionRead {
    /// The partition.
    pub partition: TopicPartition,
    /// The first offset asked for.
    pub from: i64,
    /// The next offset: everything from `from` up to here was read or is missing from the log.
    pub position: i64,
    /// The end asked for.
    pub end: i64,
    /// How many records were delivered by the log, handed on or not.
    pub records: u64,
    /// Bytes of their keys and values.
    pub bytes: u64,
    /// Offsets between `from` and `position` without a record: transaction markers, aborted records under `committed`
    /// isolation, or compaction. Neighbouring ones are one range.
    pub gaps: Vec<OffsetRange>,
    /// Offsets that were gone before they could be read.
    pub lost: Vec<OffsetRange>,
    /// The timestamp of the first record, in milliseconds since the epoch.
    pub first_timestamp_ms: Option<i64>,
}

impl PartitionRead {
    /// Nothing read yet of this range.
    pub fn starting(range: &OffsetRange) -> Self {
        Self {
            partition: TopicPartition {
                topic: Arc::clone(&range.topic),
                partition: range.partition,
            },
            from: range.from,
            position: range.from,
            end: range.to,
            records: 0,
            bytes: 0,
            gaps: Vec::new(),
            lost: Vec::new(),
            first_timestamp_ms: None,
        }
    }

    /// Whether everything up to the end asked for was read or is missing from the log.
    pub fn is_done(&self) -> bool {
        self.position >= self.end
    }
}

/// How a read ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadOutcome {
    /// What was found, by partition, sorted.
    pub partitions: Vec<PartitionRead>,
    /// Whether it was stopped before its end, by a cancel or by whom it was handing records to.
    pub stopped: bool,
}

impl ReadOutcome {
    /// Records delivered by the log over all partitions.
    pub fn records(&self) -> u64 {
        self.partitions.iter().map(|partition| partition.records).sum()
    }

    /// Bytes of keys and values over all partitions.
    pub fn bytes(&self) -> u64 {
        self.partitions.iter().map(|partition| partition.bytes).sum()
    }

    /// Whether every partition was read to the end asked for.
    pub fn is_complete(&self) -> bool {
        self.partitions.iter().all(PartitionRead::is_done)
    }
}
