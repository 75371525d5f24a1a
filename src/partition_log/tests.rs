//! Tests of store and snapshot against a plain list of records.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::model::{
    RecordBatch, RecordBatchBuilder, RecordFacts, TimestampType, TopicPartition, Transaction,
};

/// A record as the model keeps it. Its order is log order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Plain {
    log_time_ms: i64,
    partition: TopicPartition,
    offset: i64,
    key: Option<Vec<u8>>,
}

/// What is done to a store: a batch for one of a few partitions, as steps of offset and log time
/// with keys.
#[derive(Clone, Debug)]
struct Append {
    partition: usize,
    records: Vec<(i64, i64, Option<u8>)>,
}

/// The partitions of the model, deliberately not in the order in which they come first.
fn partitions() -> [TopicPartition; 4] {
    [("b", 1), ("b", 0), ("a", 7), ("c", 0)]
        .map(|(topic, number)| TopicPartition::new(topic, number))
}

/// Many small batches and a few larger ones, with ties in time and repeated keys.
fn appends() -> impl Strategy<Value = Vec<Append>> {
    let record = (1_i64..4, 0_i64..3, prop::option::of(0_u8..5));
    let batch = (0_usize..4, prop::collection::vec(record, 0..12))
        .prop_map(|(partition, records)| Append { partition, records });
    prop::collection::vec(batch, 0..60)
}

/// A batch of records with these offsets, log times and keys.
fn batch(partition: &TopicPartition, records: &[(i64, i64, Option<Vec<u8>>)]) -> RecordBatch {
    let mut builder = RecordBatchBuilder::new(partition.clone());
    for (offset, log_time_ms, key) in records {
        let facts = RecordFacts {
            offset: *offset,
            timestamp_ms: *log_time_ms,
            log_time_ms: *log_time_ms,
            timestamp_type: TimestampType::CreateTime,
            transaction: Transaction::Committed,
            implausible_time: false,
        };
        builder.push(facts, key.as_deref(), Some(b"value"), []);
    }
    builder.finish()
}

/// A store and what is in it, in the order it came.
struct Twin {
    store: LogStore,
    plain: Vec<Plain>,
    ends: [(i64, i64); 4],
}

impl Twin {
    fn new() -> Self {
        Self { store: LogStore::new(u64::MAX), plain: Vec::new(), ends: [(0, 1000); 4] }
    }

    fn append(&mut self, append: &Append) {
        let partition = &partitions()[append.partition];
        let (offset, time_ms) = &mut self.ends[append.partition];
        let mut records = Vec::new();
        for (offset_step, time_step, key) in &append.records {
            *offset += offset_step;
            *time_ms += time_step;
            let key = key.map(|key| vec![b'k'; usize::from(key)]);
            records.push((*offset, *time_ms, key.clone()));
            let (partition, offset, log_time_ms) = (partition.clone(), *offset, *time_ms);
            self.plain.push(Plain { log_time_ms, partition, offset, key });
        }
        self.store.append(batch(partition, &records)).unwrap();
    }

    fn of(appends: &[Append]) -> Self {
        let mut twin = Self::new();
        for append in appends {
            twin.append(append);
        }
        twin
    }

    /// What the model has in log order within these bounds.
    fn in_order(&self, bounds: &LogBounds) -> Vec<Plain> {
        let within = |plain: &&Plain| {
            (bounds.topics.is_empty() || bounds.topics.contains(&plain.partition.topic))
                && (bounds.partitions.is_empty()
                    || bounds.partitions.contains(&plain.partition.partition))
                && bounds.time_ms.is_none_or(|(from, to)| (from..=to).contains(&plain.log_time_ms))
        };
        let mut sorted: Vec<Plain> = self.plain.iter().filter(within).cloned().collect();
        sorted.sort();
        sorted
    }
}

/// The record at a location as the model keeps it.
fn plain(snapshot: &LogSnapshot, location: Location) -> Plain {
    let record = snapshot.record(location).unwrap();
    let record = record.get();
    Plain {
        log_time_ms: record.log_time_ms(),
        partition: record.partition().clone(),
        offset: record.offset(),
        key: record.key().map(<[u8]>::to_vec),
    }
}

/// Bounds of every kind.
fn bounds() -> impl Strategy<Value = LogBounds> {
    let topics = prop::sample::subsequence(vec!["a", "b", "c"], 0..=3);
    let time = prop::option::of((990_i64..1100, 0_i64..60));
    (topics, prop::sample::subsequence(vec![0, 1, 7], 0..=3), time).prop_map(
        |(topics, partitions, time)| LogBounds {
            topics: topics.into_iter().map(Arc::from).collect(),
            partitions,
            time_ms: time.map(|(from, length)| (from, from + length)),
        },
    )
}

