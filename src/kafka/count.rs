//! The fastest loop there can be over the same calls: it looks at every record and keeps nothing.
//! What it takes is the limit that reading is measured against.
//!
//! Promises: one client, one thread, the settings of a read; every record of the ranges is counted
//! once.
//! Does not know: keys, headers, log time, troubles. It is for measuring alone.

use std::time::Duration;

use super::client::Client;
use super::connection::Connection;
use super::error::KafkaError;
use super::fetch::{message_batch, overrides};
use super::ffi::{Messages, Queue, Topic};
use super::reader::{LOOK_UP, partitions};
use crate::model::{Cancel, PartitionRead, ReadPlan};

/// How long one wait for messages lasts.
const WAIT: Duration = Duration::from_millis(50);

/// What was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Records.
    pub records: u64,
    /// Bytes of their keys and values.
    pub bytes: u64,
}

/// One partition being counted.
struct Counting {
    /// The library's identity of its topic, once a message has told it.
    identity: Option<usize>,
    /// What is asked for, and how far it is.
    read: PartitionRead,
}

/// Counts the records that a read of this plan would deliver, which must have ends.
///
/// # Errors
/// When a topic is unknown or may not be read, or it is called off.
pub fn count_only(
    connection: &Connection,
    plan: &ReadPlan,
    cancel: &Cancel,
) -> Result<Counted, KafkaError> {
    connection.check_topics(&partitions(&plan.ranges), LOOK_UP)?;
    let failure = |code: rdkafka::types::RDKafkaErrorCode| KafkaError::Other {
        asked: "count records".to_owned(),
        reason: code.to_string(),
    };
    let overrides = overrides(connection, plan, &plan.ranges);
    let client = Client::open(connection.settings(), &overrides)?;
    let queue = Queue::new(&client);
    let mut topics = Vec::new();
    let mut counting = Vec::new();
    for range in plan.ranges.iter().filter(|range| !range.is_empty()) {
        let topic = Topic::new(&client, &range.topic).map_err(failure)?;
        topic.start(range.partition, range.from, &queue).map_err(failure)?;
        topics.push((topic, range.partition));
        counting.push(Counting { identity: None, read: PartitionRead::starting(range) });
    }
    let mut counted = Counted::default();
    let mut left = counting.len();
    let mut messages = message_batch();
    while left > 0 && !cancel.is_cancelled() {
        queue.wait(WAIT, &mut messages);
        left -= count(&messages, &mut counting, &mut counted);
    }
    for (topic, partition) in &topics {
        topic.stop(*partition);
    }
    if left > 0 {
        return Err(KafkaError::Cancelled { asked: "count records".to_owned() });
    }
    Ok(counted)
}

/// Counts these messages, and says how many partitions have come to their end by them.
fn count(messages: &Messages, counting: &mut [Counting], counted: &mut Counted) -> usize {
    let (mut ended, mut current) = (0, 0);
    for message in messages.iter() {
        let (identity, partition) = (message.topic_identity(), message.partition());
        let is_same = |one: &Counting| {
            one.identity == Some(identity) && one.read.partition.partition == partition
        };
        if !is_same(&counting[current]) {
            let known = counting.iter().position(is_same);
            let Some(number) = known.or_else(|| {
                counting.iter().position(|one| {
                    one.read.partition.partition == partition
                        && *one.read.partition.topic == *message.topic()
                })
            }) else {
                continue;
            };
            counting[number].identity = Some(identity);
            current = number;
        }
        let read = &mut counting[current].read;
        if read.is_done() {
            continue;
        }
        if message.error().is_some() {
            // The end of the partition: nothing more is to come.
            read.position = read.end;
        } else if message.offset() < read.end {
            read.position = message.offset() + 1;
            counted.records += 1;
            let payload =
                message.key().map_or(0, <[u8]>::len) + message.value().map_or(0, <[u8]>::len);
            counted.bytes += payload as u64;
        } else {
            read.position = read.end;
        }
        ended += usize::from(read.is_done());
    }
    ended
}
