//! JSON values as the lines of an opened tree.
//!
//! Promises: lines stand in the order of the value; each says how many lines below belong to it, so
//! that folding a line away is arithmetic; long scalars are cut in the line, never in the value.
//! Does not know: which lines are folded away or on screen.

use std::sync::Arc;

use crate::model::{JsonPointer, Value};
use crate::workspace::{TreeRow, ValueKind};

/// Scalars longer than this many characters are cut in their line.
const TEXT_CHARS_MAX: usize = 400;

/// The lines of this value. An object is told by its members alone: a line that says that it is an
/// object would push one of them out of view. Any other value begins with a line for the whole.
pub(crate) fn tree_rows(value: &Value) -> Vec<TreeRow> {
    let mut rows = Vec::new();
    let root = JsonPointer::root();
    match value {
        Value::Object(members) if !members.is_empty() => push_below(&mut rows, value, &root, 0),
        _ => push_rows(&mut rows, value, &root, "".into(), 0),
    }
    rows
}

/// Adds the lines of a value that stands at this path under this name.
fn push_rows(
    rows: &mut Vec<TreeRow>,
    value: &Value,
    path: &JsonPointer,
    name: Arc<str>,
    depth: u16,
) {
    let at = rows.len();
    rows.push(TreeRow {
        depth,
        path: path.clone(),
        name,
        kind: value_kind(value),
        text: line_text(value),
        value: value.clone(),
        descendants: 0,
    });
    push_below(rows, value, path, depth.saturating_add(1));
    rows[at].descendants = u32::try_from(rows.len() - at - 1).unwrap_or(u32::MAX);
}

/// Adds the lines of what lies in the value that stands at this path, at this depth.
fn push_below(rows: &mut Vec<TreeRow>, value: &Value, path: &JsonPointer, depth: u16) {
    match value {
        Value::Object(members) => {
            for (name, member) in members.iter() {
                push_rows(rows, member, &path.member(name), Arc::clone(name), depth);
            }
        }
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                push_rows(rows, element, &path.element(index), index.to_string().into(), depth);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// What kind of JSON this is.
pub(super) fn value_kind(value: &Value) -> ValueKind {
    match value {
        Value::Null => ValueKind::Null,
        Value::Bool(_) => ValueKind::Bool,
        Value::Number(_) => ValueKind::Number,
        Value::String(_) => ValueKind::String,
        Value::Array(_) => ValueKind::Array,
        Value::Object(_) => ValueKind::Object,
    }
}

/// A scalar as JSON, cut when long; the size of an object or array.
pub(super) fn line_text(value: &Value) -> Arc<str> {
    match value {
        Value::Object(members) => count_text(members.len(), "member"),
        Value::Array(elements) => count_text(elements.len(), "element"),
        scalar => shortened(&scalar.to_json(), TEXT_CHARS_MAX).into(),
    }
}

/// "3 members", "1 element".
fn count_text(count: usize, noun: &str) -> Arc<str> {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" }).into()
}

/// At most this many characters of a text, with an ellipsis where it was cut.
pub(crate) fn shortened(text: &str, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        Some((cut, _)) => format!("{}…", text.get(..cut).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_says_how_many_lines_belong_to_it() {
        let value = Value::object([
            ("a", Value::array([Value::from(1_i64), Value::object([("x", Value::Null)])])),
            ("b", Value::from("text")),
        ]);
        let rows = tree_rows(&value);
        let lines: Vec<_> = rows
            .iter()
            .map(|row| (row.path.as_str(), row.depth, row.descendants, &*row.text))
            .collect();
        assert_eq!(
            lines,
            [
                ("/a", 0, 3, "2 elements"),
                ("/a/0", 1, 0, "1"),
                ("/a/1", 1, 1, "1 member"),
                ("/a/1/x", 2, 0, "null"),
                ("/b", 0, 0, "\"text\""),
            ]
        );
    }

    #[test]
    fn what_is_no_object_with_members_has_a_line_for_the_whole() {
        let values = [Value::array([Value::Null]), Value::object::<&str>([]), Value::from(1_i64)];
        let first = values.map(|value| tree_rows(&value)[0].text.to_string());
        assert_eq!(first, ["1 element", "0 members", "1"]);
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(shortened("äöü", 2), "äö…");
        assert_eq!(shortened("äö", 2), "äö");
    }
}
