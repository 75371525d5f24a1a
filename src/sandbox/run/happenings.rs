//! What a schedule lets happen at a record, around its handling.
//!
//! Promises: each happening happens once, at the first delivery of its record to the first group.
//! Does not know: what becomes of the read model; it only stops, moves and starts members.

use super::group::{Restart, number};
use super::timing::{Happening, Stop};
use super::trace::What;
use super::{Delivery, Guard, Held, Life, Run, Slow};
use crate::sandbox::consumer::Writes;
use crate::sandbox::fault::CrashPoint;
use crate::sandbox::schedule::CommitPolicy;

impl Run<'_> {
    /// Handles the next record of a poll.
    pub(super) fn handle(&mut self, member: usize) {
        let Some(delivery) = self.members[member].batch.front().copied() else { return };
        if self.happens_before(member, &delivery) {
            return;
        }
        self.members[member].batch.pop_front();
        let place = usize::from(delivery.address.place);
        let offset = delivery.address.offset;
        match self.consume(member, &delivery) {
            super::consume::Consumed::Handled => {
                self.members[member].handled.insert(place, offset + 1);
                let group = self.members[member].group;
                let reached = &mut self.groups[group].reached[place];
                *reached = (*reached).max(delivery.index + 1);
                if self.dies_before_commit(member, delivery.address.message) {
                    return;
                }
                let per_record = self.setting.schedule.commit == CommitPolicy::PerRecord;
                if per_record && !self.keeps_position() {
                    let handled = self.take_handled(member);
                    self.commit(member, &handled);
                }
            }
            super::consume::Consumed::Stuck(why) => {
                self.block(member, place, (offset, offset), why);
            }
            super::consume::Consumed::Died => {
                self.crash(member, CrashPoint::BetweenWrites);
                return;
            }
        }
        if self.happens_after(member, &delivery) {
            return;
        }
        if self.members[member].batch.is_empty() {
            self.finish_poll(member);
        }
    }

    /// Lets happen what is due before a record is handled. Says whether the member is stopped.
    fn happens_before(&mut self, member: usize, delivery: &Delivery) -> bool {
        let place = usize::from(delivery.address.place);
        for (number, happening) in self.happenings_at(member, delivery.address.message) {
            if self.has_happened(number) {
                continue;
            }
            match happening {
                Happening::CommitFirst => self.note(number),
                Happening::Slow { records, handle_ms, max_poll_interval_ms } => {
                    self.note(number);
                    let from = delivery.address.message;
                    let to = from.saturating_add(records);
                    self.slow = Some(Slow { from, to, handle_ms, max_poll_interval_ms });
                }
                Happening::Crash(CrashPoint::BeforeApply) => {
                    self.note(number);
                    self.crash(member, CrashPoint::BeforeApply);
                    return true;
                }
                Happening::Pause { turns } => {
                    self.note(number);
                    self.pause(member, delivery, turns);
                    return true;
                }
                Happening::Restart { stop: Stop::Before, next_phase, committed, long } => {
                    self.note(number);
                    let restart = Restart { next_phase, committed, long };
                    self.restart(member, place, delivery.address.offset, restart);
                    return true;
                }
                _ => {}
            }
        }
        false
    }

    /// Lets a member die that has applied a record and not committed it. Says whether it did.
    fn dies_before_commit(&mut self, member: usize, message: u32) -> bool {
        let is_crash = |other: &Happening| *other == Happening::Crash(CrashPoint::AfterApply);
        let Some((number, _)) = self.is_due(member, message, is_crash) else { return false };
        self.note(number);
        self.crash(member, CrashPoint::AfterApply);
        true
    }

    /// Lets happen what is due after a record was handled. Says whether the member is stopped.
    fn happens_after(&mut self, member: usize, delivery: &Delivery) -> bool {
        let place = usize::from(delivery.address.place);
        for (number, happening) in self.happenings_at(member, delivery.address.message) {
            if self.has_happened(number) {
                continue;
            }
            match happening {
                Happening::Crash(CrashPoint::AfterCommit) => {
                    self.note(number);
                    self.members[member].dies_after_commit = true;
                }
                Happening::Revoke { commit } => {
                    self.note(number);
                    self.revoke_all(commit);
                    return true;
                }
                Happening::Move { turns, commit } => {
                    self.note(number);
                    self.move_place(member, place, turns, commit);
                }
                Happening::Restart { stop: Stop::After, next_phase, committed, long } => {
                    self.note(number);
                    let restart = Restart { next_phase, committed, long };
                    self.restart(member, place, delivery.address.offset + 1, restart);
                    return true;
                }
                Happening::SecondGroup { behind } => {
                    self.note(number);
                    self.add_group(place, delivery.index, behind);
                }
                _ => {}
            }
        }
        false
    }

    /// A member stands still with a row it has read, and loses its partitions without knowing.
    fn pause(&mut self, member: usize, delivery: &Delivery, turns: u32) {
        let message = self.message(delivery.address.message);
        let reads_first = matches!(self.habits.writes, Writes::RowThenAppend | Writes::RowThenPut);
        let held = message.row.filter(|_| reads_first && self.habits.guard == Guard::None);
        self.members[member].held = held.map(|row| {
            let row = &self.table.rows[row as usize];
            Held { message: delivery.address.message, state: row.state.clone(), write: row.write }
        });
        self.members[member].evicted = true;
        self.members[member].life = Life::Paused(self.turn + u64::from(turns));
        self.trace.push(member, What::Paused);
        for place in 0..self.place_count() {
            if self.groups[0].owner[place] == Some(member) {
                let heir = self.neighbour(member);
                self.assign(place, heir);
            }
        }
    }

    /// All partitions of the first group go to the next member.
    fn revoke_all(&mut self, commit: bool) {
        let owners: Vec<(usize, usize)> = (0..self.place_count())
            .filter_map(|place| Some((place, self.groups[0].owner[place]?)))
            .collect();
        let members: std::collections::BTreeSet<usize> =
            owners.iter().map(|(_, owner)| *owner).collect();
        if commit {
            for member in members {
                self.commit_on_revoke(member);
            }
        }
        for (place, owner) in &owners {
            self.revoke(*place, *owner);
        }
        for (place, owner) in owners {
            let heir = self.neighbour(owner);
            self.assign(place, heir);
        }
    }

    /// A member commits what it has handled when partitions are taken from it.
    fn commit_on_revoke(&mut self, member: usize) {
        if self.keeps_position() && !self.commit_transaction(member) {
            return;
        }
        let handled = self.take_handled(member);
        self.commit(member, &handled);
    }

    /// One partition goes to the next member after a while.
    fn move_place(&mut self, member: usize, place: usize, turns: u32, commit: bool) {
        if commit {
            self.commit_on_revoke(member);
        }
        self.revoke(place, member);
        let heir = self.neighbour(member);
        self.pending.push((self.turn + u64::from(turns.max(1)), place, heir));
    }

    /// A record comes back from another topic after this many further ones of its partition.
    pub(super) fn send_back(
        &mut self,
        member: usize,
        delivery: &Delivery,
        suffix: &str,
        behind: u32,
    ) {
        let origin = usize::from(delivery.address.place);
        let partition = self.trace.places[origin].clone();
        let topic = super::plan::replay_topic(&partition, suffix);
        let known = self.replays.iter().position(|replay| replay.partition.topic == topic);
        let replay = known.unwrap_or_else(|| {
            let partition = crate::model::TopicPartition::new(topic, 0);
            self.trace.places.push(partition.clone());
            let phase = super::log::Phase::default();
            self.replays.push(super::Replay { partition, phase, ready: Vec::new() });
            self.table.add_place();
            for member in &mut self.members {
                member.next.push(0);
            }
            for group in &mut self.groups {
                group.add_place(None);
            }
            self.assign(self.place_count() - 1, member);
            self.replays.len() - 1
        });
        let Self { replays, .. } = self;
        let entries = &mut replays[replay].phase.entries;
        let offset = i64::try_from(entries.len()).unwrap_or(i64::MAX);
        entries.push(super::log::Entry { offset, message: delivery.address.message });
        replays[replay].ready.push((origin, delivery.index + 1 + behind as usize));
        assert!(number(origin) == delivery.address.place, "places keep their numbers");
    }
}
