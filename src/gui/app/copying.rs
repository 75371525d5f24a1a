//! Copies what is chosen in front.
//!
//! Promises: the list that has the focus goes before the view in front; where nothing is chosen,
//! that is said.
//! Does not know: how what is chosen is written (`workspace::copy`).

use std::sync::Arc;

use egui::{Context, PointerButton};

use super::App;
use crate::gui::command::UiCommand;
use crate::gui::theme::icons;
use crate::gui::view::{Pane, View};
use crate::gui::views::{entity, sandbox, topic};
use crate::gui::widgets::{copy, offered, say};
use crate::workspace::LinkedPlace;

impl App {
    /// Copies what a command names.
    pub(super) fn copy(&mut self, ctx: &Context, command: UiCommand) {
        let is_choice =
            matches!(command, UiCommand::Copy | UiCommand::CopyJson | UiCommand::CopyCsv);
        if is_choice && let Some(offer) = offered(ctx) {
            return offer.copy(ctx, command.copy_form());
        }
        if !self.copy_in_front(ctx, command) {
            say(ctx, icons::INFO, "Nothing is chosen that could be copied");
        }
    }

    /// Copies what a command names in the view in front; whether there was something.
    fn copy_in_front(&mut self, ctx: &Context, command: UiCommand) -> bool {
        let Self { states, snapshot, times, outbox, .. } = self;
        let mut view = View { snapshot, times, out: outbox };
        if let Some(key) = states.front_entity().cloned()
            && let Some(entity) = view.snapshot.entity_view(&key).cloned()
        {
            let state = states.entities.entry(key).or_default();
            return entity::copy_chosen(ctx, command, state, &entity, &mut view);
        }
        if let Some(topic) = states.front_topic().cloned()
            && let Some(topic_view) = view.snapshot.topic_view(&topic).cloned()
        {
            let state = states.topics.entry(topic).or_default();
            return topic::copy_chosen(ctx, command, state, &topic_view, &mut view);
        }
        let Some(key) = states.front_sandbox() else { return false };
        sandbox::copy_chosen(ctx, command, key, &view)
    }

    /// Copies a link to what is in front at the clock.
    pub(super) fn copy_link(&self, ctx: &Context) {
        let place = match &self.states.front {
            Some(Pane::Topic(topic)) => Some(LinkedPlace::Topic(Arc::clone(topic))),
            Some(Pane::Entity(key)) => Some(LinkedPlace::Entity(key.clone())),
            _ => None,
        };
        match self.snapshot.link_to(place, self.snapshot.clock.at.clone()) {
            Some(link) => copy(ctx, link.to_string(), "link"),
            None => say(ctx, icons::INFO, "There is no cluster that a link could name"),
        }
    }

    /// Opens what a link led to, once.
    pub(super) fn take_linked(&mut self) {
        let Some(linked) = self.snapshot.linked.clone() else { return };
        if linked.number == self.linked {
            return;
        }
        self.linked = linked.number;
        match &linked.place {
            LinkedPlace::Topic(topic) => self.open(&Pane::Topic(Arc::clone(topic))),
            LinkedPlace::Record(position) => self.show_record(position.clone()),
            LinkedPlace::Entity(key) => self.open(&Pane::Entity(key.clone())),
        }
    }

    /// Takes what the workspace copied to the clipboard.
    pub(super) fn take_copied(&mut self, ctx: &Context) {
        if let Some(copied) = &self.snapshot.copied
            && copied.number != self.copied
        {
            self.copied = copied.number;
            copy(ctx, copied.text.to_string(), &copied.what);
        }
    }

    /// The buttons of a mouse that go back and forward.
    pub(super) fn take_mouse_buttons(&mut self, ctx: &Context) {
        let buttons = [
            (PointerButton::Extra1, UiCommand::GoBack),
            (PointerButton::Extra2, UiCommand::GoForward),
        ];
        for (button, command) in buttons {
            if ctx.input(|input| input.pointer.button_pressed(button)) {
                self.outbox.run(command);
            }
        }
    }
}
