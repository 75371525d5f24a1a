//! One connection to one broker: a question, then its answer.
//!
//! Promises: every step ends within its patience; an answer takes memory as it arrives, not as it
//! announces itself, and never beyond a bound; an answer to something else is an error.
//! Does not know: encryption and logins, other brokers.

use std::io::{self, Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::{Duration, Instant};

use super::codec::{Reader, Writer};
use super::error::WireError;
use super::request::{ApiVersions, Request, Spoken, read_answer};

/// The longest answer that is taken, in bytes: as much as a broker takes in one request.
const ANSWER_MAX_BYTES: u32 = 100 << 20;

/// How much is read at a time, in bytes.
const CHUNK_BYTES: u64 = 64 << 10;

/// How long a wait goes on before it asks whether to give up.
const SLICE: Duration = Duration::from_millis(50);

/// How we name ourselves to brokers.
const CLIENT_ID: &str = "foldback";

/// How long somebody waits for an answer.
#[derive(Clone, Copy)]
pub(in crate::kafka) struct Patience<'a> {
    /// Until when.
    pub(in crate::kafka) deadline: Instant,
    /// Says that the answer is not wanted any more.
    pub(in crate::kafka) give_up: &'a dyn Fn() -> bool,
}

impl Patience<'_> {
    /// How long the next wait may last.
    ///
    /// # Errors
    /// When time is up, or it was called off.
    fn slice(&self, broker: &str) -> Result<Duration, WireError> {
        if (self.give_up)() {
            return Err(WireError::Cancelled);
        }
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(WireError::TimedOut { broker: broker.to_owned() });
        }
        Ok(left.min(SLICE))
    }
}

/// A connection to one broker.
#[derive(Debug)]
pub(super) struct BrokerConnection {
    /// Its address.
    broker: String,
    /// The connection.
    stream: TcpStream,
    /// What the broker speaks.
    spoken: Vec<Spoken>,
    /// The number of the next question.
    next: i32,
}

impl BrokerConnection {
    /// Connects, and asks what the broker speaks.
    ///
    /// # Errors
    /// When the broker cannot be reached, or is none.
    pub(super) fn open(
        (host, port): (&str, u16),
        patience: &Patience<'_>,
    ) -> Result<Self, WireError> {
        let broker = format!("{host}:{port}");
        let stream = connect((host, port), &broker, patience)?;
        let mut connection = Self { broker, stream, spoken: Vec::new(), next: 1 };
        let (error, spoken) = connection.exchange(&ApiVersions, patience)?;
        if error != 0 {
            return Err(WireError::Refused(error));
        }
        connection.spoken = spoken;
        Ok(connection)
    }

    /// Whether the broker speaks a request as it is asked here.
    pub(super) fn speaks<R: Request>(&self) -> bool {
        self.spoken.iter().any(|spoken| {
            let (first, last) = spoken.versions;
            spoken.api_key == R::API_KEY && (first..=last).contains(&R::VERSION)
        })
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// `Unspoken` when the broker does not speak it; else when no such answer comes.
    pub(super) fn ask<R: Request>(
        &mut self,
        request: &R,
        patience: &Patience<'_>,
    ) -> Result<R::Answer, WireError> {
        if !self.speaks::<R>() {
            return Err(WireError::Unspoken { broker: self.broker.clone(), api_key: R::API_KEY });
        }
        self.exchange(request, patience)
    }

    /// Sends a question and receives its answer.
    fn exchange<R: Request>(
        &mut self,
        request: &R,
        patience: &Patience<'_>,
    ) -> Result<R::Answer, WireError> {
        let number = self.next;
        self.next = self.next.wrapping_add(1);
        self.send(&message(request, number), patience)?;
        let mut size = [0; 4];
        size.copy_from_slice(&self.receive(4, patience)?);
        let size = u32::from_be_bytes(size);
        if size > ANSWER_MAX_BYTES {
            return Err(self.malformed("it is too long"));
        }
        let answer = self.receive(u64::from(size), patience)?;
        let mut reader = Reader::new(&answer);
        let mut read = || {
            if reader.i32()? != number {
                return Err("it belongs to another question");
            }
            if R::HAS_TAGS {
                reader.tags()?;
            }
            read_answer::<R>(&mut reader)
        };
        read().map_err(|what| self.malformed(what))
    }

    /// The error for an answer that is none.
    fn malformed(&self, what: &'static str) -> WireError {
        WireError::Malformed { broker: self.broker.clone(), what }
    }

    /// The error for a connection that broke.
    fn broken(&self, source: io::Error) -> WireError {
        WireError::Broken { broker: self.broker.clone(), source }
    }

    /// Sends bytes.
    fn send(&mut self, mut bytes: &[u8], patience: &Patience<'_>) -> Result<(), WireError> {
        while !bytes.is_empty() {
            let slice = patience.slice(&self.broker)?;
            self.stream.set_write_timeout(Some(slice)).map_err(|error| self.broken(error))?;
            match self.stream.write(bytes) {
                Ok(0) => return Err(self.broken(io::ErrorKind::WriteZero.into())),
                Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
                Err(error) if is_wait(&error) => {}
                Err(error) => return Err(self.broken(error)),
            }
        }
        Ok(())
    }

    /// Receives so many bytes.
    fn receive(&mut self, count: u64, patience: &Patience<'_>) -> Result<Vec<u8>, WireError> {
        let mut bytes = Vec::new();
        loop {
            let missing = count - bytes.len() as u64;
            if missing == 0 {
                return Ok(bytes);
            }
            let slice = patience.slice(&self.broker)?;
            self.stream.set_read_timeout(Some(slice)).map_err(|error| self.broken(error))?;
            // What arrived before a time-out is in `bytes`.
            match (&self.stream).take(missing.min(CHUNK_BYTES)).read_to_end(&mut bytes) {
                Ok(0) => return Err(self.broken(io::ErrorKind::UnexpectedEof.into())),
                Ok(_) => {}
                Err(error) if is_wait(&error) => {}
                Err(error) => return Err(self.broken(error)),
            }
        }
    }
}

/// A question as it is sent: its length, the header, the request.
fn message<R: Request>(request: &R, number: i32) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.i16(R::API_KEY);
    writer.i16(R::VERSION);
    writer.i32(number);
    writer.short_text(CLIENT_ID);
    if R::HAS_TAGS {
        writer.tags();
    }
    request.write(&mut writer);
    let body = writer.into_bytes();
    let size = u32::try_from(body.len()).expect("a request is shorter than 4 GiB");
    [&size.to_be_bytes()[..], &body].concat()
}

