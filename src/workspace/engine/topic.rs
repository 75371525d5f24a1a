//! An open topic: its records in memory, and everything its view shows.
//!
//! Promises: nothing is read before the user chose where; what was read stays usable when reading
//! stops early, and is labelled; a flood of records costs a bounded share of the machine for its
//! table.
//! Does not know: how records are read (`reading`) or searched (`rows`).

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::State;
use super::pool::{News, TaskKey};
use super::reading::Reading;
use super::rows::{Rows, RowsQuestion};
use crate::decode::Decoder;
use crate::entity::Mapping;
use crate::kafka::TopicConfig;
use crate::model::{Cancel, PartitionRead, RecordBatch};
use crate::partition_log::{
    KeptSegments, KeyDirectory, Location, LogBounds, LogSnapshot, LogStore,
};
use crate::workspace::ask::coverage::Offsets;
use crate::workspace::ask::log_read::{LogFacts, LogQuestion};
use crate::workspace::clock::now_ms;
use crate::workspace::{
    Fetch, JobSubject, LanesWanted, PartitionFacts, Problem, StartPosition, TimeCounts, TopicView,
};

/// What all records in memory may take, in bytes.
pub(crate) const MEMORY_BUDGET_BYTES: u64 = 2 << 30;

/// The table is computed anew at the soonest this long after records arrived.
const ROWS_AFTER: Duration = Duration::from_millis(80);

/// The table may take one part in this many of the time.
const ROWS_SHARE: u32 = 4;

/// An open topic.
#[derive(Debug)]
pub(crate) struct OpenTopic {
    /// What the window sees.
    pub(crate) view: TopicView,
    /// The records.
    store: LogStore,
    /// The read that fills it.
    pub(crate) reading: Reading,
    /// How records become events.
    pub(crate) mapping: Arc<Mapping>,
    /// How values are decoded.
    pub(crate) decoder: Decoder,
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
    fn new(topic: &Arc<str>) -> Self {
        Self {
            view: TopicView {
                topic: Arc::clone(topic),
                partitions: Fetch::Pending(None),
                ..TopicView::default()
            },
            store: LogStore::new(MEMORY_BUDGET_BYTES),
            reading: Reading::default(),
            mapping: Arc::default(),
            decoder: Decoder::Auto,
            rows: None,
            rows_due: None,
            rows_cost: Duration::ZERO,
            wanted_pages: Vec::new(),
            wanted_lanes: None,
            search: String::new(),
            directory: None,
        }
    }

    /// What the records take, in bytes.
    pub(crate) fn memory_bytes(&self) -> u64 {
        self.store.memory_bytes()
    }

    /// The span of log time of the records, in milliseconds.
    pub(crate) fn span_ms(&self) -> Option<(i64, i64)> {
        self.view.span_ms
    }

    /// When its records were written, over this span of log time, in milliseconds.
    pub(crate) fn histogram(&self, span_ms: (i64, i64), buckets: usize) -> TimeCounts {
        let bounds = LogBounds { time_ms: Some(span_ms), ..LogBounds::default() };
        self.rows.as_ref().map(|(log, _)| log.histogram(&bounds, buckets)).unwrap_or_default()
    }

    /// When its table is computed anew.
    pub(crate) fn rows_due(&self) -> Option<Instant> {
        self.rows_due
    }

    /// Takes what the cluster says about it.
    pub(crate) fn know(&mut self, facts: LogFacts) {
        self.view.partitions = Fetch::Ready(partition_facts(&facts));
        let config = facts.configs.get(&self.view.topic).and_then(Option::as_ref);
        self.view.configs = config.map(shown_configs).unwrap_or_default();
        self.reading.facts = facts;
    }

    /// Takes records.
    ///
    /// # Errors
    /// That they do not fit into the budget, or do not come after those before. What is there
    /// stays.
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