proptest! {
    #[test]
    fn records_come_in_log_order_from_both_ends(
        appends in appends(), bounds in bounds(), ends in prop::collection::vec(any::<bool>(), 0..600),
    ) {
        let twin = Twin::of(&appends);
        let snapshot = twin.store.snapshot();
        let expected = twin.in_order(&bounds);
        let forward: Vec<Plain> =
            snapshot.in_log_order(&bounds).map(|(at, _)| plain(&snapshot, at)).collect();
        prop_assert_eq!(&forward, &expected);
        prop_assert_eq!(snapshot.record_count(&bounds), expected.len() as u64);
        let mut stream = snapshot.in_log_order(&bounds);
        let mut rest: std::collections::VecDeque<Plain> = expected.into();
        for from_end in ends {
            let (found, wanted) = if from_end {
                (stream.next_back(), rest.pop_back())
            } else {
                (stream.next(), rest.pop_front())
            };
            prop_assert_eq!(found.map(|(at, _)| plain(&snapshot, at)), wanted);
        }
        prop_assert_eq!(stream.count(), rest.len());
    }

    #[test]
    fn keys_and_positions_are_found_where_they_are(appends in appends(), topics in prop::sample::subsequence(vec!["a", "b", "c"], 0..=3)) {
        let twin = Twin::of(&appends);
        let snapshot = twin.store.snapshot();
        let topics: Vec<Arc<str>> = topics.into_iter().map(Arc::from).collect();
        for length in 0..6 {
            let key = vec![b'k'; length];
            let found = snapshot.records_of_key(&topics, &key);
            let found: Vec<Plain> = found.into_iter().map(|at| plain(&snapshot, at)).collect();
            let mut expected = twin.in_order(&LogBounds::of_topics(&topics));
            expected.retain(|plain| plain.key.as_ref() == Some(&key));
            prop_assert_eq!(found, expected);
        }
        for known in &twin.plain {
            let location = snapshot.find(&known.partition.at(known.offset)).unwrap();
            prop_assert_eq!(&plain(&snapshot, location), known);
        }
        for partition in partitions() {
            let known: Vec<i64> = twin.plain.iter().filter(|p| p.partition == partition).map(|p| p.offset).collect();
            for missing in (-1..200).filter(|offset| !known.contains(offset)) {
                prop_assert_eq!(snapshot.find(&partition.at(missing)), None);
            }
        }
    }

    #[test]
    fn a_cut_in_time_ends_where_a_plain_search_ends(appends in appends(), time_ms in 995_i64..1080, offset in -1_i64..120) {
        let twin = Twin::of(&appends);
        let snapshot = twin.store.snapshot();
        for partition in partitions() {
            let of_partition = || twin.plain.iter().filter(|plain| plain.partition == partition);
            let until = LogBounds {
                topics: vec![Arc::clone(&partition.topic)],
                partitions: vec![partition.partition],
                time_ms: Some((i64::MIN, time_ms)),
            };
            let prefix = of_partition().filter(|plain| plain.log_time_ms <= time_ms).count();
            prop_assert_eq!(snapshot.record_count(&until), prefix as u64);
            let at_or_below = of_partition().rfind(|plain| plain.offset <= offset);
            prop_assert_eq!(snapshot.log_time_at(&partition, offset), at_or_below.map(|plain| plain.log_time_ms));
        }
    }

    #[test]
    fn a_histogram_counts_every_record_once(appends in appends(), bounds in bounds(), most in 4_usize..40) {
        let twin = Twin::of(&appends);
        let snapshot = twin.store.snapshot();
        let counts = snapshot.histogram(&bounds, most);
        let all = LogBounds { time_ms: None, ..bounds.clone() };
        let mut expected = vec![0; counts.counts.len()];
        for plain in twin.in_order(&all) {
            let index = (plain.log_time_ms - counts.from_ms).div_euclid(counts.bucket_ms.max(1));
            if let Some(count) = usize::try_from(index).ok().and_then(|index| expected.get_mut(index)) {
                *count += 1_u64;
            }
        }
        prop_assert!(counts.counts.len() <= most);
        if bounds.time_ms.is_none() {
            prop_assert_eq!(counts.counts.iter().sum::<u64>(), twin.in_order(&all).len() as u64);
        }
        prop_assert_eq!(counts.counts, expected);
    }

    #[test]
    fn a_snapshot_and_its_locations_outlive_what_comes_after(appends in appends(), split in 0_usize..60) {
        let (before, after) = appends.split_at(split.min(appends.len()));
        let mut twin = Twin::of(before);
        let early = twin.store.snapshot();
        let all = LogBounds::default();
        let known: Vec<(Location, Plain)> =
            early.in_log_order(&all).map(|(at, _)| (at, plain(&early, at))).collect();
        for append in after {
            twin.append(append);
        }
        let late = twin.store.snapshot();
        prop_assert_eq!(early.record_count(&all), known.len() as u64);
        for (location, record) in known {
            prop_assert_eq!(&plain(&early, location), &record);
            prop_assert_eq!(&plain(&late, location), &record);
        }
        prop_assert_eq!(twin.store.memory_bytes(), late.memory_bytes());
    }

    #[test]
    fn a_key_directory_that_grows_with_the_log_counts_like_one_made_anew(
        appends in appends(), bounds in bounds(), split in 0_usize..60, contains in 0_usize..3, most in 0_usize..7,
    ) {
        let contains = vec![b'k'; contains];
        let (before, after) = appends.split_at(split.min(appends.len()));
        let mut twin = Twin::of(before);
        let mut directory = KeyDirectory::new(bounds.clone());
        directory.update(&twin.store.snapshot());
        for append in after {
            twin.append(append);
        }
        let snapshot = twin.store.snapshot();
        directory.update(&snapshot);
        let counts = directory.counts(&contains, most);
        let mut anew = KeyDirectory::new(bounds.clone());
        anew.update(&snapshot);
        prop_assert_eq!(&counts, &anew.counts(&contains, most));
        let mut by_key = std::collections::BTreeMap::<Vec<u8>, Vec<Plain>>::new();
        for record in twin.in_order(&bounds) {
            if let Some(key) = record.key.clone() {
                by_key.entry(key).or_default().push(record);
            }
        }
        prop_assert_eq!(counts.total, by_key.len() as u64);
        by_key.retain(|key, _| key.len() >= contains.len());
        prop_assert_eq!(counts.matching, by_key.len() as u64);
        let mut expected: Vec<_> = by_key.into_iter().collect();
        expected.sort_by_key(|(key, records)| (std::cmp::Reverse(records.len()), key.clone()));
        expected.truncate(most);
        prop_assert_eq!(counts.rows.len(), expected.len());
        for (row, (key, records)) in counts.rows.iter().zip(expected) {
            prop_assert_eq!(&*row.key, &key[..]);
            prop_assert_eq!(row.records, records.len() as u64);
            let (first, last) = (&records[0], &records[records.len() - 1]);
            let place = |record: KeyedRecord| (record.log_time_ms, record.offset);
            prop_assert_eq!(place(row.first), (first.log_time_ms, first.offset));
            prop_assert_eq!(place(row.last), (last.log_time_ms, last.offset));
        }
    }
}

