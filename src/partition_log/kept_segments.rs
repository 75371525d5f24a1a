//! Segments on disk that are handed over as they lie there, to a store or to somebody who counts.
//!
//! Promises: lists of keys are read, not records, where they hold for this reader.
//! Does not know: which log they are of, what is done with them.

use std::ops::ControlFlow;

use super::cache::{CacheError, KeyPlace, KeyTally, Wanted};
use super::stored_segment::StoredSegment;
use crate::model::{RecordRef, TopicPartition};

/// Segments on disk of one partition, for a store.
#[derive(Debug)]
pub struct KeptSegments {
    /// The partition.
    pub(super) partition: TopicPartition,
    /// The segments, in offset order.
    pub(super) segments: Vec<StoredSegment>,
}

impl KeptSegments {
    /// The partition.
    pub fn partition(&self) -> &TopicPartition {
        &self.partition
    }

    /// Hands on every distinct key of each segment with what is known of it, until the sink breaks
    /// off. A key comes once for each segment that holds it. Lists of keys are read, not records,
    /// where they hold for this reader.
    ///
    /// # Errors
    /// When a segment cannot be read. Whoever opens the log anew gets it without that segment.
    pub fn for_each_key(
        &self,
        sink: &mut dyn FnMut(&[u8], &KeyTally) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, CacheError> {
        let partition = self.partition.partition;
        for segment in &self.segments {
            let flow = match segment.keys_as_written() {
                Some(keys) => keys.iter(partition).try_for_each(|(key, tally)| sink(key, &tally)),
                None => each_record(segment, &mut |record| {
                    let place = KeyPlace {
                        partition,
                        log_time_ms: record.log_time_ms(),
                        offset: record.offset(),
                        timestamp_ms: record.timestamp_ms(),
                    };
                    let tally = KeyTally { records: 1, first: place, last: place };
                    record.key().map_or(ControlFlow::Continue(()), |key| sink(key, &tally))
                })?,
            };
            if flow.is_break() {
                return Ok(flow);
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Hands on every record with its key and value, until the sink breaks off.
    ///
    /// # Errors
    /// As of `for_each_key`.
    pub fn for_each_record(
        &self,
        sink: &mut dyn FnMut(RecordRef<'_>) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, CacheError> {
        for segment in &self.segments {
            if each_record(segment, sink)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

/// Hands on every record of a segment, until the sink breaks off.
fn each_record(
    segment: &StoredSegment,
    sink: &mut dyn FnMut(RecordRef<'_>) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, CacheError> {
    let unreadable = |problem: CacheError| segment.file().tell(problem);
    for number in segment.batches_in_view().map_err(unreadable)? {
        let batch = segment.read_batch(number, Wanted::Everything).map_err(unreadable)?;
        if batch.iter().try_for_each(&mut *sink).is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(ControlFlow::Continue(()))
}
