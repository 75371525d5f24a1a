//! Reads through the product: plans, records, a read that runs beside the test.
//!
//! Promises: what is collected is owned, so that a test can compare it after the read has ended.
//! Does not know: who wrote the records.

use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use foldback::kafka::{Connection, KafkaError, Settings, read};
use foldback::model::{
    Cancel, Isolation, OffsetRange, ReadEvent, ReadOutcome, ReadPlan, TopicPartition, Transaction,
};

use super::kafka::{Kafka, REQUEST_LIMIT};

/// One record as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    /// The partition.
    pub(crate) partition: i32,
    /// The offset.
    pub(crate) offset: i64,
    /// The key.
    pub(crate) key: Option<Vec<u8>>,
    /// The value.
    pub(crate) value: Option<Vec<u8>>,
    /// What became of its transaction.
    pub(crate) transaction: Transaction,
}

/// A connection to this cluster.
pub(crate) fn connect(kafka: &Kafka) -> Connection {
    let settings = Settings::from_brokers(kafka.brokers()).expect("the cluster has an address");
    Connection::open(&settings).expect("the settings are accepted")
}

/// A plan for what a topic holds now, as far as this isolation delivers it.
pub(crate) fn plan(connection: &Connection, topic: &str, isolation: Isolation) -> ReadPlan {
    let facts = connection.topic(topic, REQUEST_LIMIT).expect("the topic exists");
    let partitions: Vec<_> =
        facts.partitions.iter().map(|one| TopicPartition::new(topic, one.partition)).collect();
    let marks = connection.watermarks(&partitions, REQUEST_LIMIT).expect("its offsets are known");
    let ranges = marks
        .iter()
        .map(|(partition, marks)| OffsetRange::new(partition, marks.low, marks.end(isolation)));
    ReadPlan { isolation, ..ReadPlan::new(ranges.collect(), i64::MAX / 2) }
}

/// The records in an event.
pub(crate) fn records(event: &ReadEvent) -> Vec<Seen> {
    let ReadEvent::Batch(batch) = event else { return Vec::new() };
    let seen = batch.iter().map(|record| Seen {
        partition: record.partition().partition,
        offset: record.offset(),
        key: record.key().map(<[u8]>::to_vec),
        value: record.value().map(<[u8]>::to_vec),
        transaction: record.transaction(),
    });
    seen.collect()
}

/// Reads to the end; the records by partition and offset.
pub(crate) fn read_all(connection: &Connection, plan: &ReadPlan) -> (Vec<Seen>, ReadOutcome) {
    let mut seen = Vec::new();
    let outcome = read(connection, plan, &Cancel::new(), &mut |event| {
        seen.extend(records(&event));
        ControlFlow::Continue(())
    });
    seen.sort_by_key(|record| (record.partition, record.offset));
    (seen, outcome.expect("the read ends"))
}

/// A read that runs beside the test.
pub(crate) struct Running {
    /// What it says.
    events: Receiver<ReadEvent>,
    /// Ends it.
    cancel: Cancel,
    /// Where it runs.
    thread: JoinHandle<Result<ReadOutcome, KafkaError>>,
}

impl Running {
    /// Starts to read.
    pub(crate) fn start(connection: &Connection, plan: &ReadPlan) -> Self {
        let (sender, events) = sync_channel(100_000);
        let (connection, plan, cancel) = (connection.clone(), plan.clone(), Cancel::new());
        let switch = cancel.clone();
        let run = move || {
            read(&connection, &plan, &switch, &mut |event| match sender.send(event) {
                Ok(()) => ControlFlow::Continue(()),
                Err(_) => ControlFlow::Break(()),
            })
        };
        let thread = thread::Builder::new()
            .name("test-read".to_owned())
            .spawn(run)
            .expect("a thread starts");
        Self { events, cancel, thread }
    }

    /// Waits for an event; the records that came before it.
    pub(crate) fn wait_for(
        &self,
        limit: Duration,
        is_it: impl Fn(&ReadEvent) -> bool,
    ) -> Vec<Seen> {
        let deadline = Instant::now() + limit;
        let mut seen = Vec::new();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let event = self.events.recv_timeout(left).expect("the event comes in time");
            seen.extend(records(&event));
            if is_it(&event) {
                return seen;
            }
        }
    }

    /// Waits until this many records have come.
    pub(crate) fn wait_for_records(&self, limit: Duration, count: usize) -> Vec<Seen> {
        let deadline = Instant::now() + limit;
        let mut seen = Vec::new();
        while seen.len() < count {
            let left = deadline.saturating_duration_since(Instant::now());
            let event = self.events.recv_timeout(left).expect("the records come in time");
            seen.extend(records(&event));
        }
        seen
    }

    /// Calls the read off; what it found.
    pub(crate) fn cancel(self) -> ReadOutcome {
        self.cancel.cancel();
        self.end().expect("a read that is called off is no failure")
    }

    /// Waits for the read to end by itself.
    pub(crate) fn end(self) -> Result<ReadOutcome, KafkaError> {
        self.thread.join().expect("the read does not panic")
    }
}
