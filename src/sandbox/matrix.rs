//! The matrix: every fault against every consumer, over one history and projection.
//!
//! Promises: the same seed gives the same cells, in the same order, on any number of threads;
//! cancelling ends it after the runs that are being made, also within a cell.
//! Does not know: where the history came from, how cells are shown.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::generate::{Generator, NotApplicable};
use super::shrink::shrink;
use super::{
    Consumer, Counterexample, Fault, FaultName, Invariant, OrderSensitivity, Outcome, Schedule,
    ScheduleError, Stop, Trial,
};
use crate::model::Cancel;

/// How many merges an order is tried with, to name the events that do not commute.
const MERGES_MAX: u32 = 200;

/// What a matrix is made of.
#[derive(Clone, Debug)]
pub struct MatrixQuestion {
    /// The faults.
    pub faults: Vec<FaultName>,
    /// The consumers.
    pub consumers: Vec<Consumer>,
    /// Decides where faults happen.
    pub seed: u64,
    /// How many schedules each fault is tried with.
    pub runs: u32,
    /// On how many threads.
    pub workers: usize,
}

/// What became of a consumer under a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The fault; of a schedule that was given, all its faults.
    pub faults: Vec<FaultName>,
    /// The consumer.
    pub consumer: Consumer,
    /// Why the fault cannot happen to this history; then nothing was run.
    pub not_applicable: Option<&'static str>,
    /// The invariants that did not hold in some run.
    pub broken: BTreeSet<Invariant>,
    /// How many schedules were tried.
    pub runs: usize,
    /// The smallest schedule under which the first of them breaks; the first one tried where none
    /// did.
    pub schedule: Option<Schedule>,
    /// What shows it, under that schedule.
    pub counterexample: Option<Counterexample>,
    /// Where the consumer stands still under that schedule.
    pub stops: Vec<Stop>,
    /// Two events that do not commute, where an order was the fault.
    pub order: Option<OrderSensitivity>,
}

impl Cell {
    /// The cell of one run of a schedule that was given.
    pub fn of_run(consumer: Consumer, schedule: Schedule, outcome: Outcome) -> Self {
        Self {
            faults: schedule.faults.iter().map(Fault::name).collect(),
            consumer,
            not_applicable: None,
            broken: outcome.counterexamples.iter().map(|found| found.invariant).collect(),
            runs: 1,
            schedule: Some(schedule),
            counterexample: outcome.counterexamples.into_iter().next(),
            stops: outcome.stops,
            order: None,
        }
    }

    /// Its faults in a word, such as `F1` or `F6+F11`.
    pub fn fault_text(&self) -> String {
        let names: Vec<String> = self.faults.iter().map(ToString::to_string).collect();
        if names.is_empty() { "none".to_owned() } else { names.join("+") }
    }
}

/// Why there is no matrix.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MatrixError {
    /// It was cancelled.
    #[error("cancelled")]
    Cancelled,
    /// A schedule that was made up cannot be run.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// The system gives no thread.
    #[error("cannot start a thread of the sandbox: {0}")]
    Thread(String),
}

/// Schedules of a fault.
type Tried = Result<Vec<Schedule>, NotApplicable>;

