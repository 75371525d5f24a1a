//! An open entity: its events, its state at the clock, and where consumer groups stand in its
//! history.
//!
//! Promises: everything a view draws is here, computed; the state that was shown stays while the
//! next is on its way.
//! Does not know: which of it is on screen.

use std::sync::Arc;

use super::comparison::CompareView;
use super::job::JobId;
use super::lane::Lane;
use super::record::{RecordDetail, TreeRow};
use super::{Fetch, Problem};
use crate::config::{ClockPoint, CompareWith, EntityKey};
use crate::model::{
    Change, ChangeKind, Completeness, EventProblem, JsonPointer, Position, Transaction,
};

/// A line of an entity's event list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRow {
    /// Its number in the history, from 1.
    pub version: u64,
    /// The record.
    pub position: Position,
    /// The record's timestamp, in milliseconds.
    pub timestamp_ms: i64,
    /// The log time, in milliseconds.
    pub log_time_ms: i64,
    /// The event type.
    pub event_type: Arc<str>,
    /// What became of its transaction.
    pub transaction: Transaction,
    /// The changes it made, in a few words: "status CREATED → SHIPPED, +2".
    pub summary: Arc<str>,
    /// How many changes it made.
    pub change_count: u32,
    /// Correlation id.
    pub correlation: Option<Arc<str>>,
    /// Causation id.
    pub causation: Option<Arc<str>>,
    /// Who did it.
    pub actor: Option<Arc<str>>,
    /// What a reader should know about it.
    pub problems: Arc<[EventProblem]>,
}

/// A line of an entity's state at the clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateRow {
    /// The line as in a tree.
    pub tree: TreeRow,
    /// What the event at the clock did to it.
    pub changed: Option<ChangeKind>,
    /// The version of the event that last wrote it; none for objects and arrays that have something
    /// below them.
    pub written_by: Option<u64>,
    /// The type of that event.
    pub written_by_type: Arc<str>,
    /// The value before that event, as JSON; `None` if the event added it.
    pub previous: Option<Arc<str>>,
}

/// An entity's state at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct EntityAt {
    /// The moment it was computed for.
    pub at: ClockPoint,
    /// How many events are in it; 0 is before the first.
    pub version: u64,
    /// The last event that is in it.
    pub position: Option<Position>,
    /// The state as lines.
    pub rows: Arc<[StateRow]>,
    /// The whole state as JSON, indented.
    pub json: Arc<str>,
    /// What that last event changed.
    pub changes: Arc<[Change]>,
    /// Everything about the record of that last event.
    pub record: Option<Arc<RecordDetail>>,
}

/// A consumer group's committed position on an entity's timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupMarker {
    /// The group.
    pub group: Arc<str>,
    /// The next record the group reads, in the partition of the entity's last event. It may not be
    /// there yet.
    pub next: Position,
    /// The record to look at: that one, or the last one it committed where none waits.
    pub record: Position,
    /// The version of the last of the entity's events that it committed; 0 for none.
    pub version: u64,
    /// The log time of that event, or of the first where there is none, in milliseconds.
    pub time_ms: i64,
    /// How many of the entity's events it has not committed.
    pub events_behind: u64,
}

/// An open entity.
#[derive(Clone, Debug, PartialEq)]
pub struct EntityView {
    /// Which.
    pub key: EntityKey,
    /// The job that reads it.
    pub job: Option<JobId>,
    /// Its events in log order.
    pub events: Fetch<Arc<[EventRow]>>,
    /// The lanes: one per topic.
    pub lanes: Arc<[Lane]>,
    /// Where consumer groups stand.
    pub group_markers: Arc<[GroupMarker]>,
    /// The name of the fold.
    pub fold: Arc<str>,
    /// Said beside the state: "heuristic: merged event bodies", or empty.
    pub fold_label: Arc<str>,
    /// The state at the clock; the one before it while the new one is on its way.
    pub at: Option<Arc<EntityAt>>,
    /// Whether `at` is not yet what the clock says.
    pub at_pending: bool,
    /// Why it is not, and will not be.
    pub at_problem: Option<Problem>,
    /// The marked path.
    pub selected_path: Option<JsonPointer>,
    /// The versions that changed the marked path.
    pub path_writers: Arc<[u64]>,
    /// What its state is compared with.
    pub compare_with: Option<CompareWith>,
    /// The comparison; none until the other state is known.
    pub compare: Option<Arc<CompareView>>,
    /// How complete the history is.
    pub completeness: Option<Arc<Completeness>>,
}
