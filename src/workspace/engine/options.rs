//! What an engine starts with.
//!
//! Promises: plain data, but for the reference system, which is a function that starts it.
//! Does not know: how a connection is made.

use std::fmt;
use std::sync::Arc;

use super::DemoPort;
use crate::config::Link;
use crate::kafka::Settings;
use crate::model::Isolation;
use crate::partition_log::LogCache;
use crate::workspace::{Config, ConnectionChoice, Problem, RecentFile, RecentKey, Recents};

/// What an engine starts with.
#[derive(Debug, Default)]
pub struct EngineOptions {
    /// The `foldback.toml` in force.
    pub config: Option<Config>,
    /// What to connect to at once.
    pub connect: Option<Target>,
    /// Starts the reference system, where the program brings one.
    pub demo: Option<DemoStarter>,
    /// Which records are read, when the user has said so.
    pub isolation: Option<Isolation>,
    /// Where what is read is kept; `None` to keep nothing.
    pub cache: Option<Arc<LogCache>>,
    /// The connections used before.
    pub recent: Recent,
    /// The link that is followed at once.
    pub link: Option<Link>,
}

/// What the engine starts with of the connections used before.
#[derive(Debug, Default)]
pub struct Recent {
    /// Where they are kept; none where nothing is.
    pub file: Option<RecentFile>,
    /// What was read from there.
    pub recents: Recents,
    /// What is wrong with the file.
    pub problem: Option<Problem>,
}

impl Recent {
    /// What is kept in this file.
    pub fn load(file: Option<RecentFile>) -> Self {
        let (recents, fault) = file.as_ref().map(RecentFile::load).unwrap_or_default();
        let problem =
            fault.map(|fault| Problem { hint: fault.hint(), ..Problem::from_error(&fault) });
        Self { file, recents, problem }
    }

    /// What a start goes on with for which nobody names a connection, with this `foldback.toml` in
    /// force.
    pub fn to_go_on_with(&self, config: Option<&Config>) -> Option<Target> {
        let recent = self.recents.to_go_on_with(config.map(Config::folder))?;
        Some(Target::Recent(recent.key.clone()))
    }
}

/// Something to connect to.
#[derive(Clone, Debug)]
pub enum Target {
    /// As a user names it.
    Choice(ConnectionChoice),
    /// As a user named it on the command line.
    Given {
        /// What was named.
        choice: ConnectionChoice,
        /// Its settings, with those that were added.
        settings: Box<Settings>,
        /// The names of properties that were added.
        properties: Vec<String>,
    },
    /// To one used before.
    Recent(RecentKey),
    /// With these settings. It is not kept for the next start.
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
    pub(super) fn start(&self) -> Result<(Settings, DemoPort), Problem> {
        (self.0)()
    }
}

impl fmt::Debug for DemoStarter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DemoStarter")
    }
}
