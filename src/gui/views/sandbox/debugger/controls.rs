//! The controls of the debugger: stepping, the condition to break on, branches.
//!
//! Promises: a step that leads nowhere is greyed where that is known.
//! Does not know: where a step leads.

use egui::containers::menu::{MenuButton, MenuConfig};
use egui::{Button, PopupCloseBehavior, RichText, Ui};

use super::super::SandboxState;
use super::watches::WatchState;
use super::{ask, branches, go};
use crate::gui::command::UiCommand;
use crate::gui::command_ui::icon_button;
use crate::gui::theme::{Tokens, data, format, icons, secondary};
use crate::gui::view::View;
use crate::gui::views::field::Field;
use crate::gui::widgets::{Chip, IconButton, Tone, copy, entered, left, problem_box};
use crate::workspace::sandbox::FIXTURE_ENDING;
use crate::workspace::{DebugCommand, DebugTarget, SandboxView};

/// The buttons.
const BUTTONS: [(&str, UiCommand); 8] = [
    (icons::SKIP_BACK, UiCommand::FirstEvent),
    (icons::CARET_LEFT, UiCommand::PreviousEvent),
    (icons::CARET_RIGHT, UiCommand::NextEvent),
    (icons::SKIP_FORWARD, UiCommand::LastEvent),
    (icons::CARET_DOUBLE_LEFT, UiCommand::PreviousChange),
    (icons::CARET_DOUBLE_RIGHT, UiCommand::NextChange),
    (icons::ARROW_UP, UiCommand::PreviousProblem),
    (icons::ARROW_DOWN, UiCommand::NextProblem),
];

/// Draws the controls.
pub(super) fn show(
    ui: &mut Ui,
    sandbox: &SandboxView,
    state: &mut SandboxState,
    view: &mut View<'_>,
) {
    let debugger = &sandbox.debugger;
    let Some(run) = &debugger.run else { return };
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        for (icon, command) in BUTTONS.into_iter().take(6) {
            icon_button(ui, icon, command, view.out);
        }
        let color = Tokens::of(ui).text_strong;
        let words = format!("{} of {}", format::number(debugger.at), format::number(run.len()));
        ui.add_space(4.0);
        ui.label(data(words).color(color));
        ui.add_space(4.0);
        outcome(ui, sandbox, view);
        branches::show(ui, sandbox, state, view);
        if let Some(step) = &debugger.step
            && ui.add(IconButton::new(icons::COPY, "Copy state as JSON")).clicked()
        {
            copy(ui.ctx(), step.json.to_string(), "state");
        }
        keep(ui, sandbox, state, view);
    });
    kept(ui, sandbox);
    ui.horizontal_wrapped(|ui| condition(ui, sandbox, state, view));
    for problem in debugger.problem.iter().chain(&debugger.branch_problem) {
        problem_box(ui, problem, None);
    }
}

/// How the run ended.
fn outcome(ui: &mut Ui, sandbox: &SandboxView, view: &mut View<'_>) {
    let Some(run) = &sandbox.debugger.run else { return };
    if let Some(job) = view.snapshot.running_job(sandbox.job) {
        Chip::new(&job.waiting_words()).icon(icons::HOURGLASS).show(ui);
    }
    if let Some(failure) = run.failure() {
        let words = format!("failed at {}", format::number(failure.index + 1));
        let chip = Chip::new(&words).icon(icons::X_CIRCLE).tone(Tone::Error).show(ui);
        let response = chip.response.interact(egui::Sense::click());
        if response.on_hover_text(failure.fault.to_string()).clicked() {
            go(&sandbox.key, DebugTarget::To(failure.index + 1), view);
        }
    }
    let counts = run.counts();
    let unmatched: u64 = counts.unmatched.values().sum();
    if 0 < unmatched {
        let words = format!("{} without handler", format::number(unmatched));
        let types: Vec<_> = counts
            .unmatched
            .iter()
            .map(|(name, count)| format!("{name}: {}", format::number(*count)))
            .collect();
        Chip::new(&words).show(ui).response.on_hover_text(types.join("\n"));
    }
    if 0 < counts.undecodable {
        let words = format!("{} not decoded", format::number(counts.undecodable));
        Chip::new(&words).icon(icons::WARNING).tone(Tone::Warning).show(ui);
    }
    for (icon, command) in BUTTONS.into_iter().skip(6) {
        let has_problem = run.failure().is_some() || 0 < counts.undecodable;
        if has_problem {
            icon_button(ui, icon, command, view.out);
        }
    }
}

