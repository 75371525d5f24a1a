//! How the window looks and how its tabs are arranged: theme, size and zone are kept between starts
//! by the window, the tabs by the workspace, with the connection they belong to.
//!
//! Promises: a file of another version, or one that cannot be read, is left aside and the first
//! layout is used; an arrangement that cannot be read leaves no tabs.
//! Does not know: what stands in a tab.

use std::sync::Arc;

use egui::ThemePreference;
use egui_tiles::{Container, Tile, Tree};
use serde::{Deserialize, Serialize};

use crate::gui::view::Pane;

/// Grows whenever older layouts no longer fit.
const VERSION: u32 = 1;

/// Under which name the layout is stored.
const STORAGE_KEY: &str = "layout";

/// What the navigator shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Section {
    /// The cluster's topics.
    #[default]
    Topics,
    /// The entities of the topic in front.
    Entities,
    /// Projections.
    Projections,
    /// Consumer groups.
    Groups,
    /// Bookmarks.
    Bookmarks,
    /// Jobs.
    Jobs,
    /// Notices.
    Notices,
}

/// How the window looks and how its tabs are arranged.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Layout {
    /// Of which version this is.
    version: u32,
    /// The theme and all the rest a user chose.
    pub(super) choices: Choices,
    /// The number of the connection the tabs belong to.
    #[serde(skip)]
    pub(super) tabs_of: u64,
    /// The tabs.
    #[serde(skip, default = "first_tabs")]
    pub(super) tabs: Tree<Pane>,
}

/// The tabs of one connection, as they are kept.
#[derive(Serialize, Deserialize)]
struct Arrangement {
    /// The tabs.
    tabs: Tree<Pane>,
    /// The one the user worked in.
    front: Option<Pane>,
}

/// What the user chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Choices {
    /// Dark, light or as the system says.
    pub theme: ThemePreference,
    /// How large everything is, in percent.
    pub zoom_percent: u16,
    /// Whether times are written in the zone of this computer instead of UTC.
    pub local_time: bool,
    /// Whether the navigator is open.
    pub navigator_open: bool,
    /// What the navigator shows.
    pub section: Section,
    /// Whether topics of Kafka itself are listed.
    pub internal_topics: bool,
}

impl Default for Choices {
    fn default() -> Self {
        Self {
            theme: ThemePreference::System,
            zoom_percent: 100,
            local_time: false,
            navigator_open: true,
            section: Section::Topics,
            internal_topics: false,
        }
    }
}

/// The id under which the tabs keep what they remember.
fn tabs_id() -> egui::Id {
    egui::Id::unique("tabs")
}

/// The tabs of the first start.
fn first_tabs() -> Tree<Pane> {
    Tree::new_tabs(tabs_id(), vec![Pane::Start])
}

impl Default for Layout {
    fn default() -> Self {
        Self { version: VERSION, choices: Choices::default(), tabs_of: 0, tabs: first_tabs() }
    }
}

impl Layout {
    /// The first layout with these choices.
    pub fn with_choices(choices: Choices) -> Self {
        Self { choices, ..Self::default() }
    }

    /// The stored layout, or the first one.
    pub fn load(storage: &dyn eframe::Storage) -> Self {
        eframe::get_value::<Self>(storage, STORAGE_KEY)
            .filter(|layout| layout.version == VERSION)
            .unwrap_or_default()
    }

    /// Stores what a user chose.
    pub fn save(&self, storage: &mut dyn eframe::Storage) {
        eframe::set_value(storage, STORAGE_KEY, self);
    }

    /// How the tabs of the connection are arranged, to be kept; this one is in front.
    pub(super) fn arrangement(&self, front: Option<&Pane>) -> Option<Arc<str>> {
        let mut kept = self.clone();
        kept.retain_panes(|pane| !matches!(pane, Pane::Start | Pane::Demo));
        let arrangement = Arrangement { tabs: kept.tabs, front: front.cloned() };
        serde_json::to_string(&arrangement).ok().map(Arc::from)
    }

    /// Takes the tabs of another connection; none where nothing was kept. Says which is in front.
    pub(super) fn arrange(&mut self, arrangement: Option<&str>) -> Option<Pane> {
        let kept = arrangement.and_then(|text| serde_json::from_str::<Arrangement>(text).ok());
        let (tabs, front) = kept.map_or_else(
            || (Tree::empty(tabs_id()), None),
            |Arrangement { tabs, front }| (tabs, front),
        );
        self.tabs = tabs;
        front
            .filter(|front| self.panes().any(|pane| pane == front))
            .or_else(|| self.shown_pane().cloned())
    }

    /// Closes all tabs but these.
    pub(super) fn retain_panes(&mut self, mut keep: impl FnMut(&Pane) -> bool) {
        let closed: Vec<_> = self
            .tabs
            .tiles
            .iter()
            .filter_map(|(id, tile)| match tile {
                Tile::Pane(pane) if !keep(pane) => Some(*id),
                _ => None,
            })
            .collect();
        for id in closed {
            self.tabs.remove_recursively(id);
        }
        if self.panes().next().is_none() {
            self.tabs = Tree::empty(tabs_id());
        }
    }

