//! The one clock: where it stands, what it does by itself, and how it steps.
//!
//! Promises: pure; a step always lands on an event or at an end; playing never passes the end and
//! stops there.
//! Does not know: what is drawn at the moment it shows, or where events come from.
//!
//! The clock stands in log order, (log time, topic, partition, offset), not merely in time: several
//! events of one millisecond can be stepped through one by one.

use crate::model::{Clock, Position};
use crate::workspace::{ClockMode, ClockPoint};

/// Where an event stands in log order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LogPlace {
    /// The log time, in milliseconds.
    pub(crate) time_ms: i64,
    /// The record.
    pub(crate) position: Position,
}

impl LogPlace {
    /// The moment just after this event.
    pub(crate) fn point(&self) -> ClockPoint {
        ClockPoint::Record { time_ms: self.time_ms, position: self.position.clone() }
    }
}

/// Whether what stands at this place has happened at this moment.
pub(crate) fn includes(point: &ClockPoint, place: &LogPlace) -> bool {
    match point {
        ClockPoint::Start => false,
        ClockPoint::Time(time_ms) => place.time_ms <= *time_ms,
        ClockPoint::Record { time_ms, position } => {
            (place.time_ms, &place.position) <= (*time_ms, position)
        }
        ClockPoint::End => true,
    }
}

/// How many of these places, which stand in log order, have happened at this moment.
pub(crate) fn included(point: &ClockPoint, places: &[LogPlace]) -> usize {
    places.partition_point(|place| includes(point, place))
}

/// The moment at which this many of the places have happened, and no more.
pub(crate) fn point_after(places: &[LogPlace], count: usize) -> ClockPoint {
    if count >= places.len() && !places.is_empty() {
        return ClockPoint::End;
    }
    count
        .checked_sub(1)
        .and_then(|last| places.get(last))
        .map_or(ClockPoint::Start, LogPlace::point)
}

/// The clock's state.
#[derive(Clone, Debug, Default)]
pub(crate) struct OneClock {
    /// Where it stands.
    pub(crate) at: ClockPoint,
    /// What it does by itself.
    pub(crate) mode: ClockMode,
    /// Which time a cut compares.
    pub(crate) clock: Clock,
    /// The span of what is open, both inclusive, in milliseconds.
    pub(crate) range_ms: Option<(i64, i64)>,
    /// Real time that passed since the last event, while playing one event a second; in
    /// milliseconds.
    since_event_ms: u64,
}

/// How long each event stands while playing one event a second, in milliseconds.
const EVENT_STANDS_MS: u64 = 1000;

impl OneClock {
    /// Where it stands in time, in milliseconds; none while nothing is open.
    pub(crate) fn time_ms(&self) -> Option<i64> {
        let (first_ms, last_ms) = self.range_ms?;
        Some(match &self.at {
            ClockPoint::Start => first_ms,
            ClockPoint::Time(time_ms) | ClockPoint::Record { time_ms, .. } => *time_ms,
            ClockPoint::End => last_ms,
        })
    }

    /// To this moment. Following ends; playing goes on from there.
    pub(crate) fn set(&mut self, point: ClockPoint) {
        self.at = point;
        self.since_event_ms = 0;
        if self.mode == ClockMode::Following {
            self.mode = ClockMode::Paused;
        }
    }

    /// Starts to play; from the beginning when it stands at the end.
    pub(crate) fn play(&mut self, speed: u32) {
        if self.at == ClockPoint::End {
            self.at = ClockPoint::Start;
        }
        self.since_event_ms = 0;
        self.mode = ClockMode::Playing(speed);
    }

    /// Stops playing and following.
    pub(crate) fn pause(&mut self) {
        self.mode = ClockMode::Paused;
    }

    /// Stays at the end.
    pub(crate) fn follow(&mut self) {
        self.mode = ClockMode::Following;
        self.at = ClockPoint::End;
    }

