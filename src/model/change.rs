//! One difference between two values.
//!
//! Promises: the path and both values are exact; `from` and `to` are absent exactly for what was
//! added and removed.
//! Does not know: how differences are found (`fold::diff`).

use serde::Serialize;

use super::{JsonPointer, Value};

/// What happened at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangeKind {
    /// Something stands where nothing stood.
    Add,
    /// Nothing stands where something stood.
    Remove,
    /// Something else stands there.
    Replace,
}

/// A change at one path, from one state of a value to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Where.
    pub path: JsonPointer,
    /// What happened.
    #[serde(rename = "op")]
    pub kind: ChangeKind,
    /// What stood there before; `None` for an addition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Value>,
    /// What stands there now; `None` for a removal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Value>,
}

impl Change {
    /// Something was added at this path.
    pub fn add(path: JsonPointer, to: Value) -> Self {
        Self { path, kind: ChangeKind::Add, from: None, to: Some(to) }
    }

    /// What stood at this path was removed.
    pub fn remove(path: JsonPointer, from: Value) -> Self {
        Self { path, kind: ChangeKind::Remove, from: Some(from), to: None }
    }

    /// What stood at this path became something else.
    pub fn replace(path: JsonPointer, from: Value, to: Value) -> Self {
        Self { path, kind: ChangeKind::Replace, from: Some(from), to: Some(to) }
    }
}
