//! The command side: takes a request, asks the aggregate, publishes the event.
//!
//! Promises: what an aggregate is comes from the log alone. Before every decision the command side
//! reads what was published since the last one, so it decides about the newest state; a request
//! that names a version is refused when the aggregate has another one by then. An accepted request
//! is answered when the broker has the event.
//! Does not know: read models, windows.
//!
//! Kafka has no conditional append: between reading the end and publishing, somebody else could
//! publish. This is sound as long as one command side writes a topic, which is why the demo writes
//! only to topics that it created.

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use super::account::{Account, AccountRefusal};
use super::aggregate::{Aggregate, DomainEvent as _, Recorded};
use super::order::{Order, OrderRefusal};
use super::publication::{Origin, Publication};
use super::request::{Request, Wish};
use crate::kafka::{Connection, KafkaError, Writer, read};
use crate::model::{
    Cancel, OffsetRange, Position, Random, ReadEvent, ReadPlan, RecordRef, TopicPartition,
};
use crate::workspace::ORDER_EVENTS;

/// How long the broker may take for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// A request that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The type of the event it led to.
    pub event_type: &'static str,
    /// The aggregate's version after it.
    pub version: u64,
    /// Where the event stands.
    pub position: Position,
}

/// Why a request led to nothing.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The order says no.
    #[error(transparent)]
    Order(#[from] OrderRefusal),
    /// The account says no.
    #[error(transparent)]
    Account(#[from] AccountRefusal),
    /// Somebody was faster.
    #[error("{entity} is at version {found}, not {expected}: somebody changed it meanwhile")]
    VersionConflict {
        /// The aggregate.
        entity: String,
        /// The version the sender looked at.
        expected: u64,
        /// The version it has.
        found: u64,
    },
    /// The log could not be read.
    #[error("cannot read the log up to its end")]
    Read(#[source] KafkaError),
    /// The event could not be published.
    #[error("cannot publish the event")]
    Publish(#[source] KafkaError),
}

impl CommandError {
    /// What the sender can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::VersionConflict { .. } => Some("look at it again and decide anew"),
            Self::Read(error) | Self::Publish(error) => error.hint(),
            Self::Order(_) | Self::Account(_) => None,
        }
    }
}

/// All aggregates of one kind, as the log tells them.
#[derive(Debug)]
struct Aggregates<A>(HashMap<String, A>);

impl<A: Aggregate> Aggregates<A> {
    /// Takes in a record of the aggregates' topic. What is no event of theirs changes nothing.
    fn take_in(&mut self, record: RecordRef<'_>) {
        let key = record.key().and_then(|key| std::str::from_utf8(key).ok());
        let event = record.value().and_then(|value| Recorded::<A::Event>::from_json(value).ok());
        if let (Some(key), Some(recorded)) = (key, event) {
            self.0.entry(key.to_owned()).or_default().evolve(&recorded.event);
        } else {
            tracing::warn!(position = %record.position(), "passed over: no event of ours");
        }
    }

    /// The event that a command leads to now, with the version after it.
    fn decide(
        &self,
        entity: &str,
        expected_version: Option<u64>,
        command: &A::Command,
        now_ms: i64,
    ) -> Result<Recorded<A::Event>, CommandError>
    where
        CommandError: From<A::Refusal>,
    {
        let unknown = A::default();
        let state = self.0.get(entity).unwrap_or(&unknown);
        let found = state.version();
        if let Some(expected) = expected_version.filter(|expected| *expected != found) {
            let entity = entity.to_owned();
            return Err(CommandError::VersionConflict { entity, expected, found });
        }
        let event = state.decide(entity, command)?;
        Ok(Recorded { version: found + 1, occurred_ms: now_ms, event })
    }
}

/// The command side of the shop and the bank.
#[derive(Debug)]
pub struct CommandSide {
    /// Reads the log.
    connection: Connection,
    /// Publishes events.
    writer: Arc<Writer>,
    /// The next offset to read, by partition.
    next: BTreeMap<TopicPartition, i64>,
    /// The orders.
    orders: Aggregates<Order>,
    /// The accounts.
    accounts: Aggregates<Account>,
    /// Names events and requests.
    random: Random,
}

impl CommandSide {
    /// A command side that knows nothing yet; its first request makes it read the log from the
    /// start.
    pub fn new(
        connection: Connection,
        writer: Arc<Writer>,
        partitions: &[TopicPartition],
        random: Random,
    ) -> Self {
        let next = partitions.iter().map(|partition| (partition.clone(), 0)).collect();
        let (orders, accounts) = (Aggregates(HashMap::new()), Aggregates(HashMap::new()));
        Self { connection, writer, next, orders, accounts, random }
    }

    /// An order, as far as the log was read.
    pub fn order(&self, id: &str) -> Option<&Order> {
        self.orders.0.get(id)
    }

    /// Reads what was published since the last time.
    ///
    /// # Errors
    /// When the broker does not let it read up to the end.
    pub fn catch_up(&mut self, now_ms: i64) -> Result<(), KafkaError> {
        let partitions: Vec<TopicPartition> = self.next.keys().cloned().collect();
        let ends = self.connection.watermarks(&partitions, PATIENCE)?;
        let mut ranges = Vec::new();
        for (partition, from) in &self.next {
            let end = ends.get(partition).map_or(*from, |watermarks| watermarks.high);
            if end > *from {
                let TopicPartition { topic, partition } = partition.clone();
                ranges.push(OffsetRange { topic, partition, from: *from, to: end });
            }
        }
        if ranges.is_empty() {
            return Ok(());
        }
        let plan = ReadPlan { headers: false, ..ReadPlan::new(ranges, now_ms) };
        let Self { orders, accounts, .. } = self;
        let outcome = read(&self.connection, &plan, &Cancel::new(), &mut |event| {
            if let ReadEvent::Batch(batch) = event {
                for record in batch.iter() {
                    match &*record.partition().topic {
                        ORDER_EVENTS => orders.take_in(record),
                        _ => accounts.take_in(record),
                    }
                }
            }
            ControlFlow::Continue(())
        })?;
        let positions = outcome.partitions.into_iter().map(|read| (read.partition, read.position));
        self.next.extend(positions);
        Ok(())
    }

    /// Decides about a request and publishes the event it leads to.
    ///
    /// # Errors
    /// The refusal of the aggregate, a version that is not the expected one, or the broker's
    /// trouble.
    pub fn handle(
        &mut self,
        request: &Request,
        user: &str,
        now_ms: i64,
    ) -> Result<Accepted, CommandError> {
        self.catch_up(now_ms).map_err(CommandError::Read)?;
        let Request { entity, wish, expected_version } = request;
        let origin = Origin {
            event_id: self.random.id(),
            correlation_id: self.random.id(),
            causation_id: self.random.id(),
            user: user.to_owned(),
        };
        let (publication, event_type, version) = match wish {
            Wish::Order(command) => {
                let recorded = self.orders.decide(entity, *expected_version, command, now_ms)?;
                let (event_type, version) = (recorded.event.event_type(), recorded.version);
                (Publication::of::<Order>(entity, &recorded, origin), event_type, version)
            }
            Wish::Account(command) => {
                let recorded = self.accounts.decide(entity, *expected_version, command, now_ms)?;
                let (event_type, version) = (recorded.event.event_type(), recorded.version);
                (Publication::of::<Account>(entity, &recorded, origin), event_type, version)
            }
        };
        let written = publication.with_record(|record| self.writer.write(record, PATIENCE));
        let position = written.map_err(CommandError::Publish)?;
        Ok(Accepted { event_type, version, position })
    }
}
