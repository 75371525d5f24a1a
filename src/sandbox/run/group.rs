//! Who owns which partition, from where it is read, what is committed.
//!
//! Promises: a partition has one owner at most in a group; whoever is given one starts where the
//! consumer's habits say.
//! Does not know: what is done with records.

use super::table::StoredPosition;
use super::timing::Happening;
use super::trace::{Standstill, What};
use super::{Guard, Life, Member, RESTART_TURNS, ROUNDS_MAX, Run, Stopped};
use crate::sandbox::fault::CrashPoint;
use crate::sandbox::schedule::{CommitPolicy, ResetPolicy};

/// What a group is to the broker.
#[derive(Debug)]
pub(super) struct Group {
    /// By partition: the committed offset.
    pub(super) committed: Vec<Option<i64>>,
    /// By partition: the member that reads it.
    pub(super) owner: Vec<Option<usize>>,
    /// By partition: whether nothing more is read.
    pub(super) blocked: Vec<bool>,
    /// By partition: the number of the entry behind the furthest that was handled.
    pub(super) reached: Vec<usize>,
}

impl Group {
    /// A group that has committed nothing.
    pub(super) fn new(places: usize) -> Self {
        Self {
            committed: vec![None; places],
            owner: vec![None; places],
            blocked: vec![false; places],
            reached: vec![0; places],
        }
    }

    /// Makes room for another partition.
    pub(super) fn add_place(&mut self, owner: Option<usize>) {
        self.committed.push(None);
        self.owner.push(owner);
        self.blocked.push(false);
        self.reached.push(0);
    }
}

/// How a group starts again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Restart {
    /// Whether the partition goes over to its next phase meanwhile.
    pub(super) next_phase: bool,
    /// What its committed position is set to meanwhile.
    pub(super) committed: Option<i64>,
    /// Whether that takes longer than tombstones are kept.
    pub(super) long: bool,
}

/// Where a member starts to read.
enum Start {
    /// At this offset.
    At(i64),
    /// Nowhere: it names the first offset, would go on at the second, and has this reason.
    Nowhere(i64, i64, Standstill),
    /// At the log start, after the read model was emptied.
    Anew,
}

