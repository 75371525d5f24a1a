//! The catalogue of faults: what each one is called, what exactly is simulated, and what a correct
//! consumer shows.
//!
//! Promises: every fault F1–F30 is in it and can be simulated; none needs a broker, because a
//! virtual consumer meets the log, the positions and the rebalances that a broker would have given
//! it, not the protocol that carries them.
//! Does not know: how a fault is carried out (`run`).

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// The name of a fault: F1 to F30.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FaultName(u8);

/// What the catalogue says of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultEntry {
    /// What it is called.
    pub title: &'static str,
    /// What exactly is simulated.
    pub simulated: &'static str,
    /// What a correct consumer shows.
    pub correct: &'static str,
}

/// A text that names no fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown fault `{text}`")]
pub struct FaultNameError {
    /// The text.
    text: String,
}

impl FaultName {
    /// How many faults there are.
    pub const COUNT: u8 = 30;

    /// The fault with this number, which is from 1 to 30.
    pub(super) const fn of(number: u8) -> Self {
        assert!(1 <= number && number <= Self::COUNT, "there are 30 faults");
        Self(number)
    }

    /// All faults in their order.
    pub fn all() -> impl Iterator<Item = Self> {
        (1..=Self::COUNT).map(Self)
    }

    /// What the catalogue says of it.
    pub fn entry(self) -> &'static FaultEntry {
        &CATALOGUE[usize::from(self.0) - 1]
    }

    /// Its number.
    pub fn number(self) -> u8 {
        self.0
    }
}

impl fmt::Display for FaultName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("F{}", self.0))
    }
}

impl FromStr for FaultName {
    type Err = FaultNameError;

    fn from_str(text: &str) -> Result<Self, FaultNameError> {
        let named = Self::all().find(|name| name.to_string().eq_ignore_ascii_case(text.trim()));
        named.ok_or_else(|| FaultNameError { text: text.to_owned() })
    }
}

impl Serialize for FaultName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// An entry of the catalogue.
const fn entry(title: &'static str, simulated: &'static str, correct: &'static str) -> FaultEntry {
    FaultEntry { title, simulated, correct }
}

