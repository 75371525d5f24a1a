//! Following topics whose partitions change: those that get a leader are read from then on, and so are those that are
//! added.
//!
//! Promises: what cannot be read at first is told at once, and told again when it is read; no record is handed on twice
//! because another partition joined; being called off takes effect at once.
//! Does not know: topics that are created anew, which end a read with an error that says so.
//!
//! A read has the partitions it began with. When others can be read, it is stopped and goes on where it stood, together
//! with them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};

use super::Failure;
use crate::kafka::{Connection, KafkaError};
use crate::model::{Cancel, ReadEvent, TopicPartition};

/// How often it is looked whether other partitions can be read.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// How long one look may take, and with it the end of a read.
const LOOK_WITHIN: Duration = Duration::from_millis(500);

/// How long a wait goes on before it is looked whether the read was called off.
const SLICE: Duration = Duration::from_millis(50);

/// The partitions that somebody who follows wants to read.
#[derive(Clone, Copy, Debug)]
pub(super) struct PartitionWatch<'a> {
    /// The connection.
    pub(super) connection: &'a Connection,
    /// The topics.
    pub(super) topics: &'a [Arc<str>],
    /// Their partitions; all when empty.
    pub(super) only: &'a [i32],
}

/// Whether a follower has everything up to now: before that it is not stopped for the sake of others.
#[derive(Debug, Default)]
pub(super) struct CaughtUp(AtomicBool);

impl CaughtUp {
    /// Hears what a read says.
    pub(super) fn hear(&self, event: &ReadEvent) {
        if matches!(event, ReadEvent::CaughtUp) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
}

impl PartitionWatch<'_> {
    /// Runs a read of these partitions, which ends when it is called off by the switch that it is given. That is also
    /// done when others can be read: then those come with what the read returned.
    ///
    /// # Errors
    /// When no thread can be started.
    pub(super) fn during<T>(
        &self,
        reading: &BTreeSet<TopicPartition>,
        cancel: &Cancel,
        read: impl FnOnce(&Cancel, &CaughtUp) -> T,
    ) -> Result<(T, Vec<TopicPartition>), Failure> {
        let (stop, caught_up) = (Cancel::new(), CaughtUp::default());
        let (reads, ended) = bounded::<()>(0);
        thread::scope(|scope| {
            let watch = || self.watch(reading, cancel, &stop, &caught_up, &ended);
            let named = thread::Builder::new().name("partition-watch".to_owned());
            let watching = named.spawn_scoped(scope, watch).map_err(|error| {
                let asked = "start the thread that looks for partitions".to_owned();
                Failure::from(KafkaError::Other { asked, reason: error.to_string() })
            })?;
            let read = read(&stop, &caught_up);
            drop(reads);
            let joined = watching.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            Ok((read, joined))
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
    ) -> Vec<TopicPartition> {
        let mut looked = Instant::now();
        while ended.recv_timeout(SLICE) == Err(RecvTimeoutError::Timeout) {
            if cancel.is_cancelled() {
                stop.cancel();
                return Vec::new();
            }
            if looked.elapsed() < LOOK_EVERY || !caught_up.0.load(Ordering::Relaxed) {
                continue;
            }
            // A look that fails tells nothing; the reader itself tells of troubles.
            let mut joined = self.readable().unwrap_or_default();
            joined.retain(|partition| !reading.contains(partition));
            if !joined.is_empty() {
                stop.cancel();
                return joined;
            }
            looked = Instant::now();
        }
        Vec::new()
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
