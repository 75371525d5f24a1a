//! A schedule made ready to run over a history: the log its faults write, and what happens at which
//! message.
//!
//! Promises: whatever a fault names is found here or the schedule is refused; after this nothing is
//! looked up by address.
//! Does not know: what a consumer does with what it is handed.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::edit::{Editor, Obstacle};
use super::log::{Entry, Message, Nature, Phase, Place, Switch};
use super::timing::{Happening, Timing};
use crate::model::{Event, Position, TopicPartition};
use crate::sandbox::fault::{Fault, Merge};
use crate::sandbox::schedule::{Schedule, ScheduleError};
use crate::sandbox::source::Source;

/// A schedule made ready to run.
#[derive(Debug)]
pub(in crate::sandbox) struct Plan {
    /// The messages, those of the history first.
    pub(in crate::sandbox) messages: Vec<Message>,
    /// Events that faults made.
    extras: Vec<Event>,
    /// How many events the history has.
    source_len: u32,
    /// The partitions, sorted; those that faults made last.
    pub(in crate::sandbox) places: Vec<Place>,
    /// How many identities there are.
    pub(in crate::sandbox) identity_count: u32,
    /// The canonical events of rows that faults changed.
    pub(in crate::sandbox) canonical: BTreeMap<u32, Vec<u32>>,
    /// How many members the group has.
    pub(super) members: u16,
    /// In which order partitions are merged.
    pub(super) order: PollOrder,
    /// What happens.
    pub(super) happenings: Vec<Happening>,
    /// By message: what happens at it, by its number.
    pub(super) at: HashMap<u32, Vec<usize>>,
}

/// In which order partitions are merged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PollOrder {
    /// As log times say, but these partitions first.
    Log(Vec<usize>),
    /// By chance.
    Seeded(u64),
}

impl Plan {
    /// Makes a schedule ready.
    ///
    /// # Errors
    /// What in the schedule cannot be.
    pub(in crate::sandbox) fn new(
        schedule: &Schedule,
        source: &Source,
    ) -> Result<Self, ScheduleError> {
        schedule.check()?;
        let mut editor = Editor::new(source);
        let mut first = Vec::new();
        for fault in &schedule.faults {
            first.extend(write(&mut editor, source, fault)?);
        }
        let lanes = editor.finish();
        let partitions: Vec<TopicPartition> = lanes.keys().cloned().collect();
        let place = |(partition, entries): (TopicPartition, Vec<Entry>)| Place {
            partition,
            phases: vec![Phase::new(entries, &editor.messages)],
            switch: Switch::Told,
        };
        let mut places: Vec<Place> = lanes.into_iter().map(place).collect();
        let needs_two = schedule.faults.iter().any(|fault| {
            matches!(
                fault,
                Fault::GracefulRebalance { .. }
                    | Fault::LostRebalance { .. }
                    | Fault::CooperativeRebalance { .. }
            )
        });
        let mut plan = Self {
            source_len: u32::try_from(source.len()).expect("fewer than 2^32 events"),
            places: Vec::new(),
            identity_count: 0,
            canonical: BTreeMap::new(),
            members: if needs_two { schedule.members.max(2) } else { schedule.members },
            order: order_of(schedule, &partitions, &first),
            happenings: Vec::new(),
            at: HashMap::new(),
            messages: Vec::new(),
            extras: Vec::new(),
        };
        for fault in &schedule.faults {
            let Some(at) = fault.at() else { continue };
            let number = number_of(source, fault, at)?;
            let mut timing = Timing { source, editor: &mut editor, places: &mut places, fault };
            let happening =
                timing.happenings(number).map_err(|reason| impossible(fault, at, reason))?;
            for happening in happening {
                plan.at.entry(number).or_default().push(plan.happenings.len());
                plan.happenings.push(happening);
            }
        }
        let Editor { messages, extras, identity_count, canonical, .. } = editor;
        assert!(source.len() <= messages.len(), "no record of the source is without a message");
        assert!(source.identity_count() <= identity_count, "identities of the source stay");
        let timed: usize = plan.at.values().map(Vec::len).sum();
        assert_eq!(timed, plan.happenings.len(), "each happening has its record");
        Ok(Self { messages, extras, places, identity_count, canonical, ..plan })
    }

