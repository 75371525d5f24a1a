//! How the records of a topic are read, and what an `[entity.*]` of `foldback.toml` says of it.
//!
//! Promises: what is named goes before what the preset says; what neither says is left to
//! detection.
//! Does not know: which topics there are, and how a sample completes a mapping (`topic_mapping`).

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::EntityConfig;
use crate::decode::Decoder;
use crate::entity::{Decision, Mapping, Preset, Selector, SelectorError};
use crate::model::{EntityId, KeyFilter};
use crate::workspace::{Problem, time_text};

/// How the records of each topic are read.
pub(in crate::workspace) type Mappings = BTreeMap<Arc<str>, Arc<TopicMapping>>;

/// How the records of one topic are read.
#[derive(Clone, Debug)]
pub struct TopicMapping {
    /// The topic.
    pub topic: Arc<str>,
    /// The entity of `foldback.toml` it belongs to.
    pub entity_name: Option<Arc<str>>,
    /// How records become events.
    pub mapping: Arc<Mapping>,
    /// How values are decoded.
    pub decoder: Decoder,
    /// What was decided by sampled records, when and why; the rest is from `foldback.toml`.
    pub decision: Arc<Decision>,
    /// That later records clearly disagree with it.
    pub disagreement: Option<Disagreement>,
}

/// That the records which came after a decision clearly disagree with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disagreement {
    /// The log time of the first of them, in milliseconds since the epoch.
    pub since_ms: i64,
    /// How many were sampled.
    pub sampled: u64,
    /// How they would be read, in words.
    pub found: String,
    /// How it was decided that they are read.
    pub decided: String,
}

impl Disagreement {
    /// The same as a notice about a topic.
    pub fn problem(&self, topic: &str) -> Problem {
        let Self { since_ms, sampled, found, decided } = self;
        let since = time_text::utc(*since_ms);
        Problem::new(format!(
            "records of {topic} since {since} look different: {found} in {sampled} of them; they are read as it was \
             decided before: {decided}"
        ))
        .with_hint(format!(
            "`foldback mapping --topic {topic} --decide-anew` decides anew, also about the past; foldback.toml says what holds"
        ))
    }
}

/// Which keys the records of these entities have, where it is one and all topics map the key to it;
/// else all.
pub(super) fn key_filter(entities: &[EntityId], mappings: &Mappings) -> KeyFilter {
    let [entity] = entities else { return KeyFilter::All };
    let mut filters = mappings.values().map(|mapping| mapping.mapping.key_filter(entity));
    match filters.next().flatten() {
        Some(filter) if filters.all(|other| other.as_ref() == Some(&filter)) => filter,
        _ => KeyFilter::All,
    }
}

/// The mapping that an entity of `foldback.toml` means.
///
/// # Errors
/// The first text that is no selector. `Config::load` has refused such a file before.
pub fn mapping_of(entity: &EntityConfig) -> Result<Mapping, SelectorError> {
    let named = entity.preset.as_deref();
    let preset = Preset::ALL.into_iter().find(|preset| Some(preset.as_str()) == named);
    let mut mapping = preset.unwrap_or_default().mapping();
    let selectors = &entity.selectors;
    if let Some(id) = &selectors.id {
        mapping.id = Selector::parse(id)?;
    }
    let fields = [
        (&mut mapping.event_type, &selectors.event_type),
        (&mut mapping.version, &selectors.version),
        (&mut mapping.time, &selectors.time),
        (&mut mapping.correlation, &selectors.correlation),
        (&mut mapping.causation, &selectors.causation),
        (&mut mapping.actor, &selectors.actor),
    ];
    for (places, named) in fields {
        if let Some(text) = named {
            *places = vec![Selector::parse(text)?];
        }
    }
    Ok(mapping)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Selectors;

    #[test]
    fn what_is_named_goes_before_what_the_preset_says() {
        let entity = EntityConfig {
            name: "order".to_owned(),
            topics: vec!["orders".to_owned()],
            selectors: Selectors {
                event_type: Some("value:/kind".to_owned()),
                ..Selectors::default()
            },
            preset: Some("cloudevents".to_owned()),
            fold: None,
        };
        let mapping = mapping_of(&entity).unwrap();
        assert_eq!(mapping.event_type, [Selector::parse("value:/kind").unwrap()]);
        assert_eq!(mapping.correlation, Preset::CloudEvents.mapping().correlation);
    }
}
