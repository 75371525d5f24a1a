//! Where records come from: a cluster, a generator, later a capture.
//!
//! Promises: whatever the source, a read delivers each partition's records in offset order and accounts for every
//! offset it was asked for.
//! Does not know: what is done with the records.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::model::{Cancel, ReadEvent, ReadOutcome, ReadPlan, TopicPartition};

/// Where the log of a partition starts and ends at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watermarks {
    /// The first offset that is still there.
    pub low: i64,
    /// The high watermark: the offset the next record gets, as far as readers may see.
    pub high: i64,
    /// The last stable offset: from here on transactions are undecided. The high watermark when none is.
    pub last_stable: i64,
}

/// Why a source has no answer.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The source has no such partition.
    #[error("there is no partition {0}")]
    UnknownPartition(TopicPartition),
}

/// A log that can be read. Reading leaves no trace in it.
pub trait LogSource: Send + Sync {
    /// Where these partitions start and end now.
    ///
    /// # Errors
    /// When one of them does not exist or cannot be asked.
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
