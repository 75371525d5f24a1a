//! `compare`: two projections over the same history, or one in two orders of events.
//!
//! Promises: one line for each entity or partition whose results differ, sorted by name, the
//! summary last; status 1 when there is one.
//! Does not know: how projections are run and compared.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::args::CompareArgs;
use super::context::Context;
use super::lines::{SummaryLine, completeness_text, moment};
use super::output::Output;
use super::progress::Progress;
use super::project::{ErrorLine, history, program, tell, workers};
use super::{CommandError, Outcome, report};
use crate::evidence::json_line::{record_time, said};
use crate::fold::Lint;
use crate::model::{Completeness, EntityId, Position, Value};
use crate::workspace::projection::{
    CompareQuestion, Comparison, Divergence, EventOrder, FirstDivergence, Side,
};

/// A partition whose results differ.
#[derive(Debug, Serialize)]
struct DivergenceLine<'a> {
    /// The entity; the partition's name where it is no entity's stream.
    entity: Name<'a>,
    /// The partition's name.
    partition: &'a str,
    /// Since when they differ.
    first_divergence: Option<FirstLine<'a>>,
    /// The result of the one.
    a: &'a Value,
    /// The result of the other.
    b: &'a Value,
    /// In which order events came: for the one, and for the other.
    orders: [String; 2],
    /// How much of the history it rests on.
    completeness: &'a Completeness,
}

/// The last line.
#[derive(Debug, Serialize)]
struct CompareSummary<'a> {
    /// The moment.
    at: String,
    /// In which order events came: for the one, and for the other.
    orders: [String; 2],
    /// How many results were compared.
    compared: u64,
    /// How many of them differ.
    differing: usize,
    /// The one projection.
    a: SideLine<'a>,
    /// The other.
    b: SideLine<'a>,
    /// Records the log delivered.
    scanned: u64,
    /// How much of the history it rests on.
    completeness: &'a Completeness,
}

/// What is said of one of the two projections.
#[derive(Debug, Serialize)]
struct SideLine<'a> {
    /// The script.
    projection: &'a str,
    /// Events of its source.
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
    /// What looks wrong.
    lints: &'a [Lint],
}

impl<'a> SideLine<'a> {
    /// What is said of a side.
    fn new(projection: &'a str, side: &'a Side) -> Self {
        Self {
            projection,
            events: side.counts.events,
            matched: side.counts.matched_total(),
            unmatched_types: &side.counts.unmatched,
            skipped: side.counts.skipped,
            decode_failures: side.counts.undecodable,
            errors: side.failure.iter().map(ErrorLine::new).collect(),
            lints: &side.lints,
        }
    }
}

/// Who has a result.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Name<'a> {
    /// An entity.
    Entity(&'a EntityId),
    /// A partition that the script named.
    Partition(&'a str),
}

/// Since when results differ.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum FirstLine<'a> {
    /// Since the same event.
    SameEvent {
        /// Its record.
        #[serde(flatten)]
        position: &'a Position,
        /// Its type.
        #[serde(rename = "type")]
        event_type: Option<&'a str>,
        /// Its timestamp.
        timestamp: Option<String>,
        /// The result of the one after it.
        a: &'a Value,
        /// The result of the other after it.
        b: &'a Value,
    },
    /// Since the same number of events.
    SameCount {
        /// How many.
        events: u64,
        /// The last of them for the one.
        a: Option<&'a Position>,
        /// The last of them for the other.
        b: Option<&'a Position>,
    },
}

impl<'a> FirstLine<'a> {
    /// What is said of the first divergence.
    fn new(first: &'a FirstDivergence) -> Self {
        match first {
            FirstDivergence::SameEvent { position, event_type, timestamp_ms, a, b } => {
                Self::SameEvent {
                    position,
                    event_type: said(event_type),
                    timestamp: record_time(*timestamp_ms),
                    a,
                    b,
                }
            }
            FirstDivergence::SameCount { count, a, b } => {
                Self::SameCount { events: *count, a: a.as_ref(), b: b.as_ref() }
            }
        }
    }
}

