//! An entity's history as the window shows it: its lines, its lanes, where groups stand in it.
//!
//! Promises: pure; worked out away from the engine's own thread; events that come behind all others
//! are added to what was worked out before, which gives the same as all of it from nothing.
//! Does not know: the clock.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::entity_at::{Told, summary};
use super::inspect::detail;
use super::lanes::{lanes, lanes_with};
use super::one_clock::LogPlace;
use crate::entity::{Mapping, Selector};
use crate::fold::{Effect, Fold, History, diff};
use crate::model::{Change, Event, JsonPointer, Position, SharedRecord, TopicPartition, Value};
use crate::partition_log::LogSnapshot;
use crate::workspace::ask::coverage::{Offsets, offsets};
use crate::workspace::ask::entity_question::{events_behind, events_in};
use crate::workspace::ask::mapping::Mappings;
use crate::workspace::{EventRow, GroupMarker, GroupSummary, Lane, RecordDetail};

/// How many of the first events decide how the lines of all are told.
const TELLING_EVENTS: usize = 200;

/// What a history is worked out from.
#[derive(Clone, Debug)]
pub(crate) struct HistoryQuestion {
    /// The topics of the entity.
    pub(crate) topics: Arc<[Arc<str>]>,
    /// The entity's records.
    pub(crate) log: LogSnapshot,
    /// How the records of each topic are read.
    pub(crate) mappings: Mappings,
    /// How its events are folded.
    pub(crate) fold: Arc<dyn Fold>,
    /// What was worked out last.
    pub(crate) latest: Latest,
}

/// What was worked out last of an entity: the next question goes on from there. It is taken out for
/// as long as somebody does, so that what a panic leaves half done is never gone on from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Latest(Arc<Mutex<Option<Arc<FoldedHistory>>>>);

impl Latest {
    /// Puts this there, or takes away what is there; gives what was there.
    fn replace(&self, history: Option<Arc<FoldedHistory>>) -> Option<Arc<FoldedHistory>> {
        let mut latest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *latest, history)
    }
}

/// A history, worked out.
#[derive(Debug)]
pub(crate) struct FoldedHistory {
    /// The events and their states, and perhaps those that came later. Locked by the threads that
    /// fold, never by the engine's own.
    history: Arc<Mutex<History>>,
    /// How its events are folded.
    fold: Arc<dyn Fold>,
    /// How the lines tell what their events changed.
    told: Told,
    /// A line for each event.
    pub(crate) rows: Arc<[EventRow]>,
    /// A lane for each topic.
    pub(crate) lanes: Arc<[Lane]>,
    /// Where the events stand, in log order.
    pub(crate) places: Vec<LogPlace>,
    /// The partitions that hold events.
    pub(crate) homes: BTreeSet<TopicPartition>,
    /// The events that could not be decoded.
    pub(crate) undecodable: Offsets,
    /// What it was worked out from.
    log: LogSnapshot,
    /// How the records of each topic were read.
    mappings: Mappings,
}

impl HistoryQuestion {
    /// Works it out.
    pub(crate) fn work_out(self) -> Arc<FoldedHistory> {
        let latest = self.latest.clone();
        let before = latest.replace(None);
        let longer = before.and_then(|before| self.go_on_from(&before));
        let history = longer.unwrap_or_else(|| Arc::new(self.from_nothing()));
        latest.replace(Some(Arc::clone(&history)));
        history
    }

    /// Works all of it out.
    fn from_nothing(self) -> FoldedHistory {
        let Self { topics, log, mappings, fold, latest: _ } = self;
        let events = events_in(&log, &mappings);
        let told = Told {
            // What every event says of itself is shown in columns of its own.
            elsewhere: mappings.values().flat_map(|topic| own_columns(&topic.mapping)).collect(),
            last: changed_by_most(&events, &*fold),
        };
        FoldedHistory {
            undecodable: undecodable(&events),
            places: events.iter().map(place).collect(),
            homes: homes(&events).collect(),
            lanes: lanes(&topics, &events),
            rows: rows(fold.init(), &events, &*fold, &told).collect(),
            history: Arc::new(Mutex::new(History::new(Arc::clone(&fold), events))),
            fold,
            told,
            log,
            mappings,
        }
    }

