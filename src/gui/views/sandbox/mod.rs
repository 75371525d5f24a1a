//! A sandbox: a projection, the events it is given, and what comes of both.
//!
//! Promises: what is typed is never lost to news: the window keeps the text, the workspace what was
//! opened and saved.
//! Does not know: how a script runs.

mod comparison;
mod debugger;
mod header;
mod matrix;
mod schedule;

use std::path::PathBuf;
use std::sync::Arc;

use egui::{CentralPanel, Frame, Id, Margin, Panel, Ui};

use self::comparison::ComparisonState;
use self::debugger::DebuggerState;
use self::matrix::MatrixState;
use self::schedule::{FileWish, ScheduleState};
use super::unconnected;
use crate::gui::command::UiCommand;
use crate::gui::view::{Action, FileUse, View};
use crate::gui::widgets::copy;
use crate::workspace::sandbox::TrialCommand;
use crate::workspace::{
    Command, HistoryChoice, SandboxCommand, SandboxKey, SandboxView, changes_text, state_text,
};

/// The parts of a sandbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Section {
    /// Code, steps, states.
    #[default]
    Debugger,
    /// Faults by consumers.
    Matrix,
    /// One schedule, step by step.
    Schedule,
    /// Two projections against each other.
    Comparison,
}

/// The parts with their names.
const SECTIONS: [(Section, &str); 4] = [
    (Section::Debugger, "Debugger"),
    (Section::Matrix, "Matrix"),
    (Section::Schedule, "Schedule"),
    (Section::Comparison, "A against B"),
];

/// A sandbox's state.
#[derive(Debug, Default)]
pub(crate) struct SandboxState {
    /// The part in front.
    pub(crate) section: Section,
    /// The script as it is being typed.
    pub(crate) text: String,
    /// The text it was taken from.
    taken: Option<Arc<str>>,
    /// What the line above keeps.
    header: header::HeaderState,
    /// What the debugger keeps.
    debugger: DebuggerState,
    /// What the matrix keeps.
    matrix: MatrixState,
    /// What the schedule keeps.
    schedule: ScheduleState,
    /// What the comparison keeps.
    comparison: ComparisonState,
}

impl SandboxState {
    /// Opens the field that finds text in the script.
    pub(crate) fn open_find(&mut self) {
        self.section = Section::Debugger;
        self.debugger.open_find();
    }

    /// Takes the file that was chosen in a dialog.
    pub(crate) fn choose_file(&mut self, path: PathBuf) {
        self.schedule.choose_file(path);
    }

    /// Learns that no dialog could be shown.
    pub(crate) fn miss_dialog(&mut self) {
        self.schedule.miss_dialog();
    }

    /// Takes the text that was opened, unless it is known already or was changed here since.
    fn take_text(&mut self, sandbox: &SandboxView) {
        let Some(text) = &sandbox.text else { return };
        let is_known = self.taken.as_ref().is_some_and(|taken| Arc::ptr_eq(taken, text));
        if is_known {
            return;
        }
        let changed = self.taken.as_ref().is_some_and(|taken| **taken != *self.text);
        if !changed {
            self.text = text.to_string();
        }
        self.taken = Some(Arc::clone(text));
    }

    /// Whether the text differs from the one in the file.
    fn is_changed(&self) -> bool {
        self.taken.as_ref().is_some_and(|taken| **taken != *self.text)
    }

    /// Asks something of virtual consumers: they run the script as it stands here.
    fn ask_trial(&self, sandbox: &SandboxView, command: TrialCommand, view: &mut View<'_>) {
        let runs = matches!(
            command,
            TrialCommand::RunMatrix(_)
                | TrialCommand::Open(..)
                | TrialCommand::OpenText(..)
                | TrialCommand::OpenFile(..)
                | TrialCommand::OpenIncident(_)
                | TrialCommand::Compare(_)
        );
        if runs && self.is_changed() {
            view.out.sandbox(&sandbox.key, SandboxCommand::Check(self.to_send()));
        }
        view.out.sandbox(&sandbox.key, SandboxCommand::Trial(command));
    }

    /// The text for the workspace.
    pub(crate) fn to_send(&self) -> Arc<str> {
        self.text.as_str().into()
    }
}

