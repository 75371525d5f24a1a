//! The folder in which all topics are kept, and its budget.
//!
//! Promises: what is over the budget goes, the topics used longest ago first and of them the oldest
//! segments; a topic that another process writes is not touched; what is damaged is told, and can
//! be removed without the rest.
//! Does not know: how topics are read.

use std::io;
use std::path::{Path, PathBuf};

use super::error::CacheError;
use super::manifest::Manifest;
use super::partition_cache::GoneFrom;
use super::topic_cache::{LOCK_FILE, TopicCache};
use super::topic_identity::TopicIdentity;

use crate::model::may_take_long;

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

    /// All folders of topics, in a stable order, each with what is wrong with the file that tells
    /// the topic.
    fn folders(&self) -> Vec<(TopicCache, Option<CacheError>)> {
        may_take_long("reading the index");
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

    /// All topics that are kept, in a stable order.
    pub(crate) fn topics(&self) -> Vec<TopicCache> {
        self.folders().into_iter().map(|(topic, _)| topic).collect()
    }

    /// What is kept of every topic.
    pub fn list(&self) -> Vec<KeptTopic> {
        self.folders()
            .into_iter()
            .map(|(topic, problem)| describe(&topic, problem.as_ref()))
            .collect()
    }

    /// Reads everything that is kept of a topic, to see that it is what was written. Says what is
    /// not.
    pub fn verify(&self, kept: &KeptTopic, mut watch: impl FnMut(u64)) -> Vec<String> {
        let mut problems = kept.problems.clone();
        let Some((topic, _)) = TopicCache::open(kept.folder.clone()) else { return problems };
        problems.extend(topic.decided().err().map(|problem| problem.to_string()));
        for number in topic.partition_numbers() {
            let Ok(partition) = topic.partition(number) else { continue };
            problems.extend(partition.missing_manifest().map(|problem| problem.to_string()));
            for file in partition.files() {
                if let Err(error) = file.verify() {
                    problems.push(error.to_string());
                }
                watch(u64::from(file.entry().rows));
            }
        }
        problems
    }

    /// Removes what is not what was written of a topic, so that it is read from the log again. Says
    /// what that was; `None` while another process writes the topic.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn repair(&self, kept: &KeptTopic) -> Result<Option<Vec<String>>, CacheError> {
        let mut removed = Vec::new();
        let Some((topic, unnamed)) = TopicCache::open(kept.folder.clone()) else {
            return Ok(Some(removed));
        };
        let Some(right) = topic.lock_alone()? else { return Ok(None) };
        if let Some(problem) = unnamed {
            // Nobody can say which topic it is about.
            clear_folder(&topic)?;
            return Ok(Some(vec![problem.to_string()]));
        }
        let decision = topic.forget_damaged_decision(&right)?;
        removed.extend(decision.map(|problem| problem.to_string()));
        for number in topic.partition_numbers() {
            if let Err(problem) = topic.partition(number) {
                if matches!(problem, CacheError::Newer { .. }) {
                    continue;
                }
                removed.push(problem.to_string());
            }
            let missing = topic.partition(number).ok().and_then(|kept| kept.missing_manifest());
            removed.extend(missing.map(|problem| problem.to_string()));
            let mut partition = topic.partition_to_write(number, &right)?;
            for file in partition.files().to_vec() {
                if let Err(problem) = file.verify() {
                    removed.push(problem.to_string());
                    let gone = topic.certainly(GoneFrom::Index);
                    partition.retain(|entry| entry != file.entry(), gone)?;
                }
            }
        }
        Ok(Some(removed))
    }

    /// Removes what is kept of a topic. Says whether it could: not while another process writes it.
    ///
    /// # Errors
    /// When the folder cannot be removed.
    pub fn clear(&self, kept: &KeptTopic) -> Result<bool, CacheError> {
        let Some((topic, _)) = TopicCache::open(kept.folder.clone()) else { return Ok(true) };
        // A cache that cannot be locked because its format is unknown can still be removed.
        let Some(_right) = topic.lock_alone()? else { return Ok(false) };
        clear_folder(&topic)?;
        Ok(true)
    }

    /// Whether it is worth writing more of a topic. Not when the last segment that was written did
    /// not fit, and nothing has changed: it would be thrown away again.
    pub(crate) fn has_room(&self, topic: &TopicCache) -> bool {
        let needed = topic.needed_bytes();
        needed.is_none_or(|bytes| topic.disk_bytes().saturating_add(bytes) <= self.budget_bytes)
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
    let Some(right) = topic.lock_alone()? else { return Ok(0) };
    let mut freed = 0;
    for number in topic.partition_numbers() {
        let mut partition = topic.partition_to_write(number, &right)?;
        let files: Vec<_> = partition.files().to_vec();
        for file in files {
            if freed >= wanted {
                break;
            }
            let gone = file.entry().clone();
            partition.retain(|known| *known != gone, topic.certainly(GoneFrom::Index))?;
            assert!(!partition.keeps(&gone), "what was removed counts no longer");
            freed += gone.disk_bytes;
        }
        topic.put(number, partition);
    }
    Ok(freed)
}

/// Removes everything in the folder of a topic but the file that is locked: whoever waits for it
/// must not lock a file that is there no more. What names the segments goes first, so that a reader
/// who misses one of them finds that it counts no longer.
fn clear_folder(topic: &TopicCache) -> Result<(), CacheError> {
    let folder = topic.folder();
    for number in topic.partition_numbers() {
        Manifest::remove(&folder.join(number.to_string()))?;
    }
    let list = || -> io::Result<Vec<PathBuf>> {
        fs_err::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect()
    };
    for path in list().map_err(CacheError::io(folder))? {
        if path.ends_with(LOCK_FILE) {
            continue;
        }
        let removed =
            if path.is_dir() { fs_err::remove_dir_all(&path) } else { fs_err::remove_file(&path) };
        removed.map_err(CacheError::io(&path))?;
    }
    Ok(())
}

/// What is kept of a topic, of whose file this is wrong.
fn describe(topic: &TopicCache, problem: Option<&CacheError>) -> KeptTopic {
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
        problems: problem.iter().map(ToString::to_string).collect(),
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
