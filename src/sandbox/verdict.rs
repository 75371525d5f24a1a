//! The oracle: what a correct consumer would show, and where a run shows something else.
//!
//! Promises: an invariant is judged by the history and the run alone; an explicit stop never hides
//! a wrong state, because what the consumer shows must be right up to the position it names.
//! Does not know: which fault a schedule stands for.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::invariant::{Anomaly, Counterexample, Invariant};
use super::memory::Memory;
use super::moment::state_after;
use super::run::{Ended, Message, Nature, Setting, Standstill, Stopped, What};
use super::source::Source;
use crate::fold::Fold;
use crate::model::{Position, Transaction, Value};
use crate::sandbox::consumer::Writes;

/// What every row should be in the end.
#[derive(Debug)]
pub(super) struct Oracle {
    /// By row.
    expected: Vec<Value>,
}

impl Oracle {
    /// Folds the canonical log.
    pub(super) fn new(source: &Source, fold: &dyn Fold, memory: &Memory) -> Self {
        let rows = (0..).zip(source.rows()).map(|(row, _)| {
            let mut state = fold.init();
            for number in source.canonical(row) {
                memory.apply(fold, source, *number, &mut state);
            }
            state
        });
        Self { expected: rows.collect() }
    }
}

impl Oracle {
    /// What every row should be.
    pub(super) fn expected(&self) -> &[Value] {
        &self.expected
    }
}

/// A run that is judged.
pub(super) struct Evaluation<'a> {
    /// What it was made over.
    pub(super) setting: Setting<'a>,
    /// What every row should be.
    pub(super) oracle: &'a Oracle,
    /// What came of it.
    pub(super) ended: &'a Ended,
}

