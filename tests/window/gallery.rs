//! Every view there is, in every state that looks different: what it shows, and the way to it.
//!
//! Promises: a view is the same at every size, so that pictures and the grid see the same.
//! Does not know: what is asked of a view.

use std::sync::Arc;

use egui::{Key, Modifiers};
use foldback::model::{Change, DecodedKind, EntityId, JsonPointer, Value};
use foldback::sandbox::Consumer;
use foldback::workspace::sandbox::TrialView;
use foldback::workspace::{
    CompareWith, ConnectionState, EntityAt, EntityKey, EntityView, EventRow, Fetch, JobSubject,
    Problem, RecordDetail, RecordFilter, Snapshot, TopicReport, TopicView,
};

use crate::behaviour::go_to;
use crate::harness::{Test, Use as _};
use crate::{comparison, consumers, order, sandbox, scenes, second_start, timeline};

/// A view in one of its states.
pub(crate) struct View {
    /// Its name, which begins with that of the view.
    pub(crate) name: &'static str,
    /// What the workspace shows.
    pub(crate) snapshot: Snapshot,
    /// The way to it.
    pub(crate) prepare: fn(&mut Test),
}

/// The button of a topic's details.
const DETAILS: &str = "Event types, partitions, decoder and mapping";

/// All of them.
pub(crate) fn views() -> Vec<View> {
    let view = |name, snapshot, prepare| View { name, snapshot, prepare };
    let mut views = starting();
    views.extend([
        view("topic-start", scenes::topic_unread(), |test| test.press("order-events")),
        view("topic", scenes::topic_read(), |test| test.press("order-events")),
        view("topic-lanes", timeline::topic_of(12), |test| {
            test.press("order-events");
            timeline::answer(test, 12);
        }),
        view("topic-record", inspected(), |test| test.press("order-events")),
        view("topic-details", scenes::topic_with_types(), |test| {
            test.press("order-events");
            test.press(DETAILS);
        }),
        view("topic-filter", filtered(), |test| {
            test.press("order-events");
            test.press("Filter by an expression");
        }),
        view("topic-empty", nothing_matches(), |test| test.press("order-events")),
        view("groups", scenes::groups(), |test| {
            go_to(test, "Consumer groups");
            test.press("shop-report");
        }),
        view("entity", scenes::entity(6), on_entity),
        view("entity-before", scenes::entity(0), on_entity),
        view("entity-first", created(), on_entity),
        view("entity-deleted", deleted(), on_entity),
        view("entity-cause", scenes::entity(6), |test| {
            on_entity(test);
            test.press("Cause");
        }),
        view("entity-long", long_names(), |test| go_to(test, LONG_ID)),
        view("entity-moments", comparison::compared(&CompareWith::Version(2), 6), on_entity),
        view(
            "entity-other",
            comparison::compared(&CompareWith::Entity(comparison::other()), 6),
            on_entity,
        ),
    ]);
    views.extend(sandboxes());
    views.extend(around());
    views
}

/// Without a connection.
fn starting() -> Vec<View> {
    let view = |name, snapshot, prepare| View { name, snapshot, prepare };
    let refused = |snapshot: Snapshot| Snapshot {
        connection: ConnectionState::Failed(
            Problem::new("cannot reach 127.0.0.1:9999: connection refused").with_hint(
                "look whether a broker listens there, and whether a firewall is between",
            ),
        ),
        ..snapshot
    };
    let connecting = Snapshot {
        connection: ConnectionState::Connecting("kafka-1.shop.example:9093".into()),
        jobs: [scenes::job_for(JobSubject::Connection, "Connecting to kafka-1.shop.example:9093")]
            .into(),
        ..scenes::disconnected()
    };
    vec![
        view("start", scenes::disconnected(), |_| {}),
        view("start-recent", second_start::start_page(), |_| {}),
        view("start-check", scenes::failed_check(), |_| {}),
        view("start-refused", refused(scenes::disconnected()), |_| {}),
        view("start-connecting", connecting, |_| {}),
        view("welcome", scenes::production(), |_| {}),
        view("lost", scenes::entity(6), |test| {
            on_entity(test);
            test.publish(second_start::unconnected(second_start::refused()));
        }),
    ]
}

