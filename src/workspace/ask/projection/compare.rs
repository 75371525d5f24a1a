//! Two projections over the same history, or one in two orders of events: where their results
//! differ, and since when.
//!
//! Promises: results are compared by value, so that neither the order of members nor the writing of
//! numbers makes a difference; the first divergence is the first event after which they differ,
//! whether or not they agree later.
//! Does not know: which of the two is right.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hasher as _;
use std::ops::ControlFlow;
use std::sync::Arc;

use xxhash_rust::xxh3::Xxh3;

use super::{EventOrder, ProjectionHistory, Ran};
use crate::fold::{
    Fault, Lint, Partitioning, Program, ProjectionInput, ProjectionOutcome, ProjectionRun,
    RunCounts, RunFailure, Share, lints,
};
use crate::model::{EntityId, Position, Value};
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

/// A partition whose results differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Divergence {
    /// Its name.
    pub partition: Arc<str>,
    /// The entity whose stream it is, where every stream has a state of its own.
    pub entity: Option<EntityId>,
    /// The first event after which they differ.
    pub first: Option<FirstDivergence>,
    /// The result of the one; `null` where it has none.
    pub a: Value,
    /// The result of the other.
    pub b: Value,
}

/// The first event after which results differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FirstDivergence {
    /// The same event for both, which led to these results.
    SameEvent {
        /// Its record.
        position: Position,
        /// Its type.
        event_type: Arc<str>,
        /// Its timestamp, in milliseconds since the epoch.
        timestamp_ms: i64,
        /// The result of the one after it.
        a: Value,
        /// The result of the other after it.
        b: Value,
    },
    /// In different orders: after how many events of the partition, counted from 1, and which
    /// events those were.
    SameCount {
        /// How many events.
        count: u64,
        /// The last of them for the one.
        a: Option<Position>,
        /// The last of them for the other.
        b: Option<Position>,
    },
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
                trace.push(ProjectedState { hash: hash(&shown), position: batch[0].position() });
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

/// The partitions whose results differ, and how many there are in all.
fn differing(a: &ProjectionOutcome, b: &ProjectionOutcome) -> (Vec<Divergence>, u64) {
    let mut all: BTreeMap<Arc<str>, Divergence> = BTreeMap::new();
    for (outcome, is_a) in [(a, true), (b, false)] {
        for partition in &outcome.partitions {
            let one = all.entry(Arc::clone(&partition.name)).or_insert_with(|| Divergence {
                partition: Arc::clone(&partition.name),
                entity: partition.entity.clone(),
                first: None,
                a: Value::Null,
                b: Value::Null,
            });
            *(if is_a { &mut one.a } else { &mut one.b }) = partition.shown().clone();
        }
    }
    let compared = all.len() as u64;
    (all.into_values().filter(|one| one.a != one.b).collect(), compared)
}

/// Two projections that go through the same events side by side.
struct Lockstep {
    /// Both.
    runs: [ProjectionRun; 2],
    /// The results of the partitions that differ in the end, and of which it is not known yet since
    /// when.
    results: HashMap<Arc<str>, [Value; 2]>,
    /// Whether every stream has a state of its own in both, so that other streams need not be
    /// looked at.
    by_stream: bool,
    /// What was found.
    found: HashMap<Arc<str>, FirstDivergence>,
}

impl Lockstep {
    /// Nothing seen yet of these partitions.
    fn new(programs: [&Program; 2], divergences: &[Divergence]) -> Result<Self, Fault> {
        let [a, b] = programs;
        let is_by_stream = |program: &&Program| {
            let definition = program.definition();
            definition.partition == Partitioning::Stream && !definition.bi_state
        };
        Ok(Self {
            runs: [ProjectionRun::new(a, Share::ALL)?, ProjectionRun::new(b, Share::ALL)?],
            results: divergences
                .iter()
                .map(|one| (Arc::clone(&one.partition), [Value::Null, Value::Null]))
                .collect(),
            by_stream: programs.iter().all(is_by_stream),
            found: HashMap::new(),
        })
    }

