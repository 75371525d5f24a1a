//! Everything about one record, in tabs: value, headers, raw text, bytes, facts.
//!
//! Promises: nothing is left out: null is told from empty, bytes that are no text are shown as
//! bytes, and what was tried to decode them is said.
//! Does not know: where the record is shown.

use std::sync::Arc;

use egui::{Grid, Id, RichText, ScrollArea, Ui};

use crate::gui::theme::{ROW_HEIGHT, Tokens, data, format, icon, icons, mono, secondary};
use crate::gui::view::{Pane, View};
use crate::gui::widgets::{
    CopyText, EmptyState, IconButton, TextState, TreeState, copy, fitting_name, hex_view,
    json_tree, text_view,
};
use crate::model::{DecodedKind, EntityId, JsonPointer, TimestampType, Transaction};
use crate::workspace::{ClockCommand, ClockPoint, EntityKey, RecordDetail};

/// Texts longer than this, in bytes, are laid out line by line.
const TEXT_BYTES_MAX: usize = 8_000;
/// How many bytes of a key or a header are shown in a line.
const LINE_BYTES_MAX: usize = 256;

/// The greatest share of the width that names of headers take.
const HEADER_NAMES_SHARE: f32 = 0.45;

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
    /// The lines of a long text.
    text: TextState,
    /// Whether the bytes shown are those of the key.
    key_bytes: bool,
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
    notes(ui, record);
    match tab {
        RecordTab::Value => value(ui, state, record),
        RecordTab::Headers => headers(ui, record),
        RecordTab::Raw => raw(ui, state, record),
        RecordTab::Hex => hex(ui, state, record),
        RecordTab::Facts => facts(ui, record, view),
    }
}

/// What a reader must know whatever they look at.
fn notes(ui: &mut Ui, record: &RecordDetail) {
    let mut note = |words: String| {
        let warning = Tokens::of(ui).warning;
        ui.horizontal_top(|ui| {
            ui.label(RichText::new(icons::WARNING).font(icon()).color(warning));
            ui.add(egui::Label::new(RichText::new(words).font(secondary()).color(warning)).wrap());
        });
    };
    if let Some(reason) = &record.failure {
        note(format!("Could not be decoded: {reason}. It is shown as it stood; folds skip it."));
    }
    if record.implausible_time {
        let ahead_ms = record.timestamp_ms.saturating_sub(record.log_time_ms);
        let ahead = format::duration_ms(ahead_ms);
        note(format!(
            "Its timestamp lies in the future, {ahead} after the log time, which ignores it."
        ));
    }
}

