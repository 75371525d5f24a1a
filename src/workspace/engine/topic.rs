//! An open topic: its records in memory, and everything its view shows.
//!
//! Promises: nothing is read before the user chose where; what was read stays usable when reading stops early, and is
//! labelled; a flood of records costs a bounded share of the machine for its table.
//! Does not know: how records are read (`reading`) or searched (`rows`).

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::reading::{LogFacts, Reading, log_facts};
use super::rows::{Rows, RowsQuestion};
use super::state::State;
use crate::decode::Decoder;
use crate::entity::Mapping;
use crate::kafka::TopicConfig;
use crate::model::{KeyFilter, PartitionRead, RecordBatch};
use crate::partition_log::{
    KeptSegments, KeyDirectory, Location, LogBounds, LogSnapshot, LogStore,
};
use crate::workspace::coverage::Offsets;
use crate::workspace::{
    Fetch, Histogram, JobId, LanesWanted, PartitionFacts, Problem, StartPosition, TopicView,
    mapping_of,
};

/// What all records in memory may take, in bytes.
pub(crate) const MEMORY_BUDGET_BYTES: u64 = 2 << 30;

/// The table is computed anew at the soonest this long after records arrived.
const ROWS_AFTER: Duration = Duration::from_millis(80);

/// The table may take one part in this many of the time.
const ROWS_SHARE: u32 = 4;

/// How records become events, and how their values are decoded.
pub(crate) type WayToRead = (Arc<Mapping>, Decoder);

/// An open topic.
#[derive(Debug)]
pub(crate) struct OpenTopic {
    /// What the window sees.
    pub(crate) view: TopicView,
    /// The records.
    store: LogStore,
    /// The read that fills it.
    reading: Option<Reading>,
    /// What the cluster said when it was opened or read.
    facts: LogFacts,
    /// How far each partition was read.
    partitions: Vec<PartitionRead>,
    /// How records become events.
    pub(crate) mapping: Arc<Mapping>,
    /// Whether the mapping stands in `foldback.toml`, so that detection leaves it alone.
    pub(crate) mapping_is_configured: bool,
    /// How values are decoded.
    pub(crate) decoder: Decoder,
    /// How detection would decode them.
    pub(crate) decoder_found: Decoder,
    /// How many records there were when mapping and decoder were detected.
    pub(crate) detected_at: u64,
    /// Where the rows' records lie, in the snapshot they were found in.
    pub(crate) rows: Option<(LogSnapshot, Arc<[Location]>)>,
    /// When the table is computed anew, if something changed.
    pub(crate) rows_due: Option<Instant>,
    /// How long the table took the last time.
    rows_cost: Duration,
    /// The pages in view.
    pub(crate) wanted_pages: Vec<u64>,
    /// The part of the timeline in view.
    pub(crate) wanted_lanes: Option<LanesWanted>,
    /// The text the listed entities contain.
    pub(crate) search: String,
    /// The entities counted so far; away while they are being counted.
    pub(crate) directory: Option<KeyDirectory>,
}

impl OpenTopic {
    /// A topic with nothing read.
    fn new(topic: &Arc<str>, mapping: Option<Mapping>) -> Self {
        Self {
            view: TopicView {
                topic: Arc::clone(topic),
                partitions: Fetch::Pending(None),
                ..TopicView::default()
            },
            store: LogStore::new(MEMORY_BUDGET_BYTES),
            reading: None,
            facts: LogFacts::default(),
            partitions: Vec::new(),
            mapping_is_configured: mapping.is_some(),
            mapping: Arc::new(mapping.unwrap_or_default()),
            decoder: Decoder::Auto,
            decoder_found: Decoder::Auto,
            detected_at: 0,
            rows: None,
            rows_due: None,
            rows_cost: Duration::ZERO,
            wanted_pages: Vec::new(),
            wanted_lanes: None,
            search: String::new(),
            directory: None,
        }
    }

    /// Whether this job reads it.
    pub(crate) fn is_read_by(&self, job: JobId) -> bool {
        self.reading.as_ref().is_some_and(|reading| reading.job == job)
    }

    /// What the records take, in bytes.
    pub(crate) fn memory_bytes(&self) -> u64 {
        self.store.memory_bytes()
    }

    /// The span of log time of the records, in milliseconds.
    pub(crate) fn span_ms(&self) -> Option<(i64, i64)> {
        self.view.span_ms
    }

    /// How far each partition was read, and what the cluster said of each.
    pub(crate) fn reads(&self) -> (&LogFacts, &[PartitionRead]) {
        (&self.facts, &self.partitions)
    }

