//! The column of labels, and the rows that say where consumer groups stand.
//!
//! Promises: what is cut is whole on hover; how far a group is behind is said in words.
//! Does not know: lanes, the view's moves.

use egui::{Align2, CursorIcon, Id, Rangef, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use super::TimeMap;
use super::parts::Parts;
use crate::gui::theme::format::count;
use crate::gui::theme::{GRID, GUTTER, Tokens, icon, icons, secondary};
use crate::gui::widgets::cut_galley;
use crate::workspace::{GroupMarker, Lane};

/// How much room a marker's label takes beside its words, in points: its icon and the space around.
pub(super) const MARKER_LABEL_SPACE: f32 = 12.0 + GRID + GUTTER * 2.0 + 2.0;

/// Draws the label of a lane.
pub(super) fn label(ui: &Ui, id: Id, rect: Rect, labels: Rangef, lane: &Lane) {
    let text = &*lane.label;
    let tokens = Tokens::of(ui);
    let place = Rect::from_x_y_ranges(labels, rect.y_range());
    let response = ui.interact(place, id, Sense::hover());
    let galley =
        cut_galley(ui, text, crate::gui::theme::body(), tokens.text, place.width() - GUTTER * 2.0);
    let elided = galley.elided;
    let at = pos2(place.left() + GUTTER, place.center().y - galley.size().y / 2.0);
    ui.painter().galley(at, galley, tokens.text);
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, spoken(lane)));
    if elided || !lane.unknown.is_empty() || !lane.counts.counts.is_empty() {
        response.on_hover_ui(|ui| {
            ui.label(text);
            ui.small(count(lane.events, "event"));
            for span in lane.unknown.iter() {
                ui.small(&*span.detail);
            }
        });
    }
}

/// A lane in words, for screen readers.
fn spoken(lane: &Lane) -> String {
    let mut words = format!("{}, {}", lane.label, count(lane.events, "event"));
    if !lane.problems.is_empty() {
        words.push_str(", ");
        words.push_str(&count(lane.problems.len() as u64, "problem"));
    }
    for span in lane.unknown.iter() {
        words.push_str(", ");
        words.push_str(&span.detail);
    }
    words
}

/// What the user asks of a group's marker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkerAction {
    /// Moves the clock to the last event that the group committed.
    GoTo,
    /// Shows the next record that the group reads.
    ShowRecord,
    /// Shows the group.
    ShowGroup,
}

/// Draws where a consumer group stands: what it has committed, and how far it is behind.
pub(super) fn marker_row(
    ui: &Ui,
    id: Id,
    marker: &GroupMarker,
    map: &TimeMap,
    rect: Rect,
    parts: &Parts,
) -> Option<MarkerAction> {
    let tokens = Tokens::of(ui);
    let middle = rect.center().y;
    let small = egui::FontId::new(12.0, icon().family);
    let sign = pos2(parts.labels.min + GUTTER, middle);
    let drawn = ui.painter().text(
        sign,
        Align2::LEFT_CENTER,
        icons::USERS_THREE,
        small,
        tokens.text_secondary,
    );
    let width = parts.labels.max - drawn.right() - GRID - GUTTER;
    let galley =
        cut_galley(ui, &marker.group, crate::gui::theme::body(), tokens.text_secondary, width);
    ui.painter().galley(
        pos2(drawn.right() + GRID, middle - galley.size().y / 2.0),
        galley,
        tokens.text,
    );
    let painter = ui.painter_at(rect.with_min_x(parts.plot.left()).intersect(ui.clip_rect()));
    let x = map.x_of(marker.time_ms as f64);
    painter.hline(parts.plot.left()..=x, middle, (1.0, tokens.outline));
    let flag = Rect::from_center_size(pos2(x, middle), vec2(4.0, 14.0));
    let behind = match marker.events_behind {
        0 => "up to date".to_owned(),
        events => format!("{} behind", count(events, "event")),
    };
    let color = if marker.events_behind == 0 { tokens.text_secondary } else { tokens.warning };
    let words = painter.layout_no_wrap(behind.clone(), secondary(), color);
    let right = parts.plot.right().min(ui.clip_rect().right());
    let fits = x + GUTTER + words.size().x <= right;
    let left = if fits { x + GUTTER } else { x - GUTTER - words.size().x };
    let at = pos2(left, middle - words.size().y / 2.0);
    let ground = Rect::from_min_size(at, words.size()).expand2(vec2(GRID, 0.0));
    painter.rect_filled(ground, 0.0, tokens.canvas);
    painter.galley(at, words, color);
    let response = ui.interact(rect, id, Sense::hover());
    let name = format!("{} committed, {behind}", marker.group);
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &name));
    let place = flag.union(ground).expand2(vec2(GRID, 2.0)).intersect(parts.plot);
    let response = ui.interact(place, id.with("flag"), Sense::CLICK);
    let enabled = ui.is_enabled();
    response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, go_to_words(marker)));
    let is_meant = response.hovered() || response.has_focus();
    painter.rect_filled(flag, 1.0, if is_meant { tokens.accent } else { tokens.text });
    let mut action = response.clicked().then_some(MarkerAction::GoTo);
    response.context_menu(|ui| {
        let record = format!("Show record {}", marker.record);
        let entries = [
            (go_to_words(marker), MarkerAction::GoTo),
            (record, MarkerAction::ShowRecord),
            (format!("Show group {}", marker.group), MarkerAction::ShowGroup),
        ];
        for (words, chosen) in entries {
            if ui.button(words).clicked() {
                action = Some(chosen);
            }
        }
    });
    response.on_hover_cursor(CursorIcon::PointingHand).on_hover_ui_at_pointer(|ui| {
        ui.label(name);
        ui.small(go_to_words(marker));
        ui.small(format!("reads {} next; right click for more", marker.next));
    });
    action
}

/// Where a click on a marker leads, in words.
fn go_to_words(marker: &GroupMarker) -> String {
    match marker.version {
        0 => format!("Go before the first event, of which {} committed none", marker.group),
        version => format!("Go to v{version}, the last event {} committed", marker.group),
    }
}
