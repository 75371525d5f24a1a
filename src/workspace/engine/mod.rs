//! The engine behind the window: commands in, immutable snapshots out.
//!
//! Promises: one named thread owns all state, so nothing in it is locked; it never waits for a network, a disk or a
//! fold; answers to questions nobody asks any more are dropped; without news it sleeps.
//! Does not know: egui. The window reaches it through a [`WorkspacePort`] alone.
//!
//! Long work runs elsewhere and comes back as *news*: a closure over the state. Reading runs on a thread per job;
//! folding, decoding and filtering run on the [`pool`]. The channel for news is bounded, so a fast reader waits for the
//! engine instead of filling the memory.

mod clock;
mod comparison;
mod connection;
mod entity;
mod entity_at;
mod entity_fold;
mod groups;
mod history_view;
mod inspect;
mod jobs;
mod lag_history;
mod lanes;
mod one_clock;
mod pool;
mod reading;
mod rows;
mod sandbox;
mod state;
mod topic;
mod topic_lanes;
mod topic_table;
mod topics;
mod tree;
mod types;

use std::fmt;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded, select};

use self::pool::{News, Pool};
use self::state::State;
use super::{
    ClockMode, Command, Config, ConnectionChoice, DemoPort, EnginePort, NoticeLevel, Problem,
    WorkspacePort,
};
use crate::fold;
use crate::kafka::Settings;
use crate::model::Isolation;
use crate::partition_log::LogCache;

/// What an engine starts with.
#[derive(Debug, Default)]
pub struct EngineOptions {
    /// The `foldback.toml` in force.
    pub config: Option<Config>,
    /// What to connect to at once.
    pub connect: Option<Target>,
    /// Starts the reference system, where the program brings one.
    pub demo: Option<DemoStarter>,
    /// Which records are read at first.
    pub isolation: Isolation,
    /// Where what is read is kept; `None` to keep nothing.
    pub cache: Option<Arc<LogCache>>,
}

/// Something to connect to.
#[derive(Clone, Debug)]
pub enum Target {
    /// As a user names it.
    Choice(ConnectionChoice),
    /// With these settings.
    Settings(Box<Settings>),
    /// To the reference system, which is started for it.
    Demo,
}

/// Starts the reference system; says how to connect to its cluster and how to talk to it.
#[derive(Clone)]
pub struct DemoStarter(Arc<dyn Fn() -> Result<(Settings, DemoPort), Problem> + Send + Sync>);

impl DemoStarter {
    /// A starter that calls this, on a thread where it may take its time.
    pub fn new(
        start: impl Fn() -> Result<(Settings, DemoPort), Problem> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(start))
    }

    /// Starts it.
    fn start(&self) -> Result<(Settings, DemoPort), Problem> {
        (self.0)()
    }
}

impl fmt::Debug for DemoStarter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DemoStarter")
    }
}

/// How much news may wait. Batches of records are the bulk of it, a few megabytes at most.
const NEWS_MAX: usize = 64;

/// The least time between two snapshots while news pours in, so that a flood costs few repaints.
const PUBLISH_EVERY: Duration = Duration::from_millis(50);

/// How often the clock moves while it plays.
const PLAY_EVERY: Duration = Duration::from_millis(33);

/// How long the engine takes news before it looks at the clock and publishes.
const TURN_MAX: Duration = Duration::from_millis(10);

