//! The distinct keys of what was read, or whatever else names entities: how often, first and last.
//!
//! Promises: exact; an update looks only at records that came since the last one.
//! Does not know: how an id is taken from a record, unless it is the key.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use indexmap::IndexMap;
use memchr::memmem;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::cache::KeyPlace;
use super::partition::RowRange;
use super::snapshot::{LogBounds, LogSnapshot};
use super::stored_segment::StoredSegment;
use crate::model::{RecordRef, TopicPartition};

/// One key and the records that have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyCount {
    /// The key.
    pub key: Arc<[u8]>,
    /// How many records have it.
    pub records: u64,
    /// The first of them in log order.
    pub first: KeyedRecord,
    /// The last of them in log order.
    pub last: KeyedRecord,
}

/// The keys that were asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyCounts {
    /// Most records first, then by key; as many as were asked for.
    pub rows: Vec<KeyCount>,
    /// How many keys match.
    pub matching: u64,
    /// How many keys there are.
    pub total: u64,
}

/// A record of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyedRecord {
    /// The log time, in milliseconds.
    pub log_time_ms: i64,
    /// The log's number for the partition.
    pub partition_id: u32,
    /// The offset.
    pub offset: i64,
    /// The timestamp, in milliseconds; -1 where it has none.
    pub timestamp_ms: i64,
}

/// What is known of one key.
#[derive(Clone, Copy, Debug)]
struct Tally {
    /// How many records have it.
    records: u64,
    /// The first of them.
    first: KeyedRecord,
    /// The last of them.
    last: KeyedRecord,
}

/// How far a partition has been counted.
#[derive(Debug)]
struct Counted {
    /// The partition.
    partition: TopicPartition,
    /// The row after the last that was counted.
    to: u64,
}

