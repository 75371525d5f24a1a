//! Why a question on the wire has no answer.
//!
//! Promises: names the broker; says apart what a broker does not speak from what went wrong.
//! Does not know: what was asked for.

use std::io;

use crate::kafka::error::{Detail, KafkaError};

/// Why a question on the wire has no answer.
#[derive(Debug, thiserror::Error)]
pub(in crate::kafka) enum WireError {
    /// The broker cannot be reached, or the connection broke.
    #[error("{broker}: {source}")]
    Broken {
        /// Its address.
        broker: String,
        /// What the system says.
        source: io::Error,
    },
    /// No answer came in time.
    #[error("{broker} did not answer in time")]
    TimedOut {
        /// Its address.
        broker: String,
    },
    /// It was called off.
    #[error("cancelled")]
    Cancelled,
    /// The broker is too old, or too new, for a request.
    #[error("{broker} does not speak request {api_key} as it is needed")]
    Unspoken {
        /// Its address.
        broker: String,
        /// The number of the request in the protocol.
        api_key: i16,
    },
    /// What arrived is not what the protocol says.
    #[error("{broker} answered with something else than asked for: {what}")]
    Malformed {
        /// Its address.
        broker: String,
        /// Which part.
        what: &'static str,
    },
    /// The broker answered with an error.
    #[error("{}", words_of(*.0))]
    Refused(i16),
}

impl WireError {
    /// Whether librdkafka may still have an answer.
    pub(in crate::kafka) fn leaves_librdkafka(&self) -> bool {
        matches!(self, Self::Unspoken { .. } | Self::Malformed { .. })
    }

    /// The error of a question that `asked` names.
    pub(in crate::kafka) fn into_kafka(self, asked: &str) -> KafkaError {
        let asked = asked.to_owned();
        match self {
            Self::Cancelled => KafkaError::Cancelled { asked },
            Self::TimedOut { .. } => {
                KafkaError::TimedOut { asked, detail: Detail(Some(self.to_string())) }
            }
            Self::Broken { broker, source } => KafkaError::Unreachable {
                brokers: broker,
                detail: Detail(Some(source.to_string())),
            },
            Self::Refused(code) => refusal(code, &asked),
            Self::Unspoken { .. } | Self::Malformed { .. } => {
                KafkaError::Other { asked, reason: self.to_string() }
            }
        }
    }
}

/// The coordinator of a group is not there yet, or has moved: asking again helps.
pub(super) fn is_passing(code: i16) -> bool {
    matches!(code, 14..=16)
}

/// There is no group of this name, or none of this type.
pub(super) const GROUP_ID_NOT_FOUND: i16 = 69;

/// The error that a broker's code means for what `asked` names.
pub(in crate::kafka) fn refusal(code: i16, asked: &str) -> KafkaError {
    let asked = asked.to_owned();
    match code {
        29..=31 => KafkaError::NotPermitted { asked },
        _ => KafkaError::Other { asked, reason: words_of(code) },
    }
}

/// A broker's code in words (Kafka's `Errors.java`); those that groups can meet.
fn words_of(code: i16) -> String {
    let words = match code {
        14 => "the coordinator is loading",
        15 => "there is no coordinator at the moment",
        16 => "the coordinator has moved",
        24 => "the group's name is not accepted",
        29..=31 => "not permitted",
        35 => "the broker does not speak this version of the request",
        42 => "the broker does not accept the request",
        GROUP_ID_NOT_FOUND => "there is no such group",
        _ => return format!("the broker's error {code}"),
    };
    words.to_owned()
}
