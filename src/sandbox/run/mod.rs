//! A run: a virtual group consumes a log into a read model, one step after the other.
//!
//! Promises: a run is a pure function of history, projection, consumer and schedule; it always
//! ends.
//! Does not know: what is correct (`verdict`).
//!
//! Members take turns; whose turn it is the seed decides. In a turn a member polls, or handles one
//! record, or starts. What a schedule lets happen is looked up at the record that is handled:
//! `happenings` does it, `group` moves partitions, `consume` does what the consumer does with a
//! record, `table` keeps what survives a crash.

mod consume;
mod edit;
mod group;
mod happenings;
mod log;
mod plan;
mod poll;
mod table;
mod timing;
mod trace;

use std::collections::{BTreeMap, VecDeque};

use self::group::Group;
use self::log::{Entry, Phase, Switch};
use self::table::{Size, StoredPosition, Table};
use self::timing::Happening;
use super::consumer::{Consumer, Guard, Habits};
use super::memory::Memory;
use super::schedule::{ErrorPolicy, Schedule};
use super::source::Source;
use crate::fold::{Effect, Fold};
use crate::model::{Isolation, Random, TopicPartition, Value};

pub(super) use self::log::{Message, Nature};
pub(super) use self::plan::Plan;
pub(super) use self::table::{NO_WRITE, Write};
pub use self::trace::Standstill;
pub(super) use self::trace::{Address, Step, Trace, What};

/// How many turns a process takes to start again.
const RESTART_TURNS: u64 = 3;

/// How often the same records may be handed out because polls come too late, before that is a loop.
const ROUNDS_MAX: u32 = 5;

/// After how many turns for each record a run is given up as a loop. No schedule of the catalogue
/// comes near.
const TURNS_PER_RECORD_MAX: u64 = 200;

/// A message on its way through a member.
#[derive(Clone, Copy, Debug)]
struct Delivery {
    /// Where it came from.
    address: Address,
    /// The number of its entry there.
    index: usize,
}

/// What a member is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    /// It takes turns.
    Working,
    /// Its process is not there until this turn.
    Down(u64),
    /// Its process stands still until this turn.
    Paused(u64),
}

/// The row that a member had read when it was stopped.
#[derive(Clone, Debug)]
struct Held {
    /// The message it was read for.
    message: u32,
    /// The state of the row.
    state: Value,
    /// The write that state comes from.
    write: u32,
}

/// A member of a virtual group.
#[derive(Debug)]
struct Member {
    /// The number of its group.
    group: usize,
    /// What it is doing.
    life: Life,
    /// By partition: the number of the entry it polls next.
    next: Vec<usize>,
    /// What was polled and not handled yet.
    batch: VecDeque<Delivery>,
    /// By partition: the offset behind what was handled since the last commit.
    handled: BTreeMap<usize, i64>,
    /// What was handled and waits for the transaction of the poll.
    staged: Vec<Delivery>,
    /// By partition: the position it believes the read model to have.
    believed: BTreeMap<usize, Option<StoredPosition>>,
    /// The row it had read when it was stopped.
    held: Option<Held>,
    /// How long handling took since the last poll, in milliseconds.
    elapsed_ms: u64,
    /// Whether it lost its partitions without knowing.
    evicted: bool,
    /// Whether it dies after the next commit.
    dies_after_commit: bool,
}

/// Handling that is slow for some records of the history.
#[derive(Clone, Copy, Debug)]
struct Slow {
    /// The number of the first record that is slow.
    from: u32,
    /// The number of the first that is not any more.
    to: u32,
    /// How long each takes, in milliseconds.
    handle_ms: u32,
    /// How long may lie between two polls, in milliseconds.
    max_poll_interval_ms: u32,
}

/// Records that come back from a retry topic or from the dead letters.
#[derive(Debug)]
struct Replay {
    /// Its topic.
    partition: TopicPartition,
    /// Its records.
    phase: Phase,
    /// By record: the partition it came from, and how many entries of that are handled before it is
    /// there.
    ready: Vec<(usize, usize)>,
}

/// What a run was made of, and what came of it.
#[derive(Debug)]
pub(super) struct Ended {
    /// What happened.
    pub(super) trace: Trace,
    /// The read model.
    table: Table,
    /// Where nothing more is read.
    pub(super) standstills: Vec<Stopped>,
    /// What came back from retry topics and dead letters, by topic.
    replays: Vec<Phase>,
}

