//! One client that reads some partitions: starts them, feeds their intakes, and copes with what
//! goes wrong on the way.
//!
//! Promises: reading starts at absolute offsets and resumes by itself after a broker was gone;
//! offsets that retention took are told as lost; a log that was cut back ends the read with an
//! error instead of silently going on.
//!
//! Does not know: who is given the records, in which order partitions are served (`reader`,
//! `ordered_reader`).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::types::RDKafkaErrorCode as Code;

use super::client::Client;
use super::connection::Connection;
use super::error::{KafkaError, is_denial, is_unknown_topic};
use super::ffi::{Message, Messages, Queue, Topic};
use super::intake::{Incoming, Intake};
use super::outcomes::{Outcomes, PartitionOutcomes};
use crate::model::{Cancel, Isolation, OffsetRange, PartitionRead, ReadPlan, RecordBatch};

/// Messages taken from the library at a time.
pub(super) const MESSAGES_AT_A_TIME: usize = 1000;

/// What all partitions together may hold in the library's queues, in KiB.
const QUEUED_KIB: usize = 128 * 1024;

/// How many messages all partitions together may hold there. Each costs some 300 bytes beside its
/// own.
const QUEUED_MESSAGES: u64 = 300_000;

/// A read of no more offsets than this asks for little at a time.
const SHORT_OFFSETS: u64 = 256;

/// How much of a partition such a read is sent at a time, in bytes. Brokers send at least one
/// batch.
const SHORT_FETCH_BYTES: usize = 256 * 1024;

/// How long to look up where a log begins and ends after a reader fell out of it.
const LOOK_UP: Duration = Duration::from_secs(30);

/// How long a partition may stay below the end asked for although the broker says that it is the
/// end: after a change of leader the new one may be behind for a moment.
const BEHIND_LEADER: Duration = Duration::from_secs(2);

/// For so long a broker may refuse an offset that its log has, as one does for a moment after a
/// change of leader.
const REFUSED_FOR: Duration = Duration::from_secs(10);

/// Whether a read should stop, for either of two reasons.
#[derive(Clone, Debug, Default)]
pub(super) struct Halt {
    /// Thrown by who asked for the read.
    pub(super) cancel: Cancel,
    /// Thrown when the read ends for another reason.
    pub(super) ended: Cancel,
}

impl Halt {
    /// Whether the read should stop.
    pub(super) fn is_thrown(&self) -> bool {
        self.cancel.is_cancelled() || self.ended.is_cancelled()
    }
}

/// What a message turned out to be.
#[derive(Debug)]
pub(super) enum Arrival {
    /// Nothing to hand on.
    Nothing,
    /// These records are ready to be handed on.
    Batch(RecordBatch),
    /// This partition, by its number in the fetcher, has no more at the moment.
    Tail(usize),
    /// These offsets were gone before they could be read.
    Lost(OffsetRange),
}

/// One partition being read.
#[derive(Debug)]
struct Fetched {
    /// What becomes of its records.
    intake: Intake,
    /// The number of its topic in the fetcher.
    topic: usize,
    /// The number of its queue in the fetcher.
    queue: usize,
    /// Whether the library reads it.
    running: bool,
    /// Since when the broker has had no more, if so.
    at_tail: Option<Instant>,
    /// The offset that the broker refuses although its log has it, and since when.
    refused: Option<(i64, Instant)>,
}

/// One client that reads some partitions.
#[derive(Debug)]
pub(super) struct Fetcher {
    /// For questions about the log.
    connection: Connection,
    /// The library's client.
    client: Arc<Client>,
    /// The topics with the partitions below.
    topics: Vec<(Arc<str>, Topic)>,
    /// Where messages arrive: one for all, or one for each partition.
    queues: Vec<Queue>,
    /// The partitions.
    partitions: Vec<Fetched>,
    /// The number of the partition by the library's identity of its topic and its own number.
    numbers: HashMap<(usize, i32), usize>,
    /// The last of them that was asked for.
    last_number: Option<((usize, i32), usize)>,
    /// Whether reading goes on beyond the ends.
    follow: bool,
}

