//! Consumer groups of a real Apache Kafka: their members, and what they have committed.
//!
//! Promises: the groups are those of other programs; looking at them changes nothing.
//! Does not know: lag.

#![cfg(test)]

mod support;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::Duration;

use rdkafka::consumer::Consumer as _;
use serde_json::json;

use foldback::kafka::{GroupFacts, GroupType, KafkaError};
use foldback::model::{Cancel, TopicPartition};

use support::cli::{ask, pick};
use support::kafka::{Kafka, REQUEST_LIMIT};
use support::node::{java, wait_until};
use support::reading::connect;
use support::records::{TestProducer, TestRecord, commit_offsets, produce};

#[test]
fn committed_offsets_of_a_group_without_members_are_seen() {
    let kafka = Kafka::shared();
    let topic = kafka.create_topic("committed", 3, &[]);
    commit_offsets(kafka, "left-behind", &topic, &[(0, 7), (2, 0)]);
    let connection = connect(kafka);
    let committed = connection.committed("left-behind", REQUEST_LIMIT).unwrap();
    let expected =
        [(TopicPartition::new(&*topic, 0), 7), (TopicPartition::new(&*topic, 2), 0)].into();
    assert_eq!(committed, expected);
    let groups = connection.groups(REQUEST_LIMIT).unwrap();
    let listing = groups.iter().find(|listing| &*listing.group == "left-behind").unwrap();
    assert_eq!((&*listing.state, listing.group_type), ("Empty", GroupType::Classic));
    let facts = connection.describe_groups(&["left-behind"], REQUEST_LIMIT).unwrap();
    assert_eq!((&*facts[0].state, facts[0].members.len()), ("Empty", 0));
    let unknown = connection.committed("nobody", REQUEST_LIMIT);
    assert_eq!(unknown, Err(KafkaError::UnknownGroup { group: "nobody".to_owned() }));
}

#[test]
fn the_members_of_a_group_are_seen_with_what_they_are_assigned() {
    let kafka = Kafka::shared();
    let topic = kafka.create_topic("members", 2, &[]);
    produce(kafka, &topic, &[TestRecord::new("k", "v")]);
    for (group, protocol) in [("classic", "classic"), ("modern", "consumer")] {
        let member = kafka.consumer(&[
            ("group.id", group),
            ("client.id", "worker-1"),
            ("group.protocol", protocol),
            ("auto.offset.reset", "earliest"),
        ]);
        #[expect(clippy::disallowed_methods, reason = "the test's own group")]
        member.subscribe(&[&topic]).unwrap();
        wait_until("the member has its partitions", Duration::from_mins(1), || {
            drop(member.poll(Duration::from_millis(100)));
            member.assignment().unwrap().count() == 2
        });
        let connection = connect(kafka);
        let facts = connection.describe_groups(&[group], REQUEST_LIMIT).unwrap();
        let [facts] = facts.as_slice() else { panic!("one group") };
        assert_eq!((&*facts.state, facts.group_type), ("Stable", kind(protocol)));
        let [only] = facts.members.as_slice() else { panic!("one member") };
        assert_eq!(&*only.client_id, "worker-1");
        assert_eq!(&*only.host, "/127.0.0.1");
        let expected = [TopicPartition::new(&*topic, 0), TopicPartition::new(&*topic, 1)];
        assert_eq!(only.assignment, expected);
        // Known, although it has committed nothing yet.
        assert_eq!(connection.committed(group, REQUEST_LIMIT), Ok([].into()));
    }
}

/// A program of somebody else that runs until it is let go of.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().expect("it can be ended");
        self.0.wait().expect("it ends");
    }
}

/// Waits until this group has a member, and returns what is told of it.
fn with_a_member(kafka: &Kafka, group: &str) -> GroupFacts {
    let connection = connect(kafka);
    let mut facts = None;
    wait_until("the group has a member with partitions", Duration::from_mins(1), || {
        let listed = connection.groups(REQUEST_LIMIT).unwrap();
        if listed.iter().any(|listing| &*listing.group == group) {
            facts = connection.describe_groups(&[group], REQUEST_LIMIT).unwrap().pop();
        }
        let members = facts.iter().flat_map(|facts| &facts.members);
        members.into_iter().any(|member| !member.assignment.is_empty())
    });
    facts.unwrap()
}

