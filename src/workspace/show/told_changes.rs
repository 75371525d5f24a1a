//! The changes of an event as people tell them: a state that begins is what it begins with.
//!
//! Promises: the same changes, none lost: `null → {…}` at the top becomes one addition for each
//! member, `{…} → null` a removal of everything.
//! Does not know: where changes are shown.

use std::borrow::Cow;

use crate::model::{Change, JsonPointer, Value};

/// How the changes of an event affect the state as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// The state begins.
    Created,
    /// The state ends.
    Deleted,
    /// It goes on.
    Changed,
}

/// How these changes affect the state as a whole.
pub fn turn_of(changes: &[Change]) -> Turn {
    let [Change { path, from, to, .. }] = changes else { return Turn::Changed };
    let is_nothing = |value: &Option<Value>| value.as_ref().is_none_or(Value::is_null);
    match (*path == JsonPointer::root(), is_nothing(from), is_nothing(to)) {
        (true, true, false) => Turn::Created,
        (true, false, true) => Turn::Deleted,
        _ => Turn::Changed,
    }
}

/// The changes as they are told.
pub fn told_changes(changes: &[Change]) -> Cow<'_, [Change]> {
    let [change] = changes else { return Cow::Borrowed(changes) };
    match (turn_of(changes), &change.from, &change.to) {
        (Turn::Created, _, Some(Value::Object(members))) if !members.is_empty() => {
            let path = &change.path;
            members
                .iter()
                .map(|(name, value)| Change::add(path.member(name), value.clone()))
                .collect()
        }
        (Turn::Created, _, Some(value)) => {
            Cow::Owned(vec![Change::add(change.path.clone(), value.clone())])
        }
        (Turn::Deleted, Some(value), _) => {
            Cow::Owned(vec![Change::remove(change.path.clone(), value.clone())])
        }
        _ => Cow::Borrowed(changes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A state.
    fn state() -> Value {
        Value::object([("a", Value::from(1_i64)), ("b", Value::from(2_i64))])
    }

    #[test]
    fn a_state_that_begins_is_told_by_its_members() {
        let created = [Change::replace(JsonPointer::root(), Value::Null, state())];
        assert_eq!(turn_of(&created), Turn::Created);
        let member = |name| JsonPointer::root().member(name);
        let added = [
            Change::add(member("a"), Value::from(1_i64)),
            Change::add(member("b"), Value::from(2_i64)),
        ];
        assert_eq!(*told_changes(&created), added);
        let scalar = [Change::replace(JsonPointer::root(), Value::Null, Value::from(7_i64))];
        assert_eq!(*told_changes(&scalar), [Change::add(JsonPointer::root(), Value::from(7_i64))]);
    }

    #[test]
    fn a_state_that_ends_is_told_as_the_removal_of_everything() {
        let deleted = [Change::replace(JsonPointer::root(), state(), Value::Null)];
        assert_eq!(turn_of(&deleted), Turn::Deleted);
        assert_eq!(*told_changes(&deleted), [Change::remove(JsonPointer::root(), state())]);
    }

    #[test]
    fn other_changes_are_told_as_they_are() {
        let path = JsonPointer::root().member("a");
        let changed = [Change::replace(path, Value::Null, Value::from(1_i64))];
        assert_eq!(turn_of(&changed), Turn::Changed);
        assert_eq!(*told_changes(&changed), changed);
        assert_eq!(*told_changes(&[]), []);
    }
}
