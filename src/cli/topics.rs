//! `topics`: the topics of a cluster.
//!
//! Promises: one line for each topic; in text, one line for each partition when one topic is asked
//! for.
//! Does not know: how topics are found.

use super::args::TopicsArgs;
use super::context::Context;
use super::output::{Align, Table};
use super::{CommandError, Outcome};
use crate::workspace::{PartitionFacts, TopicReport, time_text};

/// Lists topics.
pub(super) fn run(args: &TopicsArgs, context: &mut Context) -> Result<Outcome, CommandError> {
    let session = context.session()?;
    let topics = match &args.topic {
        Some(name) => vec![session.topic(name)?],
        None => session.topics()?,
    };
    let output = &mut context.output;
    if output.is_json() {
        topics.iter().try_for_each(|topic| output.json(topic))?;
        return Ok(Outcome::Answered);
    }
    output.table(&overview(&topics))?;
    if let (Some(_), [topic]) = (&args.topic, topics.as_slice()) {
        output.text("")?;
        output.table(&partitions(topic))?;
    }
    Ok(Outcome::Answered)
}

/// A line for each topic.
fn overview(topics: &[TopicReport]) -> Table {
    let mut table = Table::new(&[
        ("TOPIC", Align::Left),
        ("PARTITIONS", Align::Right),
        ("RECORDS ≤", Align::Right),
        ("POLICY", Align::Left),
        ("RETENTION", Align::Left),
        ("TIMES", Align::Left),
        ("", Align::Left),
    ]);
    for topic in topics {
        let records: Option<i64> =
            topic.partitions.iter().map(PartitionFacts::records_at_most).sum();
        let retention = topic.retention_ms.map(|retention_ms| match retention_ms {
            -1 => "unlimited".to_owned(),
            limited => time_text::length(limited),
        });
        let led = topic.partitions.iter().filter(|partition| partition.leader.is_some()).count();
        let notes = match &topic.problem {
            Some(problem) => problem.to_string(),
            None if led < topic.partitions.len() => {
                format!("{} of its partitions without a leader", topic.partitions.len() - led)
            }
            None if topic.internal => "internal".to_owned(),
            None => String::new(),
        };
        let times = topic.timestamp_type.map(|kind| match kind {
            crate::model::TimestampType::CreateTime => "producer",
            crate::model::TimestampType::LogAppendTime => "broker",
        });
        table.push([
            topic.name.to_string(),
            topic.partitions.len().to_string(),
            unknown_or(records),
            unknown_or(topic.cleanup_policy.as_deref()),
            unknown_or(retention),
            unknown_or(times),
            notes,
        ]);
    }
    table
}

/// A line for each partition.
fn partitions(topic: &TopicReport) -> Table {
    let columns = ["PARTITION", "LEADER", "LOW", "STABLE", "HIGH", "RECORDS ≤"];
    let mut table = Table::new(&columns.map(|name| (name, Align::Right)));
    for partition in &topic.partitions {
        table.push([
            partition.partition.to_string(),
            unknown_or(partition.leader),
            unknown_or(partition.bounds.map(|bounds| bounds.low)),
            unknown_or(partition.bounds.map(|bounds| bounds.last_stable)),
            unknown_or(partition.bounds.map(|bounds| bounds.high)),
            unknown_or(partition.records_at_most()),
        ]);
    }
    table
}

/// The text of what is known, else `?`.
pub(super) fn unknown_or(known: Option<impl ToString>) -> String {
    known.map_or_else(|| "?".to_owned(), |known| known.to_string())
}
