//! Everything that speaks to a broker: settings, metadata, offsets, groups, reading, transactions,
//! the embedded cluster.
//!
//! Promises: reading leaves no trace. No group is joined, no offset committed, no topic created,
//! nothing produced; the only writer is the demo's.
//!
//! Does not know: what the bytes of a record mean; it keeps nothing that it read.
//!
//! Invariant: no other floor names `rdkafka`, and `unsafe` is allowed in `ffi` alone.

mod address;
mod check;
mod client;
mod connection;
mod count;
mod embedded;
mod error;
mod fetch;
mod ffi;
mod group_lag;
mod group_reader;
mod groups;
mod intake;
mod labelled_reader;
mod metadata;
mod offsets;
mod ordered_reader;
mod outcomes;
mod parts;
mod reader;
mod settings;
mod small_file;
#[cfg(test)]
mod testing;
mod transactions;
mod trouble;
mod watch;
mod wire;
mod writer;

pub use address::BrokerAddress;
pub use check::{CHECK_STEPS, CheckOutcome, CheckStep, STEP_LIMIT, check_connection};
pub use connection::{Connection, REQUEST_TIMEOUT};
pub use count::{Counted, count_only};
pub use embedded::{EmbeddedCluster, EmbeddedTopic};
pub use error::{Detail, KafkaError, KafkaErrorKind};
pub use group_lag::{GroupOffset, Lags, OpenTransaction};
pub use group_reader::{GroupReader, GroupRecord};
pub use groups::{Commits, GroupFacts, GroupListing, GroupMember, GroupType};
pub use labelled_reader::read;
pub use metadata::{BrokerFacts, ClusterFacts, PartitionLeader, TopicConfig, TopicFacts};
pub use offsets::Watermarks;
pub use ordered_reader::read_in_log_order;
pub use parts::read_parts;
pub use settings::{Ignored, Place, Settings, SettingsError, Wrong, keep_secret, without_secrets};
pub(crate) use settings::{is_credential, is_for_the_user_alone, names_file};
pub use small_file::{read_small_file, read_small_text};
pub use transactions::{aborted_in_gaps, aborted_offsets, may_have_transactions};
pub use writer::{NewRecord, Writer};

#[cfg(test)]
mod tests;
