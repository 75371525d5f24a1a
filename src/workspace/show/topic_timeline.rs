//! The timeline of a topic: a lane for each partition, and one for each other topic that is open.
//!
//! Promises: what is asked for stays the same while a view moves a little, so that moving on asks
//! seldom; it reaches beyond the view on both sides, so that nothing is missing until the answer to
//! the next question is there.
//! Does not know: pixels, how lanes are worked out (`engine`).

use std::ops::Range;
use std::sync::Arc;

use super::lane::Lane;
use crate::model::{EntityId, Position};

/// A bucket is at most this wide, in points, and at least half as wide.
const BUCKET_POINTS: f64 = 4.0;
/// The ends of what is asked for lie on multiples of this many buckets: 2 to the power of it.
const TILE_LOG2: u32 = 7;
/// The widest bucket, as the binary logarithm of milliseconds: 35 years.
const WIDEST_LOG2: u32 = 40;
/// Wider than this, in points, no screen is.
const POINTS_MAX: f64 = 16_384.0;
/// The ends of the lanes that are asked for lie on multiples of this many.
const LANES_PER_PAGE: usize = 32;

/// Which part of a topic's timeline is wanted.
///
/// Invariant: `bucket_ms` is a power of two, or 0 when nothing is wanted; `from_ms` and `to_ms + 1`
/// are multiples of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LanesWanted {
    /// The first millisecond.
    from_ms: i64,
    /// The last millisecond.
    to_ms: i64,
    /// How much time a bucket of a density is.
    bucket_ms: i64,
    /// The numbers of the lanes.
    lanes: Range<usize>,
}

impl LanesWanted {
    /// What shows this span of time, in milliseconds, on this many points, and these lanes.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "powers of two are exact, times are far within i64"
    )]
    pub fn covering(span_ms: (f64, f64), points: f64, lanes: &Range<usize>) -> Self {
        let (from_ms, to_ms) = span_ms;
        let length_ms = (to_ms - from_ms).max(1.0);
        let most_ms = length_ms / points.clamp(1.0, POINTS_MAX) * BUCKET_POINTS;
        let log2 = (0..WIDEST_LOG2).rfind(|log2| (1_i64 << log2) as f64 <= most_ms).unwrap_or(0);
        let tile_ms = (1_i64 << (log2 + TILE_LOG2)) as f64;
        let tile = |time_ms: f64| (time_ms / tile_ms).floor() as i64;
        let start = |tile: i64| tile.saturating_mul(1 << (log2 + TILE_LOG2));
        Self {
            from_ms: start(tile(from_ms - length_ms / 2.0)),
            to_ms: start(tile(to_ms + length_ms / 2.0) + 1) - 1,
            bucket_ms: 1 << log2,
            lanes: lanes.start / LANES_PER_PAGE * LANES_PER_PAGE
                ..lanes.end.max(1).next_multiple_of(LANES_PER_PAGE),
        }
    }

    /// The span of time, both ends inclusive, in milliseconds.
    pub fn span_ms(&self) -> (i64, i64) {
        (self.from_ms, self.to_ms)
    }

    /// How many buckets a density has.
    pub fn buckets(&self) -> usize {
        let length_ms = self.to_ms.abs_diff(self.from_ms) + 1;
        usize::try_from(length_ms / self.bucket_ms.max(1).unsigned_abs()).unwrap_or(usize::MAX)
    }

    /// The numbers of the lanes.
    pub fn lanes(&self) -> &Range<usize> {
        &self.lanes
    }
}

/// The record behind a mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarkedRecord {
    /// The record.
    pub position: Position,
    /// The log time, in milliseconds.
    pub log_time_ms: i64,
    /// The event type, when the mapping finds one.
    pub event_type: Arc<str>,
    /// The entity it belongs to.
    pub entity: Option<EntityId>,
}

/// A topic's timeline, as far as it was asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicTimeline {
    /// What it answers.
    pub wanted: LanesWanted,
    /// A lane for each partition by its number, then one for each other open topic. Those that were
    /// not asked for have neither marks nor counts.
    pub lanes: Arc<[Lane]>,
    /// How many of the lanes are partitions.
    pub partitions: usize,
    /// The records behind the marks of all lanes: a mark's version is the number of its record,
    /// from 1.
    pub records: Arc<[MarkedRecord]>,
}

impl TopicTimeline {
    /// The record behind the mark with this version.
    pub fn record(&self, version: u64) -> Option<&MarkedRecord> {
        self.records.get(usize::try_from(version.checked_sub(1)?).ok()?)
    }

    /// The version of the mark of this record, when it is a mark.
    pub fn version_of(&self, position: &Position) -> Option<u64> {
        // The numbers differ far more often than the topics.
        let is_it = |record: &MarkedRecord| {
            record.position.offset == position.offset && record.position == *position
        };
        let index = self.records.iter().position(is_it)?;
        Some(index as u64 + 1)
    }
}

#[cfg(test)]
#[expect(clippy::cast_precision_loss, reason = "times of this age are exact")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn buckets_are_between_two_and_four_points_wide_and_reach_beyond_the_view() {
        let wanted = LanesWanted::covering((0.0, 1_000_000.0), 1_000.0, &(0..3));
        assert_eq!(wanted.bucket_ms, 2_048, "1,000 ms are a point");
        assert!(wanted.from_ms <= -500_000 && wanted.to_ms >= 1_500_000, "{wanted:?}");
        assert_eq!(wanted.lanes, 0..32);
    }

    #[test]
    fn no_bucket_is_shorter_than_a_millisecond() {
        let wanted = LanesWanted::covering((100.0, 105.0), 2_000.0, &(0..1));
        assert_eq!(wanted.bucket_ms, 1);
    }

    #[test]
    fn moving_a_little_asks_for_the_same() {
        let asked = |from: f64| LanesWanted::covering((from, from + 3.6e6), 1_400.0, &(0..12));
        let mut different: Vec<LanesWanted> =
            (0..1_400).map(|points| asked(1.79e12 + f64::from(points) * 3.6e6 / 1_400.0)).collect();
        different.dedup();
        assert!(different.len() <= 12, "moving by a whole view asks {} times", different.len());
    }

    proptest! {
        #[test]
        fn what_is_asked_for_covers_the_view_with_a_bounded_number_of_buckets(
            from in -1e13..4e12_f64, length in 5.0..3e13_f64, points in 1.0..9_000.0_f64, lane in 0..9_000_usize,
        ) {
            let wanted = LanesWanted::covering((from, from + length), points, &(lane..lane + 40));
            let (from_ms, to_ms) = wanted.span_ms();
            prop_assert!((from_ms as f64) <= from && (to_ms as f64) + 1.0 >= from + length);
            prop_assert!(wanted.buckets() as f64 <= points + 600.0, "{} buckets", wanted.buckets());
            prop_assert!(wanted.lanes.start <= lane && wanted.lanes.end >= lane + 40 && wanted.lanes.len() <= 104);
            prop_assert_eq!(from_ms % wanted.bucket_ms, 0);
        }
    }
}
