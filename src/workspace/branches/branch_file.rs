//! The what-if branches of a script, kept in a file beside it: `totals.js` has its branches in
//! `totals.what-if.json`.
//!
//! Promises: what was written is read back the same, and a value keeps its text; a change names its
//! event by the record's address, so that it finds it again when the log has grown; a fault names
//! file and line.
//! Does not know: when branches are read and written (`engine::sandbox`).
//!
//! ```json
//! {
//!   "what_if": 1,
//!   "branches": [
//!     {
//!       "name": "paid late",
//!       "topics": ["order-events"],
//!       "entities": ["order-1042"],
//!       "edits": [
//!         { "edit": "move", "event": "order-events-0@12", "before": "order-events-0@15" },
//!         { "edit": "skip", "event": "order-events-0@13" },
//!         { "edit": "insert", "type": "ItemAdded", "entity": "order-1042",
//!           "value": { "total": 9.90 } }
//!       ]
//!     }
//!   ]
//! }
//! ```
//!
//! A branch belongs to the events it was made on: `topics`, `entities` (all when absent) and
//! `order` (`log` when absent). Its edits are `skip`, `duplicate`, `move`, `replace` and `insert`,
//! each made on what the one before left. `before` is the event that one is moved or inserted
//! before; without it, it comes last. Of several events with one address, as a duplicate is,
//! `…@12#2` is the second. An edit without `value` makes a tombstone.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use super::{Edit, EventList, EventText};
use crate::evidence::event_json::Bytes;
use crate::model::{EntityId, Position};
use crate::workspace::fixtures::file_fault::{FileFault, JsonText};
use crate::workspace::{HistoryChoice, Problem};

/// The version of the format.
const BRANCHES_VERSION: u32 = 1;

/// What the names of files with branches end in.
const BRANCHES_ENDING: &str = "what-if.json";

/// The file in which the branches of a script are kept.
pub fn branch_file_of(script: &Path) -> PathBuf {
    script.with_extension(BRANCHES_ENDING)
}

/// A branch as it is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptBranch {
    /// Its name.
    name: String,
    /// The topics whose events it was made on.
    topics: Vec<String>,
    /// Their entities; all when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    entities: Vec<Bytes>,
    /// The order they came in.
    #[serde(default = "log_order", skip_serializing_if = "is_log_order")]
    order: String,
    /// Its changes.
    edits: Vec<KeptEdit>,
}

/// The order of a branch that says nothing of it.
fn log_order() -> String {
    HistoryChoice::default().order.to_string()
}

/// Whether nothing needs to be said of an order.
fn is_log_order(order: &str) -> bool {
    order == log_order()
}

impl KeptBranch {
    /// A branch made on the events of this choice.
    pub fn new(name: &str, history: &HistoryChoice, edits: Vec<KeptEdit>) -> Self {
        let entity = |entity: &EntityId| Bytes(entity.as_bytes().to_vec());
        Self {
            name: name.to_owned(),
            topics: history.topics.iter().map(ToString::to_string).collect(),
            entities: history.entities.iter().map(entity).collect(),
            order: history.order.to_string(),
            edits,
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its changes.
    pub fn edits(&self) -> &[KeptEdit] {
        &self.edits
    }

    /// Whether it was made on the events of this choice.
    pub fn is_of(&self, history: &HistoryChoice) -> bool {
        let other = Self::new(&self.name, history, Vec::new());
        let sorted = |kept: &Self| {
            let (mut topics, mut entities) = (kept.topics.clone(), kept.entities.clone());
            topics.sort();
            entities.sort();
            (topics, entities, kept.order.clone())
        };
        sorted(self) == sorted(&other)
    }

    /// Its changes over these events, each with the words for it.
    ///
    /// # Errors
    /// When an event is not there, or a change cannot be made.
    pub fn edits_over(&self, events: &EventList) -> Result<Vec<(Edit, Arc<str>)>, Problem> {
        let mut events = events.clone();
        let mut edits = Vec::with_capacity(self.edits.len());
        for kept in &self.edits {
            let edit = kept.over(&events).map_err(|missing| {
                Problem::new(format!("the branch `{}` is left out: {missing}", self.name))
                    .with_hint("choose the events it was made on, or mend its file")
            })?;
            let words = edit.words(&events).into();
            events = events.edited(&edit)?;
            edits.push((edit, words));
        }
        Ok(edits)
    }
}

/// A change as it is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptEdit {
    /// What is done.
    edit: Verb,
    /// The event that it is done to; none when one is inserted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    event: Option<Address>,
    /// The event that one is moved or inserted before; the end when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    before: Option<Address>,
    /// The type.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    event_type: Option<String>,
    /// The entity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    entity: Option<Bytes>,
    /// The value; a tombstone when absent.
    #[serde(default, deserialize_with = "told", skip_serializing_if = "Option::is_none")]
    value: Option<Box<RawValue>>,
}

/// A value that is mentioned, `null` included.
fn told<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Deserialize::deserialize(from).map(Some)
}

