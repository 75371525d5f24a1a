//! The timeline of a topic: a lane for each partition, and one for each other topic that is open.
//!
//! Promises: what is expected is what was written.
//! Does not know: how lanes are drawn.

use std::sync::Arc;

use foldback::workspace::{Command, ConnectionState, LanesWanted, StartPosition, UnknownReason};

use crate::bench::{Bench, OTHER_TOPIC, TOPIC};

/// Opens and reads a topic and waits until this many rows are there.
fn read(bench: &Bench, topic: &str, start: StartPosition, rows: usize) {
    bench.wait("a connection", |snapshot| {
        matches!(snapshot.connection, ConnectionState::Connected(_)).then_some(())
    });
    bench.send(Command::OpenTopic(topic.into()));
    bench.send(Command::Read(topic.into(), start));
    bench.wait("all rows", |snapshot| {
        let view = snapshot.topic_view(topic)?;
        (view.rows.len() == rows && view.completeness.is_some()).then_some(())
    });
}

/// The first four seconds of the topic.
fn wanted() -> Command {
    Command::NeedLanes(TOPIC.into(), LanesWanted::covering((0.0, 4_000.0), 1_000.0, &(0..4)))
}

#[test]
fn lanes_of_a_small_topic_are_events_and_another_topic_that_is_read_becomes_a_lane() {
    let bench = Bench::new();
    read(&bench, TOPIC, StartPosition::Oldest(None), 4);
    bench.send(wanted());
    let marked = bench.wait("the types of all events", |snapshot| {
        let timeline = &snapshot.topic_view(TOPIC)?.timeline;
        let mut marked: Vec<_> = timeline
            .records
            .iter()
            .map(|record| (record.log_time_ms, record.event_type.to_string()))
            .collect();
        marked.sort();
        // Types are known once the mapping was detected.
        let typed = marked.iter().all(|(_, event_type)| !event_type.is_empty());
        (marked.len() == 4 && typed).then_some(marked)
    });
    let expected = [
        (1_000, "OrderCreated"),
        (1_500, "OrderCreated"),
        (2_000, "ItemAdded"),
        (3_000, "OrderShipped"),
    ];
    assert_eq!(marked, expected.map(|(time_ms, name)| (time_ms, name.to_owned())));

    bench.write_to(OTHER_TOPIC, "payment-1", r#"{"type":"PaymentReceived"}"#, 2_500);
    read(&bench, OTHER_TOPIC, StartPosition::Oldest(None), 1);
    let four = bench.wait("four lanes", |snapshot| {
        let timeline = &snapshot.topic_view(TOPIC)?.timeline;
        let other = timeline.lanes.get(3)?;
        (&*other.label == OTHER_TOPIC && other.marks.len() == 1).then(|| Arc::clone(timeline))
    });
    assert_eq!(four.partitions, 3);
    let record = four.record(four.lanes[3].marks[0].version).unwrap();
    assert_eq!(record.position.to_string(), "payment-events-0@0");
    bench.send(Command::CloseTopic(OTHER_TOPIC.into()));
    bench.wait("three lanes", |snapshot| {
        (snapshot.topic_view(TOPIC)?.timeline.lanes.len() == 3).then_some(())
    });
}

#[test]
fn what_a_user_left_out_is_unknown_in_the_lane_of_its_partition() {
    let bench = Bench::new();
    for number in 0..30 {
        bench.write("order-1", r#"{"type":"ItemAdded"}"#, 4_000 + number * 10);
    }
    // Three events of the order were there before.
    let start = StartPosition::FromOffset { partition: 1, offset: 13 };
    read(&bench, TOPIC, start, 20);
    bench.send(wanted());
    let told = bench.wait("the lanes", |snapshot| {
        let timeline = &snapshot.topic_view(TOPIC)?.timeline;
        let unknown = timeline.lanes.iter().map(|lane| {
            let spans = lane.unknown.iter();
            spans.map(|span| (span.to_ms, span.reason, span.detail.to_string())).collect::<Vec<_>>()
        });
        let told: Vec<_> = unknown.collect();
        (told.len() == 3).then_some(told)
    });
    let not_read = |to_ms, detail: &str| vec![(to_ms, UnknownReason::NotRead, detail.to_owned())];
    let expected = [
        not_read(i64::MAX, "order-events-0 was not read"),
        not_read(4_100, "order-events-1 was read from offset 13 on"),
        not_read(i64::MAX, "order-events-2 was not read"),
    ];
    assert_eq!(told, expected);
}
