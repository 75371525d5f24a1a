//! Records that are hard to show: very large, not decodable, without a text for a key, from the
//! future.
//!
//! Promises: each is said in words on whatever part of the record is in front, and draws no more
//! than can be seen.
//! Does not know: how records are decoded.

use std::fmt::Write as _;
use std::sync::Arc;

use egui::{Role, Theme, Vec2};
use egui_kittest::kittest::Queryable as _;
use foldback::model::{DecodedKind, EntityId, JsonPointer};
use foldback::workspace::{RecordDetail, Snapshot, TopicView, TreeRow, ValueKind};

use crate::harness::{Test, Use as _, open_as};
use crate::order::{self, NOW_MS};
use crate::scenes;

/// The parts of a record.
const TABS: [&str; 5] = ["Value", "Headers", "Raw", "Hex", "Facts"];

/// The topic with this record chosen.
fn inspected(record: RecordDetail) -> Snapshot {
    Snapshot { inspected: Some(Arc::new(record)), ..scenes::topic_read() }
}

/// A window on the topic with this record chosen.
fn show(record: RecordDetail) -> Test {
    show_as(record, Theme::Dark, Vec2::new(1280.0, 800.0))
}

/// The same with this theme and size.
fn show_as(record: RecordDetail, theme: Theme, size: Vec2) -> Test {
    let mut test = open_as(inspected(record), theme, size);
    test.press("order-events");
    test
}

/// The part of the record with this name.
fn tab(test: &mut Test, name: &str) {
    let part = test.query_all_by_label(name).next_back();
    part.unwrap_or_else(|| panic!("no part is called {name}")).click();
    test.run();
}

/// A record whose value is one line of JSON of more than two megabytes.
fn huge() -> RecordDetail {
    let mut text = String::from("{");
    let lines: Arc<[TreeRow]> = (0..60_000_usize)
        .map(|index| {
            let name = format!("member-{index:05}");
            let value = format!("\"value number {index} of many\"");
            write!(text, "\"{name}\":{value},").unwrap();
            TreeRow {
                depth: 0,
                path: JsonPointer::root().member(&name),
                name: name.into(),
                kind: ValueKind::String,
                value: value.trim_matches('"').into(),
                text: value.into(),
                descendants: 0,
            }
        })
        .collect();
    text.push_str("\"end\":0}");
    assert!(text.len() > 2_000_000, "{} bytes", text.len());
    RecordDetail {
        value: Some(text.as_bytes().into()),
        text: Some(text.into()),
        tree: lines,
        ..(*order::record(6)).clone()
    }
}

/// A record that is no JSON where JSON is expected.
fn undecodable() -> RecordDetail {
    let bytes: Arc<[u8]> = b"<order id=\"1042\"/>"[..].into();
    RecordDetail {
        text: std::str::from_utf8(&bytes).ok().map(Into::into),
        value: Some(bytes),
        tree: Arc::default(),
        decoded_as: DecodedKind::Text,
        failure: Some("expected a value at line 1 column 1".into()),
        ..(*order::record(6)).clone()
    }
}

/// A record with bytes for a key that are no text.
fn binary_key() -> RecordDetail {
    let key: Arc<[u8]> = [0x00, 0xff, 0x10, 0x42, 0x9c].into();
    let entity = Some(EntityId::new(&key));
    RecordDetail { key: Some(key), entity, ..(*order::record(6)).clone() }
}

/// A record without a key.
fn null_key() -> RecordDetail {
    RecordDetail { key: None, entity: None, ..(*order::record(6)).clone() }
}

/// A record whose timestamp lies two days in the future.
fn from_the_future() -> RecordDetail {
    let record = order::record(6);
    let timestamp_ms = record.log_time_ms + 2 * 86_400_000;
    RecordDetail { timestamp_ms, implausible_time: true, ..(*record).clone() }
}

#[test]
fn a_value_of_two_megabytes_draws_what_can_be_seen_in_every_part() {
    let mut test = show(huge());
    for name in TABS {
        tab(&mut test, name);
        let drawn = test.query_all_by_role(Role::ListItem).count();
        assert!(drawn < 120, "{name} lays out {drawn} lines");
        test.assert_idle(name);
    }
    tab(&mut test, "Raw");
    assert!(test.shows("2.4 MiB") || test.shows("MiB"), "how large it is");
    assert!(test.shows("{\"member-00000\":"), "its beginning");
}

#[test]
fn a_value_that_could_not_be_decoded_says_so_wherever_one_looks() {
    let mut test = show(undecodable());
    for name in TABS {
        tab(&mut test, name);
        let words = "Could not be decoded: expected a value at line 1 column 1";
        assert!(test.shows(words), "{name} does not say why");
    }
    tab(&mut test, "Value");
    assert!(test.shows("<order id="), "as it stood");
}

#[test]
fn keys_that_are_null_or_no_text_are_told_in_words() {
    let mut test = show(null_key());
    tab(&mut test, "Facts");
    assert!(test.shows("no key, so no entity"), "a null key");
    tab(&mut test, "Hex");
    tab(&mut test, "of the key");
    assert!(test.shows("Null key"), "nothing to show, and why");
    let mut test = show(binary_key());
    tab(&mut test, "Facts");
    assert!(test.shows("0x00ff10429c"), "its figures");
    assert!(test.shows("no text: 5 bytes"), "what they are");
    tab(&mut test, "Hex");
    tab(&mut test, "of the key");
    assert!(test.shows("bytes from 0"), "its bytes");
}

#[test]
fn a_timestamp_from_the_future_is_pointed_out() {
    let mut test = show(from_the_future());
    for name in TABS {
        tab(&mut test, name);
        assert!(test.shows("lies in the future, 2 d 0 h after the log time"), "{name}");
    }
    let mut snapshot = scenes::topic_read();
    let mut topic: TopicView = (*snapshot.topic_views[0]).clone();
    let mut rows = topic.rows.to_vec();
    let last = rows.len() - 1;
    rows[last].timestamp_ms = NOW_MS + 86_400_000;
    rows[last].implausible_time = true;
    topic.rows = rows.into();
    snapshot.topic_views = vec![Arc::new(topic)];
    let mut test = open_as(snapshot, Theme::Dark, Vec2::new(1280.0, 800.0));
    test.press("order-events");
    test.picture("future-row-dark");
    assert!(test.shows("from the future"), "marked in the table");
}

#[test]
fn pictures_of_records_that_are_hard_to_show() {
    let records = [
        ("huge", huge(), ["Value", "Raw"]),
        ("undecodable", undecodable(), ["Value", "Facts"]),
        ("binary-key", binary_key(), ["Facts", "Hex"]),
        ("null-key", null_key(), ["Facts", "Hex"]),
        ("future", from_the_future(), ["Value", "Facts"]),
    ];
    for (theme, theme_name) in [(Theme::Dark, "dark"), (Theme::Light, "light")] {
        for (name, record, tabs) in &records {
            let mut test = show_as(record.clone(), theme, Vec2::new(1280.0, 800.0));
            for part in tabs {
                tab(&mut test, part);
                test.picture(&format!("record-{name}-{part}-{theme_name}"));
            }
        }
    }
}
