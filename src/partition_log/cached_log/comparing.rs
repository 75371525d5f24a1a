//! Compares what is kept with the log, before anything is answered from it.
//!
//! Promises: what disagrees with the log is forgotten, and no more than that; a record is asked for at its own offset, so
//! that comparing costs one answer of each broker.
//! Does not know: what is read or served afterwards.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{CachedLog, lock};
use crate::kafka::Watermarks;
use crate::model::{Cancel, Isolation, OffsetRange, ReadPlan, TopicPartition};
use crate::partition_log::cache::{CacheError, SegmentEntry, TopicCache};
use crate::partition_log::source::SourceError;

/// For so long a comparison is believed.
const COMPARED_FOR: Duration = Duration::from_secs(30);

/// A record that is kept, and ought to be in the log.
#[derive(Clone, Debug)]
struct KnownRecord {
    /// The partition.
    partition: TopicPartition,
    /// The offset.
    offset: i64,
    /// Whether its transaction was aborted.
    aborted: bool,
    /// The term of the leader that wrote it.
    epoch: i32,
}

impl CachedLog {
    /// Forgets what no longer agrees with the log. Without the right to write it is forgotten in this process alone.
    pub(super) fn compare(
        &self,
        topic: &Arc<TopicCache>,
        name: &Arc<str>,
        marks: &BTreeMap<TopicPartition, Watermarks>,
        started_ms: i64,
        cancel: &Cancel,
    ) -> Result<(), SourceError> {
        let recently = |at: &Instant| at.elapsed() < COMPARED_FOR;
        let is_recent = lock(&self.compared).get(name).is_some_and(recently);
        if !is_recent {
            // Another process may have written since.
            topic.refresh();
        }
        for (partition, marks) in marks {
            let gone = |entry: &SegmentEntry| entry.to <= marks.low || entry.to > marks.high;
            self.forget(topic, partition.partition, &gone)?;
        }
        if is_recent {
            return Ok(());
        }
        loop {
            let mut asked = Vec::new();
            for (partition, marks) in marks {
                let kept = topic.partition(partition.partition)?;
                let last = kept.files().iter().rev().find_map(|file| file.entry().last_record);
                let Some((offset, aborted)) = last else { continue };
                if let Some(epoch) = kept.leader_epoch_at(offset).filter(|_| offset >= marks.low) {
                    asked.push(KnownRecord {
                        partition: partition.clone(),
                        offset,
                        aborted,
                        epoch,
                    });
                }
            }
            let mut diverged = self.diverged(&asked, false, started_ms, cancel)?;
            diverged.append(&mut self.diverged(&asked, true, started_ms, cancel)?);
            if cancel.is_cancelled() {
                return Ok(());
            }
            if diverged.is_empty() {
                lock(&self.compared).insert(Arc::clone(name), Instant::now());
                return Ok(());
            }
            for record in diverged {
                let wrong = |entry: &SegmentEntry| entry.to > record.offset;
                self.forget(topic, record.partition.partition, &wrong)?;
            }
        }
    }

    /// Those of the records, aborted or not, in whose place the log has one of another leader epoch, or none any more: then
    /// another log may have taken over, or compaction has been there. Either way what is kept is read again.
    fn diverged(
        &self,
        known: &[KnownRecord],
        aborted: bool,
        started_ms: i64,
        cancel: &Cancel,
    ) -> Result<Vec<KnownRecord>, SourceError> {
        let asked: Vec<&KnownRecord> =
            known.iter().filter(|record| record.aborted == aborted).collect();
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        let range = |record: &&KnownRecord| {
            OffsetRange::new(&record.partition, record.offset, record.offset + 1)
        };
        let plan = ReadPlan {
            isolation: if aborted { Isolation::Uncommitted } else { Isolation::Committed },
            values: false,
            headers: false,
            ..ReadPlan::new(asked.iter().map(range).collect(), started_ms)
        };
        let found = self.source.read(&plan, cancel, &mut |_event| ControlFlow::Continue(()))?;
        let differs = |record: &&KnownRecord| {
            let read = found.partitions.iter().find(|read| read.partition == record.partition);
            read.is_some_and(|read| {
                let epoch = read.leader_epochs.first().map(|found| found.epoch);
                read.is_done()
                    && epoch != Some(record.epoch)
                    && (epoch.is_some() || read.records == 0)
            })
        };
        Ok(asked.into_iter().filter(differs).cloned().collect())
    }

    /// Forgets segments of a partition.
    pub(super) fn forget(
        &self,
        topic: &Arc<TopicCache>,
        number: i32,
        gone: &dyn Fn(&SegmentEntry) -> bool,
    ) -> Result<(), CacheError> {
        let kept = topic.partition(number)?;
        if !kept.files().iter().any(|file| gone(file.entry())) {
            return Ok(());
        }
        match topic.write_lock() {
            Ok(Some(right)) => topic.forget(number, &right, gone),
            Ok(None) => {
                topic.overlook(number, gone);
                Ok(())
            }
            Err(problem) => {
                self.note(&problem);
                topic.overlook(number, gone);
                Ok(())
            }
        }
    }
}
