//! What the user changed and may take back: clock, filters, closed tabs, layout; and the way back
//! and forward through tabs.
//!
//! Promises: what is taken back can be done again; a tab comes back where it stood, as it was.
//! Does not know: what the workspace does with its commands.

use egui::Context;
use egui_tiles::{Container, Tile, TileId, Tree};

use super::states::KeptState;
use super::{App, tabs};
use crate::gui::command::UiCommand;
use crate::gui::theme::icons;
use crate::gui::view::Pane;
use crate::gui::widgets::say;
use crate::workspace::undo::Undoable;
use crate::workspace::{Command, Setting};

/// How many closed tabs can be opened again.
const CLOSED_MAX: usize = 20;

/// How the parts of the window stand.
#[derive(Clone, PartialEq)]
pub(super) struct Arrangement {
    /// The tabs.
    tabs: Tree<Pane>,
    /// Whether the navigator is open.
    navigator_open: bool,
    /// How large everything is, in percent.
    zoom_percent: u16,
}

/// The value of something that can be taken back.
#[derive(Clone, PartialEq)]
pub(super) enum Step {
    /// Something that was set in the workspace.
    Setting(Setting),
    /// How the parts of the window stand.
    Arrangement(Box<Arrangement>),
    /// Whether a tab is open.
    Tab(Pane, bool),
}

impl Undoable for Step {
    fn is_same_thing(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Setting(one), Self::Setting(other)) => one.is_same_setting(other),
            (Self::Arrangement(_), Self::Arrangement(_)) => true,
            (Self::Tab(one, _), Self::Tab(other, _)) => one == other,
            _ => false,
        }
    }
}

impl Step {
    /// What it is, in a few words.
    fn name(&self) -> String {
        match self {
            Self::Setting(setting) => setting.name(),
            Self::Arrangement(_) => "layout".to_owned(),
            Self::Tab(pane, _) => format!("closing {}", tabs::title(pane)),
        }
    }
}

/// A tab that was closed.
pub(super) struct ClosedTab {
    /// What stood in it.
    pane: Pane,
    /// The tabs before.
    tabs: Tree<Pane>,
    /// What opens it in the workspace as it was.
    commands: Vec<Command>,
    /// What its view remembered.
    state: KeptState,
}

/// Whether two trees hold the same panes in the same places, whichever of them is in front.
fn is_same_layout(one: &Tree<Pane>, other: &Tree<Pane>) -> bool {
    let tile = |one: &Tile<Pane>, other: &Tile<Pane>| match (one, other) {
        (Tile::Pane(one), Tile::Pane(other)) => one == other,
        (Tile::Container(Container::Tabs(one)), Tile::Container(Container::Tabs(other))) => {
            one.children == other.children
        }
        (one, other) => one == other,
    };
    one.root() == other.root()
        && one.tiles.len() == other.tiles.len()
        && one
            .tiles
            .iter()
            .all(|(id, held)| other.tiles.get(*id).is_some_and(|found| tile(held, found)))
}

/// The panes of a tree, sorted.
fn panes(tree: &Tree<Pane>) -> Vec<Pane> {
    let panes = tree.tiles.tiles().filter_map(|tile| match tile {
        Tile::Pane(pane) => Some(pane.clone()),
        Tile::Container(_) => None,
    });
    let mut panes: Vec<Pane> = panes.collect();
    panes.sort();
    panes
}

/// A tree that holds exactly these panes: where they stood in `wanted`, the others beside them.
fn with_panes(mut wanted: Tree<Pane>, open: &[Pane]) -> Tree<Pane> {
    let gone: Vec<TileId> = wanted
        .tiles
        .iter()
        .filter(|(_, tile)| matches!(tile, Tile::Pane(pane) if !open.contains(pane)))
        .map(|(id, _)| *id)
        .collect();
    for id in gone {
        wanted.remove_recursively(id);
    }
    for pane in open {
        if wanted.tiles.find_pane(pane).is_none() {
            tabs::open(&mut wanted, None, pane);
        }
    }
    wanted
}

impl App {
    /// How the parts of the window stand.
    pub(super) fn arrangement(&self) -> Arrangement {
        let choices = self.layout.choices;
        Arrangement {
            tabs: self.layout.tabs.clone(),
            navigator_open: choices.navigator_open,
            zoom_percent: choices.zoom_percent,
        }
    }