/// The decoded value.
fn value(ui: &mut Ui, state: &mut RecordState, record: &RecordDetail) {
    if record.tree.is_empty() {
        return raw(ui, state, record);
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
fn raw(ui: &mut Ui, state: &mut RecordState, record: &RecordDetail) {
    match (&record.value, &record.text) {
        (None, _) => nothing(ui, "Tombstone", "The value is null: the key was deleted."),
        (Some(value), _) if value.is_empty() => {
            nothing(ui, "Empty value", "The value has no bytes. That is not a tombstone.");
        }
        (Some(_), Some(text)) => self::text(ui, &mut state.text, text),
        (Some(value), None) => hex_view(ui, Id::unique(("raw", ui.scope_id())), value),
    }
}

/// Says that there is nothing, and what kind of nothing.
fn nothing(ui: &mut Ui, title: &str, about: &str) {
    EmptyState::new(icons::PROHIBIT, title, about).show(ui);
}

/// A text, wrapped; line by line when it is long.
fn text(ui: &mut Ui, state: &mut TextState, text: &Arc<str>) {
    ui.horizontal(|ui| {
        if ui.add(IconButton::new(icons::COPY, "Copy value").text("Copy")).clicked() {
            copy(ui.ctx(), text.to_string(), "value");
        }
        let size = format::bytes(text.len() as u64);
        ui.label(RichText::new(size).font(secondary()).color(Tokens::of(ui).text_secondary));
    });
    if text.len() > TEXT_BYTES_MAX {
        return text_view(ui, Id::unique(("text", ui.scope_id())), state, text);
    }
    ScrollArea::vertical().id_salt("text").auto_shrink(false).show(ui, |ui| {
        let label = egui::Label::new(data(&**text)).wrap().selectable(true);
        ui.add(label);
    });
}

/// The value's bytes, or the key's.
fn hex(ui: &mut Ui, state: &mut RecordState, record: &RecordDetail) {
    ui.horizontal(|ui| {
        ui.selectable_value(&mut state.key_bytes, false, "of the value");
        ui.selectable_value(&mut state.key_bytes, true, "of the key");
    });
    let key = record.key.as_deref();
    match &record.value {
        _ if state.key_bytes => match key {
            None => nothing(ui, "Null key", "There are no bytes, and no entity it belongs to."),
            Some([]) => nothing(ui, "Empty key", "The key has no bytes. That is not null."),
            Some(key) => hex_view(ui, Id::unique(("key", ui.scope_id())), key),
        },
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
    let names_width = ui.available_width() * HEADER_NAMES_SHARE;
    ScrollArea::vertical().id_salt("headers").auto_shrink(false).show(ui, |ui| {
        Grid::new("headers").num_columns(2).spacing([16.0, 0.0]).min_row_height(ROW_HEIGHT).show(
            ui,
            |ui| {
                for (name, value) in record.headers.iter() {
                    let shown = fitting_name(ui, name, &mono(), names_width);
                    ui.label(data(shown).color(secondary_color)).on_hover_text(&**name);
                    match value.as_deref().map(|value| (value, std::str::from_utf8(value))) {
                        None => quiet(ui, "null"),
                        Some((_, Ok(""))) => quiet(ui, "empty"),
                        Some((_, Ok(text))) => {
                            ui.add(CopyText::new(text).name(name));
                        }
                        Some((bytes, Err(_))) => {
                            ui.add(CopyText::new(&hex_text(bytes)).name(name));
                        }
                    }
                    ui.end_row();
                }
            },
        );
    });
}

/// Bytes as figures; the beginning of many.
fn hex_text(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::from("0x");
    for byte in bytes.iter().take(LINE_BYTES_MAX) {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
    }
    if bytes.len() > LINE_BYTES_MAX {
        text.push('…');
    }
    text
}

/// A key in words.
fn key_text(key: Option<&[u8]>) -> String {
    match key.map(|key| (key, std::str::from_utf8(key))) {
        None => "null".to_owned(),
        Some((_, Ok(""))) => "empty".to_owned(),
        Some((_, Ok(text))) => text.to_owned(),
        Some((bytes, Err(_))) => hex_text(bytes),
    }
}

/// An entity in words.
fn entity_text(entity: Option<&EntityId>) -> String {
    match entity.map(|entity| (entity, entity.as_str())) {
        None => "none".to_owned(),
        Some((_, Some(""))) => "empty".to_owned(),
        Some((_, Some(text))) => text.to_owned(),
        Some((entity, None)) => format!("{entity} (base64)"),
    }
}

/// What kind of key it is, where that is not plain to see.
fn key_note(key: Option<&[u8]>) -> String {
    match key {
        None => "no key, so no entity".to_owned(),
        Some([]) => "no bytes, but not null".to_owned(),
        Some(key) if std::str::from_utf8(key).is_err() => {
            format!("no text: {}", format::count(key.len() as u64, "byte"))
        }
        Some(_) => String::new(),
    }
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
    let key = key_text(record.key.as_deref());
    let key_note = key_note(record.key.as_deref());
    let entity = entity_text(record.entity.as_ref());
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
                    ("", &key_note),
                    ("Entity", &entity),
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
                    ui.add(CopyText::new(text).name(name));
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
            let topics = Arc::new([record.position.topic.clone()]);
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
