//! What is taken along through the clipboard.
//!
//! Promises: what is copied is whole, however much of it is shown.
//! Does not know: the clipboard; how it is written (`evidence`).

use std::sync::Arc;

use crate::config::EntityKey;
use crate::model::Position;

/// What is copied that only the workspace has whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CopyWhat {
    /// These records.
    Records(Vec<Position>),
    /// The events of an entity with these versions; all of them when empty.
    Events(EntityKey, Vec<u64>),
}

/// Something that was copied, for whoever holds the clipboard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Grows with everything that is copied.
    pub number: u64,
    /// What it is, in a few words: "3 records".
    pub what: Arc<str>,
    /// The text.
    pub text: Arc<str>,
}
