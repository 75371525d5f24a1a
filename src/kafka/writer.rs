//! The producer of the demo: the only thing in this program that writes to a cluster.
//!
//! Promises: idempotent, so that a retry neither doubles nor reorders; keys go to the partitions
//! that Java clients choose (murmur2); a record is written when the broker has said so, and a
//! failure is told by the next `flush`. It writes to no topic that does not exist.
//! Does not know: what is written.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::KafkaError as LibraryError;
use rdkafka::message::{Header as LibraryHeader, Message as _, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer as _, ProducerContext};
use rdkafka::types::RDKafkaErrorCode as Code;
use rdkafka::{ClientConfig, ClientContext};

use super::error::KafkaError;
use super::settings::Settings;
use crate::model::Position;

/// How long one wait for deliveries lasts.
const SLICE: Duration = Duration::from_millis(20);

/// What no setting may change, and what suits a writer of large and of single batches alike.
const FIXED: [(&str, &str); 7] = [
    ("enable.idempotence", "true"),
    ("allow.auto.create.topics", "false"),
    ("partitioner", "murmur2_random"),
    ("compression.type", "zstd"),
    ("linger.ms", "2"),
    ("topic.metadata.propagation.max.ms", "3000"),
    ("client.software.name", "foldback"),
];

/// A record to be written.
#[derive(Clone, Copy, Debug)]
pub struct NewRecord<'a> {
    /// The topic, which must exist.
    pub topic: &'a str,
    /// The key, which chooses the partition.
    pub key: &'a str,
    /// The value.
    pub value: &'a [u8],
    /// The `CreateTime`, in milliseconds since the epoch.
    pub timestamp_ms: i64,
    /// Header names and values in their order.
    pub headers: &'a [(&'a str, &'a str)],
}

/// What became of the records that share it.
#[derive(Debug, Default)]
struct Deliveries(Mutex<Delivered>);

/// What became of some records so far.
#[derive(Debug, Default)]
struct Delivered {
    /// Partition and offset of the last one that the broker has.
    last: Option<(i32, i64)>,
    /// The first failure.
    failure: Option<LibraryError>,
}

