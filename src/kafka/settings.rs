//! What a connection is opened with: brokers and librdkafka properties.
//!
//! Promises: a setting is kept exactly as it was given; a setting that cannot be meant is refused with its name.
//! Does not know: whether a broker answers.

use std::collections::BTreeMap;

/// What a connection is opened with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
}

/// Why settings are refused.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// No broker is named.
    #[error("no brokers are named")]
    NoBrokers,
    /// An assignment has no `=`.
    #[error("expected key=value, got `{assignment}`")]
    NotAnAssignment {
        /// What was given.
        assignment: String,
    },
}

impl Settings {
    /// The settings of a cluster without authentication or encryption.
    ///
    /// # Errors
    /// When no broker is named.
    pub fn from_brokers(brokers: &str) -> Result<Self, SettingsError> {
        let brokers = brokers.trim();
        if brokers.is_empty() {
            return Err(SettingsError::NoBrokers);
        }
        Ok(Self { name: brokers.to_owned(), brokers: brokers.to_owned(), ..Self::default() })
    }

    /// Sets one librdkafka property from `key=value`.
    ///
    /// # Errors
    /// When there is no `=` or no key before it.
    pub fn set(&mut self, assignment: &str) -> Result<(), SettingsError> {
        let refused = || SettingsError::NotAnAssignment { assignment: assignment.to_owned() };
        let (key, value) = assignment.split_once('=').ok_or_else(refused)?;
        if key.trim().is_empty() {
            return Err(refused());
        }
        self.properties.insert(key.trim().to_owned(), value.to_owned());
        Ok(())
    }
}
