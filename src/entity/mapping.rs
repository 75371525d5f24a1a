//! How the records of a topic become events of entities.
//!
//! Promises: a record with a null key belongs to no entity where the key names it; a null value is
//! a tombstone; every other record becomes an event with what was found of type, version, time and
//! causes, and with its problems.
//! Does not know: which mapping a topic should have (`detect`, `foldback.toml`).

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::selector::{Found, schema};
use super::{Preset, Selector, time};
use crate::decode::{Checked, Decoder};
use crate::model::{
    Decoded, DecodedKind, EntityId, Event, EventProblem, Headers, KeyFilter, NOT_TEXT, RecordRef,
    Value,
};

/// The event type of a null value.
const TOMBSTONE: &str = "tombstone";

/// What stands for the timestamp of a record that has none.
const NO_TIMESTAMP: i64 = -1;

/// How the records of a topic become events. Of several places the first that has something counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mapping {
    /// The convention that the places come from, where none was named for a field.
    pub preset: Preset,
    /// The id of the entity.
    pub id: Selector,
    /// The event's type.
    pub event_type: Vec<Selector>,
    /// The version the writer gave the entity.
    pub version: Vec<Selector>,
    /// When it happened; the record's timestamp where no place is named.
    pub time: Vec<Selector>,
    /// The id shared by everything one request set off.
    pub correlation: Vec<Selector>,
    /// The id of the direct cause.
    pub causation: Vec<Selector>,
    /// Who did it.
    pub actor: Vec<Selector>,
    /// The value's schema; where nothing is found, what the serializers leave.
    pub schema: Vec<Selector>,
}

impl Mapping {
    /// The places of all fields but the id.
    fn fields(&self) -> [&Vec<Selector>; 7] {
        let Self { event_type, version, time, correlation, causation, actor, schema, .. } = self;
        [event_type, version, time, correlation, causation, actor, schema]
    }

    /// All places something is looked for, the id's aside.
    pub(super) fn places(&self) -> Vec<Selector> {
        self.fields().into_iter().flatten().cloned().collect()
    }

    /// Whether the value must be JSON for this mapping: something is looked for in it and nowhere
    /// else.
    pub fn reads_json(&self) -> bool {
        let in_value = |selector: &Selector| matches!(selector, Selector::ValueAt(_));
        let only_in_value =
            |places: &&Vec<Selector>| !places.is_empty() && places.iter().all(in_value);
        in_value(&self.id) || self.fields().iter().any(only_in_value)
    }

    /// The same mapping with the places of another one where it names none. Times are left alone:
    /// whose clock counts is never guessed.
    #[must_use]
    pub fn completed_by(mut self, other: &Self) -> Self {
        let fields = [
            (&mut self.event_type, &other.event_type),
            (&mut self.version, &other.version),
            (&mut self.correlation, &other.correlation),
            (&mut self.causation, &other.causation),
            (&mut self.actor, &other.actor),
            (&mut self.schema, &other.schema),
        ];
        for (own, others) in fields {
            if own.is_empty() {
                own.clone_from(others);
            }
        }
        self
    }

    /// The entity the record belongs to. Only as much of it is decoded as the id needs.
    pub fn entity_of(&self, record: RecordRef<'_>) -> Option<EntityId> {
        match &self.id {
            Selector::Key => record.key().map(EntityId::new),
            id => id.find(record, None).and_then(Found::into_bytes).map(EntityId::new),
        }
    }

    /// Which keys the entity's records have; `None` when the key alone does not tell.
    pub fn key_filter(&self, entity: &EntityId) -> Option<KeyFilter> {
        (self.id == Selector::Key).then(|| KeyFilter::Equals(entity.as_bytes().into()))
    }

    /// The type of a record whose value was decoded to this; empty when none is found.
    pub fn event_type(&self, record: RecordRef<'_>, value: &Decoded) -> Arc<str> {
        self.type_of(&Source::new(record, value), value.kind())
    }

    /// The type of a record whose value was checked only. As much of it is decoded as that needs.
    pub fn event_type_of_checked(&self, record: RecordRef<'_>, value: Checked) -> Arc<str> {
        let json = value.failed.then_some(&Value::Null);
        self.type_of(&Source { record, json }, value.kind)
    }

    /// The type of a record with a value of this kind.
    fn type_of(&self, source: &Source<'_, '_>, kind: DecodedKind) -> Arc<str> {
        if kind == DecodedKind::Tombstone {
            return TOMBSTONE.into();
        }
        source.text(&self.event_type).unwrap_or_default()
    }

    /// The event time of a record, in milliseconds since the epoch; `None` where it has none that
    /// can be read.
    pub fn event_time_ms(&self, record: RecordRef<'_>, decoder: Decoder) -> Option<i64> {
        if self.time.is_empty() {
            return timestamp_of(record);
        }
        self.time_of(&Source::new(record, &decoder.decode(record.value()))).ok().flatten()
    }

