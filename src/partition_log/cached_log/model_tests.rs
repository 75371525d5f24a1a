//! What is kept of a log that changes in every way a log can, against reading the log plainly.
//!
//! Promises: what becomes of the log and of what is kept is left to chance, and what finds a fault
//! is made small.
//! Does not know: files' formats, brokers.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use proptest::prelude::*;
use tempfile::TempDir;

use super::model::{Model, ModelPartition, NOW_MS, share_of, write};
use super::tests::{Plain, files, key_counts, read, read_all_in_order, read_in_order};
use super::*;
use crate::kafka::Watermarks;
use crate::model::{Isolation, KeyFilter, PLAUSIBLE_FUTURE_MS};

/// What happens to the model, or is asked of it.
#[derive(Clone, Debug)]
enum Step {
    /// Records are written: steps of offset, timestamp, key, tombstone, aborted.
    Write(usize, Vec<(i64, i64, Option<u8>, bool, bool)>),
    /// Everything from a share of what was written on is undecided from now on, or nothing is.
    Open(usize, Option<u8>),
    /// The log start rises by a share of what there is.
    Delete(usize, u8),
    /// The log start rises while somebody reads: when a share of the partition is delivered, to
    /// another share. In the order of the log or of each partition.
    Rise(usize, u8, u8, bool),
    /// A new leader lost a share of what was written, and goes on with other records.
    Lose(usize, u8),
    /// Everything is read whole and kept.
    Keep,
    /// Only a part is read whole and kept: a share of each partition.
    KeepPart(u8),
    /// Somebody follows from a share of each partition on, in the order of the log or of each
    /// partition.
    Follow(u8, bool),
    /// Keys alone are kept of everything that is not kept yet.
    KeepKeys,
    /// A new process opens what is kept.
    Reopen,
    /// Another process reads a share of each partition and keeps it; or it removes everything.
    Beside(Option<u8>),
    /// A bit of a file flips: which file, and which bit, as shares.
    Break(u8, u16),
    /// The clock of the machine jumps by this, in milliseconds.
    Jump(i64),
    /// What is kept is shrunk to a share of its size.
    Evict(u8),
    /// Is asked, with this isolation and one of the kinds of key filters.
    Ask(bool, u8),
    /// The same for the keys alone, which leaves what is kept without values as it is.
    LookUp(bool, u8),
}

/// What happens, a few dozen steps.
fn steps() -> impl Strategy<Value = Vec<Step>> {
    let implausible = NOW_MS + PLAUSIBLE_FUTURE_MS + 1;
    let time = prop_oneof![12 => 0_i64..200, 1 => Just(-1_i64), 1 => Just(implausible)];
    let record = (0_i64..3, time, prop::option::of(0_u8..4), any::<bool>(), any::<bool>());
    let records = prop::collection::vec(record, 1..30);
    let step = prop_oneof![
        4 => (0_usize..2, records).prop_map(|(partition, records)| Step::Write(partition, records)),
        1 => (0_usize..2, prop::option::of(any::<u8>())).prop_map(|(p, share)| Step::Open(p, share)),
        1 => (0_usize..2, any::<u8>()).prop_map(|(partition, share)| Step::Delete(partition, share)),
        1 => (0_usize..2, any::<u8>()).prop_map(|(partition, share)| Step::Lose(partition, share)),
        2 => (0_usize..2, any::<u8>(), any::<u8>(), any::<bool>())
            .prop_map(|(partition, at, to, ordered)| Step::Rise(partition, at, to, ordered)),
        3 => Just(Step::Keep),
        1 => any::<u8>().prop_map(Step::KeepPart),
        3 => (any::<u8>(), any::<bool>()).prop_map(|(share, ordered)| Step::Follow(share, ordered)),
        2 => Just(Step::KeepKeys),
        2 => Just(Step::Reopen),
        3 => prop::option::weighted(0.8, any::<u8>()).prop_map(Step::Beside),
        2 => (any::<u8>(), any::<u16>()).prop_map(|(file, bit)| Step::Break(file, bit)),
        1 => (-7_200_000_i64..7_200_000).prop_map(Step::Jump),
        1 => any::<u8>().prop_map(Step::Evict),
        5 => (any::<bool>(), 0_u8..4).prop_map(|(committed, keys)| Step::Ask(committed, keys)),
        5 => (any::<bool>(), 1_u8..4).prop_map(|(committed, keys)| Step::LookUp(committed, keys)),
    ];
    prop::collection::vec(step, 1..30)
}

