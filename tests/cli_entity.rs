//! `foldback history`, `state`, `diff` and `blame` against a real Apache Kafka, with values worked
//! out by hand.
//!
//! Promises: the data of the first test was not written by this program but by kcat and by Kafka's
//! console producer.
//! Does not know: how histories are found and folded.

mod support;

use std::sync::OnceLock;

use serde_json::{Value, json};

use support::cli::{Ended, ask, pick, pick_all, run_in};
use support::kafka::Kafka;
use support::node::{Folder, java};
use support::records::{TestProducer, TestRecord, produce};
use support::tools::{kcat, output_of};

/// A moment in the past, in milliseconds since 1970: 2026-01-01T00:00:00Z.
const BASE_MS: i64 = 1_767_225_600_000;

/// Asks about an entity of a topic.
fn about(kafka: &Kafka, command: &str, entity: &str, topic: &str, options: &[&str]) -> Vec<Value> {
    ask(kafka, &[&[command, entity, "--topic", topic], options].concat()).answers()
}

/// The state and the version at a moment.
fn state_at(kafka: &Kafka, entity: &str, topic: &str, at: &str) -> (Value, Value) {
    let lines = about(kafka, "state", entity, topic, &["--at", at]);
    (lines[0]["version"].clone(), lines[0]["state"].clone())
}

/// What went wrong, where something should.
fn refused(kafka: &Kafka, arguments: &[&str]) -> Ended {
    let ended = ask(kafka, arguments);
    assert_eq!(ended.status, 2, "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.is_empty(), "{}", ended.stdout);
    ended
}

/// The topic whose records were written by kcat and by Kafka's console producer, once for all
/// tests.
fn written_by_others(kafka: &Kafka) -> &'static str {
    static TOPIC: OnceLock<String> = OnceLock::new();
    TOPIC.get_or_init(|| {
        let topic = kafka.create_topic("by-hand", 3, &[]);
        let by_kcat = concat!(
            r#"order-7|{"type":"OrderCreated","status":"CREATED","total":10.50,"customer":{"name":"Ann","vip":true}}"#,
            "\n",
            r#"order-8|{"type":"OrderCreated","status":"CREATED","total":1}"#,
            "\n",
            r#"order-7|{"type":"OrderPaid","status":"PAID","paid":10.5}"#,
            "\n",
        );
        let arguments = ["-t", &topic, "-P", "-K", "|", "-X", "partitioner=murmur2_random"];
        kcat(kafka.brokers(), &arguments, by_kcat.as_bytes());
        let by_console = concat!(
            r#"order-7|{"type":"AddressChanged","customer":{"name":"Ann","vip":null,"city":"Oslo"}}"#,
            "\n",
            r#"order-7|{"type":"OrderShipped","status":"SHIPPED","total":10.50,"parcels":["p-1","p-2"]}"#,
            "\n",
        );
        let mut producer = java(None);
        producer.arg("org.apache.kafka.tools.ConsoleProducer");
        producer.args(["--bootstrap-server", kafka.brokers(), "--topic", &topic]);
        producer.args(["--reader-property", "parse.key=true"]);
        producer.args(["--reader-property", "key.separator=|"]);
        output_of(&mut producer, by_console.as_bytes());
        topic
    })
}

/// The JSON this text is, numbers with their digits.
fn exact(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

#[test]
fn the_history_of_data_written_by_others_has_the_changes_a_person_sees() {
    let kafka = Kafka::shared();
    let mut events = about(kafka, "history", "order-7", written_by_others(kafka), &[]);
    let summary = events.pop().expect("a summary");
    let expected = [
        json!([1, "OrderCreated"]),
        json!([2, "OrderPaid"]),
        json!([3, "AddressChanged"]),
        json!([4, "OrderShipped"]),
    ];
    assert_eq!(pick_all(&events, &["version", "type"]), expected);
    let second = r#"[
        {"path":"/paid","op":"add","to":10.5},
        {"path":"/status","op":"replace","from":"CREATED","to":"PAID"},
        {"path":"/type","op":"replace","from":"OrderCreated","to":"OrderPaid"}]"#;
    assert_eq!(events[1]["changes"], exact(second));
    let third = r#"[
        {"path":"/customer/city","op":"add","to":"Oslo"},
        {"path":"/customer/vip","op":"remove","from":true},
        {"path":"/type","op":"replace","from":"OrderPaid","to":"AddressChanged"}]"#;
    assert_eq!(events[2]["changes"], exact(third));
    assert_eq!(summary["summary"]["completeness"]["verdict"], "complete");
    assert_eq!(summary["summary"]["scanned"], 5);
}

