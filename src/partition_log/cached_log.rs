//! A log of which is kept on disk what was read of it, so that it is read once.
//!
//! Promises: an answer is what a plain read of the source would give; what the log no longer has is
//! not given, and what cannot be kept or read back is read from the source instead, with the reason
//! to be told.
//! Does not know: which questions are asked.
//!
//! What is kept agrees with the log as long as the topic has the same id, reaches as far, and still
//! has at the last kept offset a record of the same leader epoch (KIP-101: such logs agree up to
//! it). That is asked when a topic is first asked about, and again from time to time.

mod comparing;
mod deciding;
mod filling;
mod following;
mod keeping;
mod looking_up;
mod opening;
mod ordering;
mod serving;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

pub use self::filling::{FillOrder, Filled};
use self::following::{Tail, TailSizes};
pub use self::keeping::Kept;
use self::looking_up::LookUps;
pub use self::opening::LogNews;
use self::serving::Served;
use super::cache::{BatchCache, CacheError, LogCache, TopicCache, TopicIdentity};
use super::source::{LogSource, SourceError};
use crate::kafka::Watermarks;
use crate::model::{
    Cancel, OffsetRange, PartitionRead, ReadEvent, ReadOutcome, ReadPlan, RecordBatch, RecordRef,
    TopicPartition,
};

/// What batches read back from disk may take in memory, in bytes.
const BATCH_BUDGET_BYTES: usize = 128 << 20;

/// Who is given the records of an ordered read.
type RecordSink<'a> = dyn FnMut(RecordRef<'_>) -> ControlFlow<()> + 'a;

/// A log of which is kept what was read of it.
pub struct CachedLog {
    /// The log itself.
    source: Box<dyn LogSource>,
    /// Where what was read is kept; `None` to keep nothing and use nothing that is kept.
    cache: Option<Arc<LogCache>>,
    /// Batches read back.
    batches: Arc<BatchCache>,
    /// Whether values and headers are kept.
    payloads: bool,
    /// What a fetch of single records costs beside what it is for, in bytes.
    fetch_bytes: u64,
    /// How large the tail of a follower becomes.
    tail_sizes: TailSizes,
    /// What is kept of each topic asked about; `None` where nothing can be.
    topics: Mutex<BTreeMap<Arc<str>, Option<Arc<TopicCache>>>>,
    /// When what is kept of a topic was compared with the log.
    compared: Mutex<BTreeMap<Arc<str>, Instant>>,
    /// Who is told what could not be kept or read back.
    tell: Box<TellProblem>,
    /// What was told already.
    told: Mutex<BTreeSet<String>>,
}

/// Who is told what could not be kept or read back.
pub type TellProblem = dyn Fn(&CacheError) + Send + Sync;

/// Where what is read is kept, and how.
pub struct Keeping {
    /// The cache; `None` to keep nothing and use nothing that is kept.
    pub cache: Option<Arc<LogCache>>,
    /// Whether values and headers are kept.
    pub payloads: bool,
    /// Who is told what could not be kept or read back: every problem once.
    pub tell: Box<TellProblem>,
}

impl Keeping {
    /// Nothing is kept.
    pub fn nothing() -> Self {
        Self { cache: None, payloads: true, tell: Box::new(|_problem| ()) }
    }
}

impl std::fmt::Debug for Keeping {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Keeping").field("cache", &self.cache).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for CachedLog {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("CachedLog").field("cache", &self.cache).finish_non_exhaustive()
    }
}

/// What was served of the ranges of a plan.
type ServedRanges = BTreeMap<TopicPartition, Served>;

