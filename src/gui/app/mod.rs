//! The window as a whole: takes news, draws the frame around the views, carries out what they ask
//! for.
//!
//! Promises: a frame never waits; commands leave in the order they were given, late rather than
//! never when the workspace is busy; without news and input nothing is painted.
//! Does not know: how anything inside a view looks.

mod clock_bar;
mod copying;
mod drop_zone;
mod execute;
mod file_chooser;
mod layout;
mod navigator;
mod run;
mod states;
mod status_bar;
mod tabs;
mod top_bar;
mod undo;
mod visited;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use egui::{Context, Panel, Rect, Ui, ViewportCommand};

use self::file_chooser::{Chosen, FileChooser};
pub use self::layout::{Choices, Layout, Section};
pub use self::run::{RunError, WindowOptions, run};
use self::states::ViewStates;
use self::undo::{ClosedTab, Step};
use self::visited::Visited;
use super::dialogs::{Dialog, Dialogs};
use super::shortcut::{self, TypeAhead};
use super::theme::TimeFormat;
use super::view::{Action, FileUse, Outbox, Pane, View};
use super::views::sandbox;
use super::views::tour::Tour;
use super::widgets::{ToastState, passing_word, problem_box, toasts};
use crate::model::Position;
use crate::workspace::undo::Undo;
use crate::workspace::{
    Command, ConnectionInfo, ConnectionState, CoverageOf, HistoryChoice, Problem, Refused,
    SandboxKey, Sight, Snapshot, StartPosition, WorkspacePort,
};

/// How soon a command is tried again that the workspace was too busy to take.
const RETRY: Duration = Duration::from_millis(20);

/// The window.
pub struct App {
    /// The way to the workspace.
    port: WorkspacePort,
    /// The newest snapshot.
    snapshot: Arc<Snapshot>,
    /// What is kept between starts.
    layout: Layout,
    /// The state of every view.
    states: ViewStates,
    /// Palette, keys, settings.
    dialogs: Dialogs,
    /// The notices that stand over the window.
    toasts: ToastState,
    /// The guided tour.
    tour: Tour,
    /// The file dialog.
    files: FileChooser,
    /// What was typed for a field that is about to open.
    type_ahead: TypeAhead,
    /// What can be taken back.
    undo: Undo<Step>,
    /// The tabs that were closed, the last one last.
    closed: Vec<ClosedTab>,
    /// The tabs the user was in.
    visited: Visited<Pane>,
    /// The number of what was copied last.
    copied: u64,
    /// The number of the link that was followed last.
    linked: u64,
    /// How times are written.
    times: TimeFormat,
    /// What the views of this frame ask for.
    outbox: Outbox,
    /// Commands that the workspace was too busy to take.
    unsent: VecDeque<Command>,
    /// Whether the workspace has ended, which only a fault of its own makes it do.
    workspace_ended: bool,
    /// Whether keys and theme were set up.
    prepared: bool,
    /// How the tabs were arranged when the workspace was told last.
    told_arrangement: Option<Arc<str>>,
    /// Whether the connection that is being made was asked for on the start page.
    asked_at_start: bool,
    /// What is in front of the connection's tabs while the start page shows how connecting goes.
    behind_start: Option<Pane>,
    /// The words on the window's frame.
    title: String,
}

impl App {
    /// A window on the workspace behind this port.
    pub fn new(port: WorkspacePort, layout: Layout) -> Self {
        let times = time_format(layout.choices);
        let front = layout.shown_pane().cloned();
        Self {
            port,
            snapshot: Arc::default(),
            states: ViewStates { front, ..ViewStates::default() },
            layout,
            dialogs: Dialogs::default(),
            toasts: ToastState::default(),
            tour: Tour::default(),
            files: FileChooser::default(),
            type_ahead: TypeAhead::default(),
            undo: Undo::default(),
            closed: Vec::new(),
            visited: Visited::default(),
            copied: 0,
            linked: 0,
            times,
            outbox: Outbox::default(),
            unsent: VecDeque::new(),
            workspace_ended: false,
            prepared: false,
            told_arrangement: None,
            asked_at_start: false,
            behind_start: None,
            title: String::new(),
        }
    }

