//! A file of rows on its way: collected without a name, put together with its head, renamed.
//!
//! Promises: nothing is left of a file that was not finished, however the program ends; a file
//! with a name is whole; only the user may read it, and its rows while they are collected; memory
//! does not grow with the number of rows.
//! Does not know: what the rows are.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::{Head, SaveError, SaveFormat, SaveTo, Saved, markdown};
use crate::evidence::csv;
use crate::evidence::row::Row;
use crate::model::{Cancel, may_take_long};

/// How much is copied between two looks at the switch, in bytes.
const COPY_BYTES: usize = 1 << 20;

/// A file of rows on its way.
#[derive(Debug)]
pub struct RowFile {
    /// Where it goes.
    to: SaveTo,
    /// What the columns are called.
    columns: Vec<String>,
    /// The rows so far, in a file without a name.
    body: BufWriter<File>,
    /// How many there are.
    rows: u64,
}

impl RowFile {
    /// A file with these columns, where its form has columns.
    ///
    /// # Errors
    /// When there is such a file already and it must stay, or nothing can be written there.
    pub(crate) fn begin(to: &SaveTo, columns: Vec<String>) -> Result<Self, SaveError> {
        to.check()?;
        let unnamed = tempfile::tempfile_in(folder_of(&to.path)).map_err(cannot_write(&to.path))?;
        let body = BufWriter::new(unnamed);
        let mut file = Self { to: to.clone(), columns, body, rows: 0 };
        file.write_heading().map_err(cannot_write(&to.path))?;
        Ok(file)
    }

    /// Writes what stands above the rows of a table.
    fn write_heading(&mut self) -> io::Result<()> {
        let heading = match self.to.format {
            SaveFormat::JsonLines => String::new(),
            SaveFormat::Csv => csv::row(&self.columns),
            SaveFormat::Markdown => {
                markdown::row(&self.columns) + &markdown::rule(self.columns.len())
            }
        };
        self.body.write_all(heading.as_bytes())
    }

    /// Adds a row.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn row(&mut self, row: &dyn Row) -> Result<(), SaveError> {
        self.rows += 1;
        let cells = || {
            let cells = row.cells();
            assert_eq!(cells.len(), self.columns.len(), "a row has a cell for every column");
            cells
        };
        let text = match self.to.format {
            SaveFormat::JsonLines => row.json() + "\n",
            SaveFormat::Csv => csv::row(&cells()),
            SaveFormat::Markdown => markdown::row(cells()),
        };
        self.body.write_all(text.as_bytes()).map_err(cannot_write(&self.to.path))
    }

    /// Puts head and rows together and gives the file its name.
    ///
    /// # Errors
    /// When it cannot be written, or was cancelled. Then there is no file, or the one before.
    pub(crate) fn finish(self, mut head: Head, cancel: &Cancel) -> Result<Saved, SaveError> {
        let Self { to, columns, body, rows } = self;
        head.count(rows);
        let cannot_write = cannot_write(&to.path);
        let body = body.into_inner().map_err(io::IntoInnerError::into_error);
        let body = body.map_err(&cannot_write)?;
        let above = match to.format {
            SaveFormat::JsonLines => format!("{}\n", head.json_line()),
            SaveFormat::Csv => String::new(),
            SaveFormat::Markdown => markdown_head(&head),
        };
        let file = put_together(&to.path, &above, body, cancel)?;
        let bytes = file.as_file().metadata().map_err(&cannot_write)?.len();
        let metadata = to.metadata();
        if let Some(path) = &metadata {
            let name = to.path.file_name().unwrap_or(OsStr::new("table")).to_string_lossy();
            let text = head.table_metadata(&name, &columns);
            let mut beside = aside(path)?;
            beside.write_all(text.as_bytes()).map_err(&cannot_write)?;
            place(beside, path, to.overwrite)?;
        }
        if let Err(error) = place(file, &to.path, to.overwrite) {
            if let Some(path) = &metadata {
                // It describes nothing; that it stays is the least of the troubles then.
                drop(fs_err::remove_file(path));
            }
            return Err(error);
        }
        Ok(Saved { path: to.path, metadata, rows, bytes })
    }
}

/// The head of a text for people.
fn markdown_head(head: &Head) -> String {
    let (title, lines) = head.words();
    let mut text = format!("# {}\n\n", markdown::escaped(&title));
    for (name, words) in lines {
        text.extend(["- **", &name, "**: ", &markdown::escaped(&words), "\n"]);
    }
    text.push('\n');
    text
}

/// Head and rows in a file beside its place.
fn put_together(
    path: &Path,
    above: &str,
    mut rows: File,
    cancel: &Cancel,
) -> Result<NamedTempFile, SaveError> {
    let cannot_write = cannot_write(path);
    let mut file = aside(path)?;
    file.write_all(above.as_bytes()).map_err(&cannot_write)?;
    rows.rewind().map_err(&cannot_write)?;
    let mut rows = BufReader::new(rows);
    loop {
        if cancel.is_cancelled() {
            return Err(SaveError::Cancelled);
        }
        let mut part = rows.by_ref().take(COPY_BYTES as u64);
        if io::copy(&mut part, &mut file).map_err(&cannot_write)? == 0 {
            break;
        }
    }
    Ok(file)
}

/// A file beside this place, which goes when it is dropped.
fn aside(path: &Path) -> Result<NamedTempFile, SaveError> {
    may_take_long("writing a file");
    tempfile::Builder::new()
        .prefix(".foldback-")
        .tempfile_in(folder_of(path))
        .map_err(cannot_write(path))
}

/// Gives a file its name, once what it holds is on disk.
fn place(file: NamedTempFile, path: &Path, overwrite: bool) -> Result<(), SaveError> {
    file.as_file().sync_data().map_err(cannot_write(path))?;
    let placed = if overwrite { file.persist(path) } else { file.persist_noclobber(path) };
    match placed {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
            Err(SaveError::Exists { path: path.to_owned() })
        }
        Err(error) => Err(cannot_write(path)(error.error)),
    }
}

/// The folder that a file is in.
pub(super) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
        Some(folder) => folder,
        None => path,
    }
}

/// That a file cannot be written, for this reason.
fn cannot_write(path: &Path) -> impl Fn(io::Error) -> SaveError + use<> {
    let path: PathBuf = path.to_owned();
    move |source| SaveError::Write { path: path.clone(), source }
}
