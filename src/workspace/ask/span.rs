//! From where to where a scan reads, by moments in every form.
//!
//! Promises: a time bound skips what lies before it by asking the cluster, then judges every record
//! exactly; a position bounds its own partition by offset and the others by the log time of its
//! record.
//! Does not know: what is done with the records in between.
//!
//! The broker's answer for a time is the first record at or after it, but later ones may be earlier
//! again, because producers write timestamps. Hence the second, exact test of every record.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::coverage::AskedParts;
use super::session::{REQUEST_TIMEOUT, offline};
use crate::kafka::{self, Watermarks};
use crate::model::{
    Clock, OffsetRange, PartitionRead, Position, ReadEvent, ReadPlan, RecordRef, TopicPartition,
    When,
};
use crate::partition_log::{ALL_OFFSETS, LogSource as _};
use crate::workspace::{Failure, Session};

/// From where to where one partition is read.
#[derive(Clone, Debug)]
pub(super) struct PartitionSpan {
    /// The offsets to read.
    pub(super) range: OffsetRange,
    /// The first log time that counts, in milliseconds.
    pub(super) from_ms: Option<i64>,
    /// The last log time that counts, in milliseconds.
    pub(super) to_ms: Option<i64>,
    /// The offsets that the question is about, from (inclusive) to (exclusive), as far as moments
    /// bound it: what lies outside is not missing in the answer.
    pub(super) asked: (i64, i64),
    /// The last offset that counts, for a read that goes on after its range.
    pub(super) last_offset: Option<i64>,
    /// Whether reading starts in the middle, so that a first record of implausible time has earlier
    /// ones before it.
    skipped: bool,
    /// Whether a record of plausible time was met.
    plausible: bool,
}

/// From where to where a scan reads.
#[derive(Clone, Debug)]
pub(super) struct Span {
    /// By partition.
    pub(super) partitions: BTreeMap<TopicPartition, PartitionSpan>,
    /// After this log time nothing counts any more, in milliseconds.
    pub(super) over_after_ms: Option<i64>,
    /// The first event time that counts, in milliseconds.
    pub(super) event_from_ms: Option<i64>,
    /// The last event time that counts, in milliseconds.
    pub(super) event_to_ms: Option<i64>,
}

/// What a span is made of.
#[derive(Debug)]
pub(super) struct SpanQuestion<'a> {
    /// The topics asked about.
    pub(super) topics: &'a [Arc<str>],
    /// Their partitions.
    pub(super) partitions: &'a [TopicPartition],
    /// Where those begin and end; those without a leader are missing.
    pub(super) bounds: &'a BTreeMap<TopicPartition, Watermarks>,
    /// The first moment.
    pub(super) from: &'a When,
    /// The last moment, inclusive.
    pub(super) to: &'a When,
    /// Which time a time means.
    pub(super) clock: Clock,
    /// Whether event time may stand elsewhere than in the record's timestamp, where no broker can
    /// look it up.
    pub(super) mapped_time: bool,
}

impl SpanQuestion<'_> {
    /// A position that one of its moments names.
    fn position(
        &self,
        topic: Option<&Arc<str>>,
        partition: i32,
        offset: i64,
    ) -> Result<Position, Failure> {
        let offline = offline(self.partitions, self.bounds);
        position_in(self.topics, &offline, self.bounds, topic, partition, offset)
    }
}

/// Says that a version is no place in a topic.
fn no_version(version: u64) -> Failure {
    Failure::usage(format!("`v{version}` counts the events of an entity, and a scan has none"))
        .with_hint("`foldback history ENTITY` shows the events of an entity; bound a scan by time or by P:O")
}

/// The position with the topic it is in.
///
/// # Errors
/// When it names none and there are several, or another one, or a partition that does not exist or
/// has no leader.
pub(super) fn position_in(
    topics: &[Arc<str>],
    offline: &[TopicPartition],
    bounds: &BTreeMap<TopicPartition, Watermarks>,
    topic: Option<&Arc<str>>,
    partition: i32,
    offset: i64,
) -> Result<Position, Failure> {
    let topic = match (topic, topics) {
        (Some(topic), _) if topics.contains(topic) => topic,
        (Some(topic), _) => {
            return Err(Failure::usage(format!(
                "the topic of `{topic}:{partition}:{offset}` is not among those asked about"
            )));
        }
        (None, [topic]) => topic,
        (None, _) => {
            let failure =
                Failure::usage(format!("`{partition}:{offset}` may be in any of several topics"));
            return Err(
                failure.with_hint(format!("name the topic: {}:{partition}:{offset}", topics[0]))
            );
        }
    };
    let place = TopicPartition::new(Arc::clone(topic), partition);
    if bounds.contains_key(&place) {
        return Ok(place.at(offset));
    }
    if offline.contains(&place) {
        return Err(kafka::KafkaError::NoLeader { partitions: vec![place] }.into());
    }
    Err(kafka::KafkaError::UnknownPartition { partition: place }.into())
}

