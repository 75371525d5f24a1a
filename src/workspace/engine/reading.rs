//! Reading the log on a thread of its own, for an open topic or an open entity.
//!
//! Promises: a read that was replaced or cancelled is let go of within a batch; what it still sends is dropped; every
//! read ends with an honest account.
//! Does not know: what the records are read for.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use super::{Outbox, State};
use crate::kafka::{Connection, KafkaError, TopicConfig, Watermarks};
use crate::model::{
    Cancel, Completeness, Isolation, KeyFilter, OffsetRange, PLAUSIBLE_FUTURE_MS, PartitionRead,
    Position, ReadOutcome, ReadPlan, TopicPartition,
};
use crate::partition_log::{CachedLog, LogNews, PartitionHistory, assess};
use crate::workspace::ask::coverage::Offsets;
use crate::workspace::ask::likely_first::{likely_partitions, open_likely_first};
use crate::workspace::clock::now_ms;
use crate::workspace::{Failure, JobId, Problem, REQUEST_TIMEOUT, StartPosition};

/// A read that runs, or ran last.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    /// Its job.
    pub(crate) job: JobId,
    /// Its switch.
    pub(crate) cancel: Cancel,
}

/// What the cluster says about topics before they are read.
#[derive(Clone, Debug, Default)]
pub(crate) struct LogFacts {
    /// Where each partition starts and ends, sorted.
    pub(crate) watermarks: BTreeMap<TopicPartition, Watermarks>,
    /// The leaders of the partitions.
    pub(crate) leaders: BTreeMap<TopicPartition, Option<i32>>,
    /// The topics' configurations, where they may be seen.
    pub(crate) configs: BTreeMap<Arc<str>, Option<TopicConfig>>,
    /// The offsets of aborted records in gaps, once they were looked for.
    pub(crate) aborted: Option<Offsets>,
}

impl LogFacts {
    /// How complete a history is that was read this far and holds these events that could not be decoded.
    pub(crate) fn completeness(
        &self,
        reads: &[PartitionRead],
        isolation: Isolation,
        undecodable: &[Position],
    ) -> Completeness {
        let histories = self.watermarks.iter().map(|(partition, marks)| PartitionHistory {
            partition: partition.clone(),
            bounds: Some(*marks),
            reads: reads.iter().filter(|read| read.partition == *partition).cloned().collect(),
            compacted: self
                .configs
                .get(&partition.topic)
                .and_then(Option::as_ref)
                .map(TopicConfig::compacts),
            aborted: self
                .aborted
                .as_ref()
                .map(|aborted| aborted.get(partition).cloned().unwrap_or_default()),
            undecodable: undecodable
                .iter()
                .filter(|position| position.topic_partition() == *partition)
                .map(|position| position.offset)
                .collect(),
        });
        assess(&histories.collect::<Vec<_>>(), isolation)
    }
}

/// What a read is for.
#[derive(Clone, Debug)]
pub(crate) struct ReadOrder {
    /// Its job.
    pub(crate) job: JobId,
    /// Its switch.
    pub(crate) cancel: Cancel,
    /// The topics to read.
    pub(crate) topics: Vec<Arc<str>>,
    /// Where to start.
    pub(crate) start: StartPosition,
    /// Which records are delivered.
    pub(crate) isolation: Isolation,
    /// Which of them are handed on.
    pub(crate) keys: KeyFilter,
    /// Whether to go on with what arrives.
    pub(crate) follow: bool,
}

/// Keeps the gaps that were told of when a read had reached the ends: the news after that leaves them out.
pub(crate) fn keep_gaps(before: &[PartitionRead], now: &mut [PartitionRead]) {
    for read in now.iter_mut().filter(|read| read.gaps.is_empty()) {
        if let Some(known) = before.iter().find(|known| known.partition == read.partition) {
            read.gaps.clone_from(&known.gaps);
        }
    }
}

/// Carries out an order, from the thread it is given.
pub(crate) fn carry_out(
    connection: &Connection,
    log: &CachedLog,
    order: &ReadOrder,
    outbox: &Outbox,
) {
    let ended = read(connection, log, order, outbox);
    let job = order.job;
    outbox.send(move |state| state.read_ended(job, ended));
}

