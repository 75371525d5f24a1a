//! Records for tests, built in a line each.

use crate::model::{
    Header, RecordBatch, RecordBatchBuilder, RecordFacts, TimestampType, TopicPartition,
    Transaction,
};

/// Writes records of partition 0 of a topic, with offsets from 0 on.
pub(crate) struct Log {
    /// The records so far.
    batch: RecordBatchBuilder,
    /// The time of the next record, in milliseconds.
    time_ms: i64,
    /// The headers of the next record.
    headers: Vec<(String, Vec<u8>)>,
}

impl Log {
    /// An empty log of this topic.
    pub(crate) fn new(topic: &str) -> Self {
        let batch = RecordBatchBuilder::new(TopicPartition::new(topic, 0));
        Self { batch, time_ms: 0, headers: Vec::new() }
    }

    /// The next records have this time.
    pub(crate) fn at(mut self, time_ms: i64) -> Self {
        self.time_ms = time_ms;
        self
    }

    /// The next record has this header.
    pub(crate) fn header(mut self, name: &str, value: &[u8]) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds a record.
    pub(crate) fn push(mut self, key: Option<&str>, value: Option<&str>) -> Self {
        let facts = RecordFacts {
            offset: i64::try_from(self.batch.len()).unwrap(),
            timestamp_ms: self.time_ms,
            log_time_ms: self.time_ms,
            timestamp_type: TimestampType::CreateTime,
            transaction: Transaction::Committed,
            implausible_time: false,
        };
        let headers = std::mem::take(&mut self.headers);
        let headers = headers.iter().map(|(name, value)| Header { name, value: Some(value) });
        self.batch.push(facts, key.map(str::as_bytes), value.map(str::as_bytes), headers);
        self
    }

    /// The records.
    pub(crate) fn done(mut self) -> RecordBatch {
        self.batch.finish()
    }
}
