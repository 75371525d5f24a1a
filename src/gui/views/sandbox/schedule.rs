//! Schedule: its place in a sandbox.
//!
//! Promises: says honestly that nothing is here yet.
//! Does not know: anything else.

use egui::Ui;

use super::SandboxState;
use crate::gui::theme::icons;
use crate::gui::view::View;
use crate::gui::widgets::EmptyState;
use crate::workspace::SandboxView;

/// Draws the part.
pub(crate) fn show(
    ui: &mut Ui,
    _sandbox: &SandboxView,
    _state: &mut SandboxState,
    _view: &mut View<'_>,
) {
    EmptyState::new(
        icons::FLASK,
        "Schedule",
        "One schedule of deliveries, commits and crashes, step by step.",
    )
    .show(ui);
}
