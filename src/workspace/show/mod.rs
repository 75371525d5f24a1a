//! What is shown: plain data, worked out below the window and free of anything that draws.
//!
//! Promises: immutable; texts are the ones a user reads.
//! Does not know: where it comes from, how it is printed or drawn.

mod clock;
mod comparison;
mod connection;
pub(crate) mod copy;
mod coverage;
mod demo;
mod entity;
mod event_hue;
mod fetch;
mod group;
mod job;
mod lane;
mod linked;
mod notice;
mod problem;
mod record;
mod retention;
pub(super) mod sandbox;
mod saving;
mod sight;
mod snapshot;
mod told_changes;
mod topic;
mod topic_timeline;

pub use clock::{ClockMode, ClockView};
pub use comparison::{ChangeTally, CompareRow, CompareSide, CompareView};
pub use connection::{ConnectionInfo, ConnectionState};
pub use copy::{Copied, CopyWhat};
pub use coverage::{CoverageOf, CoverageView, MissingSpan, PartitionCoverage};
pub use demo::{DemoFault, DemoOutcome, DemoView, OrderRow, ProjectorView};
pub use entity::{EntityAt, EntityView, EventRow, GroupMarker, StateRow};
pub use event_hue::event_hue;
pub use fetch::Fetch;
pub use group::{GroupSummary, LagSample};
pub use job::{JobId, JobProgress, JobState, JobSubject, JobView, PartitionProgress};
pub use lane::{Lane, LaneMark, UnknownReason, UnknownSpan};
pub use linked::Linked;
pub use notice::{Notice, NoticeLevel};
pub use problem::Problem;
pub use record::{ROWS_PER_PAGE, RecordDetail, RowMeta, RowText, TreeRow, ValueKind};
pub use retention::retention_words;
pub use saving::SaveOf;
pub use sight::Sight;
pub use snapshot::{Snapshot, TabsOf};
pub use told_changes::{Turn, told_changes, turn_of};
pub use topic::{
    EntityList, EntityRow, MappingView, PartitionFacts, TopicReport, TopicView, TypesView,
};
pub use topic_timeline::{LanesWanted, MarkedRecord, TopicTimeline};
