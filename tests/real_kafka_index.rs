//! The local index against a real Apache Kafka: its answers are those of a plain read.
//!
//! Promises: every answer is compared with one without the index; indexing is stopped by force at
//! random moments; the log is changed behind the index in every way a cluster can.

#![cfg(test)]

mod support;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::{Duration, Instant};

use foldback::kafka::Connection;
use foldback::model::{Cancel, Isolation, ReadEvent, ReadPlan};
use foldback::partition_log::{CacheError, CachedLog, KafkaLog, Keeping, LogCache, LogSource};
use serde_json::{Value, json};
use support::cli::{command, records_and_summary, run_in};
use support::kafka::{Kafka, Setup};
use support::node::{Folder, wait_until};
use support::reading::{Seen, connect, plan, read_all, records};
use support::records::{TestProducer, TestRecord, produce};
use support::tools::{kcat, output_of};

/// How long anything may take on a busy machine.
const LIMIT: Duration = Duration::from_mins(2);

/// Writes this many records of a few hundred keys with kcat, values from this number on.
fn fill(kafka: &Kafka, topic: &str, from: u32, count: u32) {
    fill_with(kafka, topic, from, count, "lz4");
}

/// The same with this compression.
fn fill_with(kafka: &Kafka, topic: &str, from: u32, count: u32, compression: &str) {
    let line = |number: u32| {
        format!("key-{}|{{\"number\":{number},\"text\":\"{number:0200}\"}}\n", number % 311)
    };
    let lines: String = (from..from + count).map(line).collect();
    kcat(kafka.brokers(), &["-P", "-t", topic, "-K|", "-z", compression], lines.as_bytes());
}

/// The answer of a command, with and without the index; both are JSON lines. What tells them apart
/// by right is left out: how long it took, and how much came from the index, which is returned.
fn ask_twice(kafka: &Kafka, folder: &Path, arguments: &[&str]) -> (Vec<Value>, u64) {
    let ask = |more: &[&str]| {
        let mut all = vec!["--brokers", kafka.brokers(), "--json"];
        all.extend_from_slice(arguments);
        all.extend_from_slice(more);
        let (mut records, mut summary) = records_and_summary(run_in(folder, &all).answers());
        let from_cache = summary["from_cache"].as_u64().unwrap_or(0);
        // How far a read had run ahead when a limit stopped it is left to chance.
        let chance: &[&str] = if arguments.contains(&"--limit") {
            &["scanned", "bytes", "ranges", "completeness"]
        } else {
            &[]
        };
        for member in ["seconds", "from_cache"].iter().chain(chance) {
            summary.as_object_mut().map(|summary| summary.remove(*member));
        }
        if arguments.contains(&"--unordered") {
            let place = |line: &Value| (line["partition"].as_i64(), line["offset"].as_i64());
            records.sort_by_key(place);
        }
        records.push(summary);
        (records, from_cache)
    };
    let (plain, none) = ask(&["--no-cache"]);
    let (cached, from_cache) = ask(&[]);
    assert_eq!(none, 0, "--no-cache uses nothing that is kept");
    assert!(cached == plain, "{arguments:?}: the index gives another answer than the log");
    (cached, from_cache)
}

/// Indexes a topic, and says what the command said.
fn index(kafka: &Kafka, folder: &Path, topic: &str) -> Value {
    let arguments = ["--brokers", kafka.brokers(), "--json", "index", "--topic", topic];
    run_in(folder, &arguments).answers().remove(0)
}

