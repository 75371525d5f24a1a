//! The second start: what was open on a connection is open on it again, and on no other.
//!
//! Promises: every start reads what the one before has written to disk.
//! Does not know: how the window arranges its tabs.

use std::path::Path;

use foldback::kafka::{EmbeddedCluster, EmbeddedTopic};
use foldback::model::{Isolation, JsonPointer};
use foldback::workspace::{
    ClockCommand, ClockPoint, Command, ConnectionChoice, ConnectionState, EngineOptions, JobState,
    JobSubject, Recent, RecentFile, RecordFilter, Snapshot, StartPosition, Target,
};
use tempfile::TempDir;

use crate::bench::{Bench, OTHER_TOPIC, TOPIC, order_1};

/// What a start is given that keeps its connections in this folder; it goes on with the last one.
fn options(folder: &Path) -> EngineOptions {
    let recent = Recent::load(Some(RecentFile::new(folder.join("recent.json"))));
    EngineOptions { connect: recent.to_go_on_with(None), recent, ..EngineOptions::default() }
}

/// A first start: nothing is remembered, and the user connects by an address.
fn first_start(bench: &mut Bench) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    bench.restart_with(|| options(folder.path()));
    let brokers = bench.brokers();
    bench.send(Command::Connect(ConnectionChoice::Brokers(brokers)));
    connected(bench);
    folder
}

/// Waits for the connection.
fn connected(bench: &Bench) {
    bench.wait("a connection", |snapshot| is_connected(snapshot).then_some(()));
}

/// Whether the connection stands.
fn is_connected(snapshot: &Snapshot) -> bool {
    matches!(snapshot.connection, ConnectionState::Connected(_))
}

#[test]
fn the_second_start_is_connected_again_with_the_same_things_open() {
    let mut bench = Bench::new();
    let folder = first_start(&mut bench);
    bench.send(Command::SetIsolation(Isolation::Uncommitted));
    bench.send(Command::OpenTopic(TOPIC.into()));
    bench.send(Command::Read(TOPIC.into(), StartPosition::Oldest(None)));
    let filter = RecordFilter { cel: "value.total > 3".into(), ..RecordFilter::default() };
    bench.send(Command::SetFilter(TOPIC.into(), filter.clone()));
    bench.open_order_1();
    bench.send(Command::SetFold(order_1(), "count".into()));
    let path = JsonPointer::parse("/by_type/OrderCreated");
    bench.send(Command::SelectPath(order_1(), path.clone()));
    bench.send(Command::Clock(ClockCommand::Set(ClockPoint::Time(2_500))));
    bench.wait_for_version(2);
    let number = bench.wait("tabs", |snapshot| Some(snapshot.tabs_of.number));
    bench.send(Command::Arrange(number, "two tabs".into()));

    bench.restart_with(|| options(folder.path()));
    let entity = bench.wait_for_version(2);
    assert_eq!((&*entity.fold, entity.selected_path.clone()), ("count", path));
    let snapshot = bench.wait("the records, and who changed the marked field", |snapshot| {
        let topic = snapshot.topic_view(TOPIC)?;
        let writers = &snapshot.entity_view(&order_1())?.path_writers;
        (topic.records_matching == 2 && **writers == [1]).then(|| snapshot.clone())
    });
    let topic = snapshot.topic_view(TOPIC).unwrap();
    assert_eq!((topic.start.clone(), &topic.filter), (Some(StartPosition::Oldest(None)), &filter));
    assert_eq!(snapshot.isolation, Isolation::Uncommitted);
    assert_eq!(snapshot.clock.at, ClockPoint::Time(2_500));
    assert_eq!(snapshot.tabs_of.arrangement.as_deref(), Some("two tabs"));
    let recent = &snapshot.recent_connections[0];
    assert_eq!((recent.brokers.clone(), recent.session.tab_count()), (bench.brokers(), 2));
}

#[test]
fn a_cluster_that_is_gone_is_told_and_its_tabs_open_when_it_is_tried_again() {
    let mut bench = Bench::new();
    let folder = first_start(&mut bench);
    bench.open_order_1();
    let text = fs_err::read_to_string(folder.path().join("recent.json")).unwrap_or_default();
    bench.restart_with(EngineOptions::default);
    let written = fs_err::read_to_string(folder.path().join("recent.json")).unwrap();
    assert_ne!(text, written, "it was put away at the end");

    // Nobody listens at this port.
    let gone = written.replace(&bench.brokers(), "127.0.0.1:1");
    fs_err::write(folder.path().join("recent.json"), gone).unwrap();
    bench.restart_with(|| options(folder.path()));
    let job = bench.wait("the job that connects", |snapshot| {
        snapshot.running(&JobSubject::Connection).map(|job| job.id)
    });
    bench.send(Command::CancelJob(job));
    bench.wait("that it was cancelled", |snapshot| {
        let ended = snapshot.jobs.iter().find(|known| known.id == job)?;
        let failed = matches!(snapshot.connection, ConnectionState::Failed(_));
        (ended.state == JobState::Cancelled && failed).then_some(())
    });
    bench.send(Command::Reconnect);
    bench.wait("another try", |snapshot| snapshot.running(&JobSubject::Connection).map(|_| ()));
    // Another window found the cluster at its address again.
    bench.restart_with(EngineOptions::default);
    let kept = fs_err::read_to_string(folder.path().join("recent.json")).unwrap();
    assert!(kept.contains("order-1"), "no tab was lost: {kept}");
    let back = kept.replace("127.0.0.1:1", &bench.brokers());
    fs_err::write(folder.path().join("recent.json"), back).unwrap();
    bench.restart_with(|| options(folder.path()));
    bench.wait_for_version(3);
}

