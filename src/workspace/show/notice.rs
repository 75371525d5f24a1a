//! Notices: what the user should know and did not ask for.
//!
//! Promises: each says how grave it is, and whether it was seen.
//! Does not know: how long they are kept.

use super::Problem;

/// How grave a notice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NoticeLevel {
    /// Good to know.
    Info,
    /// Something needs an eye.
    Warning,
    /// Something failed.
    Error,
}

/// Something the user should know.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// When, in milliseconds since the epoch.
    pub time_ms: i64,
    /// How grave.
    pub level: NoticeLevel,
    /// What.
    pub problem: Problem,
    /// Whether the user has seen it.
    pub read: bool,
}
