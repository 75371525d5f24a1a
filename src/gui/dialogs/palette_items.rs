//! What the palette offers: commands, entities, topics.
//!
//! Promises: an entity can be opened by its id although it is in no list.
//! Does not know: how items are matched and drawn (`widgets::palette`).

use std::collections::BTreeSet;
use std::sync::Arc;

use egui::Context;

use crate::gui::command::UiCommand;
use crate::gui::theme::{format, icons};
use crate::gui::view::{Outbox, Pane};
use crate::gui::widgets::PaletteItem;
use crate::model::EntityId;
use crate::workspace::{Command, CompareWith, EntityKey, EntityRow, Link, SandboxKey, Snapshot};

/// For how many topics a typed id is offered as an entity: the open ones first.
const TYPED_TOPICS_MAX: usize = 8;

/// What an item does when it is chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Target {
    /// Carries out a command.
    Run(UiCommand),
    /// Opens a tab.
    Open(Pane),
    /// Compares the first entity with the second.
    Compare(EntityKey, EntityKey),
    /// Follows a link.
    Follow(Box<Link>),
}

/// What the palette offers.
#[derive(Debug, Default)]
pub(crate) struct PaletteItems {
    /// What is shown.
    items: Vec<PaletteItem>,
    /// What each does.
    targets: Vec<Target>,
    /// For which snapshot and text they were gathered.
    gathered_for: Option<(u64, String)>,
}

impl PaletteItems {
    /// Gathers the items anew when the snapshot or the text is another: anything, or entities to
    /// compare this one with.
    pub(crate) fn gather(
        &mut self,
        ctx: &Context,
        snapshot: &Snapshot,
        compared: Option<&EntityKey>,
        text: &str,
    ) -> &[PaletteItem] {
        let wanted = (snapshot.generation, text.trim().to_owned());
        if self.gathered_for.as_ref() != Some(&wanted) {
            self.items.clear();
            self.targets.clear();
            if let Some(key) = compared {
                self.others(snapshot, key, &wanted.1);
            } else {
                self.commands(ctx);
                self.entities(snapshot);
                self.topics(snapshot);
                self.scripts(snapshot);
                self.typed(snapshot, &wanted.1);
            }
            self.gathered_for = Some(wanted);
        }
        &self.items
    }

    /// Carries out the item with this number.
    pub(crate) fn choose(&self, index: usize, out: &mut Outbox) {
        match self.targets.get(index) {
            Some(Target::Run(command)) => out.run(*command),
            Some(Target::Open(pane)) => out.open(pane.clone()),
            Some(Target::Compare(key, other)) => {
                let with = CompareWith::Entity(other.clone());
                out.send(Command::Compare(key.clone(), Some(with)));
            }
            Some(Target::Follow(link)) => out.send(Command::OpenLink(link.clone())),
            None => {}
        }
    }

    /// Adds an item.
    fn add(&mut self, icon: &'static str, label: String, detail: String, target: Target) {
        let item = PaletteItem { icon, label, detail, shortcut: String::new(), enabled: true };
        self.items.push(item);
        self.targets.push(target);
    }

    /// The commands.
    fn commands(&mut self, ctx: &Context) {
        for command in
            UiCommand::ALL.into_iter().filter(|command| *command != UiCommand::OpenPalette)
        {
            let label = command.text().to_owned();
            let detail = command.tooltip().to_owned();
            self.add(icons::COMMAND, label, detail, Target::Run(command));
            if let Some(item) = self.items.last_mut() {
                item.shortcut = command.shortcut_text(ctx).unwrap_or_default();
            }
        }
    }

    /// The entities of the open topics.
    fn entities(&mut self, snapshot: &Snapshot) {
        for topic in &snapshot.topic_views {
            let Some(list) = topic.entities.latest() else { continue };
            for row in list.rows.iter() {
                let detail = format!("{} · {}", topic.topic, format::count(row.events, "event"));
                let pane = entity_pane(row.entity.clone(), &topic.topic);
                self.add(icons::CUBE, row.entity.to_string(), detail, Target::Open(pane));
            }
        }
    }

    /// The entities that an entity can be compared with: those that are open, those of the open
    /// topics, and the text itself as an id in the same topics.
    fn others(&mut self, snapshot: &Snapshot, key: &EntityKey, text: &str) {
        let open = snapshot.entity_views.iter().map(|view| (view.key.clone(), "open".to_owned()));
        let listed = snapshot.topic_views.iter().flat_map(|topic| {
            let rows = topic.entities.latest().map(|list| Arc::clone(&list.rows));
            let rows = rows.unwrap_or_default();
            let entity = |row: &EntityRow| {
                let detail = format!("{} · {}", topic.topic, format::count(row.events, "event"));
                (entity_key(row.entity.clone(), &topic.topic), detail)
            };
            rows.iter().map(entity).collect::<Vec<_>>()
        });
        let typed = EntityKey { entity: EntityId::new(text), topics: Arc::clone(&key.topics) };
        let typed = (!text.is_empty()).then(|| (typed, format!("in {}", key.topics.join(", "))));
        let mut seen = BTreeSet::from([key.clone()]);
        for (other, detail) in open.chain(listed).chain(typed) {
            if seen.insert(other.clone()) {
                let label = other.entity.to_string();
                self.add(icons::CUBE, label, detail, Target::Compare(key.clone(), other));
            }
        }
    }

