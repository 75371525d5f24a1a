//! States kept at regular distances, so that any state is a short fold away.
//!
//! Promises: the distance is about the square root of the number of events, at least 64; memory
//! stays within the budget by keeping fewer frames.
//! Does not know: what the states mean. Frames are never truth: they can always be folded anew.

use crate::model::Value;

/// The smallest distance between frames, in events.
const MIN_DISTANCE: u64 = 64;

/// What the frames of one history may take, in bytes. Structure that states share is counted for
/// each of them, so the memory really used is usually far less.
pub(super) const BUDGET_BYTES: usize = 64 << 20;

/// Frames of one history.
#[derive(Debug)]
pub(super) struct KeyFrames {
    /// How many events lie between frames.
    distance: u64,
    /// The states after 0, 1, 2, … times the distance, with what each may take in bytes.
    frames: Vec<(Value, usize)>,
    /// What all of them may take, in bytes.
    bytes: usize,
    /// What all of them are allowed to take, in bytes.
    budget_bytes: usize,
}

impl KeyFrames {
    /// No frames yet of a history of about this many events, the first of which is its initial
    /// state.
    pub(super) fn new(initial: &Value, expected_events: u64, budget_bytes: usize) -> Self {
        let distance = expected_events.isqrt().max(MIN_DISTANCE);
        assert!(distance > 0, "frames lie apart");
        let mut frames = Self { distance, frames: Vec::new(), bytes: 0, budget_bytes };
        frames.offer(0, initial);
        frames
    }

    /// Whether the state after this many events is wanted.
    pub(super) fn is_due(&self, version: u64) -> bool {
        version == self.distance * self.frames.len() as u64
    }

    /// Keeps the state after this many events if a frame is due. States that are due come in order,
    /// none is left out.
    pub(super) fn offer(&mut self, version: u64, state: &Value) {
        if !self.is_due(version) {
            return;
        }
        let bytes = state.memory_bytes();
        self.bytes += bytes;
        self.frames.push((state.clone(), bytes));
        while self.frames.len() > 1
            && (self.bytes > self.budget_bytes || self.frames.len() as u64 > 4 * self.distance)
        {
            self.thin();
        }
        let is_within = self.bytes <= self.budget_bytes || self.frames.len() == 1;
        assert!(is_within, "frames keep to their budget, but for the first");
    }

    /// Forgets every second frame.
    fn thin(&mut self) {
        let before = self.frames.len();
        let mut index = 0;
        self.frames.retain(|_| {
            index += 1;
            index % 2 == 1
        });
        assert_eq!(
            self.frames.len(),
            before.div_ceil(2),
            "every second frame stays, and the first"
        );
        self.distance *= 2;
        self.bytes = self.frames.iter().map(|(_, bytes)| bytes).sum();
    }

    /// The last frame at or before the state after this many events, with how many events are in
    /// it.
    pub(super) fn at_or_before(&self, version: u64) -> (u64, &Value) {
        let newest = self.frames.len() as u64 - 1;
        let index = (version / self.distance).min(newest);
        let (state, _) = &self.frames[usize::try_from(index).expect("frames are in memory")];
        let at = index * self.distance;
        assert!(at <= version, "a frame is never behind what is asked for");
        (at, state)
    }

    /// All frames with how many events are in each.
    #[cfg(test)]
    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, &Value)> {
        (0_u64..).zip(&self.frames).map(|(index, (state, _))| (index * self.distance, state))
    }

    /// What the largest frame may take, in bytes.
    pub(super) fn largest_bytes(&self) -> usize {
        self.frames.iter().map(|(_, bytes)| *bytes).max().unwrap_or(0)
    }

    /// What all frames may take, in bytes.
    pub(super) fn memory_bytes(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames of this many events, each state being its own number.
    fn frames_of(events: u64, budget_bytes: usize) -> KeyFrames {
        let mut frames = KeyFrames::new(&Value::from(0_u64), events, budget_bytes);
        for version in 1..=events {
            frames.offer(version, &Value::from(version));
        }
        frames
    }

    #[test]
    fn every_frame_is_the_state_it_says_and_none_is_far() {
        for (events, budget) in
            [(0, 1), (63, 1 << 20), (64, 1 << 20), (40_000, 1 << 20), (40_000, 2000)]
        {
            let frames = frames_of(events, budget);
            for version in (0..=events).step_by(37) {
                let (at, state) = frames.at_or_before(version);
                assert!(at <= version && version - at < frames.distance);
                assert_eq!(*state, Value::from(at));
            }
        }
    }

    #[test]
    fn the_distance_is_the_root_of_the_number_of_events() {
        assert_eq!(frames_of(100, 1 << 20).distance, 64);
        assert_eq!(frames_of(40_000, 1 << 20).distance, 200);
    }

    #[test]
    fn memory_stays_within_the_budget() {
        let frames = frames_of(40_000, 2000);
        assert!(frames.memory_bytes() <= 2000 && frames.distance > 200);
        assert_eq!(
            frames.memory_bytes(),
            frames.iter().map(|(_, state)| state.memory_bytes()).sum::<usize>()
        );
    }

    #[test]
    fn a_history_that_grows_beyond_what_was_expected_keeps_its_frames_sparse() {
        let mut frames = KeyFrames::new(&Value::Null, 0, usize::MAX);
        for version in 1..=100_000 {
            frames.offer(version, &Value::Null);
        }
        assert!(frames.distance >= 128 && frames.frames.len() <= 1024);
    }
}
