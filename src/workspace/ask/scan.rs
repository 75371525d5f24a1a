//! A scan: records between two moments that match filters, as they stand in the log.
//!
//! Promises: records come in log order unless speed is preferred; every record of the range is
//! looked at or the summary says which were not; memory does not grow with the number of records.
//! Does not know: how records are printed.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::coverage::{Coverage, Offsets, without_event_time};
use super::mapping::Mappings;
use super::session::{REQUEST_TIMEOUT, offline};
use super::span::{Span, SpanQuestion};
use crate::decode::{Checked, Decoder};
use crate::kafka::Watermarks;
use crate::model::{
    Cancel, Clock, Completeness, Decoded, EntityId, KeyFilter, OffsetRange, PartitionRead,
    ReadEvent, ReadOutcome, ReadPlan, RecordRef, TopicPartition, When,
};
use crate::partition_log::likely_first::{Known, behind, joined};
use crate::partition_log::partition_watch::PartitionWatch;
use crate::partition_log::{LogSource as _, SourceError};
use crate::workspace::{Failure, Filter, FilterInput, FilterTally, Session, TopicMapping};

/// What a scan is asked for.
#[derive(Debug)]
pub struct ScanQuestion {
    /// The topics.
    pub topics: Vec<Arc<str>>,
    /// Their partitions; all when empty.
    pub partitions: Vec<i32>,
    /// The first moment.
    pub from: When,
    /// The last moment, inclusive.
    pub to: When,
    /// Which time a time means.
    pub clock: Clock,
    /// Whether events without a time of their own are left out though no moment asks for it.
    pub only_timed: bool,
    /// Which keys count.
    pub keys: KeyFilter,
    /// Which records count, beside.
    pub filter: Option<Filter>,
    /// After how many matching records it ends.
    pub limit: Option<u64>,
    /// Whether records are only counted.
    pub count_only: bool,
    /// Whether each value will be looked at: it is then decoded at once, else only checked until
    /// somebody asks.
    pub values: bool,
    /// Whether it goes on with what arrives.
    pub follow: bool,
    /// Whether order over partitions is given up for speed.
    pub unordered: bool,
}

/// A record with what is known of it.
#[derive(Debug)]
pub struct ScannedRecord<'a> {
    /// The record.
    pub record: RecordRef<'a>,
    /// Its value.
    pub value: ScannedValue<'a>,
    /// Its event type; empty when none is found.
    pub event_type: Arc<str>,
    /// The entity it belongs to.
    pub entity: Option<EntityId>,
}

/// The value of a record, decoded when somebody asks for what it says.
#[derive(Debug)]
pub struct ScannedValue<'a> {
    /// Its bytes; none of a tombstone.
    bytes: Option<&'a [u8]>,
    /// How it is decoded.
    decoder: Decoder,
    /// What it decodes to.
    checked: Checked,
    /// What it was decoded to, once it was.
    decoded: OnceCell<Decoded>,
}

impl ScannedValue<'_> {
    /// What it decodes to.
    pub fn checked(&self) -> Checked {
        self.checked
    }

    /// What it says.
    pub fn decoded(&self) -> &Decoded {
        self.decoded.get_or_init(|| self.decoder.decode(self.bytes))
    }
}

impl<'a> ScannedRecord<'a> {
    /// A record that is read like this, its value decoded at once or only checked.
    fn new(record: RecordRef<'a>, topic: &TopicMapping, decodes: bool) -> Self {
        let TopicMapping { mapping, decoder, .. } = topic;
        let bytes = record.value();
        let decoded = decodes.then(|| decoder.decode(bytes));
        let checked = decoded.as_ref().map_or_else(|| decoder.check(bytes), Checked::of);
        let event_type = match &decoded {
            Some(decoded) => mapping.event_type(record, decoded),
            None => mapping.event_type_of_checked(record, checked),
        };
        let decoded = decoded.map_or_else(OnceCell::new, OnceCell::from);
        Self {
            record,
            value: ScannedValue { bytes, decoder: *decoder, checked, decoded },
            event_type,
            entity: mapping.entity_of(record),
        }
    }
}

