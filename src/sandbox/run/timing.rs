//! What a fault lets happen at a record, and what it changes in the log while a group is away.
//!
//! Promises: every happening is told by the record it happens at and by numbers; a partition
//! changes at most once.
//! Does not know: what a happening does to members (`happenings`).

use super::edit::{Editor, Obstacle};
use super::log::{Entry, Phase, Place, Switch};
use crate::sandbox::fault::{CrashPoint, Fault};
use crate::sandbox::source::Source;

/// What is committed while workers still run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WorkersCommit {
    /// Everything the poll returned.
    Polled,
    /// The highest offset that is done.
    HighestSeen,
}

/// When a group stops to start again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// Before it handles the message.
    Before,
    /// After it handled the message.
    After,
}

/// What happens at a message, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Happening {
    /// The member dies.
    Crash(CrashPoint),
    /// The poll that holds the message is committed before any of it is handled.
    CommitFirst,
    /// Workers handle the poll, and the member dies while the one of the message hangs.
    Workers {
        /// How many.
        workers: u32,
        /// How many messages behind belong to the poll.
        in_flight: u32,
        /// What is committed.
        commit: WorkersCommit,
    },
    /// All partitions change owners.
    Revoke {
        /// Whether the old owners commit.
        commit: bool,
    },
    /// The member stands still with a row it has read, loses its partitions and wakes up.
    Pause {
        /// For how many turns.
        turns: u32,
    },
    /// The partition changes its owner.
    Move {
        /// For how many turns it has none.
        turns: u32,
        /// Whether the old owner commits.
        commit: bool,
    },
    /// The handler throws.
    Throw {
        /// How often; always when none.
        times: Option<u32>,
        /// Whether the first of two writes was done.
        partial: bool,
        /// After how many further messages it is tried again; at once when 0.
        retry_behind: u32,
    },
    /// The message goes to the dead letters and comes back after this many further ones.
    DeadLetter {
        /// How many.
        behind: u32,
    },
    /// The group stops and starts again.
    Restart {
        /// When.
        stop: Stop,
        /// Whether the partition goes over to its next phase meanwhile.
        next_phase: bool,
        /// What its committed position is set to meanwhile.
        committed: Option<i64>,
        /// Whether that takes longer than tombstones are kept.
        long: bool,
    },
    /// A second deployment begins at this entry of the partition.
    SecondGroup {
        /// How many entries before the message.
        behind: u32,
    },
    /// Handling is slow from here on.
    Slow {
        /// For how many messages.
        records: u32,
        /// How long each takes, in milliseconds.
        handle_ms: u32,
        /// How long may lie between two polls, in milliseconds.
        max_poll_interval_ms: u32,
    },
}

/// What a fault lets happen, and what it changes in the log while the group is away.
pub(super) struct Timing<'a, 's> {
    /// The history.
    pub(super) source: &'a Source,
    /// The log's messages.
    pub(super) editor: &'a mut Editor<'s>,
    /// The partitions.
    pub(super) places: &'a mut [Place],
    /// The fault.
    pub(super) fault: &'a Fault,
}

impl Timing<'_, '_> {
    /// What happens at the event with this number.
    pub(super) fn happenings(&mut self, number: u32) -> Result<Vec<Happening>, Obstacle> {
        if let Fault::CommitBeforeApply { .. } = self.fault {
            return Ok(vec![Happening::CommitFirst, Happening::Crash(CrashPoint::BeforeApply)]);
        }
        let happening = match happening(self.fault) {
            Some(happening) => Some(happening),
            None => self.restart(number)?,
        };
        Ok(happening.into_iter().collect())
    }

