//! The classes of what a row can be, and a hypothesis that names one.
//!
//! Promises: a hypothesis carries what it rests on; the order of strengths is that of evidence, not
//! of likelihood.
//! Does not know: how hypotheses are found.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::model::{Event, Position};

/// What a row is, measured against the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// It is the state that the log says.
    Fresh,
    /// It is an earlier state, and its consumer has not come further.
    Lagging,
    /// The same, and an undecided transaction keeps its consumer from the rest.
    BlockedAtLso,
    /// The same, and its consumer stands before a record that it cannot take.
    StuckOnPoison,
    /// It is an earlier state, although its consumer has committed further.
    NotApplied,
    /// It is a later state than its consumer has committed.
    Ahead,
    /// One event is missing from it, and later ones are not.
    MissedEvent,
    /// An event, or several in a row, were applied twice.
    AppliedTwice,
    /// Events were applied in another order.
    WrongOrder,
    /// Records of an aborted transaction were applied.
    Ghost,
    /// The log says that nothing is there any more, and the delete was not applied.
    DeleteMissed,
    /// The log says that nothing is there any more, and something was applied after the delete.
    Resurrected,
    /// It is what the rest of a history says whose beginning is gone.
    TruncatedBase,
    /// It is what an earlier version of the projection made.
    OldCode,
    /// It tells of a position that the log does not have.
    EpochMismatch,
    /// No history explains it.
    ProjectionMismatch,
    /// What would be needed to judge is missing.
    Unverifiable,
}

impl Class {
    /// The word that is printed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fresh => "FRESH",
            Self::Lagging => "LAGGING",
            Self::BlockedAtLso => "BLOCKED_AT_LSO",
            Self::StuckOnPoison => "STUCK_ON_POISON",
            Self::NotApplied => "NOT_APPLIED",
            Self::Ahead => "AHEAD",
            Self::MissedEvent => "MISSED_EVENT",
            Self::AppliedTwice => "APPLIED_TWICE",
            Self::WrongOrder => "WRONG_ORDER",
            Self::Ghost => "GHOST",
            Self::DeleteMissed => "DELETE_MISSED",
            Self::Resurrected => "RESURRECTED",
            Self::TruncatedBase => "TRUNCATED_BASE",
            Self::OldCode => "OLD_CODE",
            Self::EpochMismatch => "EPOCH_MISMATCH",
            Self::ProjectionMismatch => "PROJECTION_MISMATCH",
            Self::Unverifiable => "UNVERIFIABLE",
        }
    }

    /// What is named first of several that rest on equal evidence: the more specific, then what
    /// takes fewer assumptions.
    pub(super) fn order(self) -> u8 {
        match self {
            Self::Fresh => 0,
            Self::EpochMismatch | Self::TruncatedBase => 1,
            Self::DeleteMissed | Self::StuckOnPoison | Self::BlockedAtLso => 2,
            Self::Lagging => 3,
            Self::NotApplied => 4,
            Self::Ahead => 5,
            Self::MissedEvent => 6,
            Self::AppliedTwice => 7,
            Self::Ghost => 8,
            Self::Resurrected => 9,
            Self::WrongOrder => 10,
            Self::OldCode => 11,
            Self::ProjectionMismatch => 12,
            Self::Unverifiable => 13,
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Class {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// What a hypothesis rests on, the strongest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Strength {
    /// A record that was put aside names the event.
    DeadLetter,
    /// The row's own position says how far it is.
    Position,
    /// What the group has committed says how far its consumer is.
    Commits,
    /// The values fit.
    Fit,
    /// The values fit, and what is known of the group or the row speaks against it.
    #[default]
    FitElsewhere,
}

/// An event, as evidence names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EventRef {
    /// Its number in the history.
    pub version: u64,
    /// Its record.
    #[serde(flatten)]
    pub position: Position,
    /// Its timestamp, by RFC 3339; none where the record has none.
    pub timestamp: Option<String>,
    /// Its type; none where the mapping finds none.
    #[serde(rename = "type")]
    pub event_type: Option<Arc<str>>,
}

impl EventRef {
    /// The name of an event.
    pub fn new(event: &Event) -> Self {
        let event_type = Some(Arc::clone(&event.event_type)).filter(|name| !name.is_empty());
        Self {
            version: event.version,
            position: event.position.clone(),
            timestamp: time_text(event.timestamp_ms),
            event_type,
        }
    }
}

impl fmt::Display for EventRef {
    /// Type and place: `OrderPaid at orders-0@7`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.event_type.as_deref().unwrap_or("the event"), self.position)
    }
}

/// A time of a record in milliseconds, by RFC 3339 in UTC.
fn time_text(time_ms: i64) -> Option<String> {
    let time = Timestamp::from_millisecond(time_ms).ok().filter(|_| time_ms != -1)?;
    Some(format!("{time:.3}"))
}

/// A record that was put aside, and what it says of where it came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeadLetter {
    /// Where it was put.
    pub position: Position,
    /// The record it is a copy of.
    pub of: Position,
    /// Whether its headers say so; else its key and value are the same bytes.
    pub by_headers: bool,
    /// Why it was put aside, as far as its headers say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What a hypothesis rests on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// How strong it is.
    pub strength: Strength,
    /// After how many events of the history the row stands, by this hypothesis.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stands_after: Option<u64>,
    /// The last event that was applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub applied_through: Option<EventRef>,
    /// The first event that is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_missing: Option<EventRef>,
    /// How many events are missing from there on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<u64>,
    /// How long the first missing event has been in the log, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oldest_unapplied_ms: Option<i64>,
    /// The events that were applied twice: first and last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub range: Option<[EventRef; 2]>,
    /// The event that commutes badly with the one to blame.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other: Option<EventRef>,
    /// Other events that would explain the row as well, a few of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<EventRef>,
    /// Other ranges that would, a few of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also_ranges: Vec<[EventRef; 2]>,
    /// How many other explanations of this class there are in all.
    #[serde(skip_serializing_if = "is_zero")]
    pub others: u64,
    /// The record that was put aside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dead_letter: Option<DeadLetter>,
    /// The last record that the row says was applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row_position: Option<Position>,
    /// The offset that the group had committed in the partition of the event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub committed: Option<i64>,
    /// Where the log begins or ends that the position or the history is measured against.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_bound: Option<Position>,
    /// How the group has been moving, by Burrow's rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub_state: Option<&'static str>,
    /// Why the record cannot be taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Arc<str>>,
    /// For each column that differs, the last state that has its value.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<ColumnEvidence>,
    /// What is missing to judge, in words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<String>,
}

/// Whether there is nothing to tell.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde asks for")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// What is known of a column that no history explains.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ColumnEvidence {
    /// The column.
    pub column: Arc<str>,
    /// The last event after which the state had the row's value; none where no state ever had.
    pub last_held_after: Option<EventRef>,
    /// The types of the events that change it.
    pub changed_by: Vec<Arc<str>>,
}

/// What a row may be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hypothesis {
    /// The class.
    pub class: Class,
    /// Its rank, from 1; equal ranks rest on equal evidence.
    pub rank: u32,
    /// What it rests on.
    pub evidence: Evidence,
    /// The event to blame.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<EventRef>,
    /// One sentence that a developer can act on.
    pub explanation: String,
}
