//! Which edits of a long history are likely to explain a row, by its columns alone.
//!
//! Every column of a row is taken for one that is overwritten or one that is added to. An edit is
//! likely where each column that is wrong could be right then: because the edit put the value there
//! and nothing changed it afterwards, or because the difference that the edit makes is the one that
//! is missing. Arrays count by their length.
//!
//! Promises: nothing here is an answer; what is likely is proven by folding.
//! Does not know: folds that are neither; a budget bounds what is spent on them.

use super::edit::{Edit, begin_edit};
use super::frontier::Budget;
use super::prefixes::{Column, Prefixes, size_of};
use crate::model::Value;

/// How many comparisons of columns are made at most.
const LOOKUPS_MAX: u64 = 30_000_000;

/// How many likely edits are proven at most.
const LIKELY_MAX: usize = 4_000;

/// Which edits are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Those of one event or two neighbours.
    Single,
    /// Doubled ranges of two events and more.
    Range,
}

/// Likely edits.
#[derive(Debug, Default)]
pub(super) struct Likely {
    /// The edits.
    pub(super) edits: Vec<Edit>,
    /// The largest number of events after which one of them is likely to agree.
    pub(super) last: usize,
    /// Whether all places were looked at.
    pub(super) is_whole: bool,
}

impl Likely {
    /// Takes an edit in; says whether there is room for more.
    fn push(&mut self, edit: Edit, after: usize) -> bool {
        self.edits.push(edit);
        self.last = self.last.max(after);
        self.edits.len() < LIKELY_MAX
    }
}

/// Guesses likely edits of a history.
pub(super) struct Guess {
    /// What single edits do to the columns.
    locals: Vec<Local>,
    /// Whether that is known of all.
    is_whole: bool,
    /// How many comparisons may still be made.
    lookups: u64,
}

impl Guess {
    /// Looks at what single edits do, if that is wanted; half of the budget is left for proving.
    pub(super) fn new(prefixes: &mut Prefixes<'_>, singles: bool, budget: &mut Budget) -> Self {
        let mut half = Budget { events: budget.events / 2 };
        budget.events -= half.events;
        let locals = if singles { locals(prefixes, &mut half) } else { Vec::new() };
        let is_whole = half.events > 0;
        budget.events += half.events;
        Self { locals, is_whole, lookups: LOOKUPS_MAX }
    }

    /// The likely edits for these places, in their order.
    pub(super) fn likely(
        &mut self,
        prefixes: &Prefixes<'_>,
        kind: Kind,
        places: &[usize],
    ) -> Likely {
        let mut likely = Likely::default();
        let wrong: Vec<usize> = places.iter().copied().filter(|at| !prefixes.fits(*at)).collect();
        likely.is_whole = match kind {
            Kind::Single => {
                singly(prefixes, &self.locals, &wrong, &mut self.lookups, &mut likely)
                    && self.is_whole
            }
            Kind::Range => ranging(prefixes, &wrong, &mut self.lookups, &mut likely),
        };
        likely
    }
}

/// What a single edit makes of the columns at once.
struct Local {
    /// The edit.
    edit: Edit,
    /// After how many events.
    after: usize,
    /// What is in the columns then.
    image: Vec<Value>,
    /// The same as numbers.
    sizes: Vec<f64>,
}

/// Single edits that change a column at once.
fn locals(prefixes: &mut Prefixes<'_>, budget: &mut Budget) -> Vec<Local> {
    let mut locals = Vec::new();
    for after in 1..=prefixes.len() {
        for edit in [Edit::Drop(after), Edit::Double(after, after), Edit::Swap(after - 1)] {
            if edit == Edit::Swap(0) {
                continue;
            }
            let Some(state) = begin_edit(edit, prefixes, budget) else { continue };
            let image = prefixes.image(&state);
            let is_seen = |(column, value): (&Column, &Value)| column.values[after] != *value;
            if prefixes.columns.iter().zip(&image).any(is_seen) {
                let sizes = image.iter().map(size_of).collect();
                locals.push(Local { edit, after, image, sizes });
            }
        }
    }
    locals
}

