//! A run being stepped through: one moment of it, and what is kept of it in files.
//!
//! Promises: a moment is worked out away from the engine's thread, and only the newest one that was
//! asked for; a file is written whole or not at all.
//! Does not know: how runs are made.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::comparison::{Shown, compare_rows};
use super::super::pool::TaskKey;
use super::whole_file::write_whole;
use crate::sandbox::{Invariant, Recording};
use crate::workspace::engine::{Outbox, State};
use crate::workspace::sandbox::{KeptRun, MomentView, projection_from};
use crate::workspace::{NoticeLevel, Problem, SandboxKey};

impl State {
    /// Shows the run after this many steps.
    pub(super) fn go_to_moment(&mut self, key: &SandboxKey, steps: usize) {
        let Some(open) = self.sandbox_mut(key) else { return };
        let row = open.view.trial.moment.as_ref().and_then(|moment| moment.row);
        self.show_moment(key, steps, row);
    }

    /// Shows the row with this number.
    pub(super) fn show_row(&mut self, key: &SandboxKey, row: usize) {
        let Some(open) = self.sandbox_mut(key) else { return };
        let steps = open.view.trial.moment.as_ref().map_or(0, |moment| moment.steps);
        self.show_moment(key, steps, Some(row));
    }

    /// Shows the row with this name, or the first whose name contains it.
    pub(super) fn find_row(&mut self, key: &SandboxKey, name: &str) {
        let Some(open) = self.sandbox_mut(key) else { return };
        let Some(recording) = &open.trial.recording else { return };
        let rows = || recording.rows().iter().map(ToString::to_string);
        let found = rows().position(|row| row == name);
        if let Some(row) = found.or_else(|| rows().position(|row| row.contains(name))) {
            self.show_row(key, row);
        }
    }

    /// Works out the run after this many steps with the states of a row.
    pub(super) fn show_moment(&mut self, key: &SandboxKey, steps: usize, row: Option<usize>) {
        let Some(open) = self.sandbox_mut(key) else { return };
        let Some(recording) = open.trial.recording.clone() else { return };
        let (key, task_key) = (key.clone(), TaskKey::Moment(key.clone()));
        let of_run = Arc::clone(&recording);
        let show = move || {
            let (moment, (shown, correct)) = MomentView::new(&recording, steps, row);
            (moment, compare_rows(&shown, &correct, Shown::All))
        };
        self.work_out(task_key, show, move |state, shown| {
            state.touch_urgently();
            let (moment, rows) = match shown {
                Ok(shown) => shown,
                Err(problem) => return state.notify(NoticeLevel::Error, problem),
            };
            let Some(open) = state.sandbox_mut(&key) else { return };
            let recording = open.trial.recording.as_ref();
            if recording.is_some_and(|current| Arc::ptr_eq(current, &of_run)) {
                open.view.trial.moment = Some(Arc::new(moment));
                open.view.trial.row = rows.into();
            }
        });
    }

    /// Writes the schedule of the run into this file.
    pub(super) fn save_schedule(&mut self, key: &SandboxKey, path: &Path) {
        let Some(open) = self.sandbox_mut(key) else { return };
        let Some(recording) = open.trial.recording.clone() else { return };
        self.write(key, path, move |_| Ok(format!("{}\n", recording.schedule().to_json())));
    }

    /// Writes the run into this file as a test.
    pub(super) fn save_test(&mut self, key: &SandboxKey, path: &Path) {
        let Some(open) = self.sandbox_mut(key) else { return };
        let trial = open.trial.trial.clone();
        let (Some(recording), Some(trial)) = (open.trial.recording.clone(), trial) else { return };
        let script = open.view.file.clone();
        let name = open.view.key.script_name();
        let source: Arc<str> = trial.script().into();
        self.write(key, path, move |path| {
            let folder = path.parent().unwrap_or(Path::new("."));
            let projection = if let Some(script) = script {
                projection_from(&script.display().to_string(), folder)
            } else {
                // A script without a file gets one beside the test.
                write_whole(&folder.join(&name), &source)?;
                name
            };
            Ok(fixture(&trial.trial, &recording, projection))
        });
    }

    /// Writes a file on a thread of its own; what came of it is told beside the run.
    fn write(
        &mut self,
        key: &SandboxKey,
        path: &Path,
        text: impl FnOnce(&Path) -> io::Result<String> + Send + 'static,
    ) {
        let path: PathBuf = self.script_folder().join(path);
        let key = key.clone();
        let write = move |_: &Outbox| {
            let written = text(&path).and_then(|text| write_whole(&path, &text));
            written.map_err(|error| {
                let what = format!("cannot write {}: {error}", path.display());
                Problem::new(what).with_hint("name another file")
            })?;
            Ok(path)
        };
        self.spawn("sandbox-file", None, write, move |state, written| {
            state.touch_urgently();
            if let Some(open) = state.sandbox_mut(&key) {
                open.view.trial.written = Some(written.flatten());
            }
        });
    }
}

/// A run as the text of a test. One that broke nothing is expected to show what it showed.
fn fixture(trial: &crate::sandbox::Trial, recording: &Recording, projection: String) -> String {
    let outcome = recording.outcome();
    let broken: Vec<Invariant> =
        outcome.counterexamples.iter().map(|found| found.invariant).collect();
    let run = KeptRun {
        trial,
        consumer: recording.consumer(),
        schedule: recording.schedule(),
        broken: &broken,
    };
    let mut fixture = run.fixture(projection);
    if broken.is_empty() {
        let states = recording.final_states();
        fixture.expect.states =
            states.map(|(row, state)| (row.to_string(), state.clone())).collect();
    }
    fixture.to_json()
}
