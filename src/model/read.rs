//! What a read of the log is asked for, and what it reports.
//!
//! Promises: every offset asked for is accounted for in the outcome: read, missing from the log,
//! lost, or not reached.
//! Does not know: who reads (`kafka`, a capture, a generator).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};

use super::{Isolation, Judged, Judging, LogClock, OffsetRange, RecordBatch, TopicPartition};

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

impl KeyFilter {
    /// Whether a record with this key is handed on.
    pub fn takes(&self, key: Option<&[u8]>) -> bool {
        match self {
            Self::All => true,
            Self::Equals(wanted) => key == Some(wanted),
            Self::Contains(part) => key.is_some_and(|key| {
                part.is_empty() || key.windows(part.len()).any(|window| window == &**part)
            }),
        }
    }
}

/// What a read is asked for.
#[derive(Clone, Debug)]
pub struct ReadPlan {
    /// From where (inclusive) to where (exclusive), at most one range a partition. The ends are
    /// those of a snapshot taken when the read was asked for; a follower reads on beyond them.
    pub ranges: Vec<OffsetRange>,
    /// Which records are delivered.
    pub isolation: Isolation,
    /// Which of them are handed on. Log time looks at all of them.
    pub keys: KeyFilter,
    /// Whether values are wanted; without them every value reads as empty (tombstones stay
    /// tombstones).
    pub values: bool,
    /// Whether headers are wanted; without them there are none.
    pub headers: bool,
    /// The log time, in milliseconds, that was reached before the range of a partition, where
    /// another read knows it.
    pub log_times: Option<Arc<BTreeMap<TopicPartition, i64>>>,
    /// What was judged of the timestamps of partitions, where that is known.
    pub judged: BTreeMap<TopicPartition, Arc<Judged>>,
    /// Whether all of the ranges will be read, so that a source that keeps what it read may do so.
    pub whole: bool,
    /// Whether to go on with what arrives after the ends.
    pub follow: bool,
    /// When the read began, in milliseconds since the epoch: what lies an hour later is
    /// implausible, unless it was judged before.
    pub started_ms: i64,
}

impl ReadPlan {
    /// Every committed record of these ranges with its value and headers, once, by a read that
    /// began at this moment, in milliseconds since the epoch. What a read wants otherwise is said
    /// by the fields.
    pub fn new(ranges: Vec<OffsetRange>, started_ms: i64) -> Self {
        Self {
            ranges,
            isolation: Isolation::Committed,
            keys: KeyFilter::All,
            values: true,
            headers: true,
            log_times: None,
            judged: BTreeMap::new(),
            whole: false,
            follow: false,
            started_ms,
        }
    }

    /// The log time, in milliseconds, that was reached before the range of a partition, if it is
    /// known.
    pub fn log_time_before(&self, partition: &TopicPartition) -> Option<i64> {
        self.log_times.as_ref().and_then(|times| times.get(partition)).copied()
    }

    /// How the timestamps of a partition are judged.
    pub fn judging(&self, partition: &TopicPartition) -> Judging {
        Judging::new(self.judged.get(partition).cloned().unwrap_or_default(), self.started_ms)
    }

    /// The clock of a partition at the beginning of its range.
    pub fn clock_of(&self, partition: &TopicPartition) -> LogClock {
        LogClock::going_on_from(self.judging(partition), self.log_time_before(partition))
    }
}

/// What a read says while it runs.
#[derive(Clone, Debug)]
pub enum ReadEvent {
    /// Records of one partition, in offset order after all before them.
    Batch(RecordBatch),
    /// How far every partition is; sent a few times a second. Gaps are left out, but just before
    /// `CaughtUp`.
    Progress(Vec<PartitionRead>),
    /// Reading stands still for this reason and resumes by itself.
    Trouble(String),
    /// Reading goes on after a trouble.
    Recovered,
    /// These offsets were gone before they could be read: retention overtook the reader.
    Lost(OffsetRange),
    /// A follower has delivered everything up to the ends and now waits for what arrives.
    CaughtUp,
    /// These partitions have no leader: nothing of them is read.
    Offline(Vec<TopicPartition>),
    /// From now on a follower reads this partition, too: it has got a leader, or it is new.
    Joined(TopicPartition),
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
    /// Offsets between `from` and `position` without a record: transaction markers, aborted records
    /// under `committed` isolation, or compaction. Neighbouring ones are one range.
    pub gaps: Vec<OffsetRange>,
    /// Offsets that were gone before they could be read.
    pub lost: Vec<OffsetRange>,
    /// The timestamp of the first record, in milliseconds since the epoch.
    pub first_timestamp_ms: Option<i64>,
    /// The log time that the partition has reached, in milliseconds since the epoch.
    pub last_log_time_ms: Option<i64>,
    /// Under which leaders the records were written, as far as brokers say so.
    pub leader_epochs: Vec<LeaderEpoch>,
}

/// From where on a leader wrote the log. Two logs with a record of the same offset and epoch agree
/// up to it (KIP-101).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaderEpoch {
    /// The first record of this leader that was read.
    pub from: i64,
    /// The number of the leader's term.
    pub epoch: i32,
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
            last_log_time_ms: None,
            leader_epochs: Vec::new(),
        }
    }

    /// The account without its gaps, of which there may be many: enough to tell progress.
    pub fn without_gaps(&self) -> Self {
        let Self { partition, from, position, end, records, bytes, lost, leader_epochs, .. } = self;
        Self {
            partition: partition.clone(),
            from: *from,
            position: *position,
            end: *end,
            records: *records,
            bytes: *bytes,
            gaps: Vec::new(),
            lost: lost.clone(),
            first_timestamp_ms: self.first_timestamp_ms,
            last_log_time_ms: self.last_log_time_ms,
            leader_epochs: leader_epochs.clone(),
        }
    }

    /// The account of this read and of one that went on where it stood.
    #[must_use]
    pub fn followed_by(mut self, mut rest: Self) -> Self {
        self.position = rest.position;
        self.end = rest.end;
        self.records += rest.records;
        self.bytes += rest.bytes;
        if let (Some(last), Some(first)) = (self.gaps.last_mut(), rest.gaps.first())
            && last.to == first.from
        {
            last.to = first.to;
            rest.gaps.remove(0);
        }
        self.gaps.append(&mut rest.gaps);
        self.lost.append(&mut rest.lost);
        self.first_timestamp_ms = self.first_timestamp_ms.or(rest.first_timestamp_ms);
        self.last_log_time_ms = self.last_log_time_ms.max(rest.last_log_time_ms);
        self.leader_epochs.append(&mut rest.leader_epochs);
        self
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
    /// How many of the records were kept from an earlier read.
    pub from_cache: u64,
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
