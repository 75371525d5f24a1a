//! Log time: the running maximum of the timestamps of one partition, which says what the system
//! knew when.
//!
//! Promises: log time never goes back within a partition; a timestamp from the future cannot drag
//! it along.
//! Does not know: which records the isolation level delivers; it is fed exactly those; when
//! timestamps are judged (`judged`).
//!
//! Producers may write any timestamp (`CreateTime`), so raw timestamps go back and forth. The log
//! itself does not: a record stands after all records before it. Log time is the clock that agrees
//! with that order.

use super::Judging;

/// The log time of one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogTime {
    /// Known at once, in milliseconds since the epoch.
    Known(i64),
    /// The record's timestamp is implausible but earlier records say how late it is, in
    /// milliseconds since the epoch.
    Implausible(i64),
    /// Implausible with nothing plausible before it: takes the log time of the next plausible
    /// record.
    Pending,
}

/// The clock of one partition. Feed it every delivered record in offset order.
#[derive(Clone, Debug)]
pub struct LogClock {
    /// The latest plausible timestamp so far, in milliseconds.
    latest_ms: Option<i64>,
    /// Which timestamps are implausible.
    judging: Judging,
}

impl LogClock {
    /// A clock for a read that began at this moment, in milliseconds since the epoch.
    pub fn new(read_started_ms: i64) -> Self {
        Self { latest_ms: None, judging: Judging::at(read_started_ms) }
    }

    /// A clock for a read that goes on where another one knew this log time, in milliseconds.
    pub fn going_on_from(judging: Judging, latest_ms: Option<i64>) -> Self {
        Self { latest_ms, judging }
    }

    /// Moves on to the next record, which has this offset and this timestamp in milliseconds, and
    /// says its log time.
    pub fn advance(&mut self, offset: i64, timestamp_ms: i64) -> LogTime {
        if !self.judging.believes(offset, timestamp_ms) {
            return self.latest_ms.map_or(LogTime::Pending, LogTime::Implausible);
        }
        let log_time_ms = self.latest_ms.map_or(timestamp_ms, |latest| latest.max(timestamp_ms));
        self.latest_ms = Some(log_time_ms);
        LogTime::Known(log_time_ms)
    }

    /// The latest log time said so far, in milliseconds; none before the first plausible record.
    pub fn latest_ms(&self) -> Option<i64> {
        self.latest_ms
    }

    /// When the record with this offset is judged, in milliseconds.
    pub fn judged_at_ms(&self, offset: i64) -> i64 {
        self.judging.at_ms(offset)
    }

    /// Lets the clock of a continued read go on: what was plausible at its start stays plausible,
    /// and so does what lies within an hour after this moment, in milliseconds.
    pub fn extend_horizon(&mut self, now_ms: i64) {
        self.judging.go_on(now_ms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::PLAUSIBLE_FUTURE_MS;

    const NOW_MS: i64 = 1_800_000_000_000;

    #[test]
    fn log_time_is_the_running_maximum() {
        let mut clock = LogClock::new(NOW_MS);
        let times = [5, 3, 9, 9, 1].map(|timestamp| clock.advance(0, timestamp));
        assert_eq!(times, [5, 5, 9, 9, 9].map(LogTime::Known));
    }

    #[test]
    fn a_timestamp_from_the_future_does_not_move_the_clock() {
        let mut clock = LogClock::new(NOW_MS);
        clock.advance(0, 10);
        assert_eq!(clock.advance(0, NOW_MS + PLAUSIBLE_FUTURE_MS + 1), LogTime::Implausible(10));
        assert_eq!(clock.advance(0, 11), LogTime::Known(11));
    }

    #[test]
    fn one_hour_ahead_is_still_plausible() {
        let mut clock = LogClock::new(NOW_MS);
        let edge = NOW_MS + PLAUSIBLE_FUTURE_MS;
        assert_eq!(clock.advance(0, edge), LogTime::Known(edge));
    }

    #[test]
    fn a_first_record_from_the_future_waits_for_a_plausible_one() {
        let mut clock = LogClock::new(NOW_MS);
        assert_eq!(clock.advance(0, i64::MAX), LogTime::Pending);
        assert_eq!(clock.latest_ms(), None);
        assert_eq!(clock.advance(0, 7), LogTime::Known(7));
    }
}
