//! A row of a list: a name at the left, a figure at the right.
//!
//! Promises: the name loses its middle before it touches the figure; selection shows by ground and
//! by weight; a name that is data can be copied.
//! Does not know: what is listed.

use egui::{Align2, Response, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use crate::gui::theme::{GUTTER, ROW_HEIGHT, Tokens, body, icon, mono, mono_small};
use crate::gui::widgets::{EventMark, copy_menu, fitting_name, paint_event_mark};

/// The space an icon takes, in points.
const ICON_SPACE: f32 = 22.0;

/// The radius of an event type's mark, in points.
const MARK_RADIUS: f32 = 4.0;

/// A row of a list.
#[derive(Debug)]
#[must_use = "a row is shown in a ui"]
pub(crate) struct ListRow<'a> {
    /// The name.
    name: &'a str,
    /// What it is called by those who do not see it; the name unless something else is said.
    label: &'a str,
    /// The figure at the right.
    right: &'a str,
    /// The icon before the name.
    icon: Option<&'a str>,
    /// The mark of an event type, in the icon's place.
    mark: Option<EventMark>,
    /// Whether the name is data.
    mono: bool,
    /// Whether it is chosen.
    selected: bool,
}

impl<'a> ListRow<'a> {
    /// A row with this name.
    pub(crate) fn new(name: &'a str) -> Self {
        Self { name, label: name, right: "", icon: None, mark: None, mono: false, selected: false }
    }

    /// With the name in the typeface of data.
    pub(crate) fn mono(mut self) -> Self {
        self.mono = true;
        self
    }

    /// With this figure at the right.
    pub(crate) fn right(mut self, right: &'a str) -> Self {
        self.right = right;
        self
    }

    /// With this icon before the name.
    pub(crate) fn icon(mut self, icon: &'a str) -> Self {
        self.icon = Some(icon);
        self
    }

    /// Called this by those who do not see it.
    pub(crate) fn label(mut self, label: &'a str) -> Self {
        self.label = label;
        self
    }

    /// With the mark of an event type.
    pub(crate) fn mark(mut self, mark: EventMark) -> Self {
        self.mark = Some(mark);
        self
    }

    /// Chosen or not.
    pub(crate) fn selected(mut self, selected: bool) -> Self {
        self.selected = selected;
        self
    }

    /// Shows it over the width there is.
    pub(crate) fn show(self, ui: &mut Ui) -> Response {
        let Self { name, label, right, icon: icon_text, mark, mono: is_mono, selected } = self;
        let tokens = Tokens::of(ui);
        let size = vec2(ui.available_width(), ROW_HEIGHT);
        let (rect, response) = ui.allocate_exact_size(size, Sense::click());
        let enabled = ui.is_enabled();
        response.widget_info(|| WidgetInfo::selected(Role::Button, enabled, selected, label));
        if !ui.is_rect_visible(rect) {
            return response;
        }
        if is_mono {
            response.context_menu(|ui| {
                copy_menu(ui, |menu| menu.text("Name", "", || Some(name.to_owned())));
            });
        }
        if selected {
            ui.painter().rect_filled(rect, 4.0, tokens.selection);
        } else if response.hovered() || response.has_focus() {
            ui.painter().rect_filled(rect, 4.0, tokens.hover);
        }
        if response.has_focus() {
            let stroke = egui::Stroke::new(1.0, tokens.accent);
            ui.painter().rect_stroke(rect, 4.0, stroke, egui::StrokeKind::Inside);
        }
        let mut left = rect.left() + GUTTER;
        if let Some(icon_text) = icon_text {
            let at = pos2(left + 8.0, rect.center().y);
            ui.painter().text(at, Align2::CENTER_CENTER, icon_text, icon(), tokens.text_secondary);
            left += ICON_SPACE;
        }
        if let Some(mark) = mark {
            let at = pos2(left + MARK_RADIUS, rect.center().y);
            paint_event_mark(ui.painter(), at, MARK_RADIUS, mark, tokens);
            left += MARK_RADIUS * 2.0 + GUTTER;
        }
        let figure =
            ui.painter().layout_no_wrap(right.to_owned(), mono_small(), tokens.text_secondary);
        let figure_left = rect.right() - GUTTER - figure.size().x;
        let figure_at = pos2(figure_left, rect.center().y - figure.size().y / 2.0);
        ui.painter().galley(figure_at, figure, tokens.text_secondary);
        let color = if selected { tokens.text_strong } else { tokens.text };
        let font = if is_mono { mono() } else { body() };
        let width = (figure_left - GUTTER - left).max(0.0);
        let shown = fitting_name(ui, name, &font, width);
        ui.painter().text(pos2(left, rect.center().y), Align2::LEFT_CENTER, shown, font, color);
        response
    }
}
