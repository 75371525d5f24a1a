//! The history of an entity with the state at any point of it.
//!
//! Promises: a state is what folding the events before it gives; after the first pass any of them
//! is at most one distance between key frames away, and those around the last one asked for are at
//! hand. Where the fold fails on an event, the history stands still before it, as a consumer would.
//! Does not know: how events were chosen and ordered.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::change_index::ChangeIndex;
use super::key_frames::{BUDGET_BYTES, KeyFrames};
use super::{Blame, Effect, Fold, FoldRun, Selection, diff, leaves};
use crate::model::{Change, Event, JsonPointer, Value, may_take_long};

/// How many states around the last one asked for are kept at most.
const RECENT_STATES: usize = 64;

/// What those may take, in bytes, judged by the largest key frame.
const RECENT_BYTES: usize = 8 << 20;

/// The events of an entity and the states they lead to.
///
/// The events are numbered 1, 2, 3, … in the order given; that number is the version all questions
/// here are asked with, and a version beyond the last means the last.
#[derive(Debug)]
pub struct History {
    /// How events are applied.
    fold: Arc<dyn Fold>,
    /// The events.
    events: Vec<Event>,
    /// Events that were not applied, or not wholly, with why; by version.
    not_applied: Vec<(u64, Effect)>,
    /// The event that the fold failed on, with why; none after it is applied.
    failure: Option<(u64, Arc<str>)>,
    /// The state after all events, or before the one that failed.
    end: Value,
    /// States at regular distances.
    frames: KeyFrames,
    /// The last states folded, one after the other.
    recent: Recent,
    /// Which events changed which path; made when it is first needed.
    changes: Option<ChangeIndex>,
}

/// States one after the other.
#[derive(Debug, Default)]
struct Recent {
    /// How many events are in the first of them.
    first: u64,
    /// The states.
    states: VecDeque<Value>,
}

impl Recent {
    /// The state after this many events, if it is among them.
    fn get(&self, version: u64) -> Option<&Value> {
        let index = version.checked_sub(self.first)?;
        self.states.get(usize::try_from(index).ok()?)
    }

    /// The last of them, with how many events are in it.
    fn last(&self) -> Option<(u64, &Value)> {
        self.states.back().map(|state| (self.first + self.states.len() as u64 - 1, state))
    }

    /// Adds the state after this many events and forgets the first ones beyond the capacity, or all
    /// if it is not the next.
    fn push(&mut self, version: u64, state: Value, capacity: usize) {
        if self.last().is_none_or(|(last, _)| last + 1 != version) {
            self.states.clear();
            self.first = version;
        }
        self.states.push_back(state);
        while self.states.len() > capacity {
            self.states.pop_front();
            self.first += 1;
        }
        assert!(self.states.len() <= capacity.max(1), "what is kept is bounded");
    }
}

impl History {
    /// Folds the events once and keeps key frames on the way.
    pub fn new(fold: Arc<dyn Fold>, events: Vec<Event>) -> Self {
        let end = fold.init();
        let frames = KeyFrames::new(&end, events.len() as u64, BUDGET_BYTES);
        let mut history = Self {
            fold,
            events: Vec::new(),
            not_applied: Vec::new(),
            failure: None,
            end,
            frames,
            recent: Recent::default(),
            changes: None,
        };
        history.extend(events);
        history
    }

    /// Adds events that come after all others.
    pub fn extend(&mut self, events: Vec<Event>) {
        may_take_long("folding events");
        let first = self.len() + 1;
        if self.events.is_empty() {
            self.events = events;
        } else {
            self.events.extend(events);
        }
        if self.failure.is_none() {
            self.failure = self.apply_from(first);
        }
        if let Some((failed, _)) = self.failure {
            self.end = self.folded_anew(failed - 1);
            for version in failed.max(first)..=self.len() {
                self.frames.offer(version, &self.end);
            }
        }
        assert!(self.applied() <= self.len(), "only events that are there are applied");
    }