/// The faults in their order.
const CATALOGUE: [FaultEntry; FaultName::COUNT as usize] = [
    entry(
        "crash after apply, before commit",
        "The member dies right after it applied the record; nothing of the poll is committed. It starts again from the \
         committed position and is handed everything from there again, in the same order, in polls that may begin \
         elsewhere. `point` chooses another moment: before_apply, between_writes, after_commit.",
        "records handed out again are recognised as duplicates",
    ),
    entry(
        "crash between two writes",
        "The member dies after the first write of the record. A naive consumer has written the row and not its side \
         effect, an offset-guarded one the side effect and not the row; one transaction has written nothing. Records of \
         the same poll before it stay written unless one transaction spans the poll.",
        "row, side effect and position are written in one transaction, or writing again is harmless",
    ),
    entry(
        "commit before apply",
        "The poll that holds the record is committed as soon as it was returned, and the member dies before it applies \
         the record. From the committed position on nothing of the rest is ever handed out again.",
        "the position of the read model itself counts, or the hole between last applied and committed is exposed",
    ),
    entry(
        "auto-commit with worker threads",
        "The poll is committed at once, as a client does that commits at the next poll while workers still run. \
         Entities are dealt out to workers; the worker of the record hangs before it, the others finish, the member dies.",
        "only what is done is committed",
    ),
    entry(
        "out-of-order completion",
        "As F4, but what is committed is the highest offset that any worker has finished, plus one.",
        "only the contiguous finished prefix is committed",
    ),
    entry(
        "graceful rebalance",
        "After the record was applied, all partitions move to the next member. The old owners drop the rest of their \
         polls and commit only with `commit_on_revoke`; the new owners start from the committed positions.",
        "commit or fence on revoke, or recognise duplicates",
    ),
    entry(
        "lost rebalance: a zombie member",
        "The member has read the row of the record and stands still before it writes. Its partitions go to the others, \
         who start from the committed positions. Then it wakes, writes what it had computed from the old row, finishes \
         its poll, and its commit is refused.",
        "a stored position or id refuses the older write",
    ),
    entry(
        "cooperative rebalance",
        "After the record was applied its partition alone moves to the next member, which gets it only after \
         `pause_turns`, from the committed position. All other partitions go on meanwhile.",
        "nothing assumes that partitions advance together; duplicates are recognised",
    ),
    entry(
        "out of order across partitions",
        "Partitions are merged in another order that keeps each of them: by chance from a seed, or one partition wholly \
         first. A cell tries every partition first, and as many seeds as there are runs.",
        "views of one entity are the same for all merges",
    ),
    entry(
        "key changes partition",
        "From the record on, the events of its entity are in a new partition, as after the number of partitions was \
         raised; the new partition is read first.",
        "events are ordered by the sequence of their entity; early ones wait",
    ),
    entry(
        "duplicate from the producer",
        "A copy of the record with the same event id and sequence stands `behind` records later, at an offset of its own.",
        "duplicates are recognised by event id or sequence; offsets do not help",
    ),
    entry(
        "producer retry reorders",
        "The batch of `records` that begins at the record lands behind the batch of the same size that followed it.",
        "events are ordered by the sequence of their entity",
    ),
    entry(
        "poison pill: decoding",
        "A record of bytes that nothing can decode stands behind the record. It is no event. Polling fails at it until \
         something is done; other partitions move on.",
        "stop and name the position, or put the bytes aside and go on",
    ),
    entry(
        "poison pill: handler",
        "The handler throws at the record whenever it is tried. What follows is the consumer's own policy unless the \
         schedule names one.",
        "stop and name the position, or put the record and all later events of its entity aside",
    ),
    entry(
        "transient failure with retry",
        "The handler throws `times` after the first of its two writes; one transaction is rolled back. The record is \
         tried again at once, or comes back over a retry topic after `retry_behind` further records.",
        "side effects are keyed by event id; followers of a record that waits wait too",
    ),
    entry(
        "dead letter replay",
        "A passing failure sends the record to the dead letters, whatever the consumer's policy. After `behind` further \
         records of its partition it is delivered again from the topic of the dead letters, at an offset of that topic.",
        "it is recognised by its id, and applied only where no newer event was",
    ),
    entry(
        "aborted transaction",
        "An earlier attempt to write the record, with the same event id and sequence, stands `ahead` records before it \
         and was aborted; the abort marker takes an offset. Readers of uncommitted records are given the attempt.",
        "no effect from aborted records",
    ),
    entry(
        "open (hanging) transaction",
        "A record of a transaction that is never decided stands before the record. Readers of committed records are given \
         nothing from there on in this partition, plain records included; the high watermark goes on.",
        "reported as blocked at the last stable offset",
    ),
    entry(
        "offsets with gaps",
        "`offsets` without a record, as markers and compaction leave them, follow the record. The group commits its \
         position behind them and starts again.",
        "a gap alone is no missed event",
    ),
    entry(
        "compaction",
        "Before the consumer began, the partition was compacted up to the record: of every entity only the last record \
         up to there is left, at its old offset.",
        "refuse to build a state from a history that has lost its beginning",
    ),
    entry(
        "late tombstone",
        "The group stops after the record. Then the entity is deleted, and delete.retention.ms passes: the tombstone and all \
         earlier records of the entity are gone when the group comes back.",
        "say that a delete may have been missed after such an absence",
    ),
    entry(
        "retention overtakes the consumer",
        "The group stops before the record. Retention deletes `records` from there on. The position is below the log \
         start, and the schedule's `reset` decides: earliest, latest, or none, which is an error.",
        "notice the jump and say where the view is incomplete",
    ),
    entry(
        "topic recreated",
        "The group stops before the record. The topic is deleted and created again with the same name, another id and \
         offsets from 0; the record is its first. A position beyond its end is reset by the schedule's `reset`. \
         Simulated for the partition of the record.",
        "positions are keyed by topic id",
    ),
    entry(
        "truncation by an unclean election",
        "In place of the record and its followers, `records` others were written under the old leader, read, applied and \
         committed. The new leader never had them: the offsets are written again, with the record first, under a new \
         leader epoch. What was lost are copies of the followers in reverse order, with ids of their own.",
        "the epoch is checked, and the view is built anew from where the logs part",
    ),
    entry(
        "position set by an operator",
        "The group stops before the record, its committed position is set to the record `to`, earlier or later, and it \
         starts again.",
        "duplicates are recognised; a hole is exposed",
    ),
    entry(
        "backdated timestamp",
        "The timestamp of the record is `by_ms` earlier. The group stops before it, and an operator sets its position to the \
         first offset whose timestamp is later than that of the last applied record, which is how a broker looks times up.",
        "the position does not follow timestamps, or the hole is exposed",
    ),
    entry(
        "schema versions mixed",
        "Every second one of the records from the record on has the body of an older schema: its first member that is no \
         type, version or id has another name. A consumer that checks the schema meets a version it does not know; one that does not applies \
         the body as it is. The canonical log holds the events upcasted.",
        "the same state as from the upcasted log; what is not known is never passed over in silence",
    ),
    entry(
        "two versions write one table",
        "When the record was applied, a second deployment with a group of its own begins `behind` records earlier in the \
         same partition and writes the same rows to its end.",
        "a version column, or a table of its own",
    ),
    entry(
        "slow handler",
        "Applying a record takes `handle_ms` for the next `records` of the history from the record on. When more than `max_poll_interval_ms` \
         passes before the next poll, the member has lost its partitions: its commit is refused and it is handed the same \
         records again. Five rounds without progress count as a loop.",
        "progress in spite of it, no rebalance loop",
    ),
    entry(
        "failover to a mirror",
        "The group stops before the record and goes on in a mirror of the partition, whose offsets differ by `shift`, at a \
         translated position that is `behind` records too early.",
        "duplicates are recognised by event id",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_named_by_its_number_in_either_case() {
        assert_eq!("F7".parse::<FaultName>().unwrap().number(), 7);
        assert_eq!(" f30 ".parse::<FaultName>().unwrap().to_string(), "F30");
        for text in ["", "F0", "F31", "7", "F07", "crash"] {
            let error = text.parse::<FaultName>().unwrap_err();
            assert_eq!(error.to_string(), format!("unknown fault `{text}`"));
        }
    }

    #[test]
    fn every_fault_says_what_is_simulated_and_what_is_correct() {
        assert_eq!(FaultName::all().count(), 30);
        for name in FaultName::all() {
            let entry = name.entry();
            assert!(entry.title.len() < 40 && entry.simulated.ends_with('.'), "{name}");
            assert!(!entry.correct.is_empty() && !entry.correct.ends_with('.'), "{name}");
        }
    }
}
