//! Consumer groups: where each one stands, how far behind, who is in it.
//!
//! Promises: lag in records and in time, per partition; a click goes to the record a group reads next.
//! Does not know: how offsets are fetched.

use std::sync::Arc;

use egui::{Panel, RichText, ScrollArea, Ui};
use egui_extras::{Column, TableBuilder};

use super::list_row::ListRow;
use crate::gui::theme::{ROW_HEIGHT, Tokens, format, heading, icons, mono, secondary};
use crate::gui::view::{Pane, View};
use crate::gui::widgets::{Chip, EmptyState, IconButton, Tone, problem_box};
use crate::model::Position;
use crate::workspace::{Command, Fetch, GroupOffset, GroupSummary, StartPosition};

/// How wide the list is at first, in points.
const LIST_WIDTH: f32 = 260.0;

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
    if let Some(failure) = view.snapshot.groups.problem() {
        problem_box(ui, failure, None);
    }
    let Some(groups) = view.snapshot.groups.latest() else {
        waiting(ui, view);
        return;
    };
    if groups.is_empty() {
        EmptyState::new(
            icons::USERS_THREE,
            "No consumer groups",
            "Groups appear here once a consumer has committed an offset.",
        )
        .show(ui);
        return;
    }
    let frame = egui::Frame::new().inner_margin(8);
    Panel::left("groups")
        .default_size(LIST_WIDTH)
        .size_range(160.0..=420.0)
        .frame(frame)
        .show(ui, |ui| list(ui, groups, state));
    let chosen = state
        .chosen
        .as_ref()
        .and_then(|chosen| groups.iter().find(|group| group.group == *chosen))
        .or_else(|| groups.first());
    let frame = egui::Frame::new().inner_margin(12);
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

/// The groups by name, the ones behind marked.
fn list(ui: &mut Ui, groups: &[GroupSummary], state: &mut GroupsState) {
    let field = egui::TextEdit::singleline(&mut state.filter)
        .hint_text("Filter groups")
        .desired_width(f32::INFINITY);
    let response = ui.add(field);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::TextInput, true, "Group filter"));
    ui.add_space(4.0);
    let lower = state.filter.to_lowercase();
    let passing: Vec<_> =
        groups.iter().filter(|group| group.group.to_lowercase().contains(&lower)).collect();
    ui.spacing_mut().item_spacing.y = 0.0;
    ScrollArea::vertical().auto_shrink(false).show_rows(
        ui,
        ROW_HEIGHT,
        passing.len(),
        |ui, rows| {
            for index in rows {
                let group = passing[index];
                let lag = group.total_lag();
                let right =
                    if lag > 0 { format!("lag {}", format::number(lag)) } else { String::new() };
                let selected = state.chosen.as_ref() == Some(&group.group);
                if ListRow::new(&group.group)
                    .mono()
                    .right(&right)
                    .selected(selected)
                    .show(ui)
                    .clicked()
                {
                    state.choose(&group.group);
                }
            }
        },
    );
}

/// One group.
fn detail(ui: &mut Ui, group: &GroupSummary, view: &mut View<'_>) {
    header(ui, group, view);
    if let Some(trouble) = &group.problem {
        ui.colored_label(Tokens::of(ui).warning, format!("{} {trouble}", icons::WARNING));
    }
    ui.add_space(8.0);
    if group.offsets.is_empty() {
        EmptyState::new(
            icons::FLAG_BANNER,
            "Nothing committed",
            "The group has no committed offset: it has not told anyone how far it is.",
        )
        .show(ui);
        return;
    }
    let members = if group.members.is_empty() { 0.0 } else { 160.0 };
    let height = (ui.available_height() - members).max(120.0);
    ui.allocate_ui(egui::vec2(ui.available_width(), height), |ui| offsets(ui, group, view));
    self::members(ui, group);
}

/// The name, the state, the lag in all.
fn header(ui: &mut Ui, group: &GroupSummary, view: &mut View<'_>) {
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new(&*group.group).font(heading()));
        let tone = match &*group.state {
            "Stable" => Tone::Good,
            "Empty" | "Unknown" => Tone::Neutral,
            _ => Tone::Warning,
        };
        Chip::new(&group.state).tone(tone).show(ui);
        if let Some(group_type) = &group.group_type {
            Chip::new(group_type).show(ui);
        }
        let lag = group.total_lag();
        let words = format!("lag {}", format::number(lag));
        let tone = if lag > 0 { Tone::Warning } else { Tone::Good };
        Chip::new(&words).icon(icons::HOURGLASS).tone(tone).show(ui);
        let oldest = group.offsets.iter().filter_map(|offset| offset.lag_ms).max();
        if let Some(oldest) = oldest.filter(|oldest| *oldest > 0) {
            let words = format!("{} behind", format::duration_ms(oldest));
            Chip::new(&words).icon(icons::CLOCK).tone(Tone::Warning).show(ui);
        }
        let count = format::count(group.members.len() as u64, "member");
        Chip::new(&count).icon(icons::USERS_THREE).show(ui);
        if ui.add(IconButton::new(icons::ARROWS_CLOCKWISE, "Refresh groups")).clicked() {
            view.out.send(Command::RefreshGroups);
        }
    });
}

