//! The topics of a cluster with their partitions, offsets and settings.
//!
//! Promises: a few batched requests whatever the number of topics; what may not be seen of one
//! topic hides no other.
//! Does not know: records.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;

use super::session::REQUEST_TIMEOUT;
use crate::kafka::{KafkaError, PartitionLeader, TopicConfig, TopicFacts, Watermarks};
use crate::model::TopicPartition;
use crate::workspace::{Failure, PartitionFacts, Session, TopicReport};

/// The settings of topics by name; `None` for those that may not be seen.
type Configs = BTreeMap<Arc<str>, Option<TopicConfig>>;

/// Where partitions begin and end; those that may not be seen are missing.
type Bounds = BTreeMap<TopicPartition, Watermarks>;

impl Session {
    /// All topics that this user may see, by name.
    ///
    /// # Errors
    /// When the cluster cannot be asked.
    pub fn topics(&self) -> Result<Vec<TopicReport>, Failure> {
        self.reports(&self.connection.topics(REQUEST_TIMEOUT)?)
    }

    /// The same, told as it becomes known: first the names, then the sizes, then the settings.
    ///
    /// # Errors
    /// When the cluster cannot be asked. What was told before holds.
    pub(in crate::workspace) fn tell_topics(
        &self,
        tell: &mut dyn FnMut(Vec<TopicReport>),
    ) -> Result<(), Failure> {
        let topics = self.connection.topics(REQUEST_TIMEOUT)?;
        let told = |bounds: &Bounds, configs: &Configs| {
            topics.iter().map(|topic| report(topic, bounds, configs)).collect()
        };
        self.check_cancelled()?;
        tell(told(&Bounds::new(), &Configs::new()));
        let bounds = self.bounds_of_all(&topics)?;
        tell(told(&bounds, &Configs::new()));
        tell(told(&bounds, &self.configs_of_all(&topics)?));
        Ok(())
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
        let mut reports = self.reports(&[facts])?;
        reports.pop().ok_or_else(|| KafkaError::UnknownTopic { topic: name.to_owned() }.into())
    }

    /// These topics with their offsets and settings.
    fn reports(&self, topics: &[TopicFacts]) -> Result<Vec<TopicReport>, Failure> {
        self.check_cancelled()?;
        // Two questions of the same weight, asked side by side.
        let (configs, bounds) = thread::scope(|scope| {
            let configs = thread::Builder::new()
                .name("topic-settings".to_owned())
                .spawn_scoped(scope, || self.configs_of_all(topics));
            let bounds = self.bounds_of_all(topics);
            let configs = match configs.map(thread::ScopedJoinHandle::join) {
                Ok(Ok(configs)) => configs,
                Ok(Err(panic)) => std::panic::resume_unwind(panic),
                Err(_no_thread) => self.configs_of_all(topics),
            };
            (configs, bounds)
        });
        let (configs, bounds) = (configs?, bounds?);
        Ok(topics.iter().map(|topic| report(topic, &bounds, &configs)).collect())
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

    /// Where all partitions of these topics begin and end. Should one topic spoil the answer, such
    /// as one that is being deleted, each topic is asked about by itself.
    fn bounds_of_all(&self, topics: &[TopicFacts]) -> Result<Bounds, Failure> {
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

/// What is known of a topic.
fn report(topic: &TopicFacts, bounds: &Bounds, configs: &Configs) -> TopicReport {
    let config = configs.get(&topic.name).and_then(Option::as_ref);
    TopicReport {
        name: Arc::clone(&topic.name),
        topic_id: topic.topic_id.clone(),
        internal: topic.internal,
        cleanup_policy: config.map(|config| Arc::clone(&config.cleanup_policy)),
        retention_ms: config.and_then(retention_ms),
        timestamp_type: config.map(|config| config.timestamp_type),
        partitions: partitions(topic, bounds),
        problem: topic.error.as_ref().map(|error| error.to_string().into()),
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
fn partitions(topic: &TopicFacts, bounds: &Bounds) -> Vec<PartitionFacts> {
    let facts = |known: &PartitionLeader| {
        let place = TopicPartition::new(Arc::clone(&topic.name), known.partition);
        let bounds = bounds.get(&place).copied();
        PartitionFacts { partition: known.partition, leader: known.leader, bounds }
    };
    topic.partitions.iter().map(facts).collect()
}
