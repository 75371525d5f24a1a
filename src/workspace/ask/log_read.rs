//! Reading a part of the log for somebody who keeps its records, and what arrives after it.
//!
//! Promises: how records are read is decided before the first of them is told of; where the key
//! does not name the entity asked for, only its records are handed on; every read ends with an
//! honest account.
//! Does not know: who keeps the records, and what is made of them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use super::entity_question::records_of;
use super::likely_first::{likely_partitions, open_likely_first};
use super::mapping::{Mappings, key_filter};
use super::session::REQUEST_TIMEOUT;
use crate::kafka::{TopicConfig, Watermarks};
use crate::model::{
    EntityId, KeyFilter, OffsetRange, PLAUSIBLE_FUTURE_MS, ReadEvent, ReadOutcome, ReadPlan,
    TopicPartition,
};
use crate::partition_log::{LogNews, LogSource as _};
use crate::workspace::{Failure, Session, StartPosition};

/// Which part of the log is read.
#[derive(Clone, Debug)]
pub(in crate::workspace) struct LogQuestion {
    /// The topics.
    pub(in crate::workspace) topics: Vec<Arc<str>>,
    /// Only the records of this entity; all when there is none.
    pub(in crate::workspace) entity: Option<EntityId>,
    /// Where to start.
    pub(in crate::workspace) start: StartPosition,
    /// Whether to go on with what arrives.
    pub(in crate::workspace) follow: bool,
}

/// What the cluster says about topics before they are read.
#[derive(Clone, Debug, Default)]
pub(in crate::workspace) struct LogFacts {
    /// The partitions, sorted, with their leaders.
    pub(in crate::workspace) leaders: BTreeMap<TopicPartition, Option<i32>>,
    /// Where each partition starts and ends; those that may not be seen are missing.
    pub(in crate::workspace) bounds: BTreeMap<TopicPartition, Watermarks>,
    /// The topics' configurations, where they may be seen.
    pub(in crate::workspace) configs: BTreeMap<Arc<str>, Option<TopicConfig>>,
}

/// What somebody who keeps records is told.
#[derive(Debug)]
pub(in crate::workspace) enum LogTold {
    /// What is read, and how its records are read.
    Begins(LogFacts, Mappings),
    /// Records, and how far reading is.
    News(LogNews),
}

impl Session {
    /// What the cluster says about these topics.
    ///
    /// # Errors
    /// `Usage` when a topic does not exist; else when the cluster cannot be asked.
    pub(in crate::workspace) fn log_facts(&self, topics: &[Arc<str>]) -> Result<LogFacts, Failure> {
        let mut facts = LogFacts::default();
        for topic in topics {
            for known in self.connection.topic(topic, REQUEST_TIMEOUT)?.partitions {
                let partition = TopicPartition::new(Arc::clone(topic), known.partition);
                facts.leaders.insert(partition, known.leader);
            }
        }
        facts.bounds = self.bounds(&facts.leaders.keys().cloned().collect::<Vec<_>>())?;
        let names: Vec<&str> = topics.iter().map(|topic| &**topic).collect();
        // Without the right to see configurations everything else still works.
        facts.configs = self.connection.topic_configs(&names, REQUEST_TIMEOUT).unwrap_or_default();
        Ok(facts)
    }

    /// Reads what is asked for and tells of it until it is called off or all is read.
    ///
    /// # Errors
    /// `Usage` when a topic does not exist; else when records cannot be read.
    pub(in crate::workspace) fn read_log(
        &self,
        question: &LogQuestion,
        tell: &mut dyn FnMut(LogTold) -> ControlFlow<()>,
    ) -> Result<ReadOutcome, Failure> {
        let facts = self.log_facts(&question.topics)?;
        let mappings = self.mappings(&question.topics)?;
        let plan = ReadPlan {
            isolation: self.isolation,
            keys: key_filter(question.entity.as_slice(), &mappings),
            whole: question.start == StartPosition::Oldest(None),
            follow: question.follow || question.start == StartPosition::Live,
            ..ReadPlan::new(self.ranges(&facts, &question.start)?, self.started_ms)
        };
        let bounds = facts.bounds.clone();
        if tell(LogTold::Begins(facts, mappings.clone())).is_break() {
            return Ok(ReadOutcome::default());
        }
        let mut sink = |news| tell(LogTold::News(news));
        if let Some(entity) = question.entity.as_ref().filter(|_| plan.keys == KeyFilter::All) {
            return Ok(self.log.read(&plan, &self.cancel, &mut |event| {
                let event = match event {
                    ReadEvent::Batch(batch) => match mappings.get(&batch.partition().topic) {
                        Some(mapping) => ReadEvent::Batch(records_of(&batch, mapping, entity)),
                        None => return ControlFlow::Continue(()),
                    },
                    other => other,
                };
                sink(LogNews::Read(event))
            })?);
        }
        let likely = if plan.whole {
            likely_partitions(&self.log, &plan, &bounds, &self.cancel)?
        } else {
            BTreeSet::new()
        };
        Ok(open_likely_first(&self.log, &plan, &likely, &self.cancel, &mut sink)?)
    }

    /// Which offsets of each partition the user's words mean.
    fn ranges(&self, facts: &LogFacts, start: &StartPosition) -> Result<Vec<OffsetRange>, Failure> {
        let partitions: Vec<TopicPartition> = facts.bounds.keys().cloned().collect();
        let offsets_at = |time_ms| {
            self.connection.offsets_at(&partitions, time_ms, self.isolation, REQUEST_TIMEOUT)
        };
        let (starts, ends) = match *start {
            StartPosition::SinceTime(from_ms) => (Some(offsets_at(from_ms)?), None),
            // Timestamps may run late: records of the span can stand behind later ones, so an hour
            // more is read.
            StartPosition::TimeRange { from_ms, .. } if self.connection.settings().embedded => {
                (Some(offsets_at(from_ms)?), None)
            }
            StartPosition::TimeRange { from_ms, to_ms } => (
                Some(offsets_at(from_ms)?),
                Some(offsets_at(to_ms.saturating_add(PLAUSIBLE_FUTURE_MS))?),
            ),
            _ => (None, None),
        };
        let share = |records: u64| {
            i64::try_from(records.div_ceil(partitions.len().max(1) as u64)).unwrap_or(i64::MAX)
        };
        let mut ranges = Vec::new();
        for (partition, marks) in &facts.bounds {
            let end = marks.end(self.isolation);
            let timed = |offsets: &Option<BTreeMap<TopicPartition, Option<i64>>>| {
                offsets
                    .as_ref()
                    .and_then(|offsets| offsets.get(partition).copied().flatten())
                    .unwrap_or(end)
            };
            let (from, to) = match *start {
                StartPosition::Newest(records) => {
                    (marks.low.max(end.saturating_sub(share(records))), end)
                }
                StartPosition::Oldest(None) => (marks.low, end),
                StartPosition::Oldest(Some(records)) => {
                    (marks.low, end.min(marks.low.saturating_add(share(records))))
                }
                StartPosition::FromOffset { partition: chosen, .. }
                    if chosen != partition.partition =>
                {
                    continue;
                }
                StartPosition::FromOffset { offset, .. } => (offset.clamp(marks.low, end), end),
                StartPosition::SinceTime(_) => (timed(&starts).clamp(marks.low, end), end),
                StartPosition::TimeRange { .. } => {
                    (timed(&starts).clamp(marks.low, end), timed(&ends).clamp(marks.low, end))
                }
                StartPosition::Live => (end, end),
            };
            ranges.push(OffsetRange::new(partition, from, to.max(from)));
        }
        Ok(ranges)
    }
}
