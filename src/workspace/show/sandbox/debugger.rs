//! The debugger as the window sees it: the steps, where it stands, watches, branches.
//!
//! Promises: a row is found in constant time and copied from what is shared; nothing is locked.
//! Does not know: how a step is worked out.

use std::path::PathBuf;
use std::sync::Arc;

use crate::fold::{RunCounts, RunFailure, StepEffect, Trace, Watched};
use crate::model::{Change, EntityId, JsonPointer, Position};
use crate::workspace::sandbox::{Edit, EditMark, EventList};
use crate::workspace::{CompareRow, Problem, StateRow};

/// A run with its events.
#[derive(Clone, Debug)]
pub struct DebugRun {
    /// What each event did.
    pub trace: Arc<Trace>,
    /// The events.
    pub events: EventList,
}

/// An event as the list of steps shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepRow {
    /// Its number, from 1.
    pub number: u64,
    /// Its type.
    pub event_type: Arc<str>,
    /// Its entity.
    pub entity: Option<EntityId>,
    /// Its record.
    pub position: Position,
    /// The record's timestamp, in milliseconds.
    pub timestamp_ms: i64,
    /// The partition of the projection that it was applied to.
    pub partition: Option<Arc<str>>,
    /// What it did; `None` where the run did not come to it.
    pub effect: Option<StepEffect>,
    /// How many events it emitted.
    pub emitted: usize,
    /// How many lines it logged.
    pub logged: usize,
    /// How it came to be where it is, if not by the log.
    pub mark: Option<EditMark>,
}

impl PartialEq for DebugRun {
    /// Whether it is the same run; another one over the same events is another.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.trace, &other.trace)
    }
}

impl DebugRun {
    /// How many events there are.
    pub fn len(&self) -> u64 {
        self.events.len() as u64
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The event with this index.
    pub fn row(&self, index: u64) -> Option<StepRow> {
        let at = usize::try_from(index).ok()?;
        let event = self.events.get(at)?;
        Some(StepRow {
            number: index + 1,
            event_type: Arc::clone(&event.event_type),
            entity: event.entity.clone(),
            position: event.position.clone(),
            timestamp_ms: event.timestamp_ms,
            partition: self.trace.partition_name(index).cloned(),
            effect: self.trace.effect(index),
            emitted: self.trace.emitted_by(index).len(),
            logged: self.trace.logged_count(index) as usize,
            mark: self.events.mark(at),
        })
    }

    /// What was counted.
    pub fn counts(&self) -> &RunCounts {
        self.trace.counts()
    }

    /// Why it ended at an event.
    pub fn failure(&self) -> Option<&RunFailure> {
        self.trace.failure()
    }
}

/// The state at a step.
#[derive(Clone, Debug, PartialEq)]
pub struct DebugStep {
    /// How many events were applied: the number of the last one.
    pub at: u64,
    /// That event; none before the first.
    pub event: Option<StepRow>,
    /// The lines of the state after it, marked where it changed them.
    pub rows: Arc<[StateRow]>,
    /// The state as indented JSON.
    pub json: Arc<str>,
    /// What it changed.
    pub changes: Arc<[Change]>,
    /// What the projection makes of the state, where it makes something of states.
    pub result: Option<Arc<str>>,
    /// What it logged.
    pub logged: Arc<[Arc<str>]>,
    /// What it emitted: stream and type, and body.
    pub emitted: Arc<[(Arc<str>, Arc<str>)]>,
    /// Its value as text; `None` for a tombstone.
    pub body: Option<Arc<str>>,
    /// Why it failed.
    pub failure: Option<Arc<str>>,
}

/// A watch expression.
#[derive(Clone, Debug, PartialEq)]
pub struct WatchView {
    /// The expression.
    pub expression: Arc<str>,
    /// What it says over the run in front; `None` while that is worked out.
    pub watched: Option<Arc<Watched>>,
    /// What is wrong with it.
    pub problem: Option<Arc<str>>,
}

/// How a branch differs from the log.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BranchOutcome {
    /// How many events were run for it.
    pub events_run: u64,
    /// The first event of the branch that is not the log's.
    pub first_change: u64,
    /// The partitions whose last state is another, by name.
    pub differing: Arc<[Arc<str>]>,
    /// The first event of the branch after which a state is another, as an index.
    pub first_divergence: Option<u64>,
    /// The last states of the first of those partitions beside each other: the log's and the
    /// branch's.
    pub compared: Arc<[CompareRow]>,
}

/// A what-if branch.
#[derive(Clone, Debug, PartialEq)]
pub struct BranchView {
    /// Its name.
    pub name: Arc<str>,
    /// Its changes in words, in the order they were made.
    pub edits: Arc<[Arc<str>]>,
    /// How it ends; `None` for the log itself and while it runs.
    pub outcome: Option<Arc<BranchOutcome>>,
}

/// The debugger.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DebuggerView {
    /// The run in front.
    pub run: Option<Arc<DebugRun>>,
    /// Whether a newer one is being made.
    pub run_pending: bool,
    /// Why there is no newer one.
    pub problem: Option<Problem>,
    /// How many events are applied where it stands.
    pub at: u64,
    /// The state there, or where it stood before.
    pub step: Option<Arc<DebugStep>>,
    /// The watches.
    pub watches: Arc<[WatchView]>,
    /// The watch whose changes are stepped along.
    pub selected_watch: Option<usize>,
    /// The condition to break on.
    pub condition: Option<Arc<WatchView>>,
    /// The branches: first the log itself.
    pub branches: Arc<[BranchView]>,
    /// The branch in front.
    pub branch: usize,
    /// Why a branch is not there, or not kept beside the script.
    pub branch_problem: Option<Problem>,
    /// The file that the step was kept in as a test, or why it could not be.
    pub kept: Option<Result<PathBuf, Problem>>,
}

/// Where a step goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DebugTarget {
    /// So many events applied.
    To(u64),
    /// Before the first event.
    First,
    /// The event before.
    Previous,
    /// The event after.
    Next,
    /// After the last event that the run came to.
    Last,
    /// The event before that could not be decoded or that the script failed on.
    PreviousError,
    /// The event after that could not be decoded or that the script failed on.
    NextError,
    /// The last change of the chosen watch before, else of any state.
    PreviousChange,
    /// The next change of the chosen watch, else of any state.
    NextChange,
    /// The event before at which the condition holds.
    PreviousHit,
    /// The next event at which the condition holds.
    NextHit,
}

/// What the window asks of a debugger.
#[derive(Clone, Debug)]
pub enum DebugCommand {
    /// Goes there.
    Step(DebugTarget),
    /// Watches an expression from now on, over the whole run.
    AddWatch(Arc<str>),
    /// Watches what stands at a path of the state.
    WatchPath(JsonPointer),
    /// Watches it no more.
    RemoveWatch(usize),
    /// Steps along the changes of this watch.
    SelectWatch(Option<usize>),
    /// Breaks where this holds; `None` nowhere.
    SetCondition(Option<Arc<str>>),
    /// Changes the events of the branch in front; of the log, in a new branch.
    Edit(Edit),
    /// Keeps the step it stands at as a test in this file.
    KeepStep(PathBuf),
    /// Takes the last change of the branch in front back.
    UndoEdit,
    /// Brings a branch to the front.
    SelectBranch(usize),
    /// Gives a branch another name.
    RenameBranch(usize, Arc<str>),
    /// Forgets a branch.
    RemoveBranch(usize),
}
