//! Comparing states: two moments of one entity, or two entities at the clock.
//!
//! Promises: the lines are those of both states together, the left's order first; a difference
//! carries its sign exactly where [`diff`] finds it or below. An entity that is only compared with
//! is let go of with the comparison.
//! Does not know: how histories are read, or what a line looks like.

use std::sync::Arc;

use super::State;
use super::entity_fold::{selection_at, state_at};
use super::folded_history::FoldedHistory;
use super::one_clock::OneClock;
use super::tree::{line_text, value_kind};
use crate::fold::{Selection, diff};
use crate::model::{ChangeKind, JsonPointer, Value};
use crate::workspace::{
    ChangeTally, CompareRow, CompareSide, CompareView, CompareWith, EntityKey, TreeRow,
};

/// What a state at the clock is compared with, with what is needed to find it.
#[derive(Clone, Debug)]
pub(crate) enum Other {
    /// The entity's own state after this version.
    Version(u64),
    /// Another entity with its history.
    Entity(EntityKey, Arc<FoldedHistory>),
}

/// One side, and its state.
type Side = (CompareSide, Value);

impl Other {
    /// Compares with the entity's state after these of its events.
    pub(crate) fn compare(
        &self,
        key: &EntityKey,
        history: &FoldedHistory,
        selection: &Selection,
        clock: &OneClock,
    ) -> CompareView {
        let own = side(key, history, selection);
        match self {
            Self::Version(version) => {
                compared(side(key, history, &Selection::Prefix(*version)), own)
            }
            Self::Entity(other, other_history) => {
                let selection = selection_at(other_history, clock);
                compared(own, side(other, other_history, &selection))
            }
        }
    }
}

/// The side of an entity after these of its events.
fn side(key: &EntityKey, history: &FoldedHistory, selection: &Selection) -> Side {
    let (version, state) = state_at(history, selection);
    let last = version.checked_sub(1).and_then(|last| usize::try_from(last).ok());
    let time_ms = last.and_then(|last| history.places.get(last)).map(|place| place.time_ms);
    (CompareSide { key: key.clone(), version, time_ms }, state)
}

/// Both sides compared.
fn compared((from, left): Side, (to, right): Side) -> CompareView {
    let rows = compare_rows(&left, &right, Shown::All);
    let count = |kind| {
        let counts = |row: &&CompareRow| row.tree.descendants == 0 || kind == ChangeKind::Replace;
        rows.iter().filter(counts).filter(|row| row.change == Some(kind)).count()
    };
    let tally = ChangeTally {
        added: count(ChangeKind::Add),
        removed: count(ChangeKind::Remove),
        changed: count(ChangeKind::Replace),
    };
    CompareView {
        from,
        to,
        changes: diff(&left, &right).into(),
        tally,
        differing: compare_rows(&left, &right, Shown::Differing).into(),
        rows: rows.into(),
    }
}

/// The lines of two states that differ, and those that enclose them.
pub(crate) fn differing_rows(from: &Value, to: &Value) -> Vec<CompareRow> {
    compare_rows(from, to, Shown::Differing)
}

/// Which lines are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// All.
    All,
    /// Those that differ, and those that enclose them.
    Differing,
}

/// The lines of two states together. A state that is null has none, and an object no line for the
/// whole.
pub(super) fn compare_rows(from: &Value, to: &Value, shown: Shown) -> Vec<CompareRow> {
    let [from, to] = [from, to].map(|state| Some(state).filter(|state| !state.is_null()));
    let mut rows = Vec::new();
    let root = JsonPointer::root();
    let is_object = |side: Option<&Value>| side.is_none_or(|value| value.as_object().is_some());
    if is_object(from) && is_object(to) {
        push_below(&mut rows, (from, to), &root, 0, shown);
    } else {
        push_rows(&mut rows, (from, to), &root, "".into(), 0, shown);
    }
    rows
}

/// What stands at a path on either side.
type Pair<'v> = (Option<&'v Value>, Option<&'v Value>);

