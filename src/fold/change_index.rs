//! Which events changed which path of a state.
//!
//! Promises: every change of every event is in it, in order.
//! Does not know: the values before and after; those are folded when asked for.

use std::collections::{BTreeMap, BTreeSet};

use super::{Fold, diff};
use crate::model::{Event, JsonPointer, Value};

/// The changes of a history so far.
#[derive(Debug)]
pub(super) struct ChangeIndex {
    /// By path: the versions that changed something at exactly this path, ascending.
    versions: BTreeMap<JsonPointer, Vec<u64>>,
    /// How many events were looked at.
    looked_at: usize,
    /// The state after them.
    state: Value,
}

impl ChangeIndex {
    /// Nothing looked at yet.
    pub(super) fn new(fold: &dyn Fold) -> Self {
        Self { versions: BTreeMap::new(), looked_at: 0, state: fold.init() }
    }

    /// Looks at those of a history's events that it has not seen yet, none of which fails.
    pub(super) fn extend(&mut self, fold: &dyn Fold, events: &[Event]) {
        let mut run = fold.start(self.state.clone());
        for event in events.iter().skip(self.looked_at) {
            run.apply(event);
            self.looked_at += 1;
            let Ok(state) = run.state() else { continue };
            for change in diff(&self.state, &state) {
                self.versions.entry(change.path).or_default().push(self.looked_at as u64);
            }
            self.state = state;
        }
        assert!(events.len() <= self.looked_at, "every event is looked at");
    }

    /// The lists of changes at this path and below it.
    fn at_and_below(&self, path: &JsonPointer) -> impl Iterator<Item = &Vec<u64>> {
        // Siblings such as `/a!` sort between `/a` and `/a/b`.
        let below = self.versions.range(path.member("")..);
        let below = below.take_while(|(other, _)| path.encloses(other));
        self.versions.get(path).into_iter().chain(below.map(|(_, versions)| versions))
    }

    /// The lists of changes at what encloses this path, innermost first.
    fn enclosing(&self, path: &JsonPointer) -> impl Iterator<Item = &Vec<u64>> {
        std::iter::successors(path.parent(), JsonPointer::parent)
            .filter_map(|parent| self.versions.get(&parent))
    }

    /// The last version, up to and including this one, that changed something at this path, below
    /// it, or in place of what encloses it.
    pub(super) fn last_change(&self, path: &JsonPointer, up_to: u64) -> Option<u64> {
        let last = |versions: &Vec<u64>| {
            let end = versions.partition_point(|version| *version <= up_to);
            versions.get(..end)?.last().copied()
        };
        let found = self.at_and_below(path).chain(self.enclosing(path)).filter_map(last).max();
        assert!(found.is_none_or(|found| found <= up_to), "no later change is blamed");
        found
    }

    /// The versions that changed something at this path or below it, ascending.
    pub(super) fn changes(&self, path: &JsonPointer) -> BTreeSet<u64> {
        self.at_and_below(path).flatten().copied().collect()
    }

    /// The versions that changed something in place of what encloses this path, ascending. Whether
    /// that touched the path is for the states before and after to say.
    pub(super) fn enclosing_changes(&self, path: &JsonPointer) -> BTreeSet<u64> {
        self.enclosing(path).flatten().copied().collect()
    }
}
