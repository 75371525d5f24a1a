//! What is saved of an entity: its history, its states, its state at a moment, a difference.
//!
//! Promises: a history is looked at in turns of one event, so that whoever shares it is never kept
//! waiting; the names of the JSON are those of `foldback history`, `state` and `diff`.
//! Does not know: who else looks at the history.

use std::borrow::Cow;

use indexmap::IndexSet;

use super::{Head, RowFile, SaveError, SaveFormat, SaveTo, Saved};
use crate::decode::text;
use crate::evidence::forms::{operation, plain};
use crate::evidence::json_line::{record_time, said};
use crate::evidence::lines::{CopiedEvent, EVENT_COLUMNS};
use crate::evidence::row::Row;
use crate::fold::{History, Selection, leaves};
use crate::model::{Cancel, Change, EntityId, Event, JsonPointer, Value};

/// How many columns a table of states has for fields. With more, whose names then say something
/// themselves, a state is one cell.
const FIELDS_MAX: usize = 500;

/// What is saved of an entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SaveWhat {
    /// Every event with what it changed.
    History,
    /// The state after every event.
    States,
    /// The state after these events.
    State(Selection),
}

/// Gives a turn with a history that others look at, too.
pub type Turns<'t> = &'t mut dyn FnMut(&mut dyn FnMut(&mut History));

/// Saves something of an entity. `tell` hears how many of how many events are done.
///
/// # Errors
/// When it cannot be written, or was cancelled.
pub fn save_of_entity(
    what: &SaveWhat,
    entity: &EntityId,
    turns: Turns<'_>,
    to: &SaveTo,
    head: Head,
    cancel: &Cancel,
    tell: &mut dyn FnMut(u64, u64),
) -> Result<Saved, SaveError> {
    let mut saving = Saving { entity, turns, cancel, tell };
    let file = match what {
        SaveWhat::History => saving.history(to)?,
        SaveWhat::States => saving.states(to)?,
        SaveWhat::State(selection) => saving.state(to, selection)?,
    };
    file.finish(head, cancel)
}

/// Saves what is different between two states.
///
/// # Errors
/// When it cannot be written, or was cancelled.
pub fn save_changes(
    changes: &[Change],
    to: &SaveTo,
    head: Head,
    cancel: &Cancel,
) -> Result<Saved, SaveError> {
    let mut file = RowFile::begin(to, names(&["path", "op", "from", "to"]))?;
    changes.iter().try_for_each(|change| file.row(change))?;
    file.finish(head, cancel)
}

/// The names of columns.
fn names(columns: &[&str]) -> Vec<String> {
    columns.iter().map(|&name| name.to_owned()).collect()
}

/// Something of an entity on its way into a file.
struct Saving<'s> {
    /// The entity.
    entity: &'s EntityId,
    /// Its history.
    turns: Turns<'s>,
    /// Ends it.
    cancel: &'s Cancel,
    /// Hears how many of how many events are done.
    tell: &'s mut dyn FnMut(u64, u64),
}

impl Saving<'_> {
    /// What a look at the history finds.
    fn look<R>(&mut self, look: impl FnOnce(&mut History) -> R) -> R {
        let (mut look, mut found) = (Some(look), None);
        (self.turns)(&mut |history| found = look.take().map(|look| look(history)));
        found.expect("a turn comes")
    }

    /// Does this for every version, a turn for each.
    fn each(
        &mut self,
        mut step: impl FnMut(&mut History, u64) -> Result<(), SaveError>,
    ) -> Result<(), SaveError> {
        let all = self.look(|history| history.len());
        for version in 1..=all {
            if self.cancel.is_cancelled() {
                return Err(SaveError::Cancelled);
            }
            self.look(|history| step(history, version))?;
            (self.tell)(version, all);
        }
        Ok(())
    }

    /// Every event.
    fn history(&mut self, to: &SaveTo) -> Result<RowFile, SaveError> {
        let mut file = RowFile::begin(to, names(&EVENT_COLUMNS))?;
        let entity = self.entity;
        self.each(|history, version| {
            let changes = history.changes_of(version);
            let not_taken = history.not_taken(version);
            let Some(event) = history.event(version) else { return Ok(()) };
            file.row(&CopiedEvent { entity, event, changes, not_taken })
        })?;
        Ok(file)
    }

    /// The state after every event.
    fn states(&mut self, to: &SaveTo) -> Result<RowFile, SaveError> {
        let fields = match to.format {
            SaveFormat::JsonLines => Some(IndexSet::new()),
            SaveFormat::Csv | SaveFormat::Markdown => self.fields()?,
        };
        let mut columns = names(&STATE_COLUMNS);
        match &fields {
            Some(fields) => columns.extend(fields.iter().map(|path| match path.as_str() {
                "" => "state".to_owned(),
                path => path.to_owned(),
            })),
            None => columns.push("state".to_owned()),
        }
        let mut file = RowFile::begin(to, columns)?;
        let entity = self.entity;
        self.each(|history, version| {
            let state = history.state_after(version);
            let not_taken = history.not_taken(version);
            let Some(event) = history.event(version) else { return Ok(()) };
            file.row(&StateRow { entity, event, not_taken, state, fields: fields.as_ref() })
        })?;
        Ok(file)
    }

    /// The fields of all states; `None` when they are too many for columns.
    fn fields(&mut self) -> Result<Option<IndexSet<JsonPointer>>, SaveError> {
        let mut fields = IndexSet::new();
        self.each(|history, version| {
            if fields.len() <= FIELDS_MAX {
                add_fields(&JsonPointer::root(), &history.state_after(version), &mut fields);
            }
            Ok(())
        })?;
        Ok((fields.len() <= FIELDS_MAX).then_some(fields))
    }

    /// The state after these events: a line, or a row for each leaf.
    fn state(&mut self, to: &SaveTo, selection: &Selection) -> Result<RowFile, SaveError> {
        let mut file = RowFile::begin(to, names(&["path", "value"]))?;
        let entity = self.entity;
        self.look(|history| {
            let state = history.state_of(selection);
            if to.format != SaveFormat::JsonLines {
                let mut leaves = leaves(&state).into_iter();
                return leaves.try_for_each(|(path, value)| file.row(&Leaf { path, value }));
            }
            let version = match selection {
                Selection::Prefix(version) => *version,
                Selection::Subset(versions) => versions.last().copied().unwrap_or(0),
            };
            let last = history.event(version).filter(|_| version > 0);
            file.row(&WholeState { entity, last, state })
        })?;
        Ok(file)
    }
}

