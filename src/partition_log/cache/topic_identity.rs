//! Which topic a folder of the cache is about: the file that says so.
//!
//! Promises: the file is replaced as a whole and synced before it counts; a changed byte in it is
//! noticed.
//! Does not know: what is kept of the topic.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::checked_file;
use super::error::CacheError;

/// The file that tells which topic it is. Its time of change says when the topic was used last.
pub(super) const TOPIC_FILE: &str = "topic.json";

/// Which topic of which cluster. A topic created anew under the same name has another id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TopicIdentity {
    /// The cluster's id.
    pub cluster_id: String,
    /// The topic's id; none where brokers have no ids.
    pub topic_id: Option<String>,
    /// The topic's name.
    pub topic: String,
}

impl TopicIdentity {
    /// Where the topic is kept below the folder of the cache.
    pub(super) fn folder(&self) -> PathBuf {
        let topic = match &self.topic_id {
            Some(id) => format!("id-{}", file_name(id)),
            None => format!("name-{}", file_name(&self.topic)),
        };
        Path::new(&file_name(&self.cluster_id)).join(topic)
    }

    /// What a folder says of its topic by its own name, when its file cannot be read.
    pub(super) fn of_folder(folder: &Path) -> Self {
        let name = |path: Option<&Path>| {
            let name = path.and_then(Path::file_name).unwrap_or_default();
            name.to_string_lossy().into_owned()
        };
        Self { cluster_id: name(folder.parent()), topic_id: None, topic: name(Some(folder)) }
    }

    /// What the file in a folder says; `None` where there is no such file.
    ///
    /// # Errors
    /// When it cannot be read, is damaged, or is about another folder.
    pub(super) fn read(folder: &Path) -> Result<Option<Self>, CacheError> {
        let path = folder.join(TOPIC_FILE);
        let Some(bytes) = checked_file::read_raw(&path)? else { return Ok(None) };
        // The first files had no checksum.
        let has_none = bytes.starts_with(b"{");
        let json = if has_none { &bytes[..] } else { checked_file::content(&path, &bytes)? };
        let identity: Self = serde_json::from_slice(json).map_err(|error| {
            CacheError::damaged(&path, format!("its content is not what was written: {error}"))
        })?;
        if folder.ends_with(identity.folder()) {
            Ok(Some(identity))
        } else {
            Err(CacheError::damaged(&path, "it is about a topic that is kept elsewhere"))
        }
    }

    /// Writes the file into a folder.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn write(&self, folder: &Path) -> Result<(), CacheError> {
        let json = serde_json::to_vec(self).expect("texts are JSON");
        checked_file::replace(&folder.join(TOPIC_FILE), &json)
    }
}

/// A text as the name of a file: what could be special in it becomes two hexadecimal digits.
fn file_name(text: &str) -> String {
    let byte = |byte: u8| {
        if byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_' {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02x}")
        }
    };
    text.bytes().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity() -> TopicIdentity {
        TopicIdentity { cluster_id: "c".into(), topic_id: Some("t".into()), topic: "orders".into() }
    }

    #[test]
    fn names_that_are_no_file_names_are_written_otherwise() {
        let identity =
            TopicIdentity { cluster_id: "../x".into(), topic_id: None, topic: "orders.v1".into() };
        assert_eq!(identity.folder(), Path::new("%2e%2e%2fx").join("name-orders%2ev1"));
    }

    #[test]
    fn a_flipped_bit_anywhere_in_the_file_of_a_topic_is_noticed() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join(identity().folder());
        fs_err::create_dir_all(&folder).unwrap();
        assert_eq!(TopicIdentity::read(&folder).unwrap(), None);
        identity().write(&folder).unwrap();
        assert_eq!(TopicIdentity::read(&folder).unwrap(), Some(identity()));
        let path = folder.join(TOPIC_FILE);
        let written = fs_err::read(&path).unwrap();
        for bit in 0..written.len() * 8 {
            let mut bytes = written.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            fs_err::write(&path, bytes).unwrap();
            assert!(TopicIdentity::read(&folder).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn the_file_of_a_topic_that_the_first_version_wrote_is_read() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join(identity().folder());
        fs_err::create_dir_all(&folder).unwrap();
        let text = r#"{"cluster_id":"c","topic_id":"t","topic":"orders"}"#;
        fs_err::write(folder.join(TOPIC_FILE), text).unwrap();
        assert_eq!(TopicIdentity::read(&folder).unwrap(), Some(identity()));
    }
}
