//! Virtual consumers in a sandbox: the matrix, a schedule, and two projections against each other.
//!
//! Promises: matrix and run are what the sandbox makes of the events of three orders; only states
//! beside each other are made by hand.
//! Does not know: how clusters are read.

use std::path::PathBuf;
use std::sync::Arc;

use egui::{Key, Modifiers, Theme, Vec2};
use foldback::fold::diff;
use foldback::model::{JsonPointer, Value};
use foldback::sandbox::{Consumer, MatrixQuestion, Recording, Schedule, Trial};
use foldback::workspace::projection::EventOrder;
use foldback::workspace::sandbox::{
    ComparisonChoice, ComparisonView, DivergenceDetail, DivergenceRow, Fixture, MatrixChoice,
    MatrixView, MomentView, Projection, RunView, TrialCommand, TrialView,
};
use foldback::workspace::{
    Command, CompareRow, Fetch, HistoryChoice, Problem, SandboxCommand, SandboxKey, SandboxView,
    ScriptFile, Snapshot, TreeRow, ValueKind,
};

use crate::harness::{Test, Use as _, open_as};
use crate::scenes;

/// The events of three orders, in the words of a fixture.
fn fixture() -> String {
    let types = ["OrderCreated", "ItemAdded", "ItemAdded", "OrderShipped"];
    let line = |number: usize| {
        let (order, turn) = (number % 3, number / 3);
        let status = if turn == 3 { "SHIPPED" } else { "CREATED" };
        format!(
            r#"{{"topic":"order-events","partition":{},"offset":{},"timestamp":{},"key":"order-{}","type":"{}",
                "value":{{"status":"{status}","total":"{}.50","items":{turn}}}}}"#,
            order % 2,
            if order % 2 == 0 { turn * 2 + order / 2 } else { turn },
            1_795_435_200_000_u64 + number as u64 * 1000,
            1040 + order,
            types[turn],
            turn * 40 + 20,
        )
    };
    let lines: Vec<String> = (0..12).map(line).collect();
    format!(r#"{{"fixture":1,"projection":"merge","given":[{}]}}"#, lines.join(","))
}

/// These events with a projection that merges them.
fn trial() -> Trial {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.fixture.json");
    fs_err::write(&file, fixture()).unwrap();
    let given = Fixture::load(&file).unwrap().given;
    let projection = Projection::named("merge", folder.path(), None).unwrap();
    let source = projection.source_with_ids(given).unwrap();
    Trial::new(Arc::new(source), Arc::clone(projection.fold()))
}

/// The matrix of all faults and consumers.
pub(crate) fn matrix() -> MatrixView {
    let choice = MatrixChoice::default();
    let question = MatrixQuestion {
        faults: choice.faults.clone(),
        consumers: choice.consumers.clone(),
        seed: choice.seed,
        runs: choice.runs,
        workers: 2,
    };
    let trial = trial();
    let cells = trial.matrix(&question, &foldback::model::Cancel::new(), &|_, _| {}).unwrap();
    MatrixView::new(choice, trial.source().len() as u64, &cells, 1_240)
}

/// The run of a consumer that commits before it applies, and dies at the shipping of an order.
fn recording(consumer: Consumer) -> Recording {
    let schedule = r#"{"version":1,"seed":1,"members":2,"poll_records":3,"commit":"before_apply",
        "faults":[{"fault":"F3","at":"order-events-0@7"}]}"#;
    trial().record(consumer, &Schedule::from_json(schedule).unwrap()).unwrap()
}

/// Two flat states beside each other.
fn beside(from: &Value, to: &Value) -> Arc<[CompareRow]> {
    let changes = diff(from, to);
    let members = to.as_object().into_iter().chain(from.as_object());
    let mut rows: Vec<CompareRow> = Vec::new();
    for (name, value) in members.flat_map(|members| members.iter()) {
        let path = JsonPointer::root().member(name);
        if rows.iter().any(|row| row.tree.path == path) {
            continue;
        }
        let text = |side: &Value| side.get(name).map(|value| Arc::from(value.to_json()));
        let change = changes.iter().find(|change| change.path == path).map(|change| change.kind);
        let tree = TreeRow {
            depth: 0,
            path,
            name: Arc::clone(name),
            kind: ValueKind::String,
            text: value.to_json().into(),
            value: value.clone(),
            descendants: 0,
        };
        let left = from.get(name).cloned();
        rows.push(CompareRow { tree, left, from: text(from), to: text(to), change });
    }
    rows.into()
}

