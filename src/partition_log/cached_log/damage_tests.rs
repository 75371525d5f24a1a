//! Damage anywhere in what is kept: every answer is that of the log all the same, and a check
//! notices it.
//!
//! Promises: three hundred places, all files, in both orders and with and without keys.
//! Does not know: formats of files.

use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use tempfile::TempDir;

use super::tests::{cached, files, generated, key, key_counts, plan, read, read_in_order};
use super::*;
use crate::model::KeyFilter;

/// So many events make a few batches in each partition.
const EVENTS: u64 = 3_000;

/// A place of damage: which file, which byte of it, and which bit; the ninth stands for a file that
/// is cut off there, the tenth for one that is gone.
type Damage = (prop::sample::Index, prop::sample::Index, u8);

/// A copy of a folder with one damage in it; `None` where there is nothing to damage.
fn damaged_copy(template: &Path, (file, byte, bit): Damage) -> TempDir {
    let copy = TempDir::new().unwrap();
    let mut victims = Vec::new();
    for path in files(template) {
        let to = copy.path().join(path.strip_prefix(template).unwrap());
        fs_err::create_dir_all(to.parent().unwrap()).unwrap();
        fs_err::copy(&path, &to).unwrap();
        if fs_err::metadata(&to).unwrap().len() > 0 {
            victims.push(to);
        }
    }
    let path = file.get(&victims);
    let mut bytes = fs_err::read(path).unwrap();
    let at = byte.index(bytes.len());
    match bit {
        0..8 => bytes[at] ^= 1 << bit,
        8 => bytes.truncate(at),
        _ => return fs_err::remove_file(path).map(|()| copy).unwrap(),
    }
    fs_err::write(path, bytes).unwrap();
    copy
}

#[test]
fn three_hundred_places_of_damage_change_no_answer_and_a_check_notices_all() {
    let template = TempDir::new().unwrap();
    let plain = generated(EVENTS);
    let questions = [KeyFilter::All, key(5), KeyFilter::Contains(b"-2"[..].into())];
    let questions = questions.map(|keys| plan(EVENTS, keys));
    let unordered = questions.each_ref().map(|plan| read(&plain, plan).0);
    let ordered = questions.each_ref().map(|plan| read_in_order(&plain, plan));
    let entities =
        key_counts(&CachedLog::new(Box::new(generated(EVENTS)), Keeping::nothing()), &questions[0]);
    read(&cached(EVENTS, template.path()), &questions[0]);
    let damage = (any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0_u8..10);
    let config = ProptestConfig { cases: 300, failure_persistence: None, ..Default::default() };
    let checked = TestRunner::new(config).run(&damage, |damage| {
        let folder = damaged_copy(template.path(), damage);
        let cache = LogCache::new(folder.path().to_owned(), u64::MAX);
        let check =
            || -> usize { cache.list().iter().map(|kept| cache.verify(kept, |_| ()).len()).sum() };
        prop_assert!(check() > 0, "nobody noticed");
        for (number, plan) in questions.iter().enumerate() {
            let folder = damaged_copy(template.path(), damage);
            let found = read(&cached(EVENTS, folder.path()), plan).0;
            prop_assert!(found == unordered[number], "question {number}");
            let folder = damaged_copy(template.path(), damage);
            let found = read_in_order(&cached(EVENTS, folder.path()), plan);
            prop_assert!(found == ordered[number], "question {number} in order");
        }
        let damaged = damaged_copy(template.path(), damage);
        let log = cached(EVENTS, damaged.path());
        prop_assert!(log.offsets_to_read(&questions[0]).is_ok(), "an estimate before a question");
        prop_assert!(log.aborted_in_gaps(&questions[0].ranges).is_ok(), "what explains gaps");
        let damaged = damaged_copy(template.path(), damage);
        prop_assert!(key_counts(&cached(EVENTS, damaged.path()), &questions[0]) == entities);
        for kept in cache.list() {
            prop_assert!(cache.repair(&kept).unwrap().is_some_and(|removed| !removed.is_empty()));
        }
        prop_assert!(check() == 0, "what was repaired is sound");
        let found = read_in_order(&cached(EVENTS, folder.path()), &questions[0]);
        prop_assert!(found == ordered[0], "after a repair");
        prop_assert!(check() == 0, "what was read again is sound");
        Ok(())
    });
    checked.unwrap();
}
