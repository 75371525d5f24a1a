//! Whether what a column holds is what the log says it should hold.
//!
//! Promises: two values agree exactly when the store could not have told them apart: decimals of
//! the same value, moments within the precision of the column, a missing member and `NULL`, a
//! boolean and 0 or 1, JSON whatever the order of its members. Nothing else is forgiven.
//! Does not know: which column belongs to which path.

use std::str::FromStr as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use sqlx::types::BigDecimal;

use super::row::{Cell, Held};
use crate::decode::json;
use crate::model::{Number, Value};

/// The longest literal that is calculated with; longer ones are only compared.
const CALCULATED_CHARACTERS_MAX: usize = 100;

/// Nanoseconds in a second.
const SECOND_NS: i128 = 1_000_000_000;

/// Whether a cell holds what the state says; `None` where the state has nothing at the path.
pub fn agrees(expected: Option<&Value>, cell: &Cell) -> bool {
    let expected = expected.unwrap_or(&Value::Null);
    match (expected, &cell.value) {
        (Value::Null, actual) | (actual, Value::Null) => actual.is_null() && expected.is_null(),
        (Value::Bool(expected), actual) => is_bool(*expected, actual),
        (Value::Number(expected), Value::Number(actual)) => is_number(expected, actual, cell.held),
        (Value::Number(expected), Value::String(actual)) => match cell.held {
            Held::Moment { digits } => moment_of_number(expected)
                .zip(moment(actual))
                .is_some_and(|(one, other)| is_moment(one, other, digits)),
            _ => Number::from_literal(actual).is_ok_and(|actual| *expected == actual),
        },
        (Value::String(expected), Value::Number(actual)) => Number::from_literal(expected)
            .is_ok_and(|expected| is_number(&expected, actual, cell.held)),
        (Value::String(expected), Value::String(actual)) => is_text(expected, actual, cell.held),
        (expected @ (Value::Array(_) | Value::Object(_)), Value::String(actual)) => {
            json::parse(actual.as_bytes()).is_ok_and(|actual| *expected == actual.value)
        }
        (Value::String(expected), actual) if cell.held == Held::Bytes => is_bytes(expected, actual),
        (Value::Array(expected), Value::Array(actual)) => {
            let element = |(expected, actual): (&Value, &Value)| {
                let cell = Cell::new(actual.clone(), element_of(cell.held));
                agrees(Some(expected), &cell)
            };
            expected.len() == actual.len() && expected.iter().zip(actual.iter()).all(element)
        }
        (expected, actual) => expected == actual,
    }
}

/// How the elements of an array are held: JSON is exact all the way down.
fn element_of(held: Held) -> Held {
    if held == Held::Json { Held::Exact } else { held }
}

/// Whether a value stands for this boolean: itself, 0 or 1, or one of the words of stores that hold
/// texts alone.
fn is_bool(expected: bool, actual: &Value) -> bool {
    match actual {
        Value::Bool(actual) => expected == *actual,
        Value::Number(actual) => actual.as_i64() == Some(i64::from(expected)),
        Value::String(actual) => {
            let words = if expected { ["true", "t", "1"] } else { ["false", "f", "0"] };
            words.iter().any(|word| actual.eq_ignore_ascii_case(word))
        }
        _ => false,
    }
}

/// Whether a number is what became of another when it was stored.
fn is_number(expected: &Number, actual: &Number, held: Held) -> bool {
    if expected == actual {
        return true;
    }
    match held {
        Held::Double => {
            let parsed = |number: &Number| number.as_str().parse::<f64>().map(f64::to_bits);
            parsed(expected).is_ok_and(|expected| parsed(actual) == Ok(expected))
        }
        Held::Single => {
            let parsed = |number: &Number| number.as_str().parse::<f32>().map(f32::to_bits);
            parsed(expected).is_ok_and(|expected| parsed(actual) == Ok(expected))
        }
        Held::Decimal => is_rounded(expected.as_str(), actual.as_str()),
        _ => false,
    }
}

/// Whether a decimal of a fixed number of places is another one rounded to them.
fn is_rounded(expected: &str, actual: &str) -> bool {
    let places = actual.split_once('.').map_or(0, |(_, places)| places.len());
    let is_calculated =
        |text: &str| text.len() <= CALCULATED_CHARACTERS_MAX && !text.contains(['e', 'E']);
    if !is_calculated(expected) || !is_calculated(actual) {
        return false;
    }
    let decimals = (BigDecimal::from_str(expected), BigDecimal::from_str(actual));
    let half = BigDecimal::from_str(&format!("5e-{}", places + 1));
    let ((Ok(expected), Ok(actual)), Ok(half)) = (decimals, half) else { return false };
    (expected - actual).abs() <= half
}

/// Whether a text is what became of another when it was stored.
fn is_text(expected: &str, actual: &str, held: Held) -> bool {
    if expected == actual {
        return true;
    }
    match held {
        Held::Padded => expected.trim_end_matches(' ') == actual.trim_end_matches(' '),
        Held::Uuid => expected.eq_ignore_ascii_case(actual),
        Held::Moment { digits } => {
            let both = moment(expected).zip(moment(actual));
            both.is_some_and(|(one, other)| is_moment(one, other, digits))
        }
        // The same moment in another zone or with more zeros; a text without a zone is no moment.
        Held::Text => match (expected.parse::<Timestamp>(), actual.parse::<Timestamp>()) {
            (Ok(expected), Ok(actual)) => expected == actual,
            _ => false,
        },
        _ => false,
    }
}

/// Whether bytes are what a text stands for: base64, or the text itself.
fn is_bytes(expected: &str, actual: &Value) -> bool {
    let Some(actual) = actual.get("base64").and_then(Value::as_str) else { return false };
    expected == actual || BASE64.encode(expected) == actual
}

