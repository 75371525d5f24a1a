//! A fixture: given events, a projection, perhaps a consumer with a schedule, and what must come of it. One JSON file.
//!
//! Promises: what was written is read back the same; a fault names file and line; updating changes nothing but what is expected.
//! Does not know: how it is run.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value as Json, json};

use super::event_json::{self, EventWithId, exact};
use super::file_fault::{FileFault, JsonText};
use crate::decode;
use crate::kafka::read_small_text;
use crate::model::{Event, Value};
use crate::sandbox::{Consumer, Invariant, Schedule};

/// The version of the format.
const FIXTURE_VERSION: u32 = 1;

/// What must come of a fixture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expectation {
    /// The states of rows by their names; other rows may be anything.
    pub states: Vec<(String, Value)>,
    /// Whether invariants hold; others may or may not.
    pub invariants: BTreeMap<Invariant, bool>,
}

/// A run kept as a test.
#[derive(Clone, Debug)]
pub struct Fixture {
    /// What it shows, in words.
    pub name: Option<String>,
    /// The projection: a built-in fold, or a script relative to the fixture's folder.
    pub projection: String,
    /// Who consumes; without one the events are folded as they are.
    pub consumer: Option<Consumer>,
    /// What goes wrong meanwhile.
    pub schedule: Option<Schedule>,
    /// The events with the ids they were given.
    pub given: Vec<(Event, Option<Arc<str>>)>,
    /// What must come of it.
    pub expect: Expectation,
}

/// A fixture as it stands in its file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File<'j> {
    /// The version of the format.
    fixture: u32,
    /// What it shows.
    #[serde(default)]
    name: Option<String>,
    /// The projection.
    projection: String,
    /// Who consumes.
    #[serde(default)]
    consumer: Option<Consumer>,
    /// What goes wrong.
    #[serde(default, borrow)]
    schedule: Option<&'j RawValue>,
    /// The events.
    #[serde(borrow)]
    given: Vec<&'j RawValue>,
    /// What must come of it.
    #[serde(default, borrow)]
    expect: ExpectFile<'j>,
}

/// What must come of a fixture, as it stands in its file.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectFile<'j> {
    /// States by the names of rows.
    #[serde(default, borrow)]
    states: indexmap::IndexMap<String, &'j RawValue>,
    /// Whether invariants hold.
    #[serde(default)]
    invariants: BTreeMap<Invariant, Holds>,
}

/// Whether an invariant holds.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Holds {
    /// It does.
    Pass,
    /// It does not.
    Fail,
}

impl Fixture {
    /// Reads a fixture.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn load(file: &Path) -> Result<Self, FileFault> {
        let text = read_small_text(file).map_err(|error| FileFault {
            file: file.to_owned(),
            line: 1,
            message: format!("cannot read the fixture: {}", error.kind()),
            hint: None,
        })?;
        Self::parse(file, &text)
    }

    /// Reads the text of a fixture.
    fn parse(file: &Path, text: &str) -> Result<Self, FileFault> {
        let place = JsonText { file, text };
        let read: File<'_> =
            serde_json::from_str(text).map_err(|error| place.json_fault(text, &error))?;
        if read.fixture != FIXTURE_VERSION {
            let line = place.line_mentioning("\"fixture\"");
            let message = format!(
                "the fixture has version {}, and {FIXTURE_VERSION} is the one that can be read",
                read.fixture
            );
            return Err(place.fault(line, message));
        }
        let schedule = read.schedule.map(|part| {
            Schedule::from_json(part.get()).map_err(|error| place.json_fault(part.get(), &error))
        });
        let schedule = schedule.transpose()?;
        if let (Some(part), None) = (read.schedule, read.consumer) {
            let message = "a schedule needs a `consumer`".to_owned();
            return Err(place.fault(place.line_of(part.get()), message));
        }
        let event = |part: &&RawValue| -> Result<EventWithId, FileFault> {
            event_json::read(part.get()).map_err(|error| place.json_fault(part.get(), &error))
        };
        let mut given = read.given.iter().map(event).collect::<Result<Vec<_>, _>>()?;
        number(&mut given);
        let state = |(name, part): (String, &RawValue)| {
            let parsed = decode::json::parse(part.get().as_bytes());
            let parsed = parsed
                .map_err(|error| place.fault(place.line_of(part.get()), error.to_string()))?;
            Ok((name, parsed.value))
        };
        let states = read.expect.states.into_iter().map(state).collect::<Result<Vec<_>, _>>()?;
        let invariants = read.expect.invariants.into_iter();
        let invariants: BTreeMap<Invariant, bool> =
            invariants.map(|(invariant, holds)| (invariant, holds == Holds::Pass)).collect();
        if !invariants.is_empty() && read.consumer.is_none() {
            let line = place.line_mentioning("\"invariants\"");
            return Err(place.fault(line, "invariants need a `consumer`".to_owned()));
        }
        Ok(Self {
            name: read.name,
            projection: read.projection,
            consumer: read.consumer,
            schedule,
            given,
            expect: Expectation { states, invariants },
        })
    }

    /// What is wrong at the first mention of a word in the file that a fixture was read from.
    pub(super) fn fault_at(file: &Path, word: &str, message: String) -> FileFault {
        let text = read_small_text(file).unwrap_or_default();
        let place = JsonText { file, text: &text };
        place.fault(place.line_mentioning(word), message)
    }

    /// The fixture as JSON for people to read.
    pub fn to_json(&self) -> String {
        let mut file = Map::new();
        file.insert("fixture".to_owned(), FIXTURE_VERSION.into());
        if let Some(name) = &self.name {
            file.insert("name".to_owned(), name.as_str().into());
        }
        file.insert("projection".to_owned(), self.projection.as_str().into());
        if let Some(consumer) = self.consumer {
            file.insert("consumer".to_owned(), consumer.as_str().into());
        }
        if let Some(schedule) = &self.schedule {
            let schedule = serde_json::to_value(schedule).expect("a schedule has string keys");
            file.insert("schedule".to_owned(), schedule);
        }
        let given = self.given.iter().map(|(event, id)| event_json::write(event, id.as_deref()));
        file.insert("given".to_owned(), given.collect());
        file.insert("expect".to_owned(), expectation(&self.expect));
        pretty(&Json::Object(file))
    }
}

