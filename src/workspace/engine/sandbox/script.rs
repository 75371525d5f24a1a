//! The scripts of sandboxes: finding, reading, checking and writing them.
//!
//! Promises: a file is written whole or not at all; a script that loops at its start is stopped by
//! its own limits, away from the engine's thread.
//! Does not know: events.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::pool::TaskKey;
use super::kept_branches::read_branches;
use super::whole_file::write_whole;
use crate::fold::{Fault, Program};
use crate::kafka::read_small_text;
use crate::model::may_take_long;
use crate::workspace::engine::{Outbox, State};
use crate::workspace::sandbox::demo_chapter::DASHBOARD_SCRIPT;
use crate::workspace::{Fetch, Problem, SandboxKey, ScriptFile};

/// What a new script says.
const NEW_SCRIPT: &str = include_str!("new_projection.js");

/// How deep below the workspace's folder scripts are looked for.
const FOLDERS_DEEP: usize = 3;

/// How many scripts are listed.
const SCRIPTS_MAX: usize = 500;

/// Folders that no scripts are looked for in.
const SKIPPED_FOLDERS: [&str; 2] = ["node_modules", "target"];

/// The scripts in and below a folder, by name.
fn scripts_in(folder: &Path) -> io::Result<Vec<ScriptFile>> {
    may_take_long("looking for files");
    let mut found = Vec::new();
    let mut folders = vec![(folder.to_owned(), 0)];
    while let Some((inside, depth)) = folders.pop() {
        for entry in fs_err::read_dir(&inside)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = entry.path();
            if name.starts_with('.') || SCRIPTS_MAX <= found.len() {
                continue;
            }
            if entry.file_type()?.is_dir() {
                if depth < FOLDERS_DEEP && !SKIPPED_FOLDERS.contains(&&*name) {
                    folders.push((path, depth + 1));
                }
            } else if path.extension().is_some_and(|ending| ending == "js") {
                let name = path.strip_prefix(folder).unwrap_or(&path).display().to_string().into();
                found.push(ScriptFile { name, path });
            }
        }
    }
    found.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(found)
}

impl State {
    /// The folder that scripts are in: that of the workspace file, else the one the program was
    /// started in.
    pub(super) fn script_folder(&self) -> PathBuf {
        let config = self.options.config.as_ref();
        config.map_or_else(|| PathBuf::from("."), |config| config.folder().to_owned())
    }

    /// Looks for the scripts of the workspace.
    pub(crate) fn find_scripts(&mut self) {
        self.view.scripts = std::mem::take(&mut self.view.scripts).asked_again();
        let folder = self.script_folder();
        let find =
            move |_: &Outbox| scripts_in(&folder).map_err(|error| Problem::from_error(&error));
        self.spawn("scripts", None, find, |state, found| {
            let scripts = std::mem::take(&mut state.view.scripts);
            state.view.scripts = match found.flatten() {
                Ok(found) => Fetch::Ready(found.into()),
                Err(problem) => scripts.failed(problem),
            };
        });
    }

    /// Reads the script that a sandbox is opened with, and runs it.
    pub(super) fn load_script(&mut self, key: &SandboxKey) {
        let path = match key {
            SandboxKey::New(_) => return self.script_loaded(key, NEW_SCRIPT.into(), false),
            SandboxKey::Demo => return self.script_loaded(key, DASHBOARD_SCRIPT.into(), true),
            SandboxKey::File(path) => path.clone(),
        };
        let key = key.clone();
        let read = move |_: &Outbox| -> Result<_, Problem> {
            let text = read_small_text(&path).map_err(|error| Problem::from_error(&error))?;
            Ok((text, read_branches(&path)))
        };
        self.spawn("script", None, read, move |state, read| match read.flatten() {
            Ok((text, branches)) => {
                state.branches_read(&key, branches);
                state.script_loaded(&key, text.into(), true);
            }
            Err(problem) => {
                if let Some(open) = state.sandbox_mut(&key) {
                    open.view.file_problem = Some(problem);
                    open.view.text = Some("".into());
                }
            }
        });
    }

    /// The script that a sandbox is opened with was read.
    fn script_loaded(&mut self, key: &SandboxKey, text: Arc<str>, run: bool) {
        let Some(open) = self.sandbox_mut(key) else { return };
        open.view.text = Some(Arc::clone(&text));
        let has_history = !open.view.history.topics.is_empty();
        self.check_script(key, text, run || has_history);
    }

