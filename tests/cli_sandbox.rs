//! `foldback sandbox` against a real Apache Kafka, and `foldback test` on fixtures.
//!
//! Promises: expected cells are those of the catalogue; expected states are worked out by hand.
//! Does not know: how runs are made.

mod support;

use std::path::Path;
use std::sync::OnceLock;

use serde_json::{Value, json};

use support::cli::{Ended, ask, pick, run, run_in};
use support::kafka::Kafka;
use support::node::Folder;
use support::records::{TestProducer, TestRecord, produce};

/// A moment in the past, in milliseconds since 1970: 2026-01-01T00:00:00Z.
const BASE_MS: i64 = 1_767_225_600_000;

/// A topic with four events of each of six orders in two partitions, once for all tests.
fn orders(kafka: &Kafka) -> &'static str {
    static TOPIC: OnceLock<String> = OnceLock::new();
    TOPIC.get_or_init(|| {
        let topic = kafka.create_topic("sandbox", 2, &[]);
        let events = (0..24).map(|number| {
            let (order, step) = (number % 6, number / 6);
            let status = ["CREATED", "PAID", "PACKED", "SHIPPED"][step];
            let value =
                format!(r#"{{"type":"Order{step}","status":"{status}","step{step}":1.10}}"#);
            TestRecord::new(format!("order-{order}"), value)
                .in_partition(i32::try_from(order % 2).expect("0 or 1"))
                .at(BASE_MS + i64::try_from(number).expect("a small number"))
        });
        produce(kafka, &topic, &events.collect::<Vec<_>>());
        topic
    })
}

/// Runs the sandbox over the orders.
fn sandbox(kafka: &Kafka, projection: &str, options: &[&str]) -> Ended {
    ask(kafka, &[&["sandbox", projection, "--topic", orders(kafka)], options].concat())
}

/// The invariants of a cell that broke.
fn broken(cell: &Value) -> Vec<&str> {
    let invariants = cell["invariants"].as_object().expect("invariants by name");
    assert_eq!(invariants.len(), 6, "{cell}");
    let failed = invariants.iter().filter(|(_, verdict)| **verdict == "fail");
    failed.map(|(name, _)| name.as_str()).collect()
}

/// What is complained of where something is wrong.
fn refused(ended: &Ended) -> &str {
    assert_eq!(ended.status, 2, "{}{}", ended.stdout, ended.stderr);
    assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
    &ended.stderr
}

#[test]
fn a_cell_says_which_invariants_broke_and_the_smallest_schedule_that_shows_it() {
    let kafka = Kafka::shared();
    let ended = sandbox(kafka, "count", &["--fault", "F1,f11", "--consumer", "naive"]);
    assert_eq!(ended.status, 1, "{}", ended.stderr);
    let cells = ended.lines();
    assert_eq!(cells.len(), 2);
    assert_eq!(pick(&cells[0], &["fault", "consumer", "runs"]), json!(["F1", "naive", 1]));
    assert_eq!(broken(&cells[0])[..2], ["I1", "I2"]);
    assert_eq!(broken(&cells[1]), ["I1", "I2"]);
    let schedule = &cells[0]["schedule"];
    assert_eq!(schedule["faults"][0]["fault"], "F1");
    let events = schedule["events"].as_array().expect("the records that are enough");
    assert_eq!(events.as_slice(), [schedule["faults"][0]["at"].clone()]);
    let found = &cells[0]["counterexample"];
    assert_eq!(pick(found, &["invariant", "anomaly"]), json!(["I1", "wrong_state"]));
    assert_eq!(found["expected"]["events"], 1);
    assert_eq!(found["actual"]["events"], 2);
    let duplicate = &cells[1]["schedule"];
    assert_eq!(duplicate["events"].as_array().map(Vec::len), Some(1), "{duplicate}");
}

#[test]
fn a_consumer_that_survives_ends_with_status_0() {
    let kafka = Kafka::shared();
    let faults = "F1,F2,F3,F4,F5,F6,F7,F8,F17,F18,F22,F25,F28";
    let options = ["--fault", faults, "--consumer", "transactional-position", "--runs", "3"];
    let cells = sandbox(kafka, "count", &options).answers();
    assert_eq!(cells.len(), 13);
    for cell in &cells {
        assert!(broken(cell).is_empty(), "{cell}");
        assert_eq!(cell["runs"], 3);
        assert!(cell["schedule"]["seed"].is_number() && cell.get("counterexample").is_none());
    }
    let blocked = cells.iter().find(|cell| cell["fault"] == "F18").expect("a cell");
    assert_eq!(blocked["stops"][0]["why"], "blocked_at_lso", "{blocked}");
}

