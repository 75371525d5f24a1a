//! Records and events as they are copied: a line each.
//!
//! Promises: the names of the JSON are those of `foldback scan` and `foldback history`; values are
//! whole.
//! Does not know: where they are found.

use std::borrow::Cow;

use serde::Serialize;

use super::csv::Table;
use super::forms::{self, CopyForm, change_line};
use super::json_line::{EventLine, RecordLine, record_time, said};
use super::row::Row;
use crate::decode::{output_value, text};
use crate::model::{Change, Decoded, EntityId, Event, RecordRef, Transaction};

/// A record with what is known of it.
#[derive(Debug)]
pub(crate) struct CopiedRecord<'a> {
    /// The record.
    pub(crate) record: RecordRef<'a>,
    /// Its value.
    pub(crate) decoded: Decoded,
    /// Its event type; empty when none is found.
    pub(crate) event_type: &'a str,
    /// The entity it belongs to.
    pub(crate) entity: Option<EntityId>,
}

/// An event with what it changed.
#[derive(Debug)]
pub(crate) struct CopiedEvent<'a> {
    /// The entity.
    pub(crate) entity: &'a EntityId,
    /// The event.
    pub(crate) event: &'a Event,
    /// What it changed.
    pub(crate) changes: Vec<Change>,
    /// Why the fold did not take it, or a part of it.
    pub(crate) not_taken: Option<&'static str>,
}

/// A line of JSON.
fn json(line: &impl Serialize) -> String {
    serde_json::to_string(line).expect("a line has string keys and JSON numbers only")
}

/// A value in a cell or a line: a text as it stands, anything else as JSON.
fn plain(decoded: &Decoded) -> String {
    match decoded {
        Decoded::Tombstone => String::new(),
        Decoded::Json { value, .. } => value.to_json(),
        other => forms::plain(&output_value(other)),
    }
}

impl CopiedRecord<'_> {
    /// The record as `foldback scan --json` prints it.
    fn json(&self) -> String {
        let Self { record, decoded, event_type, entity } = self;
        json(&RecordLine::new(*record, decoded, event_type, entity.as_ref()))
    }

    /// The record in a line: where, when, key, type, value.
    fn text(&self) -> String {
        let Self { record, decoded, event_type, .. } = self;
        let key = record.key().map_or("null".into(), text::exact);
        let value = match decoded {
            Decoded::Tombstone => "tombstone".to_owned(),
            other => plain(other),
        };
        let mut parts = vec![
            record.position().to_string(),
            record_time(record.timestamp_ms()).unwrap_or_else(|| "no time".to_owned()),
            key.into_owned(),
        ];
        parts.extend(said(event_type).map(str::to_owned));
        if record.transaction() != Transaction::Committed {
            parts.push(format!("[{}]", record.transaction().as_str()));
        }
        parts.push(value);
        parts.join("  ")
    }
}

impl CopiedEvent<'_> {
    /// The event as `foldback history --json` prints it.
    fn json(&self) -> String {
        let Self { entity, event, changes, not_taken } = self;
        json(&EventLine::new(entity, event, changes, *not_taken))
    }

    /// The event in a line, and what it changed below.
    fn text(&self) -> String {
        let Self { event, changes, .. } = self;
        let mut parts = vec![
            format!("v{}", event.version),
            record_time(event.timestamp_ms).unwrap_or_else(|| "no time".to_owned()),
        ];
        parts.extend(said(&event.event_type).map(str::to_owned));
        parts.push(event.position.to_string());
        parts.extend(event.actor.as_ref().map(|actor| format!("by {actor}")));
        let mut text = parts.join("  ");
        for change in changes {
            text.push_str("\n  ");
            text.push_str(&change_line(change));
        }
        text
    }
}

/// The columns of records.
pub(crate) const RECORD_COLUMNS: [&str; 10] =
    ["topic", "partition", "offset", "timestamp", "key", "type", "entity", "txn", "value", "error"];

impl Row for CopiedRecord<'_> {
    fn json(&self) -> String {
        Self::json(self)
    }

    fn cells(&self) -> Vec<Cow<'_, str>> {
        let record = self.record;
        vec![
            (&*record.partition().topic).into(),
            record.partition().partition.to_string().into(),
            record.offset().to_string().into(),
            record_time(record.timestamp_ms()).unwrap_or_default().into(),
            record.key().map(text::exact).unwrap_or_default(),
            self.event_type.into(),
            self.entity.as_ref().map(ToString::to_string).unwrap_or_default().into(),
            record.transaction().as_str().into(),
            plain(&self.decoded).into(),
            self.decoded.failure().unwrap_or_default().into(),
        ]
    }
}

/// Records in this form: one a line, or a table.
pub(crate) fn records_text(records: &[CopiedRecord<'_>], form: CopyForm) -> String {
    match form {
        CopyForm::Text => joined(records, CopiedRecord::text),
        CopyForm::Json => joined(records, CopiedRecord::json),
        CopyForm::Csv => table(&RECORD_COLUMNS, records),
    }
}

/// The columns of events.
pub(crate) const EVENT_COLUMNS: [&str; 14] = [
    "entity",
    "version",
    "timestamp",
    "type",
    "topic",
    "partition",
    "offset",
    "actor",
    "correlation",
    "causation",
    "txn",
    "changes",
    "value",
    "error",
];

impl Row for CopiedEvent<'_> {
    fn json(&self) -> String {
        Self::json(self)
    }

    fn cells(&self) -> Vec<Cow<'_, str>> {
        let event = self.event;
        let changes: Vec<String> = self.changes.iter().map(change_line).collect();
        vec![
            self.entity.to_string().into(),
            event.version.to_string().into(),
            record_time(event.timestamp_ms).unwrap_or_default().into(),
            (&*event.event_type).into(),
            (&*event.position.topic).into(),
            event.position.partition.to_string().into(),
            event.position.offset.to_string().into(),
            event.actor.as_deref().unwrap_or_default().into(),
            event.correlation.as_deref().unwrap_or_default().into(),
            event.causation.as_deref().unwrap_or_default().into(),
            event.transaction.as_str().into(),
            changes.join("\n").into(),
            plain(&event.value).into(),
            event.value.failure().unwrap_or_default().into(),
        ]
    }
}

/// Events of an entity in this form: one a line, or a table.
pub(crate) fn events_text(events: &[CopiedEvent<'_>], form: CopyForm) -> String {
    match form {
        CopyForm::Text => joined(events, CopiedEvent::text),
        CopyForm::Json => joined(events, CopiedEvent::json),
        CopyForm::Csv => table(&EVENT_COLUMNS, events),
    }
}

/// A line for each.
fn joined<T>(rows: &[T], line: impl Fn(&T) -> String) -> String {
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// A table with a row for each.
fn table(columns: &[&str], rows: &[impl Row]) -> String {
    let mut table = Table::new(columns);
    for row in rows {
        table.row(&row.cells());
    }
    table.finish()
}
