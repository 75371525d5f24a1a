//! Why the reference system cannot start or go on, and what a user can do about it.
//!
//! Promises: the cause stays with the error.
//! Does not know: who tells it.

use super::projector::{StartError, StoreError};
use crate::kafka::KafkaError;

/// Why the system cannot start.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The cluster.
    #[error("cannot start the demo's cluster")]
    Cluster(#[source] KafkaError),
    /// A topic of the demo is there already.
    #[error("topic `{topic}` exists on {brokers}: the demo writes only to topics that it creates")]
    TopicExists {
        /// The topic.
        topic: &'static str,
        /// The cluster.
        brokers: String,
    },
    /// The folder of the read models.
    #[error("cannot make a folder for the read models")]
    Folder(#[source] std::io::Error),
    /// A projector.
    #[error("cannot start the demo's projectors")]
    Projector(#[from] StartError),
    /// The read models.
    #[error("cannot look into the demo's read models")]
    ReadModel(#[from] StoreError),
    /// The system gives no thread.
    #[error("cannot start the demo's thread")]
    Thread(#[source] std::io::Error),
    /// The past could not be written, or not whole.
    #[error("cannot write the demo's history")]
    Seed(#[source] KafkaError),
    /// The cluster dropped records of the past.
    #[error("{topic} holds {kept} of {sent} records: the cluster dropped the oldest")]
    Dropped {
        /// The topic.
        topic: &'static str,
        /// How many were written.
        sent: i64,
        /// How many are left.
        kept: i64,
    },
    /// The answers could not be printed.
    #[error("cannot print")]
    Print(#[source] std::io::Error),
}

impl DemoError {
    /// What a user can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Cluster(error) | Self::Seed(error) => error.hint(),
            Self::TopicExists { .. } => {
                Some("name another cluster, or delete the demo's topics and groups there first")
            }
            Self::Dropped { .. } => Some("ask for less history with `--orders N`"),
            _ => None,
        }
    }
}
