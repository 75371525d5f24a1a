//! What stands in the middle while no tab is open.
//!
//! Promises: says what to do next.
//! Does not know: tabs.

use egui::Ui;

use super::start::{self, StartState};
use crate::gui::command::UiCommand;
use crate::gui::theme::icons;
use crate::gui::view::View;
use crate::gui::widgets::EmptyState;
use crate::workspace::ConnectionState;

/// Draws it: the start page while there is no connection.
pub(crate) fn show(ui: &mut Ui, state: &mut StartState, view: &mut View<'_>) {
    if !matches!(view.snapshot.connection, ConnectionState::Connected(_)) {
        start::show(ui, state, view);
        return;
    }
    let palette = UiCommand::OpenPalette.text();
    let chosen = EmptyState::new(
        icons::COMPASS,
        "Choose a topic",
        "Pick one on the left, or press Ctrl+K and type part of its name. Nothing is read until you choose where to start.",
    )
    .action(icons::MAGNIFYING_GLASS, palette)
    .action(icons::USERS_THREE, UiCommand::ShowGroups.text())
    .show(ui);
    match chosen {
        Some(0) => view.out.run(UiCommand::OpenPalette),
        Some(_) => view.out.run(UiCommand::ShowGroups),
        None => {}
    }
}
