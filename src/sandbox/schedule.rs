//! A schedule: how a virtual group consumes, and what goes wrong meanwhile, as data.
//!
//! Promises: a schedule is everything a run depends on beside history, projection and consumer; its
//! JSON is readable, versioned, and says the same after it was read back. Records are named by
//! their address in the history.
//! Does not know: what a fault does to a run (`run`), or which schedules are worth trying
//! (`generate`).

use serde::{Deserialize, Serialize};

use super::Fault;
use super::place::places;
use crate::model::{Isolation, Position};

/// The version of the format.
pub const SCHEDULE_VERSION: u32 = 1;

/// How many members a virtual group may have.
pub const MEMBERS_MAX: u16 = 64;

/// How a virtual group consumes, and what goes wrong meanwhile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// The version of the format: [`SCHEDULE_VERSION`].
    pub version: u32,
    /// Decides everything that is left to chance: which member is next, which worker is done first.
    pub seed: u64,
    /// How many members the group has; its partitions are dealt out in turn.
    #[serde(default = "one_member")]
    pub members: u16,
    /// How many records a poll returns at most.
    #[serde(default = "usual_poll")]
    pub poll_records: u32,
    /// When positions are committed to the group.
    #[serde(default)]
    pub commit: CommitPolicy,
    /// Which records the consumer is given; what the consumer itself asks for when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub isolation: Option<Isolation>,
    /// Where a consumer begins whose position is not in the log.
    #[serde(default)]
    pub reset: ResetPolicy,
    /// How often a record that could not be handled is tried again before `on_error`.
    #[serde(default)]
    pub retries: u32,
    /// What is done with a record that cannot be handled; what the consumer itself does when
    /// absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_error: Option<ErrorPolicy>,
    /// What goes wrong.
    #[serde(default)]
    pub faults: Vec<Fault>,
    /// The records that are there; all of the history when absent.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "places")]
    pub events: Option<Vec<Position>>,
}

/// The members of a group that says nothing of them.
fn one_member() -> u16 {
    1
}

/// The records of a poll that says nothing of them.
fn usual_poll() -> u32 {
    8
}

impl Default for Schedule {
    /// One member without any fault.
    fn default() -> Self {
        Self {
            version: SCHEDULE_VERSION,
            seed: 0,
            members: one_member(),
            poll_records: usual_poll(),
            commit: CommitPolicy::default(),
            isolation: None,
            reset: ResetPolicy::default(),
            retries: 0,
            on_error: None,
            faults: Vec::new(),
            events: None,
        }
    }
}

/// When positions are committed to the group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommitPolicy {
    /// After the records of a poll were handled.
    #[default]
    PerBatch,
    /// After each record.
    PerRecord,
    /// By the client, at the next poll: everything the last one returned.
    Auto,
    /// Before the records of a poll are handled: at most once.
    BeforeApply,
}

/// Where a consumer begins whose position is not in the log (`auto.offset.reset`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResetPolicy {
    /// At the log start.
    #[default]
    Earliest,
    /// At the end.
    Latest,
    /// Nowhere: it stops with an error.
    None,
}

/// What is done with a record that cannot be handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorPolicy {
    /// It is tried for ever; nothing behind it in its partition is reached.
    RetryForever,
    /// The partition stops, and says where.
    Stop,
    /// It is passed over without a word.
    Skip,
    /// It is put aside with its address, and the next record is handled.
    DeadLetter,
    /// It is put aside with its address, and so are all later events of its entity.
    Park,
}

/// Why a schedule cannot be run over a history.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// It was written by another version.
    #[error("the schedule has version {found}, and {SCHEDULE_VERSION} is the one that can be read")]
    Version {
        /// Its version.
        found: u32,
    },
    /// A number is out of its bounds.
    #[error("{what} must be from {low} to {high} but is {found}")]
    OutOfBounds {
        /// Which number.
        what: &'static str,
        /// The smallest it may be.
        low: u64,
        /// The largest it may be.
        high: u64,
        /// What it is.
        found: u64,
    },
    /// It names a record that is not in the history.
    #[error("{fault} names {position}, which is not in the history")]
    UnknownRecord {
        /// The fault that names it.
        fault: super::FaultName,
        /// The record.
        position: Position,
    },
    /// A fault has nothing to do to the record it names.
    #[error("{fault} cannot happen at {position}: {reason}")]
    Impossible {
        /// The fault.
        fault: super::FaultName,
        /// The record.
        position: Position,
        /// Why not.
        reason: &'static str,
    },
}

