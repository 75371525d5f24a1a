//! What the client library's words mean, and what to try.
//!
//! librdkafka tells the reason of a connection that fails only as text. The pieces looked for here
//! are those of version 2.12 and of the OpenSSL 3 built into it; words that are not known are shown
//! as they are, with general advice.
//!
//! Promises: every diagnosis has a remedy.
//! Does not know: how the words came about.

use super::probe::PortSpeaks;
use crate::kafka::error::{ADVERTISED_HINT, KafkaError};
use crate::kafka::settings::Settings;

/// What is wrong and what to try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Diagnosis {
    /// What is wrong.
    pub(crate) detail: String,
    /// What to try.
    pub(crate) remedy: String,
}

/// Pieces of a text about a failed encryption, in lower case, with what to try. The first that
/// occurs counts.
const ENCRYPTION: [(&str, &str); 12] = [
    (
        "connecting to a plaintext broker",
        "the port does not speak TLS: use security.protocol=plaintext or sasl_plaintext, or another port",
    ),
    (
        "client ssl authentication might be required",
        "the broker wants a certificate of the client: set ssl.certificate.location and ssl.key.location",
    ),
    (
        "certificate required",
        "the broker wants a certificate of the client: set ssl.certificate.location and ssl.key.location",
    ),
    (
        "alert bad certificate",
        "the broker wants a certificate of the client, or another one: see ssl.certificate.location and ssl.key.location",
    ),
    (
        "alert unknown ca",
        "the broker does not know who signed the client's certificate: use one that its trust store covers",
    ),
    (
        "hostname mismatch",
        "connect by a name that is in the broker's certificate; for a test cluster: ssl.endpoint.identification.algorithm=none",
    ),
    (
        "ip address mismatch",
        "connect by a name that is in the broker's certificate; for a test cluster: ssl.endpoint.identification.algorithm=none",
    ),
    (
        "certificate has expired",
        "the broker's certificate has expired; its owner must renew it (is this machine's clock right?)",
    ),
    (
        "certificate verify failed",
        "name the authority that signed the broker's certificate: ssl.ca.location=ca.pem",
    ),
    (
        "wrong version number",
        "the port does not speak TLS: use security.protocol=plaintext or sasl_plaintext, or another port",
    ),
    (
        "packet length too long",
        "the port does not speak TLS: use security.protocol=plaintext or sasl_plaintext, or another port",
    ),
    (
        "no shared cipher",
        "client and broker have no cipher in common: see ssl.cipher.suites on both sides",
    ),
];

/// Pieces of a text about a failed login, in lower case, with what to try. The first that occurs
/// counts.
const LOGIN: [(&str, &str); 5] = [
    (
        "supported mechanisms",
        "set sasl.mechanism to one that the broker supports; the message lists them",
    ),
    ("invalid username or password", "check sasl.username and sasl.password"),
    (
        "invalid credentials",
        "check sasl.username and sasl.password, and that the user exists for this SCRAM mechanism",
    ),
    (
        "unsupported mechanism",
        "set sasl.mechanism to one that the broker supports: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER",
    ),
    (
        "token",
        "check sasl.oauthbearer.token.endpoint.url, client id and secret; the token's issuer must be known to the broker",
    ),
];

/// What an encryption that failed with these words means.
pub(crate) fn of_encryption(words: &str) -> Diagnosis {
    diagnosis(
        words,
        &ENCRYPTION,
        "check ssl.ca.location, and that the port speaks TLS (security.protocol)",
    )
}

/// What a login that failed with these words means.
pub(crate) fn of_login(words: &str) -> Diagnosis {
    diagnosis(words, &LOGIN, "check sasl.mechanism, sasl.username and sasl.password")
}

/// The first remedy whose piece occurs in the words, or the general one.
fn diagnosis(words: &str, known: &[(&str, &str)], otherwise: &str) -> Diagnosis {
    let lower = words.to_lowercase();
    let found = known.iter().find(|(piece, _)| lower.contains(piece));
    let remedy = found.map_or(otherwise, |(_, remedy)| remedy);
    Diagnosis { detail: words.to_owned(), remedy: remedy.to_owned() }
}

