//! What is wrong with a file that people may have written, and in which line.
//!
//! Promises: a line counts from 1 in the whole file, also for a part of its text that was read by itself.
//! Does not know: what is in the file.

use std::path::{Path, PathBuf};

/// What is wrong with a file, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}:{line}: {message}", file.display())]
pub struct FileFault {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub message: String,
    /// What can be done about it.
    pub hint: Option<String>,
}

/// The text of a JSON file, to say where something stands.
pub(super) struct JsonText<'a> {
    /// The file.
    pub(super) file: &'a Path,
    /// Its text.
    pub(super) text: &'a str,
}

impl JsonText<'_> {
    /// What is wrong in this line.
    pub(super) fn fault(&self, line: usize, message: String) -> FileFault {
        FileFault { file: self.file.to_owned(), line: line.max(1), message, hint: None }
    }

    /// What a reader of JSON says of a part of the text, or of all of it.
    pub(super) fn json_fault(&self, part: &str, error: &serde_json::Error) -> FileFault {
        let message = error.to_string();
        // The words end in a line and a column that are those of the part.
        let words = message.rsplit_once(" at line ").map_or(message.as_str(), |(words, _)| words);
        self.fault(self.line_of(part) + error.line().max(1) - 1, words.to_owned())
    }

    /// The line that a part of the text begins in.
    pub(super) fn line_of(&self, part: &str) -> usize {
        let at = (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        let before = self.text.as_bytes().get(..at).unwrap_or_default();
        memchr::memchr_iter(b'\n', before).count() + 1
    }

    /// The line of the first mention of a word.
    pub(super) fn line_mentioning(&self, word: &str) -> usize {
        self.text.lines().position(|line| line.contains(word)).map_or(1, |index| index + 1)
    }
}
