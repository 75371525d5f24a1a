//! What happened in a run, step by step.
//!
//! Promises: steps stand in the order they happened; what each member and each partition was like
//! after any of them follows from the steps before it. The same run gives the same digest.
//! Does not know: what is correct.

use std::hash::Hasher as _;

use serde::Serialize;
use xxhash_rust::xxh3::Xxh3Default;

use crate::model::{Position, TopicPartition};
use crate::sandbox::fault::CrashPoint;

/// Where a message was delivered from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sandbox) struct Address {
    /// The number of the partition in this run.
    pub(in crate::sandbox) place: u16,
    /// The number of the partition's phase.
    pub(in crate::sandbox) phase: u16,
    /// The offset.
    pub(in crate::sandbox) offset: i64,
    /// The number of the message.
    pub(in crate::sandbox) message: u32,
}

/// Why a partition stands still.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standstill {
    /// A record that cannot be handled, and the consumer says so.
    Poison,
    /// A record that cannot be handled is tried for ever.
    RetriedForEver,
    /// Polls come too late again and again, and the same records are handed out for ever.
    RebalanceLoop,
    /// An undecided transaction withholds what follows, and the consumer says so.
    BlockedAtLso,
    /// The same, and the consumer does not notice.
    Unnoticed,
    /// The position lies behind the last applied offset: records between were never delivered.
    SkippedAhead,
    /// The position is not in the log any more.
    OutOfRange,
    /// The log starts behind the position.
    LogStartPassed,
    /// Tombstones may have come and gone since the position was stored.
    AwayTooLong,
}

impl Standstill {
    /// Why, in a few words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Poison => "a record cannot be handled",
            Self::RetriedForEver => "a record that cannot be handled is tried for ever",
            Self::RebalanceLoop => "polls come too late again and again",
            Self::BlockedAtLso => "blocked at the last stable offset",
            Self::Unnoticed => "an undecided transaction withholds what follows",
            Self::SkippedAhead => "the position lies behind the last applied record",
            Self::OutOfRange => "the position is not in the log",
            Self::LogStartPassed => "the log starts behind the position",
            Self::AwayTooLong => "tombstones may have come and gone",
        }
    }

    /// Whether the consumer names the position itself.
    pub fn is_explicit(self) -> bool {
        !matches!(self, Self::RetriedForEver | Self::RebalanceLoop | Self::Unnoticed)
    }
}

/// What happened in a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sandbox) enum What {
    /// A poll returned a record.
    Delivered(Address),
    /// A record was applied to its row.
    Applied(Address),
    /// A record that was parked was applied after all.
    Released(Address),
    /// A record that is no event of the projection was passed over.
    Ignored(Address),
    /// A record was recognised as handled before.
    Recognised(Address),
    /// A record waits for those before it, or for a person.
    Parked(Address),
    /// A record went to the dead letters or to a retry topic.
    DeadLettered(Address),
    /// A record was passed over without a word.
    Skipped(Address),
    /// The handler threw, or the record could not be decoded.
    Failed(Address),
    /// The older of two writes was refused with all of its poll.
    RolledBack(Address),
    /// The group's position was committed.
    Committed {
        /// The partition.
        place: u16,
        /// The next offset.
        offset: i64,
    },
    /// A commit was refused: the member no longer owns the partition.
    CommitRefused {
        /// The partition.
        place: u16,
        /// The offset that was not committed.
        offset: i64,
    },
    /// The read model's own position was stored.
    Stored {
        /// The partition.
        place: u16,
        /// The next offset.
        offset: i64,
    },
    /// The process died.
    Crashed(CrashPoint),
    /// The process stopped in good order.
    Closed,
    /// The process stands still.
    Paused,
    /// The process goes on after it stood still.
    Woke,
    /// The member has learned that it lost its partitions, and joins the group again.
    Joined,
    /// A partition was taken away.
    Revoked {
        /// The partition.
        place: u16,
    },
    /// A partition was given, to be read from this offset.
    Assigned {
        /// The partition.
        place: u16,
        /// The next offset.
        offset: i64,
    },
    /// The group's position was set from outside.
    PositionSet {
        /// The partition.
        place: u16,
        /// The next offset.
        offset: i64,
    },
    /// The partition holds something else from now on.
    LogChanged {
        /// The partition.
        place: u16,
        /// The number of its phase.
        phase: u16,
    },
    /// Nothing more is read of a partition.
    StoodStill {
        /// The partition.
        place: u16,
        /// The next offset.
        offset: i64,
        /// Why.
        why: Standstill,
    },
    /// The read model was emptied, to be built anew.
    Rebuilt,
}

