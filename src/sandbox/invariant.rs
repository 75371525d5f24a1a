//! The invariants I1–I6, and what shows that one does not hold.
//!
//! Promises: a counterexample names what anybody can look up: a row, a record, a step.
//! Does not know: how invariants are judged (`verdict`).

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Standstill;
use crate::fold::diff;
use crate::model::{EntityId, Position, Value};

/// How many differences of a row are told in words.
const CHANGES_TOLD: usize = 2;

/// Something that a correct consumer keeps, whatever happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Invariant {
    /// The final state is the fold of the canonical log: of all of it, or, in a partition or an
    /// entity where the consumer itself says that it stopped, up to there.
    I1,
    /// Each event id has exactly one effect: on its row and as a side effect. Several are one where
    /// they are keyed and applying the event again changes nothing.
    I2,
    /// The last applied position of each partition never decreases. A record that was parked counts
    /// where it was parked.
    I3,
    /// No effect comes from an aborted record.
    I4,
    /// There is progress, or an explicit stop that names the position; nothing is passed over in
    /// silence, and nothing stops where nothing is wrong.
    I5,
    /// The same seed gives the same result.
    I6,
}

impl Invariant {
    /// All of them in their order.
    pub const ALL: [Self; 6] = [Self::I1, Self::I2, Self::I3, Self::I4, Self::I5, Self::I6];

    /// The name on the command line and in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::I1 => "I1",
            Self::I2 => "I2",
            Self::I3 => "I3",
            Self::I4 => "I4",
            Self::I5 => "I5",
            Self::I6 => "I6",
        }
    }

    /// What it demands, in a few words.
    pub fn demand(self) -> &'static str {
        match self {
            Self::I1 => "the final state is the fold of the canonical log",
            Self::I2 => "each event has exactly one effect",
            Self::I3 => "the last applied position never decreases",
            Self::I4 => "no effect from aborted records",
            Self::I5 => "progress, or an explicit stop that names the position",
            Self::I6 => "the same seed gives the same result",
        }
    }
}

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is wrong, by the names that Jepsen uses where it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Anomaly {
    /// A row is not what the canonical log says.
    WrongState,
    /// An event had no effect.
    LostWrite,
    /// An event had more than one effect.
    Duplicate,
    /// The row was written and its side effect was not, or the other way round.
    HalfWritten,
    /// A record was applied after a later one of its partition.
    Nonmonotonic,
    /// An aborted record had an effect (G1a).
    AbortedRead,
    /// A partition stands still and nobody says so.
    Stuck,
    /// A record was passed over without a word.
    SkippedSilently,
    /// The consumer stopped although nothing was missing.
    FalseAlarm,
    /// A second run gave something else.
    NotRepeatable,
}

impl Anomaly {
    /// What it is, in a few words.
    pub fn words(self) -> &'static str {
        match self {
            Self::WrongState => "the row is not what the log says",
            Self::LostWrite => "the event had no effect (lost write)",
            Self::Duplicate => "the event had more than one effect (duplicate)",
            Self::HalfWritten => "of row and side effect only one was written",
            Self::Nonmonotonic => "the record was applied after a later one of its partition",
            Self::AbortedRead => "an aborted record had an effect (G1a)",
            Self::Stuck => "the partition stands still without a word",
            Self::SkippedSilently => "the record was passed over without a word",
            Self::FalseAlarm => "the consumer stopped although nothing was missing",
            Self::NotRepeatable => "a second run with the same seed gave something else",
        }
    }
}

/// What shows that an invariant does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Counterexample {
    /// Which invariant.
    pub invariant: Invariant,
    /// What is wrong.
    pub anomaly: Anomaly,
    /// The row concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<EntityId>,
    /// What the row should be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<Value>,
    /// What it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actual: Option<Value>,
    /// The event concerned, by its address in the history.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<Position>,
    /// Why a partition stands still.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standstill: Option<Standstill>,
    /// The step of the run that shows it, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<u32>,
}

impl Counterexample {
    /// What is wrong and where, in a line.
    pub fn words(&self) -> String {
        let mut words = self.anomaly.words().to_owned();
        let mut add = |text: String| words.push_str(&text);
        if let Some(row) = &self.row {
            add(format!(", row {row}"));
        }
        if let Some(event) = &self.event {
            add(format!(", at {event}"));
        }
        if let Some(standstill) = self.standstill {
            add(format!(", {}", standstill.words()));
        }
        if let (Some(expected), Some(actual)) = (&self.expected, &self.actual) {
            let changes = diff(actual, expected);
            let json =
                |value: &Option<Value>| value.as_ref().map_or("nothing".to_owned(), Value::to_json);
            for change in changes.iter().take(CHANGES_TOLD) {
                let (is, should) = (json(&change.from), json(&change.to));
                let path = change.path.as_str();
                let path = if path.is_empty() { "the row" } else { path };
                add(format!("; {path} is {is} and should be {should}"));
            }
            if CHANGES_TOLD < changes.len() {
                add(format!("; and {} more", changes.len() - CHANGES_TOLD));
            }
        }
        words
    }

    /// A counterexample of which only this much is known.
    pub(super) fn new(invariant: Invariant, anomaly: Anomaly) -> Self {
        Self {
            invariant,
            anomaly,
            row: None,
            expected: None,
            actual: None,
            event: None,
            standstill: None,
            step: None,
        }
    }
}
