//! Snapshots made by hand: every state of the workspace that a view must show.
//!
//! Promises: the data is fixed, so a view always looks the same.
//! Does not know: views.

use std::collections::BTreeMap;
use std::sync::Arc;

use foldback::kafka::Watermarks;
use foldback::model::{
    Completeness, OffsetRange, Position, Reason, ReasonKind, Since, TopicPartition, Transaction,
    Verdict,
};
use foldback::workspace::{
    Bookmark, CheckOutcome, CheckStep, ClockView, ConnectionInfo, ConnectionState, DemoFault,
    DemoOutcome, DemoView, EntityList, EntityRow, Fetch, GroupMember, GroupOffset, GroupSummary,
    JobId, JobProgress, JobState, JobSubject, JobView, LagSample, MappingView, Notice, NoticeLevel,
    OrderRow, PartitionFacts, PartitionProgress, Problem, ProjectorView, ROWS_PER_PAGE, RowMeta,
    RowText, SavedConnection, Snapshot, StartPosition, TabsOf, TimeCounts, TopicReport, TopicView,
    TypeCount, TypeCounts, TypesView,
};

use crate::order::{self, NOW_MS};

/// Event types of the topic.
const TYPES: [&str; 6] =
    ["OrderCreated", "ItemAdded", "ItemAdded", "PaymentReceived", "OrderShipped", "OrderCancelled"];

/// Nothing is connected; two connections are saved.
pub(crate) fn disconnected() -> Snapshot {
    let saved = |name: &str, brokers: &str, production| SavedConnection {
        name: name.into(),
        brokers: brokers.into(),
        production,
    };
    Snapshot {
        generation: 1,
        saved_connections: Arc::new([
            saved("dev", "localhost:9092", false),
            saved("live", "kafka-1.shop.example:9093", true),
        ]),
        ..Snapshot::default()
    }
}

/// A connection was checked and the password is wrong.
pub(crate) fn failed_check() -> Snapshot {
    let step = |name: &str, outcome, detail: &str, remedy: Option<&str>| CheckStep {
        name: name.into(),
        outcome,
        detail: detail.to_owned(),
        remedy: remedy.map(str::to_owned),
    };
    let problem = Problem::new("cannot connect to kafka-1.shop.example:9093")
        .with_hint("look at the user name and the password of the connection");
    Snapshot {
        checks: Arc::new([
            step("DNS", CheckOutcome::Passed, "kafka-1.shop.example is 10.0.4.17", None),
            step("TCP", CheckOutcome::Passed, "10.0.4.17:9093 answers after 3 ms", None),
            step("TLS", CheckOutcome::Passed, "TLS 1.3, certificate valid until 2027-03-01", None),
            step(
                "SASL",
                CheckOutcome::Failed,
                "SCRAM-SHA-512: authentication failed",
                Some("look at sasl.username and sasl.password; the broker names no other reason"),
            ),
            step("Metadata", CheckOutcome::Skipped, "not tried", None),
        ]),
        connection: ConnectionState::Failed(problem),
        ..disconnected()
    }
}

/// This many partitions, of which the first has all of this many records.
fn partitions_of(count: usize, records: i64) -> Vec<PartitionFacts> {
    let mut partitions = vec![PartitionFacts::default(); count];
    partitions[0].bounds = Some(Watermarks { low: 0, high: records, last_stable: records });
    partitions
}

/// Topics of a small cluster.
fn topics() -> Arc<[TopicReport]> {
    let topic = |name: &str, partitions, records, policy: &str| TopicReport {
        name: name.into(),
        internal: name.starts_with("__"),
        partitions: partitions_of(partitions, records),
        cleanup_policy: Some(policy.into()),
        ..TopicReport::default()
    };
    Arc::new([
        topic("__consumer_offsets", 50, 18_222, "compact"),
        topic("account-events", 6, 21_340, "delete"),
        topic("inventory-levels", 6, 4_120, "compact"),
        topic("order-events", 6, 31_204, "delete"),
        topic("payment-events", 12, 1_204_331, "delete"),
        topic("shipment-events", 6, 9_871, "delete"),
        topic("shop.customer-preferences.changed.v2", 3, 812, "compact,delete"),
    ])
}

