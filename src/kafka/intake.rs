//! What becomes of the records of one partition as they arrive: counted, given their log time,
//! filtered, batched.
//!
//! Promises: every offset up to the position is a record, a gap or lost; records that the key
//! filter leaves out still move log time; batches are sealed at 4,096 records or 1 MiB.
//! Does not know: where records come from, who is given the batches.

use std::sync::Arc;

use memchr::memmem::Finder;

use super::outcomes::PartitionOutcomes;
use crate::model::{
    Header, KeyFilter, LeaderEpoch, LogClock, LogTime, OffsetRange, PartitionRead, ReadPlan,
    RecordBatch, RecordBatchBuilder, RecordFacts, TimestampType,
};

/// Records that make a batch full.
const BATCH_RECORDS: usize = 4096;

/// Bytes that make a batch full.
const BATCH_BYTES: usize = 1 << 20;

/// How many bytes of records whose log time is not known yet are held back. When there are more,
/// the start of the read stands in for the time of the plausible record that never came.
const HELD_BYTES: usize = 64 << 20;

/// Which keys are handed on.
#[derive(Clone, Debug)]
enum KeyMatcher {
    /// All, null keys included.
    All,
    /// This one.
    Equals(Arc<[u8]>),
    /// Those with these bytes in them.
    Contains(Box<Finder<'static>>),
}

impl KeyMatcher {
    /// Prepares a filter for many keys.
    fn new(filter: &KeyFilter) -> Self {
        match filter {
            KeyFilter::All => Self::All,
            KeyFilter::Equals(key) => Self::Equals(Arc::clone(key)),
            KeyFilter::Contains(part) => Self::Contains(Box::new(Finder::new(part).into_owned())),
        }
    }

    /// Whether a record with this key is handed on.
    fn matches(&self, key: Option<&[u8]>) -> bool {
        match self {
            Self::All => true,
            Self::Equals(wanted) => key == Some(wanted),
            Self::Contains(finder) => key.is_some_and(|key| finder.find(key).is_some()),
        }
    }
}

/// One record as it arrives, without its headers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Incoming<'a> {
    /// The offset.
    pub(crate) offset: i64,
    /// The timestamp, in milliseconds since the epoch.
    pub(crate) timestamp_ms: i64,
    /// Whose clock wrote the timestamp.
    pub(crate) timestamp_type: TimestampType,
    /// The term of the leader that wrote it; -1 where the broker does not say.
    pub(crate) leader_epoch: i32,
    /// The key.
    pub(crate) key: Option<&'a [u8]>,
    /// The value.
    pub(crate) value: Option<&'a [u8]>,
}

/// What becomes of the records of one partition.
#[derive(Debug)]
pub(crate) struct Intake {
    /// What was found so far.
    read: PartitionRead,
    /// Whether reading goes on beyond the end asked for.
    follow: bool,
    /// Whether values are wanted.
    values: bool,
    /// Whether headers are wanted.
    headers: bool,
    /// Which records are handed on.
    keys: KeyMatcher,
    /// What became of transactions.
    outcomes: PartitionOutcomes,
    /// The partition's clock.
    clock: LogClock,
    /// No log time lies before this one, in milliseconds.
    floor_ms: i64,
    /// The batch being filled.
    batch: RecordBatchBuilder,
    /// Records whose log time the next plausible record will say. While there are any, `batch` is
    /// empty.
    held: RecordBatchBuilder,
}

impl Intake {
    /// Prepares for the records of this range.
    pub(crate) fn new(range: &OffsetRange, plan: &ReadPlan, outcomes: PartitionOutcomes) -> Self {
        let read = PartitionRead::starting(range);
        Self {
            follow: plan.follow,
            values: plan.values,
            headers: plan.headers,
            keys: KeyMatcher::new(&plan.keys),
            outcomes,
            clock: plan.clock_of(&read.partition),
            floor_ms: i64::MIN,
            batch: RecordBatchBuilder::new(read.partition.clone()),
            held: RecordBatchBuilder::new(read.partition.clone()),
            read,
        }
    }

    /// What was found so far.
    pub(crate) fn read(&self) -> &PartitionRead {
        &self.read
    }

    /// Whether everything up to the end asked for has arrived or is missing.
    pub(crate) fn has_reached_end(&self) -> bool {
        self.read.is_done()
    }

    /// No record that is still to come has an earlier log time than this, in milliseconds.
    pub(crate) fn earliest_coming_ms(&self) -> i64 {
        if !self.held.is_empty() {
            return i64::MIN;
        }
        self.clock.latest_ms().map_or(self.floor_ms, |latest| latest.max(self.floor_ms))
    }

