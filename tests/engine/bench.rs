//! An engine on an embedded cluster with some orders in it.
//!
//! Promises: waiting ends as soon as a snapshot has what is waited for, and fails with the last
//! snapshot.
//! Does not know: what is tested.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use foldback::kafka::{Connection, EmbeddedCluster, EmbeddedTopic, NewRecord, Settings, Writer};
use foldback::model::{EntityId, TopicPartition};
use foldback::workspace::{
    Command, ConnectionState, EngineOptions, EntityKey, EntityView, Sight, Snapshot, Target,
    WorkspacePort, port, start,
};

/// The topic.
pub(crate) const TOPIC: &str = "order-events";
/// Another topic, empty at first.
pub(crate) const OTHER_TOPIC: &str = "payment-events";
/// A consumer group that may commit.
pub(crate) const GROUP: &str = "dashboard";
/// How long anything may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// An engine, what says that it has a new snapshot, and how often it said so.
type Started = (WorkspacePort, Receiver<()>, Arc<AtomicUsize>);

/// An engine connected to a cluster with some orders in it.
pub(crate) struct Bench {
    port: WorkspacePort,
    woken: Receiver<()>,
    wakes: Arc<AtomicUsize>,
    writer: Writer,
    pub(crate) cluster: EmbeddedCluster,
    settings: Settings,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let topics = [(TOPIC, 3), (OTHER_TOPIC, 1)];
        let topics = topics.map(|(name, partitions)| EmbeddedTopic { name, partitions });
        let cluster = EmbeddedCluster::start(&topics).unwrap();
        let settings = cluster.settings(&[GROUP]);
        let writer = Writer::open(&settings).unwrap();
        let (port, woken, wakes) = started(&settings);
        let bench = Self { port, woken, wakes, writer, cluster, settings };
        bench.write(
            "order-1",
            r#"{"type":"OrderCreated","status":"CREATED","total":10.50}"#,
            1_000,
        );
        bench.write("order-2", r#"{"type":"OrderCreated","status":"CREATED","total":3}"#, 1_500);
        bench.write("order-1", r#"{"type":"ItemAdded","total":12.75}"#, 2_000);
        bench.write("order-1", r#"{"type":"OrderShipped","status":"SHIPPED"}"#, 3_000);
        bench
    }

    /// A partition of the topic without any of the orders.
    pub(crate) fn partition_without_records(&self) -> i32 {
        let all = [0, 1, 2].map(|number| TopicPartition::new(TOPIC, number));
        let connection = Connection::open(&self.settings).unwrap();
        let marks = connection.watermarks(&all, PATIENCE).unwrap();
        let empty = marks.into_iter().find(|(_, marks)| marks.high == 0);
        empty.expect("two orders in three partitions").0.partition
    }

    /// Ends the engine and starts another on the same cluster.
    pub(crate) fn restart(&mut self) {
        (self.port, self.woken, self.wakes) = started(&self.settings);
    }

    /// Ends the engine, waits until it has put away what it keeps, and starts another with these
    /// options.
    pub(crate) fn restart_with(&mut self, options: impl FnOnce() -> EngineOptions) {
        let (idle, _) = port();
        let before = std::mem::replace(&mut self.port, idle);
        let end = before.end();
        drop(before);
        assert!(end.wait(PATIENCE), "the engine ends with its window");
        (self.port, self.woken, self.wakes) = started_with(options());
    }

    /// The addresses of the cluster.
    pub(crate) fn brokers(&self) -> String {
        self.settings.brokers.clone()
    }

    pub(crate) fn write(&self, key: &str, value: &str, timestamp_ms: i64) {
        self.write_to(TOPIC, key, value, timestamp_ms);
    }

    pub(crate) fn write_to(&self, topic: &str, key: &str, value: &str, timestamp_ms: i64) {
        let record = NewRecord { topic, key, value: value.as_bytes(), timestamp_ms, headers: &[] };
        self.writer.write(&record, PATIENCE).unwrap();
    }

    pub(crate) fn send(&self, command: Command) {
        self.port.send(command).unwrap();
    }

    /// The number of the newest snapshot.
    pub(crate) fn generation(&self) -> u64 {
        self.port.latest().generation
    }

    /// The window shows this from now on.
    pub(crate) fn look_at(&self, sight: Sight) {
        self.port.look_at(Some(sight));
    }

    /// How often the window was woken.
    pub(crate) fn wakes(&self) -> usize {
        self.wakes.load(Ordering::Relaxed)
    }

    /// Waits until the window is not woken for this long.
    pub(crate) fn wait_for_quiet(&self, quiet: Duration) {
        while self.woken.recv_timeout(quiet).is_ok() {}
    }

    /// Waits for a snapshot in which this finds what it looks for.
    pub(crate) fn wait<T>(&self, what: &str, find: impl Fn(&Snapshot) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let snapshot = self.port.latest();
            let mut notices = snapshot.notices.iter();
            let mistake =
                notices.find(|notice| notice.problem.what.contains("mistake in foldback"));
            assert!(mistake.is_none(), "{mistake:?}");
            if let Some(found) = find(&snapshot) {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "no snapshot with {what}; the last one is {snapshot:#?}");
            self.woken.recv_timeout(left.min(Duration::from_secs(1))).unwrap_or_default();
        }
    }

    /// Opens order-1 and waits until its history is read and folded.
    pub(crate) fn open_order_1(&self) -> Arc<EntityView> {
        self.wait("a connection", |snapshot| {
            matches!(snapshot.connection, ConnectionState::Connected(_)).then_some(())
        });
        self.send(Command::OpenEntity(order_1()));
        self.wait("the history of order-1", |snapshot| {
            let view = snapshot.entity_view(&order_1())?;
            let read = view.events.latest().is_some_and(|events| events.len() == 3);
            (read && !view.at_pending && view.at.is_some()).then(|| Arc::clone(view))
        })
    }

    /// Waits until order-1 is shown with this many events folded.
    pub(crate) fn wait_for_version(&self, version: u64) -> Arc<EntityView> {
        self.wait(&format!("order-1 at version {version}"), |snapshot| {
            let view = snapshot.entity_view(&order_1())?;
            let there = view.at.as_ref().is_some_and(|at| at.version == version);
            (there && !view.at_pending).then(|| Arc::clone(view))
        })
    }
}

/// An engine that connects with these settings, and what says that it has a new snapshot.
fn started(settings: &Settings) -> Started {
    let connect = Some(Target::Settings(Box::new(settings.clone())));
    started_with(EngineOptions { connect, ..EngineOptions::default() })
}

/// An engine with these options, and what says that it has a new snapshot.
fn started_with(options: EngineOptions) -> Started {
    let port = start(options).unwrap();
    let (wake, woken) = sync_channel(1);
    let wakes = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&wakes);
    port.set_waker(move || {
        count.fetch_add(1, Ordering::Relaxed);
        wake.try_send(()).unwrap_or_default();
    });
    (port, woken, wakes)
}

/// The order with three events.
pub(crate) fn order_1() -> EntityKey {
    EntityKey { entity: EntityId::new("order-1"), topics: [Arc::from(TOPIC)].into() }
}
