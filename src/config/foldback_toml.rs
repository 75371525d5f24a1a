//! The workspace file `foldback.toml`: connections, entities, read models, upcasters.
//!
//! Promises: what was loaded is checked as a whole: every word is known, every selector can be
//! read, a topic belongs to one entity at most. A fault names file, line and word. Secrets are
//! looked up only when their connection is used. The file is data that somebody else may have
//! written: it runs no code, and gets of this machine what its [`Permissions`] allow.
//!
//! Does not know: whether a cluster, a store or a script it names exists.

mod check;
mod error;
mod file;
mod permissions;
mod secret;

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use directories::BaseDirs;

pub use self::error::ConfigError;
use self::error::Source;
use self::file::Located;
pub use self::permissions::Permissions;
use super::choice::SavedConnection;
use crate::kafka::{Settings, names_file, read_small_text};

/// The file's name.
pub const CONFIG_FILE: &str = "foldback.toml";

/// A workspace file, read and checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// The text it was read from, for messages.
    source: Source,
    /// What it may use of this machine.
    permissions: Permissions,
    /// The connections, in the order of the file.
    connections: Vec<ConnectionConfig>,
    /// The entities, in the order of the file.
    entities: Vec<EntityConfig>,
    /// The read models, in the order of the file.
    read_models: Vec<ReadModelConfig>,
    /// The upcasters, in the order of the file.
    upcasts: Vec<UpcastConfig>,
    /// What nothing carries out yet, in words.
    idle: Vec<Located<String>>,
}

/// `[connection.NAME]` as it stands, with its secrets still to be looked up.
#[derive(Clone, Debug)]
struct ConnectionConfig {
    /// Its name.
    name: String,
    /// Its bootstrap addresses.
    brokers: Located<String>,
    /// The schema registry's address.
    registry: Option<Located<String>>,
    /// Whether it is marked as production.
    production: bool,
    /// librdkafka properties by their names.
    properties: BTreeMap<String, Located<String>>,
}

/// `[entity.NAME]`: which records make up an entity and where its facts stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityConfig {
    /// Its name, such as `order`.
    pub name: String,
    /// The topics its events are in.
    pub topics: Vec<String>,
    /// Where the facts of an event stand; what is not named is left to the preset or to detection.
    pub selectors: Selectors,
    /// The convention its events follow, such as `cloudevents`.
    pub preset: Option<String>,
    /// How its events become its state.
    pub fold: Option<FoldConfig>,
}

/// Texts such as `value:/type` that say where the facts of an event stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selectors {
    /// The entity's id.
    pub id: Option<String>,
    /// The event's type; may also be `schema` or `topic`.
    pub event_type: Option<String>,
    /// The entity's version after the event.
    pub version: Option<String>,
    /// The moment the event happened.
    pub time: Option<String>,
    /// What the event belongs to.
    pub correlation: Option<String>,
    /// What caused the event.
    pub causation: Option<String>,
    /// Who caused the event.
    pub actor: Option<String>,
}

/// How events become a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FoldConfig {
    /// A fold by name: `merge`, `last`, `debezium`, `count`.
    Builtin(String),
    /// A script.
    Code(PathBuf),
}

/// `[read_model.NAME]`: where a projection keeps its rows and what they should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadModelConfig {
    /// Its name.
    pub name: String,
    /// The entity its rows stand for.
    pub entity: String,
    /// What a row should be; the entity's fold when `None`.
    pub fold: Option<FoldConfig>,
    /// The consumer group that writes it.
    pub group: Option<String>,
    /// The store's address as it stands, `${NAME}` not looked up.
    pub store: String,
    /// The SQL query of a row, `$1` being the entity.
    pub query: Option<String>,
    /// The index of Elasticsearch or OpenSearch.
    pub index: Option<String>,
    /// The document's id in the index, `{entity}` being the entity.
    pub id: Option<String>,
    /// The key of Redis, `{entity}` being the entity.
    pub key: Option<String>,
    /// Which path of the state is in which column; the same names when empty.
    pub fields: BTreeMap<String, String>,
    /// Columns that are not compared.
    pub ignore: Vec<String>,
    /// Columns that tell the last record applied.
    pub position: Option<PositionColumns>,
    /// Topics of records that were put aside.
    pub dead_letters: Vec<String>,
    /// Whether its consumer sees committed records alone; the usual when `None`.
    pub isolation: Option<crate::model::Isolation>,
}