    /// Takes a record, and says the batch that it filled, if it did. Records at or beyond the end
    /// asked for are left out, unless reading follows.
    pub(crate) fn record<'h, H: Iterator<Item = Header<'h>>>(
        &mut self,
        incoming: Incoming<'_>,
        headers: impl FnOnce() -> H,
    ) -> Option<RecordBatch> {
        if !self.follow && incoming.offset >= self.read.end {
            self.skip_to(self.read.end);
            return None;
        }
        if incoming.offset < self.read.position {
            return None;
        }
        self.skip_to(incoming.offset);
        self.read.position = incoming.offset + 1;
        self.read.records += 1;
        let payload = incoming.key.map_or(0, <[u8]>::len) + incoming.value.map_or(0, <[u8]>::len);
        self.read.bytes += payload as u64;
        self.read.first_timestamp_ms.get_or_insert(incoming.timestamp_ms);
        let (from, epoch) = (incoming.offset, incoming.leader_epoch);
        if epoch >= 0 && self.read.leader_epochs.last().is_none_or(|last| last.epoch != epoch) {
            self.read.leader_epochs.push(LeaderEpoch { from, epoch });
        }

        let log_time = self.clock.advance(incoming.offset, incoming.timestamp_ms);
        self.read.last_log_time_ms = self.clock.latest_ms();
        let released = match log_time {
            LogTime::Known(known_ms) if !self.held.is_empty() => Some(self.release(known_ms)),
            _ => None,
        };
        if !self.keys.matches(incoming.key) {
            return released;
        }
        let into = if log_time == LogTime::Pending && self.floor_ms == i64::MIN {
            &mut self.held
        } else {
            &mut self.batch
        };
        let log_time_ms = match log_time {
            LogTime::Known(ms) | LogTime::Implausible(ms) => ms.max(self.floor_ms),
            LogTime::Pending => self.floor_ms,
        };
        let facts = RecordFacts {
            offset: incoming.offset,
            timestamp_ms: incoming.timestamp_ms,
            log_time_ms,
            timestamp_type: incoming.timestamp_type,
            transaction: self.outcomes.of(incoming.offset),
            implausible_time: !matches!(log_time, LogTime::Known(_)),
        };
        let value = if self.values { incoming.value } else { incoming.value.map(|_| &[][..]) };
        if self.headers {
            into.push(facts, incoming.key, value, headers());
        } else {
            into.push(facts, incoming.key, value, std::iter::empty());
        }
        released.or_else(|| self.seal_if_full())
    }

    /// Notes that the log goes on at this offset: what lies before it holds no record.
    pub(crate) fn skip_to(&mut self, offset: i64) {
        let until = if self.follow { offset } else { offset.min(self.read.end) };
        if until > self.read.position {
            let gap = OffsetRange::new(&self.read.partition, self.read.position, until);
            self.read.gaps.push(gap);
            self.read.position = until;
        }
    }

    /// Notes that everything before this offset was gone before it could be read, and says which
    /// offsets those are.
    pub(crate) fn lose_until(&mut self, low: i64) -> OffsetRange {
        let until = if self.follow { low } else { low.min(self.read.end) };
        let lost = OffsetRange::new(&self.read.partition, self.read.position, until);
        if !lost.is_empty() {
            self.read.position = until;
            self.read.lost.push(lost.clone());
        }
        lost
    }

    /// Lets timestamps up to an hour after this moment, in milliseconds, pass as plausible.
    pub(crate) fn extend_horizon(&mut self, now_ms: i64) {
        self.clock.extend_horizon(now_ms);
    }

    /// The records so far as a batch. Records that wait for their log time stay behind.
    pub(crate) fn seal(&mut self) -> Option<RecordBatch> {
        (!self.batch.is_empty()).then(|| self.batch.finish())
    }

    /// All records so far. To be called when no plausible record is expected any more: those that
    /// waited for one get their own timestamps, made to ascend.
    pub(crate) fn seal_all(&mut self) -> Option<RecordBatch> {
        if self.held.is_empty() {
            return self.seal();
        }
        let mut latest_ms = self.floor_ms;
        let held = self.held.finish().with_log_times(|timestamp_ms| {
            latest_ms = latest_ms.max(timestamp_ms);
            latest_ms
        });
        self.floor_ms = latest_ms;
        Some(held)
    }

    /// The records that waited for a plausible one, now that its log time is known.
    fn release(&mut self, log_time_ms: i64) -> RecordBatch {
        self.floor_ms = log_time_ms;
        self.held.finish().with_log_times(|_| log_time_ms)
    }

    /// The batch, if it is full.
    fn seal_if_full(&mut self) -> Option<RecordBatch> {
        if self.held.payload_bytes() >= HELD_BYTES {
            // Once it was judged, it is that moment, whenever somebody asks.
            let last = self.held.latest_offset().unwrap_or(self.read.position);
            return Some(self.release(self.clock.judged_at_ms(last)));
        }
        let full = self.batch.len() >= BATCH_RECORDS || self.batch.payload_bytes() >= BATCH_BYTES;
        if full { self.seal() } else { None }
    }
}

#[cfg(test)]
mod tests;
