//! Traces against plain runs of the same scripts over the same events.

use std::sync::Arc;

use super::{StepEffect, Trace, TraceInputs, Watched};
use crate::fold::javascript::tests::Events;
use crate::fold::javascript::{Program, ProjectionInput, ProjectionRun, Share};
use crate::model::{Cancel, Random, Value};

/// Events in memory.
#[derive(Clone, Debug)]
struct Inputs(Vec<ProjectionInput>);

impl TraceInputs for Inputs {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn input(&self, index: usize) -> ProjectionInput {
        self.0[index].clone()
    }
}

/// Sums per stream, per branch, over everything, and with a shared state.
const SCRIPTS: [&str; 4] = [
    "fromAll().foreachStream().when({ $init: () => ({ n: 0 }), Add(s, e) { s.n += e.body.n; } })",
    "fromAll().partitionBy(e => e.body.b).when({ $init: () => ({ n: 0 }), Add(s, e) { s.n += e.body.n; log(e.body.n); } })",
    "fromAll().when({ $init: () => ({ n: 0 }), Add(s, e) { s.n += e.body.n; emit('out', 'Sum', { n: s.n }); } }).transformBy(s => s.n)",
    "fromAll().foreachStream().when({ $init: () => ({ n: 0 }), $initShared: () => ({ all: 0 }), Add(s, e) { s[0].n += e.body.n; s[1].all += e.body.n; s[0].seen = s[1].all; return s; } }).outputState()",
];

