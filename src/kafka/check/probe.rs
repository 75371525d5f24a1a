//! What a port speaks: plain Kafka, TLS, or neither.
//!
//! A port that expects TLS and a client that does not speak it see each other only as a connection
//! that ends, and the other way round. One greeting in each language settles it.
//!
//! A port of plain Kafka is also asked whether it wants a login: before one, a broker ends the
//! connection at any request but `ApiVersions` and those of SASL.
//!
//! Promises: bounded in time; the greetings are harmless to a Kafka broker, which logs a line at
//! most.
//! Does not know: certificates, logins.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// What a port speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PortSpeaks {
    /// The Kafka protocol without encryption.
    Kafka {
        /// Whether it answers only after a login.
        wants_login: bool,
    },
    /// TLS.
    Tls,
    /// Neither: it ends the connection or answers something else.
    Neither,
    /// Nothing within the limit.
    Silent,
}

/// `ApiVersions` version 0 (KIP-35), which every broker answers before any login: size, API key 18,
/// version 0, correlation id, client id.
const API_VERSIONS: &[u8] = b"\0\0\0\x12\0\x12\0\0FOLD\0\x08foldback";

/// The correlation id of both requests, which an answer repeats after its size.
const CORRELATION_ID: [u8; 4] = *b"FOLD";

/// The longest answer that is read; a broker of thousands of nodes stays below it.
const LONGEST_ANSWER: u32 = 1 << 20;

/// `Metadata` version 4 about no topic, which creates none: size, API key 3, version 4, correlation
/// id, client id, an empty list of topics, no automatic creation. Brokers from 1.0 on know this
/// version, those from 4.0 on none before it.
const METADATA: &[u8] = b"\0\0\0\x17\0\x03\0\x04FOLD\0\x08foldback\0\0\0\0\0";

/// A TLS 1.2 `ClientHello` (RFC 5246, 7.4.1.2): record header, handshake header, version, random,
/// no session, three cipher suites, no compression, no extensions. A server answers it with a
/// `ServerHello` or an alert.
const CLIENT_HELLO: &[u8] = b"\x16\x03\x01\0\x31\x01\0\0\x2d\x03\x03\
    foldback-asks-what-a-port-speaks\0\0\x06\xc0\x2f\xc0\x30\0\x2f\x01\0";

/// The first byte of a TLS record that carries an alert (21) or a handshake (22).
const TLS_RECORD_TYPES: [u8; 2] = [21, 22];

impl PortSpeaks {
    /// Asks a port, with this limit for each wait.
    pub(crate) fn ask(address: SocketAddr, limit: Duration) -> Self {
        match exchange(address, &[API_VERSIONS], limit) {
            Ok(()) => {
                let answers = exchange(address, &[API_VERSIONS, METADATA], limit);
                return Self::Kafka { wants_login: answers.is_err() };
            }
            Err(error) if is_time_out(&error) => return Self::Silent,
            Err(_) => {}
        }
        match greet_in_tls(address, limit) {
            Ok(first) if TLS_RECORD_TYPES.contains(&first) => Self::Tls,
            Err(error) if is_time_out(&error) => Self::Silent,
            _ => Self::Neither,
        }
    }
}

/// Whether a wait ended because of its limit; which of the two it is depends on the system.
fn is_time_out(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock)
}

/// Sends requests of Kafka's protocol one after the other, each after the answer to the one before.
fn exchange(address: SocketAddr, requests: &[&[u8]], limit: Duration) -> io::Result<()> {
    let mut stream = connect(address, limit)?;
    for request in requests {
        stream.write_all(request)?;
        let mut start = [0; 8];
        stream.read_exact(&mut start)?;
        let [a, b, c, d, correlation_id @ ..] = start;
        let length = u32::from_be_bytes([a, b, c, d]);
        if correlation_id != CORRELATION_ID || length > LONGEST_ANSWER {
            return Err(io::ErrorKind::InvalidData.into());
        }
        // The rest of the answer: what follows the correlation id.
        let rest = u64::from(length).saturating_sub(4);
        io::copy(&mut (&stream).take(rest), &mut io::sink())?;
    }
    Ok(())
}

/// Greets in TLS and returns the first byte of the answer.
fn greet_in_tls(address: SocketAddr, limit: Duration) -> io::Result<u8> {
    let mut stream = connect(address, limit)?;
    stream.write_all(CLIENT_HELLO)?;
    let mut first = [0];
    stream.read_exact(&mut first)?;
    Ok(first[0])
}

/// A connection on which nothing waits longer than this.
fn connect(address: SocketAddr, limit: Duration) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, limit)?;
    stream.set_read_timeout(Some(limit))?;
    stream.set_write_timeout(Some(limit))?;
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// A port that answers every greeting with what `answer` makes of it, and ends the connection
    /// on `None`.
    fn port(answer: fn(&[u8]) -> Option<Vec<u8>>) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let serve = move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut greeting = [0; 256];
                while let Ok(length @ 1..) = stream.read(&mut greeting) {
                    let Some(bytes) = answer(&greeting[..length]) else { break };
                    stream.write_all(&bytes).unwrap();
                }
            }
        };
        thread::Builder::new().name("test-port".to_owned()).spawn(serve).unwrap();
        address
    }

    /// The answer of a broker that takes these API keys: its size counts what follows, the
    /// correlation id comes back.
    fn broker_answer(request: &[u8], keys: &[u8]) -> Option<Vec<u8>> {
        let is_whole = usize::from(request[3]) == request.len() - 4;
        let is_taken = is_whole && keys.contains(&request[5]);
        is_taken.then(|| [b"\0\0\0\x06", &request[8..12], b"\0\0"].concat())
    }

    #[test]
    fn the_answer_to_a_greeting_tells_what_a_port_speaks() {
        let open = port(|request| broker_answer(request, &[18, 3]));
        let closed = port(|request| broker_answer(request, &[18]));
        let tls = port(|greeting| {
            let is_hello = greeting[0] == 22 && usize::from(greeting[4]) == greeting.len() - 5;
            let has_body = is_hello && usize::from(greeting[8]) == greeting.len() - 9;
            has_body.then(|| vec![21, 3, 3, 0, 2, 2, 40])
        });
        let web = port(|_| Some(b"HTTP/1.1 400 Bad Request\r\n".to_vec()));
        let mute = port(|_| None);
        let limit = Duration::from_secs(5);
        let cases = [
            (open, PortSpeaks::Kafka { wants_login: false }),
            (closed, PortSpeaks::Kafka { wants_login: true }),
            (tls, PortSpeaks::Tls),
            (web, PortSpeaks::Neither),
            (mute, PortSpeaks::Neither),
        ];
        for (address, expected) in cases {
            assert_eq!(PortSpeaks::ask(address, limit), expected);
        }
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let found = PortSpeaks::ask(silent.local_addr().unwrap(), Duration::from_millis(50));
        assert_eq!(found, PortSpeaks::Silent, "nobody takes the connection from the queue");
    }
}
