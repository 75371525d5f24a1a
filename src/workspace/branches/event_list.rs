//! The events of a what-if branch: those of the log with some of them skipped, doubled, moved,
//! edited or inserted.
//!
//! Promises: the log's own events are shared, never copied or changed; says up to which event a
//! branch is the log itself.
//! Does not know: projections.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use crate::decode::{Decoder, json};
use crate::fold::{ProjectionInput, TraceInputs};
use crate::model::{EntityId, Event};
use crate::workspace::Problem;

/// Picks from here on are events that are not the log's own.
const ADDED: u32 = 1 << 31;

/// What can be said of an event that is edited or inserted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventText {
    /// Its type.
    pub event_type: Arc<str>,
    /// The entity.
    pub entity: Option<EntityId>,
    /// The value as text; `None` for a tombstone.
    pub body: Option<Arc<str>>,
}

/// A change of the events of a branch. Places are indexes among its events as they are at the time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Leaves an event out.
    Skip(u64),
    /// Delivers an event twice.
    Duplicate(u64),
    /// Moves an event before the one that is at the other place.
    Move {
        /// Where it is.
        from: u64,
        /// Before which event it goes.
        to: u64,
    },
    /// Gives an event another content.
    Replace(u64, EventText),
    /// Inserts an event before this place.
    Insert(u64, EventText),
}

/// How an event of a branch came to be where it is, if not by the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EditMark {
    /// It is there a second time.
    Duplicate,
    /// It was elsewhere.
    Moved,
    /// Its content was another.
    Edited,
    /// It is not in the log.
    Inserted,
}

impl EditMark {
    /// It in a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Duplicate => "duplicate",
            Self::Moved => "moved",
            Self::Edited => "edited",
            Self::Inserted => "inserted",
        }
    }
}

/// An event that is not the log's own.
#[derive(Clone, Debug)]
struct Added {
    /// The event.
    event: Event,
    /// How it came about.
    mark: EditMark,
    /// The event of the log that it is or was.
    of: Option<u32>,
}

/// The events of a branch.
#[derive(Clone)]
pub struct EventList {
    /// The log's events.
    base: Arc<[Event]>,
    /// Which of them come in which order; all in their own order when `None`.
    picks: Option<Arc<[u32]>>,
    /// Those that are not the log's own.
    added: Arc<[Added]>,
    /// The category of each topic's streams, where it is not the topic itself.
    categories: Arc<HashMap<Arc<str>, Arc<str>>>,
}

impl fmt::Debug for EventList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EventList of {}", self.len())
    }
}

impl EventList {
    /// The events of the log, in streams of these categories.
    pub fn new(base: Arc<[Event]>, categories: HashMap<Arc<str>, Arc<str>>) -> Self {
        Self { base, picks: None, added: Arc::default(), categories: Arc::new(categories) }
    }

