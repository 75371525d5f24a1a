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

use super::snapshot::{Location, LogBounds, LogSnapshot, RowRange};
use crate::model::{RecordRef, TopicPartition};

/// One key and the records that have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyCount {
    /// The key.
    pub key: Arc<[u8]>,
    /// How many records have it.
    pub records: u64,
    /// The first of them in log order.
    pub first: Location,
    /// The log time of the first, in milliseconds.
    pub first_ms: i64,
    /// The last of them in log order.
    pub last: Location,
    /// The log time of the last, in milliseconds.
    pub last_ms: i64,
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

/// What is known of one key.
#[derive(Clone, Copy, Debug)]
struct Tally {
    /// How many records have it.
    records: u64,
    /// The first of them.
    first: Place,
    /// The last of them.
    last: Place,
}

/// Where a record stands, with its log time in milliseconds.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// The log time, in milliseconds.
    log_time_ms: i64,
    /// The location.
    location: Location,
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

    /// Counts the keys of what came since the last update. Records with a null key belong to none. With a snapshot of
    /// another store, or an older one, it counts anew.
    pub fn update(&mut self, snapshot: &LogSnapshot) {
        self.update_by(snapshot, |record| record.key());
    }

    /// The same with other ids than keys. `id_of` must not change between updates.
    pub fn update_by<'s, I: AsRef<[u8]>>(
        &mut self,
        snapshot: &'s LogSnapshot,
        mut id_of: impl FnMut(RecordRef<'s>) -> Option<I>,
    ) {
        let ranges: Vec<RowRange<'s>> = snapshot.row_ranges(&self.bounds).collect();
        if !self.goes_on_with(snapshot.store(), &ranges) {
            self.tallies.clear();
            self.counted.clear();
            self.store = Some(Arc::clone(snapshot.store()));
        }
        for rows in ranges {
            let partition_id = rows.log.id;
            let counted = self.counted.entry(partition_id).or_insert_with(|| Counted {
                partition: rows.log.partition.clone(),
                to: rows.from,
            });
            let from = std::mem::replace(&mut counted.to, rows.to);
            for (row, record) in rows.log.records(from, rows.to) {
                if let Some(id) = id_of(record) {
                    let location = Location { partition_id, row };
                    let place = Place { log_time_ms: record.log_time_ms(), location };
                    count(&mut self.tallies, &self.counted, id.as_ref(), place);
                }
            }
        }
    }

    /// Whether these rows hold all that was counted: they are of the same store, and of no older snapshot.
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

    /// The keys that contain these bytes (all when empty): those with most records, at most this many.
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
        KeyCount {
            key: key.into(),
            records: self.records,
            first: self.first.location,
            first_ms: self.first.log_time_ms,
            last: self.last.location,
            last_ms: self.last.log_time_ms,
        }
    }
}

/// Counts one record of a key.
fn count(
    tallies: &mut IndexMap<Box<[u8]>, Tally, BuildHasherDefault<KeyHasher>>,
    counted: &BTreeMap<u32, Counted>,
    key: &[u8],
    place: Place,
) {
    let Some(tally) = tallies.get_mut(key) else {
        tallies.insert(key.into(), Tally { records: 1, first: place, last: place });
        return;
    };
    tally.records += 1;
    if is_before(place, tally.first, counted) {
        tally.first = place;
    }
    if is_before(tally.last, place, counted) {
        tally.last = place;
    }
}

/// Whether one place comes before another in log order.
fn is_before(one: Place, other: Place, counted: &BTreeMap<u32, Counted>) -> bool {
    let by_position = || {
        let partition = |place: Place| {
            counted.get(&place.location.partition_id).map(|counted| &counted.partition)
        };
        (partition(one), one.location.row) < (partition(other), other.location.row)
    };
    one.log_time_ms < other.log_time_ms || (one.log_time_ms == other.log_time_ms && by_position())
}
