//! A trial: one history and one projection that consumers and schedules are tried on.
//!
//! Promises: every run is made twice, so that a result which depends on anything but its schedule
//! is found; the oracle is asked once for all runs.
//! Does not know: which schedules to try.

use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64;

use super::invariant::{Anomaly, Counterexample, Invariant};
use super::memory::Memory;
use super::moment::{Recorded, Recording};
use super::outcome::{Outcome, Stop};
use super::run::{Ended, Plan, Setting, run};
use super::verdict::{Evaluation, Oracle};
use super::{Consumer, Schedule, ScheduleError, Source};
use crate::fold::Fold;
use crate::model::{EntityId, Position, Value};

/// Whether a run is made again, to see whether it gives the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Repeat {
    /// It is not.
    Never,
    /// It is.
    Once,
}

/// One history and one projection.
#[derive(Debug)]
pub struct Trial {
    /// The history.
    source: Arc<Source>,
    /// The projection.
    fold: Arc<dyn Fold>,
    /// What every row should be.
    oracle: Oracle,
    /// What the projection made of events in earlier runs.
    memory: Arc<Memory>,
}

impl Trial {
    /// A trial over this history with this projection.
    pub fn new(source: Arc<Source>, fold: Arc<dyn Fold>) -> Self {
        let memory = Arc::new(Memory::new(source.len()));
        Self::remembering(source, fold, memory)
    }

    /// A trial that remembers what the projection made of events elsewhere.
    fn remembering(source: Arc<Source>, fold: Arc<dyn Fold>, memory: Arc<Memory>) -> Self {
        let oracle = Oracle::new(&source, &*fold, &memory);
        Self { source, fold, oracle, memory }
    }

    /// The history.
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// What every row should be: the fold of the canonical log.
    pub fn expected_states(&self) -> impl Iterator<Item = (&EntityId, &Value)> {
        self.source.rows().iter().zip(self.oracle.expected())
    }

    /// The projection.
    pub fn fold(&self) -> &Arc<dyn Fold> {
        &self.fold
    }

    /// Runs a consumer under a schedule, twice, and judges it.
    ///
    /// # Errors
    /// What in the schedule cannot be.
    pub fn run(&self, consumer: Consumer, schedule: &Schedule) -> Result<Outcome, ScheduleError> {
        let part = self.part_of(schedule);
        let trial = part.as_ref().unwrap_or(self);
        trial.run_all(consumer, schedule, Repeat::Once).map(|(.., outcome)| outcome)
    }

    /// Whether a consumer breaks an invariant under a schedule; not if the schedule cannot be.
    pub(super) fn breaks(
        &self,
        consumer: Consumer,
        schedule: &Schedule,
        invariant: Invariant,
    ) -> bool {
        let part = self.part_of(schedule);
        let trial = part.as_ref().unwrap_or(self);
        let repeat = if invariant == Invariant::I6 { Repeat::Once } else { Repeat::Never };
        let ran = trial.run_all(consumer, schedule, repeat);
        ran.is_ok_and(|(.., outcome)| !outcome.holds(invariant))
    }

    /// The same projection over the records that a schedule names; none when it names none.
    fn part_of(&self, schedule: &Schedule) -> Option<Self> {
        schedule.events.as_ref().map(|positions| self.restricted_to(positions))
    }

    /// Runs a consumer under a schedule so that it can be stepped through.
    ///
    /// # Errors
    /// What in the schedule cannot be.
    pub fn record(
        &self,
        consumer: Consumer,
        schedule: &Schedule,
    ) -> Result<Recording, ScheduleError> {
        let part = self.part_of(schedule);
        let trial = part.as_ref().unwrap_or(self);
        let (plan, ended, outcome) = trial.run_all(consumer, schedule, Repeat::Once)?;
        Ok(Recording::new(Recorded {
            source: Arc::clone(&trial.source),
            fold: Arc::clone(&trial.fold),
            consumer,
            schedule: schedule.clone(),
            plan,
            ended,
            outcome,
        }))
    }

    /// The same projection over these records alone.
    #[must_use]
    pub fn restricted_to(&self, positions: &[Position]) -> Self {
        let source = Arc::new(self.source.restricted_to(positions));
        Self::remembering(source, Arc::clone(&self.fold), Arc::clone(&self.memory))
    }

    /// Runs over the whole history.
    fn run_all(
        &self,
        consumer: Consumer,
        schedule: &Schedule,
        repeat: Repeat,
    ) -> Result<(Plan, Ended, Outcome), ScheduleError> {
        let plan = Plan::new(schedule, &self.source)?;
        let setting = Setting {
            source: &self.source,
            fold: &*self.fold,
            consumer,
            schedule,
            plan: &plan,
            memory: Some(&self.memory),
        };
        let ended = run(setting);
        assert_eq!(ended.states().count(), self.source.rows().len(), "every row has a state");
        let evaluation = Evaluation { setting, oracle: &self.oracle, ended: &ended };
        let mut counterexamples = evaluation.counterexamples();
        let digest = digest(&ended);
        let anew = Setting { memory: None, ..setting };
        if repeat == Repeat::Once && digest != self::digest(&run(anew)) {
            counterexamples.push(Counterexample::new(Invariant::I6, Anomaly::NotRepeatable));
        }
        let stops = ended.standstills.iter().map(|stopped| Stop {
            position: ended.trace.places[usize::from(stopped.place)].at(stopped.offset),
            why: stopped.why,
        });
        let outcome = Outcome {
            counterexamples,
            stops: stops.collect(),
            steps: ended.trace.steps.len(),
            digest,
        };
        Ok((plan, ended, outcome))
    }
}

/// A number that is the same for the same steps and states.
fn digest(ended: &Ended) -> u64 {
    let mut bytes = ended.trace.digest().to_le_bytes().to_vec();
    for state in ended.states() {
        bytes.extend_from_slice(state.to_json().as_bytes());
        bytes.push(b'\n');
    }
    xxh3_64(&bytes)
}