impl Fetcher {
    /// Starts to read these ranges of the plan, into one queue or into one for each.
    pub(super) fn start(
        connection: &Connection,
        plan: &ReadPlan,
        ranges: &[OffsetRange],
        outcomes: &Outcomes,
        queue_each: bool,
    ) -> Result<Self, KafkaError> {
        let client = Client::open(connection.settings(), &overrides(connection, plan, ranges))?;
        let queue_count = if queue_each { ranges.len() } else { 1 };
        let mut fetcher = Self {
            connection: connection.clone(),
            topics: Vec::new(),
            queues: (0..queue_count).map(|_| Queue::new(&client)).collect(),
            partitions: Vec::with_capacity(ranges.len()),
            numbers: HashMap::new(),
            last_number: None,
            follow: plan.follow,
            client,
        };
        for (number, range) in ranges.iter().enumerate() {
            let topic = fetcher.topic(&range.topic)?;
            let intake = Intake::new(range, plan, outcomes.of(range));
            let queue = if queue_each { number } else { 0 };
            fetcher.partitions.push(Fetched {
                running: false,
                at_tail: None,
                refused: None,
                intake,
                topic,
                queue,
            });
            if plan.follow || !range.is_empty() {
                fetcher.resume(number)?;
            }
        }
        Ok(fetcher)
    }

    /// The number of the topic with this name, which is added if need be.
    fn topic(&mut self, name: &Arc<str>) -> Result<usize, KafkaError> {
        if let Some(number) = self.topics.iter().position(|(known, _)| known == name) {
            return Ok(number);
        }
        let topic = Topic::new(&self.client, name)
            .map_err(|code| failure(&format!("read topic `{name}`"), code))?;
        self.topics.push((Arc::clone(name), topic));
        Ok(self.topics.len() - 1)
    }

    /// Lets the library read a partition from its position on.
    fn resume(&mut self, number: usize) -> Result<(), KafkaError> {
        let fetched = &mut self.partitions[number];
        let read = fetched.intake.read();
        let (_, topic) = &self.topics[fetched.topic];
        topic
            .start(read.partition.partition, read.position, &self.queues[fetched.queue])
            .map_err(|code| failure(&format!("read {}", read.partition), code))?;
        fetched.running = true;
        fetched.at_tail = None;
        Ok(())
    }

    /// Lets the library read a partition no longer.
    fn pause(&mut self, number: usize) {
        let fetched = &mut self.partitions[number];
        if fetched.running {
            let (_, topic) = &self.topics[fetched.topic];
            topic.stop(fetched.intake.read().partition.partition);
            fetched.running = false;
        }
    }

    /// Reads another range of a partition instead of the one there was, all of whose records count
    /// as committed.
    ///
    /// What is still on its way from the range before does no harm: offsets ascend, so it lies
    /// before this range or is part of it.
    pub(super) fn go_on_with(
        &mut self,
        number: usize,
        range: &OffsetRange,
        plan: &ReadPlan,
    ) -> Result<(), KafkaError> {
        self.pause(number);
        self.partitions[number].intake = Intake::new(range, plan, PartitionOutcomes::default());
        self.resume(number)
    }

    /// The client, for its callbacks and troubles.
    pub(super) fn client(&self) -> &Arc<Client> {
        &self.client
    }

    /// The queue with this number.
    pub(super) fn queue(&self, number: usize) -> &Queue {
        &self.queues[number]
    }

    /// How many partitions there are.
    pub(super) fn len(&self) -> usize {
        self.partitions.len()
    }

    /// The intake of the partition with this number.
    pub(super) fn intake(&mut self, number: usize) -> &mut Intake {
        &mut self.partitions[number].intake
    }

    /// The intakes of all partitions.
    pub(super) fn intakes(&mut self) -> impl Iterator<Item = &mut Intake> {
        self.partitions.iter_mut().map(|fetched| &mut fetched.intake)
    }

