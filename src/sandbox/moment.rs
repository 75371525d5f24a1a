//! What everybody was like after any step of a run: members, partitions, the read model.
//!
//! Promises: a moment is what following all steps before it gives; moments at regular distances are
//! kept, and so are states of rows, so that any of them is a short way away in a run of any length.
//! Does not know: how a run came about.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

use super::run::{Ended, NO_WRITE, Plan, Setting, Standstill, Step, What, Write};
use super::{Consumer, CrashPoint, Outcome, Schedule, Source};
use crate::fold::Fold;
use crate::model::{EntityId, Position, TopicPartition, Value};

/// The distance between states that a row should have and that are kept, in events.
const CORRECT_DISTANCE: usize = 256;

/// The smallest distance between moments that are kept, in steps.
const MIN_DISTANCE: usize = 64;

/// What a member is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberLife {
    /// It polls and handles.
    #[default]
    Working,
    /// Its process is not there.
    Down,
    /// Its process stands still.
    Paused,
}

/// A member at a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemberMoment {
    /// The number of its group: 0, or 1 for a second deployment.
    pub group: usize,
    /// What it is doing.
    pub life: MemberLife,
    /// By number of the partition: the offset it polls next.
    pub reads: BTreeMap<u16, i64>,
    /// What it has polled and not written: numbers of partitions and offsets.
    pub in_flight: Vec<(u16, i64)>,
}

/// A partition at a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartitionMoment {
    /// By group: the committed offset.
    pub committed: [Option<i64>; 2],
    /// The position that the read model stores, where its consumer does so.
    pub stored: Option<i64>,
    /// The offset that was applied last.
    pub applied: Option<i64>,
    /// Why nothing more is read.
    pub standstill: Option<Standstill>,
}

/// What everybody was like after some steps of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    /// How many steps were taken.
    pub steps: usize,
    /// The members by their numbers.
    pub members: Vec<MemberMoment>,
    /// The partitions by their numbers.
    pub partitions: Vec<PartitionMoment>,
}

/// A step of a run, ready to be drawn on the lane of its member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StepView {
    /// The number of the member.
    pub member: u16,
    /// What happened, such as `applied`.
    pub what: &'static str,
    /// Where in the run's log, as far as it happened there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Position>,
    /// The event by its address in the history.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<Position>,
    /// The row of that event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<EntityId>,
    /// Why a partition stands still from here on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standstill: Option<Standstill>,
    /// Where the process was when it died.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crash: Option<CrashPoint>,
}

/// A run that can be stepped through.
#[derive(Debug)]
pub struct Recording {
    /// The history.
    source: Arc<Source>,
    /// The projection.
    fold: Arc<dyn Fold>,
    /// The consumer.
    consumer: Consumer,
    /// The schedule.
    schedule: Schedule,
    /// The schedule made ready.
    plan: Plan,
    /// What came of it.
    ended: Ended,
    /// How it was judged.
    outcome: Outcome,
    /// By row: its writes, ascending.
    writes: Vec<Vec<u32>>,
    /// By identity of an event: the first step in which it was handled, in whatever way.
    handled: HashMap<u32, usize>,
    /// By row: what it should be after every so many of its events, once somebody asked.
    correct: Mutex<HashMap<u32, Arc<[Value]>>>,
    /// The moments after 0, 1, 2, … times the distance.
    frames: Vec<Moment>,
    /// How many steps lie between them.
    distance: usize,
}

/// What a recording is made of.
pub(super) struct Recorded {
    /// The history.
    pub(super) source: Arc<Source>,
    /// The projection.
    pub(super) fold: Arc<dyn Fold>,
    /// The consumer.
    pub(super) consumer: Consumer,
    /// The schedule.
    pub(super) schedule: Schedule,
    /// The schedule made ready.
    pub(super) plan: Plan,
    /// What came of it.
    pub(super) ended: Ended,
    /// How it was judged.
    pub(super) outcome: Outcome,
}

impl Recording {
    /// A recording of this run.
    pub(super) fn new(recorded: Recorded) -> Self {
        let Recorded { source, fold, consumer, schedule, plan, ended, outcome } = recorded;
        let mut writes = vec![Vec::new(); source.rows().len()];
        for (number, write) in (0..).zip(ended.writes()) {
            writes[write.row as usize].push(number);
        }
        let steps = &ended.trace.steps;
        let distance = steps.len().isqrt().max(MIN_DISTANCE);
        let partitions = vec![PartitionMoment::default(); ended.trace.places.len()];
        let mut moment = Moment { partitions, ..Moment::default() };
        let mut frames = Vec::new();
        let mut handled = HashMap::new();
        for (number, step) in steps.iter().enumerate() {
            if let Some(address) = step.what.handled() {
                let identity = plan.messages[address.message as usize].identity;
                handled.entry(identity).or_insert(number);
            }
            if moment.steps.is_multiple_of(distance) {
                frames.push(moment.clone());
            }
            moment.follow(step, plan.members());
        }
        frames.push(moment);
        Self {
            source,
            fold,
            consumer,
            schedule,
            plan,
            ended,
            outcome,
            writes,
            handled,
            correct: Mutex::default(),
            frames,
            distance,
        }
    }

