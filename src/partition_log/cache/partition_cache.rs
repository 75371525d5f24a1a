//! What is kept on disk of one partition.
//!
//! Promises: segments are in offset order and do not overlap; what is forgotten no longer counts
//! before its files go.
//! Does not know: who may write (`topic_cache`), when there is too much (`budget`).

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::CacheError;
use super::manifest::{Manifest, SegmentEntry};
use super::segment_file::SegmentFile;
use super::segment_writer::discard;
use super::truncation::{Truncation, epoch_at};
use crate::model::{Judged, Judging, LeaderEpoch, may_take_long};
use crate::partition_log::private_files;
use crate::partition_log::stored_segment::{ReadView, StoredSegment, Unreadable, pending_ms};

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

/// Why segments are forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GoneFrom {
    /// The index alone loses them: there is no room, or they are damaged. When their records are
    /// read again, they are judged as they were.
    Index,
    /// The log has other records in their place, or none.
    Log,
}

/// What is seen of a range.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// The segments, in offset order, without a hole between them.
    pub(crate) segments: Vec<StoredSegment>,
    /// The segment behind them, when it cannot be read, and why.
    pub(crate) unreadable: Option<Box<Unreadable>>,
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
        self.check();
    }

    /// What holds after every change: each segment has its file, in the same order.
    fn check(&self) {
        let entries = self.files.iter().map(|file| file.entry());
        assert!(entries.eq(&self.manifest.segments), "the files are those the manifest names");
    }

    /// Where its files are.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// What is wrong when segments lie here and no manifest names any: then none of them counts.
    pub(super) fn missing_manifest(&self) -> Option<CacheError> {
        may_take_long("reading the index");
        let mut entries = fs_err::read_dir(&self.folder).ok()?.flatten();
        let is_index = |path: &Path| path.extension().is_some_and(|end| end == "index");
        let has_segments = entries.any(|entry| is_index(&entry.path()));
        let is_missing = has_segments && !Manifest::is_there(&self.folder);
        is_missing.then(|| CacheError::damaged(&self.folder, "its manifest is missing"))
    }

    /// The segments, in offset order.
    pub(crate) fn files(&self) -> &[Arc<SegmentFile>] {
        &self.files
    }

    /// Whether this segment is among them.
    pub(crate) fn keeps(&self, segment: &SegmentEntry) -> bool {
        self.manifest.segments.contains(segment)
    }

    /// The term of the leader that wrote the record with this offset, as far as is known.
    pub(crate) fn leader_epoch_at(&self, offset: i64) -> Option<i32> {
        epoch_at(&self.manifest.leader_epochs, offset)
    }

    /// What was judged of its timestamps.
    pub(crate) fn judged(&self) -> Arc<Judged> {
        Arc::new(self.manifest.judged.clone())
    }

    /// How its timestamps are judged, at this moment (in milliseconds) where they were not.
    pub(crate) fn judging(&self, now_ms: i64) -> Judging {
        Judging::new(self.judged(), now_ms)
    }

    /// The parts that leaders lost, ascending.
    pub(crate) fn truncated(&self) -> impl Iterator<Item = (i64, i64)> {
        self.manifest.truncations.iter().map(|lost| (lost.from, lost.to))
    }

    /// What a leader lost when it no longer has these segments; `None` when there are none.
    pub(super) fn truncation(&self, lost: impl Fn(&SegmentEntry) -> bool) -> Option<Truncation> {
        let lost = self.manifest.segments.iter().filter(|segment| lost(segment));
        let (from, to) = lost
            .map(|segment| (segment.from, segment.to))
            .reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)))?;
        Some(Truncation { from, to, leader_epochs: self.manifest.leader_epochs.clone() })
    }

    /// Remembers what leaders lost.
    ///
    /// # Errors
    /// When the manifest cannot be written.
    pub(super) fn remember(&mut self, lost: Vec<Truncation>) -> Result<(), CacheError> {
        let mut manifest = self.manifest.clone();
        for more in lost {
            let overlaps = |known: &&mut Truncation| known.from <= more.to && more.from <= known.to;
            match manifest.truncations.iter_mut().find(overlaps) {
                Some(known) if known.from <= more.from && more.to <= known.to => {}
                _ => manifest.truncations.push(more),
            }
        }
        manifest.truncations.sort_by_key(|lost| (lost.from, lost.to));
        if manifest == self.manifest { Ok(()) } else { self.replace(manifest) }
    }

    /// The same in this process alone.
    pub(super) fn remember_here(&mut self, lost: &[Truncation]) {
        for more in lost {
            if !self.manifest.truncations.contains(more) {
                self.manifest.truncations.push(more.clone());
            }
        }
    }

    /// What is kept, in bytes on disk.
    pub(crate) fn disk_bytes(&self) -> u64 {
        self.manifest.segments.iter().map(|segment| segment.disk_bytes).sum()
    }

    /// The parts of a range that no segment accounts for, ascending. Without payloads a segment
    /// accounts for nothing where they are wanted.
    pub(crate) fn holes(&self, from: i64, to: i64, payloads: bool) -> Vec<(i64, i64)> {
        holes(&self.manifest.segments, from, to, payloads)
    }

    /// The first offset at or behind this one that a segment accounts for. Without payloads a
    /// segment accounts for nothing where they are wanted.
    pub(crate) fn next_from(&self, position: i64, payloads: bool) -> Option<i64> {
        let counts = |entry: &&SegmentEntry| entry.to > position && (entry.payloads || !payloads);
        self.manifest.segments.iter().find(counts).map(|entry| entry.from.max(position))
    }

    /// What is kept of the range that a reader sees from this offset on, where the log time in
    /// milliseconds is known, to the first hole, or to the first segment that cannot be read.
    pub(crate) fn see(
        &self,
        mut view: ReadView,
        (from, mut latest_ms): (i64, Option<i64>),
        payloads: bool,
    ) -> Seen {
        let mut seen = Seen::default();
        let to = view.to_offset;
        let until = self.holes(from, to, payloads).first().map_or(to, |(hole, _)| *hole);
        // A hole may begin in the middle of a segment: one without the payloads that are wanted.
        let within = |file: &&Arc<SegmentFile>| {
            let entry = file.entry();
            entry.to > from && entry.from < until && (entry.payloads || !payloads)
        };
        let files: Vec<Arc<SegmentFile>> = self.files.iter().filter(within).cloned().collect();
        if latest_ms.is_none() {
            match pending_ms(&files, &view) {
                Ok(Some(known_ms)) => view.pending_ms = known_ms,
                Ok(None) => return seen,
                Err(unreadable) => {
                    seen.unreadable = Some(unreadable);
                    return seen;
                }
            }
        }
        let view = Arc::new(view);
        for file in files {
            match StoredSegment::new(Arc::clone(&file), Arc::clone(&view), latest_ms) {
                Ok(segment) => {
                    latest_ms = segment.latest_after_ms();
                    seen.segments.push(segment);
                }
                Err(problem) => {
                    seen.unreadable = Some(Box::new((file.entry().clone(), problem)));
                    return seen;
                }
            }
        }
        seen
    }

    /// Adds a segment that was sealed, in the place of all within its offsets, and notes when what
    /// is new in it was judged, with the earliest timestamp of that which was implausible, both in
    /// milliseconds.
    ///
    /// # Errors
    /// When the manifest cannot be written. The segment does not count then.
    pub(super) fn add(
        &mut self,
        entry: SegmentEntry,
        leader_epochs: &[LeaderEpoch],
        (judged_at_ms, doubted_from_ms): (i64, Option<i64>),
    ) -> Result<(), CacheError> {
        let mut manifest = self.manifest.clone();
        manifest.judged.add((entry.from, entry.to), judged_at_ms, doubted_from_ms);
        let is_apart = |known: &SegmentEntry| known.to <= entry.from || entry.to <= known.from;
        manifest.segments.retain(is_apart);
        let place = manifest.segments.partition_point(|known| known.from < entry.from);
        manifest.segments.insert(place, entry);
        manifest.leader_epochs.extend_from_slice(leader_epochs);
        manifest.leader_epochs.sort_by_key(|epoch| epoch.from);
        manifest.leader_epochs.dedup_by_key(|epoch| epoch.epoch);
        if !leader_epochs.is_empty() {
            for lost in &mut manifest.truncations {
                let hole = holes(&manifest.segments, lost.from, lost.to, false).first().copied();
                lost.narrow(&manifest.leader_epochs, hole.map_or(lost.to, |(from, _)| from));
            }
            manifest.truncations.retain(Truncation::is_loss);
            manifest.truncations.sort_by_key(|lost| (lost.from, lost.to));
        }
        self.replace(manifest)
    }

    /// Forgets all segments that do not pass, because of this.
    ///
    /// # Errors
    /// When the manifest cannot be written. They count on then.
    pub(super) fn retain(
        &mut self,
        keep: impl Fn(&SegmentEntry) -> bool,
        gone: GoneFrom,
    ) -> Result<(), CacheError> {
        let mut manifest = self.manifest.clone();
        manifest.segments.retain(&keep);
        if manifest.segments.len() == self.manifest.segments.len() {
            return Ok(());
        }
        if gone == GoneFrom::Log {
            forget_judged(&mut manifest.judged, &self.manifest.segments, &keep);
        }
        let end = manifest.segments.last().map_or(0, |segment| segment.to);
        manifest.leader_epochs.retain(|epoch| epoch.from < end);
        self.replace(manifest)
    }

    /// Overlooks all segments that do not pass, without changing anything on disk.
    pub(super) fn overlook(&mut self, keep: impl Fn(&SegmentEntry) -> bool) {
        forget_judged(&mut self.manifest.judged, &self.manifest.segments, &keep);
        self.manifest.segments.retain(&keep);
        self.files.retain(|file| keep(file.entry()));
        self.check();
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

    /// Prepares for writing: the folder exists with a manifest, and what a writer that was stopped
    /// left there is gone.
    ///
    /// # Errors
    /// When the folder cannot be made, read or written.
    pub(super) fn tidy(&self) -> Result<(), CacheError> {
        private_files::create_folder(&self.folder).map_err(CacheError::io(&self.folder))?;
        let list = || -> io::Result<Vec<PathBuf>> {
            fs_err::read_dir(&self.folder)?.map(|entry| entry.map(|entry| entry.path())).collect()
        };
        for path in list().map_err(CacheError::io(&self.folder))? {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if !self.manifest.names(name) {
                discard(&path);
            }
        }
        // From here on segments that no manifest names are those of a writer that was stopped.
        if Manifest::is_there(&self.folder) { Ok(()) } else { self.manifest.write(&self.folder) }
    }
}

/// Forgets what was judged of the segments that do not pass.
fn forget_judged(
    judged: &mut Judged,
    segments: &[SegmentEntry],
    keep: &impl Fn(&SegmentEntry) -> bool,
) {
    for gone in segments.iter().filter(|segment| !keep(segment)) {
        judged.forget(gone.from, gone.to);
    }
}

/// The parts of a range that none of these segments accounts for, ascending.
fn holes(segments: &[SegmentEntry], from: i64, to: i64, payloads: bool) -> Vec<(i64, i64)> {
    let mut holes = Vec::new();
    let mut position = from;
    for segment in segments {
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
    assert!(holes.iter().all(|(from, to)| from < to), "a hole has offsets");
    assert!(holes.is_sorted_by(|one, other| one.1 < other.0), "holes lie apart, in order");
    holes
}