/// Where nothing more is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stopped {
    /// The number of the partition.
    pub(super) place: u16,
    /// The number of its phase.
    pub(super) phase: u16,
    /// The next offset.
    pub(super) offset: i64,
    /// Where the group would go on.
    pub(super) resumes_at: i64,
    /// Why.
    pub(super) why: Standstill,
}

impl Ended {
    /// The state of each row.
    pub(super) fn states(&self) -> impl Iterator<Item = &Value> {
        self.table.rows.iter().map(|row| &row.state)
    }

    /// The last write of a row.
    pub(super) fn last_write(&self, row: u32) -> u32 {
        self.table.rows[row as usize].write
    }

    /// Every write.
    pub(super) fn writes(&self) -> &[Write] {
        &self.table.writes
    }

    /// How often an identity was applied, and how many side effects it has.
    pub(super) fn counts(&self, identity: u32) -> (u16, u16) {
        (self.table.applied[identity as usize], self.table.effects[identity as usize])
    }

    /// What was put aside, or waits for something that never came.
    pub(super) fn put_aside(&self) -> impl Iterator<Item = &Address> {
        self.table.aside.iter().chain(self.table.parked.values().flat_map(BTreeMap::values))
    }

    /// What a partition held up to a stop, while it was the same topic.
    pub(super) fn phases_of<'a>(
        &'a self,
        plan: &'a Plan,
        stopped: &Stopped,
    ) -> Option<impl Iterator<Item = &'a Phase> + use<'a>> {
        let place = usize::from(stopped.place);
        let phases = match place.checked_sub(plan.places.len()) {
            None => plan.places[place].phases.get(..=usize::from(stopped.phase))?,
            Some(replay) => self.replays.get(replay..=replay)?,
        };
        let incarnation = phases.last()?.incarnation;
        Some(phases.iter().filter(move |phase| phase.incarnation == incarnation))
    }

    /// The sequence that an entity with parked events waits for.
    pub(super) fn waits_for(&self, entity: u32) -> Option<u32> {
        self.table.parked.get(&entity)?;
        Some(self.table.sequences[entity as usize] + 1)
    }
}

/// What a run is made over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting<'a> {
    /// The history.
    pub(super) source: &'a Source,
    /// The projection.
    pub(super) fold: &'a dyn Fold,
    /// The consumer.
    pub(super) consumer: Consumer,
    /// The schedule.
    pub(super) schedule: &'a Schedule,
    /// The schedule made ready.
    pub(super) plan: &'a Plan,
    /// What is known of the events of the history; nothing where the projection is to be asked
    /// anew.
    pub(super) memory: Option<&'a Memory>,
}

impl Setting<'_> {
    /// Applies the event with this number, of the history or made by the schedule, to a state.
    pub(super) fn apply(&self, event: u32, state: &mut Value) -> Effect {
        match self.memory.filter(|_| (event as usize) < self.source.len()) {
            Some(memory) => memory.apply(self.fold, self.source, event, state),
            None => self.fold.apply(state, self.plan.event(self.source, event)),
        }
    }
}

/// A run under way.
struct Run<'a> {
    /// What it is made over.
    setting: Setting<'a>,
    /// What the consumer does.
    habits: Habits,
    /// Which records it is given.
    isolation: Isolation,
    /// What it does with a record it cannot handle.
    on_error: ErrorPolicy,
    /// By partition of the plan: the number of its phase.
    phases: Vec<usize>,
    /// Partitions that records come back from; they are numbered behind those of the plan.
    replays: Vec<Replay>,
    /// By partition: whether its group is back from an absence longer than tombstones are kept.
    was_long_away: Vec<bool>,
    /// The group, and the second one once there is one.
    groups: Vec<Group>,
    /// The members of both.
    members: Vec<Member>,
    /// The read model.
    table: Table,
    /// What happened.
    trace: Trace,
    /// Where nothing more is read.
    standstills: Vec<Stopped>,
    /// Decides whose turn it is.
    random: Random,
    /// Decides the order of partitions, where chance does.
    order_random: Random,
    /// The turn.
    turn: u64,
    /// By happening: how often it happened.
    happened: Vec<u32>,
    /// Partitions that a member gets in a later turn.
    pending: Vec<(u64, usize, usize)>,
    /// Handling that is slow.
    slow: Option<Slow>,
    /// By partition: from which offset the same records were handed out how often.
    rounds: BTreeMap<usize, (i64, u32)>,
}

