//! Connecting, checking a connection, disconnecting, and listening to the reference system.
//!
//! Promises: a connection is shown as standing only after the cluster has answered.
//! Does not know: how settings are read (`kafka::Settings`, `Config`).

use std::path::Path;
use std::sync::Arc;

use super::groups::GroupTimes;
use super::{DemoStarter, Outbox, State, Target};
use crate::kafka::{Connection, Settings, check_connection};
use crate::model::{Cancel, Isolation};
use crate::partition_log::{CacheError, CachedLog, KafkaLog, Keeping};
use crate::workspace::clock::now_ms;
use crate::workspace::{
    CONFIG_FILE, CheckOutcome, CheckStep, Config, ConnectionChoice, ConnectionInfo,
    ConnectionState, DemoPort, DemoView, Failure, Fetch, JobId, JobSubject, NoticeLevel,
    Permissions, Problem, REQUEST_TIMEOUT, RecentKey, SavedConnection, settings_of,
};

/// The `foldback.toml` in force, in words.
pub(crate) fn workspace_file(config: Option<&Config>) -> Option<Arc<str>> {
    config.map(|config| config.path().display().to_string().into())
}

/// The connections of a `foldback.toml`.
pub(crate) fn saved_connections(config: Option<&Config>) -> Arc<[SavedConnection]> {
    config.map(|config| config.connections().collect()).unwrap_or_default()
}

/// Starts the reference system and says how to connect to it.
fn start_demo(starter: Option<DemoStarter>, outbox: &Outbox) -> Result<Settings, Problem> {
    let starter = starter.ok_or_else(|| Problem::new("this program brings no demo"))?;
    let (settings, demo) = starter.start()?;
    outbox.send(move |state| state.demo_started(demo));
    Ok(settings)
}

/// Tells which settings were not taken.
fn tell_ignored(settings: &Settings, outbox: &Outbox) {
    for line in settings.ignored_in_words() {
        outbox.send(move |state| state.notify(NoticeLevel::Warning, Problem::new(line)));
    }
}

/// A connection that stands, what is known of it, and the `foldback.toml` that is in force with it.
type Opened = (Connection, ConnectionInfo, Option<Config>);

/// What a user calls what is connected to.
fn name_of(target: &Target) -> Arc<str> {
    match target {
        Target::Choice(choice) | Target::Given { choice, .. } => {
            RecentKey::new(choice.clone(), None).name().into()
        }
        Target::Recent(key) => key.name().into(),
        Target::Settings(settings) => settings.name.as_str().into(),
        Target::Demo => "demo".into(),
    }
}

/// A connection that was made with settings of the command line cannot be made again without them.
fn lacks_properties(names: &[String]) -> Problem {
    let names = names.join(", ");
    Problem::new(format!("settings given on the command line last time are not kept: {names}")).with_hint(
        "start with the same -X options, or write the settings into a configuration file and connect with that",
    )
}

/// The settings of what is connected to, and the `foldback.toml` in force with it.
fn find_settings(
    target: Target,
    config: Option<Config>,
    starter: Option<DemoStarter>,
    outbox: &Outbox,
) -> Result<(Settings, Option<Config>), Problem> {
    let of_choice = |choice: &ConnectionChoice, config: Option<Config>| {
        let settings = settings_of(choice, config.as_ref()).map_err(|failure| failure.problem)?;
        Ok((settings, config))
    };
    match target {
        Target::Choice(choice) => of_choice(&choice, config),
        Target::Recent(RecentKey { choice, workspace }) => {
            let in_force = config.as_ref().map(Config::folder);
            let config = match &workspace {
                Some(folder)
                    if in_force.is_none_or(|in_force| !is_same_folder(in_force, folder)) =>
                {
                    let file = folder.join(CONFIG_FILE);
                    let loaded = Permissions::of_user()
                        .and_then(|permissions| Config::load(&file, permissions));
                    Some(loaded.map_err(|error| Failure::from(error).problem)?)
                }
                _ => config,
            };
            of_choice(&choice, config)
        }
        Target::Given { settings, .. } | Target::Settings(settings) => Ok((*settings, config)),
        Target::Demo => Ok((start_demo(starter, outbox)?, config)),
    }
}

/// Whether two paths name the same folder, as far as their words tell.
fn is_same_folder(one: &Path, other: &Path) -> bool {
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    absolute(one) == absolute(other)
}

