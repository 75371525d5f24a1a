//! The history that runs are made over, and what of it is canonical.
//!
//! Promises: the canonical log holds each event of committed records once, in the order of its
//! entity; events are numbered as they stand in log order, rows and entities as they first appear.
//! Does not know: projections, schedules.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::identity::Identity;
use crate::model::{EntityId, Event, Position, Transaction};

/// An event as it is given to the sandbox.
#[derive(Clone, Debug)]
pub struct GivenEvent {
    /// The row of the read model that it is applied to: the entity, or the empty name for a
    /// projection that is not partitioned. Without one the projection passes it over.
    pub row: Option<EntityId>,
    /// Its id, where it is known better than its headers tell.
    pub id: Option<Arc<str>>,
    /// The event.
    pub event: Event,
}

/// What is known of an event beside itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct SourceFacts {
    /// The number of its entity.
    pub(super) entity: Option<u32>,
    /// The number of its row.
    pub(super) row: Option<u32>,
    /// What tells it from other events: the same number for the same event.
    pub(super) identity: u32,
    /// Its number in the sequence of its entity, from 1.
    pub(super) sequence: u32,
    /// Whether it is the one record of its identity in the canonical log.
    pub(super) canonical: bool,
}

/// The history that runs are made over.
#[derive(Debug)]
pub struct Source {
    /// The events in log order.
    given: Vec<GivenEvent>,
    /// What is known of each.
    facts: Vec<SourceFacts>,
    /// The names of the rows.
    rows: Vec<EntityId>,
    /// How many entities there are.
    entity_count: u32,
    /// How many identities there are.
    identity_count: u32,
    /// The canonical events of each row, by their numbers, in order.
    canonical: Vec<Vec<u32>>,
    /// Where the event of an address is.
    numbers: HashMap<Position, u32>,
    /// The number of each event in the history that this one was restricted from; none when it is
    /// whole.
    origins: Option<Vec<u32>>,
}

/// Numbers for what appears, in order of appearance.
#[derive(Debug)]
struct Numbering<T>(HashMap<T, u32>);

impl<T: Eq + std::hash::Hash> Numbering<T> {
    /// The number of this, a new one if it is new.
    fn number(&mut self, item: T) -> u32 {
        let next = u32::try_from(self.0.len()).expect("a history has fewer than 2^32 events");
        *self.0.entry(item).or_insert(next)
    }

    /// How many there are.
    fn count(&self) -> u32 {
        u32::try_from(self.0.len()).expect("a history has fewer than 2^32 events")
    }
}

impl Source {
    /// The history of these events, in whatever order they come.
    pub fn new(mut given: Vec<GivenEvent>) -> Self {
        given.sort_by(|one, other| {
            let key = |given: &GivenEvent| given.event.log_time_ms;
            key(one).cmp(&key(other)).then_with(|| one.event.position.cmp(&other.event.position))
        });
        given.dedup_by(|one, other| one.event.position == other.event.position);
        let mut entities = Numbering(HashMap::new());
        let mut row_numbers = Numbering(HashMap::new());
        let mut identities = Numbering(HashMap::new());
        let mut rows = Vec::new();
        let mut facts = Vec::with_capacity(given.len());
        for (number, GivenEvent { row, id, event }) in (0..).zip(&given) {
            let row = row.as_ref().map(|row| {
                let number = row_numbers.number(row.clone());
                if number as usize == rows.len() {
                    rows.push(row.clone());
                }
                number
            });
            facts.push(SourceFacts {
                entity: event.entity.clone().map(|entity| entities.number(entity)),
                row,
                identity: identities.number(Identity::of(number, id.as_ref(), event)),
                sequence: 0,
                canonical: false,
            });
        }
        let order = canonical_order(&given, &facts);
        number_sequences(&given, &mut facts, &order);
        let mut canonical = vec![Vec::new(); rows.len()];
        for number in order {
            if let Some(row) = facts[number as usize].row {
                canonical[row as usize].push(number);
            }
        }
        let numbers =
            (0..).zip(&given).map(|(number, given)| (given.event.position.clone(), number));
        let numbers: HashMap<Position, u32> = numbers.collect();
        assert_eq!(numbers.len(), given.len(), "a position names one event");
        assert_eq!(facts.len(), given.len(), "facts are known of every event");
        let ordered: usize = canonical.iter().map(Vec::len).sum();
        assert!(ordered <= given.len(), "an event is in the canonical log once");
        Self {
            numbers,
            origins: None,
            entity_count: entities.count(),
            identity_count: identities.count(),
            given,
            facts,
            rows,
            canonical,
        }
    }

