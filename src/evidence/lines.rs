//! Records and events as they are copied: a line each.
//!
//! Promises: the names of the JSON are those of `foldback scan` and `foldback history`; values are
//! whole.
//! Does not know: where they are found.

use super::csv::Table;
use super::forms::{self, CopyForm, change_line};
use crate::decode::{output_value, text, time_text};
use crate::model::{
    Change, Decoded, EntityId, Event, RecordRef, TimestampType, Transaction, Value,
};

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
}

/// A time of a record; none where the record has none.
fn time(time_ms: i64) -> Option<String> {
    (time_ms != -1).then(|| time_text::utc(time_ms))
}

/// Whose clock wrote a timestamp, in a word.
fn whose_clock(kind: TimestampType) -> &'static str {
    match kind {
        TimestampType::CreateTime => "create_time",
        TimestampType::LogAppendTime => "log_append_time",
    }
}

/// A text, or null where there is none.
fn or_null(text: Option<&str>) -> Value {
    text.map_or(Value::Null, Value::string)
}

/// A text that says something.
fn said(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// A value in a cell or a line: a text as it stands, anything else as JSON.
fn plain(decoded: &Decoded) -> String {
    match decoded {
        Decoded::Tombstone => String::new(),
        Decoded::Json { value, .. } => value.to_json(),
        other => forms::plain(&output_value(other)),
    }
}

/// An entity's id, or null.
fn id(entity: Option<&EntityId>) -> Value {
    entity.map_or(Value::Null, |entity| text::to_value(entity.as_bytes()))
}

impl CopiedRecord<'_> {
    /// The record as `foldback scan --json` prints it.
    fn json(&self) -> String {
        let Self { record, decoded, event_type, entity } = self;
        let bytes = |bytes: Option<&[u8]>| bytes.map_or(Value::Null, text::to_value);
        let headers = record
            .headers()
            .map(|header| Value::array([Value::string(header.name), bytes(header.value)]));
        let failure = decoded.failure();
        let members = [
            ("topic", Value::string(&*record.partition().topic)),
            ("partition", Value::from(i64::from(record.partition().partition))),
            ("offset", Value::from(record.offset())),
            ("timestamp", or_null(time(record.timestamp_ms()).as_deref())),
            ("timestamp_type", Value::string(whose_clock(record.timestamp_type()))),
            ("log_time", or_null(time(record.log_time_ms()).as_deref())),
            ("key", bytes(record.key())),
            ("headers", Value::array(headers)),
            ("value", output_value(decoded)),
            ("decoded_as", Value::string(decoded.kind().as_str())),
            ("type", or_null(said(event_type))),
            ("entity", id(entity.as_ref())),
            ("txn", Value::string(record.transaction().as_str())),
        ];
        let error = failure.map(|failure| ("error", Value::string(failure)));
        Value::object(members.into_iter().chain(error)).to_json()
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
            time(record.timestamp_ms()).unwrap_or_else(|| "no time".to_owned()),
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
        let Self { event, changes } = self;
        let changes = changes.iter().map(|change| {
            let side = |name: &'static str, value: &Option<Value>| {
                value.clone().map(|value| (name, value))
            };
            let members = [
                ("path", Value::string(change.path.as_str())),
                ("op", Value::string(forms::operation(change.kind))),
            ];
            let sides = [side("from", &change.from), side("to", &change.to)];
            Value::object(members.into_iter().chain(sides.into_iter().flatten()))
        });
        let members = [
            ("entity", id(Some(entity))),
            ("version", Value::from(event.version)),
            ("topic", Value::string(&*event.position.topic)),
            ("partition", Value::from(i64::from(event.position.partition))),
            ("offset", Value::from(event.position.offset)),
            ("timestamp", or_null(time(event.timestamp_ms).as_deref())),
            ("timestamp_type", Value::string(whose_clock(event.timestamp_type))),
            ("log_time", or_null(time(event.log_time_ms).as_deref())),
            ("event_time", or_null(event.event_time_ms.and_then(time).as_deref())),
            ("type", or_null(said(&event.event_type))),
            ("value", output_value(&event.value)),
            ("decoded_as", Value::string(event.value.kind().as_str())),
            ("changes", Value::array(changes)),
            ("correlation", or_null(event.correlation.as_deref())),
            ("causation", or_null(event.causation.as_deref())),
            ("actor", or_null(event.actor.as_deref())),
            ("txn", Value::string(event.transaction.as_str())),
        ];
        let error = event.value.failure().map(|failure| ("error", Value::string(failure)));
        Value::object(members.into_iter().chain(error)).to_json()
    }

    /// The event in a line, and what it changed below.
    fn text(&self) -> String {
        let Self { event, changes } = self;
        let mut parts = vec![
            format!("v{}", event.version),
            time(event.timestamp_ms).unwrap_or_else(|| "no time".to_owned()),
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
                    &time(record.timestamp_ms()).unwrap_or_default(),
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
                    &time(event.timestamp_ms).unwrap_or_default(),
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