/// What a scan found.
#[derive(Clone, Debug)]
pub struct ScanSummary {
    /// Records the log delivered.
    pub scanned: u64,
    /// Records that were kept from an earlier read.
    pub from_cache: u64,
    /// Records that matched.
    pub matched: u64,
    /// Bytes of key and value of what the log delivered.
    pub bytes: u64,
    /// Whether it came to the end of what was asked; not, when a limit or a cancel ended it.
    pub complete: bool,
    /// Whether it was cancelled.
    pub cancelled: bool,
    /// What was read, one range for each partition.
    pub ranges: Vec<OffsetRange>,
    /// Matching records whose value could not be decoded.
    pub decode_failures: u64,
    /// How the filter fared, where there is one.
    pub filter: Option<FilterTally>,
    /// Records left out because they have no event time.
    pub without_event_time: u64,
    /// How much of the history it rests on.
    pub completeness: Completeness,
}

/// What a scan tells while it runs.
pub(super) type Watch<'w> = &'w mut dyn FnMut(&ReadEvent);

impl Session {
    /// Scans, handing every matching record to `sink`, which may end the scan.
    ///
    /// # Errors
    /// `Usage` when a topic, a partition or a moment does not exist; else when records cannot be
    /// read.
    pub fn scan(
        &self,
        question: &ScanQuestion,
        sink: &mut dyn FnMut(&ScannedRecord<'_>) -> ControlFlow<()>,
        watch: Watch<'_>,
    ) -> Result<ScanSummary, Failure> {
        let partitions = self.partitions(&question.topics, &question.partitions)?;
        let bounds = self.bounds(&partitions)?;
        let offline = offline(&partitions, &bounds);
        if !offline.is_empty() {
            watch(&ReadEvent::Offline(offline));
        }
        let mappings = self.mappings(&question.topics)?;
        let mut asked = Asked { partitions, bounds };
        let span = self.span(&asked.span_question(question, &mappings))?;
        let plan = self.plan(question, &span);
        let mut scanning = Scanning::new(question, &mappings, span, sink);
        let outcome = if question.follow {
            self.scan_on(plan, &mut asked, &mut scanning, watch)?
        } else {
            self.scan_once(&plan, &self.cancel, &mut scanning, watch)?
        };
        let Asked { partitions, bounds } = asked;
        let Scanning { matched, undecodable, timeless, filter, ended, span, .. } = scanning;
        let parts = span.asked(&outcome.partitions, ended.is_some());
        let cancelled = self.cancel.is_cancelled();
        let decode_failures = undecodable.values().map(|offsets| offsets.len() as u64).sum();
        let mut completeness = if cancelled {
            // A second look at gaps would be cancelled too; what was not read says enough.
            let reads: Vec<_> =
                outcome.partitions.iter().map(PartitionRead::without_gaps).collect();
            self.completeness(&Coverage {
                partitions: &partitions,
                bounds: &bounds,
                reads: &reads,
                undecodable: &undecodable,
                asked: &parts,
            })?
        } else {
            self.completeness(&Coverage {
                partitions: &partitions,
                bounds: &bounds,
                reads: &outcome.partitions,
                undecodable: &undecodable,
                asked: &parts,
            })?
        };
        without_event_time(&mut completeness, &timeless);
        Ok(ScanSummary {
            scanned: outcome.records(),
            from_cache: outcome.from_cache,
            matched,
            bytes: outcome.bytes(),
            complete: !cancelled
                && bounds.len() == partitions.len()
                && ended != Some(Ended::Stopped)
                && (ended.is_some() || outcome.is_complete()),
            cancelled,
            ranges: ranges(&outcome),
            decode_failures,
            filter,
            without_event_time: timeless.values().map(|offsets| offsets.len() as u64).sum(),
            completeness,
        })
    }

    /// Reads what a plan asks for.
    fn scan_once(
        &self,
        plan: &ReadPlan,
        cancel: &Cancel,
        scanning: &mut Scanning<'_>,
        watch: Watch<'_>,
    ) -> Result<ReadOutcome, SourceError> {
        if scanning.question.unordered {
            self.log.read(plan, cancel, &mut |event| match event {
                ReadEvent::Batch(batch) => {
                    batch.iter().try_for_each(|record| scanning.take(record))
                }
                event => {
                    watch(&event);
                    ControlFlow::Continue(())
                }
            })
        } else {
            let mut take = |record: RecordRef<'_>| scanning.take_in_order(record);
            self.log.read_in_log_order(plan, cancel, &mut take, &mut |event| watch(&event))
        }
    }

    /// Reads what a plan asks for and goes on with what arrives, also in partitions that get a
    /// leader or are added.
    fn scan_on(
        &self,
        mut plan: ReadPlan,
        asked: &mut Asked,
        scanning: &mut Scanning<'_>,
        watch: Watch<'_>,
    ) -> Result<ReadOutcome, Failure> {
        let ScanQuestion { topics, partitions: only, .. } = scanning.question;
        let watched = PartitionWatch::new(&self.connection, topics, only);
        let at_start: Vec<TopicPartition> = asked.partitions.clone();
        let (mut known, mut from_cache) = (Known::new(), 0);
        loop {
            let reading = plan.ranges.iter().map(OffsetRange::topic_partition).collect();
            let (outcome, new) = watched.during(&reading, &self.cancel, |stop, caught_up| {
                self.scan_once(&plan, stop, scanning, &mut |event| {
                    caught_up.hear(event);
                    match event {
                        ReadEvent::Progress(reads) => {
                            watch(&ReadEvent::Progress(joined(&known, reads.clone())));
                        }
                        other => watch(other),
                    }
                })
            })?;
            let mut outcome = outcome?;
            from_cache += outcome.from_cache;
            outcome.from_cache = from_cache;
            outcome.partitions = joined(&known, outcome.partitions);
            if new.is_empty() || scanning.ended.is_some() || self.cancel.is_cancelled() {
                return Ok(outcome);
            }
            let account = |read: &PartitionRead| (read.partition.clone(), read.clone());
            known = outcome.partitions.iter().map(account).collect();
            plan = behind(&plan, &known);
            for partition in self.join(&new, &at_start, asked, scanning)? {
                plan.ranges.push(scanning.span.partitions[&partition].range.clone());
                watch(&ReadEvent::Joined(partition));
            }
        }
    }

    /// Takes partitions into a scan that could not be read when it began. Returns those that can
    /// be.
    fn join(
        &self,
        new: &[TopicPartition],
        at_start: &[TopicPartition],
        asked: &mut Asked,
        scanning: &mut Scanning<'_>,
    ) -> Result<Vec<TopicPartition>, Failure> {
        let bounds = self.connection.watermarks(new, REQUEST_TIMEOUT)?;
        asked.partitions.extend(new.iter().cloned());
        asked.partitions.sort();
        asked.partitions.dedup();
        asked.bounds.extend(bounds.clone());
        let mut span = self.span(&asked.span_question(scanning.question, scanning.mappings))?;
        for (partition, bounds) in &bounds {
            let Some(mut part) = span.partitions.remove(partition) else { continue };
            if scanning.question.from == When::End {
                // The end was that of the time of asking.
                part.range.from = if at_start.contains(partition) {
                    let asked = std::slice::from_ref(partition);
                    let (since_ms, isolation) = (self.started_ms, self.isolation);
                    let found =
                        self.connection.offsets_at(asked, since_ms, isolation, REQUEST_TIMEOUT)?;
                    found.get(partition).copied().flatten().unwrap_or(part.range.to)
                } else {
                    bounds.low
                };
            }
            scanning.span.partitions.insert(partition.clone(), part);
        }
        Ok(bounds.into_keys().collect())
    }

    /// What the log is asked for.
    fn plan(&self, question: &ScanQuestion, span: &Span) -> ReadPlan {
        ReadPlan {
            isolation: self.isolation,
            keys: question.keys.clone(),
            whole: question.limit.is_none()
                && !question.follow
                && question.from == When::Start
                && question.to == When::End,
            follow: question.follow,
            ..ReadPlan::new(
                span.partitions.values().map(|partition| partition.range.clone()).collect(),
                self.started_ms,
            )
        }
    }
}

/// The partitions that a scan is about.
struct Asked {
    /// All of them.
    partitions: Vec<TopicPartition>,
    /// Where those with a leader begin and end.
    bounds: BTreeMap<TopicPartition, Watermarks>,
}

impl Asked {
    /// What the span of a scan is made of.
    fn span_question<'a>(
        &'a self,
        question: &'a ScanQuestion,
        mappings: &Mappings,
    ) -> SpanQuestion<'a> {
        SpanQuestion {
            topics: &question.topics,
            partitions: &self.partitions,
            bounds: &self.bounds,
            from: &question.from,
            to: &question.to,
            clock: question.clock,
            mapped_time: mappings.values().any(|mapping| !mapping.mapping.time.is_empty()),
        }
    }
}

