//! A member of a consumer group: what the demo's projectors are.
//!
//! Promises: it reads from where its group committed last, from the log start when it never did;
//! nothing is committed unless it is asked for. Only the demo uses it: an inspector joins no group.
//! Does not know: what is made of the records.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::error::KafkaError as LibraryError;
use rdkafka::message::Message as _;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use super::error::KafkaError;
use super::settings::Settings;
use super::writer::failure;
use crate::model::TopicPartition;

/// How long a poll that has records waits for more of them.
const MORE_WAIT: Duration = Duration::from_millis(5);

/// How long the embedded cluster may take to say which partitions a topic has.
const METADATA_WAIT: Duration = Duration::from_secs(5);

/// What no setting may change. A member may stand still for a day without losing its place.
const FIXED: [(&str, &str); 8] = [
    ("enable.auto.commit", "false"),
    ("enable.auto.offset.store", "false"),
    ("auto.offset.reset", "earliest"),
    ("allow.auto.create.topics", "false"),
    ("fetch.queue.backoff.ms", "2"),
    ("fetch.wait.max.ms", "50"),
    ("max.poll.interval.ms", "86400000"),
    ("client.software.name", "foldback"),
];

/// A record as a group is given it.
#[derive(Clone, Copy, Debug)]
pub struct GroupRecord<'a> {
    /// The topic.
    pub topic: &'a str,
    /// The partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
    /// The key.
    pub key: Option<&'a [u8]>,
    /// The value.
    pub value: Option<&'a [u8]>,
}

/// A member of a consumer group. Dropping it leaves the group.
pub struct GroupReader {
    /// The library's consumer.
    consumer: BaseConsumer,
    /// The group.
    group: String,
}

impl fmt::Debug for GroupReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupReader").field("group", &self.group).finish_non_exhaustive()
    }
}

impl GroupReader {
    /// Joins a group that reads these topics. The first polls may find nothing until the group has
    /// let it in.
    ///
    /// # Errors
    /// When a setting is not accepted.
    pub fn open(settings: &Settings, group: &str, topics: &[&str]) -> Result<Self, KafkaError> {
        let mut config = ClientConfig::new();
        for (key, value) in &settings.properties {
            config.set(key, value);
        }
        for (key, value) in FIXED {
            config.set(key, value);
        }
        config.set("bootstrap.servers", &settings.brokers);
        config.set("group.id", group).set("client.id", group);
        let refused = |error: LibraryError| KafkaError::Setting { reason: error.to_string() };
        let consumer: BaseConsumer = config.create().map_err(refused)?;
        let joined = if settings.embedded {
            take_all(&consumer, topics)
        } else {
            #[expect(clippy::disallowed_methods, reason = "the demo's projectors are groups")]
            consumer.subscribe(topics)
        };
        joined.map_err(|error| failure(format!("join group `{group}`"), &error))?;
        Ok(Self { consumer, group: group.to_owned() })
    }

