//! A line to type into, as it looks everywhere.
//!
//! Promises: as high as a row, its text in the middle; has a name.
//! Does not know: what is typed.

use egui::{Align2, Response, RichText, Role, TextEdit, TextStyle, Ui, WidgetInfo, vec2};

use crate::gui::theme::{ROW_HEIGHT, Tokens, icons};

/// A line to type into.
#[derive(Debug)]
#[must_use = "a field is shown in a ui"]
pub(crate) struct Field<'a> {
    /// What is typed.
    text: &'a mut String,
    /// What the field is for.
    name: &'a str,
    /// What stands there while nothing is typed.
    hint: String,
    /// How wide it is, in points; all there is when `None`.
    width: Option<f32>,
    /// Whether data is typed.
    mono: bool,
}

/// Says that no file dialog could be shown, and what to do instead.
pub(crate) fn no_dialog(ui: &mut Ui, instead: &str) {
    let words = format!("{} No file dialog could be shown here: {instead}", icons::WARNING);
    ui.label(RichText::new(words).color(Tokens::of(ui).warning));
}

impl<'a> Field<'a> {
    /// A field for this text with this name.
    pub(crate) fn new(text: &'a mut String, name: &'a str) -> Self {
        Self { text, name, hint: String::new(), width: None, mono: false }
    }

    /// With this hint while nothing is typed.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// This wide, in points.
    pub(crate) fn width(mut self, width: f32) -> Self {
        self.width = Some(width);
        self
    }

    /// For data.
    pub(crate) fn mono(mut self) -> Self {
        self.mono = true;
        self
    }

    /// Shows it.
    pub(crate) fn show(self, ui: &mut Ui) -> Response {
        let Self { text, name, hint, width, mono } = self;
        let width = width.unwrap_or_else(|| ui.available_width());
        let style = if mono { TextStyle::Monospace } else { TextStyle::Body };
        let edit = TextEdit::singleline(text)
            .hint_text(hint)
            .font(style)
            .margin(vec2(8.0, 0.0))
            .align(Align2::LEFT_CENTER);
        let response = ui.add_sized(vec2(width, ROW_HEIGHT), edit);
        let enabled = ui.is_enabled();
        response.widget_info(|| WidgetInfo::labeled(Role::TextInput, enabled, name));
        response
    }
}
