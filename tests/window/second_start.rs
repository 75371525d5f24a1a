//! What the window shows at a second start: connections used before, and tabs whose connection does
//! not stand.
//!
//! Promises: a tab is never lost for want of a connection, and always says what it waits for.
//! Does not know: how sessions are kept.

use egui::{Key, Modifiers, Theme, Vec2};
use egui_kittest::kittest::Queryable as _;
use foldback::workspace::{
    Command, ConnectionChoice, ConnectionState, JobSubject, KeptSession, Problem, RecentConnection,
    RecentKey, Snapshot, TabsOf,
};

use crate::harness::{Test, Use as _, open, open_as};
use crate::scenes;

/// A connection used before.
fn recent(choice: ConnectionChoice, brokers: &str, unkept: &[&str]) -> RecentConnection {
    RecentConnection {
        key: RecentKey { choice, workspace: None },
        brokers: brokers.to_owned(),
        cluster_id: None,
        used_ms: crate::order::NOW_MS,
        unkept: unkept.iter().map(|name| (*name).to_owned()).collect(),
        session: KeptSession::default(),
    }
}

/// The start page with three connections used before.
pub(crate) fn start_page() -> Snapshot {
    let brokers = |text: &str| ConnectionChoice::Brokers(text.to_owned());
    let file = ConnectionChoice::ConfigFile("/home/ada/shop/client.properties".into());
    let connections = [
        recent(brokers("localhost:9092"), "localhost:9092", &[]),
        recent(ConnectionChoice::Saved("live".to_owned()), "kafka-1.shop.example:9093", &[]),
        recent(file, "kafka-2.shop.example:9093", &["sasl.password"]),
    ];
    Snapshot { recent_connections: connections.into(), ..scenes::disconnected() }
}

/// A window with a topic and an entity open, whose connection is like this now.
fn with_tabs(connection: ConnectionState) -> Test {
    let mut test = open(scenes::entity(6));
    test.press("order-events");
    test.key(Modifiers::COMMAND, Key::K);
    test.type_text("order-1042");
    test.key(Modifiers::NONE, Key::Enter);
    test.publish(unconnected(connection));
    test.take_sent();
    test
}

/// The workspace of those tabs with a connection like this.
pub(crate) fn unconnected(connection: ConnectionState) -> Snapshot {
    let tabs_of = TabsOf { number: 1, name: "dev".into(), arrangement: None };
    Snapshot { generation: 9, connection, tabs_of, ..scenes::disconnected() }
}

/// Why there is no connection.
pub(crate) fn refused() -> ConnectionState {
    let problem = Problem::new("cannot reach localhost:9092: connection refused");
    ConnectionState::Failed(problem.with_hint("look whether the broker runs"))
}

#[test]
fn one_click_connects_to_a_connection_used_before_and_one_forgets_it() {
    let mut test = open(start_page());
    test.press("Connect to live, used before");
    test.press("Forget client.properties and what was open on it");
    let sent = test.take_sent();
    let [Command::ConnectRecent(live), Command::ForgetRecent(file)] = &sent[..] else {
        panic!("{sent:?}")
    };
    assert_eq!((live.name(), file.name()), ("live".to_owned(), "client.properties".to_owned()));
    test.assert_idle("recent connections");
}

#[test]
fn who_has_connected_to_nothing_yet_can_type_an_address_at_once() {
    let mut test = open(scenes::disconnected());
    test.type_text("localhost:9092");
    test.key(Modifiers::NONE, Key::Enter);
    let sent = test.take_sent();
    let connects = |command: &Command| matches!(command, Command::Connect(ConnectionChoice::Brokers(brokers)) if brokers == "localhost:9092");
    assert!(sent.iter().any(connects), "{sent:?}");
}

#[test]
fn a_tab_says_that_its_connection_failed_and_what_can_be_done() {
    let mut test = with_tabs(refused());
    assert!(test.shows("Cannot reach localhost:9092"), "why");
    assert!(test.shows("Look whether the broker runs"), "the remedy");
    assert!(test.shows("Tab order-1042") && test.shows("Tab order-events"), "no tab is lost");
    test.assert_idle("a failed connection");
    test.press("Try again");
    test.press("Open the start page");
    assert!(test.shows("Bootstrap address"), "the start page");
    let sent = test.take_sent();
    assert!(matches!(&sent[..], [Command::Reconnect]), "{sent:?}");
}

