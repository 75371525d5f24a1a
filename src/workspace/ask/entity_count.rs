//! The entities of some topics, with how many events each has.
//!
//! Promises: memory grows with the number of entities, never with that of events, up to a budget
//! that is refused in words; first and last event are those in log order, whatever order partitions
//! are read in.
//! Does not know: what the events say.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::ControlFlow;
use std::sync::Arc;

use super::coverage::{AskedParts, Coverage, Offsets};
use super::scan::Watch;
use crate::entity::Selector;
use crate::model::{
    Completeness, EntityId, OffsetRange, PartitionRead, ReadEvent, ReadPlan, RecordRef,
};
use crate::partition_log::{CacheError, KeyPlace, KeyTally, LogNews, SourceError};
use crate::workspace::{Failure, Session, TopicMapping};

/// What the entities may take in memory, in bytes, about.
const MEMORY_BUDGET_BYTES: u64 = 2 << 30;

/// What an entity takes beside the bytes of its id, in bytes, about.
const BYTES_PER_ENTITY: u64 = 200;

/// So often counting begins anew when a part of the index is damaged, or another process changes it
/// meanwhile.
const TRIES: usize = 8;

/// Which entities are asked for.
#[derive(Clone, Debug)]
pub struct EntityCountQuestion {
    /// The topics.
    pub topics: Vec<Arc<str>>,
    /// Their partitions; all when empty.
    pub partitions: Vec<i32>,
    /// Only entities whose id contains this text.
    pub contains: Option<String>,
    /// Only this many, those with the most events.
    pub top: Option<usize>,
}

/// An entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityCount {
    /// Its id.
    pub entity: EntityId,
    /// How many events it has.
    pub events: u64,
    /// The timestamp of its first event in log order, in milliseconds.
    pub first_ms: i64,
    /// The timestamp of its last event in log order, in milliseconds.
    pub last_ms: i64,
    /// The topics its events are in, sorted.
    pub topics: Vec<Arc<str>>,
}

/// The entities of some topics.
#[derive(Clone, Debug)]
pub struct EntityCounts {
    /// Those asked for, by number of events descending, then by id.
    pub entities: Vec<EntityCount>,
    /// How many there are in all.
    pub total: u64,
    /// Records that belong to no entity, because where the id is looked for there is none.
    pub without_entity: u64,
    /// Where the id is looked for, by topic, in those topics that have such records.
    pub looked_for: Vec<(Arc<str>, Selector)>,
    /// Records the log delivered.
    pub scanned: u64,
    /// How much of the history it rests on.
    pub completeness: Completeness,
}

/// A place in log order: log time, number of the topic, partition, offset.
type Place = (i64, u32, i32, i64);

/// What is kept of an entity.
#[derive(Clone, Copy, Debug)]
struct Tally {
    /// How many events.
    events: u64,
    /// The first in log order, with its timestamp in milliseconds.
    first: (Place, i64),
    /// The last in log order, with its timestamp in milliseconds.
    last: (Place, i64),
    /// The topics, a bit each; the last bit stands for all topics beyond the 63rd.
    topics: u64,
}

