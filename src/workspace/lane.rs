//! A lane of an entity's timeline: its events, and the spans of time of which not everything is known.
//!
//! Promises: marks stand in order of time; those with a problem can be found without looking at all of them.
//! Does not know: pixels.

use std::sync::Arc;

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
#[derive(Clone, Debug)]
pub struct Lane {
    /// The topic.
    pub label: Arc<str>,
    /// The events in order of time.
    pub marks: Arc<[LaneMark]>,
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
        Self { label, marks, problems, unknown: Arc::default() }
    }
}
