//! Folding open entities to the clock, and what hangs on it: the marked path.
//!
//! Promises: the newest moment of the latest history wins; until its state is there the one before
//! is shown and marked as old.
//! Does not know: how a state is computed (`entity_at`).

use std::sync::Arc;

use super::State;
use super::entity_at::entity_at;
use super::folded_history::FoldedHistory;
use super::one_clock::{OneClock, included};
use super::pool::TaskKey;
use crate::fold::{Selection, select};
use crate::model::{Clock, JsonPointer, Value, When};
use crate::workspace::{EntityAt, EntityKey, NoticeLevel};

impl State {
    /// Folds every open entity to the clock.
    pub(crate) fn fold_all_to_clock(&mut self) {
        let keys: Vec<_> = self.entities.iter().map(|open| open.view.key.clone()).collect();
        for key in keys {
            self.fold_to_clock(&key);
        }
    }

    /// Folds an entity to the clock.
    pub(crate) fn fold_to_clock(&mut self, key: &EntityKey) {
        let clock = self.clock.clone();
        let Some(open) = self.entity_mut(key) else { return };
        let Some(history) = open.history.clone() else { return };
        open.view.at_pending = true;
        let with = open.view.compare_with.clone();
        let other = with.as_ref().and_then(|with| self.other_of(with));
        let (key, asked) = (key.clone(), key.clone());
        let (at, cuts) = (clock.at.clone(), clock.clock);
        let of = Arc::clone(&history);
        let fold = move || {
            let selection = selection_at(&history, &clock);
            let at = at_clock(&history, &selection, &clock);
            let compare = other.map(|other| other.compare(&asked, &history, &selection, &clock));
            (at, compare)
        };
        self.work_out(TaskKey::EntityAt(key.clone()), fold, move |state, folded| {
            let is_current = state.clock.at == at && state.clock.clock == cuts;
            state.touch_urgently();
            let Some(open) = state.entity_mut(&key) else { return };
            let is_of_latest = open.history.as_ref().is_some_and(|latest| Arc::ptr_eq(latest, &of));
            open.view.at_pending = !(is_current && is_of_latest);
            match folded {
                Ok((at, compare)) => {
                    open.view.at = Some(Arc::new(at));
                    open.view.at_problem = None;
                    if open.view.compare_with == with {
                        open.view.compare = compare.map(Arc::new);
                    }
                }
                Err(problem) => open.view.at_problem = Some(problem),
            }
        });
    }

    /// Marks one path of an entity's state.
    pub(crate) fn select_path(&mut self, key: &EntityKey, path: Option<JsonPointer>) {
        let Some(open) = self.entity_mut(key) else { return };
        open.view.path_writers = Arc::default();
        open.view.selected_path = path;
        self.find_path_writers(key);
    }

    /// Finds the versions that changed the marked path.
    pub(crate) fn find_path_writers(&mut self, key: &EntityKey) {
        let marked = self.entity_mut(key).and_then(|open| open.view.selected_path.clone());
        let Some(path) = marked else { return };
        let task_key = TaskKey::Writers(key.clone());
        self.find_writers(task_key, key, path, |state, key, path, writers| {
            let open =
                state.entity_mut(key).filter(|open| open.view.selected_path.as_ref() == Some(path));
            if let Some(open) = open {
                open.view.path_writers = writers.into();
            }
        });
    }

    /// Finds the versions that changed a path, as this task, and does this with them.
    pub(crate) fn find_writers(
        &mut self,
        task_key: TaskKey,
        key: &EntityKey,
        path: JsonPointer,
        then: impl FnOnce(&mut Self, &EntityKey, &JsonPointer, Vec<u64>) + Send + 'static,
    ) {
        let Some(history) = self.entity_mut(key).and_then(|open| open.history.clone()) else {
            return;
        };
        let (key, asked) = (key.clone(), path.clone());
        let find = move || history.lock().versions_changing(&asked);
        self.work_out(task_key, find, move |state, writers| {
            match writers {
                Ok(writers) => then(state, &key, &path, writers),
                Err(problem) => state.notify(NoticeLevel::Error, problem),
            }
            state.touch_urgently();
        });
    }
}

/// The events that have happened at the clock. Event time can pick any subset of them.
pub(super) fn selection_at(history: &FoldedHistory, clock: &OneClock) -> Selection {
    let prefix = Selection::Prefix(included(&clock.at, &history.places) as u64);
    match (clock.clock, clock.time_ms()) {
        (Clock::Log, _) | (_, None) => prefix,
        (Clock::Event, Some(time_ms)) => {
            let events = history.lock();
            // More may have come since.
            let events = events.events().get(..history.places.len()).unwrap_or_default();
            select(events, &When::Time(time_ms), Clock::Event, &[], &|_| None).unwrap_or(prefix)
        }
    }
}

/// The state after these events, as the window shows it.
fn at_clock(history: &FoldedHistory, selection: &Selection, clock: &OneClock) -> EntityAt {
    let mut at = entity_at(&mut history.lock(), selection, clock.at.clone());
    at.record = at.position.as_ref().and_then(|position| history.record(position)).map(Arc::new);
    at
}

/// The state after these events, and the version of the last of them.
pub(super) fn state_at(history: &FoldedHistory, selection: &Selection) -> (u64, Value) {
    let version = match selection {
        Selection::Prefix(count) => *count,
        Selection::Subset(versions) => versions.last().copied().unwrap_or(0),
    };
    (version, history.lock().state_of(selection))
}
