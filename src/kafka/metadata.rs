//! What a cluster says of itself: brokers, topics, their partitions, ids and settings.
//!
//! Promises: asking creates nothing; a topic that does not exist and one that may not be seen are
//! different answers.
//! Does not know: offsets, groups, records.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::consumer::Consumer as _;
use rdkafka::metadata::MetadataTopic;
use rdkafka::types::RDKafkaErrorCode as Code;

use super::connection::Connection;
use super::error::{KafkaError, is_denial, is_unknown_topic};
use super::ffi::Asked;
use crate::model::TimestampType;

/// Topics that belong to Kafka itself.
const INTERNAL: [&str; 4] =
    ["__cluster_metadata", "__consumer_offsets", "__share_group_state", "__transaction_state"];

/// How many topics are described in one request, so that no single answer grows out of bounds.
const TOPICS_PER_REQUEST: usize = 2_000;

/// One broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerFacts {
    /// Its number.
    pub id: i32,
    /// Its host, as it advertises it.
    pub host: Arc<str>,
    /// Its port, as it advertises it.
    pub port: u16,
}

/// A cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterFacts {
    /// Its id, which survives restarts.
    pub cluster_id: Option<Arc<str>>,
    /// Its brokers, by number.
    pub brokers: Vec<BrokerFacts>,
    /// The number of the broker that answers for the cluster's own affairs.
    pub controller: Option<i32>,
}

/// One partition of a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartitionLeader {
    /// Its number.
    pub partition: i32,
    /// The broker that leads it; none while there is no leader, and then it cannot be read.
    pub leader: Option<i32>,
}

/// One topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicFacts {
    /// Its name.
    pub name: Arc<str>,
    /// Its id, which a topic of the same name created later does not share. `None` where brokers
    /// have no ids, or where it was not asked for.
    pub topic_id: Option<Arc<str>>,
    /// Whether it belongs to Kafka itself.
    pub internal: bool,
    /// Its partitions, by number.
    pub partitions: Vec<PartitionLeader>,
    /// Why it cannot be read, where the cluster lists it all the same.
    pub error: Option<KafkaError>,
}

/// The settings of a topic that matter to a reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicConfig {
    /// `delete`, `compact` or both.
    pub cleanup_policy: Arc<str>,
    /// How long records are kept, in milliseconds; `None` means without limit in time.
    pub retention_ms: Option<i64>,
    /// Whose clock writes timestamps.
    pub timestamp_type: TimestampType,
    /// All settings by name; sensitive values are missing.
    pub entries: BTreeMap<Arc<str>, Option<Arc<str>>>,
}

impl TopicConfig {
    /// Whether old records of a key may be removed while newer ones stay.
    pub fn compacts(&self) -> bool {
        self.cleanup_policy.split(',').any(|policy| policy.trim() == "compact")
    }

    /// Reads the settings that matter out of all.
    fn from_entries(entries: BTreeMap<Arc<str>, Option<Arc<str>>>) -> Self {
        let entry = |name: &str| entries.get(name).cloned().flatten();
        let retention = entry("retention.ms").and_then(|text| text.parse::<i64>().ok());
        let appended = entry("message.timestamp.type").as_deref() == Some("LogAppendTime");
        Self {
            cleanup_policy: entry("cleanup.policy").unwrap_or_else(|| "delete".into()),
            retention_ms: retention.filter(|retention_ms| *retention_ms >= 0),
            timestamp_type: if appended {
                TimestampType::LogAppendTime
            } else {
                TimestampType::CreateTime
            },
            entries,
        }
    }

    /// The settings of a topic of the embedded cluster, which cannot be asked for them.
    fn of_embedded() -> Self {
        let entries = [
            ("cleanup.policy", "delete"),
            ("message.timestamp.type", "CreateTime"),
            ("retention.ms", "-1"),
        ];
        Self::from_entries(entries.map(|(name, value)| (name.into(), Some(value.into()))).into())
    }
}

