//! The ticks of a ruler over time, for any zoom and in any zone.
//!
//! Promises: ticks stand at round times of the zone (midnight is midnight there), never closer than
//! asked; each has a label that is as long as it must be.
//! Does not know: where a tick is drawn.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Span, Zoned};

use super::TimeView;
use crate::gui::theme::TimeFormat;

/// Steps of clock time between ticks, in milliseconds.
const CLOCK_STEPS_MS: [i64; 26] = [
    1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000,
    120_000, 300_000, 600_000, 900_000, 1_800_000, 3_600_000, 7_200_000, 10_800_000, 21_600_000,
    43_200_000,
];
/// A day, in milliseconds.
const DAY_MS: i64 = 86_400_000;
/// Steps of the calendar between ticks, and how long each is at least, in days.
const CALENDAR_STEPS: [(TickStep, i64); 12] = [
    (TickStep::Days(1), 1),
    (TickStep::Days(2), 2),
    (TickStep::Days(7), 7),
    (TickStep::Days(14), 14),
    (TickStep::Months(1), 28),
    (TickStep::Months(3), 89),
    (TickStep::Months(6), 181),
    (TickStep::Years(1), 365),
    (TickStep::Years(2), 730),
    (TickStep::Years(5), 1_826),
    (TickStep::Years(20), 7_305),
    (TickStep::Years(100), 36_524),
];
/// No more ticks than this are ever made.
const TICKS_MAX: usize = 500;

/// A mark on the ruler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tick {
    /// Where, in milliseconds since the epoch.
    pub time_ms: i64,
    /// What stands beside it.
    pub label: String,
    /// Whether a new day, month or year begins here: it is drawn stronger.
    pub strong: bool,
}

/// The distance between two ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TickStep {
    /// Milliseconds that divide a day.
    Clock(i64),
    /// Days, counted from the first of January 1970.
    Days(i16),
    /// Months that divide a year.
    Months(i8),
    /// Years.
    Years(i16),
}

/// The ticks of a view that is this wide in points, at least `distance` points apart.
pub fn ticks(view: TimeView, width: f32, distance: f32, times: &TimeFormat) -> Vec<Tick> {
    let distance_ms = view.span_ms() * f64::from(distance / width.max(1.0));
    let step = step(distance_ms);
    match step {
        TickStep::Clock(step_ms) => clock_ticks(view, step_ms, times),
        TickStep::Days(_) | TickStep::Months(_) | TickStep::Years(_) => {
            calendar_ticks(view, step, times)
        }
    }
}

/// The smallest step that is at least this long.
fn step(distance_ms: f64) -> TickStep {
    if let Some(step_ms) = CLOCK_STEPS_MS.iter().find(|step_ms| **step_ms as f64 >= distance_ms) {
        return TickStep::Clock(*step_ms);
    }
    let long_enough = |days: &i64| (*days * DAY_MS) as f64 >= distance_ms;
    let found = CALENDAR_STEPS.iter().find(|(_, days)| long_enough(days));
    found.map_or(TickStep::Years(500), |(step, _)| *step)
}

/// Ticks at multiples of a clock time within each day of the zone.
fn clock_ticks(view: TimeView, step_ms: i64, times: &TimeFormat) -> Vec<Tick> {
    let pattern = match step_ms {
        ..1_000 => "%H:%M:%S%.3f",
        1_000..60_000 => "%H:%M:%S",
        _ => "%H:%M",
    };
    let (from_ms, to_ms) = (view.from_ms().ceil() as i64, view.to_ms().floor() as i64);
    let mut ticks = Vec::new();
    let mut time_ms = from_ms;
    while time_ms <= to_ms && ticks.len() < TICKS_MAX {
        let Some(zoned) = times.zoned(time_ms) else { break };
        // The distance from UTC may change within the view, so it is asked for at every tick.
        let offset_ms = i64::from(zoned.offset().seconds()) * 1_000;
        let remainder = (time_ms + offset_ms).rem_euclid(step_ms);
        if remainder != 0 {
            time_ms += step_ms - remainder;
            continue;
        }
        let midnight = (time_ms + offset_ms).rem_euclid(DAY_MS) == 0;
        let label = if midnight { day_label(&zoned) } else { zoned.strftime(pattern).to_string() };
        ticks.push(Tick { time_ms, label, strong: midnight });
        time_ms += step_ms;
    }
    ticks
}

/// A day in a label; the first of a year says which.
fn day_label(zoned: &Zoned) -> String {
    let pattern = if zoned.day_of_year() == 1 { "%-d %b %Y" } else { "%-d %b" };
    zoned.strftime(pattern).to_string()
}

/// Ticks at the starts of days, months or years in the zone.
fn calendar_ticks(view: TimeView, step: TickStep, times: &TimeFormat) -> Vec<Tick> {
    let mut ticks = Vec::new();
    let Some(first) = times.zoned(view.from_ms() as i64) else { return ticks };
    let zone = first.time_zone().clone();
    let mut date = aligned(first.date(), step);
    while let Some(current) = date {
        let Some(time_ms) = start_of(current, &zone) else { break };
        if time_ms as f64 > view.to_ms() || ticks.len() >= TICKS_MAX {
            break;
        }
        if time_ms as f64 >= view.from_ms() {
            ticks.push(calendar_tick(current, time_ms, step));
        }
        date = next(current, step);
    }
    ticks
}

