//! Two states beside each other: two moments of one entity, or two entities at one moment.
//!
//! Promises: every line says what stands on either side and how the sides differ there.
//! Does not know: how states are found (`engine::comparison`) or drawn.

use std::sync::Arc;

use super::record::TreeRow;
use crate::config::EntityKey;
use crate::model::{Change, ChangeKind, Value};

/// One of the states compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompareSide {
    /// Whose state it is.
    pub key: EntityKey,
    /// How many events are in it; 0 is before the first.
    pub version: u64,
    /// The log time of the last of them, in milliseconds.
    pub time_ms: Option<i64>,
}

/// A line of both states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompareRow {
    /// The line as in a tree, with the text of the right side, or of the left where the right has
    /// none.
    pub tree: TreeRow,
    /// The whole value on the left.
    pub left: Option<Value>,
    /// What stands on the left.
    pub from: Option<Arc<str>>,
    /// What stands on the right.
    pub to: Option<Arc<str>>,
    /// How the sides differ at this very path; what lies below has lines of its own.
    pub change: Option<ChangeKind>,
}

/// How many fields differ in which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChangeTally {
    /// Fields that only the right side has.
    pub added: usize,
    /// Fields that only the left side has.
    pub removed: usize,
    /// Fields that both have with different values.
    pub changed: usize,
}

/// Two states compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompareView {
    /// The left side.
    pub from: CompareSide,
    /// The right side.
    pub to: CompareSide,
    /// From the one to the other.
    pub changes: Arc<[Change]>,
    /// How many fields differ.
    pub tally: ChangeTally,
    /// All lines of both.
    pub rows: Arc<[CompareRow]>,
    /// The lines that differ, with those around them.
    pub differing: Arc<[CompareRow]>,
}