    /// The event time of a record whose value is parsed; `None` where the mapping names no place
    /// and the record has no timestamp.
    ///
    /// # Errors
    /// What stands where the mapping looks for it, if that is no time; `None` when nothing does.
    fn time_of(&self, source: &Source<'_, '_>) -> Result<Option<i64>, Option<Arc<str>>> {
        if self.time.is_empty() {
            return Ok(timestamp_of(source.record));
        }
        let found = source.first(&self.time, |found| time::time_ms(&found));
        found.map(Some).ok_or_else(|| source.first(&self.time, |found| Some(found.described())))
    }

    /// The record as the event with this number in its entity's history. How its version follows
    /// the one before is for the history to judge.
    pub fn event(&self, record: RecordRef<'_>, decoder: Decoder, version: u64) -> Event {
        let value = decoder.decode(record.value());
        let source = Source::new(record, &value);
        let key = record.key().map(Arc::<[u8]>::from);
        let entity = match &self.id {
            Selector::Key => key.clone().map(EntityId::from),
            id => id.find(record, source.json).and_then(Found::into_bytes).map(EntityId::from),
        };
        let (event_time_ms, no_time) = match self.time_of(&source) {
            Ok(time_ms) => (time_ms, None),
            Err(found) => (None, Some(EventProblem::NoEventTime { found })),
        };
        let mut problems = problems(record, &value);
        problems.extend(no_time);
        Event {
            version,
            entity,
            position: record.position(),
            timestamp_ms: record.timestamp_ms(),
            timestamp_type: record.timestamp_type(),
            log_time_ms: record.log_time_ms(),
            event_time_ms,
            event_type: self.event_type(record, &value),
            key,
            raw: record.value().map(Arc::from),
            transaction: record.transaction(),
            mapped_version: source.first(&self.version, |found| found.integer()),
            correlation: source.text(&self.correlation),
            causation: source.text(&self.causation),
            actor: source.text(&self.actor),
            schema: source.text(&self.schema).or_else(|| schema(record, source.json)),
            headers: headers(record),
            payload_bytes: record.payload_bytes() as u64,
            problems,
            value,
        }
    }
}

/// The timestamp of a record that has one, in milliseconds since the epoch.
fn timestamp_of(record: RecordRef<'_>) -> Option<i64> {
    Some(record.timestamp_ms()).filter(|timestamp_ms| *timestamp_ms != NO_TIMESTAMP)
}

/// A record with its value as far as it is parsed.
struct Source<'a, 'v> {
    /// The record.
    record: RecordRef<'a>,
    /// Its value, if it was parsed.
    json: Option<&'v Value>,
}

impl<'a, 'v> Source<'a, 'v> {
    /// The record whose value was decoded to this. What is not JSON is not parsed for every place
    /// anew.
    fn new(record: RecordRef<'a>, value: &'v Decoded) -> Self {
        let json = if value.failure().is_some() { Some(&Value::Null) } else { value.json() };
        Self { record, json }
    }

