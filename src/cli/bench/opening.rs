//! `bench histogram` and `bench topics`: what is asked for when something is opened.
//!
//! Promises: measures the code that answers questions; each step opens everything anew.
//! Does not know: what is fast enough.

use std::ops::ControlFlow;
use std::time::Instant;

use super::index::Measurable;
use super::{Measured, Steps};
use crate::cli::CommandError;
use crate::cli::args::{BenchHistogramArgs, BenchTopicsArgs};
use crate::cli::context::Context;
use crate::kafka::{EmbeddedCluster, EmbeddedTopic};
use crate::model::{KeyFilter, ReadEvent};
use crate::partition_log::{Keeping, LogBounds, LogNews, LogStore};
use crate::workspace::{Failure, Session};

/// How many buckets a histogram of the window has.
const BUCKETS: usize = 400;

/// How many partitions a generated topic has.
const PARTITIONS: i32 = 6;

/// Counts when the records of an indexed log came. A step is one such count by a log that was just
/// opened.
pub(super) fn histogram(
    args: &BenchHistogramArgs,
    context: &Context,
) -> Result<Measured, CommandError> {
    let log = Measurable::new(&args.log, context)?;
    let (cache, _indexed) = log.indexed(context)?;
    let plan = log.plan(KeyFilter::All, true);
    let mut steps = Steps::new();
    let mut records = 0;
    let began = Instant::now();
    for _ in 0..args.times {
        let asked = Instant::now();
        let mut store = LogStore::new(u64::MAX);
        let mut full = None;
        let opened = log.cached(&cache, true)?.open(&plan, &context.cancel, &mut |news| {
            match news {
                LogNews::Kept(kept) => store.take_kept(kept),
                LogNews::Read(ReadEvent::Batch(batch)) => {
                    full = store.append(batch).err().or(full.take());
                }
                LogNews::Read(_) => {}
            }
            ControlFlow::Continue(())
        });
        opened.map_err(Failure::from)?;
        if let Some(error) = full {
            return Err(Failure::usage_error(&error).into());
        }
        let snapshot = store.snapshot();
        let time_ms = snapshot.time_span(&LogBounds::default());
        let whole = LogBounds { time_ms, ..LogBounds::default() };
        records += snapshot.histogram(&whole, BUCKETS).counts.iter().sum::<u64>();
        steps.add(asked);
    }
    let seconds = began.elapsed().as_secs_f64();
    Ok(Measured {
        bytes_on_disk: Some(cache.list().iter().map(|kept| kept.disk_bytes).sum()),
        ..Measured::of_steps("histogram", records, seconds, &steps)
    })
}

/// Lists the topics of a cluster. A step is one list by a session that was just opened; a record is
/// a partition.
pub(super) fn topics(args: &BenchTopicsArgs, context: &Context) -> Result<Measured, CommandError> {
    let cluster = args.generated.map(generated).transpose()?;
    let settings = match &cluster {
        Some(cluster) => cluster.settings(&[]),
        None => context.settings()?,
    };
    let isolation = context.options.isolation.unwrap_or_default().into();
    let mut steps = Steps::new();
    let mut partitions = 0;
    let began = Instant::now();
    for _ in 0..args.times {
        let asked = Instant::now();
        let cancel = context.cancel.clone();
        let session = Session::open(&settings, None, isolation, cancel, Keeping::nothing())?;
        let topics = session.topics()?;
        partitions += topics.iter().map(|topic| topic.partitions.len() as u64).sum::<u64>();
        steps.add(asked);
    }
    let seconds = began.elapsed().as_secs_f64();
    Ok(Measured::of_steps("topics", partitions, seconds, &steps))
}

/// A cluster inside this process with this many topics.
fn generated(topics: u32) -> Result<EmbeddedCluster, Failure> {
    let names: Vec<String> = (0..topics).map(|number| format!("topic-{number:04}")).collect();
    let topics: Vec<EmbeddedTopic<'_>> =
        names.iter().map(|name| EmbeddedTopic { name, partitions: PARTITIONS }).collect();
    Ok(EmbeddedCluster::start(&topics)?)
}
