//! A sandbox in the window: opened, written in, run.
//!
//! Promises: what is asked of the workspace is what was clicked and typed.
//! Does not know: how a script runs.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;
use foldback::decode::Decoder;
use foldback::fold::{Program, Trace};
use foldback::model::{Cancel, EntityId, Event, TimestampType, TopicPartition, Transaction};
use foldback::workspace::sandbox::{Edit, EventList};
use foldback::workspace::{
    BranchView, Command, DebugCommand, DebugRun, DebugStep, DebugTarget, DebuggerView, Fetch,
    HistoryChoice, SandboxCommand, SandboxKey, SandboxView, ScriptFile, Snapshot, WatchView,
};

use crate::harness::{Test, Use as _, open, open_as};
use crate::scenes;

/// A script.
const SCRIPT: &str = "fromAll().when({\n  $any: (state, event) => event.body,\n});\n";

/// A cluster and a workspace with a script.
pub(crate) fn workspace() -> Snapshot {
    let script = ScriptFile { name: "totals.js".into(), path: PathBuf::from("/shop/totals.js") };
    Snapshot { scripts: Fetch::Ready(Arc::new([script])), ..scenes::connected() }
}

/// The key of its script.
fn totals() -> SandboxKey {
    SandboxKey::File("/shop/totals.js".into())
}

/// The same with its script open.
pub(crate) fn opened() -> Snapshot {
    let mut view = SandboxView::new(totals(), HistoryChoice::topic("order-events".into()));
    view.text = Some(SCRIPT.into());
    Snapshot { generation: 2, sandbox_views: vec![Arc::new(view)], ..workspace() }
}

/// A window with the script open.
pub(crate) fn window() -> Test {
    let mut test = open(workspace());
    test.press("Projections");
    test.press("totals.js");
    test.publish(opened());
    test.take_sent();
    test
}

#[test]
fn a_projection_is_opened_from_the_navigator_and_a_new_one_made() {
    let mut test = open(workspace());
    test.press("Projections");
    test.press("totals.js");
    let is_opened = |sent: &[Command], key: &SandboxKey| {
        sent.iter()
            .any(|command| matches!(command, Command::OpenSandbox(opened, _) if opened == key))
    };
    assert!(is_opened(&test.take_sent(), &totals()), "opened from the list");
    assert!(test.shows("Tab Sandbox: totals.js"), "in a tab of its own");
    test.press("New projection");
    assert!(is_opened(&test.take_sent(), &SandboxKey::New(1)), "a new one");
    assert!(test.shows("Tab Sandbox: projection-1.js"), "beside it");
}

#[test]
fn ctrl_enter_runs_what_is_in_the_editor_and_ctrl_s_saves_it() {
    let mut test = window();
    test.key(Modifiers::COMMAND, Key::Enter);
    let sent = test.take_sent();
    let run = sent.iter().any(|command| {
        matches!(command, Command::Sandbox(key, SandboxCommand::Run(text)) if *key == totals() && **text == *SCRIPT)
    });
    assert!(run, "{sent:?}");
    test.key(Modifiers::COMMAND, Key::S);
    let sent = test.take_sent();
    let saved = sent
        .iter()
        .any(|command| matches!(command, Command::Sandbox(_, SandboxCommand::Save(text)) if **text == *SCRIPT));
    assert!(saved, "{sent:?}");
}

/// An event of an order, the number of which is its offset, too.
fn event(offset: i64, entity: &str, event_type: &str, body: &str) -> Event {
    Event {
        version: 1,
        entity: Some(EntityId::new(entity)),
        position: TopicPartition::new("order-events", 0).at(offset),
        timestamp_ms: 1_795_428_900_000 + offset * 1000,
        timestamp_type: TimestampType::CreateTime,
        log_time_ms: 1_795_428_900_000 + offset * 1000,
        event_time_ms: Some(1_795_428_900_000 + offset * 1000),
        event_type: event_type.into(),
        key: Some(Arc::from(entity.as_bytes())),
        value: Decoder::Auto.decode(Some(body.as_bytes())),
        raw: Some(Arc::from(body.as_bytes())),
        transaction: Transaction::Committed,
        mapped_version: None,
        correlation: None,
        causation: None,
        actor: None,
        schema: None,
        headers: Arc::from([]),
        payload_bytes: 0,
        problems: Vec::new(),
    }
}

