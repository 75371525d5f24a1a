//! Tests of what becomes of records as they arrive.

use proptest::prelude::*;

use super::*;
use crate::model::{PLAUSIBLE_FUTURE_MS, TopicPartition};

const NOW_MS: i64 = 1_800_000_000_000;
const FUTURE_MS: i64 = NOW_MS + PLAUSIBLE_FUTURE_MS + 1;

fn plan(keys: KeyFilter, follow: bool) -> ReadPlan {
    ReadPlan { keys, follow, ..ReadPlan::new(Vec::new(), NOW_MS) }
}

fn intake(from: i64, to: i64, keys: KeyFilter, follow: bool) -> Intake {
    let range = OffsetRange::new(&TopicPartition::new("t", 0), from, to);
    Intake::new(&range, &plan(keys, follow), PartitionOutcomes::default())
}

fn feed(intake: &mut Intake, offset: i64, timestamp_ms: i64, key: &str) -> Option<RecordBatch> {
    let incoming = Incoming {
        offset,
        timestamp_ms,
        timestamp_type: TimestampType::CreateTime,
        leader_epoch: -1,
        key: Some(key.as_bytes()),
        value: Some(b"v"),
    };
    intake.record(incoming, std::iter::empty)
}

fn spans(ranges: &[OffsetRange]) -> Vec<(i64, i64)> {
    ranges.iter().map(|range| (range.from, range.to)).collect()
}

#[test]
fn offsets_without_a_record_are_gaps() {
    let mut intake = intake(0, 10, KeyFilter::All, false);
    for offset in [2, 3, 7] {
        feed(&mut intake, offset, offset, "k");
    }
    intake.skip_to(10);
    assert_eq!(spans(&intake.read().gaps), [(0, 2), (4, 7), (8, 10)]);
    assert!(intake.has_reached_end());
    assert_eq!(intake.read().records, 3);
}

#[test]
fn a_record_beyond_the_end_is_left_out_and_ends_the_partition() {
    let mut intake = intake(0, 5, KeyFilter::All, false);
    feed(&mut intake, 0, 0, "k");
    feed(&mut intake, 8, 0, "k");
    assert_eq!((intake.read().position, intake.read().records), (5, 1));
    assert_eq!(spans(&intake.read().gaps), [(1, 5)]);
    assert_eq!(intake.seal_all().unwrap().offsets(), [0]);
}

#[test]
fn records_beyond_the_end_are_taken_when_following() {
    let mut intake = intake(0, 1, KeyFilter::All, true);
    feed(&mut intake, 0, 0, "k");
    feed(&mut intake, 1, 0, "k");
    assert_eq!(intake.seal().unwrap().offsets(), [0, 1]);
}

#[test]
fn records_that_the_key_filter_leaves_out_still_move_log_time() {
    let mut intake = intake(0, 10, KeyFilter::Equals(b"mine"[..].into()), false);
    feed(&mut intake, 0, 500, "theirs");
    feed(&mut intake, 1, 100, "mine");
    let batch = intake.seal().unwrap();
    assert_eq!(batch.offsets(), [1]);
    assert_eq!(batch.log_times_ms(), [500]);
    assert_eq!(intake.read().records, 2);
}

#[test]
fn a_null_key_contains_nothing() {
    let mut intake = intake(0, 10, KeyFilter::Contains(b""[..].into()), false);
    let incoming = Incoming {
        offset: 0,
        timestamp_ms: 0,
        timestamp_type: TimestampType::CreateTime,
        leader_epoch: -1,
        key: None,
        value: None,
    };
    intake.record(incoming, std::iter::empty);
    assert!(intake.seal_all().is_none());
}

#[test]
fn first_records_from_the_future_wait_for_a_plausible_one() {
    let mut intake = intake(0, 10, KeyFilter::All, false);
    assert!(feed(&mut intake, 0, FUTURE_MS, "k").is_none());
    assert!(feed(&mut intake, 1, FUTURE_MS + 5, "k").is_none());
    assert!(intake.seal().is_none(), "they are still waiting");
    let waited = feed(&mut intake, 2, 70, "k").unwrap();
    assert_eq!(waited.offsets(), [0, 1]);
    assert_eq!(waited.log_times_ms(), [70, 70]);
    assert!(waited.get(0).unwrap().has_implausible_time());
    assert_eq!(intake.seal().unwrap().log_times_ms(), [70]);
}

#[test]
fn without_any_plausible_record_their_own_times_are_made_to_ascend() {
    let mut intake = intake(0, 3, KeyFilter::All, false);
    for (offset, timestamp_ms) in [(0, FUTURE_MS + 9), (1, FUTURE_MS), (2, FUTURE_MS + 10)] {
        feed(&mut intake, offset, timestamp_ms, "k");
    }
    let batch = intake.seal_all().unwrap();
    assert_eq!(batch.log_times_ms(), [FUTURE_MS + 9, FUTURE_MS + 9, FUTURE_MS + 10]);
}

#[test]
fn log_time_does_not_go_back_after_waiting_was_given_up() {
    let mut intake = intake(0, 1, KeyFilter::All, true);
    feed(&mut intake, 0, FUTURE_MS, "k");
    intake.seal_all().unwrap();
    feed(&mut intake, 1, 70, "k");
    assert_eq!(intake.seal().unwrap().log_times_ms(), [FUTURE_MS]);
}

#[test]
fn a_range_that_retention_took_is_lost_not_a_gap() {
    let mut intake = intake(0, 10, KeyFilter::All, false);
    feed(&mut intake, 0, 0, "k");
    let lost = intake.lose_until(6);
    assert_eq!((lost.from, lost.to), (1, 6));
    feed(&mut intake, 6, 0, "k");
    assert_eq!(spans(&intake.read().lost), [(1, 6)]);
    assert_eq!(spans(&intake.read().gaps), []);
}

#[test]
fn a_batch_is_sealed_when_it_is_full() {
    let mut intake = intake(0, 10_000, KeyFilter::All, false);
    let sealed: Vec<_> = (0..5000).filter_map(|offset| feed(&mut intake, offset, 0, "k")).collect();
    assert_eq!(sealed.len(), 1);
    assert_eq!(sealed[0].len(), BATCH_RECORDS);
}

proptest! {
    #[test]
    fn every_offset_up_to_the_position_is_a_record_or_in_a_gap(
        offsets in proptest::collection::btree_set(0_i64..300, 0..100),
        timestamps in proptest::collection::vec(0_i64..(2 * NOW_MS), 100),
        end in 0_i64..300,
    ) {
        let mut intake = intake(0, end, KeyFilter::All, false);
        let mut read = Vec::new();
        for (offset, timestamp_ms) in offsets.iter().zip(timestamps) {
            read.extend(feed(&mut intake, *offset, timestamp_ms, "k"));
        }
        intake.skip_to(end);
        while let Some(batch) = intake.seal_all() {
            read.push(batch);
        }
        let mut covered: Vec<i64> = read.iter().flat_map(|batch| batch.offsets().to_vec()).collect();
        let expected: Vec<i64> = offsets.iter().copied().filter(|offset| *offset < end).collect();
        prop_assert_eq!(&covered, &expected);
        covered.extend(intake.read().gaps.iter().flat_map(|gap| gap.from..gap.to));
        covered.sort_unstable();
        prop_assert_eq!(covered, (0..end).collect::<Vec<_>>());
        let times: Vec<i64> = read.iter().flat_map(|batch| batch.log_times_ms().to_vec()).collect();
        prop_assert!(times.is_sorted());
    }
}
