//! Read models: rows beside what the log says they should be, and why they differ.
//!
//! Promises: values are exact; a row is only ever called wrong for what it holds; a class is never
//! named on evidence that another class carries equally well.
//! Does not know: clusters, `foldback.toml`; it never writes.

mod agreement;
pub mod diagnose;
mod mapping;
mod row;
pub mod stores;

pub use agreement::agrees;
pub use mapping::{Compared, Difference, MappedRow, NoColumn, PositionIn, RowMapping};
pub use row::{Cell, Held, Row};
