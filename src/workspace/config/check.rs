//! Whether the words of a workspace file fit together.
//!
//! Promises: after this, nothing in the file can turn out to be wrong but values that stand outside it: secrets,
//! scripts, clusters, stores.
//!
//! Does not know: where the text came from.

use std::collections::BTreeMap;
use std::path::Path;

use toml::Spanned;

use super::error::{ConfigError, Source};
use super::file::{
    ConfigFile, ConnectionTable, EntityTable, FoldTable, Located, ReadModelTable, Tables,
    UpcastTable,
};
use super::secret::has_secret;
use super::{
    Config, ConnectionConfig, EntityConfig, FoldConfig, PositionColumns, ReadModelConfig,
    Selectors, UpcastConfig,
};
use crate::entity::Selector;
use crate::kafka::Settings;
use crate::model::{Isolation, JsonPointer};

/// The folds there are by name.
const BUILTIN_FOLDS: [&str; 4] = ["merge", "last", "debezium", "count"];

/// The conventions there are by name.
const PRESETS: [&str; 9] = [
    "none",
    "cloudevents",
    "debezium",
    "axon4",
    "axon5",
    "masstransit",
    "nservicebus",
    "spring",
    "kurrentdb",
];

/// librdkafka properties that name a file.
const PATH_PROPERTIES: [&str; 9] = [
    "https.ca.location",
    "sasl.kerberos.keytab",
    "sasl.oauthbearer.assertion.file",
    "sasl.oauthbearer.assertion.private.key.file",
    "ssl.ca.location",
    "ssl.certificate.location",
    "ssl.crl.location",
    "ssl.key.location",
    "ssl.keystore.location",
];

/// The value of a property, a relative path being taken from this folder.
pub(crate) fn property_in_folder(folder: &Path, property: &str, value: String) -> String {
    // librdkafka takes `probe` as "look for the system's certificates".
    if PATH_PROPERTIES.contains(&property) && value != "probe" && !value.is_empty() {
        folder.join(value).display().to_string()
    } else {
        value
    }
}

/// Checks a file as a whole.
pub(crate) fn check(source: &Source, file: ConfigFile) -> Result<Config, ConfigError> {
    let checker = Checker { source };
    let idle = idle(&file);
    let connections = in_order(file.connection)
        .map(|(name, table)| checker.connection(name, table))
        .collect::<Result<_, _>>()?;
    let mut owners = BTreeMap::new();
    let entities: Vec<EntityConfig> = in_order(file.entity)
        .map(|(name, table)| checker.entity(name, table, &mut owners))
        .collect::<Result<_, _>>()?;
    let read_models = in_order(file.read_model)
        .map(|(name, table)| checker.read_model(name, table, &entities))
        .collect::<Result<_, _>>()?;
    let upcasts = file.upcast.into_iter().map(|table| checker.upcast(table.into_inner())).collect();
    Ok(Config { source: source.clone(), connections, entities, read_models, upcasts, idle })
}

/// What the file asks for that nothing carries out yet, in words, in the order of the file.
fn idle(file: &ConfigFile) -> Vec<Located<String>> {
    let registry = |table: &ConnectionTable| {
        let start = table.registry.as_ref()?.span().start;
        Some((start, "`registry` has no effect yet: values are not decoded by a schema registry"))
    };
    let registries = file.connection.values().filter_map(registry);
    let read_models = file.read_model.keys().map(|name| {
        (name.span().start, "`[read_model]` has no effect yet: no command looks into a store")
    });
    let upcasts = file.upcast.iter().map(|table| {
        (table.span().start, "`[[upcast]]` has no effect yet: events are folded as they stand")
    });
    let found = registries.chain(read_models).chain(upcasts);
    let told = found.map(|(start, words)| Located { start, value: words.to_owned() });
    let mut idle: Vec<Located<String>> = told.collect();
    idle.sort_by_key(|told| told.start);
    idle
}

/// Tables in the order in which they stand.
fn in_order<T>(tables: Tables<T>) -> impl Iterator<Item = (Located<String>, T)> {
    let mut tables: Vec<(Located<String>, T)> =
        tables.into_iter().map(|(name, table)| (name.into(), table)).collect();
    tables.sort_by_key(|(name, _)| name.start);
    tables.into_iter()
}

/// Checks the tables of one text.
struct Checker<'a> {
    /// The text, for messages.
    source: &'a Source,
}

