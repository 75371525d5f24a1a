//! The tabs in the middle of the window.
//!
//! Promises: what a tab shows exists once; closing a tab closes what it opened in the workspace.
//! Does not know: what a view draws.

use egui::{Color32, RichText, ScrollArea, Sense, Ui, UiBuilder, Visuals, WidgetText, vec2};
use egui_tiles::{
    Behavior, Container, SimplificationOptions, TabState, Tile, TileId, Tiles, Tree, UiResponse,
};

use super::states::ViewStates;
use crate::gui::laid_out::note_scrolls;
use crate::gui::theme::{Tokens, format};
use crate::gui::view::{Action, Pane, View};
use crate::workspace::{Command, HistoryChoice};

/// How many characters of a name a tab shows at least.
const TITLE_CHARACTERS: usize = 28;
/// How high a view is at least, in points: in a lower window it scrolls.
const VIEW_HEIGHT: f32 = 340.0;
/// About how wide a character of a tab's name is, in points.
const CHARACTER_WIDTH: f32 = 8.0;
/// How much room a tab takes beside its name, in points.
const TAB_SPACE: f32 = 48.0;

/// Draws the tabs and what stands in those that can be seen.
pub(crate) fn show(
    ui: &mut Ui,
    tabs: &mut Tree<Pane>,
    states: &mut ViewStates,
    view: &mut View<'_>,
) {
    let panes = tabs.tiles.tiles().filter(|tile| matches!(tile, Tile::Pane(_))).count().max(1);
    let room = ui.available_width() / panes as f32 - TAB_SPACE;
    let characters = ((room / CHARACTER_WIDTH).max(0.0) as usize).max(TITLE_CHARACTERS);
    let mut behavior = TabBehavior { states, view, characters };
    tabs.ui(&mut behavior, ui);
}

/// Brings a tab to the front; a new one if there is none.
pub(crate) fn open(tabs: &mut Tree<Pane>, front: Option<&Pane>, pane: &Pane) {
    if tabs.tiles.find_pane(pane).is_none() {
        let beside = front.and_then(|front| tabs.tiles.find_pane(front));
        let id = tabs.tiles.insert_pane(pane.clone());
        insert_beside(tabs, beside, id);
    }
    tabs.make_active(|_, tile| matches!(tile, Tile::Pane(shown) if shown == pane));
}

/// Puts a tile into the tabs that hold this other one, else into the first tabs there are.
fn insert_beside(tabs: &mut Tree<Pane>, beside: Option<TileId>, id: TileId) {
    let is_tabs = |tile: &Tile<Pane>| matches!(tile, Tile::Container(Container::Tabs(_)));
    let holder = beside
        .and_then(|beside| tabs.tiles.parent_of(beside))
        .filter(|holder| tabs.tiles.get(*holder).is_some_and(is_tabs))
        .or_else(|| tabs.root().filter(|root| tabs.tiles.get(*root).is_some_and(is_tabs)))
        .or_else(|| tabs.tiles.iter().find(|(_, tile)| is_tabs(tile)).map(|(id, _)| *id));
    if let Some(Tile::Container(Container::Tabs(holder))) =
        holder.and_then(|holder| tabs.tiles.get_mut(holder))
    {
        holder.add_child(id);
        return;
    }
    // Nothing holds tabs: the window showed nothing, or one tile alone.
    let children = tabs.root().into_iter().chain([id]).collect();
    let root = tabs.tiles.insert_tab_tile(children);
    tabs.root = Some(root);
}

/// Takes a tab away.
pub(crate) fn close(tabs: &mut Tree<Pane>, pane: &Pane) {
    if let Some(id) = tabs.tiles.find_pane(pane) {
        tabs.remove_recursively(id);
    }
}

/// Brings the tab after or before this one to the front and says which it is.
pub(crate) fn cycle(tabs: &mut Tree<Pane>, front: Option<&Pane>, forward: bool) -> Option<Pane> {
    let id = tabs.tiles.find_pane(front?)?;
    let Container::Tabs(holder) = tabs.tiles.get_container(tabs.tiles.parent_of(id)?)? else {
        return None;
    };
    let at = holder.children.iter().position(|child| *child == id)?;
    let count = holder.children.len();
    let next = if forward { (at + 1) % count } else { (at + count - 1) % count };
    let pane = tabs.tiles.get_pane(holder.children.get(next)?)?.clone();
    tabs.make_active(|_, tile| matches!(tile, Tile::Pane(shown) if *shown == pane));
    Some(pane)
}

