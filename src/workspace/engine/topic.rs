//! An open topic: its records in memory, and everything its view shows.
//!
//! Promises: nothing is read before the user chose where; what was read stays usable when reading
//! stops early, and is labelled; a flood of records costs a bounded share of the machine for its
//! table.
//! Does not know: how records are read (`reading`) or searched (`rows`).

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::filtering::Filtering;
use super::pool::TaskKey;
use super::reading::Reading;
use super::rows::{Rows, RowsQuestion};
use super::{Outbox, State};
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
    Fetch, JobSubject, LanesWanted, NoticeLevel, PartitionFacts, Problem, ROWS_PER_PAGE,
    StartPosition, TopicView,
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
    /// Where the rows' records lie, with the question that they were found for.
    pub(crate) rows: Option<(RowsQuestion, Arc<[Location]>)>,
    /// What looks for them.
    pub(crate) filtering: Filtering,
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
            filtering: Filtering::default(),
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

    /// The records its rows were found among.
    pub(crate) fn listed_log(&self) -> Option<&LogSnapshot> {
        self.rows.as_ref().map(|(question, _)| &question.log)
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
        question: RowsQuestion,
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
                self.keep_pages(&question, &rows.locations);
                self.rows = Some((question, rows.locations));
            }
        }
    }

    /// Keeps the texts of those pages that stay as they were when these rows are listed.
    fn keep_pages(&mut self, question: &RowsQuestion, locations: &[Location]) {
        let before = self.rows.as_ref().filter(|(before, _)| before.reads_the_same(question));
        let before = before.map_or(&[][..], |(_, before)| before);
        let stay = before.iter().zip(locations).take_while(|(before, now)| before == now).count();
        if stay == locations.len() && stay == before.len() && self.rows.is_some() {
            return;
        }
        self.view.rows_generation += 1;
        let is_whole = |page: u64| (page + 1) * ROWS_PER_PAGE <= stay as u64;
        let pages = self.view.pages.iter().filter(|(page, _)| is_whole(**page));
        self.view.pages = Arc::new(pages.map(|(page, texts)| (*page, Arc::clone(texts))).collect());
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
    /// Puts a topic with nothing read among those that are open.
    pub(super) fn put_topic(&mut self, topic: &Arc<str>) {
        self.topics.push(OpenTopic::new(topic));
    }

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
                self.put_topic(topic);
                self.show_decided(topic);
            }
        }
        let topic = Arc::clone(topic);
        let (title, subject) =
            (format!("Asking about {topic}"), JobSubject::TopicFacts(Arc::clone(&topic)));
        let (job, _) = self.jobs.start_for(subject, title, now_ms());
        let asked = Arc::clone(&topic);
        let ask = move |_: &Outbox| session.log_facts(&[asked]);
        self.spawn("topic", Some(job), ask, move |state, facts| {
            let Some(open) = state.topic_mut(&topic) else { return };
            match facts.and_then(|facts| Ok(facts?)) {
                Ok(facts) => open.know(facts),
                Err(problem) => open.failed(&problem),
            }
        });
    }

    /// Closes a topic and forgets its records.
    pub(crate) fn close_topic(&mut self, topic: &str) {
        self.stop_filtering(topic);
        if let Some(open) = self.topic_mut(topic) {
            open.reading.stop();
        }
        self.topics.retain(|open| &*open.view.topic != topic);
        self.measure_clock();
        self.find_all_lanes();
    }

    /// Reads a topic from here; what was read of it before is forgotten.
    pub(crate) fn read_topic(&mut self, topic: &Arc<str>, start: StartPosition) {
        self.stop_filtering(topic);
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
        self.work_out(
            key,
            move || undecodable(&log, decoder),
            move |state, undecodable| {
                let isolation = state.view.isolation;
                let undecodable = match undecodable {
                    Ok(undecodable) => undecodable,
                    // How complete it is stays unknown.
                    Err(problem) => return state.notify(NoticeLevel::Error, problem),
                };
                let Some(open) = state.topic_mut(&topic) else { return };
                open.view.decode_failures =
                    undecodable.values().map(|offsets| offsets.len() as u64).sum();
                let completeness = open.reading.completeness(isolation, &undecodable);
                open.view.completeness = Some(Arc::new(completeness));
                state.touch_urgently();
            },
        );
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
