//! What the window sees: one immutable picture of the workspace.
//!
//! Promises: a snapshot never changes; cloning one is cheap; parts that did not change are the same `Arc` as before.
//! Does not know: how it is drawn.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::sandbox_view::{SandboxKey, SandboxView, ScriptFile};
use super::time_text::utc;
use super::views::{EntityKey, EntityView, Histogram, RecordDetail, TopicView};
use super::{DemoFault, Fetch, Problem};
use crate::kafka::{CheckStep, Watermarks};
use crate::model::{Clock, Isolation, Position};

/// The workspace at one moment.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Grows with every change.
    pub generation: u64,
    /// The connection.
    pub connection: ConnectionState,
    /// The steps of the last connection check, while it runs and after.
    pub checks: Arc<[CheckStep]>,
    /// The connections of `foldback.toml`.
    pub saved_connections: Arc<[SavedConnection]>,
    /// Which records are read.
    pub isolation: Isolation,
    /// The cluster's topics, sorted by name.
    pub topics: Fetch<Arc<[TopicSummary]>>,
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
    /// What the records in memory take, in bytes.
    pub memory_bytes: u64,
    /// What they may take, in bytes.
    pub memory_budget_bytes: u64,
}

impl Snapshot {
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
}

/// Whether and where the workspace is connected.
#[derive(Clone, Debug, Default)]
pub enum ConnectionState {
    /// To nothing.
    #[default]
    Disconnected,
    /// About to be, to the connection with this name.
    Connecting(Arc<str>),
    /// Connected.
    Connected(Arc<ConnectionInfo>),
    /// The attempt failed.
    Failed(Problem),
}

/// A connection that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionInfo {
    /// The name in `foldback.toml`, or the bootstrap addresses.
    pub name: Arc<str>,
    /// The bootstrap addresses.
    pub brokers: Arc<str>,
    /// The cluster's id, when it tells one.
    pub cluster_id: Option<Arc<str>>,
    /// How many brokers the cluster has.
    pub broker_count: usize,
    /// Whether `foldback.toml` marks it as production.
    pub production: bool,
    /// Whether it is the embedded cluster of the demo.
    pub embedded: bool,
    /// A trouble of the moment, such as all brokers being down; reading resumes by itself.
    pub trouble: Option<Arc<str>>,
}

/// A connection of `foldback.toml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedConnection {
    /// Its name.
    pub name: Arc<str>,
    /// Its bootstrap addresses.
    pub brokers: Arc<str>,
    /// Whether it is marked as production.
    pub production: bool,
}

/// A topic in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicSummary {
    /// The name.
    pub name: Arc<str>,
    /// Whether it belongs to Kafka itself.
    pub internal: bool,
    /// How many partitions it has.
    pub partition_count: usize,
    /// Offsets between log start and high watermark over all partitions: an upper bound of its records. Unknown until
    /// the watermarks are read.
    pub records_at_most: Option<u64>,
    /// The cleanup policy, when it may be seen.
    pub cleanup_policy: Option<Arc<str>>,
    /// Why the topic cannot be read, when it cannot.
    pub problem: Option<Arc<str>>,
}

/// A partition of an open topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartitionFacts {
    /// The partition.
    pub partition: i32,
    /// The leader's broker id; none while there is none.
    pub leader: Option<i32>,
    /// Where it starts and ends; unknown while there is no leader.
    pub bounds: Option<Watermarks>,
}

/// A member of a consumer group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupMember {
    /// The member's id.
    pub id: Arc<str>,
    /// The client's id.
    pub client_id: Arc<str>,
    /// Where it runs.
    pub host: Arc<str>,
    /// What it is assigned: topic and partition.
    pub assignment: Arc<[(Arc<str>, i32)]>,
}

/// Where a consumer group stands in one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupOffset {
    /// The topic.
    pub topic: Arc<str>,
    /// The partition.
    pub partition: i32,
    /// The committed offset: the next record to read.
    pub committed: i64,
    /// The end of the log, at both isolation levels; unknown while there is no leader.
    pub end: Option<i64>,
    /// `end - committed`; negative when committed is beyond the end.
    pub lag: Option<i64>,
    /// How long the first record has been in the log that the group has not committed and is given at the isolation level
    /// in force, in milliseconds; none where there is no such record or its time is unknown.
    pub lag_ms: Option<i64>,
    /// The undecided transaction that it stands before, if it reads committed records.
    pub open_transaction: Option<OpenTransaction>,
    /// Why the end is not known.
    pub problem: Option<Arc<str>>,
}

/// An undecided transaction, behind which readers of committed records do not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenTransaction {
    /// The offset of its first record: the last stable offset.
    pub offset: i64,
    /// The log time of that record, in milliseconds since the epoch, if it is known.
    pub since_ms: Option<i64>,
}

impl GroupOffset {
    /// The next record the group reads; the last one it committed where none waits.
    pub fn next_record(&self) -> Position {
        let offset =
            if self.lag.is_none_or(|lag| lag > 0) { self.committed } else { self.committed - 1 };
        let partition = self.partition;
        Position { topic: Arc::clone(&self.topic), partition, offset: offset.max(0) }
    }

    /// What has to be said beside the lag: why it is not known, or what it waits for.
    pub fn note(&self) -> Option<String> {
        if let Some(problem) = &self.problem {
            return Some(problem.to_string());
        }
        let open = self.open_transaction?;
        let since = open.since_ms.map_or_else(String::new, |ms| format!(" since {}", utc(ms)));
        Some(format!("behind an open transaction{since}, at offset {}", open.offset))
    }
}

