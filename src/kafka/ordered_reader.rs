//! Reading in log order: the records of all partitions merged by (log time, topic, partition,
//! offset).
//!
//! Promises: the order depends on the log alone, not on the speed of brokers; memory stays bounded
//! whatever the number of partitions; a follower, once it has caught up, delivers in the order of
//! arrival.
//! Does not know: how fast it could be without the order (`reader`).
//!
//! Each partition has a queue of its own, and only the one is read whose next record may be the
//! earliest: the others wait in their queues, which are bounded, and so does the broker.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::ops::ControlFlow;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, bounded};

use super::connection::Connection;
use super::error::KafkaError;
use super::fetch::{Arrival, Fetcher, Halt, message_batch};
use super::ffi::Messages;
use super::reader::{LOOK_UP, PROGRESS_EVERY, cut_back, nothing_read, partitions, topic_names};
use super::transactions::outcomes;
use super::trouble::Pulse;
use super::watch::{Look, watch};
use crate::model::{
    Cancel, PartitionRead, ReadEvent, ReadOutcome, ReadPlan, RecordBatch, RecordRef,
};

/// How long one wait for messages lasts.
const WAIT: Duration = Duration::from_millis(50);

/// Who is given the records.
type RecordSink<'a> = dyn FnMut(RecordRef<'_>) -> ControlFlow<()> + 'a;

/// Who is given everything else.
type EventSink<'a> = dyn FnMut(ReadEvent) + 'a;

/// Reads what the plan asks for and hands the records to the sink in log order.
///
/// It ends when all is read, when the sink breaks, or when it is called off. `events` is given
/// everything else; `Progress` says how far the log was read, which may be further than what was
/// handed on.
///
/// # Errors
/// As of `read`.
pub fn read_in_log_order(
    connection: &Connection,
    plan: &ReadPlan,
    cancel: &Cancel,
    sink: &mut dyn FnMut(RecordRef<'_>) -> ControlFlow<()>,
    events: &mut dyn FnMut(ReadEvent),
) -> Result<ReadOutcome, KafkaError> {
    if plan.ranges.is_empty() {
        return Ok(ReadOutcome::default());
    }
    let outcomes = match outcomes(connection, plan, cancel) {
        Ok(outcomes) => outcomes,
        Err(KafkaError::Cancelled { .. }) => return Ok(nothing_read(plan)),
        Err(error) => return Err(error),
    };
    connection.check_topics(&partitions(&plan.ranges), LOOK_UP)?;
    let halt = Halt { cancel: cancel.clone(), ended: Cancel::new() };
    let mut ranges = plan.ranges.clone();
    ranges.sort();
    let fetcher = Fetcher::start(connection, plan, &ranges, &outcomes, true)?;
    let topics = topic_names(&ranges);
    let (watching, ended) = bounded::<()>(0);
    let (looks, looked) = bounded(1);
    let mut merge = Merge::new(plan, fetcher, halt.clone(), looked, sink, events);
    let result = thread::scope(|scope| {
        let watcher = || {
            watch(connection, &topics, &halt, &ended, |look| {
                // A look that nobody has taken yet is as good as this one, unless this one found a
                // change.
                let sent = match look {
                    Look::Unchanged(_) => looks.try_send(look).is_ok(),
                    Look::Changed(_) => looks.send_timeout(look, LOOK_UP).is_ok(),
                };
                tracing::trace!(target: "kafka", sent, "looked at the topics");
            });
        };
        let named = thread::Builder::new().name("kafka-watch".to_owned());
        let spawned = named.spawn_scoped(scope, watcher);
        let result = match spawned {
            Ok(_) => merge.run(),
            Err(failure) => Err(KafkaError::Other {
                asked: "start a reading thread".to_owned(),
                reason: failure.to_string(),
            }),
        };
        halt.ended.cancel();
        merge.looked = bounded(0).1;
        drop(watching);
        result
    });
    result.map(|()| merge.finish(cancel))
}

/// The records of one partition that wait for their turn.
#[derive(Debug, Default)]
struct Lane {
    /// Batches, the first of which may have been handed on in part.
    batches: VecDeque<RecordBatch>,
    /// How many records of the first batch were handed on.
    handed_on: usize,
}

impl Lane {
    /// The record whose turn comes first.
    fn head(&self) -> Option<RecordRef<'_>> {
        self.batches.front()?.get(self.handed_on)
    }

    /// Notes that the head was handed on.
    fn pop(&mut self) {
        self.handed_on += 1;
        if self.batches.front().is_some_and(|batch| self.handed_on >= batch.len()) {
            self.batches.pop_front();
            self.handed_on = 0;
        }
    }
}

