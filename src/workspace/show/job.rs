//! Jobs: what runs for long, how far it is and how it ended.
//!
//! Promises: a job that stopped early says why; a number is never used again.
//! Does not know: what a job finds.

use std::sync::Arc;

use super::Problem;

/// A job's number, never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(pub u64);

/// How far a job is in one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartitionProgress {
    /// The partition.
    pub partition: i32,
    /// The first offset wanted.
    pub from: i64,
    /// The next offset.
    pub position: i64,
    /// The offset it ends before.
    pub end: i64,
}

/// How far a job is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobProgress {
    /// Records read.
    pub records: u64,
    /// Bytes of key and value read.
    pub bytes: u64,
    /// Records read each second lately.
    pub records_per_second: u64,
    /// The partitions, sorted.
    pub partitions: Arc<[PartitionProgress]>,
}

impl JobProgress {
    /// The share of offsets done, from 0 to 1; none when there is nothing to measure by.
    pub fn fraction(&self) -> Option<f32> {
        let (done, all) = self.partitions.iter().fold((0_i64, 0_i64), |(done, all), partition| {
            let span = (partition.end - partition.from).max(0);
            (done + (partition.position - partition.from).clamp(0, span), all + span)
        });
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            reason = "a share for a bar"
        )]
        (all > 0).then(|| (done as f64 / all as f64) as f32)
    }
}

/// Whether a job still runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobState {
    /// It runs.
    Running,
    /// It follows the log and ends only when cancelled.
    Following,
    /// It did all it was asked.
    Done,
    /// It was cancelled; what it found stays.
    Cancelled,
    /// It stopped early, such as at the memory budget; what it found stays.
    Stopped(Problem),
}

/// What a job is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum JobSubject {
    /// What its owner knows it by its number for.
    #[default]
    Own,
    /// The connection.
    Connection,
    /// The check of a connection.
    Check,
    /// The list of topics.
    Topics,
    /// The consumer groups.
    Groups,
    /// What the cluster says about this topic.
    TopicFacts(Arc<str>),
    /// The records of this topic that its filter takes.
    Filter(Arc<str>),
}

/// A job.
#[derive(Clone, Debug, PartialEq)]
pub struct JobView {
    /// Its number.
    pub id: JobId,
    /// What it is for.
    pub subject: JobSubject,
    /// What it does: "Reading order-events".
    pub title: Arc<str>,
    /// Whether it still runs.
    pub state: JobState,
    /// How far it is.
    pub progress: JobProgress,
    /// How long it took so far, in milliseconds.
    pub elapsed_ms: u64,
}

impl JobView {
    /// Whether it still does something.
    pub fn is_running(&self) -> bool {
        matches!(self.state, JobState::Running | JobState::Following)
    }

    /// What it does, as words that wait for it: "Reading order-events…". No other words may promise
    /// that something is under way.
    pub fn waiting_words(&self) -> String {
        format!("{}…", self.title)
    }
}