    /// Whether everything was found.
    fn is_done(&self) -> bool {
        self.results.is_empty()
    }

    /// Takes the next event.
    fn take(&mut self, index: u64, input: ProjectionInput) -> Result<(), Fault> {
        if self.by_stream && !self.results.contains_key(&*input.stream()) {
            return Ok(());
        }
        let batch: Arc<[ProjectionInput]> = [input].into();
        let mut touched: Vec<Arc<str>> = Vec::new();
        for (side, run) in self.runs.iter_mut().enumerate() {
            let applied = run.apply(index, &batch, 0).map_err(|failure| failure.fault)?;
            let Some(partition) = applied else { continue };
            let known = self.results.get_key_value(run.name(partition));
            let Some(name) = known.map(|(name, _)| Arc::clone(name)) else { continue };
            let shown = run.shown(partition)?;
            if let Some(results) = self.results.get_mut(&name) {
                results[side] = shown;
            }
            touched.push(name);
        }
        for name in touched {
            let Some([a, b]) = self.results.get(&name).filter(|[a, b]| a != b) else { continue };
            let input = &batch[0];
            let first = FirstDivergence::SameEvent {
                position: input.position(),
                event_type: Arc::clone(&input.event_type),
                timestamp_ms: input.timestamp_ms,
                a: a.clone(),
                b: b.clone(),
            };
            self.results.remove(&name);
            self.found.insert(name, first);
        }
        Ok(())
    }
}

/// What an event led to.
#[derive(Clone, Debug)]
struct ProjectedState {
    /// Stands for the result.
    hash: u64,
    /// The event.
    position: Position,
}

/// The first step that led to another result.
fn diverging(a: &[ProjectedState], b: &[ProjectedState]) -> Option<FirstDivergence> {
    let differs = |at: &usize| a.get(*at).map(|step| step.hash) != b.get(*at).map(|step| step.hash);
    let at = (0..a.len().max(b.len())).find(differs)?;
    let position = |steps: &[ProjectedState]| steps.get(at).map(|step| step.position.clone());
    Some(FirstDivergence::SameCount { count: at as u64 + 1, a: position(a), b: position(b) })
}

/// A number that stands for a value: equal values have the same, as scripts write them.
fn hash(value: &Value) -> u64 {
    let mut hasher = Xxh3::new();
    write(value, &mut hasher);
    hasher.finish()
}

/// Adds a value to a hash, whatever the order of its members.
fn write(value: &Value, hasher: &mut Xxh3) {
    match value {
        Value::Object(members) => {
            let mut sorted: Vec<(&Arc<str>, &Value)> = members.iter().collect();
            sorted.sort_by_key(|(name, _)| *name);
            hasher.write_u8(b'{');
            for (name, member) in sorted {
                hasher.write(name.as_bytes());
                hasher.write_u8(b':');
                write(member, hasher);
            }
            hasher.write_u8(b'}');
        }
        Value::Array(elements) => {
            hasher.write_u8(b'[');
            for element in elements.iter() {
                write(element, hasher);
                hasher.write_u8(b',');
            }
            hasher.write_u8(b']');
        }
        scalar => hasher.write(scalar.to_json().as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::json;

    #[test]
    fn a_hash_stands_for_the_value_and_not_for_the_order_of_members() {
        let of = |text: &str| hash(&json::parse(text.as_bytes()).unwrap().value);
        assert_eq!(of(r#"{"a":1,"b":[1,2]}"#), of(r#"{"b":[1,2],"a":1}"#));
        for other in [r#"{"a":1,"b":[2,1]}"#, r#"{"a":1,"b":{}}"#, r#"{"a":"1","b":[1,2]}"#, "[]"] {
            assert_ne!(of(r#"{"a":1,"b":[1,2]}"#), of(other), "{other}");
        }
    }
}
