//! Consumer groups in the window: their lag, and the ways from where they stand to the records.
//!
//! Promises: what is asked of the workspace is asserted, not how it looks; people look at the
//! pictures.
//! Does not know: how lag is measured.

use egui::{Key, Modifiers, Theme, Vec2};
use foldback::workspace::{ClockCommand, Command, Snapshot, StartPosition};

use crate::harness::{Test, Use as _, open, open_as};
use crate::{order, scenes};

/// The groups' view with this group chosen.
fn on_group(group: &str) -> Test {
    let mut test = open(scenes::groups());
    test.press("Groups");
    test.press(group);
    test.take_sent();
    test
}

#[test]
fn the_chart_says_what_it_shows_and_that_one_sample_is_no_line() {
    let mut test = on_group("shop-report");
    assert!(test.shows("Lag of shop-report: now 1"), "the line in words");
    test.press("time");
    assert!(test.shows("in 60 samples"), "by time, too");
    test.assert_idle("a chart");
    let test = on_group("shop-dashboard");
    assert!(test.shows("One sample so far: 0"), "said in words");
}

#[test]
fn a_click_on_a_partition_goes_to_the_record_its_group_reads_next() {
    let mut test = on_group("shop-report");
    test.press("order-events-1 lag 388");
    let sent = test.take_sent();
    let next = 5_201 - 388;
    let shown = sent.iter().find_map(|command| match command {
        Command::InspectRecord(position) => Some((position.partition, position.offset)),
        _ => None,
    });
    assert_eq!(shown, Some((1, next)), "{sent:?}");
    assert!(test.shows("Tab order-events"), "the topic comes to the front");
    test.publish(Snapshot { inspected: Some(order::record(6)), ..scenes::groups() });
    assert!(test.shows("Not in the table"), "the record is not among those that were read");
}

#[test]
fn a_topic_of_which_nothing_was_read_is_read_from_there() {
    let mut snapshot = scenes::groups();
    snapshot.topic_views.clear();
    let mut test = open(snapshot);
    test.press("Groups");
    test.press("shop-dashboard");
    test.take_sent();
    test.press("order-events-2 lag 0");
    let sent = test.take_sent();
    let last = 5_201;
    assert!(
        sent.iter().any(|command| matches!(command,
            Command::Read(_, StartPosition::FromOffset { partition: 2, offset }) if *offset == last - 1)),
        "no record waits, so the last one committed is shown with the one before: {sent:?}"
    );
}

#[test]
fn a_marker_leads_to_the_last_event_its_group_committed() {
    let mut test = open(scenes::entity(7));
    test.key(Modifiers::COMMAND, Key::K);
    test.type_text("order-1042");
    test.key(Modifiers::NONE, Key::Enter);
    test.take_sent();
    test.press("Go to v5, the last event shop-report committed");
    let sent = test.take_sent();
    assert!(
        matches!(&sent[..], [Command::Clock(ClockCommand::Set(point))] if *point == order::point(5)),
        "{sent:?}"
    );
}

#[test]
fn pictures_of_groups() {
    let sizes = [Vec2::new(640.0, 400.0), Vec2::new(1280.0, 800.0), Vec2::new(2560.0, 1440.0)];
    for (theme, name) in [(Theme::Dark, "dark"), (Theme::Light, "light")] {
        for size in sizes {
            for group in ["shop-report", "shop-dashboard"] {
                let mut test = open_as(scenes::groups(), theme, size);
                test.key(Modifiers::COMMAND, Key::K);
                test.type_text("Consumer groups");
                test.key(Modifiers::NONE, Key::Enter);
                // The smallest window lists two groups at once.
                if size.y > 400.0 {
                    test.press(group);
                }
                test.picture(&format!("groups-{group}-{}-{name}", size.x));
                test.assert_idle("the groups");
            }
        }
    }
}
