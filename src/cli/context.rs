//! What every command needs: connection settings, session, output, the meaning of moments.
//!
//! Promises: files are read and connections opened only when a command asks for them.
//! Does not know: what commands do.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use directories::ProjectDirs;
use jiff::tz::TimeZone;

use super::args::{EntityOptions, GlobalOptions, TopicOptions};
use super::output::Output;
use super::{CommandError, Outcome, interrupt, report};
use crate::fold::Fold;
use crate::kafka::Settings;
use crate::model::{Cancel, Completeness, EntityId, Isolation, Verdict, When};
use crate::partition_log::{CacheError, DISK_BUDGET_BYTES, Keeping, LogCache};
use crate::workspace::{
    CONFIG_FILE, Config, ConnectionChoice, EntityQuestion, Failure, Link, Permissions, RecentFile,
    Session, Target, clock, default_fold, fold_named, note_on_when, parse_when, settings_of,
};

/// What the window is opened on.
#[derive(Clone, Debug)]
pub struct WindowRequest {
    /// The `foldback.toml` in force.
    pub config: Option<Config>,
    /// What to connect to at once, when the options name it.
    pub connect: Option<Target>,
    /// Which records are read, when the options say it.
    pub isolation: Option<Isolation>,
    /// Where what is read is kept; `None` to keep nothing.
    pub cache: Option<Arc<LogCache>>,
    /// Where the connections used before are kept; `None` where there is no place for them.
    pub recent: Option<RecentFile>,
    /// The link that is followed.
    pub link: Option<Link>,
}

/// What the window is opened on by these options.
///
/// # Errors
/// When a file or a setting is wrong.
pub fn window_request(options: &GlobalOptions) -> Result<WindowRequest, Failure> {
    let config = load_config(options)?;
    let connect = match choice(options) {
        Some(choice) => {
            let settings = Box::new(settings(&choice, options, config.as_ref())?);
            let name = |text: &String| text.split('=').next().unwrap_or_default().to_owned();
            let properties = options.properties.iter().map(name).collect();
            Some(Target::Given { choice, settings, properties })
        }
        None => None,
    };
    let (isolation, cache) = (options.isolation.map(Isolation::from), log_cache(options));
    Ok(WindowRequest { config, connect, isolation, cache, recent: recent_file(), link: None })
}

/// The same, on what a link leads to.
///
/// # Errors
/// When the link is none; else as of `window_request`.
pub(super) fn linked_request(
    options: &GlobalOptions,
    link: &str,
) -> Result<WindowRequest, Failure> {
    let link =
        Link::parse(link).map_err(|error| Failure::usage_error(&error).with_hint(error.hint()))?;
    Ok(WindowRequest { link: Some(link), ..window_request(options)? })
}

/// The file of the connections used before, among the user's own data.
pub(super) fn recent_file() -> Option<RecentFile> {
    let folders = ProjectDirs::from("", "", "foldback")?;
    Some(RecentFile::new(folders.data_dir().join("recent.json")))
}

/// What every command needs.
#[derive(Debug)]
pub(super) struct Context {
    /// The options of every command.
    pub(super) options: GlobalOptions,
    /// Where answers go.
    pub(super) output: Output,
    /// Thrown by Ctrl-C.
    pub(super) cancel: Cancel,
    /// The `foldback.toml` in force.
    config: Option<Arc<Config>>,
    /// Where local times are.
    zone: TimeZone,
    /// What relative times count from, in milliseconds since the epoch.
    now_ms: i64,
}

impl Context {
    /// The context of a command with these options.
    ///
    /// # Errors
    /// When `foldback.toml` is wrong.
    pub(super) fn new(options: GlobalOptions) -> Result<Self, CommandError> {
        let config = load_config(&options)?.map(Arc::new);
        if let Some(config) = &config {
            report::note(&format!("{} is in force", config.path().display()));
        }
        Ok(Self {
            output: Output::new(options.json),
            options,
            cancel: Cancel::new(),
            config,
            zone: local_zone(),
            now_ms: clock::now_ms(),
        })
    }

