//! Whether the program was started with its standard output closed, as by `foldback … >&-`.
//!
//! Promises: an answer that nobody can read is told from one that somebody does not want to read.
//! Does not know: what is printed.
//!
//! Before `main`, Rust puts `/dev/null` in the place of a closed output, so that it cannot be told
//! any more: this looks before that.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether it was closed.
static WAS_CLOSED: AtomicBool = AtomicBool::new(false);

#[cfg(unix)]
ctor::declarative::ctor! {
    /// Looks whether standard output is open. It asks the system twice for a file, and nothing else
    /// of Rust's runtime, which is not ready yet.
    #[ctor(unsafe)]
    fn look() {
        // The open files of this process by their numbers, on every Unix.
        let stdout = std::path::Path::new("/dev/fd/1");
        let is_told = stdout.parent().is_some_and(std::path::Path::exists);
        WAS_CLOSED.store(is_told && !stdout.exists(), Ordering::Relaxed);
    }
}

/// Checks that what is printed goes somewhere.
///
/// # Errors
/// When the program was started with its standard output closed.
pub(super) fn check() -> io::Result<()> {
    if WAS_CLOSED.load(Ordering::Relaxed) {
        return Err(io::Error::other("standard output is closed"));
    }
    Ok(())
}
