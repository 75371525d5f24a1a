//! Several rows of a table, picked as lists everywhere have it: Ctrl adds or takes one away, Shift
//! all up to one.
//!
//! Promises: rows are kept by what they show, so that they stay picked as others come and go.
//! Does not know: what a row shows.

use std::collections::BTreeSet;

/// How a row was picked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pick {
    /// Alone.
    One(u64),
    /// In addition, or not any more.
    Toggle(u64),
    /// With all from the row that was picked before.
    UpTo(u64),
}

/// The rows that are picked.
#[derive(Clone, Debug)]
pub struct Picks<K> {
    /// Them.
    keys: BTreeSet<K>,
    /// The one that all up to another are picked from.
    anchor: Option<K>,
}

impl<K> Default for Picks<K> {
    fn default() -> Self {
        Self { keys: BTreeSet::new(), anchor: None }
    }
}

impl<K: Ord + Clone> Picks<K> {
    /// Whether a row is picked.
    pub fn contains(&self, key: &K) -> bool {
        self.keys.contains(key)
    }

    /// How many are picked.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether none is picked.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The picked ones, sorted.
    pub fn iter(&self) -> impl Iterator<Item = &K> {
        self.keys.iter()
    }

    /// Picks. `key_of` tells what a row shows, `row_of` where that stands now, and `chosen` is the
    /// row that is chosen alone without having been picked.
    pub fn pick(
        &mut self,
        pick: Pick,
        chosen: Option<u64>,
        key_of: impl Fn(u64) -> Option<K>,
        row_of: impl Fn(&K) -> Option<u64>,
    ) {
        match pick {
            Pick::One(row) => {
                self.keys.clear();
                self.anchor = key_of(row);
                self.keys.extend(self.anchor.clone());
            }
            Pick::Toggle(row) => {
                let Some(key) = key_of(row) else { return };
                if self.keys.is_empty() {
                    self.keys.extend(chosen.filter(|chosen| *chosen != row).and_then(&key_of));
                }
                if !self.keys.remove(&key) {
                    self.keys.insert(key.clone());
                }
                self.anchor = Some(key);
            }
            Pick::UpTo(row) => {
                let anchor = self.anchor.as_ref().and_then(row_of).or(chosen).unwrap_or(row);
                self.anchor = key_of(anchor);
                self.keys = (anchor.min(row)..=anchor.max(row)).filter_map(key_of).collect();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Picks in this order among rows that show the letters of a word; what is picked.
    fn picked(word: &str, chosen: Option<u64>, picks: &[Pick]) -> String {
        let letters: Vec<char> = word.chars().collect();
        let key_of = |row: u64| letters.get(row as usize).copied();
        let row_of =
            |key: &char| letters.iter().position(|letter| letter == key).map(|row| row as u64);
        let mut state = Picks::default();
        for pick in picks {
            state.pick(*pick, chosen, key_of, row_of);
        }
        state.iter().collect()
    }

    #[test]
    fn shift_picks_all_from_the_row_before_and_again_from_the_same() {
        let picks = [Pick::One(1), Pick::UpTo(3), Pick::UpTo(0)];
        assert_eq!(picked("abcdef", None, &picks), "ab");
        assert_eq!(picked("abcdef", Some(2), &[Pick::UpTo(4)]), "cde", "from the chosen row");
    }

    #[test]
    fn ctrl_adds_to_the_chosen_row_and_takes_away_again() {
        assert_eq!(picked("abcdef", Some(0), &[Pick::Toggle(2)]), "ac");
        assert_eq!(picked("abcdef", Some(0), &[Pick::Toggle(2), Pick::Toggle(2)]), "a");
        assert_eq!(picked("abc", None, &[Pick::Toggle(1), Pick::One(2)]), "c", "a click is one");
    }
}
