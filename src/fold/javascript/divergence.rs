//! Two projections over the same events, or one in two orders of them: where their results differ,
//! and since when.
//!
//! Promises: results are compared by value, so that neither the order of members nor the writing of
//! numbers makes a difference; the first divergence is the first event after which they differ,
//! whether or not they agree later.
//! Does not know: which of the two is right; where events come from.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hasher as _;
use std::sync::Arc;

use xxhash_rust::xxh3::Xxh3;

use super::definition::Partitioning;
use super::fault::Fault;
use super::input::ProjectionInput;
use super::program::Program;
use super::run::{ProjectionOutcome, ProjectionRun, Share};
use crate::model::{EntityId, Position, Value};

/// A partition whose results differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Divergence {
    /// Its name.
    pub partition: Arc<str>,
    /// The entity whose stream it is, where every stream has a state of its own.
    pub entity: Option<EntityId>,
    /// The first event after which they differ.
    pub first: Option<FirstDivergence>,
    /// The result of the one; `null` where it has none.
    pub a: Value,
    /// The result of the other.
    pub b: Value,
}

/// The first event after which results differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FirstDivergence {
    /// The same event for both, which led to these results.
    SameEvent {
        /// Its record.
        position: Position,
        /// Its type.
        event_type: Arc<str>,
        /// Its timestamp, in milliseconds since the epoch.
        timestamp_ms: i64,
        /// The result of the one after it.
        a: Value,
        /// The result of the other after it.
        b: Value,
    },
    /// In different orders: after how many events of the partition, counted from 1, and which
    /// events those were.
    SameCount {
        /// How many events.
        count: u64,
        /// The last of them for the one.
        a: Option<Position>,
        /// The last of them for the other.
        b: Option<Position>,
    },
}

/// The partitions whose results differ, and how many there are in all.
pub(crate) fn differing(a: &ProjectionOutcome, b: &ProjectionOutcome) -> (Vec<Divergence>, u64) {
    let mut all: BTreeMap<Arc<str>, Divergence> = BTreeMap::new();
    for (outcome, is_a) in [(a, true), (b, false)] {
        for partition in &outcome.partitions {
            let one = all.entry(Arc::clone(&partition.name)).or_insert_with(|| Divergence {
                partition: Arc::clone(&partition.name),
                entity: partition.entity.clone(),
                first: None,
                a: Value::Null,
                b: Value::Null,
            });
            *(if is_a { &mut one.a } else { &mut one.b }) = partition.shown().clone();
        }
    }
    let compared = all.len() as u64;
    (all.into_values().filter(|one| one.a != one.b).collect(), compared)
}

/// Two projections that go through the same events side by side.
pub(crate) struct Lockstep {
    /// Both.
    runs: [ProjectionRun; 2],
    /// The results of the partitions that differ in the end, and of which it is not known yet since
    /// when.
    results: HashMap<Arc<str>, [Value; 2]>,
    /// Whether every stream has a state of its own in both, so that other streams need not be
    /// looked at.
    by_stream: bool,
    /// What was found.
    pub(crate) found: HashMap<Arc<str>, FirstDivergence>,
}

impl Lockstep {
    /// Nothing seen yet of these partitions.
    pub(crate) fn new(programs: [&Program; 2], divergences: &[Divergence]) -> Result<Self, Fault> {
        let [a, b] = programs;
        let is_by_stream = |program: &&Program| {
            let definition = program.definition();
            definition.partition == Partitioning::Stream && !definition.bi_state
        };
        Ok(Self {
            runs: [ProjectionRun::new(a, Share::ALL)?, ProjectionRun::new(b, Share::ALL)?],
            results: divergences
                .iter()
                .map(|one| (Arc::clone(&one.partition), [Value::Null, Value::Null]))
                .collect(),
            by_stream: programs.iter().all(is_by_stream),
            found: HashMap::new(),
        })
    }

    /// Whether everything was found.
    pub(crate) fn is_done(&self) -> bool {
        self.results.is_empty()
    }

