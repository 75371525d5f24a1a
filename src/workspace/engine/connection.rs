//! Connecting, checking a connection, disconnecting, and listening to the reference system.
//!
//! Promises: a connection is shown as standing only after the cluster has answered.
//! Does not know: how settings are read (`kafka::Settings`, `Config`).

use std::sync::Arc;

use super::groups::GroupTimes;
use super::{DemoStarter, Outbox, State, Target};
use crate::kafka::{Connection, Settings, check_connection};
use crate::model::Isolation;
use crate::partition_log::{CacheError, CachedLog, KafkaLog, Keeping};
use crate::workspace::{
    CheckOutcome, CheckStep, Config, ConnectionChoice, ConnectionInfo, ConnectionState, DemoPort,
    DemoView, Fetch, NoticeLevel, Problem, REQUEST_TIMEOUT, SavedConnection, settings_of,
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
    /// Connects to what the engine was started with.
    pub(crate) fn connect_at_start(&mut self) {
        if let Some(target) = self.options.connect.take() {
            self.connect(target);
        }
    }

    /// Connects; what was open is closed.
    pub(crate) fn connect(&mut self, target: Target) {
        self.disconnect();
        let name: Arc<str> = match &target {
            Target::Choice(ConnectionChoice::Saved(name) | ConnectionChoice::Brokers(name)) => {
                name.as_str().into()
            }
            Target::Choice(ConnectionChoice::ConfigFile(path)) => path.display().to_string().into(),
            Target::Settings(settings) => settings.name.as_str().into(),
            Target::Demo => "demo".into(),
        };
        self.view.connection = ConnectionState::Connecting(name);
        let config = self.options.config.clone();
        let starter = self.options.demo.clone();
        self.spawn("connect", move |outbox| {
            let settings = match target {
                Target::Choice(choice) => {
                    settings_of(&choice, config.as_ref()).map_err(|failure| failure.problem)
                }
                Target::Settings(settings) => Ok(*settings),
                Target::Demo => start_demo(starter, outbox),
            };
            if let Ok(settings) = &settings {
                tell_ignored(settings, outbox);
            }
            let opened = settings.and_then(|settings| open(&settings));
            outbox.send(move |state| state.connected(opened));
        });
    }

    /// The reference system runs: from now on its news is heard.
    fn demo_started(&mut self, demo: DemoPort) {
        let views = demo.views.clone();
        self.demo = Some(demo);
        self.spawn("demo-views", move |outbox| {
            for view in views {
                if !outbox.send(move |state| state.show_demo(view)) {
                    return;
                }
            }
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
    fn connected(&mut self, opened: Result<(Connection, ConnectionInfo), Problem>) {
        match opened {
            Ok((connection, info)) => {
                self.log = Some(Arc::new(self.cached_log(&connection)));
                self.connection = Some(connection);
                self.view.connection = ConnectionState::Connected(Arc::new(info));
                self.refresh_topics();
            }
            Err(problem) => self.view.connection = ConnectionState::Failed(problem),
        }
        self.touch_urgently();
    }

    /// The log at the other end of a connection, of which what is read is kept. What cannot be kept is told.
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

    /// Closes the connection and everything open on it.
    pub(crate) fn disconnect(&mut self) {
        self.begin_session();
        self.jobs.cancel_all();
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
        self.spawn("check", move |outbox| {
            match settings_of(&choice, config.as_ref()).map_err(|failure| failure.problem) {
                Ok(settings) => check(&settings, outbox),
                Err(problem) => {
                    let step = CheckStep {
                        name: "settings".into(),
                        outcome: CheckOutcome::Failed,
                        detail: problem.what,
                        remedy: problem.hint.or(problem.cause),
                    };
                    outbox.send(move |state| state.view.checks = [step].into());
                }
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
fn check(settings: &Settings, outbox: &Outbox) {
    check_connection(settings, &mut |step: CheckStep| {
        outbox.send(move |state| {
            state.view.checks = state.view.checks.iter().cloned().chain([step]).collect();
            state.touch_urgently();
        });
    });
}
