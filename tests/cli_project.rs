//! `foldback project` and `compare` against a real Apache Kafka.
//!
//! Promises: every expected state was worked out by hand.
//! Does not know: how scripts are run.

mod support;

use serde_json::{Value, json};

use support::cli::{Ended, pick, run_in};
use support::kafka::Kafka;
use support::node::Folder;
use support::records::{TestRecord, produce};
use support::workspace::{BASE_MS, Workspace, orders};

/// Lines apart: states by partition, emitted events, the summary.
fn parts(ended: &Ended) -> (Vec<Value>, Vec<Value>, Value) {
    let mut lines = ended.lines();
    let summary = lines.pop().expect("a summary")["summary"].clone();
    let (emitted, partitions) = lines.into_iter().partition(|line| line.get("emitted").is_some());
    (partitions, emitted, summary)
}

/// The lines of results that differ, and how many of how many do by the summary.
fn compared(ended: &Ended) -> (Vec<Value>, Value) {
    let mut lines = ended.lines();
    let summary = lines.pop().expect("a summary")["summary"].clone();
    assert_eq!(summary["differing"], lines.len(), "{summary}");
    (lines, pick(&summary, &["differing", "compared"]))
}

/// A script with a state for each order, bills and a log.
const BILLS: &str = "fromCategory('order').foreachStream().when({
  $init: () => ({ total: 0 }),
  OrderPlaced(s, e) { s.total = e.body.total; s.first = e.sequenceNumber; log(`placed ${e.streamId}`) },
  OrderPaid(s, e) { s.paid = true; emit('bills', 'Billed', { order: e.streamId, amount: s.total }, { by: e.eventId }); linkTo('paid', e) },
  $deleted(s, e, partition) { s.gone = partition },
}).transformBy(s => ({ worth: s.total * 2 })).filterBy(r => r.worth > 15);
";

#[test]
fn a_projection_prints_its_partitions_what_it_emitted_and_a_summary() {
    let kafka = Kafka::shared();
    let topic = orders(kafka);
    produce(
        kafka,
        &topic,
        &[TestRecord {
            value: Some(b"{\"type\":\"OrderPaid\"}".to_vec()),
            ..TestRecord::default()
        }
        .in_partition(1)
        .at(BASE_MS + 5000)],
    );
    let workspace = Workspace::new(kafka, &topic, "");
    workspace.script("bills.js", BILLS);
    let ended = workspace.run(&["project", "bills.js"]);
    assert_eq!(ended.status, 0, "{}", ended.stderr);
    let (partitions, emitted, summary) = parts(&ended);
    assert_eq!(
        partitions,
        [
            json!({"partition": "order-o-1", "state": {"total": 10.5, "first": 0, "paid": true}, "result": {"worth": 21}}),
            json!({"partition": "order-o-2", "state": {"total": 7, "first": 0, "gone": "order-o-2"}, "result": null}),
        ]
    );
    let cause = json!({"topic": topic, "partition": 0, "offset": 3});
    assert_eq!(
        emitted,
        [
            json!({"emitted": {"stream": "bills", "type": "Billed", "body": {"order": "order-o-1", "amount": 10.5},
                "metadata": {"by": format!("{topic}-0@3")}, "cause": cause}}),
            json!({"emitted": {"stream": "paid", "type": "$>", "body": "2@order-o-1", "cause": cause}}),
        ]
    );
    let expected = json!([6, 4, {"OrderNoted": 1}, 1, [], "log", 2, 2, 2]);
    let members = [
        "events",
        "matched",
        "unmatched_types",
        "skipped",
        "errors",
        "order",
        "partitions",
        "emitted",
        "logged",
    ];
    assert_eq!(pick(&summary, &members), expected);
    assert_eq!(
        summary["logs"][0],
        json!({"topic": topic, "partition": 0, "offset": 0, "text": "placed order-o-1"})
    );
    assert_eq!(summary["lints"][0]["message"], "no handler takes `OrderNoted` (1 event)");
    assert_eq!(summary["completeness"]["verdict"], "complete");
    assert!(summary["seconds"].is_number(), "{summary}");
}

