//! `types`: how many events of each type there are.
//!
//! Promises: one line for each type, those with the most events first; the summary last, with what
//! was read.
//! Does not know: how types are found and counted.

use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;

use super::args::TypesArgs;
use super::context::{Context, topics};
use super::lines::SummaryLine;
use super::output::{Align, Table};
use super::progress::Progress;
use super::scan::{ScanTotals, filter, is_none, print_totals};
use super::{CommandError, Outcome};
use crate::evidence::json_line::{record_time, said};
use crate::model::OffsetRange;
use crate::workspace::{Failure, ScanSummary, TypeCount, TypeCountQuestion, TypeCounts};

/// A type.
#[derive(Debug, Serialize)]
struct TypeLine<'a> {
    /// The type; none for events without one.
    #[serde(rename = "type")]
    event_type: Option<&'a str>,
    /// How many events.
    events: u64,
    /// The time of the first in log order.
    first: Option<String>,
    /// The time of the last in log order.
    last: Option<String>,
    /// The topics they are in.
    topics: &'a [Arc<str>],
}

impl<'a> TypeLine<'a> {
    /// The line of a type.
    fn new(count: &'a TypeCount) -> Self {
        Self {
            event_type: said(&count.event_type),
            events: count.events,
            first: record_time(count.first_ms),
            last: record_time(count.last_ms),
            topics: &count.topics,
        }
    }
}

/// The last line.
#[derive(Debug, Serialize)]
struct Summary<'a> {
    /// How many types there are.
    types: usize,
    /// Events of types that were too many to tell apart.
    #[serde(skip_serializing_if = "is_none")]
    other_events: u64,
    /// What was read.
    #[serde(flatten)]
    totals: ScanTotals<'a>,
}

/// Counts types.
pub(super) fn run(args: &TypesArgs, context: &mut Context) -> Result<Outcome, CommandError> {
    let question = question(args, context)?;
    let session = context.session()?;
    let progress = Progress::new(false);
    let started = Instant::now();
    let counted = session.types(question, &mut |event| progress.see(event));
    progress.finish();
    let (counts, read) = counted?;
    let seconds = started.elapsed().as_secs_f64();
    let isolation = session.isolation().as_str();
    let totals = ScanTotals::new(&read, seconds, isolation);
    print(args, context, (&counts, &read), totals)?;
    if read.cancelled {
        return Ok(Outcome::Cancelled);
    }
    Ok(context.outcome(&read.completeness))
}

/// What is asked for.
fn question(args: &TypesArgs, context: &Context) -> Result<TypeCountQuestion, Failure> {
    Ok(TypeCountQuestion {
        topics: topics(&args.topics),
        partitions: args.topics.partitions.clone(),
        from: context.when("--from", &args.from)?,
        to: context.when("--to", &args.to)?,
        clock: args.clock.into(),
        filter: filter(args.filter.as_deref())?,
    })
}

/// Prints the counts.
fn print(
    args: &TypesArgs,
    context: &mut Context,
    (counts, read): (&TypeCounts, &ScanSummary),
    totals: ScanTotals<'_>,
) -> Result<(), CommandError> {
    let output = &mut context.output;
    let shown = &counts.types[..args.top.unwrap_or(usize::MAX).min(counts.types.len())];
    let (types, other_events) = (counts.types.len(), counts.others);
    if output.is_json() {
        shown.iter().try_for_each(|count| output.json(&TypeLine::new(count)))?;
        return output.json(&SummaryLine { summary: Summary { types, other_events, totals } });
    }
    let mut table = Table::new(&[
        ("TYPE", Align::Left),
        ("EVENTS", Align::Right),
        ("FIRST", Align::Left),
        ("LAST", Align::Left),
        ("TOPICS", Align::Left),
    ]);
    for count in shown {
        table.push([
            said(&count.event_type).unwrap_or("-").to_owned(),
            count.events.to_string(),
            record_time(count.first_ms).unwrap_or_default(),
            record_time(count.last_ms).unwrap_or_default(),
            count.topics.join(", "),
        ]);
    }
    output.table(&table)?;
    output.text("")?;
    output.text(format!("{} of {types} types", shown.len()))?;
    if other_events > 0 {
        output.text(format!(
            "{other_events} events are of further types, too many to be types: what does `foldback mapping` take for one?"
        ))?;
    }
    for topic in &args.topics.topics {
        output.text(format!("covers {topic} {}", covered(topic, &read.ranges)))?;
    }
    print_totals(output, &totals)
}

/// What was read of a topic, as the first and the last position of each partition.
fn covered(topic: &str, ranges: &[OffsetRange]) -> String {
    let ranges = ranges.iter().filter(|range| *range.topic == *topic && !range.is_empty());
    let parts: Vec<String> = ranges
        .map(|OffsetRange { partition, from, to, .. }| {
            format!("from {partition}:{from} to {partition}:{}", to - 1)
        })
        .collect();
    if parts.is_empty() { "nowhere".to_owned() } else { parts.join(", ") }
}
