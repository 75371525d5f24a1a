//! Records to events of an entity: which entity a record belongs to, and what its type, version,
//! time and causes are.
//!
//! Promises: every record of an entity becomes an event, whatever its bytes are; what is guessed
//! comes with evidence.
//! Does not know: what state the events lead to.

mod candidates;
mod decision;
mod detect;
mod events;
mod mapping;
mod preset;
mod preset_places;
mod selector;
mod time;
mod type_tally;

#[cfg(test)]
pub(crate) mod testing;

pub(crate) use self::time::{rfc3339_ms, utc_ms};
pub use decision::{Decision, SampledPartition};
pub use detect::{DetectedMapping, Evidence, detect};
pub use events::{history, history_behind};
pub use mapping::Mapping;
pub use preset::Preset;
pub use selector::{Selector, SelectorError};
pub use type_tally::{TypeCount, TypeCounts, TypeTally};
