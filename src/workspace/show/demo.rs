//! The reference system, as far as the window shows it.
//!
//! Promises: what became of each command is told, also when it was refused.
//! Does not know: how it works.

use std::sync::Arc;

use super::Problem;

/// A fault of a consumer of the reference system that can be switched on and off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DemoFault {
    /// Commits before applying: what it was given when it crashed is lost.
    CommitBeforeApply,
    /// Stands still.
    Paused,
    /// Applies every record twice.
    ApplyTwice,
}

/// A projector of the reference system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectorView {
    /// Its name, such as `dashboard`.
    pub name: Arc<str>,
    /// Its consumer group.
    pub group: Arc<str>,
    /// Events applied so far.
    pub applied: u64,
    /// Records it has not committed yet.
    pub lag: i64,
    /// The faults that are switched on.
    pub faults: Vec<DemoFault>,
    /// The last thing that went wrong with it.
    pub trouble: Option<Arc<str>>,
}

/// A row of a read model, looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderRow {
    /// The read model's name.
    pub read_model: Arc<str>,
    /// The entity that was asked for.
    pub entity: Arc<str>,
    /// Columns and their texts; empty when there is no row.
    pub columns: Arc<[(Arc<str>, Arc<str>)]>,
}

/// What became of a command to the reference system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DemoOutcome {
    /// The command in words: `ShipOrder order-1042`.
    pub command: Arc<str>,
    /// The event it led to, in words, or why it was refused.
    pub result: Result<Arc<str>, Problem>,
}

/// The reference system.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DemoView {
    /// Where it runs: "embedded cluster" or the brokers.
    pub place: Arc<str>,
    /// Whether its history is still being written.
    pub seeding: bool,
    /// The entity of the planted incident.
    pub incident_entity: Arc<str>,
    /// The topic of the incident's entity.
    pub incident_topic: Arc<str>,
    /// The read models' rows of the entity looked up last; at first the incident's.
    pub rows: Arc<[OrderRow]>,
    /// The projectors.
    pub projectors: Arc<[ProjectorView]>,
    /// What became of the last commands, newest last.
    pub outcomes: Arc<[DemoOutcome]>,
    /// Whether live traffic runs.
    pub traffic: bool,
}