/// A store with a batch of many records in `t-0`.
fn large_batch(from: i64, records: i64) -> RecordBatch {
    let records: Vec<_> = (from..from + records)
        .map(|offset| (offset, offset, Some(format!("key-{}", offset % 977).into_bytes())))
        .collect();
    batch(&TopicPartition::new("t", 0), &records)
}

#[test]
fn sealed_segments_answer_like_the_open_tail() {
    let mut store = LogStore::new(u64::MAX);
    let mut from = 0;
    for records in [1, 100, 3000, 7, 300_000, 1, 1, 50_000, 260_000, 9] {
        store.append(large_batch(from, records)).unwrap();
        from += records;
    }
    let snapshot = store.snapshot();
    let found = snapshot.records_of_key(&[], b"key-5");
    let offsets: Vec<i64> =
        found.iter().map(|at| snapshot.record(*at).unwrap().get().offset()).collect();
    let expected: Vec<i64> = (0..from).filter(|offset| offset % 977 == 5).collect();
    assert_eq!(offsets, expected);
    let narrow = LogBounds { time_ms: Some((262_140, 262_147)), ..LogBounds::default() };
    let histogram = snapshot.histogram(&narrow, 100);
    assert_eq!((histogram.bucket_ms, histogram.counts), (1, vec![1; 8]));
}

#[test]
fn keys_that_share_a_hash_are_told_apart() {
    let keys = [b"order-26344", b"order-79318"];
    let [one, other] = keys.map(|key| xxhash_rust::xxh3::xxh3_64(key) >> 32);
    assert_eq!(one, other, "the index holds this much of the hash");
    let partition = TopicPartition::new("t", 0);
    let mut store = LogStore::new(u64::MAX);
    let records = [(0, 1, Some(keys[0].to_vec())), (1, 1, Some(keys[1].to_vec()))];
    store.append(batch(&partition, &records)).unwrap();
    let snapshot = store.snapshot();
    for (key, offset) in keys.iter().zip(0..) {
        let expected = snapshot.find(&partition.at(offset)).unwrap();
        assert_eq!(snapshot.records_of_key(&[], *key), [expected]);
    }
}