impl Connection {
    /// Asks who the cluster is.
    ///
    /// # Errors
    /// When it cannot be reached or does not let this user in.
    pub fn cluster(&self, timeout: Duration) -> Result<ClusterFacts, KafkaError> {
        if self.is_embedded(timeout)? {
            return self.embedded_cluster(timeout);
        }
        let question = Asked::cluster(self.client(), timeout);
        let answer = self.answer(question, "describe the cluster")?;
        let (cluster_id, brokers, controller) = answer.cluster();
        let mut brokers: Vec<_> = brokers
            .into_iter()
            .map(|node| BrokerFacts { id: node.id, host: node.host, port: node.port })
            .collect();
        brokers.sort_by_key(|broker| broker.id);
        Ok(ClusterFacts { cluster_id, brokers, controller })
    }

    /// Lists the topics that this user may see, by name, with their ids where brokers have ids.
    ///
    /// # Errors
    /// When the cluster cannot be reached or does not let this user in.
    pub fn topics(&self, timeout: Duration) -> Result<Vec<TopicFacts>, KafkaError> {
        let metadata = self.metadata(None, timeout)?;
        let mut topics: Vec<_> = metadata.topics().iter().map(facts).collect();
        topics.sort_by(|a, b| a.name.cmp(&b.name));
        let names: Vec<_> = topics.iter().map(|topic| Arc::clone(&topic.name)).collect();
        let names: Vec<_> = names.iter().map(|name| &**name).collect();
        // Brokers before 2.8 have no ids; a list without ids is still the list.
        let ids = self.topic_ids(&names, timeout).unwrap_or_default();
        for topic in &mut topics {
            topic.topic_id = ids.get(&topic.name).cloned();
        }
        Ok(topics)
    }

    /// Looks one topic up, without its id.
    ///
    /// # Errors
    /// `UnknownTopic` or `NotPermitted`, apart from everything that keeps a cluster from answering.
    pub fn topic(&self, name: &str, timeout: Duration) -> Result<TopicFacts, KafkaError> {
        let metadata = self.metadata(Some(name), timeout)?;
        let topic = metadata.topics().iter().find(|topic| topic.name() == name).map(facts);
        let topic = topic.ok_or_else(|| KafkaError::UnknownTopic { topic: name.to_owned() })?;
        match topic.error {
            Some(error) => Err(error),
            None => Ok(topic),
        }
    }

    /// The ids of those of these topics that exist, may be seen, and have an id.
    ///
    /// # Errors
    /// When the cluster cannot be reached or does not describe topics.
    pub fn topic_ids(
        &self,
        topics: &[&str],
        timeout: Duration,
    ) -> Result<BTreeMap<Arc<str>, Arc<str>>, KafkaError> {
        let mut ids = BTreeMap::new();
        // The embedded cluster does not answer this, and its topics are never created anew.
        let topics = if self.is_embedded(timeout)? { &[] } else { topics };
        for names in topics.chunks(TOPICS_PER_REQUEST) {
            let question = Asked::topics(self.client(), names, timeout);
            let answer = self.answer(question, "describe topics")?;
            let known = answer.topics().into_iter();
            ids.extend(known.filter_map(|topic| Some((topic.name, topic.topic_id?))));
        }
        Ok(ids)
    }

    /// The settings of these topics; `None` for those whose settings this user may not see.
    ///
    /// # Errors
    /// When the cluster cannot be reached or does not describe settings.
    pub fn topic_configs(
        &self,
        topics: &[&str],
        timeout: Duration,
    ) -> Result<BTreeMap<Arc<str>, Option<TopicConfig>>, KafkaError> {
        if self.is_embedded(timeout)? {
            let config = |topic: &&str| (Arc::from(*topic), Some(TopicConfig::of_embedded()));
            return Ok(topics.iter().map(config).collect());
        }
        let mut configs = BTreeMap::new();
        for names in topics.chunks(TOPICS_PER_REQUEST) {
            let question = Asked::topic_configs(self.client(), names, timeout);
            let answer = match self.answer(question, "read the settings of topics") {
                Ok(answer) => answer,
                Err(KafkaError::NotPermitted { .. }) => {
                    configs.extend(names.iter().map(|name| (Arc::from(*name), None)));
                    continue;
                }
                Err(error) => return Err(error),
            };
            configs.extend(answer.topic_configs().into_iter().map(|config| {
                let entries = config.entries.into_iter().collect();
                let seen = config.error.is_none().then(|| TopicConfig::from_entries(entries));
                (config.topic, seen)
            }));
        }
        Ok(configs)
    }