    /// How the group stops at the event with this number and what changes meanwhile, for faults
    /// that make it stop.
    fn restart(&mut self, number: u32) -> Result<Option<Happening>, Obstacle> {
        let before = |next_phase, committed| Happening::Restart {
            stop: Stop::Before,
            next_phase,
            committed,
            long: false,
        };
        Ok(match self.fault {
            Fault::OffsetGap { .. } => {
                let (place, index) = self.find(number)?;
                let committed = self.phase(place).entries.get(index + 1).map(|next| next.offset);
                let stop = Stop::After;
                Some(Happening::Restart { stop, next_phase: false, committed, long: false })
            }
            Fault::LateTombstone { .. } => Some(self.forget_entity(number)?),
            Fault::Retention { records, .. } => {
                self.delete_from(number, *records)?;
                Some(before(true, None))
            }
            Fault::PositionSet { to, .. } => {
                let (place, _) = self.find(number)?;
                let to = self.source.number_of(to).ok_or("`to` is not in the history")?;
                let (other, index) = self.find(to)?;
                if other != place {
                    return Err("`to` is in another partition");
                }
                Some(before(false, Some(self.phase(place).entries[index].offset)))
            }
            Fault::BackdatedTimestamp { .. } => Some(before(false, Some(self.by_time(number)?))),
            Fault::Failover { shift, behind, .. } => {
                Some(before(true, Some(self.fail_over(number, *shift, *behind)?)))
            }
            Fault::TopicRecreated { .. } => {
                self.recreate(number)?;
                None
            }
            Fault::Truncation { records, .. } => {
                self.truncate(number, *records)?;
                None
            }
            _ => None,
        })
    }

    /// Where an event stands: the partition and its place there.
    fn find(&self, number: u32) -> Result<(usize, usize), Obstacle> {
        let stands = |place: &Place| {
            place.phases[0].entries.iter().position(|entry| entry.message == number)
        };
        let found =
            self.places.iter().enumerate().find_map(|(at, place)| Some((at, stands(place)?)));
        found.ok_or("another fault has taken the record away")
    }

    /// What a partition holds at first.
    fn phase(&self, place: usize) -> &Phase {
        &self.places[place].phases[0]
    }

    /// Gives a partition a second phase.
    fn add_phase(&mut self, place: usize, phase: Phase, switch: Switch) -> Result<(), Obstacle> {
        let place = &mut self.places[place];
        if place.phases.len() > 1 {
            return Err("another fault changes the log of this partition");
        }
        place.phases.push(phase);
        place.switch = switch;
        Ok(())
    }

    /// F21: the partition without the entity of this event.
    fn forget_entity(&mut self, number: u32) -> Result<Happening, Obstacle> {
        let (place, _) = self.find(number)?;
        let entity = self.editor.messages[number as usize].entity;
        let mut later = self.phase(place).clone();
        let messages = &self.editor.messages;
        later.entries.retain(|entry| messages[entry.message as usize].entity != entity);
        self.add_phase(place, later, Switch::Told)?;
        Ok(Happening::Restart { stop: Stop::After, next_phase: true, committed: None, long: true })
    }

    /// F22: the partition with a log start this many entries behind the event.
    fn delete_from(&mut self, number: u32, records: u32) -> Result<(), Obstacle> {
        let (place, index) = self.find(number)?;
        let mut later = self.phase(place).clone();
        let first = index + records.max(1) as usize;
        later.log_start = later.entries.get(first).map_or(later.log_end, |entry| entry.offset);
        later.entries.drain(..first.min(later.entries.len()));
        later.open_from = later.open_from.map(|open| open.saturating_sub(first));
        self.add_phase(place, later, Switch::Told)
    }

    /// F23: the partition ends before the event, and another one of the same name begins with it at
    /// offset 0.
    fn recreate(&mut self, number: u32) -> Result<(), Obstacle> {
        let (place, index) = self.find(number)?;
        let old = &mut self.places[place].phases[0];
        let rest = old.entries.split_off(index);
        let first = rest.first().map_or(0, |entry| entry.offset);
        let renumbered = rest.iter().map(|entry| Entry { offset: entry.offset - first, ..*entry });
        let messages = &self.editor.messages;
        let new = Phase { incarnation: 1, ..Phase::new(renumbered.collect(), messages) };
        let old = &mut self.places[place].phases[0];
        (old.open_from, old.log_end) = (None, first);
        self.add_phase(place, new, Switch::Exhausted)
    }