    /// The history of these records alone, as far as there are such.
    #[must_use]
    pub fn restricted_to(&self, positions: &[Position]) -> Self {
        let mut numbers: Vec<u32> =
            positions.iter().filter_map(|position| self.number_of(position)).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let given = numbers.iter().map(|number| self.given[*number as usize].clone()).collect();
        let origins = numbers.iter().map(|number| self.origin(*number)).collect();
        let part = Self::new(given);
        assert_eq!(part.len(), numbers.len(), "a part has the events that it is restricted to");
        Self { origins: Some(origins), ..part }
    }

    /// The number of an event in the whole history that this one was restricted from.
    pub(super) fn origin(&self, number: u32) -> u32 {
        self.origins.as_ref().map_or(number, |origins| origins[number as usize])
    }

    /// How many events there are.
    pub fn len(&self) -> usize {
        self.given.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.given.is_empty()
    }

    /// The events in log order.
    pub fn events(&self) -> &[GivenEvent] {
        &self.given
    }

    /// The names of the rows, in order of appearance.
    pub fn rows(&self) -> &[EntityId] {
        &self.rows
    }

    /// The event with this number.
    pub(super) fn event(&self, number: u32) -> &Event {
        &self.given[number as usize].event
    }

    /// The number of the event with this address.
    pub(super) fn number_of(&self, position: &Position) -> Option<u32> {
        self.numbers.get(position).copied()
    }

    /// What is known of each event.
    pub(super) fn facts(&self) -> &[SourceFacts] {
        &self.facts
    }

    /// How many entities there are.
    pub(super) fn entity_count(&self) -> u32 {
        self.entity_count
    }

    /// How many identities there are.
    pub(super) fn identity_count(&self) -> u32 {
        self.identity_count
    }

    /// The canonical events of a row, in order.
    pub(super) fn canonical(&self, row: u32) -> &[u32] {
        &self.canonical[row as usize]
    }
}

/// The canonical events in log order, except that those of an entity in a topic which all have a
/// version of their own stand in the order of their versions.
fn canonical_order(given: &[GivenEvent], facts: &[SourceFacts]) -> Vec<u32> {
    let mut seen = HashSet::new();
    let committed = (0_u32..).zip(given.iter().zip(facts)).filter(|(_, (given, facts))| {
        given.event.transaction == Transaction::Committed && seen.insert(facts.identity)
    });
    let mut order: Vec<u32> = committed.map(|(number, _)| number).collect();
    let mut lanes: BTreeMap<(u32, &str), Vec<usize>> = BTreeMap::new();
    for (slot, number) in order.iter().enumerate() {
        let topic = &*given[*number as usize].event.position.topic;
        if let Some(entity) = facts[*number as usize].entity {
            lanes.entry((entity, topic)).or_default().push(slot);
        }
    }
    let version = |number: u32| given[number as usize].event.mapped_version;
    for slots in lanes.into_values() {
        let mut numbers: Vec<u32> = slots.iter().map(|slot| order[*slot]).collect();
        let versions: HashSet<i64> = numbers.iter().filter_map(|number| version(*number)).collect();
        if versions.len() == numbers.len() {
            numbers.sort_by_key(|number| version(*number));
            for (slot, number) in slots.into_iter().zip(numbers) {
                order[slot] = number;
            }
        }
    }
    order
}

