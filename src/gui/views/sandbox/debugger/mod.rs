//! The debugger: the code at the left, what it did with each event at the right.
//!
//! Promises: every step is a command with a key; where there is no room the parts stand in tabs.
//! Does not know: how steps are worked out.

mod branches;
mod code;
mod controls;
mod detail;
mod event_form;
mod steps;
mod watches;

use egui::{Frame, Id, Margin, Panel, Ui};

use self::code::FindState;
use self::detail::DetailState;
use self::watches::WatchState;
use super::SandboxState;
use crate::gui::command::UiCommand;
use crate::gui::theme::icons;
use crate::gui::view::View;
use crate::gui::views::parts::{self, Part};
use crate::gui::views::waiting;
use crate::gui::widgets::{CodeState, EmptyState, problem_box};
use crate::workspace::{DebugCommand, DebugTarget, SandboxCommand, SandboxKey, SandboxView};

/// The code beside its run.
const HALVES: [Part<'_>; 2] = [
    Part::share("Code", 300.0, 0.345).first_max(760.0).margin(Margin::ZERO),
    Part::rest("Run", RUN[0].least + RUN[1].least).margin(Margin::ZERO),
];
/// The parts of a run beside each other.
const RUN: [Part<'_>; 2] = [
    Part::rest("Steps", 300.0).margin(Margin::ZERO),
    Part::share("State", 268.0, 0.39).margin(Margin { left: 8, right: 8, top: 4, bottom: 0 }),
];
/// The parts where there is no room for all.
const TABS: [Part<'_>; 4] = [HALVES[0], RUN[0], RUN[1], Part::rest("Watches", 0.0)];
/// Below this height, in points, the parts stand in tabs.
const LOW: f32 = 340.0;
/// How high the watches are at first, in points.
const WATCHES_HEIGHT: f32 = 132.0;
/// How high they may become, as a share of the height.
const WATCHES_SHARE: f32 = 0.4;

/// What the debugger keeps.
#[derive(Debug, Default)]
pub(crate) struct DebuggerState {
    /// The editor.
    code: CodeState,
    /// The field that finds text.
    find: FindState,
    /// The text that was checked last while it was typed.
    checked: String,
    /// The state, and what else a step shows.
    detail: DetailState,
    /// The watches and the condition.
    watches: WatchState,
    /// The name of the branch in front as it is being typed.
    branch_name: String,
    /// The file to keep a step in, as it is being typed.
    test_path: String,
    /// The number of the part in front where there is no room for all.
    part: usize,
    /// The step shown last: its row comes into view when it changes.
    shown_at: Option<u64>,
}

impl DebuggerState {
    /// Opens the field that finds text.
    pub(crate) fn open_find(&mut self) {
        self.find.open();
        self.part = 0;
    }
}

/// Asks something of the debugger.
fn ask(key: &SandboxKey, command: DebugCommand, view: &mut View<'_>) {
    view.out.sandbox(key, SandboxCommand::Debug(command));
}

/// Goes to a step.
fn go(key: &SandboxKey, target: DebugTarget, view: &mut View<'_>) {
    ask(key, DebugCommand::Step(target), view);
}

/// Draws the debugger.
pub(crate) fn show(
    ui: &mut Ui,
    sandbox: &SandboxView,
    state: &mut SandboxState,
    view: &mut View<'_>,
) {
    if !parts::fit(&HALVES, ui.available_width()) || ui.available_height() < LOW {
        parts_in_tabs(ui, sandbox, state, view);
    } else {
        parts_side_by_side(ui, sandbox, state, view);
    }
    state.debugger.shown_at = Some(sandbox.debugger.at);
}

/// Everything beside each other.
fn parts_side_by_side(
    ui: &mut Ui,
    sandbox: &SandboxView,
    state: &mut SandboxState,
    view: &mut View<'_>,
) {
    let id = Id::unique("debugger");
    parts::show(ui, id, &HALVES, &mut 0, &mut |ui, half| match half {
        0 => code::show(ui, sandbox, state, view),
        _ => run(ui, sandbox, state, view),
    });
}

/// The controls, and below them steps, state and watches.
fn run(ui: &mut Ui, sandbox: &SandboxView, state: &mut SandboxState, view: &mut View<'_>) {
    if !has_run(ui, sandbox, view) {
        return;
    }
    let bar = Frame::new().inner_margin(Margin::symmetric(8, 4));
    Panel::top("debugger controls")
        .frame(bar)
        .resizable(false)
        .show(ui, |ui| controls::show(ui, sandbox, state, view));
    Panel::bottom(Id::unique("watches"))
        .resizable(true)
        .default_size(WATCHES_HEIGHT)
        .size_range(64.0..=(ui.available_height() * WATCHES_SHARE).max(64.0))
        .frame(Frame::new().inner_margin(Margin { left: 8, right: 8, top: 4, bottom: 4 }))
        .show(ui, |ui| watches::show(ui, sandbox, state, view));
    parts::show(ui, Id::unique("run"), &RUN, &mut 0, &mut |ui, part| match part {
        0 => steps::show(ui, sandbox, state, view),
        _ => detail::show(ui, sandbox, state, view),
    });
}

/// One part at a time.
fn parts_in_tabs(
    ui: &mut Ui,
    sandbox: &SandboxView,
    state: &mut SandboxState,
    view: &mut View<'_>,
) {
    let mut front = state.debugger.part;
    parts::in_tabs(ui, &TABS, &mut front, &mut |ui, part| {
        if part == 0 {
            return code::show(ui, sandbox, state, view);
        }
        if !has_run(ui, sandbox, view) {
            return;
        }
        controls::show(ui, sandbox, state, view);
        match part {
            1 => steps::show(ui, sandbox, state, view),
            2 => detail::show(ui, sandbox, state, view),
            _ => watches::show(ui, sandbox, state, view),
        }
    });
    state.debugger.part = front;
}

/// Whether there is a run; else says what to do.
fn has_run(ui: &mut Ui, sandbox: &SandboxView, view: &mut View<'_>) -> bool {
    if sandbox.debugger.run.is_some() {
        return true;
    }
    if let Some(problem) = &sandbox.debugger.problem {
        Frame::new().inner_margin(12).show(ui, |ui| problem_box(ui, problem, None));
        return false;
    }
    if let Some(job) = view.snapshot.running_job(sandbox.job).cloned() {
        let words = "The events are read once; everything in this sandbox is computed from them.";
        waiting::show_job(ui, view, Some(&job), words);
    } else if sandbox.history.topics.is_empty() {
        let words = "Above, choose the topics and entities whose events the projection is given.";
        EmptyState::new(icons::ROWS, "No events chosen", words).show(ui);
    } else {
        let words = "Every event is then a step: forward, back, to the next change or error.";
        let shown = EmptyState::new(icons::BUG, "Run the projection to step through it", words)
            .action(icons::PLAY, UiCommand::RunProjection.text());
        if shown.show(ui).is_some() {
            view.out.run(UiCommand::RunProjection);
        }
    }
    false
}

/// Carries out a command.
pub(crate) fn execute(
    command: UiCommand,
    key: &SandboxKey,
    state: &mut SandboxState,
    view: &mut View<'_>,
) {
    if state.section != super::Section::Debugger {
        return;
    }
    let target = match command {
        UiCommand::PreviousEvent | UiCommand::PreviousRow => DebugTarget::Previous,
        UiCommand::NextEvent | UiCommand::NextRow => DebugTarget::Next,
        UiCommand::FirstEvent => DebugTarget::First,
        UiCommand::LastEvent => DebugTarget::Last,
        UiCommand::PreviousProblem => DebugTarget::PreviousError,
        UiCommand::NextProblem => DebugTarget::NextError,
        UiCommand::PreviousChange => DebugTarget::PreviousChange,
        UiCommand::NextChange => DebugTarget::NextChange,
        UiCommand::PreviousBreak => DebugTarget::PreviousHit,
        UiCommand::NextBreak => DebugTarget::NextHit,
        _ => return,
    };
    go(key, target, view);
}
