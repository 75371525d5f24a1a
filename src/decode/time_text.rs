//! Times as text, and lengths of time in words.
//!
//! Promises: UTC text has milliseconds and `Z`, sorts like the times themselves and is read back to
//! the same millisecond; a time beyond the year 9999 is still written, and read back, as what it
//! is: a number of milliseconds.
//! Does not know: what a time is the time of.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// The epoch on the calendar.
const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

/// A time as RFC 3339 text in UTC with milliseconds, before the year 0 as ISO 8601 extends it
/// (`-000001`). Times outside the years -9999 to 9999 are written as `253402300800000 ms`.
pub fn utc(time_ms: i64) -> String {
    EPOCH
        .checked_add(SignedDuration::from_millis(time_ms))
        .map_or_else(|_outside| in_ms(time_ms), |time| format!("{time:.3}Z"))
}

/// A time that no calendar holds.
fn in_ms(time_ms: i64) -> String {
    format!("{time_ms} ms")
}

/// The milliseconds of a time that no calendar holds, as it is written.
pub fn out_of_calendar(text: &str) -> Option<i64> {
    text.strip_suffix(" ms")?.parse().ok().filter(|time_ms| utc(*time_ms) == text)
}

/// A time as RFC 3339 text with milliseconds and the offset of the zone, for people.
pub fn in_zone(time_ms: i64, zone: &TimeZone) -> String {
    Timestamp::from_millisecond(time_ms).map_or_else(
        |_outside| in_ms(time_ms),
        |time| format!("{:.3}", time.display_with_offset(zone.to_offset(time))),
    )
}

/// A length of time in its largest two units: `1m 12s`, `3d 4h`, `250ms`.
pub fn length(length_ms: i64) -> String {
    const UNITS: [(&str, u64); 5] =
        [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];
    let sign = if length_ms < 0 { "-" } else { "" };
    let mut rest = length_ms.unsigned_abs();
    let mut parts = Vec::new();
    for (unit, unit_ms) in UNITS {
        let count = rest / unit_ms;
        rest %= unit_ms;
        if count > 0 {
            parts.push(format!("{count}{unit}"));
        } else if !parts.is_empty() {
            break;
        }
        if parts.len() == 2 {
            break;
        }
    }
    if parts.is_empty() {
        return "0ms".to_owned();
    }
    format!("{sign}{}", parts.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utc_text_always_has_three_digits_of_milliseconds() {
        assert_eq!(utc(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(utc(1_795_428_900_007), "2026-11-23T10:15:00.007Z");
        assert_eq!(utc(-1), "1969-12-31T23:59:59.999Z");
    }

    #[test]
    fn a_time_no_calendar_holds_is_written_and_read_as_its_number() {
        assert_eq!(utc(253_402_300_799_999), "9999-12-31T23:59:59.999Z");
        assert_eq!(utc(253_402_300_800_000), "253402300800000 ms");
        assert_eq!(utc(-62_167_219_200_000), "0000-01-01T00:00:00.000Z");
        assert_eq!(utc(-62_167_219_200_001), "-000001-12-31T23:59:59.999Z");
        for extreme in [i64::MAX, i64::MIN] {
            assert_eq!(utc(extreme), format!("{extreme} ms"));
            assert_eq!(in_zone(extreme, &TimeZone::UTC), utc(extreme));
            assert_eq!(out_of_calendar(&utc(extreme)), Some(extreme));
        }
        for none in ["9223372036854775808 ms", "0 ms", "-100 ms", "+253402300800000 ms"] {
            assert_eq!(out_of_calendar(none), None, "{none}");
        }
    }

    #[test]
    fn a_zone_shows_in_the_text() {
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        assert_eq!(in_zone(1_795_428_900_000, &zone), "2026-11-23T12:15:00.000+02:00");
    }

    #[test]
    fn a_length_is_said_in_its_two_largest_units() {
        let lengths = [0, 250, 72_000, 273_600_000, 86_400_001, -90_000].map(length);
        assert_eq!(lengths, ["0ms", "250ms", "1m 12s", "3d 4h", "1d", "-1m 30s"]);
    }
}
