//! Projections over topics: run on as many threads as they allow, and two of them against each
//! other.
//!
//! Promises: the same answer on any number of threads; the order of events over partitions is
//! named; where a projection fails on an event, the answer is that before it.
//! Does not know: how answers are printed or drawn.

mod compare;
mod projection_events;

use std::sync::Arc;

pub use self::compare::{CompareQuestion, Comparison, Side};
pub use self::projection_events::ProjectionHistory;
pub use crate::fold::{Divergence, EventOrder, EventOrderError, FirstDivergence};
use crate::fold::{
    Lint, Program, ProjectionOutcome, ProjectionSink, ProjectionTask, RunFailure, TaskEnd, lints,
    run_tasks,
};
use crate::workspace::ask::scan::Watch;
use crate::workspace::{Failure, ScanSummary, Session};

/// How often a run that failed is done again up to its failure. Only a want of memory or time can
/// move it.
const ATTEMPTS: usize = 3;

/// What a projection is run over.
#[derive(Clone, Debug)]
pub struct ProjectionQuestion {
    /// The script.
    pub program: Program,
    /// The events.
    pub history: ProjectionHistory,
    /// Over how many threads its partitions are spread.
    pub workers: usize,
}

/// What a projection makes of a history.
#[derive(Debug)]
pub struct ProjectionAnswer {
    /// States and everything else.
    pub outcome: ProjectionOutcome,
    /// The event that the script failed on; everything is that before it.
    pub failure: Option<RunFailure>,
    /// What looks wrong.
    pub lints: Vec<Lint>,
    /// What was read.
    pub read: ScanSummary,
}

/// What several projections made of the same history.
#[derive(Debug)]
struct Ran {
    /// What each made of it.
    outcomes: Vec<ProjectionOutcome>,
    /// The first failure, with the number of the projection. All were stopped before it.
    failure: Option<(usize, RunFailure)>,
    /// What was read.
    read: ScanSummary,
}

impl Session {
    /// Runs a projection.
    ///
    /// # Errors
    /// `Usage` when a topic, a partition or a moment does not exist, `Budget` when something does
    /// not fit into memory; else when records cannot be read.
    pub fn project(
        &self,
        question: &ProjectionQuestion,
        watch: Watch<'_>,
    ) -> Result<ProjectionAnswer, Failure> {
        let ProjectionQuestion { program, history, workers } = question;
        let Ran { mut outcomes, failure, read } =
            self.run_projections(&[program], history, *workers, watch)?;
        let outcome = outcomes.pop().unwrap_or_default();
        let categories = self.categories(&history.topics);
        let lints = lints(program.definition(), &outcome.counts, &categories);
        Ok(ProjectionAnswer { outcome, failure: failure.map(|(_, failure)| failure), lints, read })
    }

    /// Runs several projections over the same history.
    fn run_projections(
        &self,
        programs: &[&Program],
        history: &ProjectionHistory,
        workers: usize,
        watch: Watch<'_>,
    ) -> Result<Ran, Failure> {
        let mut failure: Option<(usize, RunFailure)> = None;
        for _ in 0..ATTEMPTS {
            let stop_before = failure.as_ref().map_or(u64::MAX, |(_, failure)| failure.index);
            let tasks: Vec<ProjectionTask<'_>> = (0..)
                .zip(programs)
                .flat_map(|(owner, program)| ProjectionTask::of_program(owner, program, workers))
                .collect();
            let mut feed = |sink: ProjectionSink<'_>| self.projection_events(history, sink, watch);
            let ran = run_tasks(&tasks, stop_before, &mut feed);
            let (ends, read) = ran.map_err(|error| Failure::usage_error(&error))?;
            let read = read?;
            self.check_cancelled()?;
            let mut outcomes: Vec<Vec<ProjectionOutcome>> =
                programs.iter().map(|_| Vec::new()).collect();
            let mut failed: Option<(usize, RunFailure)> = None;
            for (task, end) in tasks.iter().zip(ends) {
                match end {
                    TaskEnd::Done(outcome) => outcomes[task.owner()].push(outcome),
                    TaskEnd::Failed(found) => {
                        let is_first =
                            failed.as_ref().is_none_or(|(_, first)| found.index < first.index);
                        failed = if is_first { Some((task.owner(), *found)) } else { failed };
                    }
                    TaskEnd::Broken(fault) => return Err(Failure::budget(fault.to_string())),
                }
            }
            if failed.is_none() {
                let outcomes = outcomes.into_iter().map(ProjectionOutcome::merged);
                return Ok(Ran { outcomes: outcomes.collect(), failure, read });
            }
            failure = failed;
        }
        let words = failure.map(|(_, failure)| failure.fault.to_string()).unwrap_or_default();
        Err(Failure::budget(format!("the projection fails at another event each time: {words}")))
    }

    /// The categories of the streams of these topics, and the topics.
    fn categories(&self, topics: &[Arc<str>]) -> Vec<Arc<str>> {
        let mut names: Vec<Arc<str>> = Vec::new();
        for topic in topics {
            for name in [self.category_of(topic), Arc::clone(topic)] {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        names
    }

    /// The category of the streams of a topic: what `foldback.toml` calls its entities, else the
    /// topic itself.
    fn category_of(&self, topic: &Arc<str>) -> Arc<str> {
        let entity = self.config.as_ref().and_then(|config| config.entity_of_topic(topic));
        entity.map_or_else(|| Arc::clone(topic), |entity| entity.name.as_str().into())
    }
}