    /// Plays on for this much real time over these places, which stand in log order. Says whether
    /// it moved.
    pub(crate) fn advance(&mut self, elapsed_ms: u64, places: &[LogPlace]) -> bool {
        let ClockMode::Playing(speed) = self.mode else { return false };
        let before = self.at.clone();
        if speed == 0 {
            self.advance_by_event(elapsed_ms, places);
        } else {
            self.advance_by_time(elapsed_ms, speed);
        }
        if self.at == ClockPoint::End {
            self.mode = ClockMode::Paused;
        }
        self.at != before
    }

    /// One event a second.
    fn advance_by_event(&mut self, elapsed_ms: u64, places: &[LogPlace]) {
        self.since_event_ms += elapsed_ms;
        if self.since_event_ms >= EVENT_STANDS_MS {
            self.since_event_ms = 0;
            self.at = point_after(places, included(&self.at, places) + 1);
        }
    }

    /// This many times real time.
    fn advance_by_time(&mut self, elapsed_ms: u64, speed: u32) {
        let (Some(now_ms), Some((_, last_ms))) = (self.time_ms(), self.range_ms) else { return };
        let step_ms =
            i64::try_from(elapsed_ms.saturating_mul(u64::from(speed))).unwrap_or(i64::MAX);
        let next_ms = now_ms.saturating_add(step_ms);
        self.at = if next_ms >= last_ms { ClockPoint::End } else { ClockPoint::Time(next_ms) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::TopicPartition;

    fn places(times_ms: &[i64]) -> Vec<LogPlace> {
        let partition = TopicPartition::new("t", 0);
        (0..)
            .zip(times_ms)
            .map(|(offset, time_ms)| LogPlace { time_ms: *time_ms, position: partition.at(offset) })
            .collect()
    }

    #[test]
    fn events_of_one_millisecond_are_stepped_through_one_by_one() {
        let places = places(&[5, 5, 5, 9]);
        let stops: Vec<usize> =
            (0..=4).map(|count| included(&point_after(&places, count), &places)).collect();
        assert_eq!(stops, [0, 1, 2, 3, 4]);
        assert_eq!(included(&ClockPoint::Time(5), &places), 3);
        assert_eq!(point_after(&places, 9), ClockPoint::End);
    }

    #[test]
    fn without_events_every_step_stays_at_the_start() {
        assert_eq!(point_after(&[], 3), ClockPoint::Start);
    }

    #[test]
    fn scrubbing_leaves_following_but_not_playing() {
        let mut clock = OneClock::default();
        clock.follow();
        clock.set(ClockPoint::Time(3));
        assert_eq!(clock.mode, ClockMode::Paused);
        clock.play(60);
        clock.set(ClockPoint::Time(1));
        assert_eq!(clock.mode, ClockMode::Playing(60));
    }

    #[test]
    fn playing_moves_with_its_speed_and_stops_at_the_end() {
        let mut clock = OneClock { range_ms: Some((1000, 9000)), ..OneClock::default() };
        clock.set(ClockPoint::Start);
        clock.play(10);
        assert!(clock.advance(100, &[]));
        assert_eq!(clock.at, ClockPoint::Time(2000));
        assert!(clock.advance(10_000, &[]));
        assert_eq!((clock.at.clone(), clock.mode), (ClockPoint::End, ClockMode::Paused));
    }

    #[test]
    fn playing_by_event_shows_each_event_for_a_second() {
        let places = places(&[5, 5, 70_000]);
        let mut clock = OneClock { range_ms: Some((5, 70_000)), ..OneClock::default() };
        clock.play(0);
        assert!(!clock.advance(999, &places), "the second is not over");
        assert!(clock.advance(1, &places));
        assert_eq!(included(&clock.at, &places), 1);
        clock.advance(1000, &places);
        assert_eq!(included(&clock.at, &places), 2);
    }

    #[test]
    fn play_at_the_end_starts_over() {
        let mut clock = OneClock { range_ms: Some((0, 10)), ..OneClock::default() };
        assert_eq!(clock.at, ClockPoint::End);
        clock.play(1);
        assert_eq!(clock.at, ClockPoint::Start);
    }
}
