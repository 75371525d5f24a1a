//! Which event wrote what stands in a state.
//!
//! Promises: writing an equal value again is no change and takes no blame away.
//! Does not know: how the changes were found (`change_index`).

use crate::model::{JsonPointer, Value};

/// Who wrote a leaf of a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blame {
    /// Where the leaf is.
    pub path: JsonPointer,
    /// What it holds.
    pub value: Value,
    /// The version that last changed the value here or put an enclosing value here.
    pub written_by: u64,
    /// What stood here before that; `None` if nothing did.
    pub previous: Option<Value>,
}

/// The leaves of a value in its order: scalars, empty objects and empty arrays.
pub fn leaves(value: &Value) -> Vec<(JsonPointer, Value)> {
    let mut leaves = Vec::new();
    collect(&JsonPointer::root(), value, &mut leaves);
    leaves
}

/// Adds the leaves at and below this path.
fn collect(path: &JsonPointer, value: &Value, leaves: &mut Vec<(JsonPointer, Value)>) {
    match value {
        _ if value.is_leaf() => leaves.push((path.clone(), value.clone())),
        Value::Object(members) => {
            for (name, member) in members.iter() {
                collect(&path.member(name), member, leaves);
            }
        }
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                collect(&path.element(index), element, leaves);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;
