//! Where records come from: a cluster, a generator, later a capture.
//!
//! Promises: whatever the source, a read delivers each partition's records in offset order and
//! accounts for every offset it was asked for.
//! Does not know: what is done with the records.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::cache::{CacheError, TopicIdentity};
use crate::kafka::{KafkaError, Watermarks};
use crate::model::{
    Cancel, Isolation, OffsetRange, ReadEvent, ReadOutcome, ReadPlan, RecordRef, TopicPartition,
};

/// Why a source has no answer.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The cluster has none.
    #[error(transparent)]
    Kafka(#[from] KafkaError),
    /// What is kept on disk cannot be used.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// The source has no such partition.
    #[error("there is no partition {0}")]
    UnknownPartition(TopicPartition),
}

impl SourceError {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Kafka(error) => error.hint(),
            Self::Cache(error) => Some(error.hint()),
            Self::UnknownPartition(_) => None,
        }
    }
}

/// A log that can be read. Reading leaves no trace in it.
pub trait LogSource: Send + Sync {
    /// Where these partitions start and end now. Partitions that cannot be asked at the moment are
    /// missing.
    ///
    /// # Errors
    /// When one of them does not exist or may not be seen.
    fn bounds(
        &self,
        partitions: &[TopicPartition],
    ) -> Result<BTreeMap<TopicPartition, Watermarks>, SourceError>;

    /// What tells this topic from all others, also from one of the same name created later; `None`
    /// where there is no telling, so that nothing of it can be kept.
    ///
    /// # Errors
    /// When it cannot be asked.
    fn identity(&self, topic: &str) -> Result<Option<TopicIdentity>, SourceError>;

    /// Reads what the plan asks for and hands it to `sink`, until the end, a cancel, or the sink
    /// breaks off.
    ///
    /// # Errors
    /// When reading cannot go on. What was handed on until then is valid.
    fn read(
        &self,
        plan: &ReadPlan,
        cancel: &Cancel,
        sink: &mut dyn FnMut(ReadEvent) -> ControlFlow<()>,
    ) -> Result<ReadOutcome, SourceError>;

    /// Reads these parts, those of a partition in ascending order, with all records there are,
    /// aborted ones too: for whoever knows what became of them. The outcome has an account for each
    /// part.
    ///
    /// # Errors
    /// As of `read`.
    fn read_parts(
        &self,
        parts: &[OffsetRange],
        started_ms: i64,
        cancel: &Cancel,
        sink: &mut dyn FnMut(ReadEvent) -> ControlFlow<()>,
    ) -> Result<ReadOutcome, SourceError> {
        let mut outcome = ReadOutcome::default();
        let is_before = |one: &OffsetRange, other: &OffsetRange| {
            one.topic_partition() != other.topic_partition() || one.to <= other.from
        };
        assert!(parts.is_sorted_by(is_before), "parts of a partition ascend");
        for part in parts {
            let plan = ReadPlan {
                isolation: Isolation::Uncommitted,
                ..ReadPlan::new(vec![part.clone()], started_ms)
            };
            let mut read = self.read(&plan, cancel, sink)?;
            outcome.partitions.append(&mut read.partitions);
            outcome.stopped |= read.stopped;
            if outcome.stopped {
                break;
            }
        }
        Ok(outcome)
    }

    /// Reads what the plan asks for, with the records of all partitions in log order: (log time,
    /// topic, partition, offset). `events` is given everything else.
    ///
    /// # Errors
    /// As of `read`.
    fn read_in_log_order(
        &self,
        plan: &ReadPlan,
        cancel: &Cancel,
        sink: &mut dyn FnMut(RecordRef<'_>) -> ControlFlow<()>,
        events: &mut dyn FnMut(ReadEvent),
    ) -> Result<ReadOutcome, SourceError>;
}
