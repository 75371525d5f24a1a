//! What to draw for a lane of sorted marks at a zoom.
//!
//! Promises: every visible mark is drawn, alone or as part of something that says how many; the
//! visible slice is found by binary search; with more than one mark per point the cost depends on
//! the width alone.
//! Does not know: colours, pixels of a screen.

use std::ops::Range;

use super::TimeMap;
use crate::workspace::{Lane, LaneMark, TimeCounts};

/// Marks whose centers are closer than this become one item, in points: they would cover each
/// other.
const MERGE_POINTS: f32 = 6.0;
/// A group of neighbours wider than this, in points, says too little: the lane becomes a density.
const GROUP_POINTS_MAX: f32 = 48.0;
/// How far outside the view a mark may lie and still be partly visible, in points.
const OVERHANG_POINTS: f32 = 8.0;
/// The width of a bucket of the density, in points.
const BUCKET_POINTS: f32 = 2.0;
/// With more marks per bucket than this, counting by binary search is cheaper than walking.
const WALK_PER_BUCKET: usize = 16;

/// One thing to draw on a lane.
#[derive(Clone, Debug, PartialEq)]
pub enum LaneItem {
    /// A mark by itself.
    Mark {
        /// Its number in the lane.
        index: usize,
        /// Where its center is.
        x: f32,
    },
    /// Neighbours too close to be told apart.
    Merged {
        /// Their numbers in the lane.
        marks: Range<usize>,
        /// Where the center of the first is.
        from_x: f32,
        /// Where the center of the last is.
        to_x: f32,
    },
}

/// How many marks lie in a narrow strip.
#[derive(Clone, Debug, PartialEq)]
pub struct Bucket {
    /// The strip's left edge.
    pub x: f32,
    /// The numbers of the marks in it.
    pub marks: Range<usize>,
}

/// What to draw for a lane.
#[derive(Clone, Debug, PartialEq)]
pub enum LaneItems {
    /// Few enough to draw each or each small group.
    Items(Vec<LaneItem>),
    /// More than one mark per point: how many are where. Only strips that have some, each this
    /// wide.
    Density {
        /// The width of a strip.
        width: f32,
        /// The strips, from left to right.
        buckets: Vec<Bucket>,
    },
    /// Only how much happened when is known: the numbers of the buckets that are visible.
    Counts(Range<usize>),
}

/// What to draw where only counts are known.
pub fn lane_counts(counts: &TimeCounts, map: &TimeMap) -> LaneItems {
    let bucket_ms = counts.bucket_ms.max(1) as f64;
    let index = |time_ms: f64| (time_ms - counts.from_ms as f64) / bucket_ms;
    let end = (index(map.view.to_ms()).floor() + 1.0).clamp(0.0, counts.counts.len() as f64);
    let first = index(map.view.from_ms()).floor().clamp(0.0, end);
    LaneItems::Counts(first as usize..end as usize)
}

/// The highest count that is visible in any of these lanes, at least 1: what bars are measured by,
/// so that lanes can be compared.
pub(super) fn highest_count(lanes: &[Lane], map: &TimeMap) -> u64 {
    let of_lane = |lane: &Lane| match lane_counts(&lane.counts, map) {
        LaneItems::Counts(bars) => lane.counts.counts[bars].iter().copied().max(),
        _ => None,
    };
    lanes.iter().filter_map(of_lane).max().unwrap_or(1).max(1)
}

/// What to draw for these marks, which are sorted by time: a density where there is more than one
/// mark per point, or where marks crowd somewhere.
pub fn lane_items(marks: &[LaneMark], map: &TimeMap) -> LaneItems {
    let visible = visible(marks, map);
    if visible.len() as f32 > map.x.span() {
        return density(marks, visible, map);
    }
    let mut items: Vec<LaneItem> = Vec::new();
    for index in visible.clone() {
        let x = map.x_of(marks[index].time_ms as f64);
        match items.last_mut() {
            Some(LaneItem::Merged { marks: group, from_x, to_x }) if x - *to_x < MERGE_POINTS => {
                if x - *from_x > GROUP_POINTS_MAX {
                    return density(marks, visible, map);
                }
                group.end = index + 1;
                *to_x = x;
            }
            Some(last @ LaneItem::Mark { .. }) => {
                let LaneItem::Mark { index: first, x: from_x } = *last else { continue };
                if x - from_x < MERGE_POINTS {
                    *last = LaneItem::Merged { marks: first..index + 1, from_x, to_x: x };
                } else {
                    items.push(LaneItem::Mark { index, x });
                }
            }
            Some(LaneItem::Merged { .. }) | None => items.push(LaneItem::Mark { index, x }),
        }
    }
    LaneItems::Items(items)
}

