//! The window on the real reference system: a command that is sent in its panel becomes an event on
//! a lane; its incident is made to happen again in the sandbox.
//!
//! Promises: engine, embedded cluster and command side are those of the program; only the display
//! is missing.
//! Does not know: how anything looks.

#![cfg(test)]

use std::path::Path;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use egui::{Key, Modifiers, Vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use foldback::demo::{self, Running};
use foldback::gui::{App, Choices, Layout};
use foldback::workspace::sandbox::{FixtureReport, FixtureRun};
use foldback::workspace::{
    self, DemoStarter, EngineOptions, Permissions, Target, WorkspacePort, clock,
};

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// The window, and what the demo keeps alive.
struct Window {
    /// The window.
    test: Harness<'static, App>,
    /// Says when there is news.
    woken: Receiver<()>,
    /// The demo; it ends with the window.
    _running: Arc<Mutex<Option<Running>>>,
}

/// Starts the demo with a small past.
fn demo() -> (WorkspacePort, Arc<Mutex<Option<Running>>>) {
    let options =
        demo::Options { orders: 50, traffic: false, ..demo::Options::embedded(clock::now_ms()) };
    let running = Arc::new(Mutex::new(None));
    let kept = Arc::clone(&running);
    let starter = DemoStarter::new(move || {
        let running = demo::start(&options).unwrap();
        let way = (running.settings().clone(), running.port());
        *kept.lock().unwrap() = Some(running);
        Ok(way)
    });
    let options = EngineOptions {
        connect: Some(Target::Demo),
        demo: Some(starter),
        ..EngineOptions::default()
    };
    (workspace::start(options).unwrap(), running)
}

impl Window {
    /// Opens the window on the demo.
    fn open() -> Self {
        let (port, running) = demo();
        let layout = Layout::with_choices(Choices::default());
        let test = Harness::builder()
            .with_size(Vec2::new(1280.0, 800.0))
            .with_max_steps(64)
            .with_os(egui::os::OperatingSystem::Nix)
            .with_context_setup(foldback::gui::theme::apply)
            .build_eframe({
                let port = port.clone();
                move |_| App::new(port, layout)
            });
        // The window has set its own waker in the first frame; here the test is what must wake.
        let (wake, woken) = sync_channel(1);
        port.set_waker(move || wake.try_send(()).unwrap_or_default());
        Self { test, woken, _running: running }
    }

    /// Whether something has a name that contains this.
    fn shows(&self, text: &str) -> bool {
        self.test.query_all_by_label_contains(text).next().is_some()
    }

    /// Draws frames until something has a name that contains this.
    fn wait_for(&mut self, text: &str) {
        let deadline = Instant::now() + PATIENCE;
        self.test.run();
        while !self.shows(text) {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "the window does not show {text:?}");
            self.woken.recv_timeout(left.min(Duration::from_millis(100))).unwrap_or_default();
            self.test.run();
        }
    }

    /// Clicks what has this name, which begins like this.
    fn press(&mut self, name: &str) {
        let node = self.test.query_all_by_label(name).next();
        node.unwrap_or_else(|| panic!("nothing is called {name:?}")).click();
        self.test.run();
    }

    /// Keeps the run that is shown as a test in this file.
    fn keep_as_test(&mut self, file: &Path) {
        self.press("Keep this run as a test");
        self.test.get_by_role_and_label(egui::Role::TextInput, "Test to write").focus();
        self.test.run();
        self.key(Modifiers::COMMAND, Key::A);
        self.test.event(egui::Event::Text(file.display().to_string()));
        self.test.run();
        self.press("Write the test");
        self.wait_for("written: ");
    }

    /// Presses a key.
    fn key(&mut self, modifiers: Modifiers, key: Key) {
        self.test.key_press_modifiers(modifiers, key);
        self.test.run();
    }
}

#[test]
fn a_command_sent_in_the_panel_is_an_event_on_the_lane_and_a_change_of_the_state() {
    let mut window = Window::open();
    window.wait_for("The dashboard says CREATED");
    window.press("Leave the tour");
    window.press("Send CreateOrder");
    window.wait_for("CreateOrder order-90001");
    window.press("Open this entity");
    window.wait_for("v1 OrderCreated");
    window.key(Modifiers::COMMAND, Key::PageUp);
    window.press("AddItem");
    window.press("Send AddItem");
    window.key(Modifiers::COMMAND, Key::PageDown);
    window.wait_for("v2 ItemAdded");
    window.wait_for("KETTLE-2");
    window.wait_for("order-events, 2 events");
}

#[test]
fn the_incident_happens_again_in_the_sandbox_and_the_mended_consumer_passes_by_clicking_alone() {
    let mut window = Window::open();
    window.wait_for("The dashboard says CREATED");
    window.press("Sandbox chapter");
    window.wait_for("The same fault, on purpose");
    window.press("Open the dashboard's projection");
    window.wait_for("Step 2 of 4");
    window.press("Reproduce it");
    window.wait_for("It breaks I1");
    window.wait_for("Row order-1042, wrong");
    assert!(window.shows("Breaks I1"), "the invariant is named");
    assert!(window.shows("Consumer: naive"), "the careless consumer");
    window.wait_for("status \"CREATED\", right: \"SHIPPED\"");
    window.press("Step back");
    window.press("To the end of the run");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("incident.fixture.json");
    window.keep_as_test(&file);
    let careless =
        FixtureReport::of(&file, FixtureRun::Check, None, &Permissions::default()).unwrap();
    assert!(!careless.passed(), "it fails until the consumer is mended");
    window.press("Try the mended consumer");
    window.wait_for("The mended consumer passes");
    assert!(window.shows("holds every invariant"), "the verdict");
    window.press("To the end of the run");
    window.wait_for("Row order-1042, right");
    window.keep_as_test(&file);
    let mended =
        FixtureReport::of(&file, FixtureRun::Check, None, &Permissions::default()).unwrap();
    assert!(mended.passed(), "{:?}", mended.differences);
    window.press("Try every fault");
    window.wait_for("of 180 cells");
    window.press("Stop the matrix");
    window.wait_for("Run the matrix");
}

#[test]
fn a_projection_is_compared_with_itself_in_another_order() {
    let mut window = Window::open();
    window.wait_for("The dashboard says CREATED");
    window.press("Sandbox chapter");
    window.press("Open the dashboard's projection");
    window.wait_for("Step 2 of 4");
    window.press("Leave the tour");
    window.press("A against B");
    window.press("Order of B: log");
    window.press("event");
    window.press("Compare A with B");
    window.wait_for("results differ");
}

#[test]
fn a_run_over_the_whole_shop_is_stepped_through_and_any_row_is_found() {
    let mut window = Window::open();
    window.wait_for("The dashboard says CREATED");
    window.press("Sandbox chapter");
    window.press("Open the dashboard's projection");
    window.wait_for("Step 2 of 4");
    window.press("Leave the tour");
    window.press("Schedule");
    window.press("A run without faults");
    window.wait_for("holds every invariant");
    window.wait_for("Row to find");
    window.test.get_by_role_and_label(egui::Role::TextInput, "Row to find").focus();
    window.test.run();
    window.test.event(egui::Event::Text("1042".to_owned()));
    window.test.run();
    window.key(Modifiers::NONE, Key::Enter);
    window.wait_for("Row order-1042, right");
    window.press("To the start of the run");
    window.wait_for("Before the first step");
}
