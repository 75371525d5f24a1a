//! Why rows of a read model are what they are.
//!
//! Log, group and rows are asked in an order that makes the answer hold: ends and commits, the rows
//! in one go, commits and ends again; then the history up to there. What moved meanwhile is in
//! flight, not wrong.
//!
//! Promises: nothing is written, neither to the cluster nor to the store; a row is judged by its
//! whole history at the isolation level of its consumer.
//! Does not know: how a row is judged (`read_model::diagnose`).

mod dead_letters;
mod histories;
mod poison;
mod read_model;

use std::collections::BTreeMap;
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64;

use self::dead_letters::PutAside;
use self::histories::{EntityEvents, Histories, own_completeness};
pub use self::read_model::{ReadModel, ReadModelOptions};
use super::session::REQUEST_TIMEOUT;
use crate::fold::{self, Fold};
use crate::kafka::Watermarks;
use crate::model::{Completeness, EntityId, Isolation, TopicPartition};
use crate::read_model::diagnose::{
    Budget, Class, Cut, Diagnosed, Diagnosis, GroupState, Offsets, Poison, Sample, Subject,
    diagnose, pattern,
};
use crate::read_model::stores::{self, Store};
use crate::read_model::{MappedRow, Row};
use crate::workspace::ask::scan::Watch;
use crate::workspace::{EntityCountQuestion, Failure, Session, clock};

/// How many rows are read in one go, so that they are of one moment. The log is read once for each
/// batch.
const BATCH_ROWS: usize = 20_000;

/// How many events may be applied to explain a row, for a fold of this program and for each event.
const BUILTIN_BUDGET: [u64; 2] = [100_000, 100];

/// The same for a script, whose events cost much more.
const SCRIPT_BUDGET: [u64; 2] = [5_000, 12];

/// Whose rows are looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rows {
    /// Those of these entities.
    Of(Vec<EntityId>),
    /// Those of this many entities of the log, the same ones for the same log.
    Sample(usize),
    /// Those of all entities of the log.
    All,
}

/// Which rows of which read model are asked about.
#[derive(Debug)]
pub struct DiagnoseQuestion {
    /// The read model.
    pub read_model: ReadModel,
    /// Whose rows.
    pub rows: Rows,
    /// An earlier version of its projection.
    pub was: Option<Arc<dyn Fold>>,
}

/// What is said of a row.
#[derive(Clone, Debug)]
pub struct RowDiagnosis {
    /// The entity.
    pub entity: EntityId,
    /// What was found.
    pub diagnosis: Diagnosis,
    /// Where log and group stood.
    pub cut: Cut,
    /// How much of its history there is.
    pub completeness: Completeness,
}

/// What is said of all rows together.
#[derive(Clone, Debug, Default)]
pub struct DiagnoseSummary {
    /// How many rows were looked at.
    pub checked: u64,
    /// How many entities the log has; none where they were named.
    pub entities: Option<u64>,
    /// How many rows are of each class.
    pub by_class: BTreeMap<Class, u64>,
    /// What the wrong ones have in common.
    pub pattern: Option<String>,
    /// How much of the history there is.
    pub completeness: Completeness,
}

impl DiagnoseSummary {
    /// Whether every row is what the log says.
    pub fn is_fresh(&self) -> bool {
        self.by_class.keys().all(|class| *class == Class::Fresh)
    }
}

/// Rows with what surrounds them.
struct Batch {
    /// The rows as they are compared, by their entities.
    rows: Vec<(EntityId, MappedRow)>,
    /// Where log and group stood.
    cut: Cut,
    /// Where the partitions begin.
    starts: Offsets,
}

