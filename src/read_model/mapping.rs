//! Which path of a state belongs into which column of a row, and where they differ.
//!
//! Promises: a column that is not compared is one that was asked to be left out, tells the
//! position, or holds the entity's id; every other one is compared, also when no state has anything
//! for it.
//! Does not know: where rows and states come from.

use std::borrow::Cow;
use std::sync::Arc;

use serde::Serialize;

use super::agreement::agrees;
use super::row::{Cell, Held, Row};
use crate::fold;
use crate::model::{EntityId, JsonPointer, Position, Value};

/// Columns that tell the last record applied to a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PositionIn {
    /// The topic's name itself.
    pub topic: Arc<str>,
    /// The column of the partition.
    pub partition: Arc<str>,
    /// The column of the offset.
    pub offset: Arc<str>,
}

/// How rows are compared with states.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowMapping {
    /// Which path of the state is in which column; columns of the same names when empty.
    pub fields: Vec<(JsonPointer, Arc<str>)>,
    /// Columns that are not compared.
    pub ignore: Vec<Arc<str>>,
    /// Where the row tells the last record applied to it.
    pub position: Option<PositionIn>,
}

/// A column that the mapping names and the row does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the row has no column `{column}`; it has: {known}")]
pub struct NoColumn {
    /// The column.
    pub column: Arc<str>,
    /// Those there are.
    pub known: String,
}

/// Where a row differs from what it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The path of the state.
    pub path: JsonPointer,
    /// The column; none where the row is missing or should not be there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<Arc<str>>,
    /// What the log says.
    pub expected: Value,
    /// What the row holds.
    pub actual: Value,
}

/// A column that is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// The path of the state.
    pub path: JsonPointer,
    /// Whether the path is a guess by the column's name, so that spellings may differ.
    pub by_name: bool,
    /// The column.
    pub column: Arc<str>,
    /// What it holds.
    pub cell: Cell,
}

impl Compared {
    /// What the state has for this column.
    pub fn of_state<'s>(&self, state: &'s Value) -> Option<&'s Value> {
        let found = self.path.resolve(state);
        if found.is_some() || !self.by_name {
            return found;
        }
        let wanted = plain(&self.column);
        let members = state.as_object()?.iter();
        members.filter(|(name, _)| plain(name) == wanted).map(|(_, value)| value).next()
    }

    /// Whether the column holds what the state says.
    pub fn agrees(&self, state: &Value) -> bool {
        agrees(self.of_state(state), &self.cell)
    }
}

/// A name without what spellings differ by: `updatedAt` and `updated_at` are one.
fn plain(name: &str) -> Cow<'_, str> {
    if name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()) {
        return Cow::Borrowed(name);
    }
    let letters = name.chars().filter(|letter| !matches!(letter, '_' | '-'));
    Cow::Owned(letters.flat_map(char::to_lowercase).collect())
}

/// A row with what of it is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappedRow {
    /// The row; `None` when the store has none.
    pub row: Option<Row>,
    /// What of it is compared.
    pub compared: Vec<Compared>,
    /// The last record that the row says was applied to it.
    pub position: Option<Position>,
}

