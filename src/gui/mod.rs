//! The window: theme, widgets, timeline, views.
//!
//! Promises: no function here waits, decodes, folds or reads a file; everything drawn comes from a
//! [`Snapshot`](crate::workspace::Snapshot), everything asked for goes out as a
//! [`Command`](crate::workspace::Command).
//! Does not know: Kafka.
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "pixels: counts and times become points on a screen"
)]

mod app;
pub mod bench;
mod command;
mod command_ui;
mod dialogs;
mod laid_out;
mod shortcut;
pub mod theme;
mod time_entry;
pub mod timeline;
mod view;
mod views;
pub mod widgets;

pub use app::{App, Choices, Layout, RunError, Section, WindowOptions, run};
pub use command::UiCommand;
pub use laid_out::{ColumnWidth, LaidOut, Pane as LaidPane, TableWidths};
