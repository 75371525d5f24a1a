//! What was open on a connection, in the words of the workspace, to be opened again.
//!
//! Promises: names, places and choices alone; a field that an older version did not write has the
//! value it has in a new session.
//! Does not know: records, what the window draws: how its tabs are arranged is a text of its own.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::config::choice::{
    Bookmark, ClockPoint, CompareWith, EntityKey, HistoryChoice, RecordFilter, SandboxKey,
    StartPosition,
};
use crate::decode::Decoder;
use crate::model::{Clock, Isolation, JsonPointer};

/// What was open on a connection.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeptSession {
    /// Which records were read.
    pub isolation: Isolation,
    /// The one clock.
    pub clock: KeptClock,
    /// The topics, in the order they were opened.
    pub topics: Vec<TopicTab>,
    /// The entities, in the order they were opened.
    pub entities: Vec<EntityTab>,
    /// The sandboxes, in the order they were opened.
    pub sandboxes: Vec<SandboxTab>,
    /// The bookmarks, in the order they were made.
    pub bookmarks: Vec<Bookmark>,
    /// How the window's tabs were arranged, as the window wrote it.
    pub arrangement: Option<Arc<str>>,
}

/// Where the clock stood.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeptClock {
    /// The moment.
    pub at: ClockPoint,
    /// Whether it stayed at the end.
    pub following: bool,
    /// Which time a cut compared.
    pub clock: Clock,
}

/// A topic's tab.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TopicTab {
    /// Its name.
    pub topic: Arc<str>,
    /// Where it was read; none where nothing was.
    pub start: Option<StartPosition>,
    /// Which records were shown.
    pub filter: RecordFilter,
    /// How values were decoded.
    pub decoder: Option<Decoder>,
}

/// An entity's tab.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EntityTab {
    /// Which.
    pub key: EntityKey,
    /// The name of the fold.
    pub fold: Arc<str>,
    /// The marked path.
    pub selected_path: Option<JsonPointer>,
    /// What its state was compared with.
    pub compare_with: Option<CompareWith>,
}

/// A sandbox's tab.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SandboxTab {
    /// Which.
    pub key: SandboxKey,
    /// The events it was given.
    pub history: HistoryChoice,
}

impl KeptSession {
    /// Forgets a topic whose tab was closed.
    pub(crate) fn close_topic(&mut self, topic: &str) {
        self.topics.retain(|kept| *kept.topic != *topic);
    }

    /// Forgets an entity whose tab was closed.
    pub(crate) fn close_entity(&mut self, key: &EntityKey) {
        self.entities.retain(|kept| kept.key != *key);
    }

    /// Forgets a sandbox whose tab was closed.
    pub(crate) fn close_sandbox(&mut self, key: &SandboxKey) {
        self.sandboxes.retain(|kept| kept.key != *key);
    }

    /// How many tabs it has, beside those of the window itself.
    pub fn tab_count(&self) -> usize {
        self.topics.len() + self.entities.len() + self.sandboxes.len()
    }
}
