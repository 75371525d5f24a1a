//! Taking changes back and doing them again.
//!
//! Promises: pure; changes of one thing in quick succession, as by scrubbing or typing, are taken
//! back as one; what is done after taking back forgets what was taken back; what does not exist any
//! more is passed over.
//! Does not know: what changes, or how it is brought back.

/// How long after the last change of a thing another still belongs to it, in milliseconds.
const TOGETHER_MS: u64 = 900;

/// How many changes can be taken back.
const STEPS_MAX: usize = 200;

/// The value of something that can be changed.
pub trait Undoable: Clone + PartialEq {
    /// Whether the other is the same thing, with whatever value.
    fn is_same_thing(&self, other: &Self) -> bool;
}

/// A change that can be taken back.
#[derive(Clone, Debug)]
struct Done<V> {
    /// The value before.
    before: V,
    /// When it was changed last, in milliseconds; nothing joins one that was done again.
    last_ms: Option<u64>,
}

/// A change that was taken back.
#[derive(Clone, Debug)]
struct Undone<V> {
    /// The value before.
    before: V,
    /// The value after.
    after: V,
}

/// The changes, in the order they were made.
#[derive(Clone, Debug)]
pub struct Undo<V> {
    /// What can be taken back, the last one last.
    done: Vec<Done<V>>,
    /// What can be done again, the next one last.
    undone: Vec<Undone<V>>,
}

impl<V> Default for Undo<V> {
    fn default() -> Self {
        Self { done: Vec::new(), undone: Vec::new() }
    }
}

impl<V: Undoable> Undo<V> {
    /// Something is about to change that has this value now.
    pub fn note(&mut self, before: V, now_ms: u64) {
        self.undone.clear();
        if let Some(last) = self.done.last_mut()
            && last.before.is_same_thing(&before)
            && last.last_ms.is_some_and(|last_ms| now_ms.saturating_sub(last_ms) <= TOGETHER_MS)
        {
            last.last_ms = Some(now_ms);
            return;
        }
        if self.done.len() == STEPS_MAX {
            self.done.remove(0);
        }
        self.done.push(Done { before, last_ms: Some(now_ms) });
    }

    /// Takes the last change back: the value that is to be set. `current` tells what a thing's
    /// value is now, nothing where it is gone.
    pub fn undo(&mut self, current: impl Fn(&V) -> Option<V>) -> Option<V> {
        while let Some(Done { before, .. }) = self.done.pop() {
            let Some(now) = current(&before) else { continue };
            // What was just taken back may not show yet: what stood before it is what stands now.
            let last = self.undone.iter().rfind(|undone| undone.before.is_same_thing(&before));
            let after = last.map_or(now, |undone| undone.before.clone());
            if after == before {
                continue;
            }
            self.undone.push(Undone { before: before.clone(), after });
            return Some(before);
        }
        None
    }

    /// Does again what was taken back last: the value that is to be set.
    pub fn redo(&mut self, exists: impl Fn(&V) -> bool) -> Option<V> {
        while let Some(Undone { before, after }) = self.undone.pop() {
            if exists(&before) {
                self.done.push(Done { before, last_ms: None });
                return Some(after);
            }
        }
        None
    }

    /// Forgets all changes.
    pub fn clear(&mut self) {
        self.done.clear();
        self.undone.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    /// A thing's name and its value.
    impl Undoable for (char, u32) {
        fn is_same_thing(&self, other: &Self) -> bool {
            self.0 == other.0
        }
    }

    /// Things that are set, with their history.
    #[derive(Default)]
    struct Things {
        /// The things.
        things: BTreeMap<char, u32>,
        /// The history.
        undo: Undo<(char, u32)>,
    }

    impl Things {
        /// Sets a thing at this time.
        fn set(&mut self, name: char, value: u32, now_ms: u64) {
            let before = *self.things.entry(name).or_default();
            self.undo.note((name, before), now_ms);
            self.things.insert(name, value);
        }

        /// Takes the last change back; whether there was one.
        fn undo(&mut self) -> bool {
            let things = self.things.clone();
            let set = self.undo.undo(|(name, _)| Some((*name, *things.get(name)?)));
            self.things.extend(set);
            set.is_some()
        }

        /// Does the next change again; whether there was one.
        fn redo(&mut self) -> bool {
            let things = self.things.clone();
            let set = self.undo.redo(|(name, _)| things.contains_key(name));
            self.things.extend(set);
            set.is_some()
        }
    }

    #[test]
    fn what_was_typed_in_one_go_is_taken_back_in_one() {
        let mut set = Things::default();
        for (value, now_ms) in [(1, 1000), (2, 1400), (3, 1800), (4, 9000)] {
            set.set('f', value, now_ms);
        }
        assert!(set.undo());
        assert_eq!(set.things[&'f'], 3);
        assert!(set.undo());
        assert_eq!(set.things[&'f'], 0);
        assert!(!set.undo(), "nothing is left");
        assert!(set.redo() && set.redo() && !set.redo());
        assert_eq!(set.things[&'f'], 4);
    }

    #[test]
    fn a_new_change_forgets_what_was_taken_back() {
        let mut set = Things::default();
        set.set('a', 1, 0);
        set.set('b', 1, 0);
        set.undo();
        set.set('a', 2, 5000);
        assert!(!set.redo());
        assert_eq!(set.things, BTreeMap::from([('a', 2), ('b', 0)]));
    }

    #[test]
    fn what_is_gone_is_passed_over_and_so_is_what_changed_nothing() {
        let mut set = Things::default();
        set.set('a', 1, 0);
        set.set('b', 7, 0);
        set.set('c', 0, 0);
        set.things.remove(&'b');
        assert!(set.undo());
        assert_eq!(set.things, BTreeMap::from([('a', 0), ('c', 0)]));
    }

    #[test]
    fn taking_back_faster_than_the_picture_changes_still_finds_the_way_forward() {
        let mut undo = Undo::default();
        undo.note(('a', 1), 0);
        undo.note(('a', 2), 5000);
        // The picture still shows 3 when the second change is taken back.
        let stale = |_: &(char, u32)| Some(('a', 3));
        assert_eq!((undo.undo(stale), undo.undo(stale)), (Some(('a', 2)), Some(('a', 1))));
        assert_eq!((undo.redo(|_| true), undo.redo(|_| true)), (Some(('a', 2)), Some(('a', 3))));
    }

    proptest! {
        #[test]
        fn all_the_way_back_and_forward_again_ends_where_it_began(
            changes in prop::collection::vec((prop::sample::select(vec!['a', 'b', 'c']), 0..4_u32, 0..3000_u64), 0..40),
        ) {
            let mut set = Things::default();
            let mut now_ms = 0;
            for (name, value, wait_ms) in changes {
                now_ms += wait_ms;
                set.set(name, value, now_ms);
            }
            let end = set.things.clone();
            while set.undo() {}
            prop_assert!(set.things.values().all(|value| *value == 0));
            while set.redo() {}
            prop_assert_eq!(set.things, end);
        }
    }
}
