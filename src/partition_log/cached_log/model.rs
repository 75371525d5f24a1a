//! A model of a log that changes in every way a log can, also while it is read.
//!
//! Promises: it delivers by the rules alone, without any code of the index; reading without an end
//! is a failure.
//! Does not know: files, brokers.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crate::kafka::Watermarks;
use crate::model::{
    Cancel, Isolation, LeaderEpoch, LogTime, OffsetRange, PartitionRead, ReadEvent, ReadOutcome,
    ReadPlan, RecordBatch, RecordBatchBuilder, RecordFacts, RecordRef, TimestampType,
    TopicPartition, Transaction,
};
use crate::partition_log::cache::TopicIdentity;
use crate::partition_log::source::{LogSource, SourceError};
use crate::partition_log::{LogBounds, LogStore};

/// When every read of the model begins, in milliseconds.
pub(super) const NOW_MS: i64 = 1_000_000;

/// A record of the model.
#[derive(Clone, Debug)]
pub(super) struct ModelRecord {
    pub(super) offset: i64,
    pub(super) timestamp_ms: i64,
    pub(super) key: Option<u8>,
    pub(super) tombstone: bool,
    pub(super) aborted: bool,
    pub(super) epoch: i32,
}

/// A partition of the model.
#[derive(Clone, Debug, Default)]
pub(super) struct ModelPartition {
    pub(super) records: Vec<ModelRecord>,
    pub(super) low: i64,
    pub(super) high: i64,
    pub(super) open_from: Option<i64>,
    pub(super) epoch: i32,
    /// When the next read of it has delivered a record with an offset from the first on, the log
    /// start rises to the second.
    pub(super) rises: Option<(i64, i64)>,
}

impl ModelPartition {
    /// Deletes everything before an offset.
    pub(super) fn delete_to(&mut self, low: i64) {
        self.low = low;
        self.records.retain(|record| record.offset >= low);
    }
}

/// The model of a log, which can be changed while it is being read from.
#[derive(Clone, Default)]
pub(super) struct Model(
    pub(super) Arc<Mutex<Vec<ModelPartition>>>,
    /// How many reads there were since somebody set it back.
    pub(super) Arc<AtomicUsize>,
    /// The topic's id; none as of brokers without ids.
    pub(super) Arc<Mutex<Option<String>>>,
);

/// More reads than any question needs: one that needs more would never end.
pub(super) const ENDLESS_READS: usize = 60;

impl Model {
    pub(super) fn partitions() -> [TopicPartition; 2] {
        [TopicPartition::new("t", 0), TopicPartition::new("t", 1)]
    }

    pub(super) fn watermarks(&self) -> BTreeMap<TopicPartition, Watermarks> {
        let partitions = self.0.lock().unwrap();
        let marks = |partition: &ModelPartition| Watermarks {
            low: partition.low,
            high: partition.high,
            last_stable: partition.open_from.unwrap_or(partition.high),
        };
        Self::partitions().into_iter().zip(partitions.iter().map(marks)).collect()
    }

    /// What a plain reader is given of a range, in the rules of log time, with the account.
    fn deliver(&self, range: &OffsetRange, plan: &ReadPlan) -> (RecordBatch, PartitionRead) {
        let partitions = self.0.lock().unwrap();
        let partition = &partitions[usize::try_from(range.partition).unwrap()];
        let name = range.topic_partition();
        let mut account = PartitionRead::starting(range);
        let mut builder = RecordBatchBuilder::new(name.clone());
        let mut clock = plan.clock_of(&name);
        if partition.low > range.from {
            account.position = partition.low.min(range.to);
            account.lost.push(OffsetRange::new(&name, range.from, account.position));
        }
        let wanted = |record: &&ModelRecord| {
            (account.position..range.to).contains(&record.offset)
                && (plan.isolation == Isolation::Uncommitted || !record.aborted)
        };
        let delivered: Vec<ModelRecord> =
            partition.records.iter().filter(wanted).cloned().collect();
        let judging = plan.judging(&name);
        for (index, record) in delivered.iter().enumerate() {
            if record.offset > account.position {
                account.gaps.push(OffsetRange::new(&name, account.position, record.offset));
            }
            account.position = record.offset + 1;
            if account.leader_epochs.last().is_none_or(|last| last.epoch != record.epoch) {
                account
                    .leader_epochs
                    .push(LeaderEpoch { from: record.offset, epoch: record.epoch });
            }
            let log_time = clock.advance(record.offset, record.timestamp_ms);
            let next_plausible =
                delivered[index..].iter().find(|it| judging.believes(it.offset, it.timestamp_ms));
            let log_time_ms = match log_time {
                LogTime::Known(ms) | LogTime::Implausible(ms) => ms,
                LogTime::Pending => {
                    next_plausible.map_or(plan.started_ms, |next| next.timestamp_ms)
                }
            };
            let open = partition.open_from.is_some_and(|from| record.offset >= from);
            let facts = RecordFacts {
                offset: record.offset,
                timestamp_ms: record.timestamp_ms,
                log_time_ms,
                timestamp_type: TimestampType::CreateTime,
                transaction: match (open, record.aborted) {
                    (true, _) => Transaction::Open,
                    (false, true) => Transaction::Aborted,
                    (false, false) => Transaction::Committed,
                },
                implausible_time: !matches!(log_time, LogTime::Known(_)),
            };
            let key = record.key.map(|key| vec![b'k'; usize::from(key)]);
            let value = format!("{}-{}", record.offset, record.epoch);
            let value = (!record.tombstone).then_some(value.as_bytes());
            account.records += 1;
            account.bytes +=
                (key.as_ref().map_or(0, Vec::len) + value.map_or(0, <[u8]>::len)) as u64;
            account.first_timestamp_ms.get_or_insert(record.timestamp_ms);
            if plan.keys.takes(key.as_deref()) {
                builder.push(facts, key.as_deref(), value, []);
            }
        }
        let end = range.to.min(partition.high).max(range.from);
        if end > account.position {
            account.gaps.push(OffsetRange::new(&name, account.position, end));
            account.position = end;
        }
        account.last_log_time_ms = clock.latest_ms();
        (builder.finish(), account)
    }

