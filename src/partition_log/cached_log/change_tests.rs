//! What is kept of a topic that lost a part of its log, was created anew, or does not fit.
//!
//! Promises: the right answer is that of the log as it is now.
//! Does not know: brokers.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use super::model::{Model, ModelPartition, NOW_MS, write};
use super::tests::{Plain, files, read, read_in_order};
use super::*;
use crate::model::{Isolation, KeyFilter, PLAUSIBLE_FUTURE_MS};

/// A model with this many records in its first partition, at times from this one on, in
/// milliseconds.
fn model(records: i64, from_ms: i64) -> Model {
    let model = Model::default();
    *model.0.lock().unwrap() = vec![ModelPartition::default(), ModelPartition::default()];
    *model.2.lock().unwrap() = Some("one".to_owned());
    append(&model, records, from_ms);
    model
}

/// Writes records to the first partition.
fn append(model: &Model, records: i64, from_ms: i64) {
    let records: Vec<_> =
        (0..records).map(|time| (0, from_ms + time, Some(1), false, false)).collect();
    write(&mut model.0.lock().unwrap()[0], &records);
}

/// A process on the cache in this folder.
fn open(model: &Model, folder: &TempDir, budget_bytes: u64) -> CachedLog {
    let cache = Some(Arc::new(LogCache::new(folder.path().to_owned(), budget_bytes)));
    CachedLog::new(Box::new(model.clone()), Keeping { cache, ..Keeping::nothing() })
}

/// Everything there is.
fn plan(model: &Model) -> ReadPlan {
    let marks = model.watermarks();
    let range = |(partition, marks): (&TopicPartition, &Watermarks)| {
        OffsetRange::new(partition, marks.low, marks.end(Isolation::Committed))
    };
    ReadPlan { whole: true, ..ReadPlan::new(marks.iter().map(range).collect(), NOW_MS) }
}

/// The offsets and log times of the first partition, in milliseconds, as a new process tells them
/// at this moment, asked in both orders.
fn log_times(model: &Model, folder: &TempDir, now_ms: i64) -> Vec<(i64, i64)> {
    let log = open(model, folder, u64::MAX);
    let plan = ReadPlan { started_ms: now_ms, ..plan(model) };
    let times = |records: Vec<Plain>| records.iter().map(|it| (it.1, it.3)).collect::<Vec<_>>();
    let told = times(read(&log, &plan).0);
    assert_eq!(times(read_in_order(&log, &plan)), told);
    told
}

/// A model and a cache that has seen timestamps 10, one too late for `NOW_MS`, and 20.
fn with_one_from_the_future() -> (Model, TempDir) {
    let (model, folder) = (model(0, 0), TempDir::new().unwrap());
    for timestamp_ms in [10, NOW_MS + PLAUSIBLE_FUTURE_MS + 1, 20] {
        append(&model, 1, timestamp_ms);
    }
    assert_eq!(log_times(&model, &folder, NOW_MS), [(0, 10), (1, 10), (2, 20)]);
    (model, folder)
}

/// A moment at which nothing of it is too late any more, in milliseconds.
const LATER_MS: i64 = NOW_MS + 10 * PLAUSIBLE_FUTURE_MS;

/// What a process knows that leaders lost of the first partition.
fn truncations(log: &CachedLog) -> Vec<(i64, i64)> {
    let found = log.truncations(&Model::partitions()).unwrap();
    found.values().flatten().map(|lost| (lost.from, lost.to)).collect()
}

/// A new leader has the records before this offset alone, and goes on.
fn lose(model: &Model, from: i64) {
    let partition = &mut model.0.lock().unwrap()[0];
    partition.high = from;
    partition.epoch += 1;
    partition.records.retain(|record| record.offset < from);
}

#[test]
fn what_a_leader_lost_is_remembered_as_long_as_the_index_knows_of_it() {
    let (model, folder) = (model(100, 0), TempDir::new().unwrap());
    read(&open(&model, &folder, u64::MAX), &plan(&model));
    assert_eq!(truncations(&open(&model, &folder, u64::MAX)), []);
    lose(&model, 60);
    // Shorter than what was kept, and longer again: the loss is the same.
    for more in [0, 10, 100] {
        append(&model, more, 500);
        let log = open(&model, &folder, u64::MAX);
        assert_eq!(read(&log, &plan(&model)).0, read(&model, &plan(&model)).0);
        assert_eq!(truncations(&log), [(60, 100)], "{more} more");
    }
    lose(&model, 150);
    append(&model, 100, 900);
    let log = open(&model, &folder, u64::MAX);
    assert_eq!(read_in_order(&log, &plan(&model)), read_in_order(&model, &plan(&model)));
    assert_eq!(truncations(&log), [(60, 100), (150, 170)]);
}

