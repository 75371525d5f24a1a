//! What is kept on disk of one topic.
//!
//! Promises: one process writes at a time, and others read meanwhile; a damaged manifest costs its
//! partition, nothing else; what a later version wrote is left alone; what this process overlooks
//! it never sees again, and it is forgotten as soon as this process may write.
//! Does not know: the cluster.

use std::collections::BTreeMap;
use std::fs::TryLockError;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use fs_err::File;

use super::checked_file;
use super::error::CacheError;
use super::manifest::SegmentEntry;
use super::partition_cache::{GoneFrom, PartitionCache};
use super::topic_identity::{TOPIC_FILE, TopicIdentity};
use super::truncation::Truncation;
use crate::model::{TopicPartition, may_take_long};
use crate::partition_log::private_files;

/// The file that the writer locks.
pub(super) const LOCK_FILE: &str = "lock";

/// The file of what was decided of the topic.
const DECIDED_FILE: &str = "decided.json";

/// The file that says how large a segment was for which there was no room, in bytes.
const FULL_FILE: &str = "full";

/// What is known of one partition.
#[derive(Debug, Default)]
struct KnownPartition {
    /// What is kept, as far as it was looked at.
    kept: Option<PartitionCache>,
    /// Segments that are not to be used, and that this process could not forget yet.
    overlooked: Vec<SegmentEntry>,
    /// What leaders lost, and that this process could not write down yet.
    lost: Vec<Truncation>,
}

impl KnownPartition {
    /// Takes over what is kept, without what is overlooked.
    fn take(&mut self, mut kept: PartitionCache) -> PartitionCache {
        kept.overlook(|entry| !self.overlooked.contains(entry));
        kept.remember_here(&self.lost);
        self.kept = Some(kept.clone());
        kept
    }
}

/// What is kept of one topic.
#[derive(Debug)]
pub(crate) struct TopicCache {
    /// Where its folders are.
    folder: PathBuf,
    /// Which topic it is.
    identity: TopicIdentity,
    /// The partitions that were looked at.
    partitions: Mutex<BTreeMap<i32, KnownPartition>>,
}

/// The right to write. It ends with its value, and with the process.
#[derive(Debug)]
pub(crate) struct WriteLock {
    /// The locked file.
    _file: File,
}

impl TopicCache {
    /// What is kept of this topic in a folder of the cache. Nothing need be there.
    pub(super) fn new(root: &Path, identity: TopicIdentity) -> Self {
        let folder = root.join(identity.folder());
        Self { folder, identity, partitions: Mutex::default() }
    }

    /// The topic in this folder; `None` when nothing is kept in it. Where the file that tells the
    /// topic cannot be read, the folder's name stands for it, and the problem is told beside.
    pub(super) fn open(folder: PathBuf) -> Option<(Self, Option<CacheError>)> {
        let (identity, problem) = match TopicIdentity::read(&folder) {
            Ok(Some(identity)) => (identity, None),
            Ok(None) if partition_numbers(&folder).is_empty() => return None,
            Ok(None) => {
                let problem = CacheError::damaged(&folder.join(TOPIC_FILE), "it is missing");
                (TopicIdentity::of_folder(&folder), Some(problem))
            }
            Err(problem) => (TopicIdentity::of_folder(&folder), Some(problem)),
        };
        Some((Self { folder, identity, partitions: Mutex::default() }, problem))
    }

    /// Which topic it is.
    pub(crate) fn identity(&self) -> &TopicIdentity {
        &self.identity
    }

    /// Where its folders are.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// When it was used last.
    pub(super) fn used(&self) -> std::time::SystemTime {
        let metadata = fs_err::metadata(self.folder.join(TOPIC_FILE));
        metadata.and_then(|metadata| metadata.modified()).unwrap_or(std::time::UNIX_EPOCH)
    }

