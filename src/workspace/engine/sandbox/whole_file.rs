//! Files that are written whole or not at all.
//!
//! Promises: who reads a file meanwhile reads the old one; the new one is on disk before it counts;
//! permissions stay.
//! Does not know: what is in it.

use std::io;
use std::path::Path;

use crate::model::may_take_long;

/// Writes a file aside and puts it into its place.
pub(super) fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    may_take_long("writing a file");
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder {
        fs_err::create_dir_all(folder)?;
    }
    let mut aside = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
    io::Write::write_all(&mut aside, text.as_bytes())?;
    if let Ok(before) = fs_err::metadata(path) {
        aside.as_file().set_permissions(before.permissions())?;
    }
    aside.as_file().sync_data()?;
    aside.persist(path).map_err(|error| error.error)?;
    Ok(())
}
