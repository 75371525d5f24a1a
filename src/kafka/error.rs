//! Why something asked of a cluster failed, and what a person can do about it.
//!
//! Promises: every failure names what was asked for; a cause that librdkafka only logs is part of
//! the error.
//! Does not know: how errors are shown.

use std::fmt;

use rdkafka::types::RDKafkaErrorCode as Code;

use crate::model::{TopicNameFault, TopicPartition};

/// Why something asked of a cluster failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KafkaError {
    /// No broker answers at these addresses.
    #[error("cannot reach {brokers}{}", Why(brokers, detail))]
    Unreachable {
        /// The bootstrap brokers.
        brokers: String,
        /// What the client library noted last.
        detail: Detail,
    },
    /// The brokers do not accept who is asking.
    #[error("{brokers} refused the login{detail}")]
    Authentication {
        /// The bootstrap brokers.
        brokers: String,
        /// What the client library noted last.
        detail: Detail,
    },
    /// The encrypted connection could not be set up.
    #[error("no encrypted connection to {brokers}{detail}")]
    Encryption {
        /// The bootstrap brokers.
        brokers: String,
        /// What the client library noted last.
        detail: Detail,
    },
    /// The cluster answers, but not this question to this user.
    #[error("not permitted: {asked}")]
    NotPermitted {
        /// What was asked for.
        asked: String,
    },
    /// No topic can have this name.
    #[error(transparent)]
    TopicName(#[from] TopicNameFault),
    /// A name holds a NUL character, which ends a text in the library.
    #[error("the name of a {what} holds a NUL character")]
    NulInName {
        /// What has the name.
        what: &'static str,
    },
    /// There is no such topic.
    #[error("unknown topic `{topic}`")]
    UnknownTopic {
        /// Its name.
        topic: String,
    },
    /// The topic has no such partition.
    #[error("topic `{}` has no partition {}", .partition.topic, .partition.partition)]
    UnknownPartition {
        /// Which one.
        partition: TopicPartition,
    },
    /// The partitions exist, and no broker can answer for any of them: they have no leader.
    #[error("no leader for {}", Listed(.partitions))]
    NoLeader {
        /// Which ones.
        partitions: Vec<TopicPartition>,
    },
    /// There is no such consumer group.
    #[error("unknown group `{group}`")]
    UnknownGroup {
        /// Its name.
        group: String,
    },
    /// No answer came in time, although the cluster was there before.
    #[error("no answer in time: {asked}{detail}")]
    TimedOut {
        /// What was asked for.
        asked: String,
        /// What the client library noted last.
        detail: Detail,
    },
    /// The log ends before a place that had been read already: it was cut back, or the topic was
    /// created anew.
    #[error(
        "{partition} was cut back or created anew: offset {position} comes next, but the log ends at {end}"
    )]
    Truncated {
        /// Which one.
        partition: TopicPartition,
        /// The offset to go on from.
        position: i64,
        /// The end of the log.
        end: i64,
    },
    /// The topic was deleted and created again: its offsets mean other records now.
    #[error("topic `{topic}` was deleted and created again while it was read")]
    TopicRecreated {
        /// Its name.
        topic: String,
    },
    /// The topic was deleted while it was read.
    #[error("topic `{topic}` was deleted while it was read")]
    TopicDeleted {
        /// Its name.
        topic: String,
    },
    /// The client library does not accept a setting.
    #[error("a connection setting is not accepted: {reason}")]
    Setting {
        /// The library's words, which name the setting.
        reason: String,
    },
    /// It was called off.
    #[error("cancelled: {asked}")]
    Cancelled {
        /// What was asked for.
        asked: String,
    },
    /// Anything else, in the client library's words.
    #[error("{asked}: {reason}")]
    Other {
        /// What was asked for.
        asked: String,
        /// The library's words.
        reason: String,
    },
}

/// How many partitions are named before the rest is counted.
const NAMED_PARTITIONS: usize = 5;

