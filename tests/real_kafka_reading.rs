//! Reading from a real Apache Kafka: what others wrote, time lookup, truncation, following, a
//! broker that restarts, a topic that is deleted or created anew.
//!
//! Promises: nothing is created on the broker by looking, although the broker would create it.
//! Does not know: transactions, groups.

#![cfg(test)]

mod support;

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use foldback::kafka::{KafkaError, count_only, read, read_in_log_order};
use foldback::model::{Cancel, Isolation, KeyFilter, ReadEvent, ReadPlan, TopicPartition};

use support::kafka::{Kafka, REQUEST_LIMIT};
use support::reading::{Running, connect, plan, read_all};
use support::records::{TestRecord, produce};
use support::tools::kcat;

/// How long anything may take on a busy machine.
const LIMIT: Duration = Duration::from_mins(1);

#[test]
fn what_kcat_wrote_is_read_as_it_stands() {
    let kafka = Kafka::shared();
    let topic = kafka.create_topic("kcat", 3, &[]);
    let lines = "a|1\nb|2\na|3\n|4\nc|\n";
    kcat(kafka.brokers(), &["-P", "-t", &topic, "-K|", "-H", "h=1", "-Z"], lines.as_bytes());
    let connection = connect(kafka);
    let (seen, outcome) = read_all(&connection, &plan(&connection, &topic, Isolation::Committed));
    let mut pairs: Vec<_> = seen
        .iter()
        .map(|record| {
            let text = |bytes: &Vec<u8>| String::from_utf8(bytes.clone()).unwrap();
            (record.key.as_ref().map(text), record.value.as_ref().map(text))
        })
        .collect();
    pairs.sort();
    let pair = |key: Option<&str>, value: Option<&str>| {
        (key.map(ToOwned::to_owned), value.map(ToOwned::to_owned))
    };
    let expected = [
        pair(None, Some("4")),
        pair(Some("a"), Some("1")),
        pair(Some("a"), Some("3")),
        pair(Some("b"), Some("2")),
        pair(Some("c"), None),
    ];
    assert_eq!(pairs, expected);
    assert!(outcome.is_complete());
    let gaps: usize = outcome.partitions.iter().map(|read| read.gaps.len()).sum();
    assert_eq!(gaps, 0);
}

#[test]
fn many_records_arrive_once_each_in_either_order_and_as_counted() {
    let kafka = Kafka::shared();
    let topic = kafka.create_topic("many", 4, &[]);
    let record = |i: i64| {
        TestRecord::new(format!("key{}", i % 97), format!("{{\"n\":{i}}}"))
            .at(1_700_000_000_000 + i)
    };
    let written = produce(kafka, &topic, &(0..50_000).map(record).collect::<Vec<_>>());
    let connection = connect(kafka);
    let plan = plan(&connection, &topic, Isolation::Committed);
    let (seen, outcome) = read_all(&connection, &plan);
    assert_eq!((seen.len(), outcome.records()), (50_000, 50_000));
    let mut places: Vec<_> = written.iter().map(|place| (place.partition, place.offset)).collect();
    places.sort_unstable();
    assert_eq!(
        seen.iter().map(|record| (record.partition, record.offset)).collect::<Vec<_>>(),
        places
    );
    let mut ordered = Vec::new();
    read_in_log_order(
        &connection,
        &plan,
        &Cancel::new(),
        &mut |record| {
            ordered.push((record.log_time_ms(), record.position()));
            ControlFlow::Continue(())
        },
        &mut |_| {},
    )
    .unwrap();
    assert_eq!(ordered.len(), 50_000);
    assert!(ordered.is_sorted());
    assert_eq!(count_only(&connection, &plan, &Cancel::new()).unwrap().records, 50_000);
    let keys = KeyFilter::Equals(b"key5"[..].into());
    let (of_key, _) = read_all(&connection, &ReadPlan { keys, ..plan });
    assert_eq!(of_key.len(), (0..50_000).filter(|i| i % 97 == 5).count());
}

