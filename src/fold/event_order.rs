//! In which order a projection is given the events of several partitions.
//!
//! Promises: the same order for the same history on every machine; within a partition the order of
//! the log stays, unless the events' own time is asked for.
//! Does not know: how events are read.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::model::{Random, TopicPartition};

/// In which order events are given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum EventOrder {
    /// By log time, topic, partition and offset.
    #[default]
    Log,
    /// By the events' own time; those of the same time in the order of the log.
    Event,
    /// By chance, repeatable by its seed: any order that the partitions allow, all of them equally
    /// likely.
    Seed(u64),
}

/// Why a text is no order.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected log, event or seed:N but got `{text}`")]
pub struct EventOrderError {
    /// The text.
    text: String,
}

impl FromStr for EventOrder {
    type Err = EventOrderError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let seed = text.strip_prefix("seed:").and_then(|digits| digits.parse().ok());
        match (text, seed) {
            ("log", _) => Ok(Self::Log),
            ("event", _) => Ok(Self::Event),
            (_, Some(seed)) => Ok(Self::Seed(seed)),
            _ => Err(EventOrderError { text: text.to_owned() }),
        }
    }
}

impl fmt::Display for EventOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Log => f.write_str("log"),
            Self::Event => f.write_str("event"),
            Self::Seed(seed) => write!(f, "seed:{seed}"),
        }
    }
}

/// Events that came in log order, each with its own time in milliseconds, in this order.
pub fn ordered<E>(
    mut events: Vec<(i64, E)>,
    order: EventOrder,
    partition_of: impl Fn(&E) -> TopicPartition,
) -> Vec<E> {
    match order {
        EventOrder::Log => {}
        EventOrder::Event => events.sort_by_key(|(time_ms, _)| *time_ms),
        EventOrder::Seed(seed) => return shuffled(events, seed, partition_of),
    }
    events.into_iter().map(|(_, event)| event).collect()
}

/// A merge of the partitions by chance.
fn shuffled<E>(
    events: Vec<(i64, E)>,
    seed: u64,
    partition_of: impl Fn(&E) -> TopicPartition,
) -> Vec<E> {
    let mut left = events.len() as u64;
    let mut shuffled = Vec::with_capacity(events.len());
    let mut lanes: BTreeMap<TopicPartition, VecDeque<E>> = BTreeMap::new();
    for (_, event) in events {
        lanes.entry(partition_of(&event)).or_default().push_back(event);
    }
    let mut random = Random::new(seed);
    // The chance of a partition is its share of what is left, which makes all merges equally
    // likely.
    while left > 0 {
        let mut chosen = random.below(left);
        let lane = lanes.values_mut().find(|lane| {
            let length = lane.len() as u64;
            let is_here = chosen < length;
            chosen = chosen.saturating_sub(length);
            is_here
        });
        shuffled.extend(lane.and_then(VecDeque::pop_front));
        left -= 1;
    }
    shuffled
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fold::ProjectionInput;
    use crate::model::{Position, TimestampType, Transaction};

    /// Events of three partitions of four events each, in log order, their own times going back.
    fn events() -> Vec<(i64, ProjectionInput)> {
        let event = |number: i64| {
            let partition = i32::try_from(number % 3).unwrap();
            let input = ProjectionInput {
                topic: "t".into(),
                partition,
                offset: number / 3,
                timestamp_ms: number,
                timestamp_type: TimestampType::CreateTime,
                transaction: Transaction::Committed,
                category: "t".into(),
                entity: None,
                sequence: 0,
                event_type: "".into(),
                key: None,
                raw: None,
                is_json: false,
                is_undecodable: false,
                headers: [].into(),
            };
            (-(number / 2), input)
        };
        (0..12).map(event).collect()
    }

    /// The events in this order.
    fn in_order(order: EventOrder) -> Vec<ProjectionInput> {
        ordered(events(), order, |event| event.position().topic_partition())
    }

    /// Where the events are.
    fn positions(events: &[ProjectionInput]) -> Vec<Position> {
        events.iter().map(ProjectionInput::position).collect()
    }

    #[test]
    fn every_order_is_read_as_it_is_written() {
        for text in ["log", "event", "seed:0", "seed:18446744073709551615"] {
            assert_eq!(text.parse::<EventOrder>().unwrap().to_string(), text);
        }
        for text in ["", "Log", "seed", "seed:", "seed:-1", "random"] {
            assert!(text.parse::<EventOrder>().is_err(), "{text}");
        }
    }

    #[test]
    fn by_event_time_ties_keep_the_order_of_the_log() {
        let sorted = in_order(EventOrder::Event);
        let times: Vec<i64> = sorted.iter().map(|event| event.timestamp_ms).collect();
        assert_eq!(times, [10, 11, 8, 9, 6, 7, 4, 5, 2, 3, 0, 1]);
    }

    #[test]
    fn a_seed_gives_a_legal_merge_and_always_the_same() {
        let log = positions(&in_order(EventOrder::Log));
        let mut met = std::collections::BTreeSet::new();
        for seed in 0..50 {
            let merge = positions(&in_order(EventOrder::Seed(seed)));
            assert_eq!(merge, positions(&in_order(EventOrder::Seed(seed))));
            for partition in 0..3 {
                let of = |all: &[Position]| -> Vec<i64> {
                    let own = all.iter().filter(|position| position.partition == partition);
                    own.map(|position| position.offset).collect()
                };
                assert_eq!(of(&merge), of(&log), "the order of a partition stays");
            }
            met.insert(merge);
        }
        assert!(met.len() > 45, "seeds differ: {}", met.len());
    }
}
