//! A whole window without a display, on a workspace that is made by hand.
//!
//! Promises: what the window sends is kept in order; a new snapshot is shown in the next frame.
//! Does not know: scenes.

use std::sync::Arc;
use std::time::Duration;

use egui::{Key, Modifiers, Theme, ThemePreference, Vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use foldback::gui::{App, Choices, Layout};
use foldback::workspace::{Command, EnginePort, JobView, Snapshot, port};

use crate::soft_renderer::SoftRenderer;

/// The window with its other side.
pub(crate) struct Window {
    /// The window.
    app: App,
    /// The workspace's side.
    engine: EnginePort,
    /// What it was given last.
    shown: Arc<Snapshot>,
    /// What the window sent.
    sent: Vec<Command>,
}

impl eframe::App for Window {
    fn logic(&mut self, ctx: &egui::Context, frame: &mut eframe::Frame) {
        self.app.logic(ctx, frame);
    }

    fn ui(&mut self, ui: &mut egui::Ui, frame: &mut eframe::Frame) {
        self.app.ui(ui, frame);
        let sent = self.engine.commands().try_iter();
        // How tabs are arranged is told whenever it changes, whatever is tested.
        self.sent.extend(sent.filter(|command| !matches!(command, Command::Arrange(..))));
    }
}

/// A test of a whole window.
pub(crate) type Test = Harness<'static, Window>;

/// A dark window of 1280 × 800 points.
pub(crate) fn open(snapshot: Snapshot) -> Test {
    open_as(snapshot, Theme::Dark, Vec2::new(1280.0, 800.0))
}

/// A window of this theme and size.
pub(crate) fn open_as(snapshot: Snapshot, theme: Theme, size: Vec2) -> Test {
    let choices = Choices { theme: ThemePreference::from(theme), ..Choices::default() };
    open_with(snapshot, choices, size)
}

/// A window that looks as was chosen, of this size in points at 100 %.
pub(crate) fn open_with(snapshot: Snapshot, choices: Choices, size: Vec2) -> Test {
    let (window, engine) = port();
    let shown = Arc::new(snapshot);
    engine.publish(Arc::clone(&shown));
    let app = App::new(window, Layout::with_choices(choices));
    let state = Window { app, engine, shown, sent: Vec::new() };
    let mut test = Harness::builder()
        .with_size(size)
        .with_theme(if choices.theme == ThemePreference::Light {
            Theme::Light
        } else {
            Theme::Dark
        })
        .with_render_cursor(false)
        .with_max_steps(64)
        .with_os(egui::os::OperatingSystem::Nix)
        .renderer(SoftRenderer::default())
        .with_context_setup(foldback::gui::theme::apply)
        .build_eframe(|_| state);
    test.run();
    test.set_size(size * 100.0 / f32::from(choices.zoom_percent));
    test.run();
    test
}

impl Window {
    /// Shows another snapshot in the next frame.
    pub(crate) fn publish(&mut self, snapshot: Snapshot) {
        self.shown = Arc::new(snapshot);
        self.engine.publish(Arc::clone(&self.shown));
    }
}

/// What tests do with a window.
pub(crate) trait Use {
    /// Shows another snapshot.
    fn publish(&mut self, snapshot: Snapshot);
    /// Clicks what has exactly this name.
    fn press(&mut self, name: &str);
    /// Puts the focus on the field with exactly this name.
    fn focus(&mut self, name: &str);
    /// Presses a key.
    fn key(&mut self, modifiers: Modifiers, key: Key);
    /// Types into what has the focus.
    fn type_text(&mut self, text: &str);
    /// Whether something has a name that contains this.
    fn shows(&self, text: &str) -> bool;
    /// What was sent since the last call.
    fn take_sent(&mut self) -> Vec<Command>;
    /// Saves a picture in the folder that the variable `FOLDBACK_PICTURES` names; drawing takes a
    /// while.
    fn picture(&mut self, name: &str);
    /// Asserts that nothing is painted without input or news.
    fn assert_idle(&self, name: &str);
    /// Asserts that no words say that something is under way for which no job runs: such words end
    /// in `…`. Names of commands that ask for more do, too.
    fn assert_promises_are_kept(&self, name: &str);
}

/// The names of commands that ask for more before they do something.
const ASKING_COMMANDS: [&str; 9] = [
    "Go to anything…",
    "Jump to time…",
    "Compare with entity…",
    "Connect…",
    "Export history…",
    "Export every state…",
    "Export state…",
    "Export diff…",
    "Export records…",
];

impl Use for Test {
    fn publish(&mut self, snapshot: Snapshot) {
        self.state_mut().publish(snapshot);
        self.run();
    }

    fn press(&mut self, name: &str) {
        let node = self
            .query_all_by_label(name)
            .next()
            .unwrap_or_else(|| panic!("nothing is called {name:?}"));
        node.click();
        self.run();
    }

    fn focus(&mut self, name: &str) {
        self.get_by_role_and_label(egui::Role::TextInput, name).focus();
        self.run();
    }

    fn key(&mut self, modifiers: Modifiers, key: Key) {
        self.key_press_modifiers(modifiers, key);
        self.run();
    }

    fn type_text(&mut self, text: &str) {
        self.event(egui::Event::Text(text.to_owned()));
        self.run();
    }

    fn shows(&self, text: &str) -> bool {
        self.query_all_by_label_contains(text).next().is_some()
            || self
                .query_all(egui_kittest::kittest::by().predicate({
                    let text = text.to_owned();
                    move |node| node.value().is_some_and(|value| value.contains(&text))
                }))
                .next()
                .is_some()
    }

    fn assert_promises_are_kept(&self, name: &str) {
        let jobs = &self.state().shown.jobs;
        let kept: Vec<String> =
            jobs.iter().filter(|job| job.is_running()).map(JobView::waiting_words).collect();
        let promises = egui_kittest::kittest::by().predicate(|node| {
            [node.label(), node.value()].into_iter().flatten().any(|text| text.ends_with('…'))
        });
        for node in self.query_all(promises) {
            let words = node.accesskit_node();
            let words = words.label().or_else(|| words.value()).unwrap_or_default();
            let known = ASKING_COMMANDS.iter().any(|command| words.ends_with(command))
                || kept.iter().any(|promise| words.ends_with(promise.as_str()));
            assert!(known, "{name}: {words:?} is shown while no job does it");
        }
    }

    fn take_sent(&mut self) -> Vec<Command> {
        std::mem::take(&mut self.state_mut().sent)
    }

    fn picture(&mut self, name: &str) {
        let Some(folder) = std::env::var_os("FOLDBACK_PICTURES").map(std::path::PathBuf::from)
        else {
            return;
        };
        fs_err::create_dir_all(&folder).unwrap();
        let picture = self.render().unwrap();
        picture.save(folder.join(format!("{name}.png"))).unwrap();
    }

    fn assert_idle(&self, name: &str) {
        self.assert_promises_are_kept(name);
        let delay = self.output().viewport_output[&egui::ViewportId::ROOT].repaint_delay;
        assert_eq!(delay, Duration::MAX, "{name} asks for a repaint while nothing happens");
    }
}