impl Session {
    /// Counts the events of each entity.
    ///
    /// # Errors
    /// `Usage` when a topic or partition does not exist, `Budget` when there are too many entities;
    /// else when records cannot be read.
    pub fn entities(
        &self,
        question: &EntityCountQuestion,
        watch: Watch<'_>,
    ) -> Result<EntityCounts, Failure> {
        let distinct: BTreeSet<Arc<str>> = question.topics.iter().cloned().collect();
        let topics: Vec<Arc<str>> = distinct.into_iter().collect();
        let partitions = self.partitions(&topics, &question.partitions)?;
        let bounds = self.bounds(&partitions)?;
        let mappings = topics
            .iter()
            .map(|topic| self.topic_mapping(topic))
            .collect::<Result<Vec<_>, Failure>>()?;
        let by_key = mappings.iter().all(|mapping| mapping.mapping.id == Selector::Key);
        let headers =
            mappings.iter().any(|mapping| matches!(mapping.mapping.id, Selector::Header(_)));
        let ranges = bounds.iter().map(|(partition, bounds)| {
            OffsetRange::new(partition, bounds.low, bounds.end(self.isolation))
        });
        let plan = ReadPlan {
            isolation: self.isolation,
            values: !by_key,
            headers,
            whole: true,
            ..ReadPlan::new(ranges.collect(), self.started_ms)
        };
        let begin = || Counting {
            contains: question.contains.as_deref(),
            topics: topics.iter().zip(mappings.iter().map(|mapping| &**mapping)).zip(0..).collect(),
            by_key,
            tallies: HashMap::new(),
            memory_bytes: 0,
            with_entity: BTreeMap::new(),
            unreadable: None,
        };
        let mut tries = 0;
        let (counting, outcome) = loop {
            let mut counting = begin();
            let mut hear = |news| counting.hear(news, watch);
            let outcome = self.log.open(&plan, &self.cancel, &mut hear)?;
            self.check_cancelled()?;
            tries += 1;
            match counting.unreadable.take() {
                None => break (counting, outcome),
                Some(problem) if tries >= TRIES => return Err(SourceError::from(problem).into()),
                // What is kept is opened without it: counting begins anew.
                Some(_) => {}
            }
        };
        if counting.memory_bytes > MEMORY_BUDGET_BYTES {
            return Err(Failure::budget(format!(
                "there are more than {} entities, which do not fit into the memory budget of 2 GiB",
                counting.tallies.len()
            ))
            .with_hint("narrow them down with --contains or --partition"));
        }
        let completeness = self.completeness(&Coverage {
            partitions: &partitions,
            bounds: &bounds,
            reads: &outcome.partitions,
            undecodable: &Offsets::new(),
            asked: &AskedParts::new(),
        })?;
        let total = counting.tallies.len() as u64;
        let (without_entity, looked_for) = counting.without_entity(&outcome.partitions);
        let entities = counting.finish(&topics, question.top);
        let scanned = outcome.records();
        Ok(EntityCounts { entities, total, without_entity, looked_for, scanned, completeness })
    }
}

/// Entities being counted.
struct Counting<'a> {
    /// Only ids that contain this.
    contains: Option<&'a str>,
    /// The topics, how their records are read, and their numbers.
    topics: Vec<((&'a Arc<str>, &'a TopicMapping), u32)>,
    /// Whether the key is the id in all of them.
    by_key: bool,
    /// What is known so far.
    tallies: HashMap<Box<[u8]>, Tally>,
    /// What that takes, in bytes, about.
    memory_bytes: u64,
    /// Records that belong to an entity, whether or not it is asked for, by the number of their
    /// topic.
    with_entity: BTreeMap<u32, u64>,
    /// What could not be read.
    unreadable: Option<CacheError>,
}

impl<'a> Counting<'a> {
    /// How many of the records read belong to no entity, and where the id of those is looked for.
    fn without_entity(&self, reads: &[PartitionRead]) -> (u64, Vec<(Arc<str>, Selector)>) {
        let (mut without_entity, mut looked_for) = (0, Vec::new());
        for ((topic, mapping), number) in &self.topics {
            let of_topic = |read: &&PartitionRead| read.partition.topic == **topic;
            let all: u64 = reads.iter().filter(of_topic).map(|read| read.records).sum();
            // Lists of keys do not mention the records that have none.
            let with = self.with_entity.get(number).copied().unwrap_or(0);
            let without = all.saturating_sub(with);
            if without > 0 {
                without_entity += without;
                looked_for.push((Arc::clone(topic), mapping.mapping.id.clone()));
            }
        }
        (without_entity, looked_for)
    }

    /// Hears what an opened log tells. Breaks when the budget is spent, or something cannot be
    /// read.
    fn hear(&mut self, news: LogNews, watch: Watch<'_>) -> ControlFlow<()> {
        let counted = match news {
            LogNews::Read(ReadEvent::Batch(batch)) => {
                let Some((mapping, number)) = self.topic(&batch.partition().topic) else {
                    return ControlFlow::Continue(());
                };
                Ok(batch.iter().try_for_each(|record| self.take(record, number, mapping)))
            }
            LogNews::Read(event) => {
                watch(&event);
                Ok(ControlFlow::Continue(()))
            }
            LogNews::Kept(kept) => match self.topic(&kept.partition().topic) {
                None => Ok(ControlFlow::Continue(())),
                Some((_, number)) if self.by_key => {
                    kept.for_each_key(&mut |key, tally| self.take_key(key, tally, number))
                }
                Some((mapping, number)) => {
                    kept.for_each_record(&mut |record| self.take(record, number, mapping))
                }
            },
        };
        counted.unwrap_or_else(|problem| {
            self.unreadable = Some(problem);
            ControlFlow::Break(())
        })
    }