/// The numbers of the marks that are visible, also partly.
fn visible(marks: &[LaneMark], map: &TimeMap) -> Range<usize> {
    let overhang_ms = map.ms_per_point() * f64::from(OVERHANG_POINTS);
    let (from, to) = (map.view.from_ms() - overhang_ms, map.view.to_ms() + overhang_ms);
    let first = marks.partition_point(|mark| (mark.time_ms as f64) < from);
    let count = marks[first..].partition_point(|mark| mark.time_ms as f64 <= to);
    first..first + count
}

/// How many of the visible marks are where.
fn density(marks: &[LaneMark], visible: Range<usize>, map: &TimeMap) -> LaneItems {
    let left = map.x.min - OVERHANG_POINTS;
    let count = ((map.x.span() + OVERHANG_POINTS * 2.0) / BUCKET_POINTS).ceil() as usize;
    let walk = visible.len() <= count * WALK_PER_BUCKET;
    let mut buckets = Vec::with_capacity(count.min(visible.len()));
    let mut next = visible.start;
    for bucket in 0..count {
        let x = left + bucket as f32 * BUCKET_POINTS;
        let end_ms = map.time_of(x + BUCKET_POINTS);
        let rest = &marks[next..visible.end];
        let inside = |mark: &LaneMark| (mark.time_ms as f64) < end_ms;
        let counted = if bucket + 1 == count {
            rest.len()
        } else if walk {
            rest.iter().take_while(|mark| inside(mark)).count()
        } else {
            rest.partition_point(inside)
        };
        if counted > 0 {
            buckets.push(Bucket { x, marks: next..next + counted });
            next += counted;
        }
    }
    LaneItems::Density { width: BUCKET_POINTS, buckets }
}

/// The number of the mark nearest to an x, if one is within this many points.
pub(super) fn nearest(marks: &[LaneMark], map: &TimeMap, x: f32, within: f32) -> Option<usize> {
    let time = map.time_of(x);
    let after = marks.partition_point(|mark| (mark.time_ms as f64) < time);
    let distance = |index: &usize| (map.x_of(marks[*index].time_ms as f64) - x).abs();
    [after.checked_sub(1), Some(after)]
        .into_iter()
        .flatten()
        .filter(|index| *index < marks.len() && distance(index) <= within)
        .min_by(|one, other| distance(one).total_cmp(&distance(other)))
}

/// The mark with a problem nearest to an x, if one is within this many points.
pub(super) fn nearest_problem(lane: &Lane, map: &TimeMap, x: f32, within: f32) -> Option<usize> {
    let x_of = |number: usize| map.x_of(lane.marks[number].time_ms as f64);
    let after = lane.problems.partition_point(|number| x_of(*number) < x);
    let beside = [after.checked_sub(1), Some(after)].into_iter().flatten();
    let beside = beside.filter_map(|index| lane.problems.get(index).copied());
    beside
        .filter(|number| (x_of(*number) - x).abs() <= within)
        .min_by(|one, other| (x_of(*one) - x).abs().total_cmp(&(x_of(*other) - x).abs()))
}

/// The next mark with a problem after a version in any lane, or the one before it, with the number
/// of its lane.
pub fn problem_beside(lanes: &[Lane], version: u64, forward: bool) -> Option<(usize, &LaneMark)> {
    let of_lane = |(number, lane): (usize, &'_ Lane)| {
        let version_of = |problem: &usize| lane.marks[*problem].version;
        let index = if forward {
            lane.problems.partition_point(|problem| version_of(problem) <= version)
        } else {
            lane.problems.partition_point(|problem| version_of(problem) < version).checked_sub(1)?
        };
        Some((number, *lane.problems.get(index)?))
    };
    let beside = lanes.iter().enumerate().filter_map(of_lane);
    let beside = beside.map(|(number, problem)| (number, &lanes[number].marks[problem]));
    if forward {
        beside.min_by_key(|(_, mark)| mark.version)
    } else {
        beside.max_by_key(|(_, mark)| mark.version)
    }
}

