//! The events of an entity in log order.
//!
//! Promises: the event at the clock is chosen and in view; what a reader should know about an event
//! is marked.
//! Does not know: how events are decoded.

use std::sync::Arc;

use egui::{Id, RichText, Ui};

use super::{EntityState, point_of};
use crate::gui::theme::{TimeFormat, Tokens, data, format, icon, icons, mono_small, secondary};
use crate::gui::view::{Spot, View};
use crate::gui::views::tour;
use crate::gui::widgets::{
    CopyMenu, DataTable, EventMark, Picks, TableColumn, TableRows, copy_forms, copy_menu,
    event_label,
};
use crate::model::{DecodedKind, EventProblem, Transaction};
use crate::workspace::{
    ClockCommand, Command, CompareWith, CopyWhat, EntityKey, EntityView, EventRow,
};

/// The columns.
const COLUMNS: [TableColumn; 4] = [
    TableColumn::figures(""),
    TableColumn::text("Event", 136.0),
    TableColumn::rest("Changes", 96.0),
    TableColumn::figures("Time").dispensable(1),
];

/// Draws the list.
pub(crate) fn show(
    ui: &mut Ui,
    entity: &EntityView,
    events: &Arc<[EventRow]>,
    state: &mut EntityState,
    view: &mut View<'_>,
) {
    let version = entity.at.as_ref().map(|at| at.version).filter(|version| *version > 0);
    let chosen = version.map(|version| version - 1);
    let moved = entity.at.as_ref().map(|at| at.version) != state.version;
    let (key, picks) = (&entity.key, &state.picks);
    let mut rows =
        Rows { key, events, times: view.times, picks, compare: None, copy: None, told: None };
    let id = table_id(key);
    let response = DataTable::new(id, "Events", &COLUMNS, events.len() as u64)
        .chosen(chosen)
        .at_the_clock()
        .scroll_to(chosen.filter(|_| moved))
        .show(ui, &mut rows);
    if let Some(rect) = rows.told.filter(|_| view.snapshot.demo.is_some()) {
        view.out.mark(Spot::MissedEvent, rect);
    }
    if let Some(base) = rows.compare {
        view.out.send(Command::Compare(entity.key.clone(), Some(CompareWith::Version(base))));
    }
    view.out.commands.extend(rows.copy);
    if let Some(pick) = response.picked {
        let version_of = |row: u64| (row < events.len() as u64).then_some(row + 1);
        state.picks.pick(pick, chosen, version_of, |version| version.checked_sub(1));
    }
    let row = response.chosen.and_then(|row| usize::try_from(row).ok());
    if let Some(event) = row.and_then(|row| events.get(row)) {
        view.out.clock(ClockCommand::Set(point_of(event)));
    }
}

/// The id of the table of an entity's events.
pub(super) fn table_id(key: &EntityKey) -> Id {
    Id::unique(("events", key))
}

/// The rows as the table draws them.
struct Rows<'a> {
    /// The entity.
    key: &'a EntityKey,
    /// The events that are picked, by their version.
    picks: &'a Picks<u64>,
    /// What is to be copied, as a menu asked.
    copy: Option<Command>,
    /// The events.
    events: &'a [EventRow],
    /// How times are written.
    times: &'a TimeFormat,
    /// The version to compare with that was asked for in a menu.
    compare: Option<u64>,
    /// Where the event that the tour tells of was drawn.
    told: Option<egui::Rect>,
}

impl Rows<'_> {
    /// The event of a row.
    fn event(&self, row: u64) -> Option<&EventRow> {
        self.events.get(usize::try_from(row).ok()?)
    }

    /// The time; the date where the day changes.
    fn time(&self, row: u64, event: &EventRow) -> String {
        let before = row.checked_sub(1).and_then(|before| self.event(before));
        let before_ms = before.map(|event| event.timestamp_ms);
        if self.times.day_changes(before_ms, event.timestamp_ms) {
            self.times.print(event.timestamp_ms, "%d %b %H:%M")
        } else {
            self.times.time(event.timestamp_ms)
        }
    }
}

/// What a reader should know about an event, in words.
fn problem_words(problem: &EventProblem) -> String {
    match problem {
        EventProblem::Undecodable => {
            "Its value could not be decoded; the state stays as it was".to_owned()
        }
        EventProblem::NoEventTime { found: None } => {
            "The time that the mapping names is missing".to_owned()
        }
        EventProblem::NoEventTime { found: Some(found) } => {
            format!("Where the mapping names a time there is `{found}`")
        }
        EventProblem::ImplausibleTime => {
            "Its timestamp lies in the future; log time ignores it".to_owned()
        }
        EventProblem::HeaderNameNotText => {
            "A header's name is not UTF-8; it is spelled out as its bytes".to_owned()
        }
        EventProblem::DuplicateMembers => {
            "An object in it names a member twice; the last one counts".to_owned()
        }
        EventProblem::VersionOutOfOrder { previous, found } => {
            format!("Its version field says {found} after {previous}")
        }
    }
}

