//! What had been read at one moment: the questions that can be asked of it.
//!
//! Promises: never changes; cloning costs one pointer; every order is log order: (log time, topic,
//! partition, offset).
//! Does not know: what keys and values mean, how complete the history is.

use std::sync::Arc;

use super::log_order::LogOrder;
use super::partition::{Location, PartitionLog, RowRange};
use super::stored_segment::StoredSegment;
use super::time_buckets::TimeCounts;
use crate::model::{Position, SharedRecord, TopicPartition, may_take_long};

/// Which part of a snapshot is meant. The default is all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogBounds {
    /// Only these topics; all when empty.
    pub topics: Vec<Arc<str>>,
    /// Only the partitions with these numbers; all when empty.
    pub partitions: Vec<i32>,
    /// Only records with a log time in this span, both inclusive, in milliseconds.
    pub time_ms: Option<(i64, i64)>,
}

impl LogBounds {
    /// All of one topic.
    pub fn of_topic(topic: &Arc<str>) -> Self {
        Self::of_topics(std::slice::from_ref(topic))
    }

    /// All of these topics.
    pub fn of_topics(topics: &[Arc<str>]) -> Self {
        Self { topics: topics.to_vec(), ..Self::default() }
    }

    /// Whether the partition is meant.
    fn takes_in(&self, partition: &TopicPartition) -> bool {
        (self.topics.is_empty() || self.topics.contains(&partition.topic))
            && (self.partitions.is_empty() || self.partitions.contains(&partition.partition))
    }
}

/// What had been read at one moment.
#[derive(Clone, Debug)]
pub struct LogSnapshot(Arc<Partitions>);

/// The partitions of a snapshot.
#[derive(Debug)]
struct Partitions {
    /// The store.
    store: Arc<()>,
    /// Sorted by topic and number.
    logs: Vec<Arc<PartitionLog>>,
    /// The id of each partition and its index in `logs`, sorted.
    index_of_id: Vec<(u32, usize)>,
}

impl LogSnapshot {
    /// A snapshot of these partitions of a store, which are sorted.
    pub(super) fn new(store: Arc<()>, logs: Vec<Arc<PartitionLog>>) -> Self {
        let ascends = logs.is_sorted_by(|one, other| one.partition < other.partition);
        assert!(ascends, "partitions are looked up by binary search");
        let mut index_of_id: Vec<(u32, usize)> = logs.iter().map(|log| log.id).zip(0..).collect();
        index_of_id.sort_unstable();
        assert!(
            index_of_id.is_sorted_by(|one, other| one.0 < other.0),
            "a location names one partition"
        );
        Self(Arc::new(Partitions { store, logs, index_of_id }))
    }

