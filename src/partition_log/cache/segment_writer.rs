//! Writes a segment, batch by batch, as records arrive.
//!
//! Promises: memory is bounded by one batch and the distinct keys; the segment exists for others
//! only once `seal` has synced all its files and its entry stands in a manifest.
//! Does not know: when a segment is large enough, other segments.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use fs_err::File;

use arrow_ipc::writer::FileWriter;
use crc32fast::Hasher;

use super::columns::{schema, to_columns, write_options};
use super::distinct_keys::{KeyPlace, KeyTallies};
use super::error::CacheError;
use super::manifest::{SegmentEntry, stem};
use super::segment_index::{self, StoredBatch, key_hash};
use crate::model::{
    Judging, LogClock, LogTime, RecordBatch, RecordBatchBuilder, RecordRef, TopicPartition,
    Transaction, may_take_long,
};
use crate::partition_log::private_files;
use crate::partition_log::time_buckets::TimeBuckets;

/// A batch has at most this many records: a look-up reads one batch for each record it finds.
const BATCH_ROWS: usize = 512;

/// A batch ends with the record that brings its keys and values to this size, in bytes.
const BATCH_BYTES: usize = 256 * 1024;

/// How many bytes are handed to the system at a time. Small pieces end within a page, which then is
/// filled twice.
const WRITE_BYTES: usize = 1024 * 1024;

/// A segment is large enough with this many records.
const SEALED_ROWS: u32 = 256 * 1024;

/// A segment is large enough with this size of keys and values, in bytes.
const SEALED_BYTES: u64 = 128 * 1024 * 1024;

/// A segment is large enough with this many distinct keys, which are held in memory until it is
/// sealed.
const SEALED_KEYS: usize = 64 * 1024;

/// Whether a segment is so small that it is better written anew together with what follows.
pub(super) fn is_small(entry: &SegmentEntry) -> bool {
    entry.rows < SEALED_ROWS / 2 && entry.payload_bytes < SEALED_BYTES / 2
}

/// A file that knows where it is and what was written to it.
#[derive(Debug)]
struct Checked {
    /// The file.
    file: BufWriter<File>,
    /// The checksum of what was written since it was taken last.
    checksum: Hasher,
    /// The checksum of everything before.
    before: Hasher,
    /// How many bytes were written.
    at: u64,
}

impl Checked {
    /// The checksum of what was written since it was taken last.
    fn take_checksum(&mut self) -> u32 {
        let checksum = std::mem::take(&mut self.checksum);
        self.before.combine(&checksum);
        checksum.finalize()
    }

    /// The checksum of everything.
    fn whole_checksum(&mut self) -> u32 {
        self.take_checksum();
        self.before.clone().finalize()
    }
}