/// Runs.
pub(super) fn run(setting: Setting<'_>) -> Ended {
    Run::new(setting).finish()
}

impl<'a> Run<'a> {
    /// A run that has not begun.
    fn new(setting: Setting<'a>) -> Self {
        let Setting { source, fold, consumer, schedule, plan, .. } = setting;
        let habits = consumer.habits();
        let places = plan.places.len();
        let size = Size {
            rows: source.rows().len(),
            identities: plan.identity_count,
            entities: source.entity_count(),
            places,
        };
        let seed = match plan.order {
            plan::PollOrder::Seeded(seed) => seed,
            plan::PollOrder::Log(_) => 0,
        };
        Self {
            habits,
            isolation: schedule.isolation.unwrap_or(habits.isolation),
            on_error: schedule.on_error.unwrap_or(habits.on_error),
            phases: vec![0; places],
            replays: Vec::new(),
            was_long_away: vec![false; places],
            groups: vec![Group::new(places)],
            members: (0..plan.members).map(|_| Member::new(0, places)).collect(),
            table: Table::new(size, fold.init()),
            trace: Trace {
                places: plan.places.iter().map(|place| place.partition.clone()).collect(),
                steps: Vec::with_capacity(plan.messages.len() * 2 + 16),
            },
            standstills: Vec::new(),
            random: Random::new(schedule.seed),
            order_random: Random::new(seed),
            turn: 0,
            happened: vec![0; plan.happenings.len()],
            pending: Vec::new(),
            slow: None,
            rounds: BTreeMap::new(),
            setting,
        }
    }

    /// Lets all members take turns until there is nothing more to do.
    fn finish(mut self) -> Ended {
        self.deal_out();
        let turns_max = (self.setting.plan.messages.len() as u64 + 100) * TURNS_PER_RECORD_MAX;
        while self.turn < turns_max {
            self.turn += 1;
            self.wake();
            let count = self.members.len();
            let first = if count > 1 { self.random.below(count as u64) } else { 0 };
            let first = usize::try_from(first).expect("a group has few members");
            if (0..count).any(|step| self.take_turn((first + step) % count)) {
                continue;
            }
            match self.next_wake() {
                Some(turn) => self.turn = turn.saturating_sub(1).max(self.turn),
                None if self.switch_exhausted() => {}
                None => break,
            }
        }
        let happened = (self.happened.len(), self.setting.plan.happenings.len());
        assert_eq!(happened.0, happened.1, "each happening is counted");
        assert_eq!(self.phases.len(), self.setting.plan.places.len(), "each partition has a phase");
        self.note_standstills(turns_max);
        let replays = self.replays.into_iter().map(|replay| replay.phase).collect();
        Ended { trace: self.trace, table: self.table, standstills: self.standstills, replays }
    }

    /// Lets a member do one thing. Says whether it had something to do.
    fn take_turn(&mut self, member: usize) -> bool {
        if self.members[member].life != Life::Working {
            return false;
        }
        if self.members[member].batch.is_empty() {
            return self.poll(member);
        }
        self.handle(member);
        true
    }

    /// The next turn in which somebody who waits has something to do.
    fn next_wake(&self) -> Option<u64> {
        let lives = self.members.iter().filter_map(|member| match member.life {
            Life::Down(until) | Life::Paused(until) => Some(until),
            Life::Working => None,
        });
        lives.chain(self.pending.iter().map(|(turn, ..)| *turn)).min()
    }

    /// Starts who was down, wakes who stood still, gives partitions that were on their way.
    fn wake(&mut self) {
        for member in 0..self.members.len() {
            match self.members[member].life {
                Life::Down(until) if until <= self.turn => {
                    self.members[member].life = Life::Working;
                    self.start_all(member);
                }
                Life::Paused(until) if until <= self.turn => {
                    self.members[member].life = Life::Working;
                    self.trace.push(member, What::Woke);
                }
                _ => {}
            }
        }
        let turn = self.turn;
        let due: Vec<_> = self.pending.extract_if(.., |(due, ..)| *due <= turn).collect();
        assert!(self.pending.iter().all(|(later, ..)| turn < *later), "what is due is done");
        for (_, place, member) in due {
            self.assign(place, member);
        }
    }