    /// How many events there are.
    pub fn len(&self) -> usize {
        self.picks.as_ref().map_or(self.base.len(), |picks| picks.len())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What stands at an index.
    fn pick(&self, index: usize) -> Option<u32> {
        match &self.picks {
            Some(picks) => picks.get(index).copied(),
            None => u32::try_from(index).ok().filter(|_| index < self.base.len()),
        }
    }

    /// The event with this index.
    pub fn get(&self, index: usize) -> Option<&Event> {
        let pick = self.pick(index)?;
        match pick.checked_sub(ADDED) {
            Some(added) => self.added.get(added as usize).map(|added| &added.event),
            None => self.base.get(pick as usize),
        }
    }

    /// How an event came to be where it is, if not by the log.
    pub fn mark(&self, index: usize) -> Option<EditMark> {
        let added = self.pick(index)?.checked_sub(ADDED)?;
        self.added.get(added as usize).map(|added| added.mark)
    }

    /// The event of the log that an event is or was.
    pub fn origin(&self, index: usize) -> Option<u64> {
        let pick = self.pick(index)?;
        match pick.checked_sub(ADDED) {
            Some(added) => self.added.get(added as usize)?.of.map(u64::from),
            None => Some(u64::from(pick)),
        }
    }

    /// Up to which event, exclusive, this is the log itself.
    pub fn first_change(&self) -> u64 {
        let Some(picks) = &self.picks else { return self.base.len() as u64 };
        let same = (0_u32..).zip(picks.iter()).take_while(|(index, pick)| index == *pick).count();
        same as u64
    }

    /// The same with a change.
    ///
    /// # Errors
    /// When there is no such event, or its content is no JSON.
    pub fn edited(&self, edit: &Edit) -> Result<Self, Problem> {
        let mut changed = self.clone();
        let mut picks = match &self.picks {
            Some(picks) => picks.to_vec(),
            None => (0..u32::try_from(self.base.len()).unwrap_or(ADDED)).collect(),
        };
        let place = |at: u64, most: usize| {
            let found = usize::try_from(at).ok().filter(|at| *at < most);
            found.ok_or_else(|| Problem::new(format!("there is no event {}", at.saturating_add(1))))
        };
        match edit {
            Edit::Skip(at) => {
                picks.remove(place(*at, picks.len())?);
            }
            Edit::Duplicate(at) => {
                let at = place(*at, picks.len())?;
                picks.insert(at + 1, changed.copy(at, EditMark::Duplicate));
            }
            Edit::Move { from, to } => {
                let (from, to) = (place(*from, picks.len())?, place(*to, picks.len() + 1)?);
                let moved = changed.copy(from, EditMark::Moved);
                picks.remove(from);
                picks.insert(if from < to { to - 1 } else { to }, moved);
            }
            Edit::Replace(at, text) => {
                let at = place(*at, picks.len())?;
                let Some(template) = self.get(at).cloned() else { return Ok(changed) };
                let of = self.origin(at).and_then(|of| u32::try_from(of).ok());
                picks[at] = changed.add(written(template, text)?, EditMark::Edited, of);
            }
            Edit::Insert(at, text) => {
                let at = place(*at, picks.len() + 1)?;
                let template = self.get(at.saturating_sub(1)).or_else(|| self.get(at)).cloned();
                let template = template.ok_or_else(|| {
                    Problem::new("there is no event to take topic and time from")
                        .with_hint("choose events that hold at least one")
                })?;
                picks.insert(at, changed.add(written(template, text)?, EditMark::Inserted, None));
            }
        }
        changed.picks = Some(picks.into());
        Ok(changed)
    }

    /// Adds a copy of an event.
    fn copy(&mut self, at: usize, mark: EditMark) -> u32 {
        let of = self.origin(at).and_then(|of| u32::try_from(of).ok());
        match self.get(at).cloned() {
            Some(event) => self.add(event, mark, of),
            None => 0,
        }
    }

    /// Adds an event. Says its pick.
    fn add(&mut self, event: Event, mark: EditMark, of: Option<u32>) -> u32 {
        let number = u32::try_from(self.added.len()).unwrap_or(0);
        self.added = self.added.iter().cloned().chain([Added { event, mark, of }]).collect();
        ADDED + number
    }
}

/// The event with another content.
fn written(template: Event, text: &EventText) -> Result<Event, Problem> {
    if let Some(body) = &text.body {
        json::parse(body.as_bytes()).map_err(|error| {
            Problem::new(format!("the value is no JSON: {error}"))
                .with_hint("texts stand in quotes, as in \"shipped\"")
        })?;
    }
    let raw: Option<Arc<[u8]>> = text.body.as_ref().map(|body| Arc::from(body.as_bytes()));
    Ok(Event {
        value: Decoder::Auto.decode(raw.as_deref()),
        payload_bytes: raw.as_ref().map_or(0, |raw| raw.len() as u64),
        raw,
        event_type: if text.body.is_none() { "tombstone".into() } else { text.event_type.clone() },
        entity: text.entity.clone(),
        key: text.entity.as_ref().map(|entity| Arc::from(entity.as_bytes())),
        ..template
    })
}

impl Edit {
    /// It in a few words, over the events it was made on.
    pub fn words(&self, events: &EventList) -> String {
        let name = |at: u64| {
            let event = usize::try_from(at).ok().and_then(|at| events.get(at));
            let event_type = event.map_or("", |event| &*event.event_type);
            format!("{} {event_type}", at + 1)
        };
        match self {
            Self::Skip(at) => format!("skip {}", name(*at)),
            Self::Duplicate(at) => format!("duplicate {}", name(*at)),
            Self::Move { from, to } => format!("move {} before {}", name(*from), name(*to)),
            Self::Replace(at, _) => format!("edit {}", name(*at)),
            Self::Insert(at, text) => format!("insert {} at {}", text.event_type, at + 1),
        }
    }
}

impl TraceInputs for EventList {
    fn len(&self) -> usize {
        Self::len(self)
    }

