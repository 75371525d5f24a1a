//! Exports in the window: from the palette, from buttons, with a file that is typed.
//!
//! Promises: what is asked of the workspace is asserted.
//! Does not know: how files are written (`engine`, `cli_save`).

use egui::{Key, Modifiers};
use foldback::evidence::save::{SaveFormat, SaveTo};
use foldback::workspace::{Command, SaveOf};

use crate::behaviour::{go_to, on_entity};
use crate::harness::{Test, Use as _, open};
use crate::{order, scenes};

/// What was asked to be saved.
fn asked(test: &mut Test) -> Vec<(SaveOf, SaveTo)> {
    let sent = test.take_sent().into_iter();
    let saved = sent.filter_map(|command| match command {
        Command::Save(of, to) => Some((of, to)),
        _ => None,
    });
    saved.collect()
}

/// Where this is saved.
fn to(path: &str, format: SaveFormat, overwrite: bool) -> SaveTo {
    SaveTo { path: path.into(), format, overwrite }
}

#[test]
fn a_history_is_exported_by_keys_alone_under_the_name_that_is_there() {
    let mut test = on_entity(6);
    go_to(&mut test, "Export history");
    assert!(test.shows("Export the history of order-1042"));
    test.picture("export");
    test.key(Modifiers::NONE, Key::Enter);
    let expected = to("order-1042-history.csv", SaveFormat::Csv, false);
    assert_eq!(asked(&mut test), [(SaveOf::History(order::key()), expected)]);
    assert!(!test.shows("Export the history"), "it closes");
}

#[test]
fn form_name_and_what_may_be_replaced_are_chosen_beside_each_other() {
    let mut test = on_entity(6);
    test.press("Export");
    test.press("Export every state…");
    test.press("Markdown");
    test.press("Replace a file that is there");
    test.press_export();
    let expected = to("order-1042-states.md", SaveFormat::Markdown, true);
    assert_eq!(asked(&mut test), [(SaveOf::States(order::key()), expected)]);
}

#[test]
fn the_records_of_a_topic_are_exported_and_nothing_is_where_there_are_none() {
    let mut test = open(scenes::topic_read());
    go_to(&mut test, "Export records");
    assert!(test.shows("Nothing is in front that could be exported so"));
    go_to(&mut test, "order-events");
    test.press("Export records…");
    test.press("JSON Lines");
    test.press_export();
    let expected = to("order-events-records.jsonl", SaveFormat::JsonLines, false);
    assert_eq!(asked(&mut test), [(SaveOf::Records("order-events".into()), expected)]);
    test.press("Export records…");
    test.press("Cancel");
    assert_eq!(asked(&mut test), []);
}

/// The button that exports.
trait PressExport {
    /// Presses it.
    fn press_export(&mut self);
}

impl PressExport for Test {
    fn press_export(&mut self) {
        use egui_kittest::kittest::Queryable as _;
        // The last thing of this name: the form stands over the window.
        let button = self.query_all_by_label("Export").last();
        button.unwrap_or_else(|| panic!("nothing exports")).click();
        self.run();
    }
}
