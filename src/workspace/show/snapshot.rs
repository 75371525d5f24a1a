//! What the window sees: one immutable picture of the workspace.
//!
//! Promises: a snapshot never changes; cloning one is cheap; parts that did not change are the same
//! `Arc` as before.
//! Does not know: how it is drawn.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::sandbox::{SandboxView, ScriptFile};
use super::{
    ClockView, ConnectionState, Copied, CoverageView, DemoView, EntityView, Fetch, GroupSummary,
    JobId, JobSubject, JobView, LagSample, Linked, Notice, RecordDetail, TopicReport, TopicView,
};
use crate::config::{
    Bookmark, ClockPoint, EntityKey, Link, LinkedCluster, LinkedPlace, RecentConnection,
    SandboxKey, SavedConnection,
};
use crate::kafka::CheckStep;
use crate::model::Isolation;

/// The workspace at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// Grows with every change.
    pub generation: u64,
    /// The connection.
    pub connection: ConnectionState,
    /// The steps of the last connection check, while it runs and after.
    pub checks: Arc<[CheckStep]>,
    /// The `foldback.toml` in force.
    pub workspace_file: Option<Arc<str>>,
    /// The connections of `foldback.toml`.
    pub saved_connections: Arc<[SavedConnection]>,
    /// The connections used before, newest first.
    pub recent_connections: Arc<[RecentConnection]>,
    /// Which connection the window's tabs belong to.
    pub tabs_of: TabsOf,
    /// Which records are read.
    pub isolation: Isolation,
    /// The cluster's topics, sorted by name.
    pub topics: Fetch<Arc<[TopicReport]>>,
    /// The open topics, in the order they were opened.
    pub topic_views: Vec<Arc<TopicView>>,
    /// The open entities, in the order they were opened.
    pub entity_views: Vec<Arc<EntityView>>,
    /// The open sandboxes, in the order they were opened.
    pub sandbox_views: Vec<Arc<SandboxView>>,
    /// The scripts of the workspace, by name.
    pub scripts: Fetch<Arc<[ScriptFile]>>,
    /// The record being inspected, of whichever topic or entity.
    pub inspected: Option<Arc<RecordDetail>>,
    /// What a verdict rests on, as it was asked for last.
    pub coverage: Option<Arc<CoverageView>>,
    /// Where the last link led that was followed.
    pub linked: Option<Arc<Linked>>,
    /// What was copied last, of whatever was asked for.
    pub copied: Option<Arc<Copied>>,
    /// The cluster's consumer groups, sorted by name.
    pub groups: Fetch<Arc<[GroupSummary]>>,
    /// How far each group was behind whenever the groups were read, oldest first.
    pub group_lags: Arc<BTreeMap<Arc<str>, Arc<[LagSample]>>>,
    /// The one clock.
    pub clock: ClockView,
    /// Jobs that run or ended, oldest first.
    pub jobs: Arc<[JobView]>,
    /// Notices, oldest first.
    pub notices: Arc<[Notice]>,
    /// Bookmarks, in the order they were made.
    pub bookmarks: Arc<[Bookmark]>,
    /// The reference system, when this window opened it.
    pub demo: Option<Arc<DemoView>>,
    /// The folder in which files are saved whose name says nothing of one.
    pub save_folder: Arc<str>,
    /// What the records in memory take, in bytes.
    pub memory_bytes: u64,
    /// What they may take, in bytes.
    pub memory_budget_bytes: u64,
}

/// Which connection the window's tabs belong to: it stays when that connection is lost and made
/// again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TabsOf {
    /// Another number for other tabs: 0 before the first connection.
    pub number: u64,
    /// What a user calls the connection.
    pub name: Arc<str>,
    /// How the tabs were arranged when they were kept, as the window wrote it.
    pub arrangement: Option<Arc<str>>,
}

impl Snapshot {
    /// The job that runs for this, if one does.
    pub fn running(&self, subject: &JobSubject) -> Option<&JobView> {
        let runs = |job: &&JobView| job.is_running() && job.subject == *subject;
        self.jobs.iter().rev().find(runs)
    }

    /// The job with this number, while it runs.
    pub fn running_job(&self, id: Option<JobId>) -> Option<&JobView> {
        self.jobs.iter().find(|job| Some(job.id) == id && job.is_running())
    }

    /// The open topic with this name.
    pub fn topic_view(&self, topic: &str) -> Option<&Arc<TopicView>> {
        self.topic_views.iter().find(|view| &*view.topic == topic)
    }

    /// The open entity with this key.
    pub fn entity_view(&self, key: &EntityKey) -> Option<&Arc<EntityView>> {
        self.entity_views.iter().find(|view| view.key == *key)
    }

    /// The open sandbox with this key.
    pub fn sandbox_view(&self, key: &SandboxKey) -> Option<&Arc<SandboxView>> {
        self.sandbox_views.iter().find(|view| view.key == *key)
    }

    /// The link to a place at this moment; none without a connection that lasts.
    pub fn link_to(&self, place: Option<LinkedPlace>, at: ClockPoint) -> Option<Link> {
        let ConnectionState::Connected(info) = &self.connection else { return None };
        if info.embedded {
            return None;
        }
        let saved = self.saved_connections.iter().any(|saved| saved.name == info.name);
        let cluster = LinkedCluster {
            id: info.cluster_id.as_ref().map(ToString::to_string),
            connection: saved.then(|| info.name.to_string()),
            brokers: Some(info.brokers.to_string()),
        };
        Some(Link { cluster, place, at, clock: self.clock.clock, isolation: self.isolation })
    }
}
