//! Offsets of many partitions at once: where logs begin and end, and which record comes first after a time.
//!
//! Promises: one request a broker, whatever the number of partitions; a partition without a leader is missing from
//! the answer instead of spoiling it; an unknown topic and one that may not be seen are told apart.
//! Does not know: what lies between the offsets.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rdkafka::{Offset, TopicPartitionList};

use super::connection::Connection;
use super::error::{KafkaError, is_denial, is_unknown_topic};
use super::ffi::{AdminAnswer, Asked};
use crate::model::{Isolation, TopicPartition};

/// Asks for the first offset that is left.
const EARLIEST: i64 = -2;
/// Asks for the end.
const LATEST: i64 = -1;

/// How many topics are looked up one by one; for more it is cheaper to list all.
const FEW_TOPICS: usize = 8;

/// Where one partition begins and ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watermarks {
    /// The first offset that is left. Above 0, records before it are gone.
    pub low: i64,
    /// The offset the next record will get.
    pub high: i64,
    /// The first offset that a reader of committed records is not given yet. Equal to `high` unless a transaction
    /// is open.
    pub last_stable: i64,
}

impl Watermarks {
    /// Where a reader of this isolation ends.
    pub fn end(&self, isolation: Isolation) -> i64 {
        match isolation {
            Isolation::Committed => self.last_stable,
            Isolation::Uncommitted => self.high,
        }
    }
}

impl Connection {
    /// Where these partitions begin and end. Partitions without a leader are missing from the answer.
    ///
    /// # Errors
    /// `UnknownTopic`, `UnknownPartition` or `NotPermitted` for any of them, apart from everything that keeps a
    /// cluster from answering.
    pub fn watermarks(
        &self,
        partitions: &[TopicPartition],
        timeout: Duration,
    ) -> Result<BTreeMap<TopicPartition, Watermarks>, KafkaError> {
        self.watermarks_unless(partitions, timeout, &|| false)
    }

    /// The same, until `give_up` says that the answer is not wanted any more.
    pub(super) fn watermarks_unless(
        &self,
        partitions: &[TopicPartition],
        timeout: Duration,
        give_up: &dyn Fn() -> bool,
    ) -> Result<BTreeMap<TopicPartition, Watermarks>, KafkaError> {
        if partitions.is_empty() {
            return Ok(BTreeMap::new());
        }
        let client = self.client();
        let ask =
            |spec, isolation| Asked::offsets(client, &list(partitions, spec), isolation, timeout);
        let low = ask(EARLIEST, Isolation::Uncommitted);
        let last_stable = ask(LATEST, Isolation::Committed);
        let high = ask(LATEST, Isolation::Uncommitted);
        let offsets = |asked| self.offsets(asked, partitions, timeout, give_up);
        let (low, last_stable, high) = (offsets(low)?, offsets(last_stable)?, offsets(high)?);
        let known = high.into_iter().filter_map(|(partition, high)| {
            let low = *low.get(&partition)?;
            // The three answers are of slightly different moments; later ones know more.
            let last_stable = (*last_stable.get(&partition)?).clamp(low, high.max(low));
            Some((partition, Watermarks { low, high: high.max(low), last_stable }))
        });
        Ok(known.collect())
    }

    /// For each partition, the offset of the first record whose timestamp is at or after this time, in milliseconds
    /// since the epoch; `None` when there is none. All records before that offset are earlier; after it there may be
    /// earlier ones too, because producers write timestamps. The embedded cluster cannot look up times: it answers with
    /// its log start, which is never too late; so is the answer for a time before the epoch.
    ///
    /// # Errors
    /// As of `watermarks`.
    pub fn offsets_at(
        &self,
        partitions: &[TopicPartition],
        time_ms: i64,
        isolation: Isolation,
        timeout: Duration,
    ) -> Result<BTreeMap<TopicPartition, Option<i64>>, KafkaError> {
        if partitions.is_empty() {
            return Ok(BTreeMap::new());
        }
        // Negative numbers mean something else to the protocol, and records may well be older than the epoch.
        if time_ms < 0 || self.is_embedded(timeout)? {
            let marks = self.watermarks(partitions, timeout)?;
            return Ok(marks
                .into_iter()
                .map(|(partition, marks)| (partition, Some(marks.low)))
                .collect());
        }
        let wanted = list(partitions, time_ms);
        let asked = Asked::offsets(self.client(), &wanted, isolation, timeout);
        let offsets = self.offsets(asked, partitions, timeout, &|| false)?;
        let found = |(partition, offset)| (partition, (offset >= 0).then_some(offset));
        Ok(offsets.into_iter().map(found).collect())
    }

