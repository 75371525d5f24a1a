//! The consumer groups, and where they stand on open entities.
//!
//! Promises: groups are asked for only while somebody looks at them or at an entity.
//! Does not know: how lag is computed (`workspace::groups`).

use std::time::{Duration, Instant};

use super::state::State;
use crate::workspace::{Fetch, groups};

/// How often watched groups are asked for anew.
const REFRESH_EVERY: Duration = Duration::from_secs(3);

impl State {
    /// Reads the consumer groups anew.
    pub(crate) fn refresh_groups(&mut self) {
        let Some(connection) = self.connection.clone() else { return };
        if self.view.groups.is_pending() {
            return;
        }
        self.view.groups = std::mem::take(&mut self.view.groups).asked_again();
        self.groups_due = self.groups_due.map(|_| Instant::now() + REFRESH_EVERY);
        let isolation = self.view.isolation;
        self.spawn("groups", move |outbox| {
            let asked = groups::summaries(&connection, isolation);
            outbox.send(move |state| {
                let before = std::mem::take(&mut state.view.groups);
                state.view.groups = match asked {
                    Ok(summaries) => Fetch::Ready(summaries.into()),
                    Err(problem) => before.failed(problem),
                };
                state.mark_groups();
            });
        });
    }

    /// Keeps the groups fresh, or no longer.
    pub(crate) fn watch_groups(&mut self, watch: bool) {
        self.groups_due = watch.then(Instant::now);
    }

    /// Puts the groups' committed positions onto the timelines of open entities.
    pub(crate) fn mark_groups(&mut self) {
        let Some(groups) = self.view.groups.latest().cloned() else { return };
        for entity in &mut self.entities {
            entity.mark_groups(&groups);
        }
    }
}
