//! An open entity: its history, followed live, and its state at the clock.
//!
//! Promises: the whole history is read, whatever was read of its topics before; new events show by themselves; the old
//! picture stays until the new one is there.
//! Does not know: how states are computed (`fold`) or shown.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::history_view::{EntityHistory, HistoryQuestion};
use super::lanes::with_unknown;
use super::one_clock::LogPlace;
use super::pool::{News, TaskKey};
use super::reading::{LogFacts, Reading, Truncated, keep_gaps};
use super::state::State;
use crate::fold::{self, Fold};
use crate::model::{Isolation, KeyFilter, PartitionRead, RecordBatch};
use crate::partition_log::{LogSnapshot, LogStore};
use crate::workspace::coverage::Offsets;
use crate::workspace::{
    EntityKey, EntityView, Fetch, GroupSummary, JobId, NoticeLevel, Problem, StartPosition,
    default_fold,
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
    reading: Option<Reading>,
    /// What the cluster said when it was read.
    facts: LogFacts,
    /// How far each partition was read.
    partitions: Vec<PartitionRead>,
    /// How its events are folded.
    fold: Arc<dyn Fold>,
    /// Whether the window shows it; else it is only compared with.
    pub(crate) shown: bool,
    /// Its history as worked out last.
    pub(crate) history: Option<Arc<EntityHistory>>,
}

impl OpenEntity {
    /// An entity of which nothing is known yet.
    fn new(key: EntityKey, fold: Arc<dyn Fold>, budget_bytes: u64) -> Self {
        let view = EntityView {
            key,
            job: None,
            events: Fetch::Pending(None),
            lanes: Arc::default(),
            group_markers: Arc::default(),
            fold: fold.name().into(),
            fold_label: fold.label().into(),
            at: None,
            at_pending: false,
            selected_path: None,
            path_writers: Arc::default(),
            compare_with: None,
            compare: None,
            completeness: None,
        };
        Self {
            view,
            store: LogStore::new(budget_bytes),
            reading: None,
            facts: LogFacts::default(),
            partitions: Vec::new(),
            fold,
            shown: false,
            history: None,
        }
    }

    /// Whether this job reads it.
    pub(crate) fn is_read_by(&self, job: JobId) -> bool {
        self.reading.as_ref().is_some_and(|reading| reading.job == job)
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

    /// Takes what the cluster says about its topics.
    pub(crate) fn know(&mut self, facts: &LogFacts) {
        self.facts = facts.clone();
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

    /// What was read of it, and how, once it is being read.
    pub(crate) fn what_was_read(&self) -> Option<(&LogFacts, &[PartitionRead], &Reading)> {
        Some((&self.facts, &self.partitions, self.reading.as_ref()?))
    }

    /// Takes the aborted records behind its gaps.
    pub(crate) fn know_aborted(&mut self, aborted: Offsets) {
        self.facts.aborted = Some(aborted);
    }

    /// Takes what the index knows that leaders lost.
    pub(crate) fn know_truncated(&mut self, truncated: Truncated) {
        self.facts.truncated = truncated;
    }

    /// Takes how far reading is.
    pub(crate) fn progress(&mut self, mut partitions: Vec<PartitionRead>) {
        keep_gaps(&self.partitions, &mut partitions);
        self.partitions = partitions;
        let nowhere = BTreeSet::new();
        let homes = self.history.as_ref().map_or(&nowhere, |history| &history.homes);
        self.view.lanes = with_unknown(&self.view.lanes, &self.partitions, homes);
    }

    /// Stops the read that fills it.
    pub(crate) fn stop_reading(&mut self) {
        if let Some(reading) = self.reading.take() {
            reading.cancel.cancel();
        }
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
        if let Some(open) = self.entity_mut(key) {
            if open.view.events.problem().is_some() {
                self.read_entity(key);
            }
            return;
        }
        let fold = match default_fold(&key.topics, self.options.config.as_ref()) {
            Ok(fold) => Some(fold),
            Err(failure) => {
                self.notify(NoticeLevel::Error, failure.problem);
                fold::builtin(FALLBACK_FOLD)
            }
        };
        let Some(fold) = fold else { return };
        self.entities.push(OpenEntity::new(key.clone(), fold, self.view.memory_budget_bytes));
        self.read_entity(key);
        self.refresh_groups();
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
        let keys = self.key_filter(key);
        let budget_bytes = self.view.memory_budget_bytes;
        let Some(open) = self.entity_mut(key) else { return };
        open.stop_reading();
        open.store = LogStore::new(budget_bytes);
        open.partitions.clear();
        open.view.events = std::mem::take(&mut open.view.events).asked_again();
        let title = format!("Reading {}", key.entity);
        let reading =
            self.start_reading(title, key.topics.to_vec(), StartPosition::Oldest(None), keys, true);
        if let Some(open) = self.entity_mut(key) {
            open.view.job = reading.as_ref().map(|reading| reading.job);
            open.reading = reading;
        }
    }

    /// Which keys the entity's records have, where all its topics map the key to the entity.
    fn key_filter(&self, key: &EntityKey) -> KeyFilter {
        let mappings = key.topics.iter().map(|topic| self.mapping_for(topic));
        let mut filters = mappings.map(|mapping| mapping.key_filter(&key.entity));
        let first = filters.next().flatten();
        match first {
            Some(filter) if filters.all(|other| other.as_ref() == Some(&filter)) => filter,
            _ => KeyFilter::All,
        }
    }

    /// The history is worked out anew from the records there are.
    pub(crate) fn work_out_history(&mut self, key: &EntityKey) {
        let ways: BTreeMap<_, _> = key
            .topics
            .iter()
            .map(|topic| (Arc::clone(topic), self.known_way_to_read(topic)))
            .collect();
        let Some(open) = self.entity_mut(key) else { return };
        let question = HistoryQuestion {
            entity: key.entity.clone(),
            log: open.log(),
            ways,
            fold: Arc::clone(&open.fold),
        };
        let key = key.clone();
        let task_key = TaskKey::History(key.clone());
        let task = move || -> News {
            let history = Arc::new(question.work_out());
            Box::new(move |state| state.take_history(&key, history))
        };
        self.pool.submit(task_key, Box::new(task));
    }

    /// Takes a history.
    fn take_history(&mut self, key: &EntityKey, history: Arc<EntityHistory>) {
        let isolation = self.view.isolation;
        let Some(open) = self.entity_mut(key) else { return };
        let is_read =
            open.partitions.iter().all(PartitionRead::is_done) && !open.partitions.is_empty();
        open.view.lanes = with_unknown(&history.lanes, &open.partitions, &history.homes);
        open.view.events = if is_read {
            Fetch::Ready(Arc::clone(&history.rows))
        } else {
            Fetch::Pending(Some(Arc::clone(&history.rows)))
        };
        open.history = Some(history);
        open.assess(isolation);
        self.mark_groups();
        self.measure_clock();
        self.fold_to_clock(key);
        self.compare_anew_with(key);
        self.touch();
    }

    /// An entity was read to the end, or as far as it went.
    pub(crate) fn entity_read(&mut self, key: &EntityKey) {
        self.work_out_history(key);
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
            open.view.fold = fold.name().into();
            open.view.fold_label = fold.label().into();
            open.fold = fold;
            self.work_out_history(key);
        }
    }
}

impl OpenEntity {
    /// How complete its history is.
    fn assess(&mut self, isolation: Isolation) {
        let failures =
            self.history.as_ref().map(|history| history.undecodable.clone()).unwrap_or_default();
        self.view.completeness =
            Some(Arc::new(self.facts.completeness(&self.partitions, isolation, &failures)));
    }
}