    fn input(&self, index: usize) -> ProjectionInput {
        let event = self.get(index).expect("a trace asks for events that are there");
        let topic = &event.position.topic;
        ProjectionInput::of_event(event, self.categories.get(topic).unwrap_or(topic))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::event_json;

    /// Five events of one entity with the types A to E.
    fn list() -> EventList {
        let event = |(offset, name): (usize, &str)| {
            let text = format!(
                r#"{{"topic":"t","offset":{offset},"timestamp":{offset},"key":"k","type":"{name}","value":{{"n":{offset}}}}}"#
            );
            event_json::read(&text).unwrap().0
        };
        let events: Vec<Event> =
            ["A", "B", "C", "D", "E"].into_iter().enumerate().map(event).collect();
        EventList::new(events.into(), HashMap::new())
    }

    /// The types in their order.
    fn types(list: &EventList) -> String {
        (0..list.len()).map(|index| list.get(index).unwrap().event_type.to_string()).collect()
    }

    /// The content of an event.
    fn text(event_type: &str, body: &str) -> EventText {
        let entity = Some(EntityId::new("k"));
        EventText { event_type: event_type.into(), entity, body: Some(body.into()) }
    }

    #[test]
    fn every_edit_changes_the_order_or_the_content_from_its_place_on() {
        let cases = [
            (Edit::Skip(1), "ACDE", 1),
            (Edit::Duplicate(2), "ABCCDE", 3),
            (Edit::Move { from: 3, to: 1 }, "ADBCE", 1),
            (Edit::Move { from: 1, to: 4 }, "ACDBE", 1),
            (Edit::Move { from: 0, to: 5 }, "BCDEA", 0),
            (Edit::Replace(4, text("X", "{}")), "ABCDX", 4),
            (Edit::Insert(2, text("X", "{}")), "ABXCDE", 2),
            (Edit::Insert(5, text("X", "1")), "ABCDEX", 5),
        ];
        for (edit, expected, first) in cases {
            let edited = list().edited(&edit).unwrap();
            assert_eq!(
                (types(&edited).as_str(), edited.first_change()),
                (expected, first),
                "{edit:?}"
            );
        }
        assert_eq!(list().first_change(), 5, "the log itself");
    }

    #[test]
    fn edits_stack_and_say_what_became_of_the_events() {
        let list = list().edited(&Edit::Duplicate(0)).unwrap();
        let list = list.edited(&Edit::Replace(2, text("X", r#"{"n":7}"#))).unwrap();
        let list = list.edited(&Edit::Skip(0)).unwrap();
        assert_eq!(types(&list), "AXCDE");
        let marks: Vec<_> = (0..3).map(|index| list.mark(index)).collect();
        assert_eq!(marks, [Some(EditMark::Duplicate), Some(EditMark::Edited), None]);
        assert_eq!((list.origin(0), list.origin(1), list.origin(2)), (Some(0), Some(1), Some(2)));
        assert_eq!(list.get(1).unwrap().value.json().unwrap().to_json(), r#"{"n":7}"#);
    }

    #[test]
    fn what_is_no_json_or_not_there_is_refused_in_words() {
        let refused = list().edited(&Edit::Replace(0, text("X", "{n:1}"))).unwrap_err();
        assert!(refused.what.contains("no JSON"), "{refused}");
        let missing = list().edited(&Edit::Skip(9)).unwrap_err();
        assert_eq!(missing.what, "there is no event 10");
    }
}
