//! Tests of the verdict on completeness.

use proptest::prelude::*;

use super::*;

/// A partition that was read from 0 to 100 and is complete.
fn complete() -> PartitionHistory {
    let partition = TopicPartition::new("orders", 3);
    PartitionHistory {
        bounds: Some(Watermarks { low: 0, high: 100, last_stable: 100 }),
        reads: vec![read(&partition, 0, 100)],
        compacted: Some(false),
        aborted: None,
        asked: ALL_OFFSETS,
        may_have_markers: true,
        undecodable: Vec::new(),
        truncated: Vec::new(),
        partition,
    }
}

/// A read that is done.
fn read(partition: &TopicPartition, from: i64, to: i64) -> PartitionRead {
    let first_timestamp_ms = Some(7000 + from);
    let range = OffsetRange::new(partition, from, to);
    PartitionRead { position: to, first_timestamp_ms, ..PartitionRead::starting(&range) }
}

/// The verdict and, of each reason, its kind and ranges.
type Told = (Verdict, Vec<(ReasonKind, Vec<(i64, i64)>)>);

/// What is told about one partition.
fn told(history: &PartitionHistory, isolation: Isolation) -> Told {
    let completeness = assess(std::slice::from_ref(history), isolation);
    let reasons = completeness.reasons.into_iter().map(|reason| {
        (reason.kind, reason.ranges.iter().map(|range| (range.from, range.to)).collect())
    });
    (completeness.verdict, reasons.collect())
}

/// The same with committed isolation.
fn told_committed(history: &PartitionHistory) -> Told {
    told(history, Isolation::Committed)
}

/// One reason.
fn one(verdict: Verdict, kind: ReasonKind, from: i64, to: i64) -> Told {
    (verdict, vec![(kind, vec![(from, to)])])
}

/// Offsets of the partition of `complete`.
fn range(from: i64, to: i64) -> OffsetRange {
    OffsetRange::new(&complete().partition, from, to)
}

#[test]
fn all_that_was_delivered_from_zero_to_the_end_is_complete() {
    assert_eq!(assess(&[complete(), complete()], Isolation::Committed), Completeness::default());
}

#[test]
fn a_log_start_above_zero_is_complete_since_its_first_record() {
    let mut history = complete();
    history.bounds = Some(Watermarks { low: 40, high: 100, last_stable: 100 });
    history.reads = vec![read(&history.partition, 40, 100)];
    let mut later = history.clone();
    later.partition = TopicPartition::new("orders", 5);
    later.reads[0].first_timestamp_ms = Some(9000);
    let completeness = assess(&[history, later.clone()], Isolation::Committed);
    assert_eq!(completeness.verdict, Verdict::CompleteSince);
    let since = Since { position: later.partition.at(40), timestamp_ms: Some(9000) };
    assert_eq!(completeness.since, Some(since));
    let [reason] = &completeness.reasons[..] else { panic!("{completeness:?}") };
    assert_eq!(reason.ranges, [range(0, 40), OffsetRange::new(&later.partition, 0, 40)]);
    assert_eq!(
        reason.detail,
        "before the start of the log, where older records were deleted: 80 offsets of 2 partitions"
    );
}

#[test]
fn what_was_read_before_it_was_deleted_still_counts() {
    let mut history = complete();
    history.bounds = Some(Watermarks { low: 40, high: 100, last_stable: 100 });
    assert_eq!(told_committed(&history).0, Verdict::Complete);
}

#[test]
fn deleted_offsets_that_a_read_found_missing_do_not_count_as_read() {
    let mut history = complete();
    history.bounds = Some(Watermarks { low: 40, high: 100, last_stable: 100 });
    history.reads[0].gaps = vec![range(0, 40)];
    assert_eq!(told_committed(&history), one(Verdict::CompleteSince, ReasonKind::Retention, 0, 40));
}

#[test]
fn what_was_not_read_is_named() {
    let mut history = complete();
    history.reads = vec![read(&history.partition, 20, 50), read(&history.partition, 70, 90)];
    let expected = vec![(0, 20), (50, 70), (90, 100)];
    assert_eq!(
        told_committed(&history),
        (Verdict::Partial, vec![(ReasonKind::NotScanned, expected)])
    );
    history.reads.clear();
    assert_eq!(told_committed(&history), one(Verdict::Partial, ReasonKind::NotScanned, 0, 100));
}

