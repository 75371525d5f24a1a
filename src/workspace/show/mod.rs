//! What is shown: plain data, worked out below the window and free of anything that draws.
//!
//! Promises: immutable; texts are the ones a user reads.
//! Does not know: where it comes from, how it is printed or drawn.

pub(super) mod comparison;
mod event_hue;
mod fetch;
mod lane;
mod problem;
pub(super) mod sandbox;
pub(super) mod snapshot;
pub mod time_text;
pub(super) mod topic_timeline;
pub(super) mod views;

pub use comparison::{ChangeTally, CompareRow, CompareSide, CompareView, CompareWith};
pub use event_hue::event_hue;
pub use fetch::Fetch;
pub use lane::{Lane, LaneMark, UnknownReason, UnknownSpan};
pub use problem::Problem;
pub use snapshot::{
    Bookmark, ClockMode, ClockPoint, ClockView, ConnectionInfo, ConnectionState, DemoOutcome,
    DemoView, GroupMember, GroupOffset, GroupSummary, JobId, JobProgress, JobState, JobView,
    LagSample, Notice, NoticeLevel, OrderRow, PartitionFacts, PartitionProgress, ProjectorView,
    SavedConnection, Snapshot, TopicSummary,
};
pub use topic_timeline::{LanesWanted, MarkedRecord, TopicTimeline};
pub use views::{
    DecoderView, EntityAt, EntityKey, EntityList, EntityRow, EntityView, EventRow, GroupMarker,
    Histogram, MappingView, ROWS_PER_PAGE, RecordDetail, RowMeta, RowText, StateRow, TopicView,
    TreeRow, TypesView, ValueKind,
};
