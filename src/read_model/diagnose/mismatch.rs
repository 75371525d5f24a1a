//! Rows that nothing explains, or that cannot be judged.
//!
//! Promises: a mismatch says of each wrong column when the log last had its value and what changes
//! it; where history is missing, values that fit by chance are not believed.
//! Does not know: how the other hypotheses were found.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Judge;
use super::class::{Class, ColumnEvidence, EventRef, Evidence, Strength};
use crate::model::{Reason, ReasonKind};

impl Judge<'_> {
    /// Judges what is left: where history is missing, that it cannot be known; else that nothing
    /// explains the row.
    pub(super) fn judge_unexplained(&mut self) {
        let unknown = self.unknown();
        let is_explained = self.found.iter().any(|one| one.evidence.strength < Strength::Fit);
        if !unknown.is_empty() {
            if !is_explained {
                let words =
                    format!("what the row should be cannot be known: {}", unknown.join("; "));
                let evidence =
                    Evidence { strength: Strength::Commits, unknown, ..Evidence::default() };
                self.add(Class::Unverifiable, evidence, None, words);
            }
            return;
        }
        if !self.found.is_empty() {
            return;
        }
        let at = self.expected_after();
        let columns: Vec<ColumnEvidence> = self.columns(at);
        let event = columns.iter().find_map(|column| column.last_held_after.clone());
        let names: Vec<&str> = columns.iter().map(|column| &*column.column).collect();
        let never: Vec<&str> = columns
            .iter()
            .filter(|column| column.last_held_after.is_none())
            .map(|column| &*column.column)
            .collect();
        let words = if names.is_empty() {
            "no history leads to this row: a manual edit, a second writer, or another projection than this one".to_owned()
        } else if never.is_empty() {
            format!(
                "no history leads to this row: {} held other values; look for a second writer or an error in the handler",
                names.join(", ")
            )
        } else {
            format!(
                "no history leads to this row: {} never held this value; a manual edit, a second writer, or another projection than this one (a column that no event sets belongs into `ignore`)",
                never.join(", ")
            )
        };
        let evidence = Evidence { strength: Strength::Fit, columns, ..Evidence::default() };
        self.add(Class::ProjectionMismatch, evidence, event, words);
    }

    /// Why it cannot be known what the row should be.
    fn unknown(&self) -> Vec<String> {
        let mut unknown = Vec::new();
        if self.prefixes.events().is_empty()
            && self.subject.row.row.is_some()
            && self.starts_anywhere_late()
        {
            unknown.push("the log has no event of this entity, and does not begin at 0".to_owned());
        } else if self.is_incomplete() {
            let is_loss = |reason: &&Reason| {
                !matches!(
                    reason.kind,
                    ReasonKind::Aborted | ReasonKind::OpenTransaction | ReasonKind::Decode
                )
            };
            let reasons = self.subject.completeness.reasons.iter().filter(is_loss);
            unknown.extend(reasons.map(|reason| reason.detail.clone()));
            if unknown.is_empty() {
                unknown.push("the entity's versions have gaps".to_owned());
            }
        }
        let nothing_taken = !self.prefixes.events().is_empty()
            && self.subject.row.row.is_some()
            && self.prefixes.columns.iter().all(|column| column.changed.last() == Some(&0));
        if nothing_taken && unknown.is_empty() {
            unknown.push(format!("{} takes none of the events", self.prefixes.fold.name()));
        }
        unknown
    }

    /// Whether any partition begins later than at 0.
    fn starts_anywhere_late(&self) -> bool {
        self.subject.starts.values().any(|start| *start > 0)
    }

    /// What is known of each column that is wrong after this many events.
    fn columns(&self, at: usize) -> Vec<ColumnEvidence> {
        let columns = self.prefixes.columns.iter().skip(1).zip(&self.subject.row.compared);
        let wrong = columns.filter(|(column, _)| !column.fits.get(at).copied().unwrap_or(false));
        let evidence = wrong.map(|(column, compared)| {
            let held = column.fits.iter().rposition(|fits| *fits);
            let changing =
                (1..column.changed.len()).filter(|number| column.changed[*number] == *number);
            let types: BTreeSet<Arc<str>> = changing
                .filter_map(|number| Some(Arc::clone(&self.prefixes.event(number)?.event_type)))
                .collect();
            ColumnEvidence {
                column: Arc::clone(&compared.column),
                last_held_after: held
                    .and_then(|number| self.prefixes.event(number))
                    .map(EventRef::new),
                changed_by: types.into_iter().collect(),
            }
        });
        evidence.collect()
    }
}
