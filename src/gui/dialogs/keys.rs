//! Every command in one sheet, with its keys.
//!
//! Promises: made from the list of commands, so it is never out of date and none is missing.
//! Does not know: what a command does.

use egui::{Grid, RichText, ScrollArea, Ui};

use crate::gui::command::{UiCommand, key_text};
use crate::gui::theme::{Tokens, data, heading, secondary};

/// How wide a column of commands is, in points.
const COLUMN_WIDTH: f32 = 326.0;
/// In how many columns the commands stand at most.
const COLUMNS_MAX: usize = 3;

/// Draws the sheet. True when it shall close.
pub(crate) fn show(ui: &mut Ui) -> bool {
    let screen = ui.ctx().content_rect();
    let room = screen.width() - 72.0;
    let columns = ((room / COLUMN_WIDTH).floor().max(1.0) as usize).min(COLUMNS_MAX);
    ui.set_width(room.min(columns as f32 * COLUMN_WIDTH));
    ui.label(RichText::new("Keys").font(heading()));
    ui.add_space(8.0);
    let (with_keys, without): (Vec<_>, Vec<_>) =
        UiCommand::ALL.into_iter().partition(|command| !command.shortcuts().is_empty());
    let height = (screen.height() - 140.0).max(120.0);
    // Without the least height it would stay as low as it was when it opened.
    let area = ScrollArea::vertical().max_height(height).min_scrolled_height(height);
    area.auto_shrink([false, true]).show(ui, |ui| {
        ui.spacing_mut().interact_size.y = 0.0;
        sheet(ui, "with keys", &with_keys, columns, line);
        ui.add_space(10.0);
        quiet(ui, "Without a key, in the palette:");
        ui.add_space(2.0);
        sheet(ui, "without", &without, columns, |ui, command| {
            ui.label(command.text()).on_hover_text(command.tooltip());
        });
    });
    ui.add_space(8.0);
    quiet(ui, "Every command is also in the palette. No key sets one off while you type.");
    false
}

/// Commands in columns, one below the other.
fn sheet(
    ui: &mut Ui,
    name: &str,
    commands: &[UiCommand],
    columns: usize,
    mut line: impl FnMut(&mut Ui, UiCommand),
) {
    let rows = commands.len().div_ceil(columns);
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        for (column, commands) in commands.chunks(rows).enumerate() {
            ui.vertical(|ui| {
                ui.set_width(COLUMN_WIDTH);
                Grid::new((name, column)).spacing([14.0, 6.0]).show(ui, |ui| {
                    for command in commands {
                        line(ui, *command);
                        ui.end_row();
                    }
                });
            });
        }
    });
}

/// A quiet sentence.
fn quiet(ui: &mut Ui, words: &str) {
    ui.label(RichText::new(words).font(secondary()).color(Tokens::of(ui).text_secondary));
}

/// A command with its keys.
fn line(ui: &mut Ui, command: UiCommand) {
    let keys: Vec<_> =
        command.shortcuts().iter().map(|shortcut| key_text(ui.ctx(), *shortcut)).collect();
    ui.label(data(keys.join("  ")).color(Tokens::of(ui).accent));
    ui.label(command.text()).on_hover_text(command.tooltip());
}
