//! An event ready to be published: key, value and headers of its record.
//!
//! Promises: the key is the aggregate's id, so that its events stay in one partition and in order;
//! the headers name the event and tell who set it off and by what.
//! Does not know: how records are sent.

use super::aggregate::{Aggregate, Recorded};
use crate::kafka::NewRecord;

/// The header that names the event.
pub const EVENT_ID: &str = "event-id";
/// The header shared by everything one request set off.
pub const CORRELATION_ID: &str = "correlation-id";
/// The header that names what directly caused the event: a command, or another event.
pub const CAUSATION_ID: &str = "causation-id";
/// The header that names who did it.
pub const USER: &str = "user";

/// Where an event comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Names the event.
    pub event_id: String,
    /// Shared by everything one request set off.
    pub correlation_id: String,
    /// What directly caused it.
    pub causation_id: String,
    /// Who did it.
    pub user: String,
}

/// A record to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// The topic.
    pub topic: &'static str,
    /// The aggregate's id.
    pub key: String,
    /// The event as JSON.
    pub value: Vec<u8>,
    /// When it happened, in milliseconds since the epoch: the record's `CreateTime`.
    pub timestamp_ms: i64,
    /// Where it comes from.
    pub origin: Origin,
}

impl Publication {
    /// The record of an event of this aggregate.
    pub fn of<A: Aggregate>(id: &str, recorded: &Recorded<A::Event>, origin: Origin) -> Self {
        Self {
            topic: A::TOPIC,
            key: id.to_owned(),
            value: recorded.to_json(),
            timestamp_ms: recorded.occurred_ms,
            origin,
        }
    }

    /// Hands the record to a writer's `send` or `write`.
    pub fn with_record<T>(&self, hand_over: impl FnOnce(&NewRecord<'_>) -> T) -> T {
        let headers = [
            (EVENT_ID, &*self.origin.event_id),
            (CORRELATION_ID, &*self.origin.correlation_id),
            (CAUSATION_ID, &*self.origin.causation_id),
            (USER, &*self.origin.user),
        ];
        hand_over(&NewRecord {
            topic: self.topic,
            key: &self.key,
            value: &self.value,
            timestamp_ms: self.timestamp_ms,
            headers: &headers,
        })
    }
}
