//! What a user chooses: a cluster, what is opened of it, a moment to stand at.
//!
//! Promises: names, places and choices alone, in words that can be kept; a moment is a place in log
//! order, so that events of the same millisecond can be told apart.
//! Does not know: what a choice leads to.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::fold::EventOrder;
use crate::model::{EntityId, Position};
use crate::sandbox::demo_chapter;

/// Which cluster to connect to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConnectionChoice {
    /// A connection of `foldback.toml` by its name.
    Saved(String),
    /// Bootstrap addresses, `HOST:PORT` with commas between.
    Brokers(String),
    /// A Java `.properties` or a librdkafka/kcat file.
    ConfigFile(PathBuf),
}

/// A connection of `foldback.toml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedConnection {
    /// Its name.
    pub name: Arc<str>,
    /// Its bootstrap addresses.
    pub brokers: Arc<str>,
    /// Whether it is marked as production.
    pub production: bool,
}

/// Where reading of a topic starts and ends, in the words users know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StartPosition {
    /// The newest records, about this many over all partitions.
    Newest(u64),
    /// From the log start on, about this many records; all when `None`.
    Oldest(Option<u64>),
    /// One partition from this offset on.
    FromOffset {
        /// The partition.
        partition: i32,
        /// The first offset.
        offset: i64,
    },
    /// From this time on, in milliseconds.
    SinceTime(i64),
    /// From one time to another, both inclusive, in milliseconds.
    TimeRange {
        /// The first millisecond.
        from_ms: i64,
        /// The last millisecond.
        to_ms: i64,
    },
    /// What arrives from now on.
    Live,
}

/// Which of the records read are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordFilter {
    /// Only these partitions; all when empty.
    pub partitions: Vec<i32>,
    /// Only records whose key, value or headers contain this text, whatever the case.
    pub text: String,
    /// Only records for which this CEL expression is true.
    pub cel: String,
    /// Only records in this span of time, both inclusive, in milliseconds: the brush of the
    /// histogram.
    pub time_ms: Option<(i64, i64)>,
}

impl RecordFilter {
    /// The same, and only events of this type; those without one when it is empty.
    #[must_use]
    pub fn of_type(&self, event_type: &str) -> Self {
        let wanted = match event_type {
            "" => "type == null".to_owned(),
            named => format!("type == {}", serde_json::Value::from(named)),
        };
        let cel = match self.cel.trim() {
            "" => wanted,
            same if same == wanted => wanted,
            other => format!("({other}) && {wanted}"),
        };
        Self { cel, ..self.clone() }
    }
}

/// Which entity, over which topics.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EntityKey {
    /// The entity.
    pub entity: EntityId,
    /// The topics its events are in, sorted.
    pub topics: Arc<[Arc<str>]>,
}

/// A moment of the clock: a place in log order, so that events of the same millisecond can be
/// stepped through.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ClockPoint {
    /// Before everything.
    Start,
    /// All records with this log time or an earlier one, in milliseconds.
    Time(i64),
    /// All records up to this one in log order.
    Record {
        /// The record's log time, in milliseconds.
        time_ms: i64,
        /// The record.
        position: Position,
    },
    /// Everything.
    #[default]
    End,
}

/// A moment worth coming back to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bookmark {
    /// The user's words, or what was on screen.
    pub label: String,
    /// The moment.
    pub at: ClockPoint,
    /// The entity that was in front.
    pub entity: Option<EntityKey>,
    /// What the user has noted about it.
    #[serde(default)]
    pub note: String,
}

/// What an entity's state at the clock is compared with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CompareWith {
    /// Its own state after this version, which stands on the left.
    Version(u64),
    /// Another entity's state at the same moment, which stands on the right.
    Entity(EntityKey),
}

/// Which sandbox: what it was opened with.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum SandboxKey {
    /// A new script with this number, from 1.
    New(u32),
    /// The projection of the demo's dashboard.
    Demo,
    /// The script in this file.
    File(PathBuf),
}

impl SandboxKey {
    /// The script's name: that of its file, or the one it would get.
    pub fn script_name(&self) -> String {
        match self {
            Self::New(number) => format!("projection-{number}.js"),
            Self::Demo => demo_chapter::DASHBOARD_FILE.to_owned(),
            Self::File(path) => path
                .file_name()
                .map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into()),
        }
    }
}

impl fmt::Display for SandboxKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.script_name())
    }
}

/// Which events a sandbox is given, and in which order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryChoice {
    /// The topics. While there are none, those that the script names are taken.
    pub topics: Vec<Arc<str>>,
    /// The entities; all when empty.
    pub entities: Vec<EntityId>,
    /// In which order the events of several partitions come.
    pub order: EventOrder,
}

impl HistoryChoice {
    /// All events of a topic.
    pub fn topic(topic: Arc<str>) -> Self {
        Self { topics: vec![topic], ..Self::default() }
    }

    /// The events of one entity.
    pub fn entity(key: &EntityKey) -> Self {
        let entities = vec![key.entity.clone()];
        Self { topics: key.topics.to_vec(), entities, order: EventOrder::Log }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_added_to_the_filter_once_whatever_its_name() {
        let filter = RecordFilter { text: "kettle".to_owned(), ..RecordFilter::default() };
        let one = filter.of_type("Order \"A\"");
        assert_eq!(one.cel, r#"type == "Order \"A\"""#);
        assert_eq!((&one.text, one.of_type("Order \"A\"")), (&filter.text, one.clone()));
        assert_eq!(filter.of_type("").cel, "type == null");
        let both = RecordFilter { cel: "value.n > 3".to_owned(), ..filter };
        assert_eq!(both.of_type("A").cel, r#"(value.n > 3) && type == "A""#);
    }
}
