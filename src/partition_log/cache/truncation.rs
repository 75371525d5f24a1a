//! A part of a log that was kept and that a leader lost: whoever kept it is the only one who still
//! knows.
//!
//! Promises: the part is never shown smaller than what was lost for certain, and as exact as the
//! terms of the leaders tell once the log was read again.
//! Does not know: who notices a loss, whom it is told.

use serde::{Deserialize, Serialize};

use crate::model::LeaderEpoch;

/// A part of a log that was kept and that a leader lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Truncation {
    /// The first offset that may differ from what was kept.
    pub(super) from: i64,
    /// The offset after the last that was kept.
    pub(super) to: i64,
    /// Under which leaders the lost records were written.
    pub(super) leader_epochs: Vec<LeaderEpoch>,
}

/// The term of the leader that wrote the record with this offset, as far as is known.
pub(super) fn epoch_at(epochs: &[LeaderEpoch], offset: i64) -> Option<i32> {
    let after = epochs.partition_point(|epoch| epoch.from <= offset);
    after.checked_sub(1).map(|last| epochs[last].epoch)
}

impl Truncation {
    /// Moves the beginning to where the log differs from what was kept, now that it was read again
    /// up to an offset and is known to have been written under these leaders.
    pub(super) fn narrow(&mut self, epochs: &[LeaderEpoch], read_to: i64) {
        let changes = epochs.iter().chain(&self.leader_epochs).map(|epoch| epoch.from);
        let mut places: Vec<i64> = std::iter::once(self.from).chain(changes).collect();
        places.retain(|place| (self.from..read_to).contains(place));
        places.sort_unstable();
        let differs = |place: &i64| {
            let (before, now) = (epoch_at(&self.leader_epochs, *place), epoch_at(epochs, *place));
            before.is_some() && now.is_some() && before != now
        };
        let from = places.into_iter().find(differs).unwrap_or(read_to);
        assert!(self.from <= from, "reading the log again never widens what was lost");
        self.from = from;
    }

    /// Whether anything was lost: not when the log turned out to have all of it.
    pub(super) fn is_loss(&self) -> bool {
        self.from < self.to
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epochs(list: &[(i64, i32)]) -> Vec<LeaderEpoch> {
        list.iter().map(|(from, epoch)| LeaderEpoch { from: *from, epoch: *epoch }).collect()
    }

    fn lost(from: i64, to: i64) -> Truncation {
        Truncation { from, to, leader_epochs: epochs(&[(0, 1), (50, 2)]) }
    }

    #[test]
    fn a_loss_begins_where_another_leader_wrote_other_records() {
        for (now, read_to, from) in [
            (&[(0, 1), (70, 3)][..], 90, 50),
            (&[(0, 1), (50, 2), (70, 3)], 90, 70),
            (&[(0, 1), (30, 3)], 90, 30),
            (&[(0, 1), (50, 2)], 60, 60),
            (&[(0, 4)], 90, 10),
        ] {
            let mut truncation = lost(10, 100);
            truncation.narrow(&epochs(now), read_to);
            assert_eq!(truncation.from, from, "{now:?}");
            assert!(truncation.is_loss());
        }
    }

    #[test]
    fn a_log_that_turns_out_to_have_everything_lost_nothing() {
        let mut truncation = lost(10, 100);
        truncation.narrow(&epochs(&[(0, 1), (50, 2)]), 100);
        assert!(!truncation.is_loss());
    }
}
