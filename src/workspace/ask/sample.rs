//! A sample of some partitions: a few of the newest records of each.
//!
//! Promises: every partition that has records is in it, whatever their number.
//! Does not know: what the sample is to tell.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::kafka::Watermarks;
use crate::model::{
    Cancel, Isolation, OffsetRange, ReadEvent, ReadPlan, RecordBatch, RecordRef, TopicPartition,
};
use crate::partition_log::{LogSource, SourceError};

/// How many records a sample holds, about.
const RECORDS: i64 = 400;

/// How many records of a partition a sample holds at least.
const RECORDS_PER_PARTITION: i64 = 4;

/// What a sample is taken of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sampling<'a> {
    /// The partitions, and where they begin and end.
    pub(super) bounds: &'a BTreeMap<TopicPartition, Watermarks>,
    /// Which records are delivered.
    pub(super) isolation: Isolation,
    /// Whether values and headers are wanted.
    pub(super) payloads: bool,
    /// When the question was asked, in milliseconds since the epoch.
    pub(super) started_ms: i64,
}

impl Sampling<'_> {
    /// The newest records of the partitions, a few of each; the oldest where there are none. When it is called off, what
    /// was read until then.
    pub(super) fn take(
        &self,
        log: &dyn LogSource,
        cancel: &Cancel,
    ) -> Result<Vec<RecordBatch>, SourceError> {
        let count = i64::try_from(self.bounds.len().max(1)).unwrap_or(i64::MAX);
        let of_each = (RECORDS / count).max(RECORDS_PER_PARTITION);
        let sample = self.read(log, cancel, &|low, end| (low.max(end - of_each), end))?;
        if !sample.is_empty() {
            return Ok(sample);
        }
        // The end of a partition may be nothing but markers, aborted records and what compaction left out.
        self.read(log, cancel, &|low, end| (low, end.min(low + of_each)))
    }

    /// All records of a part of each partition.
    fn read(
        &self,
        log: &dyn LogSource,
        cancel: &Cancel,
        part: &dyn Fn(i64, i64) -> (i64, i64),
    ) -> Result<Vec<RecordBatch>, SourceError> {
        let range = |(partition, bounds): (&TopicPartition, &Watermarks)| {
            let (from, to) = part(bounds.low, bounds.end(self.isolation));
            OffsetRange::new(partition, from, to)
        };
        let ranges = self.bounds.iter().map(range).filter(|range| !range.is_empty());
        let plan = ReadPlan {
            isolation: self.isolation,
            values: self.payloads,
            headers: self.payloads,
            ..ReadPlan::new(ranges.collect(), self.started_ms)
        };
        let mut batches = Vec::new();
        if plan.ranges.is_empty() {
            return Ok(batches);
        }
        log.read(&plan, cancel, &mut |event| {
            if let ReadEvent::Batch(batch) = event {
                batches.push(batch);
            }
            ControlFlow::Continue(())
        })?;
        batches.sort_by(|one, other| {
            (one.partition(), one.offsets()).cmp(&(other.partition(), other.offsets()))
        });
        Ok(batches)
    }
}

/// The records of these batches.
pub(super) fn records(batches: &[RecordBatch]) -> impl Iterator<Item = RecordRef<'_>> {
    batches.iter().flat_map(RecordBatch::iter)
}
