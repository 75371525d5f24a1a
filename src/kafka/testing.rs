//! What the tests of this floor share: an embedded cluster with records in it, and reads of it.

use std::ops::ControlFlow;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};

use super::{Connection, EmbeddedCluster, EmbeddedTopic};
use crate::model::{Cancel, OffsetRange, ReadEvent, ReadPlan, RecordBatch, TopicPartition};

/// Long enough for any answer of an embedded cluster, even on a busy machine.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// The moment that reads in tests pretend to begin at, in milliseconds since the epoch.
pub(super) const NOW_MS: i64 = 1_800_000_000_000;

/// An embedded cluster with one topic.
pub(super) fn cluster(topic: &str, partitions: i32) -> EmbeddedCluster {
    EmbeddedCluster::start(&[EmbeddedTopic { name: topic, partitions }]).unwrap()
}

/// A connection to it.
pub(super) fn connect(cluster: &EmbeddedCluster) -> Connection {
    Connection::open(&cluster.settings(&[])).unwrap()
}

/// A record to be written.
#[derive(Clone, Copy, Debug)]
pub(super) struct RecordToWrite<'a> {
    pub(super) topic: &'a str,
    pub(super) key: Option<&'a [u8]>,
    pub(super) value: Option<&'a [u8]>,
    pub(super) headers: &'a [(&'a str, Option<&'a [u8]>)],
    pub(super) timestamp_ms: Option<i64>,
}

/// Writes whatever a test wants to be in a log, null keys and bytes included.
pub(super) struct TestWriter(BaseProducer);

impl TestWriter {
    pub(super) fn open(cluster: &EmbeddedCluster) -> Self {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", cluster.brokers()).set("partitioner", "murmur2_random");
        Self(config.create().unwrap())
    }

    /// Hands one record over.
    fn send(&self, record: &RecordToWrite<'_>) {
        let mut queued = BaseRecord::<[u8], [u8]>::to(record.topic);
        (queued.key, queued.payload) = (record.key, record.value);
        queued.timestamp = record.timestamp_ms;
        let headers = record.headers.iter().fold(OwnedHeaders::new(), |headers, (key, value)| {
            headers.insert(Header { key, value: *value })
        });
        queued.headers = Some(headers);
        #[expect(clippy::disallowed_methods, reason = "a test writes to its own cluster")]
        self.0.send(queued).map_err(|(error, _)| error).unwrap();
    }

    /// Writes one record.
    pub(super) fn write(&self, record: &RecordToWrite<'_>) {
        self.send(record);
        self.0.flush(PATIENCE).unwrap();
    }

    /// Writes many records.
    pub(super) fn write_all<'r>(&self, records: impl IntoIterator<Item = RecordToWrite<'r>>) {
        for record in records {
            self.send(&record);
        }
        self.0.flush(PATIENCE).unwrap();
    }
}

/// A record without headers, written at a fixed moment.
pub(super) fn record<'r>(topic: &'r str, key: &'r str, value: &'r str) -> RecordToWrite<'r> {
    RecordToWrite {
        topic,
        key: Some(key.as_bytes()),
        value: Some(value.as_bytes()),
        headers: &[],
        timestamp_ms: Some(NOW_MS - 1000),
    }
}

/// Writes records `from..to` of a topic, with keys `k0` to `k9` in turn.
pub(super) fn write_numbered(cluster: &EmbeddedCluster, topic: &str, from: u32, to: u32) {
    let writer = TestWriter::open(cluster);
    let texts: Vec<_> = (from..to).map(|i| (format!("k{}", i % 10), format!("v{i}"))).collect();
    writer.write_all(texts.iter().map(|(key, value)| record(topic, key, value)));
}

/// A plan for everything that a topic holds now.
pub(super) fn plan(connection: &Connection, topic: &str) -> ReadPlan {
    let facts = connection.topic(topic, PATIENCE).unwrap();
    let partitions: Vec<_> = facts
        .partitions
        .iter()
        .map(|partition| TopicPartition::new(topic, partition.partition))
        .collect();
    let marks = connection.watermarks(&partitions, PATIENCE).unwrap();
    let range = |(partition, marks): (&TopicPartition, &super::Watermarks)| {
        OffsetRange::new(partition, marks.low, marks.high)
    };
    ReadPlan::new(marks.iter().map(range).collect(), NOW_MS)
}

/// The batches of a read to its end.
pub(super) fn batches(connection: &Connection, plan: &ReadPlan) -> Vec<RecordBatch> {
    let mut batches = Vec::new();
    let outcome = super::read(connection, plan, &Cancel::new(), &mut |event| {
        if let ReadEvent::Batch(batch) = event {
            batches.push(batch);
        }
        ControlFlow::Continue(())
    });
    assert!(outcome.unwrap().is_complete(), "a test's log is read to its end");
    batches
}

/// The values of these batches as text, sorted.
pub(super) fn values(batches: &[RecordBatch]) -> Vec<String> {
    let records = batches.iter().flat_map(RecordBatch::iter);
    let text = |value: &[u8]| String::from_utf8(value.to_vec()).unwrap();
    let mut values: Vec<_> =
        records.map(|record| record.value().map(text).unwrap_or_default()).collect();
    values.sort();
    values
}
