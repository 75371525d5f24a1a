//! The debugger: the code at the left, what it did with each event at the right.
//!
//! Promises: every control is a command with a key.
//! Does not know: how steps are worked out.

use egui::{Frame, Margin, Role, ScrollArea, TextEdit, Ui, WidgetInfo};

use super::SandboxState;
use crate::gui::command::UiCommand;
use crate::gui::view::View;
use crate::workspace::{SandboxKey, SandboxView};

/// What the debugger keeps.
#[derive(Debug, Default)]
pub(crate) struct DebuggerState {
    /// Whether the field that finds text is open.
    find_open: bool,
}

impl DebuggerState {
    /// Opens the field that finds text.
    pub(crate) fn open_find(&mut self) {
        self.find_open = true;
    }
}

/// Draws the debugger.
pub(crate) fn show(
    ui: &mut Ui,
    sandbox: &SandboxView,
    state: &mut SandboxState,
    _view: &mut View<'_>,
) {
    Frame::new().inner_margin(Margin::same(8)).show(ui, |ui| {
        if let Some(fault) = &sandbox.fault {
            ui.label(fault.to_string());
        }
        ScrollArea::both().auto_shrink(false).show(ui, |ui| {
            let edit = TextEdit::multiline(&mut state.text).code_editor();
            let response = ui.add(edit.desired_width(f32::INFINITY));
            response.widget_info(|| WidgetInfo::labeled(Role::MultilineTextInput, true, "Script"));
        });
    });
}

/// Carries out a command.
pub(crate) fn execute(
    _command: UiCommand,
    _key: &SandboxKey,
    _state: &mut SandboxState,
    _view: &mut View<'_>,
) {
}
