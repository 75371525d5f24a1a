//! Whether the words of a workspace file fit together.
//!
//! Promises: after this, nothing in the file can turn out to be wrong but values that stand outside
//! it: secrets, scripts, clusters, stores.
//!
//! Does not know: where the text came from.

use std::collections::BTreeMap;

use toml::Spanned;

use super::error::{ConfigError, Source};
use super::file::{
    ConfigFile, ConnectionTable, EntityTable, FoldTable, Located, ReadModelTable, Tables,
    UpcastTable,
};
use super::permissions::Permissions;
use super::secret::has_secret;
use super::{
    Config, ConnectionConfig, EntityConfig, FoldConfig, PositionColumns, ReadModelConfig,
    Selectors, UpcastConfig,
};
use crate::entity::Selector;
use crate::kafka::{Settings, is_credential, is_for_the_user_alone};
use crate::model::{Isolation, JsonPointer, check_topic_name};
use crate::read_model::stores::{StoreAddress, StoreKind};

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

/// Why a property is refused that would use this machine's own identity.
const FOR_THE_USER_ALONE: &str =
    "it would hand a token of this machine's own identity to the brokers that a workspace names";

/// Checks a file as a whole.
pub(crate) fn check(
    source: &Source,
    file: ConfigFile,
    permissions: Permissions,
) -> Result<Config, ConfigError> {
    let checker = Checker { source, permissions: &permissions };
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
    let upcasts = file
        .upcast
        .into_iter()
        .map(|table| checker.upcast(table.into_inner()))
        .collect::<Result<_, _>>()?;
    let source = source.clone();
    Ok(Config { source, permissions, connections, entities, read_models, upcasts, idle })
}

/// What the file asks for that nothing carries out yet and that would change answers, in words, in
/// the order of the file.
fn idle(file: &ConfigFile) -> Vec<Located<String>> {
    let registry = |table: &ConnectionTable| {
        let start = table.registry.as_ref()?.span().start;
        Some((start, "`registry` has no effect yet: values are not decoded by a schema registry"))
    };
    let registries = file.connection.values().filter_map(registry);
    let upcasts = file.upcast.iter().map(|table| {
        (table.span().start, "`[[upcast]]` has no effect yet: events are folded as they stand")
    });
    let found = registries.chain(upcasts);
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
    /// What the file may use.
    permissions: &'a Permissions,
}

impl Checker<'_> {
    /// The path of a script.
    fn script(&self, named: &Spanned<String>) -> Result<FoldConfig, ConfigError> {
        let located = Located { start: named.span().start, value: named.get_ref().clone() };
        self.permissions.allowed_file(self.source, &located).map(FoldConfig::Code)
    }

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
            if is_for_the_user_alone(property) {
                let message = format!("`{property}` is refused: {FOR_THE_USER_ALONE}");
                let hint = format!("set it yourself: -X {property}=…");
                return Err(self.source.fault_with_hint(text.start, message, Some(hint)));
            }
            if has_secret(&text.value) {
                return self.secret_in(property, text);
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
        if let Some(registry) = registry.as_ref().filter(|text| has_secret(&text.value)) {
            self.secret_in("registry", registry)?;
        }
        Ok(ConnectionConfig {
            name: name.value,
            brokers,
            registry,
            production: table.production,
            properties,
        })
    }

    /// Refuses a text with a secret in it where no secret belongs.
    fn secret_in(&self, property: &str, text: &Located<String>) -> Result<(), ConfigError> {
        if is_credential(property) {
            return Ok(());
        }
        let message =
            format!("`{property}` is no part of a login, and takes no value from outside");
        let hint = "write the value itself; ${NAME} is for passwords, secrets and user names";
        Err(self.source.fault_with_hint(text.start, message, Some(hint.to_owned())))
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
            check_topic_name(&topic)
                .map_err(|fault| self.source.fault(start, fault.to_string()))?;
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

    /// Checks a selector: `key`, `key:/POINTER`, `value:/POINTER`, `header:NAME`, or one of these
    /// words.
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
            FoldTable { code: Some(code), builtin: None } => self.script(&code),
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
        let fold = table.fold.map(|fold| self.row_fold(fold)).transpose()?;
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
    fn row_fold(&self, text: Spanned<String>) -> Result<FoldConfig, ConfigError> {
        if BUILTIN_FOLDS.contains(&text.get_ref().as_str()) {
            Ok(FoldConfig::Builtin(text.into_inner()))
        } else {
            self.script(&text)
        }
    }

    /// Checks that the store's kind is known and that what finds a row in it is there, and nothing
    /// else.
    fn store(&self, table: &ReadModelTable) -> Result<(), ConfigError> {
        let store = table.store.get_ref().as_str();
        let start = table.store.span().start;
        if has_secret(store) && !store.contains(':') {
            return Ok(());
        }
        let scheme = store.split_once(':').map_or("", |(scheme, _)| scheme);
        let address = StoreAddress::parse(store).map_err(|_unknown| {
            let hint = "a store is sqlite:PATH, postgres://…, mysql://…, http(s)://… or redis://…";
            let message = format!("expected a store, got `{scheme}`");
            self.source.fault_with_hint(start, message, Some(hint.to_owned()))
        })?;
        let needed: &[&str] = match address.kind() {
            StoreKind::Sqlite | StoreKind::Postgres | StoreKind::Mysql => &["query"],
            StoreKind::Elastic => &["index", "id"],
            StoreKind::Redis => &["key"],
        };
        if address.kind() == StoreKind::Sqlite {
            let located = Located { value: address.path().to_owned(), start };
            self.permissions.allowed_file(self.source, &located)?;
        }
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
    fn upcast(&self, table: UpcastTable) -> Result<UpcastConfig, ConfigError> {
        let code = self.permissions.allowed_file(self.source, &table.code.into())?;
        Ok(UpcastConfig { event_type: table.event_type, from: table.from, code })
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
