//! A run of a projection over the events of many streams.
//!
//! Promises: a state for each partition of the projection, whatever their number; several runs that
//! share the partitions give together what one alone gives.
//! Does not know: threads; in which order events should come.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64;

use super::definition::Route;
use super::engine::{Current, Engine, Naming, Stepped};
use super::number_check::inexact_numbers;
use super::types::{Type, Types};
use super::{Fault, Partitioning, Program, ProjectionInput};
use crate::model::{EntityId, Position, Value};

/// How many lines of a log are kept.
const LOG_LINES: usize = 10_000;

/// What emitted events may take in memory, in bytes.
const EMITTED_BYTES: usize = 256 << 20;

/// What the states that are put aside may take, in bytes: this, and so much more for each
/// partition.
const PARKED_BYTES: (usize, usize) = (256 << 20, 4 << 10);

/// After how many events memory is looked at, at the earliest.
const EVENTS_PER_LOOK: u64 = 1 << 16;

/// After how many new partitions memory is looked at, at the earliest.
const PARTITIONS_PER_LOOK: usize = 1 << 13;

/// A look takes as long as the engine holds much. It is put off until what is held would have
/// doubled if every event left this many bytes.
const BYTES_PER_EVENT: usize = 1 << 10;

/// The same, if every new partition took this many bytes.
const BYTES_PER_PARTITION: usize = 1 << 13;

/// Which of the partitions of a projection a run works out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// The number of this run, from 0.
    pub run: u64,
    /// How many runs share the partitions.
    pub runs: u64,
}

impl Share {
    /// All of them.
    pub const ALL: Self = Self { run: 0, runs: 1 };
}

/// What a run counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunCounts {
    /// Events of the projection's source.
    pub events: u64,
    /// Events that a handler took, by type.
    pub matched: BTreeMap<Arc<str>, u64>,
    /// Events that no handler takes, by type.
    pub unmatched: BTreeMap<Arc<str>, u64>,
    /// Events of no partition: `partitionBy` named none, or they belong to no entity.
    pub skipped: u64,
    /// Events whose value could not be decoded.
    pub undecodable: u64,
    /// Numbers in bodies that JavaScript holds only rounded, by field.
    pub inexact: BTreeMap<String, u64>,
    /// Numbers in states that were none (`NaN`, `Infinity`) and became `null`, by field.
    pub not_a_number: BTreeMap<String, u64>,
    /// Lines that were logged.
    pub logged: u64,
    /// Those of the lines kept of which only the beginning is.
    pub logged_cut: u64,
}

/// The state of a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectionPartition {
    /// Its name; empty for the only one of a projection that has one state.
    pub name: Arc<str>,
    /// The entity whose stream it is, where every stream has its own.
    pub entity: Option<EntityId>,
    /// The state.
    pub state: Value,
    /// What the projection makes of the state; `null` when it is filtered out. `None` where it
    /// makes nothing of states.
    pub result: Option<Value>,
}

impl ProjectionPartition {
    /// What is shown outside: the result where there is one, else the state.
    pub fn shown(&self) -> &Value {
        self.result.as_ref().unwrap_or(&self.state)
    }
}

/// An event that a projection emitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emitted {
    /// The number of the event that caused it, in the order of the run.
    pub index: u64,
    /// The record of that event.
    pub cause: Position,
    /// The stream it was emitted to.
    pub stream: Arc<str>,
    /// Its type.
    pub event_type: Arc<str>,
    /// Its body.
    pub body: Value,
    /// Its metadata.
    pub metadata: Option<Value>,
}

/// A line that a projection logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    /// The number of the event, in the order of the run.
    pub index: u64,
    /// Its record.
    pub position: Position,
    /// The line.
    pub text: Arc<str>,
}

/// What a projection made of the events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProjectionOutcome {
    /// The partitions, sorted by name.
    pub partitions: Vec<ProjectionPartition>,
    /// What was emitted, in order.
    pub emitted: Vec<Emitted>,
    /// What was logged first, in order.
    pub logged: Vec<Logged>,
    /// What was counted.
    pub counts: RunCounts,
}

