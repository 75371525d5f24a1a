//! A step of the debugger kept as a test: the events of its partition up to there, those of all
//! where partitions share a state, and the state they must lead to.
//!
//! Promises: the test needs nothing but its file and the script; a step that cannot be kept is
//! refused in words.
//! Does not know: how tests are run (`foldback test`).

use std::path::Path;

use super::whole_file::write_whole;
use crate::model::may_take_long;
use crate::workspace::engine::{Outbox, State};
use crate::workspace::sandbox::{Expectation, Fixture, projection_from, row_of};
use crate::workspace::{DebugRun, Problem, SandboxKey};

/// How many events a test holds at most.
const EVENTS_MAX: usize = 10_000;

/// The test of a step.
fn fixture(run: &DebugRun, at: u64, projection: String) -> Result<Fixture, Problem> {
    let definition = run.trace.program().definition();
    let index = at.checked_sub(1);
    let place = index.and_then(|index| Some((index, row_of(&run.trace, &run.events, index)?)));
    let Some((index, row)) = place else {
        return Err(Problem::new("no state belongs to this step")
            .with_hint("go to an event that a handler took"));
    };
    let own: Vec<u64> = if definition.bi_state {
        // What partitions share may come from any event that a handler took.
        (0..at).filter(|index| run.trace.partition_name(*index).is_some()).collect()
    } else {
        run.trace.events_beside(index).iter().map(|index| u64::from(*index)).collect()
    };
    if EVENTS_MAX < own.len() {
        let words = format!("{} events led here, and a test holds {EVENTS_MAX}", own.len());
        return Err(Problem::new(words).with_hint("keep an earlier step, or one of an entity"));
    }
    let event = |index: &u64| run.events.get(usize::try_from(*index).ok()?).cloned();
    let events = own.iter().filter_map(event);
    let state = run.trace.states_around(index).map_err(|fault| Problem::new(fault.to_string()))?;
    Ok(Fixture {
        name: Some(format!(
            "{} after {} events",
            if row.is_empty() { "the state" } else { &row },
            own.len()
        )),
        projection,
        consumer: None,
        schedule: None,
        given: events.map(|event| (event, None)).collect(),
        expect: Expectation { states: vec![(row, state.after)], ..Expectation::default() },
    })
}

/// Writes the test of a step, and the script beside it where it has no file.
fn write(
    run: &DebugRun,
    at: u64,
    script: Option<&Path>,
    name: &str,
    path: &Path,
) -> Result<(), Problem> {
    may_take_long("writing a file");
    let folder = path.parent().unwrap_or(Path::new("."));
    let projection = match script {
        Some(script) => script.display().to_string(),
        None => name.to_owned(),
    };
    let mut fixture = fixture(run, at, projection)?;
    let failed = |error: std::io::Error| {
        Problem::new(format!("cannot write {}: {error}", path.display()))
            .with_hint("name another file")
    };
    if script.is_none() {
        write_whole(&folder.join(name), run.trace.program().source()).map_err(failed)?;
    } else {
        fs_err::create_dir_all(folder).map_err(failed)?;
        fixture.projection = projection_from(&fixture.projection, folder);
    }
    write_whole(path, &fixture.to_json()).map_err(failed)
}

impl State {
    /// Keeps the step the debugger stands at as a test in this file.
    pub(super) fn keep_step(&mut self, key: &SandboxKey, path: &Path) {
        let path = self.script_folder().join(path);
        let Some(open) = self.sandbox_mut(key) else { return };
        let Some(run) = open.debugger.run().cloned() else { return };
        let saved = open.view.text.as_deref() == Some(run.trace.program().source());
        let (at, script) = (open.view.debugger.at, open.view.file.clone());
        if script.is_some() && !saved {
            let words = Problem::new("the script that ran is not the one in its file");
            open.view.debugger.kept = Some(Err(words.with_hint("save it first")));
            return;
        }
        let name = open.view.key.script_name();
        let key = key.clone();
        let write =
            move |_: &Outbox| write(&run, at, script.as_deref(), &name, &path).map(|()| path);
        self.spawn("sandbox-file", None, write, move |state, written| {
            state.touch_urgently();
            if let Some(open) = state.sandbox_mut(&key) {
                open.view.debugger.kept = Some(written.flatten());
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Arc;

    use super::*;
    use crate::fold::{Program, Trace};
    use crate::model::{Cancel, Event};
    use crate::workspace::Permissions;
    use crate::workspace::sandbox::{EventList, FixtureReport, FixtureRun, event_of_json};

    /// A run of a script over five events of two orders.
    fn run(script: &str) -> DebugRun {
        let event = |offset: u32| {
            let key = if offset.is_multiple_of(2) { "a" } else { "b" };
            event_of_json(&format!(
                r#"{{"topic":"t","offset":{offset},"timestamp":{offset},"key":"{key}","type":"Add","value":{{"n":{offset},"by":"{key}{key}"}}}}"#
            ))
        };
        let events: Vec<Event> = (0..5).map(event).collect();
        let events = EventList::new(events.into(), HashMap::new());
        let program = Program::read("p.js", script).unwrap();
        let inputs = Arc::new(events.clone());
        let trace = Trace::record(&program, inputs, &Cancel::new(), &mut |_| {}).unwrap();
        DebugRun { trace: Arc::new(trace), events }
    }

    #[test]
    fn a_step_that_was_kept_passes_as_a_test_however_states_are_kept_apart() {
        let handlers = "when({ $init: () => ({ n: 0 }), Add(s, e) { s.n += e.body.n; } })";
        let shared = "when({ $init: () => ({ n: 0 }), $initShared: () => ({ all: 0 }), Add([own, all], e) { own.n += e.body.n; all.all++; return [own, all]; } })";
        for source in ["foreachStream()", "partitionBy(e => e.body.by)", "outputState()", "shared"]
        {
            let script = match source {
                "outputState()" => format!("fromAll().{handlers}"),
                "shared" => format!("fromAll().partitionBy(e => e.body.by).{shared}"),
                source => format!("fromAll().{source}.{handlers}"),
            };
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("kept/step.fixture.json");
            write(&run(&script), 4, None, "p.js", &path).unwrap();
            let report =
                FixtureReport::of(&path, FixtureRun::Check, None, &Permissions::default()).unwrap();
            assert!(report.passed(), "{source}: {:?}", report.differences);
            let text = fs_err::read_to_string(&path).unwrap();
            assert!(text.contains("\"expect\""), "{text}");
        }
    }

    #[test]
    fn a_step_without_a_state_is_refused() {
        let refused = fixture(&run("fromAll().when({ Other() {} })"), 2, "p.js".to_owned());
        assert_eq!(refused.unwrap_err().what, "no state belongs to this step");
    }
}
