//! What expressions match, and which are refused.

use proptest::prelude::*;

use super::*;
use crate::model::{
    Header, RecordBatchBuilder, RecordFacts, TimestampType, TopicPartition, Transaction,
};

/// A record of `order-events-3` at offset 7 with two headers of one name.
fn record_batch(key: Option<&[u8]>) -> crate::model::RecordBatch {
    let mut builder = RecordBatchBuilder::new(TopicPartition::new("order-events", 3));
    let facts = RecordFacts {
        offset: 7,
        timestamp_ms: 1_700_000_000_123,
        log_time_ms: 1_700_000_000_123,
        timestamp_type: TimestampType::CreateTime,
        transaction: Transaction::Aborted,
        implausible_time: false,
    };
    let headers = [
        ("user", Some(&b"ann"[..])),
        ("user", Some(&b"bob"[..])),
        ("bin", Some(&[0xff][..])),
        ("null", None),
    ];
    builder.push(facts, key, Some(b"{}"), headers.map(|(name, value)| Header { name, value }));
    builder.finish()
}

/// Whether an expression matches the record with this key and value.
fn matches_record(expression: &str, key: Option<&[u8]>, value: Value) -> bool {
    let batch = record_batch(key);
    let decoded = Decoded::Json { value, duplicate_members: false };
    let entity = key.map(EntityId::new);
    let input = FilterInput {
        record: batch.get(0).expect("one record"),
        decoded: &decoded,
        event_type: Some("OrderShipped"),
        entity: entity.as_ref(),
    };
    Filter::parse(expression).expect(expression).matches(&input)
}

fn sample() -> Value {
    let number = |literal| Value::Number(Number::from_literal(literal).unwrap());
    Value::object([
        ("status", Value::from("SHIPPED")),
        ("total", number("12.50")),
        ("big", number("9007199254740993")),
        ("huge", number("18446744073709551615")),
        ("items", Value::array([Value::object([("sku", Value::from("A-1"))])])),
        ("none", Value::Null),
    ])
}

#[test]
fn every_variable_can_be_asked_for() {
    let expressions = [
        "topic == 'order-events' && partition == 3 && offset == 7",
        "timestamp >= 1700000000123",
        "key == 'order-1' && entity == key",
        "value.status == 'SHIPPED' && value.total > 12 && value.total < 12.6",
        "value.items[0].sku == 'A-1' && size(value.items) == 1",
        "value.items.exists(item, item.sku.startsWith('A'))",
        "has(value.none) && value.none == null && !has(value.missing)",
        "headers['user'] == 'bob' && headers.user == 'bob'",
        "headers['null'] == null && headers.bin == b'\\xff'",
        "type == 'OrderShipped' && txn == 'aborted'",
        "type.lowerAscii().matches('^order')",
        "value.status in ['SHIPPED', 'CREATED']",
        "int(value.total) == 12",
    ];
    for expression in expressions {
        assert!(matches_record(expression, Some(b"order-1"), sample()), "{expression}");
    }
}

#[test]
fn integers_of_64_bits_are_exact() {
    assert!(matches_record("value.big == 9007199254740993", Some(b"k"), sample()));
    assert!(!matches_record("value.big == 9007199254740992", Some(b"k"), sample()));
    assert!(matches_record("value.huge == 18446744073709551615u", Some(b"k"), sample()));
}

#[test]
fn what_fails_or_is_not_boolean_does_not_match() {
    for expression in
        ["value.missing == 1", "value.status > 5", "value.status", "1", "value.items[9].sku == 'A'"]
    {
        assert!(!matches_record(expression, Some(b"k"), sample()), "{expression}");
    }
    assert!(!matches_record("value.status == 'SHIPPED'", Some(b"k"), Value::from("text")));
}

#[test]
fn a_null_key_is_null_and_bytes_are_bytes() {
    assert!(matches_record("key == null && entity == null", None, sample()));
    assert!(matches_record("key == b'\\xff'", Some(&[0xff]), sample()));
}

#[test]
fn what_cannot_be_meant_is_refused_before_reading() {
    assert!(matches!(Filter::parse("value.status =="), Err(FilterError::Syntax { .. })));
    assert!(matches!(Filter::parse(""), Err(FilterError::Syntax { .. })));
    assert_eq!(
        Filter::parse("status == 'A'").unwrap_err(),
        FilterError::UnknownName { name: "status".to_owned() }
    );
    assert_eq!(
        Filter::parse("value.items.exists(item, itme.sku == 'A')").unwrap_err(),
        FilterError::UnknownName { name: "itme".to_owned() }
    );
    assert_eq!(
        Filter::parse("key.beginsWith('a')").unwrap_err(),
        FilterError::UnknownFunction { name: "beginsWith".to_owned() }
    );
}

proptest! {
    #[test]
    fn no_text_makes_the_compiler_panic(text in "[a-z0-9.()\\[\\]{}'\"=<>&|!?:, \\\\+*/%-]{0,40}") {
        if let Err(error) = Filter::parse(&text) {
            prop_assert!(!error.to_string().is_empty());
        }
    }
}
