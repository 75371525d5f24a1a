//! What-if branches: making and changing them, and keeping them beside the script from one start to
//! the next.
//!
//! Promises: a branch is shown over the events it was made on and no others; every change is
//! written at once, away from the engine's thread; a file that cannot be read is never written
//! over.
//! Does not know: how a branch is run (`debugger`), or the format of its file
//! (`workspace::sandbox`).

use std::sync::Arc;

use super::super::pool::TaskKey;
use super::SandboxEvents;
use super::debugger::Debugger;
use super::kept_branches::{Branch, Restored, write_branches};
use crate::workspace::engine::{Outbox, State};
use crate::workspace::sandbox::{Edit, KeptBranch, KeptEdit};
use crate::workspace::{Problem, SandboxKey};

impl Debugger {
    /// What the branches of these events are found among, where they are not those shown; these are
    /// put aside then.
    pub(super) fn wanted_over(
        &mut self,
        events: &Arc<SandboxEvents>,
    ) -> Option<Vec<Arc<KeptBranch>>> {
        if self.over.as_ref().is_some_and(|over| Arc::ptr_eq(over, events)) {
            return None;
        }
        let shown = self.shown_as_kept();
        self.kept.aside.extend(shown.into_iter().map(Arc::new));
        self.branches.truncate(1);
        self.current = 0;
        self.over = None;
        Some(self.kept.aside.clone())
    }

    /// Shows branches that were found again.
    pub(super) fn show_restored(&mut self, restored: Restored) {
        let Restored { events, branches, problem } = restored;
        self.over = Some(events);
        self.file_problem = problem.or(self.file_problem.take());
        let is_shown =
            |kept: &Arc<KeptBranch>| branches.iter().any(|(own, _)| Arc::ptr_eq(own, kept));
        self.kept.aside.retain(|kept| !is_shown(kept));
        self.branches.extend(branches.into_iter().map(|(_, branch)| branch));
    }

    /// The branches shown, as they are kept.
    fn shown_as_kept(&self) -> Vec<KeptBranch> {
        let Some(over) = &self.over else { return Vec::new() };
        let kept =
            |branch: &Branch| KeptBranch::new(&branch.name, &over.choice, branch.kept.clone());
        self.branches.iter().skip(1).map(kept).collect()
    }

    /// A name that no branch over these events has.
    fn free_name(&self) -> Arc<str> {
        let is_free = |name: &String| self.branches.iter().all(|branch| *branch.name != **name);
        let names = (1..=self.branches.len()).map(|number| format!("what-if {number}"));
        names.into_iter().find(is_free).unwrap_or_else(|| "what-if".to_owned()).into()
    }
}

impl State {
    /// The branches of a script were read, or could not be.
    pub(super) fn branches_read(
        &mut self,
        key: &SandboxKey,
        read: Result<Vec<KeptBranch>, Problem>,
    ) {
        let Some(open) = self.sandbox_mut(key) else { return };
        let debugger = &mut open.debugger;
        debugger.kept.unread = read.is_err();
        match read {
            Ok(branches) => debugger.kept.aside.extend(branches.into_iter().map(Arc::new)),
            Err(problem) => debugger.file_problem = Some(problem),
        }
        open.show_debugger();
    }

    /// Writes the branches of a sandbox beside its script, where it has a file.
    pub(super) fn keep_branches(&mut self, key: &SandboxKey) {
        let Some(open) = self.sandbox_mut(key) else { return };
        let debugger = &open.debugger;
        let Some(script) = open.view.file.clone().filter(|_| !debugger.kept.unread) else { return };
        let aside = debugger.kept.aside.iter().map(|kept| KeptBranch::clone(kept));
        let branches: Vec<KeptBranch> = aside.chain(debugger.shown_as_kept()).collect();
        let (key, task_key) = (key.clone(), TaskKey::Branches(key.clone()));
        let write = move || {
            write_branches(&script, branches).map_err(|error| {
                Problem::from_error(&error)
                    .with_hint("the branches are kept until the sandbox is closed")
            })
        };
        self.work_out(task_key, write, move |state, written| {
            let Some(open) = state.sandbox_mut(&key) else { return };
            open.debugger.file_problem = written.flatten().err();
            open.show_debugger();
            state.touch_urgently();
        });
    }