impl Schedule {
    /// The schedule in JSON for people to read.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a schedule has string keys only")
    }

    /// Reads a schedule.
    ///
    /// # Errors
    /// What is wrong with the text, with its line.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// Checks what can be checked without a history.
    ///
    /// # Errors
    /// The first number that cannot be meant.
    pub fn check(&self) -> Result<(), ScheduleError> {
        if self.version != SCHEDULE_VERSION {
            return Err(ScheduleError::Version { found: self.version });
        }
        let bounds = [
            ("members", u64::from(self.members), u64::from(MEMBERS_MAX)),
            ("poll_records", u64::from(self.poll_records), 1_000_000),
        ];
        for (what, found, high) in bounds {
            if !(1..=high).contains(&found) {
                return Err(ScheduleError::OutOfBounds { what, low: 1, high, found });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_says_the_same_after_it_was_read_back() {
        let schedule = Schedule {
            seed: u64::MAX,
            members: 3,
            commit: CommitPolicy::BeforeApply,
            isolation: Some(Isolation::Uncommitted),
            on_error: Some(ErrorPolicy::DeadLetter),
            faults: vec![
                Fault::CommitBeforeApply { at: "order-events-3@81204".parse().unwrap() },
                Fault::Duplicate { at: "order-events-3@81204".parse().unwrap(), behind: 2 },
            ],
            events: Some(vec!["order-events-3@81204".parse().unwrap()]),
            ..Schedule::default()
        };
        let json = schedule.to_json();
        assert_eq!(Schedule::from_json(&json).unwrap(), schedule);
        for part in [
            r#""fault": "F3""#,
            r#""at": "order-events-3@81204""#,
            r#""commit": "before_apply""#,
            r#""isolation": "uncommitted""#,
        ] {
            assert!(json.contains(part), "{part} is not in {json}");
        }
    }

    #[test]
    fn what_is_not_named_has_its_usual_value() {
        let schedule = Schedule::from_json(r#"{"version": 1, "seed": 7}"#).unwrap();
        assert_eq!(schedule, Schedule { seed: 7, ..Schedule::default() });
    }

    #[test]
    fn a_word_that_is_not_known_is_refused_with_its_line() {
        let cases = [
            "{\"version\": 1,\n \"sed\": 7}",
            "{\"version\": 1, \"seed\": 7,\n \"commit\": \"sometimes\"}",
            "{\"version\": 1, \"seed\": 7, \"faults\": [\n {\"fault\": \"F31\", \"at\": \"t-0@1\"}]}",
            "{\"version\": 1, \"seed\": 7, \"faults\": [\n {\"fault\": \"F1\", \"at\": \"t-0\"}]}",
            "{\"version\": 1, \"seed\": 7, \"faults\": [\n {\"fault\": \"F1\", \"at\": \"t-0@1\", \"ad\": 1}]}",
        ];
        for text in cases {
            let error = Schedule::from_json(text).unwrap_err();
            assert_eq!(error.line(), 2, "{error} in {text}");
        }
    }

    #[test]
    fn numbers_that_cannot_be_meant_are_refused() {
        let check = |schedule: Schedule| schedule.check().map_err(|error| error.to_string());
        assert_eq!(check(Schedule::default()), Ok(()));
        let error = check(Schedule { members: 0, ..Schedule::default() }).unwrap_err();
        assert_eq!(error, "members must be from 1 to 64 but is 0");
        assert!(check(Schedule { version: 2, ..Schedule::default() }).is_err(), "another version");
        assert!(check(Schedule { poll_records: 0, ..Schedule::default() }).is_err(), "no records");
    }
}
