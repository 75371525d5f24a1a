//! The history that virtual consumers run over: the events of all entities of some topics, or of a
//! few.
//!
//! Promises: every record of an entity that the isolation level delivers is an event, in log order;
//! memory is bounded, and a history that does not fit is refused in words.
//! Does not know: projections, consumers.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::model::{Completeness, EntityId, Event, OffsetRange, ReadPlan, RecordRef};
use crate::partition_log::LogSource as _;
use crate::workspace::ask::coverage::{AskedParts, Coverage, offsets};
use crate::workspace::ask::mapping::{Mappings, key_filter};
use crate::workspace::ask::scan::Watch;
use crate::workspace::{Failure, Session, TopicMapping};

/// What the events may take in memory, in bytes, about.
const MEMORY_BUDGET_BYTES: u64 = 2 << 30;

/// What an event takes beside its payload, in bytes, about.
const BYTES_PER_EVENT: u64 = 600;

/// How many times as much as its bytes a decoded value takes, about.
const DECODED_FACTOR: u64 = 6;

/// Which history is asked for.
#[derive(Clone, Debug)]
pub struct TrialQuestion {
    /// The topics.
    pub topics: Vec<Arc<str>>,
    /// Their partitions; all when empty.
    pub partitions: Vec<i32>,
    /// The entities; all when empty.
    pub entities: Vec<EntityId>,
}

/// The history that virtual consumers run over.
#[derive(Debug)]
pub struct TrialHistory {
    /// The events in log order, those that belong to no entity included when all were asked for.
    pub events: Vec<Event>,
    /// Records the log delivered.
    pub scanned: u64,
    /// How much of the history it rests on.
    pub completeness: Completeness,
}

impl Session {
    /// Reads a history for virtual consumers.
    ///
    /// # Errors
    /// `Usage` when a topic or partition does not exist, `Budget` when the history does not fit
    /// into memory; else when records cannot be read.
    pub fn trial_history(
        &self,
        question: &TrialQuestion,
        watch: Watch<'_>,
    ) -> Result<TrialHistory, Failure> {
        let partitions = self.partitions(&question.topics, &question.partitions)?;
        let bounds = self.bounds(&partitions)?;
        let mappings = self.mappings(&question.topics)?;
        let ranges = bounds.iter().map(|(partition, bounds)| {
            OffsetRange::new(partition, bounds.low, bounds.end(self.isolation))
        });
        let plan = ReadPlan {
            isolation: self.isolation,
            keys: key_filter(&question.entities, &mappings),
            whole: true,
            ..ReadPlan::new(ranges.collect(), self.started_ms)
        };
        let mut collecting = Collecting::new(question, &mappings);
        let mut take = |record: RecordRef<'_>| collecting.take(record);
        let outcome = self
            .log
            .read_in_log_order(&plan, &self.cancel, &mut take, &mut |event| watch(&event))?;
        self.check_cancelled()?;
        if MEMORY_BUDGET_BYTES < collecting.memory_bytes {
            return Err(Failure::budget(format!(
                "{} events do not fit into the memory budget of 2 GiB",
                collecting.events.len()
            ))
            .with_hint("narrow them down with --entity or --partition"));
        }
        let undecodable = offsets(&collecting.events, |event| event.value.failure().is_some());
        let completeness = self.completeness(&Coverage {
            partitions: &partitions,
            bounds: &bounds,
            reads: &outcome.partitions,
            undecodable: &undecodable,
            asked: &AskedParts::new(),
        })?;
        let scanned = outcome.records();
        Ok(TrialHistory { events: collecting.events, scanned, completeness })
    }
}

/// Events being collected.
struct Collecting<'a> {
    /// What was asked for.
    question: &'a TrialQuestion,
    /// How records of each topic are read.
    mappings: &'a Mappings,
    /// How many events each entity has so far.
    versions: HashMap<Option<EntityId>, u64>,
    /// The events.
    events: Vec<Event>,
    /// What they take, in bytes, about.
    memory_bytes: u64,
}

impl<'a> Collecting<'a> {
    /// Nothing yet.
    fn new(question: &'a TrialQuestion, mappings: &'a Mappings) -> Self {
        Self { question, mappings, versions: HashMap::new(), events: Vec::new(), memory_bytes: 0 }
    }

    /// Takes the next record in log order.
    fn take(&mut self, record: RecordRef<'_>) -> ControlFlow<()> {
        let Some(TopicMapping { mapping, decoder, .. }) =
            self.mappings.get(&record.partition().topic).map(|mapping| &**mapping)
        else {
            return ControlFlow::Continue(());
        };
        let entity = mapping.entity_of(record);
        let wanted = &self.question.entities;
        let is_wanted =
            wanted.is_empty() || entity.as_ref().is_some_and(|entity| wanted.contains(entity));
        if !is_wanted {
            return ControlFlow::Continue(());
        }
        let version = self.versions.entry(entity).or_default();
        *version += 1;
        let event = mapping.event(record, *decoder, *version);
        self.memory_bytes += BYTES_PER_EVENT + event.payload_bytes * DECODED_FACTOR;
        self.events.push(event);
        if MEMORY_BUDGET_BYTES < self.memory_bytes {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}
