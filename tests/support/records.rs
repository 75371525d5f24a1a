//! Records put into a real Kafka by a client that is not the product's.
//!
//! Promises: `send` returns when the broker has acknowledged; it says where each record went.
//! Does not know: what the records mean.

use std::sync::{Arc, Mutex, PoisonError};

use rdkafka::ClientConfig;
use rdkafka::consumer::{CommitMode, Consumer as _};
use rdkafka::message::{DeliveryResult, Header, Message as _, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _, ProducerContext};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::util::Timeout;
use rdkafka::{ClientContext, error::KafkaError};

use super::kafka::{Kafka, REQUEST_LIMIT};

/// A record to be written.
#[derive(Clone, Debug, Default)]
pub(crate) struct TestRecord {
    /// The partition; by the murmur2 hash of the key when `None`.
    pub(crate) partition: Option<i32>,
    /// The key.
    pub(crate) key: Option<Vec<u8>>,
    /// The value; `None` is a tombstone.
    pub(crate) value: Option<Vec<u8>>,
    /// Milliseconds since 1970; the broker's or producer's clock when `None`.
    pub(crate) timestamp: Option<i64>,
    /// Headers in order.
    pub(crate) headers: Vec<(String, Option<Vec<u8>>)>,
}

impl TestRecord {
    /// A record with a key and a value.
    pub(crate) fn new(key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        let value = Some(value.as_ref().to_vec());
        Self { key: Some(key.as_ref().to_vec()), value, ..Self::default() }
    }

    /// A tombstone.
    pub(crate) fn tombstone(key: impl AsRef<[u8]>) -> Self {
        Self { key: Some(key.as_ref().to_vec()), ..Self::default() }
    }

    /// The same in this partition.
    #[must_use]
    pub(crate) fn in_partition(mut self, partition: i32) -> Self {
        self.partition = Some(partition);
        self
    }

    /// The same with this timestamp, in milliseconds since 1970.
    #[must_use]
    pub(crate) fn at(mut self, timestamp: i64) -> Self {
        self.timestamp = Some(timestamp);
        self
    }

    /// The same with one header more.
    #[must_use]
    pub(crate) fn with_header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.to_owned(), Some(value.as_ref().to_vec())));
        self
    }
}

/// Where a record went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    /// The partition.
    pub(crate) partition: i32,
    /// The offset.
    pub(crate) offset: i64,
}

/// What became of the record with this index.
type Delivery = (usize, Result<Written, KafkaError>);

/// Collects where the records went.
#[derive(Clone, Debug, Default)]
struct Deliveries(Arc<Mutex<Vec<Delivery>>>);

impl ClientContext for Deliveries {}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = Box<usize>;

    fn delivery(&self, result: &DeliveryResult<'_>, index: Box<usize>) {
        let outcome = match result {
            Ok(message) => Ok(Written { partition: message.partition(), offset: message.offset() }),
            Err((error, _)) => Err(error.clone()),
        };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((*index, outcome));
    }
}

/// A producer that waits for each batch of records it is given.
pub(crate) struct TestProducer {
    /// The client.
    producer: BaseProducer<Deliveries>,
    /// What its delivery reports said.
    deliveries: Deliveries,
}

impl TestProducer {
    /// A producer with these librdkafka properties on top of the usual ones: idempotent,
    /// partitioned as Java does.
    pub(crate) fn new(kafka: &Kafka, properties: &[(&str, &str)]) -> Self {
        let deliveries = Deliveries::default();
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", kafka.brokers())
            .set("enable.idempotence", "true")
            .set("partitioner", "murmur2_random")
            .set("linger.ms", "5");
        for (key, value) in properties {
            config.set(*key, *value);
        }
        let producer = config.create_with_context(deliveries.clone()).expect("a producer");
        Self { producer, deliveries }
    }

    /// A producer whose transactions are ready to begin.
    pub(crate) fn transactional(kafka: &Kafka, id: &str) -> Self {
        let producer = Self::new(kafka, &[("transactional.id", id)]);
        producer.producer.init_transactions(REQUEST_LIMIT).expect("transactions can begin");
        producer
    }

    /// Writes records and waits until all are acknowledged. Says where they went, in their order.
    pub(crate) fn send(&self, topic: &str, records: &[TestRecord]) -> Vec<Written> {
        for (index, record) in records.iter().enumerate() {
            let mut next = Some(to_record(topic, record, index));
            while let Some(record) = next.take() {
                #[expect(clippy::disallowed_methods, reason = "the test's own cluster")]
                let sent = self.producer.send(record);
                if let Err((error, record)) = sent {
                    let code = error.rdkafka_error_code();
                    assert_eq!(code, Some(rdkafka::types::RDKafkaErrorCode::QueueFull), "{error}");
                    self.producer.poll(REQUEST_LIMIT);
                    next = Some(record);
                }
            }
        }
        self.producer.flush(REQUEST_LIMIT).expect("the broker acknowledges");
        let mut deliveries = self.deliveries.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut written = std::mem::take(&mut *deliveries);
        written.sort_by_key(|(index, _)| *index);
        assert_eq!(written.len(), records.len(), "every record is acknowledged");
        written.into_iter().map(|(_, outcome)| outcome.expect("the broker takes it")).collect()
    }

    /// Begins a transaction.
    pub(crate) fn begin(&self) {
        self.producer.begin_transaction().expect("a transaction begins");
    }

    /// Commits the transaction.
    pub(crate) fn commit(&self) {
        let limit = Timeout::After(REQUEST_LIMIT);
        self.producer.commit_transaction(limit).expect("the transaction commits");
    }

    /// Aborts the transaction.
    pub(crate) fn abort(&self) {
        let limit = Timeout::After(REQUEST_LIMIT);
        self.producer.abort_transaction(limit).expect("the transaction aborts");
    }
}

/// The record as the client takes it.
fn to_record<'a>(
    topic: &'a str,
    record: &'a TestRecord,
    index: usize,
) -> BaseRecord<'a, [u8], [u8], Box<usize>> {
    let mut to = BaseRecord::with_opaque_to(topic, Box::new(index));
    to.partition = record.partition;
    to.key = record.key.as_deref();
    to.payload = record.value.as_deref();
    to.timestamp = record.timestamp;
    if !record.headers.is_empty() {
        let headers = OwnedHeaders::new_with_capacity(record.headers.len());
        to.headers = Some(record.headers.iter().fold(headers, |headers, (key, value)| {
            headers.insert(Header { key, value: value.as_deref() })
        }));
    }
    to
}

/// Writes records with a producer of their own. Says where they went, in their order.
pub(crate) fn produce(kafka: &Kafka, topic: &str, records: &[TestRecord]) -> Vec<Written> {
    TestProducer::new(kafka, &[]).send(topic, records)
}

/// Commits offsets of a group as a consumer without members would.
pub(crate) fn commit_offsets(kafka: &Kafka, group: &str, topic: &str, offsets: &[(i32, i64)]) {
    let consumer = kafka.consumer(&[("group.id", group)]);
    let mut list = TopicPartitionList::new();
    for (partition, offset) in offsets {
        list.add_partition_offset(topic, *partition, Offset::Offset(*offset))
            .expect("a partition and an offset");
    }
    #[expect(clippy::disallowed_methods, reason = "the test's own group")]
    let committed = consumer.commit(&list, CommitMode::Sync);
    committed.expect("the broker takes the offsets");
}
