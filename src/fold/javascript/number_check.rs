//! Numbers that JavaScript would round.
//!
//! Promises: a number is told exactly when the decimal value that JavaScript prints for it is
//! another one; looking for such numbers costs next to nothing where there are none.
//! Does not know: which handler reads them.

use crate::decode::json;
use crate::model::{JsonPointer, Number, Value};

/// Up to how many characters every literal without an exponent is held exactly: 15 digits, a sign
/// and a point are.
const ALWAYS_EXACT: usize = 15;

/// Where the numbers of a JSON text are that JavaScript would round, in the order of the text.
pub(super) fn inexact_numbers(text: &[u8]) -> Vec<JsonPointer> {
    let mut found = Vec::new();
    if may_hold_inexact(text)
        && let Ok(parsed) = json::parse(text)
    {
        collect(&JsonPointer::root(), &parsed.value, &mut found);
    }
    found
}

/// The JSON text with texts in place of the numbers that JavaScript would round; `None` when there
/// are none.
pub(super) fn exact_numbers(text: &[u8]) -> Option<Vec<u8>> {
    if !may_hold_inexact(text) {
        return None;
    }
    let value = json::parse(text).ok()?.value;
    let exact = as_texts(&value)?;
    Some(exact.to_json().into_bytes())
}

/// Whether a JSON text may hold a number that would be rounded. Strings are passed over: ids often
/// look like numbers.
fn may_hold_inexact(mut text: &[u8]) -> bool {
    while let Some(quote) = memchr::memchr(b'"', text) {
        if may_be_inexact(&text[..quote]) {
            return true;
        }
        text = after_string(&text[quote + 1..]);
    }
    may_be_inexact(text)
}

/// What follows a string of which this is the rest.
fn after_string(mut text: &[u8]) -> &[u8] {
    while let Some(place) = memchr::memchr2(b'"', b'\\', text) {
        if text[place] == b'"' {
            return &text[place + 1..];
        }
        // What is escaped is one character at least.
        text = text.get(place + 2..).unwrap_or_default();
    }
    &[]
}

/// Whether text without strings may hold a number that would be rounded: 16 characters of a number
/// in a row, or an exponent.
fn may_be_inexact(text: &[u8]) -> bool {
    let of_number =
        |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+' | b'e' | b'E');
    // A run that is long enough covers one of these places.
    let mut probes = (ALWAYS_EXACT..text.len()).step_by(ALWAYS_EXACT + 1);
    let long = probes.any(|place| {
        let before = text[..place].iter().rev().take_while(|byte| of_number(byte)).count();
        let after = text[place..].iter().take_while(|byte| of_number(byte)).count();
        of_number(&text[place]) && before + after > ALWAYS_EXACT
    });
    long || text.windows(2).any(|pair| pair[0].is_ascii_digit() && (pair[1] | 0x20) == b'e')
}

/// Adds the places of the numbers at and below this one.
fn collect(place: &JsonPointer, value: &Value, found: &mut Vec<JsonPointer>) {
    match value {
        Value::Number(number) if !is_exact(number) => found.push(place.clone()),
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                collect(&place.element(index), element, found);
            }
        }
        Value::Object(members) => {
            for (name, member) in members.iter() {
                collect(&place.member(name), member, found);
            }
        }
        _ => {}
    }
}

/// The same value with texts in place of numbers that would be rounded; `None` when there are none.
fn as_texts(value: &Value) -> Option<Value> {
    match value {
        Value::Number(number) if !is_exact(number) => Some(Value::string(number.as_str())),
        Value::Array(elements) => {
            let changed: Vec<Option<Value>> = elements.iter().map(as_texts).collect();
            changed.iter().any(Option::is_some).then(|| {
                let pairs = changed.into_iter().zip(elements.iter());
                Value::array(pairs.map(|(new, old)| new.unwrap_or_else(|| old.clone())))
            })
        }
        Value::Object(members) => {
            let changed: Vec<Option<Value>> = members.values().map(as_texts).collect();
            changed.iter().any(Option::is_some).then(|| {
                let pairs = changed.into_iter().zip(members.iter());
                Value::object(
                    pairs.map(|(new, (name, old))| {
                        (name.clone(), new.unwrap_or_else(|| old.clone()))
                    }),
                )
            })
        }
        _ => None,
    }
}

/// Whether JavaScript prints the same decimal value for this number.
fn is_exact(number: &Number) -> bool {
    let Ok(double) = number.as_str().parse::<f64>() else { return false };
    // Both print the shortest decimal that means the double.
    double.is_finite()
        && Number::from_literal(&format!("{double:e}")).is_ok_and(|held| held == *number)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::decode::testing::any_value;

    /// The places in this text.
    fn places(text: &str) -> Vec<String> {
        inexact_numbers(text.as_bytes()).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_number_is_told_when_javascript_prints_another_value() {
        for exact in [
            "0",
            "-0.0",
            "1.10",
            "0.1",
            "9007199254740992",
            "123456789012345",
            "-1234567890123.25",
            "1e21",
            "5e-324",
            "1.7976931348623157e308",
            "100000000000000000000",
            "1E+2",
            "0.30000000000000004",
        ] {
            assert_eq!(places(exact), [""; 0], "{exact}");
        }
        for inexact in [
            "9007199254740993",
            "18446744073709551616123",
            "3.141592653589793238",
            "1e400",
            "-1e-400",
            "0.1000000000000000055",
            "12345678901234567890.5",
        ] {
            assert_eq!(places(inexact), [""], "{inexact}");
        }
    }

    #[test]
    fn the_fields_are_named_wherever_they_are() {
        let text =
            r#"{"id":"12345678901234567890","a":[1,{"big":9007199254740993}],"t/t":1e999,"n":5}"#;
        assert_eq!(places(text), ["/a/1/big", "/t~1t"]);
        let exact = exact_numbers(text.as_bytes()).unwrap();
        let expected = r#"{"id":"12345678901234567890","a":[1,{"big":"9007199254740993"}],"t/t":"1e999","n":5}"#;
        assert_eq!(String::from_utf8(exact).unwrap(), expected);
        assert_eq!(exact_numbers(br#"{"a":1.5,"b":"9007199254740993"}"#), None);
    }

    proptest! {
        #[test]
        fn passing_over_what_is_always_exact_misses_nothing(
            value in any_value(), texts in proptest::collection::vec(r#"[0-9e."\\{}:,]{0,24}"#, 0..3),
        ) {
            let texts = Value::array(texts.into_iter().map(Value::string));
            let value = Value::array([texts, value]);
            let mut all = Vec::new();
            collect(&JsonPointer::root(), &value, &mut all);
            prop_assert_eq!(inexact_numbers(value.to_json().as_bytes()), all);
        }
    }

    #[test]
    fn every_place_of_a_long_number_is_found() {
        for before in 0..40 {
            let text = format!(r#"{{"{}":9007199254740993}}"#, "x".repeat(before));
            assert_eq!(places(&text).len(), 1, "{text}");
        }
    }
}
