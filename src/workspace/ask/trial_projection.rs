//! Which projection virtual consumers run, and which rows it writes.
//!
//! Promises: a projection is found by the same words on the command line and in fixtures; its rows
//! are the partitions of its states: entities, the names that a script gives, or one for
//! everything.
//! Does not know: histories, schedules.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use super::shared_state;
use crate::fold::{
    BUILTIN_NAMES, Fold, JavaScriptFold, Partitioning, Program, ProjectionInput, ProjectionRun,
    Share, builtin,
};
use crate::model::{EntityId, Event, Value};
use crate::sandbox::{GivenEvent, Source};
use crate::workspace::ask::fold_choice::{categories, is_script, program_in};
use crate::workspace::sandbox::EventList;
use crate::workspace::{Config, Failure};

/// How many events a script that names its partitions is asked about at a time.
const EVENTS_AT_ONCE: usize = 4096;

/// A projection for virtual consumers.
#[derive(Clone, Debug)]
pub struct Projection {
    /// What it makes of events.
    fold: Arc<dyn Fold>,
    /// The script, where it is one.
    script: Option<Program>,
    /// The category of each topic's streams, where it is not the topic itself.
    categories: HashMap<Arc<str>, Arc<str>>,
}

impl Projection {
    /// The projection of this name: a built-in fold, or a script whose path is relative to this
    /// folder. Streams have the categories that a workspace file names.
    ///
    /// # Errors
    /// `Usage` when there is none, or when the script cannot be read or understood.
    pub fn named(name: &str, folder: &Path, config: Option<&Config>) -> Result<Self, Failure> {
        let categories = categories(config);
        if let Some(fold) = builtin(name) {
            return Ok(Self { fold, script: None, categories });
        }
        if !is_script(name) {
            return Err(Failure::usage(format!("unknown projection `{name}`")).with_hint(format!(
                "there is: {}, or a script by its file, such as totals.js",
                BUILTIN_NAMES.join(", ")
            )));
        }
        let program = program_in(&folder.join(name))?;
        Ok(Self::of_program(program, config))
    }

    /// The projection of a script that was read. Streams have the categories that a workspace file
    /// names.
    pub fn of_program(program: Program, config: Option<&Config>) -> Self {
        let categories = categories(config);
        let fold = JavaScriptFold::new(program.clone(), categories.clone());
        Self { fold: Arc::new(fold), script: Some(program), categories }
    }

    /// What it makes of events.
    pub fn fold(&self) -> &Arc<dyn Fold> {
        &self.fold
    }

    /// The history of these events with the rows of this projection.
    ///
    /// # Errors
    /// When the script cannot be run.
    pub fn source(&self, events: Vec<Event>) -> Result<Source, Failure> {
        self.source_with_ids(events.into_iter().map(|event| (event, None)).collect())
    }

    /// The same of events whose ids are known better than their headers tell.
    ///
    /// # Errors
    /// As of `source`.
    pub fn source_with_ids(
        &self,
        events: Vec<(Event, Option<Arc<str>>)>,
    ) -> Result<Source, Failure> {
        let rows = match &self.script {
            None => events.iter().map(|(event, _)| event.entity.clone()).collect(),
            Some(script) => self.rows_of_script(script, &events)?,
        };
        let given = |((event, id), row)| GivenEvent { row, id, event };
        Ok(Source::new(events.into_iter().zip(rows).map(given).collect()))
    }

    /// The states of all rows after these events, where the script's partitions share a state; none
    /// where each row can be folded by itself.
    pub(in crate::workspace) fn states_with_shared(
        &self,
        events: Vec<Event>,
    ) -> Option<Result<Vec<(String, Value)>, Failure>> {
        let script = self.script.as_ref().filter(|script| script.definition().bi_state)?;
        let events = EventList::new(events.into(), self.categories.clone());
        let states = shared_state::states(script, &events);
        Some(states.map_err(|fault| Failure::usage_error(&fault)))
    }

