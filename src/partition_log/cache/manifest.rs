//! The manifest of a partition: which segments count.
//!
//! Promises: it is replaced as a whole or not at all; what it names was on disk before it; a
//! damaged one is noticed.
//! Does not know: what segments hold.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use fs_err::File;

use serde::{Deserialize, Serialize};

use super::error::CacheError;
use super::truncation::Truncation;
use crate::model::{Judged, LeaderEpoch, PLAUSIBLE_FUTURE_MS, may_take_long};
use crate::partition_log::private_files;

/// The version of the format of all files.
pub(super) const FORMAT: u32 = 1;

/// The name of the file.
const FILE_NAME: &str = "manifest.json";

/// A sealed segment as the manifest names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SegmentEntry {
    /// The first offset it accounts for.
    pub(crate) from: i64,
    /// The offset after the last it accounts for.
    pub(crate) to: i64,
    /// Tells its files from those of a segment of the same offsets in whose place it was written; 0
    /// without one.
    #[serde(default, skip_serializing_if = "is_first")]
    pub(crate) edition: u32,
    /// How many runs of these offsets have no record.
    pub(crate) gaps: u32,
    /// How many records it holds.
    pub(crate) rows: u32,
    /// How many of them are of aborted transactions.
    pub(crate) aborted: u32,
    /// The offset of the last record, and whether it is of an aborted transaction; none without
    /// records.
    pub(crate) last_record: Option<(i64, bool)>,
    /// The size of keys and values of all records, in bytes.
    pub(crate) payload_bytes: u64,
    /// The size of keys and values of records of aborted transactions, in bytes.
    pub(crate) aborted_bytes: u64,
    /// The size of its files, in bytes.
    pub(crate) disk_bytes: u64,
    /// The latest timestamp, in milliseconds.
    pub(crate) latest_ms: i64,
    /// The latest timestamp of a record that is not aborted, in milliseconds; the earliest there is
    /// without any.
    pub(crate) latest_committed_ms: i64,
    /// The log time before its first record when it was written, in milliseconds; none at the start
    /// of the log.
    pub(crate) clock_in_ms: Option<i64>,
    /// The log time of its first record when it was written, in milliseconds; none without
    /// plausible records.
    pub(crate) first_log_time_ms: Option<i64>,
    /// Whether no record is of an aborted transaction or from the future, so that log times depend
    /// on nobody.
    pub(crate) plain: bool,
    /// Whether values and headers are kept.
    pub(crate) payloads: bool,
    /// The checksum of its records.
    pub(crate) data_checksum: u32,
    /// The checksum of the beginning of its index.
    pub(crate) index_checksum: u32,
    /// The checksum of its keys.
    pub(crate) keys_checksum: u32,
}

impl SegmentEntry {
    /// The beginning of the names of its files.
    fn stem(&self) -> String {
        stem(self.from, self.to, self.edition)
    }

    /// The file of its records, in the folder of its partition.
    pub(super) fn data_path(&self, folder: &Path) -> PathBuf {
        folder.join(self.stem() + ".arrow")
    }

    /// The file of its index.
    pub(super) fn index_path(&self, folder: &Path) -> PathBuf {
        folder.join(self.stem() + ".index")
    }

    /// The file of its keys.
    pub(super) fn keys_path(&self, folder: &Path) -> PathBuf {
        folder.join(self.stem() + ".keys.arrow")
    }

