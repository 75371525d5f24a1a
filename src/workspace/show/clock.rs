//! The one clock, and the moments that are worth coming back to.
//!
//! Promises: a moment is a place in log order, so that events of the same millisecond can be told
//! apart.
//! Does not know: who moves it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::entity_key::EntityKey;
use crate::model::{Clock, Position};
use crate::partition_log::TimeCounts;

/// A moment of the clock: a place in log order, so that events of the same millisecond can be
/// stepped through.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ClockPoint {
    /// Before everything.
    Start,
    /// All records with this log time or an earlier one, in milliseconds.
    Time(i64),
    /// All records up to this one in log order.
    Record {
        /// The record's log time, in milliseconds.
        time_ms: i64,
        /// The record.
        position: Position,
    },
    /// Everything.
    #[default]
    End,
}

/// What the clock does by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClockMode {
    /// Nothing.
    #[default]
    Paused,
    /// Runs at this many times real time; 0 is one event a second.
    Playing(u32),
    /// Stays at the end.
    Following,
}

/// The one clock.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClockView {
    /// Where it stands.
    pub at: ClockPoint,
    /// Where it stands in time, in milliseconds; none while nothing is open.
    pub time_ms: Option<i64>,
    /// What it does by itself.
    pub mode: ClockMode,
    /// Which time a cut compares.
    pub clock: Clock,
    /// The span of what is open, both inclusive, in milliseconds; none while nothing is open.
    pub range_ms: Option<(i64, i64)>,
    /// How much happened when, over the span.
    pub density: Arc<TimeCounts>,
}

/// A moment worth coming back to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bookmark {
    /// The user's words, or what was on screen.
    pub label: String,
    /// The moment.
    pub at: ClockPoint,
    /// The entity that was in front.
    pub entity: Option<EntityKey>,
}
