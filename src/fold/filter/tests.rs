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
    tallied(expression, key, value).0
}

/// The same, with how the filter fared.
fn tallied(expression: &str, key: Option<&[u8]>, value: Value) -> (bool, FilterTally) {
    let batch = record_batch(key);
    let decoded = Decoded::Json { value, duplicate_members: false };
    let entity = key.map(EntityId::new);
    let input = FilterInput {
        record: batch.get(0).expect("one record"),
        decoded: &decoded,
        event_type: Some("OrderShipped"),
        entity: entity.as_ref(),
    };
    let filter = Filter::parse(expression).expect(expression);
    let mut tally = filter.tally();
    (filter.matches(&input, &mut tally), tally)
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
fn what_fails_is_counted_and_told_with_its_reason() {
    for (expression, reason) in [
        ("value.missing == 1", "missing"),
        ("value.status > 5", "no matching overload"),
        ("value.status", "neither true nor false"),
        ("1 / 0 == 1", "Division by zero"),
        ("timestamp('soon') < timestamp('2026-01-01T00:00:00Z')", "timestamp"),
    ] {
        let (is_match, tally) = tallied(expression, Some(b"k"), sample());
        let (position, told) = tally.first_failure.expect(expression);
        assert_eq!((is_match, tally.failures, position.offset), (false, 1, 7), "{expression}");
        assert!(told.contains(reason), "{expression}: {told}");
    }
    assert_eq!(tallied("value.status == 'X'", Some(b"k"), sample()).1.failures, 0);
}

#[test]
fn integers_and_doubles_compare_by_value() {
    for expression in [
        "1 == 1.0 && 1u == 1 && 1.0 == 1u",
        "1 < 1.5 && 2 > 1.5 && 1.5 <= 2u",
        "value.total == 12.5 && value.total > 12 && value.total < 13u",
        "value.n == 3.0 && value.n == 3 && value.n == 3u && value.whole == 3",
        "value.n in [1.0, 3.0] && 3 in [value.whole]",
        "value.huge > 9223372036854775807 && value.n != 3.1",
    ] {
        let number = |literal| Value::Number(Number::from_literal(literal).unwrap());
        let Value::Object(members) = sample() else { panic!("it is an object") };
        let more = [("n", number("3")), ("whole", number("3.0"))];
        let own = members.iter().map(|(name, value)| (name.to_string(), value.clone()));
        let more = more.map(|(name, value)| (name.to_owned(), value));
        let value = Value::object(own.chain(more));
        assert!(matches_record(expression, Some(b"k"), value), "{expression}");
    }
}

#[test]
fn times_and_lengths_of_time_are_read_and_compared() {
    for expression in [
        "timestamp('2026-11-23T10:15:00Z') < timestamp('2026-11-23T11:15:01+00:00')",
        "timestamp('2026-11-23T10:15:00Z') + duration('1h30m') == timestamp('2026-11-23T11:45:00Z')",
        "timestamp('2026-11-23T10:15:00Z').getFullYear() == 2026",
        "duration('90s') == duration('1m30s') && timestamp == 1700000000123",
    ] {
        let (is_match, tally) = tallied(expression, Some(b"k"), sample());
        assert!(is_match, "{expression}: {:?}", tally.first_failure);
    }
}

#[test]
fn a_field_that_no_record_has_is_named_with_what_may_be_meant() {
    let notes = |expression: &str| tallied(expression, Some(b"k"), sample()).1.notes();
    assert_eq!(
        notes("value.stauts == 'A'"),
        ["no record has `value.stauts`; is `value.status` meant?"]
    );
    assert_eq!(
        notes("value.items[0].skuu == 'A' || headers.usr == 'bob'"),
        [
            "no record has `value.items.0.skuu`; is `value.items.0.sku` meant?",
            "no record has `headers.usr`; is `headers.user` meant?",
        ]
    );
    assert_eq!(notes("has(value.nothing.like.that)"), ["no record has `value.nothing.like.that`"]);
    assert!(notes("value.status == 'A' && headers.user == 'b' && value.none == null").is_empty());
    let filter = Filter::parse("value.stauts == 'A'").unwrap();
    assert!(filter.tally().notes().is_empty(), "nothing was read");
}

#[test]
fn a_text_where_a_number_is_meant_is_said() {
    let value = || Value::object([("total", Value::from("12")), ("n", Value::from(7_i64))]);
    let notes = |expression: &str| tallied(expression, Some(b"k"), value()).1.notes();
    let text = notes("value.total == 12");
    assert!(text[0].starts_with("`value.total` is a text in 1 record"), "{text:?}");
    assert!(text[0].contains("double(value.total)"), "{text:?}");
    let number = notes("'7' == value.n");
    assert!(number[0].starts_with("`value.n` is a number in 1 record"), "{number:?}");
    assert!(notes("value.n == 7 && value.total == '12'").is_empty());
}

#[test]
fn an_integer_beyond_63_bits_is_refused_with_how_to_write_it() {
    let error = Filter::parse("value.huge == 18446744073709551615").unwrap_err();
    let hint = error.hint().expect("a hint");
    assert!(hint.contains("18446744073709551615u"), "{hint}");
    assert!(Filter::parse("value.huge ==").unwrap_err().hint().is_none());
}

#[test]
fn macros_within_macros_end_with_a_reason() {
    let list = format!("[{}]", vec!["1"; 200].join(","));
    let nested = (0..5).fold("true".to_owned(), |inner, depth| {
        format!("{list}.map(x{depth}, {inner}).size() > 0")
    });
    let (is_match, tally) = tallied(&nested, Some(b"k"), sample());
    let (_, reason) = tally.first_failure.unwrap();
    assert!(!is_match && reason.contains("steps on this record"), "{reason}");
    let fair = format!("{list}.map(x, {list}.map(y, x + y)).size() == 200");
    assert!(matches_record(&fair, Some(b"k"), sample()), "what a person writes is not that long");
}

/// Expressions that take much, or are nested deep.
fn hostile() -> Vec<String> {
    let list = |size: usize| format!("[{}]", vec!["1"; size].join(","));
    let text = format!("'{}'", "a".repeat(10_000));
    let mut all = Vec::new();
    for (open, close) in [("map(x, ", ")"), ("filter(x, ", " != 1)"), ("all(x, ", " != 1)")] {
        for (size, depth) in [(50, 5), (200, 4), (1000, 3), (3000, 3)] {
            let start = format!("{}.{open}", list(size));
            all.push(format!("{}1{}", start.repeat(depth), close.repeat(depth)));
        }
    }
    for macro_name in ["exists", "exists_one"] {
        for size in [300, 2000] {
            let start = format!("{}.{macro_name}(x, ", list(size));
            all.push(format!("{}x == 2{}", start.repeat(3), ")".repeat(3)));
        }
    }
    for depth in [10, 100, 1000, 100_000] {
        for (open, inner, close) in [
            ("(", "true", ")"),
            ("[", "1", "]"),
            ("{'a': ", "1", "}"),
            ("!", "true", ""),
            ("-", "1", ""),
            ("true ? true : ", "false", ""),
            ("true || ", "false", ""),
            ("1 + ", "1", ""),
            ("size(", "'a'", ")"),
        ] {
            all.push(format!("{}{inner}{}", open.repeat(depth), close.repeat(depth)));
        }
        all.push(format!("value{}", ".a".repeat(depth)));
        all.push(format!("value{}", "[0]".repeat(depth)));
    }
    all.push(format!("{}.map(x, {text} + {text}).size() == 0", list(10_000)));
    all.push(format!("{}.map(x, {}.map(y, {text})) == []", list(100), list(100)));
    all.push(format!("{text}.matches('(a*)*b')"));
    all.push(format!("{text}.matches('{}')", "(a{1000}){1000}"));
    all.push(format!("{text}.replace('', {text})"));
    all.push(format!("{text}.split('').map(x, {text}.split('')).size() > 0"));
    all.push("9223372036854775807 + 1 == 0".to_owned());
    all.push("duration('99999999999999999999h') > duration('1s')".to_owned());
    all.push("timestamp('9999-12-31T23:59:59Z') + duration('99999999h') == timestamp('1970-01-01T00:00:00Z')".to_owned());
    all
}

#[test]
fn every_hostile_expression_is_refused_or_ends() {
    let all = hostile();
    assert!(all.len() >= 60, "{}", all.len());
    for expression in all {
        let shown: String = expression.chars().take(60).collect();
        let Ok(filter) = Filter::parse(&expression) else { continue };
        let batch = record_batch(Some(b"k"));
        let decoded = Decoded::Json { value: sample(), duplicate_members: false };
        let record = batch.get(0).expect("one record");
        let input = FilterInput { record, decoded: &decoded, event_type: None, entity: None };
        let mut tally = filter.tally();
        let is_match = filter.matches(&input, &mut tally);
        assert!(!is_match || tally.failures == 0, "{shown}");
    }
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
