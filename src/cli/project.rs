//! `project`: what a projection in JavaScript makes of topics.
//!
//! Promises: one line for each partition of the projection, sorted by name, then what it emitted,
//! the summary last; the same bytes on any number of threads, but for the time it took; status 1
//! when a handler failed.
//! Does not know: how projections are run.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;

use super::args::{ProjectArgs, ProjectionOptions};
use super::context::{Context, names};
use super::lines::{SummaryLine, completeness_text, moment};
use super::output::{Align, Output, Table};
use super::progress::Progress;
use super::{CommandError, Outcome, report};
use crate::fold::{
    Emitted, Fault, Lint, Logged, Program, ProjectionPartition, RunCounts, RunFailure,
};
use crate::model::{Completeness, EntityId, Position, Value};
use crate::workspace::projection::{ProjectionAnswer, ProjectionHistory, ProjectionQuestion};
use crate::workspace::{Failure, program_in};

/// What editors are told of the language.
const TYPES: &str = include_str!("../../assets/foldback.d.ts");

/// How many lines of a log the summary holds.
const LOG_LINES: usize = 1000;

/// The state of a partition.
#[derive(Debug, Serialize)]
struct PartitionLine<'a> {
    /// Its name; empty for the only one.
    partition: &'a str,
    /// The state.
    state: &'a Value,
    /// What transforms make of it; `null` when it is filtered out.
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<&'a Value>,
}

/// An event that was emitted.
#[derive(Debug, Serialize)]
struct EmittedLine<'a> {
    /// The event.
    emitted: EmittedFacts<'a>,
}

/// What is said of an emitted event.
#[derive(Debug, Serialize)]
struct EmittedFacts<'a> {
    /// The stream.
    stream: &'a str,
    /// The type.
    #[serde(rename = "type")]
    event_type: &'a str,
    /// The body.
    body: &'a Value,
    /// The metadata.
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<&'a Value>,
    /// The record whose event caused it.
    cause: &'a Position,
}

impl<'a> EmittedLine<'a> {
    /// The line of an emitted event.
    fn new(emitted: &'a Emitted) -> Self {
        Self {
            emitted: EmittedFacts {
                stream: &emitted.stream,
                event_type: &emitted.event_type,
                body: &emitted.body,
                metadata: emitted.metadata.as_ref(),
                cause: &emitted.cause,
            },
        }
    }
}

/// The event that a script failed on.
#[derive(Debug, Serialize)]
pub(super) struct ErrorLine<'a> {
    /// Its record.
    #[serde(flatten)]
    position: &'a Position,
    /// Its type.
    #[serde(rename = "type")]
    event_type: &'a str,
    /// Why, without the place.
    message: &'a str,
    /// The script.
    file: &'a str,
    /// Line and column in the script, from 1, where they are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    /// The column.
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<u32>,
}

impl<'a> ErrorLine<'a> {
    /// What is said of a failure.
    pub(super) fn new(failure: &'a RunFailure) -> Self {
        let Fault { script, message, place } = &failure.fault;
        Self {
            position: &failure.position,
            event_type: &failure.event_type,
            message,
            file: script,
            line: place.map(|(line, _)| line),
            column: place.map(|(_, column)| column),
        }
    }
}

/// A line of a log.
#[derive(Debug, Serialize)]
struct LogLine<'a> {
    /// The record.
    #[serde(flatten)]
    position: &'a Position,
    /// The line.
    text: &'a str,
}

impl<'a> LogLine<'a> {
    /// What is said of a line.
    fn new(logged: &'a Logged) -> Self {
        Self { position: &logged.position, text: &logged.text }
    }
}

/// Counts with their sum.
#[derive(Debug, Serialize)]
struct Fields<'a> {
    /// How many in all.
    count: u64,
    /// How many by field.
    fields: &'a BTreeMap<String, u64>,
}