    /// Waits for offsets. A failure of the whole hides its cause, so the topics are looked up to find it.
    fn offsets(
        &self,
        asked: Asked,
        partitions: &[TopicPartition],
        timeout: Duration,
        give_up: &dyn Fn() -> bool,
    ) -> Result<BTreeMap<TopicPartition, i64>, KafkaError> {
        let answer = match self.answer_unless(asked, "look up offsets", give_up) {
            Ok(answer) => answer,
            Err(failure @ KafkaError::Other { .. }) => {
                self.check_topics(partitions, timeout)?;
                return Err(failure);
            }
            Err(failure) => return Err(failure),
        };
        match known_offsets(&answer) {
            Ok(offsets) => Ok(offsets),
            Err(KafkaError::UnknownPartition { partition }) => {
                self.check_topics(partitions, timeout)?;
                Err(KafkaError::UnknownPartition { partition })
            }
            Err(error) => Err(error),
        }
    }

    /// Makes sure that the topics of these partitions exist and may be seen, that they have these partitions, and
    /// says how many brokers there are.
    pub(super) fn check_topics(
        &self,
        partitions: &[TopicPartition],
        timeout: Duration,
    ) -> Result<usize, KafkaError> {
        let names: BTreeSet<&str> = partitions.iter().map(|partition| &*partition.topic).collect();
        let mut brokers = 0;
        if names.len() > FEW_TOPICS {
            let metadata = self.metadata(None, timeout)?;
            brokers = metadata.brokers().len();
            for name in names {
                let topic = metadata.topics().iter().find(|topic| topic.name() == name);
                check_topic(name, topic, partitions)?;
            }
        } else {
            for name in names {
                let metadata = self.metadata(Some(name), timeout)?;
                brokers = metadata.brokers().len();
                let topic = metadata.topics().iter().find(|topic| topic.name() == name);
                check_topic(name, topic, partitions)?;
            }
        }
        Ok(brokers)
    }
}

/// Makes sure that a topic may be read and has the partitions asked for.
fn check_topic(
    name: &str,
    topic: Option<&rdkafka::metadata::MetadataTopic>,
    partitions: &[TopicPartition],
) -> Result<(), KafkaError> {
    let topic = topic.ok_or_else(|| KafkaError::UnknownTopic { topic: name.to_owned() })?;
    if let Some(error) =
        topic.error().and_then(|error| super::metadata::topic_error(name, error.into()))
    {
        return Err(error);
    }
    let known: BTreeSet<i32> = topic.partitions().iter().map(|partition| partition.id()).collect();
    let missing = partitions.iter().find(|partition| {
        &*partition.topic == name && !known.contains(&partition.partition) && !known.is_empty()
    });
    missing.map_or(Ok(()), |partition| {
        Err(KafkaError::UnknownPartition { partition: partition.clone() })
    })
}

/// The partitions as the library wants them, each with the same question.
fn list(partitions: &[TopicPartition], spec: i64) -> TopicPartitionList {
    let unique: BTreeSet<_> = partitions.iter().collect();
    let mut list = TopicPartitionList::with_capacity(unique.len());
    for partition in unique {
        let mut element = list.add_partition(&partition.topic, partition.partition);
        element.set_offset(Offset::from_raw(spec)).expect("every question is a possible offset");
    }
    list
}

/// The offsets of an answer. Partitions without a leader are left out.
fn known_offsets(answer: &AdminAnswer) -> Result<BTreeMap<TopicPartition, i64>, KafkaError> {
    let mut offsets = BTreeMap::new();
    for found in answer.offsets() {
        match found.error {
            None => {
                offsets.insert(found.partition, found.offset);
            }
            Some(code) if is_unknown_topic(code) => {
                return Err(KafkaError::UnknownPartition { partition: found.partition });
            }
            Some(code) if is_denial(code) => {
                let asked = format!("offsets of `{}`", found.partition);
                return Err(KafkaError::NotPermitted { asked });
            }
            Some(code) => {
                tracing::debug!(target: "kafka", partition = %found.partition, %code, "no offset");
            }
        }
    }
    Ok(offsets)
}
