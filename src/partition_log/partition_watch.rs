//! Following topics whose partitions change: those that get a leader are read from then on, and so
//! are those that are added.
//!
//! Promises: what cannot be read at first is told at once, and told again when it is read; no
//! record is handed on twice because another partition joined; a topic that was created anew
//! meanwhile is not taken for the one before; being called off takes effect at once.
//! Does not know: what is read.
//!
//! A read has the partitions it began with. When others can be read, it is stopped and goes on
//! where it stood, together with them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};

use super::cached_log::LogNews;
use crate::kafka::{Connection, KafkaError, REQUEST_TIMEOUT};
use crate::model::{Cancel, ReadEvent, TopicPartition};

/// How often it is looked whether other partitions can be read.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// How long one look may take, and with it the end of a read.
const LOOK_WITHIN: Duration = Duration::from_millis(500);

/// How long a wait goes on before it is looked whether the read was called off.
const SLICE: Duration = Duration::from_millis(50);

/// The ids of topics, where brokers have ids.
type TopicIds = BTreeMap<Arc<str>, Arc<str>>;

/// The partitions that somebody who follows wants to read.
#[derive(Clone, Debug)]
pub(crate) struct PartitionWatch<'a> {
    /// The connection.
    connection: &'a Connection,
    /// The topics.
    topics: &'a [Arc<str>],
    /// Their partitions; all when empty.
    only: &'a [i32],
    /// The topics' ids.
    ids: TopicIds,
}

/// Whether a follower has everything up to now: before that it is not stopped for the sake of
/// others.
#[derive(Debug, Default)]
pub(crate) struct CaughtUp(AtomicBool);

impl CaughtUp {
    /// Hears what a read says.
    pub(crate) fn hear(&self, event: &ReadEvent) {
        if matches!(event, ReadEvent::CaughtUp) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    /// Hears news of a read.
    pub(crate) fn hear_news(&self, news: &LogNews) {
        if let LogNews::Read(event) = news {
            self.hear(event);
        }
    }
}

/// Stops a read whose watch panics: whoever waits for the read is told then.
struct StopsOnPanic<'c>(&'c Cancel);

impl Drop for StopsOnPanic<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.cancel();
        }
    }
}

impl<'a> PartitionWatch<'a> {
    /// Looks for partitions of these topics; only those with these numbers unless there are none.
    pub(crate) fn new(connection: &'a Connection, topics: &'a [Arc<str>], only: &'a [i32]) -> Self {
        let mut watch = Self { connection, topics, only, ids: TopicIds::new() };
        watch.ids = watch.ids_now().unwrap_or_default();
        watch
    }

    /// Runs a read of these partitions, which ends when it is called off by the switch that it is
    /// given. That is also done when others can be read: then those come with what the read
    /// returned.
    ///
    /// # Errors
    /// When a topic was deleted and created again, or no thread can be started.
    pub(crate) fn during<T>(
        &self,
        reading: &BTreeSet<TopicPartition>,
        cancel: &Cancel,
        read: impl FnOnce(&Cancel, &CaughtUp) -> T,
    ) -> Result<(T, Vec<TopicPartition>), KafkaError> {
        let (stop, caught_up) = (Cancel::new(), CaughtUp::default());
        let (reads, ended) = bounded::<()>(0);
        thread::scope(|scope| {
            let watch = || {
                let _stopped = StopsOnPanic(&stop);
                self.watch(reading, cancel, &stop, &caught_up, &ended)
            };
            let named = thread::Builder::new().name("partition-watch".to_owned());
            let watching = named.spawn_scoped(scope, watch).map_err(|error| {
                let asked = "start the thread that looks for partitions".to_owned();
                KafkaError::Other { asked, reason: error.to_string() }
            })?;
            let read = read(&stop, &caught_up);
            drop(reads);
            let joined = watching.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            Ok((read, joined?))
        })
    }

    /// Looks until the read has ended, it is called off, or others than these can be read.
    fn watch(
        &self,
        reading: &BTreeSet<TopicPartition>,
        cancel: &Cancel,
        stop: &Cancel,
        caught_up: &CaughtUp,
        ended: &Receiver<()>,
    ) -> Result<Vec<TopicPartition>, KafkaError> {
        let mut looked = Instant::now();
        while ended.recv_timeout(SLICE) == Err(RecvTimeoutError::Timeout) {
            if cancel.is_cancelled() {
                stop.cancel();
                return Ok(Vec::new());
            }
            if looked.elapsed() < LOOK_EVERY || !caught_up.0.load(Ordering::Relaxed) {
                continue;
            }
            // A look that fails tells nothing; the reader itself tells of troubles.
            let mut joined = self.readable().unwrap_or_default();
            joined.retain(|partition| !reading.contains(partition));
            if !joined.is_empty() {
                stop.cancel();
                return self.check_ids().map(|()| joined);
            }
            looked = Instant::now();
        }
        Ok(Vec::new())
    }

    /// The topics' ids as they are now.
    fn ids_now(&self) -> Result<TopicIds, KafkaError> {
        let names: Vec<&str> = self.topics.iter().map(|topic| &**topic).collect();
        self.connection.topic_ids(&names, REQUEST_TIMEOUT)
    }

    /// Makes sure that the topics are the ones they were: the offsets of others mean other records.
    fn check_ids(&self) -> Result<(), KafkaError> {
        let now = self.ids_now().unwrap_or_default();
        let other =
            |(topic, id): &(&Arc<str>, &Arc<str>)| now.get(*topic).is_some_and(|now| now != *id);
        self.ids.iter().find(other).map_or(Ok(()), |(topic, _)| {
            Err(KafkaError::TopicRecreated { topic: topic.to_string() })
        })
    }

    /// The partitions that have a leader now.
    fn readable(&self) -> Result<Vec<TopicPartition>, KafkaError> {
        let mut readable = Vec::new();
        for topic in self.topics {
            let facts = self.connection.topic(topic, LOOK_WITHIN)?;
            let led = facts.partitions.iter().filter(|known| {
                known.leader.is_some()
                    && (self.only.is_empty() || self.only.contains(&known.partition))
            });
            readable
                .extend(led.map(|known| TopicPartition::new(Arc::clone(topic), known.partition)));
        }
        Ok(readable)
    }
}