/// The text of a fixture's file with another expectation in it, everything else as it was.
///
/// # Errors
/// When the text is no JSON object.
pub(super) fn updated(text: &str, expect: &Expectation) -> Result<String, serde_json::Error> {
    let mut file: Map<String, Json> = serde_json::from_str(text)?;
    file.insert("expect".to_owned(), expectation(expect));
    Ok(pretty(&Json::Object(file)))
}

/// What is expected, as JSON.
fn expectation(expect: &Expectation) -> Json {
    let states: Map<String, Json> =
        expect.states.iter().map(|(name, state)| (name.clone(), exact(state))).collect();
    let mut json = json!({ "states": states });
    if !expect.invariants.is_empty() {
        let word = |holds: bool| if holds { "pass" } else { "fail" };
        let invariants: Map<String, Json> = expect
            .invariants
            .iter()
            .map(|(invariant, holds)| (invariant.to_string(), word(*holds).into()))
            .collect();
        json["invariants"] = Json::Object(invariants);
    }
    json
}

/// JSON for people to read, with a line break at its end.
fn pretty(json: &Json) -> String {
    let mut text = serde_json::to_string_pretty(json).expect("JSON has string keys");
    text.push('\n');
    text
}

/// Numbers the events of each entity, as a history does.
fn number(given: &mut [EventWithId]) {
    let mut versions = BTreeMap::new();
    for (event, _) in given {
        let version = versions.entry(event.entity.clone()).or_insert(0);
        *version += 1;
        event.version = *version;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is wrong with a text, as `line: message`.
    fn fault(text: &str) -> String {
        let error = Fixture::parse(Path::new("a.fixture.json"), text).unwrap_err();
        assert!(error.to_string().starts_with("a.fixture.json:"), "{error}");
        format!("{}: {}", error.line, error.message)
    }

    /// A fixture of one event with these further members.
    fn with(rest: &str) -> String {
        let event = r#"{"topic":"t","offset":1,"key":"a","type":"A","value":{"n":1.10}}"#;
        format!("{{\n\"fixture\":1,\n\"projection\":\"merge\",\n\"given\":[\n{event}\n]{rest}\n}}")
    }

    #[test]
    fn what_was_written_is_read_back_the_same() {
        let text = with(
            r#", "name": "n", "consumer": "naive", "schedule": {"version": 1, "seed": 3,
            "faults": [{"fault": "F11", "at": "t-0@1", "behind": 2}]},
            "expect": {"states": {"a": {"n": 1.10}}, "invariants": {"I1": "fail"}}"#,
        );
        let file = Path::new("a.fixture.json");
        let read = Fixture::parse(file, &text).unwrap();
        assert_eq!(read.expect.invariants, BTreeMap::from([(Invariant::I1, false)]));
        let json = read.to_json();
        assert!(json.contains("1.10"), "numbers keep their digits: {json}");
        assert_eq!(Fixture::parse(file, &json).unwrap().to_json(), json);
    }

    #[test]
    fn every_fault_names_its_line() {
        assert_eq!(fault("{\n\"fixture\": 1,\n}"), "3: trailing comma");
        let cases = [
            (with(",\n\"expekt\": {}"), "7: unknown field `expekt`"),
            (with("").replace("\"type\"", "\n\"tipe\""), "6: unknown field `tipe`"),
            (with("").replace(":1,\n", ":2,\n"), "2: the fixture has version 2"),
            (with("").replace("\"value\":{", "\"value\":{{"), "5: key must be a string"),
            (with(",\n\"schedule\": {\"version\": 1, \"seed\": 1}"), "7: a schedule needs"),
            (
                with(",\n\"consumer\": \"naive\",\n\"schedule\": {\n\"version\": 1, \"sed\": 1}"),
                "9: unknown field `sed`",
            ),
            (with(",\n\"consumer\": \"nave\""), "7: unknown variant `nave`"),
            (with(",\n\"expect\": {\"invariants\": {\"I1\": \"pass\"}}"), "7: invariants need"),
            (with("").replace("\"offset\":1", "\"offset\":1,\"txn\":\"maybe\""), "5: unknown txn"),
        ];
        for (text, expected) in cases {
            let found = fault(&text);
            assert!(found.starts_with(expected), "{found} is not {expected} in\n{text}");
        }
    }

    #[test]
    fn an_update_changes_the_expectation_alone() {
        let text = with(r#", "name": "kept", "expect": {"states": {"a": null}}"#);
        let expect = Expectation {
            states: vec![("a".to_owned(), Value::from(7_u64))],
            ..Expectation::default()
        };
        let updated = updated(&text, &expect).unwrap();
        let read = Fixture::parse(Path::new("a"), &updated).unwrap();
        assert_eq!(read.expect, expect);
        assert_eq!(read.name.as_deref(), Some("kept"));
        assert!(updated.contains("1.10"), "numbers keep their digits: {updated}");
    }

    #[test]
    fn lines_that_other_commands_print_can_be_pasted() {
        let scanned = r#"{"topic":"t","partition":2,"offset":7,"timestamp":"2026-01-01T00:00:00.000Z",
            "timestamp_type":"create_time","log_time":"2026-01-01T00:00:00.000Z","key":"k","headers":[["h","v"],["n",null]],
            "value":{"a":1},"decoded_as":"json","type":"A","entity":"k","txn":"aborted"}"#;
        let (event, _) = event_json::read(scanned).unwrap();
        assert_eq!(event.position.to_string(), "t-2@7");
        assert_eq!((event.timestamp_ms, event.headers.len()), (1_767_225_600_000, 2));
        assert_eq!(event.transaction, crate::model::Transaction::Aborted);
        let history = r#"{"entity":"k","version":3,"topic":"t","partition":2,"offset":8,"timestamp":1000,
            "timestamp_type":"create_time","log_time":1000,"event_time":1000,"type":"tombstone","value":null,
            "decoded_as":"tombstone","changes":[],"mapped_version":null,"correlation":null,"causation":null,
            "actor":null,"schema":null,"txn":"committed"}"#;
        let (event, _) = event_json::read(history).unwrap();
        assert_eq!(event.key.as_deref(), Some(&b"k"[..]));
        assert!(event.raw.is_none() && &*event.event_type == "tombstone", "{event:?}");
    }

    #[test]
    fn every_kind_of_value_survives() {
        let values = [
            r#""value":null"#,
            r#""value":null,"decoded_as":"json""#,
            r#""value":"","decoded_as":"empty""#,
            r#""value":"text","decoded_as":"text""#,
            r#""value":"a JSON string""#,
            r#""value":{"base64":"/wA="},"decoded_as":"bytes""#,
            r#""value":"oops","error":"no JSON""#,
            r#""value":18446744073709551616"#,
        ];
        for value in values {
            let text = format!(r#"{{"topic":"t","offset":1,"key":null,"entity":"e",{value}}}"#);
            let (event, _) = event_json::read(&text).unwrap();
            assert!(event.key.is_none() && event.entity.is_some(), "{text}");
            let written = event_json::write(&event, None).to_string();
            let (again, _) = event_json::read(&written).unwrap();
            assert_eq!((&again.value, &again.raw), (&event.value, &event.raw), "{written}");
        }
    }
}
