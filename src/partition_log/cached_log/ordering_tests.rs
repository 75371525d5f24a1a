//! Parts of what is kept that are lost between the moment they were looked at and the moment they
//! are merged.
//!
//! Promises: every batch of every partition and every file in turn, so that also the one at which a
//! partition begins or ends is met by the merge, and by nobody before it.
//! Does not know: brokers.

use std::ops::Range;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::tests::{
    Plain, cached, files, generated, key, plain as plain_of, plan, read, read_in_order,
};
use super::*;
use crate::model::KeyFilter;
use crate::partition_log::snapshot::{LogBounds, LogSnapshot};
use crate::partition_log::store::LogStore;

/// So many events make two segments of a few batches in each partition, and a rest that is not
/// kept.
const EVENTS: u64 = 6_000;

/// Everything up to this offset of each partition is kept.
const KEPT_TO: i64 = 2_500;

/// What is lost.
#[derive(Clone, Debug)]
struct Loss {
    /// The file of the records.
    path: PathBuf,
    /// The byte of it that turns over; `None` when the file goes.
    at: Option<u64>,
    /// The number of the partition.
    partition: i32,
    /// The offsets that cannot be read any more.
    offsets: Range<i64>,
}

impl Loss {
    /// Happens.
    fn strike(&self) {
        let Some(at) = self.at else { return fs_err::remove_file(&self.path).unwrap() };
        let mut bytes = fs_err::read(&self.path).unwrap();
        bytes[usize::try_from(at).unwrap()] ^= 1;
        fs_err::write(&self.path, bytes).unwrap();
    }
}

/// Keeps the first records of each partition in this folder, as a follower does: in several
/// segments.
fn keep(folder: &Path) {
    let mut log = cached(EVENTS, folder);
    log.tail_sizes = TailSizes { records: 800, least_records: 1, ..TailSizes::default() };
    read(&log, &ReadPlan { follow: true, ..plan_to(KEPT_TO) });
}

/// Everything up to this offset of each partition, as far as it is kept or read.
fn plan_to(end: i64) -> ReadPlan {
    let mut plan = ReadPlan { whole: false, ..plan(EVENTS, KeyFilter::All) };
    plan.ranges.iter_mut().for_each(|range| range.to = range.to.min(end));
    plan
}

/// Everything that can be lost of the records in this folder.
fn losses(folder: &Path) -> Vec<Loss> {
    let is_data = |path: &PathBuf| {
        let name = path.to_string_lossy();
        name.ends_with(".arrow") && !name.ends_with(".keys.arrow")
    };
    let mut data = files(folder).into_iter().filter(is_data);
    let log = cached(EVENTS, folder);
    let plan = plan_to(KEPT_TO);
    let mut losses = Vec::new();
    for range in &plan.ranges {
        for segment in log.see(range, &plan).unwrap() {
            let (path, partition) = (data.next().unwrap(), range.partition);
            let entry = segment.entry();
            let offsets = entry.from..entry.to;
            losses.push(Loss { path: path.clone(), at: None, partition, offsets });
            for batch in segment.file().batches().unwrap() {
                let at = Some(batch.at + batch.bytes / 2);
                let offsets = batch.first_offset..batch.last_offset + 1;
                losses.push(Loss { path: path.clone(), at, partition, offsets });
            }
        }
    }
    assert_eq!(data.next(), None, "the files are those of the segments");
    losses
}

/// Does this with every loss there is, each in a folder of its own.
fn for_each_loss(check: impl Fn(&Path, &Loss)) {
    let mut number = 0;
    loop {
        let folder = TempDir::new().unwrap();
        keep(folder.path());
        let losses = losses(folder.path());
        assert!(losses.len() >= 12, "several segments of several batches: {losses:?}");
        let Some(loss) = losses.get(number) else { return };
        check(folder.path(), loss);
        number += 1;
    }
}

/// What is kept, as a store has it that nothing was asked of yet.
fn adopted(folder: &Path, plan: &ReadPlan) -> LogSnapshot {
    let log = cached(EVENTS, folder);
    let mut store = LogStore::new(u64::MAX);
    for range in &plan.ranges {
        log.adopt(range, plan, &mut store).unwrap();
    }
    store.snapshot()
}

#[test]
fn an_order_ends_before_a_batch_that_cannot_be_read_and_says_so() {
    let plan = plan_to(KEPT_TO);
    let expected = read_in_order(&generated(EVENTS), &plan);
    for_each_loss(|folder, loss| {
        let (store, reversed) = (adopted(folder, &plan), adopted(folder, &plan));
        loss.strike();
        let is_of = |record: &Plain| record.0.partition == loss.partition;
        let mut order = store.in_log_order(&LogBounds::default());
        let found: Vec<Plain> = order.by_ref().map(|(_, record)| plain_of(record.get())).collect();
        let is_before = |record: &Plain| is_of(record) && record.1 < loss.offsets.start;
        let to = expected.iter().rposition(is_before).map_or(0, |last| last + 1);
        assert!(order.is_broken() && found == expected[..to], "{loss:?}");
        let mut order = reversed.in_log_order(&LogBounds::default());
        let backwards = order.by_ref().rev().map(|(_, record)| plain_of(record.get()));
        let mut found: Vec<Plain> = backwards.collect();
        found.reverse();
        let is_behind = |record: &Plain| is_of(record) && record.1 >= loss.offsets.end;
        let from = expected.iter().position(is_behind).unwrap_or(expected.len());
        assert!(order.is_broken() && found == expected[from..], "{loss:?}, from the end");
    });
}

#[test]
fn an_ordered_answer_is_whole_although_a_part_is_lost_just_before_it_is_merged() {
    for keys in [KeyFilter::All, key(7)] {
        let plan = ReadPlan { keys: keys.clone(), ..plan_to(i64::MAX) };
        let expected = read_in_order(&generated(EVENTS), &plan);
        for_each_loss(|folder, loss| {
            let log = cached(EVENTS, folder);
            let (mut records, mut struck) = (Vec::new(), false);
            let mut take = |record: RecordRef<'_>| {
                records.push(plain_of(record));
                ControlFlow::Continue(())
            };
            // What is kept is counted by now, and the rest is read: merging comes next.
            let mut strike = |event| {
                if matches!(event, ReadEvent::Progress(_)) && !std::mem::replace(&mut struck, true)
                {
                    loss.strike();
                }
            };
            let outcome = log.read_in_log_order(&plan, &Cancel::new(), &mut take, &mut strike);
            assert!(struck && outcome.unwrap().is_complete(), "{loss:?}");
            assert!(records == expected, "{} of {}: {loss:?}", records.len(), expected.len());
        });
    }
}
