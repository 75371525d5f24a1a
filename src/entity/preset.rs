//! Conventions of frameworks for the metadata of events, by name.
//!
//! Promises: a name that is written is read back as the same convention.
//! Does not know: where a convention puts what (`preset_places`), which one a topic follows
//! (`detect`).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A convention for the metadata of events.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    /// None.
    #[default]
    None,
    /// CloudEvents, with the attributes in headers (binary mode) or in the value (structured mode).
    CloudEvents,
    /// Debezium change events with or without schema, or its outbox.
    Debezium,
    /// Axon Framework before 5: the root of a chain is `traceId`, the parent `correlationId`.
    Axon4,
    /// Axon Framework from 5 on: the root is `correlationId`, the parent `causationId`.
    Axon5,
    /// MassTransit. The root is the conversation; its `correlationId` is not.
    MassTransit,
    /// NServiceBus. The root is the conversation here too.
    NServiceBus,
    /// Spring for Apache Kafka.
    Spring,
    /// KurrentDB, formerly `EventStoreDB`.
    KurrentDb,
}

/// Why a text names no preset.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected none, cloudevents, debezium, axon4, axon5, masstransit, nservicebus, spring or kurrentdb but got {text:?}"
)]
pub struct PresetError {
    /// The text that was refused.
    pub text: String,
}

impl Preset {
    /// All presets.
    pub const ALL: [Self; 9] = [
        Self::None,
        Self::CloudEvents,
        Self::Debezium,
        Self::Axon4,
        Self::Axon5,
        Self::MassTransit,
        Self::NServiceBus,
        Self::Spring,
        Self::KurrentDb,
    ];

    /// The name `foldback.toml` uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::CloudEvents => "cloudevents",
            Self::Debezium => "debezium",
            Self::Axon4 => "axon4",
            Self::Axon5 => "axon5",
            Self::MassTransit => "masstransit",
            Self::NServiceBus => "nservicebus",
            Self::Spring => "spring",
            Self::KurrentDb => "kurrentdb",
        }
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Preset {
    type Err = PresetError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let preset = Self::ALL.into_iter().find(|preset| preset.as_str() == text);
        preset.ok_or_else(|| PresetError { text: text.to_owned() })
    }
}
