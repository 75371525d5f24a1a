//! The shapes of the JSON lines, shared by commands.
//!
//! Promises: names and meaning are those of the documented interface; numbers keep their digits;
//! bytes that are no text are `{"base64": "…"}`; times are RFC 3339 in UTC with milliseconds.
//! Does not know: where answers come from.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use crate::decode::output_value;
use crate::model::{
    Change, Completeness, Decoded, EntityId, Event, EventProblem, NOT_TEXT, Position,
    TimestampType, Value, When,
};
use crate::workspace::{ScannedRecord, time_text};

/// Bytes as text, or as base64 where they are none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

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
pub(super) fn record_time(time_ms: i64) -> Option<String> {
    (time_ms != -1).then(|| time_text::utc(time_ms))
}

/// A moment as it is said back: absolute, whatever it was given as.
pub(super) fn moment(when: &When) -> String {
    match when {
        When::Time(time_ms) => time_text::utc(*time_ms),
        other => other.to_string(),
    }
}

/// A text that says something.
pub(super) fn said(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// A record of a scan.
#[derive(Debug, Serialize)]
pub(super) struct RecordLine<'a> {
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
    /// The line of a record.
    pub(super) fn new(scanned: &'a ScannedRecord<'a>) -> Self {
        let record = scanned.record;
        let duplicates =
            matches!(scanned.value.decoded(), Decoded::Json { duplicate_members: true, .. });
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
            value: output_value(scanned.value.decoded()),
            decoded_as: scanned.value.decoded().kind().as_str(),
            event_type: said(&scanned.event_type),
            entity: scanned.entity.as_ref(),
            txn: record.transaction().as_str(),
            flags: flags.into_iter().filter_map(|(holds, flag)| holds.then_some(flag)).collect(),
            error: scanned.value.decoded().failure(),
        }
    }
}

/// An event of a history.
#[derive(Debug, Serialize)]
pub(super) struct EventLine<'a> {
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
    changes: Vec<Change>,
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
    pub(super) fn new(
        entity: &'a EntityId,
        event: &'a Event,
        changes: Vec<Change>,
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
pub(super) fn flag(problem: &EventProblem) -> Option<String> {
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

/// How many events a fold did not take, or not wholly.
#[derive(Clone, Debug, Serialize)]
pub(super) struct NotTakenLine {
    /// How many.
    not_taken: u64,
    /// How many for each reason.
    #[serde(rename = "not_taken_reasons", skip_serializing_if = "BTreeMap::is_empty")]
    reasons: BTreeMap<&'static str, u64>,
}

impl NotTakenLine {
    /// What is said of these counts.
    pub(super) fn new(reasons: BTreeMap<&'static str, u64>) -> Self {
        Self { not_taken: reasons.values().sum(), reasons }
    }

    /// The same in lines for people; none where the fold took everything.
    pub(super) fn text(&self, fold: &str) -> Vec<String> {
        let line = |(reason, count): (&&str, &u64)| match count {
            1 => format!("1 event is not taken by the fold {fold}: {reason}"),
            _ => format!("{count} events are not taken by the fold {fold}: {reason}"),
        };
        self.reasons.iter().map(line).collect()
    }
}

/// Which event wrote a field.
#[derive(Debug, Serialize)]
pub(super) struct WriterLine<'a> {
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
    pub(super) fn new(event: &'a Event) -> Self {
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
pub(super) struct FailedLine<'a> {
    /// The event.
    #[serde(flatten)]
    event: WriterLine<'a>,
    /// Why.
    error: Arc<str>,
}

impl<'a> FailedLine<'a> {
    /// What is said of this event, which failed for this reason.
    pub(super) fn new(event: &'a Event, error: Arc<str>) -> Self {
        Self { event: WriterLine::new(event), error }
    }
}

/// The last line of an answer.
#[derive(Debug, Serialize)]
pub(super) struct SummaryLine<S> {
    /// The summary.
    pub(super) summary: S,
}

/// A history's completeness in a few lines for people: the verdict, then each reason.
pub(super) fn completeness_text(completeness: &Completeness) -> Vec<String> {
    let since = completeness.since.as_ref().map(|since| {
        let time = since.timestamp_ms.map(|time_ms| format!(", {}", time_text::utc(time_ms)));
        format!(" {}{}", since.position, time.unwrap_or_default())
    });
    let verdict = completeness.verdict.as_str().replace('_', " ");
    let mut lines = vec![format!("history: {verdict}{}", since.unwrap_or_default())];
    lines.extend(completeness.reasons.iter().map(|reason| format!("  {}", reason.detail)));
    lines
}
