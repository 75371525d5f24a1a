//! The events of the entities whose rows are judged: those their consumer sees, and those beside
//! them.
//!
//! Promises: events lie below the ends of the cut; records of aborted transactions and what an open
//! one withholds are read only where there are some.
//! Does not know: rows.

use std::collections::HashMap;

use super::{ALL_RECORDS, Batch, ReadModel};
use crate::model::{
    Completeness, EntityId, Event, Isolation, Reason, ReasonKind, Transaction, Verdict,
};
use crate::read_model::diagnose::{Hidden, Offsets};
use crate::workspace::ask::scan::Watch;
use crate::workspace::{Failure, Session, TrialQuestion};

/// From this many entities on the whole log is read and not looked up.
const LOOKED_UP_MAX: usize = 64;

/// The events of one entity.
#[derive(Debug, Default)]
pub(super) struct EntityEvents {
    /// Those that its consumer sees, in log order.
    pub(super) events: Vec<Event>,
    /// Those of aborted transactions.
    pub(super) hidden: Vec<Hidden>,
    /// Those that an open transaction withholds.
    pub(super) withheld: Vec<Event>,
}

/// The events of some entities.
#[derive(Debug, Default)]
pub(super) struct Histories {
    /// By entity.
    entities: HashMap<EntityId, EntityEvents>,
    /// Where the log ended after the rows were read.
    ends: Offsets,
    /// How much of the history there is, over all of them.
    pub(super) completeness: Completeness,
    /// Whether records may be missing between those that are there.
    pub(super) has_holes: bool,
    /// Whether an open transaction withholds records.
    pub(super) withholds: bool,
}

impl Histories {
    /// The events of an entity.
    pub(super) fn of(&self, entity: &EntityId) -> Option<&EntityEvents> {
        self.entities.get(entity)
    }
}

impl Session {
    /// The events of these entities below the ends of a cut.
    pub(super) fn histories(
        &self,
        model: &ReadModel,
        entities: &[EntityId],
        batch: &Batch,
        watch: Watch<'_>,
    ) -> Result<Histories, Failure> {
        let ends = batch.cut.after.ends.clone();
        let read = self.trial_history(&question(model, entities), watch)?;
        let has = |kind: ReasonKind| read.completeness.reasons.iter().any(|one| one.kind == kind);
        let holes = [ReasonKind::Compaction, ReasonKind::NotScanned, ReasonKind::Truncation];
        let mut histories = Histories {
            entities: HashMap::new(),
            has_holes: holes.into_iter().any(has),
            withholds: has(ReasonKind::OpenTransaction),
            ends,
            completeness: read.completeness,
        };
        for event in read.events {
            let Some(entity) = event.entity.clone().filter(|_| is_below(&event, &histories.ends))
            else {
                continue;
            };
            histories.entities.entry(entity).or_default().events.push(event);
        }
        Ok(histories)
    }

    /// The same entities with what their consumer does not see, where there is such a thing.
    pub(super) fn beside(
        &self,
        model: &ReadModel,
        seen: &Histories,
        entities: &[EntityId],
        watch: Watch<'_>,
    ) -> Result<Histories, Failure> {
        let mut beside = Histories::default();
        let is_hidden = |reason: &Reason| {
            matches!(reason.kind, ReasonKind::Aborted | ReasonKind::OpenTransaction)
        };
        let reads_all = self.isolation == Isolation::Uncommitted;
        if reads_all || !seen.completeness.reasons.iter().any(is_hidden) {
            return Ok(beside);
        }
        let session = Self { isolation: ALL_RECORDS, ..self.clone() };
        let read = session.trial_history(&question(model, entities), watch)?;
        for event in read.events {
            let Some(entity) = event.entity.clone() else { continue };
            let own = beside.entities.entry(entity.clone()).or_insert_with(|| EntityEvents {
                events: seen.of(&entity).map(|own| own.events.clone()).unwrap_or_default(),
                ..EntityEvents::default()
            });
            match event.transaction {
                Transaction::Aborted if is_below(&event, &seen.ends) => {
                    let after = after(&own.events, &event);
                    own.hidden.push(Hidden { event, after });
                }
                Transaction::Committed | Transaction::Open if !is_below(&event, &seen.ends) => {
                    own.withheld.push(event);
                }
                _ => {}
            }
        }
        beside.entities.retain(|_, own| !own.hidden.is_empty() || !own.withheld.is_empty());
        beside.entities.values_mut().for_each(|own| own.hidden.sort_by_key(|hidden| hidden.after));
        Ok(beside)
    }
}

/// The question for the events of these entities.
fn question(model: &ReadModel, entities: &[EntityId]) -> TrialQuestion {
    let few = entities.len() <= LOOKED_UP_MAX;
    let entities = if few { entities.to_vec() } else { Vec::new() };
    TrialQuestion { topics: model.topics.clone(), partitions: Vec::new(), entities }
}

/// Whether an event lies below these ends.
fn is_below(event: &Event, ends: &Offsets) -> bool {
    let end = ends.get(&event.position.topic_partition());
    end.is_some_and(|end| event.position.offset < *end)
}

/// How many of these events a consumer is given before a record of an aborted transaction.
fn after(events: &[Event], hidden: &Event) -> usize {
    let partition = hidden.position.topic_partition();
    let is_before = |event: &Event| {
        if event.position.topic_partition() == partition {
            event.position.offset < hidden.position.offset
        } else {
            event.log_time_ms <= hidden.log_time_ms
        }
    };
    events.iter().rposition(is_before).map_or(0, |index| index + 1)
}

/// The completeness of one entity's history: that of all without what could not be decoded of
/// others.
pub(super) fn own_completeness(all: &Completeness, events: &[Event]) -> Completeness {
    let mut own = Completeness { since: all.since.clone(), ..Completeness::default() };
    let failed: Vec<&Event> =
        events.iter().filter(|event| event.value.failure().is_some()).collect();
    for reason in &all.reasons {
        let verdict = match reason.kind {
            ReasonKind::Aborted => Verdict::Complete,
            ReasonKind::Retention => Verdict::CompleteSince,
            ReasonKind::Permission | ReasonKind::Offline => Verdict::Unknown,
            ReasonKind::Decode if failed.is_empty() => continue,
            ReasonKind::Decode
            | ReasonKind::Compaction
            | ReasonKind::OpenTransaction
            | ReasonKind::NotScanned
            | ReasonKind::Truncation => Verdict::Partial,
        };
        own.add(verdict, reason.clone());
    }
    own
}
