//! What a read says, taken to the open topic or entity that it is for.
//!
//! Promises: what a read that was replaced still says changes nothing; what could not be read is told.
//! Does not know: how records are read (`reading`).

use std::sync::Arc;

use super::State;
use super::entity::OpenEntity;
use super::reading::LogFacts;
use super::topic::OpenTopic;
use crate::model::{Isolation, OffsetRange, PartitionRead, ReadEvent, ReadOutcome, RecordBatch};
use crate::partition_log::KeptSegments;
use crate::workspace::ask::coverage::{Offsets, aborted_in_gaps};
use crate::workspace::clock::now_ms;
use crate::workspace::{ConnectionState, JobId, NoticeLevel, Problem};

impl State {
    /// The cluster said what there is to read.
    pub(super) fn read_begins(&mut self, job: JobId, facts: &LogFacts) {
        if let Some(topic) = self.topics.iter_mut().find(|topic| topic.is_read_by(job)) {
            topic.know(facts);
        } else if let Some(entity) = self.entities.iter_mut().find(|entity| entity.is_read_by(job))
        {
            entity.know(facts);
        }
    }

    /// A read says something.
    pub(super) fn read_says(&mut self, job: JobId, event: ReadEvent) {
        match event {
            ReadEvent::Batch(batch) => self.take_batch(job, batch),
            ReadEvent::Progress(partitions) => self.take_progress(job, partitions),
            ReadEvent::CaughtUp => {
                self.jobs.follows(job);
                self.caught_up(job);
            }
            ReadEvent::Trouble(text) => self.show_trouble(Some(text.into())),
            ReadEvent::Recovered => self.show_trouble(None),
            ReadEvent::Lost(range) => {
                let what = format!(
                    "offsets {} to {} of {}-{} were deleted before they could be read",
                    range.from,
                    range.to - 1,
                    range.topic,
                    range.partition
                );
                let hint = "retention overtook the reader; what follows is complete from there on";
                self.notify(NoticeLevel::Warning, Problem::new(what).with_hint(hint));
            }
        }
    }

    /// Records that lie on disk were found.
    pub(super) fn take_kept(&mut self, job: JobId, kept: KeptSegments) {
        if let Some(topic) = self.topics.iter_mut().find(|topic| topic.is_read_by(job)) {
            topic.take_kept(kept);
        }
    }

    /// Records arrived.
    fn take_batch(&mut self, job: JobId, batch: RecordBatch) {
        let budget = self.view.memory_budget_bytes.saturating_sub(self.memory_bytes());
        let fits = u64::try_from(batch.memory_bytes()).is_ok_and(|bytes| bytes <= budget);
        let taken = if !fits {
            Err(memory_is_full(self.view.memory_budget_bytes))
        } else if let Some(topic) = self.topics.iter_mut().find(|topic| topic.is_read_by(job)) {
            topic.append(batch)
        } else if let Some(entity) = self.entities.iter_mut().find(|entity| entity.is_read_by(job))
        {
            let key = entity.view.key.clone();
            let taken = entity.append(batch);
            self.work_out_history(&key);
            taken
        } else {
            Ok(())
        };
        if let Err(problem) = taken {
            self.jobs.cancel(job);
            self.jobs.end(job, Some(problem.clone()), now_ms());
            self.notify(NoticeLevel::Warning, problem);
        }
    }

    /// A read is this far.
    fn take_progress(&mut self, job: JobId, partitions: Vec<PartitionRead>) {
        self.jobs.progress(job, &partitions, now_ms());
        if let Some(topic) = self.topics.iter_mut().find(|topic| topic.is_read_by(job)) {
            topic.progress(partitions);
        } else if let Some(entity) = self.entities.iter_mut().find(|entity| entity.is_read_by(job))
        {
            entity.progress(partitions);
        }
    }