    /// How many steps there are.
    pub fn len(&self) -> usize {
        self.ended.trace.steps.len()
    }

    /// Whether nothing happened.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many members took part, those of a second deployment included.
    pub fn member_count(&self) -> usize {
        self.frames.last().map_or(0, |moment| moment.members.len())
    }

    /// The partitions by their numbers, topics that records came back from included.
    pub fn partitions(&self) -> &[TopicPartition] {
        &self.ended.trace.places
    }

    /// The names of the rows, by their numbers.
    pub fn rows(&self) -> &[EntityId] {
        self.source.rows()
    }

    /// The consumer.
    pub fn consumer(&self) -> Consumer {
        self.consumer
    }

    /// The schedule.
    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// How the run was judged.
    pub fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// The step with this number, from 0.
    pub fn step(&self, number: usize) -> Option<StepView> {
        let Step { member, what } = *self.ended.trace.steps.get(number)?;
        let message = what.address().map(|address| &self.plan.messages[address.message as usize]);
        let event = message.map(|message| self.plan.event(&self.source, message.event));
        let places = &self.ended.trace.places;
        let place =
            what.place().and_then(|(place, offset)| Some(places[usize::from(place)].at(offset?)));
        Some(StepView {
            member,
            what: what.word(),
            place,
            event: event.map(|event| event.position.clone()),
            row: message
                .and_then(|message| message.row)
                .map(|row| self.source.rows()[row as usize].clone()),
            standstill: match what {
                What::StoodStill { why, .. } => Some(why),
                _ => None,
            },
            crash: match what {
                What::Crashed(point) => Some(point),
                _ => None,
            },
        })
    }

    /// What everybody was like after this many steps.
    pub fn moment(&self, steps: usize) -> Moment {
        let steps = steps.min(self.len());
        let mut moment = match self.frames.get(steps / self.distance) {
            Some(frame) if frame.steps <= steps => frame.clone(),
            _ => self.frames[steps / self.distance - 1].clone(),
        };
        for step in &self.ended.trace.steps[moment.steps..steps] {
            moment.follow(step, self.plan.members());
        }
        moment
    }

    /// The state of a row after this many steps.
    pub fn row_at(&self, row: usize, steps: usize) -> Value {
        let writes = self.ended.writes();
        let of_row = self.writes.get(row).map_or(&[][..], Vec::as_slice);
        let taken = of_row.partition_point(|write| (writes[*write as usize].step as usize) < steps);
        match taken.checked_sub(1) {
            None => self.fold.init(),
            Some(last) => state_after(self.setting(), writes, of_row[last]),
        }
    }

    /// What a row should be after this many steps: the fold of its events, each once and in their
    /// order, up to the first that the consumer may still handle. It may as long as it has neither
    /// handled it in some way nor moved its position past it while it had it not in hand. In the
    /// end nothing is left to be handled unless the consumer says where it stopped.
    pub fn correct_at(&self, row: usize, steps: usize) -> Value {
        let steps = steps.min(self.len());
        let moment = self.moment(steps);
        let over =
            steps == self.len() && self.outcome.stops.iter().all(|stop| !stop.why.is_explicit());
        let row = u32::try_from(row).ok().filter(|row| (*row as usize) < self.source.rows().len());
        let Some(row) = row else { return self.fold.init() };
        let canonical = self.plan.canonical(&self.source, row);
        let still_due = |number: &u32| !over && !self.is_past(*number, &moment);
        let count = canonical.iter().position(still_due).unwrap_or(canonical.len());
        let frames = self.correct_frames(row, canonical);
        let mut state = frames.get(count / CORRECT_DISTANCE).cloned().unwrap_or_default();
        for number in &canonical[count / CORRECT_DISTANCE * CORRECT_DISTANCE..count] {
            self.fold.apply(&mut state, self.plan.canonical_event(&self.source, *number));
        }
        state
    }

    /// What a row should be after 0, 1, 2, … times the distance of its events.
    fn correct_frames(&self, row: u32, canonical: &[u32]) -> Arc<[Value]> {
        let mut kept = self.correct.lock().unwrap_or_else(PoisonError::into_inner);
        let made = kept.entry(row).or_insert_with(|| {
            let mut state = self.fold.init();
            let mut frames = vec![state.clone()];
            for events in canonical.chunks_exact(CORRECT_DISTANCE) {
                for number in events {
                    self.fold.apply(&mut state, self.plan.canonical_event(&self.source, *number));
                }
                frames.push(state.clone());
            }
            frames.into()
        });
        Arc::clone(made)
    }

