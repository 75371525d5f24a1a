//! Histories with one edit, folded on beside the real one.
//!
//! Promises: edits that lead to the same state are folded on as one, and one that leads to the
//! state of the real history is no longer followed: from there on both are the same. What is not
//! followed for want of budget is told.
//! Does not know: what an edit is.

use std::collections::HashMap;
use std::hash::{Hash as _, Hasher as _};

use xxhash_rust::xxh3::Xxh3;

use super::prefixes::Prefixes;
use crate::model::Value;

/// How many events may still be applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// How many.
    pub events: u64,
}

impl Budget {
    /// Takes this many; says whether they were left.
    pub(super) fn take(&mut self, events: u64) -> bool {
        let enough = self.events >= events;
        self.events = self.events.saturating_sub(events);
        enough
    }
}

/// Histories that lead to one state.
struct Branch<E> {
    /// The state.
    state: Value,
    /// The edits that lead to it.
    edits: Vec<E>,
}

/// What begins beside the real history after this many events: states, and the edit that led to
/// each.
pub(super) type Begin<'f, E> =
    &'f mut dyn FnMut(usize, &mut Prefixes<'_>, &mut Budget) -> Vec<(Value, E)>;

/// Follows edited histories up to this many events. Tells every edit and the number of events after
/// which the row agrees with its history while it does not with the real one. Says whether all were
/// followed.
pub(super) fn follow<E>(
    prefixes: &mut Prefixes<'_>,
    last: usize,
    budget: &mut Budget,
    begin: Begin<'_, E>,
    hit: &mut dyn FnMut(&E, usize),
) -> bool {
    let mut branches: Vec<Branch<E>> = Vec::new();
    for after in 0..=last.min(prefixes.len()) {
        if !budget.take(branches.len() as u64) {
            return false;
        }
        if let Some(event) = prefixes.event(after) {
            branches.retain_mut(|branch| prefixes.apply(&mut branch.state, event));
        }
        let begun = begin(after, prefixes, budget);
        if branches.is_empty() && begun.is_empty() {
            continue;
        }
        branches.extend(begun.into_iter().map(|(state, edit)| Branch { state, edits: vec![edit] }));
        let real = prefixes.state(after);
        branches = merged(branches, &real);
        if prefixes.fits(after) {
            continue;
        }
        for branch in &branches {
            if prefixes.fits_state(&branch.state) {
                branch.edits.iter().for_each(|edit| hit(edit, after));
            }
        }
    }
    // What begins is paid for, too, so that a spent budget means that something was left out.
    budget.events > 0
}

/// Branches of different states, without those of the real one.
fn merged<E>(branches: Vec<Branch<E>>, real: &Value) -> Vec<Branch<E>> {
    let mut kept: Vec<Branch<E>> = Vec::with_capacity(branches.len());
    let mut by_hash: HashMap<u64, Vec<usize>> = HashMap::new();
    for mut branch in branches {
        if branch.state == *real {
            continue;
        }
        let same_hash = by_hash.entry(hash_of(&branch.state)).or_default();
        let same = same_hash.iter().find(|index| kept[**index].state == branch.state);
        if let Some(index) = same {
            kept[*index].edits.append(&mut branch.edits);
        } else {
            same_hash.push(kept.len());
            kept.push(branch);
        }
    }
    kept
}

/// A hash that is the same for equal values: members in any order, numbers by their value.
pub(super) fn hash_of(value: &Value) -> u64 {
    let mut hasher = Xxh3::new();
    feed(value, &mut hasher);
    hasher.finish()
}

/// Feeds a value to a hasher.
fn feed(value: &Value, hasher: &mut Xxh3) {
    match value {
        Value::Null => 0_u8.hash(hasher),
        Value::Bool(value) => (1_u8, value).hash(hasher),
        // Equal decimals have equal binary numbers; zero has two.
        Value::Number(number) => {
            let binary: f64 = number.as_str().parse().unwrap_or(f64::NAN);
            (2_u8, (binary + 0.0).to_bits()).hash(hasher);
        }
        Value::String(text) => (3_u8, text).hash(hasher),
        Value::Array(elements) => {
            (4_u8, elements.len()).hash(hasher);
            elements.iter().for_each(|element| feed(element, hasher));
        }
        Value::Object(members) => {
            let member = |(name, value): (&std::sync::Arc<str>, &Value)| {
                let mut hasher = Xxh3::new();
                name.hash(&mut hasher);
                feed(value, &mut hasher);
                hasher.finish()
            };
            let sum = members.iter().map(member).fold(0_u64, u64::wrapping_add);
            (5_u8, members.len(), sum).hash(hasher);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::json;

    #[test]
    fn equal_values_have_equal_hashes() {
        let hash = |text: &str| hash_of(&json::parse(text.as_bytes()).unwrap().value);
        assert_eq!(hash(r#"{"a":1,"b":[-0.0]}"#), hash(r#"{"b":[0],"a":1.00}"#));
        assert_ne!(hash(r#"{"a":1,"b":2}"#), hash(r#"{"a":2,"b":1}"#));
        assert_ne!(hash("[[1],2]"), hash("[[1,2]]"));
    }
}
