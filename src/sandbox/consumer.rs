//! The six reference consumers: one way each of writing a consumer that people use.
//!
//! Promises: a consumer is nothing but its habits below; what it is given is up to the schedule,
//! what it does with that is up to them.
//! Does not know: projections. A consumer that cannot save a projection which adds may save one
//! which overwrites.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::ErrorPolicy;
use crate::model::Isolation;

/// A reference consumer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Consumer {
    /// Reads the row, applies the event, writes the row, then appends a side effect; commits
    /// afterwards.
    Naive,
    /// The same, but the side effect has the event id for its key, so that writing it again changes
    /// nothing.
    UpsertByKey,
    /// Writes row and last applied offset of the partition together; skips what is not behind that
    /// offset.
    OffsetGuarded,
    /// Writes row, side effect and event id in one transaction; skips ids that are there.
    EventIdDedup,
    /// Applies an event only as the next of its entity; parks early ones, skips late ones.
    SequenceGuarded,
    /// Writes all of a poll and the position behind it in one transaction, and starts from that
    /// position.
    TransactionalPosition,
}

/// What tells a consumer that it has handled a record before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Guard {
    /// Nothing.
    None,
    /// The last applied offset of the partition.
    Offset,
    /// The event ids that were applied.
    EventId,
    /// The sequence of the entity.
    Sequence,
    /// The position in the read model, compared and set with the whole poll.
    Position,
}

/// How a consumer writes what it makes of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Writes {
    /// The row, then the side effect, which is appended.
    RowThenAppend,
    /// The row, then the side effect, which is keyed by event id.
    RowThenPut,
    /// The side effect, which is keyed by address, then the row with its guard.
    PutThenRow,
    /// All in one transaction.
    Transaction,
    /// All of a poll in one transaction.
    PollTransaction,
}

/// Everything that tells one consumer from another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Habits {
    /// What it recognises duplicates by.
    pub(super) guard: Guard,
    /// How it writes.
    pub(super) writes: Writes,
    /// Which records it asks for: Java's default is all, also uncommitted ones.
    pub(super) isolation: Isolation,
    /// What it does with a record that it cannot handle.
    pub(super) on_error: ErrorPolicy,
    /// Whether it looks at the schema version of an event before it applies it.
    pub(super) checks_schema: bool,
    /// Whether it says so when its position stands still while the partition grows.
    pub(super) reports_standstill: bool,
}

/// A text that names no consumer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown consumer `{text}`")]
pub struct ConsumerError {
    /// The text.
    text: String,
}

impl Consumer {
    /// All of them, the most careless first.
    pub const ALL: [Self; 6] = [
        Self::Naive,
        Self::UpsertByKey,
        Self::OffsetGuarded,
        Self::EventIdDedup,
        Self::SequenceGuarded,
        Self::TransactionalPosition,
    ];

    /// The name on the command line and in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Naive => "naive",
            Self::UpsertByKey => "upsert-by-key",
            Self::OffsetGuarded => "offset-guarded",
            Self::EventIdDedup => "event-id-dedup",
            Self::SequenceGuarded => "sequence-guarded",
            Self::TransactionalPosition => "transactional-position",
        }
    }

    /// What it does, in a sentence or two.
    pub fn purpose(self) -> &'static str {
        match self {
            Self::Naive => {
                "applies whatever it is handed: row, then side effect, then commit; tries for ever what fails"
            }
            Self::UpsertByKey => {
                "as naive, but its side effects have the event id for their key; passes over what fails"
            }
            Self::OffsetGuarded => {
                "writes the offset with the row and skips what is not behind it; stops where it was skipped ahead, and where \
                 something fails"
            }
            Self::EventIdDedup => {
                "remembers event ids in the transaction of the row and skips those it knows; checks schemas, puts what fails \
                 into dead letters"
            }
            Self::SequenceGuarded => {
                "applies each event as the next of its entity, parks early ones and what fails with all that follows it, skips \
                 late ones; checks schemas, reports a standstill"
            }
            Self::TransactionalPosition => {
                "writes a poll and its position (topic id, epoch, offset) in one transaction and starts from there; reads \
                 committed records, checks schemas, stops where history is gone or something fails, reports a standstill, \
                 builds anew after a truncation"
            }
        }
    }

    /// What it does, exactly.
    pub(super) fn habits(self) -> Habits {
        let careless = Habits {
            guard: Guard::None,
            writes: Writes::RowThenAppend,
            isolation: Isolation::Uncommitted,
            on_error: ErrorPolicy::RetryForever,
            checks_schema: false,
            reports_standstill: false,
        };
        match self {
            Self::Naive => careless,
            Self::UpsertByKey => {
                Habits { writes: Writes::RowThenPut, on_error: ErrorPolicy::Skip, ..careless }
            }
            Self::OffsetGuarded => Habits {
                guard: Guard::Offset,
                writes: Writes::PutThenRow,
                on_error: ErrorPolicy::Stop,
                ..careless
            },
            Self::EventIdDedup => Habits {
                guard: Guard::EventId,
                writes: Writes::Transaction,
                on_error: ErrorPolicy::DeadLetter,
                checks_schema: true,
                ..careless
            },
            Self::SequenceGuarded => Habits {
                guard: Guard::Sequence,
                writes: Writes::Transaction,
                on_error: ErrorPolicy::Park,
                checks_schema: true,
                reports_standstill: true,
                ..careless
            },
            Self::TransactionalPosition => Habits {
                guard: Guard::Position,
                writes: Writes::PollTransaction,
                isolation: Isolation::Committed,
                on_error: ErrorPolicy::Stop,
                checks_schema: true,
                reports_standstill: true,
            },
        }
    }
}

impl fmt::Display for Consumer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Consumer {
    type Err = ConsumerError;

    fn from_str(text: &str) -> Result<Self, ConsumerError> {
        let named = Self::ALL.into_iter().find(|consumer| consumer.as_str() == text.trim());
        named.ok_or_else(|| ConsumerError { text: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_consumer_is_named_alike_on_the_command_line_and_in_files() {
        for consumer in Consumer::ALL {
            assert_eq!(consumer.as_str().parse(), Ok(consumer));
            assert_eq!(serde_json::to_string(&consumer).unwrap(), format!("\"{consumer}\""));
        }
        assert_eq!("nave".parse::<Consumer>().unwrap_err().to_string(), "unknown consumer `nave`");
    }
}
