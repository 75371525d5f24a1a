//! What every view is given, and what it may ask for.
//!
//! Promises: a view reads the snapshot and writes to its own state and the outbox; nothing else
//! reaches it.
//! Does not know: any one view.

use std::sync::Arc;

use egui::Rect;
use serde::{Deserialize, Serialize};

use super::command::UiCommand;
use super::theme::TimeFormat;
use crate::evidence::save::SaveFormat;
use crate::model::Position;
use crate::workspace::{
    ClockCommand, Command, ConnectionState, CoverageOf, EntityKey, HistoryChoice, SandboxCommand,
    SandboxKey, Snapshot,
};

/// What stands in a tab.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Pane {
    /// Where to begin: connect, or open the demo.
    Start,
    /// A topic.
    Topic(Arc<str>),
    /// The consumer groups.
    Groups,
    /// The reference system's panel.
    Demo,
    /// An entity.
    Entity(EntityKey),
    /// A sandbox.
    Sandbox(SandboxKey),
}

/// What a file is chosen for in a dialog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FileUse {
    /// To connect with it.
    Connect,
    /// To read a schedule for a sandbox from it.
    OpenSchedule(SandboxKey),
    /// To save something into it, in this form; called this unless another name is chosen.
    Save(String, SaveFormat),
    /// To write what a sandbox has run into it; called this unless another name is chosen.
    WriteRun(SandboxKey, String),
}

/// What a view asks of the window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Brings a tab to the front and opens what it shows.
    Open(Pane),
    /// Closes a tab.
    Close(Pane),
    /// Carries out a command of the list.
    Run(UiCommand),
    /// Lets the user choose a file in a dialog.
    Browse(FileUse),
    /// Shows a record among those of its topic.
    ShowRecord(Position),
    /// Shows the schedule that is open in a sandbox.
    ShowSchedule(SandboxKey),
    /// Shows the matrix of a sandbox.
    ShowMatrix(SandboxKey),
    /// Opens a sandbox over these events.
    OpenSandbox(SandboxKey, HistoryChoice),
    /// Opens a sandbox with a new projection over these events.
    NewSandbox(HistoryChoice),
    /// Lets the user change the bookmark with this number.
    EditBookmark(usize),
    /// Shows what a verdict rests on.
    ShowCoverage(CoverageOf),
    /// Shows the groups with this one chosen.
    ShowGroup(Arc<str>),
}

/// A place on screen that the guided tour may point at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spot {
    /// The dashboard's row of the incident.
    DashboardRow,
    /// The button that opens the incident's entity.
    OpenIncident,
    /// The event that the dashboard missed.
    MissedEvent,
    /// Where the consumer groups stand.
    GroupMarkers,
}

/// What the views of one frame ask for.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    /// For the workspace, in order.
    pub commands: Vec<Command>,
    /// For the window, in order.
    pub actions: Vec<Action>,
    /// Where what the tour may point at was drawn.
    pub spots: Vec<(Spot, Rect)>,
}

impl Outbox {
    /// Asks the workspace.
    pub(crate) fn send(&mut self, command: Command) {
        self.commands.push(command);
    }

    /// Moves the clock.
    pub(crate) fn clock(&mut self, command: ClockCommand) {
        self.commands.push(Command::Clock(command));
    }

    /// Asks the window.
    pub(crate) fn act(&mut self, action: Action) {
        self.actions.push(action);
    }

    /// Opens what a tab shows and brings it to the front.
    pub(crate) fn open(&mut self, pane: Pane) {
        self.act(Action::Open(pane));
    }

    /// Asks something of a sandbox.
    pub(crate) fn sandbox(&mut self, key: &SandboxKey, command: SandboxCommand) {
        self.commands.push(Command::Sandbox(key.clone(), command));
    }

    /// Says where something was drawn that the tour may point at.
    pub(crate) fn mark(&mut self, spot: Spot, rect: Rect) {
        self.spots.push((spot, rect));
    }

    /// Carries out a command of the list.
    pub(crate) fn run(&mut self, command: UiCommand) {
        self.act(Action::Run(command));
    }
}

/// What every view is given beside its own state.
#[derive(Debug)]
pub(crate) struct View<'a> {
    /// The workspace.
    pub snapshot: &'a Snapshot,
    /// How times are written.
    pub times: &'a TimeFormat,
    /// What the view asks for.
    pub out: &'a mut Outbox,
}

impl View<'_> {
    /// Whether a connection stands.
    pub(crate) fn is_connected(&self) -> bool {
        matches!(self.snapshot.connection, ConnectionState::Connected(_))
    }
}
