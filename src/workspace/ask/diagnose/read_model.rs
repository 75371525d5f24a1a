//! Which read model is meant: one of `foldback.toml`, or one that options describe.
//!
//! Promises: everything that can be wrong with it is told before anything is asked of a cluster or
//! a store.
//! Does not know: rows.

use std::path::PathBuf;
use std::sync::Arc;

use crate::fold::Fold;
use crate::model::{Isolation, JsonPointer};
use crate::read_model::stores::{Finder, StoreAddress};
use crate::read_model::{PositionIn, RowMapping};
use crate::workspace::ask::fold_choice::fold_of;
use crate::workspace::{Config, Failure, ReadModelConfig, default_fold, fold_named};

/// A read model.
#[derive(Debug)]
pub struct ReadModel {
    /// The topics that it is made of.
    pub topics: Vec<Arc<str>>,
    /// What a row should be.
    pub fold: Arc<dyn Fold>,
    /// The group that writes it.
    pub group: Option<Arc<str>>,
    /// Where its rows are.
    pub store: StoreAddress,
    /// How a row is found there.
    pub finder: Finder,
    /// What the paths of the store are relative to.
    pub folder: PathBuf,
    /// How rows are compared.
    pub mapping: RowMapping,
    /// Where its consumer puts records aside.
    pub dead_letters: Vec<Arc<str>>,
    /// Which records its consumer sees; those of the session when `None`.
    pub isolation: Option<Isolation>,
}

/// A read model that options describe.
#[derive(Clone, Debug, Default)]
pub struct ReadModelOptions {
    /// The topics.
    pub topics: Vec<String>,
    /// The fold.
    pub fold: Option<String>,
    /// The group.
    pub group: Option<String>,
    /// The store's address.
    pub store: String,
    /// The query of a row.
    pub query: Option<String>,
    /// The index of documents.
    pub index: Option<String>,
    /// The id of a document.
    pub id: Option<String>,
    /// The key of Redis.
    pub key: Option<String>,
    /// Which path is in which column.
    pub fields: Vec<(String, String)>,
    /// Columns left out.
    pub ignore: Vec<String>,
    /// Topics of records put aside.
    pub dead_letters: Vec<String>,
}

impl ReadModel {
    /// A read model of `foldback.toml`.
    ///
    /// # Errors
    /// `Usage` when there is none of this name, or something in it is wrong.
    pub fn named(name: &str, config: Option<&Config>) -> Result<Self, Failure> {
        let config = config.ok_or_else(|| {
            Failure::usage(format!("unknown read model `{name}`: there is no foldback.toml"))
                .with_hint("name the folder it is in with --workspace, or describe the read model with --topic, --store and --query")
        })?;
        let model = config.read_model(name)?;
        let entity = config.entities().iter().find(|entity| entity.name == model.entity);
        let topics = topics(entity.map(|entity| &*entity.topics).unwrap_or_default());
        let fold = match &model.fold {
            Some(fold) => fold_of(fold, config)?,
            None => default_fold(&topics, Some(config))?,
        };
        let fields = model.fields.iter().map(|(path, column)| (path.as_str(), column.as_str()));
        let mapping = RowMapping {
            fields: fields_of(fields)?,
            ignore: model.ignore.iter().map(|name| name.as_str().into()).collect(),
            position: model.position.as_ref().map(|position| PositionIn {
                topic: position.topic.as_str().into(),
                partition: position.partition.as_str().into(),
                offset: position.offset.as_str().into(),
            }),
        };
        let finder =
            finder(model.query.clone(), model.index.clone(), model.id.clone(), model.key.clone())?;
        Ok(Self {
            topics,
            fold,
            group: group_of(model),
            store: StoreAddress::parse(&config.store_of(model)?)?,
            finder,
            folder: config.folder().to_owned(),
            mapping,
            dead_letters: self::topics(&model.dead_letters),
            isolation: model.isolation,
        })
    }

    /// A read model that options describe.
    ///
    /// # Errors
    /// `Usage` when something in it is wrong.
    pub fn described(options: ReadModelOptions, config: Option<&Config>) -> Result<Self, Failure> {
        let topics = topics(&options.topics);
        let fold = match &options.fold {
            Some(name) => fold_named(name, config)?,
            None => default_fold(&topics, config)?,
        };
        let fields = options.fields.iter().map(|(path, column)| (path.as_str(), column.as_str()));
        let mapping = RowMapping {
            fields: fields_of(fields)?,
            ignore: options.ignore.iter().map(|name| name.as_str().into()).collect(),
            position: None,
        };
        Ok(Self {
            topics,
            fold,
            group: options.group.as_deref().map(Into::into),
            store: StoreAddress::parse(&options.store)?,
            finder: finder(options.query, options.index, options.id, options.key)?,
            folder: PathBuf::new(),
            mapping,
            dead_letters: self::topics(&options.dead_letters),
            isolation: None,
        })
    }
}

/// The group that writes a read model.
fn group_of(model: &ReadModelConfig) -> Option<Arc<str>> {
    model.group.as_deref().map(Into::into)
}

/// Paths and columns.
fn fields_of<'t>(
    fields: impl Iterator<Item = (&'t str, &'t str)>,
) -> Result<Vec<(JsonPointer, Arc<str>)>, Failure> {
    let read = |(path, column): (&str, &str)| {
        let pointer = JsonPointer::parse(path).ok_or_else(|| {
            Failure::usage(format!("expected a path of the state such as /status, got `{path}`"))
        })?;
        Ok((pointer, column.into()))
    };
    fields.map(read).collect()
}

/// How a row is found, where exactly one way is named.
fn finder(
    query: Option<String>,
    index: Option<String>,
    id: Option<String>,
    key: Option<String>,
) -> Result<Finder, Failure> {
    match (query, index, id, key) {
        (Some(query), None, None, None) => Ok(Finder::Query(query)),
        (None, Some(index), Some(id), None) => Ok(Finder::Document { index, id }),
        (None, None, None, Some(key)) => Ok(Finder::Key(key)),
        _ => Err(Failure::usage("it is not said how a row is found")
            .with_hint("a row is found by a query in SQL, by an index and an id in Elasticsearch, by a key in Redis")),
    }
}

/// The topics of a read model, each once.
fn topics(names: &[String]) -> Vec<Arc<str>> {
    let mut topics: Vec<Arc<str>> = Vec::new();
    for name in names {
        if topics.iter().all(|known| **known != **name) {
            topics.push(name.as_str().into());
        }
    }
    topics
}
