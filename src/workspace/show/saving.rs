//! What the window saves into a file.
//!
//! Promises: what is saved is what is open and shown, whole.
//! Does not know: files.

use std::sync::Arc;

use crate::config::EntityKey;

/// What is saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SaveOf {
    /// Every event of an open entity, with what it changed.
    History(EntityKey),
    /// The state of an open entity after every event.
    States(EntityKey),
    /// The state of an open entity at the clock.
    State(EntityKey),
    /// What differs between the states that are compared; else what the event at the clock changed.
    Diff(EntityKey),
    /// The records of an open topic that match its filter, all that were read.
    Records(Arc<str>),
}

impl SaveOf {
    /// What it is, in a word or two.
    pub fn name(&self) -> &'static str {
        match self {
            Self::History(_) => "history",
            Self::States(_) => "states",
            Self::State(_) => "state",
            Self::Diff(_) => "diff",
            Self::Records(_) => "records",
        }
    }

    /// Of what: the entity's id or the topic's name.
    pub fn of(&self) -> String {
        match self {
            Self::History(key) | Self::States(key) | Self::State(key) | Self::Diff(key) => {
                key.entity.to_string()
            }
            Self::Records(topic) => topic.to_string(),
        }
    }

    /// A name for its file, without an ending: what no system accepts in a name is left out.
    pub fn file_name(&self) -> String {
        const CHARS_MAX: usize = 80;
        let kept = |character: char| {
            let plain = character.is_alphanumeric() || matches!(character, '-' | '_' | '.');
            if plain { character } else { '-' }
        };
        let name: String = self.of().chars().take(CHARS_MAX).map(kept).collect();
        format!("{}-{}", name.trim_matches(['-', '.']), self.name()).trim_start_matches('-').into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_after_what_it_has_without_what_no_system_accepts() {
        let records = |topic: &str| SaveOf::Records(topic.into()).file_name();
        assert_eq!(records("shop.orders_v1"), "shop.orders_v1-records");
        assert_eq!(records("../a/b:c"), "a-b-c-records");
        assert_eq!(records(""), "records");
    }
}
