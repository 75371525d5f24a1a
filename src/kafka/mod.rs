//! Everything that speaks to a broker: settings, metadata, offsets, groups, reading, transactions, the embedded cluster.
//!
//! Promises: reading leaves no trace. No group is joined, no offset committed, no topic created, nothing produced; the
//! only writer is the demo's.
//!
//! Does not know: what the bytes of a record mean; it keeps nothing that it read.
//!
//! Invariant: no other floor names `rdkafka`, and `unsafe` is allowed in `ffi` alone.

mod address;
mod settings;

pub use address::BrokerAddress;
pub use settings::{Ignored, Place, Settings, SettingsError, Wrong};