impl Run<'_> {
    /// Gives every partition its first owner.
    pub(super) fn deal_out(&mut self) {
        let members = self.members.len();
        for place in 0..self.place_count() {
            self.assign(place, place % members);
        }
        assert!(self.groups[0].owner.iter().all(Option::is_some), "every partition has an owner");
    }

    /// Gives a partition to a member.
    pub(super) fn assign(&mut self, place: usize, member: usize) {
        let group = self.members[member].group;
        self.groups[group].owner[place] = Some(member);
        if self.members[member].life == Life::Working {
            self.start(member, place);
        }
    }

    /// Takes a partition from its owner.
    pub(super) fn revoke(&mut self, place: usize, member: usize) {
        let group = self.members[member].group;
        self.groups[group].owner[place] = None;
        self.members[member].forget_place(place);
        self.trace.push(member, What::Revoked { place: number(place) });
    }

    /// The member of the first group that comes after this one.
    pub(super) fn neighbour(&self, member: usize) -> usize {
        let alive = |candidate: &usize| {
            let candidate = &self.members[*candidate];
            candidate.group == 0 && !candidate.evicted
        };
        let count = self.members.len();
        (1..=count).map(|step| (member + step) % count).find(alive).unwrap_or(member)
    }

    /// Lets a member start to read all its partitions.
    pub(super) fn start_all(&mut self, member: usize) {
        let group = self.members[member].group;
        for place in 0..self.place_count() {
            if self.groups[group].owner[place] == Some(member) {
                self.start(member, place);
            }
        }
    }

    /// Lets a member start to read a partition.
    pub(super) fn start(&mut self, member: usize, place: usize) {
        let group = self.members[member].group;
        if self.groups[group].blocked[place] {
            return;
        }
        match self.start_of(group, place) {
            Start::At(offset) => self.begin_at(member, place, offset),
            Start::Anew => self.rebuild(),
            Start::Nowhere(offset, resumes_at, why) => {
                self.block(member, place, (offset, resumes_at), why);
            }
        }
    }

    /// Lets a member read a partition from this offset on.
    fn begin_at(&mut self, member: usize, place: usize, offset: i64) {
        let next = self.phase(place).index_of(offset);
        let stored = self.table.positions[place];
        let owner = &mut self.members[member];
        owner.next[place] = next;
        owner.believed.insert(place, stored);
        self.trace.push(member, What::Assigned { place: number(place), offset });
    }

    /// Where a consumer starts to read a partition.
    fn start_of(&self, group: usize, place: usize) -> Start {
        let start = if self.keeps_position() {
            self.own_start(place)
        } else {
            self.group_start(group, place)
        };
        match (start, self.table.guards[place]) {
            (Start::At(offset), Some(applied))
                if self.habits.guard == Guard::Offset && offset > applied + 1 =>
            {
                Start::Nowhere(applied + 1, offset, Standstill::SkippedAhead)
            }
            (start, _) => start,
        }
    }

    /// Where a consumer starts that keeps its position in the read model.
    fn own_start(&self, place: usize) -> Start {
        let phase = self.phase(place);
        let Some(stored) = self.table.positions[place] else { return Start::At(phase.log_start) };
        let long_away = self.was_long_away.get(place).copied().unwrap_or_default();
        if stored.incarnation != phase.incarnation {
            Start::At(phase.log_start)
        } else if stored.epoch != phase.epoch && phase.epoch_start < stored.offset {
            Start::Anew
        } else if stored.offset < phase.log_start {
            Start::Nowhere(stored.offset, phase.log_start, Standstill::LogStartPassed)
        } else if long_away {
            Start::Nowhere(stored.offset, stored.offset, Standstill::AwayTooLong)
        } else {
            Start::At(stored.offset)
        }
    }

    /// Where a consumer starts that relies on the committed position.
    fn group_start(&self, group: usize, place: usize) -> Start {
        let phase = self.phase(place);
        let committed = self.groups[group].committed[place];
        let in_range = |offset: &i64| (phase.log_start..=phase.log_end).contains(offset);
        match (committed.filter(in_range), committed, self.setting.schedule.reset) {
            (Some(offset), ..) => Start::At(offset),
            (None, None, _) | (None, _, ResetPolicy::Earliest) => Start::At(phase.log_start),
            (None, _, ResetPolicy::Latest) => Start::At(phase.log_end),
            (None, Some(offset), ResetPolicy::None) => {
                Start::Nowhere(offset, offset, Standstill::OutOfRange)
            }
        }
    }

    /// Empties the read model and lets everybody read from the log start.
    fn rebuild(&mut self) {
        self.table.clear(self.trace.next());
        self.trace.push(0, What::Rebuilt);
        for member in 0..self.members.len() {
            if self.members[member].life == Life::Working {
                self.members[member].forget();
                self.start_all(member);
            }
        }
    }

    /// Reads no more of a partition.
    pub(super) fn block(
        &mut self,
        member: usize,
        place: usize,
        (offset, resumes_at): (i64, i64),
        why: Standstill,
    ) {
        let group = self.members[member].group;
        self.groups[group].blocked[place] = true;
        self.members[member].batch.retain(|other| usize::from(other.address.place) != place);
        let phase = self.phase_number(place);
        let place = number(place);
        self.standstills.push(Stopped { place, phase, offset, resumes_at, why });
        self.trace.push(member, What::StoodStill { place, offset, why });
    }

    /// The offset a member reads next.
    pub(super) fn position_of(&self, member: usize, place: usize) -> i64 {
        let phase = self.phase(place);
        let next = phase.entries.get(self.members[member].next[place]);
        next.map_or_else(|| phase.log_end, |entry| entry.offset)
    }

    /// Commits these offsets, unless the member has lost its partitions.
    pub(super) fn commit(&mut self, member: usize, offsets: &[(usize, i64)]) {
        let group = self.members[member].group;
        for (place, offset) in offsets {
            let (place, offset) = (*place, *offset);
            assert!(place < self.place_count(), "what is committed was read");
            if self.members[member].evicted {
                self.trace.push(member, What::CommitRefused { place: number(place), offset });
            } else {
                self.groups[group].committed[place] = Some(offset);
                self.trace.push(member, What::Committed { place: number(place), offset });
            }
        }
    }

    /// Takes what was handled since the last commit.
    pub(super) fn take_handled(&mut self, member: usize) -> Vec<(usize, i64)> {
        std::mem::take(&mut self.members[member].handled).into_iter().collect()
    }

    /// Ends a poll: its transaction, its commit, what hangs on it.
    pub(super) fn finish_poll(&mut self, member: usize) {
        if self.keeps_position() && !self.commit_transaction(member) {
            if self.members[member].evicted {
                self.join_again(member);
            } else {
                self.start_all(member);
            }
            return;
        }
        if self.members[member].evicted {
            let handled = self.take_handled(member);
            self.commit(member, &handled);
            self.join_again(member);
        } else if self.polls_too_late(member) {
            self.lose_poll(member);
        } else {
            match self.setting.schedule.commit {
                CommitPolicy::PerBatch | CommitPolicy::PerRecord => {
                    let handled = self.take_handled(member);
                    self.commit(member, &handled);
                }
                CommitPolicy::BeforeApply => drop(self.take_handled(member)),
                // The client commits at the next poll.
                CommitPolicy::Auto => {}
            }
            if self.members[member].dies_after_commit {
                self.crash(member, CrashPoint::AfterCommit);
            }
        }
    }

    /// Whether handling took longer than may lie between two polls.
    fn polls_too_late(&self, member: usize) -> bool {
        let limit_ms = self.slow.map(|slow| u64::from(slow.max_poll_interval_ms));
        limit_ms.is_some_and(|limit_ms| limit_ms < self.members[member].elapsed_ms)
    }

    /// The commit comes too late: the member joins anew and is handed what was not committed.
    fn lose_poll(&mut self, member: usize) {
        let handled = self.take_handled(member);
        for (place, offset) in &handled {
            self.trace.push(member, What::CommitRefused { place: number(*place), offset: *offset });
        }
        self.members[member].elapsed_ms = 0;
        self.start_all(member);
        for (place, _) in handled {
            let from = self.position_of(member, place);
            let rounds = self.rounds.entry(place).or_insert((from, 0));
            *rounds = if rounds.0 == from { (from, rounds.1 + 1) } else { (from, 1) };
            if ROUNDS_MAX <= rounds.1 {
                self.block(member, place, (from, from), Standstill::RebalanceLoop);
            }
        }
    }

    /// Applies what was staged and sets the position, if the read model is where the member
    /// believes. Says whether it was.
    pub(super) fn commit_transaction(&mut self, member: usize) -> bool {
        let staged = std::mem::take(&mut self.members[member].staged);
        let handled: Vec<(usize, i64)> =
            self.members[member].handled.iter().map(|(place, offset)| (*place, *offset)).collect();
        let believed = |place: &usize| {
            self.members[member]
                .believed
                .get(place)
                .is_some_and(|believed| *believed == self.table.positions[*place])
        };
        if !handled.iter().all(|(place, _)| believed(place)) {
            for delivery in staged {
                self.trace.push(member, What::RolledBack(delivery.address));
            }
            drop(self.take_handled(member));
            return false;
        }
        let stopped = self.apply_staged(member, staged);
        for (place, offset) in handled {
            let offset = stopped.get(&place).copied().unwrap_or(offset);
            let phase = self.phase(place);
            let (incarnation, epoch) = (phase.incarnation, phase.epoch);
            let stored = Some(StoredPosition { incarnation, epoch, offset });
            self.table.positions[place] = stored;
            self.members[member].believed.insert(place, stored);
            self.trace.push(member, What::Stored { place: number(place), offset });
        }
        true
    }

    /// The process of a member dies.
    pub(super) fn crash(&mut self, member: usize, point: CrashPoint) {
        self.trace.push(member, What::Crashed(point));
        self.members[member].forget();
        self.members[member].life = Life::Down(self.turn + RESTART_TURNS);
    }

    /// A member that has learned of the loss of its partitions joins the group again, and is given
    /// what nobody reads.
    fn join_again(&mut self, member: usize) {
        self.members[member].forget();
        self.trace.push(member, What::Joined);
        for place in 0..self.place_count() {
            let owner = self.groups[0].owner[place];
            if owner.is_none_or(|owner| owner == member || self.members[owner].evicted) {
                self.assign(place, member);
            }
        }
    }

    /// A member stops in good order before this offset of a partition, and starts again after what
    /// happens meanwhile.
    pub(super) fn restart(&mut self, member: usize, place: usize, before: i64, restart: Restart) {
        self.members[member].batch.clear();
        self.members[member].handled.insert(place, before);
        if self.keeps_position() {
            self.commit_transaction(member);
        }
        let handled = self.take_handled(member);
        if self.setting.schedule.commit != CommitPolicy::BeforeApply {
            self.commit(member, &handled);
        }
        self.trace.push(member, What::Closed);
        self.members[member].forget();
        self.members[member].life = Life::Down(self.turn + RESTART_TURNS);
        if restart.next_phase {
            self.phases[place] += 1;
            let phase = self.phase_number(place);
            self.trace.push(member, What::LogChanged { place: number(place), phase });
        }
        if let Some(offset) = restart.committed {
            let group = self.members[member].group;
            self.groups[group].committed[place] = Some(offset);
            self.trace.push(member, What::PositionSet { place: number(place), offset });
        }
        if let Some(away) = self.was_long_away.get_mut(place) {
            *away = restart.long;
        }
        self.restart_others(place, restart.next_phase);
    }

    /// Whoever else reads the partition finds it changed.
    fn restart_others(&mut self, place: usize, changed: bool) {
        for other in 0..self.members.len() {
            let Member { group, life, .. } = self.members[other];
            let reads = self.groups[group].owner[place] == Some(other) && life == Life::Working;
            if changed && reads {
                self.members[other].forget_place(place);
                self.start(other, place);
            }
        }
    }

    /// A second group with one member begins to read one partition, this many entries before the
    /// one with this number.
    pub(super) fn add_group(&mut self, place: usize, index: usize, behind: u32) {
        let places = self.place_count();
        let mut group = Group::new(places);
        let from = index.saturating_sub(behind as usize);
        group.committed[place] = self.phase(place).entries.get(from).map(|entry| entry.offset);
        self.groups.push(group);
        self.members.push(Member::new(self.groups.len() - 1, places));
        self.assign(place, self.members.len() - 1);
    }

    /// Whether this has happened.
    pub(super) fn has_happened(&self, number: usize) -> bool {
        0 < self.happened[number]
    }

    /// Notes that something happened.
    pub(super) fn note(&mut self, number: usize) {
        self.happened[number] += 1;
    }

    /// Whether this is still to happen at a message.
    pub(super) fn is_due(
        &self,
        member: usize,
        message: u32,
        wanted: impl Fn(&Happening) -> bool,
    ) -> Option<(usize, Happening)> {
        let found = self.happenings_at(member, message);
        found
            .into_iter()
            .find(|(number, happening)| !self.has_happened(*number) && wanted(happening))
    }
}

/// The number of a partition as steps hold it.
pub(super) fn number(place: usize) -> u16 {
    u16::try_from(place).expect("a run has fewer than 65,536 partitions")
}
