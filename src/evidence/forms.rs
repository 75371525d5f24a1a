//! Values, states and differences as text, JSON or CSV.
//!
//! Promises: what is taken along is whole and exact, however much of it is shown: numbers keep
//! their digits, bytes that are no text are base64.
//! Does not know: where it goes.

use super::csv::Table;
use crate::decode::json;
use crate::model::{Change, ChangeKind, JsonPointer, Value};

/// In which form something is copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CopyForm {
    /// As a person would write it.
    Text,
    /// As JSON; several records or events as one JSON object a line.
    Json,
    /// As a table for a spreadsheet.
    Csv,
}

/// A value that stands at this path, in this form.
pub fn value_text(value: &Value, path: &JsonPointer, form: CopyForm) -> String {
    match (form, value) {
        (CopyForm::Text, Value::String(text)) => text.to_string(),
        (CopyForm::Text | CopyForm::Json, _) if value.is_leaf() => value.to_json(),
        (CopyForm::Text | CopyForm::Json, _) => json::pretty(value),
        (CopyForm::Csv, _) => {
            let mut table = Table::new(&["path", "value"]);
            push_leaves(&mut table, value, path);
            table.finish()
        }
    }
}

/// A state that is at hand as JSON, in this form; `None` where it is none.
pub fn state_text(state: &str, form: CopyForm) -> Option<String> {
    let parsed = json::parse(state.as_bytes()).ok()?;
    Some(value_text(&parsed.value, &JsonPointer::root(), form))
}

/// A row for each leaf of a value.
fn push_leaves(table: &mut Table, value: &Value, path: &JsonPointer) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (name, member) in members.iter() {
                push_leaves(table, member, &path.member(name));
            }
        }
        Value::Array(elements) if !elements.is_empty() => {
            for (index, element) in elements.iter().enumerate() {
                push_leaves(table, element, &path.element(index));
            }
        }
        leaf => table.row(&[path.as_str(), &plain(leaf)]),
    }
}

/// A value as it stands in a cell: a string without quotes, anything else as JSON.
pub(super) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_json(), str::to_owned)
}

/// A field with its value, such as `/status = "SHIPPED"`.
pub fn assignment(path: &JsonPointer, value: &Value) -> String {
    format!("{path} = {}", value.to_json())
}

/// Changes in this form.
pub fn changes_text(changes: &[Change], form: CopyForm) -> String {
    match form {
        CopyForm::Text => {
            let lines: Vec<String> = changes.iter().map(change_line).collect();
            lines.join("\n")
        }
        CopyForm::Json => serde_json::to_string_pretty(changes)
            .expect("changes have string keys and JSON numbers only"),
        CopyForm::Csv => {
            let mut table = Table::new(&["path", "op", "from", "to"]);
            for change in changes {
                let op = operation(change.kind);
                let side = |value: &Option<Value>| value.as_ref().map(plain).unwrap_or_default();
                table.row(&[change.path.as_str(), op, &side(&change.from), &side(&change.to)]);
            }
            table.finish()
        }
    }
}

/// What happened at a path, in the word of JSON Patch.
pub(super) fn operation(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Add => "add",
        ChangeKind::Remove => "remove",
        ChangeKind::Replace => "replace",
    }
}

/// A change in a line, such as `~ /status "CREATED" → "SHIPPED"`.
pub(super) fn change_line(change: &Change) -> String {
    let side = |value: &Option<Value>| value.as_ref().map(Value::to_json).unwrap_or_default();
    let path = if change.path.as_str().is_empty() { "whole value" } else { change.path.as_str() };
    match change.kind {
        ChangeKind::Add => format!("+ {path} {}", side(&change.to)),
        ChangeKind::Remove => format!("- {path} {}", side(&change.from)),
        ChangeKind::Replace => {
            format!("~ {path} {} → {}", side(&change.from), side(&change.to))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A state with what is easily lost on the way.
    const STATE: &str =
        r#"{"id":9007199254740993,"total":129.90,"note":"=1+1","lines":[{"sku":"a,b"}],"none":{}}"#;

    /// The value at a path.
    fn at(path: &str, form: CopyForm) -> String {
        let path = JsonPointer::parse(path).unwrap();
        let state = json::parse(STATE.as_bytes()).unwrap().value;
        value_text(path.resolve(&state).unwrap(), &path, form)
    }

    #[test]
    fn a_value_is_copied_with_every_digit_and_a_string_without_its_quotes() {
        assert_eq!(at("/id", CopyForm::Text), "9007199254740993");
        assert_eq!(at("/total", CopyForm::Json), "129.90");
        assert_eq!(at("/note", CopyForm::Text), "=1+1");
        assert_eq!(at("/note", CopyForm::Json), "\"=1+1\"");
        assert_eq!(at("/lines/0", CopyForm::Text), "{\n  \"sku\": \"a,b\"\n}");
        assert_eq!(state_text("no state", CopyForm::Json), None);
    }

    #[test]
    fn a_state_as_csv_has_a_row_for_each_leaf_and_no_formula() {
        let table = state_text(STATE, CopyForm::Csv).unwrap();
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(
            lines,
            [
                "path,value",
                "/id,9007199254740993",
                "/total,129.90",
                "/note,'=1+1",
                "/lines/0/sku,\"a,b\"",
                "/none,{}",
            ]
        );
    }

    #[test]
    fn a_field_is_told_with_its_value() {
        let path = JsonPointer::parse("/note").unwrap();
        assert_eq!(assignment(&path, &Value::from("=1+1")), "/note = \"=1+1\"");
    }

    #[test]
    fn changes_say_what_stood_before_and_after_in_every_form() {
        let path = |text: &str| JsonPointer::parse(text).unwrap();
        let changes = [
            Change::replace(path("/status"), Value::from("CREATED"), Value::from("SHIPPED")),
            Change::add(path("/n"), json::parse(b"1.50").unwrap().value),
            Change::remove(path("/old"), Value::Null),
        ];
        let text = changes_text(&changes, CopyForm::Text);
        assert_eq!(text, "~ /status \"CREATED\" → \"SHIPPED\"\n+ /n 1.50\n- /old null");
        assert!(changes_text(&changes, CopyForm::Json).contains("1.50"), "with its digits");
        let table = changes_text(&changes, CopyForm::Csv);
        assert_eq!(
            table.lines().collect::<Vec<_>>(),
            [
                "path,op,from,to",
                "/status,replace,CREATED,SHIPPED",
                "/n,add,,1.50",
                "/old,remove,null,"
            ]
        );
    }
}