/// Whether this only says that nothing happened in time.
fn is_wait(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted
    )
}

/// Connects to the first address of a host that answers.
fn connect(
    address: (&str, u16),
    broker: &str,
    patience: &Patience<'_>,
) -> Result<TcpStream, WireError> {
    let broken = |source| WireError::Broken { broker: broker.to_owned(), source };
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in address.to_socket_addrs().map_err(broken)? {
        patience.slice(broker)?;
        let left = patience.deadline.saturating_duration_since(Instant::now());
        let within = left.clamp(SLICE, CONNECT_WITHIN);
        match TcpStream::connect_timeout(&address, within) {
            Ok(stream) => {
                stream.set_nodelay(true).map_err(broken)?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(broken(last))
}

/// How long connecting to one address may take. It cannot be called off, and a broker of this
/// cluster answered before.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread::{self, JoinHandle};

    use super::super::request::FindCoordinators;
    use super::*;

    /// A broker that takes what is asked and answers each time with the next of these messages,
    /// then says nothing more.
    fn broker(answers: Vec<Vec<u8>>) -> (u16, JoinHandle<Option<TcpStream>>) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let serve = move || {
            let (mut stream, _) = listener.accept().unwrap();
            for answer in answers {
                let mut size = [0; 4];
                if stream.read_exact(&mut size).is_err() {
                    return None;
                }
                let mut asked = vec![0; u32::from_be_bytes(size) as usize];
                stream.read_exact(&mut asked).unwrap();
                stream.write_all(&answer).unwrap();
            }
            Some(stream)
        };
        let named = thread::Builder::new().name("broker".to_owned());
        (port, named.spawn(serve).unwrap())
    }

    /// A message with its length before it.
    fn framed(body: &[u8]) -> Vec<u8> {
        [&u32::try_from(body.len()).unwrap().to_be_bytes()[..], body].concat()
    }

    /// The answer to the first question of a connection: it speaks this request in these versions.
    fn speaking(api_key: i16, versions: (i16, i16)) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.i32(1);
        writer.i16(0);
        writer.i32(1);
        writer.i16(api_key);
        writer.i16(versions.0);
        writer.i16(versions.1);
        framed(&writer.into_bytes())
    }

    /// Asks such a broker for a coordinator.
    fn ask(answers: Vec<Vec<u8>>, patience_ms: u64) -> Result<usize, WireError> {
        let (port, _serving) = broker(answers);
        let deadline = Instant::now() + Duration::from_millis(patience_ms);
        let patience = Patience { deadline, give_up: &|| false };
        let mut connection = BrokerConnection::open(("127.0.0.1", port), &patience)?;
        connection.ask(&FindCoordinators(&["g"]), &patience).map(|found| found.len())
    }

    #[test]
    fn a_request_that_a_broker_does_not_speak_is_not_sent() {
        let old = ask(vec![speaking(10, (0, 3))], 5_000);
        assert!(matches!(old, Err(WireError::Unspoken { api_key: 10, .. })), "{old:?}");
        let none = ask(vec![speaking(18, (0, 4))], 5_000);
        assert!(matches!(none, Err(WireError::Unspoken { .. })), "{none:?}");
    }

    #[test]
    fn an_answer_that_announces_more_than_the_bound_is_refused_before_it_arrives() {
        let huge = ask(vec![speaking(10, (0, 6)), vec![0x7f, 0xff, 0xff, 0xff]], 5_000);
        assert!(matches!(huge, Err(WireError::Malformed { .. })), "{huge:?}");
    }

    #[test]
    fn an_answer_to_another_question_is_refused() {
        let other = framed(&[0, 0, 0, 9, 0]);
        let answer = ask(vec![speaking(10, (0, 6)), other], 5_000);
        assert!(matches!(answer, Err(WireError::Malformed { .. })), "{answer:?}");
    }

    #[test]
    fn a_broker_that_says_nothing_more_is_waited_for_no_longer_than_patience_lasts() {
        // The length of an answer, and half of what it announces.
        let half = vec![0, 0, 0, 8, 0, 0, 0, 2];
        let answer = ask(vec![speaking(10, (0, 6)), half], 300);
        assert!(matches!(answer, Err(WireError::TimedOut { .. })), "{answer:?}");
    }

    #[test]
    fn a_question_that_is_called_off_ends() {
        let (port, _serving) = broker(Vec::new());
        let patience =
            Patience { deadline: Instant::now() + Duration::from_mins(1), give_up: &|| true };
        let opened = BrokerConnection::open(("127.0.0.1", port), &patience);
        assert!(matches!(opened, Err(WireError::Cancelled)), "{opened:?}");
    }

    #[test]
    fn what_is_no_broker_is_told() {
        let web = ask(vec![b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()], 5_000);
        assert!(matches!(web, Err(WireError::Malformed { .. })), "{web:?}");
    }
}
