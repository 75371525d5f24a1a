//! The first pass over the events: what each did, with a key frame now and then.
//!
//! Promises: a trace that goes on from another applies only the events from there on; a state of
//! before is folded from a key frame, and only when an event touches it. Memory for frames is
//! bounded by keeping fewer.
//! Does not know: how states in between are found again (`replay`).

use std::cell::RefCell;
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64;

use super::replay::{Replayer, whole};
use super::{Partition, StepEffect, Trace, TraceInputs, TraceStep};
use crate::fold::javascript::definition::Route;
use crate::fold::javascript::engine::{Current, Engine, Stepped};
use crate::fold::javascript::number_check::inexact_numbers;
use crate::fold::javascript::types::{Type, Types};
use crate::fold::javascript::{
    Emitted, Fault, Logged, Partitioning, Program, ProjectionInput, RunCounts, RunFailure,
};
use crate::model::Cancel;

/// The smallest number of own events between frames of a partition.
const MIN_DISTANCE: u32 = 64;

/// What frames may take, in bytes.
const FRAME_BUDGET_BYTES: usize = 192 << 20;

/// What the states that all partitions share may take, in bytes.
const SHARED_BUDGET_BYTES: usize = 512 << 20;

/// How many lines of a log are kept.
const LOG_LINES: usize = 100_000;

/// What emitted events may take, in bytes.
const EMITTED_BYTES: usize = 256 << 20;

/// After how many events progress is told and the switch looked at.
const EVENTS_PER_LOOK: usize = 1024;

/// Why there is no trace.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TraceError {
    /// It was stopped.
    #[error("stopped")]
    Cancelled,
    /// What it keeps does not fit, or no engine could be had.
    #[error("{0}")]
    Broken(Fault),
}

impl From<Fault> for TraceError {
    fn from(fault: Fault) -> Self {
        Self::Broken(fault)
    }
}

/// The first pass.
struct Recording {
    /// The trace so far.
    trace: Trace,
    /// The engine.
    engine: Engine,
    /// The types met.
    types: Types,
    /// The hash of the state that all partitions share.
    shared_hash: u64,
    /// What the shared states kept take, in bytes.
    shared_bytes: usize,
    /// What emitted events take, in bytes.
    emitted_bytes: usize,
}

impl Trace {
    /// Runs a script over events. `told` is told now and then how many were applied.
    ///
    /// # Errors
    /// When it was cancelled, or something does not fit into memory. What the script does wrong is
    /// part of the trace.
    pub fn record(
        program: &Program,
        inputs: Arc<dyn TraceInputs>,
        cancel: &Cancel,
        told: &mut dyn FnMut(u64),
    ) -> Result<Self, TraceError> {
        let mut partitions = Vec::new();
        if program.definition().partition == Partitioning::None {
            partitions.push(Partition::default());
        }
        let trace = Self {
            program: program.clone(),
            steps: Vec::with_capacity(inputs.len()),
            inputs,
            partitions,
            streams: std::collections::HashMap::new(),
            distance: MIN_DISTANCE,
            frame_bytes: 0,
            shared: Vec::new(),
            emitted: Vec::new(),
            logged: Vec::new(),
            not_a_number: Vec::new(),
            counts: RunCounts::default(),
            failure: None,
            resumed_at: 0,
        };
        let engine = program.engine(whole())?;
        Recording::new(trace, engine).run(cancel, told)
    }

    /// Runs the same script over other events, of which those before this index are the same as
    /// here.
    ///
    /// # Errors
    /// As of `record`.
    pub fn resume(
        self: &Arc<Self>,
        inputs: Arc<dyn TraceInputs>,
        first: u64,
        cancel: &Cancel,
        told: &mut dyn FnMut(u64),
    ) -> Result<Self, TraceError> {
        let first = first.min(self.len()).min(inputs.len() as u64);
        let index = u32::try_from(first).unwrap_or(u32::MAX);
        let mut engine = self.program.engine(whole())?;
        let mut trace = self.before(inputs, index);
        if self.program.definition().partition == Partitioning::By {
            for partition in &trace.partitions {
                engine.slot(&partition.name)?;
            }
        }
        if self.program.definition().bi_state {
            engine.restore_shared(self.shared_before(index))?;
        }
        let replayer = RefCell::new(Replayer::new(self)?);
        let base = Arc::clone(self);
        engine.native().revive_with(move |partition| {
            let known = base.partitions.get(partition as usize)?;
            let own = known.events.partition_point(|event| *event < index);
            replayer.borrow_mut().state_text(&base, partition, own).ok().flatten()
        });
        assert_eq!(trace.len(), first, "what comes before the first change is taken over");
        trace.resumed_at = first;
        Recording::new(trace, engine).run(cancel, told)
    }

