//! Watch expressions: what a JavaScript expression says after every event, over the whole trace.
//!
//! Promises: an expression sees `state`, `before` and `event` and changes nothing; one that throws
//! says so at the events it throws at, and the rest goes on; one that loops ends the watch, not the
//! program.
//! Does not know: who watches.

use std::collections::HashMap;
use std::sync::Arc;

use super::record::TraceError;
use super::replay::Replayer;
use super::replay::whole;
use super::{NO_PARTITION, Trace};
use crate::fold::javascript::engine::{Current, Engine};
use crate::fold::javascript::types::{Type, Types};
use crate::fold::javascript::{Fault, Program};
use crate::model::Cancel;

/// After how many events progress is told and the switch looked at.
const EVENTS_PER_LOOK: usize = 1024;

/// How much of a value is kept, in bytes.
const VALUE_BYTES: usize = 512;

/// How many changes of a watch are kept.
const CHANGES_MAX: usize = 1_000_000;

/// Another value of a watch in its partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchChange {
    /// The event that led to it.
    pub index: u64,
    /// The number of the partition.
    pub partition: u32,
    /// The value as JSON text, or why there is none.
    pub text: Arc<str>,
    /// Whether the expression threw.
    pub threw: bool,
}

/// What an expression said over a whole trace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watched {
    /// Its changes in order, each from one event of a partition to the next of the same partition.
    changes: Vec<WatchChange>,
    /// The numbers of the changes of each partition.
    by_partition: HashMap<u32, Vec<u32>>,
    /// The events after which it was true.
    hits: Vec<u32>,
    /// Why it ended early.
    problem: Option<Arc<str>>,
}

impl Watched {
    /// Why it ended early.
    pub fn problem(&self) -> Option<&Arc<str>> {
        self.problem.as_ref()
    }

    /// Its changes in order.
    pub fn changes(&self) -> &[WatchChange] {
        &self.changes
    }

    /// The events after which it was true, ascending.
    pub fn hits(&self) -> &[u32] {
        &self.hits
    }

    /// The numbers of its changes in the partition of an event; all of them where the event has
    /// none.
    pub fn changes_beside(&self, trace: &Trace, index: Option<u64>) -> Vec<u32> {
        let partition = index.and_then(|index| trace.step(index)).map(|step| step.partition);
        match partition.filter(|partition| *partition != NO_PARTITION) {
            Some(partition) => self.by_partition.get(&partition).cloned().unwrap_or_default(),
            None => (0..u32::try_from(self.changes.len()).unwrap_or(u32::MAX)).collect(),
        }
    }

    /// The first event after this one that changed it in the same partition; the first at all for
    /// `None`.
    pub fn next_change(&self, trace: &Trace, index: Option<u64>) -> Option<u64> {
        let own = self.changes_beside(trace, index);
        let at = own.partition_point(|number| Some(self.changes[*number as usize].index) <= index);
        own.get(at).map(|number| self.changes[*number as usize].index)
    }

    /// The last event before this one that changed it in the same partition.
    pub fn previous_change(&self, trace: &Trace, index: u64) -> Option<u64> {
        let own = self.changes_beside(trace, Some(index));
        let at = own.partition_point(|number| self.changes[*number as usize].index < index);
        let number = own.get(at.checked_sub(1)?)?;
        Some(self.changes[*number as usize].index)
    }

    /// The first event from this one on after which it was true.
    pub fn next_hit(&self, from: u64) -> Option<u64> {
        let at = self.hits.partition_point(|hit| u64::from(*hit) < from);
        self.hits.get(at).map(|hit| u64::from(*hit))
    }

    /// The last event before this one after which it was true.
    pub fn previous_hit(&self, before: u64) -> Option<u64> {
        let at = self.hits.partition_point(|hit| u64::from(*hit) < before);
        self.hits.get(at.checked_sub(1)?).map(|hit| u64::from(*hit))
    }

    /// The value after an event in its partition.
    pub fn at(&self, trace: &Trace, index: u64) -> Option<&WatchChange> {
        let partition = trace.step(index)?.partition;
        let own = self.by_partition.get(&partition)?;
        let change = |number: &u32| self.changes.get(*number as usize);
        let count =
            own.partition_point(|number| change(number).is_some_and(|at| at.index <= index));
        change(own.get(count.checked_sub(1)?)?)
    }
}

/// The script that evaluates an expression.
fn script_of(expression: &str) -> String {
    format!(
        "fromAll().when({{ $any: ({{ state, before }}, event) => {{ try {{ return {{ value: (\n{expression}\n) }} }} catch (thrown) {{ return {{ threw: String(thrown) }} }} }} }})"
    )
}

/// An expression in an engine.
struct Evaluator {
    /// The script.
    program: Program,
    /// The engine.
    engine: Engine,
    /// The types met.
    types: Types,
}

