//! Files that are dragged over the window and dropped on it.
//!
//! Promises: while a file hangs over the window it says what dropping it does.
//! Does not know: what is in a file.

use std::path::PathBuf;

use egui::{Align2, Context, Id, LayerId, Order, Stroke, StrokeKind};

use crate::gui::theme::{PANEL_PADDING, Tokens, heading};

/// The file that was dropped in this frame.
pub(crate) fn dropped(ctx: &Context) -> Option<PathBuf> {
    ctx.input(|input| input.raw.dropped_files.first().map(|file| file.path().to_owned()))
}

/// Says what dropping does while a file hangs over the window.
pub(crate) fn show(ctx: &Context) {
    if ctx.input(|input| input.raw.hovered_files.is_empty()) {
        return;
    }
    let tokens = Tokens::of_theme(ctx.theme() == egui::Theme::Dark);
    let painter = ctx.layer_painter(LayerId::new(Order::Foreground, Id::unique("drop zone")));
    let rect = ctx.content_rect();
    painter.rect_filled(rect, 0.0, tokens.dim);
    let edge = Stroke::new(2.0, tokens.accent);
    painter.rect_stroke(rect.shrink(12.0), 8.0, edge, StrokeKind::Inside);
    let words = "Drop the connection file to fill it in";
    let galley = painter.layout_no_wrap(words.to_owned(), heading(), tokens.text_strong);
    let place = Align2::CENTER_CENTER.anchor_size(rect.center(), galley.size());
    painter.rect_filled(place.expand(PANEL_PADDING), 8.0, tokens.raised);
    painter.galley(place.min, galley, tokens.text_strong);
}
