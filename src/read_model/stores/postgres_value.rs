//! Values of PostgreSQL in the binary form that its servers send.
//!
//! Promises: a `numeric` keeps its digits and its scale, a timestamp its microseconds; what has no
//! form here is refused by its name.
//! Does not know: connections.

use jiff::civil::{Date, DateTime, Time};
use jiff::{SignedDuration, ToSpan as _};
use sqlx::TypeInfo as _;
use sqlx::postgres::{PgTypeInfo, PgTypeKind};

use crate::decode::json;
use crate::model::{Number, Value};
use crate::read_model::row::{Cell, Held};

/// A type that is not read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unread {
    /// Its name.
    pub(super) type_name: String,
}

/// How many digits of the second a timestamp has.
const MICROSECONDS: u8 = 6;

/// Microseconds in a day.
const DAY_US: i64 = 86_400_000_000;

/// A value of this type.
pub(super) fn cell(kind: &PgTypeInfo, bytes: &[u8]) -> Result<Cell, Unread> {
    let unread = || Unread { type_name: kind.name().to_owned() };
    // A type that nobody has looked up has no kind either.
    if kind.name() == "?" {
        return Err(unread());
    }
    match kind.kind() {
        PgTypeKind::Enum(_) => return text(bytes, Held::Text).ok_or_else(unread),
        PgTypeKind::Domain(inner) => return cell(inner, bytes),
        PgTypeKind::Array(element) => return array(element, bytes).ok_or_else(unread),
        _ => {}
    }
    match kind.name().strip_suffix("[]") {
        Some(element) => array_of(element, bytes),
        None => scalar(kind.name(), bytes),
    }
    .ok_or_else(unread)
}

/// A value of a type with this name that has no parts.
fn scalar(name: &str, bytes: &[u8]) -> Option<Cell> {
    let exact = |value: Value| Some(Cell::new(value, Held::Exact));
    match name {
        "BOOL" => exact(Value::Bool(*bytes.first()? != 0)),
        "INT2" => exact(Value::from(i64::from(i16::from_be_bytes(bytes.try_into().ok()?)))),
        "INT4" => exact(Value::from(i64::from(i32::from_be_bytes(bytes.try_into().ok()?)))),
        "INT8" => exact(Value::from(i64::from_be_bytes(bytes.try_into().ok()?))),
        "OID" => exact(Value::from(u64::from(u32::from_be_bytes(bytes.try_into().ok()?)))),
        "FLOAT4" => {
            let number = f32::from_be_bytes(bytes.try_into().ok()?);
            Some(binary(&format!("{number:?}"), Held::Single))
        }
        "FLOAT8" => {
            let number = f64::from_be_bytes(bytes.try_into().ok()?);
            Some(binary(&format!("{number:?}"), Held::Double))
        }
        "NUMERIC" => numeric(bytes),
        "TEXT" | "VARCHAR" | "NAME" | "CITEXT" | "XML" | "UNKNOWN" => text(bytes, Held::Text),
        "CHAR" => text(bytes, Held::Padded),
        "\"CHAR\"" => text(bytes, Held::Text),
        "BYTEA" => Some(Cell::bytes(bytes)),
        "UUID" => {
            let id = sqlx::types::Uuid::from_slice(bytes).ok()?;
            Some(Cell::new(Value::string(id.to_string()), Held::Uuid))
        }
        "JSON" => Some(Cell::new(json::parse(bytes).ok()?.value, Held::Json)),
        "JSONB" => Some(Cell::new(json::parse(bytes.strip_prefix(&[1])?).ok()?.value, Held::Json)),
        "TIMESTAMP" => moment(bytes, ""),
        "TIMESTAMPTZ" => moment(bytes, "Z"),
        "DATE" => {
            let days = i32::from_be_bytes(bytes.try_into().ok()?);
            let date = epoch().date().checked_add(i64::from(days).days()).ok()?;
            Some(Cell::new(Value::string(date.to_string()), Held::Moment { digits: 0 }))
        }
        "TIME" => {
            let time_us = i64::from_be_bytes(bytes.try_into().ok()?);
            let time = Time::midnight()
                .checked_add(SignedDuration::from_micros(time_us.min(DAY_US - 1)))
                .ok()?;
            Some(Cell::new(Value::string(time.to_string()), Held::Text))
        }
        _ => None,
    }
}

/// Text.
fn text(bytes: &[u8], held: Held) -> Option<Cell> {
    Some(Cell::new(Value::string(std::str::from_utf8(bytes).ok()?), held))
}

/// A binary number by its shortest decimal; what is no number, as text.
fn binary(literal: &str, held: Held) -> Cell {
    match Number::from_literal(literal.trim_end_matches(".0")) {
        Ok(number) => Cell::new(Value::Number(number), held),
        Err(_no_number) => Cell::new(Value::string(literal), Held::Text),
    }
}

/// The moment that PostgreSQL counts from.
fn epoch() -> DateTime {
    DateTime::from_parts(Date::constant(2000, 1, 1), Time::midnight())
}