    /// The row of each event: none where the script does not take it.
    fn rows_of_script(
        &self,
        script: &Program,
        events: &[(Event, Option<Arc<str>>)],
    ) -> Result<Vec<Option<EntityId>>, Failure> {
        let definition = script.definition();
        let inputs = events.iter().map(|(event, _)| self.input(event));
        Ok(match definition.partition {
            Partitioning::By => named_rows(script, &inputs.collect::<Vec<_>>())?,
            Partitioning::Stream => inputs
                .map(|input| definition.takes_source(&input).then_some(input.entity).flatten())
                .collect(),
            Partitioning::None => inputs
                .map(|input| definition.takes_source(&input).then(|| EntityId::new("")))
                .collect(),
        })
    }

    /// An event as a script is given it.
    fn input(&self, event: &Event) -> ProjectionInput {
        let topic = &event.position.topic;
        ProjectionInput::of_event(event, self.categories.get(topic).unwrap_or(topic))
    }
}

/// The partition that a script names for each event. An event that its handler fails on is one of
/// its entity.
fn named_rows(
    script: &Program,
    inputs: &[ProjectionInput],
) -> Result<Vec<Option<EntityId>>, Failure> {
    let start =
        || ProjectionRun::new(script, Share::ALL).map_err(|fault| Failure::usage_error(&fault));
    let mut run = start()?;
    let mut rows = Vec::with_capacity(inputs.len());
    for batch in inputs.chunks(EVENTS_AT_ONCE) {
        let batch: Arc<[ProjectionInput]> = batch.into();
        for (at, input) in batch.iter().enumerate() {
            let row = match run.apply(rows.len() as u64, &batch, at) {
                Ok(touched) => touched.map(|partition| EntityId::new(run.name(partition))),
                Err(_failed) => {
                    run = start()?;
                    input.entity.clone()
                }
            };
            rows.push(row);
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::event_json;

    /// The rows that a script writes over four events of two accounts and a record without a key.
    fn rows(script: &str) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        fs_err::write(folder.path().join("p.js"), script).unwrap();
        let projection = Projection::named("p.js", folder.path(), None).unwrap();
        let event = |(offset, key, kind): (i64, &str, &str)| {
            let text = format!(
                r#"{{"topic":"bank","offset":{offset},"timestamp":{offset},"key":{key},
                    "type":"{kind}","value":{{"branch":{}}}}}"#,
                offset % 2
            );
            event_json::read(&text).unwrap().0
        };
        let events = [
            (0, r#""a""#, "Opened"),
            (1, r#""b""#, "Opened"),
            (2, "null", "Opened"),
            (3, r#""a""#, "Closed"),
        ];
        let source = projection.source(events.into_iter().map(event).collect()).unwrap();
        let row =
            |given: &GivenEvent| given.row.as_ref().map_or("-".to_owned(), ToString::to_string);
        source.events().iter().map(row).collect()
    }

    #[test]
    fn the_rows_of_a_script_are_the_partitions_of_its_states() {
        let handlers = "when({ Opened: (s, e) => { s.n = 1; } })";
        assert_eq!(rows(&format!("fromAll().foreachStream().{handlers}")), ["a", "b", "-", "a"]);
        assert_eq!(rows(&format!("fromAll().{handlers}")), ["", "", "", ""]);
        let by = format!("fromAll().partitionBy(e => e.body.branch).{handlers}");
        assert_eq!(rows(&by), ["0", "1", "0", "-"], "nobody handles `Closed`");
        assert_eq!(rows(&format!("fromCategory('shop').{handlers}")), ["-", "-", "-", "-"]);
        let throws = "fromAll().partitionBy(e => e.body.branch).when({ Opened() { throw 1; } })";
        assert_eq!(rows(throws), ["a", "b", "-", "-"], "a poison pill stays one of its entity");
    }

    #[test]
    fn a_script_that_is_not_there_or_not_understood_is_refused_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let refused = |name: &str| {
            Projection::named(name, folder.path(), None).unwrap_err().problem.to_string()
        };
        assert!(refused("sum").contains("hint: there is: merge"), "{}", refused("sum"));
        assert!(refused("missing.js").contains("missing.js"), "{}", refused("missing.js"));
        fs_err::write(folder.path().join("bad.js"), "fromAll()\n  .when({").unwrap();
        assert!(refused("bad.js").contains("bad.js:2:"), "{}", refused("bad.js"));
    }
}
