//! Which mapping samples lead to, and what is said for it.

use super::*;
use crate::entity::testing::Log;
use crate::model::RecordBatch;

/// The choice for a field and the reason for it.
fn choice(found: &DetectedMapping, what: &str) -> (String, String) {
    let evidence = found.evidence.iter().find(|evidence| evidence.what == what).unwrap();
    (evidence.choice.clone(), evidence.why.clone())
}

/// What is detected in these records.
fn detected(log: &RecordBatch) -> DetectedMapping {
    detect([log.iter()], 1)
}

/// Events of two orders in which everything has its usual name.
fn orders() -> Log {
    let mut log = Log::new("orders");
    for version in 1..=3 {
        for order in ["o-1", "o-2"] {
            let value = format!(
                r#"{{"type":"Event{version}","version":{version},"occurredAt":"2026-11-23T10:15:0{version}Z","metadata":{{"userId":"ada"}}}}"#
            );
            log = log
                .header("correlation-id", b"c-1")
                .header("X-Causation-Id", b"e-7")
                .push(Some(order), Some(&value));
        }
    }
    log
}

#[test]
fn usual_names_are_found_with_their_evidence() {
    let found = detected(&orders().push(Some("o-1"), None).done());
    assert_eq!(choice(&found, "preset").0, "none");
    assert_eq!(choice(&found, "id").1, "7 of 7 sampled records have a key");
    let (place, why) = choice(&found, "type");
    assert_eq!(place, "value:/type");
    assert_eq!(why, "in 6 of 6 sampled records, such as Event1, Event2, Event3");
    assert_eq!(choice(&found, "version").0, "value:/version");
    assert_eq!(choice(&found, "correlation").0, "header:correlation-id");
    assert_eq!(choice(&found, "causation").0, "header:X-Causation-Id");
    assert_eq!(choice(&found, "actor").0, "value:/metadata/userId");
    assert_eq!(found.decoder.decoder, Decoder::Json);
    assert!(found.mapping.reads_json());
}

#[test]
fn the_clock_is_never_guessed() {
    let found = detected(&orders().done());
    assert!(found.mapping.time.is_empty());
    let (choice, why) = choice(&found, "time");
    assert_eq!(choice, "timestamp");
    assert!(why.contains("`time = \"value:/occurredAt\"`"), "{why}");
}

