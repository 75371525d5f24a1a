//! The file format of indexes: sections of 64-bit words, each with a checksum.
//!
//! Promises: a section is read without reading the others; what was not written is never returned.
//! Does not know: what the words mean.
//!
//! The layout, all in little-endian order: 8 bytes that name the format; the number of sections;
//! for each section the number of its words and the CRC-32 of its bytes; the sections one after
//! another. The CRC-32 of everything before the sections is kept elsewhere, by whoever names the
//! file.

use std::io::{self, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use fs_err::File;

use super::error::CacheError;
use crate::model::may_take_long;
use crate::partition_log::private_files;

/// The first bytes of the file.
const MAGIC: &[u8; 8] = b"fbindex1";

/// The size of a word, in bytes.
pub(super) const WORD_BYTES: usize = size_of::<u64>();

/// Writes a file of these sections, and says its size in bytes and the checksum of its beginning.
pub(super) fn write(path: &Path, sections: &[Vec<u64>]) -> Result<(u64, u32), CacheError> {
    let mut head = MAGIC.to_vec();
    put(&mut head, sections.len() as u64);
    let mut bodies = Vec::with_capacity(sections.len());
    for section in sections {
        let mut body = Vec::with_capacity(section.len() * WORD_BYTES);
        for word in section {
            put(&mut body, *word);
        }
        put(&mut head, section.len() as u64);
        put(&mut head, u64::from(crc32fast::hash(&body)));
        bodies.push(body);
    }
    let write = || -> io::Result<u64> {
        let mut file = BufWriter::new(private_files::create(path)?);
        file.write_all(&head)?;
        for body in &bodies {
            file.write_all(body)?;
        }
        let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_data()?;
        Ok(file.metadata()?.len())
    };
    let bytes = write().map_err(CacheError::io(path))?;
    Ok((bytes, crc32fast::hash(&head)))
}

/// Appends a word.
fn put(bytes: &mut Vec<u8>, word: u64) {
    bytes.extend_from_slice(&word.to_le_bytes());
}

/// The words of these bytes.
fn words(bytes: &[u8]) -> Vec<u64> {
    bytes.as_chunks().0.iter().map(|word| u64::from_le_bytes(*word)).collect()
}

/// Where a section lies.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// Its first byte.
    at: u64,
    /// How many words it has.
    words: u64,
    /// The checksum of its bytes.
    checksum: u32,
}

/// A file of sections, its beginning known. No file stays open: there may be thousands.
#[derive(Debug)]
pub(super) struct Sections {
    /// Where it is.
    path: PathBuf,
    /// Where its sections lie.
    places: Vec<Place>,
}

impl Sections {
    /// A file of this many sections whose beginning has this checksum.
    pub(super) fn open(path: &Path, count: usize, checksum: u32) -> Result<Self, CacheError> {
        let mut head = vec![0; MAGIC.len() + WORD_BYTES * (1 + 2 * count)];
        read_at(path, &mut head, 0)?;
        if crc32fast::hash(&head) != checksum {
            return Err(CacheError::damaged(path, "its beginning is not what was written"));
        }
        let mut at = head.len() as u64;
        let known = words(&head[MAGIC.len() + WORD_BYTES..]);
        let places = known.as_chunks().0.iter().map(|[words, checksum]| {
            let checksum = u32::try_from(*checksum).unwrap_or_default();
            let place = Place { at, words: *words, checksum };
            at += words * WORD_BYTES as u64;
            place
        });
        Ok(Self { path: path.to_owned(), places: places.collect() })
    }

    /// All words of a section.
    pub(super) fn section(&self, number: usize) -> Result<Vec<u64>, CacheError> {
        let place = self.places[number];
        self.checked(place)
    }

    /// Some words of a section, which have this checksum.
    pub(super) fn part(
        &self,
        number: usize,
        from: u64,
        words: u64,
        checksum: u32,
    ) -> Result<Vec<u64>, CacheError> {
        let section = self.places[number];
        assert!(from <= section.words, "a part begins in its section");
        let words = words.min(section.words.saturating_sub(from));
        self.checked(Place { at: section.at + from * WORD_BYTES as u64, words, checksum })
    }

    /// The words that lie there, when they are what was written.
    fn checked(&self, place: Place) -> Result<Vec<u64>, CacheError> {
        let bytes = usize::try_from(place.words * WORD_BYTES as u64).map_err(|_too_many| {
            CacheError::damaged(&self.path, "a section has no sensible size")
        })?;
        let mut bytes = vec![0; bytes];
        read_at(&self.path, &mut bytes, place.at)?;
        if crc32fast::hash(&bytes) == place.checksum {
            Ok(words(&bytes))
        } else {
            Err(CacheError::damaged(&self.path, "its content is not what was written"))
        }
    }
}

/// Fills the bytes with what a file has from there on.
pub(super) fn read_at(path: &Path, bytes: &mut [u8], at: u64) -> Result<(), CacheError> {
    may_take_long("reading the index");
    let mut read = || -> io::Result<()> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(bytes)
    };
    read().map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => {
            CacheError::damaged(path, "it is shorter than what was written")
        }
        _ => CacheError::io(path)(error),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn sections_come_back_whole_and_in_parts(
            sections in prop::collection::vec(prop::collection::vec(any::<u64>(), 0..40), 1..5),
        ) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("x.index");
            let (bytes, checksum) = write(&path, &sections).unwrap();
            prop_assert_eq!(bytes, fs_err::metadata(&path).unwrap().len());
            let read = Sections::open(&path, sections.len(), checksum).unwrap();
            for (number, section) in sections.iter().enumerate() {
                prop_assert_eq!(&read.section(number).unwrap(), section);
                let part: Vec<u8> = section.iter().take(3).flat_map(|word| word.to_le_bytes()).collect();
                let part = read.part(number, 0, 3, crc32fast::hash(&part)).unwrap();
                prop_assert_eq!(&part[..], &section[..section.len().min(3)]);
            }
        }

        #[test]
        fn a_flipped_bit_anywhere_is_noticed(bit in 0_usize..8 * (8 + 8 + 2 * 16 + 5 * 8)) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("x.index");
            let (_, checksum) = write(&path, &[vec![1, 2, 3], vec![4, 5]]).unwrap();
            let mut bytes = fs_err::read(&path).unwrap();
            bytes[bit / 8] ^= 1 << (bit % 8);
            fs_err::write(&path, bytes).unwrap();
            let read = Sections::open(&path, 2, checksum);
            let noticed = match read {
                Err(_) => true,
                Ok(read) => read.section(0).is_err() || read.section(1).is_err(),
            };
            prop_assert!(noticed, "bit {bit} was not missed");
        }
    }
}
