//! How a run was judged.
//!
//! Promises: plain data; one counterexample for each invariant that does not hold.
//! Does not know: who judges.

use serde::Serialize;

use super::invariant::{Counterexample, Invariant};
use super::run::Standstill;
use crate::model::Position;

/// Where a consumer stands still in the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stop {
    /// The next record, by its address in the run's log.
    #[serde(serialize_with = "super::place::serialize")]
    pub position: Position,
    /// Why.
    pub why: Standstill,
}

/// How a run was judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What shows that invariants do not hold: one counterexample for each that does not.
    pub counterexamples: Vec<Counterexample>,
    /// Where the consumer stands still.
    pub stops: Vec<Stop>,
    /// How many steps the run had.
    pub steps: usize,
    /// A number that is the same for the same steps and states.
    pub digest: u64,
}

impl Outcome {
    /// Whether an invariant holds.
    pub fn holds(&self, invariant: Invariant) -> bool {
        self.counterexample(invariant).is_none()
    }

    /// Whether all invariants hold.
    pub fn survives(&self) -> bool {
        self.counterexamples.is_empty()
    }

    /// What shows that an invariant does not hold.
    pub fn counterexample(&self, invariant: Invariant) -> Option<&Counterexample> {
        self.counterexamples.iter().find(|found| found.invariant == invariant)
    }
}