    /// The settings of the connection the options name; without any, of the only one in
    /// `foldback.toml`.
    ///
    /// # Errors
    /// When none is named, or a file or a setting is wrong.
    pub(super) fn settings(&self) -> Result<Settings, Failure> {
        let choice = match choice(&self.options) {
            Some(choice) => choice,
            None => only_connection(self.config.as_deref())?,
        };
        let settings = settings(&choice, &self.options, self.config.as_deref())?;
        settings.ignored_in_words().iter().for_each(|line| report::warning(line));
        Ok(settings)
    }

    /// The `foldback.toml` in force.
    pub(super) fn config(&self) -> Option<&Config> {
        self.config.as_deref()
    }

    /// The folder of `foldback.toml`; the current one where there is none.
    pub(super) fn workspace_folder(&self) -> PathBuf {
        let folder = self.config.as_ref().map(|config| config.folder());
        folder.map_or_else(|| PathBuf::from("."), Path::to_owned)
    }

    /// Whether the options name a cluster.
    pub(super) fn names_cluster(&self) -> bool {
        choice(&self.options).is_some()
    }

    /// A session with that connection.
    ///
    /// # Errors
    /// As of `settings`.
    pub(super) fn session(&self) -> Result<Session, Failure> {
        self.session_keeping(keeping(&self.options))
    }

    /// The same, with what is read kept in this way.
    ///
    /// # Errors
    /// As of `settings`.
    pub(super) fn session_keeping(&self, keeping: Keeping) -> Result<Session, Failure> {
        let isolation = self.options.isolation.unwrap_or_default().into();
        let (settings, config, cancel) =
            (self.settings()?, self.config.clone(), self.cancel.clone());
        interrupt::wait();
        let session = Session::open(&settings, config, isolation, cancel, keeping)?;
        Ok(session.telling(|problem| report::warning(&problem.to_string())))
    }

    /// The fold that is named, else that of these topics.
    ///
    /// # Errors
    /// `Usage` when there is none of this name, or with what is wrong with its script.
    pub(super) fn fold(
        &self,
        name: Option<&str>,
        topics: &[Arc<str>],
    ) -> Result<Arc<dyn Fold>, Failure> {
        match name {
            Some(name) => fold_named(name, self.config.as_deref()),
            None => default_fold(topics, self.config.as_deref()),
        }
    }

    /// Reads a moment that was given with this option.
    ///
    /// # Errors
    /// `Usage` when it is none.
    pub(super) fn when(&self, option: &str, text: &str) -> Result<When, Failure> {
        if let Some(note) = note_on_when(text, &self.zone) {
            report::warning(&format!("{option}: {note}"));
        }
        parse_when(text, self.now_ms, &self.zone)
            .map_err(|error| Failure::usage(format!("{option}: {error}")))
    }

    /// Says how a command ends whose answer rests on a history like this.
    pub(super) fn outcome(&self, completeness: &Completeness) -> Outcome {
        if completeness.verdict == Verdict::Complete {
            return Outcome::Answered;
        }
        if self.options.require_complete { Outcome::Incomplete } else { Outcome::Answered }
    }
}

/// Where local times are. That the zone of the environment is not known is told.
fn local_zone() -> TimeZone {
    TimeZone::try_system().unwrap_or_else(|error| {
        report::warning(&format!("local times are read as UTC: {error}"));
        TimeZone::UTC
    })
}

/// Where these options let what is read be kept.
pub(super) fn keeping(options: &GlobalOptions) -> Keeping {
    let tell = |problem: &CacheError| {
        report::warning(&format!("the local index does not help: {problem}\n{}", problem.hint()));
    };
    Keeping { cache: log_cache(options), payloads: true, tell: Box::new(tell) }
}

