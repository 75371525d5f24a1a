//! How far groups are behind: in records, in time, and behind which undecided transaction.
//!
//! Promises: lag is the end of the log minus what was committed, at any isolation level; a time is
//! the log time of the first unread record or unknown, never made up; a partition that cannot be
//! asked is listed with the reason.
//! Does not know: groups, their members.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use super::connection::{Connection, REQUEST_TIMEOUT};
use super::error::KafkaError;
use super::groups::Commits;
use super::labelled_reader::read;
use super::offsets::Watermarks;
use super::parts::read_parts;
use crate::model::{
    Cancel, Isolation, LogClock, LogTime, OffsetRange, Position, ReadEvent, ReadPlan, RecordRef,
    TopicPartition,
};

/// How many offsets before a position are read for its log time: a record may be older than those
/// before it.
const LOOK_BACK: i64 = 64;

/// How many records behind a position are looked at when none up to it says a time.
const LOOK_AHEAD: u32 = 64;

/// How many positions of one partition are looked up, those furthest behind first: each takes a
/// read of its own.
const POSITIONS_MAX: usize = 8;

/// No broker took a record before 2011, when Kafka was published: an earlier log time is not when
/// the record came, in milliseconds since the epoch.
const FIRST_KAFKA_MS: i64 = 1_293_840_000_000;

/// A place in a partition from which on somebody reads.
type Place = (TopicPartition, i64);

/// Where a consumer group stands in one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupOffset {
    /// The topic.
    pub topic: Arc<str>,
    /// The partition.
    pub partition: i32,
    /// The committed offset: the next record to read.
    pub committed: i64,
    /// The end of the log, at both isolation levels; unknown while there is no leader.
    pub end: Option<i64>,
    /// `end - committed`; negative when committed is beyond the end.
    pub lag: Option<i64>,
    /// How long the first record has been in the log that the group has not committed and is given
    /// at the isolation level in force, in milliseconds; none where there is no such record or its
    /// time is unknown.
    pub lag_ms: Option<i64>,
    /// The undecided transaction that it stands before, if it reads committed records.
    pub open_transaction: Option<OpenTransaction>,
    /// Why the end is not known.
    pub problem: Option<Arc<str>>,
}

/// An undecided transaction, behind which readers of committed records do not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenTransaction {
    /// The offset of its first record: the last stable offset.
    pub offset: i64,
    /// The log time of that record, in milliseconds since the epoch, if it is known.
    pub since_ms: Option<i64>,
}

impl GroupOffset {
    /// The next record the group reads; the last one it committed where none waits.
    pub fn next_record(&self) -> Position {
        let offset =
            if self.lag.is_none_or(|lag| lag > 0) { self.committed } else { self.committed - 1 };
        let partition = self.partition;
        Position { topic: Arc::clone(&self.topic), partition, offset: offset.max(0) }
    }
}

/// Where the partitions end in which groups have committed, and since when what they have not read
/// waits.
#[derive(Debug)]
pub struct Lags {
    /// Which records readers are given.
    isolation: Isolation,
    /// When it was asked, in milliseconds since the epoch.
    now_ms: i64,
    /// Where each partition begins and ends.
    ends: BTreeMap<TopicPartition, Watermarks>,
    /// Why that is not known of others.
    problems: BTreeMap<TopicPartition, Arc<str>>,
    /// The log time of the first record from a place on, in milliseconds.
    unread_ms: BTreeMap<Place, i64>,
    /// The log time of the first record that an undecided transaction withholds, in milliseconds.
    withheld_ms: BTreeMap<Place, i64>,
}