/// The view of a run after this many steps; at the end of those there are when `None`.
pub(crate) fn run_view(consumer: Consumer, steps: Option<usize>) -> TrialView {
    let recording = recording(consumer);
    let run = RunView::new(&recording);
    let steps = steps.unwrap_or(run.marks.len());
    let (moment, (shown, correct)) = MomentView::new(&recording, steps, run.first_row());
    TrialView {
        row: beside(&shown, &correct),
        run: Fetch::Ready(Arc::new(run)),
        moment: Some(Arc::new(moment)),
        ..TrialView::default()
    }
}

/// The sandbox of the shop's dashboard.
fn key() -> SandboxKey {
    SandboxKey::File("/shop/dashboard.js".into())
}

/// A workspace in which it is open, with this of virtual consumers.
pub(crate) fn opened(trial: TrialView) -> Snapshot {
    let script = ScriptFile { name: "dashboard.js".into(), path: "/shop/dashboard.js".into() };
    let mut view = SandboxView::new(key(), HistoryChoice::topic("order-events".into()));
    view.text = Some("fromAll().when({});".into());
    view.trial = trial;
    Snapshot {
        scripts: Fetch::Ready(Arc::new([script])),
        sandbox_views: vec![Arc::new(view)],
        ..scenes::connected()
    }
}

/// A window with the sandbox in front, at one of its parts.
fn at_as(part: &str, trial: TrialView, theme: Theme, size: Vec2) -> Test {
    let mut test = open_as(opened(trial), theme, size);
    test.press("Projections");
    test.press("dashboard.js");
    test.press(part);
    test.take_sent();
    test
}

/// A dark window of the usual size.
pub(crate) fn at(part: &str, trial: TrialView) -> Test {
    at_as(part, trial, Theme::Dark, Vec2::new(1280.0, 800.0))
}

/// What was asked of virtual consumers.
fn asked(test: &mut Test) -> Vec<TrialCommand> {
    let asked = test.take_sent().into_iter().filter_map(|command| match command {
        Command::Sandbox(_, SandboxCommand::Trial(command)) => Some(command),
        _ => None,
    });
    asked.collect()
}

#[test]
fn every_fault_is_tried_with_one_click() {
    let mut test = at("Matrix", TrialView::default());
    test.press("Try every fault");
    let choice = MatrixChoice::default();
    assert_eq!(asked(&mut test), [TrialCommand::RunMatrix(choice)]);
}

#[test]
fn a_cell_says_what_broke_and_a_click_opens_its_schedule() {
    let matrix = matrix();
    let cell = matrix.cells.iter().find(|cell| !cell.broken.is_empty()).unwrap().clone();
    let words = format!("{} {}: breaks {}", cell.fault, cell.consumer, cell.label());
    let mut test =
        at("Matrix", TrialView { matrix: Fetch::Ready(Arc::new(matrix)), ..TrialView::default() });
    test.press(&words);
    let opened = TrialCommand::Open(cell.consumer, cell.schedule.unwrap());
    assert_eq!(asked(&mut test), [opened]);
    assert!(test.shows("No schedule is open"), "the schedule's part is in front");
    test.assert_idle("a schedule that is not there");
}

/// A matrix of which the first rows are there.
fn begun() -> TrialView {
    let whole = matrix();
    let begun = MatrixView { cells: whole.cells.iter().take(30).cloned().collect(), ..whole };
    TrialView {
        matrix: Fetch::Pending(Some(Arc::new(begun))),
        matrix_done: Some((30, 180)),
        ..TrialView::default()
    }
}

