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
use super::mapping::{Mappings, key_filter};
use super::session::{REQUEST_TIMEOUT, offline};
use crate::kafka::{TopicConfig, Watermarks};
use crate::model::{
    Cancel, EntityId, KeyFilter, OffsetRange, PLAUSIBLE_FUTURE_MS, PartitionRead, ReadEvent,
    ReadOutcome, ReadPlan, TopicPartition,
};
use crate::partition_log::likely_first::{
    Known, behind, joined, likely_partitions, open_likely_first, with,
};
use crate::partition_log::partition_watch::PartitionWatch;
use crate::partition_log::{LogNews, LogSource as _, SourceError};
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

impl LogQuestion {
    /// Whether it is about all partitions of its topics, those that are added later included.
    fn takes_all_partitions(&self) -> bool {
        !matches!(self.start, StartPosition::FromOffset { .. })
    }
}

/// A question with how it is answered.
#[derive(Debug)]
struct Planned<'a> {
    /// The question.
    question: &'a LogQuestion,
    /// Which offsets are read, and how.
    plan: &'a ReadPlan,
    /// How the records are read.
    mappings: &'a Mappings,
    /// The partitions that are read first.
    likely: &'a BTreeSet<TopicPartition>,
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
        let mut plan = ReadPlan {
            isolation: self.isolation,
            keys: key_filter(question.entity.as_slice(), &mappings),
            whole: question.start == StartPosition::Oldest(None),
            follow: question.follow || question.start == StartPosition::Live,
            ..ReadPlan::new(self.ranges(&facts, &question.start)?, self.started_ms)
        };
        let (bounds, at_start) = (facts.bounds.clone(), facts.leaders.clone());
        let offline = offline(&at_start.keys().cloned().collect::<Vec<_>>(), &bounds);
        if tell(LogTold::Begins(facts, mappings.clone())).is_break() {
            return Ok(ReadOutcome::default());
        }
        if !offline.is_empty()
            && tell(LogTold::News(LogNews::Read(ReadEvent::Offline(offline)))).is_break()
        {
            return Ok(ReadOutcome::default());
        }
        let likely = if plan.whole {
            likely_partitions(&self.log, &plan, &bounds, &self.cancel)?
        } else {
            BTreeSet::new()
        };
        let watched = (plan.follow && question.takes_all_partitions())
            .then(|| PartitionWatch::new(&self.connection, &question.topics, &[]));
        let mut known = Known::new();
        loop {
            let mut sink = |news| tell(LogTold::News(with(news, &known)));
            let planned = Planned { question, plan: &plan, mappings: &mappings, likely: &likely };
            let (outcome, new) = match &watched {
                Some(watched) => {
                    let reading = plan.ranges.iter().map(OffsetRange::topic_partition).collect();
                    watched.during(&reading, &self.cancel, |stop, caught_up| {
                        let mut heard = |news: LogNews| {
                            caught_up.hear_news(&news);
                            sink(news)
                        };
                        self.read_planned(&planned, stop, &mut heard)
                    })?
                }
                None => (self.read_planned(&planned, &self.cancel, &mut sink), Vec::new()),
            };
            let mut outcome = outcome?;
            outcome.partitions = joined(&known, outcome.partitions);
            if new.is_empty() || self.cancel.is_cancelled() {
                return Ok(outcome);
            }
            let account = |read: &PartitionRead| (read.partition.clone(), read.clone());
            known = outcome.partitions.iter().map(account).collect();
            plan = behind(&plan, &known);
            let facts = self.log_facts(&question.topics)?;
            plan.ranges.extend(self.joining(&facts, question, &new, &at_start)?);
            let begins = LogTold::Begins(facts, mappings.clone());
            let joins = |one| LogTold::News(LogNews::Read(ReadEvent::Joined(one)));
            let told = std::iter::once(begins).chain(new.into_iter().map(joins));
            if told.into_iter().try_for_each(&mut *tell).is_break() {
                return Ok(outcome);
            }
        }
    }

    /// Reads what a plan asks for; only the records of the entity where the key does not name it.
    fn read_planned(
        &self,
        planned: &Planned<'_>,
        cancel: &Cancel,
        sink: &mut dyn FnMut(LogNews) -> ControlFlow<()>,
    ) -> Result<ReadOutcome, SourceError> {
        let Planned { question, plan, mappings, likely } = planned;
        let Some(entity) = question.entity.as_ref().filter(|_| plan.keys == KeyFilter::All) else {
            return open_likely_first(&self.log, plan, likely, cancel, sink);
        };
        self.log.read(plan, cancel, &mut |event| {
            let event = match event {
                ReadEvent::Batch(batch) => match mappings.get(&batch.partition().topic) {
                    Some(mapping) => ReadEvent::Batch(records_of(&batch, mapping, entity)),
                    None => return ControlFlow::Continue(()),
                },
                other => other,
            };
            sink(LogNews::Read(event))
        })
    }

    /// The ranges of partitions that could not be read when the read began, as far as they can be
    /// read now.
    fn joining(
        &self,
        facts: &LogFacts,
        question: &LogQuestion,
        new: &[TopicPartition],
        at_start: &BTreeMap<TopicPartition, Option<i32>>,
    ) -> Result<Vec<OffsetRange>, Failure> {
        let mut more = self.ranges(facts, &question.start)?;
        more.retain(|range| new.contains(&range.topic_partition()));
        if question.start != StartPosition::Live {
            return Ok(more);
        }
        // The end was that of the moment when the read began.
        for range in &mut more {
            let partition = range.topic_partition();
            range.from = if at_start.contains_key(&partition) {
                let asked = std::slice::from_ref(&partition);
                let (since_ms, isolation) = (self.started_ms, self.isolation);
                let found =
                    self.connection.offsets_at(asked, since_ms, isolation, REQUEST_TIMEOUT)?;
                found.get(&partition).copied().flatten().unwrap_or(range.to)
            } else {
                facts.bounds.get(&partition).map_or(range.to, |marks| marks.low)
            };
        }
        Ok(more)
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
