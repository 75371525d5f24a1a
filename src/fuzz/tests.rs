//! Replays what was kept of fuzzing, and changes it.

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::*;

/// How often a seed of each target is changed.
const CHANGED: u32 = 300;

/// The kept inputs of a target.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let entries = fs_err::read_dir(&folder).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| fs_err::read(path).unwrap()).collect()
}

/// A change of some bytes: where, how many of them go, and what comes in their place.
type Change = (prop::sample::Index, u8, Vec<u8>);

/// The bytes with these changes.
fn changed(mut bytes: Vec<u8>, changes: &[Change]) -> Vec<u8> {
    for (at, gone, come) in changes {
        let at = at.index(bytes.len() + 1);
        let end = bytes.len().min(at + usize::from(*gone));
        bytes.splice(at..end, come.iter().copied());
    }
    bytes
}

#[test]
fn what_fuzzing_kept_is_taken_by_every_target() {
    for (name, target) in TARGETS {
        let seeds = seeds(name);
        assert!(seeds.len() >= 5, "{name} has {} seeds", seeds.len());
        for seed in &seeds {
            target(seed);
        }
    }
}

#[test]
fn what_fuzzing_kept_may_be_changed_anywhere() {
    let come = prop::collection::vec(any::<u8>(), 0..6);
    let changes = prop::collection::vec((any::<prop::sample::Index>(), 0_u8..6, come), 1..5);
    for (name, target) in TARGETS {
        let case = (prop::sample::select(seeds(name)), changes.clone());
        let config =
            ProptestConfig { cases: CHANGED, failure_persistence: None, ..Default::default() };
        let checked = TestRunner::new(config).run(&case, |(seed, changes)| {
            target(&changed(seed, &changes));
            Ok(())
        });
        checked.unwrap_or_else(|fault| panic!("{name}: {fault}"));
    }
}

#[test]
fn every_target_can_be_fuzzed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let manifest = fs_err::read_to_string(folder.join("Cargo.toml")).unwrap();
    for (name, _) in TARGETS {
        let text = fs_err::read_to_string(folder.join(format!("fuzz_targets/{name}.rs"))).unwrap();
        assert!(text.contains(&format!("\"{name}\"")), "fuzz_targets/{name}.rs");
        assert!(manifest.contains(&format!("name = \"{name}\"")), "Cargo.toml names {name}");
    }
}
