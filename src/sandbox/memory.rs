//! What the projection made of events before: many runs apply the same event to the same state, and
//! a script is slow.
//!
//! Promises: an answer is one that the projection gave for this very event and state; memory is
//! bounded, and what does not fit is worked out again.
//! Does not know: events that faults made; whether the projection would give the same answer again,
//! which I6 asks for.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::Source;
use crate::fold::{Effect, Fold};
use crate::model::Value;

/// How many bytes of states are remembered.
const STATES_MAX_BYTES: usize = 256 << 20;

/// How many states are remembered of each event.
const STATES_PER_EVENT: usize = 4;

/// A state that an event was applied to, and what came of it.
#[derive(Debug)]
struct Known {
    /// The state before.
    before: Value,
    /// The state after.
    after: Value,
    /// What the event did.
    effect: Effect,
}

/// What is known of the events of one history.
#[derive(Debug)]
pub(super) struct Memory {
    /// By the number of the event.
    known: Vec<Mutex<Vec<Known>>>,
    /// How many bytes of states may still be remembered.
    bytes_left: AtomicUsize,
}

impl Memory {
    /// Knows nothing of this many events yet.
    pub(super) fn new(events: usize) -> Self {
        Self {
            known: (0..events).map(|_| Mutex::default()).collect(),
            bytes_left: AtomicUsize::new(STATES_MAX_BYTES),
        }
    }

    /// Applies the event with this number of a history to a state, unless it is known what comes of
    /// that. The history is the one that this was made for, or was restricted from it.
    pub(super) fn apply(
        &self,
        fold: &dyn Fold,
        source: &Source,
        number: u32,
        state: &mut Value,
    ) -> Effect {
        let event = source.event(number);
        let origin = source.origin(number) as usize;
        assert!(origin < self.known.len(), "what is remembered is of the whole history");
        let slot = &self.known[origin];
        let known = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.iter().find(|known| is_same(&known.before, state)) {
            *state = known.after.clone();
            return known.effect.clone();
        }
        let is_full = known.len() >= STATES_PER_EVENT;
        drop(known);
        if is_full {
            return fold.apply(state, event);
        }
        let before = state.clone();
        let effect = fold.apply(state, event);
        // A failure may be one of time or memory, which another attempt need not meet.
        if !matches!(effect, Effect::Failed(_)) && self.has_room_for(state) {
            let known = Known { before, after: state.clone(), effect: effect.clone() };
            slot.lock().unwrap_or_else(PoisonError::into_inner).push(known);
        }
        effect
    }

    /// Sets room aside for a state, if there is any.
    fn has_room_for(&self, state: &Value) -> bool {
        let bytes = state.memory_bytes();
        let taken = self
            .bytes_left
            .try_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes));
        taken.is_ok()
    }
}

/// Whether two states are one, without looking into them.
fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => Arc::ptr_eq(one, other),
        (Value::Array(one), Value::Array(other)) => Arc::ptr_eq(one, other),
        (Value::Null, Value::Null) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use super::*;
    use crate::fold::builtin;
    use crate::model::Event;
    use crate::sandbox::testing::{event, given};

    /// Counts how often it is asked.
    #[derive(Debug)]
    struct Asked(Arc<dyn Fold>, AtomicU32);

    impl Fold for Asked {
        fn name(&self) -> &'static str {
            "asked"
        }

        fn apply(&self, state: &mut Value, event: &Event) -> Effect {
            self.1.fetch_add(1, Ordering::Relaxed);
            self.0.apply(state, event)
        }
    }

    /// Two events of one entity.
    fn history() -> Source {
        Source::new(vec![
            given("a", event("t", 0, 0, "A", "{}")),
            given("a", event("t", 0, 1, "B", "{}")),
        ])
    }

    #[test]
    fn the_same_event_on_the_same_state_is_worked_out_once() {
        let fold = Asked(builtin("count").unwrap(), AtomicU32::new(0));
        let source = history();
        let memory = Memory::new(source.len());
        let run = || {
            let mut state = Value::Null;
            for number in 0..2 {
                assert_eq!(memory.apply(&fold, &source, number, &mut state), Effect::Applied);
            }
            state
        };
        assert_eq!(run(), run());
        assert_eq!(fold.1.load(Ordering::Relaxed), 2, "the second run asks nothing");
        let mut twice = run();
        assert_eq!(memory.apply(&fold, &source, 1, &mut twice), Effect::Applied);
        assert_eq!(fold.1.load(Ordering::Relaxed), 3, "another state is another question");
        assert_eq!(twice.to_json(), r#"{"events":3,"by_type":{"A":1,"B":2}}"#);
    }

    #[test]
    fn a_part_of_the_history_remembers_what_the_whole_learned() {
        let fold = Asked(builtin("count").unwrap(), AtomicU32::new(0));
        let source = history();
        let memory = Memory::new(source.len());
        let [mut of_whole, mut of_part, mut first] = [Value::Null, Value::Null, Value::Null];
        memory.apply(&fold, &source, 1, &mut of_whole);
        let part = source.restricted_to(&["t-0@1".parse().unwrap()]);
        memory.apply(&fold, &part, 0, &mut of_part);
        assert_eq!(of_part.to_json(), r#"{"events":1,"by_type":{"B":1}}"#);
        assert_eq!((of_part, fold.1.load(Ordering::Relaxed)), (of_whole, 1));
        memory.apply(&fold, &source, 0, &mut first);
        assert_eq!(first.to_json(), r#"{"events":1,"by_type":{"A":1}}"#);
    }

    #[test]
    fn states_beyond_the_budget_are_worked_out_again() {
        let fold = Asked(builtin("count").unwrap(), AtomicU32::new(0));
        let source = history();
        let memory = Memory { bytes_left: AtomicUsize::new(0), ..Memory::new(source.len()) };
        for asked in 1..3 {
            let mut state = Value::Null;
            memory.apply(&fold, &source, 0, &mut state);
            assert_eq!(fold.1.load(Ordering::Relaxed), asked);
        }
    }
}
