//! Numbers, sizes, durations, times and names as people read them.
//!
//! Promises: figures stay exact (groups of three by thin spaces, 64-bit integers without floats);
//! times carry their date where the day changes; what is cut says so with an ellipsis.
//! Does not know: where a text is drawn.

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// The space between groups of three digits.
const THIN_SPACE: char = '\u{2009}';
/// Milliseconds of a second, a minute, an hour, a day.
const UNITS_MS: [u64; 4] = [1_000, 60_000, 3_600_000, 86_400_000];

/// A number with thin spaces between thousands: `1 204 331`; a minus sign that is as wide as a
/// figure.
pub fn number(value: impl Into<i128>) -> String {
    let value: i128 = value.into();
    let digits = value.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() * 2);
    if value < 0 {
        text.push('−');
    }
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(THIN_SPACE);
        }
        text.push(digit);
    }
    text
}

/// A number of things: `1 record`, `2 records`. The plural ends in `s`.
pub fn count(value: u64, thing: &str) -> String {
    format!("{} {thing}{}", number(value), if value == 1 { "" } else { "s" })
}

/// A part of a whole: `31.2 %`; what is there is never shown as nothing.
pub fn share(part: u64, whole: u64) -> String {
    let (part, whole) = (u128::from(part), u128::from(whole.max(1)));
    let tenths = (part * 1000 + whole / 2) / whole;
    if tenths == 0 && part > 0 {
        return "<0.1 %".to_owned();
    }
    format!("{}.{} %", tenths / 10, tenths % 10)
}

/// A size: `912 B`, `1.4 KiB`, `182 MiB`. Rounded down, so that nothing looks fuller than it is.
pub fn bytes(bytes: u64) -> String {
    let units = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut unit_bytes = 1024_u64;
    let mut unit = 0;
    while unit + 1 < units.len() && bytes / unit_bytes >= 1024 {
        unit_bytes *= 1024;
        unit += 1;
    }
    let whole = bytes / unit_bytes;
    if whole >= 10 {
        return format!("{} {}", number(whole), units[unit]);
    }
    format!("{whole}.{} {}", (bytes % unit_bytes) * 10 / unit_bytes, units[unit])
}

/// A span of time by its two largest units: `412 ms`, `8.3 s`, `2 m 14 s`, `3 h 05 m`, `2 d 4 h`.
pub fn duration_ms(milliseconds: i64) -> String {
    let [second, minute, hour, day] = UNITS_MS;
    let sign = if milliseconds < 0 { "−" } else { "" };
    let ms = milliseconds.unsigned_abs();
    let text = if ms < second {
        format!("{ms} ms")
    } else if ms < 10 * second {
        format!("{}.{} s", ms / second, ms % second / 100)
    } else if ms < minute {
        format!("{} s", ms / second)
    } else if ms < hour {
        format!("{} m {:02} s", ms / minute, ms % minute / second)
    } else if ms < day {
        format!("{} h {:02} m", ms / hour, ms % hour / minute)
    } else {
        format!("{} d {} h", number(ms / day), ms % day / hour)
    };
    format!("{sign}{text}")
}

/// A name of at most this many characters: what is longer loses its middle, since keys differ at
/// both ends.
pub fn middle(text: &str, characters_max: usize) -> String {
    let length = text.chars().count();
    if length <= characters_max {
        return text.to_owned();
    }
    let kept = characters_max.saturating_sub(1);
    let head = kept.div_ceil(2);
    let start = text.chars().take(head);
    let end = text.chars().skip(length - (kept - head));
    start.chain(['…']).chain(end).collect()
}

/// How times are written: in which zone.
#[derive(Clone, Debug)]
pub struct TimeFormat {
    /// The zone.
    zone: TimeZone,
    /// Its name beside a time.
    name: &'static str,
}

impl Default for TimeFormat {
    fn default() -> Self {
        Self::utc()
    }
}

impl TimeFormat {
    /// In UTC.
    pub fn utc() -> Self {
        Self { zone: TimeZone::UTC, name: "UTC" }
    }

    /// In the zone of this computer. Reads the zone database: keep it, do not make one each frame.
    pub fn local() -> Self {
        Self { zone: TimeZone::system(), name: "local" }
    }

    /// In this zone.
    pub fn in_zone(zone: TimeZone) -> Self {
        Self { zone, name: "local" }
    }

