//! A fault with its parameters: one thing that goes wrong at one record.
//!
//! Promises: the record is named by its address in the history, so that a fault means the same when
//! other records are left out.
//! Does not know: what it does to a run (`catalogue` says it in words, `run` does it).

use serde::{Deserialize, Serialize};

use super::{FaultName, place};
use crate::model::Position;

/// Where a process dies while it handles a record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CrashPoint {
    /// Before it wrote anything of the record.
    BeforeApply,
    /// Between its two writes, where it has two.
    BetweenWrites,
    /// After its writes, before its position was committed.
    #[default]
    AfterApply,
    /// After its position was committed.
    AfterCommit,
}

/// In which order records of several partitions are handed out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Merge {
    /// As their log times say.
    Log,
    /// By chance, from this seed.
    Seeded(u64),
    /// All of one partition first.
    PartitionFirst {
        /// Its topic.
        topic: String,
        /// Its number.
        partition: i32,
    },
}

/// How many members beside the one that was hit are asked for by default.
fn two() -> u32 {
    2
}

/// How many records of the same poll come behind the one that is hit, by default.
fn three() -> u32 {
    3
}

/// How often something happens by default.
fn once() -> u32 {
    1
}

/// One thing that goes wrong. The catalogue says of each what exactly is simulated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fault", deny_unknown_fields)]
pub enum Fault {
    /// A member dies around applying a record.
    #[serde(rename = "F1")]
    CrashBeforeCommit {
        /// The record.
        #[serde(with = "place")]
        at: Position,
        /// Where exactly.
        #[serde(default)]
        point: CrashPoint,
    },
    /// A member dies between the two writes of a record.
    #[serde(rename = "F2")]
    CrashBetweenWrites {
        /// The record.
        #[serde(with = "place")]
        at: Position,
    },
    /// The poll that holds a record is committed first, and the member dies before it applies the
    /// record.
    #[serde(rename = "F3")]
    CommitBeforeApply {
        /// The record.
        #[serde(with = "place")]
        at: Position,
    },
    /// Workers handle a poll that the client has committed already, and the member dies while one
    /// is not done.
    #[serde(rename = "F4")]
    AutoCommitWithWorkers {
        /// The record that is not done.
        #[serde(with = "place")]
        at: Position,
        /// How many workers there are.
        #[serde(default = "two")]
        workers: u32,
        /// How many records behind it belong to the same poll at least.
        #[serde(default = "three")]
        in_flight: u32,
    },
    /// Workers handle a poll, the highest offset that is done is committed, and the member dies.
    #[serde(rename = "F5")]
    HighestSeenCommit {
        /// The record that is not done.
        #[serde(with = "place")]
        at: Position,
        /// How many workers there are.
        #[serde(default = "two")]
        workers: u32,
        /// How many records behind it belong to the same poll at least.
        #[serde(default = "three")]
        in_flight: u32,
    },
    /// All partitions change owners after a record was applied.
    #[serde(rename = "F6")]
    GracefulRebalance {
        /// The record.
        #[serde(with = "place")]
        at: Position,
        /// Whether the old owners commit when partitions are taken from them.
        #[serde(default)]
        commit_on_revoke: bool,
    },
    /// A member stands still before it writes a record, loses its partitions, and wakes up.
    #[serde(rename = "F7")]
    LostRebalance {
        /// The record.
        #[serde(with = "place")]
        at: Position,
        /// How many turns of the others it stands still.
        #[serde(default = "three")]
        pause_turns: u32,
    },
    /// One partition moves to another member after a record was applied; the others go on.
    #[serde(rename = "F8")]
    CooperativeRebalance {
        /// The record.
        #[serde(with = "place")]
        at: Position,
        /// How many turns the partition has no owner.
        #[serde(default = "three")]
        pause_turns: u32,
        /// Whether the old owner commits.
        #[serde(default)]
        commit_on_revoke: bool,
    },
    /// Records of several partitions are handed out in another legal order.
    #[serde(rename = "F9")]
    PartitionMerge {
        /// The order.
        merge: Merge,
    },
    /// From a record on, the events of its entity go to another partition.
    #[serde(rename = "F10")]
    KeyMoves {
        /// The first record in the other partition.
        #[serde(with = "place")]
        at: Position,
    },
    /// A record is written twice by its producer.
    #[serde(rename = "F11")]
    Duplicate {
        /// The record.
        #[serde(with = "place")]
        at: Position,
        /// How many records stand between it and its copy.
        #[serde(default)]
        behind: u32,
    },
    /// A producer's retry lands behind the batch that came after it.
    #[serde(rename = "F12")]
    Reorder {
        /// The first record of the batch that is retried.
        #[serde(with = "place")]
        at: Position,
        /// How many records each of the two batches has.
        #[serde(default = "once")]
        records: u32,
    },
    /// Bytes that cannot be decoded stand behind a record.
    #[serde(rename = "F13")]
    PoisonBytes {
        /// The record.
        #[serde(with = "place")]
        at: Position,
    },
    /// The handler throws at a record, whenever it is tried.
    #[serde(rename = "F14")]
    PoisonHandler {
        /// The record.
        #[serde(with = "place")]
        at: Position,
    },
    /// The handler throws at a record after its first write, a few times.
    #[serde(rename = "F15")]
    TransientFailure {
        /// The record.
        #[serde(with = "place")]
        at: Position,
        /// How often.
        #[serde(default = "once")]
        times: u32,
        /// Tried again over a retry topic, after this many further records; at once when 0.
        #[serde(default)]
        retry_behind: u32,
    },
    /// A record goes to the dead letters and comes back from there.
    #[serde(rename = "F16")]
    DeadLetterReplay {
        /// The record.
        #[serde(with = "place")]
        at: Position,
        /// After how many further records of its partition.
        #[serde(default = "once")]
        behind: u32,
    },
    /// The transaction of a record was aborted once before it was committed.
    #[serde(rename = "F17")]
    AbortedTransaction {
        /// The record.
        #[serde(with = "place")]
        at: Position,
        /// How many records stand between the aborted attempt and the record.
        #[serde(default)]
        ahead: u32,
    },
    /// A transaction that is never decided stands before a record.
    #[serde(rename = "F18")]
    OpenTransaction {
        /// The record.
        #[serde(with = "place")]
        at: Position,
    },
    /// Offsets without records follow a record, and the group starts again behind them.
    #[serde(rename = "F19")]
    OffsetGap {
        /// The record.
        #[serde(with = "place")]
        at: Position,
        /// How many offsets.
        #[serde(default = "once")]
        offsets: u32,
    },
    /// A partition was compacted before the consumer began.
    #[serde(rename = "F20")]
    Compaction {
        /// The last record that compaction reached.
        #[serde(with = "place")]
        at: Position,
    },
    /// An entity is deleted while the group is away, and its tombstone is gone when it comes back.
    #[serde(rename = "F21")]
    LateTombstone {
        /// The last record of the entity.
        #[serde(with = "place")]
        at: Position,
    },
    /// Retention deletes records while the group is away.
    #[serde(rename = "F22")]
    Retention {
        /// The first record that the group has not applied.
        #[serde(with = "place")]
        at: Position,
        /// How many records are deleted from there on.
        #[serde(default = "once")]
        records: u32,
    },
    /// A topic is deleted and created again while the group is away.
    #[serde(rename = "F23")]
    TopicRecreated {
        /// The first record of the new topic.
        #[serde(with = "place")]
        at: Position,
    },
    /// A leader is elected that lacks records which were read already.
    #[serde(rename = "F24")]
    Truncation {
        /// The first record written after the election.
        #[serde(with = "place")]
        at: Position,
        /// How many records were lost.
        #[serde(default = "once")]
        records: u32,
    },
    /// An operator sets the group's position.
    #[serde(rename = "F25")]
    PositionSet {
        /// The first record that the group has not applied.
        #[serde(with = "place")]
        at: Position,
        /// The record it is set to.
        #[serde(with = "place")]
        to: Position,
    },
    /// A record is dated back, and an operator sets the group's position by time.
    #[serde(rename = "F26")]
    BackdatedTimestamp {
        /// The record.
        #[serde(with = "place")]
        at: Position,
        /// By how many milliseconds.
        by_ms: i64,
    },
    /// Every second record of a while comes from a writer with an older schema.
    #[serde(rename = "F27")]
    SchemaMix {
        /// The first of them.
        #[serde(with = "place")]
        at: Position,
        /// How many of them there are.
        #[serde(default = "once")]
        records: u32,
    },
    /// A second deployment writes the same rows.
    #[serde(rename = "F28")]
    TwoVersions {
        /// The record at which it starts.
        #[serde(with = "place")]
        at: Position,
        /// How many records before that it begins to read.
        #[serde(default = "once")]
        behind: u32,
    },
    /// Handling is slow for a while, and polls come too late.
    #[serde(rename = "F29")]
    SlowHandler {
        /// The first record that is slow.
        #[serde(with = "place")]
        at: Position,
        /// How many records of the history are slow.
        records: u32,
        /// How long each of them takes, in milliseconds.
        handle_ms: u32,
        /// How long may lie between two polls, in milliseconds.
        max_poll_interval_ms: u32,
    },
    /// The group moves to a mirror of the partition.
    #[serde(rename = "F30")]
    Failover {
        /// The first record that the group has not applied.
        #[serde(with = "place")]
        at: Position,
        /// How much larger offsets are in the mirror; smaller when negative.
        #[serde(default)]
        shift: i64,
        /// How many records too early the translated position is.
        #[serde(default = "once")]
        behind: u32,
    },
}

