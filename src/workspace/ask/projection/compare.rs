//! The question of how two projections over the same history differ, or one in two orders of
//! events.
//!
//! Promises: both are given the same events; where one fails, both are compared as they were before
//! it.
//! Does not know: what a difference is (`fold`).

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::{EventOrder, ProjectionHistory, Ran};
use crate::fold::divergence::{Lockstep, ProjectedState, differing, diverging};
use crate::fold::{
    Divergence, Fault, FirstDivergence, Lint, Program, ProjectionInput, ProjectionOutcome,
    ProjectionRun, RunCounts, RunFailure, Share, lints,
};
use crate::workspace::ask::scan::Watch;
use crate::workspace::{Failure, ScanSummary, Session};

/// Which projections are compared over what.
#[derive(Clone, Debug)]
pub struct CompareQuestion {
    /// The one.
    pub a: Program,
    /// The other.
    pub b: Program,
    /// The events.
    pub history: ProjectionHistory,
    /// In which order the other is given them, if not in that of the one.
    pub order_b: Option<EventOrder>,
    /// Over how many threads the partitions of each are spread.
    pub workers: usize,
}

/// What a comparison found.
#[derive(Debug)]
pub struct Comparison {
    /// The partitions whose results differ, sorted by name.
    pub divergences: Vec<Divergence>,
    /// How many partitions were compared.
    pub compared: u64,
    /// About the one.
    pub a: Side,
    /// About the other.
    pub b: Side,
    /// What was read.
    pub read: ScanSummary,
}

impl CompareQuestion {
    /// The events as the other is given them.
    fn history_b(&self) -> ProjectionHistory {
        let order = self.order_b.unwrap_or(self.history.order);
        ProjectionHistory { order, ..self.history.clone() }
    }

    /// Whether both are given the events in the same order.
    fn is_in_one_order(&self) -> bool {
        self.order_b.is_none_or(|order| order == self.history.order)
    }
}

/// What both projections made of the history.
#[derive(Debug)]
struct Both {
    /// What each made of it.
    outcomes: [ProjectionOutcome; 2],
    /// The event that each failed on.
    failures: [Option<RunFailure>; 2],
    /// What was read.
    read: ScanSummary,
}

/// What is said of one of the two.
#[derive(Debug)]
pub struct Side {
    /// What it counted.
    pub counts: RunCounts,
    /// The event that it failed on; both are compared as they were before the first such event.
    pub failure: Option<RunFailure>,
    /// What looks wrong.
    pub lints: Vec<Lint>,
}

impl Session {
    /// Compares two projections.
    ///
    /// # Errors
    /// As of `project`.
    pub fn compare_projections(
        &self,
        question: &CompareQuestion,
        watch: Watch<'_>,
    ) -> Result<Comparison, Failure> {
        let Both { outcomes: [outcome_a, outcome_b], failures, read } =
            self.run_both(question, watch)?;
        let (mut divergences, compared) = differing(&outcome_a, &outcome_b);
        let stop_before = failures.iter().flatten().map(|failure| failure.index).min();
        let stop_before = stop_before.unwrap_or(u64::MAX);
        let found = if divergences.is_empty() {
            HashMap::new()
        } else if question.is_in_one_order() {
            self.first_divergences(question, &divergences, stop_before, watch)?
        } else {
            self.first_steps(question, &divergences, watch)?
        };
        for divergence in &mut divergences {
            divergence.first = found.get(&divergence.partition).cloned();
        }
        let categories = self.categories(&question.history.topics);
        let side = |program: &Program, outcome: ProjectionOutcome, failure| Side {
            lints: lints(program.definition(), &outcome.counts, &categories),
            counts: outcome.counts,
            failure,
        };
        let [failure_a, failure_b] = failures;
        let a = side(&question.a, outcome_a, failure_a);
        let b = side(&question.b, outcome_b, failure_b);
        Ok(Comparison { divergences, compared, a, b, read })
    }

