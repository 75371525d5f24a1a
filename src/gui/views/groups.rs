//! Consumer groups: where each one stands, how far behind, who is in it.
//!
//! Promises: lag in records and in time, per partition; a click goes to the record a group reads next.
//! Does not know: how offsets are fetched.

use std::sync::Arc;

use egui::{Frame, Id, Margin, Panel, RichText, ScrollArea, Ui};

use super::field::Field;
use super::list_row::ListRow;
use crate::gui::theme::{
    ROW_HEIGHT, Tokens, format, heading, icon, icons, medium, mono, secondary,
};
use crate::gui::view::{Pane, View};
use crate::gui::widgets::{
    Chip, DataTable, EmptyState, IconButton, TableColumn, TableRows, Tone, problem_box,
};
use crate::model::Position;
use crate::workspace::{Command, Fetch, GroupOffset, GroupSummary, StartPosition};

/// The columns of the list of groups.
const GROUP_COLUMNS: [TableColumn; 6] = [
    TableColumn::rest("Group"),
    TableColumn::text("State", 150.0),
    TableColumn::figures("Members", 80.0),
    TableColumn::figures("Partitions", 80.0),
    TableColumn::figures("Lag", 96.0),
    TableColumn::figures("Behind", 96.0),
];
/// The columns of the list of partitions.
const OFFSET_COLUMNS: [TableColumn; 6] = [
    TableColumn::rest("Topic"),
    TableColumn::figures("Partition", 72.0),
    TableColumn::figures("Committed", 110.0),
    TableColumn::figures("End", 110.0),
    TableColumn::figures("Lag", 96.0),
    TableColumn::figures("Behind", 96.0),
];
/// The greatest share of the height that the list of groups takes at first.
const LIST_SHARE: f32 = 0.4;

/// The view's state.
#[derive(Debug, Default)]
pub(crate) struct GroupsState {
    /// The chosen group.
    chosen: Option<Arc<str>>,
    /// What names must contain.
    filter: String,
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
        waiting(ui, view);
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
    let rows_height = ROW_HEIGHT * (groups.len() as f32 + 1.0) + 56.0;
    let height = rows_height.min(ui.available_height() * LIST_SHARE);
    let height_max = (ui.available_height() * 0.7).max(height);
    Panel::top(Id::unique("group list"))
        .default_size(height)
        .size_range(64.0_f32.min(height)..=height_max)
        .frame(frame)
        .show(ui, |ui| list(ui, &groups, state, view));
    let chosen = groups.iter().find(|group| state.chosen.as_ref() == Some(&group.group));
    egui::CentralPanel::default().frame(frame).show(ui, |ui| {
        if let Some(group) = chosen {
            detail(ui, group, view);
        }
    });
}

/// What stands there until the list is known.
fn waiting(ui: &mut Ui, view: &mut View<'_>) {
    if matches!(view.snapshot.groups, Fetch::NotAsked) {
        view.out.send(Command::RefreshGroups);
    }
    if view.snapshot.groups.problem().is_none() {
        EmptyState::new(icons::USERS_THREE, "Reading the groups…", "").show(ui);
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
    ui.label(RichText::new(text).font(mono()).color(color));
}

/// A lag, marked when there is any.
fn lag(ui: &mut Ui, lag: i64) {
    let tokens = Tokens::of(ui);
    let color = if lag == 0 { tokens.text_secondary } else { tokens.warning };
    if lag < 0 {
        let mark = RichText::new(icons::WARNING).font(icon()).color(color);
        ui.label(mark)
            .on_hover_text("Committed beyond the end: the topic was cut back or created anew");
    }
    ui.label(RichText::new(format::number(lag)).font(mono()).color(color));
}

/// A lag in time, in words.
fn behind(lag_ms: Option<i64>) -> String {
    match lag_ms {
        None => "unknown".to_owned(),
        Some(0) => "0".to_owned(),
        Some(lag_ms) => format::duration_ms(lag_ms),
    }
}

/// How old the oldest record is that a group has not committed.
fn group_behind(group: &GroupSummary) -> Option<i64> {
    let known = group.offsets.iter().filter_map(|offset| offset.lag_ms).max();
    known.or_else(|| group.offsets.is_empty().then_some(0))
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
                let name = RichText::new(&*group.group).font(mono());
                ui.add(egui::Label::new(name).truncate());
            }
            1 => {
                let color = tone(&group.state).color(Tokens::of(ui));
                ui.label(RichText::new(&*group.state).color(color));
            }
            2 => figure(ui, group.members.len().to_string(), group.members.is_empty()),
            3 => figure(ui, group.offsets.len().to_string(), group.offsets.is_empty()),
            4 => lag(ui, group.total_lag()),
            _ => {
                let behind_ms = group_behind(group);
                figure(ui, behind(behind_ms), behind_ms == Some(0));
            }
        }
    }

    fn name(&self, row: u64) -> String {
        self.group(row).map_or_else(String::new, |group| group.group.to_string())
    }
}

