//! What can go wrong with files of the cache.
//!
//! Promises: every error names the file; whether the cache or the machine is at fault can be told.
//! Does not know: what is done about it.

use std::io;
use std::path::{Path, PathBuf};

use arrow_schema::ArrowError;

/// Why the cache cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// The machine refuses. Its words name the file.
    #[error("{source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The content is not what was written.
    #[error("{}: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// What is kept takes all the space that it may.
    #[error("{}: what is kept takes all the space that it may", path.display())]
    OverBudget {
        /// The folder.
        path: PathBuf,
    },
    /// What is written does not stay.
    #[error("{}: what was just written is there no more, so the rest is not kept", path.display())]
    NoProgress {
        /// The folder.
        path: PathBuf,
    },
    /// It was written by a later version of this program.
    #[error("{}: written in format {found}, and this program knows {known}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The format of the file.
        found: u32,
        /// The latest format that is known.
        known: u32,
    },
}

impl CacheError {
    /// Turns a refusal of the machine about this file into an error.
    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { path: path.to_owned(), source }
    }

    /// Says that a file is not what was written.
    pub(super) fn damaged(path: &Path, reason: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), reason: reason.into() }
    }

    /// Says that there is no room in this folder.
    pub(in crate::partition_log) fn over_budget(path: &Path) -> Self {
        Self::OverBudget { path: path.to_owned() }
    }

    /// Says that what is written into this folder does not stay.
    pub(in crate::partition_log) fn no_progress(path: &Path) -> Self {
        Self::NoProgress { path: path.to_owned() }
    }

    /// Turns an error of Arrow about this file into one of the cache.
    pub(super) fn arrow(path: &Path) -> impl FnOnce(ArrowError) -> Self {
        move |error| match error {
            ArrowError::IoError(_, source) => Self::Io { path: path.to_owned(), source },
            other => Self::damaged(path, other.to_string()),
        }
    }

    /// What the user can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Io { source, .. } => match source.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                    "free some space, or keep less: `foldback cache` shows what is kept, --cache-dir names another place"
                }
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                    "name a folder that can be written with --cache-dir, or do without with --no-cache"
                }
                _ => "name another place with --cache-dir, or do without with --no-cache",
            },
            Self::OverBudget { .. } => {
                "remove what is not needed with `foldback cache --clear`, or allow more with --cache-size"
            }
            Self::NoProgress { .. } => {
                "another process removes it: ask again when that has ended, or do without with --no-cache"
            }
            Self::Damaged { .. } => "what is damaged is read from the cluster again",
            Self::Newer { .. } => {
                "use the newer program, or name another place with --cache-dir, or remove it with `foldback cache --clear`"
            }
        }
    }
}