impl<'a> Fields<'a> {
    /// These counts.
    fn new(fields: &'a BTreeMap<String, u64>) -> Self {
        Self { count: fields.values().sum(), fields }
    }
}

/// The last line.
#[derive(Debug, Serialize)]
struct ProjectSummary<'a> {
    /// The script.
    projection: &'a str,
    /// The moment.
    at: String,
    /// In which order the events of several partitions came.
    order: String,
    /// Events of the projection's source.
    events: u64,
    /// Events that a handler took.
    matched: u64,
    /// Events that none takes, by type.
    unmatched_types: &'a BTreeMap<Arc<str>, u64>,
    /// Events of no partition.
    skipped: u64,
    /// Events whose value could not be decoded.
    decode_failures: u64,
    /// The event that failed; none after it was applied.
    errors: Vec<ErrorLine<'a>>,
    /// How many partitions there are.
    partitions: usize,
    /// How many events were emitted.
    emitted: usize,
    /// How many lines were logged.
    logged: u64,
    /// Those in `logs` of which only the beginning is kept, which the line says, too.
    logged_cut: u64,
    /// The first of them.
    logs: Vec<LogLine<'a>>,
    /// Numbers that JavaScript holds only rounded.
    inexact_numbers: Fields<'a>,
    /// Numbers in states that were none and became `null`.
    not_a_number: Fields<'a>,
    /// What looks wrong.
    lints: &'a [Lint],
    /// Records the log delivered.
    scanned: u64,
    /// Records that came from the local index.
    from_cache: u64,
    /// Which records were read.
    isolation: &'static str,
    /// How long it took.
    seconds: f64,
    /// How much of the history it rests on.
    completeness: &'a Completeness,
}

/// Runs a projection.
pub(super) fn run(args: &ProjectArgs, context: &mut Context) -> Result<Outcome, CommandError> {
    let (false, Some(file)) = (args.types, &args.file) else {
        context.output.block(TYPES.trim_end())?;
        return Ok(Outcome::Answered);
    };
    let history = history(&args.topics, &args.options, context)?;
    let question = ProjectionQuestion {
        program: program(file, &args.options)?,
        workers: workers(&args.options),
        history,
    };
    let session = context.session()?;
    let progress = Progress::new(false);
    let started = Instant::now();
    let answer = session.project(&question, &mut |event| progress.see(event));
    progress.finish();
    let answer = answer?;
    let seconds = started.elapsed().as_secs_f64();
    let summary = summary(&question, &answer, seconds, session.isolation().as_str());
    let output = &mut context.output;
    if output.is_json() {
        for ProjectionPartition { name, state, result, .. } in &answer.outcome.partitions {
            let line = PartitionLine { partition: name, state, result: result.as_ref() };
            output.json(&line)?;
        }
        for emitted in &answer.outcome.emitted {
            output.json(&EmittedLine::new(emitted))?;
        }
        output.json(&SummaryLine { summary })?;
    } else {
        print(output, &answer, &summary)?;
    }
    if let Some(failure) = &answer.failure {
        tell(failure);
        return Ok(Outcome::No);
    }
    Ok(context.outcome(&answer.read.completeness))
}

/// Reads a script for these options.
///
/// # Errors
/// `Usage` with what is wrong with it.
pub(super) fn program(file: &Path, options: &ProjectionOptions) -> Result<Program, Failure> {
    Ok(program_in(file)?.with_exact_numbers(options.exact_numbers))
}

/// The events that these options choose.
///
/// # Errors
/// `Usage` when the moment is none.
pub(super) fn history(
    topics: &[String],
    options: &ProjectionOptions,
    context: &Context,
) -> Result<ProjectionHistory, Failure> {
    Ok(ProjectionHistory {
        topics: names(topics),
        partitions: options.partitions.clone(),
        entities: options.entities.iter().map(EntityId::new).collect(),
        at: context.when("--at", &options.at)?,
        clock: options.clock.into(),
        order: options.order,
    })
}

