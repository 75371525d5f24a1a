//! Records and events as they are copied: a line each.
//!
//! Promises: the names of the JSON are those of `foldback scan` and `foldback history`; values are
//! whole.
//! Does not know: where they are found.

use serde::Serialize;

use super::csv::Table;
use super::forms::{self, CopyForm, change_line};
use super::json_line::{EventLine, RecordLine, record_time, said};
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
    fn json(&self, entity: &EntityId) -> String {
        let Self { event, changes, not_taken } = self;
        json(&EventLine::new(entity, event, changes, *not_taken))
    }

    /// The event in a line, and what it changed below.
    fn text(&self) -> String {
        let Self { event, changes, not_taken: _ } = self;
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

/// Records in this form: one a line, or a table.
pub(crate) fn records_text(records: &[CopiedRecord<'_>], form: CopyForm) -> String {
    let joined = |lines: Vec<String>| lines.join("\n");
    match form {
        CopyForm::Text => joined(records.iter().map(CopiedRecord::text).collect()),
        CopyForm::Json => joined(records.iter().map(CopiedRecord::json).collect()),
        CopyForm::Csv => {
            let columns = [
                "topic",
                "partition",
                "offset",
                "timestamp",
                "key",
                "type",
                "entity",
                "txn",
                "value",
                "error",
            ];
            let mut table = Table::new(&columns);
            for copied in records {
                let record = copied.record;
                table.row(&[
                    &record.partition().topic,
                    &record.partition().partition.to_string(),
                    &record.offset().to_string(),
                    &record_time(record.timestamp_ms()).unwrap_or_default(),
                    &record.key().map(text::exact).unwrap_or_default(),
                    copied.event_type,
                    &copied.entity.as_ref().map(ToString::to_string).unwrap_or_default(),
                    record.transaction().as_str(),
                    &plain(&copied.decoded),
                    copied.decoded.failure().unwrap_or_default(),
                ]);
            }
            table.finish()
        }
    }
}

/// Events of an entity in this form: one a line, or a table.
pub(crate) fn events_text(entity: &EntityId, events: &[CopiedEvent<'_>], form: CopyForm) -> String {
    let joined = |lines: Vec<String>| lines.join("\n");
    match form {
        CopyForm::Text => joined(events.iter().map(CopiedEvent::text).collect()),
        CopyForm::Json => joined(events.iter().map(|event| event.json(entity)).collect()),
        CopyForm::Csv => {
            let columns = [
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
            let mut table = Table::new(&columns);
            for copied in events {
                let event = copied.event;
                let changes: Vec<String> = copied.changes.iter().map(change_line).collect();
                table.row(&[
                    &entity.to_string(),
                    &event.version.to_string(),
                    &record_time(event.timestamp_ms).unwrap_or_default(),
                    &event.event_type,
                    &event.position.topic,
                    &event.position.partition.to_string(),
                    &event.position.offset.to_string(),
                    event.actor.as_deref().unwrap_or_default(),
                    event.correlation.as_deref().unwrap_or_default(),
                    event.causation.as_deref().unwrap_or_default(),
                    event.transaction.as_str(),
                    &changes.join("\n"),
                    &plain(&event.value),
                    event.value.failure().unwrap_or_default(),
                ]);
            }
            table.finish()
        }
    }
}
