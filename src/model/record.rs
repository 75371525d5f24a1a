//! Records as they were read: columns of one partition's records, and a cheap view of one of them.
//!
//! Promises: keys, values and headers are the bytes of the log, with null, empty, order and
//! duplicates kept; a batch is immutable once built and shared between threads behind an `Arc`.
//! Does not know: what the bytes mean.
//!
//! A batch holds all bytes in one allocation, because a scan of ten million records cannot afford
//! four each.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Position, TopicPartition};

/// Which records a reader of the log is given, as the consumer setting `isolation.level` decides
/// it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Isolation {
    /// Only records of committed transactions and plain records, up to the last stable offset.
    #[default]
    Committed,
    /// Everything up to the high watermark, aborted and undecided records included.
    Uncommitted,
}

impl Isolation {
    /// The word the command line uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Committed => "committed",
            Self::Uncommitted => "uncommitted",
        }
    }
}

/// Whose clock wrote a record's timestamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum TimestampType {
    /// The producer's (`CreateTime`): may go back and may lie in the future.
    #[serde(rename = "create_time")]
    CreateTime,
    /// The broker's (`LogAppendTime`).
    #[serde(rename = "log_append_time")]
    LogAppendTime,
}

/// What became of the transaction a record belongs to. A record outside any transaction counts as
/// committed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Transaction {
    /// Committed, or never in a transaction.
    #[default]
    Committed,
    /// Aborted: only readers of uncommitted records ever saw it.
    Aborted,
    /// At or above the last stable offset, not decided yet as far as a client can tell.
    Open,
}

impl Transaction {
    /// The word used in output and in filters.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Committed => "committed",
            Self::Aborted => "aborted",
            Self::Open => "open",
        }
    }
}

/// One header of a record. Names may repeat; their order is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// The name. The protocol demands UTF-8; one that is not begins with `NOT_TEXT` and spells out
    /// its bytes.
    pub name: &'a str,
    /// The value; `None` is a null value, which differs from an empty one.
    pub value: Option<&'a [u8]>,
}

/// What a header's name begins with that is not UTF-8.
pub const NOT_TEXT: char = '\u{fffd}';

/// The headers of one record, kept apart from its batch: names and values in their order,
/// duplicates kept.
pub type Headers = Arc<[(Arc<str>, Option<Arc<[u8]>>)]>;

/// The fixed-size facts of one record, as a reader hands them to a builder.
#[derive(Clone, Copy, Debug)]
pub struct RecordFacts {
    /// The offset in the partition.
    pub offset: i64,
    /// The timestamp, in milliseconds since the epoch; -1 where the record has none.
    pub timestamp_ms: i64,
    /// The log time (see `LogClock`), in milliseconds since the epoch.
    pub log_time_ms: i64,
    /// Whose clock wrote the timestamp.
    pub timestamp_type: TimestampType,
    /// What became of the record's transaction.
    pub transaction: Transaction,
    /// Whether the timestamp lies too far in the future to be believed.
    pub implausible_time: bool,
}

/// Set when the key is null.
const NULL_KEY: u8 = 1;
/// Set when the value is null: a tombstone.
const NULL_VALUE: u8 = 1 << 1;
/// Set when the broker wrote the timestamp.
const APPEND_TIME: u8 = 1 << 2;
/// Set when the record's transaction was aborted.
const ABORTED: u8 = 1 << 3;
/// Set when the record's transaction is undecided.
const OPEN: u8 = 1 << 4;
/// Set when the timestamp is implausible.
const IMPLAUSIBLE: u8 = 1 << 5;

/// Where the parts of one record lie in the bytes of its batch. Each part ends where the next
/// begins.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    /// First byte of the key.
    key: u32,
    /// First byte of the value.
    value: u32,
    /// First byte of the encoded headers.
    headers: u32,
    /// The byte after the headers.
    end: u32,
}