/// A merge of partitions.
struct Merge<'a, 'r, 'e> {
    /// Whether reading goes on beyond the ends.
    follow: bool,
    /// When the read began, by the caller's clock in milliseconds and by this machine's.
    started: (i64, Instant),
    /// The client with its partitions, sorted.
    fetcher: Fetcher,
    /// One for each partition, in the same order.
    lanes: Vec<Lane>,
    /// Says when to stop.
    halt: Halt,
    /// What the watcher found.
    looked: Receiver<Look>,
    /// Who is given the records.
    sink: &'a mut RecordSink<'r>,
    /// Who is given everything else.
    events: &'a mut EventSink<'e>,
    /// Whether the sink has had enough.
    broken: bool,
    /// Notices when nothing arrives any more.
    pulse: Pulse,
    /// Since when there is trouble that only new records or an answer can end.
    waiting_trouble: Option<Instant>,
    /// When progress was told last.
    told_progress: Instant,
}

impl<'a, 'r, 'e> Merge<'a, 'r, 'e> {
    /// A merge of what this client reads.
    fn new(
        plan: &ReadPlan,
        fetcher: Fetcher,
        halt: Halt,
        looked: Receiver<Look>,
        sink: &'a mut RecordSink<'r>,
        events: &'a mut EventSink<'e>,
    ) -> Self {
        Self {
            follow: plan.follow,
            started: (plan.started_ms, Instant::now()),
            lanes: (0..fetcher.len()).map(|_| Lane::default()).collect(),
            fetcher,
            halt,
            looked,
            sink,
            events,
            broken: false,
            pulse: Pulse::new(),
            waiting_trouble: None,
            told_progress: Instant::now(),
        }
    }

    /// Merges until the ends, and then goes on by arrival if asked to.
    fn run(&mut self) -> Result<(), KafkaError> {
        let mut messages = message_batch();
        self.merge(&mut messages)?;
        if self.follow && !self.is_over() {
            self.tell_progress(true);
            (self.events)(ReadEvent::CaughtUp);
            for number in 1..self.fetcher.len() {
                self.fetcher.queue(number).forward_to(self.fetcher.queue(0));
            }
            while !self.is_over() {
                self.receive(0, &mut messages)?;
                self.hand_on_arrived();
            }
        }
        self.tell_progress(true);
        Ok(())
    }

    /// Whether nothing more is wanted.
    fn is_over(&self) -> bool {
        self.broken || self.halt.is_thrown()
    }

    /// Hands on everything up to the ends, in log order.
    fn merge(&mut self, messages: &mut Messages) -> Result<(), KafkaError> {
        // The earliest log time the next record of each partition can have, smallest first.
        let mut turns: BinaryHeap<Reverse<(i64, usize)>> =
            (0..self.lanes.len()).map(|number| Reverse((i64::MIN, number))).collect();
        while !self.is_over() {
            let Some(Reverse((_, number))) = turns.pop() else { return Ok(()) };
            let until = turns.peek().map(|Reverse(turn)| *turn);
            self.hand_on_until(number, until);
            if self.lanes[number].head().is_none() {
                if self.has_all_of(number) {
                    self.collect(number, true);
                    if self.lanes[number].head().is_none() {
                        continue;
                    }
                } else if until.is_none_or(|until| self.earliest(number) <= until) {
                    self.receive(number, messages)?;
                }
            }
            turns.push(Reverse(self.earliest(number)));
        }
        Ok(())
    }

    /// When the next record of a partition can come at the earliest, and the partition's number,
    /// which decides ties.
    fn earliest(&mut self, number: usize) -> (i64, usize) {
        let head = self.lanes[number].head().map(|record| record.log_time_ms());
        (head.unwrap_or_else(|| self.fetcher.intake(number).earliest_coming_ms()), number)
    }

    /// Whether everything up to the end asked for has arrived, or there is no more.
    fn has_all_of(&mut self, number: usize) -> bool {
        self.fetcher.is_done(number)
            || (self.follow
                && (self.fetcher.is_at_tail(number)
                    || self.fetcher.intake(number).has_reached_end()))
    }