/// Whether it is a record without a value, which ends the entity.
fn is_tombstone(event: &EventRow) -> bool {
    &*event.event_type == DecodedKind::Tombstone.as_str()
}

/// The mark of an event.
fn mark_of(event: &EventRow) -> EventMark {
    let mut mark = EventMark::of_type(&event.event_type);
    mark.hollow = event.transaction != Transaction::Committed;
    mark.problem = !event.problems.is_empty();
    mark
}

impl TableRows for Rows<'_> {
    fn cell(&mut self, ui: &mut Ui, row: u64, column: usize) {
        let Some(event) = usize::try_from(row).ok().and_then(|row| self.events.get(row)) else {
            return;
        };
        let tokens = Tokens::of(ui);
        match column {
            0 => {
                let text = data(format!("v{}", event.version));
                ui.label(text.color(tokens.text_secondary));
            }
            1 => {
                if &*event.event_type == tour::MISSED {
                    self.told = Some(ui.max_rect());
                }
                if is_tombstone(event) {
                    let sign = RichText::new(icons::TRASH).font(icon());
                    ui.label(sign.color(tokens.text_secondary));
                    let words = RichText::new("deleted").color(tokens.text_secondary);
                    ui.label(words).on_hover_ui(|ui| event_facts(ui, event, self.times));
                    return;
                }
                let response = event_label(ui, &event.event_type, mark_of(event));
                response.on_hover_ui(|ui| event_facts(ui, event, self.times));
            }
            2 => {
                if !event.problems.is_empty() {
                    let mark = RichText::new(icons::WARNING).font(icon()).color(tokens.warning);
                    let words: Vec<_> = event.problems.iter().map(problem_words).collect();
                    ui.label(mark).on_hover_text(words.join("\n"));
                }
                let summary = if is_tombstone(event) { "− everything" } else { &*event.summary };
                let summary = RichText::new(summary).font(secondary());
                ui.add(egui::Label::new(summary.color(tokens.text_secondary)).truncate());
            }
            _ => {
                let time = RichText::new(self.time(row, event)).font(mono_small());
                ui.label(time.color(tokens.text_secondary));
            }
        }
    }

    fn name(&self, row: u64) -> String {
        self.event(row)
            .map_or_else(String::new, |event| format!("v{} {}", event.version, event.event_type))
    }

    fn has_menu(&self) -> bool {
        true
    }

    fn menu(&mut self, ui: &mut Ui, row: u64) {
        let Some(event) = self.event(row) else { return };
        let (version, address) = (event.version, event.position.to_string());
        if ui.button(format!("Compare with v{version}")).clicked() {
            self.compare = Some(version);
        }
        ui.separator();
        let picked: Vec<u64> = self.picks.iter().copied().collect();
        let versions = if picked.len() < 2 { vec![version] } else { picked };
        let key = self.key;
        let copy = &mut self.copy;
        copy_menu(ui, |menu| {
            let count = versions.len() as u64;
            let these = if count == 1 { "Event".to_owned() } else { format::count(count, "event") };
            copy_events(menu, &these, key, &versions, copy);
            menu.text("Address", "", || Some(address));
            menu.separator();
            copy_events(menu, "History", key, &[], copy);
        });
    }

    fn is_picked(&self, row: u64) -> bool {
        self.picks.len() > 1 && self.picks.contains(&(row + 1))
    }
}

/// The entries that copy events of an entity in every form; all of them when none is named.
fn copy_events(
    menu: &mut CopyMenu<'_>,
    what: &str,
    key: &EntityKey,
    versions: &[u64],
    copy: &mut Option<Command>,
) {
    for (form, name, keys) in copy_forms(what) {
        let keys = if versions.is_empty() { "" } else { keys };
        if menu.asked(&name, keys) {
            let what = CopyWhat::Events(key.clone(), versions.to_vec());
            *copy = Some(Command::Copy(what, form));
        }
    }
}

/// An event on hover.
fn event_facts(ui: &mut Ui, event: &EventRow, times: &TimeFormat) {
    ui.label(format!("v{} {}", event.version, event.event_type));
    ui.monospace(event.position.to_string());
    ui.label(times.date_time_zone(event.timestamp_ms));
    if event.log_time_ms != event.timestamp_ms {
        ui.label(format!("log time {}", times.date_time_zone(event.log_time_ms)));
    }
    if event.transaction != Transaction::Committed {
        ui.label(format!("transaction {}", event.transaction.as_str()));
    }
    if let Some(actor) = &event.actor {
        ui.label(format!("by {actor}"));
    }
}