/// How much happened when, over the last two hours.
fn density(buckets: u32) -> Arc<TimeCounts> {
    let span_ms = 7_200_000;
    let wave =
        |n: u32| 40 + (n * 37 % 23) * 3 + (n * n / 7) % 31 + if n % 29 > 24 { 90 } else { 0 };
    Arc::new(TimeCounts {
        from_ms: NOW_MS - span_ms,
        bucket_ms: span_ms / i64::from(buckets),
        counts: (0..buckets).map(wave).map(u64::from).collect(),
    })
}

/// A connected cluster with nothing open.
pub(crate) fn connected() -> Snapshot {
    Snapshot {
        generation: 2,
        connection: ConnectionState::Connected(Arc::new(ConnectionInfo {
            name: "dev".into(),
            brokers: "localhost:9092".into(),
            cluster_id: Some("5L6g3nShT-eMCtK--X86sw".into()),
            broker_count: 3,
            production: false,
            embedded: false,
            trouble: None,
        })),
        tabs_of: TabsOf { number: 1, name: "dev".into(), arrangement: None },
        topics: Fetch::Ready(topics()),
        memory_bytes: 182 * 1024 * 1024,
        memory_budget_bytes: 2 * 1024 * 1024 * 1024,
        ..disconnected()
    }
}

/// A cluster marked as production, with a broker down.
pub(crate) fn production() -> Snapshot {
    let mut snapshot = connected();
    if let ConnectionState::Connected(info) = &mut snapshot.connection {
        let info = Arc::make_mut(info);
        info.name = "live".into();
        info.production = true;
        info.trouble = Some("1 of 3 brokers does not answer; reading goes on".into());
    }
    snapshot
}

/// A cluster of this many topics.
pub(crate) fn many_topics(count: usize) -> Snapshot {
    let topic = |index: usize| TopicReport {
        name: format!("team-{:02}.service-{:03}.events-{index:05}", index % 40, index % 700).into(),
        internal: index.is_multiple_of(100),
        partitions: vec![PartitionFacts::default(); 6],
        ..TopicReport::default()
    };
    Snapshot { topics: Fetch::Ready((0..count).map(topic).collect()), ..connected() }
}

/// The topic, opened but not read.
pub(crate) fn topic_unread() -> Snapshot {
    let facts = |partition| PartitionFacts {
        partition,
        leader: Some(partition % 3 + 1),
        bounds: Some(Watermarks {
            low: 0,
            high: 5_200 + i64::from(partition),
            last_stable: 5_200 + i64::from(partition),
        }),
    };
    let view = TopicView {
        topic: order::topic(),
        partitions: Fetch::Ready((0..6).map(facts).collect()),
        configs: Arc::new([
            ("cleanup.policy".into(), "delete".into()),
            ("retention.ms".into(), "2592000000".into()),
        ]),
        ..TopicView::default()
    };
    Snapshot { generation: 3, topic_views: vec![Arc::new(view)], ..connected() }
}

/// A row of the table.
fn row(index: u64) -> (RowMeta, RowText) {
    let signed = i64::try_from(index).unwrap();
    let kind = TYPES[usize::try_from(index).unwrap() % TYPES.len()];
    let entity = format!("order-{}", 1000 + index * 7 % 90);
    let tombstone = index % 61 == 60;
    let meta = RowMeta {
        timestamp_ms: NOW_MS - (2_000 - signed) * 3_571,
        offset: 80_000 + signed / 6,
        partition: i32::try_from(index % 6).unwrap(),
        payload_bytes: 180 + u32::try_from(index * 13 % 90).unwrap(),
        transaction: if index % 47 == 46 { Transaction::Aborted } else { Transaction::Committed },
        tombstone,
        implausible_time: false,
    };
    let failure = (index % 53 == 52).then(|| "expected a value at line 1 column 1".into());
    let text = RowText {
        key: (index % 97 != 96).then(|| entity.as_str().into()),
        event_type: if tombstone || failure.is_some() { "" } else { kind }.into(),
        value: match failure {
            Some(_) => "<order id=\"1033\"/>".into(),
            None => format!(
                "{{\"type\":\"{kind}\",\"order\":\"{entity}\",\"quantity\":{},\"price\":64.95,\"currency\":\"EUR\"}}",
                index % 5 + 1
            )
            .into(),
        },
        entity: Some(foldback::model::EntityId::new(&entity)),
        failure,
    };
    (meta, text)
}

