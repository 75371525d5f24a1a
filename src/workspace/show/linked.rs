//! Where a link led, and the link to what is shown.
//!
//! Promises: a link to what is shown leads back to it.
//! Does not know: tabs.

use super::Snapshot;
use super::connection::ConnectionState;
use crate::config::{ClockPoint, Link, LinkedCluster, LinkedPlace};

/// Where a link led that was followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linked {
    /// Grows with every link.
    pub number: u64,
    /// What the window opens.
    pub place: LinkedPlace,
}

impl Snapshot {
    /// The link to a place at this moment; none without a connection that lasts.
    pub fn link_to(&self, place: Option<LinkedPlace>, at: ClockPoint) -> Option<Link> {
        let ConnectionState::Connected(info) = &self.connection else { return None };
        if info.embedded {
            return None;
        }
        let saved = self.saved_connections.iter().any(|saved| saved.name == info.name);
        let cluster = LinkedCluster {
            id: info.cluster_id.as_ref().map(ToString::to_string),
            connection: saved.then(|| info.name.to_string()),
            brokers: Some(info.brokers.to_string()),
        };
        Some(Link { cluster, place, at, clock: self.clock.clock, isolation: self.isolation })
    }
}
