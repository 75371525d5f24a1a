//! How fast the partition log is on a million events of 200,000 orders in 12 partitions, computed
//! with a fixed seed.

use std::hint::black_box;
use std::ops::ControlFlow;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use foldback::model::{Cancel, ReadEvent, ReadPlan, RecordBatch};
use foldback::partition_log::{
    GeneratedLog, GeneratedTopic, KeyDirectory, LogBounds, LogSource as _, LogStore,
};

/// How many events the log has.
const EVENTS: u64 = 1_000_000;

/// The log.
fn log() -> GeneratedLog {
    GeneratedLog::new(GeneratedTopic {
        topic: "order-events".into(),
        partitions: 12,
        entities: 200_000,
        events: EVENTS,
        start_ms: 1_767_225_600_000,
        span_ms: 30_000_000,
        seed: 42,
    })
}

/// Hands every batch of the log to `sink`.
fn read(log: &GeneratedLog, sink: &mut dyn FnMut(RecordBatch)) {
    let plan = ReadPlan::new(log.ranges(), 1_800_000_000_000);
    let outcome = log.read(&plan, &Cancel::new(), &mut |event| {
        if let ReadEvent::Batch(batch) = event {
            sink(batch);
        }
        ControlFlow::Continue(())
    });
    assert_eq!(outcome.expect("the partitions exist").records(), EVENTS);
}

/// All batches of the log.
fn batches() -> Vec<RecordBatch> {
    let mut batches = Vec::new();
    read(&log(), &mut |batch| batches.push(batch));
    batches
}

/// The same records in batches of this many, as a reader of many partitions delivers them.
fn in_small_batches(batches: &[RecordBatch], records: usize) -> Vec<RecordBatch> {
    let mut small = Vec::new();
    for batch in batches {
        let rows: Vec<_> = batch.iter().collect();
        for rows in rows.chunks(records) {
            let mut builder = foldback::model::RecordBatchBuilder::new(batch.partition().clone());
            for record in rows {
                let facts = foldback::model::RecordFacts {
                    offset: record.offset(),
                    timestamp_ms: record.timestamp_ms(),
                    log_time_ms: record.log_time_ms(),
                    timestamp_type: record.timestamp_type(),
                    transaction: record.transaction(),
                    implausible_time: record.has_implausible_time(),
                };
                builder.push(facts, record.key(), record.value(), record.headers());
            }
            small.push(builder.finish());
        }
    }
    small
}

/// A store that holds these batches.
fn store_of(batches: Vec<RecordBatch>) -> LogStore {
    let mut store = LogStore::new(u64::MAX);
    for batch in batches {
        store.append(batch).expect("the budget is unlimited and offsets ascend");
    }
    store
}

/// Computing and appending.
fn fill(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("partition_log");
    group.sample_size(10).throughput(Throughput::Elements(EVENTS));
    let log = log();
    group.bench_function("generate 1M", |bencher| {
        bencher.iter(|| read(&log, &mut |batch| drop(black_box(batch))));
    });
    let large = batches();
    let small = in_small_batches(&large, 100);
    for (name, batches) in
        [("append 1M in batches of 4096", &large), ("append 1M in batches of 100", &small)]
    {
        group.bench_function(name, |bencher| {
            bencher.iter_batched(|| batches.clone(), store_of, BatchSize::PerIteration);
        });
    }
    group.finish();
}

/// Questions.
fn ask(criterion: &mut Criterion) {
    let snapshot = store_of(batches()).snapshot();
    let all = LogBounds::default();
    criterion.bench_function("snapshot: records of a key in 1M", |bencher| {
        bencher.iter(|| black_box(snapshot.records_of_key(&[], black_box(b"order-12345"))));
    });
    criterion.bench_function("snapshot: histogram of 1M in 200 buckets", |bencher| {
        bencher.iter(|| black_box(snapshot.histogram(black_box(&all), 200)));
    });
    let minute = LogBounds { time_ms: Some((1_767_235_600_000, 1_767_235_600_199)), ..all.clone() };
    criterion.bench_function("snapshot: histogram of 200 ms in 200 buckets", |bencher| {
        bencher.iter(|| black_box(snapshot.histogram(black_box(&minute), 200)));
    });
    let mut directory = KeyDirectory::new(all.clone());
    directory.update(&snapshot);
    criterion.bench_function("directory: substring of 200k keys, top 10,000", |bencher| {
        bencher.iter(|| black_box(directory.counts(black_box(b"-123"), 10_000)));
    });
    criterion.bench_function("directory: top 10,000 of 200k keys", |bencher| {
        bencher.iter(|| black_box(directory.counts(b"", 10_000)));
    });
    let mut group = criterion.benchmark_group("snapshot");
    group.sample_size(10).throughput(Throughput::Elements(EVENTS));
    group.bench_function("merge 1M in log order", |bencher| {
        bencher.iter(|| {
            snapshot.in_log_order(&all).fold(0, |sum, (_, record)| sum ^ record.get().offset())
        });
    });
    group.bench_function("merge 1M from the end", |bencher| {
        bencher.iter(|| {
            snapshot
                .in_log_order(&all)
                .rev()
                .fold(0, |sum, (_, record)| sum ^ record.get().offset())
        });
    });
    group.bench_function("count the keys of 1M", |bencher| {
        bencher.iter(|| {
            let mut directory = KeyDirectory::new(all.clone());
            directory.update(&snapshot);
            directory.len()
        });
    });
    group.finish();
}

criterion_group!(benches, fill, ask);
criterion_main!(benches);
