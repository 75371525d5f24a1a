//! The timeline of a topic in the window: what it asks for, and what it makes of the answers.
//!
//! Promises: answers are made by hand for exactly what was asked.
//! Does not know: how lanes are worked out.

use std::sync::Arc;

use egui::{Key, Modifiers, Theme, Vec2};
use egui_kittest::kittest::Queryable as _;
use foldback::kafka::Watermarks;
use foldback::model::{EntityId, TopicPartition};
use foldback::workspace::{
    ClockCommand, ClockPoint, Command, Fetch, Lane, LaneMark, LanesWanted, MarkedRecord,
    PartitionFacts, Snapshot, TimeCounts, TopicTimeline, TopicView, UnknownReason, UnknownSpan,
    event_hue,
};

use crate::harness::{Test, Use as _, open, open_as};
use crate::order::{self, NOW_MS};
use crate::scenes;

/// The span of the topic, in milliseconds.
const SPAN_MS: (i64, i64) = (NOW_MS - 7_200_000, NOW_MS);
/// The size of most windows here.
const SIZE: Vec2 = Vec2::new(1280.0, 800.0);

/// A topic of this many partitions, read, with this timeline.
fn topic(partitions: i32, timeline: TopicTimeline) -> Snapshot {
    let mut snapshot = scenes::topic_read();
    let facts = |partition| PartitionFacts {
        partition,
        leader: Some(1),
        bounds: Some(Watermarks { low: 0, high: 5_200, last_stable: 5_200 }),
    };
    snapshot.jobs = Arc::default();
    snapshot.topic_views = vec![Arc::new(TopicView {
        partitions: Fetch::Ready((0..partitions).map(facts).collect()),
        span_ms: Some(SPAN_MS),
        timeline: Arc::new(timeline),
        ..(*snapshot.topic_views[0]).clone()
    })];
    snapshot
}

/// How many events a bucket of a lane counts: a wave with bursts, and partition 3 has more than the
/// others.
fn counted(lane: usize, time_ms: i64) -> u64 {
    if !(SPAN_MS.0..=SPAN_MS.1).contains(&time_ms) {
        return 0;
    }
    let step = u32::try_from((time_ms - SPAN_MS.0) / 15_000).unwrap();
    let noise = (step.wrapping_mul(2_654_435_761) >> 20) % 60;
    let wave = step.wrapping_mul(7 + u32::try_from(lane).unwrap() % 5) % 97;
    let burst = if step % 61 > 55 { 400 } else { 0 };
    u64::from(noise + wave + burst) * if lane == 3 { 6 } else { 1 }
}

/// The name of a lane: the last one is another topic.
fn label(lane: usize, partitions: usize) -> Arc<str> {
    if lane < partitions { format!("Partition {lane}").into() } else { "payment-events".into() }
}

/// Counts for what was asked for.
fn densities(wanted: &LanesWanted, partitions: usize) -> TopicTimeline {
    let (from_ms, to_ms) = wanted.span_ms();
    let bucket_ms = (to_ms - from_ms + 1) / i64::try_from(wanted.buckets()).unwrap();
    let counts = |lane: usize| TimeCounts {
        from_ms,
        bucket_ms,
        counts: (0..i64::try_from(wanted.buckets()).unwrap())
            .map(|bucket| counted(lane, from_ms + bucket * bucket_ms))
            .collect(),
    };
    let unknown = UnknownSpan {
        from_ms: i64::MIN,
        to_ms: SPAN_MS.0 + 900_000,
        reason: UnknownReason::Deleted,
        detail: "order-events-2 starts at offset 1200: older records were deleted".into(),
    };
    let lanes = (0..=partitions).map(|lane| {
        let label = label(lane, partitions);
        if !wanted.lanes().contains(&lane) {
            return Lane { events: 9, ..Lane::new(label, Arc::default()) };
        }
        let unknown = if lane == 2 { [unknown.clone()].into() } else { Arc::default() };
        Lane { unknown, ..Lane::of_counts(label, 840, counts(lane)) }
    });
    TopicTimeline {
        wanted: wanted.clone(),
        lanes: lanes.collect(),
        partitions,
        records: Arc::default(),
    }
}

/// Single events for what was asked for: one every 20 seconds, in turns.
fn events(wanted: &LanesWanted, partitions: usize) -> TopicTimeline {
    let types = ["OrderCreated", "ItemAdded", "PaymentReceived", "OrderShipped", "OrderCancelled"];
    let mut records = Vec::new();
    let lanes: Vec<Lane> = (0..=partitions)
        .map(|lane| {
            let number = i64::try_from(lane).unwrap();
            let offsets = (0..360_i64).filter(|n| n * n % 7 == number % 4 || n % 11 == number);
            let marks = offsets.map(|offset| {
                let time_ms = SPAN_MS.0 + offset * 20_000 + number * 1_700;
                let event_type = types[usize::try_from(offset).unwrap() % types.len()];
                let partition = i32::try_from(lane).unwrap();
                records.push(MarkedRecord {
                    position: TopicPartition::new("order-events", partition).at(offset),
                    log_time_ms: time_ms,
                    event_type: event_type.into(),
                    entity: Some(EntityId::new(format!("order-{}", 1_000 + offset))),
                });
                LaneMark {
                    time_ms,
                    version: records.len() as u64,
                    hue: event_hue(event_type),
                    hollow: offset % 17 == 0,
                    problem: offset % 41 == 0,
                }
            });
            Lane { events: 840, ..Lane::new(label(lane, partitions), marks.collect()) }
        })
        .collect();
    TopicTimeline {
        wanted: wanted.clone(),
        lanes: lanes.into(),
        partitions,
        records: records.into(),
    }
}