#[test]
fn the_state_of_data_written_by_others_is_what_a_person_computes_at_every_kind_of_moment() {
    let kafka = Kafka::shared();
    let topic = written_by_others(kafka);
    let state = |at: &str| state_at(kafka, "order-7", topic, at);
    let end = r#"{"type":"OrderShipped","status":"SHIPPED","total":10.50,
        "customer":{"name":"Ann","city":"Oslo"},"paid":10.5,"parcels":["p-1","p-2"]}"#;
    assert_eq!(state("end"), (json!(4), exact(end)));
    let second = r#"{"type":"OrderPaid","status":"PAID","total":10.50,
        "customer":{"name":"Ann","vip":true},"paid":10.5}"#;
    assert_eq!(state("v2"), (json!(2), exact(second)));
    let events = about(kafka, "history", "order-7", topic, &[]);
    let position = pick(&events[1], &["partition", "offset"]);
    let at = format!("{}:{}", position[0], position[1]);
    assert_eq!(state(&at), (json!(2), exact(second)));
    let (version, later) = state(events[2]["log_time"].as_str().expect("a time"));
    assert!(version == 3 || version == 4, "both may be of the same millisecond: {version}");
    assert_eq!(later["customer"], json!({"name": "Ann", "city": "Oslo"}));
    assert_eq!(state("start"), (json!(0), Value::Null));
    assert_eq!(state_at(kafka, "order-9", topic, "end"), (json!(0), Value::Null));
}

#[test]
fn diff_and_blame_of_data_written_by_others_are_what_a_person_finds() {
    let kafka = Kafka::shared();
    let topic = written_by_others(kafka);
    let diff = about(kafka, "diff", "order-7", topic, &["--from", "v2", "--to", "v4"]);
    let changes = r#"[
        {"path":"/customer/city","op":"add","to":"Oslo"},
        {"path":"/customer/vip","op":"remove","from":true},
        {"path":"/parcels","op":"add","to":["p-1","p-2"]},
        {"path":"/status","op":"replace","from":"PAID","to":"SHIPPED"},
        {"path":"/type","op":"replace","from":"OrderPaid","to":"OrderShipped"}]"#;
    assert_eq!(diff[0]["changes"], exact(changes));
    let blame = about(kafka, "blame", "order-7", topic, &[]);
    let writer =
        |line: &Value| json!([line["path"], line["written_by"]["version"], line.get("previous")]);
    let writers: Vec<Value> = blame.iter().map(writer).collect();
    // The total was written again as it was, which changes nothing.
    let expected = [
        json!(["/type", 4, "AddressChanged"]),
        json!(["/status", 4, "PAID"]),
        json!(["/total", 1, null]),
        json!(["/customer/name", 1, null]),
        json!(["/customer/city", 3, null]),
        json!(["/paid", 2, null]),
        json!(["/parcels/0", 4, null]),
        json!(["/parcels/1", 4, null]),
    ];
    assert_eq!(writers, expected);
    let status = about(kafka, "blame", "order-7", topic, &["--path", "/status", "--at", "v3"]);
    assert_eq!(status.len(), 1);
    assert_eq!((&status[0]["value"], &status[0]["previous"]), (&json!("PAID"), &json!("CREATED")));
    assert_eq!(status[0]["written_by"]["type"], "OrderPaid");
}