/// One group.
fn detail(ui: &mut Ui, group: &GroupSummary, view: &mut View<'_>) {
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new(&*group.group).font(heading()));
        Chip::new(&group.state).tone(tone(&group.state)).show(ui);
        if let Some(group_type) = &group.group_type {
            Chip::new(group_type).show(ui);
        }
        if let Some(trouble) = &group.problem {
            let text = format!("{} {trouble}", icons::WARNING);
            ui.label(RichText::new(text).color(Tokens::of(ui).warning));
        }
    });
    if group.offsets.is_empty() {
        let text = "The group has no committed offset: it has not told anyone how far it is.";
        EmptyState::new(icons::FLAG_BANNER, "Nothing committed", text).show(ui);
        return;
    }
    if !group.members.is_empty() {
        let height = (ROW_HEIGHT * group.members.len() as f32 + 32.0)
            .min(ui.available_height() * LIST_SHARE);
        Panel::bottom(Id::unique("members"))
            .exact_size(height)
            .frame(Frame::new())
            .show(ui, |ui| members(ui, group));
    }
    let mut rows = OffsetRows { offsets: &group.offsets, jump: None };
    let id = Id::unique(("offsets", &group.group));
    let response =
        DataTable::new(id, "Committed offsets", &OFFSET_COLUMNS, group.offsets.len() as u64)
            .show(ui, &mut rows);
    let opened = response.opened.or(rows.jump).and_then(|row| usize::try_from(row).ok());
    if let Some(offset) = opened.and_then(|row| group.offsets.get(row)) {
        jump(offset, view);
    }
}

/// Where a group stands, as the table draws it.
struct OffsetRows<'a> {
    /// The partitions.
    offsets: &'a [GroupOffset],
    /// The row whose next record was asked for.
    jump: Option<u64>,
}

impl TableRows for OffsetRows<'_> {
    fn cell(&mut self, ui: &mut Ui, row: u64, column: usize) {
        let Some(offset) = usize::try_from(row).ok().and_then(|row| self.offsets.get(row)) else {
            return;
        };
        match column {
            0 => {
                let button =
                    IconButton::new(icons::CROSSHAIR_SIMPLE, "Show the next record it reads");
                if ui.add(button).clicked() {
                    self.jump = Some(row);
                }
                let topic = RichText::new(&*offset.topic).font(mono());
                ui.add(egui::Label::new(topic).truncate());
            }
            1 => figure(ui, offset.partition.to_string(), false),
            2 => figure(ui, format::number(offset.committed), false),
            3 => figure(ui, format::number(offset.end), false),
            4 => lag(ui, offset.lag),
            _ => figure(ui, behind(offset.lag_ms), offset.lag_ms == Some(0)),
        }
    }

    fn name(&self, row: u64) -> String {
        let offset = usize::try_from(row).ok().and_then(|row| self.offsets.get(row));
        offset.map_or_else(String::new, |offset| {
            format!("{}-{} lag {}", offset.topic, offset.partition, offset.lag)
        })
    }
}

/// To the record the group reads next.
fn jump(offset: &GroupOffset, view: &mut View<'_>) {
    let topic = Arc::clone(&offset.topic);
    view.out.open(Pane::Topic(Arc::clone(&topic)));
    let loaded = view.snapshot.topic_view(&topic).is_some_and(|topic| topic.start.is_some());
    if !loaded {
        // The last record it committed stands before the next one it reads: both are worth seeing.
        let from = (offset.committed - 1).max(0);
        let start = StartPosition::FromOffset { partition: offset.partition, offset: from };
        view.out.send(Command::OpenTopic(Arc::clone(&topic)));
        view.out.send(Command::Read(Arc::clone(&topic), start));
    }
    let (partition, offset) = (offset.partition, offset.committed);
    view.out.send(Command::InspectRecord(Position { topic, partition, offset }));
}

/// Who is in the group.
fn members(ui: &mut Ui, group: &GroupSummary) {
    let tokens = Tokens::of(ui);
    ui.add_space(4.0);
    ui.label(RichText::new("Members").font(medium()).color(tokens.text_strong));
    ui.spacing_mut().item_spacing.y = 0.0;
    let area = ScrollArea::vertical().id_salt("members").auto_shrink(false);
    area.show_rows(ui, ROW_HEIGHT, group.members.len(), |ui, rows| {
        for member in group.members.get(rows).into_iter().flatten() {
            let partitions: Vec<_> = member
                .assignment
                .iter()
                .map(|(topic, partition)| format!("{topic}-{partition}"))
                .collect();
            let name = format!("{}   {}", member.client_id, member.host);
            let right = format::count(partitions.len() as u64, "partition");
            let row = ListRow::new(&name).icon(icons::USER).right(&right).show(ui);
            row.on_hover_ui(|ui| {
                ui.label(&*member.id);
                ui.label(RichText::new(partitions.join(", ")).font(secondary()));
            });
        }
    });
}
