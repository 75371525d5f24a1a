//! A key, an id or another text that one wants to take along: one click copies it.
//!
//! Promises: shows both ends of what is too long, the whole of it on hover; says that it was
//! copied.
//! Does not know: what the text names.

use egui::{Align2, Response, Role, Sense, Ui, Widget, WidgetInfo, pos2, vec2};

use super::fitting_name;
use crate::gui::theme::{ROW_HEIGHT, Tokens, icon, icons, mono};

/// How narrow it may become, in points.
const LEAST_WIDTH: f32 = 48.0;
/// How long it says that it was copied, in seconds.
const COPIED_SECONDS: f64 = 1.2;

/// A text in the data typeface that a click copies.
#[derive(Debug)]
#[must_use = "a text is added to a ui"]
pub struct CopyText<'a> {
    /// What is copied.
    text: &'a str,
    /// What it is, for screen readers.
    name: &'a str,
    /// Whether it is drawn in the colour of labels.
    quiet: bool,
}

impl<'a> CopyText<'a> {
    /// A text, shown whole where there is room.
    pub fn new(text: &'a str) -> Self {
        Self { text, name: "", quiet: false }
    }

    /// Says what the text is: `key`, `correlation id`.
    pub fn name(mut self, name: &'a str) -> Self {
        self.name = name;
        self
    }

    /// In the colour of labels.
    pub fn quiet(mut self) -> Self {
        self.quiet = true;
        self
    }
}

impl Widget for CopyText<'_> {
    fn ui(self, ui: &mut Ui) -> Response {
        let Self { text, name, quiet } = self;
        let tokens = Tokens::of(ui);
        let shown = fitting_name(ui, text, &mono(), ui.available_width().max(LEAST_WIDTH));
        let color = if quiet { tokens.text_secondary } else { ui.visuals().text_color() };
        let galley = ui.painter().layout_no_wrap(shown, mono(), color);
        let size = vec2(galley.size().x, ROW_HEIGHT.min(ui.available_height()));
        let (rect, response) = ui.allocate_exact_size(size, Sense::click());
        let now = ui.input(|input| input.time);
        let copied_id = response.id.with("copied");
        if response.clicked() {
            let what = if name.is_empty() { "text".to_owned() } else { name.to_lowercase() };
            super::copy(ui.ctx(), text.to_owned(), &what);
            ui.data_mut(|data| data.insert_temp(copied_id, now));
        }
        let copied_at = ui.data(|data| data.get_temp::<f64>(copied_id));
        let copied_for = copied_at.map_or(f64::INFINITY, |copied_at| now - copied_at);
        let text_pos = pos2(rect.left(), rect.center().y - galley.size().y / 2.0);
        if response.hovered() || response.has_focus() {
            ui.painter().rect_filled(rect.expand2(vec2(4.0, -2.0)), 4.0, tokens.hover);
        }
        ui.painter().galley(text_pos, galley, color);
        if copied_for < COPIED_SECONDS {
            let at = pos2(rect.right() + 4.0, rect.center().y);
            ui.painter().text(at, Align2::LEFT_CENTER, icons::CHECK, icon(), tokens.accent);
            ui.request_repaint_after_secs((COPIED_SECONDS - copied_for) as f32);
        }
        let enabled = ui.is_enabled();
        let label = if name.is_empty() { text.to_owned() } else { format!("{name} {text}") };
        response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, &label));
        response.on_hover_ui(|ui| {
            ui.monospace(text);
            ui.small(if copied_for < COPIED_SECONDS { "copied" } else { "click to copy" });
        })
    }
}