/// Numbers the events of each entity: canonical ones in their order, copies as their original, and
/// what was never committed as the next one at its time.
fn number_sequences(given: &[GivenEvent], facts: &mut [SourceFacts], order: &[u32]) {
    let mut counts: HashMap<u32, u32> = HashMap::new();
    let mut of_identity: HashMap<u32, u32> = HashMap::new();
    let mut of_version: HashMap<(u32, &str, i64), u32> = HashMap::new();
    for number in order {
        let fact = &mut facts[*number as usize];
        fact.canonical = true;
        let Some(entity) = fact.entity else { continue };
        let count = counts.entry(entity).or_default();
        *count += 1;
        fact.sequence = *count;
        of_identity.insert(fact.identity, *count);
        let event = &given[*number as usize].event;
        if let Some(version) = event.mapped_version {
            of_version.insert((entity, &event.position.topic, version), *count);
        }
    }
    let mut last: HashMap<u32, u32> = HashMap::new();
    for (given, fact) in given.iter().zip(facts) {
        let Some(entity) = fact.entity else { continue };
        if !fact.canonical {
            let version = given.event.mapped_version;
            let same = version.and_then(|version| {
                of_version.get(&(entity, &given.event.position.topic, version))
            });
            let same = of_identity.get(&fact.identity).or(same).copied();
            fact.sequence =
                same.unwrap_or_else(|| last.get(&entity).copied().unwrap_or_default() + 1);
        }
        assert!(fact.sequence > 0, "sequences count from 1");
        last.insert(entity, fact.sequence);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::testing::{event, given};

    /// Sequence and canonical of each event in log order.
    fn numbered(source: &Source) -> Vec<(u32, bool)> {
        source.facts().iter().map(|facts| (facts.sequence, facts.canonical)).collect()
    }

    #[test]
    fn events_stand_in_log_order_and_are_numbered_by_entity() {
        let source = Source::new(vec![
            given("b", event("t", 1, 5, "A", "{}")),
            given("a", event("t", 0, 7, "A", "{}")),
            given("b", event("t", 1, 6, "A", "{}")),
        ]);
        let names: Vec<String> = source.rows().iter().map(ToString::to_string).collect();
        assert_eq!(names, ["b", "a"]);
        assert_eq!(numbered(&source), [(1, true), (2, true), (1, true)]);
        assert_eq!(source.canonical(0), [0, 1]);
    }

    #[test]
    fn the_canonical_log_has_an_event_once_and_no_aborted_one() {
        let id = |id: &str, offset, transaction| {
            let event = Event { transaction, ..event("t", 0, offset, "A", "{}") };
            GivenEvent { id: Some(id.into()), ..given("a", event) }
        };
        let source = Source::new(vec![
            id("one", 0, Transaction::Committed),
            id("two", 1, Transaction::Aborted),
            id("two", 3, Transaction::Committed),
            id("one", 4, Transaction::Committed),
            id("three", 5, Transaction::Aborted),
        ]);
        assert_eq!(source.canonical(0), [0, 2]);
        assert_eq!(numbered(&source), [(1, true), (2, false), (2, true), (1, false), (2, false)]);
        assert_eq!(source.identity_count(), 3);
    }

    #[test]
    fn versions_order_the_events_of_an_entity_where_all_have_their_own() {
        let versioned = |offset, version| {
            let event = Event { mapped_version: Some(version), ..event("t", 0, offset, "A", "{}") };
            given("a", event)
        };
        let source = Source::new(vec![versioned(0, 1), versioned(1, 3), versioned(2, 2)]);
        assert_eq!(source.canonical(0), [0, 2, 1]);
        let constant = Source::new(vec![
            given("a", Event { mapped_version: Some(1), ..event("t", 0, 0, "A", r#"{"a":1}"#) }),
            given("a", Event { mapped_version: Some(1), ..event("t", 0, 1, "A", r#"{"a":2}"#) }),
        ]);
        assert_eq!(constant.canonical(0), [0, 1], "the version of a schema is no sequence");
    }

    #[test]
    fn a_restriction_is_a_history_of_its_own() {
        let source = Source::new(vec![
            given("a", event("t", 0, 0, "A", "{}")),
            given("b", event("t", 0, 1, "A", "{}")),
            given("a", event("t", 0, 2, "A", "{}")),
        ]);
        let positions: Vec<Position> =
            ["t-0@2", "t-0@9"].into_iter().map(|text| text.parse().unwrap()).collect();
        let restricted = source.restricted_to(&positions);
        assert_eq!((restricted.len(), restricted.rows().len()), (1, 1));
        assert_eq!(numbered(&restricted), [(1, true)]);
        assert_eq!((restricted.origin(0), restricted.restricted_to(&positions).origin(0)), (2, 2));
    }
}
