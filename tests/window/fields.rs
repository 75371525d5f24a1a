//! Every field of the window: whoever types into one types, and nothing else happens.
//!
//! Promises: a field of the source that is not in the table makes a test fail.
//! Does not know: what a field is for.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use egui::{Event, Key, Modifiers, Role};
use egui_kittest::Node;
use egui_kittest::kittest::{Queryable as _, by};
use foldback::sandbox::Consumer;
use foldback::workspace::sandbox::TrialView;
use foldback::workspace::{BranchView, Command, Fetch, SandboxCommand, Snapshot};

use crate::behaviour::{go_to, on_entity};
use crate::harness::{Test, Use as _, open};
use crate::{consumers, sandbox, scenes};

/// A field: the file that makes it, its name, and the way to it.
type Row = (&'static str, &'static str, fn() -> Test);

/// The fields of the window.
const FIELDS: [Row; 31] = [
    ("app/navigator.rs", "Filter topics", || on_entity(6)),
    ("dialogs/bookmark.rs", "Name", bookmark),
    ("dialogs/bookmark.rs", "Note", bookmark),
    ("dialogs/save.rs", "File", || {
        let mut test = on_entity(6);
        go_to(&mut test, "Export history");
        test
    }),
    ("views/demo.rs", "Order", || open(scenes::demo())),
    ("views/demo.rs", "Entity to look up", || open(scenes::demo())),
    ("views/groups/mod.rs", "Group filter", || {
        let mut test = open(scenes::groups());
        go_to(&mut test, "Consumer groups");
        test
    }),
    ("views/projections.rs", "Path of a script", sandbox::window),
    ("views/sandbox/comparison.rs", "Script of B", || {
        consumers::at("A against B", consumers::comparison())
    }),
    ("views/sandbox/debugger/branches.rs", "Name of the branch", || {
        pressed(with_branch(), &["Branch: what if"])
    }),
    ("views/sandbox/debugger/code.rs", "Script", debugger),
    ("views/sandbox/debugger/code.rs", "Find", || {
        let mut test = debugger();
        test.key(Modifiers::COMMAND, Key::F);
        test
    }),
    ("views/sandbox/debugger/controls.rs", "Condition", debugger),
    ("views/sandbox/debugger/controls.rs", "File of the test", || {
        pressed(debugger(), &["Keep this step as a test"])
    }),
    ("views/sandbox/debugger/event_form.rs", "Event type", || pressed(debugger(), &["Event"])),
    ("views/sandbox/debugger/event_form.rs", "Event entity", || pressed(debugger(), &["Event"])),
    ("views/sandbox/debugger/event_form.rs", "Event value", || pressed(debugger(), &["Event"])),
    ("views/sandbox/debugger/watches.rs", "Watch expression", debugger),
    ("views/sandbox/header.rs", "File to save into", || pressed(debugger(), &["Save as"])),
    ("views/sandbox/header.rs", "Entities", || pressed(debugger(), &["Events: order-events"])),
    ("views/sandbox/header.rs", "Seed", || pressed(debugger(), &["Events: order-events"])),
    ("views/sandbox/matrix.rs", "Seed", || consumers::at("Matrix", TrialView::default())),
    ("views/sandbox/schedule/files.rs", "Schedule to open", || {
        pressed(schedule(), &["Open a schedule from a file"])
    }),
    ("views/sandbox/schedule/files.rs", "Schedule", || {
        pressed(schedule(), &["Edit the schedule as text"])
    }),
    ("views/sandbox/schedule/moment.rs", "Row to find", many_rows),
    ("views/start.rs", "Bootstrap address", || open(scenes::disconnected())),
    ("views/topic/filter.rs", "Filter records", on_topic),
    ("views/topic/filter.rs", "Expression (CEL)", || {
        pressed(on_topic(), &["Filter by an expression"])
    }),
    ("views/topic/start.rs", "How many records", || {
        let mut test = open(scenes::topic_unread());
        go_to(&mut test, "order-events");
        test
    }),
    ("widgets/clock_bar.rs", "Time to jump to", || {
        let mut test = on_entity(6);
        test.key(Modifiers::NONE, Key::G);
        test
    }),
    ("widgets/palette.rs", "A command, a topic, an entity", || {
        let mut test = on_entity(6);
        test.key(Modifiers::COMMAND, Key::K);
        test
    }),
];