/// The value behind a lock. A thread that panicked left it whole: every change is one step.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl CachedLog {
    /// A log of which everything that is read whole is kept.
    pub fn new(source: Box<dyn LogSource>, keeping: Keeping) -> Self {
        let Keeping { cache, payloads, tell } = keeping;
        Self {
            source,
            cache,
            batches: Arc::new(BatchCache::new(BATCH_BUDGET_BYTES)),
            payloads,
            fetch_bytes: looking_up::FETCH_BYTES,
            tail_sizes: TailSizes::default(),
            topics: Mutex::default(),
            compared: Mutex::default(),
            tell,
            told: Mutex::default(),
        }
    }

    /// Tells a problem, unless it was told already.
    fn note(&self, problem: &CacheError) {
        if lock(&self.told).insert(problem.to_string()) {
            (self.tell)(problem);
        }
    }

    /// The same at the beginning of a question: another topic may have taken the name since it was
    /// asked last.
    fn topic_now(&self, topic: &Arc<str>) -> Result<Option<Arc<TopicCache>>, SourceError> {
        let known = self.topic(topic)?;
        let Some(kept) = &known else { return Ok(None) };
        let is_recent = |at: &Instant| at.elapsed() < comparing::COMPARED_FOR;
        if lock(&self.compared).get(topic).is_none_or(is_recent) {
            return Ok(known);
        }
        let identity = self.source.identity(topic)?;
        if identity.as_ref() == Some(kept.identity()) {
            return Ok(known);
        }
        lock(&self.topics).remove(topic);
        lock(&self.compared).remove(topic);
        self.topic(topic)
    }

    /// What is kept of a topic; `None` where nothing can be.
    fn topic(&self, topic: &Arc<str>) -> Result<Option<Arc<TopicCache>>, SourceError> {
        let Some(cache) = &self.cache else { return Ok(None) };
        if let Some(known) = lock(&self.topics).get(topic) {
            return Ok(known.clone());
        }
        let identity: Option<TopicIdentity> = self.source.identity(topic)?;
        let kept = identity.map(|identity| Arc::new(cache.topic(identity)));
        lock(&self.topics).insert(Arc::clone(topic), kept.clone());
        Ok(kept)
    }

    /// A plan for the log itself, with what was judged of timestamps when they were kept.
    fn judged_before(&self, plan: &ReadPlan) -> ReadPlan {
        let mut plan = plan.clone();
        for partition in plan.ranges.iter().map(OffsetRange::topic_partition) {
            let topic = self.topic(&partition.topic).ok().flatten();
            let kept = topic.and_then(|topic| topic.partition(partition.partition).ok());
            let judged = kept.map(|kept| kept.judged()).filter(|judged| !judged.is_empty());
            plan.judged.extend(judged.map(|judged| (partition, judged)));
        }
        plan
    }

    /// The rests of ranges of which the beginning was served.
    fn rests(plan: &ReadPlan, served: &ServedRanges) -> Vec<OffsetRange> {
        let rest = |range: &OffsetRange| {
            let served = served.get(&range.topic_partition());
            let from = served.map_or(range.from, |served| served.read.position);
            assert!(range.from <= from, "what was served lies in the range");
            OffsetRange { from, ..range.clone() }
        };
        plan.ranges.iter().map(rest).collect()
    }

    /// Reads the rest of ranges of which the beginning was served, and accounts for both together.
    fn read_rest(
        &self,
        plan: &ReadPlan,
        cancel: &Cancel,
        served: &ServedRanges,
        sink: &mut dyn FnMut(ReadEvent) -> ControlFlow<()>,
    ) -> Result<ReadOutcome, SourceError> {
        let mut ranges = Self::rests(plan, served);
        ranges.retain(|range| plan.follow || !range.is_empty());
        let mut outcome = ReadOutcome::default();
        if !ranges.is_empty() {
            let reached = served
                .iter()
                .filter_map(|(partition, served)| Some((partition.clone(), served.latest_ms?)));
            let log_times: BTreeMap<TopicPartition, i64> = reached.collect();
            let log_times = Some(Arc::new(log_times));
            let plan = ReadPlan { ranges, log_times, ..self.judged_before(plan) };
            let mut tail = Tail::new(self, &plan, cancel)?;
            let mut kept = Ok(());
            outcome = self.source.read(&plan, cancel, &mut |event| {
                kept = tail.hear(&event);
                if kept.is_err() {
                    return ControlFlow::Break(());
                }
                match event {
                    ReadEvent::Batch(batch) => match going_on(served, batch) {
                        Some(batch) => sink(ReadEvent::Batch(batch)),
                        None => ControlFlow::Continue(()),
                    },
                    ReadEvent::Progress(reads) => sink(ReadEvent::Progress(joined(served, reads))),
                    other => sink(other),
                }
            })?;
            kept?;
            tail.end(&outcome)?;
        }
        outcome.partitions = joined(served, outcome.partitions);
        Ok(outcome)
    }

    /// Reads the ranges of a plan, in some of which was looked up.
    fn read_looked_up(
        &self,
        plan: &ReadPlan,
        mut looked_up: LookUps,
        cancel: &Cancel,
        sink: &mut dyn FnMut(ReadEvent) -> ControlFlow<()>,
    ) -> Result<ReadOutcome, SourceError> {
        let mut served = ServedRanges::new();
        let mut flow = ControlFlow::Continue(());
        let fetched: u64 = looked_up.values().map(|looked_up| looked_up.fetched).sum();
        for range in &plan.ranges {
            let partition = range.topic_partition();
            let part = if flow.is_break() {
                Served::nothing(range, plan)
            } else {
                let (part, next) = match looked_up.remove(&partition) {
                    Some(found) => self.serve_looked_up(range, plan, found, cancel, sink)?,
                    None => self.serve(range, plan, cancel, sink)?,
                };
                flow = next;
                part
            };
            served.insert(partition, part);
        }
        let kept: u64 = served.values().map(|served| served.read.records).sum();
        let mut outcome = if flow.is_break() {
            let partitions = joined(&served, Vec::new());
            ReadOutcome { partitions, stopped: true, from_cache: 0 }
        } else {
            self.read_rest(plan, cancel, &served, sink)?
        };
        outcome.from_cache = kept.saturating_sub(fetched);
        Ok(outcome)
    }
}

