//! The folder in which all topics are kept, and its budget.
//!
//! Promises: what is over the budget goes, the topics used longest ago first and of them the oldest segments; a topic
//! that another process writes is not touched.
//! Does not know: how topics are read.

use std::path::{Path, PathBuf};

use super::error::CacheError;
use super::topic_cache::{TopicCache, TopicIdentity};

/// What may be kept on disk unless somebody says otherwise, in bytes.
pub const DISK_BUDGET_BYTES: u64 = 20 << 30;

/// The folder in which all topics are kept.
#[derive(Clone, Debug)]
pub struct LogCache {
    /// The folder.
    root: PathBuf,
    /// What may be kept, in bytes.
    budget_bytes: u64,
}

/// What is kept of a topic.
#[derive(Clone, Debug)]
pub struct KeptTopic {
    /// Which topic it is.
    pub identity: TopicIdentity,
    /// Where it is kept.
    pub folder: PathBuf,
    /// How many partitions are kept.
    pub partitions: usize,
    /// How many segments.
    pub segments: usize,
    /// How many records.
    pub records: u64,
    /// The size of their keys and values, in bytes.
    pub payload_bytes: u64,
    /// What they take, in bytes on disk.
    pub disk_bytes: u64,
    /// Whether values are kept of all of them.
    pub payloads: bool,
    /// When the topic was used last, in milliseconds since the epoch.
    pub used_ms: i64,
    /// What cannot be read of it, and why.
    pub problems: Vec<String>,
}

impl LogCache {
    /// The cache in this folder, which need not exist.
    pub fn new(root: PathBuf, budget_bytes: u64) -> Self {
        Self { root, budget_bytes }
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What is kept of a topic.
    pub(crate) fn topic(&self, identity: TopicIdentity) -> TopicCache {
        TopicCache::new(&self.root, identity)
    }

    /// All topics that are kept, in a stable order.
    pub(crate) fn topics(&self) -> Vec<TopicCache> {
        let folders = |folder: &Path| -> Vec<PathBuf> {
            let entries = fs_err::read_dir(folder).into_iter().flatten().flatten();
            let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
            paths.sort();
            paths
        };
        let clusters = folders(&self.root);
        let topics = clusters.iter().flat_map(|cluster| folders(cluster));
        topics.filter_map(TopicCache::open).collect()
    }

    /// What is kept of every topic.
    pub fn list(&self) -> Vec<KeptTopic> {
        self.topics().iter().map(describe).collect()
    }

    /// Reads everything that is kept of a topic, to see that it is what was written. Says what is not.
    pub fn verify(&self, kept: &KeptTopic, mut watch: impl FnMut(u64)) -> Vec<String> {
        let mut problems = kept.problems.clone();
        let Some(topic) = TopicCache::open(kept.folder.clone()) else { return problems };
        for number in topic.partition_numbers() {
            let Ok(partition) = topic.partition(number) else { continue };
            for file in partition.files() {
                if let Err(error) = file.verify() {
                    problems.push(error.to_string());
                }
                watch(u64::from(file.entry().rows));
            }
        }
        problems
    }

    /// Removes what is kept of a topic. Says whether it could: not while another process writes it.
    ///
    /// # Errors
    /// When the folder cannot be removed.
    pub fn clear(&self, kept: &KeptTopic) -> Result<bool, CacheError> {
        let Some(topic) = TopicCache::open(kept.folder.clone()) else { return Ok(true) };
        // A cache that cannot be locked because its format is unknown can still be removed.
        let Some(_right) = topic.write_lock()? else { return Ok(false) };
        fs_err::remove_dir_all(&kept.folder).map_err(CacheError::io(&kept.folder))?;
        Ok(true)
    }

    /// Makes room for this many bytes more, sparing one topic. Says whether there is room now.
    pub(crate) fn make_room(&self, bytes: u64, spared: &Path) -> bool {
        let mut topics: Vec<(u64, TopicCache)> =
            self.topics().into_iter().map(|topic| (topic.disk_bytes(), topic)).collect();
        let mut kept: u64 = topics.iter().map(|(bytes, _)| bytes).sum();
        topics.sort_by_key(|(_, topic)| topic.used());
        for (_, topic) in topics {
            if kept + bytes <= self.budget_bytes {
                break;
            }
            if topic.folder() == spared {
                continue;
            }
            let wanted = (kept + bytes).saturating_sub(self.budget_bytes);
            kept -= shrink(&topic, wanted).unwrap_or_else(|error| {
                tracing::warn!(target: "cache", %error, "no room was made");
                0
            });
        }
        kept + bytes <= self.budget_bytes
    }
}

/// Forgets the oldest segments of a topic until this many bytes are free. Says how many are.
fn shrink(topic: &TopicCache, wanted: u64) -> Result<u64, CacheError> {
    let Some(right) = topic.write_lock()? else { return Ok(0) };
    let mut freed = 0;
    for number in topic.partition_numbers() {
        let mut partition = topic.partition_to_write(number, &right)?;
        let files: Vec<_> = partition.files().to_vec();
        for file in files {
            if freed >= wanted {
                break;
            }
            let gone = file.entry().clone();
            partition.retain(|known| *known != gone)?;
            freed += gone.disk_bytes;
        }
        topic.put(number, partition);
    }
    Ok(freed)
}

/// What is kept of a topic.
fn describe(topic: &TopicCache) -> KeptTopic {
    let mut kept = KeptTopic {
        identity: topic.identity().clone(),
        folder: topic.folder().to_owned(),
        partitions: 0,
        segments: 0,
        records: 0,
        payload_bytes: 0,
        disk_bytes: 0,
        payloads: true,
        used_ms: topic
            .used()
            .duration_since(std::time::UNIX_EPOCH)
            .ok()
            .and_then(|since| i64::try_from(since.as_millis()).ok())
            .unwrap_or(0),
        problems: Vec::new(),
    };
    for number in topic.partition_numbers() {
        match topic.partition(number) {
            Ok(partition) => {
                kept.partitions += usize::from(!partition.files().is_empty());
                for file in partition.files() {
                    let entry = file.entry();
                    kept.segments += 1;
                    kept.records += u64::from(entry.rows);
                    kept.payload_bytes += entry.payload_bytes;
                    kept.disk_bytes += entry.disk_bytes;
                    kept.payloads &= entry.payloads;
                }
            }
            Err(error) => kept.problems.push(error.to_string()),
        }
    }
    kept
}
