//! The log of a Kafka cluster as a source.
//!
//! Promises: exactly what the reader of the `kafka` floor promises.
//! Does not know: how a broker is asked.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Duration;

use super::cache::TopicIdentity;
use super::source::{LogSource, SourceError};
use crate::kafka::{self, Connection, Watermarks};
use crate::model::{
    Cancel, OffsetRange, ReadEvent, ReadOutcome, ReadPlan, RecordRef, TopicPartition,
};

/// How long to wait for the answer to a question that reads no records.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// The log of a cluster.
#[derive(Clone, Debug)]
pub struct KafkaLog(Connection);

impl KafkaLog {
    /// The log of the cluster at the other end of this connection.
    pub fn new(connection: Connection) -> Self {
        Self(connection)
    }
}

impl KafkaLog {
    /// The connection it reads from.
    pub fn connection(&self) -> &Connection {
        &self.0
    }
}

impl LogSource for KafkaLog {
    fn bounds(
        &self,
        partitions: &[TopicPartition],
    ) -> Result<BTreeMap<TopicPartition, Watermarks>, SourceError> {
        Ok(self.0.watermarks(partitions, ANSWER_WITHIN)?)
    }

    fn identity(&self, topic: &str) -> Result<Option<TopicIdentity>, SourceError> {
        let Some(cluster_id) = self.0.lasting_cluster_id(ANSWER_WITHIN)? else { return Ok(None) };
        let ids = self.0.topic_ids(&[topic], ANSWER_WITHIN)?;
        Ok(Some(TopicIdentity {
            cluster_id,
            topic_id: ids.get(topic).map(|id| id.to_string()),
            topic: topic.to_owned(),
        }))
    }

    fn read(
        &self,
        plan: &ReadPlan,
        cancel: &Cancel,
        sink: &mut dyn FnMut(ReadEvent) -> ControlFlow<()>,
    ) -> Result<ReadOutcome, SourceError> {
        Ok(kafka::read(&self.0, plan, cancel, sink)?)
    }

    fn read_parts(
        &self,
        parts: &[OffsetRange],
        started_ms: i64,
        cancel: &Cancel,
        sink: &mut dyn FnMut(ReadEvent) -> ControlFlow<()>,
    ) -> Result<ReadOutcome, SourceError> {
        Ok(kafka::read_parts(&self.0, parts, started_ms, cancel, sink)?)
    }

    fn read_in_log_order(
        &self,
        plan: &ReadPlan,
        cancel: &Cancel,
        sink: &mut dyn FnMut(RecordRef<'_>) -> ControlFlow<()>,
        events: &mut dyn FnMut(ReadEvent),
    ) -> Result<ReadOutcome, SourceError> {
        Ok(kafka::read_in_log_order(&self.0, plan, cancel, sink, events)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::{EmbeddedCluster, EmbeddedTopic, NewRecord, Writer};
    use crate::model::Isolation;
    use crate::partition_log::{LogBounds, LogStore, PartitionHistory, assess};

    /// Long enough for any answer of an embedded cluster, even on a busy machine.
    const PATIENCE: Duration = Duration::from_mins(1);

    /// A cluster with three events of each of 50 orders in 4 partitions.
    fn cluster() -> EmbeddedCluster {
        let cluster = EmbeddedCluster::start(&[EmbeddedTopic { name: "orders", partitions: 4 }]);
        let cluster = cluster.unwrap();
        let writer = Writer::open(&cluster.settings(&[])).unwrap();
        for number in 0..150 {
            let key = format!("order-{}", number % 50);
            let timestamp_ms = 1_767_225_600_000 + number;
            let value = number.to_string();
            let value = value.as_bytes();
            let record =
                NewRecord { topic: "orders", key: &key, value, timestamp_ms, headers: &[] };
            writer.send(&record).unwrap();
        }
        writer.flush(PATIENCE).unwrap();
        cluster
    }

    #[test]
    fn what_was_written_to_a_cluster_is_found_in_the_store_and_complete() {
        let cluster = cluster();
        let log = KafkaLog::new(Connection::open(&cluster.settings(&[])).unwrap());
        let partitions = [0, 1, 2, 3].map(|number| TopicPartition::new("orders", number));
        let bounds = log.bounds(&partitions).unwrap();
        let ranges = bounds
            .iter()
            .map(|(partition, marks)| OffsetRange::new(partition, marks.low, marks.high));
        let plan = ReadPlan::new(ranges.collect(), 1_800_000_000_000);
        let mut store = LogStore::new(u64::MAX);
        let outcome = log.read(&plan, &Cancel::new(), &mut |event| {
            if let ReadEvent::Batch(batch) = event {
                store.append(batch).unwrap();
            }
            ControlFlow::Continue(())
        });
        let histories = outcome.unwrap().partitions.into_iter().map(|read| PartitionHistory {
            asked: crate::partition_log::ALL_OFFSETS,
            bounds: bounds.get(&read.partition).copied(),
            partition: read.partition.clone(),
            reads: vec![read],
            compacted: Some(false),
            aborted: Some(Vec::new()),
            may_have_markers: false,
            undecodable: Vec::new(),
            truncated: Vec::new(),
        });
        let completeness = assess(&histories.collect::<Vec<_>>(), Isolation::Committed);
        assert_eq!(completeness, crate::model::Completeness::default());
        let snapshot = store.snapshot();
        assert_eq!(snapshot.record_count(&LogBounds::default()), 150);
        let values: Vec<Vec<u8>> = snapshot
            .records_of_key(&[], b"order-7")
            .into_iter()
            .map(|location| snapshot.record(location).unwrap().get().value().unwrap().to_vec())
            .collect();
        assert_eq!(values, [&b"7"[..], b"57", b"107"]);
        let in_order = snapshot.in_log_order(&LogBounds::default());
        let times: Vec<i64> = in_order.map(|(_, record)| record.get().timestamp_ms()).collect();
        assert!(times.is_sorted() && times.len() == 150, "{times:?}");
    }

    #[test]
    fn a_topic_that_does_not_exist_is_named_with_a_hint() {
        let cluster = cluster();
        let log = KafkaLog::new(Connection::open(&cluster.settings(&[])).unwrap());
        let error = log.bounds(&[TopicPartition::new("nothing", 0)]).unwrap_err();
        assert_eq!(error.to_string(), "unknown topic `nothing`");
        assert!(error.hint().is_some(), "there is something to do about it");
    }
}