    /// F24: at first, others stand where the event and its followers are.
    fn truncate(&mut self, number: u32, records: u32) -> Result<(), Obstacle> {
        let (place, index) = self.find(number)?;
        let phantoms = self.editor.phantoms(number, records)?;
        let real = self.phase(place).clone();
        let epoch_start = real.entries[index].offset;
        let lost = phantoms.iter().zip(&real.entries[index..]);
        let lost = lost.map(|(message, entry)| Entry { message: *message, ..*entry });
        let mut before: Vec<Entry> = real.entries[..index].to_vec();
        before.extend(lost);
        let log_end = before.last().map_or(epoch_start, |entry| entry.offset + 1);
        self.places[place].phases[0] =
            Phase { open_from: None, log_end, entries: before, ..real.clone() };
        self.add_phase(place, Phase { epoch: 1, epoch_start, ..real }, Switch::Exhausted)
    }

    /// F26: the first offset whose timestamp is later than that of the record before the event.
    fn by_time(&self, number: u32) -> Result<i64, Obstacle> {
        let (place, index) = self.find(number)?;
        let phase = self.phase(place);
        let time = |entry: &Entry| {
            let event = self.editor.messages[entry.message as usize].event;
            let extra = (event as usize).checked_sub(self.source.len());
            extra.map_or_else(
                || self.source.event(event).timestamp_ms,
                |extra| self.editor.extras[extra].timestamp_ms,
            )
        };
        let last = index.checked_sub(1).ok_or("it is the first record of its partition")?;
        let applied_ms = time(&phase.entries[last]);
        let first = phase.entries.iter().find(|entry| time(entry) > applied_ms);
        Ok(first.map_or(phase.log_end, |entry| entry.offset))
    }

    /// F30: the partition in another cluster with other offsets. Says the position that is
    /// translated.
    fn fail_over(&mut self, number: u32, shift: i64, behind: u32) -> Result<i64, Obstacle> {
        let (place, index) = self.find(number)?;
        let mut mirror = self.phase(place).clone();
        let shift = shift.max(-mirror.log_start);
        for entry in &mut mirror.entries {
            entry.offset += shift;
        }
        mirror.log_start += shift;
        mirror.log_end += shift;
        mirror.incarnation = 1;
        let position = mirror.entries[index.saturating_sub(behind as usize)].offset;
        self.add_phase(place, mirror, Switch::Told)?;
        Ok(position)
    }
}

/// What a fault lets happen without any change of the log.
fn happening(fault: &Fault) -> Option<Happening> {
    Some(match fault {
        Fault::CrashBeforeCommit { point, .. } => Happening::Crash(*point),
        Fault::CrashBetweenWrites { .. } => Happening::Crash(CrashPoint::BetweenWrites),
        Fault::AutoCommitWithWorkers { workers, in_flight, .. } => Happening::Workers {
            workers: *workers,
            in_flight: *in_flight,
            commit: WorkersCommit::Polled,
        },
        Fault::HighestSeenCommit { workers, in_flight, .. } => Happening::Workers {
            workers: *workers,
            in_flight: *in_flight,
            commit: WorkersCommit::HighestSeen,
        },
        Fault::GracefulRebalance { commit_on_revoke, .. } => {
            Happening::Revoke { commit: *commit_on_revoke }
        }
        Fault::LostRebalance { pause_turns, .. } => Happening::Pause { turns: *pause_turns },
        Fault::CooperativeRebalance { pause_turns, commit_on_revoke, .. } => {
            Happening::Move { turns: *pause_turns, commit: *commit_on_revoke }
        }
        Fault::PoisonHandler { .. } => {
            Happening::Throw { times: None, partial: false, retry_behind: 0 }
        }
        Fault::TransientFailure { times, retry_behind, .. } => {
            Happening::Throw { times: Some(*times), partial: true, retry_behind: *retry_behind }
        }
        Fault::DeadLetterReplay { behind, .. } => Happening::DeadLetter { behind: *behind },
        Fault::TwoVersions { behind, .. } => Happening::SecondGroup { behind: *behind },
        Fault::SlowHandler { records, handle_ms, max_poll_interval_ms, .. } => Happening::Slow {
            records: *records,
            handle_ms: *handle_ms,
            max_poll_interval_ms: *max_poll_interval_ms,
        },
        _ => return None,
    })
}
