//! A log that is computed instead of read: orders with their events, for benchmarks and tests of
//! size.
//!
//! Promises: the same description gives the same bytes, whatever range is read; keys lie where
//! Kafka's Java client puts them; the versions of an order are 1, 2, 3, … in offset order.
//! Does not know: a broker. Nothing ever arrives after its end, so a follower is done when it has
//! caught up.
//!
//! The orders of a partition take turns: every round is a permutation of them, and the round is the
//! version. That makes every record a function of its offset.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::sync::Arc;

use jiff::Timestamp;
use memchr::memmem;

use super::cache::TopicIdentity;
use super::partitioner::Partitioner;
use super::snapshot::LogBounds;
use super::source::{LogSource, SourceError};
use super::store::LogStore;
use crate::kafka::Watermarks;
use crate::model::{
    Cancel, Header, Judging, KeyFilter, LogClock, LogTime, OffsetRange, PartitionRead, ReadEvent,
    ReadOutcome, ReadPlan, RecordBatchBuilder, RecordFacts, RecordRef, TimestampType,
    TopicPartition, Transaction,
};

/// How many records a batch holds.
const BATCH_RECORDS: i64 = 4096;

/// Progress is told after this many rounds of batches.
const ROUNDS_PER_PROGRESS: u64 = 16;

/// Some records are written late, by less than this many milliseconds.
const LATENESS_MS: u64 = 2000;

/// What an order goes through after it was created, again and again: event type, status afterwards,
/// items added.
const LIFE: [(&str, &str, u64); 10] = [
    ("ItemAdded", "OPEN", 1),
    ("ItemAdded", "OPEN", 2),
    ("AddressChanged", "OPEN", 0),
    ("PaymentAuthorized", "PAID", 0),
    ("OrderPacked", "PACKED", 0),
    ("OrderShipped", "SHIPPED", 0),
    ("DeliveryAttempted", "SHIPPED", 0),
    ("OrderDelivered", "DELIVERED", 0),
    ("ReturnRequested", "RETURNING", 0),
    ("OrderReopened", "OPEN", 0),
];

/// What a generated log is like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GeneratedTopic {
    /// The topic's name.
    pub topic: Arc<str>,
    /// How many partitions it has.
    pub partitions: i32,
    /// How many orders there are.
    pub entities: u32,
    /// How many events there are over all orders.
    pub events: u64,
    /// The time of the first event, in milliseconds since the epoch.
    pub start_ms: i64,
    /// How long after it the last event comes, in milliseconds.
    pub span_ms: u32,
    /// Changes everything that is left to chance.
    pub seed: u64,
}

/// A log that is computed.
#[derive(Debug)]
pub struct GeneratedLog {
    /// What it is like.
    description: GeneratedTopic,
    /// The partitions.
    partitions: Vec<GeneratedPartition>,
}

/// One partition of a computed log.
#[derive(Debug)]
struct GeneratedPartition {
    /// The numbers of its orders, ascending.
    orders: Vec<u32>,
    /// How many of them, the first ones, have an event more than the others.
    longer: usize,
    /// The offset after the last record.
    end: i64,
}

impl GeneratedLog {
    /// The log of this description.
    pub fn new(description: GeneratedTopic) -> Self {
        let mut orders: Vec<Vec<u32>> =
            (0..description.partitions.max(1)).map(|_| Vec::new()).collect();
        let mut key = String::new();
        for number in 0..description.entities {
            write_key(&mut key, number);
            let partition =
                Partitioner::Murmur2.partition_of(key.as_bytes(), description.partitions);
            let partition = usize::try_from(partition).expect("partitions count from 0");
            orders[partition].push(number);
        }
        let entities = u64::from(description.entities).max(1);
        let (rounds, rest) = (description.events / entities, description.events % entities);
        let partitions = orders.into_iter().map(|orders| {
            let longer = orders.partition_point(|number| u64::from(*number) < rest);
            let events = as_u64(orders.len()) * rounds + as_u64(longer);
            let end = i64::try_from(events).expect("offsets have 63 bits");
            GeneratedPartition { orders, longer, end }
        });
        Self { partitions: partitions.collect(), description }
    }