    /// When its records were written, over this span of log time, in milliseconds.
    pub(crate) fn histogram(&self, span_ms: (i64, i64), buckets: usize) -> Histogram {
        let bounds = LogBounds { time_ms: Some(span_ms), ..LogBounds::default() };
        self.rows
            .as_ref()
            .map(|(log, _)| log.histogram(&bounds, buckets).into())
            .unwrap_or_default()
    }

    /// When its table is computed anew.
    pub(crate) fn rows_due(&self) -> Option<Instant> {
        self.rows_due
    }

    /// Takes what the cluster says about it.
    pub(crate) fn know(&mut self, facts: &LogFacts) {
        self.view.partitions = Fetch::Ready(partition_facts(facts));
        let config = facts.configs.get(&self.view.topic).and_then(Option::as_ref);
        self.view.configs = config.map(shown_configs).unwrap_or_default();
        self.facts = facts.clone();
    }

    /// Takes records.
    ///
    /// # Errors
    /// That they do not fit into the budget, or do not come after those before. What is there stays.
    pub(crate) fn append(&mut self, batch: RecordBatch) -> Result<(), Problem> {
        self.store
            .append(batch)
            .map_err(|error| Problem::from_error(&error).with_hint(error.hint()))?;
        self.rows_change();
        Ok(())
    }

    /// Takes records that lie on disk.
    pub(crate) fn take_kept(&mut self, kept: KeptSegments) {
        self.store.take_kept(kept);
        self.rows_change();
    }

    /// What was read of it, and how, once it is being read.
    pub(crate) fn what_was_read(&self) -> Option<(&LogFacts, &[PartitionRead], &Reading)> {
        Some((&self.facts, &self.partitions, self.reading.as_ref()?))
    }

    /// Takes the aborted records behind its gaps.
    pub(crate) fn know_aborted(&mut self, aborted: Offsets) {
        self.facts.aborted = Some(aborted);
    }

    /// Takes how far reading is.
    pub(crate) fn progress(&mut self, partitions: Vec<PartitionRead>) {
        self.view.records_read = partitions.iter().map(|partition| partition.records).sum();
        self.partitions = partitions;
    }

    /// Reading could not go on.
    pub(crate) fn failed(&mut self, problem: &Problem) {
        let partitions = std::mem::take(&mut self.view.partitions);
        self.view.partitions = partitions.failed(problem.clone());
    }

    /// The table is out of date.
    pub(crate) fn rows_change(&mut self) {
        let wait = ROWS_AFTER.max(self.rows_cost * ROWS_SHARE);
        self.rows_due.get_or_insert_with(|| Instant::now() + wait);
    }

    /// The question that the table answers.
    pub(crate) fn question(&self) -> RowsQuestion {
        RowsQuestion {
            log: self.log(),
            filter: self.view.filter.clone(),
            mapping: Arc::clone(&self.mapping),
            decoder: self.decoder,
        }
    }

    /// Takes the table.
    pub(crate) fn take_rows(&mut self, log: LogSnapshot, rows: Rows, cost: Duration) {
        self.rows_cost = cost;
        self.view.filter_problem = rows.problem;
        if self.view.filter_problem.is_none() {
            self.view.rows = rows.metas;
            self.view.first_row = rows.first_row;
            self.view.records_matching = rows.matching;
            self.view.histogram = Arc::new(rows.histogram);
            self.view.span_ms = rows.span_ms;
            self.view.rows_generation += 1;
            self.view.pages = Arc::default();
            self.rows = Some((log, rows.locations));
        }
    }

    /// How many partitions it has, as far as is known.
    pub(crate) fn partition_count(&self) -> i32 {
        i32::try_from(self.facts.leaders.len()).unwrap_or(i32::MAX)
    }

    /// The records as they are now.
    pub(crate) fn log(&self) -> LogSnapshot {
        self.store.snapshot()
    }
}

/// The configuration worth knowing: what a broker was told or decided, by name.
fn shown_configs(config: &TopicConfig) -> Arc<[(Arc<str>, Arc<str>)]> {
    let known = config
        .entries
        .iter()
        .filter_map(|(name, value)| Some((Arc::clone(name), Arc::clone(value.as_ref()?))));
    known.collect()
}

/// The partitions as the window sees them.
fn partition_facts(facts: &LogFacts) -> Arc<[PartitionFacts]> {
    facts
        .leaders
        .iter()
        .map(|(partition, leader)| PartitionFacts {
            partition: partition.partition,
            leader: *leader,
            bounds: facts.watermarks.get(partition).copied(),
        })
        .collect()
}

impl State {
    /// The open topic with this name.
    pub(crate) fn topic_mut(&mut self, topic: &str) -> Option<&mut OpenTopic> {
        self.topics.iter_mut().find(|open| &*open.view.topic == topic)
    }

