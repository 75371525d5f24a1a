//! Fills what is missing of a topic, pass by pass.
//!
//! Promises: every pass leaves less missing than the one before, but for a few in which others
//! remove something, or filling stops and says why; what the log no longer has is not asked for
//! again; holding reading back never holds a cancel back.
//! Does not know: what is missing for which question (`keeping`), how segments are written
//! (`cache`).

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::CachedLog;
use crate::model::{
    Cancel, Isolation, OffsetRange, ReadEvent, ReadOutcome, ReadPlan, TopicPartition,
};
use crate::partition_log::cache::{CacheError, Filler, Joining, LogCache, TopicCache};
use crate::partition_log::source::SourceError;

/// Who is told how filling goes on.
pub(super) type EventSink<'a> = dyn FnMut(ReadEvent) -> ControlFlow<()> + 'a;

/// The first part that is read when the newest records are wanted first, in offsets; each next one
/// is twice as long.
const NEWEST_OFFSETS: i64 = 65_536;

/// So often another process may remove what was just written.
const MOST_SETBACKS: u32 = 3;

/// A wait that holds reading back looks so often whether it was called off.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// How what is missing is read.
#[derive(Clone, Copy, Debug, Default)]
pub struct FillOrder {
    /// Whether the newest records come first, so that recent questions are answered early.
    pub newest_first: bool,
    /// At most this many records are read in a second.
    pub most_per_second: Option<u64>,
}

/// What is kept of what is missing, and how it is read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Filling {
    /// When reading began, in milliseconds since the epoch.
    pub(super) started_ms: i64,
    /// Whether values and headers are kept.
    pub(super) payloads: bool,
    /// How it is read.
    pub(super) order: FillOrder,
    /// What is put together with it.
    pub(super) joining: Joining,
}

/// What was read to fill what was missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filled {
    /// How many records were read.
    pub records: u64,
    /// Bytes of their keys and values.
    pub bytes: u64,
}

/// Holds reading back to a number of records in a second.
struct Pace {
    /// When it began.
    began: Instant,
    /// How many records there were since.
    records: u64,
    /// How many may be in a second.
    most_per_second: Option<u64>,
}

impl Pace {
    /// Counts records, and waits when they came too fast. Says whether to go on: not when it was
    /// called off meanwhile.
    #[expect(
        clippy::disallowed_methods,
        reason = "time itself is what is waited for, a fraction of a second at a time"
    )]
    fn hold(&mut self, records: usize, cancel: &Cancel) -> bool {
        let Some(most) = self.most_per_second else { return true };
        self.records += records as u64;
        let due = Duration::from_micros(self.records.saturating_mul(1_000_000) / most.max(1));
        while !cancel.is_cancelled() {
            let early = due.saturating_sub(self.began.elapsed());
            if early.is_zero() {
                return true;
            }
            thread::sleep(early.min(LOOK_EVERY));
        }
        false
    }
}

/// What is missing of a topic at the beginning of a pass.
#[derive(Debug, Default)]
struct Missing {
    /// The next part to be read of each partition.
    parts: Vec<(i32, (i64, i64))>,
    /// How many offsets are missing in all.
    offsets: u64,
}

/// Up to which offset partitions turned out to have nothing any more.
type Gone = BTreeMap<i32, i64>;

