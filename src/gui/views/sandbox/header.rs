//! The line above a sandbox: which script, over which events, and how far it is.
//!
//! Promises: says when the script is not saved; what runs can be stopped.
//! Does not know: how events are read.

use egui::containers::menu::{MenuButton, MenuConfig};
use egui::{Button, PopupCloseBehavior, RichText, Ui};

use super::SandboxState;
use crate::gui::command::UiCommand;
use crate::gui::theme::{Tokens, format, heading, icons, secondary};
use crate::gui::view::View;
use crate::gui::views::field::Field;
use crate::gui::widgets::{IconButton, entered, problem_box, progress_bar};
use crate::model::EntityId;
use crate::workspace::projection::EventOrder;
use crate::workspace::{HistoryChoice, JobState, SandboxCommand, SandboxView};

/// How wide the menu of events is, in points.
const MENU_WIDTH: f32 = 300.0;
/// How many topics the menu offers.
const TOPICS_MAX: usize = 40;

/// What the line keeps.
#[derive(Debug, Default)]
pub(crate) struct HeaderState {
    /// The events as they are being chosen; none while they are those in force.
    choosing: Option<HistoryChoice>,
    /// The entities as they are being typed.
    entities: String,
    /// The seed as it is being typed.
    seed: String,
    /// The file to save into as it is being typed.
    path: String,
}

/// Draws the line.
pub(crate) fn show(
    ui: &mut Ui,
    sandbox: &SandboxView,
    state: &mut SandboxState,
    view: &mut View<'_>,
) {
    ui.horizontal_wrapped(|ui| {
        let tokens = Tokens::of(ui);
        ui.label(RichText::new(icons::CODE).color(tokens.text_secondary));
        let name = ui.label(RichText::new(&*sandbox.name).font(heading()));
        if let Some(file) = &sandbox.file {
            name.on_hover_text(file.display().to_string());
        }
        let unsaved = state.is_changed() || sandbox.file.is_none();
        if unsaved {
            let words = if sandbox.file.is_none() { "no file yet" } else { "not saved" };
            ui.label(RichText::new(words).font(secondary()).color(tokens.text_secondary));
        }
        history(ui, sandbox, &mut state.header, view);
        if let Some(source) = sandbox.source.latest() {
            let count = format::count(source.events, "event");
            ui.label(RichText::new(count).font(secondary()).color(tokens.text_secondary));
        }
        let run = IconButton::new(icons::PLAY, UiCommand::RunProjection.text()).text("Run");
        let shortcut = UiCommand::RunProjection.shortcut_text(ui.ctx()).unwrap_or_default();
        if ui.add(run.shortcut(&shortcut)).clicked() {
            view.out.sandbox(&sandbox.key, SandboxCommand::Run(state.to_send()));
        }
        save(ui, sandbox, state, view);
        progress(ui, sandbox, view);
    });
    for problem in [sandbox.file_problem.as_ref(), sandbox.source.problem()].into_iter().flatten() {
        problem_box(ui, problem, None);
    }
}

/// How far reading or running is.
fn progress(ui: &mut Ui, sandbox: &SandboxView, view: &mut View<'_>) {
    let job = view.snapshot.jobs.iter().find(|job| Some(job.id) == sandbox.job);
    let Some(job) = job.filter(|job| job.state == JobState::Running) else { return };
    progress_bar(ui, job.progress.fraction().unwrap_or(0.0), 96.0, &job.title);
    if ui.add(IconButton::new(icons::STOP, "Stop")).clicked() {
        view.out.sandbox(&sandbox.key, SandboxCommand::Stop);
    }
}

/// Saves, into a file that can be named.
fn save(ui: &mut Ui, sandbox: &SandboxView, state: &mut SandboxState, view: &mut View<'_>) {
    let shortcut = UiCommand::SaveProjection.shortcut_text(ui.ctx()).unwrap_or_default();
    let button = IconButton::new(icons::DOWNLOAD_SIMPLE, UiCommand::SaveProjection.text());
    if ui.add(button.text("Save").shortcut(&shortcut)).clicked() {
        view.out.sandbox(&sandbox.key, SandboxCommand::Save(state.to_send()));
    }
    let config = MenuConfig::new().close_behavior(PopupCloseBehavior::CloseOnClickOutside);
    let menu = MenuButton::from_button(Button::new(icons::CARET_DOWN)).config(config);
    let (response, _) = menu.ui(ui, |ui| {
        ui.set_width(MENU_WIDTH);
        ui.label("Save as");
        let hint = sandbox.key.script_name();
        let path = &mut state.header.path;
        let field =
            Field::new(path, "File to save into").hint(hint).mono().focus_at_first().show(ui);
        let entered = entered(&field);
        let named = !state.header.path.trim().is_empty();
        let clicked = ui.add_enabled(named, Button::new("Save into this file")).clicked();
        if named && (entered || clicked) {
            let path = std::mem::take(&mut state.header.path).trim().into();
            view.out.sandbox(&sandbox.key, SandboxCommand::SaveAs(path, state.to_send()));
            ui.close();
        }
    });
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, "Save as"));
}

