//! Why a row is what it is: every class that fits it, with its evidence and the event to blame.
//!
//! The row is compared with the state after each event of its entity, then with histories that
//! differ by one edit, then with other logs: with aborted records, in another order, by an earlier
//! projection. What fits is ranked by what it rests on: a dead letter, the row's own position, the
//! group's commits, the values alone.
//!
//! Promises: every hypothesis that fits is told; those that rest on equal evidence have the same
//! rank; a row that is the state of the log is that and nothing else; where history is missing,
//! nothing is guessed.
//! Does not know: stores, clusters, clocks.
//!
//! # How often it is right
//!
//! `tests::planted::planted_faults_are_found` plants faults at random places of random histories,
//! as a consumer with that fault would, and looks at the class and the event that are named. It
//! fails when the planted class and place are not among the hypotheses of the first rank. A tie is
//! where the row carries another class equally well; those are told as ties.
#![doc = include_str!("confusion.md")]

mod alternatives;
mod candidates;
mod class;
mod cut;
mod edit;
mod edit_classes;
mod edits;
mod frontier;
mod mismatch;
mod population;
mod prefix_classes;
mod prefixes;

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Serialize;

pub use self::class::{
    Class, ColumnEvidence, DeadLetter, EventRef, Evidence, Hypothesis, Strength,
};
pub use self::cut::{Cut, Offsets, Sample};
pub use self::edit::Hidden;
pub use self::frontier::Budget;
pub use self::population::{Diagnosed, pattern};

use self::cut::Windows;
use self::prefixes::Prefixes;
use super::mapping::{Difference, MappedRow};
use crate::fold::Fold;
use crate::model::{Completeness, Event, Position, TopicPartition, Value};

/// The record that a group reads next in a partition, when it cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Poison {
    /// The record.
    pub event: EventRef,
    /// Why it cannot be taken.
    pub failure: Arc<str>,
}

/// How the group's members are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GroupState {
    /// It is not known.
    #[default]
    Unknown,
    /// Nobody is in it.
    Empty,
    /// Members read.
    Active,
}

/// Everything that is known of a row and of the history it should show.
#[derive(Debug)]
pub struct Subject<'a> {
    /// The events of the entity that the isolation level delivers, in log order.
    pub events: Vec<Event>,
    /// Records of aborted transactions of the entity.
    pub hidden: Vec<Hidden>,
    /// Decided events of the entity that an open transaction before them withholds.
    pub withheld: Vec<Event>,
    /// The row.
    pub row: &'a MappedRow,
    /// What the row should be.
    pub fold: Arc<dyn Fold>,
    /// An earlier version of that.
    pub was: Option<Arc<dyn Fold>>,
    /// Where log and group stood.
    pub cut: &'a Cut,
    /// Where the partitions begin.
    pub starts: &'a Offsets,
    /// How much of the history there is.
    pub completeness: &'a Completeness,
    /// Whether parts of the history may be missing between those that are there.
    pub has_holes: bool,
    /// Records that were put aside.
    pub dead_letters: &'a [DeadLetter],
    /// Records that the group stands before and cannot take.
    pub poison: &'a [(TopicPartition, Poison)],
    /// How the group's members are.
    pub group: GroupState,
    /// When the row was read, in milliseconds since the epoch.
    pub now_ms: i64,
}

/// What was found of a row.
#[derive(Clone, Debug, Serialize)]
pub struct Diagnosis {
    /// The class that is named first.
    pub class: Class,
    /// Whether others rest on the same evidence.
    pub tie: bool,
    /// Every hypothesis that fits, the best first.
    pub hypotheses: Vec<Hypothesis>,
    /// What the log says.
    pub expected: Value,
    /// What the row holds; `null` where there is none.
    pub actual: Value,
    /// Where they differ.
    pub differences: Vec<Difference>,
    /// After how many events the expected state is.
    pub version: u64,
    /// How many events came while the row was read.
    pub in_flight: u64,
    /// What was not tried, in words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_searched: Vec<String>,
}

/// A row being judged.
struct Judge<'a> {
    /// What is known.
    subject: &'a Subject<'a>,
    /// The states.
    prefixes: Prefixes<'a>,
    /// Where a row may stand and be right.
    windows: Windows,
    /// After how many events the row's own position says it stands.
    position: Option<usize>,
    /// What was found.
    found: Vec<Hypothesis>,
}

/// Says what a row is. At most as many events are applied in search of it as the budget says.
pub fn diagnose(subject: &Subject<'_>, budget: Budget) -> Diagnosis {
    let prefixes = Prefixes::new(subject.row, &subject.fold, subject.events.clone());
    let windows = subject.cut.windows(prefixes.events());
    let position = subject.row.position.as_ref().and_then(|at| events_through(&subject.events, at));
    let mut judge = Judge { subject, prefixes, windows, position, found: Vec::new() };
    let not_searched = judge.judge(budget);
    judge.finish(not_searched)
}

