//! The matrix of faults and consumers, ready to be drawn.
//!
//! Promises: a cell says in words what became of its consumer; rows are faults in the order they
//! were asked for, columns consumers; a matrix is the same whenever seed and history are.
//! Does not know: how cells were worked out.

use std::sync::Arc;

use crate::sandbox::{Cell, Consumer, FaultName, Invariant, Schedule};

/// Which matrix is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatrixChoice {
    /// The faults, in their order.
    pub faults: Vec<FaultName>,
    /// The consumers, in their order.
    pub consumers: Vec<Consumer>,
    /// Decides where faults happen.
    pub seed: u64,
    /// How many schedules each fault is tried with.
    pub runs: u32,
}

impl Default for MatrixChoice {
    /// Everything, once.
    fn default() -> Self {
        Self {
            faults: FaultName::all().collect(),
            consumers: Consumer::ALL.to_vec(),
            seed: 1,
            runs: 1,
        }
    }
}

/// What became of a consumer under a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellVerdict {
    /// All invariants held.
    Held,
    /// Some did not.
    Broke,
    /// The fault cannot happen to this history.
    NotApplicable,
}

/// A cell of the matrix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellView {
    /// The fault.
    pub fault: FaultName,
    /// The consumer.
    pub consumer: Consumer,
    /// What became of it.
    pub verdict: CellVerdict,
    /// The invariants that broke.
    pub broken: Arc<[Invariant]>,
    /// What shows the first of them, or why nothing broke, in words.
    pub words: Arc<str>,
    /// How many schedules were tried.
    pub runs: usize,
    /// The schedule to look at: the smallest that breaks the first invariant; one that was survived
    /// where none broke.
    pub schedule: Option<Arc<Schedule>>,
}

/// A matrix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatrixView {
    /// What was asked for.
    pub choice: MatrixChoice,
    /// How many events the history has.
    pub events: u64,
    /// The cells, row by row, as far as they are worked out.
    pub cells: Arc<[CellView]>,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

impl MatrixView {
    /// The matrix of these cells.
    pub fn new(choice: MatrixChoice, events: u64, cells: &[Cell], took_ms: u64) -> Self {
        Self { choice, events, cells: cells.iter().map(CellView::new).collect(), took_ms }
    }

    /// Whether all its cells are there.
    pub fn is_whole(&self) -> bool {
        self.cells.len() == self.choice.faults.len() * self.choice.consumers.len()
    }

    /// The cell of the fault and the consumer with these numbers; none while it is not worked out.
    pub fn cell(&self, fault: usize, consumer: usize) -> Option<&CellView> {
        self.cells.get(fault * self.choice.consumers.len() + consumer)
    }

    /// How many cells have this verdict.
    pub fn count(&self, verdict: CellVerdict) -> usize {
        self.cells.iter().filter(|cell| cell.verdict == verdict).count()
    }
}

impl CellView {
    /// The cell, with what is said of it.
    fn new(cell: &Cell) -> Self {
        let verdict = if cell.not_applicable.is_some() {
            CellVerdict::NotApplicable
        } else if cell.broken.is_empty() {
            CellVerdict::Held
        } else {
            CellVerdict::Broke
        };
        Self {
            fault: *cell.faults.first().expect("a cell of a matrix has one fault"),
            consumer: cell.consumer,
            verdict,
            broken: cell.broken.iter().copied().collect(),
            words: words(cell).into(),
            runs: cell.runs,
            schedule: cell.schedule.clone().map(Arc::new),
        }
    }

    /// What stands in the cell: the invariants that broke, or a word.
    pub fn label(&self) -> String {
        match self.verdict {
            CellVerdict::Held => "holds".to_owned(),
            CellVerdict::NotApplicable => "–".to_owned(),
            CellVerdict::Broke => {
                let names: Vec<&str> = self.broken.iter().map(|one| one.as_str()).collect();
                names.join(" ")
            }
        }
    }
}

/// What became of a cell, in words.
fn words(cell: &Cell) -> String {
    if let Some(reason) = cell.not_applicable {
        return format!("cannot happen here: {reason}");
    }
    if let Some(found) = &cell.counterexample {
        return found.words();
    }
    match cell.stops.first() {
        Some(stop) => format!("stops at {} and says so: {}", stop.position, stop.why.words()),
        None => "all invariants hold".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::sandbox::{Standstill, Stop};

    /// A cell of the first fault.
    fn cell(broken: &[Invariant]) -> Cell {
        Cell {
            faults: FaultName::all().take(1).collect(),
            consumer: Consumer::Naive,
            not_applicable: None,
            broken: broken.iter().copied().collect::<BTreeSet<_>>(),
            runs: 3,
            schedule: Some(Schedule::default()),
            counterexample: None,
            stops: Vec::new(),
            order: None,
        }
    }

    #[test]
    fn a_cell_says_what_broke_what_stopped_and_what_cannot_be() {
        let stop = Stop { position: "t-0@7".parse().unwrap(), why: Standstill::Poison };
        let cells = [
            cell(&[Invariant::I2, Invariant::I1]),
            Cell { stops: vec![stop], ..cell(&[]) },
            Cell { not_applicable: Some("the history is empty"), ..cell(&[]) },
            cell(&[]),
        ];
        let consumers = vec![Consumer::Naive, Consumer::UpsertByKey];
        let choice = MatrixChoice { consumers, ..MatrixChoice::default() };
        let view = MatrixView::new(choice, 9, &cells, 12);
        let labels: Vec<String> = view.cells.iter().map(CellView::label).collect();
        assert_eq!(labels, ["I1 I2", "holds", "–", "holds"]);
        assert_eq!(&*view.cells[1].words, "stops at t-0@7 and says so: a record cannot be handled");
        assert_eq!(&*view.cells[2].words, "cannot happen here: the history is empty");
        assert_eq!((view.count(CellVerdict::Held), view.count(CellVerdict::Broke)), (2, 1));
        assert_eq!(view.cell(1, 0).map(|cell| cell.verdict), Some(CellVerdict::NotApplicable));
    }
}