impl Fault {
    /// Its name in the catalogue.
    pub fn name(&self) -> FaultName {
        FaultName::of(match self {
            Self::CrashBeforeCommit { .. } => 1,
            Self::CrashBetweenWrites { .. } => 2,
            Self::CommitBeforeApply { .. } => 3,
            Self::AutoCommitWithWorkers { .. } => 4,
            Self::HighestSeenCommit { .. } => 5,
            Self::GracefulRebalance { .. } => 6,
            Self::LostRebalance { .. } => 7,
            Self::CooperativeRebalance { .. } => 8,
            Self::PartitionMerge { .. } => 9,
            Self::KeyMoves { .. } => 10,
            Self::Duplicate { .. } => 11,
            Self::Reorder { .. } => 12,
            Self::PoisonBytes { .. } => 13,
            Self::PoisonHandler { .. } => 14,
            Self::TransientFailure { .. } => 15,
            Self::DeadLetterReplay { .. } => 16,
            Self::AbortedTransaction { .. } => 17,
            Self::OpenTransaction { .. } => 18,
            Self::OffsetGap { .. } => 19,
            Self::Compaction { .. } => 20,
            Self::LateTombstone { .. } => 21,
            Self::Retention { .. } => 22,
            Self::TopicRecreated { .. } => 23,
            Self::Truncation { .. } => 24,
            Self::PositionSet { .. } => 25,
            Self::BackdatedTimestamp { .. } => 26,
            Self::SchemaMix { .. } => 27,
            Self::TwoVersions { .. } => 28,
            Self::SlowHandler { .. } => 29,
            Self::Failover { .. } => 30,
        })
    }
}

