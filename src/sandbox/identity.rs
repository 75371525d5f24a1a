//! Which records are the same event, written twice.
//!
//! Promises: two records are the same event only when something says so: an event id, or the same
//! version of the same entity with the same type and value.
//! Does not know: which of them is the original.

use std::sync::Arc;

use crate::decode::output_value;
use crate::model::{EntityId, Event};

/// Headers that hold an event id, by convention. `CloudEvents` ids are unique within their source
/// alone.
const ID_HEADERS: [&str; 7] = [
    "ce_id",
    "axon-message-id",
    "axon-message-identifier",
    "NServiceBus.MessageId",
    "event_id",
    "event-id",
    "eventId",
];

/// What tells an event from all others.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Identity {
    /// Its id, with where ids like it come from.
    Id(Arc<str>, Arc<str>),
    /// Version, type and value of an entity in a topic.
    Version(EntityId, Arc<str>, i64, Arc<str>, String),
    /// Nothing but its address, by its number in the history.
    Record(u32),
}

impl Identity {
    /// The identity of the event with this number in the history.
    pub(super) fn of(number: u32, id: Option<&Arc<str>>, event: &Event) -> Self {
        if let Some(id) = id {
            return Self::Id(Arc::clone(id), "".into());
        }
        if let Some(id) = event_id(event) {
            return id;
        }
        match (&event.entity, event.mapped_version) {
            (Some(entity), Some(version)) => Self::Version(
                entity.clone(),
                Arc::clone(&event.position.topic),
                version,
                Arc::clone(&event.event_type),
                output_value(&event.value).to_json(),
            ),
            _ => Self::Record(number),
        }
    }
}

/// The event id that a header holds.
fn event_id(event: &Event) -> Option<Identity> {
    let header = |name: &str| {
        let found = event.headers.iter().rev().find(|(header, _)| **header == *name)?;
        std::str::from_utf8(found.1.as_deref()?).ok().filter(|text| !text.is_empty())
    };
    let id = ID_HEADERS.into_iter().find_map(header)?;
    Some(Identity::Id(id.into(), header("ce_source").unwrap_or_default().into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::testing::event;

    /// An event with this header.
    fn with_header(name: &str, value: &str) -> Event {
        let headers = Arc::from([(name.into(), Some(value.as_bytes().into()))]);
        Event { headers, ..event("t", 0, 1, "A", "{}") }
    }

    #[test]
    fn an_id_in_a_header_counts_before_the_version() {
        let versioned = Event { mapped_version: Some(3), ..with_header("ce_id", "e-1") };
        let id = Identity::of(0, None, &versioned);
        assert_eq!(id, Identity::Id("e-1".into(), "".into()));
        let given = Identity::of(0, Some(&"mine".into()), &versioned);
        assert_eq!(given, Identity::Id("mine".into(), "".into()));
        let empty = with_header("ce_id", "");
        assert_eq!(Identity::of(7, None, &empty), Identity::Record(7));
    }

    #[test]
    fn the_same_version_with_another_value_is_another_event() {
        let entity = Some(EntityId::new("k"));
        let of = |value: &str| {
            let event = event("t", 0, 1, "A", value);
            let event = Event { mapped_version: Some(1), entity: entity.clone(), ..event };
            Identity::of(0, None, &event)
        };
        assert_eq!(of(r#"{"a":1}"#), of(r#"{"a":1}"#));
        assert_ne!(of(r#"{"a":1}"#), of(r#"{"a":2}"#));
    }
}