/// A model with what is kept of it.
struct Twin {
    model: Model,
    folder: TempDir,
    log: CachedLog,
    /// The clock of the machine, in milliseconds.
    now_ms: i64,
    /// Whether a file was broken, so that there is something to tell.
    broken: Arc<AtomicBool>,
}

impl Twin {
    fn new() -> Self {
        let model = Model::default();
        *model.0.lock().unwrap() = vec![ModelPartition::default(), ModelPartition::default()];
        let folder = TempDir::new().unwrap();
        *model.2.lock().unwrap() = Some("i".to_owned());
        let broken = Arc::default();
        let log = Self::open(&model, &folder, &broken);
        Self { model, folder, log, now_ms: NOW_MS, broken }
    }

    /// A new process on what is kept.
    fn reopen(&mut self) {
        self.log = Self::open(&self.model, &self.folder, &self.broken);
    }

    fn open(model: &Model, folder: &TempDir, broken: &Arc<AtomicBool>) -> CachedLog {
        let cache = Some(Arc::new(LogCache::new(folder.path().to_owned(), u64::MAX)));
        let broken = Arc::clone(broken);
        let tell = Box::new(move |problem: &CacheError| {
            assert!(broken.load(Ordering::Relaxed), "nothing is wrong: {problem}");
        });
        let mut log =
            CachedLog::new(Box::new(model.clone()), Keeping { cache, payloads: true, tell });
        // The model is small: if fetching cost anything, reading on would always cost less.
        log.fetch_bytes = 0;
        // Tails are written in the middle of following, and the rest at its end.
        log.tail_sizes = TailSizes { records: 4, bytes: 300, least_records: 2 };
        log
    }

    /// Keeps the keys of everything, as another process does that is told to.
    fn keep_keys(&mut self) {
        let cache = Some(Arc::new(LogCache::new(self.folder.path().to_owned(), u64::MAX)));
        let keeping = Keeping { cache, payloads: false, ..Keeping::nothing() };
        let plan = self.plan(Isolation::Committed, KeyFilter::All);
        let log = CachedLog::new(Box::new(self.model.clone()), keeping);
        let order = FillOrder::default();
        log.fill_up(&plan, order, &Cancel::new(), &mut |_event| ControlFlow::Continue(())).unwrap();
        self.reopen();
    }

    /// A new leader has a share of a partition alone, and goes on with other records.
    fn lose(&mut self, number: usize, share: u8) {
        {
            let partition = &mut self.model.0.lock().unwrap()[number];
            partition.high = share_of(partition.low, partition.high, share);
            partition.open_from = None;
            partition.epoch += 1;
            let high = partition.high;
            partition.records.retain(|record| record.offset < high);
        }
        // That another log took over is noticed when a process opens what is kept.
        self.reopen();
    }

    /// Shrinks what is kept to a share of its size.
    fn evict(&mut self, share: u8) {
        let root = self.folder.path().to_owned();
        let kept = LogCache::new(root.clone(), u64::MAX).list();
        let bytes: u64 = kept.iter().map(|kept| kept.disk_bytes).sum();
        let small = LogCache::new(root, bytes * u64::from(share) / 256);
        small.make_room(0, std::path::Path::new(""));
        self.reopen();
    }

    /// Flips a bit of a file of what is kept.
    fn break_file(&self, file: u8, bit: u16) {
        let mut files = files(self.folder.path());
        files.retain(|path| fs_err::metadata(path).unwrap().len() > 0);
        let Some(path) = files.get(usize::from(file) * files.len() / 256) else { return };
        let mut bytes = fs_err::read(path).unwrap();
        let bit = usize::from(bit) * bytes.len() * 8 / 65_536;
        bytes[bit / 8] ^= 1 << (bit % 8);
        fs_err::write(path, bytes).unwrap();
        self.broken.store(true, Ordering::Relaxed);
    }

