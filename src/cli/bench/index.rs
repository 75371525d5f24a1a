//! `bench index` and `bench lookup`: the log on disk.
//!
//! Promises: measures the code that answers questions; an index that was made for measuring is
//! removed afterwards.
//! Does not know: what is fast enough.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

use tempfile::TempDir;

use super::{Measured, Steps, max_rss_bytes, rate, whole};
use crate::cli::CommandError;
use crate::cli::args::{BenchIndexArgs, BenchLogOptions, BenchLookupArgs};
use crate::cli::context::{Context, log_cache};
use crate::kafka;
use crate::model::{Cancel, Isolation, KeyFilter, OffsetRange, Random, ReadEvent, ReadPlan};
use crate::partition_log::{
    CachedLog, FillOrder, GeneratedLog, GeneratedTopic, KafkaLog, Keeping, LogCache, LogSource,
    SourceError,
};
use crate::workspace::{Failure, clock};

/// How many events each generated order has.
const EVENTS_OF_ORDER: u64 = 50;

/// A log and everything that it has.
pub(super) struct Measurable {
    /// What opens it anew, as a new process does.
    open: Box<dyn Fn() -> Result<Box<dyn LogSource>, Failure>>,
    /// Everything it has.
    ranges: Vec<OffsetRange>,
    /// The connection, where it is the log of a cluster.
    connection: Option<kafka::Connection>,
}

impl Measurable {
    /// The log that these options name.
    pub(super) fn new(options: &BenchLogOptions, context: &Context) -> Result<Self, CommandError> {
        let topic: Arc<str> = options.topic.as_deref().unwrap_or("generated").into();
        let Some(events) = options.generated else {
            let settings = context.settings()?;
            let connection = kafka::Connection::open(&settings).map_err(Failure::from)?;
            let ranges = whole(&connection, &[topic], Isolation::Committed)?;
            let open = move || -> Result<Box<dyn LogSource>, Failure> {
                Ok(Box::new(KafkaLog::new(kafka::Connection::open(&settings)?)))
            };
            return Ok(Self { open: Box::new(open), ranges, connection: Some(connection) });
        };
        let description = GeneratedTopic {
            topic,
            partitions: 12,
            entities: u32::try_from(events / EVENTS_OF_ORDER).unwrap_or(u32::MAX).max(1),
            events,
            start_ms: 1_700_000_000_000,
            span_ms: 2_000_000_000,
            seed: 42,
        };
        let ranges = GeneratedLog::new(description.clone()).ranges();
        let open = move || -> Result<Box<dyn LogSource>, Failure> {
            Ok(Box::new(GeneratedLog::new(description.clone())))
        };
        Ok(Self { open: Box::new(open), ranges, connection: None })
    }

    /// A plan for everything, with these keys.
    pub(super) fn plan(&self, keys: KeyFilter, payloads: bool) -> ReadPlan {
        ReadPlan {
            keys,
            values: payloads,
            headers: payloads,
            whole: true,
            ..ReadPlan::new(self.ranges.clone(), clock::now_ms())
        }
    }

    /// The log, with what is kept of it.
    pub(super) fn cached(
        &self,
        cache: &Arc<LogCache>,
        payloads: bool,
    ) -> Result<CachedLog, Failure> {
        let keeping = Keeping { cache: Some(Arc::clone(cache)), payloads, ..Keeping::nothing() };
        Ok(CachedLog::new((self.open)()?, keeping))
    }

    /// The log with all of it in the index that questions use, and that index.
    pub(super) fn indexed(&self, context: &Context) -> Result<(Arc<LogCache>, CachedLog), Failure> {
        let cache = log_cache(&context.options)
            .ok_or_else(|| Failure::usage("there is no index to look up in with --no-cache"))?;
        let all = self.plan(KeyFilter::All, true);
        let indexed = self.cached(&cache, true)?;
        let fill = indexed.fill_up(&all, FillOrder::default(), &context.cancel, &mut |_event| {
            ControlFlow::Continue(())
        });
        fill.map_err(Failure::from)?.ok_or_else(Failure::cancelled)?;
        Ok((cache, indexed))
    }

    /// Reads everything with a loop that only counts, and says how many records a second.
    fn limit(&self, plan: &ReadPlan, cancel: &Cancel) -> Result<f64, Failure> {
        let began = Instant::now();
        let records = match &self.connection {
            Some(connection) => kafka::count_only(connection, plan, cancel)?.records,
            None => (self.open)()?
                .read(plan, cancel, &mut |_event| ControlFlow::Continue(()))?
                .records(),
        };
        Ok(rate(records, began.elapsed().as_secs_f64()))
    }
}

