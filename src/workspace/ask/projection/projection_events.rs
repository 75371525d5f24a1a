//! The events that projections are given, in the order that was chosen.
//!
//! Promises: in log order memory does not grow with the number of events; any other order needs
//! them all at once and is refused in words when they do not fit.
//! Does not know: projections.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::fold::{EventOrder, ProjectionInput, ProjectionSink, ordered};
use crate::model::{Clock, DecodedKind, EntityId, When};
use crate::workspace::ask::mapping::key_filter;
use crate::workspace::ask::scan::Watch;
use crate::workspace::{Failure, ScanQuestion, ScanSummary, ScannedRecord, Session};

/// What events may take in memory that are to be put in order, in bytes, about.
const MEMORY_BUDGET_BYTES: u64 = 2 << 30;

/// What an event takes beside its bytes, in bytes, about.
const BYTES_PER_EVENT: u64 = 400;

/// Which events projections are given.
#[derive(Clone, Debug)]
pub struct ProjectionHistory {
    /// The topics.
    pub topics: Vec<Arc<str>>,
    /// Their partitions; all when empty.
    pub partitions: Vec<i32>,
    /// The entities; all events when empty.
    pub entities: Vec<EntityId>,
    /// The last moment, inclusive.
    pub at: When,
    /// Which time a time means.
    pub clock: Clock,
    /// In which order they come.
    pub order: EventOrder,
}

impl Session {
    /// Hands the events of a history to `sink`, which may end it.
    ///
    /// # Errors
    /// `Usage` when a topic, a partition or a moment does not exist, `Budget` when events do not
    /// fit into memory; else when records cannot be read.
    pub(super) fn projection_events(
        &self,
        history: &ProjectionHistory,
        sink: ProjectionSink<'_>,
        watch: Watch<'_>,
    ) -> Result<ScanSummary, Failure> {
        let mut numbers = Sequences::default();
        let limit = first_events(history)?;
        let mut give = |mut input: ProjectionInput| {
            input.sequence = numbers.next(&input);
            sink(input)
        };
        if history.order == EventOrder::Log {
            return self.scan_events(history, limit, &mut |input, _| give(input), watch);
        }
        let mut events = Vec::new();
        let mut memory_bytes = 0;
        let summary = self.scan_events(
            history,
            limit,
            &mut |input, time_ms| {
                let bytes =
                    |part: &Option<Arc<[u8]>>| part.as_ref().map_or(0, |bytes| bytes.len() as u64);
                memory_bytes += BYTES_PER_EVENT + bytes(&input.raw) + bytes(&input.key);
                events.push((time_ms, input));
                if memory_bytes > MEMORY_BUDGET_BYTES {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            },
            watch,
        )?;
        if memory_bytes > MEMORY_BUDGET_BYTES {
            return Err(Failure::budget(format!(
                "{} events, which the order `{}` needs at once, do not fit into the memory budget of 2 GiB",
                events.len(),
                history.order
            ))
            .with_hint("narrow them down with --entity or --partition, or take --order log"));
        }
        self.check_cancelled()?;
        let _ended = ordered(events, history.order, |event| event.position().topic_partition())
            .into_iter()
            .try_for_each(give);
        Ok(summary)
    }

    /// Hands the events to `take` in log order, each with its own time in milliseconds.
    fn scan_events(
        &self,
        history: &ProjectionHistory,
        limit: u64,
        take: &mut dyn FnMut(ProjectionInput, i64) -> ControlFlow<()>,
        watch: Watch<'_>,
    ) -> Result<ScanSummary, Failure> {
        // Asking how records are read costs a sample, so it is only done when it matters here.
        let needs_mappings = history.order == EventOrder::Event || history.entities.len() == 1;
        let mappings = self.mappings(if needs_mappings { &history.topics } else { &[] })?;
        let categories: HashMap<&str, Arc<str>> =
            history.topics.iter().map(|topic| (&**topic, self.category_of(topic))).collect();
        let question = ScanQuestion {
            topics: history.topics.clone(),
            partitions: history.partitions.clone(),
            from: When::Start,
            to: if matches!(history.at, When::Version(_)) { When::End } else { history.at.clone() },
            clock: history.clock,
            keys: key_filter(&history.entities, &mappings),
            only_timed: history.order == EventOrder::Event,
            filter: None,
            limit: None,
            count_only: false,
            values: false,
            follow: false,
            unordered: false,
        };
        let mut count = 0;
        let mut sink = |scanned: &ScannedRecord<'_>| {
            let entity = scanned.entity.as_ref();
            let wanted = &history.entities;
            if !wanted.is_empty() && entity.is_none_or(|entity| !wanted.contains(entity)) {
                return ControlFlow::Continue(());
            }
            count += 1;
            let Some(category) = categories.get(&*scanned.record.partition().topic) else {
                return ControlFlow::Continue(());
            };
            if count > limit {
                return ControlFlow::Continue(());
            }
            // Only the order by event time looks at it, and there every event has one.
            let mapping = mappings.get(&scanned.record.partition().topic);
            let time_ms = mapping.and_then(|mapping| mapping.event_time_ms(scanned.record));
            take(input(scanned, category), time_ms.unwrap_or(i64::MIN))
        };
        let summary = self.scan(&question, &mut sink, watch)?;
        match history.at {
            When::Version(version) if version > count && !summary.cancelled => {
                let s = if count == 1 { "" } else { "s" };
                Err(Failure::usage(format!(
                    "there is no version {version}: the entity has {count} event{s}"
                ))
                .with_hint(format!("the last one is v{count}")))
            }
            _ => Ok(summary),
        }
    }
}

/// How many events are taken: those of a version, else all.
fn first_events(history: &ProjectionHistory) -> Result<u64, Failure> {
    match (&history.at, history.entities.len()) {
        (When::Version(version), 1) => Ok(*version),
        (When::Version(version), _) => {
            Err(Failure::usage(format!("`v{version}` counts the events of one entity"))
                .with_hint("name it with --entity, or take a time or P:O"))
        }
        _ => Ok(u64::MAX),
    }
}

/// The record as projections are given it; its number in its stream is still to be found.
fn input(scanned: &ScannedRecord<'_>, category: &Arc<str>) -> ProjectionInput {
    let record = scanned.record;
    ProjectionInput {
        topic: Arc::clone(&record.partition().topic),
        partition: record.partition().partition,
        offset: record.offset(),
        timestamp_ms: record.timestamp_ms(),
        timestamp_type: record.timestamp_type(),
        transaction: record.transaction(),
        category: Arc::clone(category),
        entity: scanned.entity.clone(),
        sequence: 0,
        event_type: Arc::clone(&scanned.event_type),
        key: record.key().map(Arc::from),
        raw: record.value().map(Arc::from),
        is_json: scanned.value.checked().kind == DecodedKind::Json,
        is_undecodable: scanned.value.checked().failed,
        headers: record
            .headers()
            .map(|header| (header.name.into(), header.value.map(Arc::from)))
            .collect(),
    }
}

/// How many events of each stream there were.
#[derive(Debug, Default)]
struct Sequences(HashMap<Arc<str>, HashMap<Option<EntityId>, u64>>);

impl Sequences {
    /// How many events of its stream came before this one.
    fn next(&mut self, input: &ProjectionInput) -> u64 {
        let of_category = match self.0.get_mut(&input.category) {
            Some(known) => known,
            None => self.0.entry(Arc::clone(&input.category)).or_default(),
        };
        if let Some(count) = of_category.get_mut(&input.entity) {
            *count += 1;
            return *count;
        }
        of_category.insert(input.entity.clone(), 0);
        0
    }
}