    /// Notes that it is used now, and mends the file that tells the topic if it is damaged. Where
    /// that cannot be written, it is no loss.
    #[expect(
        clippy::disallowed_methods,
        reason = "the time of a file is compared with those of others alone"
    )]
    pub(crate) fn touch(&self) {
        let touched = File::options()
            .append(true)
            .open(self.folder.join(TOPIC_FILE))
            .and_then(|file| file.file().set_modified(std::time::SystemTime::now()));
        if let Err(error) = touched {
            tracing::debug!(target: "cache", %error, "the time of use is not noted");
        }
        if TopicIdentity::read(&self.folder).is_err()
            && let Err(problem) = self.write_lock()
        {
            tracing::debug!(target: "cache", %problem, "the file of a topic stays damaged");
        }
    }

    /// The partitions known so far. A thread that panicked left each of them whole.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<i32, KnownPartition>> {
        self.partitions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is kept of a partition.
    ///
    /// # Errors
    /// When its manifest cannot be read.
    pub(crate) fn partition(&self, number: i32) -> Result<PartitionCache, CacheError> {
        let known = self.lock().get(&number).and_then(|known| known.kept.clone());
        known.map_or_else(|| self.look_again(number), Ok)
    }

    /// What is kept of a partition, read anew: another process may have written.
    ///
    /// # Errors
    /// When its manifest cannot be read.
    pub(crate) fn look_again(&self, number: i32) -> Result<PartitionCache, CacheError> {
        let opened = PartitionCache::open(self.folder.join(number.to_string()))?;
        Ok(self.put(number, opened))
    }

    /// Replaces what is known of a partition after it was written. Says what is to be used of it.
    pub(super) fn put(&self, number: i32, partition: PartitionCache) -> PartitionCache {
        self.lock().entry(number).or_default().take(partition)
    }

    /// Forgets what was read of manifests: another process may have written.
    pub(crate) fn refresh(&self) {
        self.lock().values_mut().for_each(|known| known.kept = None);
    }

    /// The numbers of the partitions that have a folder, ascending.
    pub(super) fn partition_numbers(&self) -> Vec<i32> {
        partition_numbers(&self.folder)
    }

    /// The right to write; `None` while another process has it.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub(crate) fn write_lock(&self) -> Result<Option<WriteLock>, CacheError> {
        let right = self.lock_alone()?;
        if right.is_some() && TopicIdentity::read(&self.folder).ok().flatten().is_none() {
            self.identity.write(&self.folder)?;
        }
        Ok(right)
    }

    /// The right to write, also to remove what nobody can name; `None` while another process has
    /// it.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub(super) fn lock_alone(&self) -> Result<Option<WriteLock>, CacheError> {
        private_files::create_folder(&self.folder).map_err(CacheError::io(&self.folder))?;
        let path = self.folder.join(LOCK_FILE);
        let file = private_files::options().append(true).open(&path);
        let file = file.map_err(CacheError::io(&path))?;
        match file.file().try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(CacheError::io(&path)(error)),
        }
        self.refresh();
        Ok(Some(WriteLock { _file: file }))
    }

    /// A partition to be written. What is damaged of it is cleared away; what a later version wrote
    /// is not.
    ///
    /// # Errors
    /// When its folder cannot be written, or belongs to a later version.
    pub(super) fn partition_to_write(
        &self,
        number: i32,
        _right: &WriteLock,
    ) -> Result<PartitionCache, CacheError> {
        let folder = self.folder.join(number.to_string());
        let mut partition = match PartitionCache::open(folder.clone()) {
            Err(CacheError::Damaged { .. }) => {
                fs_err::remove_dir_all(&folder).map_err(CacheError::io(&folder))?;
                PartitionCache::open(folder)?
            }
            opened => opened?,
        };
        partition.tidy()?;
        let KnownPartition { overlooked, lost, .. } =
            self.lock().get_mut(&number).map(std::mem::take).unwrap_or_default();
        partition.retain(|entry| !overlooked.contains(entry), GoneFrom::Log)?;
        partition.remember(lost)?;
        assert!(
            !overlooked.iter().any(|entry| partition.keeps(entry)),
            "what was overlooked is forgotten before anything is written"
        );
        Ok(self.put(number, partition))
    }

    /// Notes that a leader no longer has these segments. It is written down with what is written
    /// next.
    ///
    /// # Errors
    /// When its manifest cannot be read.
    pub(crate) fn note_truncation(
        &self,
        number: i32,
        lost: &dyn Fn(&SegmentEntry) -> bool,
    ) -> Result<(), CacheError> {
        let mut kept = self.partition(number)?;
        let Some(truncation) = kept.truncation(lost) else { return Ok(()) };
        let truncation = [truncation];
        kept.remember_here(&truncation);
        let mut partitions = self.lock();
        let known = partitions.entry(number).or_default();
        known.lost.extend(truncation);
        known.kept = Some(kept);
        Ok(())
    }

    /// Why segments are forgotten, as far as it is certain. Without an id the next topic of the
    /// same name may take over what is noted of them.
    pub(super) fn certainly(&self, gone: GoneFrom) -> GoneFrom {
        if self.identity.topic_id.is_some() { gone } else { GoneFrom::Log }
    }

    /// Forgets segments of a partition, because of this.
    ///
    /// # Errors
    /// When the partition cannot be written.
    pub(crate) fn forget(
        &self,
        number: i32,
        right: &WriteLock,
        (gone, from): (&dyn Fn(&SegmentEntry) -> bool, GoneFrom),
    ) -> Result<(), CacheError> {
        let mut partition = self.partition_to_write(number, right)?;
        partition.retain(|entry| !gone(entry), self.certainly(from))?;
        self.put(number, partition);
        Ok(())
    }

    /// Overlooks segments of a partition in this process, because another one writes.
    pub(crate) fn overlook(&self, number: i32, gone: &dyn Fn(&SegmentEntry) -> bool) {
        let mut partitions = self.lock();
        let known = partitions.entry(number).or_default();
        if let Some(mut kept) = known.kept.take() {
            let entries = kept.files().iter().map(|file| file.entry());
            known.overlooked.extend(entries.filter(|entry| gone(entry)).cloned());
            kept.overlook(|entry| !gone(entry));
            known.kept = Some(kept);
        }
    }

    /// What was decided of the topic, in bytes that mean nothing here; `None` where nothing was.
    ///
    /// # Errors
    /// When it cannot be read, or is damaged.
    pub(crate) fn decided(&self) -> Result<Option<Vec<u8>>, CacheError> {
        checked_file::read(&self.folder.join(DECIDED_FILE))
    }

    /// Keeps what was decided of the topic. What was decided before stays, unless it is damaged or
    /// it is decided anew. Says what is kept now. It needs no right to write segments, and no room
    /// that counts.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn decide(&self, decided: &[u8], anew: bool) -> Result<Vec<u8>, CacheError> {
        if TopicIdentity::read(&self.folder).ok().flatten().is_none() {
            // Whoever has the right has written which topic it is.
            self.write_lock()?;
        }
        let path = self.folder.join(DECIDED_FILE);
        if !anew {
            if checked_file::create(&path, decided)? {
                return Ok(decided.to_owned());
            }
            match self.decided() {
                Ok(Some(before)) => return Ok(before),
                Ok(None) | Err(CacheError::Damaged { .. }) => {}
                Err(problem) => return Err(problem),
            }
        }
        checked_file::replace(&path, decided)?;
        Ok(decided.to_owned())
    }

    /// Removes what was decided of the topic where it is damaged. Says what was wrong with it.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub(super) fn forget_damaged_decision(
        &self,
        _right: &WriteLock,
    ) -> Result<Option<CacheError>, CacheError> {
        let Err(problem) = self.decided() else { return Ok(None) };
        let path = self.folder.join(DECIDED_FILE);
        fs_err::remove_file(&path).map_err(CacheError::io(&path))?;
        Ok(Some(problem))
    }

    /// What is kept, in bytes on disk.
    pub(crate) fn disk_bytes(&self) -> u64 {
        let partitions = self.partition_numbers().into_iter();
        partitions
            .filter_map(|number| self.partition(number).ok())
            .map(|kept| kept.disk_bytes())
            .sum()
    }

    /// Notes that a segment of this size, in bytes, was written in vain: there was no room for it.
    /// Where that cannot be noted, the next question tries again.
    pub(super) fn note_full(&self, needed_bytes: u64) {
        let path = self.folder.join(FULL_FILE);
        if let Err(error) = private_files::write(&path, needed_bytes.to_string()) {
            tracing::debug!(target: "cache", %error, "that there is no room is not noted");
        }
    }

    /// The size, in bytes, of a segment that was written in vain, if there was one.
    pub(super) fn needed_bytes(&self) -> Option<u64> {
        may_take_long("reading the index");
        fs_err::read_to_string(self.folder.join(FULL_FILE)).ok()?.parse().ok()
    }

    /// The partition of this number of the topic.
    pub(super) fn topic_partition(&self, number: i32) -> TopicPartition {
        TopicPartition::new(self.identity.topic.as_str(), number)
    }
}

/// The numbers of the partitions that have a folder in this one, ascending.
fn partition_numbers(folder: &Path) -> Vec<i32> {
    let Ok(entries) = fs_err::read_dir(folder) else { return Vec::new() };
    let number = |entry: fs_err::DirEntry| entry.file_name().to_str()?.parse().ok();
    let mut numbers: Vec<i32> = entries.flatten().filter_map(number).collect();
    numbers.sort_unstable();
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_writes_at_a_time() {
        let root = tempfile::tempdir().unwrap();
        let identity = TopicIdentity {
            cluster_id: "c".into(),
            topic_id: Some("t".into()),
            topic: "orders".into(),
        };
        let one = TopicCache::new(root.path(), identity.clone());
        let other = TopicCache::new(root.path(), identity.clone());
        let right = one.write_lock().unwrap();
        assert!(right.is_some());
        assert!(other.write_lock().unwrap().is_none());
        drop(right);
        assert!(other.write_lock().unwrap().is_some());
        let (opened, problem) = TopicCache::open(one.folder().to_owned()).unwrap();
        assert!(problem.is_none());
        assert_eq!(opened.identity(), &identity);
    }
}