/// The entities of the topic.
fn entities() -> Arc<EntityList> {
    let entity = |index: i64| EntityRow {
        entity: foldback::model::EntityId::new(format!("order-{}", 1042 + index)),
        events: u64::try_from(7 + 13 * (40 - index) / 7).unwrap(),
        first_ms: NOW_MS - 5_700_000,
        last_ms: NOW_MS - 180_000,
    };
    Arc::new(EntityList {
        search: String::new(),
        rows: (0..40).map(entity).collect(),
        matching: 90,
        total: 90,
    })
}

/// A job that runs for this.
pub(crate) fn job_for(subject: JobSubject, title: &str) -> JobView {
    JobView { id: JobId(70), subject, title: title.into(), ..job(JobState::Running) }
}

/// A job that reads the topic.
fn job(state: JobState) -> JobView {
    let partition = |partition: i32| PartitionProgress {
        partition,
        from: 0,
        position: 5_200 - i64::from(partition) * 700,
        end: 5_200,
    };
    JobView {
        id: JobId(7),
        subject: JobSubject::Own,
        title: "Reading order-events".into(),
        state,
        progress: JobProgress {
            records: 20_700,
            bytes: 4_971_520,
            records_per_second: 184_000,
            partitions: (0..6).map(partition).collect(),
        },
        elapsed_ms: 2_140,
    }
}

/// The topic, read, with a running job.
pub(crate) fn topic_read() -> Snapshot {
    let mut snapshot = topic_unread();
    let (rows, texts): (Vec<_>, Vec<_>) = (0..2_000).map(row).unzip();
    let pages: BTreeMap<u64, Arc<[RowText]>> = texts
        .chunks(usize::try_from(ROWS_PER_PAGE).unwrap())
        .enumerate()
        .map(|(page, texts)| (page as u64, texts.into()))
        .collect();
    let mut completeness = Completeness {
        since: Some(Since {
            position: Position { topic: order::topic(), partition: 2, offset: 1_200 },
            timestamp_ms: Some(NOW_MS - 2_592_000_000),
        }),
        ..Completeness::default()
    };
    completeness.add(
        Verdict::CompleteSince,
        Reason {
            kind: ReasonKind::Retention,
            detail: "Partition 2 starts at offset 1200: older records were deleted".to_owned(),
            ranges: Vec::new(),
        },
    );
    let view = TopicView {
        start: Some(StartPosition::Newest(2_000)),
        job: Some(JobId(7)),
        records_read: 2_000,
        records_matching: 2_000,
        rows: rows.into(),
        pages: Arc::new(pages),
        rows_generation: 1,
        histogram: density(120),
        decoder_found: "64 of 64 sampled values are JSON objects".into(),
        mapping: Arc::new(MappingView {
            choices: vec![
                ("id".into(), "key".into(), "90 distinct keys, all UTF-8".into()),
                ("type".into(), "value:/type".into(), "in 64 of 64 values, 5 distinct".into()),
                ("correlation".into(), "header:correlation-id".into(), "in 64 of 64".into()),
            ],
        }),
        entities: Fetch::Ready(entities()),
        decode_failures: 37,
        completeness: Some(Arc::new(completeness)),
        ..(*snapshot.topic_views[0]).clone()
    };
    snapshot.topic_views = vec![Arc::new(view)];
    snapshot.jobs = Arc::new([job(JobState::Running)]);
    snapshot.generation = 4;
    snapshot.clock = clock(7);
    snapshot
}

