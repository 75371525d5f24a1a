//! Which events of a history a moment takes in.
//!
//! Promises: with log time, a later moment never takes in less; what is chosen keeps log order.
//! Does not know: how a moment is written, or what the chosen events lead to.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::model::{Clock, Event, Position, When};

/// Some events of a history, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// The first events, this many.
    Prefix(u64),
    /// The events with these versions, ascending.
    Subset(Vec<u64>),
}

/// Why a moment cannot be found in a history.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CutError {
    /// A version beyond the last.
    #[error("there is no version {version}: the entity has {count} event{s}", s = if *count == 1 { "" } else { "s" })]
    NoSuchVersion {
        /// The version asked for.
        version: u64,
        /// How many there are.
        count: u64,
    },
    /// A partition and offset without a topic, where several topics are open.
    #[error("{partition}:{offset} may be in any of the topics {}", topics.join(", "))]
    AmbiguousTopic {
        /// The partition named.
        partition: i32,
        /// The offset named.
        offset: i64,
        /// The topics it may be in.
        topics: Vec<String>,
    },
    /// A topic that is not open.
    #[error("the topic {topic} is not among those asked: {}", topics.join(", "))]
    UnknownTopic {
        /// The topic named.
        topic: String,
        /// The topics asked.
        topics: Vec<String>,
    },
}

impl CutError {
    /// What to write instead.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoSuchVersion { count, .. } => Some(format!("the last one is v{count}")),
            Self::AmbiguousTopic { partition, offset, topics } => {
                topics.first().map(|topic| format!("name the topic: {topic}:{partition}:{offset}"))
            }
            Self::UnknownTopic { .. } => None,
        }
    }
}

/// The events of a history that a moment takes in.
///
/// `topics` are those asked, whether or not the entity has events in them. `log_time_at` tells the
/// log time of the last record at or below a position, of whatever entity; without one, nothing is
/// taken of the other partitions.
///
/// # Errors
/// A version beyond the last, or a position that does not say which topic it is in.
pub fn select(
    events: &[Event],
    when: &When,
    clock: Clock,
    topics: &[Arc<str>],
    log_time_at: &dyn Fn(&Position) -> Option<i64>,
) -> Result<Selection, CutError> {
    let count = events.len() as u64;
    match when {
        When::Start => Ok(Selection::Prefix(0)),
        When::End => Ok(Selection::Prefix(count)),
        When::Version(version) if *version <= count => Ok(Selection::Prefix(*version)),
        When::Version(version) => Err(CutError::NoSuchVersion { version: *version, count }),
        When::Time(time_ms) => Ok(chosen(events, |event| match clock {
            Clock::Log => event.log_time_ms <= *time_ms,
            // What has no time is in no moment.
            Clock::Event => event.event_time_ms.is_some_and(|event_ms| event_ms <= *time_ms),
        })),
        When::Position { topic, partition, offset } => {
            let topic = resolve_topic(topic.as_ref(), *partition, *offset, topics)?;
            let through = Position { topic, partition: *partition, offset: *offset };
            let log_time_ms = log_time_at(&through);
            Ok(chosen(events, |event| {
                let same = event.position.topic == through.topic
                    && event.position.partition == through.partition;
                if same {
                    event.position.offset <= through.offset
                } else {
                    log_time_ms.is_some_and(|log_time_ms| event.log_time_ms <= log_time_ms)
                }
            }))
        }
    }
}

/// How many events come no later in log order than the record at this position, which has this log
/// time.
pub fn prefix_through(events: &[Event], log_time_ms: i64, position: &Position) -> u64 {
    let through = (log_time_ms, position);
    let prefix = events.partition_point(|event| (event.log_time_ms, &event.position) <= through);
    let next = events.get(prefix);
    let is_behind = next.is_none_or(|next| (next.log_time_ms, &next.position) > through);
    assert!(is_behind, "events are in log order");
    prefix as u64
}

/// The topic of a position.
fn resolve_topic(
    topic: Option<&Arc<str>>,
    partition: i32,
    offset: i64,
    topics: &[Arc<str>],
) -> Result<Arc<str>, CutError> {
    let names = || topics.iter().map(|topic| topic.to_string()).collect();
    let distinct: BTreeSet<&Arc<str>> = topics.iter().collect();
    match topic {
        Some(topic) if distinct.contains(topic) => Ok(Arc::clone(topic)),
        Some(topic) => Err(CutError::UnknownTopic { topic: topic.to_string(), topics: names() }),
        None => match distinct.first() {
            Some(topic) if distinct.len() == 1 => Ok(Arc::clone(topic)),
            _ => Err(CutError::AmbiguousTopic { partition, offset, topics: names() }),
        },
    }
}

/// The events that `takes` takes: a prefix when nothing before the last of them is left out.
fn chosen(events: &[Event], takes: impl Fn(&Event) -> bool) -> Selection {
    let versions: Vec<u64> =
        (1..).zip(events).filter(|(_, event)| takes(event)).map(|(version, _)| version).collect();
    assert!(versions.is_sorted(), "what is chosen keeps log order");
    assert!(versions.len() <= events.len(), "an event is chosen once");
    match versions.last() {
        Some(last) if *last > versions.len() as u64 => Selection::Subset(versions),
        _ => Selection::Prefix(versions.len() as u64),
    }
}

#[cfg(test)]
mod tests;
