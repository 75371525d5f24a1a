//! What was decided of a topic by its records, as it is kept with the index.
//!
//! Promises: what is written is read back as the same decision; what a later version wrote is not
//! misread.
//! Does not know: where it is kept, what `foldback.toml` says besides.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::detect::{Evidence, detect};
use super::mapping::Mapping;
use crate::decode::Decoder;
use crate::kafka::Watermarks;
use crate::model::{RecordBatch, TopicPartition};
use crate::partition_log::sample::Part;

/// The format in which decisions are kept.
const FORMAT: u32 = 1;

/// What was decided of a topic by its records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// In which format it is kept.
    pub format: u32,
    /// When it was decided, in milliseconds since the epoch.
    pub decided_ms: i64,
    /// How many records were sampled.
    pub sampled: u64,
    /// What there was of each partition, sorted: the sample was taken from all over it.
    pub partitions: Vec<SampledPartition>,
    /// How records become events.
    pub mapping: Mapping,
    /// How values are decoded.
    pub decoder: Decoder,
    /// Why.
    pub evidence: Vec<Evidence>,
}

/// What there was of a partition when it was sampled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SampledPartition {
    /// Its number.
    pub partition: i32,
    /// The first offset.
    pub from: i64,
    /// The offset after the last.
    pub to: i64,
}

/// Why what is kept cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DecisionError {
    /// A later version wrote it.
    #[error("it is kept in format {0}, and this program knows {FORMAT}")]
    Newer(u32),
    /// It is no decision.
    #[error("it is no decision: {0}")]
    Damaged(#[from] serde_json::Error),
}

/// What every format has.
#[derive(Deserialize)]
struct Header {
    /// Its number.
    format: u32,
}

impl Decision {
    /// What these sampled parts of a topic's log say at a moment, in milliseconds since the epoch.
    pub(crate) fn of(
        sample: &[Part],
        partitions: Vec<SampledPartition>,
        partition_count: i32,
        now_ms: i64,
    ) -> Self {
        let records = sample.iter().map(|part| part.iter().flat_map(RecordBatch::iter));
        let detected = detect(records, partition_count);
        Self {
            format: FORMAT,
            decided_ms: now_ms,
            sampled: sample.iter().flatten().map(|batch| batch.len() as u64).sum(),
            partitions,
            mapping: detected.mapping,
            decoder: detected.decoder.decoder,
            evidence: detected.evidence,
        }
    }

    /// The decision in kept bytes.
    ///
    /// # Errors
    /// When there is none in them, or a later version wrote it.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, DecisionError> {
        let Header { format } = serde_json::from_slice(bytes)?;
        if format > FORMAT {
            return Err(DecisionError::Newer(format));
        }
        Ok(serde_json::from_slice(bytes)?)
    }

    /// The bytes to be kept.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a decision is made of texts and integers")
    }

    /// Whether it rests on more of a partition than there is.
    pub(crate) fn reaches_beyond(&self, bounds: &BTreeMap<TopicPartition, Watermarks>) -> bool {
        bounds.iter().any(|(partition, marks)| {
            let of_it = |known: &&SampledPartition| known.partition == partition.partition;
            self.partitions.iter().find(of_it).is_some_and(|known| marks.high < known.to)
        })
    }

    /// How records are read, in words: what is found where.
    pub(crate) fn in_words(&self) -> String {
        let chosen = |what: &str| {
            let found = self.evidence.iter().find(|evidence| evidence.what == what);
            found.map(|evidence| format!("{what} {}", evidence.choice))
        };
        let choices = ["values", "preset", "type"];
        choices.into_iter().filter_map(chosen).collect::<Vec<_>>().join(", ")
    }

    /// Whether values or types are read differently by another decision. The other places may be
    /// found in one sample and not in the next.
    pub(crate) fn differs_from(&self, other: &Self) -> bool {
        let ways = |decision: &Self| (decision.decoder, decision.mapping.preset);
        ways(self) != ways(other) || self.mapping.event_type != other.mapping.event_type
    }

    /// What came to these partitions after it was decided.
    pub(crate) fn later(
        &self,
        bounds: &BTreeMap<TopicPartition, Watermarks>,
    ) -> BTreeMap<TopicPartition, Watermarks> {
        let later = |(partition, marks): (&TopicPartition, &Watermarks)| {
            let known = self.partitions.iter().find(|known| known.partition == partition.partition);
            let low = known.map_or(marks.low, |known| known.to.max(marks.low));
            (partition.clone(), Watermarks { low, ..*marks })
        };
        bounds.iter().map(later).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::Preset;

    #[test]
    fn a_decision_is_read_back_as_it_was_written_with_any_preset() {
        for preset in Preset::ALL {
            let decision = Decision {
                mapping: preset.mapping(),
                partitions: vec![SampledPartition { partition: 3, from: 7, to: i64::MAX }],
                ..Decision::of(&[], Vec::new(), 1, 5)
            };
            assert_eq!(Decision::from_bytes(&decision.to_bytes()).unwrap(), decision);
        }
    }

    #[test]
    fn what_a_later_version_decided_is_not_misread() {
        let later = Decision::from_bytes(br#"{"format":2,"decided_by":"moon"}"#).unwrap_err();
        assert!(matches!(later, DecisionError::Newer(2)), "{later}");
        assert!(Decision::from_bytes(b"{}").is_err());
    }
}