/// Events of some entities by chance.
fn events(count: u64, seed: u64) -> Inputs {
    let mut random = Random::new(seed);
    let mut events = Events::new();
    for _ in 0..count {
        let entity = format!("o-{}", random.below(5));
        let body = format!(r#"{{"n":{},"b":"{}"}}"#, random.below(3), random.below(3));
        let event_type = if random.below(8) == 0 { "Other" } else { "Add" };
        events = events.and(&entity, event_type, &body);
    }
    Inputs(events.into_batch().to_vec())
}

/// A script's program.
fn program(script: &str) -> Program {
    Program::read("test.js", script).unwrap()
}

/// The trace of a script over events.
fn trace(script: &str, inputs: &Inputs) -> Arc<Trace> {
    let inputs = Arc::new(inputs.clone());
    Arc::new(Trace::record(&program(script), inputs, &Cancel::new(), &mut |_| {}).unwrap())
}

/// The state of a partition after the first of these events, by a plain run.
fn plain(script: &str, inputs: &[ProjectionInput], partition: &str) -> Value {
    let mut run = ProjectionRun::new(&program(script), Share::ALL).unwrap();
    let batch: Arc<[ProjectionInput]> = inputs.into();
    for (index, at) in (0..).zip(0..batch.len()) {
        run.apply(index, &batch, at).unwrap();
    }
    let outcome = run.finish().unwrap();
    let found = outcome.partitions.into_iter().find(|found| *found.name == *partition);
    found.map_or(Value::Null, |found| found.state)
}

/// The state of the partition alone, where a shared one stands beside it.
fn own(script: &str, state: &Value) -> Value {
    if program(script).definition().bi_state {
        crate::model::JsonPointer::parse("/0").unwrap().resolve(state).unwrap().clone()
    } else {
        state.clone()
    }
}

#[test]
fn the_state_around_any_event_is_that_of_a_plain_run_in_whatever_order_they_are_asked_for() {
    for script in SCRIPTS {
        let inputs = events(400, 7);
        let trace = trace(script, &inputs);
        assert_eq!(trace.len(), 400);
        let mut random = Random::new(1);
        for _ in 0..40 {
            let index = random.below(400);
            let Some(name) = trace.partition_name(index).cloned() else {
                assert_eq!(trace.effect(index), Some(StepEffect::Unmatched));
                continue;
            };
            let at = usize::try_from(index).unwrap();
            let states = trace.states_around(index).unwrap();
            assert_eq!(
                own(script, &states.before),
                plain(script, &inputs.0[..at], &name),
                "{script} {index}"
            );
            assert_eq!(
                own(script, &states.after),
                plain(script, &inputs.0[..=at], &name),
                "{script} {index}"
            );
            let changed = states.before != states.after;
            assert_eq!(
                trace.effect(index) == Some(StepEffect::Changed),
                changed,
                "{script} {index}"
            );
        }
    }
}

#[test]
fn a_trace_counts_logs_and_emits_what_a_run_does() {
    for script in SCRIPTS {
        let inputs = events(200, 3);
        let trace = trace(script, &inputs);
        let mut run = ProjectionRun::new(&program(script), Share::ALL).unwrap();
        let batch: Arc<[ProjectionInput]> = inputs.0.clone().into();
        for (index, at) in (0..).zip(0..batch.len()) {
            run.apply(index, &batch, at).unwrap();
        }
        let outcome = run.finish().unwrap();
        assert_eq!(*trace.counts(), outcome.counts, "{script}");
        assert_eq!(trace.emitted(), outcome.emitted, "{script}");
        assert_eq!(trace.logged, outcome.logged, "{script}");
    }
}

#[test]
fn other_events_from_somewhere_on_are_run_from_there_on_alone_and_give_what_a_whole_run_gives() {
    for script in SCRIPTS {
        let inputs = events(500, 11);
        let base = trace(script, &inputs);
        for first in [0_usize, 1, 250, 499, 500] {
            let mut changed = inputs.clone();
            changed.0.truncate(first);
            changed.0.extend(events(60, first as u64 + 100).0);
            let whole = trace(script, &changed);
            let resumed = base
                .resume(Arc::new(changed.clone()), first as u64, &Cancel::new(), &mut |_| {})
                .unwrap();
            assert_eq!(resumed.events_run(), 60, "only those from the first change on");
            assert_eq!(resumed.steps, whole.steps, "{script} from {first}");
            assert_eq!(resumed.counts, whole.counts, "{script} from {first}");
            assert_eq!(resumed.emitted, whole.emitted, "{script} from {first}");
            assert!(resumed.differing_partitions(&whole).is_empty(), "{script} from {first}");
            let last = resumed.len() - 1;
            let resumed = Arc::new(resumed);
            assert_eq!(resumed.states_around(last).unwrap(), whole.states_around(last).unwrap());
        }
    }
}

#[test]
fn a_trace_ends_at_the_event_the_script_fails_on_with_the_place_in_the_script() {
    let script = "fromAll().when({\n  Add(s, e) {\n    if (e.body.n === 2) throw new Error('two');\n    s.n = e.body.n;\n  }\n})";
    let inputs = events(100, 5);
    let trace = trace(script, &inputs);
    let failure = trace.failure().unwrap();
    assert_eq!(failure.fault.place.unwrap().0, 3, "line");
    assert_eq!(trace.effect(failure.index), Some(StepEffect::Failed));
    assert_eq!(trace.len(), failure.index + 1, "nothing after it");
    let loops = "fromAll().when({ Add() { for (;;) {} } })";
    let looped = self::trace(loops, &inputs);
    assert!(looped.failure().unwrap().fault.message.contains("loop without an end"));
}

/// What an expression says over a trace of sums.
fn watch(expression: &str) -> (Arc<Trace>, Watched) {
    let trace = trace(SCRIPTS[0], &events(300, 9));
    let watched = trace.watch(expression, &Cancel::new(), &mut |_| {}).unwrap();
    (trace, watched)
}

#[test]
fn a_watch_added_after_the_run_knows_its_value_at_every_event() {
    let (trace, watched) = watch("state.n");
    for index in 0..trace.len() {
        let states = trace.states_around(index).unwrap();
        let expected = states.after.get("n").map(Value::to_json);
        if trace.state_hash(index).is_some() {
            assert_eq!(watched.at(&trace, index).map(|at| at.text.to_string()), expected);
        }
    }
    assert!(watched.changes().is_sorted_by_key(|change| change.index));
}

#[test]
fn a_condition_sees_the_event_and_both_states() {
    let (trace, watched) =
        watch("before !== null && event.body.n === 2 && state.n - before.n === 2 // grows");
    assert!(!watched.hits().is_empty());
    for index in 0..trace.len() {
        let is_hit = watched.hits().contains(&u32::try_from(index).unwrap());
        let input = trace.inputs().input(usize::try_from(index).unwrap());
        let is_two =
            std::str::from_utf8(input.raw.as_deref().unwrap()).unwrap().contains(r#""n":2"#);
        let not_first = !trace.states_around(index).unwrap().before.is_null();
        assert_eq!(is_hit, is_two && not_first && trace.state_hash(index).is_some(), "{index}");
    }
}

#[test]
fn what_an_expression_throws_is_its_value_there_and_a_loop_ends_the_watch() {
    let (_, watched) = watch("before.n");
    let first = &watched.changes()[0];
    assert!(first.threw && first.text.contains("TypeError"), "{first:?}");
    assert!(watched.changes().iter().any(|change| !change.threw), "later ones have a value");
    let (_, watched) = watch("(() => { for (;;) {} })()");
    assert!(watched.problem().is_some_and(|words| words.contains("loop")));
    let refused = Trace::watch_program("state.", &program(SCRIPTS[0])).unwrap_err();
    assert!(refused.message.contains("SyntaxError"), "{refused}");
}

#[test]
fn a_run_that_is_stopped_says_so() {
    let cancel = Cancel::new();
    cancel.cancel();
    let inputs = Arc::new(events(10, 1));
    let stopped = Trace::record(&program(SCRIPTS[0]), inputs, &cancel, &mut |_| {});
    assert_eq!(stopped.unwrap_err(), super::TraceError::Cancelled);
}
