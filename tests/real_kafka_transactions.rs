//! Transactions on a real Apache Kafka: which records were aborted, which are undecided, and what
//! readers are given.
//!
//! Promises: every label is compared with what the producers of the test did.
//! Does not know: how the labels are found.

#![cfg(test)]

mod support;

use std::collections::BTreeMap;
use std::time::Duration;

use foldback::kafka::{aborted_in_gaps, aborted_offsets};
use foldback::model::{Cancel, Isolation, OffsetRange, TopicPartition, Transaction};

use support::kafka::{Kafka, REQUEST_LIMIT};
use support::node::wait_until;
use support::reading::{connect, plan, read_all};
use support::records::{TestProducer, TestRecord, produce};

/// How long anything may take on a busy machine.
const LIMIT: Duration = Duration::from_mins(1);

/// Writes interleaved transactions of two producers, one of which aborts each time, and a plain
/// record after each pair. Says what became of every record.
fn write_pairs(kafka: &Kafka, topic: &str, pairs: usize) -> BTreeMap<i64, Transaction> {
    let keeps = TestProducer::transactional(kafka, &format!("{topic}-keeps"));
    let drops = TestProducer::transactional(kafka, &format!("{topic}-drops"));
    let mut outcomes = BTreeMap::new();
    for pair in 0..pairs {
        keeps.begin();
        drops.begin();
        for i in 0..3 {
            let record = [TestRecord::new("k", format!("{pair}-{i}")).in_partition(0)];
            outcomes.insert(keeps.send(topic, &record)[0].offset, Transaction::Committed);
            outcomes.insert(drops.send(topic, &record)[0].offset, Transaction::Aborted);
        }
        if pair % 2 == 0 {
            keeps.commit();
            drops.abort();
        } else {
            drops.abort();
            keeps.commit();
        }
        let plain = [TestRecord::new("k", "plain").in_partition(0)];
        outcomes.insert(produce(kafka, topic, &plain)[0].offset, Transaction::Committed);
    }
    outcomes
}

/// The offsets with this outcome.
fn with(outcomes: &BTreeMap<i64, Transaction>, wanted: Transaction) -> Vec<i64> {
    let chosen = outcomes.iter().filter(|(_, outcome)| **outcome == wanted);
    chosen.map(|(offset, _)| *offset).collect()
}

#[test]
fn every_aborted_record_is_known_and_open_ones_are_called_open() {
    let kafka = Kafka::shared();
    let topic = kafka.create_topic("transactions", 1, &[]);
    let mut outcomes = write_pairs(kafka, &topic, 6);
    let open = TestProducer::transactional(kafka, &format!("{topic}-open"));
    open.begin();
    let first_open = open.send(&topic, &[TestRecord::new("k", "open").in_partition(0)])[0].offset;
    outcomes.insert(first_open, Transaction::Open);
    let above = produce(kafka, &topic, &[TestRecord::new("k", "above").in_partition(0)])[0].offset;
    outcomes.insert(above, Transaction::Open);

    let connection = connect(kafka);
    let partition = TopicPartition::new(&*topic, 0);
    let marks = connection.watermarks(std::slice::from_ref(&partition), REQUEST_LIMIT).unwrap();
    assert_eq!(marks[&partition].last_stable, first_open);
    assert_eq!(marks[&partition].high, above + 1);

    let (seen, outcome) = read_all(&connection, &plan(&connection, &topic, Isolation::Uncommitted));
    let labels: BTreeMap<_, _> =
        seen.iter().map(|record| (record.offset, record.transaction)).collect();
    assert_eq!(labels, outcomes);
    assert!(outcome.is_complete());

    let committed = plan(&connection, &topic, Isolation::Committed);
    let (seen, outcome) = read_all(&connection, &committed);
    let offsets: Vec<_> = seen.iter().map(|record| record.offset).collect();
    assert_eq!(offsets, with(&outcomes, Transaction::Committed));
    assert!(outcome.is_complete(), "up to the last stable offset");

    let aborted = [(partition.clone(), with(&outcomes, Transaction::Aborted))].into();
    let cancel = Cancel::new();
    assert_eq!(aborted_offsets(&connection, &committed.ranges, &cancel).unwrap(), aborted);
    let gaps = &outcome.partitions[0].gaps;
    assert_eq!(aborted_in_gaps(&connection, gaps, &cancel).unwrap(), aborted);

    // A committed reader that is asked for more than it is given ends there, and does not call that
    // complete.
    let mut beyond = committed;
    beyond.ranges = vec![OffsetRange::new(&partition, 0, above + 1)];
    let (_, outcome) = read_all(&connection, &beyond);
    assert_eq!(outcome.partitions[0].position, first_open);
    assert!(!outcome.is_complete() && !outcome.stopped);

    open.commit();
    // The coordinator confirms a commit before its marker is in the log.
    wait_until("the open transaction is decided", LIMIT, || {
        let (seen, _) = read_all(&connection, &plan(&connection, &topic, Isolation::Uncommitted));
        seen.iter().rev().take(2).all(|record| record.transaction == Transaction::Committed)
    });
}

#[test]
fn a_log_that_ends_with_markers_is_read_to_its_end() {
    let kafka = Kafka::shared();
    let topic = kafka.create_topic("markers", 1, &[]);
    let producer = TestProducer::transactional(kafka, &topic);
    for _ in 0..3 {
        producer.begin();
        producer.send(&topic, &[TestRecord::new("k", "v").in_partition(0)]);
        producer.abort();
    }
    let connection = connect(kafka);
    for (isolation, expected) in [(Isolation::Committed, 0), (Isolation::Uncommitted, 3)] {
        let (seen, outcome) = read_all(&connection, &plan(&connection, &topic, isolation));
        assert_eq!(seen.len(), expected);
        assert!(outcome.is_complete());
        assert_eq!(outcome.partitions[0].position, 6);
    }
}