    /// The same, while the log start may rise.
    fn deliver_while_it_rises(
        &self,
        range: &OffsetRange,
        plan: &ReadPlan,
    ) -> (Vec<RecordBatch>, PartitionRead) {
        let number = usize::try_from(range.partition).unwrap();
        let rises = self.0.lock().unwrap()[number].rises;
        let rises = rises.filter(|(at, _)| (range.from..range.to).contains(at));
        let Some((at, low)) = rises else {
            let (batch, account) = self.deliver(range, plan);
            return (vec![batch], account);
        };
        let first = OffsetRange { to: at + 1, ..range.clone() };
        let (before, account) = self.deliver(&first, plan);
        {
            let partition = &mut self.0.lock().unwrap()[number];
            partition.delete_to(low.max(partition.low));
            partition.rises = None;
        }
        let rest = OffsetRange { from: account.position, ..range.clone() };
        let mut log_times = plan.log_times.as_deref().cloned().unwrap_or_default();
        log_times.extend(account.last_log_time_ms.map(|ms| (account.partition.clone(), ms)));
        let plan = ReadPlan { log_times: Some(Arc::new(log_times)), ..plan.clone() };
        let (after, rest) = self.deliver(&rest, &plan);
        (vec![before, after], account.followed_by(rest))
    }
}

impl LogSource for Model {
    fn bounds(
        &self,
        _partitions: &[TopicPartition],
    ) -> Result<BTreeMap<TopicPartition, Watermarks>, SourceError> {
        Ok(self.watermarks())
    }

    fn identity(&self, topic: &str) -> Result<Option<TopicIdentity>, SourceError> {
        let (cluster_id, topic_id) = ("c".to_owned(), self.2.lock().unwrap().clone());
        Ok(Some(TopicIdentity { cluster_id, topic_id, topic: topic.to_owned() }))
    }

    fn read(
        &self,
        plan: &ReadPlan,
        _cancel: &Cancel,
        sink: &mut dyn FnMut(ReadEvent) -> ControlFlow<()>,
    ) -> Result<ReadOutcome, SourceError> {
        let reads = self.1.fetch_add(1, Ordering::Relaxed);
        assert!(reads < ENDLESS_READS, "reading goes on without an end");
        let mut outcome = ReadOutcome::default();
        let marks = self.watermarks();
        for range in &plan.ranges {
            // A follower is done when it has caught up.
            let to = if plan.follow {
                marks[&range.topic_partition()].end(plan.isolation)
            } else {
                range.to
            };
            let range = OffsetRange { to, ..range.clone() };
            let (batches, account) = self.deliver_while_it_rises(&range, plan);
            let mut lost = account.lost.clone().into_iter().peekable();
            outcome.partitions.push(account);
            // What a follower is given comes in small pieces.
            let size = if plan.follow { 3 } else { usize::MAX };
            for batch in batches {
                let mut rest = batch;
                let starts = rest.offsets().first().copied().unwrap_or(i64::MAX);
                while let Some(lost) = lost.next_if(|lost| lost.from < starts) {
                    let _told = sink(ReadEvent::Lost(lost));
                }
                while let Some(first) = rest.offsets().first().copied() {
                    let next = rest.offsets().get(size).copied();
                    let mut piece = RecordBatchBuilder::new(rest.partition().clone());
                    for record in rest.iter().take(size) {
                        piece.push(record.facts(), record.key(), record.value(), record.headers());
                    }
                    rest = rest.from_offset(next.unwrap_or(i64::MAX).max(first + 1));
                    if sink(ReadEvent::Batch(piece.finish())).is_break() {
                        outcome.stopped = true;
                        return Ok(outcome);
                    }
                }
            }
            for lost in lost {
                let _told = sink(ReadEvent::Lost(lost));
            }
        }
        Ok(outcome)
    }

    fn read_in_log_order(
        &self,
        plan: &ReadPlan,
        cancel: &Cancel,
        sink: &mut dyn FnMut(RecordRef<'_>) -> ControlFlow<()>,
        _events: &mut dyn FnMut(ReadEvent),
    ) -> Result<ReadOutcome, SourceError> {
        let mut store = LogStore::new(u64::MAX);
        let outcome = self.read(plan, cancel, &mut |event| {
            if let ReadEvent::Batch(batch) = event {
                store.append(batch).unwrap();
            }
            ControlFlow::Continue(())
        })?;
        let snapshot = store.snapshot();
        let mut records = snapshot.in_log_order(&LogBounds::default());
        let _stopped = records.any(|(_, record)| sink(record.get()).is_break());
        Ok(outcome)
    }
}

/// Writes records to a partition of the model.
pub(super) fn write(
    partition: &mut ModelPartition,
    records: &[(i64, i64, Option<u8>, bool, bool)],
) {
    for (step, timestamp_ms, key, tombstone, aborted) in records {
        partition.records.push(ModelRecord {
            offset: partition.high + step,
            timestamp_ms: *timestamp_ms,
            key: *key,
            tombstone: *tombstone,
            aborted: *aborted && partition.open_from.is_none(),
            epoch: partition.epoch,
        });
        partition.high += step + 1;
    }
}

/// An offset at this share, in 256ths, of a span.
pub(super) fn share_of(from: i64, to: i64, share: u8) -> i64 {
    from + (to - from) * i64::from(share) / 256
}
