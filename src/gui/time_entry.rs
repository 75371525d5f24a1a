//! Reads a time as people type it into a field.
//!
//! Promises: a whole moment, a date, a time of day on the day of the newest record, or a span back
//! from it; nothing else.
//! Does not know: what time it is; what a relative time counts from is given.

use jiff::civil;
use jiff::tz::TimeZone;

use super::theme::TimeFormat;

/// Units of relative times, and the milliseconds each has.
const UNITS: [(&[&str], i64); 4] = [
    (&["s", "sec", "second", "seconds"], 1_000),
    (&["m", "min", "minute", "minutes"], 60_000),
    (&["h", "hour", "hours"], 3_600_000),
    (&["d", "day", "days"], 86_400_000),
];

/// The moment that a text names, in milliseconds since the epoch. Times of day and relative times
/// count from `anchor_ms`.
pub(crate) fn read(text: &str, times: &TimeFormat, anchor_ms: Option<i64>) -> Option<i64> {
    let text = text.trim();
    if let Some(back) = text.strip_prefix(['-', '−']).or_else(|| text.strip_suffix(" ago")) {
        return anchor_ms?.checked_sub(span_ms(back)?);
    }
    if let Ok(moment) = text.parse::<jiff::Timestamp>() {
        return Some(moment.as_millisecond());
    }
    let zone = if times.zone_name() == "local" { TimeZone::system() } else { TimeZone::UTC };
    let local = text
        .parse::<civil::DateTime>()
        .ok()
        .or_else(|| text.parse::<civil::Date>().ok().map(|date| date.at(0, 0, 0, 0)))
        .or_else(|| {
            let time: civil::Time = text.parse().ok()?;
            let anchor = jiff::Timestamp::from_millisecond(anchor_ms?).ok()?;
            Some(anchor.to_zoned(zone.clone()).date().to_datetime(time))
        })?;
    local.to_zoned(zone).ok().map(|zoned| zoned.timestamp().as_millisecond())
}

/// A span such as `15m`, `2h` or `5 minutes`, in milliseconds.
fn span_ms(text: &str) -> Option<i64> {
    let digits = text.trim().trim_end_matches(|character: char| character.is_ascii_alphabetic());
    let unit = text.trim().strip_prefix(digits)?;
    let (_, unit_ms) = UNITS.into_iter().find(|(names, _)| names.contains(&unit))?;
    digits.trim().parse::<i64>().ok().filter(|count| *count >= 0)?.checked_mul(unit_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-23 14:02:11.482 UTC
    const ANCHOR_MS: i64 = 1_795_442_531_482;

    /// Reads a text in UTC.
    fn utc(text: &str) -> Option<i64> {
        read(text, &TimeFormat::utc(), Some(ANCHOR_MS))
    }

    #[test]
    fn whole_moments_dates_and_times_of_day_are_read() {
        assert_eq!(utc("2026-11-23T14:02:11.482Z"), Some(ANCHOR_MS));
        assert_eq!(utc("2026-11-23 14:02:11.482"), Some(ANCHOR_MS));
        assert_eq!(utc(" 14:02:11.482 "), Some(ANCHOR_MS), "on the day of the newest record");
        assert_eq!(utc("2026-11-23"), Some(1_795_392_000_000));
    }

    #[test]
    fn relative_times_count_back_from_the_newest_record() {
        assert_eq!(utc("-15m"), Some(ANCHOR_MS - 900_000));
        assert_eq!(utc("−2h"), Some(ANCHOR_MS - 7_200_000));
        assert_eq!(utc("5 min ago"), Some(ANCHOR_MS - 300_000));
        assert_eq!(read("-15m", &TimeFormat::utc(), None), None, "nothing to count from");
    }

    #[test]
    fn what_is_no_time_is_not_guessed_at() {
        for text in ["", "yesterday", "15m", "-15", "--3m", "2026-13-01", "25:00"] {
            assert_eq!(utc(text), None, "{text:?}");
        }
    }
}
