//! The index of a sealed segment: its batches, its gaps, in which batches a key occurs, and when
//! its records were written.
//!
//! Promises: a key is found by reading two blocks of the file, however large the segment; nothing
//! that fails its checksum is used.
//! Does not know: the keys themselves. Keys may share a hash, so whoever asks compares the key
//! bytes.

use std::path::Path;
use std::sync::OnceLock;

use xxhash_rust::xxh3::xxh3_128;

use super::error::CacheError;
use super::words::{self, Sections, WORD_BYTES};
use crate::partition_log::time_buckets::TimeBuckets;

/// The section of the batches.
const BATCHES: usize = 0;
/// The section of the gaps.
const GAPS: usize = 1;
/// The section of the fences: for each block of entries the first of them and the checksum.
const FENCES: usize = 2;
/// The section of the entries: hashes of keys with batches that hold them.
const ENTRIES: usize = 3;
/// The section of the time buckets.
const TIMES: usize = 4;
/// How many sections there are.
const SECTIONS: usize = 5;

/// How many words a batch has.
const BATCH_WORDS: usize = 9;

/// How many low bits of an entry hold the number of a batch.
const BATCH_BITS: u32 = 20;

/// How many entries a block has.
const BLOCK_ENTRIES: usize = 512;

/// What is known of a batch without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StoredBatch {
    /// Its first byte in the data file.
    pub(crate) at: u64,
    /// Its size in the data file, in bytes.
    pub(crate) bytes: u64,
    /// The CRC-32 of these bytes.
    pub(crate) checksum: u32,
    /// How many records it has.
    pub(crate) rows: u32,
    /// How many of them are of aborted transactions.
    pub(crate) aborted: u32,
    /// The offset of the first.
    pub(crate) first_offset: i64,
    /// The offset of the last.
    pub(crate) last_offset: i64,
    /// The latest timestamp, in milliseconds.
    pub(crate) latest_ms: i64,
    /// The latest timestamp of a record that is not aborted, in milliseconds; the earliest there is
    /// without any.
    pub(crate) latest_committed_ms: i64,
}

impl StoredBatch {
    /// The batch as words.
    fn to_words(self) -> [u64; BATCH_WORDS] {
        [
            self.at,
            self.bytes,
            u64::from(self.checksum),
            u64::from(self.rows),
            u64::from(self.aborted),
            self.first_offset.cast_unsigned(),
            self.last_offset.cast_unsigned(),
            self.latest_ms.cast_unsigned(),
            self.latest_committed_ms.cast_unsigned(),
        ]
    }

    /// The batch of these words; `None` when they are none.
    fn from_words(words: &[u64; BATCH_WORDS]) -> Option<Self> {
        let small = |word: u64| u32::try_from(word).ok();
        let [at, bytes, checksum, rows, aborted, first_offset, last_offset, latest, committed] =
            *words;
        let batch = Self {
            at,
            bytes,
            checksum: small(checksum)?,
            rows: small(rows)?,
            aborted: small(aborted)?,
            first_offset: first_offset.cast_signed(),
            last_offset: last_offset.cast_signed(),
            latest_ms: latest.cast_signed(),
            latest_committed_ms: committed.cast_signed(),
        };
        (batch.first_offset <= batch.last_offset && batch.aborted <= batch.rows).then_some(batch)
    }
}

/// The hash of a key. Two keys of a segment share one with a probability below 10^-28, so it stands
/// for the key.
pub(crate) type KeyHash = u128;

/// The hash of a key.
pub(crate) fn key_hash(key: &[u8]) -> KeyHash {
    xxh3_128(key)
}

/// An entry: a part of a key's hash above the number of a batch that holds it.
pub(crate) fn entry(hash: KeyHash, batch: u32) -> u64 {
    hash_bits(hash) | u64::from(batch)
}

/// A part of the hash of a key in the upper bits of an entry, the others zero.
fn hash_bits(hash: KeyHash) -> u64 {
    u64::try_from(hash >> u64::BITS).unwrap_or_default() >> BATCH_BITS << BATCH_BITS
}

/// Whether a segment may have a batch more.
pub(crate) fn has_room_for_batch(batches: usize) -> bool {
    batches < (1 << BATCH_BITS)
}