    /// What this trace is before the event with this index, over these events.
    fn before(&self, inputs: Arc<dyn TraceInputs>, index: u32) -> Self {
        let mut frame_bytes = 0;
        let mut partitions: Vec<Partition> = Vec::with_capacity(self.partitions.len());
        for partition in &self.partitions {
            let own = partition.events.partition_point(|event| *event < index);
            if own == 0 && self.program.definition().partition != Partitioning::None {
                break; // This one, and all after it, came later.
            }
            let last = own.checked_sub(1).and_then(|last| partition.events.get(last));
            let last = last.and_then(|event| self.steps.get(*event as usize));
            let frames = partition.frames.iter().filter(|(count, _)| *count as usize <= own);
            let frames: Vec<_> = frames.cloned().collect();
            frame_bytes += frames.iter().map(|(_, text)| bytes_of(text.as_deref())).sum::<usize>();
            partitions.push(Partition {
                name: Arc::clone(&partition.name),
                entity: partition.entity.clone(),
                events: partition.events.get(..own).unwrap_or_default().to_vec(),
                frames,
                state_hash: last.map_or(0, |step| step.state_hash),
            });
        }
        let streams =
            self.streams.iter().filter(|(_, number)| (**number as usize) < partitions.len());
        let index_64 = u64::from(index);
        let mut steps = Vec::with_capacity(inputs.len());
        steps.extend_from_slice(self.steps.get(..index as usize).unwrap_or_default());
        let mut counts = RunCounts::default();
        for (at, step) in (0..).zip(&steps) {
            count(&mut counts, &self.inputs.input(at), step.effect);
            counts.logged += u64::from(step.logged);
        }
        let not_a_number = self.not_a_number.iter().filter(|(at, ..)| *at < index);
        let not_a_number: Vec<_> = not_a_number.cloned().collect();
        for (_, path, count) in &not_a_number {
            *counts.not_a_number.entry(path.to_string()).or_default() += count;
        }
        Self {
            program: self.program.clone(),
            inputs,
            steps,
            streams: streams.map(|(stream, number)| (stream.clone(), *number)).collect(),
            partitions,
            distance: self.distance,
            frame_bytes,
            shared: self.shared.iter().filter(|(at, _)| *at < index).cloned().collect(),
            emitted: self.emitted.iter().filter(|one| one.index < index_64).cloned().collect(),
            logged: self.logged.iter().filter(|one| one.index < index_64).cloned().collect(),
            not_a_number,
            counts,
            failure: None,
            resumed_at: 0,
        }
    }
}

/// How many bytes a text has.
fn bytes_of(text: Option<&str>) -> usize {
    text.map_or(0, str::len)
}

/// The hash of a state.
fn hash_of(text: Option<&str>) -> u64 {
    text.map_or(0, |text| xxh3_64(text.as_bytes()).max(1))
}

/// Counts an event.
fn count(counts: &mut RunCounts, input: &ProjectionInput, effect: StepEffect) {
    counts.events += u64::from(effect != StepEffect::Elsewhere);
    match effect {
        StepEffect::Changed | StepEffect::Unchanged => {
            *counts.matched.entry(Arc::clone(&input.event_type)).or_default() += 1;
            if let Some(raw) = input.raw.as_deref().filter(|_| input.is_json) {
                for place in inexact_numbers(raw) {
                    *counts.inexact.entry(place.to_string()).or_default() += 1;
                }
            }
        }
        StepEffect::Unmatched => {
            *counts.unmatched.entry(Arc::clone(&input.event_type)).or_default() += 1;
        }
        StepEffect::Skipped => counts.skipped += 1,
        StepEffect::Undecodable => counts.undecodable += 1,
        StepEffect::Elsewhere | StepEffect::Failed => {}
    }
}

