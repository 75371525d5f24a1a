//! Properties by their librdkafka names: files as kcat reads them, and which values are taken.
//!
//! Promises: a value that librdkafka does not take is refused before any connection is tried, and
//! so is one that it would run as a command.
//!
//! Does not know: Java's names (`java`), which properties are taken (`allow_list`).

use std::path::Path;

use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaConfRes;

use super::allow_list::{Treatment, treatment};
use super::error::{Place, SettingsError, Wrong};
use super::{Ignored, Settings};

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

/// Whether the library knows a property of this name.
#[cfg(test)]
pub(crate) fn is_known(property: &str) -> bool {
    !matches!(check(property, ""), Err(Wrong::UnknownProperty(_)))
}

/// Asks librdkafka whether it knows the property and takes the value, after those values that it
/// takes and should not.
pub(crate) fn check(property: &str, value: &str) -> Result<(), Wrong> {
    let refuse = |reason: String| Err(Wrong::BadValue { property: property.to_owned(), reason });
    if value.contains('\0') {
        return refuse("it holds a NUL character".to_owned());
    }
    if let Some(reason) = reason_to_refuse(property, value) {
        return refuse(reason.to_owned());
    }
    match ClientConfig::new().set(property, value).create_native_config() {
        Ok(_) => {}
        Err(KafkaError::ClientConfig(RDKafkaConfRes::RD_KAFKA_CONF_UNKNOWN, ..)) => {
            return Err(Wrong::UnknownProperty(property.to_owned()));
        }
        // The library's words may repeat the value.
        Err(_) if is_secret(property) => return refuse("the Kafka library refuses it".to_owned()),
        Err(KafkaError::ClientConfig(_, reason, ..)) => return refuse(reason),
        Err(other) => return refuse(other.to_string()),
    }
    let names_mechanism = property == "sasl.mechanism" || property == "sasl.mechanisms";
    if names_mechanism && value == "GSSAPI" && !cfg!(feature = "gssapi") {
        return Err(Wrong::NoKerberos);
    }
    Ok(())
}

/// Why a value is refused that the library would take.
fn reason_to_refuse(property: &str, value: &str) -> Option<&'static str> {
    // These become part of a command that the library runs in a shell to renew a Kerberos ticket.
    let is_plain = |c: char| c.is_alphanumeric() || "._-/@:\\ ".contains(c);
    match property {
        "sasl.kerberos.keytab" if value.contains(|c| !is_plain(c)) => {
            Some("a path may hold letters, digits, blanks and . _ - / @ : here")
        }
        "sasl.kerberos.principal" | "sasl.kerberos.service.name"
            if value.contains(|c| !is_plain(c) || c == ' ' || c == '\\') =>
        {
            Some("a name of Kerberos may hold letters, digits and . _ - / @ : here")
        }
        "sasl.oauthbearer.token.endpoint.url"
            if !value.starts_with("https://") && !value.starts_with("http://") =>
        {
            Some("expected https://…")
        }
        _ => None,
    }
}

/// Reads a file of `property=value` lines; `#` starts a comment, and `-X` may stand before a
/// property, as on kcat's command line.
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

/// Takes one property of a file over. Files of applications are full of properties that a reader
/// has no use for; a name that nobody knows is a slip where it would change the login.
fn take(settings: &mut Settings, property: &str, value: &str, place: &Place) -> Result<(), Wrong> {
    let reason = match treatment(property) {
        Treatment::Ignored(_) => Some(Ignored::OF_OTHERS),
        Treatment::Unknown if names_brokers(property) => None,
        Treatment::Unknown if !is_about_login(property) => Some(Ignored::UNKNOWN),
        Treatment::Unknown | Treatment::Taken | Treatment::Refused(_) => None,
    };
    if let Some(reason) = reason {
        let place = Some(place.clone());
        settings.ignored.push(Ignored { property: property.to_owned(), place, reason });
        return Ok(());
    }
    match property {
        "ssl.keystore.location" => {
            settings.take(property, &super::store::key_store(value, &place.file)?)
        }
        _ => settings.take(property, value),
    }
}

/// Whether a property of such a name is about encryption or login.
fn is_about_login(property: &str) -> bool {
    ["security.", "sasl.", "ssl.", "ssl_", "bootstrap."]
        .iter()
        .any(|start| property.starts_with(start))
}
