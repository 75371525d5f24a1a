//! Events in fixtures: the lines that `foldback scan --json` and `foldback history --json` print, pasted or written.
//!
//! Promises: an event that was written is read back the same, numbers with their digits; a word that is not known is refused, with its
//! line.
//! Does not know: projections, schedules.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::value::RawValue;
use serde_json::{Map, Value as Json};

use crate::decode::{Decoder, json, output_value, text};
use crate::model::{
    Decoded, DecodedKind, EntityId, Event, Headers, TimestampType, TopicPartition, Transaction,
    Value,
};
use crate::workspace::time_text;

/// An event as it is read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "what printed lines say beside the event is known, but told by the event itself"
)]
struct EventLine<'j> {
    /// The topic.
    topic: String,
    /// The partition.
    #[serde(default)]
    partition: i32,
    /// The offset.
    offset: i64,
    /// The timestamp; none where the record has none.
    #[serde(default)]
    timestamp: Option<Time>,
    /// Whose clock wrote it.
    #[serde(default)]
    timestamp_type: Option<String>,
    /// The log time; the timestamp when absent.
    #[serde(default)]
    log_time: Option<Time>,
    /// The event time; the timestamp when absent, none when `null`.
    #[serde(default)]
    event_time: Told<Time>,
    /// The key; the entity when absent, none when `null`.
    #[serde(default)]
    key: Told<Bytes>,
    /// The entity; the key when absent, none when `null`.
    #[serde(default)]
    entity: Told<Bytes>,
    /// The event's id, where it is known better than its headers tell.
    #[serde(default)]
    id: Option<String>,
    /// The type.
    #[serde(default, rename = "type")]
    event_type: Option<String>,
    /// The value.
    #[serde(default, borrow)]
    value: Option<&'j RawValue>,
    /// What the value was decoded as: JSON where nothing is said, a tombstone where it is `null`.
    #[serde(default)]
    decoded_as: Option<String>,
    /// Why the value could not be decoded.
    #[serde(default)]
    error: Option<String>,
    /// The headers.
    #[serde(default)]
    headers: Vec<(String, Option<Bytes>)>,
    /// What became of the transaction.
    #[serde(default)]
    txn: Option<String>,
    /// The version that the mapping found.
    #[serde(default)]
    mapped_version: Option<i64>,
    /// The correlation id.
    #[serde(default)]
    correlation: Option<String>,
    /// The causation id.
    #[serde(default)]
    causation: Option<String>,
    /// Who did it.
    #[serde(default)]
    actor: Option<String>,
    /// The schema.
    #[serde(default)]
    schema: Option<String>,
    /// The number in a history; counted anew.
    #[serde(default)]
    version: Option<u64>,
    /// What the event changed; folded anew.
    #[serde(default)]
    changes: de::IgnoredAny,
    /// Why a fold did not take it.
    #[serde(default)]
    not_taken: de::IgnoredAny,
    /// What a reader should know.
    #[serde(default)]
    flags: de::IgnoredAny,
}

/// Something that may not be mentioned, or be `null`.
#[derive(Default)]
enum Told<T> {
    /// It is not mentioned.
    #[default]
    Nothing,
    /// What is said of it.
    Is(Option<T>),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Told<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(Self::Is)
    }
}

/// A time: RFC 3339 text, or milliseconds since the epoch.
#[derive(Clone, Copy)]
struct Time(i64);

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Json::deserialize(deserializer)? {
            Json::String(text) => {
                let time: Timestamp = text.parse().map_err(de::Error::custom)?;
                Ok(Self(time.as_millisecond()))
            }
            Json::Number(number) => {
                number.as_i64().map(Self).ok_or_else(|| de::Error::custom("no milliseconds"))
            }
            _ => Err(de::Error::custom("expected a time: RFC 3339 text or milliseconds")),
        }
    }
}

/// Bytes: text, or `{"base64": "…"}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Bytes(pub(super) Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        exact(&text::to_value(&self.0)).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Json::deserialize(deserializer)?;
        let bytes = match &json {
            Json::String(text) => Some(text.clone().into_bytes()),
            Json::Object(members) => {
                let encoded = members.get("base64").and_then(Json::as_str);
                encoded.and_then(|encoded| BASE64.decode(encoded).ok())
            }
            _ => None,
        };
        bytes.map(Self).ok_or_else(|| de::Error::custom(r#"expected text or {"base64": "…"}"#))
    }
}

