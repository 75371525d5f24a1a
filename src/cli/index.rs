//! `index`: reads topics into the local index.
//!
//! Promises: one line for each topic, with what the index now keeps of it.
//! Does not know: how records are kept.

use std::time::Instant;

use serde::Serialize;

use super::args::IndexArgs;
use super::context::{Context, keeping, topics};
use super::progress::Progress;
use super::{CommandError, Outcome};
use crate::partition_log::{FillOrder, Keeping};
use crate::workspace::{Failure, IndexQuestion};

/// What the index keeps of a topic.
#[derive(Debug, Serialize)]
struct IndexLine<'a> {
    /// The topic.
    topic: &'a str,
    /// How many partitions.
    partitions: usize,
    /// Partitions that have no leader and are not among those.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    offline: Vec<i32>,
    /// How many records.
    records: u64,
    /// How many distinct keys they have.
    distinct_keys: u64,
    /// How many records were read now.
    records_read: u64,
    /// Bytes of keys and values of the records read now.
    bytes_read: u64,
    /// What the index takes, in bytes.
    bytes_on_disk: u64,
    /// How long it took.
    seconds: f64,
}

/// Indexes topics one after another.
pub(super) fn run(args: &IndexArgs, context: &mut Context) -> Result<Outcome, CommandError> {
    let payloads = !args.without_values;
    let keeping = Keeping { payloads, ..keeping(&context.options) };
    if keeping.cache.is_none() {
        return Err(Failure::usage("an index cannot be made with --no-cache").into());
    }
    let session = context.session_keeping(keeping)?;
    for topic in topics(&args.topics) {
        let began = Instant::now();
        let question = IndexQuestion {
            topic: topic.clone(),
            partitions: args.topics.partitions.clone(),
            payloads,
            order: FillOrder {
                newest_first: args.newest_first,
                most_per_second: args.most_per_second,
            },
        };
        let progress = Progress::new(false);
        let summary = session.index(&question, &mut |event| progress.see(event));
        progress.finish();
        let summary = summary?;
        let line = IndexLine {
            topic: &topic,
            partitions: summary.partitions,
            offline: summary.offline.iter().map(|partition| partition.partition).collect(),
            records: summary.kept.records,
            distinct_keys: summary.kept.distinct_keys,
            records_read: summary.filled.records,
            bytes_read: summary.filled.bytes,
            bytes_on_disk: summary.kept.disk_bytes,
            seconds: began.elapsed().as_secs_f64(),
        };
        if context.output.is_json() {
            context.output.json(&line)?;
        } else {
            context.output.text(format!(
                "{}: {} records with {} keys in {} partitions, {} MiB on disk; {} read in {:.2} s",
                line.topic,
                line.records,
                line.distinct_keys,
                line.partitions,
                line.bytes_on_disk >> 20,
                line.records_read,
                line.seconds
            ))?;
            for partition in &summary.offline {
                context
                    .output
                    .text(format!("{partition} has no leader: nothing of it was read"))?;
            }
        }
    }
    Ok(Outcome::Answered)
}