/// The topic with its event types counted.
pub(crate) fn topic_with_types() -> Snapshot {
    let mut snapshot = topic_read();
    let mut view = (*snapshot.topic_views[0]).clone();
    let counts = [
        ("OrderCreated", 812),
        ("ItemAdded", 631),
        ("OrderPaid", 402),
        ("OrderShipped", 118),
        ("", 36),
        ("OrderCancelledByCustomerServiceAfterPaymentFailed", 1),
    ];
    let count = |(event_type, events): (&str, u64)| TypeCount {
        event_type: event_type.into(),
        events,
        first_ms: NOW_MS - 86_400_000,
        last_ms: NOW_MS,
        topics: vec![order::topic()],
    };
    let range = |partition: i32| {
        OffsetRange::new(&TopicPartition::new(order::topic(), partition), 1_200, 81_204)
    };
    view.types = Some(Arc::new(TypesView {
        counts: TypeCounts { types: counts.map(count).into(), others: 0 },
        covers: (0..6).map(range).collect(),
        complete: true,
        ..TypesView::begun(JobId(8), view.rows_generation)
    }));
    snapshot.topic_views = vec![Arc::new(view)];
    snapshot
}

/// The clock after this many events of the order.
fn clock(version: u64) -> ClockView {
    let at = order::point(version);
    let time_ms = match &at {
        foldback::workspace::ClockPoint::Record { time_ms, .. } => *time_ms,
        _ => NOW_MS - 7_200_000,
    };
    ClockView {
        at,
        time_ms: Some(time_ms),
        range_ms: Some((NOW_MS - 7_200_000, NOW_MS)),
        density: density(180),
        ..ClockView::default()
    }
}

/// The order, opened, with the clock after this many events.
pub(crate) fn entity(version: u64) -> Snapshot {
    let mut snapshot = topic_read();
    snapshot.jobs = Arc::new([job(JobState::Done)]);
    snapshot.entity_views = vec![Arc::new(order::view(version))];
    snapshot.clock = clock(version);
    snapshot.generation = 100 + version;
    snapshot
}

/// The consumer groups.
pub(crate) fn groups() -> Snapshot {
    let offsets = |lags: [i64; 6]| -> Arc<[GroupOffset]> {
        (0..6)
            .map(|partition: i32| {
                let lag = lags[usize::try_from(partition).unwrap()];
                let end = 5_200 + i64::from(partition);
                GroupOffset {
                    topic: order::topic(),
                    partition,
                    committed: end - lag,
                    end: Some(end),
                    lag: Some(lag),
                    lag_ms: (lag > 0).then_some(lag * 731),
                    open_transaction: None,
                    problem: None,
                }
            })
            .collect()
    };
    let member = |id: &str, partitions: std::ops::Range<i32>| GroupMember {
        member_id: format!("{id}-5f1c0e2a").into(),
        client_id: id.into(),
        instance_id: None,
        host: "/10.0.4.31".into(),
        assignment: partitions.map(|number| TopicPartition::new(order::topic(), number)).collect(),
    };
    let group = |name: &str, state: &str, lags, members: Arc<[GroupMember]>| GroupSummary {
        group: name.into(),
        state: state.into(),
        group_type: Some("classic".into()),
        members,
        offsets: offsets(lags),
        problem: None,
    };
    let both: Arc<[GroupMember]> = Arc::new([member("dash-1", 0..3), member("dash-2", 3..6)]);
    let list = Arc::new([
        group("shop-dashboard", "Stable", [0; 6], both),
        group(
            "shop-notifications",
            "Stable",
            [0, 12, 0, 3, 0, 0],
            Arc::new([member("mail", 0..6)]),
        ),
        group("shop-report", "Empty", [410, 388, 402, 395, 377, -4], Arc::default()),
        group(
            "shop-search-index",
            "PreparingRebalance",
            [9_140, 8_800, 0, 0, 0, 0],
            Arc::default(),
        ),
    ]);
    Snapshot {
        groups: Fetch::Ready(list),
        group_lags: Arc::new(lags()),
        generation: 200,
        ..entity(7)
    }
}

