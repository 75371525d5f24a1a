//! Tests of a log of which is kept what was read, against the same log read plainly.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::partition_log::{GeneratedLog, GeneratedTopic};

/// A generated log of this many events in two partitions.
fn generated(events: u64) -> GeneratedLog {
    GeneratedLog::new(GeneratedTopic {
        topic: "orders".into(),
        partitions: 2,
        entities: 300,
        events,
        start_ms: 1_700_000_000_000,
        span_ms: 1_000_000_000,
        seed: 7,
    })
}

/// The log of which is kept what was read in this folder.
fn cached(events: u64, folder: &Path) -> CachedLog {
    let cache = Some(Arc::new(LogCache::new(folder.to_owned(), u64::MAX)));
    let tell = Box::new(|_problem: &CacheError| ());
    CachedLog::new(Box::new(generated(events)), Keeping { cache, payloads: true, tell })
}

/// Everything that a log has, asked for with these keys.
fn plan(events: u64, keys: KeyFilter) -> ReadPlan {
    ReadPlan { keys, whole: true, ..ReadPlan::new(generated(events).ranges(), 1_800_000_000_000) }
}

/// A record as a plain value that can be compared.
pub(super) type Plain = (TopicPartition, i64, i64, i64, Option<Vec<u8>>, Option<Vec<u8>>, usize);

/// A record as a plain value.
fn plain(record: RecordRef<'_>) -> Plain {
    (
        record.partition().clone(),
        record.offset(),
        record.timestamp_ms(),
        record.log_time_ms(),
        record.key().map(<[u8]>::to_vec),
        record.value().map(<[u8]>::to_vec),
        record.headers().count(),
    )
}

/// What a source delivers, sorted by partition, with the account.
pub(super) fn read(log: &dyn LogSource, plan: &ReadPlan) -> (Vec<Plain>, ReadOutcome) {
    let mut records = Vec::new();
    let outcome = log.read(plan, &Cancel::new(), &mut |event| {
        if let ReadEvent::Batch(batch) = event {
            records.extend(batch.iter().map(plain));
        }
        ControlFlow::Continue(())
    });
    records.sort_by(|one, other| (&one.0, one.1).cmp(&(&other.0, other.1)));
    (records, outcome.unwrap())
}

/// What a source delivers in log order.
pub(super) fn read_in_order(log: &dyn LogSource, plan: &ReadPlan) -> Vec<Plain> {
    let mut records = Vec::new();
    let mut take = |record: RecordRef<'_>| {
        records.push(plain(record));
        ControlFlow::Continue(())
    };
    log.read_in_log_order(plan, &Cancel::new(), &mut take, &mut |_event| ()).unwrap();
    records
}

/// The key of an order.
fn key(number: u32) -> KeyFilter {
    KeyFilter::Equals(format!("order-{number}").as_bytes().into())
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs_err::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn the_first_look_the_second_and_one_of_another_process_agree_with_a_plain_read() {
    let folder = TempDir::new().unwrap();
    let events = 40_000;
    let all = plan(events, KeyFilter::All);
    let (expected, account) = read(&generated(events), &all);
    let log = cached(events, folder.path());
    for (look, log) in [(1, &log), (2, &log), (3, &cached(events, folder.path()))] {
        let (records, outcome) = read(log, &all);
        assert!(records == expected, "look {look}");
        assert_eq!(outcome.partitions, account.partitions, "look {look}");
        assert_eq!(outcome.from_cache, if look == 1 { 0 } else { events }, "look {look}");
        for keys in [key(17), KeyFilter::Contains(b"-2"[..].into()), key(301)] {
            let asked = plan(events, keys);
            assert_eq!(read(log, &asked).0, read(&generated(events), &asked).0, "look {look}");
            assert_eq!(read_in_order(log, &asked), read_in_order(&generated(events), &asked));
        }
    }
    assert!(read_in_order(&log, &all) == read_in_order(&generated(events), &all));
}

#[test]
fn an_index_without_values_is_never_an_answer_about_values() {
    let folder = TempDir::new().unwrap();
    let events = 4_000;
    let all = plan(events, KeyFilter::All);
    let bare = CachedLog { payloads: false, ..cached(events, folder.path()) };
    bare.fill_up(&all, FillOrder::default(), &Cancel::new(), &mut |_| ControlFlow::Continue(()))
        .unwrap();
    // A sample begins in the middle of what is kept.
    for (values, headers) in [(true, true), (true, false), (false, true)] {
        let mut part = ReadPlan { values, headers, whole: false, ..all.clone() };
        for range in &mut part.ranges {
            range.from = range.to - 40;
        }
        let log = cached(events, folder.path());
        let payloads = |records: Vec<Plain>| -> Vec<_> {
            records
                .into_iter()
                .map(|(_, offset, _, _, _, value, headers)| (offset, value, headers))
                .collect()
        };
        let expected = payloads(read(&generated(events), &part).0);
        assert_eq!(payloads(read(&log, &part).0), expected, "{values} {headers}");
        assert!(
            !values
                || expected
                    .iter()
                    .any(|(_, value, _)| value.as_ref().is_some_and(|v| !v.is_empty()))
        );
    }
}

#[test]
fn a_log_that_grew_is_read_from_where_it_was_kept() {
    let folder = TempDir::new().unwrap();
    let events = 90_000;
    // The log ends at this offset in both partitions; so many records were kept before.
    for (end, kept) in [(2_000, 0), (3_000, 4_000), (i64::MAX, 6_000), (i64::MAX, events)] {
        let mut all = plan(events, KeyFilter::All);
        all.ranges.iter_mut().for_each(|range| range.to = range.to.min(end));
        let (records, outcome) = read(&cached(events, folder.path()), &all);
        assert!(records == read(&generated(events), &all).0, "up to {end}");
        assert_eq!(outcome.from_cache, kept, "up to {end}");
    }
    let kept = LogCache::new(folder.path().to_owned(), u64::MAX).list();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].records, events);
    assert_eq!(kept[0].segments, 2, "small segments were written anew");
}

