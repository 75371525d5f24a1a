//! The views: each a function of the snapshot and its own state that fills the outbox.
//!
//! Promises: a view keeps what the user typed and chose, never what the workspace knows.
//! Does not know: tabs, the other views.

pub(crate) mod bookmarks;
pub(crate) mod demo;
pub(crate) mod entity;
pub(crate) mod field;
pub(crate) mod groups;
pub(crate) mod jobs;
pub(crate) mod list_row;
pub(crate) mod notices;
mod parts;
pub(crate) mod projections;
mod recent;
mod record;
pub(crate) mod sandbox;
pub(crate) mod start;
pub(crate) mod topic;
pub(crate) mod tour;
pub(crate) mod unconnected;
pub(crate) mod waiting;
pub(crate) mod welcome;
