//! A record as a projector sees it: where it stood, and what happened.
//!
//! Promises: a record is read once, whichever schema version wrote it.
//! Does not know: what projectors make of it.

use std::sync::Arc;

use crate::demo::account::AccountEvent;
use crate::demo::aggregate::{DomainEvent as _, EventError, Recorded};
use crate::demo::order::OrderEvent;
use crate::kafka::GroupRecord;
use crate::model::Position;
use crate::workspace::{ACCOUNT_EVENTS, ORDER_EVENTS};

/// What a record told.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// Something happened to an order.
    Order(Recorded<OrderEvent>),
    /// Something happened to an account.
    Account(Recorded<AccountEvent>),
    /// Nothing this system could have written. Projectors pass over it, and say so.
    Foreign,
}

/// A record of one of the system's topics.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivered {
    /// Where it stood.
    pub position: Position,
    /// The entity it is about.
    pub entity: Arc<str>,
    /// What happened.
    pub fact: Fact,
}

/// Why a record cannot be projected.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableRecord {
    /// Its topic is none of the system's.
    #[error("cannot read {0}: nobody projects this topic")]
    ForeignTopic(Position),
    /// It has no key that is text.
    #[error("cannot read {0}: it has no key")]
    NoKey(Position),
    /// It has no value, and this system writes no tombstones.
    #[error("cannot read {0}: it has no value")]
    NoValue(Position),
    /// Its value is no event.
    #[error("cannot read {position}")]
    NoEvent {
        /// Where it stood.
        position: Position,
        /// What is wrong with it.
        #[source]
        source: EventError,
    },
}

impl Delivered {
    /// Reads a record.
    ///
    /// # Errors
    /// A record that this system did not write.
    pub fn from_record(record: &GroupRecord<'_>) -> Result<Self, UnreadableRecord> {
        let position = position(record);
        let key = record.key.and_then(|key| std::str::from_utf8(key).ok());
        let Some(entity) = key.map(Arc::from) else {
            return Err(UnreadableRecord::NoKey(position));
        };
        let Some(value) = record.value else { return Err(UnreadableRecord::NoValue(position)) };
        let fact = match record.topic {
            ORDER_EVENTS => Recorded::from_json(value).map(Fact::Order),
            ACCOUNT_EVENTS => Recorded::from_json(value).map(Fact::Account),
            _ => return Err(UnreadableRecord::ForeignTopic(position)),
        };
        match fact {
            Ok(fact) => Ok(Self { position, entity, fact }),
            Err(source) => Err(UnreadableRecord::NoEvent { position, source }),
        }
    }

    /// The record at this place, which this system did not write.
    pub fn foreign(record: &GroupRecord<'_>) -> Self {
        Self { position: position(record), entity: Arc::from(""), fact: Fact::Foreign }
    }

    /// The event's type; empty for a foreign record.
    pub fn event_type(&self) -> &'static str {
        match &self.fact {
            Fact::Order(recorded) => recorded.event.event_type(),
            Fact::Account(recorded) => recorded.event.event_type(),
            Fact::Foreign => "",
        }
    }

    /// When it happened, as RFC 3339 text in UTC; empty for a foreign record.
    pub fn occurred_at(&self) -> String {
        let occurred_ms = match &self.fact {
            Fact::Order(recorded) => recorded.occurred_ms,
            Fact::Account(recorded) => recorded.occurred_ms,
            Fact::Foreign => return String::new(),
        };
        let at = jiff::Timestamp::from_millisecond(occurred_ms);
        at.map(|at| at.to_string()).unwrap_or_default()
    }
}

/// Where a record stands.
fn position(record: &GroupRecord<'_>) -> Position {
    let GroupRecord { topic, partition, offset, .. } = *record;
    Position { topic: topic.into(), partition, offset }
}