impl Session {
    /// Judges rows; `tell` is given one after the other.
    ///
    /// # Errors
    /// `Usage` when a topic, group, column or query is wrong; else when the cluster or the store
    /// cannot be asked.
    pub fn diagnose<E: From<Failure>>(
        &self,
        question: &DiagnoseQuestion,
        watch: Watch<'_>,
        tell: &mut dyn FnMut(RowDiagnosis) -> Result<(), E>,
    ) -> Result<DiagnoseSummary, E> {
        let model = &question.read_model;
        let session = Self { isolation: model.isolation.unwrap_or(self.isolation), ..self.clone() };
        let mut store =
            stores::open(&model.store, &model.finder, &model.folder).map_err(Failure::from)?;
        let group = session.group_state(model)?;
        let (entities, known) = session.entities_of(question, watch)?;
        let put_aside = session.put_aside(&model.dead_letters)?;
        let mut summary = DiagnoseSummary { entities: known, ..DiagnoseSummary::default() };
        let mut diagnosed = Vec::new();
        for part in entities.chunks(BATCH_ROWS) {
            session.check_cancelled()?;
            let batch = session.batch(model, store.as_mut(), part)?;
            let histories = session.histories(model, part, &batch, watch)?;
            summary.completeness.clone_from(&histories.completeness);
            let judging = Judging {
                session: &session,
                question,
                batch: &batch,
                put_aside: &put_aside,
                group,
            };
            for told in judging.all(&histories, watch)? {
                let events =
                    histories.of(&told.entity).map(|found| &*found.events).unwrap_or_default();
                let event = told.diagnosis.hypotheses.first().and_then(|first| first.event.clone());
                diagnosed.push(Diagnosed::new(told.diagnosis.class, event, events));
                summary.checked += 1;
                *summary.by_class.entry(told.diagnosis.class).or_default() += 1;
                tell(told)?;
            }
        }
        summary.pattern = pattern(&diagnosed);
        Ok(summary)
    }

    /// Whose rows are asked for, and how many entities the log has where it was looked at.
    fn entities_of(
        &self,
        question: &DiagnoseQuestion,
        watch: Watch<'_>,
    ) -> Result<(Vec<EntityId>, Option<u64>), Failure> {
        let wanted = match &question.rows {
            Rows::Of(entities) => return Ok((entities.clone(), None)),
            Rows::Sample(count) => Some(*count),
            Rows::All => None,
        };
        let counts = self.entities(
            &EntityCountQuestion {
                topics: question.read_model.topics.clone(),
                partitions: Vec::new(),
                contains: None,
                top: None,
            },
            watch,
        )?;
        let mut entities: Vec<EntityId> =
            counts.entities.into_iter().map(|count| count.entity).collect();
        if let Some(count) = wanted.filter(|count| *count < entities.len()) {
            entities.sort_by_key(|entity| (xxh3_64(entity.as_bytes()), entity.clone()));
            entities.truncate(count);
        }
        entities.sort();
        Ok((entities, Some(counts.total)))
    }

    /// How the group's members are.
    fn group_state(&self, model: &ReadModel) -> Result<GroupState, Failure> {
        let Some(group) = &model.group else { return Ok(GroupState::Unknown) };
        let described = self.connection.describe_groups(&[group], REQUEST_TIMEOUT)?;
        let facts = described.first().filter(|facts| facts.error.is_none());
        Ok(facts.map_or(GroupState::Unknown, |facts| match &*facts.state {
            "Empty" | "Dead" => GroupState::Empty,
            _ if facts.members.is_empty() => GroupState::Unknown,
            _ => GroupState::Active,
        }))
    }

    /// The rows of these entities, and where log and group stood before and after they were read.
    fn batch(
        &self,
        model: &ReadModel,
        store: &mut dyn Store,
        entities: &[EntityId],
    ) -> Result<Batch, Failure> {
        let partitions = self.partitions(&model.topics, &[])?;
        let ends = || {
            let bounds = self.bounds(&partitions)?;
            let end = |(one, marks): (&TopicPartition, &Watermarks)| {
                (one.clone(), marks.end(self.isolation))
            };
            let start = |(one, marks): (&TopicPartition, &Watermarks)| (one.clone(), marks.low);
            Ok::<(Offsets, Offsets), Failure>((
                bounds.iter().map(end).collect(),
                bounds.iter().map(start).collect(),
            ))
        };
        let commits = || -> Result<Option<Offsets>, Failure> {
            let Some(group) = &model.group else { return Ok(None) };
            let mut committed = self.connection.committed(group, REQUEST_TIMEOUT)?;
            committed.retain(|partition, _| partitions.contains(partition));
            Ok(Some(committed))
        };
        let (first_ends, _) = ends()?;
        let before = Sample { ends: first_ends, committed: commits()? };
        let rows = store.rows(entities)?;
        let committed = commits()?;
        let (last_ends, starts) = ends()?;
        let after = Sample { ends: last_ends, committed };
        let is_document = store.is_document();
        let mapped = |(entity, row): (&EntityId, Option<Row>)| {
            let row = model.mapping.of_row(entity, row, is_document).map_err(|error| {
                Failure::usage_error(&error)
                    .with_hint("columns are named in `fields`, `ignore` and `position`")
            })?;
            Ok((entity.clone(), row))
        };
        let rows = entities.iter().zip(rows).map(mapped).collect::<Result<_, Failure>>()?;
        Ok(Batch { rows, cut: Cut { before, after }, starts })
    }
}

