//! A line to type into, as it looks everywhere.
//!
//! Promises: as high as a row, its text in the middle; has a name; keeps the focus after Enter, as
//! long as it is there.
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
    /// Whether it takes the focus in this frame.
    focused: bool,
    /// Whether it takes the focus when it appears.
    focused_at_first: bool,
}

/// Says that no file dialog could be shown, and what to do instead.
pub(crate) fn no_dialog(ui: &mut Ui, instead: &str) {
    let words = format!("{} No file dialog could be shown here: {instead}", icons::WARNING);
    ui.label(RichText::new(words).color(Tokens::of(ui).warning));
}

impl<'a> Field<'a> {
    /// A field for this text with this name.
    pub(crate) fn new(text: &'a mut String, name: &'a str) -> Self {
        Self {
            text,
            name,
            hint: String::new(),
            width: None,
            mono: false,
            focused: false,
            focused_at_first: false,
        }
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

    /// Takes the focus when it appears: what is there only while a menu is open.
    pub(crate) fn focus_at_first(mut self) -> Self {
        self.focused_at_first = true;
        self
    }

    /// Takes the focus in this frame if it is wanted: where the field has just opened.
    pub(crate) fn focus_if(mut self, wanted: bool) -> Self {
        self.focused = wanted;
        self
    }

    /// Shows it.
    pub(crate) fn show(self, ui: &mut Ui) -> Response {
        let Self { text, name, hint, width, mono, focused, focused_at_first } = self;
        let width = width.unwrap_or_else(|| ui.available_width());
        let style = if mono { TextStyle::Monospace } else { TextStyle::Body };
        // Known by its name: what comes and goes before it must not take the focus away.
        let edit = TextEdit::singleline(text)
            .id_salt(name)
            .hint_text(hint)
            .font(style)
            .margin(vec2(8.0, 0.0))
            .return_key(None)
            .align(Align2::LEFT_CENTER);
        let response = ui.add_sized(vec2(width, ROW_HEIGHT), edit);
        let enabled = ui.is_enabled();
        response.widget_info(|| WidgetInfo::labeled(Role::TextInput, enabled, name));
        if focused || focused_at_first && appears(ui, &response) {
            response.request_focus();
        }
        response
    }
}

/// Whether a field was not there in the frame before.
fn appears(ui: &Ui, field: &Response) -> bool {
    let frame = ui.ctx().cumulative_frame_nr();
    let shown_id = field.id.with("shown");
    let before = ui.data_mut(|data| {
        let before = data.get_temp::<u64>(shown_id);
        data.insert_temp(shown_id, frame);
        before
    });
    before.is_none_or(|before| before + 1 < frame)
}