    /// Takes the next event.
    pub(crate) fn take(&mut self, index: u64, input: ProjectionInput) -> Result<(), Fault> {
        if self.by_stream && !self.results.contains_key(&*input.stream()) {
            return Ok(());
        }
        let batch: Arc<[ProjectionInput]> = [input].into();
        let mut touched: Vec<Arc<str>> = Vec::new();
        for (side, run) in self.runs.iter_mut().enumerate() {
            let applied = run.apply(index, &batch, 0).map_err(|failure| failure.fault)?;
            let Some(partition) = applied else { continue };
            let known = self.results.get_key_value(run.name(partition));
            let Some(name) = known.map(|(name, _)| Arc::clone(name)) else { continue };
            let shown = run.shown(partition)?;
            if let Some(results) = self.results.get_mut(&name) {
                results[side] = shown;
            }
            touched.push(name);
        }
        for name in touched {
            let Some([a, b]) = self.results.get(&name).filter(|[a, b]| a != b) else { continue };
            let input = &batch[0];
            let first = FirstDivergence::SameEvent {
                position: input.position(),
                event_type: Arc::clone(&input.event_type),
                timestamp_ms: input.timestamp_ms,
                a: a.clone(),
                b: b.clone(),
            };
            self.results.remove(&name);
            self.found.insert(name, first);
        }
        Ok(())
    }
}

/// What an event led to.
#[derive(Clone, Debug)]
pub(crate) struct ProjectedState {
    /// Stands for the result.
    hash: u64,
    /// The event.
    position: Position,
}

impl ProjectedState {
    /// What the event at this position led to.
    pub(crate) fn new(shown: &Value, position: Position) -> Self {
        Self { hash: hash(shown), position }
    }
}

/// The first step that led to another result.
pub(crate) fn diverging(a: &[ProjectedState], b: &[ProjectedState]) -> Option<FirstDivergence> {
    let differs = |at: &usize| a.get(*at).map(|step| step.hash) != b.get(*at).map(|step| step.hash);
    let at = (0..a.len().max(b.len())).find(differs)?;
    let position = |steps: &[ProjectedState]| steps.get(at).map(|step| step.position.clone());
    Some(FirstDivergence::SameCount { count: at as u64 + 1, a: position(a), b: position(b) })
}

/// A number that stands for a value: equal values have the same, as scripts write them.
fn hash(value: &Value) -> u64 {
    let mut hasher = Xxh3::new();
    write(value, &mut hasher);
    hasher.finish()
}

/// Adds a value to a hash, whatever the order of its members.
fn write(value: &Value, hasher: &mut Xxh3) {
    match value {
        Value::Object(members) => {
            let mut sorted: Vec<(&Arc<str>, &Value)> = members.iter().collect();
            sorted.sort_by_key(|(name, _)| *name);
            hasher.write_u8(b'{');
            for (name, member) in sorted {
                hasher.write(name.as_bytes());
                hasher.write_u8(b':');
                write(member, hasher);
            }
            hasher.write_u8(b'}');
        }
        Value::Array(elements) => {
            hasher.write_u8(b'[');
            for element in elements.iter() {
                write(element, hasher);
                hasher.write_u8(b',');
            }
            hasher.write_u8(b']');
        }
        scalar => hasher.write(scalar.to_json().as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::json;

    #[test]
    fn a_hash_stands_for_the_value_and_not_for_the_order_of_members() {
        let of = |text: &str| hash(&json::parse(text.as_bytes()).unwrap().value);
        assert_eq!(of(r#"{"a":1,"b":[1,2]}"#), of(r#"{"b":[1,2],"a":1}"#));
        for other in [r#"{"a":1,"b":[2,1]}"#, r#"{"a":1,"b":{}}"#, r#"{"a":"1","b":[1,2]}"#, "[]"] {
            assert_ne!(of(r#"{"a":1,"b":[1,2]}"#), of(other), "{other}");
        }
    }
}
