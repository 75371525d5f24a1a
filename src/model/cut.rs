//! A moment in history, as a user names it.
//!
//! Promises: plain data; a relative time was made absolute when it was read.
//! Does not know: how text is read (`workspace::when`), or which events a moment takes in
//! (`fold::cut`).

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Which time a time cut compares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Clock {
    /// Log time: what the system knew.
    #[default]
    Log,
    /// Event time: what had happened.
    Event,
}

impl Clock {
    /// The word the command line uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Event => "event",
        }
    }
}

/// A moment: how far history is taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum When {
    /// Nothing.
    Start,
    /// Up to and including this time, in milliseconds since the epoch.
    Time(i64),
    /// The entity's first events, this many.
    Version(u64),
    /// One partition through this offset, inclusive; the others as far as the log time of that
    /// record.
    Position {
        /// The topic; may be left out when only one is open.
        topic: Option<Arc<str>>,
        /// The partition.
        partition: i32,
        /// The last offset taken in.
        offset: i64,
    },
    /// Everything.
    #[default]
    End,
}

impl fmt::Display for When {
    /// The form the command line reads, except that a time is printed as milliseconds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start => f.write_str("start"),
            Self::Time(time_ms) => write!(f, "{time_ms}"),
            Self::Version(version) => write!(f, "v{version}"),
            Self::Position { topic: Some(topic), partition, offset } => {
                write!(f, "{topic}:{partition}:{offset}")
            }
            Self::Position { topic: None, partition, offset } => write!(f, "{partition}:{offset}"),
            Self::End => f.write_str("end"),
        }
    }
}
