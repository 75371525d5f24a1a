//! A bookmark's name and note.
//!
//! Promises: nothing is changed until it is said.
//! Does not know: where bookmarks are kept.

use egui::{Button, RichText, Role, TextEdit, Ui, WidgetInfo};

use crate::gui::theme::heading;
use crate::gui::view::View;
use crate::gui::views::field::Field;
use crate::gui::widgets::entered;
use crate::workspace::{Bookmark, Command};

/// How wide the form is, in points.
const WIDTH: f32 = 440.0;

/// What is typed.
#[derive(Debug)]
pub(crate) struct BookmarkForm {
    /// The bookmark's number in the list.
    number: usize,
    /// The bookmark as it becomes.
    bookmark: Bookmark,
    /// Whether it has just opened, and its field wants the focus.
    focus_wanted: bool,
}

impl BookmarkForm {
    /// A form for this bookmark.
    pub(crate) fn new(number: usize, bookmark: Bookmark) -> Self {
        Self { number, bookmark, focus_wanted: true }
    }
}

/// Draws the form. True when it shall close.
pub(crate) fn show(ui: &mut Ui, form: &mut BookmarkForm, view: &mut View<'_>) -> bool {
    ui.set_width(WIDTH.min(ui.ctx().content_rect().width() - 72.0));
    ui.label(RichText::new("Bookmark").font(heading()));
    ui.add_space(8.0);
    let focus_wanted = std::mem::take(&mut form.focus_wanted);
    let name = Field::new(&mut form.bookmark.label, "Name").hint("What it is called");
    let name = name.focus_if(focus_wanted).show(ui);
    ui.add_space(4.0);
    let note = TextEdit::multiline(&mut form.bookmark.note).hint_text("What is worth knowing");
    let note = ui.add(note.desired_width(f32::INFINITY).desired_rows(4));
    note.widget_info(|| WidgetInfo::labeled(Role::MultilineTextInput, true, "Note"));
    ui.add_space(8.0);
    let mut close = false;
    ui.horizontal(|ui| {
        let named = !form.bookmark.label.trim().is_empty();
        let saved = ui.add_enabled(named, Button::new("Keep")).clicked() || entered(&name);
        close = ui.button("Cancel").clicked();
        if named && saved {
            view.out.send(Command::ChangeBookmark(form.number, form.bookmark.clone()));
            close = true;
        }
    });
    close
}
