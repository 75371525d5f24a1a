//! Rows that are a state of the real history: fresh, or before or behind where they should be.
//!
//! Promises: where the group stands decides between a consumer that is late and one that left
//! something out; where that is not known, both are told.
//! Does not know: edited histories.

use super::class::{Class, EventRef, Evidence, Strength};
use super::{GroupState, Judge};
use crate::model::{Event, Verdict};

/// How many other places are told.
const ALSO_MAX: usize = 20;

impl Judge<'_> {
    /// Whether the history begins in the middle: the log begins later than at 0, and the first
    /// event that is left is not the entity's first.
    pub(super) fn has_lost_base(&self) -> bool {
        let first = self.prefixes.event(1);
        first.is_some_and(|event| {
            let start = self.subject.starts.get(&event.position.topic_partition());
            let is_later = event.mapped_version.is_some_and(|version| version > 1);
            is_later && start.is_some_and(|start| *start > 0)
        })
    }

    /// Judges a row whose history begins in the middle: all that can be said is whether it is what
    /// the rest leads to.
    pub(super) fn judge_the_rest(&mut self) {
        let Some(first) = self.prefixes.event(1).cloned() else { return };
        let start = self.subject.starts.get(&first.position.topic_partition()).copied();
        let bound = start.map(|offset| first.position.topic_partition().at(offset));
        let named = EventRef::new(&first);
        let begins = format!(
            "the log begins at {} and the first event left is version {}",
            bound.as_ref().map(ToString::to_string).unwrap_or_default(),
            first.mapped_version.unwrap_or_default(),
        );
        let mut evidence = Evidence { log_bound: bound, ..Evidence::default() };
        evidence.strength = Strength::Fit;
        let fits = self.windows.end.clone().find(|at| self.prefixes.fits(*at));
        if let Some(at) = fits {
            evidence.stands_after = Some(at as u64);
            let words = format!(
                "the row is what the events that are left lead to, without those before: {begins}; \
                 rebuild it from a source that still has them"
            );
            return self.add(Class::TruncatedBase, evidence, Some(named), words);
        }
        evidence.unknown.push(begins.clone());
        let words = format!("what the row should be cannot be known: {begins}");
        self.add(Class::Unverifiable, evidence, Some(named), words);
    }

    /// Whether the row is the state of the log.
    pub(super) fn judge_fresh(&mut self) -> bool {
        if self.prefixes.failure().is_some() {
            // The state of the log is not known behind an event that the fold fails on.
            return false;
        }
        let Some(at) = self.windows.end.clone().rev().find(|at| self.prefixes.fits(*at)) else {
            return false;
        };
        let evidence = Evidence {
            strength: Strength::Fit,
            stands_after: Some(at as u64),
            applied_through: self.named(at),
            ..Evidence::default()
        };
        if self.judge_blocked(at) {
            return true;
        }
        let events = if at == 1 { "1 event".to_owned() } else { format!("{at} events") };
        let words = format!("the row is the state that the log leads to after {events}");
        self.add(Class::Fresh, evidence, None, words);
        true
    }

    /// Whether the row would be another if an open transaction did not withhold decided events.
    fn judge_blocked(&mut self, at: usize) -> bool {
        let Some(first) = self.subject.withheld.first() else { return false };
        let mut state = self.prefixes.state(at);
        for event in &self.subject.withheld {
            if !self.prefixes.apply(&mut state, event) {
                return false;
            }
        }
        if self.prefixes.fits_state(&state) {
            return false;
        }
        let (named, missing) = (EventRef::new(first), self.subject.withheld.len());
        let evidence = Evidence {
            strength: Strength::Commits,
            stands_after: Some(at as u64),
            applied_through: self.named(at),
            first_missing: Some(named.clone()),
            missing: Some(missing as u64),
            oldest_unapplied_ms: Some(self.age_ms(first)),
            ..Evidence::default()
        };
        let words = format!(
            "the row is the state up to the last stable offset; an open transaction withholds {named} and what follows: \
             end or abort the transaction"
        );
        self.add(Class::BlockedAtLso, evidence, Some(named), words);
        true
    }

    /// Whether the row shows events that are not decided yet: its consumer reads uncommitted ones.
    pub(super) fn judge_undecided(&mut self) {
        let at = self.prefixes.len();
        let mut state = self.prefixes.state(at);
        for (count, event) in (1_u64..).zip(&self.subject.withheld) {
            if !self.prefixes.apply(&mut state, event) {
                return;
            }
            if !self.prefixes.fits_state(&state) {
                continue;
            }
            let Some(first) = self.subject.withheld.first().map(EventRef::new) else { return };
            let evidence = Evidence {
                strength: Strength::Commits,
                stands_after: Some(at as u64 + count),
                applied_through: Some(EventRef::new(event)),
                ..Evidence::default()
            };
            let words = format!(
                "{first} is applied, and whether it counts is not decided: an open transaction stands before it, and the consumer reads uncommitted records"
            );
            return self.add(Class::Ahead, evidence, Some(first), words);
        }
    }

    /// Whether the row, or the group, tells of a position that the log does not have.
    pub(super) fn judge_epoch(&mut self) {
        let position = self.subject.row.position.clone();
        if let Some(at) = position {
            let end = self.subject.cut.after.ends.get(&at.topic_partition()).copied();
            if end.is_none_or(|end| at.offset >= end) {
                let bound = end.map(|end| at.topic_partition().at(end));
                let ends = bound.as_ref().map_or_else(
                    || "there is no such partition".to_owned(),
                    |end| format!("the log ends at {end}"),
                );
                let evidence = Evidence {
                    strength: Strength::Position,
                    log_bound: bound,
                    ..Evidence::default()
                };
                let words = format!(
                    "the row says that it was written from {at}, and {ends}: the topic was created anew or cut back; rebuild the row"
                );
                self.add(Class::EpochMismatch, evidence, None, words);
            }
        }
        let committed = self.subject.cut.after.committed.iter().flatten();
        let beyond = committed.filter_map(|(partition, offset)| {
            let end = self.subject.cut.after.ends.get(partition)?;
            let is_own = self
                .prefixes
                .events()
                .iter()
                .any(|event| event.position.topic_partition() == *partition);
            (offset > end && is_own).then(|| (partition.clone(), *offset, *end))
        });
        let beyond: Vec<_> = beyond.collect();
        for (partition, offset, end) in beyond {
            let evidence = Evidence {
                strength: Strength::Commits,
                committed: Some(offset),
                log_bound: Some(partition.at(end)),
                ..Evidence::default()
            };
            let words = format!(
                "the group has committed {offset} in {partition}, which ends at {end}: the topic was created anew or cut back"
            );
            self.add(Class::EpochMismatch, evidence, None, words);
        }
    }

    /// Judges a row that is an earlier or a later state than it should be.
    pub(super) fn judge_prefixes(&mut self) {
        let hits: Vec<usize> =
            (0..=self.prefixes.len()).filter(|at| self.prefixes.fits(*at)).collect();
        let end = *self.windows.end.start();
        if let Some(window) = self.windows.committed.clone() {
            if let Some(at) = hits.iter().rev().find(|at| window.contains(at)).copied() {
                self.add_lagging(at, &hits, Strength::Commits);
                return self.prefer_position(&hits);
            }
            let (start, last) = (*window.start(), *window.end());
            if let Some(at) = hits.iter().rev().find(|at| **at < start).copied() {
                self.add_not_applied(at, &hits, Strength::Commits);
            }
            if let Some(at) = hits.iter().find(|at| **at > last).copied() {
                self.add_ahead(at, &hits);
            }
            self.judge_scattered();
        } else if let Some(at) = hits.iter().rev().find(|at| **at < end).copied() {
            // Nobody knows whether its consumer is still to come.
            self.add_lagging(at, &hits, Strength::Fit);
            self.add_not_applied(at, &hits, Strength::Fit);
        }
        self.prefer_position(&hits);
    }

    /// Where the group's commits are no prefix of the history over several partitions: whether the
    /// row is the state of just those events.
    fn judge_scattered(&mut self) {
        let Some(committed) = self.windows.scattered.clone() else { return };
        let mut state = self.prefixes.fold.init();
        for number in &committed {
            let Some(event) = self.prefixes.event(*number) else { return };
            if !self.prefixes.apply(&mut state, event) {
                return;
            }
        }
        if !self.prefixes.fits_state(&state) {
            return;
        }
        let first = (1..=self.prefixes.len()).find(|number| !committed.contains(number));
        let Some(missing) = first.and_then(|number| self.prefixes.event(number)).cloned() else {
            return;
        };
        let named = EventRef::new(&missing);
        let evidence = Evidence {
            strength: Strength::Commits,
            first_missing: Some(named.clone()),
            missing: Some((self.prefixes.len() - committed.len()) as u64),
            oldest_unapplied_ms: Some(self.age_ms(&missing)),
            sub_state: self.sub_state(),
            ..Evidence::default()
        };
        let words = format!(
            "the row is the state of what the group has committed in each partition; {named} is the first event it has not come to"
        );
        self.add(Class::Lagging, evidence, Some(named), words);
    }

    /// Where the row tells its position, hypotheses of other places are weaker than one of that.
    fn prefer_position(&mut self, hits: &[usize]) {
        let Some(position) = self.position else { return };
        for one in &mut self.found {
            let stands = one.evidence.stands_after;
            if stands.is_none() || one.evidence.strength == Strength::DeadLetter {
                continue;
            }
            let is_there = stands == Some(position as u64);
            one.evidence.strength =
                if is_there { Strength::Position } else { Strength::FitElsewhere };
        }
        let is_told = |stands: Option<u64>| stands == Some(position as u64);
        if !hits.contains(&position)
            || self.found.iter().any(|one| is_told(one.evidence.stands_after))
        {
            return;
        }
        let window = self.windows.committed.clone();
        match window {
            Some(window) if window.contains(&position) => {
                self.add_lagging(position, hits, Strength::Position);
            }
            Some(window) if position > *window.end() => self.add_ahead(position, hits),
            Some(_) => self.add_not_applied(position, hits, Strength::Position),
            None => {
                self.add_lagging(position, hits, Strength::Position);
                self.add_not_applied(position, hits, Strength::Position);
            }
        }
        if let Some(last) = self.found.last_mut().filter(|one| one.class == Class::Ahead) {
            last.evidence.strength = Strength::Position;
        }
    }

    /// What the row rests on that stands after this many events.
    fn standing(&self, at: usize, hits: &[usize], strength: Strength) -> Evidence {
        let others: Vec<usize> = hits.iter().copied().filter(|hit| *hit != at).collect();
        // The first missing event of another place that fits as well.
        let also = others.iter().rev().filter_map(|hit| self.named(hit + 1));
        Evidence {
            strength,
            stands_after: Some(at as u64),
            applied_through: self.named(at),
            also: also.take(ALSO_MAX).collect(),
            others: others.len() as u64,
            ..Evidence::default()
        }
    }

    /// The row is what the group has committed, and the log has gone on; or the group cannot go on.
    fn add_lagging(&mut self, at: usize, hits: &[usize], strength: Strength) {
        let Some(first) = self.subject.events.get(at).cloned() else { return };
        let named = EventRef::new(&first);
        let missing = self.subject.events.len() - at;
        let evidence = Evidence {
            first_missing: Some(named.clone()),
            missing: Some(missing as u64),
            oldest_unapplied_ms: Some(self.age_ms(&first)),
            sub_state: self.sub_state(),
            ..self.standing(at, hits, strength)
        };
        let events = if missing == 1 { "1 event".to_owned() } else { format!("{missing} events") };
        if let Some(poison) = self.poison_of(&first) {
            let evidence = Evidence { failure: Some(poison.1), ..evidence };
            let words = format!(
                "the group stands before {}, which cannot be taken: mend the consumer or put the record aside; {events} of this row wait",
                poison.0
            );
            return self.add(Class::StuckOnPoison, evidence, Some(poison.0), words);
        }
        let group = match self.subject.group {
            GroupState::Empty => "nobody is in its group: start the consumer",
            GroupState::Active | GroupState::Unknown => "its consumer is late or stopped",
        };
        let words = format!("{named} and later, {events}, are not applied yet: {group}");
        self.add(Class::Lagging, evidence, Some(named), words);
    }

    /// The record that keeps the group from this event: in its partition, before it or it itself.
    fn poison_of(&self, first: &Event) -> Option<(EventRef, std::sync::Arc<str>)> {
        let partition = first.position.topic_partition();
        let known = self.subject.poison.iter().find(|(of, _)| *of == partition);
        let of_group = known
            .filter(|(_, poison)| poison.event.position.offset <= first.position.offset)
            .map(|(_, poison)| (poison.event.clone(), poison.failure.clone()));
        let of_fold = || {
            let (event, why) = self.prefixes.failure()?;
            let is_first = event.position == first.position;
            is_first.then(|| (EventRef::new(event), why.into()))
        };
        of_group.or_else(of_fold)
    }

    /// The group has committed what the row does not show.
    fn add_not_applied(&mut self, at: usize, hits: &[usize], strength: Strength) {
        let Some(first) = self.subject.events.get(at).cloned() else { return };
        let named = EventRef::new(&first);
        let committed = self.windows.committed.as_ref().map(|window| *window.start());
        let missing = committed.unwrap_or(self.subject.events.len()).saturating_sub(at);
        let evidence = Evidence {
            first_missing: Some(named.clone()),
            missing: Some(missing as u64),
            ..self.standing(at, hits, strength)
        };
        let from_here = if missing == 1 {
            format!("{named} was not applied")
        } else {
            format!("{named} and what follows, {missing} events, were not applied")
        };
        let known = match self.subject.cut.committed_at(&first) {
            Some(offset) => format!("although the group has committed {offset}"),
            None => "and will not be if the consumer has passed them".to_owned(),
        };
        let words = format!(
            "{from_here}, {known}: look for an error that was swallowed, a record put aside, or a commit before the write"
        );
        self.add(Class::NotApplied, evidence, Some(named), words);
    }

    /// The row shows what the group has not committed.
    fn add_ahead(&mut self, at: usize, hits: &[usize]) {
        let Some(last) = self.named(at) else { return };
        let uncommitted = (1..=at)
            .filter_map(|number| self.prefixes.event(number))
            .find(|event| self.subject.cut.is_uncommitted(event) == Some(true));
        let named = uncommitted.map_or_else(|| last.clone(), EventRef::new);
        let evidence = self.standing(at, hits, Strength::Commits);
        let words = format!(
            "{named} to {last} are applied and not committed: they will be delivered again, so applying them must not count twice"
        );
        self.add(Class::Ahead, evidence, Some(named), words);
    }

    /// For how long an event has been in the log, in milliseconds.
    fn age_ms(&self, event: &Event) -> i64 {
        self.subject.now_ms.saturating_sub(event.log_time_ms).max(0)
    }

    /// How the group has been moving between the two samples, by Burrow's rules as far as two
    /// samples tell.
    fn sub_state(&self) -> Option<&'static str> {
        let (before, after) = (
            self.subject.cut.before.committed.as_ref()?,
            self.subject.cut.after.committed.as_ref()?,
        );
        let fell = before.iter().any(|(partition, offset)| after.get(partition) < Some(offset));
        if fell {
            return Some("REWIND");
        }
        (self.subject.group == GroupState::Empty).then_some("STOP")
    }

    /// Whether parts of the history may be missing, so that values that fit prove little.
    pub(super) fn is_incomplete(&self) -> bool {
        let verdict = self.subject.completeness.verdict;
        let below_start = verdict == Verdict::CompleteSince && self.starts_late();
        self.subject.has_holes || verdict == Verdict::Unknown || below_start
    }

    /// Whether the history may begin before the log does.
    fn starts_late(&self) -> bool {
        let first = self.prefixes.event(1);
        first.is_none_or(|event| {
            let own = self.subject.starts.get(&event.position.topic_partition());
            event.mapped_version != Some(1) && own.is_some_and(|start| *start > 0)
        })
    }
}
