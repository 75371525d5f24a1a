//! The properties of Spring for Apache Kafka, `spring.kafka.*`, translated to Java's names.
//!
//! Promises: what is translated means what it means to Spring; the others are left for the list of
//! what is ignored.
//! Does not know: profiles, placeholders, class paths: those are Spring's.

use std::collections::BTreeMap;

use super::error::{Translated, Wrong};

/// What the names begin with.
pub(super) const PREFIX: &str = "spring.kafka.";

/// Names after the prefix, with Java's name for each.
const NAMES: [(&str, &str); 15] = [
    ("bootstrap-servers", "bootstrap.servers"),
    ("client-id", "client.id"),
    ("consumer.bootstrap-servers", "bootstrap.servers"),
    ("consumer.client-id", "client.id"),
    ("security.protocol", "security.protocol"),
    ("ssl.key-password", "ssl.key.password"),
    ("ssl.key-store-certificate-chain", "ssl.keystore.certificate.chain"),
    ("ssl.key-store-key", "ssl.keystore.key"),
    ("ssl.key-store-location", "ssl.keystore.location"),
    ("ssl.key-store-password", "ssl.keystore.password"),
    ("ssl.key-store-type", "ssl.keystore.type"),
    ("ssl.trust-store-certificates", "ssl.truststore.certificates"),
    ("ssl.trust-store-location", "ssl.truststore.location"),
    ("ssl.trust-store-password", "ssl.truststore.password"),
    ("ssl.trust-store-type", "ssl.truststore.type"),
];

/// Replaces Spring's names by Java's. Those of consumers win over those of all clients, as in
/// Spring.
pub(super) fn translate(given: &mut BTreeMap<String, (usize, String)>) -> Translated {
    let java_name = |name: &String| Some((name.clone(), java_name(name.strip_prefix(PREFIX)?)?));
    let mut found: Vec<(String, String)> = given.keys().filter_map(java_name).collect();
    found.sort_by_key(|(name, _)| name.starts_with("spring.kafka.consumer."));
    for (name, java) in found {
        let Some((line, value)) = given.remove(&name) else { continue };
        let value = value.strip_prefix("file:").map_or(value.clone(), str::to_owned);
        if value.contains("${") || value.starts_with("classpath:") {
            return Err((line, Wrong::OfSpring(name)));
        }
        given.insert(java, (line, value));
    }
    Ok(())
}

/// Java's name for a name of Spring without its prefix.
fn java_name(rest: &str) -> Option<String> {
    let free =
        rest.strip_prefix("properties.").or_else(|| rest.strip_prefix("consumer.properties."));
    let known = || NAMES.iter().find(|(name, _)| *name == rest).map(|(_, java)| *java);
    free.or_else(known).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_spring_become_names_of_java() {
        let mut given: BTreeMap<String, (usize, String)> = [
            ("spring.kafka.bootstrap-servers", "a:1"),
            ("spring.kafka.consumer.bootstrap-servers", "b:2"),
            ("spring.kafka.properties.sasl.mechanism", "PLAIN"),
            ("spring.kafka.ssl.trust-store-location", "file:/ca.pem"),
            ("spring.kafka.listener.type", "batch"),
        ]
        .map(|(name, value)| (name.to_owned(), (1, value.to_owned())))
        .into();
        translate(&mut given).unwrap();
        let words: Vec<String> =
            given.iter().map(|(name, (_, value))| format!("{name}={value}")).collect();
        assert_eq!(
            words,
            [
                "bootstrap.servers=b:2",
                "sasl.mechanism=PLAIN",
                "spring.kafka.listener.type=batch",
                "ssl.truststore.location=/ca.pem",
            ]
        );
        for value in ["${KAFKA}", "classpath:ca.pem"] {
            let name = "spring.kafka.ssl.trust-store-location".to_owned();
            let mut given = BTreeMap::from([(name.clone(), (7, value.to_owned()))]);
            assert_eq!(translate(&mut given), Err((7, Wrong::OfSpring(name))));
        }
    }
}
