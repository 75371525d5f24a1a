//! The state of every view, kept while its tab is open.
//!
//! Promises: keyed by what is shown, never by where it stands; forgotten with its tab.
//! Does not know: what a view does with its state.

use std::collections::BTreeMap;
use std::sync::Arc;

use egui::Ui;

use super::navigator::NavigatorState;
use crate::gui::view::{Pane, View};
use crate::gui::views::demo::DemoState;
use crate::gui::views::entity::EntityState;
use crate::gui::views::groups::GroupsState;
use crate::gui::views::sandbox::SandboxState;
use crate::gui::views::start::StartState;
use crate::gui::views::topic::TopicState;
use crate::gui::views::{demo, entity, groups, sandbox, start, topic, unconnected};
use crate::gui::widgets::ClockBarState;
use crate::workspace::{EntityKey, SandboxKey};

/// The state of every view.
#[derive(Debug, Default)]
pub(crate) struct ViewStates {
    /// The tab the user works in.
    pub front: Option<Pane>,
    /// The start view.
    pub start: StartState,
    /// The navigator.
    pub navigator: NavigatorState,
    /// Topics.
    pub topics: BTreeMap<Arc<str>, TopicState>,
    /// Entities.
    pub entities: BTreeMap<EntityKey, EntityState>,
    /// Sandboxes.
    pub sandboxes: BTreeMap<SandboxKey, SandboxState>,
    /// The groups.
    pub groups: GroupsState,
    /// The demo's panel.
    pub demo: DemoState,
    /// The clock's bar.
    pub clock_bar: ClockBarState,
}

/// The state of a tab that was closed, kept for when it is opened again.
#[derive(Debug)]
pub(crate) enum KeptState {
    /// None.
    None,
    /// Of a topic.
    Topic(Option<Box<TopicState>>),
    /// Of an entity.
    Entity(Option<Box<EntityState>>),
    /// Of a sandbox, with what was typed and not saved.
    Sandbox(Option<Box<SandboxState>>),
}

impl ViewStates {
    /// Draws what a tab shows.
    pub(crate) fn show(&mut self, ui: &mut Ui, pane: &Pane, view: &mut View<'_>) {
        if *pane != Pane::Start && !view.is_connected() {
            return unconnected::show(ui, view);
        }
        match pane {
            Pane::Start => start::show(ui, &mut self.start, view),
            Pane::Topic(name) => {
                let state = self.topics.entry(Arc::clone(name)).or_default();
                topic::show(ui, name, state, view);
            }
            Pane::Groups => groups::show(ui, &mut self.groups, view),
            Pane::Demo => demo::show(ui, &mut self.demo, view),
            Pane::Entity(key) => {
                let state = self.entities.entry(key.clone()).or_default();
                entity::show(ui, key, state, view);
            }
            Pane::Sandbox(key) => {
                let state = self.sandboxes.entry(key.clone()).or_default();
                sandbox::show(ui, key, state, view);
            }
        }
    }

    /// The entity in front.
    pub(crate) fn front_entity(&self) -> Option<&EntityKey> {
        match &self.front {
            Some(Pane::Entity(key)) => Some(key),
            _ => None,
        }
    }

    /// The sandbox in front.
    pub(crate) fn front_sandbox(&self) -> Option<&SandboxKey> {
        match &self.front {
            Some(Pane::Sandbox(key)) => Some(key),
            _ => None,
        }
    }

    /// The topic in front.
    pub(crate) fn front_topic(&self) -> Option<&Arc<str>> {
        match &self.front {
            Some(Pane::Topic(topic)) => Some(topic),
            _ => None,
        }
    }

    /// Forgets the state of a tab that was closed, and hands it over.
    pub(crate) fn forget(&mut self, pane: &Pane) -> KeptState {
        match pane {
            Pane::Topic(topic) => KeptState::Topic(self.topics.remove(topic).map(Box::new)),
            Pane::Entity(key) => KeptState::Entity(self.entities.remove(key).map(Box::new)),
            Pane::Sandbox(key) => KeptState::Sandbox(self.sandboxes.remove(key).map(Box::new)),
            Pane::Start | Pane::Groups | Pane::Demo => KeptState::None,
        }
    }

    /// Takes the state of a tab back that is opened again.
    pub(crate) fn restore(&mut self, pane: &Pane, state: KeptState) {
        match (pane, state) {
            (Pane::Topic(topic), KeptState::Topic(Some(state))) => {
                self.topics.insert(Arc::clone(topic), *state);
            }
            (Pane::Entity(key), KeptState::Entity(Some(state))) => {
                self.entities.insert(key.clone(), *state);
            }
            (Pane::Sandbox(key), KeptState::Sandbox(Some(state))) => {
                self.sandboxes.insert(key.clone(), *state);
            }
            _ => {}
        }
    }

    /// Forgets everything that belonged to a connection.
    pub(crate) fn forget_all(&mut self) {
        let Self {
            front,
            start: _,
            navigator,
            topics,
            entities,
            sandboxes,
            groups,
            demo,
            clock_bar: _,
        } = self;
        *front = None;
        *navigator = NavigatorState::default();
        topics.clear();
        entities.clear();
        sandboxes.clear();
        *groups = GroupsState::default();
        *demo = DemoState::default();
    }
}
