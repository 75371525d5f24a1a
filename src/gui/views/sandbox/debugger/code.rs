//! The code of a sandbox: the editor, finding text, and what is wrong or looks wrong.
//!
//! Promises: what is wrong stands at its line, and below in words with a way to it; text is checked
//! as it is typed.
//! Does not know: how a script is checked.

use egui::{Align, Frame, Id, Key, Layout, Margin, Panel, RichText, ScrollArea, Ui};

use super::super::SandboxState;
use crate::gui::theme::{Tokens, data, icon, icons, secondary};
use crate::gui::view::View;
use crate::gui::views::field::Field;
use crate::gui::widgets::{CodeEditor, CodeMark, IconButton, entered, left};
use crate::workspace::{SandboxCommand, SandboxView};

/// How high the list of what is wrong gets, in points.
const FAULTS_HEIGHT: f32 = 96.0;

/// The field that finds text.
#[derive(Debug, Default)]
pub(super) struct FindState {
    /// Whether it is open.
    is_open: bool,
    /// Whether it wants the focus.
    focus_wanted: bool,
    /// The number of the place chosen last.
    chosen: usize,
}

impl FindState {
    /// Opens it.
    pub(super) fn open(&mut self) {
        self.is_open = true;
        self.focus_wanted = true;
    }
}

/// Draws the code.
pub(super) fn show(
    ui: &mut Ui,
    sandbox: &SandboxView,
    state: &mut SandboxState,
    view: &mut View<'_>,
) {
    if state.debugger.find.is_open {
        let frame = Frame::new().inner_margin(Margin::symmetric(8, 4));
        Panel::top("find").frame(frame).resizable(false).show(ui, |ui| find(ui, state));
    }
    let marks = marks(sandbox, state);
    if !marks.is_empty() || !sandbox.lints.is_empty() {
        let frame = Frame::new().inner_margin(Margin::symmetric(8, 4));
        Panel::bottom("faults")
            .frame(frame)
            .resizable(false)
            .show(ui, |ui| faults(ui, sandbox, &marks, state));
    }
    let id = Id::unique(("script", &sandbox.key));
    let SandboxState { text, debugger, .. } = state;
    let changed = CodeEditor::new(id, "Script").marks(&marks).show(ui, text, &mut debugger.code);
    if changed && debugger.checked != *text {
        debugger.checked.clone_from(text);
        view.out.sandbox(&sandbox.key, SandboxCommand::Check(text.as_str().into()));
    }
}

/// What is wrong with the script, and where its run failed.
fn marks(sandbox: &SandboxView, state: &SandboxState) -> Vec<CodeMark> {
    let mark = |fault: &crate::fold::Fault, words: String| {
        let (line, column) = fault.place.unwrap_or((1, 0));
        CodeMark { line, column, words, is_error: true }
    };
    if let Some(fault) = &sandbox.fault {
        return vec![mark(fault, fault.message.clone())];
    }
    let run = sandbox.debugger.run.as_ref();
    // The place is one in the text that was run.
    let run = run.filter(|run| run.trace.program().source() == state.text);
    let failure = run.and_then(|run| run.failure());
    let failed = |failure: &crate::fold::RunFailure| {
        let words = format!("{} at event {}", failure.fault.message, failure.index + 1);
        mark(&failure.fault, words)
    };
    failure.map(failed).into_iter().collect()
}

/// The field that finds text.
fn find(ui: &mut Ui, state: &mut SandboxState) {
    let SandboxState { text, debugger, .. } = state;
    let places = CodeEditor::found(text, &debugger.code);
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let close = ui.add(IconButton::new(icons::X, "Close find").shortcut("Esc")).clicked();
            let next = ui.add(IconButton::new(icons::CARET_DOWN, "Next place")).clicked();
            let previous = ui.add(IconButton::new(icons::CARET_UP, "Previous place")).clicked();
            let count = if places.is_empty() {
                "nothing found".to_owned()
            } else {
                format!("{} of {}", debugger.find.chosen % places.len() + 1, places.len())
            };
            if !debugger.code.find_mut().is_empty() {
                let color = Tokens::of(ui).text_secondary;
                ui.label(RichText::new(count).font(secondary()).color(color));
            }
            let field =
                Field::new(debugger.code.find_mut(), "Find").hint("Find in the script").mono();
            let focus_wanted = std::mem::take(&mut debugger.find.focus_wanted);
            let field = field.focus_if(focus_wanted).show(ui);
            let entered = entered(&field);
            if field.changed() {
                debugger.find.chosen = 0;
            }
            let count = places.len();
            if 0 < count && (next || entered || previous) {
                let step = if previous { count - 1 } else { 1 };
                debugger.find.chosen = (debugger.find.chosen + step) % count;
                debugger.code.choose(places[debugger.find.chosen].clone());
            } else if field.changed() && 0 < count {
                debugger.code.choose(places[0].clone());
            }
            let escaped = left(&field) && ui.input(|input| input.key_pressed(Key::Escape));
            if close || escaped {
                debugger.find.is_open = false;
                debugger.code.find_mut().clear();
            }
        });
    });
}

/// What is wrong and what looks wrong, in words.
fn faults(ui: &mut Ui, sandbox: &SandboxView, marks: &[CodeMark], state: &mut SandboxState) {
    let tokens = Tokens::of(ui);
    ScrollArea::vertical().max_height(FAULTS_HEIGHT).auto_shrink([false, true]).show(ui, |ui| {
        for mark in marks {
            ui.horizontal_wrapped(|ui| {
                ui.label(RichText::new(icons::X_CIRCLE).font(icon()).color(tokens.error));
                let place = format!("{}:{}", mark.line, mark.column.max(1));
                let go = ui.link(data(place));
                if go.on_hover_text("Go to this place").clicked() {
                    let SandboxState { text, debugger, .. } = state;
                    debugger.code.go_to_line(text, mark.line, mark.column.max(1));
                }
                ui.label(&mark.words);
            });
        }
        for lint in sandbox.lints.iter().filter(|_| sandbox.fault.is_none()) {
            ui.horizontal_wrapped(|ui| {
                ui.label(RichText::new(icons::WARNING).font(icon()).color(tokens.warning));
                ui.label(&lint.message);
            });
        }
    });
}
