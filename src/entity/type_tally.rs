//! How many events there are of each type, one event at a time.
//!
//! Promises: exact, whatever order partitions are counted in; memory is bounded: after so many
//! types, events of further ones are counted together.
//! Does not know: where events come from, how a type is found.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use crate::model::{RecordRef, TopicPartition};

/// How many types are told apart. More are no types: somebody took an id for one.
const TYPES_MAX: usize = 10_000;

/// The events of a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeCount {
    /// The type; empty for events without one.
    pub event_type: Arc<str>,
    /// How many events.
    pub events: u64,
    /// The timestamp of the first in log order, in milliseconds.
    pub first_ms: i64,
    /// The timestamp of the last in log order, in milliseconds.
    pub last_ms: i64,
    /// The topics they are in, sorted.
    pub topics: Vec<Arc<str>>,
}

/// A record in log order, with its timestamp.
#[derive(Clone, Debug)]
struct Place {
    /// Its log time, in milliseconds.
    log_time_ms: i64,
    /// Where it is.
    partition: TopicPartition,
    /// Its offset.
    offset: i64,
    /// Its timestamp, in milliseconds.
    timestamp_ms: i64,
}

impl Place {
    /// The place of a record.
    fn of(record: RecordRef<'_>) -> Self {
        Self {
            log_time_ms: record.log_time_ms(),
            partition: record.partition().clone(),
            offset: record.offset(),
            timestamp_ms: record.timestamp_ms(),
        }
    }

    /// What log order compares.
    fn order(&self) -> (i64, &TopicPartition, i64) {
        (self.log_time_ms, &self.partition, self.offset)
    }
}

/// The events of each type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypeCounts {
    /// By number of events descending, then by name.
    pub types: Arc<[TypeCount]>,
    /// Events of types that were too many to tell apart.
    pub others: u64,
}

impl TypeCounts {
    /// The events of all types.
    pub fn events(&self) -> u64 {
        self.types.iter().map(|count| count.events).sum::<u64>() + self.others
    }
}

/// What is known of a type.
#[derive(Clone, Debug)]
struct Tally {
    /// How many events.
    events: u64,
    /// The first.
    first: Place,
    /// The last.
    last: Place,
    /// The topics.
    topics: Vec<Arc<str>>,
}

/// Events by type.
#[derive(Clone, Debug, Default)]
pub struct TypeTally {
    /// By type.
    types: HashMap<Arc<str>, Tally>,
    /// Events of types that were too many to tell apart.
    others: u64,
}

impl TypeTally {
    /// Counts an event of this type.
    pub fn add(&mut self, event_type: &Arc<str>, record: RecordRef<'_>) {
        let topic = &record.partition().topic;
        let Some(tally) = self.types.get_mut(event_type) else {
            if self.types.len() == TYPES_MAX {
                self.others += 1;
                return;
            }
            let (place, topics) = (Place::of(record), vec![Arc::clone(topic)]);
            let tally = Tally { events: 1, first: place.clone(), last: place, topics };
            self.types.insert(Arc::clone(event_type), tally);
            return;
        };
        tally.events += 1;
        let order = (record.log_time_ms(), record.partition(), record.offset());
        if order < tally.first.order() {
            tally.first = Place::of(record);
        } else if order > tally.last.order() {
            tally.last = Place::of(record);
        }
        if !tally.topics.contains(topic) {
            tally.topics.push(Arc::clone(topic));
        }
    }

    /// What was counted.
    pub fn counts(&self) -> TypeCounts {
        let count = |(event_type, tally): (&Arc<str>, &Tally)| {
            let mut topics = tally.topics.clone();
            topics.sort_unstable();
            TypeCount {
                event_type: Arc::clone(event_type),
                events: tally.events,
                first_ms: tally.first.timestamp_ms,
                last_ms: tally.last.timestamp_ms,
                topics,
            }
        };
        let mut counts: Vec<TypeCount> = self.types.iter().map(count).collect();
        counts.sort_unstable_by(|one, other| {
            (Reverse(one.events), &one.event_type).cmp(&(Reverse(other.events), &other.event_type))
        });
        TypeCounts { types: counts.into(), others: self.others }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::testing::Log;

    /// A log of these topics' records: each a type and a timestamp in milliseconds.
    fn counted(parts: &[(&str, &[(&str, i64)])]) -> TypeTally {
        let mut tally = TypeTally::default();
        for (topic, records) in parts {
            let log = records.iter().fold(Log::new(topic), |log, (event_type, at_ms)| {
                log.at(*at_ms).push(Some(event_type), Some("{}"))
            });
            for record in log.done().iter() {
                let name = std::str::from_utf8(record.key().unwrap_or_default()).unwrap();
                tally.add(&Arc::from(name), record);
            }
        }
        tally
    }

    #[test]
    fn types_are_counted_with_their_first_and_last_event_in_any_order_of_reading() {
        let orders: (&str, &[(&str, i64)]) = ("orders", &[("Placed", 10), ("", 20), ("Paid", 30)]);
        let returns: (&str, &[(&str, i64)]) = ("returns", &[("Placed", 5), ("Placed", 40)]);
        let counts = counted(&[orders, returns]).counts().types;
        assert_eq!(counts, counted(&[returns, orders]).counts().types);
        let told: Vec<_> = counts
            .iter()
            .map(|count| (&*count.event_type, count.events, count.first_ms, count.last_ms))
            .collect();
        assert_eq!(told, [("Placed", 3, 5, 40), ("", 1, 20, 20), ("Paid", 1, 30, 30)]);
        assert_eq!(counts[0].topics, [Arc::from("orders"), Arc::from("returns")]);
    }

    #[test]
    fn types_without_number_are_counted_together() {
        let names: Vec<String> = (0..=TYPES_MAX).map(|number| number.to_string()).collect();
        let records: Vec<(&str, i64)> = names.iter().map(|name| (name.as_str(), 1)).collect();
        let tally = counted(&[("t", &records), ("t", &[("0", 2)])]);
        let counts = tally.counts();
        assert_eq!((counts.types.len(), counts.others), (TYPES_MAX, 1));
        assert_eq!(counts.types[0].events, 2, "a known type goes on being counted");
    }
}
