//! What a user works in: connections, open topics and entities, jobs, the one clock.
//!
//! Promises: window and command line ask the same questions here and get the same answers. The
//! window sends [`Command`]s and reads immutable [`Snapshot`]s; nothing it does waits for anything.
//! Does not know: egui, terminals.

mod ask;
mod branches;
mod engine;
mod fixtures;
mod show;

pub use crate::config::{
    Bookmark, CONFIG_FILE, ClockPoint, CompareWith, Config, ConfigError, ConnectionChoice,
    EntityConfig, EntityKey, EntityTab, FoldConfig, HistoryChoice, KeptClock, KeptSession, Link,
    LinkError, LinkedCluster, LinkedPlace, Permissions, PositionColumns, ReadModelConfig,
    RecentConnection, RecentFile, RecentKey, Recents, RecordFilter, SandboxKey, SandboxTab,
    SavedConnection, Selectors, StartPosition, TopicTab, UpcastConfig,
};
pub use crate::decode::{Decoder, time_text};
pub use crate::entity::{Decision, SampledPartition, TypeCount, TypeCounts};
pub use crate::evidence::{CopyForm, assignment, changes_text, state_text, value_text};
pub use crate::fold::{
    FILTER_VARIABLES, Filter, FilterError, FilterInput, FilterTally, WHEN_FORMS, WhenError,
    note_on_when, parse_when,
};
pub use crate::kafka::{CheckOutcome, CheckStep, GroupMember, GroupOffset, OpenTransaction};
pub use crate::partition_log::TimeCounts;
pub use ask::*;
pub use engine::{
    ACCOUNT_EVENTS, ClockCommand, Command, DEMO_COMMANDS, DemoArgument, DemoCommand,
    DemoCommandForm, DemoPort, DemoStarter, EngineEnd, EngineOptions, EnginePort, ORDER_EVENTS,
    Recent, Refused, Setting, StepTarget, Target, WorkspacePort, port, start, undo,
};
pub use show::sandbox::{
    BranchOutcome, BranchView, DebugCommand, DebugRun, DebugStep, DebugTarget, DebuggerView,
    HistorySummary, SandboxCommand, SandboxView, ScriptFile, StepRow, WatchView,
};
pub use show::*;

/// Virtual consumers over the history of a cluster: what they are given, what is seen of them, and
/// what is kept.
pub mod sandbox {
    pub use super::ask::{Projection, TrialHistory, TrialQuestion, row_of};
    pub use super::branches::*;
    #[cfg(test)]
    pub(crate) use super::fixtures::event_of_json;
    pub use super::fixtures::{
        Difference, Expectation, FIXTURE_ENDING, FileFault, Fixture, FixtureReport, FixtureRun,
        KeptRun, find_fixtures, junit, projection_from,
    };
    pub use super::show::sandbox::{
        CellVerdict, CellView, ComparisonChoice, ComparisonView, DivergenceDetail, DivergenceRow,
        Finding, MatrixChoice, MatrixView, MemberView, MomentView, PartitionView, Rest, RowView,
        RunEvent, RunView, Shown, StepKind, StepMark, TrialCommand, TrialView,
    };
    pub use crate::sandbox::demo_chapter;
}
