//! The table of a topic's records.
//!
//! Promises: scrolls exactly over at most 200,000 rows; texts are asked for only for what can be
//! seen; a record that could not be decoded is there like any other, marked.
//! Does not know: how a record is decoded.

use std::ops::Range;
use std::sync::Arc;

use egui::{Id, RichText, Ui};

use crate::gui::theme::{TimeFormat, Tokens, data, format, icon, icons, mono_small};
use crate::gui::view::{Outbox, Pane, View};
use crate::gui::widgets::{
    DataTable, EmptyState, EventMark, Pick, Picks, TableColumn, TableRows, copy_forms, copy_menu,
    event_label,
};
use crate::model::{Position, Transaction};
use crate::workspace::{
    Command, CopyWhat, EntityKey, ROWS_PER_PAGE, RecordDetail, RecordFilter, RowMeta, RowText,
    StartPosition, TopicView,
};

/// The columns.
const COLUMNS: [TableColumn; 7] = [
    TableColumn::whole("Time"),
    TableColumn::figures("Part.").dispensable(3),
    TableColumn::figures("Offset").dispensable(2),
    TableColumn::text("Key", 84.0),
    TableColumn::text("Type", 96.0).dispensable(1),
    TableColumn::rest("Value", 96.0),
    TableColumn::figures("Size").dispensable(4),
];

/// The table's state.
#[derive(Debug, Default)]
pub(crate) struct RecordsState {
    /// The chosen record: partition and offset.
    chosen: Option<(i32, i64)>,
    /// The records that are picked with it.
    picks: Picks<(i32, i64)>,
    /// Whether the newest record stands on top; as the start suggests until the user says so.
    newest_first: Option<bool>,
    /// Whether the chosen row shall come into view.
    scroll_wanted: bool,
    /// The pages asked for last, and for which rows.
    asked: (u64, Vec<u64>),
}

impl RecordsState {
    /// Whether the newest record stands on top.
    pub(crate) fn is_newest_first(&self, topic: &TopicView) -> bool {
        let suggested = matches!(topic.start, Some(StartPosition::Newest(_) | StartPosition::Live));
        self.newest_first.unwrap_or(suggested)
    }

    /// Puts the newest record on top, or the oldest.
    pub(crate) fn set_newest_first(&mut self, topic: &TopicView, newest_first: bool) {
        if newest_first != self.is_newest_first(topic) {
            self.newest_first = Some(newest_first);
            self.scroll_wanted = true;
        }
    }

    /// Chooses this record.
    pub(crate) fn choose(&mut self, position: &Position) {
        self.chosen = Some((position.partition, position.offset));
        self.scroll_wanted = true;
    }

    /// Chooses the row this many below.
    pub(crate) fn step(&mut self, topic: &TopicView, rows: isize, out: &mut Outbox) {
        let order = RowOrder { count: topic.rows.len(), newest_first: self.is_newest_first(topic) };
        let last = order.count.saturating_sub(1);
        let row = match self.chosen_index(topic) {
            Some(index) => order.flip(index).saturating_add_signed(rows).min(last),
            None => 0,
        };
        if let Some(meta) = topic.rows.get(order.flip(row)) {
            self.chosen = Some((meta.partition, meta.offset));
            self.scroll_wanted = true;
            out.send(Command::InspectRecord(position(topic, meta)));
        }
    }

    /// Picks rows.
    fn pick(&mut self, topic: &TopicView, order: RowOrder, pick: Pick, chosen: Option<u64>) {
        let key_of = |row: u64| {
            let meta = topic.rows.get(order.flip(usize::try_from(row).ok()?))?;
            Some((meta.partition, meta.offset))
        };
        let row_of = |key: &(i32, i64)| {
            let at = topic.rows.iter().position(|meta| (meta.partition, meta.offset) == *key)?;
            Some(order.flip(at) as u64)
        };
        self.picks.pick(pick, chosen, key_of, row_of);
    }