    /// What holds of every segment that was written, each with its words.
    fn promises(&self) -> [(bool, &'static str); 7] {
        let span = self.from.abs_diff(self.to);
        let last = self.last_record.map(|(offset, _)| offset);
        [
            (self.from < self.to, "a segment has offsets"),
            (u64::from(self.rows) <= span, "a segment has no more records than offsets"),
            (self.aborted <= self.rows, "aborted records are records of the segment"),
            (self.aborted_bytes <= self.payload_bytes, "their bytes are bytes of the segment"),
            (last.is_some() == (self.rows > 0), "a segment with records has a last one"),
            (
                last.is_none_or(|last| (self.from..self.to).contains(&last)),
                "the last record lies in its segment",
            ),
            (
                !self.plain || self.aborted == 0,
                "log times depend on who reads past aborted records",
            ),
        ]
    }

    /// All its files.
    pub(super) fn paths(&self, folder: &Path) -> [PathBuf; 3] {
        [self.data_path(folder), self.index_path(folder), self.keys_path(folder)]
    }
}

/// When a file was written last, in milliseconds since the epoch; at the epoch where nobody knows.
fn last_written_ms(path: &Path) -> i64 {
    let written = fs_err::metadata(path).and_then(|metadata| metadata.modified()).ok();
    let since = written.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    since.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// The beginning of the names of the files of this edition of a segment of these offsets.
pub(super) fn stem(from: i64, to: i64, edition: u32) -> String {
    match edition {
        0 => format!("{from:019}-{to:019}"),
        _ => format!("{from:019}-{to:019}-{edition}"),
    }
}

/// Whether an edition is the first, which is not written down.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over references")]
fn is_first(edition: &u32) -> bool {
    *edition == 0
}

/// What counts of a partition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    /// The segments, in offset order. They do not overlap; there may be holes between them.
    pub(super) segments: Vec<SegmentEntry>,
    /// Under which leaders the records were written.
    pub(super) leader_epochs: Vec<LeaderEpoch>,
    /// What leaders lost of what was kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) truncations: Vec<Truncation>,
    /// When the timestamps of what the segments account for were judged, and of what they accounted
    /// for before.
    #[serde(default, skip_serializing_if = "Judged::is_empty")]
    pub(super) judged: Judged,
}

/// The file as it is written: what tells the format comes first.
#[derive(Serialize, Deserialize)]
struct Versioned<M> {
    /// The version of the format.
    format: u32,
    /// The manifest.
    manifest: M,
}

/// The format alone, which every version can read.
#[derive(Deserialize)]
struct Format {
    /// The version of the format.
    format: u32,
}

impl Manifest {
    /// What it promises and does not keep; `None` when all holds.
    fn broken_promise(&self) -> Option<&'static str> {
        let broken = |promises: [(bool, &'static str); 7]| {
            promises.into_iter().find(|(holds, _)| !holds).map(|(_, words)| words)
        };
        if let Some(words) = self.segments.iter().find_map(|segment| broken(segment.promises())) {
            return Some(words);
        }
        let (segments, epochs) = (&self.segments, &self.leader_epochs);
        if !segments.is_sorted_by(|one, other| one.to <= other.from) {
            return Some("segments are in order and do not overlap");
        }
        if !epochs.is_sorted_by(|one, other| one.from <= other.from) {
            return Some("leaders follow one another");
        }
        if !self.judged.holds() {
            return Some("what was judged is in order");
        }
        let all_lost = self.truncations.iter().all(Truncation::is_loss);
        (!all_lost).then_some("what was lost has offsets")
    }

    /// Whether there is one in this folder.
    pub(super) fn is_there(folder: &Path) -> bool {
        folder.join(FILE_NAME).exists()
    }

