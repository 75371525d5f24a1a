//! Properties by their librdkafka names: files as kcat reads them, and which properties are not taken over.
//!
//! Promises: a property that would make a reader join a group, commit, produce, or load foreign code is never taken
//! over. A name or value that librdkafka does not know is refused before any connection is tried.
//!
//! Does not know: Java's names (`java`).

use std::path::Path;

use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaConfRes;

use super::error::{Place, SettingsError, Wrong};
use super::{Ignored, Settings};

/// Properties that are not taken, with the reason; a name that ends in `.` means all that start so.
const REFUSED: [(&str, &str); 17] = [
    ("group.", "Foldback joins no group"),
    ("session.timeout.ms", "Foldback joins no group"),
    ("heartbeat.interval.ms", "Foldback joins no group"),
    ("max.poll.interval.ms", "Foldback joins no group"),
    ("coordinator.query.interval.ms", "Foldback joins no group"),
    ("partition.assignment.strategy", "Foldback joins no group"),
    ("enable.auto.commit", "Foldback commits no offsets"),
    ("auto.commit.", "Foldback commits no offsets"),
    ("enable.auto.offset.store", "Foldback commits no offsets"),
    ("offset.store.", "Foldback commits no offsets"),
    ("auto.offset.reset", "a reader says itself where it starts"),
    ("enable.partition.eof", "a reader must see the end of a partition"),
    ("isolation.level", "use --isolation committed or --isolation uncommitted"),
    ("allow.auto.create.topics", "Foldback creates no topics"),
    ("transactional.id", "Foldback writes nothing"),
    ("plugin.library.paths", "Foldback loads no foreign code"),
    ("interceptors", "Foldback loads no foreign code"),
];

/// Properties of producers: they mean nothing to a reader and are dropped without a word.
const OF_PRODUCERS: [&str; 32] = [
    "acks",
    "batch.num.messages",
    "batch.size",
    "compression.codec",
    "compression.level",
    "compression.type",
    "delivery.report.only.error",
    "delivery.timeout.ms",
    "dr_cb",
    "dr_msg_cb",
    "enable.gapless.guarantee",
    "enable.idempotence",
    "linger.ms",
    "max.in.flight",
    "max.in.flight.requests.per.connection",
    "message.max.bytes",
    "message.send.max.retries",
    "message.timeout.ms",
    "msg_order_cmp",
    "partitioner",
    "produce.offset.report",
    "queue.buffering.backpressure.threshold",
    "queue.buffering.max.kbytes",
    "queue.buffering.max.messages",
    "queue.buffering.max.ms",
    "queuing.strategy",
    "request.required.acks",
    "request.timeout.ms",
    "retries",
    "sticky.partitioning.linger.ms",
    "transaction.timeout.ms",
    "enable.metrics.push",
];

/// Names by which a file shows that it is librdkafka's and not Java's.
const OF_LIBRDKAFKA_ALONE: [&str; 14] = [
    "metadata.broker.list",
    "sasl.username",
    "sasl.password",
    "sasl.mechanisms",
    "sasl.oauthbearer.method",
    "sasl.oauthbearer.config",
    "ssl.ca.location",
    "ssl.ca.pem",
    "ssl.certificate.location",
    "ssl.certificate.pem",
    "ssl.key.location",
    "ssl.key.pem",
    "enable.ssl.certificate.verification",
    "broker.address.family",
];

/// Whether the property holds the bootstrap addresses.
pub(crate) fn names_brokers(property: &str) -> bool {
    property == "bootstrap.servers" || property == "metadata.broker.list"
}

/// Why a property is not taken over, when it is not.
pub(crate) fn reason_to_refuse(property: &str) -> Option<&'static str> {
    let property = property.strip_prefix("topic.").unwrap_or(property);
    let is_named =
        |name: &str| property == name || (name.ends_with('.') && property.starts_with(name));
    REFUSED.iter().find(|(name, _)| is_named(name)).map(|(_, reason)| *reason)
}