    /// What is kept between starts.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Takes the newest snapshot. Runs even while the window is hidden.
    pub fn take_news(&mut self, ctx: &Context) {
        if !self.prepared {
            self.prepared = true;
            ctx.options_mut(|options| options.zoom_with_keyboard = false);
            let waker = ctx.clone();
            self.port.set_waker(move || waker.request_repaint());
            self.apply_choices(ctx);
        }
        let before = std::mem::replace(&mut self.snapshot, self.port.latest());
        self.follow_connection(&before);
        self.take_linked();
        self.tour.follow(&self.snapshot, self.states.front.as_ref(), &mut self.outbox);
        if let Some((purpose, chosen)) = self.files.take_chosen() {
            self.use_file(&purpose, chosen);
        }
        self.flush();
        if !self.unsent.is_empty() {
            ctx.request_repaint_after(RETRY);
        }
    }

    /// Hands on what became of a dialog, unless what it was opened for is gone.
    fn use_file(&mut self, purpose: &FileUse, chosen: Chosen) {
        match purpose {
            FileUse::Connect => match chosen {
                Chosen::File(path) => self.states.start.choose_file(&path),
                Chosen::NotShown => self.states.start.miss_dialog(),
            },
            FileUse::Save(..) => match chosen {
                Chosen::File(path) => self.dialogs.choose_file(Some(&path)),
                Chosen::NotShown => self.dialogs.choose_file(None),
            },
            FileUse::OpenSchedule(key) | FileUse::WriteRun(key, _) => {
                let Some(sandbox) = self.states.sandboxes.get_mut(key) else { return };
                match chosen {
                    Chosen::File(path) => sandbox.choose_file(path),
                    Chosen::NotShown => sandbox.miss_dialog(),
                }
            }
        }
    }

    /// Takes the tabs of the connection, and opens what they show as soon as it stands. While it is
    /// lost they stay.
    fn follow_connection(&mut self, before: &Snapshot) {
        let snapshot = Arc::clone(&self.snapshot);
        let tabs_of = &snapshot.tabs_of;
        if tabs_of.number != self.layout.tabs_of {
            self.layout.tabs_of = tabs_of.number;
            self.states.forget_all();
            let front = self.layout.arrange(tabs_of.arrangement.as_deref());
            self.told_arrangement = self.layout.arrangement(front.as_ref());
            self.states.front = front;
            if std::mem::take(&mut self.asked_at_start) && connected(&snapshot).is_none() {
                // Whoever connects from the start page sees there what becomes of it.
                self.layout.put_first(Pane::Start);
                self.behind_start = self.states.front.replace(Pane::Start);
            }
        } else if let Some(lost) = connected(before) {
            let is_left = matches!(snapshot.connection, ConnectionState::Disconnected);
            if lost.embedded && is_left {
                // Its cluster was in memory and is gone for good.
                self.layout.arrange(None);
                self.states.forget_all();
                self.open(&Pane::Start);
            }
            return;
        }
        self.forget_changes();
        let Some(info) = connected(&snapshot) else { return };
        let behind = self.behind_start.take();
        if self.states.front == Some(Pane::Start) {
            self.layout.retain_panes(|pane| *pane != Pane::Start);
            self.states.front = behind.or_else(|| self.layout.shown_pane().cloned());
        }
        let embedded = info.embedded;
        // What the workspace has opened again by itself stays as it is.
        let opened: Vec<_> = self.layout.panes().flat_map(tabs::opening_commands).collect();
        for command in opened {
            self.outbox.send(command);
        }
        if embedded {
            self.open(&Pane::Demo);
            self.tour.start();
        }
    }

