//! What a user works in: connections, open topics and entities, jobs, the one clock.
//!
//! Promises: window and command line ask the same questions here and get the same answers. The window sends
//! [`Command`]s and reads immutable [`Snapshot`]s; nothing it does waits for anything.
//! Does not know: egui, terminals.

pub mod clock;
mod command;
mod comparison;
mod config;
mod coverage;
mod demo_port;
mod engine;
mod entity_count;
mod entity_question;
mod event_hue;
mod failure;
mod fetch;
mod filter;
mod fold_choice;
pub mod groups;
mod indexing;
mod lane;
mod likely_first;
mod mapping;
mod port;
mod problem;
pub mod projection;
mod sample;
pub mod sandbox;
mod sandbox_view;
mod scan;
mod session;
mod snapshot;
mod span;
pub mod time_text;
mod topic_mapping;
mod topic_timeline;
mod topics;
mod type_count;
mod type_tally;
mod views;
mod when;

pub use crate::kafka::{CheckOutcome, CheckStep};
pub use command::{
    ClockCommand, Command, ConnectionChoice, DemoCommand, DemoFault, RecordFilter, StartPosition,
    StepTarget,
};
pub use comparison::{ChangeTally, CompareRow, CompareSide, CompareView, CompareWith};
pub use config::{
    CONFIG_FILE, Config, ConfigError, EntityConfig, FoldConfig, PositionColumns, ReadModelConfig,
    Selectors, UpcastConfig,
};
pub use demo_port::{
    ACCOUNT_EVENTS, DEMO_COMMANDS, DemoArgument, DemoCommandForm, DemoPort, ORDER_EVENTS,
};
pub use engine::{DemoStarter, EngineOptions, Target, start};
pub use entity_count::{EntityCount, EntityCountQuestion, EntityCounts};
pub use entity_question::{EntityHistory, EntityQuestion};
pub use event_hue::event_hue;
pub use failure::{Failure, FailureKind};
pub use fetch::Fetch;
pub use filter::{FILTER_VARIABLES, Filter, FilterError, FilterInput, FilterTally};
pub use fold_choice::{default_fold, fold_named, program_in};
pub use indexing::{IndexQuestion, IndexSummary};
pub use lane::{Lane, LaneMark, UnknownReason, UnknownSpan};
pub use mapping::mapping_of;
pub use port::{EnginePort, Refused, WorkspacePort, port};
pub use problem::Problem;
pub use sandbox_view::{
    BranchOutcome, BranchView, DebugCommand, DebugRun, DebugStep, DebugTarget, DebuggerView,
    HistoryChoice, HistorySummary, SandboxCommand, SandboxKey, SandboxView, ScriptFile, StepRow,
    WatchView,
};
pub use scan::{ScanQuestion, ScanSummary, ScannedRecord, ScannedValue};
pub use session::{REQUEST_TIMEOUT, Session, settings_of};
pub use snapshot::{
    Bookmark, ClockMode, ClockPoint, ClockView, ConnectionInfo, ConnectionState, DemoOutcome,
    DemoView, GroupMember, GroupOffset, GroupSummary, JobId, JobProgress, JobState, JobView,
    LagSample, Notice, NoticeLevel, OrderRow, PartitionFacts, PartitionProgress, ProjectorView,
    SavedConnection, Snapshot, TopicSummary,
};
pub use topic_mapping::{MappingReport, TopicMapping};
pub use topic_timeline::{LanesWanted, MarkedRecord, TopicTimeline};
pub use topics::{PartitionReport, TopicReport};
pub use type_count::{TypeCountQuestion, TypeCounts};
pub use type_tally::TypeCount;
pub use views::{
    DecoderView, EntityAt, EntityKey, EntityList, EntityRow, EntityView, EventRow, GroupMarker,
    Histogram, MappingView, ROWS_PER_PAGE, RecordDetail, RowMeta, RowText, StateRow, TopicView,
    TreeRow, TypesView, ValueKind,
};
pub use when::{WHEN_FORMS, WhenError, note_on_when, parse_when};
