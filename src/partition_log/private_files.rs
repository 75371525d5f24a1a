//! Files and folders for what was read of a log: nobody but the user may look into them.
//!
//! On Unix they are made with the modes 0600 and 0700 at once, so that there is no moment at which
//! somebody else could open them, whatever the umask is. On Windows the user's cache folder, which
//! is where they are made unless another is named, is private to the user by its inherited access
//! list; a folder that is named keeps the list it has.
//!
//! Promises: no file and no folder made here is ever readable by others; a folder that was made
//! with wider rights before is narrowed or cannot be used.
//! Does not know: what is written.

use std::io::{self, Write as _};
use std::path::Path;

use fs_err::{File, OpenOptions};

use crate::model::may_take_long;

/// Makes a folder with those above it that are missing. One that is there already is narrowed: it
/// must be one that only this program uses.
///
/// # Errors
/// When it cannot be made, or belongs to somebody else.
pub fn create_folder(folder: &Path) -> io::Result<()> {
    may_take_long("writing a file");
    if !folder.is_dir() {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        return builder.create(folder);
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs_err::metadata(folder)?.permissions().mode();
        if mode & 0o077 != 0 {
            fs_err::set_permissions(folder, std::fs::Permissions::from_mode(0o700))?;
        }
    }
    Ok(())
}

/// How a file is made or opened to be written.
pub(crate) fn options() -> OpenOptions {
    let mut options = File::options();
    options.create(true);
    #[cfg(unix)]
    fs_err::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Makes an empty file, in place of one that is there.
///
/// # Errors
/// When it cannot be made.
pub(crate) fn create(path: &Path) -> io::Result<File> {
    options().write(true).truncate(true).open(path)
}

/// Writes a whole file, in place of one that is there.
///
/// # Errors
/// When it cannot be written.
pub fn write(path: &Path, content: impl AsRef<[u8]>) -> io::Result<()> {
    create(path)?.write_all(content.as_ref())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::PathBuf;
    use std::process::Command;

    use super::*;

    /// Names the folder in which the program that this test starts makes its files.
    const PLACE: &str = "FOLDBACK_TEST_PRIVATE_FILES";

    /// The rights of a file or folder.
    fn mode(path: &Path) -> u32 {
        fs_err::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn nobody_else_may_look_into_files_and_folders_even_under_an_umask_of_nothing() {
        if let Some(place) = std::env::var_os(PLACE) {
            let folder = PathBuf::from(place).join("log/topic");
            create_folder(&folder).unwrap();
            write(&folder.join("segment"), "events").unwrap();
            options().append(true).open(folder.join("lock")).unwrap();
            return;
        }
        let place = tempfile::tempdir().unwrap();
        let this = "nobody_else_may_look_into_files_and_folders_even_under_an_umask_of_nothing";
        let ended = Command::new("sh")
            .args(["-c", "umask 000; exec \"$0\" \"$1\""])
            .arg(std::env::current_exe().unwrap())
            .arg(this)
            .env(PLACE, place.path())
            .output()
            .unwrap();
        assert!(ended.status.success(), "{ended:?}");
        let log = place.path().join("log");
        let modes = ["", "topic", "topic/segment", "topic/lock"].map(|path| mode(&log.join(path)));
        assert_eq!(modes, [0o700, 0o700, 0o600, 0o600]);
    }

    #[test]
    fn a_folder_that_others_could_look_into_is_narrowed() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("topic");
        fs_err::create_dir(&folder).unwrap();
        fs_err::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).unwrap();
        create_folder(&folder).unwrap();
        assert_eq!(mode(&folder), 0o700);
    }
}
