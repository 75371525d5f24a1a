//! The brokers of a cluster as somebody who asks needs them: each connected to once, when it is
//! first asked.
//!
//! Promises: a broker is asked over one connection, one question at a time; a connection ends with
//! whoever asks.
//! Does not know: what is asked.

use std::collections::BTreeMap;

use super::connection::BrokerConnection;
pub(in crate::kafka) use super::connection::Patience;
use super::error::WireError;
use super::request::Request;
use crate::kafka::settings::Settings;

/// The address of a broker: host and port.
pub(in crate::kafka) type Address = (String, u16);

/// Whether a connection with these settings can be made here: neither encrypted nor with a login.
pub(in crate::kafka) fn speaks_to(settings: &Settings) -> bool {
    !settings.embedded && !settings.uses_tls() && !settings.uses_sasl()
}

/// The brokers of a cluster.
pub(in crate::kafka) struct WireCluster<'a> {
    /// How long all questions together may take.
    pub(super) patience: Patience<'a>,
    /// All brokers, as they advertise themselves.
    pub(super) brokers: Vec<Address>,
    /// Those that were asked.
    open: BTreeMap<Address, BrokerConnection>,
}

impl<'a> WireCluster<'a> {
    /// The cluster of these brokers, none of which is connected to yet.
    pub(in crate::kafka) fn new(brokers: Vec<Address>, patience: Patience<'a>) -> Self {
        Self { patience, brokers, open: BTreeMap::new() }
    }

    /// The connection to a broker.
    pub(super) fn broker(&mut self, address: &Address) -> Result<&mut BrokerConnection, WireError> {
        if !self.open.contains_key(address) {
            let (host, port) = address;
            let opened = BrokerConnection::open((host, *port), &self.patience)?;
            self.open.insert(address.clone(), opened);
        }
        Ok(self.open.get_mut(address).expect("opened above"))
    }

    /// Asks a broker.
    pub(super) fn ask<R: Request>(
        &mut self,
        address: &Address,
        request: &R,
    ) -> Result<R::Answer, WireError> {
        let patience = self.patience;
        let answer = self.broker(address)?.ask(request, &patience);
        if answer.as_ref().is_err_and(|error| !matches!(error, WireError::Unspoken { .. })) {
            // What comes next on it would be the answer to this question.
            self.open.remove(address);
        }
        answer
    }

    /// Asks the first broker that answers.
    pub(super) fn ask_any<R: Request>(&mut self, request: &R) -> Result<R::Answer, WireError> {
        let mut last = None;
        for address in self.brokers.clone() {
            match self.ask(&address, request) {
                Err(error @ WireError::Broken { .. }) => last = Some(error),
                answer => return answer,
            }
        }
        Err(last.unwrap_or_else(|| WireError::TimedOut { broker: "the cluster".to_owned() }))
    }
}
