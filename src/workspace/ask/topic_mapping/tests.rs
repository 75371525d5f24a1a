//! What is appended to a topic, and what that changes of its past: nothing.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use super::*;
use crate::decode::Checked;
use crate::kafka::{EmbeddedCluster, EmbeddedTopic, NewRecord, Writer};
use crate::model::{
    Cancel, Clock, Completeness, Isolation, KeyFilter, ReadEvent, ReadOutcome, ReadPlan, Reason,
    Verdict, When,
};
use crate::partition_log::{
    CachedLog, KafkaLog, Keeping, LogCache, LogSource, SourceError, TopicIdentity,
};
use crate::workspace::ScanQuestion;

/// How long writing may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// The log time of the first record, in milliseconds: 2026-01-01.
const FIRST_MS: i64 = 1_767_225_600_000;

/// A topic in an embedded cluster, which has an id as it would in a real one.
struct Topic {
    /// The cluster.
    cluster: EmbeddedCluster,
    /// The topic's id.
    id: &'static str,
    /// How many records were written.
    written: i64,
}

/// The log of a cluster that gives its topics ids.
struct WithId(KafkaLog, &'static str);

impl LogSource for WithId {
    fn bounds(&self, partitions: &[TopicPartition]) -> Result<Bounds, SourceError> {
        self.0.bounds(partitions)
    }

    fn identity(&self, topic: &str) -> Result<Option<TopicIdentity>, SourceError> {
        let topic_id = Some(self.1.to_owned());
        Ok(Some(TopicIdentity { cluster_id: "c".into(), topic_id, topic: topic.into() }))
    }

    fn read(
        &self,
        plan: &ReadPlan,
        cancel: &Cancel,
        sink: &mut dyn FnMut(ReadEvent) -> ControlFlow<()>,
    ) -> Result<ReadOutcome, SourceError> {
        self.0.read(plan, cancel, sink)
    }

    fn read_in_log_order(
        &self,
        plan: &ReadPlan,
        cancel: &Cancel,
        sink: &mut dyn FnMut(RecordRef<'_>) -> ControlFlow<()>,
        events: &mut dyn FnMut(ReadEvent),
    ) -> Result<ReadOutcome, SourceError> {
        self.0.read_in_log_order(plan, cancel, sink, events)
    }
}

impl Topic {
    /// A topic with 20 events, a value that is no JSON, and 20 more events.
    fn with_a_poison_value() -> Self {
        let topics = [EmbeddedTopic { name: "orders", partitions: 1 }];
        let cluster = EmbeddedCluster::start(&topics).unwrap();
        let mut topic = Self { cluster, id: "first", written: 0 };
        topic.write(20, br#"{"type":"Placed"}"#);
        topic.write(1, b"no JSON");
        topic.write(20, br#"{"type":"Placed"}"#);
        topic
    }

    /// Appends this many records with this value, a second apart.
    fn write(&mut self, count: i64, value: &[u8]) {
        let writer = Writer::open(&self.cluster.settings(&[])).unwrap();
        for number in self.written..self.written + count {
            let timestamp_ms = FIRST_MS + 1000 * number;
            let record = NewRecord { topic: "orders", key: "k", value, timestamp_ms, headers: &[] };
            writer.send(&record).unwrap();
        }
        writer.flush(PATIENCE).unwrap();
        self.written += count;
    }

    /// A session of a process of its own, which keeps what it reads in this folder; nothing without
    /// one.
    fn session(&self, folder: Option<&Path>) -> Session {
        let settings = self.cluster.settings(&[]);
        let (isolation, cancel) = (Isolation::Committed, Cancel::new());
        let session =
            Session::open(&settings, None, isolation, cancel, Keeping::nothing()).unwrap();
        let source = WithId(KafkaLog::new(session.connection.clone()), self.id);
        let cache = folder.map(|folder| Arc::new(LogCache::new(folder.to_owned(), u64::MAX)));
        let log = CachedLog::new(Box::new(source), Keeping { cache, ..Keeping::nothing() });
        Session { log: Arc::new(log), ..session }
    }
}

/// What is said of the first records of a topic.
#[derive(Debug, PartialEq, Eq)]
struct Past {
    /// The type of each, and how its value decodes.
    records: Vec<(Arc<str>, Checked)>,
    /// The values that cannot be decoded.
    failures: u64,
    /// The verdict.
    verdict: Verdict,
    /// Its reasons.
    reasons: Vec<Reason>,
}

/// What is said of the first 41 records.
fn the_past(session: &Session) -> Past {
    let question = ScanQuestion {
        topics: vec!["orders".into()],
        partitions: Vec::new(),
        from: When::Start,
        to: When::Position { topic: None, partition: 0, offset: 40 },
        clock: Clock::Log,
        only_timed: false,
        keys: KeyFilter::All,
        filter: None,
        limit: None,
        count_only: false,
        values: false,
        follow: false,
        unordered: false,
    };
    let mut records = Vec::new();
    let summary = session.scan(
        &question,
        &mut |scanned| {
            records.push((Arc::clone(&scanned.event_type), scanned.value.checked()));
            ControlFlow::Continue(())
        },
        &mut |_event| (),
    );
    let summary = summary.unwrap();
    let Completeness { verdict, reasons, .. } = summary.completeness;
    Past { records, failures: summary.decode_failures, verdict, reasons }
}

#[test]
fn a_dozen_foreign_records_appended_later_change_neither_decoder_nor_type_nor_verdict() {
    let mut topic = Topic::with_a_poison_value();
    let before = the_past(&topic.session(None));
    assert_eq!((before.records.len(), before.failures), (41, 1), "{before:?}");
    assert_eq!(&*before.records[0].0, "Placed");
    topic.write(12, b"hello");
    assert_eq!(the_past(&topic.session(None)), before);
}

#[test]
fn what_was_decided_is_kept_whatever_is_appended_until_the_user_decides_anew() {
    let (name, folder) = (Arc::from("orders"), tempfile::tempdir().unwrap());
    let folder = Some(folder.path());
    let mut topic = Topic::with_a_poison_value();
    let before = the_past(&topic.session(folder));
    let decided = topic.session(folder).topic_mapping(&name).unwrap();
    assert_eq!((decided.decoder, decided.decision.sampled), (Decoder::Json, 41));
    assert_eq!(decided.disagreement, None);

    topic.write(400, b"hello");
    assert_eq!(the_past(&topic.session(folder)), before);
    let later = topic.session(folder).mapping_report(&name, false).unwrap();
    assert!(later.kept);
    assert_eq!(later.topic_mapping.decision, decided.decision);
    let disagreement = later.topic_mapping.disagreement.unwrap();
    assert_eq!(disagreement.since_ms, FIRST_MS + 41_000, "that of the first foreign record");
    assert!(disagreement.found.contains("values auto"), "{disagreement:?}");
    let alone = topic.session(None).topic_mapping(&name).unwrap();
    assert_eq!(alone.decoder, Decoder::Auto, "what is not kept is decided each time");

    let anew = topic.session(folder).mapping_report(&name, true).unwrap();
    assert_eq!((anew.kept, anew.topic_mapping.decoder), (true, Decoder::Auto));
    let kept = topic.session(folder).topic_mapping(&name).unwrap();
    assert_eq!((kept.decoder, &kept.disagreement), (Decoder::Auto, &None));

    topic.id = "second";
    topic.write(1000, br#"{"type":"Placed"}"#);
    let other = topic.session(folder).topic_mapping(&name).unwrap();
    assert_eq!(
        other.decoder,
        Decoder::Json,
        "another topic of the same name is decided for itself"
    );
}

#[test]
fn a_damaged_decision_is_told_and_decided_again() {
    let (name, folder) = (Arc::from("orders"), tempfile::tempdir().unwrap());
    let topic = Topic::with_a_poison_value();
    topic.session(Some(folder.path())).topic_mapping(&name).unwrap();
    let path = folder.path().join("c/id-first/decided.json");
    let mut bytes = fs_err::read(&path).unwrap();
    bytes[20] ^= 1;
    fs_err::write(&path, bytes).unwrap();
    let cache = LogCache::new(folder.path().to_owned(), u64::MAX);
    let problems = cache.verify(&cache.list()[0], |_records| ());
    assert!(problems.iter().any(|problem| problem.contains("decided.json")), "{problems:?}");
    let again = topic.session(Some(folder.path())).mapping_report(&name, false).unwrap();
    assert_eq!((again.kept, again.topic_mapping.decoder), (true, Decoder::Json));
    assert_eq!(cache.verify(&cache.list()[0], |_records| ()), [""; 0]);
}
