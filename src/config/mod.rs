//! What a user wrote down, and what is remembered of them between starts.
//!
//! Promises: what somebody else may have written, such as a `foldback.toml` that came with a
//! repository, gets of this machine only what its user permits; no secret and no record is kept.
//! Does not know: clusters that answer, or what is done with a choice.

mod choice;
mod foldback_toml;
mod link;
mod recent;

pub use choice::{
    Bookmark, ClockPoint, CompareWith, ConnectionChoice, EntityKey, HistoryChoice, RecordFilter,
    SandboxKey, SavedConnection, StartPosition,
};
pub use foldback_toml::{
    CONFIG_FILE, Config, ConfigError, EntityConfig, FoldConfig, Permissions, PositionColumns,
    ReadModelConfig, Selectors, UpcastConfig,
};
pub use link::{Link, LinkError, LinkedCluster, LinkedPlace};
pub use recent::{
    EntityTab, KeptClock, KeptSession, RecentConnection, RecentFault, RecentFile, RecentKey,
    Recents, SandboxTab, TopicTab,
};