impl RowMapping {
    /// What of a row of this entity is compared.
    ///
    /// # Errors
    /// A column that is named and not there. A document may leave members out; a table may not.
    pub fn of_row(
        &self,
        entity: &EntityId,
        row: Option<Row>,
        is_document: bool,
    ) -> Result<MappedRow, NoColumn> {
        let Some(row) = row else {
            return Ok(MappedRow { row: None, compared: Vec::new(), position: None });
        };
        let cell = |column: &Arc<str>| match row.cell(column) {
            Some(cell) => Ok(cell.clone()),
            None if is_document => Ok(Cell::null()),
            None => {
                let known: Vec<&str> = row.cells.keys().map(|name| &**name).collect();
                Err(NoColumn { column: Arc::clone(column), known: known.join(", ") })
            }
        };
        let compared = if self.fields.is_empty() {
            let names = row.cells.iter().filter(|(name, _)| !self.is_left_out(name));
            let by_name = names.map(|(name, cell)| Compared {
                path: JsonPointer::root().member(name),
                by_name: true,
                column: Arc::clone(name),
                cell: cell.clone(),
            });
            by_name.filter(|compared| !is_id(compared, entity)).collect()
        } else {
            let named = self.fields.iter().filter(|(_, column)| !self.ignore.contains(column));
            let compared = named.map(|(path, column)| {
                let (path, column) = (path.clone(), Arc::clone(column));
                Ok(Compared { path, by_name: false, cell: cell(&column)?, column })
            });
            compared.collect::<Result<_, _>>()?
        };
        let position = match &self.position {
            None => None,
            Some(columns) => {
                let number = |cell: Cell| match &cell.value {
                    Value::Number(number) => number.as_i64(),
                    Value::String(text) => text.parse().ok(),
                    _ => None,
                };
                let partition = number(cell(&columns.partition)?);
                let offset = number(cell(&columns.offset)?);
                let partition = partition.and_then(|number| i32::try_from(number).ok());
                partition.zip(offset).map(|(partition, offset)| Position {
                    topic: Arc::clone(&columns.topic),
                    partition,
                    offset,
                })
            }
        };
        Ok(MappedRow { row: Some(row), compared, position })
    }

    /// Whether a column is not compared because of its name.
    fn is_left_out(&self, column: &Arc<str>) -> bool {
        let is_position = self
            .position
            .as_ref()
            .is_some_and(|position| [&position.partition, &position.offset].contains(&column));
        is_position || self.ignore.contains(column)
    }
}

/// Whether a column is called an id and holds that of the entity, which no event has to say.
fn is_id(compared: &Compared, entity: &EntityId) -> bool {
    let name = plain(&compared.column);
    let is_called_so = ["id", "key", "entity"].iter().any(|ending| name.ends_with(ending));
    let text = match &compared.cell.value {
        Value::String(text) => &**text,
        Value::Number(number) => number.as_str(),
        _ => return false,
    };
    is_called_so && entity.as_str() == Some(text)
}

impl MappedRow {
    /// Whether the row is what this state says. No state is no row.
    pub fn agrees(&self, state: &Value) -> bool {
        self.row.is_some() != state.is_null()
            && self.compared.iter().all(|compared| compared.agrees(state))
    }

    /// Where the row differs from what this state says, by path.
    pub fn differences(&self, state: &Value) -> Vec<Difference> {
        let whole = |expected: Value, actual: Value| {
            vec![Difference { path: JsonPointer::root(), column: None, expected, actual }]
        };
        match &self.row {
            None if state.is_null() => Vec::new(),
            None => whole(state.clone(), Value::Null),
            Some(row) if state.is_null() => whole(Value::Null, row.to_value()),
            Some(_) => {
                let wrong = self.compared.iter().filter(|compared| !compared.agrees(state));
                wrong.flat_map(|compared| differences_of(compared, state)).collect()
            }
        }
    }
}

