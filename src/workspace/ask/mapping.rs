//! The mapping that an `[entity.*]` of `foldback.toml` means.
//!
//! Promises: what is named goes before what the preset says; what neither says is left to detection.
//! Does not know: which topics there are.

use crate::entity::{Mapping, Preset, Selector, SelectorError};
use crate::workspace::config::EntityConfig;

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
    use crate::workspace::config::Selectors;

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