/// How many events of a history the record at a position is the last of; none where the history
/// does not have that record.
fn events_through(events: &[Event], position: &Position) -> Option<usize> {
    events.iter().position(|event| event.position == *position).map(|index| index + 1)
}

impl Judge<'_> {
    /// Tries everything. Gives what was not tried.
    fn judge(&mut self, budget: Budget) -> Vec<String> {
        if self.has_lost_base() {
            self.judge_the_rest();
            return Vec::new();
        }
        if self.judge_fresh() {
            return Vec::new();
        }
        self.judge_epoch();
        self.judge_prefixes();
        self.judge_undecided();
        let places = self.places();
        let edited = edits::search(&mut self.prefixes, &self.subject.hidden, &places, budget);
        self.judge_edits(&edited);
        self.judge_alternatives(&places);
        self.judge_unexplained();
        edited.not_searched
    }

    /// After how many events a row is likely to stand, the likeliest first.
    fn places(&self) -> Vec<usize> {
        /// How many events of a window are looked at.
        const OF_WINDOW: usize = 32;
        let committed =
            self.windows.committed.clone().into_iter().flat_map(|window| window.take(OF_WINDOW));
        let end = self.windows.end.clone().rev().take(OF_WINDOW);
        let mut seen = BTreeSet::new();
        let all = self.position.into_iter().chain(committed).chain(end);
        all.filter(|at| *at <= self.prefixes.len() && seen.insert(*at)).collect()
    }

    /// How strong it is that the row stands after this many events of a history that is not quite
    /// the real one.
    fn strength_at(&self, after: usize) -> Strength {
        let at = |holds: bool, strength| if holds { strength } else { Strength::FitElsewhere };
        match (self.position, &self.windows.committed) {
            (Some(position), _) => at(position == after, Strength::Position),
            (None, Some(window)) => at(window.contains(&after), Strength::Commits),
            (None, None) => at(self.windows.end.contains(&after), Strength::Fit),
        }
    }

    /// The name of an event by its number.
    fn named(&self, number: usize) -> Option<EventRef> {
        self.prefixes.event(number).map(EventRef::new)
    }

    /// The record that was put aside in the place of this event.
    fn dead_letter(&self, event: &EventRef) -> Option<DeadLetter> {
        let found = self.subject.dead_letters.iter().find(|letter| letter.of == event.position);
        found.cloned()
    }

    /// Adds a hypothesis. A dead letter of the event to blame makes it as strong as can be.
    fn add(
        &mut self,
        class: Class,
        mut evidence: Evidence,
        event: Option<EventRef>,
        words: String,
    ) {
        let missing = matches!(
            class,
            Class::MissedEvent | Class::NotApplied | Class::DeleteMissed | Class::StuckOnPoison
        );
        let mut explanation = words;
        if let Some(letter) =
            event.as_ref().filter(|_| missing).and_then(|event| self.dead_letter(event))
        {
            evidence.strength = Strength::DeadLetter;
            let why = letter.reason.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
            explanation = format!("{explanation}; it was put aside at {}{why}", letter.position);
            evidence.dead_letter = Some(letter);
        }
        evidence.row_position.clone_from(&self.subject.row.position);
        if let (None, Some(event)) = (evidence.committed, &event) {
            let found = self.prefixes.events().iter().find(|one| one.position == event.position);
            evidence.committed = found.and_then(|event| self.subject.cut.committed_at(event));
        }
        self.found.push(Hypothesis { class, rank: 0, evidence, event, explanation });
    }

    /// Ranks what was found and puts the row beside what it should be.
    fn finish(mut self, not_searched: Vec<String>) -> Diagnosis {
        self.found.sort_by_key(|one| (one.evidence.strength, one.class.order()));
        let mut rank = 0;
        let mut last = None;
        for one in &mut self.found {
            if last != Some(one.evidence.strength) {
                rank += 1;
                last = Some(one.evidence.strength);
            }
            one.rank = rank;
        }
        let at = self.expected_after();
        let state = self.prefixes.state(at);
        let expected = self.prefixes.row_state(&state);
        let row = self.subject.row;
        let class = self.found.first().map_or(Class::Unverifiable, |first| first.class);
        let best = self.found.iter().take_while(|one| one.rank == 1);
        let in_flight = self.windows.end.end() - self.windows.end.start();
        Diagnosis {
            class,
            tie: best.count() > 1,
            differences: row.differences(&expected),
            expected,
            actual: row.row.as_ref().map(super::row::Row::to_value).unwrap_or_default(),
            version: at as u64,
            in_flight: in_flight as u64,
            hypotheses: self.found,
            not_searched,
        }
    }

    /// After how many events the state is that the row should be: the one it is, where the log grew
    /// meanwhile, else the last.
    fn expected_after(&self) -> usize {
        let window = *self.windows.end.start()..=*self.windows.end.end();
        let last = self.prefixes.len();
        let fresh = window.clone().rev().find(|at| self.prefixes.fits(*at));
        fresh.unwrap_or(*window.end()).min(last)
    }
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
