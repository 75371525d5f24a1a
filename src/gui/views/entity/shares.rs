//! How wide the parts of the entity view are beside each other.
//!
//! Promises: the state never gets less than its minimum, whatever a user drags and however narrow
//! the window is; where the minimums do not fit there are no shares, and the parts stand in tabs.
//! Does not know: what is in the parts.

use std::ops::RangeInclusive;

/// The least width of the state, in points.
pub(super) const STATE_MIN: f32 = 260.0;
/// The least width of the list of events, in points: all its columns are in it, with the beginning
/// of what changed.
const EVENTS_MIN: f32 = 384.0;
/// The least width of the inspector, in points: the names of its parts stand in a line.
const INSPECTOR_MIN: f32 = 312.0;
/// The most that the list of events and the inspector take at first, in points.
const FIRST_MAX: f32 = 640.0;
/// Which share of the width the list of events and the inspector take at first.
const FIRST_SHARES: [f32; 2] = [0.395, 0.30];

/// The width of a part: at first, and between which bounds a user can drag it; in points.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Share {
    /// The width at first.
    pub(super) first: f32,
    /// Least and most.
    pub(super) bounds: RangeInclusive<f32>,
}

/// The list of events in this much room, with or without an inspector at the other side; none
/// without room for all.
pub(super) fn events(whole: f32, inspector: bool) -> Option<Share> {
    let others = STATE_MIN + if inspector { INSPECTOR_MIN } else { 0.0 };
    share(whole * FIRST_SHARES[0], EVENTS_MIN, whole - others)
}

/// The inspector, where the list of events has left this much of the whole room.
pub(super) fn inspector(whole: f32, rest: f32) -> Option<Share> {
    share(whole * FIRST_SHARES[1], INSPECTOR_MIN, rest - STATE_MIN)
}

/// A share between a least and a most width.
fn share(first: f32, least: f32, most: f32) -> Option<Share> {
    (least <= most).then(|| Share {
        first: first.clamp(least, FIRST_MAX.max(least)).min(most),
        bounds: least..=most,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_state_keeps_its_minimum_however_the_others_are_dragged(
            whole in 200.0_f32..2560.0,
            with_inspector: bool,
            [dragged, other] in [0.0_f32..1.0, 0.0..1.0],
        ) {
            let at = |share: &Share, part: f32| {
                let (least, most) = (share.bounds.start(), share.bounds.end());
                least + (most - least) * part
            };
            let Some(events) = events(whole, with_inspector) else {
                let least = EVENTS_MIN + STATE_MIN + INSPECTOR_MIN;
                prop_assert!(whole < least, "there is room at {whole}");
                return Ok(());
            };
            prop_assert!(events.bounds.contains(&events.first), "{events:?}");
            let mut rest = whole - at(&events, dragged);
            if with_inspector {
                let inspector = inspector(whole, rest).expect("the events left it room");
                prop_assert!(inspector.bounds.contains(&inspector.first), "{inspector:?}");
                rest -= at(&inspector, other);
            }
            prop_assert!(rest > STATE_MIN - 0.01, "{rest} of {whole}");
        }
    }

    #[test]
    fn a_large_room_goes_to_the_state() {
        let events = events(2300.0, true).unwrap();
        let inspector = inspector(2300.0, 2300.0 - events.first).unwrap();
        assert!(2300.0 - events.first - inspector.first > 1000.0, "{events:?} {inspector:?}");
    }
}
