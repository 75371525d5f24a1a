//! A JSON value with shared structure and exact numbers.
//!
//! Promises: cloning is cheap at any size; numbers keep their digits and compare by decimal value;
//! objects keep the order of their members for display and compare without it.
//! Does not know: how JSON text is read (`decode`) or how values change (`fold`).

use std::sync::Arc;

use indexmap::IndexMap;
use serde::ser::{SerializeMap as _, SerializeSeq as _};
use serde::{Serialize, Serializer};

use super::Number;

/// The members of a JSON object in the order they stood.
pub type Object = IndexMap<Arc<str>, Value>;

/// A JSON value. Strings, arrays and objects are shared between clones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Value {
    /// `null`: also the state before the first event and after a delete.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number with its digits.
    Number(Number),
    /// A string.
    String(Arc<str>),
    /// An array.
    Array(Arc<[Self]>),
    /// An object.
    Object(Arc<Object>),
}

impl Value {
    /// A string value.
    pub fn string(text: impl Into<Arc<str>>) -> Self {
        Self::String(text.into())
    }

    /// An object of these members; of members with the same name the last one wins.
    pub fn object<N: Into<Arc<str>>>(members: impl IntoIterator<Item = (N, Self)>) -> Self {
        Self::Object(Arc::new(
            members.into_iter().map(|(name, value)| (name.into(), value)).collect(),
        ))
    }

    /// An array of these elements.
    pub fn array(elements: impl IntoIterator<Item = Self>) -> Self {
        Self::Array(elements.into_iter().collect())
    }

    /// Whether this is `null`.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The text of a string value.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The members of an object.
    pub fn as_object(&self) -> Option<&Object> {
        match self {
            Self::Object(members) => Some(members),
            _ => None,
        }
    }

    /// The value of this member, when this is an object that has it.
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.as_object().and_then(|members| members.get(name))
    }

    /// Whether this is a leaf of a state: a scalar, or an empty object or array.
    pub fn is_leaf(&self) -> bool {
        match self {
            Self::Array(elements) => elements.is_empty(),
            Self::Object(members) => members.is_empty(),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::String(_) => true,
        }
    }

    /// The value as compact JSON text, numbers with their digits.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a value has string keys and JSON numbers only")
    }

    /// A rough size in memory, in bytes, not counting what is shared twice. Used to keep budgets.
    pub fn memory_bytes(&self) -> usize {
        let own = size_of::<Self>();
        match self {
            Self::Null | Self::Bool(_) => own,
            Self::Number(number) => own + number.as_str().len() + 16,
            Self::String(text) => own + text.len() + 16,
            Self::Array(elements) => {
                own + 16 + elements.iter().map(Self::memory_bytes).sum::<usize>()
            }
            Self::Object(members) => {
                own + 64
                    + members
                        .iter()
                        .map(|(name, value)| name.len() + 48 + value.memory_bytes())
                        .sum::<usize>()
            }
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Number(value.into())
    }
}

impl From<u64> for Value {
    fn from(value: u64) -> Self {
        Self::Number(value.into())
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::string(value)
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(number) => number.serialize(serializer),
            Self::String(text) => serializer.serialize_str(text),
            Self::Array(elements) => {
                let mut sequence = serializer.serialize_seq(Some(elements.len()))?;
                for element in elements.iter() {
                    sequence.serialize_element(element)?;
                }
                sequence.end()
            }
            Self::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (name, value) in members.iter() {
                    map.serialize_entry(&**name, value)?;
                }
                map.end()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_equal_whatever_the_order_of_their_members() {
        let one = Value::object([("a", Value::from(1_i64)), ("b", Value::Null)]);
        let two = Value::object([("b", Value::Null), ("a", Value::from(1_i64))]);
        assert_eq!(one, two);
        assert_eq!(one.to_json(), r#"{"a":1,"b":null}"#);
    }

    #[test]
    fn empty_objects_and_arrays_are_leaves() {
        assert!(
            Value::array([]).is_leaf() && Value::object::<&str>([]).is_leaf(),
            "nothing lies below them"
        );
        assert!(!Value::array([Value::Null]).is_leaf(), "its element lies below it");
    }
}
