//! Export: in which form something is saved, and where.
//!
//! Promises: a file can always be named by typing; the name that is there at first can be used as
//! it is; what stands in the head is said.
//! Does not know: how files are written.

use std::path::{Path, PathBuf};

use egui::{Button, RichText, Ui};

use crate::evidence::save::{SaveFormat, SaveTo};
use crate::gui::theme::{Tokens, heading, icons, secondary};
use crate::gui::view::{Action, FileUse, View};
use crate::gui::views::field::{Field, no_dialog};
use crate::gui::widgets::{IconButton, entered};
use crate::workspace::{Command, SaveOf};

/// How wide the form is, in points.
const WIDTH: f32 = 520.0;
/// What the button beside the field takes, in points.
const BUTTON_WIDTH: f32 = 110.0;

/// What is typed.
#[derive(Debug)]
pub(crate) struct SaveForm {
    /// What is saved.
    of: SaveOf,
    /// The file.
    path: String,
    /// Its form.
    format: SaveFormat,
    /// Whether it replaces one that is there.
    overwrite: bool,
    /// Whether no dialog could be shown.
    no_dialog: bool,
    /// Whether it has just opened, and its field wants the focus.
    focus_wanted: bool,
}

impl SaveForm {
    /// A form for this.
    pub(crate) fn new(of: SaveOf) -> Self {
        let format = SaveFormat::Csv;
        let path = format!("{}.{}", of.file_name(), format.ending());
        Self { of, path, format, overwrite: false, no_dialog: false, focus_wanted: true }
    }

    /// Takes the file that was chosen in a dialog, which has asked whether it may be replaced.
    pub(crate) fn choose(&mut self, path: &Path) {
        self.path = path.display().to_string();
        (self.overwrite, self.no_dialog) = (true, false);
        self.follow_ending();
    }

    /// Learns that no dialog could be shown.
    pub(crate) fn miss_dialog(&mut self) {
        self.no_dialog = true;
    }

    /// The form is the one that the file's name promises.
    fn follow_ending(&mut self) {
        self.format = SaveFormat::of(Path::new(self.path.trim())).unwrap_or(self.format);
    }

    /// Takes another form, and the ending that belongs to it.
    fn take_format(&mut self, format: SaveFormat) {
        self.format = format;
        let path = Path::new(self.path.trim());
        if SaveFormat::of(path).is_some() {
            self.path = path.with_extension(format.ending()).display().to_string();
        }
    }

    /// Where it is saved.
    fn to(&self) -> SaveTo {
        let path = PathBuf::from(self.path.trim());
        SaveTo { path, format: self.format, overwrite: self.overwrite }
    }
}

/// What a form is good for, and where it has its head.
fn about(format: SaveFormat) -> &'static str {
    match format {
        SaveFormat::JsonLines => {
            "A JSON object a line. The first line says what was asked, what was read, at which \
             isolation and how complete it is."
        }
        SaveFormat::Csv => {
            "A table for every spreadsheet; numbers keep every digit, and no text is run as a \
             formula. What was asked and read stands beside it, in a file that ends in \
             -metadata.json."
        }
        SaveFormat::Markdown => {
            "A table for people, below what was asked, what was read, at which isolation and how \
             complete it is."
        }
    }
}

/// Draws the form. True when it shall close.
pub(crate) fn show(ui: &mut Ui, form: &mut SaveForm, view: &mut View<'_>) -> bool {
    ui.set_width(WIDTH.min(ui.ctx().content_rect().width() - 72.0));
    let title = format!("Export the {} of {}", form.of.name(), form.of.of());
    ui.label(RichText::new(title).font(heading()));
    ui.add_space(8.0);
    ui.horizontal(|ui| {
        for format in SaveFormat::ALL {
            if ui.selectable_label(form.format == format, format.name()).clicked() {
                form.take_format(format);
            }
        }
    });
    let color = Tokens::of(ui).text_secondary;
    ui.label(RichText::new(about(form.format)).font(secondary()).color(color));
    ui.add_space(8.0);
    let mut save = false;
    ui.horizontal(|ui| {
        let width = ui.available_width() - BUTTON_WIDTH;
        let focus_wanted = std::mem::take(&mut form.focus_wanted);
        let field = Field::new(&mut form.path, "File").hint("A file's name or path").mono();
        let typed = field.width(width).focus_if(focus_wanted).show(ui);
        save = entered(&typed);
        if typed.changed() {
            form.overwrite = false;
            form.follow_ending();
        }
        if ui.add(IconButton::new(icons::FOLDER_OPEN, "Browse").text("Browse")).clicked() {
            let name = Path::new(form.path.trim()).file_name();
            let name = name.map(|name| name.display().to_string()).unwrap_or_default();
            view.out.act(Action::Browse(FileUse::Save(name, form.format)));
        }
    });
    if form.no_dialog {
        no_dialog(ui, "type the path");
    }
    let folder = &view.snapshot.save_folder;
    if Path::new(form.path.trim()).is_relative() && !folder.is_empty() {
        let words = RichText::new(format!("In {folder}")).font(secondary());
        ui.label(words.color(color));
    }
    ui.checkbox(&mut form.overwrite, "Replace a file that is there");
    ui.add_space(8.0);
    let mut close = false;
    ui.horizontal(|ui| {
        let named = !form.path.trim().is_empty();
        save |= ui.add_enabled(named, Button::new("Export")).clicked();
        close = ui.button("Cancel").clicked();
        if named && save {
            view.out.send(Command::Save(form.of.clone(), form.to()));
            close = true;
        }
    });
    close
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn form_and_ending_of_a_file_go_together_until_the_name_says_nothing() {
        let mut form = SaveForm::new(SaveOf::Records("orders".into()));
        assert_eq!(form.to().path, Path::new("orders-records.csv"));
        form.take_format(SaveFormat::Markdown);
        assert_eq!(form.to().path, Path::new("orders-records.md"));
        form.choose(Path::new("/tmp/a.ndjson"));
        assert_eq!((form.format, form.overwrite), (SaveFormat::JsonLines, true));
        form.path = "/tmp/a.txt".to_owned();
        form.follow_ending();
        form.take_format(SaveFormat::Csv);
        let to = SaveTo { path: "/tmp/a.txt".into(), format: SaveFormat::Csv, overwrite: true };
        assert_eq!(form.to(), to);
    }
}
