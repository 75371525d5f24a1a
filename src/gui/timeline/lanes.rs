//! The timeline widget: a ruler, lanes of events, where consumer groups stand, and the time cursor.
//!
//! Promises: lanes outside the view cost nothing; Ctrl and wheel zoom at the pointer, dragging
//! pans, a double click fits; the cursor can be dragged; every mark on screen has a name.
//! Does not know: what an event is but its mark; the keys (the app calls [`TimelineState`]).

use std::sync::Arc;

use egui::containers::scroll_area::ScrollSource;
use egui::{
    Align2, CursorIcon, Id, Rect, Response, Role, ScrollArea, Sense, Stroke, Ui, UiBuilder,
    WidgetInfo, pos2, vec2,
};

use super::lane_items::{highest_count, nearest, nearest_problem};
use super::lane_labels::{MARKER_LABEL_SPACE, MarkerAction, label, marker_row};
use super::lane_mesh::LanePicture;
use super::parts::{Parts, REACH, RULER_HEIGHT};
use super::view_state::{Drag, Shown, move_view};
use super::{LaneItem, LaneItems, TimeMap, TimelineState, ticks};
use crate::gui::theme::format::count;
use crate::gui::theme::{GRID, GUTTER, TimeFormat, Tokens, medium, secondary};
use crate::workspace::{GroupMarker, Lane, LaneMark, UnknownSpan};

/// The height of a lane in a small and in a large window, in points.
const LANE_HEIGHTS: [f32; 2] = [24.0, 36.0];
/// From which height of the window on lanes are higher, and where they are highest, in points.
const TALL: [f32; 2] = [900.0, 1400.0];

/// How far ticks are apart at least, in points.
const TICK_DISTANCE: f32 = 96.0;
/// Up to this many marks on a lane have a name of their own for screen readers.
const NAMED_MARKS_MAX: usize = 64;

/// The height of a lane, in points: a large window has room for what is small elsewhere.
pub fn lane_height(ctx: &egui::Context) -> f32 {
    let share = (ctx.content_rect().height() - TALL[0]) / (TALL[1] - TALL[0]);
    let height = LANE_HEIGHTS[0] + (LANE_HEIGHTS[1] - LANE_HEIGHTS[0]) * share.clamp(0.0, 1.0);
    (height / GRID).round() * GRID
}

/// What the user asks of the timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimelineAction {
    /// Moves the clock to this moment, in milliseconds.
    SetTime(i64),
    /// Moves the clock to an event.
    Choose {
        /// The number of the lane.
        lane: usize,
        /// The event's version.
        version: u64,
    },
    /// Does something with the marker of this number.
    Marker(usize, MarkerAction),
}

/// A timeline about to be shown.
#[derive(Clone, Copy)]
pub struct Timeline<'a> {
    /// The lanes.
    pub lanes: &'a [Lane],
    /// Where consumer groups stand.
    pub markers: &'a [GroupMarker],
    /// The span of everything, both inclusive, in milliseconds.
    pub range_ms: Option<(i64, i64)>,
    /// Where the clock stands, in milliseconds.
    pub cursor_ms: Option<i64>,
    /// The moment that others are compared with, in milliseconds.
    pub pinned_ms: Option<i64>,
    /// The version at the clock: its mark is ringed.
    pub version: Option<u64>,
    /// How times are written.
    pub times: &'a TimeFormat,
    /// An event in words: `v3 OrderShipped`.
    pub describe: &'a dyn Fn(usize, &LaneMark) -> String,
}