/// Why a run ended at an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFailure {
    /// The number of the event, in the order of the run.
    pub index: u64,
    /// Its record.
    pub position: Position,
    /// Its type.
    pub event_type: Arc<str>,
    /// What is wrong.
    pub fault: Fault,
}

/// A partition as a run knows it.
#[derive(Debug)]
struct Slot {
    /// Its name.
    name: Arc<str>,
    /// The entity whose stream it is.
    entity: Option<EntityId>,
    /// The number of the last event applied to it.
    last_used: u64,
    /// What is kept here while its state is put aside.
    parked: Option<Parked>,
}

/// What is kept of a partition whose state is put aside, beside the state itself.
#[derive(Debug)]
struct Parked {
    /// Its result.
    result: Option<String>,
}

impl Slot {
    /// A partition that no event was applied to.
    fn new(name: Arc<str>, entity: Option<EntityId>) -> Self {
        Self { name, entity, last_used: 0, parked: None }
    }
}

/// A run of a projection over the events of many streams.
pub struct ProjectionRun {
    /// The script.
    program: Program,
    /// The engine it runs in.
    engine: Engine,
    /// Which partitions are worked out here.
    share: Share,
    /// The types met.
    types: Types,
    /// The partitions of the streams.
    streams: HashMap<(Arc<str>, EntityId), u32>,
    /// The partitions by their numbers.
    slots: Vec<Slot>,
    /// At how many partitions memory is looked at again.
    look_at_slots: usize,
    /// At which event memory is looked at again.
    look_at_event: u64,
    /// What the engine may hold before states are put aside, in bytes.
    park_above_bytes: usize,
    /// What was emitted.
    emitted: Vec<Emitted>,
    /// What that takes, in bytes.
    emitted_bytes: usize,
    /// What was logged first.
    logged: Vec<Logged>,
    /// What was counted.
    counts: RunCounts,
}

impl ProjectionRun {
    /// A run of this script that works out these partitions.
    ///
    /// # Errors
    /// When no engine can be had.
    pub fn new(program: &Program, share: Share) -> Result<Self, Fault> {
        assert!(share.run < share.runs, "a run is one of those that share the partitions");
        let naming = Naming::Shared { engine: share.run, engines: share.runs };
        let engine = program.engine(naming)?;
        let mut slots = Vec::new();
        if program.definition().partition == Partitioning::None {
            slots.push(Slot::new("".into(), None));
        }
        Ok(Self {
            park_above_bytes: program.limits().memory_bytes / 2,
            program: program.clone(),
            engine,
            share,
            types: Types::default(),
            streams: HashMap::new(),
            look_at_slots: PARTITIONS_PER_LOOK,
            slots,
            look_at_event: EVENTS_PER_LOOK,
            emitted: Vec::new(),
            emitted_bytes: 0,
            logged: Vec::new(),
            counts: RunCounts::default(),
        })
    }

    /// Applies the event with this index of a batch, the run's event with this number. Says the
    /// number of the partition it was applied to, if it was.
    ///
    /// # Errors
    /// What the script did wrong. The run is over then, and its states are of no use.
    pub fn apply(
        &mut self,
        index: u64,
        batch: &Arc<[ProjectionInput]>,
        at: usize,
    ) -> Result<Option<u32>, Box<RunFailure>> {
        let input = &batch[at];
        self.take(index, batch, at).map_err(|fault| {
            Box::new(RunFailure {
                index,
                position: input.position(),
                event_type: Arc::clone(&input.event_type),
                fault,
            })
        })
    }

