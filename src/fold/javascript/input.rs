//! An event as a projection is given it: the record's facts under the names of the projection
//! language.
//!
//! Promises: cheap to make and to clone; facts that handlers seldom ask for are written out when
//! they are asked for.
//! Does not know: how they get into the engine.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Serialize;
use serde::ser::{SerializeMap as _, Serializer};

use crate::decode::text;
use crate::model::{EntityId, Event, Headers, Position, TimestampType, Transaction};

/// An event as a projection is given it.
#[derive(Clone, Debug)]
pub struct ProjectionInput {
    /// The topic.
    pub topic: Arc<str>,
    /// The partition of the topic.
    pub partition: i32,
    /// The offset in it.
    pub offset: i64,
    /// The record's timestamp, in milliseconds since the epoch; -1 where it has none.
    pub timestamp_ms: i64,
    /// Whose clock wrote it.
    pub timestamp_type: TimestampType,
    /// What became of the record's transaction.
    pub transaction: Transaction,
    /// The category of its stream: what `foldback.toml` calls its entities, else the topic.
    pub category: Arc<str>,
    /// The entity, which with the category names the stream.
    pub entity: Option<EntityId>,
    /// How many events of the stream are before it.
    pub sequence: u64,
    /// The event's type.
    pub event_type: Arc<str>,
    /// The record's key.
    pub key: Option<Arc<[u8]>>,
    /// The value's bytes; `None` for a tombstone.
    pub raw: Option<Arc<[u8]>>,
    /// Whether the value is JSON.
    pub is_json: bool,
    /// Whether the value should be JSON and is not, so that no handler is given it.
    pub is_undecodable: bool,
    /// The record's headers.
    pub headers: Headers,
}

impl ProjectionInput {
    /// An event of an entity's history, in a stream of this category.
    pub fn of_event(event: &Event, category: &Arc<str>) -> Self {
        Self {
            topic: Arc::clone(&event.position.topic),
            partition: event.position.partition,
            offset: event.position.offset,
            timestamp_ms: event.timestamp_ms,
            timestamp_type: event.timestamp_type,
            transaction: event.transaction,
            category: Arc::clone(category),
            entity: event.entity.clone(),
            sequence: event.version.saturating_sub(1),
            event_type: Arc::clone(&event.event_type),
            key: event.key.clone(),
            raw: event.raw.clone(),
            is_json: event.value.json().is_some(),
            is_undecodable: event.value.failure().is_some(),
            headers: Arc::clone(&event.headers),
        }
    }

    /// The record's address.
    pub fn position(&self) -> Position {
        Position { topic: Arc::clone(&self.topic), partition: self.partition, offset: self.offset }
    }

    /// The name of its stream; that of the category alone where it belongs to no entity.
    pub fn stream(&self) -> String {
        match &self.entity {
            Some(entity) => format!("{}-{entity}", self.category),
            None => self.category.to_string(),
        }
    }

    /// Whether its stream has this name.
    pub(super) fn is_stream(&self, name: &str) -> bool {
        let Some(entity) = &self.entity else { return *name == *self.category };
        let id = name.strip_prefix(&*self.category).and_then(|rest| rest.strip_prefix('-'));
        id.is_some_and(|id| {
            entity.as_str().map_or_else(|| id == entity.to_string(), |own| own == id)
        })
    }

    /// Its id: the record's address.
    pub(super) fn id(&self) -> String {
        format!("{}-{}@{}", self.topic, self.partition, self.offset)
    }

    /// The headers as a JSON object; of several with the same name the last one counts.
    pub(super) fn metadata(&self) -> String {
        json(&LastHeaders(&self.headers))
    }

    /// What Kafka knows of the record, as JSON text.
    pub(super) fn kafka(&self) -> String {
        json(&KafkaFacts {
            topic: &self.topic,
            topic_id: None,
            partition: self.partition,
            offset: self.offset,
            timestamp: (self.timestamp_ms != -1).then_some(self.timestamp_ms),
            timestamp_type: self.timestamp_type,
            key: self.key.as_deref().map(Bytes),
            headers: self
                .headers
                .iter()
                .map(|(name, value)| (&**name, value.as_deref().map(Bytes)))
                .collect(),
            leader_epoch: None,
            txn: self.transaction,
        })
    }

    /// The value as text: what its bytes say, or base64 of bytes that are no text.
    pub(super) fn body_text(&self) -> Option<String> {
        self.raw.as_deref().map(|raw| text::exact(raw).into_owned())
    }
}

/// The text of what serializes without failing.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("texts, numbers and maps with text keys serialize")
}

/// What Kafka knows of a record.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct KafkaFacts<'a> {
    /// The topic.
    topic: &'a str,
    /// The topic's id; not kept with records.
    topic_id: Option<&'a str>,
    /// The partition.
    partition: i32,
    /// The offset.
    offset: i64,
    /// The timestamp in milliseconds.
    timestamp: Option<i64>,
    /// Whose clock wrote it.
    timestamp_type: TimestampType,
    /// The key.
    key: Option<Bytes<'a>>,
    /// The headers in order, duplicates kept.
    headers: Vec<(&'a str, Option<Bytes<'a>>)>,
    /// The leader epoch; not kept with records.
    leader_epoch: Option<i32>,
    /// What became of the transaction.
    txn: Transaction,
}

/// Bytes as text, or as `{"base64": "…"}` where they are none.
struct Bytes<'a>(&'a [u8]);

impl Serialize for Bytes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Ok(text) = std::str::from_utf8(self.0) {
            return serializer.serialize_str(text);
        }
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("base64", &BASE64.encode(self.0))?;
        map.end()
    }
}

/// Headers as an object, each name once with its last value.
struct LastHeaders<'a>(&'a Headers);

impl Serialize for LastHeaders<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (index, (name, value)) in self.0.iter().enumerate() {
            if self.0.iter().skip(index + 1).all(|(later, _)| later != name) {
                map.serialize_entry(&**name, &value.as_deref().map(Bytes))?;
            }
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fold::testing::events;

    /// An event of the entity `e` of the category `order`.
    fn input() -> ProjectionInput {
        ProjectionInput::of_event(&events(&[Some("{}")])[0], &"order".into())
    }

    #[test]
    fn a_stream_is_category_and_entity_and_never_split_at_a_dash() {
        let mut input = input();
        assert_eq!(input.stream(), "order-e");
        assert!(
            input.is_stream("order-e") && !input.is_stream("order-") && !input.is_stream("order")
        );
        input.entity = Some(EntityId::new("a-b"));
        assert!(input.is_stream("order-a-b"));
        input.entity = Some(EntityId::new([0xff]));
        assert_eq!(input.stream(), "order-/w==");
        assert!(input.is_stream("order-/w=="));
        input.entity = None;
        assert!(input.is_stream("order") && input.stream() == "order");
    }

    #[test]
    fn of_headers_with_the_same_name_the_last_is_metadata_and_all_are_kafkas() {
        let mut input = input();
        let header = |name: &str, value: &[u8]| (Arc::from(name), Some(Arc::from(value)));
        input.headers =
            [header("a", b"1"), header("b", b"\xff"), header("a", b"2"), ("n".into(), None)].into();
        assert_eq!(input.metadata(), r#"{"b":{"base64":"/w=="},"a":"2","n":null}"#);
        let expected = r#""headers":[["a","1"],["b",{"base64":"/w=="}],["a","2"],["n",null]]"#;
        assert!(input.kafka().contains(expected), "{}", input.kafka());
        assert!(input.kafka().contains(r#""timestampType":"create_time""#), "{}", input.kafka());
    }
}
