//! Compares what is kept with the log, before anything is answered from it.
//!
//! Promises: what disagrees with the log is forgotten, and no more than that; what a leader lost is
//! remembered; a record is asked for at its own offset, so that comparing costs one answer of each
//! broker.
//! Does not know: what is read or served afterwards.
//!
//! Where brokers give topics ids, another topic of the same name has a folder of its own, and the
//! term of the leader who wrote a record tells two logs apart (KIP-101). Without ids the record
//! itself is compared.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{CachedLog, lock};
use crate::kafka::Watermarks;
use crate::model::{Cancel, Isolation, OffsetRange, ReadEvent, ReadPlan, TopicPartition};
use crate::partition_log::cache::{
    CacheError, GoneFrom, SegmentEntry, SegmentFile, TopicCache, Wanted,
};
use crate::partition_log::source::SourceError;

/// For so long a comparison is believed.
pub(super) const COMPARED_FOR: Duration = Duration::from_secs(30);

/// What of a record tells it from another one of the same offset: its timestamp in milliseconds,
/// and its key.
type Content = (i64, Option<Vec<u8>>);

/// A record that is kept, and ought to be in the log.
#[derive(Clone, Debug)]
struct KnownRecord {
    /// The partition.
    partition: TopicPartition,
    /// The offset.
    offset: i64,
    /// Whether its transaction was aborted.
    aborted: bool,
    /// The term of the leader that wrote it, where that is known.
    epoch: Option<i32>,
    /// What it says, where nothing else tells a topic from another one of the same name.
    content: Option<Content>,
}

/// In what the log differs from what is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Difference {
    /// Another leader wrote the record there: the one before lost its log.
    OtherLeader,
    /// Another record is there, or none any more: compaction has been there, or it is another
    /// topic.
    OtherRecord,
}

