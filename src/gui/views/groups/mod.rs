//! Consumer groups: how far each one is behind; one of them in detail.
//!
//! Promises: the groups that are behind can be told at a glance.
//! Does not know: how offsets are fetched.

mod detail;

use std::sync::Arc;

use egui::{Frame, Id, Margin, Panel, RichText, Ui};

use super::field::Field;
use super::parts::{self, Part};
use super::waiting;
use crate::gui::theme::{ROW_HEIGHT, Tokens, data, format, icon, icons};
use crate::gui::view::View;
use crate::gui::widgets::{
    DataTable, EmptyState, IconButton, LagUnit, TableColumn, TableRows, Tone, problem_box,
};
use crate::workspace::{Command, Fetch, GroupSummary, JobSubject};

/// The columns of the list of groups.
const GROUP_COLUMNS: [TableColumn; 6] = [
    TableColumn::rest("Group", 120.0),
    TableColumn::text("State", 72.0),
    TableColumn::figures("Members").dispensable(2),
    TableColumn::figures("Partitions").dispensable(3),
    TableColumn::figures("Lag"),
    TableColumn::figures("Behind").dispensable(1),
];
/// The list of groups, and one of them.
const PARTS: [Part<'_>; 2] = [
    Part::share("Groups", 600.0, 0.42).first_max(900.0).margin(MARGIN),
    Part::rest("Group", 620.0).margin(MARGIN),
];
/// The space around both.
const MARGIN: Margin = Margin::symmetric(12, 8);
/// The greatest share of the height that the list of members takes at first.
const LIST_SHARE: f32 = 0.4;

/// The view's state.
#[derive(Debug, Default)]
pub(crate) struct GroupsState {
    /// The chosen group.
    chosen: Option<Arc<str>>,
    /// What names must contain.
    filter: String,
    /// Which lag the chart shows.
    unit: LagUnit,
    /// The number of the part in front where there is no room for both.
    part: usize,
}

impl GroupsState {
    /// Chooses a group.
    pub(crate) fn choose(&mut self, group: &Arc<str>) {
        self.chosen = Some(Arc::clone(group));
    }
}

/// Draws the view.
pub(crate) fn show(ui: &mut Ui, state: &mut GroupsState, view: &mut View<'_>) {
    let frame = Frame::new().inner_margin(Margin::symmetric(12, 8));
    if let Some(failure) = view.snapshot.groups.problem() {
        Panel::top("groups problem").frame(frame).show(ui, |ui| {
            if problem_box(ui, failure, Some("Try again")) {
                view.out.send(Command::RefreshGroups);
            }
        });
    }
    let Some(groups) = view.snapshot.groups.latest().cloned() else {
        no_groups(ui, view);
        return;
    };
    if groups.is_empty() {
        let text = "Groups appear here once a consumer has committed an offset.";
        EmptyState::new(icons::USERS_THREE, "No consumer groups", text).show(ui);
        return;
    }
    if state.chosen.as_ref().is_none_or(|chosen| groups.iter().all(|group| group.group != *chosen))
    {
        state.chosen = groups.first().map(|group| Arc::clone(&group.group));
    }
    let height = ROW_HEIGHT * (groups.len() as f32 + 1.0) + 56.0;
    let mut front = state.part;
    let id = Id::unique("groups");
    parts::show_or_stack(ui, id, &PARTS, height, &mut front, &mut |ui, part| {
        if part == 0 {
            return list(ui, &groups, state, view);
        }
        let chosen = groups.iter().find(|group| state.chosen.as_ref() == Some(&group.group));
        if let Some(group) = chosen {
            detail::show(ui, group, &mut state.unit, view);
        }
    });
    state.part = front;
}

/// What stands there until the list is known.
fn no_groups(ui: &mut Ui, view: &mut View<'_>) {
    if matches!(view.snapshot.groups, Fetch::NotAsked) {
        view.out.send(Command::RefreshGroups);
    }
    if view.snapshot.groups.problem().is_none() {
        waiting::show(ui, view, &JobSubject::Groups, "");
    }
}

