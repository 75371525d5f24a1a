//! Virtual consumers in a sandbox: the matrix, and one schedule run to be stepped through.
//!
//! Promises: what is long runs on a thread of its own, can be stopped, and is dropped when
//! something else was asked meanwhile; the history is made ready once for as long as program and
//! events stay the same.
//! Does not know: what a moment of a run looks like (`moment`).

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use super::{OpenSandbox, Ready};
use crate::kafka::read_small_text;
use crate::model::{Cancel, EntityId};
use crate::sandbox::{Consumer, MatrixError, MatrixQuestion, Recording, Schedule, Trial};
use crate::workspace::clock::now_ms;
use crate::workspace::engine::{Outbox, State};
use crate::workspace::sandbox::demo_chapter::incident_of_one_order;
use crate::workspace::sandbox::{
    MatrixChoice, MatrixView, Projection, RunView, TrialCommand, TrialView,
};
use crate::workspace::{Config, Fetch, JobId, Problem, SandboxKey};

/// A trial with what it was made of.
#[derive(Debug)]
pub(super) struct ReadyTrial {
    /// The program and the events.
    ready: Ready,
    /// Both made ready for virtual consumers.
    pub(super) trial: Trial,
}

/// What virtual consumers are tried with in an open sandbox.
#[derive(Debug, Default)]
pub(crate) struct TrialWork {
    /// What waits for a program and events.
    waiting: Option<TrialCommand>,
    /// The trial that was made last.
    pub(super) trial: Option<Arc<ReadyTrial>>,
    /// The run that is stepped through.
    pub(super) recording: Option<Arc<Recording>>,
    /// What differs between two projections.
    pub(super) divergences: Arc<[crate::workspace::projection::Divergence]>,
    /// The job that runs, and its switch.
    running: Option<(JobId, Cancel)>,
}

impl ReadyTrial {
    /// The text of its script.
    pub(super) fn script(&self) -> &str {
        self.ready.program.source()
    }
}

impl TrialWork {
    /// Throws the switch of what runs, and forgets what waits.
    pub(super) fn stop(&mut self) {
        self.waiting = None;
        if let Some((_, cancel)) = &self.running {
            cancel.cancel();
        }
    }

    /// The trial of this program and these events, if it was the last.
    fn of(&self, ready: &Ready) -> Option<Arc<ReadyTrial>> {
        let same = |trial: &&Arc<ReadyTrial>| {
            Arc::ptr_eq(&trial.ready.events, &ready.events)
                && trial.ready.program.source() == ready.program.source()
        };
        self.trial.as_ref().filter(same).map(Arc::clone)
    }
}

/// Makes a program and events ready for virtual consumers.
fn prepare(ready: Ready, config: Option<&Config>) -> Result<ReadyTrial, Problem> {
    let projection = Projection::of_program(ready.program.clone(), config);
    let source = projection.source(ready.events.events.to_vec());
    let source = source.map_err(|failure| failure.problem)?;
    let trial = Trial::new(Arc::new(source), Arc::clone(projection.fold()));
    Ok(ReadyTrial { ready, trial })
}

/// Where a schedule comes from.
enum Origin {
    /// It was given.
    Given(Arc<Schedule>),
    /// It is in JSON.
    Text(Arc<str>),
    /// It is in a file.
    File(PathBuf),
    /// It is the incident of this entity of the reference system.
    Incident(EntityId),
}

impl Origin {
    /// The schedule.
    fn schedule(self, trial: &Trial) -> Result<Arc<Schedule>, Problem> {
        match self {
            Self::Given(schedule) => Ok(schedule),
            Self::Text(text) => parsed(&text, None).map(Arc::new),
            Self::File(path) => {
                let text = read_small_text(&path);
                let text = text.map_err(|error| {
                    let hint = "name another file; its path begins in the workspace's folder";
                    Problem::from_error(&error).with_hint(hint)
                })?;
                parsed(&text, Some(&path)).map(Arc::new)
            }
            Self::Incident(order) => {
                let events: Vec<_> =
                    trial.source().events().iter().map(|given| given.event.clone()).collect();
                incident_of_one_order(&events, &order).map(Arc::new).ok_or_else(|| {
                    Problem::new(format!("{order} was never shipped in these events"))
                        .with_hint("choose all events of its topic")
                })
            }
        }
    }
}

