//! One consumer group: where it stands in each partition, how its lag went, who is in it.
//!
//! Promises: lag in records and in time, per partition; a click on a partition goes to the record
//! the group reads next.
//! Does not know: how offsets are fetched.

use std::sync::Arc;

use egui::{Frame, Id, Margin, Panel, RichText, ScrollArea, Ui};

use super::{LIST_SHARE, behind, figure, lag, tone, unknown};
use crate::gui::theme::{
    ROW_HEIGHT, Tokens, data, format, heading, icon, icons, medium, secondary,
};
use crate::gui::view::{Action, View};
use crate::gui::views::list_row::ListRow;
use crate::gui::widgets::{
    Chip, DataTable, EmptyState, LagUnit, TableColumn, TableRows, lag_chart,
};
use crate::workspace::{GroupOffset, GroupSummary};

/// The columns of the list of partitions.
const OFFSET_COLUMNS: [TableColumn; 6] = [
    TableColumn::rest("Topic", 120.0),
    TableColumn::figures("Partition"),
    TableColumn::figures("Committed").dispensable(2),
    TableColumn::figures("End").dispensable(3),
    TableColumn::figures("Lag"),
    TableColumn::figures("Behind").dispensable(1),
];
/// The height of the chart, in points.
const CHART_HEIGHT: f32 = 132.0;
/// Below this height, in points, the partitions need all the room there is.
const LOW: f32 = 240.0;

/// Draws the group.
pub(super) fn show(ui: &mut Ui, group: &GroupSummary, unit: &mut LagUnit, view: &mut View<'_>) {
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
        let text = "The group has not committed any offset yet.";
        EmptyState::new(icons::FLAG_BANNER, "Nothing committed", text).show(ui);
        return;
    }
    if !group.members.is_empty() && ui.available_height() >= LOW {
        let height = (ROW_HEIGHT * group.members.len() as f32 + 32.0)
            .min(ui.available_height() * LIST_SHARE);
        Panel::bottom(Id::unique("members"))
            .exact_size(height)
            .frame(Frame::new())
            .show(ui, |ui| members(ui, group));
    }
    if ui.available_height() >= LOW {
        Panel::top(Id::unique("lag"))
            .exact_size(CHART_HEIGHT)
            .resizable(false)
            .frame(Frame::new().inner_margin(Margin { bottom: 8, ..Margin::ZERO }))
            .show(ui, |ui| chart(ui, group, unit, view));
    }
    let mut rows = OffsetRows { offsets: &group.offsets };
    let id = Id::unique(("offsets", &group.group));
    let response =
        DataTable::new(id, "Committed offsets", &OFFSET_COLUMNS, group.offsets.len() as u64)
            .show(ui, &mut rows);
    let jumped = response.clicked.or(response.opened).and_then(|row| usize::try_from(row).ok());
    if let Some(offset) = jumped.and_then(|row| group.offsets.get(row)) {
        view.out.act(Action::ShowRecord(offset.next_record()));
    }
}

/// How far it was behind since somebody looked.
fn chart(ui: &mut Ui, group: &GroupSummary, unit: &mut LagUnit, view: &View<'_>) {
    let tokens = Tokens::of(ui);
    ui.horizontal(|ui| {
        ui.label(RichText::new("Lag").font(medium()).color(tokens.text_strong));
        ui.selectable_value(unit, LagUnit::Records, "records");
        ui.selectable_value(unit, LagUnit::Time, "time");
        let words = "sampled every 3 s while this view is open";
        ui.label(RichText::new(words).font(secondary()).color(tokens.text_secondary));
    });
    let none = Arc::default();
    let samples = view.snapshot.group_lags.get(&group.group).unwrap_or(&none);
    let name = format!("Lag of {}", group.group);
    let id = Id::unique(("lag", &group.group, *unit == LagUnit::Time));
    lag_chart(ui, id, &name, samples, *unit, view.times);
}

/// Where a group stands, as the table draws it.
struct OffsetRows<'a> {
    /// The partitions.
    offsets: &'a [GroupOffset],
}

impl TableRows for OffsetRows<'_> {
    fn cell(&mut self, ui: &mut Ui, row: u64, column: usize) {
        let Some(offset) = usize::try_from(row).ok().and_then(|row| self.offsets.get(row)) else {
            return;
        };
        match column {
            0 => {
                let sign = RichText::new(icons::CROSSHAIR_SIMPLE).font(icon());
                let sign = ui.label(sign.color(Tokens::of(ui).text_secondary));
                sign.on_hover_text("A click shows the next record it reads");
                let topic = data(&*offset.topic);
                ui.add(egui::Label::new(topic).truncate());
            }
            1 => figure(ui, offset.partition.to_string(), false),
            2 => figure(ui, format::number(offset.committed), false),
            3 => figure(ui, offset.end.map_or_else(unknown, format::number), offset.end.is_none()),
            4 => match offset.lag {
                Some(known) => lag(ui, known),
                None => figure(ui, unknown(), true),
            },
            _ => {
                let done = offset.lag.is_some_and(|lag| lag <= 0);
                let behind_ms = if done { Some(0) } else { offset.lag_ms };
                ui.horizontal(|ui| {
                    if let Some(note) = offset.note() {
                        let sign = RichText::new(icons::WARNING).font(icon());
                        ui.label(sign.color(Tokens::of(ui).warning)).on_hover_text(note);
                    }
                    figure(ui, behind(behind_ms), done);
                });
            }
        }
    }

    fn name(&self, row: u64) -> String {
        let offset = usize::try_from(row).ok().and_then(|row| self.offsets.get(row));
        offset.map_or_else(String::new, |offset| {
            let lag = offset.lag.map_or_else(unknown, |lag| lag.to_string());
            format!("{}-{} lag {lag}", offset.topic, offset.partition)
        })
    }
}

/// Who is in the group.
fn members(ui: &mut Ui, group: &GroupSummary) {
    let tokens = Tokens::of(ui);
    ui.add_space(4.0);
    ui.label(RichText::new("Members").font(medium()).color(tokens.text_strong));
    ui.spacing_mut().item_spacing.y = 0.0;
    let area =
        ScrollArea::vertical().id_salt("members").auto_shrink(false).min_scrolled_height(0.0);
    area.show_rows(ui, ROW_HEIGHT, group.members.len(), |ui, rows| {
        for member in group.members.get(rows).into_iter().flatten() {
            let partitions: Vec<_> = member.assignment.iter().map(ToString::to_string).collect();
            let name = format!("{}   {}", member.client_id, member.host);
            let right = format::count(partitions.len() as u64, "partition");
            let row = ListRow::new(&name).icon(icons::USER).right(&right).show(ui);
            row.on_hover_ui(|ui| {
                ui.label(&*member.member_id);
                ui.label(RichText::new(partitions.join(", ")).font(secondary()));
            });
        }
    });
}
