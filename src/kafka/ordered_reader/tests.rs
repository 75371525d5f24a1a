//! Tests of reading in log order, against an embedded cluster.

use std::sync::mpsc::sync_channel;

use super::*;
use crate::kafka::testing::{
    NOW_MS, PATIENCE, RecordToWrite, TestWriter, cluster, connect, plan, record, write_numbered,
};
use crate::model::{KeyFilter, Position};

/// Positions and log times of a read in log order, and its outcome.
fn ordered(connection: &Connection, plan: &ReadPlan) -> (Vec<(i64, Position)>, ReadOutcome) {
    let mut read = Vec::new();
    let outcome = read_in_log_order(
        connection,
        plan,
        &Cancel::new(),
        &mut |record| {
            read.push((record.log_time_ms(), record.position()));
            ControlFlow::Continue(())
        },
        &mut |_| {},
    );
    (read, outcome.unwrap())
}

#[test]
fn partitions_are_merged_by_log_time_then_partition_then_offset() {
    let cluster = cluster("t", 4);
    let writer = TestWriter::open(&cluster);
    let keys: Vec<_> = (0..40).map(|i| format!("key{i}")).collect();
    let mut state = 7_i64;
    let records: Vec<_> = (0..4000)
        .map(|i| {
            state = (state * 48_271) % 2_147_483_647;
            let key = &keys[usize::try_from(state).unwrap() % keys.len()];
            let timestamp_ms = Some(1_000_000 + i * 10 + state % 200);
            RecordToWrite { timestamp_ms, ..record("t", key, "v") }
        })
        .collect();
    writer.write_all(records);
    let connection = connect(&cluster);
    let (read, outcome) = ordered(&connection, &plan(&connection, "t"));
    assert_eq!(read.len(), 4000);
    assert!(read.is_sorted(), "the order of (log time, topic, partition, offset)");
    assert!(outcome.is_complete() && !outcome.stopped);
}

#[test]
fn a_key_filter_leaves_the_order_and_the_count_as_they_are() {
    let cluster = cluster("t", 3);
    write_numbered(&cluster, "t", 0, 3000);
    let connection = connect(&cluster);
    let plan = ReadPlan { keys: KeyFilter::Equals(b"k7"[..].into()), ..plan(&connection, "t") };
    let (read, outcome) = ordered(&connection, &plan);
    assert_eq!(read.len(), 300);
    assert!(read.is_sorted());
    assert_eq!(outcome.records(), 3000);
}

#[test]
fn a_sink_that_has_enough_stops_the_read_at_that_record() {
    let cluster = cluster("t", 2);
    write_numbered(&cluster, "t", 0, 5000);
    let connection = connect(&cluster);
    let mut left = 10;
    let outcome = read_in_log_order(
        &connection,
        &plan(&connection, "t"),
        &Cancel::new(),
        &mut |_| {
            left -= 1;
            if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        },
        &mut |_| {},
    )
    .unwrap();
    assert!(outcome.stopped);
    let positions: i64 = outcome.partitions.iter().map(|read| read.position).sum();
    assert_eq!((left, positions), (0, 10), "positions say what was handed on");
}

#[test]
fn a_partition_whose_first_records_are_from_the_future_waits_for_its_turn() {
    let cluster = cluster("t", 1);
    let writer = TestWriter::open(&cluster);
    for timestamp_ms in [NOW_MS * 2, NOW_MS * 2, 500] {
        let record = record("t", "k", "v");
        writer.write(&RecordToWrite { timestamp_ms: Some(timestamp_ms), ..record });
    }
    let connection = connect(&cluster);
    let (read, _) = ordered(&connection, &plan(&connection, "t"));
    let times: Vec<_> = read.iter().map(|(log_time_ms, _)| *log_time_ms).collect();
    assert_eq!(times, [500, 500, 500]);
}

#[test]
fn a_follower_first_merges_and_then_delivers_what_arrives() {
    let cluster = cluster("t", 3);
    write_numbered(&cluster, "t", 0, 100);
    let plan = ReadPlan { follow: true, ..plan(&connect(&cluster), "t") };
    let (connection, cancel) = (connect(&cluster), Cancel::new());
    let (sender, seen) = sync_channel(10_000);
    let (switch, told) = (cancel.clone(), sender.clone());
    let read = move || {
        read_in_log_order(
            &connection,
            &plan,
            &switch,
            &mut |record| {
                let text = String::from_utf8(record.value().unwrap_or_default().to_vec());
                sender.send(text.unwrap()).unwrap();
                ControlFlow::Continue(())
            },
            &mut |event| {
                if matches!(event, ReadEvent::CaughtUp) {
                    told.send("caught up".to_owned()).unwrap();
                }
            },
        )
    };
    let thread = thread::Builder::new().name("test-read".to_owned()).spawn(read).unwrap();
    let before = (0..100).map(|_| seen.recv_timeout(PATIENCE).unwrap());
    assert!(before.into_iter().all(|value| value.starts_with('v')));
    assert_eq!(seen.recv_timeout(PATIENCE).unwrap(), "caught up");
    for i in 100..110 {
        write_numbered(&cluster, "t", i, i + 1);
        assert_eq!(seen.recv_timeout(PATIENCE).unwrap(), format!("v{i}"));
    }
    cancel.cancel();
    assert_eq!(thread.join().unwrap().unwrap().records(), 110);
}