    /// What was found in every partition so far.
    pub(super) fn reads(&self) -> impl Iterator<Item = &PartitionRead> {
        self.partitions.iter().map(|fetched| fetched.intake.read())
    }

    /// Whether the broker had no more of this partition when it last said something.
    pub(super) fn is_at_tail(&self, number: usize) -> bool {
        self.partitions[number].at_tail.is_some()
    }

    /// Whether everything asked for of this partition has arrived. A follower is never done.
    pub(super) fn is_done(&self, number: usize) -> bool {
        let fetched = &self.partitions[number];
        if self.follow {
            return false;
        }
        // For longer than that the rest is withheld by an open transaction, and nobody knows for
        // how long.
        let ended_early = fetched.at_tail.is_some_and(|since| since.elapsed() >= BEHIND_LEADER);
        fetched.intake.has_reached_end() || ended_early
    }

    /// Whether everything asked for has arrived.
    pub(super) fn is_all_done(&self) -> bool {
        (0..self.partitions.len()).all(|number| self.is_done(number))
    }

    /// Takes one message.
    ///
    /// # Errors
    /// When the partition cannot be read on.
    pub(super) fn take(
        &mut self,
        message: Message<'_>,
        halt: &Halt,
    ) -> Result<Arrival, KafkaError> {
        let Some(number) = self.number_of(message) else { return Ok(Arrival::Nothing) };
        match message.error() {
            None => Ok(self.take_record(number, message)),
            Some(code) => self.take_event(number, code, message, halt),
        }
    }

    /// The number of the partition a message belongs to.
    fn number_of(&mut self, message: Message<'_>) -> Option<usize> {
        let identity = (message.topic_identity(), message.partition());
        // Messages come in runs of one partition.
        if let Some((last, number)) = self.last_number
            && last == identity
        {
            return Some(number);
        }
        let number = self.find_number(message, identity)?;
        self.last_number = Some((identity, number));
        Some(number)
    }

    /// The same, looked up.
    fn find_number(&mut self, message: Message<'_>, identity: (usize, i32)) -> Option<usize> {
        if let Some(number) = self.numbers.get(&identity) {
            return Some(*number);
        }
        let topic = message.topic();
        let number = self.partitions.iter().position(|fetched| {
            let partition = &fetched.intake.read().partition;
            partition.partition == identity.1 && &*partition.topic == topic
        })?;
        self.numbers.insert(identity, number);
        Some(number)
    }

    /// Takes a record.
    fn take_record(&mut self, number: usize, message: Message<'_>) -> Arrival {
        let fetched = &mut self.partitions[number];
        fetched.at_tail = None;
        let (timestamp_ms, timestamp_type) = message.timestamp();
        let incoming = Incoming {
            offset: message.offset(),
            timestamp_ms,
            timestamp_type,
            leader_epoch: message.leader_epoch(),
            key: message.key(),
            value: message.value(),
        };
        let full = fetched.intake.record(incoming, || message.headers());
        let beyond_end = !self.follow && incoming.offset >= fetched.intake.read().end;
        if beyond_end {
            self.pause(number);
        }
        full.map_or(Arrival::Nothing, Arrival::Batch)
    }

    /// Takes a message that is no record.
    fn take_event(
        &mut self,
        number: usize,
        code: Code,
        message: Message<'_>,
        halt: &Halt,
    ) -> Result<Arrival, KafkaError> {
        let partition = self.partitions[number].intake.read().partition.clone();
        match code {
            Code::PartitionEOF => {
                let fetched = &mut self.partitions[number];
                fetched.intake.skip_to(message.offset());
                fetched.at_tail = Some(Instant::now());
                Ok(Arrival::Tail(number))
            }
            Code::AutoOffsetReset | Code::OffsetOutOfRange | Code::LogTruncation => {
                self.find_back(number, code, halt)
            }
            code if is_denial(code) => {
                Err(KafkaError::NotPermitted { asked: format!("read {partition}") })
            }
            code if is_unknown_topic(code) => {
                // The library says so also while a new leader is looked for.
                self.connection.check_topics(&[partition], LOOK_UP)?;
                Ok(Arrival::Nothing)
            }
            Code::BadMessage | Code::BadCompression | Code::NotImplemented => {
                let position = self.partitions[number].intake.read().position;
                Err(KafkaError::Other {
                    asked: format!("read {partition} at offset {position}"),
                    reason: message.error_text(),
                })
            }
            code => {
                tracing::debug!(target: "kafka", %partition, %code, "told while reading");
                Ok(Arrival::Nothing)
            }
        }
    }