/// An event with the id that it was given, if it was.
pub(super) type EventWithId = (Event, Option<Arc<str>>);

/// Reads an event.
///
/// # Errors
/// What is wrong with it.
pub(super) fn read(text: &str) -> Result<EventWithId, serde_json::Error> {
    let line: EventLine<'_> = serde_json::from_str(text)?;
    event(line).map_err(de::Error::custom)
}

/// The event of a line.
fn event(line: EventLine<'_>) -> Result<EventWithId, String> {
    let timestamp_ms = line.timestamp.map_or(-1, |time| time.0);
    let log_time_ms = line.log_time.map_or(timestamp_ms, |time| time.0);
    let event_time = match line.event_time {
        Told::Is(event_time) => event_time,
        Told::Nothing => line.timestamp,
    };
    let event_time_ms = event_time.map(|time| time.0);
    let bytes = |first: &Told<Bytes>, second: &Told<Bytes>| -> Option<Arc<[u8]>> {
        let told = match (first, second) {
            (Told::Is(bytes), _) | (Told::Nothing, Told::Is(bytes)) => bytes.as_ref(),
            (Told::Nothing, Told::Nothing) => None,
        };
        told.map(|bytes| Arc::from(&*bytes.0))
    };
    let key = bytes(&line.key, &line.entity);
    let entity = bytes(&line.entity, &line.key).map(EntityId::new);
    let (value, raw) = value(line.value, line.decoded_as.as_deref(), line.error.as_deref())?;
    let transaction = match line.txn.as_deref() {
        None | Some("committed") => Transaction::Committed,
        Some("aborted") => Transaction::Aborted,
        Some("open") => Transaction::Open,
        Some(other) => return Err(format!("unknown txn `{other}`")),
    };
    let timestamp_type = match line.timestamp_type.as_deref() {
        None | Some("create_time") => TimestampType::CreateTime,
        Some("log_append_time") => TimestampType::LogAppendTime,
        Some(other) => return Err(format!("unknown timestamp_type `{other}`")),
    };
    let event_type = match (&line.event_type, &value) {
        (Some(event_type), _) => event_type.as_str().into(),
        (None, Decoded::Tombstone) => "tombstone".into(),
        (None, _) => "".into(),
    };
    let header = |(name, value): (String, Option<Bytes>)| {
        (Arc::from(name), value.map(|bytes| Arc::from(bytes.0)))
    };
    let headers: Headers = line.headers.into_iter().map(header).collect();
    let payload = |bytes: &Option<Arc<[u8]>>| bytes.as_ref().map_or(0, |bytes| bytes.len() as u64);
    let event = Event {
        version: 0,
        entity,
        position: TopicPartition::new(line.topic, line.partition).at(line.offset),
        timestamp_ms,
        timestamp_type,
        log_time_ms,
        event_time_ms,
        event_type,
        payload_bytes: payload(&key) + payload(&raw),
        key,
        value,
        raw,
        transaction,
        mapped_version: line.mapped_version,
        correlation: line.correlation.map(Arc::from),
        causation: line.causation.map(Arc::from),
        actor: line.actor.map(Arc::from),
        schema: line.schema.map(Arc::from),
        headers,
        problems: Vec::new(),
    };
    Ok((event, line.id.map(Arc::from)))
}

/// A value with its bytes.
type ValueAndRaw = (Decoded, Option<Arc<[u8]>>);

