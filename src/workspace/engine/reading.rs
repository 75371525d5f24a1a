//! Reading the log on a thread of its own, for an open topic or an open entity.
//!
//! Promises: a read that was replaced or cancelled is let go of within a batch; what it still sends is dropped; every
//! read ends with an honest account.
//! Does not know: what the records are read for.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use super::entity::OpenEntity;
use super::state::{Outbox, State};
use super::topic::OpenTopic;
use crate::kafka::{Connection, KafkaError, TopicConfig, Watermarks};
use crate::model::{
    Cancel, Completeness, Isolation, KeyFilter, OffsetRange, PLAUSIBLE_FUTURE_MS, PartitionRead,
    Position, ReadEvent, ReadOutcome, ReadPlan, RecordBatch, TopicPartition,
};
use crate::partition_log::{CachedLog, KeptSegments, LogNews, PartitionHistory, assess};
use crate::workspace::clock::now_ms;
use crate::workspace::coverage::{Offsets, aborted_in_gaps};
use crate::workspace::following::{CaughtUp, PartitionWatch};
use crate::workspace::likely_first::{
    Known, behind, joined, likely_partitions, open_likely_first, with,
};
use crate::workspace::{
    ConnectionState, Failure, JobId, NoticeLevel, Problem, REQUEST_TIMEOUT, StartPosition,
};

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
    /// Where each partition that has a leader starts and ends, sorted.
    pub(crate) watermarks: BTreeMap<TopicPartition, Watermarks>,
    /// All partitions with their leaders, where they have one.
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
        let histories = self.leaders.keys().map(|partition| PartitionHistory {
            partition: partition.clone(),
            bounds: self.watermarks.get(partition).copied(),
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

impl ReadOrder {
    /// Whether it is about all partitions of its topics, those that are added later included.
    fn takes_all_partitions(&self) -> bool {
        !matches!(self.start, StartPosition::FromOffset { .. })
    }
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
    let at_start = facts.leaders.clone();
    let offline: Vec<TopicPartition> =
        at_start.keys().filter(|one| !watermarks.contains_key(one)).cloned().collect();
    if !offline.is_empty() {
        outbox.send(move |state| state.read_says(job, ReadEvent::Offline(offline)));
    }
    outbox.send(move |state| state.read_begins(job, &facts));
    let mut plan = ReadPlan {
        isolation: order.isolation,
        keys: order.keys.clone(),
        whole: order.start == StartPosition::Oldest(None),
        follow: order.follow || order.start == StartPosition::Live,
        ..ReadPlan::new(ranges, now_ms())
    };
    let likely = if plan.whole {
        likely_partitions(log, &plan, &watermarks, &order.cancel)
    } else {
        Ok(BTreeSet::new())
    };
    let likely = likely.map_err(|error| Failure::from(error).problem)?;
    let mut known = Known::new();
    let watched = PartitionWatch::new(connection, &order.topics, &[]);
    loop {
        let read = |cancel: &Cancel, caught_up: &CaughtUp| {
            open_likely_first(log, &plan, &likely, cancel, &mut |news| {
                if let LogNews::Read(event) = &news {
                    caught_up.hear(event);
                }
                let news = with(news, &known);
                let heard = outbox.send(move |state| match news {
                    LogNews::Kept(kept) => state.take_kept(job, kept),
                    LogNews::Read(event) => state.read_says(job, event),
                });
                if heard { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            })
        };
        let (outcome, new) = if plan.follow && order.takes_all_partitions() {
            let reading = plan.ranges.iter().map(OffsetRange::topic_partition).collect();
            watched.during(&reading, &order.cancel, read).map_err(|failure| failure.problem)?
        } else {
            (read(&order.cancel, &CaughtUp::default()), Vec::new())
        };
        let mut outcome = outcome.map_err(|error| Failure::from(error).problem)?;
        outcome.partitions = joined(&known, outcome.partitions);
        if new.is_empty() || order.cancel.is_cancelled() {
            return Ok(outcome);
        }
        let account = |read: &PartitionRead| (read.partition.clone(), read.clone());
        known = outcome.partitions.iter().map(account).collect();
        plan = behind(&plan, &known);
        let facts = log_facts(connection, &order.topics).map_err(|error| Problem::from(&error))?;
        let more =
            joining(connection, &facts, order, &plan, &new, &|one| at_start.contains_key(one));
        plan.ranges.extend(more.map_err(|error| Problem::from(&error))?);
        outbox.send(move |state| {
            state.read_begins(job, &facts);
            for partition in new {
                state.read_says(job, ReadEvent::Joined(partition));
            }
        });
    }
}

/// The ranges of partitions that could not be read when the read began, as far as they can be read now.
fn joining(
    connection: &Connection,
    facts: &LogFacts,
    order: &ReadOrder,
    plan: &ReadPlan,
    new: &[TopicPartition],
    was_there: &dyn Fn(&TopicPartition) -> bool,
) -> Result<Vec<OffsetRange>, KafkaError> {
    let mut more = ranges(connection, facts, order)?;
    more.retain(|range| new.contains(&range.topic_partition()));
    if order.start != StartPosition::Live {
        return Ok(more);
    }
    // The end was that of the moment when the read began.
    for range in &mut more {
        let partition = range.topic_partition();
        range.from = if was_there(&partition) {
            let asked = std::slice::from_ref(&partition);
            let found =
                connection.offsets_at(asked, plan.started_ms, order.isolation, REQUEST_TIMEOUT)?;
            found.get(&partition).copied().flatten().unwrap_or(range.to)
        } else {
            facts.watermarks.get(&partition).map_or(range.to, |marks| marks.low)
        };
    }
    Ok(more)
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

    /// The cluster said what there is to read.
    fn read_begins(&mut self, job: JobId, facts: &LogFacts) {
        if let Some(topic) = self.topics.iter_mut().find(|topic| topic.is_read_by(job)) {
            topic.know(facts);
        } else if let Some(entity) = self.entities.iter_mut().find(|entity| entity.is_read_by(job))
        {
            entity.know(facts);
        }
    }

    /// A read says something.
    fn read_says(&mut self, job: JobId, event: ReadEvent) {
        match event {
            ReadEvent::Batch(batch) => self.take_batch(job, batch),
            ReadEvent::Progress(partitions) => self.take_progress(job, partitions),
            ReadEvent::CaughtUp => {
                self.jobs.follows(job);
                self.caught_up(job);
            }
            ReadEvent::Trouble(text) => self.show_trouble(Some(text.into())),
            ReadEvent::Recovered => self.show_trouble(None),
            ReadEvent::Offline(partitions) => {
                let error = KafkaError::NoLeader { partitions };
                self.notify(NoticeLevel::Warning, Problem::from(&error));
            }
            ReadEvent::Joined(partition) => {
                let what = format!("{partition} can be read now, and is from here on");
                self.notify(NoticeLevel::Info, Problem::new(what));
            }
            ReadEvent::Lost(range) => {
                let what = format!(
                    "offsets {} to {} of {}-{} were deleted before they could be read",
                    range.from,
                    range.to - 1,
                    range.topic,
                    range.partition
                );
                let hint = "retention overtook the reader; what follows is complete from there on";
                self.notify(NoticeLevel::Warning, Problem::new(what).with_hint(hint));
            }
        }
    }

    /// Records that lie on disk were found.
    fn take_kept(&mut self, job: JobId, kept: KeptSegments) {
        if let Some(topic) = self.topics.iter_mut().find(|topic| topic.is_read_by(job)) {
            topic.take_kept(kept);
        }
    }

    /// Records arrived.
    fn take_batch(&mut self, job: JobId, batch: RecordBatch) {
        let budget = self.view.memory_budget_bytes.saturating_sub(self.memory_bytes());
        let fits = u64::try_from(batch.memory_bytes()).is_ok_and(|bytes| bytes <= budget);
        let taken = if !fits {
            Err(memory_is_full(self.view.memory_budget_bytes))
        } else if let Some(topic) = self.topics.iter_mut().find(|topic| topic.is_read_by(job)) {
            topic.append(batch)
        } else if let Some(entity) = self.entities.iter_mut().find(|entity| entity.is_read_by(job))
        {
            let key = entity.view.key.clone();
            let taken = entity.append(batch);
            self.work_out_history(&key);
            taken
        } else {
            Ok(())
        };
        if let Err(problem) = taken {
            self.jobs.cancel(job);
            self.jobs.end(job, Some(problem.clone()), now_ms());
            self.notify(NoticeLevel::Warning, problem);
        }
    }

    /// A read is this far.
    fn take_progress(&mut self, job: JobId, partitions: Vec<PartitionRead>) {
        self.jobs.progress(job, &partitions, now_ms());
        if let Some(topic) = self.topics.iter_mut().find(|topic| topic.is_read_by(job)) {
            topic.progress(partitions);
        } else if let Some(entity) = self.entities.iter_mut().find(|entity| entity.is_read_by(job))
        {
            entity.progress(partitions);
        }
    }

    /// Looks for aborted records behind the gaps of what was read: without that, gaps may be losses.
    fn look_for_aborted(&mut self, job: JobId) {
        let topic = self.topics.iter().find(|topic| topic.is_read_by(job));
        let entity = self.entities.iter().find(|entity| entity.is_read_by(job));
        let topic = topic.and_then(OpenTopic::what_was_read);
        let Some((facts, reads, reading)) =
            topic.or_else(|| entity.and_then(OpenEntity::what_was_read))
        else {
            return;
        };
        let gaps: Vec<OffsetRange> = reads.iter().flat_map(|read| read.gaps.clone()).collect();
        if facts.aborted.is_some()
            || gaps.is_empty()
            || self.view.isolation == Isolation::Uncommitted
        {
            return;
        }
        let cancel = reading.cancel.clone();
        let Some((connection, log)) = self.connection.clone().zip(self.log.clone()) else { return };
        self.spawn("aborted", move |outbox| {
            let found = aborted_in_gaps(&connection, &log, &gaps, &cancel);
            outbox.send(move |state| match found {
                Ok(aborted) => state.know_aborted(job, aborted),
                Err(failure) => state.notify(NoticeLevel::Warning, failure.problem),
            });
        });
    }

    /// The aborted records behind the gaps of what was read are known.
    fn know_aborted(&mut self, job: JobId, aborted: Offsets) {
        if let Some(topic) = self.topics.iter_mut().find(|topic| topic.is_read_by(job)) {
            topic.know_aborted(aborted);
        } else if let Some(entity) = self.entities.iter_mut().find(|entity| entity.is_read_by(job))
        {
            entity.know_aborted(aborted);
        }
        self.caught_up(job);
    }

    /// A follower has everything up to now.
    fn caught_up(&mut self, job: JobId) {
        self.look_for_aborted(job);
        if let Some(topic) = self.topics.iter().find(|topic| topic.is_read_by(job)) {
            let name = Arc::clone(&topic.view.topic);
            self.topic_read(&name);
        } else if let Some(entity) = self.entities.iter().find(|entity| entity.is_read_by(job)) {
            let key = entity.view.key.clone();
            self.entity_read(&key);
        }
    }

    /// A read ended.
    fn read_ended(&mut self, job: JobId, ended: Result<ReadOutcome, Problem>) {
        let problem = match ended {
            Ok(outcome) => {
                self.take_progress(job, outcome.partitions);
                None
            }
            Err(problem) => Some(problem),
        };
        if let Some(problem) = &problem {
            self.read_failed(job, problem);
            self.notify(NoticeLevel::Error, problem.clone());
        }
        self.jobs.end(job, problem, now_ms());
        self.caught_up(job);
        self.touch_urgently();
    }

    /// A read could not go on: what it was for says so.
    fn read_failed(&mut self, job: JobId, problem: &Problem) {
        if let Some(topic) = self.topics.iter_mut().find(|topic| topic.is_read_by(job)) {
            topic.failed(problem);
        } else if let Some(entity) = self.entities.iter_mut().find(|entity| entity.is_read_by(job))
        {
            entity.failed(problem);
        }
    }

    /// A trouble of the moment came, or went.
    fn show_trouble(&mut self, trouble: Option<Arc<str>>) {
        let ConnectionState::Connected(info) = &self.view.connection else { return };
        let mut info = (**info).clone();
        if let (Some(text), None) = (&trouble, &info.trouble) {
            let hint = "reading resumes by itself when the cluster is back";
            self.notify(NoticeLevel::Warning, Problem::new(&**text).with_hint(hint));
        }
        info.trouble = trouble;
        self.view.connection = ConnectionState::Connected(Arc::new(info));
        self.touch_urgently();
    }
}

/// Reading stopped because no more records fit.
fn memory_is_full(budget_bytes: u64) -> Problem {
    Problem::new(format!("reading stopped: the {} MiB that records may take are full", budget_bytes >> 20))
        .with_hint("read less: the newest records, a span of time or one partition; or close what you do not need")
}
