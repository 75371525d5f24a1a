//! Events for tests of the diagnosis.

use std::sync::Arc;

use crate::decode::Decoder;
use crate::model::{EntityId, Event, TimestampType, TopicPartition, Transaction};

/// An event with this version, type and JSON value, an empty one being a tombstone; its offset is
/// one less than its version.
pub(super) fn event(version: u64, event_type: &str, value: &str) -> Event {
    let offset = i64::try_from(version).unwrap() - 1;
    let raw = Some(value.as_bytes()).filter(|bytes| !bytes.is_empty());
    Event {
        version,
        entity: Some(EntityId::new("e")),
        position: TopicPartition::new("t", 0).at(offset),
        timestamp_ms: 1_000_000 + offset * 10,
        timestamp_type: TimestampType::CreateTime,
        log_time_ms: 1_000_000 + offset * 10,
        event_time_ms: Some(1_000_000 + offset * 10),
        event_type: event_type.into(),
        key: Some(b"e"[..].into()),
        value: Decoder::Json.decode(raw),
        raw: raw.map(Arc::from),
        transaction: Transaction::Committed,
        mapped_version: None,
        correlation: None,
        causation: None,
        actor: None,
        schema: None,
        headers: Arc::from([]),
        payload_bytes: 0,
        problems: Vec::new(),
    }
}

/// The same event at another place.
pub(super) fn placed(event: Event, partition: i32, offset: i64) -> Event {
    Event { position: TopicPartition::new("t", partition).at(offset), ..event }
}