/// Indexes a log from nothing. A step is the time from one piece of news to the next.
pub(super) fn index(args: &BenchIndexArgs, context: &Context) -> Result<Measured, CommandError> {
    let log = Measurable::new(&args.log, context)?;
    let payloads = !args.without_values;
    let folder = match &context.options.cache_dir {
        Some(folder) => {
            fs_err::create_dir_all(folder)?;
            TempDir::new_in(folder)?
        }
        None => TempDir::new()?,
    };
    let cache = Arc::new(LogCache::new(folder.path().to_owned(), u64::MAX));
    let plan = log.plan(KeyFilter::All, payloads);
    let cached = log.cached(&cache, payloads)?;
    let mut steps = Steps::new();
    let began = Instant::now();
    let mut last = began;
    let mut sink = |_event: ReadEvent| {
        steps.add(last);
        last = Instant::now();
        ControlFlow::Continue(())
    };
    let filled = cached.fill_up(&plan, FillOrder::default(), &context.cancel, &mut sink);
    let seconds = began.elapsed().as_secs_f64();
    let max_rss_bytes = max_rss_bytes();
    let filled = filled.map_err(Failure::from)?.ok_or_else(Failure::cancelled)?;
    let bytes_on_disk = cache.list().iter().map(|kept| kept.disk_bytes).sum();
    let limit = log.limit(&plan, &context.cancel)?;
    Ok(Measured {
        bytes: Some(filled.bytes),
        max_rss_bytes,
        limit_per_second: Some(limit),
        bytes_on_disk: Some(bytes_on_disk),
        ..Measured::of_steps("index", filled.records, seconds, &steps)
    })
}

/// Looks up entities of an indexed log. A step is one look-up by a log that was just opened, which
/// is what a new process does, the start of the process itself aside; or by one that stays open.
pub(super) fn lookup(args: &BenchLookupArgs, context: &Context) -> Result<Measured, CommandError> {
    let log = Measurable::new(&args.log, context)?;
    let (cache, indexed) = log.indexed(context)?;
    let all = log.plan(KeyFilter::All, true);
    let keys = some_keys(&indexed, &all, args, &context.cancel)?;
    let mut steps = Steps::new();
    let mut records = 0;
    let began = Instant::now();
    for key in keys {
        let asked = Instant::now();
        let opened = if args.stay_open { None } else { Some(log.cached(&cache, true)?) };
        let plan = log.plan(KeyFilter::Equals(key), true);
        let outcome =
            opened.as_ref().unwrap_or(&indexed).read(&plan, &context.cancel, &mut |event| {
                if let ReadEvent::Batch(batch) = event {
                    records += batch.len() as u64;
                }
                ControlFlow::Continue(())
            });
        outcome.map_err(Failure::from)?;
        steps.add(asked);
    }
    let seconds = began.elapsed().as_secs_f64();
    Ok(Measured {
        bytes_on_disk: Some(cache.list().iter().map(|kept| kept.disk_bytes).sum()),
        ..Measured::of_steps("lookup", records, seconds, &steps)
    })
}

/// Some keys of a log: those of records at offsets that look random.
fn some_keys(
    log: &CachedLog,
    all: &ReadPlan,
    args: &BenchLookupArgs,
    cancel: &Cancel,
) -> Result<Vec<Arc<[u8]>>, Failure> {
    const READ_AT_ONCE: i64 = 64;
    let ranges: Vec<&OffsetRange> = all.ranges.iter().filter(|range| !range.is_empty()).collect();
    let mut keys = Vec::new();
    let mut random = Random::new(args.seed);
    while !ranges.is_empty() && (keys.len() as u64) < args.lookups {
        let range = *random.pick(&ranges);
        let from = range.from + random.below(range.span()).cast_signed();
        let to = (from + READ_AT_ONCE).min(range.to);
        let plan = ReadPlan {
            ranges: vec![OffsetRange { from, to, ..range.clone() }],
            whole: false,
            ..all.clone()
        };
        let mut found: BTreeMap<i64, Arc<[u8]>> = BTreeMap::new();
        log.read(&plan, cancel, &mut |event| {
            if let ReadEvent::Batch(batch) = event {
                let keyed =
                    batch.iter().filter_map(|record| Some((record.offset(), record.key()?)));
                found.extend(keyed.map(|(offset, key)| (offset, key.into())));
            }
            ControlFlow::Continue(())
        })
        .map_err(|error: SourceError| Failure::from(error))?;
        if cancel.is_cancelled() {
            return Err(Failure::cancelled());
        }
        keys.extend(found.into_values().next());
    }
    Ok(keys)
}