    /// The picked records in the order they are shown, else the chosen one.
    pub(crate) fn picked(&self, topic: &TopicView) -> Vec<Position> {
        let order = RowOrder { count: topic.rows.len(), newest_first: self.is_newest_first(topic) };
        if self.picks.len() < 2 {
            let chosen = self.chosen.map(|(partition, offset)| Position {
                topic: Arc::clone(&topic.topic),
                partition,
                offset,
            });
            return chosen.into_iter().collect();
        }
        picked(topic, order, &self.picks)
    }

    /// Whether the chosen record is not among the rows.
    pub(crate) fn misses_chosen(&self, topic: &TopicView) -> bool {
        self.chosen.is_some() && self.chosen_index(topic).is_none()
    }

    /// The number of the chosen record among the rows.
    fn chosen_index(&self, topic: &TopicView) -> Option<usize> {
        let chosen = self.chosen?;
        topic.rows.iter().position(|meta| (meta.partition, meta.offset) == chosen)
    }
}

/// In which order rows are drawn.
#[derive(Clone, Copy, Debug)]
struct RowOrder {
    /// How many rows there are.
    count: usize,
    /// Whether the last one stands on top.
    newest_first: bool,
}

impl RowOrder {
    /// The number in log order of a row on screen, and the other way round.
    fn flip(self, row: usize) -> usize {
        if self.newest_first { self.count.saturating_sub(1 + row) } else { row }
    }
}

/// The address of a row's record.
fn position(topic: &TopicView, meta: &RowMeta) -> Position {
    Position { topic: Arc::clone(&topic.topic), partition: meta.partition, offset: meta.offset }
}

/// Draws the table; the record that was chosen in this frame.
pub(crate) fn show(
    ui: &mut Ui,
    topic: &TopicView,
    state: &mut RecordsState,
    view: &mut View<'_>,
) -> Option<Position> {
    if topic.rows.is_empty() {
        empty(ui, topic, view);
        return None;
    }
    // What was chosen elsewhere, such as by a jump to a committed offset, is chosen here too.
    if let Some(inspected) = inspected(topic, view) {
        let at = (inspected.position.partition, inspected.position.offset);
        if state.chosen.is_none() {
            state.chosen = Some(at);
            state.scroll_wanted = true;
        }
    }
    let order = RowOrder { count: topic.rows.len(), newest_first: state.is_newest_first(topic) };
    let chosen = state.chosen_index(topic).map(|index| order.flip(index) as u64);
    let scroll_to = chosen.filter(|_| std::mem::take(&mut state.scroll_wanted));
    let mut rows = Rows {
        topic,
        order,
        times: view.times,
        picks: &state.picks,
        copy: None,
        entity: None,
        visible: 0..0,
        filter: None,
    };
    let follow = matches!(topic.start, Some(StartPosition::Live)) && !order.newest_first;
    let id = Id::unique(("records", &topic.topic));
    let response = DataTable::new(id, "Records", &COLUMNS, order.count as u64)
        .chosen(chosen)
        .scroll_to(scroll_to)
        .follow(follow)
        .show(ui, &mut rows);
    let Rows { entity, visible, filter, copy, .. } = rows;
    view.out.commands.extend(copy);
    if let Some(pick) = response.picked {
        state.pick(topic, order, pick, chosen);
    }
    ask_for_pages(topic, order, visible, state, view.out);
    if let Some(partition) = filter {
        let mut wanted = topic.filter.clone();
        wanted.partitions = vec![partition];
        view.out.send(Command::SetFilter(Arc::clone(&topic.topic), wanted));
    }
    let opened = response.opened.and_then(|row| entity_at(topic, order, row)).or(entity);
    if let Some(key) = opened {
        view.out.open(Pane::Entity(key));
    }
    let row = usize::try_from(response.chosen?).ok()?;
    let meta = topic.rows.get(order.flip(row))?;
    state.chosen = Some((meta.partition, meta.offset));
    Some(position(topic, meta))
}

