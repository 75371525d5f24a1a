//! What the bytes of a value turned out to be.
//!
//! Promises: nothing is lost: what could not be decoded keeps its bytes and says why.
//! Does not know: how decoding is done (`decode`).

use std::sync::Arc;

use super::Value;

/// A decoded value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decoded {
    /// A null value: the key was deleted.
    Tombstone,
    /// A value of zero bytes in a topic whose values need not be JSON.
    Empty,
    /// A JSON value.
    Json {
        /// The value; of duplicate members the last one.
        value: Value,
        /// Whether an object in it names a member twice.
        duplicate_members: bool,
    },
    /// UTF-8 text that is not read as JSON.
    Text(Arc<str>),
    /// Bytes that are not UTF-8.
    Bytes(Arc<[u8]>),
    /// The topic's values are JSON and this one is not.
    Failed {
        /// Why, in words, with the place in the text.
        reason: Arc<str>,
        /// The value's bytes.
        raw: Arc<[u8]>,
    },
}

/// What a value was decoded as, in a word for output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DecodedKind {
    /// A null value.
    Tombstone,
    /// No bytes.
    Empty,
    /// A JSON value.
    Json,
    /// Text.
    Text,
    /// Bytes that are no text.
    Bytes,
}

impl DecodedKind {
    /// The word that the command line prints as `decoded_as`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tombstone => "tombstone",
            Self::Empty => "empty",
            Self::Json => "json",
            Self::Text => "text",
            Self::Bytes => "bytes",
        }
    }
}

impl Decoded {
    /// What it was decoded as. A failure is named by what its bytes are.
    pub fn kind(&self) -> DecodedKind {
        match self {
            Self::Tombstone => DecodedKind::Tombstone,
            Self::Empty => DecodedKind::Empty,
            Self::Json { .. } => DecodedKind::Json,
            Self::Text(_) => DecodedKind::Text,
            Self::Bytes(_) => DecodedKind::Bytes,
            Self::Failed { raw, .. } if raw.is_empty() => DecodedKind::Empty,
            Self::Failed { raw, .. } if std::str::from_utf8(raw).is_ok() => DecodedKind::Text,
            Self::Failed { .. } => DecodedKind::Bytes,
        }
    }

    /// The JSON value, when there is one.
    pub fn json(&self) -> Option<&Value> {
        match self {
            Self::Json { value, .. } => Some(value),
            _ => None,
        }
    }

    /// Why decoding failed, when it did.
    pub fn failure(&self) -> Option<&str> {
        match self {
            Self::Failed { reason, .. } => Some(reason),
            _ => None,
        }
    }
}
