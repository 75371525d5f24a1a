//! What the built-in folds make of events.

use proptest::prelude::*;

use super::*;
use crate::decode::testing::{any_value, members};
use crate::fold::testing::{any_events, event, events, folded, value};

/// The state after these values, as JSON.
fn state(fold: &str, values: &[Option<&str>]) -> String {
    folded(&*builtin(fold).unwrap(), &events(values), values.len()).to_json()
}

/// The state after this patch is merged into this value.
fn merged(target: &Value, patch: &Value) -> Value {
    let mut state = target.clone();
    let value = Decoded::Json { value: patch.clone(), duplicate_members: false };
    Merge.apply(&mut state, &event(1, "", value));
    state
}

#[test]
fn merge_follows_the_examples_of_rfc_7386() {
    let examples = [
        (r#"{"a":"b"}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
        (r#"{"a":"b"}"#, r#"{"b":"c"}"#, r#"{"a":"b","b":"c"}"#),
        (r#"{"a":"b"}"#, r#"{"a":null}"#, "{}"),
        (r#"{"a":"b","b":"c"}"#, r#"{"a":null}"#, r#"{"b":"c"}"#),
        (r#"{"a":["b"]}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
        (r#"{"a":"c"}"#, r#"{"a":["b"]}"#, r#"{"a":["b"]}"#),
        (r#"{"a":{"b":"c"}}"#, r#"{"a":{"b":"d","c":null}}"#, r#"{"a":{"b":"d"}}"#),
        (r#"{"a":[{"b":"c"}]}"#, r#"{"a":[1]}"#, r#"{"a":[1]}"#),
        (r#"{"e":null}"#, r#"{"a":1}"#, r#"{"e":null,"a":1}"#),
        ("[1,2]", r#"{"a":"b","c":null}"#, r#"{"a":"b"}"#),
        ("{}", r#"{"a":{"bb":{"ccc":null}}}"#, r#"{"a":{"bb":{}}}"#),
    ];
    for (target, patch, expected) in examples {
        assert_eq!(merged(&value(target), &value(patch)).to_json(), expected, "{target} + {patch}");
    }
}

#[test]
fn merge_leaves_the_state_to_objects_and_tombstones() {
    assert_eq!(
        state("merge", &[Some(r#"{"a":1.10}"#), Some("[1]"), Some("7"), Some("oops")]),
        r#"{"a":1.10}"#
    );
    assert_eq!(state("merge", &[Some(r#"{"a":1}"#), None]), "null");
    assert_eq!(state("merge", &[Some(r#"{"a":1}"#), None, Some(r#"{"b":2}"#)]), r#"{"b":2}"#);
}

#[test]
fn what_is_not_applied_is_said() {
    let effects = |fold: &str, body: &str| {
        let fold = builtin(fold).unwrap();
        fold.apply(&mut Value::Null, &events(&[Some(body)])[0])
    };
    assert!(effects("merge", "[1]").not_taken().is_some());
    assert!(effects("merge", "null").not_taken().is_some());
    assert!(effects("debezium", r#"{"a":1}"#).not_taken().is_some());
    for fold in BUILTIN_NAMES {
        assert_eq!(effects(fold, "oops"), Effect::Undecodable);
    }
    assert!(builtin("sum").is_none());
}

#[test]
fn last_is_the_last_value_whatever_it_is() {
    assert_eq!(state("last", &[Some(r#"{"a":1}"#), Some("[1.0]")]), "[1.0]");
    assert_eq!(state("last", &[Some("[1.0]"), Some("oops")]), "[1.0]");
    assert_eq!(state("last", &[Some("1"), None]), "null");
    let mut text = Value::Null;
    Last.apply(&mut text, &event(1, "", Decoded::Text("hello".into())));
    assert_eq!(text, Value::from("hello"));
}

#[test]
fn debezium_is_the_row_after_the_change() {
    let plain = r#"{"op":"u","before":{"a":1},"after":{"a":2}}"#;
    assert_eq!(state("debezium", &[Some(plain)]), r#"{"a":2}"#);
    let with_schema = format!(r#"{{"schema":{{}},"payload":{plain}}}"#);
    assert_eq!(state("debezium", &[Some(&with_schema)]), r#"{"a":2}"#);
    assert_eq!(
        state("debezium", &[Some(plain), Some(r#"{"op":"d","before":{},"after":null}"#)]),
        "null"
    );
    assert_eq!(state("debezium", &[Some(plain), Some(r#"{"op":"d","before":{}}"#)]), "null");
    assert_eq!(state("debezium", &[Some(plain), Some(r#"{"schema":{},"payload":null}"#)]), "null");
    assert_eq!(state("debezium", &[Some(plain), None]), "null");
    assert_eq!(
        state("debezium", &[Some(plain), Some(r#"{"op":"m"}"#)]),
        r#"{"a":2}"#,
        "a message, no change"
    );
    let row_with_payload = r#"{"op":"c","after":{"payload":{"after":1}}}"#;
    assert_eq!(state("debezium", &[Some(row_with_payload)]), r#"{"payload":{"after":1}}"#);
}

#[test]
fn count_counts_tombstones_but_not_what_could_not_be_decoded() {
    let mut state = Value::Null;
    for (event_type, value) in [
        ("A", Decoded::Empty),
        ("B", Decoded::Empty),
        ("A", Decoded::Empty),
        ("tombstone", Decoded::Tombstone),
    ] {
        Count.apply(&mut state, &event(1, event_type, value));
    }
    Count.apply(&mut state, &events(&[Some("oops")])[0]);
    assert_eq!(state.to_json(), r#"{"events":4,"by_type":{"A":2,"B":1,"tombstone":1}}"#);
}

/// RFC 7386, section 2, word by word.
fn merge_patch(target: &Value, patch: &Value) -> Value {
    let Value::Object(patch) = patch else { return patch.clone() };
    let mut members = target.as_object().cloned().unwrap_or_default();
    for (name, value) in patch.iter() {
        if value.is_null() {
            members.shift_remove(name);
        } else {
            let member = members.get(name).cloned().unwrap_or_default();
            members.insert(Arc::clone(name), merge_patch(&member, value));
        }
    }
    Value::Object(Arc::new(members))
}

proptest! {
    #[test]
    fn merge_is_rfc_7386(target in any_value(), patch in members(any_value())) {
        let patch = Value::object(patch);
        prop_assert_eq!(merged(&target, &patch), merge_patch(&target, &patch));
    }

    #[test]
    fn merging_the_same_patch_again_changes_nothing(target in any_value(), patch in members(any_value())) {
        let patch = Value::object(patch);
        let once = merged(&target, &patch);
        prop_assert_eq!(merged(&once, &patch), once);
    }

    #[test]
    fn a_state_that_was_kept_never_changes_later(events in any_events()) {
        for name in BUILTIN_NAMES {
            let fold = builtin(name).unwrap();
            let mut state = fold.init();
            let mut kept = vec![(state.clone(), state.to_json())];
            for event in &events {
                fold.apply(&mut state, event);
                kept.push((state.clone(), state.to_json()));
            }
            for (state, text) in kept {
                prop_assert_eq!(state.to_json(), text);
            }
        }
    }
}
