//! Reads a moment as a person writes it.
//!
//! Promises: every form of WHEN is told from every other by its look alone; a relative time becomes
//! absolute here, once; an error says what was given and what is expected.
//! Does not know: which events a moment takes in.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};

use crate::decode::time_text;
use crate::entity::{rfc3339_ms, utc_ms};
use crate::model::When;

/// Every form of WHEN, for errors and help.
pub const WHEN_FORMS: &str = "a time (2026-11-23T10:15:00Z, 2026-11-23T10:15:00 or 2026-11-23 in the local zone), \
     a time before now (-90s, -15m, -2h, -3d), v12 (after the 12th event), 3:81204 or TOPIC:3:81204 (partition 3 \
     through offset 81204), seconds, milliseconds, microseconds or nanoseconds since 1970 (9 to 20 digits), start or end";

/// Why a text names no moment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WhenError {
    /// The text has none of the forms.
    #[error("`{given}` is no moment: expected {WHEN_FORMS}")]
    NoForm {
        /// What was given.
        given: String,
    },
    /// The text has the form of a number that is too large.
    #[error("`{given}` is no moment: its number is too large")]
    TooLarge {
        /// What was given.
        given: String,
    },
    /// The local time is one that the zone's clock leaps over.
    #[error("`{given}` does not exist in this time zone: its clock was put forward over it")]
    NoLocalTime {
        /// What was given.
        given: String,
    },
}

/// Reads a moment. `now_ms` is what relative times count from, in milliseconds since the epoch;
/// `zone` is where local times are.
///
/// # Errors
/// What was given and what is expected, when the text has none of the forms.
pub fn parse_when(text: &str, now_ms: i64, zone: &TimeZone) -> Result<When, WhenError> {
    let given = text.trim();
    match given {
        "start" => return Ok(When::Start),
        "end" => return Ok(When::End),
        _ => {}
    }
    if let Some(digits) = given.strip_prefix('v').filter(|digits| is_digits(digits)) {
        return number(digits, given).map(When::Version);
    }
    if let Some(position) = parse_position(given) {
        return position;
    }
    if let Some(before) = parse_before(given, now_ms) {
        return before.map(When::Time);
    }
    if let Some(time) = parse_epoch(given) {
        return time.map(When::Time);
    }
    parse_time(given, zone).map(When::Time)
}

/// What to say of a moment beside it: that a local time happened twice, and which one is meant.
pub fn note_on_when(text: &str, zone: &TimeZone) -> Option<String> {
    let given = text.trim();
    let local = local_time(given)?;
    let fold = zone.to_ambiguous_timestamp(local);
    let AmbiguousOffset::Fold { before, after } = fold.offset() else { return None };
    let (before, after) = (written(before), written(after));
    Some(format!(
        "`{given}` happened twice, because the clock was put back: the earlier one is meant ({given}{before}, not {given}{after})"
    ))
}