/// What a change does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Verb {
    /// Leaves an event out.
    Skip,
    /// Delivers it twice.
    Duplicate,
    /// Moves it.
    Move,
    /// Gives it another content.
    Replace,
    /// Inserts one.
    Insert,
}

/// Which event: the address of its record, and the how-manieth with this address it is, from 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
struct Address(Position, usize);

impl TryFrom<String> for Address {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (place, number) = match text.rsplit_once('#') {
            Some((place, number)) => (place, number.parse().ok().filter(|number| 0 < *number)),
            None => (text.as_str(), Some(1)),
        };
        let number = number.ok_or_else(|| format!("expected a number after # in `{text}`"))?;
        let position = place.parse().map_err(|error| format!("{error}"))?;
        Ok(Self(position, number))
    }
}

impl From<Address> for String {
    fn from(Address(position, number): Address) -> Self {
        if number == 1 { position.to_string() } else { format!("{position}#{number}") }
    }
}

impl Address {
    /// That of the event with this index; none behind the last.
    fn of(events: &EventList, at: u64) -> Option<Self> {
        let at = usize::try_from(at).ok()?;
        let position = &events.get(at)?.position;
        let is_same =
            |index: &usize| events.get(*index).is_some_and(|event| event.position == *position);
        Some(Self(position.clone(), (0..=at).filter(is_same).count()))
    }

    /// The index of the event.
    fn among(&self, events: &EventList) -> Result<u64, String> {
        let Self(position, number) = self;
        let is_same =
            |index: &usize| events.get(*index).is_some_and(|event| event.position == *position);
        let found = (0..events.len()).filter(is_same).nth(number - 1);
        found
            .map(|index| index as u64)
            .ok_or_else(|| format!("{} is not among the events", String::from(self.clone())))
    }
}

impl KeptEdit {
    /// A change that can be made on these events.
    pub fn new(edit: &Edit, events: &EventList) -> Self {
        let address = |at: u64| Address::of(events, at);
        let (verb, event, before, text) = match edit {
            Edit::Skip(at) => (Verb::Skip, address(*at), None, None),
            Edit::Duplicate(at) => (Verb::Duplicate, address(*at), None, None),
            Edit::Move { from, to } => (Verb::Move, address(*from), address(*to), None),
            Edit::Replace(at, text) => (Verb::Replace, address(*at), None, Some(text)),
            Edit::Insert(at, text) => (Verb::Insert, None, address(*at), Some(text)),
        };
        let entity = text.and_then(|text| text.entity.as_ref());
        let value = text.and_then(|text| text.body.as_ref()).map(|body| {
            RawValue::from_string(body.to_string()).expect("a change that can be made has JSON")
        });
        Self {
            edit: verb,
            event,
            before,
            event_type: text.map(|text| text.event_type.to_string()),
            entity: entity.map(|entity| Bytes(entity.as_bytes().to_vec())),
            value,
        }
    }

