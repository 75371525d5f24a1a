//! What is wrong with a workspace file, and where.
//!
//! Promises: names the file, the line and the column; says what to do where there is something.
//! Does not know: what the words mean.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::de::DeserializeOwned;

/// What is wrong with a workspace file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{}: {message}", file.display(), place_suffix(*line, *column))]
pub struct ConfigError {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1; 0 means the file as a whole.
    pub line: usize,
    /// The column in characters, from 1; 0 where there is no line.
    pub column: usize,
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// What the user can do about it.
    pub hint: Option<String>,
}

/// `:LINE:COLUMN`, or nothing for the file as a whole.
fn place_suffix(line: usize, column: usize) -> String {
    if line == 0 { String::new() } else { format!(":{line}:{column}") }
}

impl ConfigError {
    /// A file that cannot be read.
    pub(crate) fn unreadable(file: &Path, error: &std::io::Error) -> Self {
        let why = match error.kind() {
            // What the system says repeats the path; what is said here does not.
            ErrorKind::InvalidInput | ErrorKind::InvalidData => error.to_string(),
            kind => kind.to_string(),
        };
        let message = format!("cannot read the file: {why}");
        Self { file: file.to_owned(), line: 0, column: 0, message, hint: None }
    }

    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        self.hint.clone()
    }
}

/// The text of a workspace file. Cloning shares it.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// The file.
    path: Arc<Path>,
    /// The text.
    text: Arc<str>,
}

impl Source {
    /// The text of the file at this path.
    pub(crate) fn new(path: &Path, text: String) -> Self {
        Self { path: path.into(), text: text.into() }
    }

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The file's folder.
    pub(crate) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    /// The byte at which a value first stands; the start of the text when it is written otherwise.
    pub(crate) fn start_of(&self, value: &str) -> usize {
        self.text.find(value).unwrap_or(0)
    }

    /// Reads the words of the text.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, ConfigError> {
        toml::from_str(&self.text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            // The first line says what is wrong; what may follow repeats the file.
            let message = error.message().lines().next().unwrap_or_default();
            self.fault(start, message)
        })
    }

    /// A fault at this byte of the text.
    pub(crate) fn fault(&self, start: usize, message: impl Into<String>) -> ConfigError {
        self.fault_with_hint(start, message, None)
    }

    /// A fault at this byte of the text, with what to do about it.
    pub(crate) fn fault_with_hint(
        &self,
        start: usize,
        message: impl Into<String>,
        hint: Option<String>,
    ) -> ConfigError {
        let before = self.text.get(..start).unwrap_or(&self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        ConfigError {
            file: self.path.to_path_buf(),
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).map_or(0, |line| line.chars().count()) + 1,
            message: message.into(),
            hint,
        }
    }

    /// Something of this kind was asked for that the file does not have.
    pub(crate) fn missing(&self, kind: &str, name: &str, known: &[&str]) -> ConfigError {
        let hint = if known.is_empty() {
            format!("the file has no {kind}")
        } else {
            format!("the file has: {}", known.join(", "))
        };
        let message = format!("there is no {kind} `{name}`");
        ConfigError { file: self.path.to_path_buf(), line: 0, column: 0, message, hint: Some(hint) }
    }
}
