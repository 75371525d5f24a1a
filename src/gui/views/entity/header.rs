//! The line above an entity: who it is, how far the clock is, how complete its history is, how it
//! is folded.
//!
//! Promises: a heuristic fold says that it is one.
//! Does not know: how folding works.

use egui::containers::menu::MenuButton;
use egui::{Button, RichText, Ui};

use crate::gui::command::UiCommand;
use crate::gui::command_ui::menu_item;
use crate::gui::theme::{Tokens, format, heading, icons, secondary};
use crate::gui::view::{Action, View};
use crate::gui::widgets::{Chip, IconButton, copy, fitting_name, progress_bar, verdict_chip};
use crate::workspace::{Command, CoverageOf, EntityView, JobState};

/// The folds with what they do.
const FOLDS: [(&str, &str); 4] = [
    ("merge", "Applies each JSON body as a merge patch (RFC 7386)"),
    ("last", "The last value is the state"),
    ("debezium", "The after image of change events"),
    ("count", "Counts events by type"),
];

/// Below this width, in points, topics and fold are said on hover alone.
const NARROW: f32 = 900.0;

/// What stands beside the id in its line at least, in points: the button that copies it.
const NAME_BESIDE: f32 = 40.0;

/// Draws the line.
pub(crate) fn show(ui: &mut Ui, entity: &EntityView, view: &mut View<'_>) {
    let narrow = ui.available_width() < NARROW;
    ui.horizontal_wrapped(|ui| {
        let id = entity.key.entity.to_string();
        ui.label(RichText::new(icons::CUBE).color(Tokens::of(ui).text_secondary));
        let room = ui.available_width() - NAME_BESIDE;
        let name = fitting_name(ui, &id, &heading(), room);
        ui.label(RichText::new(name).font(heading())).on_hover_text(&id);
        if ui.add(IconButton::new(icons::COPY, "Copy id")).clicked() {
            copy(ui.ctx(), id, "id");
        }
        let topics = if narrow { &[][..] } else { &entity.key.topics[..] };
        for topic in topics {
            Chip::new(topic).icon(icons::ROWS).show(ui);
        }
        version(ui, entity);
        if let Some(completeness) = &entity.completeness
            && verdict_chip(ui, completeness).clicked()
        {
            view.out.act(Action::ShowCoverage(CoverageOf::Entity(entity.key.clone())));
        }
        problems(ui, entity, narrow, view);
        progress(ui, entity, view);
        fold(ui, entity, narrow, view);
        compare(ui, entity, narrow, view);
        export(ui, view);
        let debug = IconButton::new(icons::BUG, UiCommand::DebugEntity.text());
        if ui.add(debug).clicked() {
            view.out.run(UiCommand::DebugEntity);
        }
        let bookmark = IconButton::new(icons::BOOKMARK_SIMPLE, UiCommand::AddBookmark.text());
        if ui.add(bookmark.shortcut("B")).clicked() {
            view.out.run(UiCommand::AddBookmark);
        }
    });
}

/// How far the clock is.
fn version(ui: &mut Ui, entity: &EntityView) {
    let Some(events) = entity.events.latest() else { return };
    let version = entity.at.as_ref().map_or(0, |at| at.version);
    let (so_far, about) = if entity.events.is_pending() {
        (" so far", "Events in the state, of those found so far: not everything is read yet")
    } else {
        ("", "Events in the state, of all that were read")
    };
    let words = format!("v{version} of {}{so_far}", format::number(events.len() as u64));
    Chip::new(&words).show(ui).response.on_hover_text(about);
}

/// How many events have a problem; a click goes to the next of them.
fn problems(ui: &mut Ui, entity: &EntityView, narrow: bool, view: &mut View<'_>) {
    let count: usize = entity.lanes.iter().map(|lane| lane.problems.len()).sum();
    if count == 0 {
        return;
    }
    let words = format::count(count as u64, "problem");
    let name = format!("{words}: to the next one");
    let shown = if narrow { format::number(count as u64) } else { words };
    if ui.add(IconButton::new(icons::WARNING, &name).text(&shown).shortcut("N")).clicked() {
        view.out.run(UiCommand::NextProblem);
    }
}

/// How far reading its history is.
fn progress(ui: &mut Ui, entity: &EntityView, view: &mut View<'_>) {
    let job = view.snapshot.jobs.iter().find(|job| Some(job.id) == entity.job);
    let Some(job) = job.filter(|job| job.state == JobState::Running) else { return };
    progress_bar(ui, job.progress.fraction().unwrap_or(0.0), 96.0, &job.title);
    if ui.add(IconButton::new(icons::STOP, "Stop reading")).clicked() {
        view.out.send(Command::CancelJob(job.id));
    }
}

/// How events become state.
fn fold(ui: &mut Ui, entity: &EntityView, narrow: bool, view: &mut View<'_>) {
    let response = ui
        .menu_button(format!("Fold: {} {}", entity.fold, icons::CARET_DOWN), |ui| {
            for (name, about) in FOLDS {
                let chosen = *entity.fold == *name;
                if ui.selectable_label(chosen, name).on_hover_text(about).clicked() {
                    view.out.send(Command::SetFold(entity.key.clone(), name.to_owned()));
                    ui.close();
                }
            }
        })
        .response;
    let name = format!("Fold {}", entity.fold);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
    if narrow {
        response.on_hover_text(&*entity.fold_label);
    } else if !entity.fold_label.is_empty() {
        let label = RichText::new(&*entity.fold_label).font(secondary());
        ui.label(label.color(Tokens::of(ui).text_secondary));
    }
}

/// What can be saved of it.
fn export(ui: &mut Ui, view: &mut View<'_>) {
    let button = Button::new(format!("{} {}", icons::EXPORT, icons::CARET_DOWN));
    let (response, _) = MenuButton::from_button(button).ui(ui, |ui| {
        for command in [
            UiCommand::ExportHistory,
            UiCommand::ExportStates,
            UiCommand::ExportState,
            UiCommand::ExportDiff,
        ] {
            menu_item(ui, command, view.out);
        }
    });
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, "Export"));
    response.on_hover_text("Save its history or states into a file");
}

/// The ways to compare its state with another.
fn compare(ui: &mut Ui, entity: &EntityView, narrow: bool, view: &mut View<'_>) {
    let on = entity.compare_with.is_some();
    let words =
        if narrow { icons::GIT_DIFF.to_owned() } else { format!("{} Compare", icons::GIT_DIFF) };
    let button = Button::new(format!("{words} {}", icons::CARET_DOWN)).selected(on);
    let (response, _) = MenuButton::from_button(button).ui(ui, |ui| {
        if on {
            let shortcut = UiCommand::Compare.shortcut_text(ui.ctx()).unwrap_or_default();
            let end = Button::new("End comparison").shortcut_text(shortcut);
            if ui.add(end).clicked() {
                view.out.run(UiCommand::Compare);
            }
        } else {
            menu_item(ui, UiCommand::Compare, view.out);
        }
        menu_item(ui, UiCommand::CompareEntity, view.out);
    });
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, "Compare"));
}
