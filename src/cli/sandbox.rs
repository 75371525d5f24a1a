//! `sandbox`: a projection in virtual consumers, faults against them, the invariants that broke.
//!
//! Promises: one line for each fault and consumer, in the same order and with the same bytes for
//! the same seed on any number of threads; status 1 when an invariant of a chosen consumer broke.
//! Does not know: how runs are made and judged.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;

use super::args::SandboxArgs;
use super::context::{Context, topics};
use super::lines::completeness_text;
use super::output::{Align, Table};
use super::progress::Progress;
use super::{CommandError, Outcome, report};
use crate::kafka::read_small_text;
use crate::model::{Completeness, EntityId, Verdict};
use crate::partition_log::private_files;
use crate::sandbox::{
    Cell, Consumer, Counterexample, FaultName, Invariant, MatrixError, MatrixQuestion,
    OrderSensitivity, Schedule, Stop, Trial,
};
use crate::workspace::Failure;
use crate::workspace::sandbox::{
    FIXTURE_ENDING, KeptRun, Projection, TrialQuestion, projection_from,
};

/// A fault and a consumer.
#[derive(Debug, Serialize)]
struct CellLine<'a> {
    /// The fault; those of a schedule that was given with `+` between.
    fault: String,
    /// What the fault is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'static str>,
    /// The consumer.
    consumer: Consumer,
    /// Whether each invariant held; empty when nothing was run.
    invariants: BTreeMap<Invariant, &'static str>,
    /// How many schedules were tried.
    runs: usize,
    /// The smallest schedule that breaks the first invariant; one that was survived where none
    /// broke.
    schedule: Option<&'a Schedule>,
    /// What shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    counterexample: Option<&'a Counterexample>,
    /// Two events that do not commute.
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<&'a OrderSensitivity>,
    /// Where the consumer stands still.
    #[serde(skip_serializing_if = "<[Stop]>::is_empty")]
    stops: &'a [Stop],
    /// Why the fault cannot happen to this history.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_applicable: Option<&'static str>,
}

impl<'a> CellLine<'a> {
    /// The line of a cell.
    fn new(cell: &'a Cell) -> Self {
        let held = |invariant: Invariant| {
            (invariant, if cell.broken.contains(&invariant) { "fail" } else { "pass" })
        };
        let ran = cell.not_applicable.is_none();
        Self {
            fault: cell.fault_text(),
            title: title(cell),
            consumer: cell.consumer,
            invariants: Invariant::ALL.into_iter().filter(|_| ran).map(held).collect(),
            runs: cell.runs,
            schedule: cell.schedule.as_ref(),
            counterexample: cell.counterexample.as_ref(),
            order: cell.order.as_ref(),
            stops: &cell.stops,
            not_applicable: cell.not_applicable,
        }
    }
}

/// Runs the sandbox.
pub(super) fn run(args: &SandboxArgs, context: &mut Context) -> Result<Outcome, CommandError> {
    let faults: Vec<FaultName> = chosen(&args.fault, FaultName::all(), "the faults are F1 to F30")?;
    let names = Consumer::ALL.map(Consumer::as_str).join(", ");
    let consumers: Vec<Consumer> =
        chosen(&args.consumer, Consumer::ALL.into_iter(), &format!("there is: {names}"))?;
    let schedule = args.schedule.as_deref().map(read_schedule).transpose()?;
    let projection = Projection::named(&args.projection, Path::new(""), context.config())?;
    let question = TrialQuestion {
        topics: topics(&args.topics),
        partitions: args.topics.partitions.clone(),
        entities: args.entities.iter().map(EntityId::new).collect(),
    };
    let progress = Progress::new(false);
    let history = context.session()?.trial_history(&question, &mut |event| progress.see(event));
    progress.finish();
    let history = history?;
    let source = Arc::new(projection.source(history.events)?);
    let trial = Trial::new(source, Arc::clone(projection.fold()));
    let cells = match &schedule {
        Some(schedule) => consumers
            .iter()
            .map(|consumer| cell_of(&trial, *consumer, schedule))
            .collect::<Result<Vec<_>, Failure>>()?,
        None => matrix(&trial, faults, consumers, args, context)?,
    };
    if let Some(folder) = &args.save {
        save(folder, &args.projection, &trial, &cells)?;
    }
    if context.output.is_json() {
        for cell in &cells {
            context.output.json(&CellLine::new(cell))?;
        }
        if history.completeness.verdict != Verdict::Complete {
            report::warning(&completeness_text(&history.completeness).join("\n"));
        }
    } else {
        print(context, &cells, &history.completeness)?;
    }
    if cells.iter().any(|cell| !cell.broken.is_empty()) {
        return Ok(Outcome::No);
    }
    Ok(context.outcome(&history.completeness))
}

/// What a list names, or all.
fn chosen<T: std::str::FromStr + PartialEq>(
    text: &str,
    all: impl Iterator<Item = T>,
    hint: &str,
) -> Result<Vec<T>, Failure>
where
    T::Err: std::error::Error,
{
    if text.trim() == "all" {
        return Ok(all.collect());
    }
    let mut chosen = Vec::new();
    for name in text.split(',') {
        let one: T = name
            .trim()
            .parse()
            .map_err(|error: T::Err| Failure::usage_error(&error).with_hint(hint))?;
        if !chosen.contains(&one) {
            chosen.push(one);
        }
    }
    Ok(chosen)
}