/// The tick at the start of a day.
fn calendar_tick(date: Date, time_ms: i64, step: TickStep) -> Tick {
    let new_year = date.month() == 1 && date.day() == 1;
    let (pattern, strong) = match step {
        TickStep::Years(_) => ("%Y", false),
        TickStep::Months(_) if new_year => ("%Y", true),
        TickStep::Months(_) => ("%b", false),
        TickStep::Clock(_) | TickStep::Days(_) if date.day() == 1 => ("%-d %b %Y", true),
        TickStep::Clock(_) | TickStep::Days(_) => ("%-d %b", false),
    };
    Tick { time_ms, label: date.strftime(pattern).to_string(), strong }
}

/// The last date at or before this one where a tick of the step stands.
fn aligned(date: Date, step: TickStep) -> Option<Date> {
    let first_of = |year: i16, month: i8| Date::new(year, month, 1).ok();
    match step {
        TickStep::Clock(_) => Some(date),
        TickStep::Days(days) => {
            let epoch = Date::constant(1970, 1, 1);
            let since = date.since(epoch).ok()?.get_days();
            date.checked_sub(Span::new().days(since.rem_euclid(i32::from(days)))).ok()
        }
        TickStep::Months(months) => {
            first_of(date.year(), date.month() - (date.month() - 1).rem_euclid(months))
        }
        TickStep::Years(years) => first_of(date.year() - date.year().rem_euclid(years), 1),
    }
}

/// The date of the next tick.
fn next(date: Date, step: TickStep) -> Option<Date> {
    let span = match step {
        TickStep::Clock(_) => return None,
        TickStep::Days(days) => Span::new().days(days),
        TickStep::Months(months) => Span::new().months(months),
        TickStep::Years(years) => Span::new().years(years),
    };
    date.checked_add(span).ok()
}

/// When a day starts in a zone, in milliseconds since the epoch.
fn start_of(date: Date, zone: &TimeZone) -> Option<i64> {
    let midnight: DateTime = date.to_datetime(jiff::civil::Time::midnight());
    zone.to_timestamp(midnight).ok().map(|moment| moment.as_millisecond())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// 2026-11-23 14:02:11.482 UTC
    const NOON_MS: f64 = 1_795_442_531_482.0;

    /// The labels of a view of this length around a moment, 1,000 points wide.
    fn labels(span_ms: f64) -> Vec<String> {
        let view = TimeView::new(NOON_MS - span_ms / 2.0, NOON_MS + span_ms / 2.0);
        ticks(view, 1_000.0, 120.0, &TimeFormat::utc()).into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn labels_are_as_fine_as_the_zoom() {
        assert_eq!(labels(20.0)[0], "14:02:11.475");
        assert_eq!(labels(60_000.0)[0], "14:01:50");
        assert_eq!(labels(6.0 * 3_600_000.0)[..2], ["12:00", "13:00"]);
        assert_eq!(labels(36.0 * 3_600_000.0)[..4], ["23 Nov", "06:00", "12:00", "18:00"]);
        assert_eq!(labels(30.0 * 86_400_000.0)[..2], ["12 Nov", "19 Nov"]);
        assert_eq!(labels(365.0 * 86_400_000.0 * 3.0)[..3], ["Jul", "2026", "Jul"]);
        assert_eq!(labels(365.25 * 86_400_000.0 * 800.0)[..2], ["1700", "1800"]);
    }

    #[test]
    fn days_begin_at_the_midnight_of_the_zone_also_when_the_clock_changes() {
        // The 25th of October 2026 has 25 hours in Berlin.
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let times = TimeFormat::in_zone(zone);
        let (from, to) = (1_792_792_800_000.0, 1_793_055_600_000.0);
        let days = ticks(TimeView::new(from, to), 400.0, 120.0, &times);
        let starts: Vec<i64> = days.iter().map(|tick| tick.time_ms).collect();
        assert_eq!(
            starts,
            [1_792_792_800_000, 1_792_879_200_000, 1_792_969_200_000, 1_793_055_600_000]
        );
    }

    proptest! {
        #[test]
        fn ticks_ascend_within_the_view_and_keep_their_distance(from in -1e12..4e12_f64, span in 5.0..1e13_f64, distance in 40.0..200.0_f32) {
            let view = TimeView::new(from, from + span);
            let found = ticks(view, 1_000.0, distance, &TimeFormat::utc());
            let distance_ms = view.span_ms() * f64::from(distance) / 1_000.0;
            for tick in &found {
                prop_assert!(view.contains(tick.time_ms) && !tick.label.is_empty());
            }
            for pair in found.windows(2) {
                prop_assert!((pair[1].time_ms - pair[0].time_ms) as f64 >= distance_ms * 0.999);
            }
            prop_assert!(found.len() <= 1 + (1_000.0 / distance) as usize);
        }
    }
}