impl Timeline<'_> {
    /// How high it is when every lane is visible, in points.
    pub fn full_height(&self, ctx: &egui::Context) -> f32 {
        RULER_HEIGHT + lane_height(ctx) * (self.lanes.len() + self.markers.len()) as f32
    }

    /// How wide the longest label is with the space around it, in points.
    fn labels_width(&self, ui: &Ui) -> f32 {
        let lanes = self.lanes.iter().map(|lane| (&*lane.label, GUTTER * 2.0));
        let markers = self.markers.iter().map(|marker| (&*marker.group, MARKER_LABEL_SPACE));
        let longest = lanes.chain(markers).max_by_key(|(label, _)| label.chars().count());
        let Some((label, space)) = longest else { return 0.0 };
        let text = crate::gui::theme::drawable(label).into_owned();
        let body = crate::gui::theme::body();
        ui.painter().layout_no_wrap(text, body, egui::Color32::PLACEHOLDER).size().x + space
    }

    /// Shows it in all the space that is left.
    pub fn show(self, ui: &mut Ui, id: Id, state: &mut TimelineState) -> Option<TimelineAction> {
        state.update(self.range_ms, self.cursor_ms);
        let whole = ui.available_rect_before_wrap();
        ui.advance_cursor_after_rect(whole);
        let parts = Parts::new(whole, self.labels_width(ui));
        let response = ui.interact(parts.plot, id, Sense::click_and_drag());
        let enabled = ui.is_enabled();
        response.widget_info(|| WidgetInfo::labeled(Role::Canvas, enabled, "Timeline"));
        ui.painter().rect_filled(
            parts.plot.with_min_y(parts.ruler.bottom()),
            0.0,
            Tokens::of(ui).canvas,
        );
        let view = state.view()?;
        let map = TimeMap { view, x: parts.plot.x_range() };
        let map = move_view(ui, &response, state, map, &parts);
        self.paint_ruler(ui, &map, &parts);
        let (scrolled, marker) = self.show_lanes(ui, id, state, &map, &parts);
        self.paint_pinned(ui, &map, &parts);
        self.paint_cursor(ui, &map, &parts);
        crate::gui::widgets::focus_ring(ui, &response, Tokens::of(ui));
        self.act(&response, state, &map, &parts, scrolled).or(marker)
    }

    /// Paints the ruler and the lines down from its ticks.
    fn paint_ruler(&self, ui: &Ui, map: &TimeMap, parts: &Parts) {
        let tokens = Tokens::of(ui);
        let painter = ui.painter_at(parts.plot.expand2(vec2(1.0, 0.0)));
        let tag = self.cursor_tag(ui, map, parts).map(|(_, tag, _)| tag);
        for tick in ticks(map.view, map.x.span(), TICK_DISTANCE, self.times) {
            let x = painter.round_to_pixel_center(map.x_of(tick.time_ms as f64));
            let color = if tick.strong { tokens.outline } else { tokens.separator };
            painter.vline(
                x,
                parts.ruler.bottom() - 5.0..=parts.plot.bottom(),
                (1.0, color.gamma_multiply(0.8)),
            );
            let (font, color) = if tick.strong {
                (medium(), tokens.text)
            } else {
                (secondary(), tokens.text_secondary)
            };
            let font = egui::FontId::new(secondary().size, font.family);
            let galley = painter.layout_no_wrap(tick.label, font, color);
            let at = pos2(x + 4.0, parts.ruler.center().y - galley.size().y / 2.0);
            // Half a label would be a wrong one.
            let place = Rect::from_min_size(at, galley.size());
            let is_whole = place.right() <= parts.plot.right()
                && tag.is_none_or(|tag| !tag.expand(2.0).intersects(place));
            if is_whole {
                painter.galley(at, galley, color);
            }
        }
        let y = parts.ruler.bottom() - 0.5;
        ui.painter().hline(parts.labels.min..=parts.plot.right(), y, (1.0, tokens.separator));
        let days = self.times.days(map.view.from_ms() as i64, map.view.to_ms() as i64);
        let galley = ui.painter().layout_no_wrap(days, secondary(), tokens.text_secondary);
        if galley.size().x + GUTTER <= parts.labels.span() {
            let at =
                pos2(parts.labels.min + GUTTER, parts.ruler.center().y - galley.size().y / 2.0);
            ui.painter().galley(at, galley, tokens.text_secondary);
        }
    }

    /// Shows the visible lanes and group markers; how far they are scrolled, in points, and what is
    /// asked of a marker.
    fn show_lanes(
        &self,
        ui: &mut Ui,
        id: Id,
        state: &mut TimelineState,
        map: &TimeMap,
        parts: &Parts,
    ) -> (f32, Option<TimelineAction>) {
        let mut action = None;
        let lane_height = lane_height(ui.ctx());
        let rows = self.lanes.len() + self.markers.len();
        state.pictures.resize_with(self.lanes.len(), || None);
        let mut child = ui.new_child(UiBuilder::new().max_rect(parts.lanes));
        let source = ScrollSource {
            drag: egui::containers::scroll_area::DragScroll::Never,
            ..ScrollSource::ALL
        };
        let area = ScrollArea::vertical().id_salt(id).auto_shrink(false).scroll_source(source);
        let output = area.show_viewport(&mut child, |ui, viewport| {
            let size = vec2(parts.lanes.width(), lane_height * rows as f32);
            let (space, _) = ui.allocate_exact_size(size, Sense::empty());
            let first = (viewport.top() / lane_height).floor().max(0.0) as usize;
            let end = ((viewport.bottom() / lane_height).ceil().max(0.0) as usize).min(rows);
            let lanes = first.min(self.lanes.len())..end.min(self.lanes.len());
            let highest = highest_count(&self.lanes[lanes.clone()], map);
            state.shown = Some(Shown { view: map.view, points: map.x.span(), lanes });
            for row in first..end {
                let top = space.top() + row as f32 * lane_height;
                let rect = Rect::from_x_y_ranges(parts.lanes.x_range(), top..=top + lane_height);
                let plot = rect.with_min_x(parts.plot.left());
                if let Some(lane) = self.lanes.get(row) {
                    label(ui, id.with(("label", row)), rect, parts.labels, lane);
                    self.show_lane(ui, id, &mut state.pictures[row], (row, highest), map, plot);
                    continue;
                }
                let number = row - self.lanes.len();
                let id = id.with(("marker", row));
                let asked = marker_row(ui, id, &self.markers[number], map, rect, parts);
                if let Some(asked) = asked {
                    action = Some(TimelineAction::Marker(number, asked));
                }
            }
        });
        (output.state.clamped_offset().y, action)
    }

    /// Draws one lane.
    fn show_lane(
        &self,
        ui: &Ui,
        id: Id,
        slot: &mut Option<LanePicture>,
        (row, highest): (usize, u64),
        map: &TimeMap,
        rect: Rect,
    ) {
        let tokens = Tokens::of(ui);
        let lane = &self.lanes[row];
        let painter = ui.painter_at(rect.intersect(ui.clip_rect()));
        painter.hline(
            rect.x_range(),
            rect.bottom() - 0.5,
            (1.0, tokens.separator.gamma_multiply(0.6)),
        );
        let picture = LanePicture::get(slot, ui, lane, highest, map, rect);
        painter.add(Arc::clone(&picture.mesh));
        let LaneItems::Items(items) = &picture.items else { return };
        for item in items {
            match item {
                LaneItem::Mark { index, x } => {
                    let mark = &lane.marks[*index];
                    let center = pos2(*x, rect.center().y);
                    if self.version == Some(mark.version) && self.cursor_ms == Some(mark.time_ms) {
                        painter.circle_stroke(center, 8.0, Stroke::new(1.5, tokens.text_strong));
                    }
                    if items.len() <= NAMED_MARKS_MAX {
                        let place = Rect::from_center_size(center, vec2(10.0, 16.0));
                        let response =
                            ui.interact(place, id.with((row, mark.version)), Sense::hover());
                        let name = (self.describe)(row, mark);
                        response.widget_info(|| WidgetInfo::labeled(Role::ListItem, true, &name));
                    }
                }
                LaneItem::Merged { marks, from_x, to_x } if to_x - from_x > 10.0 => {
                    let center = pos2(f32::midpoint(*from_x, *to_x), rect.center().y);
                    let font = egui::FontId::new(9.0, egui::FontFamily::Proportional);
                    painter.text(
                        center,
                        Align2::CENTER_CENTER,
                        marks.len().to_string(),
                        font,
                        tokens.canvas,
                    );
                }
                LaneItem::Merged { .. } => {}
            }
        }
    }

    /// Paints the moment that others are compared with: a dashed line through all lanes.
    fn paint_pinned(&self, ui: &Ui, map: &TimeMap, parts: &Parts) {
        let Some(pinned_ms) = self.pinned_ms else { return };
        let painter = ui.painter_at(parts.plot);
        let x = painter.round_to_pixel_center(map.x_of(pinned_ms as f64));
        let ends = [pos2(x, parts.ruler.bottom()), pos2(x, parts.plot.bottom())];
        let stroke = Stroke::new(1.5, Tokens::of(ui).accent);
        painter.extend(egui::Shape::dashed_line(&ends, stroke, 4.0, 3.0));
    }

    /// Where the clock stands, and the tag with its time; none outside of the view.
    fn cursor_tag(
        &self,
        ui: &Ui,
        map: &TimeMap,
        parts: &Parts,
    ) -> Option<(f32, Rect, Arc<egui::Galley>)> {
        let cursor_ms = self.cursor_ms?;
        let painter = ui.painter();
        let x = painter.round_to_pixel_center(map.x_of(cursor_ms as f64));
        if !parts.plot.x_range().expand(6.0).contains(x) {
            return None;
        }
        let color = Tokens::of(ui).text_strong;
        let galley = painter.layout_no_wrap(self.times.time(cursor_ms), secondary(), color);
        let width = galley.size().x + GUTTER;
        let left = (x - width / 2.0)
            .clamp(parts.plot.left(), (parts.plot.right() - width).max(parts.plot.left()));
        let corner = pos2(left, parts.ruler.top() + 1.0);
        Some((x, Rect::from_min_size(corner, vec2(width, RULER_HEIGHT - 8.0)), galley))
    }

    /// Paints the cursor: a line through all lanes, a handle and the time on the ruler.
    fn paint_cursor(&self, ui: &Ui, map: &TimeMap, parts: &Parts) {
        let Some((x, tag, galley)) = self.cursor_tag(ui, map, parts) else { return };
        let tokens = Tokens::of(ui);
        let painter = ui.painter_at(parts.plot.expand2(vec2(6.0, 0.0)));
        let y = parts.ruler.bottom();
        painter.vline(x, y - 6.0..=parts.plot.bottom(), Stroke::new(1.5, tokens.cursor));
        painter.rect_filled(tag, 3.0, tokens.raised);
        painter.rect_stroke(tag, 3.0, Stroke::new(1.0, tokens.cursor), egui::StrokeKind::Inside);
        painter.galley(tag.center() - galley.size() / 2.0, galley, tokens.text_strong);
        let handle = vec![pos2(x - 5.0, y - 7.0), pos2(x + 5.0, y - 7.0), pos2(x, y - 1.0)];
        painter.add(egui::Shape::convex_polygon(handle, tokens.cursor, Stroke::NONE));
    }

    /// What the pointer asks for, and what it is told.
    fn act(
        &self,
        response: &Response,
        state: &mut TimelineState,
        map: &TimeMap,
        parts: &Parts,
        scrolled: f32,
    ) -> Option<TimelineAction> {
        let pointer = response.interact_pointer_pos().or_else(|| response.hover_pos())?;
        if state.drag == Drag::Cursor {
            if response.drag_stopped() {
                state.drag = Drag::None;
            }
            let time_ms = map.ms_of(pointer.x);
            return (self.cursor_ms != Some(time_ms)).then_some(TimelineAction::SetTime(time_ms));
        }
        if !response.dragged() {
            state.drag = Drag::None;
        }
        let row = (pointer.y - parts.lanes.top() + scrolled) / lane_height(&response.ctx);
        let row = (pointer.y > parts.lanes.top()).then_some(row as usize);
        let lane = row.and_then(|row| Some((row, self.lanes.get(row)?)));
        let found = lane.and_then(|(row, lane)| {
            let picture = state.pictures.get(row).and_then(Option::as_ref);
            let is_density =
                |picture: &LanePicture| matches!(picture.items, LaneItems::Density { .. });
            let problem = picture
                .filter(|picture| is_density(picture))
                .and_then(|_| nearest_problem(lane, map, pointer.x, REACH / 2.0));
            let index = problem.or_else(|| nearest(&lane.marks, map, pointer.x, REACH))?;
            Some((row, &lane.marks[index]))
        });
        if response.clicked() {
            return Some(match found {
                Some((lane, mark)) => TimelineAction::Choose { lane, version: mark.version },
                None => TimelineAction::SetTime(map.ms_of(pointer.x)),
            });
        }
        if let Some((lane, mark)) = found {
            let (name, time) = ((self.describe)(lane, mark), self.times.date_time(mark.time_ms));
            response.clone().on_hover_cursor(CursorIcon::PointingHand).on_hover_ui_at_pointer(
                |ui| {
                    ui.label(name);
                    ui.small(time);
                },
            );
        } else if let Some((_, lane)) = lane {
            self.tell(response, lane, map.ms_of(pointer.x));
        }
        None
    }

    /// Tells what is known of a lane at a moment: how many events there are, or why that is
    /// unknown.
    fn tell(&self, response: &Response, lane: &Lane, time_ms: i64) {
        let counted = lane.counts.at(time_ms).filter(|(_, _, events)| *events > 0);
        let is_here = |span: &&UnknownSpan| span.from_ms <= time_ms && time_ms < span.to_ms;
        let unknown = lane.unknown.iter().find(is_here);
        if counted.is_none() && unknown.is_none() {
            return;
        }
        response.clone().on_hover_ui_at_pointer(|ui| {
            if let Some((from_ms, to_ms, events)) = counted {
                ui.label(format!("{}: {}", lane.label, count(events, "event")));
                let [from, to] = [from_ms, to_ms].map(|time_ms| self.times.date_time(time_ms));
                ui.small(format!("{from} – {to}"));
            }
            if let Some(span) = unknown {
                ui.label(&*span.detail);
            }
        });
    }
}
