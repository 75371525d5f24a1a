//! The one clock over all that is open, and the bookmarks on it.
//!
//! Promises: whatever moves the clock, every open entity is folded to the new moment.
//! Does not know: how the clock itself moves (`one_clock`).

use std::sync::Arc;
use std::time::Duration;

use super::State;
use super::folded_history::FoldedHistory;
use super::one_clock::{LogPlace, included, point_after};
use super::pool::TaskKey;
use crate::model::JsonPointer;
use crate::partition_log::{LogBounds, LogSnapshot};
use crate::workspace::{
    Bookmark, ClockCommand, ClockPoint, ClockView, EntityKey, NoticeLevel, StepTarget, TimeCounts,
};

/// Which way along the log.
#[derive(Clone, Copy, Debug)]
enum Direction {
    /// To what came before.
    Back,
    /// To what came after.
    On,
}

/// How many buckets the strip under the clock has.
const STRIP_BUCKETS: usize = 240;

/// How many events of these histories, or records of these logs, there are when in a span of log
/// time, in milliseconds.
fn strip(
    span_ms: (i64, i64),
    histories: &[Arc<FoldedHistory>],
    logs: &[LogSnapshot],
) -> TimeCounts {
    let mut strip = TimeCounts::over(span_ms.0, span_ms.1, STRIP_BUCKETS);
    for place in histories.iter().flat_map(|history| history.places.iter()) {
        strip.count(place.time_ms, 1);
    }
    let bounds = LogBounds { time_ms: Some(span_ms), ..LogBounds::default() };
    let of_logs = logs.iter().map(|log| log.histogram(&bounds, STRIP_BUCKETS));
    of_logs.reduce(TimeCounts::plus).unwrap_or(strip)
}

impl State {
    /// Moves the clock as the user asks.
    pub(crate) fn move_clock(&mut self, command: ClockCommand) {
        match command {
            ClockCommand::Set(point) => self.clock.set(point),
            ClockCommand::Step(key, target) => self.step(&key, &target),
            ClockCommand::Play(speed) => self.clock.play(speed),
            ClockCommand::Pause => self.clock.pause(),
            ClockCommand::Follow => self.clock.follow(),
            ClockCommand::UseClock(clock) => self.clock.clock = clock,
        }
        self.fold_all_to_clock();
    }

    /// A step along the events of an entity. Nothing happens where the entity is not open or has no
    /// such event.
    fn step(&mut self, key: &EntityKey, target: &StepTarget) {
        let Some(entity) = self.entities.iter().find(|entity| entity.view.key == *key) else {
            return;
        };
        let places = entity.places();
        let now = included(&self.clock.at, places);
        let count = match target {
            StepTarget::First => Some(0),
            StepTarget::PreviousEvent => Some(now.saturating_sub(1)),
            StepTarget::NextEvent => Some(now + 1),
            StepTarget::Last => Some(places.len()),
            StepTarget::PreviousChange(_) | StepTarget::NextChange(_) => None,
        };
        if let Some(count) = count {
            self.clock.set(point_after(places, count));
        }
        match target.clone() {
            StepTarget::PreviousChange(path) => self.step_to_change(key, path, Direction::Back),
            StepTarget::NextChange(path) => self.step_to_change(key, path, Direction::On),
            _ => {}
        }
    }

    /// To the nearest change of a path in this direction. Nothing happens where there is none.
    fn step_to_change(&mut self, key: &EntityKey, path: JsonPointer, direction: Direction) {
        let task_key = TaskKey::StepAlong(key.clone());
        self.find_writers(task_key, key, path, move |state, key, _, writers| {
            let Some(entity) = state.entities.iter().find(|entity| entity.view.key == *key) else {
                return;
            };
            let now = included(&state.clock.at, entity.places());
            let mut writers =
                writers.into_iter().filter_map(|version| usize::try_from(version).ok());
            let found = match direction {
                Direction::Back => writers.rev().find(|version| *version < now),
                Direction::On => writers.find(|version| *version > now),
            };
            if let Some(version) = found {
                let point = point_after(entity.places(), version);
                state.clock.set(point);
                state.fold_all_to_clock();
            }
        });
    }

    /// Lets the clock play on for this much real time.
    pub(crate) fn play_on(&mut self, elapsed: Duration) {
        let elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        // The entity in front sets the pace of playing one event a second.
        let front = self.entities.iter().rfind(|entity| entity.shown);
        let history = front.and_then(|entity| entity.history.clone());
        let places: &[LogPlace] = history.as_ref().map_or(&[], |history| &history.places);
        if self.clock.advance(elapsed_ms, places) {
            self.touch_urgently();
            self.fold_all_to_clock();
        }
    }

    /// What is open changed: the clock's span is taken anew.
    pub(crate) fn measure_clock(&mut self) {
        let spans = self.entities.iter().filter_map(|entity| entity.span_ms());
        let of_topics = self.topics.iter().filter_map(|topic| topic.span_ms());
        self.clock.range_ms = spans
            .chain(of_topics)
            .reduce(|(from, to), (other_from, other_to)| (from.min(other_from), to.max(other_to)));
        self.count_strip();
    }

    /// Counts how much happened when, over the clock's span.
    fn count_strip(&mut self) {
        let Some(span_ms) = self.clock.range_ms else {
            self.view.clock.density = Arc::default();
            return;
        };
        let histories: Vec<Arc<FoldedHistory>> =
            self.entities.iter().filter_map(|open| open.history.clone()).collect();
        let logs: Vec<LogSnapshot> = if self.entities.is_empty() {
            self.topics.iter().filter_map(|open| open.listed_log().cloned()).collect()
        } else {
            Vec::new()
        };
        self.work_out(
            TaskKey::Strip,
            move || strip(span_ms, &histories, &logs),
            move |state, strip| match strip {
                Ok(strip) if state.clock.range_ms == Some(span_ms) => {
                    state.view.clock.density = Arc::new(strip);
                    state.touch();
                }
                Ok(_another_is_counted) => {}
                Err(problem) => state.notify(NoticeLevel::Error, problem),
            },
        );
    }

    /// Puts the clock into the next snapshot.
    pub(crate) fn show_clock(&mut self) {
        self.view.clock = ClockView {
            at: self.clock.at.clone(),
            time_ms: self.clock.time_ms(),
            mode: self.clock.mode,
            clock: self.clock.clock,
            range_ms: self.clock.range_ms,
            density: Arc::clone(&self.view.clock.density),
        };
    }

    /// Remembers a moment.
    pub(crate) fn add_bookmark(&mut self, bookmark: Bookmark) {
        self.view.bookmarks = self.view.bookmarks.iter().cloned().chain([bookmark]).collect();
    }

    /// Changes the bookmark with this number in the list.
    pub(crate) fn change_bookmark(&mut self, number: usize, bookmark: Bookmark) {
        let mut bookmarks = self.view.bookmarks.to_vec();
        if let Some(changed) = bookmarks.get_mut(number) {
            *changed = bookmark;
            self.view.bookmarks = bookmarks.into();
        }
    }

    /// Forgets the bookmark with this number in the list.
    pub(crate) fn remove_bookmark(&mut self, number: usize) {
        let kept = self.view.bookmarks.iter().enumerate().filter(|(index, _)| *index != number);
        self.view.bookmarks = kept.map(|(_, bookmark)| bookmark.clone()).collect();
    }

    /// The clock goes back to the end: nothing is open that it could show.
    pub(crate) fn reset_clock(&mut self) {
        self.clock.set(ClockPoint::End);
        self.clock.pause();
        self.measure_clock();
    }
}
