//! Answers saved whole into a file: JSON Lines, CSV, Markdown.
//!
//! Promises: a file that is there is whole: it is written aside and takes its place at the end, and
//! whatever ends the program before leaves nothing behind; only the user may read it; one that was
//! there stays unless it may be overwritten. What was asked, what was read, at which isolation and
//! how complete it is stands in the head, or beside a table that has no place for one.
//! Does not know: where records and histories come from.
//!
//! A head says how complete the answer is, which is known only when everything is read. So rows
//! are collected first, in a file without a name, which the system takes away whatever happens;
//! then the head and the rows are put together beside the place of the file, and renamed.

mod head;
mod markdown;
mod of_entity;
mod row_file;

use std::io;
use std::path::{Path, PathBuf};

pub use self::head::Head;
pub use self::of_entity::{SaveWhat, Turns, save_changes, save_of_entity};
pub use self::row_file::RowFile;
use crate::evidence::lines::RECORD_COLUMNS;

/// The form of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SaveFormat {
    /// A JSON object a line, the first of which is the head.
    #[default]
    JsonLines,
    /// A table as RFC 4180 has it. Its head stands beside it, in the file that W3C's "Metadata
    /// Vocabulary for Tabular Data" looks for.
    Csv,
    /// A head and a table for people.
    Markdown,
}

impl SaveFormat {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::JsonLines, Self::Csv, Self::Markdown];

    /// The form that the ending of a file's name promises.
    pub fn of(path: &Path) -> Option<Self> {
        let ending = path.extension()?.to_str()?.to_ascii_lowercase();
        match ending.as_str() {
            "jsonl" | "ndjson" | "json" => Some(Self::JsonLines),
            "csv" => Some(Self::Csv),
            "md" | "markdown" => Some(Self::Markdown),
            _ => None,
        }
    }

    /// The ending of a file's name, and the word of the command line.
    pub fn ending(self) -> &'static str {
        match self {
            Self::JsonLines => "jsonl",
            Self::Csv => "csv",
            Self::Markdown => "md",
        }
    }

    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::JsonLines => "JSON Lines",
            Self::Csv => "CSV",
            Self::Markdown => "Markdown",
        }
    }
}

/// Where something is saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaveTo {
    /// The file.
    pub path: PathBuf,
    /// Its form.
    pub format: SaveFormat,
    /// Whether it replaces one that is there.
    pub overwrite: bool,
}

impl SaveTo {
    /// That something can be saved here.
    ///
    /// # Errors
    /// When it is no place for a file, or there is one that must stay.
    pub fn check(&self) -> Result<(), SaveError> {
        let folder = row_file::folder_of(&self.path);
        if self.path.is_dir() || self.path.file_name().is_none() {
            return Err(SaveError::NoPlace { path: self.path.clone() });
        }
        if !folder.is_dir() {
            return Err(SaveError::NoPlace { path: folder.to_owned() });
        }
        let written = [Some(self.path.clone()), self.metadata()];
        match written.into_iter().flatten().find(|path| path.exists()) {
            Some(path) if !self.overwrite => Err(SaveError::Exists { path }),
            _ => Ok(()),
        }
    }

    /// Where the head of a table stands, which is where readers of CSV on the Web look for it.
    fn metadata(&self) -> Option<PathBuf> {
        let mut name = self.path.file_name()?.to_owned();
        name.push("-metadata.json");
        (self.format == SaveFormat::Csv).then(|| self.path.with_file_name(name))
    }
}

/// A file for records.
///
/// # Errors
/// As of `SaveTo::check`, and when nothing can be written there.
pub fn records_file(to: &SaveTo) -> Result<RowFile, SaveError> {
    RowFile::begin(to, RECORD_COLUMNS.map(str::to_owned).to_vec())
}

/// What was saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// The file.
    pub path: PathBuf,
    /// The file that has its head, where it has none itself.
    pub metadata: Option<PathBuf>,
    /// How many rows.
    pub rows: u64,
    /// How large the file is, in bytes.
    pub bytes: u64,
}

/// Why nothing was saved.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// There is such a file.
    #[error("{} is there already", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// It is no place for a file.
    #[error("{} is no place for a file", path.display())]
    NoPlace {
        /// The place.
        path: PathBuf,
    },
    /// It cannot be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It was cancelled.
    #[error("saving was cancelled")]
    Cancelled,
}

impl SaveError {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Exists { .. } => Some("choose another name, or overwrite it (--force)"),
            Self::NoPlace { .. } => Some("name a file in a folder that is there"),
            Self::Write { .. } | Self::Cancelled => None,
        }
    }
}

#[cfg(test)]
mod tests;
