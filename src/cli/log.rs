//! What the program writes down of what it does, for somebody who helps.
//!
//! Promises: nothing is written unless it is asked for; no secret of a connection stands in it; the
//! file is its user's alone and does not grow beyond `LOG_BYTES`; the one before it is kept.
//! Does not know: what is worth writing down.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use directories::ProjectDirs;
use tracing_subscriber::EnvFilter;

use crate::kafka::without_secrets;
use crate::partition_log::private_files;

/// The environment variable that says what is logged, such as `foldback=debug,kafka=trace`: to
/// stderr, or to the file where there is one.
const LOG_VARIABLE: &str = "FOLDBACK_LOG";

/// What is written into the file unless the variable says otherwise.
const WORTH_WRITING: &str = "warn,foldback=debug,kafka=debug,cache=debug";

/// The file in the user's data folder.
const LOG_FILE: &str = "foldback.log";

/// What the file is called once another takes its place.
const LOG_FILE_BEFORE: &str = "foldback.before.log";

/// How large the file may get, in bytes.
const LOG_BYTES: usize = 64 << 20;

/// Begins to log: into a file when that is asked for, whose path is returned; else to stderr, when
/// the environment says what.
///
/// # Errors
/// When the file cannot be made.
pub(super) fn start(into_file: bool) -> io::Result<Option<PathBuf>> {
    let filter = |otherwise: &str| {
        EnvFilter::try_from_env(LOG_VARIABLE).unwrap_or_else(|_| EnvFilter::new(otherwise))
    };
    if !into_file {
        let writer = || WithoutSecrets(io::stderr());
        tracing_subscriber::fmt().with_env_filter(filter("off")).with_writer(writer).init();
        return Ok(None);
    }
    let folders = ProjectDirs::from("", "", "foldback")
        .ok_or_else(|| io::Error::other("there is no folder for the user's data"))?;
    let path = folders.data_dir().join(LOG_FILE);
    let file = Bounded { file: create(&path)?, left_bytes: LOG_BYTES };
    tracing_subscriber::fmt()
        .with_env_filter(filter(WORTH_WRITING))
        .with_ansi(false)
        .with_writer(Mutex::new(WithoutSecrets(file)))
        .init();
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        tracing::error!(%panic, "panicked");
        before(panic);
    }));
    let (version, system, machine) =
        (env!("CARGO_PKG_VERSION"), std::env::consts::OS, std::env::consts::ARCH);
    tracing::info!(version, system, machine, "begins");
    Ok(Some(path))
}

/// An empty file at this path; what was there is kept beside it.
fn create(path: &Path) -> io::Result<fs_err::File> {
    if let Some(folder) = path.parent() {
        private_files::create_folder(folder)?;
    }
    match fs_err::rename(path, path.with_file_name(LOG_FILE_BEFORE)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    private_files::options().append(true).open(path)
}

/// Leaves secrets out of what is written. Each event is written as one text.
struct WithoutSecrets<W>(W);

impl<W: Write> Write for WithoutSecrets<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = std::str::from_utf8(bytes).map_err(io::Error::other)?;
        self.0.write_all(without_secrets(text).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// A file that does not grow for ever: what does not fit any more is left out, and that is said.
struct Bounded<W> {
    /// The file.
    file: W,
    /// How much still fits, in bytes.
    left_bytes: usize,
}

impl<W: Write> Write for Bounded<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.left_bytes == 0 {
            return Ok(bytes.len());
        }
        self.left_bytes = self.left_bytes.saturating_sub(bytes.len());
        if self.left_bytes == 0 {
            self.file.write_all(b"the log is full; what happened after this is not in it\n")?;
        } else {
            self.file.write_all(bytes)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_log_says_so_once_and_grows_no_further() {
        let mut log = Bounded { file: Vec::new(), left_bytes: 10 };
        for line in ["one\n", "two\n", "three\n", "four\n"] {
            log.write_all(line.as_bytes()).unwrap();
        }
        let written = String::from_utf8(log.file).unwrap();
        assert_eq!(written, "one\ntwo\nthe log is full; what happened after this is not in it\n");
    }

    #[test]
    fn a_new_log_leaves_the_one_before_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data").join(LOG_FILE);
        for text in ["first", "second"] {
            create(&path).unwrap().write_all(text.as_bytes()).unwrap();
        }
        assert_eq!(fs_err::read_to_string(&path).unwrap(), "second");
        let before = fs_err::read_to_string(path.with_file_name(LOG_FILE_BEFORE)).unwrap();
        assert_eq!(before, "first");
    }
}