#[test]
fn an_index_answers_like_the_log_and_goes_on_where_it_stood() {
    let kafka = Kafka::shared();
    let topic = kafka.create_topic("indexed", 3, &[]);
    let folder = Folder::new();
    fill(kafka, &topic, 0, 5_000);
    let first = index(kafka, folder.path(), &topic);
    assert_eq!((&first["records"], &first["distinct_keys"]), (&json!(5_000), &json!(311)));
    assert_eq!((&first["records_read"], &first["partitions"]), (&json!(5_000), &json!(3)));
    let again = index(kafka, folder.path(), &topic);
    assert_eq!((&again["records_read"], &again["bytes_read"]), (&json!(0), &json!(0)));
    fill(kafka, &topic, 5_000, 700);
    let grown = index(kafka, folder.path(), &topic);
    assert_eq!((&grown["records"], &grown["records_read"]), (&json!(5_700), &json!(700)));
    for more in [
        &["scan"][..],
        &["scan", "--unordered", "--count"],
        &["scan", "--key", "key-7"],
        &["scan", "--key-contains", "y-1"],
        &["scan", "--where", "value.number % 1000 == 3"],
        &["scan", "--limit", "20"],
        &["scan", "--partition", "1", "--from", "1:100", "--to", "1:180"],
    ] {
        let arguments = [more, &["--topic", &topic]].concat();
        let (lines, from_cache) = ask_twice(kafka, folder.path(), &arguments);
        assert!(lines.len() > 1 || arguments.contains(&"--count"), "{arguments:?}");
        assert!(from_cache > 0, "{arguments:?} is answered from the index");
    }
    for more in [&["history", "key-7"][..], &["state", "key-7"], &["blame", "key-7"], &["entities"]]
    {
        let ask = |last: &[&str]| {
            let first = ["--brokers", kafka.brokers(), "--json"];
            let all = [&first, more, &["--topic", &topic], last].concat();
            run_in(folder.path(), &all)
                .answers()
                .into_iter()
                .filter(|line| line["summary"].is_null())
        };
        assert!(ask(&[]).eq(ask(&["--no-cache"])), "{more:?}");
    }
}

#[test]
fn an_index_without_values_answers_for_an_entity_by_fetching_its_records_alone() {
    let kafka = Kafka::shared();
    let topic = kafka.create_topic("keys-alone", 2, &[]);
    let folder = Folder::new();
    let line = |number: u32| {
        format!("key-{}|{{\"number\":{number},\"text\":\"{number:0500}\"}}\n", number % 20_000)
    };
    let lines: String = (0..60_000).map(line).collect();
    kcat(kafka.brokers(), &["-P", "-t", &topic, "-K|", "-z", "lz4"], lines.as_bytes());
    let index = |more: &[&str]| {
        let first = ["--brokers", kafka.brokers(), "--json", "index", "--topic", &topic];
        run_in(folder.path(), &[&first, more].concat()).answers().remove(0)
    };
    assert_eq!(index(&["--without-values"])["records_read"], 60_000);
    for more in [
        &["history", "key-777"][..],
        &["state", "key-777"],
        &["state", "nobody"],
        &["scan", "--key", "key-777"],
        &["scan", "--unordered", "--key-contains", "key-1777"],
    ] {
        let arguments = [more, &["--topic", &topic]].concat();
        let ask = |last: &[&str]| {
            let first = ["--brokers", kafka.brokers(), "--json"];
            run_in(folder.path(), &[&first, &arguments[..], last].concat()).answers()
        };
        let (mut found, mut expected) = (ask(&[]), ask(&["--no-cache"]));
        if let (true, Some(found), Some(expected)) =
            (more[0] != "state", found.pop(), expected.pop())
        {
            let (found, expected) = (&found["summary"], &expected["summary"]);
            assert_eq!(found["completeness"], expected["completeness"]);
            let read = |summary: &Value| {
                summary["scanned"].as_u64().unwrap() - summary["from_cache"].as_u64().unwrap()
            };
            assert_eq!(read(expected), 60_000, "{arguments:?}");
            // The sample that the mapping is detected by is no part of it.
            assert!(read(found) <= 33, "{arguments:?} reads {}", read(found));
        }
        let place = |line: &Value| (line["partition"].as_i64(), line["offset"].as_i64());
        found.sort_by_key(place);
        expected.sort_by_key(place);
        assert!(found == expected, "{arguments:?}: {found:?} for {expected:?}");
    }
    let counted = ["--brokers", kafka.brokers(), "--json", "entities", "--topic", &topic];
    assert_eq!(run_in(folder.path(), &counted).answers().len(), 20_000);
    let kept = run_in(folder.path(), &["cache", "--json"]).answers();
    assert_eq!((&kept[0]["records"], &kept[0]["values"]), (&json!(60_000), &json!(false)));
    assert_eq!(index(&[])["records_read"], 60_000, "whoever wants values in it gets them");
}

