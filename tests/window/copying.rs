//! Copying in the window: by keys, from menus, from the palette.
//!
//! Promises: what reaches the clipboard is asserted, and that it is said.
//! Does not know: the system's clipboard (`real_window`).

use std::sync::Arc;

use egui::{Event, Key, Modifiers, OutputCommand};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use foldback::model::JsonPointer;
use foldback::workspace::{Command, Copied, CopyForm, CopyWhat, EntityView, Snapshot};

use crate::behaviour::{go_to, on_entity};
use crate::harness::{Test, Use as _, open};
use crate::{order, scenes};

/// What this frame put into the clipboard.
fn copied(test: &Test) -> Option<String> {
    test.output().platform_output.commands.iter().find_map(|command| match command {
        OutputCommand::CopyText(text) => Some(text.clone()),
        _ => None,
    })
}

/// The sign for copying, as the window system sends it, and what it copied.
fn ctrl_c(test: &mut Test) -> Option<String> {
    test.event(Event::Copy);
    test.step();
    copied(test)
}

/// What was asked to be copied.
fn asked(test: &mut Test) -> Vec<(CopyWhat, CopyForm)> {
    let sent = test.take_sent().into_iter();
    let copies = sent.filter_map(|command| match command {
        Command::Copy(what, form) => Some((what, form)),
        _ => None,
    });
    copies.collect()
}

/// Opens the menu of what has this name, and what can be copied of it.
fn open_copy_menu(test: &mut Test, name: &str) {
    test.get_by_label(name).click_secondary();
    test.run();
    test.get_by_label("Copy").hover();
    test.run();
}

/// The press of a key, without its release, which would be a frame of its own.
fn press(test: &mut Test, modifiers: Modifiers, key: Key) {
    let press = Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers };
    test.event(press);
    test.step();
}

/// The row of an event in the table.
fn row<'t>(test: &'t Test, name: &'t str) -> egui_kittest::Node<'t> {
    test.get_by_role_and_label(egui::Role::Row, name)
}

/// The order with this field chosen.
fn with_field(path: &str) -> Snapshot {
    let snapshot = scenes::entity(6);
    let selected_path = JsonPointer::parse(path);
    let view = EntityView { selected_path, ..(*snapshot.entity_views[0]).clone() };
    Snapshot { entity_views: vec![Arc::new(view)], ..snapshot }
}

#[test]
fn ctrl_c_copies_the_chosen_field_and_says_so() {
    let mut test = on_entity(6);
    test.press("currency \"EUR\"");
    test.publish(with_field("/currency"));
    assert_eq!(ctrl_c(&mut test).as_deref(), Some("EUR"), "without its quotes");
    test.run();
    assert!(test.shows("Copied value"), "said");
    press(&mut test, Modifiers::COMMAND | Modifiers::SHIFT, Key::C);
    assert_eq!(copied(&test).as_deref(), Some("\"EUR\""), "as JSON");
}

#[test]
fn a_field_offers_its_value_its_path_and_both() {
    let expected = [
        ("Value", "EUR"),
        ("Value as JSON", "\"EUR\""),
        ("Path", "/currency"),
        ("Path and value", "/currency = \"EUR\""),
    ];
    for (entry, text) in expected {
        let mut test = on_entity(6);
        open_copy_menu(&mut test, "currency \"EUR\"");
        test.picture("copy-field");
        let entry = test.get_all_by_role(egui::Role::Button).find(|button| {
            let label = button.accesskit_node().label().unwrap_or_default();
            label == entry || label.starts_with(&format!("{entry} Ctrl"))
        });
        entry.unwrap().click_accesskit();
        test.step();
        assert_eq!(copied(&test).as_deref(), Some(text));
    }
}

#[test]
fn an_event_is_copied_whole_by_the_workspace_and_said_when_it_is_there() {
    let mut test = on_entity(7);
    row(&test, "v6 OrderShipped").click();
    test.run();
    test.take_sent();
    assert_eq!(ctrl_c(&mut test), None, "the workspace has it whole");
    let events = |versions: &[u64]| CopyWhat::Events(order::key(), versions.to_vec());
    assert_eq!(asked(&mut test), [(events(&[7]), CopyForm::Text)], "where the clock stands");
    let text = Copied { number: 1, what: "1 event".into(), text: "v7 …".into() };
    test.state_mut().publish(Snapshot { copied: Some(Arc::new(text)), ..scenes::entity(7) });
    test.step();
    assert_eq!(copied(&test).as_deref(), Some("v7 …"));
    test.run();
    assert!(test.shows("Copied 1 event"));
    assert_eq!(copied(&test), None, "once");
}

#[test]
fn several_events_are_picked_with_shift_and_ctrl_and_copied_together() {
    let mut test = on_entity(7);
    row(&test, "v2 ItemAdded").click();
    test.run();
    test.publish(scenes::entity(2));
    test.take_sent();
    let click = |test: &mut Test, name: &str, modifiers| {
        row(test, name).click_modifiers(modifiers);
        test.run();
    };
    click(&mut test, "v4 PaymentReceived", Modifiers::SHIFT);
    click(&mut test, "v6 OrderShipped", Modifiers::COMMAND);
    assert!(test.take_sent().is_empty(), "picking leaves the clock where it is");
    test.picture("copy-picked");
    ctrl_c(&mut test);
    let picked = CopyWhat::Events(order::key(), vec![2, 3, 4, 6]);
    assert_eq!(asked(&mut test), [(picked, CopyForm::Text)]);
}

#[test]
fn records_are_picked_with_shift_and_copied_in_the_order_they_are_shown() {
    let mut test = open(scenes::topic_read());
    go_to(&mut test, "order-events");
    test.key(Modifiers::NONE, Key::J);
    test.take_sent();
    let rows: Vec<String> = test
        .query_all_by_role(egui::Role::Row)
        .filter_map(|row| row.accesskit_node().label())
        .take(3)
        .collect();
    test.get_by_label(&rows[0]).click();
    test.run();
    test.get_by_label(&rows[2]).click_modifiers(Modifiers::SHIFT);
    test.run();
    test.take_sent();
    test.picture("copy-records");
    ctrl_c(&mut test);
    let copies = asked(&mut test);
    let [(CopyWhat::Records(records), CopyForm::Text)] = &copies[..] else { panic!("{copies:?}") };
    assert_eq!(records.len(), 3);
    for (record, row) in records.iter().zip(&rows) {
        assert!(row.starts_with(&record.to_string()), "{record} is {row}");
    }
}

#[test]
fn the_palette_copies_state_diff_address_and_history() {
    let mut test = on_entity(6);
    let copies = |test: &mut Test, command: &str| {
        test.key(Modifiers::COMMAND, Key::K);
        test.type_text(command);
        press(test, Modifiers::NONE, Key::Enter);
        copied(test)
    };
    assert_eq!(copies(&mut test, "Copy state").as_deref(), Some(&*order::at(6).json));
    assert!(copies(&mut test, "Copy diff").unwrap().contains("~ /status"));
    let address = copies(&mut test, "Copy address").unwrap();
    assert!(address.starts_with("order-events-"), "{address}");
    test.take_sent();
    copies(&mut test, "Copy history");
    assert_eq!(asked(&mut test), [(CopyWhat::Events(order::key(), Vec::new()), CopyForm::Json)]);
}

#[test]
fn where_nothing_is_chosen_copying_says_so() {
    let mut test = open(scenes::connected());
    assert_eq!(ctrl_c(&mut test), None);
    test.run();
    assert!(test.shows("Nothing is chosen"));
}
