//! Everything about one record, in tabs: value, headers, raw text, bytes, facts.
//!
//! Promises: nothing is left out: null is told from empty, bytes that are no text are shown as bytes, and what was tried
//! to decode them is said.
//! Does not know: where the record is shown.

use egui::{Grid, Id, RichText, ScrollArea, Ui};

use crate::gui::theme::{ROW_HEIGHT, Tokens, format, icons, mono, secondary};
use crate::gui::view::{Pane, View};
use crate::gui::widgets::{CopyText, EmptyState, IconButton, TreeState, hex_view, json_tree};
use crate::model::{DecodedKind, JsonPointer, TimestampType, Transaction};
use crate::workspace::{ClockCommand, ClockPoint, EntityKey, RecordDetail};

/// How many bytes of a text are laid out at once.
const TEXT_BYTES_MAX: usize = 100_000;

/// Which part of a record is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum RecordTab {
    /// The decoded value.
    #[default]
    Value,
    /// The headers.
    Headers,
    /// The value as it stood.
    Raw,
    /// The value's bytes.
    Hex,
    /// Address, times, sizes, what was tried to decode it.
    Facts,
}

/// The tabs with their names.
pub(crate) const TABS: [(RecordTab, &str); 5] = [
    (RecordTab::Value, "Value"),
    (RecordTab::Headers, "Headers"),
    (RecordTab::Raw, "Raw"),
    (RecordTab::Hex, "Hex"),
    (RecordTab::Facts, "Facts"),
];

/// What a shown record remembers between frames.
#[derive(Debug, Default)]
pub(crate) struct RecordState {
    /// The tab.
    pub(super) tab: RecordTab,
    /// The tree of the value.
    tree: TreeState,
    /// The chosen path.
    path: Option<JsonPointer>,
}

/// Draws one tab of a record in all the space that is left.
pub(crate) fn show_tab(
    ui: &mut Ui,
    tab: RecordTab,
    state: &mut RecordState,
    record: &RecordDetail,
    view: &mut View<'_>,
) {
    match tab {
        RecordTab::Value => value(ui, state, record),
        RecordTab::Headers => headers(ui, record),
        RecordTab::Raw => raw(ui, record),
        RecordTab::Hex => hex(ui, record),
        RecordTab::Facts => facts(ui, record, view),
    }
}

/// The decoded value.
fn value(ui: &mut Ui, state: &mut RecordState, record: &RecordDetail) {
    if record.tree.is_empty() {
        return raw(ui, record);
    }
    let chosen = json_tree(
        ui,
        Id::unique(("value", ui.scope_id())),
        &mut state.tree,
        &record.tree,
        state.path.as_ref(),
    );
    if chosen.is_some() {
        state.path = chosen;
    }
}

/// The value as text.
fn raw(ui: &mut Ui, record: &RecordDetail) {
    match (&record.value, &record.text) {
        (None, _) => nothing(ui, "Tombstone", "The value is null: the key was deleted."),
        (Some(value), _) if value.is_empty() => {
            nothing(ui, "Empty value", "The value has no bytes. That is not a tombstone.");
        }
        (Some(_), Some(text)) => self::text(ui, text),
        (Some(value), None) => hex_view(ui, Id::unique(("raw", ui.scope_id())), value),
    }
}

/// Says that there is nothing, and what kind of nothing.
fn nothing(ui: &mut Ui, title: &str, about: &str) {
    EmptyState::new(icons::PROHIBIT, title, about).show(ui);
}

/// A text, wrapped; its beginning when it is very long.
fn text(ui: &mut Ui, text: &str) {
    if ui.add(IconButton::new(icons::COPY, "Copy value").text("Copy")).clicked() {
        ui.copy_text(text.to_owned());
    }
    let end = text.floor_char_boundary(TEXT_BYTES_MAX);
    let shown = text.get(..end).unwrap_or_default();
    ScrollArea::vertical().id_salt("text").auto_shrink(false).show(ui, |ui| {
        let label = egui::Label::new(RichText::new(shown).font(mono())).wrap().selectable(true);
        ui.add(label);
        if end < text.len() {
            let all = format::bytes(text.len() as u64);
            let words = format!("The beginning of {all}; Copy takes all of it");
            ui.label(RichText::new(words).font(secondary()).color(Tokens::of(ui).text_secondary));
        }
    });
}

/// The value's bytes, and the key's.
fn hex(ui: &mut Ui, record: &RecordDetail) {
    match &record.value {
        None => nothing(ui, "Tombstone", "The value is null: there are no bytes."),
        Some(value) if value.is_empty() => nothing(ui, "Empty value", "The value has no bytes."),
        Some(value) => hex_view(ui, Id::unique(("hex", ui.scope_id())), value),
    }
}

