//! The topics of the reference system.
//!
//! Promises: always the same, so that the same seed gives the same log.
//! Does not know: what is written to them.

use super::account::Account;
use super::aggregate::Aggregate as _;
use super::order::Order;
use crate::model::TopicPartition;

/// The topics and how many partitions they have.
pub(super) const TOPICS: [(&str, i32); 2] = [(Order::TOPIC, 6), (Account::TOPIC, 4)];

/// All partitions of the system's topics.
pub(super) fn partitions() -> Vec<TopicPartition> {
    let of_topic = |(topic, count): (&'static str, i32)| {
        (0..count).map(move |partition| TopicPartition { topic: topic.into(), partition })
    };
    TOPICS.into_iter().flat_map(of_topic).collect()
}
