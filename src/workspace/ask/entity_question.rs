//! The history of one entity: its events in log order over all its topics, and how complete they
//! are.
//!
//! Promises: every record of the entity that the isolation level delivers is an event; memory is
//! bounded, and a history that does not fit is refused in words; a key that names the entity is
//! compared before anything is decoded.
//! Does not know: folds.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::coverage::{AskedParts, Coverage, Offsets, offsets, without_event_time};
use super::mapping::Mappings;
use super::scan::Watch;
use super::session::offline;
use super::span::position_in;
use crate::entity;
use crate::fold::{self, Selection};
use crate::kafka::Watermarks;
use crate::model::{
    Clock, Completeness, EntityId, Event, KeyFilter, OffsetRange, Position, ReadEvent, ReadOutcome,
    ReadPlan, RecordBatch, RecordBatchBuilder, SharedRecord, TopicPartition, When,
};
use crate::partition_log::{LogBounds, LogSnapshot, LogSource as _, LogStore};
use crate::workspace::{Failure, FailureKind, Problem, Session, TopicMapping};

/// What the records of one entity may take in memory, in bytes.
const MEMORY_BUDGET_BYTES: u64 = 2 << 30;

/// Which entity is asked about, and where.
#[derive(Clone, Debug)]
pub struct EntityQuestion {
    /// The entity.
    pub entity: EntityId,
    /// The topics its events are in.
    pub topics: Vec<Arc<str>>,
    /// Their partitions; all when empty.
    pub partitions: Vec<i32>,
}

/// The history of an entity.
#[derive(Debug)]
pub struct EntityHistory {
    /// Its events in log order.
    pub events: Vec<Event>,
    /// Records the log delivered while it was looked for.
    pub scanned: u64,
    /// How many of them came from the local index.
    pub from_cache: u64,
    /// Bytes of their keys and values.
    pub bytes: u64,
    /// What was read, one range for each partition.
    pub ranges: Vec<OffsetRange>,
    /// Events that could not be decoded.
    pub decode_failures: u64,
    /// The events without an event time: the mapping names one and it is missing or no time.
    pub without_event_time: Offsets,
    /// How much of the history it rests on.
    pub completeness: Completeness,
    /// The topics asked.
    pub topics: Vec<Arc<str>>,
    /// Where their partitions began and ended.
    pub bounds: BTreeMap<TopicPartition, Watermarks>,
    /// Those of their partitions that had no leader: nothing of them was read.
    pub offline: Vec<TopicPartition>,
}

impl Session {
    /// Reads the history of an entity.
    ///
    /// # Errors
    /// `Usage` when a topic or partition does not exist, `Budget` when the history does not fit
    /// into memory; else when records cannot be read.
    pub fn entity_history(
        &self,
        question: &EntityQuestion,
        watch: Watch<'_>,
    ) -> Result<EntityHistory, Failure> {
        let partitions = self.partitions(&question.topics, &question.partitions)?;
        let bounds = self.bounds(&partitions)?;
        let mappings = self.mappings(&question.topics)?;
        let mut store = LogStore::new(MEMORY_BUDGET_BYTES);
        let mut reads = Vec::new();
        let mut from_cache = 0;
        for by_key in [true, false] {
            let ranges = bounds.iter().filter(|(partition, _)| {
                let mapping = mappings.get(&partition.topic);
                mapping.is_some_and(|mapping| filter_of(mapping, question).is_some() == by_key)
            });
            let ranges: Vec<OffsetRange> = ranges
                .map(|(partition, bounds)| {
                    OffsetRange::new(partition, bounds.low, bounds.end(self.isolation))
                })
                .collect();
            if !ranges.is_empty() {
                let read = self.read_entity(question, &mappings, ranges, &mut store, watch)?;
                reads.extend(read.partitions);
                from_cache += read.from_cache;
            }
        }
        reads.sort_by(|one, other| one.partition.cmp(&other.partition));
        let log = store.snapshot();
        let events = events_in(&log, &mappings);
        let undecodable = offsets(&events, |event| event.value.failure().is_some());
        let completeness = self.completeness(&Coverage {
            partitions: &partitions,
            bounds: &bounds,
            reads: &reads,
            undecodable: &undecodable,
            asked: &AskedParts::new(),
        })?;
        Ok(EntityHistory {
            scanned: reads.iter().map(|read| read.records).sum(),
            from_cache,
            bytes: reads.iter().map(|read| read.bytes).sum(),
            ranges: reads
                .iter()
                .map(|read| OffsetRange::new(&read.partition, read.from, read.position))
                .collect(),
            decode_failures: undecodable.values().map(|offsets| offsets.len() as u64).sum(),
            without_event_time: offsets(&events, |event| event.event_time_ms.is_none()),
            completeness,
            events,
            topics: question.topics.clone(),
            offline: offline(&partitions, &bounds),
            bounds,
        })
    }