#[test]
fn what_was_not_asked_for_is_not_missing() {
    let mut history = complete();
    history.bounds = Some(Watermarks { low: 10, high: 120, last_stable: 100 });
    history.truncated = vec![range(95, 110)];
    history.reads = vec![read(&history.partition, 20, 50)];
    history.asked = (20, 50);
    assert_eq!(told_committed(&history), (Verdict::Complete, Vec::new()));
    history.asked = (5, 60);
    let reasons = vec![
        (ReasonKind::Retention, vec![(5, 10)]),
        (ReasonKind::NotScanned, vec![(10, 20), (50, 60)]),
    ];
    assert_eq!(told_committed(&history), (Verdict::Partial, reasons));
    // Beyond the end there is nothing yet, but what a transaction withholds would be there.
    (history.reads, history.asked) = (vec![read(&history.partition, 20, 100)], (20, 105));
    let reasons = vec![
        (ReasonKind::Truncation, vec![(95, 105)]),
        (ReasonKind::OpenTransaction, vec![(100, 105)]),
    ];
    assert_eq!(told_committed(&history), (Verdict::Partial, reasons));
    history.asked = (30, 30);
    assert_eq!(told_committed(&history), (Verdict::Complete, Vec::new()));
}

#[test]
fn retention_that_overtakes_the_reader_leaves_a_hole_in_the_middle_but_not_at_the_start() {
    let mut history = complete();
    history.bounds = Some(Watermarks { low: 30, high: 100, last_stable: 100 });
    history.reads[0].lost = vec![range(0, 30)];
    assert_eq!(told_committed(&history), one(Verdict::CompleteSince, ReasonKind::Retention, 0, 30));
    history.reads[0].lost = vec![range(10, 30)];
    assert_eq!(told_committed(&history), one(Verdict::Partial, ReasonKind::Retention, 10, 30));
}

#[test]
fn a_gap_before_the_first_record_is_a_hole_whatever_the_policy_says_now() {
    let mut history = complete();
    history.aborted = Some(Vec::new());
    history.reads[0].gaps = vec![range(0, 1), range(50, 51)];
    let expected = (Verdict::Partial, vec![(ReasonKind::Compaction, vec![(0, 1), (50, 51)])]);
    for compacted in [Some(false), Some(true)] {
        history.compacted = compacted;
        assert_eq!(told_committed(&history), expected);
        assert_eq!(told(&history, Isolation::Uncommitted), expected);
    }
    // Nobody looked yet whether aborted records stand there.
    history.compacted = Some(false);
    history.aborted = None;
    assert_eq!(told_committed(&history).0, Verdict::Complete);
}

#[test]
fn a_gap_right_behind_the_log_start_is_a_hole() {
    let mut history = complete();
    history.aborted = Some(Vec::new());
    history.bounds = Some(Watermarks { low: 40, high: 100, last_stable: 100 });
    history.reads = vec![read(&history.partition, 40, 100)];
    history.reads[0].gaps = vec![range(40, 43)];
    let (verdict, reasons) = told_committed(&history);
    assert_eq!(verdict, Verdict::Partial);
    assert!(reasons.contains(&(ReasonKind::Compaction, vec![(40, 43)])), "{reasons:?}");
}

#[test]
fn without_transactions_in_the_cluster_every_gap_is_a_hole() {
    let mut history = complete();
    history.aborted = Some(Vec::new());
    history.reads[0].gaps = vec![range(50, 51)];
    assert_eq!(told_committed(&history).0, Verdict::Complete);
    history.may_have_markers = false;
    assert_eq!(told_committed(&history), one(Verdict::Partial, ReasonKind::Compaction, 50, 51));
}

