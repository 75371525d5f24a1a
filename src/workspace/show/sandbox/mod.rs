//! An open sandbox as the window sees it, and what the window asks of it.
//!
//! Promises: plain data, worked out by the engine; the script's text is the one that was opened or
//! saved last, what is being typed belongs to the window.
//! Does not know: how anything is drawn or worked out.

mod debugger;
mod matrix_view;
mod run_view;
mod step_words;
mod trial_view;

use std::path::PathBuf;
use std::sync::Arc;

pub use self::debugger::{
    BranchOutcome, BranchView, DebugCommand, DebugRun, DebugStep, DebugTarget, DebuggerView,
    StepRow, WatchView,
};
pub use self::matrix_view::{CellVerdict, CellView, MatrixChoice, MatrixView};
pub use self::run_view::{
    Finding, MemberView, MomentView, PartitionView, Rest, RowView, RunEvent, RunView, Shown,
    StepMark,
};
pub use self::step_words::StepKind;
pub use self::trial_view::{
    ComparisonChoice, ComparisonView, DivergenceDetail, DivergenceRow, TrialCommand, TrialView,
};
use crate::fold::{Definition, Fault, Lint};
use crate::model::Completeness;
use crate::workspace::{Fetch, HistoryChoice, JobId, Problem, SandboxKey};

/// The history a sandbox has read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistorySummary {
    /// What was asked for.
    pub choice: HistoryChoice,
    /// How many events there are.
    pub events: u64,
    /// Of how many entities they are.
    pub entities: u64,
    /// How much of the history it is.
    pub completeness: Arc<Completeness>,
}

/// A script of the workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptFile {
    /// Its name as it is shown: the path within the workspace's folder.
    pub name: Arc<str>,
    /// Where it is.
    pub path: PathBuf,
}

/// An open sandbox.
#[derive(Clone, Debug, PartialEq)]
pub struct SandboxView {
    /// Which it is.
    pub key: SandboxKey,
    /// The script's name, as messages have it.
    pub name: Arc<str>,
    /// The script's file; none before it was saved.
    pub file: Option<PathBuf>,
    /// The script's text as it was opened or saved last; none while the file is being read.
    pub text: Option<Arc<str>>,
    /// Why the file could not be read or written.
    pub file_problem: Option<Problem>,
    /// What the script that was checked last says of itself.
    pub definition: Option<Arc<Definition>>,
    /// What is wrong with the script that was checked last.
    pub fault: Option<Arc<Fault>>,
    /// What looks wrong with it after a run.
    pub lints: Arc<[Lint]>,
    /// Which events it is given.
    pub history: HistoryChoice,
    /// What was read of them.
    pub source: Fetch<Arc<HistorySummary>>,
    /// The job that reads or runs at the moment.
    pub job: Option<JobId>,
    /// The debugger.
    pub debugger: DebuggerView,
    /// What virtual consumers are tried with.
    pub trial: TrialView,
}

impl SandboxView {
    /// A sandbox of which nothing is known yet.
    pub fn new(key: SandboxKey, history: HistoryChoice) -> Self {
        let name = key.script_name().into();
        let file = match &key {
            SandboxKey::File(path) => Some(path.clone()),
            SandboxKey::New(_) | SandboxKey::Demo => None,
        };
        Self {
            key,
            name,
            file,
            text: None,
            file_problem: None,
            definition: None,
            fault: None,
            lints: Arc::default(),
            history,
            source: Fetch::NotAsked,
            job: None,
            debugger: DebuggerView::default(),
            trial: TrialView::default(),
        }
    }
}

/// What the window asks of an open sandbox.
#[derive(Clone, Debug)]
pub enum SandboxCommand {
    /// Checks this text as it is typed: what is wrong with it is told, nothing is run.
    Check(Arc<str>),
    /// Writes this text into the script's file and runs it.
    Save(Arc<str>),
    /// The same into this file, which is the script's from now on.
    SaveAs(PathBuf, Arc<str>),
    /// Runs this text over the history, saved or not.
    Run(Arc<str>),
    /// Stops what reads or runs.
    Stop,
    /// Takes these events from now on, and reads them.
    SetHistory(HistoryChoice),
    /// Asks something of the debugger.
    Debug(DebugCommand),
    /// Asks something of virtual consumers.
    Trial(TrialCommand),
}
