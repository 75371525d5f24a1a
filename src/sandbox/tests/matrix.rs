//! The matrix: which cells there are, that threads do not matter, that what was shrunk still fails.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::fold::{Effect, Fold};
use crate::model::{Cancel, Value};

/// The cells of all faults and consumers over a history.
fn matrix(trial: &Trial, seed: u64, workers: usize) -> Vec<Cell> {
    let question = MatrixQuestion {
        faults: FaultName::all().collect(),
        consumers: Consumer::ALL.to_vec(),
        seed,
        runs: 2,
        workers,
    };
    trial.matrix(&question, &Cancel::new(), &|_, _| {}).unwrap()
}

/// The cell of a fault and a consumer.
fn cell(cells: &[Cell], fault: &str, consumer: Consumer) -> Cell {
    let fault: FaultName = fault.parse().unwrap();
    let found = cells.iter().find(|cell| cell.faults == [fault] && cell.consumer == consumer);
    found.unwrap().clone()
}

#[test]
fn the_same_seed_gives_the_same_cells_on_one_thread_and_on_many() {
    let trial = trial(history(), "merge");
    let one = matrix(&trial, 7, 1);
    assert_eq!(one, matrix(&trial, 7, 4));
    let order: Vec<(FaultName, Consumer)> =
        FaultName::all().flat_map(|fault| Consumer::ALL.map(|one| (fault, one))).collect();
    assert_eq!(one.iter().map(|cell| (cell.faults[0], cell.consumer)).collect::<Vec<_>>(), order);
    assert_ne!(one, matrix(&trial, 8, 4), "another seed looks elsewhere");
}

#[test]
fn the_cells_of_a_fault_are_the_same_whichever_faults_are_tried_beside_it() {
    let trial = trial(history(), "count");
    let all = matrix(&trial, 7, 2);
    let columns = Consumer::ALL.len();
    for (fault, row) in FaultName::all().zip(all.chunks(columns)).step_by(7) {
        let question = MatrixQuestion {
            faults: vec![fault],
            consumers: Consumer::ALL.to_vec(),
            seed: 7,
            runs: 2,
            workers: 1,
        };
        assert_eq!(trial.matrix(&question, &Cancel::new(), &|_, _| {}).unwrap(), row);
    }
}

#[test]
fn what_is_shrunk_still_fails_after_it_was_read_from_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("schedule.json");
    for fold in ["count", "merge"] {
        let trial = trial(history(), fold);
        let cells = matrix(&trial, 3, 2);
        let broken: Vec<&Cell> = cells.iter().filter(|cell| !cell.broken.is_empty()).collect();
        assert!(40 < broken.len(), "{} cells are broken", broken.len());
        for cell in broken {
            let schedule = cell.schedule.as_ref().unwrap();
            fs_err::write(&file, schedule.to_json()).unwrap();
            let read = Schedule::from_json(&fs_err::read_to_string(&file).unwrap()).unwrap();
            assert_eq!(read, *schedule);
            let outcome = trial.run(cell.consumer, &read).unwrap();
            let invariant = *cell.broken.first().unwrap();
            assert!(
                !outcome.holds(invariant),
                "{} {} {invariant}",
                cell.fault_text(),
                cell.consumer
            );
            assert_eq!(outcome.counterexample(invariant), cell.counterexample.as_ref());
            let events = read.events.as_ref().map_or(20, Vec::len);
            assert!(
                events <= 6 && read.faults.len() == 1,
                "{}: {}",
                cell.fault_text(),
                read.to_json()
            );
        }
    }
}

