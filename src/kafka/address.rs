//! The address of a broker: host and port.
//!
//! Promises: reads what librdkafka takes, `host`, `host:port`, `[v6]:port`, with or without
//! `protocol://` before it.
//! Does not know: whether the host exists.

use std::fmt;

/// The port of a broker that names none, as librdkafka has it.
const DEFAULT_PORT: u16 = 9092;

/// The address of a broker.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BrokerAddress {
    /// A name or an address; an IPv6 address stands without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl BrokerAddress {
    /// Reads one address; `None` when it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = match text.split_once("://") {
            Some((protocol, rest)) if is_protocol(protocol) => rest,
            Some(_) => return None,
            None => text,
        };
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (host, rest) = rest.split_once(']')?;
                (host, if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) })
            }
            // Without brackets, several colons are an IPv6 address without a port.
            None if text.matches(':').count() > 1 => (text, None),
            None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
        };
        if host.is_empty()
            || host.contains(|c: char| c.is_whitespace() || c.is_control() || "/=\"'".contains(c))
        {
            return None;
        }
        let port = match port {
            None => DEFAULT_PORT,
            Some(digits) => digits.parse().ok().filter(|port| *port > 0)?,
        };
        Some(Self { host: host.to_owned(), port })
    }
}

/// Whether librdkafka takes this before an address.
fn is_protocol(word: &str) -> bool {
    ["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"]
        .iter()
        .any(|protocol| word.eq_ignore_ascii_case(protocol))
}

impl fmt::Display for BrokerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_librdkafka_reads_them() {
        let cases = [
            ("localhost:19092", Some("localhost:19092")),
            (" kafka-1.example ", Some("kafka-1.example:9092")),
            ("SASL_SSL://kafka:9093", Some("kafka:9093")),
            ("[::1]:9092", Some("[::1]:9092")),
            ("::1", Some("[::1]:9092")),
            ("127.0.0.1:0", None),
            ("host:99999", None),
            ("host:port", None),
            ("http://kafka:9092", None),
            ("plaintext://kafka", Some("kafka:9092")),
            (":9092", None),
            ("[::1]9092", None),
            ("two words:9092", None),
            ("a\0b:9092", None),
            ("bootstrap.servers=host", None),
        ];
        for (text, expected) in cases {
            let read = BrokerAddress::parse(text).map(|address| address.to_string());
            assert_eq!(read.as_deref(), expected, "{text}");
        }
    }
}
