//! `bench`: what this machine and this cluster can do.
//!
//! Promises: measures the code that answers questions, not a copy of it; figures come with what
//! they were measured on.
//! Does not know: what is fast enough.

mod index;
mod opening;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde::Serialize;

use super::args::{BenchCommand, BenchFoldArgs, BenchFramesArgs, BenchScanArgs};
use super::context::{Context, names};
use super::output::Output;
use super::{CommandError, FrameTimes, FramesRequest, MeasureFrames, Outcome};
use crate::decode::Decoder;
use crate::entity::{self, Mapping};
use crate::fold::History;
use crate::kafka::{self, Connection};
use crate::model::{
    Cancel, Isolation, KeyFilter, OffsetRange, Random, ReadEvent, ReadPlan, RecordBatch,
    TopicPartition,
};
use crate::partition_log::{GeneratedLog, GeneratedTopic, LogSource as _};
use crate::workspace::{Failure, REQUEST_TIMEOUT, clock};

/// The longest span of time a histogram of this bench holds, in nanoseconds: a minute.
const LONGEST_NS: u64 = 60_000_000_000;

/// What was measured.
#[derive(Debug, Serialize)]
struct Measured {
    /// What.
    what: &'static str,
    /// Over how many records.
    records: u64,
    /// Bytes of their keys and values.
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    /// In how many seconds.
    seconds: f64,
    /// Records in a second.
    per_second: f64,
    /// The time that half of the steps take at most, in milliseconds.
    p50_ms: f64,
    /// The time that 99 of 100 steps take at most, in milliseconds.
    p99_ms: f64,
    /// How long the first frame took, from the start to its end, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_ms: Option<f64>,
    /// The most memory the program ever held, in bytes.
    max_rss_bytes: Option<u64>,
    /// Records in a second of a loop that only counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    limit_per_second: Option<f64>,
    /// What the index takes, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes_on_disk: Option<u64>,
}

impl Measured {
    /// What was measured in these steps, without what only some measurements tell.
    fn of_steps(what: &'static str, records: u64, seconds: f64, steps: &Steps) -> Self {
        Self {
            what,
            records,
            bytes: None,
            seconds,
            per_second: rate(records, seconds),
            p50_ms: steps.quantile_ms(0.5),
            p99_ms: steps.quantile_ms(0.99),
            first_ms: None,
            max_rss_bytes: max_rss_bytes(),
            limit_per_second: None,
            bytes_on_disk: None,
        }
    }
}

/// Times of many steps.
struct Steps(Histogram<u64>);

impl Steps {
    /// No step yet.
    fn new() -> Self {
        Self(
            Histogram::new_with_bounds(1, LONGEST_NS, 3)
                .expect("the bounds are constants that fit"),
        )
    }

    /// Adds a step that began then.
    fn add(&mut self, began: Instant) {
        self.record(began.elapsed());
    }