    /// Notes what this frame is about to change in the workspace, and what it changed in the
    /// window.
    pub(super) fn note_changes(&mut self, ctx: &Context, before: &Arrangement) {
        let (now_ms, dragged) = ctx.input(|input| {
            let pointer = &input.pointer;
            ((input.time * 1000.0) as u64, pointer.any_down() || pointer.any_released())
        });
        for command in &self.outbox.commands {
            if let Some(setting) = Setting::overwritten_by(command, &self.snapshot) {
                self.undo.note(Step::Setting(setting), now_ms);
            }
        }
        let after = self.arrangement();
        let chosen = (before.navigator_open, before.zoom_percent)
            != (after.navigator_open, after.zoom_percent);
        // Tabs that come and go are noted by themselves.
        let moved = dragged
            && !is_same_layout(&before.tabs, &after.tabs)
            && panes(&before.tabs) == panes(&after.tabs);
        if chosen || moved {
            self.undo.note(Step::Arrangement(Box::new(before.clone())), now_ms);
        }
        if let Some(front) = &self.states.front {
            self.visited.arrive(front);
        }
    }

    /// Carries out a command that brings something back.
    pub(super) fn bring_back(&mut self, ctx: &Context, command: UiCommand) {
        match command {
            UiCommand::Undo => self.undo_last(ctx),
            UiCommand::Redo => self.redo_last(ctx),
            UiCommand::ReopenTab => self.reopen_last(ctx),
            _ => self.go(ctx, command == UiCommand::GoForward),
        }
    }

    /// Takes the last change back.
    fn undo_last(&mut self, ctx: &Context) {
        let mut undo = std::mem::take(&mut self.undo);
        let step = undo.undo(|step| self.current(step));
        self.undo = undo;
        match step {
            Some(step) => {
                say(ctx, icons::ARROW_COUNTER_CLOCKWISE, &format!("Undone: {}", step.name()));
                self.apply(ctx, step);
            }
            None => say(ctx, icons::INFO, "Nothing to undo"),
        }
    }

    /// Does again what was taken back last.
    fn redo_last(&mut self, ctx: &Context) {
        let mut undo = std::mem::take(&mut self.undo);
        let step = undo.redo(|step| self.current(step).is_some());
        self.undo = undo;
        match step {
            Some(step) => {
                say(ctx, icons::ARROW_RIGHT, &format!("Done again: {}", step.name()));
                self.apply(ctx, step);
            }
            None => say(ctx, icons::INFO, "Nothing to do again"),
        }
    }

    /// What something is now; nothing where it is gone.
    fn current(&self, step: &Step) -> Option<Step> {
        match step {
            Step::Setting(setting) => setting.current(&self.snapshot).map(Step::Setting),
            Step::Arrangement(_) => Some(Step::Arrangement(Box::new(self.arrangement()))),
            Step::Tab(pane, _) => {
                let is_open = self.layout.panes().any(|open| open == pane);
                let is_kept = self.closed.iter().any(|closed| closed.pane == *pane);
                (is_open || is_kept).then(|| Step::Tab(pane.clone(), is_open))
            }
        }
    }

    /// Brings something to a value.
    fn apply(&mut self, ctx: &Context, step: Step) {
        match step {
            // Not noted again: it goes past what the views ask for.
            Step::Setting(setting) => self.unsent.extend(setting.commands()),
            Step::Arrangement(wanted) => {
                let Arrangement { tabs, navigator_open, zoom_percent } = *wanted;
                self.layout.tabs = with_panes(tabs, &panes(&self.layout.tabs));
                self.layout.choices.navigator_open = navigator_open;
                self.layout.choices.zoom_percent = zoom_percent;
                ctx.request_repaint();
            }
            Step::Tab(pane, true) => self.reopen(&pane),
            Step::Tab(pane, false) => self.close_quietly(&pane),
        }
    }

    /// Closes a tab and what it opened; it can be opened again.
    pub(super) fn close(&mut self, ctx: &Context, pane: &Pane) {
        let now_ms = ctx.input(|input| (input.time * 1000.0) as u64);
        self.undo.note(Step::Tab(pane.clone(), true), now_ms);
        self.close_quietly(pane);
    }

