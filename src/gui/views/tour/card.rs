//! The card of a step of a tour: where one is, what to see, what to do.
//!
//! Promises: what it speaks of is outlined, and the card stands beside it wherever the window has
//! room; it can be left at any time.
//! Does not know: any step.

use egui::{
    Align2, Area, Button, Context, Frame, Id, LayerId, Order, Rect, RichText, Ui, Vec2, vec2,
};

use crate::gui::theme::{Tokens, heading, icons, medium, secondary};
use crate::gui::widgets::{IconButton, progress_bar};

/// How wide the card is, in points.
const WIDTH: f32 = 320.0;
/// How large the card is taken to be before it was drawn, in points.
const FIRST_SIZE: Vec2 = vec2(350.0, 190.0);
/// Below this height of the window, in points, the explanation is shown on hover alone: what it
/// speaks of needs the room.
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
            let layer = LayerId::new(Order::Middle, Id::unique("tour spot"));
            let stroke = egui::Stroke::new(2.0, tokens.accent);
            let rect = rect.expand(3.0).intersect(middle);
            ctx.layer_painter(layer).rect_stroke(rect, 6.0, stroke, egui::StrokeKind::Outside);
        }
        let id = Id::unique("tour");
        let size = ctx.memory(|memory| memory.area_rect(id)).map_or(FIRST_SIZE, |rect| rect.size());
        let place = self.place(size, middle.shrink(16.0), spot);
        let area = Area::new(id).order(Order::Foreground);
        let area = area.pivot(Align2::LEFT_BOTTOM).fixed_pos(place.left_bottom());
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

    /// The corner of the room where the card hides nothing of what it speaks of; the first one
    /// where there is none.
    fn place(&self, size: Vec2, room: Rect, spot: Option<Rect>) -> Rect {
        let [one, other] = if self.at_right {
            [Align2::RIGHT_BOTTOM, Align2::LEFT_BOTTOM]
        } else {
            [Align2::LEFT_BOTTOM, Align2::RIGHT_BOTTOM]
        };
        let corner = |align: Align2| align.align_size_within_rect(size, room);
        let hides_nothing =
            |place: &Rect| spot.is_none_or(|spot| !place.expand(4.0).intersects(spot));
        [one, other, Align2::RIGHT_TOP, Align2::LEFT_TOP]
            .map(corner)
            .into_iter()
            .find(hides_nothing)
            .unwrap_or_else(|| corner(one))
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

#[cfg(test)]
mod tests {
    use egui::pos2;

    use super::*;

    #[test]
    fn the_card_stands_beside_what_it_speaks_of() {
        let text = String::new();
        let title = String::new();
        let card =
            Card { number: 1, count: 5, title, text, button: "", other: None, at_right: false };
        let room = Rect::from_min_size(pos2(250.0, 70.0), vec2(640.0, 600.0));
        let place = |spot| card.place(FIRST_SIZE, room, spot);
        assert_eq!(place(None).left_bottom(), room.left_bottom());
        let low = room.with_min_y(room.top() + 330.0);
        assert_eq!(place(Some(low)).right_top(), room.right_top());
        let low_left = low.with_max_x(room.left() + 100.0);
        assert_eq!(place(Some(low_left)).right_bottom(), room.right_bottom());
        assert_eq!(place(Some(room)).left_bottom(), room.left_bottom(), "no corner is free");
    }
}