/// Adds the lines of what stands at this path under this name.
fn push_rows(
    rows: &mut Vec<CompareRow>,
    (from, to): Pair<'_>,
    path: &JsonPointer,
    name: Arc<str>,
    depth: u16,
    shown: Shown,
) {
    let (change, value) = match (from, to) {
        (Some(from), Some(to)) => (replaced(from, to), to),
        (Some(from), None) => (Some(ChangeKind::Remove), from),
        (None, Some(to)) => (Some(ChangeKind::Add), to),
        (None, None) => return,
    };
    if shown == Shown::Differing && from == to {
        return;
    }
    let at = rows.len();
    let tree = TreeRow {
        depth,
        path: path.clone(),
        name,
        kind: value_kind(value),
        text: line_text(value),
        value: value.clone(),
        descendants: 0,
    };
    let left = from.cloned();
    rows.push(CompareRow { tree, left, from: from.map(line_text), to: to.map(line_text), change });
    push_below(rows, (from, to), path, depth.saturating_add(1), shown);
    rows[at].tree.descendants = u32::try_from(rows.len() - at - 1).unwrap_or(u32::MAX);
}

/// Adds the lines of what lies in the values that stand at this path, at this depth.
fn push_below(
    rows: &mut Vec<CompareRow>,
    (from, to): Pair<'_>,
    path: &JsonPointer,
    depth: u16,
    shown: Shown,
) {
    let (left, right) = (from.and_then(Value::as_object), to.and_then(Value::as_object));
    for (name, value) in left.into_iter().flat_map(|members| members.iter()) {
        let pair = (Some(value), right.and_then(|members| members.get(name)));
        push_rows(rows, pair, &path.member(name), Arc::clone(name), depth, shown);
    }
    for (name, value) in right.into_iter().flat_map(|members| members.iter()) {
        if left.is_none_or(|members| !members.contains_key(name)) {
            let pair = (None, Some(value));
            push_rows(rows, pair, &path.member(name), Arc::clone(name), depth, shown);
        }
    }
    let (left, right) = (elements(from), elements(to));
    for index in 0..left.len().max(right.len()) {
        let pair = (left.get(index), right.get(index));
        push_rows(rows, pair, &path.element(index), index.to_string().into(), depth, shown);
    }
}

/// How two values at the same path differ there: not at all where both have an inside of the same
/// kind.
fn replaced(from: &Value, to: &Value) -> Option<ChangeKind> {
    let descend = matches!(
        (from, to),
        (Value::Object(_), Value::Object(_)) | (Value::Array(_), Value::Array(_))
    );
    (!descend && from != to).then_some(ChangeKind::Replace)
}

/// The elements of an array; none of anything else.
fn elements(side: Option<&Value>) -> &[Value] {
    match side {
        Some(Value::Array(elements)) => elements,
        _ => &[],
    }
}

impl State {
    /// Compares the entity's state at the clock with another, or ends it.
    pub(crate) fn compare(&mut self, key: &EntityKey, with: Option<CompareWith>) {
        if self.entity_mut(key).is_none() {
            return;
        }
        if let Some(CompareWith::Entity(other)) = &with {
            self.ensure_entity(other);
        }
        if let Some(open) = self.entity_mut(key) {
            open.view.compare_with = with;
            open.view.compare = None;
        }
        self.close_unused_entities();
        self.fold_to_clock(key);
    }

    /// What an entity is compared with, once it is known.
    pub(crate) fn other_of(&self, with: &CompareWith) -> Option<Other> {
        match with {
            CompareWith::Version(version) => Some(Other::Version(*version)),
            CompareWith::Entity(other) => {
                let open = self.entities.iter().find(|open| open.view.key == *other)?;
                Some(Other::Entity(other.clone(), open.history.clone()?))
            }
        }
    }

    /// The history of an entity is another: what is compared with it is compared anew.
    pub(crate) fn compare_anew_with(&mut self, other: &EntityKey) {
        let with = CompareWith::Entity(other.clone());
        let comparing =
            self.entities.iter().filter(|open| open.view.compare_with == Some(with.clone()));
        let keys: Vec<EntityKey> = comparing.map(|open| open.view.key.clone()).collect();
        for key in keys {
            self.fold_to_clock(&key);
        }
    }

