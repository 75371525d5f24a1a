//! Taking back and going back in the window.
//!
//! Promises: what is sent to bring something back is asserted.
//! Does not know: how changes are kept (`workspace::undo`).

use std::sync::Arc;

use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;
use foldback::workspace::{
    ClockCommand, Command, RecordFilter, Snapshot, StartPosition, TopicView,
};

use crate::behaviour::{go_to, on_entity};
use crate::harness::{Test, Use as _, open};
use crate::{order, scenes};

/// Ctrl and Shift.
const CTRL_SHIFT: Modifiers = Modifiers::COMMAND.plus(Modifiers::SHIFT);

/// The moves of the clock that were sent.
fn clock_moves(test: &mut Test) -> Vec<ClockCommand> {
    let sent = test.take_sent().into_iter();
    let moves = sent.filter_map(|command| match command {
        Command::Clock(ClockCommand::Pause) => None,
        Command::Clock(command) => Some(command),
        _ => None,
    });
    moves.collect()
}

#[test]
fn the_clock_goes_back_to_where_it_stood_and_forward_again() {
    let mut test = on_entity(6);
    test.press("v2 ItemAdded");
    assert_eq!(clock_moves(&mut test), [ClockCommand::Set(order::point(2))]);
    test.publish(scenes::entity(2));
    test.key(Modifiers::COMMAND, Key::Z);
    let back = clock_moves(&mut test);
    assert_eq!(back, [ClockCommand::Set(scenes::entity(6).clock.at)]);
    test.publish(scenes::entity(6));
    test.key(CTRL_SHIFT, Key::Z);
    assert_eq!(clock_moves(&mut test), [ClockCommand::Set(scenes::entity(2).clock.at)]);
    test.publish(scenes::entity(2));
    test.key(CTRL_SHIFT, Key::Z);
    assert!(clock_moves(&mut test).is_empty(), "there is no more");
}

/// The topic with this filter.
fn filtered(text: &str) -> Snapshot {
    let snapshot = scenes::topic_read();
    let filter = RecordFilter { text: text.to_owned(), ..RecordFilter::default() };
    let view = TopicView { filter, ..(*snapshot.topic_views[0]).clone() };
    Snapshot { topic_views: vec![Arc::new(view)], ..snapshot }
}

#[test]
fn a_filter_is_taken_back_outside_of_its_field_and_its_text_within() {
    let mut test = open(scenes::topic_read());
    go_to(&mut test, "order-events");
    let before = scenes::topic_read().topic_views[0].filter.text.clone();
    test.key(Modifiers::NONE, Key::Slash);
    test.type_text("kettle");
    test.publish(filtered("kettle"));
    test.take_sent();
    test.key(Modifiers::COMMAND, Key::Z);
    let within = test.take_sent();
    let sets = |command: &Command| matches!(command, Command::SetFilter(..));
    assert!(within.iter().filter(|command| sets(command)).count() <= 1, "{within:?}");
    test.publish(filtered("kettle"));
    test.press("Newest first");
    test.take_sent();
    test.key(Modifiers::COMMAND, Key::Z);
    let sent = test.take_sent();
    let brought = sent
        .iter()
        .any(|command| matches!(command, Command::SetFilter(_, filter) if filter.text == before));
    assert!(brought, "{sent:?}");
    assert!(test.shows("Undone: filter of order-events"), "said");
}

#[test]
fn a_closed_tab_is_opened_again_as_it_was() {
    for keys in [(CTRL_SHIFT, Key::T), (Modifiers::COMMAND, Key::Z)] {
        let mut test = open(filtered("kettle"));
        go_to(&mut test, "order-events");
        test.key(Modifiers::COMMAND, Key::W);
        assert!(!test.shows("Tab order-events"), "closed");
        test.take_sent();
        test.key(keys.0, keys.1);
        assert!(test.shows("Tab order-events"), "open again");
        let sent = test.take_sent();
        let read = sent.iter().any(|command| {
            matches!(command, Command::Read(topic, StartPosition::Newest(_)) if **topic == *"order-events")
        });
        let filter = sent.iter().any(
            |command| matches!(command, Command::SetFilter(_, filter) if filter.text == "kettle"),
        );
        assert!(read && filter, "{sent:?}");
    }
}

#[test]
fn a_tab_that_was_opened_again_is_closed_again_by_redo() {
    let mut test = on_entity(6);
    test.key(Modifiers::COMMAND, Key::W);
    test.key(Modifiers::COMMAND, Key::Z);
    assert!(test.shows("Tab order-1042"));
    test.key(CTRL_SHIFT, Key::Z);
    assert!(!test.shows("Tab order-1042"));
}

#[test]
fn alt_and_arrows_go_back_and_forward_through_tabs_as_a_browser_does() {
    let mut test = open(scenes::entity(6));
    go_to(&mut test, "order-events");
    go_to(&mut test, "order-1042");
    let on_order = |test: &Test| test.query_all_by_label("Compare").next().is_some();
    assert!(on_order(&test));
    test.key(Modifiers::ALT, Key::ArrowLeft);
    assert!(!on_order(&test), "back at the topic");
    test.key(Modifiers::ALT, Key::ArrowRight);
    assert!(on_order(&test), "forward again");
    test.key(Modifiers::COMMAND, Key::W);
    test.key(Modifiers::ALT, Key::ArrowLeft);
    assert!(on_order(&test), "a closed tab opens again");
}

#[test]
fn the_navigator_that_was_hidden_and_the_size_of_text_come_back() {
    let mut test = on_entity(6);
    test.key(Modifiers::COMMAND, Key::B);
    assert!(!test.shows("Filter topics"), "hidden");
    test.key(Modifiers::COMMAND, Key::Z);
    assert!(test.shows("Filter topics"), "back");
    assert!(test.shows("Undone: layout"), "said");
}

#[test]
fn where_nothing_was_changed_undo_says_so() {
    let mut test = open(scenes::connected());
    test.key(Modifiers::COMMAND, Key::Z);
    assert!(test.shows("Nothing to undo"));
    test.key(Modifiers::ALT, Key::ArrowLeft);
    assert!(test.shows("This is the first tab"));
}