    /// Tells the workspace how the tabs are arranged, unless it knows.
    fn tell_arrangement(&mut self) {
        let hidden = self.states.front == Some(Pane::Start) && self.behind_start.is_some();
        if self.layout.tabs_of == 0 || hidden {
            return; // They belong to no connection, or the start page hides which is in front.
        }
        let arrangement = self.layout.arrangement(self.states.front.as_ref());
        if self.told_arrangement != arrangement
            && let Some(arrangement) = arrangement
        {
            self.told_arrangement = Some(Arc::clone(&arrangement));
            self.outbox.send(Command::Arrange(self.layout.tabs_of, arrangement));
        }
    }

    /// Draws the window and carries out what the user did.
    pub fn draw(&mut self, ui: &mut Ui) {
        let ctx = ui.ctx().clone();
        let before = self.arrangement();
        if let Some(path) = drop_zone::dropped(&ctx) {
            self.states.start.choose_file(&path);
            // Without tabs the start page is there already.
            if self.layout.panes().next().is_some() {
                self.open(&Pane::Start);
            }
        }
        let dialog_is_open = self.dialogs.is_open();
        for command in shortcut::take_pressed(&ctx, &mut self.type_ahead, dialog_is_open) {
            self.outbox.run(command);
        }
        self.take_mouse_buttons(&ctx);
        self.take_copied(&ctx);
        let snapshot = Arc::clone(&self.snapshot);
        let mut outbox = std::mem::take(&mut self.outbox);
        let times = self.times.clone();
        let mut view = View { snapshot: &snapshot, times: &times, out: &mut outbox };
        let middle = self.draw_frame(ui, &mut view);
        self.dialogs.show(&ctx, &mut self.layout.choices, &mut view);
        if !self.dialogs.is_open() {
            self.tour.show(&ctx, middle, &mut view);
        }
        drop_zone::show(&ctx);
        toasts(&ctx, &mut self.toasts, &snapshot.notices);
        passing_word(&ctx);
        self.outbox = outbox;
        self.carry_out(&ctx);
        self.note_changes(&ctx, &before);
        self.apply_choices(&ctx);
        self.tell_title(&ctx);
        if self.port.look_at(self.sight()) {
            ctx.request_repaint();
        }
        self.flush();
        if !self.unsent.is_empty() {
            ctx.request_repaint_after(RETRY);
        }
    }

    /// What is on screen; `None` is everything.
    fn sight(&self) -> Option<Sight> {
        if self.dialogs.is_open() || self.tour.is_on() {
            return None;
        }
        let choices = &self.layout.choices;
        let alone = self.layout.panes().next().is_none();
        let is_open = choices.navigator_open || self.states.navigator.over || alone;
        let lists = |section| is_open && choices.section == section;
        let mut sight = Sight {
            groups: lists(Section::Groups),
            jobs: lists(Section::Jobs),
            ..Sight::default()
        };
        if lists(Section::Entities) {
            let topics = self.snapshot.topic_views.iter();
            sight.topics.extend(topics.map(|view| Arc::clone(&view.topic)));
        }
        let tabs = &self.layout.tabs;
        for pane in tabs.active_tiles().into_iter().filter_map(|id| tabs.tiles.get_pane(&id)) {
            match pane {
                Pane::Topic(topic) => sight.topics.extend([Arc::clone(topic)]),
                Pane::Entity(key) => sight.entities.extend([key.clone()]),
                Pane::Sandbox(key) => sight.sandboxes.extend([key.clone()]),
                Pane::Groups => sight.groups = true,
                Pane::Demo => sight.demo = true,
                Pane::Start => {}
            }
        }
        Some(sight)
    }

