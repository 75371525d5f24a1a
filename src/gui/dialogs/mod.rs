//! What stands over the window while it is open: palette, keys, settings, the form for
//! an export, what a verdict rests on.
//!
//! Promises: at most one is open; Escape closes it; while one is open no shortcut reaches the
//! views.
//! Does not know: what the commands it offers do.

mod bookmark;
mod coverage;
mod keys;
mod palette_items;
mod save;
mod settings;

use std::path::Path;

use egui::{Context, Id, Modal};

use self::bookmark::BookmarkForm;
use self::palette_items::PaletteItems;
use self::save::SaveForm;
use super::app::Choices;
use super::theme::Tokens;
use super::view::View;
use super::widgets::{PaletteOutcome, PaletteState, palette};
use crate::workspace::{CoverageOf, EntityKey, SaveOf, Snapshot};

/// Which one is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Dialog {
    /// The palette.
    Palette,
    /// The palette of entities that this one can be compared with.
    CompareWith(EntityKey),
    /// The keys.
    Keys,
    /// The settings.
    Settings,
    /// The form for an export of this.
    Save(SaveOf),
    /// What the verdict about this rests on.
    Coverage(CoverageOf),
    /// A bookmark's name and note.
    Bookmark,
}

/// The dialogs.
#[derive(Debug, Default)]
pub(crate) struct Dialogs {
    /// The one that is open.
    open: Option<Dialog>,
    /// The palette.
    palette: PaletteState,
    /// What the palette offers.
    items: PaletteItems,
    /// What is typed for an export.
    save: Option<SaveForm>,
    /// What is typed for a bookmark.
    bookmark: Option<BookmarkForm>,
}

impl Dialogs {
    /// Whether one is open.
    pub(crate) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Opens one.
    pub(crate) fn open(&mut self, dialog: Dialog) {
        self.save = match &dialog {
            Dialog::Save(of) => Some(SaveForm::new(of.clone())),
            _ => None,
        };
        self.open = Some(dialog);
        self.palette = PaletteState::default();
        self.items = PaletteItems::default();
    }

    /// Opens the form for the bookmark with this number.
    pub(crate) fn edit_bookmark(&mut self, number: usize, snapshot: &Snapshot) {
        let bookmark = snapshot.bookmarks.get(number).cloned();
        self.bookmark = bookmark.map(|bookmark| BookmarkForm::new(number, bookmark));
        self.open(Dialog::Bookmark);
    }

    /// Takes the file that was chosen in a dialog, or that none could be shown, if the form for an
    /// export is still open.
    pub(crate) fn choose_file(&mut self, chosen: Option<&Path>) {
        match (&mut self.save, chosen) {
            (Some(form), Some(path)) => form.choose(path),
            (Some(form), None) => form.miss_dialog(),
            (None, _) => {}
        }
    }

    /// Draws the one that is open.
    pub(crate) fn show(&mut self, ctx: &Context, choices: &mut Choices, view: &mut View<'_>) {
        let Some(dialog) = self.open.clone() else { return };
        match &dialog {
            Dialog::Palette => return self.show_palette(ctx, None, view),
            Dialog::CompareWith(key) => return self.show_palette(ctx, Some(key), view),
            Dialog::Keys
            | Dialog::Settings
            | Dialog::Save(_)
            | Dialog::Coverage(_)
            | Dialog::Bookmark => {}
        }
        let dim = Tokens::of_theme(ctx.theme() == egui::Theme::Dark).dim;
        let frame = egui::Frame::window(&ctx.global_style()).inner_margin(16);
        let modal = Modal::new(Id::unique("dialog")).frame(frame).backdrop_color(dim);
        let response = modal.show(ctx, |ui| match dialog {
            Dialog::Palette | Dialog::CompareWith(_) => true,
            Dialog::Keys => keys::show(ui),
            Dialog::Settings => settings::show(ui, choices, view),
            Dialog::Coverage(of) => coverage::show(ui, &of, view),
            Dialog::Bookmark => {
                self.bookmark.as_mut().is_none_or(|form| bookmark::show(ui, form, view))
            }
            Dialog::Save(_) => self.save.as_mut().is_none_or(|form| save::show(ui, form, view)),
        });
        if response.inner || response.should_close() {
            self.open = None;
        }
    }

    /// Draws the palette: of anything, or of what an entity can be compared with.
    fn show_palette(&mut self, ctx: &Context, compared: Option<&EntityKey>, view: &mut View<'_>) {
        let text = self.palette.query().to_owned();
        let items = self.items.gather(ctx, view.snapshot, compared, &text);
        let hint = match compared {
            Some(key) => format!("An entity to compare {} with", key.entity),
            None => "A command, a topic, an entity".to_owned(),
        };
        match palette(ctx, &mut self.palette, items, &hint) {
            PaletteOutcome::Open => {}
            PaletteOutcome::Closed => self.open = None,
            PaletteOutcome::Chosen(index) => {
                self.open = None;
                self.items.choose(index, view.out);
            }
        }
    }
}
