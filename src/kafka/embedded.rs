//! The embedded cluster: a small Kafka inside this process, for the demo and for tests.
//!
//! Promises: it listens on loopback alone and ends with its owner; every request it saw can be
//! told.
//!
//! Does not know: who writes to it. It is librdkafka's mock cluster, with that one's limits: 5 MiB
//! a partition (the oldest batches go first), no time lookup, no aborted transactions, no listing
//! of groups, no compaction.

use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, Producer as _};

use super::error::KafkaError;
use super::ffi::MockHandle;
use super::settings::Settings;

/// A topic of the embedded cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EmbeddedTopic<'a> {
    /// Its name.
    pub name: &'a str,
    /// How many partitions it has.
    pub partitions: i32,
}

/// A cluster inside this process. Dropping it ends it.
#[derive(Debug)]
pub struct EmbeddedCluster {
    /// The library's cluster.
    mock: MockHandle,
}

impl EmbeddedCluster {
    /// Starts a cluster of one broker with these topics.
    ///
    /// # Errors
    /// When no port is free or a topic's name is impossible.
    pub fn start(topics: &[EmbeddedTopic<'_>]) -> Result<Self, KafkaError> {
        Self::start_with_brokers(1, topics)
    }

    /// Starts a cluster of this many brokers with these topics.
    ///
    /// # Errors
    /// As of `start`.
    pub fn start_with_brokers(
        brokers: u8,
        topics: &[EmbeddedTopic<'_>],
    ) -> Result<Self, KafkaError> {
        let producer: BaseProducer = ClientConfig::new()
            .set("test.mock.num.brokers", brokers.to_string())
            .set("enable.metrics.push", "false")
            .create()
            .map_err(|error| failure("start the embedded cluster", &error))?;
        let mock = MockHandle::of(producer).ok_or_else(|| KafkaError::Other {
            asked: "start the embedded cluster".to_owned(),
            reason: "the client library has none".to_owned(),
        })?;
        mock.set_group_rebalance_delay(0);
        let cluster = Self { mock };
        for topic in topics {
            cluster.create_topic(*topic)?;
        }
        Ok(cluster)
    }

    /// Adds a topic.
    ///
    /// # Errors
    /// When the name is impossible or taken.
    pub fn create_topic(&self, topic: EmbeddedTopic<'_>) -> Result<(), KafkaError> {
        let mock = self.mock.producer().client().mock_cluster().expect("made with brokers");
        mock.create_topic(topic.name, topic.partitions, 1)
            .map_err(|error| failure(&format!("create topic `{}`", topic.name), &error))
    }

    /// The addresses to connect to, on loopback.
    pub fn brokers(&self) -> String {
        self.mock.brokers()
    }

    /// Settings to connect to it with. `known_groups` are the groups to look at, because it cannot
    /// list them.
    pub fn settings(&self, known_groups: &[&str]) -> Settings {
        Settings {
            name: "embedded cluster".to_owned(),
            brokers: self.brokers(),
            embedded: true,
            known_groups: known_groups.iter().map(|group| (*group).to_owned()).collect(),
            ..Settings::default()
        }
    }

    /// Notes the requests from now on, and forgets those noted before.
    pub fn track_requests(&self) {
        self.mock.start_tracking();
        self.mock.clear_tracked();
    }

    /// The API keys of the requests noted, in the order of their arrival.
    pub fn tracked_api_keys(&self) -> Vec<i16> {
        self.mock.tracked_api_keys()
    }

    /// Takes the leader of a partition away, or gives it to a broker, numbered from 1.
    ///
    /// # Errors
    /// When there is no such broker.
    pub fn lead(&self, topic: &str, partition: i32, broker: Option<i32>) -> Result<(), KafkaError> {
        let mock = self.mock.producer().client().mock_cluster().expect("made with brokers");
        mock.partition_leader(topic, partition, broker)
            .map_err(|error| failure("change a leader", &error))
    }

    /// Makes a broker, numbered from 1, unreachable.
    ///
    /// # Errors
    /// When there is no such broker.
    pub fn take_down(&self, broker: i32) -> Result<(), KafkaError> {
        let mock = self.mock.producer().client().mock_cluster().expect("made with brokers");
        mock.broker_down(broker).map_err(|error| failure("take a broker down", &error))
    }

    /// Makes a broker, numbered from 1, reachable again.
    ///
    /// # Errors
    /// When there is no such broker.
    pub fn bring_up(&self, broker: i32) -> Result<(), KafkaError> {
        let mock = self.mock.producer().client().mock_cluster().expect("made with brokers");
        mock.broker_up(broker).map_err(|error| failure("bring a broker up", &error))
    }

    /// Refuses the offsets of the next fetches, so many of them, although the log has them.
    #[cfg(test)]
    pub(super) fn refuse_offsets(&self, fetches: usize) {
        use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
        let mock = self.mock.producer().client().mock_cluster().expect("made with brokers");
        let refusal = RDKafkaRespErr::RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE;
        mock.request_errors(RDKafkaApiKey::Fetch, &vec![refusal; fetches]);
    }
}

/// The error for something the library could not do.
fn failure(asked: &str, error: &rdkafka::error::KafkaError) -> KafkaError {
    KafkaError::Other { asked: asked.to_owned(), reason: error.to_string() }
}
