//! The key index of one segment: where in the segment the records of a key stand.
//!
//! Promises: finding a key is one binary search and allocates nothing; rows ascend.
//! Does not know: the keys themselves. Two keys may share a hash, so whoever asks compares the key
//! bytes.

use xxhash_rust::xxh3::xxh3_64;

/// How many low bits of an entry hold the row.
const ROW_BITS: u32 = 32;

/// The rows of one segment by the hash of their keys. Null keys are not in it.
///
/// An entry is one integer, the upper half of the key's XXH3-64 hash above the row: that halves the
/// memory and makes building it a plain sort. Among the quarter of a million rows of a segment 32
/// bits of hash are shared by chance once in many thousand look-ups.
///
/// Invariant: entries ascend strictly.
#[derive(Debug)]
pub(super) struct KeyIndex(Vec<u64>);

impl KeyIndex {
    /// The index of a segment whose rows have these keys.
    pub(super) fn new<'k>(keys: impl IntoIterator<Item = Option<&'k [u8]>>) -> Self {
        let mut entries: Vec<u64> = (0_u32..)
            .zip(keys)
            .filter_map(|(row, key)| key.map(|key| hash_bits(key) | u64::from(row)))
            .collect();
        entries.sort_unstable();
        assert!(entries.is_sorted_by(|one, other| one < other), "each row stands there once");
        entries.shrink_to_fit();
        Self(entries)
    }

    /// The index of a segment made of others one after another; each comes with the number of its
    /// first row.
    pub(super) fn joined<'i>(parts: impl IntoIterator<Item = (u32, &'i Self)>) -> Self {
        let mut entries = Vec::new();
        for (first_row, part) in parts {
            entries.extend(part.0.iter().map(|entry| entry + u64::from(first_row)));
        }
        merge_sorted_parts(&mut entries);
        assert!(entries.is_sorted_by(|one, other| one < other), "each row stands there once");
        entries.shrink_to_fit();
        Self(entries)
    }

    /// The rows whose key may be this one, ascending.
    pub(super) fn candidates(&self, key: &[u8]) -> impl Iterator<Item = u32> {
        let hash = hash_bits(key);
        let start = self.0.partition_point(|entry| *entry < hash);
        let found =
            self.0[start..].iter().take_while(move |entry| *entry >> ROW_BITS == hash >> ROW_BITS);
        found.map(|entry| u32::try_from(entry & u64::from(u32::MAX)).expect("32 bits are left"))
    }

    /// The memory the index holds, in bytes.
    pub(super) fn memory_bytes(&self) -> usize {
        self.0.capacity() * size_of::<u64>()
    }
}

/// Sorts entries that consist of a few sorted parts. The stable sort finds the parts and merges
/// them.
#[expect(
    clippy::stable_sort_primitive,
    reason = "the unstable sort would not use that parts are sorted"
)]
fn merge_sorted_parts(entries: &mut [u64]) {
    entries.sort();
}

/// The hash of a key in the upper half of an entry, the lower half zero.
fn hash_bits(key: &[u8]) -> u64 {
    xxh3_64(key) >> ROW_BITS << ROW_BITS
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The rows of a key as the owner of an index finds them.
    fn rows(index: &KeyIndex, keys: &[Option<Vec<u8>>], key: &[u8]) -> Vec<u32> {
        index.candidates(key).filter(|row| keys[*row as usize].as_deref() == Some(key)).collect()
    }

    /// Few different keys, so that they repeat; null and empty ones too.
    fn keys() -> impl Strategy<Value = Vec<Option<Vec<u8>>>> {
        prop::collection::vec(prop::option::of(prop::collection::vec(0_u8..3, 0..3)), 0..200)
    }

    proptest! {
        #[test]
        fn every_key_is_found_where_a_plain_search_finds_it(keys in keys(), cut in 0_usize..200) {
            let cut = cut.min(keys.len());
            let index = |keys: &[Option<Vec<u8>>]| KeyIndex::new(keys.iter().map(Option::as_deref));
            let whole = index(&keys);
            let first_row = u32::try_from(cut).unwrap();
            let (left, right) = (index(&keys[..cut]), index(&keys[cut..]));
            let joined = KeyIndex::joined([(0, &left), (first_row, &right)]);
            prop_assert_eq!(&whole.0, &joined.0);
            for key in keys.iter().flatten() {
                let expected: Vec<u32> = (0_u32..)
                    .zip(&keys)
                    .filter(|(_, other)| other.as_ref() == Some(key))
                    .map(|(row, _)| row)
                    .collect();
                prop_assert_eq!(rows(&joined, &keys, key), expected);
            }
        }
    }

    #[test]
    fn a_key_that_is_not_there_has_no_rows() {
        let keys = [Some(b"a".to_vec()), None];
        let index = KeyIndex::new(keys.iter().map(Option::as_deref));
        assert_eq!(rows(&index, &keys, b"b"), Vec::<u32>::new());
    }
}