/// Compares two projections.
pub(super) fn run(args: &CompareArgs, context: &mut Context) -> Result<Outcome, CommandError> {
    let history = history(&args.topics, &args.options, context)?;
    let question = CompareQuestion {
        a: program(&args.a, &args.options)?,
        b: program(&args.b, &args.options)?,
        order_b: args.order_b,
        workers: workers(&args.options),
        history,
    };
    let session = context.session()?;
    let progress = Progress::new(false);
    let found = session.compare_projections(&question, &mut |event| progress.see(event));
    progress.finish();
    let found = found?;
    let orders = [question.history.order, question.order_b.unwrap_or(question.history.order)];
    print(&mut context.output, &question, &found, orders)?;
    let failures = [&found.a, &found.b].map(|side| side.failure.as_ref());
    failures.into_iter().flatten().for_each(tell);
    for (side, name) in [(&found.a, question.a.name()), (&found.b, question.b.name())] {
        for lint in &side.lints {
            report::warning(&format!("{name}: {}", lint.message));
        }
    }
    let is_same = found.divergences.is_empty() && failures.iter().all(Option::is_none);
    Ok(if is_same { context.outcome(&found.read.completeness) } else { Outcome::No })
}

/// Prints what differs.
fn print(
    output: &mut Output,
    question: &CompareQuestion,
    found: &Comparison,
    orders: [EventOrder; 2],
) -> Result<(), CommandError> {
    for divergence in &found.divergences {
        if output.is_json() {
            output.json(&line(divergence, &found.read.completeness, orders))?;
        } else {
            print_divergence(output, divergence, [question.a.name(), question.b.name()])?;
        }
    }
    if output.is_json() {
        let summary = summary(question, found, orders);
        return output.json(&SummaryLine { summary });
    }
    let [order, other] = orders;
    let order = if order == other {
        format!("in the order `{order}`")
    } else {
        format!("in the orders `{order}` and `{other}`")
    };
    let (differing, compared) = (found.divergences.len(), found.compared);
    output.text(format!("{differing} of {compared} results differ, {order}"))?;
    completeness_text(&found.read.completeness).iter().try_for_each(|line| output.text(line))
}

/// What is said at the end.
fn summary<'a>(
    question: &'a CompareQuestion,
    found: &'a Comparison,
    orders: [EventOrder; 2],
) -> CompareSummary<'a> {
    CompareSummary {
        at: moment(&question.history.at),
        orders: orders.map(|order| order.to_string()),
        compared: found.compared,
        differing: found.divergences.len(),
        a: SideLine::new(question.a.name(), &found.a),
        b: SideLine::new(question.b.name(), &found.b),
        scanned: found.read.scanned,
        completeness: &found.read.completeness,
    }
}

/// The line of a partition whose results differ.
fn line<'a>(
    divergence: &'a Divergence,
    completeness: &'a Completeness,
    orders: [EventOrder; 2],
) -> DivergenceLine<'a> {
    let name = || Name::Partition(&divergence.partition);
    DivergenceLine {
        entity: divergence.entity.as_ref().map_or_else(name, Name::Entity),
        partition: &divergence.partition,
        first_divergence: divergence.first.as_ref().map(FirstLine::new),
        a: &divergence.a,
        b: &divergence.b,
        orders: orders.map(|order| order.to_string()),
        completeness,
    }
}

/// Prints where the results of a partition differ, in a few lines.
fn print_divergence(
    output: &mut Output,
    divergence: &Divergence,
    names: [&Arc<str>; 2],
) -> Result<(), CommandError> {
    let name = if divergence.partition.is_empty() { "the state" } else { &divergence.partition };
    let since = match &divergence.first {
        Some(FirstDivergence::SameEvent { position, event_type, .. }) => {
            format!("since {event_type} {position}")
        }
        Some(FirstDivergence::SameCount { count, .. }) => format!("since event {count}"),
        None => "in the end".to_owned(),
    };
    output.text(format!("{name}  differs {since}"))?;
    let mut lines = vec![[divergence.a.to_json(), divergence.b.to_json()]];
    if let Some(FirstDivergence::SameEvent { a, b, .. }) = &divergence.first {
        lines.insert(0, [a.to_json(), b.to_json()]);
    }
    let labels = if lines.len() == 2 { vec!["then", "end "] } else { vec!["end "] };
    for (label, texts) in labels.into_iter().zip(lines) {
        for (name, text) in names.iter().zip(texts) {
            output.text(format!("    {label}  {name}  {text}"))?;
        }
    }
    output.text("")
}
