//! The words of `diagnose`.
//!
//! Promises: those of all commands.
//! Does not know: what the words lead to (`cli::diagnose`).

use clap::{ArgAction, ArgGroup, Args};

use super::topic_name;

/// `diagnose`.
#[derive(Debug, Args)]
#[command(
    group(ArgGroup::new("what").required(true).args(["read_model", "store"])),
    after_help = "Status 1 says that a row is anything but FRESH. Nothing is written: neither to the cluster nor to the store."
)]
pub struct DiagnoseArgs {
    /// A read model of foldback.toml
    #[arg(value_name = "READ_MODEL", conflicts_with_all = ["topics", "store", "query", "index", "id", "key", "group", "fold", "fields", "ignore", "dead_letters"])]
    pub read_model: Option<String>,
    /// Only the row of this entity; may be repeated
    #[arg(long = "entity", value_name = "ENTITY", action = ArgAction::Append, allow_hyphen_values = true, conflicts_with_all = ["sample", "all"])]
    pub entities: Vec<String>,
    /// The same with the entity's id as base64; may be repeated
    #[arg(long, value_name = "BASE64", action = ArgAction::Append, conflicts_with_all = ["sample", "all"])]
    pub key_base64: Vec<String>,
    /// The rows of this many entities of the log, the same for the same log [default: 100]
    #[arg(long, value_name = "N", conflicts_with = "all")]
    pub sample: Option<usize>,
    /// The rows of all entities of the log
    #[arg(long)]
    pub all: bool,
    /// An earlier version of the projection, which the rows may have been made by
    #[arg(long, value_name = "FILE.js")]
    pub was: Option<String>,
    /// A topic that the read model is made of; may be repeated
    #[arg(long = "topic", value_name = "TOPIC", action = ArgAction::Append, value_parser = topic_name)]
    pub topics: Vec<String>,
    /// What a row should be: merge, last, debezium, count or a script such as order.js [default: as
    /// foldback.toml says, else merge]
    #[arg(long, value_name = "FOLD")]
    pub fold: Option<String>,
    /// Where the rows are: sqlite:PATH, postgres://…, mysql://…, http(s)://… (Elasticsearch) or
    /// redis://…
    #[arg(long, value_name = "URL", requires = "topics")]
    pub store: Option<String>,
    /// The query of a row in SQL, $1 being the entity
    #[arg(long, value_name = "SQL", requires = "store")]
    pub query: Option<String>,
    /// The index of Elasticsearch or OpenSearch
    #[arg(long, value_name = "INDEX", requires = "store")]
    pub index: Option<String>,
    /// The id of a document in the index, {entity} being the entity
    #[arg(long, value_name = "ID", requires = "store")]
    pub id: Option<String>,
    /// The key of Redis, {entity} being the entity
    #[arg(long, value_name = "KEY", requires = "store")]
    pub key: Option<String>,
    /// The consumer group that writes the rows
    #[arg(long, value_name = "GROUP", requires = "store")]
    pub group: Option<String>,
    /// Which path of the state is in which column, such as /total=total; may be repeated [default:
    /// columns of the same names]
    #[arg(long = "field", value_name = "PATH=COLUMN", action = ArgAction::Append, requires = "store", value_parser = field)]
    pub fields: Vec<(String, String)>,
    /// A column that is not compared; may be repeated
    #[arg(long = "ignore", value_name = "COLUMN", action = ArgAction::Append, requires = "store")]
    pub ignore: Vec<String>,
    /// A topic of records that the consumer put aside; may be repeated
    #[arg(long = "dead-letters", value_name = "TOPIC", action = ArgAction::Append, requires = "store", value_parser = topic_name)]
    pub dead_letters: Vec<String>,
}

/// Reads a path and its column.
fn field(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((path, column)) if !column.is_empty() => Ok((path.to_owned(), column.to_owned())),
        _ => Err("expected PATH=COLUMN, such as /total=total".to_owned()),
    }
}
