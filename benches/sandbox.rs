//! How long the sandbox takes: the whole matrix over ten thousand events, and stepping through a
//! run of a million.
//!
//! Promises: the events are computed, the same in every run.
//! Does not know: brokers and files.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use foldback::decode::Decoder;
use foldback::fold::{Fold, JavaScriptFold, Program, builtin};
use foldback::model::{
    Cancel, EntityId, Event, Random, TimestampType, TopicPartition, Transaction,
};
use foldback::sandbox::{Consumer, FaultName, GivenEvent, MatrixQuestion, Schedule, Source, Trial};

/// How many events there are for each order.
const EVENTS_PER_ORDER: u64 = 5;

/// How many partitions there are.
const PARTITIONS: u64 = 6;

/// A history of computed events: orders that take turns in their partitions.
fn history(count: u64) -> Vec<GivenEvent> {
    let orders = (count / EVENTS_PER_ORDER).max(1);
    let event = |number: u64| {
        let (order, step) = (number % orders, number / orders);
        let key = format!("order-{order}");
        let status = ["CREATED", "PAID", "PACKED", "SHIPPED", "DELIVERED"][(step % 5) as usize];
        let value = format!(
            r#"{{"type":"Order{status}","version":{},"status":"{status}","total":{}.{:02},"customer":{{"id":"c-{:06}","tier":"gold"}},"note":"computed for the benchmark, about two hundred bytes long"}}"#,
            step + 1,
            number % 977,
            number % 100,
            number % 5000
        );
        let partition = i32::try_from(order % PARTITIONS).expect("a few partitions");
        let offset = i64::try_from(number).expect("a million fits");
        let entity = Some(EntityId::new(&key));
        let event = Event {
            version: step + 1,
            entity: entity.clone(),
            position: TopicPartition::new("orders", partition).at(offset),
            timestamp_ms: offset,
            timestamp_type: TimestampType::CreateTime,
            log_time_ms: offset,
            event_time_ms: Some(offset),
            event_type: format!("Order{status}").into(),
            key: Some(key.as_bytes().into()),
            value: Decoder::Json.decode(Some(value.as_bytes())),
            raw: Some(value.as_bytes().into()),
            transaction: Transaction::Committed,
            mapped_version: None,
            correlation: None,
            causation: None,
            actor: None,
            schema: None,
            headers: Arc::from([]),
            payload_bytes: value.len() as u64,
            problems: Vec::new(),
        };
        GivenEvent { row: entity, id: None, event }
    };
    (0..count).map(event).collect()
}

/// A projection as people write them: how far an order is, what it is worth, how many events it
/// has.
const SCRIPT: &str = "fromAll().foreachStream().when({
    $init: () => ({ status: null, total: 0, events: 0 }),
    $any(row, event) {
        row.status = event.body.status;
        row.total = event.body.total;
        row.events += 1;
    },
});";

/// A trial over a history of this many events.
fn trial(count: u64, fold: Arc<dyn Fold>) -> Trial {
    Trial::new(Arc::new(Source::new(history(count))), fold)
}

/// The fold that merges values.
fn merge() -> Arc<dyn Fold> {
    builtin("merge").expect("it is built in")
}

/// Thirty faults against six consumers.
fn matrix(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("sandbox");
    group.sample_size(10);
    let script = Program::read("order.js", SCRIPT).expect("a script");
    let script = Arc::new(JavaScriptFold::new(script, []));
    let question = MatrixQuestion {
        faults: FaultName::all().collect(),
        consumers: Consumer::ALL.to_vec(),
        seed: 1,
        runs: 1,
        workers: std::thread::available_parallelism().map_or(1, usize::from),
    };
    for (name, fold) in [("a built-in fold", merge()), ("a script", script)] {
        let trial = trial(10_000, fold);
        let name = format!("30 faults x 6 consumers on 10 k events, {name}");
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let cells = trial.matrix(&question, &Cancel::new(), &|_, _| {}).expect("cells");
                assert_eq!(cells.len(), 180);
                black_box(cells)
            });
        });
    }
    group.finish();
}

/// Stepping anywhere in a run of a million events.
fn step(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("sandbox");
    let schedule = Schedule { members: 3, poll_records: 500, ..Schedule::default() };
    let recording =
        trial(1_000_000, merge()).record(Consumer::EventIdDedup, &schedule).expect("a run");
    let mut random = Random::new(1);
    group.bench_function("moment and row at a random step of 1 M events", |bencher| {
        bencher.iter(|| {
            let steps = usize::try_from(random.below(recording.len() as u64)).expect("in memory");
            let row = usize::try_from(random.below(recording.rows().len() as u64)).expect("a row");
            black_box((recording.moment(steps), recording.row_at(row, steps)))
        });
    });
    group.finish();
}

criterion_group!(benches, matrix, step);
criterion_main!(benches);