impl Trial {
    /// Tries every fault on every consumer. `progress` is told how many cells of all are done.
    ///
    /// # Errors
    /// When it was cancelled, or the system gives no threads.
    pub fn matrix(
        &self,
        question: &MatrixQuestion,
        cancel: &Cancel,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<Vec<Cell>, MatrixError> {
        let generator = Generator::new(self.source());
        let MatrixQuestion { faults, consumers, seed, runs, workers } = question;
        let tried: Vec<Tried> =
            faults.iter().map(|fault| generator.schedules(*fault, *seed, (*runs).max(1))).collect();
        let cells: Vec<(FaultName, Consumer, &Tried)> = faults
            .iter()
            .zip(&tried)
            .flat_map(|(fault, tried)| consumers.iter().map(move |one| (*fault, *one, tried)))
            .collect();
        let done: Vec<Mutex<Option<Result<Cell, MatrixError>>>> =
            cells.iter().map(|_| Mutex::new(None)).collect();
        let (next, finished) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let work = || {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let Some((fault, consumer, tried)) = cells.get(number) else { break };
                if cancel.is_cancelled() {
                    break;
                }
                let cell = self.cell((*fault, *consumer), tried, *seed, cancel);
                *done[number].lock().unwrap_or_else(PoisonError::into_inner) = Some(cell);
                progress(finished.fetch_add(1, Ordering::Relaxed) + 1, cells.len());
            }
        };
        std::thread::scope(|scope| {
            for number in 0..(*workers).max(1) {
                let thread = std::thread::Builder::new().name(format!("sandbox-{number}"));
                let started = thread.spawn_scoped(scope, work);
                started.map_err(|error| MatrixError::Thread(error.to_string()))?;
            }
            Ok::<(), MatrixError>(())
        })?;
        let all = finished.load(Ordering::Relaxed) == cells.len();
        assert!(all || cancel.is_cancelled(), "every cell is worked out unless it is cancelled");
        let take = |cell: Mutex<Option<Result<Cell, MatrixError>>>| {
            let cell = cell.into_inner().unwrap_or_else(PoisonError::into_inner);
            cell.unwrap_or(Err(MatrixError::Cancelled))
        };
        done.into_iter().map(take).collect()
    }

    /// Tries a fault on a consumer.
    fn cell(
        &self,
        (fault, consumer): (FaultName, Consumer),
        tried: &Tried,
        seed: u64,
        cancel: &Cancel,
    ) -> Result<Cell, MatrixError> {
        let mut cell = Cell {
            faults: vec![fault],
            consumer,
            not_applicable: None,
            broken: BTreeSet::new(),
            runs: 0,
            schedule: None,
            counterexample: None,
            stops: Vec::new(),
            order: None,
        };
        let schedules = match tried {
            Ok(schedules) => schedules,
            Err(NotApplicable(reason)) => {
                return Ok(Cell { not_applicable: Some(*reason), ..cell });
            }
        };
        let mut failed: Option<(&Schedule, Outcome)> = None;
        for schedule in schedules {
            check(cancel)?;
            let outcome = self.run(consumer, schedule)?;
            cell.runs += 1;
            cell.broken.extend(outcome.counterexamples.iter().map(|found| found.invariant));
            if cell.schedule.is_none() {
                (cell.schedule, cell.stops) = (Some(schedule.clone()), outcome.stops.clone());
            }
            let worse = failed.as_ref().is_none_or(|(_, worst)| first(&outcome) < first(worst));
            if !outcome.survives() && worse {
                failed = Some((schedule, outcome));
            }
        }
        assert_eq!(cell.runs, schedules.len(), "every schedule is run");
        if let Some((schedule, outcome)) = failed
            && let Some(found) = outcome.counterexamples.first()
        {
            let smallest = shrink(self, consumer, schedule, found, cancel);
            check(cancel)?;
            let shown = self.run(consumer, &smallest)?;
            cell.counterexample = shown.counterexample(found.invariant).cloned();
            cell.stops = shown.stops;
            if fault.number() == 9 {
                let part = smallest.events.as_ref().map(|events| self.restricted_to(events));
                let trial = part.as_ref().unwrap_or(self);
                cell.order = trial.order_sensitivity(seed, MERGES_MAX).into_iter().next();
            }
            cell.schedule = Some(smallest);
        }
        Ok(cell)
    }
}

/// Whether to go on.
fn check(cancel: &Cancel) -> Result<(), MatrixError> {
    if cancel.is_cancelled() { Err(MatrixError::Cancelled) } else { Ok(()) }
}

/// The first invariant that was broken.
fn first(outcome: &Outcome) -> Option<Invariant> {
    outcome.counterexamples.first().map(|found| found.invariant)
}
