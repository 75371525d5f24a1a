//! The history of an entity: its records in log order as numbered events.
//!
//! Promises: every record given becomes exactly one event, numbered 1, 2, 3, …; where the mapping
//! names a version, gaps, repeats and steps back are marked on the event that shows them.
//! Does not know: how log order comes about (`partition_log`).

use super::Mapping;
use crate::decode::Decoder;
use crate::model::{Event, EventProblem, RecordRef};

/// The events of these records, which are one entity's in log order, each with its topic's mapping
/// and decoder.
pub fn history<'a>(
    records: impl IntoIterator<Item = (RecordRef<'a>, &'a Mapping, Decoder)>,
) -> Vec<Event> {
    history_behind(&[], records)
}

/// The events of these records, which come behind others of the same entity.
pub fn history_behind<'a>(
    before: &[Event],
    records: impl IntoIterator<Item = (RecordRef<'a>, &'a Mapping, Decoder)>,
) -> Vec<Event> {
    let mut events = Vec::new();
    for (record, mapping, decoder) in records {
        append(before, &mut events, record, mapping, decoder);
    }
    events
}

/// Adds the next record to the events behind others.
fn append(
    before: &[Event],
    events: &mut Vec<Event>,
    record: RecordRef<'_>,
    mapping: &Mapping,
    decoder: Decoder,
) {
    let mut event = mapping.event(record, decoder, (before.len() + events.len()) as u64 + 1);
    // All events of an entity name it, most by the same key: once in memory is enough.
    if let Some(last) = events.last().or(before.last()) {
        if last.key == event.key {
            event.key.clone_from(&last.key);
        }
        if last.entity == event.entity {
            event.entity.clone_from(&last.entity);
        }
    }
    let previous = event.mapped_version.and_then(|found| {
        let mut earlier = events.iter().rev().chain(before.iter().rev());
        Some((earlier.find_map(|event| event.mapped_version)?, found))
    });
    if let Some((previous, found)) = previous
        && previous.checked_add(1) != Some(found)
    {
        event.problems.push(EventProblem::VersionOutOfOrder { previous, found });
    }
    events.push(event);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::Selector;
    use crate::entity::testing::Log;

    #[test]
    fn gaps_repeats_and_steps_back_of_the_version_are_marked() {
        let mut log = Log::new("t");
        for version in ["5", "6", "6", "9", "8"] {
            log = log.push(Some("k"), Some(&format!(r#"{{"v":{version}}}"#)));
        }
        log = log.push(Some("k"), None).push(Some("k"), Some(r#"{"v":9}"#));
        let log = log.done();
        let mapping =
            Mapping { version: vec![Selector::parse("value:/v").unwrap()], ..Mapping::default() };
        let events = history(log.iter().map(|record| (record, &mapping, Decoder::Json)));
        let versions: Vec<u64> = events.iter().map(|event| event.version).collect();
        assert_eq!(versions, [1, 2, 3, 4, 5, 6, 7]);
        let marked: Vec<_> = events.iter().map(|event| event.problems.first().cloned()).collect();
        let jump = |previous, found| Some(EventProblem::VersionOutOfOrder { previous, found });
        assert_eq!(marked, [None, None, jump(6, 6), jump(6, 9), jump(9, 8), None, None]);
    }
}
