//! Two projections over the events of a sandbox, or one in two orders: what differs, and since
//! when.
//!
//! Promises: the same answer as on the command line; what is long runs on a thread of its own and
//! can be stopped.
//! Does not know: how projections are run.

use std::path::PathBuf;
use std::sync::Arc;

use super::super::comparison::{Shown, compare_rows};
use super::Ready;
use super::trial::stopped;
use crate::fold::{Program, RunFailure};
use crate::model::{Cancel, Clock, ReadEvent, Value, When};
use crate::workspace::clock::now_ms;
use crate::workspace::engine::{Outbox, State};
use crate::workspace::projection::{
    CompareQuestion, Comparison, Divergence, FirstDivergence, ProjectionHistory, Side,
};
use crate::workspace::sandbox::{
    ComparisonChoice, ComparisonView, DivergenceDetail, DivergenceRow,
};
use crate::workspace::{
    CompareRow, Failure, FailureKind, Fetch, JobId, Problem, SandboxKey, Session, program_in,
};

/// Up to how many results that differ are listed.
const LISTED_MAX: usize = 10_000;

/// A comparison that was made.
type Made = (ComparisonView, Arc<[Divergence]>);

impl State {
    /// Compares the projection with another, or with itself in another order.
    pub(super) fn begin_comparison(
        &mut self,
        key: &SandboxKey,
        job: JobId,
        cancel: Cancel,
        choice: ComparisonChoice,
        ready: &Ready,
    ) {
        let folder = self.script_folder();
        let Some(session) = self.session(cancel) else { return };
        let history = ProjectionHistory {
            topics: ready.events.choice.topics.clone(),
            partitions: Vec::new(),
            entities: ready.events.choice.entities.clone(),
            at: When::End,
            clock: Clock::Log,
            order: ready.events.choice.order,
        };
        let (key, program) = (key.clone(), ready.program.clone());
        let compare = move |outbox: &Outbox| {
            let mut watch = |event: &ReadEvent| {
                if let ReadEvent::Progress(partitions) = event {
                    let partitions = partitions.clone();
                    outbox.send(move |state| state.jobs.progress(job, &partitions, now_ms()));
                }
            };
            let other = choice.other.as_ref().map(|path| folder.join(path));
            match compared(&session, program, other, choice, history, &mut watch) {
                Err(failure) if failure.kind == FailureKind::Cancelled => Ok(None),
                made => Ok(Some(made?)),
            }
        };
        self.spawn("sandbox-compare", Some(job), compare, move |state, made| {
            state.comparison_made(&key, job, made.flatten());
        });
    }

    /// The comparison was made, or could not be; none when it was stopped.
    fn comparison_made(
        &mut self,
        key: &SandboxKey,
        job: JobId,
        made: Result<Option<Made>, Problem>,
    ) {
        self.jobs.end(job, made.as_ref().err().cloned(), now_ms());
        self.touch_urgently();
        let Some(open) = self.sandbox_mut(key).filter(|open| open.trial.is(job)) else { return };
        open.trial.ended(job);
        let trial = &mut open.view.trial;
        let before = std::mem::take(&mut trial.comparison);
        match made {
            Ok(Some((view, divergences))) => {
                trial.comparison = Fetch::Ready(Arc::new(view));
                trial.divergence = None;
                open.trial.divergences = divergences;
                self.show_divergence(key, 0);
            }
            Ok(None) => trial.comparison = stopped(before),
            Err(problem) => trial.comparison = before.failed(problem),
        }
    }

    /// Shows the divergence with this number.
    pub(super) fn show_divergence(&mut self, key: &SandboxKey, number: usize) {
        let Some(open) = self.sandbox_mut(key) else { return };
        let divergence = open.trial.divergences.get(number);
        open.view.trial.divergence =
            divergence.map(|divergence| Arc::new(detail(number, divergence)));
        self.touch_urgently();
    }
}

