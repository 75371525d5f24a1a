//! `foldback scan` against a real Apache Kafka: every kind of record, every way to choose among
//! them.
//!
//! Promises: the expected lines are worked out by hand from the records written.
//! Does not know: how scanning works.

mod support;

use serde_json::{Value, json};

use support::cli::{ask, command, pick, pick_all, records_and_summary};
use support::kafka::Kafka;
use support::node::Folder;
use support::raw_records::RawRecord;
use support::records::{TestProducer, TestRecord, produce};

/// A moment in the past, in milliseconds since 1970: 2026-01-01T00:00:00Z.
const BASE_MS: i64 = 1_767_225_600_000;

/// Scans a topic and takes records and summary apart.
fn scan(kafka: &Kafka, topic: &str, options: &[&str]) -> (Vec<Value>, Value) {
    let arguments = [&["scan", "--topic", topic], options].concat();
    records_and_summary(ask(kafka, &arguments).answers())
}

/// The offsets of these records.
fn offsets(records: &[Value]) -> Vec<i64> {
    records.iter().map(|record| record["offset"].as_i64().expect("an offset")).collect()
}

#[test]
fn every_kind_of_key_header_and_value_comes_out_as_it_went_in() {
    let kafka = Kafka::shared();
    let topic = kafka.create_topic("kinds", 1, &[]);
    let mut with_headers = TestRecord::new("k", r#"{"a":1.10,"b":18446744073709551616,"c":-0.0}"#)
        .at(BASE_MS)
        .with_header("trace", "1")
        .with_header("trace", [0xff, 0x00])
        .with_header("empty", "");
    with_headers.headers.push(("null".to_owned(), None));
    let records = [
        with_headers,
        TestRecord {
            key: None,
            value: Some(b"plain text".to_vec()),
            timestamp: Some(BASE_MS + 1),
            ..TestRecord::default()
        },
        TestRecord::new([0xff, 0xfe], [0xff, 0x01]).at(BASE_MS + 2),
        TestRecord::tombstone("k").at(BASE_MS + 3),
        TestRecord::new("", "").at(BASE_MS + 4),
        TestRecord::new("k", "null").at(BASE_MS + 5),
    ];
    produce(kafka, &topic, &records);
    let ended = ask(kafka, &["scan", "--topic", &topic]);
    assert!(
        ended.stdout.contains(r#""value":{"a":1.10,"b":18446744073709551616,"c":-0.0}"#),
        "{}",
        ended.stdout
    );
    let (records, summary) = records_and_summary(ended.answers());
    let base64 = |text: &str| json!({ "base64": text });
    let expected = [
        json!(["k", "json", "k"]),
        json!([null, "text", null]),
        json!([base64("//4="), "bytes", base64("//4=")]),
        json!(["k", "tombstone", "k"]),
        json!(["", "empty", ""]),
        json!(["k", "json", "k"]),
    ];
    assert_eq!(pick_all(&records, &["key", "decoded_as", "entity"]), expected);
    let headers = json!([["trace", "1"], ["trace", base64("/wA=")], ["empty", ""], ["null", null]]);
    assert_eq!(records[0]["headers"], headers);
    assert_eq!(records[0]["timestamp"], "2026-01-01T00:00:00.000Z");
    assert_eq!(records[0]["timestamp_type"], "create_time");
    assert_eq!(records[0]["txn"], "committed");
    let values: Vec<&Value> = records[1..].iter().map(|record| &record["value"]).collect();
    assert_eq!(
        values,
        [&json!("plain text"), &base64("/wE="), &Value::Null, &json!(""), &Value::Null]
    );
    assert_eq!(records[3]["type"], "tombstone");
    assert_eq!(summary["scanned"], 6);
    assert_eq!(summary["matched"], 6);
    assert_eq!(summary["complete"], true);
    assert_eq!(summary["from_cache"], 0);
    assert_eq!(summary["completeness"]["verdict"], "complete");
    assert_eq!(summary["ranges"], json!([{"topic": topic, "partition": 0, "from": 0, "to": 6}]));
}

#[test]
fn a_header_name_that_is_no_text_is_spelled_out_and_flagged() {
    let kafka = Kafka::shared();
    let topic = kafka.create_topic("raw-headers", 1, &[]);
    let headers: [(&[u8], &[u8]); 3] = [(b"a\xff", b"1"), (b"a\xfe", b"2"), (b"a", b"3")];
    let record = RawRecord { key: b"k", value: b"{}", timestamp_ms: BASE_MS, headers: &headers };
    record.send(kafka.brokers(), &topic);
    let expected = json!([["\u{fffd}a\\xff", "1"], ["\u{fffd}a\\xfe", "2"], ["a", "3"]]);
    // From the log, then from the index.
    for options in [&["--no-cache"][..], &[], &[]] {
        let (records, _) = scan(kafka, &topic, options);
        assert_eq!(records[0]["headers"], expected, "{options:?}");
        assert_eq!(records[0]["flags"], json!(["header_name_not_text"]), "{options:?}");
    }
    let history = ask(kafka, &["history", "k", "--topic", &topic]).answers();
    assert_eq!(history[0]["flags"], json!(["header_name_not_text"]), "{}", history[0]);
}

#[test]
fn partitions_are_merged_by_log_time_and_equal_times_by_partition() {
    let kafka = Kafka::shared();
    let topic = kafka.create_topic("order", 3, &[]);
    let record =
        |partition, at_ms| TestRecord::new("k", "{}").in_partition(partition).at(BASE_MS + at_ms);
    // Partition 1 goes back in time: its second record has the log time of its first.
    produce(
        kafka,
        &topic,
        &[record(1, 50), record(1, 10), record(2, 20), record(0, 50), record(2, 50), record(0, 60)],
    );
    let (records, _) = scan(kafka, &topic, &[]);
    let places = pick_all(&records, &["partition", "offset"]);
    let expected =
        [json!([2, 0]), json!([0, 0]), json!([1, 0]), json!([1, 1]), json!([2, 1]), json!([0, 1])];
    assert_eq!(places, expected);
    let (mut unordered, _) = scan(kafka, &topic, &["--unordered"]);
    assert_eq!(unordered.len(), 6);
    unordered.retain(|record| record["partition"] == 1);
    assert_eq!(offsets(&unordered), [0, 1], "each partition stays in its order");
}

#[test]
fn a_timestamp_from_the_future_does_not_move_log_time() {
    let kafka = Kafka::shared();
    let topic = kafka.create_topic(
        "future",
        2,
        &[("message.timestamp.after.max.ms", "9223372036854775807")],
    );
    let far_ms = 4_102_444_800_000;
    let record = |partition, at_ms| TestRecord::new("k", "{}").in_partition(partition).at(at_ms);
    produce(
        kafka,
        &topic,
        &[
            record(0, BASE_MS),
            record(0, far_ms),
            record(0, BASE_MS + 20),
            record(1, far_ms),
            record(1, BASE_MS + 10),
        ],
    );
    let (records, _) = scan(kafka, &topic, &[]);
    let seen = pick_all(&records, &["partition", "offset", "log_time"]);
    let time = |ms: &str| format!("2026-01-01T00:00:00.{ms}Z");
    let expected = [
        json!([0, 0, time("000")]),
        json!([0, 1, time("000")]),
        json!([1, 0, time("010")]),
        json!([1, 1, time("010")]),
        json!([0, 2, time("020")]),
    ];
    assert_eq!(seen, expected);
    assert_eq!(records[1]["flags"], json!(["implausible_time"]));
}

#[test]
fn time_bounds_take_in_both_ends_by_either_clock() {
    let kafka = Kafka::shared();
    let topic = kafka.create_topic("bounds", 1, &[]);
    let times = [0, 30, 10, 40, 20, 50];
    let records: Vec<_> =
        times.iter().map(|at_ms| TestRecord::new("k", "{}").at(BASE_MS + at_ms)).collect();
    produce(kafka, &topic, &records);
    let bounds = ["--from", "2026-01-01T00:00:00.020Z", "--to", "2026-01-01T00:00:00.040Z"];
    // Log times are 0 30 30 40 40 50.
    let (records, summary) = scan(kafka, &topic, &bounds);
    assert_eq!(offsets(&records), [1, 2, 3, 4]);
    assert_eq!(summary["complete"], true, "the end that was asked for was reached");
    let (records, _) = scan(kafka, &topic, &[&bounds[..], &["--clock", "event"]].concat());
    assert_eq!(offsets(&records), [1, 3, 4]);
    let (records, _) = scan(kafka, &topic, &["--from=0:2", "--to=0:3"]);
    assert_eq!(offsets(&records), [2, 3]);
    let (records, _) = scan(kafka, &topic, &["--from=-1m"]);
    assert!(records.is_empty(), "everything is older than a minute");
    let (records, _) = scan(kafka, &topic, &["--to", "start"]);
    assert!(records.is_empty(), "nothing comes before the start");
}

#[test]
fn a_position_bounds_the_other_partitions_by_its_log_time() {
    let kafka = Kafka::shared();
    let topic = kafka.create_topic("cut", 2, &[]);
    let record =
        |partition, at_ms| TestRecord::new("k", "{}").in_partition(partition).at(BASE_MS + at_ms);
    produce(
        kafka,
        &topic,
        &[
            record(0, 10),
            record(0, 30),
            record(0, 30),
            record(0, 50),
            record(1, 20),
            record(1, 30),
            record(1, 40),
        ],
    );
    let (records, _) = scan(kafka, &topic, &["--to", "0:1"]);
    let places = pick_all(&records, &["partition", "offset"]);
    assert_eq!(places, [json!([0, 0]), json!([1, 0]), json!([0, 1]), json!([1, 1])]);
    let (records, _) = scan(kafka, &topic, &["--from", "1:1"]);
    let places = pick_all(&records, &["partition", "offset"]);
    assert_eq!(places, [json!([0, 1]), json!([0, 2]), json!([1, 1]), json!([1, 2]), json!([0, 3])]);
    let (records, _) = scan(kafka, &topic, &["--partition", "1", "--to", "1:0"]);
    assert_eq!(offsets(&records), [0]);
}

#[test]
fn keys_filters_and_limits_choose_records() {
    let kafka = Kafka::shared();
    let topic = kafka.create_topic("filters", 1, &[]);
    let event = |key: &str, total: i64| {
        TestRecord::new(key, format!(r#"{{"type":"Placed","total":{total}}}"#))
    };
    let mut records: Vec<_> = [("order-1", 5), ("order-2", 50), ("order-1", 500), ("other", 7)]
        .iter()
        .enumerate()
        .map(|(index, (key, total))| event(key, *total).at(BASE_MS + i64::try_from(index).unwrap()))
        .collect();
    records.push(TestRecord::new("order-3", "broken").at(BASE_MS + 9));
    records.push(TestRecord::new("", "{}").at(BASE_MS + 10));
    produce(kafka, &topic, &records);
    assert_eq!(offsets(&scan(kafka, &topic, &["--key", "order-1"]).0), [0, 2]);
    assert_eq!(offsets(&scan(kafka, &topic, &["--key", ""]).0), [5]);
    assert_eq!(offsets(&scan(kafka, &topic, &["--key-base64", "b3JkZXItMg=="]).0), [1]);
    assert_eq!(offsets(&scan(kafka, &topic, &["--key-contains", "order"]).0), [0, 1, 2, 4]);
    assert_eq!(offsets(&scan(kafka, &topic, &["--where", "value.total > 6"]).0), [1, 2, 3]);
    assert_eq!(
        offsets(&scan(kafka, &topic, &["--where", "entity == 'order-1' && type == 'Placed'"]).0),
        [0, 2]
    );
    let (records, summary) = scan(kafka, &topic, &["--limit", "2"]);
    assert_eq!(offsets(&records), [0, 1]);
    assert_eq!(summary["complete"], false);
    let (records, summary) = scan(kafka, &topic, &["--count"]);
    assert!(records.is_empty(), "only the summary");
    assert_eq!((&summary["matched"], &summary["decode_failures"]), (&json!(6), &json!(1)));
    let (records, _) = scan(kafka, &topic, &["--key", "order-3"]);
    assert_eq!(
        (&records[0]["value"], &records[0]["decoded_as"]),
        (&json!("broken"), &json!("text"))
    );
    assert!(records[0]["error"].is_string(), "{}", records[0]);
}

#[test]
fn transactions_are_labelled_and_aborted_records_explained() {
    let kafka = Kafka::shared();
    let topic = kafka.create_topic("transactions", 1, &[]);
    let event =
        |number: i64| TestRecord::new("k", format!(r#"{{"n":{number}}}"#)).at(BASE_MS + number);
    let decided = TestProducer::transactional(kafka, &format!("{topic}-decided"));
    decided.begin();
    decided.send(&topic, &[event(0), event(1)]);
    decided.commit();
    decided.begin();
    decided.send(&topic, &[event(3), event(4)]);
    decided.abort();
    produce(kafka, &topic, &[event(6)]);
    // Offsets: 0 1 committed, 2 marker, 3 4 aborted, 5 marker, 6 plain.
    let (records, summary) = scan(kafka, &topic, &[]);
    assert_eq!(offsets(&records), [0, 1, 6]);
    let completeness = &summary["completeness"];
    assert_eq!(completeness["verdict"], "complete", "{completeness}");
    assert_eq!(completeness["reasons"][0]["kind"], "aborted");
    let range = json!([{"topic": topic, "partition": 0, "from": 3, "to": 5}]);
    assert_eq!(completeness["reasons"][0]["ranges"], range);
    let (records, _) = scan(kafka, &topic, &["--isolation", "uncommitted"]);
    let labels = pick_all(&records, &["offset", "txn"]);
    let expected = [
        json!([0, "committed"]),
        json!([1, "committed"]),
        json!([3, "aborted"]),
        json!([4, "aborted"]),
        json!([6, "committed"]),
    ];
    assert_eq!(labels, expected);
    let open = TestProducer::transactional(kafka, &format!("{topic}-open"));
    open.begin();
    open.send(&topic, &[event(7)]);
    let (records, summary) = scan(kafka, &topic, &[]);
    assert_eq!(offsets(&records), [0, 1, 6]);
    assert_eq!(summary["completeness"]["verdict"], "partial");
    let (records, _) =
        scan(kafka, &topic, &["--isolation", "uncommitted", "--where", "txn == 'open'"]);
    assert_eq!(offsets(&records), [7]);
    let required = ask(kafka, &["scan", "--topic", &topic, "--require-complete"]);
    assert_eq!(required.status, 4, "{}", required.stderr);
    open.abort();
}

#[test]
fn deleted_records_make_a_history_complete_since_their_end() {
    let kafka = Kafka::shared();
    let topic = kafka.create_topic("deleted", 2, &[]);
    let record =
        |partition, at_ms| TestRecord::new("k", "{}").in_partition(partition).at(BASE_MS + at_ms);
    produce(kafka, &topic, &[record(0, 1), record(0, 2), record(0, 3), record(1, 4)]);
    kafka.delete_records(&topic, 0, 2);
    let (records, summary) = scan(kafka, &topic, &[]);
    assert_eq!(pick_all(&records, &["partition", "offset"]), [json!([0, 2]), json!([1, 0])]);
    let completeness = &summary["completeness"];
    assert_eq!(completeness["verdict"], "complete_since");
    assert_eq!(completeness["reasons"][0]["kind"], "retention");
    assert_eq!(
        (&completeness["since"]["partition"], &completeness["since"]["offset"]),
        (&json!(0), &json!(2))
    );
    let (_, summary) = scan(kafka, &topic, &["--partition", "1"]);
    assert_eq!(
        summary["completeness"]["verdict"], "complete",
        "the verdict is that of the partition asked"
    );
}

#[test]
fn a_scan_that_follows_prints_what_arrives_and_ends_with_status_130() {
    use std::io::{BufRead as _, BufReader};
    use std::process::Stdio;
    let kafka = Kafka::shared();
    let topic = kafka.create_topic("followed", 1, &[]);
    produce(kafka, &topic, &[TestRecord::new("k", "1")]);
    let folder = Folder::new();
    let arguments = ["scan", "--topic", &topic, "--follow", "--json", "--brokers", kafka.brokers()];
    let mut child =
        command(folder.path(), &arguments).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let mut next = || -> Value {
        let line = lines.next().expect("a line").expect("UTF-8");
        serde_json::from_str(&line).expect("JSON")
    };
    assert_eq!(next()["offset"], 0);
    produce(kafka, &topic, &[TestRecord::new("k", "2")]);
    assert_eq!(next()["offset"], 1);
    let killed =
        std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(killed.expect("kill is there").success());
    assert_eq!(next()["summary"]["complete"], false);
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
}

#[test]
fn a_scan_that_follows_reads_partitions_that_are_added_from_their_beginning() {
    use std::io::{BufRead as _, BufReader};
    use std::process::Stdio;
    let kafka = Kafka::shared();
    for unordered in [false, true] {
        let topic = kafka.create_topic("grown", 1, &[]);
        produce(kafka, &topic, &[TestRecord::new("k", "1")]);
        let folder = Folder::new();
        let mut arguments =
            vec!["scan", "--topic", &topic, "--follow", "--json", "--brokers", kafka.brokers()];
        arguments.extend(unordered.then_some("--unordered"));
        let mut child = command(folder.path(), &arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let mut next = || -> Value {
            let line = lines.next().expect("a line").expect("UTF-8");
            serde_json::from_str(&line).expect("JSON")
        };
        assert_eq!(pick(&next(), &["partition", "offset"]), json!([0, 0]));
        kafka.add_partitions(&topic, 2);
        produce(kafka, &topic, &[TestRecord::new("k", "2").in_partition(1)]);
        assert_eq!(pick(&next(), &["partition", "offset"]), json!([1, 0]));
        produce(kafka, &topic, &[TestRecord::new("k", "3").in_partition(0)]);
        assert_eq!(pick(&next(), &["partition", "offset"]), json!([0, 1]));
        let killed =
            std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
        assert!(killed.expect("kill is there").success());
        let summary = next()["summary"].clone();
        assert_eq!(summary["scanned"], 3);
        assert_eq!(summary["ranges"].as_array().expect("ranges").len(), 2, "{summary}");
        let ended = child.wait_with_output().expect("it ends");
        assert_eq!(ended.status.code(), Some(130));
        let words = String::from_utf8(ended.stderr).expect("UTF-8");
        let told = format!("{topic}-1 can be read now");
        assert!(words.contains(&told), "{words}");
    }
}

#[test]
fn a_reader_that_goes_away_ends_the_program_quietly() {
    let kafka = Kafka::shared();
    let topic = kafka.create_topic("piped", 1, &[]);
    let records: Vec<_> =
        (0..5000).map(|number| TestRecord::new("k", format!("value {number}"))).collect();
    produce(kafka, &topic, &records);
    let line = format!(
        "{} scan --topic {topic} --brokers {} | head -1; echo ${{PIPESTATUS[0]}}",
        env!("CARGO_BIN_EXE_foldback"),
        kafka.brokers()
    );
    let output =
        std::process::Command::new("bash").args(["-c", &line]).output().expect("bash is there");
    let stdout = String::from_utf8(output.stdout).expect("UTF-8");
    assert_eq!(stdout.lines().last(), Some("0"), "{stdout}");
    assert_eq!(String::from_utf8(output.stderr).expect("UTF-8"), "");
}
