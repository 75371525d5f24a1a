//! The one clock.
//!
//! Promises: where it stands and what it does by itself are told apart.
//! Does not know: who moves it.

use std::sync::Arc;

use crate::config::ClockPoint;
use crate::model::Clock;
use crate::partition_log::TimeCounts;

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