/// The record of this topic that is being inspected.
pub(crate) fn inspected<'a>(topic: &TopicView, view: &View<'a>) -> Option<&'a Arc<RecordDetail>> {
    view.snapshot.inspected.as_ref().filter(|record| record.position.topic == topic.topic)
}

/// What stands there without rows.
fn empty(ui: &mut Ui, topic: &TopicView, view: &mut View<'_>) {
    let (title, text) = if topic.records_read > 0 {
        ("No record matches", "Remove a condition of the filter.")
    } else if topic.start == Some(StartPosition::Live) {
        ("Waiting for records", "Records written from now on appear here.")
    } else {
        ("No records", "There is nothing in the span that was read.")
    };
    let mut empty = EmptyState::new(icons::ROWS, title, text);
    if topic.records_read > 0 {
        empty = empty.action(icons::FUNNEL_SIMPLE, "Clear the filter");
    }
    if empty.show(ui).is_some() {
        view.out.send(Command::SetFilter(Arc::clone(&topic.topic), RecordFilter::default()));
    }
}

/// Asks for the texts of what can be seen and a page around it, once.
fn ask_for_pages(
    topic: &TopicView,
    order: RowOrder,
    visible: Range<u64>,
    state: &mut RecordsState,
    out: &mut Outbox,
) {
    if visible.is_empty() {
        return;
    }
    let index = |row: u64| order.flip(usize::try_from(row).unwrap_or(usize::MAX)) as u64;
    let (one, other) = (index(visible.start), index(visible.end - 1));
    let first_page = one.min(other) / ROWS_PER_PAGE;
    let last_page = one.max(other) / ROWS_PER_PAGE;
    let end = (order.count as u64).div_ceil(ROWS_PER_PAGE);
    let wanted: Vec<u64> =
        (first_page.saturating_sub(1)..=(last_page + 1)).filter(|page| *page < end).collect();
    let missing = wanted.iter().any(|page| !topic.pages.contains_key(page));
    let asked = (topic.rows_generation, wanted);
    if missing && state.asked != asked {
        out.send(Command::NeedPages(Arc::clone(&topic.topic), asked.1.clone()));
        state.asked = asked;
    }
}

/// The entity a row belongs to.
fn entity_at(topic: &TopicView, order: RowOrder, row: u64) -> Option<EntityKey> {
    let index = order.flip(usize::try_from(row).ok()?);
    let entity = text_at(topic, index)?.entity.clone()?;
    Some(EntityKey { entity, topics: Arc::new([Arc::clone(&topic.topic)]) })
}

/// The texts of a row, once they are there.
fn text_at(topic: &TopicView, index: usize) -> Option<&RowText> {
    let page = topic.pages.get(&(index as u64 / ROWS_PER_PAGE))?;
    page.get(usize::try_from(index as u64 % ROWS_PER_PAGE).ok()?)
}

/// The picked records in the order they are shown.
fn picked(topic: &TopicView, order: RowOrder, picks: &Picks<(i32, i64)>) -> Vec<Position> {
    let rows = (0..topic.rows.len()).filter_map(|row| topic.rows.get(order.flip(row)));
    rows.filter(|meta| picks.contains(&(meta.partition, meta.offset)))
        .map(|meta| position(topic, meta))
        .collect()
}

/// The rows as the table draws them.
struct Rows<'a> {
    /// The records that are picked.
    picks: &'a Picks<(i32, i64)>,
    /// What is to be copied, as a menu asked.
    copy: Option<Command>,
    /// The topic.
    topic: &'a TopicView,
    /// Their order.
    order: RowOrder,
    /// How times are written.
    times: &'a TimeFormat,
    /// The entity that was asked for in a menu.
    entity: Option<EntityKey>,
    /// The rows that can be seen.
    visible: Range<u64>,
    /// The partition that was asked for in a menu.
    filter: Option<i32>,
}

