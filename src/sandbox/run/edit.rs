//! How faults write the log: copies, aborted attempts, garbage, other orders, other partitions,
//! what compaction leaves.
//!
//! Promises: an original record keeps its number whatever stands around it; what a fault adds has a
//! number of its own.
//! Does not know: consumers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::log::{Entry, Message, Nature};
use crate::model::{Decoded, Event, TopicPartition, Transaction, Value};
use crate::sandbox::source::Source;

/// A message on its way into a partition.
#[derive(Clone, Copy, Debug)]
struct Slot {
    /// The number of the message.
    message: u32,
    /// How many offsets before it hold no record.
    gap: i64,
}

/// A log that faults write into.
pub(super) struct Editor<'s> {
    /// The history.
    source: &'s Source,
    /// The messages, those of the history first.
    pub(super) messages: Vec<Message>,
    /// Events that faults made.
    pub(super) extras: Vec<Event>,
    /// The partitions with their first offset.
    lanes: BTreeMap<TopicPartition, (i64, Vec<Slot>)>,
    /// How many identities there are.
    pub(super) identity_count: u32,
    /// The canonical events of rows that faults changed.
    pub(super) canonical: BTreeMap<u32, Vec<u32>>,
}

/// What stands in the way of a fault.
pub(super) type Obstacle = &'static str;

/// Where a message of the history stands: its partition and its place there.
type Found = (TopicPartition, usize);

impl<'s> Editor<'s> {
    /// The log of a history as it is.
    pub(super) fn new(source: &'s Source) -> Self {
        let mut messages = Vec::with_capacity(source.len());
        let mut lanes: BTreeMap<TopicPartition, Vec<(i64, u32)>> = BTreeMap::new();
        for (number, (given, facts)) in (0_u32..).zip(source.events().iter().zip(source.facts())) {
            messages.push(Message {
                event: number,
                row: facts.row,
                entity: facts.entity,
                identity: facts.identity,
                sequence: facts.sequence,
                transaction: given.event.transaction,
                nature: Nature::Event,
            });
            let position = &given.event.position;
            lanes.entry(position.topic_partition()).or_default().push((position.offset, number));
        }
        let lanes = lanes.into_iter().map(|(partition, mut lane)| {
            lane.sort_unstable();
            let first = lane.first().map_or(0, |(offset, _)| *offset);
            let mut next = first;
            let slots = lane.into_iter().map(|(offset, message)| {
                let gap = offset - next;
                assert!(gap >= 0, "the offsets of a partition ascend");
                next = offset + 1;
                Slot { message, gap }
            });
            (partition, (first, slots.collect()))
        });
        Self {
            source,
            messages,
            extras: Vec::new(),
            lanes: lanes.collect(),
            identity_count: source.identity_count(),
            canonical: BTreeMap::new(),
        }
    }

    /// The partitions with their entries.
    pub(super) fn finish(&self) -> BTreeMap<TopicPartition, Vec<Entry>> {
        let place = |(partition, (first, slots)): (&TopicPartition, &(i64, Vec<Slot>))| {
            let mut next = *first;
            let entries = slots.iter().map(|slot| {
                let offset = next + slot.gap;
                next = offset + 1;
                Entry { offset, message: slot.message }
            });
            (partition.clone(), entries.collect())
        };
        self.lanes.iter().map(place).collect()
    }

    /// Where the event with this number stands.
    fn find(&self, number: u32) -> Result<Found, Obstacle> {
        let home = self.source.event(number).position.topic_partition();
        let own = |(partition, (_, slots)): (&TopicPartition, &(i64, Vec<Slot>))| {
            let index = slots.iter().position(|slot| slot.message == number)?;
            Some((partition.clone(), index))
        };
        let at_home = self.lanes.get_key_value(&home).and_then(own);
        at_home
            .or_else(|| self.lanes.iter().find_map(own))
            .ok_or("another fault has taken the record away")
    }

    /// The slots of a partition.
    fn slots(&mut self, partition: &TopicPartition) -> &mut Vec<Slot> {
        &mut self.lanes.entry(partition.clone()).or_default().1
    }

    /// Adds a message and says its number.
    fn add(&mut self, message: Message) -> u32 {
        self.messages.push(message);
        u32::try_from(self.messages.len() - 1).expect("a log has fewer than 2^32 messages")
    }

    /// Adds an event and says its number.
    fn add_event(&mut self, event: Event) -> u32 {
        self.extras.push(event);
        u32::try_from(self.source.len() + self.extras.len() - 1)
            .expect("a log has fewer than 2^32 events")
    }

    /// An identity that no event has.
    fn new_identity(&mut self) -> u32 {
        self.identity_count += 1;
        self.identity_count - 1
    }

    /// Inserts a message at this place.
    fn insert(&mut self, (partition, index): &Found, message: u32) {
        let slots = self.slots(partition);
        // The gap that was before the neighbour stays before both.
        let gap = slots.get_mut(*index).map_or(0, |next| std::mem::take(&mut next.gap));
        let at = (*index).min(slots.len());
        slots.insert(at, Slot { message, gap });
        assert_eq!(slots[at].message, message, "a record is where it was put");
    }

