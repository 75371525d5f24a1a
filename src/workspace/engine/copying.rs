//! What is copied that only the engine has whole: records and events.
//!
//! Promises: worked out away from the engine's own thread; what is not in memory any more, and what
//! is too much for a clipboard, is said and never left out in silence.
//! Does not know: the clipboard.

use std::sync::Arc;

use super::State;
use super::folded_history::FoldedHistory;
use super::pool::TaskKey;
use crate::evidence::{CopiedEvent, CopiedRecord, events_text, records_text};
use crate::model::{Position, RecordRef};
use crate::partition_log::LogSnapshot;
use crate::workspace::{Copied, CopyForm, CopyWhat, EntityKey, NoticeLevel, Problem, TopicMapping};

/// How many records or events are copied at most.
const LINES_MAX: usize = 100_000;

/// What was copied, in words and as text.
type Result = std::result::Result<(String, String), Problem>;

impl State {
    /// Copies something; the next snapshot brings it.
    pub(crate) fn copy(&mut self, what: CopyWhat, form: CopyForm) {
        match what {
            CopyWhat::Records(positions) => self.copy_records(positions, form),
            CopyWhat::Events(key, versions) => self.copy_events(key, versions, form),
        }
    }

    /// Copies records of what is open.
    fn copy_records(&mut self, positions: Vec<Position>, form: CopyForm) {
        let Some(topic) = positions.first().map(|position| Arc::clone(&position.topic)) else {
            return;
        };
        let Some(way) = self.mapping_for(&topic) else {
            self.notify(NoticeLevel::Error, undecided(&topic));
            return;
        };
        let logs = self
            .topics
            .iter()
            .map(|open| open.log())
            .chain(self.entities.iter().map(|open| open.log()));
        let logs: Vec<LogSnapshot> = logs.collect();
        self.copy_what_is_worked_out(move || {
            check_size(positions.len())?;
            let records: Vec<_> = positions
                .iter()
                .map(|position| {
                    let mut found = logs.iter().filter_map(|log| log.record(log.find(position)?));
                    found.next().ok_or_else(|| gone(position))
                })
                .collect::<std::result::Result<_, _>>()?;
            let facts: Vec<_> = records.iter().map(|record| facts(record.get(), &way)).collect();
            let lines: Vec<_> = records
                .iter()
                .zip(&facts)
                .map(|(record, (decoded, event_type, entity))| CopiedRecord {
                    record: record.get(),
                    decoded: decoded.clone(),
                    event_type,
                    entity: entity.clone(),
                })
                .collect();
            Ok((counted(lines.len(), "record"), records_text(&lines, form)))
        });
    }

    /// Copies events of an open entity.
    fn copy_events(&mut self, key: EntityKey, versions: Vec<u64>, form: CopyForm) {
        let open = self.entities.iter().find(|entity| entity.view.key == key);
        let Some(history) = open.and_then(|open| open.history.clone()) else { return };
        self.copy_what_is_worked_out(move || events(&history, &key, &versions, form));
    }

    /// Works out what is copied, and puts it into the next snapshot.
    fn copy_what_is_worked_out(&mut self, work: impl FnOnce() -> Result + Send + 'static) {
        self.work_out(TaskKey::Copy, work, |state, worked_out| {
            match worked_out.flatten() {
                Ok((what, text)) => {
                    let number = state.view.copied.as_ref().map_or(0, |last| last.number) + 1;
                    let copied = Copied { number, what: what.into(), text: text.into() };
                    state.view.copied = Some(Arc::new(copied));
                }
                Err(problem) => state.notify(NoticeLevel::Error, problem),
            }
            state.touch_urgently();
        });
    }
}

/// Events of a history as text.
fn events(history: &FoldedHistory, key: &EntityKey, versions: &[u64], form: CopyForm) -> Result {
    let last = history.places.len() as u64;
    let versions = if versions.is_empty() { (1..=last).collect() } else { versions.to_vec() };
    let mut history = history.lock();
    check_size(versions.len())?;
    let changes: Vec<_> = versions.iter().map(|version| history.changes_of(*version)).collect();
    let lines: Vec<_> = versions
        .iter()
        .zip(changes)
        .filter_map(|(version, changes)| {
            let (event, not_taken) = (history.event(*version)?, history.not_taken(*version));
            Some(CopiedEvent { entity: &key.entity, event, changes, not_taken })
        })
        .collect();
    let what = format!("{} of {}", counted(lines.len(), "event"), key.entity);
    Ok((what, events_text(&lines, form)))
}

/// What is known of a record that is read like this: its value, its type, its entity.
fn facts(
    record: RecordRef<'_>,
    TopicMapping { mapping, decoder, .. }: &TopicMapping,
) -> (crate::model::Decoded, Arc<str>, Option<crate::model::EntityId>) {
    let decoded = decoder.decode(record.value());
    let event_type = mapping.event_type(record, &decoded);
    (decoded, event_type, mapping.entity_of(record))
}

/// Refuses what no clipboard should hold.
fn check_size(lines: usize) -> std::result::Result<(), Problem> {
    if lines <= LINES_MAX {
        return Ok(());
    }
    let problem = Problem::new(format!("{lines} lines are too many to copy"));
    Err(problem.with_hint("copy at most 100,000, or write them into a file: foldback scan --json"))
}

/// Says that it is not known yet how the records of a topic are read.
fn undecided(topic: &str) -> Problem {
    let problem = Problem::new(format!("records of {topic} cannot be copied yet"));
    problem.with_hint("wait until it is known how they are read")
}

/// Says that a record is not in memory.
fn gone(position: &Position) -> Problem {
    let problem =
        Problem::new(format!("{position} cannot be copied: it is not in memory any more"));
    problem.with_hint("read the topic again from an offset before it")
}

/// A number of things in words.
fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
