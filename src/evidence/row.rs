//! Something that can stand in a line or in a table.
//!
//! Promises: both say the same.
//! Does not know: what it is; where it goes.

use std::borrow::Cow;

/// Something that can stand in a line or in a table.
pub(crate) trait Row {
    /// As JSON, in one line.
    fn json(&self) -> String;
    /// As cells, one for each column.
    fn cells(&self) -> Vec<Cow<'_, str>>;
}