    /// Whether the other is of the same store, before or after.
    pub fn is_of_store_of(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0.store, &other.0.store)
    }

    /// The records that came since the other snapshot of the same store, in log order.
    pub fn since(&self, before: &Self) -> LogOrder<'_> {
        may_take_long("reading records");
        assert!(self.is_of_store_of(before), "rows of another store are other records");
        let came = self.0.logs.iter().filter_map(|log| {
            let from = before.log(&log.partition).map_or(0, PartitionLog::rows);
            (from < log.rows()).then(|| RowRange { log, from, to: log.rows() })
        });
        LogOrder::new(came)
    }

    /// What tells the store from others.
    pub(super) fn store(&self) -> &Arc<()> {
        &self.0.store
    }

    /// The partitions, sorted.
    pub fn partitions(&self) -> impl Iterator<Item = &TopicPartition> {
        self.0.logs.iter().map(|log| &log.partition)
    }

    /// What there is of this partition.
    fn log(&self, partition: &TopicPartition) -> Option<&PartitionLog> {
        let index = self.0.logs.binary_search_by(|log| log.partition.cmp(partition)).ok()?;
        Some(&self.0.logs[index])
    }

    /// What there is of the partition with this id.
    fn log_with_id(&self, id: u32) -> Option<&PartitionLog> {
        let ids = &self.0.index_of_id;
        let at = ids.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        Some(&self.0.logs[ids[at].1])
    }

    /// The rows within the bounds, by partition. Partitions without any are left out.
    pub(super) fn row_ranges(&self, bounds: &LogBounds) -> impl Iterator<Item = RowRange<'_>> {
        may_take_long("looking for records");
        let meant = self.0.logs.iter().filter(|log| bounds.takes_in(&log.partition));
        meant.filter_map(|log| {
            let (from, to) = match bounds.time_ms {
                None => (0, log.rows()),
                Some((from_ms, to_ms)) => (
                    log.rows_before_time(from_ms),
                    to_ms.checked_add(1).map_or(log.rows(), |end| log.rows_before_time(end)),
                ),
            };
            assert!(to <= log.rows(), "what lies within bounds is there");
            (from < to).then_some(RowRange { log, from, to })
        })
    }

    /// What could not be read of what is on disk: questions asked until now may lack it.
    pub fn damage(&self) -> Vec<&str> {
        self.damaged().filter_map(|segment| segment.file().damage()).collect()
    }

    /// The segments on disk that could not be read.
    pub(super) fn damaged(&self) -> impl Iterator<Item = &StoredSegment> {
        let segments = self.0.logs.iter().flat_map(|log| log.segments());
        let stored = segments.filter_map(|placed| placed.segment.stored());
        stored.filter(|segment| segment.file().damage().is_some())
    }

    /// How many records lie within the bounds.
    pub fn record_count(&self, bounds: &LogBounds) -> u64 {
        self.row_ranges(bounds).map(|rows| rows.to - rows.from).sum()
    }

    /// The memory that the records take, in bytes.
    pub fn memory_bytes(&self) -> u64 {
        self.0.logs.iter().map(|log| log.memory_bytes()).sum()
    }

    /// The record that stands here; `None` when it is not in this snapshot.
    pub fn record(&self, location: Location) -> Option<SharedRecord> {
        may_take_long("reading records");
        self.log_with_id(location.partition_id)?.record(location.row)
    }

    /// Where the record with this address stands; `None` when it was not read.
    pub fn find(&self, position: &Position) -> Option<Location> {
        may_take_long("looking for a record");
        let log = self.log(&position.topic_partition())?;
        let row = log.rows_below_offset(position.offset);
        let found = log.record(row)?;
        (found.get().offset() == position.offset).then_some(Location { partition_id: log.id, row })
    }

    /// The records of these topics (all when empty) with this key, in log order.
    pub fn records_of_key(&self, topics: &[Arc<str>], key: &[u8]) -> Vec<Location> {
        let mut found = Vec::new();
        for rows in self.row_ranges(&LogBounds::of_topics(topics)) {
            for row in rows.log.rows_of_key(key) {
                let log_time_ms = rows.log.record(row).map(|record| record.get().log_time_ms());
                found.push((log_time_ms, Location { partition_id: rows.log.id, row }));
            }
        }
        // Partitions come sorted and their rows ascend, which a stable sort keeps among equal
        // times.
        found.sort_by_key(|(log_time_ms, _)| *log_time_ms);
        found.into_iter().map(|(_, location)| location).collect()
    }

    /// The records within the bounds in log order, as a stream; from the end with `rev`.
    pub fn in_log_order(&self, bounds: &LogBounds) -> LogOrder<'_> {
        LogOrder::new(self.row_ranges(bounds))
    }

    /// The log time of the last record at or below this offset, in milliseconds; `None` when none
    /// was read.
    pub fn log_time_at(&self, partition: &TopicPartition, offset: i64) -> Option<i64> {
        may_take_long("looking for a record");
        let log = self.log(partition)?;
        let last = log.rows_below_offset(offset.saturating_add(1)).checked_sub(1)?;
        log.record(last).map(|record| record.get().log_time_ms())
    }

    /// The first and the last log time within the bounds, in milliseconds. Records without a
    /// timestamp do not count.
    pub fn time_span(&self, bounds: &LogBounds) -> Option<(i64, i64)> {
        self.row_ranges(bounds)
            .filter_map(|rows| {
                let first = rows.from.max(rows.log.rows_before_time(0));
                let first_ms = rows.log.record(first)?.get().log_time_ms();
                (first < rows.to)
                    .then(|| rows.log.record(rows.to - 1))
                    .flatten()
                    .map(|last| (first_ms, last.get().log_time_ms()))
            })
            .reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)))
    }

    /// How many records have which log time, in at most this many buckets (at least 4) over the
    /// time of the bounds, or over all of it. Empty without records.
    pub fn histogram(&self, bounds: &LogBounds, most_buckets: usize) -> TimeCounts {
        may_take_long("counting records");
        let Some((from_ms, to_ms)) = bounds.time_ms.or_else(|| self.time_span(bounds)) else {
            return TimeCounts::default();
        };
        let mut counts = TimeCounts::zero(from_ms, to_ms, most_buckets, 0);
        for log in self.0.logs.iter().filter(|log| bounds.takes_in(&log.partition)) {
            for placed in log.segments() {
                placed.segment.add_to_histogram(&mut counts);
            }
        }
        counts
    }
}