    /// Adds a step that took this long.
    fn record(&mut self, took: Duration) {
        self.0.saturating_record(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
    }

    /// The time that this share of the steps takes at most, in milliseconds.
    #[expect(clippy::cast_precision_loss, reason = "a measurement")]
    fn quantile_ms(&self, share: f64) -> f64 {
        self.0.value_at_quantile(share) as f64 / 1e6
    }
}

/// How many in a second.
#[expect(clippy::cast_precision_loss, reason = "a measurement")]
fn rate(count: u64, seconds: f64) -> f64 {
    if seconds > 0.0 { count as f64 / seconds } else { 0.0 }
}

/// Measures.
pub(super) fn run(
    command: BenchCommand,
    context: &mut Context,
    measure_frames: MeasureFrames<'_>,
) -> Result<Outcome, CommandError> {
    let measured = match command {
        BenchCommand::Scan(args) => scan(&args, context)?,
        BenchCommand::Index(args) => index::index(&args, context)?,
        BenchCommand::Lookup(args) => index::lookup(&args, context)?,
        BenchCommand::Histogram(args) => opening::histogram(&args, context)?,
        BenchCommand::Topics(args) => opening::topics(&args, context)?,
        BenchCommand::Fold(args) => fold(&args, context)?,
        BenchCommand::Frames(args) => frames(&args, measure_frames),
    };
    print(&mut context.output, &measured)?;
    Ok(Outcome::Answered)
}

/// Prints what was measured.
fn print(output: &mut Output, measured: &Measured) -> Result<(), CommandError> {
    if output.is_json() {
        return output.json(measured);
    }
    output.text(format!(
        "{}: {} records in {:.2} s, {:.0} a second",
        measured.what, measured.records, measured.seconds, measured.per_second
    ))?;
    output.text(format!("p50 {:.3} ms, p99 {:.3} ms", measured.p50_ms, measured.p99_ms))?;
    if let Some(first_ms) = measured.first_ms {
        output.text(format!("the first after {first_ms:.1} ms"))?;
    }
    if let Some(limit) = measured.limit_per_second {
        let share = measured.per_second / limit;
        output.text(format!(
            "a loop that only counts: {limit:.0} a second; this is {share:.2} of it"
        ))?;
    }
    if let Some(bytes) = measured.max_rss_bytes {
        output.text(format!("at most {} MiB of memory", bytes >> 20))?;
    }
    Ok(())
}

/// Reads topics to their end as every question does, and beside it with a loop that only counts. A
/// step is the time from one batch to the next.
fn scan(args: &BenchScanArgs, context: &Context) -> Result<Measured, CommandError> {
    let session = context.session()?;
    let connection = session.connection();
    let ranges = whole(connection, &names(&args.topics), session.isolation())?;
    let plan = ReadPlan {
        isolation: session.isolation(),
        keys: args
            .key
            .as_ref()
            .map_or(KeyFilter::All, |key| KeyFilter::Equals(key.as_bytes().into())),
        ..ReadPlan::new(ranges, clock::now_ms())
    };
    let mut steps = Steps::new();
    let began = Instant::now();
    let mut last = began;
    let outcome = kafka::read(connection, &plan, &context.cancel, &mut |event| {
        if let ReadEvent::Batch(batch) = event {
            std::hint::black_box(&batch);
            steps.add(last);
            last = Instant::now();
        }
        ControlFlow::Continue(())
    })
    .map_err(Failure::from)?;
    let seconds = began.elapsed().as_secs_f64();
    let max_rss_bytes = max_rss_bytes();
    let began = Instant::now();
    let counted = kafka::count_only(connection, &plan, &context.cancel).map_err(Failure::from)?;
    let limit = rate(counted.records, began.elapsed().as_secs_f64());
    if outcome.stopped || context.cancel.is_cancelled() {
        return Err(Failure::cancelled().into());
    }
    Ok(Measured {
        bytes: Some(outcome.bytes()),
        max_rss_bytes,
        limit_per_second: Some(limit),
        ..Measured::of_steps("scan", outcome.records(), seconds, &steps)
    })
}

/// The whole of these topics as it is now.
fn whole(
    connection: &Connection,
    topics: &[Arc<str>],
    isolation: Isolation,
) -> Result<Vec<OffsetRange>, Failure> {
    let mut partitions = Vec::new();
    for topic in topics {
        let facts = connection.topic(topic, REQUEST_TIMEOUT)?;
        let numbers = facts.partitions.iter().map(|partition| partition.partition);
        partitions.extend(numbers.map(|number| TopicPartition::new(Arc::clone(topic), number)));
    }
    let bounds = connection.watermarks(&partitions, REQUEST_TIMEOUT)?;
    let range = |(partition, bounds): (&TopicPartition, &kafka::Watermarks)| {
        OffsetRange::new(partition, bounds.low, bounds.end(isolation))
    };
    Ok(bounds.iter().map(range).collect())
}

/// Folds a generated entity and asks for its state at random moments. A step is one such question.
fn fold(args: &BenchFoldArgs, context: &Context) -> Result<Measured, CommandError> {
    let fold = context.fold(args.fold.as_deref(), &[])?;
    let batches = generated(args.events, args.seed)?;
    let place = "value:/type".parse().map_err(|error| Failure::usage_error(&error))?;
    let mapping = Mapping { event_type: vec![place], ..Mapping::default() };
    let records = batches.iter().flat_map(RecordBatch::iter);
    let events = entity::history(records.map(|record| (record, &mapping, Decoder::Json)));
    let began = Instant::now();
    let mut history = History::new(fold, events);
    let seconds = began.elapsed().as_secs_f64();
    let mut steps = Steps::new();
    let mut random = Random::new(args.seed);
    for _ in 0..args.cuts {
        let version = random.below(history.len().saturating_add(1));
        let asked = Instant::now();
        std::hint::black_box(history.state_after(version));
        steps.add(asked);
    }
    Ok(Measured::of_steps("fold", history.len(), seconds, &steps))
}

/// Draws frames of the window. A step is what the processor does for one frame.
fn frames(args: &BenchFramesArgs, measure: MeasureFrames<'_>) -> Measured {
    let BenchFramesArgs { topic, events, lanes, frames } = *args;
    let FrameTimes { first, others } = measure(FramesRequest { topic, events, lanes, frames });
    let mut steps = Steps::new();
    for time in &others {
        steps.record(*time);
    }
    let seconds = others.iter().sum::<Duration>().as_secs_f64();
    Measured {
        first_ms: Some(first.as_secs_f64() * 1e3),
        ..Measured::of_steps("frames", others.len() as u64, seconds, &steps)
    }
}

/// The records of one generated order with this many events.
fn generated(events: u64, seed: u64) -> Result<Vec<RecordBatch>, Failure> {
    let topic: Arc<str> = "bench".into();
    let log = GeneratedLog::new(GeneratedTopic {
        topic: Arc::clone(&topic),
        partitions: 1,
        entities: 1,
        events,
        start_ms: 1_700_000_000_000,
        span_ms: 2_000_000_000,
        seed,
    });
    let partition = TopicPartition::new(topic, 0);
    let bounds = log
        .bounds(std::slice::from_ref(&partition))
        .map_err(|error| Failure::usage_error(&error))?;
    let ranges: BTreeMap<_, _> = bounds
        .iter()
        .map(|(partition, bounds)| {
            (partition, OffsetRange::new(partition, bounds.low, bounds.high))
        })
        .collect();
    let plan = ReadPlan::new(ranges.into_values().collect(), clock::now_ms());
    let mut batches = Vec::new();
    log.read(&plan, &Cancel::new(), &mut |event| {
        if let ReadEvent::Batch(batch) = event {
            batches.push(batch);
        }
        ControlFlow::Continue(())
    })
    .map_err(|error| Failure::usage_error(&error))?;
    Ok(batches)
}

/// The most memory this program ever held, in bytes; known on Linux alone.
fn max_rss_bytes() -> Option<u64> {
    let status = fs_err::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}