    /// Who the embedded cluster is, which knows of no controller.
    fn embedded_cluster(&self, timeout: Duration) -> Result<ClusterFacts, KafkaError> {
        let metadata = self.metadata(None, timeout)?;
        let brokers = metadata.brokers().iter().map(|broker| BrokerFacts {
            id: broker.id(),
            host: broker.host().into(),
            port: u16::try_from(broker.port()).unwrap_or(0),
        });
        let cluster_id = self.client().consumer().client().fetch_cluster_id(timeout);
        Ok(ClusterFacts {
            cluster_id: cluster_id.map(Into::into),
            brokers: brokers.collect(),
            controller: None,
        })
    }

    /// Whether a topic exists, as far as this user can tell: one that may not be seen may exist.
    pub(super) fn may_exist(&self, topic: &str, timeout: Duration) -> Result<bool, KafkaError> {
        match self.topic(topic, timeout) {
            Ok(_) | Err(KafkaError::NotPermitted { .. } | KafkaError::Other { .. }) => Ok(true),
            Err(KafkaError::UnknownTopic { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// The facts of one topic of a metadata answer.
fn facts(topic: &MetadataTopic) -> TopicFacts {
    let mut partitions: Vec<_> = topic
        .partitions()
        .iter()
        .map(|partition| PartitionLeader {
            partition: partition.id(),
            leader: Some(partition.leader()).filter(|leader| *leader >= 0),
        })
        .collect();
    partitions.sort_by_key(|partition| partition.partition);
    TopicFacts {
        name: topic.name().into(),
        topic_id: None,
        internal: INTERNAL.contains(&topic.name()),
        partitions,
        error: topic.error().and_then(|error| topic_error(topic.name(), error.into())),
    }
}

/// The error that a code means for a topic.
pub(super) fn topic_error(topic: &str, code: Code) -> Option<KafkaError> {
    match code {
        Code::NoError => None,
        code if is_unknown_topic(code) => {
            Some(KafkaError::UnknownTopic { topic: topic.to_owned() })
        }
        code if is_denial(code) => {
            Some(KafkaError::NotPermitted { asked: format!("topic `{topic}`") })
        }
        // A leader is being elected: the partitions say so themselves.
        Code::LeaderNotAvailable => None,
        code => Some(KafkaError::Other {
            asked: format!("look up topic `{topic}`"),
            reason: code.to_string(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(entries: &[(&str, &str)]) -> TopicConfig {
        let entry = |(name, value): &(&str, &str)| (Arc::from(*name), Some(Arc::from(*value)));
        TopicConfig::from_entries(entries.iter().map(entry).collect())
    }

    #[test]
    fn a_policy_of_both_kinds_compacts() {
        assert!(config(&[("cleanup.policy", "compact,delete")]).compacts());
        assert!(!config(&[("cleanup.policy", "delete")]).compacts());
    }

    #[test]
    fn a_retention_of_minus_one_is_no_limit() {
        assert_eq!(config(&[("retention.ms", "-1")]).retention_ms, None);
        assert_eq!(config(&[("retention.ms", "86400000")]).retention_ms, Some(86_400_000));
    }

    #[test]
    fn an_unknown_and_a_forbidden_topic_are_different_answers() {
        let unknown = topic_error("t", Code::UnknownTopicOrPartition);
        let forbidden = topic_error("t", Code::TopicAuthorizationFailed);
        assert!(matches!(unknown, Some(KafkaError::UnknownTopic { .. })));
        assert!(matches!(forbidden, Some(KafkaError::NotPermitted { .. })));
    }
}