impl Bounds {
    /// The same bounds this many bytes further on.
    fn shifted(self, by: u32) -> Self {
        Self {
            key: self.key + by,
            value: self.value + by,
            headers: self.headers + by,
            end: self.end + by,
        }
    }
}

/// Some records of one partition, in offset order.
///
/// Invariant: offsets ascend strictly, log times never go back, all columns have the same length.
#[derive(Clone, Debug)]
pub struct RecordBatch {
    /// The partition all records come from.
    partition: TopicPartition,
    /// Offsets, strictly ascending.
    offsets: Vec<i64>,
    /// Timestamps in milliseconds.
    timestamps_ms: Vec<i64>,
    /// Log times in milliseconds, never going back.
    log_times_ms: Vec<i64>,
    /// The flag bits above.
    flags: Vec<u8>,
    /// Where each record's parts lie in `bytes`.
    bounds: Vec<Bounds>,
    /// Keys, values and encoded headers of all records.
    bytes: Vec<u8>,
}

impl RecordBatch {
    /// The partition all records come from.
    pub fn partition(&self) -> &TopicPartition {
        &self.partition
    }

    /// How many records the batch holds.
    pub fn len(&self) -> usize {
        self.offsets.len()
    }

    /// Whether the batch holds no record.
    pub fn is_empty(&self) -> bool {
        self.offsets.is_empty()
    }

    /// The offsets, strictly ascending.
    pub fn offsets(&self) -> &[i64] {
        &self.offsets
    }

    /// The timestamps, in milliseconds since the epoch, in offset order.
    pub fn timestamps_ms(&self) -> &[i64] {
        &self.timestamps_ms
    }

    /// The log times, in milliseconds since the epoch, never going back.
    pub fn log_times_ms(&self) -> &[i64] {
        &self.log_times_ms
    }

    /// The memory the batch holds, in bytes.
    pub fn memory_bytes(&self) -> usize {
        const PER_RECORD: usize = 3 * size_of::<i64>() + size_of::<u8>() + size_of::<Bounds>();
        self.bytes.capacity() + self.offsets.capacity() * PER_RECORD
    }

    /// Gives back the memory that was set aside for records that never came.
    pub fn shrink_to_fit(&mut self) {
        self.offsets.shrink_to_fit();
        self.timestamps_ms.shrink_to_fit();
        self.log_times_ms.shrink_to_fit();
        self.flags.shrink_to_fit();
        self.bounds.shrink_to_fit();
        self.bytes.shrink_to_fit();
    }

    /// The same records with no log time before this one: a read that goes on where another ended
    /// does not know how late the log already was.
    #[must_use]
    pub fn with_log_times_from(mut self, earliest_ms: i64) -> Self {
        for log_time_ms in self.log_times_ms.iter_mut().take_while(|time| **time < earliest_ms) {
            *log_time_ms = earliest_ms;
        }
        self
    }

    /// The same records without those before this offset.
    #[must_use]
    pub fn from_offset(self, offset: i64) -> Self {
        let before = self.offsets.partition_point(|other| *other < offset);
        if before == 0 {
            return self;
        }
        let mut builder = RecordBatchBuilder::new(self.partition.clone());
        for record in self.iter().skip(before) {
            builder.push(record.facts(), record.key(), record.value(), record.headers());
        }
        builder.finish()
    }

    /// The record with this number in the batch, from 0; `None` beyond the last.
    pub fn get(&self, index: usize) -> Option<RecordRef<'_>> {
        (index < self.len()).then_some(RecordRef { batch: self, index })
    }

    /// The records in offset order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = RecordRef<'_>> {
        (0..self.len()).map(move |index| RecordRef { batch: self, index })
    }

    /// The same records with each one's log time set anew by `log_time_ms(timestamp_ms)`, in offset
    /// order.
    ///
    /// # Panics
    /// When a log time goes back.
    #[must_use]
    pub fn with_log_times(mut self, mut log_time_ms: impl FnMut(i64) -> i64) -> Self {
        for (log_time, timestamp) in self.log_times_ms.iter_mut().zip(&self.timestamps_ms) {
            *log_time = log_time_ms(*timestamp);
        }
        assert!(self.log_times_ms.is_sorted(), "log time never goes back");
        self
    }
}

