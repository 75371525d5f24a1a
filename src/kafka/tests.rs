//! Tests of the floor as a whole: what it leaves behind on a cluster, and what it says of one that
//! is not there.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use super::testing::{
    PATIENCE, TestWriter, batches, cluster, connect, plan, record, write_numbered,
};
use super::*;
use crate::model::{Cancel, Isolation, ReadPlan, TopicPartition};

/// Fetch, `ListOffsets`, Metadata, `ApiVersions`.
const READING: [i16; 4] = [1, 2, 3, 18];

fn tracked(cluster: &EmbeddedCluster) -> BTreeSet<i16> {
    cluster.tracked_api_keys().into_iter().collect()
}

#[test]
fn looking_and_reading_send_nothing_but_metadata_offsets_and_fetches() {
    let cluster = cluster("t", 3);
    write_numbered(&cluster, "t", 0, 100);
    cluster.track_requests();
    let connection = connect(&cluster);
    connection.cluster(PATIENCE).unwrap();
    connection.topics(PATIENCE).unwrap();
    connection.topic_configs(&["t"], PATIENCE).unwrap();
    connection.groups(PATIENCE).unwrap();
    let plan = plan(&connection, "t");
    let partitions: Vec<_> = (0..3).map(|number| TopicPartition::new("t", number)).collect();
    connection.offsets_at(&partitions, 0, Isolation::Committed, PATIENCE).unwrap();
    batches(&connection, &plan);
    let uncommitted = ReadPlan { isolation: Isolation::Uncommitted, ..plan.clone() };
    batches(&connection, &uncommitted);
    let mut ignore = |_: crate::model::RecordRef<'_>| ControlFlow::Continue(());
    read_in_log_order(&connection, &plan, &Cancel::new(), &mut ignore, &mut |_| {}).unwrap();
    count_only(&connection, &plan, &Cancel::new()).unwrap();
    aborted_offsets(&connection, &plan.ranges, &Cancel::new()).unwrap();
    assert_eq!(tracked(&cluster), READING.into());
}

#[test]
fn looking_a_topic_up_that_does_not_exist_does_not_create_it() {
    let cluster = cluster("t", 1);
    let connection = connect(&cluster);
    let missing = connection.topic("missing", PATIENCE);
    assert!(matches!(missing, Err(KafkaError::UnknownTopic { .. })), "{missing:?}");
    let offsets = connection.watermarks(&[TopicPartition::new("missing", 0)], PATIENCE);
    assert!(matches!(offsets, Err(KafkaError::UnknownTopic { .. })), "{offsets:?}");
    let topics = connection.topics(PATIENCE).unwrap();
    assert_eq!(topics.iter().map(|topic| &*topic.name).collect::<Vec<_>>(), ["t"]);
}

#[test]
fn a_partition_that_does_not_exist_is_named() {
    let cluster = cluster("t", 2);
    let result = connect(&cluster).watermarks(&[TopicPartition::new("t", 7)], PATIENCE);
    let expected = KafkaError::UnknownPartition { partition: TopicPartition::new("t", 7) };
    assert_eq!(result, Err(expected));
}

#[test]
fn offsets_of_2000_partitions_come_within_a_second() {
    let names: Vec<_> = (0..10).map(|number| format!("topic-{number}")).collect();
    let topics: Vec<_> = names.iter().map(|name| EmbeddedTopic { name, partitions: 200 }).collect();
    let cluster = EmbeddedCluster::start(&topics).unwrap();
    TestWriter::open(&cluster).write(&record("topic-7", "k", "v"));
    let connection = connect(&cluster);
    connection.topics(PATIENCE).unwrap();
    let partitions: Vec<_> = names
        .iter()
        .flat_map(|name| (0..200).map(move |number| TopicPartition::new(name.as_str(), number)))
        .collect();
    let asked_at = Instant::now();
    let marks = connection.watermarks(&partitions, PATIENCE).unwrap();
    assert!(asked_at.elapsed() < Duration::from_secs(1), "{:?}", asked_at.elapsed());
    assert_eq!(marks.len(), 2000);
    assert_eq!(marks.values().map(|marks| marks.high).sum::<i64>(), 1);
}

#[test]
fn counting_counts_what_reading_reads() {
    let cluster = cluster("t", 3);
    write_numbered(&cluster, "t", 0, 1000);
    let connection = connect(&cluster);
    let mut plan = plan(&connection, "t");
    plan.ranges[1].to -= 5;
    let counted = count_only(&connection, &plan, &Cancel::new()).unwrap();
    let mut ignore = |_| ControlFlow::Continue(());
    let outcome = read(&connection, &plan, &Cancel::new(), &mut ignore).unwrap();
    assert_eq!(counted, Counted { records: 995, bytes: outcome.bytes() });
    assert_eq!(outcome.records(), 995);
}

#[test]
fn a_broker_that_is_not_there_is_told_with_its_address() {
    let settings = Settings::from_brokers("127.0.0.1:1").unwrap();
    let connection = Connection::open(&settings).unwrap();
    let asked_at = Instant::now();
    let error = connection.topics(Duration::from_secs(20)).unwrap_err();
    assert!(asked_at.elapsed() < Duration::from_secs(10), "{:?}", asked_at.elapsed());
    assert_eq!(error.kind(), KafkaErrorKind::NoAccess);
    assert!(matches!(error, KafkaError::Unreachable { .. }), "{error}");
    assert!(error.to_string().contains("127.0.0.1:1"), "{error}");
    assert!(error.hint().is_some());
}

#[test]
fn what_a_group_committed_on_the_embedded_cluster_is_seen_without_joining_it() {
    let cluster = cluster("t", 1);
    write_numbered(&cluster, "t", 0, 10);
    let settings = cluster.settings(&["projector"]);
    let reader = GroupReader::open(&settings, "projector", &["t"]).unwrap();
    let deadline = Instant::now() + PATIENCE;
    let next = [(TopicPartition::new("t", 0), 4)].into();
    while reader.commit(&next).is_err() {
        reader.poll(10, Duration::from_millis(50), &mut |_| {}).unwrap();
        assert!(Instant::now() < deadline, "the group never got its partition");
    }
    let connection = Connection::open(&settings).unwrap();
    assert_eq!(connection.committed("projector", PATIENCE).unwrap(), next);
    let unknown = connection.committed("nobody", PATIENCE);
    assert!(matches!(unknown, Err(KafkaError::UnknownGroup { .. })), "{unknown:?}");
}

#[test]
fn an_embedded_cluster_of_another_process_is_recognised_and_asked_only_what_it_answers() {
    let cluster = cluster("t", 2);
    let settings = Settings::from_brokers(&cluster.brokers()).unwrap();
    let connection = Connection::open(&settings).unwrap();
    let asked_at = Instant::now();
    let config = connection.topic_configs(&["t"], PATIENCE).unwrap();
    assert_eq!(&*config["t"].as_ref().unwrap().cleanup_policy, "delete");
    assert_eq!(connection.topics(PATIENCE).unwrap().len(), 1);
    assert_eq!(connection.cluster(PATIENCE).unwrap().brokers.len(), 1);
    let unlisted = connection.groups(PATIENCE).unwrap_err();
    assert!(unlisted.to_string().contains("name the group"), "{unlisted}");
    let unknown = connection.committed("nobody", PATIENCE);
    assert!(matches!(unknown, Err(KafkaError::UnknownGroup { .. })), "{unknown:?}");
    assert!(asked_at.elapsed() < PATIENCE, "no question was left without an answer");
}