/// The next mark after a version in a lane, or the one before it; the first or last when there is
/// no version yet.
pub fn neighbour(marks: &[LaneMark], version: Option<u64>, forward: bool) -> Option<&LaneMark> {
    let Some(version) = version else {
        return if forward { marks.first() } else { marks.last() };
    };
    if forward {
        marks.iter().find(|mark| mark.version > version)
    } else {
        marks.iter().rev().find(|mark| mark.version < version)
    }
}

#[cfg(test)]
mod tests {
    use egui::Rangef;
    use proptest::prelude::*;

    use super::super::TimeView;
    use super::*;

    /// Marks at these times.
    fn marks(times: impl IntoIterator<Item = i64>) -> Vec<LaneMark> {
        let mark = |(index, time_ms): (usize, i64)| LaneMark {
            time_ms,
            version: index as u64 + 1,
            hue: 0,
            hollow: false,
            problem: false,
        };
        times.into_iter().enumerate().map(mark).collect()
    }

    /// A map of this span of time to 1,000 points: a point is a thousandth of it.
    fn map(from_ms: i64, to_ms: i64) -> TimeMap {
        let view = TimeView::new(from_ms as f64, to_ms as f64);
        TimeMap { view, x: Rangef::new(0.0, 1_000.0) }
    }

    /// How many marks are drawn.
    fn drawn(items: &LaneItems) -> usize {
        match items {
            LaneItems::Items(items) => items
                .iter()
                .map(|item| match item {
                    LaneItem::Mark { .. } => 1,
                    LaneItem::Merged { marks, .. } => marks.len(),
                })
                .sum(),
            LaneItems::Density { buckets, .. } => {
                buckets.iter().map(|bucket| bucket.marks.len()).sum()
            }
            LaneItems::Counts(_) => 0,
        }
    }

    #[test]
    fn marks_apart_stand_alone_and_close_ones_merge() {
        let found = lane_items(&marks([100, 103, 106, 300]), &map(0, 1_000));
        let expected = vec![
            LaneItem::Merged { marks: 0..3, from_x: 100.0, to_x: 106.0 },
            LaneItem::Mark { index: 3, x: 300.0 },
        ];
        assert_eq!(found, LaneItems::Items(expected));
    }

    #[test]
    fn zooming_in_takes_a_group_apart() {
        let found = lane_items(&marks([100, 103, 106]), &map(95, 115));
        let LaneItems::Items(items) = found else { panic!("three marks are no density") };
        assert_eq!(items.len(), 3);
    }

    #[test]
    fn marks_outside_the_view_are_not_drawn_but_those_that_reach_into_it_are() {
        let found = lane_items(&marks([-500, -5, 500, 1_005, 2_000]), &map(0, 1_000));
        assert_eq!(drawn(&found), 3);
    }

    #[test]
    fn many_marks_become_a_density_that_counts_each_once() {
        let all = marks((0..100_000).map(|n| n / 10));
        let found = lane_items(&all, &map(0, 10_000));
        assert_eq!(drawn(&found), 100_000);
        let LaneItems::Density { buckets, .. } = found else {
            panic!("100,000 marks are a density")
        };
        assert!(buckets.len() <= 510, "{} buckets", buckets.len());
    }

    #[test]
    fn a_crowd_becomes_a_density_instead_of_one_long_bar() {
        let found = lane_items(&marks((0..40).map(|n| 100 + n * 3)), &map(0, 1_000));
        assert!(matches!(found, LaneItems::Density { .. }), "{found:?}");
        assert_eq!(drawn(&found), 40);
    }