impl Recording {
    /// Nothing applied yet.
    fn new(trace: Trace, engine: Engine) -> Self {
        let shared_hash = hash_of(trace.shared.last().map(|(_, text)| &**text));
        let shared_bytes = trace.shared.iter().map(|(_, text)| text.len()).sum();
        Self { trace, engine, types: Types::default(), shared_hash, shared_bytes, emitted_bytes: 0 }
    }

    /// Applies all events that were not applied.
    fn run(mut self, cancel: &Cancel, told: &mut dyn FnMut(u64)) -> Result<Trace, TraceError> {
        let from = self.trace.steps.len();
        for at in from..self.trace.inputs.len() {
            if (at - from).is_multiple_of(EVENTS_PER_LOOK) {
                if cancel.is_cancelled() {
                    return Err(TraceError::Cancelled);
                }
                told((at - from) as u64);
            }
            let input = self.trace.inputs.input(at);
            match self.take(at, &input) {
                Ok(step) => {
                    count(&mut self.trace.counts, &input, step.effect);
                    self.trace.steps.push(step);
                }
                Err(fault) => {
                    self.trace.steps.push(TraceStep::without(StepEffect::Failed));
                    let event_type = Arc::clone(&input.event_type);
                    let position = input.position();
                    let index = at as u64;
                    self.trace.failure = Some(RunFailure { index, position, event_type, fault });
                    break;
                }
            }
            if SHARED_BUDGET_BYTES < self.shared_bytes {
                let words = "the states that all partitions share do not fit into memory; narrow the events down";
                return Err(self.broken(words));
            }
        }
        let steps = &self.trace.steps;
        assert!(steps.len() <= self.trace.inputs.len(), "a step is one of an event");
        let logged: u64 = steps.iter().map(|step| u64::from(step.logged)).sum();
        assert_eq!(logged, self.trace.counts.logged, "every line is one of an event applied");
        Ok(self.trace)
    }

    /// That something does not fit.
    fn broken(&self, words: &str) -> TraceError {
        let script = Arc::clone(self.trace.program.name());
        TraceError::Broken(Fault { script, message: words.to_owned(), place: None })
    }

    /// Applies an event.
    fn take(&mut self, at: usize, input: &ProjectionInput) -> Result<TraceStep, Fault> {
        let without = |effect| Ok(TraceStep::without(effect));
        let definition = self.trace.program.definition();
        let Type { handler, number } =
            self.types.of(&mut self.engine, definition, &input.event_type)?;
        match definition.route(input, handler) {
            Route::Elsewhere => without(StepEffect::Elsewhere),
            Route::NoEntity => without(StepEffect::Skipped),
            Route::Undecodable => without(StepEffect::Undecodable),
            Route::Unmatched => without(StepEffect::Unmatched),
            Route::Delete => {
                let partition = self.partition_of(input);
                let name = Arc::clone(&self.trace.partitions[partition as usize].name);
                self.engine.remove(partition, &name, Current::One(input.clone()))?;
                self.applied(at, partition, input)
            }
            Route::Handler(handler) => {
                let partition = self.partition_of(input);
                let json = input.raw.as_deref().filter(|_| input.is_json);
                let body = self.trace.program.body(json, handler);
                let current = Current::One(input.clone());
                match self.engine.step(handler, number, body.as_engine(), partition, current)? {
                    Stepped::Applied(partition) => self.applied(at, partition, input),
                    Stepped::Skipped | Stepped::Elsewhere => without(StepEffect::Skipped),
                }
            }
        }
    }

    /// The number of the partition of an event, unless the script names it.
    fn partition_of(&mut self, input: &ProjectionInput) -> u32 {
        let (Partitioning::Stream, Some(entity)) =
            (self.trace.program.definition().partition, &input.entity)
        else {
            return 0;
        };
        let stream = (Arc::clone(&input.category), entity.clone());
        if let Some(known) = self.trace.streams.get(&stream) {
            return *known;
        }
        let number = u32::try_from(self.trace.partitions.len()).unwrap_or(u32::MAX);
        let name = input.stream().into();
        let entity = Some(entity.clone());
        self.trace.partitions.push(Partition { name, entity, ..Partition::default() });
        self.trace.streams.insert(stream, number);
        number
    }

