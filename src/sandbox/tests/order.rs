//! Whether an order of partitions matters, and which two events make it matter.

use super::*;

/// Events of one row in two topics, each setting or reading a member by type.
fn two_topics(lanes: [&[&str]; 2]) -> Trial {
    let lane = |topic: &str, values: &[&str]| -> Vec<GivenEvent> {
        let event = |(offset, value): (i64, &&str)| event(topic, 0, offset, "Set", value);
        (0..).zip(values).map(|pair| given("a", event(pair))).collect()
    };
    trial([lane("orders", lanes[0]), lane("shipments", lanes[1])].concat(), "merge")
}

#[test]
fn rows_whose_partitions_commute_are_not_told() {
    let apart = two_topics([&[r#"{"a":1}"#, r#"{"a":2}"#], &[r#"{"b":1}"#, r#"{"b":2}"#]]);
    assert_eq!(apart.order_sensitivity(1, 100), []);
    assert_eq!(trial(history(), "merge").order_sensitivity(1, 100), [], "one partition for each");
}

#[test]
fn the_pair_is_the_one_whose_exchange_makes_the_difference() {
    // Only the second of each topic meets the other.
    let trial = two_topics([
        &[r#"{"a":1}"#, r#"{"status":"PAID"}"#, r#"{"c":1}"#],
        &[r#"{"b":1}"#, r#"{"status":"SHIPPED"}"#, r#"{"d":1}"#],
    ]);
    for merges_max in [1_000, 5] {
        let found = trial.order_sensitivity(1, merges_max);
        let [found] = found.as_slice() else { panic!("{found:?}") };
        let pair = [found.pair[0].to_string(), found.pair[1].to_string()];
        assert_eq!(pair, ["orders-0@1", "shipments-0@1"]);
        assert_eq!(found.exhaustive, merges_max == 1_000, "there are 20 merges");
        assert_eq!(found.row.to_string(), "a");
        assert!(found.in_log_order.to_json().contains("SHIPPED"), "{found:?}");
        assert!(found.exchanged.to_json().contains("PAID"), "{found:?}");
    }
}

#[test]
fn an_event_that_moves_over_several_others_is_paired_with_the_one_that_minds() {
    let orders = [r#"{"status":"PAID"}"#, r#"{"x":1}"#, r#"{"y":1}"#];
    let mut history: Vec<GivenEvent> = (0..)
        .zip(orders)
        .map(|(offset, value)| given("a", event("orders", 0, offset, "Set", value)))
        .collect();
    history.push(given("a", event("shipments", 0, 3, "Set", r#"{"status":"SHIPPED"}"#)));
    let trial = trial(history, "merge");
    for merges_max in [100, 1] {
        let found = trial.order_sensitivity(1, merges_max);
        let [found] = found.as_slice() else { panic!("{found:?}") };
        let pair = [found.pair[0].to_string(), found.pair[1].to_string()];
        assert_eq!(pair, ["orders-0@0", "shipments-0@3"]);
        assert_eq!(found.before.to_json(), "null");
        assert_eq!(found.in_log_order.get("status").unwrap().as_str(), Some("SHIPPED"));
        assert_eq!(found.exchanged.get("status").unwrap().as_str(), Some("PAID"));
    }
}
