//! What a write model is: an aggregate decides about a command and evolves by events.
//!
//! Promises: `decide` and `evolve` are pure, so a state is nothing but the fold of its events and
//! every decision can be taken again from the log; an event's JSON form carries its type, version
//! and time beside its facts.
//! Does not know: Kafka, clocks, identities of users.

use std::error::Error;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A write model. Its `Default` is the state before the first event.
pub trait Aggregate: Clone + Default + fmt::Debug {
    /// What may be asked of it.
    type Command: fmt::Debug;
    /// What may happen to it.
    type Event: DomainEvent;
    /// Why it says no, in words for the person who asked.
    type Refusal: Error + Send + Sync + 'static;

    /// The topic of its events; they are keyed by the aggregate's id.
    const TOPIC: &'static str;

    /// The fact that a command leads to in this state, or why it leads to none.
    ///
    /// # Errors
    /// The rule that the command would break.
    fn decide(&self, id: &str, command: &Self::Command) -> Result<Self::Event, Self::Refusal>;

    /// The state after an event. Never refuses: what happened has happened.
    fn evolve(&mut self, event: &Self::Event);

    /// How many events led here.
    fn version(&self) -> u64;
}

/// A fact about an aggregate.
pub trait DomainEvent: Clone + fmt::Debug + PartialEq + Serialize + Sized {
    /// Its type, such as `OrderShipped`.
    fn event_type(&self) -> &'static str;

    /// The version of its schema, from 1. An older schema lacks fields that a newer one has.
    fn schema_version(&self) -> u32;

    /// Reads the facts of an event of this type. Any schema version is understood.
    ///
    /// # Errors
    /// An unknown type, or facts that do not fit it.
    fn from_json(event_type: &str, json: &[u8]) -> Result<Self, EventError>;
}

/// Why a record is no event of an aggregate.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// It lacks what every event has.
    #[error("the record is no event: it has no type, version and time")]
    NoEvent(#[source] serde_json::Error),
    /// Nobody knows its type.
    #[error("unknown event type `{0}`")]
    UnknownType(String),
    /// Its facts are not those of its type.
    #[error("the facts of {event_type} cannot be read")]
    Facts {
        /// The event's type.
        event_type: &'static str,
        /// What the JSON reader says.
        #[source]
        source: serde_json::Error,
    },
}

/// What every event tells beside its facts.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventHead {
    /// The event's type.
    #[serde(rename = "type")]
    pub event_type: String,
    /// The aggregate's version after it: 1 for the first event.
    pub version: u64,
    /// The version of the event's schema.
    pub schema_version: u32,
    /// When it happened, as RFC 3339 text in UTC.
    pub occurred_at: String,
}

/// An event as it stands in the log.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded<E> {
    /// The aggregate's version after it: 1 for the first event.
    pub version: u64,
    /// When it happened, in milliseconds since the epoch.
    pub occurred_ms: i64,
    /// What happened.
    pub event: E,
}

/// The JSON form of an event: head first, then the facts.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written<'a, E> {
    /// The event's type.
    #[serde(rename = "type")]
    event_type: &'a str,
    /// The aggregate's version after it.
    version: u64,
    /// The version of the event's schema.
    schema_version: u32,
    /// When it happened.
    occurred_at: jiff::Timestamp,
    /// What happened.
    #[serde(flatten)]
    facts: &'a E,
}

impl<E: DomainEvent> Recorded<E> {
    /// The event as the value of a record.
    pub fn to_json(&self) -> Vec<u8> {
        let written = Written {
            event_type: self.event.event_type(),
            version: self.version,
            schema_version: self.event.schema_version(),
            occurred_at: jiff::Timestamp::from_millisecond(self.occurred_ms)
                .unwrap_or(jiff::Timestamp::UNIX_EPOCH),
            facts: &self.event,
        };
        serde_json::to_vec(&written).expect("an event has text keys and no value JSON cannot hold")
    }

    /// Reads the value of a record.
    ///
    /// # Errors
    /// A value that is no event of this aggregate.
    pub fn from_json(json: &[u8]) -> Result<Self, EventError> {
        let head: EventHead = serde_json::from_slice(json).map_err(EventError::NoEvent)?;
        let occurred_at: jiff::Timestamp = head.occurred_at.parse().map_err(|error| {
            EventError::NoEvent(serde::de::Error::custom(format!("occurredAt: {error}")))
        })?;
        let event = E::from_json(&head.event_type, json)?;
        Ok(Self { version: head.version, occurred_ms: occurred_at.as_millisecond(), event })
    }
}

/// Reads the facts of an event whose type is known.
///
/// # Errors
/// Facts that are not those of the type.
pub(super) fn facts<'de, T: Deserialize<'de>>(
    event_type: &'static str,
    json: &'de [u8],
) -> Result<T, EventError> {
    serde_json::from_slice(json).map_err(|source| EventError::Facts { event_type, source })
}

/// The state that these events lead to.
pub fn fold<'e, A: Aggregate>(events: impl IntoIterator<Item = &'e A::Event>) -> A
where
    A::Event: 'e,
{
    let mut state = A::default();
    for event in events {
        state.evolve(event);
    }
    state
}
