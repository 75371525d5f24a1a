//! At which moment the timestamps of a partition were judged: what lay more than an hour later was
//! implausible then, and stays so.
//!
//! Promises: what was judged is never judged anew; what can be told as one part is one, so that a
//! log read a thousand times has few.
//! Does not know: where it is kept, what a timestamp means for log time.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// How far a timestamp may lie after the moment it is judged at before it is implausible, in
/// milliseconds: one hour.
pub const PLAUSIBLE_FUTURE_MS: i64 = 3_600_000;

/// A part of a partition of which the timestamps were judged at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct JudgedPart {
    /// The first offset.
    from: i64,
    /// The offset after the last.
    to: i64,
    /// The moment, in milliseconds since the epoch.
    at_ms: i64,
    /// The earliest timestamp that was implausible, in milliseconds; none where all were plausible.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    doubted_from_ms: Option<i64>,
}

impl JudgedPart {
    /// This part and the one right behind it as one, where that changes no judgement.
    fn joined_with(self, next: Self) -> Option<Self> {
        let (earlier, later) = if self.at_ms <= next.at_ms { (self, next) } else { (next, self) };
        let stays = |doubted_ms| is_implausible(doubted_ms, later.at_ms);
        let is_one = self.to == next.from && earlier.doubted_from_ms.is_none_or(stays);
        let doubted = [self.doubted_from_ms, next.doubted_from_ms];
        is_one.then_some(Self {
            from: self.from,
            to: next.to,
            at_ms: later.at_ms,
            doubted_from_ms: doubted.into_iter().flatten().min(),
        })
    }
}

/// Whether a timestamp is implausible at a moment, both in milliseconds.
fn is_implausible(timestamp_ms: i64, at_ms: i64) -> bool {
    timestamp_ms > at_ms.saturating_add(PLAUSIBLE_FUTURE_MS)
}

/// What was judged of a partition, and when. The parts ascend and do not overlap.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Judged(Vec<JudgedPart>);

impl Judged {
    /// Whether nothing was judged.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// When the record with this offset was judged, in milliseconds; none when it was not.
    pub fn at_ms(&self, offset: i64) -> Option<i64> {
        let part = self.0.get(self.0.partition_point(|part| part.to <= offset))?;
        (part.from <= offset).then_some(part.at_ms)
    }

    /// Notes that these offsets, from (inclusive) to (exclusive), were judged at this moment, and
    /// the earliest timestamp that was implausible, both in milliseconds. What was judged before
    /// stays.
    pub fn add(&mut self, (from, to): (i64, i64), at_ms: i64, doubted_from_ms: Option<i64>) {
        let mut parts = Vec::with_capacity(self.0.len() + 1);
        let mut position = from;
        for known in &self.0 {
            if position < known.from.min(to) {
                let to = known.from.min(to);
                parts.push(JudgedPart { from: position, to, at_ms, doubted_from_ms });
            }
            position = position.max(known.to);
            parts.push(*known);
        }
        if position < to {
            parts.push(JudgedPart { from: position, to, at_ms, doubted_from_ms });
        }
        self.0.clear();
        for part in parts {
            match self.0.last_mut().and_then(|last| Some((last.joined_with(part)?, last))) {
                Some((joined, last)) => *last = joined,
                None => self.0.push(part),
            }
        }
        assert!(self.holds(), "parts that were judged ascend and do not overlap");
    }

    /// Forgets what was judged of these offsets, from (inclusive) to (exclusive): the log has other
    /// records there by now.
    pub fn forget(&mut self, from: i64, to: i64) {
        let rests = self.0.iter().flat_map(|part| {
            let before = JudgedPart { to: part.to.min(from), ..*part };
            let behind = JudgedPart { from: part.from.max(to), ..*part };
            [before, behind]
        });
        self.0 = rests.filter(|rest| rest.from < rest.to).collect();
        assert!(self.holds(), "what is left of the parts ascends");
    }

    /// Whether the parts ascend and have offsets.
    pub fn holds(&self) -> bool {
        self.0.is_sorted_by(|one, other| one.to <= other.from)
            && self.0.iter().all(|part| part.from < part.to)
    }
}

/// How the timestamps of a partition are judged: as they were where they were, at this moment
/// elsewhere.
#[derive(Clone, Debug)]
pub struct Judging {
    /// What was judged before.
    judged: Arc<Judged>,
    /// The moment at which everything else is judged, in milliseconds.
    now_ms: i64,
    /// The earliest moment at which anything is judged, in milliseconds.
    earliest_ms: i64,
}

impl Judging {
    /// Everything that was not judged before is judged at this moment, in milliseconds.
    pub fn new(judged: Arc<Judged>, now_ms: i64) -> Self {
        let earliest_ms = judged.0.iter().map(|part| part.at_ms).fold(now_ms, i64::min);
        Self { judged, now_ms, earliest_ms }
    }

    /// Everything is judged at this moment, in milliseconds.
    pub fn at(now_ms: i64) -> Self {
        Self::new(Arc::default(), now_ms)
    }

    /// When the record with this offset is judged, in milliseconds.
    pub fn at_ms(&self, offset: i64) -> i64 {
        self.judged.at_ms(offset).unwrap_or(self.now_ms)
    }

