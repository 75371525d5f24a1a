//! The state of an entity at the clock.
//!
//! Promises: says after which event it is; fields that event changed are marked; the events that
//! changed the chosen field are one click away.
//! Does not know: how the state was folded.

use std::sync::Arc;

use egui::{Id, Panel, RichText, Ui};

use super::{EntityState, event_at, go_to};
use crate::gui::command::UiCommand;
use crate::gui::theme::{
    ROW_HEIGHT, Tokens, data, format, icons, medium, mono, mono_small, secondary,
};
use crate::gui::view::View;
use crate::gui::views::waiting;
use crate::gui::widgets::{
    EmptyState, IconButton, TreeAction, copy, copy_forms, copy_menu, fitting_name, problem_box,
    state_tree,
};
use crate::model::{DecodedKind, JsonPointer};
use crate::workspace::{
    ClockCommand, Command, CopyForm, EntityAt, EntityView, EventRow, RecordDetail, StepTarget,
    changes_text, state_text,
};

/// How much of the old picture shows while the new one is on its way.
pub(super) const PENDING_OPACITY: f32 = 0.55;
/// How many writers of a field are listed.
const WRITERS_MAX: usize = 24;
/// How wide a version among them is at most, about, in points.
const WRITER_WIDTH: f32 = 40.0;

/// Draws the state.
pub(crate) fn show(
    ui: &mut Ui,
    entity: &EntityView,
    events: &Arc<[EventRow]>,
    state: &mut EntityState,
    view: &mut View<'_>,
) {
    if let Some(problem) = &entity.at_problem {
        problem_box(ui, problem, None);
    }
    let Some(at) = &entity.at else {
        // The first state is there within a moment of the first events.
        let job = view.snapshot.running_job(entity.job).cloned();
        waiting::show_job(ui, view, job.as_ref(), "");
        return;
    };
    title(ui, at, events, view);
    if entity.at_pending {
        ui.multiply_opacity(PENDING_OPACITY);
    }
    if at.version == 0 {
        let chosen = EmptyState::new(
            icons::CUBE,
            "Before the first event",
            "The entity does not exist yet at this moment.",
        )
        .action(icons::ARROW_RIGHT, UiCommand::NextEvent.text())
        .show(ui);
        if chosen.is_some() {
            view.out.run(UiCommand::NextEvent);
        }
        return;
    }
    if is_deleted(at) {
        return deleted(ui, entity, at, events, view);
    }
    if let Some(path) = &entity.selected_path {
        Panel::bottom(Id::unique("field"))
            .resizable(false)
            .frame(egui::Frame::new().inner_margin(4))
            .show(ui, |ui| field(ui, entity, path, at.version, view));
    }
    let id = Id::unique(("state", &entity.key));
    let selected = entity.selected_path.as_ref();
    if let Some(action) = state_tree(ui, id, &mut state.tree, &at.rows, selected) {
        act(entity, action, view);
    }
}

/// Carries out what was asked of a tree.
pub(crate) fn act(entity: &EntityView, action: TreeAction, view: &mut View<'_>) {
    let key = entity.key.clone();
    let step = |view: &mut View<'_>, path: JsonPointer, forward: bool| {
        let select = Command::SelectPath(key.clone(), Some(path.clone()));
        view.out.send(select);
        let target =
            if forward { StepTarget::NextChange(path) } else { StepTarget::PreviousChange(path) };
        view.out.clock(ClockCommand::Step(key.clone(), target));
    };
    match action {
        TreeAction::Select(path) => {
            let chosen = entity.selected_path.as_ref() == Some(&path);
            let path = (!chosen).then_some(path);
            view.out.send(Command::SelectPath(entity.key.clone(), path));
        }
        TreeAction::PreviousChange(path) => step(view, path, false),
        TreeAction::NextChange(path) => step(view, path, true),
        TreeAction::GoToVersion(version) => go_to(entity, version, view),
    }
}

/// Whether a record without a value has ended the state.
fn is_deleted(at: &EntityAt) -> bool {
    let tombstone = |record: &Arc<RecordDetail>| record.decoded_as == DecodedKind::Tombstone;
    &*at.json == "null" && at.record.as_ref().is_some_and(tombstone)
}