    /// Applies the events from this one on. Says which failed, if one did; then `end` is of no use.
    fn apply_from(&mut self, first: u64) -> Option<(u64, Arc<str>)> {
        let mut run = self.fold.start(std::mem::take(&mut self.end));
        for version in first..=self.events.len() as u64 {
            match run.apply(&self.events[index(version)]) {
                Effect::Applied => {}
                Effect::Failed(why) => return Some((version, why)),
                effect => {
                    let is_later = |(last, _): &(u64, Effect)| *last < version;
                    assert!(
                        self.not_applied.last().is_none_or(is_later),
                        "each event is told once"
                    );
                    self.not_applied.push((version, effect));
                }
            }
            if self.frames.is_due(version) {
                match run.state() {
                    Ok(state) => self.frames.offer(version, &state),
                    Err(why) => return Some((version, why)),
                }
            }
        }
        match run.state() {
            Ok(state) => self.end = state,
            Err(why) => return Some((self.events.len() as u64, why)),
        }
        None
    }

    /// The state after this many events, none of which fails, from the last frame before it.
    fn folded_anew(&self, version: u64) -> Value {
        let (start, state) = self.frames.at_or_before(version);
        assert!(start <= version, "a frame to fold from lies before what is asked for");
        let mut run = self.fold.start(state.clone());
        for at in start + 1..=version {
            run.apply(&self.events[index(at)]);
        }
        told(&mut *run, state)
    }

    /// How events are applied.
    pub fn fold(&self) -> &Arc<dyn Fold> {
        &self.fold
    }

    /// The events in order.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// How many events there are.
    pub fn len(&self) -> u64 {
        self.events.len() as u64
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// The event with this version, from 1.
    pub fn event(&self, version: u64) -> Option<&Event> {
        self.events.get(usize::try_from(version.checked_sub(1)?).ok()?)
    }

    /// The versions whose events were not applied, or not wholly, with why; ascending.
    pub fn not_applied(&self) -> &[(u64, Effect)] {
        &self.not_applied
    }

    /// Why the fold did not take the event with this version, or a part of it.
    pub fn not_taken(&self, version: u64) -> Option<&'static str> {
        let found = self.not_applied.binary_search_by_key(&version, |(version, _)| *version);
        self.not_applied[found.ok()?].1.not_taken()
    }

