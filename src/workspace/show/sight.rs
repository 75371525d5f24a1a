//! What the window shows of a snapshot at the moment.
//!
//! Promises: what is not in sight can change without a frame; what the window always shows, such as
//! the connection, the clock and the notices, is always in sight.
//! Does not know: how the window is arranged.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Fetch, JobProgress, JobState, JobView, Snapshot};
use crate::config::{CompareWith, EntityKey, SandboxKey};

/// What the window shows at the moment, beside what it always shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sight {
    /// The open topics.
    pub topics: BTreeSet<Arc<str>>,
    /// The open entities.
    pub entities: BTreeSet<EntityKey>,
    /// The open sandboxes.
    pub sandboxes: BTreeSet<SandboxKey>,
    /// Whether it shows the consumer groups.
    pub groups: bool,
    /// Whether it shows the reference system.
    pub demo: bool,
    /// Whether it shows the list of jobs.
    pub jobs: bool,
}

impl Sight {
    /// Whether two snapshots look the same. What was closed is always seen to be gone: a window
    /// that keeps the snapshot before would keep its memory.
    pub fn sees_no_difference(&self, before: &Snapshot, now: &Snapshot) -> bool {
        let open =
            |of: &Snapshot| (of.topic_views.len(), of.entity_views.len(), of.sandbox_views.len());
        open(before) == open(now) && self.seen(before) == self.seen(now)
    }

    /// What is in sight of a snapshot.
    fn seen(&self, snapshot: &Snapshot) -> Snapshot {
        let mut seen = snapshot.clone();
        seen.generation = 0;
        seen.topic_views.retain(|view| self.topics.contains(&view.topic));
        let compared: BTreeSet<EntityKey> = snapshot
            .entity_views
            .iter()
            .filter(|view| self.entities.contains(&view.key))
            .filter_map(|view| match &view.compare_with {
                Some(CompareWith::Entity(other)) => Some(other.clone()),
                _ => None,
            })
            .collect();
        seen.entity_views
            .retain(|view| self.entities.contains(&view.key) || compared.contains(&view.key));
        seen.sandbox_views.retain(|view| self.sandboxes.contains(&view.key));
        if !self.groups {
            seen.groups = Fetch::NotAsked;
            seen.group_lags = Arc::default();
        }
        if !self.demo {
            seen.demo = None;
        }
        if !self.jobs {
            seen.jobs = snapshot.jobs.iter().map(beside_the_list).collect();
        }
        seen
    }
}

/// What is seen of a job beside the list of jobs: how far it is only while it comes to an end.
fn beside_the_list(job: &JobView) -> JobView {
    if job.state != JobState::Following {
        return job.clone();
    }
    JobView { progress: JobProgress::default(), elapsed_ms: 0, ..job.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::{JobId, JobSubject, TopicView};

    /// A snapshot with one topic open of which so many records were read, and the job that follows
    /// it.
    fn snapshot(records: u64, state: JobState) -> Snapshot {
        let topic = TopicView { topic: "t".into(), records_read: records, ..TopicView::default() };
        let job = JobView {
            id: JobId(0),
            subject: JobSubject::Own,
            title: "Reading t".into(),
            state,
            progress: JobProgress { records, ..JobProgress::default() },
            elapsed_ms: records,
        };
        Snapshot {
            generation: records,
            topic_views: vec![Arc::new(topic)],
            jobs: [job].into(),
            ..Snapshot::default()
        }
    }

    #[test]
    fn what_follows_out_of_sight_changes_nothing_to_be_seen() {
        let (before, now) = (snapshot(7, JobState::Following), snapshot(8, JobState::Following));
        let nothing = Sight::default();
        assert!(nothing.sees_no_difference(&before, &now));
        let topic = Sight { topics: ["t".into()].into(), ..Sight::default() };
        assert!(!topic.sees_no_difference(&before, &now), "its count is on screen");
        assert!(topic.sees_no_difference(&now, &now));
        let jobs = Sight { jobs: true, ..Sight::default() };
        assert!(!jobs.sees_no_difference(&before, &now), "so is that of its job");
    }

    #[test]
    fn what_is_closed_out_of_sight_is_let_go_of() {
        let before = snapshot(7, JobState::Following);
        let closed = Snapshot { topic_views: Vec::new(), ..before.clone() };
        assert!(!Sight::default().sees_no_difference(&before, &closed));
    }

    #[test]
    fn a_job_that_comes_to_an_end_is_always_in_sight() {
        let sight = Sight::default();
        let running = |records| snapshot(records, JobState::Running);
        assert!(!sight.sees_no_difference(&running(7), &running(8)));
        assert!(!sight.sees_no_difference(&running(7), &snapshot(7, JobState::Done)));
    }
}
