//! `foldback topics`, `groups`, `entities`, `mapping`, `doctor` and `bench` against a real Apache
//! Kafka.
//!
//! Promises: what Kafka's own tools would say is worked out by hand here.
//! Does not know: how clusters are asked.

mod support;

use serde_json::{Value, json};

use support::cli::{ask, pick, pick_all, records_and_summary, run};
use support::kafka::Kafka;
use support::records::{TestProducer, TestRecord, commit_offsets, produce};

/// A moment in the past, in milliseconds since 1970: 2026-01-01T00:00:00Z.
const BASE_MS: i64 = 1_767_225_600_000;

#[test]
fn a_topic_is_listed_with_offsets_and_settings() {
    let kafka = Kafka::shared();
    let settings = [
        ("cleanup.policy", "compact,delete"),
        ("retention.ms", "86400000000"),
        ("message.timestamp.type", "LogAppendTime"),
    ];
    let topic = kafka.create_topic("listed", 2, &settings);
    let record = |partition| TestRecord::new("k", "v").in_partition(partition);
    produce(kafka, &topic, &[record(0), record(0), record(0), record(1)]);
    kafka.delete_records(&topic, 0, 1);
    let open = TestProducer::transactional(kafka, &topic);
    open.begin();
    open.send(&topic, &[record(1)]);
    let lines = ask(kafka, &["topics", &topic]).answers();
    let facts =
        pick(&lines[0], &["topic", "internal", "cleanup_policy", "retention_ms", "timestamp_type"]);
    assert_eq!(
        facts,
        json!([topic, false, "compact,delete", 86_400_000_000_i64, "log_append_time"])
    );
    assert!(lines[0]["topic_id"].is_string(), "{}", lines[0]);
    let partitions = lines[0]["partitions"].as_array().expect("partitions");
    let seen = pick_all(partitions, &["partition", "leader", "low", "high", "lso", "records"]);
    assert_eq!(seen, [json!([0, 1, 1, 3, 3, 2]), json!([1, 1, 0, 2, 1, 2])]);
    open.abort();
    let all = ask(kafka, &["topics"]).answers();
    let named =
        |name: &str| all.iter().find(|line| line["topic"] == name).cloned().unwrap_or_default();
    assert_eq!(named(&topic)["topic_id"], lines[0]["topic_id"]);
    assert_eq!(named("__transaction_state")["internal"], true);
    assert_eq!(ask(kafka, &["topics", "no-such-topic"]).status, 2);
}

#[test]
fn a_group_is_listed_with_its_lag() {
    let kafka = Kafka::shared();
    let topic = kafka.create_topic("consumed", 3, &[]);
    let record = |partition| TestRecord::new("k", "v").in_partition(partition).at(BASE_MS);
    produce(kafka, &topic, &[record(0), record(0), record(0), record(1), record(1)]);
    let group = format!("{topic}-readers");
    commit_offsets(kafka, &group, &topic, &[(0, 1), (1, 2)]);
    let lines = ask(kafka, &["groups", &group]).answers();
    assert_eq!(pick(&lines[0], &["group", "state", "members"]), json!([group, "Empty", []]));
    let offsets = lines[0]["offsets"].as_array().expect("offsets");
    let seen = pick_all(offsets, &["topic", "partition", "committed", "end", "lag"]);
    assert_eq!(seen, [json!([topic, 0, 1, 3, 2]), json!([topic, 1, 2, 2, 0])]);
    let behind_ms = offsets[0]["lag_ms"].as_i64().expect("an age");
    assert!(behind_ms > 86_400_000, "the first record not read is old: {behind_ms}");
    assert_eq!(offsets[1]["lag_ms"], Value::Null, "nothing waits");
    // A commit beyond the end, as after a topic was made anew.
    commit_offsets(kafka, &group, &topic, &[(1, 5)]);
    let lines = ask(kafka, &["groups", &group]).answers();
    assert_eq!(lines[0]["offsets"][1]["lag"], -3);
    let other = kafka.create_topic("unread", 1, &[]);
    assert!(ask(kafka, &["groups", "--topic", &other]).answers().is_empty());
    let on_topic = ask(kafka, &["groups", "--topic", &topic]).answers();
    assert_eq!(pick_all(&on_topic, &["group"]), [json!([group])]);
    assert_eq!(ask(kafka, &["groups", "no-such-group"]).status, 2);
    assert_eq!(ask(kafka, &["groups", "--topic", "no-such-topic"]).status, 2);
}

