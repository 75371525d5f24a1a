//! What-if branches are kept beside their script from one start of the engine to the next.

use std::path::Path;

use foldback::fold::StepEffect;
use foldback::workspace::sandbox::{Edit, branch_file_of};
use foldback::workspace::{
    Command, ConnectionState, DebugCommand, DebuggerView, HistoryChoice, SandboxCommand, SandboxKey,
};

use crate::bench::{Bench, OTHER_TOPIC, TOPIC};

/// Counts the events of each order.
const SCRIPT: &str =
    "fromAll().foreachStream().when({ $init: () => ({ n: 0 }), $any(s) { s.n += 1; } })";

/// Opens the script over these events; its debugger once it has run over so many.
fn open(bench: &Bench, script: &Path, topic: &str, events: u64) -> DebuggerView {
    bench.wait("a connection", |snapshot| {
        matches!(snapshot.connection, ConnectionState::Connected(_)).then_some(())
    });
    let key = SandboxKey::File(script.to_owned());
    bench.send(Command::OpenSandbox(key, HistoryChoice::topic(topic.into())));
    wait(bench, script, "a run", |debugger| {
        let there = debugger.run.as_ref()?.len() == events && !debugger.run_pending;
        there.then(|| debugger.clone())
    })
}

/// Waits until the debugger of the script has this.
fn wait<T>(
    bench: &Bench,
    script: &Path,
    what: &str,
    find: impl Fn(&DebuggerView) -> Option<T>,
) -> T {
    let key = SandboxKey::File(script.to_owned());
    bench.wait(what, |snapshot| find(&snapshot.sandbox_view(&key)?.debugger))
}

/// Asks something of the debugger of the script.
fn ask(bench: &Bench, script: &Path, command: DebugCommand) {
    let key = SandboxKey::File(script.to_owned());
    bench.send(Command::Sandbox(key, SandboxCommand::Debug(command)));
}

/// The names of the branches, and how many changes each has.
fn names(debugger: &DebuggerView) -> Vec<(String, usize)> {
    let branches = debugger.branches.iter();
    branches.map(|branch| (branch.name.to_string(), branch.edits.len())).collect()
}

/// Waits until the file of branches says this.
fn wait_for_file(bench: &Bench, script: &Path, holds: impl Fn(Option<&str>) -> bool) {
    let file = branch_file_of(script);
    bench.wait("the file of branches", |_| {
        holds(fs_err::read_to_string(&file).ok().as_deref()).then_some(())
    });
}

#[test]
fn branches_are_there_again_after_a_restart_over_the_events_they_were_made_on() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("count.js");
    fs_err::write(&script, SCRIPT).unwrap();
    let mut bench = Bench::new();
    assert_eq!(names(&open(&bench, &script, TOPIC, 4)), [("log".to_owned(), 0)]);
    ask(&bench, &script, DebugCommand::Edit(Edit::Skip(2)));
    wait(&bench, &script, "the branch", |debugger| debugger.branches.get(1)?.outcome.clone());
    ask(&bench, &script, DebugCommand::Edit(Edit::Duplicate(0)));
    ask(&bench, &script, DebugCommand::RenameBranch(1, "paid late".into()));
    wait_for_file(&bench, &script, |text| {
        text.is_some_and(|text| text.contains("paid late") && text.contains("duplicate"))
    });

    bench.restart();
    bench.write("order-3", r#"{"type":"OrderCreated","status":"CREATED","total":1}"#, 4_000);
    let debugger = open(&bench, &script, TOPIC, 5);
    assert_eq!(names(&debugger), [("log".to_owned(), 0), ("paid late".to_owned(), 2)]);
    assert_eq!(debugger.branch, 0, "the log is in front");
    ask(&bench, &script, DebugCommand::SelectBranch(1));
    let run = wait(&bench, &script, "the branch's run", |debugger| {
        debugger.run.clone().filter(|_| debugger.branch == 1 && !debugger.run_pending)
    });
    let effects = (0..run.len())
        .filter(|index| run.row(*index).is_some_and(|row| row.effect == Some(StepEffect::Changed)));
    assert_eq!(effects.count(), 5, "one of five skipped, one twice");

    let choice = HistoryChoice::topic(OTHER_TOPIC.into());
    bench.write_to(OTHER_TOPIC, "p", r#"{"type":"PaymentMade"}"#, 5_000);
    let key = SandboxKey::File(script.clone());
    bench.send(Command::Sandbox(key.clone(), SandboxCommand::SetHistory(choice)));
    wait(&bench, &script, "other events without branches", |debugger| {
        (debugger.run.as_ref()?.len() == 1 && debugger.branches.len() == 1).then_some(())
    });
    let choice = HistoryChoice::topic(TOPIC.into());
    bench.send(Command::Sandbox(key, SandboxCommand::SetHistory(choice)));
    wait(&bench, &script, "the branch again", |debugger| {
        (!debugger.run_pending && debugger.branches.len() == 2).then_some(())
    });
    ask(&bench, &script, DebugCommand::RemoveBranch(1));
    wait_for_file(&bench, &script, |text| text.is_none());
}

#[test]
fn a_file_of_branches_that_cannot_be_read_is_told_with_its_line_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("count.js");
    fs_err::write(&script, SCRIPT).unwrap();
    let broken = "{\n\"what_if\": 1,\n\"branchs\": []\n}";
    fs_err::write(branch_file_of(&script), broken).unwrap();
    let bench = Bench::new();
    let debugger = open(&bench, &script, TOPIC, 4);
    let problem = debugger.branch_problem.expect("the fault");
    assert!(problem.what.contains("count.what-if.json:3: unknown field `branchs`"), "{problem}");
    assert!(problem.hint.is_some_and(|hint| hint.contains("open the script again")));
    ask(&bench, &script, DebugCommand::Edit(Edit::Skip(2)));
    wait(&bench, &script, "the branch", |debugger| debugger.branches.get(1)?.outcome.clone());
    assert_eq!(fs_err::read_to_string(branch_file_of(&script)).unwrap(), broken);
}

#[test]
fn a_branch_whose_event_is_gone_is_told_and_stays_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("count.js");
    fs_err::write(&script, SCRIPT).unwrap();
    let branch = |name: &str, at: &str| {
        format!(
            r#"{{"name": "{name}", "topics": ["{TOPIC}"], "edits": [{{"edit": "skip", "event": "{TOPIC}-{at}"}}]}}"#
        )
    };
    let bench = Bench::new();
    let position = open(&bench, &script, TOPIC, 4).run.unwrap().row(0).unwrap().position;
    let there = format!("{}@{}", position.partition, position.offset);
    let key = SandboxKey::File(script.clone());
    bench.send(Command::CloseSandbox(key.clone()));
    bench.wait("no sandbox", |snapshot| snapshot.sandbox_view(&key).is_none().then_some(()));
    let text = format!(
        r#"{{"what_if": 1, "branches": [{}, {}]}}"#,
        branch("gone", "0@999"),
        branch("there", &there)
    );
    fs_err::write(branch_file_of(&script), text).unwrap();
    let debugger = open(&bench, &script, TOPIC, 4);
    assert_eq!(names(&debugger), [("log".to_owned(), 0), ("there".to_owned(), 1)]);
    let problem = debugger.branch_problem.expect("what is missing");
    assert!(problem.what.contains("`gone` is left out: order-events-0@999"), "{problem}");
    ask(&bench, &script, DebugCommand::RenameBranch(1, "kept".into()));
    wait_for_file(&bench, &script, |text| {
        text.is_some_and(|text| text.contains("kept") && text.contains("gone"))
    });
}