impl Write for Checked {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.checksum.update(&bytes[..written]);
        self.at += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// What a segment starts with.
#[derive(Clone, Debug)]
pub(super) struct SegmentStart {
    /// Where the files of the partition are.
    pub(super) folder: PathBuf,
    /// The partition.
    pub(super) partition: TopicPartition,
    /// The first offset the segment accounts for.
    pub(super) from: i64,
    /// The log time before it, in milliseconds; none at the start of the log.
    pub(super) clock_in_ms: Option<i64>,
    /// Which timestamps are implausible.
    pub(super) judging: Judging,
    /// Whether values and headers are kept.
    pub(super) payloads: bool,
}

/// A segment being written.
pub(super) struct SegmentWriter {
    /// What it started with.
    start: SegmentStart,
    /// The file that the records go to until it is sealed.
    path: PathBuf,
    /// The same, open.
    file: FileWriter<Checked>,
    /// Records that wait until there is a batch of them.
    waiting: RecordBatchBuilder,
    /// The batches written.
    batches: Vec<StoredBatch>,
    /// The offsets without a record.
    gaps: Vec<(i64, i64)>,
    /// The offset after the last record.
    next: i64,
    /// Which keys there are.
    keys: KeyTallies,
    /// Which batches hold them.
    entries: Vec<u64>,
    /// How many records have which log time.
    times: TimeBuckets,
    /// The log times of the batch being written, in milliseconds.
    batch_times_ms: Vec<i64>,
    /// Tells log times, as a reader of committed records sees them.
    clock: LogClock,
    /// The offset of the last record, and whether it is of an aborted transaction.
    last_record: Option<(i64, bool)>,
    /// The log time of the first record, in milliseconds.
    first_log_time_ms: Option<i64>,
    /// Whether log times depend on nobody.
    plain: bool,
    /// The earliest timestamp that is judged for the first time, and implausible, in milliseconds.
    doubted_from_ms: Option<i64>,
    /// How many records there are.
    rows: u32,
    /// The size of their keys and values, in bytes.
    payload_bytes: u64,
    /// The size of keys and values of records of aborted transactions, in bytes.
    aborted_bytes: u64,
}

impl SegmentWriter {
    /// Starts a segment.
    pub(super) fn create(start: SegmentStart) -> Result<Self, CacheError> {
        let path = start.folder.join(format!("{:019}.partial", start.from));
        let file = private_files::create(&path).map_err(CacheError::io(&path))?;
        let file = Checked {
            file: BufWriter::with_capacity(WRITE_BYTES, file),
            checksum: Hasher::new(),
            before: Hasher::new(),
            at: 0,
        };
        let open =
            || FileWriter::try_new_with_options(file, &schema(start.payloads), write_options()?);
        Ok(Self {
            file: open().map_err(CacheError::arrow(&path))?,
            path,
            waiting: RecordBatchBuilder::new(start.partition.clone()),
            batches: Vec::new(),
            gaps: Vec::new(),
            next: start.from,
            keys: KeyTallies::default(),
            entries: Vec::new(),
            times: TimeBuckets::default(),
            batch_times_ms: Vec::with_capacity(BATCH_ROWS),
            clock: LogClock::going_on_from(start.judging.clone(), start.clock_in_ms),
            last_record: None,
            first_log_time_ms: None,
            plain: true,
            doubted_from_ms: None,
            rows: 0,
            payload_bytes: 0,
            aborted_bytes: 0,
            start,
        })
    }

    /// The first offset it accounts for.
    pub(super) fn first_offset(&self) -> i64 {
        self.start.from
    }

    /// The offset up to which it accounts for the log.
    pub(super) fn end_offset(&self) -> i64 {
        self.waiting.latest_offset().map_or(self.next, |last| last + 1)
    }

    /// The log time of the last record, in milliseconds.
    pub(super) fn clock_out_ms(&self) -> Option<i64> {
        self.clock.latest_ms()
    }

    /// Whether it should be sealed.
    pub(super) fn is_large(&self) -> bool {
        self.rows >= SEALED_ROWS
            || self.payload_bytes >= SEALED_BYTES
            || self.keys.len() >= SEALED_KEYS
            || !segment_index::has_room_for_batch(self.batches.len() + 1)
    }

    /// Appends records that come after all before. Offsets between are gaps.
    pub(super) fn append(&mut self, batch: RecordBatch) -> Result<(), CacheError> {
        if let Some(first) = batch.offsets().first() {
            let end = self.end_offset();
            assert!(*first >= end, "records come after all before: {first} after {end}");
        }
        let earliest_ms = self.waiting.latest_log_time_ms().unwrap_or(i64::MIN);
        let batch = batch.with_log_times_from(earliest_ms);
        let mut from = 0;
        let records = self.rows as usize + self.waiting.len() + batch.len();
        while !self.waiting.is_empty() && from < batch.len() {
            self.wait(&batch, from);
            from += 1;
            let waiting = &self.waiting;
            if waiting.len() >= BATCH_ROWS || waiting.payload_bytes() >= BATCH_BYTES {
                let full = self.waiting.finish();
                self.write(&full, 0, full.len())?;
            }
        }
        while let Some(to) = end_of_batch(&batch, from) {
            self.write(&batch, from, to)?;
            from = to;
        }
        (from..batch.len()).for_each(|index| self.wait(&batch, index));
        assert!(
            self.rows as usize + self.waiting.len() == records,
            "every record is written or waits"
        );
        Ok(())
    }