    /// `UTC` or `local`.
    pub fn zone_name(&self) -> &'static str {
        self.name
    }

    /// The time of day: `14:02:11.482`.
    pub fn time(&self, time_ms: i64) -> String {
        self.print(time_ms, "%H:%M:%S%.3f")
    }

    /// The time of day without milliseconds: `14:02:11`.
    pub fn time_seconds(&self, time_ms: i64) -> String {
        self.print(time_ms, "%H:%M:%S")
    }

    /// The day: `2026-11-23`.
    pub fn date(&self, time_ms: i64) -> String {
        self.print(time_ms, "%Y-%m-%d")
    }

    /// The days of a span of time: `2026-11-23`, `26 Oct – 24 Nov 2026`, or the months where years
    /// lie between.
    pub fn days(&self, from_ms: i64, to_ms: i64) -> String {
        let year = |time_ms| self.zoned(time_ms).map(|zoned| zoned.year());
        if !self.day_changes(Some(from_ms), to_ms) {
            return self.date(from_ms);
        }
        if year(from_ms) == year(to_ms) {
            let (from, to) = (self.print(from_ms, "%-d %b"), self.print(to_ms, "%-d %b %Y"));
            return format!("{from} – {to}");
        }
        format!("{} – {}", self.print(from_ms, "%b %Y"), self.print(to_ms, "%b %Y"))
    }

    /// Both: `2026-11-23 14:02:11.482`.
    pub fn date_time(&self, time_ms: i64) -> String {
        self.print(time_ms, "%Y-%m-%d %H:%M:%S%.3f")
    }

    /// Both with the zone: `2026-11-23 14:02:11.482 UTC`, or with the distance from UTC for local
    /// times.
    pub fn date_time_zone(&self, time_ms: i64) -> String {
        let zone = if self.zone == TimeZone::UTC { "UTC" } else { "%:z" };
        self.print(time_ms, &format!("%Y-%m-%d %H:%M:%S%.3f {zone}"))
    }

    /// Written by a `strftime` pattern, such as `%H:%M`.
    pub fn print(&self, time_ms: i64, pattern: &str) -> String {
        match self.zoned(time_ms) {
            Some(zoned) => zoned.strftime(pattern).to_string(),
            None => format!("{} ms", number(time_ms)),
        }
    }

    /// Whether two moments fall on different days; always for the first line of a list, which has
    /// none before it.
    pub fn day_changes(&self, before_ms: Option<i64>, time_ms: i64) -> bool {
        let day = |time_ms| self.zoned(time_ms).map(|zoned| zoned.date());
        before_ms.is_none_or(|before_ms| day(before_ms) != day(time_ms))
    }

    /// The moment in the zone; `None` outside the years −9999 to 9999.
    pub(crate) fn zoned(&self, time_ms: i64) -> Option<Zoned> {
        Timestamp::from_millisecond(time_ms).ok().map(|moment| moment.to_zoned(self.zone.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_days_of_a_span_are_as_short_as_they_can_be() {
        const NOON_MS: i64 = 1_795_442_531_482;
        const DAY_MS: i64 = 86_400_000;
        let days = |before: i64| TimeFormat::utc().days(NOON_MS - before * DAY_MS, NOON_MS);
        assert_eq!(days(0), "2026-11-23");
        assert_eq!(days(1), "22 Nov – 23 Nov 2026");
        assert_eq!(days(400), "Oct 2025 – Nov 2026");
    }

    #[test]
    fn a_share_is_never_shown_as_nothing_when_something_is_there() {
        let told = [(0, 0), (1, 3), (1, 5_000), (0, 7), (7, 7)].map(|(part, all)| share(part, all));
        assert_eq!(told, ["0.0 %", "33.3 %", "<0.1 %", "0.0 %", "100.0 %"]);
    }

    #[test]
    fn thousands_are_set_apart_by_thin_spaces_up_to_the_largest_numbers() {
        let spaced = |value: i128| number(value).replace(THIN_SPACE, " ");
        assert_eq!(spaced(0), "0");
        assert_eq!(spaced(999), "999");
        assert_eq!(spaced(1_204_331), "1 204 331");
        assert_eq!(spaced(-1000), "−1 000");
        assert_eq!(spaced(u64::MAX.into()), "18 446 744 073 709 551 615");
        assert_eq!(spaced(i64::MIN.into()), "−9 223 372 036 854 775 808");
    }

    #[test]
    fn one_thing_is_singular() {
        assert_eq!(count(1, "record"), "1 record");
        assert_eq!(count(0, "record"), "0 records");
    }

    #[test]
    fn sizes_never_round_up() {
        assert_eq!(bytes(1023), "1023 B");
        assert_eq!(bytes(1024), "1.0 KiB");
        assert_eq!(bytes(1024 * 1024 - 1), "1\u{2009}023 KiB");
        assert_eq!(bytes(182 * 1024 * 1024), "182 MiB");
        assert_eq!(bytes(u64::MAX), "16\u{2009}383 PiB");
    }

    #[test]
    fn durations_show_their_two_largest_units() {
        let shown =
            [412, 8_340, 59_999, 134_000, 11_100_000, 187_200_000, -134_000].map(duration_ms);
        assert_eq!(
            shown,
            ["412 ms", "8.3 s", "59 s", "2 m 14 s", "3 h 05 m", "2 d 4 h", "−2 m 14 s"]
        );
        assert!(duration_ms(i64::MIN).ends_with(" h"), "the longest span has a text too");
    }

    #[test]
    fn long_names_lose_their_middle_and_keep_both_ends() {
        assert_eq!(middle("order-1042", 10), "order-1042");
        assert_eq!(middle("order-1042", 7), "ord…042");
        assert_eq!(middle("äöüßäöüß", 4), "äö…ß");
        assert_eq!(middle("abc", 1), "…");
        assert_eq!(middle("abc", 0), "…");
    }

    #[test]
    fn times_are_written_in_their_zone_with_milliseconds() {
        let utc = TimeFormat::utc();
        assert_eq!(utc.date_time_zone(1_795_442_531_482), "2026-11-23 14:02:11.482 UTC");
        assert_eq!(utc.time(-1), "23:59:59.999");
        assert_eq!(
            utc.date_time(i64::MAX),
            "9\u{2009}223\u{2009}372\u{2009}036\u{2009}854\u{2009}775\u{2009}807 ms"
        );
    }

    #[test]
    fn the_date_stands_where_the_day_changes() {
        let utc = TimeFormat::utc();
        assert!(utc.day_changes(None, 0), "the first line says its day");
        assert!(!utc.day_changes(Some(0), 86_399_999), "the same day");
        assert!(utc.day_changes(Some(86_399_999), 86_400_000), "midnight");
    }
}
