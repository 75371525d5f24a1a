//! Links and bookmarks in the window, and what a verdict rests on.
//!
//! Promises: what is asked of the workspace, and what reaches the clipboard, is asserted.
//! Does not know: how links are followed (`engine`).

use std::sync::Arc;

use egui::{Key, Modifiers, OutputCommand};
use egui_kittest::kittest::Queryable as _;
use foldback::kafka::Watermarks;
use foldback::model::{Completeness, TopicPartition, Verdict};
use foldback::workspace::{
    Bookmark, Command, ConnectionInfo, ConnectionState, CoverageOf, CoverageView, Link, Linked,
    LinkedPlace, MissingSpan, PartitionCoverage, Snapshot, StartPosition,
};

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

/// The order at a version, on a cluster that lasts.
fn lasting(version: u64) -> Snapshot {
    let info = ConnectionInfo {
        name: "localhost:9092".into(),
        brokers: "localhost:9092".into(),
        cluster_id: Some("c-1".into()),
        broker_count: 1,
        production: false,
        embedded: false,
        trouble: None,
    };
    let connection = ConnectionState::Connected(Arc::new(info));
    Snapshot { connection, ..scenes::entity(version) }
}

#[test]
fn a_link_to_what_is_in_front_is_copied_and_leads_back_to_it() {
    let mut test = open(lasting(6));
    go_to(&mut test, "order-1042");
    test.key(Modifiers::COMMAND, Key::K);
    test.type_text("Copy link");
    let enter = egui::Event::Key {
        key: Key::Enter,
        physical_key: None,
        pressed: true,
        repeat: false,
        modifiers: Modifiers::NONE,
    };
    test.event(enter);
    let link = (0..8).find_map(|_| {
        test.step();
        copied(&test)
    });
    let link = link.expect("a link is copied");
    let read = Link::parse(&link).unwrap();
    assert_eq!(read.place, Some(LinkedPlace::Entity(order::key())));
    assert_eq!((read.at.clone(), read.cluster.id.as_deref()), (order::point(6), Some("c-1")));
    test.run();
    test.take_sent();
    go_to(&mut test, &link);
    let sent = test.take_sent();
    let followed =
        sent.iter().any(|command| matches!(command, Command::OpenLink(link) if **link == read));
    assert!(followed, "{sent:?}");
}

#[test]
fn what_a_link_led_to_is_opened_once() {
    let mut test = open(lasting(6));
    let place = LinkedPlace::Entity(order::key());
    let linked = Some(Arc::new(Linked { number: 1, place }));
    let led = Snapshot { linked, ..lasting(6) };
    test.take_sent();
    test.publish(led.clone());
    let opened = |sent: &[Command]| {
        sent.iter()
            .any(|command| matches!(command, Command::OpenEntity(key) if *key == order::key()))
    };
    let sent = test.take_sent();
    assert!(opened(&sent), "{sent:?}");
    test.key(Modifiers::COMMAND, Key::W);
    test.take_sent();
    test.publish(led);
    assert!(!opened(&test.take_sent()), "it stays closed");
}

#[test]
fn a_bookmark_is_given_a_name_and_a_note() {
    let mut test = open(scenes::busy());
    go_to(&mut test, "Bookmarks");
    let label = scenes::busy().bookmarks[0].label.clone();
    test.get_by_label(&label).click_secondary();
    test.run();
    test.press("Name and note");
    test.picture("bookmark");
    test.take_sent();
    test.type_text("the end of it");
    test.press("Keep");
    let sent = test.take_sent();
    let changed = sent.iter().find_map(|command| match command {
        Command::ChangeBookmark(0, Bookmark { label, note, .. }) => Some((label, note)),
        _ => None,
    });
    let (name, note) = changed.unwrap_or_else(|| panic!("{sent:?}"));
    assert!(name.contains("the end of it"), "{name}");
    assert_eq!(note, "the stock ran out");
}

/// What was read of the order.
fn coverage() -> CoverageView {
    let missing = vec![
        MissingSpan { from: 0, to: 12, why: "deleted by retention", is_loss: true },
        MissingSpan { from: 20, to: 21, why: "aborted transactions", is_loss: false },
    ];
    let partition = PartitionCoverage {
        partition: TopicPartition::new("order-events", 3),
        bounds: Some(Watermarks { low: 12, high: 81_205, last_stable: 81_205 }),
        read: Some((12, 81_205)),
        records: 81_100,
        missing,
        missing_more: 0,
    };
    let verdict = Completeness { verdict: Verdict::CompleteSince, ..Completeness::default() };
    CoverageView {
        of: CoverageOf::Entity(order::key()),
        completeness: Some(Arc::new(verdict)),
        partitions: Arc::new([partition]),
        begun_ms: Some(1_795_428_900_000),
        seen_ms: 1_795_428_901_000,
        start: Some(StartPosition::Oldest(None)),
        settings: Arc::new([("Isolation".into(), "committed records".into())]),
    }
}

#[test]
fn a_click_on_the_verdict_shows_what_it_rests_on() {
    let mut test = on_entity(6);
    let verdict = test.query_all_by_label_contains("complete").next();
    verdict.expect("a verdict").click();
    test.run();
    let sent = test.take_sent();
    let asked = matches!(&sent[..], [Command::ShowCoverage(CoverageOf::Entity(key))] if *key == order::key());
    assert!(asked, "{sent:?}");
    test.publish(Snapshot { coverage: Some(Arc::new(coverage())), ..scenes::entity(6) });
    for words in [
        "What was read for order-1042",
        "Everything that is left has been read; older records are gone",
        "offsets 0 – 11: deleted by retention",
        "offset 20: aborted transactions, which is no loss",
        "committed records",
    ] {
        assert!(test.shows(words), "{words}");
    }
    test.picture("coverage");
    test.assert_idle("coverage");
    test.key(Modifiers::NONE, Key::Escape);
    assert!(!test.shows("What was read for"), "it closes");
}