/// Opens a connection and asks the cluster who it is.
fn open(settings: &Settings) -> Result<(Connection, ConnectionInfo), Problem> {
    let connection = Connection::open(settings).map_err(|error| Problem::from(&error))?;
    let cluster = connection.cluster(REQUEST_TIMEOUT).map_err(|error| Problem::from(&error))?;
    let info = ConnectionInfo {
        name: settings.name.as_str().into(),
        brokers: settings.brokers.as_str().into(),
        cluster_id: cluster.cluster_id,
        broker_count: cluster.brokers.len(),
        production: settings.production,
        embedded: settings.embedded,
        trouble: None,
    };
    Ok((connection, info))
}

impl State {
    /// Connects to what the engine was started with, and follows the link it was started with.
    pub(crate) fn connect_at_start(&mut self) {
        let link = self.options.link.take();
        match (self.options.connect.take(), link) {
            (Some(target), link) => {
                self.connect(target);
                self.link = link;
            }
            (None, Some(link)) => self.open_link(link),
            (None, None) => {}
        }
    }

    /// Connects; what was open is closed, and what was open on this connection before is opened
    /// once it stands.
    pub(crate) fn connect(&mut self, target: Target) {
        self.disconnect();
        let name = name_of(&target);
        self.prepare_session(&target, &name);
        if let (Target::Recent(_), false) = (&target, self.kept.unkept.is_empty()) {
            self.view.connection = ConnectionState::Failed(lacks_properties(&self.kept.unkept));
            return;
        }
        let title = format!("Connecting to {name}");
        let (job, _) = self.jobs.start_for(JobSubject::Connection, title, now_ms());
        self.view.connection = ConnectionState::Connecting(name);
        let config = self.options.config.clone();
        let starter = self.options.demo.clone();
        let connect = move |outbox: &Outbox| -> Result<Opened, Problem> {
            let (settings, config) = find_settings(target, config, starter, outbox)?;
            tell_ignored(&settings, outbox);
            let (connection, info) = open(&settings)?;
            Ok((connection, info, config))
        };
        self.spawn("connect", Some(job), connect, move |state, opened| {
            state.connected(job, opened.flatten());
        });
    }

    /// Connects again to what was tried or connected to last.
    pub(crate) fn reconnect(&mut self) {
        if let Some(target) = self.kept.target.clone() {
            self.connect(target);
        }
    }

    /// Throws a job's switch. Nobody waits for a cluster that does not answer: connecting has ended
    /// at once.
    pub(crate) fn cancel_job(&mut self, id: JobId) {
        self.jobs.cancel(id);
        if self.jobs.subject(id) != Some(&JobSubject::Connection) {
            return;
        }
        let ConnectionState::Connecting(name) = &self.view.connection else { return };
        let what = format!("connecting to {name} was cancelled");
        self.begin_session();
        self.jobs.end(id, None, now_ms());
        self.view.connection = ConnectionState::Failed(Problem::new(what));
    }

    /// The reference system runs: from now on its news is heard.
    fn demo_started(&mut self, demo: DemoPort) {
        let views = demo.views.clone();
        self.demo = Some(demo);
        let hear = move |outbox: &Outbox| {
            views.iter().all(|view| outbox.send(move |state| state.show_demo(view)))
        };
        // Of a connection that was closed nothing is heard any more.
        self.spawn("demo-views", None, hear, |state, heard| {
            let ended = Problem::new("the reference system has ended")
                .with_hint("open the demo again; what is on screen stays as it was");
            state.notify(NoticeLevel::Error, heard.err().unwrap_or(ended));
        });
    }

    /// The reference system has news. Once its past is written, topics have other sizes.
    fn show_demo(&mut self, view: Arc<DemoView>) {
        let was_seeding = self.view.demo.as_ref().is_none_or(|before| before.seeding);
        if was_seeding && !view.seeding {
            self.refresh_topics();
        }
        self.view.demo = Some(view);
    }