impl Checker<'_> {
    /// A fault that lists the words that are allowed.
    fn unknown<T>(
        &self,
        word: &Spanned<String>,
        kind: &str,
        known: &[&str],
    ) -> Result<T, ConfigError> {
        let message = format!("there is no {kind} `{}`", word.get_ref());
        let hint = format!("there is: {}", known.join(", "));
        Err(self.source.fault_with_hint(word.span().start, message, Some(hint)))
    }

    /// Checks a connection. Values with secrets are checked when the connection is used.
    fn connection(
        &self,
        name: Located<String>,
        table: ConnectionTable,
    ) -> Result<ConnectionConfig, ConfigError> {
        let brokers = Located::from(table.brokers);
        let mut settings = Settings::default();
        let mut try_out = |property: &str, text: &Located<String>| {
            if has_secret(&text.value) {
                return Ok(());
            }
            let fault = |error: crate::kafka::SettingsError| {
                self.source.fault_with_hint(text.start, error.to_string(), error.hint())
            };
            settings.set_property(property, &text.value).map_err(fault)
        };
        try_out("bootstrap.servers", &brokers)?;
        let mut properties = BTreeMap::new();
        for (property, value) in table.properties {
            let (start, value) = (value.span().start, value.into_inner().into_text());
            let text = Located { start, value };
            try_out(property.get_ref(), &text)?;
            properties.insert(property.into_inner(), text);
        }
        let registry = table.registry.map(Located::from);
        Ok(ConnectionConfig {
            name: name.value,
            brokers,
            registry,
            production: table.production,
            properties,
        })
    }

    /// Checks an entity; `owners` knows which entity has which topic.
    fn entity(
        &self,
        name: Located<String>,
        table: EntityTable,
        owners: &mut BTreeMap<String, String>,
    ) -> Result<EntityConfig, ConfigError> {
        if table.topics.get_ref().is_empty() {
            return Err(self
                .source
                .fault(table.topics.span().start, "expected at least one topic"));
        }
        let mut topics = Vec::new();
        for topic in table.topics.into_inner() {
            let start = topic.span().start;
            let topic = topic.into_inner();
            if let Some(owner) = owners.insert(topic.clone(), name.value.clone()) {
                let message =
                    format!("the topic `{topic}` belongs to the entity `{owner}` already");
                return Err(self.source.fault(start, message));
            }
            topics.push(topic);
        }
        if let Some(preset) = &table.preset
            && !PRESETS.contains(&preset.get_ref().as_str())
        {
            return self.unknown(preset, "preset", &PRESETS);
        }
        let selectors = Selectors {
            id: self.selector(table.id, &[])?,
            event_type: self.selector(table.event_type, &["schema", "topic"])?,
            version: self.selector(table.version, &[])?,
            time: self.selector(table.time, &[])?,
            correlation: self.selector(table.correlation, &[])?,
            causation: self.selector(table.causation, &[])?,
            actor: self.selector(table.actor, &[])?,
        };
        let fold = table.fold.map(|table| self.entity_fold(table)).transpose()?;
        let preset = table.preset.map(Spanned::into_inner);
        Ok(EntityConfig { name: name.value, topics, selectors, preset, fold })
    }

    /// Checks a selector: `key`, `key:/POINTER`, `value:/POINTER`, `header:NAME`, or one of these words.
    fn selector(
        &self,
        text: Option<Spanned<String>>,
        words: &[&str],
    ) -> Result<Option<String>, ConfigError> {
        let Some(text) = text else { return Ok(None) };
        let parsed = Selector::parse(text.get_ref());
        let needs_word = matches!(parsed, Ok(Selector::Schema | Selector::Topic));
        if parsed.is_ok() && (!needs_word || words.contains(&text.get_ref().as_str())) {
            return Ok(Some(text.into_inner()));
        }
        let mut known = vec!["key", "key:/POINTER", "value:/POINTER", "header:NAME"];
        known.extend(words);
        let message = format!("expected a place in a record, got `{}`", text.get_ref());
        let guess = parsed.err().and_then(|error| error.hint());
        let hint = guess.unwrap_or_else(|| format!("a place is one of: {}", known.join(", ")));
        Err(self.source.fault_with_hint(text.span().start, message, Some(hint)))
    }

    /// Checks an entity's fold: a script or a name, one of the two.
    fn entity_fold(&self, table: Spanned<FoldTable>) -> Result<FoldConfig, ConfigError> {
        let start = table.span().start;
        match table.into_inner() {
            FoldTable { code: Some(code), builtin: None } => {
                Ok(FoldConfig::Code(self.source.folder().join(code.get_ref())))
            }
            FoldTable { code: None, builtin: Some(name) } => {
                if BUILTIN_FOLDS.contains(&name.get_ref().as_str()) {
                    Ok(FoldConfig::Builtin(name.into_inner()))
                } else {
                    self.unknown(&name, "built-in fold", &BUILTIN_FOLDS)
                }
            }
            FoldTable { .. } => {
                Err(self.source.fault(start, "expected either `code` or `builtin`, and not both"))
            }
        }
    }

    /// Checks a read model.
    fn read_model(
        &self,
        name: Located<String>,
        table: ReadModelTable,
        entities: &[EntityConfig],
    ) -> Result<ReadModelConfig, ConfigError> {
        if !entities.iter().any(|entity| entity.name == *table.entity.get_ref()) {
            let known: Vec<&str> = entities.iter().map(|entity| entity.name.as_str()).collect();
            return self.unknown(&table.entity, "entity", &known);
        }
        self.store(&table)?;
        let fold = table.fold.map(|fold| self.row_fold(fold.into_inner()));
        let isolation = table.isolation.map(|word| self.isolation(&word)).transpose()?;
        let mut fields = BTreeMap::new();
        for (path, column) in table.fields {
            if JsonPointer::parse(path.get_ref()).is_none() {
                let message = format!(
                    "expected a path of the state such as /status, got `{}`",
                    path.get_ref()
                );
                return Err(self.source.fault(path.span().start, message));
            }
            fields.insert(path.into_inner(), column);
        }
        let position = table.position.map(|position| PositionColumns {
            topic: position.topic,
            partition: position.partition,
            offset: position.offset,
        });
        Ok(ReadModelConfig {
            name: name.value,
            entity: table.entity.into_inner(),
            fold,
            group: table.group,
            store: table.store.into_inner(),
            query: table.query.map(Spanned::into_inner),
            index: table.index.map(Spanned::into_inner),
            id: table.id.map(Spanned::into_inner),
            key: table.key.map(Spanned::into_inner),
            fields,
            ignore: table.ignore,
            position,
            dead_letters: table.dead_letters,
            isolation,
        })
    }

    /// What a read model's consumer sees.
    fn isolation(&self, word: &Spanned<String>) -> Result<Isolation, ConfigError> {
        match word.get_ref().as_str() {
            "committed" => Ok(Isolation::Committed),
            "uncommitted" => Ok(Isolation::Uncommitted),
            _ => self.unknown(word, "isolation", &["committed", "uncommitted"]),
        }
    }

    /// A read model's fold: a name, or else a script.
    fn row_fold(&self, text: String) -> FoldConfig {
        if BUILTIN_FOLDS.contains(&text.as_str()) {
            FoldConfig::Builtin(text)
        } else {
            FoldConfig::Code(self.source.folder().join(text))
        }
    }

    /// Checks that the store's kind is known and that what finds a row in it is there, and nothing else.
    fn store(&self, table: &ReadModelTable) -> Result<(), ConfigError> {
        let store = table.store.get_ref().as_str();
        let start = table.store.span().start;
        if has_secret(store) && !store.contains(':') {
            return Ok(());
        }
        let scheme = store.split_once(':').map_or("", |(scheme, _)| scheme);
        let needed: &[&str] = match scheme {
            "sqlite" | "postgres" | "postgresql" | "mysql" => &["query"],
            "http" | "https" => &["index", "id"],
            "redis" | "rediss" => &["key"],
            _ => {
                let hint =
                    "a store is sqlite:PATH, postgres://…, mysql://…, http(s)://… or redis://…";
                let message = format!("expected a store, got `{scheme}`");
                return Err(self.source.fault_with_hint(start, message, Some(hint.to_owned())));
            }
        };
        let given = [
            ("query", &table.query),
            ("index", &table.index),
            ("id", &table.id),
            ("key", &table.key),
        ];
        for (word, value) in given {
            match value {
                None if needed.contains(&word) => {
                    return Err(self
                        .source
                        .fault(start, format!("a {scheme} store needs `{word}`")));
                }
                Some(value) if !needed.contains(&word) => {
                    let message = format!("`{word}` means nothing to a {scheme} store");
                    return Err(self.source.fault(value.span().start, message));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Takes an upcaster over.
    fn upcast(&self, table: UpcastTable) -> UpcastConfig {
        UpcastConfig {
            event_type: table.event_type,
            from: table.from,
            code: self.source.folder().join(table.code),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_that_is_allowed_means_something() {
        for name in BUILTIN_FOLDS {
            assert!(crate::fold::builtin(name).is_some(), "{name}");
        }
        for name in PRESETS {
            assert!(name.parse::<crate::entity::Preset>().is_ok(), "{name}");
        }
    }
}