/// The chosen events in a few words.
fn history_words(choice: &HistoryChoice) -> String {
    let entities = match choice.entities.as_slice() {
        [] => String::new(),
        [entity] => format!("{} in ", format::middle(&entity.to_string(), 24)),
        several => format!(
            "{} in ",
            format::count(several.len() as u64, "entity").replace("entitys", "entities")
        ),
    };
    let topics = match choice.topics.as_slice() {
        [] => "choose events".to_owned(),
        [topic] => format::middle(topic, 28),
        several => format::count(several.len() as u64, "topic"),
    };
    let order = match choice.order {
        EventOrder::Log => String::new(),
        order => format!(" · order {order}"),
    };
    format!("{entities}{topics}{order}")
}

/// Which events, with a menu to choose others.
fn history(ui: &mut Ui, sandbox: &SandboxView, state: &mut HeaderState, view: &mut View<'_>) {
    let words = history_words(&sandbox.history);
    let button = Button::new(format!("{} {words} {}", icons::ROWS, icons::CARET_DOWN));
    let config = MenuConfig::new().close_behavior(PopupCloseBehavior::CloseOnClickOutside);
    let (response, inner) = MenuButton::from_button(button).config(config).ui(ui, |ui| {
        ui.set_width(MENU_WIDTH);
        if state.choosing.is_none() {
            let entities = sandbox.history.entities.iter().map(ToString::to_string);
            state.entities = entities.collect::<Vec<_>>().join(", ");
            state.choosing = Some(sandbox.history.clone());
        }
        choose(ui, sandbox, state, view);
    });
    if inner.is_none() {
        state.choosing = None;
    }
    let name = format!("Events: {words}");
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
}

/// The menu of events.
fn choose(ui: &mut Ui, sandbox: &SandboxView, state: &mut HeaderState, view: &mut View<'_>) {
    let Some(choice) = &mut state.choosing else { return };
    ui.label("Topics");
    let listed = view.snapshot.topics.latest().cloned().unwrap_or_default();
    egui::ScrollArea::vertical().max_height(180.0).show(ui, |ui| {
        for topic in listed.iter().filter(|topic| !topic.internal).take(TOPICS_MAX) {
            let mut on = choice.topics.contains(&topic.name);
            if ui.checkbox(&mut on, &*topic.name).changed() {
                choice.topics.retain(|name| *name != topic.name);
                choice.topics.extend(on.then(|| topic.name.clone()));
            }
        }
    });
    ui.label("Entities");
    Field::new(&mut state.entities, "Entities")
        .hint("all, or ids separated by commas")
        .mono()
        .show(ui);
    ui.label("Order across partitions");
    ui.horizontal(|ui| {
        ui.radio_value(&mut choice.order, EventOrder::Log, "Log");
        ui.radio_value(&mut choice.order, EventOrder::Event, "Event time");
        let seed = state.seed.trim().parse().unwrap_or(1);
        let by_chance = matches!(choice.order, EventOrder::Seed(_));
        if ui.radio(by_chance, "Random").clicked() || by_chance {
            choice.order = EventOrder::Seed(seed);
        }
        Field::new(&mut state.seed, "Seed").hint("1").width(56.0).mono().show(ui);
    });
    ui.separator();
    let enabled = !choice.topics.is_empty();
    if ui.add_enabled(enabled, Button::new("Read and run")).clicked() {
        let ids = state.entities.split(',').map(str::trim).filter(|id| !id.is_empty());
        let entities = ids.map(EntityId::new).collect();
        let choice = HistoryChoice { entities, ..choice.clone() };
        view.out.sandbox(&sandbox.key, SandboxCommand::SetHistory(choice));
        ui.close();
    }
}