/// A schedule read from JSON, of this file or as it was typed; what is wrong with it stands behind
/// its place.
fn parsed(text: &str, file: Option<&Path>) -> Result<Schedule, Problem> {
    Schedule::from_json(text).map_err(|error| {
        let message = error.to_string();
        let words = message.rsplit_once(" at line ").map_or(message.as_str(), |(words, _)| words);
        let (line, column) = (error.line().max(1), error.column().max(1));
        let place = file.map_or_else(
            || format!("the schedule, line {line}, column {column}"),
            |file| format!("{}:{line}:{column}", file.display()),
        );
        let hint = match file {
            Some(_) => "mend that line, or save a run to see how a schedule is written",
            None => "mend that line, or take your changes back",
        };
        Problem::new(format!("{place}: {words}")).with_hint(hint)
    })
}

/// Everything a thread needs to work for a sandbox.
struct Work {
    /// The sandbox.
    key: SandboxKey,
    /// The job.
    job: JobId,
    /// Its switch.
    cancel: Cancel,
    /// The trial, if it is there already.
    trial: Result<Arc<ReadyTrial>, Ready>,
    /// The workspace file.
    config: Option<Config>,
}

impl Work {
    /// The trial, made if it is not there.
    fn trial(&mut self, outbox: &Outbox) -> Result<Arc<ReadyTrial>, Problem> {
        let ready = match &self.trial {
            Ok(trial) => return Ok(Arc::clone(trial)),
            Err(ready) => ready.clone(),
        };
        let trial = Arc::new(prepare(ready, self.config.as_ref())?);
        self.trial = Ok(Arc::clone(&trial));
        let (key, kept) = (self.key.clone(), Arc::clone(&trial));
        outbox.send(move |state| {
            if let Some(open) = state.sandbox_mut(&key) {
                open.trial.trial = Some(kept);
            }
        });
        Ok(trial)
    }

    /// The matrix, row by row as it is worked out; none when it was stopped.
    fn matrix(
        &mut self,
        choice: MatrixChoice,
        outbox: &Outbox,
    ) -> Result<Option<MatrixView>, Problem> {
        let trial = self.trial(outbox)?;
        let events = trial.trial.source().len() as u64;
        let (began, columns) = (Instant::now(), choice.consumers.len());
        let all = choice.faults.len() * columns;
        let mut cells = Vec::with_capacity(all);
        self.tell(outbox, move |view| view.matrix_done = Some((0, all)));
        for (row, fault) in choice.faults.iter().enumerate() {
            let question = MatrixQuestion {
                faults: vec![*fault],
                consumers: choice.consumers.clone(),
                seed: choice.seed,
                runs: choice.runs,
                workers: std::thread::available_parallelism().map_or(1, usize::from),
            };
            let progress = |done: usize, _: usize| {
                let done = row * columns + done;
                self.tell(outbox, move |view| view.matrix_done = Some((done, all)));
            };
            match trial.trial.matrix(&question, &self.cancel, &progress) {
                Ok(found) => cells.extend(found),
                Err(MatrixError::Cancelled) => return Ok(None),
                Err(error) => return Err(Problem::from_error(&error)),
            }
            let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            let so_far = MatrixView::new(choice.clone(), events, &cells, took_ms);
            self.tell(outbox, move |view| view.matrix = Fetch::Pending(Some(Arc::new(so_far))));
        }
        let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        Ok(Some(MatrixView::new(choice, events, &cells, took_ms)))
    }

    /// Tells how far it is, as long as somebody wants to know.
    fn tell(&self, outbox: &Outbox, news: impl FnOnce(&mut TrialView) + Send + 'static) {
        let (key, job) = (self.key.clone(), self.job);
        outbox.send(move |state| {
            if let Some(open) = state.sandbox_mut(&key).filter(|open| open.trial.is(job)) {
                news(&mut open.view.trial);
            }
        });
    }

    /// The run of a schedule.
    fn run(
        &mut self,
        consumer: Consumer,
        origin: Origin,
        outbox: &Outbox,
    ) -> Result<(Arc<Recording>, RunView), Problem> {
        let trial = self.trial(outbox)?;
        let schedule = origin.schedule(&trial.trial)?;
        let recording = trial.trial.record(consumer, &schedule);
        let recording = recording.map_err(|error| Problem::from_error(&error))?;
        let view = RunView::new(&recording);
        Ok((Arc::new(recording), view))
    }
}

