//! States in between, found again from the nearest key frame.
//!
//! Promises: only the events of one partition are applied, at most as many as lie between two
//! frames; stepping on from the last answer applies one.
//! Does not know: which step is asked for next.

use std::cell::RefCell;
use std::sync::{Arc, Weak};

use super::{StepEffect, Trace};
use crate::fold::javascript::definition::Route;
use crate::fold::javascript::engine::{Current, Engine, Naming};
use crate::fold::javascript::types::{Type, Types};
use crate::fold::javascript::{Fault, Partitioning};
use crate::model::Value;

/// The states around an event.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StepStates {
    /// The state of its partition before it; `null` where it has not begun.
    pub before: Value,
    /// The same after it.
    pub after: Value,
    /// What the projection makes of the state after it, where it makes something of states.
    pub result: Option<Value>,
}

thread_local! {
    /// The engine of this thread, with the trace it holds states of.
    static REPLAYER: RefCell<Option<(Weak<Trace>, Replayer)>> = const { RefCell::new(None) };
}

/// All partitions in one engine.
pub(super) fn whole() -> Naming {
    Naming::Shared { engine: 0, engines: 1 }
}

/// An engine that holds a state of a trace.
pub(super) struct Replayer {
    /// The engine.
    engine: Engine,
    /// The types met.
    types: Types,
    /// The partition whose state it holds, after how many of its events, under which number.
    holds: Option<(u32, usize, u32)>,
}

impl Trace {
    /// The states around the event with this index; of an event that was not applied, `null`.
    ///
    /// # Errors
    /// When memory does not suffice.
    pub fn states_around(self: &Arc<Self>, index: u64) -> Result<StepStates, Fault> {
        REPLAYER.with_borrow_mut(|kept| {
            let own = kept.as_ref().is_some_and(|(trace, _)| trace.as_ptr() == Arc::as_ptr(self));
            let mut replayer = match kept.take().filter(|_| own) {
                Some((_, replayer)) => replayer,
                None => Replayer::new(self)?,
            };
            let states = replayer.states_around(self, index)?;
            *kept = Some((Arc::downgrade(self), replayer));
            Ok(states)
        })
    }
}

impl Replayer {
    /// An engine that holds nothing.
    pub(super) fn new(trace: &Trace) -> Result<Self, Fault> {
        let engine = trace.program.engine(whole())?;
        Ok(Self { engine, types: Types::default(), holds: None })
    }

    /// The states around an event.
    fn states_around(&mut self, trace: &Trace, index: u64) -> Result<StepStates, Fault> {
        let Some(step) = trace.step(index) else { return Ok(StepStates::default()) };
        let Some(partition) = trace.partitions.get(step.partition as usize) else {
            return self.states_without(trace, index, step.effect);
        };
        let wanted = u32::try_from(index).unwrap_or(u32::MAX);
        let own = partition.events.partition_point(|event| *event < wanted);
        let before = self.state_text(trace, step.partition, own)?;
        let before = self.told(trace, before.as_deref(), wanted)?;
        let after = self.state_text(trace, step.partition, own + 1)?;
        let result = match &after {
            Some(text) if trace.program.definition().transforms => {
                let result = self.engine.result_of(text)?;
                Some(self.engine.value(result.as_deref())?)
            }
            _ => None,
        };
        let after = self.told(trace, after.as_deref(), wanted.saturating_add(1))?;
        Ok(StepStates { before, after, result })
    }

    /// The states around an event that was not applied: that of its entity's stream, unchanged,
    /// where there is one.
    fn states_without(
        &mut self,
        trace: &Trace,
        index: u64,
        effect: StepEffect,
    ) -> Result<StepStates, Fault> {
        let definition = trace.program.definition();
        let input = trace.inputs.input(usize::try_from(index).unwrap_or(usize::MAX));
        let partition = match (definition.partition, input.entity.clone()) {
            _ if effect == StepEffect::Elsewhere => None,
            (Partitioning::None, _) => Some(0),
            (Partitioning::Stream, Some(entity)) => {
                trace.streams.get(&(Arc::clone(&input.category), entity)).copied()
            }
            _ => None,
        };
        let known =
            partition.and_then(|number| Some((number, trace.partitions.get(number as usize)?)));
        let Some((number, partition)) = known else { return Ok(StepStates::default()) };
        let at = u32::try_from(index).unwrap_or(u32::MAX);
        let own = partition.events.partition_point(|event| *event < at);
        let text = self.state_text(trace, number, own)?;
        let state = self.told(trace, text.as_deref(), at)?;
        Ok(StepStates { before: state.clone(), after: state, result: None })
    }

    /// A state as a value; with the one that all partitions share, before the event with this
    /// index.
    fn told(&self, trace: &Trace, text: Option<&str>, index: u32) -> Result<Value, Fault> {
        let own = self.engine.value(text)?;
        if !trace.program.definition().bi_state {
            return Ok(own);
        }
        Ok(Value::array([own, self.engine.value(trace.shared_before(index))?]))
    }

    /// The state of a partition after so many of its events, as JSON text; `None` where it has not
    /// begun.
    pub(super) fn state_text(
        &mut self,
        trace: &Trace,
        number: u32,
        own: usize,
    ) -> Result<Option<String>, Fault> {
        let Some(partition) = trace.partitions.get(number as usize) else { return Ok(None) };
        let frame = partition.frames.partition_point(|(count, _)| *count as usize <= own);
        let frame = frame.checked_sub(1).and_then(|frame| partition.frames.get(frame));
        let (from, text) =
            frame.map_or((0, None), |(count, text)| (*count as usize, text.as_deref()));
        let held = self.holds.filter(|(held, at, _)| *held == number && (from..=own).contains(at));
        let (mut at, slot) = if let Some((_, at, slot)) = held {
            (at, slot)
        } else {
            let slot = self.slot(trace, &partition.name)?;
            self.engine.restore(slot, text)?;
            (from, slot)
        };
        assert!(at <= own, "a state to replay from lies before the one asked for");
        assert!(own <= partition.events.len(), "only events of the partition are replayed");
        self.holds = None;
        while at < own {
            self.apply(trace, partition.events[at], slot)?;
            at += 1;
        }
        self.holds = Some((number, at, slot));
        self.engine.told(slot)
    }

    /// Under which number this engine holds a partition.
    fn slot(&mut self, trace: &Trace, name: &str) -> Result<u32, Fault> {
        if trace.program.definition().partition != Partitioning::By {
            return Ok(0);
        }
        let slot = self.engine.slot(name)?;
        Ok(u32::try_from(slot).unwrap_or(0))
    }

    /// Applies an event that was applied before.
    fn apply(&mut self, trace: &Trace, index: u32, slot: u32) -> Result<(), Fault> {
        let definition = trace.program.definition();
        let input = trace.inputs.input(index as usize);
        if definition.bi_state {
            self.engine.restore_shared(trace.shared_before(index))?;
        }
        let Type { handler, number } =
            self.types.of(&mut self.engine, definition, &input.event_type)?;
        match definition.route(&input, handler) {
            Route::Delete => {
                let name = input.stream();
                self.engine.remove(slot, &name, Current::One(input))?;
            }
            Route::Handler(handler) => {
                let raw = input.raw.clone();
                let body = trace.program.body(raw.as_deref().filter(|_| input.is_json), handler);
                let current = Current::One(input);
                self.engine.step(handler, number, body.as_engine(), slot, current)?;
            }
            _ => {}
        }
        let native = self.engine.native();
        if native.has_news() {
            native.take_emitted();
            native.take_logged();
            native.take_not_a_number();
        }
        Ok(())
    }
}
