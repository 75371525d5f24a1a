//! A run of a projection that can be stepped through: what every event did, and the state before
//! and after any of them.
//!
//! Promises: the final states are those of a [`ProjectionRun`](super::ProjectionRun) over the same
//! events; a state in between is what applying the events before it gives. Key frames only make it
//! fast. Where the script fails on an event the trace ends.
//! Does not know: where events come from, or what is drawn of them.

mod record;
mod replay;
mod watch;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

pub use self::record::TraceError;
pub use self::replay::StepStates;
pub use self::watch::{WatchChange, Watched};
use super::{Emitted, Logged, Program, ProjectionInput, RunCounts, RunFailure};
use crate::model::EntityId;

/// The number of no partition.
const NO_PARTITION: u32 = u32::MAX;

/// The events of a trace.
pub trait TraceInputs: Send + Sync + std::fmt::Debug {
    /// How many there are.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The event with this index.
    fn input(&self, index: usize) -> ProjectionInput;
}

/// What an event did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepEffect {
    /// Its handler changed the state.
    Changed,
    /// Its handler left the state as it was.
    Unchanged,
    /// No handler takes its type.
    Unmatched,
    /// The projection takes no events from where it comes from.
    Elsewhere,
    /// It belongs to no partition.
    Skipped,
    /// Its value could not be decoded.
    Undecodable,
    /// The script failed on it.
    Failed,
}

/// What is kept of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct TraceStep {
    /// The number of the partition it was applied to.
    partition: u32,
    /// What it did.
    effect: StepEffect,
    /// The hash of the state after it, where it was applied.
    state_hash: u64,
    /// How many lines it logged, whether or not they are kept.
    logged: u32,
}

impl TraceStep {
    /// An event that was applied to nothing.
    fn without(effect: StepEffect) -> Self {
        Self { partition: NO_PARTITION, effect, state_hash: 0, logged: 0 }
    }
}

/// What is kept of a partition.
#[derive(Clone, Debug, Default)]
struct Partition {
    /// Its name.
    name: Arc<str>,
    /// The entity whose stream it is.
    entity: Option<EntityId>,
    /// The events that were applied to it, ascending.
    events: Vec<u32>,
    /// States as JSON text, each after so many of those events, ascending.
    frames: Vec<(u32, Option<Arc<str>>)>,
    /// The hash of its state.
    state_hash: u64,
}

/// A run of a projection that can be stepped through.
#[derive(Debug)]
pub struct Trace {
    /// The script.
    program: Program,
    /// The events.
    inputs: Arc<dyn TraceInputs>,
    /// What each did, as far as the run came.
    steps: Vec<TraceStep>,
    /// The partitions by their numbers.
    partitions: Vec<Partition>,
    /// The partitions of streams.
    streams: HashMap<(Arc<str>, EntityId), u32>,
    /// Own events between frames.
    distance: u32,
    /// What frames take, in bytes.
    frame_bytes: usize,
    /// The state that all partitions share as JSON text, after each event that changed it.
    shared: Vec<(u32, Arc<str>)>,
    /// What was emitted, in order.
    emitted: Vec<Emitted>,
    /// What was logged first, in order.
    logged: Vec<Logged>,
    /// Numbers in states that were none: the event, the field, how many.
    not_a_number: Vec<(u32, Arc<str>, u64)>,
    /// What was counted.
    counts: RunCounts,
    /// Why it ended at an event.
    failure: Option<RunFailure>,
    /// The first event that was applied here; those before were taken over from another trace.
    resumed_at: u64,
}

impl Trace {
    /// The script.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// The events.
    pub fn inputs(&self) -> &Arc<dyn TraceInputs> {
        &self.inputs
    }

    /// How many events the run came to, one that failed included.
    pub fn len(&self) -> u64 {
        self.steps.len() as u64
    }

    /// Whether it came to none.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// What the event with this index did; `None` where the run did not come to it.
    pub fn effect(&self, index: u64) -> Option<StepEffect> {
        self.step(index).map(|step| step.effect)
    }

    /// The name of the partition that an event was applied to; empty for the only one.
    pub fn partition_name(&self, index: u64) -> Option<&Arc<str>> {
        self.partition_of(index).map(|partition| &partition.name)
    }

