//! What a read says, taken to the open topic or entity that it is for.
//!
//! Promises: what a read that was replaced still says changes nothing; what could not be read is
//! told.
//! Does not know: how records are read (`reading`).

use std::sync::Arc;

use super::State;
use crate::kafka::KafkaError;
use crate::model::{PartitionRead, ReadEvent, ReadOutcome, RecordBatch};
use crate::partition_log::KeptSegments;
use crate::workspace::ask::log_read::LogFacts;
use crate::workspace::ask::mapping::Mappings;
use crate::workspace::clock::now_ms;
use crate::workspace::{ConnectionState, JobId, NoticeLevel, Problem};

impl State {
    /// The cluster said what there is to read, and how it is read was decided.
    pub(super) fn read_begins(&mut self, job: JobId, facts: LogFacts, mappings: Mappings) {
        if let Some(topic) = self.topics.iter_mut().find(|open| open.reading.is_by(job)) {
            topic.know(facts);
        } else if let Some(reading) = self.reading_of(job) {
            reading.facts = facts;
        }
        self.decide(mappings);
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
            ReadEvent::Offline(partitions) => {
                let error = KafkaError::NoLeader { partitions };
                self.notify(NoticeLevel::Warning, Problem::from(&error));
            }
            ReadEvent::Joined(partition) => {
                let what = format!("{partition} can be read now, and is from here on");
                self.notify(NoticeLevel::Info, Problem::new(what));
            }
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
        if let Some(topic) = self.topics.iter_mut().find(|topic| topic.reading.is_by(job)) {
            topic.take_kept(kept);
        }
    }

    /// Records arrived.
    fn take_batch(&mut self, job: JobId, batch: RecordBatch) {
        let budget = self.view.memory_budget_bytes.saturating_sub(self.memory_bytes());
        let fits = u64::try_from(batch.memory_bytes()).is_ok_and(|bytes| bytes <= budget);
        let taken = if !fits {
            Err(memory_is_full(self.view.memory_budget_bytes))
        } else if let Some(topic) = self.topics.iter_mut().find(|topic| topic.reading.is_by(job)) {
            topic.append(batch)
        } else if let Some(entity) =
            self.entities.iter_mut().find(|entity| entity.reading.is_by(job))
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
    fn take_progress(&mut self, job: JobId, reads: Vec<PartitionRead>) {
        self.jobs.progress(job, &reads, now_ms());
        if let Some(topic) = self.topics.iter_mut().find(|open| open.reading.is_by(job)) {
            topic.progress(reads);
        } else if let Some(entity) = self.entities.iter_mut().find(|open| open.reading.is_by(job)) {
            entity.progress(reads);
        }
    }

    /// A follower has everything up to now.
    fn caught_up(&mut self, job: JobId) {
        if !self.look_into_gaps(job) {
            self.judge(job);
        }
    }

    /// What was read is judged.
    pub(super) fn judge(&mut self, job: JobId) {
        if let Some(topic) = self.topics.iter().find(|open| open.reading.is_by(job)) {
            let name = Arc::clone(&topic.view.topic);
            self.topic_read(&name);
        } else if let Some(entity) = self.entities.iter().find(|open| open.reading.is_by(job)) {
            let key = entity.view.key.clone();
            self.work_out_history(&key);
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
        if let Some(topic) = self.topics.iter_mut().find(|topic| topic.reading.is_by(job)) {
            topic.failed(problem);
        } else if let Some(entity) =
            self.entities.iter_mut().find(|entity| entity.reading.is_by(job))
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
