//! `cache`: what the local index keeps.
//!
//! Promises: needs no cluster; removes nothing unasked, and nothing that another process writes.
//! Does not know: how records are kept.

use jiff::Timestamp;
use serde::Serialize;

use super::args::CacheArgs;
use super::context::{Context, log_cache};
use super::output::{Align, Table};
use super::{CommandError, Outcome, report};
use crate::partition_log::{KeptTopic, LogCache};
use crate::workspace::Failure;

/// What is kept of a topic.
#[derive(Debug, Serialize)]
struct CacheLine {
    /// The cluster's id.
    cluster_id: String,
    /// The topic.
    topic: String,
    /// The topic's id.
    topic_id: Option<String>,
    /// How many partitions are kept.
    partitions: usize,
    /// How many segments.
    segments: usize,
    /// How many records.
    records: u64,
    /// Bytes of their keys and values.
    bytes: u64,
    /// What they take, in bytes.
    bytes_on_disk: u64,
    /// Whether values are kept.
    values: bool,
    /// When it was used last.
    used: Option<String>,
    /// Where it is kept.
    folder: String,
    /// What is wrong with it.
    problems: Vec<String>,
    /// Whether it was removed.
    cleared: bool,
    /// Whether what is wrong with it was removed, so that it is read from the cluster again.
    repaired: bool,
}

impl CacheLine {
    /// The line of a topic.
    fn new(kept: &KeptTopic, problems: Vec<String>) -> Self {
        let used = Timestamp::from_millisecond(kept.used_ms).ok();
        Self {
            cluster_id: kept.identity.cluster_id.clone(),
            topic: kept.identity.topic.clone(),
            topic_id: kept.identity.topic_id.clone(),
            partitions: kept.partitions,
            segments: kept.segments,
            records: kept.records,
            bytes: kept.payload_bytes,
            bytes_on_disk: kept.disk_bytes,
            values: kept.payloads,
            used: used.map(|used| format!("{used:.0}")),
            folder: kept.folder.display().to_string(),
            problems,
            cleared: false,
            repaired: false,
        }
    }
}

/// Lists, checks or removes.
pub(super) fn run(args: &CacheArgs, context: &mut Context) -> Result<Outcome, CommandError> {
    let Some(cache) = log_cache(&context.options) else {
        return Err(Failure::usage("there is no cache with --no-cache").into());
    };
    let mut lines = Vec::new();
    for kept in cache.list() {
        if !args.topics.is_empty() && !args.topics.contains(&kept.identity.topic) {
            continue;
        }
        let problems = if args.verify || args.repair {
            cache.verify(&kept, |_records| ())
        } else {
            kept.problems.clone()
        };
        let mut line = CacheLine::new(&kept, problems);
        line.repaired = args.repair && !line.problems.is_empty() && repair(&cache, &kept)?;
        line.cleared = args.clear && clear(&cache, &kept)?;
        lines.push(line);
    }
    let is_sound = |line: &CacheLine| line.problems.is_empty() || line.repaired || line.cleared;
    let sound = lines.iter().all(is_sound);
    if context.output.is_json() {
        lines.iter().try_for_each(|line| context.output.json(line))?;
    } else {
        let mut table = Table::new(&[
            ("TOPIC", Align::Left),
            ("CLUSTER", Align::Left),
            ("RECORDS", Align::Right),
            ("SEGMENTS", Align::Right),
            ("MIB", Align::Right),
            ("USED", Align::Left),
            ("", Align::Left),
        ]);
        for line in &lines {
            table.push([
                line.topic.clone(),
                line.cluster_id.clone(),
                line.records.to_string(),
                line.segments.to_string(),
                (line.bytes_on_disk >> 20).to_string(),
                line.used.clone().unwrap_or_default(),
                remark(line, args.verify || args.repair),
            ]);
        }
        context.output.table(&table)?;
        context.output.text("")?;
        context.output.text(format!("kept in {}", cache.root().display()))?;
        for problem in lines.iter().flat_map(|line| &line.problems) {
            report::warning(problem);
        }
        if !sound {
            report::warning("`foldback cache --repair` removes what is damaged: it is read again");
        }
    }
    Ok(if sound { Outcome::Answered } else { Outcome::No })
}

/// Removes what is kept of a topic. Says whether it could.
fn clear(cache: &LogCache, kept: &KeptTopic) -> Result<bool, CommandError> {
    let cleared =
        cache.clear(kept).map_err(|error| Failure::usage_error(&error).with_hint(error.hint()))?;
    if !cleared {
        report::warning(&format!("{} is being written by another process", kept.identity.topic));
    }
    Ok(cleared)
}

/// Removes what is damaged of a topic. Says whether it could.
fn repair(cache: &LogCache, kept: &KeptTopic) -> Result<bool, CommandError> {
    let repaired =
        cache.repair(kept).map_err(|error| Failure::usage_error(&error).with_hint(error.hint()))?;
    if repaired.is_none() {
        report::warning(&format!("{} is being written by another process", kept.identity.topic));
    }
    Ok(repaired.is_some_and(|removed| !removed.is_empty()))
}

/// What there is to say of a topic.
fn remark(line: &CacheLine, verified: bool) -> String {
    match (line.cleared, line.problems.len(), verified) {
        (true, ..) => "removed".to_owned(),
        (_, problems, _) if line.repaired => format!("{problems} damaged, now repaired"),
        (_, 0, true) => "sound".to_owned(),
        (_, 0, false) if !line.values => "without values".to_owned(),
        (_, 0, false) => String::new(),
        (_, problems, _) => format!("{problems} damaged"),
    }
}