/// Sandboxes.
fn sandboxes() -> Vec<View> {
    let view = |name, snapshot, prepare| View { name, snapshot, prepare };
    let matrix = consumers::opened(TrialView {
        matrix: Fetch::Ready(Arc::new(consumers::matrix())),
        ..TrialView::default()
    });
    let schedule = consumers::opened(consumers::run_view(Consumer::Naive, None));
    vec![
        view("sandbox-new", sandbox::opened(), on_totals),
        view("sandbox-debugger", sandbox::after_run(3), on_totals),
        view("sandbox-event", sandbox::after_run(3), |test| {
            on_totals(test);
            // Where there is no room, the tab of the state comes first.
            test.press("Event");
        }),
        view("sandbox-matrix-empty", consumers::opened(TrialView::default()), |test| {
            on_dashboard(test);
            test.press("Matrix");
        }),
        view("sandbox-matrix", matrix, |test| {
            on_dashboard(test);
            test.press("Matrix");
        }),
        view("sandbox-schedule-none", consumers::opened(TrialView::default()), |test| {
            on_dashboard(test);
            test.press("Schedule");
        }),
        view("sandbox-schedule", schedule, |test| {
            on_dashboard(test);
            test.press("Schedule");
        }),
        view("sandbox-comparison", consumers::opened(consumers::comparison()), |test| {
            on_dashboard(test);
            test.press("A against B");
        }),
    ]
}

/// The demo, what lies around the views and over them.
fn around() -> Vec<View> {
    let view = |name, snapshot, prepare| View { name, snapshot, prepare };
    let quiet = Snapshot { notices: Arc::default(), ..scenes::busy() };
    vec![
        view("demo", scenes::demo(), |test| test.press("Leave the tour")),
        view("demo-tour", scenes::demo(), |_| {}),
        view("palette", scenes::entity(6), |test| {
            on_entity(test);
            test.key(Modifiers::COMMAND, Key::K);
            test.type_text("ord");
        }),
        view("keys", scenes::connected(), |test| test.key(Modifiers::NONE, Key::Questionmark)),
        view("settings", scenes::connected(), |test| test.key(Modifiers::COMMAND, Key::Comma)),
        view("navigator-topics", long_topics(), |_| {}),
        view("navigator-entities", scenes::entity(6), |test| {
            on_entity(test);
            test.press("Entities");
        }),
        view("navigator-projections", sandbox::workspace(), |test| test.press("Projections")),
        view("navigator-groups", scenes::groups(), |test| test.press("Groups")),
        view("navigator-jobs", quiet.clone(), |test| test.press("Jobs")),
        view("navigator-bookmarks", quiet, |test| test.press("Bookmarks")),
        view("navigator-notices", scenes::busy(), |test| test.press("Notices")),
    ]
}

/// To the order.
fn on_entity(test: &mut Test) {
    go_to(test, "order-1042");
}

/// To the first script.
fn on_totals(test: &mut Test) {
    test.press("Projections");
    test.press("totals.js");
}

/// To the script of the dashboard.
fn on_dashboard(test: &mut Test) {
    test.press("Projections");
    test.press("dashboard.js");
}

/// A topic with one of its records chosen.
fn inspected() -> Snapshot {
    Snapshot { inspected: Some(order::record(6)), ..scenes::topic_read() }
}

/// Changes the topic that is open.
fn with_topic(snapshot: Snapshot, change: impl FnOnce(&mut TopicView)) -> Snapshot {
    let mut topic = (*snapshot.topic_views[0]).clone();
    change(&mut topic);
    Snapshot { topic_views: vec![Arc::new(topic)], ..snapshot }
}

/// A topic with every condition of a filter, one of which is wrong.
fn filtered() -> Snapshot {
    with_topic(scenes::topic_read(), |topic| {
        topic.filter = RecordFilter {
            text: "kettle, enamelled".to_owned(),
            partitions: vec![0, 2, 5],
            time_ms: Some((order::NOW_MS - 3_600_000, order::NOW_MS)),
            cel: "value.total > 100.0 && type == 'OrderShipped' && key.startsWith('order-1')"
                .to_owned(),
        };
        topic.records_matching = 41;
        let problem = Problem::new("the expression does not compile: `value.totl` is not known");
        topic.filter_problem = Some(problem.with_hint("did you mean `value.total`?"));
    })
}

