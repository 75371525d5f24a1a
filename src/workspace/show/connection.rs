//! Whether and where the workspace is connected, and what it could connect to.
//!
//! Promises: no secret is in here.
//! Does not know: how a connection is made.

use std::sync::Arc;

use super::Problem;

/// Whether and where the workspace is connected.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum ConnectionState {
    /// To nothing.
    #[default]
    Disconnected,
    /// About to be, to the connection with this name, by a job for
    /// [`JobSubject::Connection`](super::JobSubject).
    Connecting(Arc<str>),
    /// Connected.
    Connected(Arc<ConnectionInfo>),
    /// The attempt failed.
    Failed(Problem),
}

/// A connection that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionInfo {
    /// The name in `foldback.toml`, or the bootstrap addresses.
    pub name: Arc<str>,
    /// The bootstrap addresses.
    pub brokers: Arc<str>,
    /// The cluster's id, when it tells one.
    pub cluster_id: Option<Arc<str>>,
    /// How many brokers the cluster has.
    pub broker_count: usize,
    /// Whether `foldback.toml` marks it as production.
    pub production: bool,
    /// Whether it is the embedded cluster of the demo.
    pub embedded: bool,
    /// A trouble of the moment, such as all brokers being down; reading resumes by itself.
    pub trouble: Option<Arc<str>>,
}