    /// Leaves this many offsets empty before this place, or after the last record.
    fn leave_gap(&mut self, (partition, index): &Found, offsets: i64) {
        assert!(offsets > 0, "a gap holds offsets");
        if let Some(next) = self.slots(partition).get_mut(*index) {
            next.gap += offsets;
        }
    }

    /// F10: the entity's events go to a new partition from this one on. Says which.
    pub(super) fn move_key(&mut self, number: u32) -> Result<TopicPartition, Obstacle> {
        let entity = self.messages[number as usize].entity.ok_or("it belongs to no entity")?;
        let (partition, index) = self.find(number)?;
        let same_topic = self.lanes.keys().filter(|other| other.topic == partition.topic);
        let last = same_topic.map(|other| other.partition).max().unwrap_or_default();
        let to = TopicPartition::new(Arc::clone(&partition.topic), last + 1);
        let messages = &self.messages;
        let mut at = 0;
        let slots = &mut self.lanes.entry(partition).or_default().1;
        let moved: Vec<Slot> = slots
            .extract_if(.., |slot| {
                at += 1;
                at > index && messages[slot.message as usize].entity == Some(entity)
            })
            .collect();
        assert!(!moved.is_empty(), "the record itself moves with its key");
        self.slots(&to).extend(moved.into_iter().map(|slot| Slot { gap: 0, ..slot }));
        Ok(to)
    }

    /// F11: a copy of this event stands this many records behind it.
    pub(super) fn duplicate(&mut self, number: u32, behind: u32) -> Result<(), Obstacle> {
        let (partition, index) = self.find(number)?;
        let copy = self.add(self.messages[number as usize]);
        let at = (index + 1 + behind as usize).min(self.slots(&partition).len());
        self.insert(&(partition, at), copy);
        Ok(())
    }

    /// F12: the batch of this many records that begins here lands behind the one after it.
    pub(super) fn reorder(&mut self, number: u32, records: u32) -> Result<(), Obstacle> {
        let (partition, index) = self.find(number)?;
        let size = records.max(1) as usize;
        let slots = self.slots(&partition);
        let both = slots.get_mut(index..index + 2 * size).ok_or("no batch follows it")?;
        let landed: Vec<u32> = both.iter().map(|slot| slot.message).collect();
        for (slot, message) in both.iter_mut().zip(landed.into_iter().cycle().skip(size)) {
            slot.message = message;
        }
        Ok(())
    }

    /// F13: garbage stands behind this event.
    pub(super) fn add_garbage(&mut self, number: u32) -> Result<(), Obstacle> {
        let (partition, index) = self.find(number)?;
        let identity = self.new_identity();
        let garbage = self.add(Message {
            row: None,
            entity: None,
            identity,
            nature: Nature::Garbage,
            transaction: Transaction::Committed,
            ..self.messages[number as usize]
        });
        self.insert(&(partition, index + 1), garbage);
        Ok(())
    }

    /// F17: an aborted attempt at this event stands this many records before it.
    pub(super) fn add_aborted(&mut self, number: u32, ahead: u32) -> Result<(), Obstacle> {
        let (partition, index) = self.find(number)?;
        let transaction = Transaction::Aborted;
        let attempt = self.add(Message { transaction, ..self.messages[number as usize] });
        let at = index.saturating_sub(ahead as usize);
        self.insert(&(partition.clone(), at), attempt);
        self.leave_gap(&(partition, at + 1), 1);
        Ok(())
    }

    /// F18: a record of an undecided transaction stands before this event.
    pub(super) fn add_open(&mut self, number: u32) -> Result<(), Obstacle> {
        let place = self.find(number)?;
        let identity = self.new_identity();
        let transaction = Transaction::Open;
        let open = self.add(Message { identity, transaction, ..self.messages[number as usize] });
        self.insert(&place, open);
        Ok(())
    }

    /// F19: this many offsets behind this event are empty.
    pub(super) fn add_gap(&mut self, number: u32, offsets: u32) -> Result<(), Obstacle> {
        let (partition, index) = self.find(number)?;
        if index + 1 == self.slots(&partition).len() {
            return Err("it is the last record of its partition");
        }
        self.leave_gap(&(partition, index + 1), i64::from(offsets.max(1)));
        Ok(())
    }

    /// F20: up to this event only the last record of each entity is left.
    pub(super) fn compact(&mut self, number: u32) -> Result<(), Obstacle> {
        let (partition, index) = self.find(number)?;
        let messages = &self.messages;
        let slots = &mut self.lanes.entry(partition).or_default().1;
        let mut seen = BTreeSet::new();
        let mut kept = Vec::with_capacity(slots.len());
        for (at, slot) in slots.iter().enumerate().rev() {
            let entity = messages[slot.message as usize].entity;
            let newest = at > index || entity.is_none_or(|entity| seen.insert(entity));
            kept.push((*slot, newest));
        }
        let mut missing = 0;
        slots.clear();
        for (slot, newest) in kept.into_iter().rev() {
            if newest {
                slots.push(Slot { gap: slot.gap + std::mem::take(&mut missing), ..slot });
            } else {
                missing += slot.gap + 1;
            }
        }
        assert_eq!(missing, 0, "the last record of a partition outlives compaction");
        Ok(())
    }

