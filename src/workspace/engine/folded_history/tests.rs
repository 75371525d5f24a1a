//! Histories that grow are the same as those worked out from nothing, and cost what came.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;

use super::*;
use crate::decode::Decoder;
use crate::fold::{self, JavaScriptFold, Program, Selection};
use crate::model::{RecordBatchBuilder, RecordFacts, TimestampType, Transaction};
use crate::partition_log::{LogBounds, LogStore};
use crate::workspace::{Decision, GroupOffset, TopicMapping};

fn history(places: Vec<LogPlace>) -> FoldedHistory {
    FoldedHistory {
        history: Arc::new(Mutex::new(History::new(fold::builtin("merge").unwrap(), Vec::new()))),
        fold: fold::builtin("merge").unwrap(),
        told: Told::default(),
        rows: Arc::default(),
        lanes: Arc::default(),
        places,
        homes: BTreeSet::new(),
        undecodable: Offsets::new(),
        log: LogStore::new(0).snapshot(),
        mappings: Mappings::new(),
    }
}

fn group(partition: i32, committed: i64) -> GroupSummary {
    let offset = GroupOffset {
        topic: "t".into(),
        partition,
        committed,
        end: Some(100),
        lag: Some(100 - committed),
        lag_ms: None,
        open_transaction: None,
        problem: None,
    };
    GroupSummary {
        group: "g".into(),
        state: "Empty".into(),
        group_type: None,
        members: Arc::default(),
        offsets: [offset].into(),
        problem: None,
    }
}

#[test]
fn a_group_stands_at_the_last_event_it_committed() {
    let partition = TopicPartition::new("t", 2);
    let places = [(10, 5), (20, 8), (30, 9)]
        .map(|(time_ms, offset)| LogPlace { time_ms, position: partition.at(offset) });
    let history = history(places.to_vec());
    let markers = history.group_markers(&[group(2, 9), group(2, 40), group(0, 3), group(2, 1)]);
    let told: Vec<_> = markers
        .iter()
        .map(|marker| (marker.version, marker.time_ms, marker.next.offset, marker.events_behind))
        .collect();
    assert_eq!(
        told,
        [(2, 20, 9, 1), (3, 30, 40, 0), (0, 10, 1, 3)],
        "the group without a commit in the entity's partition is left out"
    );
}

/// The topic of the entity.
const TOPIC: &str = "t";

/// How many events the first read gives, about as many as decide how lines are told.
const FIRST: usize = TELLING_EVENTS;

/// How its records are read.
fn mappings() -> Mappings {
    let topic: Arc<str> = TOPIC.into();
    let mapping = TopicMapping {
        topic: Arc::clone(&topic),
        entity_name: None,
        mapping: Arc::default(),
        decoder: Decoder::Json,
        decision: Arc::new(Decision {
            format: 0,
            decided_ms: 0,
            sampled: 1,
            partitions: Vec::new(),
            mapping: Mapping::default(),
            decoder: Decoder::Json,
            evidence: Vec::new(),
        }),
        disagreement: None,
    };
    Mappings::from([(topic, Arc::new(mapping))])
}

/// An entity that is read and folded again and again.
struct Followed {
    /// Its records.
    store: LogStore,
    /// How they are read.
    mappings: Mappings,
    /// How it is folded.
    fold: Arc<dyn Fold>,
    /// What was worked out last.
    latest: Latest,
}

impl Followed {
    /// One that is folded by this, without events.
    fn by(fold: Arc<dyn Fold>) -> Self {
        let (store, latest) = (LogStore::new(u64::MAX), Latest::default());
        Self { store, mappings: mappings(), fold, latest }
    }

    /// More events come: partition, log time and value of each, in this order.
    fn hear(&mut self, events: &[(i32, i64, Option<String>)]) {
        for (partition, time_ms, value) in events {
            let partition = TopicPartition::new(TOPIC, *partition);
            let log = self.store.snapshot();
            let offset = log
                .in_log_order(&LogBounds::default())
                .filter(|(_, record)| record.get().partition() == &partition);
            let facts = RecordFacts {
                offset: i64::try_from(offset.count()).unwrap(),
                timestamp_ms: *time_ms,
                log_time_ms: *time_ms,
                timestamp_type: TimestampType::CreateTime,
                transaction: Transaction::Committed,
                implausible_time: false,
            };
            let mut builder = RecordBatchBuilder::new(partition);
            builder.push(facts, Some(b"k"), value.as_deref().map(str::as_bytes), []);
            self.store.append(builder.finish()).unwrap();
        }
    }

    /// What is asked of what there is.
    fn question(&self, latest: Latest) -> HistoryQuestion {
        HistoryQuestion {
            topics: [Arc::from(TOPIC)].into(),
            log: self.store.snapshot(),
            mappings: self.mappings.clone(),
            fold: Arc::clone(&self.fold),
            latest,
        }
    }

    /// The history, going on from the one before.
    fn follow(&self) -> Arc<FoldedHistory> {
        self.question(self.latest.clone()).work_out()
    }

    /// The history from nothing.
    fn refold(&self) -> Arc<FoldedHistory> {
        self.question(Latest::default()).work_out()
    }
}