    /// The change over these events.
    fn over(&self, events: &EventList) -> Result<Edit, String> {
        let event = || match &self.event {
            Some(address) => address.among(events),
            None => Err("an edit names no `event`".to_owned()),
        };
        let before = || match &self.before {
            Some(address) => address.among(events),
            None => Ok(events.len() as u64),
        };
        let text = || EventText {
            event_type: self.event_type.as_deref().unwrap_or_default().into(),
            entity: self.entity.as_ref().map(|Bytes(bytes)| EntityId::new(bytes)),
            body: self.value.as_ref().map(|value| value.get().into()),
        };
        Ok(match self.edit {
            Verb::Skip => Edit::Skip(event()?),
            Verb::Duplicate => Edit::Duplicate(event()?),
            Verb::Move => Edit::Move { from: event()?, to: before()? },
            Verb::Replace => Edit::Replace(event()?, text()),
            Verb::Insert => Edit::Insert(before()?, text()),
        })
    }
}

/// A file as it stands.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// The version of the format.
    what_if: u32,
    /// The branches.
    branches: Vec<KeptBranch>,
}

/// The branches in the text of a file.
///
/// # Errors
/// What is wrong with it, and where.
pub fn branches_from_json(file: &Path, text: &str) -> Result<Vec<KeptBranch>, FileFault> {
    let place = JsonText { file, text };
    let read: File = serde_json::from_str(text).map_err(|error| place.json_fault(text, &error))?;
    if read.what_if != BRANCHES_VERSION {
        let line = place.line_mentioning("\"what_if\"");
        let message = format!(
            "the branches have version {}, and {BRANCHES_VERSION} is the one that can be read",
            read.what_if
        );
        return Err(place.fault(line, message));
    }
    Ok(read.branches)
}

