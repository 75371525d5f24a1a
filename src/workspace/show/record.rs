//! One record: as a row of a table, and everything about it.
//!
//! Promises: texts are decoded; bytes, headers and tree are the whole record's.
//! Does not know: which records are on screen.

use std::sync::Arc;

use crate::model::{
    DecodedKind, EntityId, Headers, JsonPointer, Position, TimestampType, Transaction, Value,
};

/// How many rows of a topic's table share one page of texts.
pub const ROWS_PER_PAGE: u64 = 64;

/// The fixed-size facts of a row of a topic's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowMeta {
    /// The timestamp, in milliseconds since the epoch.
    pub timestamp_ms: i64,
    /// The offset.
    pub offset: i64,
    /// The partition.
    pub partition: i32,
    /// Size of key and value, in bytes.
    pub payload_bytes: u32,
    /// What became of the record's transaction.
    pub transaction: Transaction,
    /// Whether the value is null.
    pub tombstone: bool,
    /// Whether the timestamp lies in the future.
    pub implausible_time: bool,
}

/// The decoded texts of a row of a topic's table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowText {
    /// The key; `None` for a null key.
    pub key: Option<Arc<str>>,
    /// The event type, when the mapping finds one.
    pub event_type: Arc<str>,
    /// The beginning of the value.
    pub value: Arc<str>,
    /// The entity the record belongs to.
    pub entity: Option<EntityId>,
    /// Why the value could not be decoded.
    pub failure: Option<Arc<str>>,
}

/// What kind of JSON a row of a tree shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValueKind {
    /// `null`
    Null,
    /// A boolean.
    Bool,
    /// A number.
    Number,
    /// A string.
    String,
    /// An array.
    Array,
    /// An object.
    Object,
}

/// A line of a JSON tree, in the order of an opened tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeRow {
    /// How deep it lies, from 0.
    pub depth: u16,
    /// Where it lies.
    pub path: JsonPointer,
    /// The member's name or the element's index; empty for the whole value.
    pub name: Arc<str>,
    /// The kind.
    pub kind: ValueKind,
    /// A scalar's text as in JSON (long strings are cut), or the number of members: "3 members".
    pub text: Arc<str>,
    /// The whole value.
    pub value: Value,
    /// How many lines below belong to it.
    pub descendants: u32,
}

/// Everything about one record.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordDetail {
    /// Its address.
    pub position: Position,
    /// The timestamp, in milliseconds since the epoch.
    pub timestamp_ms: i64,
    /// Whose clock wrote it.
    pub timestamp_type: TimestampType,
    /// The log time, in milliseconds since the epoch.
    pub log_time_ms: i64,
    /// What became of its transaction.
    pub transaction: Transaction,
    /// The entity it belongs to.
    pub entity: Option<EntityId>,
    /// The event type.
    pub event_type: Arc<str>,
    /// The key's bytes; `None` for a null key.
    pub key: Option<Arc<[u8]>>,
    /// The value's bytes; `None` for a tombstone.
    pub value: Option<Arc<[u8]>>,
    /// Header names and values in their order.
    pub headers: Headers,
    /// Whether its timestamp lies in the future, so that log time ignores it.
    pub implausible_time: bool,
    /// What the value was decoded as.
    pub decoded_as: DecodedKind,
    /// Why the value could not be decoded.
    pub failure: Option<Arc<str>>,
    /// The value as text: JSON as it stood, or text; `None` for bytes and tombstones.
    pub text: Option<Arc<str>>,
    /// The value as a tree, when it is JSON.
    pub tree: Arc<[TreeRow]>,
    /// What was tried to decode it and what came of it, a sentence each.
    pub decode_report: Arc<[String]>,
}