    /// Looks for aborted records behind the gaps of what was read: without that, gaps may be losses.
    fn look_for_aborted(&mut self, job: JobId) {
        let topic = self.topics.iter().find(|topic| topic.is_read_by(job));
        let entity = self.entities.iter().find(|entity| entity.is_read_by(job));
        let topic = topic.and_then(OpenTopic::what_was_read);
        let Some((facts, reads, reading)) =
            topic.or_else(|| entity.and_then(OpenEntity::what_was_read))
        else {
            return;
        };
        let gaps: Vec<OffsetRange> = reads.iter().flat_map(|read| read.gaps.clone()).collect();
        if facts.aborted.is_some()
            || gaps.is_empty()
            || self.view.isolation == Isolation::Uncommitted
        {
            return;
        }
        let cancel = reading.cancel.clone();
        let Some((connection, log)) = self.connection.clone().zip(self.log.clone()) else { return };
        self.spawn("aborted", move |outbox| {
            let found = aborted_in_gaps(&connection, &log, &gaps, &cancel);
            outbox.send(move |state| match found {
                Ok(aborted) => state.know_aborted(job, aborted),
                Err(failure) => state.notify(NoticeLevel::Warning, failure.problem),
            });
        });
    }

    /// The aborted records behind the gaps of what was read are known.
    fn know_aborted(&mut self, job: JobId, aborted: Offsets) {
        if let Some(topic) = self.topics.iter_mut().find(|topic| topic.is_read_by(job)) {
            topic.know_aborted(aborted);
        } else if let Some(entity) = self.entities.iter_mut().find(|entity| entity.is_read_by(job))
        {
            entity.know_aborted(aborted);
        }
        self.caught_up(job);
    }

    /// A follower has everything up to now.
    fn caught_up(&mut self, job: JobId) {
        self.look_for_aborted(job);
        if let Some(topic) = self.topics.iter().find(|topic| topic.is_read_by(job)) {
            let name = Arc::clone(&topic.view.topic);
            self.topic_read(&name);
        } else if let Some(entity) = self.entities.iter().find(|entity| entity.is_read_by(job)) {
            let key = entity.view.key.clone();
            self.entity_read(&key);
        }
    }

    /// A read ended.
    pub(super) fn read_ended(&mut self, job: JobId, ended: Result<ReadOutcome, Problem>) {
        let problem = match ended {
            Ok(outcome) => {
                self.take_progress(job, outcome.partitions);
                None
            }
            Err(problem) => Some(problem),
        };
        if let Some(problem) = &problem {
            self.read_failed(job, problem);
            self.notify(NoticeLevel::Error, problem.clone());
        }
        self.jobs.end(job, problem, now_ms());
        self.caught_up(job);
        self.touch_urgently();
    }

    /// A read could not go on: what it was for says so.
    fn read_failed(&mut self, job: JobId, problem: &Problem) {
        if let Some(topic) = self.topics.iter_mut().find(|topic| topic.is_read_by(job)) {
            topic.failed(problem);
        } else if let Some(entity) = self.entities.iter_mut().find(|entity| entity.is_read_by(job))
        {
            entity.failed(problem);
        }
    }

    /// A trouble of the moment came, or went.
    fn show_trouble(&mut self, trouble: Option<Arc<str>>) {
        let ConnectionState::Connected(info) = &self.view.connection else { return };
        let mut info = (**info).clone();
        if let (Some(text), None) = (&trouble, &info.trouble) {
            let hint = "reading resumes by itself when the cluster is back";
            self.notify(NoticeLevel::Warning, Problem::new(&**text).with_hint(hint));
        }
        info.trouble = trouble;
        self.view.connection = ConnectionState::Connected(Arc::new(info));
        self.touch_urgently();
    }
}

/// Reading stopped because no more records fit.
fn memory_is_full(budget_bytes: u64) -> Problem {
    Problem::new(format!("reading stopped: the {} MiB that records may take are full", budget_bytes >> 20))
        .with_hint("read less: the newest records, a span of time or one partition; or close what you do not need")
}