/// The value of a line.
fn value(
    given: Option<&RawValue>,
    decoded_as: Option<&str>,
    error: Option<&str>,
) -> Result<ValueAndRaw, String> {
    let given = given.map_or("null", RawValue::get);
    let bytes = || -> Result<Vec<u8>, String> {
        serde_json::from_str(given).map(|Bytes(bytes)| bytes).map_err(|error| error.to_string())
    };
    let kept =
        |bytes: Vec<u8>, decoded: fn(&[u8]) -> Decoded| (decoded(&bytes), Some(Arc::from(bytes)));
    if let Some(reason) = error {
        let raw: Arc<[u8]> = bytes()?.into();
        let failed = Decoded::Failed { reason: reason.into(), raw: Arc::clone(&raw) };
        return Ok((failed, Some(raw)));
    }
    Ok(match decoded_as {
        None if given == "null" => (Decoded::Tombstone, None),
        Some("tombstone") => (Decoded::Tombstone, None),
        Some("empty") => (Decoded::Empty, Some(Arc::from([]))),
        Some("text") => kept(bytes()?, |bytes| Decoder::Text.decode(Some(bytes))),
        Some("bytes") => kept(bytes()?, |bytes| Decoder::Bytes.decode(Some(bytes))),
        None | Some("json") => {
            let parsed = json::parse(given.as_bytes()).map_err(|error| error.to_string())?;
            let duplicate_members = parsed.duplicate_members;
            let decoded = Decoded::Json { value: parsed.value, duplicate_members };
            (decoded, Some(given.as_bytes().into()))
        }
        Some(other) => return Err(format!("unknown decoded_as `{other}`")),
    })
}

/// Writes an event.
pub(super) fn write(event: &Event, id: Option<&str>) -> Json {
    let time = |time_ms: i64| Json::from(time_text::utc(time_ms));
    let bytes = |bytes: &[u8]| exact(&text::to_value(bytes));
    let mut line = Map::new();
    let position = &event.position;
    line.insert("topic".to_owned(), (*position.topic).into());
    line.insert("partition".to_owned(), position.partition.into());
    line.insert("offset".to_owned(), position.offset.into());
    if event.timestamp_ms != -1 {
        line.insert("timestamp".to_owned(), time(event.timestamp_ms));
    }
    if event.timestamp_type == TimestampType::LogAppendTime {
        line.insert("timestamp_type".to_owned(), "log_append_time".into());
    }
    if event.log_time_ms != event.timestamp_ms {
        line.insert("log_time".to_owned(), time(event.log_time_ms));
    }
    let timestamp_ms = (event.timestamp_ms != -1).then_some(event.timestamp_ms);
    if event.event_time_ms != timestamp_ms {
        line.insert("event_time".to_owned(), event.event_time_ms.map_or(Json::Null, time));
    }
    let entity = event.entity.as_ref().map(EntityId::as_bytes);
    line.insert("key".to_owned(), event.key.as_deref().map_or(Json::Null, bytes));
    if entity != event.key.as_deref() {
        line.insert("entity".to_owned(), entity.map_or(Json::Null, bytes));
    }
    if event.value != Decoded::Tombstone {
        line.insert("type".to_owned(), (*event.event_type).into());
    }
    write_value(event, &mut line);
    if !event.headers.is_empty() {
        let header = |(name, value): &(Arc<str>, Option<Arc<[u8]>>)| {
            Json::from(vec![Json::from(&**name), value.as_deref().map_or(Json::Null, bytes)])
        };
        line.insert("headers".to_owned(), event.headers.iter().map(header).collect());
    }
    if event.transaction != Transaction::Committed {
        line.insert("txn".to_owned(), event.transaction.as_str().into());
    }
    if let Some(version) = event.mapped_version {
        line.insert("mapped_version".to_owned(), version.into());
    }
    let texts = [
        ("id", id),
        ("correlation", event.correlation.as_deref()),
        ("causation", event.causation.as_deref()),
        ("actor", event.actor.as_deref()),
        ("schema", event.schema.as_deref()),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            line.insert(name.to_owned(), text.into());
        }
    }
    Json::Object(line)
}

/// Writes the value of an event.
fn write_value(event: &Event, line: &mut Map<String, Json>) {
    line.insert("value".to_owned(), exact(&output_value(&event.value)));
    let kind = event.value.kind();
    if let Some(reason) = event.value.failure() {
        line.insert("error".to_owned(), reason.into());
    } else if kind != DecodedKind::Json || event.value.json().is_some_and(Value::is_null) {
        line.insert("decoded_as".to_owned(), kind.as_str().into());
    }
}

/// A value as JSON with all its digits.
pub(super) fn exact(value: &Value) -> Json {
    serde_json::from_str(&value.to_json()).expect("a value is JSON")
}
