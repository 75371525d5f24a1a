//! What-if branches: which one is in front, what was changed in it, how it ends.
//!
//! Promises: the log itself is always the first and is never changed.
//! Does not know: how a branch is run.

use std::path::Path;

use egui::containers::menu::{MenuButton, MenuConfig};
use egui::{Align, Button, Layout, PopupCloseBehavior, RichText, Ui};

use super::super::SandboxState;
use super::{ask, go};
use crate::gui::theme::{Tokens, data, format, icons, secondary};
use crate::gui::view::View;
use crate::gui::views::field::Field;
use crate::gui::views::waiting;
use crate::gui::widgets::{EmptyState, IconButton, TreeState, compare_tree, entered};
use crate::workspace::sandbox::branch_file_of;
use crate::workspace::{BranchView, DebugCommand, DebugTarget, SandboxView};

/// How wide the menu is, in points.
const MENU_WIDTH: f32 = 280.0;

/// Draws the choice of branches.
pub(super) fn show(
    ui: &mut Ui,
    sandbox: &SandboxView,
    state: &mut SandboxState,
    view: &mut View<'_>,
) {
    let debugger = &sandbox.debugger;
    let Some(front) = debugger.branches.get(debugger.branch) else { return };
    let words = format!("{} {} {}", icons::GIT_BRANCH, front.name, icons::CARET_DOWN);
    let config = MenuConfig::new().close_behavior(PopupCloseBehavior::CloseOnClickOutside);
    let button = Button::new(words).selected(0 < debugger.branch);
    let (response, inner) = MenuButton::from_button(button).config(config).ui(ui, |ui| {
        ui.set_width(MENU_WIDTH);
        menu(ui, sandbox, state, view);
    });
    if inner.is_none() {
        state.debugger.branch_name.clear();
    }
    let name = format!("Branch: {}", front.name);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
    if 0 < debugger.branch {
        let undo = IconButton::new(icons::ARROW_COUNTER_CLOCKWISE, "Undo the last edit");
        if ui.add_enabled(!front.edits.is_empty(), undo).clicked() {
            ask(&sandbox.key, DebugCommand::UndoEdit, view);
        }
    }
}

/// The branches, and what can be done with the one in front.
fn menu(ui: &mut Ui, sandbox: &SandboxView, state: &mut SandboxState, view: &mut View<'_>) {
    let debugger = &sandbox.debugger;
    for (number, branch) in debugger.branches.iter().enumerate() {
        let edits = branch.edits.len() as u64;
        let words = match number {
            0 => "The log, unchanged".to_owned(),
            _ => format!("{} · {}", branch.name, format::count(edits, "edit")),
        };
        if ui.selectable_label(number == debugger.branch, words).clicked() {
            ask(&sandbox.key, DebugCommand::SelectBranch(number), view);
            ui.close();
        }
    }
    ui.separator();
    if debugger.branch == 0 {
        note(ui, "Edit an event of a step, and a branch is made here.");
    }
    note(ui, &where_kept(sandbox));
    if debugger.branch == 0 {
        return;
    }
    let name = &mut state.debugger.branch_name;
    let field = Field::new(name, "Name of the branch").hint("New name").focus_at_first().show(ui);
    let entered = entered(&field);
    if entered && !name.trim().is_empty() {
        let name = std::mem::take(name).trim().into();
        ask(&sandbox.key, DebugCommand::RenameBranch(debugger.branch, name), view);
        ui.close();
    }
    if ui.button("Delete this branch").clicked() {
        ask(&sandbox.key, DebugCommand::RemoveBranch(debugger.branch), view);
        ui.close();
    }
}

/// Something worth knowing, in a menu: its buttons fill the width, and its words shall not.
pub(super) fn note(ui: &mut Ui, words: &str) {
    let color = Tokens::of(ui).text_secondary;
    let words = RichText::new(words).font(secondary()).color(color);
    ui.with_layout(Layout::top_down(Align::LEFT), |ui| ui.label(words));
}

/// Where branches are from one start to the next.
fn where_kept(sandbox: &SandboxView) -> String {
    let file = sandbox.file.as_deref().map(branch_file_of);
    match file.as_deref().and_then(Path::file_name) {
        Some(name) => format!("Branches are kept beside the script in {}.", name.display()),
        None => "Save the script, and its branches are kept beside it.".to_owned(),
    }
}

/// How the branch in front ends, beside the log.
pub(super) fn outcome(
    ui: &mut Ui,
    sandbox: &SandboxView,
    tree: &mut TreeState,
    view: &mut View<'_>,
) {
    let debugger = &sandbox.debugger;
    let Some(branch) = debugger.branches.get(debugger.branch).filter(|_| 0 < debugger.branch)
    else {
        let words = "Skip, duplicate, move, edit or insert an event in the tab Event; \
                     the log stays as it is, and the change is kept in a branch.";
        EmptyState::new(icons::GIT_BRANCH, "No branch selected", words).show(ui);
        return;
    };
    edits(ui, branch);
    let Some(outcome) = &branch.outcome else {
        let job = view.snapshot.running_job(sandbox.job).cloned();
        if !waiting::job_line(ui, view, job.as_ref()) {
            ui.label("The branch was not run yet");
        }
        return;
    };
    let tokens = Tokens::of(ui);
    let run = format!(
        "{} run again, from {} on",
        format::count(outcome.events_run, "event"),
        format::number(outcome.first_change + 1)
    );
    ui.label(RichText::new(run).font(secondary()).color(tokens.text_secondary));
    let Some(first) = outcome.differing.first() else {
        EmptyState::new(icons::EQUALS, "Ends as the log does", "Every final state is the same.")
            .show(ui);
        return;
    };
    let count = outcome.differing.len() as u64;
    let verb = if count == 1 { "differs" } else { "differ" };
    ui.label(format!("{} {verb}", format::count(count, "final state")));
    if let Some(index) = outcome.first_divergence {
        let words = format!("first divergence at {}", format::number(index + 1));
        if ui.link(words).on_hover_text("Go there").clicked() {
            go(&sandbox.key, DebugTarget::To(index + 1), view);
        }
    }
    let name = if first.is_empty() { "the only state" } else { first };
    ui.label(data(name).color(tokens.text_strong));
    let id = egui::Id::unique(("branch", &sandbox.key));
    compare_tree(ui, id, tree, &outcome.compared, ["Log", &branch.name], None);
}

/// What was changed.
fn edits(ui: &mut Ui, branch: &BranchView) {
    let color = Tokens::of(ui).text_secondary;
    for words in branch.edits.iter() {
        ui.horizontal_wrapped(|ui| {
            ui.label(RichText::new(icons::NOTE_PENCIL).color(color));
            ui.label(&**words);
        });
    }
}