    /// Applies an event.
    fn take(
        &mut self,
        index: u64,
        batch: &Arc<[ProjectionInput]>,
        at: usize,
    ) -> Result<Option<u32>, Fault> {
        let input = &batch[at];
        let definition = self.program.definition();
        let by_stream = definition.partition == Partitioning::Stream;
        if by_stream && !self.owns(input) {
            return Ok(None);
        }
        let counts_here = by_stream || self.share.run == 0;
        let Type { handler, number } =
            self.types.of(&mut self.engine, definition, &input.event_type)?;
        let route = definition.route(input, handler);
        if counts_here && route != Route::Elsewhere {
            self.counts.events += 1;
        }
        let mut touched = None;
        match route {
            Route::Elsewhere => {}
            Route::NoEntity => self.counts.skipped += u64::from(counts_here),
            Route::Undecodable => self.counts.undecodable += u64::from(counts_here),
            Route::Unmatched => {
                if counts_here {
                    *self.counts.unmatched.entry(Arc::clone(&input.event_type)).or_default() += 1;
                }
            }
            Route::Delete => {
                let partition = self.partition_of(input);
                let name = Arc::clone(&self.slots[partition as usize].name);
                self.engine.remove(partition, &name, Current::OfBatch(Arc::clone(batch), at))?;
                self.applied(index, partition, input)?;
                touched = Some(partition);
            }
            Route::Handler(handler) => {
                let partition = self.partition_of(input);
                let json = input.raw.as_deref().filter(|_| input.is_json);
                let body = self.program.body(json, handler);
                let current = Current::OfBatch(Arc::clone(batch), at);
                let stepped =
                    self.engine.step(handler, number, body.as_engine(), partition, current)?;
                match stepped {
                    Stepped::Applied(partition) => {
                        self.applied(index, partition, input)?;
                        touched = Some(partition);
                    }
                    Stepped::Skipped => self.counts.skipped += u64::from(counts_here),
                    Stepped::Elsewhere => {}
                }
            }
        }
        self.look_at_memory(index)?;
        Ok(touched)
    }

    /// The name of the partition with this number; empty for none.
    pub fn name(&self, partition: u32) -> &str {
        self.slots.get(partition as usize).map_or("", |slot| &slot.name)
    }

    /// What is shown outside of a partition that an event was just applied to.
    ///
    /// # Errors
    /// When memory does not suffice to tell it.
    pub fn shown(&mut self, partition: u32) -> Result<Value, Fault> {
        let shown = if self.program.definition().transforms {
            self.engine.told_result(partition)?
        } else {
            self.engine.told(partition)?
        };
        self.engine.value(shown.as_deref())
    }

    /// Whether the stream of an event is worked out here.
    fn owns(&self, input: &ProjectionInput) -> bool {
        let entity = input.entity.as_ref().map(EntityId::as_bytes).unwrap_or_default();
        self.share.runs == 1 || xxh3_64(entity) % self.share.runs == self.share.run
    }

    /// The number of the partition of an event, unless the script names it.
    fn partition_of(&mut self, input: &ProjectionInput) -> u32 {
        let (Partitioning::Stream, Some(entity)) =
            (self.program.definition().partition, &input.entity)
        else {
            return 0;
        };
        let stream = (Arc::clone(&input.category), entity.clone());
        if let Some(known) = self.streams.get(&stream) {
            return *known;
        }
        let number = u32::try_from(self.slots.len()).unwrap_or(u32::MAX);
        self.slots.push(Slot::new(input.stream().into(), Some(entity.clone())));
        self.streams.insert(stream, number);
        number
    }

    /// Notes that an event was applied to a partition, and what it left.
    fn applied(
        &mut self,
        index: u64,
        partition: u32,
        input: &ProjectionInput,
    ) -> Result<(), Fault> {
        let native = self.engine.native();
        if partition as usize >= self.slots.len() {
            let new = native.partitions_from(self.slots.len());
            self.slots.extend(new.into_iter().map(|name| Slot::new(name.into(), None)));
        }
        assert!((partition as usize) < self.slots.len(), "a partition that has a state has a name");
        if let Some(slot) = self.slots.get_mut(partition as usize) {
            slot.last_used = index;
            slot.parked = None;
        }
        match self.counts.matched.get_mut(&input.event_type) {
            Some(count) => *count += 1,
            None => {
                self.counts.matched.insert(Arc::clone(&input.event_type), 1);
            }
        }
        if let Some(raw) = input.raw.as_deref().filter(|_| input.is_json) {
            for place in inexact_numbers(raw) {
                *self.counts.inexact.entry(place.to_string()).or_default() += 1;
            }
        }
        if native.has_news() { self.take_news(index, input) } else { Ok(()) }
    }

