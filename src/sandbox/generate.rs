//! Schedules worth trying: for a fault, where in a history it hurts, and the numbers around it.
//!
//! Promises: the same history, fault and seed give the same schedules, whoever consumes; every
//! schedule can be run.
//! Does not know: which of them a consumer survives.

use std::collections::{BTreeMap, BTreeSet};

use super::fault::{CrashPoint, Fault, Merge};
use super::run::Plan;
use super::{FaultName, Schedule, Source};
use crate::model::{Isolation, Position, Random, TopicPartition};

/// How many records a poll may return in a schedule that is made up.
const POLL_SIZES: [u32; 5] = [3, 5, 8, 13, 21];

/// How often another record is tried where a fault cannot happen.
const ATTEMPTS: u32 = 24;

/// How many events a history has at least whose schedules have a fault more than once.
const MANY_EVENTS: usize = 50;

/// How many partitions are tried as the first of an order at most.
const EXTREMES_MAX: usize = 16;

/// How far apart two events of an entity may be that a fault sets against each other.
const REACH_MAX: usize = 500;

/// Why no schedule can be made up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotApplicable(pub(super) &'static str);

/// An event that faults can be aimed at.
#[derive(Clone, Copy, Debug)]
struct Target {
    /// Its number in the history.
    number: u32,
    /// Its place in its partition.
    index: usize,
    /// How many records on the next event of its entity stands.
    follower: usize,
}

/// What of a history faults can be aimed at.
pub(super) struct Generator<'s> {
    /// The history.
    source: &'s Source,
    /// By partition: the numbers of its events in offset order.
    partitions: BTreeMap<TopicPartition, Vec<u32>>,
    /// Events with another one of their entity behind them.
    targets: Vec<Target>,
    /// Those of them whose follower is the last of the entity.
    penultimate: Vec<Target>,
    /// The last events of their entities.
    last: Vec<u32>,
    /// Whether an entity has events in several partitions, so that several members do not keep its
    /// order.
    spans: bool,
}

impl<'s> Generator<'s> {
    /// Looks through a history.
    pub(super) fn new(source: &'s Source) -> Self {
        let mut partitions: BTreeMap<TopicPartition, Vec<u32>> = BTreeMap::new();
        for (number, given) in (0..).zip(source.events()) {
            partitions.entry(given.event.position.topic_partition()).or_default().push(number);
        }
        let mut targets = Vec::new();
        let mut last: BTreeMap<u32, u32> = BTreeMap::new();
        let mut homes: BTreeMap<u32, usize> = BTreeMap::new();
        let mut spans = source.rows().len() == 1 && 1 < partitions.len();
        for (home, numbers) in partitions.values_mut().enumerate() {
            numbers.sort_by_key(|number| source.event(*number).position.offset);
            let mut latest: BTreeMap<u32, (u32, usize)> = BTreeMap::new();
            for (index, number) in numbers.iter().enumerate() {
                let facts = source.facts()[*number as usize];
                let Some(entity) = facts.entity.filter(|_| facts.row.is_some() && facts.canonical)
                else {
                    continue;
                };
                spans |= *homes.entry(entity).or_insert(home) != home;
                if let Some((before, at)) = latest.insert(entity, (*number, index))
                    && 0 < at
                    && index - at <= REACH_MAX
                {
                    targets.push(Target { number: before, index: at, follower: index - at });
                }
            }
            last.extend(latest.into_iter().map(|(entity, (number, _))| (entity, number)));
        }
        let of_entity = |number: &u32| {
            let facts = source.facts()[*number as usize];
            facts.row.is_some_and(|row| {
                let same = |other: &&u32| source.facts()[**other as usize].entity == facts.entity;
                source.canonical(row).iter().rfind(same) == Some(number)
            })
        };
        let last: Vec<u32> = last.into_values().filter(of_entity).collect();
        let ends: BTreeSet<u32> = last.iter().copied().collect();
        let leads_to_end = |target: &&Target| {
            let home = source.event(target.number).position.topic_partition();
            ends.contains(&partitions[&home][target.index + target.follower])
        };
        let penultimate = targets.iter().filter(leads_to_end).copied().collect();
        Self { source, partitions, targets, penultimate, last, spans }
    }

    /// Schedules for a fault: one for each run, and for orders those that begin with one partition.
    pub(super) fn schedules(
        &self,
        fault: FaultName,
        seed: u64,
        runs: u32,
    ) -> Result<Vec<Schedule>, NotApplicable> {
        let mut schedules = Vec::new();
        for run in 0..runs {
            // The same fault and run get the same schedule whatever else is asked for.
            let mixed = Random::new(seed.wrapping_add(u64::from(fault.number()) << 32)).bits();
            let mut random = Random::new(mixed.wrapping_add(u64::from(run)));
            schedules.push(self.schedule(fault, &mut random)?);
        }
        if fault.number() == 9 {
            for partition in self.partitions.keys().take(EXTREMES_MAX) {
                let topic = partition.topic.to_string();
                let merge = Merge::PartitionFirst { topic, partition: partition.partition };
                let faults = vec![Fault::PartitionMerge { merge }];
                schedules.push(Schedule { seed, faults, ..Schedule::default() });
            }
        }
        Ok(schedules)
    }