/// Columns of a row that tell the last record applied to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PositionColumns {
    /// The topic's name itself.
    pub topic: String,
    /// The column of the partition.
    pub partition: String,
    /// The column of the offset.
    pub offset: String,
}

/// `[[upcast]]`: how old revisions of an event become new ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpcastConfig {
    /// The event's type.
    pub event_type: String,
    /// The revision it takes.
    pub from: String,
    /// The script.
    pub code: PathBuf,
}

impl Config {
    /// The workspace file of this folder or of the nearest folder above it; `None` when there is
    /// none. The search ends at the root of the repository or at the user's home; outside of both
    /// it looks at this folder alone.
    ///
    /// # Errors
    /// When the file cannot be read or is wrong.
    pub fn find(
        start_folder: &Path,
        permissions: Permissions,
    ) -> Result<Option<Self>, ConfigError> {
        let home = BaseDirs::new();
        let found = folders_to_search(start_folder, home.as_ref().map(BaseDirs::home_dir))
            .map(|folder| folder.join(CONFIG_FILE))
            .find(|file| is_there(file));
        found.map(|file| Self::load(&file, permissions)).transpose()
    }

    /// The workspace file of this folder; `None` when there is none.
    ///
    /// # Errors
    /// As of `find`.
    pub fn of_folder(folder: &Path, permissions: Permissions) -> Result<Option<Self>, ConfigError> {
        let file = folder.join(CONFIG_FILE);
        is_there(&file).then(|| Self::load(&file, permissions)).transpose()
    }

    /// Reads and checks a workspace file, which may use of this machine what is permitted.
    ///
    /// # Errors
    /// When the file cannot be read, and the first fault in it with its line. What nothing carries
    /// out yet and would change answers is a fault, too.
    pub fn load(path: &Path, permissions: Permissions) -> Result<Self, ConfigError> {
        let text = read_small_text(path).map_err(|error| ConfigError::unreadable(path, &error))?;
        let config = Self::parse(path, text, permissions)?;
        match config.idle.first() {
            None => Ok(config),
            Some(idle) => {
                let hint = Some("take it out of the file".to_owned());
                Err(config.source.fault_with_hint(idle.start, idle.value.clone(), hint))
            }
        }
    }

    /// Reads and checks the text of a workspace file that stands at this path.
    fn parse(path: &Path, text: String, permissions: Permissions) -> Result<Self, ConfigError> {
        let source = Source::new(path, text);
        check::check(&source, source.read()?, permissions)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        self.source.path()
    }

    /// The folder that paths in the file are relative to.
    pub fn folder(&self) -> &Path {
        self.source.folder()
    }