/// A topic of which no record passes the filter.
fn nothing_matches() -> Snapshot {
    with_topic(scenes::topic_read(), |topic| {
        topic.filter = RecordFilter { text: "kettel".to_owned(), ..RecordFilter::default() };
        topic.records_matching = 0;
        topic.rows = Arc::default();
        topic.pages = Arc::default();
    })
}

/// Changes the entity that is open.
fn with_entity(snapshot: Snapshot, change: impl FnOnce(&mut EntityView)) -> Snapshot {
    let mut entity = (*snapshot.entity_views[0]).clone();
    change(&mut entity);
    Snapshot { entity_views: vec![Arc::new(entity)], ..snapshot }
}

/// The order after its first event, as the workspace tells what that changed.
pub(crate) fn created() -> Snapshot {
    with_entity(scenes::entity(1), |entity| {
        let Some(at) = &mut entity.at else { return };
        let members = at
            .changes
            .iter()
            .filter_map(|change| Some((change.path.last_token()?, change.to.clone()?)));
        let state = Value::object(members);
        let changes = [Change::replace(JsonPointer::root(), Value::Null, state)];
        *at = Arc::new(EntityAt { changes: changes.into(), ..(**at).clone() });
    })
}

/// The order after a record without a value.
pub(crate) fn deleted() -> Snapshot {
    with_entity(scenes::entity(7), |entity| {
        let mut events = order::events().to_vec();
        if let Some(last) = events.last_mut() {
            *last = EventRow { event_type: "tombstone".into(), ..last.clone() };
        }
        entity.events = Fetch::Ready(events.into());
        let Some(at) = &mut entity.at else { return };
        let state = Value::object([("status", Value::from("SHIPPED"))]);
        let changes = [Change::replace(JsonPointer::root(), state, Value::Null)];
        let record = RecordDetail {
            event_type: "tombstone".into(),
            value: None,
            text: None,
            tree: Arc::default(),
            decoded_as: DecodedKind::Tombstone,
            ..(*order::record(7)).clone()
        };
        *at = Arc::new(EntityAt {
            rows: Arc::default(),
            json: "null".into(),
            changes: changes.into(),
            record: Some(Arc::new(record)),
            ..(**at).clone()
        });
    })
}

/// An id as systems make them.
const LONG_ID: &str = "urn:shop:order:7f3c5a1e-9b0d-4c55-8f21-2f0f4a6f9c1b/2026-11";

/// An entity whose every name is long.
fn long_names() -> Snapshot {
    with_entity(scenes::entity(6), |entity| {
        entity.key = EntityKey { entity: EntityId::new(LONG_ID), ..order::key() };
        let mut events = order::events().to_vec();
        for event in &mut events {
            event.event_type = format!("ShopOrderManagement{}V3", event.event_type).into();
            event.correlation = Some("7f3c5a1e-9b0d-4c55-8f21-2f0f4a6f9c1b".into());
            event.summary = event.summary.repeat(6).into();
        }
        entity.events = Fetch::Ready(events.into());
        entity.fold = "order_with_a_long_name.js".into();
        entity.fold_label = "order_with_a_long_name.js, saved in the workspace".into();
        entity.selected_path = JsonPointer::parse("/shipTo/street");
    })
}

/// A cluster whose topics have long names, and a connection that has one, too.
fn long_topics() -> Snapshot {
    let topic = |index: usize| TopicReport {
        name: format!("shop.eu-west-1.team-{index}.order-management.order-events.v3").into(),
        ..TopicReport::default()
    };
    let mut snapshot = scenes::production();
    if let ConnectionState::Connected(info) = &mut snapshot.connection {
        Arc::make_mut(info).name = "kafka-bootstrap.shop.eu-west-1.internal.example:9093".into();
    }
    Snapshot { topics: Fetch::Ready((0..30).map(topic).collect()), ..snapshot }
}
