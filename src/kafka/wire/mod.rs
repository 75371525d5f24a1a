//! Our own reader of Kafka's protocol, for what librdkafka cannot ask: share groups, Streams
//! groups, many groups at once.
//!
//! Promises: only requests that read exist in its types; every length that arrives is checked
//! against what has arrived before anything is allocated for it; every wait ends by itself or when
//! it is called off.
//! Does not know: encryption and logins, so that a connection with either is left to librdkafka.
//!
//! `codec` turns bytes into values, `request` is what can be asked, `connection` is one broker,
//! `cluster` finds the broker to ask. `groups` is the first that asks; fetching records would be
//! another one beside it.
//!
//! The crate `kafka-protocol` is not used: it has no `StreamsGroupDescribe`, and it allocates by
//! the lengths that arrive.

mod cluster;
mod codec;
mod connection;
mod describe;
mod error;
#[cfg(any(test, fuzzing))]
mod fuzz;
mod groups;
mod request;
#[cfg(test)]
mod tests;

pub(super) use self::cluster::{Patience, WireCluster, speaks_to};
pub(super) use self::error::{WireError, refusal};
#[cfg(any(test, fuzzing))]
pub(crate) use self::fuzz::answer as fuzz_answer;
pub(super) use self::groups::{DescribedGroup, ListedGroup};