/// Whether no batch reaches into the next one.
fn are_in_order(batches: &[StoredBatch]) -> bool {
    batches.is_sorted_by(|one, other| one.last_offset < other.first_offset)
}

/// Whether no gap reaches into the next one.
fn are_ascending(gaps: &[(i64, i64)]) -> bool {
    gaps.is_sorted_by(|one, other| one.1 <= other.0)
}

/// Writes an index, whose entries need not be sorted. Says its size in bytes and the checksum of
/// its beginning.
pub(crate) fn write(
    path: &Path,
    batches: &[StoredBatch],
    gaps: &[(i64, i64)],
    mut entries: Vec<u64>,
    times: &TimeBuckets,
) -> Result<(u64, u32), CacheError> {
    assert!(are_in_order(batches), "batches are found by binary search");
    assert!(are_ascending(gaps), "gaps ascend");
    assert!(batches.len() < 1 << BATCH_BITS, "the number of a batch fits into an entry");
    entries.sort_unstable();
    let fence = |block: &[u64]| {
        let bytes: Vec<u8> = block.iter().flat_map(|word| word.to_le_bytes()).collect();
        [block[0], u64::from(crc32fast::hash(&bytes))]
    };
    let fences = entries.chunks(BLOCK_ENTRIES).flat_map(fence).collect();
    let sections = [
        batches.iter().flat_map(|batch| batch.to_words()).collect(),
        gaps.iter().flat_map(|(from, to)| [from.cast_unsigned(), to.cast_unsigned()]).collect(),
        fences,
        entries,
        times.to_words(),
    ];
    words::write(path, &sections)
}

/// The index of a segment, read as far as it was needed.
#[derive(Debug)]
pub(crate) struct SegmentIndex {
    /// The file.
    sections: Sections,
    /// The batches.
    batches: OnceLock<Vec<StoredBatch>>,
    /// The fences.
    fences: OnceLock<Vec<[u64; 2]>>,
    /// The time buckets.
    times: OnceLock<TimeBuckets>,
}

impl SegmentIndex {
    /// The index in a file whose beginning has this checksum.
    pub(crate) fn open(path: &Path, checksum: u32) -> Result<Self, CacheError> {
        let sections = Sections::open(path, SECTIONS, checksum)?;
        let (batches, fences, times) = (OnceLock::new(), OnceLock::new(), OnceLock::new());
        Ok(Self { sections, batches, fences, times })
    }

    /// The batches, in offset order.
    pub(crate) fn batches(&self) -> Result<&[StoredBatch], CacheError> {
        if let Some(batches) = self.batches.get() {
            return Ok(batches);
        }
        let words = self.sections.section(BATCHES)?;
        let read = words.as_chunks().0.iter().map(StoredBatch::from_words);
        let batches: Option<Vec<StoredBatch>> = read.collect();
        let batches = batches.filter(|batches| are_in_order(batches));
        let batches = batches.ok_or_else(|| self.sections.damaged("its batches are none"))?;
        Ok(self.batches.get_or_init(|| batches))
    }

    /// The offsets without a record, as ranges from (inclusive) and to (exclusive), ascending.
    pub(crate) fn gaps(&self) -> Result<Vec<(i64, i64)>, CacheError> {
        let words = self.sections.section(GAPS)?;
        let gap = |[from, to]: &[u64; 2]| (from.cast_signed(), to.cast_signed());
        let gaps: Vec<(i64, i64)> = words.as_chunks().0.iter().map(gap).collect();
        let are_gaps = gaps.iter().all(|(from, to)| from < to) && are_ascending(&gaps);
        if are_gaps { Ok(gaps) } else { Err(self.sections.damaged("its gaps are none")) }
    }

    /// The fences.
    fn fences(&self) -> Result<&[[u64; 2]], CacheError> {
        if let Some(fences) = self.fences.get() {
            return Ok(fences);
        }
        let fences = self.sections.section(FENCES)?.as_chunks().0.to_vec();
        Ok(self.fences.get_or_init(|| fences))
    }

