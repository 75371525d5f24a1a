//! What a connection is opened with: brokers and librdkafka properties.
//!
//! Promises: a setting is kept exactly as it was given; a setting that cannot be meant is refused
//! with its name, and in a file with its line. Nothing that would make a reader leave a trace, load
//! code, run a command or write a file is taken over, wherever it stands.
//!
//! Does not know: whether a broker answers.

mod allow_list;
mod error;
mod jaas;
mod java;
mod librdkafka;
mod pem;
mod secrets;
mod spring;
mod store;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use self::allow_list::{Treatment, treatment};
pub(crate) use self::allow_list::{is_credential, is_for_the_user_alone, is_taken, names_file};
pub use self::error::{Place, SettingsError, Wrong};
pub use self::secrets::{keep_secret, without_secrets};
use super::address::BrokerAddress;
use super::small_file::read_small_file;

/// What a connection is opened with.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// The name a person gave the connection; without one, the brokers.
    pub name: String,
    /// The bootstrap brokers, `host:port` separated by commas.
    pub brokers: String,
    /// Further properties by their librdkafka names.
    pub properties: BTreeMap<String, String>,
    /// Whether a person marked the cluster as production.
    pub production: bool,
    /// Whether the cluster is the embedded one.
    pub embedded: bool,
    /// The groups to look at where the cluster cannot list its groups.
    pub known_groups: Vec<String>,
    /// Settings that were given and not taken, for a warning.
    pub ignored: Vec<Ignored>,
}

/// A setting that was given and not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignored {
    /// The property's name.
    pub property: String,
    /// Where it stands, when that is a file.
    pub place: Option<Place>,
    /// Why it was not taken.
    pub reason: &'static str,
}

impl Ignored {
    /// Why a property of a file is ignored that is there for other programs.
    pub(crate) const OF_OTHERS: &'static str = "no use to a reader";
    /// Why a property of a file is ignored that nobody knows.
    pub(crate) const UNKNOWN: &'static str = "not known to Foldback";
}

impl Settings {
    /// The settings of a cluster without authentication or encryption.
    ///
    /// # Errors
    /// When no broker is named, or an address is none.
    pub fn from_brokers(brokers: &str) -> Result<Self, SettingsError> {
        let mut settings = Self::default();
        settings
            .set_brokers(brokers)
            .map_err(|wrong| SettingsError::Wrong { place: None, wrong })?;
        settings.name = settings.brokers.clone();
        Ok(settings)
    }

    /// Reads a Java `.properties` or a librdkafka/kcat file; which of the two it is shows in its
    /// property names.
    ///
    /// # Errors
    /// When the file cannot be read, with the line when a line of it is wrong, and when it names no
    /// brokers.
    pub fn from_file(path: &Path) -> Result<Self, SettingsError> {
        let bytes = read_small_file(path).map_err(SettingsError::Unreadable)?;
        let mut settings = if java::is_java(path, &bytes) {
            java::read(path, &bytes)?
        } else {
            librdkafka::read(path, &bytes)?
        };
        if settings.brokers.is_empty() {
            let place = Some(Place { file: path.to_owned(), line: 0 });
            return Err(SettingsError::Wrong { place, wrong: Wrong::NoBrokers });
        }
        settings.name = settings.brokers.clone();
        Ok(settings)
    }

    /// Sets one librdkafka property from `key=value`. A property that would make a reader leave a
    /// trace is not taken, and listed in `ignored`.
    ///
    /// # Errors
    /// When there is no `=`, no key before it, or librdkafka knows no such property or value.
    pub fn set(&mut self, assignment: &str) -> Result<(), SettingsError> {
        self.assign(assignment).map_err(|wrong| SettingsError::Wrong { place: None, wrong })
    }

    /// Sets one librdkafka property, as `set` does.
    ///
    /// # Errors
    /// When librdkafka knows no such property or value.
    pub fn set_property(&mut self, property: &str, value: &str) -> Result<(), SettingsError> {
        self.take(property, value).map_err(|wrong| SettingsError::Wrong { place: None, wrong })
    }

