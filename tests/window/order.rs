//! The order of the incident, made by hand: its events, its states, its records.
//!
//! Promises: the data is fixed, so a view always looks the same.
//! Does not know: views.

use std::sync::Arc;

use foldback::decode::json::parse;
use foldback::model::{
    Change, ChangeKind, Completeness, DecodedKind, EntityId, JsonPointer, Number, Position,
    TimestampType, Transaction, Value,
};
use foldback::workspace::{
    ClockPoint, EntityAt, EntityKey, EntityView, EventRow, Fetch, GroupMarker, Lane, LaneMark,
    RecordDetail, StateRow, TreeRow, ValueKind, event_hue,
};

/// 2026-11-23 14:02:11.482 UTC
pub(crate) const NOW_MS: i64 = 1_795_442_531_482;

/// Minutes in milliseconds.
const MINUTE_MS: i64 = 60_000;

/// The topic.
pub(crate) fn topic() -> Arc<str> {
    "order-events".into()
}

/// The order.
pub(crate) fn key() -> EntityKey {
    EntityKey { entity: EntityId::new("order-1042"), topics: Arc::new([topic()]) }
}

/// An event: type, minutes before now, what it changed as path, value before and after in JSON.
type Told = (&'static str, i64, &'static [(&'static str, &'static str, &'static str)]);

/// What happened to the order.
const HISTORY: [Told; 7] = [
    (
        "OrderCreated",
        95,
        &[
            ("/channel", "", "\"web\""),
            ("/currency", "", "\"EUR\""),
            ("/customer", "", "\"customer-7\""),
            ("/order", "", "\"order-1042\""),
            ("/shipTo/city", "", "\"Bergen\""),
            ("/shipTo/country", "", "\"NO\""),
            ("/shipTo/street", "", "\"Strandgaten 14\""),
            ("/status", "", "\"CREATED\""),
            ("/total", "", "0.00"),
        ],
    ),
    (
        "ItemAdded",
        93,
        &[
            ("/items/0/name", "", "\"Kettle, enamelled\""),
            ("/items/0/price", "", "64.95"),
            ("/items/0/quantity", "", "1"),
            ("/items/0/sku", "", "\"KETTLE-2\""),
            ("/total", "0.00", "64.95"),
        ],
    ),
    (
        "ItemAdded",
        92,
        &[
            ("/items/1/name", "", "\"Tea, first flush\""),
            ("/items/1/price", "", "12.40"),
            ("/items/1/quantity", "", "2"),
            ("/items/1/sku", "", "\"TEA-FF\""),
            ("/total", "64.95", "89.75"),
        ],
    ),
    ("PaymentReceived", 90, &[("/payment/method", "", "\"card\""), ("/payment/paid", "", "89.75")]),
    ("OrderPacked", 41, &[("/packedBy", "", "\"till\""), ("/parcels", "", "1")]),
    (
        "OrderShipped",
        27,
        &[
            ("/carrier", "", "\"Posten\""),
            ("/status", "\"CREATED\"", "\"SHIPPED\""),
            ("/tracking", "", "\"370730254811\""),
        ],
    ),
    ("DeliveryConfirmed", 3, &[("/deliveredTo", "", "\"neighbour\"")]),
];

/// How many events there are.
pub(crate) const EVENTS: u64 = HISTORY.len() as u64;

/// The address of the event with this version.
fn position(version: u64) -> Position {
    let offset = 81_190 + i64::try_from(version).unwrap() * 2 + 2;
    Position { topic: topic(), partition: 3, offset }
}

/// The log time of the event with this version.
fn time_ms(version: u64) -> i64 {
    NOW_MS - HISTORY[usize::try_from(version).unwrap() - 1].1 * MINUTE_MS
}

/// The moment just after the event with this version; the start for 0.
pub(crate) fn point(version: u64) -> ClockPoint {
    if version == 0 {
        return ClockPoint::Start;
    }
    ClockPoint::Record { time_ms: time_ms(version), position: position(version) }
}

/// A scalar of JSON text.
fn value(json: &str) -> Value {
    match json.strip_prefix('"') {
        Some(text) => Value::string(text.trim_end_matches('"')),
        None => Value::Number(Number::from_literal(json).unwrap()),
    }
}

/// What the event with this version changed.
fn changes(version: u64) -> Arc<[Change]> {
    let told = HISTORY[usize::try_from(version).unwrap() - 1].2;
    told.iter()
        .map(|(path, from, to)| {
            let path = JsonPointer::parse(path).unwrap();
            if from.is_empty() {
                Change::add(path, value(to))
            } else {
                Change::replace(path, value(from), value(to))
            }
        })
        .collect()
}

/// The events as rows.
pub(crate) fn events() -> Arc<[EventRow]> {
    (1..=EVENTS)
        .map(|version| {
            let (event_type, _, told) = HISTORY[usize::try_from(version).unwrap() - 1];
            let (path, from, to) = told[told.len().min(2) - 1];
            let name = path.rsplit('/').next().unwrap();
            let first = if from.is_empty() {
                format!("{name} {to}")
            } else {
                format!("{name} {from} → {to}")
            };
            let more = told.len() - 1;
            let summary = if more == 0 { first } else { format!("{first}, +{more}") };
            EventRow {
                version,
                position: position(version),
                timestamp_ms: time_ms(version),
                log_time_ms: time_ms(version),
                event_type: event_type.into(),
                transaction: Transaction::Committed,
                summary: summary.replace('"', "").into(),
                change_count: u32::try_from(told.len()).unwrap(),
                correlation: Some(if version < 5 { "req-7f31" } else { "req-90aa" }.into()),
                causation: (version > 1).then(|| format!("evt-{}", 4400 + version).into()),
                actor: Some("customer-7".into()),
                problems: Arc::default(),
            }
        })
        .collect()
}

/// The lines of an object: its leaves by path, those that enclose them added.
fn lines(leaves: &[(String, String, u64)], at: u64) -> Arc<[StateRow]> {
    let mut paths: Vec<String> = Vec::new();
    for (path, ..) in leaves {
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        for depth in 1..=parts.len() {
            let prefix = format!("/{}", parts[..depth].join("/"));
            if !paths.contains(&prefix) {
                paths.push(prefix);
            }
        }
    }
    paths.sort();
    let rows = paths.iter().map(|path| {
        let leaf = leaves.iter().find(|(leaf, ..)| leaf == path);
        let below = |other: &&String| other.starts_with(&format!("{path}/"));
        let descendants = u32::try_from(paths.iter().filter(below).count()).unwrap();
        let name = path.rsplit('/').next().unwrap();
        let (kind, text) = match leaf {
            Some((_, json, _)) if json.starts_with('"') => (ValueKind::String, json.clone()),
            Some((_, json, _)) => (ValueKind::Number, json.clone()),
            None if path == "/items" => (ValueKind::Array, "items".to_owned()),
            None => (ValueKind::Object, "members".to_owned()),
        };
        let depth = u16::try_from(path.matches('/').count()).unwrap() - 1;
        let tree = TreeRow {
            depth,
            path: JsonPointer::parse(path).unwrap(),
            name: name.into(),
            kind,
            text: if leaf.is_some() { text.into() } else { format!("{descendants} {text}").into() },
            value: parse(leaf.map_or("{}", |(_, json, _)| json.as_str()).as_bytes()).unwrap().value,
            descendants,
        };
        let writer = leaf.map(|(_, _, writer)| *writer);
        let change = writer.filter(|writer| *writer == at).and_then(|_| {
            changes(at).iter().find(|change| change.path.as_str() == path).map(|change| change.kind)
        });
        let previous = (change == Some(ChangeKind::Replace)).then(|| {
            let changed = changes(at);
            let change = changed.iter().find(|change| change.path.as_str() == path).unwrap();
            change.from.as_ref().unwrap().to_json().into()
        });
        let writer_type =
            writer.map_or("", |writer| HISTORY[usize::try_from(writer).unwrap() - 1].0);
        StateRow {
            tree,
            changed: change,
            written_by: writer,
            written_by_type: writer_type.into(),
            previous,
        }
    });
    rows.collect()
}

/// The leaves of the state after this many events: path, JSON, writer.
fn leaves(version: u64) -> Vec<(String, String, u64)> {
    let mut leaves: Vec<(String, String, u64)> = Vec::new();
    for writer in 1..=version {
        for (path, _, to) in HISTORY[usize::try_from(writer).unwrap() - 1].2 {
            leaves.retain(|(leaf, ..)| leaf != path);
            leaves.push(((*path).to_owned(), (*to).to_owned(), writer));
        }
    }
    leaves
}

/// The record of the event with this version.
pub(crate) fn record(version: u64) -> Arc<RecordDetail> {
    let (event_type, _, told) = HISTORY[usize::try_from(version).unwrap() - 1];
    let members: Vec<_> = told
        .iter()
        .map(|(path, _, to)| format!("  \"{}\": {to}", path.rsplit('/').next().unwrap()))
        .collect();
    let text = format!("{{\n  \"type\": \"{event_type}\",\n{}\n}}", members.join(",\n"));
    let written: Vec<_> =
        told.iter().map(|(path, _, to)| ((*path).to_owned(), (*to).to_owned(), version)).collect();
    let tree = lines(&written, 0).iter().map(|row| row.tree.clone()).collect();
    let header = |name: &str, value: &str| (name.into(), Some(Arc::from(value.as_bytes())));
    Arc::new(RecordDetail {
        position: position(version),
        timestamp_ms: time_ms(version),
        timestamp_type: TimestampType::CreateTime,
        log_time_ms: time_ms(version),
        transaction: Transaction::Committed,
        entity: Some(EntityId::new("order-1042")),
        event_type: event_type.into(),
        key: Some(Arc::from(&b"order-1042"[..])),
        value: Some(Arc::from(text.as_bytes())),
        headers: Arc::new([
            header("event-type", event_type),
            header("correlation-id", "req-90aa"),
            header("causation-id", "evt-4406"),
            ("trace".into(), Some(Arc::from(&[0_u8, 255, 17][..]))),
            ("replayed".into(), None),
        ]),
        implausible_time: false,
        decoded_as: DecodedKind::Json,
        failure: None,
        text: Some(text.into()),
        tree,
        decode_report: Arc::new(["JSON: an object of 4 members".to_owned()]),
    })
}

/// The state after this many events.
pub(crate) fn at(version: u64) -> Arc<EntityAt> {
    let leaves = leaves(version);
    Arc::new(EntityAt {
        at: point(version),
        version,
        position: (version > 0).then(|| position(version)),
        rows: lines(&leaves, version),
        json: "{}".into(),
        changes: if version > 0 { changes(version) } else { Arc::default() },
        record: (version > 0).then(|| record(version)),
    })
}

/// The whole entity with the clock after this many events.
pub(crate) fn view(version: u64) -> EntityView {
    let mark = |event: &EventRow| LaneMark {
        time_ms: event.log_time_ms,
        version: event.version,
        hue: event_hue(&event.event_type),
        hollow: false,
        problem: false,
    };
    let marks = events().iter().map(mark).collect();
    let lane = Lane::new(topic(), marks);
    let marker = |group: &str, version: u64, behind: u64| GroupMarker {
        group: group.into(),
        next: Position { offset: position(version).offset + 1, ..position(version) },
        record: position(version),
        version,
        time_ms: time_ms(version) + MINUTE_MS,
        events_behind: behind,
    };
    EntityView {
        key: key(),
        job: None,
        events: Fetch::Ready(events()),
        lanes: Arc::new([lane]),
        group_markers: Arc::new([
            marker("shop-dashboard", 6, 1),
            marker("shop-notifications", 7, 0),
            marker("shop-report", 5, 2),
        ]),
        fold: "merge".into(),
        fold_label: "heuristic: merged event bodies".into(),
        at: Some(at(version)),
        at_pending: false,
        at_problem: None,
        selected_path: JsonPointer::parse("/status"),
        path_writers: Arc::new([1, 6]),
        compare_with: None,
        compare: None,
        completeness: Some(Arc::new(Completeness::default())),
    }
}
