//! Scripts as the folds of one entity: `--fold FILE.js` and `foldback.toml`, against a real Apache
//! Kafka.
//!
//! Promises: every expected state was worked out by hand.
//! Does not know: how scripts are run.

mod support;

use serde_json::json;

use support::cli::{pick, run_in};
use support::kafka::Kafka;
use support::node::Folder;
use support::records::{TestRecord, produce};
use support::workspace::{Workspace, orders};

/// A script that sums what each order is worth.
const ORDER: &str = "fromCategory('order').foreachStream().when({
  $init: () => ({ status: 'NEW', total: 0, seen: [] }),
  OrderPlaced(s, e) { s.status = 'PLACED'; s.total = e.body.total; s.seen.push(e.created) },
  OrderPaid(s, e) { s.status = 'PAID'; s.paid = e.body.amount; s.seen.push(e.created) },
  OrderBroken(s, e) { s.total = e.body.missing.deeper },
});
";

#[test]
fn a_script_is_the_fold_of_an_entity_in_every_command_about_it() {
    let kafka = Kafka::shared();
    let topic = orders(kafka);
    let workspace = Workspace::new(kafka, &topic, "");
    workspace.script("order.js", ORDER);
    workspace.script("other.js", "fromCategory('payment').when({ $any: () => 1 })");
    let fold = ["--fold", "order.js"];
    let state = workspace.answers(&[&["state", "o-1"], &fold[..]].concat());
    assert_eq!(
        state[0]["state"],
        json!({"status": "PAID", "total": 10.5, "paid": 10.5,
            "seen": ["2026-01-01T00:00:00.000Z", "2026-01-01T00:00:03.000Z"]})
    );
    assert_eq!(pick(&state[0], &["version", "fold", "note"]), json!([3, "order.js", null]));
    let early = workspace.answers(&[&["state", "o-1", "--at", "v2"], &fold[..]].concat());
    assert_eq!(early[0]["state"]["status"], "PLACED");
    let gone = workspace.answers(&[&["state", "o-2"], &fold[..]].concat());
    assert_eq!(pick(&gone[0], &["version", "state"]), json!([2, null]), "a tombstone deletes");
    let mut history = workspace.answers(&[&["history", "o-1"], &fold[..]].concat());
    assert_eq!(history.pop().expect("a summary")["summary"]["fold"], "order.js");
    assert_eq!(history[1]["changes"], json!([]), "no handler takes it");
    assert_eq!(
        history[2]["changes"],
        json!([
            {"path": "/paid", "op": "add", "to": 10.5},
            {"path": "/seen/1", "op": "add", "to": "2026-01-01T00:00:03.000Z"},
            {"path": "/status", "op": "replace", "from": "PLACED", "to": "PAID"},
        ])
    );
    let diff =
        workspace.answers(&[&["diff", "o-1", "--from", "v2", "--to", "v3"], &fold[..]].concat());
    assert_eq!(diff[0]["changes"], history[2]["changes"]);
    let elsewhere = workspace.run(&["state", "o-1", "--fold", "other.js"]);
    let elsewhere = &elsewhere.answers()[0];
    assert_eq!(pick(elsewhere, &["state", "not_taken"]), json!([null, 3]));
    let blame = workspace.answers(&[&["blame", "o-1", "--path", "/status"], &fold[..]].concat());
    assert_eq!(blame[0]["written_by"]["type"], "OrderPaid");
    assert_eq!(blame[0]["previous"], "PLACED");
}

#[test]
fn the_script_of_the_workspace_file_is_the_fold_where_none_is_named() {
    let kafka = Kafka::shared();
    let topic = orders(kafka);
    let workspace =
        Workspace::new(kafka, &topic, "[entity.order.fold]\ncode = \"folds/order.js\"\n");
    fs_err::create_dir(workspace.folder.path().join("folds")).expect("a folder");
    workspace.script("folds/order.js", ORDER);
    let state = workspace.answers(&["state", "o-1"]);
    assert_eq!(
        (&state[0]["state"]["status"], &state[0]["fold"]),
        (&json!("PAID"), &json!("folds/order.js"))
    );
    let merged = workspace.answers(&["state", "o-1", "--fold", "merge"]);
    assert_eq!(merged[0]["state"]["type"], "OrderPaid");
    workspace.script("folds/order.js", "fromAll().when({\n  OrderPaid(s, e) { s. }\n})");
    let broken = workspace.run(&["state", "o-1"]);
    assert_eq!(broken.status, 2, "{}", broken.stderr);
    assert!(broken.stderr.contains("folds/order.js:2:"), "{}", broken.stderr);
}

#[test]
fn a_fold_that_fails_on_an_event_answers_with_what_was_before_it_and_status_1() {
    let kafka = Kafka::shared();
    let topic = kafka.create_topic("failing", 1, &[]);
    let record = |value: &str| TestRecord::new("o-1", value);
    produce(
        kafka,
        &topic,
        &[
            record(r#"{"type":"OrderPlaced","total":1}"#),
            record(r#"{"type":"OrderBroken"}"#),
            record(r#"{"type":"OrderPaid","amount":1}"#),
        ],
    );
    let workspace = Workspace::new(kafka, &topic, "");
    workspace.script("order.js", ORDER);
    let fold = ["--fold", "order.js"];
    let state = workspace.run(&[&["state", "o-1"], &fold[..]].concat());
    assert_eq!(state.status, 1, "{}", state.stderr);
    let line = &state.lines()[0];
    assert_eq!(pick(&line["state"], &["status", "total"]), json!(["PLACED", 1]));
    assert_eq!(
        pick(&line["failed"], &["version", "topic", "partition", "offset", "type"]),
        json!([2, topic, 0, 1, "OrderBroken"])
    );
    let error = line["failed"]["error"].as_str().expect("why");
    assert!(error.starts_with("order.js:5:") && error.contains("TypeError"), "{error}");
    assert!(state.stderr.contains("the fold fails on v2 OrderBroken"), "{}", state.stderr);
    let before = workspace.answers(&[&["state", "o-1", "--at", "v1"], &fold[..]].concat());
    assert_eq!(before[0].get("failed"), None, "what is not asked for does not fail");
    let history = workspace.run(&[&["history", "o-1"], &fold[..]].concat());
    assert_eq!(history.status, 1, "{}", history.stderr);
    assert_eq!(history.lines()[2]["changes"], json!([]), "nothing after it is applied");
    assert_eq!(history.lines()[3]["summary"]["failed"]["version"], 2);
}

#[test]
fn a_script_that_is_none_is_refused_before_anything_is_asked() {
    let folder = Folder::new();
    let write = |text: &str| fs_err::write(folder.path().join("x.js"), text).expect("a script");
    let refused = |name: &str| {
        let arguments =
            ["state", "k", "--topic", "t", "--brokers", "127.0.0.1:1", "--fold", name, "--json"];
        let ended = run_in(folder.path(), &arguments);
        assert_eq!(ended.status, 2, "{}", ended.stderr);
        assert!(ended.stdout.is_empty() && !ended.stderr.contains("panicked"), "{}", ended.stderr);
        ended.stderr
    };
    assert!(refused("missing.js").contains("missing.js"));
    write("fromAll().when({\n  A: (s, e) => s +\n})");
    assert!(refused("x.js").contains("x.js:3:1: SyntaxError"), "{}", refused("x.js"));
    write("const a = 1");
    assert!(refused("x.js").contains("names no source of events"), "{}", refused("x.js"));
    write("for (;;);");
    assert!(refused("x.js").contains("million steps"), "{}", refused("x.js"));
}
