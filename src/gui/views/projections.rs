//! The projections in the navigator: new ones, those of the workspace, and the demo's.
//!
//! Promises: a script can be opened by its path, too, wherever it is.
//! Does not know: what is done in a sandbox.

use std::path::PathBuf;

use egui::{Button, RichText, ScrollArea, Ui};

use super::field::Field;
use super::list_row::ListRow;
use crate::gui::command::UiCommand;
use crate::gui::theme::{GRID, Tokens, icons, secondary};
use crate::gui::view::{Action, Pane, View};
use crate::gui::widgets::{IconButton, entered, problem_box};
use crate::workspace::{Command, Fetch, HistoryChoice, SandboxKey};

/// The list's state.
#[derive(Debug, Default)]
pub(crate) struct ProjectionsState {
    /// The path to open.
    path: String,
}

/// The events of what is in front, for a sandbox that is opened there.
pub(crate) fn history_of(front: Option<&Pane>) -> HistoryChoice {
    match front {
        Some(Pane::Entity(key)) => HistoryChoice::entity(key),
        Some(Pane::Topic(topic)) => HistoryChoice::topic(topic.clone()),
        _ => HistoryChoice::default(),
    }
}

/// The button that looks for scripts anew.
pub(crate) fn refresh(ui: &mut Ui, view: &mut View<'_>) {
    let refresh = IconButton::new(icons::ARROWS_CLOCKWISE, "Look for scripts");
    if ui.add_enabled(!view.snapshot.scripts.is_pending(), refresh).clicked() {
        view.out.send(Command::FindScripts);
    }
}

/// Draws the list.
pub(crate) fn show(
    ui: &mut Ui,
    state: &mut ProjectionsState,
    front: Option<&Pane>,
    view: &mut View<'_>,
) {
    let new = Button::new(format!("{}  {}", icons::PLUS, UiCommand::NewProjection.text()));
    let response = ui.add(new);
    let name = UiCommand::NewProjection.text();
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, name));
    if response.on_hover_text(UiCommand::NewProjection.tooltip()).clicked() {
        view.out.act(Action::NewSandbox(history_of(front)));
    }
    open_by_path(ui, state, front, view);
    ui.add_space(GRID);
    let front_key = match front {
        Some(Pane::Sandbox(key)) => Some(key),
        _ => None,
    };
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        if let Some(demo) = &view.snapshot.demo {
            heading(ui, "Demo");
            let chosen = front_key == Some(&SandboxKey::Demo);
            let name = SandboxKey::Demo.script_name();
            let row = ListRow::new(&name).mono().icon(icons::FLASK).selected(chosen).show(ui);
            if row.on_hover_text("What the dashboard shows of the orders").clicked() {
                let history = HistoryChoice::topic(demo.incident_topic.clone());
                view.out.act(Action::OpenSandbox(SandboxKey::Demo, history));
            }
        }
        scripts(ui, front_key, view);
    });
}

/// A small title within the list.
fn heading(ui: &mut Ui, text: &str) {
    ui.add_space(GRID);
    let color = Tokens::of(ui).text_secondary;
    ui.label(RichText::new(text).font(secondary()).color(color));
}

/// A field for the path of a script.
fn open_by_path(
    ui: &mut Ui,
    state: &mut ProjectionsState,
    front: Option<&Pane>,
    view: &mut View<'_>,
) {
    let response = Field::new(&mut state.path, "Path of a script").hint("Open a .js file").show(ui);
    let entered = entered(&response);
    let path = state.path.trim();
    if entered && !path.is_empty() {
        let key = SandboxKey::File(PathBuf::from(path));
        view.out.act(Action::OpenSandbox(key, history_of(front)));
        state.path.clear();
    }
}

/// The scripts of the workspace.
fn scripts(ui: &mut Ui, front: Option<&SandboxKey>, view: &mut View<'_>) {
    heading(ui, "Workspace");
    if matches!(view.snapshot.scripts, Fetch::NotAsked) {
        view.out.send(Command::FindScripts);
    }
    if let Some(problem) = view.snapshot.scripts.problem() {
        problem_box(ui, problem, None);
    }
    let scripts = view.snapshot.scripts.latest().cloned().unwrap_or_default();
    if scripts.is_empty() && !view.snapshot.scripts.is_pending() {
        let color = Tokens::of(ui).text_secondary;
        let words = "No scripts yet. What you save lies beside foldback.toml.";
        ui.label(RichText::new(words).font(secondary()).color(color));
    }
    for script in scripts.iter() {
        let key = SandboxKey::File(script.path.clone());
        let row = ListRow::new(&script.name).mono().selected(front == Some(&key)).show(ui);
        if row.on_hover_text(script.path.display().to_string()).clicked() {
            view.out.open(Pane::Sandbox(key));
        }
    }
}
