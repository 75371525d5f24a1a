//! Read models: what they hold after some records, and which of them mind a record applied twice.

use super::*;
use crate::demo::aggregate::{Aggregate as _, Recorded};
use crate::demo::money::Money;
use crate::demo::order::{Order, OrderCommand};
use crate::model::Position;

/// The records of an order with one kettle: created, filled, shipped on 2026-11-23.
fn shipped_order(order: &str) -> Vec<Delivered> {
    let commands = [
        OrderCommand::Create { customer: "customer-3".into(), channel: "web".into() },
        OrderCommand::AddItem {
            sku: "KETTLE-2".into(),
            name: "Kettle".into(),
            quantity: 2,
            unit_price: Money::from_cents(6_495),
        },
        OrderCommand::Ship { carrier: "DHL".into(), service: "standard".into() },
    ];
    let mut state = Order::default();
    let delivered = commands.iter().map(|command| {
        let event = state.decide(order, command).unwrap();
        state.evolve(&event);
        let version = state.version();
        let offset = i64::try_from(version).unwrap() + 80;
        Delivered {
            position: Position { topic: ORDER_EVENTS.into(), partition: 3, offset },
            entity: order.into(),
            fact: Fact::Order(Recorded { version, occurred_ms: 1_795_435_200_000, event }),
        }
    });
    delivered.collect()
}

/// An empty read model, beside the two others.
fn store(read_model: ReadModel, folder: &Path) -> Store {
    let mut stores = ReadModel::ALL.map(|one| Some(Store::create(one, folder).unwrap()));
    let index = ReadModel::ALL.iter().position(|one| *one == read_model).unwrap();
    stores[index].take().unwrap()
}

/// The columns of an entity's row in a read model, as `name=text`.
fn row(lookup: &Lookup, read_model: ReadModel, entity: &str) -> String {
    let rows = lookup.rows(entity).unwrap();
    let found = rows.iter().find(|row| &*row.read_model == read_model.name()).unwrap();
    let columns: Vec<String> =
        found.columns.iter().map(|(name, text)| format!("{name}={text}")).collect();
    columns.join(" ")
}

#[test]
fn the_dashboard_tells_how_far_an_order_is_and_which_record_said_so() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store(ReadModel::Dashboard, folder.path());
    let lookup = Lookup::new(folder.path()).unwrap();
    let records = shipped_order("order-7");
    store.apply(&records[..2]).unwrap();
    let expected = "id=order-7 status=CREATED total=129.90 updated_at=2026-11-23T12:00:00Z src_partition=3 src_offset=82";
    assert_eq!(row(&lookup, ReadModel::Dashboard, "order-7"), expected);
    store.apply(&records[2..]).unwrap();
    store.apply(&records[2..]).unwrap();
    let expected = "id=order-7 status=SHIPPED total=129.90 updated_at=2026-11-23T12:00:00Z src_partition=3 src_offset=83";
    assert_eq!(row(&lookup, ReadModel::Dashboard, "order-7"), expected);
    assert_eq!(row(&lookup, ReadModel::Dashboard, "order-8"), "");
}

#[test]
fn a_row_whose_creation_was_missed_has_no_status() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store(ReadModel::Dashboard, folder.path());
    store.apply(&shipped_order("order-7")[1..2]).unwrap();
    let found = row(&Lookup::new(folder.path()).unwrap(), ReadModel::Dashboard, "order-7");
    assert!(found.starts_with("id=order-7 status=null total=129.90 "), "{found}");
}

#[test]
fn the_sales_report_adds_and_so_counts_twice_what_is_applied_twice() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store(ReadModel::SalesReport, folder.path());
    let lookup = Lookup::new(folder.path()).unwrap();
    let query = "select day || ' ' || orders_created || ' ' || orders_shipped || ' ' || revenue_cents from days";
    store.apply(&shipped_order("order-7")).unwrap();
    assert_eq!(lookup.column(ReadModel::SalesReport, query).unwrap(), ["2026-11-23 1 1 12990"]);
    store.apply(&shipped_order("order-7")[2..]).unwrap();
    assert_eq!(lookup.column(ReadModel::SalesReport, query).unwrap(), ["2026-11-23 1 2 25980"]);
}

#[test]
fn customers_are_told_about_creation_and_shipping() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store(ReadModel::Notifications, folder.path());
    store.apply(&shipped_order("order-7")).unwrap();
    let lookup = Lookup::new(folder.path()).unwrap();
    let messages = lookup
        .column(ReadModel::Notifications, "select message from notifications order by id")
        .unwrap();
    assert_eq!(messages, ["We have received order-7.", "order-7 is on its way with DHL."]);
    let found = row(&lookup, ReadModel::Notifications, "order-7");
    assert!(found.starts_with("messages=2 last_message="), "{found}");
}

#[test]
fn a_batch_larger_than_a_statement_is_applied_whole() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store(ReadModel::Dashboard, folder.path());
    let records: Vec<Delivered> =
        (0..2_500).flat_map(|number| shipped_order(&format!("order-{number}"))).collect();
    store.apply(&records).unwrap();
    let lookup = Lookup::new(folder.path()).unwrap();
    let shipped = "select count(*) from orders where status = 'SHIPPED'";
    assert_eq!(lookup.column(ReadModel::Dashboard, shipped).unwrap(), ["2500"]);
}
