//! A sandbox in the window: opened, written in, run.
//!
//! Promises: what is asked of the workspace is what was clicked and typed.
//! Does not know: how a script runs.

use std::path::PathBuf;
use std::sync::Arc;

use egui::{Key, Modifiers};
use foldback::workspace::{
    Command, Fetch, HistoryChoice, SandboxCommand, SandboxKey, SandboxView, ScriptFile, Snapshot,
};

use crate::harness::{Test, Use as _, open};
use crate::scenes;

/// A script.
const SCRIPT: &str = "fromAll().when({\n  $any: (state, event) => event.body,\n});\n";

/// A cluster and a workspace with a script.
fn workspace() -> Snapshot {
    let script = ScriptFile { name: "totals.js".into(), path: PathBuf::from("/shop/totals.js") };
    Snapshot { scripts: Fetch::Ready(Arc::new([script])), ..scenes::connected() }
}

/// The key of its script.
fn totals() -> SandboxKey {
    SandboxKey::File("/shop/totals.js".into())
}

/// The same with its script open.
fn opened() -> Snapshot {
    let mut view = SandboxView::new(totals(), HistoryChoice::topic("order-events".into()));
    view.text = Some(SCRIPT.into());
    Snapshot { generation: 2, sandbox_views: vec![Arc::new(view)], ..workspace() }
}

/// A window with the script open.
fn window() -> Test {
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