impl Evaluation<'_> {
    /// What shows that invariants do not hold, one for each that does not. Whether a second run is
    /// the same is not judged here.
    pub(super) fn counterexamples(&self) -> Vec<Counterexample> {
        let limits = self.limits();
        assert_eq!(limits.len(), self.ended.states().count(), "every row is judged");
        let found = [
            self.wrong_state(&limits),
            self.wrong_count(&limits),
            self.step_back(),
            self.aborted_read(),
            self.silence(),
        ];
        found.into_iter().flatten().collect()
    }

    /// A message.
    fn message(&self, number: u32) -> &Message {
        &self.setting.plan.messages[number as usize]
    }

    /// How many canonical events of each row the consumer claims to show: up to the first it named
    /// as missing.
    fn limits(&self) -> Vec<usize> {
        let named = self.named();
        let rows = 0..u32::try_from(self.setting.source.rows().len()).unwrap_or(u32::MAX);
        let limit = |row: u32| {
            let canonical = self.setting.plan.canonical(self.setting.source, row);
            if named.is_empty() {
                return canonical.len();
            }
            let is_named = |number: &u32| {
                let message = self.message(*number);
                named.contains(&message.identity)
                    || message.entity.and_then(|entity| self.ended.waits_for(entity))
                        == Some(message.sequence)
            };
            canonical.iter().position(is_named).unwrap_or(canonical.len())
        };
        rows.map(limit).collect()
    }

    /// The identities of events that the consumer itself says it has not applied.
    fn named(&self) -> HashSet<u32> {
        let aside = self.ended.put_aside().map(|address| self.message(address.message).identity);
        let mut named: HashSet<u32> = aside.collect();
        for stopped in self.ended.standstills.iter().filter(|stopped| stopped.why.is_explicit()) {
            named.extend(self.behind(stopped, i64::MAX));
        }
        named
    }

    /// The identities at or behind a stop, before this offset, that were not applied.
    fn behind(&self, stopped: &Stopped, before: i64) -> Vec<u32> {
        assert!(stopped.offset <= before, "a consumer goes on where it stopped or behind it");
        let Some(phases) = self.ended.phases_of(self.setting.plan, stopped) else {
            return Vec::new();
        };
        let entries = phases.flat_map(|phase| &phase.entries);
        let unapplied = |message: &&Message| {
            message.nature != Nature::Garbage
                && message.row.is_some()
                && self.ended.counts(message.identity).0 == 0
        };
        entries
            .filter(|entry| (stopped.offset..before).contains(&entry.offset))
            .map(|entry| self.message(entry.message))
            .filter(unapplied)
            .map(|message| message.identity)
            .collect()
    }

    /// I1: a row that is not the fold of its canonical events.
    fn wrong_state(&self, limits: &[usize]) -> Option<Counterexample> {
        let Setting { source, fold, plan, .. } = self.setting;
        for ((row, state), limit) in (0_u32..).zip(self.ended.states()).zip(limits) {
            let canonical = plan.canonical(source, row);
            let untouched = *limit == canonical.len() && !plan.canonical.contains_key(&row);
            let expected = if untouched {
                self.oracle.expected[row as usize].clone()
            } else {
                let mut expected = fold.init();
                for number in &canonical[..*limit] {
                    self.setting.apply(plan.canonical_number(*number), &mut expected);
                }
                expected
            };
            if *state != expected {
                let last = self.ended.writes().get(self.ended.last_write(row) as usize);
                return Some(Counterexample {
                    row: Some(source.rows()[row as usize].clone()),
                    expected: Some(expected),
                    actual: Some(state.clone()),
                    step: last.map(|write| write.step),
                    ..Counterexample::new(Invariant::I1, Anomaly::WrongState)
                });
            }
        }
        None
    }

    /// I2: an event with no effect, with more than one, or with half of one.
    fn wrong_count(&self, limits: &[usize]) -> Option<Counterexample> {
        let Setting { source, plan, .. } = self.setting;
        let mut first_writes = None;
        for (row, limit) in (0_u32..).zip(limits) {
            for (index, number) in plan.canonical(source, row).iter().enumerate() {
                let identity = self.message(*number).identity;
                let anomaly = match self.ended.counts(identity) {
                    (1, 1) => continue,
                    (0, 0) if *limit <= index => continue,
                    (0, 0) => Anomaly::LostWrite,
                    (0 | 1, 0 | 1) => Anomaly::HalfWritten,
                    (_, 1) if self.is_repeatable(identity, &mut first_writes) => continue,
                    _ => Anomaly::Duplicate,
                };
                let event = plan.event(source, self.message(*number).event);
                return Some(Counterexample {
                    row: Some(source.rows()[row as usize].clone()),
                    event: Some(event.position.clone()),
                    step: self.last_application(identity),
                    ..Counterexample::new(Invariant::I2, anomaly)
                });
            }
        }
        None
    }

    /// Whether effects are keyed and applying this event once more would have changed nothing.
    fn is_repeatable(&self, identity: u32, first: &mut Option<HashMap<u32, u32>>) -> bool {
        if self.setting.consumer.habits().writes != Writes::RowThenPut {
            return false;
        }
        let writes = self.ended.writes();
        let first = first.get_or_insert_with(|| {
            let mut first = HashMap::new();
            for (number, write) in (0..).zip(writes) {
                if let Some(message) = write.message {
                    first.entry(self.message(message).identity).or_insert(number);
                }
            }
            first
        });
        let Some(write) = first.get(&identity) else { return false };
        let after = state_after(self.setting, writes, *write);
        let Some(message) = writes[*write as usize].message else { return false };
        let mut again = after.clone();
        self.setting.apply(self.message(message).event, &mut again);
        again == after
    }

    /// The last step that applied an event.
    fn last_application(&self, identity: u32) -> Option<u32> {
        let found = self.ended.writes().iter().rev().find(|write| {
            write.message.is_some_and(|message| self.message(message).identity == identity)
        });
        found.map(|write| write.step)
    }

    /// The address of the event of a step in the history.
    fn event_of(&self, message: u32) -> Position {
        let event = self.setting.plan.event(self.setting.source, self.message(message).event);
        event.position.clone()
    }

    /// I3: a record applied after a later one of its partition.
    fn step_back(&self) -> Option<Counterexample> {
        let mut last: BTreeMap<(u16, u32), i64> = BTreeMap::new();
        for (number, step) in (0..).zip(&self.ended.trace.steps) {
            match step.what {
                What::Rebuilt => last.clear(),
                What::Applied(address) => {
                    let places = &self.setting.plan.places;
                    let phase = places.get(usize::from(address.place));
                    let phase =
                        phase.and_then(|place| place.phases.get(usize::from(address.phase)));
                    let incarnation = phase.map_or(0, |phase| phase.incarnation);
                    let applied = last.entry((address.place, incarnation)).or_insert(i64::MIN);
                    if address.offset < *applied {
                        return Some(Counterexample {
                            event: Some(self.event_of(address.message)),
                            step: Some(number),
                            ..Counterexample::new(Invariant::I3, Anomaly::Nonmonotonic)
                        });
                    }
                    *applied = address.offset;
                }
                _ => {}
            }
        }
        None
    }

    /// I4: an aborted record that was applied.
    fn aborted_read(&self) -> Option<Counterexample> {
        let applied =
            (0..).zip(&self.ended.trace.steps).filter_map(|(number, step)| match step.what {
                What::Applied(address) | What::Released(address) => Some((number, address)),
                _ => None,
            });
        let aborted = |address: &super::run::Address| {
            self.message(address.message).transaction == Transaction::Aborted
        };
        let (step, address) = applied.into_iter().find(|(_, address)| aborted(address))?;
        Some(Counterexample {
            event: Some(self.event_of(address.message)),
            step: Some(step),
            ..Counterexample::new(Invariant::I4, Anomaly::AbortedRead)
        })
    }

    /// I5: a partition that stands still without a word, a record passed over, a stop without a
    /// reason.
    fn silence(&self) -> Option<Counterexample> {
        let skipped =
            (0..).zip(&self.ended.trace.steps).find_map(|(number, step)| match step.what {
                What::Skipped(address) => Some(Counterexample {
                    event: Some(self.ended.trace.position(&address)),
                    step: Some(number),
                    ..Counterexample::new(Invariant::I5, Anomaly::SkippedSilently)
                }),
                _ => None,
            });
        let wrong = |stopped: &Stopped| {
            let anomaly = if !stopped.why.is_explicit() {
                Anomaly::Stuck
            } else if stopped.why == Standstill::SkippedAhead
                && self.behind(stopped, stopped.resumes_at).is_empty()
            {
                Anomaly::FalseAlarm
            } else {
                return None;
            };
            let partition = &self.ended.trace.places[usize::from(stopped.place)];
            Some(Counterexample {
                event: Some(partition.at(stopped.offset)),
                standstill: Some(stopped.why),
                ..Counterexample::new(Invariant::I5, anomaly)
            })
        };
        skipped.or_else(|| self.ended.standstills.iter().find_map(wrong))
    }
}
