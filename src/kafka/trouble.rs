//! Notices when a read stands still because its connection is in trouble.
//!
//! Promises: a trouble is told once, and only when it keeps records from arriving or may do so; a
//! refused login ends a read that has not received anything, because waiting does not help.
//! Does not know: who is told.

use std::time::{Duration, Instant};

use super::error::{ConnectionFault, KafkaError};
use super::fetch::Fetcher;

/// How long nothing must have arrived before a trouble of the connection counts as one of the read.
const STANDSTILL: Duration = Duration::from_millis(500);

/// A trouble to be told.
#[derive(Clone, Debug)]
pub(super) struct Standstill {
    /// Why.
    pub(super) text: String,
    /// When it was noticed.
    pub(super) at: Instant,
    /// Whether there was nothing left to read but what is still to be written.
    pub(super) waiting: bool,
}

/// What is known of the arrivals and troubles of one client.
#[derive(Debug)]
pub(super) struct Pulse {
    /// When something arrived last.
    arrived: Instant,
    /// Whether anything has arrived.
    has_arrived: bool,
    /// When the trouble was that was told last and is not over.
    told: Option<Instant>,
}

impl Pulse {
    /// Of a read that begins now.
    pub(super) fn new() -> Self {
        Self { arrived: Instant::now(), has_arrived: false, told: None }
    }

    /// Notes that something arrived, and says whether a trouble that was told is over by that.
    pub(super) fn note_arrival(&mut self) -> bool {
        self.arrived = Instant::now();
        self.has_arrived = true;
        self.told.take().is_some()
    }

    /// Notes that nothing arrived, and says the trouble behind it, if there is a new one.
    ///
    /// # Errors
    /// When the login was refused or no encrypted connection came about, and nothing has arrived
    /// before.
    pub(super) fn note_silence(
        &mut self,
        fetcher: &Fetcher,
    ) -> Result<Option<Standstill>, KafkaError> {
        let client = fetcher.client();
        let Some(trouble) = client.latest_trouble() else { return Ok(None) };
        let known = self.told.is_some_and(|told| told >= trouble.at);
        if known || trouble.at < self.arrived {
            return Ok(None);
        }
        let cause = client.latest_cause().filter(|cause| cause.at >= self.arrived);
        let trouble = cause.unwrap_or(trouble);
        let fault = ConnectionFault::from_code(trouble.code);
        if let (Some(fault @ (ConnectionFault::Login | ConnectionFault::Encryption)), false) =
            (fault, self.has_arrived)
        {
            return Err(client.fault_error(fault, trouble.text));
        }
        let waiting =
            (0..fetcher.len()).all(|number| fetcher.is_done(number) || fetcher.is_at_tail(number));
        if !waiting && self.arrived.elapsed() < STANDSTILL {
            return Ok(None);
        }
        let at = Instant::now();
        self.told = Some(at);
        Ok(Some(Standstill { text: trouble.text, at, waiting }))
    }
}