/// Over how many threads partitions are spread.
pub(super) fn workers(options: &ProjectionOptions) -> usize {
    let processors = std::thread::available_parallelism();
    options.workers.or(processors.ok()).map_or(1, usize::from)
}

/// Tells on stderr where a projection failed.
pub(super) fn tell(failure: &RunFailure) {
    let what =
        format!("{} fails on {} {}", failure.fault.script, failure.event_type, failure.position);
    let why = failure.fault.to_string();
    report::error(&what, Some(&why), Some("the states are those before this event"));
}

/// What is said at the end.
fn summary<'a>(
    question: &'a ProjectionQuestion,
    answer: &'a ProjectionAnswer,
    seconds: f64,
    isolation: &'static str,
) -> ProjectSummary<'a> {
    let RunCounts {
        events,
        unmatched,
        skipped,
        undecodable,
        inexact,
        not_a_number,
        logged,
        logged_cut,
        ..
    } = &answer.outcome.counts;
    ProjectSummary {
        projection: question.program.name(),
        at: moment(&question.history.at),
        order: question.history.order.to_string(),
        events: *events,
        matched: answer.outcome.counts.matched_total(),
        unmatched_types: unmatched,
        skipped: *skipped,
        decode_failures: *undecodable,
        errors: answer.failure.iter().map(ErrorLine::new).collect(),
        partitions: answer.outcome.partitions.len(),
        emitted: answer.outcome.emitted.len(),
        logged: *logged,
        logged_cut: *logged_cut,
        logs: answer.outcome.logged.iter().take(LOG_LINES).map(LogLine::new).collect(),
        inexact_numbers: Fields::new(inexact),
        not_a_number: Fields::new(not_a_number),
        lints: &answer.lints,
        scanned: answer.read.scanned,
        from_cache: answer.read.from_cache,
        isolation,
        seconds,
        completeness: &answer.read.completeness,
    }
}

/// Prints states, emitted events, the log and what was counted.
fn print(
    output: &mut Output,
    answer: &ProjectionAnswer,
    summary: &ProjectSummary<'_>,
) -> Result<(), CommandError> {
    let has_results = answer.outcome.partitions.iter().any(|partition| partition.result.is_some());
    let mut columns = vec![("PARTITION", Align::Left), ("STATE", Align::Left)];
    columns.extend(has_results.then_some(("RESULT", Align::Left)));
    let mut table = Table::new(&columns);
    for partition in &answer.outcome.partitions {
        let name = if partition.name.is_empty() { "-" } else { &*partition.name };
        let result = partition.result.as_ref().map(Value::to_json);
        table.push([name.to_owned(), partition.state.to_json()].into_iter().chain(result));
    }
    output.table(&table)?;
    for Emitted { stream, event_type, body, cause, .. } in &answer.outcome.emitted {
        output.text(format!("emitted {event_type} to {stream}  {}  by {cause}", body.to_json()))?;
    }
    for Logged { position, text, .. } in &answer.outcome.logged {
        output.text(format!("log {position}  {text}"))?;
    }
    let unshown = summary.logged - answer.outcome.logged.len() as u64;
    if unshown > 0 {
        output.text(format!("log {unshown} further lines are not kept"))?;
    }
    output.text("")?;
    output.text(format!(
        "{} of {} events matched, in the order `{}`, {} records ({:.2} s)",
        summary.matched, summary.events, summary.order, summary.isolation, summary.seconds
    ))?;
    let counts = [
        (summary.skipped, "belong to no partition"),
        (summary.decode_failures, "could not be decoded"),
    ];
    for (count, words) in counts.into_iter().filter(|(count, _)| *count > 0) {
        output.text(format!("{count} {words}"))?;
    }
    answer.lints.iter().try_for_each(|lint| output.text(format!("hint: {}", lint.message)))?;
    completeness_text(summary.completeness).iter().try_for_each(|line| output.text(line))
}