#[test]
fn the_answer_is_the_same_on_any_number_of_threads() {
    let kafka = Kafka::shared();
    let topic = kafka.create_topic("parallel", 3, &[]);
    let records: Vec<TestRecord> = (0..600)
        .map(|number| {
            let value = format!(
                r#"{{"type":"OrderPlaced","total":{number},"customer":"c-{}"}}"#,
                number % 7
            );
            TestRecord::new(format!("o-{}", number % 40), value).at(BASE_MS + number)
        })
        .collect();
    produce(kafka, &topic, &records);
    let workspace = Workspace::new(kafka, &topic, "");
    workspace.script("bills.js", BILLS);
    workspace.script(
        "customers.js",
        "fromAll().partitionBy(e => e.body.customer).when({ $init: () => ({ n: 0, sum: 0 }),
           OrderPlaced(s, e) { s.n++; s.sum += e.body.total; if (s.n % 10 === 0) emit('tens', 'Ten', { sum: s.sum }); log(e.partition) } })",
    );
    for script in ["bills.js", "customers.js"] {
        let run = |workers: &str| {
            let ended = workspace.run(&["project", script, "--workers", workers]);
            assert_eq!(ended.status, 0, "{}", ended.stderr);
            let (partitions, emitted, mut summary) = parts(&ended);
            for differing in ["seconds", "from_cache"] {
                summary[differing] = Value::Null;
            }
            (partitions, emitted, summary)
        };
        let one = run("1");
        assert_eq!(one.2["matched"], 600);
        for workers in ["2", "5"] {
            assert_eq!(run(workers), one, "{script} on {workers} threads");
        }
    }
}

