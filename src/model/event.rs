//! An event of an entity: a record that was mapped and decoded.
//!
//! Promises: an event keeps the address of its record, so that everything it lacks can be looked
//! up.
//! Does not know: the state it leads to.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{Decoded, Headers, Position, TimestampType, Transaction};

/// The id of an entity: the bytes the mapping names, by default the record's key. May be empty.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntityId(Arc<[u8]>);

impl EntityId {
    /// The entity with this id.
    pub fn new(id: impl AsRef<[u8]>) -> Self {
        Self(id.as_ref().into())
    }

    /// The id's bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The id as text, when its bytes are UTF-8.
    pub fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }
}

impl From<Arc<[u8]>> for EntityId {
    fn from(id: Arc<[u8]>) -> Self {
        Self(id)
    }
}

impl AsRef<[u8]> for EntityId {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for EntityId {
    /// The text, or base64 of bytes that are none.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.as_str() {
            Some(text) => f.write_str(text),
            None => f.write_str(&BASE64.encode(&self.0)),
        }
    }
}

impl Serialize for EntityId {
    /// The text, or `{"base64": "…"}` for bytes that are none.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Some(text) = self.as_str() {
            return serializer.serialize_str(text);
        }
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("base64", &BASE64.encode(&self.0))?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for EntityId {
    /// What `Serialize` wrote.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// Either way to write one.
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            /// Text.
            Text(String),
            /// Bytes that are none.
            Bytes {
                /// In base64.
                base64: String,
            },
        }
        match Written::deserialize(deserializer)? {
            Written::Text(text) => Ok(Self::new(text)),
            Written::Bytes { base64 } => {
                BASE64.decode(base64).map(Self::new).map_err(de::Error::custom)
            }
        }
    }
}

/// Something about an event that a reader of the history should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventProblem {
    /// The value could not be decoded; folds leave the state as it is.
    Undecodable,
    /// The time that the mapping names is missing or no time, so that the event has none.
    NoEventTime {
        /// What stands there instead; `None` when nothing does.
        found: Option<Arc<str>>,
    },
    /// The timestamp lies too far in the future; log time ignores it.
    ImplausibleTime,
    /// A header's name is not UTF-8; it is told as its bytes.
    HeaderNameNotText,
    /// An object of the value names a member twice; the last one counts.
    DuplicateMembers,
    /// The version field does not follow the one before it: a gap, a repeat or a step back.
    VersionOutOfOrder {
        /// The version of the event before, as mapped.
        previous: i64,
        /// This event's version, as mapped.
        found: i64,
    },
}

/// One event in the history of an entity.
#[derive(Clone, Debug)]
pub struct Event {
    /// The number in fold order over the history read, from 1.
    pub version: u64,
    /// The entity; `None` where the mapping finds none.
    pub entity: Option<EntityId>,
    /// The record's address.
    pub position: Position,
    /// The record's timestamp, in milliseconds since the epoch.
    pub timestamp_ms: i64,
    /// Whose clock wrote the timestamp.
    pub timestamp_type: TimestampType,
    /// The record's log time, in milliseconds since the epoch.
    pub log_time_ms: i64,
    /// Event time: the field the mapping names, or the timestamp where it names none; in
    /// milliseconds since the epoch. `None` where that is missing or no time.
    pub event_time_ms: Option<i64>,
    /// The event's type; `tombstone` for a null value; empty when the mapping finds none.
    pub event_type: Arc<str>,
    /// The record's key.
    pub key: Option<Arc<[u8]>>,
    /// The decoded value.
    pub value: Decoded,
    /// The value's bytes as they stood; `None` for a null value.
    pub raw: Option<Arc<[u8]>>,
    /// What became of the record's transaction.
    pub transaction: Transaction,
    /// The version field the mapping names, when it holds an integer.
    pub mapped_version: Option<i64>,
    /// The id shared by everything one request set off.
    pub correlation: Option<Arc<str>>,
    /// The id of what directly caused this event.
    pub causation: Option<Arc<str>>,
    /// Who did it.
    pub actor: Option<Arc<str>>,
    /// The name or id of the schema, when one is known.
    pub schema: Option<Arc<str>>,
    /// Header names and values in their order, duplicates kept.
    pub headers: Headers,
    /// Size of key and value, in bytes.
    pub payload_bytes: u64,
    /// What a reader should know about this event.
    pub problems: Vec<EventProblem>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_is_not_utf8_is_written_as_base64_and_read_back() {
        let bytes = EntityId::new([0xff, 0x00]);
        let written = serde_json::to_string(&bytes).unwrap();
        assert_eq!(written, r#"{"base64":"/wA="}"#);
        assert_eq!(serde_json::from_str::<EntityId>(&written).unwrap(), bytes);
        assert_eq!(serde_json::from_str::<EntityId>(r#""o-1""#).unwrap(), EntityId::new("o-1"));
        assert_eq!(serde_json::to_string(&EntityId::new("")).unwrap(), r#""""#);
    }
}