    /// The numbers of the batches that may hold a record with this key, ascending.
    pub(crate) fn batches_with(&self, key: &[u8]) -> Result<Vec<usize>, CacheError> {
        let hash = hash_bits(key_hash(key));
        let fences = self.fences()?;
        let first = fences.partition_point(|[entry, _]| *entry < hash).saturating_sub(1);
        let mut found = Vec::new();
        for (block, [start, checksum]) in fences.iter().enumerate().skip(first) {
            if start >> BATCH_BITS > hash >> BATCH_BITS {
                break;
            }
            let checksum = u32::try_from(*checksum).unwrap_or_default();
            let entries = self.sections.part(
                ENTRIES,
                (block * BLOCK_ENTRIES) as u64,
                BLOCK_ENTRIES as u64,
                checksum,
            )?;
            let same = |entry: &&u64| **entry >> BATCH_BITS == hash >> BATCH_BITS;
            let batch = |entry: &u64| usize::try_from(entry ^ hash).ok();
            found.extend(entries.iter().filter(same).filter_map(batch));
        }
        // Two keys of a batch may share their part of the hash.
        found.dedup();
        let batches = self.sections.words_of(BATCHES) / BATCH_WORDS as u64;
        let are_there = found.last().is_none_or(|last| (*last as u64) < batches);
        if are_there && found.is_sorted_by(|one, other| one < other) {
            Ok(found)
        } else {
            Err(self.sections.damaged("its keys are in no batch"))
        }
    }

    /// How many records have which log time, as it was when the segment was written.
    pub(crate) fn times(&self) -> Result<&TimeBuckets, CacheError> {
        if let Some(times) = self.times.get() {
            return Ok(times);
        }
        let times = TimeBuckets::from_words(&self.sections.section(TIMES)?)
            .ok_or_else(|| self.sections.damaged("its times are none"))?;
        Ok(self.times.get_or_init(|| times))
    }

    /// Reads everything, to see that it is what was written and means something.
    pub(crate) fn verify(&self) -> Result<(), CacheError> {
        (0..SECTIONS).try_for_each(|number| self.sections.section(number).map(drop))?;
        self.batches()?;
        self.gaps()?;
        self.times().map(drop)
    }

    /// What is held in memory, in bytes.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.batches.get().map_or(0, |batches| batches.len() * size_of::<StoredBatch>())
            + self.fences.get().map_or(0, |fences| fences.len() * 2 * WORD_BYTES)
            + self.times.get().map_or(0, TimeBuckets::memory_bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    /// A batch of which only the number matters.
    fn batch(number: u64) -> StoredBatch {
        StoredBatch {
            at: number,
            bytes: 1,
            checksum: 7,
            rows: 1,
            aborted: 0,
            first_offset: number.cast_signed(),
            last_offset: number.cast_signed(),
            latest_ms: -1,
            latest_committed_ms: i64::MIN,
        }
    }

    proptest! {
        #[test]
        fn every_key_is_found_in_the_batches_that_hold_it(
            pairs in prop::collection::btree_set((0_u16..400, 0_u32..40), 0..3000),
        ) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("s.index");
            let batches: Vec<StoredBatch> = (0..40).map(batch).collect();
            let mut expected: BTreeMap<u16, Vec<usize>> = BTreeMap::new();
            let mut entries = Vec::new();
            for (key, batch) in pairs.iter().rev() {
                entries.push(entry(key_hash(&key.to_be_bytes()), *batch));
                expected.entry(*key).or_default().insert(0, *batch as usize);
            }
            let times = TimeBuckets::from_times(&[1, 5, 5]);
            let (_, checksum) = write(&path, &batches, &[(3, 5)], entries, &times).unwrap();
            let index = SegmentIndex::open(&path, checksum).unwrap();
            prop_assert_eq!(index.batches().unwrap(), &batches[..]);
            prop_assert_eq!(index.gaps().unwrap(), [(3, 5)]);
            for key in 0_u16..400 {
                let found = index.batches_with(&key.to_be_bytes()).unwrap();
                prop_assert_eq!(found, expected.remove(&key).unwrap_or_default());
            }
            let counts = index.times().unwrap().histogram(0, 7, 8);
            prop_assert_eq!(counts, times.histogram(0, 7, 8));
        }
    }
}