#[test]
fn entities_are_counted_and_the_busiest_come_first() {
    let kafka = Kafka::shared();
    let topic = kafka.create_topic("counted", 2, &[]);
    let record = |key: &str, partition, at_ms| {
        TestRecord::new(key, "{}").in_partition(partition).at(BASE_MS + at_ms)
    };
    produce(
        kafka,
        &topic,
        &[
            record("order-1", 0, 10),
            record("order-2", 1, 0),
            record("order-1", 0, 30),
            record("other", 1, 40),
            record("order-1", 1, 20),
            TestRecord { value: Some(b"{}".to_vec()), ..TestRecord::default() },
        ],
    );
    let lines = ask(kafka, &["entities", "--topic", &topic]).answers();
    let (lines, summary) = records_and_summary(lines);
    assert_eq!(summary["without_entity"], 1, "the record without a key");
    let seen = pick_all(&lines, &["entity", "events", "first", "last", "topics"]);
    let time = |ms: &str| format!("2026-01-01T00:00:00.{ms}Z");
    let expected = [
        json!(["order-1", 3, time("010"), time("020"), [topic]]),
        json!(["order-2", 1, time("000"), time("000"), [topic]]),
        json!(["other", 1, time("040"), time("040"), [topic]]),
    ];
    // Partition 1 was at 40 ms when the last event of order-1 came.
    assert_eq!(seen, expected);
    let some =
        ask(kafka, &["entities", "--topic", &topic, "--contains", "order", "--top", "1"]).answers();
    assert_eq!(pick_all(&some, &["entity"]), [json!(["order-1"])]);
    assert!(
        ask(kafka, &["entities", "--topic", &topic, "--contains", "nobody"]).answers().is_empty()
    );
}

