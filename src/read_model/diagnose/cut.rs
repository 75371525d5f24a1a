//! Where the log and the group stood around the moment when a row was read.
//!
//! Promises: what moved meanwhile is a window, not a fault: a row may be as old or as new as
//! anything in it.
//! Does not know: how ends and commits are asked for.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde::Serialize;
use serde::ser::SerializeSeq as _;

use crate::model::{Event, Position, TopicPartition};

/// Offsets by partition.
pub type Offsets = BTreeMap<TopicPartition, i64>;

/// Where the log ends and what the group has committed at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sample {
    /// The offset behind the last record that the isolation level delivers.
    #[serde(serialize_with = "positions")]
    pub ends: Offsets,
    /// The offset that the group reads next; none where no group is known.
    #[serde(serialize_with = "maybe_positions", skip_serializing_if = "Option::is_none")]
    pub committed: Option<Offsets>,
}

/// The samples before and after a row was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Cut {
    /// Before.
    pub before: Sample,
    /// After.
    pub after: Sample,
}

/// After how many events of a history the row may stand and be right, by the log and by the group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Windows {
    /// All events there were.
    pub(super) end: RangeInclusive<usize>,
    /// Those the group had committed; none where that is not known.
    pub(super) committed: Option<RangeInclusive<usize>>,
    /// Which events were committed before, where these are no prefix of the history.
    pub(super) scattered: Option<Vec<usize>>,
}

impl Cut {
    /// The windows in a history.
    pub(super) fn windows(&self, events: &[Event]) -> Windows {
        let end = prefix_below(events, &self.before.ends)..=prefix_below(events, &self.after.ends);
        let both = self.before.committed.as_ref().zip(self.after.committed.as_ref());
        let committed = both.map(|(before, after)| {
            let (before, after) = (prefix_below(events, before), prefix_below(events, after));
            // A group that was set back reads again what it had read.
            before.min(after)..=before.max(after)
        });
        let scattered = self.before.committed.as_ref().and_then(|offsets| {
            let below: Vec<usize> = (1..)
                .zip(events)
                .filter(|(_, event)| is_below(event, offsets))
                .map(|(number, _)| number)
                .collect();
            (below.len() != prefix_below(events, offsets)).then_some(below)
        });
        Windows { end, committed, scattered }
    }

    /// The offset that the group had committed in the partition of this event.
    pub(super) fn committed_at(&self, event: &Event) -> Option<i64> {
        let committed = self.after.committed.as_ref()?;
        committed.get(&event.position.topic_partition()).copied()
    }

    /// Whether the group had not come to this event.
    pub(super) fn is_uncommitted(&self, event: &Event) -> Option<bool> {
        let committed = self.after.committed.as_ref()?;
        Some(!is_below(event, committed))
    }
}

/// Whether an event lies below these offsets. In a partition without one nothing does.
pub(super) fn is_below(event: &Event, offsets: &Offsets) -> bool {
    let offset = offsets.get(&event.position.topic_partition());
    offset.is_some_and(|offset| event.position.offset < *offset)
}

/// How many events from the first on lie below these offsets.
fn prefix_below(events: &[Event], offsets: &Offsets) -> usize {
    events.iter().take_while(|event| is_below(event, offsets)).count()
}

/// Offsets as a list of places.
fn positions<S: serde::Serializer>(offsets: &Offsets, serializer: S) -> Result<S::Ok, S::Error> {
    let mut list = serializer.serialize_seq(Some(offsets.len()))?;
    for (partition, offset) in offsets {
        list.serialize_element::<Position>(&partition.at(*offset))?;
    }
    list.end()
}

/// The same for offsets that may not be known.
#[expect(clippy::ref_option, reason = "the form that serde asks for")]
fn maybe_positions<S: serde::Serializer>(
    offsets: &Option<Offsets>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match offsets {
        Some(offsets) => positions(offsets, serializer),
        None => serializer.serialize_none(),
    }
}
