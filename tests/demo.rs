//! The reference system on the embedded cluster: its past, its incident, its commands and its
//! faults.

#![cfg(test)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use foldback::demo::aggregate::{Aggregate as _, Recorded, fold};
use foldback::demo::order::{Order, OrderEvent, OrderStatus};
use foldback::demo::projector::{Lookup, ReadModel};
use foldback::demo::seed::{INCIDENT_ORDER, Scale, history};
use foldback::demo::{Milestone, Options, Readiness, Running, headless, start};
use foldback::kafka::{Connection, GroupReader, GroupRecord};
use foldback::model::{Cancel, TopicPartition};
use foldback::workspace::{
    ACCOUNT_EVENTS, DemoCommand, DemoFault, DemoOutcome, DemoPort, DemoView, ORDER_EVENTS,
};

/// 2026-11-23T12:00:00Z.
const NOW_MS: i64 = 1_795_435_200_000;

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

fn options(orders: u32) -> Options {
    Options { orders, traffic: false, ..Options::embedded(NOW_MS) }
}

/// Starts the system and waits until it is ready.
fn ready(options: &Options) -> (Running, Arc<Readiness>) {
    let running = start(options).unwrap();
    loop {
        match running.milestones().recv_timeout(PATIENCE).unwrap() {
            Milestone::Seeded { .. } => {}
            Milestone::Ready(readiness) => return (running, readiness),
            Milestone::Failed(problem) => panic!("the demo failed: {problem}"),
        }
    }
}

/// The other end of the way to the system: what a window would be.
struct Window {
    /// The way.
    port: DemoPort,
    /// The newest view that came.
    last: Arc<DemoView>,
}

impl Window {
    fn on(running: &Running) -> Self {
        Self {
            port: running.port(),
            last: Arc::new(DemoView { seeding: true, ..DemoView::default() }),
        }
    }

    /// Waits until something is true of the newest view.
    fn wait(&mut self, what: &str, is_true: impl Fn(&DemoView) -> bool) -> Arc<DemoView> {
        let deadline = Instant::now() + PATIENCE;
        while !is_true(&self.last) {
            match self.port.views.recv_deadline(deadline) {
                Ok(view) => self.last = view,
                Err(error) => panic!("{what}: {error}; the last view was {:#?}", self.last),
            }
        }
        Arc::clone(&self.last)
    }

    /// Sends a command and waits for its outcome.
    fn send(&mut self, name: &str, arguments: &[(&str, &str)]) -> DemoOutcome {
        let known = self.last.outcomes.len();
        let arguments =
            arguments.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        self.port.commands.send(DemoCommand::Send { name: name.to_owned(), arguments }).unwrap();
        let view = self.wait(name, |view| view.outcomes.len() > known);
        view.outcomes.last().unwrap().clone()
    }

    /// Ships a new order with one item.
    fn ship(&mut self, order: &str) {
        let order = ("order", order);
        let created = [order, ("customer", "customer-7"), ("channel", "web")];
        self.send("CreateOrder", &created).result.unwrap();
        let item = [order, ("sku", "CUP"), ("name", "Cup"), ("quantity", "1"), ("price", "10.00")];
        self.send("AddItem", &item).result.unwrap();
        let shipped = [order, ("carrier", "DHL"), ("service", "express")];
        self.send("ShipOrder", &shipped).result.unwrap();
    }

    /// Switches a fault and waits until the projector has it.
    fn set_fault(&mut self, projector: &str, fault: DemoFault, on: bool) {
        let command = DemoCommand::SetFault { projector: projector.to_owned(), fault, on };
        self.port.commands.send(command).unwrap();
        self.wait("the fault", |view| {
            let found = view.projectors.iter().find(|one| &*one.name == projector);
            found.is_some_and(|one| one.faults.contains(&fault) == on)
        });
    }
}