#[test]
fn a_share_group_is_told_as_what_it_is_with_its_state_and_members() {
    let kafka = Kafka::shared();
    let topic = kafka.create_topic("shared", 2, &[]);
    let mut sharing = java(None);
    sharing.arg("org.apache.kafka.tools.consumer.ConsoleShareConsumer");
    sharing.args(["--bootstrap-server", kafka.brokers(), "--topic", &topic, "--group", "senders"]);
    let sharing = Running(sharing.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    let facts = with_a_member(kafka, "senders");
    assert_eq!((&*facts.state, facts.group_type), ("Stable", GroupType::Share));
    let [only] = facts.members.as_slice() else { panic!("one member") };
    assert!(only.client_id.starts_with("console-share-consumer"), "{}", only.client_id);
    let expected = [TopicPartition::new(&*topic, 0), TopicPartition::new(&*topic, 1)];
    assert_eq!(only.assignment, expected);
    let told = ask(kafka, &["groups", "senders"]).answers();
    assert_eq!(pick(&told[0], &["type", "state"]), json!(["Share", "Stable"]));
    assert_eq!(told[0]["members"].as_array().unwrap().len(), 1);
    let all = ask(kafka, &["groups"]).answers();
    let listed = all.iter().find(|line| line["group"] == "senders").unwrap();
    assert_eq!(pick(listed, &["type", "state", "offsets"]), json!(["Share", "Stable", []]));
    drop(sharing);
}

/// The first heartbeat of an application of Kafka Streams in the group `totals`, which reads
/// `streams-source` in one subtopology, as `kafka-clients` 4.3.1 writes it.
const STREAMS_HEARTBEAT: &str = concat!(
    "000000730058000000000001000a746f74616c732d6170700007746f74616c73176363636363",
    "6363636363636363636363636363636367000000000000000000000000ea6001000000000202",
    "30020f73747265616d732d736f75726365010101010100000101010a70726f636573732d31ff",
    "0100000000",
);

#[test]
fn a_streams_group_is_told_as_what_it_is_with_its_state_and_members() {
    let kafka = Kafka::shared();
    kafka.create_topic_named("streams-source", 2, &[]);
    // Asked of a broker directly: it makes the topic of the coordinator where it is missing.
    commit_offsets(kafka, "somebody", "streams-source", &[(0, 0)]);
    let digits = STREAMS_HEARTBEAT.as_bytes().chunks(2);
    let digits = digits.map(|pair| std::str::from_utf8(pair).unwrap());
    let heartbeat: Vec<u8> = digits.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect();
    let mut member = TcpStream::connect(kafka.brokers()).unwrap();
    let connection = connect(kafka);
    // The coordinator waits for further members before it assigns tasks, and tells them with a
    // later heartbeat.
    let mut facts = None;
    wait_until("the member has its tasks", Duration::from_mins(1), || {
        member.write_all(&heartbeat).unwrap();
        let mut size = [0; 4];
        member.read_exact(&mut size).unwrap();
        let mut answer = vec![0; u32::from_be_bytes(size) as usize];
        member.read_exact(&mut answer).unwrap();
        facts = connection.describe_groups(&["totals"], REQUEST_LIMIT).unwrap().pop();
        let members = facts.iter().flat_map(|facts| &facts.members);
        members.into_iter().any(|member| !member.assignment.is_empty())
    });
    let facts = facts.unwrap();
    assert_eq!((&*facts.state, facts.group_type), ("Stable", GroupType::Streams));
    let [only] = facts.members.as_slice() else { panic!("one member") };
    assert_eq!((&*only.client_id, &*only.host), ("totals-app", "/127.0.0.1"));
    let expected =
        [TopicPartition::new("streams-source", 0), TopicPartition::new("streams-source", 1)];
    assert_eq!(only.assignment, expected);
    let told = ask(kafka, &["groups", "totals"]).answers();
    assert_eq!(pick(&told[0], &["type", "state"]), json!(["Streams", "Stable"]));
}

#[test]
fn many_groups_are_listed_described_and_measured_at_once() {
    let kafka = Kafka::shared();
    let topic = kafka.create_topic("crowded", 1, &[]);
    produce(kafka, &topic, &[TestRecord::new("k", "v"), TestRecord::new("k", "v")]);
    let names: Vec<String> = (0..30).map(|number| format!("{topic}-{number}")).collect();
    for name in &names {
        commit_offsets(kafka, name, &topic, &[(0, 1)]);
    }
    let connection = connect(kafka);
    let names: Vec<&str> = names.iter().map(|name| &**name).collect();
    let committed = connection.committed_by(&names, REQUEST_LIMIT, &Cancel::new()).unwrap();
    assert_eq!(committed.len(), 30);
    let expected = [(TopicPartition::new(&*topic, 0), 1)].into();
    assert!(committed.values().all(|committed| committed.as_ref() == Ok(&expected)));
    let told = ask(kafka, &["groups", "--topic", &topic]).answers();
    assert_eq!(told.len(), 30);
    assert!(told.iter().all(|line| line["offsets"][0]["lag"] == 1), "{}", told[0]);
    assert!(told.iter().all(|line| line["offsets"][0]["lag_ms"].is_u64()), "{}", told[0]);
}

#[test]
fn a_group_behind_an_open_transaction_is_told_so_beside_its_lag_to_the_end() {
    let kafka = Kafka::shared();
    let topic = kafka.create_topic("withheld", 1, &[]);
    let opened_ms = 1_790_000_000_000_i64;
    produce(kafka, &topic, &[TestRecord::new("k", "v").at(opened_ms - 1_000)]);
    let open = TestProducer::transactional(kafka, &topic);
    open.begin();
    open.send(&topic, &[TestRecord::new("k", "w").at(opened_ms), TestRecord::new("k", "x")]);
    commit_offsets(kafka, "waiting", &topic, &[(0, 1)]);
    for isolation in ["committed", "uncommitted"] {
        let told = ask(kafka, &["groups", "waiting", "--isolation", isolation]).answers();
        assert_eq!(told[0]["isolation"], isolation);
        let offset = &told[0]["offsets"][0];
        assert_eq!(pick(offset, &["committed", "end", "lag"]), json!([1, 3, 2]), "{isolation}");
        let since = json!({"offset": 1, "since": "2026-09-21T14:13:20.000Z"});
        assert_eq!(offset["open_transaction"], since, "{isolation}");
        assert_eq!(offset["lag_ms"].is_u64(), isolation == "uncommitted", "{offset}");
    }
    open.abort();
}

/// Kafka's word for groups of this protocol.
fn kind(protocol: &str) -> GroupType {
    if protocol == "classic" { GroupType::Classic } else { GroupType::Consumer }
}