/// The nanoseconds since the epoch of a moment that is written as text, a date or date-time without
/// a zone being one in UTC.
fn moment(text: &str) -> Option<i128> {
    let with_zone = || text.parse::<Timestamp>().ok();
    let in_utc = |time: DateTime| time.to_zoned(TimeZone::UTC).ok().map(|time| time.timestamp());
    let without_zone = || text.parse::<DateTime>().ok().and_then(in_utc);
    let date = || {
        text.parse::<Date>()
            .ok()
            .and_then(|date| in_utc(date.to_datetime(jiff::civil::Time::midnight())))
    };
    with_zone().or_else(without_zone).or_else(date).map(Timestamp::as_nanosecond)
}

/// The nanoseconds since the epoch of a number of seconds, milliseconds, microseconds or
/// nanoseconds, told apart by their digits.
fn moment_of_number(number: &Number) -> Option<i128> {
    let number = number.as_i64()?;
    let unit = match number.unsigned_abs().checked_ilog10().unwrap_or(0) + 1 {
        ..=11 => SECOND_NS,
        12..=14 => 1_000_000,
        15..=17 => 1_000,
        _ => 1,
    };
    Some(i128::from(number) * unit)
}

/// Whether a moment, in nanoseconds, is another one cut or rounded to this many digits of a second.
fn is_moment(expected: i128, actual: i128, digits: u8) -> bool {
    let unit = SECOND_NS / 10_i128.pow(u32::from(digits.min(9)));
    let is_cut = expected.div_euclid(unit) == actual.div_euclid(unit);
    is_cut || ((expected - actual).abs() * 2 <= unit && actual.rem_euclid(unit) == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The value of a JSON text.
    fn value(text: &str) -> Value {
        json::parse(text.as_bytes()).unwrap().value
    }

    /// Asserts that a state's value agrees with what is held, or does not.
    fn check(expected: &str, actual: &str, held: Held, does: bool) {
        let cell = Cell::new(value(actual), held);
        assert_eq!(agrees(Some(&value(expected)), &cell), does, "{expected} {actual} {held:?}");
    }

    #[test]
    fn numbers_agree_by_their_value_and_by_what_the_column_can_hold() {
        check("10.50", "10.5", Held::Exact, true);
        check("10.51", "10.5", Held::Exact, false);
        check("9007199254740993", "9007199254740992", Held::Exact, false);
        check("9007199254740993", "9007199254740992", Held::Double, true);
        check("0.1", "0.10000000149011612", Held::Single, true);
        check("10.505", "10.51", Held::Decimal, true);
        check("10.505", "10.50", Held::Decimal, true);
        check("10.505", "10.52", Held::Decimal, false);
        check("10", "10.00", Held::Decimal, true);
        check("\"10.50\"", "10.5", Held::Decimal, true);
        check("10.5", "\"10.50\"", Held::Text, true);
        check("1e999999999", "1.00", Held::Decimal, false);
    }

    #[test]
    fn booleans_agree_with_what_stores_hold_instead_of_them() {
        check("true", "1", Held::Exact, true);
        check("false", "0", Held::Exact, true);
        check("true", "0", Held::Exact, false);
        check("true", "2", Held::Exact, false);
        check("true", "\"t\"", Held::Text, true);
        check("false", "true", Held::Exact, false);
    }

    #[test]
    fn nothing_and_null_are_the_same_and_nothing_else_is_null() {
        assert!(agrees(None, &Cell::null()));
        check("null", "null", Held::Exact, true);
        check("null", "\"\"", Held::Text, false);
        check("0", "null", Held::Exact, false);
        check("false", "null", Held::Exact, false);
    }

    #[test]
    fn moments_agree_within_the_precision_of_the_column_and_over_zones() {
        let micro = Held::Moment { digits: 6 };
        check("\"2026-01-01T01:00:00+01:00\"", "\"2026-01-01T00:00:00Z\"", micro, true);
        check("\"2026-01-01T00:00:00.1234567Z\"", "\"2026-01-01T00:00:00.123457Z\"", micro, true);
        check("\"2026-01-01T00:00:00.1234567Z\"", "\"2026-01-01T00:00:00.123456Z\"", micro, true);
        check("\"2026-01-01T00:00:00.123Z\"", "\"2026-01-01T00:00:00.124Z\"", micro, false);
        check("1767225600000", "\"2026-01-01T00:00:00Z\"", micro, true);
        check("1767225600", "\"2026-01-01T00:00:00\"", Held::Moment { digits: 0 }, true);
        check("\"2026-01-01\"", "\"2026-01-01\"", Held::Moment { digits: 0 }, true);
        check("\"2026-01-01T00:00:00Z\"", "\"2026-01-01T00:00:00.000Z\"", Held::Text, true);
        check("\"paid\"", "\"PAID\"", Held::Text, false);
    }

    #[test]
    fn json_agrees_whatever_the_order_of_members_and_wherever_it_is_held() {
        check(r#"{"a":1,"b":[1.0]}"#, r#"{"b":[1],"a":1}"#, Held::Json, true);
        check(r#"{"a":1}"#, r#""{ \"a\": 1.0 }""#, Held::Text, true);
        check(r#"["a","b"]"#, r#"["b","a"]"#, Held::Json, false);
        check("\"aGk=\"", r#"{"base64":"aGk="}"#, Held::Bytes, true);
        check("\"hi\"", r#"{"base64":"aGk="}"#, Held::Bytes, true);
        check("\"AB\"", "\"ab\"", Held::Uuid, true);
        check("\"ab\"", "\"ab   \"", Held::Padded, true);
    }
}
