//! Whether a view depends on an order that Kafka does not guarantee: that of records of different
//! partitions.
//!
//! Promises: all legal merges are tried where they are few, else as many as asked for and those
//! that take one partition first; where results differ, two events are named whose exchange alone
//! makes the difference.
//! Does not know: consumers. The events are folded as they are.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Trial;
use super::source::Source;
use crate::fold::Fold;
use crate::model::{EntityId, Position, Random, TopicPartition, Value};

/// A view that depends on the order of partitions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OrderSensitivity {
    /// The row.
    pub row: EntityId,
    /// Two events whose exchange makes the difference, in the order of the log.
    pub pair: [Position; 2],
    /// The row before them.
    pub before: Value,
    /// The row in the end where they come in the order of the log.
    pub in_log_order: Value,
    /// The row in the end where they are exchanged.
    pub exchanged: Value,
    /// How many merges were tried until then.
    pub merges: u64,
    /// Whether all legal merges were to be tried.
    pub exhaustive: bool,
}

impl Trial {
    /// The rows that depend on the order of partitions. For each, at most this many merges are
    /// tried beside those that take one partition first.
    pub fn order_sensitivity(&self, seed: u64, merges_max: u32) -> Vec<OrderSensitivity> {
        let rows = 0..u32::try_from(self.source().rows().len()).unwrap_or(u32::MAX);
        let sensitivity =
            |row| Merges::new(self.source(), &**self.fold(), row).sensitivity(seed, merges_max);
        rows.filter_map(sensitivity).collect()
    }
}

/// The merges of the partitions of a row.
struct Merges<'a> {
    /// The history.
    source: &'a Source,
    /// The projection.
    fold: &'a dyn Fold,
    /// The row.
    row: u32,
    /// Its events in log order.
    log: Vec<u32>,
    /// Its events by partition.
    lanes: Vec<Vec<u32>>,
}

impl<'a> Merges<'a> {
    /// The merges of a row's canonical events.
    fn new(source: &'a Source, fold: &'a dyn Fold, row: u32) -> Self {
        let mut log = source.canonical(row).to_vec();
        // The order of the log, which each partition keeps, whatever the sequence of an entity is.
        log.sort_unstable();
        let mut lanes: BTreeMap<TopicPartition, Vec<u32>> = BTreeMap::new();
        for number in &log {
            let home = source.event(*number).position.topic_partition();
            lanes.entry(home).or_default().push(*number);
        }
        let lanes: Vec<Vec<u32>> = lanes.into_values().collect();
        let in_lanes: usize = lanes.iter().map(Vec::len).sum();
        assert_eq!(in_lanes, log.len(), "every event lies in one partition");
        Self { source, fold, row, log, lanes }
    }

    /// What this order leads to.
    fn state(&self, order: &[u32]) -> Value {
        let mut state = self.fold.init();
        for number in order {
            self.fold.apply(&mut state, self.source.event(*number));
        }
        state
    }

    /// Looks for an order that leads to another state.
    fn sensitivity(&self, seed: u64, merges_max: u32) -> Option<OrderSensitivity> {
        if self.lanes.len() < 2 {
            return None;
        }
        let expected = self.state(&self.log);
        let exhaustive = self.count(u64::from(merges_max)) <= u64::from(merges_max);
        let mut merges = 0;
        let mut differs = |order: &[u32]| {
            merges += 1;
            self.state(order) != expected
        };
        let found = if exhaustive {
            self.any_merge(&mut vec![0; self.lanes.len()], &mut Vec::new(), &mut differs)
        } else {
            let firsts = (0..self.lanes.len()).map(|first| self.with_first(first));
            let mut random = Random::new(seed);
            let chance = (0..merges_max).map(|_| self.by_chance(&mut random));
            firsts.chain(chance).find(|order| differs(order))
        };
        let order = found?;
        let sensitivity = self.pair(&order, &expected);
        Some(OrderSensitivity { merges, exhaustive, ..sensitivity })
    }