/// The last part of the timeline that was asked for.
fn asked(test: &mut Test) -> Option<LanesWanted> {
    test.take_sent().into_iter().rev().find_map(|command| match command {
        Command::NeedLanes(topic, wanted) if topic == order::topic() => Some(wanted),
        _ => None,
    })
}

/// A window on the topic, with the answer to what it asked for.
fn answered(
    partitions: i32,
    theme: Theme,
    size: Vec2,
    answer: fn(&LanesWanted, usize) -> TopicTimeline,
) -> Test {
    let mut test = open_as(topic(partitions, TopicTimeline::default()), theme, size);
    // A small window lists the topics in a panel that can be closed.
    test.press("order-events");
    answer_all(&mut test, partitions, answer);
    test
}

/// A topic of so many partitions whose timeline was not asked for yet.
pub(crate) fn topic_of(partitions: i32) -> Snapshot {
    topic(partitions, TopicTimeline::default())
}

/// Answers what a window asks of such a topic, from far.
pub(crate) fn answer(test: &mut Test, partitions: i32) {
    answer_all(test, partitions, densities);
}

/// Answers until nothing more is asked for.
fn answer_all(test: &mut Test, partitions: i32, answer: fn(&LanesWanted, usize) -> TopicTimeline) {
    while let Some(wanted) = asked(test) {
        test.publish(topic(partitions, answer(&wanted, usize::try_from(partitions).unwrap())));
    }
}

#[test]
fn a_topic_shows_a_lane_for_each_partition_and_other_topic_as_soon_as_the_lanes_are_there() {
    let mut test = open(topic(12, TopicTimeline::default()));
    test.press("order-events");
    let wanted = asked(&mut test).expect("the whole span is asked for");
    assert!(wanted.span_ms().0 <= SPAN_MS.0 && wanted.span_ms().1 >= SPAN_MS.1, "{wanted:?}");
    test.run();
    assert_eq!(asked(&mut test), None, "once");
    test.publish(topic(12, densities(&wanted, 12)));
    assert!(test.shows("Partition 0, 840 events"), "how many events a lane has");
    answer_all(&mut test, 12, densities);
    test.assert_idle("a topic's timeline");
}

#[test]
fn zooming_in_by_keys_asks_for_more_detail_and_fitting_for_the_whole_again() {
    let mut test = answered(6, Theme::Dark, SIZE, densities);
    let mut spans = Vec::new();
    for _ in 0..12 {
        test.key(Modifiers::NONE, Key::W);
        if let Some(wanted) = asked(&mut test) {
            spans.push(wanted.span_ms().1 - wanted.span_ms().0);
            test.publish(topic(6, densities(&wanted, 6)));
        }
    }
    assert!(spans.len() >= 4 && spans.is_sorted_by(|one, other| one > other), "{spans:?}");
    test.key(Modifiers::NONE, Key::F);
    let wanted = asked(&mut test).expect("the whole");
    assert!(wanted.span_ms().0 <= SPAN_MS.0 && wanted.span_ms().1 >= SPAN_MS.1);
}

#[test]
fn a_click_on_an_event_sets_the_clock_to_it_and_shows_its_record() {
    let mut test = answered(3, Theme::Dark, SIZE, events);
    for _ in 0..8 {
        test.key(Modifiers::NONE, Key::W);
    }
    answer_all(&mut test, 3, events);
    test.take_sent();
    let mark = test.query_all_by_label_contains("order-events-0@").next().expect("a mark");
    let at = mark.rect().center();
    test.hover_at(at);
    test.run();
    test.drag_at(at);
    test.drop_at(at);
    test.run();
    let sent = test.take_sent();
    let set = sent.iter().find_map(|command| match command {
        Command::Clock(ClockCommand::Set(ClockPoint::Record { position, .. })) => Some(position),
        _ => None,
    });
    let shown = sent.iter().find_map(|command| match command {
        Command::InspectRecord(position) => Some(position),
        _ => None,
    });
    assert_eq!(set.expect("the clock is set").partition, 0, "{sent:?}");
    assert_eq!(set, shown, "the record of the same event");
}

#[test]
fn of_thousands_of_partitions_only_those_on_screen_are_asked_for() {
    let mut test = open(topic(5_000, TopicTimeline::default()));
    test.press("order-events");
    let mut most = 0;
    while let Some(wanted) = asked(&mut test) {
        most = most.max(wanted.lanes().len());
        test.publish(topic(5_000, densities(&wanted, 5_000)));
    }
    assert!((8..=96).contains(&most), "{most} lanes");
    assert!(test.shows("Partition 0, ") && !test.shows("Partition 4000"), "only what is visible");
}

#[test]
fn the_timeline_can_be_closed_and_opened() {
    let mut test = answered(6, Theme::Dark, SIZE, densities);
    assert!(test.shows("Partition 5, "));
    test.press("Timeline of the partitions");
    assert!(!test.shows("Partition 5, "));
    test.press("Timeline of the partitions");
    assert!(test.shows("Partition 5, "));
}

#[test]
fn pictures_of_topic_timelines() {
    for (theme, name) in [(Theme::Dark, "dark"), (Theme::Light, "light")] {
        for size in [Vec2::new(640.0, 400.0), SIZE, Vec2::new(2560.0, 1440.0)] {
            let mut far = answered(12, theme, size, densities);
            far.picture(&format!("lanes-far-{}-{name}", size.x));
            let mut near = answered(6, theme, size, events);
            near.picture(&format!("lanes-near-{}-{name}", size.x));
        }
    }
}