#[test]
fn a_tab_that_waits_for_its_connection_shows_the_job_and_can_stop_it() {
    let mut snapshot = unconnected(ConnectionState::Connecting("dev".into()));
    let job = scenes::job_for(JobSubject::Connection, "Connecting to dev");
    let id = job.id;
    snapshot.jobs = [job].into();
    let mut test = with_tabs(refused());
    test.publish(snapshot);
    assert!(test.shows("Connecting to dev…"), "what is done");
    test.press("Cancel");
    let sent = test.take_sent();
    assert!(matches!(&sent[..], [Command::CancelJob(stopped)] if *stopped == id), "{sent:?}");
}

#[test]
fn a_tab_without_a_connection_offers_to_connect_and_opens_once_it_stands() {
    let mut test = with_tabs(ConnectionState::Disconnected);
    assert!(test.shows("Not connected to dev"), "it says so");
    test.press("Connect");
    assert!(matches!(&test.take_sent()[..], [Command::Reconnect]), "the same connection");
    test.publish(scenes::entity(6));
    let sent = test.take_sent();
    let opens = |command: &Command| matches!(command, Command::OpenEntity(_));
    assert!(sent.iter().any(opens), "what the tabs show is opened: {sent:?}");
    assert!(test.shows("OrderShipped"), "and shown");
}

#[test]
fn tabs_of_one_cluster_are_gone_when_another_is_connected() {
    let mut test = with_tabs(refused());
    let tabs_of = TabsOf { number: 2, name: "live".into(), arrangement: None };
    test.publish(Snapshot { tabs_of, ..scenes::connected() });
    assert!(!test.shows("Tab order-1042"), "gone");
    let opened = test.take_sent();
    assert!(opened.is_empty(), "nothing of the one is opened on the other: {opened:?}");
}

/// The workspace while it connects to an address that was typed.
fn connecting(number: u64) -> Snapshot {
    let tabs_of = TabsOf { number, name: "localhost:9092".into(), arrangement: None };
    let job = scenes::job_for(JobSubject::Connection, "Connecting to localhost:9092");
    Snapshot {
        connection: ConnectionState::Connecting("localhost:9092".into()),
        tabs_of,
        jobs: [job].into(),
        ..scenes::disconnected()
    }
}

#[test]
fn the_start_page_stays_where_it_is_until_the_connection_stands() {
    let mut test = open(scenes::disconnected());
    test.type_text("localhost:9092");
    let place = |test: &Test| {
        assert!(test.shows("Tab Start"), "the tab of the start page");
        test.get_by_role_and_label(egui::Role::TextInput, "Bootstrap address").rect()
    };
    let before = place(&test);
    test.key(Modifiers::NONE, Key::Enter);
    test.publish(connecting(1));
    assert_eq!(place(&test), before, "while it connects");
    test.publish(Snapshot {
        connection: refused(),
        jobs: std::sync::Arc::default(),
        ..connecting(1)
    });
    assert!(test.shows("Cannot reach localhost:9092"), "why there is none");
    assert_eq!(place(&test), before, "an error does not push the form away");
    test.publish(Snapshot { tabs_of: connecting(1).tabs_of, ..scenes::connected() });
    assert!(!test.shows("Tab Start") && test.shows("Choose a topic"), "it has done its work");
}

#[test]
fn what_a_check_has_found_is_told_once() {
    let test = open(scenes::failed_check());
    let told = test.query_all_by_label_contains("authentication failed").count();
    assert_eq!(told, 1, "the step that failed");
    assert!(!test.shows("Cannot connect to"), "the attempt before says nothing more");
}

#[test]
fn leaving_the_demo_leaves_the_start_page_and_no_tab_that_cannot_come_back() {
    let mut test = open(scenes::demo());
    test.press("Open order-1042 of dashboard");
    assert!(test.shows("Tab order-1042"));
    let tabs_of = scenes::demo().tabs_of;
    test.publish(Snapshot { tabs_of, ..scenes::disconnected() });
    assert!(!test.shows("Tab order-1042"), "its cluster is gone for good");
    assert!(test.shows("Bootstrap address"), "the start page");
}

#[test]
fn pictures_of_a_second_start() {
    for (theme, name) in [(Theme::Dark, "dark"), (Theme::Light, "light")] {
        for (width, height) in [(900.0, 600.0), (1280.0, 800.0), (2560.0, 1440.0)] {
            let mut test = open_as(start_page(), theme, Vec2::new(width, height));
            test.picture(&format!("second-start-{width}-{name}"));
            test.assert_idle("the start page");
        }
    }
}
