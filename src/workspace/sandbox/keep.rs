//! Keeping a run as a fixture.
//!
//! Promises: a fixture expects what a correct consumer shows, so that it fails until the consumer is mended; it holds the events
//! that the run needs and no others, and finds its projection from its own folder.
//! Does not know: where files lie beside that.

use std::path::Path;

use super::fixture::{Expectation, Fixture};
use crate::sandbox::{Consumer, Invariant, Schedule, Trial};

/// A run of a trial.
#[derive(Clone, Copy, Debug)]
pub struct KeptRun<'a> {
    /// The history and the projection.
    pub trial: &'a Trial,
    /// Who consumed.
    pub consumer: Consumer,
    /// What went wrong meanwhile.
    pub schedule: &'a Schedule,
    /// The invariants that did not hold.
    pub broken: &'a [Invariant],
}

impl KeptRun<'_> {
    /// The run as a fixture whose projection has this name. A run that broke nothing is expected to hold them all.
    pub fn fixture(&self, projection: String) -> Fixture {
        let Self { trial, consumer, schedule, broken } = *self;
        let part = schedule.events.as_ref().map(|events| trial.restricted_to(events));
        let trial = part.as_ref().unwrap_or(trial);
        let faults: Vec<String> =
            schedule.faults.iter().map(|fault| fault.name().to_string()).collect();
        let faults = if faults.is_empty() { "no fault".to_owned() } else { faults.join("+") };
        let given = trial.source().events().iter();
        let states = trial.expected_states();
        let expected = if broken.is_empty() { &Invariant::ALL[..] } else { broken };
        Fixture {
            name: Some(format!("{consumer} under {faults}")),
            projection,
            consumer: Some(consumer),
            schedule: Some(Schedule { events: None, ..schedule.clone() }),
            given: given.map(|given| (given.event.clone(), given.id.clone())).collect(),
            expect: Expectation {
                states: states.map(|(row, state)| (row.to_string(), state.clone())).collect(),
                invariants: expected.iter().map(|invariant| (*invariant, true)).collect(),
            },
        }
    }
}

/// The name of a projection as it is found from a folder: that of a script by its whole path, unless it lies below.
pub fn projection_from(projection: &str, folder: &Path) -> String {
    let script = Path::new(projection);
    let Ok(whole) = fs_err::canonicalize(script) else { return projection.to_owned() };
    let beside = fs_err::canonicalize(folder).ok();
    let beside = beside.as_ref().and_then(|folder| whole.strip_prefix(folder).ok());
    beside.unwrap_or(&whole).display().to_string()
}