/// How two of the groups were behind over the last minutes, with a pause in between.
fn lags() -> BTreeMap<Arc<str>, Arc<[LagSample]>> {
    let sample = |index: i64| {
        let lag = 1_968 + (index * index) % 310 - if index > 40 { (index - 40) * 12 } else { 0 };
        let pause_ms = if index > 25 { 60_000 } else { 0 };
        let time_ms = NOW_MS - (80 - index) * 3_000 + pause_ms;
        LagSample { time_ms, lag, lag_ms: Some(lag * 731) }
    };
    let one = LagSample { time_ms: NOW_MS, lag: 0, lag_ms: Some(0) };
    [("shop-report", (0..60).map(sample).collect()), ("shop-dashboard", [one].into())]
        .map(|(group, samples): (&str, Arc<[LagSample]>)| (group.into(), samples))
        .into()
}

/// The reference system with its incident.
pub(crate) fn demo() -> Snapshot {
    let mut snapshot = groups();
    if let ConnectionState::Connected(info) = &mut snapshot.connection {
        let info = Arc::make_mut(info);
        info.embedded = true;
        info.name = "demo".into();
    }
    let row = |model: &str, columns: &[(&str, &str)]| OrderRow {
        read_model: model.into(),
        entity: "order-1042".into(),
        columns: columns.iter().map(|(name, text)| ((*name).into(), (*text).into())).collect(),
    };
    let projector = |name: &str, lag, faults: &[DemoFault]| ProjectorView {
        name: name.into(),
        group: format!("shop-{name}").into(),
        applied: 31_201,
        lag,
        faults: faults.to_vec(),
        trouble: None,
    };
    let refused = Problem::new("order-1042 is shipped and can no longer be cancelled");
    snapshot.demo = Some(Arc::new(DemoView {
        place: "embedded cluster".into(),
        seeding: false,
        incident_entity: "order-1042".into(),
        incident_topic: order::topic(),
        rows: Arc::new([
            row("dashboard", &[("status", "CREATED"), ("total", "89.75"), ("items", "3")]),
            row("report", &[("status", "SHIPPED"), ("revenue", "89.75")]),
            row("notifications", &[("last_mail", "order shipped"), ("sent", "2")]),
        ]),
        projectors: Arc::new([
            projector("dashboard", 0, &[DemoFault::CommitBeforeApply]),
            projector("report", 0, &[]),
            projector("notifications", 15, &[DemoFault::Paused]),
        ]),
        outcomes: Arc::new([
            DemoOutcome {
                command: "ShipOrder order-1051".into(),
                result: Ok("OrderShipped at order-events-2@5201".into()),
            },
            DemoOutcome { command: "CancelOrder order-1042".into(), result: Err(refused) },
        ]),
        traffic: true,
    }));
    snapshot.generation = 300;
    snapshot
}

/// Notices, bookmarks and jobs of every kind.
pub(crate) fn busy() -> Snapshot {
    let notice = |level, problem| Notice { time_ms: NOW_MS, level, problem, read: false };
    let stopped = JobState::Stopped(
        Problem::new("reading payment-events stopped at the memory budget of 2 GiB")
            .with_hint("read a shorter span, or raise the budget"),
    );
    Snapshot {
        notices: Arc::new([
            notice(NoticeLevel::Info, Problem::new("connected to dev")),
            notice(
                NoticeLevel::Warning,
                Problem::new("broker 2 does not answer").with_hint("reading goes on by itself"),
            ),
            notice(NoticeLevel::Error, Problem::new("cannot list consumer groups: not permitted")),
        ]),
        bookmarks: Arc::new([Bookmark {
            label: "order-1042 · v6 · shipped".to_owned(),
            at: order::point(6),
            entity: Some(order::key()),
            note: "the stock ran out".to_owned(),
        }]),
        jobs: Arc::new([
            JobView { id: JobId(3), ..job(JobState::Done) },
            JobView { id: JobId(4), ..job(JobState::Cancelled) },
            JobView { id: JobId(5), ..job(stopped) },
            job(JobState::Running),
        ]),
        generation: 400,
        ..entity(6)
    }
}
