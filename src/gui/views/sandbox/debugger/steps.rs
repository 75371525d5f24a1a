//! The steps: every event with what it did.
//!
//! Promises: the step it stands at is chosen and in view; a million steps scroll like ten.
//! Does not know: states.

use egui::{Id, RichText, Ui};

use super::super::SandboxState;
use super::{ask, go};
use crate::fold::StepEffect;
use crate::gui::theme::{TimeFormat, Tokens, data, format, icon, icons, mono_small, secondary};
use crate::gui::view::View;
use crate::gui::widgets::{DataTable, EventMark, TableColumn, TableRows, copy_menu, event_label};
use crate::workspace::sandbox::Edit;
use crate::workspace::{DebugCommand, DebugRun, DebugTarget, SandboxView, StepRow};

/// The columns.
const COLUMNS: [TableColumn; 5] = [
    TableColumn::figures(""),
    TableColumn::text("Event", 96.0),
    TableColumn::text("Effect", 84.0),
    TableColumn::rest("Partition", 72.0),
    TableColumn::figures("Time").dispensable(1),
];

/// Draws the list.
pub(super) fn show(
    ui: &mut Ui,
    sandbox: &SandboxView,
    state: &mut SandboxState,
    view: &mut View<'_>,
) {
    let debugger = &sandbox.debugger;
    let Some(run) = &debugger.run else { return };
    let chosen = debugger.at.checked_sub(1);
    let moved = state.debugger.shown_at != Some(debugger.at);
    let mut rows = Rows { run, times: view.times, edit: None };
    let id = Id::unique(("steps", &sandbox.key));
    let response = DataTable::new(id, "Steps", &COLUMNS, run.len())
        .chosen(chosen)
        .scroll_to(chosen.filter(|_| moved))
        .show(ui, &mut rows);
    let edit = rows.edit;
    if let Some(row) = response.chosen {
        go(&sandbox.key, DebugTarget::To(row + 1), view);
    }
    if let Some(edit) = edit {
        ask(&sandbox.key, DebugCommand::Edit(edit), view);
    }
}

/// The rows as the table draws them.
struct Rows<'a> {
    /// The run.
    run: &'a DebugRun,
    /// How times are written.
    times: &'a TimeFormat,
    /// What was asked for in a menu.
    edit: Option<Edit>,
}

/// What an event did: a sign, a word, and whether it needs an eye.
pub(super) fn effect_words(effect: Option<StepEffect>) -> (&'static str, &'static str) {
    match effect {
        Some(StepEffect::Changed) => (icons::TILDE, "changed"),
        Some(StepEffect::Unchanged) => (icons::EQUALS, "unchanged"),
        Some(StepEffect::Unmatched) => (icons::MINUS, "no handler"),
        Some(StepEffect::Elsewhere) => (icons::MINUS, "other source"),
        Some(StepEffect::Skipped) => (icons::MINUS, "no partition"),
        Some(StepEffect::Undecodable) => (icons::WARNING, "not decoded"),
        Some(StepEffect::Failed) => (icons::X_CIRCLE, "failed"),
        None => (icons::PROHIBIT, "not reached"),
    }
}

/// The colour of what an event did.
fn effect_color(effect: Option<StepEffect>, tokens: &Tokens) -> egui::Color32 {
    match effect {
        Some(StepEffect::Changed) => tokens.changed,
        Some(StepEffect::Failed) => tokens.error,
        Some(StepEffect::Undecodable) => tokens.warning,
        _ => tokens.text_secondary,
    }
}

/// The partition of a step, else its entity.
fn place_words(step: &StepRow) -> String {
    let entity = step.entity.as_ref().map(ToString::to_string).unwrap_or_default();
    match &step.partition {
        // The name of a stream is its category and the entity; the entity says it all.
        Some(name) if !name.is_empty() && !name.ends_with(&entity) => name.to_string(),
        _ => entity,
    }
}

impl TableRows for Rows<'_> {
    fn cell(&mut self, ui: &mut Ui, row: u64, column: usize) {
        let Some(step) = self.run.row(row) else { return };
        let tokens = Tokens::of(ui);
        match column {
            0 => {
                let text = data(format::number(step.number));
                ui.label(text.color(tokens.text_secondary));
            }
            1 => {
                let mut mark = EventMark::of_type(&step.event_type);
                mark.hollow = step.effect.is_none();
                let response = event_label(ui, &step.event_type, mark);
                response.on_hover_ui(|ui| {
                    ui.monospace(step.position.to_string());
                    ui.label(self.times.date_time_zone(step.timestamp_ms));
                });
            }
            2 => effect(ui, &step),
            3 => {
                if let Some(mark) = step.mark {
                    let text = RichText::new(mark.as_str()).font(secondary()).color(tokens.accent);
                    ui.label(text);
                }
                let text = RichText::new(place_words(&step)).font(mono_small());
                ui.add(egui::Label::new(text.color(tokens.text)).truncate());
            }
            _ => {
                let time = RichText::new(self.times.time(step.timestamp_ms)).font(mono_small());
                ui.label(time.color(tokens.text_secondary));
            }
        }
    }

    fn name(&self, row: u64) -> String {
        let words = |step: StepRow| {
            format!("{} {} {}", step.number, step.event_type, effect_words(step.effect).1)
        };
        self.run.row(row).map(words).unwrap_or_default()
    }

    fn has_menu(&self) -> bool {
        true
    }

    fn menu(&mut self, ui: &mut Ui, row: u64) {
        ui.label(RichText::new("What if").font(secondary()).color(Tokens::of(ui).text_secondary));
        let entries = [
            ("Skip this event", Some(Edit::Skip(row))),
            ("Deliver it twice", Some(Edit::Duplicate(row))),
            ("Move it up", row.checked_sub(1).map(|to| Edit::Move { from: row, to })),
            ("Move it down", Some(Edit::Move { from: row, to: row + 2 })),
        ];
        for (words, edit) in entries {
            if ui.add_enabled(edit.is_some(), egui::Button::new(words)).clicked() {
                self.edit = edit;
            }
        }
        ui.separator();
        copy_menu(ui, |menu| {
            menu.text("Address", "", || Some(self.run.row(row)?.position.to_string()));
        });
    }
}

/// What an event did, with what it emitted and logged.
fn effect(ui: &mut Ui, step: &StepRow) {
    let tokens = Tokens::of(ui);
    let (sign, words) = effect_words(step.effect);
    let color = effect_color(step.effect, tokens);
    let font = egui::FontId::new(12.0, icon().family);
    ui.spacing_mut().item_spacing.x = 4.0;
    ui.label(RichText::new(sign).font(font.clone()).color(color));
    let text = RichText::new(words).font(secondary()).color(color);
    ui.add(egui::Label::new(text).truncate());
    if 0 < step.emitted {
        let mark = RichText::new(icons::PAPER_PLANE_TILT).font(font.clone());
        let words = format!("emitted {}", format::count(step.emitted as u64, "event"));
        ui.label(mark.color(tokens.text_secondary)).on_hover_text(words);
    }
    if 0 < step.logged {
        let mark = RichText::new(icons::SCROLL).font(font).color(tokens.text_secondary);
        ui.label(mark)
            .on_hover_text(format!("logged {}", format::count(step.logged as u64, "line")));
    }
}
