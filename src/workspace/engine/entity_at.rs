//! An entity's state at one moment, as the window shows it.
//!
//! Promises: pure; every line knows what the last event did to it and which event wrote it.
//! Does not know: the clock; it is told how many events count.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::tree::{shortened, tree_rows};
use crate::decode::json;
use crate::fold::{Blame, History, Selection, diff};
use crate::model::{Change, ChangeKind, JsonPointer, Value};
use crate::workspace::{ClockPoint, EntityAt, StateRow, TreeRow, told_changes};

/// How much of a previous value a line quotes, in characters.
const PREVIOUS_CHARS_MAX: usize = 120;

/// The state after these events, for this moment.
pub(crate) fn entity_at(history: &mut History, selection: &Selection, at: ClockPoint) -> EntityAt {
    let state = history.state_of(selection);
    let origins = history.blame(selection).into_iter();
    let origins: BTreeMap<JsonPointer, Blame> =
        origins.map(|origin| (origin.path.clone(), origin)).collect();
    let (last, before) = last_and_before(selection);
    let changes: Arc<[Change]> = diff(&history.state_of(&before), &state).into();
    let kinds = changes.iter().map(|change| (change.path.as_str(), change.kind)).collect();
    let rows = tree_rows(&state)
        .into_iter()
        .map(|row| state_row(row, &kinds, &origins, history))
        .collect();
    EntityAt {
        at,
        version: last,
        position: history.event(last).map(|event| event.position.clone()),
        rows,
        json: json::pretty(&state).into(),
        changes,
        record: None,
    }
}

/// The version of the last event of a selection (0 without one), and the selection without it.
fn last_and_before(selection: &Selection) -> (u64, Selection) {
    match selection {
        Selection::Prefix(count) => (*count, Selection::Prefix(count.saturating_sub(1))),
        Selection::Subset(versions) => match versions.split_last() {
            Some((last, before)) => (*last, Selection::Subset(before.to_vec())),
            None => (0, Selection::Prefix(0)),
        },
    }
}

/// What a change did to a path: what changed there or around it, by the path of the change.
fn change_at(kinds: &BTreeMap<&str, ChangeKind>, path: &str) -> Option<ChangeKind> {
    if let Some(kind) = kinds.get(path) {
        return Some(*kind);
    }
    let mut around = path;
    while let Some((above, _)) = around.rsplit_once('/') {
        if let Some(kind) = kinds.get(above) {
            // What lies below a replaced value is new there; only the value itself was replaced.
            let is_new = *kind == ChangeKind::Replace;
            return Some(if is_new { ChangeKind::Add } else { *kind });
        }
        around = above;
    }
    None
}

/// The lines of a state, marked where these changes led to them.
pub(crate) fn changed_rows(state: &Value, changes: &[Change]) -> Vec<StateRow> {
    let kinds = changes.iter().map(|change| (change.path.as_str(), change.kind)).collect();
    let row = |tree: TreeRow| StateRow {
        changed: change_at(&kinds, tree.path.as_str()),
        written_by: None,
        written_by_type: Arc::default(),
        previous: None,
        tree,
    };
    tree_rows(state).into_iter().map(row).collect()
}

/// A line of the tree with its change and its origin.
fn state_row(
    tree: TreeRow,
    kinds: &BTreeMap<&str, ChangeKind>,
    origins: &BTreeMap<JsonPointer, Blame>,
    history: &History,
) -> StateRow {
    let changed = change_at(kinds, tree.path.as_str());
    let origin = origins.get(&tree.path);
    let writer = origin.and_then(|origin| history.event(origin.written_by));
    StateRow {
        changed,
        written_by: origin.map(|origin| origin.written_by),
        written_by_type: writer.map(|event| Arc::clone(&event.event_type)).unwrap_or_default(),
        previous: origin
            .and_then(|origin| origin.previous.as_ref())
            .map(|previous| shortened(&previous.to_json(), PREVIOUS_CHARS_MAX).into()),
        tree,
    }
}