impl Session {
    /// Turns the moments of a question into offsets and times.
    ///
    /// # Errors
    /// `Usage` when a moment is no place in these topics; else when the cluster cannot be asked.
    pub(super) fn span(&self, question: &SpanQuestion<'_>) -> Result<Span, Failure> {
        let whole = |(partition, bounds): (&TopicPartition, &Watermarks)| {
            let span = PartitionSpan {
                range: OffsetRange::new(partition, bounds.low, bounds.end(self.isolation)),
                from_ms: None,
                to_ms: None,
                asked: ALL_OFFSETS,
                last_offset: None,
                skipped: false,
                plausible: false,
            };
            (partition.clone(), span)
        };
        let mut span = Span {
            partitions: question.bounds.iter().map(whole).collect(),
            over_after_ms: None,
            event_from_ms: None,
            event_to_ms: None,
        };
        self.begin(&mut span, question)?;
        self.end(&mut span, question)?;
        Ok(span)
    }

    /// Applies the first moment.
    fn begin(&self, span: &mut Span, question: &SpanQuestion<'_>) -> Result<(), Failure> {
        match question.from {
            When::Start => Ok(()),
            When::End => {
                for partition in span.partitions.values_mut() {
                    partition.range.from = partition.range.to;
                    partition.asked.0 = partition.range.from;
                    partition.skipped = true;
                }
                Ok(())
            }
            When::Version(version) => Err(no_version(*version)),
            When::Time(time_ms) if question.clock == Clock::Event => {
                span.event_from_ms = Some(*time_ms);
                if question.mapped_time { Ok(()) } else { self.skip_to(span, *time_ms, None) }
            }
            When::Time(time_ms) => {
                for partition in span.partitions.values_mut() {
                    partition.from_ms = Some(*time_ms);
                }
                self.skip_to(span, *time_ms, None)
            }
            When::Position { topic, partition, offset } => {
                let at = question.position(topic.as_ref(), *partition, *offset)?;
                let own = at.topic_partition();
                if let Some(partition) = span.partitions.get_mut(&own) {
                    let low = partition.range.from;
                    partition.asked.0 = at.offset.max(0);
                    partition.range.from = at.offset.clamp(low, partition.range.to.max(low));
                }
                if span.partitions.len() == 1 {
                    return Ok(());
                }
                // Without a record at or before the position nothing is known to be earlier than
                // it.
                let Some(time_ms) = self.log_time_at(&at, question.bounds)? else { return Ok(()) };
                for (place, partition) in &mut span.partitions {
                    partition.from_ms = (*place != own).then_some(time_ms);
                }
                self.skip_to(span, time_ms, Some(&own))
            }
        }
    }

    /// Lets all partitions but one begin at the first record of this time, as the brokers know it.
    fn skip_to(
        &self,
        span: &mut Span,
        time_ms: i64,
        but: Option<&TopicPartition>,
    ) -> Result<(), Failure> {
        let partitions: Vec<TopicPartition> =
            span.partitions.keys().filter(|place| Some(*place) != but).cloned().collect();
        let found =
            self.connection.offsets_at(&partitions, time_ms, self.isolation, REQUEST_TIMEOUT)?;
        for (place, offset) in found {
            if let Some(part) = span.partitions.get_mut(&place) {
                let PartitionSpan { range, asked, skipped, .. } = part;
                let first = offset.unwrap_or(range.to).clamp(range.from, range.to.max(range.from));
                *skipped = first > range.from;
                range.from = first;
                if *skipped {
                    asked.0 = first;
                }
            }
        }
        Ok(())
    }

