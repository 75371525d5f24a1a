//! The jobs: everything long that runs, with its progress and its switch.
//!
//! Promises: a job's number is never used again; a cancelled job keeps its place in the list and
//! says so.
//! Does not know: what a job does.

use std::sync::Arc;

use crate::model::{Cancel, PartitionRead};
use crate::workspace::{
    JobId, JobProgress, JobState, JobSubject, JobView, PartitionProgress, Problem,
};

/// How many ended jobs the list keeps.
const ENDED_JOBS_MAX: usize = 50;

/// A job.
#[derive(Debug)]
struct Job {
    /// What the window sees of it.
    view: JobView,
    /// Its switch.
    cancel: Cancel,
    /// When it began, in milliseconds since the epoch.
    started_ms: i64,
    /// When its rate was last taken, in milliseconds since the epoch, and the records read by then.
    rate_from: (i64, u64),
}

/// All jobs, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Jobs {
    /// The jobs.
    jobs: Vec<Job>,
    /// The number of the next one.
    next: u64,
}

/// How often the rate is taken anew, in milliseconds.
const RATE_SPAN_MS: i64 = 500;

impl Jobs {
    /// A new job that runs from now on.
    pub(crate) fn start(&mut self, title: impl Into<Arc<str>>, now_ms: i64) -> (JobId, Cancel) {
        self.start_for(JobSubject::Own, title, now_ms)
    }

    /// A new job for this, which runs from now on.
    pub(crate) fn start_for(
        &mut self,
        subject: JobSubject,
        title: impl Into<Arc<str>>,
        now_ms: i64,
    ) -> (JobId, Cancel) {
        let cancel = Cancel::new();
        (self.start_stopped_by(cancel.clone(), subject, title, now_ms), cancel)
    }

    /// The same for work that has begun, with the switch that it has.
    pub(crate) fn start_stopped_by(
        &mut self,
        cancel: Cancel,
        subject: JobSubject,
        title: impl Into<Arc<str>>,
        now_ms: i64,
    ) -> JobId {
        let id = JobId(self.next);
        self.next += 1;
        let progress = JobProgress::default();
        let title = title.into();
        let state = JobState::Running;
        let view = JobView { id, subject, title, state, progress, elapsed_ms: 0 };
        self.jobs.push(Job { view, cancel, started_ms: now_ms, rate_from: (now_ms, 0) });
        id
    }

    /// The job with this number.
    fn find(&mut self, id: JobId) -> Option<&mut Job> {
        self.jobs.iter_mut().find(|job| job.view.id == id)
    }

    /// Notes how far a job is.
    pub(crate) fn progress(&mut self, id: JobId, partitions: &[PartitionRead], now_ms: i64) {
        let Some(job) = self.find(id) else { return };
        let records: u64 = partitions.iter().map(|partition| partition.records).sum();
        let (rate_ms, rate_records) = job.rate_from;
        if now_ms - rate_ms >= RATE_SPAN_MS {
            let span_ms = u64::try_from(now_ms - rate_ms).unwrap_or(1).max(1);
            job.view.progress.records_per_second =
                records.saturating_sub(rate_records) * 1000 / span_ms;
            job.rate_from = (now_ms, records);
        }
        job.view.progress.records = records;
        job.view.progress.bytes = partitions.iter().map(|partition| partition.bytes).sum();
        job.view.progress.partitions = partitions
            .iter()
            .map(|read| PartitionProgress {
                partition: read.partition.partition,
                from: read.from,
                position: read.position,
                end: read.end,
            })
            .collect();
        job.view.elapsed_ms = u64::try_from(now_ms - job.started_ms).unwrap_or(0);
    }

    /// The job has read what there was and waits for more.
    pub(crate) fn follows(&mut self, id: JobId) {
        if let Some(job) = self.find(id).filter(|job| job.view.state == JobState::Running) {
            job.view.state = JobState::Following;
        }
    }

