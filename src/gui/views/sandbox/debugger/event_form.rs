//! The event of a step, and what if it had been another.
//!
//! Promises: nothing is written to any topic; what is typed is kept until another step is in front.
//! Does not know: how a branch is run.

use std::sync::Arc;

use egui::{Button, RichText, ScrollArea, TextEdit, Ui};

use super::ask;
use crate::gui::theme::{Tokens, icons, mono, secondary};
use crate::gui::view::View;
use crate::gui::views::field::Field;
use crate::gui::widgets::EmptyState;
use crate::model::EntityId;
use crate::workspace::sandbox::{Edit, EventText};
use crate::workspace::{DebugCommand, DebugStep, SandboxView, StepRow};

/// What is typed.
#[derive(Debug, Default)]
pub(super) struct EventFormState {
    /// The step it was taken from.
    of: Option<Arc<DebugStep>>,
    /// The type.
    event_type: String,
    /// The entity.
    entity: String,
    /// The value.
    body: String,
}

impl EventFormState {
    /// Takes the event of another step.
    fn take(&mut self, step: &Arc<DebugStep>, row: &StepRow) {
        if self.of.as_ref().is_some_and(|of| Arc::ptr_eq(of, step)) {
            return;
        }
        self.of = Some(Arc::clone(step));
        self.event_type = row.event_type.to_string();
        self.entity = row.entity.as_ref().map(ToString::to_string).unwrap_or_default();
        self.body = step.body.as_deref().unwrap_or_default().to_owned();
    }

    /// What is typed.
    fn text(&self) -> EventText {
        let entity = (!self.entity.is_empty()).then(|| EntityId::new(&self.entity));
        let body = (!self.body.trim().is_empty()).then(|| self.body.as_str().into());
        EventText { event_type: self.event_type.as_str().into(), entity, body }
    }
}

/// Draws the form.
pub(super) fn show(
    ui: &mut Ui,
    sandbox: &SandboxView,
    step: &Arc<DebugStep>,
    state: &mut EventFormState,
    view: &mut View<'_>,
) {
    let Some(row) = &step.event else {
        EmptyState::new(icons::CUBE, "No event", "Step to an event first.").show(ui);
        return;
    };
    state.take(step, row);
    let color = Tokens::of(ui).text_secondary;
    let quiet = |ui: &mut Ui, text: String| {
        ui.label(RichText::new(text).font(secondary()).color(color));
    };
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        quiet(ui, format!("{} · {}", row.position, view.times.date_time(row.timestamp_ms)));
        buttons(ui, sandbox, step.at - 1, state, view);
        quiet(ui, "Type".to_owned());
        Field::new(&mut state.event_type, "Event type").mono().show(ui);
        quiet(ui, "Entity".to_owned());
        Field::new(&mut state.entity, "Event entity").mono().show(ui);
        quiet(ui, "Value; a tombstone when empty".to_owned());
        let edit = TextEdit::multiline(&mut state.body)
            .font(mono())
            .desired_width(f32::INFINITY)
            .desired_rows(6);
        let response = ui.add(edit);
        response.widget_info(|| {
            egui::WidgetInfo::labeled(egui::Role::MultilineTextInput, true, "Event value")
        });
    });
}

/// What can be done with the event.
fn buttons(
    ui: &mut Ui,
    sandbox: &SandboxView,
    index: u64,
    state: &EventFormState,
    view: &mut View<'_>,
) {
    let last = sandbox.debugger.run.as_ref().map_or(0, |run| run.len());
    let entries = [
        (
            "Apply edit",
            "Give this event what is typed below",
            Some(Edit::Replace(index, state.text())),
        ),
        (
            "Insert after",
            "Insert an event with what is typed below after this one",
            Some(Edit::Insert(index + 1, state.text())),
        ),
        ("Skip", "Leave this event out", Some(Edit::Skip(index))),
        ("Duplicate", "Deliver this event twice", Some(Edit::Duplicate(index))),
        (
            "Move up",
            "Deliver it before the event before",
            index.checked_sub(1).map(|to| Edit::Move { from: index, to }),
        ),
        (
            "Move down",
            "Deliver it after the event after",
            (index + 1 < last).then_some(Edit::Move { from: index, to: index + 2 }),
        ),
    ];
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new("What if").font(secondary()));
        for (name, about, edit) in entries {
            let clicked =
                ui.add_enabled(edit.is_some(), Button::new(name)).on_hover_text(about).clicked();
            if let Some(edit) = edit.filter(|_| clicked) {
                ask(&sandbox.key, DebugCommand::Edit(edit), view);
            }
        }
    });
}