/// A timestamp, with this zone behind it.
fn moment(bytes: &[u8], zone: &str) -> Option<Cell> {
    let time_us = i64::from_be_bytes(bytes.try_into().ok()?);
    let text = match time_us {
        i64::MAX => "infinity".to_owned(),
        i64::MIN => "-infinity".to_owned(),
        time_us => {
            let time = epoch().checked_add(SignedDuration::from_micros(time_us)).ok()?;
            format!("{time:.6}{zone}")
        }
    };
    Some(Cell::new(Value::string(text), Held::Moment { digits: MICROSECONDS }))
}

/// A decimal: four 16-bit numbers (count of groups, weight of the first, sign, scale), then groups
/// of four digits.
fn numeric(bytes: &[u8]) -> Option<Cell> {
    let word = |index: usize| {
        let pair = bytes.get(index * 2..index * 2 + 2)?;
        Some(u16::from_be_bytes(pair.try_into().ok()?))
    };
    let (count, weight, sign, scale) = (word(0)?, word(1)?.cast_signed(), word(2)?, word(3)?);
    let special = match sign {
        0xc000 => Some("NaN"),
        0xd000 => Some("Infinity"),
        0xf000 => Some("-Infinity"),
        _ => None,
    };
    if let Some(special) = special {
        return Some(Cell::new(Value::string(special), Held::Text));
    }
    let group = |place: i32| -> Option<String> {
        let index = i32::from(weight) - place;
        let inside = (0..i32::from(count)).contains(&index);
        let digits = if inside { word(4 + usize::try_from(index).ok()?)? } else { 0 };
        Some(format!("{digits:04}"))
    };
    let mut integer = String::new();
    for place in (0..=i32::from(weight)).rev() {
        integer += &group(place)?;
    }
    let mut fraction = String::new();
    let mut place = -1;
    while fraction.len() < usize::from(scale) {
        fraction += &group(place)?;
        place -= 1;
    }
    fraction.truncate(usize::from(scale));
    let integer = integer.trim_start_matches('0');
    let integer = if integer.is_empty() { "0" } else { integer };
    let point = if fraction.is_empty() { "" } else { "." };
    let minus = if sign == 0x4000 { "-" } else { "" };
    let literal = format!("{minus}{integer}{point}{fraction}");
    let number = Number::from_literal(&literal).ok()?;
    Some(Cell::new(Value::Number(number), Held::Decimal))
}

/// An array whose elements are of this type.
fn array(element: &PgTypeInfo, bytes: &[u8]) -> Option<Cell> {
    elements(bytes, &|bytes| cell(element, bytes).ok())
}

/// An array whose elements are of the type with this name.
fn array_of(element: &str, bytes: &[u8]) -> Option<Cell> {
    elements(bytes, &|bytes| scalar(element, bytes))
}

/// The elements of an array of one dimension: dimensions, flags, type, then size and lower bound of
/// the dimension, then each element behind its length.
fn elements(bytes: &[u8], read: &dyn Fn(&[u8]) -> Option<Cell>) -> Option<Cell> {
    let int = |at: usize| Some(i32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    let dimensions = int(0)?;
    if dimensions == 0 {
        return Some(Cell::new(Value::array([]), Held::Json));
    }
    if dimensions != 1 {
        return None;
    }
    let (mut at, mut held, mut values) = (20, Held::Exact, Vec::new());
    for _ in 0..int(12)? {
        let length = int(at)?;
        at += 4;
        let Ok(length) = usize::try_from(length) else {
            values.push(Value::Null);
            continue;
        };
        let element = read(bytes.get(at..at + length)?)?;
        at += length;
        held = element.held;
        values.push(element.value);
    }
    Some(Cell::new(Value::array(values), held))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words of a decimal as a server sends them.
    fn decimal(words: &[u16]) -> String {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        numeric(&bytes).unwrap().value.to_json()
    }

    #[test]
    fn decimals_keep_their_digits_and_their_scale() {
        assert_eq!(decimal(&[2, 0, 0, 2, 10, 5000]), "10.50");
        assert_eq!(decimal(&[0, 0, 0, 2]), "0.00");
        assert_eq!(decimal(&[1, 1, 0x4000, 0, 12]), "-120000");
        assert_eq!(decimal(&[1, 0xffff, 0, 6, 1]), "0.000100");
        assert_eq!(decimal(&[1, 0xfffe, 0, 8, 1]), "0.00000001");
        assert_eq!(decimal(&[0, 0, 0xc000, 0]), "\"NaN\"");
    }

    #[test]
    fn moments_keep_their_microseconds() {
        let at = |time_us: i64, zone| moment(&time_us.to_be_bytes(), zone).unwrap().value.to_json();
        assert_eq!(at(1, "Z"), "\"2000-01-01T00:00:00.000001Z\"");
        assert_eq!(at(-DAY_US, ""), "\"1999-12-31T00:00:00.000000\"");
        assert_eq!(at(i64::MAX, "Z"), "\"infinity\"");
    }
}
