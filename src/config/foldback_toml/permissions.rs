//! What the user, and never the workspace itself, lets a `foldback.toml` use of this machine.
//!
//! A `foldback.toml` comes with a repository, so somebody else may have written it. Of the
//! environment it gets the variables whose names begin with `KAFKA_` or `FOLDBACK_`; of the files
//! those in its own folder, symbolic links followed. More is up to the user: `--allow-env NAME`,
//! and `settings.toml` in the user's configuration folder:
//!
//! ```toml
//! allow_env = ["SHOP_PASSWORD"]
//! allow_files = ["/home/ann/.kafka"]
//! ```
//!
//! Promises: what is allowed is decided by names alone, before a value is read.
//! Does not know: what a variable or a file is used for.

use std::collections::BTreeSet;
use std::io;
use std::path::{Component, Path, PathBuf};

use directories::ProjectDirs;
use serde::Deserialize;

use super::error::{ConfigError, Source};
use super::file::Located;
use crate::kafka::read_small_text;
use crate::model::may_take_long;

/// What the names of variables begin with that every workspace may use.
const OPEN_NAMES: [&str; 2] = ["KAFKA_", "FOLDBACK_"];

/// The file's name in the user's configuration folder.
const SETTINGS_FILE: &str = "settings.toml";

/// What a workspace may use of this machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Permissions {
    /// Environment variables, beside those that every workspace may use.
    env: BTreeSet<String>,
    /// Files, and folders with all in them, beside the workspace's own folder.
    files: Vec<PathBuf>,
}

/// The user's `settings.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct SettingsFile {
    /// Environment variables that workspaces may use.
    #[serde(default)]
    allow_env: Vec<String>,
    /// Files and folders that workspaces may use.
    #[serde(default)]
    allow_files: Vec<PathBuf>,
}

impl Permissions {
    /// What the user's own settings allow; nothing where there are none.
    ///
    /// # Errors
    /// When the settings cannot be read or are wrong.
    pub fn of_user() -> Result<Self, ConfigError> {
        let folders = ProjectDirs::from("", "", "foldback");
        folders.map_or_else(
            || Ok(Self::default()),
            |folders| Self::read(&folders.config_dir().join(SETTINGS_FILE)),
        )
    }

    /// What these settings allow.
    fn read(path: &Path) -> Result<Self, ConfigError> {
        may_take_long("reading a file");
        let text = match read_small_text(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(ConfigError::unreadable(path, &error)),
        };
        let source = Source::new(path, text);
        let file: SettingsFile = source.read()?;
        Ok(Self { env: file.allow_env.into_iter().collect(), files: file.allow_files })
    }

    /// The path of a file that is named in this text.
    ///
    /// # Errors
    /// When the workspace may not use it.
    pub(super) fn allowed_file(
        &self,
        source: &Source,
        named: &Located<String>,
    ) -> Result<PathBuf, ConfigError> {
        self.file(source.folder(), Path::new(&named.value)).ok_or_else(|| {
            let message = format!("`{}` is no file of this workspace", named.value);
            let hint = "a workspace gets files of its own folder; allow more with allow_files in your settings.toml";
            source.fault_with_hint(named.start, message, Some(hint.to_owned()))
        })
    }

    /// Allows these variables, too.
    pub fn allow_env(&mut self, names: impl IntoIterator<Item = String>) {
        self.env.extend(names);
    }

    /// Whether a workspace may use this variable.
    pub(crate) fn allows_env(&self, name: &str) -> bool {
        OPEN_NAMES.iter().any(|start| name.starts_with(start)) || self.env.contains(name)
    }

    /// The path of a file that a workspace in `folder` names, when it may use it. A path that leads
    /// to nothing yet is judged by its words.
    pub(crate) fn file(&self, folder: &Path, named: &Path) -> Option<PathBuf> {
        let path = folder.join(named);
        let real = real_path(&path);
        let is_within = |place: &Path| real.starts_with(real_path(place));
        let is_allowed = is_within(folder) || self.files.iter().any(|place| is_within(place));
        // A pipe or a device could keep a reader waiting for ever.
        let is_plain =
            fs_err::metadata(&path).map_or(true, |facts| facts.is_file() || facts.is_dir());
        (is_allowed && is_plain).then_some(path)
    }
}

/// The path with its links followed as far as it exists, and without `.` and `..`.
fn real_path(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut real = PathBuf::new();
    for component in absolute.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                real.pop();
            }
            other => {
                real.push(other);
                if let Ok(followed) = fs_err::canonicalize(&real) {
                    real = followed;
                }
            }
        }
    }
    real
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_variables_of_kafka_and_foldback_and_those_the_user_allows_are_handed_out() {
        let mut permissions = Permissions::default();
        permissions.allow_env(["SHOP_PASSWORD".to_owned()]);
        for (name, allowed) in [
            ("KAFKA_PASSWORD", true),
            ("FOLDBACK_TOKEN", true),
            ("SHOP_PASSWORD", true),
            ("SHOP_PASSWORD_2", false),
            ("AWS_SECRET_ACCESS_KEY", false),
            ("MY_KAFKA_PASSWORD", false),
            ("kafka_password", false),
        ] {
            assert_eq!(permissions.allows_env(name), allowed, "{name}");
        }
    }

    #[test]
    fn the_users_settings_are_read_and_their_faults_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(SETTINGS_FILE);
        assert_eq!(Permissions::read(&path), Ok(Permissions::default()));
        fs_err::write(&path, "allow_env = [\"A\"]\nallow_files = [\"/keys\"]").unwrap();
        let read = Permissions::read(&path).unwrap();
        assert!(read.allows_env("A") && !read.allows_env("B"), "{read:?}");
        assert!(read.file(Path::new("/shop"), Path::new("/keys/ca.pem")).is_some());
        fs_err::write(&path, "\nallow_enf = []").unwrap();
        let fault = Permissions::read(&path).unwrap_err().to_string();
        assert!(fault.contains("settings.toml:2:1: unknown field `allow_enf`"), "{fault}");
    }

    #[cfg(unix)]
    #[test]
    fn a_workspace_gets_no_file_outside_by_no_way() {
        use std::os::unix::fs::symlink;
        let place = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        let folder = place.path().join("shop");
        fs_err::create_dir_all(folder.join("certs")).unwrap();
        let secret = outside.path().join("key.pem");
        fs_err::write(&secret, "key").unwrap();
        fs_err::write(folder.join("certs/ca.pem"), "ca").unwrap();
        symlink(&secret, folder.join("link.pem")).unwrap();
        symlink(outside.path(), folder.join("out")).unwrap();
        symlink(&folder, outside.path().join("shop")).unwrap();
        let permissions = Permissions::default();
        let beside = outside.path().display().to_string();
        for (named, allowed) in [
            ("certs/ca.pem", true),
            ("none/yet.pem", true),
            ("certs/../certs/ca.pem", true),
            ("../shop-keys/ca.pem", false),
            ("certs/../../x.pem", false),
            ("link.pem", false),
            ("out/key.pem", false),
            ("out/../none.pem", false),
            ("/proc/self/environ", false),
            ("/dev/zero", false),
            (&beside, false),
        ] {
            let found = permissions.file(&folder, Path::new(named));
            assert_eq!(found.is_some(), allowed, "{named}");
        }
        // A folder that is reached by a link is still the workspace's own.
        let linked = outside.path().join("shop");
        assert!(permissions.file(&linked, Path::new("certs/ca.pem")).is_some());
        let allowing = Permissions { files: vec![outside.path().to_owned()], ..permissions };
        assert!(allowing.file(&folder, Path::new("link.pem")).is_some());
    }
}
