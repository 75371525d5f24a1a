//! Every question about a cluster, asked the same way by the command line and the window.
//!
//! Promises: the same question gives the same answer to whoever asks; an answer says which mapping
//! it rests on and how much of the log it saw.
//! Does not know: how answers are printed or drawn.

pub mod clock;
pub(super) mod coverage;
mod diagnose;
mod entity_count;
pub(super) mod entity_question;
mod failure;
pub(super) mod fold_choice;
pub mod groups;
mod indexing;
pub(super) mod log_read;
pub(super) mod mapping;
pub mod projection;
pub(super) mod scan;
mod session;
mod shared_state;
mod span;
mod topic_mapping;
mod topics;
mod trial_history;
mod trial_projection;
mod type_count;

pub use diagnose::{
    DiagnoseQuestion, DiagnoseSummary, ReadModel, ReadModelOptions, RowDiagnosis, Rows,
};
pub use entity_count::{EntityCount, EntityCountQuestion, EntityCounts};
pub use entity_question::{EntityHistory, EntityQuestion};
pub use failure::{Failure, FailureKind};
pub use fold_choice::{default_fold, fold_named, program_in};
pub use indexing::{IndexQuestion, IndexSummary};
pub use mapping::{Disagreement, TopicMapping, mapping_of};
pub use scan::{ScanQuestion, ScanSummary, ScannedRecord, ScannedValue};
pub use session::{REQUEST_TIMEOUT, Session, settings_of};
pub use shared_state::row_of;
pub use topic_mapping::MappingReport;
pub use trial_history::{TrialHistory, TrialQuestion};
pub use trial_projection::Projection;
pub use type_count::TypeCountQuestion;