/// Where a column differs: at its path, or deeper where both sides are JSON.
fn differences_of(compared: &Compared, state: &Value) -> Vec<Difference> {
    let expected = compared.of_state(state).cloned().unwrap_or_default();
    let at = |path: JsonPointer, expected: Value, actual: Value| {
        let column = Some(Arc::clone(&compared.column));
        Difference { path, column, expected, actual }
    };
    let is_nested = |value: &Value| matches!(value, Value::Array(_) | Value::Object(_));
    let actual = compared.cell.value.clone();
    if compared.cell.held != Held::Json || !is_nested(&expected) || !is_nested(&actual) {
        return vec![at(compared.path.clone(), expected, actual)];
    }
    let changes = fold::diff(&expected, &actual).into_iter();
    let deeper = changes.map(|change| {
        let path =
            change.path.tokens().fold(compared.path.clone(), |path, token| path.member(&token));
        at(path, change.from.unwrap_or_default(), change.to.unwrap_or_default())
    });
    deeper.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::json;

    /// The value of a JSON text.
    fn value(text: &str) -> Value {
        json::parse(text.as_bytes()).unwrap().value
    }

    /// A row of this JSON object, mapped.
    fn mapped(mapping: &RowMapping, row: &str) -> MappedRow {
        let row = Some(Row::of_document(&value(row)));
        mapping.of_row(&EntityId::new("o-1"), row, false).unwrap()
    }

    #[test]
    fn columns_are_compared_with_members_of_their_names_in_either_spelling() {
        let mapping = RowMapping { ignore: vec!["seen".into()], ..RowMapping::default() };
        let row = mapped(&mapping, r#"{"order_id":"o-1","status":"PAID","updated_at":7,"seen":1}"#);
        assert!(row.agrees(&value(r#"{"status":"PAID","updatedAt":7,"type":"OrderPaid"}"#)));
        let differences = row.differences(&value(r#"{"status":"NEW","updatedAt":7}"#));
        assert_eq!(
            serde_json::to_string(&differences).unwrap(),
            r#"[{"path":"/status","column":"status","expected":"NEW","actual":"PAID"}]"#
        );
    }

    #[test]
    fn a_column_that_happens_to_hold_the_entitys_id_is_compared() {
        let row = Row::of_document(&value(r#"{"id":2,"lines":2}"#));
        let row = RowMapping::default().of_row(&EntityId::new("2"), Some(row), false).unwrap();
        assert!(row.agrees(&value(r#"{"lines":2}"#)) && !row.agrees(&value(r#"{"lines":3}"#)));
    }

    #[test]
    fn a_column_that_no_state_knows_is_compared_all_the_same() {
        let row = mapped(&RowMapping::default(), r#"{"status":"PAID","discount":5}"#);
        assert!(!row.agrees(&value(r#"{"status":"PAID"}"#)));
    }

    #[test]
    fn fields_that_are_named_are_compared_alone_and_must_be_there() {
        let fields = vec![(JsonPointer::parse("/a/b").unwrap(), "x".into())];
        let mapping = RowMapping { fields, ..RowMapping::default() };
        let row = mapped(&mapping, r#"{"x":1,"y":2}"#);
        assert!(row.agrees(&value(r#"{"a":{"b":1.0}}"#)));
        let row = Some(Row::of_document(&value(r#"{"y":2}"#)));
        let missing = mapping.of_row(&EntityId::new("o-1"), row.clone(), false).unwrap_err();
        assert_eq!(missing.to_string(), "the row has no column `x`; it has: y");
        let document = mapping.of_row(&EntityId::new("o-1"), row, true).unwrap();
        assert!(document.agrees(&value("{}")), "a document leaves out what is null");
    }

    #[test]
    fn no_row_is_what_no_state_says_and_nothing_else() {
        let none = RowMapping::default().of_row(&EntityId::new("o-1"), None, false).unwrap();
        assert!(none.agrees(&Value::Null) && !none.agrees(&value("{}")));
        let there = mapped(&RowMapping::default(), "{}");
        assert!(there.agrees(&value("{}")) && !there.agrees(&Value::Null));
        assert_eq!(there.differences(&Value::Null).len(), 1);
    }

    #[test]
    fn json_columns_differ_where_they_differ() {
        let row = mapped(&RowMapping::default(), r#"{"lines":[{"n":1},{"n":2}]}"#);
        let differences = row.differences(&value(r#"{"lines":[{"n":1},{"n":3}]}"#));
        assert_eq!(differences[0].path.as_str(), "/lines/1/n");
    }

    #[test]
    fn the_position_of_a_row_is_read_and_not_compared() {
        let position = PositionIn { topic: "t".into(), partition: "p".into(), offset: "o".into() };
        let mapping = RowMapping { position: Some(position), ..RowMapping::default() };
        let row = mapped(&mapping, r#"{"n":1,"p":3,"o":"81204"}"#);
        assert_eq!(row.position.as_ref().unwrap().to_string(), "t-3@81204");
        assert!(row.agrees(&value(r#"{"n":1}"#)));
    }
}
