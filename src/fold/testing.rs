//! Events for tests, arbitrary or built in a line each, and the plain way to fold them.

use std::sync::Arc;

use proptest::prelude::*;

use super::Fold;
use crate::decode::testing::members;
use crate::decode::{Decoder, json, output_value};
use crate::model::{Decoded, EntityId, Event, TimestampType, TopicPartition, Transaction, Value};

/// The value of a JSON text.
pub(super) fn value(text: &str) -> Value {
    json::parse(text.as_bytes()).unwrap().value
}

/// An event with this version, type and value; its offset is its version, its times ten times as
/// much.
pub(super) fn event(version: u64, event_type: &str, value: Decoded) -> Event {
    let offset = i64::try_from(version).unwrap();
    Event {
        version,
        entity: Some(EntityId::new("e")),
        position: TopicPartition::new("t", 0).at(offset),
        timestamp_ms: offset * 10,
        timestamp_type: TimestampType::CreateTime,
        log_time_ms: offset * 10,
        event_time_ms: Some(offset * 10),
        event_type: event_type.into(),
        key: Some(b"e"[..].into()),
        raw: raw(&value),
        value,
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

/// The bytes that a value may have been decoded from.
fn raw(value: &Decoded) -> Option<Arc<[u8]>> {
    match value {
        Decoded::Tombstone => None,
        Decoded::Failed { raw, .. } | Decoded::Bytes(raw) => Some(Arc::clone(raw)),
        Decoded::Text(text) => Some(text.as_bytes().into()),
        Decoded::Empty => Some(Arc::default()),
        value @ Decoded::Json { .. } => Some(output_value(value).to_json().as_bytes().into()),
    }
}

/// Events of these values in a topic of JSON: `None` is a tombstone, and what is no JSON cannot be
/// decoded.
pub(super) fn events(values: &[Option<&str>]) -> Vec<Event> {
    let decoded = values.iter().map(|value| Decoder::Json.decode(value.map(str::as_bytes)));
    (1..).zip(decoded).map(|(version, value)| event(version, "Changed", value)).collect()
}

/// The state after the first events, this many, folded from nothing.
pub(super) fn folded(fold: &dyn Fold, events: &[Event], count: usize) -> Value {
    let mut state = fold.init();
    for event in &events[..count] {
        fold.apply(&mut state, event);
    }
    state
}

/// Histories of small patches whose paths meet, with tombstones and values that are no objects or
/// no JSON.
pub(super) fn any_events() -> impl Strategy<Value = Vec<Event>> {
    let scalar = prop_oneof![
        Just(Value::Null),
        (0_i64..3).prop_map(Value::from),
        Just(Value::array([])),
        (0_i64..2).prop_map(|element| Value::array([Value::from(element), Value::from(7_i64)])),
    ];
    let member = scalar.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            members(inner.clone()).prop_map(Value::object),
            proptest::collection::vec(inner, 0..3).prop_map(Value::array),
        ]
    });
    let json = |value| Decoded::Json { value, duplicate_members: false };
    let body = prop_oneof![
        8 => members(member.clone()).prop_map(move |members| json(Value::object(members))),
        1 => Just(Decoded::Tombstone),
        1 => member.prop_map(json),
        1 => Just(Decoder::Json.decode(Some(b"oops"))),
    ];
    proptest::collection::vec(("[AB]", body), 0..30).prop_map(|bodies| {
        let numbered = (1..).zip(bodies);
        numbered.map(|(version, (event_type, body))| event(version, &event_type, body)).collect()
    })
}
