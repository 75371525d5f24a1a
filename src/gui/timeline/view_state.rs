//! Which span of time the timeline shows, and how the pointer and the app move it.
//!
//! Promises: untouched, the view is the whole range, also as it grows; a cursor that jumps is
//! brought into view.
//! Does not know: what is drawn.

use std::ops::Range;

use egui::{Response, Ui};

use super::lane_mesh::LanePicture;
use super::parts::{Parts, REACH};
use super::{TimeMap, TimeView};
use crate::gui::command::UiCommand;

/// How much more or less a step of zooming shows.
const ZOOM_STEP: f64 = 1.4;
/// Which share of the view a step of panning moves by.
const PAN_STEP: f64 = 0.2;

/// What a drag moves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Drag {
    /// Nothing.
    #[default]
    None,
    /// The view.
    View,
    /// The time cursor.
    Cursor,
}

/// What of a timeline was on screen.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// The span of time.
    pub view: TimeView,
    /// How wide it was, in points.
    pub points: f32,
    /// The numbers of the lanes.
    pub lanes: Range<usize>,
}

/// What a timeline remembers between frames.
#[derive(Debug, Default)]
pub struct TimelineState {
    /// The visible span; the whole range while the user has not moved it.
    pub(super) view: Option<TimeView>,
    /// The whole range as of the last frame.
    pub(super) range_ms: Option<(i64, i64)>,
    /// Where the cursor stood in the last frame.
    pub(super) cursor_ms: Option<i64>,
    /// What a drag moves.
    pub(super) drag: Drag,
    /// The lanes' pictures.
    pub(super) pictures: Vec<Option<LanePicture>>,
    /// What was on screen in the last frame.
    pub(super) shown: Option<Shown>,
}

impl TimelineState {
    /// The visible span; none before the first frame.
    pub fn view(&self) -> Option<TimeView> {
        self.view.or_else(|| self.range_ms.map(TimeView::fit))
    }

    /// What was on screen in the last frame: only that is worth knowing in detail.
    pub fn shown(&self) -> Option<&Shown> {
        self.shown.as_ref()
    }

    /// Carries out a command that moves the view; others mean nothing here.
    pub(crate) fn execute(&mut self, command: UiCommand) {
        match command {
            UiCommand::FitTimeline => self.fit(),
            UiCommand::ZoomIn => self.zoom(ZOOM_STEP),
            UiCommand::ZoomOut => self.zoom(1.0 / ZOOM_STEP),
            UiCommand::PanLeft => self.pan(-PAN_STEP),
            UiCommand::PanRight => self.pan(PAN_STEP),
            _ => {}
        }
    }

    /// Shows the whole range, also as it grows (`F`).
    pub fn fit(&mut self) {
        self.view = None;
    }

    /// Shows `factor` times as much detail around the cursor, or around the middle if it is out of
    /// view (`W`, `S`).
    pub fn zoom(&mut self, factor: f64) {
        if let Some(view) = self.view() {
            let cursor = self.cursor_ms.filter(|cursor_ms| view.contains(*cursor_ms));
            let middle = f64::midpoint(view.from_ms(), view.to_ms());
            self.view =
                Some(view.zoom_at(factor, cursor.map_or(middle, |cursor_ms| cursor_ms as f64)));
        }
    }

    /// Moves the view by this share of its length, to the right when positive (`A`, `D`).
    pub fn pan(&mut self, share: f64) {
        if let Some(view) = self.view() {
            self.view = Some(view.pan(view.span_ms() * share));
        }
    }

    /// Takes in the range and the cursor of this frame; the cursor stays in view when it jumps.
    pub(super) fn update(&mut self, range_ms: Option<(i64, i64)>, cursor_ms: Option<i64>) {
        self.range_ms = range_ms;
        if let (Some(view), Some(cursor)) = (self.view, cursor_ms)
            && self.cursor_ms != cursor_ms
            && self.drag == Drag::None
            && !view.contains(cursor)
        {
            self.view = Some(view.reveal(cursor));
        }
        self.cursor_ms = cursor_ms;
    }
}

/// Lets the pointer zoom, pan and fit; the map after that.
pub(super) fn move_view(
    ui: &Ui,
    response: &Response,
    state: &mut TimelineState,
    map: TimeMap,
    parts: &Parts,
) -> TimeMap {
    let mut view = map.view;
    if let (true, Some(pointer)) =
        (response.contains_pointer(), ui.input(|input| input.pointer.hover_pos()))
    {
        let (zoom, scroll) = ui.input(|input| (input.zoom_delta(), input.smooth_scroll_delta().x));
        if (zoom - 1.0).abs() > f32::EPSILON {
            view = view.zoom_at(f64::from(zoom), map.time_of(pointer.x));
        }
        if scroll.abs() > 0.0 {
            view = view.pan(-f64::from(scroll) * map.ms_per_point());
        }
    }
    if response.drag_started() {
        let origin = ui.input(|input| input.pointer.press_origin()).unwrap_or_default();
        let cursor_x = state.cursor_ms.map(|cursor_ms| map.x_of(cursor_ms as f64));
        let on_cursor = cursor_x.is_some_and(|x| (x - origin.x).abs() <= REACH);
        state.drag =
            if on_cursor || parts.ruler.contains(origin) { Drag::Cursor } else { Drag::View };
    }
    if response.dragged() && state.drag == Drag::View {
        view = view.pan(-f64::from(response.drag_delta().x) * map.ms_per_point());
    }
    if view != map.view {
        state.view = Some(view);
    }
    if response.double_clicked() {
        state.fit();
    }
    TimeMap { view: state.view().unwrap_or(view), x: map.x }
}