/// Compares two projections.
fn compared(
    session: &Session,
    program: Program,
    other: Option<PathBuf>,
    choice: ComparisonChoice,
    history: ProjectionHistory,
    watch: &mut dyn FnMut(&ReadEvent),
) -> Result<Made, Failure> {
    let same = other.is_none();
    let other = match other {
        Some(path) => program_in(&path)?,
        None => program.clone(),
    };
    if same && choice.order == history.order {
        let problem = Problem::new("the two sides are the same")
            .with_hint("name another projection, or choose another order of events");
        return Err(Failure { kind: FailureKind::Usage, problem });
    }
    let orders = [history.order, choice.order];
    let named = |program: &Program, number: usize| -> Arc<str> {
        if orders[0] == orders[1] {
            return Arc::clone(program.name());
        }
        format!("{} · order {}", program.name(), orders[number]).into()
    };
    let names = [named(&program, 0), named(&other, 1)];
    let question = CompareQuestion {
        a: program,
        b: other,
        history,
        order_b: Some(choice.order),
        workers: std::thread::available_parallelism().map_or(1, usize::from),
    };
    let Comparison { divergences, compared, a, b, .. } =
        session.compare_projections(&question, &mut |event| watch(event))?;
    let view = ComparisonView {
        choice,
        names,
        compared,
        differing: divergences.len() as u64,
        divergences: divergences.iter().take(LISTED_MAX).map(row).collect(),
        failures: [&a, &b].map(|side| side.failure.as_ref().map(failure_words)),
        hints: [&a, &b].map(hints),
    };
    Ok((view, divergences.into()))
}

/// Where a side failed.
fn failure_words(failure: &RunFailure) -> Arc<str> {
    format!("fails on {} {}: {}", failure.event_type, failure.position, failure.fault).into()
}

/// What looks wrong about a side.
fn hints(side: &Side) -> Arc<[Arc<str>]> {
    side.lints.iter().map(|lint| Arc::from(lint.message.as_str())).collect()
}

/// A result that differs.
fn row(divergence: &Divergence) -> DivergenceRow {
    let (since, position): (Arc<str>, _) = match &divergence.first {
        Some(FirstDivergence::SameEvent { event_type, position, .. }) => {
            (format!("since {event_type} {position}").into(), Some(position.clone()))
        }
        Some(FirstDivergence::SameCount { count, .. }) => {
            (format!("since its event {count}").into(), None)
        }
        None => ("in the end".into(), None),
    };
    DivergenceRow { name: Arc::clone(&divergence.partition), since, position }
}

/// A result that differs, in full.
fn detail(number: usize, divergence: &Divergence) -> DivergenceDetail {
    let rows =
        |a: &Value, b: &Value| -> Arc<[CompareRow]> { compare_rows(a, b, Shown::All).into() };
    let first = match &divergence.first {
        Some(FirstDivergence::SameEvent { a, b, .. }) => rows(a, b),
        _ => Arc::default(),
    };
    DivergenceDetail { number, first, end: rows(&divergence.a, &divergence.b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_that_differs_says_since_when_and_what_both_held_then_and_hold_in_the_end() {
        let divergence = Divergence {
            partition: "order-7".into(),
            entity: None,
            first: Some(FirstDivergence::SameEvent {
                position: "orders-0@5".parse().unwrap(),
                event_type: "Paid".into(),
                timestamp_ms: 0,
                a: Value::from(1_u64),
                b: Value::from(2_u64),
            }),
            a: Value::from(3_u64),
            b: Value::from(3_u64),
        };
        assert_eq!(&*row(&divergence).since, "since Paid orders-0@5");
        let detail = detail(0, &divergence);
        assert!(detail.first[0].change.is_some() && detail.end[0].change.is_none());
        let by_count = FirstDivergence::SameCount { count: 4, a: None, b: None };
        let divergence = Divergence { first: Some(by_count), ..divergence };
        assert_eq!(&*row(&divergence).since, "since its event 4");
        assert!(super::detail(0, &divergence).first.is_empty());
    }
}
