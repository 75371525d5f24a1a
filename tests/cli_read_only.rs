//! The promise that no command leaves a trace, asserted from the requests that a broker saw.
//!
//! Promises: every command is run with every option that the parser knows of it, so that a new one
//! cannot be forgotten; needs no real Kafka.
//! Does not know: answers. The demo is not among the commands: it is the only one that writes.

mod support;

use std::time::Duration;

use foldback::kafka::{EmbeddedCluster, EmbeddedTopic, NewRecord, Writer};

use support::cli::{run, run_in};
use support::commands::every_question;
use support::node::Folder;

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

/// Commands that the embedded cluster cannot answer whole: it knows neither lists of groups nor
/// permissions. It sees their questions. Of a store, one kind alone is there.
const BEYOND_IT: [&str; 3] = ["groups", "doctor", "diagnose"];

/// The script that is run.
const SCRIPT: &str =
    "fromAll().when({ $init: () => ({ sum: 0 }), $any(s, e) { s.sum += e.body.n } })";

/// A workspace with rows in a store.
const WORKSPACE: &str = "[entity.order]
topics = [\"orders\"]
[read_model.rows]
entity = \"order\"
store = \"sqlite:rows.db\"
query = \"select 1 as n where $1 = 'order-1'\"
";

/// A schedule of deliveries.
const SCHEDULE: &str = r#"{"version":1,"seed":1,"faults":[{"fault":"F1","at":"orders-0@1"}]}"#;

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

/// Asks in a folder, and checks that it was answered.
fn ask(folder: &Folder, words: &[&str]) {
    let ended = run_in(folder.path(), words);
    let told = &ended.stderr;
    let may_be_no = ["compare", "sandbox", "test"].contains(&words[0]) && ended.status == 1;
    let may_lack = words.contains(&"--require-complete") && ended.status == 4;
    let needs_index = words.contains(&"--no-cache") && told.contains("--no-cache");
    let beyond_it = BEYOND_IT.contains(&words[0]) && !told.contains("Usage:");
    assert!(
        ended.status == 0 || may_be_no || may_lack || needs_index || beyond_it,
        "{words:?}: {ended:?}"
    );
}

/// A folder with what the questions name.
fn folder() -> Folder {
    let folder = Folder::new();
    fs_err::create_dir(folder.path().join("fixtures")).expect("a folder");
    fs_err::write(folder.path().join("sum.js"), SCRIPT).expect("a script");
    fs_err::write(folder.path().join("schedule.json"), SCHEDULE).expect("a schedule");
    fs_err::write(folder.path().join("foldback.toml"), WORKSPACE).expect("a workspace file");
    fs_err::write(folder.path().join("rows.db"), "").expect("a store without tables");
    folder
}

#[test]
fn no_command_with_any_of_its_options_sends_anything_but_questions() {
    let cluster = cluster();
    let brokers = cluster.brokers();
    let folder = folder();
    let mut asked = 0;
    for question in every_question() {
        cluster.track_requests();
        let mut words: Vec<&str> = question.iter().map(String::as_str).collect();
        words.extend(["--brokers", &brokers]);
        ask(&folder, &words);
        let seen = cluster.tracked_api_keys();
        asked += usize::from(seen.contains(&1));
        let other = seen.iter().find(|key| LOOKING.iter().all(|(known, _)| known != *key));
        assert_eq!(other, None, "a request that does more than look, by its API key: {words:?}");
    }
    assert!(asked > 80, "the commands did ask: {asked}");
}

#[test]
fn a_cluster_that_is_named_otherwise_is_only_asked_too() {
    let cluster = cluster();
    let brokers = cluster.brokers();
    let folder = folder();
    let write = |name: &str, text: String| {
        fs_err::write(folder.path().join(name), text).expect("a file");
    };
    write("client.properties", format!("bootstrap.servers={brokers}\nenable.auto.commit=true\n"));
    write("kcat.conf", format!("metadata.broker.list={brokers}\ngroup.id=somebody\n"));
    write("foldback.toml", format!("[connection.dev]\nbrokers = \"{brokers}\"\n"));
    let harmful = ["group.id=somebody", "enable.auto.commit=true", "allow.auto.create.topics=true"];
    let harmful: Vec<&str> = harmful.iter().flat_map(|property| ["-X", property]).collect();
    cluster.track_requests();
    for naming in [
        &["--config", "client.properties"][..],
        &["--config", "kcat.conf"],
        &["--connection", "dev"],
        &["--workspace", ".", "--allow-env", "HOME"],
        &[&["--brokers", &brokers][..], &harmful].concat(),
    ] {
        ask(&folder, &[&["scan", "--topic", "orders", "--no-cache"][..], naming].concat());
    }
    let seen = cluster.tracked_api_keys();
    let other = seen.iter().find(|key| LOOKING.iter().all(|(known, _)| known != *key));
    assert!(other.is_none() && seen.contains(&1), "{seen:?}");
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