#[test]
fn what_a_leader_lost_is_told_although_another_process_writes() {
    let (model, folder) = (model(100, 0), TempDir::new().unwrap());
    read(&open(&model, &folder, u64::MAX), &plan(&model));
    let other = LogCache::new(folder.path().to_owned(), u64::MAX);
    let topic = other.topic(model.identity("t").unwrap().unwrap());
    let right = topic.write_lock().unwrap().unwrap();
    lose(&model, 60);
    append(&model, 100, 500);
    let log = open(&model, &folder, u64::MAX);
    assert_eq!(read(&log, &plan(&model)).0, read(&model, &plan(&model)).0);
    assert_eq!(truncations(&log), [(0, 100)], "no more is known yet");
    drop(right);
    // The write that comes next brings nothing back that was overlooked.
    assert_eq!(read(&log, &plan(&model)).0, read(&model, &plan(&model)).0);
    assert_eq!(truncations(&log), [(60, 100)]);
    assert_eq!(truncations(&open(&model, &folder, u64::MAX)), [(60, 100)]);
}

#[test]
fn a_topic_created_anew_is_another_one_whether_brokers_give_ids_or_not() {
    for ids in [Some(["one", "two"]), None] {
        let (model, folder) = (model(100, 0), TempDir::new().unwrap());
        *model.2.lock().unwrap() = ids.map(|ids| ids[0].to_owned());
        let log = open(&model, &folder, u64::MAX);
        read(&log, &plan(&model));
        model.0.lock().unwrap()[0] = ModelPartition::default();
        append(&model, 120, 5_000);
        *model.2.lock().unwrap() = ids.map(|ids| ids[1].to_owned());
        // The comparison before is too old to be believed.
        let long_ago = Instant::now().checked_sub(Duration::from_mins(1)).unwrap();
        lock(&log.compared).values_mut().for_each(|at| *at = long_ago);
        for log in [&log, &open(&model, &folder, u64::MAX)] {
            assert_eq!(read(log, &plan(&model)).0, read(&model, &plan(&model)).0, "{ids:?}");
            assert_eq!(read_in_order(log, &plan(&model)), read_in_order(&model, &plan(&model)));
            assert_eq!(truncations(log), [], "another topic lost nothing");
        }
    }
}

#[test]
fn what_does_not_fit_is_not_written_again_by_every_question() {
    let (model, folder) = (model(100, 0), TempDir::new().unwrap());
    let reads = || model.1.swap(0, std::sync::atomic::Ordering::Relaxed);
    let expected = read(&model, &plan(&model)).0;
    reads();
    // The first question tries to keep it and reads it for the answer; every other one reads it
    // once.
    for (question, wanted) in [(1, 2), (2, 1), (3, 1)] {
        let log = open(&model, &folder, 10);
        assert_eq!(read(&log, &plan(&model)).0, expected);
        assert_eq!(reads(), wanted, "question {question}");
    }
    // With more room it is tried again.
    assert_eq!(read(&open(&model, &folder, u64::MAX), &plan(&model)).0, expected);
    let outcome = read(&open(&model, &folder, u64::MAX), &plan(&model)).1;
    assert_eq!(outcome.from_cache, 100);
}

#[test]
fn filling_at_one_record_a_second_can_be_called_off() {
    let (model, folder) = (model(40, 0), TempDir::new().unwrap());
    let log = open(&model, &folder, u64::MAX);
    let cancel = Cancel::new();
    let order = FillOrder { most_per_second: Some(1), ..FillOrder::default() };
    let filled = std::thread::scope(|scope| {
        let (cancelling, reads) = (cancel.clone(), &model.1);
        let calls_off = move || {
            while reads.load(std::sync::atomic::Ordering::Relaxed) == 0 {
                std::thread::yield_now();
            }
            cancelling.cancel();
        };
        std::thread::Builder::new()
            .name("cancels".to_owned())
            .spawn_scoped(scope, calls_off)
            .unwrap();
        log.fill_up(&plan(&model), order, &cancel, &mut |_event| ControlFlow::Continue(()))
    });
    assert_eq!(filled.unwrap(), None);
    assert_eq!(log.kept(&plan(&model)).unwrap().unwrap().records, 0);
}