    /// All its partitions.
    pub fn partitions(&self) -> Vec<TopicPartition> {
        (0..)
            .zip(&self.partitions)
            .map(|(number, _)| TopicPartition {
                topic: Arc::clone(&self.description.topic),
                partition: number,
            })
            .collect()
    }

    /// Everything there is, as ranges to be read.
    pub fn ranges(&self) -> Vec<OffsetRange> {
        let partitions = self.partitions();
        let ends = self.partitions.iter().map(|partition| partition.end);
        partitions
            .iter()
            .zip(ends)
            .map(|(partition, end)| OffsetRange::new(partition, 0, end))
            .collect()
    }

    /// The partition with this name.
    fn partition(&self, partition: &TopicPartition) -> Result<&GeneratedPartition, SourceError> {
        usize::try_from(partition.partition)
            .ok()
            .filter(|_| partition.topic == self.description.topic)
            .and_then(|index| self.partitions.get(index))
            .ok_or_else(|| SourceError::UnknownPartition(partition.clone()))
    }

    /// Readers of the ranges of a plan.
    fn readers<'l>(&'l self, plan: &'l ReadPlan) -> Result<Vec<PartitionReader<'l>>, SourceError> {
        let readers = plan.ranges.iter().map(|range| {
            let read = PartitionRead::starting(range);
            let partition = self.partition(&read.partition)?;
            // What is generated lies in the past for whoever generated it.
            let last_ms =
                self.description.start_ms.saturating_add(i64::from(self.description.span_ms));
            let reached_ms = plan.log_time_before(&read.partition);
            let clock =
                LogClock::going_on_from(Judging::at(plan.started_ms.max(last_ms)), reached_ms);
            Ok(PartitionReader {
                description: &self.description,
                partition,
                plan,
                read,
                clock,
                round: None,
            })
        });
        readers.collect()
    }
}

impl LogSource for GeneratedLog {
    fn bounds(
        &self,
        partitions: &[TopicPartition],
    ) -> Result<BTreeMap<TopicPartition, Watermarks>, SourceError> {
        let bounds = partitions.iter().map(|partition| {
            let high = self.partition(partition)?.end;
            Ok((partition.clone(), Watermarks { low: 0, high, last_stable: high }))
        });
        bounds.collect()
    }

    fn identity(&self, _topic: &str) -> Result<Option<TopicIdentity>, SourceError> {
        let GeneratedTopic { topic, partitions, entities, events, start_ms, span_ms, seed } =
            &self.description;
        let id = format!("{partitions}-{entities}-{events}-{start_ms}-{span_ms}-{seed}");
        Ok(Some(TopicIdentity {
            cluster_id: "generated".to_owned(),
            topic_id: Some(id),
            topic: topic.to_string(),
        }))
    }

