//! Tests of a log of which is kept what was read, against the same log read plainly.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;

use super::*;
use crate::model::KeyFilter;
use crate::partition_log::{GeneratedLog, GeneratedTopic};

/// A generated log of this many events in two partitions.
pub(super) fn generated(events: u64) -> GeneratedLog {
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
pub(super) fn cached(events: u64, folder: &Path) -> CachedLog {
    let cache = Some(Arc::new(LogCache::new(folder.to_owned(), u64::MAX)));
    let tell = Box::new(|_problem: &CacheError| ());
    CachedLog::new(Box::new(generated(events)), Keeping { cache, payloads: true, tell })
}

/// Everything that a log has, asked for with these keys.
pub(super) fn plan(events: u64, keys: KeyFilter) -> ReadPlan {
    ReadPlan { keys, whole: true, ..ReadPlan::new(generated(events).ranges(), 1_800_000_000_000) }
}

/// A record as a plain value that can be compared.
pub(super) type Plain = (TopicPartition, i64, i64, i64, Option<Vec<u8>>, Option<Vec<u8>>, usize);

/// A record as a plain value.
pub(super) fn plain(record: RecordRef<'_>) -> Plain {
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

/// What a source delivers in log order, with the account.
pub(super) fn read_all_in_order(log: &dyn LogSource, plan: &ReadPlan) -> (Vec<Plain>, ReadOutcome) {
    let mut records = Vec::new();
    let mut take = |record: RecordRef<'_>| {
        records.push(plain(record));
        ControlFlow::Continue(())
    };
    let outcome = log.read_in_log_order(plan, &Cancel::new(), &mut take, &mut |_event| ());
    (records, outcome.unwrap())
}

/// What a source delivers in log order.
pub(super) fn read_in_order(log: &dyn LogSource, plan: &ReadPlan) -> Vec<Plain> {
    read_all_in_order(log, plan).0
}

/// How many records each key of the log has, as an opened log tells. What turns out to be damaged
/// is left out when it is opened anew.
pub(super) fn key_counts(log: &CachedLog, plan: &ReadPlan) -> BTreeMap<Vec<u8>, u64> {
    for _ in 0..4 {
        let mut unreadable = false;
        let mut counts: BTreeMap<Vec<u8>, u64> = BTreeMap::new();
        log.open(plan, &Cancel::new(), &mut |news| {
            let mut add = |key: &[u8], records: u64| {
                *counts.entry(key.to_vec()).or_default() += records;
                ControlFlow::Continue(())
            };
            match news {
                LogNews::Kept(kept) => {
                    let read = kept.for_each_key(&mut |key, tally| add(key, tally.records));
                    unreadable |= read.is_err();
                    if unreadable { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
                }
                LogNews::Read(ReadEvent::Batch(batch)) => {
                    batch.iter().filter_map(|record| record.key()).try_for_each(|key| add(key, 1))
                }
                LogNews::Read(_) => ControlFlow::Continue(()),
            }
        })
        .unwrap();
        if !unreadable {
            return counts;
        }
    }
    panic!("what is damaged is not left out");
}

/// The key of an order.
pub(super) fn key(number: u32) -> KeyFilter {
    KeyFilter::Equals(format!("order-{number}").as_bytes().into())
}

/// All files below a folder.
pub(super) fn files(folder: &Path) -> Vec<PathBuf> {
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
