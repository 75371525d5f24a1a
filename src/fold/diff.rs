//! What differs between two values, and how to get from one to the other.
//!
//! Promises: the changes, applied to the first value, give the second; none of their paths encloses
//! another; they are sorted by path in code point order, array indexes numerically; two equal
//! values have no changes.
//! Does not know: what caused a change.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::{Change, ChangeKind, JsonPointer, Value};

/// What changes from one value to the other.
///
/// Objects are compared member by member and arrays element by element; anything else that differs
/// is one change at its own path, and so is what was added or removed, at its top.
pub fn diff(from: &Value, to: &Value) -> Vec<Change> {
    let mut changes = Vec::new();
    compare(&JsonPointer::root(), from, to, &mut changes);
    changes
}

/// Adds what changes at and below this path.
fn compare(path: &JsonPointer, from: &Value, to: &Value, changes: &mut Vec<Change>) {
    match (from, to) {
        (Value::Object(from), Value::Object(to)) if Arc::ptr_eq(from, to) => {}
        (Value::Object(from), Value::Object(to)) => {
            let mut differing = BTreeMap::new();
            for (name, old) in from.iter() {
                let new = to.get(name);
                if !new.is_some_and(|new| same(old, new)) {
                    differing.insert(sort_key(name, Some(old), new), (name, Some(old), new));
                }
            }
            for (name, new) in to.iter().filter(|(name, _)| !from.contains_key(*name)) {
                differing.insert(sort_key(name, None, Some(new)), (name, None, Some(new)));
            }
            for (name, old, new) in differing.into_values() {
                compare_at(path.member(name), old, new, changes);
            }
        }
        (Value::Array(from), Value::Array(to)) if Arc::ptr_eq(from, to) => {}
        (Value::Array(from), Value::Array(to)) => {
            for index in 0..from.len().max(to.len()) {
                let (old, new) = (from.get(index), to.get(index));
                if !old.zip(new).is_some_and(|(old, new)| same(old, new)) {
                    compare_at(path.element(index), old, new, changes);
                }
            }
        }
        _ if from == to => {}
        _ => changes.push(Change::replace(path.clone(), from.clone(), to.clone())),
    }
}

/// Adds what changes at and below this path, where something may be missing on either side.
fn compare_at(
    path: JsonPointer,
    from: Option<&Value>,
    to: Option<&Value>,
    changes: &mut Vec<Change>,
) {
    match (from, to) {
        (Some(from), Some(to)) => compare(&path, from, to, changes),
        (Some(from), None) => changes.push(Change::remove(path, from.clone())),
        (None, Some(to)) => changes.push(Change::add(path, to.clone())),
        (None, None) => {}
    }
}

/// Whether two values are the same without looking inside: nothing below them needs comparing.
fn same(from: &Value, to: &Value) -> bool {
    match (from, to) {
        (Value::Object(from), Value::Object(to)) => Arc::ptr_eq(from, to),
        (Value::Array(from), Value::Array(to)) => Arc::ptr_eq(from, to),
        _ => from == to,
    }
}

/// What sorts the changes of a member among those of its neighbours as their whole paths sort: the
/// escaped name, and a slash where the changes lie below it (`/a!` comes before `/a/b`).
fn sort_key(name: &str, from: Option<&Value>, to: Option<&Value>) -> String {
    let mut key = name.replace('~', "~0").replace('/', "~1");
    let descends = matches!(
        (from, to),
        (Some(Value::Object(_)), Some(Value::Object(_)))
            | (Some(Value::Array(_)), Some(Value::Array(_)))
    );
    if descends {
        key.push('/');
    }
    key
}

/// Why changes do not fit a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the value at {path:?} is not what the change starts from", path = path.as_str())]
pub struct ApplyError {
    /// Where.
    pub path: JsonPointer,
}

/// The value after these changes, which come from `diff`.
///
/// # Errors
/// The first change whose `from` is not what stands at its path.
pub fn apply_changes(value: &Value, changes: &[Change]) -> Result<Value, ApplyError> {
    let mut value = value.clone();
    let (removed, put): (Vec<&Change>, Vec<&Change>) =
        changes.iter().partition(|change| change.kind == ChangeKind::Remove);
    // Elements go from the last to the first, so that the indexes of those still to go stay right.
    for change in put.into_iter().chain(removed.into_iter().rev()) {
        if change.path.resolve(&value) != change.from.as_ref() {
            return Err(ApplyError { path: change.path.clone() });
        }
        let tokens: Vec<String> = change.path.tokens().map(Cow::into_owned).collect();
        put_at(&mut value, &tokens, change.to.as_ref())
            .ok_or_else(|| ApplyError { path: change.path.clone() })?;
    }
    Ok(value)
}

/// Puts a value at a path or takes away what stands there; `None` when nothing encloses the path.
fn put_at(value: &mut Value, tokens: &[String], new: Option<&Value>) -> Option<()> {
    let Some((token, rest)) = tokens.split_first() else {
        *value = new?.clone();
        return Some(());
    };
    match value {
        Value::Object(members) => {
            let members = Arc::make_mut(members);
            match (rest, new) {
                ([], None) => drop(members.shift_remove(token.as_str())),
                ([], Some(new)) => drop(members.insert(token.as_str().into(), new.clone())),
                _ => put_at(members.get_mut(token.as_str())?, rest, new)?,
            }
        }
        Value::Array(elements) => {
            let index: usize = token.parse().ok()?;
            let mut changed = elements.to_vec();
            match (rest, new) {
                ([], None) if index < changed.len() => drop(changed.remove(index)),
                ([], Some(new)) if index == changed.len() => changed.push(new.clone()),
                _ => put_at(changed.get_mut(index)?, rest, new)?,
            }
            *elements = changed.into();
        }
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests;