    /// Hands on the next records, at most so many. Waits this long for the first; returns how many
    /// there were.
    ///
    /// # Errors
    /// What the broker says.
    pub fn poll(
        &self,
        records_max: usize,
        at_most: Duration,
        sink: &mut dyn FnMut(GroupRecord<'_>),
    ) -> Result<usize, KafkaError> {
        let mut count = 0;
        let mut wait = at_most;
        let deadline = Instant::now() + at_most;
        while count < records_max && (count == 0 || Instant::now() < deadline) {
            let Some(message) = self.consumer.poll(wait) else { break };
            let message = message
                .map_err(|error| failure(format!("read as group `{}`", self.group), &error))?;
            sink(GroupRecord {
                topic: message.topic(),
                partition: message.partition(),
                offset: message.offset(),
                key: message.key(),
                value: message.payload(),
            });
            count += 1;
            wait = MORE_WAIT;
        }
        Ok(count)
    }

    /// Commits the next offset to read of these partitions and waits until the broker has it.
    ///
    /// # Errors
    /// When the group has meanwhile given the partition to somebody else, or what else the broker
    /// says.
    pub fn commit(&self, next: &BTreeMap<TopicPartition, i64>) -> Result<(), KafkaError> {
        let asked = || format!("commit for group `{}`", self.group);
        let mut offsets = TopicPartitionList::with_capacity(next.len());
        for (TopicPartition { topic, partition }, offset) in next {
            offsets
                .add_partition_offset(topic, *partition, Offset::Offset(*offset))
                .map_err(|error| failure(asked(), &error))?;
        }
        #[expect(clippy::disallowed_methods, reason = "the demo's projectors commit")]
        let committed = self.consumer.commit(&offsets, CommitMode::Sync);
        committed.map_err(|error| failure(asked(), &error))
    }
}

/// Takes all partitions by hand. The embedded cluster lets a member in again only when the session
/// of the one before has run out, and a projector that crashed shall go on at once.
fn take_all(consumer: &BaseConsumer, topics: &[&str]) -> Result<(), LibraryError> {
    let mut partitions = TopicPartitionList::new();
    for topic in topics {
        let metadata = consumer.fetch_metadata(Some(topic), METADATA_WAIT)?;
        for partition in metadata.topics().iter().flat_map(|topic| topic.partitions()) {
            partitions.add_partition_offset(topic, partition.id(), Offset::Stored)?;
        }
    }
    consumer.assign(&partitions)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::{EmbeddedCluster, EmbeddedTopic, NewRecord, Writer};

    const PATIENCE: Duration = Duration::from_secs(20);

    /// Writes a record and returns where it stands.
    fn write(writer: &Writer, key: &str) -> TopicPartition {
        let headers = [("user", "somebody")];
        let record =
            NewRecord { topic: "orders", key, value: b"{}", timestamp_ms: 7, headers: &headers };
        let position = writer.write(&record, PATIENCE).unwrap();
        TopicPartition { topic: position.topic, partition: position.partition }
    }

    /// Polls until this many records are there, or patience ends. Returns their keys, sorted.
    fn keys(reader: &GroupReader, count: usize) -> Vec<String> {
        let mut keys = Vec::new();
        let deadline = Instant::now() + PATIENCE;
        while keys.len() < count && Instant::now() < deadline {
            let mut note = |record: GroupRecord<'_>| {
                keys.push(String::from_utf8(record.key.unwrap().to_vec()).unwrap());
            };
            reader.poll(100, Duration::from_millis(50), &mut note).unwrap();
        }
        keys.sort();
        keys
    }

    #[test]
    fn a_group_goes_on_where_it_committed_and_not_where_it_read() {
        let topics = [EmbeddedTopic { name: "orders", partitions: 2 }];
        let cluster = EmbeddedCluster::start(&topics).unwrap();
        let settings = cluster.settings(&["readers"]);
        let writer = Writer::open(&settings).unwrap();
        let partitions: Vec<_> = ["a", "b", "c"].map(|key| write(&writer, key)).into();
        let first = GroupReader::open(&settings, "readers", &["orders"]).unwrap();
        assert_eq!(keys(&first, 3), ["a", "b", "c"]);
        drop(first);
        let second = GroupReader::open(&settings, "readers", &["orders"]).unwrap();
        assert_eq!(keys(&second, 3), ["a", "b", "c"]);
        let ends = partitions.iter().map(|partition| {
            let count = partitions.iter().filter(|other| *other == partition).count();
            (partition.clone(), i64::try_from(count).unwrap())
        });
        second.commit(&ends.collect()).unwrap();
        drop(second);
        write(&writer, "d");
        let third = GroupReader::open(&settings, "readers", &["orders"]).unwrap();
        assert_eq!(keys(&third, 1), ["d"]);
    }

    #[test]
    fn a_topic_that_does_not_exist_is_not_created_by_writing() {
        let cluster = EmbeddedCluster::start(&[]).unwrap();
        let writer = Writer::open(&cluster.settings(&[])).unwrap();
        let record =
            NewRecord { topic: "none", key: "a", value: b"", timestamp_ms: 0, headers: &[] };
        let error = writer.write(&record, PATIENCE).unwrap_err();
        assert!(error.to_string().starts_with("write to topic `none`: "), "{error}");
    }
}
