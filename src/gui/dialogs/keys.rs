//! Every key in one sheet.
//!
//! Promises: made from the list of commands, so it is never out of date.
//! Does not know: what a command does.

use egui::{Grid, RichText, ScrollArea, Ui};

use crate::gui::command::UiCommand;
use crate::gui::theme::{Tokens, heading, mono, secondary};

/// How many columns of commands stand side by side.
const COLUMNS: usize = 2;

/// Draws the sheet. True when it shall close.
pub(crate) fn show(ui: &mut Ui) -> bool {
    let screen = ui.ctx().content_rect();
    ui.set_width((screen.width() - 80.0).clamp(280.0, 680.0));
    ui.label(RichText::new("Keys").font(heading()));
    ui.add_space(8.0);
    let commands: Vec<_> =
        UiCommand::ALL.into_iter().filter(|command| !command.shortcuts().is_empty()).collect();
    let rows = commands.len().div_ceil(COLUMNS);
    let tokens = Tokens::of(ui);
    ScrollArea::vertical().max_height(screen.height() - 160.0).auto_shrink([false, true]).show(
        ui,
        |ui| {
            Grid::new("keys").num_columns(COLUMNS * 2).spacing([16.0, 6.0]).show(ui, |ui| {
                for row in 0..rows {
                    for command in commands.iter().skip(row).step_by(rows) {
                        let keys: Vec<_> = command
                            .shortcuts()
                            .iter()
                            .map(|shortcut| ui.ctx().format_shortcut(shortcut))
                            .collect();
                        let keys = RichText::new(keys.join("  or  ")).font(mono());
                        ui.label(keys.color(tokens.accent));
                        ui.label(command.text()).on_hover_text(command.tooltip());
                    }
                    ui.end_row();
                }
            });
        },
    );
    ui.add_space(8.0);
    let more = "Every other command is in the palette. Keys are left alone while you type.";
    ui.label(RichText::new(more).font(secondary()).color(tokens.text_secondary));
    false
}
