//! The pieces views are made of.
//!
//! Promises: every piece has a name for the accessibility tree, can be reached by keyboard, draws
//! only what is visible, and asks for no repaint while nothing happens. Pieces return what the user
//! did; they change nothing themselves.
//! Does not know: views, commands.

mod chip;
mod clock_bar;
mod code;
mod column_widths;
mod compare_tree;
mod copy;
mod copy_text;
mod data_table;
mod diff_view;
mod empty_state;
mod enter;
mod event_shape;
mod hex_view;
mod histogram;
mod icon_button;
mod json_tree;
mod lag_chart;
mod notice;
mod palette;
mod picks;
mod progress;
mod state_tree;
mod text;
mod text_view;
mod tree_rows;
mod virtual_rows;

pub(crate) use chip::verdict_words;
pub use chip::{Chip, ChipResponse, Tone, verdict_chip};
pub use clock_bar::{ClockAction, ClockBar, ClockBarState};
pub use code::{CodeEditor, CodeMark, CodeState};
pub use column_widths::TableColumn;
pub use compare_tree::compare_tree;
pub(crate) use copy::{CopyMenu, copy_forms, copy_menu, menu_entry, offered, say};
pub use copy::{copy, passing_word};
pub use copy_text::CopyText;
pub use data_table::{DataTable, TableResponse, TableRows};
pub use diff_view::diff_view;
pub use empty_state::EmptyState;
pub(crate) use enter::{entered, left};
pub use event_shape::{EventMark, event_label, paint_event_mark};
pub(crate) use event_shape::{add_event_mark, add_pill, add_problem_dot};
pub use hex_view::hex_view;
pub use histogram::{Brush, histogram};
pub use icon_button::IconButton;
pub(crate) use icon_button::focus_ring;
pub use json_tree::json_tree;
pub use lag_chart::{LagUnit, lag_chart};
pub use notice::{ToastState, notice_panel, problem_box, toasts};
pub use palette::{PaletteItem, PaletteOutcome, PaletteState, palette};
pub use picks::{Pick, Picks};
pub use progress::{job_row, partition_bars, progress_bar};
pub use state_tree::{TreeAction, state_tree};
pub(crate) use text::{cut_galley, fitting_name};
pub use text_view::{TextState, text_view};
pub use tree_rows::{TreeLine, TreeState};