    /// How many partitions there are, those of replays included.
    fn place_count(&self) -> usize {
        self.phases.len() + self.replays.len()
    }

    /// What a partition holds now.
    fn phase(&self, place: usize) -> &Phase {
        match place.checked_sub(self.phases.len()) {
            None => &self.setting.plan.places[place].phases[self.phases[place]],
            Some(replay) => &self.replays[replay].phase,
        }
    }

    /// The number of a partition's phase.
    fn phase_number(&self, place: usize) -> u16 {
        let number = self.phases.get(place).copied().unwrap_or_default();
        u16::try_from(number).expect("a partition has few phases")
    }

    /// A message.
    fn message(&self, number: u32) -> &'a Message {
        let plan: &'a Plan = self.setting.plan;
        &plan.messages[number as usize]
    }

    /// Whether a consumer's own position counts, not the group's.
    fn keeps_position(&self) -> bool {
        self.habits.guard == Guard::Position
    }

    /// What happens at a message, for the first group alone.
    fn happenings_at(&self, member: usize, message: u32) -> Vec<(usize, Happening)> {
        let plan = self.setting.plan;
        if plan.at.is_empty() || self.members[member].group != 0 {
            return Vec::new();
        }
        let numbers = plan.at.get(&message).into_iter().flatten();
        numbers.map(|number| (*number, plan.happenings[*number])).collect()
    }

    /// Marks where nothing more was read although there is more.
    fn note_standstills(&mut self, turns_max: u64) {
        for group in 0..self.groups.len() {
            for place in 0..self.phases.len() {
                let Some(owner) = self.groups[group].owner[place] else { continue };
                if self.groups[group].blocked[place] {
                    continue;
                }
                let next = self.members[owner].next[place];
                let phase = self.phase(place);
                let Some(entry) = phase.entries.get(next) else { continue };
                let why = if self.turn >= turns_max {
                    Standstill::RebalanceLoop
                } else if self.habits.reports_standstill {
                    Standstill::BlockedAtLso
                } else {
                    Standstill::Unnoticed
                };
                let offset = entry.offset;
                self.block(owner, place, (offset, offset), why);
            }
        }
    }

    /// Lets partitions whose phase was read to its end go over to the next one.
    fn switch_exhausted(&mut self) -> bool {
        let plan = self.setting.plan;
        for (place, planned) in plan.places.iter().enumerate() {
            let phase = self.phases[place];
            let due = planned.switch == Switch::Exhausted && phase + 1 < planned.phases.len();
            let Some(owner) = self.groups[0].owner[place].filter(|_| due) else { continue };
            if self.groups[0].blocked[place] {
                continue;
            }
            let position = self.position_of(owner, place);
            let restart = group::Restart { next_phase: true, committed: None, long: false };
            self.restart(owner, place, position, restart);
            return true;
        }
        false
    }
}

impl Member {
    /// A member that was given nothing yet.
    fn new(group: usize, places: usize) -> Self {
        Self {
            group,
            life: Life::Working,
            next: vec![0; places],
            batch: VecDeque::new(),
            handled: BTreeMap::new(),
            staged: Vec::new(),
            believed: BTreeMap::new(),
            held: None,
            elapsed_ms: 0,
            evicted: false,
            dies_after_commit: false,
        }
    }

    /// Forgets everything that its process had in memory.
    fn forget(&mut self) {
        let places = self.next.len();
        *self = Self { life: self.life, ..Self::new(self.group, places) };
    }

    /// Forgets what it had in memory of one partition.
    fn forget_place(&mut self, place: usize) {
        self.batch.retain(|delivery| usize::from(delivery.address.place) != place);
        self.staged.retain(|delivery| usize::from(delivery.address.place) != place);
        self.handled.remove(&place);
        self.believed.remove(&place);
    }
}

/// An entry with its number in a partition.
type Numbered = (usize, Entry);