impl TrialWork {
    /// Whether this job is the one that counts.
    pub(super) fn is(&self, job: JobId) -> bool {
        self.running.as_ref().is_some_and(|(running, _)| *running == job)
    }

    /// From now on this job runs; the one before is stopped.
    pub(super) fn started(&mut self, job: JobId, cancel: Cancel) {
        if let Some((_, before)) = self.running.replace((job, cancel)) {
            before.cancel();
        }
    }

    /// This job has ended. Says whether it was the one that counts.
    pub(super) fn ended(&mut self, job: JobId) -> bool {
        let is_current = self.is(job);
        if is_current {
            self.running = None;
        }
        is_current
    }
}

impl State {
    /// Carries out what is asked of virtual consumers.
    pub(super) fn ask_trial(&mut self, key: &SandboxKey, command: TrialCommand) {
        let Some(open) = self.sandbox_mut(key) else { return };
        match command {
            TrialCommand::Stop => open.trial.stop(),
            TrialCommand::GoTo(steps) => self.go_to_moment(key, steps),
            TrialCommand::ShowRow(row) => self.show_row(key, row),
            TrialCommand::FindRow(name) => self.find_row(key, &name),
            TrialCommand::SaveSchedule(path) => self.save_schedule(key, &path),
            TrialCommand::SaveTest(path) => self.save_test(key, &path),
            TrialCommand::ShowDivergence(number) => self.show_divergence(key, number),
            command => {
                pending(open, &command);
                open.trial.waiting = Some(command);
                self.try_what_waits(key);
            }
        }
    }

    /// Begins what waits, as soon as its program and its events are there.
    pub(super) fn try_what_waits(&mut self, key: &SandboxKey) {
        let Some(open) = self.sandbox_mut(key) else { return };
        if open.trial.waiting.is_none() || open.is_checking() {
            return;
        }
        let Some(ready) = open.ready() else {
            if open.running.is_some() {
                return;
            }
            if open.program.is_none() {
                let problem = Problem::new("the projection cannot be run")
                    .with_hint("mend it in the debugger, then try again");
                return self.give_up(key, &problem);
            }
            open.run_wanted = true;
            self.run_wanted_sandbox(key);
            if self.sandbox_mut(key).is_some_and(|open| open.running.is_none()) {
                let problem = Problem::new("there are no events")
                    .with_hint("choose a topic above, then try again");
                self.give_up(key, &problem);
            }
            return;
        };
        if let Some(command) = open.trial.waiting.take() {
            self.begin(key, command, &ready);
        }
    }

    /// What waits cannot be begun.
    pub(super) fn give_up(&mut self, key: &SandboxKey, problem: &Problem) {
        let Some(open) = self.sandbox_mut(key) else { return };
        let Some(command) = open.trial.waiting.take() else { return };
        failed(open, &command, problem.clone());
        self.touch_urgently();
    }

    /// Begins something long.
    fn begin(&mut self, key: &SandboxKey, command: TrialCommand, ready: &Ready) {
        let title = match &command {
            TrialCommand::RunMatrix(_) => "Trying faults on consumers",
            TrialCommand::Compare(_) => "Comparing projections",
            _ => "Running a schedule",
        };
        let (job, cancel) = self.jobs.start(title, now_ms());
        let config = self.options.config.clone();
        let Some(open) = self.sandbox_mut(key) else { return };
        open.trial.started(job, cancel.clone());
        open.view.trial.job = Some(job);
        let trial = open.trial.of(ready).ok_or_else(|| ready.clone());
        let key = key.clone();
        let mut work = Work { key: key.clone(), job, cancel, trial, config };
        let incident = self.view.demo.as_ref().map(|demo| demo.incident_entity.to_string());
        let (consumer, origin) = match command {
            TrialCommand::RunMatrix(choice) => {
                let make = move |outbox: &Outbox| work.matrix(choice, outbox);
                return self.spawn("sandbox-matrix", Some(job), make, move |state, made| {
                    state.matrix_made(&key, job, made.flatten());
                });
            }
            TrialCommand::Compare(choice) => {
                return self.begin_comparison(&key, job, work.cancel, choice, ready);
            }
            TrialCommand::Open(consumer, schedule) => (consumer, Origin::Given(schedule)),
            TrialCommand::OpenText(consumer, text) => (consumer, Origin::Text(text)),
            TrialCommand::OpenFile(consumer, path) => {
                (consumer, Origin::File(self.script_folder().join(path)))
            }
            TrialCommand::OpenIncident(consumer) => {
                let order = EntityId::new(incident.unwrap_or_default());
                (consumer, Origin::Incident(order))
            }
            _ => return,
        };
        let run = move |outbox: &Outbox| work.run(consumer, origin, outbox);
        self.spawn("sandbox-run", Some(job), run, move |state, made| {
            state.schedule_run(&key, job, made.flatten());
        });
    }