    /// F21: a tombstone stands behind this event, which is the last of its entity.
    pub(super) fn add_tombstone(&mut self, number: u32) -> Result<(), Obstacle> {
        let (partition, index) = self.find(number)?;
        let message = self.messages[number as usize];
        let row = message.row.ok_or("the projection passes it over")?;
        let canonical = self.source.canonical(row);
        let of_entity = |other: &&u32| self.messages[**other as usize].entity == message.entity;
        if canonical.iter().rfind(of_entity) != Some(&number) {
            return Err("it is not the last event of its entity");
        }
        let position = self.source.event(number).position.clone();
        let tombstone = Event {
            position: partition.at(position.offset + 1),
            event_type: "tombstone".into(),
            value: Decoded::Tombstone,
            raw: None,
            mapped_version: None,
            headers: Arc::from([]),
            payload_bytes: 0,
            problems: Vec::new(),
            version: self.source.event(number).version + 1,
            ..self.source.event(number).clone()
        };
        let mut canonical = canonical.to_vec();
        let event = self.add_event(tombstone);
        let identity = self.new_identity();
        let sequence = message.sequence + 1;
        let added = self.add(Message { event, identity, sequence, ..message });
        canonical.push(added);
        self.canonical.insert(row, canonical);
        self.insert(&(partition, index + 1), added);
        Ok(())
    }

    /// F24: this many events were written in place of those that begin here, in reverse order and
    /// with ids of their own.
    pub(super) fn phantoms(&mut self, number: u32, records: u32) -> Result<Vec<u32>, Obstacle> {
        let (partition, index) = self.find(number)?;
        let slots = self.slots(&partition);
        let end = (index + records.max(1) as usize).min(slots.len());
        let lost: Vec<Slot> = slots[index..end].to_vec();
        let phantom = |original: Slot| {
            let identity = self.new_identity();
            self.add(Message { identity, ..self.messages[original.message as usize] })
        };
        Ok(lost.into_iter().rev().map(phantom).collect())
    }

    /// F26: this event is dated back.
    pub(super) fn backdate(&mut self, number: u32, by_ms: i64) {
        let original = self.source.event(number);
        let timestamp_ms = original.timestamp_ms.saturating_sub(by_ms);
        let mapped = original.event_time_ms != Some(original.timestamp_ms);
        let event_time_ms = if mapped { original.event_time_ms } else { Some(timestamp_ms) };
        let event = self.add_event(Event { timestamp_ms, event_time_ms, ..original.clone() });
        let message = &mut self.messages[number as usize];
        message.event = event;
        if let Some(row) = message.row {
            // The canonical log has the event with the same timestamp.
            let canonical = self.source.canonical(row);
            self.canonical.entry(row).or_insert_with(|| canonical.to_vec());
        }
    }

    /// F27: every second one of this many events from this one on has the body of an older schema.
    pub(super) fn mix_schemas(&mut self, number: u32, records: u32) -> Result<(), Obstacle> {
        let (partition, index) = self.find(number)?;
        let originals = self.source.len();
        let numbers: Vec<u32> = self.slots(&partition)[index..]
            .iter()
            .map(|slot| slot.message)
            .filter(|message| (*message as usize) < originals)
            .step_by(2)
            .take(records.max(1) as usize)
            .collect();
        let mut changed = false;
        for number in numbers {
            if let Some(older) = in_older_schema(self.source.event(number)) {
                let event = self.add_event(older);
                let message = &mut self.messages[number as usize];
                (message.event, message.nature) = (event, Nature::OldSchema);
                changed = true;
            }
        }
        if changed { Ok(()) } else { Err("its body has no member that could have another name") }
    }
}

/// Names that tell what an event is and not what it says.
const NAMES_OF_ENVELOPES: [&str; 7] = [
    "type",
    "eventtype",
    "event_type",
    "version",
    "specversion",
    "schemaversion",
    "schema_version",
];

/// The event as an older schema has it: its first member that says something has another name.
fn in_older_schema(event: &Event) -> Option<Event> {
    let Decoded::Json { value: Value::Object(members), duplicate_members } = &event.value else {
        return None;
    };
    let telling = |name: &str| {
        let name = name.to_ascii_lowercase();
        !name.ends_with("id") && !NAMES_OF_ENVELOPES.contains(&name.as_str())
    };
    let renamed = members.keys().find(|name| telling(name))?;
    let older = members.iter().map(|(name, value)| {
        let old = format!("{name}_v1");
        (if name == renamed { old.into() } else { Arc::clone(name) }, value.clone())
    });
    let value =
        Decoded::Json { value: Value::object(older), duplicate_members: *duplicate_members };
    let raw = value.json().map(|json| json.to_json().into_bytes().into());
    Some(Event { value, raw, ..event.clone() })
}