    /// The cluster's topics.
    fn topics(&mut self, snapshot: &Snapshot) {
        let Some(topics) = snapshot.topics.latest() else { return };
        for topic in topics.iter() {
            let pane = Pane::Topic(Arc::clone(&topic.name));
            self.add(icons::ROWS, topic.name.to_string(), "topic".to_owned(), Target::Open(pane));
        }
    }

    /// The scripts of the demo and of the workspace.
    fn scripts(&mut self, snapshot: &Snapshot) {
        if snapshot.demo.is_some() {
            let pane = Pane::Sandbox(SandboxKey::Demo);
            let name = SandboxKey::Demo.script_name();
            self.add(icons::CODE, name, "projection of the demo".to_owned(), Target::Open(pane));
        }
        for script in snapshot.scripts.latest().into_iter().flat_map(|scripts| scripts.iter()) {
            let pane = Pane::Sandbox(SandboxKey::File(script.path.clone()));
            let detail = "projection".to_owned();
            self.add(icons::CODE, script.name.to_string(), detail, Target::Open(pane));
        }
    }

    /// The text itself as an entity of each open topic.
    fn typed(&mut self, snapshot: &Snapshot, text: &str) {
        if text.is_empty() {
            return;
        }
        if let Ok(link) = Link::parse(text) {
            let target = Target::Follow(Box::new(link));
            return self.add(icons::LINK, text.to_owned(), "open link".to_owned(), target);
        }
        let open = snapshot.topic_views.iter().map(|topic| &topic.topic);
        let listed = snapshot.topics.latest().map(|topics| &topics[..]).unwrap_or_default();
        let listed = listed.iter().filter(|topic| !topic.internal).map(|topic| &topic.name);
        let mut topics: Vec<_> = open.chain(listed).collect();
        topics.sort_by_key(|topic| !is_named_alike(text, topic));
        for topic in topics.into_iter().take(TYPED_TOPICS_MAX) {
            let target = Target::Open(entity_pane(EntityId::new(text), topic));
            if !self.targets.contains(&target) {
                let detail = format!("open as entity of {topic}");
                self.add(icons::CUBE, text.to_owned(), detail, target);
            }
        }
    }
}

/// Whether a topic's name contains the word that an id begins with: `order-1042` is looked for in
/// `order-events` first.
fn is_named_alike(id: &str, topic: &str) -> bool {
    let word: String = id.chars().take_while(|character| character.is_alphabetic()).collect();
    word.chars().count() > 1 && topic.to_lowercase().contains(&word.to_lowercase())
}

/// An entity of one topic.
fn entity_key(entity: EntityId, topic: &Arc<str>) -> EntityKey {
    EntityKey { entity, topics: Arc::new([Arc::clone(topic)]) }
}

/// Its tab.
fn entity_pane(entity: EntityId, topic: &Arc<str>) -> Pane {
    Pane::Entity(entity_key(entity, topic))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::TopicView;

    #[test]
    fn an_entity_that_is_in_no_list_can_be_opened_by_its_id() {
        let topic = TopicView { topic: "order-events".into(), ..TopicView::default() };
        let snapshot = Snapshot { topic_views: vec![Arc::new(topic)], ..Snapshot::default() };
        let mut items = PaletteItems::default();
        let offered = items.gather(&Context::default(), &snapshot, None, "order-1042");
        let last = offered.len() - 1;
        assert_eq!(offered[last].label, "order-1042");
        let mut out = Outbox::default();
        items.choose(last, &mut out);
        let pane = entity_pane(EntityId::new("order-1042"), &"order-events".into());
        assert_eq!(out.actions, [crate::gui::view::Action::Open(pane)]);
    }

    #[test]
    fn an_id_is_offered_first_in_topics_that_are_named_alike() {
        let topic = |name: &str| TopicView { topic: name.into(), ..TopicView::default() };
        let views = ["account-events", "shop.Orders"].map(|name| Arc::new(topic(name)));
        let snapshot = Snapshot { topic_views: views.into(), ..Snapshot::default() };
        let mut items = PaletteItems::default();
        let offered = items.gather(&Context::default(), &snapshot, None, "order-1042");
        let details: Vec<_> =
            offered.iter().rev().take(2).map(|item| item.detail.as_str()).collect();
        assert_eq!(
            details,
            ["open as entity of account-events", "open as entity of shop.Orders"],
            "the last of these comes first"
        );
        assert!(!is_named_alike("7", "topic-7") && !is_named_alike("", "a"), "figures say nothing");
    }

    #[test]
    fn every_command_but_the_palette_itself_is_offered_with_its_keys() {
        let mut items = PaletteItems::default();
        let offered = items.gather(&Context::default(), &Snapshot::default(), None, "");
        assert_eq!(offered.len(), UiCommand::ALL.len() - 1);
        assert!(
            offered.iter().all(|item| item.label != UiCommand::OpenPalette.text()),
            "it is open"
        );
        let keys =
            offered.iter().find(|item| item.label == UiCommand::ShowSettings.text()).unwrap();
        assert!(!keys.shortcut.is_empty(), "Ctrl and comma");
    }
}
