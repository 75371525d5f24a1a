//! What virtual consumers are tried with in an open sandbox, as the window sees it, and what the
//! window asks of it.
//!
//! Promises: plain data; a matrix, a run and a comparison that are being worked out anew stay
//! visible until then.
//! Does not know: how anything is worked out or drawn.

use std::path::PathBuf;
use std::sync::Arc;

use super::{MatrixChoice, MatrixView, MomentView, RunView};
use crate::fold::EventOrder;
use crate::model::Position;
use crate::sandbox::{Consumer, Schedule};
use crate::workspace::{CompareRow, Fetch, JobId, Problem};

/// What virtual consumers are tried with in an open sandbox.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrialView {
    /// The matrix of faults and consumers.
    pub matrix: Fetch<Arc<MatrixView>>,
    /// The job that was begun last.
    pub job: Option<JobId>,
    /// How many of its cells are done, of how many, while it is worked out.
    pub matrix_done: Option<(usize, usize)>,
    /// The run of the schedule that is open.
    pub run: Fetch<Arc<RunView>>,
    /// The moment of the run that is shown.
    pub moment: Option<Arc<MomentView>>,
    /// The states of its row beside each other: as shown, and as a correct consumer would show it.
    pub row: Arc<[CompareRow]>,
    /// What came of the last file that was written, or why it was not.
    pub written: Option<Result<PathBuf, Problem>>,
    /// What differs between two projections.
    pub comparison: Fetch<Arc<ComparisonView>>,
    /// The result of the comparison that is shown.
    pub divergence: Option<Arc<DivergenceDetail>>,
}

/// The other side of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComparisonChoice {
    /// The other projection; the same one where there is none.
    pub other: Option<PathBuf>,
    /// In which order the other is given the events.
    pub order: EventOrder,
}

/// What differs between two projections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComparisonView {
    /// What was asked for.
    pub choice: ComparisonChoice,
    /// What the two sides are called.
    pub names: [Arc<str>; 2],
    /// How many results were compared.
    pub compared: u64,
    /// How many differ.
    pub differing: u64,
    /// Those that differ, the first of very many.
    pub divergences: Arc<[DivergenceRow]>,
    /// Where a side failed, in words.
    pub failures: [Option<Arc<str>>; 2],
    /// What looks wrong about each side.
    pub hints: [Arc<[Arc<str>]>; 2],
}

/// A result that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DivergenceRow {
    /// The partition of the projection.
    pub name: Arc<str>,
    /// Since when, in words.
    pub since: Arc<str>,
    /// The record since which it differs, where it is the same for both.
    pub position: Option<Position>,
}

/// A result that differs, in full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DivergenceDetail {
    /// Its number among the divergences.
    pub number: usize,
    /// The results after the first event that made a difference, beside each other; none where that
    /// is not one event.
    pub first: Arc<[CompareRow]>,
    /// The results in the end.
    pub end: Arc<[CompareRow]>,
}

/// What the window asks of virtual consumers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrialCommand {
    /// Tries faults on consumers.
    RunMatrix(MatrixChoice),
    /// Stops what is worked out.
    Stop,
    /// Runs this consumer under this schedule, to be stepped through.
    Open(Consumer, Arc<Schedule>),
    /// The same under a schedule in JSON.
    OpenText(Consumer, Arc<str>),
    /// The same under the schedule in this file.
    OpenFile(Consumer, PathBuf),
    /// Runs this consumer through the incident of the reference system.
    OpenIncident(Consumer),
    /// Shows the run after this many steps.
    GoTo(usize),
    /// Shows the row with this number.
    ShowRow(usize),
    /// Shows the row with this name, or the first whose name contains it.
    FindRow(String),
    /// Writes the schedule into this file.
    SaveSchedule(PathBuf),
    /// Writes the run as a test into this file.
    SaveTest(PathBuf),
    /// Compares the projection with another, or with itself in another order.
    Compare(ComparisonChoice),
    /// Shows the divergence with this number.
    ShowDivergence(usize),
}