#[test]
fn events_are_counted_by_type_between_two_moments_and_say_what_they_cover() {
    let kafka = Kafka::shared();
    let topic = kafka.create_topic("typed", 2, &[]);
    let record = |partition, value: &str, at_ms| {
        TestRecord::new("k", value).in_partition(partition).at(BASE_MS + at_ms)
    };
    produce(
        kafka,
        &topic,
        &[
            record(0, r#"{"type":"Placed"}"#, 10),
            record(0, r#"{"type":"Paid"}"#, 20),
            record(0, r#"{"type":"Placed"}"#, 50),
            record(1, r#"{"type":"Placed"}"#, 5),
            record(1, "{", 30),
            TestRecord { value: None, ..record(1, "", 40) },
        ],
    );
    let time = |ms: &str| format!("2026-01-01T00:00:00.{ms}Z");
    let count = |more: &[&str]| {
        let mut lines = ask(kafka, &[&["types", "--topic", &topic], more].concat()).answers();
        let summary = lines.pop().expect("a summary")["summary"].clone();
        (pick_all(&lines, &["type", "events", "first", "last", "topics"]), summary)
    };
    let (all, summary) = count(&[]);
    let expected = [
        json!(["Placed", 3, time("005"), time("050"), [topic]]),
        json!([null, 1, time("030"), time("030"), [topic]]),
        json!(["Paid", 1, time("020"), time("020"), [topic]]),
        json!(["tombstone", 1, time("040"), time("040"), [topic]]),
    ];
    assert_eq!(all, expected);
    let facts = ["types", "matched", "scanned", "complete", "decode_failures"];
    assert_eq!(pick(&summary, &facts), json!([4, 6, 6, true, 1]));
    assert_eq!(summary["completeness"]["verdict"], "partial", "a value could not be decoded");
    let ranges = summary["ranges"].as_array().expect("what it covers");
    let covered = pick_all(ranges, &["topic", "partition", "from", "to"]);
    assert_eq!(covered, [json!([topic, 0, 0, 3]), json!([topic, 1, 0, 3])]);
    // Once more, from the index this time.
    assert_eq!(count(&[]).0, expected);

    let (some, summary) = count(&["--from", &time("010"), "--to", &time("030"), "--top", "1"]);
    assert_eq!(some.len(), 1);
    assert_eq!(pick(&summary, &["types", "matched"]), json!([3, 3]));
    let (one, summary) = count(&["--partition", "0", "--where", r#"type == "Placed""#]);
    assert_eq!(one, [json!(["Placed", 2, time("010"), time("050"), [topic]])]);
    assert_eq!(summary["completeness"]["verdict"], "complete");
    let ranges = summary["ranges"].as_array().expect("what it covers");
    assert_eq!(pick_all(ranges, &["partition"]), [json!([0])]);
    assert_eq!(ask(kafka, &["types", "--topic", &topic, "--from", "v3"]).status, 2);
}

#[test]
fn the_mapping_is_found_without_a_workspace_file() {
    let kafka = Kafka::shared();
    let topic = kafka.create_topic("mapped", 8, &[]);
    let records: Vec<TestRecord> = (0..60)
        .map(|number| {
            TestRecord::new(
                format!("order-{number}"),
                format!(r#"{{"type":"Placed","total":{number}}}"#),
            )
        })
        .collect();
    produce(kafka, &topic, &records);
    let ended = ask(kafka, &["mapping", "--topic", &topic]);
    let lines = ended.answers();
    assert_eq!(lines[0]["mapping"]["type"], json!(["value:/type"]));
    assert_eq!(lines[0]["mapping"]["id"], json!(["key"]));
    assert_eq!(lines[0]["partitioner"]["best"], "murmur2");
    assert_eq!(lines[0]["partitioner"]["proven"], true);
    assert!(
        lines[0]["evidence"].as_array().is_some_and(|evidence| evidence.len() > 5),
        "{}",
        lines[0]
    );
}

#[test]
fn the_doctor_passes_a_healthy_cluster_and_names_what_fails() {
    let kafka = Kafka::shared();
    let steps = ask(kafka, &["doctor"]).answers();
    assert!(steps.iter().all(|step| step["outcome"] != "failed"), "{steps:?}");
    let port = support::node::free_port();
    let brokers = format!("127.0.0.1:{port}");
    let ended = run(&["doctor", "--json", "--brokers", &brokers]);
    assert_eq!(ended.status, 3, "{}", ended.stderr);
    let failed: Vec<Value> =
        ended.lines().into_iter().filter(|step| step["outcome"] == "failed").collect();
    assert!(failed[0]["remedy"].is_string(), "{failed:?}");
}

#[test]
fn a_benchmark_says_what_it_read_and_what_the_limit_is() {
    let kafka = Kafka::shared();
    let topic = kafka.create_topic("measured", 2, &[]);
    let records: Vec<TestRecord> =
        (0..2000).map(|number| TestRecord::new(number.to_string(), "value")).collect();
    produce(kafka, &topic, &records);
    let lines = ask(kafka, &["bench", "scan", "--topic", &topic]).answers();
    assert_eq!(pick(&lines[0], &["what", "records"]), json!(["scan", 2000]));
    for figure in ["seconds", "per_second", "p50_ms", "p99_ms", "max_rss_bytes", "limit_per_second"]
    {
        assert!(lines[0][figure].is_number(), "{figure} in {}", lines[0]);
    }
}
