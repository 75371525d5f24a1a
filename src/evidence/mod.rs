//! What is taken along of an answer: records, events, states and differences as JSON lines, text
//! and tables, and events read back from their lines.
//!
//! Promises: what is written is whole and exact: numbers keep their digits, bytes that are no text
//! are base64; a table holds nothing that a spreadsheet would run.
//! Does not know: whether it goes to a terminal, the clipboard or a file.

mod csv;
pub(crate) mod event_json;
mod forms;
pub(crate) mod json_line;
mod lines;
mod row;
pub mod save;

pub use forms::{CopyForm, assignment, changes_text, state_text, value_text};
pub(crate) use lines::{CopiedEvent, CopiedRecord, events_text, records_text};