/// XXH3 as the hash of a map: keys are short, and nobody chooses them to collide.
#[derive(Default)]
struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = xxh3_64_with_seed(bytes, self.0);
    }

    fn write_usize(&mut self, length: usize) {
        self.0 ^= length as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Counts distinct keys, or other ids, and goes on counting as a log grows.
#[derive(Debug)]
pub struct KeyDirectory {
    /// Which records are counted.
    bounds: LogBounds,
    /// The keys in the order they were met.
    tallies: IndexMap<Box<[u8]>, Tally, BuildHasherDefault<KeyHasher>>,
    /// The store that was counted.
    store: Option<Arc<()>>,
    /// How far every partition has been counted, by its id.
    counted: BTreeMap<u32, Counted>,
}

impl KeyDirectory {
    /// A directory of the records within these bounds that has counted nothing.
    pub fn new(bounds: LogBounds) -> Self {
        Self { bounds, tallies: IndexMap::default(), store: None, counted: BTreeMap::new() }
    }

    /// Counts the keys of what came since the last update. Records with a null key belong to none.
    /// With a snapshot of another store, or an older one, it counts anew. Of segments on disk their
    /// lists of keys are read, not their records.
    pub fn update(&mut self, snapshot: &LogSnapshot) {
        for rows in self.ranges(snapshot) {
            let partition_id = rows.log.id;
            let mut from = self.begin(&rows);
            for placed in rows.log.segments() {
                let (first, end) = (placed.first_row, placed.end_row());
                let keys = placed.segment.stored().filter(|_| from <= first && end <= rows.to);
                if end <= from {
                    continue;
                }
                if let Some(keys) = keys.and_then(StoredSegment::keys_as_written) {
                    for (key, tally) in keys.iter(rows.log.partition.partition) {
                        let place = |place: KeyPlace| KeyedRecord {
                            log_time_ms: place.log_time_ms,
                            partition_id,
                            offset: place.offset,
                            timestamp_ms: place.timestamp_ms,
                        };
                        let (first, last) = (place(tally.first), place(tally.last));
                        count(&mut self.tallies, &self.counted, key, tally.records, first, last);
                    }
                } else {
                    let (from, to) = (from.max(first), end.min(rows.to));
                    self.count_keys(&rows, from, to);
                }
                from = end;
            }
        }
    }

    /// Notes that these rows are counted. Says from which row on they were not.
    fn begin(&mut self, rows: &RowRange<'_>) -> u64 {
        let counted = self
            .counted
            .entry(rows.log.id)
            .or_insert_with(|| Counted { partition: rows.log.partition.clone(), to: rows.from });
        assert!(counted.to <= rows.to, "counting never goes back");
        std::mem::replace(&mut counted.to, rows.to)
    }

    /// The same with other ids than keys. `id_of` must not change between updates.
    pub fn update_by<I: AsRef<[u8]>>(
        &mut self,
        snapshot: &LogSnapshot,
        mut id_of: impl FnMut(RecordRef<'_>) -> Option<I>,
    ) {
        for rows in self.ranges(snapshot) {
            let from = self.begin(&rows);
            rows.log.for_each(from, rows.to, |record| {
                if let Some(id) = id_of(record) {
                    let place = KeyedRecord::new(rows.log.id, record);
                    count(&mut self.tallies, &self.counted, id.as_ref(), 1, place, place);
                }
            });
        }
    }

    /// Counts the keys of some of these rows, record by record.
    fn count_keys(&mut self, rows: &RowRange<'_>, from: u64, to: u64) {
        rows.log.for_each(from, to, |record| {
            if let Some(key) = record.key() {
                let place = KeyedRecord::new(rows.log.id, record);
                count(&mut self.tallies, &self.counted, key, 1, place, place);
            }
        });
    }

    /// The ranges to count, after everything that does not go on with them was forgotten.
    fn ranges<'s>(&mut self, snapshot: &'s LogSnapshot) -> Vec<RowRange<'s>> {
        let ranges: Vec<RowRange<'s>> = snapshot.row_ranges(&self.bounds).collect();
        if !self.goes_on_with(snapshot.store(), &ranges) {
            self.tallies.clear();
            self.counted.clear();
            self.store = Some(Arc::clone(snapshot.store()));
        }
        ranges
    }

    /// Whether these rows hold all that was counted: they are of the same store, and of no older
    /// snapshot.
    fn goes_on_with(&self, store: &Arc<()>, ranges: &[RowRange<'_>]) -> bool {
        let to = |rows: &RowRange<'_>| self.counted.get(&rows.log.id).map(|counted| counted.to);
        self.store.as_ref().is_some_and(|counted| Arc::ptr_eq(counted, store))
            && ranges.iter().filter(|rows| to(rows).is_some_and(|to| to <= rows.to)).count()
                == self.counted.len()
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.tallies.len()
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.tallies.is_empty()
    }

    /// The keys that contain these bytes (all when empty): those with most records, at most this
    /// many.
    pub fn counts(&self, contains: &[u8], most_rows: usize) -> KeyCounts {
        let finder = memmem::Finder::new(contains);
        let mut matching: Vec<(&[u8], &Tally)> = self
            .tallies
            .iter()
            .map(|(key, tally)| (&**key, tally))
            .filter(|(key, _)| finder.find(key).is_some())
            .collect();
        let matching_count = matching.len();
        if most_rows < matching_count {
            matching.select_nth_unstable_by(most_rows, by_records_then_key);
            matching.truncate(most_rows);
        }
        matching.sort_unstable_by(by_records_then_key);
        KeyCounts {
            rows: matching.into_iter().map(|(key, tally)| tally.of_key(key)).collect(),
            matching: u64::try_from(matching_count).expect("a length has 64 bits"),
            total: u64::try_from(self.len()).expect("a length has 64 bits"),
        }
    }
}

/// Most records first, then by key.
fn by_records_then_key(one: &(&[u8], &Tally), other: &(&[u8], &Tally)) -> Ordering {
    other.1.records.cmp(&one.1.records).then_with(|| one.0.cmp(other.0))
}

impl Tally {
    /// The tally as it is handed out.
    fn of_key(&self, key: &[u8]) -> KeyCount {
        KeyCount { key: key.into(), records: self.records, first: self.first, last: self.last }
    }
}

impl KeyedRecord {
    /// A record of the partition with this id.
    fn new(partition_id: u32, record: RecordRef<'_>) -> Self {
        Self {
            log_time_ms: record.log_time_ms(),
            partition_id,
            offset: record.offset(),
            timestamp_ms: record.timestamp_ms(),
        }
    }
}

/// Counts records of a key, of which this is the first and that the last.
fn count(
    tallies: &mut IndexMap<Box<[u8]>, Tally, BuildHasherDefault<KeyHasher>>,
    counted: &BTreeMap<u32, Counted>,
    key: &[u8],
    records: u64,
    first: KeyedRecord,
    last: KeyedRecord,
) {
    let Some(tally) = tallies.get_mut(key) else {
        tallies.insert(key.into(), Tally { records, first, last });
        return;
    };
    tally.records += records;
    if is_before(first, tally.first, counted) {
        tally.first = first;
    }
    if is_before(tally.last, last, counted) {
        tally.last = last;
    }
}

/// Whether one record comes before another in log order.
fn is_before(one: KeyedRecord, other: KeyedRecord, counted: &BTreeMap<u32, Counted>) -> bool {
    let by_position = || {
        let partition =
            |place: KeyedRecord| counted.get(&place.partition_id).map(|counted| &counted.partition);
        (partition(one), one.offset) < (partition(other), other.offset)
    };
    one.log_time_ms < other.log_time_ms || (one.log_time_ms == other.log_time_ms && by_position())
}