    /// Holds everything in memory, which is as much as the log is large.
    fn read_in_log_order(
        &self,
        plan: &ReadPlan,
        cancel: &Cancel,
        sink: &mut dyn FnMut(RecordRef<'_>) -> ControlFlow<()>,
        events: &mut dyn FnMut(ReadEvent),
    ) -> Result<ReadOutcome, SourceError> {
        let mut store = LogStore::new(u64::MAX);
        let mut outcome = self.read(plan, cancel, &mut |event| {
            match event {
                ReadEvent::Batch(batch) => {
                    store.append(batch).expect("a computed log goes on, and memory has no limit");
                }
                other => events(other),
            }
            ControlFlow::Continue(())
        })?;
        let snapshot = store.snapshot();
        let mut records = snapshot.in_log_order(&LogBounds::default());
        outcome.stopped |= records.any(|(_, record)| sink(record.get()).is_break());
        Ok(outcome)
    }

    fn read(
        &self,
        plan: &ReadPlan,
        cancel: &Cancel,
        sink: &mut dyn FnMut(ReadEvent) -> ControlFlow<()>,
    ) -> Result<ReadOutcome, SourceError> {
        let mut readers = self.readers(plan)?;
        let stopped = read_in_turns(&mut readers, cancel, sink).is_break();
        if !stopped && plan.follow && sink(ReadEvent::CaughtUp).is_break() {
            return Ok(outcome(&readers, true));
        }
        Ok(outcome(&readers, stopped))
    }
}

/// How far readers have come.
fn outcome(readers: &[PartitionReader<'_>], stopped: bool) -> ReadOutcome {
    let mut partitions: Vec<PartitionRead> =
        readers.iter().map(|reader| reader.read.clone()).collect();
    partitions.sort_by(|one, other| one.partition.cmp(&other.partition));
    ReadOutcome { partitions, stopped, from_cache: 0 }
}

/// Lets every reader hand on a batch, again and again, until all are done, a cancel, or the sink
/// breaks off.
fn read_in_turns(
    readers: &mut [PartitionReader<'_>],
    cancel: &Cancel,
    sink: &mut dyn FnMut(ReadEvent) -> ControlFlow<()>,
) -> ControlFlow<()> {
    for round in 1_u64.. {
        for reader in readers.iter_mut().filter(|reader| !reader.is_done()) {
            if cancel.is_cancelled() {
                return ControlFlow::Break(());
            }
            let batch = reader.next_batch();
            if !batch.is_empty() {
                sink(ReadEvent::Batch(batch))?;
            }
        }
        let done = readers.iter().all(PartitionReader::is_done);
        if done || round.is_multiple_of(ROUNDS_PER_PROGRESS) {
            sink(ReadEvent::Progress(outcome(readers, false).partitions))?;
        }
        if done {
            break;
        }
    }
    ControlFlow::Continue(())
}

/// One round of the orders of a partition: who comes when.
#[derive(Clone, Copy, Debug)]
struct Round {
    /// Its number, from 0.
    number: u64,
    /// How many orders take part: the first ones.
    orders: u64,
    /// The step from one order to the next. Has no divisor in common with their number, so that all
    /// are met.
    stride: u64,
    /// The order that comes first.
    first: u64,
}

/// Computes the records of a range of one partition.
struct PartitionReader<'l> {
    /// What the log is like.
    description: &'l GeneratedTopic,
    /// The partition.
    partition: &'l GeneratedPartition,
    /// What was asked for.
    plan: &'l ReadPlan,
    /// What was found so far.
    read: PartitionRead,
    /// The log time.
    clock: LogClock,
    /// The round of the last record.
    round: Option<Round>,
}

impl PartitionReader<'_> {
    /// The end of what was asked for or of the log.
    fn end(&self) -> i64 {
        self.read.end.min(self.partition.end)
    }

    /// Whether everything was computed.
    fn is_done(&self) -> bool {
        self.read.position >= self.end()
    }

    /// The next records that the key filter lets pass; may be none.
    fn next_batch(&mut self) -> crate::model::RecordBatch {
        let mut builder = RecordBatchBuilder::new(self.read.partition.clone());
        let (mut key, mut value, mut trace) = (String::new(), String::new(), String::new());
        let from = self.read.position.max(0);
        let to = from.saturating_add(BATCH_RECORDS).min(self.end());
        for offset in from..to {
            let chance = self.chance(offset.unsigned_abs());
            let timestamp_ms = self.timestamp_ms(offset, chance);
            let (order, version) = self.order_at(offset.unsigned_abs());
            write_key(&mut key, order);
            write_value(&mut value, self.description.seed, order, version, timestamp_ms);
            self.read.records += 1;
            self.read.bytes += as_u64(key.len() + value.len());
            self.read.first_timestamp_ms.get_or_insert(timestamp_ms);
            let log_time = self.clock.advance(offset, timestamp_ms);
            self.read.last_log_time_ms = self.clock.latest_ms();
            let (LogTime::Known(log_time_ms) | LogTime::Implausible(log_time_ms)) = log_time else {
                continue;
            };
            if !passes(&self.plan.keys, key.as_bytes()) {
                continue;
            }
            let facts = RecordFacts {
                offset,
                timestamp_ms,
                log_time_ms,
                timestamp_type: TimestampType::CreateTime,
                transaction: Transaction::Committed,
                implausible_time: false,
            };
            let value = if self.plan.values { value.as_bytes() } else { b"" };
            let header = self.plan.headers.then(|| {
                trace.clear();
                write!(trace, "{chance:016x}").expect("a text takes what is written");
                Header { name: "trace-id", value: Some(trace.as_bytes()) }
            });
            builder.push(facts, Some(key.as_bytes()), Some(value), header);
        }
        self.read.position = to;
        builder.finish()
    }

    /// What is left to chance about the record with this offset.
    fn chance(&self, offset: u64) -> u64 {
        let partition = u64::from(self.read.partition.partition.unsigned_abs());
        mix(self.description.seed ^ mix(partition) ^ offset)
    }

    /// The timestamp of the record with this offset: evenly spread, a few a little late.
    fn timestamp_ms(&self, offset: i64, chance: u64) -> i64 {
        let span_ms = i128::from(self.description.span_ms);
        let elapsed_ms = span_ms * i128::from(offset) / i128::from(self.partition.end.max(1));
        let elapsed_ms = i64::try_from(elapsed_ms).expect("no more than the span");
        let late_ms = if chance.is_multiple_of(16) { (chance >> 8) % LATENESS_MS } else { 0 };
        self.description.start_ms + elapsed_ms - late_ms.cast_signed()
    }

    /// The order of the record with this offset and its version.
    fn order_at(&mut self, offset: u64) -> (u32, u64) {
        let orders = as_u64(self.partition.orders.len());
        let number = offset / orders;
        let round = match self.round {
            Some(round) if round.number == number => round,
            _ => *self.round.insert(self.round_with(number)),
        };
        let index = ((offset % orders) * round.stride + round.first) % round.orders;
        let index = usize::try_from(index).expect("less than the number of orders");
        (self.partition.orders[index], number + 1)
    }

    /// The round with this number.
    fn round_with(&self, number: u64) -> Round {
        let all = as_u64(self.partition.orders.len());
        let end = self.partition.end.unsigned_abs();
        let orders = if (number + 1) * all <= end { all } else { as_u64(self.partition.longer) };
        let chance = self.chance(!number);
        let candidates = chance % orders..=chance % orders + orders;
        let stride = { candidates }.find(|stride| greatest_divisor(*stride, orders) == 1);
        let stride = stride.expect("a multiple of their number and one is among them");
        Round { number, orders, stride, first: mix(chance) % orders }
    }
}

/// Whether the filter lets a record with this key pass.
fn passes(filter: &KeyFilter, key: &[u8]) -> bool {
    match filter {
        KeyFilter::All => true,
        KeyFilter::Equals(wanted) => key == &**wanted,
        KeyFilter::Contains(part) => memmem::find(key, part).is_some(),
    }
}

/// The key of an order.
fn write_key(key: &mut String, order: u32) {
    key.clear();
    write!(key, "order-{order}").expect("a text takes what is written");
}

/// The event that makes an order have this version, as JSON.
fn write_value(value: &mut String, seed: u64, order: u32, version: u64, timestamp_ms: i64) {
    let chance = mix(seed ^ u64::from(order));
    let steps = as_u64(LIFE.len());
    let (turns, step) = ((version.max(2) - 2) / steps, (version.max(2) - 2) % steps);
    let step = usize::try_from(step).expect("less than the steps of a life");
    let (event_type, status, _) =
        if version == 1 { ("OrderCreated", "CREATED", 0) } else { LIFE[step] };
    let items_of =
        |steps: &[(&str, &str, u64)]| steps.iter().map(|(_, _, items)| items).sum::<u64>();
    let added = if version == 1 { 0 } else { turns * items_of(&LIFE) + items_of(&LIFE[..=step]) };
    let items = 1 + chance % 3 + added;
    let total_cents = items * (499 + chance % 9500);
    let time = Timestamp::from_millisecond(timestamp_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    value.clear();
    write!(
        value,
        r#"{{"type":"{event_type}","version":{version},"orderId":"order-{order}","customerId":"customer-{:05}","#,
        chance % 50_000
    )
    .and_then(|()| {
        write!(
            value,
            r#""occurredAt":"{time:.3}","status":"{status}","items":{items},"total":{}.{:02},"currency":"EUR"}}"#,
            total_cents / 100,
            total_cents % 100
        )
    })
    .expect("a text takes what is written");
}

/// Spreads a number over all 64 bits (the finalizer of `SplitMix64`).
fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// The greatest common divisor.
fn greatest_divisor(one: u64, other: u64) -> u64 {
    if other == 0 { one } else { greatest_divisor(other, one % other) }
}

/// A length as a number of 64 bits.
fn as_u64(length: usize) -> u64 {
    u64::try_from(length).expect("a length has 64 bits")
}

#[cfg(test)]
mod tests;
