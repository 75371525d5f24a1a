//! The card of a step of a tour: where one is, what to see, what to do.
//!
//! Promises: stands at the same place through a tour; what it speaks of is outlined; it can be left at any time.
//! Does not know: any step.

use egui::{Align2, Area, Button, Context, Frame, Id, LayerId, Order, Rect, RichText, Ui, vec2};

use crate::gui::theme::{Tokens, heading, icons, medium, secondary};
use crate::gui::widgets::{IconButton, progress_bar};

/// How wide the card is, in points.
const WIDTH: f32 = 320.0;
/// Below this height of the window, in points, the explanation is shown on hover alone: what it speaks of needs the room.
const LOW: f32 = 520.0;

/// A step of a tour.
pub(super) struct Card {
    /// The number of the step, from 1.
    pub(super) number: usize,
    /// How many steps there are.
    pub(super) count: usize,
    /// What it is about.
    pub(super) title: String,
    /// What there is to see.
    pub(super) text: String,
    /// What the button says that does it for the user.
    pub(super) button: &'static str,
    /// What another button says, where there is another way to go on.
    pub(super) other: Option<&'static str>,
    /// Whether it stands at the right, where it hides less of what it speaks of.
    pub(super) at_right: bool,
}

/// What a user does with a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Presses its button.
    Next,
    /// Presses the other one.
    Other,
    /// Leaves the tour.
    Leave,
}

impl Card {
    /// Draws the card within the middle of the window, and an outline around what it speaks of.
    pub(super) fn show(&self, ctx: &Context, middle: Rect, spot: Option<Rect>) -> Option<Answer> {
        let tokens = Tokens::of_theme(ctx.theme() == egui::Theme::Dark);
        if let Some(rect) = spot {
            let layer = LayerId::new(Order::Foreground, Id::unique("tour spot"));
            let stroke = egui::Stroke::new(2.0, tokens.accent);
            let rect = rect.expand(3.0).intersect(middle);
            ctx.layer_painter(layer).rect_stroke(rect, 6.0, stroke, egui::StrokeKind::Outside);
        }
        let (pivot, corner) = if self.at_right {
            (Align2::RIGHT_BOTTOM, middle.right_bottom() + vec2(-16.0, -16.0))
        } else {
            (Align2::LEFT_BOTTOM, middle.left_bottom() + vec2(16.0, -16.0))
        };
        let area = Area::new(Id::unique("tour")).order(Order::Foreground);
        let area = area.pivot(pivot).fixed_pos(corner);
        let mut answer = None;
        area.show(ctx, |ui| {
            let stroke = egui::Stroke::new(1.0, tokens.accent);
            let margin = if ctx.content_rect().height() < LOW { 8 } else { 14 };
            Frame::window(ui.style()).stroke(stroke).inner_margin(margin).show(ui, |ui| {
                ui.set_width(WIDTH.min(ctx.content_rect().width() - 64.0));
                answer = self.content(ui);
            });
        });
        answer
    }

    /// What stands on it.
    fn content(&self, ui: &mut Ui) -> Option<Answer> {
        let tokens = Tokens::of(ui);
        let words = format!("Step {} of {}", self.number, self.count);
        let low = ui.ctx().content_rect().height() < LOW;
        let mut answer = None;
        ui.horizontal(|ui| {
            ui.label(RichText::new(&words).font(secondary()).color(tokens.text_secondary));
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                if ui.add(IconButton::new(icons::X, "Leave the tour")).clicked() {
                    answer = Some(Answer::Leave);
                }
            });
        });
        let title = RichText::new(&self.title).font(heading()).color(tokens.text_strong);
        if low {
            ui.label(title).on_hover_text(&self.text);
        } else {
            progress_bar(ui, self.number as f32 / self.count as f32, WIDTH, &words);
            ui.label(title);
            ui.label(&self.text);
            ui.add_space(8.0);
        }
        ui.horizontal_wrapped(|ui| {
            let words = RichText::new(self.button).font(medium()).color(tokens.accent);
            let button = Button::new(words).fill(tokens.selection).min_size(vec2(0.0, 26.0));
            if ui.add(button).clicked() {
                answer = Some(Answer::Next);
            }
            if let Some(other) = self.other
                && ui.add(Button::new(other).min_size(vec2(0.0, 26.0))).clicked()
            {
                answer = Some(Answer::Other);
            }
        });
        answer
    }
}