    /// Checks a script, and runs it if that is wanted and nothing is wrong with it.
    pub(super) fn check_script(&mut self, key: &SandboxKey, text: Arc<str>, run: bool) {
        let Some(open) = self.sandbox_mut(key) else { return };
        open.checks.0 += 1;
        let number = open.checks.0;
        open.run_wanted |= run;
        let name = Arc::clone(&open.view.name);
        let key = key.clone();
        let task_key = TaskKey::Script(key.clone());
        let script = Arc::clone(&name);
        self.work_out(
            task_key,
            move || Program::read(&name, &text),
            move |state, read| {
                let broken = |problem: Problem| {
                    let message = problem.cause.unwrap_or(problem.what);
                    Fault { script, message, place: None }
                };
                state.script_checked(&key, number, read.map_err(broken).flatten());
            },
        );
    }

    /// What is wrong with a script is known, or that nothing is.
    fn script_checked(&mut self, key: &SandboxKey, number: u64, read: Result<Program, Fault>) {
        let Some(open) = self.sandbox_mut(key) else { return };
        if number != open.checks.0 {
            return; // Another text is being checked already.
        }
        open.checks.1 = number;
        match read {
            Ok(program) => {
                open.view.definition = Some(Arc::new(program.definition().clone()));
                open.view.fault = None;
                open.program = Some(program);
            }
            Err(fault) => {
                open.view.fault = Some(Arc::new(fault));
                open.program = None;
                open.run_wanted = false;
            }
        }
        self.run_sandbox(key);
        self.touch_urgently();
    }

    /// Writes a script into its file, or into this one, and runs it.
    pub(super) fn save_script(&mut self, key: &SandboxKey, path: Option<PathBuf>, text: Arc<str>) {
        let folder = self.script_folder();
        let Some(open) = self.sandbox_mut(key) else { return };
        let named = path.or_else(|| open.view.file.clone());
        let path = folder.join(named.unwrap_or_else(|| open.view.key.script_name().into()));
        let is_new = open.view.file.as_ref() != Some(&path);
        let key = key.clone();
        let (file, written) = (path.clone(), Arc::clone(&text));
        let write = move |_: &Outbox| -> Result<_, Problem> {
            write_whole(&file, &written).map_err(|error| {
                let what = Problem::new(format!("cannot write {}: {error}", file.display()));
                what.with_hint("name another file beside it")
            })?;
            // Another script's file may have branches beside it already; they stay, and those of
            // this one join them.
            Ok(is_new.then(|| read_branches(&file)))
        };
        self.spawn("script", None, write, move |state, written| {
            let (written, branches) = match written.flatten() {
                Ok(branches) => (Ok(()), branches),
                Err(problem) => (Err(problem), None),
            };
            state.script_saved(&key, path, text, written);
            if let Some(branches) = branches {
                state.branches_read(&key, branches);
                state.keep_branches(&key);
            }
        });
    }

    /// A script was written, or could not be.
    fn script_saved(
        &mut self,
        key: &SandboxKey,
        path: PathBuf,
        text: Arc<str>,
        written: Result<(), Problem>,
    ) {
        let Some(open) = self.sandbox_mut(key) else { return };
        match written {
            Ok(()) => {
                open.view.file_problem = None;
                open.view.name = SandboxKey::File(path.clone()).script_name().into();
                open.view.file = Some(path);
                open.view.text = Some(Arc::clone(&text));
                self.check_script(key, text, true);
                self.find_scripts();
            }
            Err(problem) => open.view.file_problem = Some(problem),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_found_below_the_folder_but_not_where_packages_are() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.js", "a/c.js", "node_modules/x.js", ".git/y.js", "notes.txt"] {
            write_whole(&folder.path().join(name), "").unwrap();
        }
        let names: Vec<_> =
            scripts_in(folder.path()).unwrap().into_iter().map(|script| script.name).collect();
        assert_eq!(names, [Arc::from("a/c.js"), Arc::from("b.js")]);
    }

    #[test]
    fn a_script_that_is_written_takes_the_place_of_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/totals.js");
        write_whole(&path, "one").unwrap();
        write_whole(&path, "two").unwrap();
        assert_eq!(fs_err::read_to_string(&path).unwrap(), "two");
        let files = fs_err::read_dir(path.parent().unwrap()).unwrap().count();
        assert_eq!(files, 1, "nothing is left aside");
    }

    #[test]
    fn a_new_script_can_be_run_as_it_is() {
        let program = Program::read("new.js", NEW_SCRIPT).unwrap();
        assert!(program.definition().all, "it takes whatever events were chosen");
    }
}
