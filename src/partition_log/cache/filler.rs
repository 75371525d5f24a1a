//! Fills what is missing of a topic: records go in as they are read, segments come out.
//!
//! Promises: reading waits when writing falls behind; at most the open tail of each partition is
//! lost when the process ends; when the disk refuses, what was sealed stays and the refusal is
//! told.
//! Does not know: where the records come from.
//!
//! Reading hands batches over to a few threads, each of which owns some of the partitions: they
//! compress, index and write while the next batches arrive.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::batch_cache::BatchCache;
use super::columns::Wanted;
use super::error::CacheError;
use super::log_cache::LogCache;
use super::partition_cache::PartitionCache;
use super::segment_file::SegmentFile;
use super::segment_writer::{SegmentStart, SegmentWriter, discard, is_small};
use super::topic_cache::{TopicCache, WriteLock};
use crate::model::{Isolation, Judging, LeaderEpoch, RecordBatch, TopicPartition};
use crate::partition_log::stored_segment::{ReadView, StoredSegment};

/// How many batches may wait for a thread.
const WAITING_BATCHES: usize = 16;

/// At most this many threads write.
const MOST_THREADS: usize = 4;

/// A small last segment is written anew together with what follows, unless it has more than this
/// many times the records that follow: that bounds both the number of segments and how often a
/// record is written.
const GROWTH: u64 = 8;

/// What is written anew together with what follows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Joining {
    /// A small last segment, so that there are never many of them.
    #[default]
    Small,
    /// Nothing: whoever reads what is kept goes on undisturbed.
    Nothing,
}

/// What a writing thread is told.
enum WriteRequest {
    /// These records come next in their partition.
    Batch(RecordBatch),
    /// The partition has no records from where it stands up to this offset that anyone could read;
    /// go on behind it.
    Lost(TopicPartition, i64),
    /// A part of the partition that was missing ends here, and this is known of its leaders.
    End(TopicPartition, i64, Vec<LeaderEpoch>),
}

/// What is kept of a partition, and what is being added to it.
struct Growing {
    /// The partition's number.
    number: i32,
    /// What is kept.
    kept: PartitionCache,
    /// The segment being written.
    writer: Option<SegmentWriter>,
}

/// What all writing threads share.
struct Shared {
    /// The cache.
    cache: Arc<LogCache>,
    /// The topic.
    topic: Arc<TopicCache>,
    /// When reading began, in milliseconds since the epoch.
    started_ms: i64,
    /// Whether values and headers are kept.
    payloads: bool,
    /// What is written anew.
    joining: Joining,
}

/// A thread that writes until nobody asks for anything any more.
type WritingThread = JoinHandle<Result<(), CacheError>>;

/// Fills what is missing of a topic.
pub(crate) struct Filler {
    /// One channel for each thread.
    threads: Vec<(Sender<WriteRequest>, WritingThread)>,
    /// The right to write, held until the end.
    _right: WriteLock,
}

impl Filler {
    /// Starts to fill these missing parts, at most one of each partition, by a read that began at
    /// this moment (in milliseconds since the epoch), with values and headers or without.
    ///
    /// # Errors
    /// When the cache cannot be written.
    pub(crate) fn start(
        cache: &Arc<LogCache>,
        topic: &Arc<TopicCache>,
        right: WriteLock,
        missing: &[(i32, (i64, i64))],
        (started_ms, payloads, joining): (i64, bool, Joining),
    ) -> Result<Self, CacheError> {
        let mut numbers: Vec<i32> = missing.iter().map(|(number, _)| *number).collect();
        numbers.sort_unstable();
        assert!(
            numbers.is_sorted_by(|one, other| one < other),
            "one part of each partition at most"
        );
        // One for each core, although reading needs some too: writing is most of the work, and
        // reading waits for it.
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let count = cores.clamp(1, MOST_THREADS).min(missing.len().max(1));
        let mut shares: Vec<BTreeMap<i32, Growing>> = (0..count).map(|_| BTreeMap::new()).collect();
        let shared = Arc::new(Shared {
            cache: Arc::clone(cache),
            topic: Arc::clone(topic),
            started_ms,
            payloads,
            joining,
        });
        for (number, hole) in missing {
            let kept = topic.partition_to_write(*number, &right)?;
            let growing = shared.grow(*number, kept, *hole)?;
            shares[share_of(*number, count)].insert(*number, growing);
        }
        let mut threads = Vec::with_capacity(count);
        for (number, share) in shares.into_iter().enumerate() {
            let (sender, requests) = bounded(WAITING_BATCHES);
            let shared = Arc::clone(&shared);
            let thread = thread::Builder::new()
                .name(format!("index-{number}"))
                .spawn(move || shared.write(share, &requests))
                .map_err(CacheError::io(topic.folder()))?;
            threads.push((sender, thread));
        }
        Ok(Self { threads, _right: right })
    }