/// Partitions in a sentence: the first few by name, the rest by number.
struct Listed<'a>(&'a [TopicPartition]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, partition) in self.0.iter().take(NAMED_PARTITIONS).enumerate() {
            let comma = if number == 0 { "" } else { ", " };
            write!(f, "{comma}{partition}")?;
        }
        match self.0.len().saturating_sub(NAMED_PARTITIONS) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

/// What the client library noted last, if anything. Shown after a colon.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Detail(pub Option<String>);

impl fmt::Display for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |text| write!(f, ": {text}"))
    }
}

/// Why these brokers cannot be reached, as people say it: without the library's names for places
/// and protocols, and without an address that the sentence names already. Shown after a colon.
struct Why<'a>(&'a str, &'a Detail);

impl fmt::Display for Why<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(brokers, detail) = self;
        let Some(words) = &detail.0 else { return Ok(()) };
        // `sasl_ssl://host:port/bootstrap: Connect to ipv4#host:port failed: Connection refused`
        let told = words.split_once(": ").and_then(|(place, rest)| {
            let (address, broker) = place.rsplit_once('/')?;
            let address = address.split_once("://").map_or(address, |(_, address)| address);
            Some((address, broker, rest))
        });
        let Some((address, broker, rest)) = told else {
            return write!(f, ": {}", without_origin(words));
        };
        if broker != "bootstrap" {
            write!(f, ": broker {broker} at {address}")?;
        } else if address != *brokers {
            write!(f, ": {address}")?;
        }
        let known = ["Connect to ", "Failed to resolve "]
            .iter()
            .find_map(|start| rest.strip_prefix(start)?.split_once(": "))
            .map(|(_, reason)| reason);
        match known {
            Some(reason) => write!(f, ": {}", reason.to_lowercase()),
            None => write!(f, ": {}", without_origin(rest)),
        }
    }
}

/// What the library says without the side it says it from, to stand after a colon.
fn without_origin(words: &str) -> String {
    let words =
        ["Local: ", "Broker: "].iter().find_map(|side| words.strip_prefix(side)).unwrap_or(words);
    let mut characters = words.chars();
    let first = characters.next().into_iter().flat_map(char::to_lowercase);
    first.chain(characters).collect()
}

/// The kinds that callers treat differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KafkaErrorKind {
    /// The cluster cannot be reached, or does not let this user in, or not to this.
    NoAccess,
    /// What was named does not exist.
    Unknown,
    /// A setting is wrong.
    Setting,
    /// It was called off.
    Cancelled,
    /// The cluster answered with a failure.
    Failure,
}

impl KafkaError {
    /// Which kind it is.
    pub fn kind(&self) -> KafkaErrorKind {
        match self {
            Self::Unreachable { .. }
            | Self::Authentication { .. }
            | Self::Encryption { .. }
            | Self::NotPermitted { .. }
            | Self::NoLeader { .. }
            | Self::TimedOut { .. } => KafkaErrorKind::NoAccess,
            Self::UnknownTopic { .. }
            | Self::UnknownPartition { .. }
            | Self::UnknownGroup { .. } => KafkaErrorKind::Unknown,
            Self::Setting { .. } | Self::TopicName(_) | Self::NulInName { .. } => {
                KafkaErrorKind::Setting
            }
            Self::Cancelled { .. } => KafkaErrorKind::Cancelled,
            Self::Truncated { .. }
            | Self::TopicRecreated { .. }
            | Self::TopicDeleted { .. }
            | Self::Other { .. } => KafkaErrorKind::Failure,
        }
    }

    /// What the client library noted last.
    pub(crate) fn detail(&self) -> Option<&str> {
        match self {
            Self::Unreachable { detail, .. }
            | Self::Encryption { detail, .. }
            | Self::TimedOut { detail, .. } => detail.0.as_deref(),
            _ => None,
        }
    }

