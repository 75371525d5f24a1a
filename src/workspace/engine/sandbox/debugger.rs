//! The debugger: runs, the step it stands at, what-if branches.
//!
//! Promises: a run is made away from the engine's thread and replaces the one before only when it
//! is there; a branch is run from its first change on.
//! Does not know: how a trace is made (`fold`), or drawn.

use std::sync::Arc;

use super::super::comparison::differing_rows;
use super::super::entity_at::changed_rows;
use super::super::pool::TaskKey;
use super::kept_branches::{Branch, KeptBranches, Restored};
use super::watches::{Watch, expression_of};
use super::{OpenSandbox, Ready, SandboxEvents};
use crate::decode::{json, text};
use crate::fold::{Fault, StepEffect, Trace, TraceError, TraceInputs, diff, lints};
use crate::model::{Cancel, OffsetRange, PartitionRead, TopicPartition, Value};
use crate::workspace::ask::fold_choice::categories;
use crate::workspace::clock::now_ms;
use crate::workspace::engine::{Outbox, State};
use crate::workspace::sandbox::{Edit, EventList};
use crate::workspace::{
    BranchOutcome, BranchView, DebugCommand, DebugRun, DebugStep, DebugTarget, JobId, Problem,
    SandboxKey,
};

/// What the debugger of a sandbox knows.
#[derive(Debug)]
pub(crate) struct Debugger {
    /// The branches: first the log itself.
    pub(super) branches: Vec<Branch>,
    /// The branch in front.
    pub(super) current: usize,
    /// The watches.
    pub(super) watches: Vec<Watch>,
    /// The watch whose changes are stepped along.
    pub(super) selected: Option<usize>,
    /// The condition to break on.
    pub(super) condition: Option<Watch>,
    /// The events that the branches were made on; none while those of others are looked for.
    pub(super) over: Option<Arc<SandboxEvents>>,
    /// The branches over other events.
    pub(super) kept: KeptBranches,
    /// Why branches are not there, or not kept.
    pub(super) file_problem: Option<Problem>,
}

impl Default for Debugger {
    fn default() -> Self {
        let log = Branch { name: "log".into(), ..Branch::default() };
        Self {
            branches: vec![log],
            current: 0,
            watches: Vec::new(),
            selected: None,
            condition: None,
            over: None,
            kept: KeptBranches::default(),
            file_problem: None,
        }
    }
}

impl Debugger {
    /// The run of the branch in front.
    pub(super) fn run(&self) -> Option<&Arc<DebugRun>> {
        self.branches.get(self.current)?.run.as_ref()
    }

    /// The run of the log.
    fn log_run(&self) -> Option<&Arc<DebugRun>> {
        self.branches.first()?.run.as_ref()
    }

    /// Where a step goes from here.
    fn target(&self, at: u64, target: DebugTarget) -> Option<u64> {
        let run = self.run()?;
        let trace = &run.trace;
        let index = at.checked_sub(1);
        let after = |index: u64| index + 1;
        let is_error = |effect| matches!(effect, StepEffect::Undecodable | StepEffect::Failed);
        let is_change = |effect| effect == StepEffect::Changed;
        let watch = self.selected.and_then(|selected| self.watches.get(selected));
        let changes = watch.and_then(|watch| watch.watched.as_deref());
        let hits = self.condition.as_ref().and_then(|condition| condition.watched.as_deref());
        match target {
            DebugTarget::To(to) => Some(to.min(run.len())),
            DebugTarget::First => Some(0),
            DebugTarget::Previous => Some(at.saturating_sub(1)),
            DebugTarget::Next => Some((at + 1).min(run.len())),
            DebugTarget::Last => Some(trace.len()),
            DebugTarget::NextError => trace.next_where(at, is_error).map(after),
            DebugTarget::PreviousError => trace.previous_where(index?, is_error).map(after),
            DebugTarget::NextChange => match changes {
                Some(watched) => watched.next_change(trace, index).map(after),
                None => trace.next_where(at, is_change).map(after),
            },
            DebugTarget::PreviousChange => match changes {
                Some(watched) => watched.previous_change(trace, index?).map(after),
                None => trace.previous_where(index?, is_change).map(after),
            },
            DebugTarget::NextHit => hits?.next_hit(at).map(after),
            DebugTarget::PreviousHit => hits?.previous_hit(index?).map(after),
        }
    }
}

