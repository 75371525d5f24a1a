//! The rows of a script whose partitions share a state: every event may change what all of them
//! hold, so that no row can be folded by itself.
//!
//! Promises: each row has its own state as its last event left it, beside the shared state as the
//! last event of all left it.
//! Does not know: consumers; only events that are folded as they are come here.

use std::sync::Arc;

use indexmap::IndexMap;

use crate::fold::{Fault, Partitioning, Program, Trace, TraceError};
use crate::model::{Cancel, Value};
use crate::workspace::sandbox::EventList;

/// The row that an event of a run belongs to; none where the script did not take it.
pub fn row_of(trace: &Trace, events: &EventList, index: u64) -> Option<String> {
    let name = trace.partition_name(index)?;
    Some(match trace.program().definition().partition {
        Partitioning::Stream => {
            let event = usize::try_from(index).ok().and_then(|index| events.get(index));
            let entity = event.and_then(|event| event.entity.as_ref());
            entity.map(ToString::to_string).unwrap_or_default()
        }
        Partitioning::None | Partitioning::By => name.to_string(),
    })
}

/// The states of all rows after these events, by their names.
///
/// # Errors
/// When the script fails.
pub(super) fn states(program: &Program, events: &EventList) -> Result<Vec<(String, Value)>, Fault> {
    let inputs = Arc::new(events.clone());
    let trace = match Trace::record(program, inputs, &Cancel::new(), &mut |_| {}) {
        Ok(trace) => Arc::new(trace),
        Err(TraceError::Broken(fault)) => return Err(fault),
        Err(TraceError::Cancelled) => return Ok(Vec::new()),
    };
    if let Some(failure) = trace.failure() {
        return Err(failure.fault.clone());
    }
    let mut last = IndexMap::new();
    let rows = (0..trace.len()).filter_map(|index| Some((row_of(&trace, events, index)?, index)));
    last.extend(rows);
    let Some(end) = last.values().max() else { return Ok(Vec::new()) };
    let shared = shared_of(&trace.states_around(*end)?.after);
    let state = |(row, index): (String, u64)| -> Result<(String, Value), Fault> {
        let state = match trace.states_around(index)?.after {
            Value::Array(both) => {
                let own = both.first().cloned().unwrap_or(Value::Null);
                Value::array([own, shared.clone()])
            }
            other => other,
        };
        Ok((row, state))
    };
    last.into_iter().map(state).collect()
}

/// The shared one of a state.
fn shared_of(state: &Value) -> Value {
    match state {
        Value::Array(both) => both.get(1).cloned().unwrap_or(Value::Null),
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::workspace::sandbox::event_of_json;

    #[test]
    fn every_row_stands_beside_what_all_events_made_of_the_shared_state() {
        let script = "fromAll().foreachStream().when({ $init: () => ({ n: 0 }),
            $initShared: () => ({ all: 0 }),
            A([own, shared]) { own.n++; shared.all++; return [own, shared]; } })";
        let event = |(offset, key): (usize, &str)| {
            event_of_json(&format!(
                r#"{{"topic":"t","offset":{offset},"key":"{key}","type":"A","value":{{}}}}"#
            ))
        };
        let events: Vec<_> = ["a", "b", "a", "b", "b"].into_iter().enumerate().map(event).collect();
        let program = Program::read("p.js", script).unwrap();
        let events = EventList::new(events.into(), HashMap::new());
        let rows = states(&program, &events).unwrap();
        let rows: Vec<_> = rows.iter().map(|(row, state)| (&**row, state.to_json())).collect();
        let expected = [("a", r#"[{"n":2},{"all":5}]"#), ("b", r#"[{"n":3},{"all":5}]"#)];
        assert_eq!(rows, expected.map(|(row, state)| (row, state.to_owned())));
    }
}
