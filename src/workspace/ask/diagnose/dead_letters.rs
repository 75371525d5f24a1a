//! Records that were put aside, and which records they are copies of.
//!
//! Promises: headers are read in the forms of Spring Kafka and Kafka Connect and in those that
//! follow them; without any, a record is a copy of the one event with its key and value.
//! Does not know: why a consumer put something aside, unless a header says so.

use std::ops::ControlFlow;
use std::sync::Arc;

use crate::decode::text::visible;
use crate::kafka::KafkaError;
use crate::model::{Event, Isolation, OffsetRange, Position, ReadPlan, RecordRef, TopicPartition};
use crate::partition_log::LogSource as _;
use crate::read_model::diagnose::DeadLetter;
use crate::workspace::{Failure, Session};

/// How many records of dead letter topics are looked at, the newest.
const RECORDS_MAX: i64 = 100_000;

/// How many characters of a reason are told.
const REASON_CHARS: usize = 200;

/// A record that was put aside.
#[derive(Clone, Debug)]
pub(super) struct PutAside {
    /// Where it is.
    position: Position,
    /// Its key.
    key: Option<Arc<[u8]>>,
    /// Its value.
    value: Option<Arc<[u8]>>,
    /// Where it came from, by its headers.
    origin: Option<Position>,
    /// Why, by its headers.
    reason: Option<String>,
}

impl Session {
    /// The newest records of these topics.
    pub(super) fn put_aside(&self, topics: &[Arc<str>]) -> Result<Vec<PutAside>, Failure> {
        let mut all = Vec::new();
        for topic in topics {
            let partitions = match self.partitions(std::slice::from_ref(topic), &[]) {
                Ok(partitions) => partitions,
                // It comes into being with the first record that is put aside.
                Err(failure) if is_unknown(&failure, topic) => continue,
                Err(failure) => return Err(failure),
            };
            let bounds = self.bounds(&partitions)?;
            let of_each = RECORDS_MAX / i64::try_from(bounds.len().max(1)).unwrap_or(RECORDS_MAX);
            let ranges = bounds.iter().map(|(partition, marks)| {
                let end = marks.end(self.isolation);
                OffsetRange::new(partition, marks.low.max(end - of_each), end)
            });
            let plan = ReadPlan {
                isolation: Isolation::Committed,
                ..ReadPlan::new(ranges.filter(|range| !range.is_empty()).collect(), self.started_ms)
            };
            if plan.ranges.is_empty() {
                continue;
            }
            let mut take = |record: RecordRef<'_>| {
                all.push(PutAside::of(record));
                ControlFlow::Continue(())
            };
            self.log.read_in_log_order(&plan, &self.cancel, &mut take, &mut |_| {})?;
            self.check_cancelled()?;
        }
        Ok(all)
    }
}

/// Whether a failure says that this topic does not exist.
fn is_unknown(failure: &Failure, topic: &Arc<str>) -> bool {
    let unknown = KafkaError::UnknownTopic { topic: topic.to_string() };
    failure.problem.what == Failure::from(unknown).problem.what
}

impl PutAside {
    /// What a record says.
    fn of(record: RecordRef<'_>) -> Self {
        let (mut topic, mut partition, mut offset, mut reason) = (None, None, None, None);
        for header in record.headers() {
            let Some(value) = header.value else { continue };
            let name = header.name.to_ascii_lowercase().replace(['-', '.'], "_");
            let tells_origin =
                ["original", "origin", "source", "errors"].iter().any(|word| name.contains(word));
            match name.rsplit('_').next() {
                Some("topic") if tells_origin => topic = std::str::from_utf8(value).ok(),
                Some("partition") if tells_origin => partition = number(value),
                Some("offset") if tells_origin => offset = number(value),
                Some("message") if name.contains("exception") || name.contains("error") => {
                    let text = std::str::from_utf8(value).ok();
                    reason = text.map(|text| visible(text).chars().take(REASON_CHARS).collect());
                }
                _ => {}
            }
        }
        let partition = partition.and_then(|number| i32::try_from(number).ok());
        let origin = topic.zip(partition).zip(offset);
        Self {
            position: record.partition().at(record.offset()),
            key: record.key().map(Into::into),
            value: record.value().map(Into::into),
            origin: origin.map(|((topic, partition), offset)| {
                TopicPartition::new(topic, partition).at(offset)
            }),
            reason,
        }
    }
}

/// A number as text, or in the bytes that Java writes one with.
fn number(value: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(value).ok().and_then(|text| text.trim().parse().ok());
    let long = || <[u8; 8]>::try_from(value).ok().map(i64::from_be_bytes);
    let int = || <[u8; 4]>::try_from(value).ok().map(|bytes| i64::from(i32::from_be_bytes(bytes)));
    text.or_else(long).or_else(int)
}

/// The records that were put aside of these events.
pub(super) fn of_events(put_aside: &[PutAside], events: &[Event]) -> Vec<DeadLetter> {
    let mut letters = Vec::new();
    for letter in put_aside {
        let by_headers = letter.origin.is_some();
        let of = if let Some(origin) = &letter.origin {
            events.iter().find(|event| event.position == *origin)
        } else {
            let is_copy = |event: &&Event| event.key == letter.key && event.raw == letter.value;
            let mut copies = events.iter().filter(is_copy);
            copies.next().filter(|_| copies.next().is_none())
        };
        if let Some(of) = of.map(|event| event.position.clone()) {
            let (position, reason) = (letter.position.clone(), letter.reason.clone());
            letters.push(DeadLetter { position, of, by_headers, reason });
        }
    }
    letters
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Header, RecordBatchBuilder, RecordFacts, TimestampType, Transaction};

    /// What a record with these headers says of its origin.
    fn origin(headers: &[(&str, &[u8])]) -> Option<String> {
        let mut builder = RecordBatchBuilder::new(TopicPartition::new("dlt", 0));
        let headers = headers.iter().map(|(name, value)| Header { name, value: Some(value) });
        let facts = RecordFacts {
            offset: 7,
            timestamp_ms: 1,
            log_time_ms: 1,
            timestamp_type: TimestampType::CreateTime,
            transaction: Transaction::Committed,
            implausible_time: false,
        };
        builder.push(facts, Some(b"k"), Some(b"v"), headers);
        let batch = builder.finish();
        let record = batch.iter().next().unwrap();
        PutAside::of(record).origin.map(|position| position.to_string())
    }

    #[test]
    fn the_headers_of_spring_and_of_connect_say_where_a_record_came_from() {
        let spring: [(&str, &[u8]); 3] = [
            ("kafka_dlt-original-topic", b"orders"),
            ("kafka_dlt-original-partition", &[0, 0, 0, 3]),
            ("kafka_dlt-original-offset", &[0, 0, 0, 0, 0, 1, 0x3d, 0x34]),
        ];
        assert_eq!(origin(&spring).as_deref(), Some("orders-3@81204"));
        let connect: [(&str, &[u8]); 3] = [
            ("__connect.errors.topic", b"orders"),
            ("__connect.errors.partition", b"3"),
            ("__connect.errors.offset", b"81204"),
        ];
        assert_eq!(origin(&connect).as_deref(), Some("orders-3@81204"));
        assert_eq!(origin(&[("topic", b"orders")]), None);
    }
}