#[test]
fn an_opened_log_tells_each_record_once_although_small_segments_are_joined_meanwhile() {
    let (model, folder) = (model(100, 0), TempDir::new().unwrap());
    let log = open(&model, &folder, u64::MAX);
    read(&log, &plan(&model));
    append(&model, 100, 200);
    let plan = plan(&model);
    let mut records = 0;
    let outcome = log.open(&plan, &Cancel::new(), &mut |news| {
        match news {
            LogNews::Kept(kept) => {
                let counted = kept.for_each_record(&mut |_record| {
                    records += 1;
                    ControlFlow::Continue(())
                });
                assert!(counted.unwrap().is_continue());
            }
            LogNews::Read(ReadEvent::Batch(batch)) => records += batch.len(),
            LogNews::Read(_) => {}
        }
        ControlFlow::Continue(())
    });
    assert_eq!((records, outcome.unwrap().records()), (200, 200));
    assert_eq!(plan.keys, KeyFilter::All);
}

#[test]
fn what_was_implausible_when_it_was_kept_stays_so_whatever_is_joined_to_it_later() {
    let (model, folder) = with_one_from_the_future();
    assert_eq!(log_times(&model, &folder, LATER_MS), [(0, 10), (1, 10), (2, 20)]);
    // What is appended goes into the same segment, and is judged when it is kept.
    append(&model, 1, NOW_MS + 2 * PLAUSIBLE_FUTURE_MS);
    let joined = [(0, 10), (1, 10), (2, 20), (3, NOW_MS + 2 * PLAUSIBLE_FUTURE_MS)];
    for now_ms in [LATER_MS, 2 * LATER_MS, NOW_MS] {
        assert_eq!(log_times(&model, &folder, now_ms), joined, "at {now_ms}");
    }
    let kept = open(&model, &folder, u64::MAX).kept(&plan(&model)).unwrap().unwrap();
    assert_eq!(kept.records, 4);
    let is_index = |path: &PathBuf| path.extension().is_some_and(|end| end == "index");
    assert_eq!(files(folder.path()).iter().filter(|path| is_index(path)).count(), 1);
}

#[test]
fn what_the_index_lost_and_reads_again_is_judged_as_it_was() {
    let (model, folder) = with_one_from_the_future();
    LogCache::new(folder.path().to_owned(), 0).make_room(0, Path::new(""));
    assert_eq!(open(&model, &folder, u64::MAX).kept(&plan(&model)).unwrap().unwrap().records, 0);
    assert_eq!(log_times(&model, &folder, LATER_MS), [(0, 10), (1, 10), (2, 20)]);
    for path in files(folder.path()) {
        if path.extension().is_some_and(|end| end == "arrow") {
            fs_err::write(path, "damaged").unwrap();
        }
    }
    assert_eq!(log_times(&model, &folder, LATER_MS), [(0, 10), (1, 10), (2, 20)]);
}

#[test]
fn what_another_leader_or_topic_has_in_the_same_place_is_judged_anew() {
    let moved = NOW_MS + PLAUSIBLE_FUTURE_MS + 1;
    for with_ids in [true, false] {
        let (model, folder) = with_one_from_the_future();
        if with_ids {
            lose(&model, 0);
        } else {
            *model.2.lock().unwrap() = None;
            log_times(&model, &folder, NOW_MS);
            model.0.lock().unwrap()[0] = ModelPartition::default();
        }
        append(&model, 1, moved);
        append(&model, 3, moved + 5);
        let expected = [(0, moved), (1, moved + 5), (2, moved + 6), (3, moved + 7)];
        assert_eq!(log_times(&model, &folder, LATER_MS), expected, "with ids: {with_ids}");
    }
}

#[test]
fn a_manifest_of_an_earlier_version_says_when_it_was_written() {
    let (model, folder) = with_one_from_the_future();
    let manifest = files(folder.path()).into_iter().find(|path| path.ends_with("manifest.json"));
    let manifest = manifest.unwrap();
    let text = fs_err::read_to_string(&manifest).unwrap();
    let (_, json) = text.split_once('\n').unwrap();
    let mut old: serde_json::Value = serde_json::from_str(json).unwrap();
    assert!(old["manifest"].as_object_mut().unwrap().remove("judged").is_some());
    let old = old.to_string();
    let checksum = crc32fast::hash(old.as_bytes());
    fs_err::write(&manifest, format!("{checksum:08x}\n{old}")).unwrap();
    let written = std::time::UNIX_EPOCH + Duration::from_millis(NOW_MS.unsigned_abs());
    fs_err::OpenOptions::new().append(true).open(&manifest).unwrap().set_modified(written).unwrap();
    assert_eq!(log_times(&model, &folder, LATER_MS), [(0, 10), (1, 10), (2, 20)]);
    // The next write notes it for good.
    append(&model, 1, 30);
    log_times(&model, &folder, LATER_MS);
    let told = log_times(&model, &folder, 2 * LATER_MS);
    assert_eq!(told, [(0, 10), (1, 10), (2, 20), (3, 30)]);
}
