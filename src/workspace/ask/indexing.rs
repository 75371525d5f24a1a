//! Reading topics into the local index ahead of any question.
//!
//! Promises: goes on from where the index stands; records that are not decided yet are left for
//! later.
//! Does not know: how records are kept.

use std::sync::Arc;

use super::scan::Watch;
use super::session::offline;
use crate::model::{OffsetRange, ReadPlan, TopicPartition};
use crate::partition_log::{FillOrder, Filled, Kept};
use crate::workspace::{Failure, Session};

/// So often an index that another process changes meanwhile, or that is damaged, is filled and
/// counted again.
const TRIES: usize = 8;

/// What is to be indexed.
#[derive(Clone, Debug)]
pub struct IndexQuestion {
    /// The topic.
    pub topic: Arc<str>,
    /// Its partitions; all when empty.
    pub partitions: Vec<i32>,
    /// Whether values and headers are wanted in the index.
    pub payloads: bool,
    /// How what is missing is read.
    pub order: FillOrder,
}

/// What an index of a topic holds.
#[derive(Clone, Debug)]
pub struct IndexSummary {
    /// How many partitions were asked about and have a leader.
    pub partitions: usize,
    /// Those that have none: nothing of them was read.
    pub offline: Vec<TopicPartition>,
    /// What was read for it.
    pub filled: Filled,
    /// What it keeps of the topic.
    pub kept: Kept,
}

impl Session {
    /// Reads a topic into the index.
    ///
    /// # Errors
    /// `Usage` when the topic or a partition does not exist or the index cannot be written; else
    /// when records cannot be read.
    pub fn index(
        &self,
        question: &IndexQuestion,
        watch: Watch<'_>,
    ) -> Result<IndexSummary, Failure> {
        let partitions =
            self.partitions(std::slice::from_ref(&question.topic), &question.partitions)?;
        let bounds = self.bounds(&partitions)?;
        let range = |(partition, bounds): (_, &crate::kafka::Watermarks)| {
            OffsetRange::new(partition, bounds.low, bounds.last_stable)
        };
        let plan = ReadPlan {
            isolation: self.isolation,
            values: question.payloads,
            headers: question.payloads,
            whole: true,
            ..ReadPlan::new(bounds.iter().map(range).collect(), self.started_ms)
        };
        let offline = offline(&partitions, &bounds);
        let mut filled = Filled::default();
        for _ in 0..TRIES {
            let more = self.log.fill_up(&plan, question.order, &self.cancel, &mut |event| {
                watch(&event);
                std::ops::ControlFlow::Continue(())
            })?;
            let Some(more) = more else { return Err(Failure::cancelled()) };
            filled.records += more.records;
            filled.bytes += more.bytes;
            if let Some(kept) = self.log.kept(&plan)? {
                return Ok(IndexSummary { partitions: bounds.len(), offline, filled, kept });
            }
        }
        Err(Failure::usage(format!("the index of `{}` changes all the time", question.topic))
            .with_hint("another process writes or removes it: ask again when that has ended"))
    }
}
