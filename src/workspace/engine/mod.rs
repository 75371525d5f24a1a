//! The engine behind the window: commands in, immutable snapshots out.
//!
//! Promises: one named thread owns all state, so nothing in it is locked; it never waits for a
//! network, a disk or a fold; answers to questions nobody asks any more are dropped; without news
//! it sleeps.
//! Does not know: egui. The window reaches it through a [`WorkspacePort`] alone.
//!
//! Long work runs elsewhere and comes back as *news*: a closure over the state. Reading runs on a
//! thread per job; folding, decoding and filtering run on the [`pool`]. The channel for news is
//! bounded, so a fast reader waits for the engine instead of filling the memory.
//!
//! [`State`] is everything the engine knows: each file here adds what can be done with its part of
//! it.

mod broken;
mod clock;
mod command;
mod comparison;
mod connection;
mod copying;
mod coverage;
mod decided;
mod demo_port;
mod entity;
mod entity_at;
mod entity_fold;
mod event_loop;
mod filtering;
mod folded_history;
mod groups;
mod inspect;
mod jobs;
mod lag_history;
mod lanes;
mod links;
mod one_clock;
mod options;
mod pool;
mod port;
mod read_news;
mod reading;
mod recent;
mod resume;
mod rows;
mod sandbox;
mod saving;
mod setting;
#[cfg(test)]
mod testing;
mod topic;
mod topic_lanes;
mod topic_table;
mod topics;
mod tree;
mod types;
pub mod undo;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Sender, bounded};

use self::broken::unbroken;
pub use self::command::{ClockCommand, Command, DemoCommand, StepTarget};
pub use self::demo_port::{
    ACCOUNT_EVENTS, DEMO_COMMANDS, DemoArgument, DemoCommandForm, DemoPort, ORDER_EVENTS,
};
use self::entity::OpenEntity;
use self::groups::GroupTimes;
use self::jobs::Jobs;
use self::one_clock::OneClock;
pub use self::options::{DemoStarter, EngineOptions, Recent, Target};
use self::pool::{News, Pool};
pub use self::port::{EngineEnd, EnginePort, Refused, WorkspacePort, port};
use self::recent::Kept;
use self::sandbox::OpenSandbox;
pub use self::setting::Setting;
use self::topic::OpenTopic;
use crate::config::Link;
use crate::fold;
use crate::kafka::Connection;
use crate::model::{Cancel, never_wait_here};
use crate::partition_log::CachedLog;
use crate::workspace::ask::mapping::Mappings;
use crate::workspace::clock::now_ms;
use crate::workspace::{ClockMode, JobId, Notice, NoticeLevel, Problem, Session, Snapshot};

/// How much news may wait. Batches of records are the bulk of it, a few megabytes at most.
const NEWS_MAX: usize = 64;

/// Starts the engine on a thread of its own.
///
/// # Errors
/// The system's, when it cannot start a thread.
pub fn start(options: EngineOptions) -> std::io::Result<WorkspacePort> {
    let (port, engine_port) = port();
    let (news_in, news) = bounded::<News>(NEWS_MAX);
    let pool = Pool::start(&news_in)?;
    tell_of_stuck(news_in.clone());
    let mut state = State::new(options, news_in, pool)?;
    thread::Builder::new().name("workspace".to_owned()).spawn(move || {
        never_wait_here();
        state.connect_at_start();
        event_loop::run(&mut state, &news, &engine_port);
        state.keep_session();
        state.jobs.cancel_all();
    })?;
    Ok(port)
}

/// Lets the engine know of scripts and filters that do not come back.
fn tell_of_stuck(news: Sender<News>) {
    fold::tell_of_stuck(move |stuck| {
        let (what, why) = (format!("{} was given up", stuck.what), stuck.why());
        // A window that is gone needs no news.
        drop(news.send(Box::new(move |state: &mut State| {
            let mut problem = Problem::new(what).with_hint(
                "is there a loop without an end in it? Its thread goes on until the program ends",
            );
            problem.cause = Some(why);
            state.notify(NoticeLevel::Error, problem);
            if let Err(error) = state.pool.write_off() {
                state.notify(NoticeLevel::Error, Problem::from_error(&error));
            }
        })));
    });
}

