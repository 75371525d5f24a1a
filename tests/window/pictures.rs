//! A picture of every view in both themes, each of them still.
//!
//! Promises: a view that asks for a repaint while nothing happens fails here.
//! Does not know: what a picture must look like; people look at them.

use egui::{Key, Modifiers, Theme, Vec2};

use crate::harness::{Test, Use as _, open_as};
use crate::scenes;
use foldback::workspace::Snapshot;

/// The size of the pictures.
const SIZE: Vec2 = Vec2::new(1280.0, 800.0);

/// Draws a view in both themes after doing something in the window.
fn draw(name: &str, snapshot: fn() -> Snapshot, prepare: fn(&mut Test)) {
    for (theme, theme_name) in [(Theme::Dark, "dark"), (Theme::Light, "light")] {
        let mut test = open_as(snapshot(), theme, SIZE);
        prepare(&mut test);
        test.picture(&format!("{name}-{theme_name}"));
        test.assert_idle(name);
    }
}

#[test]
fn the_start_page() {
    draw("start", scenes::disconnected, |_| {});
    draw("start-check", scenes::failed_check, |_| {});
}

#[test]
fn a_connected_window_with_nothing_open() {
    draw("welcome", scenes::production, |_| {});
}

#[test]
fn a_topic_before_it_is_read() {
    draw("topic-start", scenes::topic_unread, |test| test.press("order-events"));
}

#[test]
fn a_topic_with_its_records() {
    draw("topic", scenes::topic_read, |test| test.press("order-events"));
    draw("topic-record", record_inspected, |test| {
        test.press("order-events");
        test.press("Event types, partitions, decoder and mapping");
    });
    draw("topic-types", scenes::topic_with_types, |test| {
        test.press("order-events");
        test.press("Event types, partitions, decoder and mapping");
    });
}

/// The topic with a record chosen.
fn record_inspected() -> Snapshot {
    Snapshot { inspected: Some(crate::order::record(6)), ..scenes::topic_read() }
}

#[test]
fn an_entity_at_the_moment_it_was_shipped() {
    draw(
        "entity",
        || scenes::entity(6),
        |test| {
            test.press("Entities");
            test.press("order-1042");
        },
    );
}

#[test]
fn consumer_groups() {
    draw("groups", scenes::groups, |test| {
        test.press("Groups");
        test.press("shop-report");
    });
}

#[test]
fn the_demo_with_its_tour() {
    draw("demo", scenes::demo, |_| {});
}

#[test]
fn the_dialogs() {
    draw(
        "palette",
        || scenes::entity(6),
        |test| {
            test.press("order-events");
            test.key(Modifiers::COMMAND, Key::K);
            test.type_text("ord");
        },
    );
    draw("keys", scenes::connected, |test| test.key(Modifiers::NONE, Key::Questionmark));
    draw("settings", scenes::connected, |test| test.key(Modifiers::COMMAND, Key::Comma));
}

#[test]
fn jobs_bookmarks_and_notices() {
    draw(
        "jobs",
        || Snapshot { notices: std::sync::Arc::default(), ..scenes::busy() },
        |test| test.press("Jobs"),
    );
    draw(
        "bookmarks",
        || Snapshot { notices: std::sync::Arc::default(), ..scenes::busy() },
        |test| test.press("Bookmarks"),
    );
}