/// Finds single edits for these places, in their order. Says whether all were looked at.
fn singly(
    prefixes: &Prefixes<'_>,
    locals: &[Local],
    places: &[usize],
    lookups: &mut u64,
    likely: &mut Likely,
) -> bool {
    for at in places {
        let wrong: Vec<usize> = (0..prefixes.columns.len())
            .filter(|column| !prefixes.columns[*column].fits[*at])
            .collect();
        for local in locals.iter().take_while(|local| local.after <= *at) {
            if *lookups == 0 {
                return false;
            }
            *lookups -= 1;
            let mends = |column: &usize| is_mended(&prefixes.columns[*column], local, *column, *at);
            if wrong.iter().all(mends) && !likely.push(local.edit, *at) {
                return false;
            }
        }
    }
    true
}

/// Whether a column that is wrong at a place could be right after a single edit.
fn is_mended(column: &Column, local: &Local, index: usize, at: usize) -> bool {
    let moved = column.sizes[at] + local.sizes[index] - column.sizes[local.after];
    is_near(moved, column.size)
        || (column.changed[at] <= local.after
            && crate::read_model::agreement::agrees(Some(&local.image[index]), &column.cell))
}

/// Whether two numbers are the same but for what binary numbers cannot hold.
fn is_near(one: f64, other: f64) -> bool {
    (one - other).abs() <= tolerance(one)
}

/// How far numbers of this size may lie apart and be the same.
fn tolerance(number: f64) -> f64 {
    (number.abs() * 1e-11).max(1e-7)
}

/// Finds ranges of two events and more for these places, in their order. Says whether all were
/// looked at.
fn ranging(
    prefixes: &Prefixes<'_>,
    places: &[usize],
    lookups: &mut u64,
    likely: &mut Likely,
) -> bool {
    let mut sorted: Vec<Option<Vec<(f64, usize)>>> = Vec::new();
    sorted.resize_with(prefixes.columns.len(), || None);
    for at in places {
        let wrong: Vec<usize> = (0..prefixes.columns.len())
            .filter(|column| !prefixes.columns[*column].fits[*at])
            .collect();
        let missing =
            |column: usize| prefixes.columns[column].size - prefixes.columns[column].sizes[*at];
        // What is overwritten is as it was after a range is doubled.
        if wrong.iter().any(|column| missing(*column).is_nan()) {
            continue;
        }
        let Some(first) = wrong.first().copied() else { continue };
        let sizes = &prefixes.columns[first].sizes;
        let by_size = sorted[first].get_or_insert_with(|| {
            let mut by_size: Vec<(f64, usize)> =
                sizes.iter().copied().zip(0..).filter(|(size, _)| !size.is_nan()).collect();
            by_size.sort_by(|one, other| one.0.total_cmp(&other.0));
            by_size
        });
        for last in 2..=*at {
            let wanted = sizes[last] - missing(first);
            if wanted.is_nan() {
                continue;
            }
            let near = tolerance(wanted);
            let begin = by_size.partition_point(|(size, _)| *size < wanted - near);
            let within = by_size[begin..].iter().take_while(|(size, _)| *size <= wanted + near);
            for (_, before) in within {
                if *lookups == 0 {
                    return false;
                }
                *lookups -= 1;
                let added = |column: &usize| {
                    let sizes = &prefixes.columns[*column].sizes;
                    is_near(sizes[last] - sizes[*before], missing(*column))
                };
                let is_range = *before + 1 < last;
                if is_range
                    && wrong.iter().all(added)
                    && !likely.push(Edit::Double(before + 1, last), *at)
                {
                    return false;
                }
            }
            *lookups = lookups.saturating_sub(1);
            if *lookups == 0 {
                return false;
            }
        }
    }
    true
}
