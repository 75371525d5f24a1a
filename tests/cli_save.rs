//! `foldback save`: histories, states, differences and records, whole, in files.
//!
//! Promises: the cluster is the embedded one; every file is read back as another program would.
//! Does not know: how answers are found.

#![cfg(test)]

mod support;

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use foldback::kafka::{EmbeddedCluster, EmbeddedTopic, NewRecord, Writer};
use serde_json::{Value, json};

use support::cli::{Ended, command, pick_all, run_in};
use support::node::{Folder, wait_until};

/// The values of the order that the tests are about, and one of another.
const VALUES: [(&str, &str); 5] = [
    (
        "order-7",
        r#"{"type":"OrderCreated","total":129.90,"note":"=HYPERLINK(\"x\")","by":{"id":9007199254740993}}"#,
    ),
    ("order-8", r#"{"type":"OrderCreated","total":-1.50}"#),
    ("order-7", r#"{"type":"OrderPaid","total":129.90,"paid":true}"#),
    ("order-7", r#"{"type":"NoteAdded","note":"a | b, \"c\"\nd"}"#),
    ("order-7", r#"{"type":"OrderClosed","by":null,"tags":["x","y"]}"#),
];

/// A cluster with those events.
fn cluster() -> EmbeddedCluster {
    let topics = [EmbeddedTopic { name: "orders", partitions: 1 }];
    let cluster = EmbeddedCluster::start(&topics).unwrap();
    write(&cluster, VALUES);
    cluster
}

/// Writes events, a second after each other.
fn write<V: AsRef<[u8]>>(
    cluster: &EmbeddedCluster,
    values: impl IntoIterator<Item = (&'static str, V)>,
) {
    let writer = Writer::open(&cluster.settings(&[])).unwrap();
    for (number, (key, value)) in (0..).zip(values) {
        let record = NewRecord {
            topic: "orders",
            key,
            value: value.as_ref(),
            timestamp_ms: 1_767_225_600_000 + number * 1000,
            headers: &[],
        };
        writer.send(&record).unwrap();
    }
    writer.flush(Duration::from_secs(30)).unwrap();
}

/// Saves something in a folder.
fn save(cluster: &EmbeddedCluster, folder: &Path, arguments: &[&str]) -> Ended {
    let brokers = cluster.brokers();
    let options = ["--topic", "orders", "--json", "--no-cache", "--brokers", &brokers];
    run_in(folder, &[&["save"], arguments, &options].concat())
}

/// The text of a file that was saved.
fn text(folder: &Path, name: &str) -> String {
    fs_err::read_to_string(folder.join(name)).unwrap()
}

/// The lines of a file of JSON lines: its head and its rows.
fn head_and_rows(folder: &Path, name: &str) -> (Value, Vec<Value>) {
    let text = text(folder, name);
    let mut lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    (lines.next().unwrap()["head"].clone(), lines.collect())
}

/// The rows of a table, as a reader of RFC 4180 finds them.
fn table(folder: &Path, name: &str) -> Vec<Vec<String>> {
    use csv_core::ReadRecordResult;
    let text = text(folder, name);
    let (mut reader, mut rest, mut rows) = (csv_core::Reader::new(), text.as_bytes(), Vec::new());
    loop {
        let (mut cells, mut ends) = (vec![0; text.len() + 1], vec![0; 200]);
        let (result, read, _, count) = reader.read_record(rest, &mut cells, &mut ends);
        rest = &rest[read..];
        match result {
            ReadRecordResult::Record => {}
            ReadRecordResult::End => return rows,
            // The end of the text.
            ReadRecordResult::InputEmpty => continue,
            other => panic!("{other:?}"),
        }
        let starts = std::iter::once(0).chain(ends.iter().copied());
        let cell = |(from, to): (usize, &usize)| {
            String::from_utf8(cells[from..*to].to_vec()).expect("UTF-8")
        };
        rows.push(starts.zip(&ends[..count]).map(cell).collect());
    }
}

/// The names in a folder, hidden ones too.
fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs_err::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name != "cache").collect();
    names.sort();
    names
}

#[test]
fn a_history_is_what_the_command_prints_with_what_was_asked_and_read_in_the_head() {
    let (cluster, folder) = (cluster(), Folder::new());
    let folder = folder.path();
    let ended = save(&cluster, folder, &["history", "order-7", "--out", "h.jsonl"]);
    let summary = ended.answers()[0]["summary"].clone();
    assert_eq!((&summary["rows"], &summary["file"]), (&json!(4), &json!("h.jsonl")));
    assert_eq!(summary["completeness"]["verdict"], "complete");
    let (head, rows) = head_and_rows(folder, "h.jsonl");
    assert_eq!(head["what"], "history");
    assert_eq!(head["question"], json!({"entity": "order-7", "topics": ["orders"]}));
    assert_eq!((&head["isolation"], &head["rows"]), (&json!("committed"), &json!(4)));
    assert_eq!(head["read"], json!([{"topic": "orders", "partition": 0, "from": 0, "to": 5}]));
    assert_eq!(head["fold"], "merge");
    assert_eq!(head["completeness"], json!({"verdict": "complete", "reasons": []}));
    let brokers = cluster.brokers();
    let options = ["--topic", "orders", "--json", "--no-cache", "--brokers", &brokers];
    let mut printed = run_in(folder, &[&["history", "order-7"][..], &options].concat()).answers();
    printed.pop();
    assert_eq!(rows, printed, "with every digit");
}

#[test]
fn a_table_runs_nothing_keeps_every_digit_and_has_its_head_beside_it() {
    let (cluster, folder) = (cluster(), Folder::new());
    let folder = folder.path();
    save(&cluster, folder, &["state", "order-7", "--at", "v1", "--out", "s.csv"]).answers();
    let expected = [
        ["path", "value"],
        ["/type", "OrderCreated"],
        ["/total", "129.90"],
        ["/note", "'=HYPERLINK(\"x\")"],
        ["/by/id", "9007199254740993"],
    ];
    assert_eq!(table(folder, "s.csv"), expected);
    let metadata: Value = serde_json::from_str(&text(folder, "s.csv-metadata.json")).unwrap();
    let head = &metadata["notes"][0]["head"];
    assert_eq!((&metadata["url"], &head["what"]), (&json!("s.csv"), &json!("state")));
    assert_eq!(head["question"]["at"], "v1");
    let of_history = save(&cluster, folder, &["history", "order-7", "--out", "h.csv"]);
    assert_eq!(of_history.status, 0, "{}", of_history.stderr);
    let rows = table(folder, "h.csv");
    let value = rows[0].iter().position(|name| name == "value").unwrap();
    assert_eq!(rows[3][value], VALUES[3].1, "a value with bars, quotes and a line break");
    save(&cluster, folder, &["records", "--out", "r.csv", "--where", "value.total < 0"]).answers();
    let rows = table(folder, "r.csv");
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert!(rows[1].contains(&"order-8".to_owned()), "{rows:?}");
}

#[test]
fn every_state_is_a_row_with_a_column_for_each_field_there_ever_was() {
    let (cluster, folder) = (cluster(), Folder::new());
    let folder = folder.path();
    save(&cluster, folder, &["states", "order-7", "--out", "all.csv"]).answers();
    let rows = table(folder, "all.csv");
    let columns = &rows[0][6..];
    assert_eq!(columns, ["/type", "/total", "/note", "/by/id", "/paid", "/tags"]);
    assert_eq!(
        rows[1][6..],
        ["OrderCreated", "129.90", "'=HYPERLINK(\"x\")", "9007199254740993", "", ""]
    );
    assert_eq!(
        rows[4][6..],
        ["OrderClosed", "129.90", "a | b, \"c\"\nd", "", "true", r#"["x","y"]"#]
    );
    save(&cluster, folder, &["states", "order-7", "--out", "all.jsonl"]).answers();
    let (_, rows) = head_and_rows(folder, "all.jsonl");
    assert_eq!(pick_all(&rows, &["version", "type"])[1], json!([2, "OrderPaid"]));
    assert_eq!(rows[3]["state"]["tags"], json!(["x", "y"]));
}

#[test]
fn a_difference_and_records_are_saved_with_what_was_asked() {
    let (cluster, folder) = (cluster(), Folder::new());
    let folder = folder.path();
    let arguments = ["diff", "order-7", "--from", "v1", "--to", "v2", "--out", "d.md"];
    save(&cluster, folder, &arguments).answers();
    let told = text(folder, "d.md");
    assert!(told.starts_with("# Diff of order-7\n"), "{told}");
    assert!(told.contains("- **From**: v1\n- **To**: v2\n"), "{told}");
    assert!(told.contains("- **Verdict**: complete\n"), "{told}");
    assert!(told.contains("| /paid | add |  | true |\n"), "{told}");
    let arguments = ["records", "--where", "type == 'OrderCreated'", "--out", "r.jsonl"];
    save(&cluster, folder, &arguments).answers();
    let (head, rows) = head_and_rows(folder, "r.jsonl");
    assert_eq!(head["question"]["where"], "type == 'OrderCreated'");
    assert_eq!((&head["scanned"], &head["rows"]), (&json!(5), &json!(2)));
    assert_eq!(pick_all(&rows, &["key", "offset"]), [json!(["order-7", 0]), json!(["order-8", 1])]);
}

#[test]
fn a_file_that_is_there_is_not_replaced_unasked_and_a_place_that_is_none_is_refused_at_once() {
    let folder = Folder::new();
    let folder = folder.path();
    fs_err::write(folder.join("h.csv"), "mine").unwrap();
    let nobody = |out: &str| {
        let arguments = ["save", "history", "k", "--topic", "t", "--brokers", "127.0.0.1:1"];
        let ended = run_in(folder, &[&arguments[..], &["--out", out]].concat());
        assert_eq!(ended.status, 2, "{}", ended.stderr);
        ended.stderr
    };
    let told = nobody("h.csv");
    assert!(told.contains("h.csv is there already") && told.contains("--force"), "{told}");
    assert!(nobody("none/h.csv").contains("none is no place for a file"));
    assert_eq!(text(folder, "h.csv"), "mine");
    let cluster = cluster();
    save(&cluster, folder, &["history", "order-7", "--out", "h.csv", "--force"]).answers();
    assert_eq!(table(folder, "h.csv").len(), 5);
}

#[cfg(unix)]
#[test]
fn ctrl_c_leaves_no_half_file() {
    use std::os::unix::fs::PermissionsExt as _;
    let (cluster, folder) = (cluster(), Folder::new());
    let folder = folder.path();
    let value = format!(r#"{{"type":"Filled","text":"{}"}}"#, "x".repeat(2000));
    write(&cluster, (0..60_000).map(|_| ("order-9", value.as_bytes())));
    let brokers = cluster.brokers();
    let arguments = ["save", "records", "--topic", "orders", "--out", "r.md", "--no-cache"];
    let mut saving = command(folder, &[&arguments[..], &["--brokers", &brokers]].concat());
    let mut saving = saving.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let files = format!("/proc/{}/fd", saving.id());
    // The rows are collected in a file of this folder that has no name.
    wait_until("rows to be written", Duration::from_mins(1), || {
        let open = fs_err::read_dir(&files).into_iter().flatten().flatten();
        let here = |entry: fs_err::DirEntry| {
            let name = fs_err::read_link(entry.path()).unwrap_or_default();
            name.starts_with(folder)
                && fs_err::metadata(entry.path()).is_ok_and(|file| file.len() > 1 << 20)
        };
        open.into_iter().any(here)
    });
    assert_eq!(names_in(folder), [""; 0]);
    signal(saving.id());
    assert_eq!(saving.wait().unwrap().code(), Some(130));
    assert_eq!(names_in(folder), [""; 0]);
    let ended = save(&cluster, folder, &["records", "--limit", "3", "--out", "r.md"]);
    assert_eq!(ended.status, 0, "{}", ended.stderr);
    let mode = fs_err::metadata(folder.join("r.md")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

/// Presses Ctrl-C for a process.
#[cfg(unix)]
fn signal(process: u32) {
    let status = std::process::Command::new("kill").args(["-INT", &process.to_string()]).status();
    assert!(status.unwrap().success());
}