    /// What the model says to a question that was asked of what is kept: timestamps were judged
    /// when they were kept.
    fn expected(&self, plan: &ReadPlan) -> (Vec<Plain>, ReadOutcome) {
        read(&self.model, &self.log.judged_before(plan))
    }

    /// The same in log order.
    fn expected_in_order(&self, plan: &ReadPlan) -> Vec<Plain> {
        read_in_order(&self.model, &self.log.judged_before(plan))
    }

    /// What is found of some keys, in both orders, against the model.
    fn look_up(&self, plan: &ReadPlan) {
        let (found, expected) = (read(&self.log, plan), self.expected(plan));
        assert_eq!(found.0, expected.0);
        let facts = |outcome: ReadOutcome| -> Vec<_> {
            let facts =
                |read: PartitionRead| (read.partition, read.position, read.records, read.gaps);
            outcome.partitions.into_iter().map(facts).collect()
        };
        assert_eq!(facts(found.1), facts(expected.1));
        assert_eq!(read_in_order(&self.log, plan), self.expected_in_order(plan));
    }

    /// Follows from this share of each partition on, against the model.
    fn follow(&self, share: u8, ordered: bool) {
        let mut plan = self.plan(Isolation::Committed, KeyFilter::All);
        for range in &mut plan.ranges {
            range.from = share_of(range.from, range.to, share);
            range.to = range.from;
        }
        (plan.whole, plan.follow) = (false, true);
        if ordered {
            assert_eq!(read_in_order(&self.log, &plan), self.expected_in_order(&plan));
        } else {
            assert_eq!(read(&self.log, &plan).0, self.expected(&plan).0);
        }
    }

    fn plan(&self, isolation: Isolation, keys: KeyFilter) -> ReadPlan {
        let marks = self.model.watermarks();
        let range = |(partition, marks): (&TopicPartition, &Watermarks)| {
            OffsetRange::new(partition, marks.low, marks.end(isolation))
        };
        ReadPlan {
            isolation,
            keys,
            whole: true,
            ..ReadPlan::new(marks.iter().map(range).collect(), self.now_ms)
        }
    }

    fn ask(&self, plan: &ReadPlan) {
        let found = read(&self.log, plan);
        let expected = self.expected(plan);
        assert_eq!(found.0, expected.0);
        for (found, expected) in found.1.partitions.iter().zip(&expected.1.partitions) {
            let facts = |read: &PartitionRead| {
                let first_ms = (read.from > 0).then_some(read.first_timestamp_ms);
                (
                    read.partition.clone(),
                    read.position,
                    read.records,
                    read.bytes,
                    first_ms,
                    read.gaps.clone(),
                )
            };
            assert_eq!(facts(found), facts(expected));
        }
        let ordered: Vec<Plain> = read_in_order(&self.log, plan);
        assert_eq!(ordered, self.expected_in_order(plan));
        let mut counted: BTreeMap<Vec<u8>, u64> = BTreeMap::new();
        for key in expected.0.iter().filter_map(|record| record.4.clone()) {
            *counted.entry(key).or_default() += 1;
        }
        assert_eq!(key_counts(&self.log, plan), counted);
    }

    /// Reads everything while the log start of a partition rises, when this share of it is
    /// delivered, to another share.
    fn rise(&mut self, number: usize, (at, to): (u8, u8), ordered: bool) {
        let plan = self.plan(Isolation::Committed, KeyFilter::All);
        let before = self.expected(&plan).0;
        let range = plan
            .ranges
            .iter()
            .find(|range| usize::try_from(range.partition) == Ok(number))
            .unwrap();
        let rises = (share_of(range.from, range.to, at), share_of(range.from, range.to, to));
        self.model.0.lock().unwrap()[number].rises = Some(rises);
        self.model.1.store(0, Ordering::Relaxed);
        let (found, outcome) =
            if ordered { read_all_in_order(&self.log, &plan) } else { read(&self.log, &plan) };
        self.model.0.lock().unwrap()[number].rises = None;
        for (range, read) in plan.ranges.iter().zip(&outcome.partitions) {
            assert_eq!((read.from, read.position), (range.from, range.to), "{read:?}");
            let of_partition = |record: &&Plain| record.0 == read.partition;
            let offsets: Vec<i64> = found.iter().filter(of_partition).map(|it| it.1).collect();
            assert!(offsets.is_sorted_by(|one, other| one < other), "{offsets:?}");
            let had: Vec<i64> = before.iter().filter(of_partition).map(|it| it.1).collect();
            let lost =
                |offset: &i64| read.lost.iter().any(|lost| (lost.from..lost.to).contains(offset));
            let kept: Vec<i64> = had.iter().filter(|it| !lost(it)).copied().collect();
            assert_eq!(offsets, kept, "every record was delivered or told to be lost: {read:?}");
        }
        // The log times of what follows a loss are those of what was read.
        let same = |record: &Plain| before.iter().any(|it| (&it.0, it.1) == (&record.0, record.1));
        assert!(found.iter().all(same));
    }

