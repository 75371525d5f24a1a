//! Arbitrary bytes as the files of the cache, with checksums that hold: what a checksum would
//! refuse is refused for good, and proves nothing of what reads behind it.
//!
//! Promises: what is taken is what was written; all else is refused as damage.
//! Does not know: what is made of a segment; records and keys, which a library reads that believes
//! the lengths it finds, so that nothing but their checksums stands before it.

use std::path::Path;

use super::manifest::Manifest;
use super::segment_index::SegmentIndex;
use super::topic_identity::{TOPIC_FILE, TopicIdentity};

/// How long the name of the format and the number of sections are in an index, in bytes.
const HEAD_BYTES: usize = 16;

/// The size of what an index says of a section before the sections, in bytes.
const PLACE_BYTES: usize = 16;

/// How many sections an index has.
const SECTIONS: usize = 5;

/// Reads bytes as the manifest of a partition and as the file that tells a topic.
pub(crate) fn manifest(bytes: &[u8], folder: &Path) {
    let sum = format!("{:08x}\n", crc32fast::hash(bytes));
    let file = [sum.as_bytes(), bytes].concat();
    fs_err::write(folder.join("manifest.json"), &file).expect("the folder can be written");
    if let Ok(manifest) = Manifest::read(folder) {
        manifest.write(folder).expect("what was read keeps its promises");
        assert_eq!(Manifest::read(folder).expect("it was just written"), manifest);
    }
    for file in [&file[..], bytes] {
        fs_err::write(folder.join(TOPIC_FILE), file).expect("the folder can be written");
        if let Ok(Some(identity)) = TopicIdentity::read(folder) {
            assert!(folder.ends_with(identity.folder()), "a topic is kept in its own folder");
        }
    }
}

/// Reads bytes as the index of a sealed segment.
pub(crate) fn segment(bytes: &[u8], folder: &Path) {
    let path = folder.join("segment.index");
    let mut file = bytes.to_vec();
    let sum = with_sums(&mut file);
    fs_err::write(&path, &file).expect("the folder can be written");
    if let Ok(index) = SegmentIndex::open(&path, sum) {
        look(&index);
    }
}

/// Asks an index everything that it is there for.
fn look(index: &SegmentIndex) {
    let is_whole = index.verify().is_ok();
    let answers = [index.batches().is_ok(), index.gaps().is_ok(), index.times().is_ok()];
    assert!(!is_whole || answers == [true; 3], "what a check passes is read: {answers:?}");
    for key in [&b""[..], b"order-1"] {
        if let (Ok(found), Ok(batches)) = (index.batches_with(key), index.batches()) {
            assert!(found.iter().all(|number| *number < batches.len()), "batches are there");
        }
    }
    if let Ok(times) = index.times() {
        drop(times.histogram(-1_000, i64::MAX, 400));
    }
}

/// Makes every checksum of an index hold, and says that of its beginning.
fn with_sums(file: &mut [u8]) -> u32 {
    let head = HEAD_BYTES + SECTIONS * PLACE_BYTES;
    if file.len() < head {
        return crc32fast::hash(file);
    }
    let mut at = head;
    for section in 0..SECTIONS {
        let place = HEAD_BYTES + section * PLACE_BYTES;
        let words = file[place..place + 8].try_into().map_or(0, u64::from_le_bytes);
        let words = usize::try_from(words).unwrap_or(usize::MAX);
        let end = at.saturating_add(words.saturating_mul(8));
        let Some(body) = file.get(at..end) else { break };
        let sum = u64::from(crc32fast::hash(body));
        file[place + 8..place + PLACE_BYTES].copy_from_slice(&sum.to_le_bytes());
        at = end;
    }
    crc32fast::hash(&file[..head])
}
