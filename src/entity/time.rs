//! The time an event names for itself.
//!
//! Promises: a text or number that is no time is none, never a guess far off; what is read is exact
//! to the millisecond, rounded down.
//! Does not know: Kafka's own timestamps.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::strtime;
use jiff::fmt::temporal::Pieces;

use super::selector::Found;
use crate::model::Value;

/// The time found, in milliseconds since the epoch.
///
/// Text is read as RFC 3339, without an offset as UTC. A number, also one written as text, counts
/// seconds, milliseconds, microseconds or nanoseconds since the epoch; which of them its size
/// tells: up to 10¹¹ seconds (the year 5138), up to 10¹⁴ milliseconds, up to 10¹⁷ microseconds
/// (both the same year), beyond that nanoseconds. It may have a fraction and an exponent. An array
/// is what Jackson makes of a local date and time: year, month, day, hour, minute, second,
/// nanosecond, in UTC.
pub(super) fn time_ms(found: &Found<'_>) -> Option<i64> {
    if let Found::Json(Value::Array(parts)) = found {
        return from_parts(parts);
    }
    if let Some(integer) = found.integer() {
        return Some(from_epoch(integer));
    }
    let text = found.text()?;
    match found {
        Found::Json(Value::Number(_)) => from_decimal(&text),
        Found::Json(Value::Bool(_)) => None,
        _ => from_decimal(text.trim()).or_else(|| from_text(&text)),
    }
}

/// The milliseconds of an integer since the epoch, its unit told by its size.
fn from_epoch(integer: i64) -> i64 {
    let unit_ns = unit_ns(i128::from(integer.unsigned_abs()));
    let ms = (i128::from(integer) * unit_ns).div_euclid(NS_PER_MS);
    i64::try_from(ms).expect("the larger the number, the smaller its unit")
}

/// Nanoseconds in a millisecond.
const NS_PER_MS: i128 = 1_000_000;

/// The nanoseconds of the unit that a number of this size counts.
fn unit_ns(size: i128) -> i128 {
    const SECONDS: i128 = 100_000_000_000;
    match size {
        0..SECONDS => 1_000_000_000,
        _ if size < SECONDS * 1000 => NS_PER_MS,
        _ if size < SECONDS * 1_000_000 => 1000,
        _ => 1,
    }
}

/// The milliseconds of a decimal number since the epoch, its unit told by its size. `None` when the
/// text is none, or has more digits than any time needs.
fn from_decimal(literal: &str) -> Option<i64> {
    /// More digits than this say nothing about a time, in front of the point and behind it.
    const DIGITS: i32 = 30;
    let (sign, unsigned) = literal.strip_prefix('-').map_or((1, literal), |rest| (-1, rest));
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    let exponent: i32 = exponent.parse().ok()?;
    // The digits of the whole part once the exponent has moved the point.
    let point = i32::try_from(whole.len()).ok()?.checked_add(exponent)?;
    let digits = format!("{whole}{fraction}");
    if !(-DIGITS..=DIGITS).contains(&point) {
        return None;
    }
    let moved = usize::try_from(point).unwrap_or(0);
    let leading = "0".repeat(usize::try_from(-point).unwrap_or(0));
    let padded = format!("{leading}{digits:0<moved$}");
    let (whole, fraction) = padded.split_at(moved);
    let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let unit_ns = unit_ns(whole);
    let nanos: String = fraction.chars().chain("000000000".chars()).take(9).collect();
    // What a nanosecond does not hold still counts for rounding down.
    let rest = fraction.bytes().skip(9).any(|digit| digit != b'0');
    let below_one = nanos.parse::<i128>().ok()?;
    let scaled = below_one * unit_ns;
    let cut = rest || scaled % 1_000_000_000 != 0;
    let ns = whole.checked_mul(unit_ns)?.checked_add(scaled / 1_000_000_000)?;
    let ns = if sign < 0 { -ns - i128::from(cut) } else { ns };
    ns.div_euclid(NS_PER_MS).try_into().ok()
}

/// The milliseconds of a date and time of day told in parts, the largest first, as Jackson writes
/// `LocalDateTime`.
fn from_parts(parts: &[Value]) -> Option<i64> {
    let part = |index: usize| match parts.get(index) {
        None => Some(i64::from(index < 3)),
        Some(Value::Number(number)) => number.as_i64(),
        Some(_) => None,
    };
    if !(3..=7).contains(&parts.len()) {
        return None;
    }
    let small = |index: usize| i8::try_from(part(index)?).ok();
    let time = DateTime::new(
        i16::try_from(part(0)?).ok()?,
        small(1)?,
        small(2)?,
        small(3)?,
        small(4)?,
        small(5)?,
        i32::try_from(part(6)?).ok()?,
    );
    utc_ms(time.ok()?)
}

/// The milliseconds of a written time.
fn from_text(text: &str) -> Option<i64> {
    let text = text.trim();
    let time_ms = rfc3339_ms(text).or_else(|| utc_ms(text.parse::<DateTime>().ok()?));
    // NServiceBus sets a colon before the fraction: `2026-11-23 10:15:00:123456 Z`.
    time_ms.or_else(|| {
        let parts = strtime::parse("%Y-%m-%d %H:%M:%S:%f Z", text).ok()?;
        utc_ms(parts.to_datetime().ok()?)
    })
}