    /// How many merges there are; any number above the limit where there are more.
    fn count(&self, limit: u64) -> u64 {
        let mut count: u64 = 1;
        let mut placed: u64 = 0;
        for lane in &self.lanes {
            // Choosing the places of each partition among those placed so far: exact at every step.
            for index in 1..=lane.len() as u64 {
                placed += 1;
                count = count.saturating_mul(placed) / index;
                if limit < count && 1 < index {
                    return u64::MAX;
                }
            }
        }
        count
    }

    /// All of one partition, then the rest in log order.
    fn with_first(&self, first: usize) -> Vec<u32> {
        let rest = self.log.iter().filter(|number| !self.lanes[first].contains(number));
        self.lanes[first].iter().chain(rest).copied().collect()
    }

    /// A merge by chance, each as likely as its number of continuations.
    fn by_chance(&self, random: &mut Random) -> Vec<u32> {
        let mut at = vec![0; self.lanes.len()];
        let mut order = Vec::with_capacity(self.log.len());
        while order.len() < self.log.len() {
            let placed = order.len();
            let mut left = random.below((self.log.len() - order.len()) as u64);
            for (at, lane) in at.iter_mut().zip(&self.lanes) {
                let rest = (lane.len() - *at) as u64;
                if left < rest {
                    order.push(lane[*at]);
                    *at += 1;
                    break;
                }
                left -= rest;
            }
            assert!(placed < order.len(), "every pass places an event, so that it ends");
        }
        order
    }

    /// The first of all merges that differs.
    fn any_merge(
        &self,
        at: &mut Vec<usize>,
        order: &mut Vec<u32>,
        differs: &mut dyn FnMut(&[u32]) -> bool,
    ) -> Option<Vec<u32>> {
        if order.len() == self.log.len() {
            return differs(order).then(|| order.clone());
        }
        for lane in 0..self.lanes.len() {
            let Some(next) = self.lanes[lane].get(at[lane]) else { continue };
            order.push(*next);
            at[lane] += 1;
            let found = self.any_merge(at, order, differs);
            at[lane] -= 1;
            order.pop();
            if found.is_some() {
                return found;
            }
        }
        None
    }

    /// Two neighbours whose exchange makes the difference, on the way from the order of the log to
    /// one that differs.
    fn pair(&self, other: &[u32], expected: &Value) -> OrderSensitivity {
        // The first of the other order, the rest as in the log: from none of it to all of it the
        // state changes somewhere.
        let mixed = |count: usize| {
            let first = &other[..count];
            let rest = self.log.iter().filter(|number| !first.contains(number));
            first.iter().chain(rest).copied().collect::<Vec<u32>>()
        };
        let changes_at = first_change(other.len(), |count| self.state(&mixed(count)) != *expected);
        assert!(changes_at > 0, "an order that leads elsewhere has events");
        let (without, moved) = (mixed(changes_at - 1), other[changes_at - 1]);
        // That one moved to the front over its neighbours, one after the other.
        let home = without.iter().position(|number| *number == moved).unwrap_or(changes_at - 1);
        let shifted = |steps: usize| {
            let mut order = without.clone();
            order[home - steps..=home].rotate_right(1);
            order
        };
        let steps =
            first_change(home - (changes_at - 1), |steps| self.state(&shifted(steps)) != *expected);
        let (kept, exchanged) = (shifted(steps - 1), shifted(steps));
        let at = home - steps;
        let position = |number: u32| self.source.event(number).position.clone();
        OrderSensitivity {
            row: self.source.rows()[self.row as usize].clone(),
            pair: [position(kept[at]), position(kept[at + 1])],
            before: self.state(&kept[..at]),
            in_log_order: self.state(&kept),
            exchanged: self.state(&exchanged),
            merges: 0,
            exhaustive: false,
        }
    }
}

/// The first number from 1 to `last` where something changed, given that it has not at 0 and has at
/// `last`: one such that it has not changed just before.
fn first_change(last: usize, changed: impl Fn(usize) -> bool) -> usize {
    let (mut unchanged, mut found) = (0, last);
    while unchanged + 1 < found {
        let middle = usize::midpoint(unchanged, found);
        if changed(middle) {
            found = middle;
        } else {
            unchanged = middle;
        }
    }
    found
}
