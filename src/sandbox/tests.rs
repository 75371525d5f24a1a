//! Every fault: one consumer that survives it, one that does not, and the invariant that tells.

mod matrix;
mod moments;
mod order;
mod properties;

use std::sync::Arc;

use super::testing::{event, given};
use super::*;
use crate::fold::builtin;
use crate::model::{Event, Isolation};

/// Twelve events of the orders a, b, c in partition 0 and eight of d, e in partition 1, in turn.
/// Each says its number within its order, in a member that the next one overwrites and in one that
/// stays.
fn history() -> Vec<GivenEvent> {
    let orders = |partition: i32, names: &[&str], count: i64| -> Vec<GivenEvent> {
        let order = |offset: i64| {
            let turn = usize::try_from(offset).unwrap();
            let number = turn / names.len() + 1;
            let value = format!(r#"{{"last":{number},"seen_{number}":true}}"#);
            let event = event("orders", partition, offset, "Changed", &value);
            // The times of the partitions interleave.
            let time_ms = offset * 10 + i64::from(partition);
            let event = Event { timestamp_ms: time_ms, log_time_ms: time_ms, ..event };
            given(names[turn % names.len()], event)
        };
        (0..count).map(order).collect()
    };
    [orders(0, &["a", "b", "c"], 12), orders(1, &["d", "e"], 8)].concat()
}

/// A trial over a history with a built-in fold.
fn trial(history: Vec<GivenEvent>, fold: &str) -> Trial {
    Trial::new(Arc::new(Source::new(history)), builtin(fold).unwrap())
}

/// A schedule with two members, polls of four and these faults.
fn schedule(faults: &str) -> Schedule {
    let text =
        format!(r#"{{"version":1,"seed":5,"members":2,"poll_records":4,"faults":[{faults}]}}"#);
    Schedule::from_json(&text).unwrap()
}

/// The invariants that a consumer breaks.
fn broken(trial: &Trial, consumer: Consumer, schedule: &Schedule) -> Vec<Invariant> {
    let outcome = trial.run(consumer, schedule).unwrap();
    outcome.counterexamples.iter().map(|found| found.invariant).collect()
}

/// A case: the fault, the fold that shows it, who survives, who does not, what tells.
type Case = (&'static str, &'static str, Consumer, Consumer, &'static [Invariant]);

/// The faults over [`history`], except F9, which needs an order whose events are in two partitions.
const CASES: [Case; 29] = {
    use super::{Consumer as C, Invariant as I};
    [
        (
            r#"{"fault":"F1","at":"orders-0@5"}"#,
            "count",
            C::EventIdDedup,
            C::Naive,
            &[I::I1, I::I2, I::I3],
        ),
        (
            r#"{"fault":"F2","at":"orders-0@5"}"#,
            "count",
            C::OffsetGuarded,
            C::Naive,
            &[I::I1, I::I2, I::I3],
        ),
        (
            r#"{"fault":"F3","at":"orders-0@5"}"#,
            "count",
            C::TransactionalPosition,
            C::Naive,
            &[I::I1, I::I2],
        ),
        (
            r#"{"fault":"F4","at":"orders-0@5"}"#,
            "count",
            C::TransactionalPosition,
            C::EventIdDedup,
            &[I::I1, I::I2],
        ),
        (
            r#"{"fault":"F5","at":"orders-0@5"}"#,
            "count",
            C::TransactionalPosition,
            C::OffsetGuarded,
            &[I::I1, I::I2],
        ),
        (
            r#"{"fault":"F6","at":"orders-0@5"}"#,
            "count",
            C::SequenceGuarded,
            C::UpsertByKey,
            &[I::I1, I::I2, I::I3],
        ),
        (
            r#"{"fault":"F7","at":"orders-0@5"}"#,
            "merge",
            C::OffsetGuarded,
            C::Naive,
            &[I::I2, I::I3],
        ),
        (
            r#"{"fault":"F8","at":"orders-0@5"}"#,
            "count",
            C::EventIdDedup,
            C::Naive,
            &[I::I1, I::I2, I::I3],
        ),
        (
            r#"{"fault":"F10","at":"orders-0@6"}"#,
            "merge",
            C::SequenceGuarded,
            C::TransactionalPosition,
            &[I::I1],
        ),
        (
            r#"{"fault":"F11","at":"orders-0@5","behind":4}"#,
            "count",
            C::EventIdDedup,
            C::OffsetGuarded,
            &[I::I1, I::I2],
        ),
        (
            r#"{"fault":"F12","at":"orders-0@4","records":3}"#,
            "merge",
            C::SequenceGuarded,
            C::EventIdDedup,
            &[I::I1],
        ),
        (
            r#"{"fault":"F13","at":"orders-0@5"}"#,
            "merge",
            C::EventIdDedup,
            C::Naive,
            &[I::I1, I::I2, I::I5],
        ),
        (
            r#"{"fault":"F14","at":"orders-0@5"}"#,
            "merge",
            C::SequenceGuarded,
            C::EventIdDedup,
            &[I::I1],
        ),
        (
            r#"{"fault":"F15","at":"orders-0@5","times":2}"#,
            "count",
            C::EventIdDedup,
            C::Naive,
            &[I::I1, I::I2],
        ),
        (
            r#"{"fault":"F16","at":"orders-0@5","behind":4}"#,
            "merge",
            C::SequenceGuarded,
            C::EventIdDedup,
            &[I::I1],
        ),
        (
            r#"{"fault":"F17","at":"orders-0@5"}"#,
            "merge",
            C::TransactionalPosition,
            C::EventIdDedup,
            &[I::I4],
        ),
        (
            r#"{"fault":"F18","at":"orders-0@5"}"#,
            "merge",
            C::SequenceGuarded,
            C::EventIdDedup,
            &[I::I1, I::I2, I::I5],
        ),
        (r#"{"fault":"F19","at":"orders-0@5"}"#, "merge", C::Naive, C::OffsetGuarded, &[I::I5]),
        (
            r#"{"fault":"F20","at":"orders-0@8"}"#,
            "merge",
            C::SequenceGuarded,
            C::TransactionalPosition,
            &[I::I1, I::I2],
        ),
        (
            r#"{"fault":"F21","at":"orders-0@9"}"#,
            "merge",
            C::TransactionalPosition,
            C::SequenceGuarded,
            &[I::I1, I::I2],
        ),
        (
            r#"{"fault":"F22","at":"orders-0@5","records":2}"#,
            "merge",
            C::OffsetGuarded,
            C::EventIdDedup,
            &[I::I1, I::I2],
        ),
        (
            r#"{"fault":"F23","at":"orders-0@8"}"#,
            "merge",
            C::TransactionalPosition,
            C::OffsetGuarded,
            &[I::I1, I::I2],
        ),
        (
            r#"{"fault":"F24","at":"orders-0@5","records":3}"#,
            "merge",
            C::TransactionalPosition,
            C::EventIdDedup,
            &[I::I2],
        ),
        (
            r#"{"fault":"F25","at":"orders-0@8","to":"orders-0@3"}"#,
            "count",
            C::OffsetGuarded,
            C::Naive,
            &[I::I1, I::I2, I::I3],
        ),
        (
            r#"{"fault":"F26","at":"orders-0@5","by_ms":1000}"#,
            "merge",
            C::TransactionalPosition,
            C::EventIdDedup,
            &[I::I1, I::I2],
        ),
        (
            r#"{"fault":"F27","at":"orders-0@5","records":2}"#,
            "merge",
            C::SequenceGuarded,
            C::OffsetGuarded,
            &[I::I1],
        ),
        (
            r#"{"fault":"F28","at":"orders-0@5","behind":2}"#,
            "count",
            C::TransactionalPosition,
            C::Naive,
            &[I::I1, I::I2, I::I3],
        ),
        (
            r#"{"fault":"F29","at":"orders-0@4","records":8,"handle_ms":1000,"max_poll_interval_ms":3000}"#,
            "merge",
            C::EventIdDedup,
            C::UpsertByKey,
            &[I::I1, I::I2, I::I3, I::I5],
        ),
        (
            r#"{"fault":"F30","at":"orders-0@8","shift":3,"behind":4}"#,
            "count",
            C::EventIdDedup,
            C::TransactionalPosition,
            &[I::I1, I::I2],
        ),
    ]
};

/// The schedule of a case. Everybody reads committed records where a transaction hangs.
fn schedule_of(fault: &str) -> Schedule {
    let schedule = schedule(fault);
    let hangs = matches!(schedule.faults[..], [Fault::OpenTransaction { .. }]);
    Schedule { isolation: hangs.then_some(Isolation::Committed), ..schedule }
}

#[test]
fn every_fault_has_a_consumer_that_survives_it_and_one_that_does_not() {
    for (fault, fold, survivor, victim, told_by) in CASES {
        let (trial, schedule) = (trial(history(), fold), schedule_of(fault));
        assert_eq!(broken(&trial, survivor, &schedule), [], "{fault} {survivor}");
        assert_eq!(broken(&trial, victim, &schedule), told_by, "{fault} {victim}");
    }
    let mut tested: Vec<u8> =
        CASES.iter().map(|case| schedule(case.0).faults[0].name().number()).collect();
    tested.push(9);
    tested.sort_unstable();
    assert_eq!(tested, (1..=FaultName::COUNT).collect::<Vec<u8>>());
}

/// The events of one order in two partitions in turn.
fn order_in_two_partitions() -> Vec<GivenEvent> {
    let order = |number: i64| {
        let partition = i32::try_from(number % 2).unwrap();
        let event =
            event("orders", partition, number, "Changed", &format!(r#"{{"last":{number}}}"#));
        given("a", event)
    };
    (0..8).map(order).collect()
}

#[test]
fn an_order_over_two_partitions_depends_on_their_merge_unless_its_sequence_is_kept() {
    let trial = trial(order_in_two_partitions(), "merge");
    let first = r#"{"fault":"F9","merge":{"partition_first":{"topic":"orders","partition":1}}}"#;
    let schedule = Schedule { members: 1, ..schedule(first) };
    assert_eq!(broken(&trial, Consumer::SequenceGuarded, &schedule), []);
    let outcome = trial.run(Consumer::TransactionalPosition, &schedule).unwrap();
    let found = outcome.counterexample(Invariant::I1).unwrap();
    assert_eq!(found.expected.as_ref().unwrap().to_json(), r#"{"last":7}"#);
    assert_eq!(found.actual.as_ref().unwrap().to_json(), r#"{"last":6}"#);
    let as_logged = Schedule { members: 1, ..schedule_of(r#"{"fault":"F9","merge":"log"}"#) };
    assert_eq!(broken(&trial, Consumer::Naive, &as_logged), []);
}

#[test]
fn without_a_fault_every_consumer_shows_the_fold() {
    for fold in ["count", "merge", "last"] {
        let trial = trial(history(), fold);
        for consumer in Consumer::ALL {
            assert_eq!(broken(&trial, consumer, &schedule("")), [], "{consumer} {fold}");
        }
    }
}

#[test]
fn a_crash_after_the_commit_is_no_fault_and_one_before_it_is() {
    let trial = trial(history(), "count");
    let at = |point: &str| {
        let fault = format!(r#"{{"fault":"F1","at":"orders-0@5","point":"{point}"}}"#);
        broken(&trial, Consumer::Naive, &schedule(&fault))
    };
    assert_eq!(at("after_commit"), []);
    assert_eq!(at("before_apply"), [Invariant::I1, Invariant::I2]);
    let per_record = Schedule { commit: CommitPolicy::PerRecord, ..schedule_of(CASES[0].0) };
    let outcome = trial.run(Consumer::Naive, &per_record).unwrap();
    let duplicate = outcome.counterexample(Invariant::I2).unwrap();
    assert_eq!(duplicate.event.as_ref().unwrap().to_string(), "orders-0@5");
    assert!(outcome.holds(Invariant::I3), "only the last record comes again");
}

#[test]
fn an_explicit_stop_is_told_and_what_lies_before_it_is_judged() {
    let trial = trial(history(), "merge");
    let poison = schedule(r#"{"fault":"F14","at":"orders-0@5"}"#);
    let outcome = trial.run(Consumer::TransactionalPosition, &poison).unwrap();
    assert!(outcome.survives(), "{outcome:?}");
    let stops: Vec<(String, Standstill)> =
        outcome.stops.iter().map(|stop| (stop.position.to_string(), stop.why)).collect();
    assert_eq!(stops, [("orders-0@5".to_owned(), Standstill::Poison)]);
    let both = r#"{"fault":"F14","at":"orders-0@8"},{"fault":"F11","at":"orders-0@2","behind":1}"#;
    let counted = self::trial(history(), "count");
    let found = broken(&counted, Consumer::TransactionalPosition, &schedule(both));
    assert_eq!(found, [Invariant::I1, Invariant::I2], "the stop does not hide the duplicate");
}

#[test]
fn a_policy_of_the_schedule_overrules_that_of_the_consumer() {
    let trial = trial(history(), "merge");
    let with = |on_error| {
        let poison = schedule(r#"{"fault":"F13","at":"orders-0@5"}"#);
        broken(&trial, Consumer::Naive, &Schedule { on_error: Some(on_error), ..poison })
    };
    assert_eq!(with(ErrorPolicy::Stop), []);
    assert_eq!(with(ErrorPolicy::Park), []);
    assert_eq!(with(ErrorPolicy::DeadLetter), []);
    assert_eq!(with(ErrorPolicy::Skip), [Invariant::I5]);
    assert_eq!(with(ErrorPolicy::RetryForever), [Invariant::I1, Invariant::I2, Invariant::I5]);
}

#[test]
fn a_schedule_that_cannot_be_is_refused_with_the_record() {
    let trial = trial(history(), "merge");
    let refused =
        |faults: &str| trial.run(Consumer::Naive, &schedule(faults)).unwrap_err().to_string();
    assert_eq!(
        refused(r#"{"fault":"F1","at":"orders-0@99"}"#),
        "F1 names orders-0@99, which is not in the history"
    );
    assert_eq!(
        refused(r#"{"fault":"F12","at":"orders-0@11"}"#),
        "F12 cannot happen at orders-0@11: no batch follows it"
    );
    assert_eq!(
        refused(r#"{"fault":"F21","at":"orders-0@5"}"#),
        "F21 cannot happen at orders-0@5: it is not the last event of its entity"
    );
    let both = r#"{"fault":"F22","at":"orders-0@5"},{"fault":"F30","at":"orders-0@8"}"#;
    assert!(refused(both).contains("another fault changes the log of this partition"));
    assert!(
        refused(r#"{"fault":"F25","at":"orders-0@5","to":"orders-1@3"}"#)
            .contains("another partition")
    );
}

/// A fold that counts, and throws on the event with this number of its order.
#[derive(Debug)]
struct Throwing(u64);

impl crate::fold::Fold for Throwing {
    fn name(&self) -> &'static str {
        "throwing"
    }

    fn apply(&self, state: &mut crate::model::Value, event: &Event) -> crate::fold::Effect {
        let number = event.value.json().and_then(|value| value.get("last"));
        if number == Some(&crate::model::Value::from(self.0)) {
            return crate::fold::Effect::Failed("thrown".into());
        }
        builtin("count").unwrap().apply(state, event)
    }
}

#[test]
fn a_projection_that_throws_on_the_history_itself_meets_the_policy_of_every_consumer() {
    let source = Arc::new(Source::new(history()));
    let trial = Trial::new(source, Arc::new(Throwing(2)));
    let with =
        |consumer, on_error| broken(&trial, consumer, &Schedule { on_error, ..schedule("") });
    let stuck = [Invariant::I1, Invariant::I2, Invariant::I5];
    let cases = [
        (Consumer::Naive, &stuck[..]),
        (Consumer::UpsertByKey, &[Invariant::I2, Invariant::I5]),
        (Consumer::OffsetGuarded, &[]),
        (Consumer::EventIdDedup, &[Invariant::I1]),
        (Consumer::SequenceGuarded, &[]),
        (Consumer::TransactionalPosition, &[]),
    ];
    for (consumer, expected) in cases {
        assert_eq!(with(consumer, None), expected, "{consumer}");
    }
    let skipping = with(Consumer::TransactionalPosition, Some(ErrorPolicy::Skip));
    assert_eq!(skipping, [Invariant::I2, Invariant::I5], "a transaction skips as it is told");
}