    fn take(&mut self, step: &Step) {
        self.model.1.store(0, Ordering::Relaxed);
        let change = |partition: usize, change: &mut dyn FnMut(&mut ModelPartition)| {
            change(&mut self.model.0.lock().unwrap()[partition]);
        };
        match step {
            Step::Write(number, records) => {
                change(*number, &mut |partition| write(partition, records));
            }
            Step::Open(number, share) => change(*number, &mut |partition| {
                let stable = partition.open_from.unwrap_or(partition.high);
                partition.open_from = share.map(|share| {
                    share_of(partition.open_from.unwrap_or(stable), partition.high, share)
                });
            }),
            Step::Delete(number, share) => change(*number, &mut |partition| {
                let end = partition.open_from.unwrap_or(partition.high);
                partition.delete_to(share_of(partition.low, end, *share));
            }),
            Step::Rise(number, at, to, ordered) => self.rise(*number, (*at, *to), *ordered),
            Step::Lose(number, share) => self.lose(*number, *share),
            Step::Keep => drop(read(&self.log, &self.plan(Isolation::Committed, KeyFilter::All))),
            Step::KeepPart(share) => {
                let mut plan = self.plan(Isolation::Committed, KeyFilter::All);
                for range in &mut plan.ranges {
                    range.from = share_of(range.from, range.to, *share);
                }
                read(&self.log, &plan);
            }
            Step::Follow(share, ordered) => self.follow(*share, *ordered),
            Step::KeepKeys => self.keep_keys(),
            Step::Reopen => self.reopen(),
            Step::Beside(Some(share)) => {
                let mut plan = self.plan(Isolation::Committed, KeyFilter::All);
                for range in &mut plan.ranges {
                    range.to = share_of(range.from, range.to, *share);
                }
                read(&Self::open(&self.model, &self.folder, &self.broken), &plan);
            }
            Step::Beside(None) => {
                let cache = LogCache::new(self.folder.path().to_owned(), u64::MAX);
                for kept in cache.list() {
                    assert!(cache.clear(&kept).unwrap(), "nobody writes");
                }
            }
            Step::Break(file, bit) => self.break_file(*file, *bit),
            Step::Jump(by_ms) => self.now_ms += by_ms,
            Step::Evict(share) => self.evict(*share),
            Step::Ask(committed, keys) => {
                let all = self.plan(isolation_of(*committed), KeyFilter::All);
                self.ask(&all);
                self.look_up(&ReadPlan { keys: filter_of(*keys), ..all });
            }
            Step::LookUp(committed, keys) => {
                self.look_up(&self.plan(isolation_of(*committed), filter_of(*keys)));
            }
        }
    }
}

fn isolation_of(committed: bool) -> Isolation {
    if committed { Isolation::Committed } else { Isolation::Uncommitted }
}

fn filter_of(kind: u8) -> KeyFilter {
    match kind {
        0 => KeyFilter::All,
        1 => KeyFilter::Equals(b"kk"[..].into()),
        2 => KeyFilter::Equals(b""[..].into()),
        _ => KeyFilter::Contains(b"kk"[..].into()),
    }
}

/// A twin with these records of one key, offsets 0, 1, 2, …, of which the keys are kept.
fn with_keys_kept(timestamps_ms: &[i64]) -> Twin {
    let mut twin = Twin::new();
    let records: Vec<_> =
        timestamps_ms.iter().map(|time_ms| (0, *time_ms, Some(2), false, false)).collect();
    twin.take(&Step::Write(0, records));
    twin.take(&Step::KeepKeys);
    twin
}

