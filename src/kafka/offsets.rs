//! Offsets of many partitions at once: where logs begin and end, and which record comes first after
//! a time.
//!
//! Promises: one request a broker, whatever the number of partitions; a partition without a leader
//! is missing from the answer instead of spoiling it, and is never taken for one that does not
//! exist; an unknown topic and one that may not be seen are told apart.
//! Does not know: what lies between the offsets.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use rdkafka::{Offset, TopicPartitionList};

use super::connection::Connection;
use super::error::{KafkaError, is_denial, is_unknown_topic};
use super::ffi::{AdminAnswer, Asked};
use crate::model::{Isolation, TopicPartition, check_topic_name};

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
    /// The first offset that a reader of committed records is not given yet. Equal to `high` unless
    /// a transaction is open.
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
    /// Where these partitions begin and end. Those that exist and have no leader now are missing
    /// from the answer.
    ///
    /// # Errors
    /// `UnknownTopic`, `UnknownPartition` or `NotPermitted` for any of them, apart from everything
    /// that keeps a cluster from answering.
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
        let asked_at = Instant::now();
        let mut known = self.ask_watermarks(partitions, timeout, give_up)?;
        let missing = |known: &BTreeMap<TopicPartition, Watermarks>| -> Vec<TopicPartition> {
            partitions.iter().filter(|one| !known.contains_key(one)).cloned().collect()
        };
        let left = timeout.saturating_sub(asked_at.elapsed());
        let unanswered = missing(&known);
        if unanswered.is_empty() || left.is_zero() || give_up() {
            return Ok(known);
        }
        // What the library knows of leaders may be old; a look at the topics refreshes it.
        let offline = self.check_topics(&unanswered, left)?.offline;
        let led: Vec<_> = unanswered.into_iter().filter(|one| !offline.contains(one)).collect();
        if !led.is_empty() {
            known.extend(self.ask_watermarks(&led, left, give_up)?);
        }
        Ok(known)
    }

    /// One try of `watermarks`.
    fn ask_watermarks(
        &self,
        partitions: &[TopicPartition],
        timeout: Duration,
        give_up: &dyn Fn() -> bool,
    ) -> Result<BTreeMap<TopicPartition, Watermarks>, KafkaError> {
        let client = self.client();
        let ask = |spec, isolation| {
            Ok::<_, KafkaError>(Asked::offsets(
                client,
                &list(partitions, spec)?,
                isolation,
                timeout,
            ))
        };
        let low = ask(EARLIEST, Isolation::Uncommitted)?;
        let last_stable = ask(LATEST, Isolation::Committed)?;
        let high = ask(LATEST, Isolation::Uncommitted)?;
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

    /// For each partition, the offset of the first record whose timestamp is at or after this time,
    /// in milliseconds since the epoch; `None` when there is none. All records before that offset
    /// are earlier; after it there may be earlier ones too, because producers write timestamps. The
    /// embedded cluster cannot look up times: it answers with its log start, which is never too
    /// late; so is the answer for a time before the epoch.
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
        // Negative numbers mean something else to the protocol, and records may well be older than
        // the epoch.
        if time_ms < 0 || self.is_embedded(timeout)? {
            let marks = self.watermarks(partitions, timeout)?;
            return Ok(marks
                .into_iter()
                .map(|(partition, marks)| (partition, Some(marks.low)))
                .collect());
        }
        let wanted = list(partitions, time_ms)?;
        let asked = Asked::offsets(self.client(), &wanted, isolation, timeout);
        let offsets = self.offsets(asked, partitions, timeout, &|| false)?;
        let found = |(partition, offset)| (partition, (offset >= 0).then_some(offset));
        Ok(offsets.into_iter().map(found).collect())
    }

    /// Waits for offsets. A failure of the whole hides its cause, so the topics are looked up to
    /// find it; where none of the partitions has a leader, there are no offsets.
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
                let offline = self.check_topics(partitions, timeout)?.offline;
                let none_led = partitions.iter().all(|partition| offline.contains(partition));
                return if none_led { Ok(BTreeMap::new()) } else { Err(failure) };
            }
            Err(failure) => return Err(failure),
        };
        let (offsets, unknown) = known_offsets(&answer)?;
        if !unknown.is_empty() {
            // A leader that has just started may not know its partitions yet; the topics' list
            // does.
            self.check_topics(&unknown, timeout)?;
        }
        Ok(offsets)
    }

    /// Makes sure that the topics of these partitions exist and may be seen and that they have
    /// these partitions.
    pub(super) fn check_topics(
        &self,
        partitions: &[TopicPartition],
        timeout: Duration,
    ) -> Result<Looked, KafkaError> {
        let names: BTreeSet<&str> = partitions.iter().map(|partition| &*partition.topic).collect();
        let mut looked = Looked::default();
        if names.len() > FEW_TOPICS {
            let metadata = self.metadata(None, timeout)?;
            looked.brokers = metadata.brokers().len();
            for name in names {
                let topic = metadata.topics().iter().find(|topic| topic.name() == name);
                looked.offline.extend(check_topic(name, topic, partitions)?);
            }
        } else {
            for name in names {
                let metadata = self.metadata(Some(name), timeout)?;
                looked.brokers = metadata.brokers().len();
                let topic = metadata.topics().iter().find(|topic| topic.name() == name);
                looked.offline.extend(check_topic(name, topic, partitions)?);
            }
        }
        Ok(looked)
    }
}

