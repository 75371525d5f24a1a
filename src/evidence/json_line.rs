//! The shapes of records and events as JSON lines, whoever asks for them.
//!
//! Promises: names and meaning are those of the documented interface; numbers keep their digits;
//! bytes that are no text are `{"base64": "…"}`; times are RFC 3339 in UTC with milliseconds.
//! Does not know: where answers come from; what else a command prints.

use std::sync::Arc;

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use crate::decode::{output_value, time_text};
use crate::model::{
    Change, Decoded, EntityId, Event, EventProblem, NOT_TEXT, Position, RecordRef, TimestampType,
    Value,
};

/// Bytes as text, or as base64 where they are none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bytes<'a>(pub(crate) &'a [u8]);

impl Serialize for Bytes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use base64::Engine as _;
        if let Ok(text) = std::str::from_utf8(self.0) {
            return serializer.serialize_str(text);
        }
        let mut map = serializer.serialize_map(Some(1))?;
        let encoded = base64::engine::general_purpose::STANDARD.encode(self.0);
        map.serialize_entry("base64", &encoded)?;
        map.end()
    }
}

/// A time of a record; none where the record has none.
pub(crate) fn record_time(time_ms: i64) -> Option<String> {
    (time_ms != -1).then(|| time_text::utc(time_ms))
}

