//! Virtual consumers over the history of a cluster, and fixtures: runs kept as tests.
//!
//! Promises: what the sandbox is given is exactly what the session reads; a fixture holds everything it needs but its
//! projection's script.
//! Does not know: how answers are printed or drawn.

mod branch_file;
pub mod demo_chapter;
mod event_json;
mod event_list;
mod file_fault;
mod fixture;
mod history;
mod junit;
mod keep;
mod matrix_view;
mod projection;
mod run_view;
mod runner;
mod shared_state;
mod step_words;
mod trial_view;

pub use branch_file::{KeptBranch, KeptEdit, branch_file_of, branches_from_json, branches_to_json};
pub use event_list::{Edit, EditMark, EventList, EventText};
pub use file_fault::FileFault;
pub use fixture::{Expectation, Fixture};
pub use history::{TrialHistory, TrialQuestion};
pub use junit::junit;
pub use keep::{KeptRun, projection_from};
pub use matrix_view::{CellVerdict, CellView, MatrixChoice, MatrixView};
pub use projection::Projection;
pub use run_view::{
    Finding, MemberView, MomentView, PartitionView, Rest, RowView, RunEvent, RunView, Shown,
    StepMark,
};
pub use runner::{Difference, FIXTURE_ENDING, FixtureReport, FixtureRun, find_fixtures};
pub use shared_state::row_of;
pub use step_words::StepKind;
pub use trial_view::{
    ComparisonChoice, ComparisonView, DivergenceDetail, DivergenceRow, TrialCommand, TrialView,
};

/// An event of a test, as fixtures write it.
#[cfg(test)]
pub(crate) fn event_of_json(text: &str) -> crate::model::Event {
    event_json::read(text).expect("an event as fixtures write it").0
}