impl OpenSandbox {
    /// Shows what the debugger knows.
    pub(super) fn show_debugger(&mut self) {
        let view = &mut self.view.debugger;
        let debugger = &self.debugger;
        view.run = debugger.run().cloned();
        view.branch = debugger.current;
        view.selected_watch = debugger.selected;
        view.watches = debugger.watches.iter().map(Watch::view).collect();
        view.condition = debugger.condition.as_ref().map(|watch| Arc::new(watch.view()));
        let branch = |branch: &Branch| BranchView {
            name: Arc::clone(&branch.name),
            edits: branch.edits.iter().map(|(_, words)| Arc::clone(words)).collect(),
            outcome: branch.outcome.clone(),
        };
        view.branch_problem.clone_from(&debugger.file_problem);
        view.branches = debugger.branches.iter().map(branch).collect();
    }
}

/// What a run over the log and one branch came to.
struct Runs {
    /// That over the log.
    log: Arc<DebugRun>,
    /// That over the branch, with its number.
    branch: Option<(usize, Arc<DebugRun>, BranchOutcome)>,
    /// The branches found again, where the events are others than before.
    restored: Option<Restored>,
}

/// A run being made: what tells how far it is.
struct Progress<'o> {
    /// To the engine.
    outbox: &'o Outbox,
    /// The job.
    job: JobId,
    /// How many events there are.
    events: usize,
}

impl Progress<'_> {
    /// So many events were applied.
    fn tell(&self, done: u64) {
        let end = i64::try_from(self.events).unwrap_or(i64::MAX);
        let range = OffsetRange::new(&TopicPartition::new("events", 0), 0, end);
        let mut read = PartitionRead::starting(&range);
        read.position = i64::try_from(done).unwrap_or(end);
        read.records = done;
        let job = self.job;
        self.outbox.send(move |state| state.jobs.progress(job, &[read], now_ms()));
    }
}

/// Runs a branch from its first change on, and says how it differs from the log.
fn run_branch(
    log: &Arc<DebugRun>,
    events: EventList,
    cancel: &Cancel,
    progress: &Progress<'_>,
) -> Result<(Arc<DebugRun>, BranchOutcome), TraceError> {
    let first = events.first_change();
    let inputs: Arc<dyn TraceInputs> = Arc::new(events.clone());
    let trace = log.trace.resume(inputs, first, cancel, &mut |done| progress.tell(done))?;
    let run = Arc::new(DebugRun { trace: Arc::new(trace), events });
    let outcome = outcome(log, &run, first)?;
    Ok((run, outcome))
}

/// How a branch differs from the log.
fn outcome(log: &DebugRun, branch: &DebugRun, first: u64) -> Result<BranchOutcome, Fault> {
    let differing = log.trace.differing_partitions(&branch.trace);
    let same_state = |index: u64| -> bool {
        let at = usize::try_from(index).unwrap_or(usize::MAX);
        let Some(origin) = branch.events.origin(at) else {
            return branch.trace.effect(index) != Some(StepEffect::Changed);
        };
        log.trace.state_hash(origin) == branch.trace.state_hash(index)
    };
    let first_divergence = (first..branch.trace.len())
        .find(|index| !same_state(*index))
        .filter(|_| !differing.is_empty());
    let last_state = |run: &DebugRun, name: &str| -> Result<Value, Fault> {
        let is_of =
            |index: &u64| run.trace.partition_name(*index).is_some_and(|own| **own == *name);
        match (0..run.trace.len()).rev().find(is_of) {
            Some(index) => run.trace.states_around(index).map(|states| states.after),
            None => Ok(Value::Null),
        }
    };
    let compared = match differing.first() {
        Some(name) => differing_rows(&last_state(log, name)?, &last_state(branch, name)?),
        None => Vec::new(),
    };
    Ok(BranchOutcome {
        events_run: branch.trace.events_run(),
        first_change: first,
        differing: differing.into(),
        first_divergence,
        compared: compared.into(),
    })
}

/// What an event logged; the lines that are not kept are told as one.
fn logged(trace: &Trace, index: u64) -> Arc<[Arc<str>]> {
    let kept = trace.logged_by(index);
    let missing = u64::from(trace.logged_count(index)) - kept.len() as u64;
    let told = (missing > 0).then(|| format!("({missing} further lines are not kept)").into());
    kept.iter().map(|line| Arc::clone(&line.text)).chain(told).collect()
}