impl CachedLog {
    /// Forgets what no longer agrees with the log. Without the right to write it is forgotten in
    /// this process alone.
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
            self.mend(topic, partition.partition)?;
            let lost = |entry: &SegmentEntry| entry.to > marks.high;
            self.forget_lost(topic, partition.partition, &lost)?;
            let gone = |entry: &SegmentEntry| entry.to <= marks.low;
            self.forget(topic, partition.partition, &gone, GoneFrom::Log)?;
        }
        if is_recent {
            return Ok(());
        }
        let mut before: BTreeMap<TopicPartition, i64> = BTreeMap::new();
        loop {
            let asked = self.last_records(topic, marks)?;
            for record in &asked {
                let last = before.insert(record.partition.clone(), record.offset);
                if last.is_some_and(|last| record.offset > last) {
                    // Another process fills it at the same time with what was just forgotten.
                    return Err(CacheError::no_progress(topic.folder()).into());
                }
            }
            let mut differing = self.differing(&asked, false, started_ms, cancel)?;
            differing.append(&mut self.differing(&asked, true, started_ms, cancel)?);
            if cancel.is_cancelled() {
                return Ok(());
            }
            if differing.is_empty() {
                lock(&self.compared).insert(Arc::clone(name), Instant::now());
                return Ok(());
            }
            for (record, difference) in differing {
                let wrong = |entry: &SegmentEntry| entry.to > record.offset;
                let number = record.partition.partition;
                match difference {
                    Difference::OtherLeader => self.forget_lost(topic, number, &wrong)?,
                    Difference::OtherRecord => {
                        self.forget(topic, number, &wrong, GoneFrom::Log)?;
                    }
                }
                assert!(
                    !topic.partition(number)?.files().iter().any(|file| wrong(file.entry())),
                    "what differs from the log is used no longer"
                );
            }
        }
    }

    /// Clears away what cannot be read of a partition at all, so that it can be kept anew.
    fn mend(&self, topic: &Arc<TopicCache>, number: i32) -> Result<(), CacheError> {
        let Err(problem @ CacheError::Damaged { .. }) = topic.partition(number) else {
            return Ok(());
        };
        self.note(&problem);
        match topic.write_lock()? {
            Some(right) => topic.forget(number, &right, (&|_entry| false, GoneFrom::Log)),
            None => Err(problem),
        }
    }

    /// The last record that is kept of each partition.
    fn last_records(
        &self,
        topic: &Arc<TopicCache>,
        marks: &BTreeMap<TopicPartition, Watermarks>,
    ) -> Result<Vec<KnownRecord>, SourceError> {
        let mut known = Vec::new();
        for (partition, marks) in marks {
            let kept = topic.partition(partition.partition)?;
            let last =
                kept.files().iter().rev().find_map(|file| Some((file, file.entry().last_record?)));
            let Some((file, (offset, aborted))) = last.filter(|(_, last)| last.0 >= marks.low)
            else {
                continue;
            };
            let mut content = None;
            if topic.identity().topic_id.is_none() {
                match last_content(file) {
                    Ok(found) => content = found,
                    Err(problem) => {
                        let range = OffsetRange::new(partition, i64::MIN, i64::MAX);
                        self.forget_segment(&range, file.entry(), &problem)?;
                        continue;
                    }
                }
            }
            let epoch = kept.leader_epoch_at(offset);
            if epoch.is_some() || content.is_some() {
                let partition = partition.clone();
                known.push(KnownRecord { partition, offset, aborted, epoch, content });
            }
        }
        Ok(known)
    }

    /// Those of the records, aborted or not, in whose place the log has another one, or none any
    /// more: then another log may have taken over, or compaction has been there. Either way what is
    /// kept is read again.
    fn differing(
        &self,
        known: &[KnownRecord],
        aborted: bool,
        started_ms: i64,
        cancel: &Cancel,
    ) -> Result<Vec<(KnownRecord, Difference)>, SourceError> {
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
        let mut contents: BTreeMap<TopicPartition, Content> = BTreeMap::new();
        let found = self.source.read(&plan, cancel, &mut |event| {
            if let ReadEvent::Batch(batch) = event {
                for record in batch.iter() {
                    let content = (record.timestamp_ms(), record.key().map(<[u8]>::to_vec));
                    contents.insert(record.partition().clone(), content);
                }
            }
            ControlFlow::Continue(())
        })?;
        let difference = |record: &KnownRecord| {
            let read = found.partitions.iter().find(|read| read.partition == record.partition)?;
            let epoch = read.leader_epochs.first().map(|found| found.epoch);
            if !read.is_done() {
                return None;
            }
            if epoch.is_some() && record.epoch.is_some() && epoch != record.epoch {
                return Some(Difference::OtherLeader);
            }
            let content = contents.get(&record.partition);
            let is_other = record.content.is_some() && content != record.content.as_ref();
            (read.records == 0 || is_other).then_some(Difference::OtherRecord)
        };
        let differing =
            asked.into_iter().filter_map(|record| Some((record.clone(), difference(record)?)));
        Ok(differing.collect())
    }

    /// Forgets segments of a partition that the log no longer has because its leader lost them, and
    /// remembers that.
    fn forget_lost(
        &self,
        topic: &Arc<TopicCache>,
        number: i32,
        lost: &dyn Fn(&SegmentEntry) -> bool,
    ) -> Result<(), CacheError> {
        // Without an id it may as well be another topic of the same name, which lost nothing.
        if topic.identity().topic_id.is_some() {
            topic.note_truncation(number, lost)?;
        }
        self.forget(topic, number, lost, GoneFrom::Log)
    }

    /// Forgets segments of a partition, because of this.
    pub(super) fn forget(
        &self,
        topic: &Arc<TopicCache>,
        number: i32,
        gone: &dyn Fn(&SegmentEntry) -> bool,
        from: GoneFrom,
    ) -> Result<(), CacheError> {
        let kept = topic.partition(number)?;
        if !kept.files().iter().any(|file| gone(file.entry())) {
            return Ok(());
        }
        match topic.write_lock() {
            Ok(Some(right)) => topic.forget(number, &right, (gone, from)),
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

    /// The parts of these partitions of which what is kept knows that a leader lost them.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn truncations(
        &self,
        partitions: &[TopicPartition],
    ) -> Result<BTreeMap<TopicPartition, Vec<OffsetRange>>, SourceError> {
        let mut found = BTreeMap::new();
        for partition in partitions {
            let Some(topic) = self.topic(&partition.topic)? else { continue };
            let Ok(kept) = topic.partition(partition.partition) else { continue };
            let lost: Vec<OffsetRange> =
                kept.truncated().map(|(from, to)| OffsetRange::new(partition, from, to)).collect();
            if !lost.is_empty() {
                found.insert(partition.clone(), lost);
            }
        }
        Ok(found)
    }
}

/// What the last record of a segment says.
fn last_content(file: &SegmentFile) -> Result<Option<Content>, CacheError> {
    let Some(batch) = file.batches()?.last() else { return Ok(None) };
    let columns = file.columns(batch, Wanted::Keys)?;
    let last = columns.len().checked_sub(1);
    Ok(last.map(|row| (columns.timestamp_ms(row), columns.key(row).map(<[u8]>::to_vec))))
}