impl Lags {
    /// Looks at the partitions of these commits, at this time in milliseconds since the epoch.
    ///
    /// # Errors
    /// When the cluster cannot be asked, or it was called off.
    pub fn of<'a>(
        connection: &Connection,
        commits: impl IntoIterator<Item = &'a Commits>,
        isolation: Isolation,
        now_ms: i64,
        cancel: &Cancel,
    ) -> Result<Self, KafkaError> {
        let places: BTreeSet<Place> = commits
            .into_iter()
            .flatten()
            .map(|(partition, offset)| (partition.clone(), *offset))
            .collect();
        let mut lags = Self {
            isolation,
            now_ms,
            ends: BTreeMap::new(),
            problems: BTreeMap::new(),
            unread_ms: BTreeMap::new(),
            withheld_ms: BTreeMap::new(),
        };
        let partitions: BTreeSet<&TopicPartition> = places.iter().map(|(place, _)| place).collect();
        let partitions: Vec<TopicPartition> = partitions.into_iter().cloned().collect();
        lags.find_ends(connection, &partitions)?;
        let places = || places.iter().filter_map(|place| Some((place, lags.ends.get(&place.0)?)));
        let unread: BTreeSet<Place> = places()
            .filter(|((_, at), ends)| *at < ends.end(isolation))
            .map(|((partition, at), ends)| (partition.clone(), (*at).max(ends.low)))
            .collect();
        let withheld: BTreeSet<Place> = places()
            .filter(|((_, at), ends)| withholds(ends, *at))
            .map(|((partition, _), ends)| (partition.clone(), ends.last_stable))
            .collect();
        let reading = Reading { connection, ends: &lags.ends, now_ms: lags.now_ms, cancel };
        let unread_ms = reading.log_times(&unread, isolation)?;
        let withheld_ms = reading.log_times(&withheld, Isolation::Uncommitted)?;
        (lags.unread_ms, lags.withheld_ms) = (unread_ms, withheld_ms);
        Ok(lags)
    }

    /// Asks where these partitions end. Should one topic spoil the answer, such as one that was
    /// deleted, each is asked about by itself.
    fn find_ends(
        &mut self,
        connection: &Connection,
        partitions: &[TopicPartition],
    ) -> Result<(), KafkaError> {
        let spoils = |error: &KafkaError| {
            matches!(
                error,
                KafkaError::UnknownTopic { .. }
                    | KafkaError::UnknownPartition { .. }
                    | KafkaError::NotPermitted { .. }
            )
        };
        match connection.watermarks(partitions, REQUEST_TIMEOUT) {
            Ok(ends) => self.take_ends(partitions, ends),
            Err(error) if spoils(&error) && partitions.len() > 1 => {
                // By topic first; then the partitions of one topic, of which it may have fewer now.
                let same_topic = |one: &TopicPartition, other: &TopicPartition| {
                    one.topic == other.topic
                        && partitions[0].topic != partitions[partitions.len() - 1].topic
                };
                for part in partitions.chunk_by(same_topic) {
                    self.find_ends(connection, part)?;
                }
            }
            Err(error) if spoils(&error) => {
                let words: Arc<str> = error.to_string().into();
                let problems = partitions.iter().map(|one| (one.clone(), Arc::clone(&words)));
                self.problems.extend(problems);
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Takes an answer. A partition that is missing from it has no leader.
    fn take_ends(
        &mut self,
        partitions: &[TopicPartition],
        ends: BTreeMap<TopicPartition, Watermarks>,
    ) {
        for partition in partitions.iter().filter(|partition| !ends.contains_key(partition)) {
            let error = KafkaError::NoLeader { partitions: vec![partition.clone()] };
            self.problems.insert(partition.clone(), error.to_string().into());
        }
        self.ends.extend(ends);
    }

    /// Where a group stands that has committed this.
    pub fn offsets(&self, commits: &Commits) -> Arc<[GroupOffset]> {
        commits.iter().map(|(partition, at)| self.offset(partition, *at)).collect()
    }

    /// Where a group stands in a partition.
    fn offset(&self, partition: &TopicPartition, committed: i64) -> GroupOffset {
        let ends = self.ends.get(partition);
        let unread = ends.filter(|ends| committed < ends.end(self.isolation));
        let unread_ms = unread
            .and_then(|ends| self.unread_ms.get(&(partition.clone(), committed.max(ends.low))));
        let open = ends.filter(|ends| withholds(ends, committed)).map(|ends| OpenTransaction {
            offset: ends.last_stable,
            since_ms: self.withheld_ms.get(&(partition.clone(), ends.last_stable)).copied(),
        });
        GroupOffset {
            topic: Arc::clone(&partition.topic),
            partition: partition.partition,
            committed,
            end: ends.map(|ends| ends.high),
            lag: ends.map(|ends| ends.high - committed),
            lag_ms: unread_ms.map(|time_ms| self.now_ms.saturating_sub(*time_ms).max(0)),
            open_transaction: open,
            problem: self.problems.get(partition).cloned(),
        }
    }
}

/// Whether an undecided transaction withholds records from somebody who reads on from this offset.
fn withholds(ends: &Watermarks, at: i64) -> bool {
    ends.last_stable < ends.high && at <= ends.last_stable
}

/// Looking up of log times.
struct Reading<'a> {
    /// The connection.
    connection: &'a Connection,
    /// Where each partition begins and ends.
    ends: &'a BTreeMap<TopicPartition, Watermarks>,
    /// When it was asked, in milliseconds since the epoch.
    now_ms: i64,
    /// Calls it off.
    cancel: &'a Cancel,
}

impl Reading<'_> {
    /// The log time of the first record from each place on, in milliseconds, where it is known.
    fn log_times(
        &self,
        places: &BTreeSet<Place>,
        isolation: Isolation,
    ) -> Result<BTreeMap<Place, i64>, KafkaError> {
        let mut times = BTreeMap::new();
        let mut rest: Vec<&Place> = places.iter().collect();
        for _ in 0..POSITIONS_MAX {
            // Places are sorted: the next one of each partition.
            let mut later = Vec::new();
            let mut round: BTreeMap<&TopicPartition, LogTimeAt> = BTreeMap::new();
            for place in rest {
                if round.contains_key(&place.0) {
                    later.push(place);
                } else {
                    round.insert(&place.0, LogTimeAt::new(place.1, self.now_ms));
                }
            }
            if round.is_empty() {
                break;
            }
            self.read(&mut round, isolation)?;
            times.extend(round.into_iter().filter_map(|(partition, found)| {
                Some(((partition.clone(), found.at), found.time_ms?))
            }));
            rest = later;
        }
        Ok(times)
    }

    /// Reads one place of each partition. What cannot be read stays unknown.
    fn read(
        &self,
        round: &mut BTreeMap<&TopicPartition, LogTimeAt>,
        isolation: Isolation,
    ) -> Result<(), KafkaError> {
        let range = |(partition, wanted): (&&TopicPartition, &LogTimeAt)| {
            let ends = self.ends.get(*partition)?;
            let from = wanted.at.saturating_sub(LOOK_BACK).max(ends.low);
            Some(OffsetRange::new(partition, from, ends.end(isolation)))
        };
        let ranges: Vec<OffsetRange> = round.iter().filter_map(range).collect();
        let mut sink = |event: ReadEvent| {
            if let ReadEvent::Batch(batch) = event
                && let Some(wanted) = round.get_mut(batch.partition())
            {
                batch.iter().for_each(|record| wanted.see(record));
            }
            let all = round.values().all(|wanted| wanted.done);
            if all { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let outcome = match isolation {
            Isolation::Committed => {
                let plan = ReadPlan {
                    isolation,
                    values: false,
                    headers: false,
                    ..ReadPlan::new(ranges, self.now_ms)
                };
                read(self.connection, &plan, self.cancel, &mut sink)
            }
            // What became of transactions does not matter, and finding it out would take a look at
            // the whole log.
            Isolation::Uncommitted => {
                read_parts(self.connection, &ranges, self.now_ms, self.cancel, &mut sink)
            }
        };
        if self.cancel.is_cancelled() {
            return Err(KafkaError::Cancelled {
                asked: "see how far groups are behind".to_owned(),
            });
        }
        if let Err(error) = outcome {
            tracing::debug!(%error, "the first records after committed offsets cannot be read");
        }
        Ok(())
    }
}

/// The log time of the first record from a place on, while records are seen.
struct LogTimeAt {
    /// The offset of the place.
    at: i64,
    /// The clock of the partition, from a little before the place on.
    clock: LogClock,
    /// What was found, in milliseconds.
    time_ms: Option<i64>,
    /// How many records were seen from the place on that say nothing.
    timeless: u32,
    /// Whether there is nothing more to be found.
    done: bool,
}

impl LogTimeAt {
    /// Nothing was seen yet.
    fn new(at: i64, now_ms: i64) -> Self {
        Self { at, clock: LogClock::new(now_ms), time_ms: None, timeless: 0, done: false }
    }

    /// Sees the next record.
    fn see(&mut self, record: RecordRef<'_>) {
        self.see_time(record.offset(), record.timestamp_ms());
    }

    /// Sees the next record by its offset and timestamp, in milliseconds. One without a time has
    /// the log time of those before it; a first one takes that of the next that has any.
    fn see_time(&mut self, offset: i64, timestamp_ms: i64) {
        if self.done {
            return;
        }
        let known_ms = match self.clock.advance(offset, timestamp_ms) {
            LogTime::Known(time_ms) | LogTime::Implausible(time_ms) => Some(time_ms),
            LogTime::Pending => None,
        };
        if offset < self.at {
            return;
        }
        self.time_ms = known_ms.filter(|time_ms| *time_ms >= FIRST_KAFKA_MS);
        self.timeless += u32::from(self.time_ms.is_none());
        self.done = self.time_ms.is_some() || self.timeless >= LOOK_AHEAD;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: i64 = 1_800_000_000_000;

    /// The log time of the first record at or behind offset 2 of records with these timestamps.
    fn log_time_at_2(timestamps_ms: &[i64]) -> Option<i64> {
        let mut found = LogTimeAt::new(2, NOW_MS);
        for (offset, timestamp_ms) in (0..).zip(timestamps_ms) {
            found.see_time(offset, *timestamp_ms);
        }
        found.time_ms
    }

    #[test]
    fn a_record_that_waits_has_the_log_time_of_those_before_it_where_it_is_older_or_has_no_time() {
        let earlier = NOW_MS - 60_000;
        assert_eq!(log_time_at_2(&[1, earlier, NOW_MS - 5]), Some(NOW_MS - 5));
        assert_eq!(log_time_at_2(&[1, earlier, earlier - 9]), Some(earlier));
        assert_eq!(log_time_at_2(&[1, earlier, -1]), Some(earlier));
        assert_eq!(log_time_at_2(&[1, earlier, i64::MAX]), Some(earlier));
    }

    #[test]
    fn without_any_time_it_is_not_known_how_long_a_record_waits() {
        assert_eq!(log_time_at_2(&[-1, -1, -1, -1]), None, "not since 1969");
        assert_eq!(log_time_at_2(&[0, 7, 1_700_000_000]), None, "not since 1970");
        assert_eq!(log_time_at_2(&[-1, -1, i64::MAX]), None, "not since now");
    }

    #[test]
    fn a_first_record_without_a_time_takes_that_of_the_next_one_that_has_one() {
        assert_eq!(log_time_at_2(&[-1, -1, i64::MAX, NOW_MS - 3, NOW_MS]), Some(NOW_MS - 3));
    }

    /// What is known of a partition that ends here, with its last stable offset.
    fn lags(isolation: Isolation, last_stable: i64, high: i64) -> (TopicPartition, Lags) {
        let partition = TopicPartition::new("orders", 0);
        let ends = Watermarks { low: 5, high, last_stable };
        let lags = Lags {
            isolation,
            now_ms: NOW_MS,
            ends: [(partition.clone(), ends)].into(),
            problems: BTreeMap::new(),
            unread_ms: [((partition.clone(), 5), NOW_MS - 1_000)].into(),
            withheld_ms: [((partition.clone(), last_stable), NOW_MS - 500)].into(),
        };
        (partition, lags)
    }

    #[test]
    fn lag_counts_to_the_end_of_the_log_at_both_isolation_levels() {
        for isolation in [Isolation::Committed, Isolation::Uncommitted] {
            let (partition, lags) = lags(isolation, 8, 12);
            let offset = lags.offset(&partition, 8);
            assert_eq!((offset.end, offset.lag), (Some(12), Some(4)), "{isolation:?}");
            let open = OpenTransaction { offset: 8, since_ms: Some(NOW_MS - 500) };
            assert_eq!(offset.open_transaction, Some(open), "{isolation:?}");
            let beyond = lags.offset(&partition, 15);
            assert_eq!((beyond.lag, beyond.open_transaction), (Some(-3), None), "{isolation:?}");
        }
    }

    #[test]
    fn a_lag_in_time_counts_from_the_first_record_that_is_left_and_is_none_where_nothing_waits() {
        let (partition, lags) = lags(Isolation::Committed, 12, 12);
        assert_eq!(lags.offset(&partition, 2).lag_ms, Some(1_000), "the log starts at 5");
        assert_eq!(lags.offset(&partition, 12).lag_ms, None);
        assert_eq!(lags.offset(&partition, 7).lag_ms, None, "it is not known");
    }

    #[test]
    fn a_partition_without_a_leader_is_listed_with_its_commit_and_the_reason() {
        let (_, mut lags) = lags(Isolation::Committed, 12, 12);
        let other = TopicPartition::new("orders", 1);
        lags.take_ends(std::slice::from_ref(&other), BTreeMap::new());
        let offset = lags.offset(&other, 7);
        assert_eq!(
            (offset.committed, offset.end, offset.lag, offset.lag_ms),
            (7, None, None, None)
        );
        assert_eq!(offset.problem.as_deref(), Some("no leader for orders-1"));
    }
}