#[test]
fn all_faults_and_consumers_are_the_default_and_threads_change_no_byte() {
    let kafka = Kafka::shared();
    let one = sandbox(kafka, "merge", &["--seed", "5", "--workers", "1"]);
    let four = sandbox(kafka, "merge", &["--seed", "5", "--workers", "4"]);
    assert_eq!(one.stdout, four.stdout);
    assert_eq!(one.status, 1, "{}", one.stderr);
    let cells = one.lines();
    assert_eq!(cells.len(), 30 * 6);
    let none_broke_i6 = cells.iter().all(|cell| cell["invariants"]["I6"] != "fail");
    assert!(none_broke_i6, "a run is repeatable");
    let other = sandbox(kafka, "merge", &["--seed", "6"]);
    assert_ne!(one.stdout, other.stdout, "another seed looks elsewhere");
    let text = run(&[
        "sandbox",
        "merge",
        "--topic",
        orders(kafka),
        "--fault",
        "F12",
        "--brokers",
        kafka.brokers(),
    ]);
    assert_eq!(text.status, 1, "{}", text.stderr);
    for part in ["F12 producer retry reorders", "sequence-guarded", "I1", "1 of 6 hold all"] {
        assert!(text.stdout.contains(part), "{part} is not in\n{}", text.stdout);
    }
}

#[test]
fn entities_and_partitions_narrow_the_history_down() {
    let kafka = Kafka::shared();
    let options = ["--fault", "F1", "--consumer", "naive"];
    for narrow in [["--entity", "order-3"], ["--partition", "1"]] {
        let cells = sandbox(kafka, "count", &[&options[..], &narrow].concat()).lines();
        let at = cells[0]["schedule"]["faults"][0]["at"].as_str().expect("an address");
        assert!(at.contains("-1@"), "{at}");
    }
    let one = sandbox(kafka, "count", &["--fault", "F9", "--entity", "order-3"]);
    let cells = one.answers();
    assert_eq!(cells[0]["not_applicable"], "the history has one partition alone");
    assert_eq!(cells[0]["invariants"], json!({}));
}

#[test]
fn wrong_words_are_refused_and_name_what_there_is() {
    let kafka = Kafka::shared();
    let fault = sandbox(kafka, "count", &["--fault", "F1,F31"]);
    assert!(refused(&fault).contains("unknown fault `F31`"), "{}", fault.stderr);
    let consumer = sandbox(kafka, "count", &["--consumer", "careless"]);
    let words = refused(&consumer);
    assert!(words.contains("`careless`") && words.contains("event-id-dedup"), "{words}");
    let projection = sandbox(kafka, "sum", &[]);
    assert!(refused(&projection).contains("`sum`"), "{}", projection.stderr);
    refused(&sandbox(kafka, "count", &["--runs", "0"]));
    refused(&ask(kafka, &["sandbox", "count", "--topic", "no-such-topic"]));
    let folder = Folder::new();
    let file = folder.path().join("schedule.json");
    fs_err::write(&file, "{\"version\": 1,\n \"sed\": 1}").expect("a file");
    let path = file.to_str().expect("UTF-8");
    let schedule = sandbox(kafka, "count", &["--schedule", path]);
    assert!(
        refused(&schedule).contains("schedule.json:2: unknown field `sed`"),
        "{}",
        schedule.stderr
    );
    let faults = r#"[{"fault": "F1", "at": "nowhere-0@7"}]"#;
    fs_err::write(&file, format!("{{\"version\": 1, \"seed\": 1, \"faults\": {faults}}}"))
        .expect("a file");
    let unknown = sandbox(kafka, "count", &["--schedule", path]);
    assert!(refused(&unknown).contains("nowhere-0@7"), "{}", unknown.stderr);
}

