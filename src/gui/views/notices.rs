//! Notices: everything the window said, newest first.
//!
//! Promises: what a toast said can be read again here; looking at them marks them as read.
//! Does not know: who said it.

use egui::Ui;

use crate::gui::view::View;
use crate::gui::widgets::notice_panel;
use crate::workspace::Command;

/// Draws the notices and marks them as read.
pub(crate) fn show(ui: &mut Ui, view: &mut View<'_>) {
    if view.snapshot.notices.iter().any(|notice| !notice.read) {
        view.out.send(Command::ReadNotices);
    }
    notice_panel(ui, &view.snapshot.notices, view.times);
}