/// Rows being judged.
struct Judging<'a> {
    /// The session, at the isolation level of the consumer.
    session: &'a Session,
    /// What was asked.
    question: &'a DiagnoseQuestion,
    /// The rows.
    batch: &'a Batch,
    /// Records of dead letter topics.
    put_aside: &'a [PutAside],
    /// How the group's members are.
    group: GroupState,
}

impl Judging<'_> {
    /// Judges all rows of the batch. What costs a second look at the log is looked at only where a
    /// row is wrong, or something is withheld.
    fn all(&self, histories: &Histories, watch: Watch<'_>) -> Result<Vec<RowDiagnosis>, Failure> {
        let nothing = EntityEvents::default();
        let events = |entity: &EntityId| histories.of(entity).unwrap_or(&nothing);
        let mut told: Vec<RowDiagnosis> = self
            .batch
            .rows
            .iter()
            .map(|(entity, row)| self.one(entity, row, events(entity), histories, &[]))
            .collect();
        let is_in_doubt =
            |one: &RowDiagnosis| one.diagnosis.class != Class::Fresh || histories.withholds;
        let doubted: Vec<EntityId> =
            told.iter().filter(|one| is_in_doubt(one)).map(|one| one.entity.clone()).collect();
        if doubted.is_empty() {
            return Ok(told);
        }
        let model = &self.question.read_model;
        let beside = self.session.beside(model, histories, &doubted, watch)?;
        let poison = self.session.poison(model, &self.batch.cut, histories, watch)?;
        for (one, (entity, row)) in told.iter_mut().zip(&self.batch.rows) {
            let has_more = beside.of(entity).is_some() || !poison.is_empty();
            if is_in_doubt(one) && has_more {
                let own = beside.of(entity).unwrap_or_else(|| events(entity));
                *one = self.one(entity, row, own, histories, &poison);
            }
        }
        Ok(told)
    }

    /// Judges a row.
    fn one(
        &self,
        entity: &EntityId,
        row: &MappedRow,
        own: &EntityEvents,
        histories: &Histories,
        poison: &[(TopicPartition, Poison)],
    ) -> RowDiagnosis {
        let fold = &self.question.read_model.fold;
        let completeness = own_completeness(&histories.completeness, &own.events);
        let [least, of_event] =
            if fold::builtin(fold.name()).is_some() { BUILTIN_BUDGET } else { SCRIPT_BUDGET };
        let budget = Budget { events: least + of_event * own.events.len() as u64 };
        let dead_letters = dead_letters::of_events(self.put_aside, &own.events);
        let subject = Subject {
            events: own.events.clone(),
            hidden: own.hidden.clone(),
            withheld: own.withheld.clone(),
            row,
            fold: Arc::clone(fold),
            was: self.question.was.clone(),
            cut: &self.batch.cut,
            starts: &self.batch.starts,
            has_holes: histories.has_holes,
            completeness: &completeness,
            dead_letters: &dead_letters,
            poison,
            group: self.group,
            now_ms: clock::now_ms(),
        };
        let diagnosis = diagnose(&subject, budget);
        let cut = self.batch.cut.clone();
        RowDiagnosis { entity: entity.clone(), diagnosis, cut, completeness }
    }
}

impl From<stores::StoreError> for Failure {
    fn from(error: stores::StoreError) -> Self {
        let mut failure = Self::usage_error(&error);
        if error.is_no_access() {
            failure.kind = crate::workspace::FailureKind::Connection;
        }
        failure.problem.hint = error.hint().map(str::to_owned);
        failure
    }
}

/// How records are read that the consumer does not see.
const ALL_RECORDS: Isolation = Isolation::Uncommitted;