    /// Whether a message was handled by this moment, or will not be handled any more.
    fn is_past(&self, number: u32, moment: &Moment) -> bool {
        let message = &self.plan.messages[number as usize];
        if self.handled.get(&message.identity).is_some_and(|step| *step < moment.steps) {
            return true;
        }
        let position = &self.plan.event(&self.source, message.event).position;
        let partition = position.topic_partition();
        let Some(place) = self.partitions().iter().position(|other| *other == partition) else {
            return false;
        };
        let in_hand = moment.members.iter().flat_map(|member| &member.in_flight);
        let mut in_hand = in_hand.filter(|(other, _)| usize::from(*other) == place);
        let PartitionMoment { committed, stored, .. } = &moment.partitions[place];
        let reached = committed.iter().chain([stored]).flatten().max();
        reached.is_some_and(|reached| position.offset < *reached)
            && in_hand.all(|(_, offset)| *offset != position.offset)
    }

    /// The events of the history, in log order.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The state of every row in the end.
    pub fn final_states(&self) -> impl Iterator<Item = (&EntityId, &Value)> {
        self.source.rows().iter().zip(self.ended.states())
    }

    /// What the run was made over.
    fn setting(&self) -> Setting<'_> {
        Setting {
            source: &self.source,
            fold: &*self.fold,
            consumer: self.consumer,
            schedule: &self.schedule,
            plan: &self.plan,
            memory: None,
        }
    }
}

/// The state that a write left: the nearest one before it that was kept, and what was applied
/// since.
pub(super) fn state_after(setting: Setting<'_>, writes: &[Write], write: u32) -> Value {
    let mut applied = Vec::new();
    let mut at = write;
    let mut state = loop {
        if at == NO_WRITE {
            break setting.fold.init();
        }
        let write = &writes[at as usize];
        if let Some(kept) = &write.kept {
            break kept.clone();
        }
        applied.extend(write.message);
        at = write.base;
    };
    for message in applied.into_iter().rev() {
        setting.apply(setting.plan.messages[message as usize].event, &mut state);
    }
    state
}

impl Moment {
    /// Follows one more step.
    fn follow(&mut self, step: &Step, first_group: usize) {
        self.steps += 1;
        let number = usize::from(step.member);
        while self.members.len() <= number {
            let group = usize::from(first_group <= self.members.len());
            self.members.push(MemberMoment { group, ..MemberMoment::default() });
        }
        let group = self.members[number].group;
        let member = &mut self.members[number];
        match step.what {
            What::Delivered(address) => {
                member.reads.insert(address.place, address.offset + 1);
                member.in_flight.push((address.place, address.offset));
            }
            What::Applied(address)
            | What::Ignored(address)
            | What::Recognised(address)
            | What::Parked(address)
            | What::DeadLettered(address)
            | What::Skipped(address)
            | What::RolledBack(address) => {
                member.in_flight.retain(|other| *other != (address.place, address.offset));
                if matches!(step.what, What::Applied(_)) {
                    self.partitions[usize::from(address.place)].applied = Some(address.offset);
                }
            }
            What::Released(_) | What::Failed(_) | What::CommitRefused { .. } => {}
            What::Committed { place, offset } | What::PositionSet { place, offset } => {
                self.partitions[usize::from(place)].committed[group] = Some(offset);
            }
            What::Stored { place, offset } => {
                self.partitions[usize::from(place)].stored = Some(offset);
            }
            What::Crashed(_) | What::Closed => member.stop(MemberLife::Down),
            What::Joined => {
                member.stop(MemberLife::Working);
            }
            What::Paused => member.life = MemberLife::Paused,
            What::Woke => member.life = MemberLife::Working,
            What::Revoked { place } => member.drop_place(place),
            What::Assigned { place, offset } => {
                member.drop_place(place);
                member.life = MemberLife::Working;
                member.reads.insert(place, offset);
            }
            What::LogChanged { .. } => {}
            What::StoodStill { place, why, .. } => {
                member.drop_place(place);
                self.partitions[usize::from(place)].standstill = Some(why);
            }
            What::Rebuilt => {
                for member in &mut self.members {
                    member.in_flight.clear();
                }
                for partition in &mut self.partitions {
                    (partition.stored, partition.applied) = (None, None);
                }
            }
        }
    }
}

impl MemberMoment {
    /// Its process is not there any more.
    fn stop(&mut self, life: MemberLife) {
        self.life = life;
        self.reads.clear();
        self.in_flight.clear();
    }

    /// It has nothing to do with a partition any more.
    fn drop_place(&mut self, place: u16) {
        self.reads.remove(&place);
        self.in_flight.retain(|(other, _)| *other != place);
    }
}