    /// Runs both projections: over the same events where these come in the same order, which is
    /// read once.
    fn run_both(&self, question: &CompareQuestion, watch: Watch<'_>) -> Result<Both, Failure> {
        let CompareQuestion { a, b, history, workers, .. } = question;
        let pair = |outcomes: Vec<ProjectionOutcome>| {
            <[ProjectionOutcome; 2]>::try_from(outcomes).unwrap_or_default()
        };
        if question.is_in_one_order() {
            let Ran { outcomes, failure, read } =
                self.run_projections(&[a, b], history, *workers, watch)?;
            let mut failures = [None, None];
            if let Some((owner, failure)) = failure {
                failures[owner] = Some(failure);
            }
            return Ok(Both { outcomes: pair(outcomes), failures, read });
        }
        let one = self.run_projections(&[a], history, *workers, watch)?;
        let other = self.run_projections(&[b], &question.history_b(), *workers, watch)?;
        let failures =
            [one.failure, other.failure].map(|failed| failed.map(|(_, failure)| failure));
        let outcomes = one.outcomes.into_iter().chain(other.outcomes).collect();
        Ok(Both { outcomes: pair(outcomes), failures, read: one.read })
    }

    /// The first number of events after which these partitions differ, each projection being given
    /// them in its order.
    fn first_steps(
        &self,
        question: &CompareQuestion,
        divergences: &[Divergence],
        watch: Watch<'_>,
    ) -> Result<HashMap<Arc<str>, FirstDivergence>, Failure> {
        let of_a = self.traces(&question.a, &question.history, divergences, watch)?;
        let of_b = self.traces(&question.b, &question.history_b(), divergences, watch)?;
        let found = divergences.iter().filter_map(|Divergence { partition, .. }| {
            let first = diverging(of_a.get(partition)?, of_b.get(partition)?)?;
            Some((Arc::clone(partition), first))
        });
        Ok(found.collect())
    }

    /// The first event after which these partitions differ, both projections being given the same
    /// events.
    fn first_divergences(
        &self,
        question: &CompareQuestion,
        divergences: &[Divergence],
        stop_before: u64,
        watch: Watch<'_>,
    ) -> Result<HashMap<Arc<str>, FirstDivergence>, Failure> {
        let CompareQuestion { a, b, history, .. } = question;
        let mut lockstep = Lockstep::new([a, b], divergences).map_err(|fault| broken(&fault))?;
        let mut index = 0;
        let mut failed = None;
        self.projection_events(
            history,
            &mut |input| {
                if index >= stop_before || lockstep.is_done() {
                    return ControlFlow::Break(());
                }
                index += 1;
                match lockstep.take(index - 1, input) {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(fault) => {
                        failed = Some(fault);
                        ControlFlow::Break(())
                    }
                }
            },
            watch,
        )?;
        self.check_cancelled()?;
        match failed {
            Some(fault) => Err(broken(&fault)),
            None => Ok(lockstep.found),
        }
    }

    /// What became of these partitions event by event.
    fn traces(
        &self,
        program: &Program,
        history: &ProjectionHistory,
        divergences: &[Divergence],
        watch: Watch<'_>,
    ) -> Result<HashMap<Arc<str>, Vec<ProjectedState>>, Failure> {
        let mut run = ProjectionRun::new(program, Share::ALL).map_err(|fault| broken(&fault))?;
        let mut traces: HashMap<Arc<str>, Vec<ProjectedState>> =
            divergences.iter().map(|one| (Arc::clone(&one.partition), Vec::new())).collect();
        let mut index = 0;
        self.projection_events(
            history,
            &mut |input| {
                let batch: Arc<[ProjectionInput]> = [input].into();
                index += 1;
                // Where it fails here it failed before, and was told.
                let Ok(touched) = run.apply(index - 1, &batch, 0) else {
                    return ControlFlow::Break(());
                };
                let Some(partition) = touched else { return ControlFlow::Continue(()) };
                let Some(trace) = traces.get_mut(run.name(partition)) else {
                    return ControlFlow::Continue(());
                };
                let Ok(shown) = run.shown(partition) else { return ControlFlow::Break(()) };
                trace.push(ProjectedState::new(&shown, batch[0].position()));
                ControlFlow::Continue(())
            },
            watch,
        )?;
        self.check_cancelled()?;
        Ok(traces)
    }
}

/// What a run that cannot go on is told as.
fn broken(fault: &Fault) -> Failure {
    Failure::budget(fault.to_string())
}
