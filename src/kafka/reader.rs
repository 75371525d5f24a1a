//! Reading fast: all partitions at once, records of one partition in their order, partitions in
//! any.
//!
//! Promises: every offset asked for is accounted for in the outcome; a full channel pauses the
//! reading; a cancel takes effect within 200 ms; a broker that goes away is waited for, and that is
//! said.
//! Does not know: log order over partitions (`ordered_reader`), what records mean.
//!
//! One client has one thread per broker for fetching and decompressing, so on a cluster of few
//! brokers two clients read faster than one. Each client is drained by a thread of its own, which
//! fills batches and sends them over a bounded channel to the thread that asked for the read; only
//! that one calls the sink.

mod worker;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use self::worker::{Note, Worker};
use super::connection::Connection;
use super::error::KafkaError;
use super::fetch::{Fetcher, Halt};
use super::outcomes::Outcomes;
use super::watch::{Look, watch};
use crate::model::{
    Cancel, OffsetRange, PartitionRead, ReadEvent, ReadOutcome, ReadPlan, RecordBatch,
    TopicPartition,
};

/// How many batches and other notes may wait for the sink.
const CHANNEL_NOTES: usize = 16;

/// How often progress is told.
pub(super) const PROGRESS_EVERY: Duration = Duration::from_millis(200);

/// How long to wait for a note before looking whether the read was called off.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// How long to wait for an answer about the topics to read.
pub(super) const LOOK_UP: Duration = Duration::from_secs(30);

/// From this many brokers on, one client has threads enough.
const MANY_BROKERS: usize = 3;

/// Below this many offsets a second client costs more than it gains.
const WORTH_SPLITTING: u64 = 100_000;

/// What the sink is.
pub(super) type Sink<'a> = dyn FnMut(ReadEvent) -> ControlFlow<()> + 'a;

/// The outcome of a read that was called off before it began.
pub(super) fn nothing_read(plan: &ReadPlan) -> ReadOutcome {
    let mut partitions: Vec<_> = plan.ranges.iter().map(PartitionRead::starting).collect();
    partitions.sort_by(|a, b| a.partition.cmp(&b.partition));
    ReadOutcome { partitions, stopped: true, from_cache: 0 }
}

/// The partitions of these ranges.
pub(super) fn partitions(ranges: &[OffsetRange]) -> Vec<TopicPartition> {
    ranges.iter().map(OffsetRange::topic_partition).collect()
}

/// Reads what the plan asks for. What became of transactions is known already.
pub(super) fn read_with(
    connection: &Connection,
    plan: &ReadPlan,
    outcomes: &Outcomes,
    cancel: &Cancel,
    sink: &mut Sink<'_>,
) -> Result<ReadOutcome, KafkaError> {
    if plan.ranges.is_empty() {
        return Ok(ReadOutcome::default());
    }
    let brokers = connection.check_topics(&partitions(&plan.ranges), LOOK_UP)?.brokers;
    let halt = Halt { cancel: cancel.clone(), ended: Cancel::new() };
    let (notes, received) = bounded(CHANNEL_NOTES);
    let (watching, ended) = bounded::<()>(0);
    let started = Instant::now();
    let mut workers = Vec::new();
    for (number, ranges) in shares(plan, brokers).iter().enumerate() {
        let fetcher = Fetcher::start(connection, plan, ranges, outcomes, false)?;
        workers.push(Worker::new(number, fetcher, plan, started, halt.clone(), notes.clone()));
    }
    let topics = topic_names(&plan.ranges);
    let mut receiving = Receiving::new(plan, &halt, workers.len(), sink);
    thread::scope(|scope| {
        for worker in workers {
            let name = format!("kafka-read-{}", worker.number());
            let broken = TellsPanic(notes.clone());
            let work = move || {
                let _told = broken;
                worker.run();
            };
            let spawned = thread::Builder::new().name(name).spawn_scoped(scope, work);
            receiving.note_spawn(spawned.err());
        }
        let watcher = || {
            watch(connection, &topics, &halt, &ended, |look| {
                // Nobody listens any more when the read has ended.
                if notes.send(Note::Looked(look)).is_err() {
                    tracing::trace!(target: "kafka", "looked after the end of a read");
                }
            });
        };
        let named = thread::Builder::new().name("kafka-watch".to_owned());
        receiving.note_spawn(named.spawn_scoped(scope, watcher).err());
        receiving.run(&received);
        halt.ended.cancel();
        drop(watching);
        drop(received);
    });
    receiving.finish(cancel)
}