    /// Reads the records of an entity in these ranges, whose topics all find it by the key or all
    /// do not.
    fn read_entity(
        &self,
        question: &EntityQuestion,
        mappings: &Mappings,
        ranges: Vec<OffsetRange>,
        store: &mut LogStore,
        watch: Watch<'_>,
    ) -> Result<ReadOutcome, Failure> {
        let filter = ranges
            .first()
            .and_then(|range| mappings.get(&range.topic))
            .and_then(|mapping| filter_of(mapping, question));
        let by_key = filter.is_some();
        let plan = ReadPlan {
            isolation: self.isolation,
            keys: filter.unwrap_or_default(),
            whole: true,
            ..ReadPlan::new(ranges, self.started_ms)
        };
        let mut failure = None;
        let outcome = self.log.read(&plan, &self.cancel, &mut |event| {
            let batch = match event {
                ReadEvent::Batch(batch) if by_key => batch,
                ReadEvent::Batch(batch) => match mappings.get(&batch.partition().topic) {
                    Some(mapping) => records_of(&batch, mapping, &question.entity),
                    None => return ControlFlow::Continue(()),
                },
                event => {
                    watch(&event);
                    return ControlFlow::Continue(());
                }
            };
            if batch.is_empty() {
                return ControlFlow::Continue(());
            }
            match store.append(batch) {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    let problem = Problem::from_error(&error).with_hint(error.hint());
                    failure = Some(Failure { kind: FailureKind::Budget, problem });
                    ControlFlow::Break(())
                }
            }
        })?;
        self.check_cancelled()?;
        match failure {
            Some(failure) => Err(failure),
            None => Ok(outcome),
        }
    }

    /// The events of a history that a moment takes in. Where it asks for the events' own times,
    /// those without one are left out, which from then on is a reason of the history's
    /// completeness.
    ///
    /// # Errors
    /// `Usage` when there is no such moment in the history; else when the log time of a position
    /// cannot be read.
    pub fn select(
        &self,
        history: &mut EntityHistory,
        when: &When,
        clock: Clock,
    ) -> Result<Selection, Failure> {
        if clock == Clock::Event && matches!(when, When::Time(_)) {
            let left_out = std::mem::take(&mut history.without_event_time);
            without_event_time(&mut history.completeness, &left_out);
        }
        let mut log_time_ms = None;
        if let When::Position { topic, partition, offset } = when {
            let EntityHistory { topics, offline, bounds, .. } = history;
            let at = position_in(topics, offline, bounds, topic.as_ref(), *partition, *offset)?;
            // Within one partition its offset says all.
            if history.bounds.len() > 1 {
                log_time_ms = self.log_time_at(&at, &history.bounds)?;
            }
        }
        fold::select(&history.events, when, clock, &history.topics, &|_: &Position| log_time_ms)
            .map_err(|error| {
                let mut failure = Failure::usage_error(&error);
                failure.problem.hint = error.hint();
                failure
            })
    }
}

/// Which keys the entity's records have in this topic; `None` when the key does not tell.
fn filter_of(mapping: &TopicMapping, question: &EntityQuestion) -> Option<KeyFilter> {
    mapping.mapping.key_filter(&question.entity)
}

/// The events of the records in a log that are all of one entity, in log order.
pub(in crate::workspace) fn events_in(log: &LogSnapshot, mappings: &Mappings) -> Vec<Event> {
    let records = log.in_log_order(&LogBounds::default()).map(|(_, record)| record);
    events_behind(&[], &records.collect::<Vec<_>>(), mappings)
}

/// The events of these records, which come behind others of their entity in log order.
pub(in crate::workspace) fn events_behind(
    before: &[Event],
    records: &[SharedRecord],
    mappings: &Mappings,
) -> Vec<Event> {
    entity::history_behind(
        before,
        records.iter().filter_map(|record| {
            let record = record.get();
            let mapping = mappings.get(&record.partition().topic)?;
            Some((record, &*mapping.mapping, mapping.decoder))
        }),
    )
}

/// The records of a batch that belong to an entity.
pub(super) fn records_of(
    batch: &RecordBatch,
    mapping: &TopicMapping,
    entity: &EntityId,
) -> RecordBatch {
    let mut builder = RecordBatchBuilder::new(batch.partition().clone());
    for record in batch.iter() {
        if mapping.mapping.entity_of(record).as_ref() == Some(entity) {
            builder.push(record.facts(), record.key(), record.value(), record.headers());
        }
    }
    builder.finish()
}
