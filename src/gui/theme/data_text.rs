//! Text that comes from data: keys, names, values.
//!
//! Promises: what has no shape of its own, such as a zero-width or a bidirectional character, is
//! written out, so that two names that differ look different. What is copied stays as it was.
//! Does not know: what the text says.

use std::borrow::Cow;

use egui::RichText;

use super::fonts::mono;
use crate::decode::text::visible_lines;

/// The text in the typeface of data.
pub fn data(text: impl AsRef<str>) -> RichText {
    RichText::new(drawable(text.as_ref())).font(mono())
}

/// The text as it is drawn.
pub fn drawable(text: &str) -> Cow<'_, str> {
    visible_lines(text)
}
