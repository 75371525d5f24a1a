//! Two states beside each other in the window: how a comparison is asked for, and what it shows.
//!
//! Promises: the states are those of the order, so both sides are known.
//! Does not know: how states are compared.

use std::sync::Arc;

use egui::{Key, Modifiers, Theme, Vec2};
use foldback::model::{ChangeKind, EntityId};
use foldback::workspace::{
    ChangeTally, Command, CompareRow, CompareSide, CompareView, CompareWith, EntityKey, EntityView,
    JobSubject, Snapshot,
};

use crate::harness::{Test, Use as _, open, open_as};
use crate::{order, scenes};

/// The other order.
pub(crate) fn other() -> EntityKey {
    EntityKey { entity: EntityId::new("order-1043"), ..order::key() }
}

/// A snapshot in which the order after this many events is compared.
pub(crate) fn compared(with: &CompareWith, version: u64) -> Snapshot {
    let (left, right) = (order::at(2), order::at(version));
    let row = |row: &foldback::workspace::StateRow| {
        let before = left.rows.iter().find(|before| before.tree.path == row.tree.path);
        let from = before.map(|before| Arc::clone(&before.tree.text));
        let to = Some(Arc::clone(&row.tree.text));
        let change = match &from {
            None => Some(ChangeKind::Add),
            from if row.tree.descendants == 0 && *from != to => Some(ChangeKind::Replace),
            _ => None,
        };
        let left = before.map(|before| before.tree.value.clone());
        CompareRow { tree: row.tree.clone(), left, from, to, change }
    };
    let rows: Arc<[CompareRow]> = right.rows.iter().map(row).collect();
    let differing = rows.iter().filter(|row| row.change.is_some()).cloned().collect();
    let key = match with {
        CompareWith::Entity(other) => other.clone(),
        CompareWith::Version(_) => order::key(),
    };
    let side = |key: EntityKey, version: u64| {
        let events = order::events();
        let event = events.get(usize::try_from(version).unwrap() - 1);
        CompareSide { key, version, time_ms: event.map(|event| event.log_time_ms) }
    };
    let compare = CompareView {
        from: side(order::key(), 2),
        to: side(key, version),
        changes: Arc::default(),
        tally: ChangeTally { added: 9, removed: 0, changed: 2 },
        rows,
        differing,
    };
    let view = EntityView {
        compare_with: Some(with.clone()),
        compare: Some(Arc::new(compare)),
        ..order::view(version)
    };
    Snapshot { entity_views: vec![Arc::new(view)], ..scenes::entity(version) }
}

/// Brings the order to the front.
fn show_order(test: &mut Test) {
    test.key(Modifiers::COMMAND, Key::K);
    test.type_text("order-1042");
    test.key(Modifiers::NONE, Key::Enter);
    test.take_sent();
}

#[test]
fn another_entity_is_chosen_by_keys_and_by_its_id_alone() {
    let mut test = open(scenes::entity(6));
    show_order(&mut test);
    test.key(Modifiers::SHIFT, Key::C);
    test.picture("compare-palette");
    assert!(test.shows("order-1050"), "the entities of the topic are offered");
    test.type_text("order-777");
    test.key(Modifiers::NONE, Key::Enter);
    let sent = test.take_sent();
    let wanted = EntityKey { entity: EntityId::new("order-777"), ..order::key() };
    assert!(
        matches!(&sent[..], [Command::Compare(key, Some(CompareWith::Entity(other)))]
            if *key == order::key() && *other == wanted),
        "compared: {sent:?}"
    );
}

#[test]
fn a_button_offers_every_way_to_compare() {
    let mut test = open(scenes::entity(6));
    show_order(&mut test);
    test.press("Compare");
    assert!(test.shows("Compare with entity…"), "another entity");
    test.press("Compare moments C");
    let sent = test.take_sent();
    assert!(
        matches!(&sent[..], [Command::Compare(_, Some(CompareWith::Version(6)))]),
        "pinned: {sent:?}"
    );
}

#[test]
fn a_comparison_shows_both_sides_and_ends_by_the_same_key() {
    let mut test = open(compared(&CompareWith::Version(2), 6));
    show_order(&mut test);
    assert!(test.shows("carrier , only right: \"Posten\""), "an addition");
    assert!(test.shows("9 fields only right"), "how many");
    assert!(test.shows("customer "), "what is equal");
    test.press("Differences only");
    assert!(!test.shows("customer "), "what is equal is left out");
    assert!(test.shows("status \"CREATED\", right: \"SHIPPED\""), "both values");
    test.key(Modifiers::NONE, Key::C);
    let sent = test.take_sent();
    assert!(matches!(&sent[..], [Command::Compare(_, None)]), "ended: {sent:?}");
    test.assert_idle("a comparison");
}

#[test]
fn an_entity_that_is_still_read_says_so() {
    let mut snapshot = compared(&CompareWith::Entity(other()), 6);
    let view = EntityView { compare: None, ..(*snapshot.entity_views[0]).clone() };
    let reading = scenes::job_for(JobSubject::Own, "Reading order-1043");
    let other = EntityView { key: other(), job: Some(reading.id), ..view.clone() };
    snapshot.entity_views = vec![Arc::new(view), Arc::new(other)];
    snapshot.jobs = [reading].into();
    let mut test = open(snapshot);
    show_order(&mut test);
    assert!(test.shows("Reading order-1043…"), "what is missing");
}

#[test]
fn pictures_of_comparisons() {
    let sizes = [Vec2::new(640.0, 400.0), Vec2::new(1280.0, 800.0), Vec2::new(2560.0, 1440.0)];
    for (theme, name) in [(Theme::Dark, "dark"), (Theme::Light, "light")] {
        for size in sizes {
            for (with, what) in
                [(CompareWith::Version(2), "moments"), (CompareWith::Entity(other()), "entities")]
            {
                let mut test = open_as(compared(&with, 6), theme, size);
                show_order(&mut test);
                test.picture(&format!("compare-{what}-{}-{name}", size.x));
                test.assert_idle("a comparison");
            }
        }
    }
}
