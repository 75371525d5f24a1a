//! Other logs that a row may be the state of: with all aborted records, in other orders, without
//! the events that the projection fails on, by an earlier projection.
//!
//! Promises: each of them is folded as a whole; an order is tried only where it can come about.
//! Does not know: edits of one event.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::Judge;
use super::class::{Class, EventRef, Evidence};
use crate::fold::Fold;
use crate::model::{Event, TopicPartition};

/// How many partitions are tried as the first one.
const PARTITIONS_MAX: usize = 8;

impl Judge<'_> {
    /// Judges a row that another log leads to; `places` are the numbers of events after which it is
    /// likely to stand.
    pub(super) fn judge_alternatives(&mut self, places: &[usize]) {
        self.judge_all_ghosts(places);
        self.judge_orders(places);
        self.judge_without_failing();
        self.judge_old_code();
    }

    /// The numbers of events after which the row agrees with another log, which is given by the
    /// numbers of its events.
    fn agrees_after(&self, log: &[&Event], fold: &Arc<dyn Fold>) -> Vec<usize> {
        let mut state = fold.init();
        let mut hits = Vec::new();
        for (after, event) in (1..).zip(log) {
            if matches!(fold.apply(&mut state, event), crate::fold::Effect::Failed(_)) {
                break;
            }
            let result = fold.result(&state).unwrap_or_default();
            if self.subject.row.agrees(&result) {
                hits.push(after);
            }
        }
        hits
    }

    /// With all aborted records, where one run of them alone does not explain the row.
    fn judge_all_ghosts(&mut self, places: &[usize]) {
        let hidden = &self.subject.hidden;
        if hidden.len() < 2 || self.found.iter().any(|one| one.class == Class::Ghost) {
            return;
        }
        let mut log: Vec<&Event> = Vec::new();
        // After how many events of the history each record of that log stands.
        let mut real = Vec::new();
        let mut next = hidden.iter().peekable();
        for after in 0..=self.prefixes.len() {
            if let Some(event) = self.prefixes.event(after) {
                log.push(event);
                real.push(after);
            }
            while let Some(ghost) = next.next_if(|ghost| ghost.after <= after) {
                log.push(&ghost.event);
                real.push(after);
            }
        }
        let fits = self.agrees_after(&log, &self.prefixes.fold);
        let fits =
            fits.iter().filter_map(|at| real.get(at - 1)).filter(|at| !self.prefixes.fits(**at));
        let best = fits
            .copied()
            .min_by_key(|at| (self.strength_at(*at), places.iter().position(|place| place == at)));
        let (Some(at), Some(first)) = (best, hidden.first()) else { return };
        let named = EventRef::new(&first.event);
        let others = hidden.iter().skip(1).map(|ghost| EventRef::new(&ghost.event));
        let evidence = Evidence {
            strength: self.strength_at(at),
            stands_after: Some(at as u64),
            applied_through: self.named(at),
            also: others.collect(),
            ..Evidence::default()
        };
        let words = format!(
            "all {} records of aborted transactions were applied, the first being {named}: the consumer reads uncommitted records; set isolation.level=read_committed",
            hidden.len()
        );
        self.add(Class::Ghost, evidence, Some(named), words);
    }

    /// In another order.
    fn judge_orders(&mut self, places: &[usize]) {
        let known = |judge: &Self| judge.found.iter().any(|one| one.class == Class::WrongOrder);
        let mut orders: Vec<(String, Vec<usize>)> = Vec::new();
        for place in
            places.iter().copied().filter(|place| *place > 1 && !self.prefixes.fits(*place))
        {
            let events = &self.prefixes.events()[..place];
            for (name, order) in orders_of(events) {
                let log: Vec<&Event> =
                    order.iter().filter_map(|number| self.prefixes.event(*number)).collect();
                if self.agrees_after(&log, &self.prefixes.fold).last() == Some(&log.len()) {
                    orders.push((name, order));
                }
            }
        }
        for (name, order) in orders {
            if known(self) {
                return;
            }
            let after = order.len();
            let Some((event, other)) = self.badly_commuting(&order) else { continue };
            let evidence = Evidence {
                strength: self.strength_at(after),
                stands_after: Some(after as u64),
                other: Some(other.clone()),
                ..Evidence::default()
            };
            let words = format!(
                "the row is what the events lead to {name}: {event} was applied after {other}, which the log has after it; order them by the entity's version"
            );
            self.add(Class::WrongOrder, evidence, Some(event), words);
        }
    }

    /// Two events that an order has the other way round and that change the same column, the last
    /// such: the one that the order has later, and the one that the log has later.
    fn badly_commuting(&self, order: &[usize]) -> Option<(EventRef, EventRef)> {
        let wrong: Vec<_> =
            self.prefixes.columns.iter().filter(|column| !column.fits[order.len()]).collect();
        let changes =
            |number: usize| wrong.iter().any(|column| column.changed.get(number) == Some(&number));
        let mut fallback = None;
        for (at, later) in order.iter().enumerate().rev() {
            let inverted = order[..at].iter().rev().find(|number| *number > later);
            let Some(other) = inverted else { continue };
            let pair = Some((*later, *other));
            fallback = fallback.or(pair);
            if changes(*later) && changes(*other) {
                fallback = pair;
                break;
            }
        }
        let (event, other) = fallback?;
        Some((self.named(event)?, self.named(other)?))
    }

    /// Without the events that the projection fails on: a consumer may leave them out.
    fn judge_without_failing(&mut self) {
        let Some((event, why)) = self.prefixes.failure() else { return };
        let (named, why): (EventRef, Arc<str>) = (EventRef::new(event), why.into());
        let mut state = self.prefixes.fold.init();
        let mut fits_after = Vec::new();
        for (after, event) in (1..).zip(self.prefixes.events()) {
            // What fails leaves the state as it is.
            self.prefixes.apply(&mut state, event);
            if self.prefixes.fits_state(&state) {
                fits_after.push(after);
            }
        }
        let best = fits_after.into_iter().rev().find(|at| *at > self.prefixes.len() + 1);
        let Some(at) = best else { return };
        let evidence = Evidence {
            strength: self.strength_at(at),
            stands_after: Some(at as u64),
            failure: Some(Arc::clone(&why)),
            ..Evidence::default()
        };
        let words = format!(
            "{named} was left out, on which the projection fails ({why}), and later events were applied: mend the handler and apply it again"
        );
        self.add(Class::MissedEvent, evidence, Some(named), words);
    }

    /// By an earlier version of the projection.
    fn judge_old_code(&mut self) {
        let Some(was) = self.subject.was.clone() else { return };
        let log: Vec<&Event> = self.subject.events.iter().collect();
        let hits = self.agrees_after(&log, &was);
        let Some(at) = hits.last().copied().filter(|at| !self.prefixes.fits(*at)) else { return };
        let (mut state, mut diverges) = (was.init(), None);
        for (after, event) in (1..=at).zip(&self.subject.events) {
            let _effect = was.apply(&mut state, event);
            let result = was.result(&state).unwrap_or_default();
            let now = self.prefixes.state(after);
            let is_other = self.prefixes.image(&now) != self.image_of(&result);
            if is_other {
                diverges = Some(EventRef::new(event));
                break;
            }
        }
        let evidence = Evidence {
            strength: self.strength_at(at),
            stands_after: Some(at as u64),
            applied_through: self.named(at),
            ..Evidence::default()
        };
        let since =
            diverges.as_ref().map(|event| format!(", first at {event}")).unwrap_or_default();
        let words = format!(
            "the row is what {} makes of the events, and {} makes something else of them{since}: rebuild the read model",
            was.name(),
            self.prefixes.fold.name()
        );
        self.add(Class::OldCode, evidence, diverges, words);
    }

    /// Whether a row of this result is there, then what is in its columns.
    fn image_of(&self, result: &crate::model::Value) -> Vec<crate::model::Value> {
        let columns = self.subject.row.compared.iter();
        let columns =
            columns.map(|compared| compared.of_state(result).cloned().unwrap_or_default());
        std::iter::once(crate::model::Value::Bool(!result.is_null())).chain(columns).collect()
    }
}