#[test]
fn what_was_open_on_one_cluster_is_not_opened_on_another_at_the_same_address() {
    let mut bench = Bench::new();
    let folder = first_start(&mut bench);
    bench.open_order_1();
    bench.restart_with(EngineOptions::default);
    let file = folder.path().join("recent.json");
    let kept = fs_err::read_to_string(&file).unwrap();
    let topics = [EmbeddedTopic { name: TOPIC, partitions: 1 }];
    let other = EmbeddedCluster::start(&topics).unwrap();
    let theirs = other.settings(&[]).brokers;
    fs_err::write(&file, kept.replace(&bench.brokers(), &theirs)).unwrap();
    // Whatever ids embedded clusters have, the one that was remembered is another.
    let kept = fs_err::read_to_string(&file).unwrap();
    let id = kept.split("\"cluster_id\": ").nth(1).and_then(|rest| rest.split(',').next()).unwrap();
    let kept = kept.replace(&format!("\"cluster_id\": {id}"), "\"cluster_id\": \"another\"");
    fs_err::write(&file, kept).unwrap();
    bench.restart_with(|| options(folder.path()));
    let snapshot =
        bench.wait("a connection", |snapshot| is_connected(snapshot).then(|| snapshot.clone()));
    assert!(snapshot.entity_views.is_empty(), "nothing is opened");
    assert_eq!(snapshot.tabs_of.arrangement, None, "the window drops its tabs");
    let told =
        snapshot.notices.iter().any(|notice| notice.problem.what.contains("another cluster"));
    assert!(told, "it is told: {:?}", snapshot.notices);
}

#[test]
fn tabs_closed_while_the_connection_is_lost_stay_closed() {
    let mut bench = Bench::new();
    let _folder = first_start(&mut bench);
    bench.send(Command::OpenTopic(OTHER_TOPIC.into()));
    bench.open_order_1();
    bench.send(Command::Disconnect);
    bench.wait("no connection", |snapshot| (!is_connected(snapshot)).then_some(()));
    bench.send(Command::CloseTopic(OTHER_TOPIC.into()));
    bench.send(Command::Reconnect);
    bench.wait_for_version(3);
    bench.wait("the entity alone", |snapshot| snapshot.topic_views.is_empty().then_some(()));
}

#[test]
fn after_the_user_disconnected_the_next_start_waits_and_one_click_goes_on() {
    let mut bench = Bench::new();
    let folder = first_start(&mut bench);
    bench.open_order_1();
    bench.send(Command::Disconnect);
    bench.restart_with(|| options(folder.path()));
    let recent = bench.wait("the list", |snapshot| snapshot.recent_connections.first().cloned());
    let snapshot = bench.wait("nothing", |snapshot| Some(snapshot.clone()));
    assert!(matches!(snapshot.connection, ConnectionState::Disconnected), "it waits");
    bench.send(Command::ConnectRecent(recent.key));
    bench.wait_for_version(3);
}

#[test]
fn a_connection_with_settings_that_are_not_kept_says_which_and_asks_for_them() {
    let mut bench = Bench::new();
    let folder = tempfile::tempdir().unwrap();
    let choice = ConnectionChoice::Brokers(bench.brokers());
    let mut settings = foldback::kafka::Settings::from_brokers(&bench.brokers()).unwrap();
    settings.set("sasl.password=secret-word").unwrap();
    let properties = vec!["sasl.password".to_owned()];
    let given = || Target::Given {
        choice: choice.clone(),
        settings: Box::new(settings.clone()),
        properties: properties.clone(),
    };
    bench.restart_with(|| EngineOptions { connect: Some(given()), ..options(folder.path()) });
    bench.open_order_1();
    bench.restart_with(|| options(folder.path()));
    let kept = fs_err::read_to_string(folder.path().join("recent.json")).unwrap();
    assert!(!kept.contains("secret-word"), "no secret is written: {kept}");
    let problem = bench.wait("what is missing", |snapshot| match &snapshot.connection {
        ConnectionState::Failed(problem) => Some(problem.clone()),
        _ => None,
    });
    assert!(problem.what.contains("sasl.password"), "{problem}");
    bench.restart_with(|| EngineOptions { connect: Some(given()), ..options(folder.path()) });
    bench.wait_for_version(3);
}

#[test]
fn what_is_taken_off_the_list_is_off_it_after_a_restart() {
    let mut bench = Bench::new();
    let folder = first_start(&mut bench);
    let recent = bench.wait("the list", |snapshot| snapshot.recent_connections.first().cloned());
    bench.send(Command::Disconnect);
    bench.send(Command::ForgetRecent(recent.key));
    bench.restart_with(|| options(folder.path()));
    bench.wait("an empty list", |snapshot| snapshot.recent_connections.is_empty().then_some(()));
}
