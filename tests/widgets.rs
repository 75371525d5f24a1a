//! Widgets in use: by pointer, by keyboard, by name.
//!
//! Promises: whatever a widget does by pointer it does by keyboard too; what is not visible is not
//! drawn.
//! Does not know: views.

#[path = "gallery/sample.rs"]
mod sample;

use std::sync::Arc;

use egui::accesskit::Role;
use egui::{Event, Id, Key, Modifiers, PointerButton, Pos2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use foldback::gui::theme::{self, TimeFormat};
use foldback::gui::widgets::{PaletteState, TreeState, json_tree};
use foldback::model::JsonPointer;
use foldback::workspace::{TreeRow, ValueKind};
use sample::{Gallery, NOW_MS};

/// A window that shows one page of the gallery.
fn window(page: fn(&mut Gallery, &mut egui::Ui)) -> Harness<'static, Gallery> {
    let mut window = Harness::builder()
        .with_size([1280.0, 800.0])
        .with_max_steps(64)
        .with_step_dt(1.0 / 60.0)
        .with_context_setup(theme::apply)
        .build_ui_state(
            move |ui, gallery: &mut Gallery| page(gallery, ui),
            Gallery::new(TimeFormat::utc()),
        );
    window.run();
    window
}

/// What the user did last, as the page saw it.
fn last(window: &Harness<'_, Gallery>) -> String {
    window.state().log.last().cloned().unwrap_or_default()
}

/// The main button of the pointer, pressed or let go here.
fn button(pos: Pos2, pressed: bool) -> Event {
    Event::PointerButton {
        pos,
        button: PointerButton::Primary,
        pressed,
        modifiers: Modifiers::NONE,
    }
}

/// Clicks here.
fn click_at(window: &mut Harness<'_, Gallery>, pos: Pos2) {
    window.event(Event::PointerMoved(pos));
    window.event(button(pos, true));
    window.event(button(pos, false));
    window.run();
}

/// Presses the main button here, moves the pointer there, and lets it go.
fn drag(window: &mut Harness<'_, Gallery>, from: Pos2, to: Pos2) {
    window.event(Event::PointerMoved(from));
    window.event(button(from, true));
    window.run();
    window.event(Event::PointerMoved(from.lerp(to, 0.5)));
    window.run();
    window.event(Event::PointerMoved(to));
    window.run();
    window.event(button(to, false));
    window.run();
}