    /// The connections for a list to choose from, in the order of the file.
    pub fn connections(&self) -> impl Iterator<Item = SavedConnection> + '_ {
        self.connections.iter().map(|connection| SavedConnection {
            name: connection.name.as_str().into(),
            brokers: connection.brokers.value.as_str().into(),
            production: connection.production,
        })
    }

    /// The settings of a connection, with its secrets looked up in the environment.
    ///
    /// # Errors
    /// When there is no connection of this name, an environment variable is not set, or a setting
    /// cannot be meant.
    pub fn connection(&self, name: &str) -> Result<Settings, ConfigError> {
        self.connection_in(name, &from_environment)
    }

    /// The address of a connection's schema registry, when it names one.
    ///
    /// # Errors
    /// When there is no connection of this name.
    pub fn registry(&self, name: &str) -> Result<Option<String>, ConfigError> {
        Ok(self.connection_named(name)?.registry.as_ref().map(|text| text.value.clone()))
    }

    /// The settings of a connection, with `environment` for its secrets.
    fn connection_in(
        &self,
        name: &str,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Settings, ConfigError> {
        let connection = self.connection_named(name)?;
        let refuse = |at: &Located<String>, error: &crate::kafka::SettingsError| {
            self.source.fault_with_hint(at.start, error.to_string(), error.hint())
        };
        let mut settings = Settings::from_brokers(&connection.brokers.value)
            .map_err(|error| refuse(&connection.brokers, &error))?;
        connection.name.clone_into(&mut settings.name);
        settings.production = connection.production;
        for (property, text) in &connection.properties {
            let mut value = self.look_up(text, environment)?;
            // librdkafka takes `probe` as "look for the system's certificates".
            if names_file(property) && value != "probe" && !value.is_empty() {
                let path = self.permissions.allowed_file(&self.source, text)?;
                value = path.display().to_string();
            }
            settings.set_property(property, &value).map_err(|error| refuse(text, &error))?;
        }
        Ok(settings)
    }

    /// A connection as it stands.
    fn connection_named(&self, name: &str) -> Result<&ConnectionConfig, ConfigError> {
        let found = self.connections.iter().find(|connection| connection.name == name);
        found.ok_or_else(|| {
            let names: Vec<&str> =
                self.connections.iter().map(|connection| connection.name.as_str()).collect();
            self.source.missing("connection", name, &names)
        })
    }

    /// A text with its secrets looked up.
    fn look_up(
        &self,
        text: &Located<String>,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<String, ConfigError> {
        secret::look_up(&text.value, &self.permissions, environment).map_err(|fault| {
            self.source.fault_with_hint(text.start, fault.to_string(), Some(fault.hint()))
        })
    }

    /// The entities, in the order of the file.
    pub fn entities(&self) -> &[EntityConfig] {
        &self.entities
    }

    /// The entity that a topic belongs to.
    pub fn entity_of_topic(&self, topic: &str) -> Option<&EntityConfig> {
        self.entities.iter().find(|entity| entity.topics.iter().any(|known| known == topic))
    }

    /// The read models, in the order of the file.
    pub fn read_models(&self) -> &[ReadModelConfig] {
        &self.read_models
    }

    /// A read model by its name.
    ///
    /// # Errors
    /// When there is none of this name.
    pub fn read_model(&self, name: &str) -> Result<&ReadModelConfig, ConfigError> {
        let found = self.read_models.iter().find(|model| model.name == name);
        found.ok_or_else(|| {
            let names: Vec<&str> =
                self.read_models.iter().map(|model| model.name.as_str()).collect();
            self.source.missing("read model", name, &names)
        })
    }

    /// The address of a read model's store, with its secrets looked up in the environment.
    ///
    /// # Errors
    /// When an environment variable is not set, or is not handed to a workspace.
    pub fn store_of(&self, model: &ReadModelConfig) -> Result<String, ConfigError> {
        let text =
            Located { start: self.source.start_of(&model.store), value: model.store.clone() };
        self.look_up(&text, &from_environment)
    }

    /// The upcasters, in the order of the file.
    pub fn upcasts(&self) -> &[UpcastConfig] {
        &self.upcasts
    }
}

/// The folders in which a workspace file is looked for, the nearest first.
fn folders_to_search<'p>(start: &'p Path, home: Option<&Path>) -> impl Iterator<Item = &'p Path> {
    let is_repository = |folder: &&Path| folder.join(".git").exists();
    let is_home = |folder: &&Path| Some(*folder) == home;
    let last = start.ancestors().position(|folder| is_repository(&folder) || is_home(&folder));
    start.ancestors().take(last.unwrap_or(0) + 1)
}

/// Whether something stands at a path, be it a file or not: what cannot be read is told when it is
/// read, and not passed over.
fn is_there(path: &Path) -> bool {
    let absent = [ErrorKind::NotFound, ErrorKind::NotADirectory];
    fs_err::symlink_metadata(path).err().is_none_or(|error| !absent.contains(&error.kind()))
}

/// The environment's value of a variable.
fn from_environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[cfg(test)]
mod tests;
