//! The topics of a cluster with their partitions, offsets and settings.
//!
//! Promises: a few batched requests whatever the number of topics; what may not be seen of one topic hides no other.
//! Does not know: records.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;

use serde::Serialize;

use super::session::REQUEST_TIMEOUT;
use crate::kafka::{KafkaError, TopicConfig, TopicFacts, Watermarks};
use crate::model::{TimestampType, TopicPartition};
use crate::workspace::{Failure, Session};

/// The settings of topics by name; `None` for those that may not be seen.
type Configs = BTreeMap<Arc<str>, Option<TopicConfig>>;

/// A partition of a topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PartitionReport {
    /// Its number.
    pub partition: i32,
    /// The broker that leads it; none while there is no leader.
    pub leader: Option<i32>,
    /// The log start offset. This and the following are unknown while there is no leader.
    pub low: Option<i64>,
    /// The high watermark.
    pub high: Option<i64>,
    /// The last stable offset.
    pub lso: Option<i64>,
    /// Offsets between `low` and `high`: an upper bound of the records.
    pub records: Option<i64>,
}

/// A topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TopicReport {
    /// The name.
    pub topic: Arc<str>,
    /// The id, which a topic of the same name created later does not share.
    pub topic_id: Option<Arc<str>>,
    /// Whether it belongs to Kafka itself.
    pub internal: bool,
    /// `delete`, `compact` or both; unknown when settings may not be seen, as are the next two.
    pub cleanup_policy: Option<Arc<str>>,
    /// How long records are kept, in milliseconds; -1 is without limit.
    pub retention_ms: Option<i64>,
    /// Whose clock writes timestamps.
    pub timestamp_type: Option<TimestampType>,
    /// The partitions, by number.
    pub partitions: Vec<PartitionReport>,
    /// Why it cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl Session {
    /// All topics that this user may see, by name.
    ///
    /// # Errors
    /// When the cluster cannot be asked.
    pub fn topics(&self) -> Result<Vec<TopicReport>, Failure> {
        self.reports(self.connection.topics(REQUEST_TIMEOUT)?)
    }

    /// One topic.
    ///
    /// # Errors
    /// `Usage` when there is no such topic; else when the cluster cannot be asked.
    pub fn topic(&self, name: &str) -> Result<TopicReport, Failure> {
        let mut facts = self.connection.topic(name, REQUEST_TIMEOUT)?;
        // Brokers before 2.8 have no ids.
        let ids = self.connection.topic_ids(&[name], REQUEST_TIMEOUT).unwrap_or_default();
        facts.topic_id = ids.get(name).cloned();
        let mut reports = self.reports(vec![facts])?;
        reports.pop().ok_or_else(|| KafkaError::UnknownTopic { topic: name.to_owned() }.into())
    }

    /// These topics with their offsets and settings.
    fn reports(&self, topics: Vec<TopicFacts>) -> Result<Vec<TopicReport>, Failure> {
        self.check_cancelled()?;
        // Two questions of the same weight, asked side by side.
        let (configs, bounds) = thread::scope(|scope| {
            let configs = thread::Builder::new()
                .name("topic-settings".to_owned())
                .spawn_scoped(scope, || self.configs_of_all(&topics));
            let bounds = self.bounds_of_all(&topics);
            let configs = match configs.map(thread::ScopedJoinHandle::join) {
                Ok(Ok(configs)) => configs,
                Ok(Err(panic)) => std::panic::resume_unwind(panic),
                Err(_no_thread) => self.configs_of_all(&topics),
            };
            (configs, bounds)
        });
        let (configs, bounds) = (configs?, bounds?);
        let report = |topic: TopicFacts| {
            let config = configs.get(&topic.name).and_then(Option::as_ref);
            TopicReport {
                cleanup_policy: config.map(|config| Arc::clone(&config.cleanup_policy)),
                retention_ms: config.and_then(retention_ms),
                timestamp_type: config.map(|config| config.timestamp_type),
                partitions: partitions(&topic, &bounds),
                error: topic.error.as_ref().map(ToString::to_string),
                topic_id: topic.topic_id,
                internal: topic.internal,
                topic: topic.name,
            }
        };
        Ok(topics.into_iter().map(report).collect())
    }

    /// The settings of these topics, as far as they may be seen.
    fn configs_of_all(&self, topics: &[TopicFacts]) -> Result<Configs, Failure> {
        let names: Vec<&str> = topics.iter().map(|topic| &*topic.name).collect();
        match self.connection.topic_configs(&names, REQUEST_TIMEOUT) {
            Ok(configs) => Ok(configs),
            Err(error @ (KafkaError::Unreachable { .. } | KafkaError::Authentication { .. })) => {
                Err(error.into())
            }
            Err(error) => {
                tracing::warn!(%error, "settings of topics cannot be seen");
                Ok(Configs::new())
            }
        }
    }

    /// Where all partitions of these topics begin and end. Should one topic spoil the answer, such as one that is being
    /// deleted, each topic is asked about by itself.
    fn bounds_of_all(
        &self,
        topics: &[TopicFacts],
    ) -> Result<BTreeMap<TopicPartition, Watermarks>, Failure> {
        let readable = || topics.iter().filter(|topic| topic.error.is_none());
        let all: Vec<TopicPartition> = readable().flat_map(with_leader).collect();
        let error = match self.connection.watermarks(&all, REQUEST_TIMEOUT) {
            Ok(bounds) => return Ok(bounds),
            Err(error) => error,
        };
        let spoilt_by_one = matches!(
            error,
            KafkaError::UnknownTopic { .. }
                | KafkaError::UnknownPartition { .. }
                | KafkaError::NotPermitted { .. }
        );
        if !spoilt_by_one {
            return Err(error.into());
        }
        let mut bounds = BTreeMap::new();
        for topic in readable() {
            self.check_cancelled()?;
            let partitions: Vec<TopicPartition> = with_leader(topic).collect();
            match self.connection.watermarks(&partitions, REQUEST_TIMEOUT) {
                Ok(known) => bounds.extend(known),
                Err(error) => tracing::warn!(topic = &*topic.name, %error, "offsets are unknown"),
            }
        }
        Ok(bounds)
    }
}

/// The partitions of a topic that can be asked about.
fn with_leader(topic: &TopicFacts) -> impl Iterator<Item = TopicPartition> + '_ {
    topic
        .partitions
        .iter()
        .filter(|partition| partition.leader.is_some())
        .map(|partition| TopicPartition::new(Arc::clone(&topic.name), partition.partition))
}

/// The setting `retention.ms` as it stands.
fn retention_ms(config: &TopicConfig) -> Option<i64> {
    config.entries.get("retention.ms")?.as_ref()?.parse().ok()
}

/// The partitions of a topic with their offsets.
fn partitions(
    topic: &TopicFacts,
    bounds: &BTreeMap<TopicPartition, Watermarks>,
) -> Vec<PartitionReport> {
    let report = |partition: &crate::kafka::PartitionLeader| {
        let place = TopicPartition::new(Arc::clone(&topic.name), partition.partition);
        let bounds = bounds.get(&place);
        PartitionReport {
            partition: partition.partition,
            leader: partition.leader,
            low: bounds.map(|bounds| bounds.low),
            high: bounds.map(|bounds| bounds.high),
            lso: bounds.map(|bounds| bounds.last_stable),
            records: bounds.map(|bounds| bounds.high - bounds.low),
        }
    };
    topic.partitions.iter().map(report).collect()
}
