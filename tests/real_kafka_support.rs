//! The test cluster itself: a real Apache Kafka starts, keeps its data over a kill, and takes what
//! tests write.
//!
//! Promises: when these fail, the failures of other tests that use a real Kafka mean nothing.
//! Does not know: the product.

mod support;

use support::kafka::{Kafka, REQUEST_LIMIT, Setup};
use support::node::wait_until;
use support::records::{TestProducer, TestRecord, Written, commit_offsets, produce};
use support::tools::kcat;

use rdkafka::consumer::Consumer as _;

#[test]
fn records_are_where_the_producer_says_and_kcat_reads_them() {
    let kafka = Kafka::shared();
    let topic = kafka.create_topic("orders", 3, &[]);
    let records = [
        TestRecord::new("a", "1").in_partition(2).at(1_000),
        TestRecord::new("a", "2").in_partition(2).at(2_000).with_header("trace", "x"),
        TestRecord::tombstone("a").in_partition(2),
    ];
    let written = produce(kafka, &topic, &records);
    let expected = [0, 1, 2].map(|offset| Written { partition: 2, offset });
    assert_eq!(written, expected);
    let format = "%o %k %T %S %h\n";
    let printed = kcat(
        kafka.brokers(),
        &["-t", &topic, "-p", "2", "-C", "-e", "-q", "-o", "beginning", "-f", format],
        b"",
    );
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines.len(), 3, "kcat reads all three: {printed}");
    assert_eq!(lines[1], "1 a 2000 1 trace=x");
}

#[test]
fn an_aborted_transaction_leaves_markers_and_no_committed_record() {
    let kafka = Kafka::shared();
    let topic = kafka.create_topic("payments", 1, &[]);
    let producer = TestProducer::transactional(kafka, "tx-support");
    producer.begin();
    producer.send(&topic, &[TestRecord::new("k", "lost")]);
    producer.abort();
    producer.begin();
    producer.send(&topic, &[TestRecord::new("k", "kept")]);
    producer.commit();
    let (_, high) = kafka.consumer(&[]).fetch_watermarks(&topic, 0, REQUEST_LIMIT).unwrap();
    assert_eq!(high, 4, "two records and two markers");
    let read = ["-t", &topic, "-C", "-e", "-q", "-o", "beginning", "-f", "%s\n"];
    let committed = [&["-X", "isolation.level=read_committed"][..], &read[..]].concat();
    assert_eq!(kcat(kafka.brokers(), &committed, b""), "kept\n");
}

#[test]
fn deleted_records_and_committed_offsets_are_seen_by_others() {
    let kafka = Kafka::shared();
    let topic = kafka.create_topic("short", 1, &[]);
    let records: Vec<TestRecord> = (0..10).map(|n| TestRecord::new("k", n.to_string())).collect();
    produce(kafka, &topic, &records);
    kafka.delete_records(&topic, 0, 4);
    let (low, high) = kafka.consumer(&[]).fetch_watermarks(&topic, 0, REQUEST_LIMIT).unwrap();
    assert_eq!((low, high), (4, 10));
    commit_offsets(kafka, "readers", &topic, &[(0, 7)]);
    let class = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand";
    let printed = kafka.tool(class, &["--describe", "--group", "readers"]);
    let row = printed.lines().find(|line| line.contains(&topic)).unwrap();
    let columns: Vec<&str> = row.split_whitespace().collect();
    assert_eq!(columns[3..6], ["7", "10", "3"], "offset, end, lag: {printed}");
}

#[test]
fn a_killed_node_keeps_its_data() {
    let kafka = Kafka::start_with(&Setup::default().with("log.flush.interval.messages", "1"));
    let topic = kafka.create_topic("kept", 1, &[]);
    produce(&kafka, &topic, &[TestRecord::new("k", "v")]);
    kafka.kill(1);
    kafka.restart(1);
    let consumer = kafka.consumer(&[]);
    wait_until("the record is there", REQUEST_LIMIT, || {
        matches!(consumer.fetch_watermarks(&topic, 0, REQUEST_LIMIT), Ok((0, 1)))
    });
}
