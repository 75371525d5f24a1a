//! Where consumer groups stand: their markers on an entity, their lag over time, the records they
//! stand at.
//!
//! Promises: the group commits for real, as a consumer of its own.
//! Does not know: how markers and lag are drawn.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use foldback::kafka::GroupReader;
use foldback::model::{Position, TopicPartition};
use foldback::workspace::{Command, EntityView, GroupMarker};

use crate::bench::{Bench, GROUP, PATIENCE, TOPIC, order_1};

/// The last of these events, which all stand in one partition.
fn last_position(view: &EntityView) -> Position {
    view.events.latest().unwrap().last().unwrap().position.clone()
}

/// Lets the group say that it reads this record next.
fn commit(bench: &Bench, next: &Position) {
    let reader = GroupReader::open(&bench.cluster.settings(&[GROUP]), GROUP, &[TOPIC]).unwrap();
    let partition = TopicPartition::new(TOPIC, next.partition);
    reader.commit(&BTreeMap::from([(partition, next.offset)])).unwrap();
}

/// Waits until the group's marker on the order is this many events behind.
fn marker(bench: &Bench, events_behind: u64) -> GroupMarker {
    bench.wait(&format!("a marker {events_behind} behind"), |snapshot| {
        let view = snapshot.entity_view(&order_1())?;
        let marker = view.group_markers.iter().find(|marker| &*marker.group == GROUP)?;
        (marker.events_behind == events_behind).then(|| marker.clone())
    })
}

#[test]
fn a_marker_follows_its_group_while_the_entity_is_open() {
    let bench = Bench::new();
    let last = last_position(&bench.open_order_1());
    commit(&bench, &last);
    bench.send(Command::RefreshGroups);
    let behind = marker(&bench, 1);
    assert_eq!((behind.version, behind.time_ms, &behind.record), (2, 2_000, &last));

    // Nobody asks: the engine looks by itself.
    commit(&bench, &Position { offset: last.offset + 1, ..last.clone() });
    let done = marker(&bench, 0);
    assert_eq!((done.version, &done.record), (3, &last), "nothing waits: the last one committed");
    assert_eq!(done.next.offset, last.offset + 1, "the next one is not there yet");
}

#[test]
fn the_first_commit_of_a_group_gets_its_marker_by_itself() {
    let bench = Bench::new();
    let last = last_position(&bench.open_order_1());
    bench.wait("the groups", |snapshot| {
        let groups = snapshot.groups.latest().filter(|_| !snapshot.groups.is_pending())?;
        groups.iter().all(|group| group.offsets.is_empty()).then_some(())
    });
    commit(&bench, &last);
    assert_eq!(marker(&bench, 1).record, last);
}

#[test]
fn an_open_entity_publishes_nothing_while_nothing_happens() {
    /// The request for committed offsets in the Kafka protocol.
    const OFFSET_FETCH: i16 = 9;
    let bench = Bench::new();
    let last = last_position(&bench.open_order_1());
    commit(&bench, &Position { offset: last.offset + 1, ..last });
    bench.send(Command::RefreshGroups);
    marker(&bench, 0);
    let asked = || {
        let keys = bench.cluster.tracked_api_keys();
        keys.iter().filter(|key| **key == OFFSET_FETCH).count()
    };
    bench.cluster.track_requests();
    wait_until("the groups are asked for once", || asked() >= 1);
    let generation = bench.generation();
    wait_until("and again", || asked() >= 3);
    assert_eq!(bench.generation(), generation, "the window would be painted anew");
}

/// Waits until this is true.
fn wait_until(what: &str, is_true: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_true() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        thread::park_timeout(Duration::from_millis(20));
    }
}

#[test]
fn lag_is_sampled_while_the_groups_are_watched() {
    let bench = Bench::new();
    let last = last_position(&bench.open_order_1());
    commit(&bench, &Position { offset: last.offset - 1, ..last.clone() });
    bench.send(Command::WatchGroups(true));
    let samples = bench.wait("two samples", |snapshot| {
        let samples = snapshot.group_lags.get(GROUP)?;
        (samples.iter().filter(|sample| sample.lag == 2).count() >= 2).then(|| Arc::clone(samples))
    });
    assert!(samples.is_sorted_by_key(|sample| sample.time_ms), "in order of time: {samples:?}");
    assert_eq!(samples.last().unwrap().lag_ms, None, "times of 1970 do not say how long it waits");
    bench.write("order-1", "{}", 1_700_000_000_000);
    let end = Position { offset: last.offset + 1, ..last };
    commit(&bench, &end);
    bench.wait("a lag in time", |snapshot| {
        let sample = snapshot.group_lags.get(GROUP)?.last().copied()?;
        (sample.lag == 1).then_some(sample.lag_ms?)
    });
}

#[test]
fn an_offset_without_a_record_shows_the_last_one_before_it_and_says_so() {
    let bench = Bench::new();
    let last = last_position(&bench.open_order_1());
    bench.send(Command::CloseEntity(order_1()));
    bench.send(Command::InspectRecord(Position { offset: last.offset + 1, ..last.clone() }));
    let shown = bench.wait("the record before", |snapshot| snapshot.inspected.clone());
    assert_eq!(shown.position, last);
    let notice = bench.wait("a word about it", |snapshot| snapshot.notices.last().cloned());
    assert!(notice.problem.to_string().contains("there is no record at"), "{}", notice.problem);
}