/// The orders in which a consumer may have been given these events, but for their own: by their
/// times, by their versions, one partition before the others. Events by their numbers.
fn orders_of(events: &[Event]) -> Vec<(String, Vec<usize>)> {
    let mut orders: Vec<(String, Vec<usize>)> = Vec::new();
    let mut push = |name: String, compare: &dyn Fn(&Event, &Event) -> Ordering| {
        let mut order: Vec<usize> = (1..=events.len()).collect();
        order.sort_by(|one, other| compare(&events[one - 1], &events[other - 1]));
        let is_new = !order.is_sorted() && orders.iter().all(|(_, known)| *known != order);
        if is_new {
            orders.push((name, order));
        }
    };
    push("in the order of their timestamps".to_owned(), &|one, other| {
        one.timestamp_ms.cmp(&other.timestamp_ms)
    });
    push("in the order of their own times".to_owned(), &|one, other| {
        one.event_time_ms.cmp(&other.event_time_ms)
    });
    push("in the order of their versions".to_owned(), &|one, other| {
        one.mapped_version.cmp(&other.mapped_version)
    });
    let partitions: BTreeSet<TopicPartition> =
        events.iter().map(|event| event.position.topic_partition()).collect();
    for partition in partitions.iter().take(PARTITIONS_MAX) {
        let is_of = |event: &Event| event.position.topic_partition() == *partition;
        push(format!("with those of {partition} first"), &|one, other| {
            is_of(other).cmp(&is_of(one))
        });
        push(format!("with those of {partition} last"), &|one, other| {
            is_of(one).cmp(&is_of(other))
        });
    }
    orders
}