/// The flag bits that say this outcome.
fn transaction_flags(transaction: Transaction) -> u8 {
    match transaction {
        Transaction::Committed => 0,
        Transaction::Aborted => ABORTED,
        Transaction::Open => OPEN,
    }
}

/// One record of a batch: a pointer, free to copy.
#[derive(Clone, Copy, Debug)]
pub struct RecordRef<'a> {
    /// The batch the record lies in.
    batch: &'a RecordBatch,
    /// The record's number in the batch. Invariant: below the batch's length.
    index: usize,
}

impl<'a> RecordRef<'a> {
    /// The partition the record comes from.
    pub fn partition(&self) -> &'a TopicPartition {
        &self.batch.partition
    }

    /// The record's stable address.
    pub fn position(&self) -> Position {
        self.batch.partition.at(self.offset())
    }

    /// The offset in the partition.
    pub fn offset(&self) -> i64 {
        self.batch.offsets[self.index]
    }

    /// The timestamp, in milliseconds since the epoch; -1 where the record has none.
    pub fn timestamp_ms(&self) -> i64 {
        self.batch.timestamps_ms[self.index]
    }

    /// The log time, in milliseconds since the epoch.
    pub fn log_time_ms(&self) -> i64 {
        self.batch.log_times_ms[self.index]
    }

    /// Whether this flag bit is set.
    fn has(&self, flag: u8) -> bool {
        self.batch.flags[self.index] & flag != 0
    }

    /// Whose clock wrote the timestamp.
    pub fn timestamp_type(&self) -> TimestampType {
        if self.has(APPEND_TIME) { TimestampType::LogAppendTime } else { TimestampType::CreateTime }
    }

    /// The fixed-size facts of the record.
    pub fn facts(&self) -> RecordFacts {
        RecordFacts {
            offset: self.offset(),
            timestamp_ms: self.timestamp_ms(),
            log_time_ms: self.log_time_ms(),
            timestamp_type: self.timestamp_type(),
            transaction: self.transaction(),
            implausible_time: self.has_implausible_time(),
        }
    }

    /// What became of the record's transaction.
    pub fn transaction(&self) -> Transaction {
        if self.has(ABORTED) {
            Transaction::Aborted
        } else if self.has(OPEN) {
            Transaction::Open
        } else {
            Transaction::Committed
        }
    }

    /// Whether the timestamp lies too far in the future to be believed.
    pub fn has_implausible_time(&self) -> bool {
        self.has(IMPLAUSIBLE)
    }

    /// The bytes of the batch from one bound to another.
    fn slice(&self, from: u32, to: u32) -> &'a [u8] {
        &self.batch.bytes[from as usize..to as usize]
    }

    /// The key's bytes; `None` is a null key, which differs from an empty one.
    pub fn key(&self) -> Option<&'a [u8]> {
        let bounds = self.batch.bounds[self.index];
        (!self.has(NULL_KEY)).then(|| self.slice(bounds.key, bounds.value))
    }

    /// The value's bytes; `None` is a tombstone, which differs from an empty value.
    pub fn value(&self) -> Option<&'a [u8]> {
        let bounds = self.batch.bounds[self.index];
        (!self.has(NULL_VALUE)).then(|| self.slice(bounds.value, bounds.headers))
    }

    /// The headers in their order, duplicates included.
    pub fn headers(&self) -> HeaderIter<'a> {
        let bounds = self.batch.bounds[self.index];
        HeaderIter { rest: self.slice(bounds.headers, bounds.end) }
    }

    /// The last value of the header with this name; `None` when there is no such header or its
    /// value is null.
    pub fn header(&self, name: &str) -> Option<&'a [u8]> {
        self.headers().filter(|header| header.name == name).last().and_then(|header| header.value)
    }

    /// The sizes of key and value together, in bytes.
    pub fn payload_bytes(&self) -> usize {
        let bounds = self.batch.bounds[self.index];
        (bounds.headers - bounds.key) as usize
    }
}