    /// Draws the bars, the navigator and the tabs; where the tabs are.
    fn draw_frame(&mut self, ui: &mut Ui, view: &mut View<'_>) -> Rect {
        let bar = egui::Frame::new().inner_margin(egui::Margin::symmetric(12, 6));
        let thin = egui::Frame::new().inner_margin(egui::Margin::symmetric(12, 2));
        let fill = super::theme::Tokens::of(ui).panel;
        Panel::top("top bar")
            .frame(bar.fill(fill))
            .show(ui, |ui| top_bar::show(ui, &mut self.layout.choices, view));
        if self.workspace_ended {
            let problem = Problem::new("the part of the program that reads Kafka has stopped")
                .with_hint("start Foldback again; what is on screen stays until then");
            Panel::top("ended")
                .frame(bar.fill(fill))
                .show(ui, |ui| problem_box(ui, &problem, None));
        }
        Panel::bottom("status")
            .frame(thin.fill(fill))
            .show(ui, |ui| status_bar::show(ui, self.states.front.as_ref(), view));
        if view.snapshot.clock.range_ms.is_some() {
            Panel::bottom("clock").frame(bar.fill(fill)).show(ui, |ui| {
                clock_bar::show(ui, &mut self.states, view);
            });
        }
        let alone = self.layout.panes().next().is_none();
        if connected(view.snapshot).is_some()
            && navigator::show(ui, &mut self.layout.choices, &mut self.states, alone, view)
        {
            return ui.max_rect();
        }
        let canvas = egui::Frame::new().fill(fill);
        let shown = egui::CentralPanel::default().frame(canvas).show(ui, |ui| {
            if self.layout.panes().next().is_some() {
                tabs::show(ui, &mut self.layout.tabs, &mut self.states, view);
            } else {
                super::views::welcome::show(ui, &mut self.states.start, view);
            }
        });
        shown.response.rect
    }

    /// Brings a tab to the front, opening what it shows.
    pub(crate) fn open(&mut self, pane: &Pane) {
        let is_new = self.layout.tabs.tiles.find_pane(pane).is_none();
        self.states.navigator.over = false;
        tabs::open(&mut self.layout.tabs, self.states.front.as_ref(), pane);
        self.states.front = Some(pane.clone());
        if !is_new {
            return;
        }
        for command in tabs::opening_commands(pane) {
            self.outbox.send(command);
        }
    }

    /// Opens a sandbox over these events.
    fn open_sandbox(&mut self, key: SandboxKey, history: HistoryChoice) {
        self.outbox.send(Command::OpenSandbox(key.clone(), history));
        self.open(&Pane::Sandbox(key));
    }

    /// Brings a part of a sandbox to the front.
    fn show_sandbox(&mut self, key: SandboxKey, section: sandbox::Section) {
        self.states.sandboxes.entry(key.clone()).or_default().section = section;
        self.open(&Pane::Sandbox(key));
    }

    /// Opens a sandbox with a new projection over these events.
    fn new_sandbox(&mut self, history: HistoryChoice) {
        let is_open = |number: &u32| {
            let pane = Pane::Sandbox(SandboxKey::New(*number));
            self.layout.panes().any(|open| *open == pane)
        };
        let number = (1..=u32::MAX).find(|number| !is_open(number)).unwrap_or(1);
        self.open_sandbox(SandboxKey::New(number), history);
    }

    /// Shows a record among those of its topic; reads the topic from there if nothing of it was
    /// read.
    fn show_record(&mut self, position: Position) {
        let topic = &position.topic;
        self.open(&Pane::Topic(Arc::clone(topic)));
        self.states.topics.entry(Arc::clone(topic)).or_default().choose(&position);
        if self.snapshot.topic_view(topic).is_none_or(|topic| topic.start.is_none()) {
            // The record before is worth seeing, too: at a committed offset it is the last one that
            // was committed.
            let from = (position.offset - 1).max(0);
            let start = StartPosition::FromOffset { partition: position.partition, offset: from };
            self.outbox.send(Command::Read(Arc::clone(topic), start));
        }
        self.outbox.send(Command::InspectRecord(position));
    }

    /// Shows what a verdict rests on.
    fn show_coverage(&mut self, of: CoverageOf) {
        self.outbox.send(Command::ShowCoverage(of.clone()));
        self.dialogs.open(Dialog::Coverage(of));
    }

