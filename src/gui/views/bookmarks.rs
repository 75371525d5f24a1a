//! Bookmarks: moments worth coming back to.
//!
//! Promises: one click brings back the moment and the entity.
//! Does not know: where bookmarks are kept.

use egui::{ScrollArea, Ui};

use super::list_row::ListRow;
use crate::gui::theme::icons;
use crate::gui::view::{Action, Pane, View};
use crate::gui::widgets::{EmptyState, copy};
use crate::workspace::{ClockCommand, Command, LinkedPlace};

/// Draws the bookmarks.
pub(crate) fn show(ui: &mut Ui, view: &mut View<'_>) {
    if view.snapshot.bookmarks.is_empty() {
        EmptyState::new(
            icons::BOOKMARK_SIMPLE,
            "No bookmarks",
            "Press B to remember the moment and the entity in front.",
        )
        .show(ui);
        return;
    }
    ui.spacing_mut().item_spacing.y = 0.0;
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        for (index, bookmark) in view.snapshot.bookmarks.iter().enumerate() {
            let response = ListRow::new(&bookmark.label).icon(icons::BOOKMARK_SIMPLE).show(ui);
            if response.clicked() {
                if let Some(key) = &bookmark.entity {
                    view.out.open(Pane::Entity(key.clone()));
                }
                view.out.clock(ClockCommand::Set(bookmark.at.clone()));
            }
            let about = match bookmark.note.as_str() {
                "" => bookmark.label.clone(),
                note => format!("{}\n\n{note}", bookmark.label),
            };
            response.on_hover_text(about).context_menu(|ui| {
                if ui.button("Name and note").clicked() {
                    view.out.act(Action::EditBookmark(index));
                    ui.close();
                }
                let place = bookmark.entity.clone().map(LinkedPlace::Entity);
                if let Some(link) = view.snapshot.link_to(place, bookmark.at.clone())
                    && ui.button("Copy link").clicked()
                {
                    copy(ui.ctx(), link.to_string(), "link");
                    ui.close();
                }
                if ui.button("Remove bookmark").clicked() {
                    view.out.send(Command::RemoveBookmark(index));
                    ui.close();
                }
            });
        }
    });
}
