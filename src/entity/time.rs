//! The time an event names for itself.
//!
//! Promises: a text or number that is no time is none, never a guess far off; what is read is exact to the millisecond,
//! rounded down.
//! Does not know: Kafka's own timestamps.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;

use super::selector::Found;
use crate::model::Value;

/// The time found, in milliseconds since the epoch.
///
/// Text is read as RFC 3339, without an offset as UTC. An integer counts seconds, milliseconds, microseconds or
/// nanoseconds since the epoch; which of them its size tells: up to 10¹¹ seconds (the year 5138), up to 10¹⁴
/// milliseconds, up to 10¹⁷ microseconds (both the same year), beyond that nanoseconds. A decimal fraction counts
/// seconds.
pub(super) fn time_ms(found: &Found<'_>) -> Option<i64> {
    if let Some(integer) = found.integer() {
        return Some(from_epoch(integer));
    }
    let text = found.text()?;
    match found {
        Found::Json(Value::Number(_)) => from_decimal_seconds(&text),
        _ => from_text(&text),
    }
}

/// The milliseconds of an integer since the epoch, its unit told by its size.
fn from_epoch(integer: i64) -> i64 {
    const SECONDS: u64 = 100_000_000_000;
    match integer.unsigned_abs() {
        0..SECONDS => integer * 1000,
        size if size < SECONDS * 1000 => integer,
        size if size < SECONDS * 1_000_000 => integer.div_euclid(1000),
        _ => integer.div_euclid(1_000_000),
    }
}

/// The milliseconds of seconds with a decimal fraction, as Jackson writes instants.
fn from_decimal_seconds(literal: &str) -> Option<i64> {
    let (seconds, fraction) = literal.split_once('.')?;
    let millis: String = fraction.chars().chain("000".chars()).take(3).collect();
    let below_zero = literal.starts_with('-');
    let (seconds, millis): (i64, i64) = (seconds.parse().ok()?, millis.parse().ok()?);
    let ms = seconds.checked_mul(1000)?;
    if below_zero { ms.checked_sub(millis) } else { ms.checked_add(millis) }
}

/// The milliseconds of a written time.
fn from_text(text: &str) -> Option<i64> {
    let text = text.trim();
    let timestamp = text.parse::<Timestamp>().ok();
    let timestamp = timestamp.or_else(|| in_utc(text.parse::<DateTime>().ok()?));
    // NServiceBus sets a colon before the fraction: `2026-11-23 10:15:00:123456 Z`.
    let timestamp = timestamp.or_else(|| {
        let parts = strtime::parse("%Y-%m-%d %H:%M:%S:%f Z", text).ok()?;
        in_utc(parts.to_datetime().ok()?)
    });
    timestamp
        .map(|timestamp| timestamp.as_nanosecond().div_euclid(1_000_000))
        .and_then(|ms| ms.try_into().ok())
}

/// A date and time of day as one in UTC.
fn in_utc(time: DateTime) -> Option<Timestamp> {
    TimeZone::UTC.to_timestamp(time).ok()
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
    fn what_is_no_time_is_none() {
        for literal in
            [r#""soon""#, "true", "null", "{}", r#""2026-13-01T00:00:00Z""#, "1e400", r#""""#]
        {
            assert_eq!(time(literal), None, "{literal}");
        }
    }
}
