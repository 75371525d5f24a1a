//! A row of a read model, as exact JSON values.
//!
//! Promises: numbers keep every digit the store sent, bytes are bytes, and each value says how the
//! store holds it, since that decides what may differ from the log without being wrong.
//! Does not know: stores, states.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use indexmap::IndexMap;

use crate::model::Value;

/// How a store holds a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Held {
    /// As it is: integers, booleans, null, and what a document holds.
    #[default]
    Exact,
    /// A decimal of a fixed number of places: what has more is rounded when it is written.
    Decimal,
    /// A binary number of 64 bits.
    Double,
    /// A binary number of 32 bits.
    Single,
    /// Text.
    Text,
    /// Text of a fixed length, padded with blanks.
    Padded,
    /// A moment, written as text by RFC 3339; without a zone it is taken as one in UTC.
    Moment {
        /// How many digits of the second the type keeps.
        digits: u8,
    },
    /// JSON in a column of its own.
    Json,
    /// Bytes, as `{"base64": "…"}`.
    Bytes,
    /// An identifier whose letters may be of either case.
    Uuid,
}

/// A value in a column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// The value.
    pub value: Value,
    /// How the store holds it.
    pub held: Held,
}

impl Cell {
    /// A value that is held like this.
    pub fn new(value: Value, held: Held) -> Self {
        Self { value, held }
    }

    /// Bytes.
    pub fn bytes(bytes: &[u8]) -> Self {
        let text = Value::string(BASE64.encode(bytes));
        Self::new(Value::object([("base64", text)]), Held::Bytes)
    }

    /// No value.
    pub fn null() -> Self {
        Self::default()
    }
}

/// A row: its cells by the names of their columns, in the order of the store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// The cells.
    pub cells: IndexMap<Arc<str>, Cell>,
}

impl Row {
    /// A row of these cells.
    pub fn new<N: Into<Arc<str>>>(cells: impl IntoIterator<Item = (N, Cell)>) -> Self {
        Self { cells: cells.into_iter().map(|(name, cell)| (name.into(), cell)).collect() }
    }

    /// The row of a JSON document: a column for each member.
    pub fn of_document(document: &Value) -> Self {
        let members = document.as_object().into_iter().flatten();
        Self::new(members.map(|(name, value)| {
            let held = match value {
                Value::String(_) => Held::Text,
                Value::Array(_) | Value::Object(_) => Held::Json,
                Value::Null | Value::Bool(_) | Value::Number(_) => Held::Exact,
            };
            (Arc::clone(name), Cell::new(value.clone(), held))
        }))
    }

    /// The cell of a column.
    pub fn cell(&self, column: &str) -> Option<&Cell> {
        self.cells.get(column)
    }

    /// The row as a JSON object.
    pub fn to_value(&self) -> Value {
        Value::object(self.cells.iter().map(|(name, cell)| (Arc::clone(name), cell.value.clone())))
    }
}
