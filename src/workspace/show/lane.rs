//! A lane of a timeline: its events, or how many there are when; and the spans of time of which not
//! everything is known.
//!
//! Promises: marks stand in order of time; those with a problem can be found without looking at all
//! of them.
//! Does not know: pixels.

use std::sync::Arc;

use crate::partition_log::TimeCounts;

/// An event on a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaneMark {
    /// The log time, in milliseconds.
    pub time_ms: i64,
    /// The event's version.
    pub version: u64,
    /// Which of the 12 hues: types have stable hues by their name.
    pub hue: u8,
    /// Whether it is drawn hollow: aborted or undecided.
    pub hollow: bool,
    /// Whether it has a problem.
    pub problem: bool,
}

/// Why not everything is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnknownReason {
    /// Records were deleted.
    Deleted,
    /// Records were not read.
    NotRead,
}

/// A span of time of which not everything is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownSpan {
    /// Its first millisecond; the least there is when it has no beginning.
    pub from_ms: i64,
    /// The millisecond after its last; the greatest there is when it has no end.
    pub to_ms: i64,
    /// Why.
    pub reason: UnknownReason,
    /// The same in a sentence that names a partition.
    pub detail: Arc<str>,
}

/// A lane of the timeline.
#[derive(Clone, Debug, PartialEq)]
pub struct Lane {
    /// The topic, or its partition.
    pub label: Arc<str>,
    /// How many events there are, also those that are no marks.
    pub events: u64,
    /// The events in order of time.
    pub marks: Arc<[LaneMark]>,
    /// How much happened when, where events are too many to be marks. Without buckets the marks say
    /// it.
    pub counts: Arc<TimeCounts>,
    /// The numbers of the marks that have a problem, ascending.
    pub problems: Arc<[usize]>,
    /// The spans of which not everything is known.
    pub unknown: Arc<[UnknownSpan]>,
}

impl Lane {
    /// A lane of these events, which stand in order of time; all of it is known.
    pub fn new(label: Arc<str>, marks: Arc<[LaneMark]>) -> Self {
        let numbered = marks.iter().enumerate().filter(|(_, mark)| mark.problem);
        let problems = numbered.map(|(number, _)| number).collect();
        let (events, counts) = (marks.len() as u64, Arc::default());
        Self { label, events, marks, counts, problems, unknown: Arc::default() }
    }

    /// A lane of this many events of which only the counts are known.
    pub fn of_counts(label: Arc<str>, events: u64, counts: TimeCounts) -> Self {
        Self { events, counts: Arc::new(counts), ..Self::new(label, Arc::default()) }
    }
}
