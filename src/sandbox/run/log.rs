//! The log as a broker holds it during a run: messages, partitions, and how a partition changes
//! while a group is away.
//!
//! Promises: offsets ascend within a phase of a partition; an original record has the number of its
//! event in the history.
//! Does not know: how faults make a log what it is (`edit`), or who reads it.

use crate::model::{Isolation, TopicPartition, Transaction};

/// What the bytes of a message are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sandbox) enum Nature {
    /// An event as the projection knows it.
    Event,
    /// An event in an older schema.
    OldSchema,
    /// Bytes that nothing can decode.
    Garbage,
}

/// A record as a broker holds it.
#[derive(Clone, Copy, Debug)]
pub(in crate::sandbox) struct Message {
    /// The number of its event: in the history, or behind it among those that faults made.
    pub(in crate::sandbox) event: u32,
    /// The number of its row.
    pub(in crate::sandbox) row: Option<u32>,
    /// The number of its entity.
    pub(in crate::sandbox) entity: Option<u32>,
    /// What tells its event from others.
    pub(in crate::sandbox) identity: u32,
    /// Its number in the sequence of its entity, from 1.
    pub(in crate::sandbox) sequence: u32,
    /// What became of its transaction.
    pub(in crate::sandbox) transaction: Transaction,
    /// What its bytes are.
    pub(in crate::sandbox) nature: Nature,
}

/// A message in a partition.
#[derive(Clone, Copy, Debug)]
pub(in crate::sandbox) struct Entry {
    /// Its offset.
    pub(in crate::sandbox) offset: i64,
    /// The number of the message.
    pub(in crate::sandbox) message: u32,
}

/// What a partition holds for a while.
#[derive(Clone, Debug, Default)]
pub(in crate::sandbox) struct Phase {
    /// Which topic of this name it is, from 0: another topic id.
    pub(in crate::sandbox) incarnation: u32,
    /// The leader epoch.
    pub(in crate::sandbox) epoch: u32,
    /// The first offset of that epoch.
    pub(in crate::sandbox) epoch_start: i64,
    /// The log start.
    pub(in crate::sandbox) log_start: i64,
    /// The log end: the offset that the next record gets, whatever compaction has taken away.
    pub(in crate::sandbox) log_end: i64,
    /// The messages in offset order.
    pub(in crate::sandbox) entries: Vec<Entry>,
    /// The number of the first entry whose transaction is undecided.
    pub(in crate::sandbox) open_from: Option<usize>,
}

impl Phase {
    /// A first phase of these entries.
    pub(in crate::sandbox) fn new(entries: Vec<Entry>, messages: &[Message]) -> Self {
        let ascend = |one: &Entry, next: &Entry| one.offset < next.offset;
        assert!(entries.is_sorted_by(ascend), "the offsets of a partition ascend");
        let open =
            |entry: &Entry| messages[entry.message as usize].transaction == Transaction::Open;
        Self {
            log_start: entries.first().map_or(0, |entry| entry.offset),
            log_end: entries.last().map_or(0, |entry| entry.offset + 1),
            open_from: entries.iter().position(open),
            entries,
            ..Self::default()
        }
    }

    /// The number of the first entry at or behind this offset.
    pub(in crate::sandbox) fn index_of(&self, offset: i64) -> usize {
        let index = self.entries.partition_point(|entry| entry.offset < offset);
        assert!(
            self.entries.get(index).is_none_or(|entry| entry.offset >= offset),
            "an offset is found at or behind where it is looked for"
        );
        index
    }

    /// How many entries a reader may reach.
    pub(in crate::sandbox) fn visible(&self, isolation: Isolation) -> usize {
        match isolation {
            Isolation::Committed => {
                let visible = self.open_from.unwrap_or(self.entries.len());
                assert!(visible <= self.entries.len(), "an undecided record is one of the log");
                visible
            }
            Isolation::Uncommitted => self.entries.len(),
        }
    }
}

/// When a partition goes over to its next phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sandbox) enum Switch {
    /// Where a happening says so.
    Told,
    /// When the group has read all of the phase before.
    Exhausted,
}

/// A partition during a run.
#[derive(Clone, Debug)]
pub(in crate::sandbox) struct Place {
    /// Its topic and number.
    pub(in crate::sandbox) partition: TopicPartition,
    /// What it holds, one phase after the other; never empty.
    pub(in crate::sandbox) phases: Vec<Phase>,
    /// When it goes over from one to the next.
    pub(in crate::sandbox) switch: Switch,
}