/// The least time between two snapshots while news pours in, so that a flood costs few repaints.
const PUBLISH_EVERY: Duration = Duration::from_millis(50);

/// The same while only what is followed live changes.
const LIVE_EVERY: Duration = Duration::from_millis(500);

/// How long after the user did something answers are waited for.
const ATTENTION: Duration = Duration::from_secs(2);

/// How many notices are kept.
const NOTICES_MAX: usize = 200;

/// Into so many steps the memory that is shown is divided: what is less is not worth a frame.
const MEMORY_STEPS: u64 = 100;

/// The views to be shown; those that did not change are the ones shown before.
fn shown<'v, V: Clone + PartialEq + 'v>(
    before: &[Arc<V>],
    views: impl Iterator<Item = &'v V>,
) -> Vec<Arc<V>> {
    let shown = |(number, view): (usize, &V)| match before.get(number) {
        Some(same) if **same == *view => Arc::clone(same),
        _ => Arc::new(view.clone()),
    };
    views.enumerate().map(shown).collect()
}

/// Everything the engine knows.
#[derive(Debug)]
pub(crate) struct State {
    /// What it was started with.
    pub(crate) options: EngineOptions,
    /// The next snapshot.
    pub(crate) view: Snapshot,
    /// The last one.
    shown: Arc<Snapshot>,
    /// When the user did something last.
    acted: Instant,
    /// The long jobs.
    pub(crate) jobs: Jobs,
    /// The threads that fold.
    pub(crate) pool: Pool,
    /// The one clock.
    pub(crate) clock: OneClock,
    /// The connection, once it stands.
    pub(crate) connection: Option<Connection>,
    /// Its log, as far as it was read before.
    pub(crate) log: Option<Arc<CachedLog>>,
    /// How the records of topics are read, as it was decided since the connection stands.
    pub(crate) decided: Mappings,
    /// The topics for which that is being decided anew.
    pub(crate) deciding: BTreeSet<Arc<str>>,
    /// The open topics, in the order they were opened.
    pub(crate) topics: Vec<OpenTopic>,
    /// The open entities, in the order they were opened.
    pub(crate) entities: Vec<OpenEntity>,
    /// The open sandboxes, in the order they were opened.
    pub(crate) sandboxes: Vec<OpenSandbox>,
    /// The way to the reference system, while it runs.
    pub(crate) demo: Option<DemoPort>,
    /// When groups are asked for anew by themselves.
    pub(crate) group_times: GroupTimes,
    /// The connections used before.
    pub(crate) kept: Kept,
    /// The link that waits for its cluster.
    pub(crate) link: Option<Link>,
    /// Grows with every connection; news of an earlier one is dropped.
    session: u64,
    /// Takes news to the engine.
    news: Sender<News>,
    /// Whether the next snapshot differs from the last, and whether a user waits for it.
    change: Change,
}

/// How much the next snapshot differs from the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Change {
    /// Not at all.
    None,
    /// By news.
    News,
    /// By what a user did, or waits for.
    Urgent,
}

/// Takes news of one connection to the engine.
#[derive(Clone)]
pub(crate) struct Outbox {
    /// The channel.
    news: Sender<News>,
    /// The connection the news is of.
    session: u64,
}

impl Outbox {
    /// Sends news, waiting while the engine is busy. Says whether anybody still listens.
    pub(crate) fn send(&self, news: impl FnOnce(&mut State) + Send + 'static) -> bool {
        let session = self.session;
        let checked: News = Box::new(move |state| {
            if state.session == session {
                state.touch();
                news(state);
            }
        });
        self.news.send(checked).is_ok()
    }
}