#[test]
fn a_crash_that_doubles_an_event_needs_that_event_alone() {
    let cells = matrix(&trial(history(), "count"), 1, 2);
    let cell = cell(&cells, "F1", Consumer::Naive);
    let schedule = cell.schedule.unwrap();
    assert_eq!((schedule.members, schedule.poll_records), (1, 1));
    assert_eq!(schedule.events.as_ref().map(Vec::len), Some(1));
    assert_eq!(schedule.faults[0].at(), schedule.events.unwrap().first());
    let found = cell.counterexample.unwrap();
    assert_eq!(found.expected.unwrap().to_json(), r#"{"events":1,"by_type":{"Changed":1}}"#);
    assert_eq!(found.actual.unwrap().to_json(), r#"{"events":2,"by_type":{"Changed":2}}"#);
}

#[test]
fn a_fault_that_cannot_happen_to_a_history_says_why_and_breaks_nothing() {
    let one = vec![given("a", event("orders", 0, 0, "Changed", "{}"))];
    let cells = matrix(&trial(one, "merge"), 1, 1);
    let order = cell(&cells, "F9", Consumer::Naive);
    assert_eq!(order.not_applicable, Some("the history has one partition alone"));
    assert!(order.broken.is_empty() && order.schedule.is_none() && order.runs == 0);
    assert!(cell(&cells, "F12", Consumer::Naive).not_applicable.is_some(), "no second batch");
    let empty = matrix(&trial(Vec::new(), "merge"), 1, 1);
    assert!(empty.iter().all(|cell| cell.not_applicable.is_some()), "nothing can happen");
}

#[test]
fn an_order_that_matters_names_the_two_events() {
    let trial = trial(order_in_two_partitions(), "merge");
    let question = MatrixQuestion {
        faults: vec!["F9".parse().unwrap()],
        consumers: vec![Consumer::Naive, Consumer::SequenceGuarded],
        seed: 1,
        runs: 3,
        workers: 1,
    };
    let cells = trial.matrix(&question, &Cancel::new(), &|_, _| {}).unwrap();
    assert_eq!(cells[0].broken.iter().copied().collect::<Vec<_>>(), [Invariant::I1]);
    let order = cells[0].order.as_ref().unwrap();
    assert_ne!(order.in_log_order, order.exchanged);
    assert!(cells[1].broken.is_empty() && cells[1].order.is_none(), "{:?}", cells[1]);
    assert_eq!(cells[1].runs, 5, "three by chance and each partition first");
}

#[test]
fn a_cancelled_matrix_says_so() {
    let cancel = Cancel::new();
    cancel.cancel();
    let question = MatrixQuestion {
        faults: vec!["F1".parse().unwrap()],
        consumers: vec![Consumer::Naive],
        seed: 1,
        runs: 1,
        workers: 2,
    };
    let ended = trial(history(), "merge").matrix(&question, &cancel, &|_, _| {});
    assert_eq!(ended, Err(MatrixError::Cancelled));
}

/// A fold that throws a switch when it has applied so many events.
#[derive(Debug)]
struct Cancelling {
    /// What it does beside that.
    fold: Arc<dyn Fold>,
    /// How many events it has applied.
    applied: AtomicUsize,
    /// How many it applies before it throws the switch.
    limit: AtomicUsize,
    /// The switch.
    cancel: Cancel,
}

impl Fold for Cancelling {
    fn name(&self) -> &str {
        self.fold.name()
    }

    fn apply(&self, state: &mut Value, event: &Event) -> Effect {
        if self.limit.load(Ordering::Relaxed) < self.applied.fetch_add(1, Ordering::Relaxed) + 1 {
            self.cancel.cancel();
        }
        self.fold.apply(state, event)
    }
}

/// How many events are applied after a matrix of one cell was cancelled, so many events after its
/// beginning.
fn applied_after_cancelling(fault: &str, applied: usize) -> usize {
    let fold = Arc::new(Cancelling {
        fold: builtin("count").unwrap(),
        applied: AtomicUsize::new(0),
        limit: AtomicUsize::new(usize::MAX),
        cancel: Cancel::new(),
    });
    let trial = Trial::new(Arc::new(Source::new(history())), Arc::clone(&fold) as Arc<dyn Fold>);
    let limit = fold.applied.load(Ordering::Relaxed) + applied;
    fold.limit.store(limit, Ordering::Relaxed);
    let question = MatrixQuestion {
        faults: vec![fault.parse().unwrap()],
        consumers: vec![Consumer::Naive],
        seed: 7,
        runs: 40,
        workers: 1,
    };
    let ended = trial.matrix(&question, &fold.cancel, &|_, _| {});
    assert_eq!(ended.unwrap_err(), MatrixError::Cancelled);
    fold.applied.load(Ordering::Relaxed) - limit
}

#[test]
fn cancelling_ends_a_cell_after_the_run_that_is_being_made() {
    // A run of this history applies some twenty events, twice; 40 of them apply hundreds.
    for applied in [0, 30, 300] {
        let after = applied_after_cancelling("F1", applied);
        assert!(after <= 60, "{after} events were applied after cancelling at {applied}");
    }
}
