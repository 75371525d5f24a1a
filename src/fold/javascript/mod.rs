//! Projections in JavaScript: the language of KurrentDB's projections, run by QuickJS.
//!
//! Promises: the same events in the same order give the same states on every machine; a state is
//! JSON after every event; a script that loops, hoards or throws is stopped at its event and told,
//! and reaches nothing outside.
//! Does not know: where events come from, and which of them a run is given.

mod definition;
pub(crate) mod divergence;
mod engine;
mod fault;
mod fold;
mod hidden_state;
mod input;
mod limits;
mod lint;
mod number_check;
mod program;
mod run;
mod trace;
mod types;
mod workers;

pub use definition::{AnyPlace, Definition, Options, Partitioning};
pub use divergence::{Divergence, FirstDivergence};
pub use fault::Fault;
pub use fold::JavaScriptFold;
pub use hidden_state::HiddenState;
pub use input::ProjectionInput;
pub use limits::Limits;
pub(crate) use lint::nearest;
pub use lint::{Lint, LintKind, lints};
pub use program::Program;
pub use run::{
    Emitted, Logged, ProjectionOutcome, ProjectionPartition, ProjectionRun, RunCounts, RunFailure,
    Share,
};
pub use trace::{StepEffect, StepStates, Trace, TraceError, TraceInputs, WatchChange, Watched};
pub use workers::{Feed, ProjectionSink, ProjectionTask, TaskEnd, run_tasks};

#[cfg(test)]
mod tests;
