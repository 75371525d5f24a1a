//! What stands over the window while it is open: palette, keys, settings.
//!
//! Promises: at most one is open; Escape closes it; while one is open no shortcut reaches the
//! views.
//! Does not know: what the commands it offers do.

mod keys;
mod palette_items;
mod settings;

use egui::{Context, Id, Modal};

use self::palette_items::PaletteItems;
use super::app::Choices;
use super::theme::Tokens;
use super::view::View;
use super::widgets::{PaletteOutcome, PaletteState, palette};
use crate::workspace::EntityKey;

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
}

impl Dialogs {
    /// Whether one is open.
    pub(crate) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Opens one.
    pub(crate) fn open(&mut self, dialog: Dialog) {
        self.open = Some(dialog);
        self.palette = PaletteState::default();
        self.items = PaletteItems::default();
    }

    /// Draws the one that is open.
    pub(crate) fn show(&mut self, ctx: &Context, choices: &mut Choices, view: &mut View<'_>) {
        let Some(dialog) = self.open.clone() else { return };
        match &dialog {
            Dialog::Palette => return self.show_palette(ctx, None, view),
            Dialog::CompareWith(key) => return self.show_palette(ctx, Some(key), view),
            Dialog::Keys | Dialog::Settings => {}
        }
        let dim = Tokens::of_theme(ctx.theme() == egui::Theme::Dark).dim;
        let frame = egui::Frame::window(&ctx.global_style()).inner_margin(16);
        let modal = Modal::new(Id::unique("dialog")).frame(frame).backdrop_color(dim);
        let response = modal.show(ctx, |ui| match dialog {
            Dialog::Palette | Dialog::CompareWith(_) => true,
            Dialog::Keys => keys::show(ui),
            Dialog::Settings => settings::show(ui, choices, view),
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