/// The title of a column.
fn column_title(ui: &mut Ui, text: &str) {
    let color = Tokens::of(ui).text_secondary;
    ui.label(RichText::new(text).font(secondary()).color(color));
}

/// A figure in its column, at the right.
fn figure(ui: &mut Ui, text: String) {
    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
        ui.label(RichText::new(text).font(mono()));
    });
}

/// Where the group stands in each partition.
fn offsets(ui: &mut Ui, group: &GroupSummary, view: &mut View<'_>) {
    ui.spacing_mut().item_spacing = egui::vec2(8.0, 0.0);
    TableBuilder::new(ui)
        .id_salt("offsets")
        .auto_shrink(false)
        .cell_layout(egui::Layout::left_to_right(egui::Align::Center))
        .column(Column::remainder().at_least(100.0).clip(true))
        .column(Column::exact(60.0))
        .columns(Column::exact(88.0), 2)
        .column(Column::exact(72.0))
        .column(Column::exact(84.0))
        .column(Column::exact(32.0))
        .header(ROW_HEIGHT, |mut header| {
            for title in ["Topic", "Partition", "Committed", "End", "Lag", "Behind", ""] {
                header.col(|ui| column_title(ui, title));
            }
        })
        .body(|body| {
            body.rows(ROW_HEIGHT, group.offsets.len(), |mut row| {
                let offset = &group.offsets[row.index()];
                row.col(|ui| {
                    let topic = RichText::new(&*offset.topic).font(mono());
                    ui.add(egui::Label::new(topic).truncate());
                });
                row.col(|ui| figure(ui, offset.partition.to_string()));
                row.col(|ui| figure(ui, format::number(offset.committed)));
                row.col(|ui| figure(ui, format::number(offset.end)));
                row.col(|ui| lag(ui, offset));
                row.col(|ui| figure(ui, behind(offset)));
                row.col(|ui| jump(ui, offset, view));
            });
        });
}

/// The lag, marked when there is any.
fn lag(ui: &mut Ui, offset: &GroupOffset) {
    let tokens = Tokens::of(ui);
    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
        let color = if offset.lag == 0 { tokens.text_secondary } else { tokens.warning };
        ui.label(RichText::new(format::number(offset.lag)).font(mono()).color(color));
        if offset.lag < 0 {
            ui.label(icons::WARNING)
                .on_hover_text("Committed beyond the end: the topic was cut back or created anew");
        }
    });
}

/// How old the first record is that the group has not committed.
fn behind(offset: &GroupOffset) -> String {
    match offset.lag_ms {
        None => "unknown".to_owned(),
        Some(0) => "0".to_owned(),
        Some(lag_ms) => format::duration_ms(lag_ms),
    }
}

/// To the record the group reads next.
fn jump(ui: &mut Ui, offset: &GroupOffset, view: &mut View<'_>) {
    let button = IconButton::new(icons::CROSSHAIR_SIMPLE, "Show the next record it reads");
    if !ui.add(button).clicked() {
        return;
    }
    let topic = Arc::clone(&offset.topic);
    view.out.open(Pane::Topic(Arc::clone(&topic)));
    // The last record it committed stands before the next one it reads: both are worth seeing.
    let from = (offset.committed - 1).max(0);
    let start = StartPosition::FromOffset { partition: offset.partition, offset: from };
    let position = Position {
        topic: Arc::clone(&topic),
        partition: offset.partition,
        offset: offset.committed,
    };
    let loaded = view.snapshot.topic_view(&topic).is_some_and(|topic| topic.start.is_some());
    if !loaded {
        view.out.send(Command::OpenTopic(Arc::clone(&topic)));
        view.out.send(Command::Read(topic, start));
    }
    view.out.send(Command::InspectRecord(position));
}

/// Who is in the group.
fn members(ui: &mut Ui, group: &GroupSummary) {
    if group.members.is_empty() {
        return;
    }
    ui.add_space(8.0);
    column_title(ui, "Members");
    ScrollArea::vertical().id_salt("members").auto_shrink(false).show_rows(
        ui,
        ROW_HEIGHT,
        group.members.len(),
        |ui, rows| {
            for index in rows {
                let member = &group.members[index];
                let partitions: Vec<_> = member
                    .assignment
                    .iter()
                    .map(|(topic, partition)| format!("{topic}-{partition}"))
                    .collect();
                let name = format!("{}  {}", member.client_id, member.host);
                let right = format::count(partitions.len() as u64, "partition");
                ListRow::new(&name)
                    .icon(icons::USER)
                    .right(&right)
                    .show(ui)
                    .on_hover_text(format!("{}\n{}", member.id, partitions.join(", ")));
            }
        },
    );
}