#[test]
fn a_log_start_that_rises_while_a_topic_is_read_is_told_and_the_read_ends() {
    // Where the log start rises, in 256ths, and to where: ahead of the reader, far ahead, behind
    // it, to the end.
    for (at, to) in [(0, 40), (25, 128), (128, 25), (128, 128), (10, 255), (250, 255)] {
        for ordered in [false, true] {
            let mut twin = Twin::new();
            for number in [0, 1] {
                let records = (0..200).map(|time| (0, time, Some(1), false, false)).collect();
                twin.take(&Step::Write(number, records));
            }
            twin.take(&Step::Rise(0, at, to, ordered));
            twin.take(&Step::Ask(true, 0));
            // What is kept by now ends before the log start, and the next question must not wait
            // for what is gone.
            twin.take(&Step::Write(0, vec![(0, 300, Some(2), false, false); 5]));
            twin.take(&Step::Delete(0, 200));
            twin.take(&Step::Rise(0, 200, 255, ordered));
            twin.take(&Step::Ask(false, 1));
        }
    }
}

#[test]
fn a_look_up_without_values_in_the_index_reads_the_records_it_is_about_alone() {
    let mut twin = Twin::new();
    let key = |number: i64| Some(if number % 10 == 3 { 2 } else { 1 });
    let records = (0..50).map(|number| (0, number, key(number), false, false)).collect();
    twin.take(&Step::Write(0, records));
    twin.take(&Step::KeepKeys);
    let plan = twin.plan(Isolation::Committed, filter_of(1));
    let (found, outcome) = read(&twin.log, &plan);
    assert_eq!(found.len(), 5);
    assert_eq!((outcome.records(), outcome.from_cache), (50, 45), "five were fetched");
    let kept = LogCache::new(twin.folder.path().to_owned(), u64::MAX).list();
    assert!(!kept[0].payloads, "the index stays as somebody chose it");
}

#[test]
fn what_compaction_took_since_it_was_indexed_is_told_as_missing() {
    let twin = with_keys_kept(&[1, 2, 3, 4]);
    twin.model.0.lock().unwrap()[0].records.remove(1);
    let plan = twin.plan(Isolation::Committed, filter_of(1));
    // Every time: the first look-up notices, the next one is of an index that knows.
    for look in 1..=2 {
        let (found, outcome) = read(&twin.log, &plan);
        let offsets: Vec<i64> = found.iter().map(|record| record.1).collect();
        assert_eq!(offsets, [0, 2, 3], "look {look}");
        let read = &outcome.partitions[0];
        let gaps: Vec<(i64, i64)> = read.gaps.iter().map(|gap| (gap.from, gap.to)).collect();
        assert_eq!((read.position, read.records, gaps), (4, 3, vec![(1, 2)]), "look {look}");
    }
}

#[test]
fn another_record_than_the_one_indexed_is_not_taken_for_it() {
    let twin = with_keys_kept(&[1, 2, 3, 4]);
    twin.model.0.lock().unwrap()[0].records[1].timestamp_ms = 3;
    twin.look_up(&twin.plan(Isolation::Committed, filter_of(1)));
}

#[test]
fn a_damaged_manifest_is_mended_where_the_file_that_tells_the_topic_is_damaged_too() {
    let mut twin = Twin::new();
    twin.take(&Step::Write(0, vec![(0, 0, Some(2), false, false)]));
    twin.take(&Step::Ask(true, 1));
    let is_json = |path: &std::path::PathBuf| path.extension().is_some_and(|it| it == "json");
    let damaged: Vec<_> = files(twin.folder.path()).into_iter().filter(is_json).collect();
    assert_eq!(damaged.len(), 2, "{damaged:?}");
    for path in damaged {
        fs_err::write(path, [0xff]).unwrap();
    }
    twin.broken.store(true, Ordering::Relaxed);
    twin.take(&Step::LookUp(false, 1));
    twin.take(&Step::Ask(true, 0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn whatever_happens_to_a_log_what_is_kept_of_it_answers_like_the_log(steps in steps()) {
        let mut twin = Twin::new();
        for step in &steps {
            twin.take(step);
        }
        twin.take(&Step::Ask(true, 0));
        twin.take(&Step::Ask(false, 1));
    }
}