#[test]
fn a_matrix_that_is_worked_out_says_how_far_it_is_and_can_be_stopped() {
    let mut test = at("Matrix", begun());
    assert!(test.shows("30 of 180 cells"), "progress");
    assert!(test.shows("F1 naive: breaks"), "the first rows are there");
    assert!(!test.shows("F6 naive"), "the others are not");
    test.press("Stop the matrix");
    assert_eq!(asked(&mut test), [TrialCommand::Stop]);
    let matrix = Fetch::Ready(Arc::clone(begun().matrix.latest().unwrap()));
    test.publish(opened(TrialView { matrix, ..TrialView::default() }));
    assert!(test.shows("stopped early"), "what was worked out stays");
}

#[test]
fn fewer_faults_and_another_seed_are_asked_for() {
    let mut test = at(
        "Matrix",
        TrialView { matrix: Fetch::Ready(Arc::new(matrix())), ..TrialView::default() },
    );
    test.focus("Seed");
    test.key(Modifiers::COMMAND, Key::A);
    test.type_text("7");
    test.press("Run the matrix");
    let expected = MatrixChoice { seed: 7, ..MatrixChoice::default() };
    assert_eq!(asked(&mut test), [TrialCommand::RunMatrix(expected)]);
}

#[test]
fn a_run_is_stepped_through_by_buttons_and_keys() {
    let trial = run_view(Consumer::Naive, Some(5));
    let run = Arc::clone(trial.run.latest().unwrap());
    let mut test = at("Schedule", trial);
    assert!(test.shows("step 5 of"), "where the run stands");
    test.press("Step forward");
    assert_eq!(asked(&mut test), [TrialCommand::GoTo(6)]);
    test.key(Modifiers::NONE, Key::ArrowLeft);
    assert_eq!(asked(&mut test), [TrialCommand::GoTo(4)]);
    test.key(Modifiers::NONE, Key::End);
    assert_eq!(asked(&mut test), [TrialCommand::GoTo(run.marks.len())]);
    test.press("To the next broken invariant");
    assert_eq!(asked(&mut test), [TrialCommand::GoTo(run.next_finding(5).unwrap())]);
    test.assert_idle("a run");
}

#[test]
fn what_broke_is_named_and_the_row_stands_beside_what_it_should_be() {
    let test = at("Schedule", run_view(Consumer::Naive, None));
    assert!(test.shows("Breaks I1"), "which invariant");
    assert!(test.shows("Row order-1042, wrong"), "which row");
    assert!(test.shows("status \"CREATED\", right: \"SHIPPED\""), "as it is and as it should be");
    assert!(test.shows("Member 1 working"), "who is there");
}

#[test]
fn a_consumer_that_survives_says_so_and_another_one_can_be_tried() {
    let trial = run_view(Consumer::TransactionalPosition, None);
    let run = Arc::clone(trial.run.latest().unwrap());
    let mut test = at("Schedule", trial);
    assert!(test.shows("holds every invariant"), "the verdict");
    test.press("Consumer: transactional-position");
    test.press("naive");
    let expected = TrialCommand::Open(Consumer::Naive, Arc::clone(&run.schedule));
    assert_eq!(asked(&mut test), [expected]);
}

#[test]
fn a_run_is_saved_as_a_test_and_its_schedule_as_a_file() {
    let mut test = at("Schedule", run_view(Consumer::Naive, None));
    test.press("Keep this run as a test");
    test.press("Write the test");
    let file = PathBuf::from("fixtures/F3-naive.fixture.json");
    assert_eq!(asked(&mut test), [TrialCommand::SaveTest(file)]);
    test.press("Save the schedule into a file");
    test.key(Modifiers::NONE, Key::Tab);
    test.press("Save");
    let sent = asked(&mut test);
    assert!(matches!(&sent[..], [TrialCommand::SaveSchedule(_)]), "{sent:?}");
    let written = Some(Ok(PathBuf::from("/shop/fixtures/F3-naive.fixture.json")));
    test.publish(opened(TrialView { written, ..run_view(Consumer::Naive, None) }));
    assert!(test.shows("written: /shop/fixtures/F3-naive.fixture.json"), "what came of it");
}