    /// The cluster answered, or did not.
    fn connected(&mut self, job: JobId, opened: Result<Opened, Problem>) {
        match opened {
            Ok((connection, info, config)) => {
                self.jobs.end(job, None, now_ms());
                self.view.saved_connections = saved_connections(config.as_ref());
                self.options.config = config;
                self.log = Some(Arc::new(self.cached_log(&connection)));
                self.connection = Some(connection);
                let info = Arc::new(info);
                self.view.connection = ConnectionState::Connected(Arc::clone(&info));
                self.refresh_topics();
                self.resume_session(&info);
                self.follow_waiting_link(&info);
            }
            Err(problem) => {
                self.jobs.end(job, Some(problem.clone()), now_ms());
                self.view.connection = ConnectionState::Failed(problem);
            }
        }
        self.touch_urgently();
    }

    /// The log at the other end of a connection, of which what is read is kept. What cannot be kept
    /// is told.
    fn cached_log(&self, connection: &Connection) -> CachedLog {
        let outbox = self.outbox();
        let tell = Box::new(move |problem: &CacheError| {
            let what = Problem::new(format!("the local index does not help: {problem}"));
            let problem = what.with_hint(problem.hint());
            outbox.send(move |state| state.notify(NoticeLevel::Warning, problem));
        });
        let cache = self.options.cache.clone();
        let keeping = Keeping { cache, payloads: true, tell };
        CachedLog::new(Box::new(KafkaLog::new(connection.clone())), keeping)
    }

    /// Closes the connection as its user wants it: the next start does not connect by itself.
    pub(crate) fn disconnect_for_good(&mut self) {
        self.disconnect();
        self.stop_going_on();
    }

    /// Closes the connection and everything open on it, which is kept.
    pub(crate) fn disconnect(&mut self) {
        self.link = None;
        self.put_session_away();
        self.begin_session();
        self.jobs.end_all(now_ms());
        self.topics.clear();
        self.entities.clear();
        self.sandboxes.clear();
        self.connection = None;
        self.log = None;
        self.decided.clear();
        self.deciding.clear();
        self.demo = None;
        self.group_times = GroupTimes::default();
        self.view.demo = None;
        self.view.inspected = None;
        self.view.topics = Fetch::NotAsked;
        self.view.groups = Fetch::NotAsked;
        self.view.group_lags = Arc::default();
        self.view.checks = Arc::default();
        self.view.connection = ConnectionState::Disconnected;
        self.reset_clock();
    }

    /// Checks a connection step by step; the steps show as they end.
    pub(crate) fn check_connection(&mut self, choice: ConnectionChoice) {
        self.view.checks = Arc::default();
        let config = self.options.config.clone();
        let title = format!("Checking {}", RecentKey::new(choice.clone(), None).name());
        let (job, cancel) = self.jobs.start_for(JobSubject::Check, title, now_ms());
        let check = move |outbox: &Outbox| -> Result<(), Problem> {
            check(&settings_of(&choice, config.as_ref())?, &cancel, outbox);
            Ok(())
        };
        self.spawn("check", Some(job), check, |state, checked| {
            if let Err(problem) = checked.flatten() {
                let step = CheckStep {
                    name: "settings".into(),
                    outcome: CheckOutcome::Failed,
                    detail: problem.what,
                    remedy: problem.hint.or(problem.cause),
                };
                state.view.checks = state.view.checks.iter().cloned().chain([step]).collect();
            }
        });
    }

    /// Which records are read from now on; what is open is read anew.
    pub(crate) fn set_isolation(&mut self, isolation: Isolation) {
        if self.view.isolation == isolation {
            return;
        }
        self.view.isolation = isolation;
        // The end that lag is measured from is another.
        self.view.group_lags = Arc::default();
        let topics: Vec<_> = self
            .topics
            .iter()
            .filter_map(|topic| Some((Arc::clone(&topic.view.topic), topic.view.start.clone()?)))
            .collect();
        for (topic, start) in topics {
            self.read_topic(&topic, start);
        }
        let entities: Vec<_> = self.entities.iter().map(|entity| entity.view.key.clone()).collect();
        for key in entities {
            self.read_entity(&key);
        }
    }
}

/// Runs a check and shows each step when it ended.
fn check(settings: &Settings, cancel: &Cancel, outbox: &Outbox) {
    check_connection(settings, &mut |step: CheckStep| {
        if cancel.is_cancelled() {
            return;
        }
        outbox.send(move |state| {
            state.view.checks = state.view.checks.iter().cloned().chain([step]).collect();
            state.touch_urgently();
        });
    });
}
