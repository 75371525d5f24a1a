//! An open entity: its history, followed live, and its state at the clock.
//!
//! Promises: the whole history is read, whatever was read of its topics before; new events show by
//! themselves; the old picture stays until the new one is there.
//! Does not know: how states are computed (`fold`) or shown.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::State;
use super::folded_history::{FoldedHistory, HistoryQuestion, Latest};
use super::lanes::with_unknown;
use super::one_clock::LogPlace;
use super::pool::TaskKey;
use super::reading::Reading;
use crate::fold::{self, Fold};
use crate::model::{Isolation, PartitionRead, RecordBatch};
use crate::partition_log::{LogSnapshot, LogStore};
use crate::workspace::ask::coverage::Offsets;
use crate::workspace::ask::log_read::LogQuestion;
use crate::workspace::{
    EntityKey, EntityView, Fetch, GroupSummary, NoticeLevel, Problem, StartPosition, default_fold,
};

/// The fold an entity is folded with when the one that `foldback.toml` names cannot be had.
const FALLBACK_FOLD: &str = "merge";

/// An open entity.
#[derive(Debug)]
pub(crate) struct OpenEntity {
    /// What the window sees.
    pub(crate) view: EntityView,
    /// Its records.
    store: LogStore,
    /// The read that fills it.
    pub(crate) reading: Reading,
    /// How its events are folded; none while its script is being read.
    fold: Option<Arc<dyn Fold>>,
    /// Whether the window shows it; else it is only compared with.
    pub(crate) shown: bool,
    /// Its history as worked out last.
    pub(crate) history: Option<Arc<FoldedHistory>>,
    /// What the next one goes on from.
    latest: Latest,
}

impl OpenEntity {
    /// An entity of which nothing is known yet.
    fn new(key: EntityKey, budget_bytes: u64) -> Self {
        let view = EntityView {
            key,
            job: None,
            events: Fetch::Pending(None),
            lanes: Arc::default(),
            group_markers: Arc::default(),
            fold: Arc::default(),
            fold_label: Arc::default(),
            at: None,
            at_pending: false,
            at_problem: None,
            selected_path: None,
            path_writers: Arc::default(),
            compare_with: None,
            compare: None,
            completeness: None,
        };
        Self {
            view,
            store: LogStore::new(budget_bytes),
            reading: Reading::default(),
            fold: None,
            shown: false,
            history: None,
            latest: Latest::default(),
        }
    }

    /// What its records take, in bytes.
    pub(crate) fn memory_bytes(&self) -> u64 {
        self.store.memory_bytes()
    }

    /// Where its events stand, in log order.
    pub(crate) fn places(&self) -> &[LogPlace] {
        self.history.as_ref().map_or(&[], |history| &history.places)
    }

    /// The span of its events in log time, both inclusive, in milliseconds.
    pub(crate) fn span_ms(&self) -> Option<(i64, i64)> {
        let places = self.places();
        Some((places.first()?.time_ms, places.last()?.time_ms))
    }

    /// Takes records.
    ///
    /// # Errors
    /// That they do not fit into the budget; those before stay.
    pub(crate) fn append(&mut self, batch: RecordBatch) -> Result<(), Problem> {
        self.store
            .append(batch)
            .map_err(|error| Problem::from_error(&error).with_hint(error.hint()))
    }

    /// Takes how far reading is.
    pub(crate) fn progress(&mut self, reads: Vec<PartitionRead>) {
        self.reading.progress(reads);
        let nowhere = BTreeSet::new();
        let homes = self.history.as_ref().map_or(&nowhere, |history| &history.homes);
        self.view.lanes = with_unknown(&self.view.lanes, &self.reading.reads, homes);
    }

    /// Reading could not go on.
    pub(crate) fn failed(&mut self, problem: &Problem) {
        let events = std::mem::take(&mut self.view.events);
        self.view.events = events.failed(problem.clone());
    }

    /// Its records as they are now, perhaps among others.
    pub(crate) fn log(&self) -> LogSnapshot {
        self.store.snapshot()
    }

    /// Puts the groups' committed positions onto its timeline.
    pub(crate) fn mark_groups(&mut self, groups: &[GroupSummary]) {
        if let Some(history) = &self.history {
            self.view.group_markers = history.group_markers(groups);
        }
    }
}

impl State {
    /// The open entity with this key.
    pub(crate) fn entity_mut(&mut self, key: &EntityKey) -> Option<&mut OpenEntity> {
        self.entities.iter_mut().find(|open| open.view.key == *key)
    }

    /// Opens an entity and reads its whole history.
    pub(crate) fn open_entity(&mut self, key: &EntityKey) {
        self.ensure_entity(key);
        if let Some(open) = self.entity_mut(key) {
            open.shown = true;
        }
    }

