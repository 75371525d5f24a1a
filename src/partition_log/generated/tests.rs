//! Tests of the computed log.

use super::*;
use crate::model::RecordBatch;

/// A small log whose events do not divide evenly among its orders.
fn log() -> GeneratedLog {
    GeneratedLog::new(GeneratedTopic {
        topic: "orders".into(),
        partitions: 3,
        entities: 100,
        events: 5_030,
        start_ms: 1_767_225_600_000,
        span_ms: 600_000,
        seed: 42,
    })
}

/// A plan that reads these ranges with everything.
fn plan(ranges: Vec<OffsetRange>) -> ReadPlan {
    ReadPlan::new(ranges, 1_800_000_000_000)
}

/// Everything a read hands on, with its outcome.
fn read(log: &GeneratedLog, plan: &ReadPlan) -> (Vec<RecordBatch>, ReadOutcome) {
    let mut batches = Vec::new();
    let outcome = log.read(plan, &Cancel::new(), &mut |event| {
        if let ReadEvent::Batch(batch) = event {
            batches.push(batch);
        }
        ControlFlow::Continue(())
    });
    (batches, outcome.unwrap())
}

/// The records of one partition as text: offset, time, key, value, trace id.
fn lines(batches: &[RecordBatch], partition: i32) -> Vec<String> {
    let of_partition = batches.iter().filter(|batch| batch.partition().partition == partition);
    of_partition
        .flat_map(RecordBatch::iter)
        .map(|record| {
            let text = |bytes: Option<&[u8]>| String::from_utf8(bytes.unwrap().to_vec()).unwrap();
            let (key, value) = (text(record.key()), text(record.value()));
            let trace = text(record.header("trace-id"));
            format!("{} {} {key} {value} {trace}", record.offset(), record.timestamp_ms())
        })
        .collect()
}

#[test]
fn every_order_has_its_versions_in_the_partition_of_its_key() {
    let log = log();
    let (batches, outcome) = read(&log, &plan(log.ranges()));
    assert_eq!((outcome.records(), outcome.is_complete()), (5_030, true));
    let mut versions: BTreeMap<Vec<u8>, u64> = BTreeMap::new();
    for record in batches.iter().flat_map(RecordBatch::iter) {
        let key = record.key().unwrap();
        let partition = record.partition().partition;
        assert_eq!(Partitioner::Murmur2.partition_of(key, 3), partition);
        let version = versions.entry(key.to_vec()).or_default();
        *version += 1;
        let value: serde_json::Value = serde_json::from_slice(record.value().unwrap()).unwrap();
        assert_eq!(value["version"], *version, "{value}");
        assert_eq!(value["orderId"].as_str().unwrap().as_bytes(), key);
    }
    assert_eq!(versions.len(), 100);
    assert_eq!((versions[&b"order-29"[..]], versions[&b"order-30"[..]]), (51, 50));
}

#[test]
fn a_part_reads_as_it_does_within_the_whole() {
    let log = log();
    let (whole, _) = read(&log, &plan(log.ranges()));
    let partition = TopicPartition::new("orders", 1);
    let (part, outcome) = read(&log, &plan(vec![OffsetRange::new(&partition, 700, 900)]));
    assert_eq!(lines(&part, 1), lines(&whole, 1)[700..900]);
    assert_eq!(outcome.partitions[0].position, 900);
}

#[test]
fn times_are_spread_over_the_span_and_a_few_are_late() {
    let log = log();
    let (batches, _) = read(&log, &plan(log.ranges()));
    let records = || batches.iter().flat_map(RecordBatch::iter);
    let late = records().filter(|record| record.timestamp_ms() < record.log_time_ms()).count();
    assert!((1..1000).contains(&late), "{late} of 5030 are late");
    let last_ms = records().map(|record| record.log_time_ms()).max().unwrap();
    assert!(last_ms > 1_767_225_600_000 + 590_000, "the last is near the end of the span");
}

#[test]
fn a_key_filter_hands_on_less_and_counts_all() {
    let log = log();
    let mut plan = plan(log.ranges());
    plan.keys = KeyFilter::Equals((*b"order-7").into());
    let (batches, outcome) = read(&log, &plan);
    assert_eq!(batches.iter().map(RecordBatch::len).sum::<usize>(), 51);
    assert_eq!(outcome.records(), 5_030);
    plan.keys = KeyFilter::Contains((*b"-99").into());
    assert_eq!(read(&log, &plan).0.iter().map(RecordBatch::len).sum::<usize>(), 50);
}

#[test]
fn a_read_stops_when_asked_and_says_how_far_it_came() {
    let log = log();
    let cancel = Cancel::new();
    let outcome = log.read(&plan(log.ranges()), &cancel, &mut |_| {
        cancel.cancel();
        ControlFlow::Continue(())
    });
    let outcome = outcome.unwrap();
    assert!(outcome.stopped && !outcome.is_complete(), "{outcome:?}");
    let broken_off = log.read(&plan(log.ranges()), &Cancel::new(), &mut |_| ControlFlow::Break(()));
    assert!(broken_off.unwrap().stopped);
}

#[test]
fn a_partition_that_does_not_exist_is_named() {
    let error = log().bounds(&[TopicPartition::new("orders", 3)]).unwrap_err();
    assert_eq!(error.to_string(), "there is no partition orders-3");
}
