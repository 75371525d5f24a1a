//! Tests of reading, against an embedded cluster.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use super::*;
use crate::kafka::read;
use crate::kafka::testing::{
    NOW_MS, PATIENCE, RecordToWrite, TestWriter, batches, cluster, connect, plan, record, values,
    write_numbered,
};
use crate::kafka::{EmbeddedCluster, EmbeddedTopic};
use crate::model::{Isolation, KeyFilter, RecordRef};

/// A read that runs in a thread of its own.
struct Running {
    events: Receiver<ReadEvent>,
    cancel: Cancel,
    thread: JoinHandle<Result<ReadOutcome, KafkaError>>,
}

impl Running {
    fn start(cluster: &EmbeddedCluster, plan: ReadPlan) -> Self {
        let (sender, events): (SyncSender<ReadEvent>, _) = sync_channel(10_000);
        let (connection, cancel) = (connect(cluster), Cancel::new());
        let switch = cancel.clone();
        let read = move || {
            read(&connection, &plan, &switch, &mut |event| {
                let sent = sender.send(event);
                if sent.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            })
        };
        let thread = thread::Builder::new().name("test-read".to_owned()).spawn(read).unwrap();
        Self { events, cancel, thread }
    }

    /// Waits for an event, and gives back all records that came before it.
    fn wait_for(&self, wanted: impl Fn(&ReadEvent) -> bool) -> Vec<RecordBatch> {
        let mut batches = Vec::new();
        loop {
            let event = self.events.recv_timeout(PATIENCE).expect("the event comes");
            let found = wanted(&event);
            if let ReadEvent::Batch(batch) = event {
                batches.push(batch);
            }
            if found {
                return batches;
            }
        }
    }

    fn cancel(self) -> ReadOutcome {
        self.cancel.cancel();
        self.thread.join().unwrap().unwrap()
    }
}

fn is_batch(event: &ReadEvent) -> bool {
    matches!(event, ReadEvent::Batch(_))
}

#[test]
fn a_record_is_read_exactly_as_it_was_written() {
    let cluster = cluster("t", 1);
    let writer = TestWriter::open(&cluster);
    let headers: [(&str, Option<&[u8]>); 4] =
        [("a", Some(b"1")), ("b", None), ("a", Some(b"2")), ("e", Some(b""))];
    let full = RecordToWrite {
        topic: "t",
        key: Some(b"\xff\x00"),
        value: Some(b"v"),
        headers: &headers,
        timestamp_ms: Some(1234),
    };
    writer.write(&full);
    writer.write(&RecordToWrite { key: None, value: None, headers: &[], ..full });
    writer.write(&RecordToWrite { key: Some(b""), value: Some(b""), ..full });

    let connection = connect(&cluster);
    let batches = batches(&connection, &plan(&connection, "t"));
    let records: Vec<RecordRef<'_>> = batches.iter().flat_map(RecordBatch::iter).collect();
    assert_eq!(records.len(), 3);
    assert_eq!(records[0].key(), Some(&b"\xff\x00"[..]));
    assert_eq!((records[0].offset(), records[0].timestamp_ms()), (0, 1234));
    let read: Vec<_> = records[0].headers().map(|header| (header.name, header.value)).collect();
    assert_eq!(read, headers);
    assert_eq!((records[1].key(), records[1].value()), (None, None));
    assert_eq!(records[1].headers().count(), 0);
    assert_eq!((records[2].key(), records[2].value()), (Some(&b""[..]), Some(&b""[..])));
}

#[test]
fn every_record_of_every_partition_is_read_once() {
    let cluster = cluster("t", 6);
    write_numbered(&cluster, "t", 0, 5000);
    let connection = connect(&cluster);
    let batches = batches(&connection, &plan(&connection, "t"));
    let mut expected: Vec<_> = (0..5000).map(|i| format!("v{i}")).collect();
    expected.sort();
    assert_eq!(values(&batches), expected);
}

#[test]
fn a_range_within_the_log_is_read_without_its_neighbours() {
    let cluster = cluster("t", 1);
    write_numbered(&cluster, "t", 0, 100);
    let connection = connect(&cluster);
    let mut plan = plan(&connection, "t");
    plan.ranges[0].from = 40;
    plan.ranges[0].to = 43;
    assert_eq!(values(&batches(&connection, &plan)), ["v40", "v41", "v42"]);
}

#[test]
fn a_key_filter_hands_on_the_matching_records_and_counts_all() {
    let cluster = cluster("t", 3);
    write_numbered(&cluster, "t", 0, 100);
    let connection = connect(&cluster);
    let mut plan = plan(&connection, "t");
    plan.keys = KeyFilter::Equals(b"k3"[..].into());
    let mut found = 0;
    let outcome = read(&connection, &plan, &Cancel::new(), &mut |event| {
        if let ReadEvent::Batch(batch) = event {
            assert!(batch.iter().all(|record| record.key() == Some(b"k3")));
            found += batch.len();
        }
        ControlFlow::Continue(())
    });
    assert_eq!(found, 10);
    assert_eq!(outcome.unwrap().records(), 100);
}

