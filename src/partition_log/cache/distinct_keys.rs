//! The distinct keys of a segment, in a file of their own: how often each occurs, where first and
//! where last.
//!
//! Promises: sorted by key; other tools can read it; a search reads no record.
//! Does not know: other segments; whether its log times still hold (`stored_segment` does).

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::io::{self, BufReader, Cursor};
use std::path::Path;
use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::types::Int64Type;
use arrow_array::{ArrayRef, BinaryArray, Int64Array, RecordBatch as Columns};
use arrow_ipc::reader::FileReader;
use arrow_ipc::writer::FileWriter;
use arrow_schema::{ArrowError, DataType, Field, Schema};

use super::columns::write_options;
use super::error::CacheError;
use super::segment_index::KeyHash;
use crate::model::may_take_long;
use crate::partition_log::private_files;

/// A record of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyPlace {
    /// The partition's number.
    pub partition: i32,
    /// Its log time, in milliseconds.
    pub log_time_ms: i64,
    /// Its offset.
    pub offset: i64,
    /// Its timestamp, in milliseconds; -1 where it has none.
    pub timestamp_ms: i64,
}

/// What is known of a key in a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyTally {
    /// How many records have it.
    pub records: u64,
    /// The first of them.
    pub first: KeyPlace,
    /// The last of them.
    pub last: KeyPlace,
}

/// Takes half of a hash as it is.
#[derive(Default)]
struct HalfHash(u64);

impl Hasher for HalfHash {
    fn write(&mut self, _bytes: &[u8]) {
        unreachable!("keys of this map are one u128 each");
    }

