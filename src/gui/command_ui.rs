//! Commands of the list as buttons and menu items.
//!
//! Promises: words, tooltip and keys come from the list.
//! Does not know: what a command does.

use egui::{Response, Ui};

use super::command::UiCommand;
use super::view::Outbox;
use super::widgets::{IconButton, menu_entry};

/// A button that is an icon.
pub(crate) fn icon_button(
    ui: &mut Ui,
    icon: &str,
    command: UiCommand,
    out: &mut Outbox,
) -> Response {
    let shortcut = command.shortcut_text(ui.ctx()).unwrap_or_default();
    let response = ui.add(IconButton::new(icon, command.text()).shortcut(&shortcut));
    if response.clicked() {
        out.run(command);
    }
    response
}

/// A line of a menu.
pub(crate) fn menu_item(ui: &mut Ui, command: UiCommand, out: &mut Outbox) {
    let shortcut = command.shortcut_text(ui.ctx()).unwrap_or_default();
    if ui.add(menu_entry(command.text(), &shortcut)).on_hover_text(command.tooltip()).clicked() {
        out.run(command);
        ui.close();
    }
}
