//! The whole window, drawn and used without a display.
//!
//! Promises: every view is drawn in both themes and at extreme sizes, is usable by keys alone, and
//! paints nothing while nothing happens.
//! Does not know: Kafka; snapshots are made by hand.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says what went wrong by failing")]

#[path = "window/baselines.rs"]
mod baselines;
#[path = "window/beginning_and_end.rs"]
mod beginning_and_end;
#[path = "window/behaviour.rs"]
mod behaviour;
#[path = "window/comparison.rs"]
mod comparison;
#[path = "window/consumers.rs"]
mod consumers;
#[path = "window/copying.rs"]
mod copying;
#[path = "window/density.rs"]
mod density;
#[path = "window/exporting.rs"]
mod exporting;
#[path = "window/fields.rs"]
mod fields;
#[path = "window/gallery.rs"]
mod gallery;
#[path = "window/grid.rs"]
mod grid;
#[path = "window/groups.rs"]
mod groups;
#[path = "window/harness.rs"]
mod harness;
#[path = "window/inspector.rs"]
mod inspector;
#[path = "window/lanes.rs"]
mod lanes;
#[path = "window/layout_faults.rs"]
mod layout_faults;
#[path = "window/links.rs"]
mod links;
#[path = "window/order.rs"]
mod order;
#[path = "window/sandbox.rs"]
mod sandbox;
#[path = "window/scenes.rs"]
mod scenes;
#[path = "window/second_start.rs"]
mod second_start;
#[path = "support/soft_renderer.rs"]
mod soft_renderer;
#[path = "window/timeline.rs"]
mod timeline;
#[path = "window/undo.rs"]
mod undo;
