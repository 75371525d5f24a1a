//! What a step shows: the state, what changed, what was logged and emitted, the event, the branch.
//!
//! Promises: while a new step is worked out the old one stays, greyed.
//! Does not know: how a state is worked out.

use egui::{Id, RichText, ScrollArea, Ui};

use super::super::SandboxState;
use super::event_form::{self, EventFormState};
use super::{ask, branches};
use crate::gui::theme::{Tokens, data, icons, secondary};
use crate::gui::view::View;
use crate::gui::widgets::{
    EmptyState, TextState, TreeAction, TreeState, diff_view, state_tree, text_view,
};
use crate::workspace::{DebugCommand, DebugStep, DebugTarget, SandboxView};

/// How much of the old picture shows while the new one is on its way.
const PENDING_OPACITY: f32 = 0.55;

/// What a step can show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Tab {
    /// The state.
    #[default]
    State,
    /// What changed.
    Changes,
    /// What the projection makes of the state, what was logged and emitted.
    Output,
    /// The event.
    Event,
    /// The branch.
    Branch,
}

/// The tabs with their names.
const TABS: [(Tab, &str); 5] = [
    (Tab::State, "State"),
    (Tab::Changes, "Changes"),
    (Tab::Output, "Output"),
    (Tab::Event, "Event"),
    (Tab::Branch, "Branch"),
];

/// What is kept of what a step shows.
#[derive(Debug, Default)]
pub(super) struct DetailState {
    /// The tab.
    tab: Tab,
    /// The tree of the state.
    tree: TreeState,
    /// The tree of a branch's last state.
    branch: TreeState,
    /// The result.
    result: TextState,
    /// The form of the event.
    form: EventFormState,
}

/// Draws it.
pub(super) fn show(
    ui: &mut Ui,
    sandbox: &SandboxView,
    state: &mut SandboxState,
    view: &mut View<'_>,
) {
    let detail = &mut state.debugger.detail;
    let debugger = &sandbox.debugger;
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        ui.spacing_mut().button_padding.x = 4.0;
        for (tab, name) in TABS {
            ui.selectable_value(&mut detail.tab, tab, name);
        }
    });
    if detail.tab == Tab::Branch {
        return branches::outcome(ui, sandbox, &mut detail.branch, view);
    }
    let Some(step) = &debugger.step else {
        return; // It is there within a moment.
    };
    if step.at != debugger.at {
        ui.multiply_opacity(PENDING_OPACITY);
    }
    if let Some(failure) = &step.failure {
        let color = Tokens::of(ui).error;
        ui.horizontal_wrapped(|ui| {
            ui.label(RichText::new(icons::X_CIRCLE).color(color));
            ui.label(RichText::new(&**failure).color(color));
        });
    }
    match detail.tab {
        Tab::State => state_at(ui, sandbox, step, detail, view),
        Tab::Changes => changes(ui, sandbox, step, view),
        Tab::Output => output(ui, step, detail),
        Tab::Event | Tab::Branch => event_form::show(ui, sandbox, step, &mut detail.form, view),
    }
}

/// The state.
fn state_at(
    ui: &mut Ui,
    sandbox: &SandboxView,
    step: &DebugStep,
    detail: &mut DetailState,
    view: &mut View<'_>,
) {
    if step.at == 0 {
        let words = "No event was applied yet.";
        EmptyState::new(icons::CUBE, "Before the first event", words).show(ui);
        return;
    }
    if step.rows.is_empty() || &*step.json == "null" {
        let words = "This event belongs to no partition whose state has begun.";
        EmptyState::new(icons::CUBE, "No state here", words).show(ui);
        return;
    }
    let id = Id::unique(("debug state", &sandbox.key));
    if let Some(action) = state_tree(ui, id, &mut detail.tree, &step.rows, None) {
        act(sandbox, action, view);
    }
}

/// Carries out what was asked of a tree: a path that is chosen is watched.
fn act(sandbox: &SandboxView, action: TreeAction, view: &mut View<'_>) {
    let (path, target) = match action {
        TreeAction::Select(path) => (path, None),
        TreeAction::PreviousChange(path) => (path, Some(DebugTarget::PreviousChange)),
        TreeAction::NextChange(path) => (path, Some(DebugTarget::NextChange)),
        TreeAction::GoToVersion(_) => return,
    };
    ask(&sandbox.key, DebugCommand::WatchPath(path), view);
    if let Some(target) = target {
        ask(&sandbox.key, DebugCommand::Step(target), view);
    }
}

/// What the event changed.
fn changes(ui: &mut Ui, sandbox: &SandboxView, step: &DebugStep, view: &mut View<'_>) {
    if step.changes.is_empty() {
        let text = "The event left the state as it was.";
        EmptyState::new(icons::EQUALS, "No changes", text).show(ui);
        return;
    }
    let id = Id::unique(("debug changes", &sandbox.key));
    if let Some(action) = diff_view(ui, id, &step.changes, None) {
        act(sandbox, action, view);
    }
}

/// What came of the step beside the state.
fn output(ui: &mut Ui, step: &DebugStep, detail: &mut DetailState) {
    if step.logged.is_empty() && step.emitted.is_empty() && step.result.is_none() {
        let words =
            "A handler says something with log(), and emits events with emit() or linkTo().";
        EmptyState::new(icons::SCROLL, "Nothing logged or emitted", words).show(ui);
        return;
    }
    let tokens = Tokens::of(ui);
    let title = |ui: &mut Ui, text: &str| {
        ui.label(RichText::new(text).font(secondary()).color(tokens.text_secondary));
    };
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        if !step.logged.is_empty() {
            title(ui, "Logged");
            for line in step.logged.iter() {
                ui.label(data(&**line));
            }
        }
        if !step.emitted.is_empty() {
            title(ui, "Emitted");
            for (name, body) in step.emitted.iter() {
                ui.label(data(&**name).color(tokens.text_strong));
                ui.label(data(&**body));
            }
        }
        if let Some(result) = &step.result {
            title(ui, "Result of the state");
            ui.allocate_ui(egui::vec2(ui.available_width(), 240.0), |ui| {
                text_view(ui, Id::unique("result"), &mut detail.result, result);
            });
        }
    });
}
