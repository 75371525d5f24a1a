//! Who wrote what, compared with looking at every event in turn.

use proptest::prelude::*;

use super::*;
use crate::fold::builtin::{BUILTIN_NAMES, builtin};
use crate::fold::testing::{any_events, events, value};
use crate::fold::{History, Selection};
use crate::model::JsonPointer;

/// Path, value, writer and previous value of every leaf after these values under `merge`, as text.
fn blamed(values: &[Option<&str>]) -> Vec<String> {
    let mut history = History::new(builtin("merge").unwrap(), events(values));
    let blamed = history.blame(&Selection::Prefix(history.len()));
    let previous = |blame: &Blame| blame.previous.as_ref().map_or("-".to_owned(), Value::to_json);
    let line = |blame: &Blame| {
        format!(
            "{} {} v{} {}",
            blame.path,
            blame.value.to_json(),
            blame.written_by,
            previous(blame)
        )
    };
    blamed.iter().map(line).collect()
}

#[test]
fn a_leaf_is_written_by_the_event_that_last_changed_it() {
    assert_eq!(
        blamed(&[
            Some(r#"{"a":1,"b":{"c":1},"d":[1,2]}"#),
            Some(r#"{"a":2,"b":{"c":1.0}}"#),
            Some(r#"{"a":2,"e":null,"d":[1,3,{}]}"#),
        ]),
        ["/a 2 v2 1", "/b/c 1.0 v1 -", "/d/0 1 v1 -", "/d/1 3 v3 2", "/d/2 {} v3 -"]
    );
}

#[test]
fn an_enclosing_value_put_anew_writes_everything_in_it() {
    assert_eq!(
        blamed(&[Some(r#"{"a":{"b":1}}"#), Some(r#"{"a":7}"#), Some(r#"{"a":{"b":1}}"#)]),
        ["/a/b 1 v3 -"]
    );
    assert_eq!(blamed(&[Some(r#"{"a":1}"#), None, Some(r#"{"a":1}"#)]), ["/a 1 v3 -"]);
}

#[test]
fn an_object_that_was_emptied_is_blamed_on_who_emptied_it() {
    assert_eq!(
        blamed(&[Some(r#"{"a":{"b":1}}"#), Some(r#"{"a":{"b":null}}"#)]),
        [r#"/a {} v2 {"b":1}"#]
    );
}

#[test]
fn a_state_that_never_changed_has_no_writer_and_a_deleted_one_has() {
    assert_eq!(blamed(&[Some("[]")]), [""; 0]);
    assert_eq!(blamed(&[Some(r#"{"a":1}"#), None]), [r#" null v2 {"a":1}"#]);
}

#[test]
fn the_versions_that_changed_a_path_take_in_what_lies_below_and_around_it() {
    let values = [
        Some(r#"{"a":{"b":1},"x":1}"#),
        Some(r#"{"x":2}"#),
        Some(r#"{"a":{"b":1}}"#),
        Some(r#"{"a":{"c":1}}"#),
        None,
        Some(r#"{"x":1}"#),
    ];
    let mut history = History::new(builtin("merge").unwrap(), events(&values));
    let mut versions = |path: &str| history.versions_changing(&JsonPointer::parse(path).unwrap());
    assert_eq!(versions("/a"), [1, 4, 5]);
    assert_eq!(versions("/a/b"), [1, 5]);
    assert_eq!(versions("/x"), [1, 2, 5, 6]);
    assert_eq!(versions("/nothing"), [0; 0]);
    assert_eq!(versions(""), [1, 2, 4, 5, 6]);
}

#[test]
fn leaves_stand_in_the_order_of_the_value() {
    let leaves = leaves(&value(r#"{"b":[{},[1]],"a":null}"#));
    let paths: Vec<_> = leaves.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, ["/b/0", "/b/1/0", "/a"]);
}

/// Whether the step from one state to the next changed the value at this path or put an enclosing
/// value there.
fn wrote(before: &Value, after: &Value, path: &JsonPointer) -> bool {
    let enclosing = std::iter::successors(Some(path.clone()), JsonPointer::parent);
    let replaced = |path: JsonPointer| match (path.resolve(before), path.resolve(after)) {
        (Some(Value::Object(_)), Some(Value::Object(_))) => false,
        (Some(Value::Array(_)), Some(Value::Array(_))) => false,
        (old, new) => old != new,
    };
    path.resolve(before) != path.resolve(after) || enclosing.into_iter().any(replaced)
}

proptest! {
    #[test]
    fn blame_agrees_with_looking_at_every_event(events in any_events(), at in 0_u64..30) {
        for name in BUILTIN_NAMES {
            let mut history = History::new(builtin(name).unwrap(), events.clone());
            let at = at.min(history.len());
            let states: Vec<Value> = (0..=at).map(|version| history.state_after(version)).collect();
            let mut expected = Vec::new();
            for (path, value) in leaves(states.last().unwrap()) {
                let steps = states.windows(2).zip(1_u64..);
                let last = steps.filter(|(step, _)| wrote(&step[0], &step[1], &path)).last();
                if let Some(([before, ..], written_by)) = last {
                    let previous = path.resolve(before).cloned();
                    expected.push(Blame { path, value, written_by, previous });
                }
            }
            let blamed = history.blame(&Selection::Prefix(at));
            for blame in &blamed {
                let versions = history.versions_changing(&blame.path);
                prop_assert_eq!(versions.iter().rfind(|version| **version <= at), Some(&blame.written_by));
            }
            prop_assert_eq!(blamed, expected);
        }
    }
}