impl State {
    /// The state at the start.
    ///
    /// # Errors
    /// The system's, when it cannot start a thread.
    pub(crate) fn new(
        mut options: EngineOptions,
        news: Sender<News>,
        pool: Pool,
    ) -> std::io::Result<Self> {
        let mut recent = std::mem::take(&mut options.recent);
        let problem = recent.problem.take();
        let kept = Kept::start(recent, &news)?;
        let view = Snapshot {
            isolation: options.isolation.unwrap_or_default(),
            recent_connections: kept.recents.connections.clone().into(),
            workspace_file: connection::workspace_file(options.config.as_ref()),
            saved_connections: connection::saved_connections(options.config.as_ref()),
            save_folder: saving::folder(&options).display().to_string().into(),
            memory_budget_bytes: topic::MEMORY_BUDGET_BYTES,
            ..Snapshot::default()
        };
        let mut state = Self {
            options,
            view,
            shown: Arc::default(),
            acted: Instant::now(),
            jobs: Jobs::default(),
            pool,
            clock: OneClock::default(),
            connection: None,
            log: None,
            decided: Mappings::new(),
            deciding: BTreeSet::new(),
            topics: Vec::new(),
            entities: Vec::new(),
            sandboxes: Vec::new(),
            demo: None,
            group_times: GroupTimes::default(),
            kept,
            link: None,
            session: 0,
            news,
            change: Change::Urgent,
        };
        if let Some(problem) = problem {
            state.notify(NoticeLevel::Warning, problem);
        }
        Ok(state)
    }

    /// Something changed.
    pub(crate) fn touch(&mut self) {
        self.change = self.change.max(Change::News);
    }

    /// The user does something: what comes of it shows at once.
    pub(crate) fn acted(&mut self) {
        self.acted = Instant::now();
        self.touch_urgently();
    }

    /// Something changed that a user waits for.
    pub(crate) fn touch_urgently(&mut self) {
        self.change = Change::Urgent;
    }

    /// Whether the next snapshot differs from the last.
    pub(crate) fn is_changed(&self) -> bool {
        self.change != Change::None
    }

    /// The least time between the last snapshot and the next: what the user does shows at once, and
    /// what comes by itself while nobody does anything costs few frames.
    pub(crate) fn publish_every(&self) -> Duration {
        let is_attended = self.acted.elapsed() < ATTENTION
            || self.jobs.any_comes_to_an_end()
            || matches!(self.clock.mode, ClockMode::Playing(_));
        match self.change {
            _ if !is_attended => LIVE_EVERY,
            Change::Urgent => Duration::ZERO,
            Change::News | Change::None => PUBLISH_EVERY,
        }
    }

    /// What the window sees from now on; none where that is what it saw before. What did not change
    /// is the same `Arc` as before.
    pub(crate) fn take_snapshot(&mut self) -> Option<Arc<Snapshot>> {
        self.change = Change::None;
        let jobs = self.jobs.views();
        if jobs != self.view.jobs {
            self.view.jobs = jobs;
        }
        let (topics, entities) = (self.topics.iter(), self.entities.iter());
        self.view.topic_views = shown(&self.shown.topic_views, topics.map(|open| &open.view));
        self.view.entity_views = shown(&self.shown.entity_views, entities.map(|open| &open.view));
        let sandboxes = self.sandboxes.iter().map(|open| &open.view);
        self.view.sandbox_views = shown(&self.shown.sandbox_views, sandboxes);
        let memory_bytes = self.memory_bytes();
        if self.view.memory_bytes.abs_diff(memory_bytes) > memory_bytes / MEMORY_STEPS {
            self.view.memory_bytes = memory_bytes;
        }
        self.show_clock();
        if self.view == *self.shown {
            return None;
        }
        self.view.generation += 1;
        self.shown = Arc::new(self.view.clone());
        Some(Arc::clone(&self.shown))
    }

    /// What records in memory take, in bytes.
    pub(crate) fn memory_bytes(&self) -> u64 {
        let topics = self.topics.iter().map(OpenTopic::memory_bytes).sum::<u64>();
        topics + self.entities.iter().map(OpenEntity::memory_bytes).sum::<u64>()
    }

