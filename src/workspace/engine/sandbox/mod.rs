//! The open sandboxes: a script, the events it is given, and what is made of both.
//!
//! Promises: nothing here waits: files are read, scripts checked and run on other threads; what is
//! asked anew replaces what runs; the answer to a question that was replaced is dropped.
//! Does not know: what a step, a matrix or a schedule looks like; each has a file of its own.
//!
//! What a part works on is [`OpenSandbox::ready`]: a program and events, both immutable and shared.

mod branches;
mod comparison;
mod debugger;
mod kept_branches;
mod moment;
mod sandbox_events;
mod script;
mod step_test;
mod trial;
mod watches;
mod whole_file;

use std::sync::Arc;

use self::debugger::Debugger;
pub(crate) use self::sandbox_events::SandboxEvents;
use self::trial::TrialWork;
use super::State;
use crate::fold::Program;
use crate::model::Cancel;
use crate::workspace::{
    EntityConfig, HistoryChoice, JobId, SandboxCommand, SandboxKey, SandboxView, TopicReport,
};

/// An open sandbox.
#[derive(Debug)]
pub(crate) struct OpenSandbox {
    /// What the window sees.
    pub(crate) view: SandboxView,
    /// The program of the text that was checked last, unless something is wrong with it.
    pub(crate) program: Option<Program>,
    /// The events that were read last.
    pub(crate) events: Option<Arc<SandboxEvents>>,
    /// Whether a run waits for its program or its events.
    run_wanted: bool,
    /// The number of the check that was asked for last, and of the one that ended last.
    checks: (u64, u64),
    /// The debugger.
    pub(super) debugger: Debugger,
    /// The job that reads or runs, and its switch.
    running: Option<(JobId, Cancel)>,
    /// What virtual consumers are tried with.
    trial: TrialWork,
}

/// What the parts of a sandbox work on.
#[derive(Clone, Debug)]
pub(crate) struct Ready {
    /// The script.
    pub(crate) program: Program,
    /// The events.
    pub(crate) events: Arc<SandboxEvents>,
}

impl OpenSandbox {
    /// A sandbox of which nothing is known yet.
    fn new(key: SandboxKey, history: HistoryChoice) -> Self {
        Self {
            view: SandboxView::new(key, history),
            program: None,
            events: None,
            run_wanted: false,
            checks: (0, 0),
            debugger: Debugger::default(),
            running: None,
            trial: TrialWork::default(),
        }
    }

    /// A program and the events that are chosen, once both are there.
    pub(crate) fn ready(&self) -> Option<Ready> {
        let events = self.events.clone().filter(|events| events.choice == self.view.history)?;
        Some(Ready { program: self.program.clone()?, events })
    }

    /// Whether the program is being read.
    pub(super) fn is_checking(&self) -> bool {
        self.checks.0 != self.checks.1
    }

    /// Throws the switch of what runs.
    fn stop(&mut self) {
        self.run_wanted = false;
        if let Some((_, cancel)) = &self.running {
            cancel.cancel();
        }
    }

    /// From now on this job runs; the one before is stopped.
    fn started(&mut self, job: JobId, cancel: Cancel) {
        if let Some((_, before)) = self.running.replace((job, cancel)) {
            before.cancel();
        }
        self.view.job = Some(job);
    }

    /// This job has ended. Says whether it was the one that counts.
    fn ended(&mut self, job: JobId) -> bool {
        let is_current = self.running.as_ref().is_some_and(|(running, _)| *running == job);
        if is_current {
            self.running = None;
            self.view.job = None;
        }
        is_current
    }
}