#[test]
fn a_schedule_is_changed_as_text_and_what_is_wrong_with_it_is_told() {
    let mut test = at("Schedule", run_view(Consumer::Naive, None));
    test.press("Edit the schedule as text");
    test.press("Run the schedule as it is written");
    let sent = asked(&mut test);
    let [TrialCommand::OpenText(Consumer::Naive, text)] = &sent[..] else { panic!("{sent:?}") };
    assert!(text.contains("\"commit\": \"before_apply\""), "{text}");
    let trial = run_view(Consumer::Naive, None);
    let problem = Problem::new("the schedule, line 3, column 1: unknown field `sed`");
    let run = Fetch::Failed(problem, trial.run.latest().cloned());
    test.publish(opened(TrialView { run, ..trial }));
    assert!(test.shows("The schedule, line 3"), "with its line");
}

/// What differs between two projections.
pub(crate) fn comparison() -> TrialView {
    let row = |number: u64| DivergenceRow {
        name: format!("order-{number}").into(),
        since: format!("since OrderShipped order-events-0@{number}").into(),
        position: Some("order-events-0@7".parse().unwrap()),
    };
    let state = |status: &str| {
        Value::object([("status", Value::from(status)), ("total", Value::from("129.90"))])
    };
    let found = ComparisonView {
        choice: ComparisonChoice { other: Some("new.js".into()), order: EventOrder::Log },
        names: ["dashboard.js".into(), "new.js".into()],
        compared: 60,
        differing: 3,
        divergences: (1040..1043).map(row).collect(),
        failures: [None, None],
        hints: [Arc::default(), Arc::new(["no handler takes `OrderNoted` (1 event)".into()])],
    };
    let detail = DivergenceDetail {
        number: 0,
        first: beside(&state("CREATED"), &state("SHIPPED")),
        end: beside(&state("CREATED"), &state("DELIVERED")),
    };
    TrialView {
        comparison: Fetch::Ready(Arc::new(found)),
        divergence: Some(Arc::new(detail)),
        ..TrialView::default()
    }
}

#[test]
fn two_projections_are_compared_and_their_states_stand_beside_each_other() {
    let mut test = at("A against B", comparison());
    assert!(test.shows("3 of 60 results differ"), "how many");
    assert!(test.shows("status \"CREATED\", right: \"SHIPPED\""), "at the first difference");
    test.press("At the end");
    assert!(test.shows("status \"CREATED\", right: \"DELIVERED\""), "in the end");
    test.press("order-1041");
    assert_eq!(asked(&mut test), [TrialCommand::ShowDivergence(1)]);
    test.focus("Script of B");
    test.type_text("other.js");
    test.press("Compare A with B");
    let choice = ComparisonChoice { other: Some("other.js".into()), order: EventOrder::Log };
    assert_eq!(asked(&mut test), [TrialCommand::Compare(choice)]);
    test.assert_idle("a comparison");
}

#[test]
fn pictures_of_virtual_consumers() {
    let sizes = [Vec2::new(640.0, 400.0), Vec2::new(1280.0, 800.0), Vec2::new(2560.0, 1440.0)];
    let matrix = Arc::new(matrix());
    for (theme, name) in [(Theme::Dark, "dark"), (Theme::Light, "light")] {
        for size in sizes {
            let tried = Fetch::Ready(Arc::clone(&matrix));
            let scenes = [
                ("Matrix", "matrix", TrialView { matrix: tried, ..TrialView::default() }),
                ("Matrix", "matrix-empty", TrialView::default()),
                ("Matrix", "matrix-begun", begun()),
                ("Schedule", "schedule", run_view(Consumer::Naive, None)),
                ("Schedule", "schedule-held", run_view(Consumer::TransactionalPosition, Some(9))),
                ("Schedule", "schedule-empty", TrialView::default()),
                ("A against B", "comparison", comparison()),
            ];
            for (part, what, trial) in scenes {
                let mut test = at_as(part, trial, theme, size);
                test.picture(&format!("consumers-{what}-{}-{name}", size.x));
                test.assert_idle(what);
            }
        }
    }
}