    /// Adds what came to what was worked out before. Not where something of that would be another:
    /// when the same events are read or folded otherwise, or an event came before one of them.
    fn go_on_from(&self, before: &Arc<FoldedHistory>) -> Option<Arc<FoldedHistory>> {
        let is_read_the_same =
            self.log.is_of_store_of(&before.log)
                && Arc::ptr_eq(&self.fold, &before.fold)
                && self.mappings.len() == before.mappings.len()
                && self.mappings.iter().zip(&before.mappings).all(
                    |((topic, own), (other, known))| topic == other && Arc::ptr_eq(own, known),
                );
        let tells_the_same = TELLING_EVENTS <= before.places.len();
        if !(is_read_the_same && tells_the_same) {
            return None;
        }
        let records: Vec<SharedRecord> =
            self.log.since(&before.log).map(|(_, record)| record).collect();
        let mut history = before.lock();
        let count = history.len();
        if count != before.places.len() as u64 || history.failure().is_some() {
            return None;
        }
        let came = events_behind(history.events(), &records, &self.mappings);
        if came.is_empty() {
            drop(history);
            return Some(Arc::clone(before));
        }
        if came.first().map(place).is_some_and(|first| Some(&first) <= before.places.last()) {
            return None;
        }
        let rows = rows(history.state_after(count), &came, &*self.fold, &before.told);
        let longer = FoldedHistory {
            undecodable: with_offsets(&before.undecodable, undecodable(&came)),
            places: before.places.iter().cloned().chain(came.iter().map(place)).collect(),
            homes: before.homes.iter().cloned().chain(homes(&came)).collect(),
            lanes: lanes_with(&before.lanes, &came),
            rows: before.rows.iter().cloned().chain(rows).collect(),
            history: Arc::clone(&before.history),
            fold: Arc::clone(&self.fold),
            told: before.told.clone(),
            log: self.log.clone(),
            mappings: self.mappings.clone(),
        };
        history.extend(came);
        Some(Arc::new(longer))
    }
}

/// The events of these that could not be decoded.
fn undecodable(events: &[Event]) -> Offsets {
    offsets(events, |event| event.value.failure().is_some())
}

/// Both together; the others come behind.
fn with_offsets(before: &Offsets, behind: Offsets) -> Offsets {
    let mut all = before.clone();
    for (partition, offsets) in behind {
        all.entry(partition).or_default().extend(offsets);
    }
    all
}

/// The partitions that hold these events.
fn homes(events: &[Event]) -> impl Iterator<Item = TopicPartition> + '_ {
    events.iter().map(|event| event.position.topic_partition())
}

/// Where an event stands.
fn place(event: &Event) -> LogPlace {
    LogPlace { time_ms: event.log_time_ms, position: event.position.clone() }
}

/// A line for each event, with what it changed of this state and those after it.
fn rows<'e>(
    before: Value,
    events: &'e [Event],
    fold: &'e dyn Fold,
    told: &'e Told,
) -> impl Iterator<Item = EventRow> + 'e {
    let lines = each_change(before, events, fold);
    lines.map(|(event, changes, effect)| row(event, &changes, &effect, told))
}

/// What each event changed of this state and those after it, and what the fold did with it.
fn each_change<'e>(
    mut state: Value,
    events: &'e [Event],
    fold: &'e dyn Fold,
) -> impl Iterator<Item = (&'e Event, Vec<Change>, Effect)> {
    let mut run = fold.start(state.clone());
    events.iter().map(move |event| {
        let effect = run.apply(event);
        let after = run.state().unwrap_or_else(|_| state.clone());
        let before = std::mem::replace(&mut state, after);
        (event, diff(&before, &state), effect)
    })
}

