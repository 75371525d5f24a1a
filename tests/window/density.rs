//! How much of an entity fits a small screen.
//!
//! Promises: a row counts only when all of it lies above the clock bar.
//! Does not know: what the rows say.

use std::sync::Arc;

use egui::{Key, Modifiers, Rect};
use egui_kittest::kittest::Queryable as _;
use foldback::model::{ChangeKind, JsonPointer};
use foldback::workspace::{
    EntityAt, EntityView, EventRow, Fetch, Lane, Snapshot, StateRow, TreeRow, ValueKind,
};

use crate::harness::{Test, Use as _, open};
use crate::{order, scenes};

/// How many events, fields and lanes a window of 1280 × 800 points shows.
const EVENTS: u64 = 12;
/// The same for fields of the state.
const FIELDS: usize = 20;
/// The same for lanes.
const LANES: usize = 6;

/// An entity of so many events, fields and lanes, and a marked field.
fn crowded() -> Snapshot {
    let mut snapshot = scenes::entity(6);
    let view = order::view(6);
    let sample = order::events()[0].clone();
    let events: Arc<[EventRow]> =
        (1..=EVENTS).map(|version| EventRow { version, ..sample.clone() }).collect();
    let field = |index: usize| StateRow {
        tree: TreeRow {
            depth: 0,
            path: JsonPointer::root().member(&format!("field-{index:02}")),
            name: format!("field-{index:02}").into(),
            kind: ValueKind::Number,
            text: index.to_string().into(),
            value: (index as u64).into(),
            descendants: 0,
        },
        changed: index.is_multiple_of(5).then_some(ChangeKind::Replace),
        written_by: Some(6),
        written_by_type: "OrderShipped".into(),
        previous: None,
    };
    let at = EntityAt { rows: (0..FIELDS).map(field).collect(), ..(*order::at(6)).clone() };
    let lane =
        |index: usize| Lane { label: format!("lane-{index}").into(), ..view.lanes[0].clone() };
    snapshot.entity_views = vec![Arc::new(EntityView {
        events: Fetch::Ready(events),
        lanes: (0..LANES).map(lane).collect(),
        group_markers: Arc::default(),
        at: Some(Arc::new(at)),
        selected_path: None,
        ..view
    })];
    snapshot
}

/// Where what has this name was drawn.
fn place(test: &Test, name: &str) -> Rect {
    test.query_all_by_label_contains(name)
        .next()
        .unwrap_or_else(|| panic!("nothing is called {name:?}"))
        .rect()
}

#[test]
fn a_window_of_1280_by_800_shows_12_events_20_fields_and_6_lanes_without_scrolling() {
    let mut test = open(crowded());
    test.key(Modifiers::COMMAND, Key::K);
    test.type_text("order-1042");
    test.key(Modifiers::NONE, Key::Enter);
    let bottom = test.get_by_label("Play").rect().top();
    let names = (1..=EVENTS)
        .map(|version| format!("v{version} OrderCreated"))
        .chain((0..FIELDS).map(|index| format!("field-{index:02} {index}")))
        .chain((0..LANES).map(|index| format!("lane-{index}, 7 events")));
    for name in names {
        let rect = place(&test, &name);
        assert!(rect.bottom() <= bottom, "{name} ends at {} and not above {bottom}", rect.bottom());
    }
    test.picture("density");
}