    /// Puts a tab before all others and shows it.
    pub(super) fn put_first(&mut self, pane: Pane) {
        let id = self.tabs.tiles.insert_pane(pane);
        let root = self.tabs.root();
        let root_tile = root.and_then(|root| self.tabs.tiles.get_mut(root));
        if let Some(Tile::Container(Container::Tabs(tabs))) = root_tile {
            tabs.children.insert(0, id);
        } else {
            let children = std::iter::once(id).chain(root).collect();
            self.tabs.root = Some(self.tabs.tiles.insert_tab_tile(children));
        }
        self.tabs.make_active(|tile, _| tile == id);
    }

    /// What stands in a tab that can be seen, else in any.
    pub(super) fn shown_pane(&self) -> Option<&Pane> {
        let shown = self.tabs.active_tiles().into_iter();
        let panes = shown.filter_map(|id| Some((id.0, self.tabs.tiles.get_pane(&id)?)));
        let first = panes.min_by_key(|(id, _)| *id).map(|(_, pane)| pane);
        first.or_else(|| self.panes().next())
    }

    /// What stands in the tabs, in no order.
    pub(super) fn panes(&self) -> impl Iterator<Item = &Pane> {
        self.tabs.tiles.tiles().filter_map(|tile| match tile {
            Tile::Pane(pane) => Some(pane),
            Tile::Container(_) => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::EntityId;
    use crate::workspace::EntityKey;

    /// Storage in memory.
    #[derive(Default)]
    struct Memory(BTreeMap<String, String>);

    impl eframe::Storage for Memory {
        fn get_string(&self, key: &str) -> Option<String> {
            self.0.get(key).cloned()
        }

        fn set_string(&mut self, key: &str, value: String) {
            self.0.insert(key.to_owned(), value);
        }

        fn remove_string(&mut self, key: &str) {
            self.0.remove(key);
        }

        fn flush(&mut self) {}
    }

    /// An entity's pane.
    fn entity() -> Pane {
        let entity = EntityId::new("order-1042");
        Pane::Entity(EntityKey { entity, topics: Arc::new([Arc::from("order-events")]) })
    }

    /// Storage that holds this layout.
    fn holding(layout: &str) -> Memory {
        Memory([(STORAGE_KEY.to_owned(), layout.to_owned())].into())
    }

    #[test]
    fn tabs_survive_a_restart_with_the_one_in_front_and_without_start_page_and_demo() {
        let panes = vec![Pane::Topic("order-events".into()), entity(), Pane::Start, Pane::Demo];
        let layout = Layout { tabs: Tree::new_tabs(tabs_id(), panes), ..Layout::default() };
        let kept = layout.arrangement(Some(&entity())).unwrap();
        let mut next = Layout::default();
        assert_eq!(next.arrange(Some(&kept)), Some(entity()));
        let mut panes: Vec<_> = next.panes().cloned().collect();
        panes.sort();
        assert_eq!(panes, [Pane::Topic("order-events".into()), entity()]);
    }

    #[test]
    fn an_arrangement_that_cannot_be_read_leaves_no_tabs() {
        for kept in [None, Some("{\"tabs\": 7}"), Some("")] {
            let mut layout = Layout::default();
            assert_eq!(layout.arrange(kept), None, "{kept:?}");
            assert_eq!(layout.panes().count(), 0, "{kept:?}");
        }
    }

    #[test]
    fn what_a_user_chose_survives_a_restart_and_tabs_are_not_kept_with_it() {
        let panes = vec![Pane::Topic("order-events".into())];
        let mut layout = Layout { tabs: Tree::new_tabs(tabs_id(), panes), ..Layout::default() };
        layout.choices.zoom_percent = 150;
        let mut storage = Memory::default();
        layout.save(&mut storage);
        let loaded = Layout::load(&storage);
        assert_eq!(loaded.panes().collect::<Vec<_>>(), [&Pane::Start]);
        assert_eq!(loaded.choices.zoom_percent, 150);
    }

    #[test]
    fn a_layout_that_cannot_be_read_or_is_of_another_version_is_left_aside() {
        for stored in ["(version: \"one\")", "(version: 0, choices: (zoom_percent: 300))"] {
            assert_eq!(Layout::load(&holding(stored)).choices, Choices::default(), "{stored}");
        }
    }

    #[test]
    fn a_layout_of_before_a_field_was_added_keeps_the_rest() {
        let loaded = Layout::load(&holding("(version: 1, choices: (zoom_percent: 200))"));
        assert_eq!(loaded.choices.zoom_percent, 200);
        assert!(loaded.choices.navigator_open, "as at first");
    }
}
