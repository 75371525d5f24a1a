//! How the records of a topic are read as events: from `foldback.toml`, completed by what a sample shows.
//!
//! Promises: what `foldback.toml` names is never overruled; the same log gives the same mapping; every choice says why.
//! Does not know: how a mapping is applied (`entity`).

use std::sync::Arc;

use super::sample::{Sampling, records};
use super::{Failure, Session, mapping_of};
use crate::decode::Decoder;
use crate::entity::{self, Evidence, Mapping};
use crate::model::{RecordBatch, RecordRef, TopicPartition};
use crate::partition_log::PartitionerEvidence;

/// How the records of one topic are read.
#[derive(Clone, Debug)]
pub struct TopicMapping {
    /// The topic.
    pub topic: Arc<str>,
    /// The entity of `foldback.toml` it belongs to.
    pub entity_name: Option<Arc<str>>,
    /// How records become events.
    pub mapping: Mapping,
    /// How values are decoded.
    pub decoder: Decoder,
    /// Why the sampled part was chosen.
    pub evidence: Vec<Evidence>,
}

impl TopicMapping {
    /// The event time of a record, in milliseconds since the epoch; `None` where it has none that can be read.
    pub(super) fn event_time_ms(&self, record: RecordRef<'_>) -> Option<i64> {
        self.mapping.event_time_ms(record, self.decoder)
    }
}

/// What `mapping` answers: a topic's mapping, and what its keys say about who wrote it.
#[derive(Clone, Debug)]
pub struct MappingReport {
    /// The mapping.
    pub topic_mapping: TopicMapping,
    /// How well the known partitioners explain where sampled keys are.
    pub partitioners: PartitionerEvidence,
    /// How many records were sampled.
    pub sampled: u64,
}

impl Session {
    /// How the records of a topic are read.
    ///
    /// # Errors
    /// When the topic does not exist or cannot be read.
    pub fn topic_mapping(&self, topic: &Arc<str>) -> Result<TopicMapping, Failure> {
        let partitions = self.partitions(std::slice::from_ref(topic), &[])?;
        let (mapping, _) = self.judge(topic, &partitions, &self.sample(&partitions)?)?;
        Ok(mapping)
    }

    /// The mapping of a topic with its evidence.
    ///
    /// # Errors
    /// When the topic does not exist or cannot be read.
    pub fn mapping_report(&self, topic: &Arc<str>) -> Result<MappingReport, Failure> {
        let partitions = self.partitions(std::slice::from_ref(topic), &[])?;
        let sample = self.sample(&partitions)?;
        let (topic_mapping, sampled) = self.judge(topic, &partitions, &sample)?;
        let keys = records(&sample)
            .filter_map(|record| Some((record.key()?, record.partition().partition)));
        let partitioners = PartitionerEvidence::of_samples(keys, count_of(&partitions));
        Ok(MappingReport { topic_mapping, partitioners, sampled })
    }

    /// The mapping of a topic judged by sampled records, with how many those are.
    fn judge(
        &self,
        topic: &Arc<str>,
        partitions: &[TopicPartition],
        sample: &[RecordBatch],
    ) -> Result<(TopicMapping, u64), Failure> {
        let detected = entity::detect(records(sample), count_of(partitions));
        let sampled = sample.iter().map(|batch| batch.len() as u64).sum();
        let config = self.config.as_ref().and_then(|config| config.entity_of_topic(topic));
        let (mapping, reads_json) = match config {
            Some(entity) => {
                let configured =
                    mapping_of(entity).map_err(|error| Failure::usage_error(&error))?;
                let reads_json = configured.reads_json();
                (configured.completed_by(&detected.mapping), reads_json)
            }
            None => (detected.mapping, false),
        };
        let decoder = if reads_json { Decoder::Json } else { detected.decoder.decoder };
        let topic_mapping = TopicMapping {
            topic: Arc::clone(topic),
            entity_name: config.map(|entity| entity.name.as_str().into()),
            mapping,
            decoder,
            evidence: detected.evidence,
        };
        Ok((topic_mapping, sampled))
    }

    /// The newest records of these partitions, a few of each.
    fn sample(&self, partitions: &[TopicPartition]) -> Result<Vec<RecordBatch>, Failure> {
        let bounds = self.bounds(partitions)?;
        let (isolation, started_ms) = (self.isolation, self.started_ms);
        let sampling = Sampling { bounds: &bounds, isolation, payloads: true, started_ms };
        let sample = sampling.take(&*self.log, &self.cancel)?;
        self.check_cancelled()?;
        Ok(sample)
    }
}

/// How many partitions these are.
fn count_of(partitions: &[TopicPartition]) -> i32 {
    i32::try_from(partitions.len()).unwrap_or(i32::MAX)
}
