//! Partitions without a leader: no answer passes over them in silence.
//!
//! Promises: the cluster is the embedded one, whose leaders are taken away and given back at will.
//! Does not know: how a leader is elected.

#![cfg(test)]

mod support;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use foldback::kafka::{Connection, EmbeddedCluster, EmbeddedTopic, GroupReader, NewRecord, Writer};
use foldback::model::{Cancel, Clock, Isolation, KeyFilter, ReadEvent, TopicPartition, When};
use foldback::partition_log::Keeping;
use foldback::workspace::{GroupOffset, ScanQuestion, Session, groups};

use support::cli::{Ended, pick_all, run};

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A cluster with a topic of two partitions, each with one record of the entity that is named like
/// it.
fn cluster() -> EmbeddedCluster {
    let topics = [EmbeddedTopic { name: "orders", partitions: 2 }];
    let cluster = EmbeddedCluster::start(&topics).unwrap();
    for (key, partition) in keys(&cluster) {
        assert!(partition < 2, "{key} is somewhere");
    }
    cluster
}

/// Writes records until each partition has one; returns the key of the first in each.
fn keys(cluster: &EmbeddedCluster) -> Vec<(String, i32)> {
    let writer = Writer::open(&cluster.settings(&[])).unwrap();
    let mut found: Vec<(String, i32)> = Vec::new();
    for number in 0..100 {
        let key = format!("order-{number}");
        let record = NewRecord {
            topic: "orders",
            key: &key,
            value: br#"{"type":"OrderPlaced"}"#,
            timestamp_ms: 1_700_000_000_000 + number,
            headers: &[],
        };
        let at = writer.write(&record, PATIENCE).unwrap();
        if found.iter().all(|(_, partition)| *partition != at.partition) {
            found.push((key, at.partition));
        }
        if found.len() == 2 {
            return found;
        }
    }
    panic!("a hundred keys in one partition");
}

/// Runs the program against this cluster.
fn ask(cluster: &EmbeddedCluster, arguments: &[&str]) -> Ended {
    let brokers = cluster.brokers();
    run(&[arguments, &["--json", "--no-cache", "--brokers", &brokers]].concat())
}

/// The verdict of an answer, with the kinds of its reasons and the partitions they name.
fn verdict(completeness: &Value) -> Value {
    let reasons = completeness["reasons"].as_array().cloned().unwrap_or_default();
    let named = reasons.iter().map(|reason| {
        let ranges = reason["ranges"].as_array().cloned().unwrap_or_default();
        json!([reason["kind"], pick_all(&ranges, &["partition"])])
    });
    json!([completeness["verdict"], named.collect::<Vec<_>>()])
}

#[test]
fn every_question_is_answered_without_the_partition_that_has_no_leader_and_says_so() {
    let cluster = cluster();
    cluster.lead("orders", 1, None).unwrap();
    let unknown = json!(["unknown", [["offline", [[1]]]]]);

    let scan = ask(&cluster, &["scan", "--topic", "orders"]).answers();
    let summary = &scan.last().unwrap()["summary"];
    assert_eq!(summary["complete"], false, "{summary}");
    assert_eq!(verdict(&summary["completeness"]), unknown, "{summary}");
    for command in ["types", "entities"] {
        let ended = ask(&cluster, &[command, "--topic", "orders"]);
        assert_eq!(ended.status, 0, "{command}: {}", ended.stderr);
        let all = format!("{} {}", ended.stdout, ended.stderr);
        assert!(all.contains("offline"), "{command}: {all}");
    }
    let state = ask(&cluster, &["state", "order-0", "--topic", "orders"]).answers();
    assert_eq!(verdict(&state[0]["completeness"]), unknown, "{}", state[0]);
    let topics = ask(&cluster, &["topics", "orders"]).answers();
    let partitions = topics[0]["partitions"].as_array().unwrap();
    let seen = pick_all(partitions, &["partition", "leader", "high"]);
    assert_eq!(seen[1], json!([1, null, null]));
    let mapping = ask(&cluster, &["mapping", "--topic", "orders"]).answers();
    assert_eq!(mapping[0]["offline"], json!([1]), "{}", mapping[0]);
    assert_eq!(mapping[0]["partitioner"]["partitions"], 2);
}

#[test]
fn what_has_no_leader_is_refused_by_name_where_it_is_asked_for_alone_and_is_not_unknown() {
    let cluster = cluster();
    cluster.lead("orders", 1, None).unwrap();
    let refused = [
        vec!["scan", "--topic", "orders", "--partition", "1"],
        vec!["state", "order-0", "--topic", "orders", "--partition", "1"],
        vec!["state", "order-0", "--topic", "orders", "--at", "1:0"],
        vec!["scan", "--topic", "orders", "--from", "1:0"],
    ];
    for arguments in refused {
        let ended = ask(&cluster, &arguments);
        assert_eq!(ended.status, 3, "{arguments:?}: {} {}", ended.stdout, ended.stderr);
        assert!(ended.stderr.contains("no leader for orders-1"), "{}", ended.stderr);
        assert_eq!(ended.stdout, "", "nothing that looks like an answer");
    }
    let unknown = ask(&cluster, &["scan", "--topic", "orders", "--partition", "2"]);
    assert_eq!(unknown.status, 2, "there is no such partition: {}", unknown.stderr);
    // A broker that restarts: no partition has a leader for a while.
    cluster.lead("orders", 0, None).unwrap();
    for command in ["state", "history"] {
        let ended = ask(&cluster, &[command, "order-0", "--topic", "orders"]);
        assert_eq!((ended.status, &*ended.stdout), (3, ""), "{command}");
        assert!(ended.stderr.contains("orders-0, orders-1"), "{}", ended.stderr);
    }
}

