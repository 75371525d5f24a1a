//! `foldback diagnose` against a real Apache Kafka, real stores, and a real consumer with one fault
//! planted in its loop.
//!
//! Promises: the rows were not written by this program; the faults are those of consumers, not
//! edits of rows.
//! Does not know: how rows are judged.

mod support;

use std::collections::BTreeMap;

use rdkafka::Message as _;
use rdkafka::consumer::Consumer as _;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _};

use support::cli::{Ended, run_in};
use support::kafka::{Kafka, REQUEST_LIMIT};
use support::node::Folder;
use support::postgres::Postgres;
use support::records::{TestProducer, TestRecord, commit_offsets, produce};

/// What a row should be: the same that the consumer below does, but for its faults.
const PROJECTION: &str = "fromAll().when({
  $init: () => ({ status: 'NONE', total: 0, lines: 0 }),
  Created(s, e) { s.status = 'NEW' },
  Added(s, e) { s.total += e.body.amount; s.lines++ },
  Moved(s, e) { s.status = e.body.status },
});
";

/// A record as the consumer was given it.
#[derive(Clone, Debug)]
struct Delivered {
    /// Its offset.
    offset: i64,
    /// Its key.
    key: String,
    /// Its value; none for a tombstone.
    value: Option<Value>,
}

/// What is wrong with the consumer.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    /// Nothing.
    None,
    /// It stops before this offset and commits that.
    Stops(i64),
    /// It fails from this offset on and commits all the same.
    Swallows(i64),
    /// It stops before the first of these offsets and crashes before it commits more than the
    /// other.
    Crashes(i64, i64),
    /// It leaves this offset out.
    Skips(i64),
    /// After a crash it is given these offsets again.
    Again(i64, i64),
    /// Its threads finish this offset after the next one.
    Overtaken(i64),
    /// It takes no deletes.
    IgnoresDeletes,
    /// It reads what was aborted.
    ReadsUncommitted,
}

/// The rows of orders: status, total in tenths, lines.
type Rows = BTreeMap<String, (String, i64, i64)>;

/// All records of the one partition of a topic, as a consumer with this isolation is given them.
fn delivered(kafka: &Kafka, topic: &str, isolation: &str) -> Vec<Delivered> {
    let consumer = kafka.consumer(&[
        ("isolation.level", isolation),
        ("enable.partition.eof", "true"),
        ("group.id", "delivered"),
    ]);
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, 0, Offset::Beginning).expect("a partition");
    consumer.assign(&list).expect("an assignment");
    let mut records = Vec::new();
    loop {
        match consumer.poll(REQUEST_LIMIT).expect("the broker answers") {
            Err(rdkafka::error::KafkaError::PartitionEOF(_)) => return records,
            Err(error) => panic!("{error}"),
            Ok(message) => records.push(Delivered {
                offset: message.offset(),
                key: String::from_utf8(message.key().unwrap_or_default().to_vec()).expect("text"),
                // What is no JSON says nothing to it.
                value: message
                    .payload()
                    .map(|bytes| serde_json::from_slice(bytes).unwrap_or(Value::Null)),
            }),
        }
    }
}

/// Applies one record as the service does.
fn apply(rows: &mut Rows, record: &Delivered, fault: Fault) {
    let Some(value) = &record.value else {
        if fault != Fault::IgnoresDeletes {
            rows.remove(&record.key);
        }
        return;
    };
    let new = || ("NONE".to_owned(), 0, 0);
    let row = rows.entry(record.key.clone()).or_insert_with(new);
    match value["type"].as_str().unwrap_or_default() {
        "Created" => row.0 = "NEW".to_owned(),
        "Moved" => row.0 = value["status"].as_str().unwrap_or_default().to_owned(),
        "Added" => {
            let tenths: String = value["amount"].to_string().replace('.', "");
            row.1 += tenths.parse::<i64>().expect("an amount with one decimal");
            row.2 += 1;
        }
        _ => {}
    }
}

