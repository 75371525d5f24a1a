//! Opens a log for somebody who keeps it: what is on disk is handed over as it lies there, the rest
//! as records.
//!
//! Promises: what is kept already comes at once and costs hardly any memory; what is read meanwhile
//! follows as soon as it is sealed; the records come in offset order all the same.
//! Does not know: what is done with the log.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::serving::Served;
use super::{CachedLog, ServedRanges, nothing_read};
use crate::model::{
    Cancel, KeyFilter, OffsetRange, ReadEvent, ReadOutcome, ReadPlan, TopicPartition,
};
use crate::partition_log::kept_segments::KeptSegments;
use crate::partition_log::source::{LogSource as _, SourceError};

/// What somebody who opens a log is told.
#[derive(Debug)]
pub enum LogNews {
    /// Records that lie on disk come next in their partition.
    Kept(KeptSegments),
    /// The same as of a read.
    Read(ReadEvent),
}

/// Who is told.
type NewsSink<'a> = dyn FnMut(LogNews) -> ControlFlow<()> + 'a;

impl CachedLog {
    /// Opens the ranges of a plan, whose records go into a store in the order they are told of.
    /// With a key filter, or when not all of the ranges is wanted, it is a read.
    ///
    /// # Errors
    /// As of a read.
    pub fn open(
        &self,
        plan: &ReadPlan,
        cancel: &Cancel,
        sink: &mut NewsSink<'_>,
    ) -> Result<ReadOutcome, SourceError> {
        if !plan.whole || plan.keys != KeyFilter::All {
            return self.read(plan, cancel, &mut |event| sink(LogNews::Read(event)));
        }
        self.forget_damaged(plan)?;
        let mut told: ServedRanges = plan
            .ranges
            .iter()
            .map(|range| (range.topic_partition(), Served::nothing(range, plan)))
            .collect();
        self.look(plan, cancel)?;
        let mut flow = self.tell_kept(plan, &mut told, sink)?;
        if flow.is_break() {
            return Ok(nothing_read(plan));
        }
        let before = kept_records(&told);
        let filled = self.keep(plan, cancel, &mut |event| {
            let is_progress = matches!(event, ReadEvent::Progress(_));
            flow = sink(LogNews::Read(event));
            if is_progress && flow.is_continue() {
                match self.tell_kept(plan, &mut told, sink) {
                    Ok(next) => flow = next,
                    Err(problem) => tracing::debug!(target: "cache", %problem, "told later"),
                }
            }
            flow
        })?;
        let ended = filled.is_none() || self.tell_kept(plan, &mut told, sink)?.is_break();
        let mut outcome = if ended {
            ReadOutcome {
                partitions: told.into_values().map(|served| served.read).collect(),
                stopped: true,
                from_cache: 0,
            }
        } else {
            self.read_rest(plan, cancel, &told, &mut |event| sink(LogNews::Read(event)))?
        };
        outcome.from_cache = before;
        Ok(outcome)
    }

    /// Hands over the segments of these ranges that were not told of yet.
    fn tell_kept(
        &self,
        plan: &ReadPlan,
        told: &mut BTreeMap<TopicPartition, Served>,
        sink: &mut NewsSink<'_>,
    ) -> Result<ControlFlow<()>, SourceError> {
        for range in &plan.ranges {
            let partition = range.topic_partition();
            let Some(served) = told.get_mut(&partition) else { continue };
            assert!(served.read.position <= range.to, "nothing beyond the range is told");
            let rest = OffsetRange { from: served.read.position, ..range.clone() };
            if rest.is_empty() {
                continue;
            }
            let segments = self.adopt_after(range, plan, served)?;
            if segments.is_empty() {
                continue;
            }
            if sink(LogNews::Kept(KeptSegments { partition, segments })).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

/// How many records were handed over.
fn kept_records(told: &ServedRanges) -> u64 {
    told.values().map(|served| served.read.records).sum()
}
