//! The promise that no command leaves a trace, asserted from the requests that a broker saw.
//!
//! Promises: every command that asks a cluster is run, at both isolation levels; needs no real
//! Kafka.
//! Does not know: answers. The demo is not among the commands: it is the only one that writes.

mod support;

use std::time::Duration;

use foldback::kafka::{EmbeddedCluster, EmbeddedTopic, NewRecord, Writer};

use support::cli::run;

/// Requests of the Kafka protocol that only look, by their API key.
const LOOKING: [(i16, &str); 14] = [
    (1, "Fetch"),
    (2, "ListOffsets"),
    (3, "Metadata"),
    (9, "OffsetFetch"),
    (10, "FindCoordinator"),
    (15, "DescribeGroups"),
    (16, "ListGroups"),
    (18, "ApiVersions"),
    (17, "SaslHandshake"),
    (23, "OffsetForLeaderEpoch"),
    (32, "DescribeConfigs"),
    (36, "SaslAuthenticate"),
    (60, "DescribeCluster"),
    (75, "DescribeTopicPartitions"),
];

/// Every command that asks a cluster.
const COMMANDS: [&[&str]; 18] = [
    &["topics"],
    &["topics", "orders"],
    &["scan", "--topic", "orders"],
    &["scan", "--topic", "orders", "--unordered", "--count"],
    &["scan", "--topic", "orders", "--where", "value.n > 3"],
    &["entities", "--topic", "orders"],
    &["types", "--topic", "orders"],
    &["mapping", "--topic", "orders"],
    &["history", "order-1", "--topic", "orders"],
    &["state", "order-1", "--topic", "orders", "--at", "v2"],
    &["diff", "order-1", "--topic", "orders", "--from", "v1", "--to", "end"],
    &["blame", "order-1", "--topic", "orders"],
    &["save", "states", "order-1", "--topic", "orders", "--out", "states.csv"],
    &["save", "records", "--topic", "orders", "--out", "records.md"],
    &["groups"],
    &["groups", "somebody"],
    &["doctor"],
    &["bench", "scan", "--topic", "orders"],
];

/// A cluster with some events of some orders.
fn cluster() -> EmbeddedCluster {
    let topics = [EmbeddedTopic { name: "orders", partitions: 3 }];
    let cluster = EmbeddedCluster::start(&topics).expect("a cluster inside this process");
    let writer = Writer::open(&cluster.settings(&[])).expect("a writer");
    for number in 0..30 {
        let key = format!("order-{}", number % 5);
        let value = format!(r#"{{"type":"Changed","n":{number}}}"#);
        let record = NewRecord {
            topic: "orders",
            key: &key,
            value: value.as_bytes(),
            timestamp_ms: 1_767_225_600_000 + number,
            headers: &[],
        };
        writer.send(&record).expect("a record is taken");
    }
    writer.flush(Duration::from_secs(30)).expect("records are written");
    cluster
}

#[test]
fn no_command_sends_anything_but_questions() {
    let cluster = cluster();
    let brokers = cluster.brokers();
    cluster.track_requests();
    for command in COMMANDS {
        for isolation in ["committed", "uncommitted"] {
            let options = ["--json", "--isolation", isolation, "--brokers", &brokers];
            let ended = run(&[command, &options].concat());
            // The embedded cluster knows neither lists of groups nor permissions, but it sees the
            // questions.
            let beyond_it = ["groups", "doctor"].contains(&command[0]);
            let answered = ended.status == 0 || beyond_it;
            assert!(answered, "{command:?} {isolation}: {}", ended.stderr);
        }
    }
    let mut seen = cluster.tracked_api_keys();
    seen.sort_unstable();
    seen.dedup();
    assert!(seen.contains(&1) && seen.contains(&3), "the commands did ask: {seen:?}");
    let other = seen.iter().find(|key| LOOKING.iter().all(|(known, _)| known != *key));
    assert_eq!(other, None, "a request that does more than look, by its API key, among {seen:?}");
}

#[test]
fn asking_for_a_topic_that_does_not_exist_does_not_create_it() {
    let cluster = cluster();
    let brokers = cluster.brokers();
    let ended = run(&["scan", "--topic", "missing", "--brokers", &brokers]);
    assert_eq!(ended.status, 2, "{}", ended.stderr);
    let listed = run(&["topics", "--json", "--brokers", &brokers]).answers();
    let names: Vec<_> = listed.iter().map(|topic| topic["topic"].clone()).collect();
    assert_eq!(names, ["orders"]);
}