/// The records of a topic as this log delivers them, sorted, with how many were kept from an
/// earlier read.
fn all_records(log: &dyn LogSource, plan: &ReadPlan) -> (Vec<Seen>, u64) {
    let mut seen = Vec::new();
    let outcome = log.read(plan, &Cancel::new(), &mut |event| {
        seen.extend(records(&event));
        ControlFlow::Continue(())
    });
    seen.sort_by_key(|record| (record.partition, record.offset));
    (seen, outcome.unwrap().from_cache)
}

#[test]
fn indexing_that_is_killed_at_any_moment_leaves_an_index_without_a_wrong_or_double_record() {
    const KILLS: u64 = 50;
    const RECORDS: u32 = 200_000;
    let kafka = Kafka::shared();
    let topic = kafka.create_topic("killed", 2, &[]);
    fill(kafka, &topic, 0, RECORDS);
    let connection = connect(kafka);
    let all = plan(&connection, &topic, Isolation::Committed);
    let (expected, _) = all_records(&KafkaLog::new(connection.clone()), &all);
    assert_eq!(expected.len(), RECORDS as usize);
    let mut folder = Folder::new();
    let mut random: u64 = 42;
    let (mut unfinished, mut kept_in_part) = (0, 0);
    for kill in 0..KILLS {
        if kill % 4 == 0 {
            folder = Folder::new();
        }
        // Newest first seals parts on the way, so that some are kept when the end comes.
        let brokers = kafka.brokers();
        let arguments = ["--brokers", brokers, "index", "--topic", &topic, "--newest-first"];
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let moment = Duration::from_millis((random >> 33) % 1_500);
        let mut indexing = command(folder.path(), &arguments);
        indexing.args(["--most-per-second", "150000"]);
        let mut indexing = indexing.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // The moment itself is what is tried out: nothing is waited for.
        let until = Instant::now() + moment;
        while Instant::now() < until && indexing.try_wait().unwrap().is_none() {
            thread::yield_now();
        }
        unfinished += usize::from(indexing.try_wait().unwrap().is_none());
        indexing.kill().unwrap();
        indexing.wait().unwrap();
        let cache = LogCache::new(folder.path().join("cache/foldback/log"), u64::MAX);
        let problems =
            cache.list().iter().map(|kept| cache.verify(kept, |_records| ())).collect::<Vec<_>>();
        assert!(problems.iter().all(Vec::is_empty), "kill {kill} after {moment:?}: {problems:?}");
        let log = kept_log(&connection, cache);
        let (found, from_cache) = all_records(&log, &all);
        assert!(found == expected, "kill {kill} after {moment:?}");
        kept_in_part += usize::from(from_cache > 0 && from_cache < u64::from(RECORDS));
    }
    assert!(unfinished > 20, "{unfinished} of {KILLS} were stopped while they worked");
    println!("{unfinished} stopped while they worked, {kept_in_part} had kept a beginning");
}

#[test]
fn both_isolation_levels_are_served_from_one_index() {
    let kafka = Kafka::shared();
    let topic = kafka.create_topic("transactional", 2, &[]);
    let folder = Folder::new();
    let producer = TestProducer::transactional(kafka, &topic);
    let write = |number: i32, commit: bool| {
        producer.begin();
        let record = |partition: i32| {
            TestRecord::new(format!("k{}", number % 7), format!("{number}")).in_partition(partition)
        };
        producer.send(&topic, &[record(0), record(1)]);
        if commit { producer.commit() } else { producer.abort() }
    };
    (0..40).for_each(|number| write(number, number % 3 != 0));
    index(kafka, folder.path(), &topic);
    // An undecided transaction at the end stays out of the index.
    producer.begin();
    producer.send(&topic, &[TestRecord::new("k1", "open").in_partition(0)]);
    for isolation in ["committed", "uncommitted"] {
        for more in [&["scan"][..], &["scan", "--unordered"], &["scan", "--key", "k3"]] {
            let arguments = [more, &["--topic", &topic, "--isolation", isolation]].concat();
            let (lines, from_cache) = ask_twice(kafka, folder.path(), &arguments);
            assert!(from_cache > 0, "{arguments:?}");
            let aborted = lines.iter().filter(|line| line["txn"] == "aborted").count();
            assert_eq!(aborted > 0, isolation == "uncommitted", "{arguments:?}");
        }
    }
    producer.abort();
    let committed = ask_twice(kafka, folder.path(), &["scan", "--topic", &topic]).0;
    let summary = committed.last().unwrap();
    assert_eq!(summary["completeness"]["verdict"], "complete", "{summary}");
}

