//! A schedule as text and as a file: changed, opened, saved, and kept as a test.
//!
//! Promises: a file can always be named by typing; what came of writing it is told.
//! Does not know: the format of a schedule.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use egui::{Button, RichText, Role, ScrollArea, TextEdit, TextStyle, Ui, WidgetInfo};

use crate::gui::theme::{Tokens, icons, secondary};
use crate::gui::views::field::{Field, no_dialog};
use crate::gui::widgets::{IconButton, entered, problem_box};
use crate::sandbox::Consumer;
use crate::workspace::sandbox::{RunView, TrialCommand, TrialView};

/// How wide a field for a file is, in points.
const FIELD_WIDTH: f32 = 340.0;
/// What the buttons beside it take, in points.
const BUTTONS_WIDTH: f32 = 220.0;
/// How high the text of a schedule gets, in points.
const TEXT_HEIGHT: f32 = 200.0;

/// What is being done with the schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doing {
    /// Its text is changed.
    Editing,
    /// One is opened from a file.
    Opening,
    /// It is saved.
    Saving,
    /// The run is kept as a test.
    Keeping,
}

/// The schedule as text and as a file.
#[derive(Debug, Default)]
pub(super) struct FilesState {
    /// What is being done; nothing while it is `None`.
    doing: Option<Doing>,
    /// The text as it is typed.
    text: String,
    /// The text it was taken from.
    taken: Option<Arc<str>>,
    /// The file as it is typed.
    path: String,
    /// What a dialog was opened for.
    browsing: Option<Doing>,
    /// The dialog that is wanted.
    wish: Option<FileWish>,
    /// The file that was chosen in it.
    chosen: Option<PathBuf>,
    /// Whether no dialog could be shown.
    no_dialog: bool,
    /// Whether the field has just opened, and wants the focus.
    focus_wanted: bool,
}

/// A dialog in which a file is chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FileWish {
    /// One that is there.
    Open,
    /// One to write into, called this unless another name is chosen.
    Write(String),
}

impl FilesState {
    /// Begins to do something, or ends it.
    fn toggle(&mut self, doing: Doing, run: &RunView) {
        if self.doing == Some(doing) {
            self.doing = None;
            return;
        }
        self.doing = Some(doing);
        self.no_dialog = false;
        self.focus_wanted = true;
        let name = file_name(run);
        self.path = match doing {
            Doing::Editing | Doing::Opening => String::new(),
            Doing::Saving => format!("schedules/{name}.schedule.json"),
            Doing::Keeping => {
                format!("fixtures/{name}{}", crate::workspace::sandbox::FIXTURE_ENDING)
            }
        };
    }
}

impl FilesState {
    /// Wants a dialog for this.
    fn browse(&mut self, doing: Doing) {
        let name = Path::new(self.path.trim()).file_name().map(|name| name.display().to_string());
        self.browsing = Some(doing);
        self.wish = Some(match doing {
            Doing::Editing | Doing::Opening => FileWish::Open,
            Doing::Saving | Doing::Keeping => FileWish::Write(name.unwrap_or_default()),
        });
    }

    /// The dialog that is wanted since the last call.
    pub(super) fn take_wish(&mut self) -> Option<FileWish> {
        self.wish.take()
    }

    /// Takes the file that was chosen in a dialog.
    pub(super) fn choose(&mut self, path: PathBuf) {
        self.no_dialog = false;
        self.chosen = Some(path);
    }

    /// Learns that no dialog could be shown.
    pub(super) fn miss_dialog(&mut self) {
        self.no_dialog = true;
    }

    /// The file that was chosen for this; one that was chosen for something else is forgotten.
    fn take_chosen(&mut self, doing: Doing) -> Option<PathBuf> {
        let path = self.chosen.take()?;
        if self.browsing.take() != Some(doing) {
            return None;
        }
        self.path = path.display().to_string();
        Some(path)
    }
}

/// What a file of a run is called, without its ending.
fn file_name(run: &RunView) -> String {
    let faults: Vec<&str> = run.faults.iter().filter_map(|title| title.split(' ').next()).collect();
    let faults = if faults.is_empty() { "no-fault".to_owned() } else { faults.join("+") };
    format!("{faults}-{}", run.consumer)
}

/// The buttons that begin something.
pub(super) fn buttons(ui: &mut Ui, state: &mut FilesState, run: &RunView) {
    let buttons = [
        (Doing::Editing, icons::PENCIL_SIMPLE, "Edit", "Edit the schedule as text"),
        (Doing::Opening, icons::FOLDER_OPEN, "Open", "Open a schedule from a file"),
        (Doing::Saving, icons::DOWNLOAD_SIMPLE, "Save", "Save the schedule into a file"),
        (Doing::Keeping, icons::TEST_TUBE, "Save as test", "Keep this run as a test"),
    ];
    for (doing, icon, text, name) in buttons {
        let button = IconButton::new(icon, name);
        let button = if super::is_low(ui) { button } else { button.text(text) };
        if ui.add(button.selected(state.doing == Some(doing))).clicked() {
            state.toggle(doing, run);
        }
    }
}