#[test]
fn more_missing_offsets_than_records_before_them_are_no_markers() {
    let mut history = complete();
    history.aborted = Some(Vec::new());
    // One marker behind each of ten records.
    history.reads[0].gaps = (0..10).map(|number| range(2 * number + 1, 2 * number + 2)).collect();
    assert_eq!(told_committed(&history).0, Verdict::Complete);
    history.reads[0].gaps.push(range(20, 21));
    assert_eq!(told_committed(&history).0, Verdict::Partial);
    // An aborted record is a record, too.
    history.reads[0].gaps = vec![range(0, 2)];
    history.aborted = Some(vec![0]);
    assert_eq!(told_committed(&history), one(Verdict::Complete, ReasonKind::Aborted, 0, 1));
}

#[test]
fn what_a_leader_lost_is_told_as_truncation() {
    let mut history = complete();
    history.truncated = vec![range(90, 120)];
    assert_eq!(told_committed(&history), one(Verdict::Partial, ReasonKind::Truncation, 90, 120));
}

#[test]
fn gaps_that_markers_may_explain_matter_only_where_the_policy_compacts() {
    let mut history = complete();
    history.reads[0].gaps = vec![range(10, 12), range(50, 51)];
    assert_eq!(told_committed(&history).0, Verdict::Complete);
    history.compacted = Some(true);
    let gaps = vec![(10, 12), (50, 51)];
    assert_eq!(
        told_committed(&history),
        (Verdict::Partial, vec![(ReasonKind::Compaction, gaps.clone())])
    );
    history.compacted = None;
    assert_eq!(told_committed(&history), (Verdict::Unknown, vec![(ReasonKind::Permission, gaps)]));
}

#[test]
fn a_topic_that_may_be_compacted_but_has_no_gap_is_complete() {
    let mut history = complete();
    for compacted in [Some(true), None] {
        history.compacted = compacted;
        assert_eq!(told_committed(&history).0, Verdict::Complete);
    }
}

#[test]
fn aborted_records_are_told_and_explain_gaps() {
    let mut history = complete();
    history.compacted = Some(true);
    history.reads[0].gaps = vec![range(10, 12)];
    history.aborted = Some(vec![10, 11]);
    assert_eq!(told_committed(&history), one(Verdict::Complete, ReasonKind::Aborted, 10, 12));
    history.reads[0].gaps.clear();
    assert_eq!(told(&history, Isolation::Uncommitted), (Verdict::Complete, Vec::new()));
}

#[test]
fn an_open_transaction_withholds_records_from_readers_of_committed_ones() {
    let mut history = complete();
    history.bounds = Some(Watermarks { low: 0, high: 100, last_stable: 80 });
    history.reads = vec![read(&history.partition, 0, 80)];
    assert_eq!(
        told_committed(&history),
        one(Verdict::Partial, ReasonKind::OpenTransaction, 80, 100)
    );
    history.reads = vec![read(&history.partition, 0, 100)];
    assert_eq!(told(&history, Isolation::Uncommitted).0, Verdict::Complete);
}

#[test]
fn events_that_could_not_be_decoded_make_it_partial() {
    let mut history = complete();
    history.undecodable = vec![7];
    assert_eq!(told_committed(&history), one(Verdict::Partial, ReasonKind::Decode, 7, 8));
    let completeness = assess(&[history], Isolation::Committed);
    assert_eq!(completeness.reasons[0].detail, "not decodable: 1 event of orders-3");
}

#[test]
fn a_partition_without_a_leader_leaves_the_verdict_unknown_and_is_named() {
    let mut history = complete();
    history.bounds = None;
    assert_eq!(told_committed(&history), one(Verdict::Unknown, ReasonKind::Offline, 0, 100));
    let completeness = assess(&[history, complete()], Isolation::Committed);
    let detail = "left out because there is no leader to read from: orders-3";
    assert_eq!(completeness.reasons[0].detail, detail);
}

#[test]
fn an_emptied_partition_is_complete_since_its_end() {
    let mut history = complete();
    history.bounds = Some(Watermarks { low: 100, high: 100, last_stable: 100 });
    history.reads = vec![read(&history.partition, 100, 100)];
    history.reads[0].first_timestamp_ms = None;
    let completeness = assess(&[history.clone()], Isolation::Committed);
    let since = Since { position: history.partition.at(100), timestamp_ms: None };
    assert_eq!((completeness.verdict, completeness.since), (Verdict::CompleteSince, Some(since)));
}