/// What is wrong when the port speaks another language than the settings; `None` when it does not.
pub(crate) fn of_protocol(port: PortSpeaks, settings: &Settings) -> Option<Diagnosis> {
    let sasl = settings.uses_sasl();
    let (detail, protocol) = match (port, settings.uses_tls()) {
        (PortSpeaks::Tls, false) => (
            "the port expects TLS, but the settings say plain text",
            if sasl { "sasl_ssl" } else { "ssl" },
        ),
        (PortSpeaks::Kafka { .. }, true) => (
            "the port does not speak TLS, but the settings ask for it",
            if sasl { "sasl_plaintext" } else { "plaintext" },
        ),
        (PortSpeaks::Neither, _) => {
            return Some(Diagnosis {
                detail: "the port is open, but answers neither in Kafka's protocol nor in TLS"
                    .to_owned(),
                remedy: "check the port: is it a Kafka broker?".to_owned(),
            });
        }
        _ => return None,
    };
    let remedy = format!("set security.protocol={protocol}, or use another port");
    Some(Diagnosis { detail: detail.to_owned(), remedy })
}

/// What is wrong when the port wants a login and the settings have none, or the other way round;
/// `None` when they fit. A port that speaks TLS does not tell, but a connection without a login
/// that ended there most likely lacked one.
pub(crate) fn of_login_at(port: PortSpeaks, settings: &Settings) -> Option<Diagnosis> {
    let tls = settings.uses_tls();
    let (detail, remedy) = match (port, settings.uses_sasl()) {
        (PortSpeaks::Kafka { wants_login: true } | PortSpeaks::Tls, false) => {
            let protocol = if tls { "sasl_ssl" } else { "sasl_plaintext" };
            (
                "the broker ends the connection before the first answer: it seems to want a login, and the settings have none",
                format!(
                    "set security.protocol={protocol}, sasl.mechanism, sasl.username and sasl.password"
                ),
            )
        }
        (PortSpeaks::Kafka { wants_login: false }, true) => (
            "the port takes no login, but the settings have one",
            "set security.protocol=plaintext, or use another port".to_owned(),
        ),
        _ => return None,
    };
    Some(Diagnosis { detail: detail.to_owned(), remedy })
}

/// What is wrong when a port takes a connection and no handshake comes about.
pub(crate) fn of_no_handshake(words: &str) -> Diagnosis {
    Diagnosis {
        detail: format!("no TLS handshake came about: {words}"),
        remedy: "check that the port speaks TLS (security.protocol) and that nothing between holds it up"
            .to_owned(),
    }
}

/// Whether these words are of OpenSSL.
pub(crate) fn is_of_encryption(words: &str) -> bool {
    let lower = words.to_lowercase();
    lower.contains("ssl routines") || lower.contains("ssl handshake")
}

/// What is wrong with a broker that is not where it says it is.
pub(crate) fn of_advertised(words: &str) -> Diagnosis {
    Diagnosis {
        detail: format!("a broker is not where it says it is: {words}"),
        remedy: ADVERTISED_HINT.to_owned(),
    }
}

/// What is wrong when a connection stands and no metadata come.
pub(crate) fn of_metadata(words: &str) -> Diagnosis {
    Diagnosis {
        detail: words.to_owned(),
        remedy: "the broker took the connection and did not answer: see its log, and try again"
            .to_owned(),
    }
}