#[test]
fn a_field_of_the_state_is_chosen_by_click_and_by_arrow_and_leads_to_its_writer() {
    let mut window = window(Gallery::entity_page);
    window.get_by_label("total 129.90").click();
    window.run();
    assert_eq!(last(&window), r#"Select(JsonPointer("/total"))"#);
    window.key_press(Key::ArrowDown);
    window.run();
    assert_eq!(last(&window), r#"Select(JsonPointer("/paid"))"#);
    window.get_by_label("paid written by v4").click();
    window.run();
    assert_eq!(last(&window), "GoToVersion(4)");
}

#[test]
fn the_menu_of_a_field_leads_to_its_previous_change() {
    let mut window = window(Gallery::entity_page);
    window.get_by_label("total 129.90").click_secondary();
    window.run();
    window.get_by_label_contains("Previous change of this field").click();
    window.run();
    assert_eq!(last(&window), r#"PreviousChange(JsonPointer("/total"))"#);
}

#[test]
fn a_branch_folds_by_its_triangle_and_by_enter() {
    let mut window = window(Gallery::entity_page);
    assert!(window.query_by_label("0 3 members").is_some(), "the branch is open at first");
    window.get_by_label("Fold /items").click();
    window.run();
    assert!(window.query_by_label("0 3 members").is_none(), "the branch is folded");
    window.get_by_label("items 2 elements").click();
    window.run();
    window.key_press(Key::Enter);
    window.run();
    assert!(window.query_by_label("0 3 members").is_some(), "the branch is open again");
}

#[test]
fn a_mark_on_a_lane_is_chosen_by_its_name_and_empty_time_by_its_place() {
    let mut window = window(Gallery::entity_page);
    let marks: Vec<_> = window.get_all_by_label("v3 ItemAdded").map(|node| node.rect()).collect();
    let place = marks.first().expect("the mark is on the screen").center();
    click_at(&mut window, place);
    assert_eq!(last(&window), "chose v3 of lane 0");
    let before = window.state().clock.time_ms;
    click_at(&mut window, place + vec2(40.0, 0.0));
    assert_ne!(window.state().clock.time_ms, before);
}

#[test]
fn the_cursor_follows_a_drag_along_the_ruler_and_the_view_stays() {
    let mut window = window(Gallery::entity_page);
    let timeline = window.get_by_label("Timeline").rect();
    let ruler = timeline.left_top() + vec2(0.0, 10.0);
    drag(&mut window, ruler + vec2(300.0, 0.0), ruler + vec2(400.0, 0.0));
    let view = window.state().timeline.view().unwrap();
    let time_ms = window.state().clock.time_ms.unwrap();
    let reached = foldback::gui::timeline::TimeMap { view, x: timeline.x_range() }
        .ms_of(timeline.left() + 400.0);
    assert!((time_ms - reached).abs() <= 1, "the cursor is at {time_ms}, the pointer at {reached}");
}

#[test]
fn the_view_zooms_at_the_pointer_pans_by_drag_and_fits_by_double_click() {
    let mut window = window(Gallery::entity_page);
    let whole = window.state().timeline.view().unwrap();
    let timeline = window.get_by_label("Timeline").rect();
    let place = timeline.left_top() + vec2(timeline.width() / 4.0, 150.0);
    window.event(Event::PointerMoved(place));
    window.event(Event::Zoom(2.0));
    window.run();
    let zoomed = window.state().timeline.view().unwrap();
    assert!((zoomed.span_ms() * 2.0 - whole.span_ms()).abs() < 1.0, "twice the detail");
    let at = |view: foldback::gui::timeline::TimeView| view.from_ms() + view.span_ms() / 4.0;
    assert!(
        (at(zoomed) - at(whole)).abs() < zoomed.span_ms() / 500.0,
        "the moment under the pointer stays"
    );

    drag(&mut window, place, place + vec2(100.0, 0.0));
    let panned = window.state().timeline.view().unwrap();
    assert!(panned.from_ms() < zoomed.from_ms(), "dragging to the right shows earlier times");

    for pressed in [true, false, true, false] {
        window.event(button(place, pressed));
    }
    window.run();
    let fitted = window.state().timeline.view().unwrap();
    assert!((fitted.span_ms() - whole.span_ms()).abs() < 1.0, "all is visible again");
}

#[test]
fn the_clock_is_stepped_played_followed_and_scrubbed() {
    let mut window = window(Gallery::entity_page);
    for (name, action) in [
        ("Next event", "Next"),
        ("Previous event", "Previous"),
        ("Before the first event", "First"),
        ("Last event", "Last"),
        ("Play", "Play(0)"),
        ("Follow", "Follow"),
    ] {
        window.get_by_label(name).click();
        window.run();
        assert_eq!(last(&window), action);
    }
    window.get_by_role(Role::Slider).focus();
    window.run();
    window.key_press(Key::ArrowLeft);
    window.run();
    assert_eq!(
        window.state().clock.time_ms,
        Some(NOW_MS - 72_000),
        "a hundredth of two hours earlier"
    );
}

#[test]
fn a_time_that_is_typed_is_handed_on_and_escape_gives_up() {
    let mut window = window(Gallery::entity_page);
    window.get_by_label("Jump to time").click();
    window.run();
    window.get_by_role(Role::TextInput).type_text("14:30");
    window.key_press(Key::Enter);
    window.run();
    assert_eq!(last(&window), r#"Jump("14:30")"#);
    window.get_by_label("Jump to time").click();
    window.run();
    window.key_press(Key::Escape);
    window.run();
    assert!(window.query_by_role(Role::TextInput).is_none(), "the field is closed");
}

#[test]
fn a_row_of_a_table_is_chosen_by_click_and_arrow_and_opened_by_enter() {
    let mut window = window(Gallery::entity_page);
    window.get_by_role_and_label(Role::Row, "v2 ItemAdded").click();
    window.run();
    assert_eq!(window.state().row, Some(1));
    window.key_press(Key::ArrowDown);
    window.run();
    assert_eq!(window.state().row, Some(2));
    window.key_press(Key::Enter);
    window.run();
    assert_eq!(last(&window), "opened row 2");
}

#[test]
fn a_table_of_200_000_rows_draws_the_visible_ones_and_pages_through_them() {
    let mut window = window(Gallery::topic_page);
    assert!(window.get_all_by_role(Role::Row).count() < 40, "only visible rows are drawn");
    window.get_by_label("record 3").click();
    window.run();
    for _ in 0..4 {
        window.key_press(Key::PageDown);
        window.run();
    }
    let row = window.state().row.unwrap();
    assert!(row > 60, "four pages further is row {row}");
    assert!(window.query_by_label(&format!("record {row}")).is_some(), "the chosen row is visible");
}

#[test]
fn a_span_is_brushed_and_taken_away() {
    let mut window = window(Gallery::topic_page);
    let bars = window.get_by_label_contains("Histogram of").rect();
    let at = |share: f32| bars.left_center() + vec2(bars.width() * share, -10.0);
    drag(&mut window, at(0.25), at(0.5));
    let (from_ms, to_ms) = window.state().brush.expect("a span is chosen");
    let bars_chosen = (to_ms + 1 - from_ms) / 80_000;
    assert!((23..=24).contains(&bars_chosen), "a quarter of 90 bars, not {bars_chosen}");
    click_at(&mut window, at(0.8));
    assert_eq!(window.state().brush, None);
}

#[test]
fn a_click_on_a_key_copies_the_whole_of_it() {
    let mut window = window(Gallery::small_page);
    window.get_by_label_contains("correlation id").click();
    window.step();
    let copied = window.output().platform_output.commands.iter().any(|command| {
        matches!(command, egui::OutputCommand::CopyText(text) if text == "0f8fad5b-d9cb-469f-a165-70867728950e")
    });
    assert!(copied, "nothing was copied");
}

#[test]
fn a_filter_is_taken_away_by_its_cross_and_by_the_delete_key() {
    let mut window = window(Gallery::small_page);
    window.get_by_label("Remove partition 3").click();
    window.run();
    assert_eq!(last(&window), "removed partition 3");
    window.get_by_label("type = OrderShipped").focus();
    window.run();
    window.key_press(Key::Delete);
    window.run();
    assert_eq!(last(&window), "removed type = OrderShipped");
}

#[test]
fn the_palette_finds_chooses_and_closes_by_keyboard_alone() {
    let mut window = window(Gallery::palette_page);
    window.state_mut().palette = PaletteState::default();
    window.run();
    window.get_by_role(Role::TextInput).type_text("theme");
    window.run();
    window.key_press(Key::Enter);
    window.run();
    assert_eq!(last(&window), "Chosen(4)");
    window.state_mut().palette = PaletteState::with_query("stream");
    window.run();
    let before = window.state().log.len();
    window.key_press(Key::Enter);
    window.run();
    assert_eq!(window.state().log.len(), before, "what cannot be done now is not chosen");
    window.key_press(Key::Escape);
    window.run();
    assert_eq!(last(&window), "Closed");
}

#[test]
fn a_value_of_100_000_lines_draws_the_visible_ones() {
    let leaf = |index: usize| TreeRow {
        depth: 1,
        path: JsonPointer::root().element(index),
        name: index.to_string().into(),
        kind: ValueKind::Number,
        text: index.to_string().into(),
        value: (index as u64).into(),
        descendants: 0,
    };
    let rows: Arc<[TreeRow]> = (0..100_000).map(leaf).collect();
    let show = move |ui: &mut egui::Ui, state: &mut (TreeState, Option<JsonPointer>)| {
        let (tree, chosen) = state;
        if let Some(path) = json_tree(ui, Id::unique("value"), tree, &rows, chosen.as_ref()) {
            *chosen = Some(path);
        }
    };
    let mut window = Harness::builder()
        .with_size([600.0, 400.0])
        .with_max_steps(64)
        .with_context_setup(theme::apply)
        .build_ui_state(show, (TreeState::default(), None));
    window.run();
    let lines = window.get_all_by_role(Role::ListItem).count();
    assert!((15..25).contains(&lines), "{lines} lines are drawn");
    window.get_by_label("0 0").click();
    window.run();
    window.key_press_modifiers(Modifiers::NONE, Key::ArrowUp);
    window.key_press(Key::PageDown);
    window.run();
    assert_ne!(
        window.state().1,
        Some(JsonPointer::root().element(0)),
        "the page key moves the chosen line"
    );
    assert!(
        window.get_by_label("Value").accesskit_node().role() == Role::List,
        "the tree is a list"
    );
}