    /// How the records of a topic are read, and its number.
    fn topic(&self, name: &Arc<str>) -> Option<(&'a TopicMapping, u32)> {
        let found = self.topics.iter().find(|((topic, _), _)| *topic == name);
        found.map(|((_, mapping), number)| (*mapping, *number))
    }

    /// Counts a record of the topic with this number. Breaks when the budget is spent.
    fn take(
        &mut self,
        record: RecordRef<'_>,
        number: u32,
        mapping: &TopicMapping,
    ) -> ControlFlow<()> {
        // The usual case copies no bytes for an entity that is known.
        let found = match &mapping.mapping.id {
            Selector::Key => None,
            _ => mapping.mapping.entity_of(record),
        };
        let id = match (&mapping.mapping.id, &found) {
            (Selector::Key, _) => record.key(),
            (_, found) => found.as_ref().map(EntityId::as_bytes),
        };
        let Some(id) = id else { return ControlFlow::Continue(()) };
        let place = (record.log_time_ms(), number, record.partition().partition, record.offset());
        let here = (place, record.timestamp_ms());
        let tally = Tally { events: 1, first: here, last: here, topics: 1 << number.min(63) };
        self.add(id, number, tally)
    }

    /// Counts all records of a key in a part of the topic with this number. Breaks when the budget
    /// is spent.
    fn take_key(&mut self, key: &[u8], found: &KeyTally, number: u32) -> ControlFlow<()> {
        let here = |found: &KeyPlace| {
            let place = (found.log_time_ms, number, found.partition, found.offset);
            (place, found.timestamp_ms)
        };
        let (first, last) = (here(&found.first), here(&found.last));
        let topics = 1 << number.min(63);
        self.add(key, number, Tally { events: found.records, first, last, topics })
    }

    /// Adds events of an entity in the topic with this number, if it is asked for.
    fn add(&mut self, id: &[u8], number: u32, more: Tally) -> ControlFlow<()> {
        *self.with_entity.entry(number).or_default() += more.events;
        if !self.contains.is_none_or(|text| contains(id, text.as_bytes())) {
            return ControlFlow::Continue(());
        }
        if let Some(tally) = self.tallies.get_mut(id) {
            tally.events += more.events;
            tally.first = tally.first.min(more.first);
            tally.last = tally.last.max(more.last);
            tally.topics |= more.topics;
            return ControlFlow::Continue(());
        }
        self.memory_bytes += BYTES_PER_ENTITY + id.len() as u64;
        self.tallies.insert(id.into(), more);
        if self.memory_bytes > MEMORY_BUDGET_BYTES {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    /// The entities with the most events.
    fn finish(self, topics: &[Arc<str>], top: Option<usize>) -> Vec<EntityCount> {
        let mut sorted: Vec<(Box<[u8]>, Tally)> = self.tallies.into_iter().collect();
        sorted.sort_unstable_by(|(one, a), (other, b)| {
            b.events.cmp(&a.events).then_with(|| one.cmp(other))
        });
        sorted.truncate(top.unwrap_or(usize::MAX));
        let count = |(id, tally): (Box<[u8]>, Tally)| EntityCount {
            entity: EntityId::new(id),
            events: tally.events,
            first_ms: tally.first.1,
            last_ms: tally.last.1,
            topics: topics
                .iter()
                .enumerate()
                .filter(|(number, _)| tally.topics & (1 << (*number).min(63)) != 0)
                .map(|(_, topic)| Arc::clone(topic))
                .collect(),
        };
        sorted.into_iter().map(count).collect()
    }
}

/// Whether these bytes contain those.
fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    memchr::memmem::find(bytes, wanted).is_some()
}
