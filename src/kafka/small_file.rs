//! Files that people write by hand: settings, scripts, fixtures.
//!
//! Promises: what cannot be such a file is refused before it is read: a pipe nobody writes to would
//! be waited for without end, and a device would fill the memory.
//! Does not know: what the files say.

use std::io::{self, Read as _};
use std::path::Path;

use crate::model::may_take_long;

/// How large such a file may be, in bytes.
const LARGEST_BYTES: u64 = 64 << 20;

/// Reads a file whole.
///
/// # Errors
/// When it cannot be read, is no regular file, or is too large to be written by hand.
pub fn read_small_file(path: &Path) -> io::Result<Vec<u8>> {
    may_take_long("reading a file");
    let refuse = |words: &str| {
        let words = format!("{} {words}", path.display());
        Err(io::Error::new(io::ErrorKind::InvalidInput, words))
    };
    let too_large = || refuse(&format!("is larger than {} MiB", LARGEST_BYTES >> 20));
    let metadata = fs_err::metadata(path)?;
    if metadata.is_dir() {
        return refuse("is a folder, not a file");
    }
    if !metadata.is_file() {
        return refuse("is no regular file, and anything else is not waited for");
    }
    if metadata.len() > LARGEST_BYTES {
        return too_large();
    }
    let mut bytes = Vec::new();
    // It may have grown, or be a file whose size nobody knows.
    fs_err::File::open(path)?.take(LARGEST_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST_BYTES {
        return too_large();
    }
    Ok(bytes)
}

/// Reads a text file whole.
///
/// # Errors
/// As of `read_small_file`, and when it is not UTF-8.
pub fn read_small_text(path: &Path) -> io::Result<String> {
    String::from_utf8(read_small_file(path)?).map_err(|_invalid| {
        let words = format!("{} is no text in UTF-8", path.display());
        io::Error::new(io::ErrorKind::InvalidData, words)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_and_anything_else_is_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.js");
        fs_err::write(&file, "fromAll()").unwrap();
        assert_eq!(read_small_text(&file).unwrap(), "fromAll()");
        let told = |path: &Path| read_small_text(path).unwrap_err().to_string();
        assert!(told(folder.path()).contains("is a folder"));
        assert!(told(&folder.path().join("none.js")).contains("none.js"));
        fs_err::write(&file, b"\xff").unwrap();
        assert!(told(&file).contains("UTF-8"));
        if cfg!(unix) {
            assert!(told(Path::new("/dev/zero")).contains("no regular file"));
        }
    }
}