/// The milliseconds since the epoch of a date and time of day with its offset, rounded down. The
/// last day of the year 9999, which people write for "never", is one as any other.
pub(crate) fn rfc3339_ms(text: &str) -> Option<i64> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return time.as_nanosecond().div_euclid(NS_PER_MS).try_into().ok();
    }
    let pieces = Pieces::parse(text).ok()?;
    let offset = pieces.to_numeric_offset()?;
    let local_ms = utc_ms(pieces.date().to_datetime(pieces.time()?))?;
    local_ms.checked_sub(i64::from(offset.seconds()) * 1000)
}

/// The milliseconds since the epoch of a date and time of day in UTC, rounded down.
pub(crate) fn utc_ms(time: DateTime) -> Option<i64> {
    const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
    time.duration_since(EPOCH).as_nanos().div_euclid(NS_PER_MS).try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::json;

    /// The time of a JSON literal.
    fn time(literal: &str) -> Option<i64> {
        time_ms(&Found::Json(json::parse(literal.as_bytes()).unwrap().value))
    }

    #[test]
    fn written_times_are_read_with_and_without_offset() {
        assert_eq!(time(r#""2026-11-23T10:15:00.123Z""#), Some(1_795_428_900_123));
        assert_eq!(time(r#""2026-11-23T11:15:00+01:00""#), Some(1_795_428_900_000));
        assert_eq!(time(r#""2026-11-23T10:15:00""#), Some(1_795_428_900_000));
        assert_eq!(time(r#""2026-11-23 10:15:00:123456 Z""#), Some(1_795_428_900_123));
        assert_eq!(time(r#""1969-12-31T23:59:59.9999Z""#), Some(-1), "rounded down");
        for (text, ms) in [
            ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
            ("9999-12-31T23:59:59-02:00", 253_402_307_999_000),
            ("9999-12-31T23:59:59", 253_402_300_799_000),
            ("0000-01-01T00:00:00Z", -62_167_219_200_000),
            ("0001-01-01T00:00:00Z", -62_135_596_800_000),
        ] {
            assert_eq!(time(&format!("\"{text}\"")), Some(ms), "{text}");
        }
        assert_eq!(time(r#""+999999999-12-31T23:59:59.999999999Z""#), None, "Java's last moment");
    }

    #[test]
    fn the_size_of_an_integer_tells_its_unit() {
        for literal in ["1795428900", "1795428900000", "1795428900000999", "1795428900000999999"] {
            assert_eq!(time(literal), Some(1_795_428_900_000), "{literal}");
        }
        assert_eq!(time(r#""1795428900000""#), Some(1_795_428_900_000), "digits as text");
        assert_eq!(time("1795428900.123456"), Some(1_795_428_900_123));
        assert_eq!(time("-1.5"), Some(-1500));
    }

    #[test]
    fn fractions_exponents_and_texts_of_numbers_are_read_exactly() {
        for (literal, ms) in [
            ("1.795428900123E12", 1_795_428_900_123),
            ("1.7954289e+9", 1_795_428_900_000),
            ("17954289001234e-4", 1_795_428_900_123),
            ("1795428900123.999", 1_795_428_900_123),
            ("1795428900123456.7", 1_795_428_900_123),
            (r#""1795428900.123456789""#, 1_795_428_900_123),
            (r#""1795428900123.5""#, 1_795_428_900_123),
            ("5e-1", 500),
            ("-0.0005", -1),
            ("-1.0000000000001", -1001),
            ("-1795428900123.5", -1_795_428_900_124),
            ("0e5", 0),
        ] {
            assert_eq!(time(literal), Some(ms), "{literal}");
        }
    }

    #[test]
    fn a_local_time_in_parts_is_one_in_utc() {
        assert_eq!(time("[2026,11,23,10,15]"), Some(1_795_428_900_000));
        assert_eq!(time("[2026,11,23,10,15,0,123456789]"), Some(1_795_428_900_123));
        assert_eq!(time("[1970,1,2]"), Some(86_400_000));
        for none in ["[2026,11]", "[2026,13,1]", "[]", r#"["2026",1,1]"#, "[1,2,3,4,5,6,7,8]"] {
            assert_eq!(time(none), None, "{none}");
        }
    }

    #[test]
    fn a_word_of_eight_letters_is_no_number_of_eight_bytes() {
        let bytes = |bytes: &[u8]| time_ms(&Found::Bytes(bytes.to_vec().into()));
        assert_eq!(bytes(b"tomorrow"), None);
        assert_eq!(bytes(&1_795_428_900_000_i64.to_be_bytes()), Some(1_795_428_900_000));
    }

    #[test]
    fn what_is_no_time_is_none() {
        for literal in
            [r#""soon""#, "true", "null", "{}", r#""2026-13-01T00:00:00Z""#, "1e400", r#""""#]
        {
            assert_eq!(time(literal), None, "{literal}");
        }
    }
}
