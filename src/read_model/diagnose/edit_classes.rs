//! What edited histories mean: an event missed, applied twice, in another order, of an aborted
//! transaction, after a delete.
//!
//! Promises: of one class and one strength there is one hypothesis; it names one explanation and
//! lists the others.
//! Does not know: how edits are found.

use std::collections::BTreeMap;

use super::Judge;
use super::class::{Class, EventRef, Evidence, Strength};
use super::edit::Edit;
use super::edits::Edited;

/// How many other explanations are told.
const ALSO_MAX: usize = 200;

/// One explanation of a class.
#[derive(Clone, Copy)]
struct Explained {
    /// The edit.
    edit: Edit,
    /// After how many events of the history the row stands.
    after: usize,
}

impl Judge<'_> {
    /// Judges a row that edited histories lead to.
    pub(super) fn judge_edits(&mut self, edited: &Edited) {
        let mut groups: BTreeMap<(Strength, Class), Vec<Explained>> = BTreeMap::new();
        for (edit, after) in &edited.found {
            let Some((class, strength)) = self.class_of(*edit, *after) else { continue };
            let explained = Explained { edit: *edit, after: *after };
            groups.entry((strength, class)).or_default().push(explained);
        }
        for ((strength, class), mut all) in groups {
            all.sort_by_key(|one| self.preference(*one));
            let Some(best) = all.first().copied() else { continue };
            let mut evidence = self.evidence_of(best);
            evidence.strength = strength;
            let others = || all.iter().skip(1).map(|one| one.edit);
            if let Edit::Double(..) = best.edit {
                let ranges = others().filter_map(|edit| self.range(edit));
                evidence.also_ranges = ranges.take(ALSO_MAX).collect();
            } else {
                let mut also: Vec<EventRef> =
                    others().filter_map(|edit| self.blamed(edit)).take(ALSO_MAX).collect();
                also.dedup();
                also.retain(|one| Some(one) != self.blamed(best.edit).as_ref());
                evidence.also = also;
            }
            evidence.others =
                all.len() as u64 - 1 + if class == Class::AppliedTwice { edited.more } else { 0 };
            let words = self.words_of(best, &evidence);
            let event = self.blamed(best.edit);
            self.add(class, evidence, event, words);
        }
    }

    /// What an edit that ends after this many events is called, and how strong it is. None for one
    /// that is better told as something else.
    fn class_of(&self, edit: Edit, after: usize) -> Option<(Class, Strength)> {
        let strength = self.strength_at(after);
        let weaker = |is_weak: bool| if is_weak { strength.max(Strength::Fit) } else { strength };
        Some(match edit {
            // Without its last event a history is a prefix; only the row's own position can say
            // that the event was passed.
            Edit::Drop(event) if event == after && self.position != Some(after) => {
                return self.is_delete(event).then_some((Class::DeleteMissed, strength));
            }
            Edit::Drop(event) if self.is_delete(event) && self.is_gone(after) => {
                (Class::DeleteMissed, strength)
            }
            Edit::Drop(_) => (Class::MissedEvent, strength),
            Edit::Double(..) => (Class::AppliedTwice, strength),
            Edit::Swap(event) => (Class::WrongOrder, weaker(!self.may_be_swapped(event))),
            Edit::Ghost(..) => (Class::Ghost, strength),
            Edit::Again { .. } => (Class::Resurrected, strength),
        })
    }

    /// Whether an event is one that leaves nothing.
    fn is_delete(&self, event: usize) -> bool {
        self.is_gone(event) && !self.is_gone(event - 1)
    }

    /// Whether there is nothing after this many events.
    fn is_gone(&self, after: usize) -> bool {
        let presence = self.prefixes.columns.first().and_then(|column| column.values.get(after));
        presence == Some(&crate::model::Value::Bool(false))
    }

    /// Whether an event and the next can legally come in the other order: they are in different
    /// partitions, or their times say so. Within a partition a consumer is given them in order.
    fn may_be_swapped(&self, event: usize) -> bool {
        let both = self.prefixes.event(event).zip(self.prefixes.event(event + 1));
        both.is_some_and(|(one, other)| {
            let elsewhere = one.position.topic_partition() != other.position.topic_partition();
            elsewhere
                || one.timestamp_ms > other.timestamp_ms
                || one.event_time_ms > other.event_time_ms
        })
    }

    /// What sorts the best explanation of a class to the front: one that a dead letter names, a
    /// short range, then the latest.
    fn preference(&self, one: Explained) -> (bool, usize, usize) {
        let letter = self.blamed(one.edit).is_some_and(|event| self.dead_letter(&event).is_some());
        let (length, end) = match one.edit {
            Edit::Double(first, last) => (last - first, last),
            Edit::Drop(event) | Edit::Swap(event) | Edit::Again { event, .. } => (0, event),
            Edit::Ghost(first, last) => (last - first, last),
        };
        (!letter, length, usize::MAX - end)
    }

    /// The event to blame for an edit.
    fn blamed(&self, edit: Edit) -> Option<EventRef> {
        match edit {
            Edit::Drop(event) | Edit::Double(event, _) | Edit::Again { event, .. } => {
                self.named(event)
            }
            Edit::Swap(event) => self.named(event),
            Edit::Ghost(first, _) => {
                self.subject.hidden.get(first).map(|hidden| EventRef::new(&hidden.event))
            }
        }
    }

    /// The range of an edit that has one.
    fn range(&self, edit: Edit) -> Option<[EventRef; 2]> {
        match edit {
            Edit::Double(first, last) => Some([self.named(first)?, self.named(last)?]),
            Edit::Ghost(first, last) => {
                let hidden = |index: usize| self.subject.hidden.get(index);
                Some([EventRef::new(&hidden(first)?.event), EventRef::new(&hidden(last)?.event)])
            }
            _ => None,
        }
    }

    /// What an explanation rests on.
    fn evidence_of(&self, one: Explained) -> Evidence {
        let other = match one.edit {
            Edit::Swap(event) => self.named(event + 1),
            Edit::Again { deleted, .. } => self.named(deleted),
            _ => None,
        };
        Evidence {
            stands_after: Some(one.after as u64),
            applied_through: self.named(one.after),
            range: self.range(one.edit),
            other,
            ..Evidence::default()
        }
    }

    /// An explanation in a sentence.
    fn words_of(&self, one: Explained, evidence: &Evidence) -> String {
        let name =
            |event: &Option<EventRef>| event.as_ref().map(ToString::to_string).unwrap_or_default();
        let event = name(&self.blamed(one.edit));
        let or = match evidence.others {
            0 => String::new(),
            1 => " (or in one other place)".to_owned(),
            others => format!(" (or in one of {others} other places)"),
        };
        match one.edit {
            Edit::Drop(number) if self.is_delete(number) && self.is_gone(one.after) => format!(
                "the delete, {event}, was not applied{or}: the consumer leaves deletes out, or failed on it"
            ),
            Edit::Drop(_) => format!(
                "{event} was not applied and later events were{or}: look at the handler's filter, at what it does on errors, and at what was put aside"
            ),
            Edit::Double(first, last) if first == last => format!(
                "{event} was applied twice{or}: it was delivered again after a crash or a rebalance, or sent twice, and the handler counts it again"
            ),
            Edit::Double(..) => {
                let last = name(&evidence.range.clone().map(|[_, last]| last));
                format!(
                    "{event} to {last} were applied twice{or}: they were delivered again after a crash or a rebalance, and the handler counts them again"
                )
            }
            Edit::Swap(_) => format!(
                "{} was applied before {event}{or}: something between log and row does not keep their order",
                name(&evidence.other)
            ),
            Edit::Ghost(first, last) => {
                let records = if first == last { "" } else { " and the records after it" };
                format!(
                    "{event}{records} of an aborted transaction was applied{or}: the consumer reads uncommitted records; set isolation.level=read_committed"
                )
            }
            Edit::Again { .. } => format!(
                "{event} was applied after the delete, {}{or}: a late redelivery or a replayed dead letter wrote the row anew",
                name(&evidence.other)
            ),
        }
    }
}