/// A text that says something.
pub(crate) fn said(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// A record of a scan.
#[derive(Debug, Serialize)]
pub(crate) struct RecordLine<'a> {
    /// The topic.
    topic: &'a str,
    /// The partition.
    partition: i32,
    /// The offset.
    offset: i64,
    /// The timestamp.
    timestamp: Option<String>,
    /// Whose clock wrote it.
    timestamp_type: TimestampType,
    /// The log time.
    log_time: Option<String>,
    /// The key.
    key: Option<Bytes<'a>>,
    /// Header names and values in their order.
    headers: Vec<(&'a str, Option<Bytes<'a>>)>,
    /// The value.
    value: Value,
    /// What it was decoded as.
    decoded_as: &'static str,
    /// The event type.
    #[serde(rename = "type")]
    event_type: Option<&'a str>,
    /// The entity.
    entity: Option<&'a EntityId>,
    /// What became of the transaction.
    txn: &'static str,
    /// What a reader should know.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    flags: Vec<&'static str>,
    /// Why the value could not be decoded.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

impl<'a> RecordLine<'a> {
    /// The line of a record with its decoded value, its event type, empty for none, and the entity
    /// it belongs to.
    pub(crate) fn new(
        record: RecordRef<'a>,
        value: &'a Decoded,
        event_type: &'a str,
        entity: Option<&'a EntityId>,
    ) -> Self {
        let duplicates = matches!(value, Decoded::Json { duplicate_members: true, .. });
        let flags = [
            (duplicates, "duplicate_members"),
            (record.has_implausible_time(), "implausible_time"),
            (
                record.headers().any(|header| header.name.starts_with(NOT_TEXT)),
                "header_name_not_text",
            ),
        ];
        Self {
            topic: &record.partition().topic,
            partition: record.partition().partition,
            offset: record.offset(),
            timestamp: record_time(record.timestamp_ms()),
            timestamp_type: record.timestamp_type(),
            log_time: record_time(record.log_time_ms()),
            key: record.key().map(Bytes),
            headers: record
                .headers()
                .map(|header| (header.name, header.value.map(Bytes)))
                .collect(),
            value: output_value(value),
            decoded_as: value.kind().as_str(),
            event_type: said(event_type),
            entity,
            txn: record.transaction().as_str(),
            flags: flags.into_iter().filter_map(|(holds, flag)| holds.then_some(flag)).collect(),
            error: value.failure(),
        }
    }
}

/// An event of a history.
#[derive(Debug, Serialize)]
pub(crate) struct EventLine<'a> {
    /// The entity.
    entity: &'a EntityId,
    /// The number in the history.
    version: u64,
    /// The record.
    #[serde(flatten)]
    position: &'a Position,
    /// The timestamp.
    timestamp: Option<String>,
    /// Whose clock wrote it.
    timestamp_type: TimestampType,
    /// The log time.
    log_time: Option<String>,
    /// The event time.
    event_time: Option<String>,
    /// The type.
    #[serde(rename = "type")]
    event_type: Option<&'a str>,
    /// The value.
    value: Value,
    /// What it was decoded as.
    decoded_as: &'static str,
    /// What the event changed.
    changes: &'a [Change],
    /// Why the fold did not take it, or a part of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_taken: Option<&'static str>,
    /// The version the mapping names.
    mapped_version: Option<i64>,
    /// The correlation id.
    correlation: Option<&'a str>,
    /// The causation id.
    causation: Option<&'a str>,
    /// Who did it.
    actor: Option<&'a str>,
    /// The schema.
    schema: Option<&'a str>,
    /// What became of the transaction.
    txn: &'static str,
    /// What a reader should know.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    flags: Vec<String>,
    /// Why the value could not be decoded.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

impl<'a> EventLine<'a> {
    /// The line of an event that made these changes, and why the fold did not take it, if it did
    /// not.
    pub(crate) fn new(
        entity: &'a EntityId,
        event: &'a Event,
        changes: &'a [Change],
        not_taken: Option<&'static str>,
    ) -> Self {
        Self {
            entity,
            version: event.version,
            position: &event.position,
            timestamp: record_time(event.timestamp_ms),
            timestamp_type: event.timestamp_type,
            log_time: record_time(event.log_time_ms),
            event_time: event.event_time_ms.map(time_text::utc),
            event_type: said(&event.event_type),
            value: output_value(&event.value),
            decoded_as: event.value.kind().as_str(),
            changes,
            not_taken,
            mapped_version: event.mapped_version,
            correlation: event.correlation.as_deref(),
            causation: event.causation.as_deref(),
            actor: event.actor.as_deref(),
            schema: event.schema.as_deref(),
            txn: event.transaction.as_str(),
            flags: event.problems.iter().filter_map(flag).collect(),
            error: event.value.failure(),
        }
    }
}

/// What a reader should know, in a word or a few. That an event cannot be decoded its error says.
pub(crate) fn flag(problem: &EventProblem) -> Option<String> {
    match problem {
        EventProblem::Undecodable => None,
        EventProblem::NoEventTime { found: None } => Some("no_event_time".to_owned()),
        EventProblem::NoEventTime { found: Some(found) } => {
            Some(format!("no_event_time: `{found}` is no time"))
        }
        EventProblem::ImplausibleTime => Some("implausible_time".to_owned()),
        EventProblem::HeaderNameNotText => Some("header_name_not_text".to_owned()),
        EventProblem::DuplicateMembers => Some("duplicate_members".to_owned()),
        EventProblem::VersionOutOfOrder { previous, found } => {
            Some(format!("version_out_of_order: {found} after {previous}"))
        }
    }
}

/// Which event wrote a field.
#[derive(Debug, Serialize)]
pub(crate) struct WriterLine<'a> {
    /// The event's number in the history.
    version: u64,
    /// The record.
    #[serde(flatten)]
    position: &'a Position,
    /// Its timestamp.
    timestamp: Option<String>,
    /// Its type.
    #[serde(rename = "type")]
    event_type: Option<&'a str>,
}

impl<'a> WriterLine<'a> {
    /// What is said of this event.
    pub(crate) fn new(event: &'a Event) -> Self {
        Self {
            version: event.version,
            position: &event.position,
            timestamp: record_time(event.timestamp_ms),
            event_type: said(&event.event_type),
        }
    }
}

/// The event that a fold failed on.
#[derive(Debug, Serialize)]
pub(crate) struct FailedLine<'a> {
    /// The event.
    #[serde(flatten)]
    event: WriterLine<'a>,
    /// Why.
    error: Arc<str>,
}

impl<'a> FailedLine<'a> {
    /// What is said of this event, which failed for this reason.
    pub(crate) fn new(event: &'a Event, error: Arc<str>) -> Self {
        Self { event: WriterLine::new(event), error }
    }
}
