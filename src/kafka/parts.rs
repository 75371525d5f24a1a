//! Reads many small parts of the log with one client: the records that somebody knows the offsets
//! of.
//!
//! Promises: each part is accounted for on its own; of each partition one part is read at a time,
//! in the order given, so that what lies between them stays where it is, but for what a fetch
//! brings along.
//! Does not know: how the offsets were found, what became of transactions: every record there is is
//! delivered, labelled as committed.

use std::collections::{BTreeMap, VecDeque};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, bounded};

use super::connection::Connection;
use super::error::KafkaError;
use super::fetch::{Arrival, Fetcher, Halt, message_batch};
use super::outcomes::Outcomes;
use super::reader::{LOOK_UP, Sink, partitions, topic_names};
use super::trouble::Pulse;
use super::watch::{Look, watch};
use crate::model::{
    Cancel, Isolation, OffsetRange, PartitionRead, ReadEvent, ReadOutcome, ReadPlan, TopicPartition,
};

/// How long one wait for messages lasts.
const WAIT: Duration = Duration::from_millis(50);

/// Reads these parts, those of a partition in ascending order, and hands the records to the sink.
///
/// The outcome has an account for each part, sorted. Parts that were not begun when it was stopped
/// are accounted for as not read.
///
/// # Errors
/// As of `read`.
pub fn read_parts(
    connection: &Connection,
    parts: &[OffsetRange],
    started_ms: i64,
    cancel: &Cancel,
    sink: &mut dyn FnMut(ReadEvent) -> ControlFlow<()>,
) -> Result<ReadOutcome, KafkaError> {
    let mut coming: BTreeMap<TopicPartition, VecDeque<OffsetRange>> = BTreeMap::new();
    for part in parts.iter().filter(|part| !part.is_empty()) {
        let partition = TopicPartition::new(Arc::clone(&part.topic), part.partition);
        coming.entry(partition).or_default().push_back(part.clone());
    }
    let first: Vec<OffsetRange> =
        coming.values_mut().filter_map(|parts| parts.pop_front()).collect();
    if first.is_empty() {
        return Ok(ReadOutcome::default());
    }
    connection.check_topics(&partitions(&first), LOOK_UP)?;
    let plan = ReadPlan { isolation: Isolation::Uncommitted, ..ReadPlan::new(first, started_ms) };
    let fetcher = Fetcher::start(connection, &plan, &plan.ranges, &Outcomes::default(), false)?;
    let halt = Halt { cancel: cancel.clone(), ended: Cancel::new() };
    let topics = topic_names(&plan.ranges);
    let (watching, ended) = bounded::<()>(0);
    let (changes, changed) = bounded(1);
    thread::scope(|scope| {
        let watcher = || {
            watch(connection, &topics, &halt, &ended, |look| {
                if let Look::Changed(error) = look
                    && changes.try_send(error).is_err()
                {
                    tracing::trace!(target: "kafka", "a change was told before");
                }
            });
        };
        let named = thread::Builder::new().name("kafka-watch".to_owned());
        if let Err(error) = named.spawn_scoped(scope, watcher) {
            let asked = "start a watching thread".to_owned();
            return Err(KafkaError::Other { asked, reason: error.to_string() });
        }
        let coming = coming.into_values().collect();
        let reading = Reading { plan: &plan, fetcher, coming, read: Vec::new(), halt: &halt, sink };
        let outcome = reading.run(&changed);
        halt.ended.cancel();
        drop(watching);
        outcome
    })
}

/// Parts being read.
struct Reading<'a, 's> {
    /// How all of them are read.
    plan: &'a ReadPlan,
    /// The client, with one part of each partition.
    fetcher: Fetcher,
    /// The parts of each partition that come next.
    coming: Vec<VecDeque<OffsetRange>>,
    /// The accounts of those that were read.
    read: Vec<PartitionRead>,
    /// Stops it.
    halt: &'a Halt,
    /// Who is given the records.
    sink: &'a mut Sink<'s>,
}

impl Reading<'_, '_> {
    /// Reads until everything is there, it is called off or a topic changes.
    fn run(mut self, changed: &Receiver<KafkaError>) -> Result<ReadOutcome, KafkaError> {
        let mut messages = message_batch();
        let mut pulse = Pulse::new();
        let mut going_on = vec![true; self.fetcher.len()];
        while going_on.contains(&true) && !self.halt.is_thrown() {
            if let Ok(error) = changed.try_recv() {
                return Err(error);
            }
            self.fetcher.client().serve(Duration::ZERO);
            self.fetcher.queue(0).wait(WAIT, &mut messages);
            if messages.len() > 0 {
                if pulse.note_arrival() {
                    self.tell(ReadEvent::Recovered);
                }
            } else if let Some(standstill) = pulse.note_silence(&self.fetcher)? {
                self.tell(ReadEvent::Trouble(standstill.text));
            }
            for message in messages.iter() {
                match self.fetcher.take(message, self.halt)? {
                    Arrival::Nothing | Arrival::Tail(_) => {}
                    Arrival::Batch(batch) => self.tell(ReadEvent::Batch(batch)),
                    Arrival::Lost(range) => self.tell(ReadEvent::Lost(range)),
                }
            }
            for (number, going_on) in going_on.iter_mut().enumerate() {
                if *going_on && self.fetcher.is_done(number) {
                    *going_on = self.begin_next(number)?;
                }
            }
        }
        // The client goes with the fetcher, and waits for messages that somebody still holds.
        drop(messages);
        Ok(self.finish(&going_on))
    }