impl Evaluator {
    /// An expression, understood.
    fn new(expression: &str, trace: &Trace) -> Result<Self, Fault> {
        let program = Trace::watch_program(expression, trace.program())?;
        let engine = program.engine(whole())?;
        Ok(Self { program, engine, types: Types::default() })
    }

    /// What it says after an event: as JSON, or what it threw.
    fn value(
        &mut self,
        trace: &Trace,
        index: usize,
        before: Option<&str>,
        after: Option<&str>,
    ) -> Result<(String, bool), Fault> {
        let input = trace.inputs.input(index);
        let given = format!(
            "{{\"state\":{},\"before\":{}}}",
            after.unwrap_or("null"),
            before.unwrap_or("null")
        );
        self.engine.restore(0, Some(&given))?;
        let definition = self.program.definition();
        let Type { number, .. } = self.types.of(&mut self.engine, definition, &input.event_type)?;
        let raw = input.raw.clone();
        let body = self.program.body(raw.as_deref().filter(|_| input.is_json), 1);
        self.engine.step(1, number, body.as_engine(), 0, Current::One(input))?;
        let native = self.engine.native();
        if native.has_news() {
            native.take_emitted();
            native.take_logged();
            native.take_not_a_number();
        }
        let told = self.engine.told(0)?.unwrap_or_default();
        let inside = |name: &str| told.strip_prefix(name)?.strip_suffix('}').map(str::to_owned);
        Ok(match (inside("{\"value\":"), inside("{\"threw\":")) {
            (Some(value), _) => (value, false),
            (None, Some(thrown)) => (thrown.trim_matches('"').to_owned(), true),
            (None, None) => ("undefined".to_owned(), false),
        })
    }
}

/// Whether a value counts as true.
fn is_true(text: &str) -> bool {
    !matches!(text, "false" | "null" | "undefined" | "0" | "\"\"")
}

impl Trace {
    /// Reads a watch expression for the events of a script.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn watch_program(expression: &str, script: &Program) -> Result<Program, Fault> {
        let read = Program::read("expression", &script_of(expression));
        let exact = script.has_exact_numbers();
        let fault = |fault: Fault| {
            // The first line is not the user's own.
            let place = fault.place.map(|(line, column)| (line.saturating_sub(1).max(1), column));
            Fault { place, ..fault }
        };
        Ok(read.map_err(fault)?.with_exact_numbers(exact))
    }

    /// What an expression says after every event. `told` is told now and then how many were looked
    /// at.
    ///
    /// # Errors
    /// When it was cancelled, or is no expression.
    pub fn watch(
        self: &Arc<Self>,
        expression: &str,
        cancel: &Cancel,
        told: &mut dyn FnMut(u64),
    ) -> Result<Watched, TraceError> {
        let mut evaluator = Evaluator::new(expression, self)?;
        let mut watching = Watching { watched: Watched::default(), last: HashMap::new() };
        let mut replayer = Replayer::new(self)?;
        let mut seen = 0;
        // Partition by partition, so that each state is one event away from the one before.
        for (number, partition) in (0_u32..).zip(&self.partitions) {
            let mut before = None;
            for (own, index) in (1..).zip(&partition.events) {
                if usize::is_multiple_of(seen, EVENTS_PER_LOOK) {
                    if cancel.is_cancelled() {
                        return Err(TraceError::Cancelled);
                    }
                    told(seen as u64);
                }
                seen += 1;
                let after = replayer.state_text(self, number, own)?;
                match evaluator.value(self, *index as usize, before.as_deref(), after.as_deref()) {
                    Ok(value) => watching.note(number, *index, value),
                    Err(fault) => {
                        watching.watched.problem = Some(fault.message.into());
                        return Ok(watching.ended());
                    }
                }
                before = after;
            }
        }
        Ok(watching.ended())
    }
}

/// A watch being worked out.
struct Watching {
    /// What is known.
    watched: Watched,
    /// The last value of each partition.
    last: HashMap<u32, (Arc<str>, bool)>,
}

impl Watching {
    /// Notes a value.
    fn note(&mut self, partition: u32, index: u32, (mut text, threw): (String, bool)) {
        if !threw && is_true(&text) {
            self.watched.hits.push(index);
        }
        text.truncate(text.floor_char_boundary(VALUE_BYTES));
        let is_same = self
            .last
            .get(&partition)
            .is_some_and(|(last, last_threw)| **last == *text && *last_threw == threw);
        if is_same || partition == NO_PARTITION || CHANGES_MAX <= self.watched.changes.len() {
            return;
        }
        let text: Arc<str> = text.into();
        self.last.insert(partition, (Arc::clone(&text), threw));
        let index = u64::from(index);
        self.watched.changes.push(WatchChange { index, partition, text, threw });
    }

    /// What is known, in the order of the events.
    fn ended(mut self) -> Watched {
        self.watched.hits.sort_unstable();
        self.watched.changes.sort_by_key(|change| change.index);
        for (number, change) in (0_u32..).zip(&self.watched.changes) {
            self.watched.by_partition.entry(change.partition).or_default().push(number);
        }
        self.watched
    }
}
