//! What a port speaks: plain Kafka, TLS, or neither.
//!
//! A port that expects TLS and a client that does not speak it see each other only as a connection that ends, and the
//! other way round. One greeting in each language settles it.
//!
//! Promises: bounded in time; both greetings are harmless to a Kafka broker, which logs at most a line.
//! Does not know: certificates, logins.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// What a port speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PortSpeaks {
    /// The Kafka protocol without encryption.
    Kafka,
    /// TLS.
    Tls,
    /// Neither.
    Neither,
}

/// `ApiVersions` version 0 (KIP-35), which every broker answers before any login: size, API key 18, version 0,
/// correlation id, client id.
const API_VERSIONS: &[u8] = b"\0\0\0\x12\0\x12\0\0FOLD\0\x08foldback";

/// The correlation id in `API_VERSIONS`, which the answer repeats after its size.
const CORRELATION_ID: &[u8] = b"FOLD";

/// A TLS 1.2 `ClientHello` (RFC 5246, 7.4.1.2): record header, handshake header, version, random, no session, three
/// cipher suites, no compression, no extensions. A server answers it with a `ServerHello` or an alert.
const CLIENT_HELLO: &[u8] = b"\x16\x03\x01\0\x31\x01\0\0\x2d\x03\x03\
    foldback-asks-what-a-port-speaks\0\0\x06\xc0\x2f\xc0\x30\0\x2f\x01\0";

/// The first byte of a TLS record that carries an alert (21) or a handshake (22).
const TLS_RECORD_TYPES: [u8; 2] = [21, 22];

impl PortSpeaks {
    /// Asks a port, with this limit for each of the two greetings.
    pub(crate) fn ask(address: SocketAddr, limit: Duration) -> Self {
        let mut answer = [0; 8];
        let plain = greet(address, API_VERSIONS, &mut answer, limit);
        if plain.is_ok() && answer.ends_with(CORRELATION_ID) {
            return Self::Kafka;
        }
        let mut answer = [0; 1];
        let encrypted = greet(address, CLIENT_HELLO, &mut answer, limit);
        if encrypted.is_ok() && TLS_RECORD_TYPES.contains(&answer[0]) {
            return Self::Tls;
        }
        Self::Neither
    }
}

/// Sends a greeting and reads the first bytes of the answer.
fn greet(
    address: SocketAddr,
    greeting: &[u8],
    answer: &mut [u8],
    limit: Duration,
) -> io::Result<()> {
    let mut stream = TcpStream::connect_timeout(&address, limit)?;
    stream.set_read_timeout(Some(limit))?;
    stream.set_write_timeout(Some(limit))?;
    stream.write_all(greeting)?;
    stream.read_exact(answer)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// A port that answers every greeting with what `answer` makes of it, and ends the connection on `None`.
    fn port(answer: fn(&[u8]) -> Option<Vec<u8>>) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let serve = move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut greeting = [0; 256];
                let length = stream.read(&mut greeting).unwrap();
                if let Some(bytes) = answer(&greeting[..length]) {
                    stream.write_all(&bytes).unwrap();
                }
            }
        };
        thread::Builder::new().name("test-port".to_owned()).spawn(serve).unwrap();
        address
    }

    #[test]
    fn the_answer_to_a_greeting_tells_what_a_port_speaks() {
        let kafka = port(|greeting| {
            // The size in front counts what follows it, and the answer repeats the correlation id.
            let is_whole = usize::from(greeting[3]) == greeting.len() - 4;
            is_whole.then(|| [b"\0\0\0\x04", &greeting[8..12]].concat())
        });
        let tls = port(|greeting| {
            let is_hello = greeting[0] == 22 && usize::from(greeting[4]) == greeting.len() - 5;
            let has_body = is_hello && usize::from(greeting[8]) == greeting.len() - 9;
            has_body.then(|| vec![21, 3, 3, 0, 2, 2, 40])
        });
        let web = port(|_| Some(b"HTTP/1.1 400 Bad Request\r\n".to_vec()));
        let mute = port(|_| None);
        let limit = Duration::from_secs(5);
        assert_eq!(PortSpeaks::ask(kafka, limit), PortSpeaks::Kafka);
        assert_eq!(PortSpeaks::ask(tls, limit), PortSpeaks::Tls);
        assert_eq!(PortSpeaks::ask(web, limit), PortSpeaks::Neither);
        assert_eq!(PortSpeaks::ask(mute, limit), PortSpeaks::Neither);
    }
}