/// The topics that a program names as its sources, among those there are.
fn topics_of(
    program: &Program,
    topics: &[TopicReport],
    entities: &[EntityConfig],
) -> Vec<Arc<str>> {
    let definition = program.definition();
    let stream_category = |stream: &Arc<str>| -> Vec<Arc<str>> {
        let name = stream.strip_prefix("$ce-").unwrap_or(stream);
        let cuts = name.match_indices('-').filter_map(|(at, _)| name.get(..at));
        cuts.chain([name]).map(Arc::from).collect()
    };
    let categories = definition.categories.iter().cloned();
    let named: Vec<Arc<str>> =
        categories.chain(definition.streams.iter().flat_map(stream_category)).collect();
    let of_entity = |name: &Arc<str>| {
        let entity = entities.iter().find(|entity| *entity.name == **name);
        entity.map(|entity| entity.topics.clone()).unwrap_or_default()
    };
    let wanted: Vec<String> = named
        .iter()
        .flat_map(|name| of_entity(name).into_iter().chain([name.to_string()]))
        .collect();
    let is_named = |topic: &&TopicReport| wanted.iter().any(|name| **name == *topic.name);
    topics.iter().filter(is_named).map(|topic| Arc::clone(&topic.name)).collect()
}

impl State {
    /// The open sandbox with this key.
    pub(crate) fn sandbox_mut(&mut self, key: &SandboxKey) -> Option<&mut OpenSandbox> {
        self.sandboxes.iter_mut().find(|open| open.view.key == *key)
    }

    /// Opens a sandbox over these events; over others where it is open already.
    pub(crate) fn open_sandbox(&mut self, key: &SandboxKey, history: HistoryChoice) {
        match self.sandbox_mut(key) {
            Some(_) if history.topics.is_empty() => {}
            Some(_) => self.set_sandbox_history(key, history),
            None => {
                self.sandboxes.push(OpenSandbox::new(key.clone(), history));
                self.load_script(key);
            }
        }
    }

    /// Closes a sandbox.
    pub(crate) fn close_sandbox(&mut self, key: &SandboxKey) {
        if let Some(open) = self.sandbox_mut(key) {
            open.stop();
            open.trial.stop();
        }
        self.sandboxes.retain(|open| open.view.key != *key);
    }

    /// Carries out what is asked of a sandbox.
    pub(crate) fn ask_sandbox(&mut self, key: &SandboxKey, command: SandboxCommand) {
        match command {
            SandboxCommand::Check(text) => self.check_script(key, text, false),
            SandboxCommand::Run(text) => self.check_script(key, text, true),
            SandboxCommand::Save(text) => self.save_script(key, None, text),
            SandboxCommand::SaveAs(path, text) => self.save_script(key, Some(path), text),
            SandboxCommand::Stop => {
                if let Some(open) = self.sandbox_mut(key) {
                    open.stop();
                }
            }
            SandboxCommand::SetHistory(history) => self.set_sandbox_history(key, history),
            SandboxCommand::Debug(command) => self.debug(key, command),
            SandboxCommand::Trial(command) => self.ask_trial(key, command),
        }
    }

    /// Takes other events, and runs over them.
    fn set_sandbox_history(&mut self, key: &SandboxKey, history: HistoryChoice) {
        let Some(open) = self.sandbox_mut(key) else { return };
        open.view.history = history;
        open.run_wanted = true;
        self.run_sandbox(key);
    }

    /// Runs what is wanted as soon as its program and its events are there, then tries what waits
    /// for both.
    fn run_sandbox(&mut self, key: &SandboxKey) {
        self.run_wanted_sandbox(key);
        self.try_what_waits(key);
    }

    /// Runs what is wanted as soon as its program and its events are there.
    fn run_wanted_sandbox(&mut self, key: &SandboxKey) {
        self.name_topics(key);
        let Some(open) = self.sandbox_mut(key) else { return };
        if !open.run_wanted || open.is_checking() {
            return;
        }
        if open.program.is_none() || open.view.history.topics.is_empty() {
            open.run_wanted = false;
            return;
        }
        let Some(ready) = open.ready() else { return self.read_sandbox_history(key) };
        open.run_wanted = false;
        self.run_debugger(key, ready);
    }

    /// Takes the topics that the script names while none were chosen.
    fn name_topics(&mut self, key: &SandboxKey) {
        let topics = self.view.topics.latest().cloned().unwrap_or_default();
        let entities = self.options.config.as_ref().map(|config| config.entities().to_vec());
        let Some(open) = self.sandbox_mut(key) else { return };
        if let Some(program) = open.program.as_ref().filter(|_| open.view.history.topics.is_empty())
        {
            open.view.history.topics = topics_of(program, &topics, &entities.unwrap_or_default());
        }
    }
}
