//! The parts of a snapshot that belong to one open topic or entity.
//!
//! Promises: everything a view draws is here, computed; the window formats numbers and times and nothing more.
//! Does not know: which of it is on screen, except for the pages of rows it was asked for.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::comparison::{CompareView, CompareWith};
use super::lane::Lane;
use super::snapshot::{ClockPoint, JobId, PartitionFacts};
use super::topic_timeline::TopicTimeline;
use super::{Fetch, Problem, RecordFilter, StartPosition, TypeCount};
use crate::model::{
    Change, ChangeKind, Completeness, DecodedKind, EntityId, EventProblem, Headers, JsonPointer,
    OffsetRange, Position, TimestampType, Transaction,
};
use crate::partition_log::TimeCounts;

/// How many rows of a topic's table share one page of texts.
pub const ROWS_PER_PAGE: u64 = 64;

/// How much happened when: counts in buckets of equal width.
///
/// Invariant: `bucket_ms` is above 0 whenever there are buckets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    /// The first millisecond of the first bucket.
    pub from_ms: i64,
    /// The width of a bucket, in milliseconds; 0 without buckets.
    pub bucket_ms: i64,
    /// Records in each bucket.
    pub counts: Vec<u32>,
}

impl Histogram {
    /// At most this many empty buckets over a span of time, both ends inclusive, in milliseconds.
    pub fn over(from_ms: i64, to_ms: i64, buckets_max: usize) -> Self {
        let span_ms = i128::from(to_ms.max(from_ms)) - i128::from(from_ms) + 1;
        let buckets_max = i128::try_from(buckets_max.max(1)).unwrap_or(i128::MAX);
        let bucket_ms = (span_ms + buckets_max - 1) / buckets_max;
        let count = usize::try_from((span_ms + bucket_ms - 1) / bucket_ms).unwrap_or(0);
        Self {
            from_ms,
            bucket_ms: i64::try_from(bucket_ms).unwrap_or(i64::MAX),
            counts: vec![0; count],
        }
    }

    /// Both together. Without any bucket in one, it is the other; else both have the same buckets.
    #[must_use]
    pub fn plus(mut self, other: Self) -> Self {
        if self.counts.is_empty() {
            return other;
        }
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count = count.saturating_add(more);
        }
        self
    }

    /// Counts this many records at this time, in milliseconds; nothing outside the span.
    pub fn count(&mut self, time_ms: i64, records: u64) {
        if let Some(count) = self.index(time_ms).and_then(|bucket| self.counts.get_mut(bucket)) {
            *count = count.saturating_add(u32::try_from(records).unwrap_or(u32::MAX));
        }
    }

    /// The bucket around this time, in milliseconds: its first millisecond, its last, and its count.
    pub fn at(&self, time_ms: i64) -> Option<(i64, i64, u32)> {
        let index = self.index(time_ms)?;
        let count = *self.counts.get(index)?;
        let from_ms = self.from_ms + self.bucket_ms * i64::try_from(index).ok()?;
        Some((from_ms, from_ms + self.bucket_ms - 1, count))
    }

    /// The number of the bucket around this time, if there were enough buckets.
    fn index(&self, time_ms: i64) -> Option<usize> {
        let into_span = i128::from(time_ms) - i128::from(self.from_ms);
        usize::try_from(into_span.div_euclid(i128::from(self.bucket_ms.max(1)))).ok()
    }
}

impl From<TimeCounts> for Histogram {
    fn from(times: TimeCounts) -> Self {
        let counts = times
            .counts
            .into_iter()
            .map(|count| u32::try_from(count).unwrap_or(u32::MAX))
            .collect();
        Self { from_ms: times.from_ms, bucket_ms: times.bucket_ms, counts }
    }
}

/// The fixed-size facts of a row of a topic's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowMeta {
    /// The timestamp, in milliseconds since the epoch.
    pub timestamp_ms: i64,
    /// The offset.
    pub offset: i64,
    /// The partition.
    pub partition: i32,
    /// Size of key and value, in bytes.
    pub payload_bytes: u32,
    /// What became of the record's transaction.
    pub transaction: Transaction,
    /// Whether the value is null.
    pub tombstone: bool,
    /// Whether the timestamp lies in the future.
    pub implausible_time: bool,
}