#[test]
fn a_handler_that_throws_stops_the_run_before_its_event_on_any_number_of_threads() {
    let kafka = Kafka::shared();
    let topic = kafka.create_topic("poisoned", 1, &[]);
    let mut records: Vec<TestRecord> = (0..50)
        .map(|number| {
            TestRecord::new(format!("o-{}", number % 5), r#"{"type":"OrderPlaced","total":1}"#)
        })
        .collect();
    records[33] = TestRecord::new("o-3", r#"{"type":"OrderPlaced"}"#);
    produce(kafka, &topic, &records);
    let workspace = Workspace::new(kafka, &topic, "");
    let script = "fromAll().foreachStream().when({ $init: () => ({ n: 0 }),\n  OrderPlaced(s, e) { s.n++; s.half = true;\n    if (!e.body.total) throw new Error('no total'); delete s.half } })";
    workspace.script("strict.js", script);
    for workers in ["1", "4"] {
        let ended = workspace.run(&["project", "strict.js", "--workers", workers]);
        assert_eq!(ended.status, 1, "{}", ended.stderr);
        let (partitions, _, summary) = parts(&ended);
        let states: Vec<&Value> = partitions.iter().map(|line| &line["state"]).collect();
        assert_eq!(
            states,
            [
                &json!({"n": 7}),
                &json!({"n": 7}),
                &json!({"n": 7}),
                &json!({"n": 6}),
                &json!({"n": 6})
            ]
        );
        let error = json!([topic, 0, 33, "OrderPlaced", "Error: no total", "strict.js", 3]);
        let members = ["topic", "partition", "offset", "type", "message", "file", "line"];
        assert_eq!(pick(&summary["errors"][0], &members), error);
        assert_eq!(
            (&summary["errors"].as_array().map(Vec::len), &summary["matched"]),
            (&Some(1), &json!(33))
        );
        assert!(ended.stderr.contains("strict.js fails on OrderPlaced"), "{}", ended.stderr);
    }
}

#[test]
fn events_of_several_topics_come_in_the_order_that_is_named() {
    let kafka = Kafka::shared();
    let (one, other) = (kafka.create_topic("first", 1, &[]), kafka.create_topic("second", 1, &[]));
    let record = |name: &str, at: i64| {
        TestRecord::new("k", format!(r#"{{"type":"{name}"}}"#)).at(BASE_MS + at)
    };
    // The second of the first topic was written late and says an early time.
    produce(kafka, &one, &[record("a", 0), record("b", 3000), record("c", 1000)]);
    produce(kafka, &other, &[record("x", 2000), record("y", 4000)]);
    let workspace = Workspace::new(kafka, &one, "");
    workspace
        .script("seen.js", "fromAll().when({ $init: () => '', $any: (s, e) => s + e.eventType })");
    let run = |options: &[&str]| {
        let ended = workspace.run(&[&["project", "seen.js", "--topic", &other], options].concat());
        assert_eq!(ended.status, 0, "{}", ended.stderr);
        let (partitions, _, summary) = parts(&ended);
        assert_eq!(partitions[0]["partition"], "");
        (partitions[0]["state"].as_str().expect("a text").to_owned(), summary["order"].clone())
    };
    assert_eq!(run(&[]), ("axbcy".to_owned(), json!("log")));
    assert_eq!(run(&["--order", "event"]), ("acxby".to_owned(), json!("event")));
    let (seeded, order) = run(&["--order", "seed:3"]);
    assert_eq!((run(&["--order", "seed:3"]).0, order), (seeded.clone(), json!("seed:3")));
    let of_first: String = seeded.chars().filter(|name| "abc".contains(*name)).collect();
    assert_eq!((seeded.len(), of_first.as_str()), (5, "abc"), "the order of a partition stays");
    assert_eq!(run(&["--at", "2026-01-01T00:00:02Z"]).0, "ax");
    assert_eq!(run(&["--at", "2026-01-01T00:00:02Z", "--clock", "event"]).0, "axc");
    assert_eq!(run(&["--at", &format!("{other}:0:0")]).0, "ax");
    let nothing = workspace.run(&["project", "seen.js", "--topic", &other, "--at", "start"]);
    assert_eq!(parts(&nothing).0, [json!(null); 0], "no event, no state");
    let refused = workspace.run(&["project", "seen.js", "--topic", &other, "--order", "random"]);
    assert_eq!(refused.status, 2, "{}", refused.stderr);
}

#[test]
fn a_selection_of_entities_and_partitions_and_versions_can_be_run() {
    let kafka = Kafka::shared();
    let topic = orders(kafka);
    let workspace = Workspace::new(kafka, &topic, "");
    workspace.script("count.js", "fromAll().when({ $init: () => ({ n: 0 }), $any(s, e) { s.n++; s.last = [e.streamId, e.sequenceNumber] } })");
    let run = |options: &[&str]| {
        let ended = workspace.run(&[&["project", "count.js"], options].concat());
        assert_eq!(ended.status, 0, "{}", ended.stderr);
        parts(&ended).0.first().map(|line| line["state"].clone())
    };
    assert_eq!(run(&[]), Some(json!({"n": 5, "last": ["order-o-2", 1]})));
    assert_eq!(run(&["--entity", "o-1"]), Some(json!({"n": 3, "last": ["order-o-1", 2]})));
    assert_eq!(run(&["--entity", "o-1", "--entity", "o-2"]).expect("a state")["n"], 5);
    assert_eq!(run(&["--entity", "o-1", "--at", "v2"]).expect("a state")["n"], 2);
    assert_eq!(run(&["--partition", "1"]), None, "nothing there");
    for wrong in [&["--at", "v2"][..], &["--entity", "o-1", "--at", "v9"], &["--partition", "7"]] {
        let ended = workspace.run(&[&["project", "count.js"], wrong].concat());
        assert_eq!(ended.status, 2, "{wrong:?}: {}", ended.stderr);
    }
}

#[test]
fn what_cannot_be_decoded_or_held_exactly_is_counted() {
    let kafka = Kafka::shared();
    let topic = kafka.create_topic("inexact", 1, &[]);
    let record = |value: &str| TestRecord::new("k", value);
    produce(
        kafka,
        &topic,
        &[
            record(r#"{"type":"A","id":9007199254740993,"price":1.10}"#),
            record("oops"),
            record(r#"{"type":"A","id":1}"#),
        ],
    );
    let workspace = Workspace::new(kafka, &topic, "");
    workspace.script(
        "last.js",
        "fromAll().when({ A: (s, e) => ({ ...e.body, was: s.id, not: e.body.x * 1 }) })",
    );
    let (partitions, _, summary) = parts(&workspace.run(&["project", "last.js"]));
    assert_eq!(
        partitions[0]["state"],
        json!({"type": "A", "id": 1, "was": 9_007_199_254_740_992_u64, "not": null})
    );
    assert_eq!(summary["inexact_numbers"], json!({"count": 1, "fields": {"/id": 1}}));
    assert_eq!(summary["not_a_number"], json!({"count": 2, "fields": {"/not": 2}}));
    assert_eq!(pick(&summary, &["events", "matched", "decode_failures"]), json!([3, 2, 1]));
    assert_eq!(summary["completeness"]["reasons"][0]["kind"], "decode");
    let (exact, _, summary) = parts(&workspace.run(&["project", "last.js", "--exact-numbers"]));
    assert_eq!(exact[0]["state"]["was"], "9007199254740993");
    assert_eq!(summary["inexact_numbers"]["count"], 1, "told all the same");
}

#[test]
fn scripts_and_options_that_are_wrong_are_refused_before_anything_is_asked() {
    let folder = Folder::new();
    let write =
        |name: &str, text: &str| fs_err::write(folder.path().join(name), text).expect("a script");
    write("good.js", "fromAll()");
    write("bad.js", "fromAll().when({\n  A(s, e) { return s. }\n})");
    let refused = |arguments: &[&str]| {
        let ended = run_in(folder.path(), &[arguments, &["--brokers", "127.0.0.1:1"]].concat());
        assert_eq!(ended.status, 2, "{arguments:?}: {}", ended.stderr);
        assert!(ended.stdout.is_empty() && !ended.stderr.contains("panicked"), "{}", ended.stderr);
        ended.stderr
    };
    let bad = refused(&["project", "bad.js", "--topic", "t"]);
    assert!(bad.contains("bad.js:2:") && bad.contains("SyntaxError"), "{bad}");
    assert!(refused(&["compare", "good.js", "bad.js", "--topic", "t"]).contains("bad.js:2:"));
    assert!(refused(&["project", "missing.js", "--topic", "t"]).contains("missing.js"));
    refused(&["project", "good.js"]);
    refused(&["project", "--topic", "t"]);
    refused(&["project", "good.js", "--topic", "t", "--order", "seed:x"]);
    refused(&["project", "good.js", "--topic", "t", "--workers", "0"]);
    refused(&["project", "good.js", "--topic", "t", "--at", "someday"]);
    refused(&["compare", "good.js", "--topic", "t"]);
}

#[test]
fn the_types_for_editors_name_everything_that_a_script_may_use() {
    let types = run_in(Folder::new().path(), &["project", "--types"]);
    assert_eq!(types.status, 0, "{}", types.stderr);
    for name in [
        "fromAll",
        "fromCategory",
        "fromCategories",
        "fromStream",
        "fromStreams",
        "options",
        "on_event",
        "on_any",
        "emit",
        "linkTo",
        "linkStreamTo",
        "copyTo",
        "log",
    ] {
        assert!(types.stdout.contains(&format!("declare function {name}")), "{name}");
    }
    for name in [
        "streamId",
        "sequenceNumber",
        "bodyRaw",
        "metadataRaw",
        "kafka",
        "timestampType",
        "foreachStream",
        "$defines_state_transform",
    ] {
        assert!(types.stdout.contains(name), "{name}");
    }
}

#[test]
fn a_comparison_names_the_entities_that_differ_and_the_event_since_when() {
    let kafka = Kafka::shared();
    let topic = orders(kafka);
    let workspace = Workspace::new(kafka, &topic, "");
    workspace.script("a.js", "fromCategory('order').foreachStream().when({ $init: () => ({}), OrderPlaced(s, e) { s.total = e.body.total; s.status = 'PLACED' }, OrderPaid(s) { s.status = 'PAID' } })");
    workspace.script("b.js", "fromCategory('order').foreachStream().when({ $init: () => ({}), OrderPlaced(s, e) { s.status = 'PLACED'; s.total = e.body.total }, OrderNoted(s) { s.noted = true }, OrderPaid(s) { s.status = 'PAID' } })");
    let same = workspace.run(&["compare", "a.js", "a.js"]);
    assert_eq!((same.status, compared(&same)), (0, (vec![], json!([0, 2]))), "{}", same.stderr);
    let differs = workspace.run(&["compare", "a.js", "b.js"]);
    assert_eq!(differs.status, 1, "{}", differs.stderr);
    let (lines, counts) = compared(&differs);
    assert_eq!(counts, json!([1, 2]), "o-2 differs in the order of its members alone");
    let summary = &differs.lines()[1]["summary"];
    assert_eq!(
        [
            pick(&summary["a"], &["projection", "matched"]),
            pick(&summary["b"], &["projection", "matched"])
        ],
        [json!(["a.js", 3]), json!(["b.js", 4])]
    );
    assert_eq!(summary["completeness"]["verdict"], "complete");
    let paid = json!({"total": 10.5, "status": "PAID"});
    let noted = json!({"status": "PAID", "total": 10.5, "noted": true});
    assert_eq!(
        pick(&lines[0], &["entity", "partition", "a", "b"]),
        json!(["o-1", "order-o-1", paid, noted])
    );
    let first = &lines[0]["first_divergence"];
    assert_eq!(
        pick(first, &["topic", "partition", "offset", "type", "timestamp"]),
        json!([topic, 0, 2, "OrderNoted", "2026-01-01T00:00:02.000Z"])
    );
    assert_eq!(pick(&first["a"], &["status"]), json!(["PLACED"]));
    assert_eq!(pick(&first["b"], &["status", "noted"]), json!(["PLACED", true]));
}

#[test]
fn results_are_compared_where_there_are_some_and_states_where_there_are_none() {
    let kafka = Kafka::shared();
    let topic = orders(kafka);
    let workspace = Workspace::new(kafka, &topic, "");
    workspace.script("plain.js", "fromAll().when({ $init: () => ({ n: 0 }), $any(s) { s.n++ } })");
    workspace.script(
        "told.js",
        "fromAll().when({ $init: () => 0, $any: s => s + 1 }).transformBy(n => ({ n }))",
    );
    let same = workspace.run(&["compare", "plain.js", "told.js"]);
    assert_eq!((same.status, compared(&same)), (0, (vec![], json!([0, 1]))), "{}", same.stderr);
    workspace.script("even.js", "fromAll().when({ $init: () => 0, $any: s => s + 1 }).transformBy(n => ({ n })).filterBy(r => r.n % 2 === 0)");
    let ended = workspace.run(&["compare", "plain.js", "even.js"]);
    assert_eq!(ended.status, 1, "{}", ended.stderr);
    let line = &ended.lines()[0];
    assert_eq!(pick(line, &["entity", "a", "b"]), json!(["", {"n": 5}, null]));
    assert_eq!(line["first_divergence"]["offset"], 0);
}

#[test]
fn one_projection_in_two_orders_shows_what_depends_on_the_order() {
    let kafka = Kafka::shared();
    let topic = kafka.create_topic("two-orders", 2, &[]);
    let record = |name: &str, partition: i32, at: i64| {
        TestRecord::new("k", format!(r#"{{"type":"{name}"}}"#))
            .in_partition(partition)
            .at(BASE_MS + at)
    };
    produce(
        kafka,
        &topic,
        &[record("a", 0, 0), record("b", 0, 2000), record("x", 1, 1000), record("y", 1, 500)],
    );
    let workspace = Workspace::new(kafka, &topic, "");
    workspace
        .script("last.js", "fromAll().when({ $init: () => '', $any: (s, e) => s + e.eventType })");
    workspace.script("count.js", "fromAll().when({ $init: () => 0, $any: s => s + 1 })");
    let orders = ["--order-b", "event"];
    let same = workspace.run(&[&["compare", "count.js", "count.js"], &orders[..]].concat());
    assert_eq!((same.status, compared(&same)), (0, (vec![], json!([0, 1]))), "{}", same.stderr);
    let differs = workspace.run(&[&["compare", "last.js", "last.js"], &orders[..]].concat());
    assert_eq!(differs.status, 1, "{}", differs.stderr);
    let line = &differs.lines()[0];
    assert_eq!(pick(line, &["a", "b", "orders"]), json!(["axyb", "ayxb", ["log", "event"]]));
    let first = &line["first_divergence"];
    assert_eq!(pick(first, &["events"]), json!([2]));
    assert_eq!((&first["a"]["offset"], &first["b"]["offset"]), (&json!(0), &json!(1)));
}

#[test]
fn text_for_people_shows_states_hints_and_differences() {
    let kafka = Kafka::shared();
    let topic = "text-projected";
    kafka.create_topic_named(topic, 1, &[]);
    produce(
        kafka,
        topic,
        &[
            TestRecord::new("o-1", r#"{"type":"OrderPlaced","total":12.50}"#).at(BASE_MS),
            TestRecord::new("o-1", r#"{"type":"OrderPaid"}"#).at(BASE_MS + 1000),
            TestRecord::new("o-2", r#"{"type":"OrderPlaced","total":1}"#).at(BASE_MS + 2000),
        ],
    );
    let folder = Folder::new();
    let write =
        |name: &str, text: &str| fs_err::write(folder.path().join(name), text).expect("a script");
    write(
        "one.js",
        "fromAll().foreachStream().when({ $init: () => ({ n: 0 }),\n  OrderPlaced(s, e) { s.n++; s.total = e.body.total },\n  OrderPiad(s) { s.n++ } })",
    );
    write(
        "two.js",
        "fromAll().foreachStream().when({ $init: () => ({ n: 0 }),\n  OrderPlaced(s, e) { s.n++; s.total = e.body.total },\n  OrderPaid(s) { s.n++; emit('bills', 'Billed', { n: s.n }); log('paid') } })",
    );
    let print = |arguments: &[&str]| {
        run_in(
            folder.path(),
            &[arguments, &["--topic", topic, "--brokers", kafka.brokers()]].concat(),
        )
        .stdout
    };
    insta::with_settings!({filters => [(r"\(\d+\.\d+ s\)", "(TIME)")]}, {
        insta::assert_snapshot!("project", print(&["project", "one.js"]));
        insta::assert_snapshot!("project_emitting", print(&["project", "two.js"]));
        insta::assert_snapshot!("compare", print(&["compare", "one.js", "two.js"]));
    });
}
