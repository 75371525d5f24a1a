//! The consumer groups, and where they stand on open entities.
//!
//! Promises: all groups are asked for only while somebody looks at them; where an entity is shown, those with a commit
//! in its partitions are kept fresh, so that no marker stands where the group was long ago.
//! Does not know: how lag is computed (`workspace::groups`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::lag_history::with_sample;
use super::state::State;
use crate::workspace::clock::now_ms;
use crate::workspace::{Fetch, GroupSummary, groups};

/// How often groups somebody looks at are asked for anew.
const REFRESH_EVERY: Duration = Duration::from_secs(3);

/// When groups are asked for by themselves.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct GroupTimes {
    /// All of them, while their view is open.
    pub(crate) all: Option<Instant>,
    /// Those that have a marker on an entity that is shown.
    pub(crate) marked: Option<Instant>,
}

impl State {
    /// Reads the consumer groups anew.
    pub(crate) fn refresh_groups(&mut self) {
        let Some(connection) = self.connection.clone() else { return };
        if self.view.groups.is_pending() {
            return;
        }
        self.view.groups = std::mem::take(&mut self.view.groups).asked_again();
        self.group_times.all = self.group_times.all.map(|_| Instant::now() + REFRESH_EVERY);
        self.group_times.marked = None;
        let isolation = self.view.isolation;
        self.spawn("groups", move |outbox| {
            let asked = groups::summaries(&connection, isolation);
            outbox.send(move |state| {
                let before = std::mem::take(&mut state.view.groups);
                state.view.groups = match asked {
                    Ok(summaries) => {
                        let history = with_sample(&state.view.group_lags, &summaries, now_ms());
                        state.view.group_lags = Arc::new(history);
                        Fetch::Ready(summaries.into())
                    }
                    Err(problem) => before.failed(problem),
                };
                state.mark_groups();
            });
        });
    }

    /// Keeps the groups fresh, or no longer.
    pub(crate) fn watch_groups(&mut self, watch: bool) {
        self.group_times.all = watch.then(Instant::now);
    }

    /// Asks for what is due.
    pub(crate) fn refresh_due_groups(&mut self, now: Instant) {
        if self.group_times.all.is_some_and(|due| due <= now) {
            self.refresh_groups();
        } else if self.group_times.marked.is_some_and(|due| due <= now) {
            self.group_times.marked = None;
            self.refresh_marked_groups();
        }
    }

    /// Reads those groups anew that have a marker on an entity that is shown.
    fn refresh_marked_groups(&mut self) {
        let Some(connection) = self.connection.clone() else { return };
        let shown = self.entities.iter().filter(|open| open.shown);
        let markers = shown.flat_map(|open| open.view.group_markers.iter());
        let names: BTreeSet<Arc<str>> = markers.map(|marker| Arc::clone(&marker.group)).collect();
        let isolation = self.view.isolation;
        self.spawn("marked groups", move |outbox| {
            let names: Vec<&str> = names.iter().map(|name| &**name).collect();
            let asked = groups::named(&connection, &names, isolation);
            outbox.send_quietly(move |state| {
                if state.take_groups(asked) {
                    state.touch();
                }
                state.mark_groups();
            });
        });
    }

    /// Takes what some groups are like now; those that could not be asked stay as they were. While all of them are
    /// asked for, that answer is newer. Says whether anything changed.
    fn take_groups(&mut self, groups: Vec<GroupSummary>) -> bool {
        let Fetch::Ready(known) = &self.view.groups else { return false };
        let mut fresh: BTreeMap<Arc<str>, GroupSummary> =
            groups.into_iter().map(|group| (Arc::clone(&group.group), group)).collect();
        let newest: Arc<[GroupSummary]> = known
            .iter()
            .map(|group| fresh.remove(&group.group).unwrap_or_else(|| group.clone()))
            .collect();
        let changed = newest != *known;
        self.view.groups = Fetch::Ready(newest);
        changed
    }

    /// Puts the groups' committed positions onto the timelines of open entities.
    pub(crate) fn mark_groups(&mut self) {
        let Some(groups) = self.view.groups.latest().cloned() else { return };
        for entity in &mut self.entities {
            entity.mark_groups(&groups);
        }
        let marked =
            |open: &super::entity::OpenEntity| open.shown && !open.view.group_markers.is_empty();
        let is_due = self.group_times.all.is_none() && self.entities.iter().any(marked);
        let due = self.group_times.marked.unwrap_or_else(|| Instant::now() + REFRESH_EVERY);
        self.group_times.marked = is_due.then_some(due);
    }
}
