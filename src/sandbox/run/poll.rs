//! Polling: which records a member is handed next, and workers that handle them side by side.
//!
//! Promises: within a partition records are handed out in offset order, each partition to its owner
//! alone; what the isolation level withholds is not handed out.
//! Does not know: what is done with a record.

use std::collections::{BTreeMap, VecDeque};

use super::group::number;
use super::plan::PollOrder;
use super::timing::{Happening, WorkersCommit};
use super::trace::{Address, What};
use super::{Delivery, Numbered, Run};
use crate::model::{Isolation, Transaction};
use crate::sandbox::fault::CrashPoint;
use crate::sandbox::schedule::CommitPolicy;

impl Run<'_> {
    /// Polls for a member. Says whether there was anything to do.
    pub(super) fn poll(&mut self, member: usize) -> bool {
        // The client commits what the last poll returned.
        let handled = self.take_handled(member);
        self.commit(member, &handled);
        self.members[member].elapsed_ms = 0;
        let most = self.setting.schedule.poll_records as usize;
        let mut workers = None;
        let mut left = most;
        while 0 < left {
            let Some((place, found)) = self.next_entry(member) else { break };
            self.deliver(member, place, found);
            left -= 1;
            let is_workers = |happening: &Happening| matches!(happening, Happening::Workers { .. });
            if let Some((number, Happening::Workers { in_flight, .. })) =
                self.is_due(member, found.1.message, is_workers)
            {
                workers = Some((number, found.1.message));
                self.deliver_more(member, place, in_flight);
            }
        }
        if self.members[member].batch.is_empty() {
            return !handled.is_empty();
        }
        self.commit_ahead(member);
        if let Some((number, message)) = workers {
            self.run_workers(member, number, message);
        }
        true
    }

    /// Commits a poll before it is handled, where the policy or a fault says so.
    fn commit_ahead(&mut self, member: usize) {
        let told = self.members[member].batch.iter().any(|delivery| {
            let message = delivery.address.message;
            self.is_due(member, message, |other| *other == Happening::CommitFirst).is_some()
        });
        if told || self.setting.schedule.commit == CommitPolicy::BeforeApply {
            let ends = self.ends_of_poll(member);
            self.commit(member, &ends);
        }
    }

    /// By partition: the offset behind what was polled.
    fn ends_of_poll(&self, member: usize) -> Vec<(usize, i64)> {
        let mut ends = BTreeMap::new();
        for delivery in &self.members[member].batch {
            ends.insert(usize::from(delivery.address.place), delivery.address.offset + 1);
        }
        ends.into_iter().collect()
    }

    /// The entry a member is handed next, with its partition.
    fn next_entry(&mut self, member: usize) -> Option<(usize, Numbered)> {
        let group = self.members[member].group;
        let owns = |place: &usize| {
            self.groups[group].owner[*place] == Some(member) && !self.groups[group].blocked[*place]
        };
        let places = (0..self.place_count()).filter(owns);
        let ready = places.filter_map(|place| Some((place, self.available(member, place)?)));
        match &self.setting.plan.order {
            PollOrder::Log(first) => ready.min_by_key(|(place, (_, entry))| {
                (!first.contains(place), self.log_time_ms(entry.message), *place)
            }),
            PollOrder::Seeded(_) => {
                let ready: Vec<_> = ready.collect();
                let chosen = self.order_random.below(ready.len() as u64);
                ready.into_iter().nth(usize::try_from(chosen).ok()?)
            }
        }
    }

    /// The log time of a message, in milliseconds.
    fn log_time_ms(&self, message: u32) -> i64 {
        let event = self.message(message).event;
        self.setting.plan.event(self.setting.source, event).log_time_ms
    }

    /// The next entry of a partition that a member may be handed.
    fn available(&self, member: usize, place: usize) -> Option<Numbered> {
        let next = self.members[member].next[place];
        let phase = self.phase(place);
        let mut visible = phase.visible(self.isolation);
        if let Some(replay) = place.checked_sub(self.phases.len()) {
            let group = &self.groups[self.members[member].group];
            let is_ready = |(origin, index): &(usize, usize)| {
                *index <= group.reached[*origin]
                    || group.blocked[*origin]
                    || self.phase(*origin).visible(self.isolation) <= group.reached[*origin]
            };
            let ready = &self.replays[replay].ready;
            visible = visible.min(ready.iter().take_while(|ready| is_ready(ready)).count());
        }
        let delivered = |(_, entry): &Numbered| {
            self.isolation == Isolation::Uncommitted
                || self.message(entry.message).transaction != Transaction::Aborted
        };
        let entries = phase.entries.get(..visible)?;
        (next..).zip(entries.get(next..)?.iter().copied()).find(delivered)
    }

    /// Hands an entry of a partition to a member.
    fn deliver(&mut self, member: usize, place: usize, (index, entry): Numbered) {
        let address = Address {
            place: number(place),
            phase: self.phase_number(place),
            offset: entry.offset,
            message: entry.message,
        };
        let next = &mut self.members[member].next[place];
        assert!(*next <= index, "a member reads forward");
        *next = index + 1;
        self.members[member].batch.push_back(Delivery { address, index });
        self.trace.push(member, What::Delivered(address));
    }

    /// Hands this many more entries of a partition to a member.
    fn deliver_more(&mut self, member: usize, place: usize, count: u32) {
        for _ in 0..count {
            let Some(found) = self.available(member, place) else { break };
            self.deliver(member, place, found);
        }
    }

    /// Lets workers handle a poll side by side until the one of this message hangs, then the
    /// process dies.
    fn run_workers(&mut self, member: usize, happening: usize, hanging: u32) {
        let Happening::Workers { workers, commit, .. } = self.setting.plan.happenings[happening]
        else {
            return;
        };
        self.note(happening);
        if commit == WorkersCommit::Polled {
            let ends = self.ends_of_poll(member);
            self.commit(member, &ends);
        }
        let mut done: BTreeMap<usize, i64> = BTreeMap::new();
        let mut queues = self.deal_to_workers(member, workers.max(2) as usize, hanging);
        while queues.iter().any(|queue| !queue.is_empty()) {
            queues.retain(|queue| !queue.is_empty());
            let chosen = usize::try_from(self.random.below(queues.len() as u64)).unwrap_or(0);
            let Some(delivery) = queues[chosen].pop_front() else { continue };
            if self.consume(member, &delivery).is_handled() {
                let end = done.entry(usize::from(delivery.address.place)).or_default();
                *end = (*end).max(delivery.address.offset + 1);
            }
        }
        assert!(queues.iter().all(VecDeque::is_empty), "what workers were dealt they have handled");
        if commit == WorkersCommit::HighestSeen {
            let ends: Vec<(usize, i64)> = done.into_iter().collect();
            self.commit(member, &ends);
        }
        self.crash(member, CrashPoint::BeforeApply);
    }

    /// Deals the entities of a poll out to workers in turn; the worker of the message that hangs
    /// has nothing from there on.
    fn deal_to_workers(
        &mut self,
        member: usize,
        workers: usize,
        hanging: u32,
    ) -> Vec<VecDeque<Delivery>> {
        let mut queues = vec![VecDeque::new(); workers];
        let mut of_entity = BTreeMap::new();
        let mut stuck = None;
        for delivery in std::mem::take(&mut self.members[member].batch) {
            let entity = self.message(delivery.address.message).entity;
            let next = of_entity.len() % workers;
            let worker = *of_entity.entry(entity).or_insert(next);
            if delivery.address.message == hanging {
                stuck = Some(worker);
            }
            if stuck != Some(worker) {
                queues[worker].push_back(delivery);
            }
        }
        assert!(self.members[member].batch.is_empty(), "a batch is dealt whole");
        assert_eq!(queues.len(), workers, "each worker has a queue");
        queues
    }
}
