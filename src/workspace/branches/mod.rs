//! Branches of a history: events skipped, moved, edited and inserted, and the file that keeps them.
//!
//! Promises: an event that was not edited stays exactly as the log has it.
//! Does not know: how branches are drawn, what projections make of them.

mod branch_file;
mod event_list;

pub use branch_file::{KeptBranch, KeptEdit, branch_file_of, branches_from_json, branches_to_json};
pub use event_list::{Edit, EditMark, EventList, EventText};
