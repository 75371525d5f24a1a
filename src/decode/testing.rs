//! Arbitrary values for property tests.

use proptest::prelude::*;

use crate::model::{Number, Value};

/// Any JSON value of moderate size, with few names so that paths meet.
pub(crate) fn any_value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?"
            .prop_map(|literal| Value::Number(Number::from_literal(&literal).unwrap())),
        (0_i64..3).prop_map(Value::from),
        any::<String>().prop_map(Value::string),
    ];
    scalar.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::array),
            members(inner).prop_map(Value::object),
        ]
    })
}

/// Members of an object with these values.
pub(crate) fn members(
    value: impl Strategy<Value = Value>,
) -> impl Strategy<Value = Vec<(String, Value)>> {
    // Names that sort before and after a slash, need escaping, or look like indexes.
    proptest::collection::vec(("[ab~/!0-2]{0,2}", value), 0..4)
}