#[test]
fn without_values_and_headers_a_tombstone_is_still_a_tombstone() {
    let cluster = cluster("t", 1);
    let writer = TestWriter::open(&cluster);
    let headers: [(&str, Option<&[u8]>); 1] = [("h", Some(b"1"))];
    writer.write(&RecordToWrite { headers: &headers, ..record("t", "k", "v") });
    writer.write(&RecordToWrite { value: None, ..record("t", "k", "") });
    let connection = connect(&cluster);
    let mut plan = plan(&connection, "t");
    (plan.values, plan.headers) = (false, false);
    let batches = batches(&connection, &plan);
    let records: Vec<_> = batches.iter().flat_map(RecordBatch::iter).collect();
    assert_eq!((records[0].value(), records[1].value()), (Some(&b""[..]), None));
    assert_eq!(records[0].headers().count(), 0);
}

#[test]
fn a_follower_is_given_what_is_written_later() {
    let cluster = cluster("t", 2);
    write_numbered(&cluster, "t", 0, 10);
    let follow = ReadPlan { follow: true, ..plan(&connect(&cluster), "t") };
    let running = Running::start(&cluster, follow);
    let before = running.wait_for(|event| matches!(event, ReadEvent::CaughtUp));
    assert_eq!(values(&before).len(), 10, "caught up comes after the records");
    write_numbered(&cluster, "t", 10, 11);
    assert_eq!(values(&running.wait_for(is_batch)), ["v10"]);
    let outcome = running.cancel();
    assert!(outcome.stopped);
    assert_eq!(outcome.records(), 11);
}

#[test]
fn a_cancel_takes_effect_within_200_ms() {
    let cluster = cluster("t", 2);
    let follow = ReadPlan { follow: true, ..plan(&connect(&cluster), "t") };
    let running = Running::start(&cluster, follow);
    running.wait_for(|event| matches!(event, ReadEvent::CaughtUp));
    let cancelled_at = Instant::now();
    running.cancel();
    assert!(cancelled_at.elapsed() < Duration::from_millis(200), "{:?}", cancelled_at.elapsed());
}

#[test]
fn a_sink_that_breaks_is_not_called_again_and_positions_say_what_it_was_given() {
    let cluster = cluster("t", 1);
    write_numbered(&cluster, "t", 0, 20_000);
    let connection = connect(&cluster);
    let mut given = 0;
    let outcome = read(&connection, &plan(&connection, "t"), &Cancel::new(), &mut |event| {
        let ReadEvent::Batch(batch) = event else { return ControlFlow::Continue(()) };
        assert_eq!(given, 0, "called again");
        given = batch.len();
        ControlFlow::Break(())
    })
    .unwrap();
    let partition = &outcome.partitions[0];
    assert!(outcome.stopped || partition.is_done());
    assert_eq!(partition.position, i64::try_from(given).unwrap());
}

#[test]
fn a_broker_that_goes_away_is_waited_for_and_that_is_said() {
    let cluster = cluster("t", 1);
    write_numbered(&cluster, "t", 0, 10);
    let follow = ReadPlan { follow: true, ..plan(&connect(&cluster), "t") };
    let running = Running::start(&cluster, follow);
    running.wait_for(|event| matches!(event, ReadEvent::CaughtUp));
    cluster.take_down(1).unwrap();
    running.wait_for(|event| matches!(event, ReadEvent::Trouble(_)));
    cluster.bring_up(1).unwrap();
    running.wait_for(|event| matches!(event, ReadEvent::Recovered));
    write_numbered(&cluster, "t", 10, 12);
    let mut later = running.wait_for(is_batch);
    if values(&later).len() < 2 {
        later.extend(running.wait_for(is_batch));
    }
    assert_eq!(values(&later), ["v10", "v11"]);
    running.cancel();
}

#[test]
fn a_committed_read_goes_on_after_a_leader_change_that_refuses_its_offset_for_a_moment() {
    let topic = EmbeddedTopic { name: "t", partitions: 1 };
    let cluster = EmbeddedCluster::start_with_brokers(2, &[topic]).unwrap();
    cluster.lead("t", 0, Some(1)).unwrap();
    write_numbered(&cluster, "t", 0, 10);
    let plan = plan(&connect(&cluster), "t");
    assert_eq!(plan.isolation, Isolation::Committed);
    let running = Running::start(&cluster, ReadPlan { follow: true, ..plan });
    running.wait_for(|event| matches!(event, ReadEvent::CaughtUp));
    cluster.refuse_offsets(3);
    cluster.lead("t", 0, Some(2)).unwrap();
    write_numbered(&cluster, "t", 10, 12);
    let mut later = running.wait_for(is_batch);
    if values(&later).len() < 2 {
        later.extend(running.wait_for(is_batch));
    }
    assert_eq!(values(&later), ["v10", "v11"]);
    let outcome = running.cancel();
    assert_eq!((outcome.records(), &outcome.partitions[0].lost[..]), (12, &[][..]));
}