    #[test]
    fn of_counts_only_what_is_visible_is_drawn_and_measured() {
        let counts = TimeCounts { from_ms: 0, bucket_ms: 100, counts: vec![9, 0, 3, 4, 0, 8] };
        let lane = Lane::of_counts("t".into(), 24, counts);
        let items = lane_counts(&lane.counts, &map(210, 390));
        assert_eq!(items, LaneItems::Counts(2..4));
        assert_eq!(highest_count(std::slice::from_ref(&lane), &map(210, 390)), 4);
        assert_eq!(highest_count(std::slice::from_ref(&lane), &map(-900, 9_000)), 9);
        assert_eq!(lane_counts(&lane.counts, &map(700, 900)), LaneItems::Counts(6..6));
        assert_eq!(lane_counts(&lane.counts, &map(-900, -100)), LaneItems::Counts(0..0));
        assert_eq!(highest_count(&[], &map(0, 100)), 1, "something to measure by");
    }

    #[test]
    fn an_empty_lane_draws_nothing() {
        assert_eq!(lane_items(&[], &map(0, 1_000)), LaneItems::Items(Vec::new()));
    }

    #[test]
    fn the_nearest_mark_is_found_within_reach_only() {
        let all = marks([100, 200]);
        let map = map(0, 1_000);
        assert_eq!(nearest(&all, &map, 104.0, 6.0), Some(0));
        assert_eq!(nearest(&all, &map, 197.0, 6.0), Some(1));
        assert_eq!(nearest(&all, &map, 150.0, 6.0), None);
        assert_eq!(nearest(&[], &map, 150.0, 6.0), None);
    }

    #[test]
    fn neighbours_are_those_of_the_same_lane() {
        let all = marks([1, 2, 3]);
        assert_eq!(neighbour(&all, None, true).unwrap().version, 1);
        assert_eq!(neighbour(&all, Some(1), true).unwrap().version, 2);
        assert_eq!(neighbour(&all, Some(3), true), None);
        assert_eq!(neighbour(&all, Some(3), false).unwrap().version, 2);
    }

    /// A lane of 10,000 marks, the versions of two lanes taking turns, with problems at these
    /// versions.
    fn crowded(first: u64, problems: &[u64]) -> Lane {
        let mark = |index: u64| {
            let version = first + index * 2;
            let problem = problems.contains(&version);
            let time_ms = i64::try_from(version).unwrap();
            LaneMark { time_ms, version, hue: 0, hollow: false, problem }
        };
        Lane::new("t".into(), (0..10_000).map(mark).collect())
    }

    #[test]
    fn problems_are_stepped_through_over_all_lanes_also_where_they_are_a_density() {
        let lanes = [crowded(1, &[501, 9_001]), crowded(2, &[700])];
        let map = map(0, 20_000);
        assert!(matches!(lane_items(&lanes[0].marks, &map), LaneItems::Density { .. }), "crowded");
        let step = |version, forward| {
            problem_beside(&lanes, version, forward).map(|(lane, mark)| (lane, mark.version))
        };
        assert_eq!(step(0, true), Some((0, 501)));
        assert_eq!(step(501, true), Some((1, 700)));
        assert_eq!(step(700, true), Some((0, 9_001)));
        assert_eq!(step(9_001, true), None);
        assert_eq!(step(9_001, false), Some((1, 700)));
        assert_eq!(step(501, false), None);
    }

    #[test]
    fn a_problem_in_a_crowd_can_be_pointed_at() {
        let lane = crowded(1, &[501, 9_001]);
        let map = map(0, 20_000);
        let x = map.x_of(9_001.0);
        assert_eq!(nearest_problem(&lane, &map, x + 3.0, 4.0), Some(4_500));
        assert_eq!(nearest_problem(&lane, &map, x + 5.0, 4.0), None);
    }

    proptest! {
        #[test]
        fn every_visible_mark_is_drawn_exactly_once(
            mut times in prop::collection::vec(0..20_000_i64, 0..3_000),
            from in 0..20_000_i64,
            span in 5..20_000_i64,
        ) {
            times.sort_unstable();
            let all = marks(times);
            let map = map(from, from + span);
            let items = lane_items(&all, &map);
            let inside = all.iter().filter(|mark| map.view.contains(mark.time_ms)).count();
            prop_assert!(drawn(&items) >= inside);
            let overhang = map.ms_per_point() * f64::from(OVERHANG_POINTS);
            let near = |mark: &&LaneMark| {
                let time = mark.time_ms as f64;
                time >= map.view.from_ms() - overhang && time <= map.view.to_ms() + overhang
            };
            prop_assert_eq!(drawn(&items), all.iter().filter(near).count());
        }
    }
}