    /// Takes what an event emitted and logged.
    fn take_news(&mut self, index: u64, input: &ProjectionInput) -> Result<(), Fault> {
        let native = self.engine.native();
        for (path, count) in native.take_not_a_number() {
            *self.counts.not_a_number.entry(path).or_default() += count;
        }
        let logged = native.take_logged();
        self.counts.logged += logged.count;
        self.counts.logged_cut += logged.cut;
        assert!(self.logged.len() <= LOG_LINES, "the log is bounded");
        let room = LOG_LINES - self.logged.len();
        self.logged.extend(logged.lines.into_iter().take(room).map(|line| Logged {
            index,
            position: input.position(),
            text: line.into(),
        }));
        for text in native.take_emitted() {
            self.emitted_bytes += text.body.len() + text.stream.len() + size_of::<Emitted>();
            if self.emitted_bytes > EMITTED_BYTES {
                let message =
                    format!("it emitted more than {} MiB, which are not kept", EMITTED_BYTES >> 20);
                let script = Arc::clone(self.program.name());
                return Err(Fault { script, message, place: None });
            }
            self.emitted.push(Emitted {
                index,
                cause: input.position(),
                stream: text.stream.into(),
                event_type: text.event_type.into(),
                body: self.engine.value(Some(&text.body))?,
                metadata: text.metadata.map(|text| self.engine.value(Some(&text))).transpose()?,
            });
        }
        Ok(())
    }

    /// Puts states aside when the engine holds much: those that were not used for longest.
    fn look_at_memory(&mut self, index: u64) -> Result<(), Fault> {
        if index < self.look_at_event && self.slots.len() < self.look_at_slots {
            return Ok(());
        }
        let held = self.engine.memory_bytes();
        let events = EVENTS_PER_LOOK.max((held / BYTES_PER_EVENT) as u64);
        assert!(events > 0, "looking at memory is put off");
        self.look_at_event = index + events;
        self.look_at_slots = self.slots.len() + PARTITIONS_PER_LOOK.max(held / BYTES_PER_PARTITION);
        if held > self.park_above_bytes { self.park() } else { Ok(()) }
    }

    /// Puts the less used half of the states aside.
    fn park(&mut self) -> Result<(), Fault> {
        let mut uses: Vec<u64> = self
            .slots
            .iter()
            .filter(|slot| slot.parked.is_none())
            .map(|slot| slot.last_used)
            .collect();
        if uses.len() < 2 {
            return Ok(());
        }
        let middle = uses.len() / 2;
        let middle = *uses.select_nth_unstable(middle).1;
        let partitions = self.slots.len();
        for (number, slot) in (0_u32..).zip(&mut self.slots) {
            if slot.parked.is_some() || slot.last_used >= middle {
                continue;
            }
            let Some(state) = self.engine.told(number)? else { continue };
            slot.parked = Some(Parked { result: self.engine.told_result(number)? });
            self.engine.native().park(number, state);
            self.engine.forget(number)?;
            let (whole, each) = PARKED_BYTES;
            if self.engine.native().parked_bytes() > whole + each * partitions {
                let message =
                    "its states do not fit into memory; narrow the events down".to_owned();
                let script = Arc::clone(self.program.name());
                return Err(Fault { script, message, place: None });
            }
        }
        self.engine.collect_garbage();
        Ok(())
    }

