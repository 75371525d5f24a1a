//! What the demo tells of the sandbox: the projection of its dashboard, and its incident as a
//! schedule.
//!
//! Promises: the schedule is the fault that the demo's own projector has: positions are committed
//! before records are applied, and the process dies at the shipping of the order.
//! Does not know: the reference system; it is given its events.

use super::consumer::Consumer;
use super::fault::Fault;
use super::schedule::{CommitPolicy, Schedule};
use crate::model::{EntityId, Event};

/// The projection of the dashboard, as a script.
pub const DASHBOARD_SCRIPT: &str = include_str!("dashboard.js");

/// The name of its file.
pub const DASHBOARD_FILE: &str = "dashboard.js";

/// The event whose handling kills the dashboard's projector.
const DEADLY_EVENT: &str = "OrderShipped";

/// How many records a live consumer of the demo's shop is handed at a time.
const POLL_RECORDS: u32 = 3;

/// The consumer as it was when the incident happened.
pub const CARELESS_CONSUMER: Consumer = Consumer::Naive;

/// The consumer that shows the same history right under the same schedule.
pub const MENDED_CONSUMER: Consumer = Consumer::TransactionalPosition;

/// The same over the events of the order alone: the rest of the shop goes its way.
pub fn incident_of_one_order(events: &[Event], order: &EntityId) -> Option<Schedule> {
    let of_order = events.iter().filter(|event| event.entity.as_ref() == Some(order));
    let events_of_order = of_order.map(|event| event.position.clone()).collect();
    let schedule = incident_schedule(events, order)?;
    Some(Schedule { events: Some(events_of_order), ..schedule })
}

/// The demo's incident as a schedule over these events: the dashboard's process commits before it
/// applies, and dies at the shipping of this order. `None` when the order was never shipped.
pub fn incident_schedule(events: &[Event], order: &EntityId) -> Option<Schedule> {
    let deadly = events.iter().rfind(|event| {
        event.entity.as_ref() == Some(order) && *event.event_type == *DEADLY_EVENT
    })?;
    Some(Schedule {
        poll_records: POLL_RECORDS,
        commit: CommitPolicy::BeforeApply,
        faults: vec![Fault::CommitBeforeApply { at: deadly.position.clone() }],
        ..Schedule::default()
    })
}
