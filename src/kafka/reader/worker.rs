//! The thread that drains one client of a read: takes messages, seals batches, notices troubles.
//!
//! Promises: what it counted it also sent; a record waits at most 50 ms to be sent.
//! Does not know: other workers, the sink.

use std::time::{Duration, Instant};

use crossbeam_channel::Sender;

use super::PROGRESS_EVERY;
use crate::kafka::error::KafkaError;
use crate::kafka::fetch::{Arrival, Fetcher, Halt, MESSAGES_AT_A_TIME, message_batch};
use crate::kafka::ffi::Messages;
use crate::kafka::trouble::{Pulse, Standstill};
use crate::kafka::watch::Look;
use crate::model::{OffsetRange, PartitionRead, ReadPlan, RecordBatch};

/// How long one wait for messages lasts.
const WAIT: Duration = Duration::from_millis(50);

/// How long a record may wait for its batch to fill.
const SEAL_EVERY: Duration = Duration::from_millis(50);

/// What workers and the watcher say to the receiving end.
#[derive(Debug)]
pub(super) enum Note {
    /// Records of one partition.
    Batch(RecordBatch),
    /// Offsets that were gone.
    Lost(OffsetRange),
    /// How far the partitions of one worker are, without their gaps, and whether all have reached
    /// their ends.
    Progress {
        /// Which worker.
        worker: usize,
        /// Its partitions.
        reads: Vec<PartitionRead>,
        /// Whether everything up to their ends was sent before this note.
        caught_up: bool,
    },
    /// A worker stands still, or only waits for new records and cannot tell whether it would get
    /// any.
    Trouble {
        /// Which worker.
        worker: usize,
        /// Why, and since when.
        standstill: Standstill,
    },
    /// A worker has received something after a trouble.
    Recovered {
        /// Which worker.
        worker: usize,
    },
    /// The watcher has looked at the topics.
    Looked(Look),
    /// A worker has ended; all it had was sent.
    Finished {
        /// What it found.
        reads: Vec<PartitionRead>,
        /// Why it could not go on.
        error: Option<KafkaError>,
    },
}

/// One worker.
#[derive(Debug)]
pub(super) struct Worker {
    /// Its number in the read.
    number: usize,
    /// Its client with its partitions.
    fetcher: Fetcher,
    /// Whether reading goes on beyond the ends.
    follow: bool,
    /// When the read began, by the caller's clock in milliseconds and by this machine's.
    started: (i64, Instant),
    /// Says when to stop.
    halt: Halt,
    /// Where to.
    notes: Sender<Note>,
    /// Notices when nothing arrives any more.
    pulse: Pulse,
    /// When batches were sealed last because of their age.
    sealed: Instant,
    /// When progress was told last.
    told_progress: Instant,
    /// Whether it was told that all partitions have reached their ends.
    told_caught_up: bool,
}

impl Worker {
    /// A worker for this client.
    pub(super) fn new(
        number: usize,
        fetcher: Fetcher,
        plan: &ReadPlan,
        started: Instant,
        halt: Halt,
        notes: Sender<Note>,
    ) -> Self {
        Self {
            number,
            fetcher,
            follow: plan.follow,
            started: (plan.started_ms, started),
            halt,
            notes,
            pulse: Pulse::new(),
            sealed: started,
            told_progress: started,
            told_caught_up: false,
        }
    }

    /// The worker's number in the read.
    pub(super) fn number(&self) -> usize {
        self.number
    }

    /// Reads to the end, and says what was found.
    pub(super) fn run(mut self) {
        let error = self.read().err();
        for number in 0..self.fetcher.len() {
            while let Some(batch) = self.fetcher.intake(number).seal_all() {
                self.send(Note::Batch(batch));
            }
        }
        let reads = self.fetcher.reads().cloned().collect();
        self.send(Note::Finished { reads, error });
    }

    /// Reads until everything is there or the read is halted.
    fn read(&mut self) -> Result<(), KafkaError> {
        let mut messages = message_batch();
        self.tell_progress(true);
        while !self.halt.is_thrown() && !self.fetcher.is_all_done() {
            self.fetcher.client().serve(Duration::ZERO);
            self.fetcher.queue(0).wait(WAIT, &mut messages);
            if messages.len() > 0 {
                if self.pulse.note_arrival() {
                    self.send(Note::Recovered { worker: self.number });
                }
                self.take(&messages)?;
            } else if let Some(standstill) = self.pulse.note_silence(&self.fetcher)? {
                self.send(Note::Trouble { worker: self.number, standstill });
            }
            // Fewer than asked for means that the queue is empty now: nothing would fill these
            // batches soon.
            self.seal_old(self.told_caught_up && messages.len() < MESSAGES_AT_A_TIME);
            self.tell_progress(false);
        }
        Ok(())
    }

    /// Takes messages.
    fn take(&mut self, messages: &Messages) -> Result<(), KafkaError> {
        for message in messages.iter() {
            match self.fetcher.take(message, &self.halt)? {
                Arrival::Nothing => {}
                Arrival::Batch(batch) => self.send(Note::Batch(batch)),
                Arrival::Lost(range) => self.send(Note::Lost(range)),
                Arrival::Tail(number) => {
                    let intake = self.fetcher.intake(number);
                    let batch = if self.follow { intake.seal_all() } else { intake.seal() };
                    if let Some(batch) = batch {
                        self.send(Note::Batch(batch));
                    }
                }
            }
        }
        Ok(())
    }

    /// Sends the batches that have been waiting for too long, or all of them.
    fn seal_old(&mut self, all: bool) {
        let now = Instant::now();
        if !all && now.duration_since(self.sealed) < SEAL_EVERY {
            return;
        }
        self.sealed = now;
        let elapsed = now.duration_since(self.started.1).as_millis();
        let now_ms = self.started.0.saturating_add(i64::try_from(elapsed).unwrap_or(i64::MAX));
        for number in 0..self.fetcher.len() {
            let intake = self.fetcher.intake(number);
            if self.follow {
                intake.extend_horizon(now_ms);
            }
            if let Some(batch) = intake.seal() {
                self.send(Note::Batch(batch));
            }
        }
    }

    /// Tells how far the partitions are, when it is time for it, or when all have just reached
    /// their ends.
    fn tell_progress(&mut self, now: bool) {
        let caught_up = (0..self.fetcher.len()).all(|number| {
            self.fetcher.is_at_tail(number) || self.fetcher.intake(number).has_reached_end()
        });
        let just_caught_up = caught_up && !self.told_caught_up;
        if !(now || just_caught_up || self.told_progress.elapsed() >= PROGRESS_EVERY) {
            return;
        }
        if just_caught_up {
            for number in 0..self.fetcher.len() {
                if let Some(batch) = self.fetcher.intake(number).seal() {
                    self.send(Note::Batch(batch));
                }
            }
        }
        self.told_caught_up |= caught_up;
        self.told_progress = Instant::now();
        let told = |read: &PartitionRead| {
            if just_caught_up { read.clone() } else { read.without_gaps() }
        };
        let reads = self.fetcher.reads().map(told).collect();
        let caught_up = self.told_caught_up;
        self.send(Note::Progress { worker: self.number, reads, caught_up });
    }

    /// Sends a note, which waits while the channel is full. The receiving end empties it until
    /// every worker has finished, also after the read was halted, so that waiting ends.
    fn send(&self, note: Note) {
        if self.notes.send(note).is_err() {
            tracing::trace!(target: "kafka", "nobody listens any more");
        }
    }
}