    /// The events of the partition of an event up to it, in order.
    pub fn events_beside(&self, index: u64) -> &[u32] {
        let Some(partition) = self.partition_of(index) else { return &[] };
        let count = partition.events.partition_point(|event| u64::from(*event) <= index);
        partition.events.get(..count).unwrap_or_default()
    }

    /// What was emitted by all events, in order.
    pub fn emitted(&self) -> &[Emitted] {
        &self.emitted
    }

    /// What was emitted by an event.
    pub fn emitted_by(&self, index: u64) -> &[Emitted] {
        let from = self.emitted.partition_point(|emitted| emitted.index < index);
        let to = self.emitted.partition_point(|emitted| emitted.index <= index);
        self.emitted.get(from..to).unwrap_or_default()
    }

    /// How many lines an event logged, whether or not they are kept.
    pub fn logged_count(&self, index: u64) -> u32 {
        self.step(index).map_or(0, |step| step.logged)
    }

    /// What was logged by an event, as far as it is kept.
    pub fn logged_by(&self, index: u64) -> &[Logged] {
        let from = self.logged.partition_point(|logged| logged.index < index);
        let to = self.logged.partition_point(|logged| logged.index <= index);
        self.logged.get(from..to).unwrap_or_default()
    }

    /// What was counted.
    pub fn counts(&self) -> &RunCounts {
        &self.counts
    }

    /// Why the run ended at an event.
    pub fn failure(&self) -> Option<&RunFailure> {
        self.failure.as_ref()
    }

    /// How many events were applied for it: those from the first change on where it goes on from
    /// another trace.
    pub fn events_run(&self) -> u64 {
        self.len() - self.resumed_at.min(self.len())
    }

    /// How many partitions there are.
    pub fn partition_count(&self) -> usize {
        self.partitions.len()
    }

    /// The hash of the state after an event, where it was applied.
    pub fn state_hash(&self, index: u64) -> Option<u64> {
        let step = self.step(index).filter(|step| step.partition != NO_PARTITION)?;
        Some(step.state_hash)
    }

    /// The first event from this one on for which this holds of what it did.
    pub fn next_where(&self, from: u64, wanted: impl Fn(StepEffect) -> bool) -> Option<u64> {
        let from = usize::try_from(from).ok()?;
        let found = self.steps.get(from..)?.iter().position(|step| wanted(step.effect))?;
        Some((from + found) as u64)
    }

    /// The last event before this one for which this holds of what it did.
    pub fn previous_where(&self, before: u64, wanted: impl Fn(StepEffect) -> bool) -> Option<u64> {
        let before = usize::try_from(before).unwrap_or(usize::MAX).min(self.steps.len());
        let found = self.steps.get(..before)?.iter().rposition(|step| wanted(step.effect))?;
        Some(found as u64)
    }

    /// The partitions whose last state differs from that in another trace, by name: with whether
    /// each has them.
    pub fn differing_partitions(&self, other: &Self) -> Vec<Arc<str>> {
        let hash_of = |trace: &Self| -> HashMap<Arc<str>, u64> {
            let applied = trace.partitions.iter().filter(|partition| !partition.events.is_empty());
            applied.map(|partition| (Arc::clone(&partition.name), partition.state_hash)).collect()
        };
        let (own, others) = (hash_of(self), hash_of(other));
        let mut names: Vec<Arc<str>> = own
            .iter()
            .filter(|(name, hash)| others.get(*name) != Some(hash))
            .map(|(name, _)| Arc::clone(name))
            .chain(others.keys().filter(|name| !own.contains_key(*name)).cloned())
            .collect();
        names.sort_unstable();
        names
    }

    /// The step with this index.
    fn step(&self, index: u64) -> Option<&TraceStep> {
        self.steps.get(usize::try_from(index).ok()?)
    }

    /// The partition that an event was applied to.
    fn partition_of(&self, index: u64) -> Option<&Partition> {
        self.partitions.get(self.step(index)?.partition as usize)
    }

    /// The state that all partitions share before an event.
    fn shared_before(&self, index: u32) -> Option<&str> {
        let at = self.shared.partition_point(|(changed, _)| *changed < index);
        self.shared.get(at.checked_sub(1)?).map(|(_, text)| &**text)
    }
}
