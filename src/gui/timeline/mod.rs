//! The timeline: lanes of events over time, with the one time cursor.
//!
//! Promises: geometry is computed apart from drawing (`time_map`, `ruler`, `lane_items`) and tested
//! without a window; a frame costs what is visible, however many events there are.
//! Does not know: where events come from, what the clock does with a moment it is given.

mod lane_items;
mod lane_labels;
mod lane_mesh;
mod lanes;
mod parts;
mod ruler;
mod time_map;
mod view_state;

pub use lane_items::{
    Bucket, LaneItem, LaneItems, lane_counts, lane_items, neighbour, problem_beside,
};
pub use lane_labels::MarkerAction;
pub use lanes::{Timeline, TimelineAction, lane_height};
pub use parts::RULER_HEIGHT;
pub use ruler::{Tick, ticks};
pub use time_map::{TimeMap, TimeView};
pub use view_state::{Shown, TimelineState};
