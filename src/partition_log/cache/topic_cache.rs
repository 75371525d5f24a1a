//! What is kept on disk of one topic.
//!
//! Promises: one process writes at a time, and others read meanwhile; a damaged manifest costs its partition, nothing
//! else; what a later version wrote is left alone.
//! Does not know: the cluster.

use std::collections::BTreeMap;
use std::fs::TryLockError;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use fs_err::File;

use serde::{Deserialize, Serialize};

use super::error::CacheError;
use super::manifest::SegmentEntry;
use super::partition_cache::PartitionCache;
use crate::model::TopicPartition;
use crate::partition_log::private_files;

/// The file that tells which topic it is. Its time of change says when the topic was used last.
const TOPIC_FILE: &str = "topic.json";

/// The file that the writer locks.
const LOCK_FILE: &str = "lock";

/// Which topic of which cluster. A topic created anew under the same name has another id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TopicIdentity {
    /// The cluster's id.
    pub cluster_id: String,
    /// The topic's id; none where brokers have no ids.
    pub topic_id: Option<String>,
    /// The topic's name.
    pub topic: String,
}

impl TopicIdentity {
    /// Where the topic is kept below the folder of the cache.
    pub(super) fn folder(&self) -> PathBuf {
        let topic = match &self.topic_id {
            Some(id) => format!("id-{}", file_name(id)),
            None => format!("name-{}", file_name(&self.topic)),
        };
        Path::new(&file_name(&self.cluster_id)).join(topic)
    }
}

/// A text as the name of a file: what could be special in it becomes two hexadecimal digits.
fn file_name(text: &str) -> String {
    let byte = |byte: u8| {
        if byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_' {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02x}")
        }
    };
    text.bytes().map(byte).collect()
}

/// What is kept of one topic.
#[derive(Debug)]
pub(crate) struct TopicCache {
    /// Where its folders are.
    folder: PathBuf,
    /// Which topic it is.
    identity: TopicIdentity,
    /// The partitions that were looked at.
    partitions: Mutex<BTreeMap<i32, PartitionCache>>,
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

    /// The topic in this folder; `None` when it is not one.
    pub(super) fn open(folder: PathBuf) -> Option<Self> {
        let text = fs_err::read(folder.join(TOPIC_FILE)).ok()?;
        let identity = serde_json::from_slice(&text).ok()?;
        Some(Self { folder, identity, partitions: Mutex::default() })
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

    /// Notes that it is used now. Where that cannot be written, it is no loss.
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
    }

    /// The partitions known so far. A thread that panicked left each of them whole.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<i32, PartitionCache>> {
        self.partitions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is kept of a partition.
    ///
    /// # Errors
    /// When its manifest cannot be read.
    pub(crate) fn partition(&self, number: i32) -> Result<PartitionCache, CacheError> {
        if let Some(known) = self.lock().get(&number) {
            return Ok(known.clone());
        }
        let opened = PartitionCache::open(self.folder.join(number.to_string()))?;
        self.lock().insert(number, opened.clone());
        Ok(opened)
    }

    /// Replaces what is known of a partition after it was written.
    pub(super) fn put(&self, number: i32, partition: PartitionCache) {
        self.lock().insert(number, partition);
    }

    /// Forgets what was read of manifests: another process may have written.
    pub(crate) fn refresh(&self) {
        self.lock().clear();
    }

    /// The numbers of the partitions that have a folder, ascending.
    pub(super) fn partition_numbers(&self) -> Vec<i32> {
        let Ok(entries) = fs_err::read_dir(&self.folder) else { return Vec::new() };
        let number = |entry: fs_err::DirEntry| entry.file_name().to_str()?.parse().ok();
        let mut numbers: Vec<i32> = entries.flatten().filter_map(number).collect();
        numbers.sort_unstable();
        numbers
    }

    /// The right to write; `None` while another process has it.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub(crate) fn write_lock(&self) -> Result<Option<WriteLock>, CacheError> {
        private_files::create_folder(&self.folder).map_err(CacheError::io(&self.folder))?;
        let path = self.folder.join(LOCK_FILE);
        let file = private_files::options().append(true).open(&path);
        let file = file.map_err(CacheError::io(&path))?;
        match file.file().try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(CacheError::io(&path)(error)),
        }
        let path = self.folder.join(TOPIC_FILE);
        if !path.exists() {
            let text = serde_json::to_vec(&self.identity).expect("texts are JSON");
            let aside = self.folder.join("topic.json.new");
            let written =
                private_files::write(&aside, text).and_then(|()| fs_err::rename(&aside, &path));
            written.map_err(CacheError::io(&path))?;
        }
        self.refresh();
        Ok(Some(WriteLock { _file: file }))
    }

    /// A partition to be written. What is damaged of it is cleared away; what a later version wrote is not.
    ///
    /// # Errors
    /// When its folder cannot be written, or belongs to a later version.
    pub(super) fn partition_to_write(
        &self,
        number: i32,
        _right: &WriteLock,
    ) -> Result<PartitionCache, CacheError> {
        let folder = self.folder.join(number.to_string());
        let partition = match PartitionCache::open(folder.clone()) {
            Err(CacheError::Damaged { .. }) => {
                fs_err::remove_dir_all(&folder).map_err(CacheError::io(&folder))?;
                PartitionCache::open(folder)?
            }
            opened => opened?,
        };
        partition.tidy()?;
        self.put(number, partition.clone());
        Ok(partition)
    }

    /// Forgets segments of a partition.
    ///
    /// # Errors
    /// When the partition cannot be written.
    pub(crate) fn forget(
        &self,
        number: i32,
        right: &WriteLock,
        gone: &dyn Fn(&SegmentEntry) -> bool,
    ) -> Result<(), CacheError> {
        let mut partition = self.partition_to_write(number, right)?;
        partition.retain(|entry| !gone(entry))?;
        self.put(number, partition);
        Ok(())
    }

    /// Overlooks segments of a partition in this process, because another one writes.
    pub(crate) fn overlook(&self, number: i32, gone: &dyn Fn(&SegmentEntry) -> bool) {
        if let Some(partition) = self.lock().get_mut(&number) {
            partition.overlook(|entry| !gone(entry));
        }
    }

    /// What is kept, in bytes on disk.
    pub(crate) fn disk_bytes(&self) -> u64 {
        let partitions = self.partition_numbers().into_iter();
        partitions
            .filter_map(|number| self.partition(number).ok())
            .map(|kept| kept.disk_bytes())
            .sum()
    }

    /// The partition of this number of the topic.
    pub(super) fn topic_partition(&self, number: i32) -> TopicPartition {
        TopicPartition::new(self.identity.topic.as_str(), number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_no_file_names_are_written_otherwise() {
        let identity =
            TopicIdentity { cluster_id: "../x".into(), topic_id: None, topic: "orders.v1".into() };
        assert_eq!(identity.folder(), Path::new("%2e%2e%2fx").join("name-orders%2ev1"));
    }

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
        assert_eq!(TopicCache::open(one.folder().to_owned()).unwrap().identity(), &identity);
    }
}