/// The events of an order as they stand in the topic, read as a group of its own.
fn events_of(running: &Running, group: &str, order: &str) -> Vec<OrderEvent> {
    let connection = Connection::open(running.settings()).unwrap();
    let partitions: Vec<TopicPartition> =
        (0..6).map(|partition| TopicPartition { topic: ORDER_EVENTS.into(), partition }).collect();
    let ends = connection.watermarks(&partitions, PATIENCE).unwrap();
    let expected: i64 = ends.values().map(|marks| marks.high).sum();
    let reader = GroupReader::open(running.settings(), group, &[ORDER_EVENTS]).unwrap();
    let (mut count, mut events) = (0, Vec::new());
    let deadline = Instant::now() + PATIENCE;
    while count < expected && Instant::now() < deadline {
        let mut take = |record: GroupRecord<'_>| {
            count += 1;
            if record.key == Some(order.as_bytes()) {
                let recorded = Recorded::<OrderEvent>::from_json(record.value.unwrap()).unwrap();
                events.push(recorded.event);
            }
        };
        reader.poll(10_000, Duration::from_millis(50), &mut take).unwrap();
    }
    assert_eq!(count, expected, "the whole topic was read");
    events
}

/// The texts of a query on a read model.
fn column(running: &Running, read_model: ReadModel, query: &'static str) -> Vec<String> {
    let path = running.read_model(read_model);
    Lookup::new(path.parent().unwrap()).unwrap().column(read_model, query).unwrap()
}

/// The dashboard's text in a column of the looked up row.
fn cell(view: &DemoView, column: &str) -> Option<String> {
    let row = view.rows.iter().find(|row| &*row.read_model == "dashboard")?;
    let cell = row.columns.iter().find(|(name, _)| &**name == column)?;
    Some(cell.1.to_string())
}

#[test]
fn the_whole_past_is_on_the_topics() {
    let (running, _) = ready(&options(300));
    let mut expected: BTreeMap<&str, i64> = BTreeMap::new();
    for publication in history(&Scale { orders: 300, seed: 1, now_ms: NOW_MS }) {
        *expected.entry(publication.topic).or_default() += 1;
    }
    let connection = Connection::open(running.settings()).unwrap();
    for (topic, partitions) in [(ORDER_EVENTS, 6), (ACCOUNT_EVENTS, 4)] {
        let partitions: Vec<TopicPartition> = (0..partitions)
            .map(|partition| TopicPartition { topic: topic.into(), partition })
            .collect();
        let marks = connection.watermarks(&partitions, PATIENCE).unwrap();
        assert!(marks.values().all(|marks| marks.low == 0), "{topic}: nothing was dropped");
        assert!(marks.values().all(|marks| marks.high > 0), "{topic}: every partition is used");
        let count: i64 = marks.values().map(|marks| marks.high).sum();
        assert_eq!(count, expected[topic], "{topic}");
    }
}

#[test]
fn the_dashboard_missed_the_shipping_of_the_incidents_order_and_nothing_shows_it() {
    let (running, readiness) = ready(&options(300));
    // The log says SHIPPED.
    let events = events_of(&running, "checker", INCIDENT_ORDER);
    assert_eq!(fold::<Order>(&events).status(), Some(OrderStatus::Shipped));
    assert_eq!(readiness.incident.as_ref().unwrap().version(), events.len() as u64);
    // The dashboard says CREATED.
    let view = Window::on(&running).wait("the incident's row", |view| !view.seeding);
    assert_eq!(cell(&view, "status").as_deref(), Some("CREATED"));
    assert_eq!(cell(&view, "total").as_deref(), Some("129.90"));
    // The group committed past the shipping, to the very end.
    let missed: Vec<_> = readiness.missed().collect();
    assert_eq!(&*missed[0].entity, INCIDENT_ORDER);
    assert_eq!(missed[0].event_type, "OrderShipped");
    let connection = Connection::open(running.settings()).unwrap();
    let committed = connection.committed(ReadModel::Dashboard.group(), PATIENCE).unwrap();
    let partitions: Vec<TopicPartition> = committed.keys().cloned().collect();
    assert_eq!(partitions.len(), 6);
    for (partition, marks) in connection.watermarks(&partitions, PATIENCE).unwrap() {
        assert_eq!(committed[&partition], marks.high, "no lag in {partition}");
    }
    assert!(
        view.projectors.iter().all(|projector| projector.lag == 0 && projector.faults.is_empty())
    );
}

