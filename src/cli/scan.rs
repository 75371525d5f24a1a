//! `scan`: records of topics, filtered.
//!
//! Promises: a line for each record as it is read, the summary last; nothing is kept.
//! Does not know: how records are read and filtered.

use std::ops::ControlFlow;
use std::time::Instant;

use serde::Serialize;

use super::args::{RecordOptions, ScanArgs};
use super::context::{Context, bytes_of_base64, topics};
use super::lines::{SummaryLine, completeness_text};
use super::output::Output;
use super::progress::Progress;
use super::{CommandError, Outcome};
use crate::decode::text;
use crate::evidence::json_line::{RecordLine, record_time, said};
use crate::model::{Completeness, Decoded, KeyFilter, OffsetRange, Position, Transaction};
use crate::workspace::{Failure, Filter, FilterTally, ScanQuestion, ScanSummary, ScannedRecord};

/// How much of a value a line of text shows, in characters.
const VALUE_CHARS: usize = 160;

/// What a scan read and found, as its last line says it.
#[derive(Debug, Serialize)]
pub(super) struct ScanTotals<'a> {
    /// Records the log delivered.
    scanned: u64,
    /// Records that matched.
    matched: u64,
    /// Bytes of their keys and values.
    bytes: u64,
    /// How long it took.
    seconds: f64,
    /// Records that came from the local index.
    from_cache: u64,
    /// Whether it came to the end.
    complete: bool,
    /// What was read.
    ranges: &'a [OffsetRange],
    /// Matching records that could not be decoded.
    decode_failures: u64,
    /// Records left out because the question asks for event times and they have none.
    #[serde(skip_serializing_if = "is_none")]
    without_event_time: u64,
    /// Records that do not match because the filter failed on them.
    #[serde(skip_serializing_if = "Option::is_none")]
    filter_failures: Option<u64>,
    /// The first of them, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_filter_failure: Option<FilterFailureLine<'a>>,
    /// What may be wrong with the filter.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    filter_notes: Vec<String>,
    /// Which records were read.
    isolation: &'static str,
    /// How much of the history it rests on.
    completeness: &'a Completeness,
}

/// A record that a filter failed on.
#[derive(Debug, Serialize)]
pub(super) struct FilterFailureLine<'a> {
    /// The record.
    #[serde(flatten)]
    position: &'a Position,
    /// Why.
    reason: &'a str,
}

/// Whether there are none of something.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
pub(super) fn is_none(count: &u64) -> bool {
    *count == 0
}

/// Scans.
pub(super) fn run(args: &ScanArgs, context: &mut Context) -> Result<Outcome, CommandError> {
    let question = question(args, context)?;
    let session = context.session()?;
    let progress = Progress::new(!args.count);
    if args.follow {
        context.output.send_at_once();
    }
    let started = Instant::now();
    let output = &mut context.output;
    let mut failed = None;
    let summary = session.scan(
        &question,
        &mut |scanned| match print(output, scanned) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        },
        &mut |event| progress.see(event),
    );
    progress.finish();
    if let Some(error) = failed {
        return Err(error);
    }
    let summary = summary?;
    let seconds = started.elapsed().as_secs_f64();
    let totals = ScanTotals::new(&summary, seconds, session.isolation().as_str());
    if context.output.is_json() {
        context.output.json(&SummaryLine { summary: totals })?;
    } else {
        context.output.text("")?;
        print_totals(&mut context.output, &totals)?;
    }
    if summary.cancelled {
        return Ok(Outcome::Cancelled);
    }
    Ok(context.outcome(&summary.completeness))
}

/// What is asked for.
fn question(args: &ScanArgs, context: &Context) -> Result<ScanQuestion, Failure> {
    Ok(ScanQuestion {
        count_only: args.count,
        values: !args.count,
        follow: args.follow,
        unordered: args.unordered,
        ..records_question(&args.records, context)?
    })
}

