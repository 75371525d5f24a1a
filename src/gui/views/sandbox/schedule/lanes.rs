//! The timeline of a run: a lane for each member, a mark for each step, the amber cursor at the
//! moment that is shown.
//!
//! Promises: only what is visible is drawn, however long the run is; the moment that is shown comes
//! into view; a click or a drag goes to a step.
//! Does not know: what a step did.

use egui::containers::scroll_area::{DragScroll, ScrollSource};
use egui::{
    Align, Align2, CursorIcon, Id, Painter, Rangef, Rect, Response, Role, ScrollArea, Sense, Ui,
    WidgetInfo, pos2, vec2,
};

use super::mark;
use crate::gui::laid_out::note_sideways;
use crate::gui::theme::{GUTTER, Tokens, body, icon, icons, mono_small, secondary};
use crate::gui::widgets::{cut_galley, focus_ring};
use crate::sandbox::MemberLife;
use crate::workspace::sandbox::{MomentView, RunView};

/// The height of a lane, in points.
const LANE_HEIGHT: f32 = 28.0;
/// The height of the ruler, in points.
const RULER_HEIGHT: f32 = 20.0;
/// The width of the names of members, in points, and its greatest share of the whole.
const NAME_WIDTH: f32 = 150.0;
/// How wide a step is, in points: least and most.
const STEP_WIDTHS: [f32; 2] = [15.0, 48.0];
/// Up to how many lanes are shown before they scroll.
const LANES_SHOWN: usize = 6;

/// The timeline's state.
#[derive(Debug, Default)]
pub(super) struct LanesState {
    /// The moment that was brought into view last.
    shown: Option<usize>,
}

/// How high the timeline is.
pub(super) fn height(run: &RunView) -> f32 {
    let lanes = run.members.len().clamp(1, LANES_SHOWN) as f32;
    RULER_HEIGHT + lanes * LANE_HEIGHT + 14.0
}

/// Where steps lie.
struct Plot {
    /// All of it, scrolled.
    rect: Rect,
    /// How wide a step is, in points.
    step: f32,
}

impl Plot {
    /// The middle of the step with this number.
    fn x(&self, step: usize) -> f32 {
        self.rect.left() + (step as f32 + 0.5) * self.step
    }

    /// Where the cursor stands after this many steps.
    fn cursor(&self, steps: usize) -> f32 {
        self.rect.left() + (steps as f32) * self.step
    }

    /// After how many steps the run is where the pointer is.
    fn steps_at(&self, x: f32, count: usize) -> usize {
        ((x - self.rect.left()) / self.step).ceil().clamp(0.0, count as f32) as usize
    }

    /// The top of a lane.
    fn lane(&self, member: usize) -> Rangef {
        let top = self.rect.top() + RULER_HEIGHT + member as f32 * LANE_HEIGHT;
        Rangef::new(top, top + LANE_HEIGHT)
    }
}

/// Draws the timeline; the number of steps that was chosen.
pub(super) fn show(
    ui: &mut Ui,
    id: Id,
    run: &RunView,
    moment: Option<&MomentView>,
    state: &mut LanesState,
) -> Option<usize> {
    let tokens = Tokens::of(ui);
    let steps = moment.map_or(0, |moment| moment.steps);
    let whole = ui.available_rect_before_wrap();
    ui.painter().rect_filled(whole, 0.0, tokens.canvas);
    let mut chosen = None;
    ScrollArea::vertical().id_salt(id.with("lanes")).auto_shrink(false).show(ui, |ui| {
        let names = NAME_WIDTH.min(whole.width() * 0.3);
        let lanes_height = RULER_HEIGHT + run.members.len() as f32 * LANE_HEIGHT;
        let top = ui.available_rect_before_wrap();
        let column = Rect::from_min_size(top.min, vec2(names, lanes_height));
        self::names(ui, column, run, moment);
        let right = Rect::from_min_max(
            pos2(column.right(), top.top()),
            pos2(top.right(), top.top() + lanes_height + 12.0),
        );
        let mut child = ui.new_child(egui::UiBuilder::new().max_rect(right));
        note_sideways(ui, right);
        let source = ScrollSource { drag: DragScroll::Never, ..ScrollSource::ALL };
        let area = ScrollArea::horizontal().id_salt(id).auto_shrink(false).scroll_source(source);
        area.show_viewport(&mut child, |ui, viewport| {
            let count = run.marks.len();
            let step = (right.width() / (count as f32 + 1.0)).clamp(STEP_WIDTHS[0], STEP_WIDTHS[1]);
            let width = (step * (count as f32 + 1.0)).max(right.width());
            let (rect, _) = ui.allocate_exact_size(vec2(width, lanes_height), Sense::empty());
            let response = ui.interact(rect, id.with("plot"), Sense::click_and_drag());
            let plot = Plot { rect, step };
            let first = (viewport.left() / step).floor().max(0.0) as usize;
            let last = ((viewport.right() / step).ceil() as usize).min(count);
            paint_lanes(ui, &plot, run, first..last);
            paint_cursor(ui, &plot, steps);
            chosen = asked(ui, &response, &plot, run);
            if state.shown.replace(steps) != Some(steps) {
                let x = plot.cursor(steps);
                let around = Rect::from_x_y_ranges(x - 60.0..=x + 60.0, rect.y_range());
                ui.scroll_to_rect(around, None::<Align>);
            }
            focus_ring(ui, &response, tokens);
        });
        ui.advance_cursor_after_rect(column.union(right));
    });
    chosen.filter(|chosen| *chosen != steps)
}

