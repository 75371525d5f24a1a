//! Several processes on one cache: what one of them joins, removes or writes anew changes no answer
//! of another.
//!
//! Promises: what others do happens in the middle of an answer, where it hurts most.
//! Does not know: brokers.

use std::path::{Path, PathBuf};
use std::thread;

use tempfile::TempDir;

use super::tests::{
    Plain, cached, files, generated, key, plain as plain_of, plan, read, read_in_order,
};
use super::*;
use crate::model::KeyFilter;

/// So many events make a few batches in each partition.
const EVENTS: u64 = 6_000;

/// Everything up to this offset of each partition.
fn plan_to(end: i64, keys: KeyFilter) -> ReadPlan {
    let mut plan = plan(EVENTS, keys);
    plan.ranges.iter_mut().for_each(|range| range.to = range.to.min(end));
    plan
}

/// What somebody else does to the cache.
type Meddle = fn(&Path);

/// Removes everything.
fn clear(folder: &Path) {
    let cache = LogCache::new(folder.to_owned(), u64::MAX);
    for kept in cache.list() {
        cache.clear(&kept).unwrap();
    }
}

/// Reads on, which puts small segments together with what follows.
fn join(folder: &Path) {
    read(&cached(EVENTS, folder), &plan(EVENTS, KeyFilter::All));
}

/// Removes everything and writes it anew.
fn write_anew(folder: &Path) {
    clear(folder);
    join(folder);
}

/// Removes one file of the records, as a disk does that fails.
fn lose_a_file(folder: &Path) {
    let files = files(folder);
    let records = |path: &&PathBuf| {
        path.to_string_lossy().ends_with(".arrow") && !path.to_string_lossy().contains(".keys")
    };
    if let Some(path) = files.iter().find(records) {
        fs_err::remove_file(path).unwrap();
    }
}

/// What a log delivers in log order while somebody meddles when this many records were handed on.
fn read_while(log: &CachedLog, plan: &ReadPlan, after: usize, meddle: &dyn Fn()) -> Vec<Plain> {
    let mut records = Vec::new();
    let mut take = |record: RecordRef<'_>| {
        if records.len() == after {
            meddle();
        }
        records.push(plain_of(record));
        ControlFlow::Continue(())
    };
    let outcome = log.read_in_log_order(plan, &Cancel::new(), &mut take, &mut |_event| ());
    assert!(outcome.unwrap().is_complete());
    records
}

#[test]
fn an_ordered_answer_goes_on_where_it_was_when_another_process_changes_what_is_kept() {
    let meddles: [(&str, Meddle); 4] = [
        ("clears", clear),
        ("joins", join),
        ("writes anew", write_anew),
        ("loses a file", lose_a_file),
    ];
    for keys in [KeyFilter::All, key(7), KeyFilter::Contains(b"-2"[..].into())] {
        // All of it is kept, or the rest is held in memory.
        for end in [2_500, i64::MAX] {
            let plan = plan_to(end, keys.clone());
            let expected = read_in_order(&generated(EVENTS), &plan);
            for (name, meddle) in meddles {
                for after in [0, 1, expected.len() / 3, expected.len() - 1] {
                    let folder = TempDir::new().unwrap();
                    for step in [600, 2_500] {
                        let step = plan_to(step, KeyFilter::All);
                        read(&cached(EVENTS, folder.path()), &step);
                    }
                    let log = cached(EVENTS, folder.path());
                    // What is kept is known by now; batches are not.
                    let part = ReadPlan { whole: false, ..plan.clone() };
                    let found = read_while(&log, &part, after, &|| meddle(folder.path()));
                    assert!(found == expected, "{name} after {after} of {}", expected.len());
                }
            }
        }
    }
}

#[test]
fn an_ordered_answer_is_whole_although_the_beginning_of_a_partition_cannot_be_read() {
    let folder = TempDir::new().unwrap();
    let plan = plan(EVENTS, KeyFilter::All);
    read(&cached(EVENTS, folder.path()), &plan);
    // Its last batch stays whole: that one is compared with the log before anything is answered.
    let is_data = |path: &PathBuf| path.extension().is_some_and(|end| end == "arrow");
    let data = files(folder.path()).into_iter().find(is_data).unwrap();
    let mut bytes = fs_err::read(&data).unwrap();
    let at = bytes.len() / 10;
    bytes[at] ^= 1;
    fs_err::write(&data, bytes).unwrap();
    let found = read_in_order(&cached(EVENTS, folder.path()), &plan);
    assert!(found == read_in_order(&generated(EVENTS), &plan));
}

#[test]
fn two_processes_that_read_one_growing_topic_answer_like_the_log() {
    let folder = TempDir::new().unwrap();
    let ends = [300, 900, 1_500, 2_000, 2_600, 3_000];
    let expected = ends.map(|end| read_in_order(&generated(EVENTS), &plan_to(end, KeyFilter::All)));
    thread::scope(|scope| {
        for process in 0..2 {
            let (folder, expected) = (&folder, &expected);
            let reader = move || {
                let log = cached(EVENTS, folder.path());
                for (end, expected) in ends.iter().zip(expected) {
                    let plan = plan_to(*end, KeyFilter::All);
                    for look in 0..3 {
                        let found = read_in_order(&log, &plan);
                        assert!(found == *expected, "process {process}, to {end}, look {look}");
                        let mut found = read(&log, &plan).0;
                        found.sort_by_key(|record| (record.3, record.0.clone(), record.1));
                        assert!(found == *expected, "process {process}, to {end}, unordered");
                    }
                }
            };
            thread::Builder::new()
                .name(format!("reader-{process}"))
                .spawn_scoped(scope, reader)
                .unwrap();
        }
    });
}

#[test]
fn clearing_beside_a_reader_changes_no_answer() {
    let folder = TempDir::new().unwrap();
    let plan = plan(EVENTS, KeyFilter::All);
    let expected = read_in_order(&generated(EVENTS), &plan);
    let ended = Cancel::new();
    thread::scope(|scope| {
        let clearing = || {
            while !ended.is_cancelled() {
                let cache = LogCache::new(folder.path().to_owned(), u64::MAX);
                for kept in cache.list() {
                    // Not while the reader writes.
                    let _cleared = cache.clear(&kept);
                }
                thread::yield_now();
            }
        };
        thread::Builder::new().name("clearing".to_owned()).spawn_scoped(scope, clearing).unwrap();
        let mut differing = Vec::new();
        for look in 0..20 {
            let log = cached(EVENTS, folder.path());
            let same = || read_in_order(&log, &plan) == expected;
            if !(same() && same()) {
                differing.push(look);
            }
        }
        // Before anything fails: nobody else ends it.
        ended.cancel();
        assert_eq!(differing, [0; 0], "looks that differ from the log");
    });
}

#[test]
fn an_index_counts_again_what_another_process_joined_or_removed_meanwhile() {
    let folder = TempDir::new().unwrap();
    let part = plan_to(500, KeyFilter::All);
    let log = cached(EVENTS, folder.path());
    read(&log, &part);
    for meddle in [join as Meddle, clear] {
        meddle(folder.path());
        let mut kept = log.kept(&part).unwrap();
        if kept.is_none() {
            let mut ignore = |_event| ControlFlow::Continue(());
            log.fill_up(&part, FillOrder::default(), &Cancel::new(), &mut ignore).unwrap();
            kept = log.kept(&part).unwrap();
        }
        assert_eq!(kept.unwrap().records, 1_000);
    }
}
