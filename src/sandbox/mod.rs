//! Virtual consumers over real history: what survives crashes, rebalances, duplicates, poison and
//! lost records.
//!
//! ```text
//! history + projection ──▶ Trial ◀── Schedule (seed, members, polls, commits, faults at records)
//!                            │
//!     ┌──────────────────────┘
//!     ├─ plan: the log as the faults write it, and what happens at which record
//!     ├─ run: members take turns; a Consumer's habits decide what becomes of a record
//!     ├─ verdict: I1–I6 against the fold of the canonical log ──▶ Outcome, Counterexample
//!     └─ moment: everything after any step ──▶ Recording
//! generate ──▶ schedules worth trying ──▶ matrix (fault × consumer)
//!     ──▶ shrink to the smallest that still fails
//! ```
//!
//! What each fault simulates the catalogue says ([`FaultName::entry`]), what each consumer does its
//! habits ([`Consumer::purpose`]).
//!
//! Promises: a run is a pure function of history, projection, consumer and schedule; the same seed
//! gives the same bytes on any number of threads.
//! Does not know: clusters and networks.

mod catalogue;
mod consumer;
pub mod demo_chapter;
mod fault;
mod generate;
mod identity;
mod invariant;
mod matrix;
mod memory;
mod moment;
mod order;
mod outcome;
mod place;
mod run;
mod schedule;
mod shrink;
mod source;
mod trial;
mod verdict;

#[cfg(test)]
mod testing;

pub use catalogue::{FaultEntry, FaultName, FaultNameError};
pub use consumer::{Consumer, ConsumerError};
pub use fault::{CrashPoint, Fault, Merge};
pub use invariant::{Anomaly, Counterexample, Invariant};
pub use matrix::{Cell, MatrixError, MatrixQuestion};
pub use moment::{MemberLife, MemberMoment, Moment, PartitionMoment, Recording, StepView};
pub use order::OrderSensitivity;
pub use outcome::{Outcome, Stop};
pub use run::Standstill;
pub use schedule::{
    CommitPolicy, ErrorPolicy, MEMBERS_MAX, ResetPolicy, SCHEDULE_VERSION, Schedule, ScheduleError,
};
pub use source::{GivenEvent, Source};
pub use trial::Trial;

#[cfg(test)]
mod tests;