/// The cache that these options name; `None` where nothing is to be kept.
pub(super) fn log_cache(options: &GlobalOptions) -> Option<Arc<LogCache>> {
    const MEBIBYTE: u64 = 1 << 20;
    let budget_bytes = options
        .cache_size
        .map_or(DISK_BUDGET_BYTES, |mebibytes| mebibytes.saturating_mul(MEBIBYTE));
    let root = match &options.cache_dir {
        Some(folder) => folder.clone(),
        None => ProjectDirs::from("", "", "foldback")?.cache_dir().join("log"),
    };
    (!options.no_cache).then(|| Arc::new(LogCache::new(root, budget_bytes)))
}

/// The question for the entity that these options name.
///
/// # Errors
/// `Usage` when the id is no base64.
pub(super) fn entity_question(options: &EntityOptions) -> Result<EntityQuestion, Failure> {
    let id = match (&options.entity, &options.key_base64) {
        (_, Some(text)) => bytes_of_base64(text)?,
        (Some(text), None) => text.as_bytes().to_vec(),
        (None, None) => Vec::new(),
    };
    Ok(EntityQuestion {
        entity: EntityId::new(id),
        topics: topics(&options.topics),
        partitions: options.topics.partitions.clone(),
    })
}

/// The topics that these options name, each once, in their order.
pub(super) fn topics(options: &TopicOptions) -> Vec<Arc<str>> {
    names(&options.topics)
}

/// These names, each once, in their order.
pub(super) fn names(texts: &[String]) -> Vec<Arc<str>> {
    let mut names: Vec<Arc<str>> = Vec::new();
    for text in texts {
        if !names.iter().any(|name| **name == **text) {
            names.push(text.as_str().into());
        }
    }
    names
}

/// The bytes that a text in base64 stands for.
///
/// # Errors
/// `Usage` when it is none.
pub(super) fn bytes_of_base64(text: &str) -> Result<Vec<u8>, Failure> {
    BASE64.decode(text).map_err(|error| {
        let mut failure = Failure::usage(format!("`{text}` is no base64"));
        failure.problem.cause = Some(error.to_string());
        failure
    })
}

/// The connection that the options name.
fn choice(options: &GlobalOptions) -> Option<ConnectionChoice> {
    let brokers = options.brokers.clone().map(ConnectionChoice::Brokers);
    let saved = || options.connection.clone().map(ConnectionChoice::Saved);
    let file = || options.config.clone().map(ConnectionChoice::ConfigFile);
    brokers.or_else(saved).or_else(file)
}

/// The settings of a connection with those that the options add.
fn settings(
    choice: &ConnectionChoice,
    options: &GlobalOptions,
    config: Option<&Config>,
) -> Result<Settings, Failure> {
    let mut settings = settings_of(choice, config)?;
    for assignment in &options.properties {
        settings.set(assignment)?;
    }
    Ok(settings)
}

/// The only connection of `foldback.toml`.
fn only_connection(config: Option<&Config>) -> Result<ConnectionChoice, Failure> {
    let names: Vec<Arc<str>> = config
        .into_iter()
        .flat_map(Config::connections)
        .map(|connection| connection.name)
        .collect();
    match names.as_slice() {
        [name] => Ok(ConnectionChoice::Saved(name.to_string())),
        [] => Err(Failure::usage("no cluster is named")
            .with_hint("name it with --brokers HOST:PORT, --connection NAME or --config FILE")),
        _ => Err(Failure::usage("foldback.toml has several connections and none is named")
            .with_hint(format!("choose one with --connection: {}", names.join(", ")))),
    }
}

/// The `foldback.toml` of the folder that is named; without one, of the current folder or the
/// nearest above it.
fn load_config(options: &GlobalOptions) -> Result<Option<Config>, Failure> {
    let mut permissions = Permissions::of_user()?;
    permissions.allow_env(options.allow_env.iter().cloned());
    let Some(folder) = &options.workspace else {
        let here = std::env::current_dir().map_err(|error| {
            Failure::usage(format!("the current folder cannot be read: {error}"))
        })?;
        return Ok(Config::find(&here, permissions)?);
    };
    let absent = || Failure::usage(format!("there is no {CONFIG_FILE} in {}", folder.display()));
    Ok(Some(Config::of_folder(folder, permissions)?.ok_or_else(absent)?))
}