/// Works out the state at a step.
fn step(run: &DebugRun, at: u64) -> Result<DebugStep, Fault> {
    let Some(index) = at.checked_sub(1) else {
        return Ok(DebugStep {
            at,
            event: None,
            rows: Arc::default(),
            json: "null".into(),
            changes: Arc::default(),
            result: None,
            logged: Arc::default(),
            emitted: Arc::default(),
            body: None,
            failure: None,
        });
    };
    let states = run.trace.states_around(index)?;
    let changes = diff(&states.before, &states.after);
    let event = usize::try_from(index).ok().and_then(|index| run.events.get(index));
    let body = event.and_then(|event| event.raw.as_deref()).map(|raw| {
        let pretty = json::parse(raw).map(|parsed| json::pretty(&parsed.value));
        Arc::from(pretty.unwrap_or_else(|_| text::exact(raw).into_owned()))
    });
    let failed = run.failure().filter(|failure| failure.index == index);
    let emitted = run.trace.emitted_by(index).iter().map(|one| {
        let name: Arc<str> = format!("{} {}", one.stream, one.event_type).into();
        (name, Arc::from(one.body.to_json()))
    });
    Ok(DebugStep {
        at,
        event: run.row(index),
        rows: changed_rows(&states.after, &changes).into(),
        json: json::pretty(&states.after).into(),
        changes: changes.into(),
        result: states.result.as_ref().map(|result| json::pretty(result).into()),
        logged: logged(&run.trace, index),
        emitted: emitted.collect(),
        body,
        failure: failed.map(|failure| failure.fault.to_string().into()),
    })
}

impl State {
    /// Runs a script over the log, and over the branch in front.
    pub(super) fn run_debugger(&mut self, key: &SandboxKey, ready: Ready) {
        let names = categories(self.options.config.as_ref());
        let list = EventList::new(Arc::clone(&ready.events.events), names);
        let Some(open) = self.sandbox_mut(key) else { return };
        let wanted = open.debugger.wanted_over(&ready.events);
        let current = open.debugger.current;
        let edits: Vec<Edit> =
            open.debugger.branches[current].edits.iter().map(|(edit, _)| edit.clone()).collect();
        for branch in open.debugger.branches.iter_mut().skip(1) {
            branch.run = None;
            branch.outcome = None;
        }
        self.start_run(key, move |cancel, progress| {
            let inputs: Arc<dyn TraceInputs> = Arc::new(list.clone());
            let told = &mut |done| progress.tell(done);
            let trace = Trace::record(&ready.program, inputs, cancel, told)?;
            let log = Arc::new(DebugRun { trace: Arc::new(trace), events: list.clone() });
            let restored = wanted.map(|kept| Restored::new(kept, ready.events, &list));
            let mut branch = None;
            let edited = edits.iter().try_fold(list, |list, edit| list.edited(edit));
            if let (true, Ok(events)) = (0 < current, edited) {
                let (run, outcome) = run_branch(&log, events, cancel, progress)?;
                branch = Some((current, run, outcome));
            }
            Ok(Runs { log, branch, restored })
        });
    }

    /// Runs the branch in front from its first change on.
    pub(super) fn run_branch_in_front(&mut self, key: &SandboxKey) {
        let Some(open) = self.sandbox_mut(key) else { return };
        let current = open.debugger.current;
        let Some(log) = open.debugger.log_run().cloned() else { return };
        let edits = open.debugger.branches[current].edits.iter();
        let edits: Vec<Edit> = edits.map(|(edit, _)| edit.clone()).collect();
        self.start_run(key, move |cancel, progress| {
            let events = edits.iter().try_fold(log.events.clone(), |list, edit| list.edited(edit));
            // Each of them could be made when it was.
            let events = events.map_err(|_problem| TraceError::Cancelled)?;
            let (run, outcome) = run_branch(&log, events, cancel, progress)?;
            Ok(Runs { log, branch: Some((current, run, outcome)), restored: None })
        });
    }