/// Starts the engine on a thread of its own.
///
/// # Errors
/// The system's, when it cannot start a thread.
pub fn start(options: EngineOptions) -> std::io::Result<WorkspacePort> {
    let (port, engine_port) = super::port();
    let (news_in, news) = bounded::<News>(NEWS_MAX);
    let pool = Pool::start(&news_in)?;
    tell_of_stuck(news_in.clone());
    let mut state = State::new(options, news_in, pool);
    thread::Builder::new().name("workspace".to_owned()).spawn(move || {
        state.connect_at_start();
        run(&mut state, &news, &engine_port);
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

/// Takes commands and news until the window is gone.
fn run(state: &mut State, news: &Receiver<News>, port: &EnginePort) {
    let mut published = Instant::now();
    let mut turned = Instant::now();
    loop {
        publish(state, port, &mut published);
        let wait = pause(state, published);
        select! {
            recv(port.commands()) -> command => match command {
                Ok(command) => state.carry_out(command),
                Err(_) => return,
            },
            recv(news) -> news => {
                if let Ok(news) = news {
                    news(state);
                }
            }
            default(wait) => {}
        }
        take_what_waits(state, news, port);
        let elapsed = turned.elapsed();
        if matches!(state.clock.mode, ClockMode::Playing(_)) {
            if elapsed >= PLAY_EVERY {
                turned = Instant::now();
                state.play_on(elapsed);
            }
        } else {
            turned = Instant::now();
        }
        state.work_off();
    }
}

/// Commands go first: what the user does shows before what the cluster says.
fn take_what_waits(state: &mut State, news: &Receiver<News>, port: &EnginePort) {
    let began = Instant::now();
    while began.elapsed() < TURN_MAX {
        if let Ok(command) = port.commands().try_recv() {
            state.carry_out(command);
        } else if let Ok(news) = news.try_recv() {
            news(state);
        } else {
            return;
        }
    }
}

/// How long to sleep when nothing comes.
fn pause(state: &State, published: Instant) -> Duration {
    const LONG: Duration = Duration::from_hours(1);
    let playing = matches!(state.clock.mode, ClockMode::Playing(_)).then_some(PLAY_EVERY);
    let publishing = state.is_changed().then(|| PUBLISH_EVERY.saturating_sub(published.elapsed()));
    [playing, publishing, state.next_turn()].into_iter().flatten().min().unwrap_or(LONG)
}

/// Publishes what changed, at once after a command, else not too often.
fn publish(state: &mut State, port: &EnginePort, published: &mut Instant) {
    if state.is_urgent() || (state.is_changed() && published.elapsed() >= PUBLISH_EVERY) {
        port.publish(state.take_snapshot());
        *published = Instant::now();
    }
}

/// Carries out commands; each is explained where it is declared.
impl State {
    /// Does what the window asks.
    fn carry_out(&mut self, command: Command) {
        self.touch_urgently();
        match command {
            Command::Connect(choice) => self.connect(Target::Choice(choice)),
            Command::OpenDemo => self.connect(Target::Demo),
            Command::CheckConnection(choice) => self.check_connection(choice),
            Command::Disconnect => self.disconnect(),
            Command::RefreshTopics => self.refresh_topics(),
            Command::SetIsolation(isolation) => self.set_isolation(isolation),
            Command::OpenTopic(topic) => self.open_topic(&topic),
            Command::CloseTopic(topic) => self.close_topic(&topic),
            Command::Read(topic, start) => self.read_topic(&topic, start),
            Command::SetFilter(topic, filter) => self.set_filter(&topic, filter),
            Command::CountTypes(topic) => self.count_types(&topic),
            Command::NeedPages(topic, pages) => self.need_pages(&topic, &pages),
            Command::NeedLanes(topic, wanted) => self.need_lanes(&topic, wanted),
            Command::InspectRecord(position) => self.inspect_record(position),
            Command::SetDecoder(topic, decoder) => self.set_decoder(&topic, decoder),
            Command::SearchEntities(topic, text) => self.search_entities(&topic, text),
            Command::OpenEntity(key) => self.open_entity(&key),
            Command::CloseEntity(key) => self.close_entity(&key),
            Command::SetFold(key, fold) => self.set_fold(&key, &fold),
            Command::SelectPath(key, path) => self.select_path(&key, path),
            Command::Compare(key, with) => self.compare(&key, with),
            Command::RefreshGroups => self.refresh_groups(),
            Command::WatchGroups(watch) => self.watch_groups(watch),
            Command::Clock(command) => self.move_clock(command),
            Command::CancelJob(id) => self.jobs.cancel(id),
            Command::ClearJobs => self.jobs.clear_ended(),
            Command::AddBookmark(bookmark) => self.add_bookmark(bookmark),
            Command::RemoveBookmark(number) => self.remove_bookmark(number),
            Command::ReadNotices => self.read_notices(),
            Command::Demo(command) => self.send_to_demo(command),
            Command::FindScripts => self.find_scripts(),
            Command::OpenSandbox(key, history) => self.open_sandbox(&key, history),
            Command::CloseSandbox(key) => self.close_sandbox(&key),
            Command::Sandbox(key, command) => self.ask_sandbox(&key, command),
        }
    }
}