    /// Changes the events of the branch in front; those of the log in a new branch.
    pub(super) fn edit_events(&mut self, key: &SandboxKey, edit: Edit) {
        let Some(open) = self.sandbox_mut(key) else { return };
        let debugger = &mut open.debugger;
        let Some(run) = debugger.run() else { return };
        if debugger.over.is_none() {
            let problem = Problem::new("these events are not those that are chosen any more");
            open.view.debugger.problem =
                Some(problem.with_hint("run the projection over those first"));
            return;
        }
        let (run, of_run, key) = (Arc::clone(run), Arc::clone(run), key.clone());
        let make = move |_: &Outbox| -> Result<_, Problem> {
            run.events.edited(&edit)?;
            let kept = KeptEdit::new(&edit, &run.events);
            let words: Arc<str> = edit.words(&run.events).into();
            Ok((edit, words, kept))
        };
        self.spawn("sandbox-edit", None, make, move |state, made| {
            state.touch_urgently();
            let Some(open) = state.sandbox_mut(&key) else { return };
            // Where another run is in front by now, the events are not those that were meant.
            match made.flatten() {
                Ok(made) if open.debugger.run().is_some_and(|own| Arc::ptr_eq(own, &of_run)) => {
                    state.add_edit(&key, made);
                }
                Ok(_of_another_run) => {}
                Err(problem) => open.view.debugger.problem = Some(problem),
            }
        });
    }

    /// Adds a change to the branch in front; to a new one where that is the log.
    fn add_edit(&mut self, key: &SandboxKey, (edit, words, kept): (Edit, Arc<str>, KeptEdit)) {
        let Some(open) = self.sandbox_mut(key) else { return };
        let debugger = &mut open.debugger;
        if debugger.current == 0 {
            let name = debugger.free_name();
            debugger.branches.push(Branch { name, ..Branch::default() });
            debugger.current = debugger.branches.len() - 1;
        }
        let branch = &mut debugger.branches[debugger.current];
        branch.edits.push((edit, words));
        branch.kept.push(kept);
        self.keep_branches(key);
        self.run_branch_in_front(key);
    }

    /// Takes the last change of the branch in front back.
    pub(super) fn undo_edit(&mut self, key: &SandboxKey) {
        let Some(open) = self.sandbox_mut(key) else { return };
        let Some(branch) = open.debugger.branches.get_mut(open.debugger.current) else { return };
        if branch.edits.pop().is_some() {
            branch.kept.pop();
            self.keep_branches(key);
            self.run_branch_in_front(key);
        }
    }

    /// Brings a branch to the front.
    pub(super) fn select_branch(&mut self, key: &SandboxKey, number: usize) {
        let Some(open) = self.sandbox_mut(key) else { return };
        if open.debugger.branches.len() <= number {
            return;
        }
        open.debugger.current = number;
        let Some(run) = open.debugger.run() else { return self.run_branch_in_front(key) };
        let at = open.view.debugger.at.min(run.len());
        self.go_to_step(key, at);
        self.watch_all(key);
    }

    /// Gives a branch another name. The log keeps its own.
    pub(super) fn rename_branch(&mut self, key: &SandboxKey, number: usize, name: Arc<str>) {
        let Some(open) = self.sandbox_mut(key) else { return };
        if let Some(branch) = open.debugger.branches.get_mut(number).filter(|_| 0 < number) {
            branch.name = name;
            open.show_debugger();
            self.keep_branches(key);
        }
    }

    /// Forgets a branch. The log stays.
    pub(super) fn remove_branch(&mut self, key: &SandboxKey, number: usize) {
        let Some(open) = self.sandbox_mut(key) else { return };
        if 0 < number && number < open.debugger.branches.len() {
            open.debugger.branches.remove(number);
            self.keep_branches(key);
            self.select_branch(key, 0);
        }
    }
}
