//! The folds that need no code: `merge`, `last`, `debezium`, `count`.
//!
//! Promises: a value that could not be decoded leaves the state as it is; a tombstone makes the
//! state `null`, except for `count`, which counts it.
//! Does not know: which fold suits an entity.

mod debezium;

use std::sync::Arc;

use super::{Effect, Fold};
use crate::decode::output_value;
use crate::model::{Decoded, Event, Object, Value};

/// The names of the built-in folds, the default first.
pub const BUILTIN_NAMES: [&str; 4] = ["merge", "last", "debezium", "count"];

/// The built-in fold with this name.
pub fn builtin(name: &str) -> Option<Arc<dyn Fold>> {
    match name {
        "merge" => Some(Arc::new(Merge)),
        "last" => Some(Arc::new(Last)),
        "debezium" => Some(Arc::new(debezium::Debezium)),
        "count" => Some(Arc::new(Count)),
        _ => None,
    }
}

/// Applies each JSON object as a merge patch (RFC 7386).
#[derive(Debug)]
struct Merge;

impl Fold for Merge {
    fn name(&self) -> &'static str {
        "merge"
    }

    fn label(&self) -> &'static str {
        "heuristic: merged event bodies"
    }

    fn apply(&self, state: &mut Value, event: &Event) -> Effect {
        match &event.value {
            Decoded::Json { value: Value::Object(patch), .. } => {
                merge(state, patch);
                Effect::Applied
            }
            Decoded::Tombstone => delete(state),
            Decoded::Failed { .. } => Effect::Undecodable,
            _ => {
                Effect::NotApplicable("its value is no JSON object, and nothing else can be merged")
            }
        }
    }
}

/// Applies a merge patch that is an object: a `null` member deletes, an object is merged, anything
/// else is put.
fn merge(target: &mut Value, patch: &Arc<Object>) {
    if let Value::Object(members) = target {
        let members = Arc::make_mut(members);
        for (name, value) in patch.iter() {
            merge_member(members, name, value);
        }
    } else if patch.values().any(needs_merging) {
        let mut members = Object::default();
        for (name, value) in patch.iter() {
            merge_member(&mut members, name, value);
        }
        *target = Value::Object(Arc::new(members));
    } else {
        *target = Value::Object(Arc::clone(patch));
    }
}

/// Whether a member of a patch is more than a value to put.
fn needs_merging(value: &Value) -> bool {
    matches!(value, Value::Null | Value::Object(_))
}

/// Applies one member of a merge patch.
fn merge_member(members: &mut Object, name: &Arc<str>, patch: &Value) {
    match (patch, members.get_mut(name)) {
        (Value::Null, _) => {
            members.shift_remove(name);
        }
        (Value::Object(patch), Some(member)) => merge(member, patch),
        (Value::Object(patch), None) => {
            let mut member = Value::Null;
            merge(&mut member, patch);
            members.insert(Arc::clone(name), member);
        }
        (value, Some(member)) => *member = value.clone(),
        (value, None) => {
            members.insert(Arc::clone(name), value.clone());
        }
    }
}

/// The effect of a delete.
fn delete(state: &mut Value) -> Effect {
    *state = Value::Null;
    Effect::Applied
}

/// The value of the last event.
#[derive(Debug)]
struct Last;

impl Fold for Last {
    fn name(&self) -> &'static str {
        "last"
    }

    fn apply(&self, state: &mut Value, event: &Event) -> Effect {
        if matches!(event.value, Decoded::Failed { .. }) {
            return Effect::Undecodable;
        }
        *state = output_value(&event.value);
        Effect::Applied
    }
}

/// How many events there were, over all and by type.
#[derive(Debug)]
struct Count;

/// The member with the number of all events.
const EVENTS: &str = "events";
/// The member with the numbers by type.
const BY_TYPE: &str = "by_type";

impl Fold for Count {
    fn name(&self) -> &'static str {
        "count"
    }

    fn apply(&self, state: &mut Value, event: &Event) -> Effect {
        if matches!(event.value, Decoded::Failed { .. }) {
            return Effect::Undecodable;
        }
        let members = object(state);
        count_up(members.entry(EVENTS.into()).or_default());
        let by_type = object(members.entry(BY_TYPE.into()).or_default());
        count_up(by_type.entry(Arc::clone(&event.event_type)).or_default());
        Effect::Applied
    }
}

/// The members of a value, which is made an empty object if it is none.
fn object(value: &mut Value) -> &mut Object {
    if !matches!(value, Value::Object(_)) {
        *value = Value::object::<&str>([]);
    }
    match value {
        Value::Object(members) => Arc::make_mut(members),
        _ => unreachable!("it was made an object"),
    }
}

/// Adds one to a number; anything else counts as 0.
fn count_up(value: &mut Value) {
    let count = match value {
        Value::Number(number) => number.as_i64().unwrap_or(0),
        _ => 0,
    };
    assert!(count >= 0, "a count begins at 0 and goes up");
    *value = Value::from(count + 1);
}

#[cfg(test)]
mod tests;
