//! How the records of a topic are read as events: from `foldback.toml`, completed by what a sample
//! of the log shows.
//!
//! Promises: what `foldback.toml` names is never overruled; what was decided once is kept with the
//! index and stays, whatever is appended, until the user decides anew; every choice says why; that
//! later records disagree is told.
//! Does not know: how a mapping is applied (`entity`).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::mapping::{Disagreement, Mappings, TopicMapping, mapping_of};
use super::session::{REQUEST_TIMEOUT, offline};
use crate::decode::Decoder;
use crate::entity::{Decision, SampledPartition};
use crate::kafka::Watermarks;
use crate::model::{RecordRef, TopicPartition};
use crate::partition_log::sample::{Part, Sampling, records};
use crate::partition_log::{LogSource as _, PartitionerEvidence};
use crate::workspace::{Failure, Session};

/// Where partitions begin and end.
type Bounds = BTreeMap<TopicPartition, Watermarks>;

impl TopicMapping {
    /// The event time of a record, in milliseconds since the epoch; `None` where it has none that
    /// can be read.
    pub(super) fn event_time_ms(&self, record: RecordRef<'_>) -> Option<i64> {
        self.mapping.event_time_ms(record, self.decoder)
    }
}

/// What `mapping` answers: a topic's mapping, and what its keys say about who wrote it.
#[derive(Clone, Debug)]
pub struct MappingReport {
    /// The mapping.
    pub topic_mapping: TopicMapping,
    /// Whether it is kept with the index, so that later questions rest on it.
    pub kept: bool,
    /// How well the known partitioners explain where sampled keys are.
    pub partitioners: PartitionerEvidence,
    /// Partitions that have no leader: nothing of them was sampled.
    pub offline: Vec<TopicPartition>,
}

impl Session {
    /// How the records of a topic are read; as it was decided before, where that rests on any
    /// record.
    ///
    /// # Errors
    /// When the topic does not exist or cannot be read.
    pub fn topic_mapping(&self, topic: &Arc<str>) -> Result<Arc<TopicMapping>, Failure> {
        if let Some(decided) =
            self.decided.get(topic).filter(|decided| decided.decision.sampled > 0)
        {
            return Ok(Arc::clone(decided));
        }
        let partitions = self.partitions(std::slice::from_ref(topic), &[])?;
        // Without any leader there are no records to be read like this.
        let bounds = self.connection.watermarks(&partitions, REQUEST_TIMEOUT)?;
        let decision = if let Some(kept) = self.kept_decision(topic, &bounds)? {
            kept
        } else {
            let decision = self.judge(&self.sample(&bounds)?, &bounds, partitions.len());
            self.keep(topic, decision, false)?.0
        };
        let mapping = self.mapping_by(topic, decision, &bounds, partitions.len())?;
        if let Some(disagreement) = &mapping.disagreement {
            (self.tell)(&disagreement.problem(topic));
        }
        Ok(Arc::new(mapping))
    }

    /// How the records of these topics are read.
    ///
    /// # Errors
    /// As of `topic_mapping`.
    pub(in crate::workspace) fn mappings(&self, topics: &[Arc<str>]) -> Result<Mappings, Failure> {
        let mapping = |topic: &Arc<str>| Ok((Arc::clone(topic), self.topic_mapping(topic)?));
        topics.iter().map(mapping).collect()
    }

    /// The mapping of a topic with its evidence; decided anew from the log as it is now if the user
    /// says so.
    ///
    /// # Errors
    /// When the topic does not exist or cannot be read.
    pub fn mapping_report(&self, topic: &Arc<str>, anew: bool) -> Result<MappingReport, Failure> {
        let partitions = self.partitions(std::slice::from_ref(topic), &[])?;
        let bounds = self.bounds(&partitions)?;
        let sample = self.sample(&bounds)?;
        let before = if anew { None } else { self.kept_decision(topic, &bounds)? };
        let (decision, kept) = match before {
            Some(before) => (before, true),
            None => self.keep(topic, self.judge(&sample, &bounds, partitions.len()), anew)?,
        };
        let topic_mapping = self.mapping_by(topic, decision, &bounds, partitions.len())?;
        let keys = sample
            .iter()
            .flat_map(|part| records(part))
            .filter_map(|record| Some((record.key()?, record.partition().partition)));
        let partitioners = PartitionerEvidence::of_samples(keys, number(partitions.len()));
        let offline = offline(&partitions, &bounds);
        Ok(MappingReport { topic_mapping, kept, partitioners, offline })
    }