/// What was read, by partition.
fn ranges(outcome: &ReadOutcome) -> Vec<OffsetRange> {
    let range = |read: &PartitionRead| OffsetRange::new(&read.partition, read.from, read.position);
    outcome.partitions.iter().map(range).collect()
}

/// Why a scan ended before the log did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// The last moment was passed.
    Passed,
    /// The limit was reached, or who is given the records wants no more.
    Stopped,
}

/// A scan under way.
struct Scanning<'a> {
    /// What was asked for.
    question: &'a ScanQuestion,
    /// How records of each topic are read.
    mappings: &'a Mappings,
    /// From where to where.
    span: Span,
    /// Who is given the records.
    sink: &'a mut dyn FnMut(&ScannedRecord<'_>) -> ControlFlow<()>,
    /// How many matched.
    matched: u64,
    /// Matching records that could not be decoded.
    undecodable: Offsets,
    /// Records left out because they have no event time.
    timeless: Offsets,
    /// How the filter fared.
    filter: Option<FilterTally>,
    /// Why it ended early, if it did.
    ended: Option<Ended>,
}

impl<'a> Scanning<'a> {
    /// A scan that has met nothing yet.
    fn new(
        question: &'a ScanQuestion,
        mappings: &'a Mappings,
        span: Span,
        sink: &'a mut dyn FnMut(&ScannedRecord<'_>) -> ControlFlow<()>,
    ) -> Self {
        Self {
            question,
            mappings,
            span,
            sink,
            matched: 0,
            undecodable: Offsets::new(),
            timeless: Offsets::new(),
            filter: question.filter.as_ref().map(Filter::tally),
            ended: None,
        }
    }

    /// Ends the scan.
    fn end(&mut self, why: Ended) -> ControlFlow<()> {
        self.ended = Some(why);
        ControlFlow::Break(())
    }

    /// Takes the next record in log order.
    fn take_in_order(&mut self, record: RecordRef<'_>) -> ControlFlow<()> {
        if self.span.is_over(record) {
            return self.end(Ended::Passed);
        }
        self.take(record)
    }

    /// Takes the next record of its partition.
    fn take(&mut self, record: RecordRef<'_>) -> ControlFlow<()> {
        if self.question.limit.is_some_and(|limit| self.matched >= limit) {
            return self.end(Ended::Stopped);
        }
        if !self.span.takes(record) {
            return ControlFlow::Continue(());
        }
        let Some(mapping) = self.mappings.get(&record.partition().topic) else {
            return ControlFlow::Continue(());
        };
        if !self.takes_event_time(record, mapping) {
            return ControlFlow::Continue(());
        }
        if self.question.count_only
            && self.question.filter.is_none()
            && mapping.decoder != Decoder::Json
        {
            // Nothing needs the value, and no other decoder fails.
            self.matched += 1;
            return ControlFlow::Continue(());
        }
        let decodes = self.question.values || self.question.filter.is_some();
        let scanned = ScannedRecord::new(record, mapping, decodes);
        if !self.matches(&scanned) {
            return ControlFlow::Continue(());
        }
        self.matched += 1;
        if scanned.value.checked().failed {
            self.undecodable.entry(record.partition().clone()).or_default().push(record.offset());
        }
        if !self.question.count_only && (self.sink)(&scanned).is_break() {
            return self.end(Ended::Stopped);
        }
        if self.question.limit == Some(self.matched) && !self.question.count_only {
            return self.end(Ended::Stopped);
        }
        ControlFlow::Continue(())
    }

    /// Whether the record's event time lies between the moments. One without a time lies nowhere,
    /// and is noted.
    fn takes_event_time(&mut self, record: RecordRef<'_>, topic: &TopicMapping) -> bool {
        let asks = self.span.event_from_ms.is_some() || self.span.event_to_ms.is_some();
        if !asks && !self.question.only_timed {
            return true;
        }
        if let Some(time_ms) = topic.event_time_ms(record) {
            return self.span.takes_event_time(time_ms);
        }
        self.timeless.entry(record.partition().clone()).or_default().push(record.offset());
        false
    }

    /// Whether the filter takes it.
    fn matches(&mut self, scanned: &ScannedRecord<'_>) -> bool {
        let (Some(filter), Some(tally)) = (&self.question.filter, &mut self.filter) else {
            return true;
        };
        let input = FilterInput {
            record: scanned.record,
            decoded: scanned.value.decoded(),
            event_type: Some(&*scanned.event_type).filter(|text| !text.is_empty()),
            entity: scanned.entity.as_ref(),
        };
        filter.matches(&input, tally)
    }
}

#[cfg(test)]
mod tests;
