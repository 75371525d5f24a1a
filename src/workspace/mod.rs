//! What a user works in: connections, open topics and entities, jobs, the one clock.
//!
//! Promises: window and command line ask the same questions here and get the same answers. The
//! window sends [`Command`]s and reads immutable [`Snapshot`]s; nothing it does waits for anything.
//! Does not know: egui, terminals.

mod ask;
mod branches;
mod config;
pub mod demo_chapter;
mod engine;
mod fixtures;
mod recent;
pub(crate) mod show;

pub use crate::decode::Decoder;
pub use crate::kafka::{CheckOutcome, CheckStep};
pub use crate::partition_log::TimeCounts;
pub use ask::*;
pub use config::{
    CONFIG_FILE, Config, ConfigError, EntityConfig, FoldConfig, Permissions, PositionColumns,
    ReadModelConfig, Selectors, UpcastConfig,
};
pub use engine::{
    ACCOUNT_EVENTS, ClockCommand, Command, DEMO_COMMANDS, DemoArgument, DemoCommand,
    DemoCommandForm, DemoPort, DemoStarter, EngineEnd, EngineOptions, EnginePort, ORDER_EVENTS,
    Recent, Refused, Setting, StepTarget, Target, WorkspacePort, port, start, undo,
};
pub use recent::{
    EntityTab, KeptClock, KeptSession, RecentConnection, RecentFile, RecentKey, Recents,
    SandboxTab, TopicTab,
};
pub use show::sandbox::{
    BranchOutcome, BranchView, DebugCommand, DebugRun, DebugStep, DebugTarget, DebuggerView,
    HistoryChoice, HistorySummary, SandboxCommand, SandboxKey, SandboxView, ScriptFile, StepRow,
    WatchView,
};
pub use show::*;

/// Virtual consumers over the history of a cluster: what they are given, what is seen of them, and
/// what is kept.
pub mod sandbox {
    pub use super::ask::{Projection, TrialHistory, TrialQuestion, row_of};
    pub use super::branches::*;
    pub use super::demo_chapter;
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
}
