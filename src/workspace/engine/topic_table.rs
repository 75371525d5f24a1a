//! What is worked out from the records of an open topic: its table, its entities, how its values
//! are read.
//!
//! Promises: the engine itself never does it; a newer question replaces an older one that still
//! waits.
//! Does not know: when questions are due (`topic`).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use super::State;
use super::pool::TaskKey;
use crate::entity::Selector;
use crate::model::EntityId;
use crate::partition_log::{KeyDirectory, LogBounds};
use crate::workspace::{EntityList, EntityRow, Fetch, NoticeLevel, RecordFilter};

/// How many entities the list holds at most.
const ENTITIES_MAX: usize = 10_000;

/// How many pages of row texts are kept.
const PAGES_MAX: usize = 64;

impl State {
    /// Computes the tables that are due.
    pub(crate) fn refresh_due_rows(&mut self, now: Instant) {
        let due = self.topics.iter().filter(|open| open.rows_due.is_some_and(|due| due <= now));
        let due: Vec<Arc<str>> = due.map(|open| Arc::clone(&open.view.topic)).collect();
        for topic in due {
            self.decide_anew(&topic);
            self.refresh_rows(&topic);
            self.list_entities(&topic);
            self.find_all_lanes();
        }
    }

    /// Sets which records are shown.
    pub(crate) fn set_filter(&mut self, topic: &Arc<str>, filter: RecordFilter) {
        if let Some(open) = self.topic_mut(topic) {
            open.view.filter = filter;
            self.find_rows(topic);
        }
    }

    /// The texts of these pages of rows are wanted.
    pub(crate) fn need_pages(&mut self, topic: &Arc<str>, pages: &[u64]) {
        let Some(open) = self.topic_mut(topic) else { return };
        open.wanted_pages = pages.to_vec();
        let missing: Vec<u64> =
            pages.iter().copied().filter(|page| !open.view.pages.contains_key(page)).collect();
        let Some((question, locations)) = open.rows.clone().filter(|_| !missing.is_empty()) else {
            return;
        };
        let generation = open.view.rows_generation;
        let log = question.log.clone();
        let key = TaskKey::Pages(topic.to_string());
        let topic = Arc::clone(topic);
        self.work_out(
            key,
            move || question.pages(&locations, &missing),
            move |state, found| {
                let found = match found {
                    Ok(found) => found,
                    Err(problem) => return state.notify(NoticeLevel::Error, problem),
                };
                let open = state.topic_mut(&topic);
                let Some(open) = open.filter(|open| open.view.rows_generation == generation) else {
                    return;
                };
                let wanted = &open.wanted_pages;
                let pages = open.view.pages.iter();
                let kept = pages.filter(|(page, _)| wanted.contains(page)).take(PAGES_MAX);
                let kept: BTreeMap<_, _> =
                    kept.map(|(page, texts)| (*page, Arc::clone(texts))).collect();
                open.view.pages = Arc::new(kept.into_iter().chain(found).collect());
                state.read_again_if_damaged(&topic, &log);
                state.touch_urgently();
            },
        );
    }

    /// What is worked out from the records of a topic is worked out anew.
    pub(super) fn topic_changed(&mut self, topic: &Arc<str>) {
        self.find_rows(topic);
        self.find_all_lanes();
        self.list_entities(topic);
    }

    /// Shows only entities whose id contains this text.
    pub(crate) fn search_entities(&mut self, topic: &Arc<str>, text: String) {
        if let Some(open) = self.topic_mut(topic) {
            open.search = text;
            self.list_entities(topic);
        }
    }

    /// Lists a topic's entities.
    fn list_entities(&mut self, topic: &Arc<str>) {
        let Some(open) = self.topic_mut(topic) else { return };
        open.view.entities = std::mem::take(&mut open.view.entities).asked_again();
        let (log, mapping, search) = (open.log(), Arc::clone(&open.mapping), open.search.clone());
        let directory = open.directory.take();
        let key = TaskKey::Entities(topic.to_string());
        let topic = Arc::clone(topic);
        let read_by = Arc::clone(&mapping);
        let list = move || {
            let mut directory =
                directory.unwrap_or_else(|| KeyDirectory::new(LogBounds::default()));
            if mapping.id == Selector::Key {
                directory.update(&log);
            } else {
                directory.update_by(&log, |record| mapping.entity_of(record));
            }
            let list = entity_list(&directory, search);
            (directory, list)
        };
        self.work_out(key, list, move |state, listed| {
            let Some(open) = state.topic_mut(&topic) else { return };
            match listed {
                Ok((directory, list)) => {
                    open.directory =
                        Some(directory).filter(|_| Arc::ptr_eq(&open.mapping, &read_by));
                    open.view.entities = Fetch::Ready(Arc::new(list));
                }
                Err(problem) => {
                    let entities = std::mem::take(&mut open.view.entities);
                    open.view.entities = entities.failed(problem);
                }
            }
            state.touch();
        });
    }
}

/// The entities whose id contains this text, those with most events first.
fn entity_list(directory: &KeyDirectory, search: String) -> EntityList {
    let counts = directory.counts(search.as_bytes(), ENTITIES_MAX);
    let rows = counts.rows.into_iter().map(|count| EntityRow {
        entity: EntityId::new(&count.key),
        events: count.records,
        first_ms: count.first.log_time_ms,
        last_ms: count.last.log_time_ms,
    });
    EntityList { search, rows: rows.collect(), matching: counts.matching, total: counts.total }
}