/// A part of what a read went over, never its first offset: what a history begins with was there.
fn part_of(read: &PartitionRead, from: i64, length: i64) -> OffsetRange {
    let from = (read.from + 1 + from).min(read.position);
    range(from, (from + length).min(read.position))
}

/// Any facts about a partition.
fn histories() -> impl Strategy<Value = PartitionHistory> {
    let pairs = || prop::collection::vec((0_i64..110, 0_i64..40), 0..3);
    let parts = || prop::collection::vec((0_i64..30, 0_i64..10), 0..3);
    let bounds = prop::option::of((0_i64..60, 60_i64..101, 0_i64..40));
    let compacted = prop::sample::select(vec![Some(true), Some(false), None]);
    let offsets = || prop::collection::btree_set(0_i64..100, 0..4);
    let aborted = prop::option::of(offsets());
    let parts = (parts(), parts());
    (bounds, pairs(), parts, compacted, aborted, any::<bool>(), offsets()).prop_map(
        |(bounds, reads, (gaps, lost), compacted, aborted, may_have_markers, undecodable)| {
            let partition = complete().partition;
            let reads = reads.into_iter().map(|(from, length)| {
                let read = read(&partition, from, from + length);
                let parts = |parts: &[(i64, i64)]| {
                    parts.iter().map(|(from, length)| part_of(&read, *from, *length)).collect()
                };
                PartitionRead { gaps: parts(&gaps), lost: parts(&lost), ..read.clone() }
            });
            PartitionHistory {
                asked: ALL_OFFSETS,
                bounds: bounds.map(|(low, high, open)| Watermarks {
                    low,
                    high,
                    last_stable: (high - open).max(low),
                }),
                reads: reads.collect(),
                compacted,
                aborted: aborted.map(|offsets| offsets.into_iter().collect()),
                may_have_markers,
                undecodable: undecodable.into_iter().collect(),
                truncated: Vec::new(),
                partition,
            }
        },
    )
}

/// The same facts with one more problem.
fn with_problem(
    history: &PartitionHistory,
    problem: usize,
    from: i64,
    length: i64,
) -> PartitionHistory {
    let mut worse = history.clone();
    for read in &mut worse.reads {
        match problem {
            0 => read.lost.push(part_of(read, from, length)),
            1 => read.gaps.push(part_of(read, from, length)),
            2 => read.position = read.position.min(read.from + 1 + from),
            _ => {}
        }
    }
    match problem {
        3 => worse.undecodable.push(200),
        4 => worse.bounds = None,
        5 => worse.compacted = if worse.compacted == Some(false) { Some(true) } else { None },
        6 => worse.bounds.iter_mut().for_each(|bounds| bounds.high += length),
        7 => worse.may_have_markers = false,
        8 => worse.truncated.push(range(from, from + length + 1)),
        _ => {}
    }
    worse
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]
    #[test]
    fn another_problem_never_improves_the_verdict(
        history in histories(), other in histories(), problem in 0_usize..9, from in 0_i64..30, length in 0_i64..30,
        committed in any::<bool>(),
    ) {
        let isolation = if committed { Isolation::Committed } else { Isolation::Uncommitted };
        let before = assess(&[history.clone(), other.clone()], isolation);
        let worse = with_problem(&history, problem, from, length);
        let after = assess(&[worse, other], isolation);
        prop_assert!(after.verdict >= before.verdict, "{:?} after {:?}", after, before);
    }

    #[test]
    fn a_verdict_other_than_complete_has_a_reason_with_ranges(history in histories(), committed in any::<bool>()) {
        let isolation = if committed { Isolation::Committed } else { Isolation::Uncommitted };
        let completeness = assess(&[history], isolation);
        let reasons = &completeness.reasons;
        prop_assert!(completeness.verdict == Verdict::Complete || !reasons.is_empty());
        prop_assert!(reasons.iter().all(|reason| !reason.ranges.is_empty() && !reason.detail.is_empty()));
        prop_assert_eq!(completeness.since.is_some(), completeness.verdict == Verdict::CompleteSince);
    }
}
