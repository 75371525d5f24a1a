//! The reference system on a real Apache Kafka: it says what it will do, does it once, and its
//! groups are real ones.

#![cfg(test)]

mod support;

use std::time::Duration;

use foldback::demo::projector::ReadModel;
use foldback::demo::{DemoError, Milestone, Options, headless, start};
use foldback::kafka::{Connection, Settings};
use foldback::model::Cancel;

use support::kafka::Kafka;
use support::node::wait_until;

/// 2026-11-23T12:00:00Z.
const NOW_MS: i64 = 1_795_435_200_000;

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

#[test]
fn on_a_named_cluster_it_says_what_it_will_write_and_writes_only_to_topics_of_its_own() {
    let kafka = Kafka::shared();
    let settings = Settings::from_brokers(kafka.brokers()).unwrap();
    let options = Options {
        cluster: Some(settings.clone()),
        orders: 200,
        seed: 1,
        traffic: false,
        now_ms: NOW_MS,
    };
    let running = start(&options).unwrap();
    let readiness = loop {
        match running.milestones().recv_timeout(PATIENCE).unwrap() {
            Milestone::Seeded { .. } => {}
            Milestone::Ready(readiness) => break readiness,
            Milestone::Failed(problem) => panic!("the demo failed: {problem}"),
        }
    };
    assert_eq!(readiness.missed().next().unwrap().event_type, "OrderShipped");
    let connection = Connection::open(&settings).unwrap();
    let configs = connection.topic_configs(&["order-events"], PATIENCE).unwrap();
    let config = configs["order-events"].as_ref().unwrap();
    assert_eq!(config.retention_ms, None, "history of thirty days stays");
    let groups = ReadModel::ALL.map(ReadModel::group);
    // The dashboard's projector has just come back from its crash, and joining takes a moment.
    wait_until("every read model has a real group with one member", PATIENCE, || {
        let described = connection.describe_groups(&groups, PATIENCE).unwrap();
        described.len() == groups.len() && described.iter().all(|group| group.members.len() == 1)
    });
    // Nobody's topics are written to, not even those of the run before; and it is said before
    // anything is done.
    let (mut out, mut notes) = (Vec::new(), Vec::new());
    let refused = headless::run(&options, true, &Cancel::new(), &mut out, &mut notes).unwrap_err();
    assert!(matches!(refused, DemoError::TopicExists { topic: "order-events", .. }), "{refused}");
    assert!(out.is_empty(), "nothing was started");
    let notes = String::from_utf8(notes).unwrap();
    for words in [kafka.brokers(), "create topic order-events with 6 partitions", "order-dashboard"]
    {
        assert!(notes.contains(words), "{notes}");
    }
}