#[test]
fn every_line_that_rests_on_history_says_how_much_of_it_there_is() {
    let kafka = Kafka::shared();
    let topic = kafka.create_topic("cut-short", 1, &[]);
    let record = |body: &str| TestRecord::new("k", body);
    produce(kafka, &topic, &[record(r#"{"a":1}"#), record(r#"{"b":2}"#), record(r#"{"c":3}"#)]);
    let verdicts = |arguments: &[&str]| -> Vec<Value> {
        let lines = ask(kafka, &[arguments, &["--topic", &topic]].concat()).answers();
        let completeness = |line: &Value| match line.get("summary") {
            Some(summary) => summary["completeness"].clone(),
            None => line["completeness"].clone(),
        };
        lines.iter().map(|line| completeness(line)["verdict"].clone()).collect()
    };
    assert_eq!(verdicts(&["entities"]), ["complete"]);
    assert_eq!(verdicts(&["blame", "k"]), ["complete"; 3]);
    kafka.delete_records(&topic, 0, 1);
    assert_eq!(verdicts(&["entities"]), ["complete_since"]);
    assert_eq!(verdicts(&["blame", "k"]), ["complete_since"; 2]);
    assert_eq!(verdicts(&["state", "k"]), ["complete_since"]);
    assert_eq!(verdicts(&["diff", "k", "--from", "start", "--to", "end"]), ["complete_since"]);
    assert_eq!(verdicts(&["history", "k"]).pop(), Some(json!("complete_since")));
}

#[test]
fn numbers_keep_their_digits_through_every_command() {
    let kafka = Kafka::shared();
    let topic = kafka.create_topic("digits", 1, &[]);
    produce(
        kafka,
        &topic,
        &[
            TestRecord::new("k", r#"{"a":1.10,"big":18446744073709551616,"e":6.02E+23}"#),
            TestRecord::new("k", r#"{"a":1.1,"b":9007199254740993}"#),
            TestRecord::new("k", r#"{"b":9007199254740992}"#),
        ],
    );
    let state = ask(kafka, &["state", "k", "--topic", &topic]);
    let expected =
        r#""state":{"a":1.1,"big":18446744073709551616,"e":6.02E+23,"b":9007199254740992}"#;
    assert!(state.stdout.contains(expected), "{}", state.stdout);
    let history = ask(kafka, &["history", "k", "--topic", &topic]);
    let changes: Vec<&str> = history
        .stdout
        .lines()
        .map(|line| line.split(r#""changes":"#).nth(1).unwrap_or(""))
        .collect();
    assert!(
        changes[1].starts_with(r#"[{"path":"/b","op":"add","to":9007199254740993}]"#),
        "1.10 and 1.1 are equal: {}",
        changes[1]
    );
    let third = r#"[{"path":"/b","op":"replace","from":9007199254740993,"to":9007199254740992}]"#;
    assert!(changes[2].starts_with(third), "{}", changes[2]);
}

#[test]
fn tombstones_failures_and_other_values_are_events_and_count_as_versions() {
    let kafka = Kafka::shared();
    let topic = kafka.create_topic("odd", 1, &[]);
    let folder = Folder::new();
    let config = format!("[entity.thing]\ntopics = [\"{topic}\"]\ntype = \"value:/type\"\n");
    fs_err::write(folder.path().join("foldback.toml"), config).expect("the workspace file");
    produce(
        kafka,
        &topic,
        &[
            TestRecord::new("k", r#"{"type":"Made","a":1}"#),
            TestRecord::new("k", "not json"),
            TestRecord::new("k", "[1,2]"),
            TestRecord::tombstone("k"),
            TestRecord::new("k", ""),
            TestRecord::new("k", r#"{"type":"Made","b":2}"#),
        ],
    );
    let here = |arguments: &[&str]| {
        let ended = run_in(
            folder.path(),
            &[arguments, &["--json", "--topic", &topic, "--brokers", kafka.brokers()]].concat(),
        );
        ended.answers()
    };
    let mut events = here(&["history", "k"]);
    let summary = events.pop().expect("a summary");
    let seen = pick_all(&events, &["version", "type", "decoded_as"]);
    let expected = [
        json!([1, "Made", "json"]),
        json!([2, null, "text"]),
        json!([3, null, "json"]),
        json!([4, "tombstone", "tombstone"]),
        json!([5, null, "empty"]),
        json!([6, "Made", "json"]),
    ];
    assert_eq!(seen, expected);
    assert!(events[1]["error"].is_string() && events[4]["error"].is_string(), "both say why");
    assert_eq!(summary["summary"]["decode_failures"], 2);
    let completeness = &summary["summary"]["completeness"];
    assert_eq!(
        (&completeness["verdict"], &completeness["reasons"][0]["kind"]),
        (&json!("partial"), &json!("decode"))
    );
    let states: Vec<Value> = ["v3", "v4", "v5", "v6"]
        .map(|at| here(&["state", "k", "--at", at])[0]["state"].clone())
        .to_vec();
    let made = json!({"type": "Made", "a": 1});
    assert_eq!(states, [made, Value::Null, Value::Null, json!({"type": "Made", "b": 2})]);
    let counted = here(&["state", "k", "--fold", "count"]);
    assert_eq!(
        counted[0]["state"]["events"], 4,
        "what cannot be decoded leaves every state as it is"
    );
    assert_eq!(here(&["state", "k", "--fold", "last", "--at", "v3"])[0]["state"], json!([1, 2]));
}

#[test]
fn the_mapping_of_the_workspace_file_finds_entities_in_several_topics() {
    let kafka = Kafka::shared();
    let orders = kafka.create_topic("orders", 2, &[]);
    let shipments = kafka.create_topic("shipments", 2, &[]);
    let folder = Folder::new();
    let config = format!(
        "[connection.test]\nbrokers = \"{}\"\n\n[entity.order]\ntopics = [\"{orders}\"]\ntype = \"value:/type\"\n\n\
         [entity.shipment]\ntopics = [\"{shipments}\"]\nid = \"value:/order\"\ntype = \"header:type\"\nversion = \"value:/v\"\n\
         actor = \"header:user\"\ntime = \"value:/at\"\n",
        kafka.brokers()
    );
    fs_err::write(folder.path().join("foldback.toml"), config).expect("the workspace file");
    produce(
        kafka,
        &orders,
        &[
            TestRecord::new("o-1", r#"{"type":"Placed","status":"PLACED"}"#)
                .in_partition(0)
                .at(BASE_MS),
            TestRecord::new("o-1", r#"{"type":"Closed","status":"CLOSED"}"#)
                .in_partition(0)
                .at(BASE_MS + 300),
        ],
    );
    let shipment = |order: &str, v: i64, at_ms: i64| {
        let value = format!(
            r#"{{"order":"{order}","v":{v},"status":"SHIPPED","at":"2026-01-01T00:00:00.{v}50Z"}}"#
        );
        TestRecord::new("parcel", value)
            .in_partition(1)
            .at(BASE_MS + at_ms)
            .with_header("type", "Shipped")
            .with_header("user", "ann")
    };
    produce(
        kafka,
        &shipments,
        &[shipment("o-1", 1, 100), shipment("o-2", 1, 150), shipment("o-1", 3, 200)],
    );
    let here = |arguments: &[&str]| {
        let topics = ["--json", "--topic", &orders, "--topic", &shipments];
        run_in(folder.path(), &[arguments, &topics].concat())
    };
    let mut events = here(&["history", "o-1"]).answers();
    events.pop();
    let seen = pick_all(&events, &["topic", "offset", "type", "mapped_version", "actor"]);
    let expected = [
        json!([orders, 0, "Placed", null, null]),
        json!([shipments, 0, "Shipped", 1, "ann"]),
        json!([shipments, 2, "Shipped", 3, "ann"]),
        json!([orders, 1, "Closed", null, null]),
    ];
    assert_eq!(seen, expected);
    assert_eq!(events[2]["flags"], json!(["version_out_of_order: 3 after 1"]));
    assert_eq!(events[1]["event_time"], "2026-01-01T00:00:00.150Z");
    let at = format!("{shipments}:1:1");
    let cut = here(&["state", "o-1", "--at", &at]).answers();
    assert_eq!(cut[0]["version"], 2, "the record of another entity says how late it was");
    let bare = here(&["state", "o-1", "--at", "1:1"]);
    assert_eq!(bare.status, 2, "{}", bare.stderr);
    let entities = here(&["entities"]).answers();
    let seen = pick_all(&entities, &["entity", "events", "topics"]);
    assert_eq!(seen, [json!(["o-1", 4, [orders, shipments]]), json!(["o-2", 1, [shipments]])]);
    let by_event_time =
        here(&["state", "o-1", "--clock", "event", "--at", "2026-01-01T00:00:00.150Z"]).answers();
    assert_eq!(by_event_time[0]["version"], 2);
}

#[test]
fn aborted_records_are_no_history_unless_they_are_asked_for() {
    let kafka = Kafka::shared();
    let topic = kafka.create_topic("aborted", 1, &[]);
    produce(kafka, &topic, &[TestRecord::new("k", r#"{"status":"CREATED"}"#)]);
    let producer = TestProducer::transactional(kafka, &topic);
    producer.begin();
    producer.send(&topic, &[TestRecord::new("k", r#"{"status":"GHOST"}"#)]);
    producer.abort();
    let committed = about(kafka, "state", "k", &topic, &[]);
    assert_eq!(
        (&committed[0]["version"], &committed[0]["state"]["status"]),
        (&json!(1), &json!("CREATED"))
    );
    assert_eq!(committed[0]["completeness"]["verdict"], "complete");
    assert_eq!(committed[0]["completeness"]["reasons"][0]["kind"], "aborted");
    let mut all = about(kafka, "history", "k", &topic, &["--isolation", "uncommitted"]);
    all.pop();
    assert_eq!(
        pick_all(&all, &["version", "txn"]),
        [json!([1, "committed"]), json!([2, "aborted"])]
    );
}

#[test]
fn a_compacted_topic_with_gaps_is_partial() {
    let kafka = Kafka::shared();
    let settings = [
        ("cleanup.policy", "compact"),
        ("segment.ms", "100"),
        ("min.cleanable.dirty.ratio", "0.01"),
        ("delete.retention.ms", "100"),
        ("max.compaction.lag.ms", "100"),
    ];
    let topic = kafka.create_topic("compacted", 1, &settings);
    let verdict = || about(kafka, "state", "k", &topic, &[])[0]["completeness"].clone();
    let now_ms = || i64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap();
    produce(kafka, &topic, &[TestRecord::new("k", r#"{"n":0}"#).at(now_ms() - 5000)]);
    assert_eq!(verdict()["verdict"], "complete", "nothing is missing yet");
    let mut number = 1;
    support::node::wait_until(
        "compaction removes a record",
        std::time::Duration::from_mins(1),
        || {
            // A segment rolls when a record comes, and the active one is never cleaned.
            produce(
                kafka,
                &topic,
                &[TestRecord::new("k", format!(r#"{{"n":{number}}}"#)).at(now_ms())],
            );
            number += 1;
            verdict()["verdict"] == "partial"
        },
    );
    assert_eq!(verdict()["reasons"][0]["kind"], "compaction");
    // Another policy brings nothing back.
    kafka.configure_topic(&topic, &[("cleanup.policy", "delete")]);
    let told = verdict();
    assert_eq!(
        (&told["verdict"], &told["reasons"][0]["kind"]),
        (&json!("partial"), &json!("compaction"))
    );
}

#[test]
fn moments_that_do_not_exist_are_refused_in_words() {
    let kafka = Kafka::shared();
    let topic = kafka.create_topic("moments", 1, &[]);
    produce(kafka, &topic, &[TestRecord::new("k", "{}"), TestRecord::new("k", "{}")]);
    let state = |at: &str| refused(kafka, &["state", "k", "--topic", &topic, "--at", at]).stderr;
    assert!(state("v3").contains("has 2 events"), "{}", state("v3"));
    assert!(state("1:0").contains("no partition 1"), "{}", state("1:0"));
    assert!(state("someday").contains("`someday` is no moment"), "{}", state("someday"));
    let unknown = refused(kafka, &["state", "k", "--topic", "no-such-topic"]).stderr;
    assert!(unknown.contains("unknown topic `no-such-topic`"), "{unknown}");
    refused(kafka, &["state", "k", "--topic", &topic, "--fold", "sum"]);
    refused(kafka, &["state", "--key-base64", "%", "--topic", &topic]);
    refused(kafka, &["state", "k", "--topic", &topic, "--partition", "7"]);
    refused(kafka, &["blame", "k", "--topic", &topic, "--path", "status"]);
    refused(kafka, &["scan", "--topic", &topic, "--from", "v1"]);
    refused(kafka, &["scan", "--topic", &topic, "--where", "value.a =="]);
    assert!(!kafka.topic_names().contains(&"no-such-topic".to_owned()), "asking creates nothing");
}

#[test]
fn keys_that_are_no_text_are_entities_too() {
    let kafka = Kafka::shared();
    let topic = kafka.create_topic("binary", 1, &[]);
    produce(
        kafka,
        &topic,
        &[
            TestRecord::new([0xff, 0x00], r#"{"a":1}"#),
            TestRecord::new("", r#"{"a":2}"#),
            TestRecord { value: Some(b"{\"a\":3}".to_vec()), ..TestRecord::default() },
        ],
    );
    let binary = ask(kafka, &["state", "--key-base64", "/wA=", "--topic", &topic]).answers();
    assert_eq!(
        (&binary[0]["entity"], &binary[0]["state"]),
        (&json!({"base64": "/wA="}), &json!({"a": 1}))
    );
    let empty = ask(kafka, &["state", "", "--topic", &topic]).answers();
    assert_eq!((&empty[0]["entity"], &empty[0]["state"]), (&json!(""), &json!({"a": 2})));
    let entities = ask(kafka, &["entities", "--topic", &topic]).answers();
    assert_eq!(
        pick_all(&entities[..2], &["entity"]),
        [json!([""]), json!([{"base64": "/wA="}])],
        "a null key is no entity"
    );
    let summary = &entities[2]["summary"];
    assert_eq!((&summary["entities"], &summary["without_entity"]), (&json!(2), &json!(1)));
    let hint = summary["hint"].as_str().unwrap();
    assert!(hint.contains("their key is null") && hint.contains("value:/id"), "{hint}");
}

#[test]
fn text_for_people_shows_state_and_history() {
    let kafka = Kafka::shared();
    let topic = "text-orders";
    kafka.create_topic_named(topic, 1, &[]);
    produce(
        kafka,
        topic,
        &[
            TestRecord::new("order-1", r#"{"type":"Placed","status":"PLACED","total":12.50}"#)
                .at(BASE_MS),
            TestRecord::new("order-1", r#"{"type":"Shipped","status":"SHIPPED"}"#)
                .at(BASE_MS + 1000),
        ],
    );
    let folder = Folder::new();
    let print = |arguments: &[&str]| {
        let ended = run_in(
            folder.path(),
            &[arguments, &["--topic", topic, "--brokers", kafka.brokers()]].concat(),
        );
        assert_eq!(ended.status, 0, "{}", ended.stderr);
        ended.stdout
    };
    let times = [(r"\(\d+\.\d+ s\)", "(TIME)"), (r"decided [-:.\dTZ]+", "decided (TIME)")];
    insta::with_settings!({filters => times}, {
        insta::assert_snapshot!("history", print(&["history", "order-1"]));
        insta::assert_snapshot!("state", print(&["state", "order-1", "--at", "2026-01-01T00:00:00Z"]));
        insta::assert_snapshot!("diff", print(&["diff", "order-1", "--from", "v1", "--to", "end"]));
        insta::assert_snapshot!("blame", print(&["blame", "order-1"]));
        insta::assert_snapshot!("scan", print(&["scan"]));
        insta::assert_snapshot!("entities", print(&["entities"]));
        insta::assert_snapshot!("types", print(&["types"]));
        insta::assert_snapshot!("mapping", print(&["mapping"]));
    });
}
