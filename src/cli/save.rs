//! `save`: a history, states, a difference, records, whole, into a file.
//!
//! Promises: what is saved is what `history`, `state`, `diff` and `scan` answer; a place where
//! nothing can be saved is refused before anything is read.
//! Does not know: how files are written (`evidence::save`).

use std::ops::ControlFlow;

use serde::Serialize;

use super::args::{EntityOptions, FileOptions, RecordOptions, SaveCommand};
use super::context::Context;
use super::entity::Life;
use super::lines::{SummaryLine, completeness_text, moment};
use super::progress::Progress;
use super::scan::records_question;
use super::{CommandError, Outcome, interrupt};
use crate::evidence::CopiedRecord;
use crate::evidence::save::{
    Head, SaveFormat, SaveTo, SaveWhat, Saved, Turns, records_file, save_changes, save_of_entity,
};
use crate::fold::{self, Selection};
use crate::model::{Completeness, Isolation, Value};
use crate::workspace::clock::now_ms;
use crate::workspace::{Failure, ScanQuestion, ScanSummary};

/// What is said of a file.
#[derive(Debug, Serialize)]
struct SavedLine<'a> {
    /// The file.
    file: String,
    /// The file that has its head, where it has none itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<String>,
    /// Its form.
    format: &'static str,
    /// How many rows.
    rows: u64,
    /// How large it is, in bytes.
    bytes: u64,
    /// Which records were read.
    isolation: &'static str,
    /// How much of the history it rests on.
    completeness: &'a Completeness,
}

/// What is asked of an entity.
enum Asked<'a> {
    /// Every event.
    History,
    /// The state after every event.
    States,
    /// The state at a moment.
    State(&'a str),
    /// What is different at the other moment.
    Diff(&'a str, &'a str),
}

impl Asked<'_> {
    /// What the head calls it.
    fn name(&self) -> &'static str {
        match self {
            Self::History => "history",
            Self::States => "states",
            Self::State(_) => "state",
            Self::Diff(..) => "diff",
        }
    }
}

/// Saves.
pub(super) fn run(what: &SaveCommand, context: &mut Context) -> Result<Outcome, CommandError> {
    let (asked, options, file) = match what {
        SaveCommand::Records(args) => return records(&args.of, &args.file, context),
        SaveCommand::History(args) => (Asked::History, &args.of.entity, &args.file),
        SaveCommand::States(args) => (Asked::States, &args.of.entity, &args.file),
        SaveCommand::State(args) => (Asked::State(&args.of.at), &args.of.entity, &args.file),
        SaveCommand::Diff(args) => {
            (Asked::Diff(&args.of.from, &args.of.to), &args.of.entity, &args.file)
        }
    };
    of_entity(&asked, options, file, context)
}

/// Where these options save.
fn place(options: &FileOptions) -> Result<SaveTo, Failure> {
    let format = options.format.map(SaveFormat::from).or_else(|| SaveFormat::of(&options.out));
    let to = SaveTo {
        path: options.out.clone(),
        format: format.unwrap_or_default(),
        overwrite: options.force,
    };
    to.check()?;
    Ok(to)
}

/// Saves something of an entity.
fn of_entity(
    asked: &Asked<'_>,
    options: &EntityOptions,
    file: &FileOptions,
    context: &mut Context,
) -> Result<Outcome, CommandError> {
    let to = place(file)?;
    let moments = match asked {
        Asked::History | Asked::States => Vec::new(),
        Asked::State(at) => vec![("at", context.when("--at", at)?)],
        Asked::Diff(from, until) => {
            vec![("from", context.when("--from", from)?), ("to", context.when("--to", until)?)]
        }
    };
    let mut life = Life::read(options, context)?;
    let mut selections = Vec::new();
    for (_, when) in &moments {
        selections.push(life.select(when, options)?);
    }
    let all = Selection::Prefix(life.folded.len());
    let until = selections.last().cloned().unwrap_or(all);
    let isolation = life.session.isolation();
    let mut head = Head::new(asked.name(), isolation, now_ms());
    head.ask_entity(&life.entity);
    head.ask_each("topics", life.read.topics.iter().map(|topic| Value::string(&**topic)));
    head.ask_each("partitions", options.topics.partitions.iter().map(|only| i64::from(*only)));
    for (name, when) in &moments {
        head.ask(name, Value::string(moment(when)));
    }
    if !moments.is_empty() {
        head.ask("clock", Value::string(crate::model::Clock::from(options.clock).as_str()));
    }
    head.tell_of_fold(&life.folded, &until);
    head.tell("decode_failures", life.read.decode_failures);
    head.read(life.read.ranges.clone(), life.read.completeness.clone());
    let progress = Progress::new(false);
    interrupt::tidies();
    let folded = &mut life.folded;
    let saved = if let [from, until] = selections.as_slice() {
        let changes = fold::diff(&folded.state_of(from), &folded.state_of(until));
        save_changes(&changes, &to, head, &context.cancel)
    } else {
        let what = match asked {
            Asked::States => SaveWhat::States,
            Asked::State(_) => SaveWhat::State(until.clone()),
            Asked::History | Asked::Diff(..) => SaveWhat::History,
        };
        let turns: Turns<'_> = &mut |turn| turn(folded);
        let tell = &mut |done: u64, all: u64| {
            let steps = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
            progress.count(steps(done), steps(all));
        };
        save_of_entity(&what, &life.entity, turns, &to, head, &context.cancel, tell)
    };
    progress.finish();
    tell(&saved.map_err(Failure::from)?, to.format, isolation, &life.read.completeness, context)?;
    Ok(life.outcome(&until, context))
}

