//! The smallest schedule that still fails: fewer faults, fewer records, smaller numbers.
//!
//! Promises: what comes out breaks the same invariant, also after it was written to a file and read
//! back; the same schedule shrinks to the same one, unless it is cancelled: then it is the smallest
//! found until then.
//! Does not know: why it fails.

use std::collections::BTreeSet;

use super::{
    CommitPolicy, Consumer, Counterexample, Fault, Invariant, ResetPolicy, Schedule, Trial,
};
use crate::model::{Cancel, EntityId, Position};

/// How many records shrinking may hand to consumers, over all its runs. A schedule that needs few
/// of them is found with far less.
const RECORDS_MAX: usize = 300_000;

/// What a run costs beside its records, in records.
const RUN_COST: usize = 50;

/// A schedule that is being shrunk.
struct Shrinking<'t> {
    /// What it is tried on.
    trial: &'t Trial,
    /// Who consumes.
    consumer: Consumer,
    /// What must stay broken.
    invariant: Invariant,
    /// The smallest schedule so far.
    best: Schedule,
    /// How many records may still be handed out.
    records_left: usize,
    /// Ends it before its time.
    cancel: &'t Cancel,
}

/// Shrinks a schedule under which a consumer breaks an invariant, as this counterexample shows.
pub(super) fn shrink(
    trial: &Trial,
    consumer: Consumer,
    schedule: &Schedule,
    found: &Counterexample,
    cancel: &Cancel,
) -> Schedule {
    let mut best = schedule.clone();
    let all: Vec<Position> =
        trial.source().events().iter().map(|given| given.event.position.clone()).collect();
    let whole = best.events.is_none();
    best.events.get_or_insert_with(|| all.clone());
    let invariant = found.invariant;
    let records_left = RECORDS_MAX;
    let mut shrinking = Shrinking { trial, consumer, invariant, best, records_left, cancel };
    shrinking.keep_entities(found);
    let part = trial.restricted_to(shrinking.best.events.as_deref().unwrap_or_default());
    let mut shrinking = Shrinking { trial: &part, ..shrinking };
    loop {
        let before = shrinking.best.clone();
        shrinking.drop_faults();
        shrinking.drop_events();
        shrinking.simplify();
        shrinking.lower_numbers();
        if shrinking.best == before || shrinking.is_over() {
            break;
        }
    }
    let mut best = shrinking.best;
    assert!(best.faults.len() <= schedule.faults.len(), "a schedule shrinks, it does not grow");
    if whole && best.events.as_ref().is_some_and(|events| events.len() == all.len()) {
        best.events = None;
    }
    best
}