    /// Closes a tab and what it opened, and keeps what brings it back.
    fn close_quietly(&mut self, pane: &Pane) {
        let commands = self.reopening(pane);
        let before = self.layout.tabs.clone();
        let next = tabs::cycle(&mut self.layout.tabs, Some(pane), false);
        tabs::close(&mut self.layout.tabs, pane);
        if let Some(command) = tabs::closing_command(pane) {
            self.outbox.send(command);
        }
        let state = self.states.forget(pane);
        self.closed.retain(|closed| closed.pane != *pane);
        if self.closed.len() == CLOSED_MAX {
            self.closed.remove(0);
        }
        self.closed.push(ClosedTab { pane: pane.clone(), tabs: before, commands, state });
        if self.states.front.as_ref() == Some(pane) {
            self.states.front = next.filter(|next| next != pane);
        }
    }

    /// The commands that open what a tab shows, as it is now.
    fn reopening(&self, pane: &Pane) -> Vec<Command> {
        match pane {
            Pane::Topic(topic) => {
                self.snapshot.topic_view(topic).map(|view| view.reopening()).unwrap_or_default()
            }
            Pane::Entity(key) => {
                let marked =
                    self.snapshot.entity_view(key).and_then(|view| view.selected_path.clone());
                let select = marked.map(|path| Command::SelectPath(key.clone(), Some(path)));
                [Command::OpenEntity(key.clone())].into_iter().chain(select).collect()
            }
            Pane::Sandbox(key) => {
                let history = self.snapshot.sandbox_view(key).map(|view| view.history.clone());
                let history = history.unwrap_or_default();
                vec![Command::OpenSandbox(key.clone(), history)]
            }
            Pane::Groups => vec![Command::RefreshGroups, Command::WatchGroups(true)],
            Pane::Start | Pane::Demo => Vec::new(),
        }
    }

    /// Opens a tab that was closed, where it stood and as it was; one that never was opens as any.
    fn reopen(&mut self, pane: &Pane) {
        let Some(at) = self.closed.iter().rposition(|closed| closed.pane == *pane) else {
            return self.open(pane);
        };
        let ClosedTab { pane, tabs, commands, state } = self.closed.remove(at);
        let mut open = panes(&self.layout.tabs);
        open.push(pane.clone());
        self.layout.tabs = with_panes(tabs, &open);
        self.states.restore(&pane, state);
        self.unsent.extend(commands);
        self.open(&pane);
    }

    /// Opens the tab that was closed last.
    fn reopen_last(&mut self, ctx: &Context) {
        match self.closed.last().map(|closed| closed.pane.clone()) {
            Some(pane) => self.reopen(&pane),
            None => say(ctx, icons::INFO, "No tab was closed"),
        }
    }

    /// Brings the tab to the front that was there before or after.
    fn go(&mut self, ctx: &Context, forward: bool) {
        let place = if forward { self.visited.forward() } else { self.visited.back() };
        match place {
            Some(pane) => self.reopen(&pane),
            None if forward => say(ctx, icons::INFO, "This is the last tab you were in"),
            None => say(ctx, icons::INFO, "This is the first tab you were in"),
        }
    }

    /// Forgets everything that belonged to a connection.
    pub(super) fn forget_changes(&mut self) {
        self.undo.clear();
        self.closed.clear();
        self.visited = super::visited::Visited::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tabs of these topics.
    fn tree(names: &[&str]) -> Tree<Pane> {
        let panes = names.iter().map(|name| Pane::Topic((*name).into())).collect();
        Tree::new_tabs(egui::Id::unique("t"), panes)
    }

    /// The topics of a tree in the order of its tabs.
    fn order(tree: &Tree<Pane>) -> Vec<String> {
        let Some(Tile::Container(container)) = tree.root().and_then(|root| tree.tiles.get(root))
        else {
            return Vec::new();
        };
        let panes = container.children().filter_map(|id| tree.tiles.get_pane(id));
        panes.map(tabs::title).collect()
    }

    #[test]
    fn a_layout_is_brought_back_without_tabs_that_are_closed_and_with_those_opened_since() {
        let open = ["b", "a", "d"].map(|name| Pane::Topic(name.into()));
        let brought = with_panes(tree(&["a", "b", "c"]), &open);
        assert_eq!(order(&brought), ["a", "b", "d"]);
    }

    #[test]
    fn which_tab_is_in_front_is_no_matter_of_layout() {
        let (one, mut other) = (tree(&["a", "b"]), tree(&["a", "b"]));
        other
            .make_active(|_, tile| matches!(tile, Tile::Pane(Pane::Topic(name)) if **name == *"a"));
        assert!(is_same_layout(&one, &other));
        assert!(!is_same_layout(&one, &tree(&["b", "a"])));
    }
}
