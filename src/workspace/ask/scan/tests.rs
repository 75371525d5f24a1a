//! What a bounded scan says of how complete it is, and that it goes on saying so.

use std::time::Duration;

use super::*;
use crate::kafka::{EmbeddedCluster, EmbeddedTopic, NewRecord, Writer};
use crate::model::{Isolation, Reason, Verdict};
use crate::partition_log::Keeping;

/// How long writing may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// The time of the first record, in milliseconds: 2026-01-01.
const FIRST_MS: i64 = 1_767_225_600_000;

/// Writes records of these keys, a second apart, from this number of seconds on.
fn write(cluster: &EmbeddedCluster, from_s: i64, keys: &[&str]) {
    let writer = Writer::open(&cluster.settings(&[])).unwrap();
    for (second, key) in (from_s..).zip(keys) {
        let timestamp_ms = FIRST_MS + 1000 * second;
        let record = NewRecord { topic: "orders", key, value: b"{}", timestamp_ms, headers: &[] };
        writer.send(&record).unwrap();
    }
    writer.flush(PATIENCE).unwrap();
}

/// A session that keeps nothing.
fn session(cluster: &EmbeddedCluster) -> Session {
    let settings = cluster.settings(&[]);
    Session::open(&settings, None, Isolation::Committed, Cancel::new(), Keeping::nothing()).unwrap()
}

/// Everything, in log order.
fn all() -> ScanQuestion {
    ScanQuestion {
        topics: vec!["orders".into()],
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
        follow: false,
        unordered: false,
    }
}

/// The record at this offset of the first partition.
fn at(offset: i64) -> When {
    When::Position { topic: None, partition: 0, offset }
}

/// So many seconds after the first record.
fn after(seconds: i64) -> When {
    When::Time(FIRST_MS + 1000 * seconds)
}

/// The answer to a question: how many records match, whether it came to the end that was asked for,
/// and how complete it is.
fn ask(session: &Session, question: &ScanQuestion) -> (u64, bool, Verdict, Vec<Reason>) {
    let mut take = |_record: &ScannedRecord<'_>| ControlFlow::Continue(());
    let summary = session.scan(question, &mut take, &mut |_event| ()).unwrap();
    let Completeness { verdict, reasons, .. } = summary.completeness;
    (summary.matched, summary.complete, verdict, reasons)
}

/// Questions that the user bounds, and how many of the first ten records each is about.
fn bounded() -> Vec<(ScanQuestion, u64)> {
    let mut questions = vec![
        (ScanQuestion { to: after(4), ..all() }, 5),
        (ScanQuestion { to: at(1), ..all() }, 0),
        (ScanQuestion { from: after(2), to: after(6), ..all() }, 5),
        (ScanQuestion { from: at(1), to: after(6), ..all() }, 0),
        (ScanQuestion { from: after(4), to: after(4), ..all() }, 1),
        (ScanQuestion { to: When::Start, ..all() }, 0),
        (ScanQuestion { limit: Some(3), ..all() }, 3),
        (ScanQuestion { from: after(3), limit: Some(2), ..all() }, 2),
    ];
    let unlimited = questions.iter().filter(|(question, _)| question.limit.is_none());
    let unordered = unlimited.map(|(ScanQuestion { from, to, .. }, records)| {
        let (from, to) = (from.clone(), to.clone());
        (ScanQuestion { from, to, unordered: true, ..all() }, *records)
    });
    let unordered: Vec<_> = unordered.collect();
    questions.extend(unordered);
    questions
}

#[test]
fn what_is_appended_later_changes_nothing_in_the_answer_to_a_bounded_question() {
    for partitions in [1, 2] {
        let topics = [EmbeddedTopic { name: "orders", partitions }];
        let cluster = EmbeddedCluster::start(&topics).unwrap();
        write(&cluster, 0, &["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"]);
        let session = session(&cluster);
        let before: Vec<_> =
            bounded().iter().map(|(question, _)| ask(&session, question)).collect();
        for ((question, records), answer) in bounded().iter().zip(&before) {
            let has_place = [&question.from, &question.to]
                .iter()
                .any(|when| matches!(when, When::Position { .. }));
            let (matched, complete, verdict, reasons) = answer;
            assert!(has_place || matched == records, "{question:?}: {answer:?}");
            assert_eq!(*complete, question.limit.is_none(), "{question:?}");
            assert_eq!((*verdict, &reasons[..]), (Verdict::Complete, &[][..]), "{question:?}");
        }
        write(&cluster, 10, &["a", "b", "c", "d", "e", "f"]);
        let after: Vec<_> = bounded().iter().map(|(question, _)| ask(&session, question)).collect();
        assert_eq!(after, before, "{partitions} partitions");
    }
}
