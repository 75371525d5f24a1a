//! The incident of the reference system in the sandbox: over its real log, with its dashboard's
//! projection.

#![cfg(test)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use foldback::demo::seed::INCIDENT_ORDER;
use foldback::demo::{Milestone, Options, start};
use foldback::model::{Cancel, EntityId, Isolation};
use foldback::partition_log::Keeping;
use foldback::sandbox::{Anomaly, Invariant, Schedule, Trial};
use foldback::workspace::sandbox::demo_chapter::{
    CARELESS_CONSUMER, DASHBOARD_FILE, DASHBOARD_SCRIPT, MENDED_CONSUMER, incident_schedule,
};
use foldback::workspace::sandbox::{Projection, TrialQuestion};
use foldback::workspace::{ORDER_EVENTS, Session};

/// 2026-11-23T12:00:00Z.
const NOW_MS: i64 = 1_795_435_200_000;

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

#[test]
fn the_incident_fails_for_the_careless_consumer_and_passes_for_the_mended_one() {
    let options = Options { orders: 60, traffic: false, ..Options::embedded(NOW_MS) };
    let running = start(&options).unwrap();
    loop {
        match running.milestones().recv_timeout(PATIENCE).unwrap() {
            Milestone::Seeded { .. } => {}
            Milestone::Ready(_) => break,
            Milestone::Failed(problem) => panic!("the demo failed: {problem}"),
        }
    }
    let session = Session::open(
        running.settings(),
        None,
        Isolation::Committed,
        Cancel::new(),
        Keeping::nothing(),
    )
    .unwrap();
    let question = TrialQuestion {
        topics: vec![ORDER_EVENTS.into()],
        partitions: Vec::new(),
        entities: Vec::new(),
    };
    let history = session.trial_history(&question, &mut |_| {}).unwrap();
    assert!(history.events.len() > 100, "{} events were read", history.events.len());
    let order = EntityId::new(INCIDENT_ORDER);
    let schedule = incident_schedule(&history.events, &order).unwrap();
    let schedule = Schedule::from_json(&schedule.to_json()).unwrap();

    let folder = tempfile::tempdir().unwrap();
    fs_err::write(folder.path().join(DASHBOARD_FILE), DASHBOARD_SCRIPT).unwrap();
    let dashboard = Projection::named(DASHBOARD_FILE, folder.path(), None).unwrap();
    let source = Arc::new(dashboard.source(history.events).unwrap());
    let trial = Trial::new(source, Arc::clone(dashboard.fold()));

    let careless = trial.record(CARELESS_CONSUMER, &schedule).unwrap();
    let found = careless.outcome().counterexample(Invariant::I1).unwrap();
    assert_eq!(found.anomaly, Anomaly::WrongState);
    let rows: BTreeMap<String, String> =
        careless.final_states().map(|(row, state)| (row.to_string(), state.to_json())).collect();
    let log: BTreeMap<String, String> =
        trial.expected_states().map(|(row, state)| (row.to_string(), state.to_json())).collect();
    assert_eq!(rows[INCIDENT_ORDER], r#"{"status":"CREATED","total":"129.90"}"#);
    assert_eq!(log[INCIDENT_ORDER], r#"{"status":"SHIPPED","total":"129.90"}"#);
    let wrong = rows.iter().filter(|(row, state)| log[*row] != **state).count();
    assert!(wrong <= 3, "a poll has three records, and {wrong} rows are wrong");

    let mended = trial.record(MENDED_CONSUMER, &schedule).unwrap();
    assert!(mended.outcome().survives(), "{:?}", mended.outcome());
    for (row, state) in mended.final_states() {
        assert_eq!(state.to_json(), log[&row.to_string()], "{row}");
    }
    assert!(mended.outcome().stops.is_empty(), "it reads to the end");
}