/// The groups, the ones behind marked.
fn list(ui: &mut Ui, groups: &[GroupSummary], state: &mut GroupsState, view: &mut View<'_>) {
    ui.horizontal(|ui| {
        Field::new(&mut state.filter, "Group filter").hint("Filter groups").width(220.0).show(ui);
        let refresh = IconButton::new(icons::ARROWS_CLOCKWISE, "Refresh groups");
        if ui.add_enabled(!view.snapshot.groups.is_pending(), refresh).clicked() {
            view.out.send(Command::RefreshGroups);
        }
    });
    let lower = state.filter.to_lowercase();
    let passing: Vec<_> =
        groups.iter().filter(|group| group.group.to_lowercase().contains(&lower)).collect();
    let chosen = passing.iter().position(|group| state.chosen.as_ref() == Some(&group.group));
    let mut rows = GroupRows(&passing);
    let id = Id::unique("groups");
    let response = DataTable::new(id, "Consumer groups", &GROUP_COLUMNS, passing.len() as u64)
        .chosen(chosen.map(|row| row as u64))
        .show(ui, &mut rows);
    let row = response.chosen.and_then(|row| usize::try_from(row).ok());
    if let Some(group) = row.and_then(|row| passing.get(row)) {
        state.choose(&group.group);
    }
}

/// A figure; quiet when it is nothing.
fn figure(ui: &mut Ui, text: String, quiet: bool) {
    let tokens = Tokens::of(ui);
    let color = if quiet { tokens.text_secondary } else { tokens.text };
    ui.label(data(text).color(color));
}

/// A lag, marked when there is any.
fn lag(ui: &mut Ui, lag: i64) {
    let tokens = Tokens::of(ui);
    let color = if lag == 0 { tokens.text_secondary } else { tokens.warning };
    if lag < 0 {
        let mark = RichText::new(icons::WARNING).font(icon()).color(color);
        ui.label(mark)
            .on_hover_text("Committed beyond the end: the topic was truncated or created again");
    }
    ui.label(data(format::number(lag)).color(color));
}

/// The word for a figure that is not known.
fn unknown() -> String {
    "unknown".to_owned()
}

/// A lag in time, in words.
fn behind(lag_ms: Option<i64>) -> String {
    match lag_ms {
        None => unknown(),
        Some(0) => "0".to_owned(),
        Some(lag_ms) => format::duration_ms(lag_ms),
    }
}

/// How a state of a group is to be taken.
fn tone(state: &str) -> Tone {
    match state {
        "Stable" => Tone::Good,
        "Empty" | "Unknown" => Tone::Neutral,
        _ => Tone::Warning,
    }
}

/// The groups as the table draws them.
struct GroupRows<'a>(&'a [&'a GroupSummary]);

impl GroupRows<'_> {
    /// The group of a row.
    fn group(&self, row: u64) -> Option<&GroupSummary> {
        self.0.get(usize::try_from(row).ok()?).copied()
    }
}

impl TableRows for GroupRows<'_> {
    fn cell(&mut self, ui: &mut Ui, row: u64, column: usize) {
        let Some(group) = self.group(row) else { return };
        match column {
            0 => {
                let name = data(&*group.group);
                ui.add(egui::Label::new(name).truncate());
            }
            1 => {
                let color = tone(&group.state).color(Tokens::of(ui));
                let state = RichText::new(&*group.state).color(color);
                ui.add(egui::Label::new(state).truncate());
            }
            2 => figure(ui, group.members.len().to_string(), group.members.is_empty()),
            3 => figure(ui, group.offsets.len().to_string(), group.offsets.is_empty()),
            4 => {
                lag(ui, group.total_lag());
                if group.unknown_lags() > 0 {
                    let words = "Of some partitions the lag is not known";
                    ui.label("+ ?").on_hover_text(words);
                }
            }
            _ => {
                let behind_ms = group.oldest_lag_ms();
                figure(ui, behind(behind_ms), behind_ms == Some(0));
            }
        }
    }

    fn name(&self, row: u64) -> String {
        self.group(row).map_or_else(String::new, |group| group.group.to_string())
    }
}