    /// Finds back into a log that no longer has the offset to be read next.
    fn find_back(&mut self, number: usize, code: Code, halt: &Halt) -> Result<Arrival, KafkaError> {
        let read = self.partitions[number].intake.read();
        let (partition, position) = (read.partition.clone(), read.position);
        let asked = [partition.clone()];
        let found = self.connection.watermarks_unless(&asked, LOOK_UP, &|| halt.is_thrown());
        if halt.is_thrown() {
            return Ok(Arrival::Nothing);
        }
        let Some(marks) = found?.get(&partition).copied() else { return Ok(Arrival::Nothing) };
        if position > marks.high || code == Code::LogTruncation {
            return Err(KafkaError::Truncated { partition, position, end: marks.high });
        }
        self.pause(number);
        let lost = self.partitions[number].intake.lose_until(marks.low);
        if lost.is_empty() {
            let refused = &mut self.partitions[number].refused;
            let known = refused.filter(|(offset, _)| *offset == position);
            let (_, since) = *refused.insert(known.unwrap_or((position, Instant::now())));
            if since.elapsed() >= REFUSED_FOR {
                return Err(KafkaError::Other {
                    asked: format!("read {partition} at offset {position}"),
                    reason: format!(
                        "the broker refuses the offset although its log has {} to {}",
                        marks.low, marks.high
                    ),
                });
            }
        }
        if self.follow || !self.partitions[number].intake.has_reached_end() {
            self.resume(number)?;
        }
        Ok(if lost.is_empty() { Arrival::Nothing } else { Arrival::Lost(lost) })
    }
}

impl Drop for Fetcher {
    fn drop(&mut self) {
        for number in 0..self.partitions.len() {
            self.pause(number);
        }
    }
}

/// A batch for the messages taken at a time.
pub(super) fn message_batch() -> Messages {
    Messages::with_capacity(MESSAGES_AT_A_TIME)
}

/// The error for something the library refused to do.
fn failure(asked: &str, code: Code) -> KafkaError {
    KafkaError::Other { asked: asked.to_owned(), reason: code.to_string() }
}

/// How this read changes the settings of the connection.
pub(super) fn overrides(
    connection: &Connection,
    plan: &ReadPlan,
    ranges: &[OffsetRange],
) -> Vec<(&'static str, String)> {
    let isolation = match plan.isolation {
        Isolation::Committed => "read_committed",
        Isolation::Uncommitted => "read_uncommitted",
    };
    // Both limits are of one partition, because each is read on its own.
    let queued_kib = (QUEUED_KIB / ranges.len().max(1)).clamp(256, 65_536);
    let longest = ranges.iter().map(OffsetRange::span).max().unwrap_or(0);
    let longest = if plan.follow { u64::MAX } else { longest };
    let queued_messages =
        (QUEUED_MESSAGES / ranges.len().max(1) as u64).min(longest).clamp(100, 100_000);
    let mut overrides = vec![
        ("isolation.level", isolation.to_owned()),
        ("queued.max.messages.kbytes", queued_kib.to_string()),
        ("queued.min.messages", queued_messages.to_string()),
    ];
    if longest <= SHORT_OFFSETS {
        overrides.push(("fetch.message.max.bytes", SHORT_FETCH_BYTES.to_string()));
    }
    if connection.settings().embedded {
        // The embedded cluster holds a fetch for all of this time even when records arrive
        // meanwhile.
        overrides.push(("fetch.wait.max.ms", "50".to_owned()));
    }
    overrides
}