/// Runs the consumer over a topic: gives its rows, and commits for its group.
fn consume(kafka: &Kafka, topic: &str, group: &str, fault: Fault) -> Rows {
    let isolation =
        if fault == Fault::ReadsUncommitted { "read_uncommitted" } else { "read_committed" };
    let records = delivered(kafka, topic, isolation);
    let end = records.last().map_or(0, |record| record.offset + 1);
    let mut order: Vec<usize> = (0..records.len()).collect();
    let index =
        |offset: i64| records.iter().position(|one| one.offset == offset).expect("a record");
    let mut committed = end;
    match fault {
        Fault::Stops(offset) => {
            order.truncate(index(offset));
            committed = offset;
        }
        Fault::Swallows(offset) => order.truncate(index(offset)),
        Fault::Crashes(offset, before) => {
            order.truncate(index(offset));
            committed = before;
        }
        Fault::Skips(offset) => drop(order.remove(index(offset))),
        Fault::Again(from, to) => {
            let again: Vec<usize> = (index(from)..=index(to)).collect();
            let behind = index(to) + 1;
            order.splice(behind..behind, again);
        }
        Fault::Overtaken(offset) => order.swap(index(offset), index(offset) + 1),
        Fault::None | Fault::IgnoresDeletes | Fault::ReadsUncommitted => {}
    }
    let mut rows = Rows::new();
    for at in order {
        apply(&mut rows, &records[at], fault);
    }
    commit_offsets(kafka, group, topic, &[(0, committed)]);
    rows
}

/// The statements that put rows into a table of this name.
fn statements(table: &str, rows: &Rows) -> String {
    let mut text = format!(
        "drop table if exists {table};\
         create table {table} (order_id text primary key, status text, total numeric(12,2), lines integer, updated_at text);"
    );
    text.extend(rows.iter().map(|(id, (status, tenths, lines))| {
        let total = format!("{}.{}", tenths / 10, tenths % 10);
        format!("insert into {table} values ('{id}', '{status}', {total}, {lines}, 'now');")
    }));
    text
}

/// Where the rows are kept.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kept {
    /// In a file of SQLite.
    Sqlite,
    /// In PostgreSQL.
    Postgres,
}

/// A topic, a consumer that has run over it, and a folder with a workspace file.
struct Shop<'k> {
    /// The cluster.
    kafka: &'k Kafka,
    /// The folder.
    folder: Folder,
    /// The topic.
    topic: String,
}

impl<'k> Shop<'k> {
    /// Lets a consumer with this fault run over these records, which are in one partition.
    fn new(kafka: &'k Kafka, records: &[TestRecord], fault: Fault, kept: Kept) -> Self {
        let topic = kafka.create_topic("diagnosed", 1, &[]);
        produce(kafka, &topic, records);
        Self::of_topic(kafka, topic, fault, kept)
    }

    /// The same for a topic that has its records.
    fn of_topic(kafka: &'k Kafka, topic: String, fault: Fault, kept: Kept) -> Self {
        let folder = Folder::new();
        let group = format!("{topic}-group");
        let rows = consume(kafka, &topic, &group, fault);
        let table = topic.replace('-', "_");
        let text = statements(&table, &rows);
        let store = match kept {
            Kept::Sqlite => {
                execute_in_sqlite(&folder, &text);
                "sqlite:shop.db".to_owned()
            }
            Kept::Postgres => {
                Postgres::shared().execute(&text);
                Postgres::shared().url()
            }
        };
        let config = format!(
            "[entity.order]\ntopics = [\"{topic}\"]\ntype = \"value:/type\"\n\
             version = \"value:/v\"\n\
             [read_model.orders]\nentity = \"order\"\nfold = \"orders.js\"\ngroup = \"{group}\"\n\
             store = \"{store}\"\n\
             query = \"select status, total, lines, updated_at from {table} where order_id = $1\"\n\
             ignore = [\"updated_at\"]\ndead_letters = [\"{topic}.DLT\"]\n"
        );
        fs_err::write(folder.path().join("foldback.toml"), config).expect("the workspace file");
        fs_err::write(folder.path().join("orders.js"), PROJECTION).expect("the projection");
        Self { kafka, folder, topic }
    }

