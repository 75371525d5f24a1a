//! A sample of some partitions: a few records of each, the newest or from all over the log.
//!
//! Promises: every partition that has records is in it, whatever their number; the same log gives
//! the same sample.
//! Does not know: what the sample is to tell.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::source::{LogSource, SourceError};
use crate::kafka::Watermarks;
use crate::model::{
    Cancel, Isolation, OffsetRange, ReadEvent, ReadPlan, RecordBatch, RecordRef, TopicPartition,
};

/// How many records a sample holds, about.
const RECORDS: i64 = 400;

/// From how many places of a partition, evenly spaced from its beginning to its end, a sample of
/// all the log is taken.
const PLACES: i64 = 4;

/// How many records of a partition a sample holds at least: one of each place.
const RECORDS_PER_PARTITION: i64 = PLACES;

/// The records of one part of the log, sorted by partition and offset.
pub(crate) type Part = Vec<RecordBatch>;

/// What a sample is taken of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sampling<'a> {
    /// The partitions, and where they begin and end.
    pub(crate) bounds: &'a BTreeMap<TopicPartition, Watermarks>,
    /// Which records are delivered.
    pub(crate) isolation: Isolation,
    /// Whether values and headers are wanted.
    pub(crate) payloads: bool,
    /// When the question was asked, in milliseconds since the epoch.
    pub(crate) started_ms: i64,
}

impl Sampling<'_> {
    /// The newest records of the partitions, a few of each; the oldest where there are none. When
    /// it is called off, what was read until then.
    pub(crate) fn newest(&self, log: &dyn LogSource, cancel: &Cancel) -> Result<Part, SourceError> {
        let of_each = self.of_each();
        let sample = self.read(log, cancel, &|low, end| (low.max(end - of_each), end))?;
        if sample.is_empty() { self.oldest(log, cancel) } else { Ok(sample) }
    }

    /// A few records of each partition from all over the log: the oldest, the newest, and some
    /// between. The whole log where it is short. When it is called off, what was read until then.
    pub(crate) fn spread(
        &self,
        log: &dyn LogSource,
        cancel: &Cancel,
    ) -> Result<Vec<Part>, SourceError> {
        let of_each = self.of_each();
        let mut parts = Vec::new();
        for place in 0..PLACES {
            let part = self.read(log, cancel, &|low, end| place_of(place, of_each, low, end))?;
            parts.push(part);
        }
        if parts.iter().all(Vec::is_empty) {
            parts = vec![self.oldest(log, cancel)?];
        }
        Ok(parts)
    }

    /// The oldest records. The end of a partition may be nothing but markers, aborted records and
    /// what compaction left out.
    fn oldest(&self, log: &dyn LogSource, cancel: &Cancel) -> Result<Part, SourceError> {
        let of_each = self.of_each();
        self.read(log, cancel, &|low, end| (low, end.min(low + of_each)))
    }

    /// How many records of each partition are wanted.
    fn of_each(&self) -> i64 {
        let count = i64::try_from(self.bounds.len().max(1)).unwrap_or(i64::MAX);
        (RECORDS / count).max(RECORDS_PER_PARTITION)
    }

    /// All records of a part of each partition.
    fn read(
        &self,
        log: &dyn LogSource,
        cancel: &Cancel,
        part: &dyn Fn(i64, i64) -> (i64, i64),
    ) -> Result<Part, SourceError> {
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

/// The offsets, from (inclusive) and to (exclusive), of a place in a partition that begins and ends
/// there. All of a partition that has no more than is wanted of it lies at its first place.
fn place_of(place: i64, of_each: i64, low: i64, end: i64) -> (i64, i64) {
    if end - low <= of_each {
        return if place == 0 { (low, end) } else { (end, end) };
    }
    let of_place = of_each / PLACES;
    let from = low + (end - low - of_place).saturating_mul(place) / (PLACES - 1);
    (from, from + of_place)
}

/// The records of these batches.
pub(crate) fn records(batches: &[RecordBatch]) -> impl Iterator<Item = RecordRef<'_>> {
    batches.iter().flat_map(RecordBatch::iter)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The places of a partition that begins and ends there, of which 100 records are wanted.
    fn places(low: i64, end: i64) -> Vec<(i64, i64)> {
        (0..PLACES).map(|place| place_of(place, 100, low, end)).collect()
    }

    #[test]
    fn a_sample_reaches_from_the_first_record_to_the_last() {
        assert_eq!(
            places(1_000, 2_000),
            [(1_000, 1_025), (1_325, 1_350), (1_650, 1_675), (1_975, 2_000)]
        );
        assert_eq!(places(0, 101), [(0, 25), (25, 50), (50, 75), (76, 101)]);
    }

    #[test]
    fn a_short_partition_is_sampled_as_a_whole() {
        assert_eq!(places(7, 107), [(7, 107), (107, 107), (107, 107), (107, 107)]);
    }
}
