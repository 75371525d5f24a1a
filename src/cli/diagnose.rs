//! `diagnose`: rows of a read model beside what the log says they should be, and why they differ.
//!
//! Promises: one line for each row, the summary last; status 1 when a row is anything but fresh.
//! Does not know: how rows are read and judged.

use std::collections::BTreeMap;

use serde::Serialize;

use super::args::DiagnoseArgs;
use super::context::{Context, bytes_of_base64};
use super::lines::{SummaryLine, completeness_text};
use super::output::{Colour, Output};
use super::progress::Progress;
use super::{CommandError, Outcome};
use crate::model::{Completeness, EntityId, Value};
use crate::read_model::Difference;
use crate::read_model::diagnose::{Class, Cut, Hypothesis};
use crate::workspace::{
    DiagnoseQuestion, DiagnoseSummary, Failure, ReadModel, ReadModelOptions, RowDiagnosis, Rows,
    fold_named,
};

/// How many rows are looked at where nothing says how many.
const SAMPLE_DEFAULT: usize = 100;

/// What is said of a row.
#[derive(Debug, Serialize)]
struct RowLine<'a> {
    /// The entity.
    entity: &'a EntityId,
    /// The class that is named first.
    class: Class,
    /// Whether others rest on the same evidence.
    tie: bool,
    /// Every hypothesis that fits.
    hypotheses: &'a [Hypothesis],
    /// What the log says.
    expected: &'a Value,
    /// What the row holds.
    actual: &'a Value,
    /// Where they differ.
    differences: &'a [Difference],
    /// After how many events the expected state is.
    version: u64,
    /// Where log and group stood.
    cut: CutLine<'a>,
    /// What was not tried.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    not_searched: &'a [String],
    /// How much of the history there is.
    completeness: &'a Completeness,
}

/// Where log and group stood.
#[derive(Debug, Serialize)]
struct CutLine<'a> {
    /// Before and after the row was read.
    #[serde(flatten)]
    cut: &'a Cut,
    /// How many events came meanwhile.
    in_flight: u64,
}

/// The last line.
#[derive(Debug, Serialize)]
struct DiagnoseSummaryLine<'a> {
    /// How many rows were looked at.
    checked: u64,
    /// How many entities the log has.
    #[serde(skip_serializing_if = "Option::is_none")]
    entities: Option<u64>,
    /// How many rows are of each class.
    by_class: &'a BTreeMap<Class, u64>,
    /// What the wrong ones have in common.
    pattern: Option<&'a str>,
    /// How much of the history there is.
    completeness: &'a Completeness,
}

/// Judges rows.
pub(super) fn run(args: &DiagnoseArgs, context: &mut Context) -> Result<Outcome, CommandError> {
    let question = question(args, context)?;
    let session = context.session()?;
    let progress = Progress::new(false);
    let output = &mut context.output;
    let found = session
        .diagnose(&question, &mut |event| progress.see(event), &mut |row| print(output, &row));
    progress.finish();
    let summary: DiagnoseSummary = found?;
    print_summary(output, &summary)?;
    if !summary.is_fresh() {
        return Ok(Outcome::No);
    }
    Ok(context.outcome(&summary.completeness))
}

/// What the options ask.
fn question(args: &DiagnoseArgs, context: &Context) -> Result<DiagnoseQuestion, Failure> {
    let read_model = match (&args.read_model, &args.store) {
        (Some(name), _) => ReadModel::named(name, context.config())?,
        (None, store) => {
            let options = ReadModelOptions {
                topics: args.topics.clone(),
                fold: args.fold.clone(),
                group: args.group.clone(),
                store: store.clone().unwrap_or_default(),
                query: args.query.clone(),
                index: args.index.clone(),
                id: args.id.clone(),
                key: args.key.clone(),
                fields: args.fields.clone(),
                ignore: args.ignore.clone(),
                dead_letters: args.dead_letters.clone(),
            };
            ReadModel::described(options, context.config())?
        }
    };
    let was = args.was.as_deref().map(|name| fold_named(name, context.config())).transpose()?;
    let mut entities: Vec<EntityId> = args.entities.iter().map(EntityId::new).collect();
    for text in &args.key_base64 {
        entities.push(EntityId::new(bytes_of_base64(text)?));
    }
    let rows = match (entities.is_empty(), args.all) {
        (false, _) => Rows::Of(entities),
        (true, true) => Rows::All,
        (true, false) => Rows::Sample(args.sample.unwrap_or(SAMPLE_DEFAULT)),
    };
    Ok(DiagnoseQuestion { read_model, rows, was })
}

/// Prints what is said of a row.
fn print(output: &mut Output, row: &RowDiagnosis) -> Result<(), CommandError> {
    let found = &row.diagnosis;
    if output.is_json() {
        return output.json(&RowLine {
            entity: &row.entity,
            class: found.class,
            tie: found.tie,
            hypotheses: &found.hypotheses,
            expected: &found.expected,
            actual: &found.actual,
            differences: &found.differences,
            version: found.version,
            cut: CutLine { cut: &row.cut, in_flight: found.in_flight },
            not_searched: &found.not_searched,
            completeness: &row.completeness,
        });
    }
    let colour = if found.class == Class::Fresh { Colour::Green } else { Colour::Red };
    let tie = if found.tie { ", a tie" } else { "" };
    output.coloured(
        colour,
        found.class.as_str(),
        &format!("  {}  v{}{tie}", row.entity, found.version),
    )?;
    if found.class == Class::Fresh {
        return Ok(());
    }
    for one in &found.hypotheses {
        output.text(format!("    {}. {}  {}", one.rank, one.class, one.explanation))?;
    }
    for difference in &found.differences {
        let path = difference.path.as_str();
        let place = if path.is_empty() { "the row" } else { path };
        let (expected, actual) = (difference.expected.to_json(), difference.actual.to_json());
        output.text(format!("    {place}  should be {expected}, is {actual}"))?;
    }
    found.not_searched.iter().try_for_each(|words| output.text(format!("    note: {words}")))
}

/// Prints what is said of all rows.
fn print_summary(output: &mut Output, summary: &DiagnoseSummary) -> Result<(), CommandError> {
    if output.is_json() {
        let summary = DiagnoseSummaryLine {
            checked: summary.checked,
            entities: summary.entities,
            by_class: &summary.by_class,
            pattern: summary.pattern.as_deref(),
            completeness: &summary.completeness,
        };
        return output.json(&SummaryLine { summary });
    }
    let classes: Vec<String> =
        summary.by_class.iter().map(|(class, count)| format!("{count} {class}")).collect();
    let of = summary.entities.map(|all| format!(" of {all}")).unwrap_or_default();
    output.text("")?;
    output.text(format!("{}{of} rows: {}", summary.checked, classes.join(", ")))?;
    if let Some(pattern) = &summary.pattern {
        output.text(pattern)?;
    }
    completeness_text(&summary.completeness).iter().try_for_each(|line| output.text(line))
}