/// What a look at topics found.
#[derive(Debug, Default)]
pub(super) struct Looked {
    /// How many brokers there are.
    pub(super) brokers: usize,
    /// Which of the partitions have no leader.
    offline: BTreeSet<TopicPartition>,
}

/// Makes sure that a topic may be read and has the partitions asked for; returns those without a
/// leader.
fn check_topic(
    name: &str,
    topic: Option<&rdkafka::metadata::MetadataTopic>,
    partitions: &[TopicPartition],
) -> Result<Vec<TopicPartition>, KafkaError> {
    let topic = topic.ok_or_else(|| KafkaError::UnknownTopic { topic: name.to_owned() })?;
    if let Some(error) =
        topic.error().and_then(|error| super::metadata::topic_error(name, error.into()))
    {
        return Err(error);
    }
    let leaders: BTreeMap<i32, i32> =
        topic.partitions().iter().map(|known| (known.id(), known.leader())).collect();
    let mut offline = Vec::new();
    for partition in partitions.iter().filter(|partition| &*partition.topic == name) {
        match leaders.get(&partition.partition) {
            Some(leader) if *leader >= 0 => {}
            // Without any partitions the topic is just being made.
            None if !leaders.is_empty() => {
                return Err(KafkaError::UnknownPartition { partition: partition.clone() });
            }
            _ => offline.push(partition.clone()),
        }
    }
    Ok(offline)
}

/// The partitions as the library wants them, each with the same question.
fn list(partitions: &[TopicPartition], spec: i64) -> Result<TopicPartitionList, KafkaError> {
    let unique: BTreeSet<_> = partitions.iter().collect();
    let mut list = TopicPartitionList::with_capacity(unique.len());
    for partition in unique {
        check_topic_name(&partition.topic)?;
        let mut element = list.add_partition(&partition.topic, partition.partition);
        element.set_offset(Offset::from_raw(spec)).expect("every question is a possible offset");
    }
    Ok(list)
}

/// The offsets of an answer, and the partitions that the broker does not know. Those without a
/// leader are in neither.
fn known_offsets(
    answer: &AdminAnswer,
) -> Result<(BTreeMap<TopicPartition, i64>, Vec<TopicPartition>), KafkaError> {
    let (mut offsets, mut unknown) = (BTreeMap::new(), Vec::new());
    for found in answer.offsets() {
        match found.error {
            None => {
                offsets.insert(found.partition, found.offset);
            }
            Some(code) if is_unknown_topic(code) => unknown.push(found.partition),
            Some(code) if is_denial(code) => {
                let asked = format!("offsets of `{}`", found.partition);
                return Err(KafkaError::NotPermitted { asked });
            }
            Some(code) => {
                tracing::debug!(target: "kafka", partition = %found.partition, %code, "no offset");
            }
        }
    }
    Ok((offsets, unknown))
}