    /// The manifest in this folder; an empty one where there is none.
    ///
    /// # Errors
    /// When it cannot be read, is damaged, or of a later version.
    pub(super) fn read(folder: &Path) -> Result<Self, CacheError> {
        may_take_long("reading the index");
        let path = folder.join(FILE_NAME);
        let text = match fs_err::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                return Err(CacheError::damaged(&path, "it is no text"));
            }
            Err(error) => return Err(CacheError::io(&path)(error)),
        };
        let (checksum, json) = text.split_once('\n').unwrap_or_default();
        let json = json.trim_end();
        if checksum != format!("{:08x}", crc32fast::hash(json.as_bytes())) {
            return Err(CacheError::damaged(&path, "its content is not what was written"));
        }
        let wrong = |error: serde_json::Error| CacheError::damaged(&path, error.to_string());
        let Format { format } = serde_json::from_str(json).map_err(wrong)?;
        if format > FORMAT {
            return Err(CacheError::Newer { path, found: format, known: FORMAT });
        }
        let mut manifest = serde_json::from_str::<Versioned<Self>>(json).map_err(wrong)?.manifest;
        manifest.judge_before(|| last_written_ms(&path));
        match manifest.broken_promise() {
            Some(words) => {
                Err(CacheError::damaged(&path, format!("it does not hold that {words}")))
            }
            None => Ok(manifest),
        }
    }

    /// Says when the segments were judged of which an earlier version did not note it: when the
    /// manifest was written, in milliseconds. All of them had been read by then.
    fn judge_before(&mut self, written_ms: impl Fn() -> i64) {
        if !self.judged.is_empty() || self.segments.is_empty() {
            return;
        }
        let written_ms = written_ms();
        let plausible_to_ms = written_ms.saturating_add(PLAUSIBLE_FUTURE_MS);
        for segment in &self.segments {
            // Of the timestamps that are later, the earliest is not known.
            let is_doubted = segment.latest_ms > plausible_to_ms;
            let doubted_from_ms = is_doubted.then(|| plausible_to_ms.saturating_add(1));
            self.judged.add((segment.from, segment.to), written_ms, doubted_from_ms);
        }
    }

    /// Makes this the manifest of a folder. The checksum stands in the first line, and no line is
    /// the last: an editor that adds one does no harm.
    ///
    /// # Errors
    /// When it cannot be written; the one before still counts then.
    pub(super) fn write(&self, folder: &Path) -> Result<(), CacheError> {
        let broken = self.broken_promise();
        assert!(broken.is_none(), "what is written promises that {}", broken.unwrap_or_default());
        let path = folder.join(FILE_NAME);
        let json = serde_json::to_string(&Versioned { format: FORMAT, manifest: self })
            .expect("numbers and lists of them are JSON");
        let aside = folder.join("manifest.json.new");
        let write = || -> io::Result<()> {
            let mut file = private_files::create(&aside)?;
            write!(file, "{:08x}\n{json}", crc32fast::hash(json.as_bytes()))?;
            file.sync_data()?;
            fs_err::rename(&aside, &path)?;
            sync_folder(folder)
        };
        write().map_err(CacheError::io(&path))
    }

    /// Lets nothing in this folder count any more.
    ///
    /// # Errors
    /// When the manifest cannot be removed.
    pub(super) fn remove(folder: &Path) -> Result<(), CacheError> {
        let path = folder.join(FILE_NAME);
        match fs_err::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(CacheError::io(&path)(error))
            }
            _ => Ok(()),
        }
    }

    /// Whether a file of this name belongs to a segment that counts, or is the manifest itself.
    pub(super) fn names(&self, file_name: &str) -> bool {
        file_name == FILE_NAME
            || self.segments.iter().any(|segment| {
                file_name.strip_prefix(&segment.stem()).is_some_and(|rest| rest.starts_with('.'))
            })
    }
}

/// Lets the names in a folder survive a loss of power. Where folders cannot be opened, the system
/// sees to it.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(from: i64, to: i64) -> SegmentEntry {
        SegmentEntry {
            from,
            to,
            edition: 0,
            gaps: 0,
            rows: 3,
            aborted: 0,
            last_record: Some((from, false)),
            payload_bytes: 9,
            aborted_bytes: 0,
            disk_bytes: 7,
            latest_ms: 5,
            latest_committed_ms: i64::MIN,
            clock_in_ms: None,
            first_log_time_ms: Some(1),
            plain: true,
            payloads: true,
            data_checksum: 1,
            index_checksum: u32::MAX,
            keys_checksum: 0,
        }
    }

    #[test]
    fn what_was_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Manifest::read(folder.path()).unwrap(), Manifest::default());
        let mut judged = Judged::default();
        judged.add((0, 5), 1_000, Some(i64::MAX));
        judged.add((9, i64::MAX), 2_000, None);
        let manifest = Manifest {
            segments: vec![segment(0, 5), segment(9, i64::MAX)],
            leader_epochs: vec![LeaderEpoch { from: 0, epoch: 2 }],
            truncations: Vec::new(),
            judged,
        };
        manifest.write(folder.path()).unwrap();
        assert_eq!(Manifest::read(folder.path()).unwrap(), manifest);
        assert!(manifest.names(&format!("{}.index", stem(0, 5, 0))));
        assert!(!manifest.names(&format!("{}.index", stem(0, 6, 0))));
    }

    #[test]
    fn a_changed_digit_is_noticed_and_a_later_version_is_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE_NAME);
        let write = |json: &str| {
            fs_err::write(&path, format!("{:08x}\n{json}", crc32fast::hash(json.as_bytes())))
                .unwrap();
        };
        Manifest { segments: vec![segment(0, 5)], ..Manifest::default() }
            .write(folder.path())
            .unwrap();
        let text = fs_err::read_to_string(&path).unwrap().replace("\"rows\":3", "\"rows\":4");
        fs_err::write(&path, text).unwrap();
        assert!(matches!(Manifest::read(folder.path()), Err(CacheError::Damaged { .. })));
        write(r#"{"format":99,"other":true}"#);
        assert!(matches!(
            Manifest::read(folder.path()),
            Err(CacheError::Newer { found: 99, known: FORMAT, .. })
        ));
    }
}