/// The decoded texts of a row of a topic's table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowText {
    /// The key; `None` for a null key.
    pub key: Option<Arc<str>>,
    /// The event type, when the mapping finds one.
    pub event_type: Arc<str>,
    /// The beginning of the value.
    pub value: Arc<str>,
    /// The entity the record belongs to.
    pub entity: Option<EntityId>,
    /// Why the value could not be decoded.
    pub failure: Option<Arc<str>>,
}

/// How a topic's values are decoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum DecoderView {
    /// As sampling suggests.
    #[default]
    Detected,
    /// As JSON.
    Json,
    /// As text.
    Text,
    /// As bytes.
    Hex,
}

/// How records of a topic become events of entities, with the evidence for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MappingView {
    /// What is mapped (`id`, `type`, `time`, …), to what (`key`, `value:/type`, …), and why.
    pub choices: Vec<(Arc<str>, Arc<str>, Arc<str>)>,
}

/// An entity in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityRow {
    /// The entity.
    pub entity: EntityId,
    /// How many of its events were read.
    pub events: u64,
    /// The log time of its first event read, in milliseconds.
    pub first_ms: i64,
    /// The log time of its last event read, in milliseconds.
    pub last_ms: i64,
}

/// The entities of a topic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntityList {
    /// The text their ids contain.
    pub search: String,
    /// The entities that match, most events first, at most 10,000.
    pub rows: Arc<[EntityRow]>,
    /// How many match.
    pub matching: u64,
    /// How many there are.
    pub total: u64,
}

/// An open topic.
#[derive(Clone, Debug, Default)]
pub struct TopicView {
    /// The topic's name.
    pub topic: Arc<str>,
    /// Its partitions.
    pub partitions: Fetch<Arc<[PartitionFacts]>>,
    /// Configuration worth knowing: name and value.
    pub configs: Arc<[(Arc<str>, Arc<str>)]>,
    /// Where the user chose to read; `None` until then, and nothing is read before.
    pub start: Option<StartPosition>,
    /// The job that reads it.
    pub job: Option<JobId>,
    /// Which records are shown.
    pub filter: RecordFilter,
    /// What is wrong with the filter.
    pub filter_problem: Option<Problem>,
    /// How many records were read.
    pub records_read: u64,
    /// How many of them match the filter.
    pub records_matching: u64,
    /// Rows in log order; at most the last 200,000 that match.
    pub rows: Arc<[RowMeta]>,
    /// The number of the first row among all that match.
    pub first_row: u64,
    /// Changes whenever `rows` or the decoder does, so that pages can be asked for anew.
    pub rows_generation: u64,
    /// The texts of pages that were asked for, by page number: row index in `rows` divided by `ROWS_PER_PAGE`.
    pub pages: Arc<BTreeMap<u64, Arc<[RowText]>>>,
    /// When the records read were written, the time filter not applied.
    pub histogram: Arc<Histogram>,
    /// The span of log time of the records read, both inclusive, in milliseconds.
    pub span_ms: Option<(i64, i64)>,
    /// The part of its timeline that was asked for last, once it is worked out.
    pub timeline: Arc<TopicTimeline>,
    /// How values are decoded.
    pub decoder: DecoderView,
    /// What detection found, in words.
    pub decoder_found: Arc<str>,
    /// How records become events.
    pub mapping: Arc<MappingView>,
    /// The entities of the records read.
    pub entities: Fetch<Arc<EntityList>>,
    /// Values that could not be decoded among those looked at.
    pub decode_failures: u64,
    /// How complete what was read is.
    pub completeness: Option<Arc<Completeness>>,
    /// The events of each type, as they were counted last; `None` until somebody asks.
    pub types: Option<Arc<TypesView>>,
}