/// Asks for the facts, plans, reads and tells.
fn read(
    connection: &Connection,
    log: &CachedLog,
    order: &ReadOrder,
    outbox: &Outbox,
) -> Result<ReadOutcome, Problem> {
    let job = order.job;
    let facts = log_facts(connection, &order.topics).map_err(|error| Problem::from(&error))?;
    let ranges = ranges(connection, &facts, order).map_err(|error| Problem::from(&error))?;
    let watermarks = facts.watermarks.clone();
    outbox.send(move |state| state.read_begins(job, &facts));
    let plan = ReadPlan {
        isolation: order.isolation,
        keys: order.keys.clone(),
        whole: order.start == StartPosition::Oldest(None),
        follow: order.follow || order.start == StartPosition::Live,
        ..ReadPlan::new(ranges, now_ms())
    };
    let mut sink = |news| {
        let heard = outbox.send(move |state| match news {
            LogNews::Kept(kept) => state.take_kept(job, kept),
            LogNews::Read(event) => state.read_says(job, event),
        });
        if heard { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    let likely = if plan.whole {
        likely_partitions(log, &plan, &watermarks, &order.cancel)
    } else {
        Ok(BTreeSet::new())
    };
    likely
        .and_then(|likely| open_likely_first(log, &plan, &likely, &order.cancel, &mut sink))
        .map_err(|error| Failure::from(error).problem)
}

/// What the cluster says about these topics.
pub(crate) fn log_facts(
    connection: &Connection,
    topics: &[Arc<str>],
) -> Result<LogFacts, KafkaError> {
    let mut facts = LogFacts::default();
    for topic in topics {
        for leader in connection.topic(topic, REQUEST_TIMEOUT)?.partitions {
            facts
                .leaders
                .insert(TopicPartition::new(Arc::clone(topic), leader.partition), leader.leader);
        }
    }
    let partitions: Vec<TopicPartition> = facts.leaders.keys().cloned().collect();
    facts.watermarks = connection.watermarks(&partitions, REQUEST_TIMEOUT)?;
    let names: Vec<&str> = topics.iter().map(|topic| &**topic).collect();
    // Without the right to see configurations everything else still works; completeness says what it lacks.
    facts.configs = connection.topic_configs(&names, REQUEST_TIMEOUT).unwrap_or_default();
    Ok(facts)
}

/// Which offsets of each partition the user's words mean.
fn ranges(
    connection: &Connection,
    facts: &LogFacts,
    order: &ReadOrder,
) -> Result<Vec<OffsetRange>, KafkaError> {
    let partitions: Vec<TopicPartition> = facts.watermarks.keys().cloned().collect();
    let offsets_at =
        |time_ms| connection.offsets_at(&partitions, time_ms, order.isolation, REQUEST_TIMEOUT);
    let (starts, ends) = match order.start {
        StartPosition::SinceTime(from_ms) => (Some(offsets_at(from_ms)?), None),
        // Timestamps may run late: records of the span can stand behind later ones, so an hour more is read.
        StartPosition::TimeRange { from_ms, .. } if connection.settings().embedded => {
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
    for (partition, marks) in &facts.watermarks {
        let end = marks.end(order.isolation);
        let timed = |offsets: &Option<BTreeMap<TopicPartition, Option<i64>>>| {
            offsets
                .as_ref()
                .and_then(|offsets| offsets.get(partition).copied().flatten())
                .unwrap_or(end)
        };
        let (from, to) = match order.start {
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

impl State {
    /// A new read with these properties; it replaces the one before.
    pub(crate) fn start_reading(
        &mut self,
        title: String,
        topics: Vec<Arc<str>>,
        start: StartPosition,
        keys: KeyFilter,
        follow: bool,
    ) -> Option<Reading> {
        let connection = self.connection.clone()?;
        let log = Arc::clone(self.log.as_ref()?);
        let (job, cancel) = self.jobs.start(title, now_ms());
        let isolation = self.view.isolation;
        let order =
            ReadOrder { job, cancel: cancel.clone(), topics, start, isolation, keys, follow };
        self.spawn("read", move |outbox| carry_out(&connection, &log, &order, outbox));
        Some(Reading { job, cancel })
    }
}
