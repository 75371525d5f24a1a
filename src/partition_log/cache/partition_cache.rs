//! What is kept on disk of one partition.
//!
//! Promises: segments are in offset order and do not overlap; what is forgotten no longer counts before its files go.
//! Does not know: who may write (`topic_cache`), when there is too much (`budget`).

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::CacheError;
use super::manifest::{Manifest, SegmentEntry};
use super::segment_file::SegmentFile;
use super::segment_writer::discard;
use crate::model::LeaderEpoch;
use crate::partition_log::stored_segment::{Sight, StoredSegment, pending_ms};

/// What is kept of one partition.
#[derive(Clone, Debug)]
pub(crate) struct PartitionCache {
    /// Where its files are.
    folder: PathBuf,
    /// What counts.
    manifest: Manifest,
    /// The segments, as the manifest names them.
    files: Vec<Arc<SegmentFile>>,
}

impl PartitionCache {
    /// What a folder keeps, which need not exist.
    ///
    /// # Errors
    /// When its manifest cannot be read.
    pub(super) fn open(folder: PathBuf) -> Result<Self, CacheError> {
        let manifest = Manifest::read(&folder)?;
        let mut cache = Self { folder, manifest: Manifest::default(), files: Vec::new() };
        cache.take(manifest);
        Ok(cache)
    }

    /// Takes over a manifest.
    fn take(&mut self, manifest: Manifest) {
        let file = |entry: &SegmentEntry| {
            let known = self.files.iter().find(|file| file.entry() == entry);
            let new = || Arc::new(SegmentFile::new(self.folder.clone(), entry.clone()));
            known.cloned().unwrap_or_else(new)
        };
        self.files = manifest.segments.iter().map(file).collect();
        self.manifest = manifest;
    }

    /// Where its files are.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The segments, in offset order.
    pub(crate) fn files(&self) -> &[Arc<SegmentFile>] {
        &self.files
    }

    /// The term of the leader that wrote the record with this offset, as far as is known.
    pub(crate) fn leader_epoch_at(&self, offset: i64) -> Option<i32> {
        let epochs = &self.manifest.leader_epochs;
        let after = epochs.partition_point(|epoch| epoch.from <= offset);
        after.checked_sub(1).map(|last| epochs[last].epoch)
    }

    /// What is kept, in bytes on disk.
    pub(crate) fn disk_bytes(&self) -> u64 {
        self.manifest.segments.iter().map(|segment| segment.disk_bytes).sum()
    }

    /// The parts of a range that no segment accounts for, ascending. Without payloads a segment accounts for nothing
    /// where they are wanted.
    pub(crate) fn holes(&self, from: i64, to: i64, payloads: bool) -> Vec<(i64, i64)> {
        let mut holes = Vec::new();
        let mut position = from;
        for segment in &self.manifest.segments {
            if segment.to <= position || (payloads && !segment.payloads) {
                continue;
            }
            if segment.from >= to {
                break;
            }
            if segment.from > position {
                holes.push((position, segment.from));
            }
            position = segment.to;
        }
        if position < to {
            holes.push((position, to));
        }
        holes
    }

    /// What is kept of the range that a reader sees from this offset on, where the log time in milliseconds is known, to
    /// the first hole.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn see(
        &self,
        mut sight: Sight,
        (from, mut latest_ms): (i64, Option<i64>),
        payloads: bool,
    ) -> Result<Vec<StoredSegment>, CacheError> {
        let to = sight.to_offset;
        let until = self.holes(from, to, payloads).first().map_or(to, |(hole, _)| *hole);
        // A hole may begin in the middle of a segment: one without the payloads that are wanted.
        let within = |file: &&Arc<SegmentFile>| {
            let entry = file.entry();
            entry.to > from && entry.from < until && (entry.payloads || !payloads)
        };
        let files: Vec<Arc<SegmentFile>> = self.files.iter().filter(within).cloned().collect();
        if latest_ms.is_none() {
            let Some(known_ms) = pending_ms(&files, &sight)? else { return Ok(Vec::new()) };
            sight.pending_ms = known_ms;
        }
        let sight = Arc::new(sight);
        let mut seen = Vec::with_capacity(files.len());
        for file in files {
            let segment = StoredSegment::new(file, Arc::clone(&sight), latest_ms)?;
            latest_ms = segment.latest_after_ms();
            seen.push(segment);
        }
        Ok(seen)
    }

    /// Adds a segment that was sealed, in the place of all within its offsets.
    ///
    /// # Errors
    /// When the manifest cannot be written. The segment does not count then.
    pub(super) fn add(
        &mut self,
        entry: SegmentEntry,
        leader_epochs: &[LeaderEpoch],
    ) -> Result<(), CacheError> {
        let mut manifest = self.manifest.clone();
        manifest.segments.retain(|known| known.to <= entry.from || entry.to <= known.from);
        let place = manifest.segments.partition_point(|known| known.from < entry.from);
        manifest.segments.insert(place, entry);
        manifest.leader_epochs.extend_from_slice(leader_epochs);
        manifest.leader_epochs.sort_by_key(|epoch| epoch.from);
        manifest.leader_epochs.dedup_by_key(|epoch| epoch.epoch);
        self.replace(manifest)
    }

    /// Forgets all segments that do not pass.
    ///
    /// # Errors
    /// When the manifest cannot be written. They count on then.
    pub(super) fn retain(
        &mut self,
        keep: impl Fn(&SegmentEntry) -> bool,
    ) -> Result<(), CacheError> {
        let mut manifest = self.manifest.clone();
        manifest.segments.retain(keep);
        if manifest.segments.len() == self.manifest.segments.len() {
            return Ok(());
        }
        let end = manifest.segments.last().map_or(0, |segment| segment.to);
        manifest.leader_epochs.retain(|epoch| epoch.from < end);
        self.replace(manifest)
    }

    /// Overlooks all segments that do not pass, without changing anything on disk.
    pub(super) fn overlook(&mut self, keep: impl Fn(&SegmentEntry) -> bool) {
        self.manifest.segments.retain(&keep);
        self.files.retain(|file| keep(file.entry()));
    }

    /// Lets another manifest count, and removes the files that count no longer.
    fn replace(&mut self, manifest: Manifest) -> Result<(), CacheError> {
        manifest.write(&self.folder)?;
        let before = std::mem::take(&mut self.manifest);
        self.take(manifest);
        for segment in
            before.segments.iter().filter(|known| !self.manifest.segments.contains(known))
        {
            for path in segment.paths(&self.folder) {
                if !path
                    .file_name()
                    .and_then(|name| name.to_str())
                    .is_some_and(|name| self.manifest.names(name))
                {
                    discard(&path);
                }
            }
        }
        Ok(())
    }

    /// Prepares for writing: the folder exists, and what a writer that was stopped left there is gone.
    ///
    /// # Errors
    /// When the folder cannot be made or read.
    pub(super) fn tidy(&self) -> Result<(), CacheError> {
        fs_err::create_dir_all(&self.folder).map_err(CacheError::io(&self.folder))?;
        let list = || -> io::Result<Vec<PathBuf>> {
            fs_err::read_dir(&self.folder)?.map(|entry| entry.map(|entry| entry.path())).collect()
        };
        for path in list().map_err(CacheError::io(&self.folder))? {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if !self.manifest.names(name) {
                discard(&path);
            }
        }
        Ok(())
    }
}