    /// What `read` makes of the first place that has something it can read.
    fn first<T>(&self, places: &[Selector], read: impl Fn(Found<'a>) -> Option<T>) -> Option<T> {
        places.iter().find_map(|place| place.find(self.record, self.json).and_then(&read))
    }

    /// The text of the first place that has one.
    fn text(&self, places: &[Selector]) -> Option<Arc<str>> {
        self.first(places, |found| found.text())
    }
}

/// The record's headers, kept apart from its batch.
fn headers(record: RecordRef<'_>) -> Headers {
    record.headers().map(|header| (header.name.into(), header.value.map(Arc::from))).collect()
}

/// What a reader of the history should know about this record.
fn problems(record: RecordRef<'_>, value: &Decoded) -> Vec<EventProblem> {
    let duplicates = matches!(value, Decoded::Json { duplicate_members: true, .. });
    let checks = [
        (value.failure().is_some(), EventProblem::Undecodable),
        (record.has_implausible_time(), EventProblem::ImplausibleTime),
        (duplicates, EventProblem::DuplicateMembers),
        (
            record.headers().any(|header| header.name.starts_with(NOT_TEXT)),
            EventProblem::HeaderNameNotText,
        ),
    ];
    checks.into_iter().filter_map(|(holds, problem)| holds.then_some(problem)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::testing::Log;

    /// A mapping with these places.
    fn mapping(id: &str, event_type: &str) -> Mapping {
        Mapping {
            id: Selector::parse(id).unwrap(),
            event_type: vec![Selector::parse(event_type).unwrap()],
            ..Mapping::default()
        }
    }

    #[test]
    fn a_null_key_is_no_entity_and_an_empty_key_is_one() {
        let log = Log::new("t").push(None, Some("{}")).push(Some(""), Some("{}")).done();
        let mapping = Mapping::default();
        assert_eq!(mapping.entity_of(log.get(0).unwrap()), None);
        assert_eq!(mapping.entity_of(log.get(1).unwrap()), Some(EntityId::new("")));
        assert!(matches!(
            mapping.key_filter(&EntityId::new("a")),
            Some(KeyFilter::Equals(key)) if *key == *b"a"
        ));
    }

    #[test]
    fn an_id_in_the_value_is_the_text_of_its_scalar() {
        let log = Log::new("t")
            .push(Some("x"), Some(r#"{"id":"o-1"}"#))
            .push(Some("x"), Some(r#"{"id":1.0}"#))
            .push(Some("x"), Some(r#"{"id":{}}"#))
            .push(Some("x"), None)
            .push(Some("x"), Some("oops"))
            .done();
        let mapping = mapping("value:/id", "value:/type");
        let ids: Vec<_> = (0..5).map(|index| mapping.entity_of(log.get(index).unwrap())).collect();
        let id = |text: &str| Some(EntityId::new(text));
        assert_eq!(ids, [id("o-1"), id("1.0"), None, None, None]);
        assert_eq!(mapping.key_filter(&EntityId::new("o-1")), None);
    }

    #[test]
    fn an_event_carries_what_the_mapping_names() {
        let log = Log::new("t")
            .at(1000)
            .header("correlation-id", b"c-1")
            .header("user", b"old")
            .header("user", b"ada")
            .push(
                Some("o-1"),
                Some(r#"{"type":"Created","version":7,"at":"1970-01-01T00:00:05Z","a":1,"a":2}"#),
            )
            .done();
        let place = |text: &str| vec![Selector::parse(text).unwrap()];
        let mapping = Mapping {
            version: place("value:/version"),
            time: place("value:/at"),
            correlation: place("header:correlation-id"),
            causation: place("header:causation-id"),
            actor: place("header:user"),
            ..mapping("key", "value:/type")
        };
        let event = mapping.event(log.get(0).unwrap(), Decoder::Json, 3);
        assert_eq!(
            (&*event.event_type, event.version, event.mapped_version),
            ("Created", 3, Some(7))
        );
        assert_eq!((event.timestamp_ms, event.event_time_ms), (1000, Some(5000)));
        assert_eq!(event.correlation.as_deref(), Some("c-1"));
        assert_eq!(event.causation, None);
        assert_eq!(event.actor.as_deref(), Some("ada"), "the last header of a name counts");
        assert_eq!(event.headers.len(), 3);
        assert_eq!(event.entity, Some(EntityId::new("o-1")));
        assert_eq!(event.key.as_deref(), Some(&b"o-1"[..]));
        assert_eq!(event.raw.as_deref(), log.get(0).unwrap().value());
        assert_eq!(event.problems, [EventProblem::DuplicateMembers]);
    }

    #[test]
    fn tombstones_and_undecodable_values_are_events() {
        let log = Log::new("t").at(9).push(Some("k"), None).push(Some("k"), Some("")).done();
        let mapping = mapping("key", "value:/type");
        assert!(mapping.reads_json());
        let tombstone = mapping.event(log.get(0).unwrap(), Decoder::Json, 1);
        assert_eq!((&*tombstone.event_type, tombstone.problems.len()), ("tombstone", 0));
        assert_eq!(tombstone.event_time_ms, Some(9));
        let empty = mapping.event(log.get(1).unwrap(), Decoder::Json, 2);
        assert_eq!((&*empty.event_type, &*empty.problems), ("", &[EventProblem::Undecodable][..]));
    }

    #[test]
    fn a_mapped_time_that_is_missing_or_no_time_is_told_and_not_replaced() {
        let log = Log::new("t")
            .at(9)
            .push(Some("k"), Some(r#"{"at":"soon"}"#))
            .push(Some("k"), Some(r#"{"at":{"seconds":5}}"#))
            .push(Some("k"), Some("{}"))
            .push(Some("k"), None)
            .push(Some("k"), Some(r#"{"at":-1}"#))
            .done();
        let time = vec![Selector::parse("value:/at").unwrap()];
        let mapping = Mapping { time, ..mapping("key", "topic") };
        let events = log.iter().map(|record| mapping.event(record, Decoder::Json, 1));
        let told: Vec<_> =
            events.map(|event| (event.event_time_ms, event.problems.first().cloned())).collect();
        let no_time = |found: Option<&str>| {
            (None, Some(EventProblem::NoEventTime { found: found.map(Arc::from) }))
        };
        assert_eq!(
            told,
            [
                no_time(Some("soon")),
                no_time(Some(r#"{"seconds":5}"#)),
                no_time(None),
                no_time(None),
                (Some(-1000), None),
            ]
        );
    }

    #[test]
    fn places_that_may_be_elsewhere_do_not_make_the_value_json() {
        assert!(!Preset::CloudEvents.mapping().reads_json());
        assert!(!mapping("key", "header:type").reads_json());
        assert!(mapping("value:/id", "topic").reads_json());
    }

    #[test]
    fn a_mapping_is_completed_where_it_names_nothing_but_never_in_its_time() {
        let own = mapping("key", "header:kind");
        let completed = own.clone().completed_by(&Preset::CloudEvents.mapping());
        assert_eq!(completed.event_type, own.event_type);
        assert_eq!(completed.correlation, Preset::CloudEvents.mapping().correlation);
        assert!(completed.time.is_empty());
    }
}
