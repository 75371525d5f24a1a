//! Histories that differ from the real one by one edit: an event dropped, a range doubled, two
//! neighbours swapped, records of an aborted transaction put in, an event applied again after a
//! delete.
//!
//! Promises: every edit that is told was proven by folding. As long as the budget lasts every edit
//! is tried; beyond it, those that the columns make likely, and what was not tried is told.
//! Does not know: what an edit means for a consumer.

use super::candidates::{Guess, Kind};
use super::edit::{Edit, Hidden, begin_edit};
use super::frontier::{Begin, Budget, follow};
use super::prefixes::Prefixes;
use crate::model::Value;

/// How long the ranges are at most that are all tried, whatever the columns say.
const RANGE_MAX: usize = 64;

/// How many explanations are told at most.
const FOUND_MAX: usize = 20_000;

/// Edited histories that the row agrees with.
#[derive(Debug, Default)]
pub(super) struct Edited {
    /// The edits, and after how many events of the history each agrees.
    pub(super) found: Vec<(Edit, usize)>,
    /// How many more there are than are told.
    pub(super) more: u64,
    /// What was not tried, in words.
    pub(super) not_searched: Vec<String>,
}

impl Edited {
    /// Takes an edit in.
    fn push(&mut self, edit: Edit, after: usize) {
        if self.found.len() < FOUND_MAX {
            self.found.push((edit, after));
        } else {
            self.more += 1;
        }
    }
}

/// Looks for edits up to this number of events each; `places` are the numbers of events after which
/// the row is likely to stand.
pub(super) fn search(
    prefixes: &mut Prefixes<'_>,
    hidden: &[Hidden],
    places: &[usize],
    budget: Budget,
) -> Edited {
    let mut edited = Edited::default();
    let (last, share) = (prefixes.len(), budget.events / 4);
    let mut of_one = Budget { events: share };
    let mut tried = Vec::new();
    let mut begin = |after: usize, prefixes: &mut Prefixes<'_>, budget: &mut Budget| {
        single_edits(after, prefixes, hidden, budget)
    };
    let whole = follow_all(prefixes, last, &mut of_one, &mut begin, &mut tried);
    let longest = range_length(last, share);
    let mut of_ranges = Budget { events: share };
    let mut begin = |after: usize, prefixes: &mut Prefixes<'_>, budget: &mut Budget| {
        ranges_ending(after, longest, prefixes, budget)
    };
    let ranges_whole = follow_all(prefixes, last, &mut of_ranges, &mut begin, &mut tried);
    let is_exhaustive = ranges_whole && longest >= last;
    if !whole || !is_exhaustive {
        let mut rest = Budget { events: budget.events - 2 * share };
        let mut guess = Guess::new(prefixes, !whole, &mut rest);
        let elsewhere: Vec<usize> = (0..=last).rev().filter(|at| !places.contains(at)).collect();
        // What is likely at likely places is proven first.
        let mut all_looked_at = true;
        let mut all_proven = true;
        for places in [places, elsewhere.as_slice()] {
            for kind in [Kind::Single, Kind::Range] {
                if (kind == Kind::Single && whole) || (kind == Kind::Range && is_exhaustive) {
                    continue;
                }
                let likely = guess.likely(prefixes, kind, places);
                all_looked_at &= likely.is_whole;
                all_proven &= prove(prefixes, likely.edits, likely.last, &mut rest, &mut tried);
            }
        }
        edited.not_searched = not_searched(!whole, (!is_exhaustive).then_some(longest));
        if !all_looked_at || !all_proven {
            edited.not_searched.push("there are more likely places than were tried".to_owned());
        }
    }
    tried.sort_unstable();
    tried.dedup();
    for (edit, after) in tried {
        edited.push(edit, after);
    }
    edited
}