    /// Opens a topic without reading its records.
    pub(crate) fn open_topic(&mut self, topic: &Arc<str>) {
        let Some(connection) = self.connection.clone() else { return };
        match self.topic_mut(topic) {
            Some(open) if open.view.partitions.problem().is_none() => return,
            // What failed is tried again.
            Some(_) => {}
            None => {
                let mapping = self.configured_mapping(topic);
                self.topics.push(OpenTopic::new(topic, mapping));
            }
        }
        let topic = Arc::clone(topic);
        self.spawn("topic", move |outbox| {
            let asked = log_facts(&connection, &[Arc::clone(&topic)]);
            outbox.send(move |state| {
                let Some(open) = state.topic_mut(&topic) else { return };
                match asked {
                    Ok(facts) => open.know(&facts),
                    Err(error) => open.failed(&Problem::from(&error)),
                }
            });
        });
    }

    /// The mapping of `foldback.toml` for a topic.
    pub(crate) fn configured_mapping(&self, topic: &str) -> Option<Mapping> {
        let config = self.options.config.as_ref()?;
        // The file was checked when it was loaded.
        mapping_of(config.entity_of_topic(topic)?).ok()
    }

    /// Closes a topic and forgets its records.
    pub(crate) fn close_topic(&mut self, topic: &str) {
        if let Some(reading) = self.topic_mut(topic).and_then(|open| open.reading.take()) {
            reading.cancel.cancel();
        }
        self.topics.retain(|open| &*open.view.topic != topic);
        self.measure_clock();
        self.find_all_lanes();
    }

    /// Reads a topic from here; what was read of it before is forgotten.
    pub(crate) fn read_topic(&mut self, topic: &Arc<str>, start: StartPosition) {
        let Some(open) = self.topic_mut(topic) else { return };
        if let Some(before) = open.reading.take() {
            before.cancel.cancel();
        }
        open.store = LogStore::new(MEMORY_BUDGET_BYTES);
        open.partitions.clear();
        open.detected_at = 0;
        open.directory = None;
        // Records outside a span of time are read where timestamps are out of order, but not shown.
        open.view.filter.time_ms = match start {
            StartPosition::SinceTime(from_ms) => Some((from_ms, i64::MAX)),
            StartPosition::TimeRange { from_ms, to_ms } => Some((from_ms, to_ms)),
            _ => None,
        };
        open.view.start = Some(start.clone());
        open.view.records_read = 0;
        open.view.completeness = None;
        open.view.types = None;
        let title = format!("Reading {topic}");
        let reading =
            self.start_reading(title, vec![Arc::clone(topic)], start, KeyFilter::All, false);
        if let Some(open) = self.topic_mut(topic) {
            open.view.job = reading.as_ref().map(|reading| reading.job);
            open.reading = reading;
            open.rows_change();
        }
    }

    /// Reads a topic again of which something on disk could not be read back, because it is damaged or because another
    /// process has put it together with what followed.
    pub(crate) fn read_again_if_damaged(&mut self, topic: &Arc<str>, log: &LogSnapshot) {
        if log.damage().is_empty() {
            return;
        }
        let start = self.topic_mut(topic).and_then(|open| open.view.start.clone());
        if let Some(start) = start {
            self.read_topic(topic, start);
        }
    }

    /// A topic was read to its end, or as far as it went.
    pub(crate) fn topic_read(&mut self, topic: &str) {
        let isolation = self.view.isolation;
        if let Some(open) = self.topic_mut(topic) {
            open.view.completeness =
                Some(Arc::new(open.facts.completeness(&open.partitions, isolation, &[])));
            open.rows_due = Some(Instant::now());
        }
    }

    /// How the records of a topic become events: as `foldback.toml` says, else as its open view detected.
    pub(crate) fn mapping_for(&self, topic: &Arc<str>) -> Arc<Mapping> {
        let open = self.topics.iter().find(|open| open.view.topic == *topic);
        let configured = || self.configured_mapping(topic).unwrap_or_default();
        open.map_or_else(|| Arc::new(configured()), |open| Arc::clone(&open.mapping))
    }

    /// How the records of a topic are read, when that is known: `foldback.toml` says it, or its open view detected it.
    pub(crate) fn known_way_to_read(&self, topic: &Arc<str>) -> Option<WayToRead> {
        let detected =
            self.topics.iter().any(|open| open.view.topic == *topic && open.detected_at > 0);
        let known = detected || self.configured_mapping(topic).is_some();
        known.then(|| (self.mapping_for(topic), self.decoder_for(topic)))
    }

    /// How the values of a topic are decoded: as its open view says, else as each value looks.
    pub(crate) fn decoder_for(&self, topic: &str) -> Decoder {
        self.topics
            .iter()
            .find(|open| &*open.view.topic == topic)
            .map_or(Decoder::Auto, |open| open.decoder)
    }
}
