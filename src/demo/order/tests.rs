//! Orders: what they accept, what they refuse, and what holds whatever is asked of them.

use proptest::prelude::*;

use super::*;
use crate::demo::aggregate::{DomainEvent as _, EventError, Recorded, fold};

const ID: &str = "order-7";

fn create() -> OrderCommand {
    OrderCommand::Create { customer: "customer-3".into(), channel: "web".into() }
}

fn add(sku: &str, quantity: u32, cents: i64) -> OrderCommand {
    let unit_price = Money::from_cents(cents);
    OrderCommand::AddItem { sku: sku.into(), name: format!("The {sku}"), quantity, unit_price }
}

fn ship() -> OrderCommand {
    OrderCommand::Ship { carrier: "DHL".into(), service: "standard".into() }
}

fn cancel() -> OrderCommand {
    OrderCommand::Cancel { reason: "changed my mind".into() }
}

/// Runs commands that must all be accepted.
fn after(commands: &[OrderCommand]) -> Order {
    let mut order = Order::default();
    for command in commands {
        let event = order.decide(ID, command).unwrap();
        order.evolve(&event);
    }
    order
}

fn refusal(order: &Order, command: &OrderCommand) -> String {
    order.decide(ID, command).unwrap_err().to_string()
}

#[test]
fn an_order_goes_from_created_to_shipped_with_its_total() {
    let order = after(&[create(), add("CUP", 2, 1250), add("POT", 1, 6495), ship()]);
    assert_eq!(order.status(), Some(OrderStatus::Shipped));
    assert_eq!(order.total().to_string(), "89.95");
    assert_eq!(order.version(), 4);
}

#[test]
fn a_second_helping_of_an_article_joins_its_line() {
    let order = after(&[create(), add("CUP", 2, 1250), add("CUP", 3, 1250)]);
    assert_eq!(order.lines()["CUP"].quantity, 5);
    assert_eq!(order.total().cents(), 6250);
}

#[test]
fn refusals_say_why_in_words() {
    let open = after(&[create(), add("CUP", 1, 1250)]);
    let shipped = after(&[create(), add("CUP", 1, 1250), ship()]);
    let cancelled = after(&[create(), cancel()]);
    let cases = [
        (&Order::default(), ship(), "order-7 does not exist"),
        (&open, create(), "order-7 exists already and is CREATED"),
        (&shipped, cancel(), "order-7 is SHIPPED: it can no longer be cancelled"),
        (&shipped, add("CUP", 1, 1250), "order-7 is SHIPPED: it can no longer be changed"),
        (&cancelled, ship(), "order-7 is CANCELLED: it can no longer be shipped"),
        (&after(&[create()]), ship(), "order-7 has no items: there is nothing to ship"),
        (&open, add("CUP", 0, 1250), "the quantity of CUP must be at least 1"),
        (&open, add("CUP", 1, 0), "the price of CUP must be above zero, not 0.00"),
        (&open, add("CUP", 1, 999), "order-7 holds CUP at 12.50 each: it cannot be added at 9.99"),
        (
            &open,
            add("ISLAND", u32::MAX, 100_000_000_000),
            "order-7 would be worth more than this shop can invoice",
        ),
    ];
    for (order, command, reason) in cases {
        assert_eq!(refusal(order, &command), reason);
    }
}

#[test]
fn an_event_of_the_first_schema_lacks_the_newer_fields_and_is_understood() {
    let event = after(&[create()]).decide(ID, &add("CUP", 1, 1250)).unwrap();
    assert_eq!(event.schema_version(), 2);
    let old = Recorded { version: 2, occurred_ms: 1_000, event: event.in_first_schema() };
    let json = old.to_json();
    let text = String::from_utf8(json.clone()).unwrap();
    assert_eq!(
        text,
        r#"{"type":"ItemAdded","version":2,"schemaVersion":1,"occurredAt":"1970-01-01T00:00:01Z","orderId":"order-7","items":{"CUP":{"quantity":1,"unitPrice":"12.50"}},"total":"12.50"}"#
    );
    assert_eq!(Recorded::from_json(&json).unwrap(), old);
}

#[test]
fn an_event_nobody_knows_is_refused_by_its_type() {
    let json = br#"{"type":"OrderLost","version":1,"schemaVersion":1,"occurredAt":"2026-01-01T00:00:00Z"}"#;
    let error = Recorded::<OrderEvent>::from_json(json).unwrap_err();
    assert!(matches!(&error, EventError::UnknownType(name) if name == "OrderLost"), "{error}");
}

/// Any command, sensible or not.
fn any_command() -> impl Strategy<Value = OrderCommand> {
    prop_oneof![
        1 => Just(create()),
        6 => ("[A-D]", 0_u32..5, -100_i64..3).prop_map(|(sku, n, price)| add(&sku, n, price * 100 + 500)),
        1 => Just(ship()),
        1 => Just(cancel()),
    ]
}

proptest! {
    #[test]
    fn whatever_is_asked_the_total_is_the_sum_of_the_lines_and_the_version_counts_the_events(
        commands in prop::collection::vec(any_command(), 0..40)
    ) {
        let mut order = Order::default();
        let mut events = Vec::new();
        for command in &commands {
            let closed = matches!(order.status(), Some(OrderStatus::Shipped | OrderStatus::Cancelled));
            if let Ok(event) = order.decide(ID, command) {
                prop_assert!(!closed, "a closed order accepted {command:?}");
                order.evolve(&event);
                events.push(event);
            }
            let lines = order.lines().values();
            let sum: Money =
                lines.map(|line| line.unit_price.checked_times(line.quantity).unwrap()).sum();
            prop_assert_eq!(order.total(), sum);
            prop_assert_eq!(order.version(), events.len() as u64);
        }
        prop_assert_eq!(fold::<Order>(&events), order);
    }

    #[test]
    fn every_event_comes_back_from_its_json(
        commands in prop::collection::vec(any_command(), 0..20), old in any::<bool>()
    ) {
        let mut order = Order::default();
        for command in &commands {
            let Ok(event) = order.decide(ID, command) else { continue };
            order.evolve(&event);
            let event = if old { event.in_first_schema() } else { event };
            let recorded = Recorded { version: order.version(), occurred_ms: 1_795_435_200_123, event };
            prop_assert_eq!(Recorded::from_json(&recorded.to_json()).unwrap(), recorded);
        }
    }
}