    /// How many of the chosen events the fold did not take, or not wholly, by the reason. Those
    /// behind one that fails are not among them.
    pub fn not_taken_in(&self, selection: &Selection) -> BTreeMap<&'static str, u64> {
        let mut reasons = BTreeMap::new();
        let mut count = |effect: &Effect| {
            if let Some(reason) = effect.not_taken() {
                *reasons.entry(reason).or_default() += 1;
            }
        };
        match selection {
            Selection::Prefix(version) => {
                let chosen = self.not_applied.iter().take_while(|(at, _)| at <= version);
                chosen.for_each(|(_, effect)| count(effect));
            }
            // Without the events between them they may do something else.
            Selection::Subset(versions) => {
                let mut run = self.fold.start(self.fold.init());
                for event in versions.iter().filter_map(|version| self.event(*version)) {
                    let effect = run.apply(event);
                    count(&effect);
                    if matches!(effect, Effect::Failed(_)) {
                        break;
                    }
                }
            }
        }
        reasons
    }

    /// The version whose event the fold failed on, with why. No event after it is applied.
    pub fn failure(&self) -> Option<(u64, &str)> {
        self.failure.as_ref().map(|(version, why)| (*version, &**why))
    }

    /// The first of the chosen events that the fold fails on, with why.
    pub fn failure_in(&self, selection: &Selection) -> Option<(u64, Arc<str>)> {
        match selection {
            Selection::Prefix(version) => {
                self.failure.clone().filter(|(failed, _)| failed <= version)
            }
            Selection::Subset(versions) => {
                let mut run = self.fold.start(self.fold.init());
                versions.iter().find_map(|version| match run.apply(self.event(*version)?) {
                    Effect::Failed(why) => Some((*version, why)),
                    _ => None,
                })
            }
        }
    }

    /// How many events are applied: all, or those before the one that failed.
    fn applied(&self) -> u64 {
        self.failure.as_ref().map_or(self.len(), |(failed, _)| failed - 1)
    }

    /// A rough size in memory of all states kept, in bytes.
    pub fn memory_bytes(&self) -> usize {
        self.frames.memory_bytes() + self.recent.states.len() * self.frames.largest_bytes()
    }

    /// The state after this many events.
    pub fn state_after(&mut self, version: u64) -> Value {
        may_take_long("folding events");
        if version >= self.applied() {
            return self.end.clone();
        }
        if let Some(state) = self.recent.get(version) {
            return state.clone();
        }
        let frame = self.frames.at_or_before(version);
        let recent = self.recent.last().filter(|(at, _)| (frame.0..=version).contains(at));
        let (start, state) = recent.unwrap_or(frame);
        assert!(start <= version, "a state to fold from lies before what is asked for");
        let mut state = state.clone();
        let capacity = (RECENT_BYTES / self.frames.largest_bytes().max(1)).clamp(1, RECENT_STATES);
        let mut run = self.fold.start(state.clone());
        for at in start + 1..=version {
            run.apply(&self.events[index(at)]);
            if version - at < capacity as u64 {
                state = told(&mut *run, &state);
                self.recent.push(at, state.clone(), capacity);
            }
        }
        state
    }

    /// The state after the chosen events.
    pub fn state_of(&mut self, selection: &Selection) -> Value {
        match selection {
            Selection::Prefix(version) => self.state_after(*version),
            Selection::Subset(versions) => {
                let common = (1..).zip(versions).take_while(|(at, version)| at == *version).count();
                let mut state = self.state_after(common as u64);
                if common as u64 > self.applied() {
                    return state;
                }
                for version in versions.iter().skip(common) {
                    let Some(event) = self.event(*version) else { continue };
                    if matches!(self.fold.apply(&mut state, event), Effect::Failed(_)) {
                        break;
                    }
                }
                state
            }
        }
    }

    /// What the event with this version changed.
    pub fn changes_of(&mut self, version: u64) -> Vec<Change> {
        let before = self.state_after(version.saturating_sub(1));
        let after = self.state_after(version);
        diff(&before, &after)
    }

    /// Who wrote each leaf of the state after the chosen events, in the order of the state. Leaves
    /// that no event ever changed, such as a state that is still `null`, are left out.
    pub fn blame(&mut self, selection: &Selection) -> Vec<Blame> {
        let versions = match selection {
            Selection::Prefix(version) => return self.blame_at(*version),
            Selection::Subset(versions) => versions,
        };
        let chosen = versions.iter().filter_map(|version| self.event(*version)).cloned().collect();
        let mut chosen = Self::new(Arc::clone(&self.fold), chosen);
        let mut blamed = chosen.blame_at(chosen.len());
        for blame in &mut blamed {
            blame.written_by = versions[index(blame.written_by)];
        }
        blamed
    }

    /// Who wrote each leaf of the state after this many events.
    fn blame_at(&mut self, version: u64) -> Vec<Blame> {
        let version = version.min(self.len());
        let state = self.state_after(version);
        let changes = self.changes();
        let writers: Vec<_> = leaves(&state)
            .into_iter()
            .filter_map(|(path, value)| Some((changes.last_change(&path, version)?, path, value)))
            .collect();
        let versions: BTreeSet<u64> = writers.iter().map(|(writer, ..)| *writer).collect();
        let before: BTreeMap<u64, Value> =
            versions.into_iter().map(|writer| (writer, self.state_after(writer - 1))).collect();
        let blame = |(written_by, path, value): (u64, JsonPointer, Value)| {
            assert!((1..=version).contains(&written_by), "who wrote a leaf is in the history");
            let previous = path.resolve(&before[&written_by]).cloned();
            Blame { path, value, written_by, previous }
        };
        writers.into_iter().map(blame).collect()
    }

    /// The versions that changed the value at this path, put something in place of what encloses
    /// it, or took it away.
    pub fn versions_changing(&mut self, path: &JsonPointer) -> Vec<u64> {
        let changes = self.changes();
        let mut versions = changes.changes(path);
        for version in changes.enclosing_changes(path) {
            let touched = |state: &Value| path.resolve(state).is_some();
            if touched(&self.state_after(version - 1)) || touched(&self.state_after(version)) {
                versions.insert(version);
            }
        }
        versions.into_iter().collect()
    }

    /// The index of all changes.
    fn changes(&mut self) -> &ChangeIndex {
        let applied = self.applied();
        let changes = self.changes.get_or_insert_with(|| ChangeIndex::new(&*self.fold));
        changes.extend(&*self.fold, &self.events[..usize::try_from(applied).unwrap_or(usize::MAX)]);
        changes
    }
}

/// The state of a run whose events did not fail before; what was known of it should they do so now,
/// for which a lack of memory can be the only reason.
fn told(run: &mut dyn FoldRun, known: &Value) -> Value {
    run.state().unwrap_or_else(|_| known.clone())
}

/// Where the event with this version stands.
fn index(version: u64) -> usize {
    usize::try_from(version - 1).expect("events are in memory")
}

#[cfg(test)]
mod tests;
