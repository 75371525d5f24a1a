//! How much happened when: bars over time with a brush that chooses a span.
//!
//! Promises: the highest bar fills the height; a bar of one record can still be seen; a span snaps
//! to whole bars.
//! Does not know: what is counted.

use egui::{
    Align2, CursorIcon, Event, Id, Key, Rect, Role, Sense, Stroke, Ui, WidgetInfo, pos2, vec2,
};

use super::icon_button::focus_ring;
use crate::gui::theme::format::{count, duration_ms};
use crate::gui::theme::{TimeFormat, Tokens, secondary};
use crate::workspace::TimeCounts;

/// The height of the line of times below the bars, in points.
const AXIS_HEIGHT: f32 = 16.0;

/// What the user did with the brush.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Brush {
    /// Chose this span, both inclusive, in milliseconds.
    Choose(i64, i64),
    /// Took the span away: a click beside it, or Escape.
    Clear,
}

/// Shows a histogram over the whole width, this high in points. `chosen` is the span chosen so far,
/// both inclusive.
pub fn histogram(
    ui: &mut Ui,
    id: Id,
    histogram: &TimeCounts,
    chosen: Option<(i64, i64)>,
    times: &TimeFormat,
    height: f32,
) -> Option<Brush> {
    let (space, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    let response =
        ui.interact(space, id, Sense::click_and_drag()).on_hover_cursor(CursorIcon::Text);
    let total: u64 = histogram.counts.iter().sum();
    let enabled = ui.is_enabled();
    let name = format!("Histogram of {}", count(total, "record"));
    response.widget_info(|| WidgetInfo::labeled(Role::Canvas, enabled, &name));
    let bars = Bars::new(histogram, space)?;
    bars.paint(ui, chosen);
    bars.paint_axis(ui, times);
    focus_ring(ui, &response, Tokens::of(ui));

    if let Some(bucket) = response.hover_pos().map(|pos| bars.bucket_at(pos.x)) {
        let (from_ms, to_ms) = bars.span(bucket, bucket);
        let counted = count(histogram.counts[bucket], "record");
        response.clone().on_hover_ui_at_pointer(|ui| {
            ui.label(counted);
            ui.small(format!("{} – {}", times.date_time(from_ms), times.date_time(to_ms)));
        });
    }
    let start_id = id.with("brush");
    if response.drag_started()
        && let Some(origin) = ui.input(|input| input.pointer.press_origin())
    {
        ui.data_mut(|data| data.insert_temp(start_id, bars.bucket_at(origin.x)));
    }
    let pointer = response.interact_pointer_pos();
    if (response.dragged() || response.drag_stopped())
        && let (Some(start), Some(pos)) =
            (ui.data(|data| data.get_temp::<usize>(start_id)), pointer)
    {
        let end = bars.bucket_at(pos.x);
        let (from_ms, to_ms) = bars.span(start.min(end), start.max(end));
        bars.paint_brush(ui, from_ms, to_ms);
        return response.drag_stopped().then_some(Brush::Choose(from_ms, to_ms));
    }
    let escape = response.has_focus() && ui.input(|input| input.key_pressed(Key::Escape));
    let wheel = ui
        .input(|input| input.events.iter().any(|event| matches!(event, Event::MouseWheel { .. })));
    if (response.clicked() || escape) && !wheel && chosen.is_some() {
        return Some(Brush::Clear);
    }
    None
}

/// A histogram laid out in a rectangle.
struct Bars<'a> {
    /// The counts.
    histogram: &'a TimeCounts,
    /// Where the bars stand.
    rect: Rect,
    /// The highest count, at least 1.
    highest: u64,
}

impl<'a> Bars<'a> {
    /// Lays out a histogram; `None` when it is empty.
    fn new(histogram: &'a TimeCounts, space: Rect) -> Option<Self> {
        let highest = histogram.counts.iter().copied().max()?.max(1);
        let rect = space.with_max_y(space.bottom() - AXIS_HEIGHT);
        (histogram.bucket_ms > 0).then_some(Self { histogram, rect, highest })
    }

