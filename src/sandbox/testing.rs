//! Events for tests, built in a line each.

use std::sync::Arc;

use super::GivenEvent;
use crate::decode::Decoder;
use crate::model::{EntityId, Event, TimestampType, TopicPartition, Transaction};

/// An event at this place with this type and JSON value; its times are ten times its offset.
pub(super) fn event(
    topic: &str,
    partition: i32,
    offset: i64,
    event_type: &str,
    value: &str,
) -> Event {
    Event {
        version: 1,
        entity: None,
        position: TopicPartition::new(topic, partition).at(offset),
        timestamp_ms: offset * 10,
        timestamp_type: TimestampType::CreateTime,
        log_time_ms: offset * 10,
        event_time_ms: Some(offset * 10),
        event_type: event_type.into(),
        key: None,
        value: Decoder::Json.decode(Some(value.as_bytes())),
        raw: Some(value.as_bytes().into()),
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

/// The event as one of this entity, whose row is the entity's.
pub(super) fn given(entity: &str, event: Event) -> GivenEvent {
    let entity = Some(EntityId::new(entity));
    let key = entity.as_ref().map(|entity| entity.as_bytes().into());
    GivenEvent { row: entity.clone(), id: None, event: Event { entity, key, ..event } }
}
