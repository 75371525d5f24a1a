//! What Enter means in a field of one line: what is typed is meant, and the field keeps the focus.
//!
//! Promises: a field never loses the focus to Enter, so that what is typed next is not taken for
//! shortcuts.
//! Does not know: what a field is for.

use egui::{Key, Response};

/// Whether Enter was pressed in a field in this frame. The field keeps the focus; whoever takes it
/// away lets it go.
pub(crate) fn entered(field: &Response) -> bool {
    field.has_focus() && field.ctx.input(|input| input.key_pressed(Key::Enter))
}

/// Whether the focus went from a field to somewhere else in this frame.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that asks, for fields that keep it after Enter"
)]
pub(crate) fn left(field: &Response) -> bool {
    field.lost_focus()
}