/// Draws a sandbox.
pub(crate) fn show(ui: &mut Ui, key: &SandboxKey, state: &mut SandboxState, view: &mut View<'_>) {
    let Some(sandbox) = view.snapshot.sandbox_view(key).cloned() else {
        if unconnected::not_open(ui, &key.script_name()) {
            view.out.send(Command::OpenSandbox(key.clone(), HistoryChoice::default()));
        }
        return;
    };
    state.take_text(&sandbox);
    let bar = Frame::new().inner_margin(Margin::symmetric(12, 6));
    Panel::top("sandbox header").frame(bar).resizable(false).show(ui, |ui| {
        header::show(ui, &sandbox, state, view);
        ui.horizontal(|ui| {
            for (section, name) in SECTIONS {
                ui.selectable_value(&mut state.section, section, name);
            }
        });
    });
    CentralPanel::default().frame(Frame::new()).show(ui, |ui| match state.section {
        Section::Debugger => debugger::show(ui, &sandbox, state, view),
        Section::Matrix | Section::Schedule | Section::Comparison => {
            show_trial(ui, &sandbox, state, view);
        }
    });
}

/// Draws a part in which virtual consumers run.
fn show_trial(ui: &mut Ui, sandbox: &SandboxView, state: &mut SandboxState, view: &mut View<'_>) {
    let (id, trial) = (Id::unique(("trial", &sandbox.key)), &sandbox.trial);
    let mut asked = Vec::new();
    let job = view.snapshot.running_job(trial.job);
    match state.section {
        Section::Debugger => {}
        Section::Matrix => {
            if matrix::show(ui, &mut state.matrix, trial, job, &mut asked) {
                state.section = Section::Schedule;
            }
        }
        Section::Schedule => {
            let demo = view.snapshot.demo.as_ref().filter(|_| sandbox.key == SandboxKey::Demo);
            let incident = demo.map(|demo| &*demo.incident_entity);
            schedule::show(ui, id, &mut state.schedule, (trial, job), incident, &mut asked);
            if let Some(wish) = state.schedule.take_wish() {
                let key = sandbox.key.clone();
                view.out.act(Action::Browse(match wish {
                    FileWish::Open => FileUse::OpenSchedule(key),
                    FileWish::Write(name) => FileUse::WriteRun(key, name),
                }));
            }
        }
        Section::Comparison => {
            comparison::show(ui, id, sandbox, &mut state.comparison, view, &mut asked);
        }
    }
    for command in asked {
        state.ask_trial(sandbox, command, view);
    }
}

/// Copies what a command names of the step that is shown; whether there was something.
pub(crate) fn copy_chosen(
    ctx: &egui::Context,
    command: UiCommand,
    key: &SandboxKey,
    view: &View<'_>,
) -> bool {
    let sandbox = view.snapshot.sandbox_view(key);
    let Some(step) = sandbox.and_then(|sandbox| sandbox.debugger.step.as_ref()) else {
        return false;
    };
    let form = command.copy_form();
    match command {
        UiCommand::CopyDiff => copy(ctx, changes_text(&step.changes, form), "diff"),
        UiCommand::CopyAddress => {
            let Some(event) = &step.event else { return false };
            copy(ctx, event.position.to_string(), "address");
        }
        UiCommand::CopyHistory => return false,
        _ => {
            let Some(state) = state_text(&step.json, form) else { return false };
            copy(ctx, state, "state");
        }
    }
    true
}

/// Carries out a command on the sandbox in front.
pub(crate) fn execute(
    command: UiCommand,
    key: &SandboxKey,
    state: &mut SandboxState,
    view: &mut View<'_>,
) {
    match command {
        UiCommand::RunProjection => {
            view.out.sandbox(key, SandboxCommand::Run(state.to_send()));
        }
        UiCommand::SaveProjection => {
            view.out.sandbox(key, SandboxCommand::Save(state.to_send()));
        }
        command if state.section == Section::Schedule => {
            let sandbox = view.snapshot.sandbox_view(key).cloned();
            let asked = sandbox.and_then(|sandbox| schedule::execute(command, &sandbox.trial));
            if let Some(command) = asked {
                view.out.sandbox(key, SandboxCommand::Trial(command));
            }
        }
        _ => debugger::execute(command, key, state, view),
    }
}
