//! A small file of which every change is noticed: a checksum in its first line, then its content.
//!
//! Promises: it is written as a whole, by whoever is first or latest, and synced before it counts;
//! nobody else may look into it.
//! Does not know: what the content means.

use std::io::{self, Write as _};
use std::path::Path;

use tempfile::NamedTempFile;

use super::error::CacheError;
use super::manifest::sync_folder;

use crate::model::may_take_long;

/// The content of a file; `None` where there is no such file.
///
/// # Errors
/// When it cannot be read, or is not what was written.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, CacheError> {
    match read_raw(path)? {
        Some(bytes) => content(path, &bytes).map(|content| Some(content.to_owned())),
        None => Ok(None),
    }
}

/// All bytes of a file; `None` where there is no such file.
///
/// # Errors
/// When it cannot be read.
pub(super) fn read_raw(path: &Path) -> Result<Option<Vec<u8>>, CacheError> {
    may_take_long("reading the index");
    match fs_err::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(CacheError::io(path)(error)),
    }
}

/// The content in the bytes of a file.
///
/// # Errors
/// When it is not what was written.
pub(super) fn content<'b>(path: &Path, bytes: &'b [u8]) -> Result<&'b [u8], CacheError> {
    let wrong = || CacheError::damaged(path, "its content is not what was written");
    let end = bytes.iter().position(|byte| *byte == b'\n').ok_or_else(wrong)?;
    let content = &bytes[end + 1..];
    if bytes[..end] != *checksum(content).as_bytes() {
        return Err(wrong());
    }
    Ok(content)
}

/// Writes a file in place of one that is there.
///
/// # Errors
/// When it cannot be written.
pub(super) fn replace(path: &Path, content: &[u8]) -> Result<(), CacheError> {
    let write = || {
        aside(path, content)?.persist(path)?;
        sync_folder(folder_of(path))
    };
    write().map_err(CacheError::io(path))
}

/// Writes a file unless there is one. Says whether it did.
///
/// # Errors
/// When it cannot be written.
pub(super) fn create(path: &Path, content: &[u8]) -> Result<bool, CacheError> {
    let write = || match aside(path, content)?.persist_noclobber(path) {
        Ok(_) => sync_folder(folder_of(path)).map(|()| true),
        Err(failed) if failed.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(failed) => Err(failed.error),
    };
    write().map_err(CacheError::io(path))
}

/// A synced file beside this one with this content. It goes with its value.
fn aside(path: &Path, content: &[u8]) -> io::Result<NamedTempFile> {
    let mut file = NamedTempFile::new_in(folder_of(path))?;
    writeln!(file, "{}", checksum(content))?;
    file.write_all(content)?;
    file.as_file().sync_data()?;
    Ok(file)
}

/// The folder of a file of the cache.
fn folder_of(path: &Path) -> &Path {
    path.parent().expect("a file of the cache lies in a folder")
}

/// The checksum of a content, as it stands in the first line.
fn checksum(content: &[u8]) -> String {
    format!("{:08x}", crc32fast::hash(content))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flipped_bit_anywhere_in_a_file_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("decided.json");
        assert_eq!(read(&path).unwrap(), None);
        replace(&path, b"{}\n").unwrap();
        assert_eq!(read(&path).unwrap().as_deref(), Some(&b"{}\n"[..]));
        let written = fs_err::read(&path).unwrap();
        for bit in 0..written.len() * 8 {
            let mut bytes = written.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            fs_err::write(&path, bytes).unwrap();
            assert!(read(&path).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn of_several_that_create_a_file_the_first_counts_and_nothing_is_left_beside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("decided.json");
        assert!(create(&path, b"one").unwrap());
        assert!(!create(&path, b"other").unwrap());
        assert_eq!(read(&path).unwrap().as_deref(), Some(&b"one"[..]));
        replace(&path, b"other").unwrap();
        assert_eq!(read(&path).unwrap().as_deref(), Some(&b"other"[..]));
        assert_eq!(fs_err::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_may_look_into_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("decided.json");
        replace(&path, b"{}").unwrap();
        assert_eq!(fs_err::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