    /// The matrix was made, or could not be.
    fn matrix_made(
        &mut self,
        key: &SandboxKey,
        job: JobId,
        made: Result<Option<MatrixView>, Problem>,
    ) {
        self.jobs.end(job, made.as_ref().err().cloned(), now_ms());
        self.touch_urgently();
        let Some(open) = self.sandbox_mut(key).filter(|open| open.trial.is(job)) else { return };
        open.trial.ended(job);
        open.view.trial.matrix_done = None;
        let before = std::mem::take(&mut open.view.trial.matrix);
        open.view.trial.matrix = match made {
            Ok(Some(matrix)) => Fetch::Ready(Arc::new(matrix)),
            Ok(None) => stopped(before),
            Err(problem) => before.failed(problem),
        };
    }

    /// A schedule was run, or could not be.
    fn schedule_run(
        &mut self,
        key: &SandboxKey,
        job: JobId,
        made: Result<(Arc<Recording>, RunView), Problem>,
    ) {
        self.jobs.end(job, made.as_ref().err().cloned(), now_ms());
        self.touch_urgently();
        let Some(open) = self.sandbox_mut(key).filter(|open| open.trial.is(job)) else { return };
        open.trial.ended(job);
        let trial = &mut open.view.trial;
        match made {
            Ok((recording, run)) => {
                open.trial.recording = Some(recording);
                let (steps, row) = (run.marks.len(), run.first_row());
                let steps = run.next_finding(0).unwrap_or(steps);
                trial.run = Fetch::Ready(Arc::new(run));
                trial.written = None;
                self.show_moment(key, steps, row);
            }
            Err(problem) => trial.run = std::mem::take(&mut trial.run).failed(problem),
        }
    }
}

/// What was asked for is on its way: what was there before stays visible.
fn pending(open: &mut OpenSandbox, command: &TrialCommand) {
    let trial = &mut open.view.trial;
    match command {
        TrialCommand::RunMatrix(_) => {
            trial.matrix = std::mem::take(&mut trial.matrix).asked_again();
            trial.matrix_done = None;
        }
        TrialCommand::Compare(_) => {
            trial.comparison = std::mem::take(&mut trial.comparison).asked_again();
        }
        _ => trial.run = std::mem::take(&mut trial.run).asked_again(),
    }
}

/// What was asked for cannot be had.
fn failed(open: &mut OpenSandbox, command: &TrialCommand, problem: Problem) {
    let trial = &mut open.view.trial;
    match command {
        TrialCommand::RunMatrix(_) => {
            trial.matrix = std::mem::take(&mut trial.matrix).failed(problem);
        }
        TrialCommand::Compare(_) => {
            trial.comparison = std::mem::take(&mut trial.comparison).failed(problem);
        }
        _ => trial.run = std::mem::take(&mut trial.run).failed(problem),
    }
}

/// What there was before something that was stopped.
pub(super) fn stopped<T>(before: Fetch<T>) -> Fetch<T> {
    match before {
        Fetch::Pending(Some(answer)) => Fetch::Ready(answer),
        Fetch::Pending(None) => Fetch::NotAsked,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_that_cannot_be_read_is_told_with_its_line() {
        let text = "{\n \"version\": 1,\n \"sed\": 2\n}";
        let words = |file| parsed(text, file).unwrap_err().what;
        assert!(words(Some(Path::new("a.json"))).starts_with("a.json:3:"));
        assert!(words(None).starts_with("the schedule, line 3, column "), "{}", words(None));
        assert!(words(None).contains("unknown field `sed`"), "{}", words(None));
    }

    #[test]
    fn what_was_there_before_a_stop_stays() {
        assert!(matches!(stopped(Fetch::Ready(1).asked_again()), Fetch::Ready(1)));
        assert!(matches!(stopped(Fetch::<u8>::NotAsked.asked_again()), Fetch::NotAsked));
    }
}