/// What is asked for with these options: the records, in log order, with their values.
///
/// # Errors
/// `Usage` when an option is none.
pub(super) fn records_question(
    options: &RecordOptions,
    context: &Context,
) -> Result<ScanQuestion, Failure> {
    let keys = match (&options.key, &options.key_base64, &options.key_contains) {
        (Some(key), ..) => KeyFilter::Equals(key.as_bytes().into()),
        (_, Some(text), _) => KeyFilter::Equals(bytes_of_base64(text)?.into()),
        (.., Some(text)) => KeyFilter::Contains(text.as_bytes().into()),
        (None, None, None) => KeyFilter::All,
    };
    Ok(ScanQuestion {
        topics: topics(&options.topics),
        partitions: options.topics.partitions.clone(),
        from: context.when("--from", &options.from)?,
        to: context.when("--to", &options.to)?,
        clock: options.clock.into(),
        only_timed: false,
        keys,
        filter: filter(options.filter.as_deref())?,
        limit: options.limit,
        count_only: false,
        values: true,
        follow: false,
        unordered: false,
    })
}

/// Prints a record.
fn print(output: &mut Output, scanned: &ScannedRecord<'_>) -> Result<(), CommandError> {
    if output.is_json() {
        let ScannedRecord { record, value, event_type, entity } = scanned;
        return output.json(&RecordLine::new(
            *record,
            value.decoded(),
            event_type,
            entity.as_ref(),
        ));
    }
    output.text(text_line(scanned))
}

/// A record in a line of text: place, time, key, type, value.
fn text_line(scanned: &ScannedRecord<'_>) -> String {
    let record = scanned.record;
    let key = record.key().map_or_else(|| "∅".to_owned(), |key| text::preview(key, VALUE_CHARS));
    let value = match scanned.value.decoded() {
        Decoded::Tombstone => "∅ tombstone".to_owned(),
        _ => record.value().map(|value| text::preview(value, VALUE_CHARS)).unwrap_or_default(),
    };
    let transaction = match record.transaction() {
        Transaction::Committed => String::new(),
        other => format!("  [{}]", other.as_str()),
    };
    let failure =
        scanned.value.decoded().failure().map(|reason| format!("  [not decoded: {reason}]"));
    format!(
        "{}  {}  {key}  {}  {value}{transaction}{}",
        record.position(),
        record_time(record.timestamp_ms()).unwrap_or_else(|| "no time".to_owned()),
        said(&scanned.event_type).unwrap_or("-"),
        failure.unwrap_or_default(),
    )
}

impl<'a> ScanTotals<'a> {
    /// What a scan found that took so long.
    pub(super) fn new(summary: &'a ScanSummary, seconds: f64, isolation: &'static str) -> Self {
        let failed = summary.filter.as_ref().and_then(FilterTally::first_failure);
        let failed = failed.map(|(position, reason)| FilterFailureLine { position, reason });
        Self {
            scanned: summary.scanned,
            matched: summary.matched,
            bytes: summary.bytes,
            seconds,
            from_cache: summary.from_cache,
            complete: summary.complete,
            ranges: &summary.ranges,
            decode_failures: summary.decode_failures,
            without_event_time: summary.without_event_time,
            filter_failures: summary.filter.as_ref().map(FilterTally::failures),
            first_filter_failure: failed,
            filter_notes: summary.filter.as_ref().map(FilterTally::notes).unwrap_or_default(),
            isolation,
            completeness: &summary.completeness,
        }
    }
}

/// The last lines of text.
pub(super) fn print_totals(
    output: &mut Output,
    totals: &ScanTotals<'_>,
) -> Result<(), CommandError> {
    let ScanTotals { matched, scanned, isolation, seconds, .. } = totals;
    let ended = if totals.complete { "" } else { ", not to the end" };
    output.text(format!(
        "{matched} of {scanned} {isolation} records match{ended} ({seconds:.2} s)"
    ))?;
    if totals.decode_failures > 0 {
        output.text(format!("{} could not be decoded", totals.decode_failures))?;
    }
    if let Some(FilterFailureLine { position, reason }) = &totals.first_filter_failure {
        let failures = totals.filter_failures.unwrap_or_default();
        output.text(format!("the filter fails on {failures}, first on {position}: {reason}"))?;
    }
    totals.filter_notes.iter().try_for_each(|note| output.text(note))?;
    completeness_text(totals.completeness).iter().try_for_each(|line| output.text(line))
}

/// The filter that an expression is.
///
/// # Errors
/// `Usage` when it is none.
pub(super) fn filter(expression: Option<&str>) -> Result<Option<Filter>, Failure> {
    let filter = expression.map(Filter::parse).transpose();
    filter.map_err(|error| {
        let mut failure = Failure::usage_error(&error);
        failure.problem.hint = error.hint();
        failure
    })
}