    /// Hands records over. Says whether they were taken: not after an error, which `finish` tells.
    pub(crate) fn append(&self, batch: RecordBatch) -> bool {
        let number = batch.partition().partition;
        self.send(number, WriteRequest::Batch(batch))
    }

    /// Notes that there is nothing to be read any more before this offset.
    pub(crate) fn lose(&self, partition: &TopicPartition, to: i64) -> bool {
        self.send(partition.partition, WriteRequest::Lost(partition.clone(), to))
    }

    /// Notes that everything before this offset was handed over.
    pub(crate) fn end(
        &self,
        partition: &TopicPartition,
        to: i64,
        leader_epochs: Vec<LeaderEpoch>,
    ) -> bool {
        self.send(partition.partition, WriteRequest::End(partition.clone(), to, leader_epochs))
    }

    /// Hands a request to the thread of a partition.
    fn send(&self, partition: i32, request: WriteRequest) -> bool {
        let (sender, _) = &self.threads[share_of(partition, self.threads.len())];
        sender.send(request).is_ok()
    }

    /// Waits until everything is written. Parts that were not ended are given up.
    ///
    /// # Errors
    /// The first that a thread met. What was sealed before stays.
    pub(crate) fn finish(self) -> Result<(), CacheError> {
        let mut result = Ok(());
        for (sender, thread) in self.threads {
            drop(sender);
            let ended = thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            result = result.and(ended);
        }
        result
    }
}

/// Which thread owns a partition.
fn share_of(partition: i32, threads: usize) -> usize {
    partition.unsigned_abs() as usize % threads
}

impl Shared {
    /// A partition of which this part is missing. A small segment right before it is written anew.
    fn grow(
        &self,
        number: i32,
        kept: PartitionCache,
        (from, to): (i64, i64),
    ) -> Result<Growing, CacheError> {
        assert!(from < to, "what is missing has offsets");
        let partition = self.topic.topic_partition(number);
        let before = kept.files().iter().rev().find(|file| file.entry().to == from);
        let coming = u64::try_from(to - from).unwrap_or(0);
        let small = before.filter(|file| {
            let entry = file.entry();
            self.joining == Joining::Small
                && entry.payloads == self.payloads
                && u64::from(entry.rows) < GROWTH.saturating_mul(coming)
                && is_small(entry)
        });
        let start = |from, clock_in_ms| SegmentStart {
            folder: kept.folder().to_owned(),
            partition: partition.clone(),
            from,
            clock_in_ms,
            judging: kept.judging(self.started_ms),
            payloads: self.payloads,
        };
        let writer = match small {
            None => {
                let clock_in_ms = before.and_then(|file| clock_out_ms(file));
                SegmentWriter::create(start(from, clock_in_ms))?
            }
            Some(file) => {
                let entry = file.entry();
                let mut writer = SegmentWriter::create(start(entry.from, entry.clock_in_ms))?;
                match copy(file, &partition, &mut writer) {
                    Ok(()) => writer,
                    Err(error) => {
                        // It is read from the log again when somebody looks for it.
                        tracing::warn!(target: "cache", %error, "a small segment is left as it is");
                        writer.discard();
                        SegmentWriter::create(start(from, None))?
                    }
                }
            }
        };
        Ok(Growing { number, kept, writer: Some(writer) })
    }

