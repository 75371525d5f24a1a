//! How changes are found, sorted and applied.

use proptest::prelude::*;

use super::*;
use crate::decode::testing::any_value;
use crate::fold::testing::value;

/// The changes between two JSON texts, as JSON.
fn changes(from: &str, to: &str) -> Vec<String> {
    let changes = diff(&value(from), &value(to));
    changes.iter().map(|change| serde_json::to_string(change).unwrap()).collect()
}

#[test]
fn members_are_compared_one_by_one_and_exactly() {
    assert_eq!(
        changes(r#"{"a":1.0,"b":{"c":1},"d":null}"#, r#"{"a":1.00,"b":{"c":2,"e":{"f":[]}}}"#),
        [
            r#"{"path":"/b/c","op":"replace","from":1,"to":2}"#,
            r#"{"path":"/b/e","op":"add","to":{"f":[]}}"#,
            r#"{"path":"/d","op":"remove","from":null}"#,
        ]
    );
}

#[test]
fn elements_are_compared_by_index() {
    assert_eq!(
        changes(r#"[1,{"a":1},3]"#, r#"[2,{"a":1}]"#),
        [
            r#"{"path":"/0","op":"replace","from":1,"to":2}"#,
            r#"{"path":"/2","op":"remove","from":3}"#
        ]
    );
}

#[test]
fn values_of_different_kinds_are_one_change() {
    assert_eq!(
        changes(r#"{"a":{"b":1}}"#, r#"{"a":[1]}"#),
        [r#"{"path":"/a","op":"replace","from":{"b":1},"to":[1]}"#]
    );
    assert_eq!(
        changes("null", r#"{"a":1}"#),
        [r#"{"path":"","op":"replace","from":null,"to":{"a":1}}"#]
    );
    assert_eq!(changes("null", "null"), [""; 0]);
}

#[test]
fn null_is_something_else_than_nothing() {
    assert_eq!(changes("{}", r#"{"a":null}"#), [r#"{"path":"/a","op":"add","to":null}"#]);
}

#[test]
fn paths_sort_by_code_point_and_indexes_by_number() {
    let elements = |element: &str| format!("[{}]", [element; 12].join(","));
    let from =
        format!(r#"{{"ü":1,"b":{},"a":{{"x":1}},"a!":1,"~":1,"/":1,"10":1,"9":1}}"#, elements("1"));
    let to =
        format!(r#"{{"9":2,"10":2,"/":2,"~":2,"a!":2,"a":{{"x":2}},"b":{},"ü":2}}"#, elements("2"));
    let paths: Vec<String> =
        diff(&value(&from), &value(&to)).iter().map(|change| change.path.to_string()).collect();
    let elements: Vec<String> = (0..12).map(|index| format!("/b/{index}")).collect();
    let mut expected = ["/10", "/9", "/a!", "/a/x"].map(str::to_owned).to_vec();
    expected.extend(elements);
    expected.extend(["/~0", "/~1", "/ü"].map(str::to_owned));
    assert_eq!(paths, expected);
}

#[test]
fn changes_that_do_not_fit_are_refused() {
    let changes = diff(&value(r#"{"a":1}"#), &value(r#"{"a":2}"#));
    let error = apply_changes(&value(r#"{"a":3}"#), &changes).unwrap_err();
    assert_eq!(error.to_string(), r#"the value at "/a" is not what the change starts from"#);
    let adds = diff(&value(r#"{"a":{}}"#), &value(r#"{"a":{"b":1}}"#));
    assert!(apply_changes(&value("[]"), &adds).is_err(), "nothing encloses the path");
}

proptest! {
    #[test]
    fn the_changes_lead_from_the_one_value_to_the_other(from in any_value(), to in any_value()) {
        let changes = diff(&from, &to);
        prop_assert_eq!(changes.is_empty(), from == to);
        prop_assert_eq!(apply_changes(&from, &changes).unwrap(), to);
    }

    #[test]
    fn no_path_encloses_another_and_objects_are_never_replaced_by_objects(
        from in any_value(), to in any_value(),
    ) {
        let changes = diff(&from, &to);
        for (index, change) in changes.iter().enumerate() {
            for other in &changes[index + 1..] {
                prop_assert!(!change.path.encloses(&other.path) && !other.path.encloses(&change.path));
            }
            let both_objects = |from: &Value, to: &Value| from.as_object().is_some() && to.as_object().is_some();
            prop_assert!(!change.from.as_ref().zip(change.to.as_ref()).is_some_and(|(from, to)| both_objects(from, to)));
        }
    }
}