/// What stands there once the state has ended.
fn deleted(
    ui: &mut Ui,
    entity: &EntityView,
    at: &EntityAt,
    events: &[EventRow],
    view: &mut View<'_>,
) {
    let when = event_at(events, at.version).map(|event| view.times.date_time(event.log_time_ms));
    let title = format!("Deleted at {}", when.unwrap_or_default());
    let text = format!(
        "v{} is a tombstone, a record without a value: from here on {} has no state.",
        at.version,
        format::middle(&entity.key.entity.to_string(), 40)
    );
    let before = EmptyState::new(icons::TRASH, &title, &text)
        .action(icons::CARET_LEFT, "The state before")
        .show(ui);
    if before.is_some() {
        view.out.run(UiCommand::PreviousEvent);
    }
}

/// After which event the state is.
fn title(ui: &mut Ui, at: &EntityAt, events: &[EventRow], view: &View<'_>) {
    let tokens = Tokens::of(ui);
    ui.horizontal(|ui| {
        ui.set_height(ROW_HEIGHT);
        ui.label(RichText::new("State").font(medium()).color(tokens.text_strong));
        let words = match event_at(events, at.version) {
            Some(event) if is_deleted(at) => {
                format!("deleted by v{} · {}", at.version, view.times.time(event.log_time_ms))
            }
            Some(event) => format!(
                "after v{} {} · {}",
                at.version,
                event.event_type,
                view.times.time(event.log_time_ms)
            ),
            None => "before the first event".to_owned(),
        };
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            state_menu(ui, at);
            ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                let words = RichText::new(words).font(secondary()).color(tokens.text_secondary);
                ui.add(egui::Label::new(words).truncate());
            });
        });
    });
}

/// What can be copied of the state.
fn state_menu(ui: &mut Ui, at: &EntityAt) {
    let button = IconButton::new(icons::COPY, "Copy state as JSON");
    let response = ui.add(button);
    let what = format!("state after v{}", at.version);
    if response.clicked() {
        copy(ui.ctx(), at.json.to_string(), &what);
    }
    response.context_menu(|ui| {
        copy_menu(ui, |menu| {
            menu.text("State as JSON", "", || Some(at.json.to_string()));
            menu.text("State as CSV", "", || state_text(&at.json, CopyForm::Csv));
            menu.separator();
            for (form, name, _) in copy_forms("Diff") {
                menu.text(&name, "", || Some(changes_text(&at.changes, form)));
            }
        });
    });
}

/// The chosen field and the events that changed it.
fn field(ui: &mut Ui, entity: &EntityView, path: &JsonPointer, version: u64, view: &mut View<'_>) {
    let tokens = Tokens::of(ui);
    ui.horizontal_wrapped(|ui| {
        if ui.add(IconButton::new(icons::X, "Deselect field")).clicked() {
            view.out.send(Command::SelectPath(entity.key.clone(), None));
        }
        let name = if path.as_str().is_empty() { "/" } else { path.as_str() };
        // The two buttons that step along the field stay in its line.
        let room = ui.available_width() - 72.0;
        let shown = fitting_name(ui, name, &mono(), room);
        ui.label(data(shown).color(tokens.accent)).on_hover_text(name);
        let buttons = [
            (icons::CARET_LEFT, UiCommand::PreviousChange),
            (icons::CARET_RIGHT, UiCommand::NextChange),
        ];
        for (icon, command) in buttons {
            crate::gui::command_ui::icon_button(ui, icon, command, view.out);
        }
        let color = tokens.text_secondary;
        // The versions stay in one line where there is room for them alone.
        let shown = entity.path_writers.len().min(WRITERS_MAX);
        if ui.available_size_before_wrap().x > 80.0 + WRITER_WIDTH * shown as f32 {
            ui.label(RichText::new("changed by").font(secondary()).color(color));
        }
        for writer in entity.path_writers.iter().take(WRITERS_MAX) {
            let text = RichText::new(format!("v{writer}")).font(mono_small());
            if ui.selectable_label(*writer == version, text).clicked() {
                go_to(entity, *writer, view);
            }
        }
        let more = entity.path_writers.len().saturating_sub(WRITERS_MAX);
        if more > 0 {
            ui.label(RichText::new(format!("and {more} more")).font(secondary()).color(color));
        }
    });
}