    /// The number of the bar at this x.
    fn bucket_at(&self, x: f32) -> usize {
        let count = self.histogram.counts.len();
        let share = ((x - self.rect.left()) / self.rect.width()).clamp(0.0, 1.0);
        ((share * count as f32) as usize).min(count - 1)
    }

    /// The span of these bars, both inclusive, in milliseconds.
    fn span(&self, first: usize, last: usize) -> (i64, i64) {
        let start = |bucket: usize| {
            let buckets = i64::try_from(bucket).unwrap_or(i64::MAX);
            self.histogram.from_ms.saturating_add(self.histogram.bucket_ms.saturating_mul(buckets))
        };
        (start(first), start(last + 1) - 1)
    }

    /// The x of a moment.
    fn x_of(&self, time_ms: i64) -> f32 {
        let all_ms = self.histogram.bucket_ms as f64 * self.histogram.counts.len() as f64;
        let share = time_ms.saturating_sub(self.histogram.from_ms) as f64 / all_ms;
        self.rect.left() + (share.clamp(0.0, 1.0) * f64::from(self.rect.width())) as f32
    }

    /// Paints the bars; those outside the chosen span faintly.
    fn paint(&self, ui: &Ui, chosen: Option<(i64, i64)>) {
        let tokens = Tokens::of(ui);
        let count = self.histogram.counts.len();
        let width = self.rect.width() / count as f32;
        let gap = if width >= 4.0 { 1.0 } else { 0.0 };
        let mut mesh = egui::Mesh::default();
        for (bucket, records) in
            self.histogram.counts.iter().enumerate().filter(|(_, records)| **records > 0)
        {
            let (from_ms, to_ms) = self.span(bucket, bucket);
            let inside = chosen.is_none_or(|(from, to)| from <= to_ms && from_ms <= to);
            let color = match (chosen, inside) {
                (Some(_), true) => tokens.accent,
                (None, _) => tokens.density,
                (Some(_), false) => tokens.density.gamma_multiply(0.45),
            };
            let height = (*records as f32 / self.highest as f32 * self.rect.height()).max(2.0);
            let left = self.rect.left() + bucket as f32 * width;
            let bar = Rect::from_min_max(
                pos2(left, self.rect.bottom() - height),
                pos2(left + width - gap, self.rect.bottom()),
            );
            mesh.add_colored_rect(bar, color);
        }
        ui.painter().add(mesh);
        if let Some((from_ms, to_ms)) = chosen {
            self.paint_brush(ui, from_ms, to_ms);
        }
    }

    /// Paints the edges and the ground of a span.
    fn paint_brush(&self, ui: &Ui, from_ms: i64, to_ms: i64) {
        let tokens = Tokens::of(ui);
        let (left, right) = (self.x_of(from_ms), self.x_of(to_ms.saturating_add(1)));
        let rect = Rect::from_x_y_ranges(left..=right, self.rect.y_range());
        ui.painter().rect_filled(rect, 0.0, tokens.accent.gamma_multiply(0.12));
        for x in [left, right] {
            ui.painter().vline(x, rect.y_range(), Stroke::new(1.0, tokens.accent));
        }
    }

    /// Paints the base line and the times below: the start, the end, and how long a bar is.
    fn paint_axis(&self, ui: &Ui, times: &TimeFormat) {
        let tokens = Tokens::of(ui);
        let y = self.rect.bottom();
        ui.painter().hline(self.rect.x_range(), y, Stroke::new(1.0, tokens.separator));
        let (from_ms, to_ms) = self.span(0, self.histogram.counts.len() - 1);
        let text = |x: f32, align: Align2, text: String| {
            ui.painter().text(pos2(x, y + 3.0), align, text, secondary(), tokens.text_secondary);
        };
        text(self.rect.left(), Align2::LEFT_TOP, times.print(from_ms, "%Y-%m-%d %H:%M:%S"));
        text(self.rect.right(), Align2::RIGHT_TOP, times.print(to_ms, "%Y-%m-%d %H:%M:%S"));
        if self.rect.width() > 420.0 {
            let bar = format!("{} per bar", duration_ms(self.histogram.bucket_ms));
            text(self.rect.center().x, Align2::CENTER_TOP, bar);
        }
    }
}
