//! Text cut to a width, laid out once and drawn where a widget wants it.
//!
//! Promises: at most one line; what does not fit ends in an ellipsis.
//! Does not know: what the text says.

use std::sync::Arc;

use egui::text::{LayoutJob, TextWrapping};
use egui::{Color32, FontId, Galley, Ui};

use crate::gui::theme::drawable;

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
