//! Which events a moment takes in.

use proptest::prelude::*;

use super::*;
use crate::fold::testing::event;
use crate::model::{Decoded, TopicPartition};

/// An event at this place with this log time and event time.
fn at(topic: &str, partition: i32, offset: i64, log_time_ms: i64, event_time_ms: i64) -> Event {
    let position = TopicPartition::new(topic, partition).at(offset);
    let event_time_ms = Some(event_time_ms);
    Event { position, log_time_ms, event_time_ms, ..event(1, "", Decoded::Empty) }
}

/// The events sorted as a log is.
fn in_log_order(mut events: Vec<Event>) -> Vec<Event> {
    events.sort_by(|a, b| (a.log_time_ms, &a.position).cmp(&(b.log_time_ms, &b.position)));
    events
}

/// A history over two partitions in which several records share a log time.
fn two_partitions() -> Vec<Event> {
    in_log_order(vec![
        at("t", 0, 1, 10, 1),
        at("t", 0, 2, 20, 9),
        at("t", 0, 3, 20, 3),
        at("t", 1, 7, 20, 5),
        at("t", 1, 8, 30, 2),
    ])
}

/// What a moment takes in of a history whose topics are these, where a record's log time is that of
/// its event.
fn taken(
    events: &[Event],
    when: &When,
    clock: Clock,
    topics: &[&str],
) -> Result<Selection, CutError> {
    let topics: Vec<Arc<str>> = topics.iter().map(|topic| Arc::from(*topic)).collect();
    select(events, when, clock, &topics, &|position| {
        let below = |event: &&Event| {
            event.position.topic_partition() == position.topic_partition()
                && event.position.offset <= position.offset
        };
        events.iter().filter(below).map(|event| event.log_time_ms).max()
    })
}

/// A position in the words of a user.
fn through(topic: Option<&str>, partition: i32, offset: i64) -> When {
    When::Position { topic: topic.map(Arc::from), partition, offset }
}

#[test]
fn start_end_and_versions_are_prefixes() {
    let events = two_partitions();
    let take = |when| taken(&events, &when, Clock::Log, &["t"]);
    assert_eq!(take(When::Start), Ok(Selection::Prefix(0)));
    assert_eq!(take(When::End), Ok(Selection::Prefix(5)));
    assert_eq!(take(When::Version(0)), Ok(Selection::Prefix(0)));
    assert_eq!(take(When::Version(5)), Ok(Selection::Prefix(5)));
    let error = take(When::Version(6)).unwrap_err();
    assert_eq!(error.to_string(), "there is no version 6: the entity has 5 events");
    assert_eq!(error.hint().unwrap(), "the last one is v5");
}

#[test]
fn a_time_is_inclusive_and_looks_at_the_clock_named() {
    let events = two_partitions();
    let take = |time, clock| taken(&events, &When::Time(time), clock, &["t"]).unwrap();
    assert_eq!(take(20, Clock::Log), Selection::Prefix(4));
    assert_eq!(take(19, Clock::Log), Selection::Prefix(1));
    assert_eq!(take(3, Clock::Event), Selection::Subset(vec![1, 3, 5]));
    assert_eq!(take(9, Clock::Event), Selection::Prefix(5));
    assert_eq!(take(0, Clock::Event), Selection::Prefix(0));
}

#[test]
fn a_position_cuts_its_partition_by_offset_and_the_others_by_log_time() {
    let events = two_partitions();
    let take =
        |partition, offset| taken(&events, &through(None, partition, offset), Clock::Log, &["t"]);
    // Offset 3 of partition 0 has the same log time as 1:7 but lies behind the cut; 1:7 does not.
    assert_eq!(take(0, 2), Ok(Selection::Subset(vec![1, 2, 4])));
    assert_eq!(take(0, 3), Ok(Selection::Prefix(4)));
    assert_eq!(take(1, 7), Ok(Selection::Prefix(4)));
    assert_eq!(take(1, 99), Ok(Selection::Prefix(5)));
    assert_eq!(take(0, 0), Ok(Selection::Prefix(0)), "no record at or below it tells a log time");
    assert_eq!(take(1, 6), Ok(Selection::Prefix(0)));
}