    /// What a person can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        if let Some(hint) = self.detail().and_then(hint_for_words) {
            return Some(hint);
        }
        Some(match self {
            Self::Unreachable { .. } => {
                "check host and port, that the brokers run, and whether the port expects TLS or SASL (`security.protocol`)"
            }
            Self::Authentication { .. } => {
                "check user, password and `sasl.mechanism`; `foldback doctor` goes through the steps one by one"
            }
            Self::Encryption { .. } => {
                "name the certificate authority with `ssl.ca.location`, and check that the port speaks TLS"
            }
            Self::NotPermitted { .. } => {
                "ask for READ and DESCRIBE on the topic, DESCRIBE on the group, DESCRIBE_CONFIGS for settings"
            }
            Self::UnknownTopic { .. } => "`foldback topics` lists the topics this user may see",
            Self::UnknownPartition { .. } => "partitions are numbered from 0",
            Self::NoLeader { .. } => {
                "the brokers that hold it are down, or a leader is being elected; `foldback topics TOPIC` shows the leaders"
            }
            Self::UnknownGroup { .. } => "`foldback groups` lists the groups this user may see",
            Self::TimedOut { .. } => {
                "the brokers may be overloaded or only partly reachable; try again"
            }
            Self::Truncated { .. } | Self::TopicRecreated { .. } => {
                "read the topic anew: what was read before belongs to a log that no longer exists"
            }
            Self::TopicDeleted { .. } => "what was read before the deletion is still shown",
            Self::Setting { .. } => "settings go by their librdkafka names",
            Self::TopicName(_)
            | Self::NulInName { .. }
            | Self::Cancelled { .. }
            | Self::Other { .. } => return None,
        })
    }
}

/// What to do about a broker that is not where it says it is.
pub(crate) const ADVERTISED_HINT: &str = "`advertised.listeners` of the broker must name an address that this machine reaches; behind \
     Docker or a tunnel it needs a listener for the outside";

/// What to do about a failure that the client library noted in these words, where they say it.
fn hint_for_words(words: &str) -> Option<&'static str> {
    if advertised_broker(words).is_some() {
        return Some(ADVERTISED_HINT);
    }
    let lower = words.to_lowercase();
    let speaks_tls = lower.contains("connecting to a ssl listener");
    let speaks_plain = ["plaintext broker", "wrong version number", "packet length too long"];
    if speaks_tls {
        Some(
            "the port seems to expect TLS: set security.protocol=ssl or sasl_ssl; `foldback doctor` tells",
        )
    } else if speaks_plain.iter().any(|piece| lower.contains(piece)) {
        Some(
            "the port does not speak TLS: set security.protocol=plaintext or sasl_plaintext, or use another port",
        )
    } else {
        None
    }
}

/// The broker that these words of the library are about, when it is named by its number:
/// `host:port/1: …`, where the library writes `/bootstrap` until a broker has answered with the
/// addresses that the brokers advertise.
pub(crate) fn advertised_broker(words: &str) -> Option<i32> {
    words.split('/').skip(1).find_map(|rest| {
        let (number, _) = rest.split_once(": ")?;
        number.parse().ok()
    })
}

/// Makes sure that a name can be handed to the library, in which a NUL character ends it.
///
/// # Errors
/// When it cannot.
pub(crate) fn check_name(what: &'static str, name: &str) -> Result<(), KafkaError> {
    if name.contains('\0') { Err(KafkaError::NulInName { what }) } else { Ok(()) }
}

/// What an error code says about why a connection fails; `None` when it is not about the
/// connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConnectionFault {
    /// No broker answers.
    Unreachable,
    /// The login was refused.
    Login,
    /// TLS could not be set up.
    Encryption,
}