impl Shrinking<'_> {
    /// Whether nothing more is tried.
    fn is_over(&self) -> bool {
        self.records_left == 0 || self.cancel.is_cancelled()
    }

    /// Takes a schedule for the best if it still fails.
    fn take(&mut self, schedule: Schedule) -> bool {
        if self.is_over() || schedule == self.best {
            return false;
        }
        let cost = schedule.events.as_ref().map_or(0, Vec::len) + RUN_COST;
        self.records_left = self.records_left.saturating_sub(cost);
        assert!(schedule.faults.len() <= self.best.faults.len(), "shrinking adds no fault");
        let events = |schedule: &Schedule| schedule.events.as_ref().map_or(usize::MAX, Vec::len);
        assert!(events(&schedule) <= events(&self.best), "shrinking adds no event");
        let fails = self.trial.breaks(self.consumer, &schedule, self.invariant);
        if fails {
            self.best = schedule;
        }
        fails
    }

    /// The records of the best schedule.
    fn events(&self) -> &[Position] {
        self.best.events.as_deref().unwrap_or_default()
    }

    /// The same schedule over these records.
    fn with_events(&self, events: Vec<Position>) -> Schedule {
        Schedule { events: Some(events), ..self.best.clone() }
    }

    /// Keeps only the entities that a counterexample and the faults are about, if that is enough.
    fn keep_entities(&mut self, found: &Counterexample) {
        let source = self.trial.source();
        let entity = |position: &Position| {
            let number = source.number_of(position)?;
            source.event(number).entity.clone()
        };
        let at = self.best.faults.iter().filter_map(Fault::at).chain(found.event.as_ref());
        let mut wanted: BTreeSet<EntityId> = at.filter_map(entity).collect();
        wanted.extend(found.row.clone());
        let faults: BTreeSet<&Position> = self.best.faults.iter().flat_map(named).collect();
        let kept = self.events().iter().filter(|position| {
            faults.contains(position) || entity(position).is_some_and(|own| wanted.contains(&own))
        });
        let schedule = self.with_events(kept.cloned().collect());
        self.take(schedule);
    }

    /// Leaves faults out, one after the other.
    fn drop_faults(&mut self) {
        let mut index = 0;
        while index < self.best.faults.len() {
            let mut fewer = self.best.clone();
            fewer.faults.remove(index);
            if !self.take(fewer) {
                index += 1;
            }
        }
    }

    /// Leaves records out, in ever smaller pieces.
    fn drop_events(&mut self) {
        let mut size = self.events().len().div_ceil(2);
        while 0 < size {
            let mut from = 0;
            while from < self.events().len() && !self.is_over() {
                let mut fewer = self.events().to_vec();
                let to = (from + size).min(fewer.len());
                fewer.drain(from..to);
                let schedule = self.with_events(fewer);
                if !self.take(schedule) {
                    from += size;
                }
            }
            size /= 2;
        }
    }

    /// Gives every setting its usual value, where that is enough.
    fn simplify(&mut self) {
        let usual: [fn(&mut Schedule); 6] = [
            |schedule| schedule.members = 1,
            |schedule| schedule.commit = CommitPolicy::PerBatch,
            |schedule| schedule.reset = ResetPolicy::Earliest,
            |schedule| schedule.isolation = None,
            |schedule| schedule.on_error = None,
            |schedule| schedule.retries = 0,
        ];
        for change in usual {
            let mut simpler = self.best.clone();
            change(&mut simpler);
            self.take(simpler);
        }
    }

    /// Makes the numbers of polls and faults smaller.
    fn lower_numbers(&mut self) {
        for poll_records in 1..self.best.poll_records {
            if self.take(Schedule { poll_records, ..self.best.clone() }) {
                break;
            }
        }
        for index in 0..self.best.faults.len() {
            while let Some(lower) = self.lower(index) {
                self.best = lower;
            }
        }
    }

    /// The best schedule with a smaller number in one of its faults, if one still fails.
    fn lower(&mut self, index: usize) -> Option<Schedule> {
        let json = serde_json::to_value(&self.best.faults[index]).ok()?;
        for (name, value) in json.as_object()? {
            let Some(number) = value.as_i64().filter(|number| 0 < *number) else { continue };
            let lowest = lowest(name);
            for lower in [lowest, lowest + 1, number / 2, number - 1] {
                if !(lowest..number).contains(&lower) {
                    continue;
                }
                let mut changed = json.clone();
                changed[name.as_str()] = lower.into();
                let Ok(fault) = serde_json::from_value(changed) else { continue };
                let mut schedule = self.best.clone();
                schedule.faults[index] = fault;
                if self.take(schedule.clone()) {
                    return Some(schedule);
                }
            }
        }
        None
    }
}

/// The smallest value of a number of a fault that says something.
fn lowest(name: &str) -> i64 {
    match name {
        "workers" => 2,
        "behind" | "ahead" | "in_flight" | "retry_behind" | "pause_turns" | "shift" => 0,
        _ => 1,
    }
}

/// The records that a fault names.
fn named(fault: &Fault) -> Vec<&Position> {
    let mut named: Vec<&Position> = fault.at().into_iter().collect();
    if let Fault::PositionSet { to, .. } = fault {
        named.push(to);
    }
    named
}
