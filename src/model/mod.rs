//! The words everybody uses: topic, partition, offset, record, value, event, change, cut,
//! completeness.
//!
//! Promises: plain data and pure functions on it; everything here can be cloned cheaply and sent
//! between threads; 64-bit integers, decimals, bytes and milliseconds survive every path.
//!
//! Does not know: where data comes from, how it is stored, drawn or printed.
//!
//! Invariant: no I/O, and no crate of the outside world beyond those for plain data (serde,
//! `serde_json`, base64, indexmap, thiserror).

mod change;
mod completeness;
mod cut;
mod decoded;
mod event;
mod json_pointer;
mod judged;
mod log_time;
mod never_waits;
mod number;
mod position;
mod random;
mod read;
mod record;
mod shared_record;
mod topic_name;
mod value;

pub use change::{Change, ChangeKind};
pub use completeness::{Completeness, Reason, ReasonKind, Since, Verdict};
pub use cut::{Clock, When};
pub use decoded::{Decoded, DecodedKind};
pub use event::{EntityId, Event, EventProblem};
pub use json_pointer::JsonPointer;
pub use judged::{Judged, Judging, PLAUSIBLE_FUTURE_MS};
pub use log_time::{LogClock, LogTime};
pub use never_waits::{may_take_long, never_wait_here};
pub use number::{Number, NumberError};
pub use position::{OffsetRange, Position, PositionError, TopicPartition};
pub use random::Random;
pub use read::{Cancel, KeyFilter, LeaderEpoch, PartitionRead, ReadEvent, ReadOutcome, ReadPlan};
pub use record::{
    Header, HeaderIter, Headers, Isolation, NOT_TEXT, RecordBatch, RecordBatchBuilder, RecordFacts,
    RecordRef, TimestampType, Transaction,
};
pub use shared_record::SharedRecord;
pub use topic_name::{TOPIC_NAME_CHARS_MAX, TopicNameFault, check_topic_name};
pub use value::{Object, Value};
