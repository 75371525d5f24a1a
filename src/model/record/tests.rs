//! Tests of the columns that records are kept in.

use super::*;

fn facts(offset: i64) -> RecordFacts {
    RecordFacts {
        offset,
        timestamp_ms: 1000 + offset,
        log_time_ms: 1000 + offset,
        timestamp_type: TimestampType::CreateTime,
        transaction: Transaction::Committed,
        implausible_time: false,
    }
}

#[test]
fn null_and_empty_keys_values_and_headers_stay_apart() {
    let mut builder = RecordBatchBuilder::new(TopicPartition::new("t", 3));
    let headers = [("a", Some(&b"1"[..])), ("a", None), ("b", Some(&b""[..]))]
        .map(|(name, value)| Header { name, value });
    builder.push(facts(5), None, Some(b""), headers);
    builder.push(facts(9), Some(b""), None, []);
    let batch = builder.finish();
    let first = batch.get(0).unwrap();
    assert_eq!((first.key(), first.value()), (None, Some(&b""[..])));
    assert_eq!(first.headers().collect::<Vec<_>>(), headers);
    assert_eq!(first.header("a"), None, "the last value of the name counts, and it is null");
    let second = batch.get(1).unwrap();
    assert_eq!((second.key(), second.value(), second.headers().count()), (Some(&b""[..]), None, 0));
    assert_eq!(second.position(), TopicPartition::new("t", 3).at(9));
    assert!(batch.get(2).is_none(), "there is no third record");
}

#[test]
fn batches_can_be_joined() {
    let mut builder = RecordBatchBuilder::new(TopicPartition::new("t", 0));
    let header = [Header { name: "h", value: Some(b"x") }];
    builder.push(facts(1), Some(b"a"), None, []);
    let first = builder.finish();
    builder.push(facts(4), Some(b"b"), Some(b"v"), header);
    let second = builder.finish();
    builder.append(&first);
    builder.append(&second);
    let joined = builder.finish();
    assert_eq!(joined.offsets(), [1, 4]);
    let last = joined.get(1).unwrap();
    assert_eq!((last.key(), last.value()), (Some(&b"b"[..]), Some(&b"v"[..])));
    assert_eq!(last.headers().collect::<Vec<_>>(), header);
    assert_eq!(joined.get(0).unwrap().key(), Some(&b"a"[..]));
}

#[test]
fn log_times_can_be_raised_to_what_was_known_before() {
    let mut builder = RecordBatchBuilder::new(TopicPartition::new("t", 0));
    for offset in 0..3 {
        builder.push(facts(offset), None, None, []);
    }
    assert_eq!(builder.finish().with_log_times_from(1001).log_times_ms(), [1001, 1001, 1002]);
}

#[test]
fn a_finished_builder_starts_again_empty() {
    let mut builder = RecordBatchBuilder::new(TopicPartition::new("t", 0));
    builder.push(facts(7), Some(b"k"), Some(b"v"), []);
    assert_eq!(builder.finish().len(), 1);
    assert!(builder.is_empty(), "nothing is left behind");
    builder.push(facts(1), Some(b"k"), Some(b"v"), []);
    assert_eq!(builder.finish().offsets(), [1]);
}