/// What the workspace opens for this tab. What is open already stays as it is.
pub(crate) fn opening_commands(pane: &Pane) -> Vec<Command> {
    match pane {
        Pane::Topic(topic) => vec![Command::OpenTopic(topic.clone())],
        Pane::Entity(key) => vec![Command::OpenEntity(key.clone())],
        Pane::Sandbox(key) => vec![Command::OpenSandbox(key.clone(), HistoryChoice::default())],
        Pane::Groups => vec![Command::RefreshGroups, Command::WatchGroups(true)],
        Pane::Start | Pane::Demo => Vec::new(),
    }
}

/// What the workspace closes when this tab goes.
pub(crate) fn closing_command(pane: &Pane) -> Option<Command> {
    match pane {
        Pane::Topic(topic) => Some(Command::CloseTopic(topic.clone())),
        Pane::Entity(key) => Some(Command::CloseEntity(key.clone())),
        Pane::Sandbox(key) => Some(Command::CloseSandbox(key.clone())),
        Pane::Groups => Some(Command::WatchGroups(false)),
        Pane::Start | Pane::Demo => None,
    }
}

/// The words on a tab and on the frame of the window.
pub(crate) fn title(pane: &Pane) -> String {
    title_of(pane, TITLE_CHARACTERS)
}

/// The words on a tab, of which names have at most this many characters.
fn title_of(pane: &Pane, characters: usize) -> String {
    match pane {
        Pane::Start => "Start".to_owned(),
        Pane::Topic(topic) => format::middle(topic, characters),
        Pane::Groups => "Consumer groups".to_owned(),
        Pane::Demo => "Demo".to_owned(),
        Pane::Entity(key) => format::middle(&key.entity.to_string(), characters),
        Pane::Sandbox(key) => {
            format!("Sandbox: {}", format::middle(&key.script_name(), characters))
        }
    }
}

/// How tabs look and what they do.
struct TabBehavior<'a, 'v> {
    /// The state of every view.
    states: &'a mut ViewStates,
    /// What views are given.
    view: &'a mut View<'v>,
    /// How many characters of a name a tab shows.
    characters: usize,
}

impl Behavior<Pane> for TabBehavior<'_, '_> {
    fn pane_ui(&mut self, ui: &mut Ui, _tile_id: TileId, pane: &mut Pane) -> UiResponse {
        let rect = ui.max_rect();
        ui.painter().rect_filled(rect, 0.0, Tokens::of(ui).panel);
        let pressed = ui.input(|input| {
            input.pointer.any_pressed()
                && input.pointer.interact_pos().is_some_and(|at| rect.contains(at))
        });
        if pressed {
            self.states.front = Some(pane.clone());
        }
        // These scroll by themselves.
        let scrolls = matches!(pane, Pane::Start | Pane::Demo);
        ui.push_id(&*pane, |ui| {
            if VIEW_HEIGHT <= rect.height() || scrolls {
                return self.states.show(ui, pane, self.view);
            }
            note_scrolls(ui);
            ScrollArea::vertical().id_salt("low").auto_shrink(false).show(ui, |ui| {
                let size = vec2(ui.available_width(), VIEW_HEIGHT);
                let (whole, _) = ui.allocate_exact_size(size, Sense::hover());
                let mut view = ui.new_child(UiBuilder::new().max_rect(whole));
                self.states.show(&mut view, pane, self.view);
            });
        });
        UiResponse::None
    }

    fn tab_title_for_pane(&mut self, pane: &Pane) -> WidgetText {
        RichText::new(title_of(pane, self.characters)).into()
    }

    fn is_tab_closable(&self, _tiles: &Tiles<Pane>, _tile_id: TileId) -> bool {
        true
    }

    fn on_tab_close(&mut self, tiles: &mut Tiles<Pane>, tile_id: TileId) -> bool {
        if let Some(pane) = tiles.get_pane(&tile_id) {
            self.view.out.act(Action::Close(pane.clone()));
        }
        // The window closes it when it carries out what was asked.
        false
    }

