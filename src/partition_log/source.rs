//! Where records come from: a cluster, a generator, later a capture.
//!
//! Promises: whatever the source, a read delivers each partition's records in offset order and accounts for every
//! offset it was asked for.
//! Does not know: what is done with the records.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::kafka::{KafkaError, Watermarks};
use crate::model::{Cancel, ReadEvent, ReadOutcome, ReadPlan, TopicPartition};

/// Why a source has no answer.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The cluster has none.
    #[error(transparent)]
    Kafka(#[from] KafkaError),
    /// The source has no such partition.
    #[error("there is no partition {0}")]
    UnknownPartition(TopicPartition),
}

impl SourceError {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Kafka(error) => error.hint(),
            Self::UnknownPartition(_) => None,
        }
    }
}

/// A log that can be read. Reading leaves no trace in it.
pub trait LogSource: Send + Sync {
    /// Where these partitions start and end now. Partitions that cannot be asked at the moment are missing.
    ///
    /// # Errors
    /// When one of them does not exist or may not be seen.
    fn bounds(
        &self,
        partitions: &[TopicPartition],
    ) -> Result<BTreeMap<TopicPartition, Watermarks>, SourceError>;

    /// Reads what the plan asks for and hands it to `sink`, until the end, a cancel, or the sink breaks off.
    ///
    /// # Errors
    /// When reading cannot go on. What was handed on until then is valid.
    fn read(
        &self,
        plan: &ReadPlan,
        cancel: &Cancel,
        sink: &mut dyn FnMut(ReadEvent) -> ControlFlow<()>,
    ) -> Result<ReadOutcome, SourceError>;
}