    /// Carries out requests until there are no more.
    fn write(
        &self,
        mut partitions: BTreeMap<i32, Growing>,
        requests: &Receiver<WriteRequest>,
    ) -> Result<(), CacheError> {
        let result =
            requests.iter().try_for_each(|request| self.carry_out(&mut partitions, request));
        for (number, growing) in partitions {
            if let Some(writer) = growing.writer {
                writer.discard();
            }
            self.topic.put(number, growing.kept);
        }
        result
    }

    /// Carries out a request.
    fn carry_out(
        &self,
        partitions: &mut BTreeMap<i32, Growing>,
        request: WriteRequest,
    ) -> Result<(), CacheError> {
        match request {
            WriteRequest::Batch(batch) => {
                let Some(growing) = partitions.get_mut(&batch.partition().partition) else {
                    return Ok(());
                };
                let Some(writer) = &mut growing.writer else { return Ok(()) };
                writer.append(batch)?;
                if writer.is_large() {
                    let (to, clock_out_ms) = (writer.end_offset(), writer.clock_out_ms());
                    self.seal(growing, to, &[])?;
                    growing.writer = Some(self.next(growing, to, clock_out_ms)?);
                }
                Ok(())
            }
            WriteRequest::Lost(partition, to) => {
                let Some(growing) = partitions.get_mut(&partition.partition) else { return Ok(()) };
                if let Some(writer) = &growing.writer {
                    let from = writer.end_offset();
                    self.seal(growing, from, &[])?;
                }
                growing.writer = Some(self.next(growing, to, None)?);
                Ok(())
            }
            WriteRequest::End(partition, to, leader_epochs) => {
                let Some(growing) = partitions.get_mut(&partition.partition) else { return Ok(()) };
                self.seal(growing, to, &leader_epochs)
            }
        }
    }

    /// The segment after the one that was sealed.
    fn next(
        &self,
        growing: &Growing,
        from: i64,
        clock_in_ms: Option<i64>,
    ) -> Result<SegmentWriter, CacheError> {
        SegmentWriter::create(SegmentStart {
            folder: growing.kept.folder().to_owned(),
            partition: self.topic.topic_partition(growing.number),
            from,
            clock_in_ms,
            judging: growing.kept.judging(self.started_ms),
            payloads: self.payloads,
        })
    }

    /// Seals the segment being written, which ends at this offset, and lets it count.
    fn seal(
        &self,
        growing: &mut Growing,
        to: i64,
        leader_epochs: &[LeaderEpoch],
    ) -> Result<(), CacheError> {
        let Some(writer) = growing.writer.take() else { return Ok(()) };
        if to <= writer.first_offset() {
            writer.discard();
            return Ok(());
        }
        assert!(writer.end_offset() <= to, "a part does not end before its records");
        let (entry, doubted_from_ms) = writer.seal(to)?;
        if !self.cache.make_room(entry.disk_bytes, self.topic.folder()) {
            for path in entry.paths(growing.kept.folder()) {
                discard(&path);
            }
            self.topic.note_full(entry.disk_bytes);
            return Err(CacheError::over_budget(growing.kept.folder()));
        }
        growing.kept.add(entry, leader_epochs, (self.started_ms, doubted_from_ms))?;
        self.topic.put(growing.number, growing.kept.clone());
        Ok(())
    }
}

/// The log time after a segment, in milliseconds, as a reader of committed records sees it; none
/// where that depends.
fn clock_out_ms(file: &SegmentFile) -> Option<i64> {
    let entry = file.entry();
    let latest_ms = Some(entry.latest_committed_ms).filter(|_| entry.plain);
    entry.clock_in_ms.max(latest_ms)
}

/// Copies the records of a segment.
fn copy(
    file: &Arc<SegmentFile>,
    partition: &TopicPartition,
    writer: &mut SegmentWriter,
) -> Result<(), CacheError> {
    let view = ReadView {
        partition: partition.clone(),
        isolation: Isolation::Uncommitted,
        from_offset: i64::MIN,
        to_offset: i64::MAX,
        judging: Judging::at(i64::MAX),
        pending_ms: i64::MIN,
        batches: Arc::new(BatchCache::new(0)),
    };
    let segment = StoredSegment::new(Arc::clone(file), Arc::new(view), None)?;
    for number in segment.batches_in_view()? {
        writer.append(segment.read_batch(number, Wanted::Everything)?)?;
    }
    Ok(())
}