impl ConnectionFault {
    /// The fault this code stands for.
    pub(crate) fn from_code(code: Code) -> Option<Self> {
        match code {
            Code::BrokerTransportFailure
            | Code::AllBrokersDown
            | Code::Resolve
            | Code::NetworkException
            | Code::OperationTimedOut
            | Code::RequestTimedOut => Some(Self::Unreachable),
            Code::Authentication
            | Code::SaslAuthenticationFailed
            | Code::UnsupportedSASLMechanism
            | Code::IllegalSASLState => Some(Self::Login),
            Code::SSL => Some(Self::Encryption),
            _ => None,
        }
    }

    /// The error that says so about these brokers.
    pub(crate) fn into_error(self, brokers: &str, detail: Option<String>) -> KafkaError {
        let (brokers, detail) = (brokers.to_owned(), Detail(detail));
        match self {
            Self::Unreachable => KafkaError::Unreachable { brokers, detail },
            Self::Login => KafkaError::Authentication { brokers, detail },
            Self::Encryption => KafkaError::Encryption { brokers, detail },
        }
    }
}

/// Whether this code means that the user lacks a right.
pub(crate) fn is_denial(code: Code) -> bool {
    matches!(
        code,
        Code::TopicAuthorizationFailed
            | Code::GroupAuthorizationFailed
            | Code::ClusterAuthorizationFailed
            | Code::TransactionalIdAuthorizationFailed
    )
}

/// Whether this code means that a topic or partition does not exist.
pub(crate) fn is_unknown_topic(code: Code) -> bool {
    matches!(
        code,
        Code::UnknownTopicOrPartition
            | Code::UnknownTopic
            | Code::UnknownPartition
            | Code::InvalidTopic
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broker_by_its_number_is_one_that_was_advertised() {
        let cases = [
            ("cannot reach a:1: kafka:9092/1: Failed to resolve 'kafka:9092'", Some(1)),
            ("cannot reach a:1: sasl_ssl://kafka:9092/12: Connect failed", Some(12)),
            ("cannot reach a:1: ssl://127.0.0.1:1/bootstrap: Connect failed: 1/2", None),
            ("no answer in time: list the topics", None),
        ];
        for (words, expected) in cases {
            assert_eq!(advertised_broker(words), expected, "{words}");
        }
    }

    #[test]
    fn why_a_broker_is_not_reached_is_said_without_the_names_of_the_library() {
        let words = |brokers: &str, words: &str| {
            ConnectionFault::Unreachable.into_error(brokers, Some(words.to_owned())).to_string()
        };
        let refused = "a:1/bootstrap: Connect to ipv4#127.0.0.1:1 failed: Connection refused";
        assert_eq!(words("a:1", refused), "cannot reach a:1: connection refused");
        assert_eq!(words("a:1,b:1", refused), "cannot reach a:1,b:1: a:1: connection refused");
        let named = "sasl_ssl://a:1/bootstrap: Failed to resolve 'a:1': Name or service not known";
        assert_eq!(words("a:1", named), "cannot reach a:1: name or service not known");
        let advertised = "kafka:9092/2: Connect to ipv6#[::1]:9092 failed: Connection refused";
        assert_eq!(
            words("a:1", advertised),
            "cannot reach a:1: broker 2 at kafka:9092: connection refused"
        );
        let other = "a:1/bootstrap: Disconnected: verify that security.protocol is set";
        assert_eq!(
            words("a:1", other),
            "cannot reach a:1: disconnected: verify that security.protocol is set"
        );
        assert_eq!(words("a:1", "Local: Timed out"), "cannot reach a:1: timed out");
    }

    #[test]
    fn every_error_of_a_connection_says_what_its_words_mean() {
        let fault = |words: &str| {
            let detail = Some(words.to_owned());
            let error = ConnectionFault::Unreachable.into_error("a:1", detail);
            error.hint().unwrap_or_default()
        };
        assert!(fault("kafka:9092/1: Failed to resolve").contains("advertised.listeners"));
        assert!(fault("Disconnected (connecting to a SSL listener?)").contains("expect TLS"));
        assert!(fault("a:1/bootstrap: Connection refused").contains("check host and port"));
    }
}