    /// Begins the next part of a partition. Says whether there is one.
    fn begin_next(&mut self, number: usize) -> Result<bool, KafkaError> {
        self.end(number);
        let Some(next) = self.coming[number].pop_front() else { return Ok(false) };
        self.fetcher.go_on_with(number, &next, self.plan)?;
        Ok(true)
    }

    /// Ends the part of a partition that is being read.
    fn end(&mut self, number: usize) {
        while let Some(batch) = self.fetcher.intake(number).seal_all() {
            self.tell(ReadEvent::Batch(batch));
        }
        self.read.push(self.fetcher.intake(number).read().clone());
    }

    /// Tells the sink, which may have enough.
    fn tell(&mut self, event: ReadEvent) {
        if !self.halt.ended.is_cancelled() && (self.sink)(event).is_break() {
            self.halt.ended.cancel();
        }
    }

    /// The accounts of all parts. Of the partitions in which reading goes on, those that remain
    /// were not read.
    fn finish(mut self, going_on: &[bool]) -> ReadOutcome {
        for number in (0..going_on.len()).filter(|number| going_on[*number]) {
            self.end(number);
        }
        let rest = self.coming.iter().flatten().map(PartitionRead::starting);
        let mut partitions: Vec<PartitionRead> = self.read.drain(..).chain(rest).collect();
        partitions
            .sort_by(|one, other| (&one.partition, one.from).cmp(&(&other.partition, other.from)));
        let stopped = partitions.iter().any(|read| !read.is_done());
        ReadOutcome { partitions, from_cache: 0, stopped }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::testing::{NOW_MS, PATIENCE, cluster, connect, write_numbered};

    /// What is read of some parts of `orders`, with the accounts.
    fn read(connection: &Connection, parts: &[OffsetRange]) -> (Vec<(i32, i64)>, ReadOutcome) {
        let mut seen = Vec::new();
        let outcome = read_parts(connection, parts, NOW_MS, &Cancel::new(), &mut |event| {
            if let ReadEvent::Batch(batch) = event {
                let partition = batch.partition().partition;
                seen.extend(batch.offsets().iter().map(|offset| (partition, *offset)));
            }
            ControlFlow::Continue(())
        });
        seen.sort_unstable();
        (seen, outcome.unwrap())
    }

    fn part(partition: i32, from: i64, to: i64) -> OffsetRange {
        OffsetRange::new(&TopicPartition::new("orders", partition), from, to)
    }

    #[test]
    fn scattered_parts_of_several_partitions_are_read_and_nothing_else() {
        let cluster = cluster("orders", 2);
        write_numbered(&cluster, "orders", 0, 5_000);
        let connection = connect(&cluster);
        let last = connection
            .watermarks(&[TopicPartition::new("orders", 1)], PATIENCE)
            .unwrap()
            .values()
            .map(|marks| marks.high - 1)
            .sum();
        let parts = [
            part(0, 3, 5),
            part(1, 0, 1),
            part(0, 700, 701),
            part(1, last, last + 1),
            part(0, 900, 903),
            part(0, 950, 950),
        ];
        let (seen, outcome) = read(&connection, &parts);
        let expected = [(0, 3), (0, 4), (0, 700), (0, 900), (0, 901), (0, 902), (1, 0), (1, last)];
        assert_eq!(seen, expected);
        let read: Vec<(i64, i64)> =
            outcome.partitions.iter().map(|read| (read.from, read.position)).collect();
        assert_eq!(read, [(3, 5), (700, 701), (900, 903), (0, 1), (last, last + 1)]);
        assert!(!outcome.stopped && outcome.records() == 8);
    }

    #[test]
    fn a_sink_that_has_enough_ends_it_with_an_honest_account() {
        let cluster = cluster("orders", 1);
        write_numbered(&cluster, "orders", 0, 1_000);
        let parts = [part(0, 1, 2), part(0, 500, 501)];
        let outcome = read_parts(&connect(&cluster), &parts, NOW_MS, &Cancel::new(), &mut |_| {
            ControlFlow::Break(())
        });
        let outcome = outcome.unwrap();
        assert!(outcome.stopped);
        assert_eq!(
            outcome.partitions.last().map(|read| (read.from, read.position)),
            Some((500, 500))
        );
    }
}