/// The headers of one record, in their order.
#[derive(Clone, Debug)]
pub struct HeaderIter<'a> {
    /// What is still to be read of the encoding that `RecordBatchBuilder::push` writes.
    rest: &'a [u8],
}

/// In the place of a length: the value is null.
const NULL_LENGTH: u32 = u32::MAX;

impl<'a> HeaderIter<'a> {
    /// Takes a length off the front; `None` at the end.
    fn take_length(&mut self) -> Option<u32> {
        let (length, rest) = self.rest.split_first_chunk::<4>()?;
        self.rest = rest;
        Some(u32::from_le_bytes(*length))
    }

    /// Takes this many bytes off the front.
    fn take(&mut self, length: u32) -> Option<&'a [u8]> {
        let (bytes, rest) = self.rest.split_at_checked(length as usize)?;
        self.rest = rest;
        Some(bytes)
    }
}

impl<'a> Iterator for HeaderIter<'a> {
    type Item = Header<'a>;

    fn next(&mut self) -> Option<Header<'a>> {
        let name_length = self.take_length()?;
        let name = std::str::from_utf8(self.take(name_length)?).ok()?;
        let value = match self.take_length()? {
            NULL_LENGTH => None,
            length => Some(self.take(length)?),
        };
        Some(Header { name, value })
    }
}

/// A builder that starts again sets aside room for at most this many records.
const MOST_ROOM: usize = 8192;

/// And for at most this many bytes of them.
const MOST_ROOM_BYTES: usize = 2 << 20;

/// Collects records of one partition into a batch.
#[derive(Debug)]
pub struct RecordBatchBuilder {
    /// The batch so far.
    batch: RecordBatch,
}

impl RecordBatchBuilder {
    /// An empty builder for records of this partition.
    pub fn new(partition: TopicPartition) -> Self {
        let batch = RecordBatch {
            partition,
            offsets: Vec::new(),
            timestamps_ms: Vec::new(),
            log_times_ms: Vec::new(),
            flags: Vec::new(),
            bounds: Vec::new(),
            bytes: Vec::new(),
        };
        Self { batch }
    }

    /// How many records were pushed.
    pub fn len(&self) -> usize {
        self.batch.len()
    }

    /// Whether nothing was pushed.
    pub fn is_empty(&self) -> bool {
        self.batch.is_empty()
    }

    /// The offset of the last record pushed.
    pub fn latest_offset(&self) -> Option<i64> {
        self.batch.offsets.last().copied()
    }

    /// The log time of the last record pushed, in milliseconds.
    pub fn latest_log_time_ms(&self) -> Option<i64> {
        self.batch.log_times_ms.last().copied()
    }

    /// The bytes of keys, values and headers pushed so far.
    pub fn payload_bytes(&self) -> usize {
        self.batch.bytes.len()
    }