#[test]
fn what_the_crash_took_is_all_that_the_dashboard_has_wrong() {
    let (running, readiness) = ready(&options(300));
    let mut expected: BTreeMap<String, Vec<OrderEvent>> = BTreeMap::new();
    for publication in history(&Scale { orders: 300, seed: 1, now_ms: NOW_MS }) {
        if publication.topic == ORDER_EVENTS {
            let recorded = Recorded::from_json(&publication.value).unwrap();
            expected.entry(publication.key).or_default().push(recorded.event);
        }
    }
    let query = "select id || ' ' || ifnull(status, 'null') || ' ' || total from orders";
    let actual: BTreeSet<String> =
        column(&running, ReadModel::Dashboard, query).into_iter().collect();
    let missed: BTreeSet<&str> = readiness.missed().map(|missed| &*missed.entity).collect();
    assert!((1..=3).contains(&missed.len()), "{missed:?}");
    let wrong: BTreeSet<&str> = expected
        .iter()
        .filter(|(order, events)| {
            let state = fold::<Order>(*events);
            let status = state.status().unwrap().as_str();
            !actual.contains(&format!("{order} {status} {}", state.total()))
        })
        .map(|(order, _)| &**order)
        .collect();
    assert!(wrong.contains(INCIDENT_ORDER), "{wrong:?}");
    assert!(wrong.is_subset(&missed), "{wrong:?} of {missed:?}");
}

#[test]
fn a_command_appears_in_the_topic_and_a_wrong_one_is_refused_with_its_reason() {
    let (running, _) = ready(&options(20));
    let mut window = Window::on(&running);
    let order = ("order", "order-90001");
    let created = [order, ("customer", "customer-7"), ("channel", "web")];
    let words = window.send("CreateOrder", &created).result.unwrap();
    assert!(words.starts_with("OrderCreated v1 at order-events-"), "{words}");
    let item = [
        order,
        ("sku", "KETTLE-2"),
        ("name", "Kettle"),
        ("quantity", "2"),
        ("price", "64.95"),
        ("expected-version", "1"),
    ];
    let words = window.send("AddItem", &item).result.unwrap();
    assert!(words.starts_with("ItemAdded v2 at order-events-"), "{words}");
    // The same again: the version the sender looked at is no longer there.
    let conflict = window.send("AddItem", &item).result.unwrap_err();
    assert_eq!(conflict.what, "order-90001 is at version 2, not 1: somebody changed it meanwhile");
    let refused = window.send("CancelOrder", &[("order", INCIDENT_ORDER), ("reason", "too late")]);
    assert_eq!(
        refused.result.unwrap_err().what,
        "order-1042 is SHIPPED: it can no longer be cancelled"
    );
    let malformed = window.send("Deposit", &[("account", "account-1"), ("amount", "1")]);
    assert_eq!(malformed.result.unwrap_err().what, "Deposit needs `reference`, such as salary");
    let state: Order = fold(&events_of(&running, "checker", "order-90001"));
    assert_eq!((state.version(), state.total().to_string()), (2, "129.90".to_owned()));
    let view = window.wait("the new row", |view| cell(view, "total").as_deref() == Some("129.90"));
    assert_eq!(cell(&view, "status").as_deref(), Some("CREATED"));
}

/// The lag of a projector.
fn lag(view: &DemoView, projector: &str) -> i64 {
    view.projectors.iter().find(|one| &*one.name == projector).unwrap().lag
}

