//! The file that remembers the connections used before.
//!
//! Promises: only its user can read it; it is replaced as a whole or not at all; one that cannot be
//! read is set aside and told, one of a later version is told and left alone, and the program goes
//! on without.
//! Does not know: what is in it.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Recents;
use crate::model::may_take_long;

/// The version of the format.
const FORMAT: u32 = 1;

/// The file that remembers the connections used before.
#[derive(Clone, Debug)]
pub struct RecentFile {
    /// Where it is.
    path: PathBuf,
}

/// The file as it is written: what tells the format comes first.
#[derive(Serialize, Deserialize)]
struct Versioned<R> {
    /// The version of the format.
    format: u32,
    /// What is remembered.
    recents: R,
}

/// The format alone, which every version can read.
#[derive(Deserialize)]
struct Format {
    /// The version of the format.
    format: u32,
}

/// Why the file is not used.
#[derive(Debug, thiserror::Error)]
#[error("the connections used before are not known: {} cannot be read", path.display())]
pub struct RecentFault {
    /// The file.
    path: PathBuf,
    /// Why it cannot be read.
    #[source]
    why: Unread,
    /// What became of setting it aside; none where it was left alone.
    aside: Option<io::Result<PathBuf>>,
}

/// Why the file cannot be read.
#[derive(Debug, thiserror::Error)]
enum Unread {
    /// It cannot be opened.
    #[error(transparent)]
    Io(io::Error),
    /// It is no file of this kind.
    #[error(transparent)]
    Broken(serde_json::Error),
    /// A later version wrote it.
    #[error("it has format {0}, this program knows up to {FORMAT}")]
    Newer(u32),
}

impl RecentFault {
    /// What the user can do about it, or what was done.
    pub fn hint(&self) -> Option<String> {
        match (&self.why, &self.aside) {
            (Unread::Newer(_), _) => {
                Some("a later version wrote it: use that one; this one leaves it alone".to_owned())
            }
            (_, Some(Ok(aside))) => {
                Some(format!("it was renamed to {}; a new one is begun", aside.display()))
            }
            (_, Some(Err(error))) => Some(format!("it could not be set aside: {error}")),
            (_, None) => None,
        }
    }
}

impl RecentFile {
    /// The file at this path, which need not exist.
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// What is remembered, and what is wrong with the file. A broken one is renamed, so that it can
    /// be looked at.
    pub fn load(&self) -> (Recents, Option<RecentFault>) {
        let why = match self.read() {
            Ok(recents) => return (recents, None),
            Err(why) => why,
        };
        let aside =
            matches!(why, Unread::Broken(_)).then(|| self.path.with_extension("json.broken"));
        let aside = aside.map(|aside| fs_err::rename(&self.path, &aside).map(|()| aside));
        (Recents::default(), Some(RecentFault { path: self.path.clone(), why, aside }))
    }

    /// Changes what is remembered. What another window has written meanwhile stays.
    ///
    /// # Errors
    /// When the file cannot be written, or a later version of the program wrote it.
    pub fn change(&self, change: impl FnOnce(&mut Recents)) -> io::Result<()> {
        let mut recents = match self.read() {
            Ok(recents) => recents,
            Err(Unread::Broken(_)) => Recents::default(),
            Err(Unread::Io(error)) => return Err(error),
            Err(Unread::Newer(found)) => {
                let words = format!("{} has format {found}", self.path.display());
                return Err(io::Error::new(io::ErrorKind::Unsupported, words));
            }
        };
        change(&mut recents);
        self.write(&recents)
    }