#[test]
fn with_several_topics_a_position_must_name_its_own() {
    let events =
        in_log_order(vec![at("a", 0, 5, 10, 10), at("b", 0, 5, 10, 10), at("b", 0, 6, 10, 10)]);
    let take = |when: When| taken(&events, &when, Clock::Log, &["a", "b"]);
    let error = take(through(None, 0, 5)).unwrap_err();
    assert_eq!(error.to_string(), "0:5 may be in any of the topics a, b");
    assert_eq!(error.hint().unwrap(), "name the topic: a:0:5");
    assert_eq!(take(through(Some("b"), 0, 5)), Ok(Selection::Prefix(2)));
    assert_eq!(take(through(Some("a"), 0, 5)), Ok(Selection::Prefix(3)));
    assert!(take(through(Some("c"), 0, 5)).is_err());
}

#[test]
fn a_place_in_log_order_is_a_prefix() {
    let events = two_partitions();
    let prefix = |partition, offset, time| {
        prefix_through(&events, time, &TopicPartition::new("t", partition).at(offset))
    };
    assert_eq!(
        (prefix(0, 2, 20), prefix(0, 3, 20), prefix(1, 7, 20), prefix(1, 0, 20)),
        (2, 3, 4, 3)
    );
    assert_eq!((prefix(0, 0, 0), prefix(9, 9, 99)), (0, 5));
}

prop_compose! {
    /// Histories of three partitions with few different times.
    fn any_history()(times in proptest::collection::vec((0_i32..3, 0_i64..3, 0_i64..6), 0..20)) -> Vec<Event> {
        let mut log_times = [0_i64; 3];
        let mut events = Vec::new();
        for (offset, (partition, step, event_time_ms)) in (0..).zip(times) {
            let log_time = &mut log_times[usize::try_from(partition).unwrap()];
            *log_time += step;
            events.push(at("t", partition, offset, *log_time, event_time_ms));
        }
        in_log_order(events)
    }
}

proptest! {
    #[test]
    fn with_log_time_a_moment_takes_a_prefix_and_a_later_one_never_less(
        events in any_history(), early in -1_i64..20, later in 0_i64..5,
    ) {
        let count = |time| match taken(&events, &When::Time(time), Clock::Log, &["t"]).unwrap() {
            Selection::Prefix(count) => count,
            Selection::Subset(versions) => panic!("{versions:?} is no prefix"),
        };
        prop_assert!(count(early) <= count(early + later));
    }

    #[test]
    fn a_moment_takes_exactly_what_its_rule_says(
        events in any_history(), partition in 0_i32..3, offset in -1_i64..20, time in 0_i64..7,
    ) {
        let versions = |when: &When, clock| match taken(&events, when, clock, &["t"]).unwrap() {
            Selection::Prefix(count) => (1..=count).collect(),
            Selection::Subset(versions) => versions,
        };
        let by_rule = |rule: &dyn Fn(&Event) -> bool| -> Vec<u64> {
            (1..).zip(&events).filter(|(_, event)| rule(event)).map(|(version, _)| version).collect()
        };
        prop_assert_eq!(
            versions(&When::Time(time), Clock::Event),
            by_rule(&|event| event.event_time_ms.is_some_and(|event_ms| event_ms <= time))
        );
        let own: Vec<&Event> = events.iter().filter(|event| event.position.partition == partition && event.position.offset <= offset).collect();
        let log_time = own.last().map(|event| event.log_time_ms);
        prop_assert_eq!(
            versions(&through(None, partition, offset), Clock::Log),
            by_rule(&|event| if event.position.partition == partition {
                event.position.offset <= offset
            } else {
                Some(event.log_time_ms) <= log_time
            })
        );
    }
}