/// Which changes a line of words can do without.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    /// The paths that are shown elsewhere: they are left out.
    pub(crate) elsewhere: BTreeSet<JsonPointer>,
    /// The paths that tell little: they come last.
    pub(crate) last: BTreeSet<JsonPointer>,
}

/// Changes in a few words: "status CREATED → SHIPPED, + carrier, 2 more".
pub(crate) fn summary(changes: &[Change], by: &Told) -> String {
    const SHOWN: usize = 2;
    let mut told = told_changes(changes).into_owned();
    told.retain(|change| !by.elsewhere.contains(&change.path));
    told.sort_by_key(|change| by.last.contains(&change.path));
    let mut words: Vec<String> = told.iter().take(SHOWN).map(change_words).collect();
    if told.len() > SHOWN {
        words.push(format!("{} more", told.len() - SHOWN));
    }
    words.join(", ")
}

/// One change in a few words.
fn change_words(change: &Change) -> String {
    const VALUE_CHARS_MAX: usize = 24;
    let quoted = |value: &Value| {
        let text = value.as_str().map_or_else(|| value.to_json(), ToOwned::to_owned);
        shortened(&text, VALUE_CHARS_MAX)
    };
    let name = change.path.last_token().unwrap_or_else(|| "state".to_owned());
    match (change.kind, &change.from, &change.to) {
        (ChangeKind::Replace, Some(from), Some(to)) => {
            format!("{name} {} → {}", quoted(from), quoted(to))
        }
        (ChangeKind::Remove, _, _) => format!("− {name}"),
        (_, _, Some(to)) if to.is_leaf() => format!("+ {name} {}", quoted(to)),
        _ => format!("+ {name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_told_in_a_few_words() {
        let path = |text| JsonPointer::parse(text).unwrap();
        let changes = [
            Change::replace(path("/status"), "CREATED".into(), "SHIPPED".into()),
            Change::remove(path("/hold"), Value::Null),
            Change::add(path("/a"), Value::from(1_i64)),
            Change::add(path("/b"), Value::from(2_i64)),
        ];
        let all = Told::default();
        assert_eq!(summary(&changes, &all), "status CREATED → SHIPPED, − hold, 2 more");
        assert_eq!(summary(&changes[2..3], &all), "+ a 1");
        assert_eq!(summary(&[], &all), "");
        let little = Told { last: [path("/status"), path("/hold")].into(), ..Told::default() };
        assert_eq!(summary(&changes, &little), "+ a 1, + b 2, 2 more");
    }

    #[test]
    fn a_change_reaches_what_lies_below_it_and_nothing_beside() {
        let kinds = BTreeMap::from([("/a", ChangeKind::Replace), ("/b", ChangeKind::Add)]);
        let told = ["/a", "/a/x/y", "/b/x", "/ab", "/c", ""].map(|path| change_at(&kinds, path));
        let (add, replace) = (Some(ChangeKind::Add), Some(ChangeKind::Replace));
        assert_eq!(told, [replace, add, add, None, None, None]);
        let whole = BTreeMap::from([("", ChangeKind::Replace)]);
        assert_eq!([change_at(&whole, ""), change_at(&whole, "/a")], [replace, add]);
    }

    #[test]
    fn the_first_event_is_told_by_the_fields_it_added_without_those_of_its_own_columns() {
        let state = Value::object(
            [("type", "OrderCreated"), ("status", "CREATED")]
                .map(|(name, text)| (name, Value::from(text))),
        );
        let created = Change::replace(JsonPointer::root(), Value::Null, state);
        let elsewhere = [JsonPointer::parse("/type").unwrap()].into();
        let told = Told { elsewhere, ..Told::default() };
        assert_eq!(summary(&[created], &told), "+ status CREATED");
    }
}