/// The events of each type among the records that a topic showed when it was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct TypesView {
    /// The job that counts.
    pub job: JobId,
    /// The types, those with the most events first.
    pub types: Arc<[TypeCount]>,
    /// Events of types that were too many to tell apart.
    pub others: u64,
    /// How many events were counted.
    pub events: u64,
    /// The records that were looked at, a range for each partition.
    pub covers: Arc<[OffsetRange]>,
    /// The `rows_generation` it was asked for.
    pub rows_generation: u64,
    /// Whether it came to its end.
    pub complete: bool,
}

impl TypesView {
    /// A count that has begun, of the rows of this generation.
    pub fn begun(job: JobId, rows_generation: u64) -> Self {
        Self {
            job,
            types: Arc::default(),
            others: 0,
            events: 0,
            covers: Arc::default(),
            rows_generation,
            complete: false,
        }
    }
}

/// What kind of JSON a row of a tree shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValueKind {
    /// `null`
    Null,
    /// A boolean.
    Bool,
    /// A number.
    Number,
    /// A string.
    String,
    /// An array.
    Array,
    /// An object.
    Object,
}

/// A line of a JSON tree, in the order of an opened tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeRow {
    /// How deep it lies, from 0.
    pub depth: u16,
    /// Where it lies.
    pub path: JsonPointer,
    /// The member's name or the element's index; empty for the whole value.
    pub name: Arc<str>,
    /// The kind.
    pub kind: ValueKind,
    /// A scalar's text as in JSON (long strings are cut), or the number of members: "3 members".
    pub text: Arc<str>,
    /// How many lines below belong to it.
    pub descendants: u32,
}

/// Everything about one record.
#[derive(Clone, Debug)]
pub struct RecordDetail {
    /// Its address.
    pub position: Position,
    /// The timestamp, in milliseconds since the epoch.
    pub timestamp_ms: i64,
    /// Whose clock wrote it.
    pub timestamp_type: TimestampType,
    /// The log time, in milliseconds since the epoch.
    pub log_time_ms: i64,
    /// What became of its transaction.
    pub transaction: Transaction,
    /// The entity it belongs to.
    pub entity: Option<EntityId>,
    /// The event type.
    pub event_type: Arc<str>,
    /// The key's bytes; `None` for a null key.
    pub key: Option<Arc<[u8]>>,
    /// The value's bytes; `None` for a tombstone.
    pub value: Option<Arc<[u8]>>,
    /// Header names and values in their order.
    pub headers: Headers,
    /// Whether its timestamp lies in the future, so that log time ignores it.
    pub implausible_time: bool,
    /// What the value was decoded as.
    pub decoded_as: DecodedKind,
    /// Why the value could not be decoded.
    pub failure: Option<Arc<str>>,
    /// The value as text: JSON as it stood, or text; `None` for bytes and tombstones.
    pub text: Option<Arc<str>>,
    /// The value as a tree, when it is JSON.
    pub tree: Arc<[TreeRow]>,
    /// What was tried to decode it and what came of it, a sentence each.
    pub decode_report: Arc<[String]>,
}

/// Which entity, over which topics.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EntityKey {
    /// The entity.
    pub entity: EntityId,
    /// The topics its events are in, sorted.
    pub topics: Arc<[Arc<str>]>,
}

/// A line of an entity's event list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRow {
    /// Its number in the history, from 1.
    pub version: u64,
    /// The record.
    pub position: Position,
    /// The record's timestamp, in milliseconds.
    pub timestamp_ms: i64,
    /// The log time, in milliseconds.
    pub log_time_ms: i64,
    /// The event type.
    pub event_type: Arc<str>,
    /// What became of its transaction.
    pub transaction: Transaction,
    /// The changes it made, in a few words: "status CREATED → SHIPPED, +2".
    pub summary: Arc<str>,
    /// How many changes it made.
    pub change_count: u32,
    /// Correlation id.
    pub correlation: Option<Arc<str>>,
    /// Causation id.
    pub causation: Option<Arc<str>>,
    /// Who did it.
    pub actor: Option<Arc<str>>,
    /// What a reader should know about it.
    pub problems: Arc<[EventProblem]>,
}

