//! How the records of a topic are read as events: from `foldback.toml`, completed by what a sample shows.
//!
//! Promises: what `foldback.toml` names is never overruled; the same log gives the same mapping; every choice says why.
//! Does not know: how a mapping is applied (`entity`).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::mapping::{Mappings, TopicMapping, mapping_of};
use super::sample::{Sampling, records};
use super::session::{REQUEST_TIMEOUT, offline};
use crate::decode::Decoder;
use crate::entity;
use crate::kafka::Watermarks;
use crate::model::{RecordBatch, RecordRef, TopicPartition};
use crate::partition_log::PartitionerEvidence;
use crate::workspace::{Failure, Session};

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
    /// Partitions that have no leader: nothing of them was sampled.
    pub offline: Vec<TopicPartition>,
}

impl Session {
    /// How the records of a topic are read; as it was decided before, where that rests on any record.
    ///
    /// # Errors
    /// When the topic does not exist or cannot be read.
    pub fn topic_mapping(&self, topic: &Arc<str>) -> Result<Arc<TopicMapping>, Failure> {
        if let Some(decided) = self.decided.get(topic).filter(|decided| decided.sampled > 0) {
            return Ok(Arc::clone(decided));
        }
        let partitions = self.partitions(std::slice::from_ref(topic), &[])?;
        // Without any leader there are no records to be read like this.
        let bounds = self.connection.watermarks(&partitions, REQUEST_TIMEOUT)?;
        Ok(Arc::new(self.judge(topic, &partitions, &self.sample(&bounds)?)?))
    }

    /// How the records of these topics are read.
    ///
    /// # Errors
    /// As of `topic_mapping`.
    pub(in crate::workspace) fn mappings(&self, topics: &[Arc<str>]) -> Result<Mappings, Failure> {
        let mapping = |topic: &Arc<str>| Ok((Arc::clone(topic), self.topic_mapping(topic)?));
        topics.iter().map(mapping).collect()
    }

    /// The mapping of a topic with its evidence.
    ///
    /// # Errors
    /// When the topic does not exist or cannot be read.
    pub fn mapping_report(&self, topic: &Arc<str>) -> Result<MappingReport, Failure> {
        let partitions = self.partitions(std::slice::from_ref(topic), &[])?;
        let bounds = self.bounds(&partitions)?;
        let sample = self.sample(&bounds)?;
        let topic_mapping = self.judge(topic, &partitions, &sample)?;
        let keys = records(&sample)
            .filter_map(|record| Some((record.key()?, record.partition().partition)));
        let partitioners = PartitionerEvidence::of_samples(keys, count_of(&partitions));
        let offline = offline(&partitions, &bounds);
        Ok(MappingReport { topic_mapping, partitioners, offline })
    }

    /// The mapping of a topic judged by sampled records.
    fn judge(
        &self,
        topic: &Arc<str>,
        partitions: &[TopicPartition],
        sample: &[RecordBatch],
    ) -> Result<TopicMapping, Failure> {
        let detected = entity::detect(records(sample), count_of(partitions));
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
        Ok(TopicMapping {
            topic: Arc::clone(topic),
            entity_name: config.map(|entity| entity.name.as_str().into()),
            mapping: Arc::new(mapping),
            decoder,
            evidence: detected.evidence,
            sampled: sample.iter().map(|batch| batch.len() as u64).sum(),
        })
    }

    /// The newest records of these partitions, a few of each.
    fn sample(
        &self,
        bounds: &BTreeMap<TopicPartition, Watermarks>,
    ) -> Result<Vec<RecordBatch>, Failure> {
        let (isolation, started_ms) = (self.isolation, self.started_ms);
        let sampling = Sampling { bounds, isolation, payloads: true, started_ms };
        let sample = sampling.take(&*self.log, &self.cancel)?;
        self.check_cancelled()?;
        Ok(sample)
    }
}

/// How many partitions these are.
fn count_of(partitions: &[TopicPartition]) -> i32 {
    i32::try_from(partitions.len()).unwrap_or(i32::MAX)
}
