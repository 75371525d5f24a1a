//! The lanes of an entity's timeline.
//!
//! Promises: one lane per topic, marks in order of time; an event type has the same hue everywhere and always.
//! Does not know: pixels.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::{Event, Transaction};
use crate::workspace::{Lane, LaneMark, event_hue};

/// One lane per topic of these events, which stand in log order.
pub(crate) fn lanes(events: &[Event]) -> Arc<[Lane]> {
    let mut by_topic: BTreeMap<Arc<str>, Vec<LaneMark>> = BTreeMap::new();
    for event in events {
        by_topic.entry(Arc::clone(&event.position.topic)).or_default().push(mark(event));
    }
    by_topic
        .into_iter()
        .map(|(label, marks)| Lane { label, marks: marks.into(), unknown_ms: Arc::default() })
        .collect()
}

/// An event as a mark.
fn mark(event: &Event) -> LaneMark {
    LaneMark {
        time_ms: event.log_time_ms,
        version: event.version,
        hue: event_hue(&event.event_type),
        hollow: event.transaction != Transaction::Committed,
        problem: !event.problems.is_empty(),
    }
}