    /// Takes how far reading is.
    pub(crate) fn progress(&mut self, reads: Vec<PartitionRead>) {
        self.view.records_read = reads.iter().map(|read| read.records).sum();
        self.reading.progress(reads);
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

    /// Takes the table; the one before stays where the filter is none.
    pub(crate) fn take_rows(
        &mut self,
        log: LogSnapshot,
        found: Result<Rows, Problem>,
        cost: Duration,
    ) {
        self.rows_cost = cost;
        match found {
            Err(problem) => self.view.filter_problem = Some(problem),
            Ok(rows) => {
                self.view.filter_problem = rows.doubts;
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
            bounds: facts.bounds.get(partition).copied(),
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
        let Some(session) = self.session(Cancel::new()) else { return };
        match self.topic_mut(topic) {
            Some(open) if open.view.partitions.problem().is_none() => return,
            // What failed is tried again.
            Some(_) => {}
            None => {
                self.topics.push(OpenTopic::new(topic));
                self.show_decided(topic);
            }
        }
        let topic = Arc::clone(topic);
        let (title, subject) =
            (format!("Asking about {topic}"), JobSubject::TopicFacts(Arc::clone(&topic)));
        let (job, _) = self.jobs.start_for(subject, title, now_ms());
        self.spawn("topic", move |outbox| {
            let asked = session.log_facts(&[Arc::clone(&topic)]);
            outbox.send(move |state| {
                state.jobs.end(job, None, now_ms());
                let Some(open) = state.topic_mut(&topic) else { return };
                match asked {
                    Ok(facts) => open.know(facts),
                    Err(failure) => open.failed(&failure.problem),
                }
            });
        });
    }

    /// Closes a topic and forgets its records.
    pub(crate) fn close_topic(&mut self, topic: &str) {
        if let Some(open) = self.topic_mut(topic) {
            open.reading.stop();
        }
        self.topics.retain(|open| &*open.view.topic != topic);
        self.measure_clock();
        self.find_all_lanes();
    }

    /// Reads a topic from here; what was read of it before is forgotten.
    pub(crate) fn read_topic(&mut self, topic: &Arc<str>, start: StartPosition) {
        let Some(open) = self.topic_mut(topic) else { return };
        open.reading.stop();
        open.store = LogStore::new(MEMORY_BUDGET_BYTES);
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
        let topics = vec![Arc::clone(topic)];
        let begun =
            self.start_reading(title, LogQuestion { topics, entity: None, start, follow: false });
        if let Some(open) = self.topic_mut(topic) {
            open.view.job = open.reading.begin(begun);
            open.rows_change();
        }
    }

    /// Reads a topic again of which something on disk could not be read back, because it is damaged
    /// or because another process has put it together with what followed.
    pub(crate) fn read_again_if_damaged(&mut self, topic: &Arc<str>, log: &LogSnapshot) {
        if log.damage().is_empty() {
            return;
        }
        let start = self.topic_mut(topic).and_then(|open| open.view.start.clone());
        if let Some(start) = start {
            self.read_topic(topic, start);
        }
    }

    /// A topic was read to its end, or as far as it went: how complete it is is worked out.
    pub(crate) fn topic_read(&mut self, topic: &Arc<str>) {
        let Some(open) = self.topic_mut(topic) else { return };
        open.rows_due = Some(Instant::now());
        let (log, decoder) = (open.log(), open.decoder);
        let topic = Arc::clone(topic);
        let key = TaskKey::Verdict(topic.to_string());
        let task = move || -> News {
            let undecodable = undecodable(&log, decoder);
            Box::new(move |state| {
                let isolation = state.view.isolation;
                let Some(open) = state.topic_mut(&topic) else { return };
                open.view.decode_failures =
                    undecodable.values().map(|offsets| offsets.len() as u64).sum();
                let completeness = open.reading.completeness(isolation, &undecodable);
                open.view.completeness = Some(Arc::new(completeness));
                state.touch_urgently();
            })
        };
        self.pool.submit(key, Box::new(task));
    }
}

/// The records that this decoder fails on.
fn undecodable(log: &LogSnapshot, decoder: Decoder) -> Offsets {
    let mut offsets = Offsets::new();
    // No other decoder fails.
    if decoder == Decoder::Json {
        for (_, record) in log.in_log_order(&LogBounds::default()) {
            let record = record.get();
            if decoder.check(record.value()).failed {
                offsets.entry(record.partition().clone()).or_default().push(record.offset());
            }
        }
    }
    offsets
}
