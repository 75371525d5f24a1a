//! How the beginning and the end of an entity are told.
//!
//! Promises: a state that begins reads as created, field by field; a record without a value reads
//! as the end of the entity, wherever it is shown.
//! Does not know: how states are folded.

use foldback::workspace::{ClockCommand, Command, StepTarget};

use crate::behaviour::go_to;
use crate::gallery::{created, deleted};
use crate::harness::{Test, Use as _, open};
use crate::order;

/// A window on the order.
fn on_order(snapshot: foldback::workspace::Snapshot) -> Test {
    let mut test = open(snapshot);
    go_to(&mut test, "order-1042");
    test.take_sent();
    test
}

#[test]
fn the_difference_of_the_first_event_reads_as_created_field_by_field() {
    let test = on_order(created());
    assert!(test.shows("Created by v1"), "what became of the state");
    assert!(test.shows("added /status to \"CREATED\""), "a field that came into being");
    assert!(!test.shows("null"), "nothing was null before");
}

#[test]
fn a_record_without_a_value_reads_as_deleted_and_leads_back_to_the_state_before() {
    let mut test = on_order(deleted());
    assert!(test.shows("Deleted at 2026-11-23 13:59:11.482"), "when");
    assert!(test.shows("Deleted by v7") && test.shows("removed "), "the difference");
    assert!(test.shows("deleted"), "the event in the list");
    assert!(!test.shows("status \""), "no field is left");
    test.press("The state before");
    let sent = test.take_sent();
    let back = ClockCommand::Step(order::key(), StepTarget::PreviousEvent);
    assert!(matches!(&sent[..], [Command::Clock(step)] if *step == back), "{sent:?}");
}