/// A line of an entity's state at the clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateRow {
    /// The line as in a tree.
    pub tree: TreeRow,
    /// What the event at the clock did to it.
    pub changed: Option<ChangeKind>,
    /// The version of the event that last wrote it; none for objects and arrays that have something below them.
    pub written_by: Option<u64>,
    /// The type of that event.
    pub written_by_type: Arc<str>,
    /// The value before that event, as JSON; `None` if the event added it.
    pub previous: Option<Arc<str>>,
}

/// An entity's state at one moment.
#[derive(Clone, Debug)]
pub struct EntityAt {
    /// The moment it was computed for.
    pub at: ClockPoint,
    /// How many events are in it; 0 is before the first.
    pub version: u64,
    /// The last event that is in it.
    pub position: Option<Position>,
    /// The state as lines.
    pub rows: Arc<[StateRow]>,
    /// The whole state as JSON, indented.
    pub json: Arc<str>,
    /// What that last event changed.
    pub changes: Arc<[Change]>,
    /// Everything about the record of that last event.
    pub record: Option<Arc<RecordDetail>>,
}

/// A consumer group's committed position on an entity's timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupMarker {
    /// The group.
    pub group: Arc<str>,
    /// The next record the group reads, in the partition of the entity's last event. It may not be there yet.
    pub next: Position,
    /// The record to look at: that one, or the last one it committed where none waits.
    pub record: Position,
    /// The version of the last of the entity's events that it committed; 0 for none.
    pub version: u64,
    /// The log time of that event, or of the first where there is none, in milliseconds.
    pub time_ms: i64,
    /// How many of the entity's events it has not committed.
    pub events_behind: u64,
}

/// An open entity.
#[derive(Clone, Debug)]
pub struct EntityView {
    /// Which.
    pub key: EntityKey,
    /// The job that reads it.
    pub job: Option<JobId>,
    /// Its events in log order.
    pub events: Fetch<Arc<[EventRow]>>,
    /// The lanes: one per topic.
    pub lanes: Arc<[Lane]>,
    /// Where consumer groups stand.
    pub group_markers: Arc<[GroupMarker]>,
    /// The name of the fold.
    pub fold: Arc<str>,
    /// Said beside the state: "heuristic: merged event bodies", or empty.
    pub fold_label: Arc<str>,
    /// The state at the clock; the one before it while the new one is on its way.
    pub at: Option<Arc<EntityAt>>,
    /// Whether `at` is not yet what the clock says.
    pub at_pending: bool,
    /// The marked path.
    pub selected_path: Option<JsonPointer>,
    /// The versions that changed the marked path.
    pub path_writers: Arc<[u64]>,
    /// What its state is compared with.
    pub compare_with: Option<CompareWith>,
    /// The comparison; none until the other state is known.
    pub compare: Option<Arc<CompareView>>,
    /// How complete the history is.
    pub completeness: Option<Arc<Completeness>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_counts_both_ends_and_nothing_outside() {
        let mut histogram = Histogram::over(100, 199, 10);
        for time_ms in [99, 100, 109, 110, 199, 200, i64::MIN, i64::MAX] {
            histogram.count(time_ms, 1);
        }
        assert_eq!(histogram.counts, [2, 1, 0, 0, 0, 0, 0, 0, 0, 1]);
    }

    #[test]
    fn a_bucket_is_found_by_any_moment_of_it() {
        let histogram = Histogram { from_ms: 100, bucket_ms: 10, counts: vec![4, 7] };
        assert_eq!(histogram.at(110), Some((110, 119, 7)));
        assert_eq!(histogram.at(119), Some((110, 119, 7)));
        assert_eq!((histogram.at(99), histogram.at(120)), (None, None));
    }

    #[test]
    fn a_histogram_of_one_moment_has_one_bucket() {
        let mut histogram = Histogram::over(7, 7, 400);
        histogram.count(7, 3);
        assert_eq!((histogram.bucket_ms, histogram.counts), (1, vec![3]));
    }
}