impl Fault {
    /// The record it happens at; none for an order of all records.
    pub fn at(&self) -> Option<&Position> {
        match self {
            Self::PartitionMerge { .. } => None,
            Self::CrashBeforeCommit { at, .. }
            | Self::CrashBetweenWrites { at }
            | Self::CommitBeforeApply { at }
            | Self::AutoCommitWithWorkers { at, .. }
            | Self::HighestSeenCommit { at, .. }
            | Self::GracefulRebalance { at, .. }
            | Self::LostRebalance { at, .. }
            | Self::CooperativeRebalance { at, .. }
            | Self::KeyMoves { at }
            | Self::Duplicate { at, .. }
            | Self::Reorder { at, .. }
            | Self::PoisonBytes { at }
            | Self::PoisonHandler { at }
            | Self::TransientFailure { at, .. }
            | Self::DeadLetterReplay { at, .. }
            | Self::AbortedTransaction { at, .. }
            | Self::OpenTransaction { at }
            | Self::OffsetGap { at, .. }
            | Self::Compaction { at }
            | Self::LateTombstone { at }
            | Self::Retention { at, .. }
            | Self::TopicRecreated { at }
            | Self::Truncation { at, .. }
            | Self::PositionSet { at, .. }
            | Self::BackdatedTimestamp { at, .. }
            | Self::SchemaMix { at, .. }
            | Self::TwoVersions { at, .. }
            | Self::SlowHandler { at, .. }
            | Self::Failover { at, .. } => Some(at),
        }
    }
}
