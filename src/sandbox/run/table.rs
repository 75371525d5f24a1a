//! The read model during a run: rows, what guards them, side effects, and what was put aside.
//!
//! Promises: what is in here survives a crash; every write is kept with the row it started from, so
//! that a row can be had as it was after any step.
//! Does not know: who writes, in which order, and what is correct.

use std::collections::{BTreeMap, HashSet};

use super::trace::Address;
use crate::model::Value;

/// Stands for no write.
pub(in crate::sandbox) const NO_WRITE: u32 = u32::MAX;

/// How many writes lie between states that are kept, at most.
const KEPT_EVERY: u32 = 64;

/// One write of a row.
#[derive(Clone, Debug)]
pub(in crate::sandbox) struct Write {
    /// The step it was part of.
    pub(in crate::sandbox) step: u32,
    /// The row.
    pub(in crate::sandbox) row: u32,
    /// The write whose state it started from.
    pub(in crate::sandbox) base: u32,
    /// The message that was applied; none where the row was emptied.
    pub(in crate::sandbox) message: Option<u32>,
    /// How many writes lie between it and the last state that was kept.
    distance: u32,
    /// The state after it, where it is kept.
    pub(in crate::sandbox) kept: Option<Value>,
}

/// Where a read model says it is in a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StoredPosition {
    /// Which topic of the name.
    pub(super) incarnation: u32,
    /// The leader epoch.
    pub(super) epoch: u32,
    /// The next offset.
    pub(super) offset: i64,
}

/// A row.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// Its state.
    pub(super) state: Value,
    /// The last write.
    pub(super) write: u32,
}

/// The read model.
#[derive(Debug)]
pub(super) struct Table {
    /// The rows.
    pub(super) rows: Vec<Row>,
    /// What they hold before anything was applied.
    init: Value,
    /// Every write.
    pub(super) writes: Vec<Write>,
    /// How often each identity was applied to its row.
    pub(super) applied: Vec<u16>,
    /// How many side effects each identity has.
    pub(super) effects: Vec<u16>,
    /// Side effects that are keyed by address.
    keyed_effects: HashSet<(u16, i64)>,
    /// The last applied offset of each partition.
    pub(super) guards: Vec<Option<i64>>,
    /// The position of each partition.
    pub(super) positions: Vec<Option<StoredPosition>>,
    /// The last sequence of each entity that was applied.
    pub(super) sequences: Vec<u32>,
    /// Messages that wait for those before them, by entity and sequence.
    pub(super) parked: BTreeMap<u32, BTreeMap<u32, Address>>,
    /// Messages that were put aside for good.
    pub(super) aside: Vec<Address>,
}

/// How large a read model may become.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    /// Rows.
    pub(super) rows: usize,
    /// Identities.
    pub(super) identities: u32,
    /// Entities.
    pub(super) entities: u32,
    /// Partitions.
    pub(super) places: usize,
}

impl Table {
    /// An empty read model whose rows begin with this state.
    pub(super) fn new(size: Size, init: Value) -> Self {
        Self {
            rows: vec![Row { state: init.clone(), write: NO_WRITE }; size.rows],
            init,
            writes: Vec::new(),
            applied: vec![0; size.identities as usize],
            effects: vec![0; size.identities as usize],
            keyed_effects: HashSet::new(),
            guards: vec![None; size.places],
            positions: vec![None; size.places],
            sequences: vec![0; size.entities as usize],
            parked: BTreeMap::new(),
            aside: Vec::new(),
        }
    }

    /// Makes room for partitions that were not there before.
    pub(super) fn add_place(&mut self) {
        self.guards.push(None);
        self.positions.push(None);
        assert_eq!(
            self.guards.len(),
            self.positions.len(),
            "each partition has a guard and a position"
        );
    }

    /// Writes a row: its new state, what it was made of, and from which write it started.
    pub(super) fn write(&mut self, step: u32, row: u32, base: u32, message: u32, state: Value) {
        let is_known = base == NO_WRITE || (base as usize) < self.writes.len();
        assert!(is_known, "a write builds on one before it, or on none");
        let distance = match self.writes.get(base as usize) {
            None => 0,
            Some(base) => (base.distance + 1) % KEPT_EVERY,
        };
        assert!(distance < KEPT_EVERY, "a state that is kept is never far");
        let kept = (distance == 0).then(|| state.clone());
        let write = self.add(Write { step, row, base, message: Some(message), distance, kept });
        self.rows[row as usize] = Row { state, write };
    }

    /// Keeps a write and says its number.
    fn add(&mut self, write: Write) -> u32 {
        let is_later = self.writes.last().is_none_or(|last| last.step <= write.step);
        assert!(is_later, "writes come in the order of the steps");
        self.writes.push(write);
        u32::try_from(self.writes.len() - 1).expect("a run has fewer than 2^32 writes")
    }

    /// Counts a side effect that is appended.
    pub(super) fn append_effect(&mut self, identity: u32) {
        let effects = &mut self.effects[identity as usize];
        *effects = effects.saturating_add(1);
    }

    /// Notes a side effect that is keyed by its event.
    pub(super) fn put_effect(&mut self, identity: u32) {
        let effects = &mut self.effects[identity as usize];
        *effects = (*effects).max(1);
    }

    /// Counts a side effect that is keyed by the address of its record.
    pub(super) fn put_effect_at(&mut self, identity: u32, address: &Address) {
        if self.keyed_effects.insert((address.place, address.offset)) {
            self.append_effect(identity);
        }
    }

    /// Counts an application to a row.
    pub(super) fn count_applied(&mut self, identity: u32) {
        let applied = &mut self.applied[identity as usize];
        *applied = applied.saturating_add(1);
    }

    /// Throws everything away, to be built anew.
    pub(super) fn clear(&mut self, step: u32) {
        for row in 0..u32::try_from(self.rows.len()).expect("fewer than 2^32 rows") {
            if self.rows[row as usize].write == NO_WRITE {
                continue;
            }
            let kept = Some(self.init.clone());
            let emptied = Write { step, row, base: NO_WRITE, message: None, distance: 0, kept };
            let write = self.add(emptied);
            self.rows[row as usize] = Row { state: self.init.clone(), write };
        }
        self.applied.fill(0);
        self.effects.fill(0);
        self.keyed_effects.clear();
        self.guards.fill(None);
        self.positions.fill(None);
        self.sequences.fill(0);
        self.parked.clear();
        self.aside.clear();
        let is_empty = |row: &Row| row.write == NO_WRITE || row.state == self.init;
        assert!(self.rows.iter().all(is_empty), "an emptied read model holds nothing");
    }
}