    /// Reads the whole history of an entity, unless that was done; tries again what failed.
    pub(crate) fn ensure_entity(&mut self, key: &EntityKey) {
        if let Some(open) = self.entities.iter().find(|open| open.view.key == *key) {
            let reads = open.view.job.is_some_and(|job| self.jobs.subject(job).is_some());
            if open.view.events.problem().is_some() || (open.view.events.is_pending() && !reads) {
                self.read_entity(key);
            }
            return;
        }
        self.entities.push(OpenEntity::new(key.clone(), self.view.memory_budget_bytes));
        self.find_fold(key);
        self.read_entity(key);
        self.refresh_groups();
    }

    /// Finds out how an entity is folded where the user does not say: it may be a script.
    fn find_fold(&mut self, key: &EntityKey) {
        let (key, asked, config) = (key.clone(), key.clone(), self.options.config.clone());
        let find = move || default_fold(&asked.topics, config.as_ref());
        self.work_out(TaskKey::Fold(key.clone()), find, move |state, found| {
            let fold = found.and_then(|fold| Ok(fold?)).map_err(|problem| {
                state.notify(NoticeLevel::Error, problem);
            });
            let Some(fold) = fold.ok().or_else(|| fold::builtin(FALLBACK_FOLD)) else { return };
            if let Some(open) = state.entity_mut(&key).filter(|open| open.fold.is_none()) {
                open.use_fold(fold);
                state.work_out_history(&key);
            }
        });
    }

    /// Closes an entity.
    pub(crate) fn close_entity(&mut self, key: &EntityKey) {
        if let Some(open) = self.entity_mut(key) {
            open.shown = false;
        }
        self.close_unused_entities();
    }

    /// Reads an entity's history from the log start on, and follows it.
    pub(crate) fn read_entity(&mut self, key: &EntityKey) {
        let budget_bytes = self.view.memory_budget_bytes;
        let Some(open) = self.entity_mut(key) else { return };
        open.reading.stop();
        open.store = LogStore::new(budget_bytes);
        open.view.events = std::mem::take(&mut open.view.events).asked_again();
        let title = format!("Reading {}", key.entity);
        let question = LogQuestion {
            topics: key.topics.to_vec(),
            entity: Some(key.entity.clone()),
            start: StartPosition::Oldest(None),
            follow: true,
        };
        let begun = self.start_reading(title, question);
        if let Some(open) = self.entity_mut(key) {
            open.view.job = open.reading.begin(begun);
        }
    }

    /// The history is worked out anew from the records there are.
    pub(crate) fn work_out_history(&mut self, key: &EntityKey) {
        let mappings = self.mappings_of(&key.topics);
        let Some(open) = self.entity_mut(key) else { return };
        let Some(fold) = open.fold.clone() else { return };
        let question = HistoryQuestion {
            topics: Arc::clone(&key.topics),
            log: open.log(),
            mappings,
            fold,
            latest: open.latest.clone(),
        };
        let key = key.clone();
        let task_key = TaskKey::History(key.clone());
        self.work_out(
            task_key,
            move || question.work_out(),
            move |state, history| match history {
                Ok(history) => state.take_history(&key, history),
                Err(problem) => {
                    if let Some(open) = state.entity_mut(&key) {
                        open.failed(&problem);
                    }
                    state.touch_urgently();
                }
            },
        );
    }

    /// Takes a history.
    fn take_history(&mut self, key: &EntityKey, history: Arc<FoldedHistory>) {
        let isolation = self.view.isolation;
        let Some(open) = self.entity_mut(key) else { return };
        open.view.lanes = with_unknown(&history.lanes, &open.reading.reads, &history.homes);
        open.view.events = if open.reading.is_done() {
            Fetch::Ready(Arc::clone(&history.rows))
        } else {
            Fetch::Pending(Some(Arc::clone(&history.rows)))
        };
        let topics = if history.rows.is_empty() { None } else { Some(Arc::clone(&key.topics)) };
        open.history = Some(history);
        open.assess(isolation);
        for topic in topics.iter().flat_map(|topics| topics.iter()) {
            self.decide_anew(topic);
        }
        self.mark_groups();
        self.measure_clock();
        self.fold_to_clock(key);
        self.find_path_writers(key);
        self.compare_anew_with(key);
        self.touch();
    }

    /// Folds an entity with this built-in fold.
    pub(crate) fn set_fold(&mut self, key: &EntityKey, name: &str) {
        let Some(fold) = fold::builtin(name) else {
            let problem = Problem::new(format!("there is no fold named {name}"));
            self.notify(
                NoticeLevel::Error,
                problem.with_hint("the built-in folds are merge, last, debezium and count"),
            );
            return;
        };
        if let Some(open) = self.entity_mut(key) {
            open.use_fold(fold);
            self.work_out_history(key);
        }
    }
}

impl OpenEntity {
    /// Folds with this from now on.
    fn use_fold(&mut self, fold: Arc<dyn Fold>) {
        self.view.fold = fold.name().into();
        self.view.fold_label = fold.label().into();
        self.fold = Some(fold);
    }

    /// How complete its history is.
    fn assess(&mut self, isolation: Isolation) {
        let none = Offsets::new();
        let undecodable = self.history.as_ref().map_or(&none, |history| &history.undecodable);
        self.view.completeness = Some(Arc::new(self.reading.completeness(isolation, undecodable)));
    }
}