    /// What was decided of a topic before, unless it was decided of another topic of the same name.
    fn kept_decision(
        &self,
        topic: &Arc<str>,
        bounds: &Bounds,
    ) -> Result<Option<Decision>, Failure> {
        let Some(bytes) = self.log.decided(topic)? else { return Ok(None) };
        let decision = match Decision::from_bytes(&bytes) {
            Ok(decision) => decision,
            Err(problem) => {
                tracing::warn!(target: "cache", %topic, %problem, "a decision is not used");
                return Ok(None);
            }
        };
        // Where topics have no ids, a log that ends earlier may be another one.
        let shorter = decision.reaches_beyond(bounds);
        let has_id = || {
            let identity = self.log.identity(topic)?;
            Ok::<_, Failure>(identity.is_some_and(|identity| identity.topic_id.is_some()))
        };
        if shorter && !has_id()? {
            return Ok(None);
        }
        Ok(Some(decision))
    }

    /// Keeps what was decided of a topic if it rests on any record. Says what is decided now, which
    /// may be what another process was first to decide, and whether it is kept.
    fn keep(
        &self,
        topic: &Arc<str>,
        decision: Decision,
        anew: bool,
    ) -> Result<(Decision, bool), Failure> {
        if decision.sampled == 0 {
            return Ok((decision, false));
        }
        let Some(kept) = self.log.decide(topic, &decision.to_bytes(), anew)? else {
            return Ok((decision, false));
        };
        Ok(match Decision::from_bytes(&kept) {
            Ok(kept) => (kept, true),
            Err(_told) => (decision, false),
        })
    }

    /// What sampled records say.
    fn judge(&self, sample: &[Part], bounds: &Bounds, partitions: usize) -> Decision {
        let isolation = self.isolation;
        let of = |(partition, marks): (&TopicPartition, &Watermarks)| SampledPartition {
            partition: partition.partition,
            from: marks.low,
            to: marks.end(isolation),
        };
        let sampled = bounds.iter().map(of).collect();
        Decision::of(sample, sampled, number(partitions), self.started_ms)
    }

    /// The mapping of a topic by what was decided of it and what `foldback.toml` says.
    fn mapping_by(
        &self,
        topic: &Arc<str>,
        decision: Decision,
        bounds: &Bounds,
        partitions: usize,
    ) -> Result<TopicMapping, Failure> {
        let config = self.config.as_ref().and_then(|config| config.entity_of_topic(topic));
        let (mapping, reads_json) = match config {
            Some(entity) => {
                let configured =
                    mapping_of(entity).map_err(|error| Failure::usage_error(&error))?;
                let reads_json = configured.reads_json();
                (configured.completed_by(&decision.mapping), reads_json)
            }
            None => (decision.mapping.clone(), false),
        };
        let decoder = if reads_json { Decoder::Json } else { decision.decoder };
        let disagreement = self.disagreement(&decision, bounds, partitions)?;
        Ok(TopicMapping {
            topic: Arc::clone(topic),
            entity_name: config.map(|entity| entity.name.as_str().into()),
            mapping: Arc::new(mapping),
            decoder,
            decision: Arc::new(decision),
            disagreement,
        })
    }

    /// That the records which came after a decision clearly disagree with it: there are at least as
    /// many as it rests on.
    fn disagreement(
        &self,
        decision: &Decision,
        bounds: &Bounds,
        partitions: usize,
    ) -> Result<Option<Disagreement>, Failure> {
        let later = decision.later(bounds);
        let offsets = |marks: &Watermarks| marks.end(self.isolation).saturating_sub(marks.low);
        let came: i64 = later.values().map(|marks| offsets(marks).max(0)).sum();
        if came.unsigned_abs() < decision.sampled.max(1) {
            return Ok(None);
        }
        let sample = self.sample(&later)?;
        let now = self.judge(&sample, &later, partitions);
        if now.sampled < decision.sampled || !now.differs_from(decision) {
            return Ok(None);
        }
        let since = sample.iter().flat_map(|part| records(part)).min_by_key(|record| {
            (record.log_time_ms(), record.partition().partition, record.offset())
        });
        Ok(since.map(|first| Disagreement {
            since_ms: first.log_time_ms(),
            sampled: now.sampled,
            found: now.in_words(),
            decided: decision.in_words(),
        }))
    }

    /// A few records of these partitions from all over the log.
    fn sample(&self, bounds: &Bounds) -> Result<Vec<Part>, Failure> {
        let (isolation, started_ms) = (self.isolation, self.started_ms);
        let sampling = Sampling { bounds, isolation, payloads: true, started_ms };
        let sample = sampling.spread(&*self.log, &self.cancel)?;
        self.check_cancelled()?;
        Ok(sample)
    }
}

/// A number of partitions.
fn number(partitions: usize) -> i32 {
    i32::try_from(partitions).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests;