/// The log with what this cache keeps of it, of which nothing may be damaged.
fn kept_log(connection: &Connection, cache: LogCache) -> CachedLog {
    let tell = Box::new(|problem: &CacheError| panic!("{problem}"));
    let keeping = Keeping { cache: Some(Arc::new(cache)), payloads: true, tell };
    CachedLog::new(Box::new(KafkaLog::new(connection.clone())), keeping)
}

/// Follows a topic until so many records were printed, while they arrive; then ends it as Ctrl-C
/// does.
fn follow(kafka: &Kafka, folder: &Path, topic: &str, records: usize, write: impl FnOnce()) {
    let arguments = ["scan", "--topic", topic, "--follow", "--json", "--brokers", kafka.brokers()];
    let mut child = command(folder, &arguments).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    assert!(first.contains("offset"), "it follows from the start: {first}");
    write();
    assert_eq!(lines.by_ref().take(records - 1).map(Result::unwrap).count(), records - 1);
    let interrupted = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(interrupted.unwrap().success());
    assert_eq!(lines.count(), 1, "the summary");
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[test]
fn what_was_followed_is_answered_by_a_new_process_without_reading_it_again() {
    let kafka = Kafka::shared();
    let topic = kafka.create_topic("followed-and-kept", 1, &[]);
    let folder = Folder::new();
    fill(kafka, &topic, 0, 500);
    index(kafka, folder.path(), &topic);
    follow(kafka, folder.path(), &topic, 3_000, || fill(kafka, &topic, 500, 2_500));
    let (lines, from_cache) = ask_twice(kafka, folder.path(), &["scan", "--topic", &topic]);
    assert_eq!((lines.len(), from_cache), (3_001, 3_000));
    assert_eq!(index(kafka, folder.path(), &topic)["records_read"], 0);
    // Behind the gaps of transactions may stand aborted records: they are left to the next look.
    let mixed = kafka.create_topic("followed-transactions", 1, &[]);
    fill(kafka, &mixed, 0, 1);
    follow(kafka, folder.path(), &mixed, 1_500, || {
        let producer = TestProducer::transactional(kafka, &mixed);
        producer.begin();
        producer.send(&mixed, &[TestRecord::new("k", "aborted")]);
        producer.abort();
        fill(kafka, &mixed, 1, 1_499);
    });
    for isolation in ["committed", "uncommitted"] {
        let arguments = ["scan", "--topic", &mixed, "--isolation", isolation];
        let lines = ask_twice(kafka, folder.path(), &arguments).0;
        let aborted = lines.iter().filter(|line| line["txn"] == "aborted").count();
        assert_eq!(aborted, usize::from(isolation == "uncommitted"));
    }
}

#[test]
fn a_follower_that_is_killed_has_kept_what_was_large_enough() {
    const RECORDS: u32 = 280_000;
    let kafka = Kafka::shared();
    let topic = kafka.create_topic("followed-and-killed", 1, &[]);
    fill(kafka, &topic, 0, RECORDS);
    let folder = Folder::new();
    let arguments = [
        "scan",
        "--topic",
        &topic,
        "--follow",
        "--unordered",
        "--count",
        "--brokers",
        kafka.brokers(),
    ];
    let mut following = command(folder.path(), &arguments).stdout(Stdio::null()).spawn().unwrap();
    let kept = || LogCache::new(folder.path().join("cache/foldback/log"), u64::MAX);
    let records = || kept().list().iter().map(|kept| kept.records).sum::<u64>();
    wait_until("the tail is kept", LIMIT, || records() > 0);
    following.kill().unwrap();
    following.wait().unwrap();
    assert!((256 * 1024..u64::from(RECORDS)).contains(&records()), "{}", records());
    let cache = kept();
    for kept in cache.list() {
        assert!(cache.verify(&kept, |_records| ()).is_empty());
    }
    let connection = connect(kafka);
    let all = plan(&connection, &topic, Isolation::Committed);
    let (expected, _) = all_records(&KafkaLog::new(connection.clone()), &all);
    let (found, from_cache) = all_records(&kept_log(&connection, cache), &all);
    assert!(found == expected && from_cache >= 256 * 1024, "{from_cache} of {}", found.len());
}

#[test]
fn what_the_log_no_longer_has_is_not_answered_from_the_index() {
    let kafka = Kafka::shared();
    let folder = Folder::new();
    let scan = |topic: &str| {
        let (mut lines, from_cache) = ask_twice(kafka, folder.path(), &["scan", "--topic", topic]);
        (lines.pop().unwrap(), lines.len(), from_cache)
    };
    let topic = kafka.create_topic("shortened", 1, &[]);
    fill(kafka, &topic, 0, 3_000);
    index(kafka, folder.path(), &topic);
    // Records deleted below an offset.
    kafka.delete_records(&topic, 0, 1_234);
    let (summary, records, from_cache) = scan(&topic);
    assert_eq!((records, from_cache), (3_000 - 1_234, 3_000 - 1_234));
    assert_eq!(summary["completeness"]["verdict"], "complete_since", "{summary}");
    // Deleted to the end and written anew.
    kafka.delete_records(&topic, 0, 3_000);
    fill(kafka, &topic, 3_000, 500);
    assert_eq!(scan(&topic).1, 500);
    // The topic created anew under the same name: no offset of the old one is left.
    kafka.delete_topic(&topic);
    wait_until("the topic is gone", LIMIT, || !kafka.topic_names().contains(&topic));
    kafka.create_topic_named(&topic, 1, &[]);
    fill(kafka, &topic, 9_000, 400);
    let (summary, records, _) = scan(&topic);
    assert_eq!(records, 400);
    assert_eq!(summary["completeness"]["verdict"], "complete", "{summary}");
    // Retention takes the beginning away.
    let settings = [("segment.bytes", "1048576"), ("retention.bytes", "1048576")];
    let retained = kafka.create_topic("retained", 1, &settings);
    fill(kafka, &retained, 0, 2_000);
    index(kafka, folder.path(), &retained);
    fill_with(kafka, &retained, 2_000, 20_000, "none");
    let low = || {
        let arguments = ["--brokers", kafka.brokers(), "--json", "topics", &retained];
        run_in(folder.path(), &arguments).answers()[0]["partitions"][0]["low"].as_i64().unwrap()
    };
    wait_until("retention has deleted a segment", LIMIT, || low() > 2_000);
    let (summary, ..) = scan(&retained);
    assert_eq!(summary["completeness"]["verdict"], "complete_since", "{summary}");
}

#[test]
fn a_cluster_that_loses_a_broker_while_a_topic_is_indexed_or_followed_gives_the_same_records() {
    let kafka = Kafka::start_with(&Setup { nodes: 3, ..Setup::default() });
    let topic = kafka.topic_name("three-brokers");
    let admin = ["--create", "--topic", &topic, "--partitions", "6", "--replication-factor", "3"];
    kafka.tool("org.apache.kafka.tools.TopicCommand", &admin);
    fill(&kafka, &topic, 0, 40_000);
    let folder = Folder::new();
    // Slow enough that the broker is lost on the way.
    let arguments = [
        "--brokers",
        kafka.brokers(),
        "--json",
        "index",
        "--topic",
        &topic,
        "--most-per-second",
        "8000",
    ];
    let mut indexing = command(folder.path(), &arguments);
    let mut indexing = indexing.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let started = || folder.path().join("cache").exists();
    wait_until("indexing has begun", LIMIT, started);
    kafka.kill(1);
    let mut ended = None;
    wait_until("indexing ends", LIMIT, || {
        ended = indexing.try_wait().unwrap();
        ended.is_some()
    });
    assert!(ended.unwrap().success(), "it goes on with the brokers that are left");
    let (lines, from_cache) =
        ask_twice(&kafka, folder.path(), &["scan", "--topic", &topic, "--unordered"]);
    assert_eq!((lines.len(), from_cache), (40_001, 40_000));
    kafka.restart(1);

    // What was indexed, and what comes while another broker is lost, is followed as one log.
    let cache = Arc::new(LogCache::new(folder.path().join("followed"), u64::MAX));
    let keeping = Keeping { cache: Some(cache), ..Keeping::nothing() };
    let connection = connect(&kafka);
    let log = CachedLog::new(Box::new(KafkaLog::new(connection.clone())), keeping);
    let whole = plan(&connection, &topic, Isolation::Committed);
    let whole = ReadPlan { whole: true, ..whole };
    assert_eq!(all_records(&log, &whole).0.len(), 40_000);
    let follow = ReadPlan { follow: true, ..whole };
    let (caught_up, is_caught_up) = sync_channel(1);
    let mut followed = thread::scope(|scope| {
        let following = scope.spawn(|| {
            let mut seen = Vec::new();
            let outcome = log.read(&follow, &Cancel::new(), &mut |event| {
                if matches!(event, ReadEvent::CaughtUp) {
                    caught_up.send(()).unwrap();
                }
                seen.extend(records(&event));
                if seen.len() < 60_000 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            });
            assert_eq!(outcome.unwrap().from_cache, 40_000);
            seen
        });
        is_caught_up.recv_timeout(LIMIT).unwrap();
        fill(&kafka, &topic, 40_000, 10_000);
        kafka.kill(2);
        fill(&kafka, &topic, 50_000, 10_000);
        following.join().unwrap()
    });
    for partition in 0..6 {
        let of_partition = followed.iter().filter(|record| record.partition == partition);
        let offsets: Vec<i64> = of_partition.map(|record| record.offset).collect();
        assert!((0..).zip(&offsets).all(|(n, offset)| n == *offset), "each once, none missing");
    }
    let (plain, _) = read_all(&connection, &plan(&connection, &topic, Isolation::Committed));
    followed.sort_by_key(|record| (record.partition, record.offset));
    assert!(followed == plain, "the same as a plain read afterwards");
    kafka.restart(2);
}

#[test]
fn a_full_disk_is_told_and_answers_come_from_the_log() {
    let kafka = Kafka::shared();
    let topic = kafka.create_topic("full-disk", 1, &[]);
    let folder = Folder::new();
    fill(kafka, &topic, 0, 2_000);
    let small = folder.path().join("small");
    fs_err::create_dir_all(&small).unwrap();
    // A small file system of its own, in name spaces that end with the program.
    let run = |script: &str| {
        let program = env!("CARGO_BIN_EXE_foldback");
        let mount = format!("mount -t tmpfs -o size=600k small {} && {script}", small.display());
        let mut shell = Command::new("unshare");
        shell.args(["--user", "--map-root-user", "--mount", "sh", "-c", &mount]).arg(program);
        shell.args([kafka.brokers(), &topic, &small.display().to_string()]);
        shell.env("TZ", "UTC").current_dir(folder.path()).output().unwrap()
    };
    let index = r#""$0" --brokers "$1" --cache-dir "$3" index --topic "$2""#;
    let scan = r#""$0" --brokers "$1" --cache-dir "$3" --json scan --topic "$2""#;
    let grown = format!("{index} --json && exec {scan}");
    let before = run(&grown);
    let words = String::from_utf8(before.stderr).unwrap();
    assert!(before.status.success(), "{words}");
    let small_index = String::from_utf8(before.stdout).unwrap();
    assert_eq!(small_index.lines().count(), 2_002, "{words}");
    fill(kafka, &topic, 2_000, 20_000);
    let full = run(index);
    assert_eq!(full.status.code(), Some(2));
    let words = String::from_utf8(full.stderr).unwrap();
    assert!(words.contains("No space left") && words.contains("free some space"), "{words}");
    let answered = run(scan);
    assert!(answered.status.success());
    let words = String::from_utf8(answered.stderr).unwrap();
    assert!(words.contains("No space left"), "a question says so and is answered: {words}");
    assert_eq!(String::from_utf8(answered.stdout).unwrap().lines().count(), 22_001);
}

#[test]
fn a_folder_that_cannot_be_written_is_told_and_answers_come_from_the_log() {
    let kafka = Kafka::shared();
    let topic = kafka.create_topic("no-folder", 1, &[]);
    let folder = Folder::new();
    fill(kafka, &topic, 0, 50);
    // A file stands where the folder should be: nobody can write there, whatever their rights.
    let blocked = folder.path().join("blocked");
    fs_err::write(&blocked, "").unwrap();
    let blocked = blocked.display().to_string();
    let scan = [
        "--brokers",
        kafka.brokers(),
        "--json",
        "--cache-dir",
        &blocked,
        "scan",
        "--topic",
        &topic,
    ];
    let ended = run_in(folder.path(), &scan);
    assert!(ended.stderr.contains("the local index does not help"), "{}", ended.stderr);
    assert_eq!(ended.answers().len(), 51);
}

#[test]
fn two_processes_at_once_index_a_topic_once_and_both_answer() {
    let kafka = Kafka::shared();
    let topic = kafka.create_topic("two-at-once", 2, &[]);
    let folder = Folder::new();
    fill(kafka, &topic, 0, 30_000);
    let arguments = [
        "--brokers",
        kafka.brokers(),
        "--json",
        "scan",
        "--topic",
        &topic,
        "--unordered",
        "--count",
    ];
    let start = || command(folder.path(), &arguments).stdout(Stdio::piped()).spawn().unwrap();
    for process in [start(), start(), start()] {
        let output = process.wait_with_output().unwrap();
        let line: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(line["summary"]["scanned"], 30_000, "{line}");
    }
    let kept = run_in(folder.path(), &["cache", "--verify", "--json"]).answers();
    assert_eq!((kept.len(), &kept[0]["records"]), (1, &json!(30_000)), "{kept:?}");
}

#[test]
fn other_tools_read_the_segments() {
    let kafka = Kafka::shared();
    let topic = kafka.create_topic("for-others", 1, &[]);
    let folder = Folder::new();
    let records = [
        TestRecord::new("a", "{\"n\":1}").at(1_700_000_000_123).with_header("trace", "t1"),
        TestRecord::tombstone("b").at(1_700_000_000_456),
    ];
    produce(kafka, &topic, &records);
    index(kafka, folder.path(), &topic);
    let script = r#"
import glob, json, sys
import pyarrow.ipc
rows = []
for path in glob.glob(sys.argv[1] + "/**/[0-9]*[0-9].arrow", recursive=True):
    with pyarrow.ipc.open_file(path) as reader:
        rows += reader.read_all().to_pylist()
plain = lambda value: value.decode() if isinstance(value, bytes) else str(value)
print(json.dumps(rows, default=plain))
"#;
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/python-with-arrow");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let mut command = Command::new(python);
    command.arg(target).args(["-c", script]).arg(folder.path().join("cache"));
    let rows: Vec<Value> = serde_json::from_str(&output_of(&mut command, b"")).unwrap();
    let shown: Vec<BTreeMap<String, Value>> =
        rows.into_iter().map(|row| serde_json::from_value(row).unwrap()).collect();
    assert_eq!(shown.len(), 2);
    assert_eq!(shown[0]["key"], "a");
    assert_eq!(shown[0]["value"], "{\"n\":1}");
    assert_eq!(shown[0]["timestamp"], "2023-11-14 22:13:20.123000+00:00");
    assert_eq!(shown[0]["headers"], json!([{"name": "trace", "value": "t1"}]));
    assert_eq!((&shown[1]["tombstone"], &shown[1]["value"]), (&json!(true), &Value::Null));
}