/// What a question means that was refused or not answered.
pub(crate) fn of_question(error: &KafkaError) -> Diagnosis {
    let remedy = error.hint().unwrap_or("see the broker's log, and try again");
    Diagnosis { detail: error.to_string(), remedy: remedy.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_librarys_words_lead_to_the_right_advice() {
        // Texts as librdkafka 2.12.1 gave them against Apache Kafka 4.3.
        let encryption = [
            (
                "SSL handshake failed: error:0A000086:SSL routines::certificate verify failed: broker certificate could \
                 not be verified, verify that ssl.ca.location is correctly configured",
                "ssl.ca.location=ca.pem",
            ),
            (
                "SSL handshake failed: error:0A00010B:SSL routines::wrong version number: client SSL authentication \
                 might be required (see ssl.key.location and ssl.certificate.location)",
                "ssl.certificate.location",
            ),
            (
                "SSL handshake failed: error:0A00010B:SSL routines::wrong version number",
                "does not speak TLS",
            ),
            ("something new", "check ssl.ca.location"),
        ];
        for (words, expected) in encryption {
            let remedy = of_encryption(words).remedy;
            assert!(remedy.contains(expected), "{words}: {remedy}");
        }
        let login = [
            (
                "SASL authentication error: Authentication failed: Invalid username or password",
                "check sasl.username and sasl.password",
            ),
            (
                "SASL PLAIN mechanism handshake failed: Broker: Unsupported SASL mechanism: broker's supported mechanisms: \
                 SCRAM-SHA-512",
                "one that the broker supports",
            ),
            (
                "SASL authentication error: Authentication failed during authentication due to invalid credentials with \
                 SASL mechanism SCRAM-SHA-512",
                "SCRAM mechanism",
            ),
            ("something new", "check sasl.mechanism"),
        ];
        for (words, expected) in login {
            let remedy = of_login(words).remedy;
            assert!(remedy.contains(expected), "{words}: {remedy}");
        }
    }

    /// A plain port that wants no login.
    const PLAIN: PortSpeaks = PortSpeaks::Kafka { wants_login: false };

    #[test]
    fn a_port_that_treats_logins_another_way_is_told() {
        let cases = [
            (
                PortSpeaks::Kafka { wants_login: true },
                "plaintext",
                Some("security.protocol=sasl_plaintext,"),
            ),
            (PortSpeaks::Tls, "ssl", Some("security.protocol=sasl_ssl,")),
            (PLAIN, "sasl_plaintext", Some("security.protocol=plaintext,")),
            (PLAIN, "plaintext", None),
            (PortSpeaks::Kafka { wants_login: true }, "sasl_plaintext", None),
            (PortSpeaks::Tls, "sasl_ssl", None),
        ];
        for (port, protocol, expected) in cases {
            let mut settings = Settings::from_brokers("k").unwrap();
            settings.set_property("security.protocol", protocol).unwrap();
            let remedy = of_login_at(port, &settings).map(|diagnosis| diagnosis.remedy);
            let fits = match (&remedy, expected) {
                (Some(remedy), Some(piece)) => remedy.contains(piece),
                (None, None) => true,
                _ => false,
            };
            assert!(fits, "{port:?} {protocol}: {remedy:?}");
        }
    }

    #[test]
    fn a_port_of_another_protocol_is_told_with_the_one_to_use() {
        let cases = [
            (PortSpeaks::Tls, "plaintext", Some("security.protocol=ssl,")),
            (PortSpeaks::Tls, "sasl_plaintext", Some("security.protocol=sasl_ssl,")),
            (PLAIN, "ssl", Some("security.protocol=plaintext,")),
            (PLAIN, "SASL_SSL", Some("security.protocol=sasl_plaintext,")),
            (PortSpeaks::Neither, "ssl", Some("is it a Kafka broker?")),
            (PLAIN, "plaintext", None),
            (PortSpeaks::Tls, "ssl", None),
        ];
        for (port, protocol, expected) in cases {
            let mut settings = Settings::from_brokers("k").unwrap();
            settings.set_property("security.protocol", protocol).unwrap();
            let remedy = of_protocol(port, &settings).map(|diagnosis| diagnosis.remedy);
            let fits = match (&remedy, expected) {
                (Some(remedy), Some(piece)) => remedy.contains(piece),
                (None, None) => true,
                _ => false,
            };
            assert!(fits, "{port:?} {protocol}: {remedy:?}");
        }
    }
}