    /// Appends a record. Header names and values are kept in their order.
    ///
    /// The caller keeps the invariant of the batch: offsets ascend strictly and log times never go
    /// back. A batch holds at most 4 GiB of payload; a caller seals long before that, and the bound
    /// is checked.
    ///
    /// # Panics
    /// When the offset does not come after the last one, the log time goes back, or the payload
    /// passes 4 GiB.
    pub fn push<'h>(
        &mut self,
        facts: RecordFacts,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: impl IntoIterator<Item = Header<'h>>,
    ) {
        let batch = &mut self.batch;
        assert!(
            batch.offsets.last().is_none_or(|last| *last < facts.offset),
            "offsets ascend within a partition"
        );
        assert!(
            batch.log_times_ms.last().is_none_or(|last| *last <= facts.log_time_ms),
            "log time never goes back"
        );
        let key_at = bound(batch.bytes.len());
        batch.bytes.extend_from_slice(key.unwrap_or_default());
        let value_at = bound(batch.bytes.len());
        batch.bytes.extend_from_slice(value.unwrap_or_default());
        let headers_at = bound(batch.bytes.len());
        for header in headers {
            batch.bytes.extend_from_slice(&bound(header.name.len()).to_le_bytes());
            batch.bytes.extend_from_slice(header.name.as_bytes());
            let value_length = header.value.map_or(NULL_LENGTH, |value| bound(value.len()));
            batch.bytes.extend_from_slice(&value_length.to_le_bytes());
            batch.bytes.extend_from_slice(header.value.unwrap_or_default());
        }
        let end = bound(batch.bytes.len());
        batch.bounds.push(Bounds { key: key_at, value: value_at, headers: headers_at, end });
        batch.offsets.push(facts.offset);
        batch.timestamps_ms.push(facts.timestamp_ms);
        batch.log_times_ms.push(facts.log_time_ms);
        batch.flags.push(flags(facts, key, value));
    }

    /// Appends the records of another batch of the same partition.
    ///
    /// # Panics
    /// When they do not come after what was pushed, by offset and by log time, or the payload
    /// passes 4 GiB.
    pub fn append(&mut self, other: &RecordBatch) {
        let batch = &mut self.batch;
        assert!(
            batch.offsets.last() < other.offsets.first() || other.is_empty(),
            "offsets ascend within a partition"
        );
        assert!(
            batch.log_times_ms.last() <= other.log_times_ms.first() || other.is_empty(),
            "log time never goes back"
        );
        let shift = bound(batch.bytes.len());
        bound(batch.bytes.len() + other.bytes.len());
        batch.offsets.extend_from_slice(&other.offsets);
        batch.timestamps_ms.extend_from_slice(&other.timestamps_ms);
        batch.log_times_ms.extend_from_slice(&other.log_times_ms);
        batch.flags.extend_from_slice(&other.flags);
        batch.bounds.extend(other.bounds.iter().map(|bounds| bounds.shifted(shift)));
        batch.bytes.extend_from_slice(&other.bytes);
    }

    /// The records pushed so far as a batch; the builder starts again, empty, with room for as
    /// much.
    pub fn finish(&mut self) -> RecordBatch {
        let full = &self.batch;
        let room = full.len().min(MOST_ROOM);
        let fresh = RecordBatch {
            partition: full.partition.clone(),
            offsets: Vec::with_capacity(room),
            timestamps_ms: Vec::with_capacity(room),
            log_times_ms: Vec::with_capacity(room),
            flags: Vec::with_capacity(room),
            bounds: Vec::with_capacity(room),
            bytes: Vec::with_capacity(full.bytes.len().min(MOST_ROOM_BYTES)),
        };
        std::mem::replace(&mut self.batch, fresh)
    }
}

/// The flag bits of a record.
fn flags(facts: RecordFacts, key: Option<&[u8]>, value: Option<&[u8]>) -> u8 {
    let mut flags = transaction_flags(facts.transaction);
    let conditions = [
        (key.is_none(), NULL_KEY),
        (value.is_none(), NULL_VALUE),
        (facts.timestamp_type == TimestampType::LogAppendTime, APPEND_TIME),
        (facts.implausible_time, IMPLAUSIBLE),
    ];
    for (holds, flag) in conditions {
        if holds {
            flags |= flag;
        }
    }
    flags
}

/// A length within a batch as the 32 bits it is stored in.
fn bound(length: usize) -> u32 {
    u32::try_from(length).expect("a batch is sealed long before 4 GiB")
}

#[cfg(test)]
mod tests;