    /// Asks about the rows.
    fn ask(&self, arguments: &[&str]) -> Ended {
        let common = ["--json", "--brokers", self.kafka.brokers()];
        run_in(self.folder.path(), &[&["diagnose", "orders"], arguments, &common].concat())
    }

    /// What is said of the row of one order.
    fn row(&self, order: &str) -> Value {
        let ended = self.ask(&["--entity", order]);
        assert!(ended.status <= 1, "{}", ended.stderr);
        let lines = ended.lines();
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert_eq!(ended.status == 0, lines[0]["class"] == "FRESH", "{lines:?}");
        lines[0].clone()
    }
}

/// Runs statements in the file of a folder.
fn execute_in_sqlite(folder: &Folder, text: &str) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("tokio");
    let path = folder.path().join("shop.db");
    runtime.block_on(async {
        let url = format!("sqlite:{}?mode=rwc", path.display());
        let mut connection = sqlx::SqliteConnection::connect(&url).await.expect("a file");
        sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut connection).await.expect("statements");
        connection.close().await.expect("it closes");
    });
}

/// The life of two orders, `o-1` having offsets 0, 1, 3, 4, 6.
fn life() -> Vec<TestRecord> {
    let record = |key: &str, value: &str| TestRecord::new(key, value).in_partition(0);
    vec![
        record("o-1", r#"{"type":"Created"}"#),
        record("o-1", r#"{"type":"Added","amount":10.5}"#),
        record("o-2", r#"{"type":"Created"}"#),
        record("o-1", r#"{"type":"Added","amount":20.0}"#),
        record("o-1", r#"{"type":"Moved","status":"PAID"}"#),
        record("o-2", r#"{"type":"Added","amount":7.0}"#),
        record("o-1", r#"{"type":"Moved","status":"SHIPPED"}"#),
    ]
}

/// The offsets of the events that the hypotheses of the best rank of this class name.
fn named(row: &Value, class: &str) -> Vec<i64> {
    let best = row["hypotheses"].as_array().expect("hypotheses").iter();
    let best: Vec<&Value> = best.filter(|one| one["rank"] == 1 && one["class"] == class).collect();
    assert_eq!(best.len(), 1, "one of {class}: {row}");
    let events = [&best[0]["event"], &best[0]["evidence"]["range"], &best[0]["evidence"]["also"]];
    let mut offsets = Vec::new();
    for event in events {
        let all = event.as_array().cloned().unwrap_or_else(|| vec![event.clone()]);
        offsets.extend(all.iter().filter_map(|event| event["offset"].as_i64()));
    }
    offsets
}

/// Asserts that a fault is found in both stores, as this class and at this offset.
fn assert_found(fault: Fault, class: &str, offset: i64) {
    let kafka = Kafka::shared();
    for kept in [Kept::Sqlite, Kept::Postgres] {
        let shop = Shop::new(kafka, &life(), fault, kept);
        let row = shop.row("o-1");
        let offsets = named(&row, class);
        assert!(offsets.contains(&offset), "{fault:?} in {kept:?}: {offsets:?} of {row}");
        assert_eq!(row["class"], class, "{fault:?} in {kept:?}: {row}");
    }
}

#[test]
fn a_right_row_is_fresh_and_status_0_says_so() {
    let kafka = Kafka::shared();
    for kept in [Kept::Sqlite, Kept::Postgres] {
        let shop = Shop::new(kafka, &life(), Fault::None, kept);
        let row = shop.row("o-1");
        assert_eq!(row["class"], "FRESH", "{row}");
        assert_eq!(row["expected"], json!({"status": "SHIPPED", "total": 30.5, "lines": 2}));
        assert_eq!(row["differences"], json!([]));
        assert_eq!(row["completeness"]["verdict"], "complete");
    }
}

#[test]
fn a_consumer_that_is_late_is_told_from_one_that_swallowed_an_error() {
    assert_found(Fault::Stops(4), "LAGGING", 4);
    assert_found(Fault::Swallows(4), "NOT_APPLIED", 4);
    assert_found(Fault::Crashes(6, 3), "AHEAD", 3);
}

#[test]
fn an_event_that_was_left_out_is_named() {
    assert_found(Fault::Skips(3), "MISSED_EVENT", 3);
}

#[test]
fn events_that_were_applied_twice_are_named() {
    assert_found(Fault::Again(1, 1), "APPLIED_TWICE", 1);
    assert_found(Fault::Again(1, 4), "APPLIED_TWICE", 1);
}

#[test]
fn all_rows_are_summed_up_with_what_the_wrong_ones_share() {
    let kafka = Kafka::shared();
    let shop = Shop::new(kafka, &life(), Fault::Swallows(6), Kept::Sqlite);
    let ended = shop.ask(&["--all"]);
    assert_eq!(ended.status, 1, "{}", ended.stderr);
    let lines = ended.lines();
    let summary = &lines.last().expect("a summary")["summary"];
    assert_eq!(summary["checked"], 2);
    assert_eq!(summary["by_class"], json!({"FRESH": 1, "NOT_APPLIED": 1}));
    let pattern = summary["pattern"].as_str().expect("a pattern");
    assert!(pattern.contains("on partition 0") && pattern.contains("after 5"), "{pattern}");
    assert_eq!(lines.len(), 3);
}

#[test]
fn what_does_not_keep_the_order_of_partitions_is_told_apart_from_a_swallowed_error() {
    let kafka = Kafka::shared();
    // Of two moves the one that came first in the log was applied last, and both left a trace.
    let record = |key: &str, value: &str| TestRecord::new(key, value).in_partition(0);
    let records = [
        record("o-1", r#"{"type":"Created"}"#),
        record("o-1", r#"{"type":"Added","amount":10.5}"#),
        record("o-1", r#"{"type":"Moved","status":"PAID"}"#),
        record("o-1", r#"{"type":"Moved","status":"SHIPPED"}"#),
    ];
    let shop = Shop::new(kafka, &records, Fault::Overtaken(2), Kept::Sqlite);
    let row = shop.row("o-1");
    // The same row comes of a consumer that left the last event out: that is what can be said.
    let classes: Vec<&str> = row["hypotheses"]
        .as_array()
        .expect("hypotheses")
        .iter()
        .filter_map(|one| one["class"].as_str())
        .collect();
    assert!(classes.contains(&"WRONG_ORDER") && classes.contains(&"NOT_APPLIED"), "{row}");
}

#[test]
fn records_of_aborted_transactions_and_missed_deletes_are_named() {
    let kafka = Kafka::shared();
    let topic = kafka.create_topic("ghosts", 1, &[]);
    let record = |key: &str, value: &str| TestRecord::new(key, value).in_partition(0);
    produce(
        kafka,
        &topic,
        &[
            record("o-1", r#"{"type":"Created"}"#),
            record("o-1", r#"{"type":"Added","amount":10.5}"#),
        ],
    );
    let producer = TestProducer::transactional(kafka, &topic);
    producer.begin();
    producer.send(&topic, &[record("o-1", r#"{"type":"Added","amount":99.5}"#)]);
    producer.abort();
    produce(kafka, &topic, &[record("o-1", r#"{"type":"Moved","status":"PAID"}"#)]);
    let shop = Shop::of_topic(kafka, topic, Fault::ReadsUncommitted, Kept::Sqlite);
    let row = shop.row("o-1");
    assert_eq!(row["class"], "GHOST", "{row}");
    assert!(named(&row, "GHOST").contains(&2), "{row}");
    let mut records = life();
    records.push(TestRecord::tombstone("o-1").in_partition(0));
    let shop = Shop::new(kafka, &records, Fault::IgnoresDeletes, Kept::Postgres);
    let row = shop.row("o-1");
    assert_eq!(
        (&row["class"], named(&row, "DELETE_MISSED")),
        (&json!("DELETE_MISSED"), vec![7]),
        "{row}"
    );
    assert_eq!(row["expected"], Value::Null);
}

#[test]
fn a_group_before_a_record_it_cannot_take_and_one_before_an_open_transaction_are_told() {
    let kafka = Kafka::shared();
    let mut records = life();
    let broken = TestRecord::new("o-2", "no JSON").in_partition(0);
    records.insert(6, broken);
    let shop = Shop::new(kafka, &records, Fault::Stops(6), Kept::Sqlite);
    let row = shop.row("o-1");
    assert_eq!(
        (&row["class"], named(&row, "STUCK_ON_POISON")),
        (&json!("STUCK_ON_POISON"), vec![6]),
        "{row}"
    );
    let topic = kafka.create_topic("withheld", 1, &[]);
    produce(kafka, &topic, &life());
    let producer = TestProducer::transactional(kafka, &topic);
    producer.begin();
    let record = |key: &str, value: &str| TestRecord::new(key, value).in_partition(0);
    producer.send(&topic, &[record("o-9", r#"{"type":"Created"}"#)]);
    produce(kafka, &topic, &[record("o-1", r#"{"type":"Added","amount":5.0}"#)]);
    let shop = Shop::of_topic(kafka, topic, Fault::None, Kept::Sqlite);
    let row = shop.row("o-1");
    assert_eq!(
        (&row["class"], named(&row, "BLOCKED_AT_LSO")),
        (&json!("BLOCKED_AT_LSO"), vec![8]),
        "{row}"
    );
    producer.abort();
}

#[test]
fn a_history_that_lost_its_beginning_and_an_older_projection_are_told() {
    let kafka = Kafka::shared();
    let topic = kafka.create_topic("truncated", 1, &[]);
    let record = |value: &str| TestRecord::new("o-1", value).in_partition(0);
    produce(
        kafka,
        &topic,
        &[
            record(r#"{"v":1,"type":"Created"}"#),
            record(r#"{"v":2,"type":"Added","amount":1.5}"#),
            record(r#"{"v":3,"type":"Added","amount":2.5}"#),
        ],
    );
    kafka.delete_records(&topic, 0, 2);
    let shop = Shop::of_topic(kafka, topic, Fault::None, Kept::Sqlite);
    let row = shop.row("o-1");
    assert_eq!(
        (&row["class"], named(&row, "TRUNCATED_BASE")),
        (&json!("TRUNCATED_BASE"), vec![2]),
        "{row}"
    );
    let shop = Shop::new(kafka, &life(), Fault::None, Kept::Sqlite);
    let old = PROJECTION.to_owned();
    let new = PROJECTION.replace("s.lines++", "s.lines += 2");
    let write = |name: &str, text: &str| fs_err::write(shop.folder.path().join(name), text);
    write("old.js", &old).and_then(|()| write("orders.js", &new)).expect("the projections");
    let ended = shop.ask(&["--entity", "o-1", "--was", "old.js"]);
    let row = &ended.lines()[0];
    assert_eq!((&row["class"], named(row, "OLD_CODE")), (&json!("OLD_CODE"), vec![1]), "{row}");
}

#[test]
fn a_dead_letter_that_names_its_origin_is_the_best_evidence() {
    let kafka = Kafka::shared();
    let shop = Shop::new(kafka, &life(), Fault::Skips(3), Kept::Sqlite);
    let letters = format!("{}.DLT", shop.topic);
    kafka.create_topic_named(&letters, 1, &[]);
    let letter = TestRecord::new("o-1", "{}")
        .with_header("kafka_dlt-original-topic", &shop.topic)
        .with_header("kafka_dlt-original-partition", 0_i32.to_be_bytes())
        .with_header("kafka_dlt-original-offset", 3_i64.to_be_bytes())
        .with_header("kafka_dlt-exception-message", "boom");
    produce(kafka, &letters, &[letter]);
    let row = shop.row("o-1");
    let first = &row["hypotheses"][0];
    assert_eq!(
        (&first["class"], &first["evidence"]["strength"]),
        (&json!("MISSED_EVENT"), &json!("dead_letter"))
    );
    assert_eq!(first["evidence"]["dead_letter"]["reason"], "boom");
}

#[test]
fn what_is_wrong_with_a_store_is_told_precisely_and_without_its_password() {
    let kafka = Kafka::shared();
    let shop = Shop::new(kafka, &life(), Fault::None, Kept::Sqlite);
    let postgres = Postgres::shared();
    postgres.execute("drop role if exists locked; create role locked login password 'right'");
    let group = format!("{}-group", shop.topic);
    let ask = |store: &str, query: &str| {
        let common =
            ["--json", "--brokers", kafka.brokers(), "--topic", &shop.topic, "--entity", "o-1"];
        let options =
            ["--fold", "orders.js", "--store", store, "--query", query, "--group", &group];
        run_in(shop.folder.path(), &[&["diagnose"][..], &common, &options].concat())
    };
    let table = shop.topic.replace('-', "_");
    let right = format!("select status, total, lines from {table} where order_id = $1");
    let fresh = ask("sqlite:shop.db", &right);
    assert_eq!(
        (fresh.status, &fresh.lines()[0]["class"]),
        (0, &json!("FRESH")),
        "{}",
        fresh.stderr
    );
    let cases = [
        (
            postgres.url_of("locked", ":wrong-secret"),
            "select 1",
            3,
            "password authentication failed",
        ),
        (postgres.url(), "select x from missing_table where id = $1", 2, "missing_table"),
        (postgres.url(), "select nothing_like_this where 'a' = $1", 2, "nothing_like_this"),
        (postgres.url(), "select 1 as a union all select 2 where $1 = $1", 2, "more than one row"),
        ("postgres://127.0.0.1:1/x".to_owned(), "select 1", 3, "cannot be reached"),
        ("sqlite:none.db".to_owned(), "select 1", 2, "there is no file"),
        ("oracle:x".to_owned(), "select 1", 2, "expected a store"),
    ];
    for (store, query, status, words) in cases {
        let ended = ask(&store, query);
        assert_eq!(ended.status, status, "{store}: {}", ended.stderr);
        assert!(ended.stderr.contains(words), "{store}: {}", ended.stderr);
        assert!(!ended.stderr.contains("wrong-secret"), "{}", ended.stderr);
    }
}

#[test]
fn the_servers_own_log_shows_that_it_was_only_read() {
    let kafka = Kafka::shared();
    let shop = Shop::new(kafka, &life(), Fault::Skips(3), Kept::Postgres);
    assert_eq!(shop.ask(&["--all"]).status, 1);
    let statements = Postgres::shared().statements_of("foldback");
    assert!(statements.iter().any(|line| line.contains("where order_id = $1")), "{statements:?}");
    for line in &statements {
        let line = line.trim().to_lowercase();
        let (kind, text) = line.split_once(": ").unwrap_or(("", &line));
        let begins =
            ["select", "set ", "begin", "rollback"].iter().any(|word| text.starts_with(word));
        assert!(begins, "{kind} {text}");
    }
    let begun = statements.iter().filter(|line| line.contains("begin transaction")).count();
    let read_only = statements.iter().filter(|line| line.contains("read only")).count();
    assert!(begun > 0 && begun == read_only, "every transaction is read-only: {statements:?}");
}
