//! How everything looks: colours, fonts, icons, spacing, and how numbers, times and names are
//! written.
//!
//! Promises: `apply` once at the start, both themes are there; a widget asks [`Tokens::of`] for its
//! colours.
//! Does not know: any view.

mod data_text;
mod fonts;
pub mod format;
pub mod icons;
mod style;
mod tokens;

pub use data_text::{data, drawable};
pub use fonts::{
    BODY_PT, ICON_PT, SECONDARY_PT, TITLE_PT, body, heading, icon, medium, medium_family, mono,
    mono_small, secondary, semibold_family,
};
pub use format::TimeFormat;
pub use style::{ANIMATION_SECONDS, GRID, GUTTER, LINE_HEIGHT, PANEL_PADDING, ROW_HEIGHT, apply};
pub use tokens::{EVENT_HUES, Tokens};
