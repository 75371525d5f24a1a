//! Events to state: which events are meant and in which order, the built-in folds, the state at any
//! moment, what changed, and which event wrote what.
//!
//! Promises: a state is exactly what folding the chosen events from nothing gives; key frames only
//! make it fast, and a check can prove them. Everything here is a pure function of events, fold and
//! moment.
//! Does not know: where the events came from, or what time it is.

mod blame;
mod builtin;
mod change_index;
mod cut;
mod diff;
mod event_order;
mod filter;
mod history;
mod javascript;
mod key_frames;
mod run;
mod watchdog;
mod when;

#[cfg(test)]
mod testing;

pub use blame::{Blame, leaves};
pub use builtin::{BUILTIN_NAMES, builtin};
pub use cut::{CutError, Selection, prefix_through, select};
pub use diff::{ApplyError, apply_changes, diff};
pub use event_order::{EventOrder, EventOrderError, ordered};
pub use filter::{FILTER_VARIABLES, Filter, FilterError, FilterInput, FilterTally};
pub use history::History;
pub(crate) use javascript::divergence;
pub use javascript::{
    AnyPlace, Definition, Divergence, Emitted, Fault, Feed, FirstDivergence, HiddenState,
    JavaScriptFold, Limits, Lint, LintKind, Logged, Options, Partitioning, Program,
    ProjectionInput, ProjectionOutcome, ProjectionPartition, ProjectionRun, ProjectionSink,
    ProjectionTask, RunCounts, RunFailure, Share, StepEffect, StepStates, TaskEnd, Trace,
    TraceError, TraceInputs, WatchChange, Watched, lints, run_tasks,
};
pub use watchdog::{Stuck, Turn, Watch, tell_of_stuck};
pub use when::{WHEN_FORMS, WhenError, note_on_when, parse_when};

use std::sync::Arc;

use crate::model::{Event, Value};

/// What an event did to a state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// It was applied, whether or not it changed anything.
    Applied,
    /// The event is nothing this fold can apply, such as an array to merge, for this reason; the
    /// state is as it was.
    NotApplicable(&'static str),
    /// It was applied but for a part, for this reason.
    Partly(&'static str),
    /// The value could not be decoded; the state is as it was.
    Undecodable,
    /// The fold's own code failed on it, for this reason; the state is as it was, and a consumer
    /// would stand still here.
    Failed(Arc<str>),
}

impl Effect {
    /// Why the fold did not take the event, or a part of it. What cannot be decoded or fails is
    /// told as that.
    pub fn not_taken(&self) -> Option<&'static str> {
        match self {
            Self::NotApplicable(reason) | Self::Partly(reason) => Some(reason),
            Self::Applied | Self::Undecodable | Self::Failed(_) => None,
        }
    }
}

/// How events lead to a state. The same events in the same order must always give the same state.
pub trait Fold: Send + Sync + std::fmt::Debug {
    /// The name, as it is chosen by.
    fn name(&self) -> &str;

    /// What to say beside every state of this fold; empty when there is nothing to warn of.
    fn label(&self) -> &'static str {
        ""
    }

    /// The state before the first event.
    fn init(&self) -> Value {
        Value::Null
    }

    /// Applies an event to the state.
    fn apply(&self, state: &mut Value, event: &Event) -> Effect;

    /// What is shown of a state: itself, unless the fold makes something else of it.
    ///
    /// # Errors
    /// In words, when the fold's own code fails on it.
    fn result(&self, state: &Value) -> Result<Value, Arc<str>> {
        Ok(state.clone())
    }

    /// Begins to apply many events one after the other from this state on: the same as `apply` for
    /// each of them, but a fold may keep the state in a form of its own until it is asked for.
    fn start(&self, state: Value) -> Box<dyn FoldRun + '_> {
        Box::new(run::Direct { fold: self, state })
    }
}

/// Events being applied one after the other.
pub trait FoldRun {
    /// Applies the next event. When it fails, the run is over.
    fn apply(&mut self, event: &Event) -> Effect;

    /// The state after the events so far.
    ///
    /// # Errors
    /// In words, when an event failed, or when the state has outgrown what can be told.
    fn state(&mut self) -> Result<Value, Arc<str>>;
}