    /// Lets a record wait until there is a batch.
    fn wait(&mut self, batch: &RecordBatch, index: usize) {
        if let Some(record) = batch.get(index) {
            self.waiting.push(record.facts(), record.key(), record.value(), record.headers());
        }
    }

    /// Writes some records as a batch.
    fn write(&mut self, batch: &RecordBatch, from: usize, to: usize) -> Result<(), CacheError> {
        assert!(from < to, "a batch has records");
        let records = (from..to).map(|index| batch.get(index).expect("the range is the batch's"));
        let columns = to_columns(records.clone(), self.start.payloads);
        let columns = columns.map_err(CacheError::arrow(&self.path))?;
        self.file.get_mut().take_checksum();
        let at = self.file.get_ref().at;
        self.file.write(&columns).map_err(CacheError::arrow(&self.path))?;
        let file = self.file.get_mut();
        let mut written = StoredBatch {
            at,
            bytes: file.at - at,
            checksum: file.take_checksum(),
            rows: 0,
            aborted: 0,
            first_offset: batch.offsets()[from],
            last_offset: batch.offsets()[to - 1],
            latest_ms: i64::MIN,
            latest_committed_ms: i64::MIN,
        };
        for record in records {
            self.count(record, &mut written);
        }
        self.times.extend(&self.batch_times_ms);
        self.batch_times_ms.clear();
        self.batches.push(written);
        Ok(())
    }

    /// Counts a record of the batch being written.
    fn count(&mut self, record: RecordRef<'_>, batch: &mut StoredBatch) {
        let (offset, timestamp_ms) = (record.offset(), record.timestamp_ms());
        assert!(offset >= self.next, "offsets ascend: {offset} after {}", self.next - 1);
        if offset > self.next {
            self.gaps.push((self.next, offset));
        }
        self.next = offset + 1;
        self.rows += 1;
        self.payload_bytes += record.payload_bytes() as u64;
        batch.rows += 1;
        batch.latest_ms = batch.latest_ms.max(timestamp_ms);
        if self.start.judging.doubts_now(offset, timestamp_ms) {
            let earliest_ms = self.doubted_from_ms.unwrap_or(timestamp_ms);
            self.doubted_from_ms = Some(earliest_ms.min(timestamp_ms));
        }
        let aborted = record.transaction() == Transaction::Aborted;
        self.last_record = Some((offset, aborted));
        if aborted {
            batch.aborted += 1;
            self.aborted_bytes += record.payload_bytes() as u64;
            self.plain = false;
        } else {
            batch.latest_committed_ms = batch.latest_committed_ms.max(timestamp_ms);
            match self.clock.advance(offset, timestamp_ms) {
                LogTime::Known(log_time_ms) => {
                    self.first_log_time_ms.get_or_insert(log_time_ms);
                    self.batch_times_ms.push(log_time_ms);
                }
                LogTime::Implausible(_) | LogTime::Pending => self.plain = false,
            }
        }
        if let Some(key) = record.key() {
            let log_time_ms = self.clock.latest_ms().unwrap_or(timestamp_ms);
            let partition = self.start.partition.partition;
            let place = KeyPlace { partition, log_time_ms, offset, timestamp_ms };
            let number = u32::try_from(self.batches.len()).expect("a segment is sealed before");
            let hash = key_hash(key);
            if self.keys.count(key, hash, place, number) {
                self.entries.push(segment_index::entry(hash, number));
            }
        }
    }