    /// Carries out what was asked of the window.
    fn carry_out(&mut self, ctx: &Context) {
        let front = self.states.front.clone();
        let connects = |command: &Command| {
            matches!(command, Command::Connect(_) | Command::ConnectRecent(_) | Command::OpenDemo)
        };
        if front.as_ref().is_none_or(|front| *front == Pane::Start)
            && self.outbox.commands.iter().any(connects)
        {
            self.asked_at_start = true;
        }
        let actions = std::mem::take(&mut self.outbox.actions);
        let acted = !actions.is_empty();
        for action in actions {
            match action {
                Action::Open(pane) => self.open(&pane),
                Action::Close(pane) => self.close(ctx, &pane),
                Action::Run(command) => self.execute(ctx, command),
                Action::Browse(purpose) => self.files.open(ctx, purpose),
                Action::ShowRecord(position) => self.show_record(position),
                Action::ShowSchedule(key) => self.show_sandbox(key, sandbox::Section::Schedule),
                Action::ShowMatrix(key) => self.show_sandbox(key, sandbox::Section::Matrix),
                Action::OpenSandbox(key, history) => self.open_sandbox(key, history),
                Action::NewSandbox(history) => self.new_sandbox(history),
                Action::ShowCoverage(of) => self.show_coverage(of),
                Action::EditBookmark(number) => self.dialogs.edit_bookmark(number, &self.snapshot),
                Action::ShowGroup(group) => {
                    self.states.groups.choose(&group);
                    self.open(&Pane::Groups);
                }
            }
        }
        if acted || front != self.states.front {
            self.tell_arrangement();
        }
    }

    /// Names what is in front on the window's frame, so that windows can be told apart.
    fn tell_title(&mut self, ctx: &Context) {
        let front = self.states.front.as_ref().filter(|pane| **pane != Pane::Start);
        let place = match connected(&self.snapshot) {
            Some(info) => Some(info.name.to_string()),
            None => front.map(|_| "not connected".to_owned()),
        };
        let parts = front.map(tabs::title).into_iter().chain(place);
        let title = parts.chain(["Foldback".to_owned()]).collect::<Vec<_>>().join(" · ");
        if self.title != title {
            self.title.clone_from(&title);
            ctx.send_viewport_cmd(ViewportCommand::Title(title));
        }
    }

    /// Sends what the workspace will take.
    fn flush(&mut self) {
        self.unsent.extend(self.outbox.commands.drain(..));
        while let Some(command) = self.unsent.pop_front() {
            match self.port.send(command) {
                Ok(()) => {}
                Err(Refused::Busy(command)) => {
                    self.unsent.push_front(*command);
                    return;
                }
                Err(Refused::Ended) => self.workspace_ended = true,
            }
        }
    }

    /// Brings theme, size and zone in line with what was chosen.
    fn apply_choices(&mut self, ctx: &Context) {
        let choices = self.layout.choices;
        if ctx.options(|options| options.theme_preference) != choices.theme {
            ctx.set_theme(choices.theme);
        }
        ctx.set_zoom_factor(f32::from(choices.zoom_percent) / 100.0);
        if (self.times.zone_name() == "local") != choices.local_time {
            self.times = time_format(choices);
        }
    }
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &Context, _frame: &mut eframe::Frame) {
        self.take_news(ctx);
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        self.draw(ui);
    }

    fn save(&mut self, storage: &mut dyn eframe::Storage) {
        self.layout.save(storage);
        // Tabs that were moved or resized.
        self.tell_arrangement();
        self.flush();
    }
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("layout", &self.layout).finish_non_exhaustive()
    }
}

/// The connection that stands.
fn connected(snapshot: &Snapshot) -> Option<&Arc<ConnectionInfo>> {
    match &snapshot.connection {
        ConnectionState::Connected(info) => Some(info),
        _ => None,
    }
}

/// How times are written.
fn time_format(choices: Choices) -> TimeFormat {
    if choices.local_time { TimeFormat::local() } else { TimeFormat::utc() }
}