#[test]
fn a_schedule_from_an_answer_fails_again_from_its_file() {
    let kafka = Kafka::shared();
    let chosen = ["--fault", "F16", "--consumer", "event-id-dedup"];
    let cell = &sandbox(kafka, "merge", &chosen).lines()[0];
    let folder = Folder::new();
    let file = folder.path().join("schedule.json");
    fs_err::write(&file, cell["schedule"].to_string()).expect("a file");
    let path = file.to_str().expect("UTF-8");
    let again = sandbox(kafka, "merge", &["--schedule", path, "--consumer", "all"]);
    assert_eq!(again.status, 1, "{}", again.stderr);
    let cells = again.lines();
    assert_eq!(cells.len(), 6);
    let of = |consumer: &str| {
        cells.iter().find(|cell| cell["consumer"] == consumer).expect("a cell").clone()
    };
    assert_eq!(of("event-id-dedup")["counterexample"], cell["counterexample"]);
    assert!(broken(&of("sequence-guarded")).is_empty(), "it parks what comes too early");
}

#[test]
fn aborted_records_of_the_log_itself_count_where_they_are_read() {
    let kafka = Kafka::shared();
    let topic = kafka.create_topic("sandbox-aborted", 1, &[]);
    let producer = TestProducer::transactional(kafka, &topic);
    let send = |from: i64, commits: bool| {
        producer.begin();
        let event =
            |number: i64| TestRecord::new("a", format!(r#"{{"n":{number}}}"#)).at(BASE_MS + number);
        producer.send(&topic, &[event(from), event(from + 1)]);
        if commits {
            producer.commit();
        } else {
            producer.abort();
        }
    };
    send(0, true);
    send(2, false);
    send(4, true);
    let ask = |options: &[&str]| {
        let base = ["sandbox", "merge", "--topic", &topic, "--fault", "F13", "--isolation"];
        let consumers = ["--consumer", "sequence-guarded"];
        ask(kafka, &[&base[..], options, &consumers].concat())
    };
    assert!(broken(&ask(&["committed"]).answers()[0]).is_empty(), "they are not there");
    let seen = ask(&["uncommitted"]);
    assert!(broken(&seen.lines()[0]).contains(&"I4"), "{}", seen.stdout);
}

/// A script that counts the events of each order, and fails on what is packed when it is told to.
fn counting_script(throws: bool) -> String {
    let packed = if throws { "throw new Error('no box')" } else { "s.packed = true" };
    format!(
        "fromAll().foreachStream().when({{\n  $init: () => ({{ count: 0 }}),\n  Order2(s, e) {{ {packed}; s.count += 1; }},\n  \
         $any(s, e) {{ s.count += 1; }}\n}});\n"
    )
}

#[test]
fn a_script_is_run_as_the_projection() {
    let kafka = Kafka::shared();
    let folder = Folder::new();
    write(folder.path(), "count.js", &counting_script(false));
    let script = folder.path().join("count.js");
    let script = script.to_str().expect("UTF-8");
    let cells = sandbox(kafka, script, &["--fault", "F1", "--seed", "3"]).lines();
    let of = |consumer: &str| {
        cells.iter().find(|cell| cell["consumer"] == consumer).expect("a cell").clone()
    };
    assert_eq!(of("naive")["counterexample"]["expected"]["count"], 1);
    assert_eq!(of("naive")["counterexample"]["actual"]["count"], 2);
    assert!(broken(&of("event-id-dedup")).is_empty(), "{}", of("event-id-dedup"));
    write(folder.path(), "count.js", "fromAll()\n.when({ A: ( });");
    let syntax = sandbox(kafka, script, &[]);
    assert!(refused(&syntax).contains("count.js:2:"), "{}", syntax.stderr);
}

#[test]
fn a_handler_that_throws_on_the_history_itself_is_a_poison_pill() {
    let kafka = Kafka::shared();
    let folder = Folder::new();
    write(folder.path(), "throws.js", &counting_script(true));
    let script = folder.path().join("throws.js");
    let options = ["--fault", "F19", "--consumer", "naive,transactional-position"];
    let ended = sandbox(kafka, script.to_str().expect("UTF-8"), &options);
    assert_eq!(ended.status, 1, "{}", ended.stderr);
    let cells = ended.lines();
    assert!(broken(&cells[0]).contains(&"I5"), "{}", cells[0]);
    assert!(broken(&cells[1]).is_empty(), "it stops and says where: {}", cells[1]);
    assert_eq!(cells[1]["stops"][0]["why"], "poison", "{}", cells[1]);
}

#[test]
fn a_fixture_finds_its_script_beside_itself() {
    let folder = Folder::new();
    write(folder.path(), "fixtures/count.js", &counting_script(false));
    let fixture = crash_fixture("event-id-dedup", 3)
        .replace("\"projection\": \"count\"", "\"projection\": \"count.js\"");
    let mut json: Value = serde_json::from_str(&fixture).expect("JSON");
    json["expect"]["states"] = json!({"a<b>": {"count": 3}});
    write(folder.path(), "fixtures/a.fixture.json", &json.to_string());
    let ended = run_in(folder.path(), &["test"]);
    assert_eq!(
        (ended.status, ended.stdout.lines().last()),
        (0, Some("1 passed, 0 failed")),
        "{}",
        ended.stdout
    );
    write(folder.path(), "fixtures/count.js", &counting_script(false).replace("+= 1", "+= 2"));
    let changed = run_in(folder.path(), &["test"]);
    assert!(changed.stdout.contains("~ /count  3 → 6"), "{}", changed.stdout);
}

/// A fixture whose counter must be this, for this consumer, after a crash before the commit of its
/// second event.
fn crash_fixture(consumer: &str, events: u64) -> String {
    let event = |offset: u64| {
        json!({"topic": "t", "offset": offset, "timestamp": 1000 + offset, "key": "a<b>",
               "type": "Added", "value": {"n": offset}})
    };
    let fixture = json!({
        "fixture": 1,
        "name": format!("{consumer} & a crash"),
        "projection": "count",
        "consumer": consumer,
        "schedule": {"version": 1, "seed": 1, "faults": [{"fault": "F1", "at": "t-0@1"}]},
        "given": [event(0), event(1), event(2)],
        "expect": {
            "states": {"a<b>": {"events": events, "by_type": {"Added": events}}},
            "invariants": {"I6": "pass"},
        },
    });
    serde_json::to_string_pretty(&fixture).expect("JSON")
}

/// Writes a file.
fn write(folder: &Path, name: &str, text: &str) {
    let file = folder.join(name);
    fs_err::create_dir_all(file.parent().expect("a folder")).expect("a folder");
    fs_err::write(file, text).expect("a file");
}

#[test]
fn fixtures_pass_or_show_what_differs_and_are_counted() {
    let folder = Folder::new();
    write(folder.path(), "b/survives.fixture.json", &crash_fixture("event-id-dedup", 3));
    write(folder.path(), "a.fixture.json", &crash_fixture("naive", 3));
    write(folder.path(), "node_modules/x.fixture.json", "no fixture of ours");
    write(folder.path(), "notes.json", "{}");
    let ended = run_in(folder.path(), &["test"]);
    assert_eq!(ended.status, 1, "{}", ended.stderr);
    let expected = [
        "FAILED  naive & a crash (a.fixture.json)",
        "    state of a<b> is not what is expected",
        "      ~ /by_type/Added  3 → 5",
        "      ~ /events  3 → 5",
        "ok  event-id-dedup & a crash (b/survives.fixture.json)",
        "1 passed, 1 failed",
    ];
    assert_eq!(ended.stdout.lines().collect::<Vec<_>>(), expected);
    let lines = run_in(folder.path(), &["test", "b", "--json"]).answers();
    assert_eq!(lines[0]["passed"], true);
    assert_eq!(lines[1]["summary"], json!({"passed": 1, "failed": 0}));
}

#[test]
fn a_report_for_continuous_integration_is_well_formed() {
    let folder = Folder::new();
    write(folder.path(), "a.fixture.json", &crash_fixture("naive", 3));
    write(folder.path(), "b.fixture.json", &crash_fixture("event-id-dedup", 3));
    let ended = run_in(folder.path(), &["test", ".", "--junit", "report.xml"]);
    assert_eq!(ended.status, 1, "{}", ended.stderr);
    let xml = fs_err::read_to_string(folder.path().join("report.xml")).expect("a report");
    for part in [
        r#"<testsuite name="." tests="2" skipped="0" errors="0" failures="1""#,
        r#"name="naive &amp; a crash""#,
        r#"<failure message="state of a&lt;b&gt; is not what is expected" type="difference">"#,
    ] {
        assert!(xml.contains(part), "{part} is not in\n{xml}");
    }
    let opened = xml.matches("<testcase").count();
    let closed = xml.matches("</testcase>").count() + xml.matches("\"/>").count();
    assert_eq!((opened, closed), (2, 2));
}

#[test]
fn an_update_writes_what_came_and_the_next_run_passes() {
    let folder = Folder::new();
    write(folder.path(), "a.fixture.json", &crash_fixture("naive", 3));
    let updated = run_in(folder.path(), &["test", "--update"]);
    assert_eq!(updated.status, 0, "{}{}", updated.stdout, updated.stderr);
    assert!(updated.stdout.starts_with("updated  naive"), "{}", updated.stdout);
    let again = run_in(folder.path(), &["test"]);
    assert_eq!(again.stdout.lines().last(), Some("1 passed, 0 failed"));
    let text = fs_err::read_to_string(folder.path().join("a.fixture.json")).expect("the fixture");
    let fixture: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(fixture["expect"]["states"]["a<b>"]["events"], 5);
    assert_eq!(fixture["expect"]["invariants"], json!({"I6": "pass"}));
    assert_eq!(fixture["given"].as_array().map(Vec::len), Some(3));
}

#[test]
fn a_fixture_that_cannot_be_read_ends_with_status_2_its_file_and_its_line() {
    let folder = Folder::new();
    let fault = |text: &str| {
        write(folder.path(), "bad.fixture.json", text);
        let ended = run_in(folder.path(), &["test"]);
        refused(&ended).to_owned()
    };
    let broken = fault("{\n\"fixture\": 1,\n\"projection\" \"count\"}");
    assert!(broken.contains("bad.fixture.json:3: "), "{broken}");
    let unknown = fault(
        &crash_fixture("naive", 3).replace("\"projection\": \"count\"", "\"projection\": \"sum\""),
    );
    assert!(unknown.contains("bad.fixture.json:4: ") && unknown.contains("`sum`"), "{unknown}");
    let nowhere = fault(&crash_fixture("naive", 3).replace("t-0@1", "t-0@9"));
    assert!(nowhere.contains("bad.fixture.json:6: ") && nowhere.contains("t-0@9"), "{nowhere}");
    let empty = crash_fixture("naive", 3).replace("\"expect\"", "\"expekt\"");
    assert!(fault(&empty).contains("unknown field `expekt`"), "a misspelt word");
    let missing = run_in(folder.path(), &["test", "no-such-folder"]);
    assert!(refused(&missing).contains("no-such-folder"), "{}", missing.stderr);
}

#[test]
fn a_fixture_that_expects_nothing_fails_and_a_folder_without_any_says_so() {
    let folder = Folder::new();
    let none = run_in(folder.path(), &["test"]);
    assert_eq!((none.status, none.stdout.as_str()), (0, "0 passed, 0 failed\n"));
    assert!(none.stderr.contains("there are no fixtures"), "{}", none.stderr);
    let mut fixture: Value = serde_json::from_str(&crash_fixture("naive", 3)).expect("JSON");
    fixture.as_object_mut().expect("an object").remove("expect");
    write(folder.path(), "a.fixture.json", &fixture.to_string());
    let ended = run_in(folder.path(), &["test"]);
    assert_eq!(ended.status, 1, "{}", ended.stdout);
    assert!(ended.stdout.contains("nothing is expected"), "{}", ended.stdout);
}

#[test]
fn what_the_sandbox_finds_is_kept_as_fixtures_that_pass_once_the_consumer_is_mended() {
    let kafka = Kafka::shared();
    let folder = Folder::new();
    let kept = folder.path().join("fixtures");
    let path = kept.to_str().expect("UTF-8");
    let options = ["--fault", "F1,F11", "--consumer", "naive,event-id-dedup", "--save", path];
    let found = sandbox(kafka, "count", &options);
    assert_eq!(found.status, 1, "{}", found.stderr);
    let failing = run_in(folder.path(), &["test", "fixtures"]);
    assert_eq!(failing.status, 1, "{}", failing.stderr);
    assert_eq!(failing.stdout.lines().last(), Some("0 passed, 2 failed"));
    for name in ["F1-naive.fixture.json", "F11-naive.fixture.json"] {
        let file = kept.join(name);
        let text = fs_err::read_to_string(&file).expect("a fixture");
        assert!(text.contains("1.10"), "numbers keep their digits: {text}");
        fs_err::write(&file, text.replace("\"naive\"", "\"event-id-dedup\"")).expect("a file");
    }
    let mended = run_in(folder.path(), &["test", "fixtures"]);
    assert_eq!(mended.stdout.lines().last(), Some("2 passed, 0 failed"), "{}", mended.stdout);
}
