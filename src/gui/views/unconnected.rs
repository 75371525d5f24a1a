//! What a tab shows while its connection does not stand, or what it shows is not open.
//!
//! Promises: says why in words, and offers the way on; a tab is never lost for want of a
//! connection.
//! Does not know: what the tab shows once it is connected.

use egui::{Frame, Margin, Panel, Ui};

use super::waiting;
use crate::gui::theme::icons;
use crate::gui::view::{Pane, View};
use crate::gui::widgets::{EmptyState, problem_box};
use crate::workspace::{Command, ConnectionState, JobSubject};

/// Draws it.
pub(crate) fn show(ui: &mut Ui, view: &mut View<'_>) {
    let name = &view.snapshot.tabs_of.name;
    let (title, text, again) = match &view.snapshot.connection {
        ConnectionState::Connecting(_) => {
            let text = "It opens as soon as the cluster answers.";
            return waiting::show(ui, view, &JobSubject::Connection, text);
        }
        ConnectionState::Failed(problem) => {
            let bar = Frame::new().inner_margin(Margin::symmetric(12, 6));
            Panel::top("problem").frame(bar).show(ui, |ui| problem_box(ui, problem, None));
            let text = "It opens again as it was once the connection is back.";
            (format!("Not connected to {name}"), text, "Try again")
        }
        _ => {
            let text = "It opens again as it was once the connection is back.";
            (format!("Not connected to {name}"), text, "Connect")
        }
    };
    let chosen = EmptyState::new(icons::PLUG, &title, text)
        .action(icons::PLUGS, again)
        .action(icons::COMPASS, "Open the start page")
        .show(ui);
    match chosen {
        Some(0) => view.out.send(Command::Reconnect),
        Some(_) => view.out.open(Pane::Start),
        None => {}
    }
}

/// What a tab shows whose subject the workspace has not opened; true when the user wants it opened.
pub(crate) fn not_open(ui: &mut Ui, what: &str) -> bool {
    let title = format!("{what} is not open");
    EmptyState::new(icons::ARROW_SQUARE_OUT, &title, "")
        .action(icons::PLAY, "Open it")
        .show(ui)
        .is_some()
}