/// The condition to break on.
fn condition(ui: &mut Ui, sandbox: &SandboxView, state: &mut SandboxState, view: &mut View<'_>) {
    let tokens = Tokens::of(ui);
    let condition = sandbox.debugger.condition.as_deref();
    ui.label(RichText::new("Break on").font(secondary()).color(tokens.text_secondary));
    let width = (ui.available_width() - 220.0).clamp(120.0, 420.0);
    let field = Field::new(&mut state.debugger.watches.condition, "Condition")
        .hint("event.body.total > 100 && state.status !== before?.status")
        .mono()
        .width(width)
        .show(ui);
    let entered = entered(&field);
    let WatchState { condition: typed, asked, .. } = &mut state.debugger.watches;
    let text = typed.trim();
    if (entered || left(&field)) && *asked != text {
        text.clone_into(asked);
        let wanted = (!text.is_empty()).then(|| text.into());
        ask(&sandbox.key, DebugCommand::SetCondition(wanted), view);
    } else if entered {
        go(&sandbox.key, DebugTarget::NextHit, view);
    }
    let Some(condition) = condition else { return };
    if let Some(problem) = &condition.problem {
        let words = RichText::new(&**problem).font(secondary()).color(tokens.error);
        ui.label(words);
        return;
    }
    let Some(watched) = &condition.watched else {
        let words = RichText::new("not evaluated yet").font(secondary());
        ui.label(words.color(tokens.text_secondary));
        return;
    };
    icon_button(ui, icons::ARROW_LEFT, UiCommand::PreviousBreak, view.out);
    icon_button(ui, icons::ARROW_RIGHT, UiCommand::NextBreak, view.out);
    let hits = watched.hits().len() as u64;
    let words = format!("true at {}", format::count(hits, "event"));
    ui.label(RichText::new(words).font(secondary()).color(tokens.text_secondary));
}

/// Keeps the step as a test, in a file that can be named.
fn keep(ui: &mut Ui, sandbox: &SandboxView, state: &mut SandboxState, view: &mut View<'_>) {
    let config = MenuConfig::new().close_behavior(PopupCloseBehavior::CloseOnClickOutside);
    let menu = MenuButton::from_button(Button::new(icons::TEST_TUBE)).config(config);
    let (response, inner) = menu.ui(ui, |ui| {
        ui.set_width(300.0);
        ui.label("Keep this step as a test");
        let path = &mut state.debugger.test_path;
        if path.is_empty() {
            *path = test_path(sandbox);
        }
        let field = Field::new(path, "File of the test").mono().focus_at_first().show(ui);
        let entered = entered(&field);
        branches::note(
            ui,
            "The events of its partition up to here, and the state they must lead to.",
        );
        if ui.button("Save as test").clicked() || entered {
            let path = std::mem::take(path).trim().into();
            ask(&sandbox.key, DebugCommand::KeepStep(path), view);
            ui.close();
        }
    });
    if inner.is_none() {
        state.debugger.test_path.clear();
    }
    let name = "Keep this step as a test";
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, name));
    response.on_hover_text(name);
}

/// Where the test of a step goes if nothing else is named.
fn test_path(sandbox: &SandboxView) -> String {
    let name = sandbox.name.strip_suffix(".js").unwrap_or(&sandbox.name);
    let event = sandbox.debugger.step.as_ref().and_then(|step| step.event.as_ref());
    let entity = event.and_then(|event| event.entity.as_ref()).map(ToString::to_string);
    let entity = entity.map(|entity| format!("-{entity}")).unwrap_or_default();
    let plain = |character: char| character.is_alphanumeric() || "-_.".contains(character);
    let entity: String = entity.chars().filter(|character| plain(*character)).collect();
    format!("fixtures/{name}{entity}-{}{FIXTURE_ENDING}", sandbox.debugger.at)
}

/// What came of the test that was kept.
fn kept(ui: &mut Ui, sandbox: &SandboxView) {
    match &sandbox.debugger.kept {
        Some(Ok(path)) => {
            let words = format!("kept in {}; run it with foldback test", path.display());
            let color = Tokens::of(ui).text_secondary;
            ui.label(RichText::new(words).font(secondary()).color(color));
        }
        Some(Err(problem)) => {
            problem_box(ui, problem, None);
        }
        None => {}
    }
}
