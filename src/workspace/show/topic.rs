//! A topic: in the list, and open with its rows, its mapping and its entities.
//!
//! Promises: everything a view draws is here, computed; the window formats numbers and times and
//! nothing more.
//! Does not know: which of it is on screen, except for the pages of rows it was asked for.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

use super::job::JobId;
use super::record::{RowMeta, RowText};
use super::topic_timeline::TopicTimeline;
use super::{Fetch, Problem};
use crate::config::{RecordFilter, StartPosition};
use crate::decode::Decoder;
use crate::kafka::Watermarks;
use crate::model::{Completeness, EntityId, OffsetRange, TimestampType};
use crate::partition_log::TimeCounts;
use crate::workspace::TypeCounts;

/// A partition of a topic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PartitionFacts {
    /// Its number.
    pub partition: i32,
    /// The id of the broker that leads it; none while there is no leader.
    pub leader: Option<i32>,
    /// Where it starts and ends; unknown while there is no leader.
    pub bounds: Option<Watermarks>,
}

impl PartitionFacts {
    /// The offsets between start and end: an upper bound of its records.
    pub fn records_at_most(&self) -> Option<i64> {
        self.bounds.map(|bounds| bounds.high - bounds.low)
    }
}

impl Serialize for PartitionFacts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("PartitionFacts", 6)?;
        fields.serialize_field("partition", &self.partition)?;
        fields.serialize_field("leader", &self.leader)?;
        fields.serialize_field("low", &self.bounds.map(|bounds| bounds.low))?;
        fields.serialize_field("high", &self.bounds.map(|bounds| bounds.high))?;
        fields.serialize_field("lso", &self.bounds.map(|bounds| bounds.last_stable))?;
        fields.serialize_field("records", &self.records_at_most())?;
        fields.end()
    }
}

/// A topic.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TopicReport {
    /// The name.
    #[serde(rename = "topic")]
    pub name: Arc<str>,
    /// The id, which a topic of the same name created later does not share.
    pub topic_id: Option<Arc<str>>,
    /// Whether it belongs to Kafka itself.
    pub internal: bool,
    /// `delete`, `compact` or both; unknown when settings may not be seen, as are the next two.
    pub cleanup_policy: Option<Arc<str>>,
    /// How long records are kept, in milliseconds; -1 is without limit.
    pub retention_ms: Option<i64>,
    /// Whose clock writes timestamps.
    pub timestamp_type: Option<TimestampType>,
    /// The partitions, by number.
    pub partitions: Vec<PartitionFacts>,
    /// Why it cannot be read.
    #[serde(rename = "error", skip_serializing_if = "Option::is_none")]
    pub problem: Option<Arc<str>>,
}

impl TopicReport {
    /// Offsets between log start and high watermark over all partitions: an upper bound of its
    /// records; unknown until one of them is known.
    pub fn records_at_most(&self) -> Option<u64> {
        let known = self.partitions.iter().filter_map(PartitionFacts::records_at_most);
        let known = known.map(|records| u64::try_from(records).unwrap_or(0));
        known.reduce(u64::saturating_add)
    }
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
#[derive(Clone, Debug, Default, PartialEq)]
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
    /// What is wrong with the filter, or may be.
    pub filter_problem: Option<Problem>,
    /// The job that looks for the records it takes, while it does: the rows are those found so far.
    pub filter_job: Option<JobId>,
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
    /// The texts of pages that were asked for, by page number: row index in `rows` divided by
    /// `ROWS_PER_PAGE`.
    pub pages: Arc<BTreeMap<u64, Arc<[RowText]>>>,
    /// When the records read were written, the time filter not applied.
    pub histogram: Arc<TimeCounts>,
    /// The span of log time of the records read, both inclusive, in milliseconds.
    pub span_ms: Option<(i64, i64)>,
    /// The part of its timeline that was asked for last, once it is worked out.
    pub timeline: Arc<TopicTimeline>,
    /// How the user chose to decode values; none where it is left to what was found.
    pub decoder: Option<Decoder>,
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
    /// What was counted so far.
    pub counts: TypeCounts,
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
            counts: TypeCounts::default(),
            covers: Arc::default(),
            rows_generation,
            complete: false,
        }
    }
}