    fn on_tab_button(
        &mut self,
        tiles: &mut Tiles<Pane>,
        tile_id: TileId,
        button_response: egui::Response,
    ) -> egui::Response {
        let Some(pane) = tiles.get_pane(&tile_id) else { return button_response };
        if button_response.clicked() {
            self.states.front = Some(pane.clone());
        }
        if button_response.middle_clicked() {
            self.view.out.act(Action::Close(pane.clone()));
        }
        let title = title(pane);
        button_response.widget_info(|| {
            egui::WidgetInfo::labeled(egui::Role::Button, true, format!("Tab {title}"))
        });
        button_response
    }

    fn tab_bar_height(&self, _style: &egui::Style) -> f32 {
        28.0
    }

    fn gap_width(&self, _style: &egui::Style) -> f32 {
        1.0
    }

    fn simplification_options(&self) -> SimplificationOptions {
        SimplificationOptions { all_panes_must_have_tabs: true, ..SimplificationOptions::default() }
    }

    fn tab_bar_color(&self, visuals: &Visuals) -> Color32 {
        Tokens::of_theme(visuals.dark_mode).canvas
    }

    fn tab_bg_color(
        &self,
        visuals: &Visuals,
        _tiles: &Tiles<Pane>,
        _tile_id: TileId,
        state: &TabState,
    ) -> Color32 {
        let tokens = Tokens::of_theme(visuals.dark_mode);
        if state.active { tokens.panel } else { tokens.canvas }
    }

    fn tab_text_color(
        &self,
        visuals: &Visuals,
        tiles: &Tiles<Pane>,
        tile_id: TileId,
        state: &TabState,
    ) -> Color32 {
        let tokens = Tokens::of_theme(visuals.dark_mode);
        let in_front = tiles.get_pane(&tile_id) == self.states.front.as_ref();
        match (state.active, in_front) {
            (true, true) => tokens.text_strong,
            (true, false) => tokens.text,
            (false, _) => tokens.text_secondary,
        }
    }

    fn tab_outline_stroke(
        &self,
        _visuals: &Visuals,
        _tiles: &Tiles<Pane>,
        _tile_id: TileId,
        _state: &TabState,
    ) -> egui::Stroke {
        egui::Stroke::NONE
    }

    fn tab_bar_hline_stroke(&self, visuals: &Visuals) -> egui::Stroke {
        egui::Stroke::new(1.0, Tokens::of_theme(visuals.dark_mode).separator)
    }

    fn drag_preview_stroke(&self, visuals: &Visuals) -> egui::Stroke {
        egui::Stroke::new(1.0, Tokens::of_theme(visuals.dark_mode).accent)
    }

    fn drag_preview_color(&self, visuals: &Visuals) -> Color32 {
        Tokens::of_theme(visuals.dark_mode).selection.gamma_multiply(0.5)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A topic's pane.
    fn topic(name: &str) -> Pane {
        Pane::Topic(name.into())
    }

    #[test]
    fn what_a_tab_shows_exists_once() {
        let mut tabs = Tree::empty(egui::Id::unique("t"));
        open(&mut tabs, None, &topic("a"));
        open(&mut tabs, Some(&topic("a")), &topic("b"));
        open(&mut tabs, Some(&topic("b")), &topic("a"));
        assert_eq!(tabs.tiles.tiles().filter(|tile| tile.is_pane()).count(), 2);
    }

    #[test]
    fn tabs_cycle_in_both_directions_and_around_the_ends() {
        let mut tabs = Tree::empty(egui::Id::unique("t"));
        for name in ["a", "b", "c"] {
            open(&mut tabs, None, &topic(name));
        }
        assert_eq!(cycle(&mut tabs, Some(&topic("c")), true), Some(topic("a")));
        assert_eq!(cycle(&mut tabs, Some(&topic("a")), false), Some(topic("c")));
        assert_eq!(cycle(&mut tabs, Some(&topic("gone")), true), None);
    }

    #[test]
    fn a_closed_tab_is_gone_and_a_new_one_can_be_opened_in_the_empty_window() {
        let mut tabs = Tree::empty(egui::Id::unique("t"));
        open(&mut tabs, None, &topic("a"));
        close(&mut tabs, &topic("a"));
        assert!(tabs.tiles.find_pane(&topic("a")).is_none(), "gone");
        open(&mut tabs, Some(&topic("a")), &topic("b"));
        assert!(tabs.root().is_some() && tabs.tiles.find_pane(&topic("b")).is_some(), "there");
    }
}
