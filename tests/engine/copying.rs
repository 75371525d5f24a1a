//! What the engine copies: records and events, whole.
//!
//! Promises: digits and quotes survive; what cannot be copied is said.
//! Does not know: the clipboard.

use std::sync::Arc;

use foldback::model::Position;
use foldback::workspace::{
    Command, ConnectionState, Copied, CopyForm, CopyWhat, NoticeLevel, StartPosition,
};

use crate::bench::{Bench, TOPIC, order_1};

/// What was copied after this many copies before.
fn copied(bench: &Bench, before: u64) -> Arc<Copied> {
    bench.wait("what was copied", |snapshot| {
        snapshot.copied.clone().filter(|copied| copied.number > before)
    })
}

#[test]
fn records_are_copied_in_the_order_that_was_asked_for_and_in_every_form() {
    let bench = Bench::new();
    bench.wait("a connection", |snapshot| {
        matches!(snapshot.connection, ConnectionState::Connected(_)).then_some(())
    });
    bench.send(Command::OpenTopic(TOPIC.into()));
    bench.send(Command::Read(TOPIC.into(), StartPosition::Oldest(None)));
    let rows = bench.wait("all rows", |snapshot| {
        let view = snapshot.topic_view(TOPIC)?;
        (view.rows.len() == 4 && view.completeness.is_some()).then(|| Arc::clone(&view.rows))
    });
    let position = |row: usize| Position {
        topic: TOPIC.into(),
        partition: rows[row].partition,
        offset: rows[row].offset,
    };
    let records = || CopyWhat::Records(vec![position(3), position(0)]);
    bench.send(Command::Copy(records(), CopyForm::Json));
    let json = copied(&bench, 0);
    assert_eq!(&*json.what, "2 records");
    let lines: Vec<&str> = json.text.lines().collect();
    assert!(lines[0].contains(r#""status":"SHIPPED""#), "{}", lines[0]);
    assert!(lines[1].contains(r#""total":10.50"#), "with its digits: {}", lines[1]);
    assert!(lines[1].contains(r#""key":"order-1""#) && lines[1].contains(r#""txn":"committed""#));
    bench.send(Command::Copy(records(), CopyForm::Csv));
    let table = copied(&bench, 1);
    assert!(table.text.starts_with("topic,partition,offset,timestamp,key,"), "{}", table.text);
    assert!(table.text.contains(r#","{""type"":""OrderCreated"",""#), "{}", table.text);
    bench.send(Command::Copy(records(), CopyForm::Text));
    let text = copied(&bench, 2);
    assert!(
        text.text.starts_with(&format!("{}  1970-01-01T00:00:03", position(3))),
        "{}",
        text.text
    );
    let gone = Position { offset: 4_711, ..position(0) };
    bench.send(Command::Copy(CopyWhat::Records(vec![position(0), gone]), CopyForm::Text));
    let problem = bench.wait("a word about what is gone", |snapshot| {
        let notices = snapshot.notices.iter();
        notices.rev().find(|notice| notice.level == NoticeLevel::Error).cloned()
    });
    assert!(problem.problem.what.contains("@4711 cannot be copied"), "{}", problem.problem.what);
}

#[test]
fn events_are_copied_with_what_they_changed() {
    let bench = Bench::new();
    bench.open_order_1();
    bench.send(Command::Copy(CopyWhat::Events(order_1(), vec![2]), CopyForm::Text));
    let one = copied(&bench, 0);
    assert_eq!(&*one.what, "1 event of order-1");
    assert!(one.text.starts_with("v2  1970-01-01T00:00:02"), "{}", one.text);
    assert!(one.text.contains("~ /total 10.50 → 12.75"), "{}", one.text);
    bench.send(Command::Copy(CopyWhat::Events(order_1(), Vec::new()), CopyForm::Json));
    let all = copied(&bench, 1);
    assert_eq!(all.text.lines().count(), 3, "one a line");
    assert!(all.text.contains(r#""path":"/total","op":"replace","from":10.50,"to":12.75"#));
    bench.send(Command::Copy(CopyWhat::Events(order_1(), Vec::new()), CopyForm::Csv));
    let table = copied(&bench, 2);
    assert!(table.text.starts_with("entity,version,timestamp,type,"), "{}", table.text);
}