    /// Reads the file; nothing is remembered where there is none.
    fn read(&self) -> Result<Recents, Unread> {
        may_take_long("reading a file");
        let text = match fs_err::read(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Recents::default()),
            Err(error) => return Err(Unread::Io(error)),
        };
        let Format { format } = serde_json::from_slice(&text).map_err(Unread::Broken)?;
        if format > FORMAT {
            return Err(Unread::Newer(format));
        }
        let read: Versioned<Recents> = serde_json::from_slice(&text).map_err(Unread::Broken)?;
        Ok(read.recents)
    }

    /// Writes the file aside and puts it into its place. A temporary file is its user's alone.
    fn write(&self, recents: &Recents) -> io::Result<()> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        fs_err::create_dir_all(folder)?;
        let mut aside = tempfile::NamedTempFile::new_in(folder)?;
        serde_json::to_writer_pretty(&mut aside, &Versioned { format: FORMAT, recents })?;
        aside.flush()?;
        aside.as_file().sync_data()?;
        aside.persist(&self.path).map_err(|error| error.error)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::super::{EntityTab, KeptSession, RecentConnection, RecentKey, TopicTab};
    use super::*;
    use crate::config::{
        ClockPoint, CompareWith, ConnectionChoice, EntityKey, RecordFilter, StartPosition,
    };
    use crate::decode::Decoder;
    use crate::model::{EntityId, Isolation, JsonPointer, Position};

    /// A connection with something of everything open on it.
    fn recent() -> RecentConnection {
        let key = EntityKey { entity: EntityId::new([0xff, 0]), topics: ["orders".into()].into() };
        let position = Position { topic: "orders".into(), partition: 3, offset: i64::MAX };
        let mut session = KeptSession { isolation: Isolation::Uncommitted, ..Default::default() };
        session.clock.at = ClockPoint::Record { time_ms: -1, position };
        session.topics.push(TopicTab {
            topic: "orders".into(),
            start: Some(StartPosition::FromOffset { partition: 1, offset: 7 }),
            filter: RecordFilter { cel: "value.total > 3".into(), ..RecordFilter::default() },
            decoder: Some(Decoder::Json),
        });
        session.entities.push(EntityTab {
            key: key.clone(),
            fold: "merge".into(),
            selected_path: JsonPointer::parse("/a~1b"),
            compare_with: Some(CompareWith::Entity(key)),
        });
        session.arrangement = Some(r#"{"tabs":1}"#.into());
        let choice = ConnectionChoice::Saved("dev".to_owned());
        RecentConnection {
            key: RecentKey::new(choice, Some(Path::new("/shop"))),
            brokers: "b:1".to_owned(),
            cluster_id: Some("c-1".to_owned()),
            used_ms: 5,
            unkept: vec!["sasl.password".to_owned()],
            session,
        }
    }

    #[test]
    fn what_was_remembered_is_read_back_and_others_cannot_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new").join("recent.json");
        let file = RecentFile::new(path.clone());
        assert!(
            matches!(file.load(), (none, None) if none == Recents::default()),
            "the first start"
        );
        file.change(|recents| recents.put(recent())).unwrap();
        let (recents, fault) = file.load();
        assert!(fault.is_none(), "{fault:?}");
        assert_eq!(recents.connections, vec![recent()]);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs_err::metadata(path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn a_broken_file_is_set_aside_and_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("recent.json");
        fs_err::write(&path, "{\"format\": 1, \"recents\": 7").unwrap();
        let (recents, fault) = RecentFile::new(path.clone()).load();
        assert_eq!(recents, Recents::default());
        assert!(fault.unwrap().hint().unwrap().contains("recent.json.broken"), "it says where");
        assert!(!path.exists() && folder.path().join("recent.json.broken").exists(), "kept");
    }

    #[test]
    fn a_file_of_a_later_version_is_told_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("recent.json");
        let text = r#"{"format": 99, "other": true}"#;
        fs_err::write(&path, text).unwrap();
        let file = RecentFile::new(path.clone());
        let fault = file.load().1.unwrap();
        assert!(fault.source().unwrap().to_string().contains("99"), "it says why");
        assert!(file.change(|recents| recents.put(recent())).is_err(), "nothing is written");
        assert_eq!(fs_err::read_to_string(path).unwrap(), text);
    }

    #[test]
    fn a_session_of_before_a_field_was_added_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("recent.json");
        let text = r#"{"format":1,"recents":{"go_on":true,"connections":[{
            "key":{"choice":{"Brokers":"a:1"},"workspace":null},
            "brokers":"a:1","cluster_id":null,"used_ms":3,"session":{}}]}}"#;
        fs_err::write(&path, text).unwrap();
        let (recents, fault) = RecentFile::new(path).load();
        assert!(fault.is_none(), "{fault:?}");
        assert_eq!(recents.connections.len(), 1);
    }
}