    /// Makes runs on a thread of their own.
    fn start_run(
        &mut self,
        key: &SandboxKey,
        make: impl FnOnce(&Cancel, &Progress<'_>) -> Result<Runs, TraceError> + Send + 'static,
    ) {
        let Some(open) = self.sandbox_mut(key) else { return };
        let title = format!("Running {}", open.view.name);
        let events = open.events.as_ref().map_or(0, |events| events.events.len());
        let (job, cancel) = self.jobs.start(title, now_ms());
        let Some(open) = self.sandbox_mut(key) else { return };
        open.started(job, cancel.clone());
        open.view.debugger.run_pending = true;
        let key = key.clone();
        let run = move |outbox: &Outbox| match make(&cancel, &Progress { outbox, job, events }) {
            Ok(runs) => Ok(Some(runs)),
            Err(TraceError::Cancelled) => Ok(None),
            Err(TraceError::Broken(fault)) => Err(Problem::new(fault.to_string())),
        };
        self.spawn("sandbox-run", Some(job), run, move |state, made| {
            state.touch_urgently();
            state.run_made(&key, job, made.flatten());
        });
    }

    /// Runs were made, or could not be; none when that was stopped.
    fn run_made(&mut self, key: &SandboxKey, job: JobId, made: Result<Option<Runs>, Problem>) {
        let problem = made.as_ref().err().cloned();
        self.jobs.end(job, problem.clone(), now_ms());
        let names = categories(self.options.config.as_ref());
        let Some(open) = self.sandbox_mut(key) else { return };
        if !open.ended(job) {
            return;
        }
        open.view.debugger.run_pending = false;
        open.view.debugger.problem = problem;
        let Ok(Some(Runs { log, branch, restored })) = made else { return };
        let had_run = open.view.debugger.run.is_some();
        let mut sources: Vec<Arc<str>> = Vec::new();
        for topic in &open.view.history.topics {
            sources.extend([names.get(topic).unwrap_or(topic).clone(), topic.clone()]);
        }
        // A run that ended early has not seen what it warns of.
        let hints = lints(log.trace.program().definition(), log.counts(), &sources);
        open.view.lints = if log.failure().is_none() { hints.into() } else { Arc::default() };
        open.debugger.branches[0].run = Some(log);
        if let Some(restored) = restored {
            open.debugger.show_restored(restored);
        }
        if let Some((number, run, outcome)) = branch
            && let Some(branch) = open.debugger.branches.get_mut(number)
        {
            branch.run = Some(run);
            branch.outcome = Some(Arc::new(outcome));
        }
        let run = open.debugger.run().cloned();
        let Some(run) = run else { return self.run_branch_in_front(key) };
        let at = match run.failure() {
            Some(failure) if !had_run => failure.index + 1,
            _ if !had_run => run.trace.len(),
            Some(failure) => open.view.debugger.at.min(failure.index + 1),
            None => open.view.debugger.at.min(run.len()),
        };
        self.go_to_step(key, at);
        self.watch_all(key);
    }

    /// Stands at a step and works out its state.
    pub(super) fn go_to_step(&mut self, key: &SandboxKey, at: u64) {
        let Some(open) = self.sandbox_mut(key) else { return };
        open.view.debugger.at = at;
        open.view.debugger.kept = None;
        open.show_debugger();
        let Some(run) = open.debugger.run().cloned() else { return };
        let key = key.clone();
        let task_key = TaskKey::DebugStep(key.clone());
        let of_run = Arc::clone(&run);
        self.work_out(
            task_key,
            move || step(&run, at),
            move |state, step| {
                let Some(open) = state.sandbox_mut(&key) else { return };
                if !open.debugger.run().is_some_and(|own| Arc::ptr_eq(own, &of_run)) {
                    return;
                }
                match step.and_then(|step| step.map_err(|fault| Problem::new(fault.to_string()))) {
                    Ok(step) => open.view.debugger.step = Some(Arc::new(step)),
                    Err(problem) => open.view.debugger.problem = Some(problem),
                }
                state.touch_urgently();
            },
        );
    }

    /// Carries out what is asked of a debugger.
    pub(super) fn debug(&mut self, key: &SandboxKey, command: DebugCommand) {
        let Some(open) = self.sandbox_mut(key) else { return };
        let debugger = &mut open.debugger;
        match command {
            DebugCommand::Step(target) => {
                if let Some(to) = debugger.target(open.view.debugger.at, target) {
                    self.go_to_step(key, to);
                }
            }
            DebugCommand::AddWatch(expression) => self.add_watch(key, &expression),
            DebugCommand::WatchPath(path) => self.add_watch(key, &expression_of(&path)),
            DebugCommand::RemoveWatch(number) => self.remove_watch(key, number),
            DebugCommand::SelectWatch(number) => {
                debugger.selected = number.filter(|number| *number < debugger.watches.len());
                open.show_debugger();
            }
            DebugCommand::SetCondition(expression) => self.set_condition(key, expression),
            DebugCommand::Edit(edit) => self.edit_events(key, edit),
            DebugCommand::KeepStep(path) => self.keep_step(key, &path),
            DebugCommand::UndoEdit => self.undo_edit(key),
            DebugCommand::SelectBranch(number) => self.select_branch(key, number),
            DebugCommand::RenameBranch(number, name) => self.rename_branch(key, number, name),
            DebugCommand::RemoveBranch(number) => self.remove_branch(key, number),
        }
    }
}
