//! The seeded past: repeatable, in order, decided by aggregates, with its incident.

use std::collections::BTreeMap;

use super::*;
use crate::demo::aggregate::{DomainEvent as _, EventHead};
use crate::demo::order::OrderStatus;

/// 2026-11-23T12:00:00Z.
const NOW_MS: i64 = 1_795_435_200_000;

fn scale(orders: u32, seed: u64) -> Scale {
    Scale { orders, seed, now_ms: NOW_MS }
}

/// The events of the incident's order.
fn incident(publications: &[Publication]) -> Vec<Recorded<OrderEvent>> {
    publications
        .iter()
        .filter(|publication| publication.key == INCIDENT_ORDER)
        .map(|publication| Recorded::from_json(&publication.value).unwrap())
        .collect()
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    assert_eq!(history(&scale(300, 1)), history(&scale(300, 1)));
    assert_ne!(history(&scale(300, 1)), history(&scale(300, 2)));
}

#[test]
fn the_default_history_has_about_fifty_thousand_events_over_thirty_days() {
    let publications = history(&scale(DEFAULT_ORDERS, 1));
    assert!((45_000..=55_000).contains(&publications.len()), "{} events", publications.len());
    let first_ms = publications[0].timestamp_ms;
    assert!((NOW_MS - first_ms) / DAY_MS >= 29, "the first event is at {first_ms}");
    let last_ms = publications.last().unwrap().timestamp_ms;
    assert!(
        (NOW_MS - 10 * MINUTE_MS..=NOW_MS).contains(&last_ms),
        "the last event is at {last_ms}"
    );
}

#[test]
fn events_ascend_by_time_and_versions_count_without_gaps() {
    let publications = history(&scale(500, 3));
    assert!(publications.is_sorted_by_key(|publication| publication.timestamp_ms));
    let mut versions: BTreeMap<&str, u64> = BTreeMap::new();
    for publication in &publications {
        let head: EventHead = serde_json::from_slice(&publication.value).unwrap();
        let version = versions.entry(&publication.key).or_default();
        *version += 1;
        assert_eq!(head.version, *version, "{}", publication.key);
    }
}

#[test]
fn both_schema_versions_occur_the_older_first() {
    let publications = history(&scale(500, 3));
    let schemas: Vec<u32> = publications
        .iter()
        .filter_map(|publication| Recorded::<OrderEvent>::from_json(&publication.value).ok())
        .filter(|recorded| matches!(recorded.event, OrderEvent::Created(_)))
        .map(|recorded| recorded.event.schema_version())
        .collect();
    assert!(schemas.is_sorted());
    assert_eq!((schemas.first(), schemas.last()), (Some(&1), Some(&2)));
}

#[test]
fn the_incident_is_in_a_history_of_any_size_and_is_shipped_on_the_last_day() {
    for orders in [0, 1, 9, 200, DEFAULT_ORDERS] {
        let events = incident(&history(&scale(orders, 1)));
        let types: Vec<&str> = events.iter().map(|recorded| recorded.event.event_type()).collect();
        assert_eq!(
            types,
            ["OrderCreated", "ItemAdded", "ItemAdded", "OrderShipped"],
            "{orders} orders"
        );
        let OrderEvent::Shipped(shipped) = &events[3].event else { unreachable!() };
        assert_eq!(shipped.status, OrderStatus::Shipped);
        assert_eq!(shipped.total.to_string(), "129.90");
        let age_ms = NOW_MS - events[3].occurred_ms;
        assert!((0..=26 * 60 * MINUTE_MS).contains(&age_ms), "{orders} orders: {age_ms} ms");
    }
}

#[test]
fn a_payment_shares_its_orders_correlation_and_is_caused_by_its_last_item() {
    let publications = history(&scale(DEFAULT_ORDERS, 1));
    let order: Vec<_> = publications.iter().filter(|one| one.key == INCIDENT_ORDER).collect();
    let payment = publications
        .iter()
        .find(|one| {
            one.topic == Account::TOPIC
                && one.origin.correlation_id == order[0].origin.correlation_id
        })
        .unwrap();
    assert_eq!(payment.key, "account-1");
    assert_eq!(payment.origin.causation_id, order[2].origin.event_id);
}

#[test]
fn the_order_after_the_past_ones_is_new() {
    for orders in [0, 1, 40, 2_000] {
        let scale = scale(orders, 1);
        let next = format!("order-{}", scale.next_order());
        let last = format!("order-{}", scale.next_order() - 1);
        let publications = history(&scale);
        assert!(publications.iter().all(|publication| publication.key != next), "{orders} orders");
        assert!(publications.iter().any(|publication| publication.key == last), "{orders} orders");
    }
}