    /// Ends the segment at this offset, up to which there is no further record. Says how a manifest
    /// names it, and the earliest timestamp that was found implausible for the first time, in
    /// milliseconds.
    pub(super) fn seal(mut self, to: i64) -> Result<(SegmentEntry, Option<i64>), CacheError> {
        if !self.waiting.is_empty() {
            let rest = self.waiting.finish();
            self.write(&rest, 0, rest.len())?;
        }
        if to > self.next {
            self.gaps.push((self.next, to));
        }
        let to = to.max(self.next);
        let missing: u64 = self.gaps.iter().map(|(from, to)| from.abs_diff(*to)).sum();
        assert!(
            u64::from(self.rows) + missing == self.start.from.abs_diff(to),
            "every offset of a segment is a record or a gap"
        );
        self.file.finish().map_err(CacheError::arrow(&self.path))?;
        let mut file = self.file.into_inner().map_err(CacheError::arrow(&self.path))?;
        let data_checksum = file.whole_checksum();
        let (path, folder) = (self.path, &self.start.folder);
        let (stem, edition) = unused_stem(folder, self.start.from, to);
        let finish = || -> io::Result<()> {
            file.file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_data()?;
            fs_err::rename(&path, folder.join(stem.clone() + ".arrow"))
        };
        finish().map_err(CacheError::io(&path))?;
        let named = |end: &str| folder.join(stem.clone() + end);
        let (keys_bytes, keys_checksum) = self.keys.write(&named(".keys.arrow"))?;
        let (index_bytes, index_checksum) = segment_index::write(
            &named(".index"),
            &self.batches,
            &self.gaps,
            self.entries,
            &self.times,
        )?;
        let latest =
            |of: fn(&StoredBatch) -> i64| self.batches.iter().map(of).max().unwrap_or(i64::MIN);
        let entry = SegmentEntry {
            from: self.start.from,
            to,
            edition,
            gaps: u32::try_from(self.gaps.len()).unwrap_or(u32::MAX),
            rows: self.rows,
            aborted: self.batches.iter().map(|batch| batch.aborted).sum(),
            last_record: self.last_record,
            payload_bytes: self.payload_bytes,
            aborted_bytes: self.aborted_bytes,
            disk_bytes: file.at + keys_bytes + index_bytes,
            latest_ms: latest(|batch| batch.latest_ms),
            latest_committed_ms: latest(|batch| batch.latest_committed_ms),
            clock_in_ms: self.start.clock_in_ms,
            first_log_time_ms: self.first_log_time_ms,
            plain: self.plain,
            payloads: self.start.payloads,
            data_checksum,
            index_checksum,
            keys_checksum,
        };
        Ok((entry, self.doubted_from_ms))
    }

    /// Gives the segment up.
    pub(super) fn discard(self) {
        drop(self.file);
        discard(&self.path);
    }
}

/// The beginning of file names that no segment of these offsets has yet, with the number of the
/// edition: a reader may still read one that is replaced, and until the manifest is, it counts.
fn unused_stem(folder: &Path, from: i64, to: i64) -> (String, u32) {
    let stems = (0_u32..).map(|edition| (stem(from, to, edition), edition));
    let is_unused = |(stem, _): &(String, u32)| {
        let exists = |end: &str| folder.join(format!("{stem}{end}")).exists();
        !exists(".arrow") && !exists(".index") && !exists(".keys.arrow")
    };
    stems.into_iter().find(is_unused).expect("a folder has fewer files than numbers")
}

/// Removes a file that counts for nothing; one that stays is removed when the cache is opened for
/// writing again.
pub(super) fn discard(path: &Path) {
    may_take_long("writing the index");
    if let Err(error) = fs_err::remove_file(path) {
        tracing::debug!(target: "cache", path = %path.display(), %error, "a file stays");
    }
}

/// The end of the next full batch from this row on; `None` when what is left does not fill one.
fn end_of_batch(batch: &RecordBatch, from: usize) -> Option<usize> {
    let mut bytes = 0;
    for index in from..batch.len().min(from + BATCH_ROWS) {
        bytes += batch.get(index)?.payload_bytes();
        if bytes >= BATCH_BYTES {
            return Some(index + 1);
        }
    }
    (batch.len() - from >= BATCH_ROWS).then_some(from + BATCH_ROWS)
}