    /// Everything that was worked out.
    ///
    /// # Errors
    /// When memory does not suffice to tell it.
    pub fn finish(mut self) -> Result<ProjectionOutcome, Fault> {
        let transforms = self.program.definition().transforms;
        let mut partitions = Vec::with_capacity(self.slots.len());
        for (number, slot) in (0_u32..).zip(&mut self.slots) {
            let (state, result) = match slot.parked.take() {
                Some(parked) => (self.engine.native().unpark(number), parked.result),
                None => (self.engine.told(number)?, self.engine.told_result(number)?),
            };
            let Some(state) = state else { continue };
            let result = self.engine.value(result.as_deref())?;
            partitions.push(ProjectionPartition {
                name: Arc::clone(&slot.name),
                entity: slot.entity.take(),
                state: self.engine.value(Some(&state))?,
                result: transforms.then_some(result),
            });
        }
        assert!(partitions.len() <= self.slots.len(), "a partition has one state");
        partitions.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        Ok(ProjectionOutcome {
            partitions,
            emitted: self.emitted,
            logged: self.logged,
            counts: self.counts,
        })
    }
}

impl ProjectionOutcome {
    /// What runs that shared the partitions made of the events together.
    pub fn merged(outcomes: impl IntoIterator<Item = Self>) -> Self {
        let mut all = Self::default();
        for outcome in outcomes {
            all.partitions.extend(outcome.partitions);
            all.emitted.extend(outcome.emitted);
            all.logged.extend(outcome.logged);
            all.counts.add(outcome.counts);
        }
        all.partitions.sort_by(|one, other| one.name.cmp(&other.name));
        let is_apart = |pair: &[ProjectionPartition]| pair[0].name != pair[1].name;
        assert!(
            all.partitions.windows(2).all(is_apart),
            "runs that share partitions share none twice"
        );
        all.emitted.sort_by_key(|emitted| emitted.index);
        all.logged.sort_by_key(|logged| logged.index);
        all.logged.truncate(LOG_LINES);
        all
    }
}

impl RunCounts {
    /// Events that a handler took.
    pub fn matched_total(&self) -> u64 {
        self.matched.values().sum()
    }

    /// Adds what another run counted.
    fn add(&mut self, other: Self) {
        self.events += other.events;
        self.skipped += other.skipped;
        self.undecodable += other.undecodable;
        self.logged += other.logged;
        self.logged_cut += other.logged_cut;
        add_all(&mut self.matched, other.matched);
        add_all(&mut self.unmatched, other.unmatched);
        add_all(&mut self.inexact, other.inexact);
        add_all(&mut self.not_a_number, other.not_a_number);
    }
}

/// Adds counts to others.
fn add_all<K: Ord>(counts: &mut BTreeMap<K, u64>, others: BTreeMap<K, u64>) {
    for (key, count) in others {
        *counts.entry(key).or_default() += count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fold::javascript::Limits;
    use crate::fold::javascript::tests::Events;

    #[test]
    fn states_that_are_put_aside_for_want_of_memory_come_back_as_they_were() {
        let script =
            "fromAll().foreachStream().when({ $init: () => ({ n: 0, text: 'x'.repeat(20000) }),
            $any(s, e) { s.n += e.body.n; s.last = e.eventType } }).transformBy(s => s.n)";
        let limits = Limits { memory_bytes: 24 << 20, ..Limits::default() };
        let program = Program::read_within("test.js", script, limits).unwrap();
        let mut events = Events::new();
        for round in 1..=2 {
            for entity in 0..1500 {
                events = events.and(&format!("{entity:04}"), "X", &format!(r#"{{"n":{round}}}"#));
            }
        }
        let batch = events.into_batch();
        let mut run = ProjectionRun::new(&program, Share::ALL).unwrap();
        for (index, at) in (0..).zip(0..batch.len()) {
            run.apply(index, &batch, at).unwrap();
            if index % 250 == 249 {
                run.look_at_event = index;
                run.look_at_memory(index).unwrap();
            }
        }
        let parked = run.slots.iter().filter(|slot| slot.parked.is_some()).count();
        assert!(parked > 500, "30 MB do not fit: {parked}");
        let outcome = run.finish().unwrap();
        assert_eq!(outcome.partitions.len(), 1500);
        for partition in &outcome.partitions {
            assert_eq!(partition.shown().to_json(), "3", "{}", partition.name);
            assert_eq!(partition.state.get("n").unwrap().to_json(), "3");
        }
    }
}