/// Tells that a worker has ended where a panic ends it: else it would be waited for without end.
struct TellsPanic(Sender<Note>);

impl Drop for TellsPanic {
    fn drop(&mut self) {
        if thread::panicking() {
            let asked = "read".to_owned();
            let reason = "a mistake in foldback itself ended a reading thread".to_owned();
            let error = Some(KafkaError::Other { asked, reason });
            // Nobody listens any more when the read has ended.
            drop(self.0.send(Note::Finished { reads: Vec::new(), error }));
        }
    }
}

/// The names of the topics of these ranges.
pub(super) fn topic_names(ranges: &[OffsetRange]) -> Vec<&str> {
    let mut names: Vec<_> = ranges.iter().map(|range| &*range.topic).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Divides the ranges over clients: two where brokers are few and there is enough to read.
fn shares(plan: &ReadPlan, brokers: usize) -> Vec<Vec<OffsetRange>> {
    let offsets: u64 = plan.ranges.iter().map(OffsetRange::span).sum();
    let split = brokers < MANY_BROKERS && plan.ranges.len() >= 2 && offsets >= WORTH_SPLITTING;
    let mut shares = vec![Vec::new(); if split { 2 } else { 1 }];
    let mut sizes = vec![0_u64; shares.len()];
    let mut ranges = plan.ranges.clone();
    ranges.sort_by_key(|range| std::cmp::Reverse(range.span()));
    for range in ranges {
        let smallest = (0..sizes.len()).min_by_key(|share| sizes[*share]).unwrap_or(0);
        sizes[smallest] += range.span();
        shares[smallest].push(range);
    }
    shares
}

/// The receiving end of a read: calls the sink, and puts together what the workers say.
struct Receiving<'a, 's> {
    /// What was asked for.
    plan: &'a ReadPlan,
    /// Stops the workers.
    halt: &'a Halt,
    /// Who is given the events.
    sink: &'a mut Sink<'s>,
    /// Whether the sink has had enough.
    broken: bool,
    /// The first error.
    error: Option<KafkaError>,
    /// How many workers have not finished.
    running: usize,
    /// How far every partition is.
    reads: BTreeMap<TopicPartition, PartitionRead>,
    /// Of each worker, whether it has everything up to the ends.
    caught_up: Vec<bool>,
    /// Whether that was told.
    caught_up_told: bool,
    /// Of each worker, since when it is in trouble, and whether it only waits for new records
    /// meanwhile.
    troubles: Vec<Option<(Instant, bool)>>,
    /// Whether a trouble was told that is not over.
    trouble_told: bool,
    /// When progress was told last.
    progress_told: Instant,
    /// Whether there was any since: a follower that waits has nothing to tell.
    has_progress: bool,
    /// The first offset of each partition that was read and not handed on, because the sink had had
    /// enough.
    not_handed_on: BTreeMap<TopicPartition, i64>,
}

impl<'a, 's> Receiving<'a, 's> {
    /// Ready to receive from this many workers.
    fn new(plan: &'a ReadPlan, halt: &'a Halt, workers: usize, sink: &'a mut Sink<'s>) -> Self {
        let reads = plan.ranges.iter().map(PartitionRead::starting);
        Self {
            plan,
            halt,
            sink,
            broken: false,
            error: None,
            running: workers,
            reads: reads.map(|read| (read.partition.clone(), read)).collect(),
            caught_up: vec![false; workers],
            caught_up_told: false,
            troubles: vec![None; workers],
            trouble_told: false,
            progress_told: Instant::now(),
            has_progress: true,
            not_handed_on: BTreeMap::new(),
        }
    }

    /// Notes that a thread could not be started.
    fn note_spawn(&mut self, failure: Option<std::io::Error>) {
        if let Some(failure) = failure {
            let asked = "start a reading thread".to_owned();
            self.fail(KafkaError::Other { asked, reason: failure.to_string() });
            self.running = self.running.saturating_sub(1);
        }
    }

    /// Ends the read with this error, unless there is one already.
    fn fail(&mut self, error: KafkaError) {
        self.error.get_or_insert(error);
        self.halt.ended.cancel();
    }

    /// Receives until every worker has finished.
    fn run(&mut self, received: &Receiver<Note>) {
        while self.running > 0 {
            match received.recv_timeout(LOOK_EVERY) {
                Ok(note) => self.take(note),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            self.tell_progress(false);
        }
        self.tell_progress(true);
    }

    /// Takes what a worker or the watcher says.
    fn take(&mut self, note: Note) {
        match note {
            Note::Batch(batch) => self.hand_on(batch),
            Note::Lost(range) => self.tell(ReadEvent::Lost(range)),
            Note::Progress { worker, reads, caught_up } => {
                for read in reads {
                    let (position, end) = (read.position, read.end);
                    let before = self.reads.insert(read.partition.clone(), read);
                    self.has_progress |= before
                        .is_none_or(|before| (before.position, before.end) != (position, end));
                }
                self.caught_up[worker] = caught_up;
                self.tell_caught_up();
            }
            Note::Trouble { worker, standstill } => {
                self.troubles[worker] = Some((standstill.at, standstill.waiting));
                if !self.trouble_told {
                    self.trouble_told = true;
                    self.tell(ReadEvent::Trouble(standstill.text));
                }
            }
            Note::Recovered { worker } => {
                self.troubles[worker] = None;
                self.tell_recovered();
            }
            Note::Looked(Look::Unchanged(asked_at)) => {
                // Who waits for new records learns of the end of a trouble by nothing else.
                for trouble in &mut self.troubles {
                    if trouble.is_some_and(|(at, waiting)| waiting && at < asked_at) {
                        *trouble = None;
                    }
                }
                self.tell_recovered();
            }
            Note::Looked(Look::Changed(error)) => self.fail(error),
            Note::Finished { reads, error } => {
                self.running -= 1;
                for read in reads {
                    let (position, end) = (read.position, read.end);
                    let before = self.reads.insert(read.partition.clone(), read);
                    self.has_progress |= before
                        .is_none_or(|before| (before.position, before.end) != (position, end));
                }
                if let Some(error) = error {
                    self.fail(error);
                }
            }
        }
    }

    /// Hands records on, unless the sink has had enough.
    fn hand_on(&mut self, batch: RecordBatch) {
        if !self.broken {
            self.tell(ReadEvent::Batch(batch));
        } else if let Some(first) = batch.offsets().first() {
            self.not_handed_on.entry(batch.partition().clone()).or_insert(*first);
        }
    }

    /// Tells the sink, unless it has had enough.
    fn tell(&mut self, event: ReadEvent) {
        if !self.broken && (self.sink)(event).is_break() {
            self.broken = true;
            self.halt.ended.cancel();
        }
    }

    /// Tells progress when it is time for it or the read is over.
    fn tell_progress(&mut self, now: bool) {
        if now || (self.has_progress && self.progress_told.elapsed() >= PROGRESS_EVERY) {
            self.progress_told = Instant::now();
            self.has_progress = false;
            let light = |read: &PartitionRead| read.without_gaps();
            self.tell(ReadEvent::Progress(self.reads.values().map(light).collect()));
        }
    }

    /// Tells progress with all gaps there are up to the ends.
    fn tell_ends(&mut self) {
        self.progress_told = Instant::now();
        self.tell(ReadEvent::Progress(self.reads.values().cloned().collect()));
    }

    /// Tells, once, that everything up to the ends has been delivered.
    fn tell_caught_up(&mut self) {
        if self.plan.follow && !self.caught_up_told && self.caught_up.iter().all(|done| *done) {
            self.caught_up_told = true;
            self.tell_ends();
            self.tell(ReadEvent::CaughtUp);
        }
    }

    /// Tells that the last trouble is over.
    fn tell_recovered(&mut self) {
        if self.trouble_told && self.troubles.iter().all(Option::is_none) {
            self.trouble_told = false;
            self.tell(ReadEvent::Recovered);
        }
    }

    /// What was found in the end.
    fn finish(mut self, cancel: &Cancel) -> Result<ReadOutcome, KafkaError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        for (partition, offset) in &self.not_handed_on {
            if let Some(read) = self.reads.get_mut(partition) {
                cut_back(read, *offset);
            }
        }
        let mut outcome = ReadOutcome {
            partitions: self.reads.into_values().collect(),
            stopped: false,
            from_cache: 0,
        };
        outcome.stopped =
            (self.broken || cancel.is_cancelled()) && (self.plan.follow || !outcome.is_complete());
        Ok(outcome)
    }
}

/// Says that a partition was read only up to this offset.
pub(super) fn cut_back(read: &mut PartitionRead, offset: i64) {
    read.position = read.position.min(offset);
    read.gaps.retain(|gap| gap.to <= offset);
    read.lost.retain(|lost| lost.to <= offset);
}

#[cfg(test)]
mod tests;