    /// Applies the last moment.
    fn end(&self, span: &mut Span, question: &SpanQuestion<'_>) -> Result<(), Failure> {
        match question.to {
            When::End => Ok(()),
            When::Start => {
                for partition in span.partitions.values_mut() {
                    partition.range.to = partition.range.from;
                    partition.asked.1 = partition.asked.0;
                    partition.last_offset = Some(partition.range.from - 1);
                }
                Ok(())
            }
            When::Version(version) => Err(no_version(*version)),
            When::Time(time_ms) if question.clock == Clock::Event => {
                span.event_to_ms = Some(*time_ms);
                Ok(())
            }
            When::Time(time_ms) => {
                for partition in span.partitions.values_mut() {
                    partition.to_ms = Some(*time_ms);
                }
                span.over_after_ms = Some(*time_ms);
                Ok(())
            }
            When::Position { topic, partition, offset } => {
                let at = question.position(topic.as_ref(), *partition, *offset)?;
                let own = at.topic_partition();
                let time_ms = match span.partitions.len() {
                    1 => None,
                    _ => Some(self.log_time_at(&at, question.bounds)?.unwrap_or(i64::MIN)),
                };
                for (place, partition) in &mut span.partitions {
                    if *place == own {
                        let range = &mut partition.range;
                        range.to =
                            at.offset.saturating_add(1).clamp(range.from, range.to.max(range.from));
                        partition.last_offset = Some(at.offset);
                        partition.asked.1 = at.offset.saturating_add(1);
                    } else {
                        partition.to_ms = time_ms;
                    }
                }
                span.over_after_ms = time_ms;
                Ok(())
            }
        }
    }

    /// The log time of the last record at or before a position, in milliseconds; `None` when there
    /// is none. Log time is a running maximum, so its partition is read from the log start on.
    ///
    /// # Errors
    /// When the partition cannot be read.
    pub(super) fn log_time_at(
        &self,
        at: &Position,
        bounds: &BTreeMap<TopicPartition, Watermarks>,
    ) -> Result<Option<i64>, Failure> {
        let partition = at.topic_partition();
        let Some(known) = bounds.get(&partition) else { return Ok(None) };
        let to = at.offset.saturating_add(1).min(known.end(self.isolation));
        let range = OffsetRange::new(&partition, known.low, to);
        if range.is_empty() {
            return Ok(None);
        }
        let plan = ReadPlan {
            isolation: self.isolation,
            values: false,
            headers: false,
            ..ReadPlan::new(vec![range], self.started_ms)
        };
        let mut log_time_ms = None;
        self.log.read(&plan, &self.cancel, &mut |event| {
            if let ReadEvent::Batch(batch) = event {
                log_time_ms = batch.log_times_ms().last().copied().or(log_time_ms);
            }
            ControlFlow::Continue(())
        })?;
        self.check_cancelled()?;
        Ok(log_time_ms)
    }
}

impl Span {
    /// Whether a record lies between the moments, event time aside. Records of a partition must be
    /// given in their order.
    pub(super) fn takes(&mut self, record: RecordRef<'_>) -> bool {
        let Some(span) = self.partitions.get_mut(record.partition()) else { return false };
        span.plausible |= !record.has_implausible_time();
        let log_time_ms = record.log_time_ms();
        // Its log time is that of a record before the first one read, which is too early by what
        // the broker said.
        if span.to_ms.is_some_and(|to_ms| log_time_ms > to_ms) {
            span.asked.1 = span.asked.1.min(record.offset());
        }
        let belongs_before = span.skipped && !span.plausible && span.from_ms.is_some();
        !belongs_before
            && span.from_ms.is_none_or(|from_ms| log_time_ms >= from_ms)
            && span.to_ms.is_none_or(|to_ms| log_time_ms <= to_ms)
            && span.last_offset.is_none_or(|last| record.offset() <= last)
    }

    /// The offsets that the question is about, by partition. A scan that ended early, because it
    /// had what was asked for, asks for no more than was read.
    pub(super) fn asked(&self, reads: &[PartitionRead], ended: bool) -> AskedParts {
        let asked = |(place, span): (&TopicPartition, &PartitionSpan)| {
            let read = reads.iter().find(|read| ended && read.partition == *place);
            let (from, to) = span.asked;
            let to = read.map_or(to, |read| to.min(read.position));
            (place.clone(), (from, to))
        };
        self.partitions.iter().map(asked).collect()
    }

    /// Whether an event of this time lies between the moments.
    pub(super) fn takes_event_time(&self, time_ms: i64) -> bool {
        self.event_from_ms.is_none_or(|from_ms| time_ms >= from_ms)
            && self.event_to_ms.is_none_or(|to_ms| time_ms <= to_ms)
    }

    /// Whether nothing from this record on, in log order, lies between the moments.
    pub(super) fn is_over(&self, record: RecordRef<'_>) -> bool {
        self.over_after_ms.is_some_and(|last_ms| record.log_time_ms() > last_ms)
    }
}