    /// Whether the record with this offset may have this timestamp, in milliseconds.
    pub fn believes(&self, offset: i64, timestamp_ms: i64) -> bool {
        !is_implausible(timestamp_ms, self.earliest_ms)
            || !is_implausible(timestamp_ms, self.at_ms(offset))
    }

    /// Whether each of the records with these offsets, from (inclusive) to (exclusive), may have
    /// this timestamp, in milliseconds.
    pub fn believes_all(&self, (from, to): (i64, i64), timestamp_ms: i64) -> bool {
        if !is_implausible(timestamp_ms, self.earliest_ms) {
            return true;
        }
        let mut position = from;
        for part in self.judged.0.iter().filter(|part| part.to > from && part.from < to) {
            let is_new = position < part.from && is_implausible(timestamp_ms, self.now_ms);
            if is_new || is_implausible(timestamp_ms, part.at_ms) {
                return false;
            }
            position = part.to;
        }
        position >= to || !is_implausible(timestamp_ms, self.now_ms)
    }

    /// Whether the record with this offset is judged for the first time, and found implausible with
    /// this timestamp, in milliseconds.
    pub fn doubts_now(&self, offset: i64, timestamp_ms: i64) -> bool {
        is_implausible(timestamp_ms, self.now_ms) && self.judged.at_ms(offset).is_none()
    }

    /// Lets what was not judged before be judged at this moment, in milliseconds, if it is later.
    pub fn go_on(&mut self, now_ms: i64) {
        self.now_ms = self.now_ms.max(now_ms);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    /// How many parts there are.
    fn parts(judged: &Judged) -> usize {
        judged.0.len()
    }

    #[test]
    fn what_was_plausible_or_stays_implausible_is_one_part_however_often_it_is_read() {
        let mut judged = Judged::default();
        for read in 0..100 {
            judged.add((read, read + 1), read * 1_000, None);
        }
        assert_eq!(parts(&judged), 1);
        for read in 100..200 {
            judged.add((read, read + 1), read * 1_000, Some(i64::MAX));
        }
        assert_eq!((parts(&judged), judged.at_ms(0)), (1, Some(199_000)));
    }

    #[test]
    fn a_judgement_that_a_later_moment_would_change_stays_apart() {
        let mut judged = Judged::default();
        judged.add((0, 5), 0, Some(PLAUSIBLE_FUTURE_MS + 1));
        judged.add((5, 9), PLAUSIBLE_FUTURE_MS, None);
        assert_eq!(parts(&judged), 2);
        let judging = Judging::new(Arc::new(judged), i64::MAX);
        assert!(!judging.believes(4, PLAUSIBLE_FUTURE_MS + 1));
        assert!(judging.believes(5, PLAUSIBLE_FUTURE_MS + 1));
        assert!(judging.believes(9, i64::MAX));
    }

    proptest! {
        #[test]
        fn the_first_judgement_of_a_record_holds_for_good(
            reads in prop::collection::vec((0_i64..30, 1_i64..8, 0_i64..5), 1..20),
            hours in prop::collection::vec(0_i64..7, 40),
        ) {
            let hour = |offset: i64| hours[usize::try_from(offset).unwrap()];
            let timestamp_ms = |offset: i64| hour(offset) * PLAUSIBLE_FUTURE_MS;
            let mut first: BTreeMap<i64, bool> = BTreeMap::new();
            let mut judged = Judged::default();
            for (from, length, at_hours) in reads {
                let now_ms = at_hours * PLAUSIBLE_FUTURE_MS;
                let range = from..from + length;
                let judging = Judging::new(Arc::new(judged.clone()), now_ms);
                let doubted = range.clone().map(|offset| (offset, timestamp_ms(offset)));
                let doubted = doubted.filter(|(offset, ms)| judging.doubts_now(*offset, *ms));
                let doubted_from_ms = doubted.map(|(_, ms)| ms).min();
                judged.add((from, from + length), now_ms, doubted_from_ms);
                for offset in range {
                    let plausible = !is_implausible(timestamp_ms(offset), now_ms);
                    first.entry(offset).or_insert(plausible);
                }
                for now_ms in [0, i64::MAX / 2] {
                    let judging = Judging::new(Arc::new(judged.clone()), now_ms);
                    for offset in 0..40 {
                        let believed = judging.believes(offset, timestamp_ms(offset));
                        prop_assert!(first.get(&offset).is_none_or(|first| *first == believed));
                        let one = (offset, offset + 1);
                        prop_assert_eq!(judging.believes_all(one, timestamp_ms(offset)), believed);
                    }
                }
            }
        }

        #[test]
        fn what_is_forgotten_is_judged_anew_and_nothing_else(from in 0_i64..12, length in 0_i64..12) {
            let mut judged = Judged::default();
            judged.add((2, 6), 1, Some(PLAUSIBLE_FUTURE_MS + 2));
            judged.add((8, 10), 2, None);
            let before = judged.clone();
            judged.forget(from, from + length);
            for offset in 0..30 {
                let is_forgotten = (from..from + length).contains(&offset);
                let expected = before.at_ms(offset).filter(|_| !is_forgotten);
                prop_assert_eq!(judged.at_ms(offset), expected);
            }
        }
    }
}
