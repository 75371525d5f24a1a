//! What the window keeps between starts: tabs, theme, size, zone. Throw-away comfort, never data.
//!
//! Promises: a file of another version, or one that cannot be read, is left aside and the first layout is used.
//! Does not know: records, entities, secrets; none of them is ever written here.

use egui::ThemePreference;
use egui_tiles::{Tile, Tree};
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

/// What is kept between starts.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Layout {
    /// Of which version this is.
    version: u32,
    /// The theme and all the rest a user chose.
    pub(super) choices: Choices,
    /// The name of the connection the tabs belong to.
    pub(super) connection: Option<String>,
    /// The tabs.
    pub(super) tabs: Tree<Pane>,
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

impl Default for Layout {
    fn default() -> Self {
        Self {
            version: VERSION,
            choices: Choices::default(),
            connection: None,
            tabs: Tree::new_tabs(tabs_id(), vec![Pane::Start]),
        }
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

    /// Stores the layout without the tabs that cannot be kept.
    pub fn save(&self, storage: &mut dyn eframe::Storage) {
        let mut kept = self.clone();
        kept.retain_panes(|pane| matches!(pane, Pane::Start | Pane::Topic(_) | Pane::Groups));
        eframe::set_value(storage, STORAGE_KEY, &kept);
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
    use std::sync::Arc;

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
    fn a_layout_survives_a_restart_without_its_entities() {
        let panes = vec![Pane::Topic("order-events".into()), entity()];
        let mut layout = Layout { tabs: Tree::new_tabs(tabs_id(), panes), ..Layout::default() };
        layout.choices.zoom_percent = 150;
        let mut storage = Memory::default();
        layout.save(&mut storage);
        let loaded = Layout::load(&storage);
        assert_eq!(loaded.panes().collect::<Vec<_>>(), [&Pane::Topic("order-events".into())]);
        assert_eq!(loaded.choices.zoom_percent, 150);
    }

    #[test]
    fn the_tab_that_was_seen_last_is_in_front_after_a_restart() {
        let panes = vec![Pane::Topic("order-events".into()), Pane::Groups, Pane::Start];
        let mut layout = Layout { tabs: Tree::new_tabs(tabs_id(), panes), ..Layout::default() };
        layout.tabs.make_active(|_, tile| matches!(tile, Tile::Pane(Pane::Groups)));
        let mut storage = Memory::default();
        layout.save(&mut storage);
        assert_eq!(Layout::load(&storage).shown_pane(), Some(&Pane::Groups));
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