/// The paths that more than half of the first events changed, such as a time in the body: they tell
/// little.
fn changed_by_most(events: &[Event], fold: &dyn Fold) -> BTreeSet<JsonPointer> {
    let mut counts: BTreeMap<JsonPointer, usize> = BTreeMap::new();
    let looked_at = events.get(..TELLING_EVENTS).unwrap_or(events);
    for change in each_change(fold.init(), looked_at, fold).flat_map(|(_, changes, _)| changes) {
        *counts.entry(change.path).or_default() += 1;
    }
    counts.retain(|_, count| *count * 2 > looked_at.len());
    counts.into_keys().collect()
}

/// The line of an event that changed this. Where the fold did not take it, that stands in place of
/// what it changed.
fn row(event: &Event, changes: &[Change], effect: &Effect, told: &Told) -> EventRow {
    let summary = match effect.not_taken() {
        Some(reason) => format!("not taken: {reason}"),
        None => summary(changes, told),
    };
    EventRow {
        version: event.version,
        position: event.position.clone(),
        timestamp_ms: event.timestamp_ms,
        log_time_ms: event.log_time_ms,
        event_type: Arc::clone(&event.event_type),
        transaction: event.transaction,
        summary: summary.into(),
        change_count: u32::try_from(changes.len()).unwrap_or(u32::MAX),
        correlation: event.correlation.clone(),
        causation: event.causation.clone(),
        actor: event.actor.clone(),
        problems: event.problems.as_slice().into(),
    }
}

/// Where type, version and time of an event stand in its value.
fn own_columns(mapping: &Mapping) -> impl Iterator<Item = JsonPointer> + '_ {
    let selectors = mapping.event_type.iter().chain(&mapping.version).chain(&mapping.time);
    selectors.filter_map(|selector| match selector {
        Selector::ValueAt(path) => Some(path.clone()),
        _ => None,
    })
}

impl FoldedHistory {
    /// The events and their states, for a thread that folds.
    pub(crate) fn lock(&self) -> MutexGuard<'_, History> {
        // What a panic left behind is a cache; a refold from any key frame is right.
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything about the record of one of its events.
    pub(crate) fn record(&self, position: &Position) -> Option<RecordDetail> {
        let record = self.log.record(self.log.find(position)?)?;
        Some(detail(record.get(), self.mappings.get(&position.topic)?))
    }

    /// Where consumer groups stand in this history: those with a commit in a partition that holds
    /// one of its events, by name.
    pub(crate) fn group_markers(&self, groups: &[GroupSummary]) -> Arc<[GroupMarker]> {
        let markers = groups.iter().filter_map(|group| self.group_marker(group));
        let mut markers: Vec<_> = markers.collect();
        // The cluster lists them in any order.
        markers.sort_by(|one, other| one.group.cmp(&other.group));
        markers.into()
    }

    /// Where a group stands in this history.
    fn group_marker(&self, group: &GroupSummary) -> Option<GroupMarker> {
        let of_partition = |place: &LogPlace| {
            group.offsets.iter().find(|offset| {
                offset.topic == place.position.topic && offset.partition == place.position.partition
            })
        };
        let committed = |place: &LogPlace| of_partition(place).map(|offset| offset.committed);
        let stands_at = self.places.iter().rev().find_map(of_partition)?;
        let behind = self
            .places
            .iter()
            .filter(|place| committed(place).is_some_and(|next| place.position.offset >= next));
        let is_done =
            |place: &LogPlace| committed(place).is_some_and(|next| place.position.offset < next);
        let version = self.places.iter().rposition(is_done).map_or(0, |last| last + 1);
        let shown = self.places.get(version.saturating_sub(1));
        Some(GroupMarker {
            group: Arc::clone(&group.group),
            next: Position { offset: stands_at.committed, ..stands_at.next_record() },
            record: stands_at.next_record(),
            version: version as u64,
            time_ms: shown.map_or(0, |place| place.time_ms),
            events_behind: behind.count() as u64,
        })
    }
}

#[cfg(test)]
mod tests;
