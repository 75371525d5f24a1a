//! What a consumer does with one record: guards, writes, errors.
//!
//! Promises: all a consumer ever does with a record is here, decided by its habits.
//! Does not know: positions and partitions; where a record came from counts only for guards by
//! offset.

use std::collections::BTreeMap;

use super::timing::Happening;
use super::trace::{Address, Standstill, What};
use super::{Delivery, Guard, Nature, Run};
use crate::fold::Effect;
use crate::sandbox::consumer::Writes;
use crate::sandbox::fault::CrashPoint;
use crate::sandbox::schedule::ErrorPolicy;

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Consumed {
    /// It is done with, one way or the other.
    Handled,
    /// It cannot be, and nothing behind it is reached.
    Stuck(Standstill),
    /// The process died over it.
    Died,
}

impl Consumed {
    /// Whether it is done with.
    pub(super) fn is_handled(self) -> bool {
        self == Self::Handled
    }
}

/// What became of an attempt to apply a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Attempt {
    /// It was applied.
    Applied,
    /// The handler threw, and will not the next time or one of the next.
    Passing,
    /// The handler threw, and always will.
    Failed,
    /// It goes to a topic that it comes back from after this many further records.
    SentBack(u32),
    /// The process died.
    Died,
}

impl Run<'_> {
    /// Does with a record what the consumer does.
    pub(super) fn consume(&mut self, member: usize, delivery: &Delivery) -> Consumed {
        let address = delivery.address;
        let message = self.message(address.message);
        if message.nature == Nature::Garbage {
            return self.fail(member, &address);
        }
        if self.is_known(&address) {
            self.trace.push(member, What::Recognised(address));
            return Consumed::Handled;
        }
        let Some(_) = message.row else {
            self.trace.push(member, What::Ignored(address));
            return Consumed::Handled;
        };
        if self.goes_to_dead_letters(member, delivery) {
            return Consumed::Handled;
        }
        if message.nature == Nature::OldSchema && self.habits.checks_schema {
            return self.fail(member, &address);
        }
        if self.must_wait(&address) {
            self.park(member, &address);
            return Consumed::Handled;
        }
        loop {
            return match self.attempt(member, &address) {
                Attempt::Applied => {
                    self.release(member, message.entity);
                    Consumed::Handled
                }
                Attempt::Died => Consumed::Died,
                Attempt::SentBack(behind) => {
                    self.trace.push(member, What::DeadLettered(address));
                    self.send_back(member, delivery, "retry", behind);
                    Consumed::Handled
                }
                Attempt::Passing => {
                    self.trace.push(member, What::Failed(address));
                    continue;
                }
                Attempt::Failed => self.fail(member, &address),
            };
        }
    }

    /// Whether a record was handled before, as far as the consumer can tell.
    fn is_known(&self, address: &Address) -> bool {
        let message = self.message(address.message);
        match self.habits.guard {
            Guard::None | Guard::Position => false,
            Guard::Offset => {
                let applied = self.table.guards[usize::from(address.place)];
                applied.is_some_and(|applied| address.offset <= applied)
            }
            Guard::EventId => 0 < self.table.applied[message.identity as usize],
            Guard::Sequence => message
                .entity
                .is_some_and(|entity| message.sequence <= self.table.sequences[entity as usize]),
        }
    }

    /// Whether a record has to wait for those before it in its entity.
    fn must_wait(&self, address: &Address) -> bool {
        let message = self.message(address.message);
        let Some(entity) = message.entity else { return false };
        match self.habits.guard {
            Guard::Sequence => self.table.sequences[entity as usize] + 1 < message.sequence,
            // Whoever parks a record parks what follows it.
            _ => self.table.parked.get(&entity).is_some_and(|parked| {
                parked.keys().next().is_some_and(|first| *first < message.sequence)
            }),
        }
    }

    /// Sends a record to the dead letters where a fault says so.
    fn goes_to_dead_letters(&mut self, member: usize, delivery: &Delivery) -> bool {
        let is_letter = |happening: &Happening| matches!(happening, Happening::DeadLetter { .. });
        let due = self.is_due(member, delivery.address.message, is_letter);
        let Some((number, Happening::DeadLetter { behind })) = due else { return false };
        self.note(number);
        self.trace.push(member, What::Failed(delivery.address));
        self.trace.push(member, What::DeadLettered(delivery.address));
        self.send_back(member, delivery, "DLT", behind);
        true
    }

    /// Tries once to apply a record.
    fn attempt(&mut self, member: usize, address: &Address) -> Attempt {
        let throw = self.throw_at(member, address.message);
        if let Some((number, Happening::Throw { times: Some(times), retry_behind, .. })) = throw
            && 0 < retry_behind
        {
            self.happened[number] = times;
            self.first_write(member, address);
            self.trace.push(member, What::Failed(*address));
            return Attempt::SentBack(retry_behind);
        }
        if let Some((number, Happening::Throw { times, partial, .. })) = throw {
            self.note(number);
            if partial {
                self.first_write(member, address);
            }
            return if times.is_some() { Attempt::Passing } else { Attempt::Failed };
        }
        let is_crash =
            |happening: &Happening| *happening == Happening::Crash(CrashPoint::BetweenWrites);
        if let Some((number, _)) = self.is_due(member, address.message, is_crash) {
            self.note(number);
            self.first_write(member, address);
            return Attempt::Died;
        }
        if self.habits.writes == Writes::PollTransaction {
            let delivery = Delivery { address: *address, index: 0 };
            self.members[member].staged.push(delivery);
            return Attempt::Applied;
        }
        if !self.write_row(member, address, What::Applied(*address)) {
            return Attempt::Failed;
        }
        let identity = self.message(address.message).identity;
        match self.habits.writes {
            Writes::RowThenPut => self.table.put_effect(identity),
            Writes::RowThenAppend | Writes::Transaction => self.table.append_effect(identity),
            Writes::PutThenRow => self.put_effect(address),
            Writes::PollTransaction => {}
        }
        Attempt::Applied
    }

    /// A throw that is still to happen at a message.
    fn throw_at(&self, member: usize, message: u32) -> Option<(usize, Happening)> {
        let found = self.happenings_at(member, message).into_iter();
        found.filter(|(_, happening)| matches!(happening, Happening::Throw { .. })).find(
            |(number, happening)| match happening {
                Happening::Throw { times: Some(times), .. } => self.happened[*number] < *times,
                _ => true,
            },
        )
    }

    /// Does the first of two writes alone; nothing where one transaction does all.
    fn first_write(&mut self, member: usize, address: &Address) {
        match self.habits.writes {
            Writes::RowThenAppend | Writes::RowThenPut => {
                self.write_row(member, address, What::Applied(*address));
            }
            Writes::PutThenRow => self.put_effect(address),
            Writes::Transaction | Writes::PollTransaction => {}
        }
    }

    /// Writes a side effect that is keyed by the address of its record.
    fn put_effect(&mut self, address: &Address) {
        let identity = self.message(address.message).identity;
        self.table.put_effect_at(identity, address);
    }

    /// Applies a record to its row, with what guards it. Says whether the projection could.
    fn write_row(&mut self, member: usize, address: &Address, what: What) -> bool {
        let message = self.message(address.message);
        let Some(row) = message.row else { return true };
        let held = self.members[member].held.take();
        let held = held.filter(|held| held.message == address.message);
        // The state is taken out of its row, so that a fold need not copy what nobody else holds.
        let own = &mut self.table.rows[row as usize];
        let (mut state, write) = match held {
            Some(held) => (held.state, held.write),
            None => (std::mem::take(&mut own.state), own.write),
        };
        if matches!(self.setting.apply(message.event, &mut state), Effect::Failed(_)) {
            if own.write == write {
                own.state = state;
            }
            return false;
        }
        self.table.write(self.trace.next(), row, write, address.message, state);
        self.trace.push(member, what);
        self.table.count_applied(message.identity);
        self.table.guards[usize::from(address.place)] =
            Some(address.offset).max(self.table.guards[usize::from(address.place)]);
        if let Some(entity) = message.entity {
            let sequence = &mut self.table.sequences[entity as usize];
            *sequence = (*sequence).max(message.sequence);
            assert!(message.sequence <= *sequence, "a sequence never goes back");
        }
        let guard = self.table.guards[usize::from(address.place)];
        assert!(Some(address.offset) <= guard, "a guard is at or behind what was applied");
        if let Some(slow) = self.slow
            && (slow.from..slow.to).contains(&address.message)
        {
            self.members[member].elapsed_ms += u64::from(slow.handle_ms);
        }
        true
    }

    /// Applies what a transaction has collected. Says where partitions end before a record that
    /// cannot be applied.
    pub(super) fn apply_staged(
        &mut self,
        member: usize,
        staged: Vec<Delivery>,
    ) -> BTreeMap<usize, i64> {
        let mut stopped = BTreeMap::new();
        for Delivery { address, .. } in staged {
            let place = usize::from(address.place);
            if stopped.contains_key(&place) {
                continue;
            }
            if self.write_row(member, &address, What::Applied(address)) {
                let identity = self.message(address.message).identity;
                self.table.append_effect(identity);
            } else if let Consumed::Stuck(why) = self.fail(member, &address) {
                stopped.insert(place, address.offset);
                self.block(member, place, (address.offset, address.offset), why);
            }
        }
        assert!(stopped.keys().all(|place| *place < self.place_count()), "what stops is read");
        stopped
    }

    /// Does with a record that cannot be handled what the policy says.
    fn fail(&mut self, member: usize, address: &Address) -> Consumed {
        for _ in 0..=self.setting.schedule.retries {
            self.trace.push(member, What::Failed(*address));
        }
        match self.on_error {
            ErrorPolicy::RetryForever => Consumed::Stuck(Standstill::RetriedForEver),
            ErrorPolicy::Stop => Consumed::Stuck(Standstill::Poison),
            ErrorPolicy::Skip => {
                self.trace.push(member, What::Skipped(*address));
                Consumed::Handled
            }
            ErrorPolicy::DeadLetter => {
                self.trace.push(member, What::DeadLettered(*address));
                self.table.aside.push(*address);
                Consumed::Handled
            }
            ErrorPolicy::Park => {
                self.park(member, address);
                Consumed::Handled
            }
        }
    }

    /// Puts a record aside until those before it are there, or for good.
    fn park(&mut self, member: usize, address: &Address) {
        self.trace.push(member, What::Parked(*address));
        let message = self.message(address.message);
        match message.entity {
            Some(entity) => {
                let parked = self.table.parked.entry(entity).or_default();
                parked.entry(message.sequence).or_insert(*address);
                assert!(!parked.is_empty(), "who waits has a record that waits");
            }
            None => self.table.aside.push(*address),
        }
    }

    /// Applies what was parked and is the next of its entity now.
    fn release(&mut self, member: usize, entity: Option<u32>) {
        let Some(entity) = entity.filter(|_| self.habits.guard == Guard::Sequence) else { return };
        loop {
            let next = self.table.sequences[entity as usize] + 1;
            assert!(next > 0, "sequences count from 1");
            let Some(parked) = self.table.parked.get_mut(&entity) else { return };
            let due = parked.get(&next).copied();
            parked.retain(|sequence, _| next <= *sequence);
            if parked.is_empty() {
                self.table.parked.remove(&entity);
                return;
            }
            let Some(address) = due else { return };
            let message = self.message(address.message);
            let old = message.nature == Nature::OldSchema && self.habits.checks_schema;
            if old || self.throw_at(member, address.message).is_some() {
                return;
            }
            if !self.write_row(member, &address, What::Released(address)) {
                return;
            }
            self.table.append_effect(message.identity);
        }
    }
}