/// Fields that open by a click or a key, and have the focus then.
const OPENED: [&str; 9] = [
    "Name of the branch",
    "Find",
    "File of the test",
    "File to save into",
    "Schedule to open",
    "Schedule",
    "Expression (CEL)",
    "Time to jump to",
    "A command, a topic, an entity",
];

/// A window in which these were pressed.
fn pressed(mut test: Test, names: &[&str]) -> Test {
    for name in names {
        test.press(name);
    }
    test
}

/// A window where a bookmark is given its words.
fn bookmark() -> Test {
    let mut test = open(scenes::busy());
    go_to(&mut test, "Bookmarks");
    let label = scenes::busy().bookmarks[0].label.clone();
    test.get_by_label(&label).click_secondary();
    test.run();
    pressed(test, &["Name and note"])
}

/// A window with the records of a topic in front.
fn on_topic() -> Test {
    let mut test = open(scenes::topic_read());
    go_to(&mut test, "order-events");
    test
}

/// A window with a run of a script in front.
fn debugger() -> Test {
    let mut test = sandbox::window();
    test.publish(sandbox::after_run(3));
    test
}

/// The same with a branch of its own in front.
fn with_branch() -> Test {
    let mut snapshot = sandbox::after_run(3);
    let mut view = (*snapshot.sandbox_views[0]).clone();
    let log = view.debugger.branches[0].clone();
    let branch = BranchView { name: "what if".into(), ..log.clone() };
    view.debugger.branches = Arc::new([log, branch]);
    view.debugger.branch = 1;
    snapshot = Snapshot { sandbox_views: vec![Arc::new(view)], ..snapshot };
    let mut test = sandbox::window();
    test.publish(snapshot);
    test
}

/// A window with a run of virtual consumers in front.
fn schedule() -> Test {
    consumers::at("Schedule", consumers::run_view(Consumer::Naive, Some(5)))
}

/// The same with more rows than are listed.
fn many_rows() -> Test {
    let mut trial = consumers::run_view(Consumer::Naive, Some(5));
    let run = trial.run.latest().unwrap();
    let mut more = (**run).clone();
    more.rows = more.rows.iter().chain(more.rows.iter()).cloned().collect();
    trial.run = Fetch::Ready(Arc::new(more));
    consumers::at("Schedule", trial)
}

/// The field with this name.
fn field<'t>(test: &'t Test, name: &str) -> Option<Node<'t>> {
    let is_field = |role| matches!(role, Role::TextInput | Role::MultilineTextInput);
    let name = name.to_owned();
    let found = test.query_all(by().predicate(move |node| {
        is_field(node.role()) && node.label().is_some_and(|label| label == name)
    }));
    found.into_iter().next_back()
}

/// The event of a key.
fn key(key: Key) -> Event {
    let modifiers = Modifiers::NONE;
    Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers }
}

/// What a keyboard sends for these characters.
fn keyboard(text: &str) -> Vec<Event> {
    let of = |character: char| {
        let text = Event::Text(character.to_string());
        let name = match character {
            ' ' => "Space".to_owned(),
            other => other.to_uppercase().to_string(),
        };
        Key::from_name(&name).map(key).into_iter().chain([text]).collect::<Vec<_>>()
    };
    text.chars().flat_map(of).collect()
}

/// Whether a field may ask for this while it is typed into.
fn is_of_typing(command: &Command) -> bool {
    matches!(
        command,
        Command::SetFilter(..)
            | Command::SearchEntities(..)
            | Command::NeedLanes(..)
            | Command::Sandbox(_, SandboxCommand::Check(_))
    )
}

/// Asserts that nothing but typing was asked for.
fn assert_only_typed(test: &mut Test, file: &str, name: &str) {
    let sent = test.take_sent();
    assert!(sent.iter().all(is_of_typing), "{name} of {file}: typing is no command: {sent:?}");
    assert!(!test.shows("No key sets one off"), "{name} of {file}: no sheet of keys");
}

