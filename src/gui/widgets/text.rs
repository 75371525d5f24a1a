//! Text cut to a width, laid out once and drawn where a widget wants it.
//!
//! Promises: at most one line; what does not fit ends in an ellipsis, and a name loses its middle.
//! Does not know: what the text says.

use std::sync::Arc;

use egui::text::{LayoutJob, TextWrapping};
use egui::{Color32, FontId, Galley, Ui};

use crate::gui::theme::{drawable, format};

/// One line of text, cut with an ellipsis where it would be wider than this.
pub(crate) fn cut_galley(
    ui: &Ui,
    text: &str,
    font: FontId,
    color: Color32,
    width: f32,
) -> Arc<Galley> {
    let mut job = LayoutJob::simple_singleline(drawable(text).into_owned(), font, color);
    job.wrap = TextWrapping::truncate_at_width(width.max(0.0));
    ui.painter().layout_job(job)
}

/// A name that is no wider than this, in points: what is longer loses its middle, since names differ
/// at both ends.
pub(crate) fn fitting_name(ui: &Ui, name: &str, font: &FontId, width: f32) -> String {
    let name = drawable(name);
    let character = ui.fonts_mut(|fonts| fonts.glyph_width(font, 'n')).max(1.0);
    let mut characters = name.chars().count();
    loop {
        let shown = format::middle(&name, characters);
        let shown_width =
            ui.painter().layout_no_wrap(shown.clone(), font.clone(), Color32::PLACEHOLDER).size().x;
        if shown_width <= width || characters <= 1 {
            return shown;
        }
        let excess = ((shown_width - width) / character).ceil() as usize;
        characters = characters.min(shown.chars().count()).saturating_sub(excess.max(1));
    }
}