    /// Notes what an event left.
    fn applied(
        &mut self,
        at: usize,
        number: u32,
        input: &ProjectionInput,
    ) -> Result<TraceStep, Fault> {
        let known = self.trace.partitions.len();
        if known <= number as usize {
            let new = self.engine.native().partitions_from(known);
            let named = |name: String| Partition { name: name.into(), ..Partition::default() };
            self.trace.partitions.extend(new.into_iter().map(named));
        }
        let text = self.engine.told(number)?;
        let shared_changed = self.note_shared(at)?;
        let index = u32::try_from(at).unwrap_or(u32::MAX);
        let state_hash = hash_of(text.as_deref());
        let distance = self.trace.distance;
        let partition = &mut self.trace.partitions[number as usize];
        let changed = partition.state_hash != state_hash || shared_changed;
        partition.state_hash = state_hash;
        let is_later = partition.events.last().is_none_or(|last| *last < index);
        assert!(is_later, "an event is applied to a partition once, in order");
        partition.events.push(index);
        let own = u32::try_from(partition.events.len()).unwrap_or(u32::MAX);
        if own.is_multiple_of(distance) {
            let is_later = partition.frames.last().is_none_or(|(last, _)| *last < own);
            assert!(is_later, "frames of a partition are in order");
            self.trace.frame_bytes += bytes_of(text.as_deref());
            partition.frames.push((own, text.map(Arc::from)));
            self.thin();
        }
        let has_news = self.engine.native().has_news();
        let logged = if has_news { self.take_news(index, input)? } else { 0 };
        let effect = if changed { StepEffect::Changed } else { StepEffect::Unchanged };
        Ok(TraceStep { partition: number, effect, state_hash, logged })
    }

    /// Keeps the state that all partitions share when it changed.
    fn note_shared(&mut self, at: usize) -> Result<bool, Fault> {
        if !self.trace.program.definition().bi_state {
            return Ok(false);
        }
        let Some(text) = self.engine.told_shared()? else { return Ok(false) };
        let hash = hash_of(Some(&text));
        if hash == self.shared_hash {
            return Ok(false);
        }
        self.shared_hash = hash;
        self.shared_bytes += text.len();
        self.trace.shared.push((u32::try_from(at).unwrap_or(u32::MAX), text.into()));
        Ok(true)
    }

    /// Forgets every second frame while they take too much.
    fn thin(&mut self) {
        while FRAME_BUDGET_BYTES < self.trace.frame_bytes && self.trace.distance < 1 << 30 {
            self.trace.distance *= 2;
            let distance = self.trace.distance;
            let mut bytes = 0;
            for partition in &mut self.trace.partitions {
                partition.frames.retain(|(own, _)| own.is_multiple_of(distance));
                bytes += partition
                    .frames
                    .iter()
                    .map(|(_, text)| bytes_of(text.as_deref()))
                    .sum::<usize>();
            }
            self.trace.frame_bytes = bytes;
        }
    }

    /// Takes what an event emitted and logged. Says how many lines it logged.
    fn take_news(&mut self, at: u32, input: &ProjectionInput) -> Result<u32, Fault> {
        let index = u64::from(at);
        let native = self.engine.native();
        for (path, count) in native.take_not_a_number() {
            self.trace.not_a_number.push((at, path.as_str().into(), count));
            *self.trace.counts.not_a_number.entry(path).or_default() += count;
        }
        let logged = native.take_logged();
        let room = LOG_LINES - self.trace.logged.len();
        self.trace.logged.extend(logged.lines.into_iter().take(room).map(|line| Logged {
            index,
            position: input.position(),
            text: line.into(),
        }));
        let lines = u32::try_from(logged.count).unwrap_or(u32::MAX);
        self.trace.counts.logged += u64::from(lines);
        self.trace.counts.logged_cut += logged.cut;
        for text in native.take_emitted() {
            self.emitted_bytes += text.body.len() + text.stream.len() + size_of::<Emitted>();
            if EMITTED_BYTES < self.emitted_bytes {
                let message =
                    format!("it emitted more than {} MiB, which are not kept", EMITTED_BYTES >> 20);
                let script = Arc::clone(self.trace.program.name());
                return Err(Fault { script, message, place: None });
            }
            self.trace.emitted.push(Emitted {
                index,
                cause: input.position(),
                stream: text.stream.into(),
                event_type: text.event_type.into(),
                body: self.engine.value(Some(&text.body))?,
                metadata: text.metadata.map(|text| self.engine.value(Some(&text))).transpose()?,
            });
        }
        Ok(lines)
    }
}