#[test]
fn a_sealed_segment_is_never_touched_again() {
    let mut log = partition::PartitionLog::new(0, TopicPartition::new("t", 0));
    let mut append = |from, records| {
        log.append(held_segment::HeldSegment::from_batch(large_batch(from, records)));
        log.segments()[0].segment.held().unwrap()
    };
    let sealed = append(0, 300_000);
    for offset in 300_000..300_100 {
        assert!(Arc::ptr_eq(&append(offset, 1), &sealed), "the first segment stays the same");
    }
}

#[test]
fn small_batches_are_put_together() {
    let mut store = LogStore::new(u64::MAX);
    for offset in 0..33_000 {
        store.append(large_batch(offset, 1)).unwrap();
    }
    let one_batch = Some(large_batch(0, 33_000)).map(|batch| batch.memory_bytes() as u64).unwrap();
    assert!(store.memory_bytes() < one_batch * 2, "{} of {one_batch}", store.memory_bytes());
}

#[test]
fn what_exceeds_the_budget_is_refused_and_changes_nothing() {
    let mut store = LogStore::new(400_000);
    store.append(large_batch(0, 2000)).unwrap();
    let (held_bytes, before) = (store.memory_bytes(), store.snapshot());
    let error = store.append(large_batch(2000, 8000)).unwrap_err();
    let AppendError::Budget(exceeded) = &error else { panic!("{error}") };
    assert_eq!((exceeded.budget_bytes, exceeded.held_bytes), (400_000, held_bytes));
    assert!(
        error.to_string().starts_with("the records read take 0.1 MiB of the 0.3 MiB allowed"),
        "{error}"
    );
    assert!(error.hint().contains("allow more memory"));
    assert_eq!(store.memory_bytes(), held_bytes);
    let all = LogBounds::default();
    assert_eq!(store.snapshot().record_count(&all), before.record_count(&all));
    store.append(large_batch(2000, 100)).unwrap();
}

#[test]
fn records_that_do_not_come_after_the_others_are_refused() {
    let mut store = LogStore::new(u64::MAX);
    store.append(large_batch(10, 5)).unwrap();
    let error = store.append(large_batch(14, 1)).unwrap_err();
    assert_eq!(error.to_string(), "t-0 went back from offset 14 to offset 14 while it was read");
}

#[test]
fn a_read_that_goes_on_cannot_turn_log_time_back() {
    let partition = TopicPartition::new("t", 0);
    let mut store = LogStore::new(u64::MAX);
    store.append(batch(&partition, &[(0, 5000, None)])).unwrap();
    store.append(batch(&partition, &[(1, 4000, None), (2, 6000, None)])).unwrap();
    let snapshot = store.snapshot();
    let times = [0, 1, 2].map(|offset| snapshot.log_time_at(&partition, offset));
    assert_eq!(times, [Some(5000), Some(5000), Some(6000)]);
}

#[test]
fn a_key_directory_counts_anew_when_the_log_is_another_or_an_older_one() {
    let store = |records| {
        let mut store = LogStore::new(u64::MAX);
        store.append(large_batch(0, records)).unwrap();
        store
    };
    let mut growing = store(10);
    let early = growing.snapshot();
    growing.append(large_batch(10, 5)).unwrap();
    let mut directory = KeyDirectory::new(LogBounds::default());
    for (snapshot, keys) in [(growing.snapshot(), 15), (early, 10), (store(20).snapshot(), 20)] {
        directory.update(&snapshot);
        assert_eq!(directory.len(), keys);
    }
    directory.update(&LogStore::new(0).snapshot());
    assert!(directory.is_empty(), "the log is another one");
}

#[test]
fn records_without_a_timestamp_are_in_no_bucket() {
    let partition = TopicPartition::new("t", 0);
    let mut store = LogStore::new(u64::MAX);
    store.append(batch(&partition, &[(0, -1, None), (1, -1, None), (2, 7000, None)])).unwrap();
    let snapshot = store.snapshot();
    let all = LogBounds::default();
    assert_eq!(snapshot.time_span(&all), Some((7000, 7000)));
    assert_eq!(snapshot.histogram(&all, 10).counts, [1]);
    assert_eq!(snapshot.record_count(&all), 3);
}