/// Follows everything; says how many records were given. Tails are written at this size.
fn follow(events: u64, folder: &Path, records: usize) -> usize {
    let mut log = cached(events, folder);
    log.tail_sizes = TailSizes { records, ..TailSizes::default() };
    let plan = ReadPlan { whole: false, follow: true, ..plan(events, KeyFilter::All) };
    read(&log, &plan).0.len()
}

#[test]
fn what_a_follower_was_given_is_not_read_again() {
    let events = 40_000;
    let all = plan(events, KeyFilter::All);
    let (expected, account) = read(&generated(events), &all);
    // At the end alone, and while following.
    for (records, segments) in [(usize::MAX, 2), (5_000, 6)] {
        let folder = TempDir::new().unwrap();
        assert_eq!(follow(events, folder.path(), records), expected.len());
        let kept = LogCache::new(folder.path().to_owned(), u64::MAX).list();
        assert_eq!((kept[0].records, kept[0].segments), (events, segments), "{kept:?}");
        let (found, outcome) = read(&cached(events, folder.path()), &all);
        assert!(found == expected, "tails of {records}");
        assert_eq!(outcome.from_cache, events, "tails of {records}");
        assert_eq!(outcome.partitions, account.partitions, "tails of {records}");
    }
}

#[test]
fn a_follower_in_log_order_is_not_read_again_either() {
    let (events, folder) = (20_000, TempDir::new().unwrap());
    let all = plan(events, KeyFilter::All);
    let follow = ReadPlan { whole: false, follow: true, ..all.clone() };
    assert!(
        read_in_order(&cached(events, folder.path()), &follow)
            == read_in_order(&generated(events), &follow)
    );
    let (found, outcome) = read(&cached(events, folder.path()), &all);
    assert!(found == read(&generated(events), &all).0);
    assert_eq!(outcome.from_cache, events);
}

#[test]
fn a_follower_of_one_key_or_of_few_records_keeps_nothing() {
    let folder = TempDir::new().unwrap();
    assert_eq!(follow(1_500, folder.path(), usize::MAX), 1_500, "750 in each partition");
    let one = ReadPlan { whole: false, follow: true, ..plan(40_000, key(17)) };
    assert!(!read(&cached(40_000, folder.path()), &one).0.is_empty());
    let kept = LogCache::new(folder.path().to_owned(), u64::MAX).list();
    assert_eq!(kept.iter().map(|kept| kept.records).sum::<u64>(), 0);
}

#[test]
fn a_follower_does_not_wait_for_another_process_that_writes() {
    let (events, folder) = (40_000, TempDir::new().unwrap());
    let other = LogCache::new(folder.path().to_owned(), u64::MAX);
    let topic = other.topic(generated(events).identity("orders").unwrap().unwrap());
    let right = topic.write_lock().unwrap().unwrap();
    assert_eq!(follow(events, folder.path(), 5_000), 40_000);
    drop(right);
    assert_eq!(other.list().iter().map(|kept| kept.records).sum::<u64>(), 0);
    assert_eq!(follow(events, folder.path(), 5_000), 40_000);
    assert_eq!(other.list()[0].records, events, "whoever follows later keeps it");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn damage_anywhere_is_noticed_and_answered_from_the_log(
        file in any::<prop::sample::Index>(), byte in any::<prop::sample::Index>(), bit in 0_u8..9,
    ) {
        let folder = TempDir::new().unwrap();
        let events = 700;
        let all = plan(events, KeyFilter::All);
        let (expected, _) = read(&cached(events, folder.path()), &all);
        let mut files = files(folder.path());
        files.retain(|path| fs_err::metadata(path).unwrap().len() > 0 && !path.ends_with("topic.json"));
        let path = file.get(&files);
        let mut bytes = fs_err::read(path).unwrap();
        let at = byte.index(bytes.len());
        // The ninth bit stands for a file that was cut off.
        if bit == 8 { bytes.truncate(at) } else { bytes[at] ^= 1 << bit }
        fs_err::write(path, bytes).unwrap();
        let cache = LogCache::new(folder.path().to_owned(), u64::MAX);
        let problems: usize = cache.list().iter().map(|kept| cache.verify(kept, |_| ()).len()).sum();
        prop_assert!(problems > 0, "{} at {at}, bit {bit}", path.display());
        let log = cached(events, folder.path());
        prop_assert!(read(&log, &plan(events, key(5))).0.len() == read(&generated(events), &plan(events, key(5))).0.len());
        prop_assert!(read(&log, &all).0 == expected, "{} at {at}, bit {bit}", path.display());
        prop_assert!(read_in_order(&cached(events, folder.path()), &all).len() == expected.len());
    }
}
