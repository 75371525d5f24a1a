//! A read of the log on a thread of its own, for an open topic or an open entity, and what is known
//! of it.
//!
//! Promises: a read that was replaced or cancelled is let go of within a batch; what it still sends
//! is dropped.
//! Does not know: which offsets are read and how (`ask::log_read`), what the records are read for.

use std::ops::ControlFlow;

use super::{Outbox, State};
use crate::model::{Cancel, Completeness, Isolation, OffsetRange, PartitionRead, TopicPartition};
use crate::partition_log::LogNews;
use crate::workspace::ask::coverage::{AskedParts, Coverage, GapFacts, Offsets};
use crate::workspace::ask::log_read::{LogFacts, LogQuestion, LogTold};
use crate::workspace::clock::now_ms;
use crate::workspace::{JobId, NoticeLevel, Session};

/// A read that runs, or ran last.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    /// Its job and its switch; none before the first.
    running: Option<(JobId, Cancel)>,
    /// What the cluster said before it began.
    pub(crate) facts: LogFacts,
    /// When it began, in milliseconds since the epoch.
    pub(crate) begun_ms: Option<i64>,
    /// How far each partition was read.
    pub(crate) reads: Vec<PartitionRead>,
    /// What a second look told: at the gaps there were, once somebody looked.
    looked: (Option<Vec<OffsetRange>>, GapFacts),
}

impl Reading {
    /// Whether this job reads.
    pub(crate) fn is_by(&self, job: JobId) -> bool {
        self.running.as_ref().is_some_and(|(running, _)| *running == job)
    }

    /// Stops; what was read is forgotten.
    pub(crate) fn stop(&mut self) {
        if let Some((_, cancel)) = self.running.take() {
            cancel.cancel();
        }
        self.reads.clear();
        self.looked = Default::default();
    }

    /// From now on this job reads. Gives it to be shown.
    pub(crate) fn begin(&mut self, begun: Option<(JobId, Cancel)>) -> Option<JobId> {
        self.running = begun;
        self.begun_ms = Some(now_ms());
        self.running.as_ref().map(|(job, _)| *job)
    }

    /// Takes how far it is. Once a read has reached the ends, its news leaves out the gaps it told
    /// of then.
    pub(crate) fn progress(&mut self, mut reads: Vec<PartitionRead>) {
        for read in reads.iter_mut().filter(|read| read.gaps.is_empty()) {
            if let Some(known) = self.reads.iter().find(|known| known.partition == read.partition) {
                read.gaps.clone_from(&known.gaps);
            }
        }
        self.reads = reads;
    }

    /// Whether everything is read that there was.
    pub(crate) fn is_done(&self) -> bool {
        !self.reads.is_empty() && self.reads.iter().all(PartitionRead::is_done)
    }

    /// The gaps that nobody has looked into; from now on somebody does.
    fn take_new_gaps(&mut self) -> Option<Vec<OffsetRange>> {
        let gaps: Vec<OffsetRange> =
            self.reads.iter().flat_map(|read| read.gaps.iter().cloned()).collect();
        if self.looked.0.as_ref() == Some(&gaps) {
            return None;
        }
        self.looked.0 = Some(gaps.clone());
        Some(gaps)
    }

    /// How complete a history is that was read this far and holds these events that could not be
    /// decoded.
    pub(crate) fn completeness(&self, isolation: Isolation, undecodable: &Offsets) -> Completeness {
        let partitions: Vec<TopicPartition> = self.facts.leaders.keys().cloned().collect();
        let coverage = Coverage {
            partitions: &partitions,
            bounds: &self.facts.bounds,
            reads: &self.reads,
            undecodable,
            asked: &AskedParts::new(),
        };
        coverage.completeness(&self.looked.1, isolation)
    }
}

impl State {
    /// Starts a read; its news goes to whoever is read by its job.
    pub(crate) fn start_reading(
        &mut self,
        title: String,
        question: LogQuestion,
    ) -> Option<(JobId, Cancel)> {
        let session = self.session(Cancel::new())?;
        let (job, cancel) = self.jobs.start(title, now_ms());
        let session = Session { cancel: cancel.clone(), ..session };
        let read = move |outbox: &Outbox| {
            session.read_log(&question, &mut |told| {
                let heard = outbox.send(move |state| match told {
                    LogTold::Begins(facts, mappings) => state.read_begins(job, facts, mappings),
                    LogTold::News(LogNews::Kept(kept)) => state.take_kept(job, kept),
                    LogTold::News(LogNews::Read(event)) => state.read_says(job, event),
                });
                if heard { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            })
        };
        self.spawn("read", Some(job), read, move |state, ended| {
            state.read_ended(job, ended.and_then(|ended| Ok(ended?)));
        });
        Some((job, cancel))
    }

    /// The read that this job carries out.
    pub(super) fn reading_of(&mut self, job: JobId) -> Option<&mut Reading> {
        let topics = self.topics.iter_mut().map(|open| &mut open.reading);
        let entities = self.entities.iter_mut().map(|open| &mut open.reading);
        topics.chain(entities).find(|reading| reading.is_by(job))
    }

    /// Looks into the gaps of what was read: without that, they may be losses. Says whether
    /// somebody does; what was read is judged afterwards.
    pub(super) fn look_into_gaps(&mut self, job: JobId) -> bool {
        // What a read that was called off has found is judged all the same.
        let Some(session) = self.session(Cancel::new()) else { return false };
        let Some(reading) = self.reading_of(job) else { return false };
        let partitions: Vec<TopicPartition> = reading.facts.leaders.keys().cloned().collect();
        let Some(gaps) = reading.take_new_gaps() else { return false };
        let look = move |_: &Outbox| session.look_into_gaps(&partitions, &gaps);
        self.spawn("gaps", None, look, move |state, looked| {
            let facts = looked.and_then(|facts| Ok(facts?)).unwrap_or_else(|problem| {
                state.notify(NoticeLevel::Warning, problem);
                GapFacts::default()
            });
            if let Some(reading) = state.reading_of(job) {
                reading.looked.1 = facts;
            }
            state.judge(job);
        });
        true
    }
}
