//! One edit of a history, and the state that it leads to.
//!
//! Promises: an edit is named by the numbers of its events alone.
//! Does not know: which edits are tried.

use super::frontier::Budget;
use super::prefixes::Prefixes;
use crate::model::{Event, Value};

/// An edit of a history. Numbers of events are from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Edit {
    /// This event is left out.
    Drop(usize),
    /// These events, first and last, are applied again after the last of them.
    Double(usize, usize),
    /// This event and the next are applied in the other order.
    Swap(usize),
    /// These hidden records, first and last by their index, are applied, too.
    Ghost(usize, usize),
    /// After this delete, an earlier event is applied again.
    Again {
        /// The delete.
        deleted: usize,
        /// The event.
        event: usize,
    },
}

/// A record of an aborted transaction, which the history does not have.
#[derive(Clone, Debug)]
pub struct Hidden {
    /// The record as an event.
    pub event: Event,
    /// How many events of the history lie before it.
    pub after: usize,
}

impl Edit {
    /// After how many events of the history its own history begins.
    pub(super) fn begins_after(self) -> usize {
        match self {
            Self::Drop(event) | Self::Double(_, event) => event,
            Self::Swap(event) => event + 1,
            Self::Ghost(..) => 0,
            Self::Again { deleted, .. } => deleted,
        }
    }
}

/// The state with which the history of an edit begins; none where the fold fails, or the budget is
/// spent.
pub(super) fn begin_edit(
    edit: Edit,
    prefixes: &mut Prefixes<'_>,
    budget: &mut Budget,
) -> Option<Value> {
    let (from, events) = match edit {
        Edit::Drop(event) => (event - 1, Vec::new()),
        Edit::Double(first, last) => (last, (first..=last).collect()),
        Edit::Swap(event) => (event - 1, vec![event + 1, event]),
        Edit::Again { deleted, event } => (deleted, vec![event]),
        Edit::Ghost(..) => return None,
    };
    if !budget.take(events.len() as u64) {
        return None;
    }
    let mut state = prefixes.state(from);
    for number in events {
        let event = prefixes.event(number)?;
        if !prefixes.apply(&mut state, event) {
            return None;
        }
    }
    Some(state)
}
