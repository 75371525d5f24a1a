//! Schedules of virtual consumers are opened from files and written into them.

use std::path::Path;
use std::sync::Arc;

use foldback::sandbox::{Consumer, Schedule};
use foldback::workspace::sandbox::{TrialCommand, TrialView};
use foldback::workspace::{
    Command, ConnectionState, Fetch, HistoryChoice, Problem, SandboxCommand, SandboxKey,
};

use crate::bench::{Bench, TOPIC};

/// The sandbox.
const KEY: SandboxKey = SandboxKey::New(1);
/// A schedule as a person writes it.
const SCHEDULE: &str =
    "{\n  \"version\": 1,\n  \"seed\": 7,\n  \"members\": 2,\n  \"commit\": \"per_record\"\n}\n";

/// An engine with a sandbox over the topic.
fn sandbox() -> Bench {
    let bench = Bench::new();
    bench.wait("a connection", |snapshot| {
        matches!(snapshot.connection, ConnectionState::Connected(_)).then_some(())
    });
    bench.send(Command::OpenSandbox(KEY, HistoryChoice::topic(TOPIC.into())));
    wait(&bench, "the run of a new script", |_, has_run| has_run.then_some(()));
    bench
}

/// Asks something of virtual consumers.
fn ask(bench: &Bench, command: TrialCommand) {
    bench.send(Command::Sandbox(KEY, SandboxCommand::Trial(command)));
}

/// Waits until the trial has this; it is told whether the script has run.
fn wait<T>(bench: &Bench, what: &str, find: impl Fn(&TrialView, bool) -> Option<T>) -> T {
    bench.wait(what, |snapshot| {
        let view = snapshot.sandbox_view(&KEY)?;
        find(&view.trial, view.debugger.run.is_some())
    })
}

/// Opens a file; why it could not be.
fn refused(bench: &Bench, path: &Path) -> Problem {
    ask(bench, TrialCommand::OpenFile(Consumer::Naive, path.to_owned()));
    wait(bench, "a refusal", |trial, _| match &trial.run {
        Fetch::Failed(problem, _) if problem.what.contains(&*path.to_string_lossy()) => {
            Some(problem.clone())
        }
        _ => None,
    })
}

/// Opens a file; the schedule with this seed that was run.
fn opened(bench: &Bench, path: &Path, seed: u64) -> Arc<Schedule> {
    ask(bench, TrialCommand::OpenFile(Consumer::Naive, path.to_owned()));
    wait(bench, "a run", |trial, _| match &trial.run {
        Fetch::Ready(run) if run.schedule.seed == seed => Some(Arc::clone(&run.schedule)),
        _ => None,
    })
}

#[test]
fn a_schedule_that_was_opened_and_saved_is_opened_again_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let written = folder.path().join("hand.schedule.json");
    fs_err::write(&written, SCHEDULE).unwrap();
    let bench = sandbox();
    let first = opened(&bench, &written, 7);
    assert_eq!(first.members, 2);
    let saved = folder.path().join("new folder/saved.schedule.json");
    ask(&bench, TrialCommand::SaveSchedule(saved.clone()));
    let told = wait(&bench, "the file", |trial, _| trial.written.clone());
    assert_eq!(told, Ok(saved.clone()));
    let text = fs_err::read_to_string(&saved).unwrap();
    fs_err::write(&saved, text.replace("\"seed\": 7", "\"seed\": 8")).unwrap();
    assert_eq!(*opened(&bench, &saved, 8), Schedule { seed: 8, ..(*first).clone() });
}

#[test]
fn a_schedule_that_cannot_be_opened_or_saved_is_told_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let bench = sandbox();
    let missing = refused(&bench, &folder.path().join("nowhere.json"));
    assert!(missing.hint.as_ref().is_some_and(|hint| hint.contains("another file")), "{missing}");
    let broken = folder.path().join("broken.json");
    fs_err::write(&broken, SCHEDULE.replace("seed", "sed")).unwrap();
    let problem = refused(&bench, &broken);
    assert!(problem.what.contains("broken.json:3:"), "the line: {problem}");
    assert!(problem.what.contains("unknown field `sed`"), "{problem}");
    assert!(problem.hint.as_ref().is_some_and(|hint| hint.contains("mend")), "{problem}");

    let good = folder.path().join("good.json");
    fs_err::write(&good, SCHEDULE).unwrap();
    opened(&bench, &good, 7);
    ask(&bench, TrialCommand::SaveSchedule(good.join("below/a/file.json")));
    let told = wait(&bench, "why it was not written", |trial, _| trial.written.clone());
    let problem = told.expect_err("a file is no folder");
    assert!(problem.what.contains("cannot write") && problem.hint.is_some(), "{problem}");
    assert_eq!(fs_err::read_to_string(&good).unwrap(), SCHEDULE, "what was there stays");
}