    /// How many members the first group has.
    pub(in crate::sandbox) fn members(&self) -> usize {
        usize::from(self.members)
    }

    /// The event with this number.
    pub(in crate::sandbox) fn event<'a>(&'a self, source: &'a Source, number: u32) -> &'a Event {
        match number.checked_sub(self.source_len) {
            None => source.event(number),
            Some(extra) => &self.extras[extra as usize],
        }
    }

    /// The number of a message's event as the projection knows it: upcasted where its schema is
    /// old.
    pub(in crate::sandbox) fn canonical_number(&self, message: u32) -> u32 {
        let facts = &self.messages[message as usize];
        match facts.nature {
            Nature::OldSchema => message,
            Nature::Event | Nature::Garbage => facts.event,
        }
    }

    /// That event.
    pub(in crate::sandbox) fn canonical_event<'a>(
        &'a self,
        source: &'a Source,
        message: u32,
    ) -> &'a Event {
        self.event(source, self.canonical_number(message))
    }

    /// The canonical messages of a row.
    pub(in crate::sandbox) fn canonical<'a>(&'a self, source: &'a Source, row: u32) -> &'a [u32] {
        self.canonical.get(&row).map_or_else(|| source.canonical(row), Vec::as_slice)
    }
}

/// Says that a fault cannot happen where it should.
fn impossible(fault: &Fault, at: &Position, reason: Obstacle) -> ScheduleError {
    ScheduleError::Impossible { fault: fault.name(), position: at.clone(), reason }
}

/// The number of the record that a fault names.
fn number_of(source: &Source, fault: &Fault, position: &Position) -> Result<u32, ScheduleError> {
    source.number_of(position).ok_or_else(|| ScheduleError::UnknownRecord {
        fault: fault.name(),
        position: position.clone(),
    })
}

/// Lets a fault write into the log. Says which new partition is read first.
fn write(
    editor: &mut Editor<'_>,
    source: &Source,
    fault: &Fault,
) -> Result<Option<TopicPartition>, ScheduleError> {
    let Some(at) = fault.at() else { return Ok(None) };
    let number = number_of(source, fault, at)?;
    let mut first = None;
    let written = match fault {
        Fault::KeyMoves { .. } => editor.move_key(number).map(|to| first = Some(to)),
        Fault::Duplicate { behind, .. } => editor.duplicate(number, *behind),
        Fault::Reorder { records, .. } => editor.reorder(number, *records),
        Fault::PoisonBytes { .. } => editor.add_garbage(number),
        Fault::AbortedTransaction { ahead, .. } => editor.add_aborted(number, *ahead),
        Fault::OpenTransaction { .. } => editor.add_open(number),
        Fault::OffsetGap { offsets, .. } => editor.add_gap(number, *offsets),
        Fault::Compaction { .. } => editor.compact(number),
        Fault::LateTombstone { .. } => editor.add_tombstone(number),
        Fault::SchemaMix { records, .. } => editor.mix_schemas(number, *records),
        Fault::BackdatedTimestamp { by_ms, .. } => {
            editor.backdate(number, *by_ms);
            Ok(())
        }
        _ => Ok(()),
    };
    written.map_err(|reason| impossible(fault, at, reason))?;
    Ok(first)
}

/// In which order partitions are merged.
fn order_of(
    schedule: &Schedule,
    partitions: &[TopicPartition],
    first: &[TopicPartition],
) -> PollOrder {
    let index = |wanted: &TopicPartition| partitions.iter().position(|other| other == wanted);
    let mut first: Vec<usize> = first.iter().filter_map(index).collect();
    for fault in &schedule.faults {
        match fault {
            Fault::PartitionMerge { merge: Merge::Seeded(seed) } => {
                return PollOrder::Seeded(*seed);
            }
            Fault::PartitionMerge { merge: Merge::PartitionFirst { topic, partition } } => {
                first.extend(index(&TopicPartition::new(topic.as_str(), *partition)));
            }
            _ => {}
        }
    }
    PollOrder::Log(first)
}

/// The name of a topic that records come back from.
pub(super) fn replay_topic(partition: &TopicPartition, suffix: &str) -> Arc<str> {
    format!("{}.{suffix}", partition.topic).into()
}