/// The part of a batch that was not handed on.
fn going_on(served: &ServedRanges, batch: RecordBatch) -> Option<RecordBatch> {
    let Some(served) = served.get(batch.partition()) else { return Some(batch) };
    let batch = batch.from_offset(served.handed_on_to);
    (!batch.is_empty()).then_some(batch)
}

/// What was served of each partition together with what was read of its rest, sorted.
fn joined(served: &ServedRanges, rests: Vec<PartitionRead>) -> Vec<PartitionRead> {
    let mut all: BTreeMap<TopicPartition, PartitionRead> =
        served.iter().map(|(partition, served)| (partition.clone(), served.read.clone())).collect();
    for rest in rests {
        let whole = match all.remove(&rest.partition) {
            Some(read) => read.followed_by(rest),
            None => rest,
        };
        all.insert(whole.partition.clone(), whole);
    }
    all.into_values().collect()
}

/// The account of a read that was called off before it began.
fn nothing_read(plan: &ReadPlan) -> ReadOutcome {
    let partitions = plan.ranges.iter().map(PartitionRead::starting).collect();
    ReadOutcome { partitions, stopped: true, from_cache: 0 }
}

impl LogSource for CachedLog {
    fn bounds(
        &self,
        partitions: &[TopicPartition],
    ) -> Result<BTreeMap<TopicPartition, Watermarks>, SourceError> {
        self.source.bounds(partitions)
    }

    fn identity(&self, topic: &str) -> Result<Option<TopicIdentity>, SourceError> {
        self.source.identity(topic)
    }

    fn read(
        &self,
        plan: &ReadPlan,
        cancel: &Cancel,
        sink: &mut dyn FnMut(ReadEvent) -> ControlFlow<()>,
    ) -> Result<ReadOutcome, SourceError> {
        let Some(filled) = self.keep(plan, cancel, sink)? else { return Ok(nothing_read(plan)) };
        let (looked_up, flow) = self.look_up(plan, cancel, sink)?;
        if flow.is_break() {
            return Ok(nothing_read(plan));
        }
        let mut outcome = self.read_looked_up(plan, looked_up, cancel, sink)?;
        outcome.from_cache = outcome.from_cache.saturating_sub(filled);
        Ok(outcome)
    }

    fn read_parts(
        &self,
        parts: &[OffsetRange],
        started_ms: i64,
        cancel: &Cancel,
        sink: &mut dyn FnMut(ReadEvent) -> ControlFlow<()>,
    ) -> Result<ReadOutcome, SourceError> {
        self.source.read_parts(parts, started_ms, cancel, sink)
    }

    fn read_in_log_order(
        &self,
        plan: &ReadPlan,
        cancel: &Cancel,
        sink: &mut RecordSink<'_>,
        events: &mut dyn FnMut(ReadEvent),
    ) -> Result<ReadOutcome, SourceError> {
        self.read_ordered(plan, cancel, sink, events)
    }
}

#[cfg(test)]
mod beside_tests;
#[cfg(test)]
mod change_tests;
#[cfg(test)]
mod damage_tests;
#[cfg(test)]
mod model;
#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod ordering_tests;
#[cfg(test)]
mod tests;