/// The text of a file with these branches.
pub fn branches_to_json(branches: Vec<KeptBranch>) -> String {
    let file = File { what_if: BRANCHES_VERSION, branches };
    let mut text = serde_json::to_string_pretty(&file).expect("branches have string keys");
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::model::Event;
    use crate::workspace::sandbox::event_of_json;

    /// Events with these types at the offsets from here on.
    fn events(first: usize, types: &str) -> EventList {
        let event = |(index, name): (usize, char)| {
            let offset = first + index;
            event_of_json(&format!(
                r#"{{"topic":"t","offset":{offset},"key":"k","type":"{name}","value":{{"n":{offset}}}}}"#
            ))
        };
        let events: Vec<Event> = types.chars().enumerate().map(event).collect();
        EventList::new(events.into(), HashMap::new())
    }

    /// The types in their order.
    fn types(events: &EventList) -> String {
        (0..events.len()).map(|index| events.get(index).unwrap().event_type.to_string()).collect()
    }

    /// A branch with these changes made one after the other.
    fn branch(events: &EventList, edits: &[Edit]) -> (KeptBranch, EventList) {
        let (mut kept, mut events) = (Vec::new(), events.clone());
        for edit in edits {
            kept.push(KeptEdit::new(edit, &events));
            events = events.edited(edit).unwrap();
        }
        (KeptBranch::new("b", &HistoryChoice::topic("t".into()), kept), events)
    }

    /// The branch as it is read back from its file.
    fn read_back(branch: KeptBranch) -> KeptBranch {
        let text = branches_to_json(vec![branch]);
        branches_from_json(Path::new("a.what-if.json"), &text).unwrap().remove(0)
    }

    /// The events of a branch over these.
    fn over(branch: &KeptBranch, events: &EventList) -> EventList {
        let edits = branch.edits_over(events).unwrap();
        edits.iter().fold(events.clone(), |list, (edit, _)| list.edited(edit).unwrap())
    }

    /// Some content.
    fn text(event_type: &str, body: Option<&str>) -> EventText {
        let entity = Some(EntityId::new("k"));
        EventText { event_type: event_type.into(), entity, body: body.map(Into::into) }
    }

    #[test]
    fn every_change_is_read_back_the_same() {
        let log = events(0, "ABCDE");
        let deep = format!("{}1e999{}", "[".repeat(250), "]".repeat(250));
        let edits = [
            Edit::Skip(1),
            Edit::Duplicate(2),
            Edit::Skip(3),
            Edit::Move { from: 3, to: 0 },
            Edit::Move { from: 0, to: 4 },
            Edit::Replace(0, text("X", Some(r#"{"n":1.10,"n": "\u00e9"}"#))),
            Edit::Insert(0, text("Y", Some("null"))),
            Edit::Insert(5, text("Z", Some(&deep))),
            Edit::Replace(1, text("W", None)),
        ];
        let (kept, edited) = branch(&log, &edits);
        let kept = read_back(kept);
        let found: Vec<Edit> =
            kept.edits_over(&log).unwrap().into_iter().map(|(edit, _)| edit).collect();
        assert_eq!(found, edits);
        let again = over(&kept, &log);
        assert_eq!(types(&again), types(&edited));
        assert_eq!(again.get(1).unwrap().event_type.as_ref(), "tombstone");
        assert!(kept.is_of(&HistoryChoice::topic("t".into())));
        assert!(!kept.is_of(&HistoryChoice::topic("u".into())), "another topic");
    }

    #[test]
    fn a_branch_finds_its_events_when_the_log_has_grown_or_lost_its_beginning() {
        let (kept, _) = branch(
            &events(0, "ABCDE"),
            &[Edit::Duplicate(2), Edit::Move { from: 3, to: 2 }, Edit::Skip(4)],
        );
        assert_eq!(types(&over(&read_back(kept.clone()), &events(0, "ABCDEFG"))), "ABCCEFG");
        assert_eq!(types(&over(&kept, &events(2, "CDE"))), "CCE");
        let missing = kept.edits_over(&events(3, "DE")).unwrap_err();
        assert!(missing.what.contains("`b` is left out: t-0@2 is not among"), "{missing}");
        assert!(missing.hint.is_some());
    }

    #[test]
    fn a_fault_names_its_line_and_what_was_expected() {
        let fault = |edit: &str| {
            let text = format!(
                "{{\n\"what_if\": 1,\n\"branches\": [{{\n\"name\": \"b\", \"topics\": [\"t\"],\n\"edits\": [\n{edit}\n]}}]}}"
            );
            branches_from_json(Path::new("a.json"), &text).unwrap_err().to_string()
        };
        let cases = [
            (r#"{"edit": "drop"}"#, "a.json:6: unknown variant `drop`, expected one of `skip`"),
            (r#"{"edit": "skip", "evnt": 1}"#, "a.json:6: unknown field `evnt`"),
            (r#"{"edit": "skip", "event": "t@1"}"#, "a.json:6: expected TOPIC-PARTITION@OFFSET"),
            (r#"{"edit": "skip", "event": "t-0@1#0"}"#, "a.json:6: expected a number after #"),
        ];
        for (edit, expected) in cases {
            let found = fault(edit);
            assert!(found.starts_with(expected), "{found} is not {expected}");
        }
        let newer = branches_from_json(Path::new("a.json"), "{\"branches\": [],\n\"what_if\": 2}");
        assert!(
            newer.unwrap_err().to_string().starts_with("a.json:2: the branches have version 2")
        );
        let nameless = read_back(branch(&events(0, "A"), &[Edit::Skip(0)]).0);
        let nameless = KeptBranch {
            edits: vec![KeptEdit { event: None, ..nameless.edits[0].clone() }],
            ..nameless
        };
        let told = nameless.edits_over(&events(0, "A")).unwrap_err();
        assert!(told.what.ends_with("an edit names no `event`"), "{told}");
    }

    #[test]
    fn a_file_lies_beside_its_script() {
        let file = branch_file_of(Path::new("scripts/totals.js"));
        assert_eq!(file, Path::new("scripts/totals.what-if.json"));
    }
}