/// A step of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sandbox) struct Step {
    /// The number of the member.
    pub(in crate::sandbox) member: u16,
    /// What happened.
    pub(in crate::sandbox) what: What,
}

/// What happened in a run.
#[derive(Debug, Default)]
pub(in crate::sandbox) struct Trace {
    /// The partitions by their numbers.
    pub(in crate::sandbox) places: Vec<TopicPartition>,
    /// The steps.
    pub(in crate::sandbox) steps: Vec<Step>,
}

impl Trace {
    /// The number of the next step.
    pub(super) fn next(&self) -> u32 {
        u32::try_from(self.steps.len()).expect("a run has fewer than 2^32 steps")
    }

    /// Adds a step.
    pub(super) fn push(&mut self, member: usize, what: What) {
        let member = u16::try_from(member).expect("a group has few members");
        self.steps.push(Step { member, what });
    }

    /// The address of a message as it is printed.
    pub(in crate::sandbox) fn position(&self, address: &Address) -> Position {
        self.places[usize::from(address.place)].at(address.offset)
    }

    /// A number that is the same for the same steps.
    pub(in crate::sandbox) fn digest(&self) -> u64 {
        let mut hasher = Xxh3Default::new();
        for step in &self.steps {
            hasher.write_u16(step.member);
            let (place, offset) = step.what.place().unwrap_or((u16::MAX, None));
            hasher.write(step.what.word().as_bytes());
            hasher.write_u16(place);
            hasher.write_i64(offset.unwrap_or(-1));
            hasher.write_u32(step.what.detail());
        }
        hasher.finish()
    }
}

impl What {
    /// The message it is about, with where it came from.
    pub(in crate::sandbox) fn address(&self) -> Option<&Address> {
        match self {
            Self::Delivered(address)
            | Self::Applied(address)
            | Self::Released(address)
            | Self::Ignored(address)
            | Self::Recognised(address)
            | Self::Parked(address)
            | Self::DeadLettered(address)
            | Self::Skipped(address)
            | Self::Failed(address)
            | Self::RolledBack(address) => Some(address),
            _ => None,
        }
    }

    /// The message that the consumer is done with from here on, rightly or not.
    pub(in crate::sandbox) fn handled(&self) -> Option<&Address> {
        match self {
            Self::Delivered(_) | Self::Failed(_) | Self::RolledBack(_) => None,
            what => what.address(),
        }
    }

    /// What it is called in files and output.
    pub(in crate::sandbox) fn word(&self) -> &'static str {
        match self {
            Self::Delivered(_) => "delivered",
            Self::Applied(_) => "applied",
            Self::Released(_) => "released",
            Self::Ignored(_) => "ignored",
            Self::Recognised(_) => "recognised",
            Self::Parked(_) => "parked",
            Self::DeadLettered(_) => "dead_lettered",
            Self::Skipped(_) => "skipped",
            Self::Failed(_) => "failed",
            Self::RolledBack(_) => "rolled_back",
            Self::Committed { .. } => "committed",
            Self::CommitRefused { .. } => "commit_refused",
            Self::Stored { .. } => "stored",
            Self::Crashed(_) => "crashed",
            Self::Closed => "closed",
            Self::Paused => "paused",
            Self::Woke => "woke",
            Self::Joined => "joined",
            Self::Revoked { .. } => "revoked",
            Self::Assigned { .. } => "assigned",
            Self::PositionSet { .. } => "position_set",
            Self::LogChanged { .. } => "log_changed",
            Self::StoodStill { .. } => "stood_still",
            Self::Rebuilt => "rebuilt",
        }
    }

    /// The partition it is about, with the offset.
    pub(in crate::sandbox) fn place(&self) -> Option<(u16, Option<i64>)> {
        match self {
            Self::Committed { place, offset }
            | Self::CommitRefused { place, offset }
            | Self::Stored { place, offset }
            | Self::Assigned { place, offset }
            | Self::PositionSet { place, offset }
            | Self::StoodStill { place, offset, .. } => Some((*place, Some(*offset))),
            Self::Revoked { place } | Self::LogChanged { place, .. } => Some((*place, None)),
            _ => self.address().map(|address| (address.place, Some(address.offset))),
        }
    }

    /// What it says beside its word, partition and offset.
    fn detail(&self) -> u32 {
        match self {
            Self::Crashed(point) => *point as u32,
            Self::StoodStill { why, .. } => *why as u32,
            Self::LogChanged { phase, .. } => u32::from(*phase),
            _ => self.address().map_or(0, |address| address.message),
        }
    }
}