#[test]
fn typing_into_any_field_only_types() {
    for (file, name, way) in FIELDS {
        let mut test = way();
        test.take_sent();
        if !OPENED.contains(&name) {
            let found = field(&test, name);
            found.unwrap_or_else(|| panic!("{name} of {file} is not there")).focus();
            test.run();
        }
        test.take_sent();
        let focused = |test: &Test| field(test, name).is_some_and(|field| field.is_focused());
        assert!(focused(&test), "{name} of {file} has the focus");
        for event in keyboard("fbc/ ?") {
            test.event(event);
            test.step();
        }
        test.run();
        let value = field(&test, name).and_then(|field| field.value()).unwrap_or_default();
        assert!(value.contains("fbc/ ?"), "{name} of {file} says {value:?}");
        assert_only_typed(&mut test, file, name);
        for walk in [Key::ArrowLeft, Key::ArrowRight, Key::Home, Key::End] {
            test.event(key(walk));
            test.run();
        }
        assert!(focused(&test), "{name} of {file} keeps the focus");
        assert_only_typed(&mut test, file, name);
        // Enter means what was typed; what comes after it is typed, too, or goes nowhere where the
        // field closed.
        test.event(key(Key::Enter));
        test.step();
        test.take_sent();
        if field(&test, name).is_some_and(|field| field.is_focused()) {
            for event in keyboard("bc") {
                test.event(event);
                test.step();
            }
            assert_only_typed(&mut test, file, name);
        }
    }
}

#[test]
fn every_field_of_the_source_is_in_the_table() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/gui");
    let mut made: BTreeMap<String, usize> = BTreeMap::new();
    count_fields(&root, &root, &mut made);
    let mut listed: BTreeMap<String, usize> = BTreeMap::new();
    for (file, ..) in FIELDS {
        *listed.entry(file.to_owned()).or_default() += 1;
    }
    assert_eq!(made, listed, "each field has a line in the table of this test");
}

/// Counts the places that make a field, by file.
fn count_fields(root: &Path, folder: &Path, made: &mut BTreeMap<String, usize>) {
    // These make the fields that the others use.
    const MAKERS: [&str; 2] = ["views/field.rs", "widgets/code/editor.rs"];
    for entry in fs_err::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            count_fields(root, &path, made);
            continue;
        }
        let text = fs_err::read_to_string(&path).unwrap();
        let text = text.split("#[cfg(test)]").next().unwrap();
        let places =
            ["Field::new(", "TextEdit::singleline(", "TextEdit::multiline(", "CodeEditor::new("];
        let count: usize = places.iter().map(|place| text.matches(place).count()).sum();
        let file = path.strip_prefix(root).unwrap().display().to_string();
        if count > 0 && !MAKERS.contains(&file.as_str()) {
            made.insert(file, count);
        }
    }
}

#[test]
fn what_is_typed_behind_a_key_that_opens_a_field_goes_into_that_field() {
    let mut test = on_topic();
    test.take_sent();
    // All of it comes within one frame, as where drawing is slow.
    for event in keyboard("/fbc") {
        test.event(event);
    }
    test.run();
    let value = field(&test, "Filter records").and_then(|field| field.value());
    assert_eq!(value.as_deref(), Some("fbc"));
    assert_only_typed(&mut test, "views/topic/filter.rs", "Filter records");
}

#[test]
fn an_id_that_is_typed_into_the_palette_faster_than_frames_come_is_opened() {
    let mut test = open(scenes::entity(6));
    test.take_sent();
    let modifiers = Modifiers::COMMAND;
    let open =
        Event::Key { key: Key::K, physical_key: None, pressed: true, repeat: false, modifiers };
    let typed = [open].into_iter().chain(keyboard("order-4711")).chain([key(Key::Enter)]);
    for event in typed {
        test.event(event);
    }
    test.run();
    let sent = test.take_sent();
    let opened = sent.iter().any(|command| {
        matches!(command, Command::OpenEntity(key) if key.entity.as_str() == Some("order-4711"))
    });
    assert!(opened, "{sent:?}");
}
