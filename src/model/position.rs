//! Where a record stands: topic, partition, offset, and ranges of offsets.
//!
//! Promises: the natural order of these types is (topic, partition, offset), the tie-break of log
//! order.
//! Does not know: leader epochs and topic ids; those belong to what was read, not to the name of a
//! place.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A partition of a topic, by name. Cloning shares the topic's name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct TopicPartition {
    /// The topic's name, as the broker spells it.
    pub topic: Arc<str>,
    /// The partition's number, from 0.
    pub partition: i32,
}

impl TopicPartition {
    /// The partition with this number of the topic with this name.
    pub fn new(topic: impl Into<Arc<str>>, partition: i32) -> Self {
        Self { topic: topic.into(), partition }
    }

    /// The place of the record with this offset.
    pub fn at(&self, offset: i64) -> Position {
        Position { topic: Arc::clone(&self.topic), partition: self.partition, offset }
    }
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}

/// The stable address of one record. It stays valid through compaction; it does not survive a topic
/// that is deleted and created again.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Position {
    /// The topic's name.
    pub topic: Arc<str>,
    /// The partition's number, from 0.
    pub partition: i32,
    /// The record's offset in its partition.
    pub offset: i64,
}

impl Position {
    /// The partition this place lies in.
    pub fn topic_partition(&self) -> TopicPartition {
        TopicPartition { topic: Arc::clone(&self.topic), partition: self.partition }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}@{}", self.topic, self.partition, self.offset)
    }
}

/// Why a text is no place of a record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected TOPIC-PARTITION@OFFSET, such as order-events-3@81204, but got {text:?}")]
pub struct PositionError {
    /// The text.
    text: String,
}

impl FromStr for Position {
    type Err = PositionError;

    /// Reads what `Display` writes.
    fn from_str(text: &str) -> Result<Self, PositionError> {
        let read = || {
            let (place, offset) = text.rsplit_once('@')?;
            let (topic, partition) = place.rsplit_once('-')?;
            let (partition, offset) = (partition.parse().ok()?, offset.parse().ok()?);
            (!topic.is_empty()).then(|| TopicPartition::new(topic, partition).at(offset))
        };
        read().ok_or_else(|| PositionError { text: text.to_owned() })
    }
}

/// Offsets of one partition from `from` (inclusive) to `to` (exclusive). Not a count of records:
/// compaction and transaction markers leave offsets without a record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct OffsetRange {
    /// The topic's name.
    pub topic: Arc<str>,
    /// The partition's number, from 0.
    pub partition: i32,
    /// The first offset of the range.
    pub from: i64,
    /// The offset after the last one of the range.
    pub to: i64,
}

impl OffsetRange {
    /// The range from `from` (inclusive) to `to` (exclusive) of this partition.
    pub fn new(partition: &TopicPartition, from: i64, to: i64) -> Self {
        Self { topic: Arc::clone(&partition.topic), partition: partition.partition, from, to }
    }

    /// The partition it is a part of.
    pub fn topic_partition(&self) -> TopicPartition {
        TopicPartition::new(Arc::clone(&self.topic), self.partition)
    }

    /// How many offsets the range spans: an upper bound of the records in it.
    pub fn span(&self) -> u64 {
        u64::try_from(self.to.saturating_sub(self.from)).unwrap_or(0)
    }

    /// Whether the range spans no offset.
    pub fn is_empty(&self) -> bool {
        self.to <= self.from
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_order_by_topic_then_partition_then_offset() {
        let a = TopicPartition::new("a", 9).at(9);
        let b0 = TopicPartition::new("b", 0).at(7);
        let b1 = TopicPartition::new("b", 1).at(0);
        assert!(a < b0 && b0 < b1, "the order is that of the log's tie-break");
    }

    #[test]
    fn a_position_is_read_as_it_is_written_whatever_the_topic_is_called() {
        for topic in ["orders", "order-events-3", "a@b-1"] {
            let position = TopicPartition::new(topic, 12).at(81_204);
            assert_eq!(position.to_string().parse(), Ok(position));
        }
        for text in ["", "orders", "orders-1", "orders@1", "orders-x@1", "orders-1@x", "-1@1"] {
            assert!(text.parse::<Position>().is_err(), "{text:?} is no place");
        }
    }

    #[test]
    fn a_range_that_ends_before_it_starts_is_empty() {
        let range = OffsetRange::new(&TopicPartition::new("t", 0), 5, 3);
        assert!(range.is_empty());
        assert_eq!(range.span(), 0);
    }
}
