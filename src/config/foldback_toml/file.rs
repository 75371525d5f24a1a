//! The words of a workspace file, as they stand.
//!
//! Promises: a word that is not listed here is refused with its line.
//! Does not know: what fits together (`check`).

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

/// Tables by their names.
pub(crate) type Tables<T> = BTreeMap<Spanned<String>, T>;

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Located<T> {
    /// The byte of the text at which it starts.
    pub(crate) start: usize,
    /// The value.
    pub(crate) value: T,
}

impl<T> From<Spanned<T>> for Located<T> {
    fn from(spanned: Spanned<T>) -> Self {
        Self { start: spanned.span().start, value: spanned.into_inner() }
    }
}

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConfigFile {
    /// `[connection.NAME]`.
    #[serde(default)]
    pub(crate) connection: Tables<ConnectionTable>,
    /// `[entity.NAME]`.
    #[serde(default)]
    pub(crate) entity: Tables<EntityTable>,
    /// `[read_model.NAME]`.
    #[serde(default)]
    pub(crate) read_model: Tables<ReadModelTable>,
    /// `[[upcast]]`.
    #[serde(default)]
    pub(crate) upcast: Vec<Spanned<UpcastTable>>,
}

/// `[connection.NAME]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConnectionTable {
    /// Bootstrap addresses.
    pub(crate) brokers: Spanned<String>,
    /// The schema registry's address.
    pub(crate) registry: Option<Spanned<String>>,
    /// Whether it is production.
    #[serde(default)]
    pub(crate) production: bool,
    /// librdkafka properties.
    #[serde(default)]
    pub(crate) properties: BTreeMap<Spanned<String>, Spanned<Scalar>>,
}

/// The value of a librdkafka property: text, or what reads better without quotes.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "expected a string, an integer or a boolean")]
pub(crate) enum Scalar {
    /// Text.
    Text(String),
    /// A number.
    Integer(i64),
    /// A switch.
    Switch(bool),
}

impl Scalar {
    /// The value as librdkafka reads it.
    pub(crate) fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Integer(number) => number.to_string(),
            Self::Switch(on) => on.to_string(),
        }
    }
}

/// `[entity.NAME]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EntityTable {
    /// Its topics.
    pub(crate) topics: Spanned<Vec<Spanned<String>>>,
    /// Where the entity's id stands.
    pub(crate) id: Option<Spanned<String>>,
    /// Where the event's type stands.
    #[serde(rename = "type")]
    pub(crate) event_type: Option<Spanned<String>>,
    /// Where the version stands.
    pub(crate) version: Option<Spanned<String>>,
    /// Where the event's time stands.
    pub(crate) time: Option<Spanned<String>>,
    /// Where the correlation id stands.
    pub(crate) correlation: Option<Spanned<String>>,
    /// Where the causation id stands.
    pub(crate) causation: Option<Spanned<String>>,
    /// Where the actor stands.
    pub(crate) actor: Option<Spanned<String>>,
    /// The convention.
    pub(crate) preset: Option<Spanned<String>>,
    /// How events become state.
    pub(crate) fold: Option<Spanned<FoldTable>>,
}

/// `[entity.NAME.fold]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FoldTable {
    /// A script.
    pub(crate) code: Option<Spanned<String>>,
    /// A fold by name.
    pub(crate) builtin: Option<Spanned<String>>,
}

/// `[read_model.NAME]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReadModelTable {
    /// Its entity.
    pub(crate) entity: Spanned<String>,
    /// What a row should be.
    pub(crate) fold: Option<Spanned<String>>,
    /// Its consumer group.
    pub(crate) group: Option<String>,
    /// Its store.
    pub(crate) store: Spanned<String>,
    /// The SQL query of a row.
    pub(crate) query: Option<Spanned<String>>,
    /// The index of Elasticsearch.
    pub(crate) index: Option<Spanned<String>>,
    /// The document's id.
    pub(crate) id: Option<Spanned<String>>,
    /// The key of Redis.
    pub(crate) key: Option<Spanned<String>>,
    /// State path to column.
    #[serde(default)]
    pub(crate) fields: BTreeMap<Spanned<String>, String>,
    /// Columns left out.
    #[serde(default)]
    pub(crate) ignore: Vec<String>,
    /// Columns of the last record applied.
    pub(crate) position: Option<PositionTable>,
    /// Topics of records put aside.
    #[serde(default)]
    pub(crate) dead_letters: Vec<String>,
    /// What its consumer sees.
    pub(crate) isolation: Option<Spanned<String>>,
}

/// `position` of a read model.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PositionTable {
    /// The topic's name.
    pub(crate) topic: String,
    /// The partition's column.
    pub(crate) partition: String,
    /// The offset's column.
    pub(crate) offset: String,
}

/// `[[upcast]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpcastTable {
    /// The event's type.
    #[serde(rename = "type")]
    pub(crate) event_type: String,
    /// The revision it takes.
    pub(crate) from: String,
    /// The script.
    pub(crate) code: Spanned<String>,
}
