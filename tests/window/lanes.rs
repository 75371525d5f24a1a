//! Lanes in the window: what is unknown on them, and the problems in a crowd.
//!
//! Promises: the crowd is so dense that no event can be drawn by itself.
//! Does not know: how unknown spans are found.

use std::sync::Arc;

use egui::{Key, Modifiers, Theme, Vec2};
use foldback::model::EventProblem;
use foldback::workspace::{
    ClockCommand, ClockPoint, Command, EntityView, EventRow, Fetch, Lane, LaneMark, Snapshot,
    UnknownReason, UnknownSpan, event_hue,
};

use crate::harness::{Test, Use as _, open, open_as};
use crate::order::NOW_MS;
use crate::{order, scenes};

/// How many events there are.
const EVENTS: u64 = 3_000;
/// The versions of those with a problem.
const PROBLEMS: [u64; 2] = [1_001, 2_400];

/// The time of an event: they are spread over two hours.
fn time_ms(version: u64) -> i64 {
    NOW_MS - 7_200_000 + i64::try_from(version).unwrap() * 2_400
}

/// The order with a crowd of events, of which some history is gone and some was not read.
fn crowd() -> Snapshot {
    let sample = order::events()[0].clone();
    let event = |version: u64| EventRow {
        version,
        log_time_ms: time_ms(version),
        timestamp_ms: time_ms(version),
        problems: if PROBLEMS.contains(&version) {
            [EventProblem::Undecodable].into()
        } else {
            Arc::default()
        },
        ..sample.clone()
    };
    let events: Arc<[EventRow]> = (1..=EVENTS).map(event).collect();
    let mark = |event: &EventRow| LaneMark {
        time_ms: event.log_time_ms,
        version: event.version,
        hue: event_hue(&event.event_type),
        hollow: false,
        problem: !event.problems.is_empty(),
    };
    let span = |from_ms, to_ms, reason, detail: &str| UnknownSpan {
        from_ms,
        to_ms,
        reason,
        detail: detail.into(),
    };
    let deleted = "order-events-2 starts at offset 1200: older records were deleted";
    let not_read = "order-events-4 was read up to offset 900 of 2400";
    let unknown = [
        span(i64::MIN, time_ms(400), UnknownReason::Deleted, deleted),
        span(time_ms(2_700), i64::MAX, UnknownReason::NotRead, not_read),
    ];
    let crowded = Lane {
        unknown: unknown.into(),
        ..Lane::new(order::topic(), events.iter().map(mark).collect())
    };
    let few = events.iter().step_by(400).map(mark).collect();
    let view = EntityView {
        events: Fetch::Ready(events),
        lanes: Arc::new([crowded, Lane::new("payment-events".into(), few)]),
        ..order::view(6)
    };
    Snapshot { entity_views: vec![Arc::new(view)], ..scenes::entity(6) }
}

/// Brings the order to the front.
fn show_order(test: &mut Test) {
    test.key(Modifiers::COMMAND, Key::K);
    test.type_text("order-1042");
    test.key(Modifiers::NONE, Key::Enter);
    test.take_sent();
}

/// Where the clock was set to, in milliseconds.
fn clock_ms(sent: &[Command]) -> Option<i64> {
    match sent {
        [Command::Clock(ClockCommand::Set(ClockPoint::Record { time_ms, .. }))] => Some(*time_ms),
        _ => None,
    }
}

#[test]
fn problems_in_a_crowd_are_reached_by_keys_and_by_a_button() {
    let mut test = open(crowd());
    show_order(&mut test);
    let [first, last] = PROBLEMS;
    test.key(Modifiers::NONE, Key::N);
    assert_eq!(clock_ms(&test.take_sent()), Some(time_ms(first)));
    test.key(Modifiers::SHIFT, Key::N);
    assert_eq!(clock_ms(&test.take_sent()), Some(time_ms(last)), "around the end");
    test.press("2 problems: to the next one");
    assert_eq!(clock_ms(&test.take_sent()), Some(time_ms(first)));
}

#[test]
fn what_is_unknown_is_told_in_words() {
    let mut test = open(crowd());
    show_order(&mut test);
    assert!(test.shows("older records were deleted"), "what retention took");
    assert!(test.shows("was read up to offset 900 of 2400"), "what was not read");
    test.assert_idle("hatched lanes");
}

#[test]
fn pictures_of_hatched_lanes() {
    let sizes = [Vec2::new(640.0, 400.0), Vec2::new(1280.0, 800.0), Vec2::new(2560.0, 1440.0)];
    for (theme, name) in [(Theme::Dark, "dark"), (Theme::Light, "light")] {
        for size in sizes {
            let mut test = open_as(crowd(), theme, size);
            show_order(&mut test);
            test.picture(&format!("hatched-{}-{name}", size.x));
        }
    }
}
