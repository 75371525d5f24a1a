//! Runs fixtures and says what differs.
//!
//! Promises: fixtures are found and run in the order of their paths; one that expects nothing fails.
//! Does not know: how differences are shown.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::file_fault::FileFault;
use super::fixture::{self, Expectation, Fixture};
use super::projection::Projection;
use crate::fold::diff;
use crate::kafka::read_small_text;
use crate::model::{Change, Value};
use crate::sandbox::{Counterexample, Invariant, Trial};
use crate::workspace::{Config, Failure};

/// How the names of fixtures end.
pub const FIXTURE_ENDING: &str = ".fixture.json";

/// Folders that no fixtures are looked for in.
const SKIPPED_FOLDERS: [&str; 2] = ["node_modules", "target"];

/// What is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// A row has another state: what must change in what is expected to give what is there.
    State {
        /// The row.
        row: String,
        /// The changes from the expected state to the actual one.
        changes: Vec<Change>,
    },
    /// An invariant holds that should not, or the other way round.
    Invariant {
        /// Which.
        invariant: Invariant,
        /// Whether it should hold.
        expected: bool,
        /// What shows that it does not.
        counterexample: Option<Box<Counterexample>>,
    },
    /// Nothing is expected, so that nothing could fail.
    NothingExpected,
}

/// What came of a fixture.
#[derive(Clone, Debug)]
pub struct FixtureReport {
    /// The file.
    pub file: PathBuf,
    /// What it shows, in words; the file's name where it has none.
    pub name: String,
    /// What is not as it should be; empty when it passed.
    pub differences: Vec<Difference>,
    /// Whether the file was given another expectation.
    pub updated: bool,
    /// How long it took.
    pub took: Duration,
}

impl FixtureReport {
    /// Whether all is as it should be.
    pub fn passed(&self) -> bool {
        self.differences.is_empty()
    }
}

/// How fixtures are run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FixtureRun {
    /// What differs is told.
    #[default]
    Check,
    /// What differs is written into the fixture as what is expected from now on.
    Update,
}

/// The fixtures in a folder and those below it, sorted. A file is a fixture whatever its name.
///
/// # Errors
/// `Usage` when there is no such folder or it cannot be read.
pub fn find_fixtures(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    collect(path, &mut found).map_err(|error| Failure::usage_error(&error))?;
    found.sort();
    Ok(found)
}

/// Adds the fixtures in and below a folder.
fn collect(folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs_err::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_str().unwrap_or_default();
        if entry.file_type()?.is_dir() {
            if !name.starts_with('.') && !SKIPPED_FOLDERS.contains(&name) {
                collect(&entry.path(), found)?;
            }
        } else if name.ends_with(FIXTURE_ENDING) {
            let path = entry.path();
            found.push(path.strip_prefix(".").unwrap_or(&path).to_owned());
        }
    }
    Ok(())
}

impl FixtureReport {
    /// Runs the fixture in this file.
    ///
    /// # Errors
    /// What is wrong with the file, and where.
    pub fn of(file: &Path, run: FixtureRun, config: Option<&Config>) -> Result<Self, FileFault> {
        let began = Instant::now();
        let fixture = Fixture::load(file)?;
        let actual = outcome(file, &fixture, config)?;
        let mut differences = differences(&fixture.expect, &actual);
        let mut updated = false;
        if run == FixtureRun::Update && !differences.is_empty() {
            write(file, &fixture.expect, &actual)?;
            (differences, updated) = (Vec::new(), true);
        }
        let file_name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let name = fixture.name.unwrap_or_else(|| {
            file_name.strip_suffix(FIXTURE_ENDING).unwrap_or(file_name).to_owned()
        });
        Ok(Self { file: file.to_owned(), name, differences, updated, took: began.elapsed() })
    }
}

/// What came of a run.
struct Actual {
    /// The states by the names of rows.
    states: Vec<(String, Value)>,
    /// What shows that invariants do not hold.
    counterexamples: Vec<Counterexample>,
}

/// Runs a fixture.
fn outcome(file: &Path, fixture: &Fixture, config: Option<&Config>) -> Result<Actual, FileFault> {
    let folder = file.parent().unwrap_or(Path::new(""));
    let refused = |failure: Failure| {
        let fault = Fixture::fault_at(file, "\"projection\"", failure.problem.what);
        FileFault { hint: failure.problem.hint, ..fault }
    };
    let projection = Projection::named(&fixture.projection, folder, config).map_err(refused)?;
    if fixture.consumer.is_none() {
        let events = fixture.given.iter().map(|(event, _)| event.clone()).collect();
        if let Some(states) = projection.states_with_shared(events) {
            return Ok(Actual { states: states.map_err(refused)?, counterexamples: Vec::new() });
        }
    }
    let source = projection.source_with_ids(fixture.given.clone()).map_err(refused)?;
    let trial = Trial::new(Arc::new(source), Arc::clone(projection.fold()));
    let named = |(row, state): (&crate::model::EntityId, &Value)| (row.to_string(), state.clone());
    let Some(consumer) = fixture.consumer else {
        let states = trial.expected_states().map(named).collect();
        return Ok(Actual { states, counterexamples: Vec::new() });
    };
    let schedule = fixture.schedule.clone().unwrap_or_default();
    let recording = trial
        .record(consumer, &schedule)
        .map_err(|error| Fixture::fault_at(file, "\"schedule\"", error.to_string()))?;
    let states = recording.final_states().map(named).collect();
    Ok(Actual { states, counterexamples: recording.outcome().counterexamples.clone() })
}

/// What is not as expected.
fn differences(expect: &Expectation, actual: &Actual) -> Vec<Difference> {
    if *expect == Expectation::default() {
        return vec![Difference::NothingExpected];
    }
    let state = |row: &str| {
        let found = actual.states.iter().find(|(name, _)| name == row);
        found.map_or(Value::Null, |(_, state)| state.clone())
    };
    let states = expect.states.iter().filter_map(|(row, expected)| {
        let changes = diff(expected, &state(row));
        (!changes.is_empty()).then(|| Difference::State { row: row.clone(), changes })
    });
    let invariants = expect.invariants.iter().filter_map(|(invariant, expected)| {
        let found = actual.counterexamples.iter().find(|found| found.invariant == *invariant);
        (found.is_none() != *expected).then(|| Difference::Invariant {
            invariant: *invariant,
            expected: *expected,
            counterexample: found.cloned().map(Box::new),
        })
    });
    states.chain(invariants).collect()
}

/// Writes what came of a fixture into it: all rows, and the invariants it looked at.
fn write(file: &Path, before: &Expectation, actual: &Actual) -> Result<(), FileFault> {
    let fault = |message: String| FileFault { file: file.to_owned(), line: 1, message, hint: None };
    let holds = |invariant: &Invariant| {
        actual.counterexamples.iter().all(|found| found.invariant != *invariant)
    };
    let expect = Expectation {
        states: actual.states.clone(),
        invariants: before.invariants.keys().map(|one| (*one, holds(one))).collect(),
    };
    let text = read_small_text(file).map_err(|error| fault(error.to_string()))?;
    let updated = fixture::updated(&text, &expect).map_err(|error| fault(error.to_string()))?;
    fs_err::write(file, updated).map_err(|error| fault(error.to_string()))
}
