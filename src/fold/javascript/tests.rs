//! Scripts run over events that are built in a line each.

mod bad_input;
mod conformance;
mod execution;
mod of_entity;
mod random_states;
mod states;
mod world;

use std::sync::Arc;

use super::*;
use crate::decode::Decoder;
use crate::model::{EntityId, TimestampType, Transaction};

/// Events of the category `order` in the topic `orders`, one after the other.
#[derive(Debug, Default)]
pub(super) struct Events(Vec<ProjectionInput>);

impl Events {
    /// No event yet.
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// One event more, of this entity and type, with this JSON text for a body.
    pub(super) fn and(self, entity: &str, event_type: &str, body: &str) -> Self {
        self.and_value(entity, event_type, Some(body))
    }

    /// A tombstone more.
    pub(super) fn and_tombstone(self, entity: &str) -> Self {
        self.and_value(entity, "tombstone", None)
    }

    /// An event more with this value, which need not be JSON.
    pub(super) fn and_value(mut self, entity: &str, event_type: &str, value: Option<&str>) -> Self {
        let offset = i64::try_from(self.0.len()).unwrap();
        let entity = EntityId::new(entity);
        let before = self.0.iter().filter(|input| input.entity.as_ref() == Some(&entity)).count();
        let decoded = Decoder::Auto.decode(value.map(str::as_bytes));
        self.0.push(ProjectionInput {
            topic: "orders".into(),
            partition: 0,
            offset,
            timestamp_ms: 1_795_428_900_000 + offset * 1000,
            timestamp_type: TimestampType::CreateTime,
            transaction: Transaction::Committed,
            category: "order".into(),
            sequence: before as u64,
            event_type: event_type.into(),
            key: Some(Arc::from(entity.as_bytes())),
            entity: Some(entity),
            raw: value.map(|value| value.as_bytes().into()),
            is_json: decoded.json().is_some(),
            is_undecodable: decoded.failure().is_some(),
            headers: Arc::from([]),
        });
        self
    }

    /// Changes the last event.
    pub(super) fn but(mut self, change: impl FnOnce(&mut ProjectionInput)) -> Self {
        change(self.0.last_mut().unwrap());
        self
    }

    /// The events as a run takes them.
    pub(super) fn into_batch(self) -> Arc<[ProjectionInput]> {
        self.0.into()
    }

    /// These events, all of one entity and type, with these bodies.
    pub(super) fn of_bodies(event_type: &str, bodies: &[&str]) -> Self {
        bodies.iter().fold(Self::new(), |events, body| events.and("o-1", event_type, body))
    }
}

/// What a script makes of events, or why it does not.
pub(super) fn try_run(script: &str, events: Events) -> Result<ProjectionOutcome, String> {
    let program = Program::read("test.js", script).map_err(|fault| fault.to_string())?;
    run_program(&program, Share::ALL, events)
}

/// What a program makes of its share of events, or why it does not.
pub(super) fn run_program(
    program: &Program,
    share: Share,
    events: Events,
) -> Result<ProjectionOutcome, String> {
    let mut run = ProjectionRun::new(program, share).map_err(|fault| fault.to_string())?;
    let batch = events.into_batch();
    for (index, at) in (0..).zip(0..batch.len()) {
        run.apply(index, &batch, at)
            .map_err(|failure| format!("{}: {}", failure.position, failure.fault))?;
    }
    run.finish().map_err(|fault| fault.to_string())
}

/// What a script makes of events.
pub(super) fn run(script: &str, events: Events) -> ProjectionOutcome {
    try_run(script, events).unwrap()
}

/// Why a script does not run over events.
pub(super) fn failure(script: &str, events: Events) -> String {
    try_run(script, events).map(|outcome| states_of(&outcome)).unwrap_err()
}

/// The states as lines of `partition=state`.
pub(super) fn states_of(outcome: &ProjectionOutcome) -> String {
    let line = |partition: &ProjectionPartition| {
        format!("{}={}", partition.name, partition.state.to_json())
    };
    outcome.partitions.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The states that a script makes of events.
pub(super) fn states(script: &str, events: Events) -> String {
    states_of(&run(script, events))
}

/// The only state of a script without partitions after events.
pub(super) fn state(script: &str, events: Events) -> String {
    states(script, events).strip_prefix('=').unwrap().to_owned()
}

/// The results as lines of `partition=result`.
pub(super) fn results(script: &str, events: Events) -> String {
    let outcome = run(script, events);
    let line = |partition: &ProjectionPartition| {
        format!("{}={}", partition.name, partition.result.as_ref().unwrap().to_json())
    };
    outcome.partitions.iter().map(line).collect::<Vec<_>>().join("\n")
}