/// The fields of a state that get a column each: what is no object with members.
fn add_fields(path: &JsonPointer, state: &Value, fields: &mut IndexSet<JsonPointer>) {
    match state {
        Value::Object(members) if !members.is_empty() => {
            for (name, member) in members.iter() {
                add_fields(&path.member(name), member, fields);
            }
        }
        // There is no state: that is no field.
        Value::Null if path.as_str().is_empty() => {}
        _ => {
            fields.insert(path.clone());
        }
    }
}

/// The columns of states before those of their fields.
const STATE_COLUMNS: [&str; 6] = ["version", "timestamp", "type", "topic", "partition", "offset"];

/// The members that say which event a state is after.
fn members_of(entity: &EntityId, event: &Event) -> [(&'static str, Value); 7] {
    let time = record_time(event.timestamp_ms).map_or(Value::Null, Value::string);
    let event_type = said(&event.event_type).map_or(Value::Null, Value::string);
    [
        ("entity", text::to_value(entity.as_bytes())),
        ("version", event.version.into()),
        ("topic", Value::string(&*event.position.topic)),
        ("partition", i64::from(event.position.partition).into()),
        ("offset", event.position.offset.into()),
        ("timestamp", time),
        ("type", event_type),
    ]
}

/// The state after an event.
struct StateRow<'a> {
    /// The entity.
    entity: &'a EntityId,
    /// The event.
    event: &'a Event,
    /// Why the fold did not take it, if it did not.
    not_taken: Option<&'static str>,
    /// The state.
    state: Value,
    /// The fields that have a column; `None` where the state has one.
    fields: Option<&'a IndexSet<JsonPointer>>,
}

impl Row for StateRow<'_> {
    fn json(&self) -> String {
        let not_taken = self.not_taken.map(|reason| ("not_taken", Value::string(reason)));
        let members = members_of(self.entity, self.event).into_iter().chain(not_taken);
        Value::object(members.chain([("state", self.state.clone())])).to_json()
    }

    fn cells(&self) -> Vec<Cow<'_, str>> {
        let event = self.event;
        let mut cells = vec![
            event.version.to_string().into(),
            record_time(event.timestamp_ms).unwrap_or_default().into(),
            (&*event.event_type).into(),
            (&*event.position.topic).into(),
            event.position.partition.to_string().into(),
            event.position.offset.to_string().into(),
        ];
        match self.fields {
            Some(fields) => cells.extend(fields.iter().map(|path| {
                let field = path.resolve(&self.state).filter(|field| is_field(field, path));
                Cow::from(field.map(plain).unwrap_or_default())
            })),
            None => cells.push(self.state.to_json().into()),
        }
        cells
    }
}

/// Whether what stands at a path stands in its column: not where the members do that it has, nor
/// where there is no state.
fn is_field(value: &Value, path: &JsonPointer) -> bool {
    let has_columns = value.as_object().is_some_and(|members| !members.is_empty());
    let is_absent = value.is_null() && path.as_str().is_empty();
    !has_columns && !is_absent
}

/// A state in one line.
struct WholeState<'a> {
    /// The entity.
    entity: &'a EntityId,
    /// The last event in it.
    last: Option<&'a Event>,
    /// The state.
    state: Value,
}

impl Row for WholeState<'_> {
    fn json(&self) -> String {
        let nothing =
            [("entity", text::to_value(self.entity.as_bytes())), ("version", Value::from(0_u64))];
        let before = match self.last {
            Some(event) => members_of(self.entity, event).to_vec(),
            None => nothing.to_vec(),
        };
        Value::object(before.into_iter().chain([("state", self.state.clone())])).to_json()
    }

    fn cells(&self) -> Vec<Cow<'_, str>> {
        vec!["".into(), self.state.to_json().into()]
    }
}

/// A leaf of a state.
struct Leaf {
    /// Where it is.
    path: JsonPointer,
    /// What it holds.
    value: Value,
}

impl Row for Leaf {
    fn json(&self) -> String {
        let path = ("path", Value::string(self.path.as_str()));
        Value::object([path, ("value", self.value.clone())]).to_json()
    }

    fn cells(&self) -> Vec<Cow<'_, str>> {
        vec![self.path.as_str().into(), plain(&self.value).into()]
    }
}

impl Row for Change {
    fn json(&self) -> String {
        serde_json::to_string(self).expect("changes have string keys and JSON numbers only")
    }

    fn cells(&self) -> Vec<Cow<'_, str>> {
        let side = |value: &Option<Value>| value.as_ref().map(plain).unwrap_or_default().into();
        let op = operation(self.kind).into();
        vec![self.path.as_str().into(), op, side(&self.from), side(&self.to)]
    }
}