/// Whether a property's value is a secret.
pub(crate) fn is_secret(property: &str) -> bool {
    ["password", "secret", "passphrase", "key.pem", "ssl_key", "oauthbearer.config", "jaas.config"]
        .iter()
        .any(|part| property.contains(part))
}

/// Whether the name is used by librdkafka and not by Java clients.
pub(crate) fn is_librdkafka_alone(property: &str) -> bool {
    OF_LIBRDKAFKA_ALONE.contains(&property)
}

/// Asks librdkafka whether it knows the property and takes the value.
pub(crate) fn check(property: &str, value: &str) -> Result<(), Wrong> {
    match ClientConfig::new().set(property, value).create_native_config() {
        Ok(_) => {}
        Err(KafkaError::ClientConfig(RDKafkaConfRes::RD_KAFKA_CONF_UNKNOWN, ..)) => {
            return Err(Wrong::UnknownProperty(property.to_owned()));
        }
        Err(KafkaError::ClientConfig(_, reason, ..)) => {
            return Err(Wrong::BadValue { property: property.to_owned(), reason });
        }
        Err(other) => {
            return Err(Wrong::BadValue {
                property: property.to_owned(),
                reason: other.to_string(),
            });
        }
    }
    let names_mechanism = property == "sasl.mechanism" || property == "sasl.mechanisms";
    if names_mechanism && value == "GSSAPI" && !cfg!(feature = "gssapi") {
        return Err(Wrong::NoKerberos);
    }
    Ok(())
}

/// Reads a file of `property=value` lines; `#` starts a comment, and `-X` may stand before a property, as on kcat's
/// command line.
pub(crate) fn read(path: &Path, bytes: &[u8]) -> Result<Settings, SettingsError> {
    let at = |line| Place { file: path.to_owned(), line };
    let refuse = |line, wrong| SettingsError::Wrong { place: Some(at(line)), wrong };
    let text = std::str::from_utf8(bytes)
        .map_err(|error| refuse(0, Wrong::NotProperties(error.to_string())))?;
    let mut settings = Settings::default();
    for (line, number) in text.lines().zip(1..) {
        let Some((property, value)) = assignment(line).map_err(|wrong| refuse(number, wrong))?
        else {
            continue;
        };
        take(&mut settings, property, value, &at(number)).map_err(|wrong| refuse(number, wrong))?;
    }
    Ok(settings)
}

/// The property and the value of a line; `None` for blank lines and comments.
fn assignment(line: &str) -> Result<Option<(&str, &str)>, Wrong> {
    let line = line.trim();
    let line = line.strip_prefix("-X").map_or(line, str::trim_start);
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    match line.split_once('=') {
        Some((property, value)) if !property.trim().is_empty() => {
            Ok(Some((property.trim(), value.trim())))
        }
        // Only the first word: a line that is no assignment may still hold a secret.
        _ => {
            let word = line.split_whitespace().next().unwrap_or_default();
            Err(Wrong::NotAnAssignment(word.to_owned()))
        }
    }
}

/// Takes one property of a file over.
fn take(settings: &mut Settings, property: &str, value: &str, place: &Place) -> Result<(), Wrong> {
    if OF_PRODUCERS.contains(&property) {
        return Ok(());
    }
    let value = match property {
        "ssl.keystore.location" => super::store::key_store(value, &place.file)?,
        _ => value.to_owned(),
    };
    let known: Vec<Ignored> = std::mem::take(&mut settings.ignored);
    let taken = settings.take(property, &value);
    // Files of applications are full of properties for groups: no word about those, only about foreign code.
    settings.ignored.retain(|ignored| ignored.reason.ends_with("foreign code"));
    for ignored in &mut settings.ignored {
        ignored.place = Some(place.clone());
    }
    settings.ignored.splice(0..0, known);
    taken
}