#[test]
fn a_paused_projector_falls_behind_and_catches_up() {
    let (running, _) = ready(&options(20));
    let mut window = Window::on(&running);
    window.set_fault("dashboard", DemoFault::Paused, true);
    window.ship("order-90001");
    window.wait("a lag of 3", |view| lag(view, "dashboard") == 3);
    window.set_fault("dashboard", DemoFault::Paused, false);
    let view =
        window.wait("no lag", |view| lag(view, "dashboard") == 0 && cell(view, "status").is_some());
    assert_eq!(cell(&view, "status").as_deref(), Some("SHIPPED"));
}

#[test]
fn a_report_that_applies_twice_counts_twice() {
    let (running, _) = ready(&options(20));
    let mut window = Window::on(&running);
    let revenue = "select sum(revenue_cents) from days";
    let before: i64 = column(&running, ReadModel::SalesReport, revenue)[0].parse().unwrap();
    window.set_fault("sales-report", DemoFault::ApplyTwice, true);
    window.ship("order-90001");
    window.wait("no lag", |view| lag(view, "sales-report") == 0);
    let after: i64 = column(&running, ReadModel::SalesReport, revenue)[0].parse().unwrap();
    assert_eq!(after - before, 2 * 1_000);
}

#[test]
fn a_dashboard_that_commits_first_loses_the_shipping_it_dies_of_and_goes_on() {
    let (running, _) = ready(&options(20));
    let mut window = Window::on(&running);
    window.set_fault("dashboard", DemoFault::CommitBeforeApply, true);
    window.ship("order-90001");
    window.wait("no lag", |view| lag(view, "dashboard") == 0);
    window.set_fault("dashboard", DemoFault::CommitBeforeApply, false);
    window.ship("order-90002");
    let view = window.wait("the second order", |view| {
        view.rows.iter().any(|row| &*row.entity == "order-90002")
            && cell(view, "status").as_deref() == Some("SHIPPED")
    });
    assert_eq!(lag(&view, "dashboard"), 0);
    let lost = "select ifnull(max(status), 'none') from orders where id = 'order-90001'";
    let status = column(&running, ReadModel::Dashboard, lost);
    assert_ne!(status, ["SHIPPED"]);
}

#[test]
fn live_traffic_runs_and_stands_as_it_is_told() {
    let (running, readiness) = ready(&options(20));
    let mut window = Window::on(&running);
    let applied = |view: &DemoView| view.projectors.iter().map(|one| one.applied).sum::<u64>();
    let past: u64 = readiness.projectors.iter().map(|(_, progress)| progress.applied).sum();
    window.port.commands.send(DemoCommand::SetTraffic(true)).unwrap();
    window.wait("live events", |view| view.traffic && applied(view) > past + 5);
    window.port.commands.send(DemoCommand::SetTraffic(false)).unwrap();
    window.wait("quiet", |view| !view.traffic);
}

#[test]
fn without_a_window_it_prints_what_it_reaches() {
    let (mut out, mut notes) = (Vec::new(), Vec::new());
    let ending = headless::run(&options(50), true, &Cancel::new(), &mut out, &mut notes).unwrap();
    assert_eq!(ending, headless::Ending::Stopped);
    assert!(notes.is_empty(), "nothing is said where nobody's cluster is written to");
    let text = String::from_utf8(out).unwrap();
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let names: Vec<&String> =
        lines.iter().flat_map(|line| line.as_object().unwrap().keys()).collect();
    assert_eq!(names, ["started", "seeded", "incident", "ready"]);
    let incident = &lines[2]["incident"];
    assert_eq!(incident["row"]["status"], "CREATED");
    assert_eq!(incident["log"]["status"], "SHIPPED");
    assert_eq!(incident["missed"][0]["entity"], INCIDENT_ORDER);
}
