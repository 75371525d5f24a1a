//! Conventions of frameworks: where each of them puts the type, version, time and causes of an event.
//!
//! Promises: a preset names places only; what is not there is simply not found.
//! Does not know: which convention a topic follows (`detect`).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Mapping, Selector};

/// A convention for the metadata of events.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
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

    /// The mapping this convention means. The entity is the key's in all of them.
    pub fn mapping(self) -> Mapping {
        Mapping {
            preset: self,
            id: Selector::Key,
            event_type: self.places(Field::Type),
            version: self.places(Field::Version),
            time: self.places(Field::Time),
            correlation: self.places(Field::Correlation),
            causation: self.places(Field::Causation),
            actor: self.places(Field::Actor),
            schema: self.places(Field::Schema),
        }
    }

    /// Where this convention puts a field, most usual first.
    fn places(self, field: Field) -> Vec<Selector> {
        let texts: &[&str] = match self {
            Self::None => &[],
            Self::CloudEvents => cloudevents(field),
            Self::Debezium => debezium(field),
            Self::Axon4 | Self::Axon5 => axon(field, self),
            Self::MassTransit => mass_transit(field),
            Self::NServiceBus => n_service_bus(field),
            Self::Spring => spring(field),
            Self::KurrentDb => kurrent_db(field),
        };
        let places = texts.iter().map(|text| Selector::parse(text));
        places.collect::<Result<_, _>>().expect("the tables below hold selectors")
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

/// What a convention has a place for.
#[derive(Clone, Copy)]
enum Field {
    /// The event's type.
    Type,
    /// The entity's version.
    Version,
    /// When it happened.
    Time,
    /// The root of the chain.
    Correlation,
    /// The parent in the chain.
    Causation,
    /// Who did it.
    Actor,
    /// The value's schema.
    Schema,
}

/// Places of CloudEvents 1.0 and its documented extensions.
fn cloudevents(field: Field) -> &'static [&'static str] {
    match field {
        Field::Type => &["header:ce_type", "value:/type"],
        Field::Version => &["header:ce_sequence", "value:/sequence"],
        Field::Time => &["header:ce_time", "value:/time"],
        Field::Correlation => &["header:ce_correlationid", "value:/correlationid"],
        Field::Causation => &["header:ce_causationid", "value:/causationid"],
        Field::Actor => &["header:ce_authid", "value:/authid"],
        Field::Schema => &["header:ce_dataschema", "value:/dataschema"],
    }
}

/// Places of Debezium: change events first, then the outbox's headers.
fn debezium(field: Field) -> &'static [&'static str] {
    match field {
        Field::Type => &["value:/op", "value:/payload/op", "header:type", "header:eventType"],
        Field::Time => &["value:/source/ts_ms", "value:/payload/source/ts_ms"],
        _ => &[],
    }
}

/// Places of the Axon Kafka extension. Version and time are eight bytes there.
fn axon(field: Field, preset: Preset) -> &'static [&'static str] {
    match (field, preset) {
        (Field::Type, _) => &["header:axon-message-type"],
        (Field::Version, _) => &["header:axon-message-aggregate-seq"],
        (Field::Time, _) => &["header:axon-message-timestamp"],
        (Field::Correlation, Preset::Axon4) => &["header:axon-metadata-traceId"],
        (Field::Correlation, _) => &["header:axon-metadata-correlationId"],
        (Field::Causation, Preset::Axon4) => &["header:axon-metadata-correlationId"],
        (Field::Causation, _) => &["header:axon-metadata-causationId"],
        (Field::Actor, _) => &["header:axon-metadata-userId", "header:axon-metadata-user"],
        (Field::Schema, _) => &["header:axon-message-revision"],
    }
}

/// Places of MassTransit's envelope, or of its headers when the value is the bare message.
fn mass_transit(field: Field) -> &'static [&'static str] {
    match field {
        Field::Type => &["value:/messageType/0", "header:MT-MessageType", "header:messageType"],
        Field::Time => &["value:/sentTime", "header:SentTime"],
        Field::Correlation => &["value:/conversationId", "header:ConversationId"],
        Field::Causation => &["value:/initiatorId", "header:InitiatorId"],
        _ => &[],
    }
}

/// Places of NServiceBus.
fn n_service_bus(field: Field) -> &'static [&'static str] {
    match field {
        Field::Type => &["header:NServiceBus.EnclosedMessageTypes"],
        Field::Time => &["header:NServiceBus.TimeSent"],
        Field::Correlation => &["header:NServiceBus.ConversationId"],
        Field::Causation => &["header:NServiceBus.RelatedTo"],
        _ => &[],
    }
}

/// Places of Spring for Apache Kafka.
fn spring(field: Field) -> &'static [&'static str] {
    match field {
        Field::Type => &["header:__TypeId__"],
        Field::Correlation => &["header:kafka_correlationId", "header:correlationId"],
        _ => &[],
    }
}

/// Places of an event of KurrentDB with its metadata in headers or in the value.
fn kurrent_db(field: Field) -> &'static [&'static str] {
    match field {
        Field::Type => &["header:eventType", "value:/eventType"],
        Field::Version => &["header:stream_version", "value:/eventNumber", "value:/sequenceNumber"],
        Field::Time => &["value:/created"],
        Field::Correlation => &[
            "header:$correlationId",
            "value:/metadata/$correlationId",
            "value:/metaData/$correlationId",
        ],
        Field::Causation => {
            &["header:$causationId", "value:/metadata/$causationId", "value:/metaData/$causationId"]
        }
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_is_read_by_its_name_and_has_places_that_are_selectors() {
        for preset in Preset::ALL {
            assert_eq!(preset.as_str().parse(), Ok(preset));
            let mapping = preset.mapping();
            assert_eq!(mapping.event_type.is_empty(), preset == Preset::None);
        }
        assert_eq!(
            "axon".parse::<Preset>().unwrap_err().to_string(),
            "expected none, cloudevents, debezium, axon4, axon5, masstransit, nservicebus, spring or kurrentdb but got \"axon\""
        );
    }

    #[test]
    fn axon_swapped_the_meaning_of_its_correlation_id() {
        let places = |preset: Preset| {
            let mapping = preset.mapping();
            (mapping.correlation[0].to_string(), mapping.causation[0].to_string())
        };
        assert_eq!(places(Preset::Axon4).1, places(Preset::Axon5).0);
        assert_eq!(places(Preset::Axon4).0, "header:axon-metadata-traceId");
    }
}