/// Draws what is being done, and what came of the last file.
pub(super) fn show(
    ui: &mut Ui,
    state: &mut FilesState,
    run: &RunView,
    trial: &TrialView,
    out: &mut Vec<TrialCommand>,
) {
    match state.doing {
        None => {}
        Some(Doing::Editing) => edit(ui, state, run, out),
        Some(Doing::Opening) => {
            if let Some(path) = field(ui, state, Doing::Opening) {
                out.push(TrialCommand::OpenFile(run.consumer, path));
            }
        }
        Some(Doing::Saving) => {
            if let Some(path) = field(ui, state, Doing::Saving) {
                out.push(TrialCommand::SaveSchedule(path));
            }
        }
        Some(Doing::Keeping) => {
            if let Some(path) = field(ui, state, Doing::Keeping) {
                out.push(TrialCommand::SaveTest(path));
            }
            let words = "It expects what a correct consumer shows, and fails until this one does. Run it with `foldback test`.";
            let color = Tokens::of(ui).text_secondary;
            ui.label(RichText::new(words).font(secondary()).color(color));
        }
    }
    match &trial.written {
        Some(Ok(path)) => {
            let words = format!("{} written: {}", icons::CHECK, path.display());
            ui.label(RichText::new(words).color(Tokens::of(ui).added));
        }
        Some(Err(problem)) => {
            problem_box(ui, problem, None);
        }
        None => {}
    }
}

/// A field for a file where no schedule is open yet.
pub(super) fn open_field(ui: &mut Ui, state: &mut FilesState, out: &mut Vec<TrialCommand>) {
    if let Some(path) = field(ui, state, Doing::Opening) {
        out.push(TrialCommand::OpenFile(Consumer::Naive, path));
    }
}

/// A field for a file with its buttons; the file when it was asked for, typed or chosen in a
/// dialog.
fn field(ui: &mut Ui, state: &mut FilesState, doing: Doing) -> Option<PathBuf> {
    let (name, verb) = match doing {
        Doing::Editing | Doing::Opening => ("Schedule to open", "Open"),
        Doing::Saving => ("File to save into", "Save"),
        Doing::Keeping => ("Test to write", "Write the test"),
    };
    let mut chosen = state.take_chosen(doing);
    ui.horizontal(|ui| {
        let hint = format!("{name}: path in the workspace's folder");
        let width = FIELD_WIDTH.min(ui.available_width() - BUTTONS_WIDTH);
        let focus_wanted = std::mem::take(&mut state.focus_wanted);
        let typed = Field::new(&mut state.path, name).hint(hint).mono().width(width);
        let typed = typed.focus_if(focus_wanted).show(ui);
        let entered = entered(&typed);
        let named = !state.path.trim().is_empty();
        let clicked = ui.add_enabled(named, Button::new(verb)).clicked();
        if named && (entered || clicked) {
            chosen = Some(PathBuf::from(state.path.trim()));
        }
        let browse = IconButton::new(icons::FOLDER_OPEN, "Browse").text("Browse");
        if ui.add(browse).clicked() {
            state.browse(doing);
        }
    });
    if state.no_dialog {
        no_dialog(ui, "type the path");
    }
    if chosen.is_some() {
        state.doing = None;
    }
    chosen
}

/// The schedule as text.
fn edit(ui: &mut Ui, state: &mut FilesState, run: &RunView, out: &mut Vec<TrialCommand>) {
    if state.taken.as_ref().is_none_or(|taken| **taken != *run.text) {
        state.text = run.text.to_string();
        state.taken = Some(Arc::clone(&run.text));
    }
    let height = TEXT_HEIGHT.min(ui.ctx().content_rect().height() * 0.25);
    // Above a panel that grows with what is in it, there is never more room than before.
    let area = ScrollArea::vertical().id_salt("schedule text").max_height(height);
    area.min_scrolled_height(height).show(ui, |ui| {
        let edit = TextEdit::multiline(&mut state.text).font(TextStyle::Monospace);
        let response = ui.add(edit.desired_width(f32::INFINITY).desired_rows(8));
        response.widget_info(|| WidgetInfo::labeled(Role::MultilineTextInput, true, "Schedule"));
        if std::mem::take(&mut state.focus_wanted) {
            response.request_focus();
        }
    });
    ui.horizontal(|ui| {
        let run_it = IconButton::new(icons::PLAY, "Run the schedule as it is written").text("Run");
        if ui.add(run_it).clicked() {
            out.push(TrialCommand::OpenText(run.consumer, state.text.as_str().into()));
        }
        let back = IconButton::new(icons::ARROW_COUNTER_CLOCKWISE, "Back to what was run");
        if ui.add_enabled(*state.text != *run.text, back.text("Undo changes")).clicked() {
            state.text = run.text.to_string();
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_chosen_in_a_dialog_serves_what_it_was_chosen_for_and_nothing_else() {
        let mut state =
            FilesState { path: "schedules/F3.schedule.json".into(), ..Default::default() };
        state.browse(Doing::Saving);
        assert_eq!(state.take_wish(), Some(FileWish::Write("F3.schedule.json".into())));
        assert_eq!(state.take_wish(), None, "one dialog is enough");
        state.choose("/tmp/a.json".into());
        assert_eq!(state.take_chosen(Doing::Saving), Some("/tmp/a.json".into()));
        assert_eq!(state.path, "/tmp/a.json", "it is shown where one types");
        state.browse(Doing::Opening);
        assert_eq!(state.take_wish(), Some(FileWish::Open));
        state.choose("/tmp/b.json".into());
        assert_eq!(state.take_chosen(Doing::Keeping), None, "the user went on to something else");
        assert_eq!(state.take_chosen(Doing::Opening), None);
    }
}
