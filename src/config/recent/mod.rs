//! The connections used before and what was open on each: what the next start goes on with.
//!
//! Promises: newest first; what was open on one cluster is never opened on another; nothing in it
//! is a secret, and nothing in it is a record.
//! Does not know: how it is kept on disk (`file`), opened again (`engine`) or drawn.

mod file;
mod kept_session;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use self::file::{RecentFault, RecentFile};
pub use self::kept_session::{EntityTab, KeptClock, KeptSession, SandboxTab, TopicTab};
use super::choice::ConnectionChoice;

/// How many connections are remembered.
const RECENT_MAX: usize = 20;

/// Which connection: what was chosen, and the folder of the `foldback.toml` that was in force then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecentKey {
    /// What was chosen.
    pub choice: ConnectionChoice,
    /// The folder of the `foldback.toml` in force; none without one.
    pub workspace: Option<PathBuf>,
}

impl RecentKey {
    /// A choice made while this `foldback.toml` was in force. A file is found again from any
    /// folder.
    pub fn new(choice: ConnectionChoice, workspace: Option<&Path>) -> Self {
        let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let choice = match choice {
            ConnectionChoice::ConfigFile(path) => ConnectionChoice::ConfigFile(absolute(&path)),
            ConnectionChoice::Brokers(brokers) => {
                let addresses = brokers.split(',').map(str::trim).filter(|text| !text.is_empty());
                ConnectionChoice::Brokers(addresses.collect::<Vec<_>>().join(","))
            }
            saved @ ConnectionChoice::Saved(_) => saved,
        };
        Self { choice, workspace: workspace.map(absolute) }
    }

    /// What a user calls it: the name, the addresses or the file.
    pub fn name(&self) -> String {
        match &self.choice {
            ConnectionChoice::Saved(name) => name.clone(),
            ConnectionChoice::Brokers(brokers) => brokers.clone(),
            ConnectionChoice::ConfigFile(path) => path.file_name().map_or_else(
                || path.display().to_string(),
                |name| name.to_string_lossy().into_owned(),
            ),
        }
    }
}

/// A connection used before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecentConnection {
    /// Which it is.
    pub key: RecentKey,
    /// Its bootstrap addresses.
    pub brokers: String,
    /// The id of the cluster that answered, when it told one.
    pub cluster_id: Option<String>,
    /// When it was used last, in milliseconds since the epoch.
    pub used_ms: i64,
    /// The names of properties that were given on the command line. Their values are not kept: they
    /// may be secret.
    #[serde(default)]
    pub unkept: Vec<String>,
    /// What was open on it.
    #[serde(default)]
    pub session: KeptSession,
}

/// The connections used before, newest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Recents {
    /// Whether the next start goes on with the newest one. Not after a user has disconnected from
    /// it.
    pub go_on: bool,
    /// The connections.
    pub connections: Vec<RecentConnection>,
}

impl Recents {
    /// The connection with this key.
    pub fn find(&self, key: &RecentKey) -> Option<&RecentConnection> {
        self.connections.iter().find(|recent| recent.key == *key)
    }

    /// What a start goes on with when nobody names a connection: the newest one that was used with
    /// the `foldback.toml` in force, and where there is none in force, the newest of all.
    pub fn to_go_on_with(&self, workspace: Option<&Path>) -> Option<&RecentConnection> {
        let Some(folder) = workspace else {
            return self.connections.first().filter(|_| self.go_on);
        };
        let folder = std::path::absolute(folder).ok()?;
        let newest = self
            .connections
            .iter()
            .position(|recent| recent.key.workspace.as_deref() == Some(&*folder))?;
        // A user who disconnected did so from the newest of all.
        self.connections.get(newest).filter(|_| self.go_on || newest > 0)
    }

    /// A connection is in use: it is the newest from now on, and the next start goes on with it.
    pub fn put(&mut self, recent: RecentConnection) {
        self.connections.retain(|known| known.key != recent.key);
        self.connections.insert(0, recent);
        self.connections.truncate(RECENT_MAX);
        self.go_on = true;
    }

    /// Takes a connection off the list.
    pub fn remove(&mut self, key: &RecentKey) {
        let newest = self.connections.first().is_some_and(|recent| recent.key == *key);
        self.connections.retain(|known| known.key != *key);
        self.go_on &= !newest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A connection to this address, with this `foldback.toml` in force.
    fn recent(brokers: &str, workspace: Option<&str>) -> RecentConnection {
        let choice = ConnectionChoice::Brokers(brokers.to_owned());
        RecentConnection {
            key: RecentKey::new(choice, workspace.map(Path::new)),
            brokers: brokers.to_owned(),
            cluster_id: Some("c-1".to_owned()),
            used_ms: 1,
            unkept: Vec::new(),
            session: KeptSession::default(),
        }
    }

    #[test]
    fn the_connection_used_last_is_the_first_and_stands_there_once() {
        let mut recents = Recents::default();
        for brokers in ["a:1", "b:1", "a:1"] {
            recents.put(recent(brokers, None));
        }
        let names: Vec<_> = recents.connections.iter().map(|recent| recent.key.name()).collect();
        assert_eq!(names, ["a:1", "b:1"]);
        (0..100).for_each(|port| recents.put(recent(&format!("c:{port}"), None)));
        assert_eq!(recents.connections.len(), RECENT_MAX);
    }

    #[test]
    fn a_start_goes_on_with_the_newest_and_in_a_workspace_with_the_newest_of_that_workspace() {
        let mut recents = Recents::default();
        assert_eq!(recents.to_go_on_with(None), None, "the first start of all");
        recents.put(recent("shop:1", Some("/shop")));
        recents.put(recent("other:1", None));
        let name = |folder: Option<&str>| {
            recents.to_go_on_with(folder.map(Path::new)).map(|recent| recent.key.name())
        };
        assert_eq!(name(None).as_deref(), Some("other:1"));
        assert_eq!(name(Some("/shop")).as_deref(), Some("shop:1"));
        assert_eq!(name(Some("/bank")), None, "never used there");
    }

    #[test]
    fn after_a_user_disconnected_the_next_start_does_not_connect_by_itself() {
        let mut recents = Recents::default();
        recents.put(recent("shop:1", Some("/shop")));
        recents.put(recent("other:1", None));
        recents.go_on = false;
        assert_eq!(recents.to_go_on_with(None), None);
        let shop = recents.to_go_on_with(Some(Path::new("/shop")));
        assert_eq!(shop.unwrap().brokers, "shop:1", "from which nobody disconnected");
        recents.put(recent("other:1", None));
        assert!(recents.to_go_on_with(None).is_some(), "used again");
    }

    #[test]
    fn what_is_taken_off_the_list_is_not_gone_on_with() {
        let mut recents = Recents::default();
        recents.put(recent("a:1", None));
        recents.put(recent("b:1", None));
        recents.remove(&recent("b:1", None).key);
        assert_eq!((recents.connections.len(), recents.to_go_on_with(None)), (1, None));
    }

    #[test]
    fn the_same_addresses_are_the_same_connection_however_they_are_spaced() {
        let spaced = ConnectionChoice::Brokers(" a:1, b:2,".to_owned());
        let tight = ConnectionChoice::Brokers("a:1,b:2".to_owned());
        assert_eq!(RecentKey::new(spaced, None), RecentKey::new(tight, None));
    }
}