/// The headers in their order.
fn headers(ui: &mut Ui, record: &RecordDetail) {
    if record.headers.is_empty() {
        nothing(ui, "No headers", "The producer set none.");
        return;
    }
    let secondary_color = Tokens::of(ui).text_secondary;
    ScrollArea::vertical().id_salt("headers").auto_shrink(false).show(ui, |ui| {
        Grid::new("headers").num_columns(2).spacing([16.0, 0.0]).min_row_height(ROW_HEIGHT).show(
            ui,
            |ui| {
                for (name, value) in record.headers.iter() {
                    ui.label(RichText::new(&**name).font(mono()).color(secondary_color));
                    match value.as_deref().map(|value| (value, std::str::from_utf8(value))) {
                        None => quiet(ui, "null"),
                        Some((_, Ok(""))) => quiet(ui, "empty"),
                        Some((_, Ok(text))) => {
                            ui.add(CopyText::new(text).characters(44).name(name));
                        }
                        Some((bytes, Err(_))) => {
                            ui.add(CopyText::new(&hex_text(bytes)).characters(44).name(name));
                        }
                    }
                    ui.end_row();
                }
            },
        );
    });
}

/// Bytes as figures.
fn hex_text(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::from("0x"), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
        text
    })
}

/// A quiet word.
fn quiet(ui: &mut Ui, text: &str) {
    ui.label(RichText::new(text).color(Tokens::of(ui).text_secondary));
}

/// Address, times, sizes, and what was tried to decode it.
fn facts(ui: &mut Ui, record: &RecordDetail, view: &mut View<'_>) {
    let position = record.position.to_string();
    let clock = match record.timestamp_type {
        TimestampType::CreateTime => "producer's clock (CreateTime)",
        TimestampType::LogAppendTime => "broker's clock (LogAppendTime)",
    };
    let timestamp = view.times.date_time_zone(record.timestamp_ms);
    let log_time = view.times.date_time_zone(record.log_time_ms);
    let key = match &record.key {
        None => "null".to_owned(),
        Some(key) => std::str::from_utf8(key).map_or_else(|_| hex_text(key), str::to_owned),
    };
    let key_bytes = record.key.as_ref().map_or(0, |key| key.len());
    let value_bytes = record.value.as_ref().map_or(0, |value| value.len());
    let sizes = format!(
        "key {}, value {}",
        format::bytes(key_bytes as u64),
        format::bytes(value_bytes as u64)
    );
    let secondary_color = Tokens::of(ui).text_secondary;
    ScrollArea::vertical().id_salt("facts").auto_shrink(false).show(ui, |ui| {
        Grid::new("facts").num_columns(2).spacing([16.0, 0.0]).min_row_height(ROW_HEIGHT).show(
            ui,
            |ui| {
                let lines = [
                    ("Address", position.as_str()),
                    ("Key", &key),
                    ("Timestamp", &timestamp),
                    ("", clock),
                    ("Log time", &log_time),
                    ("Type", &record.event_type),
                    ("Transaction", transaction_words(record.transaction)),
                    ("Sizes", &sizes),
                    ("Decoded as", decoded_words(record.decoded_as)),
                ];
                for (name, text) in lines.into_iter().filter(|(_, text)| !text.is_empty()) {
                    ui.label(RichText::new(name).font(secondary()).color(secondary_color));
                    ui.add(CopyText::new(text).characters(44).name(name));
                    ui.end_row();
                }
            },
        );
        for line in record.decode_report.iter() {
            ui.label(RichText::new(line).font(secondary()).color(secondary_color));
        }
        ui.add_space(8.0);
        links(ui, record, view);
    });
}

/// Where one may go from a record.
fn links(ui: &mut Ui, record: &RecordDetail, view: &mut View<'_>) {
    ui.horizontal_wrapped(|ui| {
        let clock =
            IconButton::new(icons::CLOCK, "Set the clock to this record").text("Set clock here");
        if ui.add(clock).clicked() {
            let position = record.position.clone();
            let point = ClockPoint::Record { time_ms: record.log_time_ms, position };
            view.out.clock(ClockCommand::Set(point));
        }
        let Some(entity) = &record.entity else { return };
        if ui.add(IconButton::new(icons::CUBE, "Open its entity").text("Open entity")).clicked() {
            let topics = std::sync::Arc::new([record.position.topic.clone()]);
            view.out.open(Pane::Entity(EntityKey { entity: entity.clone(), topics }));
        }
    });
}

/// What became of a transaction, in words.
fn transaction_words(transaction: Transaction) -> &'static str {
    match transaction {
        Transaction::Committed => "committed",
        Transaction::Aborted => "aborted: consumers of committed records never see it",
        Transaction::Open => "open: not decided yet",
    }
}

/// What a value was decoded as, in words.
fn decoded_words(kind: DecodedKind) -> &'static str {
    match kind {
        DecodedKind::Tombstone => "tombstone",
        DecodedKind::Empty => "empty value",
        DecodedKind::Json => "JSON",
        DecodedKind::Text => "text",
        DecodedKind::Bytes => "bytes",
    }
}
