//! The pieces views are made of.
//!
//! Promises: every piece has a name for the accessibility tree, can be reached by keyboard, draws only what is visible,
//! and asks for no repaint while nothing happens. Pieces return what the user did; they change nothing themselves.
//! Does not know: views, commands.

mod chip;
mod copy_text;
mod empty_state;
mod event_shape;
mod icon_button;
mod progress;
mod text;

pub use chip::{Chip, ChipResponse, Tone, verdict_chip};
pub use copy_text::CopyText;
pub use empty_state::EmptyState;
pub use event_shape::{EventMark, event_label, paint_event_mark};
pub use icon_button::IconButton;
pub use progress::{job_row, partition_bars, progress_bar};
pub(crate) use text::cut_galley;
