//! How long the debugger of projections takes: recording a run of a million events, and stepping
//! anywhere in it.
//!
//! Promises: the events are computed, the same in every run; what ninety-nine of a hundred steps
//! take at most is printed.
//! Does not know: brokers, files and windows.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use foldback::fold::{Program, ProjectionInput, Trace, TraceInputs};
use foldback::model::{Cancel, EntityId, Random, TimestampType, Transaction};

/// How many events there are; fewer where the benchmark is only tried out.
const EVENTS: usize = if cfg!(debug_assertions) { 20_000 } else { 1_000_000 };

/// How many steps are timed one by one.
const STEPS: u64 = 5_000;

/// A projection as people write them.
const SCRIPT: &str = "fromAll().foreachStream().when({
    $init: () => ({ status: null, total: 0, events: 0, lines: {} }),
    $any(order, event) {
        order.status = event.body.status;
        order.total += event.body.total;
        order.events += 1;
        order.lines[event.body.sku] = event.body.total;
    },
});";

/// Events that are computed when they are asked for.
#[derive(Debug)]
struct Computed {
    /// Of how many entities they are.
    entities: usize,
}

impl TraceInputs for Computed {
    fn len(&self) -> usize {
        EVENTS
    }

    fn input(&self, index: usize) -> ProjectionInput {
        let status = ["CREATED", "PAID", "PACKED", "SHIPPED"][index % 4];
        let entity = EntityId::new(format!("order-{}", index * 7919 % self.entities));
        let body = format!(
            r#"{{"status":"{status}","total":{},"sku":"S-{}","note":"computed for the benchmark"}}"#,
            index % 997,
            index % 40
        );
        ProjectionInput {
            topic: "orders".into(),
            partition: 0,
            offset: i64::try_from(index).expect("a million fits"),
            timestamp_ms: 0,
            timestamp_type: TimestampType::CreateTime,
            transaction: Transaction::Committed,
            category: "orders".into(),
            key: Some(Arc::from(entity.as_bytes())),
            entity: Some(entity),
            sequence: 0,
            event_type: status.into(),
            raw: Some(body.as_bytes().into()),
            is_json: true,
            is_undecodable: false,
            headers: Arc::from([]),
        }
    }
}

/// A run over the events of so many entities.
fn record(entities: usize) -> Arc<Trace> {
    let program = Program::read("orders.js", SCRIPT).expect("a script");
    let inputs = Arc::new(Computed { entities });
    let recorded = Trace::record(&program, inputs, &Cancel::new(), &mut |_| {});
    Arc::new(recorded.expect("nothing stops it"))
}

/// The time that ninety-nine of a hundred steps to anywhere take at most.
fn slow_step(trace: &Arc<Trace>, random: &mut Random) -> Duration {
    let mut times: Vec<Duration> = (0..STEPS)
        .map(|_| {
            let index = random.below(trace.len());
            let began = Instant::now();
            black_box(trace.states_around(index).expect("a state"));
            began.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[times.len() * 99 / 100]
}

/// Stepping anywhere.
#[expect(clippy::print_stdout, reason = "a bench reports means; of steps the slow ones count")]
fn step(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("trace");
    for entities in [1, 200_000] {
        let trace = record(entities);
        let mut random = Random::new(7);
        let slow = slow_step(&trace, &mut random);
        let name = format!("a random step of {EVENTS} events of {entities} entities");
        println!("{name}: p99 {slow:?}");
        group.bench_function(name, |bencher| {
            bencher.iter(|| black_box(trace.states_around(random.below(trace.len()))));
        });
    }
    group.finish();
}

/// Recording a run, and watching an expression over all of it.
fn whole(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("trace");
    group.sample_size(10);
    group.bench_function(format!("record {EVENTS} events of 200 k entities"), |bencher| {
        bencher.iter(|| black_box(record(200_000)));
    });
    let trace = record(200_000);
    group.bench_function(format!("watch an expression over {EVENTS} events"), |bencher| {
        let watch = || trace.watch("state.total", &Cancel::new(), &mut |_| {});
        bencher.iter(|| black_box(watch().expect("values")));
    });
    group.finish();
}

criterion_group!(benches, step, whole);
criterion_main!(benches);