impl Rows<'_> {
    /// The facts of a row and its number in log order.
    fn meta(&self, row: u64) -> Option<(usize, &RowMeta)> {
        let index = self.order.flip(usize::try_from(row).ok()?);
        Some((index, self.topic.rows.get(index)?))
    }
}

/// The command that fetches a record elsewhere.
fn kcat_command(address: &Position) -> String {
    let Position { topic, partition, offset } = address;
    format!("kcat -C -t {topic} -p {partition} -o {offset} -c 1")
}

/// The value, or why there is none.
fn value(ui: &mut Ui, meta: &RowMeta, text: Option<&RowText>) {
    let tokens = Tokens::of(ui);
    match meta.transaction {
        Transaction::Committed => {}
        Transaction::Aborted => mark(ui, icons::PROHIBIT, "aborted", tokens.warning),
        Transaction::Open => mark(ui, icons::HOURGLASS, "open", tokens.warning),
    }
    if meta.tombstone {
        mark(ui, icons::TRASH, "tombstone", tokens.text_secondary);
        return;
    }
    let Some(text) = text else {
        return; // The text of its page is there within a moment.
    };
    if let Some(failure) = &text.failure {
        let response = ui.label(RichText::new(icons::WARNING).font(icon()).color(tokens.error));
        response.on_hover_text(format!("Could not be decoded: {failure}"));
    }
    cut(ui, &text.value, tokens.text);
}

/// A word with an icon before it.
fn mark(ui: &mut Ui, icon_text: &str, word: &str, color: egui::Color32) {
    ui.label(RichText::new(icon_text).font(icon()).color(color));
    ui.label(RichText::new(word).color(color));
}

/// A text in the typeface of data, cut where the cell ends.
fn cut(ui: &mut Ui, text: &str, color: egui::Color32) {
    let text = data(text).color(color);
    ui.add(egui::Label::new(text).truncate().show_tooltip_when_elided(false));
}