    /// A schedule for a fault.
    fn schedule(&self, fault: FaultName, random: &mut Random) -> Result<Schedule, NotApplicable> {
        if fault.number() == 9 && self.partitions.len() < 2 {
            return Err(NotApplicable("the history has one partition alone"));
        }
        let number = fault.number();
        let members = if self.spans || fault.number() == 29 {
            1
        } else {
            1 + u16::try_from(random.below(3)).unwrap_or(0)
        };
        let base = Schedule {
            seed: random.below(1 << 53),
            members: if (6..=8).contains(&number) { members.max(2) } else { members },
            poll_records: *random.pick(&POLL_SIZES),
            isolation: (number == 18).then_some(Isolation::Committed),
            ..Schedule::default()
        };
        let repeatable = [1, 2, 3, 6, 7, 8, 11, 12, 15, 17].contains(&number);
        let wanted = if repeatable && MANY_EVENTS <= self.source.len() { 3 } else { 1 };
        let mut schedule = base;
        let mut hit = BTreeSet::new();
        for _ in 0..ATTEMPTS {
            if schedule.faults.len() == wanted {
                break;
            }
            let Some(fault) = self.fault(number, &schedule, random) else { continue };
            if !hit.insert(fault.at().cloned()) {
                continue;
            }
            let mut tried = schedule.clone();
            tried.faults.push(fault);
            if Plan::new(&tried, self.source).is_ok() {
                schedule = tried;
            }
        }
        if schedule.faults.is_empty() {
            return Err(NotApplicable("no record of the history is one that it could happen to"));
        }
        Ok(schedule)
    }

    /// The address of an event.
    fn at(&self, number: u32) -> Position {
        self.source.event(number).position.clone()
    }

    /// The address of the record this many places on in the partition of an event, or the last one.
    fn beside(&self, target: Target, places: i64) -> Position {
        let home = self.at(target.number).topic_partition();
        let numbers = &self.partitions[&home];
        let index = i64::try_from(target.index).unwrap_or(0).saturating_add(places).max(0);
        let index = usize::try_from(index).unwrap_or(0).min(numbers.len() - 1);
        self.at(numbers[index])
    }

    /// A fault with this number somewhere in the history.
    fn fault(&self, number: u8, schedule: &Schedule, random: &mut Random) -> Option<Fault> {
        if number == 9 {
            return Some(Fault::PartitionMerge { merge: Merge::Seeded(random.below(1 << 53)) });
        }
        if number == 21 {
            let at = self.at(*self.last.get(index(random, self.last.len()))?);
            return Some(Fault::LateTombstone { at });
        }
        // What sets two events against each other shows best where nothing later makes it good.
        let against = [10, 11, 12, 15, 16, 24].contains(&number) && !self.penultimate.is_empty();
        let targets = if against { &self.penultimate } else { &self.targets };
        let target = *targets.get(index(random, targets.len()))?;
        let follower = u32::try_from(target.follower).unwrap_or(u32::MAX);
        let at = self.at(target.number);
        let few = |random: &mut Random| 1 + u32::try_from(random.below(5)).unwrap_or(0);
        Some(match number {
            1 => Fault::CrashBeforeCommit { at, point: CrashPoint::AfterApply },
            2 => Fault::CrashBetweenWrites { at },
            3 => Fault::CommitBeforeApply { at },
            4 => Fault::AutoCommitWithWorkers { at, workers: few(random) + 1, in_flight: 3 },
            5 => Fault::HighestSeenCommit { at, workers: few(random) + 1, in_flight: 3 },
            6 => Fault::GracefulRebalance { at, commit_on_revoke: false },
            7 => Fault::LostRebalance { at, pause_turns: schedule.poll_records + few(random) },
            8 => Fault::CooperativeRebalance {
                at,
                pause_turns: few(random),
                commit_on_revoke: false,
            },
            10 => Fault::KeyMoves { at: self.beside(target, i64::from(follower)) },
            11 => Fault::Duplicate { at, behind: follower },
            12 => Fault::Reorder { at, records: follower },
            13 => Fault::PoisonBytes { at },
            14 => Fault::PoisonHandler { at },
            15 => Fault::TransientFailure {
                at,
                times: few(random),
                retry_behind: if random.chance(30) { follower } else { 0 },
            },
            16 => Fault::DeadLetterReplay { at, behind: follower },
            17 => Fault::AbortedTransaction { at, ahead: few(random) - 1 },
            18 => Fault::OpenTransaction { at },
            19 => Fault::OffsetGap { at, offsets: few(random) },
            20 => Fault::Compaction { at: self.beside(target, i64::from(follower)) },
            22 => Fault::Retention { at, records: few(random) },
            23 => Fault::TopicRecreated { at },
            24 => Fault::Truncation { at, records: few(random) },
            25 => {
                let places = i64::from(few(random));
                let to = self.beside(target, if random.chance(25) { places } else { -places });
                Fault::PositionSet { at, to }
            }
            26 => Fault::BackdatedTimestamp { at, by_ms: 3_600_000 },
            27 => Fault::SchemaMix { at, records: few(random) },
            28 => Fault::TwoVersions { at, behind: few(random) },
            29 => Fault::SlowHandler {
                at,
                records: schedule.poll_records * 4,
                handle_ms: 1_000,
                max_poll_interval_ms: schedule.poll_records * 500,
            },
            30 => Fault::Failover { at, shift: i64::from(few(random)), behind: few(random) + 1 },
            _ => return None,
        })
    }
}

/// A place in a list of this length.
fn index(random: &mut Random, length: usize) -> usize {
    usize::try_from(random.below(length as u64)).unwrap_or(0)
}