/// What was not tried, in words.
fn not_searched(singles: bool, ranges_beyond: Option<usize>) -> Vec<String> {
    let singles = singles.then(|| {
        "single events were dropped, doubled and swapped where the columns make that likely, not everywhere".to_owned()
    });
    let ranges = ranges_beyond.map(|longest| {
        format!("ranges of more than {longest} events were doubled where the columns make that likely, not everywhere")
    });
    [singles, ranges].into_iter().flatten().collect()
}

/// Follows likely edits; says whether all were.
fn prove(
    prefixes: &mut Prefixes<'_>,
    mut edits: Vec<Edit>,
    last: usize,
    budget: &mut Budget,
    tried: &mut Vec<(Edit, usize)>,
) -> bool {
    edits.sort_unstable_by_key(|edit| (edit.begins_after(), *edit));
    edits.dedup();
    if edits.is_empty() {
        return true;
    }
    let mut next = 0;
    let mut begin = |after: usize, prefixes: &mut Prefixes<'_>, budget: &mut Budget| {
        let mut begun = Vec::new();
        while let Some(edit) = edits.get(next).filter(|edit| edit.begins_after() <= after) {
            begun.extend(begin_edit(*edit, prefixes, budget).map(|state| (state, *edit)));
            next += 1;
        }
        begun
    };
    follow_all(prefixes, last, budget, &mut begin, tried)
}

/// Follows edits and collects those that fit.
fn follow_all(
    prefixes: &mut Prefixes<'_>,
    last: usize,
    budget: &mut Budget,
    begin: Begin<'_, Edit>,
    found: &mut Vec<(Edit, usize)>,
) -> bool {
    follow(prefixes, last, budget, begin, &mut |edit, after| found.push((*edit, after)))
}

/// The longest range of which all are tried with this many events to apply.
fn range_length(last: usize, budget: u64) -> usize {
    let applied = |length: usize| (last as u64).saturating_mul((length * length) as u64) / 2;
    // Half of the budget is for folding on.
    let mut length = last.min(RANGE_MAX);
    while length > 1 && applied(length) > budget / 2 {
        length -= 1;
    }
    length
}

/// The edits but for long ranges that begin after this many events.
fn single_edits(
    after: usize,
    prefixes: &mut Prefixes<'_>,
    hidden: &[Hidden],
    budget: &mut Budget,
) -> Vec<(Value, Edit)> {
    let mut begun = Vec::new();
    if after > 0 {
        for edit in [Edit::Drop(after), Edit::Double(after, after), Edit::Swap(after - 1)] {
            if edit != Edit::Swap(0) {
                begun.extend(begin_edit(edit, prefixes, budget).map(|state| (state, edit)));
            }
        }
    }
    let here: Vec<usize> =
        (0..hidden.len()).filter(|index| hidden[*index].after == after).collect();
    for (from, first) in here.iter().enumerate() {
        let mut state = prefixes.state(after);
        for last in here.iter().skip(from) {
            if !budget.take(1) || !prefixes.apply(&mut state, &hidden[*last].event) {
                break;
            }
            begun.push((state.clone(), Edit::Ghost(*first, *last)));
        }
    }
    let is_gone = |prefixes: &mut Prefixes<'_>, at: usize| prefixes.state(at).is_null();
    if after > 1 && is_gone(prefixes, after) && !is_gone(prefixes, after - 1) {
        for event in 1..after {
            let edit = Edit::Again { deleted: after, event };
            begun.extend(begin_edit(edit, prefixes, budget).map(|state| (state, edit)));
        }
    }
    begun
}

/// The ranges of two events and more, up to this many, that end with this event.
fn ranges_ending(
    last: usize,
    longest: usize,
    prefixes: &mut Prefixes<'_>,
    budget: &mut Budget,
) -> Vec<(Value, Edit)> {
    let firsts = (last + 1).saturating_sub(longest).max(1)..last;
    let edits = firsts.map(|first| Edit::Double(first, last));
    edits.filter_map(|edit| Some((begin_edit(edit, prefixes, budget)?, edit))).collect()
}
