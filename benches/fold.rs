//! How fast values are parsed and histories folded: a million events of about 200 bytes.
//!
//! Promises: the events are computed, the same in every run.
//! Does not know: brokers and files; reading is measured by `foldback bench scan`.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use foldback::decode::{Decoder, json};
use foldback::fold::{Effect, Fold as _, History, JavaScriptFold, Program, Selection, builtin};
use foldback::model::{Decoded, Event, TimestampType, TopicPartition, Transaction, Value};

/// How many events a history has.
const EVENTS: u64 = 1_000_000;

/// The value of the event with this number.
fn body(number: u64) -> String {
    let status = ["CREATED", "PAID", "PACKED", "SHIPPED"][(number % 4) as usize];
    format!(
        r#"{{"type":"OrderChanged","version":{number},"occurredAt":"2026-11-23T10:15:00.{:03}Z","status":"{status}","total":{}.{:02},"customer":{{"id":"c-{:06}","tier":"gold"}},"note":"changed by the benchmark"}}"#,
        number % 1000,
        number % 977,
        number % 100,
        number % 5000
    )
}

/// A history of computed events.
fn events(count: u64) -> Vec<Event> {
    let partition = TopicPartition::new("orders", 0);
    let event = |number: u64| Event {
        version: number + 1,
        entity: None,
        position: partition.at(i64::try_from(number).expect("a million fits")),
        timestamp_ms: 0,
        timestamp_type: TimestampType::CreateTime,
        log_time_ms: 0,
        event_time_ms: Some(0),
        event_type: "OrderChanged".into(),
        key: None,
        raw: Some(body(number).as_bytes().into()),
        value: Decoder::Json.decode(Some(body(number).as_bytes())),
        transaction: Transaction::Committed,
        mapped_version: None,
        correlation: None,
        causation: None,
        actor: None,
        schema: None,
        headers: Arc::from([]),
        payload_bytes: 200,
        problems: Vec::new(),
    };
    (0..count).map(event).collect()
}

/// Parsing the values.
fn parse(criterion: &mut Criterion) {
    let bodies: Vec<String> = (0..10_000).map(body).collect();
    let bytes: usize = bodies.iter().map(String::len).sum();
    let mut group = criterion.benchmark_group("json");
    group.throughput(Throughput::Bytes(bytes as u64));
    group.bench_function("parse", |bencher| {
        bencher.iter(|| {
            for body in &bodies {
                black_box(json::parse(body.as_bytes()).expect("it is JSON"));
            }
        });
    });
    group.bench_function("extract", |bencher| {
        let path = foldback::model::JsonPointer::parse("/status").expect("it is a path");
        bencher.iter(|| {
            for body in &bodies {
                black_box(json::extract(body.as_bytes(), &path).expect("it is there"));
            }
        });
    });
    group.finish();
}

/// Folding histories and asking for states at random versions.
fn fold(criterion: &mut Criterion) {
    let merge = builtin("merge").expect("it is built in");
    let events = events(EVENTS);
    assert!(events.iter().all(|event| matches!(event.value, Decoded::Json { .. })), "all are JSON");
    let mut group = criterion.benchmark_group("fold");
    group.sample_size(10);
    group.throughput(Throughput::Elements(EVENTS));
    group.bench_function("first pass of 1 M events", |bencher| {
        bencher.iter_batched(
            || events.clone(),
            |events| History::new(Arc::clone(&merge), events),
            BatchSize::LargeInput,
        );
    });
    group.throughput(Throughput::Elements(1));
    group.sample_size(100);
    for count in [10_000, EVENTS] {
        let own = events.iter().take(usize::try_from(count).expect("a million fits")).cloned();
        let mut history = History::new(Arc::clone(&merge), own.collect());
        let mut version = 1_u64;
        group.bench_function(format!("state at random versions of {count}"), |bencher| {
            bencher.iter(|| {
                version = version.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1) % count;
                black_box(history.state_after(version))
            });
        });
        history.versions_changing(&foldback::model::JsonPointer::root());
        group.bench_function(format!("blame at random versions of {count}"), |bencher| {
            bencher.iter(|| {
                version = version.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1) % count;
                black_box(history.blame(&Selection::Prefix(version)))
            });
        });
    }
    group.finish();
}

/// What scripts do to the state of each event.
const HANDLERS: [(&str, &str); 4] = [
    ("reads nothing", "(s, e) => { s.count++ }"),
    ("sums", "(s, e) => { s.count++; s.total += e.body.total }"),
    (
        "returns a new state",
        "(s, e) => ({ ...s, count: s.count + 1, total: s.total + e.body.total })",
    ),
    (
        "keeps the last ten",
        "(s, e) => { s.last.push(e.body.status); if (s.last.length > 10) s.last.shift() }",
    ),
];

/// Folding by scripts, the parse of each value included.
fn javascript(criterion: &mut Criterion) {
    let events = events(10_000);
    let mut group = criterion.benchmark_group("javascript");
    group.throughput(Throughput::Elements(events.len() as u64));
    for (name, handler) in HANDLERS {
        let script = format!(
            "fromAll().when({{ $init: () => ({{ count: 0, total: 0{} }}), OrderChanged: {handler} }})",
            if handler.contains("last") { ", last: []" } else { "" }
        );
        let program = Program::read("bench.js", &script).expect("a projection");
        let fold = JavaScriptFold::new(program, []);
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let mut run = fold.start(Value::Null);
                for event in &events {
                    assert_eq!(run.apply(event), Effect::Applied);
                }
                run.state()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, parse, fold, javascript);
criterion_main!(benches);