#[test]
fn a_time_is_found_in_every_partition() {
    let kafka = Kafka::shared();
    let topic = kafka.create_topic("times", 2, &[]);
    let record = |i: i64| TestRecord::new("k", "v").in_partition(0).at(1_000_000 + 1000 * i);
    produce(kafka, &topic, &(0..10).map(record).collect::<Vec<_>>());
    let connection = connect(kafka);
    let partitions = [TopicPartition::new(&*topic, 0), TopicPartition::new(&*topic, 1)];
    let found =
        |time_ms| connection.offsets_at(&partitions, time_ms, Isolation::Committed, REQUEST_LIMIT);
    let offsets = found(1_004_500).unwrap();
    assert_eq!((offsets[&partitions[0]], offsets[&partitions[1]]), (Some(5), None));
    assert_eq!(found(1_004_000).unwrap()[&partitions[0]], Some(4));
    assert_eq!(found(1_009_001).unwrap()[&partitions[0]], None);
}

#[test]
fn what_retention_took_is_told_as_lost() {
    let kafka = Kafka::shared();
    let topic = kafka.create_topic("retention", 1, &[]);
    let record = |i: i64| TestRecord::new("k", i.to_string());
    produce(kafka, &topic, &(0..100).map(record).collect::<Vec<_>>());
    let connection = connect(kafka);
    let before = plan(&connection, &topic, Isolation::Committed);
    kafka.delete_records(&topic, 0, 40);
    let mut lost = Vec::new();
    let outcome = read(&connection, &before, &Cancel::new(), &mut |event| {
        if let ReadEvent::Lost(range) = event {
            lost.push((range.from, range.to));
        }
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!(lost, [(0, 40)]);
    assert_eq!(outcome.records(), 60);
    let now = plan(&connection, &topic, Isolation::Committed);
    assert_eq!((now.ranges[0].from, now.ranges[0].to), (40, 100));
}

#[test]
fn compacted_offsets_are_gaps() {
    let kafka = Kafka::shared();
    let configs = [
        ("cleanup.policy", "compact"),
        ("segment.ms", "100"),
        ("min.cleanable.dirty.ratio", "0.01"),
        ("delete.retention.ms", "100"),
        ("max.compaction.lag.ms", "100"),
    ];
    let topic = kafka.create_topic("compacted", 1, &configs);
    let record = |i: i64| TestRecord::new(format!("k{}", i % 5), i.to_string());
    produce(kafka, &topic, &(0..500).map(record).collect::<Vec<_>>());
    let connection = connect(kafka);
    let config = connection.topic_configs(&[&topic], REQUEST_LIMIT).unwrap();
    assert!(config[topic.as_str()].as_ref().unwrap().compacts());
    let mut extra = 500;
    support::node::wait_until("the log is compacted", LIMIT, || {
        produce(kafka, &topic, &[record(extra)]);
        extra += 1;
        let (seen, outcome) =
            read_all(&connection, &plan(&connection, &topic, Isolation::Committed));
        let read = &outcome.partitions[0];
        let missing: u64 = read.gaps.iter().map(foldback::model::OffsetRange::span).sum();
        let end = u64::try_from(read.end).unwrap();
        assert_eq!(seen.len() as u64 + missing, end, "every offset is accounted for");
        missing > 400
    });
}

#[test]
fn following_goes_on_over_the_restart_of_the_broker_without_loss_or_repetition() {
    let kafka = Kafka::start();
    let topic = kafka.create_topic("restart", 2, &[]);
    let record = |i: i64| TestRecord::new(format!("k{i}"), i.to_string());
    produce(&kafka, &topic, &(0..100).map(record).collect::<Vec<_>>());
    let connection = connect(&kafka);
    let plan = ReadPlan { follow: true, ..plan(&connection, &topic, Isolation::Committed) };
    let running = Running::start(&connection, &plan);
    let before = running.wait_for(LIMIT, |event| matches!(event, ReadEvent::CaughtUp));
    assert_eq!(before.len(), 100);
    kafka.kill(1);
    running.wait_for(LIMIT, |event| matches!(event, ReadEvent::Trouble(_)));
    kafka.restart(1);
    running.wait_for(LIMIT, |event| matches!(event, ReadEvent::Recovered));
    produce(&kafka, &topic, &(100..110).map(record).collect::<Vec<_>>());
    let after = running.wait_for_records(LIMIT, 10);
    let mut values: Vec<_> = after
        .iter()
        .map(|record| String::from_utf8(record.value.clone().unwrap()).unwrap())
        .collect();
    values.sort();
    assert_eq!(values, (100..110).map(|i| i.to_string()).collect::<Vec<_>>());
    let cancelled_at = Instant::now();
    assert_eq!(running.cancel().records(), 110);
    assert!(cancelled_at.elapsed() < Duration::from_secs(1), "{:?}", cancelled_at.elapsed());
}

#[test]
fn a_topic_that_is_deleted_or_created_anew_ends_the_read_and_says_so() {
    let kafka = Kafka::shared();
    let connection = connect(kafka);
    let records = [TestRecord::new("k", "1"), TestRecord::new("k", "2")];
    let follow = |topic: &str| {
        produce(kafka, topic, &records);
        let plan = ReadPlan { follow: true, ..plan(&connection, topic, Isolation::Committed) };
        let running = Running::start(&connection, &plan);
        running.wait_for(LIMIT, |event| matches!(event, ReadEvent::CaughtUp));
        running
    };
    let deleted = kafka.create_topic("deleted", 1, &[]);
    let running = follow(&deleted);
    kafka.delete_topic(&deleted);
    assert_eq!(running.end(), Err(KafkaError::TopicDeleted { topic: deleted }));

    let anew = kafka.create_topic("anew", 1, &[]);
    let running = follow(&anew);
    kafka.delete_topic(&anew);
    kafka.create_topic_named(&anew, 1, &[]);
    let error = running.end().unwrap_err();
    // Which of the three is noticed first depends on the moment.
    let says_so = match error {
        KafkaError::TopicRecreated { .. } | KafkaError::TopicDeleted { .. } => true,
        KafkaError::Truncated { position, end, .. } => (position, end) == (2, 0),
        _ => false,
    };
    assert!(says_so, "{error}");
}

#[test]
fn looking_creates_no_topic_although_the_broker_would() {
    let kafka = Kafka::start();
    let topic = kafka.create_topic("there", 1, &[]);
    produce(&kafka, &topic, &[TestRecord::new("k", "v")]);
    let connection = connect(&kafka);
    let missing = connection.topic("not-there", REQUEST_LIMIT);
    assert!(matches!(missing, Err(KafkaError::UnknownTopic { .. })), "{missing:?}");
    let offsets = connection.watermarks(&[TopicPartition::new("not-there", 0)], REQUEST_LIMIT);
    assert!(matches!(offsets, Err(KafkaError::UnknownTopic { .. })), "{offsets:?}");
    let partition = connection.watermarks(&[TopicPartition::new(&*topic, 5)], REQUEST_LIMIT);
    assert!(matches!(partition, Err(KafkaError::UnknownPartition { .. })), "{partition:?}");
    assert_eq!(connection.groups(REQUEST_LIMIT).unwrap(), []);
    let group = connection.committed("nobody", REQUEST_LIMIT);
    assert!(matches!(group, Err(KafkaError::UnknownGroup { .. })), "{group:?}");
    connection.describe_groups(&["nobody"], REQUEST_LIMIT).unwrap();
    connection.cluster(REQUEST_LIMIT).unwrap();
    let facts = connection.topics(REQUEST_LIMIT).unwrap();
    assert_eq!(facts.len(), 1);
    assert!(facts[0].topic_id.is_some());
    read_all(&connection, &plan(&connection, &topic, Isolation::Uncommitted));
    assert_eq!(kafka.topic_names(), [topic]);
}