impl CachedLog {
    /// Fills what is missing of these ranges of a topic, unless another process does. `None` when
    /// the sink had enough or it was called off.
    pub(super) fn fill(
        &self,
        cache: &Arc<LogCache>,
        topic: &Arc<TopicCache>,
        ranges: &[OffsetRange],
        filling: Filling,
        cancel: &Cancel,
        sink: &mut EventSink<'_>,
    ) -> Result<Option<Filled>, SourceError> {
        let Filling { started_ms, payloads, order, joining } = filling;
        let mut filled = Filled::default();
        let mut newest = order.newest_first.then_some(NEWEST_OFFSETS);
        let mut gone = Gone::new();
        let mut left = u64::MAX;
        let mut setbacks = 0;
        loop {
            if missing_of(topic, ranges, &gone, newest, payloads)?.parts.is_empty() {
                return Ok(Some(filled));
            }
            if !cache.has_room(topic) {
                return Err(CacheError::over_budget(topic.folder()).into());
            }
            let Some(right) = topic.write_lock()? else { return Ok(Some(filled)) };
            // By now it is known what other processes wrote or removed, and they wait.
            let Missing { parts: missing, offsets } =
                missing_of(topic, ranges, &gone, newest, payloads)?;
            if missing.is_empty() {
                return Ok(Some(filled));
            }
            if offsets >= left {
                setbacks += 1;
                if setbacks > MOST_SETBACKS {
                    return Err(CacheError::no_progress(topic.folder()).into());
                }
            }
            left = offsets;
            newest = newest.map(|offsets| offsets.saturating_mul(2));
            let filler =
                Filler::start(cache, topic, right, &missing, (started_ms, payloads, joining))?;
            let outcome =
                self.read_missing(topic, &filler, &missing, (started_ms, order), cancel, sink);
            let stopped = match &outcome {
                Ok((outcome, sink_broke)) => {
                    for read in &outcome.partitions {
                        // Records on their way when it was stopped did not arrive: it ends with
                        // those that did.
                        let to = if read.is_done() { read.position } else { i64::MIN };
                        filler.end(&read.partition, to, read.leader_epochs.clone());
                        for lost in &read.lost {
                            let to = gone.entry(read.partition.partition).or_insert(lost.to);
                            *to = lost.to.max(*to);
                        }
                    }
                    outcome.stopped && (*sink_broke || cancel.is_cancelled())
                }
                Err(_) => true,
            };
            filler.finish()?;
            let (outcome, _) = outcome?;
            filled.records += outcome.records();
            filled.bytes += outcome.bytes();
            if stopped {
                return Ok(None);
            }
            if outcome.stopped || !outcome.is_complete() {
                return Ok(Some(filled));
            }
        }
    }

    /// Reads missing parts into the filler. Says also whether the sink had enough.
    fn read_missing(
        &self,
        topic: &TopicCache,
        filler: &Filler,
        missing: &[(i32, (i64, i64))],
        (started_ms, order): (i64, FillOrder),
        cancel: &Cancel,
        sink: &mut EventSink<'_>,
    ) -> Result<(ReadOutcome, bool), SourceError> {
        let name: Arc<str> = topic.identity().topic.as_str().into();
        let range = |(number, (from, to)): &(i32, (i64, i64))| {
            OffsetRange::new(&TopicPartition::new(Arc::clone(&name), *number), *from, *to)
        };
        let plan = ReadPlan {
            isolation: Isolation::Uncommitted,
            ..ReadPlan::new(missing.iter().map(range).collect(), started_ms)
        };
        let mut sink_broke = false;
        let most_per_second = order.most_per_second;
        let mut pace = Pace { began: Instant::now(), records: 0, most_per_second };
        let outcome = self.source.read(&plan, cancel, &mut |event| {
            let taken = match event {
                ReadEvent::Batch(batch) => pace.hold(batch.len(), cancel) && filler.append(batch),
                ReadEvent::Lost(lost) => {
                    filler.lose(&lost.topic_partition(), lost.to);
                    sink_broke |= sink(ReadEvent::Lost(lost)).is_break();
                    !sink_broke
                }
                other => {
                    sink_broke |= sink(other).is_break();
                    !sink_broke
                }
            };
            if taken { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        Ok((outcome, sink_broke))
    }
}

/// What is missing of these ranges of a topic, without what the log no longer has. Of the newest
/// records at most this many are read, where they come first.
fn missing_of(
    topic: &TopicCache,
    ranges: &[OffsetRange],
    gone: &Gone,
    newest: Option<i64>,
    payloads: bool,
) -> Result<Missing, CacheError> {
    let mut missing = Missing::default();
    for range in ranges {
        let from = gone.get(&range.partition).map_or(range.from, |gone| range.from.max(*gone));
        let holes = topic.partition(range.partition)?.holes(from, range.to, payloads);
        missing.offsets += holes.iter().map(|(from, to)| from.abs_diff(*to)).sum::<u64>();
        let hole = match newest {
            Some(offsets) => {
                holes.last().map(|(from, to)| (*from.max(&to.saturating_sub(offsets)), *to))
            }
            None => holes.first().copied(),
        };
        missing.parts.extend(hole.map(|hole| (range.partition, hole)));
    }
    assert!(
        missing.parts.iter().all(|(_, (from, to))| from < to),
        "a part that is read has offsets, so that reading it leaves less missing"
    );
    Ok(missing)
}