#[test]
fn a_broker_that_keeps_refusing_an_offset_it_has_ends_the_read_with_the_reason() {
    let cluster = cluster("t", 1);
    write_numbered(&cluster, "t", 0, 10);
    let connection = connect(&cluster);
    let plan = plan(&connection, "t");
    cluster.refuse_offsets(100_000);
    let result = read(&connection, &plan, &Cancel::new(), &mut |_| ControlFlow::Continue(()));
    let told = result.unwrap_err().to_string();
    assert!(told.contains("refuses the offset although its log has 0 to 10"), "{told}");
}

#[test]
fn offsets_that_retention_took_are_told_as_lost() {
    let cluster = cluster("t", 1);
    let writer = TestWriter::open(&cluster);
    // The embedded cluster keeps 5 MiB: noise does not compress.
    let mut state = 1_u64;
    let noise: Vec<u8> = (0..200_000)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            state.to_be_bytes()[0]
        })
        .collect();
    for _ in 0..60 {
        writer.write(&RecordToWrite { value: Some(&noise), ..record("t", "k", "") });
    }
    let connection = connect(&cluster);
    let mut plan = plan(&connection, "t");
    let low = plan.ranges[0].from;
    assert!(low > 0, "the cluster dropped something");
    plan.ranges[0].from = 0;
    let (mut lost, mut first) = (Vec::new(), None);
    let outcome = read(&connection, &plan, &Cancel::new(), &mut |event| {
        match event {
            ReadEvent::Lost(range) => lost.push((range.from, range.to)),
            ReadEvent::Batch(batch) => first = first.or(batch.offsets().first().copied()),
            _ => {}
        }
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!(lost, [(0, low)]);
    assert_eq!(first, Some(low));
    assert_eq!(outcome.partitions[0].lost.len(), 1);
    assert!(outcome.is_complete());
}

#[test]
fn a_read_beyond_the_end_of_the_log_says_that_the_log_was_cut_back() {
    let cluster = cluster("t", 1);
    write_numbered(&cluster, "t", 0, 10);
    let connection = connect(&cluster);
    let mut plan = plan(&connection, "t");
    (plan.ranges[0].from, plan.ranges[0].to) = (50, 60);
    let result = read(&connection, &plan, &Cancel::new(), &mut |_| ControlFlow::Continue(()));
    assert!(
        matches!(result, Err(KafkaError::Truncated { position: 50, end: 10, .. })),
        "{result:?}"
    );
}

#[test]
fn an_unknown_topic_or_partition_is_named() {
    let cluster = cluster("t", 1);
    let connection = connect(&cluster);
    let mut plan = plan(&connection, "t");
    plan.ranges[0].partition = 9;
    plan.ranges[0].to = 1;
    let mut ignore = |_| ControlFlow::Continue(());
    let result = read(&connection, &plan, &Cancel::new(), &mut ignore);
    assert!(matches!(result, Err(KafkaError::UnknownPartition { .. })), "{result:?}");
    plan.ranges[0].topic = "missing".into();
    let result = read(&connection, &plan, &Cancel::new(), &mut ignore);
    assert!(matches!(result, Err(KafkaError::UnknownTopic { .. })), "{result:?}");
}

#[test]
fn log_time_is_the_running_maximum_within_a_partition() {
    let cluster = cluster("t", 1);
    let writer = TestWriter::open(&cluster);
    for timestamp_ms in [NOW_MS * 2, 300, 100, 500] {
        let record = record("t", "k", "v");
        writer.write(&RecordToWrite { timestamp_ms: Some(timestamp_ms), ..record });
    }
    let connection = connect(&cluster);
    let batches = batches(&connection, &plan(&connection, "t"));
    let times: Vec<_> = batches.iter().flat_map(|batch| batch.log_times_ms().to_vec()).collect();
    assert_eq!(times, [300, 300, 300, 500]);
}

#[test]
fn two_clients_share_a_large_read_of_a_small_cluster() {
    let range = |partition, to| OffsetRange::new(&TopicPartition::new("t", partition), 0, to);
    let plan = ReadPlan::new(vec![range(0, 90_000), range(1, 50_000), range(2, 40_000)], NOW_MS);
    let sizes = |brokers| -> Vec<u64> {
        let shares = shares(&plan, brokers);
        shares.iter().map(|share| share.iter().map(OffsetRange::span).sum()).collect()
    };
    assert_eq!(sizes(1), [90_000, 90_000]);
    assert_eq!(sizes(3), [180_000]);
}
