//! A broker that dies in the middle of a bulk read and comes back.
//!
//! Promises: the broker is killed as by a power cut, before most of the topic was read, and started
//! again only after the trouble was told.
//! Does not know: following, which has its own test of a restart.

#![cfg(test)]

mod support;

use std::io::{BufRead as _, BufReader, Read as _};
use std::ops::ControlFlow;
use std::process::Stdio;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

use foldback::kafka::{Connection, Settings, read};
use foldback::model::{Cancel, Isolation, ReadEvent};

use support::cli::{command, run_in};
use support::kafka::Kafka;
use support::node::Folder;
use support::reading::{plan, read_all, records};
use support::records::{TestRecord, produce};

/// How many records there are.
const RECORDS: usize = 40_000;
/// Small fetches, so that the client holds little of the topic when the broker dies.
const SMALL_FETCHES: (&str, &str) = ("fetch.message.max.bytes", "65536");
/// How long anything may take on a busy machine.
const LIMIT: Duration = Duration::from_mins(2);

/// A cluster of its own with a topic of 40 MB.
fn cluster() -> (Kafka, String) {
    let kafka = Kafka::start();
    let topic = kafka.create_topic("outage", 3, &[]);
    let filler = "x".repeat(1_000);
    let record = |n: usize| {
        TestRecord::new(format!("key-{}", n % 500), format!(r#"{{"n":{n},"filler":"{filler}"}}"#))
            .at(1_700_000_000_000 + i64::try_from(n).unwrap())
    };
    produce(&kafka, &topic, &(0..RECORDS).map(record).collect::<Vec<_>>());
    (kafka, topic)
}

#[test]
fn a_bulk_read_goes_on_where_it_stood_and_loses_and_repeats_nothing() {
    let (kafka, topic) = cluster();
    let mut settings = Settings::from_brokers(kafka.brokers()).unwrap();
    settings.properties.insert(SMALL_FETCHES.0.to_owned(), SMALL_FETCHES.1.to_owned());
    let connection = Connection::open(&settings).unwrap();
    let plan = plan(&connection, &topic, Isolation::Committed);
    let (mut seen, mut troubles, mut recoveries) = (Vec::new(), Vec::new(), 0);
    let outcome = read(&connection, &plan, &Cancel::new(), &mut |event| {
        if seen.is_empty() && matches!(event, ReadEvent::Batch(_)) {
            kafka.kill(1);
        }
        seen.extend(records(&event));
        match event {
            ReadEvent::Trouble(text) => {
                if troubles.is_empty() {
                    assert!(seen.len() < RECORDS / 2, "the broker died in the middle");
                    kafka.restart(1);
                }
                troubles.push(text);
            }
            ReadEvent::Recovered => recoveries += 1,
            _ => {}
        }
        ControlFlow::Continue(())
    });
    let outcome = outcome.unwrap();
    assert!(!troubles.is_empty() && recoveries > 0, "{troubles:?}, {recoveries} recoveries");
    assert!(outcome.is_complete(), "{outcome:?}");
    let arrived: Vec<_> = seen.iter().map(|record| (record.partition, record.offset)).collect();
    for partition in 0..3 {
        let offsets = arrived.iter().filter(|(of, _)| *of == partition).map(|(_, offset)| offset);
        assert!(offsets.is_sorted_by(|one, other| one < other), "each once, in order");
    }
    seen.sort_by_key(|record| (record.partition, record.offset));
    let (plain, _) = read_all(&connection, &plan);
    assert_eq!(plain.len(), RECORDS);
    assert!(seen == plain, "the same records as a read without an outage");
}

#[test]
fn a_broker_that_restarts_never_makes_an_entity_that_has_events_look_empty() {
    let (kafka, topic) = cluster();
    let folder = Folder::new();
    let arguments =
        ["state", "key-7", "--topic", &topic, "--json", "--no-cache", "--brokers", kafka.brokers()];
    let whole = run_in(folder.path(), &arguments);
    assert_eq!(whole.status, 0, "{}", whole.stderr);
    let version = whole.lines()[0]["version"].clone();
    kafka.kill(1);
    let (mut answered, mut refused) = (0, 0);
    thread::scope(|scope| {
        let named = thread::Builder::new().name("restart".to_owned());
        let restarting = named.spawn_scoped(scope, || kafka.restart(1)).unwrap();
        while answered < 2 {
            let ended = run_in(folder.path(), &arguments);
            if ended.status == 0 {
                assert_eq!(ended.lines()[0]["version"], version, "{}", ended.stdout);
                answered += u32::from(restarting.is_finished());
            } else {
                assert_eq!((ended.status, &*ended.stdout), (3, ""), "{}", ended.stderr);
                refused += 1;
            }
        }
    });
    assert!(refused > 0, "it was asked while there was no broker");
}

#[test]
fn a_scan_tells_of_the_trouble_and_prints_what_a_scan_without_it_prints() {
    let (kafka, topic) = cluster();
    let folder = Folder::new();
    let property = format!("{}={}", SMALL_FETCHES.0, SMALL_FETCHES.1);
    let arguments = [
        "scan",
        "--topic",
        &topic,
        "--json",
        "--no-cache",
        "--brokers",
        kafka.brokers(),
        "-X",
        &property,
    ];
    let mut program = command(folder.path(), &arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(program.stdout.take().unwrap());
    let (told, words) = sync_channel(100);
    let stderr = BufReader::new(program.stderr.take().unwrap());
    let listener = thread::Builder::new().name("stderr".to_owned()).spawn(move || {
        stderr.lines().map_while(Result::ok).for_each(|line| told.send(line).unwrap());
    });
    let mut scanned = String::new();
    output.read_line(&mut scanned).unwrap();
    kafka.kill(1);
    // The program waits while nobody takes what it prints.
    let reader = thread::Builder::new().name("stdout".to_owned()).spawn(move || {
        output.read_to_string(&mut scanned).unwrap();
        scanned
    });
    // That nothing arrives may be told before the reason is.
    let mut said: Vec<String> = Vec::new();
    while !said.last().is_some_and(|line| line.contains("reading stands still")) {
        said.push(words.recv_timeout(LIMIT).expect("a word of the trouble"));
    }
    kafka.restart(1);
    let scanned = reader.unwrap().join().unwrap();
    assert!(program.wait().unwrap().success(), "the scan ends as if nothing had been");
    listener.unwrap().join().unwrap();
    said.extend(words.try_iter());
    assert!(said.iter().any(|line| line.contains("reading goes on")), "{said:?}");

    let plain = run_in(folder.path(), &arguments);
    assert_eq!(plain.status, 0, "{}", plain.stderr);
    let records = |text: &str| -> Vec<String> {
        text.lines().filter(|line| !line.starts_with(r#"{"summary""#)).map(str::to_owned).collect()
    };
    let (scanned, plain) = (records(&scanned), records(&plain.stdout));
    assert_eq!((scanned.len(), plain.len()), (RECORDS, RECORDS));
    assert!(scanned == plain, "line by line the same");
}