impl TableRows for Rows<'_> {
    fn prepare(&mut self, rows: Range<u64>) {
        self.visible = rows;
    }

    fn cell(&mut self, ui: &mut Ui, row: u64, column: usize) {
        let Some((index, meta)) = self.meta(row) else { return };
        let text = text_at(self.topic, index);
        let tokens = Tokens::of(ui);
        let figure = |ui: &mut Ui, text: String| {
            ui.label(data(text).color(tokens.text_secondary));
        };
        match column {
            0 => {
                if meta.implausible_time {
                    let small = egui::FontId::new(12.0, icon().family);
                    let sign = RichText::new(icons::WARNING).font(small).color(tokens.warning);
                    let words = "The timestamp lies in the future; log time ignores it";
                    ui.spacing_mut().item_spacing.x = 4.0;
                    ui.label(sign).on_hover_text(words);
                }
                cut(ui, &self.times.date_time(meta.timestamp_ms), tokens.text);
            }
            1 => figure(ui, meta.partition.to_string()),
            2 => figure(ui, format::number(meta.offset)),
            3 => match text.map(|text| text.key.as_deref()) {
                None => {} // The text of its page is there within a moment.
                Some(None) => mark(ui, icons::PROHIBIT, "null", tokens.text_secondary),
                Some(Some("")) => mark(ui, icons::CIRCLE, "empty", tokens.text_secondary),
                Some(Some(key)) => cut(ui, key, tokens.text),
            },
            4 => {
                if let Some(text) = text.filter(|text| !text.event_type.is_empty()) {
                    let mut mark = EventMark::of_type(&text.event_type);
                    mark.hollow = meta.transaction != Transaction::Committed;
                    event_label(ui, &text.event_type, mark);
                }
            }
            5 => value(ui, meta, text),
            _ => {
                let size = format::bytes(u64::from(meta.payload_bytes));
                ui.label(RichText::new(size).font(mono_small()).color(tokens.text_secondary));
            }
        }
    }

    fn name(&self, row: u64) -> String {
        let Some((index, meta)) = self.meta(row) else { return String::new() };
        let text = text_at(self.topic, index);
        let kind = text.map_or("", |text| &*text.event_type);
        let key = text.map_or("", |text| text.key.as_deref().unwrap_or("null key"));
        let future = if meta.implausible_time { " from the future" } else { "" };
        format!("{} {key} {kind}{future}", position(self.topic, meta))
    }

    fn has_menu(&self) -> bool {
        true
    }

    fn menu(&mut self, ui: &mut Ui, row: u64) {
        let Some((index, meta)) = self.meta(row) else { return };
        let address = position(self.topic, meta);
        let partition = meta.partition;
        let key = text_at(self.topic, index).and_then(|text| text.key.clone());
        let entity = entity_at(self.topic, self.order, row);
        if ui.add_enabled(entity.is_some(), egui::Button::new("Open entity")).clicked() {
            self.entity = entity;
        }
        if ui.button(format!("Only partition {partition}")).clicked() {
            self.filter = Some(partition);
        }
        ui.separator();
        let several = self.is_picked(row);
        let records = if several {
            picked(self.topic, self.order, self.picks)
        } else {
            vec![address.clone()]
        };
        let copy = &mut self.copy;
        copy_menu(ui, |menu| {
            let count = records.len() as u64;
            let these = if several { format::count(count, "record") } else { "Record".to_owned() };
            for (form, name, keys) in copy_forms(&these) {
                if menu.asked(&name, keys) {
                    *copy = Some(Command::Copy(CopyWhat::Records(records.clone()), form));
                }
            }
            menu.separator();
            if let Some(key) = key {
                menu.text("Key", "", || Some(key.to_string()));
            }
            menu.text("Address", "", || Some(address.to_string()));
            menu.text("kcat command", "", || Some(kcat_command(&address)));
        });
    }

    fn is_picked(&self, row: u64) -> bool {
        self.picks.len() > 1
            && self
                .meta(row)
                .is_some_and(|(_, meta)| self.picks.contains(&(meta.partition, meta.offset)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turning_the_order_twice_is_no_turn() {
        let order = RowOrder { count: 5, newest_first: true };
        assert_eq!((0..5).map(|row| order.flip(row)).collect::<Vec<_>>(), [4, 3, 2, 1, 0]);
        assert!((0..5).all(|row| order.flip(order.flip(row)) == row), "the way back");
    }

    /// A topic with this many rows of partition 0, and none of their texts.
    fn topic(count: i64) -> TopicView {
        let rows = (0..count).map(|offset| RowMeta {
            timestamp_ms: offset,
            offset,
            partition: 0,
            payload_bytes: 1,
            transaction: Transaction::Committed,
            tombstone: false,
            implausible_time: false,
        });
        TopicView { topic: "t".into(), rows: rows.collect(), ..TopicView::default() }
    }

    #[test]
    fn pages_are_asked_for_once_and_one_around_what_is_seen() {
        let topic = topic(10_000);
        let order = RowOrder { count: 10_000, newest_first: false };
        let (mut state, mut out) = (RecordsState::default(), Outbox::default());
        for _ in 0..2 {
            ask_for_pages(&topic, order, 640..660, &mut state, &mut out);
        }
        let [Command::NeedPages(_, pages)] = &out.commands[..] else {
            panic!("expected one request, got {:?}", out.commands);
        };
        assert_eq!(pages, &[9, 10, 11]);
    }

    #[test]
    fn stepping_down_walks_back_in_time_when_the_newest_stands_on_top() {
        let topic = topic(3);
        let mut state = RecordsState { newest_first: Some(true), ..RecordsState::default() };
        let mut out = Outbox::default();
        for _ in 0..5 {
            state.step(&topic, 1, &mut out);
        }
        let offsets: Vec<_> = out
            .commands
            .iter()
            .map(|command| match command {
                Command::InspectRecord(position) => position.offset,
                other => panic!("unexpected {other:?}"),
            })
            .collect();
        assert_eq!(offsets, [2, 1, 0, 0, 0]);
    }
}
