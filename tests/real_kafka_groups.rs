//! Consumer groups of a real Apache Kafka: their members, and what they have committed.
//!
//! Promises: the groups are those of other programs; looking at them changes nothing.
//! Does not know: lag.

#![cfg(test)]

mod support;

use std::time::Duration;

use rdkafka::consumer::Consumer as _;

use foldback::kafka::KafkaError;
use foldback::model::TopicPartition;

use support::kafka::{Kafka, REQUEST_LIMIT};
use support::node::wait_until;
use support::reading::connect;
use support::records::{TestRecord, commit_offsets, produce};

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
    assert_eq!((&*listing.state, &*listing.group_type), ("Empty", "Classic"));
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
        assert_eq!((&*facts.state, &*facts.group_type), ("Stable", kind(protocol)));
        let [only] = facts.members.as_slice() else { panic!("one member") };
        assert_eq!(&*only.client_id, "worker-1");
        assert_eq!(&*only.host, "/127.0.0.1");
        let expected = [TopicPartition::new(&*topic, 0), TopicPartition::new(&*topic, 1)];
        assert_eq!(only.assignment, expected);
        // Known, although it has committed nothing yet.
        assert_eq!(connection.committed(group, REQUEST_LIMIT), Ok([].into()));
    }
}

/// Kafka's word for groups of this protocol.
fn kind(protocol: &str) -> &'static str {
    if protocol == "classic" { "Classic" } else { "Consumer" }
}
