//! A button that is an icon, with or without a word beside it.
//!
//! Promises: the name is told to screen readers and shown on hover, with the keys that do the same.
//! Does not know: what it does.

use egui::{
    Align2, Color32, Response, Role, Sense, Stroke, StrokeKind, Ui, Vec2, Widget, WidgetInfo, pos2,
    vec2,
};

use crate::gui::theme::{GUTTER, ROW_HEIGHT, Tokens, body, icon};

/// A button that is an icon. Add it with `ui.add`, or `ui.add_enabled`.
#[derive(Debug)]
#[must_use = "a button is added to a ui"]
pub struct IconButton<'a> {
    /// The icon, of [`icons`](crate::gui::theme::icons).
    icon: &'a str,
    /// What it does, in a few words.
    name: &'a str,
    /// The word beside the icon.
    text: Option<&'a str>,
    /// The keys that do the same.
    shortcut: &'a str,
    /// Whether it is switched on.
    selected: Option<bool>,
    /// The icon's colour, when it is not that of text.
    color: Option<Color32>,
}

impl<'a> IconButton<'a> {
    /// A button with this icon and this name, which stands in its tooltip.
    pub fn new(icon: &'a str, name: &'a str) -> Self {
        Self { icon, name, text: None, shortcut: "", selected: None, color: None }
    }

    /// With this word beside the icon.
    pub fn text(mut self, text: &'a str) -> Self {
        self.text = Some(text);
        self
    }

    /// Names the keys that do the same, such as `Ctrl+K`.
    pub fn shortcut(mut self, shortcut: &'a str) -> Self {
        self.shortcut = shortcut;
        self
    }

    /// A switch that is on or off.
    pub fn selected(mut self, selected: bool) -> Self {
        self.selected = Some(selected);
        self
    }

    /// With the icon in this colour.
    pub fn color(mut self, color: Color32) -> Self {
        self.color = Some(color);
        self
    }
}

impl Widget for IconButton<'_> {
    fn ui(self, ui: &mut Ui) -> Response {
        let tokens = Tokens::of(ui);
        let text = self
            .text
            .map(|text| ui.painter().layout_no_wrap(text.to_owned(), body(), Color32::PLACEHOLDER));
        let text_width = text.as_ref().map_or(0.0, |text| text.size().x + GUTTER);
        let size = vec2(ROW_HEIGHT + text_width, ROW_HEIGHT);
        let (rect, response) = ui.allocate_exact_size(size, Sense::click());
        let selected = self.selected.unwrap_or(false);
        let color = if !ui.is_enabled() {
            tokens.text_secondary
        } else if selected {
            tokens.accent
        } else if response.hovered() {
            tokens.text_strong
        } else {
            self.color.unwrap_or(if self.text.is_some() {
                tokens.text
            } else {
                tokens.text_secondary
            })
        };
        ground(ui, &response, selected, tokens);
        let icon_center = pos2(rect.left() + ROW_HEIGHT / 2.0, rect.center().y);
        ui.painter().text(icon_center, Align2::CENTER_CENTER, self.icon, icon(), color);
        if let Some(text) = text {
            let y = rect.center().y - text.size().y / 2.0;
            ui.painter().galley(pos2(rect.left() + ROW_HEIGHT, y), text, color);
        }
        let (name, enabled) = (self.name, ui.is_enabled());
        response.widget_info(|| match self.selected {
            Some(selected) => WidgetInfo::selected(Role::Button, enabled, selected, name),
            None => WidgetInfo::labeled(Role::Button, enabled, name),
        });
        let tip = if self.shortcut.is_empty() {
            name.to_owned()
        } else {
            format!("{name}   {}", self.shortcut)
        };
        response.on_hover_text(tip.clone()).on_disabled_hover_text(tip)
    }
}

/// The ground of a flat button: nothing at rest, a tint under the pointer, a line around it when it
/// has the focus.
pub(super) fn ground(ui: &Ui, response: &Response, selected: bool, tokens: &Tokens) {
    let fill = if response.is_pointer_button_down_on() {
        tokens.pressed
    } else if response.hovered() {
        tokens.hover
    } else if selected {
        tokens.selection
    } else {
        Color32::TRANSPARENT
    };
    let rect = response.rect.shrink2(Vec2::splat(1.0));
    ui.painter().rect_filled(rect, 4.0, fill);
    focus_ring(ui, response, tokens);
}

/// The line around what has the keyboard's focus.
pub(crate) fn focus_ring(ui: &Ui, response: &Response, tokens: &Tokens) {
    if response.has_focus() {
        let stroke = Stroke::new(1.0, tokens.accent);
        ui.painter().rect_stroke(response.rect.shrink(1.0), 4.0, stroke, StrokeKind::Inside);
    }
}