    fn write_u128(&mut self, hash: u128) {
        self.0 = u64::try_from(hash >> 64).unwrap_or_default();
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// A key while its segment is being written.
#[derive(Debug)]
struct Tallied {
    /// The key.
    key: Box<[u8]>,
    /// What is known of it.
    tally: KeyTally,
    /// The last batch that holds it.
    last_batch: u32,
}

/// The keys of a segment that is being written.
#[derive(Debug, Default)]
pub(crate) struct KeyTallies(HashMap<KeyHash, Tallied, BuildHasherDefault<HalfHash>>);

impl KeyTallies {
    /// How many keys there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Counts a record in this batch. Says whether it is the first of its key in the batch.
    pub(crate) fn count(&mut self, key: &[u8], hash: KeyHash, place: KeyPlace, batch: u32) -> bool {
        if let Some(known) = self.0.get_mut(&hash) {
            assert!(known.tally.last.offset < place.offset, "records come in offset order");
            known.tally.records += 1;
            known.tally.last = place;
            return std::mem::replace(&mut known.last_batch, batch) != batch;
        }
        let tally = KeyTally { records: 1, first: place, last: place };
        self.0.insert(hash, Tallied { key: key.into(), tally, last_batch: batch });
        true
    }

    /// Writes the keys, and says the size of the file in bytes and its checksum.
    pub(crate) fn write(&self, path: &Path) -> Result<(u64, u32), CacheError> {
        let mut sorted: Vec<(&[u8], &KeyTally)> =
            self.0.values().map(|known| (&*known.key, &known.tally)).collect();
        sorted.sort_unstable_by_key(|(key, _)| *key);
        let bytes = encode(&sorted).map_err(CacheError::arrow(path))?;
        let write = || -> io::Result<()> {
            let mut file = private_files::create(path)?;
            io::Write::write_all(&mut file, &bytes)?;
            file.sync_data()
        };
        write().map_err(CacheError::io(path))?;
        Ok((bytes.len() as u64, crc32fast::hash(&bytes)))
    }
}

/// The file of these keys.
fn encode(sorted: &[(&[u8], &KeyTally)]) -> Result<Vec<u8>, ArrowError> {
    let number = |of: fn(&KeyTally) -> i64| -> ArrayRef {
        Arc::new(sorted.iter().map(|(_, tally)| of(tally)).collect::<Int64Array>())
    };
    let keys: BinaryArray = sorted.iter().map(|(key, _)| Some(*key)).collect();
    let mut columns: Vec<ArrayRef> = vec![Arc::new(keys)];
    columns.extend(NUMBERS.map(|(_, of)| number(of)));
    let mut fields = vec![Field::new("key", DataType::Binary, true)];
    fields.extend(NUMBERS.map(|(name, _)| Field::new(name, DataType::Int64, true)));
    let schema = Arc::new(Schema::new(fields));
    let columns = Columns::try_new(Arc::clone(&schema), columns)?;
    let mut writer = FileWriter::try_new_with_options(Vec::new(), &schema, write_options()?)?;
    writer.write(&columns)?;
    writer.finish()?;
    writer.into_inner()
}

/// A column of numbers: its name and how it is taken from a tally.
type NumberColumn = (&'static str, fn(&KeyTally) -> i64);

/// The columns of numbers.
const NUMBERS: [NumberColumn; 7] = [
    ("records", |tally| tally.records.cast_signed()),
    ("first_log_time", |tally| tally.first.log_time_ms),
    ("first_offset", |tally| tally.first.offset),
    ("first_timestamp", |tally| tally.first.timestamp_ms),
    ("last_log_time", |tally| tally.last.log_time_ms),
    ("last_offset", |tally| tally.last.offset),
    ("last_timestamp", |tally| tally.last.timestamp_ms),
];

/// The distinct keys of a segment as they were read.
#[derive(Debug)]
pub(crate) struct DistinctKeys {
    /// The keys, sorted.
    keys: BinaryArray,
    /// The numbers of each, in the order of `NUMBERS`.
    numbers: [Int64Array; NUMBERS.len()],
}

impl DistinctKeys {
    /// Reads a file with this checksum.
    pub(crate) fn read(path: &Path, checksum: u32) -> Result<Self, CacheError> {
        may_take_long("reading the index");
        let bytes = fs_err::read(path).map_err(CacheError::io(path))?;
        if crc32fast::hash(&bytes) != checksum {
            return Err(CacheError::damaged(path, "its content is not what was written"));
        }
        let read = || -> Result<Self, ArrowError> {
            let wrong = || ArrowError::SchemaError("these are not the keys of a segment".into());
            let mut reader = FileReader::try_new(BufReader::new(Cursor::new(bytes)), None)?;
            let columns = reader.next().ok_or_else(wrong)??;
            let mut numbers = Vec::with_capacity(NUMBERS.len());
            for (name, _) in NUMBERS {
                let column = columns.column_by_name(name).ok_or_else(wrong)?;
                numbers.push(column.as_primitive_opt::<Int64Type>().ok_or_else(wrong)?.clone());
            }
            Ok(Self {
                keys: columns.column(0).as_binary_opt().ok_or_else(wrong)?.clone(),
                numbers: numbers.try_into().map_err(|_numbers| wrong())?,
            })
        };
        read().map_err(CacheError::arrow(path))
    }

    /// The keys with what is known of each, sorted by key. The segment is of the partition with
    /// this number.
    pub(crate) fn iter(&self, partition: i32) -> impl Iterator<Item = (&[u8], KeyTally)> {
        (0..self.keys.value_offsets().len() - 1).map(move |row| {
            let [records, first_log_time_ms, first_offset, first_timestamp_ms, rest @ ..] =
                &self.numbers;
            let [last_log_time_ms, last_offset, last_timestamp_ms] = rest;
            let tally = KeyTally {
                records: records.value(row).cast_unsigned(),
                first: KeyPlace {
                    partition,
                    log_time_ms: first_log_time_ms.value(row),
                    offset: first_offset.value(row),
                    timestamp_ms: first_timestamp_ms.value(row),
                },
                last: KeyPlace {
                    partition,
                    log_time_ms: last_log_time_ms.value(row),
                    offset: last_offset.value(row),
                    timestamp_ms: last_timestamp_ms.value(row),
                },
            };
            (self.keys.value(row), tally)
        })
    }
}