/// Both histories say the same, whatever is asked.
fn assert_same(followed: &FoldedHistory, refolded: &FoldedHistory) {
    assert_eq!(followed.rows, refolded.rows);
    assert_eq!(followed.lanes, refolded.lanes);
    assert_eq!(followed.places, refolded.places);
    assert_eq!(followed.homes, refolded.homes);
    assert_eq!(followed.undecodable, refolded.undecodable);
    let (mut one, mut other) = (followed.lock(), refolded.lock());
    let told = |history: &History| -> Vec<_> {
        let events = history.events().iter();
        events
            .map(|event| (event.version, event.position.clone(), event.problems.clone()))
            .collect()
    };
    assert_eq!(told(&one), told(&other));
    assert_eq!(one.not_applied(), other.not_applied());
    assert_eq!(one.failure(), other.failure());
    let last = other.len();
    for version in [0, last / 2, last.saturating_sub(3), last.saturating_sub(1), last] {
        assert_eq!(one.state_after(version), other.state_after(version), "at {version}");
        let prefix = Selection::Prefix(version);
        assert_eq!(one.blame(&prefix), other.blame(&prefix), "at {version}");
    }
}

/// Some event's value: a patch, a tombstone, what is no object, or no JSON.
fn any_value() -> impl Strategy<Value = Option<String>> {
    prop_oneof![
        8 => ("[a-d]", 0..4_u8).prop_map(|(name, value)| {
            Some(format!(r#"{{"{name}":{value},"by":{{"{name}":[{value}]}}}}"#))
        }),
        1 => ("[a-d]").prop_map(|name| Some(format!(r#"{{"{name}":null}}"#))),
        1 => Just(None),
        1 => Just(Some("[1]".to_owned())),
        1 => Just(Some("oops".to_owned())),
    ]
}

/// A script that counts and remembers.
fn script() -> Arc<dyn Fold> {
    let source = "fromAll().when({ $init: () => ({ n: 0, last: {} }), $any(s, e) { s.n++; if (e.body && e.body.a === 3 && s.n % 2) { s.odd = s.n; } s.last = e.body; return s; } })";
    Arc::new(JavaScriptFold::new(Program::read("p.js", source).unwrap(), HashMap::new()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn a_history_that_is_followed_is_the_one_folded_from_nothing(
        first in prop::collection::vec(any_value(), FIRST - 2..FIRST + 3),
        later in prop::collection::vec(
            prop::collection::vec((0..2_i32, -3..9_i64, any_value()), 0..4),
            1..5,
        ),
        by_script in any::<bool>(),
    ) {
        let fold = if by_script { script() } else { fold::builtin("merge").unwrap() };
        let mut followed = Followed::by(fold);
        let mut time_ms = 1_000;
        let first: Vec<_> = first.into_iter().map(|value| (0, 1_000, value)).collect();
        followed.hear(&first);
        followed.follow();
        for came in later {
            // Now and then one comes before others of another partition.
            let came: Vec<_> = came
                .into_iter()
                .map(|(partition, step_ms, value)| {
                    time_ms += step_ms;
                    (partition, time_ms.max(1), value)
                })
                .collect();
            followed.hear(&came);
            assert_same(&followed.follow(), &followed.refold());
        }
    }
}

/// Counts how often it is applied.
#[derive(Debug, Default)]
struct Counting(AtomicU64);

impl Fold for Counting {
    fn name(&self) -> &'static str {
        "counting"
    }

    fn apply(&self, state: &mut Value, event: &Event) -> Effect {
        self.0.fetch_add(1, Ordering::Relaxed);
        *state = event.value.json().cloned().unwrap_or_default();
        Effect::Applied
    }
}

#[test]
fn an_event_that_comes_costs_what_it_is_and_not_what_was_before() {
    const EVENTS: usize = 5_000;
    let fold = Arc::new(Counting::default());
    let mut followed = Followed::by(Arc::clone(&fold) as Arc<dyn Fold>);
    let mut builder = RecordBatchBuilder::new(TopicPartition::new(TOPIC, 0));
    for offset in 0..EVENTS {
        let time_ms = i64::try_from(offset).unwrap();
        let facts = RecordFacts {
            offset: time_ms,
            timestamp_ms: time_ms,
            log_time_ms: time_ms,
            timestamp_type: TimestampType::CreateTime,
            transaction: Transaction::Committed,
            implausible_time: false,
        };
        builder.push(facts, Some(b"k"), Some(format!(r#"{{"n":{offset}}}"#).as_bytes()), []);
    }
    followed.store.append(builder.finish()).unwrap();
    followed.follow().lock().blame(&Selection::Prefix(EVENTS as u64));
    let before = fold.0.load(Ordering::Relaxed);
    assert!(EVENTS as u64 <= before);
    followed.hear(&[(0, 9_000, Some(r#"{"n":0}"#.to_owned()))]);
    let history = followed.follow();
    assert_eq!(fold.0.load(Ordering::Relaxed) - before, 2, "once for its line, once for the state");
    assert_eq!(history.rows.len(), EVENTS + 1);
    history.lock().blame(&Selection::Prefix(EVENTS as u64 + 1));
    let cost = fold.0.load(Ordering::Relaxed) - before;
    assert!(cost < 200, "{cost} applications for the blame of one event");
    assert!(Arc::ptr_eq(&history, &followed.follow()), "nothing came");
}
