//! The lanes of an entity's timeline.
//!
//! Promises: one lane per topic, marks in order of time; an event type has the same hue everywhere
//! and always; what was deleted or not read in any partition is unknown, because a key may live in
//! any; only a partition that holds nothing at all says nothing where the entity is known to live
//! in others.
//! Does not know: pixels.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::model::{Event, PartitionRead, TopicPartition, Transaction};
use crate::workspace::{Lane, LaneMark, UnknownReason, UnknownSpan, event_hue};

/// One lane for each of these topics, with these events, which stand in log order.
pub(crate) fn lanes(topics: &[Arc<str>], events: &[Event]) -> Arc<[Lane]> {
    let mut by_topic: BTreeMap<Arc<str>, Vec<LaneMark>> =
        topics.iter().map(|topic| (Arc::clone(topic), Vec::new())).collect();
    for event in events {
        by_topic.entry(Arc::clone(&event.position.topic)).or_default().push(mark(event));
    }
    by_topic.into_iter().map(|(label, marks)| Lane::new(label, marks.into())).collect()
}

/// These lanes with the events that came, which stand in log order behind theirs.
pub(crate) fn lanes_with(lanes: &[Lane], came: &[Event]) -> Arc<[Lane]> {
    let longer = |lane: &Lane| {
        let marks = came.iter().filter(|event| event.position.topic == lane.label).map(mark);
        let mut marks = marks.peekable();
        if marks.peek().is_none() {
            return lane.clone();
        }
        let marks = lane.marks.iter().copied().chain(marks).collect();
        Lane { unknown: Arc::clone(&lane.unknown), ..Lane::new(Arc::clone(&lane.label), marks) }
    };
    lanes.iter().map(longer).collect()
}

/// An event as a mark.
fn mark(event: &Event) -> LaneMark {
    LaneMark {
        time_ms: event.log_time_ms,
        version: event.version,
        hue: event_hue(&event.event_type),
        hollow: event.transaction != Transaction::Committed,
        problem: !event.problems.is_empty(),
    }
}

/// The lanes with what is unknown as far as their topics were read, given the partitions that hold
/// events. Spans that stay as they were are not made anew.
pub(crate) fn with_unknown(
    lanes: &[Lane],
    reads: &[PartitionRead],
    homes: &BTreeSet<TopicPartition>,
) -> Arc<[Lane]> {
    let lane = |lane: &Lane| {
        let has_home = homes.iter().any(|home| home.topic == lane.label);
        let reads = reads.iter().filter(|read| read.partition.topic == lane.label);
        let unknown = unknown(reads, has_home);
        let same = lane.unknown[..] == unknown;
        let unknown = if same { Arc::clone(&lane.unknown) } else { unknown.into() };
        Lane { unknown, ..lane.clone() }
    };
    lanes.iter().map(lane).collect()
}

/// What is unknown of a topic of which this was read, from the log start on. `has_home` is whether
/// a partition of it holds events.
fn unknown<'r>(
    reads: impl Iterator<Item = &'r PartitionRead> + Clone,
    has_home: bool,
) -> Vec<UnknownSpan> {
    // A partition that starts late and holds nothing has lost everything up to now; its key may
    // have lived there while it is not found elsewhere.
    let begins = |read: &'r PartitionRead| {
        let emptied_ms = (read.is_done() && !has_home).then_some(i64::MAX);
        let first_ms = read.first_timestamp_ms.or(emptied_ms)?;
        (read.from > 0).then_some((first_ms, read))
    };
    let deleted = reads.clone().filter_map(begins).max_by_key(|(first_ms, _)| *first_ms);
    let deleted = deleted.map(|(to_ms, PartitionRead { partition, from, .. })| UnknownSpan {
        from_ms: i64::MIN,
        to_ms,
        reason: UnknownReason::Deleted,
        detail: format!("{partition} starts at offset {from}: older records were deleted").into(),
    });
    let reached_ms = |read: &PartitionRead| read.last_log_time_ms.unwrap_or(i64::MIN);
    let slowest = reads.filter(|read| !read.is_done()).min_by_key(|read| reached_ms(read));
    let not_read = slowest.map(|read| UnknownSpan {
        from_ms: reached_ms(read),
        to_ms: i64::MAX,
        reason: UnknownReason::NotRead,
        detail: format!(
            "{} was read up to offset {} of {}",
            read.partition, read.position, read.end
        )
        .into(),
    });
    deleted.into_iter().chain(not_read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::OffsetRange;

    /// What was read of a partition: from, position, end; first and last time.
    fn read(partition: i32, offsets: [i64; 3], times: Option<(i64, i64)>) -> PartitionRead {
        let range = OffsetRange::new(&TopicPartition::new("t", partition), offsets[0], offsets[2]);
        PartitionRead {
            position: offsets[1],
            first_timestamp_ms: times.map(|(first, _)| first),
            last_log_time_ms: times.map(|(_, last)| last),
            ..PartitionRead::starting(&range)
        }
    }

    /// The spans: from, to, why.
    fn told(reads: &[PartitionRead]) -> Vec<(i64, i64, UnknownReason)> {
        told_of(reads, false)
    }

    /// The same of an entity that may have events.
    fn told_of(reads: &[PartitionRead], has_home: bool) -> Vec<(i64, i64, UnknownReason)> {
        unknown(reads.iter(), has_home)
            .iter()
            .map(|span| (span.from_ms, span.to_ms, span.reason))
            .collect()
    }

    #[test]
    fn everything_read_from_offset_0_is_known() {
        assert_eq!(told(&[read(0, [0, 9, 9], Some((10, 90))), read(1, [0, 0, 0], None)]), []);
    }

    #[test]
    fn what_any_partition_has_lost_is_unknown_up_to_the_latest_first_record() {
        let reads = [read(0, [5, 9, 9], Some((10, 90))), read(1, [7, 9, 9], Some((30, 90)))];
        assert_eq!(told(&reads), [(i64::MIN, 30, UnknownReason::Deleted)]);
        let emptied = [reads[0].clone(), read(1, [7, 7, 7], None)];
        assert_eq!(told(&emptied), [(i64::MIN, i64::MAX, UnknownReason::Deleted)]);
        assert_eq!(told_of(&emptied, true), [(i64::MIN, 10, UnknownReason::Deleted)]);
        let not_there_yet = [read(0, [5, 5, 9], None)];
        assert_eq!(told(&not_there_yet), [(i64::MIN, i64::MAX, UnknownReason::NotRead)]);
    }

    #[test]
    fn what_was_not_read_is_unknown_from_where_the_slowest_partition_stands() {
        let reads = [read(0, [0, 4, 9], Some((10, 40))), read(1, [0, 9, 9], Some((10, 90)))];
        assert_eq!(told(&reads), [(40, i64::MAX, UnknownReason::NotRead)]);
        assert_eq!(&*unknown(reads.iter(), false)[0].detail, "t-0 was read up to offset 4 of 9");
    }

    #[test]
    fn a_topic_without_events_has_a_lane_and_spans_that_stay_are_not_made_anew() {
        let topics = [Arc::from("t"), Arc::from("u")];
        let reads = [read(0, [5, 9, 9], Some((10, 90)))];
        let first = with_unknown(&lanes(&topics, &[]), &reads, &BTreeSet::new());
        let second = with_unknown(&first, &reads, &BTreeSet::new());
        assert_eq!(first.iter().map(|lane| lane.unknown.len()).collect::<Vec<_>>(), [1, 0]);
        assert!(Arc::ptr_eq(&first[0].unknown, &second[0].unknown), "the same spans");
    }
}