/// Where the pointer asks to go.
fn asked(ui: &Ui, response: &Response, plot: &Plot, run: &RunView) -> Option<usize> {
    let count = run.marks.len();
    response.widget_info(|| WidgetInfo::labeled(Role::Canvas, true, "Timeline of the run"));
    let pointer = response.hover_pos().or_else(|| response.interact_pointer_pos());
    let at = plot.steps_at(pointer?.x, count);
    if response.hovered() {
        ui.ctx().set_cursor_icon(CursorIcon::PointingHand);
    }
    if let Some(mark) = at.checked_sub(1).and_then(|step| run.marks.get(step)) {
        let member = run.members.get(usize::from(mark.member)).map_or("", |name| name);
        let partition = mark.partition.and_then(|number| run.partitions.get(usize::from(number)));
        let partition = partition.map(|name| format!(", {name}")).unwrap_or_default();
        let words = format!("Step {at}: {member}, {}{partition}", mark.kind.words());
        response.clone().on_hover_text_at_pointer(words);
    }
    (response.clicked() || response.dragged()).then_some(at)
}

/// The members with what they do.
fn names(ui: &Ui, rect: Rect, run: &RunView, moment: Option<&MomentView>) {
    let tokens = Tokens::of(ui);
    for (number, name) in run.members.iter().enumerate() {
        let top = rect.top() + RULER_HEIGHT + number as f32 * LANE_HEIGHT;
        let lane = Rect::from_x_y_ranges(rect.x_range(), top..=top + LANE_HEIGHT);
        let member = moment.and_then(|moment| moment.members.get(number));
        let (sign, color, life) = match member.map(|member| member.life) {
            Some(MemberLife::Working) => (icons::PLAY, tokens.added, "working"),
            Some(MemberLife::Paused) => (icons::PAUSE, tokens.warning, "paused"),
            Some(MemberLife::Down) | None => (icons::X, tokens.text_secondary, "down"),
        };
        let at = pos2(lane.left() + GUTTER + 6.0, lane.center().y);
        ui.painter().text(at, Align2::CENTER_CENTER, sign, icon(), color);
        let galley = cut_galley(ui, name, body(), tokens.text, lane.width() - 36.0);
        let at = pos2(lane.left() + 26.0, lane.center().y - galley.size().y / 2.0);
        ui.painter().galley(at, galley, tokens.text);
        let words = format!("{name} {life}");
        let response = ui.interact(lane, ui.scope_id().with(("member", number)), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &words));
        response.on_hover_text(member.map_or("", |member| &member.words));
    }
    let at = pos2(rect.left() + GUTTER, rect.top() + RULER_HEIGHT / 2.0);
    ui.painter().text(at, Align2::LEFT_CENTER, "Steps", secondary(), tokens.text_secondary);
}

/// Paints the ruler, the lanes and the marks of these steps.
fn paint_lanes(ui: &Ui, plot: &Plot, run: &RunView, visible: std::ops::Range<usize>) {
    let tokens = Tokens::of(ui);
    let painter = ui.painter();
    for (member, _) in run.members.iter().enumerate() {
        let lane = plot.lane(member);
        painter.hline(plot.rect.x_range(), lane.center(), (1.0, tokens.separator));
    }
    let in_view = |rest: &&crate::workspace::sandbox::Rest| {
        rest.from <= visible.end && visible.start <= rest.to
    };
    for rest in run.rests.iter().filter(in_view) {
        let lane = plot.lane(usize::from(rest.member));
        let left = plot.cursor(rest.from).max(plot.cursor(visible.start));
        let right = plot.cursor(rest.to).min(plot.cursor(visible.end));
        let rect = Rect::from_x_y_ranges(left..=right, lane.center() - 6.0..=lane.center() + 6.0);
        hatch(painter, rect, tokens);
    }
    let every = if plot.step < 20.0 { 10 } else { 5 };
    for step in visible {
        let x = plot.x(step);
        if (step + 1).is_multiple_of(every) {
            let at = pos2(x, plot.rect.top() + RULER_HEIGHT / 2.0);
            let number = (step + 1).to_string();
            painter.text(at, Align2::CENTER_CENTER, number, mono_small(), tokens.text_secondary);
        }
        let Some(mark) = run.marks.get(step) else { continue };
        let at = pos2(x, plot.lane(usize::from(mark.member)).center());
        mark::paint(painter, at, mark.kind, tokens);
        if mark.breaks {
            mark::paint_ring(painter, at, tokens);
        }
    }
}

/// Paints stripes over a while in which nothing is done.
fn hatch(painter: &Painter, rect: Rect, tokens: &Tokens) {
    if rect.width() <= 0.0 {
        return;
    }
    painter.rect_filled(rect, 0.0, tokens.canvas);
    let painter = painter.with_clip_rect(rect.intersect(painter.clip_rect()));
    let mut x = rect.left() - rect.height();
    while x < rect.right() {
        let line = [pos2(x, rect.bottom()), pos2(x + rect.height(), rect.top())];
        painter.line_segment(line, (1.0, tokens.hatch));
        x += 6.0;
    }
}

/// Paints the cursor behind the last step that was taken.
fn paint_cursor(ui: &Ui, plot: &Plot, steps: usize) {
    let tokens = Tokens::of(ui);
    let x = ui.painter().round_to_pixel_center(plot.cursor(steps));
    ui.painter().vline(x, plot.rect.y_range(), (1.5, tokens.cursor));
    let top = pos2(x, plot.rect.top());
    let head = vec![top + vec2(-4.0, 0.0), top + vec2(4.0, 0.0), top + vec2(0.0, 6.0)];
    ui.painter().add(egui::Shape::convex_polygon(head, tokens.cursor, egui::Stroke::NONE));
}