/// A run of a script over four events, the last of which it fails on.
fn run() -> DebugRun {
    const SCRIPT: &str = "fromAll().foreachStream().when({\n  Created: (s, e) => ({ total: e.body.total }),\n  Added(s, e) { s.total += e.body.total; log('added'); },\n  Lost(s, e) { s.total = e.body.missing.total; },\n});\n";
    let events = [
        event(0, "order-1", "Created", r#"{"total":1}"#),
        event(1, "order-2", "Created", r#"{"total":5}"#),
        event(2, "order-1", "Added", r#"{"total":2}"#),
        event(3, "order-1", "Lost", r#"{"total":2}"#),
    ];
    let events = EventList::new(Arc::from(events), HashMap::new());
    let program = Program::read("totals.js", SCRIPT).unwrap();
    let inputs = Arc::new(events.clone());
    let trace = Trace::record(&program, inputs, &Cancel::new(), &mut |_| {}).unwrap();
    DebugRun { trace: Arc::new(trace), events }
}

/// The sandbox after its run, standing at this step.
pub(crate) fn after_run(at: u64) -> Snapshot {
    let run = run();
    let mut view = SandboxView::new(totals(), HistoryChoice::topic("order-events".into()));
    view.text = Some(run.trace.program().source().into());
    view.debugger = DebuggerView {
        at,
        step: Some(Arc::new(DebugStep {
            at,
            event: at.checked_sub(1).and_then(|index| run.row(index)),
            rows: Arc::new([]),
            json: "null".into(),
            changes: Arc::new([]),
            result: None,
            logged: Arc::new(["added".into()]),
            emitted: Arc::new([]),
            body: Some(r#"{"total": 2}"#.into()),
            failure: None,
        })),
        watches: Arc::new([WatchView {
            expression: "state.total".into(),
            watched: Some(Arc::new(
                run.trace.watch("state.total", &Cancel::new(), &mut |_| {}).unwrap(),
            )),
            problem: None,
        }]),
        selected_watch: Some(0),
        branches: Arc::new([BranchView { name: "log".into(), edits: Arc::new([]), outcome: None }]),
        run: Some(Arc::new(run)),
        ..DebuggerView::default()
    };
    Snapshot { generation: 3, sandbox_views: vec![Arc::new(view)], ..workspace() }
}

/// What was asked of the debugger.
fn asked(test: &mut Test) -> Vec<DebugCommand> {
    let sent = test.take_sent().into_iter();
    let asked = sent.filter_map(|command| match command {
        Command::Sandbox(_, SandboxCommand::Debug(command)) => Some(command),
        _ => None,
    });
    asked.collect()
}

#[test]
fn a_run_is_listed_step_by_step_with_what_each_event_did_and_where_it_failed() {
    let mut test = window();
    test.publish(after_run(3));
    assert!(test.shows("3 Added changed"), "a step with its effect");
    assert!(test.shows("4 Lost failed"), "and the one it failed on");
    assert!(test.shows("failed at 4"), "said above, too");
    assert!(test.shows("Line 4: TypeError"), "the place in the code");
    assert!(test.shows("3 changes"), "of the watch: each order begins with one");
    test.picture("sandbox-steps");
}

#[test]
fn keys_and_clicks_step_through_a_run() {
    let mut test = window();
    test.publish(after_run(3));
    test.take_sent();
    let step = |test: &mut Test, modifiers, key| {
        test.key(modifiers, key);
        match asked(test).as_slice() {
            [DebugCommand::Step(target)] => Some(*target),
            _ => None,
        }
    };
    assert_eq!(step(&mut test, Modifiers::NONE, Key::ArrowLeft), Some(DebugTarget::Previous));
    assert_eq!(step(&mut test, Modifiers::NONE, Key::ArrowRight), Some(DebugTarget::Next));
    assert_eq!(step(&mut test, Modifiers::SHIFT, Key::ArrowRight), Some(DebugTarget::NextChange));
    assert_eq!(step(&mut test, Modifiers::NONE, Key::N), Some(DebugTarget::NextError));
    assert_eq!(step(&mut test, Modifiers::NONE, Key::H), Some(DebugTarget::NextHit));
    test.press("2 Created changed");
    let clicked = asked(&mut test);
    assert!(matches!(clicked[..], [DebugCommand::Step(DebugTarget::To(2))]), "{clicked:?}");
}

#[test]
fn an_event_is_edited_and_skipped_by_clicks() {
    let mut test = window();
    test.publish(after_run(3));
    test.press("Event");
    test.take_sent();
    test.press("Skip");
    let skipped = asked(&mut test);
    assert!(matches!(skipped[..], [DebugCommand::Edit(Edit::Skip(2))]), "{skipped:?}");
    test.press("Apply edit");
    let edited = asked(&mut test);
    let [DebugCommand::Edit(Edit::Replace(2, text))] = &edited[..] else {
        panic!("{edited:?}");
    };
    assert_eq!((&*text.event_type, text.body.as_deref()), ("Added", Some(r#"{"total": 2}"#)));
}

#[test]
fn a_watch_is_added_by_typing_and_a_condition_set() {
    let mut test = window();
    test.publish(after_run(3));
    test.focus("Watch expression");
    test.type_text("state.total * 2");
    test.take_sent();
    test.key(Modifiers::NONE, Key::Enter);
    let added = asked(&mut test);
    assert!(
        matches!(&added[..], [DebugCommand::AddWatch(text)] if **text == *"state.total * 2"),
        "{added:?}"
    );
    test.focus("Condition");
    test.type_text("state.total > 2");
    test.key(Modifiers::NONE, Key::Enter);
    let set = asked(&mut test);
    assert!(
        matches!(&set[..], [DebugCommand::SetCondition(Some(text))] if **text == *"state.total > 2"),
        "{set:?}"
    );
}

#[test]
fn typing_checks_the_script_and_text_is_found_in_it() {
    let mut test = window();
    test.get_by_role_and_label(egui::Role::MultilineTextInput, "Script").focus();
    test.run();
    test.type_text("x");
    let sent = test.take_sent();
    let checked =
        sent.iter().any(|command| matches!(command, Command::Sandbox(_, SandboxCommand::Check(_))));
    assert!(checked, "{sent:?}");
    assert!(test.shows("not saved"), "said above");
    test.key(Modifiers::COMMAND, Key::F);
    test.type_text("EVENT");
    assert!(test.shows("1 of 2"), "whatever the case");
}

#[test]
fn every_part_of_a_debugger_is_still_and_fits_into_a_small_window() {
    for size in [egui::vec2(640.0, 400.0), egui::vec2(1280.0, 800.0)] {
        let mut test = open_as(workspace(), egui::Theme::Light, size);
        test.press("Projections");
        test.press("totals.js");
        test.publish(after_run(3));
        for tab in ["Changes", "Output", "Event", "Branch", "State"] {
            if size.x < 700.0 {
                test.press("State");
            }
            test.press(tab);
            test.assert_idle(tab);
        }
        test.picture(&format!("sandbox-{}", size.x));
    }
}

#[test]
fn the_editor_indents_as_one_types_even_faster_than_frames_come() {
    let mut test = window();
    let editor = "Script";
    test.get_by_role_and_label(egui::Role::MultilineTextInput, editor).focus();
    test.key(Modifiers::COMMAND, Key::A);
    let text = |text: &str| egui::Event::Text(text.to_owned());
    let key = |key| egui::Event::Key {
        key,
        physical_key: None,
        pressed: true,
        repeat: false,
        modifiers: Modifiers::NONE,
    };
    let typed =
        [text("a("), text("{"), key(Key::Enter), text("b"), key(Key::Enter), text("}"), text(")")];
    for event in typed {
        test.event(event);
    }
    test.run();
    let written = |test: &Test| {
        test.get_by_role_and_label(egui::Role::MultilineTextInput, editor).value().unwrap()
    };
    assert_eq!(written(&test), "a({\n  b\n})");
    test.key(Modifiers::COMMAND, Key::A);
    test.key(Modifiers::NONE, Key::Tab);
    assert_eq!(written(&test), "  a({\n    b\n  })");
    test.key(Modifiers::SHIFT, Key::Tab);
    assert_eq!(written(&test), "a({\n  b\n})", "what is chosen stays chosen");
    test.key(Modifiers::COMMAND, Key::Z);
    assert_eq!(written(&test), "  a({\n    b\n  })", "a step back can be taken back");
}
