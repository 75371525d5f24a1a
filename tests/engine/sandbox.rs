//! A sandbox of the engine: a script is run over the log, stepped through, watched, and run over
//! other events.

use std::sync::Arc;

use foldback::fold::StepEffect;
use foldback::model::EntityId;
use foldback::workspace::sandbox::{Edit, EventText};
use foldback::workspace::{
    Command, ConnectionState, DebugCommand, DebugTarget, DebuggerView, HistoryChoice,
    SandboxCommand, SandboxKey, SandboxView,
};

use crate::bench::{Bench, TOPIC};

/// Keeps status and total of each order.
const SCRIPT: &str = "fromAll().foreachStream().when({
  OrderCreated: (s, e) => ({ status: e.body.status, total: e.body.total }),
  ItemAdded(s, e) { s.total = e.body.total; },
  OrderShipped(s, e) { s.status = e.body.status; log('shipped'); },
})";

/// The sandbox.
const KEY: SandboxKey = SandboxKey::New(1);

/// Asks something of the sandbox.
fn ask(bench: &Bench, command: SandboxCommand) {
    bench.send(Command::Sandbox(KEY, command));
}

/// Asks something of its debugger.
fn debug(bench: &Bench, command: DebugCommand) {
    ask(bench, SandboxCommand::Debug(command));
}

/// Waits until the sandbox has this.
fn wait<T>(bench: &Bench, what: &str, find: impl Fn(&SandboxView) -> Option<T>) -> T {
    bench.wait(what, |snapshot| find(snapshot.sandbox_view(&KEY)?))
}

/// Waits until the debugger stands at this step with its state.
fn at_step(bench: &Bench, at: u64) -> DebuggerView {
    wait(bench, &format!("step {at}"), |view| {
        let there = view.debugger.step.as_ref().is_some_and(|step| step.at == at);
        (there && view.debugger.at == at && !view.debugger.run_pending)
            .then(|| view.debugger.clone())
    })
}

/// An engine whose sandbox has run the script over the topic.
fn run() -> Bench {
    let bench = Bench::new();
    bench.wait("a connection", |snapshot| {
        matches!(snapshot.connection, ConnectionState::Connected(_)).then_some(())
    });
    bench.send(Command::OpenSandbox(KEY, HistoryChoice::topic(TOPIC.into())));
    wait(&bench, "the text of a new script", |view| view.text.clone());
    ask(&bench, SandboxCommand::Run(SCRIPT.into()));
    wait(&bench, "a run of this script", |view| {
        let run = view.debugger.run.as_ref()?;
        (run.trace.program().source() == SCRIPT).then_some(())
    });
    at_step(&bench, 4);
    bench
}

#[test]
fn a_script_is_run_and_stepped_through_with_what_each_event_changed_and_logged() {
    let bench = run();
    let view = at_step(&bench, 4);
    let run = view.run.unwrap();
    let effects: Vec<_> = (0..run.len()).map(|index| run.row(index).unwrap().effect).collect();
    assert_eq!(effects, [Some(StepEffect::Changed); 4]);
    let step = view.step.unwrap();
    assert_eq!(&*step.logged, [Arc::from("shipped")]);
    assert_eq!(step.changes.len(), 1);
    debug(&bench, DebugCommand::Step(DebugTarget::Previous));
    let step = at_step(&bench, 3).step.unwrap();
    assert!(step.json.contains("12.75") && step.json.contains("CREATED"), "{}", step.json);
    debug(&bench, DebugCommand::Step(DebugTarget::First));
    at_step(&bench, 0);
}

#[test]
fn a_watch_and_a_condition_lead_to_the_steps_where_they_change_and_hold() {
    let bench = run();
    debug(&bench, DebugCommand::Step(DebugTarget::First));
    at_step(&bench, 0);
    debug(&bench, DebugCommand::AddWatch("state.status".into()));
    debug(&bench, DebugCommand::SetCondition(Some("event.body.total > 12".into())));
    wait(&bench, "watch and condition", |view| {
        let watched = view.debugger.watches.first()?.watched.is_some();
        let known = view.debugger.condition.as_ref()?.watched.is_some();
        (watched && known).then_some(())
    });
    debug(&bench, DebugCommand::Step(DebugTarget::NextHit));
    at_step(&bench, 3);
    debug(&bench, DebugCommand::Step(DebugTarget::NextChange));
    at_step(&bench, 4);
    debug(&bench, DebugCommand::Step(DebugTarget::PreviousChange));
    at_step(&bench, 1);
    debug(&bench, DebugCommand::AddWatch("state.".into()));
    wait(&bench, "what is wrong with it", |view| view.debugger.watches.get(1)?.problem.clone());
}

#[test]
fn an_edited_event_makes_a_branch_that_is_run_from_there_on() {
    let bench = run();
    let text = EventText {
        event_type: "ItemAdded".into(),
        entity: Some(EntityId::new("order-1")),
        body: Some(r#"{"total": 99}"#.into()),
    };
    debug(&bench, DebugCommand::Edit(Edit::Replace(2, text)));
    let branch = wait(&bench, "the branch's end", |view| {
        let branch = view.debugger.branches.get(1)?.clone();
        branch.outcome.is_some().then_some(branch)
    });
    let outcome = branch.outcome.unwrap();
    assert_eq!((outcome.first_change, outcome.events_run), (2, 2), "two of four events");
    assert_eq!(outcome.first_divergence, Some(2));
    assert_eq!(outcome.differing.len(), 1);
    assert_eq!(outcome.compared[0].to.as_deref(), Some("99"));
    assert_eq!(&*branch.edits, [Arc::from("edit 3 ItemAdded")]);
    debug(&bench, DebugCommand::Edit(Edit::Skip(3)));
    wait(&bench, "three events", |view| {
        (view.debugger.run.as_ref()?.len() == 3 && !view.debugger.run_pending).then_some(())
    });
    debug(&bench, DebugCommand::SelectBranch(0));
    wait(&bench, "the log again", |view| (view.debugger.run.as_ref()?.len() == 4).then_some(()));
}

#[test]
fn what_is_wrong_with_a_script_is_told_with_its_place_and_the_run_before_stays() {
    let bench = run();
    ask(&bench, SandboxCommand::Check("fromAll().when({\n  A: (s, e) => { s. }\n})".into()));
    let fault = wait(&bench, "the fault", |view| view.fault.clone());
    assert_eq!(fault.place.map(|(line, _)| line), Some(2));
    ask(&bench, SandboxCommand::Run("fromAll().when({ $any() { for (;;) {} } })".into()));
    let failure =
        wait(&bench, "the endless loop", |view| view.debugger.run.as_ref()?.failure().cloned());
    assert_eq!(failure.index, 0);
    assert!(failure.fault.message.contains("loop"), "{failure:?}");
}