impl Deliveries {
    /// Takes what is known and begins anew.
    fn take(&self) -> Delivered {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Hands deliveries to those who wait for them.
struct Postman;

impl ClientContext for Postman {}

impl ProducerContext for Postman {
    type DeliveryOpaque = Arc<Deliveries>;

    fn delivery(&self, result: &DeliveryResult<'_>, opaque: Arc<Deliveries>) {
        let mut delivered = opaque.0.lock().unwrap_or_else(PoisonError::into_inner);
        match result {
            Ok(message) => delivered.last = Some((message.partition(), message.offset())),
            Err((error, _)) if delivered.failure.is_none() => {
                delivered.failure = Some(error.clone());
            }
            Err(_) => {}
        }
    }
}

/// Writes to topics that exist.
pub struct Writer {
    /// The library's producer.
    producer: BaseProducer<Postman>,
    /// What it was opened with.
    settings: Settings,
    /// What became of the records that were only sent.
    sent: Arc<Deliveries>,
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// The error for something that was asked of a cluster.
pub(super) fn failure(asked: String, error: &LibraryError) -> KafkaError {
    let code = error.rdkafka_error_code();
    if code.is_some_and(super::error::is_denial) {
        return KafkaError::NotPermitted { asked };
    }
    let reason = code.map_or_else(|| error.to_string(), |code| code.to_string());
    KafkaError::Other { asked, reason }
}

impl Writer {
    /// Opens a writer. Whether anybody answers shows with the first record.
    ///
    /// # Errors
    /// When a setting is not accepted.
    pub fn open(settings: &Settings) -> Result<Self, KafkaError> {
        let refused = |error: LibraryError| KafkaError::Setting { reason: error.to_string() };
        let producer = config(settings).create_with_context(Postman).map_err(refused)?;
        Ok(Self { producer, settings: settings.clone(), sent: Arc::default() })
    }

    /// Creates topics of these names and numbers of partitions, which keep their records for ever.
    ///
    /// # Errors
    /// The first topic that cannot be created; one that exists already cannot.
    pub fn create_topics(
        &self,
        topics: &[(&str, i32)],
        timeout: Duration,
    ) -> Result<(), KafkaError> {
        let names: Vec<&str> = topics.iter().map(|(name, _)| *name).collect();
        let asked = format!("create {}", names.join(" and "));
        let client: AdminClient<DefaultClientContext> =
            config(&self.settings).create().map_err(|error| failure(asked.clone(), &error))?;
        let new: Vec<NewTopic<'_>> = topics
            .iter()
            .map(|(name, partitions)| {
                // As many copies as the cluster makes by default, and no end: history is the point.
                NewTopic::new(name, *partitions, TopicReplication::Fixed(-1))
                    .set("cleanup.policy", "delete")
                    .set("retention.ms", "-1")
                    .set("retention.bytes", "-1")
            })
            .collect();
        let options = AdminOptions::new().operation_timeout(Some(timeout));
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let runtime = runtime.map_err(|error| KafkaError::Other {
            asked: asked.clone(),
            reason: error.to_string(),
        })?;
        #[expect(clippy::disallowed_methods, reason = "the demo's own topics, asked for by name")]
        let created = runtime.block_on(client.create_topics(&new, &options));
        for result in created.map_err(|error| failure(asked.clone(), &error))? {
            if let Err((topic, code)) = result {
                let asked = format!("create topic `{topic}`");
                return Err(failure(asked, &LibraryError::AdminOp(code)));
            }
        }
        Ok(())
    }

    /// Hands a record over to be written. Waits only while too many are on their way.
    ///
    /// # Errors
    /// When the library does not take the record.
    pub fn send(&self, record: &NewRecord<'_>) -> Result<(), KafkaError> {
        self.hand_over(record, &self.sent)
    }

    /// Waits until the broker has every record that was sent.
    ///
    /// # Errors
    /// The first record since the last `flush` that the broker does not have, or that time ran out.
    pub fn flush(&self, timeout: Duration) -> Result<(), KafkaError> {
        let asked = || "write to the cluster".to_owned();
        self.producer.flush(timeout).map_err(|error| failure(asked(), &error))?;
        self.sent.take().failure.map_or(Ok(()), |error| Err(failure(asked(), &error)))
    }

    /// Writes one record and waits for it. Returns where it stands.
    ///
    /// # Errors
    /// When the broker does not have it, or did not say so in time.
    pub fn write(&self, record: &NewRecord<'_>, timeout: Duration) -> Result<Position, KafkaError> {
        let asked = || format!("write to topic `{}`", record.topic);
        let deliveries = Arc::new(Deliveries::default());
        self.hand_over(record, &deliveries)?;
        let deadline = Instant::now() + timeout;
        loop {
            self.producer.poll(SLICE);
            let Delivered { last, failure: failed } = deliveries.take();
            if let Some(error) = failed {
                return Err(failure(asked(), &error));
            }
            if let Some((partition, offset)) = last {
                return Ok(Position { topic: record.topic.into(), partition, offset });
            }
            if Instant::now() >= deadline {
                return Err(failure(
                    asked(),
                    &LibraryError::MessageProduction(Code::RequestTimedOut),
                ));
            }
        }
    }

    /// Hands a record to the library, with those who wait for it.
    fn hand_over(
        &self,
        record: &NewRecord<'_>,
        deliveries: &Arc<Deliveries>,
    ) -> Result<(), KafkaError> {
        let mut headers = OwnedHeaders::new_with_capacity(record.headers.len());
        for (key, value) in record.headers {
            headers = headers.insert(LibraryHeader { key, value: Some(*value) });
        }
        let mut message = BaseRecord::with_opaque_to(record.topic, Arc::clone(deliveries))
            .key(record.key)
            .payload(record.value)
            .timestamp(record.timestamp_ms)
            .headers(headers);
        loop {
            #[expect(clippy::disallowed_methods, reason = "the demo's writer")]
            let sent = self.producer.send(message);
            let (error, returned) = match sent {
                Ok(()) => return Ok(()),
                Err(refused) => refused,
            };
            if error.rdkafka_error_code() != Some(Code::QueueFull) {
                return Err(failure(format!("write to topic `{}`", record.topic), &error));
            }
            self.producer.poll(SLICE);
            message = returned;
        }
    }
}

/// The configuration of a client that writes: the person's settings, then what must be.
fn config(settings: &Settings) -> ClientConfig {
    let mut config = ClientConfig::new();
    for (key, value) in &settings.properties {
        config.set(key, value);
    }
    for (key, value) in FIXED {
        config.set(key, value);
    }
    config.set("bootstrap.servers", &settings.brokers);
    config
}