    /// Lets go of entities that nobody looks at and nothing is compared with.
    pub(crate) fn close_unused_entities(&mut self) {
        let shown = self.entities.iter().filter(|open| open.shown);
        let compared: Vec<EntityKey> = shown
            .filter_map(|open| match &open.view.compare_with {
                Some(CompareWith::Entity(other)) => Some(other.clone()),
                _ => None,
            })
            .collect();
        self.entities.retain_mut(|open| {
            let used = open.shown || compared.contains(&open.view.key);
            if !used {
                open.reading.stop();
            }
            used
        });
        self.measure_clock();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::decode::json;

    /// A value of JSON text.
    fn value(text: &str) -> Value {
        json::parse(text.as_bytes()).unwrap().value
    }

    /// The lines of two states: path, sign, left, right.
    fn told(from: &str, to: &str, shown: Shown) -> Vec<String> {
        let sign = |kind| match kind {
            None => " ",
            Some(ChangeKind::Add) => "+",
            Some(ChangeKind::Remove) => "-",
            Some(ChangeKind::Replace) => "~",
        };
        let line = |row: CompareRow| {
            let side = |text: Option<Arc<str>>| {
                text.map_or_else(|| "·".to_owned(), |text| text.to_string())
            };
            format!("{}{} {} {}", sign(row.change), row.tree.path, side(row.from), side(row.to))
        };
        compare_rows(&value(from), &value(to), shown).into_iter().map(line).collect()
    }

    #[test]
    fn both_states_stand_beside_each_other_with_the_sign_of_each_difference() {
        let (from, to) = (r#"{"a":1,"b":{"x":1},"c":[1,2]}"#, r#"{"b":{"x":2},"c":[1],"d":"new"}"#);
        assert_eq!(
            told(from, to, Shown::All),
            [
                "-/a 1 ·",
                " /b 1 member 1 member",
                "~/b/x 1 2",
                " /c 2 elements 1 element",
                " /c/0 1 1",
                "-/c/1 2 ·",
                "+/d · \"new\"",
            ]
        );
        assert_eq!(told(from, to, Shown::Differing).len(), 6, "all but the equal element");
    }

    #[test]
    fn an_entity_that_does_not_exist_has_an_empty_side() {
        assert_eq!(told("null", r#"{"a":{"b":1}}"#, Shown::All), ["+/a · 1 member", "+/a/b · 1"]);
        assert_eq!(told("null", "null", Shown::All), [""; 0]);
    }

    #[test]
    fn states_that_are_no_objects_have_a_line_for_the_whole() {
        assert_eq!(told("1", "2", Shown::All), ["~ 1 2"]);
        assert_eq!(
            told("[1]", r#"{"a":1}"#, Shown::All),
            ["~ 1 element 1 member", "+/a · 1", "-/0 1 ·"]
        );
        assert_eq!(told("3", "3", Shown::Differing), [""; 0]);
    }

    /// Some small JSON value.
    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            (0..4_i64).prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::array),
                prop::collection::btree_map("[a-c]", inner, 0..4).prop_map(
                    |members| Value::object(
                        members.into_iter().map(|(name, value)| (Arc::<str>::from(name), value))
                    )
                ),
            ]
        })
    }

    proptest! {
        #[test]
        fn signs_stand_where_the_difference_is_and_only_there(from in values(), to in values()) {
            let (from, to) = (Value::object([("s", from)]), Value::object([("s", to)]));
            let changes = diff(&from, &to);
            let rows = compare_rows(&from, &to, Shown::All);
            for change in &changes {
                let row = rows.iter().find(|row| row.tree.path == change.path);
                prop_assert_eq!(row.and_then(|row| row.change), Some(change.kind));
            }
            for row in rows.iter().filter(|row| row.change.is_some()) {
                prop_assert!(changes.iter().any(|change| change.path.encloses(&row.tree.path)));
            }
            let differing = compare_rows(&from, &to, Shown::Differing);
            prop_assert_eq!(differing.iter().any(|row| row.change.is_some()), !changes.is_empty());
            prop_assert!(rows.iter().filter(|row| row.change.is_some()).all(|row| differing.iter().any(|other| other.tree.path == row.tree.path)));
        }
    }
}