/// A consumer group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupSummary {
    /// The name.
    pub group: Arc<str>,
    /// The state the coordinator tells, such as `Stable` or `Empty`; `Unknown` where it tells none.
    pub state: Arc<str>,
    /// `Classic`, `Consumer`, `Share` or `Streams`, when it is told.
    pub group_type: Option<Arc<str>>,
    /// The members.
    pub members: Arc<[GroupMember]>,
    /// Where it stands, by topic and partition; only partitions with a commit.
    pub offsets: Arc<[GroupOffset]>,
    /// Why something about it cannot be seen.
    pub problem: Option<Arc<str>>,
}

impl GroupSummary {
    /// The lag over all partitions of which it is known, not counting those where committed is beyond the end.
    pub fn total_lag(&self) -> i64 {
        self.offsets.iter().filter_map(|offset| offset.lag).map(|lag| lag.max(0)).sum()
    }

    /// In how many partitions the lag is not known.
    pub fn unknown_lags(&self) -> usize {
        self.offsets.iter().filter(|offset| offset.lag.is_none()).count()
    }

    /// How old the oldest record is that it has not committed, in milliseconds; 0 without lag, none if unknown.
    pub fn oldest_lag_ms(&self) -> Option<i64> {
        let known = self.offsets.iter().filter_map(|offset| offset.lag_ms).max();
        let done = || self.offsets.iter().all(|offset| offset.lag.is_some_and(|lag| lag <= 0));
        known.or_else(|| done().then_some(0))
    }
}

/// How far a consumer group was behind at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LagSample {
    /// The moment, in milliseconds since the epoch.
    pub time_ms: i64,
    /// The lag over all partitions, in records.
    pub lag: i64,
    /// How old the oldest record was that it had not committed, in milliseconds; none if unknown.
    pub lag_ms: Option<i64>,
}

/// A moment of the clock: a place in log order, so that events of the same millisecond can be stepped through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ClockPoint {
    /// Before everything.
    Start,
    /// All records with this log time or an earlier one, in milliseconds.
    Time(i64),
    /// All records up to this one in log order.
    Record {
        /// The record's log time, in milliseconds.
        time_ms: i64,
        /// The record.
        position: Position,
    },
    /// Everything.
    #[default]
    End,
}

/// What the clock does by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClockMode {
    /// Nothing.
    #[default]
    Paused,
    /// Runs at this many times real time; 0 is one event a second.
    Playing(u32),
    /// Stays at the end.
    Following,
}

/// The one clock.
#[derive(Clone, Debug, Default)]
pub struct ClockView {
    /// Where it stands.
    pub at: ClockPoint,
    /// Where it stands in time, in milliseconds; none while nothing is open.
    pub time_ms: Option<i64>,
    /// What it does by itself.
    pub mode: ClockMode,
    /// Which time a cut compares.
    pub clock: Clock,
    /// The span of what is open, both inclusive, in milliseconds; none while nothing is open.
    pub range_ms: Option<(i64, i64)>,
    /// How much happened when, over the span.
    pub density: Arc<Histogram>,
}

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

/// A job.
#[derive(Clone, Debug)]
pub struct JobView {
    /// Its number.
    pub id: JobId,
    /// What it does: "Reading order-events".
    pub title: Arc<str>,
    /// Whether it still runs.
    pub state: JobState,
    /// How far it is.
    pub progress: JobProgress,
    /// How long it took so far, in milliseconds.
    pub elapsed_ms: u64,
}

/// How grave a notice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NoticeLevel {
    /// Good to know.
    Info,
    /// Something needs an eye.
    Warning,
    /// Something failed.
    Error,
}

/// Something the user should know.
#[derive(Clone, Debug)]
pub struct Notice {
    /// When, in milliseconds since the epoch.
    pub time_ms: i64,
    /// How grave.
    pub level: NoticeLevel,
    /// What.
    pub problem: Problem,
    /// Whether the user has seen it.
    pub read: bool,
}

/// A moment worth coming back to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bookmark {
    /// The user's words, or what was on screen.
    pub label: String,
    /// The moment.
    pub at: ClockPoint,
    /// The entity that was in front.
    pub entity: Option<EntityKey>,
}

/// A projector of the reference system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectorView {
    /// Its name, such as `dashboard`.
    pub name: Arc<str>,
    /// Its consumer group.
    pub group: Arc<str>,
    /// Events applied so far.
    pub applied: u64,
    /// Records it has not committed yet.
    pub lag: i64,
    /// The faults that are switched on.
    pub faults: Vec<DemoFault>,
    /// The last thing that went wrong with it.
    pub trouble: Option<Arc<str>>,
}

/// A row of a read model, looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderRow {
    /// The read model's name.
    pub read_model: Arc<str>,
    /// The entity that was asked for.
    pub entity: Arc<str>,
    /// Columns and their texts; empty when there is no row.
    pub columns: Arc<[(Arc<str>, Arc<str>)]>,
}

/// What became of a command to the reference system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DemoOutcome {
    /// The command in words: `ShipOrder order-1042`.
    pub command: Arc<str>,
    /// The event it led to, in words, or why it was refused.
    pub result: Result<Arc<str>, Problem>,
}

/// The reference system.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DemoView {
    /// Where it runs: "embedded cluster" or the brokers.
    pub place: Arc<str>,
    /// Whether its history is still being written.
    pub seeding: bool,
    /// The entity of the planted incident.
    pub incident_entity: Arc<str>,
    /// The topic of the incident's entity.
    pub incident_topic: Arc<str>,
    /// The read models' rows of the entity looked up last; at first the incident's.
    pub rows: Arc<[OrderRow]>,
    /// The projectors.
    pub projectors: Arc<[ProjectorView]>,
    /// What became of the last commands, newest last.
    pub outcomes: Arc<[DemoOutcome]>,
    /// Whether live traffic runs.
    pub traffic: bool,
}