#[test]
fn an_entity_without_keys_is_proposed_but_not_chosen() {
    let log = Log::new("t")
        .push(None, Some(r#"{"orderId":"a","type":"A"}"#))
        .push(None, Some(r#"{"orderId":"b","type":"A"}"#));
    let found = detected(&log.done());
    assert_eq!(found.mapping.id, Selector::Key);
    assert!(choice(&found, "id").1.contains("`id = \"value:/orderId\"`"));
}

#[test]
fn a_version_that_does_not_count_up_is_none() {
    let mut log = Log::new("t");
    for _ in 0..4 {
        log = log.push(Some("k"), Some(r#"{"type":"A","version":1}"#));
    }
    let found = detected(&log.done());
    assert_eq!(choice(&found, "version").0, "none");
    assert!(found.mapping.version.is_empty());
}

#[test]
fn a_few_foreign_records_do_not_decide() {
    let mut log = orders();
    for number in 0..3 {
        let foreign = r#"{"version":"x","occurredAt":"soon","metadata":{"userId":7},"op":"?"}"#;
        log = log.header("correlation-id", &[0xff]).push(Some(&number.to_string()), Some(foreign));
        log = log.push(None, Some("hello"));
    }
    let (before, after) = (detected(&orders().done()), detected(&log.done()));
    assert_eq!(after.mapping, before.mapping);
    assert_eq!(after.decoder.decoder, before.decoder.decoder);
    let mut changes = Log::new("t");
    for op in ["c", "u", "d", "r", "x"] {
        changes = changes.push(Some("k"), Some(&format!(r#"{{"op":"{op}"}}"#)));
    }
    assert_eq!(choice(&detected(&changes.done()), "preset").0, "debezium");
}

#[test]
fn a_version_counts_up_within_each_part_of_the_log_whatever_lies_between_the_parts() {
    let part = |versions: &[u64]| {
        let mut log = Log::new("t");
        for version in versions {
            log = log.push(Some("k"), Some(&format!(r#"{{"version":{version}}}"#)));
        }
        log.done()
    };
    let parts = [part(&[1, 2]), part(&[70, 71]), part(&[900])];
    let found = detect(parts.iter().map(RecordBatch::iter), 1);
    assert_eq!(choice(&found, "version").0, "value:/version");
}

#[test]
fn cloudevents_are_known_by_their_headers_and_by_their_values() {
    let binary = Log::new("t")
        .header("ce_id", b"1")
        .header("ce_source", b"/shop")
        .header("ce_type", b"OrderCreated")
        .header("ce_specversion", b"1.0")
        .push(Some("k"), Some(r#"{"total":1}"#));
    let found = detected(&binary.done());
    assert_eq!(choice(&found, "preset").0, "cloudevents");
    assert_eq!(choice(&found, "type").0, "header:ce_type");
    let structured = Log::new("t").push(
        Some("k"),
        Some(r#"{"specversion":"1.0","id":"1","source":"/shop","type":"OrderCreated","time":"2026-11-23T10:15:00Z"}"#),
    );
    let found = detected(&structured.done());
    assert_eq!(choice(&found, "preset").0, "cloudevents");
    assert_eq!(choice(&found, "type").0, "value:/type");
    assert!(choice(&found, "time").1.contains("value:/time"));
}

#[test]
fn other_conventions_are_known_by_their_marks() {
    let cases: [(Log, &str, &str); 6] = [
        (
            Log::new("t").push(Some("k"), Some(r#"{"payload":{"op":"c","after":{},"ts_ms":1}}"#)),
            "debezium",
            "value:/payload/op",
        ),
        (
            Log::new("t").header("axon-message-type", b"Created").push(Some("k"), Some("{}")),
            "axon4",
            "header:axon-message-type",
        ),
        (
            Log::new("t")
                .header("axon-message-type", b"Created")
                .header("axon-metadata-causationId", b"1")
                .push(Some("k"), Some("{}")),
            "axon5",
            "header:axon-message-type",
        ),
        (
            Log::new("t").push(
                Some("k"),
                Some(r#"{"messageId":"1","conversationId":"2","messageType":["urn:message:Created"]}"#),
            ),
            "masstransit",
            "value:/messageType/0",
        ),
        (
            Log::new("t")
                .header("NServiceBus.EnclosedMessageTypes", b"Created")
                .push(Some("k"), Some("{}")),
            "nservicebus",
            "header:NServiceBus.EnclosedMessageTypes",
        ),
        (
            Log::new("t").header("__TypeId__", b"shop.Created").push(Some("k"), Some("{}")),
            "spring",
            "header:__TypeId__",
        ),
    ];
    for (log, preset, place) in cases {
        let found = detected(&log.done());
        assert_eq!(
            (choice(&found, "preset").0, choice(&found, "type").0),
            (preset.into(), place.into())
        );
    }
}

#[test]
fn without_samples_or_json_nothing_is_made_up() {
    let empty = detected(&Log::new("t").done());
    assert_eq!(
        (choice(&empty, "preset").0, choice(&empty, "type").0),
        ("none".into(), "none".into())
    );
    assert_eq!(empty.mapping, Mapping::default());
    let texts = detected(&Log::new("t").push(Some("k"), Some("hello")).push(None, None).done());
    assert_eq!(texts.mapping, Mapping::default());
    assert_eq!(texts.decoder.decoder, Decoder::Auto);
}

#[test]
fn the_partitioner_is_named_when_it_explains_where_keys_are() {
    use crate::model::{
        RecordBatchBuilder, RecordFacts, TimestampType, TopicPartition, Transaction,
    };
    use crate::partition_log::Partitioner;
    let mut partitions: Vec<_> = (0..6)
        .map(|partition| RecordBatchBuilder::new(TopicPartition::new("t", partition)))
        .collect();
    for offset in 0..50 {
        let key = format!("order-{offset}");
        let partition = Partitioner::Murmur2.partition_of(key.as_bytes(), 6);
        let facts = RecordFacts {
            offset,
            timestamp_ms: 0,
            log_time_ms: 0,
            timestamp_type: TimestampType::CreateTime,
            transaction: Transaction::Committed,
            implausible_time: false,
        };
        partitions[usize::try_from(partition).unwrap()].push(facts, Some(key.as_bytes()), None, []);
    }
    let batches: Vec<_> = partitions.iter_mut().map(RecordBatchBuilder::finish).collect();
    let found = detect(batches.iter().map(RecordBatch::iter), 6);
    assert_eq!(
        choice(&found, "partitioner"),
        ("murmur2".into(), "explains 50 of 50 distinct keys in 6 partitions".into())
    );
    let alone = detect([batches.iter().flat_map(RecordBatch::iter).take(1)], 1);
    assert_eq!(choice(&alone, "partitioner").0, "unknown", "one partition tells nothing");
}