    /// Hands on the records of one partition whose turn comes before another partition's.
    fn hand_on_until(&mut self, number: usize, until: Option<(i64, usize)>) {
        while !self.broken {
            let Some(record) = self.lanes[number].head() else { return };
            if until.is_some_and(|until| (record.log_time_ms(), number) > until) {
                return;
            }
            self.broken = (self.sink)(record).is_break();
            self.lanes[number].pop();
        }
    }

    /// Hands on everything that has arrived.
    fn hand_on_arrived(&mut self) {
        for number in 0..self.lanes.len() {
            let at_tail = self.fetcher.is_at_tail(number);
            self.collect(number, at_tail);
            self.hand_on_until(number, None);
        }
    }

    /// Moves a partition's records from its intake to its lane: those with a log time, or all.
    fn collect(&mut self, number: usize, all: bool) {
        let intake = self.fetcher.intake(number);
        while let Some(batch) = if all { intake.seal_all() } else { intake.seal() } {
            self.lanes[number].batches.push_back(batch);
        }
    }

    /// Waits for messages on one queue and takes them; looks after everything else meanwhile.
    fn receive(&mut self, number: usize, messages: &mut Messages) -> Result<(), KafkaError> {
        self.fetcher.client().serve(Duration::ZERO);
        self.fetcher.queue(number).wait(WAIT, messages);
        if messages.len() > 0 {
            if self.pulse.note_arrival() {
                self.waiting_trouble = None;
                (self.events)(ReadEvent::Recovered);
            }
        } else if let Some(standstill) = self.pulse.note_silence(&self.fetcher)? {
            let told = self.waiting_trouble.is_some();
            self.waiting_trouble = standstill.waiting.then_some(standstill.at);
            if !told {
                (self.events)(ReadEvent::Trouble(standstill.text));
            }
        }
        for message in messages.iter() {
            match self.fetcher.take(message, &self.halt)? {
                Arrival::Nothing | Arrival::Tail(_) => {}
                Arrival::Batch(batch) => self.lane_of(&batch).batches.push_back(batch),
                Arrival::Lost(range) => (self.events)(ReadEvent::Lost(range)),
            }
        }
        self.collect(number, false);
        if self.follow {
            let elapsed = self.started.1.elapsed().as_millis();
            let now_ms = self.started.0.saturating_add(i64::try_from(elapsed).unwrap_or(i64::MAX));
            self.fetcher.intakes().for_each(|intake| intake.extend_horizon(now_ms));
        }
        self.tell_progress(false);
        self.take_look()
    }

    /// The lane of a batch's partition.
    fn lane_of(&mut self, batch: &RecordBatch) -> &mut Lane {
        let number = self.fetcher.reads().position(|read| read.partition == *batch.partition());
        &mut self.lanes[number.expect("a batch is of a partition that is read")]
    }

    /// Takes what the watcher found.
    fn take_look(&mut self) -> Result<(), KafkaError> {
        match self.looked.try_recv() {
            Ok(Look::Changed(error)) => Err(error),
            Ok(Look::Unchanged(asked_at)) => {
                if self.waiting_trouble.is_some_and(|at| at < asked_at) {
                    self.waiting_trouble = None;
                    self.pulse = Pulse::new();
                    (self.events)(ReadEvent::Recovered);
                }
                Ok(())
            }
            Err(_) => Ok(()),
        }
    }

    /// Tells how far the log was read, when it is time for it.
    fn tell_progress(&mut self, now: bool) {
        if now || self.told_progress.elapsed() >= PROGRESS_EVERY {
            self.told_progress = Instant::now();
            let light = |read: &PartitionRead| read.without_gaps();
            let reads = self.fetcher.reads().map(light).collect();
            (self.events)(ReadEvent::Progress(reads));
        }
    }

    /// What was found in the end, as far as it was handed on.
    fn finish(mut self, cancel: &Cancel) -> ReadOutcome {
        for number in 0..self.lanes.len() {
            self.collect(number, true);
        }
        let partitions = self.fetcher.reads().zip(&self.lanes).map(|(read, lane)| {
            let mut read = read.clone();
            if let Some(record) = lane.head() {
                cut_back(&mut read, record.offset());
            }
            read
        });
        let mut outcome =
            ReadOutcome { partitions: partitions.collect(), stopped: false, from_cache: 0 };
        outcome.stopped =
            (self.broken || cancel.is_cancelled()) && (self.follow || !outcome.is_complete());
        outcome
    }
}

#[cfg(test)]
mod tests;