/// Saves records.
fn records(
    options: &RecordOptions,
    file: &FileOptions,
    context: &mut Context,
) -> Result<Outcome, CommandError> {
    let question = records_question(options, context)?;
    let to = place(file)?;
    let session = context.session()?;
    let mut file = records_file(&to).map_err(Failure::from)?;
    let progress = Progress::new(false);
    let mut failed = None;
    let summary = session.scan(
        &question,
        &mut |scanned| {
            let row = CopiedRecord {
                record: scanned.record,
                decoded: scanned.value.decoded().clone(),
                event_type: &scanned.event_type,
                entity: scanned.entity.clone(),
            };
            match file.row(&row) {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            }
        },
        &mut |event| progress.see(event),
    );
    progress.finish();
    if let Some(error) = failed {
        return Err(Failure::from(error).into());
    }
    let summary = summary?;
    if summary.cancelled {
        return Ok(Outcome::Cancelled);
    }
    let head = records_head(&question, options, &summary, session.isolation());
    interrupt::tidies();
    let saved = file.finish(head, &context.cancel).map_err(Failure::from)?;
    tell(&saved, to.format, session.isolation(), &summary.completeness, context)?;
    Ok(context.outcome(&summary.completeness))
}

/// The head of records that were found like this.
fn records_head(
    question: &ScanQuestion,
    options: &RecordOptions,
    summary: &ScanSummary,
    isolation: Isolation,
) -> Head {
    let mut head = Head::new("records", isolation, now_ms());
    head.ask_each("topics", question.topics.iter().map(|topic| Value::string(&**topic)));
    head.ask_each("partitions", question.partitions.iter().map(|only| i64::from(*only)));
    head.ask("from", Value::string(moment(&question.from)));
    head.ask("to", Value::string(moment(&question.to)));
    head.ask("clock", Value::string(question.clock.as_str()));
    let texts = [
        ("key", &options.key),
        ("key_base64", &options.key_base64),
        ("key_contains", &options.key_contains),
        ("where", &options.filter),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            head.ask(name, Value::string(text.as_str()));
        }
    }
    if let Some(limit) = question.limit {
        head.ask("limit", limit);
    }
    head.tell("scanned", summary.scanned);
    head.tell("complete", summary.complete);
    head.tell("decode_failures", summary.decode_failures);
    if summary.without_event_time > 0 {
        head.tell("without_event_time", summary.without_event_time);
    }
    if let Some(tally) = &summary.filter {
        head.tell("filter_failures", tally.failures());
        head.tell_each("filter_notes", tally.notes());
    }
    head.read(summary.ranges.clone(), summary.completeness.clone());
    head
}

/// Says what was saved.
fn tell(
    saved: &Saved,
    format: SaveFormat,
    isolation: Isolation,
    completeness: &Completeness,
    context: &mut Context,
) -> Result<(), CommandError> {
    let output = &mut context.output;
    let file = saved.path.display().to_string();
    let metadata = saved.metadata.as_ref().map(|path| path.display().to_string());
    let Saved { rows, bytes, .. } = *saved;
    let isolation = isolation.as_str();
    if output.is_json() {
        let format = format.ending();
        let line = SavedLine { file, metadata, format, rows, bytes, isolation, completeness };
        return output.json(&SummaryLine { summary: line });
    }
    let counted = if rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") };
    output.text(format!("{file}: {counted}, {isolation} records, {bytes} bytes"))?;
    if let Some(metadata) = metadata {
        output.text(format!("{metadata}: what was asked and read"))?;
    }
    completeness_text(completeness).iter().try_for_each(|line| output.text(line))
}