    /// How the cluster is asked; what is asked is stopped by this switch.
    pub(crate) fn session(&self, cancel: Cancel) -> Option<Session> {
        let topics: Vec<Arc<str>> = self.decided.keys().cloned().collect();
        Some(Session {
            connection: self.connection.clone()?,
            log: Arc::clone(self.log.as_ref()?),
            config: self.options.config.clone().map(Arc::new),
            isolation: self.view.isolation,
            cancel,
            started_ms: now_ms(),
            decided: self.mappings_of(&topics),
            // The state tells it once for each topic.
            tell: |_problem| (),
        })
    }

    /// From now on news of what was asked before is dropped.
    pub(crate) fn begin_session(&mut self) {
        self.session += 1;
    }

    /// Takes news of the present connection.
    pub(crate) fn outbox(&self) -> Outbox {
        Outbox { news: self.news.clone(), session: self.session }
    }

    /// Works this out on a thread of its own. `then` takes what came of it, or why nothing did;
    /// after that this job has ended, where one was named.
    pub(crate) fn spawn<T: Send + 'static>(
        &mut self,
        name: &str,
        job: Option<JobId>,
        work: impl FnOnce(&Outbox) -> T + Send + 'static,
        then: impl FnOnce(&mut Self, Result<T, Problem>) + Send + 'static,
    ) {
        let outbox = self.outbox();
        let started = thread::Builder::new().name(name.to_owned()).spawn(move || {
            let worked_out = unbroken(|| work(&outbox));
            outbox.send(move |state| {
                let broken = worked_out.as_ref().err().cloned();
                let mistake = state.do_safely(|state| then(state, worked_out));
                if let Some(job) = job {
                    state.jobs.end(job, broken.or(mistake), now_ms());
                }
            });
        });
        if let Err(error) = started {
            let problem = Problem::from_error(&error);
            if let Some(job) = job {
                self.jobs.end(job, Some(problem.clone()), now_ms());
            }
            self.notify(NoticeLevel::Error, problem);
        }
    }

    /// Does this. A mistake in it is told, and what is left of it stays.
    fn do_safely(&mut self, act: impl FnOnce(&mut Self)) -> Option<Problem> {
        let problem = unbroken(|| act(self)).err()?;
        self.notify(NoticeLevel::Error, problem.clone());
        Some(problem)
    }

    /// Tells the user something.
    pub(crate) fn notify(&mut self, level: NoticeLevel, problem: Problem) {
        tracing::warn!(?level, %problem, "told");
        let notice = Notice { time_ms: now_ms(), level, problem, read: false };
        let kept = self.view.notices.len().saturating_sub(NOTICES_MAX - 1);
        self.view.notices = self.view.notices.iter().skip(kept).cloned().chain([notice]).collect();
        self.touch_urgently();
    }

    /// All notices have been seen.
    pub(crate) fn read_notices(&mut self) {
        self.view.notices = self
            .view
            .notices
            .iter()
            .map(|notice| Notice { read: true, ..notice.clone() })
            .collect();
    }

    /// Hands a command to the reference system, where one runs.
    pub(crate) fn send_to_demo(&mut self, command: DemoCommand) {
        let Some(demo) = &self.demo else { return };
        if demo.commands.try_send(command).is_err() {
            let busy = Problem::new("the reference system is busy: the command was not sent")
                .with_hint("try again");
            self.notify(NoticeLevel::Warning, busy);
        }
    }

    /// When something is due by itself.
    pub(crate) fn next_turn(&self) -> Option<Duration> {
        let rows = self.topics.iter().filter_map(OpenTopic::rows_due).min();
        let GroupTimes { all, marked, looked: _ } = self.group_times;
        let due = [all, marked, rows, self.kept.due].into_iter().flatten().min()?;
        Some(due.saturating_duration_since(Instant::now()))
    }

    /// Does what is due by itself.
    pub(crate) fn work_off(&mut self) {
        let now = Instant::now();
        self.refresh_due_groups(now);
        self.refresh_due_rows(now);
        self.keep_if_due(now);
    }
}