    /// The job has ended: by itself, by its switch, or early for this reason.
    pub(crate) fn end(&mut self, id: JobId, problem: Option<Problem>, now_ms: i64) {
        let Some(job) = self.find(id).filter(|job| job.view.is_running()) else { return };
        job.view.elapsed_ms = u64::try_from(now_ms - job.started_ms).unwrap_or(0);
        job.view.state = match problem {
            Some(problem) => JobState::Stopped(problem),
            None if job.cancel.is_cancelled() => JobState::Cancelled,
            None => JobState::Done,
        };
        // What was asked of the cluster and answered leaves nothing to look at.
        self.jobs.retain(|job| job.view.id != id || !is_forgotten(&job.view));
        let ended = self.jobs.iter().filter(|job| !job.view.is_running()).count();
        for _ in ENDED_JOBS_MAX..ended {
            if let Some(oldest) = self.jobs.iter().position(|job| !job.view.is_running()) {
                self.jobs.remove(oldest);
            }
        }
    }

    /// Cancels a job in whose place another comes, and takes it off the list.
    pub(crate) fn replace(&mut self, id: JobId) {
        self.cancel(id);
        self.jobs.retain(|job| job.view.id != id);
    }

    /// Cancels and ends everything: nobody hears any more how it ended.
    pub(crate) fn end_all(&mut self, now_ms: i64) {
        self.cancel_all();
        while let Some(job) = self.jobs.iter().find(|job| job.view.is_running()) {
            self.end(job.view.id, None, now_ms);
        }
    }

    /// Whether one runs that does more than follow.
    pub(crate) fn any_comes_to_an_end(&self) -> bool {
        self.jobs.iter().any(|job| job.view.state == JobState::Running)
    }

    /// What a job that still runs is for.
    pub(crate) fn subject(&self, id: JobId) -> Option<&JobSubject> {
        let job = self.jobs.iter().find(|job| job.view.id == id)?;
        job.view.is_running().then_some(&job.view.subject)
    }

    /// Throws a job's switch. It is shown as cancelled when it has let go.
    pub(crate) fn cancel(&mut self, id: JobId) {
        if let Some(job) = self.find(id) {
            job.cancel.cancel();
        }
    }

    /// Throws all switches.
    pub(crate) fn cancel_all(&mut self) {
        for job in &self.jobs {
            job.cancel.cancel();
        }
    }

    /// Takes the ended ones off the list.
    pub(crate) fn clear_ended(&mut self) {
        self.jobs.retain(|job| job.view.is_running());
    }

    /// What the window sees, oldest first.
    pub(crate) fn views(&self) -> Arc<[JobView]> {
        self.jobs.iter().map(|job| job.view.clone()).collect()
    }
}

/// Whether a job is not worth a line once it has ended like this.
fn is_forgotten(view: &JobView) -> bool {
    view.state == JobState::Done && view.subject != JobSubject::Own
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{OffsetRange, TopicPartition};

    #[test]
    fn a_cancelled_job_is_shown_as_cancelled_once_it_let_go() {
        let mut jobs = Jobs::default();
        let (id, cancel) = jobs.start("Reading", 0);
        jobs.cancel(id);
        assert!(cancel.is_cancelled());
        assert_eq!(jobs.views()[0].state, JobState::Running);
        jobs.end(id, None, 40);
        assert_eq!(
            (jobs.views()[0].state.clone(), jobs.views()[0].elapsed_ms),
            (JobState::Cancelled, 40)
        );
    }

    #[test]
    fn progress_tells_the_share_of_offsets_and_the_rate() {
        let mut jobs = Jobs::default();
        let (id, _) = jobs.start("Reading", 0);
        let mut read =
            PartitionRead::starting(&OffsetRange::new(&TopicPartition::new("t", 0), 100, 300));
        read.position = 150;
        read.records = 50;
        jobs.progress(id, &[read], 1000);
        let progress = jobs.views()[0].progress.clone();
        assert_eq!((progress.fraction(), progress.records_per_second), (Some(0.25), 50));
    }

    #[test]
    fn numbers_are_never_used_again() {
        let mut jobs = Jobs::default();
        let (first, _) = jobs.start("a", 0);
        jobs.end(first, None, 0);
        jobs.clear_ended();
        assert!(jobs.views().is_empty());
        assert_ne!(jobs.start("b", 0).0, first);
    }
}
