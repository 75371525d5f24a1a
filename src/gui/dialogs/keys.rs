//! Every key in one sheet.
//!
//! Promises: made from the list of commands, so it is never out of date.
//! Does not know: what a command does.

use egui::{Grid, RichText, ScrollArea, Ui};

use crate::gui::command::UiCommand;
use crate::gui::shortcut::key_text;
use crate::gui::theme::{Tokens, heading, mono, secondary};

/// How wide the sheet is, in points.
const WIDTH: f32 = 640.0;
/// Below this width, in points, the commands stand in one column.
const NARROW: f32 = 560.0;

/// Draws the sheet. True when it shall close.
pub(crate) fn show(ui: &mut Ui) -> bool {
    let screen = ui.ctx().content_rect();
    let width = WIDTH.min(screen.width() - 72.0);
    ui.set_width(width);
    ui.label(RichText::new("Keys").font(heading()));
    ui.add_space(8.0);
    let commands: Vec<_> =
        UiCommand::ALL.into_iter().filter(|command| !command.shortcuts().is_empty()).collect();
    let columns = if width < NARROW { 1 } else { 2 };
    let rows = commands.len().div_ceil(columns);
    let height = (screen.height() - 140.0).max(120.0);
    ScrollArea::vertical().max_height(height).auto_shrink([false, true]).show(ui, |ui| {
        ui.spacing_mut().interact_size.y = 0.0;
        Grid::new("keys").num_columns(columns * 2).spacing([14.0, 6.0]).show(ui, |ui| {
            for row in 0..rows {
                for command in commands.iter().skip(row).step_by(rows) {
                    line(ui, *command);
                }
                ui.end_row();
            }
        });
    });
    ui.add_space(8.0);
    let more = "Every other command is in the palette. Keys are left alone while you type.";
    ui.label(RichText::new(more).font(secondary()).color(Tokens::of(ui).text_secondary));
    false
}

/// A command with its keys.
fn line(ui: &mut Ui, command: UiCommand) {
    let keys: Vec<_> =
        command.shortcuts().iter().map(|shortcut| key_text(ui.ctx(), *shortcut)).collect();
    ui.label(RichText::new(keys.join("  ")).font(mono()).color(Tokens::of(ui).accent));
    ui.label(command.text()).on_hover_text(command.tooltip());
}