/// An offset as RFC 3339 writes it.
fn written(offset: Offset) -> String {
    let minutes = offset.seconds() / 60;
    let sign = if minutes < 0 { '-' } else { '+' };
    format!("{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
}

/// Seconds, milliseconds, microseconds or nanoseconds since the epoch, told apart by the number of
/// digits, in milliseconds, rounded down; `None` for any other form.
fn parse_epoch(given: &str) -> Option<Result<i64, WhenError>> {
    if !is_digits(given) {
        return None;
    }
    let ns_per_unit: i128 = match given.len() {
        9..=11 => 1_000_000_000,
        12..=14 => 1_000_000,
        15..=17 => 1000,
        18..=20 => 1,
        _ => return None,
    };
    Some(number::<i128>(given, given).and_then(|count| {
        let ms = count * ns_per_unit / 1_000_000;
        i64::try_from(ms).map_err(|_outside| WhenError::TooLarge { given: given.to_owned() })
    }))
}

/// Whether the text is one or more ASCII digits.
fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A number that was seen to be digits.
fn number<N: std::str::FromStr>(digits: &str, given: &str) -> Result<N, WhenError> {
    digits.parse().map_err(|_too_large| WhenError::TooLarge { given: given.to_owned() })
}

/// `P:O` or `TOPIC:P:O`; `None` for any other form. Topic names hold no colon.
fn parse_position(given: &str) -> Option<Result<When, WhenError>> {
    let parts: Vec<&str> = given.split(':').collect();
    let (topic, partition, offset) = match *parts.as_slice() {
        [partition, offset] => (None, partition, offset),
        [topic, partition, offset] if is_topic_name(topic) => (Some(topic), partition, offset),
        _ => return None,
    };
    if !is_digits(partition) || !is_digits(offset) {
        return None;
    }
    let position = number(partition, given).and_then(|partition| {
        let offset = number(offset, given)?;
        Ok(When::Position { topic: topic.map(Arc::from), partition, offset })
    });
    Some(position)
}

/// Whether Kafka would take this name for a topic and nobody would take it for the date and hour of
/// a time.
fn is_topic_name(name: &str) -> bool {
    let is_legal = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let is_date_and_hour = name.split_once('T').is_some_and(|(date, hour)| {
        date.parse::<Date>().is_ok() && hour.len() == 2 && is_digits(hour)
    });
    !name.is_empty() && name.bytes().all(is_legal) && !is_date_and_hour
}

/// `-15m` and the like, in milliseconds since the epoch; `None` for any other form.
fn parse_before(given: &str, now_ms: i64) -> Option<Result<i64, WhenError>> {
    let length = given.strip_prefix('-')?;
    let digits = length.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit_ms = match length.strip_prefix(digits)? {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        "w" => 604_800_000,
        _ => return None,
    };
    if !is_digits(digits) {
        return None;
    }
    let before = number::<i64>(digits, given).and_then(|count| {
        let too_large = || WhenError::TooLarge { given: given.to_owned() };
        let length_ms = count.checked_mul(unit_ms).ok_or_else(too_large)?;
        now_ms.checked_sub(length_ms).ok_or_else(too_large)
    });
    Some(before)
}

/// RFC 3339, a local date-time or a local date, in milliseconds since the epoch.
fn parse_time(given: &str, zone: &TimeZone) -> Result<i64, WhenError> {
    if let Some(time_ms) = rfc3339_ms(given).or_else(|| time_text::out_of_calendar(given)) {
        return Ok(time_ms);
    }
    let nowhere = || WhenError::NoLocalTime { given: given.to_owned() };
    let local = local_time(given).ok_or_else(|| WhenError::NoForm { given: given.to_owned() })?;
    // A day begins when its clock does, also where that leaps over midnight.
    if let Ok(date) = given.parse::<Date>()
        && local == date.to_datetime(Time::midnight())
        && !given.contains(':')
    {
        let day = date.to_zoned(zone.clone()).map(|day| day.timestamp().as_millisecond());
        return Ok(day.unwrap_or_else(|_outside| at_the_edge(local, zone)));
    }
    let time = zone.to_ambiguous_timestamp(local);
    if matches!(time.offset(), AmbiguousOffset::Gap { .. }) {
        return Err(nowhere());
    }
    let time = time.earlier().map(Timestamp::as_millisecond);
    Ok(time.unwrap_or_else(|_outside| at_the_edge(local, zone)))
}

/// A local time so close to the first or the last moment of the calendar that no timestamp of the
/// library holds it, in milliseconds since the epoch.
fn at_the_edge(local: DateTime, zone: &TimeZone) -> i64 {
    let edge = if local.year() > 0 { Timestamp::MAX } else { Timestamp::MIN };
    let local_ms = utc_ms(local).expect("every date of the calendar has milliseconds");
    local_ms - i64::from(zone.to_offset(edge).seconds()) * 1000
}

/// A date, or a date and a time of day, without a zone.
fn local_time(given: &str) -> Option<DateTime> {
    // A text with a `Z` that is no timestamp would lose it in a local reading, so only digits may
    // end it.
    let is_plain = given.ends_with(|last: char| last.is_ascii_digit());
    let looks_like_date = given.bytes().filter(|byte| *byte == b'-').count() >= 2;
    let is_local = is_plain && looks_like_date && given.parse::<Timestamp>().is_err();
    given.parse::<DateTime>().ok().filter(|_local| is_local)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW_MS: i64 = 1_795_428_900_000;

    fn read(text: &str) -> Result<When, WhenError> {
        parse_when(text, NOW_MS, &TimeZone::fixed(jiff::tz::offset(2)))
    }

    fn position(topic: Option<&str>, partition: i32, offset: i64) -> When {
        When::Position { topic: topic.map(Arc::from), partition, offset }
    }

    #[test]
    fn every_form_is_read() {
        let forms = [
            ("start", When::Start),
            ("end", When::End),
            ("v12", When::Version(12)),
            ("v0", When::Version(0)),
            ("3:81204", position(None, 3, 81204)),
            ("order-events:3:81204", position(Some("order-events"), 3, 81204)),
            ("2026-11-23T10:15:00Z", When::Time(NOW_MS)),
            ("2026-11-23T10:15:00.007Z", When::Time(NOW_MS + 7)),
            ("2026-11-23T11:15:00+01:00", When::Time(NOW_MS)),
            ("2026-11-23T12:15:00", When::Time(NOW_MS)),
            ("2026-11-23 12:15:00", When::Time(NOW_MS)),
            ("2026-11-23T12:15", When::Time(NOW_MS)),
            ("2026-11-23", When::Time(NOW_MS - 44_100_000)),
            ("1795428900", When::Time(NOW_MS)),
            ("1795428900007", When::Time(NOW_MS + 7)),
            ("1795428900007999", When::Time(NOW_MS + 7)),
            ("1795428900007999999", When::Time(NOW_MS + 7)),
            ("00000000000000000007", When::Time(0)),
            ("123456789", When::Time(123_456_789_000)),
            ("1959-12-31T23:59:59.999Z", When::Time(-315_619_200_001)),
            ("9999-12-31T23:59:59.999Z", When::Time(253_402_300_799_999)),
            ("9999-12-31T23:59:59", When::Time(253_402_293_599_000)),
            ("9999-12-31", When::Time(253_402_207_200_000)),
            ("-000001-12-31T23:59:59.999Z", When::Time(-62_167_219_200_001)),
            ("253402300800000 ms", When::Time(253_402_300_800_000)),
            ("-15m", When::Time(NOW_MS - 900_000)),
            ("-90s", When::Time(NOW_MS - 90_000)),
            ("-2h", When::Time(NOW_MS - 7_200_000)),
            ("-3d", When::Time(NOW_MS - 259_200_000)),
        ];
        for (text, when) in forms {
            assert_eq!(read(text), Ok(when), "{text}");
        }
    }

    #[test]
    fn what_has_no_form_is_refused_with_what_was_given() {
        let texts = [
            "",
            "yesterday",
            "v",
            "v-1",
            "12",
            "12345678",
            "123456789012345678901",
            "-15",
            "-m",
            "15m",
            "3:",
            ":4",
            "a:b:c",
            "3:-1",
            "2026-13-01",
            "2026-02-30",
            "-15y",
            "2026-11-23T25:00:00Z",
            "1:2:3:4",
            "10000-01-01T00:00:00Z",
            "+010000-01-01T00:00:00Z",
        ];
        for text in texts {
            let error = read(text).expect_err(text);
            assert_eq!(error, WhenError::NoForm { given: text.to_owned() }, "{text}");
        }
    }

    #[test]
    fn numbers_that_do_not_fit_are_refused() {
        let texts = [
            "v99999999999999999999",
            "99999999999:1",
            "1:9223372036854775808",
            "-9223372036854775807d",
        ];
        for text in texts {
            assert_eq!(read(text), Err(WhenError::TooLarge { given: text.to_owned() }), "{text}");
        }
    }

    #[test]
    fn a_local_time_that_the_clock_leaps_over_is_refused_and_one_that_comes_twice_is_the_earlier() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let read = |text: &str| parse_when(text, NOW_MS, &berlin);
        let leapt = read("2026-03-29T02:30:00").unwrap_err();
        assert!(matches!(leapt, WhenError::NoLocalTime { .. }), "{leapt}");
        assert_eq!(read("2026-03-29T03:30:00"), read("2026-03-29T01:30:00Z"));
        assert_eq!(read("2026-10-25T02:30:00"), read("2026-10-25T00:30:00Z"));
        let note = note_on_when("2026-10-25T02:30:00", &berlin).unwrap();
        assert!(note.contains("happened twice") && note.contains("+02:00"), "{note}");
        for once in ["2026-10-25T02:30:00+01:00", "2026-10-25T03:30:00", "2026-10-25", "v3"] {
            assert_eq!(note_on_when(once, &berlin), None, "{once}");
        }
        let sao_paulo = TimeZone::get("America/Sao_Paulo").unwrap();
        let day = parse_when("2018-11-04", NOW_MS, &sao_paulo);
        assert_eq!(day, read("2018-11-04T03:00:00Z"), "a day begins when its clock does");
    }

    #[test]
    fn a_topic_may_be_named_like_a_number_but_not_like_a_time() {
        assert_eq!(read("7:3:9"), Ok(position(Some("7"), 3, 9)));
        assert_eq!(read("2026-11-23T12:15:00"), Ok(When::Time(NOW_MS)));
    }

    proptest! {
        #[test]
        fn printed_times_are_read_back(
            time_ms in prop_oneof![any::<i64>(), -400_000_000_000_000_i64..400_000_000_000_000]
        ) {
            prop_assert_eq!(read(&time_text::utc(time_ms)), Ok(When::Time(time_ms)));
        }

        #[test]
        fn printed_moments_are_read_back(partition in 0..i32::MAX, offset in 0..i64::MAX, version: u64) {
            for when in [When::Version(version), position(None, partition, offset), position(Some("a.b-c_d"), partition, offset)] {
                prop_assert_eq!(read(&when.to_string()), Ok(when));
            }
        }

        #[test]
        fn any_text_is_read_or_refused_in_words(text in "\\PC{0,24}") {
            if let Err(error) = read(&text) {
                prop_assert!(error.to_string().contains(text.trim()), "{} names {}", error, text);
            }
        }
    }
}