    /// `set` without a place.
    fn assign(&mut self, assignment: &str) -> Result<(), Wrong> {
        let refused = || Wrong::NotAnAssignment(assignment.to_owned());
        let (property, value) = assignment.split_once('=').ok_or_else(refused)?;
        if property.trim().is_empty() {
            return Err(refused());
        }
        self.take(property.trim(), value)
    }

    /// Takes a librdkafka property over, or lists it as ignored.
    fn take(&mut self, property: &str, value: &str) -> Result<(), Wrong> {
        if librdkafka::names_brokers(property) {
            return self.set_brokers(value);
        }
        match treatment(property) {
            Treatment::Taken => self.insert(property, value),
            Treatment::Ignored(reason) => {
                self.ignored.push(Ignored { property: property.to_owned(), place: None, reason });
                Ok(())
            }
            Treatment::Refused(does) => {
                Err(Wrong::Dangerous { property: property.to_owned(), does })
            }
            Treatment::Unknown => Err(Wrong::UnknownProperty(property.to_owned())),
        }
    }

    /// Takes the value of a property that is taken.
    fn insert(&mut self, property: &str, value: &str) -> Result<(), Wrong> {
        let value = pem::in_lines(value);
        if librdkafka::is_secret(property) {
            keep_secret(&value);
        }
        librdkafka::check(property, &value)?;
        self.properties.insert(property.to_owned(), value);
        Ok(())
    }

    /// What was given and not taken, in a line for each reason.
    pub fn ignored_in_words(&self) -> Vec<String> {
        let mut lines: Vec<(&str, Option<&Path>, Vec<String>)> = Vec::new();
        for Ignored { property, place, reason } in &self.ignored {
            let file = place.as_ref().map(|place| place.file.as_path());
            let word = match place {
                Some(Place { line: line @ 1.., .. }) => format!("`{property}` (line {line})"),
                _ => format!("`{property}`"),
            };
            match lines.iter_mut().find(|(known, at, _)| known == reason && *at == file) {
                Some((.., words)) => words.push(word),
                None => lines.push((reason, file, vec![word])),
            }
        }
        let words = lines.into_iter().map(|(reason, file, words)| {
            let file = file.map(|file| format!("{}: ", file.display())).unwrap_or_default();
            format!("{file}ignored, {reason}: {}", words.join(", "))
        });
        words.collect()
    }

    /// Takes the bootstrap addresses over.
    fn set_brokers(&mut self, brokers: &str) -> Result<(), Wrong> {
        let brokers: Vec<&str> =
            brokers.split(',').map(str::trim).filter(|address| !address.is_empty()).collect();
        if brokers.is_empty() {
            return Err(Wrong::NoBrokers);
        }
        if let Some(bad) = brokers.iter().find(|address| BrokerAddress::parse(address).is_none()) {
            return Err(Wrong::NotAnAddress((*bad).to_owned()));
        }
        self.brokers = brokers.join(",");
        Ok(())
    }

    /// The bootstrap addresses, each with host and port.
    pub fn addresses(&self) -> Vec<BrokerAddress> {
        self.brokers.split(',').filter_map(BrokerAddress::parse).collect()
    }

    /// Whether the connection is encrypted.
    pub fn uses_tls(&self) -> bool {
        self.security_protocol().ends_with("ssl")
    }

    /// Whether the connection logs in by SASL.
    pub fn uses_sasl(&self) -> bool {
        self.security_protocol().starts_with("sasl")
    }

    /// The security protocol in lower case, `plaintext` when none is set.
    fn security_protocol(&self) -> String {
        let protocol = self.properties.get("security.protocol");
        protocol.map_or_else(|| "plaintext".to_owned(), |protocol| protocol.to_lowercase())
    }
}

/// Shows everything but secrets.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: BTreeMap<&str, &str> = self
            .properties
            .iter()
            .map(|(name, value)| {
                (name.as_str(), if librdkafka::is_secret(name) { "…" } else { value.as_str() })
            })
            .collect();
        let Self { name, brokers, properties: _, production, embedded, known_groups, ignored } =
            self;
        f.debug_struct("Settings")
            .field("name", name)
            .field("brokers", brokers)
            .field("properties", &shown)
            .field("production", production)
            .field("embedded", embedded)
            .field("known_groups", known_groups)
            .field("ignored", ignored)
            .finish()
    }
}

#[cfg(test)]
mod tests;