/// Reads a schedule from its file.
fn read_schedule(file: &Path) -> Result<Schedule, Failure> {
    let text = read_small_text(file).map_err(|error| Failure::usage_error(&error))?;
    Schedule::from_json(&text).map_err(|error| {
        let message = error.to_string();
        let words = message.rsplit_once(" at line ").map_or(message.as_str(), |(words, _)| words);
        Failure::usage(format!("{}:{}: {words}", file.display(), error.line().max(1)))
    })
}

/// The cells of faults and consumers.
fn matrix(
    trial: &Trial,
    faults: Vec<FaultName>,
    consumers: Vec<Consumer>,
    args: &SandboxArgs,
    context: &Context,
) -> Result<Vec<Cell>, Failure> {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let question = MatrixQuestion {
        faults,
        consumers,
        seed: args.seed,
        runs: args.runs,
        workers: args.workers.map_or(processors, usize::from),
    };
    let progress = Progress::new(false);
    let cells = trial.matrix(&question, &context.cancel, &|done, all| progress.count(done, all));
    progress.finish();
    cells.map_err(|error| match error {
        MatrixError::Cancelled => Failure::cancelled(),
        error => Failure::usage_error(&error),
    })
}

/// The cell of a consumer under a schedule that was given.
fn cell_of(trial: &Trial, consumer: Consumer, schedule: &Schedule) -> Result<Cell, Failure> {
    let outcome = trial.run(consumer, schedule).map_err(|error| Failure::usage_error(&error))?;
    Ok(Cell::of_run(consumer, schedule.clone(), outcome))
}

/// Writes a fixture for every cell that broke.
fn save(folder: &Path, projection: &str, trial: &Trial, cells: &[Cell]) -> Result<(), Failure> {
    let failed = |error: &std::io::Error| Failure::usage_error(error);
    fs_err::create_dir_all(folder).map_err(|error| failed(&error))?;
    for cell in cells.iter().filter(|cell| !cell.broken.is_empty()) {
        let Some(schedule) = &cell.schedule else { continue };
        let broken: Vec<Invariant> = cell.broken.iter().copied().collect();
        let run = KeptRun { trial, consumer: cell.consumer, schedule, broken: &broken };
        let fixture = run.fixture(projection_from(projection, folder));
        let faults = cell.fault_text();
        let file = folder.join(format!("{faults}-{}{FIXTURE_ENDING}", cell.consumer));
        private_files::write(&file, fixture.to_json()).map_err(|error| failed(&error))?;
    }
    Ok(())
}

/// Prints cells for people: a table of faults and consumers, then what broke.
fn print(
    context: &mut Context,
    cells: &[Cell],
    completeness: &Completeness,
) -> Result<(), CommandError> {
    let output = &mut context.output;
    let mut consumers: Vec<Consumer> = Vec::new();
    for cell in cells {
        if !consumers.contains(&cell.consumer) {
            consumers.push(cell.consumer);
        }
    }
    let mut columns = vec![("FAULT", Align::Left)];
    columns.extend(consumers.iter().map(|consumer| (consumer.as_str(), Align::Left)));
    let mut table = Table::new(&columns);
    for row in cells.chunks(consumers.len().max(1)) {
        let heading = row.first().map(|cell| match title(cell) {
            Some(title) => format!("{:<4}{title}", cell.fault_text()),
            None => cell.fault_text(),
        });
        let heading = heading.unwrap_or_default();
        table.push(std::iter::once(heading).chain(row.iter().map(cell_text)));
    }
    output.table(&table)?;
    output.text("")?;
    for cell in cells {
        if let Some(found) = &cell.counterexample {
            let invariant = found.invariant;
            let (fault, consumer) = (cell.fault_text(), cell.consumer);
            output.text(format!("{fault} {consumer} {invariant}: {}", found.words()))?;
        }
        if let Some(order) = &cell.order {
            let [first, second] = &order.pair;
            output.text(format!("    {first} and {second} do not commute"))?;
        }
    }
    let broken = cells.iter().filter(|cell| !cell.broken.is_empty()).count();
    output.text(format!("{} of {} hold all invariants", cells.len() - broken, cells.len()))?;
    completeness_text(completeness).iter().try_for_each(|line| output.text(line))
}

/// What the fault of a cell is called, where it has one.
fn title(cell: &Cell) -> Option<&'static str> {
    match cell.faults.as_slice() {
        [fault] => Some(fault.entry().title),
        _ => None,
    }
}

/// A cell in a word: what broke.
fn cell_text(cell: &Cell) -> String {
    if cell.not_applicable.is_some() {
        return "-".to_owned();
    }
    if cell.broken.is_empty() {
        return "ok".to_owned();
    }
    let broken: Vec<&str> = cell.broken.iter().map(|invariant| invariant.as_str()).collect();
    broken.join(" ")
}
