//! How much of the history an answer rests on: what was read, measured against what there was.
//!
//! Promises: gaps cost a second look only where there are some; what may not be seen makes the answer unknown, never
//! complete.
//! Does not know: how a verdict is reached (`partition_log::assess`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::session::REQUEST_TIMEOUT;
use super::{Failure, Session};
use crate::kafka::{self, KafkaError, Watermarks};
use crate::model::{Completeness, Isolation, OffsetRange, PartitionRead, TopicPartition};
use crate::partition_log::{PartitionHistory, assess};

/// Offsets of single records, ascending, by partition.
pub(super) type Offsets = BTreeMap<TopicPartition, Vec<i64>>;

/// What was read for an answer.
#[derive(Debug)]
pub(super) struct Coverage<'a> {
    /// The partitions asked about.
    pub(super) partitions: &'a [TopicPartition],
    /// Where they began and ended; those that may not be seen are missing.
    pub(super) bounds: &'a BTreeMap<TopicPartition, Watermarks>,
    /// What was read of them.
    pub(super) reads: &'a [PartitionRead],
    /// Events of the answer that could not be decoded.
    pub(super) undecodable: &'a Offsets,
}

impl Session {
    /// The verdict on what was read.
    ///
    /// # Errors
    /// When the second look at gaps fails.
    pub(super) fn completeness(&self, coverage: &Coverage<'_>) -> Result<Completeness, Failure> {
        let has_gaps = coverage.reads.iter().any(|read| !read.gaps.is_empty());
        let compacted =
            if has_gaps { self.compacted(coverage.partitions)? } else { BTreeMap::new() };
        let aborted = if has_gaps && self.isolation == Isolation::Committed {
            let gaps: Vec<OffsetRange> =
                coverage.reads.iter().flat_map(|read| read.gaps.iter().cloned()).collect();
            // What the index keeps tells it without another look at the log.
            let (mut known, rest) = self.log.aborted_in_gaps(&gaps)?;
            let found = kafka::aborted_in_gaps(&self.connection, &rest, &self.cancel)?;
            for (partition, offsets) in found {
                known.entry(partition).or_default().extend(offsets);
            }
            for offsets in known.values_mut() {
                offsets.sort_unstable();
            }
            known
        } else {
            Offsets::new()
        };
        let history = |partition: &TopicPartition| PartitionHistory {
            partition: partition.clone(),
            bounds: coverage.bounds.get(partition).copied(),
            reads: coverage
                .reads
                .iter()
                .filter(|read| read.partition == *partition)
                .cloned()
                .collect(),
            compacted: if has_gaps {
                compacted.get(&partition.topic).copied().flatten()
            } else {
                Some(false)
            },
            aborted: Some(aborted.get(partition).cloned().unwrap_or_default()),
            undecodable: coverage.undecodable.get(partition).cloned().unwrap_or_default(),
        };
        let histories: Vec<PartitionHistory> = coverage.partitions.iter().map(history).collect();
        Ok(assess(&histories, self.isolation))
    }

    /// For each topic whether its policy compacts; `None` where that may not be seen.
    fn compacted(
        &self,
        partitions: &[TopicPartition],
    ) -> Result<BTreeMap<Arc<str>, Option<bool>>, Failure> {
        let topics: BTreeSet<&str> = partitions.iter().map(|partition| &*partition.topic).collect();
        let topics: Vec<&str> = topics.into_iter().collect();
        let configs = match self.connection.topic_configs(&topics, REQUEST_TIMEOUT) {
            Ok(configs) => configs,
            Err(KafkaError::NotPermitted { .. } | KafkaError::Other { .. }) => {
                return Ok(BTreeMap::new());
            }
            Err(error) => return Err(error.into()),
        };
        let compacts = |config: Option<kafka::TopicConfig>| config.map(|config| config.compacts());
        Ok(configs.into_iter().map(|(topic, config)| (topic, compacts(config))).collect())
    }
}