#[test]
fn an_index_says_which_partition_it_lacks() {
    let cluster = cluster();
    cluster.lead("orders", 1, None).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().to_str().unwrap();
    let brokers = cluster.brokers();
    let arguments =
        ["index", "--topic", "orders", "--json", "--cache-dir", cache, "--brokers", &brokers];
    let told = run(&arguments).answers();
    assert_eq!(pick_all(&told, &["partitions", "offline"]), [json!([1, [1]])]);
}

#[test]
fn a_group_is_listed_with_its_commit_in_a_partition_without_a_leader() {
    let cluster = cluster();
    let settings = cluster.settings(&["readers"]);
    let group = GroupReader::open(&settings, "readers", &["orders"]).unwrap();
    let both = [0, 1].map(|number| (TopicPartition::new("orders", number), 1));
    group.commit(&both.into()).unwrap();
    drop(group);
    cluster.lead("orders", 1, None).unwrap();
    let connection = Connection::open(&settings).unwrap();
    let told = groups::summaries(&connection, Isolation::Committed).unwrap();
    let offsets = &told[0].offsets;
    assert_eq!(offsets.len(), 2);
    assert!(offsets[0].end.is_some() && offsets[0].problem.is_none(), "{:?}", offsets[0]);
    let GroupOffset { partition, committed, end, lag, lag_ms, .. } = &offsets[1];
    assert_eq!((*partition, *committed, *end, *lag, *lag_ms), (1, 1, None, None, None));
    assert_eq!(offsets[1].problem.as_deref(), Some("no leader for orders-1"));
    assert_eq!(told[0].unknown_lags(), 1);
}

#[test]
fn the_ends_of_partitions_are_known_again_as_soon_as_they_have_a_leader() {
    let cluster = cluster();
    cluster.lead("orders", 1, None).unwrap();
    let connection = Connection::open(&cluster.settings(&[])).unwrap();
    let both = [TopicPartition::new("orders", 0), TopicPartition::new("orders", 1)];
    let known = |connection: &Connection| -> Vec<i32> {
        let marks = connection.watermarks(&both, PATIENCE).unwrap();
        marks.into_keys().map(|partition| partition.partition).collect()
    };
    assert_eq!(known(&connection), [0]);
    cluster.lead("orders", 1, Some(1)).unwrap();
    assert_eq!(known(&connection), [0, 1], "what the library knew of leaders is old");
    cluster.lead("orders", 0, None).unwrap();
    cluster.lead("orders", 1, None).unwrap();
    let anew = Connection::open(&cluster.settings(&[])).unwrap();
    assert_eq!(known(&anew), [0; 0]);
}

#[test]
fn a_follower_is_told_of_a_partition_without_a_leader_and_reads_it_when_it_has_one() {
    for unordered in [false, true] {
        let cluster = cluster();
        cluster.lead("orders", 1, None).unwrap();
        let cancel = Cancel::new();
        let session = Session::open(
            &cluster.settings(&[]),
            None,
            Isolation::Committed,
            cancel.clone(),
            Keeping::nothing(),
        )
        .unwrap();
        let question = ScanQuestion {
            topics: vec![Arc::from("orders")],
            partitions: Vec::new(),
            from: When::Start,
            to: When::End,
            clock: Clock::Log,
            only_timed: false,
            keys: KeyFilter::All,
            filter: None,
            limit: None,
            count_only: false,
            values: false,
            follow: true,
            unordered,
        };
        let (mut records, mut offline, mut joined) = (Vec::new(), Vec::new(), Vec::new());
        let summary = session
            .scan(
                &question,
                &mut |scanned| {
                    let at = (scanned.record.partition().partition, scanned.record.offset());
                    records.push(at);
                    if at.0 == 1 {
                        cancel.cancel();
                    }
                    ControlFlow::Continue(())
                },
                &mut |event| match event {
                    ReadEvent::Offline(partitions) => offline.clone_from(partitions),
                    ReadEvent::Joined(partition) => joined.push(partition.clone()),
                    ReadEvent::CaughtUp => cluster.lead("orders", 1, Some(1)).unwrap(),
                    _ => {}
                },
            )
            .unwrap();
        let other = TopicPartition::new("orders", 1);
        assert_eq!((&offline, &joined), (&vec![other.clone()], &vec![other]), "{unordered}");
        let mut once = records.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), records.len(), "each record once: {records:?}");
        assert!(once.contains(&(0, 0)) && once.contains(&(1, 0)), "{records:?}");
        assert_eq!(summary.ranges.len(), 2);
        assert_eq!(summary.scanned, records.len() as u64);
    }
}
